"""What a reader must know of doses that have levels: which there are, where events have led, and what they take away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from nmosd_dosing.dose.dose import AmountStatus
from nmosd_dosing.plans.dose_reasons import events_text, not_given_text, taken_days
from nmosd_dosing.plans.plan import Note, PlannedVisit, Shown, noted
from nmosd_dosing.schedule.subject_schedule import AtLevel, SubjectDose, SubjectSchedule, SubjectVisit
from nmosd_dosing.sentences import Sentence, said, word
from nmosd_dosing.study.activities import levels_text
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM


def level_notes(schedule: SubjectSchedule, shown: Shown) -> Iterator[Note]:
    """The levels of each dose; those that events have led to, with the visits; levels that the file does not state; doses taken away."""
    doses = [(visit, planned, dose) for visit, planned in shown for dose in visit.doses if dose.in_plan and dose.give.levels]
    of_all = ((_in_words(dose.give, schedule.arm, schedule.period(visit).period.arms), planned.id) for visit, planned, dose in doses)
    yield from noted("dose-change", ((words, id) for levels, id in of_all for words in levels))
    led, beyond, taken = (list[tuple[Sentence, str]]() for _ in range(3))
    counted = set()
    for visit, planned, dose in doses:
        if (level := dose.level) is None:
            continue
        product, late = dose.give.shown, _too_late(visit, dose, level, schedule)
        by_days = (event for days in dose.days_taken for event in days.by)
        counted |= {*level.by, *level.taken, *by_days, *late, *_held_until_begun(schedule, visit, dose)}
        taken += [(words, planned.id) for words in taken_days(dose)]
        for each in late:
            words = said("{events}: this course of {product} keeps the level of its first day", events=events_text([each]), product=product)
            led.append((words, planned.id))
        by = events_text(level.by)
        if level.by and not level.down and level.name is not None:
            led.append((said("{events}: {product} at level {level}", events=by, product=product, level=level.name), planned.id))
        elif level.down:
            words = said(
                "the file states no level {level} of {product}, and so no dose: {events}",
                level=level.text or "", product=product, events=by,
            )  # fmt: skip
            beyond.append((words, planned.id))
        if level.taken and dose.status != AmountStatus.HELD:
            all_the_same = dose.recorded and dose.amount != 0
            words = _left_out(product, level.taken) if all_the_same else not_given_text(product, level.taken, held=False)
            taken.append((words, planned.id))
    yield from noted("dose-change", led)
    yield from noted("not-stated", beyond)
    yield from noted("omitted", taken)
    for event in dict.fromkeys(event for _, _, dose in doses for event in dose.give.events):
        for date in schedule.events.get(event, ()):
            if (event, date) not in counted and not _held_before(schedule, doses, event, date):
                yield Note("dose-change", said("{event} on {day}: no dose of this plan is by it", event=word(event), day=date))


def _too_late(visit: SubjectVisit, dose: SubjectDose, level: AtLevel, schedule: SubjectSchedule) -> list[tuple[str, dt.date]]:
    """The events that would move the level of a course, and come only after its first day."""
    if visit.last is None or dose.date is None:
        return []
    moving = {event for own in dose.give.levels if own is not None for event in (*own.down, *own.up)}
    happened = ((event, date) for event in sorted(moving) for date in schedule.events.get(event, ()))
    return [each for each in happened if each not in level.by and dose.date < each[1] <= visit.last]


def _held_until_begun(schedule: SubjectSchedule, visit: SubjectVisit, dose: SubjectDose) -> Iterator[tuple[str, dt.date]]:
    """The events that held the first days of a course which was begun after they were over."""
    if visit.last is None or visit.target is None or dose.date is None:
        return
    for own in (own for own in dose.give.levels if own is not None):
        for event in own.held:
            resumed = [date for name in own.resumed for date in schedule.events.get(name, ()) if visit.target < date <= dose.date]
            yield from ((event, since) for since in schedule.events.get(event, ()) if any(since <= date for date in resumed))


def _left_out(product: str, taken: Sequence[tuple[str, dt.date]]) -> Sentence:
    """Of a dose that an event takes away, and that was given."""
    first, *then = taken
    by, end = events_text([first]), events_text(then)
    if then:
        return said("{product} was to be left out, by {event} until {end}, and was given all the same", product=product, event=by, end=end)
    return said("{product} was to be left out, by {event}, and was given all the same", product=product, event=by)


def _held_before(
    schedule: SubjectSchedule, doses: Sequence[tuple[SubjectVisit, PlannedVisit, SubjectDose]], event: str, date: dt.date
) -> bool:
    """Whether doses had been held on or before the day of an event that ends it: nothing need be by that."""
    ends = {own for _, _, dose in doses for own in dose.give.levels if own is not None and event in own.resumed}
    return any(since <= date for own in ends for held in own.held for since in schedule.events.get(held, ()))


def _in_words(give: Give, arm: int, arms: Sequence[str]) -> Iterator[Sentence]:
    """The levels of an administration, and what moves them: of the subject's arm, of all where it is not known."""
    mine = dict.fromkeys(give.levels if arm == UNKNOWN_ARM or len(give.levels) == 1 else (give.levels[arm],))
    for own in mine:
        if own is not None:
            whose = [arms[i] for i, each in enumerate(give.levels) if each == own] if len(mine) > 1 and len(arms) > 1 else []
            about = f"{' / '.join(whose)}{': ' if whose else ''}{give.shown}"
            yield said("{what}: {levels}", what=about, levels=levels_text(own))
