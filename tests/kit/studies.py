"""Random studies that are right: as the oracle's plain data, and the same written down as a study file.

A study is drawn entry by entry; what would make it wrong (one product twice on a day, two windows on a day) is then taken out of
the later entry, so that hardly anything has to be thrown away.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, Literal

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing.dose.units import UNITS
from tests.judges.oracle import (
    NOT_STATED,
    Day,
    Dose,
    End,
    Entry,
    Every,
    Length,
    Occurrence,
    Offset,
    On,
    Period,
    Span,
    Study,
    Window,
    occurrences,
)

PRODUCTS = ("X", "MIL62", "药物 A", "CAR-T cells")
ARMS: tuple[tuple[str, ...], ...] = (("active", "placebo"), ("a", "b", "c"), ("500mg", "1000mg"), ("only",))
ASSESSMENTS = ("MRI", "EDSS", "视力", "laboratory tests")
NAMES = ("Screening", "筛选期", "End of treatment")
NUMBERS = ("500", "0.5", "10", "2e6", "1.25", "375", "12.34", "0.1", "0.3", "7.7", "1000")
WINDOWS = (
    Window(3, 3, "±3d"),
    Window(3, 3, "+/-3 days"),
    Window(7, 7, "±1 week"),
    Window(3, 7, "-3d/+7d"),
    Window(2, 5, "+5d/-2d"),
    Window(0, 5, "+5d"),
    Window(2, 0, "-2d"),
    Window(0, 0, "±0d"),
)
SPANS = (
    Span("screening", End(Day("D", -28)), End(Day("D", -1))),
    Span("contraception", End("first dose"), End("last dose", Length(6, "months"))),
    Span("look-back", End(Day("D", 1), Length(3, "months"), back=True), End(Day("D", 1), Length(1, "days"), back=True)),
    Span("adverse-events", None, End(Day("D", 28))),
    Span("washout", End("first dose", Length(1, "years"), back=True), End("first dose", Length(2, "weeks"), back=True)),
    Span("follow-up", End("last dose"), None),
)
FAR = 140  # of an open repeat so many are looked at for what collides; every 28 days that is beyond the ten years that are checked


def examples(n: int) -> settings:
    """So many examples where the continuous integration runs, the same in every run; elsewhere a share of them, others each time."""
    return settings(
        max_examples=max(5, n * settings().max_examples // 100),
        deadline=None,
        database=None,
        derandomize="CI" in os.environ,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# --- people -------------------------------------------------------------------------------------------------------------

ODD_DAYS = tuple(
    dt.date.fromisoformat(text)
    for text in (
        *("2024-02-29", "2000-02-29", "1900-02-28", "2100-02-28", "2023-02-28", "2024-08-31", "2025-08-31", "2023-08-31", "2025-01-31"),
        *("2023-12-31", "2024-12-31", "2025-01-01", "2025-03-31", "2025-04-30", "2025-10-31", "0400-02-29", "9992-02-29"),
    )
)
EDGE_DAYS = (dt.date(1, 1, 1), dt.date(1, 1, 31), dt.date(1, 2, 1), dt.date(9999, 12, 31), dt.date(9999, 11, 30), dt.date(9997, 12, 31))

starts = st.one_of(
    st.sampled_from([day for day in ODD_DAYS if 200 < day.year < 9900]),
    st.dates(dt.date(1990, 1, 1), dt.date(2060, 12, 31)),
    st.dates(dt.date(200, 1, 1), dt.date(9900, 1, 1)),
)
edge_starts = st.one_of(
    st.sampled_from(EDGE_DAYS), st.dates(dt.date(1, 1, 1), dt.date(2, 6, 30)), st.dates(dt.date(9997, 1, 1), dt.date(9999, 12, 31))
)
weights = st.one_of(st.none(), st.sampled_from((102_500, 64_005, 33_333, 1, 500_000)), st.integers(1, 500_000))


# --- days ---------------------------------------------------------------------------------------------------------------


@st.composite
def written(draw: st.DrawFn, offset: Offset, first_day: int) -> Day:
    """A day, in one of the ways in which it can be written."""
    days, months = offset
    ways = [Day("D", days + (first_day if days >= 0 else 0), plus=months)]
    if first_day and days >= 0:
        ways.append(Day("W", days // 7 + 1, days % 7 + 1, months))
    if not first_day and days >= 0 and days % 7 == 0:
        ways.append(Day("week", days // 7, plus=months))
    if not first_day and days == 0:
        ways.append(Day("month", months))
        ways += [Day("year", months // 12)] if months % 12 == 0 else []
    return draw(st.sampled_from(ways))


day_offsets = st.one_of(st.sampled_from((0, 7, 14, 28, 84, 168, 181, 182, 336, 364)), st.integers(-40, 400)).map(lambda n: (n, 0))
month_offsets = st.tuples(st.sampled_from((0, 0, 0, 14, 28, -28)), st.sampled_from((1, 3, 6, 12, 18, 24)))
offsets = st.one_of(day_offsets, day_offsets, day_offsets, month_offsets)


MONTH_STEPS = (Length(1, "months"), Length(3, "months"), Length(6, "months"), Length(1, "years"))
DAY_STEPS = (Length(7, "days"), Length(2, "weeks"), Length(28, "days"), Length(4, "weeks"), Length(30, "days"), Length(26, "weeks"))


@st.composite
def repeats(draw: st.DrawFn, base: Offset, first_day: int, may_be_open: bool) -> tuple[Every, Offset]:
    """A repeat from a day, and its last day."""
    step = draw(st.sampled_from(MONTH_STEPS if base[1] else DAY_STEPS + MONTH_STEPS))
    days, months = step.offset
    ends = draw(st.sampled_from(("until", "times", "open") if may_be_open else ("until", "times")))
    times = draw(st.integers(1, 9))
    last = base[0] + times * days, base[1] + times * months
    if ends == "open" and (months or days >= 28):
        return Every(step), last
    if ends == "times":
        return Every(step, times=times), last
    spare = draw(st.integers(0, (days or months) - 1))
    until = (last[0] + spare, last[1]) if days else (last[0], last[1] + spare)
    return Every(step, until=draw(written(until, first_day))), last


@st.composite
def dosing_days(draw: st.DrawFn, first_day: int) -> tuple[On | Every, ...]:
    """Days on which a dose can stand: a list, and mostly a repeat or two behind it, each going on from the one before."""
    at = sorted(draw(st.sets(offsets, min_size=1, max_size=3)), key=length_of)
    items: list[On | Every] = [On(draw(written(offset, first_day))) for offset in at]
    last = at[-1]
    for _ in range(draw(st.sampled_from((0, 1, 1, 2)))):
        repeat, last = draw(repeats(last, first_day, may_be_open=True))
        items.append(repeat)
        if repeat.until is None and repeat.times is None:
            break
    return tuple(items)


@st.composite
def ranges(draw: st.DrawFn, first_day: int) -> tuple[On | Every, ...]:
    begin, length = draw(st.integers(-40, 200)), draw(st.integers(0, 30))
    last = draw(st.sampled_from(((begin + length, 0), (begin, 1))))
    return (On(draw(written((begin, 0), first_day)), draw(written(last, first_day))),)


def length_of(offset: Offset) -> float:
    return offset[0] + offset[1] * 30.44


# --- doses --------------------------------------------------------------------------------------------------------------


@st.composite
def doses(draw: st.DrawFn, product: str, unit: str, minutes: int | None) -> Dose:
    kind = draw(st.sampled_from(("stated", "stated", "stated", "placebo", "not stated")))
    if kind == "placebo" or kind == "not stated":
        return Dose(product, "placebo" if kind == "placebo" else "not stated", minutes=minutes)
    return Dose(product, "stated", draw(st.sampled_from(NUMBERS)), unit, draw(st.booleans()), minutes)


Give = dict[str | None, tuple[Dose, ...]]


@st.composite
def gives(draw: st.DrawFn, products: Sequence[str], arms: tuple[str, ...], by_arm: bool, alike: bool) -> Give:
    """What is given; `alike`: every arm gets the same products, as a blinded part needs."""
    chosen = draw(st.lists(st.sampled_from(products), min_size=1, max_size=2, unique=True))
    how = {p: (draw(st.sampled_from(UNITS[:2] if p != "CAR-T cells" else UNITS)), draw(st.sampled_from((None, None, 60)))) for p in chosen}
    if not by_arm:
        return {None: tuple(draw(doses(p, *how[p])) for p in chosen)}
    return {
        arm: tuple(draw(doses(p, *how[p])) for p in chosen if alike or draw(st.sampled_from((True, True, False))))
        for arm in draw(st.permutations(arms))
    }


# --- a study ------------------------------------------------------------------------------------------------------------

Blinding = Literal["none", "period", "visits"]
BLINDINGS: tuple[Blinding, ...] = ("none", "none", "period", "visits")


@st.composite
def entries(draw: st.DrawFn, first_day: int, products: Sequence[str], arms: tuple[str, ...], blinding: Blinding) -> Entry:
    kind = draw(st.sampled_from(("dose", "dose", "dose", "assess", "range", "dayless")))
    assess = tuple(draw(st.lists(st.sampled_from(ASSESSMENTS), unique=True, max_size=2)))
    name = draw(st.none() | st.sampled_from(NAMES))
    if kind == "range":
        return Entry(draw(ranges(first_day)), {}, assess or ("MRI",), name)
    at = None if kind == "dayless" else draw(dosing_days(first_day))
    name = name or "Preparative regimen" if at is None else name
    if kind == "assess":
        return Entry(at, {}, assess or ("EDSS",), name)
    hidden = draw(st.booleans()) if blinding == "visits" else blinding == "period" and draw(st.sampled_from((True, True, False)))
    open_arms = draw(st.booleans()) and bool(arms) and blinding == "none"
    some = tuple(draw(st.lists(st.sampled_from(arms), min_size=1, unique=True))) if open_arms and draw(st.booleans()) else None
    give = draw(gives(products, some or arms, hidden or open_arms, alike=hidden))
    return Entry(at, give, assess, name, None, some, hidden if hidden != (blinding == "period") else draw(st.sampled_from((None, hidden))))


@st.composite
def periods(draw: st.DrawFn, id: str, first_day: int, products: Sequence[str], arms: tuple[str, ...], blinding: Blinding) -> Period:
    drawn = draw(st.lists(entries(first_day, products, arms, blinding), min_size=1, max_size=4))
    drawn = [e for entry in _each_product_once_a_day(drawn, first_day) for e in draw(_split_by_arm(entry))]
    drawn = [draw(_with_windows(entry)) for entry in drawn] if draw(st.booleans()) else drawn
    window = draw(st.none() | st.sampled_from(WINDOWS))
    drawn = _one_window_a_day(drawn, first_day, window, hides=blinding != "none")
    if blinding == "none" and arms:
        some = st.none() | st.lists(st.sampled_from(arms), min_size=1, unique=True).map(tuple)
        drawn = [replace(e, arms=draw(some)) if not e.give else e for e in drawn]
    spans = tuple(draw(st.lists(st.sampled_from(SPANS), unique=True, max_size=2)))
    if first_day:
        spans = tuple(s for s in spans if s.start is None or s.start.of != Day("D", 0))
    if not any(entry.give for entry in drawn):  # it has no last dose of its own
        spans = tuple(s for s in spans if not any(end is not None and end.of == "last dose" for end in (s.start, s.end)))
    return Period(id, tuple(drawn), arms, blinding == "period", draw(_lengths(drawn, first_day)), window, spans)


def _each_product_once_a_day(drawn: list[Entry], first_day: int) -> list[Entry]:
    """Takes a product out of an entry where another dose of it falls on the same day, or may for some first dates."""
    taken: dict[str, list[Offset]] = {}
    made = []
    for entry in drawn:
        at = [o.offset for o in occurrences(entry, first_day, FAR) if o.offset is not None]
        keep = set()
        for product in {d.product for doses in entry.give.values() for d in doses}:
            others = taken.get(product, [])
            if not any(_may_meet(a, b) for i, a in enumerate(at) for b in (*at[:i], *others)):
                keep.add(product)
                taken[product] = others + at
        give = {arm: tuple(d for d in doses if d.product in keep) for arm, doses in entry.give.items()}
        if not keep:
            entry = replace(entry, assess=entry.assess or ("MRI",), arms=None, blinded=None)
        made.append(replace(entry, give=give if keep else {}))
    return made


def _may_meet(a: Offset, b: Offset) -> bool:
    if a[0] == b[0] or a[1] == b[1] == 0:
        return a == b
    return abs(length_of(a) - length_of(b)) <= 4 + (a[1] + b[1]) / 24


@st.composite
def _split_by_arm(draw: st.DrawFn, entry: Entry) -> list[Entry]:
    """One entry with doses by arm, or the same as an entry for each arm: on one day that is one visit."""
    if None in entry.give or not entry.give or entry.at is None or draw(st.sampled_from((True, True, False))):
        return [entry]
    return [replace(entry, give={arm: doses}, arms=(arm,)) for arm, doses in entry.give.items() if arm is not None]


@st.composite
def _with_windows(draw: st.DrawFn, entry: Entry) -> Entry:
    """Windows behind each day, one for the visit, `not stated`, or none said."""
    how = draw(st.sampled_from(("each", "visit", "not stated", "unsaid")))
    if entry.at is None or how == "unsaid":
        return entry
    if how == "each":
        return replace(entry, at=tuple(replace(item, window=draw(st.sampled_from(WINDOWS))) for item in entry.at))
    return replace(entry, window=draw(st.sampled_from(WINDOWS)) if how == "visit" else NOT_STATED)


def _one_window_a_day(drawn: list[Entry], first_day: int, window: Window | None, hides: bool) -> list[Entry]:
    """Takes the windows out of entries of which one says another window than the other for the same day: to one arm, or to any arm where
    the period hides it."""
    days = [{(o.offset, o.last): o.window for o in occurrences(entry, first_day, FAR) if o.offset is not None} for entry in drawn]
    made = list(drawn)
    while clashing := _clashing(made, days, window, hides):
        for i in clashing:
            entry = made[i]
            made[i] = replace(entry, window=None, at=tuple(replace(item, window=None) for item in entry.at or ()))
            days[i] = dict.fromkeys(days[i])
    return made


def _clashing(made: list[Entry], days: list[dict[Any, Window | None]], window: Window | None, hides: bool) -> set[int]:
    found = set[int]()
    for (i, one), (j, two) in combinations(enumerate(made), 2):
        some = one.arms is not None and two.arms is not None and not set(one.arms) & set(two.arms)
        for key in {} if some and not hides else days[i].keys() & days[j].keys():
            a, b = (said or (window if key[1] is None else None) for said in (days[i][key], days[j][key]))
            unlike = (
                (a and _days(a)) != (b and _days(b)) if hides else None not in (a, b) and _days(a or NOT_STATED) != _days(b or NOT_STATED)
            )
            if unlike:
                found |= {i, j}
    return {i for i in found if any(days[i].values())}


def _days(window: Window) -> tuple[int, int, bool]:
    return window.before, window.after, window is NOT_STATED


@st.composite
def _lengths(draw: st.DrawFn, drawn: list[Entry], first_day: int) -> Length | None:
    found: list[Occurrence] = [o for entry in drawn for o in occurrences(entry, first_day, FAR)]
    if any(o.open_ended for o in found):
        return None
    longest = max((length_of(offset) for o in found for offset in (o.offset, o.last) if offset is not None), default=0)
    days = max(1, int(longest) + 10)
    long = (Length(days, "days"), Length(days // 7 + 1, "weeks"), Length(days // 28 + 1, "months"), Length(days // 365 + 1, "years"))
    return draw(st.none() | st.sampled_from(long))


@st.composite
def studies(draw: st.DrawFn, blinding: Blinding | None = None) -> Study:
    """A study of one or two periods; the last one is blinded as asked."""
    first_day = draw(st.sampled_from((0, 1)))
    products = draw(st.lists(st.sampled_from(PRODUCTS), min_size=1, max_size=3, unique=True))
    hides = draw(st.sampled_from(BLINDINGS if blinding is None else (blinding,)))
    arms = draw(st.sampled_from(ARMS) if hides != "none" else st.just(()) | st.sampled_from(ARMS))
    last = draw(periods("rcp", first_day, products, arms, hides))
    other = draw(st.none() | st.none() | periods("olp", first_day, products, (), "none"))
    made = (last,) if other is None else draw(st.sampled_from(((other, last), (last, other))))
    gaps = {p: draw(st.sampled_from((None, Length(1, "days")))) for p in products}
    top = tuple(s for s in draw(st.lists(st.sampled_from(SPANS), unique=True, max_size=1)) if not _has_a_day(s))
    return Study(1 if first_day else 0, gaps, made, tuple(replace(s, id=f"study-{s.id}") for s in top))


def _has_a_day(span: Span) -> bool:
    return any(end is not None and isinstance(end.of, Day) for end in (span.start, span.end))


# --- the same as a file -------------------------------------------------------------------------------------------------


def text_of(study: Study) -> str:
    """The study in the language."""
    return "\n".join(_lines(study)) + "\n"


def _lines(study: Study) -> Iterator[str]:
    yield "language: 1\nstudy: random\ntitle: 随机 study\nsource: not stated"
    yield f"days: from {study.first_day}\nproducts:"
    for product, gap in study.products.items():
        yield f"  {product}: {{minimum gap: {_length(gap)}}}" if gap else f"  {product}: {{route: IV infusion}}"
    yield "periods:"
    for period in study.periods:
        yield f"  {period.id}:\n    length: {_length(period.length) if period.length else 'not stated'}"
        if period.arms:
            yield f"    arms: [{', '.join(period.arms)}]"
        if period.blinded:
            yield "    blinded: true"
        if period.window:
            yield f"    window: {period.window.text}"
        yield "    visits:"
        for entry in period.entries:
            yield from _entry_lines(entry)
        yield from _span_lines(period.spans, "    ")
    yield from _span_lines(study.spans, "")


def _entry_lines(entry: Entry) -> Iterator[str]:
    at = [_item(item) for item in entry.at] if entry.at is not None else ["not stated"]
    yield f"      - at: {', '.join(at)}" if len(at) != 2 else f"      - at: ['{at[0]}', '{at[1]}']"
    if entry.name:
        yield f"        name: {entry.name}"
    if None in entry.give:
        yield f"        give: {_doses(entry.give[None])}"
    elif entry.give:
        yield f"        give: {{{', '.join(f'{arm}: {_doses(doses)}' for arm, doses in entry.give.items())}}}"
    if entry.assess:
        yield f"        assess: {', '.join(entry.assess)}"
    if entry.window:
        yield f"        window: {entry.window.text}"
    if entry.arms is not None:
        yield f"        arms: [{', '.join(entry.arms)}]"
    if entry.blinded is not None:
        yield f"        blinded: {str(entry.blinded).lower()}"


def _item(item: On | Every) -> str:
    window = f" {item.window.text}" if item.window else ""
    if isinstance(item, On):
        return _day(item.day) + (f" to {_day(item.last)}" if item.last else "") + window
    end = f" until {_day(item.until)}" if item.until else f", {item.times} more times" if item.times else ""
    return f"then every {_length(item.step)}{end}{window}"


def _day(day: Day) -> str:
    text = {"D": f"D{day.number}", "W": f"W{day.number}D{day.of_week}"}.get(day.style, f"{day.style} {day.number}")
    if not day.plus:
        return text
    return f"{text} + {day.plus // 12} years" if day.plus % 12 == 0 else f"{text}+{day.plus}mo"


def _length(length: Length) -> str:
    return f"{length.number} {length.unit}"


def _doses(doses: tuple[Dose, ...]) -> str:
    phrases = [_dose(dose) for dose in doses]
    return {0: "nothing", 1: phrases[0] if phrases else ""}.get(len(phrases), f"[{', '.join(phrases)}]")


def _dose(dose: Dose) -> str:
    amount = dose.rule if dose.kind == "stated" else dose.kind
    return f"{dose.product} {amount}{f' over {dose.minutes} min' if dose.minutes else ''}"


def _span_lines(spans: tuple[Span, ...], indent: str) -> Iterator[str]:
    if spans:
        yield f"{indent}spans:"
    for span in spans:
        yield f"{indent}  {span.id}: {{title: {span.id}, from: {_end(span.start)}, to: {_end(span.end)}}}"


def _end(end: End | None) -> str:
    if end is None:
        return "not stated"
    of = _day(end.of) if isinstance(end.of, Day) else end.of
    return f"{of} {'-' if end.back else '+'} {_length(end.plus)}" if end.plus else of
