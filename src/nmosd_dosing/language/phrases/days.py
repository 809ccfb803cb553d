"""The days of a study file, as it says them. (Lengths and windows are in `lengths`, doses in `doses`, ends of spans and triggers
in `moments`.)

Each function reads one scalar into a value that still holds its places, knowing nothing of the rest of the file; `study_file`
says what it means there (whether days count from 0, which products exist). A text that cannot be read raises PhraseError at the
word where the reading stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from nmosd_dosing.days import Code, CountsFrom, Offset, Style
from nmosd_dosing.errors import Place, Problem, clip, counted
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.lengths import (
    DAYS,
    LENGTH,
    NOT_STATED_TEXT,
    WINDOW,
    Meant,
    Scanner,
    take_length,
    take_window,
    to_number,
    unit,
)
from nmosd_dosing.language.shapes import PartlyRead, PhraseError
from nmosd_dosing.study.facts import NOT_STATED, NotStated
from nmosd_dosing.study.visit_rules import Window

_PLUS = r"\s*\+\s*[0-9]+\s*(?:months?|mo|years?|y)\b"
CODE = r"(?:W[0-9]+D[0-9]+\b|D-?[0-9]+\b|(?:week|month|year)\s+[0-9]+\b)"
_EVENT_DAY = rf"[a-z][a-z0-9_]*(?:\s*\+\s*{DAYS})?"
_REPEAT = rf"(?:then\s+)?every\s+{LENGTH}(?:\s*,?\s*[0-9]+\s+more\s+times?\b|\s+until\s+{CODE}(?:{_PLUS})?)?(?:\s*{WINDOW})?"
_DAY = rf"(?:{CODE}(?:{_PLUS})?|{_EVENT_DAY})"
_ITEM = rf"(?:{_DAY}(?:\s+to\s+{_DAY})?(?:\s*{WINDOW})?|{_REPEAT})"

AT_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|{_ITEM}(?:\s*,\s*{_ITEM})*)\s*$"
CYCLE_PATTERN = rf"^\s*every\s+{LENGTH}(?:\s*,\s*[0-9]+\s+cycles?)?\s*$"

_STYLES: dict[str, Style] = {"W": "W", "D": "D", "week": "week", "month": "month", "year": "year"}


@dataclass(frozen=True, slots=True)
class DayText:
    """A day as a file says it; of an event's, `event` is its name. `otherwise`: how it was written, where no file says it so."""

    style: Style
    number: int
    day: int
    plus: Offset
    place: Place
    text: str
    event: str = ""
    otherwise: str = ""

    def resolve(self, counts_from: CountsFrom) -> Code:
        """The day it means where days count so; PhraseError where it means none, or could mean two, or is written otherwise: then
        the hint is what holds in this file."""
        if self.otherwise:
            hint: str | None = f"write `{self.text}`"
            try:
                replace(self, otherwise="").resolve(counts_from)
            except PhraseError as error:
                hint = error.problem.hint
            raise PhraseError(f"expected a day, found `{clip(self.otherwise)}`", self.place, hint)
        if self.event:
            return Code(self.style, self.plus, counts_from, event=self.event)
        offset = self._offset(counts_from) + self.plus
        if not offset.possible:
            raise PhraseError(f"`{clip(self.text)}` lies more than 9998 years from the first day", self.place)
        return Code(self.style, offset, counts_from)

    def _offset(self, counts_from: CountsFrom) -> Offset:
        n = self.number
        if self.style == "D":
            if n == 0 and counts_from == 1:
                hint = "the first dose is `D1`, the day before it `D-1`; write `days: from 0` where the record counts a day 0"
                raise PhraseError("there is no day 0 where days count from 1", self.place, hint)
            return Offset(n - counts_from if n > 0 else n)
        if self.style == "W":
            if counts_from == 0:
                ways = f"write `D{7 * (n - 1) + self.day - 1}`" if n and self.day else "write `D0`"
                raise PhraseError(f"week codes such as `{self.text}` count from 1, but this file says `days: from 0`", self.place, ways)
            if n == 0:
                raise PhraseError("weeks count from 1", self.place, f"write `W1D{self.day or 1}`")
            if not 1 <= self.day <= 7:
                hint = f"write `W{n + (self.day - 1) // 7}D{(self.day - 1) % 7 + 1}`" if self.day else f"write `W{n}D1`"
                raise PhraseError(f"a week has days 1 to 7, not {self.day}", self.place, hint)
            return Offset(7 * (n - 1) + self.day - 1)
        if counts_from == 1:
            elapsed, numbered = self._ways(n), self._ways(max(n - 1, 0))
            hint = (
                f"write `{elapsed}` for {counted(n, self.style)} elapsed, `{numbered}` for the start of number {n}" if n else "write `D1`"
            )
            raise PhraseError(
                f"`{self.text}` is ambiguous where days count from 1: {counted(n, self.style)} elapsed, or {self.style} number {n}",
                self.place,
                hint,
            )
        return {"week": Offset(7 * n), "month": Offset(0, n), "year": Offset(0, 12 * n)}[self.style]

    def _ways(self, n: int) -> str:
        """So many weeks, months or years elapsed, as a file says it where days count from 1."""
        if self.style == "week":
            return f"W{n + 1}D1"
        return f"D1 + {counted(n, self.style)}" if n else "D1"

    def later(self, days: int) -> str | None:
        """The day so many days later, as a file says it; None where it has no short name."""
        if self.plus.months or self.number < 1:
            return None
        if self.style == "D":
            return f"D{self.number + days}"
        if self.style == "W":
            week, day = divmod(7 * (self.number - 1) + self.day - 1 + days, 7)
            return f"W{week + 1}D{day + 1}"
        return f"week {self.number + days // 7}" if self.style == "week" and days % 7 == 0 else None


