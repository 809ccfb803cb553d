"""What attackers and newcomers found in doses and courses, each as the smallest case; worked out by hand."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from test_cli import dosing

from nmosd_dosing import Entered, Event, Exposure, Plan, Record, RegimenError, Subject, load, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.pharmacy.comparison import compare
from nmosd_dosing.plans.plan import Administration, PlannedVisit

HEAD = "language: 1\nstudy: s\ntitle: s\nsource: made up\ndays: from 1\n"
START = dt.date(2025, 1, 6)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def made(text: str, *records: Record, events: tuple[tuple[str, str], ...] = (), **more: Any) -> Plan:
    """The plan of somebody who starts on 2025-01-06."""
    happened = tuple(Event(name, day(date)) for name, date in events)
    asked = {key: more.pop(key) for key in ("until", "as_of") if key in more}
    return plan(read_study_text(HEAD + text)[0], Subject(START, records=records, events=happened, **more), allow_deviation=True, **asked)


def visit(found: Plan, label: str) -> PlannedVisit:
    return next(v for v in found.visits if v.label == label)


def dose(found: Plan, label: str) -> Administration:
    return visit(found, label).administrations[0]


def done(label: str, date: str, amount: str | None = None, unit: str | None = None, **more: Any) -> Record:
    return Record(label, day(date), amount=Decimal(amount) if amount else None, unit=unit, **more)


def notes(found: Plan, code: str) -> list[str]:
    return [note.message for note in found.notes if note.code == code]


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


COURSE = "products: {X: {vials: [100 mg]}}\nperiods: {main: {visits: [{at: D1 to D10, give: X 100 mg daily, assess: MRI}]}}\n"


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


def test_a_recorded_amount_is_all_of_a_course() -> None:
    """0.3 g were given of ten times 100 mg."""
    found = made(COURSE, done("D1 to D10", "2025-01-06", "0.3", "g", status="partial"))
    given = dose(found, "D1 to D10")
    assert (given.amount, given.times, given.total, given.planned) == (300, 1, 300, 1000)
    assert [(i.given, i.planned, i.share) for i in found.intensity] == [(300, 1000, 0.3)]
    assert not notes(found, "wrong-dose")
    whole = made(COURSE, done("D1 to D10", "2025-01-06", "1000", "mg"))
    assert not notes(whole, "wrong-dose")
    assert notes(made(COURSE, done("D1 to D10", "2025-01-06", "100", "mg")), "wrong-dose") == ["X 100 mg is recorded, planned is 1000 mg"]


CAPPED = """products: {Y: {lifetime at most: 1000 mg}}
periods:
  main:
    visits:
      - {at: "D1, then every 4 weeks, 3 more times", give: Y 200 mg}
      - {at: relapse to relapse + 1 day, give: Y 150 mg daily}
"""


def test_a_lifetimes_cap_is_held_in_the_order_of_days() -> None:
    """200 on D1, 300 after the relapse, 200 on D29 and on D57: 900; D85 would make 1100."""
    found = made(CAPPED, events=(("relapse", "2025-01-10"),))
    status = {v.label: dose(found, v.label).amount_status for v in found.visits}
    assert status == {"D1": "stated", "relapse to relapse+1d": "stated", "D29": "stated", "D57": "stated", "D85": "refused"}
    assert notes(found, "refused") == ["Y on main/D85 is refused: with it the total would be 1100 mg, and the cap is 1000 mg"]
    assert found.visits[-1].administrations[0].cumulative == 900


def test_what_was_given_counts_under_a_lifetimes_cap() -> None:
    """100 before, 200 on D1 and 300 after the relapse, recorded: D29 and D57 make 1000, and D85 is refused."""
    given = (done("D1", "2025-01-06"), done("relapse to relapse+1d", "2025-01-10"))
    found = made(CAPPED, *given, events=(("relapse", "2025-01-10"),), earlier=(Exposure("Y", Fraction(100), "mg"),))
    assert [v.label for v in found.visits if dose(found, v.label).amount_status == "refused"] == ["D85"]


def test_a_cap_that_was_passed_is_told() -> None:
    given = tuple(done(label, date, "600", "mg") for label, date in (("D1", "2025-01-06"), ("D29", "2025-02-03")))
    found = made(CAPPED, *given)
    assert "the cap of 1000 mg of Y is passed by what was given: 1200 mg" in notes(found, "lifetime")


KEEPS = """products: {X: {}}
periods:
  a: {length: 28 days, visits: [{at: D1, give: X 10 mg}]}
  b:
    counted from: first day of the study
    visits:
      - {at: D29 to D56, give: X 20 mg daily}
      - {at: D57 to D84, give: X 10 mg daily}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: 14 days}
