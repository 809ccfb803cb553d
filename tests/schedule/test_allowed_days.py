"""The allowed days of a visit: what states them, what takes some away, and what is left, the same in every output."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Record, Subject, plan
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Event
from tests.kit import studies
from tests.kit.cases import columns
from tests.kit.command import dosing
from tests.kit.dates import START, day
from tests.kit.somebody import made as planned
from tests.kit.somebody import visit

HEAD = "language: 1\nstudy: s\ntitle: S\nsource: me\ndays: from 1\n"
GAPPED = (
    HEAD
    + """products: {X: {minimum gap: 14 days}, Y: {minimum gap: 1 month}, Z: {}}
periods:
  main:
    window: WINDOW
    visits:
      - {at: D1 ±0d, give: [X 5 mg, Y 5 mg]}
      - {at: "D15, D29, D43", give: X 5 mg}
      - {at: D57, give: [X 5 mg, Y 5 mg]}
      - {at: D64, give: Z 5 mg, assess: labs}
"""
)


def made(text: str, records: str = "", *events: tuple[str, str], entered: str = "") -> Plan:
    """The plan of a subject with records written as `D15 2025-01-23`, apart by commas; a status may follow, or the product."""
    found = []
    for record in filter(None, records.split(", ")):
        visit, date, *more = record.split()
        what = {"status" if word in ("missed", "withheld", "partial") else "product": word for word in more}
        found.append(Record(visit.replace("_", " "), day(date), **what))  # type: ignore[arg-type]
    entries = (Entered("b", day(entered)),) if entered else ()
    happened = tuple(Event(name, day(date)) for name, date in events)
    study, _ = read_study_text(text)
    return plan(study, Subject(START, records=tuple(found), events=happened, entered=entries), allow_deviation=True, accept_gap=True)


def days(plan: Plan, label: str) -> str:
    [visit] = [visit for visit in plan.visits if label in (visit.id, visit.label)]
    return f"{visit.earliest or '-'} to {visit.latest or '-'}"


CASES = """
    window   records                                      visit  allowed
    ±3d      -                                            D15    2025-01-20 to 2025-01-23
    ±3d      D15 2025-01-23                               D15    2025-01-17 to 2025-01-23
    ±3d      D1 2025-01-06, D15 2025-01-23                D15    2025-01-20 to 2025-01-23
    ±3d      D15 2025-01-23                               D29    2025-02-06 to 2025-02-06
    ±3d      D15 2025-01-23                               D43    2025-02-20 to 2025-02-20
    ±5d      D15 2025-01-23, D29 2025-02-03               D43    2025-02-17 to 2025-02-22
    ±5d      D15 2025-01-23, D29 2025-02-03               D29    2025-02-06 to 2025-02-08
    ±2d      D15 2025-01-23                               D29    2025-02-06 to 2025-02-05
    ±2d      D15 2025-01-23                               D43    2025-02-15 to 2025-02-19
    ±3d      D15 2025-01-23 missed                        D29    2025-01-31 to 2025-02-06
    ±3d      D15 2025-01-23 withheld                      D29    2025-01-31 to 2025-02-06
    ±3d      D15 2025-01-23 partial                       D29    2025-02-06 to 2025-02-06
    ±3d      D15 2025-01-20, unscheduled 2025-01-27 X     D29    2025-02-10 to 2025-02-06
    ±9d      D15 2025-01-20, unscheduled 2025-01-27 X     D29    2025-02-10 to 2025-02-12
    ±9d      D15 2025-01-20, unscheduled 2025-02-12 X     D29    2025-02-26 to 2025-02-12
    ±9d      D15 2025-01-20, unscheduled 2025-01-27 Z     D29    2025-02-03 to 2025-02-12
    ±5d      D15 2025-02-03, D29 2025-01-30               D29    2025-01-29 to 2025-02-08
    ±5d      D15 2025-02-03, D29 2025-01-30               D15    2025-02-13 to 2025-01-25
    ±30d     D57 2025-03-03                               D57    2025-02-01 to 2025-04-02
    ±30d     D1 2025-01-06, D57 2025-03-03                D57    2025-02-06 to 2025-04-02
    ±3d      D15 2025-01-23                               D64    2025-03-07 to 2025-03-13
    none     -                                            D1     2025-01-06 to 2025-01-06
    none     -                                            D29    2025-02-03 to -
    none     D15 2025-01-23                               D29    2025-02-06 to -
    none     D15 2025-01-23                               D43    2025-02-20 to -
    none     D15 2025-01-23                               D64    - to -
