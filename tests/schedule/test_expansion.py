"""Where the visits of a study fall: courses and cycles, what cuts them short, and periods that go on counting."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec.structs import replace

from nmosd_dosing import Entered, Record, Subject, Window, plan
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.somebody import COUNTS_ON, COURSE, done, dose, made, notes, visit
from tests.kit.worked import ENTRY, HEAD, days, person, planned, visits


def test_preparative_days_before_day_1() -> None:
    made = planned(visits("at: D-4 to D-2, give: X 30 mg/m2 daily", "at: D1, give: Y 2e6 cells/kg"), person(60, 170))
    assert days(made) == ["D-4 to D-2 2025-01-02 to 2025-01-04", "D1 2025-01-06"]
    (a,) = made.visits[0].administrations
    assert (a.amount, a.times, a.total) == (50.499, 3, 151.497)


CUT = """
    until       treatment_stopped  withdrawn   last        times  total
    -           -                  -           2025-01-19  28     280
    -           2025-01-10         -           2025-01-10  10     100
    -           -                  2025-01-10  2025-01-10  10     100
    -           2025-01-06         -           2025-01-06  2      20
    -           2025-01-19         -           2025-01-19  28     280
    -           2025-01-20         -           2025-01-19  28     280
    2025-01-08  -                  -           2025-01-08  6      60
    2025-01-08  2025-01-10         -           2025-01-08  6      60
    2025-01-12  2025-01-10         -           2025-01-10  10     100
"""


@pytest.mark.parametrize("row", columns(CUT), ids=lambda r: " ".join(r.values()))
def test_a_course_is_cut_short(row: dict[str, str]) -> None:
    events = [(name, row[name]) for name in ("treatment_stopped", "withdrawn") if row[name] != "-"]
    until = None if row["until"] == "-" else day(row["until"])
    (visit,) = planned(visits("at: D1 to D14, give: X 10 mg twice daily"), person(None, None, *events), until=until).visits
    (a,) = visit.administrations
    assert (str(visit.last), a.times, a.total, a.cumulative) == (row["last"], int(row["times"]), float(row["total"]), float(row["total"]))


def test_a_course_is_cut_short_by_the_entry_into_the_next_period() -> None:
    made = planned(ENTRY, person(None, None, ("relapse", "2025-01-20"), entered=(Entered("q", day("2025-01-20")),)))
    assert str(made.visits[1].last) == "2025-01-19"
    assert made.visits[2].administrations[0].cumulative == 13 * 10 + 5


# --- cycles -------------------------------------------------------------------------------------------------------------


def test_cycles_by_days() -> None:
    made = planned(visits("at: 'D1, D8, D15, D22', cycle: 'every 50 days, 5 cycles', give: X 10 mg/kg"), person(60))
    assert days(made) == [
        "C1D1 2025-01-06", "C1D8 2025-01-13", "C1D15 2025-01-20", "C1D22 2025-01-27",
        "C2D1 2025-02-25", "C2D8 2025-03-04", "C2D15 2025-03-11", "C2D22 2025-03-18",
        "C3D1 2025-04-16", "C3D8 2025-04-23", "C3D15 2025-04-30", "C3D22 2025-05-07",
        "C4D1 2025-06-05", "C4D8 2025-06-12", "C4D15 2025-06-19", "C4D22 2025-06-26",
        "C5D1 2025-07-25", "C5D8 2025-08-01", "C5D15 2025-08-08", "C5D22 2025-08-15",
    ]  # fmt: skip
    assert made.visits[-1].administrations[0].cumulative == 20 * 600


def test_cycles_by_months_are_counted_from_day_1_and_clipped() -> None:
    body = visits("at: 'D1, D15', cycle: 'every 6 months, 4 cycles', give: X 1 mg")
    made = planned(body, Subject(day("2025-08-31")))
    assert days(made) == [
        "C1D1 2025-08-31", "C1D15 2025-09-14", "C2D1 2026-02-28", "C2D15 2026-03-14",
        "C3D1 2026-08-31", "C3D15 2026-09-14", "C4D1 2027-02-28", "C4D15 2027-03-14",
    ]  # fmt: skip


def test_cycles_from_day_0() -> None:
    body = HEAD.replace("from 1", "from 0") + visits("at: 'D0, D7 to D9', cycle: 'every 28 days, 2 cycles', give: X 1 mg daily")
    made = plan(read_study_text(body)[0], Subject(START))
    assert days(made) == [
        "C1D0 2025-01-06", "C1D7 to C1D9 2025-01-13 to 2025-01-15", "C2D0 2025-02-03", "C2D7 to C2D9 2025-02-10 to 2025-02-12",
    ]  # fmt: skip
    assert made.visits[-1].administrations[0].cumulative == 8


def test_open_cycles_are_drawn_for_24_months_or_as_far_as_asked() -> None:
    body = visits("at: 'D1, D15', cycle: every 6 months, give: X 1 mg")
    assert days(planned(body, person()))[-2:] == ["C4D15 2026-07-20", "C5D1 2027-01-06"]
    assert days(planned(body, person(), until=day("2025-07-20")))[-1] == "C2D15 2025-07-20"
    assert days(planned(body, person(), until=day("2025-07-19")))[-1] == "C2D1 2025-07-06"
    assert days(planned(body, person(), until=day("2030-01-06")))[-1] == "C11D1 2030-01-06"


# --- the count of days --------------------------------------------------------------------------------------------------

KEEPS = """
products: {X: {}}
periods:
  p:
    length: 4 weeks
    visits: [{at: "D1, D15", give: X 10 mg}]
  q:
    counted from: first day of the study
    visits: [{at: "D15, D29, then every 14 days until D71", give: X 5 mg}]