_STRICT = r"(?P<W>W)([0-9]+)D(?P<day>[0-9]+)\b|(?P<D>D)(-?[0-9]+)\b|(?P<word>week|month|year)\s+([0-9]+)\b"
_LOOSE = (  # how else days are written, and what a file says
    (r"(?i)w(?:ee)?k?\s*([0-9]+)[\s,]*d(?:ay)?\s*([0-9]+)\b", r"W\1D\2"),
    (r"(?i)d(?:ay)?\s*(-?[0-9]+)\b", r"D\1"),
    (r"(?i)w(?:ee)?k?s?\s*([0-9]+)\b", r"week \1"),
    (r"(?i)m(?:onth)?s?\s*([0-9]+)\b", r"month \1"),
    (r"(?i)y(?:ear)?s?\s*([0-9]+)\b", r"year \1"),
)


def take_day(scan: Scanner, plus: bool = True) -> DayText:
    """A day; one that is written otherwise is taken too, and refused once it is known how the file counts."""
    start = scan.skip()
    day = _day(scan, start) or _written_otherwise(scan, start)
    if day is None:
        if plus and (event := scan.take(_EVENT)):
            return _event_day(scan, event[1], start)
        scan.expected("a day", _day_hint(scan.next_words()[0]))
    if not plus:
        return day
    if scan.take(rf"(?={_PLUS})"):
        begin = scan.at
        scan.take(r"\+")
        extra = take_length(scan)
        day = replace(day, plus=extra, place=scan.since(start), text=day.text + scan.text[begin : scan.at])
    if more := scan.take(r"\+\s+([0-9]+)\s*(days?|d|weeks?|w)\b"):
        later = day.later(unit(more[2]).days * to_number(more[1], scan.since(start)))
        hint = f"write `{later}`" if later else "name the day itself; days are added to a day only in spans"
        raise PhraseError(f"`{scan.text[start : scan.at]}` adds days to a day", scan.since(start), hint)
    return day


def _day_hint(found: str) -> str:
    if re.match(r"(?i)c(?:ycle)?\s*[0-9]+\s*,?\s*d(?:ay)?\s*[0-9]+", found) or re.search(r"(?i)\bcycles?\b", found):
        return "days of a cycle stand in an entry with `cycle`: `at: D1, D8` and `cycle: every 21 days, 6 cycles`"
    if found.lower() == NOT_STATED_TEXT:
        return f"write `{NOT_STATED_TEXT}`"
    if re.fullmatch(r"[A-Z][a-z]+(?: [a-z]+)*", found):
        return f"name the day, such as `D1`, and what it is called beside it: `name: {found}`"
    return "write a day such as `D182`, `W25D1`, `D1 + 6 months`, or `week 48` where days count from 0"


def _day(scan: Scanner, start: int) -> DayText | None:
    if not (match := scan.take(_STRICT)):
        return None
    digits, place = match[2] or match[5] or match[7], scan.since(start)
    number = to_number(digits.lstrip("-"), place) * (-1 if digits.startswith("-") else 1)
    style = _STYLES[match["W"] or match["D"] or match["word"]]
    return DayText(style, number, to_number(match["day"] or "0", place), Offset(), place, scan.text[start : scan.at])


def _written_otherwise(scan: Scanner, start: int) -> DayText | None:
    """`Week 4`, `Day 15`, `wk 3 d 2`; and a bare number after `week 0,` or `D1,`, which means as the day before it."""
    weeks = re.findall(r"(?i)\b(week|month|year)s?\s+[0-9]+\s*,", scan.text[:start])
    bare = (r"(-?[0-9]+)(?=\s*(?:,|$))", rf"{weeks[-1].lower()} \1" if weeks else r"D\1")
    for pattern, form in (*_LOOSE, bare):
        if match := scan.take(pattern):
            inner = Scanner(Scalar(match.expand(form), scan.since(start)))
            day = _day(inner, 0)
            return replace(day, otherwise=match[0].strip()) if day is not None and inner.done else None
    return None


