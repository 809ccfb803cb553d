"""What follows if a visit is on a certain day: the plan without the appointment, and the plan with it, compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from nmosd_dosing.checks.findings import findings_of
from nmosd_dosing.checks.verdicts import concern
from nmosd_dosing.dose.dose import amount_text, number_text
from nmosd_dosing.plans.note_codes import OF_SLOTS, NoteCode
from nmosd_dosing.plans.plan import Administration, Plan, PlannedTransition
from nmosd_dosing.plans.reasons import day
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule.subject_schedule import Date, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined, said, word

_SETTLED = (VisitStatus.DONE, VisitStatus.PARTIAL, VisitStatus.MISSED, VisitStatus.WITHHELD)


class Moved(Struct, frozen=True):
    """A visit that is planned for another day then: `before` the day that it has now, `after` the one then; None where there is none."""

    visit: str
    before: dt.date | None
    after: dt.date | None


def moves(before: SubjectSchedule, then: SubjectSchedule, asked: str) -> Iterator[Moved]:
    """The visits ahead, but for the one that is asked about, that have another day then, by the earlier of both."""
    old, new = ({visit.id: visit for visit in schedule.visits} for schedule in (before, then))
    found = []
    for id in dict.fromkeys([*old, *new]):
        sides = old.get(id), new.get(id)
        if id == asked or any(v is not None and (v.actual is not None or v.status in _SETTLED) for v in sides):
            continue
        if None in sides and any(v is not None and v.visit.open_ended for v in sides):
            continue  # an open repeat is drawn up to a day, and that it goes on beyond it is no change
        first, last = map(_day, sides)
        if first != last:
            found.append(Moved(id, first, last))
    yield from sorted(found, key=lambda moved: min(day for day in (moved.before, moved.after) if day is not None))


def _day(visit: SubjectVisit | None) -> Date:
    return visit.target if visit is not None and visit.status != VisitStatus.CANCELLED else None


def follows(request: Request, before: SubjectSchedule, then: SubjectSchedule, asked: str, as_of: dt.date) -> Iterator[Sentence]:
    """What is otherwise then, in words: findings, entry windows, spans, weights that doses are by, and notes on gaps and days."""
    old, new = request.plan(before), request.plan(then)
    known = {(f.visit, f.verdict, f.message) for f in findings_of(before, as_of)}
    for f in findings_of(then, as_of):
        if f.visit != asked and concern(f.verdict) != "fine" and (f.visit, f.verdict, f.message) not in known:
            yield said("{visit}: {message}", visit=f.visit, message=f.message)
    yield from _allowed_days(old, new, asked)
    yield from _entries(old, new)
    yield from _spans(old, new)
    yield from _doses(old, new)
    yield from _notes(old, new, asked)


def _allowed_days(old: Plan, new: Plan, asked: str) -> Iterator[Sentence]:
    """Visits ahead that stay where they are, and are allowed on other days then: a minimum gap, an entry."""
    known = {visit.id: visit for visit in old.visits}
    for visit in new.visits:
        was = known.get(visit.id)
        if was is None or visit.id == asked or visit.stage not in ("firm", "tentative") or visit.target != was.target:
            continue
        if (visit.earliest, visit.latest) != (was.earliest, was.latest):
            now, before = _days(visit.earliest, visit.latest), _days(was.earliest, was.latest)
            yield said("{visit}: allowed {now}, was {before}", visit=visit.id, now=now, before=before)


def _days(first: Date, last: Date) -> Sentence:
    if first is None:
        return said("to {last}", last=last) if last is not None else said("on any day")
    return said("from {first} to {last}", first=first, last=last) if last is not None else said("from {first} on", first=first)


def _entries(old: Plan, new: Plan) -> Iterator[Sentence]:
    """Entry windows that are others then."""
    known = {(move.source, move.target): move for move in old.transitions}
    for move in new.transitions:
        was = known.get((move.source, move.target))
        if was is not None and _entry(was) != _entry(move):
            yield said("entry into {period}: {now}, was {before}", period=move.target, now=_entry(move), before=_entry(was))


def _entry(move: PlannedTransition) -> Sentence:
    if move.earliest is None or move.status not in ("projected", "entered"):
        return word(move.status)
    return _days(move.earliest, move.latest)


def _spans(old: Plan, new: Plan) -> Iterator[Sentence]:
    """Times, such as contraception, that begin or end on another day then; an end that a later dose moves anyway is not looked at."""
    known = {(span.id, span.period): span for span in old.spans}
    for span in new.spans:
        was = known.get((span.id, span.period))
        if was is None:
            continue
        sides = [("from", span.start, was.start)]
        sides += [("to", span.end, was.end)] if "later" not in (span.end_moves, was.end_moves) else []
        changed = [side for side in sides if side[1] != side[2]]
        if changed:
            now = joined(" ", (_end(side, end) for side, end, _ in changed))
            before = joined(" ", (_end(side, end) for side, _, end in changed))
            yield said("{span}: {now}, was {before}", span=span.name, now=now, before=before)


def _end(side: str, date: Date) -> Sentence:
    return said("from {day}" if side == "from" else "to {day}", day=day(date))


def _doses(old: Plan, new: Plan) -> Iterator[Sentence]:
    """Doses ahead that are by another weight then, or come to another amount."""
    known = {(visit.id, dose.product): dose for visit in old.visits for dose in visit.administrations}
    for visit in new.visits:
        for dose in visit.administrations if visit.stage in ("firm", "tentative") else ():
            was = known.get((visit.id, dose.product))
            if was is not None and _by(was) != _by(dose):
                yield said("{visit}: {dose} {now}, was {before}", visit=visit.id, dose=dose.shown, now=_by(dose), before=_by(was))


def _by(dose: Administration) -> Sentence:
    weight = None
    if dose.weight_kg is not None and dose.weight_of:
        weight = said("by {kg} kg of {day}", kg=number_text(dose.weight_kg), day=dose.weight_of)
    elif dose.weight_kg is not None:
        weight = said("by {kg} kg at baseline", kg=number_text(dose.weight_kg))
    amount = amount_text(dose.amount, dose.unit) if dose.amount is not None else None if weight else word(dose.amount_status)
    return joined(", ", (part for part in (amount, weight) if part))


def _notes(old: Plan, new: Plan, asked: str) -> Iterator[Sentence]:
    """Notes of the plan on gaps, entries and days that it does not have now; each with the visits that it is new of."""
    known = {(note.code, note.message, visit) for note in old.notes for visit in note.visits or (None,)}
    of_day: tuple[NoteCode, ...] = ("weekend", "holiday")
    for note in new.notes:
        if note.code not in OF_SLOTS:
            continue
        fresh = [visit for visit in note.visits or (None,) if (note.code, note.message, visit) not in known]
        visits = [visit for visit in fresh if visit is not None and not (note.code in of_day and visit == asked)]
        if visits or (fresh and not note.visits):
            yield said("{code}: {message}", code=word(note.code), message=note.message) + (f" ({', '.join(visits)})" if visits else "")
