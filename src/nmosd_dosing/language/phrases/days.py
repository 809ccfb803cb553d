"""One day of a study file, as it says it. (Lists of days, repeats and cycles are in `visit_days`, lengths and windows in `lengths`, doses
in `doses`, ends of spans and triggers in `moments`.)

Each function reads one scalar into a value that still holds its places, knowing nothing of the rest of the file; `study_file`
says what it means there (whether days count from 0, which products exist). A text that cannot be read raises PhraseError at the
word where the reading stopped.
"""

from __future__ import annotations

import re

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Code, CountsFrom, Offset, Style
from nmosd_dosing.errors import Place, clip, counted
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.lengths import DAYS, LENGTH, NOT_STATED_TEXT, Scanner, take_length, to_number, unit
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.events import CONSENTED, RANDOMISED, SCREENED

PLUS = r"\s*\+\s*[0-9]+\s*(?:months?|mo|years?|y)\b"
CODE = r"(?:W[0-9]+D[0-9]+\b|D-?[0-9]+\b|(?:week|month|year)\s+[0-9]+\b)"
_EVENT_DAY = rf"[a-z][a-z0-9_]*(?:\s*\+\s*{LENGTH})?"
_LAST_DOSE = rf"last dose\b(?:\s+of\s+the\s+study\b)?(?:\s*\+\s*{LENGTH})?"
_BEFORE = rf"[0-9]+\s*(?:hours?|h|days?|d|weeks?|w)\s+before\s+{CODE}(?:{PLUS})?"
DAY = rf"(?:{_BEFORE}|{CODE}(?:{PLUS})?(?:\s*\+\s+{DAYS})?|{_LAST_DOSE}|{_EVENT_DAY})"

# How else the days of a subject beside day 1 are named.
WORDS_FOR_EVENTS = {
    "consent": CONSENTED, "screening": SCREENED, "randomisation": RANDOMISED, "randomization": RANDOMISED, "randomized": RANDOMISED,
}  # fmt: skip

_STYLES: dict[str, Style] = {"W": "W", "D": "D", "week": "week", "month": "month", "year": "year"}


class DayText(Struct, frozen=True):
    """A day as a file says it; after an event, or the last dose, `hangs_on` is its name. `moved`: so many days behind the actual day of
    the visit on it, or before that. `otherwise`: how it was written, where no file says it so."""

    style: Style
    number: int
    day: int
    plus: Offset
    place: Place
    text: str
    hangs_on: str = ""
    otherwise: str = ""
    moved: int = 0

    def resolve(self, counts_from: CountsFrom) -> Code:
        """The day it means where days count so; PhraseError where it means none, or could mean two, or is written otherwise: then
        the hint is what holds in this file."""
        if self.otherwise:
            hint: str | None = f"write `{self.text}`"
            try:
                code = replace(self, otherwise="").resolve(counts_from)
                if code.offset.then < 0 and not code.offset.months and not self.hangs_on:  # `D29 - 1 day`
                    fixed = Code("D", Offset(code.offset.days + code.offset.then), counts_from).label
                    hint = f"write `{fixed}`; or `{self.text}`, which follows the day on which that visit really is"
            except PhraseError as error:
                hint = error.problem.hint
            raise PhraseError(f"expected a day, found `{clip(self.otherwise)}`", self.place, hint)
        if self.hangs_on:
            return Code(self.style, self.plus, counts_from, hangs_on=self.hangs_on)
        offset = self._offset(counts_from) + self.plus + Offset(then=self.moved)
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
            wrong = f"`{self.text}` is ambiguous where days count from 1: {counted(n, self.style)} elapsed, or {self.style} number {n}"
            raise PhraseError(wrong, self.place, hint)
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


def take_day(scan: Scanner, plus: bool = True, moved: bool = False) -> DayText:
    """A day; one that is written otherwise is taken too, and refused once it is known how the file counts. `plus`: also so many months
    behind a day, or after an event; `moved`: also so many days behind the actual day of a visit, or before it."""
    start = scan.skip()
    if moved and (before := _before(scan, start)):
        return before
    day = _day(scan, start) or _written_otherwise(scan, start)
    if day is None:
        if moved and (last := scan.take(r"(last)\s+(dose)\b(?:\s+(of)\s+(the)\s+(study)\b)?")):
            return _after(scan, " ".join(word for word in last.groups() if word), start)
        if plus and (event := scan.take(_EVENT)):
            return _after(scan, event[1], start)
        found = scan.next_words()[0]
        scan.expected("a day", _after_hint(found, plus, moved) or _day_hint(found))
    if not plus:
        return day
    if moved:
        _refuse_two_ends(scan, day.text)
        if earlier := scan.take(r"[-–−]\s+([0-9]+)\s*(days?|d|weeks?|w)\b"):
            back = unit(earlier[2]).days * to_number(earlier[1], scan.since(start))
            text = f"{earlier[1]} {earlier[2]} before {day.text}"
            return replace(day, moved=-back, text=text, place=scan.since(start), otherwise=scan.text[start : scan.at])
    if scan.take(rf"(?={PLUS})"):
        begin = scan.at
        scan.take(r"\+")
        extra = take_length(scan)
        day = replace(day, plus=extra, place=scan.since(start), text=day.text + scan.text[begin : scan.at])
    if more := scan.take(r"\+\s+([0-9]+)\s*(days?|d|weeks?|w)\b"):
        days, text = unit(more[2]).days * to_number(more[1], scan.since(start)), scan.text[start : scan.at]
        if not moved:
            later = day.later(days)
            hint = f"write `{later}`" if later else "name the day itself; days are added to a day only in spans"
            raise PhraseError(f"`{text}` adds days to a day", scan.since(start), hint)
        if not days:
            raise PhraseError(f"`{text}` adds nothing", scan.since(start), f"write `{day.text}`")
        day = replace(day, moved=days, place=scan.since(start), text=text)
    return day