"""


@pytest.mark.parametrize(("entry", "times"), [("2025-02-03", 28), ("2025-02-05", 26), ("2025-03-02", 1), ("2025-03-03", 0)])
def test_a_course_under_way_goes_on_from_the_entry(entry: str, times: int) -> None:
    found = made(KEEPS, entered=(Entered("b", day(entry)),))
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


GAPS = """products: {X: {}, Y: {}}
periods:
  main:
    if gap: [{of: 12 weeks or more, then: restart, product: X}]
    visits:
      - {at: "D1, D15, D29, then every 4 weeks until D169", give: [Y 1 g 30 min before X, X 120 mg]}
"""


def test_a_premedication_hides_no_gap() -> None:
    """X on 20 January and then on 28 April, 98 days later; Y was given in between."""
    missed = [
        record
        for label, date in (("D29", "2025-02-03"), ("D57", "2025-03-03"), ("D85", "2025-03-31"))
        for record in (Record(label, day(date), product="Y"), Record(label, day(date), status="missed", product="X"))
    ]
    found = made(GAPS, done("D15", "2025-01-20"), *missed, done("D113", "2025-04-28"))
    assert notes(found, "restart") == [
        "main begins anew on 2025-04-28 Mon: 12 weeks or more from the dose of 2025-01-20 Mon to that of 2025-04-28 Mon"
    ]


def test_whose_gap_it_is_must_be_said_where_a_period_gives_several_products() -> None:
    with pytest.raises(RegimenError, match="between the doses of which product"):
        made(GAPS.replace(", product: X", ""))
    with pytest.raises(RegimenError, match="Z is not given in this period"):
        made(GAPS.replace("product: X", "product: Z"))


def test_a_dose_after_an_event_shortens_a_gap() -> None:
    text = """products: {X: {}}
periods:
  main:
    if gap: [{of: 12 weeks or more, then: restart}]
    visits:
      - {at: "D1, D15, then every 4 weeks until D169", give: X 120 mg}
      - {at: relapse to relapse + 1 day, give: X 5 mg daily}
"""
    missed = [Record(f"D{n}", START + dt.timedelta(n - 1), status="missed") for n in (43, 71)]
    given = (done("D15", "2025-01-20"), *missed, done("D99", "2025-04-14"))
    assert len(notes(made(text, *given), "restart")) == 1
    assert notes(made(text, *given, events=(("relapse", "2025-03-01"),)), "restart") == []


LOADING = """products: {Z: {}}
periods:
  main:
    if gap: [{of: 12 weeks or more, then: restart}]
    visits:
      - {at: D1, give: Z 360 mg}
      - {at: "D29, then every 4 weeks until D169", give: Z 120 mg}
"""


def test_the_dose_that_restarts_a_period_is_the_one_that_it_begins_with() -> None:
    """360 mg on D1; D29, D57 and D85 missed; the dose of D113 is a loading dose again."""
    missed = [Record(f"D{n}", START + dt.timedelta(n - 1), status="missed") for n in (29, 57, 85)]
    found = made(LOADING, done("D1", "2025-01-06"), *missed, done("D113", "2025-04-28", "360", "mg"))
    assert not notes(found, "wrong-dose")
    assert (dose(found, "D1 (restart)").amount, dose(found, "D1 (restart)").planned) == (360, 360)
    assert visit(found, "D1 (restart)").actual == day("2025-04-28") and "D113" not in [v.label for v in found.visits]
    unsaid = made(LOADING, done("D1", "2025-01-06"), *missed, done("D113", "2025-04-28"))
    assert (dose(unsaid, "D1 (restart)").amount, dose(unsaid, "D1 (restart)").cumulative) == (360, 720)


MISSED = tuple(Record(f"D{n}", START + dt.timedelta(n - 1), status="missed") for n in (29, 57, 85))
FIRST, RESTART = done("D1", "2025-01-06"), "D1 (restart)"


@pytest.mark.parametrize(
    ("loading", "amount", "times", "total"),
    [("Z 1 g", 1, 1, 1), ("Z 180 mg twice daily", 180, 2, 360), ("Z 0.36 g", 0.36, 1, 0.36)],
)
def test_the_dose_of_a_restart_in_its_own_unit_and_as_often(loading: str, amount: float, times: int, total: float) -> None:
    text = LOADING.replace("Z 360 mg", loading).replace("{Z: {}}", "{Z: {vials: [60 mg]}}")
    found = dose(made(text, FIRST, *MISSED, done("D113", "2025-04-28")), RESTART)
    assert (found.amount, found.times, found.total) == (amount, times, total)
    assert found.vials == (("60 mg", 17 if loading == "Z 1 g" else 6),)
    unit = "g" if " g" in loading else "mg"
    given = made(text, FIRST, *MISSED, done("D113", "2025-04-28", str(total), unit))
    assert not notes(given, "wrong-dose") and next(i.given for i in given.intensity if i.unit == unit) == 2 * total


def test_a_dose_of_a_restart_is_not_changed_by_an_event_for_others() -> None:
    text = LOADING.replace("give: Z 120 mg", "give: Z 120 mg, once: {escalated: Z 200 mg}")
    found = made(text, FIRST, *MISSED, done("D113", "2025-04-28"), events=(("escalated", "2025-02-01"),))
    assert dose(found, RESTART).amount == 360


@pytest.mark.parametrize(("entry", "recorded", "last", "times"), [
    ("2025-02-03", "2025-03-10", "2025-04-06", 28),
    ("2025-02-03", "2025-02-04", "2025-03-03", 28),
    ("2025-02-05", "2025-02-06", "2025-03-03", 26),
])  # fmt: skip
def test_a_recorded_course_moves_as_a_whole_where_the_count_goes_on(entry: str, recorded: str, last: str, times: int) -> None:
    found = made(KEEPS, done("D1", "2025-01-06"), done("D29 to D56", recorded), entered=(Entered("b", day(entry)),))
    course = visit(found, "D29 to D56")
    assert (course.actual, course.last, course.administrations[0].times) == (day(recorded), day(last), times)


def test_a_cap_counts_a_dose_that_was_given_beside_an_examination() -> None:
    """300 on D1 and, with an MRI, on D8: 600 of 500; D15 is refused."""
    text = """products: {X: {lifetime at most: 500 mg}}
