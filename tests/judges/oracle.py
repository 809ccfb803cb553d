"""A second, naive expander: one subject, plain loops, the standard library. What it says, the program must say.

It was written from docs/language.md and shares nothing with the program: it does not read the language either. A study is
given as the plain data below; `studies.yaml` writes the same data down as a file.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator
from fractions import Fraction
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

Unit = Literal["days", "weeks", "months", "years"]
Offset = tuple[int, int]  # days, and then months


class OutOfCalendar(Exception):
    """A date outside the years 1 to 9999."""


# --- a study ------------------------------------------------------------------------------------------------------------


class Window(Struct, frozen=True):
    before: int
    after: int
    text: str


NOT_STATED = Window(0, 0, "not stated")
ITSELF = Window(0, 0, "the days of a range")


class Length(Struct, frozen=True):
    number: int
    unit: Unit

    @property
    def offset(self) -> Offset:
        n = self.number
        return {"days": (n, 0), "weeks": (7 * n, 0), "months": (0, n), "years": (0, 12 * n)}[self.unit]


class Day(Struct, frozen=True):
    """`D29`, `W5D1`, `week 4`, `month 6`, `year 1`, each with further months."""

    style: Literal["D", "W", "week", "month", "year"]
    number: int
    of_week: int = 1
    plus: int = 0


class On(Struct, frozen=True):
    day: Day
    last: Day | None = None
    window: Window | None = None


class Every(Struct, frozen=True):
    step: Length
    until: Day | None = None
    times: int | None = None
    window: Window | None = None


class Dose(Struct, frozen=True):
    product: str
    kind: Literal["stated", "placebo", "not stated"]
    number: str = ""
    unit: str | None = None
    per_kg: bool = False
    minutes: int | None = None

    @property
    def rule(self) -> str | None:
        if self.kind == "stated":
            return f"{self.number} {self.unit}{'/kg' if self.per_kg else ''}"
        return "placebo" if self.kind == "placebo" else None


class Entry(Struct, frozen=True):
    """One entry under `visits`. `at` None: not stated. `give` by arm, or under None for everyone."""

    at: tuple[On | Every, ...] | None
    give: dict[str | None, tuple[Dose, ...]]
    assess: tuple[str, ...] = ()
    name: str | None = None
    window: Window | None = None
    arms: tuple[str, ...] | None = None
    blinded: bool | None = None


class End(Struct, frozen=True):
    """An end of a span: `first dose`, `last dose` or a day, then so much later, or earlier where `back`."""

    of: Literal["first dose", "last dose"] | Day
    plus: Length | None = None
    back: bool = False


class Span(Struct, frozen=True):
    id: str
    start: End | None
    end: End | None


class Period(Struct, frozen=True):
    id: str
    entries: tuple[Entry, ...]
    arms: tuple[str, ...]
    blinded: bool = False
    length: Length | None = None
    window: Window | None = None
    spans: tuple[Span, ...] = ()


class Study(Struct, frozen=True):
    first_day: Literal[0, 1]
    products: dict[str, Length | None]  # with their minimum gaps
    periods: tuple[Period, ...]
    spans: tuple[Span, ...] = ()


# --- its plan -----------------------------------------------------------------------------------------------------------


class Administration(Struct, frozen=True):
    product: str
    amount: Fraction | None
    unit: str | None
    dose_rule: str | None
    amount_status: str
    minutes: int | None
    cumulative: Fraction | None
    cumulative_per_kg: Fraction | None


class Visit(Struct, frozen=True):
    label: str
    name: str | None
    target: dt.date | None
    last: dt.date | None
    earliest: dt.date | None
    latest: dt.date | None
    study_day: int | None
    period_day: int | None
    week: str | None
    assessments: tuple[str, ...]
    administrations: tuple[Administration, ...]


class Plan(Struct, frozen=True):
    visits: tuple[Visit, ...]
    spans: tuple[tuple[str, dt.date | None, dt.date | None], ...]
    end: dt.date | None


class Person(Struct, frozen=True):
    start: dt.date
    arm: str | None = None
    grams: int | None = None


# --- dates --------------------------------------------------------------------------------------------------------------


def moved(date: dt.date, *steps: Offset) -> dt.date:
    """So many days, then so many months later, step after step; the end of the month where it has no such day."""
    # The calendar repeats every 400 years: reckoned there, nothing on the way leaves the years that `datetime` knows.
    lift = 400 if date.year < 5000 else -400
    there = date.replace(year=date.year + lift)
    try:
        for days, months in steps:
            there += dt.timedelta(days)
            years, month = divmod(there.month - 1 + months, 12)
            last = calendar.monthrange(there.year + years, month + 1)[1]
            there = dt.date(there.year + years, month + 1, min(there.day, last))
        return there.replace(year=there.year - lift)
    except (OverflowError, ValueError):
        raise OutOfCalendar from None


def offset_of(day: Day, first_day: int) -> Offset:
    if day.style == "W":
        return 7 * (day.number - 1) + day.of_week - 1, day.plus
    if day.style == "week":
        return 7 * day.number, day.plus
    if day.style == "month":
        return 0, day.number + day.plus
    if day.style == "year":
        return 0, 12 * day.number + day.plus
    return day.number - (first_day if day.number > 0 else 0), day.plus


def label_of(style: str, offset: Offset, first_day: int) -> str:
    days, months = offset
    if style == "year" and months and months % 12 == 0:
        return f"year {months // 12}"
    if style in ("month", "year") and months:
        return f"month {months}"
    if style == "W" and days >= 0:
        text = f"W{days // 7 + 1}D{days % 7 + 1}"
    elif style == "week" and days >= 0 and days % 7 == 0:
        text = f"week {days // 7}"
    else:
        text = f"D{days + first_day if days >= 0 else days}"
    return f"{text}+{months}mo" if months else text


# --- days of a file -----------------------------------------------------------------------------------------------------


class Occurrence(Struct, frozen=True):
    """One entry on one of its days."""

    entry: Entry
    label: str
    offset: Offset | None
    last: Offset | None
    window: Window | None
    open_ended: bool


def occurrences(entry: Entry, first_day: int, times_if_open: int) -> list[Occurrence]:
    if entry.at is None:
        return [Occurrence(entry, entry.name or "", None, None, None, False)]
    found: list[Occurrence] = []
    style, at = "D", (0, 0)
    for item in entry.at:
        window = item.window or entry.window
        if isinstance(item, On):
            style, at = item.day.style, offset_of(item.day, first_day)
            label, last = label_of(style, at, first_day), None
            if item.last is not None:
                last = offset_of(item.last, first_day)
                label = f"{label} to {label_of(item.last.style, last, first_day)}"
            found.append(Occurrence(entry, label, at, last, window, False))
            continue
        base, (days, months) = at, item.step.offset
        open_ended = item.times is None and item.until is None
        for time in range(1, 1 + (item.times or times_if_open)):
            now = base[0] + time * days, base[1] + time * months
            if item.until is not None and now > offset_of(item.until, first_day):
                break
            at = now
            found.append(Occurrence(entry, label_of(style, at, first_day), at, None, window, open_ended))
    return found


# --- the plan of one person ---------------------------------------------------------------------------------------------


def expand(
    study: Study, period: Period, person: Person, until: dt.date | None = None, unblind: bool = False, window: Window | None = None
) -> Plan:
    """The plan of one person; OutOfCalendar where some date of it does not exist."""
    days: dict[object, list[Occurrence]] = {}
    whole: dict[object, list[Occurrence]] = {}  # with what is not drawn so far: a day has one name and window however far one looks
    times_if_open = 400 if until is None else max(400, (until - person.start).days // 7 + 2)  # no repeat here is closer than a week
    for number, entry in enumerate(period.entries):
        for occurrence in occurrences(entry, study.first_day, times_if_open):
            key = (occurrence.offset, occurrence.last) if occurrence.offset is not None else number
            whole.setdefault(key, []).append(occurrence)
            if not (occurrence.open_ended and _beyond_open_end(occurrence, person.start, until)):
                days.setdefault(key, []).append(occurrence)
    of_day = {id(day): whole[key] for key, day in days.items()}
    here = [day for day in days.values() if person.arm is None or any(_is_for(o.entry, person.arm) for o in day)]
    dated = sorted(((_target(day, person.start), day) for day in here), key=lambda pair: (pair[0] is None, pair[0] or person.start))
    shown = [(target, day) for target, day in dated if target is None or until is None or target <= until]
    doses = Doses(study, period, person, unblind)
    visits = tuple(_visit(study, period, person, target, of_day[id(day)], day, doses, window) for target, day in shown)
    visits = tuple(_allowed(study, person, visits))
    dosing = [target for target, day in dated if target is not None and doses.may_be_given(day)]
    ends = (min(dosing), max(dosing)) if dosing else None
    spans = tuple(
        (s.id, _end(s.start, study, person.start, ends), _end(s.end, study, person.start, ends)) for s in (*period.spans, *study.spans)
    )
    return Plan(visits, spans, moved(person.start, period.length.offset) if period.length else None)


def _beyond_open_end(occurrence: Occurrence, start: dt.date, until: dt.date | None) -> bool:
    assert occurrence.offset is not None
    try:
        target = moved(start, occurrence.offset)
    except OutOfCalendar:
        return True
    try:
        return target > (until or moved(start, (0, 24)))
    except OutOfCalendar:
        return False


def _target(day: list[Occurrence], start: dt.date) -> dt.date | None:
    offset = day[0].offset
    return moved(start, offset) if offset is not None else None


def _is_for(entry: Entry, arm: str) -> bool:
    return entry.arms is None or arm in entry.arms


def _undated(period: Period, entry: Entry) -> str:
    """The label of a visit without a day: its name, with a number where several are called so."""
    alike = [other for other in period.entries if other.at is None and other.name == entry.name]
    number = next(i for i, other in enumerate(alike) if other is entry)
    return f"{entry.name} ({number + 1})" if len(alike) > 1 else entry.name or ""


def _said(period: Period, arm: str | None, day: list[Occurrence]) -> tuple[str | None, Window | None]:
    """The name and the window of a day, as its entries say them to one arm."""
    mine = [o for o in day if arm is None or _is_for(o.entry, arm)] or day
    windows = [o.window for o in mine if o.window is not None]
    window = windows[0] if windows else period.window if day[0].last is None else ITSELF
    return next((o.entry.name for o in mine if o.entry.name), None), None if window == NOT_STATED else window


def _to_whoever_asks(period: Period, arm: str | None, day: list[Occurrence]) -> tuple[str | None, Window | None]:
    """The same to whoever does not know the arm: which name is whose, and the days that every arm allows."""
    if arm is not None:
        return _said(period, arm, day)
    told = {a: _said(period, a, day) for a in period.arms if any(_is_for(o.entry, a) for o in day)} or {"": _said(period, None, day)}
    by_name: dict[str, list[str]] = {}
    for a, (name, _) in told.items():
        if name is not None:
            by_name.setdefault(name, []).append(a)
    names = [name if len(arms) == len(told) else f"{' / '.join(arms)}: {name}" for name, arms in by_name.items()]
    windows = [window for _, window in told.values() if window is not None]
    known = len(windows) == len(told)
    both = Window(min(w.before for w in windows), min(w.after for w in windows), "") if known else None
    return "; ".join(names) or None, both


def _visit(
    study: Study, period: Period, person: Person, target: dt.date | None, whole: list[Occurrence], day: list[Occurrence], doses: Doses,
    asked: Window | None,
) -> Visit:  # fmt: skip
    naming = next((o for o in whole if any(o.entry.give.values())), whole[0])
    label = naming.label if target is not None else _undated(period, naming.entry)
    name, window = _to_whoever_asks(period, person.arm if period.arms else None, whole)
    window = asked if window is None and day[0].offset != (0, 0) else window
    here = [o.entry for o in day if person.arm is None or _is_for(o.entry, person.arm)]
    assessments = tuple(dict.fromkeys(name for o in day for name in o.entry.assess if any(name in e.assess for e in here)))
    administrations = doses.on(day)
    if target is None:
        return Visit(label, name, None, None, None, None, None, None, None, assessments, administrations)
    last = moved(person.start, day[0].last) if day[0].last is not None else None
    after = (target - person.start).days
    return Visit(
        label,
        name,
        target,
        last,
        moved(target, (-window.before, 0)) if window else None,
        moved(last or target, (window.after, 0)) if window else None,
        after + 1 if after >= 0 else after,
        after + study.first_day if after >= 0 else after,
        f"W{after // 7 + 1}D{after % 7 + 1}" if after >= 0 else None,
        assessments,
        administrations,
    )


def _allowed(study: Study, person: Person, visits: tuple[Visit, ...]) -> Iterator[Visit]:
    """The visits with the first days on which they are allowed: no dose before day 1, none sooner after another than its minimum gap."""
    ended: dict[str, dt.date] = {}
    for visit in visits:
        given = [a.product for a in visit.administrations]
        if visit.target is None or not given:
            yield visit
            continue
        earliest = visit.earliest
        if earliest is not None and visit.target > person.start:
            earliest = max(earliest, person.start)
        for product in given:
            gap = study.products[product]
            if gap is not None and product in ended:
                kept = moved(ended[product], gap.offset)
                earliest = kept if earliest is None else max(earliest, kept)
        begins = earliest if visit.earliest is not None else max(visit.target, earliest or visit.target)
        assert begins is not None
        if visit.latest is None or begins <= visit.latest:
            for product in given:
                ended[product] = max(ended.get(product, begins), begins + ((visit.last or visit.target) - visit.target))
        yield replace(visit, earliest=earliest)


def _end(end: End | None, study: Study, start: dt.date, doses: tuple[dt.date, dt.date] | None) -> dt.date | None:
    if end is None:
        return None
    days, months = end.plus.offset if end.plus else (0, 0)
    plus = (-days, -months) if end.back else (days, months)
    if isinstance(end.of, Day):
        return moved(start, offset_of(end.of, study.first_day), plus)
    if doses is None:
        return None
    return moved(doses[0] if end.of == "first dose" else doses[1], plus)


class Doses:
    """What one person gets, day after day, with the totals so far."""

    def __init__(self, study: Study, period: Period, person: Person, unblind: bool) -> None:
        self.period, self.person, self.unblind = period, person, unblind
        self.totals: dict[tuple[str, str | None], Fraction] = {}
        self.unknown: set[str] = set()
        self.file_units: dict[str, str] = {}
        for dose in (d for p in study.periods for e in p.entries for doses in e.give.values() for d in doses):
            if dose.unit:
                self.file_units.setdefault(dose.product, dose.unit)

    def by_arm(self, day: list[Occurrence]) -> dict[str, dict[str | None, Dose]]:
        """Products of a day in the file's order, with the dose of each arm that gets one."""
        found: dict[str, dict[str | None, Dose]] = {}
        for entry in (o.entry for o in day):
            for arm, doses in entry.give.items():
                arms: tuple[str | None, ...] = (arm,) if arm is not None else entry.arms or self.period.arms or (None,)
                for dose in doses:
                    found.setdefault(dose.product, {}).update(dict.fromkeys(arms, dose))
        return found

    def may_be_given(self, day: list[Occurrence]) -> bool:
        return any(self.person.arm is None or self.person.arm in arms for arms in self.by_arm(day).values())

    def on(self, day: list[Occurrence]) -> tuple[Administration, ...]:
        made = []
        for product, arms in self.by_arm(day).items():
            if self.person.arm is not None and self.person.arm not in arms:
                continue
            hidden = not self.unblind and any(self._blinded(o.entry) and self._gives(o.entry, product) for o in day)
            made.append(self._masked(product, arms) if hidden else self._open(product, arms))
        return tuple(made)

    def _blinded(self, entry: Entry) -> bool:
        return self.period.blinded if entry.blinded is None else entry.blinded

    @staticmethod
    def _gives(entry: Entry, product: str) -> bool:
        return any(d.product == product for doses in entry.give.values() for d in doses)

    def _masked(self, product: str, arms: dict[str | None, Dose]) -> Administration:
        self.unknown.add(product)
        return Administration(product, None, None, None, "masked", self._minutes(arms), None, None)

    def _minutes(self, arms: dict[str | None, Dose]) -> int | None:
        if self.person.arm is not None:
            return arms[self.person.arm].minutes
        return next(iter(arms.values())).minutes if len({d.minutes for d in arms.values()}) == 1 else None

    def _open(self, product: str, arms: dict[str | None, Dose]) -> Administration:
        doses = list(arms.values())
        unit = next((d.unit for d in doses if d.unit), None)
        if unit is None and any(d.kind == "placebo" for d in doses):
            unit = self.file_units.get(product)
        own = arms[self.person.arm] if self.person.arm is not None else self._common(arms)
        rules = {d.rule for d in doses}
        rule = own.rule if self.person.arm is not None and own else (doses[0].rule if len(rules) == 1 else None)
        amount: Fraction | None = None
        if own is None:
            status = "needs arm"
        elif own.kind == "not stated":
            status = "not stated"
        elif own.per_kg and self.person.grams is None:
            status = "needs weight"
        else:
            status = "stated"
            amount = Fraction(own.number) if own.kind == "stated" else Fraction(0)
            if own.per_kg:
                amount *= Fraction(self.person.grams or 0, 1000)
        if amount is None:
            self.unknown.add(product)
        total = None
        if product not in self.unknown and amount is not None:
            total = self.totals[product, unit] = self.totals.get((product, unit), Fraction(0)) + amount
        per_kg = total / Fraction(self.person.grams, 1000) if total is not None and self.person.grams else None
        return Administration(product, amount, unit, rule, status, self._minutes(arms), total, per_kg)

    def _common(self, arms: dict[str | None, Dose]) -> Dose | None:
        """The dose of whoever it is, where every arm gets the same amount."""
        same = {(d.kind, Fraction(d.number or 0), d.per_kg) for d in arms.values()}
        everyone = len(arms) == max(1, len(self.period.arms))
        return next(iter(arms.values())) if everyone and len(same) == 1 else None
