"""Every rule of a dose worked by hand, as tables that a pharmacist can check: subjects begin on Monday 2025-01-06."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import pytest
from test_cases import columns

from nmosd_dosing import Entered, Event, Plan, Record, RegimenError, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Administration, PlannedVisit
from nmosd_dosing.subjects.subject import Exposure, Weight

START = dt.date(2025, 1, 6)
HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nevents: {cd19_return: CD19 cells are back}\n"
PERIOD = "periods:\n  p:\n"


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def planned(body: str, subject: Subject, **options: Any) -> Plan:
    return plan(read_study_text(HEAD + body)[0], subject, **options)


def person(kg: str | float | None = None, cm: float | None = None, *events: tuple[str, str], **more: Any) -> Subject:
    return Subject(
        START,
        weight_kg=None if kg is None else float(kg),
        height_cm=cm,
        events=tuple(Event(name, day(date)) for name, date in events),
        **more,
    )


def product(*lines: str) -> str:
    return "products:\n  X:\n    route: IV infusion\n" + "".join(f"    {line}\n" for line in lines)


def visits(*lines: str, products: str = "products: {X: {}, Y: {}}\n", period: str = "") -> str:
    return products + PERIOD + period + "    visits:\n" + "".join(f"      - {{{line}}}\n" for line in lines)


def one(rule: str, kg: str | float | None, cm: float | None = None, *lines: str) -> Administration:
    """The one dose by a rule."""
    body = visits("at: D1, give: X r", products=product(*lines, "doses:", f"  r: {rule}"))
    (visit,) = planned(body, person(kg, cm)).visits
    return visit.administrations[0]


def shown(a: Administration) -> str:
    """`1025 mg`, `1200 mg capped`, or why there is no amount."""
    if a.amount is None:
        return a.amount_status
    return f"{a.amount:.10g} {a.unit}" + ("" if a.amount_status == "stated" else f" {a.amount_status}")


def days(made: Plan) -> list[str]:
    """`C1D1 2025-01-06`, and ` to` the last day of a course."""
    return [f"{v.label} {v.target}" + (f" to {v.last}" if v.last else "") for v in made.visits]


def at(made: Plan, label: str) -> PlannedVisit:
    (visit,) = (v for v in made.visits if v.label == label)
    return visit


# --- amounts ------------------------------------------------------------------------------------------------------------

AMOUNTS = """
    rule                                                               kg       cm     dose
    500 mg                                                             -        -      500 mg
    10 mg/kg                                                           102.5    -      1025 mg
    10 mg/kg                                                           64.005   -      640.05 mg
    10 mg/kg                                                           -        -      needs weight
    375 mg/m2                                                          60       170    631.2375 mg
    1 mg/m2                                                            60       170    1.6833 mg
    {amount: 1 mg/m2, surface: Mosteller}                              60       170    1.6833 mg
    {amount: 1 mg/m2, surface: Du Bois}                                60       170    1.6949 mg
    {amount: 1 mg/m2, surface: Mosteller}                              70       175    1.8447 mg
    {amount: 1 mg/m2, surface: Du Bois}                                70       175    1.8481 mg
    1 mg/m2                                                            36       100    1 mg
    375 mg/m2                                                          60       -      needs height
    375 mg/m2                                                          -        170    needs weight
    2e6 cells/kg                                                       70       -      140000000 cells
    {amount: 10 mg/kg, at most: 1200 mg}                               119.9    -      1199 mg
    {amount: 10 mg/kg, at most: 1200 mg}                               120      -      1200 mg
    {amount: 10 mg/kg, at most: 1200 mg}                               120.001  -      1200 mg capped
    {amount: 10 mg/kg, at most: 1200 mg}                               120.1    -      1200 mg capped
    {amount: 10 mg/kg, at most: 1.2 g}                                 120.1    -      1200 mg capped
    {amount: 10 mg/kg, round: up to 50 mg}                             70       -      700 mg
    {amount: 10 mg/kg, round: up to 50 mg}                             70.001   -      750 mg
    {amount: 10 mg/kg, round: up to 50 mg}                             75       -      750 mg
    {amount: 10 mg/kg, round: down to 50 mg}                           74.999   -      700 mg
    {amount: 10 mg/kg, round: down to 50 mg}                           75       -      750 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      72.499   -      700 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      72.5     -      700 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      72.501   -      750 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      77.499   -      750 mg
    {amount: 10 mg/kg, round: half even to 50 mg}                      77.5     -      800 mg
    {amount: 1 mg/kg, round: half even to 0.1 mg}                      60.25    -      60.2 mg
    {amount: 1 mg/kg, round: half even to 0.1 mg}                      60.35    -      60.4 mg
    {amount: 10 mg/kg, round: up to 50 mg, at most: 1200 mg}           118      -      1200 mg
    {amount: 10 mg/kg, round: up to 50 mg, at most: 1200 mg}           121      -      1200 mg capped
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         39.999   -      out of range
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         40       -      400 mg
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         149.999  -      1499.99 mg
    {amount: 10 mg/kg, weights: 40 to <150 kg}                         150      -      out of range
    {amount: 10 mg/kg, weights: up to 60 kg}                           60       -      600 mg
    {amount: 10 mg/kg, weights: up to 60 kg}                           60.001   -      out of range
    {amount: 10 mg/kg, weights: <60 kg}                                60       -      out of range
    {amount: 10 mg/kg, weights: more than 60 kg}                       60       -      out of range
    {amount: 10 mg/kg, weights: more than 60 kg}                       60.001   -      600.01 mg
    {amount: 10 mg/kg, weights: 60 kg or more}                         60       -      600 mg
    {amount: 10 mg/kg, weights: "40 to 60 kg"}                         60       -      600 mg
    {amount: 10 mg/kg, weights: ">40 to 60 kg"}                        40       -      out of range
    {amount: 500 mg, weights: 40 to <150 kg}                           -        -      needs weight
    {amount: 500 mg, weights: 40 to <150 kg}                           150      -      out of range
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           39.999   -      out of range
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           40       -      2400 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           59.999   -      2400 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           60       -      2700 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           99.999   -      2700 mg
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           100      -      out of range
    {bands: {40 to <60 kg: 2400 mg, 60 to <100 kg: 2700 mg}}           -        -      needs weight
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 600 mg}}                 59.999   -      599.99 mg
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 600 mg}}                 60       -      600 mg
    {bands: {up to 60 kg: 300 mg, more than 60 kg: not stated}}        60       -      300 mg
    {bands: {up to 60 kg: 300 mg, more than 60 kg: not stated}}        60.001   -      not stated
    {bands: {<60 kg: 375 mg/m2, 60 kg or more: 600 mg}}                59       -      needs height
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 12 mg/kg}, at most: 700 mg, round: up to 50 mg}  59  -  600 mg
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 12 mg/kg}, at most: 700 mg, round: up to 50 mg}  59.5  -  600 mg
    {bands: {<60 kg: 10 mg/kg, 60 kg or more: 12 mg/kg}, at most: 700 mg, round: up to 50 mg}  60  -  700 mg capped