periods: {main: {visits: [{at: D1, give: X 300 mg}, {at: D8, give: X 300 mg, assess: MRI}, {at: D15, give: X 200 mg}]}}
"""
    found = made(text, done("D1", "2025-01-06"), done("D8", "2025-01-13"))
    assert [dose(found, v.label).amount_status for v in found.visits] == ["stated", "stated", "refused"]
    assert "the cap of 500 mg of X is passed by what was given: 600 mg" in notes(found, "lifetime")


@pytest.mark.parametrize(("start", "times"), [("2025-01-28", 1), ("2025-01-30", 3), ("2025-03-29", 3), ("2025-01-01", 4)])
@pytest.mark.parametrize("recorded", [False, True])
def test_a_course_counted_in_months_is_as_long_whatever_is_recorded(start: str, times: int, recorded: bool) -> None:
    text = (
        "products: {X: {}}\nperiods: {main: {visits: [{at: D1, give: X 1 mg}, {at: D1 + 1 month to D4 + 1 month, give: X 9 mg daily}]}}\n"
    )
    subject = Subject(day(start), records=(done("D1", start),) if recorded else ())
    found = plan(read_study_text(HEAD + text)[0], subject)
    assert found.visits[1].administrations[0].times == times


def test_a_dose_that_was_missed_has_its_place_among_the_totals() -> None:
    text = 'products: {X: {lifetime at most: 5000 mg}}\nperiods: {main: {visits: [{at: "D1, D8, D15", give: X 100 mg}]}}\n'
    found = made(text, done("D1", "2025-01-06", status="missed"))
    assert [dose(found, label).cumulative for label in ("D1", "D8", "D15")] == [0, 100, 200]


def test_totals_run_in_the_order_of_days() -> None:
    """D1 is given on 15 January, after D3."""
    text = "products: {X: {}}\nperiods: {main: {visits: [{at: D1, give: X 100 mg}, {at: D3 to D4, give: X 10 mg daily}]}}\n"
    found = made(text, done("D1", "2025-01-15"))
    assert [dose(found, label).cumulative for label in ("D3 to D4", "D1")] == [20, 120]


def test_the_last_day_to_plan_changes_nothing_that_was_given() -> None:
    found = made(COURSE, done("D1 to D10", "2025-01-06", "1000", "mg"), until=day("2025-01-08"))
    assert not notes(found, "wrong-dose") and [i.share for i in found.intensity] == [1]


def test_a_gap_that_waits_is_counted_from_the_last_day_of_a_course() -> None:
    text = """products: {X: {}}
periods:
  main:
    if gap: [{of: 4 weeks or more, then: hold}]
    visits: [{at: D1 to D20, give: X 10 mg daily}, {at: D36, give: X 120 mg}]
"""
    assert not notes(made(text, done("D1 to D20", "2025-01-06"), done("D36", "2025-02-10")), "gap-rule")


def test_the_window_of_a_course_is_that_of_its_first_day() -> None:
    text = "products: {X: {}}\nperiods: {main: {visits: [{at: D30 to D35, window: -1d/+3d, give: X 100 mg daily}]}}\n"
    found = visit(made(text), "D30 to D35")
    assert (found.earliest, found.target, found.latest, found.last) == (
        day("2025-02-03"), day("2025-02-04"), day("2025-02-07"), day("2025-02-09"),
    )  # fmt: skip


def test_a_dose_after_an_event_is_no_entry() -> None:
    text = """products: {X: {minimum gap: 14 days}}