"""


@pytest.mark.parametrize("row", columns(CASES), ids=lambda r: " ".join(r.values()))
def test_a_minimum_gap_is_kept_after_the_dose_before(row: dict[str, str]) -> None:
    text = GAPPED.replace("    window: WINDOW\n", "" if row["window"] == "none" else f"    window: {row['window']}\n")
    assert days(made(text, row["records"].removeprefix("-")), row["visit"]) == row["allowed"]


def test_a_course_is_over_with_its_last_day() -> None:
    text = HEAD + "products: {X: {minimum gap: 1 day}}\nperiods:\n  main:\n    visits:\n"
    text += "      - {at: D2 to D6, give: X 5 mg daily}\n      - {at: D14 ±5d, give: X 5 mg}\n"
    assert days(made(text, "D2_to_D6 2025-01-14"), "D14") == "2025-01-19 to 2025-01-24"


TWO = (
    HEAD
    + """products: {X: {minimum gap: 60 days}}
periods:
  a:
    length: 12 weeks
    visits:
      - {at: "D1, D64", window: ±0d, give: X 5 mg}
      - {at: D78 ±7d, assess: labs}
  b:
    visits: [{at: D1, give: X 5 mg}, {at: D2 ±3d, assess: labs}, {at: D9, assess: diary}]
transitions:
  - {id: done, from: a, to: b, after: end of a, within: WITHIN}