"""


@pytest.mark.parametrize("row", columns(AMOUNTS), ids=lambda r: f"{r['rule']} {r['kg']} kg")
def test_amounts(row: dict[str, str]) -> None:
    kg, cm = (None if row[key] == "-" else float(row[key]) for key in ("kg", "cm"))
    words = row["dose"].split(" ")
    wanted = f"{float(words[0]):.10g} {' '.join(words[1:])}" if words[0][0].isdigit() else row["dose"]
    assert shown(one(row["rule"], kg, cm)) == wanted


VIALS = """
    rule                                                kg     dose      vials                    waste
    {amount: 10 mg/kg, round: up to whole vials}        70     720 mg    6 x 120 mg               0
    {amount: 10 mg/kg, round: up to whole vials}        72     720 mg    6 x 120 mg               0
    {amount: 10 mg/kg, round: up to whole vials}        72.001  760 mg    3 x 120 mg, 1 x 400 mg   0
    {amount: 10 mg/kg, round: down to whole vials}      79.999  760 mg    3 x 120 mg, 1 x 400 mg   0
    {amount: 10 mg/kg, round: down to whole vials}      80     800 mg    2 x 400 mg               0
    10 mg/kg                                            52     520 mg    1 x 120 mg, 1 x 400 mg   0
    10 mg/kg                                            51     510 mg    1 x 120 mg, 1 x 400 mg   10
    10 mg/kg                                            12     120 mg    1 x 120 mg               0
    10 mg/kg                                            12.001  120.01 mg  2 x 120 mg              119.99
    {amount: 10 mg/kg, at most: 1000 mg}                120    1000 mg capped  5 x 120 mg, 1 x 400 mg  0
