"""Of very many subjects exactly those are left out of whom something is wrong, and the stop is counted over the others."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace

from nmosd_dosing import Cohort, Study, Subject, expand
from nmosd_dosing.language import catalog
from nmosd_dosing.schedule import excluded
from nmosd_dosing.subjects.subject import Record
from tests.kit.cohort_command import SEVEN, STOPS, cohort, rows, subjects_of


def test_of_very_many_wrong_visits_too(tmp_path: Path) -> None:
    table = "subject,start\n" + "".join(f"S{i},2025-01-06\n" for i in range(2000))
    visits = "subject,visit,date\n" + "".join(f"S{i},D99,2025-02-06\n" for i in range(1999))
    done = cohort(tmp_path, "--visits", "visits.csv", subjects=table, visits=visits)
    assert done.stderr.startswith("error: unknown visit `D99`\n --> visits.csv:2:1, and 1,998 more rows\n")
    assert done.stderr.count("error: ") == 1
    done = cohort(tmp_path, "--visits", "visits.csv", "--skip-bad")
    assert done.stderr.startswith("error: unknown visit `D99`\n --> visits.csv:2:1, and 1,998 more rows\n")
    assert "left out: 1,999 subjects" in done.stderr
    assert subjects_of(done.stdout) == ["S1999"]


def test_whoever_is_refused_is_found_in_one_round() -> None:
    """Of 3,000 wrong visits a hundred are shown, and all are known of at once."""
    study, subjects = catalog.find("belimumab")[0], [Subject(dt.date(2025, 1, 6), f"S{i}") for i in range(3001)]
    bad = [replace(s, records=(Record("D99", dt.date(2025, 2, 6)),)) for s in subjects[:-1]]
    expanded = []

    def counting(study: Study, cohort: Cohort) -> None:
        expanded.append(len(cohort))
        expand(study, cohort)

    _, refused = excluded.sort_out(counting, study, None, Cohort.of_subjects([*bad, subjects[-1]], (), {}))
    assert sorted(refused.problems) == [*range(3000)]
    assert max(map(expanded.count, expanded)) <= 2, "as many rounds for each count of the stop as it takes to see that it stays"
    assert len(expanded) <= 4


BAD = {
    "events: an unknown one": ({"events": "subject,event,date\nA2,itch,2025-02-01\n"}, ["A2"]),
    "events: twice": ({"events": "subject,event,date\nA2,relapse,2025-02-01\nA2,relapse,2025-02-01\n"}, ["A2"]),
    "events: before day 1": ({"events": "subject,event,date\nA3,relapse,2024-02-01\n"}, ["A3"]),
    "events: a decision on nothing": ({"events": "subject,event,date\nA3,relapse_confirmed,2025-02-01\n"}, ["A3"]),
    "visits: an unknown one": ({"visits": "subject,visit,date\nA4,D99,2025-02-01\n"}, ["A4"]),
    "visits: recorded twice": ({"visits": "subject,visit,date\nA4,rcp/D1,2025-01-04\nA4,rcp/D1,2025-01-05\n"}, ["A4"]),
    "visits: a dose before day 1": ({"visits": "subject,visit,date\nA5,D182,2024-01-01\n"}, ["A5"]),
    "weighings: two on a day": ({"weighings": "subject,date,weight_kg\nA5,2025-02-01,60\nA5,2025-02-01,61\n"}, ["A5"]),
    "weighings: no weight": ({"weighings": "subject,date,weight_kg\nA5,2025-02-01,900\n"}, ["A5"]),
    "allocation: an unknown arm": ({"allocation": "subject,arm\nA1,placebo\nA6,verum\n"}, ["A6"]),
    "allocation: two rows": ({"allocation": "subject,arm\nA1,placebo\nA6,placebo\nA6,bat4406f\n"}, ["A6"]),
    "two tables": (
        {"events": "subject,event,date\nA2,itch,2025-02-01\n", "visits": "subject,visit,date\nA4,D99,2025-02-01\n"}, ["A2", "A4"]
    ),
    "a subject that is not there": ({"events": "subject,event,date\nA9,relapse,2025-02-01\n"}, []),
}  # fmt: skip


@pytest.mark.parametrize(("tables", "wrong"), BAD.values(), ids=list(BAD))
def test_exactly_those_of_whom_something_is_wrong_are_left_out(tmp_path: Path, tables: dict[str, str], wrong: list[str]) -> None:
    options = [word for name in tables for word in (f"--{name}", f"{name}.csv")]
    done = cohort(tmp_path, *options, subjects=SEVEN, **tables)
    assert (done.returncode, done.stdout) == (2, "")
    done = cohort(tmp_path, *options, "--skip-bad")
    assert (done.returncode, subjects_of(done.stdout)) == (2, [f"A{i}" for i in range(1, 8) if f"A{i}" not in wrong])
    names = f" ({', '.join(f'`{code}`' for code in wrong)})" if wrong else ""
    said = f"left out: {len(wrong)} subject{'' if len(wrong) == 1 else 's'}{names}; written: {7 - len(wrong)}\n"
    assert said in done.stderr
    assert done.stderr.startswith("error: ")


THE_SAME = ("cn01-a", "ＣＮ01-A", "CN1-A", "CN01_A", "CN01A")  # one code, written otherwise
NEIGHBOURS = ("CN01-Q", "CN0-A", "CN011-A", "CN10-A")


TABLES_BESIDE = (
    ("events", "subject,event,date\n{},withdrawn,2025-02-01\n"),
    ("events", "subject,event,date\n{},itch,2025-02-01\n"),
    ("visits", "subject,visit,date\n{},rcp/D1,2025-01-06\n"),
    ("weighings", "subject,date,weight_kg\n{},2025-02-01,60\n"),
    ("allocation", "subject,arm\n{},placebo\n"),
)


@pytest.mark.parametrize(
    ("code", "option", "table"),
    [(code, *TABLES_BESIDE[0]) for code in THE_SAME] + [("cn01-a", *beside) for beside in TABLES_BESIDE[1:]],
)
def test_a_subject_whom_a_row_may_mean_is_left_out(tmp_path: Path, code: str, option: str, table: str) -> None:
    subjects = "subject,start\nCN01-A,2025-01-06\nUS77-B,2025-01-06\n"
    done = cohort(tmp_path, f"--{option}", f"{option}.csv", "--skip-bad", subjects=subjects, **{option: table.format(code)})
    assert (done.returncode, subjects_of(done.stdout)) == (2, ["US77-B"])
    if "itch" not in table:
        assert "hint: write `CN01-A`\n" in done.stderr


@pytest.mark.parametrize("code", NEIGHBOURS)
def test_a_code_that_is_merely_like_it_leaves_nobody_out_and_is_not_proposed(tmp_path: Path, code: str) -> None:
    subjects, events = "subject,start\nCN01-A,2025-01-06\nUS77-B,2025-01-06\n", f"subject,event,date\n{code},withdrawn,2025-02-01\n"
    done = cohort(tmp_path, "--events", "events.csv", "--skip-bad", subjects=subjects, events=events)
    assert (done.returncode, subjects_of(done.stdout)) == (2, ["CN01-A", "US77-B"])
    assert "CN01-A" not in done.stderr


def test_rows_of_nobody_leave_nobody_out_however_many(tmp_path: Path) -> None:
    """The last of 300 rows means somebody, though only a hundred are shown."""
    strangers = "".join(f"X{i}Y,relapse,2025-02-01\n" for i in range(3000, 3300))
    done = cohort(
        tmp_path, "--events", "events.csv", "--skip-bad", subjects=SEVEN, events=f"subject,event,date\n{strangers}a7,relapse,2025-02-01\n"
    )
    assert subjects_of(done.stdout) == [f"A{i}" for i in range(1, 7)]
    assert done.stderr.startswith("error: 301 problems in the tables; the first 100 follow\n")


def test_rows_that_may_be_of_anybody_stop_everything(tmp_path: Path) -> None:
    for table in ("subject,event,date\n,relapse,2025-02-01\n", "subject,event,date\nA1,relapse,2025-02-01,2025-03-01\n"):
        done = cohort(tmp_path, "--events", "events.csv", "--skip-bad", subjects=SEVEN, events=table)
        assert (done.returncode, done.stdout) == (2, "")


def test_an_entry_outside_its_window(tmp_path: Path) -> None:
    table = "subject,start,enter_olp\nA1,2025-01-06,2026-01-05\nA2,2025-01-06,2026-05-05\nA3,2025-01-06,\n"
    done = cohort(tmp_path, subjects=table)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: subject `A2`: entry into `olp` on 2026-05-05 Tue is")
    assert subjects_of(cohort(tmp_path, "--skip-bad").stdout) == ["A1", "A3"]
    assert subjects_of(cohort(tmp_path, "--allow-deviation").stdout) == ["A1", "A2", "A3"]


def test_the_stop_is_counted_over_those_who_are_written(tmp_path: Path) -> None:
    """Four subjects: the third begins on 3 March, and the fourth comes after that. Without the second the third is the fourth."""
    (tmp_path / "stops.yaml").write_text(STOPS, encoding="utf-8")
    table = "subject,start\nA,2025-01-06\nB,2025-02-0{}\nC,2025-03-03\nD,2025-04-07\n"
    done = cohort(tmp_path, regimen="stops.yaml", subjects=table.format(3))
    assert done.stderr.startswith("error: subject `D`: day 1, 2025-04-07 Mon, is after the study stopped, 2025-03-03 Mon\n")
    done = cohort(tmp_path, "--skip-bad", regimen="stops.yaml")
    assert subjects_of(done.stdout) == ["A", "B", "C"]
    assert done.stderr.endswith("counted over all subjects is counted over the others: the study stops on 2025-03-03\n")
    done = cohort(tmp_path, "--skip-bad", regimen="stops.yaml", subjects=table.format("x"))
    assert subjects_of(done.stdout) == ["A", "C", "D"]
    assert done.stderr.endswith("counted over the others: the study stops on 2025-04-07\n")
    assert [r["target"] for r in rows(done.stdout) if r["id"] == "more/D1"] == ["2025-04-07"] * 3
