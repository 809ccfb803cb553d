"""What a study file says, as immutable nouns. A Study holds no subject's dates: those are in `subjects`.

Four kinds of absence are kept apart everywhere: not planned (no visit), planned but *not stated* in the source (None, or
status "not stated"), masked, and placebo (a stated 0 of the active drug).
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from msgspec import Struct

from nmosd_dosing.days import Code, CountsFrom, Offset
from nmosd_dosing.dose.dose import Dose, LifetimeCap, Value, Vials, WeightRule
from nmosd_dosing.errors import Place
from nmosd_dosing.sentences import Sentence, joined, length_text, many, said, word
from nmosd_dosing.study.criteria import Criteria
from nmosd_dosing.study.events import SUBJECT_EVENTS, completed
from nmosd_dosing.study.facts import Facts, Source
from nmosd_dosing.study.visit_rules import VisitRule, Window
from nmosd_dosing.values import beside


class DoseRule(Struct, frozen=True):
    """A named dose of a product."""

    name: str
    dose: Dose
    facts: Facts


@beside("vials_origin", "gap_origin", "gap_place")
class Product(Struct, frozen=True):
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
    vials_origin: str | None = None
    gap_origin: str | None = None
    gap_place: Place | None = None

    @property
    def gap_text(self) -> Sentence | None:
        """The minimum gap in words, with who states it where that is not the study file."""
        if self.minimum_gap is None:
            return None
        words = length_text(self.minimum_gap.in_words)
        return words + said(" ({place})", place=self.gap_origin) if self.gap_origin else words


class Mark(Struct, frozen=True):
    """An end of a span, plus an offset: a `day` of the period (`code`); the `first dose` or `last dose`, in a period that of the period;
    the `last dose of the study`; or the day of consent, of screening or of randomisation, by the name of its event."""

    of: str
    code: Code | None
    plus: Offset = Offset()

    @property
    def text(self) -> Sentence:
        base = joined("", [self.code.label]) if self.code else word(self.of)
        if self.plus == Offset():
            return base
        back = self.plus.days < 0 or self.plus.months < 0
        length = length_text((self.plus.times(-1) if back else self.plus).in_words)
        return base + said(" - {length}" if back else " + {length}", length=length)


class Span(Struct, frozen=True):
    """A time during which something holds, both ends included; an end is None where it is not stated."""

    id: str
    title: str
    start: Mark | None
    end: Mark | None
    facts: Facts


class Trigger(Struct, frozen=True):
    """A date that may happen.

    kind "event": `name` is the event; "end": of period `name`; "stop": the study stop; "subject": the first dose of
    subject number `count`; "count": the day on which the `count`-th subject has event `name`. `plus` is added to it.
    """

    kind: Literal["event", "end", "stop", "subject", "count"]
    name: str = ""
    count: int = 0
    plus: Offset = Offset()

    @property
    def base(self) -> Sentence:
        """What happens, without what is added to its date."""
        match self.kind:
            case "event":
                return word(self.name)
            case "end":
                return said("end of {period}", period=self.name)
            case "stop":
                return said("study stop")
            case "subject":
                return said("first dose of subject {n}", n=self.count)
            case "count":
                return said("{subjects} with {event}", subjects=many(self.count, "subject"), event=word(self.name))

    @property
    def text(self) -> Sentence:
        return (
            self.base if self.plus == Offset() else said("{length} after {event}", length=length_text(self.plus.in_words), event=self.base)
        )


@beside("place")
class Transition(Struct, frozen=True):
    """A way from one period to the next: from `after` + `not_before`, once all of `needs` have happened, to `after` + `within`.

    `at_most`: of a way back to an earlier period, how often it is gone. `returns`: how often a subject who goes this way has come back; the
    file says it of 0 only (`study/returns`).
    """

    id: str
    source_period: str
    target_period: str
    after: Trigger
    within: Offset | None
    needs: tuple[str, ...]
    facts: Facts
    not_before: Offset = Offset()
    at_most: int | None = None
    returns: int = 0
    place: Place | None = None

    @property
    def when(self) -> Sentence:
        """How long after `after` one may go this way, in words."""
        if self.within is None:
            return said("no last day is stated")
        most, event = length_text(self.within.in_words), self.after.text
        if self.not_before == Offset():
            return said("at most {length} after {event}", length=most, event=event)
        return said(
            "at least {least} and at most {most} after {event}", least=length_text(self.not_before.in_words), most=most, event=event
        )


class Stop(Struct, frozen=True):
    """The study stops on the earliest of these. `counted`: by their texts, the days of those that are counted over more subjects than
    whoever plans is told of; None of one that has no day yet."""

    earliest_of: tuple[Trigger, ...]
    facts: Facts
    counted: tuple[tuple[str, dt.date | None], ...] = ()


Then = Literal["restart", "hold", "stop"]  # what becomes of a period after a gap


@beside("place")
class GapRule(Struct, frozen=True):
    """What becomes of a period when two doses lie more than `beyond` apart: it begins anew with the later one as its day `at`, its doses
    wait for a decision, or there are no more. `of`: which gaps, in words; `product`: between whose doses, empty where the period gives
    only one."""

    beyond: Offset
    then: Then
    facts: Facts
    of: str
    at: Code | None = None
    product: str = ""
    place: Place | None = None

    @property
    def what(self) -> Sentence:
        return said("restart at {visit}", visit=self.at.label) if self.at is not None else word(self.then)

    @property
    def text(self) -> str:
        return f"a gap of {self.of}: {self.what}"


class Period(Struct, frozen=True):
    """A part of the study with a first day of its own (CDISC: epoch). `length` is None where it is not stated.

    `keeps_count`: its days are counted from the first day of the study, not from its own. `returns`: how often a subject in it has come
    back to it; then `id_in_file` is what the file calls it (`study/returns`).
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
    returns: int = 0
    id_in_file: str = ""

    @property
    def unseen(self) -> bool:
        """Whether nobody is seen in it, as in a washout: then nobody records its first day either."""
        return not self.visit_rules

    @property
    def masks(self) -> bool:
        """Whether anything in this period is shown masked."""
        return any(give.blinded for entry in self.visit_rules for give in entry.gives)

    @property
    def open_ended(self) -> tuple[VisitRule, ...]:
        """Entries with a repeat that has no end."""
        return tuple(entry for entry in self.visit_rules if entry.open_ended)


class Site(Struct, frozen=True):
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
    def text(self) -> Sentence:
        """Who states it, for whatever this site adds: `site beijing-01, Protocol BAT4406F-301, version 2.1`."""
        return said("site {name}, {source}, version {version}", name=self.name, source=self.source.text, version=self.version)


@beside("sha256")
class Study(Struct, frozen=True):
    """A study file, checked. `values`: by which doses are, beside weight and age.

    `periods` and `transitions` have those of each return to an earlier period behind the file's own."""

    id: str
    title: str
    source: Source
    facts: Facts
    counts_from: CountsFrom
    products: tuple[Product, ...]
    events: tuple[tuple[str, str], ...]
    values: tuple[Value, ...]
    periods: tuple[Period, ...]
    spans: tuple[Span, ...]
    transitions: tuple[Transition, ...]
    stop: Stop | None
    sha256: str
    site: Site | None = None
    criteria: Criteria = Criteria()

    @property
    def own_periods(self) -> tuple[Period, ...]:
        """The periods that the file names."""
        return tuple(period for period in self.periods if not period.returns)

    @property
    def own_transitions(self) -> tuple[Transition, ...]:
        """The ways that the file names."""
        return tuple(way for way in self.transitions if not way.returns)

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
