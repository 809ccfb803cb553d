"""What records of visits come to: of one subject each, in words, for every kind of visit; and what is said of records that are of none.

A record is written as `D8 13 missed X 5 last=14`: its visit and its day of January, how it went where it was not done, the product, the
amount in mg, and the last day.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pytest

from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.blinding import mask
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.study.visits import lay_out
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import RECORD_STATUSES, Record, Subject
from nmosd_dosing.subjects.visit_records import Recorded, VisitRecords, match
from tests.kit.worked import HEAD

STUDY = """arms: [a, b]
products: {X: {}, Y: {}}
periods:
  p:
    visits:
      - {at: D1, give: X 1 mg}
      - {at: D8, give: [X 1 mg, Y 1 mg]}
      - {at: D15, give: X 1 mg, assess: MRI}
      - {at: D22 to D24, assess: MRI}
      - {at: D26 to D28, give: X 1 mg daily}
      - {at: D29, assess: EDSS}
      - {at: D36, give: [X 1 mg as needed, Y 1 mg]}
      - {at: D43, give: X 1 mg as needed, assess: MRI}
      - {at: D50, arms: a, name: Last, assess: MRI}
      - {at: D57, arms: b, name: Last, assess: MRI}
      - {at: D64, give: X placebo}
"""
BLINDED = """arms: [a, b]
products: {X: {}, Y: {}}
periods: {p: {blinded: true, visits: [{at: D1, give: {a: [X 1 mg, Y placebo], b: [X placebo, Y 1 mg]}}]}}
"""


def record(text: str) -> Record:
    visit, on, *more = text.split()
    given: dict[str, object] = {}
    for word in more:
        if word in RECORD_STATUSES:
            given["status"] = word
        elif word.startswith("last="):
            given["last"] = dt.date(2025, 1, int(word[5:]))
        elif word[0].isdigit():
            given |= {"amount": Decimal(word), "unit": "mg"}
        else:
            given["product"] = word.replace("_", " ")
    return Record(visit.replace("_", " "), dt.date(2025, 1, int(on)), **given)  # type: ignore[arg-type]


def matched(records: str, arm: str | None = None, study: str = STUDY) -> tuple[VisitRecords, Names]:
    made = read_study_text(HEAD + study)[0]
    visits = mask(made, lay_out(made.periods[0], 0, Problems()))
    names = Names(visits, ["p"] * len(visits))
    subject = Subject(dt.date(2025, 1, 1), arm=arm, records=tuple(map(record, records.split(", "))))
    return match(names, Cohort.of_subject(subject, ["a", "b"]), {}), names


def words(found: VisitRecords, names: Names) -> str:
    """What became of each visit of which something is recorded, and of the records that are of none."""
    said = []
    for row, visit in enumerate(names.visits):
        status = Recorded(int(found.status[row, 0])).text
        dates = [("", found.actual), ("last ", found.last), ("booked ", found.booked)]
        days = [f"{of}{days[row, 0].item().day}" for of, days in dates if not np.isnat(days[row, 0])]
        flags = ["dosed"] * bool(found.dosed[row, 0]) + ["gave none"] * bool(found.gave_none[row, 0])
        for word, products in (("not given", found.not_given), ("not named", found.not_named)):
            flags += [f"{word} {product}" for r, _, product in sorted(products) if r == row]
        if status != "nothing" or days:
            said.append(f"{visit.label}: {', '.join([status, *days, *flags])}")
    said += [f"twice {r.visit} {r.date.day}" for _, _, r in found.twice] + [f"extra {r.visit} {r.date.day}" for _, r in found.extra]
    return "; ".join([*said, *(problem().message for _, _, problem in found.unknown)])


CASES = [
    ("D1 1", "D1: done, 1, dosed"),
    ("D1 1 partial", "D1: partial, 1, dosed"),
    ("D1 1 missed", "D1: missed, dosed, gave none, not given X"),
    ("D1 1 withheld", "D1: withheld, dosed, gave none, not given X"),
    ("D1 1 X", "D1: done, 1, dosed"),
    ("D1 1 X 0", "D1: done, 1, dosed, gave none, not given X"),
    ("D1 1 0", "D1: done, 1, dosed, gave none, not given X"),
    ("D1 1 X 5", "D1: done, 1, dosed"),
    ("D1 1 Y 5", "D1: done, 1, dosed, not named X"),
    ("D1 1 missed X 0", "D1: missed, dosed, gave none, not given X"),
    ("D1 1 X, D1 1 X", "D1: done, 1, dosed; twice D1 1"),
    ("D1 1 X, D1 1 Y", "D1: done, 1, dosed"),
    ("D1 1, D1 1 X", "D1: done, 1, dosed; twice D1 1"),
    ("D1 1 X, D1 2 Y", "D1: done, 1, dosed; twice D1 2"),
    ("D1 1 missed, D1 2 missed", "D1: missed, dosed, gave none, not given X; twice D1 2"),
    ("D1 1 missed X, D1 1 partial Y", "D1: partial, 1, dosed, gave none, not given X"),
    ("D8 8", "D8: done, 8, dosed"),
    ("D8 8 X", "D8: done, 8, dosed, not named Y"),
    ("D8 8 X 0", "D8: done, 8, dosed, not given X, not named Y"),
    ("D8 8 0", "D8: done, 8, dosed"),
    ("D8 8 X, D8 8 Y", "D8: done, 8, dosed"),
    ("D8 8 X, D8 8 missed Y", "D8: partial, 8, dosed, not given Y"),
    ("D8 8 missed X, D8 8 withheld Y", "D8: missed, dosed, gave none, not given X, not given Y"),
    ("D8 8 missed X, D8 8 missed Y", "D8: missed, dosed, gave none, not given X, not given Y"),
    ("D8 8 X partial, D8 8 Y partial", "D8: partial, 8, dosed"),
    ("D8 8 X, D8 9 Y", "D8: done, 8, dosed, not named Y; twice D8 9"),
    ("D15 15", "D15: done, 15"),
    ("D15 15 X", "D15: done, 15, dosed"),
    ("D15 15 5", "D15: done, 15, dosed"),
    ("D15 15 0", "D15: done, 15, dosed, gave none, not given X"),
    ("D15 15 X 0", "D15: done, 15, dosed, gave none, not given X"),
    ("D22_to_D24 22", "D22 to D24: done, 22"),
    ("D22_to_D24 22 last=24", "D22 to D24: done, 22, last 24"),
    ("D22_to_D24 23 missed", "D22 to D24: missed"),
    ("D26_to_D28 26", "D26 to D28: done, 26, dosed"),
    ("D26_to_D28 26 last=28", "D26 to D28: done, 26, last 28, dosed"),
    ("D26_to_D28 26 last=30 X 3", "D26 to D28: done, 26, last 30, dosed"),
    (
        "D26_to_D28 26 last=28 X, D26_to_D28 26 last=27 Y",
        "D26 to D28: done, 26, last 28, dosed; `D26 to D28` has two last days, 2025-01-28 and 2025-01-27",
    ),
    ("D26_to_D28 26 last=28 X, D26_to_D28 26 last=28 Y", "D26 to D28: done, 26, last 28, dosed"),
    ("D26_to_D28 26 X, D26_to_D28 26 last=28 Y", "D26 to D28: done, 26, last 28, dosed"),
    ("D1 1 last=1", "D1: done, 1, dosed"),
    ("D1 1 last=2", "`D1` is a dose of one day, and a later last day is written"),
    ("D29 29 last=30", "D29: done, 29"),
    ("D29 29 last=30 X", "`D29` is a dose of one day, and a later last day is written"),
    ("D29 29 last=30 5", "`D29` is a dose of one day, and a later last day is written"),
    ("D29 29", "D29: done, 29"),
    ("D29 29 5", "D29: done, 29, dosed"),
    ("D36 31", "D36: done, 31, dosed, not given X"),
    ("D36 31 X", "D36: done, 31, dosed, not named Y"),
    ("D36 31 5", "D36: done, 31, dosed, not given X"),
    ("D36 31 Y", "D36: done, 31, dosed, not given X"),
    ("D36 31 X 0", "D36: done, 31, dosed, not given X, not named Y"),
    ("D43 31", "D43: done, 31, gave none, not given X"),
    ("D43 31 5", "D43: done, 31, dosed"),
    ("D43 31 0", "D43: done, 31, dosed, gave none, not given X"),
    ("D43 31 X", "D43: done, 31, dosed"),
    ("D64 31 0", "D64: done, 31, dosed"),
    ("D64 31 X 0", "D64: done, 31, dosed"),
    ("D64 31 missed", "D64: missed, dosed, gave none, not given X"),
    ("unscheduled 20", "extra unscheduled 20"),
    ("unscheduled 20 X 5 last=20", "extra unscheduled 20"),
    ("unscheduled 20 X last=21", "`unscheduled` is a dose of one day, and a later last day is written"),
    ("unscheduled 20 5 last=21", "`unscheduled` is a dose of one day, and a later last day is written"),
    ("unscheduled 20 last=21", "extra unscheduled 20"),
    ("D99 20", "unknown visit `D99`"),
    ("Last 20", "`Last` is a name of several visits"),
    ("relapse_(2) 20", "unknown visit `relapse (2)`"),
    ("D1 3 booked", "D1: nothing, booked 3"),
    ("D1 1, D1 3 booked", "D1: done, 1, dosed; twice D1 3"),
    ("D1 1 missed, D1 3 booked", "D1: nothing, booked 3"),
    ("D8 8 booked X, D8 9 booked Y", "D8: nothing, booked 8; twice D8 9"),
    ("D8 9 booked X, D8 8 booked Y", "D8: nothing, booked 9; twice D8 8"),
    ("D8 8 booked X, D8 8 booked Y", "D8: nothing, booked 8"),
    ("D26_to_D28 26 booked", "D26 to D28: nothing, booked 26"),
    ("D99 20 booked", "unknown visit `D99`"),
    ("unscheduled 20 booked", "extra unscheduled 20"),
]
OF_BLINDED = [
    ("D1 1", "D1: done, 1, dosed"),
    ("D1 1 X", "D1: done, 1, dosed, not named Y"),
    ("D1 1 placebo", "D1: done, 1, dosed"),
    ("D1 1 placebo, D1 1 placebo", "D1: done, 1, dosed"),
    ("D1 1 placebo, D1 1 placebo, D1 1 placebo", "D1: done, 1, dosed; twice D1 1"),
    ("D1 1 X, D1 1 Y", "D1: done, 1, dosed"),
    ("D1 1 X_placebo", "D1: done, 1, dosed, not named Y"),
    ("D1 1 X 0", "D1: done, 1, dosed, not named Y"),
    ("D1 1 0", "D1: done, 1, dosed"),
    ("D1 1 X, D1 2 Y", "D1: done, 1, dosed, not named Y; twice D1 2"),
    ("D1 1 missed X", "D1: missed, dosed, not given X, not named Y"),
    ("D1 1 X/placebo", "D1: done, 1, dosed, not named Y"),
    ("D1 1, D1 1 X", "D1: done, 1, dosed"),
    ("D1 1 Z", "D1: done, 1, dosed, not named X, not named Y"),
]


@pytest.mark.parametrize(("records", "said"), CASES, ids=[records for records, _ in CASES])
def test_what_records_come_to(records: str, said: str) -> None:
    assert words(*matched(records)) == said


@pytest.mark.parametrize(("records", "said"), OF_BLINDED, ids=[records for records, _ in OF_BLINDED])
def test_of_masked_doses_records_may_bear_any_name(records: str, said: str) -> None:
    assert words(*matched(records, study=BLINDED)) == said


@pytest.mark.parametrize(("arm", "said"), [("a", "D50: done, 20"), ("b", "D57: done, 20"), (None, "`Last` is a name of several visits")])
def test_of_days_of_some_arms_a_name_means_the_subjects_own(arm: str | None, said: str) -> None:
    assert words(*matched("Last 20", arm)) == said


def test_which_products_a_record_may_have_been_of() -> None:
    found, _ = matched("D8 8 X")
    assert [found.had(1, 0, product) for product in "XY"] == [True, False]
    found, _ = matched("D8 8 missed X, D8 8 Y")
    assert [found.had(1, 0, product) for product in "XY"] == [False, True]
    assert found.records.keys() == {(1, 0)} and found.appointments == {} and found.times == {}
    found, _ = matched("D1 1 missed, D1 3 booked")
    assert (found.records, [record.date.day for record in found.appointments[0, 0]]) == ({}, [1, 3])
