"""What a reader must know of visits and spans that hang on events, on a last dose, or on one that may still move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from nmosd_dosing.days import days_past
from nmosd_dosing.errors import Problems
from nmosd_dosing.plans.plan import Note
from nmosd_dosing.plans.spans import moving
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.sentences import said, word
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, Point
from nmosd_dosing.study.visits import lay_out


def courses(schedule: SubjectSchedule) -> Iterator[Note]:
    """What hangs on events that have not happened, or not while the subject was in the period."""
    for p, own in enumerate(schedule.periods):
        if (own.anchor is None and p) or not any(
            isinstance(point, Point) and point.code.hangs_on for entry in own.period.visit_rules for point in entry.at
        ):
            continue
        visits = lay_out(own.period, 0, Problems())
        for event in dict.fromkeys(visit.hangs_on for visit in visits if visit.hangs_on):
            if not any(s.period == p and s.hangs_on == event and s.anchor is not None for s in schedule.segments):
                which = ", ".join(visit.label for visit in visits if visit.hangs_on == event)
                if event == LAST_DOSE_OF_STUDY:
                    why = said("no dose is given")
                elif event == LAST_DOSE:
                    why = said("no dose is given in {period}", period=own.period.id)
                elif schedule.first(event) is not None:
                    why = said("{event} did not happen in {period}", event=word(event), period=own.period.id)
                else:
                    why = said("they hang on {event}, which is not recorded", event=word(event))
                yield Note("event", said("not planned: {which}; {why}", which=which, why=why))


def moving_spans(schedule: SubjectSchedule) -> Iterator[Note]:
    """Which spans hang on a dose that may be another one."""
    found: dict[tuple[str, str, dt.date], list[str]] = {}
    for title, of, whose, date in moving(schedule):
        found.setdefault((of, whose, date), []).append(title)
    for (of, whose, date), titles in found.items():
        words = said(
            "{what}: counted from {day}, the first dose of {whose}; an earlier dose moves it"
            if of == "first dose"
            else "{what}: counted from {day}, the last dose of {whose}; a later dose moves it",
            what=", ".join(dict.fromkeys(titles)), day=date, whose=word(whose),
        )  # fmt: skip
        yield Note("projected", words)


def before_hanging(schedule: SubjectSchedule) -> Iterator[Note]:
    """Visits that hang on the last dose of the study and would lie before the first day of their period."""
    for segment in schedule.segments:
        own = schedule.periods[segment.period]
        if segment.hangs_on != LAST_DOSE_OF_STUDY or not segment.period or segment.anchor is None or own.anchor is None:
            continue
        planned = {visit.visit.label for visit in schedule.visits if visit.segment == segment}
        mine = [v for v in lay_out(own.period, 0, Problems()) if v.hangs_on == LAST_DOSE_OF_STUDY and v.offset is not None]
        gone = [v for v in mine if v.label not in planned and v.offset is not None and days_past(own.anchor, segment.anchor, v.offset) > 0]
        if gone:
            first = said("{day}, projected" if own.projected else "{day}", day=own.anchor)
            words = said(
                "before the first day of {period}, {first}; they are counted from {day}, the last dose",
                period=own.period.id, first=first, day=segment.anchor,
            )  # fmt: skip
            yield Note("before-entry", said("not planned: {which}; {why}", which=", ".join(v.label for v in gone), why=words))
