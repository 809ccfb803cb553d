"""Where pages are served, and a desk there: a register, who is asking, and on which day. Every view gets its desk, and asks it alone."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec import Struct

from nmosd_dosing.register import desk
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.reading import gathering, tables
from nmosd_dosing.register.reading.gathering import Gathered
from nmosd_dosing.register.reading.tables import Whose
from nmosd_dosing.register.register import Register
from nmosd_dosing.register.writing.changes import Book

ALL, NOWHERE = "all", "(none)"  # where a site is asked for: every one; those who are of no site
_AT_ONCE = 500  # subjects of a page: half a millisecond of each is what planning takes


class Place(Struct, frozen=True):
    """What all pages of one program share.

    clock: the moment, in UTC. zone: of the site. country: whose public holidays are closed days. as_of: the day that the pages take for
    today, whatever the clock says; None for today. address: under which a browser finds them, `https://…`. demo: all of it is invented.
    """

    register: Register
    clock: Callable[[], dt.datetime]
    zone: str
    address: str
    country: str | None = None
    as_of: dt.date | None = None
    demo: bool = False

    @property
    def today(self) -> dt.date:
        """The day in the zone."""
        if self.as_of is not None:
            return self.as_of
        try:
            return self.clock().astimezone(zoneinfo.ZoneInfo(self.zone)).date()
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            return self.clock().astimezone().date()

    def desk(self, who: Who) -> Desk:
        """The desk of an account."""
        return Desk(register=self.register, who=who, clock=self.clock, zone=self.zone, place=self, today=self.today)


class Shown(NamedTuple):
    """How many subjects an account sees, by site, and which site a page shows; an empty text for all. `in_part`: they are too many for one
    page, which so shows one site, whatever it is asked for."""

    counts: Mapping[str, int]
    site: str
    in_part: bool

    @property
    def there(self) -> tuple[str, ...]:
        """The sites."""
        return tuple(self.counts)

    @property
    def in_all(self) -> int:
        """How many subjects there are at all of them."""
        return sum(self.counts.values())

    @property
    def sites(self) -> frozenset[str | None]:
        """As `Desk.gather` takes them."""
        return frozenset([None if self.site == NOWHERE else self.site]) if self.site else frozenset()


class Desk(desk.Desk, frozen=True, kw_only=True):
    """One question of a browser: where, who asks, and on which day."""

    place: Place
    today: dt.date

    @property
    def book(self) -> Book:
        """The register as somebody writes in it."""
        return Book(self.register, self.who, self.today)

    def gather(
        self, *, sites: frozenset[str | None] = frozenset(), subject: str | None = None, persons: frozenset[int] | None = None,
        unblind: bool = False,
    ) -> list[Gathered]:  # fmt: skip
        """Those whom the account may see, at some sites, or the one subject, or some persons. `unblind`: with arms, for who may
        see them, else as for all others. Raises InputError as `gathering.gather` does."""
        arms = unblind and self.who.sees_arms
        whose = Whose(None, self.who.sites, sites, subject, persons=persons)
        return gathering.gather(self.register, whose, self.today, country=self.place.country, arms=arms, unblind=arms)

    def subjects(self) -> list[Fact]:
        """The rows of those whom the account may see."""
        return tables.subjects(self.register, Whose(None, self.who.sites))

    def row(self, code: str) -> Fact | None:
        """The row of the subject who has a code; None where there is nobody whom the account may see."""
        found = [fact for fact in tables.subjects(self.register, Whose(None, self.who.sites, frozenset(), code)) if fact.cells]
        mine = [fact for fact in found if (fact.cells or {}).get("subject") == code]
        return mine[0] if len(mine) == len(found) == 1 else None

    def sites(self) -> tuple[str, ...]:
        """The sites of which the account sees subjects."""
        return tuple(sorted(site for site in facts.at_sites(self.facts) if site is not None and self.who.sees(site)))

    def shown(self, site: str, *, in_a_file: bool = False) -> Shown:
        """Whose subjects a page shows, where it is asked for a site, for `all`, or for nothing. `in_a_file`: all of them, how many they
        may be, unless a site is asked for."""
        found = sorted(facts.at_sites(self.facts).items(), key=lambda each: (each[0] is None, each[0] or ""))
        count = {NOWHERE if each is None else each: number for each, number in found if self.who.sees(each)}
        in_part = len(count) > 1 and sum(count.values()) > _AT_ONCE
        if site not in count:
            site = next(iter(count)) if in_part and not in_a_file else ""
        return Shown(count, site, in_part)
