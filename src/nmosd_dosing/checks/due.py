"""What is due soon: visits that are open, open or close in the days ahead, entries, decisions, appointments; what to do about each, in the
words of a telephone call, and the most urgent first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct

from nmosd_dosing.checks.finding import Finding, deviates
from nmosd_dosing.checks.verdicts import STATES, State, Verdict
from nmosd_dosing.sentences import Sentence, many, said
from nmosd_dosing.subjects.bounds import Values, the_date, the_list

_APPOINTMENTS: tuple[Verdict, ...] = (  # that are to be kept, or to be moved
    "in-window", "no-window", "early", "late", "unscheduled", "not-allowed", "short-gap",
)  # fmt: skip
_SOON = 3  # days in which a window closes that is called about today


class Due(Struct, frozen=True):
    """One thing to do, and in words what (`todo`). `day`: by when: the last day on which it is allowed, or planned where none is stated; of
    an appointment its day, if that is not too late. `last` and `left`: the last allowed day, and the days from now to it; None where none
    is stated."""

    finding: Finding
    state: State
    day: dt.date
    last: dt.date | None
    left: int | None
    todo: Sentence

    @property
    def amiss(self) -> bool:
        """Whether it is an appointment that does not fit: out of its window, not allowed, or too close to another dose."""
        return self.state == "booked" and deviates(self.finding)

    @property
    def rank(self) -> float:
        """How urgent it is, the least number most: by its state, and what is booked amiss behind what somebody must decide."""
        return STATES.index("decision") + 0.5 if self.amiss else STATES.index(self.state)


def last_due_day(as_of: dt.date, ahead: int) -> dt.date:
    """The last of `ahead` days from `as_of`; the last day that there is where they go beyond it."""
    return dt.date.max if (dt.date.max - as_of).days <= ahead else as_of + dt.timedelta(ahead)


def due(findings: Sequence[Finding], as_of: dt.date | str, ahead: int, *, since: dt.date | str | None = None) -> tuple[Due, ...]:
    """What is not recorded and is due, overdue, or will be within `ahead` days; the most urgent first, then by the last allowed day.

    The order is: overdue, past its target, to be decided, an appointment that does not fit, a window that closes within these days, what is
    due, other appointments, what opens. `since`: only what can still be done on that day or later; what was to be done before is left out.

    Raises InputError for what is no finding, no date (or YYYY-MM-DD), or no number of days.
    """
    values, as_of = Values(), the_date("as_of", as_of)
    first = the_date("since", since) if since is not None else as_of
    values.whole("ahead", ahead, 0)
    findings = the_list("findings", findings)
    values.all_are("findings", tuple(findings), Finding)
    values.stop()
    found = []
    last_day = last_due_day(as_of, ahead)
    too_close = {(f.subject, f.visit, f.booked_for) for f in findings if f.verdict == "short-gap" and f.booked}
    for finding in findings:
        if finding.time_point is not None:  # nobody is called for a sample
            continue
        state, day = _state(finding, as_of, last_day)
        told = finding.verdict not in ("short-gap", "not-allowed") and (finding.subject, finding.visit, finding.booked_for) in too_close
        if state is not None and day is not None and not told and not (first > as_of and _before(state, day, first)):
            last = finding.latest
            left = (last - as_of).days if last is not None else None
            found.append(Due(finding, state, day, last, left, _todo(finding, state, as_of)))
    return tuple(sorted(found, key=lambda d: (d.rank, d.day)))


def _before(state: State, day: dt.date, first: dt.date) -> bool:
    """Whether something is to be done before a day that is ahead: what is overdue on the day of looking is, whatever its day."""
    return state in ("overdue", "past-target") or day < first


def _state(finding: Finding, as_of: dt.date, until: dt.date) -> tuple[State | None, dt.date | None]:
    days = [day for day in (finding.earliest, finding.target) if day is not None]
    first, last = finding.earliest or finding.target, finding.latest
    if last is None:  # it is due on the day planned, or on the first that is allowed where that is later
        first = max(days, default=None)
        last = first
    elif first is not None:  # where no day is allowed somebody must decide before the last one
        first = min(first, last)
    if finding.waits_for == "exit":
        return None, None
    if finding.booked_for is not None:
        by_when = min(finding.booked_for, finding.latest or finding.booked_for)
        return ("booked", by_when) if finding.verdict in _APPOINTMENTS and by_when <= until else (None, None)
    verdict, undecided = finding.verdict, finding.waits_for == "decision"
    match verdict:
        case "overdue" | "past-target":
            return ("decision" if undecided else verdict), last
        case "due" if undecided:
            return "decision", last or as_of
        case "due":
            return ("closes" if finding.latest is not None and as_of <= finding.latest <= until else "due"), last
        case "upcoming" if finding.waits_for == "entry" or first is None or first > until:
            return None, None
        case "upcoming":
            return ("decision" if undecided else "opens"), last
        case "in-window" | "no-window" | "early" | "late" | "missed" | "unscheduled" | "duplicate":
            return None, None
        case "wrong-dose" | "not-allowed" | "short-gap" | "cancelled" | "no-hour":
            return None, None


# --- in the words of a call -----------------------------------------------------------------------------------------------


def _todo(finding: Finding, state: State, as_of: dt.date) -> Sentence:
    """What to do about it."""
    target, earliest, latest = finding.target, finding.earliest, finding.latest
    first = max((day for day in (earliest, target) if day is not None), default=None) if latest is None else earliest or target
    match state:
        case "overdue":
            since = said("overdue since {day}", day=latest + dt.timedelta(1)) if latest is not None else said("overdue")
            entry = finding.is_entry
            return said("{overdue}: call, record the entry or decide" if entry else "{overdue}: call, record or mark missed", overdue=since)
        case "past-target" if finding.is_entry or finding.or_later:
            return said("call to book: open since {day}", day=first) if first is not None else said("call to book")
        case "past-target":
            if target is None:
                return said("call, record or mark missed")
            planned = said("was planned for {day}: call, record or mark missed", day=target)
            return said("was to begin on {day}: call, record or mark missed", day=target) if finding.is_course else planned
        case "decision":
            return said("decide: {what}", what=_to_decide(finding)) + _by(latest, as_of)
        case "closes":
            left = (latest - as_of).days if latest is not None else 0
            closes = said("entry closes {when}" if finding.is_entry else "window closes {when}", when=_when(left))
            call = said("call now") if left == 0 else said("call today") if left <= _SOON else said("call to book")
            return said("{closes}: {call}", closes=closes, call=call)
        case "due":
            if latest is None and first == as_of:
                return said("begins today: call") if finding.is_course else said("planned for today: call")
            return said("call to book") + _by(latest, as_of)
        case "opens":
            if first is None:
                return said("call to book")
            if finding.is_course:
                return said("call to book: begins on {day}", day=first)
            return said("call to book: planned for {day}" if latest is None else "call to book: opens {day}", day=first)
        case "booked":
            return _appointment(finding, finding.booked_for or as_of)


def _when(left: int) -> Sentence:
    return said("today") if left == 0 else said("tomorrow") if left == 1 else said("in {days}", days=many(left, "day"))


def _to_decide(finding: Finding) -> Sentence:
    if finding.is_entry:
        return said("entry into {period}", period=finding.visit.removesuffix(" entry"))
    none = finding.earliest is not None and finding.latest is not None and finding.earliest > finding.latest
    return said("no day is allowed") if none else said("the dose waits")


def _by(latest: dt.date | None, as_of: dt.date) -> Sentence:
    if latest is None:
        return said("")
    return said(", by {day}", day=latest) if latest >= as_of else said("; the last day was {day}", day=latest)


def _appointment(finding: Finding, booked: dt.date) -> Sentence:
    """What is booked; and what is wrong with it, while there is time."""
    when = finding.appointment or said("")
    match finding.verdict:
        case "early" if finding.earliest is not None:
            return said("{booked}, {days} too early: call to move it", booked=when, days=many((finding.earliest - booked).days, "day"))
        case "late" if finding.latest is not None:
            return said("{booked}, {days} too late: call to move it", booked=when, days=many((booked - finding.latest).days, "day"))
        case "short-gap":
            return said("{booked}, too close to another dose: call to move it", booked=when)
        case "not-allowed":
            return said("{booked}, which is not allowed: call to cancel it", booked=when)
        case _:
            return when
