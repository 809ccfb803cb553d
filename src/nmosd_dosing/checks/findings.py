"""What sites did against the plan: a finding for each visit, each entry, each record that fits no visit.

The tool says that a visit was late, not why; one of which nothing is written is not recorded, which is not to say that the patient
missed it. What would tell a masked arm is not found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from msgspec.structs import replace

from nmosd_dosing.checks.entry_findings import entry_findings
from nmosd_dosing.checks.finding import Finding, Waits
from nmosd_dosing.checks.time_findings import time_findings
from nmosd_dosing.checks.verdicts import DEVIATIONS, Verdict
from nmosd_dosing.days import Offset, days_past
from nmosd_dosing.errors import Place
from nmosd_dosing.plans.gap_clock import GapAhead, gaps_ahead
from nmosd_dosing.plans.reasons import cancelled_by, day, limit_text, no_day_allowed, not_given, pending_because
from nmosd_dosing.plans.written import all_gives, batches, comments, hour, reasons
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import Date, SubjectLimit, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, joined, many, said, word
from nmosd_dosing.study.events import ENDS_PARTICIPATION, ENDS_TREATMENT, OF_SCREENING, is_own_day
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.bounds import check_arguments, the_date
from nmosd_dosing.subjects.subject import Record

_ITS_OWN = Offset()  # of a visit on the first day of its period


def check(schedule: Schedule, as_of: dt.date | str) -> tuple[Finding, ...]:
    """All findings as of a day, a date or YYYY-MM-DD, subject by subject in the order of the cohort, each subject's by date.

    Make the schedule with `allow_deviation` and `accept_gap`, so that what is wrong is found here. Records of unknown visits are not
    among the findings: `visit_records.check_known` raises them.
    """
    check_arguments(needed={"schedule": (schedule, Schedule)})
    return check_shown(schedule, the_date("as_of", as_of), lambda code, site: True)


def check_shown(schedule: Schedule, as_of: dt.date, shown: Callable[[str | None, str | None], bool]) -> tuple[Finding, ...]:
    """The same of those whose code and site are `shown`."""
    those = (subject for subject in by_subject(schedule) if shown(subject.code, subject.site))
    return tuple(finding for subject in those for finding in findings_of(subject, as_of))


def findings_of(subject: SubjectSchedule, as_of: dt.date) -> list[Finding]:
    """One subject's findings as of a day, by date."""
    ahead = gaps_ahead(subject, as_of)
    dated: list[tuple[Date, Finding]] = []
    later: list[Finding] = []
    for visit in subject.visits:
        if visit.records or visit.appointments or not visit.is_only_needed:
            found = _visit(subject, visit, as_of, ahead.get(visit.row))
            dated.append((found.actual or found.booked_for or found.target, found))
        if visit.visit.time_points:
            later += time_findings(subject, visit, as_of)
    others = (*entry_findings(subject, as_of), *_twice(subject), *_unscheduled(subject), *_doses(subject), *short_gaps(subject), *later)
    dated += [(f.actual or f.booked_for or f.target or f.latest, f) for f in others]
    dated.sort(key=lambda each: (each[0] is None, each[0] or as_of))
    return [f if f.site == subject.site else replace(f, site=subject.site) for _, f in dated]


# --- visits -------------------------------------------------------------------------------------------------------------


class _Said(NamedTuple):
    """What is said of a visit, as a finding has it; words: in their order, with `; ` between them."""

    verdict: Verdict
    words: list[str]
    days: int | None = None
    waits_for: Waits | None = None