# A word that nothing else begins with, on its own or with days behind it.
_RESERVED = "every|then|to|until|each|from|first|last|not|week|month|year|day|daily|weekly|monthly"
_EVENT = rf"(?!(?:{_RESERVED})\b)([a-z][a-z0-9_]*)(?=\s*(?:$|,|\+|±|-|to\b))"


def _event_day(scan: Scanner, event: str, start: int) -> DayText:
    """`relapse + 5 days`: the plus moves the day; a window behind it has two sides."""
    plus = Offset()
    while scan.take(r"\+(?!/)"):
        plus = plus + take_length(scan)
    text = scan.text[start : scan.at]
    if plus.months:
        weeks = counted(round(plus.months * 52 / 12 + plus.days / 7), "week")
        hint = f"after an event write days or weeks, as the protocol has them: for example `{event} + {weeks}`"
        raise PhraseError(f"`{clip(text)}` counts months after an event", scan.since(start), hint)
    if text.count("+") > 1:
        raise PhraseError(f"`{clip(text)}` adds twice", scan.since(start), f"write `{event} + {counted(plus.days, 'day')}`")
    return DayText("event", 0, 0, Offset(plus.days), scan.since(start), text, event)


@dataclass(frozen=True, slots=True)
class PointText:
    day: DayText
    last: DayText | None
    window: Window | None
    place: Place


@dataclass(frozen=True, slots=True)
class RepeatText:
    step: Offset
    until: DayText | None
    count: int | None
    window: Window | None
    place: Place


@dataclass(frozen=True, slots=True)
class Unread:
    """Something in a list of days that could not be read, and has been reported."""


AtText = tuple["PointText | RepeatText | Unread", ...]


