"""The days of a visit, as a study file says them: lists of days and ranges, repeats, cycles; each day with its window. (One day is read by
`days`.)

Each function reads one scalar into a value that still holds its places; `timing` says what it means in a file. What cannot be read is
reported item by item.
"""

from __future__ import annotations

import re

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, Problem, clip, counted
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import lengths
from nmosd_dosing.language.phrases.days import DAY, DayText, take_day
from nmosd_dosing.language.phrases.lengths import Scanner, take_every, take_length, take_window
from nmosd_dosing.language.shapes import PartlyRead, PhraseError
from nmosd_dosing.study.facts import NOT_STATED, NotStated
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, Window

_END_OF_PERIOD = r"(?:the\s+)?end\s+of\s+(?:the\s+)?period\b"
_END = rf"(?:\s*,?\s*[0-9]+\s+more\s+times?\b|\s+until\s+(?:{_END_OF_PERIOD}|{DAY}))"
_REPEAT = rf"(?:then\s+)?{lengths.EVERY}{_END}?(?:\s*{lengths.WINDOW})?(?:\s*,?\s*except\s+{DAY}(?:\s*,\s*{DAY})*)?"
_ITEM = rf"(?:{DAY}(?:\s+to\s+{DAY})?(?:\s*{lengths.WINDOW})?|{_REPEAT})"

AT_PATTERN = rf"^\s*(?:{lengths.NOT_STATED_TEXT}|{_ITEM}(?:\s*,\s*{_ITEM})*)\s*$"
CYCLE_PATTERN = rf"^\s*{lengths.EVERY}(?:\s*,\s*[0-9]+\s+cycles?)?\s*$"


class PointText(Struct, frozen=True):
    day: DayText
    last: DayText | None
    window: Window | None
    place: Place


class RepeatText(Struct, frozen=True):
    """`to_the_end`: until the end of the period. `without`: the days that it excepts."""

    step: Offset
    until: DayText | None
    to_the_end: bool
    count: int | None
    window: Window | None
    without: tuple[DayText, ...]
    place: Place


class Unread(Struct, frozen=True):
    """Something in a list of days that could not be read, and has been reported."""


AtText = tuple["PointText | RepeatText | Unread", ...]


def at(node: Scalar) -> AtText | NotStated:
    """`D1, W25D1 ±3d, D-28 to D-1, then every 28 days until week 48`; or `not stated`."""
    if node.text.strip() == lengths.NOT_STATED_TEXT:
        return NOT_STATED
    _refuse_cycle(node)
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
            scan.take(r"[^,，、]*(?:,\s*[0-9]+(?:\s+more)?\s+times?\b[^,，、]*)?[，、]*")  # go on behind the next comma
    if problems:
        raise PartlyRead(tuple(items), problems)
    return tuple(items)


_IN_A_CYCLE = r"D(?:ays?)?\s*[0-9]+(?:\s*(?:,|-|–|to|and)\s*(?:D(?:ay)?\s*)?[0-9]+)+"


def _refuse_cycle(node: Scalar) -> None:
    """`D1, 8, 15 of every 28 days`, `D1-D21 q28d`: days of a cycle, in one text with the cycle."""
    whole = rf"(?P<days>{_IN_A_CYCLE})\s+(?:of\s+|in\s+)?(?P<every>{lengths.EVERY}|(?:each|every|a)\s+(?P<length>[0-9]+)[- ]day\s+cycles?)"
    match = re.fullmatch(rf"{whole}(?:,?\s*(?:for|x|×)?\s*(?P<count>[0-9]{{1,6}})\s*(?:cycles?)?)?", node.text.strip())
    if match is None:
        return
    days = re.sub(r"\s*(?:-|–|\bto\b)\s*", " to ", re.sub(r"\s*(?:,|\band\b)\s*", ", ", re.sub(r"D(?:ays?)?\s*", "", match["days"])))
    numbers = [int(digits[:6]) for digits in re.findall(r"[0-9]+", days)]
    every = f"every {match['length']} days" if match["length"] else match["every"]
    step = take_every(Scanner(Scalar(every, node.place)))
    if step is None or len(numbers) < 2 or max(numbers) > step.range[0] or 0 in numbers or sorted(set(numbers)) != numbers:
        return
    cycles = f", {counted(int(match['count']), 'cycle')}" if match["count"] else ""
    at = re.sub(r"([0-9]+)", r"D\1", days.strip())
    hint = f"where all of them come again, write `at: {at}` and beside it `cycle: every {step.in_words}{cycles}`"
    raise PhraseError(f"expected days, found those of a cycle: `{clip(node.text.strip())}`", node.place, hint)