"""


@pytest.mark.parametrize("row", columns(VIALS), ids=lambda r: f"{r['rule']} {r['kg']} kg")
def test_vials(row: dict[str, str]) -> None:
    a = one(row["rule"], row["kg"], None, "vials: [120 mg, 400 mg]")
    assert shown(a) == row["dose"]
    assert ", ".join(f"{n} x {size}" for size, n in a.vials or ()) == row["vials"]
    assert a.waste == pytest.approx(float(row["waste"]), abs=1e-9)
    assert a.amount is not None and a.dispensed == pytest.approx(a.amount + float(row["waste"]))


def test_volume_is_the_dose_by_the_concentration() -> None:
    a = one("8 mg/kg", 70, None, "vials: {sizes: [80 mg, 200 mg, 400 mg], concentration: 20 mg/mL}")
    assert (a.amount, a.volume_ml) == (560, 28)


# --- which weight -------------------------------------------------------------------------------------------------------

# Doses of 10 mg/kg on D1, D29 and D57: 2025-01-06, 2025-02-03 and 2025-03-03. Baseline 60 kg.
WEIGHTS = """
    weight                   weighed                                   doses
    baseline                 2025-02-03=66                             600 600 600
    latest                   2025-02-03=66                             600 660 660
    latest                   2025-02-04=66                             600 600 660
    latest                   2025-02-02=66                             600 660 660
    latest                   2025-01-20=66 2025-02-03=58               600 580 580
    changed by 10% or more   2025-02-03=65.994                         600 600 600
    changed by 10% or more   2025-02-03=66                             600 660 660
    changed by 10% or more   2025-02-03=66.006                         600 660.06 660.06
    changed by 10% or more   2025-02-03=54.006                         600 600 600
    changed by 10% or more   2025-02-03=54                             600 540 540
    changed by 10% or more   2025-02-03=53.994                         600 539.94 539.94
    changed by 10% or more   2025-02-03=66 2025-03-03=72.599           600 660 660
    changed by 10% or more   2025-02-03=66 2025-03-03=72.6             600 660 726
    changed by 10% or more   2025-02-03=66 2025-03-03=59.4             600 660 594
    changed by 10% or more   2025-02-03=66 2025-03-03=60               600 660 660
    changed by 10% or more   2025-01-20=63 2025-02-03=65.9 2025-03-03=66  600 600 660
    changed by 10% or more   2025-01-20=66 2025-02-03=59.401           600 660 660
    changed by 2.5% or more  2025-02-03=61.499                         600 600 600
    changed by 2.5% or more  2025-02-03=61.5                           600 615 615
    -                        -                                         600 600 600
    -                        2025-02-03=66                             600 660 660
    -                        2025-02-03=60.001                         600 600.01 600.01
