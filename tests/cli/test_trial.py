"""A trial file types the options that are not given; only where the command line names neither a regimen nor a table, and it is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors
from tests.kit.paths import ROOT

EXAMPLE = ROOT / "examples" / "trial"
TABLES = ("--subjects", "subjects.csv", "--events", "events.csv", "--visits", "visits.csv")
BY_HAND = ("--regimen", "bat4406f", *TABLES, "--site", "site.yaml", "--column", "start=Infusion 1", "--country", "CN")
SAID = "trial.yaml: Invented example, two sites (bat4406f, subjects.csv, events.csv, visits.csv, site.yaml, CN"
ON = ("--as-of", "2025-07-07")


@pytest.fixture
def trial(folder: Path) -> Path:
    for file in EXAMPLE.iterdir():
        shutil.copy(file, folder)
    return folder


COMMANDS = [
    (("due", *ON), BY_HAND),
    (("check", *ON), BY_HAND),
    (("prepare", "--from", "2025-07-07"), BY_HAND),
    (("order", "--from", "2025-07-07", "--days", "90"), BY_HAND),
    (("plan", "--subject", "0103"), BY_HAND),
    (("cohort",), (*BY_HAND[:2], "subjects.csv", *BY_HAND[4:])),
]


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(("asked", "by_hand"), COMMANDS, ids=lambda given: given[0])
def test_a_command_alone_says_what_it_says_with_all_options(asked: tuple[str, ...], by_hand: tuple[str, ...]) -> None:
    alone, whole = dosing(*asked), dosing(*asked, *by_hand)
    assert whole.stdout and (alone.returncode, alone.stdout) == (whole.returncode, whole.stdout)
    assert alone.stderr.startswith(SAID) and alone.stderr.split("\n", 1)[1] == whole.stderr


def test_named_it_may_lie_anywhere_and_what_is_given_stands(folder: Path, trial: Path) -> None:
    (trial / "there").mkdir()
    for file in EXAMPLE.iterdir():
        shutil.move(folder / file.name, trial / "there" / file.name)
    here = dosing("due", *ON, "--trial", "there/trial.yaml")
    assert here.returncode == 0 and here.stderr.startswith("there/trial.yaml: Invented example, two sites (bat4406f, there/subjects.csv,")
    shutil.copy(trial / "there" / "subjects.csv", "others.csv")
    other = dosing("due", *ON, "--trial", "there/trial.yaml", "--subjects", "others.csv", "--regimen", "bat4406f")
    said = "there/trial.yaml: Invented example, two sites (there/events.csv, there/visits.csv, there/site.yaml, CN)\n"
    assert (other.stdout, other.stderr) == (here.stdout, said)


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize(
    "named", [("--regimen", "mil62", "--start", "2025-01-06"), ("--subjects", "subjects.csv"), ("--visits", "visits.csv")]
)
def test_whoever_names_a_regimen_or_a_table_means_another_trial(named: tuple[str, ...]) -> None:
    assert "Invented" not in dosing("due", *ON, *named).stderr


@pytest.mark.usefixtures("trial")
def test_a_first_day_is_of_somebody_who_is_in_no_table() -> None:
    named = dosing("plan", "--start", "2025-08-04")
    assert named.stderr == "trial.yaml: Invented example, two sites (bat4406f, site.yaml, CN)\n"
    assert "2025-08-04" in named.stdout and "0101" not in named.stdout


@pytest.mark.usefixtures("trial")
def test_zone_and_language_are_of_calendars() -> None:
    dosing("plan", "--subject", "0103", "--ics", "v.ics", "--at", "09:00", "--stamp", "2025-07-07T00:00:00Z")
    assert "TZID=Asia/Shanghai" in Path("v.ics").read_text(encoding="utf-8")
    said = dosing("plan", "--subject", "0103", "--ics", "w.ics").stderr.splitlines()[0]
    assert said.endswith(", site.yaml, CN, en)")
    assert dosing("plan", "--subject", "0103").stderr == f"{SAID})\n"


def test_a_mistake_in_the_file_is_shown_at_its_place_whatever_is_asked(trial: Path) -> None:
    """With its line, as by `validate`; what is typed beside it stands in its place."""
    file = trial / "trial.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("regimen: bat4406f", "regimen: BAT4406F").replace("country: CN", "country: China"), encoding="utf-8")
    told = errors("due", *ON)
    assert told == (
        "error: unknown regimen `BAT4406F`\n --> trial.yaml:3:10\n  |\n3 | regimen: BAT4406F\n  |          ^^^^^^^^\n"
        "hint: did you mean `bat4406f`?\n\n"
        "error: `country`: unknown country `China`\n --> trial.yaml:8:10\n  |\n8 | country: China\n  |          ^^^^^\nhint: write `CN`\n"
    )
    assert told == errors("plan", "--subject", "0103") == errors("validate", "trial.yaml")
    file.write_text(text.replace("country: CN", "country: China").replace("Asia/Shanghai", "Bejing"), encoding="utf-8")
    assert dosing("due", *ON, "--country", "CN").returncode == 0, "no zone is asked about, and another country was typed"
    assert errors("plan", "--subject", "0103", "--country", "CN", "--ics", "v.ics", "--at", "09:00").startswith(
        "error: unknown time zone `Bejing`\n --> trial.yaml:9:7\n"
    )
    file.write_text(text.replace("start: Infusion 1", "strat: Infusion 1"), encoding="utf-8")
    assert "unknown column `strat`\n  --> trial.yaml:12:10\n" in errors("due", *ON)


@pytest.mark.usefixtures("trial")
def test_an_appointment_stands_in_a_calendar_at_its_own_hour() -> None:
    """0104 is booked for 09:30, and the visit after it is not booked."""
    asked = ("plan", "--subject", "0104", "--as-of", "2025-07-07", "--stamp", "2025-07-07T00:00:00Z", "--ics")

    def entry(name: str, label: str) -> str:
        found = Path(name).read_bytes().decode().replace("\r\n ", "").split("BEGIN:VEVENT")
        return next(text for text in found if f"{label} (0104)" in text)

    dosing(*asked, "h.ics", "--at", "14:00")
    booked, planned = entry("h.ics", "D182"), entry("h.ics", "-olp D1")
    assert "DTSTART;TZID=Asia/Shanghai:20250721T093000" in booked and "DTEND;TZID=Asia/Shanghai:20250721T103000" in booked
    assert "Booked for this day at 09:30\\; it was planned for 2025-07-20 Sun" in booked
    assert "The length of one hour is this calendar's" in booked and "The hour" not in booked
    assert "20260119T140000" in planned and "The hour and the length of one hour are this calendar's" in planned
    dosing(*asked, "l.ics", "--at", "14:00", "--duration", "4h")
    assert "20250721T133000" in entry("l.ics", "D182") and "this calendar's" not in entry("l.ics", "D182")
    dosing(*asked, "d.ics", "--lang", "zh")
    [booked] = [text for text in Path("d.ics").read_text(encoding="utf-8").split("BEGIN:VEVENT") if "VALUE=DATE:20250721" in text]
    assert "已预约当日 09:30；原计划日期：" in booked.replace("\n ", "")
    dosing("due", "--as-of", "2025-07-07", "--stamp", "2025-07-07T00:00:00Z", "--ics", "due.ics")
    assert "SUMMARY:bat4406f rcp/D182 (0104): booked for 2025-07-21 Mon at 09:30" in entry("due.ics", "rcp/D182")


def test_sites_are_those_whose_rows_are_shown(trial: Path) -> None:
    file = trial / "trial.yaml"
    file.write_text(file.read_text(encoding="utf-8") + "sites: ['02']\n", encoding="utf-8")
    found = dosing("due", *ON)
    assert found.stderr == f"{SAID}, site 02)\n"
    assert "0201" in found.stdout and "0101" not in found.stdout
    assert "0101" in dosing("due", *ON, "--at-site", "01").stdout
    assert "0101" in dosing("due", *ON, "--subject", "0101").stdout


@pytest.mark.usefixtures("trial")
def test_a_file_that_is_not_there_is_told_at_its_place() -> None:
    Path("visits.csv").unlink()
    assert (
        errors("due", *ON)
        == """\
