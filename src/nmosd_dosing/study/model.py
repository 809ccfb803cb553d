"""What a study file says, as immutable nouns. A Study holds no subject's dates: those are in `subjects`.

Four kinds of absence are kept apart everywhere: not planned (no visit), planned but *not stated* in the source (None, or
status "not stated"), masked, and placebo (a stated 0 of the active drug).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from nmosd_dosing.days import Code, CountsFrom, Offset
from nmosd_dosing.dose.dose import Dose, LifetimeCap, Vials, WeightRule
from nmosd_dosing.errors import InputError, Place, Problem
from nmosd_dosing.study.events import SUBJECT_EVENTS, completed


class NotStated(Enum):
    """The file says in so many words that its source is silent."""

    NOT_STATED = "not stated"


NOT_STATED = NotStated.NOT_STATED


@dataclass(frozen=True, slots=True)
class Source:
    """Where a fact stands: registry number, section, date of the record's last update."""

    registry: str | None = None
    section: str | None = None
    updated: dt.date | None = None

    @property
    def text(self) -> str:
        updated = f"record of {self.updated.isoformat()}" if self.updated else None
        return ", ".join(part for part in (self.registry, self.section, updated) if part) or "not stated"


@dataclass(frozen=True, slots=True)
class Facts:
    """What stands beside a fact: its own source where it differs, what the file assumes, what a reader must know."""

    source: Source | None = None
    assumed: tuple[str, ...] = ()
    note: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoseRule:
    """A named dose of a product."""

    name: str
    dose: Dose
    facts: Facts


@dataclass(frozen=True, slots=True)
class Product:
    """A product under study. `route`, `minimum_gap`, `vials`, `weight` and `lifetime` are None where they are not stated.

    `doses` are its dose rules by name. `gap_origin`, `vials_origin`: who states them, if not the study file; `gap_place`: where.
    """

    name: str
    route: str | None
    minimum_gap: Offset | None
    facts: Facts
    vials: Vials | None = None
    vials_facts: Facts | None = None
    weight: WeightRule | None = None
    lifetime: LifetimeCap | None = None
    doses: tuple[DoseRule, ...] = ()
    vials_origin: str | None = field(default=None, compare=False)
    gap_origin: str | None = field(default=None, compare=False)
    gap_place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def gap_text(self) -> str | None:
        """The minimum gap in words, with who states it where that is not the study file."""
        if self.minimum_gap is None:
            return None
        return self.minimum_gap.in_words + (f" ({self.gap_origin})" if self.gap_origin else "")


@dataclass(frozen=True, slots=True)
class Window:
    """Allowed days around a target: so many before and after, both included.

    `origin`: who states it, if not the study file; `place`: where.
    """

    before: int
    after: int
    origin: str | None = field(default=None, compare=False)
    place: Place | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        for name in ("before", "after"):
            days = getattr(self, name)
            if not isinstance(days, int) or isinstance(days, bool) or days < 0:
                hint = "give whole days, 0 or more: `Window(2, 5)` is from 2 days before to 5 days after"
                raise InputError(Problem(f"`{name}`: `{days!r}` is not a number of days", self.place, hint))

    @property
    def text(self) -> str:
        if self.before == self.after:
            return f"±{self.before}d"
        parts = (f"-{self.before}d" if self.before else "", f"+{self.after}d" if self.after else "")
        return "/".join(part for part in parts if part)

    def within(self, other: Window) -> Window:
        """The days that both allow."""
        before, after = min(self.before, other.before), min(self.after, other.after)
        return next((w for w in (self, other) if (w.before, w.after) == (before, after)), Window(before, after))


@dataclass(frozen=True, slots=True)
class Point:
    """One day (or, up to `last`, a range of days) of a period, or after an event; and the window given for it; None: the period's."""

    code: Code
    last: Code | None = None
    window: Window | NotStated | None = None
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Series:
    """A repeat: every `step` after `base`, up to and including `until`, or `count` times; open where both are None.

    `follows`: each counts from the actual dose before it, where one is recorded.
    """

    base: Code
    step: Offset
    until: Code | None = None
    count: int | None = None
    window: Window | NotStated | None = None
    follows: bool = False
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def open_ended(self) -> bool:
        return self.until is None and self.count is None


