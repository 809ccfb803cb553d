"""What a reader is told of whatever has happened: what it ends, what it changes nothing of, and how the way was gone."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered
from tests.kit.dates import day
from tests.kit.somebody import made, recorded, told

STUDY = """products: {X: {}}
periods:
  a: {length: 57 days, visits: [{at: "D1, D29", give: X 1 mg}, {at: D50, kept after: withdrawn, assess: MRI}]}
  b: {visits: [{at: D1, give: X 1 mg}]}
transitions:
  - {id: early, from: a, to: b, after: relapse, needs: [relapse_confirmed, stable], within: 28 days, assumed: the day of diagnosis}
  - {id: stop, from: a, to: b, after: study stop, within: 14 days}
  - {id: ended, from: a, to: b, after: end of a, within: 14 days}
study stop: {earliest of: [idmc_stop]}
"""
# The period is over on 2025-03-04.
NOTHING, STAY = "nothing after it is planned", "times that hang on doses stay"
ASSUMED = "assumed: entry into b, rule early: the day of diagnosis"
ENDED = "end of a on 2025-03-04 Tue: entry into b from 2025-03-04 Tue to 2025-03-18 Tue"
NO_ANSWER = "event: a decision of the committee is recorded with no relapse on or before it: it answers nothing"
BEFORE_ENTRY = "after the end of a and before entry: it changes nothing by itself"
ENDED_EARLY = "end: a ended on 2025-01-07 Tue as recorded, 56 days before its planned end, 2025-03-04 Tue"
HAPPENED = [
    ("", "", []),
    ("withdrawn 02-10", "", [f"exit: withdrawn on 2025-02-10 Mon: {NOTHING}; {STAY}, and so does D50"]),
    ("withdrawn 02-24", "", [f"exit: withdrawn on 2025-02-24 Mon: {NOTHING}; {STAY}"]),  # the day of D50
    ("withdrawn 01-02", "", [f"exit: withdrawn on 2025-01-02 Thu, 4 days before day 1: {NOTHING}; {STAY}, and so does D50"]),
    ("withdrawn 01-06", "", [f"exit: withdrawn on 2025-01-06 Mon: {NOTHING}; {STAY}, and so does D50"]),
    ("lost 02-10", "", [f"exit: lost on 2025-02-10 Mon: {NOTHING}; {STAY}"]),
    ("died 02-10", "", [f"exit: died on 2025-02-10 Mon: {NOTHING}"]),
    ("treatment_stopped 02-10", "", [
        "exit: treatment_stopped on 2025-02-10 Mon: no dose after it is planned; what is planned without doses stays, "
        "and follow-up that hangs on doses stays",
    ]),
    ("a_completed 03-01", "", ["end: a ended on 2025-03-01 Sat as recorded, 3 days before its planned end, 2025-03-04 Tue"]),
    ("a_completed 03-04", "", []),
    ("a_completed 03-06", "", ["end: a ended on 2025-03-06 Thu as recorded, 2 days after its planned end, 2025-03-04 Tue"]),
    ("relapse_confirmed 02-10", "", [NO_ANSWER]),
    ("relapse 02-10, relapse_confirmed 02-09", "", [ASSUMED, NO_ANSWER]),
    ("relapse 02-10, relapse_confirmed 02-10, stable 02-12", "", [ASSUMED]),
    ("relapse 02-10, relapse_rejected 02-12, relapse_confirmed 02-14, stable 02-15", "", [
        ASSUMED,
        "event: relapse of 2025-02-10 Mon: rejected on 2025-02-12 Wed and confirmed on 2025-02-14 Fri; "
        "it is taken as confirmed, the last decision",
    ]),
    ("relapse 02-10, relapse_confirmed 02-12, relapse_rejected 02-14", "", [
        "event: relapse of 2025-02-10 Mon: confirmed on 2025-02-12 Wed and rejected on 2025-02-14 Fri; "
        "it is taken as rejected, the last decision",
    ]),
    ("relapse 02-10, stable 02-09", "", [ASSUMED, "event: stable on 2025-02-09 Sun comes before any relapse: it answers none"]),
    ("relapse 02-10, stable 02-10", "", [ASSUMED]),
    ("relapse 02-10, relapse 02-20, relapse_rejected 02-20", "", [
        ASSUMED,
        "event: relapse of 2025-02-10 Mon: no decision is recorded; each decision answers the latest relapse on or before it",
    ]),
    ("relapse 03-03, relapse_rejected 03-03", "", []),
    ("relapse 03-04", "", [f"event: relapse of 2025-03-04 Tue, {BEFORE_ENTRY}"]),
    ("relapse 01-06, a_completed 01-07", "", [ASSUMED, ENDED_EARLY]),
    ("relapse 01-07, a_completed 01-07", "", [ENDED_EARLY, f"event: relapse of 2025-01-07 Tue, {BEFORE_ENTRY}"]),
    ("relapse 03-05", "03-06", [f"entry: {ENDED}; entered on 2025-03-06 Thu", f"event: relapse of 2025-03-05 Wed, {BEFORE_ENTRY}"]),
    ("relapse 03-10", "03-06", [
        f"entry: {ENDED}; entered on 2025-03-06 Thu",
        "event: relapse of 2025-03-10 Mon, after the entry into a later period: it changes nothing by itself",
    ]),
    ("", "03-05", [f"entry: {ENDED}; entered on 2025-03-05 Wed"]),
    ("", "03-25", [f"deviation: {ENDED}; entered on 2025-03-25 Tue, 7 days late: a deviation"]),
    ("declined 03-10", "", ["declined: end of a on 2025-03-04 Tue: entry into b declined on 2025-03-10 Mon"]),
    ("idmc_stop 02-10", "", ["study-stop: the study stopped on 2025-02-10 Mon, by `idmc_stop`"]),
    ("screened 01-02, consented 01-03", "", ["order: screened on 2025-01-02 Thu is before consented, 2025-01-03 Fri: check the dates"]),
    ("screened 01-02, consented 01-02", "", []),
    ("screen_failed 01-02, screened 01-03", "", [
        "event: screen_failed on 2025-01-02 Thu is of an earlier screening than that on 2025-01-03 Fri, and ends nothing",
    ]),
    ("screen_failed 01-03, screened 01-02", "", [f"exit: screen_failed on 2025-01-03 Fri, 3 days before day 1: {NOTHING}"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "entered", "notes"), HAPPENED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_has_happened_is_told(what: str, entered: str, notes: list[str]) -> None:
    events = [(name, f"2025-{date}") for name, date in (item.split() for item in what.split(", ") if item)]
    of_study = {name: day(date) for name, date in events if name == "idmc_stop"}
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    found = made(STUDY, events=tuple(event for event in events if event[0] not in of_study), of_study=of_study, entered=into)
    others = ("no-window", "weekend", "gap", "short-gap", "projected", "pending")
    assert [f"{note.code}: {note.message}" for note in found.notes if note.code not in others] == notes


GAPS = """products: {X: {%s}, Y: {}}
arms: [one, two]
periods:
  a: {length: 57 days, visits: [{at: "D1, D29, D50", give: X 1 mg}, {at: D40, give: {one: Y 1 mg, two: nothing}}]}
  b: {visits: [{at: "D1, D22", give: X 1 mg}]}
