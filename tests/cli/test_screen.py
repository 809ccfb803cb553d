"""`dosing screen`: the earliest days first, then each criterion; as a page, JSON, CSV and a workbook; of one and of many."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing.language import catalog
from tests.kit.command import dosing, output
from tests.kit.paths import ROOT
from tests.kit.terminal import on_a_screen

CASE = (
    "--had", "rituximab=2024-09-01", "--had", "azathioprine=..2024-11-20", "--had", "inactivated COVID-19 vaccine=2024-12-20",
    "--on", "relapse=2024-10-30",
)  # fmt: skip
DATED = ("--screening", "2024-12-09", "--start", "2025-01-06")
TABLES = ("--subjects", "examples/screening/subjects.csv", "--history", "examples/screening/history.csv")
KEYS = ["id", "text", "anchor", "from", "to", "last_admissible", "verdict", "until", "needs", "steps", "source"]


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def found(*arguments: str) -> dict[str, Any]:
    done = dosing("screen", *arguments, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def of(answer: dict[str, Any], id: str) -> dict[str, Any]:
    return next(criterion for criterion in answer["criteria"] if criterion["id"] == id)


def test_the_case_of_the_project() -> None:
    bat = found("--regimen", "bat4406f", *CASE)
    assert bat["earliest"] == {
        "screening": "2025-02-02",
        "day_1": "2025-03-02",
        "held_by": ["EC1", "EC2-antibody"],
        "screening_held_by": [],
        "day_1_held_by": ["EC1", "EC2-antibody"],
        "open": ["IC4", "IC5-withdrawal", "EC3-half-lives"],
        "steps": ["screening is from D-28 to D-1, so that for this day 1 it is not before 2025-02-02"],
        "unknown": [],
    }
    mil62 = found("--regimen", "mil62", *CASE)
    assert (mil62["earliest"]["screening"], mil62["earliest"]["day_1"]) == ("2025-03-02", "2025-03-02")
    assert mil62["earliest"]["held_by"] == ["EC1"] and mil62["earliest"]["open"] == ["IC6"]


def test_json_has_the_names_that_stay() -> None:
    answer = found("--regimen", "bat4406f", *DATED, *CASE)
    for criterion in answer["criteria"]:
        assert [key for key in criterion if key in KEYS] == KEYS
        assert criterion["verdict"] in ("admissible", "not-until", "needs", "person")
    ec3 = of(answer, "EC3")
    assert {key: ec3[key] for key in KEYS[2:9]} == {
        "anchor": "first dose", "from": "2024-10-06", "to": "2025-01-06", "last_admissible": "2024-10-05", "verdict": "not-until",
        "until": "2025-02-21", "needs": None,
    }  # fmt: skip
    assert ec3["source"] == "NCT06044350, Exclusion criterion 3"
    assert of(answer, "IC3")["last_admissible"] is None and of(answer, "IC5-withdrawal")["verdict"] == "person"


def test_the_page_on_a_terminal_of_80_columns() -> None:
    page = on_a_screen(["screen", "--regimen", "belimumab", *DATED, *CASE], 80)
    assert (
        page
        == """\
Belimumab in AQP4-IgG-positive NMOSD
screening on 2024-12-09 Mon, day 1 on 2025-01-06 Mon

earliest day 1: 2025-01-06 Mon
earliest screening for it: 2024-12-09 Mon
- how long screening takes is not stated

IC3: admissible
  at least 1 attack within 1 year before screening, or at least 2 more than
    30 days apart within 2 years
  - counted up to screening, 2024-12-09: 1 from 2023-12-09 on or 2 from
    2022-12-09 on
  - known: 2024-10-30
  note: attacks that needed rescue therapy, each new worsening of at least
    24 hours

EC2: admissible; last admissible 2024-09-08 Sun
  no other trial within 3 months before screening
  - looked back from screening, 2024-12-09, to 2024-09-09, both included
  - nothing of it is named
  assumed: the record gives no anchor; screening is read

EC3: admissible; last admissible 2019-12-08 Sun
  no tumour within 5 years before screening
  - looked back from screening, 2024-12-09, to 2019-12-09, both included
  - nothing of it is named
  assumed: the record gives no anchor; screening is read

