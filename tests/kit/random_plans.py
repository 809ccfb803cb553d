"""Random studies with somebody in them: the oracle's study and person as the program's."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st

from nmosd_dosing import Plan, Study, Subject
from nmosd_dosing.language.study_file import read_study_text
from tests.judges import oracle
from tests.judges.oracle import Person
from tests.kit import studies

Case = tuple[oracle.Study, oracle.Period, Person, dt.date | None, bool]
LAST_DAY = dt.date.max.toordinal()

VISIT = ("label", "name", "target", "last", "earliest", "latest", "study_day", "period_day", "week", "assessments")
DOSE = ("product", "amount", "unit", "dose_rule", "amount_status", "minutes", "cumulative", "cumulative_per_kg")


@st.composite
def cases(draw: st.DrawFn, starts: st.SearchStrategy[dt.date] = studies.starts) -> Case:
    study = draw(studies.studies())
    period = draw(st.sampled_from(study.periods))
    unblind = draw(st.booleans())
    arm = draw(st.sampled_from(period.arms if masks(period) and unblind else (None, *period.arms)))
    person = Person(draw(starts), arm, draw(studies.weights))
    return study, period, person, draw(st.none() | untils(person.start)), unblind


def untils(start: dt.date) -> st.SearchStrategy[dt.date]:
    days = st.sampled_from((0, 28, 181, 729, 730, 731)) | st.integers(-100, 1500)
    return days.map(lambda n: dt.date.fromordinal(min(LAST_DAY, max(1, start.toordinal() + n))))


def read(study: oracle.Study) -> Study:
    text = studies.text_of(study)
    if currently_in_test_context():
        note(text)
    return read_study_text(text)[0]


def masks(period: oracle.Period) -> bool:
    return any(e.give and (period.blinded if e.blinded is None else e.blinded) for e in period.entries)


def subject(person: Person) -> Subject:
    return Subject(person.start, arm=person.arm, weight_kg=None if person.grams is None else person.grams / 1000)


def fields(visits: Any) -> list[tuple[Any, ...]]:
    """All fields of the visits of a plan, the program's or the oracle's; fractions as the nearest float.

    By date; where two visits fall on one date nobody has said which is first, so there by label.
    """

    def plain(value: Any) -> Any:
        return float(value) if isinstance(value, Fraction) else value

    found = [
        (*(getattr(v, name) for name in VISIT), tuple(tuple(plain(getattr(a, name)) for name in DOSE) for a in v.administrations))
        for v in visits
    ]
    return sorted(found, key=lambda v: (v[2] is None, v[2] or dt.date.min, v[0]))


def assert_same(made: Plan, naive: oracle.Plan) -> None:
    dates = [v.target for v in made.visits]
    assert dates == sorted(dates, key=lambda d: (d is None, d or dt.date.min))
    assert fields(made.visits) == fields(naive.visits)
    assert [(s.id, s.start, s.end) for s in made.spans] == list(naive.spans)
    assert made.periods[0].end == naive.end