@dataclass(frozen=True, slots=True)
class Give:
    """One product at a visit: a dose for each arm in the period's order (a single one where there are no arms).

    None where that arm gets nothing here. `changes` holds other doses that an event brings, also by arm; None there is no
    change. `open_ended`: from a repeat without an end. `blinded`: to be shown masked; `shown` is the product as a reader may see it. `kit`:
    of a masked one, the one dose that its active arms all get, by which vials are counted for every arm; None where they differ.
    """

    product: str
    doses: tuple[Dose | None, ...]
    blinded: bool
    open_ended: bool = False
    changes: tuple[tuple[str, tuple[Dose | None, ...]], ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)
    mask: str | None = None
    kit: Dose | None = None

    @property
    def shown(self) -> str:
        return self.mask or self.product

    @property
    def masked(self) -> bool:
        """Whether it is shown masked: whose it is is not known here."""
        return any(dose is not None and dose.kind == "masked" for dose in self.doses)

    @property
    def unit(self) -> str | None:
        """The unit of its doses: one for all arms; that of the active doses, where there are any."""
        return next(iter(self.units), None) or next((dose.unit for dose in self.doses if dose is not None and dose.unit), None)

    @property
    def units(self) -> tuple[str, ...]:
        """The units of its active doses. A study in which one visit gives a product in two units is refused."""
        return tuple(dict.fromkeys(dose.unit for dose in self.doses if dose is not None and dose.kind == "stated" and dose.unit))


@dataclass(frozen=True, slots=True)
class Cycle:
    """The days of an entry again, each `step` after the last cycle's, `count` times in all; without an end where that is None.

    `follows`: they count from the actual first dose of the cycle, and the next cycle does, too, where one is recorded. `name`: `A`, of
    which the visits are called `A-C2D8`; empty where it has none.
    """

    step: Offset
    count: int | None
    follows: bool = False
    name: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class AlsoCalled:
    """What else a visit is called, say in a site's tables. `day`: a label of which of the entry's visits; empty where it has one."""

    name: str
    day: str = field(default="", compare=False)
    place: Place | None = field(default=None, compare=False, repr=False)
    day_place: Place | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class VisitRule:
    """One entry under `visits`. `at` is empty where the record gives no day; `arms` are indices into the period's."""

    at: tuple[Point | Series, ...]
    name: str | None
    gives: tuple[Give, ...]
    assess: tuple[str, ...]
    arms: tuple[int, ...]
    facts: Facts
    cycle: Cycle | None = None
    also_called: tuple[AlsoCalled, ...] = ()
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def open_ended(self) -> bool:
        """Whether it repeats without an end."""
        again = any(isinstance(item, Series) and item.open_ended for item in self.at)
        return again or (self.cycle is not None and self.cycle.count is None)


@dataclass(frozen=True, slots=True)
class Mark:
    """An end of a span: a day of the period (`code`), or the first or last dose, plus an offset."""

    of: Literal["day", "first dose", "last dose"]
    code: Code | None
    plus: Offset = Offset()

    @property
    def text(self) -> str:
        base = self.code.label if self.code else self.of
        if self.plus == Offset():
            return base
        back = self.plus.days < 0 or self.plus.months < 0
        return f"{base} {'-' if back else '+'} {(self.plus.times(-1) if back else self.plus).in_words}"


