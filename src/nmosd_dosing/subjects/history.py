"""What is told of subjects: what of it contradicts itself, and what of it was known on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from typing import TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Dates
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import InputError, Place, Problem, Problems, argument, clip
from nmosd_dosing.sentences import either, perhaps, said
from nmosd_dosing.study.events import BEFORE_DAY_1, DECISIONS, OF_SCREENING, RELAPSE, STUDY_EVENTS, kind_of
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Event, Measurement, Subject, Weight

Dated = TypeVar("Dated", Event, Entered, Weight, Measurement)


class Known(Struct, frozen=True):
    """What was known of subjects, and of the study's own events, on a day; and what is dated later, in words."""

    subjects: tuple[Subject, ...]
    of_study: dict[str, dt.date]
    left_out: tuple[str, ...]


def booked_by(subjects: Sequence[Subject], day: dt.date) -> tuple[Subject, ...]:
    """The subjects with their records as they are known on a day: what is dated later is an appointment."""
    return tuple(_with(s, records=tuple(record.as_known_on(day) for record in s.records)) if s.records else s for s in subjects)


def _with(subject: Subject, **told: tuple[object, ...]) -> Subject:
    """The subject with what is told; the same one where nothing of it is new: whoever is made anew is checked anew."""
    new = {name: values for name, values in told.items() if values != getattr(subject, name)}
    return replace(subject, **new) if new else subject


def not_ended_by(subjects: Sequence[Subject], day: dt.date) -> tuple[str, ...]:
    """Of what was begun by a day, and goes on after it: the last days, which `booked_by` leaves out with their amounts; in words."""
    going_on = [r for s in subjects for r in s.records if r.is_fact and r.date <= day < r.through]
    return tuple(f"a last day on {record.last}, with any amount{_at(record.place)}" for record in going_on)


def _at(place: Place | None) -> str:
    return f" ({place.where})" if place else ""


def known_by(subjects: Sequence[Subject], of_study: Mapping[str, dt.date], as_of: dt.date) -> Known:
    """What was known on a day. Of events, entries, weights and values what is dated later was not; a visit that is was booked, and a day of
    consent, screening or randomisation is planned, as day 1 may be."""
    left_out: list[str] = []

    def known(items: Sequence[Dated], what: str, planned: Collection[str] = ()) -> tuple[Dated, ...]:
        later = [item for item in items if item.date > as_of and not (isinstance(item, Event) and item.name in planned)]
        left_out.extend(f"{what} on {item.date}{_at(item.place)}" for item in later)
        return tuple(item for item in items if item not in later)

    then = []
    for s in booked_by(subjects, as_of):
        events, entered = known(s.events, "an event", _planned(s)), known(s.entered, "an entry")
        weights, measurements = known(s.weights, "a weight"), known(s.measurements, "a value")
        then.append(_with(s, events=events, entered=entered, weights=weights, measurements=measurements))
    of_points = [r for s in subjects for r in s.records if r.of_time_point and r.date > as_of]
    left_out += [f"a time point on {record.date}{_at(record.place)}" for record in of_points]
    left_out += [f"{name} on {date}" for name, date in of_study.items() if date > as_of]
    return Known(tuple(then), {name: date for name, date in of_study.items() if date <= as_of}, tuple(left_out))


def _planned(subject: Subject) -> Collection[str]:
    """The events of a subject that are planned while they are still to come; of whom nothing else is known, a failure of screening, too."""
    dated = subject.start is not None or any(event.name in BEFORE_DAY_1 for event in subject.events)
    return BEFORE_DAY_1 if dated else OF_SCREENING


def check(subjects: Sequence[Subject], several: bool, problems: Problems) -> None:
    """What contradicts itself, of subjects whose `start` is the first dose, as recorded; of `several` it is said of whom."""
    _check_events(subjects, several, problems)
    _check_entries(subjects, several, problems)
    _check_weights(subjects, several, problems)


def _of_somebody(columns: Mapping[str, Dates]) -> list[str]:
    """The columns that hold a date of somebody: those of a part of a cohort may hold none."""
    return [name for name, dates in columns.items() if not np.isnat(dates).all()]


def check_columns(study: Study, cohort: Cohort) -> None:
    """Raises InputError for events and periods that the study does not have, and for later weights that are not after day 1."""
    problems = []
    for argument_name, names, known in (
        ("events", _of_somebody(cohort.events), study.subject_events),
        ("of_study", list(cohort.of_study), STUDY_EVENTS),
        ("measurements", list(cohort.values), [value.name for value in study.values]),
        ("entered", _of_somebody(cohort.entered), [period.id for period in study.periods]),
    ):
        for name in names:
            if name not in known:
                known_are = said("known are {words}", words=either(known)) if known else said("the study declares none")
                wrong = said("`{argument_name}`: `{name}` is unknown", argument_name=argument_name, name=clip(name))
                problems.append(Problem(wrong, hint=perhaps(name, known) or known_are))
    if cohort.weighed is not None:
        for column in np.flatnonzero((cohort.weighed.dates <= cohort.start).any(axis=0)).tolist():
            wrong = said("{name}`weights`: one is not after day 1, {start}", name=cohort.name(column), start=str(cohort.start[column]))
            problems.append(Problem(wrong, hint=said("the weight at baseline is `weight_kg`"), subject=column))
    if problems:
        raise InputError(problems)