transitions: [{id: t, from: a, to: b, after: relapse, within: 60 days}]
"""
D29, D50 = "a/D29 (2025-02-03 Mon)", "a/D50 (2025-02-24 Mon)"
SHORTER = "less than the shortest planned interval, 21 days;"


@pytest.mark.parametrize(
    ("minimum", "relapse", "entered", "gap", "short"),
    [
        ("", "02-10", None, f"7 days from {D29}", f"{SHORTER} no minimum gap is stated"),
        ("", "02-10", "02-23", f"20 days from {D29}", f"{SHORTER} no minimum gap is stated"),
        ("", "02-10", "02-24", f"21 days from {D29}", None),
        ("", "02-24", "02-25", f"1 day from {D50}", f"{SHORTER} no minimum gap is stated"),
        ("minimum gap: 14 days", "02-10", None, f"7 days from {D29}", "less than the minimum gap, 14 days; not before 2025-02-17 Mon"),
        ("minimum gap: 14 days", "02-16", None, f"13 days from {D29}", "less than the minimum gap, 14 days; not before 2025-02-17 Mon"),
        ("minimum gap: 14 days", "02-17", None, f"14 days from {D29}", f"{SHORTER} the minimum gap is 14 days"),
        ("minimum gap: 14 days", "02-10", "02-23", f"20 days from {D29}", f"{SHORTER} the minimum gap is 14 days"),
        ("minimum gap: 14 days", "02-10", "02-24", f"21 days from {D29}", None),
        ("minimum gap: 21 days", "02-10", "02-24", f"21 days from {D29}", None),
    ],
)
def test_the_gap_at_an_entry_is_told_and_whether_it_is_short(
    minimum: str, relapse: str, entered: str | None, gap: str, short: str | None
) -> None:
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    found = told(made(GAPS % minimum, events=(("relapse", f"2025-{relapse}"),), entered=into), "gap", "short-gap")
    shown = [note.split(" to the first dose of b ") for note in found if not note.startswith("short-gap: X: a dose before")]
    assert [words for words, _ in shown] == [f"gap: X: {gap}", *([f"short-gap: X: {gap}"] if short else [])]
    assert [note.partition(": ")[2] for _, note in shown][1:] == ([short] if short else [])


BY_MONTHS = """products: {X: {minimum gap: 1 month}}
periods:
  a: {length: 57 days, visits: [{at: D1, give: X 1 mg}]}
  b: {visits: [{at: "D1, D92", give: X 1 mg}]}
