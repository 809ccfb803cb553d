"""Lengths of time and windows, as a study file says them; and the scanner with which its short texts are read.

A text that cannot be read raises PhraseError at the word where the reading stopped.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from typing import NoReturn

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, clip, counted, did_you_mean
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.facts import NOT_STATED, NotStated
from nmosd_dosing.study.visit_rules import Window

NOT_STATED_TEXT = "not stated"

# The pieces of the grammar; the patterns that editors check are put together from the same ones.
_UNIT = r"(?:days?|d|weeks?|w|months?|mo|years?|y)\b"
LENGTH = rf"[0-9]+\s*{_UNIT}"
DAYS = r"[0-9]+\s*(?:days?|d|weeks?|w)\b"
OR_LATER = r"or\s+later\b"
WINDOW = rf"(?:{OR_LATER}|(?:±|\+/-)\s*{DAYS}|\+{DAYS}\s*/\s*-{DAYS}|-{DAYS}\s*/\s*\+{DAYS}|[+-]{DAYS})"
WINDOW_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|{WINDOW}|{DAYS})\s*$"
LENGTH_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|{LENGTH})\s*$"
WITHIN_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|(?:[0-9]+\s*(?:{_UNIT})?\s*to\s+)?{LENGTH})\s*$"

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

    def need(self, pattern: str, what: str, hint: str | None = None) -> re.Match[str]:
        """What matches here; PhraseError where it does not."""
        return self.take(pattern) or self.expected(what, hint)

    def end(self, what: str = "the end of the text", hint: str | None = None) -> None:
        """PhraseError where something is left."""
        if not self.done:
            self.expected(what, hint)


# --- lengths ------------------------------------------------------------------------------------------------------------


def _unit_key(word: str) -> str:
    return "mo" if word.startswith("mo") else word[0]


def unit(word: str) -> Offset:
    return _UNIT_OFFSETS[_unit_key(word)]


NUMBERS = {
    "a": 1, "one": 1, "each": 1, "other": 2, "second": 2, "two": 2, "third": 3, "three": 3, "fourth": 4, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12,
}  # fmt: skip


TIMES_PATTERN = r"^\s*[0-9]+\s+times?\s*$"


def times(node: Scalar) -> int:
    """How often: `2 times`."""
    match = re.fullmatch(r"\s*([0-9]+)\s+times?\s*", node.text)
    if match is None:
        word = re.fullmatch(rf"\s*(?:(once)|(twice)|([0-9]+)|({'|'.join(NUMBERS)})\s+times?)\s*", node.text)
        n = None if word is None else 1 if word[1] else 2 if word[2] else int(word[3]) if word[3] else NUMBERS[word[4]]
        hint = f"write `{counted(n, 'time')}`" if n is not None else "write for example `2 times`"
        raise PhraseError(f"expected how many times, found `{clip(node.text)}`", node.place, hint)
    return to_number(match[1], node.place)


def take_length(scan: Scanner, what: str = "a length such as `52 weeks`") -> Offset:
    start = scan.skip()
    number = scan.take(r"([0-9]+)")
    if not number:
        if match := scan.take(rf"(?i)(?:({'|'.join(NUMBERS)})\s+)?(day|week|month|year)s?\b"):
            n, word = NUMBERS[match[1].lower()] if match[1] else 1, match[2].lower()
            length = unit(word).times(n)
            length = Offset(length.days, length.months, counted(n, word))
            raise PhraseError(f"expected {what}, found `{clip(match[0].strip())}`", scan.since(start), f"write `{length.in_words}`")
        scan.expected(what)
    word = scan.take(rf"({_UNIT})")
    if not word:
        found, place = scan.next_words()
        if re.match(r"m\b", found):
            raise PhraseError("`m` could be minutes or months", place, f"write `{number[1]} months`")
        hint = f"write `{number[1]} days`, `weeks`, `months` or `years`"
        if not found:
            raise PhraseError(f"`{number[1]}` has no unit", scan.since(start), hint)
        scan.expected("a unit of time", did_you_mean(found.split()[0], ["days", "weeks", "months", "years"]) or hint)
    length = _length(to_number(number[1], scan.since(start)), word[1])
    if not length.possible:
        raise PhraseError(f"`{clip(scan.text[start : scan.at])}` is longer than 9998 years", scan.since(start))
    return length


def _length(number: int, word: str) -> Offset:
    length = unit(word).times(number)
    return Offset(length.days, length.months, counted(number, _UNIT_WORDS[_unit_key(word)]))


def to_number(digits: str, place: Place) -> int:
    if len(digits) > 12:
        raise PhraseError(f"`{clip(digits, 20)}` is too large a number", place)
    return int(digits)


# --- how often ----------------------------------------------------------------------------------------------------------

_ORDINALS = {"2nd": 2, "3rd": 3, "4th": 4}
_OFTEN = {
    "daily": Offset(1), "QD": Offset(1), "weekly": Offset(7), "fortnightly": Offset(14), "monthly": Offset(0, 1),
    "quarterly": Offset(0, 3), "yearly": Offset(0, 12), "annually": Offset(0, 12),
}  # fmt: skip
_TWO_WAYS = {  # words that are said of both
    "biweekly": ("twice a week", "every 2 weeks"), "bimonthly": ("twice a month", "every 2 months"),
    "biannually": ("twice a year", "every 2 years"), "semiweekly": ("twice a week", "every 3 or 4 days"),
}  # fmt: skip


@functools.cache
def any_case(word: str) -> str:
    """A pattern for a word in any case, which editors can check, too."""
    return "".join(f"[{letter.upper()}{letter.lower()}]" if letter.isalpha() else letter for letter in word)


def _one_of(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(map(any_case, words))})"


_EVERY_WORD = rf"(?:{_one_of([*NUMBERS, *_ORDINALS])}\s+)?{_one_of(('day', 'week', 'month', 'year'))}[Ss]?\b"
_EVERY_Q = r"[Qq]\s?[0-9]+\s?[DdWwMmYy]\b"
EVERY = rf"(?:every\s+(?:{LENGTH}|{_EVERY_WORD})|{_EVERY_Q}|{_one_of(_OFTEN)}\b)"  # `every 4 weeks`, `Q4W`, `weekly`


def take_every(scan: Scanner, what: str = "a length such as `28 days`") -> Offset | None:
    """How long it is from one to the next: `every 4 weeks`, `every other week`, `Q4W`, `monthly`. None, and nothing is taken, where the
    text says no such thing. Raises PhraseError for 0 days, and for words that are said of two rhythms."""
    start = scan.skip()
    if scan.take(r"every\b"):
        begin = scan.skip()
        step = _words_of_length(scan) or take_length(scan, what)
    elif q := scan.take(_EVERY_Q):
        begin, number = start, re.sub(r"\D", "", q[0])
        step = _length(to_number(number, scan.since(start)), {"m": "mo"}.get(q[0][-1].lower(), q[0][-1].lower()))
    elif word := scan.take(rf"({_one_of(_OFTEN)})\b"):
        length = next(length for name, length in _OFTEN.items() if name.lower() == word[1].lower())
        return Offset(length.days, length.months, Offset(length.days, length.months).in_words)
    elif word := scan.take(rf"({_one_of(_TWO_WAYS)})\b"):
        twice, every = _TWO_WAYS[word[1].lower()]
        hint = f"write `{every}`, or the days themselves" if "or" not in every else "write the days themselves"
        raise PhraseError(f"`{word[1]}` could be {twice}, or {every}", scan.since(start), hint)
    else:
        return None
    if step == Offset():
        raise PhraseError("a repeat every 0 days never ends", scan.since(begin), "write `every 1 day` or more")
    return step


def _words_of_length(scan: Scanner) -> Offset | None:
    """`other week`, `2nd week`, `four weeks`, `week`."""
    if not (match := scan.take(_EVERY_WORD)):
        return None
    *number, word = match[0].lower().split()
    times = {**NUMBERS, **_ORDINALS}[number[0]] if number else 1
    return _length(times, word[:2] if word.startswith("mo") else word[0])


# --- windows -----------------------------------------------------------------------------------------------------------


def window(node: Scalar) -> Window | NotStated:
    """`±3d`, `3d`, `-3d/+7d`, `+5d`; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    plain = scan.take(rf"({DAYS})$")
    if plain:
        days = _in_days(plain[1], node.place)
        return Window(days, days, place=node.place)
    found = take_window(scan, behind_a_day=False)
    if found is None or not scan.done:
        scan.expected("a window in days", "write for example `±3d`, `-3d/+7d`, `+5d` or `not stated`")
    return found