def _after_item_hint(found: str, before: PointText | RepeatText | Unread) -> str:
    """What could be meant by words that stand behind a day or a repeat."""
    if found[:1] in "，、；;":
        return "put a plain comma `,` between two days"
    if match := re.match(r"(?i)d(?:ay)?\s*([0-9]+)", found):
        if isinstance(before, PointText) and before.day.style == "week":
            return f"write `W{before.day.number}D{match[1]}` for a week code, or put a comma between two days"
        return "put a comma between two days"
    if isinstance(before, PointText) and before.day.hangs_on in (LAST_DOSE, LAST_DOSE_OF_STUDY):
        if re.match(r"-\s*[0-9]", found):
            return "what is before a last dose has a day of its own: name it, such as `D57`"
        if match := re.match(r"of\s+(?:this |the )?(?:study|trial)\b(.*)", found):
            return f"write `{LAST_DOSE_OF_STUDY}{match[1]}`"
        if match := re.match(r"of\s+\S[^+]*?(\s*\+.*)?$", found):
            return (
                f"that of one product cannot be said: write `{before.day.text}{match[1] or ''}`, which is of all products, or name its day"
            )
    elif isinstance(before, PointText) and before.day.hangs_on and re.match(r"[-–−]\s*[0-9]+\s*(?:d|days?|w|weeks?)\b", found):
        return f"a day before {before.day.hangs_on} cannot be said: count it from day 1, as in `D-28`, or write `not stated`, with a `name`"
    if re.match(r"until\b|[0-9]+ more", found):
        return "put the window behind the end of the repeat: `every 2 weeks until week 52 ±2d`"
    if match := re.match(r"(?:then\s+)?(every\b.*?)(?:\s*(?:x|×)\s*([0-9]+))?$", found):
        if not isinstance(before, PointText):
            return "put a comma before the repeat: `D1, then every 28 days until D336`"
        whole = f"{before.day.text}, then {match[1]}"
        if match[2] is None:
            return f"put a comma before the repeat: `{whole}`"
        return _more_times(f"{whole}, ", int(match[2][:6]))
    later = r"\+|onwards?|and (?:later|onwards?|after|beyond)|or (?:after|beyond|thereafter)"
    if isinstance(before, PointText) and before.last is None and before.window is None and re.fullmatch(later, found):
        return f"write `{before.day.text} or later`"
    repeat = isinstance(before, RepeatText) and before.until is None and before.count is None
    if repeat and (match := re.match(r"(?:(?:x|×)\s*([0-9]+)|for\s+([0-9]+)\s+(?:doses?|infusions?|injections?|visits?|times?))$", found)):
        return _more_times(", ", int((match[1] or match[2])[:6]))
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


def _more_times(before: str, n: int) -> str:
    """What to write for so many times, of which nobody knows whether they count the first."""
    after, in_all = counted(n, "more time"), counted(max(n - 1, 0), "more time")
    return f"write `{before}{after}` for {n} after the first, `{before}{in_all}` for {n} in all"


def _item(scan: Scanner) -> PointText | RepeatText:
    start = scan.skip()
    then = scan.take(r"then\b")
    if (step := take_every(scan)) is not None:
        return _repeat(scan, start, step)
    if then:
        scan.expected("`every` after `then`", "write for example `then every 28 days until D336`")
    day = take_day(scan, moved=True)
    last = take_day(scan, moved=True) if scan.take(r"to\b") else None
    return PointText(day, last, take_window(scan), scan.since(start))


def _repeat(scan: Scanner, start: int, step: Offset) -> RepeatText:
    until, to_the_end, count = None, False, None
    begin = scan.skip()
    if scan.take(r"until\b"):
        to_the_end = scan.take(_END_OF_PERIOD) is not None
        if not to_the_end:
            _refuse_other_end(scan)
            until = take_day(scan)
    elif match := scan.take(r",?\s*([0-9]+)(\s+more)?\s+times?\b"):
        count = lengths.to_number(match[1], scan.since(begin))
        if not match[2]:
            wrong = f"`{match[0].strip(', ')}` could or could not count the first one"
            raise PhraseError(wrong, scan.since(begin), _more_times("", count))
        if count == 0:
            raise PhraseError("`0 more times` repeats nothing", scan.since(begin), "leave the repeat out")
    window = take_window(scan)
    if window is not None and window.after is None:
        hint = "write it beside the days, for all of them: `window: or later`"
        raise PhraseError("`or later` behind a repeat could be about its last day", window.place or scan.since(start), hint)
    return RepeatText(step, until, to_the_end, count, window, _without(scan), scan.since(start))


