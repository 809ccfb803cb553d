"""May she come on Thursday? The days on which a visit may be, each with a verdict; and of one that is asked for, what follows.

No day is worked out here: the subject is planned with an appointment on each of the days, all of them at once, and each day's verdict is
what `check` finds of that appointment, and whether anybody is there.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import from_target, is_undecided, short_gaps
from nmosd_dosing.checks.follows import Moved, follows, moves
from nmosd_dosing.checks.verdicts import SlotVerdict
from nmosd_dosing.checks.visit_days import days_of, verdict_on
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError, Problem, Problems, clip
from nmosd_dosing.plans.move_reasons import entry_text
from nmosd_dosing.plans.reasons import allowed_from, cancelled_by, gap_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import Workdays, closed_text, open_days, projected_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.excluded import stop_counted, without_counting
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, said
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.bounds import check_arguments, the_date
from nmosd_dosing.subjects.history import check_columns
from nmosd_dosing.subjects.subject import Record, Subject

_AHEAD = 366  # days: so far on is laid out as for a record
_SETTLED = (VisitStatus.DONE, VisitStatus.PARTIAL, VisitStatus.MISSED, VisitStatus.WITHHELD, VisitStatus.CANCELLED)


class Slot(Struct, frozen=True):
    """A day on which a visit may be or not, and why. `no_dose`: whether the dose of the visit waits for a decision on that day."""

    date: dt.date
    verdict: SlotVerdict
    reasons: tuple[str, ...]
    no_dose: bool


class Asked(Slot, frozen=True):
    """The day that was asked for. If the visit is on that day: `then`, visits that move or fall away; `follows`, what else is otherwise, in
    words."""

    then: tuple[Moved, ...]
    follows: tuple[str, ...]


class Slots(Struct, frozen=True):
    """The days of one subject's visit: of its window, and closed ones between; the target alone where no window is stated.

    target, earliest, latest: as the plan has them, None where it states none. booked: the appointment that there is; the days are judged
    as though there were none. notes: what is to be known about all of it. site: where the subject is seen.
    """

    subject: str | None
    visit: str
    target: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    days: tuple[Slot, ...]
    asked: Asked | None = None
    booked: dt.date | None = None
    notes: tuple[Sentence, ...] = ()
    site: str | None = None


def slots(
    study: Study, subject: Subject | dt.date | str, visit: str | None, as_of: dt.date | str, *, on: dt.date | None = None,
    period: str | None = None, window: Window | None = None, workdays: Workdays | None = None,
    of_study: Mapping[str, dt.date] | None = None,
) -> Slots:  # fmt: skip
    """The days on which a subject's visit may be, as of a day: `visit` as a record names it, None for the next one that is open. `on`: the
    day that is asked for. Masked, whatever is known of the arm.

    The next visit is the first, by target, of which nothing is recorded, that is not cancelled, and whose last allowed day, or target
    where none is stated, is not before `as_of`; an appointment keeps it open. `workdays`: without it Saturdays and Sundays are closed.
    `of_study`: dates of the study's own events; what is counted over all subjects must be among them.

    A verdict says what `check` would of the visit on that day, so it does not hang on `as_of`; that a day has passed is among its reasons.
    Raises InputError for a visit that is not there, is recorded or cancelled; and as `expand` does.
    """
    check_arguments(
        {"on": on},
        {"visit": (visit, str), "period": (period, str), "window": (window, Window), "workdays": (workdays, Workdays)},
        needed={"study": (study, Study)},
    )
    as_of = the_date("as_of", as_of)
    subject = subject if isinstance(subject, Subject) else Subject(the_date("subject", subject))
    given = of_study if of_study is not None else {}
    asked = Request(study, period, (subject,), given, window=window, workdays=workdays)
    check_columns(study, asked.cohort)
    return slots_of(asked.known_by(as_of)[0].begun(), 0, visit, as_of, on)


def slots_of(request: Request, column: int, visit: str | None, as_of: dt.date, on: dt.date | None = None) -> Slots:
    """The same of one of the subjects of a request, of whom that is told which was known on `as_of`: the stop of the study is counted over
    all of them."""
    stopped = stop_counted(request.study, request.period, request.cohort).of_study
    request = replace(
        request, study=without_counting(request.study), of_study=stopped, subjects=request.subjects[column : column + 1], as_of=as_of,
        cancelled=True,
    )  # fmt: skip  # who stands in many columns is one subject, and not counted again
    until = max(as_of, on or as_of)
    until = until + dt.timedelta(min(_AHEAD, (dt.date.max - until).days))
    meant = _Meant.next(request, as_of, until) if visit is None else _Meant.by(request, visit, until)
    return _judged(meant, as_of, on)


# --- which visit --------------------------------------------------------------------------------------------------------


class _Meant(Struct, frozen=True):
    """The visit that is meant, of a subject without the appointment for it, if there is one. planned: as the plan has it; None where the
    plan comes to it only with an appointment."""

    request: Request
    until: dt.date
    id: str
    label: str
    period: str
    booked: dt.date | None
    planned: SubjectVisit | None
    schedule: SubjectSchedule

    @classmethod
    def next(cls, request: Request, as_of: dt.date, until: dt.date) -> _Meant:
        (schedule,) = _schedules(request, request.subjects, until)
        open_ = [
            (visit.target, visit.segment.number, visit.number, visit.id)
            for visit in schedule.visits
            if visit.target is not None
            and visit.status not in _SETTLED
            and max(visit.latest or visit.last or visit.target, visit.booked or visit.target) >= as_of
        ]
        if not open_:
            what = "every visit is recorded, cancelled, or was to be before then"
            raise InputError(Problem(f"no visit is open on {date_text(as_of)} or later", hint=what))
        return cls.by(request, min(open_)[-1], until)

    @classmethod
    def by(cls, request: Request, name: str, until: dt.date) -> _Meant:
        """Of a visit as a record names it: a record of that name shows which one it is. Raises InputError where it is none."""
        (subject,) = request.subjects
        shown = Record(name, subject.start or min(event.date for event in subject.events), "booked")
        known = replace(request, subjects=(replace(subject, records=(*subject.records, shown)),)).as_carried_out(until)
        found = known.visit_records
        assert found is not None
        told = [(row, record) for (row, _), records in found.appointments.items() for record in records]
        told += [(row, record) for row, _, record in found.twice]
        rows = [row for row, record in told if record == shown]
        if not rows:
            raise InputError(Problem(f"`{clip(name)}` is not planned, so no day of it is known", hint="name a visit of the plan"))
        row = rows[0]
        given = {(r.visit, r.period, r.date) for i, r in told if i == row}
        others = tuple(r for r in subject.records if r.status != "booked" or (r.visit, r.period, r.date) not in given)
        booked = min((r.date for r in subject.records if r not in others), default=None)
        if booked is not None and subject.planned_start is not None and booked == subject.start:
            subject = replace(subject, start=subject.planned_start, planned_start=None)  # it was counted from the appointment
        without = replace(request, subjects=(replace(subject, records=others),)).begun()
        (schedule,) = _schedules(without, without.subjects, until)
        id = known.id(row)
        planned = next((visit for visit in schedule.visits if visit.id == id), None)
        if planned is None and not any(visit.id == id for visit in next(by_subject(known)).visits):
            raise InputError(Problem(f"`{id}` is not a visit of this subject's plan", hint="name one that is"))
        if planned is not None:
            _check_ahead(schedule, planned)
        return cls(without, until, id, known.visits[row].label, known.period(row).id, booked, planned, schedule)

    def on(self, day: dt.date) -> Subject:
        """The subject with an appointment for the visit."""
        (subject,) = self.request.subjects
        return replace(subject, records=(*subject.records, Record(self.label, day, "booked", self.period)))

    @property
    def days(self) -> list[dt.date]:
        """Those on which it may be, or not."""
        return days_of(self.planned) if self.planned is not None else []


def _check_ahead(schedule: SubjectSchedule, visit: SubjectVisit) -> None:
    """Raises InputError for a visit that has been, or falls away."""
    if visit.actual is not None:
        hint = "`check` says whether that day was in its window"
        raise InputError(Problem(f"`{visit.id}` is recorded: {visit.status.text} on {date_text(visit.actual)}", hint=hint))
    if visit.status == VisitStatus.CANCELLED:
        hint = "it is not planned any more; name another visit"
        raise InputError(Problem(f"`{visit.id}` is cancelled: {cancelled_by(schedule, visit)}", hint=hint))


def _schedules(request: Request, subjects: Sequence[Subject], until: dt.date) -> Iterable[SubjectSchedule]:
    """The schedule of each of some subjects who are one and the same; alone where a way into a period counts over all subjects."""
    if any(way.after.kind in ("count", "subject") for way in request.study.transitions):
        return [next(by_subject(replace(request, subjects=(subject,)).as_carried_out(until))) for subject in subjects]
    return by_subject(replace(request, subjects=tuple(subjects)).as_carried_out(until))


# --- what is said of each day -------------------------------------------------------------------------------------------


def _judged(meant: _Meant, as_of: dt.date, on: dt.date | None) -> Slots:
    days = meant.days
    wanted = list(dict.fromkeys([*days, *([on] if on is not None else [])]))
    (now,) = meant.request.subjects
    begun = replace(meant.request, subjects=tuple(meant.on(day) for day in wanted)).begun().subjects
    refused = {day: wrong for day, then in zip(wanted, begun, strict=True) if (wrong := _contradicts(then, now))}
    possible = [day for day in wanted if day not in refused]
    plain, *made = _schedules(meant.request, [now, *(meant.on(day) for day in possible)], meant.until)
    by_day = dict(zip(possible, made, strict=True))
    workdays = meant.request.workdays or open_days(None)
    known = {_about(gap) for gap in short_gaps(plain)}
    planned = meant.planned
    target, earliest, latest = (planned.target, planned.earliest, planned.latest) if planned is not None else (None, None, None)

    def slot(day: dt.date) -> Slot:
        if day in refused:
            return Slot(day, "not-allowed", refused[day], no_dose=False)
        subject = by_day[day]
        visit = next(visit for visit in subject.visits if visit.id == meant.id)
        close = [gap for gap in short_gaps(subject) if _about(gap) not in known]
        made = _slot(subject, visit, target, day, close, workdays, as_of)
        return made if target is not None else replace(made, reasons=(*made.reasons, _no_day(meant)))

    asked = None
    if on is not None:
        told = slot(on)
        then = by_day.get(on, plain) if told.verdict != "not-allowed" else plain
        projected = projected_text(workdays, [on])
        reasons = told.reasons if projected is None else (*told.reasons, projected)
        moved, words = moves(plain, then, meant.id), follows(meant.request, plain, then, meant.id, as_of)
        asked = Asked(told.date, told.verdict, reasons, told.no_dose, tuple(moved), tuple(words))
    notes = tuple(_notes(meant, days, workdays))
    slots = tuple(map(slot, days))
    return Slots(plain.code, meant.id, target, earliest, latest, slots, asked, meant.booked, notes, plain.site)


def _contradicts(subject: Subject, now: Subject) -> tuple[str, ...]:
    """What of a subject's events and weights cannot be if the appointment is day 1, since they were before it, or not after it."""
    found = []
    for who in (subject, now) if subject.start != now.start else ():
        problems = Problems()
        history.check([who], False, problems)
        found.append(dict.fromkeys(problem.message for problem in problems.errors))
    return tuple(message for message in found[0] if message not in found[1]) if found else ()