def at(node: Scalar) -> AtText | NotStated:
    """`D1, W25D1 ±3d, D-28 to D-1, then every 28 days until week 48`; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    items: list[PointText | RepeatText | Unread] = []
    problems: list[Problem] = []
    while not items or not scan.done:
        try:
            if items and not scan.take(","):
                scan.expected("a comma or the end", _after_item_hint(scan.next_words()[0], items[-1]))
            items.append(_item(scan, problems))
        except PhraseError as error:
            problems.append(error.problem)
            items.append(Unread())
            scan.take(r"[^,，、]*(?:,\s*[0-9]+(?:\s+more)?\s+times?\b[^,，、]*)?[，、]*")  # go on behind the next comma
    if problems:
        raise PartlyRead(tuple(items), problems)
    return tuple(items)


def _after_item_hint(found: str, before: PointText | RepeatText | Unread) -> str:
    """What could be meant by words that stand behind a day or a repeat."""
    if found[:1] in "，、；;":
        return "put a plain comma `,` between two days"
    if match := re.match(r"(?i)d(?:ay)?\s*([0-9]+)", found):
        if isinstance(before, PointText) and before.day.style == "week":
            return f"write `W{before.day.number}D{match[1]}` for a week code, or put a comma between two days"
        return "put a comma between two days"
    if re.match(r"until\b|[0-9]+ more", found):
        return "put the window behind the end of the repeat: `every 2 weeks until week 52 ±2d`"
    if match := re.match(r"(?:then\s+)?(every\b.*?)(?:\s*(?:x|×)\s*([0-9]+))?$", found):
        if not isinstance(before, PointText):
            return "put a comma before the repeat: `D1, then every 28 days until D336`"
        whole = f"{before.day.text}, then {match[1]}"
        if match[2] is None:
            return f"put a comma before the repeat: `{whole}`"
        times = int(match[2][:6])
        return (
            f"write `{whole}, {times} more times` for {times} after the first, `{whole}, {max(times - 1, 0)} more times` for {times} in all"
        )
    repeat = isinstance(before, RepeatText) and before.until is None and before.count is None
    if repeat and (match := re.match(r"(?:x|×)\s*([0-9]+)$", found)):
        return _more_times(int(match[1][:6]))
    if repeat and (match := re.match(r"(?:to|through|thru|till|til|up to)\s+(\S.*)", found)):
        return f"write `until {match[1]}`, which includes that day"
    if re.match(r"for\b|x\b|×", found):
        return "end a repeat with `until` and its last day, or with `4 more times`"
    if (match := re.fullmatch(r"[-–—]\s*(D-?[0-9]+|W[0-9]+D[1-7])", found)) and isinstance(before, PointText):
        return f"write `{before.day.text} to {match[1]}` for a range, or put a comma between two days"
    if re.match(r"[-–—]\s*[DWw]", found):
        return "write a range as `D1 to D14`, or put a comma between two days"
    if match := re.match(r"\+\s*([0-9]+)\s*m\b", found):
        return f"`m` could be minutes or months: write `+ {match[1]} months`"
    if (match := re.match(r"\(?\s*(?:±|\+/-|\+-)\s*([0-9]+)\s*(?:d|days?)?\s*\)?$", found)) and isinstance(before, PointText):
        return f"write the window in days: `{before.day.text} ±{match[1]}d`"
    if re.match(r"[±+-]", found):
        return "write a window in days or weeks: `±3d`, `-3d/+7d`, `+5d`"
    return "put a comma between two days; a day may have a window such as `±3d` behind it"


def _more_times(times: int) -> str:
    return f"write `, {times} more times` for {times} after the first, `, {max(times - 1, 0)} more times` for {times} in all"


def _item(scan: Scanner, problems: list[Problem]) -> PointText | RepeatText:
    start = scan.skip()
    if scan.take(r"(?:then\s+)?every\b"):
        begin = scan.skip()
        try:
            step = take_length(scan, "a length such as `28 days`")
        except Meant as error:
            problems.append(error.problem)
            step = error.length
        if step == Offset():
            raise PhraseError("a repeat every 0 days never ends", scan.since(begin), "write `every 1 day` or more")
        return _repeat(scan, start, step)
    scan.take(r"then\b")
    begin = scan.skip()
    if said := _how_often(scan):
        length = take_length(Scanner(Scalar(said, scan.since(begin))))
        found = f"expected a day or a repeat, found `{clip(scan.text[begin : scan.at])}`"
        problems.append(Problem(found, scan.since(begin), f"write `every {said}`"))
        return _repeat(scan, start, length)
    if begin > start:
        scan.expected("`every` after `then`", "write for example `then every 28 days until D336`")
    day = take_day(scan)
    last = take_day(scan) if scan.take(r"to\b") else None
    return PointText(day, last, take_window(scan), scan.since(start))


_OFTEN = {
    "daily": "1 day", "qd": "1 day", "qod": "2 days", "weekly": "1 week", "fortnightly": "2 weeks", "biweekly": "2 weeks",
    "monthly": "1 month", "quarterly": "3 months", "yearly": "1 year", "annually": "1 year",
}  # fmt: skip


def _how_often(scan: Scanner) -> str | None:
    """`Q4W`, `weekly`: the length that a repeat says in its place."""
    if match := scan.take(r"(?i)q\s?([0-9]+)\s?([dwmy])\b"):
        return counted(
            to_number(match[1], scan.since(match.start())), {"d": "day", "w": "week", "m": "month", "y": "year"}[match[2].lower()]
        )
    match = scan.take(rf"(?i)({'|'.join(_OFTEN)})\b")
    return _OFTEN[match[1].lower()] if match else None


def _repeat(scan: Scanner, start: int, step: Offset) -> RepeatText:
    until, count = None, None
    begin = scan.skip()
    if scan.take(r"until\b"):
        until = take_day(scan)
    elif match := scan.take(r",?\s*([0-9]+)(\s+more)?\s+times?\b"):
        count = to_number(match[1], scan.since(begin))
        if not match[2]:
            raise PhraseError(
                f"`{match[1]} times` could or could not count the first one",
                scan.since(begin),
                f"write `{count} more times` for {count} after it, `{max(count - 1, 0)} more times` for {count} in all",
            )
        if count == 0:
            raise PhraseError("`0 more times` repeats nothing", scan.since(begin), "leave the repeat out")
    return RepeatText(step, until, count, take_window(scan), scan.since(start))


@dataclass(frozen=True, slots=True)
class CycleText:
    step: Offset
    count: int | None
    place: Place


def cycle(node: Scalar) -> CycleText:
    """`every 50 days, 5 cycles`; without an end: `every 50 days`."""
    scan = Scanner(node)
    if not scan.take(r"every\b"):
        scan.expected("`every` and a length", "write for example `every 50 days, 5 cycles`, or `every 50 days` without an end")
    begin = scan.skip()
    step = take_length(scan, "a length such as `50 days`")
    if step == Offset():
        raise PhraseError("a cycle of 0 days never ends", scan.since(begin), "write `every 1 day` or more")
    count = None
    if not scan.done:
        begin = scan.skip()
        match = scan.take(r",\s*([0-9]+)\s+cycles?\b")
        if not match or not scan.done:
            again = re.match(r",?\s*([0-9]+)(\s+more)?\s+times?\b", scan.text[begin:])
            number = int(again[1][:6]) + (1 if again[2] else 0) if again else 5
            scan.at = begin
            scan.expected("the number of cycles, or the end", f"write `every {step.in_words}, {number} cycles`, the first one counted")
        count = to_number(match[1], scan.since(begin))
        if count == 0:
            raise PhraseError("`0 cycles` is nothing", scan.since(begin), "write 1 or more")
    return CycleText(step, count, node.place)