transitions:
  - {id: done, from: p, to: q, after: end of p, within: 28 days}
"""


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (None, ["D1 2025-01-06", "D15 2025-01-20", "D29 2025-02-03", "D43 2025-02-17", "D57 2025-03-03", "D71 2025-03-17"]),
        ("2025-02-03", ["D1 2025-01-06", "D15 2025-01-20", "D29 2025-02-03", "D43 2025-02-17", "D57 2025-03-03", "D71 2025-03-17"]),
        ("2025-02-04", ["D1 2025-01-06", "D15 2025-01-20", "D43 2025-02-17", "D57 2025-03-03", "D71 2025-03-17"]),
        ("2025-02-17", ["D1 2025-01-06", "D15 2025-01-20", "D43 2025-02-17", "D57 2025-03-03", "D71 2025-03-17"]),
    ],
)
def test_a_period_that_keeps_the_count_of_the_study(entry: str | None, found: list[str]) -> None:
    entered = (Entered("q", day(entry)),) if entry else ()
    assert days(planned(KEEPS, person(entered=entered))) == found


GOES_ON = """products: {X: {}}
periods:
  ind: {length: 12 weeks, visits: [{at: "W1D1, W9D1", give: X 500 mg}]}
  main: {counted from: first day of the study, length: 12 weeks, visits: [{at: "W13D1, W17D1, W21D1", give: X 500 mg}]}
  ext: {counted from: first day of the study, length: 12 weeks, visits: [{at: "W25D1, W29D1, W33D1", give: X 500 mg}]}
transitions:
  - {id: a, from: ind, to: main, after: end of ind, within: 28 days}
  - {id: b, from: main, to: ext, after: end of main, within: not stated}