error: there is no file `visits.csv`
 --> trial.yaml:6:9
  |
6 | visits: visits.csv
  |         ^^^^^^^^^^
hint: paths are relative to the trial file; check the name
"""
    )


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("other", ["examples/bat4406f/assumptions.yaml", "regimens/mil62.yaml", "examples/site.yaml"])
def test_another_kind_of_file_of_that_name_is_none(other: str) -> None:
    shutil.copy(ROOT / other, "trial.yaml")
    told = errors("due", *ON)
    assert told.startswith("error: `--regimen` is missing\n")


def test_the_trial_file_is_not_written_over(trial: Path) -> None:
    before = (trial / "trial.yaml").read_bytes()
    told = errors("plan", "--subject", "0103", "--ics", "trial.yaml")
    assert "`--ics` and `--trial` name one file" in told and (trial / "trial.yaml").read_bytes() == before


def test_without_a_table_cohort_asks_for_it(folder: Path) -> None:
    assert errors("cohort", "--regimen", "bat4406f") == (
        "error: the table of subjects is missing\nhint: name it: `dosing cohort --regimen ID subjects.csv`\n"
    )


def test_no_arm_can_be_told_by_it(trial: Path) -> None:
    file = trial / "trial.yaml"
    codes = [line.split(",")[0] for line in (trial / "subjects.csv").read_text(encoding="utf-8").splitlines()[1:]]
    file.write_text(file.read_text(encoding="utf-8") + "allocation: arms.csv\n", encoding="utf-8")
    found = []
    for arm in ("bat4406f", "placebo"):
        (trial / "arms.csv").write_text("subject,arm\n" + "".join(f"{code},{arm}\n" for code in codes), encoding="utf-8")
        asked = [*(asked for asked, _ in COMMANDS), ("board", *ON), ("slots", "--subject", "0103", "--next", *ON)]
        found.append([(done.returncode, done.stdout, done.stderr) for done in (dosing(*some, "--trial", "trial.yaml") for some in asked)])
    assert found[0] == found[1] and all(stdout for _, stdout, _ in found[0])
    assert "placebo, masked" in found[0][4][1]