periods:
  a: {length: 28 days, visits: [{at: D1, give: X 10 mg}]}
  b: {visits: [{at: D1, give: X 10 mg}, {at: relapse, give: X 10 mg}]}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: 14 days}
"""
    found = made(text, events=(("relapse", "2025-02-06"),), entered=(Entered("b", day("2025-02-03")),))
    assert [v.id for v in found.visits] == ["a/D1", "b/D1", "b/relapse"]
    assert len(notes(found, "gap")) == 1


def test_a_dose_given_early_counts_as_planned() -> None:
    """D0 given, D14 missed, D28 a day early: two of three."""
    records = (
        done("D0", "2025-01-06", "600", "mg"), done("D14", "2025-01-20", status="missed"), done("D28", "2025-02-02", "600", "mg"),
    )  # fmt: skip
    found = plan(load("belimumab"), Subject(START, weight_kg=60, records=records))
    assert [(i.given, i.planned) for i in found.intensity] == [(1200, 1800)]


def test_vials_of_a_dose_in_part_are_those_of_the_planned_one() -> None:
    found = plan(load("belimumab"), Subject(START, weight_kg=60, records=(done("D0", "2025-01-06", "450", "mg", status="partial"),)))
    assert (dose(found, "D0").vials, dose(found, "D0").dispensed) == ((("120 mg", 5),), 600)


@pytest.mark.parametrize(("amount", "status"), [("1500", "done"), ("300", "partial")])
def test_vials_of_a_recorded_course_are_opened_for_each_of_its_doses(amount: str, status: Any) -> None:
    """150 mg on ten days: two vials of 100 mg each day."""
    text = COURSE.replace("X 100 mg daily", "X 150 mg daily")
    found = dose(made(text, done("D1 to D10", "2025-01-06", amount, "mg", status=status)), "D1 to D10")
    assert (found.vials, found.dispensed, found.total) == ((("100 mg", 20),), 2000, float(amount))
    missed = dose(made(text, done("D1 to D10", "2025-01-06", status="missed")), "D1 to D10")
    assert not missed.vials


def test_twelve_months_end_the_day_before_their_anniversary() -> None:
    [found] = compare([(load("bat4406f"), "olp")], months=12).regimens
    assert (found.administrations, found.totals[0].total) == (2, 1000)


SUBJECTS = "subject,start,weight_kg\nA,2025-01-06,60\nB,2025-01-06,70\n"
WEIGHINGS = [
    ("A,2025-02-01,66\n", ["660 mg", "700 mg"], None),
    ("A,2025-03-04,66\n", ["600 mg", "700 mg"], None),
    ("A,2025-01-06,66\n", None, "the weight of subject `A` on 2025-01-06 is not after day 1, 2025-01-06"),
    ("A,2025-02-01,66\nA,2025-02-01,67\n", None, "two weights of subject `A` on 2025-02-01"),
    ("A,2025-02-01,\n", None, "no weight"),
    ('A,2025-02-01,"66,5"\n', None, "`66,5` has a decimal comma"),
]


@pytest.mark.parametrize(("rows", "amounts", "error"), WEIGHINGS)
def test_a_table_of_weighings(tmp_path: Path, rows: str, amounts: list[str] | None, error: str | None) -> None:
    (tmp_path / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (tmp_path / "w.csv").write_text(f"subject,date,weight_kg\n{rows}", encoding="utf-8")
    asked = ("prepare", "--regimen", "belimumab", "--subjects", str(tmp_path / "s.csv"), "--weighings", str(tmp_path / "w.csv"))
    done = dosing(*asked, "--from", "2025-03-03", "--days", "1", "--format", "csv")
    if error is not None:
        assert (done.returncode, done.stdout) == (2, "") and error in done.stderr
    else:
        assert [f"{row['amount']} {row['unit']}" for row in csv.DictReader(done.stdout.splitlines())] == amounts


def test_recorded_weights_that_do_not_count_are_told(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (tmp_path / "v.csv").write_text("subject,visit,date,weight_kg\nB,D28,2025-02-03,77\n", encoding="utf-8")
    asked = ("prepare", "--regimen", "belimumab", "--subjects", str(tmp_path / "s.csv"), "--visits", str(tmp_path / "v.csv"))
    done = dosing(*asked, "--from", "2025-03-03", "--days", "1")
    assert done.returncode == 0
    assert done.stderr == (
        "weight: weights recorded with visits are not those that doses are by (B); "
        "`--weighings FILE` with subject, date, weight_kg makes them count\n"
    )