def _about(gap: Finding) -> tuple[str, dt.date | None, str]:
    return gap.visit, gap.actual or gap.booked_for, gap.message


def _slot(
    subject: SubjectSchedule, visit: SubjectVisit, target: dt.date | None, day: dt.date, close: Sequence[Finding], workdays: Workdays,
    as_of: dt.date,
) -> Slot:  # fmt: skip
    """What is to be said of an appointment on a day. target: the planned day; what is counted from the appointment itself has it as its
    target."""
    closed = workdays.closed_because(day)
    verdict, found, words = verdict_on(subject, visit, day, closed is not None, bool(close))
    if found in ("in-window", "no-window") and target is not None:
        words[0] = from_target((day - target).days) + (said("; no window is stated") if visit.around == (None, None) else "")
    if verdict == "gap" and not close and visit.dose_before is not None:
        words.append(gap_text(subject, visit.dose_before))
    words += [gap.message if gap.visit == visit.id else said("{visit}: {message}", visit=gap.visit, message=gap.message) for gap in close]
    if closed is not None:
        words.append(closed_text(closed))
    elif day.weekday() >= 5:
        words.append(said("open, though on a weekend"))
    if day < as_of:
        words.append(said("this day has passed, as of {day}", day=as_of))
    no_dose = bool(visit.visit.gives) and is_undecided(visit, day)
    return Slot(day, verdict, tuple(words), no_dose)


def _no_day(meant: _Meant) -> Sentence:
    """Why no day of a visit is known."""
    into = next((p for p, own in enumerate(meant.schedule.periods) if own.period.id == meant.period), 0)
    move = meant.schedule.move_into(into) if into else None
    if move is None:
        return said("the source states no day")
    return said("no day is known: {entry}", entry=entry_text(meant.schedule, *move))


def _notes(meant: _Meant, days: Sequence[dt.date], workdays: Workdays) -> list[Sentence]:
    """What is to be known of all days: why there is none, or only one; which is booked; what of them is projected."""
    found = []
    visit = meant.planned
    if visit is None or visit.target is None:
        found.append(_no_day(meant))
    elif len(days) == 1 and None in visit.around:
        words = said("the source states no window")
        if visit.earliest is not None:
            words = allowed_from(visit.earliest, or_later=visit.or_later)
        found.append(said("{allowed}: only the target is listed", allowed=words))
    if meant.booked is not None:
        found.append(said("booked for {day}: the days are judged as though it were not", day=meant.booked))
    if (projected := projected_text(workdays, days)) is not None:
        found.append(projected)
    return found