"""
EVERY_4_WEEKS = "at: 'D1, D29, D57', give: X 10 mg/kg"


def weighed(text: str) -> tuple[Weight, ...]:
    return tuple(Weight(day(date), float(kg)) for date, _, kg in (item.partition("=") for item in text.split())) if text != "-" else ()


@pytest.mark.parametrize("row", columns(WEIGHTS), ids=lambda r: f"{r['weight']} {r['weighed']}")
def test_which_weight(row: dict[str, str]) -> None:
    lines = [] if row["weight"] == "-" else [f"weight: {row['weight']}"]
    made = planned(visits(EVERY_4_WEEKS, products=product(*lines)), person(60, weights=weighed(row["weighed"])))
    assert " ".join(f"{v.administrations[0].amount:g}" for v in made.visits) == row["doses"]


@pytest.mark.parametrize(
    ("weight", "doses"),
    [("", "600 600 600"), ("baseline", "600 600 600"), ("latest", "600 660 660"), ("changed by 10% or more", "600 660 660")],
)
def test_a_weight_recorded_at_a_visit_is_used_where_the_file_says_so(weight: str, doses: str) -> None:
    records = (Record("D29", day("2025-02-03"), weight_kg=66.0),)
    lines = [f"weight: {weight}"] if weight else []
    made = planned(visits(EVERY_4_WEEKS, products=product(*lines)), person(60, records=records))
    assert " ".join(f"{v.administrations[0].amount:g}" for v in made.visits) == doses


def test_the_plan_says_which_weight_was_used() -> None:
    made = planned(visits(EVERY_4_WEEKS, products=product("weight: latest")), person(60, weights=weighed("2025-02-03=66")))
    used = [(a.weight_kg, a.weight_of, a.weight_status) for v in made.visits for a in v.administrations]
    measured = day("2025-02-03")
    assert used == [(60, None, "baseline"), (66, measured, "measured"), (66, measured, "carried forward")]


# --- lifetime caps ------------------------------------------------------------------------------------------------------

# Every 3 weeks; 60 kg and 170 cm are 1.6833 m2.
CAPS = """
    cap         dose        earlier     times  given
    140 mg/m2   12 mg/m2    -           13     11
    140 mg/m2   12 mg/m2    40 mg/m2    13     8
    140 mg/m2   12 mg/m2    8 mg/m2     13     11
    140 mg/m2   12 mg/m2    8.001 mg/m2  13    10
    144 mg/m2   12 mg/m2    -           13     12
    143.9 mg/m2  12 mg/m2   -           13     11
    30 mg/kg    10 mg/kg    -           4      3
    30 mg/kg    10 mg/kg    0.1 mg/kg   4      2
    30 mg/kg    600 mg      -           4      3
    1800 mg     10 mg/kg    -           4      3
    1.8 g       600 mg      -           4      3
    1799 mg     600 mg      -           4      2
    1800 mg     600 mg      1 mg        4      2
    1000 mg     1001 mg     -           1      0
