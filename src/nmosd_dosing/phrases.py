"""The short texts of the study language: days, windows, lengths. (Doses are in `dose_phrases`, ends of spans and triggers in
`span_phrases`.)

Each function reads one scalar into a value that still holds its places, knowing nothing of the rest of the file; `dsl` says
what it means there (whether days count from 0, which products exist). A text that cannot be read raises PhraseError at the
word where the reading stopped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

from nmosd_dosing.days import Code, CountsFrom, Offset, Style
from nmosd_dosing.errors import Place, Problem, clip, did_you_mean
from nmosd_dosing.fields import PartlyRead, PhraseError
from nmosd_dosing.model import NOT_STATED, NotStated, Window
from nmosd_dosing.source import Scalar

NOT_STATED_TEXT = "not stated"

# The pieces of the grammar; the patterns that editors check are put together from the same ones.
_UNIT = r"(?:days?|d|weeks?|w|months?|mo|years?|y)\b"
LENGTH = rf"[0-9]+\s*{_UNIT}"
_PLUS = r"\s*\+\s*[0-9]+\s*(?:months?|mo|years?|y)\b"
CODE = r"(?:W[0-9]+D[0-9]+\b|D-?[0-9]+\b|(?:week|month|year)\s+[0-9]+\b)"
_DAYS = r"[0-9]+\s*(?:days?|d|weeks?|w)\b"
_WINDOW = rf"(?:(?:±|\+/-)\s*{_DAYS}|\+{_DAYS}\s*/\s*-{_DAYS}|-{_DAYS}\s*/\s*\+{_DAYS}|[+-]{_DAYS})"
_REPEAT = rf"(?:then\s+)?every\s+{LENGTH}(?:\s*,?\s*[0-9]+\s+more\s+times?\b|\s+until\s+{CODE}(?:{_PLUS})?)?(?:\s*{_WINDOW})?"
_ITEM = rf"(?:{CODE}(?:{_PLUS})?(?:\s+to\s+{CODE}(?:{_PLUS})?)?(?:\s*{_WINDOW})?|{_REPEAT})"

AT_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|{_ITEM}(?:\s*,\s*{_ITEM})*)\s*$"
WINDOW_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|{_WINDOW}|{_DAYS})\s*$"
LENGTH_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|{LENGTH})\s*$"

_STYLES: dict[str, Style] = {"W": "W", "D": "D", "week": "week", "month": "month", "year": "year"}
_UNIT_WORDS = {"d": "day", "w": "week", "mo": "month", "y": "year"}
_UNIT_OFFSETS = {"d": Offset(1), "w": Offset(7), "mo": Offset(0, 1), "y": Offset(0, 12)}


class Scanner:
    """Reads a scalar from left to right and keeps the place."""

    def __init__(self, node: Scalar) -> None:
        self.node = node
        self.text = node.text
        self.at = 0

    def take(self, pattern: str) -> re.Match[str] | None:
        """What matches here, after white space; None, and nothing is taken, where it does not."""
        before = self.at
        match = re.compile(pattern).match(self.text, self.skip())
        self.at = match.end() if match else before
        return match

    def skip(self) -> int:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return self.at

    @property
    def done(self) -> bool:
        return self.skip() >= len(self.text)

    def since(self, start: int) -> Place:
        return self.node.part(start, self.at)

    def next_words(self) -> tuple[str, Place]:
        """What stands here up to the next comma, for a message."""
        start = self.skip()
        if start >= len(self.text):
            return "", self.node.part(max(0, len(self.text) - 1), len(self.text))
        match = re.compile(r"[^,\s][^,]*").match(self.text, start)
        end = len(match[0].rstrip()) + start if match else start + 1
        return self.text[start:end], self.node.part(start, end)

    def expected(self, what: str, hint: str | None = None) -> NoReturn:
        found, place = self.next_words()
        raise PhraseError(f"expected {what}, found {f'`{clip(found)}`' if found else 'the end of the text'}", place, hint)


# --- lengths and days --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DayText:
    """A day as it was written."""

    style: Style
    number: int
    day: int
    plus: Offset
    place: Place
    text: str

    def resolve(self, counts_from: CountsFrom) -> Code:
        """The day it means where days count so; PhraseError where it means none, or could mean two."""
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
                f"write `{elapsed}` for {_counted(n, self.style)} elapsed, `{numbered}` for the start of number {n}" if n else "write `D1`"
            )
            raise PhraseError(
                f"`{self.text}` is ambiguous where days count from 1: {_counted(n, self.style)} elapsed, or {self.style} number {n}",
                self.place,
                hint,
            )
        return {"week": Offset(7 * n), "month": Offset(0, n), "year": Offset(0, 12 * n)}[self.style]

    def _ways(self, n: int) -> str:
        """So many weeks, months or years elapsed, as a file says it where days count from 1."""
        if self.style == "week":
            return f"W{n + 1}D1"
        return f"D1 + {_counted(n, self.style)}" if n else "D1"

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


def _counted(n: int, unit: str) -> str:
    return f"{n} {unit}{'' if n == 1 else 's'}"


def _unit_key(word: str) -> str:
    return "mo" if word.startswith("mo") else word[0]


def _unit(word: str) -> Offset:
    return _UNIT_OFFSETS[_unit_key(word)]


def take_length(scan: Scanner, what: str = "a length such as `52 weeks`") -> Offset:
    start = scan.skip()
    number = scan.take(r"([0-9]+)")
    if not number:
        words, place = scan.next_words()
        if re.match(r"(?:a|one|two|three|four|six|twelve|each)\b", words):
            raise PhraseError(f"expected {what}, found `{clip(words)}`", place, "write the number in figures")
        if re.match(r"(?:day|week|month|year)\b", words):
            raise PhraseError(f"expected {what}, found `{clip(words)}`", place, f"write `1 {words.split()[0]}`")
        scan.expected(what)
    unit = scan.take(rf"({_UNIT})")
    if not unit:
        found, place = scan.next_words()
        if re.match(r"m\b", found):
            raise PhraseError("`m` could be minutes or months", place, f"write `{number[1]} months`")
        hint = f"write `{number[1]} days`, `weeks`, `months` or `years`"
        if not found:
            raise PhraseError(f"`{number[1]}` has no unit", scan.since(start), hint)
        scan.expected("a unit of time", did_you_mean(found.split()[0], ["days", "weeks", "months", "years"]) or hint)
    n = to_number(number[1], scan.since(start))
    length = _unit(unit[1]).times(n)
    if not length.possible:
        raise PhraseError(f"`{clip(scan.text[start : scan.at])}` is longer than 9998 years", scan.since(start))
    return Offset(length.days, length.months, _counted(n, _UNIT_WORDS[_unit_key(unit[1])]))


def to_number(digits: str, place: Place) -> int:
    if len(digits) > 12:
        raise PhraseError(f"`{clip(digits, 20)}` is too large a number", place)
    return int(digits)


def take_day(scan: Scanner, plus: bool = True) -> DayText:
    start = scan.skip()
    match = scan.take(r"(?P<W>W)([0-9]+)D(?P<day>[0-9]+)\b|(?P<D>D)(-?[0-9]+)\b|(?P<word>week|month|year)\s+([0-9]+)\b")
    if not match:
        found, _ = scan.next_words()
        scan.expected("a day", _day_hint(found, _bare(scan.text[:start])))
    style = _STYLES[match["W"] or match["D"] or match["word"]]
    digits = match[2] or match[5] or match[7]
    number = to_number(digits.lstrip("-"), scan.since(start)) * (-1 if digits.startswith("-") else 1)
    week_day = to_number(match["day"] or "0", scan.since(start))
    day = DayText(style, number, week_day, Offset(), scan.since(start), scan.text[start : scan.at])
    if not plus:
        return day
    if scan.take(rf"(?={_PLUS})"):
        scan.take(r"\+")
        extra = take_length(scan)
        day = DayText(style, number, week_day, extra, scan.since(start), scan.text[start : scan.at])
    if more := scan.take(r"\+\s+([0-9]+)\s*(days?|d|weeks?|w)\b"):
        later = day.later(_unit(more[2]).days * to_number(more[1], scan.since(start)))
        hint = f"write `{later}`" if later else "name the day itself; days are added to a day only in spans"
        raise PhraseError(f"`{scan.text[start : scan.at]}` adds days to a day", scan.since(start), hint)
    return day


def _bare(before: str) -> str:
    """What a bare number after `week 0,` or `D1,` means: as the day before it."""
    words = re.findall(r"\b(week|month|year)s?\s+[0-9]+\s*,", before)
    return f"{words[-1]} " if words else "D"


def _day_hint(found: str, bare: str = "D") -> str:
    """What could be meant by a word that is not a day; `bare` stands before a bare number."""
    for pattern, form in (
        (r"(?i)w(?:eek)?\s*([0-9]+)[\s,]*d(?:ay)?\s*([0-9]+)", r"W\1D\2"),
        (r"(?i)d(?:ay)?\s*(-?[0-9]+)\b", r"D\1"),
        (r"(-?[0-9]+)$", rf"{bare}\1"),
        (r"W([0-9]+)$", r"W\1D1"),
        (r"(?i)w(?:eek)?s?\s*([0-9]+)\b", r"week \1"),
        (r"(?i)m(?:onth)?s?\s*([0-9]+)\b", r"month \1"),
        (r"(?i)y(?:ear)?s?\s*([0-9]+)\b", r"year \1"),
    ):
        match = re.match(pattern, found)
        if match:
            return f"write `{match.expand(form)}`"
    return "write a day such as `D182`, `W25D1`, `D1 + 6 months`, or `week 48` where days count from 0"


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
            items.append(_item(scan))
        except PhraseError as error:
            problems.append(error.problem)
            items.append(Unread())
            scan.take(r"[^,，、]*[，、]*")  # go on behind the next comma
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
    if re.match(r"every\b|then\b", found):
        return "put a comma before the repeat: `D1, then every 28 days until D336`"
    if re.match(r"for\b|x\b|×", found):
        return "end a repeat with `until` and its last day, or with `4 more times`"
    if re.match(r"[-–—]\s*[DWw]", found):
        return "write a range as `D1 to D14`, or put a comma between two days"
    if match := re.match(r"\+\s*([0-9]+)\s*m\b", found):
        return f"`m` could be minutes or months: write `+ {match[1]} months`"
    if re.match(r"[±+-]", found):
        return "write a window in days or weeks: `±3d`, `-3d/+7d`, `+5d`"
    return "put a comma between two days; a day may have a window such as `±3d` behind it"


def _item(scan: Scanner) -> PointText | RepeatText:
    start = scan.skip()
    if scan.take(r"(?:then\s+)?every\b"):
        return _repeat(scan, start)
    if scan.take(r"then\b"):
        scan.expected("`every` after `then`", "write for example `then every 28 days until D336`")
    day = take_day(scan)
    last = take_day(scan) if scan.take(r"to\b") else None
    return PointText(day, last, _window_behind(scan), scan.since(start))


def _repeat(scan: Scanner, start: int) -> RepeatText:
    begin = scan.skip()
    step = take_length(scan, "a length such as `28 days`")
    if step == Offset():
        raise PhraseError("a repeat every 0 days never ends", scan.since(begin), "write `every 1 day` or more")
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
    return RepeatText(step, until, count, _window_behind(scan), scan.since(start))


# --- windows -----------------------------------------------------------------------------------------------------------


def window(node: Scalar) -> Window | NotStated:
    """`±3d`, `3d`, `-3d/+7d`, `+5d`; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    plain = scan.take(rf"({_DAYS})$")
    if plain:
        days = _in_days(plain[1], node.place)
        return Window(days, days, place=node.place)
    found = _window_behind(scan, behind_a_day=False)
    if found is None or not scan.done:
        scan.expected("a window in days", "write for example `±3d`, `-3d/+7d`, `+5d` or `not stated`")
    return found