def _visit(subject: SubjectSchedule, visit: SubjectVisit, as_of: dt.date, ahead: GapAhead | None) -> Finding:
    """What is to be said of one visit, with what was written down of it. ahead: what a rule for gaps would do with its dose."""
    actual, booked, written = visit.actual, None, (*visit.records, *visit.appointments)
    if actual is not None:
        told = _took_place(subject, visit, actual)
    elif visit.booked is not None:
        booked, told = visit.booked, _appointment(subject, visit, visit.booked)
    elif visit.status in (VisitStatus.MISSED, VisitStatus.WITHHELD):
        was = said("recorded as missed" if visit.status == VisitStatus.MISSED else "recorded as withheld")
        told = _Said("missed", _about([was], visit.records, "missed"))
    elif visit.status == VisitStatus.CANCELLED:
        told = _Said("cancelled", [cancelled_by(subject, visit)])
    elif visit.target is None:
        told = _Said("upcoming", [said("the source states no day")])
    elif is_own_day(visit.visit.label) and not visit.visit.gives and visit.target <= as_of:
        actual = visit.target
        verdict, words = _done(actual, visit, 0)
        told = _Said(verdict, [words, said("its day is given, and no record of its own")], 0)
    else:
        told = _did_not(subject, visit, visit.target, as_of)
        if ahead is not None and told.waits_for is None:
            waits_for: Waits | None = "decision" if ahead.rule.then == "hold" and visit.target <= as_of else None
            told = told._replace(words=[*told.words, ahead.text], waits_for=waits_for)
    found = Finding(
        subject.code, visit.id, told.verdict, told.days, visit.target, visit.earliest, visit.latest, actual, _together(told.words),
        told.waits_for, visit.last, booked, hour(visit.appointments, booked) if booked else None, site=subject.site,
        or_later=visit.or_later,
    )  # fmt: skip
    return _with_written(found, written, visit.records, visit.visit.gives)


def _with_written(found: Finding, written: Sequence[Record], given: Sequence[Record], gives: Sequence[Give]) -> Finding:
    """A finding with what was written down beside it; given: the records of doses, that are `gives`."""
    if not any(record.reason or record.comment or record.batch for record in written):
        return found
    batch, comment, words = batches(given, gives), comments(written), [found.message]
    words += [said("batch {batch}", batch=batch)] if batch else []
    words += [said("comment: {comment}", comment=comment)] if comment else []
    return replace(found, message=_together(words), batch=batch, comment=comment, reason=reasons(written))


def _together(words: Sequence[str]) -> str:
    """What is said one after another."""
    return words[0] if len(words) == 1 else joined("; ", words)


def _took_place(subject: SubjectSchedule, visit: SubjectVisit, actual: dt.date) -> _Said:
    days = (actual - visit.target).days if visit.target is not None else None
    verdict: Verdict
    if (why := _why_not(subject, visit, actual)) is not None:
        verdict, words = "not-allowed", [why]
    else:
        verdict, done = _done(actual, visit, days)
        latest = visit.latest
        if verdict == "in-window" and latest is not None and not visit.visit.gives:
            ended = max((record.through for record in visit.records), default=actual)
            if ended > latest:
                late = many((ended - latest).days, "day")
                verdict, done = "late", said("to {end}: {late} after the last day, {latest}", end=ended, late=late, latest=latest)
        words = [done]
    if visit.not_compared is not None:
        words.append(visit.not_compared)
    if is_undecided(visit, actual):
        words.append(said("given while a decision was open"))
    if subject.planned_start is not None and actual == subject.start and is_day_1(visit):
        words.append(said("this is day 1, planned was {date}", date=subject.planned_start))
    if visit.status != VisitStatus.DONE:
        words[0] = said("in part, {words}", words=words[0])
    return _Said(verdict, _about(words, visit.records, verdict), days)


def _appointment(subject: SubjectSchedule, visit: SubjectVisit, booked: dt.date) -> _Said:
    """Of a visit that is booked: what will be said of it if it is kept."""
    days = (booked - visit.target).days if visit.target is not None else None
    verdict, (first, *words) = if_kept(subject, visit, booked)
    first = said("booked for {date}: {words}", date=booked, words=first)
    return _Said(verdict, _about([first, *words], visit.appointments, verdict), days)


def if_kept(subject: SubjectSchedule, visit: SubjectVisit, booked: dt.date) -> tuple[Verdict, list[str]]:
    """The verdict on an appointment of a visit if it is kept: why, and what else is to be said of it."""
    days = (booked - visit.target).days if visit.target is not None else None
    why = _why_not(subject, visit, booked) or (cancelled_by(subject, visit) if visit.status == VisitStatus.CANCELLED else None)
    verdict, words = _done(booked, visit, days) if why is None else ("not-allowed", why)
    told = [words]
    if is_undecided(visit, booked):
        told.append(said("no dose yet: {because}", because=pending_because(subject, visit)))
    told += not_given(visit)
    if subject.planned_start is not None and booked == subject.start and is_day_1(visit):
        told.append(said("this will be day 1, planned was {date}", date=subject.planned_start))
    return verdict, told