"""


@pytest.mark.parametrize(
    ("entry", "first", "after", "gone"),
    [
        (None, "2025-03-31", "2025-06-23", []),
        ("2025-04-01", "2025-04-01", "2025-06-24", ["W13D1", "W25D1"]),
        ("2025-04-28", "2025-04-28", "2025-07-21", ["W13D1", "W25D1"]),
    ],
)
def test_a_length_counts_from_the_entry_and_visits_before_it_are_told(entry: str | None, first: str, after: str, gone: list[str]) -> None:
    found = planned(GOES_ON, person(entered=(Entered("main", day(entry)),) if entry else ()))
    assert [(p.start, p.end) for p in found.periods[1:2]] == [(day(first), day(after))]
    assert found.periods[2].start == day(after)
    labels = ["W1D1", "W9D1", "W13D1", "W17D1", "W21D1", "W25D1", "W29D1", "W33D1"]
    assert [v.label for v in found.visits] == [label for label in labels if label not in gone]
    assert [note.split(";")[0] for note in notes(found, "before-entry")] == [f"not planned: {label}" for label in gone]


CYCLES = """products: {X: {}, Y: {}}
periods:
  main:
    visits:
      - {at: D1, cycle: "every 28 days, 2 cycles", counted from: previous dose, give: Y 5 mg}
      - {at: D2 to D6, cycle: "every 28 days, 2 cycles", counted from: previous dose, give: X 100 mg daily}
"""


@pytest.mark.parametrize(
    ("second", "first", "last"), [("2025-02-06", "2025-02-07", "2025-02-11"), ("2025-02-01", "2025-02-02", "2025-02-06")]
)
def test_a_course_moves_as_a_whole_with_its_cycle(second: str, first: str, last: str) -> None:
    found = made(CYCLES, done("C1D1", "2025-01-06"), done("C2D1", second))
    course = visit(found, "C2D2 to C2D6")
    assert (course.target, course.last, course.administrations[0].times) == (day(first), day(last), 5)


@pytest.mark.parametrize("by", ["dose", "visit"])
def test_the_days_of_a_cycle_by_months_count_from_its_own_first_day_whatever_is_recorded(by: str) -> None:
    """28 January, a month and 7 days is 7 March: not a month after 4 February, which is 4 days after the first of the cycle."""
    entry = f'{{at: "D1, D8", cycle: "every 1 month, 3 cycles", counted from: previous {by}, give: X 5 mg}}'
    study, _ = read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods:\n  main:\n    visits:\n      - {entry}\n")
    records = (done("C1D1", "2025-01-28"), done("C1D8", "2025-02-04"))
    for known in ((), records[:1], records):
        found = plan(study, Subject(day("2025-01-28"), records=known))
        assert [str(v.target)[5:] for v in found.visits] == ["01-28", "02-04", "02-28", "03-07", "03-28", "04-04"]
    late = plan(study, Subject(day("2025-01-28"), records=(*records, done("C2D1", "2025-03-03"))))
    assert [str(v.target)[5:] for v in late.visits[3:]] == ["03-10", "04-03", "04-10"]


@pytest.mark.parametrize("event", ["died", "treatment_stopped", "withdrawn"])
@pytest.mark.parametrize("records", [(), (done("D1 to D10", "2025-01-06"),)])
def test_no_course_goes_on_after_an_exit(event: str, records: tuple[Record, ...]) -> None:
    found = made(COURSE, *records, events=((event, "2025-01-08"),))
    assert (visit(found, "D1 to D10").last, dose(found, "D1 to D10").times, dose(found, "D1 to D10").total) == (day("2025-01-08"), 3, 300)
    assert dose(found, "D1 to D10").vials == (("100 mg", 3),)
    assert notes(found, "cut") == ["ends on 2025-01-08 Wed, and was planned to 2025-01-15 Wed"]


def test_a_course_that_is_cut_by_the_last_day_to_plan_says_so() -> None:
    found = made(COURSE, until=day("2025-01-10"))
    assert (dose(found, "D1 to D10").times, notes(found, "cut")) == (5, ["ends on 2025-01-10 Fri, and was planned to 2025-01-15 Wed"])


@pytest.mark.parametrize(("entry", "times"), [("2025-02-03", 28), ("2025-02-05", 26), ("2025-03-02", 1), ("2025-03-03", 0)])
def test_a_course_under_way_goes_on_from_the_entry(entry: str, times: int) -> None:
    found = made(COUNTS_ON, entered=(Entered("b", day(entry)),))
    courses = [v for v in found.visits if v.label == "D29 to D56"]
    assert [(v.target, v.last, v.administrations[0].times) for v in courses] == ([(day(entry), day("2025-03-02"), times)] if times else [])


OPEN = """products: {X: {}}
periods:
  a: {length: 52 weeks, visits: [{at: D1, give: X 10 mg}]}
  b:
    counted from: first day of the study
    length: not stated
    visits: [{at: "D1, then every 3 months", give: X 20 mg}]