def _window_behind(scan: Scanner, behind_a_day: bool = True) -> Window | None:
    match = scan.take(
        rf"(?:±|\+/-)\s*(?P<both>{_DAYS})|\+(?P<a>{_DAYS})\s*/\s*-(?P<b>{_DAYS})"
        rf"|-(?P<b2>{_DAYS})\s*/\s*\+(?P<a2>{_DAYS})|\+(?P<a3>{_DAYS})|-(?P<b3>{_DAYS})"
    )
    if not match:
        return None
    place = scan.since(match.start())
    side = match["a3"] or match["b3"]
    if side and behind_a_day and re.search(r"day|week", side):
        raise PhraseError(
            f"`{scan.text[match.start() : scan.at].strip()}` could be a window, or another day",
            place,
            f"write `{match[0].strip()[0]}{_in_days(side, place)}d` for a window, or name the other day",
        )
    if match["both"]:
        return Window(_in_days(match["both"], place), _in_days(match["both"], place), place=place)
    before = match["b"] or match["b2"] or match["b3"]
    after = match["a"] or match["a2"] or match["a3"]
    return Window(_in_days(before, place) if before else 0, _in_days(after, place) if after else 0, place=place)


def _in_days(text: str, place: Place) -> int:
    match = re.match(r"([0-9]+)\s*(\w+)", text)
    assert match
    days = _unit(match[2]).days * to_number(match[1], place)
    if days > 3660:
        raise PhraseError(f"a window of {days} days is wider than ten years", place)
    return days


def length(node: Scalar) -> Offset | NotStated:
    """`52 weeks`, `6 months`; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    found = take_length(scan)
    if not scan.done:
        scan.expected("the end of the text")
    if found == Offset():
        raise PhraseError("a length of nothing", node.place, "write `not stated` where the source gives none")
    return found