def is_undecided(visit: SubjectVisit, day: dt.date) -> bool:
    """Whether doses on a day wait for a decision."""
    return any(day > limit.last for limit in visit.segment.waits)


def is_day_1(visit: SubjectVisit) -> bool:
    """Whether a visit is that of study day 1."""
    segment = visit.segment
    return not segment.period and not segment.run and not segment.hangs_on and visit.visit.offset == _ITS_OWN


def _did_not(subject: SubjectSchedule, visit: SubjectVisit, target: dt.date, as_of: dt.date) -> _Said:
    """Of a visit of which nothing is written: never that the patient missed it."""
    entered = visit.segment.anchor is not None and not (visit.segment.period and subject.period(visit).projected)
    settled = visit.is_entry and entered  # the entry is recorded, and its first day with it
    earliest, latest = (None, None) if settled else (visit.earliest, visit.latest)
    no_window = said("no window is stated")
    if settled:
        no_window = said("the entry is recorded")
    elif visit.or_later:
        no_window = said("allowed on {day} or later", day=day(earliest))
    begins = visit.last is not None and visit.latest is None
    verdict, first, days = _not_recorded(as_of, target, earliest, latest, no_window, begins=begins)
    words = [first]
    stays = (*visit.visit.kept_after, visit.segment.hangs_on)
    gone = min((date for e in ENDS_PARTICIPATION if e not in stays and (date := subject.first(e)) is not None), default=None)
    over = gone is not None and gone <= as_of and not (latest is not None and latest < gone)
    waits: Waits | None = None
    if entered and gone is not None and over and verdict in ("due", "overdue", "past-target"):
        days = (gone - target).days
        verdict, words, waits = "past-target", [said("not recorded, and the subject left on {date}", date=gone)], "exit"
    elif not entered:
        verdict, words, days, waits = "upcoming", [said("projected: the entry is not recorded")], None, "entry"
    elif visit.status == VisitStatus.PENDING:
        verdict, waits, days = ("upcoming" if verdict == "upcoming" else "due"), "decision", None
        words = [said("no dose yet: {because}", because=pending_because(subject, visit))]
    elif visit.no_day_allowed:
        words, waits = [*(words if verdict == "overdue" else ()), no_day_allowed(visit)], "decision"
    elif visit.dose_before is not None and visit.is_too_soon:
        words.append(said("not before {day}, by the minimum gap", day=visit.dose_before.not_before))
    if visit.status != VisitStatus.PENDING:
        words += not_given(visit)
    if (lapsed := max((record.date for record in visit.appointments), default=None)) is not None:
        words.append(said("it was booked for {date}", date=lapsed))
    return _Said(verdict, words, days, waits)


def _done(actual: dt.date, visit: SubjectVisit, days: int | None) -> tuple[Verdict, str]:
    earliest, latest = visit.earliest, visit.latest
    if earliest is not None and actual < earliest:
        return "early", said("{days} before the first day, {first}", days=many((earliest - actual).days, "day"), first=earliest)
    if latest is None:
        or_later = visit.or_later
        return ("in-window" if or_later else "no-window"), _without_last_day(days, earliest, or_later)
    if actual > latest:
        return "late", said("{days} after the last day, {last}", days=many((actual - latest).days, "day"), last=latest)
    return "in-window", said("{away}, allowed from {first} to {last}", away=from_target(days), first=day(earliest), last=latest)


@lru_cache(maxsize=512)  # what there is so much of is said again and again
def _without_last_day(days: int | None, earliest: Date, or_later: bool) -> Sentence:
    away = from_target(days)
    if or_later:
        return said("{away}, allowed on {first} or later", away=away, first=day(earliest))
    if earliest is not None:
        return said("{away}; allowed from {first} on, no last day is stated", away=away, first=earliest)
    return said("{away}; no window is stated", away=away)