transitions:
  - {id: c, from: a, to: b, after: end of a, within: 1000 days}
"""


@pytest.mark.parametrize(("entry", "last"), [("2026-01-05", "2027-10-06"), ("2026-07-01", "2028-04-06"), ("2028-08-01", "2030-07-06")])
def test_a_period_that_goes_on_counting_is_drawn_for_24_months_from_its_own_first_day(entry: str, last: str) -> None:
    """Its repeats are counted from 2025-01-06, and drawn up to 24 months after the entry, however late that is."""
    found = made(OPEN, entered=(Entered("b", day(entry)),))
    assert found.visits[-1].target == day(last)


def test_the_window_of_a_course_is_that_of_its_first_day() -> None:
    text = "products: {X: {}}\nperiods: {main: {visits: [{at: D30 to D35, window: -1d/+3d, give: X 100 mg daily}]}}\n"
    found = visit(made(text), "D30 to D35")
    assert (found.earliest, found.target, found.latest, found.last) == (
        day("2025-02-03"), day("2025-02-04"), day("2025-02-07"), day("2025-02-09"),
    )  # fmt: skip


@pytest.mark.parametrize(("start", "at", "window", "labels"), [
    ("0001-01-01", "at: D1", None, "D1"),
    ("9999-12-31", "at: D1", None, "D1"),
    ("0001-01-04", "at: D1", "±3d", "D1"),
    ("0001-01-03", "at: D1", "±3d", None),
    ("9999-12-28", "at: D1", "±3d", "D1"),
    ("9999-12-29", "at: D1", "±3d", None),
    ("9999-12-17", "at: D1 to D15", None, "D1 to D15"),
    ("9999-12-18", "at: D1 to D15", None, None),
    ("9999-12-03", "at: 'D1, then every 4 weeks'", None, "D1 D29"),
    ("9999-12-04", "at: 'D1, then every 4 weeks'", None, "D1"),
    ("9999-12-03", "at: D1, cycle: every 28 days", None, "C1D1 C2D1"),
    ("9999-12-04", "at: D1, cycle: every 28 days", None, "C1D1"),  # a cycle that may be another time is not drawn
    ("9999-12-30", "at: 'D1, D3', cycle: every 28 days", None, None),  # the first is refused
    ("9999-12-03", "at: D1, cycle: 'every 28 days, 2 cycles'", None, "C1D1 C2D1"),
    ("9999-12-04", "at: D1, cycle: 'every 28 days, 2 cycles'", None, None),
])  # fmt: skip
def test_at_the_ends_of_the_calendar_a_visit_is_planned_or_refused(start: str, at: str, window: str | None, labels: str | None) -> None:
    study, _ = read_study_text(HEAD + visits(f"{at}, assess: MRI{f', window: {window}' if window else ''}"))
    if labels is None:
        with pytest.raises(InputError, match=r"D[0-9]+ of `p` falls outside the years 1 to 9999"):
            plan(study, Subject(day(start)))
    else:
        assert " ".join(v.label for v in plan(study, Subject(day(start))).visits if v.target) == labels


def test_an_arm_that_a_period_does_not_have_is_refused_with_those_that_it_has() -> None:
    for arms, known in (("arms: [a, b]\n", "`a` or `b`"), ("", "none")):
        study, _ = read_study_text(HEAD + arms + visits("at: D1, give: X 5 mg"))
        with pytest.raises(InputError, match=f"the arms of `p` are {known}"):
            expand(study, replace(Cohort.of_subjects([Subject(START)], ()), arm=np.array([2], dtype=np.int16)))


UNTIL = """
    until       what                          shown  not shown
    2025-02-02  -                             1      3
    2025-02-03  -                             2      2
    2025-03-31  -                             4      0
    2025-02-03  withdrawn 2025-03-02          2      0
    2025-02-03  withdrawn 2025-03-03          2      1
    2025-02-03  treatment_stopped 2025-03-02  2      1
    2025-02-03  done D57 2025-03-05           3      1
    2025-02-03  booked D57 2025-03-05         3      1
