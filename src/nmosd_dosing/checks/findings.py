"""What sites did against the plan: a finding for each visit, each entry, each record that fits no visit.

The tool says that a visit was late, not why; one of which nothing is written is not recorded, which is not to say that the patient
missed it. What would tell a masked arm is not found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec.structs import replace

from nmosd_dosing.checks.finding import Finding, Waits
from nmosd_dosing.checks.time_findings import time_findings
from nmosd_dosing.checks.verdicts import DEVIATIONS, Verdict
from nmosd_dosing.days import Offset, date_text, days_past
from nmosd_dosing.errors import counted
from nmosd_dosing.plans.gap_clock import GapAhead, gaps_ahead
from nmosd_dosing.plans.move_reasons import entry_text
from nmosd_dosing.plans.reasons import cancelled_by, day, limit_text, no_day_allowed, not_given, pending_because
from nmosd_dosing.plans.written import all_gives, batches, comments, hour, reasons
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.subject_schedule import Date, SubjectLimit, SubjectMove, SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import joined, said, word
from nmosd_dosing.study.events import ENDS_PARTICIPATION, ENDS_TREATMENT, OF_SCREENING, is_own_day
from nmosd_dosing.study.model import Transition
from nmosd_dosing.study.period_order import only_doses_ahead
from nmosd_dosing.subjects.bounds import check_arguments, the_date
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.subject import Record


def check(schedule: Schedule, as_of: dt.date | str) -> tuple[Finding, ...]:
    """All findings as of a day, a date or YYYY-MM-DD, subject by subject in the order of the cohort, each subject's by date.

    Make the schedule with `allow_deviation` and `accept_gap`, so that what is wrong is found here. Records of unknown visits are not
    among the findings: `visit_records.check_known` raises them.
    """
    check_arguments(needed={"schedule": (schedule, Schedule)})
    as_of = the_date("as_of", as_of)
    return tuple(finding for subject in by_subject(schedule) for finding in findings_of(subject, as_of))


def findings_of(subject: SubjectSchedule, as_of: dt.date) -> list[Finding]:
    """One subject's findings as of a day, by date."""
    ahead = gaps_ahead(subject, as_of)
    waited_for = [visit for visit in subject.visits if visit.records or visit.appointments or not visit.is_only_needed]
    visits = [_visit(subject, visit, as_of, ahead.get(visit.row)) for visit in waited_for]
    by_hour = (finding for visit in subject.visits for finding in time_findings(subject, visit, as_of))
    others = (*_entries(subject, as_of), *_twice(subject), *_unscheduled(subject), *_doses(subject), *short_gaps(subject), *by_hour)
    dated = [(finding.actual or finding.booked_for or finding.target, 0, finding) for finding in visits]
    dated += [(finding.actual or finding.booked_for or finding.target or finding.latest, 1, finding) for finding in others]
    dated.sort(key=lambda found: (found[0] is None, found[0] or as_of, found[1]))
    return [finding if subject.site is None else replace(finding, site=subject.site) for *_, finding in dated]


# --- visits -------------------------------------------------------------------------------------------------------------


def _visit(subject: SubjectSchedule, visit: SubjectVisit, as_of: dt.date, ahead: GapAhead | None) -> Finding:
    """What is to be said of one visit, with what was written down of it. ahead: what a rule for gaps would do with its dose."""
    written = (*visit.records, *visit.appointments)
    found = replace(_of_visit(subject, visit, as_of, ahead), reason=reasons(written))
    return _with_written(found, batches(visit.records, visit.visit.gives), comments(written))


def _with_written(found: Finding, batch: str | None, comment: str | None) -> Finding:
    words = f"{found.message}{f'; batch {batch}' if batch else ''}{f'; comment: {comment}' if comment else ''}"
    return replace(found, message=words, batch=batch, comment=comment)


def _of_visit(subject: SubjectSchedule, visit: SubjectVisit, as_of: dt.date, ahead: GapAhead | None) -> Finding:
    days = (visit.target, visit.earliest, visit.latest)
    found = Finding(subject.code, visit.id, "upcoming", None, *days, visit.actual, "", last=visit.last, or_later=visit.or_later)
    if visit.actual is not None:
        return _took_place(subject, visit, found, visit.actual)
    if visit.booked is not None:
        return _appointment(subject, visit, found, visit.booked)
    if visit.status in (VisitStatus.MISSED, VisitStatus.WITHHELD):
        return replace(found, verdict="missed", message=f"recorded as {visit.status.text}{_about(visit.records, 'missed')}")
    if visit.status == VisitStatus.CANCELLED:
        return replace(found, verdict="cancelled", message=cancelled_by(subject, visit))
    if visit.target is None:
        return replace(found, message="the source states no day")
    if is_own_day(visit.visit.label) and not visit.visit.gives and visit.target <= as_of:
        verdict, words = _done(visit.target, visit, 0)
        return replace(found, verdict=verdict, days=0, actual=visit.target, message=f"{words}; its day is given, and no record of its own")
    found = _did_not(subject, visit, found, visit.target, as_of)
    if ahead is None or found.waits_for is not None:
        return found
    waits_for: Waits | None = "decision" if ahead.rule.then == "hold" and visit.target <= as_of else None
    return replace(found, message=f"{found.message}; {ahead.text}", waits_for=waits_for)