def _not_recorded(
    as_of: dt.date, target: dt.date, earliest: Date, latest: Date, no_window: str, *, begins: bool
) -> tuple[Verdict, str, int | None]:
    """Where no last day is stated a visit is due on the day planned, or on the first that is allowed where that is later. begins: it is a
    course, whose first day this is; its other days are no window. no_window: what is said where there is no last day."""
    planned = max(target, earliest) if earliest is not None else target
    first, last = (planned, planned) if latest is None else (earliest or target, latest)
    if as_of < min(first, last):
        return "upcoming", said("begins on {date}", date=first) if begins else said("from {date} on", date=first), None
    if as_of <= last:
        if latest is None:
            until = said("begins on {date}, the day planned", date=last) if begins else said("until {date}, the day planned", date=last)
        else:
            until = said("begins on {date}", date=last) if begins else said("until {date}", date=last)
        return "due", until, None
    days = (as_of - (target if latest is None else latest)).days
    late = many(days, "day")
    if latest is not None:
        return "overdue", said("not recorded {days} after the last day, {date}", days=late, date=latest), days
    if begins:
        about = said("not recorded {days} after the day on which it was to begin; {window}", days=late, window=no_window)
    else:
        about = said("not recorded {days} after the target; {window}", days=late, window=no_window)
    return "past-target", about, days


def _why_not(subject: SubjectSchedule, visit: SubjectVisit, actual: dt.date) -> str | None:
    """Why a visit that took place, or is booked, is not allowed: before its period began, before day 1, after what ended it; None where it
    is."""
    segment, day_1 = visit.segment, subject.start
    if day_1 is not None and (actual >= day_1 or segment.hangs_on in OF_SCREENING):  # what hangs on screening may come before it
        day_1 = None
    if segment.period:
        own = subject.period(visit)
        if day_1 is not None:
            return said("before day 1, {day_1}", day_1=day_1)
        if segment.anchor is None or (own.projected and visit.booked is None):
            return said("no entry into {period} is recorded", period=own.period.id)
        entry = own.anchor if segment.hangs_on else segment.anchor
        if entry is not None and actual < entry and not _planned_before(visit, entry):
            return said("before the entry into {period} on {date}", period=own.period.id, date=entry)
    ended = [limit for limit in segment.limits if actual > limit.last and _ends(subject, visit, limit)]
    if day_1 is not None and (visit.visit.gives or ended):
        own_day = visit.visit.offset == _ITS_OWN  # day 1 itself may be planned for later than its own
        if not own_day and not _planned_before(visit, day_1):
            return said("before day 1, {day_1}", day_1=day_1)
    return said("after {limit}", limit=limit_text(subject, min(ended, key=lambda limit: limit.last))) if ended else None


def _planned_before(visit: SubjectVisit, first: dt.date) -> bool:
    """Whether a visit is planned for before the first day of its period, as D-2 is: then that day is no limit of it."""
    return visit.target is not None and visit.target < first


def _ends(subject: SubjectSchedule, visit: SubjectVisit, limit: SubjectLimit) -> bool:
    """Whether a limit of a period holds for a visit that was done: a projected entry ends nothing."""
    what = visit.visit
    if limit.doses_only and not (what.gives and (not what.assessments or visit.dose_recorded)):
        return False
    if limit.cause in what.kept_after and not (what.gives and visit.dose_recorded):
        return False
    return limit.cause != "entry" or any(m.out_of == visit.segment.period and m.entered is not None for m in subject.moves)


def _about(words: list[str], records: Sequence[Record], verdict: Verdict) -> list[str]:
    """What is said, with the reason that was written down; and, where it matters, the place."""
    words += [said("reason: {reason}", reason=reason) for reason in dict.fromkeys([r.reason for r in records]) if reason]
    if verdict in DEVIATIONS:
        words[-1] = _at(words[-1], next((record.place for record in records if record.place), None))
    return words


@lru_cache(maxsize=512)
def from_target(days: int | None) -> Sentence:
    """How far a day is from the target, in words; None where there is none."""
    if days is None:
        return said("the source states no day")
    if days == 0:
        return said("on the target")
    far = many(abs(days), "day")
    return said("{days} after the target", days=far) if days > 0 else said("{days} before the target", days=far)


# --- records ------------------------------------------------------------------------------------------------------------


def _at(words: str, place: Place | None) -> str:
    """What is said, with its place where it has one."""
    return words if place is None else said("{words} ({place})", words=words, place=place.where)


def _recorded(
    subject: SubjectSchedule, visit: SubjectVisit, verdict: Verdict, date: dt.date, message: str, booked: bool = False,
    reason: str | None = None,
) -> Finding:  # fmt: skip
    """What is to be said of one record of a visit, or of one appointment."""
    days = (date - visit.target).days if visit.target is not None else None
    actual, booked_for = (None, date) if booked else (date, None)
    return Finding(
        subject.code, visit.id, verdict, days, visit.target, visit.earliest, visit.latest, actual, message, booked_for=booked_for,
        reason=reason, or_later=visit.or_later,
    )  # fmt: skip