transitions: [{id: t, from: a, to: b, after: relapse, within: 60 days}]
"""


@pytest.mark.parametrize(
    ("entered", "short"),
    [  # a month after 2025-01-06 is 2025-02-06, 31 days later
        ("02-02", "less than the minimum gap, 1 month"),
        ("02-03", "less than the minimum gap, 1 month"),
        ("02-05", "less than the minimum gap, 1 month"),
        ("02-06", "less than the shortest planned interval, 91 days; the minimum gap is 1 month"),
        ("04-06", "less than the shortest planned interval, 91 days; the minimum gap is 1 month"),
        ("04-07", None),
    ],
)
def test_a_minimum_gap_of_months_is_counted_from_the_dose_before(entered: str, short: str | None) -> None:
    into = (Entered("b", day(f"2025-{entered}")),)
    found = made(BY_MONTHS, events=(("relapse", "2025-01-20"),), entered=into, accept_gap=True)
    assert [note.split("): ")[1] for note in told(found, "short-gap")] == ([short] if short else [])


D40 = "the dose of a/D40 on 2025-02-14 Fri falls away: "


@pytest.mark.parametrize(
    ("relapse", "entered", "arm", "records", "event", "lost"),
    [
        ("02-14", None, "one", "", None, [f"{D40}projected entry into b on 2025-02-14 Fri"]),
        ("02-14", None, None, "", None, [f"{D40}projected entry into b on 2025-02-14 Fri"]),
        ("02-14", None, "two", "", None, []),  # who gets nothing then loses nothing
        ("02-14", "02-14", "one", "", None, [f"{D40}entry into b on 2025-02-14 Fri"]),
        ("02-13", "02-13", "one", "", None, []),  # it was known a day before
        ("02-14", "02-15", "one", "", None, []),  # it comes first
        ("02-14", None, "one", "D40 02-14", None, []),
        ("02-14", None, "one", "", ("treatment_stopped", "02-13"), []),  # another reason
        ("02-14", None, "one", "D40 02-13 booked", None, []),
        ("02-13", None, "one", "D40 02-13 booked", None, []),  # the entry is projected after what is booked
        ("02-14", None, "one", "D40 02-15 booked", None, []),  # the relapse ends doses before
    ],
)  # fmt: skip
def test_a_dose_is_lost_to_an_entry_on_its_day(
    relapse: str, entered: str | None, arm: str | None, records: str, event: tuple[str, str] | None, lost: list[str]
) -> None:
    happened = [("relapse", f"2025-{relapse}"), *([(event[0], f"2025-{event[1]}")] if event else [])]
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    found = made(GAPS % "", *recorded(records), events=tuple(happened), entered=into, arm=arm)
    assert [note for note in told(found, "lost-dose") if "a/D40" in note] == [f"lost-dose: {words}" for words in lost]


ON, FIRST = "entry into b from 2025-02-14 Fri to 2025-04-15 Tue; projected on", "the first of these days"


@pytest.mark.parametrize(
    ("d40", "assess", "booked", "expected"),
    [
        ("Y", "", "02-13", FIRST),
        (
            "Y",
            "",
            "02-14",
            "2025-02-15 Sat, after what is booked",
        ),  # the dose of the day of the relapse is given, and the day after is free
        ("Y", "", "02-15", FIRST),  # it is not planned any more
        ("Y", "", "02-20", FIRST),
        ("Y", ", assess: MRI", "02-14", FIRST),  # it does not say that a dose is booked, and the entry may be on the day of an MRI
        ("Y", ", assess: MRI", "02-15", "2025-02-15 Sat, after what is booked"),  # for the MRI alone
    ],
)
def test_an_entry_waits_for_what_is_booked_and_not_for_what_is_not_planned_any_more(
    d40: str, assess: str, booked: str, expected: str
) -> None:
    """The relapse of 14 February ends the doses of a."""
    text = (GAPS % "").replace("give: {one: Y 1 mg, two: nothing}", f"give: {{one: {d40} 1 mg, two: nothing}}{assess}")
    found = made(text, *recorded(f"D40 {booked} booked"), events=(("relapse", "2025-02-14"),), arm="one")
    assert [move.message for move in found.transitions] == [f"relapse on 2025-02-14 Fri: {ON} {expected}"]
    stands = any(note.code == "booked" and "is not planned any more" in note.message for note in found.notes)
    assert stands == (expected == FIRST and booked > "02-14")