def _took_place(subject: SubjectSchedule, visit: SubjectVisit, found: Finding, actual: dt.date) -> Finding:
    target = visit.target
    days = (actual - target).days if target is not None else None
    verdict: Verdict
    if (why := _why_not(subject, visit, actual)) is not None:
        verdict, words = "not-allowed", why
    else:
        verdict, words = _done(actual, visit, days)
        ended = max((record.through for record in visit.records), default=actual)
        if not visit.visit.gives and verdict == "in-window" and found.latest is not None and ended > found.latest:
            late = counted((ended - found.latest).days, "day")
            verdict, words = "late", f"to {date_text(ended)}: {late} after the last day, {date_text(found.latest)}"
    if visit.not_compared is not None:
        words = f"{words}; {visit.not_compared}"
    if any(actual > limit.last for limit in visit.segment.waits):
        words = f"{words}; given while a decision was open"
    if _is_day_1(visit) and subject.planned_start is not None and actual == subject.start:
        words = f"{words}; this is day 1, planned was {date_text(subject.planned_start)}"
    part = "" if visit.status == VisitStatus.DONE else "in part, "
    return replace(found, verdict=verdict, days=days, message=f"{part}{words}{_about(visit.records, verdict)}")


def _appointment(subject: SubjectSchedule, visit: SubjectVisit, found: Finding, booked: dt.date) -> Finding:
    """Of a visit that is booked: what will be said of it if it is kept."""
    days = (booked - visit.target).days if visit.target is not None else None
    verdict, words = if_kept(subject, visit, booked)
    message = f"booked for {date_text(booked)}: {'; '.join(words)}{_about(visit.appointments, verdict)}"
    return replace(found, verdict=verdict, days=days, message=message, booked_for=booked, hour=hour(visit.appointments, booked))


def if_kept(subject: SubjectSchedule, visit: SubjectVisit, booked: dt.date) -> tuple[Verdict, list[str]]:
    """The verdict on an appointment of a visit if it is kept: why, and what else is to be said of it."""
    days = (booked - visit.target).days if visit.target is not None else None
    why = _why_not(subject, visit, booked) or (cancelled_by(subject, visit) if visit.status == VisitStatus.CANCELLED else None)
    verdict, words = _done(booked, visit, days) if why is None else ("not-allowed", why)
    said = [words]
    if any(booked > limit.last for limit in visit.segment.waits):
        said.append(f"no dose yet: {pending_because(subject, visit)}")
    said += not_given(visit)
    if _is_day_1(visit) and subject.planned_start is not None and booked == subject.start:
        said.append(f"this will be day 1, planned was {date_text(subject.planned_start)}")
    return verdict, said


def _is_day_1(visit: SubjectVisit) -> bool:
    segment = visit.segment
    return not segment.period and not segment.run and not segment.hangs_on and visit.visit.offset == Offset()


def _did_not(subject: SubjectSchedule, visit: SubjectVisit, found: Finding, target: dt.date, as_of: dt.date) -> Finding:
    """Of a visit of which nothing is written: never that the patient missed it."""
    settled = visit.is_entry and _has_begun(subject, visit)  # the entry is recorded, and its first day with it
    earliest, latest = (None, None) if settled else (found.earliest, found.latest)
    verdict, words, days = _not_recorded(as_of, target, earliest, latest, begins=found.is_course)
    words = words.replace("no window is stated", "the entry is recorded") if settled else words
    words = words.replace("no window is stated", f"allowed on {day(earliest)} or later") if visit.or_later else words
    waits_for: Waits | None = None
    stays = (*visit.visit.kept_after, visit.segment.hangs_on)
    gone = min((date for e in ENDS_PARTICIPATION if e not in stays and (date := subject.first(e)) is not None), default=None)
    over = gone is not None and gone <= as_of and not (latest is not None and latest < gone)
    entered = _has_begun(subject, visit)
    if entered and gone is not None and over and verdict in ("due", "overdue", "past-target"):
        days = (gone - target).days
        verdict, words, waits_for = "past-target", f"not recorded, and the subject left on {date_text(gone)}", "exit"
    elif not entered:
        verdict, words, days, waits_for = "upcoming", "projected: the entry is not recorded", None, "entry"
    elif visit.status == VisitStatus.PENDING:
        verdict, waits_for, days = ("upcoming" if verdict == "upcoming" else "due"), "decision", None
        words = f"no dose yet: {pending_because(subject, visit)}"
    elif visit.no_day_allowed:
        words, waits_for = f"{f'{words}; ' if verdict == 'overdue' else ''}{no_day_allowed(visit)}", "decision"
    elif visit.dose_before is not None and visit.is_too_soon:
        words = f"{words}; not before {date_text(visit.dose_before.not_before)}, by the minimum gap"
    if visit.status != VisitStatus.PENDING:
        words = "; ".join((words, *not_given(visit)))
    if (lapsed := max((record.date for record in visit.appointments), default=None)) is not None:
        words = f"{words}; it was booked for {date_text(lapsed)}"
    return replace(found, verdict=verdict, days=days, message=words, waits_for=waits_for)


