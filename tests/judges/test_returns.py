"""Coming back to a period, against a walk that goes round the circle: written from docs/periods.md, sharing nothing with the program."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, field

from nmosd_dosing import Event, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.subject import Entered
from tests.kit import studies
from tests.kit.dates import START

DAY = dt.timedelta(1)
TEXT = """
language: 1
study: s
title: t
source: not stated
days: from 1
products: {{X: {{}}}}
periods:
  treatment:
    length: 4 weeks
    visits: [{{at: "D1, D15", assess: EDSS}}]
  follow-up:
    length: 24 weeks
    visits: [{{at: "D1, D85, D169", assess: EDSS}}]
transitions:
  - {{id: done, from: treatment, to: follow-up, after: end of treatment, within: 7 days}}
  - {{id: again, from: follow-up, to: treatment, after: relapse, within: 28 days, at most: {times} times}}
"""


class Walk(Struct):
    """Where somebody is, and what the days of the visits are; the visits of a period that has been left end with the next one's first."""

    times: int
    relapses: list[dt.date]
    entered: dict[str, dt.date]
    visits: dict[str, dt.date] = field(default_factory=dict)

    def treated(self, day: dt.date, again: int) -> None:
        name = f"-{again + 1}" if again else ""
        end = day + 28 * DAY
        following = self.entered.get(f"follow-up{name}", end)
        self.put(f"treatment{name}", {"D1": day, "D15": day + 14 * DAY}, following)
        self.followed(following, again)

    def followed(self, day: dt.date, again: int) -> None:
        name, days = (f"-{again + 1}" if again else ""), {"D1": day, "D85": day + 84 * DAY, "D169": day + 168 * DAY}
        back = [relapse for relapse in self.relapses if relapse >= day] if again < self.times else []
        if not back:
            self.put(f"follow-up{name}", days, None)
            return
        begins = self.entered.get(f"treatment-{again + 2}", back[0])
        self.put(f"follow-up{name}", days, begins)
        self.treated(begins, again + 1)

    def put(self, period: str, days: dict[str, dt.date], last: dt.date | None) -> None:
        self.visits |= {f"{period}/{label}": day for label, day in days.items() if last is None or day <= last}


@studies.examples(120)
@given(
    st.integers(1, 3),
    st.lists(st.integers(0, 700), max_size=5, unique=True),
    st.lists(st.integers(0, 7), min_size=4, max_size=4),
    st.lists(st.integers(0, 28), min_size=3, max_size=3),
)
def test_the_program_goes_round_as_often_as_the_page_says(times: int, happened: list[int], done: list[int], late: list[int]) -> None:
    """Entries are recorded within their days, as far as relapses lead back; only events lead out of the follow-up, so it does not end."""
    relapses = sorted(START + day * DAY for day in happened)
    entered: dict[str, dt.date] = {}
    day, again = START, 0
    while True:
        name = f"-{again + 1}" if again else ""
        day += (28 + done[again]) * DAY
        entered[f"follow-up{name}"] = day
        back = [relapse for relapse in relapses if relapse >= day]
        if not back or again == times:
            break
        day = back[0] + late[again] * DAY
        entered[f"treatment-{again + 2}"] = day
        again += 1
    events, days = tuple(Event("relapse", day) for day in relapses), tuple(Entered(p, day) for p, day in entered.items())
    study = read_study_text(TEXT.format(times=times))[0]
    for known in (days, days[: len(days) // 2], ()):
        made = plan(study, Subject(START, events=events, entered=known), allow_deviation=True)
        walk = Walk(times, relapses, {entry.period: entry.date for entry in known})
        walk.treated(START, 0)
        assert {visit.id: visit.target for visit in made.visits} == walk.visits