"""


@pytest.mark.parametrize("row", columns(CAPS), ids=lambda r: " ".join(r.values()))
def test_lifetime_caps(row: dict[str, str]) -> None:
    earlier: tuple[Exposure, ...] = ()
    if row["earlier"] != "-":
        number, _, unit = row["earlier"].partition(" ")
        mg, _, per = unit.partition("/")
        earlier = (Exposure("X", Fraction(number), mg, per),)  # type: ignore[arg-type]
    body = visits(
        f"at: D1, cycle: 'every 21 days, {max(2, int(row['times']))} cycles', give: X {row['dose']}",
        products=product(f"lifetime at most: {row['cap']}"),
    )
    made = planned(body, person(60, 170, earlier=earlier))
    statuses = [a.amount_status for v in made.visits for a in v.administrations]
    given = int(row["given"])
    assert statuses == ["stated"] * given + ["refused"] * (len(statuses) - given)
    last = made.visits[-1].administrations[0]
    assert (last.amount, last.total) == (None, None)
    assert last.cumulative == pytest.approx(sum(a.total or 0 for v in made.visits for a in v.administrations))
    assert [note.visits for note in made.notes if note.code == "refused"] == [(v.id,) for v in made.visits[given:]]


def test_a_smaller_dose_may_still_fit_under_a_lifetime_cap() -> None:
    body = visits(
        "at: D1, give: X 600 mg", "at: D2, give: X 500 mg", "at: D3, give: X 400 mg", products=product("lifetime at most: 1000 mg")
    )
    assert [shown(v.administrations[0]) for v in planned(body, person()).visits] == ["600 mg", "refused", "400 mg"]


# --- courses ------------------------------------------------------------------------------------------------------------

TAPER = ("at: D1 to D5, give: X 1000 mg daily", "at: D6 to D14, give: X 60 mg daily", "at: D15 to D21, give: X 50 mg daily")


def test_totals_of_a_taper() -> None:
    made = planned(visits(*TAPER, "at: D22, give: X 40 mg"), person())
    found = [(v.label, str(v.last), a.amount, a.times, a.total, a.cumulative) for v in made.visits for a in v.administrations]
    assert found == [
        ("D1 to D5", "2025-01-10", 1000, 5, 5000, 5000),
        ("D6 to D14", "2025-01-19", 60, 9, 540, 5540),
        ("D15 to D21", "2025-01-26", 50, 7, 350, 5890),
        ("D22", "None", 40, 1, 40, 5930),
    ]


@pytest.mark.parametrize(
    ("daily", "times"),
    [("daily", 5), ("twice daily", 10), ("3 times daily", 15), ("4 times daily", 20), ("twice daily at 08:00 and 20:00", 10)],
)
def test_so_often_a_day(daily: str, times: int) -> None:
    (visit,) = planned(visits(f"at: D1 to D5, give: X 250 mg {daily}"), person()).visits
    (a,) = visit.administrations
    assert (a.amount, a.times, a.total, a.cumulative) == (250, times, 250 * times, 250 * times)


def test_twice_on_one_day_and_by_weight() -> None:
    (visit,) = planned(visits("at: D1, give: X 10 mg/kg twice daily over 2 h"), person(64.005)).visits
    (a,) = visit.administrations
    assert (a.amount, a.times, a.total, a.minutes) == (640.05, 2, 1280.1, 120)


def test_a_course_takes_the_vials_of_all_its_doses() -> None:
    (visit,) = planned(visits("at: D1 to D3, give: X 90 mg daily", products=product("vials: [120 mg]")), person()).visits
    assert visit.administrations[0].vials == (("120 mg", 3),)


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


ENTRY = """
products: {X: {minimum gap: 7 days}, Y: {}}
periods:
  p:
    length: 52 weeks
    visits: [{at: D1, give: X 10 mg}, {at: D2 to D28, give: Y 10 mg daily}]
  q:
    visits: [{at: D1, give: Y 5 mg}]
transitions:
  - {id: a, from: p, to: q, after: relapse, within: 28 days}
"""


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


# --- courses after an event ---------------------------------------------------------------------------------------------

RESCUE = (
    "at: D1, give: Y 5 mg",
    "at: relapse to relapse + 4 days, give: X 1000 mg daily",
    "at: relapse + 5 days to relapse + 18 days, give: X 60 mg daily",
)
YEAR = "    length: 52 weeks\n"  # it ends on 2026-01-05

EVENTS = """
    events                                            planned
    -                                                 -
    relapse=2025-01-05                                -
    relapse=2025-01-06                                relapse to relapse+4d: 2025-01-06 to 2025-01-10; relapse+5d to relapse+18d: 2025-01-11 to 2025-01-24
    relapse=2025-03-10 relapse=2025-06-02             relapse to relapse+4d: 2025-03-10 to 2025-03-14; relapse+5d to relapse+18d: 2025-03-15 to 2025-03-28; relapse to relapse+4d (2): 2025-06-02 to 2025-06-06; relapse+5d to relapse+18d (2): 2025-06-07 to 2025-06-20
    relapse=2025-01-05 relapse=2025-06-02             relapse to relapse+4d: 2025-06-02 to 2025-06-06; relapse+5d to relapse+18d: 2025-06-07 to 2025-06-20
    relapse=2026-01-04                                relapse to relapse+4d: 2026-01-04 to 2026-01-08; relapse+5d to relapse+18d: 2026-01-09 to 2026-01-22
    relapse=2026-01-05                                -
    relapse=2025-03-11 withdrawn=2025-03-10           -
    relapse=2025-03-10 withdrawn=2025-03-10           relapse to relapse+4d: 2025-03-10 to 2025-03-10
    relapse=2025-03-10 withdrawn=2025-03-12           relapse to relapse+4d: 2025-03-10 to 2025-03-12
    relapse=2025-03-10 treatment_stopped=2025-03-20   relapse to relapse+4d: 2025-03-10 to 2025-03-14; relapse+5d to relapse+18d: 2025-03-15 to 2025-03-20