def _done(actual: dt.date, visit: SubjectVisit, days: int | None) -> tuple[Verdict, str]:
    earliest, latest = visit.earliest, visit.latest
    if earliest is not None and actual < earliest:
        return "early", f"{counted((earliest - actual).days, 'day')} before the first day, {date_text(earliest)}"
    if latest is None and visit.or_later:
        return "in-window", f"{from_target(days)}, allowed on {day(earliest)} or later"
    if latest is None:
        since = f"; allowed from {date_text(earliest)} on, no last day is stated" if earliest is not None else "; no window is stated"
        return "no-window", f"{from_target(days)}{since}"
    if actual > latest:
        return "late", f"{counted((actual - latest).days, 'day')} after the last day, {date_text(latest)}"
    return "in-window", f"{from_target(days)}, allowed from {day(earliest)} to {date_text(latest)}"


def _not_recorded(as_of: dt.date, target: dt.date, earliest: Date, latest: Date, *, begins: bool) -> tuple[Verdict, str, int | None]:
    """Where no last day is stated a visit is due on the day planned, or on the first that is allowed where that is later. begins: it is a
    course, whose first day this is; its other days are no window."""
    planned = max(target, earliest) if earliest is not None else target
    first, last = (planned, planned) if latest is None else (earliest or target, latest)
    if as_of < min(first, last):
        return "upcoming", f"begins on {date_text(first)}" if begins else f"from {date_text(first)} on", None
    if as_of <= last:
        until = f"begins on {date_text(last)}" if begins else f"until {date_text(last)}"
        return "due", f"{until}{'' if latest else ', the day planned'}", None
    if latest is not None:
        days = (as_of - latest).days
        return "overdue", f"not recorded {counted(days, 'day')} after the last day, {date_text(latest)}", days
    days = (as_of - target).days
    if begins:
        late = f"not recorded {counted(days, 'day')} after the day on which it was to begin"
        return "past-target", f"{late}; no window is stated", days
    return "past-target", f"not recorded {counted(days, 'day')} after the target; no window is stated", days


def _has_begun(subject: SubjectSchedule, visit: SubjectVisit) -> bool:
    return visit.segment.anchor is not None and not (visit.segment.period and subject.period(visit).projected)


def _why_not(subject: SubjectSchedule, visit: SubjectVisit, actual: dt.date) -> str | None:
    """Why a visit that took place, or is booked, is not allowed: before its period began, before day 1, after what ended it; None where it
    is."""
    own, segment = subject.period(visit), visit.segment
    begun = segment.anchor is not None if visit.booked is not None else _has_begun(subject, visit)
    day_1 = subject.start if segment.hangs_on not in OF_SCREENING else None  # what hangs on screening may come before it
    if segment.period and day_1 is not None and actual < day_1:
        return f"before day 1, {date_text(day_1)}"
    if segment.period and not begun:
        return f"no entry into {own.period.id} is recorded"
    entry = own.anchor if segment.hangs_on else segment.anchor
    if segment.period and entry is not None and actual < entry and not _planned_before(visit, entry):
        return f"before the entry into {own.period.id} on {date_text(entry)}"
    ended = [limit for limit in _ended(subject, visit) if actual > limit.last]
    own_day = visit.visit.offset == Offset()  # day 1 itself may be planned for later than its own
    if day_1 is not None and actual < day_1 and not own_day and not _planned_before(visit, day_1) and (visit.visit.gives or ended):
        return f"before day 1, {day(day_1)}"
    return f"after {limit_text(subject, min(ended, key=lambda limit: limit.last))}" if ended else None


def _planned_before(visit: SubjectVisit, first: dt.date) -> bool:
    """Whether a visit is planned for before the first day of its period, as D-2 is: then that day is no limit of it."""
    return visit.target is not None and visit.target < first