"""


@pytest.mark.parametrize("row", columns(UNTIL), ids=lambda row: f"{row['until']} {row['what']}")
def test_of_planned_visits_behind_the_last_day_to_plan_it_is_said_how_many_there_are(row: dict[str, str]) -> None:
    """D57 is nothing but a dose, D85 no dose."""
    what, *words = row["what"].split()
    records = (done(words[0], words[1], status=what),) if what in ("done", "booked") else ()
    text = "products: {X: {}}\nperiods: {p: {visits: [{at: 'D1, D29, D57', give: X 5 mg}, {at: D85, assess: MRI}]}}\n"
    found = made(text, *records, events=((what, words[0]),) if words and not records else (), until=day(row["until"]))
    many = {"0": [], "1": ["1 planned visit after"]}.get(row["not shown"], [f"{row['not shown']} planned visits after"])
    assert notes(found, "until") == [f"{each} {date_text(day(row['until']))} not shown" for each in many]
    assert len(found.visits) == int(row["shown"])


BEFORE = """products: {X: {}, Y: {}}
periods:
  p: {length: 28 days, visits: [{at: D1, give: X 5 mg}, {at: relapse to relapse + 2 days, give: Y 9 mg daily}]}
  q: {visits: [{at: "D1, D15", give: X 5 mg}]}
transitions: [{id: t, from: p, to: q, after: end of p, within: 14 days}]
"""


@pytest.mark.parametrize("relapses", [(), ("2025-01-08",), ("2025-01-08", "2025-01-20")])
def test_a_record_of_a_later_period_is_of_its_visit_however_often_something_happened_before(relapses: tuple[str, ...]) -> None:
    found = made(BEFORE, done("q/D1", "2025-02-04"), events=tuple(("relapse", date) for date in relapses))
    assert [v.id for v in found.visits if v.status == "done"] == ["q/D1"]
    assert (str(visit(found, "D15").target), dose(found, "D15").cumulative) == ("2025-02-18", 15)


@pytest.mark.parametrize("window", ["±3d", "or later"])
def test_the_window_of_the_first_day_of_a_later_period_is_the_rule_that_leads_there(window: str) -> None:
    """Not that of the file, nor one that stands in where the file states none; the other days have theirs."""
    at = f"D1 {window}"
    text = f"""products: {{X: {{}}}}
periods:
  p: {{length: 28 days, visits: [{{at: D1, give: X 5 mg}}]}}
  q: {{visits: [{{at: {at}, give: X 5 mg}}, {{at: D15, assess: MRI}}, {{at: D29 {window}, assess: MRI}}]}}
transitions: [{{id: t, from: p, to: q, after: end of p, within: 14 days}}]
"""
    for asked in (None, Window(2, 2)):
        found = plan(read_study_text(HEAD + text)[0], Subject(START), window=asked)
        first, later, last = found.visits[1:]
        assert (str(first.earliest), str(first.latest), first.or_later) == ("2025-02-03", "2025-02-17", False)
        assert (str(later.earliest), str(later.latest)) == (("None", "None") if asked is None else ("2025-02-15", "2025-02-19"))
        assert (last.or_later, [note for note in found.notes if note.code == "overlap"]) == (window == "or later", [])
        assert str(last.earliest) == ("2025-02-28" if window == "±3d" else "2025-03-03")
