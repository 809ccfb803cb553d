"""What may be a slip of the pen in what is written of a person, and so is written with a reason only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import findings_of
from nmosd_dosing.register.writing.person import Person
from nmosd_dosing.sentences import said
from nmosd_dosing.subjects.weight_checks import weight_doubts

_HAPPENED = ("events", "visits", "weighings", "measurements")  # tables of what has happened on a day
_FIRST_YEAR, _YEARS_AHEAD = 1990, 2  # between which a day 1 is nothing to wonder at


def slips(old: Person | None, new: Person, today: dt.date) -> tuple[str, ...]:
    """What may be a slip, in words, and was not one before: a day 1 that moves or is years away, a visit that is recorded twice or where
    none is allowed, a weight to look at again, and what is said to have happened on a day that has not come."""
    return (*_of_plan(old, new, today), *_ahead(old, new, today))


def _of_plan(old: Person | None, new: Person, today: dt.date) -> list[str]:
    found = []
    if new.schedule is None or new.request is None or new.subject is None:
        return []
    was = old.subject.start if old is not None and old.subject is not None else None
    if new.subject.start not in (was, None) and (words := _unlikely(new.subject.start, today)) is not None:
        found.append(words)
    if was is not None and new.subject.start != was:
        found.append(said("day 1 moves from {before} to {after}", before=was, after=new.subject.start or said("no day")))
    known = [_slip(f) for f in findings_of(old.schedule, today)] if old is not None and old.schedule is not None else []
    for finding in findings_of(new.schedule, today):
        words = _slip(finding)
        if words is not None and words not in known:
            found.append(words)
    heavy = _weights(old)
    found += [words for words in _weights(new) if words not in heavy]
    return found


def _unlikely(start: dt.date | None, today: dt.date) -> str | None:
    """That the year of a day 1 is to be looked at."""
    if start is None or _FIRST_YEAR <= start.year <= today.year + _YEARS_AHEAD:
        return None
    return said("day 1 is {day}: before {year}, or more than {n} years ahead", day=start, year=_FIRST_YEAR, n=_YEARS_AHEAD)


def _slip(finding: Finding) -> str | None:
    outside = finding.booked and finding.verdict in ("early", "late")
    if outside or (finding.verdict == "not-allowed" and not finding.is_entry):
        return said("`{visit}`: {message}", visit=finding.visit, message=finding.message)
    return said("`{visit}` is {message}", visit=finding.visit, message=finding.message) if finding.verdict == "duplicate" else None


def _ahead(old: Person | None, new: Person, today: dt.date) -> Iterator[str]:
    """What is written down of a day that has not come: nobody can know it yet. An appointment is ahead, and so may day 1 be."""
    for table in _HAPPENED:
        known = old.cells.get(table, ()) if old is not None else ()
        for row in new.cells.get(table, ()):
            day = dt.date.fromisoformat(row["date"][:10])
            if day > today and row not in known and row.get("status") != "booked":
                if table == "visits":
                    yield said("{day} is ahead, as of {today}: until that day the visit is an appointment, not done", day=day, today=today)
                else:
                    yield said("{day} is ahead, as of {today}", day=day, today=today)


def _weights(person: Person | None) -> list[str]:
    if person is None or person.request is None:
        return []
    return [doubt.message for doubts in weight_doubts(person.request.cohort).values() for doubt in doubts]