def _ended(subject: SubjectSchedule, visit: SubjectVisit) -> Iterator[SubjectLimit]:
    """What ends a visit, as it holds for what was done: a projected entry ends nothing."""
    what = visit.visit
    for limit in visit.segment.limits:
        if limit.doses_only and not (what.gives and (not what.assessments or visit.dose_recorded)):
            continue
        if limit.cause in what.kept_after and not (what.gives and visit.dose_recorded):
            continue
        entered = any(move.out_of == visit.segment.period and move.entered is not None for move in subject.moves)
        if limit.cause != "entry" or entered:
            yield limit


def _about(records: Sequence[Record], verdict: Verdict) -> str:
    """The reason that was written down; and, where it matters, the place."""
    if verdict not in DEVIATIONS and not any(record.reason for record in records):
        return ""
    reasons = dict.fromkeys(record.reason for record in records if record.reason)
    place = next((record.place for record in records if record.place), None) if verdict in DEVIATIONS else None
    return "".join(f"; reason: {reason}" for reason in reasons) + (f" ({place.where})" if place else "")


def from_target(days: int | None) -> str:
    """How far a day is from the target, in words; None where there is none."""
    if days is None:
        return "the source states no day"
    return "on the target" if days == 0 else f"{counted(abs(days), 'day')} {'after' if days > 0 else 'before'} the target"


# --- entries ------------------------------------------------------------------------------------------------------------


def _entries(subject: SubjectSchedule, as_of: dt.date) -> Iterator[Finding]:
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
        not_before = said("not before {day}, by the minimum gap", day=day(earliest))
        message = joined("; ", (message, no_day_allowed(visit) if visit.no_day_allowed else not_before))
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


# --- records ------------------------------------------------------------------------------------------------------------


def _where(record: Record) -> str:
    return f" ({record.place.where})" if record.place else ""


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
    by_row = {visit.row: visit for visit in subject.visits}
    for row, record in subject.twice:
        visit, first = by_row[row], (*by_row[row].records, *by_row[row].appointments)[0]
        if record.status == "booked":
            words = (
                f"booked for {date_text(record.date)} as well{_where(record)}, and {first.status} on {date_text(first.date)}{_where(first)}"
            )
            yield _recorded(subject, visit, "duplicate", record.date, words, booked=True, reason=record.reason)
            continue
        words = f"recorded again{_where(record)}, first on {date_text(visit.records[0].date)}{_where(visit.records[0])}"
        yield _recorded(subject, visit, "duplicate", record.date, words, reason=record.reason)


def _unscheduled(subject: SubjectSchedule) -> Iterator[Finding]:
    products, gives = {product.name for product in subject.study.products}, all_gives(subject)
    for record in subject.unscheduled:
        if record.status == "lapsed":
            continue
        reason = f"; reason: {record.reason}" if record.reason else ""
        verdict: Verdict = "unscheduled"
        words = "a visit that is not planned"
        dose = record.product is not None or record.amount is not None
        for event in ENDS_TREATMENT:
            date = subject.first(event)
            if date is not None and record.date > date and (dose or event in ENDS_PARTICIPATION):
                verdict, words = "not-allowed", f"a visit that is not planned, after {event} on {date_text(date)}"
        words = f"{words}{reason}{_where(record)}"
        if record.status == "booked":
            words = f"booked for {date_text(record.date)}: {words}"
            found = Finding(subject.code, record.visit, verdict, None, None, None, None, None, words, booked_for=record.date)
            yield _with_written(replace(found, reason=record.reason), batches([record], gives), record.comment)
            continue
        finding = Finding(subject.code, record.visit, verdict, None, None, None, None, record.date, words, reason=record.reason)
        yield _with_written(finding, batches([record], gives), record.comment)
        if record.product is not None and record.product not in products:
            named = "a product" if any(give.mask is not None for give in gives) else record.product  # a name may tell the arm
            words = f"{named} is recorded, which is no product of the study: it counts in no total{_where(record)}"
            yield replace(finding, verdict="wrong-dose", message=words)


def _doses(subject: SubjectSchedule) -> Iterator[Finding]:
    """Recorded doses that are not the planned ones; how much of a masked product is not looked at."""
    for visit in subject.visits:
        for record, wrong in zip(visit.records, visit.wrong, strict=True):
            if wrong is not None:
                yield _recorded(subject, visit, "wrong-dose", record.date, f"{wrong}{_where(record)}", reason=record.reason)


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
                words = f"{product.name} {counted((date - before).days, 'day')} after the dose before, on {date_text(before)}"
                words += f"; the minimum gap is {product.gap_text}"
                if isinstance(visit, SubjectVisit):
                    yield _recorded(subject, visit, "short-gap", date, words, booked=visit.booked is not None)
                else:
                    yield Finding(subject.code, visit, "short-gap", None, None, None, None, date, words)