"""  # noqa: E501


@pytest.mark.parametrize("row", columns(EVENTS), ids=lambda r: r["events"])
def test_courses_after_an_event(row: dict[str, str]) -> None:
    events = [tuple(item.split("=")) for item in row["events"].split() if item != "-"]
    made = planned(visits(*RESCUE, period=YEAR), person(None, None, *events))  # type: ignore[arg-type]
    found = [f"{v.label}: {v.target} to {v.last}" for v in made.visits if v.label != "D1"]
    assert ("; ".join(found) or "-") == row["planned"]
    assert any(n.code == "event" for n in made.notes) == (row["planned"] == "-" and "withdrawn" not in row["events"])


def test_two_relapses_in_the_totals() -> None:
    made = planned(visits(*RESCUE), person(None, None, ("relapse", "2025-03-10"), ("relapse", "2025-06-02")))
    assert [v.administrations[0].cumulative for v in made.visits] == [5, 5000, 5840, 10840, 11680]


def test_the_day_of_an_event_is_its_day_0_and_weeks_are_named_in_days() -> None:
    body = visits("at: cd19_return, give: X 500 mg", "at: cd19_return + 2 weeks, give: X 500 mg, window: ±3d", "at: D1, give: Y 1 mg")
    made = planned(body, person(None, None, ("cd19_return", "2025-06-02")))
    assert days(made) == ["D1 2025-01-06", "cd19_return 2025-06-02", "cd19_return+14d 2025-06-16"]
    assert (str(made.visits[2].earliest), str(made.visits[2].latest)) == ("2025-06-13", "2025-06-19")


# --- gaps ---------------------------------------------------------------------------------------------------------------

GAPS = """\
    if gap:
      - {of: 8 to <12 weeks, then: restart at W3D1}
      - {of: 12 weeks or more, then: restart}