@dataclass(frozen=True, slots=True)
class Span:
    """A time during which something holds, both ends included; an end is None where it is not stated."""

    id: str
    title: str
    start: Mark | None
    end: Mark | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class Trigger:
    """A date that may happen.

    kind "event": `name` is the event; "end": of period `name`; "stop": the study stop; "subject": the first dose of
    subject number `count`; "count": the day on which the `count`-th subject has event `name`. `plus` is added to it.
    """

    kind: Literal["event", "end", "stop", "subject", "count"]
    name: str = ""
    count: int = 0
    plus: Offset = Offset()

    @property
    def base(self) -> str:
        """What happens, without what is added to its date."""
        match self.kind:
            case "event":
                return self.name
            case "end":
                return f"end of {self.name}"
            case "stop":
                return "study stop"
            case "subject":
                return f"first dose of subject {self.count}"
            case "count":
                return f"{self.count} subjects with {self.name}"

    @property
    def text(self) -> str:
        return self.base if self.plus == Offset() else f"{self.plus.in_words} after {self.base}"


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one period to the next: from `after` + `not_before`, once all of `needs` have happened, to `after` + `within`."""

    id: str
    source_period: str
    target_period: str
    after: Trigger
    within: Offset | None
    needs: tuple[str, ...]
    facts: Facts
    not_before: Offset = Offset()
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def when(self) -> str:
        """How long after `after` one may go this way, in words."""
        if self.within is None:
            return "no last day is stated"
        until = f"at most {self.within.in_words} after {self.after.text}"
        return f"at least {self.not_before.in_words} and {until}" if self.not_before != Offset() else until


@dataclass(frozen=True, slots=True)
class Stop:
    """The study stops on the earliest of these."""

    earliest_of: tuple[Trigger, ...]
    facts: Facts


Then = Literal["restart", "hold", "stop"]  # what becomes of a period after a gap


@dataclass(frozen=True, slots=True)
class GapRule:
    """What becomes of a period when two doses lie more than `beyond` apart: it begins anew with the later one as its day `at`, its doses
    wait for a decision, or there are no more. `of`: which gaps, in words; `product`: between whose doses, empty where the period gives
    only one."""

    beyond: Offset
    then: Then
    facts: Facts
    of: str
    at: Code | None = None
    product: str = ""
    place: Place | None = field(default=None, compare=False, repr=False)

    @property
    def what(self) -> str:
        return f"{self.then} at {self.at.label}" if self.at is not None else self.then

    @property
    def text(self) -> str:
        return f"a gap of {self.of}: {self.what}"


@dataclass(frozen=True, slots=True)
class Period:
    """A part of the study with a first day of its own (CDISC: epoch). `length` is None where it is not stated.

    `keeps_count`: its days are counted from the first day of the study, not from its own.
    `site_windows`: what a site states for visits of which the study file states no window, by label, and under "" for all of them.
    """

    id: str
    title: str
    length: Offset | None
    blinded: bool
    arms: tuple[str, ...]
    window: Window | None
    visit_rules: tuple[VisitRule, ...]
    spans: tuple[Span, ...]
    facts: Facts
    gap_rules: tuple[GapRule, ...] = ()
    keeps_count: bool = False
    site_windows: tuple[tuple[str, Window], ...] = ()

    @property
    def masks(self) -> bool:
        """Whether anything in this period is shown masked."""
        return any(give.blinded for entry in self.visit_rules for give in entry.gives)

    @property
    def open_ended(self) -> tuple[VisitRule, ...]:
        """Entries with a repeat that has no end."""
        return tuple(entry for entry in self.visit_rules if entry.open_ended)


@dataclass(frozen=True, slots=True)
class Site:
    """What a site's own protocol states where the study's source is silent, and the site's days and rooms.

    windows: by `rcp` or `rcp/D182`; gaps and vials: by product; rooms, and what a patient is to bring: by period, by visit, or under `all`.
    """

    name: str
    title: str | None
    source: Source
    version: str
    windows: tuple[tuple[str, Window], ...] = ()
    gaps: tuple[tuple[str, Offset], ...] = ()
    vials: tuple[tuple[str, Vials], ...] = ()
    rooms: tuple[tuple[str, str], ...] = ()
    closed: frozenset[dt.date] = frozenset()
    open: frozenset[dt.date] = frozenset()
    telephone: str | None = None
    bring: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def text(self) -> str:
        """Who states it, for whatever this site adds: `site beijing-01, Protocol BAT4406F-301, version 2.1`."""
        return f"site {self.name}, {self.source.text}, version {self.version}"


@dataclass(frozen=True, slots=True)
class Study:
    """A study file, checked."""

    id: str
    title: str
    source: Source
    facts: Facts
    counts_from: CountsFrom
    products: tuple[Product, ...]
    events: tuple[tuple[str, str], ...]
    periods: tuple[Period, ...]
    spans: tuple[Span, ...]
    transitions: tuple[Transition, ...]
    stop: Stop | None
    sha256: str = field(compare=False)
    site: Site | None = None

    def period(self, id: str) -> Period | None:
        return next((period for period in self.periods if period.id == id), None)

    def product(self, name: str) -> Product:
        return next(product for product in self.products if product.name == name)

    @property
    def subject_events(self) -> tuple[str, ...]:
        """The events that a subject of it may have."""
        return (*SUBJECT_EVENTS, *(completed(period.id) for period in self.periods), *(name for name, _ in self.events))

    def conceals(self, period: Period) -> bool:
        """Whether the arm of a subject of this period is kept from readers: some part of the study blinds these arms."""
        return any(other.masks and set(other.arms) & set(period.arms) for other in self.periods)

    def regimen_id(self, period: Period) -> str:
        """The id under which one period is planned: the study's own where it has only one."""
        return self.id if len(self.periods) == 1 else f"{self.id}-{period.id}"
