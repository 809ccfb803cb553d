"""Which days are open, for a country and a site. Says what is closed and which open days are near; nothing is moved.

Public holidays of a whole country, its weekend and its make-up working days (a Saturday that is worked for a day off elsewhere)
come from the package `holidays`, which keeps them from the official notices. Holidays of a part of a country (a German Land, a
state) and half days are not among them: a site says its own. Of the days of a site: closed beats all, open beats the country.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from nmosd_dosing.errors import InputError, Problem, clip, did_you_mean
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Note, PlannedVisit, noted
from nmosd_dosing.sentences import Sentence, joined, said, word

if TYPE_CHECKING:
    from holidays import HolidayBase


AT_SITE = said("closed at the site")
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")  # calendar.day_name follows the locale


class Workdays(Struct, frozen=True):
    """The open days of a country (two letters of ISO 3166; None: every day but Saturday and Sunday) with a site's own days.

    Its methods raise InputError for a country that is not known; `workdays` does so at once.
    """

    country: str | None
    closed: frozenset[dt.date] = frozenset()
    open: frozenset[dt.date] = frozenset()

    def closed_because(self, day: dt.date) -> Sentence | None:
        """Why a day is closed: `Saturday`, `National Day` (the package's English names), `closed at the site`; None where it is open."""
        if day in self.closed:
            return AT_SITE
        if day in self.open:
            return None
        weekday = word(_WEEKDAYS[day.weekday()])
        if self.country is None:
            return weekday if day.weekday() >= 5 else None
        calendar = _calendar(self.country)
        if calendar.is_working_day(day):
            return None
        return joined(", ", (_holiday(name) for name in calendar.get_list(day))) or weekday

    def projected(self, day: dt.date) -> bool:
        """Whether what is said of a day rests on a calendar that is not published yet, or on a holiday's estimated date."""
        if self.country is None or day in self.closed or day in self.open:
            return False
        return day.year > _published_until(self.country) or any(
            name.endswith("estimated)") for name in _calendar(self.country).get_list(day)
        )

    def nearest_open(
        self, target: dt.date, earliest: dt.date | None = None, latest: dt.date | None = None
    ) -> tuple[dt.date | None, dt.date | None]:
        """The nearest open days before and after `target`, from `earliest` to `latest`, both included; None where there is none.

        Without `earliest` or `latest` the way is open on that side.
        """
        day, first, last = target.toordinal(), (earliest or dt.date.min).toordinal(), (latest or dt.date.max).toordinal()
        return self._first_open(range(min(day - 1, last), first - 1, -1)), self._first_open(range(max(day + 1, first), last + 1))

    def _first_open(self, ordinals: range) -> dt.date | None:
        return next((day for day in map(dt.date.fromordinal, ordinals) if self.closed_because(day) is None), None)


def open_days(country: str | None, closed: Iterable[dt.date] = (), open: Iterable[dt.date] = ()) -> Workdays:
    """The open days of a country, given by its ISO 3166 code in either case, with the days that a site is closed or open.

    Raises InputError for a country that is not known.
    """
    return Workdays(None if country is None else _code(country), frozenset(closed), frozenset(open))


def notes(visits: Iterable[PlannedVisit], days: Workdays) -> Iterator[Note]:
    """Which visits ahead are planned on a closed day: code `weekend`, or `holiday` for public holidays and days closed at the site.

    Visits of which the same is said share a note. Those without a day, of several days, or settled by a record have none.
    """
    found: dict[tuple[NoteCode, Sentence], list[str]] = {}
    unpublished: list[tuple[Sentence, str]] = []
    for visit in visits:
        expected = visit.booked or visit.target
        if expected is None or visit.last is not None or visit.stage not in ("firm", "tentative"):
            continue
        message = closed_and_near(expected, visit.earliest, visit.latest, days)
        if message is not None:
            found.setdefault((closed_code(expected, days) or "holiday", message), []).append(visit.id)
        elif days.projected(expected):
            words = said("the calendar of {year} is not published yet: that these days are open is projected", year=expected.year)
            unpublished.append((words, visit.id))
    for (code, message), ids in found.items():
        yield Note(code, message, tuple(ids))
    yield from noted("holiday", unpublished)


def closed_code(day: dt.date, days: Workdays) -> NoteCode | None:
    """The code of the note on a visit that is planned on a day; None where there is none."""
    why = days.closed_because(day)
    if why is not None and is_of_the_week(why):
        return "weekend"
    return "holiday" if why is not None or days.projected(day) else None


def closed_and_near(target: dt.date, earliest: dt.date | None, latest: dt.date | None, days: Workdays) -> Sentence | None:
    """Why a day is closed on which something is expected, and which open days are near it, from `earliest` to `latest`; None where it is
    open."""
    why = days.closed_because(target)
    if why is None:
        return None
    before, after = days.nearest_open(target, earliest, latest)
    named = said("{before} before, {after} after", before=before or said("none"), after=after or said("none"))
    if earliest is None and latest is None:
        near = said("the source states no window; nearest open days: {named}", named=named)
    else:
        near = said("open days in the window: {named}", named=named) if before or after else said("no open day in the window")
    projected = projected_text(days, [day for day in (before, target, after) if day is not None])
    return joined("; ", [closed_text(why), said("nothing is moved"), near, *([projected] if projected else [])])


def is_of_the_week(why: str) -> bool:
    """Whether a day is closed only by its place in the week, as `closed_because` has it."""
    return why in _WEEKDAYS


def closed_text(why: str) -> Sentence:
    """Why a day is closed, as `closed_because` has it, in words: `on a Saturday`, `public holiday: National Day`."""
    if is_of_the_week(why):
        return said("on a {weekday}", weekday=why)
    return AT_SITE if why == AT_SITE else said("public holiday: {holiday}", holiday=why)


def projected_text(days: Workdays, of: Iterable[dt.date]) -> Sentence | None:
    """What of some days rests on a calendar that is not published yet, or on an estimated date; None where nothing does."""
    projected = [day for day in of if days.projected(day)]
    unpublished = sorted({day.year for day in projected if days.country and day.year > _published_until(days.country)})
    if unpublished:
        return said("the calendar of {years} is not published yet: projected", years=joined(" and ", map(str, unpublished)))
    return said("the date of the holiday is estimated: projected") if projected else None


@cache
def _calendar(country: str) -> HolidayBase:
    """The calendar of a country; it draws its years as they are asked for."""
    from holidays import country_holidays

    return country_holidays(_code(country), language="en_US")  # without a language it would follow the environment


@cache
def _published_until(country: str) -> int:
    """The last year that a country's calendar is known for.

    Where days are swapped by a yearly notice, the last year in the package's table of such days; elsewhere rules do, to their end.
    """
    calendar = _calendar(country)
    table: dict[int, object] = getattr(calendar, "special_public_holidays", {})
    return max(table) if calendar.has_substituted_holidays else calendar.end_year


def _code(country: str) -> str:
    from holidays.registry import COUNTRIES

    aliases = {code: codes[0] for _, *codes in COUNTRIES.values() for code in codes if len(code) <= 3}
    if found := aliases.get(country.upper()):
        return found
    names = {name.replace("_", " "): codes[0] for name, (_, *codes) in COUNTRIES.items()}
    named = names.get(country.lower())
    hint = f"write `{named}`" if named else did_you_mean(country, names.values())
    raise InputError(Problem(f"unknown country `{clip(country)}`", hint=hint or "write its ISO code, for example `CN`, `DE` or `US`"))


def _holiday(name: str) -> Sentence:
    """A name of the package; the date in it, `01/26/2025`, as we write dates."""
    if (found := re.search(r"(\d\d)/(\d\d)/(\d{4})", name)) is None:
        return word(name)
    return word(f"{name[: found.start()]}{{day}}{name[found.end() :]}", day=dt.date(int(found[3]), int(found[1]), int(found[2])))