def _refuse_two_ends(scan: Scanner, on: str) -> None:
    """`last dose + 28 to 35 days`: raises PhraseError; each end of a range is a day of its own."""
    begin = scan.at
    word = r"(days?|d|weeks?|w|months?|mo|years?|y)"
    if match := scan.take(rf"\+\s*([0-9]+)(?:\s*{word})?(?:\s*to\s*|\s*[–—]\s*|(?<![a-z ])\s*-\s*)([0-9]+)\s*{word}\b"):
        ends = f"{on} + {match[1]} {match[2] or match[4]} to {on} + {match[3]} {match[4]}"
        raise PhraseError(f"two ends of a range behind one `+`: `{clip(match[0].strip())}`", scan.since(begin), f"write `{ends}`")


_HOURS = r"([0-9]+)\s*(hours?|h|days?|d|weeks?|w)\s+(?:before|prior\s+to)\b"


def _before(scan: Scanner, start: int) -> DayText | None:
    """`24 h before D1`, `1 day before D15`: a day before the actual one of another visit; so hours must be whole days."""
    if not (match := scan.take(_HOURS)):
        return None
    number, hours = to_number(match[1], scan.since(start)), match[2].startswith("h")
    day = take_day(scan)
    text = scan.text[start : scan.at]
    if day.hangs_on:
        hint = "name the visit by its day, such as `1 day before D15`"
        raise PhraseError(f"`{clip(text)}` is not known before {day.hangs_on} has happened", scan.since(start), hint)
    if hours and number % 24:
        hint = f"a visit is on a day: write what is done by the hour under `assess` of {day.text}, or whole days, `24 h before {day.text}`"
        raise PhraseError(f"`{clip(text)}` is not a whole number of days", scan.since(start), hint)
    days = number // 24 if hours else unit(match[2]).days * number
    if not days:
        raise PhraseError(f"`{clip(text)}` is the day itself", scan.since(start), f"write `{day.text}`")
    return replace(day, moved=-days, place=scan.since(start), text=text)


def _after_hint(found: str, plus: bool, moved: bool) -> str | None:
    """`30 days after last dose`, `2 weeks post W12D1`, with its window: the same day as a file says it."""
    window = r"(?:±|\+/-)\s*[0-9]+\s*\w+"
    what = rf"last dose(?: of the study)?|{'' if plus else 'first dose|'}{CODE}|[a-z][a-z0-9_]*"
    match = re.fullmatch(
        rf"(?P<length>{LENGTH})\s+(?:after|post|following)\s+(?:the\s+)?(?P<what>{what})(?:\s*\(?(?P<window>{window})\)?)?", found
    )
    if match is None or (match["what"].startswith("last dose") and plus and not moved):
        return None
    if re.fullmatch(CODE, match["what"]) and plus and not moved and re.fullmatch(DAYS, match["length"]):
        return None  # days are added to a day only where it may move
    said = f"{WORDS_FOR_EVENTS.get(match['what'], match['what'])} + {match['length']}"
    return f"write `{said}{' ' + match['window'] if match['window'] else ''}`"


def _day_hint(found: str) -> str:
    if re.match(r"(?i)c(?:ycle)?\s*[0-9]+\s*,?\s*d(?:ay)?\s*[0-9]+", found) or re.search(r"(?i)\bcycles?\b", found):
        return "days of a cycle stand in an entry with `cycle`: `at: D1, D8` and `cycle: every 21 days, 6 cycles`"
    if found.lower() == NOT_STATED_TEXT:
        return f"write `{NOT_STATED_TEXT}`"
    if re.match(r"first dose\b", found):
        return "name the day, such as `D1`, and so much later as a day of its own, such as `D29`, or `D1 + 4 weeks`"
    if re.match(r"(?i)last dose\b", found):
        return f"write `{clip(found.lower())}`"
    if re.match(r"(?i)(?:last visit|end of treatment|eot)\b", found):
        return "write so long after the last dose, `last dose + 30 days`, or `last dose of the study + 30 days`"
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
_RESERVED = "every|then|to|or|until|except|each|from|first|last|not|week|month|year|day|daily|weekly|monthly"
_EVENT = rf"(?!(?:{_RESERVED})\b)([a-z][a-z0-9_]*)(?=\s*(?:$|,|\+|±|-|to\b|or\b))"


def _after(scan: Scanner, event: str, start: int) -> DayText:
    """`relapse + 5 days`, `last dose + 30 days`: the plus moves the day; a window behind it has two sides."""
    plus = Offset()
    _refuse_two_ends(scan, event)
    while scan.take(r"\+(?!/)"):
        plus = plus + take_length(scan)
    text = scan.text[start : scan.at]
    if text.count("+") > 1:
        hint = "write days or weeks, or months: one number of them"
        if not (plus.days and plus.months):
            hint = f"write `{event} + {plus.in_words}`"
        raise PhraseError(f"`{clip(text)}` adds twice", scan.since(start), hint)
    return DayText("event", 0, 0, Offset(plus.days, plus.months), scan.since(start), text, event)
