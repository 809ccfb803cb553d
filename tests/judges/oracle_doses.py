"""Doses once more and naively: rules, weights, caps, courses, cycles and events, for one subject, with fractions and loops.

It was written from the words about the language and shares nothing with the program. A study of one open period is given as the
plain data below; `text_of` writes the same data down as a file.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product as combinations
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from tests.judges.oracle import Length, moved

MG = {"mcg": Fraction(1, 1000), "mg": Fraction(1), "g": Fraction(1000)}

# --- a study ------------------------------------------------------------------------------------------------------------


class Amount(Struct, frozen=True):
    """`10 mg/kg`: number, unit, and `kg`, `m2` or nothing."""

    number: str
    unit: str = "mg"
    per: Literal["", "kg", "m2"] = ""

    @property
    def mg(self) -> Fraction:
        return Fraction(self.number) * MG[self.unit]

    def __str__(self) -> str:
        return f"{self.number} {self.unit}{'/' + self.per if self.per else ''}"


class Range(Struct, frozen=True):
    """Of weights in grams; an end that is missing is open, one that is `in` belongs to it."""

    low: int | None
    low_in: bool
    high: int | None
    high_in: bool

    def __contains__(self, grams: int) -> bool:
        above = self.low is None or grams > self.low or (self.low_in and grams == self.low)
        below = self.high is None or grams < self.high or (self.high_in and grams == self.high)
        return above and below

    def __str__(self) -> str:
        low, high = (None if g is None else kg_text(g) for g in (self.low, self.high))
        if low is None:
            return f"up to {high} kg" if self.high_in else f"<{high} kg"
        if high is None:
            return f"{low} kg or more" if self.low_in else f"more than {low} kg"
        return f"{'' if self.low_in else '>'}{low} to {'' if self.high_in else '<'}{high} kg"


class Levels(Struct, frozen=True):
    """Names with their amounts, None: not stated; the place of the first; and the events: one down, one up, the next dose omitted, none
    from one event until another."""

    amounts: tuple[tuple[str, Amount | None], ...]
    start: int = 0
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    hold: tuple[str, str] | None = None


class Rule(Struct, frozen=True):
    """`step` None with `rounding`: to whole vials. A band without an amount is not stated."""

    amount: Amount | None = None
    bands: tuple[tuple[Range, Amount | None], ...] = ()
    at_most: Amount | None = None
    rounding: Literal["up", "down", "half even"] | None = None
    step: Amount | None = None
    surface: Literal["Mosteller", "Du Bois"] | None = None
    weights: Range | None = None
    levels: Levels | None = None

    @property
    def by_weight(self) -> bool:
        return bool(self.bands) or self.weights is not None or (self.amount is not None and self.amount.per != "")


class Product(Struct, frozen=True):
    """`weight`: a word, or how many percent a weight must have changed."""

    name: str
    rules: dict[str, Rule] = field(default_factory=dict)
    vials: tuple[Amount, ...] = ()
    weight: Literal["baseline", "latest"] | Fraction | None = None
    lifetime: Amount | None = None


class Give(Struct, frozen=True):
    """`daily`: so often on each day of a course; None for a plain dose."""

    product: str
    what: Amount | str  # an amount, the name of a rule, `placebo` or `not stated`
    daily: int | None = None
    hours: tuple[str, ...] = ()


class Entry(Struct, frozen=True):
    """Days as they are numbered in the file, or days after an event; each with the last day of its range, if it is one."""

    days: tuple[tuple[int, int | None], ...]
    gives: tuple[Give, ...]
    cycle: tuple[Length, int | None] | None = None
    event: str | None = None


class Study(Struct, frozen=True):
    first_day: Literal[0, 1]
    products: tuple[Product, ...]
    entries: tuple[Entry, ...]
    length: Length | None = None


class Person(Struct, frozen=True):
    start: dt.date
    grams: int | None = None
    mm: int | None = None
    weighed: tuple[tuple[dt.date, int], ...] = ()
    earlier: tuple[tuple[str, Amount], ...] = ()
    events: tuple[tuple[str, dt.date], ...] = ()


class Row(Struct, frozen=True):
    """One dose of one visit. `weight`: grams, and the day on which they were measured (None: at baseline)."""

    label: str
    target: dt.date
    last: dt.date | None
    product: str
    amount: Fraction | None
    status: str
    times: int
    total: Fraction | None
    cumulative: Fraction | None
    cumulative_per_kg: Fraction | None
    weight: tuple[int, dt.date | None] | None
    level: str | None = None


# --- one dose -----------------------------------------------------------------------------------------------------------


def surface_cm2(formula: str, grams: int, mm: int) -> int:
    """To the nearest square centimetre."""
    if formula == "Mosteller":  # sqrt(cm * kg / 3600) m2 is sqrt(mm * g * 100 / 36) cm2, which is never just between two whole ones
        return (math.isqrt(mm * grams * 100 // 9) + 1) // 2
    with localcontext() as context:
        context.prec = 50
        cm2 = Decimal("71.84") * (Decimal(grams) / 1000) ** Decimal("0.425") * (Decimal(mm) / 10) ** Decimal("0.725")
        return int(cm2 + Decimal("0.5"))


def whole_vials(sizes: tuple[Fraction, ...], amount: Fraction, up: bool) -> Fraction:
    """The least that whole vials hold and that is enough, or the most that is not too much: every number of every size."""
    most = [math.ceil(amount / size) for size in sizes]
    held = {
        sum((n * size for n, size in zip(counts, sizes, strict=True)), Fraction(0))
        for counts in combinations(*(range(n + 1) for n in most))
    }
    return min(h for h in held if h >= amount) if up else max(h for h in held if h <= amount)


def rounded(rule: Rule, product: Product, mg: Fraction) -> Fraction:
    if rule.rounding is None:
        return mg
    if rule.step is None:
        return whole_vials(tuple(v.mg for v in product.vials), mg, rule.rounding == "up")
    steps = mg / rule.step.mg
    whole = math.ceil(steps) if rule.rounding == "up" else math.floor(steps) if rule.rounding == "down" else round(steps)
    return whole * rule.step.mg


def weight_on(
    product: Product, person: Person, day: dt.date, before: tuple[int, dt.date | None] | None
) -> tuple[int, dt.date | None] | None:
    """The weight that a dose of a day is by; `before`: the one that the dose before was by."""
    known = sorted((date, grams) for date, grams in person.weighed if date <= day)
    if product.weight == "baseline" or not known:
        return before
    date, grams = known[-1]
    if isinstance(product.weight, Fraction) and before is not None and abs(grams - before[0]) * 100 < product.weight * before[0]:
        return before
    return grams, date


def dose(product: Product, rule: Rule, person: Person, weight: tuple[int, dt.date | None] | None) -> tuple[Fraction | None, str]:
    if rule.by_weight and weight is None:
        return None, "needs weight"
    amount = rule.amount
    if rule.bands:
        here = [a for band, a in rule.bands if weight is not None and weight[0] in band]
        if not here:
            return None, "out of range"
        amount = here[0]
        if amount is None:
            return None, "not stated"
    if rule.weights is not None and weight is not None and weight[0] not in rule.weights:
        return None, "out of range"
    assert amount is not None
    mg = amount.mg
    if amount.per == "kg":
        assert weight is not None
        mg *= Fraction(weight[0], 1000)
    if amount.per == "m2":
        assert weight is not None
        if person.mm is None:
            return None, "needs height"
        mg *= Fraction(surface_cm2(rule.surface or "Mosteller", weight[0], person.mm), 10_000)
    below = rounded(rule, product, mg)
    if not below:  # rounded down to nothing: that is no dose, and no placebo either
        return None, "out of range"
    if rule.at_most is not None and below > rule.at_most.mg:  # not where rounding alone gives it: 1204 mg, down to 50 mg, at most 1200 mg
        return rule.at_most.mg, "capped"
    return below, "stated"


# --- all days -----------------------------------------------------------------------------------------------------------


class Planned(Struct, frozen=True):
    entry: Entry
    label: str
    target: dt.date
    last: dt.date | None
    day: tuple[object, ...] | None = None  # entries on the same day of the file are one visit


def days_of(study: Study, person: Person, until: dt.date | None) -> Iterator[Planned]:
    for entry in study.entries:
        if entry.event is not None:
            yield from _after_event(study, entry, entry.event, person)
        elif entry.cycle is not None:
            yield from _in_cycles(study, entry, *entry.cycle, person, until)
        else:
            for first, last in entry.days:
                label = f"D{first}" if last is None else f"D{first} to D{last}"
                day = (on(study, person.start, first), 0, last)
                yield Planned(entry, label, day[0], None if last is None else on(study, person.start, last), day)


def on(study: Study, first_day: dt.date, number: int) -> dt.date:
    return first_day + dt.timedelta(number - (study.first_day if number > 0 else 0))


def _in_cycles(study: Study, entry: Entry, step: Length, count: int | None, person: Person, until: dt.date | None) -> Iterator[Planned]:
    days, months = step.offset
    drawn = until or moved(person.start, (0, 24))
    for k in range(count if count is not None else 3000):
        begins = moved(person.start, (k * days, k * months))
        if count is None and begins > drawn:
            return
        for first, last in entry.days:
            label = f"C{k + 1}D{first}" if last is None else f"C{k + 1}D{first} to C{k + 1}D{last}"
            target = on(study, begins, first)
            if count is not None or target <= drawn:
                there = None if last is None else on(study, begins, last)
                yield Planned(entry, label, target, there, (target, k * months, there))


def _after_event(study: Study, entry: Entry, event: str, person: Person) -> Iterator[Planned]:
    end = moved(person.start, study.length.offset) if study.length else None
    left = min((date for name, date in person.events if name in ("withdrawn", "lost", "died")), default=None)
    time = 0
    for date in sorted({date for name, date in person.events if name == event}):
        if date < person.start or (end is not None and date >= end) or (left is not None and date > left):
            continue
        time += 1
        again = f" ({time})" if time > 1 else ""
        for first, last in entry.days:
            names = [event if n == 0 else f"{event}+{n}d" for n in (first, last) if n is not None]
            there = [date + dt.timedelta(n) for n in (first, last) if n is not None]
            yield Planned(entry, " to ".join(names) + again, there[0], there[1] if last is not None else None)


def _visits(found: Iterator[Planned]) -> list[Planned]:
    """A visit of several entries is called what the first of them calls it."""
    labels: dict[object, str] = {}
    return [replace(p, label=labels.setdefault(p.day, p.label)) if p.day is not None else p for p in found]


def expand(study: Study, person: Person, until: dt.date | None = None) -> list[Row]:
    stopped = min((date for name, date in person.events if name in ("treatment_stopped", "withdrawn", "lost", "died")), default=None)
    products = {product.name: product for product in study.products}
    rows = []
    used: dict[str, tuple[int, dt.date | None] | None] = dict.fromkeys(products, None if person.grams is None else (person.grams, None))
    totals: dict[str, Fraction] = {}
    unknown: set[str] = set()
    per_kgs: dict[str, Fraction] = {}  # each dose by the weight of its day
    unweighed: set[str] = set()
    had: dict[str, Fraction] = {}
    for name, earlier in person.earlier:
        had[name] = had.get(name, Fraction(0)) + earlier.mg
    visits = []
    for planned in sorted(_visits(days_of(study, person, until)), key=lambda p: (p.target, p.label)):
        if (stopped is not None and planned.target > stopped) or (until is not None and planned.target > until):
            continue
        last = planned.last
        for latest in (stopped, until):
            if last is not None and latest is not None:
                last = min(last, latest)
        many = 1 if last is None else (last - planned.target).days + 1
        visits.append((planned, last, [planned.target + dt.timedelta(n) for n in range(many)]))
    gone = _taken(study, person, [(planned, days) for planned, _, days in visits])
    for number, (planned, last, days) in enumerate(visits):
        for give in planned.entry.gives:
            product = products[give.product]
            rule = Rule(give.what) if isinstance(give.what, Amount) else product.rules.get(give.what)
            level, taken = None, None
            away = [gone[day, number, give.product] for day in days]
            if None not in away:
                taken = "held" if "held" in away else "omitted"
            first = next((day for day, status in zip(days, away, strict=True) if status is None), planned.target)
            times = (len(days) if taken else away.count(None)) * (give.daily or 1)
            if rule is not None and rule.levels is not None:
                level, rule = at_level(rule, rule.levels, person, first)
            before = used[product.name]
            weight = weight_on(product, person, first, before)
            if taken and isinstance(product.weight, Fraction):
                weight = before  # nothing was given by the new one
            else:
                used[product.name] = weight
            amount: Fraction | None
            if rule is None:
                amount, status = (Fraction(0), "stated") if give.what == "placebo" else (None, "not stated")
            else:
                amount, status = dose(product, rule, person, weight)
            if taken is not None:
                amount, status = None, taken
            cap = product.lifetime
            body = (cap is None or not cap.per or weight is not None) and (cap is None or cap.per != "m2" or person.mm is not None)
            if amount and rule is not None and cap is not None and body:  # what cannot be held against the cap is given, and a note says so
                part = amount * times / _measure(cap, rule, person, weight)
                if had.get(give.product, Fraction(0)) + part > cap.mg:
                    amount, status = None, "refused"
                else:
                    had[give.product] = had.get(give.product, Fraction(0)) + part
            total = amount * times if amount is not None else None
            if total is None and status not in ("refused", "omitted", "held"):
                unknown.add(give.product)
            totals[give.product] = totals.get(give.product, Fraction(0)) + (total or Fraction(0))
            known = give.product not in unknown
            cumulative = totals[give.product] if known else None
            if total and weight is None:  # nothing is nothing by whatever weight
                unweighed.add(give.product)
            if total and weight is not None:
                per_kgs[give.product] = per_kgs.get(give.product, Fraction(0)) + total / Fraction(weight[0], 1000)
            weighed = cumulative is not None and weight is not None and give.product not in unweighed
            per_kg = per_kgs.get(give.product, Fraction(0)) if weighed else None
            by = weight if rule is not None and rule.by_weight else None
            rows.append(Row(planned.label, planned.target, last, give.product, amount, status, times, total, cumulative, per_kg, by, level))
    return rows


def _taken(study: Study, person: Person, visits: list[tuple[Planned, list[dt.date]]]) -> dict[tuple[dt.date, int, str], str | None]:
    """What events take away, day by day: of each day of each visit, and each product."""
    rules = {product.name: product.rules for product in study.products}
    found: dict[tuple[dt.date, int, str], str | None] = {}
    done: dict[str, set[tuple[str, dt.date]]] = {}  # the events by which a dose is omitted already
    for day, number in sorted((day, number) for number, (_, days) in enumerate(visits) for day in days):
        for give in visits[number][0].entry.gives:
            rule = rules[give.product].get(give.what) if isinstance(give.what, str) else None
            levels = rule.levels if rule is not None else None
            so_far = done.setdefault(give.product, set())
            found[day, number, give.product] = taken_by(levels, person, day, so_far) if levels is not None else None
    return found


def days_of_events(person: Person, names: tuple[str, ...]) -> list[dt.date]:
    return sorted(date for name, date in person.events if name in names)


def at_level(rule: Rule, levels: Levels, person: Person, day: dt.date) -> tuple[str | None, Rule | None]:
    """The level of a dose, and its rule; none where the file states no such level."""
    place = levels.start
    for date in days_of_events(person, levels.down):
        place += date <= day
    for date in days_of_events(person, levels.up):
        place -= date <= day
    if place >= len(levels.amounts):
        return f"below {levels.amounts[-1][0]}", None
    if place < 0:
        return f"above {levels.amounts[0][0]}", None
    name, amount = levels.amounts[place]
    return name, replace(rule, amount=amount, levels=None) if amount is not None else None


def taken_by(levels: Levels, person: Person, day: dt.date, done: set[tuple[str, dt.date]]) -> str | None:
    """Whether a dose is omitted or held. done: the events by which one is omitted already; all until this day are from now on."""
    new = [(name, date) for name, date in person.events if name in levels.omit and date <= day and (name, date) not in done]
    done.update(new)
    if levels.hold is not None:
        held, resumed = (days_of_events(person, (name,)) for name in levels.hold)
        since = max((date for date in held if date <= day), default=None)
        if since is not None and not any(since <= date <= day for date in resumed):
            return "omitted" if any(date > day for date in resumed) else "held"
    return "omitted" if new else None


def _measure(cap: Amount, rule: Rule, person: Person, weight: tuple[int, dt.date | None] | None) -> Fraction:
    """What a dose is divided by to be held against a cap."""
    if cap.per == "":
        return Fraction(1)
    assert weight is not None
    if cap.per == "kg":
        return Fraction(weight[0], 1000)
    assert person.mm is not None
    return Fraction(surface_cm2(rule.surface or "Mosteller", weight[0], person.mm), 10_000)


# --- the same as a file -------------------------------------------------------------------------------------------------


def kg_text(grams: int) -> str:
    return f"{grams // 1000}.{grams % 1000:03}".rstrip("0").rstrip(".")


def text_of(study: Study) -> str:
    return "\n".join(_lines(study)) + "\n"


def _lines(study: Study) -> Iterator[str]:
    yield f"language: 1\nstudy: random\ntitle: random doses\nsource: not stated\ndays: from {study.first_day}\nproducts:"
    for product in study.products:
        yield from _product_lines(product)
    yield "events: {cd19_return: CD19 cells are back"
    yield "  , reduced: down, rash: down, escalated_again: up, omitted: none, skipped: none"
    yield "  , held: wait, paused: wait, resumed: on}\nperiods:\n  p:"
    if study.length is not None:
        yield f"    length: {study.length.number} {study.length.unit}"
    yield "    visits:"
    for entry in study.entries:
        yield f"      - at: {', '.join(_day(entry, *day) for day in entry.days)}"
        if entry.cycle is not None:
            step, count = entry.cycle
            yield f"        cycle: every {step.number} {step.unit}{f', {count} cycles' if count else ''}"
        gives = [_give(give) for give in entry.gives]
        yield f"        give: {gives[0] if len(gives) == 1 else '[' + ', '.join(gives) + ']'}"


def _product_lines(product: Product) -> Iterator[str]:
    yield f"  {product.name}:\n    route: IV infusion"
    if product.vials:
        yield f"    vials: [{', '.join(map(str, product.vials))}]"
    if isinstance(product.weight, Fraction):
        yield f"    weight: changed by {float(product.weight):g}% or more"
    elif product.weight is not None:
        yield f"    weight: {product.weight}"
    if product.lifetime is not None:
        yield f"    lifetime at most: {product.lifetime}"
    if product.rules:
        yield "    doses:"
    for name, rule in product.rules.items():
        yield f"      {name}:"
        if rule.levels is not None:
            yield from _level_lines(rule.levels)
        elif rule.amount is not None:
            yield f"        amount: {rule.amount}"
        if rule.bands:
            yield "        bands:"
            for band, amount in rule.bands:
                yield f"          {_quoted(band)}: {amount or 'not stated'}"
        if rule.at_most is not None:
            yield f"        at most: {rule.at_most}"
        if rule.rounding is not None:
            yield f"        round: {rule.rounding} to {rule.step or 'whole vials'}"
        if rule.surface is not None:
            yield f"        surface: {rule.surface}"
        if rule.weights is not None:
            yield f"        weights: {_quoted(rule.weights)}"


def _level_lines(levels: Levels) -> Iterator[str]:
    named = [f"{name}: {amount or 'not stated'}" for name, amount in levels.amounts]
    yield f"        levels: {{{', '.join(named)}}}"
    if levels.start:
        yield f"        start level: {levels.amounts[levels.start][0]}"
    for what, events in (("down", levels.down), ("up", levels.up), ("omit", levels.omit)):
        if events:
            yield f"        {what}: [{', '.join(events)}]"
    if levels.hold is not None:
        yield f"        hold: {{from: {levels.hold[0]}, until: {levels.hold[1]}}}"


def _quoted(weights: Range) -> str:
    """In YAML a text cannot begin with `>`."""
    return f'"{weights}"' if str(weights).startswith(">") else str(weights)


def _day(entry: Entry, first: int, last: int | None) -> str:
    def one(number: int) -> str:
        if entry.event is None:
            return f"D{number}"
        return f"{entry.event} + {number} days" if number else entry.event

    return one(first) if last is None else f"{one(first)} to {one(last)}"


def _give(give: Give) -> str:
    often = {None: "", 1: " daily", 2: " twice daily"}.get(give.daily, f" {give.daily} times daily")
    hours = f" at {' and '.join(give.hours)}" if give.hours else ""
    return f"{give.product} {give.what}{often}{hours}"
