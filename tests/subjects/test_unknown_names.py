"""What is said of a name that means no visit of a subject, or several."""

from __future__ import annotations

import pytest

from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.study.visits import lay_out
from nmosd_dosing.subjects.unknown_names import unknown_name
from tests.kit.worked import HEAD

STUDY = """products: {X: {}}
periods:
  p:
    length: 20 weeks
    visits:
      - {at: 'D1, D8, D15, D29, D57', give: X 1 mg}
      - {at: D60 to D64, name: Course, assess: MRI}
      - {at: D1 + 2 months, assess: EDSS}
  q:
    visits:
      - {at: 'D1, then every 7 days, 8 more times', assess: MRI}
      - {at: 'D3, D5', name: Call, assess: EDSS}
      - {at: 'D7, D9, D11, D13, D16, D17, D18, D19', name: Visit, assess: EDSS}
      - {at: 'D70, D71, D72, D73, D74, D75, D76, D77, D78', name: Round, assess: EDSS}
transitions: [{id: on, from: p, to: q, after: end of p, within: 14 days}]
"""
VISITS = [(visit, period.id) for period in read_study_text(HEAD + STUDY)[0].periods for visit in lay_out(period, 0, Problems())]
NAMES = Names([visit for visit, _ in VISITS], [period for _, period in VISITS])
ALL, OF_P = set(range(len(VISITS))), {i for i, (_, period) in enumerate(VISITS) if period == "p"}
OTHERS = "one that is not planned is `unscheduled`; what else sites call a visit stands in the study file, as `also called`"
SEVEN = "`D1`, `D8`, `D15`, `D29`, `D57`, `D60 to D64`, `D1+2mo`"
EARLIER = ", ".join(f"`q/D{n}`" for n in (7, 9, 11, 13, 16, 17, 18))
LATER = ", ".join(f"`q/D{n}`" for n in (70, 71, 72, 73, 74, 75, 76))


def ambiguous(name: str, elapsed: str, number: str, visits: str) -> str:
    words = f"`{name}` is ambiguous where days count from 1: {elapsed} elapsed, or {number}"
    return f"{words}; write {visits}, or say in the study file which it is: `also called: {name}`"


SAID: list[tuple[str, str | None, set[int], str]] = [
    ("D1", None, ALL, "`D1` is a visit of several periods; write `p/D1` or `q/D1`"),
    ("D1", "z", ALL, "unknown period `z` of visit `D1`; periods of this plan are `p` or `q`"),
    ("D1", "q", OF_P, "unknown period `q` of visit `D1`; periods of this plan are `p`"),
    ("Call", None, ALL, "`Call` is a name of several visits; write `q/D3` or `q/D5`"),
    ("Visit", None, ALL, f"`Visit` is a name of several visits; write {EARLIER} or `q/D19`"),
    ("Round", None, ALL, f"`Round` is a name of several visits; write {LATER} or `q/D77` and 1 more"),
    ("q/D57", None, OF_P, "`q/D57` is not a visit; `p/D57` is"),
    ("q/D999", None, OF_P, f"unknown visit `q/D999`; visits are {SEVEN}; {OTHERS}"),
    ("week 1", None, OF_P, ambiguous("week 1", "1 week", "week number 1", "`p/D1` or `p/D8`")),
    ("week 2", "p", OF_P, ambiguous("week 2", "2 weeks", "week number 2", "`p/D8` or `p/D15`")),
    ("week 3", None, OF_P, ambiguous("week 3", "3 weeks", "week number 3", "`p/D15` if that is meant")),
    ("week 8", None, OF_P, ambiguous("week 8", "8 weeks", "week number 8", "`p/D57` if that is meant")),
    ("week 9", None, OF_P, ambiguous("week 9", "9 weeks", "week number 9", "`p/D57` if that is meant")),
    ("Month 2", None, OF_P, ambiguous("Month 2", "2 months", "month number 2", "`p/D1+2mo` if that is meant")),
    ("year 1", None, OF_P, ambiguous("year 1", "1 year", "year number 1", "`p/D1` if that is meant")),
    ("week 7", None, OF_P, f"unknown visit `week 7`; visits are {SEVEN}; {OTHERS}"),
    ("D62", None, OF_P, "unknown visit `D62`; it is a day of `p/D60 to D64`, which is one visit: write that"),
    ("D60", None, OF_P, "unknown visit `D60`; it is a day of `p/D60 to D64`, which is one visit: write that"),
    ("D64", None, OF_P, "unknown visit `D64`; it is a day of `p/D60 to D64`, which is one visit: write that"),
    ("D65", None, OF_P, f"unknown visit `D65`; visits are {SEVEN}; {OTHERS}"),
    ("cours", None, OF_P, "unknown visit `cours`; did you mean `Course`?"),
    ("zzz", None, ALL, f"unknown visit `zzz`; visits are {SEVEN}, `D3` and so on; {OTHERS}"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "period", "there", "told"), SAID, ids=[f"{name} {period or ''}" for name, period, _, _ in SAID])
def test_what_is_said_of_a_name(name: str, period: str | None, there: set[int], told: str) -> None:
    meant = NAMES.meant(name, period, lambda i: i not in there)
    problem = unknown_name(name, period, meant, NAMES, there)
    assert f"{problem.message}; {problem.hint}" == told