def _refuse_other_end(scan: Scanner) -> None:
    """`until end of treatment`, `until progression`, `until last dose + 90 days`: raises PhraseError, with what a file says."""
    found, place = scan.next_words()
    hint = ""
    if re.match(r"(?i)(?:the )?(?:end of (?:the )?(?:study )?(?:treatment|study|trial|therapy|follow[- ]up)|eot|eos)\b", found):
        hint = "write `until the end of the period` where its length is stated, or the last day, as in `until D337`"
    elif re.match(r"(?i)(?:disease |tumou?r )?(?:progression|relapse|death|withdrawal|toxicity|unacceptable toxicity)\b(?!\s*\+)", found):
        hint = f"take `until {clip(found)}` out: without it the end is not stated, and what is recorded of a subject ends it"
    elif re.match(r"(?i)(?:the )?last dose\b", found):
        hint = "no repeat ends with the last dose: name a day of the period, as in `until D337`, or how many times, as in `5 more times`"
    if hint:
        raise PhraseError(f"expected the last day of a repeat, found `{clip(found)}`", place, hint)


def _without(scan: Scanner) -> tuple[DayText, ...]:
    """The days that a repeat excepts, up to the end or the next repeat: `, except D169, D253`."""
    if not scan.take(r",?\s*except\b"):
        return ()
    days = [take_day(scan)]
    while scan.take(rf",(?!\s*(?:then\b|{lengths.EVERY}|$))"):
        days.append(take_day(scan))
    if (window := take_window(scan)) is not None:
        hint = f"put the window before `except`: `… {window.text}, except {days[0].text}`"
        raise PhraseError("a window behind the days that a repeat excepts", window.place or days[0].place, hint)
    return tuple(days)


class CycleText(Struct, frozen=True):
    """`unread`: the words behind its length that are no number of cycles. `on`: the days of each, where they were said here."""

    step: Offset
    count: int | None
    place: Place
    unread: str = ""
    on: int = 0


_ON_AND_OFF = (
    rf"({lengths.DAYS})\s+on(?:\s+treatment|\s+drug)?\s*(?:,|/|and|then|followed by|;)?\s*({lengths.DAYS})\s+(?:off|rest|pause|break)"
)
_HOW_MANY = rf"([0-9]+|{'|'.join(lengths.NUMBERS)})"


def cycle(node: Scalar) -> CycleText:
    """`every 50 days, 5 cycles`; without an end: `every 50 days`. What stands in the place of a number of cycles is kept as it was
    written: what to type for it is known where the rest of the entry is."""
    scan = Scanner(node)
    if match := scan.take(_ON_AND_OFF):
        on, off = (take_length(Scanner(Scalar(length, node.place))).days for length in match.groups())
        again = re.fullmatch(rf"[\s,;]*(?:(?:for|x|×)\s*)?{_HOW_MANY}\s*(?:cycles?|times?)?\s*", scan.text[scan.at :])
        count = _number_of(again[1]) if again else None
        return CycleText(Offset(on + off, written=f"{on + off} days"), count, node.place, scan.text.strip(), on)
    step = take_every(scan, "a length such as `50 days`")
    if step is None:
        hint = "write how long it is from one to the next, and how many there are in all, as in `every 28 days, 6 cycles`"
        if match := re.fullmatch(rf"({lengths.LENGTH})(?:\s*(?:,|x|×|for)\s*([0-9]+)(?:\s+cycles?)?)?", scan.text.strip()):
            hint = f"write `every {match[1]}" + (f", {counted(int(match[2][:6]), 'cycle')}`" if match[2] else "`")
        scan.expected("`every` and a length", hint)
    count = None
    if not scan.done:
        begin = scan.skip()
        match = scan.take(r",\s*([0-9]+)\s+cycles?\b")
        if not match or not scan.done:
            words = rf",?\s*(?:(?:x|×|for|up to|at most|max(?:imum|\.)?(?: of)?)\s*)?{_HOW_MANY}(\s+more)?\s*(?:(?:times?|cycles?)\s*)?$"
            scan.at = begin
            if (again := re.match(words, scan.text[begin:])) is None:
                return CycleText(step, None, scan.node.part(begin, len(scan.text.rstrip())), scan.text[begin:].strip())
            number = _number_of(again[1]) + (1 if again[2] else 0)
            wrong = f"expected the number of cycles, or the end, found `{clip(again[0].strip(', '))}`"
            hint = f"write `every {step.in_words}, {counted(number, 'cycle')}`, the first one counted"
            raise PhraseError(wrong, scan.node.part(begin, len(scan.text.rstrip())), hint)
        count = lengths.to_number(match[1], scan.since(begin))
        if count == 0:
            raise PhraseError("`0 cycles` is nothing", scan.since(begin), "write 1 or more")
    return CycleText(step, count, node.place)


def _number_of(word: str) -> int:
    return int(word[:6]) if word.isdigit() else lengths.NUMBERS[word]