def take_window(scan: Scanner, behind_a_day: bool = True) -> Window | None:
    if later := scan.take(OR_LATER):
        return Window(0, None, place=scan.since(later.start()))
    match = scan.take(
        rf"(?:±|\+/-)\s*(?P<both>{DAYS})|\+(?P<a>{DAYS})\s*/\s*-(?P<b>{DAYS})"
        rf"|-(?P<b2>{DAYS})\s*/\s*\+(?P<a2>{DAYS})|\+(?P<a3>{DAYS})|-(?P<b3>{DAYS})"
    )
    if not match:
        return None
    place = scan.since(match.start())
    side = match["a3"] or match["b3"]
    if side and behind_a_day and re.search(r"day|week", side):
        wrong = f"`{scan.text[match.start() : scan.at].strip()}` could be a window, or another day"
        raise PhraseError(wrong, place, f"write `{match[0].strip()[0]}{_in_days(side, place)}d` for a window, or name the other day")
    if match["both"]:
        return Window(_in_days(match["both"], place), _in_days(match["both"], place), place=place)
    before = match["b"] or match["b2"] or match["b3"]
    after = match["a"] or match["a2"] or match["a3"]
    return Window(_in_days(before, place) if before else 0, _in_days(after, place) if after else 0, place=place)


def _in_days(text: str, place: Place) -> int:
    match = re.match(r"([0-9]+)\s*(\w+)", text)
    assert match
    days = unit(match[2]).days * to_number(match[1], place)
    if days > 3660:
        raise PhraseError(f"a window of {days} days is wider than ten years", place)
    return days