"""
REPEAT = "at: 'W1D1, W3D1, W5D1, then every 4 weeks until W25D1', give: X 100 mg"


@pytest.mark.parametrize(
    ("gap", "after"),
    [
        (55, "W13D1 2025-03-31"),
        (56, "W5D1 (restart) 2025-04-14"),
        (57, "W5D1 (restart) 2025-04-15"),
        (83, "W5D1 (restart) 2025-05-11"),
        (84, "W3D1 (restart) 2025-05-12"),
        (85, "W3D1 (restart) 2025-05-13"),
    ],
)
def test_what_a_gap_does(gap: int, after: str) -> None:
    """W5D1 is on 2025-02-03; the next dose, W9D1, is given `gap` days later."""
    records = (Record("W9D1", day("2025-02-03") + dt.timedelta(gap)),)
    made = planned(visits(REPEAT, period=GAPS), person(records=records))
    found = days(made)
    assert found[found.index("W5D1 2025-02-03") + 2] == after
    assert [n.message.split(" ")[1] for n in made.notes if n.code == "restart"] == {55: [], 84: ["begins"], 85: ["begins"]}.get(
        gap, ["goes"]
    )


@pytest.mark.parametrize(("gap", "holds"), [(56, False), (57, True)])
def test_more_than_8_weeks_begins_a_day_after_8_weeks(gap: int, holds: bool) -> None:
    records = (Record("W9D1", day("2025-02-03") + dt.timedelta(gap)),)
    made = planned(visits(REPEAT, period="    if gap: [{of: more than 8 weeks, then: restart}]\n"), person(records=records))
    assert any("restart" in v.label for v in made.visits) == holds


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


# --- what is wrong ------------------------------------------------------------------------------------------------------

TWICE = {
    "a taper whose steps share a day": ("at: D1 to D14, give: X 60 mg daily", "at: D14 to D28, give: X 50 mg daily"),
    "a dose within a course": ("at: D1 to D10, give: X 60 mg daily", "at: D5, give: X 500 mg"),
    "a course within a course": ("at: D1 to D10, give: X 60 mg daily", "at: D3 to D4, give: X 5 mg daily"),
    "a cycle's course and a day": ("at: D1 to D5, cycle: 'every 21 days, 3 cycles', give: X 1 mg daily", "at: D24, give: X 3 mg"),
    "a course after an event and a day of it": (
        "at: relapse to relapse + 4 days, give: X 1 mg daily",
        "at: relapse + 3 days, give: X 3 mg",
    ),
}


@pytest.mark.parametrize("lines", TWICE.values(), ids=TWICE)
def test_a_product_twice_on_a_day_of_a_course_is_refused(lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match=r"twice|overlap"):
        read_study_text(HEAD + visits(*lines))


@pytest.mark.parametrize(
    "lines",
    [
        ("at: D1 to D5, give: X 1 mg daily",),
        ("at: D1, give: X 1 mg twice daily",),
        ("at: D1 to D10, give: X 1 mg daily", "at: D12, give: X 1 mg"),
    ],
)
def test_doses_of_a_course_keep_the_minimum_gap(lines: tuple[str, ...]) -> None:
    with pytest.raises(RegimenError, match="minimum gap"):
        read_study_text(HEAD + visits(*lines, products="products: {X: {minimum gap: 7 days}}\n"))


def test_a_gap_after_a_course_begins_with_its_last_day() -> None:
    """D28 and D57 are 29 days apart."""
    rules = "    if gap: [{of: more than 40 days, then: restart}]\n"
    read_study_text(HEAD + visits("at: D1 to D28, give: X 10 mg daily", "at: D57, give: X 10 mg", period=rules))


def test_the_gap_before_an_entry_begins_with_the_last_day_of_a_course() -> None:
    made = planned(
        ENTRY.replace("X: {minimum gap: 7 days}, ", "X: {}, "),
        person(None, None, ("relapse", "2025-01-20"), entered=(Entered("q", day("2025-01-22")),)),
    )
    (gap,) = (n.message for n in made.notes if n.code == "gap")
    assert "15 days" not in gap


def test_a_course_after_the_event_that_opens_the_way_goes_on_over_the_entry() -> None:
    body = ENTRY.replace("{at: D2 to D28, give: Y 10 mg daily}", "{at: relapse to relapse + 4 days, give: Y 1000 mg daily}")
    made = planned(body, person(None, None, ("relapse", "2025-01-20"), entered=(Entered("q", day("2025-01-22")),)))
    assert at(made, "relapse to relapse+4d").last == day("2025-01-24")


# What is accepted, although a protocol writer would want to hear of it. The message that is wanted, or some words of it.
CONTRADICTIONS = {
    "a lifetime cap in a unit in which nothing is dosed": (
        visits("at: D1, give: X 500 mg", products=product("lifetime at most: 140 mL")),
        "its lifetime's cap is 140 mL",
    ),
    "two products that are each before the other": (
        visits("at: D1, give: [X 500 mg 30 min before Y, Y 1 mg 30 min before X]"),
        "each wait for the other",
    ),
    "the first period counted from the study's first day": (
        visits("at: D1, give: X 500 mg", period="    counted from: first day of the study\n"),
        "its first day is that of the study",
    ),
}


@pytest.mark.parametrize(("body", "match"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_what_contradicts_itself_is_refused(body: str, match: str) -> None:
    with pytest.raises(RegimenError, match=match):
        read_study_text(HEAD + body)
