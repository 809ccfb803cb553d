"""A register in the place of tables: made, filled, given back, and asked by commands that know nothing of it."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, run
from tests.kit.paths import ROOT
from tests.kit.register_tables import made_of, without_places
from tests.kit.registers import Made, Place

EXAMPLE = ROOT / "examples" / "trial"
ON = ("--as-of", "2025-07-07")


@pytest.fixture
def trial(folder: Path) -> Path:
    """The invented trial, with a register of it on a file."""
    for file in EXAMPLE.iterdir():
        shutil.copy(file, folder)
    made = dosing("register", "init", "--register", "trial.db")
    assert made.stdout.startswith("trial.db: made; 12 of subjects, 7 of events, 17 of visits. Its manager is "), made.stderr
    return folder


@pytest.mark.usefixtures("trial")
def test_a_command_in_the_folder_of_a_trial_says_the_same_with_its_register_named_or_in_the_trial_file() -> None:
    by_tables, by_register = dosing("check", *ON), dosing("check", *ON, "--register", "trial.db")
    assert without_places(by_tables.stdout.encode()) == without_places(by_register.stdout.encode())
    assert (by_tables.returncode, by_register.stderr) == (
        by_register.returncode,
        "trial.yaml: Invented example, two sites (site.yaml, CN)\n",
    )
    text = Path("trial.yaml").read_text("utf-8")
    kept = [
        line for line in text.splitlines() if line.split(":")[0] not in ("regimen", "subjects", "events", "visits", "columns", "  start")
    ]
    Path("trial.yaml").write_text("\n".join([*kept, "register: trial.db"]), "utf-8")
    told = dosing("check", *ON)
    assert (told.returncode, told.stdout) == (by_register.returncode, by_register.stdout)
    assert "register" in dosing("validate", "trial.yaml").stdout
    assert dosing("register", "head").stdout.startswith("41:")


def test_all_of_the_tables_come_in_or_nothing_is_there(folder: Path) -> None:
    for file in EXAMPLE.iterdir():
        shutil.copy(file, folder)
    visits = Path("visits.csv").read_text("utf-8")
    Path("visits.csv").write_text(visits.replace("D182,", "D183,", 1), "utf-8")
    by_tables, by_register = errors("cohort", "--trial", "trial.yaml"), errors("register", "init", "--register", "trial.db")
    assert by_tables.split("error:")[1] == by_register.split("error:")[1]
    assert not [*folder.glob("trial*.db*")]


@pytest.mark.usefixtures("trial")
def test_an_import_shows_what_would_be_and_writes_it_only_with_a_yes_and_corrections_with_a_reason() -> None:
    table = Path("visits.csv").read_text("utf-8")
    Path("visits.csv").write_text(table.replace("0101,rcp/D1,2024-12-23", "0101,rcp/D1,2024-12-24"), "utf-8")
    asked = ("register", "import", "--register", "trial.db", "--regimen", "bat4406f", "--visits", "visits.csv")
    shown = "corrects 25 of visits, 0101 rcp/D1: date `2024-12-23` to `2024-12-24`"
    without = dosing(*asked)
    assert without.returncode == 2 and shown in without.stdout and "rows are corrected, and nothing says why" in without.stderr
    assert "look again: 0101: day 1 moves from 2024-12-23 Mon to 2024-12-24 Tue\n" in without.stdout
    assert "add `--yes`" in dosing(*asked, "--reason", "24 typed for 23").stderr
    written = dosing(*asked, "--reason", "24 typed for 23", "--yes")
    assert written.returncode == 0 and written.stdout.endswith("written: entry 42\n")
    assert dosing(*asked).stdout.split("visits")[1].split() == ["0", "0", "17", "0"]
    then, now = (dosing("plan", "--register", "trial.db", "--subject", "0101", *ON, *known) for known in (("--as-known", "41"), ()))
    assert "2024-12-23" in then.stdout and "2024-12-24" in now.stdout and "by entry 41" in then.stderr


@pytest.mark.usefixtures("trial")
def test_what_may_be_a_slip_is_shown_and_needs_a_reason() -> None:
    Path("more.csv").write_text("subject,visit,date\n0106,D182,2024-12-31\n0106,D182,2024-12-30\n", "utf-8")
    asked = ("register", "import", "--register", "trial.db", "--regimen", "bat4406f", "--visits", "more.csv", "--yes")
    without = dosing(*asked)
    assert without.returncode == 2 and "something may be a slip, and nothing says why" in without.stderr
    assert "look again: 0106: `rcp/D182` is recorded again" in without.stdout
    assert dosing(*asked, "--reason", "two bags").stdout.splitlines()[-1].startswith("written: entry ")


@pytest.mark.usefixtures("trial")
def test_a_day_that_has_not_come_is_a_slip_of_an_import_too_unless_it_is_booked() -> None:
    asked = ("register", "import", "--register", "trial.db", "--regimen", "bat4406f", "--visits", "more.csv", "--yes")
    for status, looked_at in (("done", True), ("booked", False)):
        Path("more.csv").write_text(f"subject,visit,date,status\n0103,D182,2099-07-10,{status}\n", "utf-8")
        done = dosing(*asked)
        assert (done.returncode, "look again: 0103: 2099-07-10 Fri is ahead" in done.stdout) == ((2, True) if looked_at else (0, False))


@pytest.mark.usefixtures("trial")
def test_an_export_is_whole_and_writes_over_nothing_unasked() -> None:
    assert dosing("register", "export", "out", "--register", "trial.db").stdout.splitlines()[0].endswith("subjects.csv: 12 rows")
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "events.csv", "history.csv", "measurements.csv", "subjects.csv", "visits.csv", "weighings.csv",
    ]  # fmt: skip
    assert "there already" in errors("register", "export", "out", "--register", "trial.db")
    assert dosing("register", "export", "out", "--register", "trial.db", "--over").returncode == 0
    assert "is there already" in errors("register", "init", "--register", "trial.db")


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("due", "--subjects", "subjects.csv"), "`--subjects` beside `--register`, which has its own tables"),
        (("due", "--encoding", "gb18030"), "`--encoding` beside `--register`"),
        (("cohort", "subjects.csv"), "a table of subjects beside `--register`"),
        (("due", "--start", "2025-01-06"), "`--start` is about one subject, a register about several"),
        (("due", "--as-known", "400"), "the register has no entry 400"),
        (("due", "--as-known", "2"), "had no subject then"),
        (("due", "--as-known", "2025-07-01T12:00"), "has no time zone"),
        (("due", "--as-known", "2025-07-01"), "say the hour, too: `2025-07-01T12:00Z`"),
        (("due", "--as-known", "2099-01-01T00:00Z"), "is not yet"),
        (("due", "--subject", "9999"), "`--subject 9999` is not in"),
        (("due", "--at-site", "99"), "nobody is at the site `99`"),
        (("prepare", "--unblind", "--from", "2025-07-07"), "`--unblind` is an unblinded pharmacist's"),
    ],
)
def test_what_does_not_go_with_a_register_is_told(asked: tuple[str, ...], told: str) -> None:
    assert told in errors(*asked, "--register", "trial.db")


@pytest.mark.usefixtures("trial")
def test_start_days_of_whom_nothing_is_told_still_wait_for_it() -> None:
    days = ("starts", "--from", "2026-01-05", "--to", "2026-01-09", "--window", "3d")
    of_one = dosing(*days, "--register", "trial.db", "--subject", "0101")
    assert of_one.returncode == 0 and of_one.stdout != dosing(*days, "--regimen", "bat4406f").stdout
    Path("history.csv").write_text("subject,what,from\n0101,rituximab,2025-12-01\n", "utf-8")
    brought = dosing("register", "import", "--register", "trial.db", "--regimen", "bat4406f", "--history", "history.csv", "--yes")
    assert brought.returncode == 0, brought.stderr
    by_table = dosing(
        *days, "--regimen", "bat4406f", "--history", "history.csv", "--subject", "0101", "--site", "site.yaml", "--country", "CN"
    )
    assert dosing(*days, "--register", "trial.db", "--subject", "0101").stdout == by_table.stdout


@pytest.mark.usefixtures("trial")
def test_another_regimen_stands_and_is_said() -> None:
    done = dosing("due", *ON, "--register", "trial.db", "--regimen", "bat4406f")
    assert done.returncode == 0 and "planned by `bat4406f`, and not by the study of the register" in done.stderr


def test_a_register_of_one_period_plans_that_period(new_place: Place, tmp_path: Path) -> None:
    subjects = tmp_path / "subjects.csv"
    subjects.write_text("subject,start,weight_kg\n0101,2025-01-06,60\n", "utf-8")
    trial = made_of(new_place, tmp_path, ("--subjects", str(subjects)), "mil62-rcp")
    assert not isinstance(trial, str), trial
    by_tables = run("plan", "--regimen", "mil62-rcp", "--subjects", str(subjects), "--subject", "0101", *ON, "--format", "json")
    assert trial.run("plan", "--subject", "0101", *ON, "--format", "json")[:2] == by_tables[:2]


def test_a_site_sees_its_own_subjects_and_plans_the_stop_that_is_counted_over_all(made: Made, tmp_path: Path) -> None:
    """35 relapses stop the study: of 36 subjects one is at site 02."""
    codes = [f"{number:04}" for number in range(36)]
    rows = [f"{code},2025-01-06,{'02' if code == '0000' else '01'}" for code in codes]
    (tmp_path / "subjects.csv").write_text("\n".join(["subject,start,site", *rows]), "utf-8")
    events = [f"{code},{event},2025-0{month}-10" for code in codes[1:] for event, month in (("relapse", 3), ("relapse_confirmed", 4))]
    (tmp_path / "events.csv").write_text("\n".join(["subject,event,date", *events]), "utf-8")
    tables = ("--regimen", "bat4406f", "--subjects", str(tmp_path / "subjects.csv"), "--events", str(tmp_path / "events.csv"))
    code, _, said = run("register", "import", *tables, "--yes", *made.asks("chief"))
    assert code == 0, said
    made.account("li", "coordinator", "02")
    of_site = ("plan", "--regimen", "bat4406f", "--subject", "0000", *ON, "--format", "json")
    everybody, one_site = run(*of_site, *tables[2:]), run(*of_site, *made.asks("li"))
    assert b"35 subjects with relapse_confirmed" in everybody[1]
    assert one_site[1] == everybody[1]
    assert "is not in" in run("plan", "--regimen", "bat4406f", "--subject", "0001", *ON, *made.asks("li"))[2]
    out = tmp_path / "out"
    assert run("register", "export", str(out), *made.asks("li"))[0] == 0
    assert (out / "subjects.csv").read_text("utf-8").splitlines()[1:] == ["0000,2025-01-06,02"]


def test_a_minute_without_seconds_is_asked_to_its_end(made: Made, tmp_path: Path) -> None:
    """As a trail shows it, to whom a subject of that minute was known in it; a second is asked as it is typed."""
    (tmp_path / "subjects.csv").write_text("subject,start,site\n0101,2025-01-06,01\n", "utf-8")
    tables = ("--regimen", "bat4406f", "--subjects", str(tmp_path / "subjects.csv"))
    assert run("register", "import", *tables, "--yes", *made.asks("chief"))[0] == 0
    lines = json.loads(run("register", "history", *made.asks("chief"), "--format", "json")[1])
    at = dt.datetime.fromisoformat(next(line["at"] for line in lines["trail"] if line["what"] == "subjects"))
    due = ("due", "--regimen", "bat4406f", *made.asks("chief"), "--as-known")
    assert run(*due, f"{at:%Y-%m-%dT%H:%MZ}")[0] == 0
    before = run(*due, f"{at - dt.timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}")
    assert before[0] == 2 and "had no subject then" in before[2]


def test_the_stop_is_counted_from_first_doses_as_they_are_known_by_then(made: Made, tmp_path: Path) -> None:
    """The second subject's first dose was booked for a day that is over, and nobody has written that it was given: day 1 is as planned."""
    study = tmp_path / "study.yaml"
    text = (ROOT / "regimens" / "bat4406f.yaml").read_text("utf-8")
    study.write_text(text.replace("12 months after first dose of subject 162", "1 month after first dose of subject 2"), "utf-8")
    (tmp_path / "subjects.csv").write_text("subject,start,site\n01,2025-01-06,01\n02,2025-03-03,02\n", "utf-8")
    (tmp_path / "visits.csv").write_text("subject,visit,date,status\n01,rcp/D1,2025-01-06,done\n02,rcp/D1,2025-02-03,booked\n", "utf-8")
    tables = ("--regimen", str(study), "--subjects", str(tmp_path / "subjects.csv"), "--visits", str(tmp_path / "visits.csv"))
    assert run("register", "import", *tables, "--yes", *made.asks("chief"))[0] == 0
    of_one = ("plan", "--regimen", str(study), "--subject", "01", "--format", "json")
    for as_of, stop in (("2025-02-01", "2025-03-03"), ("2025-02-03", "2025-03-03"), ("2025-02-04", "2025-04-03")):
        of_all, of_register = run(*of_one, *tables[2:], "--as-of", as_of), run(*of_one, *made.asks("chief"), "--as-of", as_of)
        assert of_all[1] == of_register[1] and stop in of_all[1].decode(), of_register[2]