def length(node: Scalar) -> Offset | NotStated:
    """`52 weeks`, `6 months`; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    found = take_length(scan)
    scan.end()
    if found == Offset():
        raise PhraseError("a length of nothing", node.place, "write `not stated` where the source gives none")
    return found


_TO_BOTH = "write `28 days`, or `28 to 31 days` with the first day, too"


def _within_hint(text: str) -> str | None:
    """What is said in place of a bound in other words: `at least 28 days` has no last day, which `within` is."""
    bounds = (
        (rf"(?:at least|min(?:imum|\.)?(?: of)?|no (?:earlier|sooner|less) than|not before|from|after|≥|>=) ?({LENGTH})(?: or .*)?", True),
        (rf"({LENGTH}) or (?:more|later)", True),
        (rf"(?:at most|up to|within|max(?:imum|\.)?(?: of)?|(?:no|not) (?:later|more) than|to|until|≤|<=) ?({LENGTH})", False),
    )  # fmt: skip
    for pattern, least in bounds:
        if match := re.fullmatch(pattern, text):
            if not least:
                return f"write `{match[1]}`"
            return (
                "`within` says the last day; for a first day alone put a period that nobody is seen in between the two, "
                f"`washout: {{length: {match[1]}}}`, entered `within: 0 days`, and left for the next one `within: not stated`"
            )
    if match := re.fullmatch(rf"(?:from|between) ([0-9]+) ?(?:{_UNIT})? (?:to|and|-) ({LENGTH})", text):
        return f"write `{match[1]} to {match[2]}`"
    return _TO_BOTH if re.match(r"(?:to|up|at|within|from|between)\b", text) else None


def within(node: Scalar) -> tuple[Offset, Offset] | NotStated:
    """`28 days`, `28 to 31 days`: so long after a date at least and at most; `0 days` is the day itself; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    least = scan.take(rf"([0-9]+)\s*({_UNIT})?\s*to\b")
    if least is None and (hyphen := re.fullmatch(rf"\s*([0-9]+)\s*(?:{_UNIT})?\s*[-–—]\s*([0-9]+\s*{_UNIT})\s*", node.text)):
        wrong = f"expected `28 days` or `28 to 31 days`, found `{clip(node.text)}`"
        raise PhraseError(wrong, node.place, f"write `{hyphen[1]} to {hyphen[2]}`")
    if hint := _within_hint(node.flat):
        scan.expected("a length such as `28 days`", hint)
    most = take_length(scan, "a length such as `28 days`")
    scan.end(hint=_TO_BOTH)
    if least is None:
        return Offset(), most
    last_unit = re.findall(_UNIT, scan.text)[-1]
    first = _length(to_number(least[1], node.place), least[2] or last_unit)
    if first.range[1] <= most.range[0] or first == most:
        return first, most
    if bool(first.months) != bool(most.months) and first.range[0] <= most.range[1]:
        raise PhraseError(f"`{clip(node.text)}` can end before it begins", node.place, "count both ends in days, or both in months")
    lower = most.in_words if least[2] else most.in_words.split()[0]
    raise PhraseError(f"`{clip(node.text)}` ends before it begins", node.place, f"write `{lower} to {first.in_words}`")
