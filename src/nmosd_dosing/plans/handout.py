"""What a patient is told of the next visits, as one value: days, where to, what to bring. No study, drug, arm or label is in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from msgspec import Struct

from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.plans.plan import Plan, PlannedVisit
from nmosd_dosing.plans.site_says import bring_to
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.sentences import Sentence, said
from nmosd_dosing.study.events import is_own_day

MOST = 5  # visits, as many as one page of A4 holds
_HELD = said("its doses wait until they are resumed")


class Appointment(Struct, frozen=True):
    """One visit. `day`: agreed with the patient, with its hour where one is known, else planned, None where that has passed and others
    are possible; `last` where it takes several days: a `course` each of them, from `day` on. `earliest` to `latest`: the days on which it
    is still possible, None where not both are stated. `sure`: nothing that is not yet known can move it. `closed`: the site is, on `day`.
    `again`: other days on which something is examined for it, as planned from `day`, with their hours where these are known.
    """

    day: dt.date | None
    time: dt.time | None
    closed: bool
    room: str | None
    bring: tuple[str, ...]
    last: dt.date | None = None
    agreed: bool = False
    sure: bool = True
    earliest: dt.date | None = None
    latest: dt.date | None = None
    again: tuple[dt.date, ...] = ()
    course: bool = False


class Handout(Struct, frozen=True):
    """As of a day. `place`: the site's name for people. `more`: whether visits follow after those that are listed. `left_out`: which
    visits are not on it, and why, in words for the one who hands it over."""

    as_of: dt.date
    code: str | None
    place: str | None
    telephone: str | None
    appointments: tuple[Appointment, ...]
    more: bool
    left_out: tuple[Sentence, ...]


def handout(plan: Plan, as_of: dt.date, days: Workdays | None = None, *, with_code: bool = False) -> Handout:
    """The next visits of a plan as of a day: those of which nothing is recorded, up to five. `days`: which are closed.

    Raises InputError for a plan that is unblinded: its visits could tell the arm.
    """
    if plan.unblinded:
        raise InputError(Problem("a handout is made of a masked plan", hint="make the plan without `unblind`"))
    found: list[tuple[dt.date, Appointment]] = []
    left_out: list[Sentence] = []
    for visit in (visit for visit in plan.all_visits if visit.stage in ("firm", "tentative")):
        day, last = _days(visit)
        why = None
        if visit.only_arms:
            why = said("it may not be this subject's visit")
        elif visit.status == "pending":
            held = any(dose.amount_status == "held" for dose in visit.administrations)
            why = _HELD if held else said("it waits for a decision")
        elif day is None:
            why = said("no day is stated")
        elif last is not None and last < as_of and any(each.status == "held" for dose in visit.administrations for each in dose.days_taken):
            why = _HELD
        elif is_own_day(visit.label) and visit.booked is None and day <= as_of:
            continue  # whoever has given that day has said that it was
        elif max(d for d in (day, visit.last, visit.latest) if d is not None) < as_of:
            why = said("nothing is recorded of it, and its last day has passed")
            if visit.last is None and visit.latest is None:
                why = said("nothing is recorded of it, and its day has passed")
        else:
            found.append((day, _appointment(plan, visit, day, last, as_of, days)))
            left_out += [said("{visit}, {doses}: the page does not say so", visit=visit.id, doses=doses) for doses in _without_doses(visit)]
            if _is_outside(visit):
                why = said("the days that are allowed, since the appointment is outside of them")
        if why is not None:
            left_out.append(said("{visit}: {why}", visit=visit.id, why=why))
    found += [(on(when), _of_time_point(plan, visit, when, days)) for visit, when in _still_to_come(plan, as_of)]
    found.sort(key=lambda dated: dated[0])
    site = plan.site
    return Handout(
        as_of=as_of, code=plan.subject if with_code else None, place=site.title if site is not None else None,
        telephone=site.telephone if site is not None else None, appointments=tuple(appointment for _, appointment in found[:MOST]),
        more=len(found) > MOST, left_out=tuple(left_out),
    )  # fmt: skip


def _days(visit: PlannedVisit) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day of a visit: of one that is nothing but a course, of its doses that are left; what is agreed stands."""
    day, last = visit.booked or visit.target, visit.last
    if day is None or last is None or visit.assessments:
        return day, last
    each = [day + dt.timedelta(n) for n in range((last - day).days + 1)]
    left = [d for d in each if any(not any(t.first <= d <= t.last for t in dose.days_taken) for dose in visit.administrations)]
    return (day if visit.booked or not left else left[0]), (left[-1] if left else last)


def _without_doses(visit: PlannedVisit) -> Iterator[Sentence]:
    """The days of a course on which a dose is not to be taken."""
    for dose in visit.administrations:
        for days in dose.days_taken:
            held, shown = days.status == "held", dose.shown
            words = said("{product} held from {first} on", product=shown, first=days.first)
            yield words if held else said("{product} none from {first} to {last}", product=shown, first=days.first, last=days.last)


def _is_outside(visit: PlannedVisit) -> bool:
    """Whether what is agreed is a day that is not allowed: then the page does not say two things at once."""
    day, first, last = visit.booked, visit.earliest, visit.latest
    return day is not None and ((first is not None and day < first) or (last is not None and day > last))


def _appointment(
    plan: Plan, visit: PlannedVisit, day: dt.date, last: dt.date | None, as_of: dt.date, days: Workdays | None
) -> Appointment:  # fmt: skip
    earliest = max(visit.earliest, as_of) if visit.earliest is not None else None
    stated = earliest is not None and (visit.or_later or (visit.latest is not None and earliest <= visit.latest)) and not _is_outside(visit)
    passed = stated and day < as_of and visit.last is None
    return Appointment(
        day=None if passed else day, time=visit.time if visit.booked is not None else None, last=last, agreed=visit.booked is not None,
        sure=visit.stage == "firm", earliest=earliest if stated else None, latest=visit.latest if stated else None,
        closed=not passed and days is not None and days.closed_because(day) is not None, room=visit.room,
        bring=bring_to(plan.site, visit.period, visit.label), again=() if passed else tuple(_again(visit, day)),
        course=visit.last is not None and bool(visit.administrations),
    )  # fmt: skip


def _again(visit: PlannedVisit, day: dt.date) -> Iterator[dt.date]:
    """The other days of a visit by its time points of which nothing is recorded, each once, at its first hour."""
    seen = {day}
    for row in visit.time_line:
        if row.kind == "assessment" and row.date is not None and row.date not in seen and row.status is None:
            seen.add(row.date)
            yield row.time or row.date


def on(when: dt.date) -> dt.date:
    """The day of a day, or of an hour."""
    return when.date() if isinstance(when, dt.datetime) else when


def _still_to_come(plan: Plan, as_of: dt.date) -> Iterator[tuple[PlannedVisit, dt.date]]:
    """The days on which something is still examined for a visit that was."""
    for visit in plan.visits:
        if visit.stage == "took place" and visit.actual is not None and not visit.only_arms:
            yield from ((visit, when) for when in _again(visit, visit.actual) if on(when) >= as_of)


def _of_time_point(plan: Plan, visit: PlannedVisit, when: dt.date, days: Workdays | None) -> Appointment:
    return Appointment(
        day=on(when), time=when.time() if isinstance(when, dt.datetime) else None,
        closed=days is not None and days.closed_because(on(when)) is not None, room=visit.room,
        bring=bring_to(plan.site, visit.period, visit.label),
    )  # fmt: skip