how this is read:
- both ends of a look-back are included: what was on its first day is in it, and
  the day before is the last admissible one
- months and years are counted by the calendar from the anchor, and end with the
  month where it is shorter
- what was used for a time counts by its last day; what goes on counts up to the
  anchor
- what the history does not name is taken as not had
"""
    )


def test_no_answer_calls_anybody_fit() -> None:
    for study in catalog.shipped():
        for period in study.periods:
            for more in ((), DATED, (*DATED, *CASE), (*DATED, "--had", "nothing")):
                for form in ("table", "json", "csv"):
                    done = dosing("screen", "--regimen", study.regimen_id(period), *more, "--format", form)
                    assert done.returncode == 0 or "states no criteria" in done.stderr
                    assert "eligib" not in (done.stdout + done.stderr).lower()


def test_nothing_known_is_not_nothing_had() -> None:
    unknown, nothing = found("--regimen", "bat4406f", *DATED), found("--regimen", "bat4406f", *DATED, "--had", "nothing")
    assert {of(unknown, id)["verdict"] for id in ("EC1", "EC4", "EC8")} == {"needs"}
    assert {of(nothing, id)["verdict"] for id in ("EC1", "EC4", "EC8")} == {"admissible"}
    assert (unknown["earliest"]["day_1"], unknown["earliest"]["steps"]) == (None, ["what was had is not known"])
    assert nothing["earliest"]["day_1"] == "2025-01-06"


def test_many() -> None:
    done = dosing("screen", "--regimen", "bat4406f", *TABLES, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert (done.returncode, done.stderr) == (0, "")
    first = {row["subject"]: (row["earliest_screening"], row["earliest_day_1"], row["held_by"]) for row in rows}
    assert first == {
        "0101": ("2024-12-09", "2024-12-18", "IC4"),
        "0102": ("2025-02-01", "2025-03-01", "EC1; EC2-antibody"),
        "0103": ("2024-12-09", "2025-01-06", ""),
    }
    one = found("--regimen", "bat4406f", *TABLES, "--subject", "0102")
    assert of(one, "EC3")["needs"] == "the last day of azathioprine" and one["subject"] == "0102"
    many = found("--regimen", "bat4406f", *TABLES, "--at-site", "02")
    assert [person["subject"] for person in many["subjects"]] == ["0103"] and many["readings"]
    alone = found("--regimen", "bat4406f", *TABLES[2:], "--screening", "2024-12-09")
    assert [person["subject"] for person in alone["subjects"]] == ["0101", "0102", "0103"]


def test_what_holds_back_and_is_open_in_part_is_said_so() -> None:
    history = ("--had", "rituximab=2024-09-01", "--had", "a drug of no kind=2024-10-01")
    done = dosing("screen", "--regimen", "mil62", *history, *DATED)
    assert "held back by EC1" in done.stdout
    assert "reckoned in only by what is known, since a part is open: EC1\n" in done.stdout
    assert "not reckoned in, since they are open: EC1" not in done.stdout


def test_a_workbook(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    assert dosing("screen", "--regimen", "bat4406f", *TABLES, "--output", str(tmp_path / "list.xlsx")).returncode == 0
    book = openpyxl.load_workbook(tmp_path / "list.xlsx")
    assert book.sheetnames == ["screen", "About"] and book["screen"].max_row == 1 + 3 * 19


def test_a_history_of_a_trial_file(tmp_path: Path) -> None:
    for name in ("subjects.csv", "history.csv"):
        (tmp_path / name).write_text((ROOT / "examples" / "screening" / name).read_text("utf-8"), encoding="utf-8")
    (tmp_path / "trial.yaml").write_text("trial: X\nregimen: mil62\nsubjects: subjects.csv\nhistory: history.csv\n", encoding="utf-8")
    done = dosing("screen", "--trial", str(tmp_path / "trial.yaml"), "--format", "json")
    assert done.returncode == 0 and [person["subject"] for person in json.loads(done.stdout)["subjects"]] == ["0101", "0102", "0103"]


def test_rows_of_nobody_are_refused(tmp_path: Path) -> None:
    (tmp_path / "h.csv").write_text("subject,what,from,to\n0999,rituximab,2024-05-01,2024-05-01\n", encoding="utf-8")
    done = dosing("screen", "--regimen", "bat4406f", *TABLES[:2], "--history", str(tmp_path / "h.csv"))
    assert done.returncode == 2 and "`0999` is not a subject of this table" in done.stderr


def verdicts(*had: str, screening: str, start: str) -> dict[str, str]:
    words = [word for text in had for word in ("--on" if text.startswith("stable") else "--had", text)]
    done = dosing("screen", "--regimen", "mil62", "--screening", screening, "--start", start, *words, "--format", "json")
    assert done.returncode == 0, done.stderr
    return {criterion["id"]: criterion["verdict"] for criterion in json.loads(done.stdout)["criteria"]}


def test_nothing_is_stable_while_it_goes_on_and_the_last_day_that_is_said_counts() -> None:
    days = {"screening": "2024-12-09", "start": "2025-01-06"}
    assert verdicts("relapse=2024-10-01..2024-12-30", "stable=2024-10-05", **days)["IC6"] == "needs"
    assert verdicts("relapse=2024-10-01", "stable=2024-10-05", **days)["IC6"] == "admissible"


def test_a_month_is_taken_as_widely_as_it_may_be() -> None:
    """What frees from a criterion counts from its end, what bars from its beginning to its end."""
    said = ("rituximab=2024-04-20", "b_cells_normal=2024-05")
    assert verdicts(*said, screening="2024-05-10", start="2024-06-20")["EC1"] == "not-until"
    assert verdicts(*said, screening="2024-05-31", start="2024-06-20")["EC1"] == "admissible"
    assert verdicts("rituximab=2024-05", screening="2024-11-30", start="2024-12-20")["EC1"] == "person"
    assert verdicts("rituximab=2024-05", screening="2024-12-01", start="2024-12-20")["EC1"] == "admissible"


def test_a_day_that_nobody_has_named_is_asked_for_once() -> None:
    page = output("screen", "--regimen", "bat4406f", "--had", "rituximab=2024-09-01")
    assert page.count("no date is named of screening and day 1: ") == 1 and "needs the date" not in page
    lines = page.splitlines()
    assert "EC1: not until 2025-03-02 Sun" in lines
    assert "IC4: needs the day since which the relapse symptoms are stable" in lines
    told = json.loads(output("screen", "--regimen", "bat4406f", "--had", "rituximab=2024-09-01", "--format", "json"))
    assert {c["id"]: c["needs"] for c in told["criteria"]}["EC1"] == "the date of day 1"


def test_what_another_drugs_amount_comes_to_is_asked() -> None:
    page = output("screen", "--regimen", "mil62", "--had", "dexamethasone 16 mg daily=2025-01-01..", "--start", "2025-01-06")
    assert "IC5: for a person" in page and "whether 16 mg of dexamethasone a day are more than 20 mg of prednisone" in page


def test_a_month_at_either_end_of_a_use_is_taken_as_widely_as_it_may_be() -> None:
    """As a table of histories does: its first day from the first of the month, its last one up to the month's last."""
    typed = found("--regimen", "bat4406f", *DATED, "--had", "rituximab=2024-05..2024-06")
    in_days = found("--regimen", "bat4406f", *DATED, "--had", "rituximab=2024-05-01..2024-06-30")
    assert typed["earliest"]["day_1"] == in_days["earliest"]["day_1"]
    page = dosing("screen", "--regimen", "bat4406f", *DATED, "--had", "rituximab=2024-05..2024-06").stdout
    assert "rituximab (2024-05 to 2024-06, taken as widely as it may be)" in page


def test_what_was_had_after_the_screening_asks_for_a_second_look() -> None:
    """Where a day 1 is named it may be meant, as a vaccine that is planned."""
    asked = ("screen", "--regimen", "bat4406f", "--screening", "2024-12-09", "--had", "rituximab=2025-09-01")
    wrong = "warning: had after the screening on 2024-12-09: rituximab on 2025-09-01\nhint: check the dates\n"
    assert dosing(*asked).stderr == wrong
    assert dosing(*asked, "--start", "2025-01-06").stderr == ""
    assert dosing(*asked[:-1], "rituximab=2024-09-01").stderr == ""
