"""What a file says of time: days, cycles, series of visits, gaps between two doses of a period."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from msgspec.structs import replace

from nmosd_dosing.days import Code, CountsFrom, Offset
from nmosd_dosing.errors import Place, Problems, clip, counted
from nmosd_dosing.language.keys import PeriodKeys, VisitKeys, to_facts
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import visit_days
from nmosd_dosing.language.phrases.gaps import Gaps
from nmosd_dosing.language.phrases.lengths import EVERY
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.consistency import cycles_that_fit, how_many_fit
from nmosd_dosing.study.facts import NotStated
from nmosd_dosing.study.model import GapRule
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, Cycle, Point, Series, Window


def gap_rules(period: PeriodKeys, counts_from: CountsFrom, problems: Problems) -> tuple[GapRule, ...]:
    """By the length of the gap, the shortest first. Reports gaps that two rules are for, and gaps between them that none is for."""
    found: list[tuple[Gaps, GapRule]] = []
    for mapping in period.if_gap or ():
        if mapping.of is None or mapping.then is None:
            continue
        at = None
        try:
            at = mapping.then.at.resolve(counts_from) if mapping.then.at is not None else None
        except PhraseError as error:
            problems.found.append(error.problem)
            continue
        if at is not None and (at.offset.months or at.offset.days < 0):
            wrong = f"a restart at {at.label}, which is {'before day 1' if at.offset.days < 0 else 'counted in months'}"
            problems.error(wrong, mapping.then.place, "name a later day, counted in days")
            continue
        product = mapping.product.text if mapping.product is not None else ""
        rule = GapRule(mapping.of.beyond, mapping.then.then, to_facts(mapping), mapping.of.text, at, product, mapping.place())
        found.append((mapping.of, rule))
    found.sort(key=lambda pair: pair[0].beyond.nominal)
    for (one, _), (two, _) in pairwise(found):
        also = [("the other one", one.place)]
        if one.up_to is None or one.up_to.nominal > two.beyond.nominal:
            hint = "write `<` before the end that does not belong to a range: `8 to <12 weeks`"
            problems.error(f"the gaps `{one.text}` and `{two.text}` overlap", two.place, hint, also)
        elif one.up_to != two.beyond:
            hint = "let one range begin where the other ends: `8 to <12 weeks`, `12 weeks or more`"
            problems.error(f"between the gaps `{one.text}` and `{two.text}` there are some without a rule", two.place, hint, also)
    if found and found[-1][0].up_to is not None:
        last = found[-1][0]
        problems.error(f"what becomes of a gap longer than `{last.text}`?", last.place, "add a rule: `of: 12 weeks or more`")
    return tuple(rule for _, rule in found)


def days_of(
    mapping: VisitKeys, period: PeriodKeys, counts_from: CountsFrom, problems: Problems, known_event: Callable[[Scalar], None]
) -> tuple[Point | Series, ...] | None:
    """The days of a visit; empty where they are not stated, None where they cannot be told."""
    if mapping.at is None:
        return None
    items: list[visit_days.PointText | visit_days.RepeatText | visit_days.Unread] = []
    for part in mapping.at:
        if isinstance(part, NotStated):
            if len(mapping.at) == 1:
                return ()
            problems.error("`not stated` stands on its own", mapping.place("at"), "take the other days out, or write two visits")
            items.append(visit_days.Unread())
        else:
            items += part
    _windows_of_all_or_none([item for item in items if not isinstance(item, visit_days.Unread)], mapping, problems)
    built: list[Point | Series] = []
    complete = True
    for item in items:
        try:
            if isinstance(item, visit_days.Unread):
                complete = False
            elif isinstance(item, visit_days.PointText):
                _events(item, known_event)
                built.append(_point(item, mapping, counts_from))
            elif complete:  # after a day that cannot be read nobody knows where a repeat goes on
                _events(item, known_event)
                built.append(_series(item, _base(item, built), mapping, period, counts_from))
        except PhraseError as error:
            problems.found.append(error.problem)
            complete = False
    found = len(problems.found)
    _in_cycle(mapping, built, period, counts_from, problems)
    return tuple(built) if complete and len(problems.found) == found else None


def within_its_days(mapping: VisitKeys, problems: Problems) -> None:
    """A hint that puts a rhythm of doses into `at` keeps the days that stand there: from the first of a range to its last."""
    if mapping.at is None or len(mapping.at) != 1 or isinstance(mapping.at[0], NotStated) or len(mapping.at[0]) != 1:
        return
    item, place = mapping.at[0][0], mapping.place("give")
    if not isinstance(item, visit_days.PointText):
        return
    until = f" until {item.last.text}" if item.last is not None else ""
    for i, problem in enumerate(problems.found):
        if problem.hint and problem.place and place.start <= problem.place.start and problem.place.end <= place.end:
            hint = re.sub(r"`at: D1, then (every [^`]+)`", rf"`at: {item.day.text}, then \1{until}`", problem.hint)
            problems.found[i] = replace(problem, hint=hint)


def _events(item: visit_days.PointText | visit_days.RepeatText, known_event: Callable[[Scalar], None]) -> None:
    """The events that a day hangs on are there, and both ends of a range on the same."""
    for day in (item.day, item.last) if isinstance(item, visit_days.PointText) else (item.until, *item.without):
        if day is not None and day.hangs_on and day.hangs_on not in (LAST_DOSE, LAST_DOSE_OF_STUDY):
            known_event(Scalar(day.hangs_on, day.place))
    if isinstance(item, visit_days.PointText) and item.last is not None and item.last.hangs_on != item.day.hangs_on:
        hint = f"write for example `{item.day.hangs_on or item.last.hangs_on} to {item.day.hangs_on or item.last.hangs_on} + 4 days`"
        raise PhraseError("the two ends of a range are counted from different days", item.place, hint)


def to_cycle(mapping: VisitKeys) -> Cycle | None:
    """How the days of a visit come again."""
    if mapping.cycle is None:
        return None
    name = mapping.cycle_name.text if mapping.cycle_name is not None else ""
    return Cycle(mapping.cycle.step, mapping.cycle.count, mapping.counted_from, name, mapping.cycle.place)


def _in_cycle(mapping: VisitKeys, days: list[Point | Series], period: PeriodKeys, counts_from: CountsFrom, problems: Problems) -> None:
    """In a cycle there are single days and ranges, counted in days, which end before the next cycle begins."""
    if mapping.cycle is not None and (mapping.cycle.unread or mapping.cycle.on):
        _unread_cycle(mapping.cycle, days, period, counts_from, problems)
        return
    if mapping.cycle is None:
        if mapping.cycle_name is not None:
            hint = "add `cycle: every 21 days, 6 cycles`, or take the name out"
            problems.error("the name of a cycle, and there is none", mapping.key_place("cycle_name"), hint)
        return
    for item in days:
        last = item.last or item.code if isinstance(item, Point) else None
        if last is None:
            problems.error("a repeat inside a cycle", item.place, "name the days of one cycle: `at: D1, D8, D15, D22`")
        elif last.hangs_on:
            what = f"the {last.hangs_on}" if last.hangs_on in (LAST_DOSE, LAST_DOSE_OF_STUDY) else "an event"
            problems.error(f"a cycle cannot hang on {what}", item.place, "take the cycle out, or name the days of the period")
        elif last.offset.then or item_code(item).offset.then:
            hint = "name the day of the cycle; with `counted from: previous visit` it counts from the actual first visit of its cycle"
            problems.error("a day of a cycle is counted in days from its first day", item.place, hint)
        elif last.offset.months or item_code(item).offset.months:
            problems.error("a day of a cycle is counted in days from its first day", item.place, "write for example `D1` or `D15`")
        elif item_code(item).offset.days <= -mapping.cycle.step.range[0]:
            wrong = f"{item_code(item).label} lies before the first day of the cycle before"
            problems.error(wrong, item.place, f"a cycle is {mapping.cycle.step.in_words} long: put the day into a visit of its own")
        elif item_code(item).offset.days < 0 and mapping.counted_from:
            wrong = f"{item_code(item).label} comes before what it would count from, the first {mapping.counted_from} of its cycle"
            problems.error(wrong, item.place, "put the day into an entry of its own, with the same `cycle` and without `counted from`")
        elif last.offset.days >= mapping.cycle.step.range[0]:
            begins = f"the next cycle begins {mapping.cycle.step.in_words} after this one"
            problems.error(f"{last.label} is no day of the cycle: {begins}", item.place, "make the cycle longer, or the day earlier")
    if mapping.cycle.count is not None and not mapping.cycle.step.times(mapping.cycle.count).possible:
        problems.error("the cycles reach beyond 9998 years", mapping.cycle.place, "write fewer cycles")


def _unread_cycle(
    cycle: visit_days.CycleText, days: list[Point | Series], period: PeriodKeys, counts_from: CountsFrom, problems: Problems
) -> None:
    """Reports what stands in the place of a number of cycles, with what a file says."""
    every = f"every {cycle.step.in_words}"
    if cycle.on:
        so_many = f", {counted(cycle.count, 'cycle')}" if cycle.count is not None else ""
        hint = f"write `at: D{counts_from} to D{counts_from + cycle.on - 1}` and `cycle: {every}{so_many}`"
        problems.error(f"expected `every` and a length, found `{clip(cycle.unread)}`", cycle.place, hint)
        return
    hint = f"write the number of cycles behind a comma, as in `{every}, 6 cycles`, the first one counted; or `{every}` without an end"
    if re.search(r"\bend of\b", cycle.unread):
        hint = f"write `{every}` without an end"
        if isinstance(period.length, Offset):
            hint = how_many_fit(cycle.step, days, period.length) or "write how many cycles there are"
    elif match := re.search(r"\bexcept\s+C([0-9]{1,4})D([0-9]{1,4})$", cycle.unread):
        hint = f"a cycle takes no `except`: put the day D{match[2]} into an entry of its own, and name each day there"
        count = re.match(r",\s*([0-9]{1,4})\s+cycles?\b", cycle.unread)
        if count and not cycle.step.months:
            left = [f"D{int(match[2]) + n * cycle.step.days}" for n in range(int(count[1])) if n != int(match[1]) - 1]
            hint = (
                f"write `{every}, {count[1]} cycles` without the day D{match[2]}, and another entry for that: `at: {', '.join(left[:12])}`"
            )
    elif match := re.match(r"(?:,\s*)?(?:until|till|to|through)\s+(?:D([0-9]{1,6})$)?", cycle.unread):
        fit = cycles_that_fit(cycle.step, days, Offset(int(match[1]) - counts_from)) if match[1] else None
        hint = f"cycles do not end with a day or an event: write `{every}`, whose end is not stated, in a period without a `length`"
        hint = f"write `{every}, {counted(fit[0], 'cycle')}`" if fit else f"{hint}; what is recorded of a subject ends it"
    problems.error(f"expected the number of cycles, or the end, found `{clip(cycle.unread)}`", cycle.place, hint)


def item_code(item: Point | Series) -> Code:
    """The day of a point, or the one that a repeat goes on from."""
    return item.code if isinstance(item, Point) else item.base


def _base(item: visit_days.RepeatText, before: list[Point | Series]) -> Code:
    """The day that a repeat goes on from: the last one of what stands before it."""
    if not before:
        text = " ".join(item.place.document.text[item.place.start : item.place.end].split())
        rhythm = re.sub(rf"^(?:then\s+)?{EVERY}", f"every {item.step.in_words}", text)
        hint = f"begin with its first day: `D1, then {rhythm}`"
        raise PhraseError("a repeat goes on from a day, and none stands before it", item.place, hint)
    last = before[-1]
    if isinstance(last, Point):
        if last.code.hangs_on in (LAST_DOSE, LAST_DOSE_OF_STUDY):
            wrong = f"a repeat after a day that hangs on the {last.code.hangs_on}"
            raise PhraseError(wrong, item.place, f"name each day: `{_each_after(last.code, item)}`")
        if last.code.offset.then:
            hint = "name each day, or repeat from a day of the period with `counted from: previous visit`"
            raise PhraseError(f"a repeat after {last.code.label}, which counts from another visit", item.place, hint)
        if last.last is not None:
            hint = "repeat from a single day, in a visit of its own"
            raise PhraseError("a repeat after a range could go on from its first day or from its last", item.place, hint)
        return last.code
    if last.open_ended:
        wrong = "a repeat after one with an open end would never begin"
        raise PhraseError(wrong, item.place, "end the first one: `until` with its last day")
    return last.base.later(last.step, last.count or 0)


def _each_after(first: Code, item: visit_days.RepeatText) -> str:
    """The days of a repeat that hangs on the last dose, each by its own name; the first few of many."""
    times = min(item.count or 2, 12)
    after = [first.offset + item.step.times(n) for n in range(times + 1)]
    if any(offset.days and offset.months for offset in after):
        return f"{first.hangs_on} + 1 month, {first.hangs_on} + 2 months"

    def said(offset: Offset) -> str:
        length = offset.in_words if offset.months or "week" in item.step.in_words else counted(offset.days, "day")
        return f"{first.hangs_on} + {length}" if offset != Offset() else first.hangs_on

    return ", ".join(map(said, after))


def _windows_of_all_or_none(items: list[visit_days.PointText | visit_days.RepeatText], mapping: VisitKeys, problems: Problems) -> None:
    own = [item for item in items if item.window is not None]
    if own and mapping.has("window"):
        wrong = "the window is given twice, behind a day and as `window`"
        problems.error(wrong, own[0].place, "keep one of them", [("the other one", mapping.place("window"))])
    elif own and len(own) < len(items):
        bare = next(item for item in items if item.window is None)
        wrong = "some days in this list have a window and some have none, so it could be meant for all of them"
        problems.error(wrong, bare.place, _two_entries(items, mapping), [("this one has a window", own[0].place)])


def _two_entries(items: list[visit_days.PointText | visit_days.RepeatText], mapping: VisitKeys) -> str:
    """How days with and without a window are told apart: a hint. Which window a day without one has is not for us to say."""
    whole = "where the window holds for all of them, write it once as `window:`; else write two entries"
    lists: dict[bool, list[str]] = {False: [], True: []}
    for before, item in zip([None, *items], items, strict=False):
        mine = lists[item.window is not None]
        if isinstance(item, visit_days.RepeatText) and before is not None and (before.window is None) != (item.window is None):
            begins = None if mapping.counted_from else _first_of(item, before)
            if begins is None:
                return whole
            mine += begins
        else:
            mine.append(_as_written(item.place))
    return f"{whole}: " + " and ".join(f"`at: {', '.join(texts)}`" for texts in lists.values())


def _as_written(place: Place) -> str:
    return " ".join(place.document.text[place.start : place.end].split())


def _first_of(item: visit_days.RepeatText, before: visit_days.PointText | visit_days.RepeatText) -> list[str] | None:
    """A repeat that goes on from another entry's day, as texts of its own: its first day, and what is left of it; None where that day has
    no short name."""
    if not isinstance(before, visit_days.PointText) or item.step.months or before.last is not None or before.day.hangs_on:
        return None
    first = before.day.later(item.step.days)
    text = _as_written(item.place)
    if first is None or item.count == 1:
        return None
    if item.count is not None:
        text = re.sub(r"[0-9]+(\s+more)", rf"{item.count - 1}\1", text)
    window = f" {item.window.text}" if item.window is not None else ""
    return [first + window, text]


def _point(item: visit_days.PointText, mapping: VisitKeys, counts_from: CountsFrom) -> Point:
    code = item.day.resolve(counts_from)
    last = item.last.resolve(counts_from) if item.last else None
    if last is not None and (last.offset.then or code.offset.then) and _on(last) != _on(code):
        wrong = "the two ends of a range are counted from different days"
        raise PhraseError(wrong, item.place, f"count both from one: `{_from_one(code, last)}`")
    if last is not None and not _never_before(last.offset, code.offset):
        always = last.offset.range[1] < code.offset.range[0]
        message = f"the range ends on {last.label}, before it begins on {code.label}"
        hint = f"write `{last.label} to {code.label}`"
        if not always:
            message = f"the range can end on {last.label} before it begins on {code.label}: that depends on the first date"
            hint = "count both ends in days, or both in months"
        raise PhraseError(message, item.place, hint)
    window = item.window or mapping.window
    if last is not None and isinstance(window, Window) and window.after is None:
        hint = f"write `{_as_written(item.day.place)} or later`, or leave the window out"
        raise PhraseError("a range of days whose window has no end", window.place or item.place, hint)
    return Point(code, last, window, item.place)


def _on(code: Code) -> Offset:
    """The day of the visit from whose actual day a day counts."""
    return Offset(code.offset.days, code.offset.months)


def _from_one(first: Code, last: Code) -> str:
    """A range of which both ends count from one visit."""
    on = (
        Code(first.style, _on(first), first.counts_from).label if first.offset.then else Code(last.style, _on(last), last.counts_from).label
    )
    return f"{on} + 14 days to {on} + 20 days"


def _never_before(last: Offset, first: Offset) -> bool:
    return last >= first if last.months == first.months else last.range[0] >= first.range[1]


def _series(item: visit_days.RepeatText, base: Code, mapping: VisitKeys, period: PeriodKeys, counts_from: CountsFrom) -> Series:
    if item.step.months and base.offset.then:
        hint = "count both in days, or name the day from which it goes on in an entry of its own"
        raise PhraseError(f"a repeat by months after {base.label}, which is counted in days behind months", item.place, hint)
    if item.step.days and base.offset.months and mapping.counted_from:
        wrong = f"a repeat by days after {base.label}, which is counted in months, from the previous dose"
        raise PhraseError(wrong, item.place, "count both in days, or take `counted from` out")
    if not base.later(item.step, item.count or 1).offset.possible:
        raise PhraseError("the repeat reaches beyond 9998 years", item.place, "end it earlier")
    until = item.until.resolve(counts_from) if item.until else _end_of(period, base, item, counts_from) if item.to_the_end else None
    count = _times_until(base, item, until) if until is not None else item.count
    said = f"the end of the period, {until.label}" if item.to_the_end and until is not None else until.label if until is not None else ""
    series = Series(base, item.step, count, said, (), item.window or mapping.window, mapping.counted_from, item.place)
    return replace(series, without=_without(item, series, counts_from))


def _end_of(period: PeriodKeys, base: Code, item: visit_days.RepeatText, counts_from: CountsFrom) -> Code:
    """The last day of a period, where its length states one."""
    if base.hangs_on:
        raise PhraseError(f"whether the end of the period comes after {base.label} is not known", item.place, "write `, 5 more times`")
    if not isinstance(period.length, Offset):
        hint = "write `length: 52 weeks` into the period, or name the last day: `until D337`"
        raise PhraseError("until the end of the period, whose length is not stated", item.place, hint)
    if period.counted_from:
        wrong = "until the end of the period, whose days are counted from the first day of the study and its length from the entry"
        raise PhraseError(wrong, item.place, "name the last day: `until D337`")
    return Code(base.style, Offset(period.length.days, period.length.months), counts_from)


def _times_until(base: Code, item: visit_days.RepeatText, until: Code) -> int:
    """How many repeats there are up to a day, which belongs to them. Raises PhraseError where that hangs on the first date, and where the
    day is the end of the period: whether its end visit belongs to a repeat nobody can tell."""
    if until.hangs_on != base.hangs_on:
        hint = (
            f"write for example `until {base.hangs_on} + 24 weeks`"
            if base.hangs_on
            else "name the last day of the period, or `, 5 more times`"
        )
        raise PhraseError(f"a repeat after {base.label} ends with a day that is counted from another one", item.place, hint)
    if item.until is not None and item.until.moved:
        raise PhraseError(f"{until.label} hangs on another visit's actual day", item.place, "end the repeat with a day of the period")
    if base.offset.before(until.offset)[0] < 0:
        raise PhraseError(f"the repeat ends on {until.label}, before it begins on {base.label}", item.place, "name a later day")

    def left(times: int) -> tuple[int, int]:
        return base.later(item.step, times).offset.before(until.offset)

    times = max(0, int((until.offset.nominal - base.offset.nominal) / item.step.nominal) - 2)
    while left(times + 1)[0] >= 0:
        times += 1
    if left(times + 1)[1] >= 0:
        ways = f"write `, {counted(times + 1, 'more time')}`" + (f" or `, {counted(times, 'more time')}`" if times else "")
        raise PhraseError(f"whether the repeat reaches {until.label} depends on the first date", item.place, ways)
    last = base.later(item.step, times)
    if item.to_the_end and left(times) == (0, 0):
        wrong = f"does {until.label}, the end of the period, belong to the repeat? Its end visit is on that day"
        ways = f"write `until {_typed(until, base)}`, which includes it" + (
            f", or `until {_typed(base.later(item.step, times - 1), base)}`" if times > 1 else ""
        )
        raise PhraseError(wrong, item.place, ways)
    if not times:
        wrong = f"no repeat falls between {base.label} and {until.label}: the first would be {last.later(item.step, 1).label}"
        raise PhraseError(wrong, item.place, "name a later day, or leave the repeat out")
    return times


def _typed(code: Code, base: Code) -> str:
    """A day as a file says it."""
    months = f" + {Offset(0, code.offset.months).in_words}" if code.offset.months else ""
    return f"{Code(base.style, Offset(code.offset.days), code.counts_from).label}{months}"


def _without(item: visit_days.RepeatText, series: Series, counts_from: CountsFrom) -> tuple[Code, ...]:
    """The days that a repeat excepts: each is one of its days."""
    if item.without and item.count is not None:
        last, more = series.base.later(series.step, item.count), counted(item.count, "more time")
        hint = f"write `until {_typed(last, series.base)}` in place of `, {more}`"
        raise PhraseError(f"whether `{more}` counts the days that are excepted is not said", item.place, hint)
    found: dict[Offset, Code] = {}
    for text in item.without:
        code = text.resolve(counts_from)
        times = round((code.offset.nominal - series.base.offset.nominal) / series.step.nominal)
        of_repeat = 1 <= times <= (series.count or times) and series.base.later(series.step, times).offset == code.offset
        if not of_repeat or code.hangs_on != series.base.hangs_on:
            days = [series.base.later(series.step, n).label for n in range(1, min(series.count or 3, 3) + 1)]
            more = "" if series.count is not None and series.count <= 3 else " and so on"
            raise PhraseError(f"{code.label} is no day of the repeat", text.place, f"its days are {', '.join(days)}{more}")
        if code.offset in found:
            raise PhraseError(f"{code.label} is excepted twice", text.place, "take one out")
        found[code.offset] = code
    if series.count is not None and len(found) == series.count:
        raise PhraseError("every day of the repeat is excepted", item.place, "leave the repeat out")
    return tuple(found.values())
