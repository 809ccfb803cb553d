"""Who is left out: who had no first dose, and with `--skip-bad` of whom something is wrong; and what is told of several tables at once."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.kit.command import dosing, errors

SUBJECTS = "subject,start,status\n01,2025-01-06,on study\n02,,screen failure\n03,2025-02-03,on study\n04,NA,screening\n"
VISITS = "subject,visit,date\n01,D1,2025-01-06\n02,D1,2025-01-07\n03,D1,2025-02-03\n"
COMMANDS = {
    "check": ("check", "--subjects", "s.csv", "--as-of", "2025-03-01", "--all", "--format", "json"),
    "due": ("due", "--subjects", "s.csv", "--as-of", "2025-06-28", "--ahead", "10w", "--format", "json"),
    "cohort": ("cohort", "s.csv", "--format", "json"),
}

DAY_1 = "write its day into `start`; of whoever is being screened write `consented`, `screened` or `randomised`"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(command: str, *options: str, **tables: str) -> CompletedProcess[str]:
    for name, text in tables.items():
        Path(f"{name[0]}.csv").write_text(text, encoding="utf-8")
    files = [word for name in tables if name != "subjects" for word in (f"--{name}", f"{name[0]}.csv")]
    return dosing(*COMMANDS[command], "--regimen", "bat4406f-rcp", *files, *options)


def codes(command: str, text: str) -> list[str]:
    rows = (
        [json.loads(line) for line in text.splitlines()]
        if command == "cohort"
        else json.loads(text)[{"check": "findings", "due": "due"}[command]]
    )
    return list(dict.fromkeys(row["subject"] for row in rows))


@pytest.mark.parametrize("command", COMMANDS)
def test_who_had_no_first_dose_is_left_out_and_counted(command: str) -> None:
    done = run(
        command, subjects=SUBJECTS, visits=VISITS, allocation="subject,arm\n04,placebo\n", events="subject,event,date\n02,died,2025-01-20\n"
    )
    assert (done.returncode, sorted(codes(command, done.stdout))) == (0, ["01", "03"])
    assert done.stderr.startswith("ignored in `s.csv`: the column `status`\nleft out, without a first dose: 2 subjects (`02`, `04`)\n")


@pytest.mark.parametrize("asked", [("plan",), ("due",), ("slots", "--next"), ("handout", "--output", "h.html")], ids=lambda asked: asked[0])
def test_whoever_is_asked_about_and_has_none_is_told_so(asked: tuple[str, ...]) -> None:
    """She stands in the table: that she does not would be wrong."""
    Path("s.csv").write_text("subject,start\n01,2025-01-06\nS-02,\n", encoding="utf-8")
    assert errors(*asked, "--regimen", "bat4406f", "--subjects", "s.csv", "--subject", "S-02") == (
        f"error: subject `S-02` has no first dose\n --> s.csv:3:1\n  |\n3 | S-02,\n  | ^^^^\nhint: {DAY_1}\n"
    )


def test_a_code_that_is_not_there_is_the_only_problem_of_a_handout() -> None:
    Path("s.csv").write_text("subject,start\n01,2025-01-06\n02,2025-01-07\n", encoding="utf-8")
    asked = ("handout", "--regimen", "bat4406f", "--subjects", "s.csv", "--output", "h.html")
    assert errors(*asked, "--subject", "09") == "error: `--subject 09` is not in `s.csv`\nhint: look its code up in the table\n"
    assert errors(*asked) == "error: a handout is for one subject\nhint: name the subject: `--subject CODE`\n"


def test_five_of_them_are_named_and_the_others_counted() -> None:
    done = run("cohort", subjects="subject,start\n1,2025-01-06\n" + "".join(f"{i},\n" for i in range(10, 20)))
    assert done.stderr == "left out, without a first dose: 10 subjects (`10`, `11`, `12`, `13`, `14` and 5 more)\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_somebody_must_have_one(command: str) -> None:
    done = run(command, subjects="subject,start\n1,\n2,\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (f"error: nobody in `s.csv` has a first dose\n --> s.csv\nhint: {DAY_1}\n")


WRONG = {
    "subjects": "subject,start,weight_kg\n01,2025-01-06,60\n02,6/1/2025,60\n03,2025-02-03,heavy\n04,2025-03-03,60\n",
    "events": "subject,event,date\n04,relaps,2025-04-01\n01,died,2025-04-01\n",
    "visits": "subject,visit,date\n02,D1,2025-01-06\n99,D1,2025-01-06\n04,D1,never\n99,D182,2025-07-06\n",
}
TOLD = [
    "error: `6/1/2025` is not a date with the year first", " --> s.csv:3:4",
    "error: `heavy` is not a weight", " --> s.csv:4:15",
    "error: unknown event `relaps`", " --> e.csv:2:4",
    "error: `99` is not a subject of this table", " --> v.csv:3:1, and 1 more row",
    "error: `never` is not a date with the year first", " --> v.csv:4:7",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_wrong_in_all_tables_is_told_at_once_and_table_by_table(command: str) -> None:
    done = run(command, **WRONG)
    assert (done.returncode, done.stdout) == (2, "")
    assert [line for line in done.stderr.splitlines() if line.startswith(("error", " -->"))] == TOLD


@pytest.mark.parametrize("command", COMMANDS)
def test_with_skip_bad_the_others_are_written(command: str) -> None:
    """Wrong cells, a wrong event, an unknown visit, an unknown arm, a history that contradicts itself: each takes out whom it is about."""
    people = "subject,start,weight_kg\n" + "".join(f"0{i},2025-01-06,60\n" for i in range(1, 8))
    done = run(
        command,
        "--skip-bad",
        subjects=people.replace("02,2025-01-06", "02,6/1/2025"),
        events="subject,event,date\n03,relaps,2025-04-01\n06,relapse_confirmed,2025-02-01\n",
        visits="subject,visit,date\n04,D3,2025-01-08\n01,D1,2025-01-06\n",
        allocation="subject,arm\n05,verum\n",
    )
    assert (done.returncode, sorted(codes(command, done.stdout))) == (2, ["01", "07"])
    assert "left out: 5 subjects (" in done.stderr and "; written: 2\n" in done.stderr
    for said in ("`6/1/2025`", "`relaps`", "`D3`", "an arm that the study does not have", "answers no relapse"):
        assert said in done.stderr


@pytest.mark.parametrize("command", ["check", "due"])
def test_with_skip_bad_and_nobody_wrong_nothing_is_said(command: str) -> None:
    without, with_it = run(command, subjects=SUBJECTS, visits=VISITS), run(command, "--skip-bad", subjects=SUBJECTS, visits=VISITS)
    assert (with_it.returncode, with_it.stdout, with_it.stderr) == (without.returncode, without.stdout, without.stderr)


def test_where_nobody_is_left_nothing_is_written() -> None:
    done = run("check", "--skip-bad", subjects="subject,start\n1,2025-01-06\n", visits="subject,visit,date\n1,D3,2025-01-08\n")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: unknown visit `D3`\n")


def test_skip_bad_is_about_a_table_and_takes_nobody_from_a_calendar() -> None:
    done = dosing("due", "--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--skip-bad", "--ics", "c.ics")
    assert done.returncode == 2
    assert done.stderr == (
        "error: `--skip-bad` leaves out subjects of a table, and there is none\nhint: leave it out, or add `--subjects FILE`\n\n"
        "error: `--skip-bad` would take from the calendar whom it leaves out\nhint: leave it or `--ics` out\n"
    )
