"""Entries into later periods against the rules of the study: a finding for each move, recorded or not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from nmosd_dosing.checks.finding import Finding, Waits
from nmosd_dosing.checks.verdicts import Verdict
from nmosd_dosing.plans.move_reasons import entry_text
from nmosd_dosing.plans.reasons import day, no_day_allowed
from nmosd_dosing.schedule.subject_schedule import Date, SubjectMove, SubjectSchedule
from nmosd_dosing.sentences import joined, said, word
from nmosd_dosing.study.events import ENDS_PARTICIPATION, ENDS_TREATMENT
from nmosd_dosing.study.model import Transition
from nmosd_dosing.study.period_order import only_doses_ahead
from nmosd_dosing.subjects.disposition import MoveStatus


def entry_findings(subject: SubjectSchedule, as_of: dt.date) -> Iterator[Finding]:
    """A finding for each move into a later period; of one that is booked the finding of its day 1 says it."""
    here = {own.period.id for own in subject.periods}
    for move in subject.moves:
        if move.booked is not None and move.entered is None:
            continue
        if move.status == MoveStatus.NONE or move.rule is None or move.rule.target_period not in here:
            continue
        into = subject.study.period(move.rule.target_period)
        if not (move.status == MoveStatus.PROJECTED and into is not None and into.unseen):
            yield _entry(subject, move, move.rule, as_of)


def _entry(subject: SubjectSchedule, move: SubjectMove, rule: Transition, as_of: dt.date) -> Finding:
    visit, entered = subject.entry_by(move), move.entered
    earliest, latest = (visit.earliest, visit.latest) if visit is not None else (move.earliest, move.latest)
    waits_for: Waits | None = "decision" if move.status in (MoveStatus.PENDING, MoveStatus.REFUSED) else None
    verdict, days = _entry_verdict(move, earliest, latest, as_of)
    message = entry_text(subject, move, rule)
    if visit is not None and entered is None and earliest != move.earliest:
        no_day = no_day_allowed(visit) if visit.no_day_allowed else said("not before {day}, by the minimum gap", day=day(earliest))
        message, waits_for = joined("; ", (message, no_day)), "decision" if visit.no_day_allowed else waits_for
    if subject.periods[move.out_of].projected and move.status not in (MoveStatus.ENTERED, MoveStatus.DECLINED):
        verdict, days, waits_for = "upcoming", None, "entry"
    gone = [(date, event) for event in ENDS_TREATMENT if (date := subject.first(event)) is not None]
    gone = [(date, event) for date, event in gone if event in ENDS_PARTICIPATION or rule.target_period in only_doses_ahead(subject.study)]
    if gone and entered is None and min(gone)[0] <= as_of and not (latest is not None and latest < min(gone)[0]):
        verdict, days, waits_for = "cancelled", None, None
        message = said("{event} on {day}, and no entry is recorded", event=word(min(gone)[1]), day=min(gone)[0])
    if move.status == MoveStatus.PENDING and verdict == "overdue":
        message = joined("; ", (message, said("that day has passed: a person must decide")))
    days_of = (move.earliest, earliest, latest)
    return Finding(subject.code, f"{rule.target_period} entry", verdict, days, *days_of, entered, message, waits_for)


def _entry_verdict(move: SubjectMove, earliest: Date, latest: Date, as_of: dt.date) -> tuple[Verdict, int | None]:
    """The verdict on an entry by itself, and how many days off it is. earliest, latest: its allowed days."""
    off = (move.entered - move.earliest).days if move.entered is not None and move.earliest is not None else None
    passed = (as_of - latest).days if latest is not None and as_of > latest else None
    match move.status:
        case MoveStatus.DECLINED:
            return "cancelled", off
        case MoveStatus.REFUSED:
            return ("upcoming" if passed is None else "due"), off
        case MoveStatus.ENTERED if move.earliest is None or move.is_late:
            return "not-allowed", off
        case MoveStatus.ENTERED:
            fits: Verdict = "in-window" if latest is not None else "no-window"
            return ("early" if move.outside < 0 else "late" if move.outside > 0 else fits), off
        case MoveStatus.PENDING | MoveStatus.PROJECTED | MoveStatus.NONE if passed is not None:
            return "overdue", passed
        case MoveStatus.PENDING:
            return ("due" if move.date is not None and move.date <= as_of else "upcoming"), off
        case MoveStatus.PROJECTED | MoveStatus.NONE:
            if earliest is not None and as_of < earliest:
                return "upcoming", off
            if earliest is not None and as_of > earliest and latest is None:
                return "past-target", (as_of - earliest).days
            return "due", off
