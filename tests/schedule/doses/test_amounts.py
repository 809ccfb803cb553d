"""What the doses of a schedule add up to: tapers, several a day, missed and given ones, in the order of days."""

from __future__ import annotations

import pytest

from nmosd_dosing import Event, Subject, Weight
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.somebody import COURSE, done, dose, made, notes
from tests.kit.worked import RESCUE, person, planned, visits

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


def test_two_relapses_in_the_totals() -> None:
    made = planned(visits(*RESCUE), person(None, None, ("relapse", "2025-03-10"), ("relapse", "2025-06-02")))
    assert [v.administrations[0].cumulative for v in made.visits] == [5, 5000, 5840, 10840, 11680]


def test_a_dose_that_was_missed_has_its_place_among_the_totals() -> None:
    text = 'products: {X: {lifetime at most: 5000 mg}}\nperiods: {main: {visits: [{at: "D1, D8, D15", give: X 100 mg}]}}\n'
    found = made(text, done("D1", "2025-01-06", status="missed"))
    assert [dose(found, label).cumulative for label in ("D1", "D8", "D15")] == [0, 100, 200]


def test_totals_run_in_the_order_of_days() -> None:
    """D2 is given on 15 January, after D3."""
    text = "products: {X: {}}\nperiods: {main: {visits: [{at: D2, give: X 100 mg}, {at: D3 to D4, give: X 10 mg daily}]}}\n"
    found = made(text, done("D2", "2025-01-15"))
    assert [dose(found, label).cumulative for label in ("D3 to D4", "D2")] == [20, 120]


def test_the_last_day_to_plan_changes_nothing_that_was_given() -> None:
    found = made(COURSE, done("D1 to D10", "2025-01-06", "1000", "mg"), until=day("2025-01-08"))
    assert not notes(found, "wrong-dose") and [i.share for i in found.intensity] == [1]


SOME_DAY = """products: {X: {weight: latest}, Y: {}}
periods: {main: {visits: [{at: D1, give: X 1 mg/kg}, {at: not stated, name: some day, give: X 1 mg/kg}, {at: D29, give: X 1 mg/kg}]}}
"""
# 60 kg on day 1, 70 kg from 20 January on: 60 mg on D1, 70 on D29, 60 on a day that is not stated. Each is 1 mg/kg; 105 mg are 1.75 mg/kg
# on 10 January, and 1.5 mg/kg on 20 January.
BESIDE = """
    besides        D1           D29          some day
    -              60.0, 1.0    130.0, 2.0   190.0, 3.0
    X 01-05 105mg  165.0, 2.75  235.0, 3.75  295.0, 4.75
    X 01-10 105mg  60.0, 1.0    235.0, 3.75  295.0, 4.75
    X 01-20 105mg  60.0, 1.0    235.0, 3.5   295.0, 4.5
    X 02-03 105mg  60.0, 1.0    235.0, 3.5   295.0, 4.5
    X 02-04 105mg  60.0, 1.0    130.0, 2.0   295.0, 4.5
    X 01-10 ?      60.0, 1.0    None, None   None, None
    X 02-04 ?      60.0, 1.0    130.0, 2.0   None, None
    X 01-10 5mL    60.0, 1.0    None, None   None, None
    X 01-10 0mg    60.0, 1.0    130.0, 2.0   190.0, 3.0
    Y 01-10 105mg  60.0, 1.0    130.0, 2.0   190.0, 3.0
"""


@pytest.mark.parametrize("row", columns(BESIDE), ids=lambda r: r["besides"])
def test_a_dose_without_a_stated_day_comes_last_in_the_totals_and_in_those_per_kg(row: dict[str, str]) -> None:
    product, date, amount = row["besides"].split() if row["besides"] != "-" else ("", "", "")
    number, unit = (amount.rstrip("mgL"), amount.lstrip("0123456789")) if amount != "?" else (None, None)
    given = (done("unscheduled", f"2025-{date}", number, unit, product=product),) if product else ()
    found = made(SOME_DAY, done("D1", "2025-01-06"), *given, weight_kg=60, weights=(Weight(day("2025-01-20"), 70),))
    totals = {v.label: v.administrations[0] for v in found.visits}
    assert {label: f"{totals[label].cumulative}, {totals[label].cumulative_per_kg}" for label in ("D1", "D29", "some day")} == {
        label: row[label] for label in ("D1", "D29", "some day")
    }


OFTEN = """
    given                                     after the event           a            b          unknown
    X 10 mg twice daily                       X 30 mg                   20 40 70     20 40 70   20 40 70
    X 30 mg                                   X 10 mg twice daily       30 60 80     30 60 80   30 60 80
    X 10 mg twice daily                       X 5 mg twice daily        20 40 50     20 40 50   20 40 50
    {a: X 10 mg twice daily, b: X 5 mg}       {a: X 30 mg}              20 40 70     5 10 15    ? ? ?
    {a: X 5 mg, b: X 5 mg twice daily}        {b: X 1 mg 3 times daily}  5 10 15      10 20 23   ? ? ?
    {a: X 1 mg/kg, b: X 5 mg}                 {a: X 2 mg/kg}            60 120 240   5 10 15    ? ? ?
    {a: nothing, b: X 5 mg}                   {b: X 1 mg}               - - -        5 10 11    ? ? ?
    {a: X not stated, b: X 5 mg}              {a: X 5 mg}               ? ? ?        5 10 15    ? ? ?
    X not stated                              X 5 mg                    ? ? ?        ? ? ?      ? ? ?
"""


@pytest.mark.parametrize("row", columns(OFTEN), ids=lambda row: row["given"] + row["after the event"])
def test_totals_are_of_what_one_s_arm_gets_and_as_often_as_an_event_has_it(row: dict[str, str]) -> None:
    """On D1, D8 and D15, which is after the event."""
    body = f"""arms: [a, b]
products: {{X: {{}}}}
periods: {{p: {{visits: [{{at: 'D1, D8, D15', give: {row["given"]}, once: {{cd19_return: {row["after the event"]}}}}}]}}}}
"""
    for arm in ("a", "b", "unknown"):
        own = None if arm == "unknown" else arm
        subject = Subject(START, weight_kg=60, arm=own, events=(Event("cd19_return", day("2025-01-14")),))
        doses = [visit.administrations for visit in planned(body, subject).visits]
        totals = ["-" if not mine else "?" if mine[0].cumulative is None else f"{mine[0].cumulative:g}" for mine in doses]
        assert " ".join(totals) == row[arm], arm