"""
)


def test_the_first_day_of_a_later_period_has_the_days_of_its_entry() -> None:
    """After 12 weeks, so from 2025-03-31, and within so many days."""
    free = TWO.replace("{minimum gap: 60 days}", "{}")
    assert days(made(free.replace("WITHIN", "14 days")), "b/D1") == "2025-03-31 to 2025-04-14"
    assert days(made(free.replace("WITHIN", "14 days"), entered="2025-04-16"), "b/D1") == "2025-03-31 to 2025-04-14"
    assert days(made(free.replace("WITHIN", "not stated")), "b/D1") == "2025-03-31 to -"
    assert days(made(free.replace("WITHIN", "14 days")), "b/D2") == "2025-03-31 to 2025-04-04", (
        "nothing of a period is before its first day"
    )
    noted = made(free.replace("WITHIN", "14 days"))
    assert [n.visits for n in noted.notes if n.code == "no-window"] == [("b/D9",)]


def test_the_minimum_gap_holds_for_an_entry_too() -> None:
    """D64 is 2025-03-10, and 60 days later 2025-05-09."""
    late = made(TWO.replace("WITHIN", "60 days"))
    assert (days(late, "b/D1"), late.visits[-1].status) == ("2025-05-09 to 2025-05-30", "projected")
    assert any(n.code == "short-gap" and n.message.endswith("not before 2025-05-09 Fri") for n in late.notes)
    never = made(TWO.replace("WITHIN", "14 days"))
    assert days(never, "b/D1") == "2025-05-09 to 2025-04-14"
    assert [n.visits for n in never.notes if n.code == "no-day"] == [("b/D1",)]


def test_a_recorded_entry_is_the_day_of_its_doses() -> None:
    text = TWO.replace("WITHIN", "60 days").replace("{at: D9, assess: diary}", "{at: D62 ±5d, give: X 5 mg}")
    assert days(made(text, entered="2025-04-02"), "b/D62") == "2025-06-01 to 2025-06-07", "60 days after 2025-04-02, too early as that is"


def test_an_exit_ends_the_allowed_days() -> None:
    free = TWO.replace("{minimum gap: 60 days}", "{}").replace("WITHIN", "14 days")
    assert days(made(free), "a/D78") == "2025-03-17 to 2025-03-31", "a projected entry ends nothing"
    assert days(made(free, entered="2025-03-27"), "a/D78") == "2025-03-17 to 2025-03-27"
    assert days(made(free, "", ("withdrawn", "2025-03-26")), "a/D78") == "2025-03-17 to 2025-03-26"
    assert days(made(free, "", ("treatment_stopped", "2025-03-26")), "a/D78") == "2025-03-17 to 2025-03-31", "it ends doses only"
    stopped = made(GAPPED.replace("WINDOW", "±3d"), "", ("treatment_stopped", "2025-01-21"))
    assert days(stopped, "D15") == "2025-01-20 to 2025-01-21"


# --- any history, against a loop ----------------------------------------------------------------------------------------

LATTICE = HEAD + "products: {X: {minimum gap: GAP days}}\nperiods:\n  main:\n    visits:\n      - {at: D1 ±0d, give: X 5 mg}\n"
LATTICE += "      - {at: 'D15, D29, D43, D57', window: ±Wd, give: X 5 mg}\n"
recorded = st.none() | st.tuples(st.integers(-9, 20), st.sampled_from(["done", "partial", "missed", "withheld"]))


def expected(history: list[tuple[int, str] | None], extra: list[int], gap: int, width: int) -> list[tuple[int, int]]:
    """The allowed days of D1, D15, … by hand, as days from the first."""
    targets, found = [0, 14, 28, 42, 56], []
    given = [(targets[i] + r[0], i) for i, r in enumerate(history) if r and r[1] in ("done", "partial")]
    earliest: dict[int, int] = {}  # of what is not recorded, and may be on some day
    for i, target in enumerate(targets):
        first, last = (target, target) if i == 0 else (max(target - width, 1 if target > width else 0), target + width)
        record = history[i]
        if record is not None and record[1] in ("done", "partial"):
            before = [d for d, j in given if (d, j) < (target + record[0], i)] + [d for d in extra if d < target + record[0]]
        elif record is None:
            before = [d for d, j in given if j < i] + [d for j, d in earliest.items() if j < i] + [d for d in extra if d <= last]
        else:
            before = []
        first = max([target - width if i else 0, 0, *(d + gap for d in before)])
        if record is None and first <= last:
            earliest[i] = first
        found.append((first, last))
    return found


@studies.examples(80)
@given(
    st.lists(st.tuples(st.lists(recorded, min_size=5, max_size=5), st.lists(st.integers(0, 70), max_size=2)), min_size=1, max_size=4),
    st.integers(1, 14),
    st.integers(0, 6),
)
def test_allowed_days_of_any_history(histories: list[tuple[list[tuple[int, str] | None], list[int]]], gap: int, width: int) -> None:
    study, _ = read_study_text(LATTICE.replace("GAP", str(gap)).replace("W", str(width)))
    subjects = []
    for history, extra in histories:
        history[0] = None if history[0] is None else (0, history[0][1])
        of = [
            Record(f"D{1 + 14 * i}", START + dt.timedelta(14 * i + r[0]), status=r[1])  # type: ignore[arg-type]
            for i, r in enumerate(history)
            if r is not None
        ]
        of += [Record("unscheduled", START + dt.timedelta(d), product="X") for d in extra]
        subjects.append(Subject(START, records=tuple(of)))
    schedule = expand(study, Cohort.of_subjects(subjects, ()), allow_deviation=True, accept_gap=True)
    for subject, (history, extra) in zip(by_subject(schedule), histories, strict=True):
        found = [((v.earliest - START).days, (v.latest - START).days) for v in subject.visits if v.earliest and v.latest]
        assert found == expected(history, extra, gap, width)


# --- every output -------------------------------------------------------------------------------------------------------


def unfolded(file: Path) -> str:
    return file.read_bytes().decode().replace("\r\n ", "")


def test_every_output_shows_the_same_days(folder: Path) -> None:
    (folder / "s.yaml").write_text(GAPPED.replace("WINDOW", "±3d"), encoding="utf-8")
    (folder / "v.csv").write_text("visit,date\nD1,2025-01-06\nD15,2025-01-23\n", encoding="utf-8")
    (folder / "p.csv").write_text("subject,start\nA,2025-01-06\n", encoding="utf-8")
    asked = ("--regimen", "s.yaml", "--start", "2025-01-06", "--visits", "v.csv")
    both = ("2025-02-06", "2025-02-06")
    of_plan = json.loads(dosing("plan", *asked, "--format", "json", "--ics", "c.ics", "--window-entries").stdout)
    assert [(v["earliest"], v["latest"], v["target"]) for v in of_plan["visits"] if v["label"] == "D29"] == [(*both, "2025-02-03")]
    rows = csv.DictReader(io.StringIO(dosing("plan", *asked, "--format", "csv").stdout))
    assert {(r["earliest"], r["latest"]) for r in rows if r["label"] == "D29"} == {both}
    assert "D29    2025-02-03 Mon                   29  2025-02-06 Thu  2025-02-06 Thu" in dosing("plan", *asked).stdout
    assert "not before 2025-02-06 Thu" in dosing("plan", *asked, "--explain", "D29").stdout
    assert "Earliest 2025-02-06 Thu\\, latest 2025-02-06 Thu" in unfolded(folder / "c.ics")
    for command in ("check", "due"):
        found = json.loads(dosing(command, *asked, "--as-of", "2025-02-01", "--format", "json").stdout)
        mine = [f for f in found.get("findings", found.get("due", [])) if f["visit"] == "main/D29"]
        assert [(f["earliest"], f["latest"], f["target"]) for f in mine] == [(*both, "2025-02-03")]
    dosing("due", *asked, "--as-of", "2025-02-01", "--ics", "d.ics")
    assert "allowed from 2025-02-06 Thu to 2025-02-06 Thu" in unfolded(folder / "d.ics")
    (folder / "v.csv").write_text("subject,visit,date\nA,D1,2025-01-06\nA,D15,2025-01-23\n", encoding="utf-8")
    many = dosing("cohort", "--regimen", "s.yaml", "p.csv", "--visits", "v.csv", "--format", "csv").stdout
    assert {(r["earliest"], r["latest"]) for r in csv.DictReader(io.StringIO(many)) if r["label"] == "D29"} == {both}


def test_what_is_recorded_is_judged_by_the_same_days() -> None:
    study, _ = read_study_text(GAPPED.replace("WINDOW", "±5d"))
    records = (Record("D1", START), Record("D15", day("2025-01-23")), Record("D29", day("2025-02-03")))
    found = check(expand(study, Cohort.of_subjects([Subject(START, records=records)], ()), allow_deviation=True), day("2025-02-04"))
    assert [(f.verdict, f.days) for f in found if f.visit == "main/D29"] == [("early", 0), ("short-gap", 0)]
    [d43] = [f for f in due(found, day("2025-02-04"), 30) if f.finding.visit == "main/D43"]
    assert (d43.state, d43.last) == ("opens", day("2025-02-22"))


OR_LATER = """
    events                                         last
    -                                              or later
    withdrawn 2025-01-19                           cancelled
    withdrawn 2025-01-20                           2025-01-20
    withdrawn 2025-02-10                           2025-02-10
    treatment_stopped 2025-02-10                   or later
    withdrawn 2025-02-10, treatment_stopped 2025-01-25  2025-02-10
"""


@pytest.mark.parametrize("row", columns(OR_LATER), ids=lambda row: row["events"])
def test_a_window_without_an_end_ends_with_the_visits(row: dict[str, str]) -> None:
    """D15 or later, for an examination, is from 2025-01-20 on; for a dose the stop of treatment ends it as well."""
    events = tuple((name, date) for name, date in (item.split() for item in row["events"].split(", ") if item != "-"))
    text = "products: {X: {}}\nperiods: {p: {visits: [{at: D1, give: X 5 mg}, {at: D15 or later, WHAT}, {at: D16, WHAT}]}}\n"
    for what in ("assess: MRI", "give: X 5 mg"):
        everything = planned(text.replace("WHAT", what), events=events, cancelled=True)
        assert visit(everything, "D16").latest is None  # it has no window
        found = visit(everything, "D15")
        shown = str(found.latest) if found.latest else "or later" if found.or_later else "not stated"
        stopped = dict(events).get("treatment_stopped") if what != "assess: MRI" else None
        assert (found.status == "cancelled") == (row["last"] == "cancelled")
        if row["last"] != "cancelled":
            assert (str(found.earliest), shown) == ("2025-01-20", stopped or row["last"])