def _twice(subject: SubjectSchedule) -> Iterator[Finding]:
    for row, record in subject.twice:
        visit = next(visit for visit in subject.visits if visit.row == row)
        first = (*visit.records, *visit.appointments)[0]
        if booked := record.status == "booked":
            again = _at(said("booked for {date} as well", date=record.date), record.place)
            before = _at(said("{status} on {date}", status=word(first.status), date=first.date), first.place)
            words = said("{again}, and {before}", again=again, before=before)
        else:
            before = _at(said("first on {date}", date=first.date), first.place)
            words = joined(", ", (_at(said("recorded again"), record.place), before))
        yield _recorded(subject, visit, "duplicate", record.date, words, booked, record.reason)


def _unscheduled(subject: SubjectSchedule) -> Iterator[Finding]:
    for record in subject.unscheduled:
        if record.status == "lapsed":
            continue
        gives = all_gives(subject)
        verdict: Verdict = "unscheduled"
        words: str = said("a visit that is not planned")
        dose = record.product is not None or record.amount is not None
        for event in ENDS_TREATMENT:
            date = subject.first(event)
            if date is not None and record.date > date and (dose or event in ENDS_PARTICIPATION):
                verdict, words = "not-allowed", said("a visit that is not planned, after {event} on {date}", event=word(event), date=date)
        message = _at(_together(_about([words], [record], "unscheduled")), record.place)
        on: tuple[Date, Date] = (record.date, None)
        if record.status == "booked":
            message, on = said("booked for {date}: {words}", date=record.date, words=message), (None, record.date)
        finding = Finding(subject.code, record.visit, verdict, None, None, None, None, on[0], message, booked_for=on[1])
        yield (finding := _with_written(finding, [record], [record], gives))
        products = [product.name for product in subject.study.products]
        if record.product is not None and record.product not in products and record.status != "booked":
            hidden = any(give.mask is not None for give in gives)  # a name may tell the arm
            named = said("a product") if hidden else record.product
            words = said("{product} is recorded, which is no product of the study: it counts in no total", product=named)
            yield replace(finding, verdict="wrong-dose", message=_at(words, record.place))


def _doses(subject: SubjectSchedule) -> Iterator[Finding]:
    """Recorded doses that are not the planned ones; how much of a masked product is not looked at."""
    for visit in subject.visits:
        for record, wrong in zip(visit.records, visit.wrong, strict=True) if any(visit.wrong) else ():
            if wrong is not None:
                yield _recorded(subject, visit, "wrong-dose", record.date, _at(wrong, record.place), reason=record.reason)


def short_gaps(subject: SubjectSchedule) -> Iterator[Finding]:
    """Doses, recorded or booked, closer to the one before than the stated minimum."""
    for product in subject.study.products:
        if product.minimum_gap is None or product.name not in [name for name, _ in subject.products]:
            continue
        given: list[tuple[dt.date, dt.date, SubjectVisit | str]] = [
            (dose.date, max(dose.date, visit.last or dose.date), visit)
            for visit in subject.visits
            for dose in visit.doses
            if dose.give.product == product.name and dose.date is not None and (visit.actual or visit.booked) is not None
        ]
        given += [(besides.date, besides.date, besides.visit) for besides in subject.doses_besides if besides.product == product.name]
        given.sort(key=lambda dose: dose[:2])
        ends = accumulate((last for _, last, _ in given), max)  # of a course, its last day
        for before, (date, _, visit) in zip(ends, given[1:], strict=False):
            if days_past(date, before, product.minimum_gap) < 0:
                words = said(
                    "{product} {days} after the dose before, on {date}; the minimum gap is {gap}",
                    product=product.name, days=many((date - before).days, "day"), date=before, gap=product.gap_text or "",
                )  # fmt: skip
                if isinstance(visit, SubjectVisit):
                    yield _recorded(subject, visit, "short-gap", date, words, booked=visit.booked is not None)
                else:
                    yield Finding(subject.code, visit, "short-gap", None, None, None, None, date, words)