def _check_events(subjects: Sequence[Subject], several: bool, problems: Problems) -> None:
    """Events that contradict each other, or came before there was anything for them to be about; of `several`, it is said of whom."""
    for subject in subjects:
        who = _who(subject, several)
        first: dict[str, Event] = {}
        for event in subject.events:
            other = first.setdefault(event.name, event)
            if other is not event and kind_of(event.name).once:
                also = _also(other.place, event.place)
                wrong = said("{who}`{event}` is given twice", who=who, event=event.name)
                problems.error(wrong, event.place, said("keep one of them"), also)
            if subject.start is not None and event.date < subject.start and not kind_of(event.name).before_day_1:
                name, on, day_1 = event.name, str(event.date), day_1_text(subject)
                wrong = said("{who}`{event}` on {day} is before day 1, {day_1}", who=who, event=name, day=on, day_1=day_1)
                problems.error(wrong, event.place, said("events count from day 1 on; check the dates"), _day_1_record(subject, event.place))
        relapses = sorted(e.date for e in subject.events if e.name == RELAPSE)
        decided: dict[tuple[dt.date, dt.date], Event] = {}
        for event in sorted((e for e in subject.events if e.name in DECISIONS), key=lambda e: e.date):
            before = [date for date in relapses if date <= event.date]
            if not before:
                wrong = said("{who}`{event}` on {day} answers no relapse", who=who, event=event.name, day=str(event.date))
                problems.error(wrong, event.place, said("add the relapse, with its date of diagnosis"))
                continue
            other = decided.setdefault((before[-1], event.date), event)
            if other.name != event.name:
                wrong = said("{who}the relapse of {before} is confirmed and rejected on the same day", who=who, before=str(before[-1]))
                problems.error(wrong, event.place, said("keep one of the two decisions"), _also(other.place, event.place))


def _check_entries(subjects: Sequence[Subject], several: bool, problems: Problems) -> None:
    """Entries into later periods before day 1: in January the old year is easily written, and then nothing of the first period is due."""
    for subject in subjects:
        who = _who(subject, several)
        for entry in subject.entered:
            if subject.start is not None and entry.date < subject.start:
                period, on, day_1 = entry.period, str(entry.date), day_1_text(subject)
                wrong = said(
                    "{who}the entry into `{period}` on {day} is before day 1, {day_1}", who=who, period=period, day=on, day_1=day_1
                )
                problems.error(wrong, entry.place, said("check the dates"), _day_1_record(subject, entry.place))


def _check_weights(subjects: Sequence[Subject], several: bool, problems: Problems) -> None:
    """Later weights that are not after day 1, and two different weights of one subject on one day."""
    for subject in subjects:
        for weight in subject.weights:
            if subject.start is not None and weight.date <= subject.start:
                of = said(" of subject `{subject}`", subject=clip(subject.code)) if subject.code else ""
                has_no_day = said("the weight at baseline has no day: `{option}`", option=argument("weight", number_text(weight.kg)))
                hint = said("the weight at baseline stands in the table of subjects: `weight_kg`") if weight.place else has_no_day
                wrong = said("the weight{of} on {day} is not after day 1, {day_1}", of=of, day=str(weight.date), day_1=day_1_text(subject))
                problems.error(wrong, weight.place, hint, _day_1_record(subject, weight.place))
        known: dict[dt.date, tuple[float, Place | None]] = {w.date: (w.kg, w.place) for w in subject.weights}
        for record in subject.records:
            if record.weight_kg is not None and record.is_fact:
                kg, place = known.setdefault(record.date, (record.weight_kg, record.place))
                if kg != record.weight_kg:
                    who, on, one, two = _who(subject, several), str(record.date), number_text(kg), number_text(record.weight_kg)
                    wrong = said("{who}two weights on {day}: {kg} kg and {weight_kg} kg", who=who, day=on, kg=one, weight_kg=two)
                    problems.error(wrong, record.place, said("keep one of them"), _also(place, record.place))


def _who(subject: Subject, several: bool) -> str:
    return said("subject `{code}`: ", code=clip(subject.code or "")) if several else ""


def _also(other: Place | None, place: Place | None) -> list[tuple[str, Place]]:
    return [("the first", other)] if other is not None and place is not None else []


def day_1_text(subject: Subject) -> str:
    """Day 1, and why it is another day than the one that was planned: whoever reads it has written only that one."""
    if subject.planned_start is None or subject.planned_start == subject.start:
        return f"{subject.start}"
    start, planned = str(subject.start), str(subject.planned_start)
    return said("{start}, the first dose as recorded or booked; planned was {planned}", start=start, planned=planned)


def _day_1_record(subject: Subject, place: Place | None) -> list[tuple[str, Place]]:
    """Where the first dose is recorded, if that made day 1 another day."""
    if place is None or subject.planned_start is None or subject.planned_start == subject.start:
        return []
    return [("the first dose", r.place) for r in subject.records if r.date == subject.start and r.place is not None][:1]
