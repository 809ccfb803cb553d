"""A move into another period at the edges of what a rule allows, and entries that no rule leads to: what is said, word for word."""

from __future__ import annotations

import pytest

from nmosd_dosing import Entered, Event, InputError, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.dates import START, day
from tests.kit.worked import HEAD

STUDY = """products: {X: {}}
periods:
  a: {length: 28 days, visits: [{at: D1, give: X 1 mg}]}
  b: {length: 28 days, visits: [{at: D1, give: X 1 mg}]}
  c: {visits: [{at: D1, give: X 1 mg}]}
transitions:
  - {id: ended, from: a, to: b, after: end of a, within: 7 days}
  - {id: fell, from: a, to: c, after: relapse, within: 14 days, needs: [relapse_confirmed, stable]}
  - {id: later, from: b, to: c, after: end of b, within: not stated}
"""
ALLOWS, STANDS = "rule `ended` allows from 2025-02-03 Mon to 2025-02-10 Mon", "`allow_deviation` lets it stand, marked"
OPEN = f"while the decision on relapse of 2025-01-20 Mon is open; add `relapse_confirmed` with its date; or {STANDS}"
FIRST = (("b", "2025-02-03"),)
ENTRIES: list[tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], str]] = [
    ((("b", "2025-02-03"),), (), ""), ((("b", "2025-02-10"),), (), ""),
    ((("b", "2025-02-02"),), (), f"entry into `b` on 2025-02-02 Sun is 1 day early; {ALLOWS}; {STANDS}"),
    ((("b", "2025-01-06"),), (), f"entry into `b` on 2025-01-06 Mon is 28 days early; {ALLOWS}; {STANDS}"),
    ((("b", "2025-02-12"),), (), f"entry into `b` on 2025-02-12 Wed is 2 days late; {ALLOWS}; {STANDS}"),
    ((*FIRST, ("c", "2025-03-03")), (), ""), ((*FIRST, ("c", "2026-03-03")), (), ""),
    ((*FIRST, ("c", "2025-03-02")), (),
     f"entry into `c` on 2025-03-02 Sun is 1 day early; rule `later` allows from 2025-03-03 Mon on; {STANDS}"),
    ((("c", "2025-01-21"),), (("relapse", "2025-01-20"),), f"entry into `c` on 2025-01-21 Tue {OPEN}"),
    ((("c", "2025-01-22"),), (("relapse", "2025-01-20"), ("relapse_confirmed", "2025-01-21")),
     f"entry into `c` on 2025-01-22 Wed while `stable` is not recorded; add `stable` with its date; or {STANDS}"),
    ((("c", "2025-01-22"),), (("relapse", "2025-01-20"), ("relapse_confirmed", "2025-01-21"), ("stable", "2025-01-22")), ""),
    ((("c", "2025-02-03"),), (("relapse", "2025-01-20"), ("relapse_confirmed", "2025-01-21"), ("stable", "2025-02-03")), ""),
    ((("c", "2025-02-04"),), (("relapse", "2025-01-20"), ("relapse_confirmed", "2025-01-21"), ("stable", "2025-02-04")),
     "entry into `c` on 2025-02-04 Tue is refused by rule `fell`: its conditions are met on 2025-02-04 Tue, after the last day, "
     f"2025-02-03 Mon; a person must decide; {STANDS}"),
    ((("c", "2025-01-22"), ("b", "2025-02-03")), (("relapse", "2025-01-20"), ("relapse_confirmed", "2025-01-21"), ("stable", "2025-01-22")),
     "no rule leads into `b` on 2025-02-03 Mon; None"),
    ((("c", "2025-01-20"),), (), f"no rule leads into `c` on 2025-01-20 Mon; rule `fell` does from relapse on; {STANDS}"),
    (FIRST, (("declined", "2025-02-03"),), ""),
    (FIRST, (("declined", "2025-02-02"),),
     "entry on 2025-02-03 Mon, and declined on 2025-02-02 Sun; keep one of the two; `allow_deviation` lets both stand"),
    (FIRST, (("withdrawn", "2025-02-03"),), ""),
    (FIRST, (("withdrawn", "2025-02-02"),), "entry on 2025-02-03 Mon comes after `withdrawn` of 2025-02-02 Sun; check the dates"),
    ((), (("a_completed", "2025-01-06"),), ""),
    (FIRST, (("b_completed", "2025-02-02"),),
     "`b_completed` on 2025-02-02 Sun is before day 1 of `b`; day 1 is 2025-02-03 Mon; check the dates"),
]  # fmt: skip


@pytest.mark.parametrize(("entered", "events", "told"), ENTRIES)
def test_what_is_said_of_an_entry(entered: tuple[tuple[str, str], ...], events: tuple[tuple[str, str], ...], told: str) -> None:
    entries = tuple(Entered(period, day(date)) for period, date in entered)
    subject = Subject(START, entered=entries, events=tuple(Event(name, day(date)) for name, date in events))
    study = read_study_text(HEAD + STUDY)[0]
    if not told:
        found = plan(study, subject).transitions
        assert [move.entered for move in found if move.entered] == [entry.date for entry in entries]
        return
    with pytest.raises(InputError) as error:
        plan(study, subject)
    assert [f"{problem.message}; {problem.hint}" for problem in error.value.problems] == [told]