def test_arms_come_in_and_are_read_by_an_unblinded_pharmacist_alone(made: Made, tmp_path: Path) -> None:
    subjects, arms = tmp_path / "subjects.csv", tmp_path / "arms.csv"
    subjects.write_text("subject,start,weight_kg,site\n0101,2025-01-06,60,01\n0102,2025-01-13,70,01\n", "utf-8")
    arms.write_text("subject,arm\n0101,placebo\n0102,mil62\n", "utf-8")
    regimen, tables = ("--regimen", "mil62"), ("--subjects", str(subjects))
    assert run("register", "import", *regimen, *tables, "--yes", *made.asks("chief"))[0] == 0
    made.account("zhao", "unblinded-pharmacist", "01")
    made.account("li", "coordinator", "01")
    taken_in = ("register", "import", *regimen, "--allocation", str(arms), "--yes")
    assert "may not write `allocation`" in run(*taken_in, *made.asks("chief"))[2]
    code, out, said = run(*taken_in, *made.asks("zhao", arms=True))
    assert (code, said) == (0, "") and out.endswith(b"written: 2 arms\n") and b"placebo" not in out
    arms.write_text("subject,arm\n0101,plazebo\n", "utf-8")
    refused = run(*taken_in, "--reason", "wrong", *made.asks("zhao", arms=True))
    assert refused[0] == 2 and "an arm that the study does not have" in refused[2] and "plazebo" not in refused[2]
    arms.write_text("subject,arm\n0101,placebo\n0102,mil62\n", "utf-8")
    asked = ("prepare", *regimen, *ON, "--from", "2025-01-01", "--days", "60", "--format", "json")
    masked, shown = run(*asked, *tables), run(*asked, *tables, "--allocation", str(arms), "--unblind")
    for name in ("zhao", "li", "chief"):
        assert run(*asked, *made.asks(name, arms=name == "zhao"))[1] == masked[1]
    assert run(*asked, "--unblind", *made.asks("zhao", arms=True))[1] == shown[1] != masked[1]
    assert "an unblinded pharmacist's" in run(*asked, "--unblind", *made.asks("li"))[2]
    out_of_it = tmp_path / "out"
    assert run("register", "export", str(out_of_it), *made.asks("zhao", arms=True))[0] == 0
    assert (out_of_it / "allocation.csv").read_text("utf-8") == "subject,arm\n0101,placebo\n0102,mil62\n"


@pytest.mark.usefixtures("trial")
def test_an_import_says_who_is_new() -> None:
    ten = "0901, 0902, 0903, 0904, 0905, 0906, 0907, 0908, 0909, 0910"
    for newcomers, said in ((1, "0901\n"), (10, f"{ten}\n"), (11, f"{ten} and 1 more subject\n"), (12, f"{ten} and 2 more subjects\n")):
        rows = "".join(f"09{n:02},2025-07-01\n" for n in range(1, newcomers + 1))
        Path("more.csv").write_text(f"subject,start\n{rows}", "utf-8")
        _, put_out, _ = run("register", "import", "--register", "trial.db", "--regimen", "bat4406f", "--subjects", "more.csv")
        assert f"new in subjects: {said}" in put_out.decode()
