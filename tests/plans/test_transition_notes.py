"""What a reader is told of whatever has happened: what it ends, what it changes nothing of, and how the way was gone."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered
from tests.kit.dates import day
from tests.kit.somebody import made

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


@pytest.mark.parametrize(("what", "entered", "told"), HAPPENED, ids=lambda value: value if isinstance(value, str) else "")
def test_what_has_happened_is_told(what: str, entered: str, told: list[str]) -> None:
    events = [(name, f"2025-{date}") for name, date in (item.split() for item in what.split(", ") if item)]
    of_study = {name: day(date) for name, date in events if name == "idmc_stop"}
    into = (Entered("b", day(f"2025-{entered}")),) if entered else ()
    found = made(STUDY, events=tuple(event for event in events if event[0] not in of_study), of_study=of_study, entered=into)
    others = ("no-window", "weekend", "gap", "short-gap", "projected", "pending")
    assert [f"{note.code}: {note.message}" for note in found.notes if note.code not in others] == told
