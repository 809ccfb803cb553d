"""A period again after a gap and once more for each event: where a restart begins, to the day, and what an event brings."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import Entered, Plan, Record
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import PlannedVisit
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects.cohort import Cohort
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.gapped import RULES, VISITS, spaced, targets
from tests.kit.recorded import MISSED, after
from tests.kit.somebody import done, dose, made, notes, visit
from tests.kit.worked import ENTRY, RESCUE, days, person, planned, visits
from tests.kit.worked import HEAD as WORKED


def at(made: Plan, label: str) -> PlannedVisit:
    (visit,) = (v for v in made.visits if v.label == label)
    return visit


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


def test_whoever_else_is_in_the_table_the_courses_after_an_event_are_ones_own() -> None:
    people = [person(None, None, *(tuple(e.split("=")) for e in row["events"].split() if e != "-")) for row in columns(EVENTS)]  # type: ignore[arg-type]
    study = read_study_text(WORKED + visits(*RESCUE, period=YEAR))[0]
    together = by_subject(expand(study, Cohort.of_subjects(people, ())))
    for subject, found in zip(people, together, strict=True):
        [alone] = by_subject(expand(study, Cohort.of_subject(subject, ())))
        days, own = ([(v.id, v.target, v.last) for v in of.visits if v.target is not None] for of in (found, alone))
        assert days == own


def test_the_day_of_an_event_is_its_day_0_and_weeks_are_named_in_days() -> None:
    body = visits("at: cd19_return, give: X 500 mg", "at: cd19_return + 2 weeks, give: X 500 mg, window: ±3d", "at: D1, give: Y 1 mg")
    made = planned(body, person(None, None, ("cd19_return", "2025-06-02")))
    assert days(made) == ["D1 2025-01-06", "cd19_return 2025-06-02", "cd19_return+14d 2025-06-16"]
    assert (str(made.visits[2].earliest), str(made.visits[2].latest)) == ("2025-06-13", "2025-06-19")


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
    records = (Record("W5D1", day("2025-02-03")), Record("W9D1", day("2025-02-03") + dt.timedelta(gap)))
    made = planned(visits(REPEAT, period=GAPS), person(records=records))
    found = days(made)
    assert found[found.index("W5D1 2025-02-03") + 2] == after
    assert [n.message.split(" ")[1] for n in made.notes if n.code == "restart"] == {55: [], 84: ["begins"], 85: ["begins"]}.get(
        gap, ["goes"]
    )


@pytest.mark.parametrize(("gap", "holds"), [(56, False), (57, True)])
def test_more_than_8_weeks_begins_a_day_after_8_weeks(gap: int, holds: bool) -> None:
    records = (Record("W5D1", day("2025-02-03")), Record("W9D1", day("2025-02-03") + dt.timedelta(gap)))
    made = planned(visits(REPEAT, period="    if gap: [{of: more than 8 weeks, then: restart}]\n"), person(records=records))
    assert any("restart" in v.label for v in made.visits) == holds


def test_a_course_after_the_event_that_opens_the_way_goes_on_over_the_entry() -> None:
    body = ENTRY.replace("{at: D2 to D28, give: Y 10 mg daily}", "{at: relapse to relapse + 4 days, give: Y 1000 mg daily}")
    made = planned(body, person(None, None, ("relapse", "2025-01-20"), entered=(Entered("q", day("2025-01-22")),)))
    assert at(made, "relapse to relapse+4d").last == day("2025-01-24")


@pytest.mark.parametrize(("given", "restarts"), [("2025-03-31", False), ("2025-04-01", True)])
def test_a_gap_restarts_on_the_day_after_its_length(given: str, restarts: bool) -> None:
    """D29 is on 2025-02-03; 8 weeks later is 2025-03-31."""
    found = spaced(RULES + VISITS, ("D29", day("2025-02-03")), ("D57", day(given)))
    assert any("restart" in v.label for v in found.visits) == restarts
    if restarts:
        assert targets(found) == {
            "D1": "2025-01-06 planned", "D15": "2025-01-20 planned", "D29": "2025-02-03 done", "D1 (restart)": "2025-04-01 done",
            "D15 (restart)": "2025-04-15 planned", "D29 (restart)": "2025-04-29 planned", "D57 (restart)": "2025-05-27 planned",
            "D85 (restart)": "2025-06-24 planned", "D113 (restart)": "2025-07-22 planned", "D141 (restart)": "2025-08-19 planned",
        }  # fmt: skip
        assert len({v.id for v in found.visits}) == len(found.visits)
        assert found.visits[-1].administrations[0].cumulative == 1000
        [note] = [n for n in found.notes if n.code == "restart"]
        assert (
            note.message == "main begins anew on 2025-04-01 Tue: >8 to 12 weeks from the dose of 2025-02-03 Mon to that of 2025-04-01 Tue"
        )


def test_missed_doses_make_a_gap_and_the_next_one_is_day_1() -> None:
    missed = ("D29", day("2025-02-03")), ("D57", day("2025-03-03"), "missed"), ("D85", day("2025-03-31"), "withheld")
    assert targets(spaced(RULES + VISITS, *missed))["D113"] == "2025-04-28 planned"  # nobody has recorded it
    found = targets(spaced(RULES + VISITS, *missed, ("D113", day("2025-04-28"))))
    assert found["D1 (restart)"] == "2025-04-28 done"
    assert "D113" not in found and found["D85"] == "2025-03-31 withheld"


def test_a_second_gap_restarts_again() -> None:
    first = ("D29", day("2025-02-03")), ("D57", day("2025-04-01"))
    found = targets(spaced(RULES + VISITS, *first, ("D29 (restart)", day("2025-06-24")), ("D15 (restart)", day("2025-04-15"))))
    assert found["D1 (restart 2)"] == "2025-06-24 done"
    assert found["D15 (restart 2)"] == "2025-07-08 planned"
    assert "D57 (restart)" not in found


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


MISSED_RECORDS = tuple(Record(f"D{n}", START + dt.timedelta(n - 1), status="missed") for n in (29, 57, 85))
FIRST, RESTART = done("D1", "2025-01-06"), "D1 (restart)"


@pytest.mark.parametrize(
    ("loading", "amount", "times", "total"),
    [("Z 1 g", 1, 1, 1), ("Z 180 mg twice daily", 180, 2, 360), ("Z 0.36 g", 0.36, 1, 0.36)],
)
def test_the_dose_of_a_restart_in_its_own_unit_and_as_often(loading: str, amount: float, times: int, total: float) -> None:
    text = LOADING.replace("Z 360 mg", loading).replace("{Z: {}}", "{Z: {vials: [60 mg]}}")
    found = dose(made(text, FIRST, *MISSED_RECORDS, done("D113", "2025-04-28")), RESTART)
    assert (found.amount, found.times, found.total) == (amount, times, total)
    assert found.vials == (("60 mg", 17 if loading == "Z 1 g" else 6),)
    unit = "g" if " g" in loading else "mg"
    given = made(text, FIRST, *MISSED_RECORDS, done("D113", "2025-04-28", str(total), unit))
    assert not notes(given, "wrong-dose") and next(i.given for i in given.intensity if i.unit == unit) == 2 * total


def test_a_dose_of_a_restart_is_not_changed_by_an_event_for_others() -> None:
    text = LOADING.replace("give: Z 120 mg", "give: Z 120 mg, once: {escalated: Z 200 mg}")
    found = made(text, FIRST, *MISSED_RECORDS, done("D113", "2025-04-28"), events=(("escalated", "2025-02-01"),))
    assert dose(found, RESTART).amount == 360


def test_a_restart_counts_from_the_day_on_which_it_took_place() -> None:
    days = {v.label: v.actual or v.target for v in after(("D29", "2025-02-03", "done"), *MISSED, ("D113", "2025-04-25", "done")).visits}
    assert days["D1 (restart)"] == dt.date(2025, 4, 25)
    assert days["D15 (restart)"] == dt.date(2025, 5, 9)


def test_a_dose_after_a_gap_that_was_to_wait_was_decided_on_and_restarts_nothing() -> None:
    found = after(("D29", "2025-02-03", "done"), *MISSED, ("D113", "2025-05-26", "done"))
    assert not any("restart" in v.label for v in found.visits)
    assert {v.label: v.status for v in found.visits}["D141"] == "planned"


@pytest.mark.parametrize(
    "beside", [done("relapse", "2025-01-20"), Record("unscheduled", day("2025-01-20"), product="X")], ids=["course", "extra"]
)
def test_a_dose_beside_the_visits_makes_one_gap_and_no_other_after_the_restart(beside: Record) -> None:
    """The dose of 2025-04-07 comes too late after that of 2025-01-20, and restarts once: it was asked again of the restart itself."""
    text = """products: {X: {}}
periods:
  a:
    if gap: [{of: 8 weeks or more, then: restart}]
    visits: [{at: "D1, D29, D57", give: X 500 mg}, {at: relapse, give: X 1 mg}]
    spans: {watch: {title: Watch, from: first dose, to: last dose + 30 days}}
"""
    records = (done("D1", "2025-01-06"), beside, done("D29", "2025-04-07"))
    found = made(text, *records, events=(("relapse", "2025-01-20"),) if beside.visit == "relapse" else ())
    assert [v.label for v in found.visits if "restart" in v.label] == ["D1 (restart)", "D29 (restart)", "D57 (restart)"]
    assert [(span.name, span.end) for span in found.spans] == [("Watch", day("2025-07-02"))]
