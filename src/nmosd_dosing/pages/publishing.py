"""What a feed gives out: planned anew only where something of it may be another, and then as what becomes of what it gave out last."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial

from msgspec.structs import replace

from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.due_entries import due_entries
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle
from nmosd_dosing.calendar.ical import CalendarFile
from nmosd_dosing.calendar.published import BACK, Planned, entries_of_plans, published
from nmosd_dosing.checks.due import due, last_due_day
from nmosd_dosing.checks.findings import check
from nmosd_dosing.pages.place import Desk, Place
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.wording import Wording
from nmosd_dosing.register import published as memory
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Store
from nmosd_dosing.register.feeds import Feed
from nmosd_dosing.register.published import Published
from nmosd_dosing.register.reading import studies
from nmosd_dosing.version import PROGRAM

_AHEAD = 366  # days for which an open end is drawn
_DUE_AHEAD = 14
_PLANNING = threading.Lock()  # one feed is planned at a time: several would wait for the same processor


def give_out(place: Place, feed: Feed, who: Who, subject: Fact | None) -> Published:
    """What a feed of an account gives out now. Raises InputError where the register contradicts itself, or its arms are not there."""
    desk = place.desk(who)
    store = desk.register.arms_store() if feed.unblinded else desk.facts
    last = memory.last(store, feed.number)
    if last is not None and last.made_from == _made_from(desk, feed):
        return last
    with _PLANNING:
        while True:
            made_from, last = _made_from(desk, feed), memory.last(store, feed.number)
            if last is not None and last.made_from == made_from:
                return last
            at = place.clock()
            content = _content(desk, feed, subject, last, at)
            if (kept := memory.keep(store, feed.number, last, content, made_from, at)) is not None:
                return kept


def _made_from(desk: Desk, feed: Feed) -> str:
    """What all that a feed gives out hangs on: what the register knows of subjects, studies and sites, the day, and the program."""
    stores: list[Store] = [desk.facts, *([desk.register.arms_store()] if feed.unblinded else [])]
    sites = "all" if desk.who.sites is None else ", ".join(sorted(desk.who.sites))
    return " ".join([*(memory.known(store) for store in stores), desk.today.isoformat(), desk.place.country or "-", sites, PROGRAM])


def _content(desk: Desk, feed: Feed, subject: Fact | None, last: Published | None, at: dt.datetime) -> bytes:
    """The bytes of a feed, planned anew."""
    old = _read(last.content) if last is not None else None
    ids, code = f"{feed.salt} {feed.number}", (subject.cells or {})["subject"] if subject is not None else None
    study = studies.versions(desk.facts)[-1].id
    requests = list(_requests(desk, feed, code))
    name = _name(feed, study, code)
    if feed.scope == "due":
        return published(old, ids, name, _due(desk, feed, requests, ids, study), at, "en")
    since = desk.today - BACK if feed.scope == "site" else None
    return published(old, ids, name, _visits(desk, feed, requests, old, ids), at, feed.language, since)


@lru_cache(maxsize=8)
def _read(content: bytes) -> CalendarFile:
    """What a feed gave out last: most of what is written in a register leaves it as it was, and then it is read once."""
    return ical.read_ics(content, "the feed")


def _requests(desk: Desk, feed: Feed, code: str | None) -> Iterator[Request]:
    """Those of whom a feed is. Where arms are shown, who has none is asked for masked."""
    sites = frozenset([feed.site]) if feed.site is not None and code is None else frozenset[str]()
    for some in desk.gather(sites=sites, subject=code, unblind=feed.unblinded):
        people = [
            person for person in some.request.subjects
            if (person.code == code if code is not None else feed.site in (None, person.site))
        ]  # fmt: skip
        for without_arm in (False, True) if feed.unblinded else (False,):
            mine = tuple(person for person in people if not feed.unblinded or (person.arm is None) == without_arm)
            if mine:
                yield replace(some.request, subjects=mine, unblind=feed.unblinded and not without_arm)


def _visits(desk: Desk, feed: Feed, requests: Sequence[Request], old: CalendarFile | None, ids: str) -> list[CalendarEntry]:
    """The visits of subjects, as carried out, and a year ahead where a study has no end."""
    style = CalendarStyle(language=feed.language, discreet=feed.view in ("discreet", "codes"), codes=feed.view == "codes")
    planned: list[Planned] = []
    for request in requests:
        asked = replace(request, allow_deviation=True, accept_gap=True, at_least=last_due_day(desk.today, _AHEAD))
        cohort = asked.cohort
        planned += [(plan, partial(asked.drawn, cohort, column)) for column, plan in enumerate(asked.plans())]
    return entries_of_plans(old, planned, ids, style)


def _due(desk: Desk, feed: Feed, requests: Sequence[Request], ids: str, study: str) -> list[CalendarEntry]:
    """What is due in the days ahead."""
    last = last_due_day(desk.today, _DUE_AHEAD)
    findings = [finding for request in requests for finding in check(request.as_carried_out(last), desk.today)]
    return due_entries(due(findings, desk.today, _DUE_AHEAD), ids, desk.today, study if feed.view == "full" else None)


def _name(feed: Feed, study: str, code: str | None) -> str:
    """Under which name programs show it; an unblinded one says so first."""
    words = Wording(feed.language)
    discreet = feed.view in ("discreet", "codes")
    of = (code if feed.view != "discreet" else None) if code is not None else feed.site
    kind = "due" if feed.scope == "due" else words.discreet_calendar
    name = " ".join(part for part in (None if discreet else study, kind, of) if part)
    return f"{words.unblinded} - {name}" if feed.unblinded else name
