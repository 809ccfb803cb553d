"""How often, how many, how late, as an assumptions file says it: rates, shares, ranges of days, kilograms.

In a rate a year has 365.25 days and a month a twelfth of that. Numbers are exact; a text that cannot be read raises PhraseError.
"""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import Place, clip, did_you_mean
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import moments
from nmosd_dosing.language.phrases.lengths import LENGTH, Scanner, take_length, unit
from nmosd_dosing.language.shapes import PhraseError

NONE = "none"
YEAR = Fraction(1461, 4)  # days
DAYS_IN = {"day": Fraction(1), "week": Fraction(7), "month": YEAR / 12, "year": YEAR}
MOST_PER_DAY = 1_000_000
MOST_TIMES = 1000
MOST_DAYS = 3660  # of a delay: ten years
MOST_SCATTER = 180  # days around a target
MOST_KG = 500
_MOST_DIGITS = 15

# The pieces of the grammar; the patterns that editors check are put together from the same ones.
_N = r"[0-9]+(?:\.[0-9]+)?"
_RATE = rf"(?:{NONE}|0|{_N}\s+per\s+(?:day|week|month|year))"
_DAYS_UNIT = r"(?:days?|d|weeks?|w)\b"
ACCRUAL_PATTERN = rf"^\s*{_RATE}(?:\s+from\s+{moments.DATE})?\s*$"
HAZARD_PATTERN = rf"^\s*{_RATE}(?:\s+from\s+{LENGTH})?\s*$"
ARM_PATTERN = rf"^\s*(?:{_RATE}(?:\s+from\s+{LENGTH})?|{_N}\s+times\s+\S.*)\s*$"
SHARE_PATTERN = rf"^\s*{_N}\s*%\s*$"
NO_SHARE_PATTERN = rf"^\s*(?:{NONE}|{_N}\s*%)\s*$"
DELAY_PATTERN = rf"^\s*[0-9]+(?:\s*{_DAYS_UNIT})?(?:\s+to\s+[0-9]+)?\s*{_DAYS_UNIT}\s*$"
SCATTER_PATTERN = rf"^\s*(?:{NONE}|-?[0-9]+(?:\s*{_DAYS_UNIT})?\s+to\s+-?[0-9]+\s*{_DAYS_UNIT})\s*$"
KG_PATTERN = rf"^\s*{_N}\s*kg\s*$"
STOP_PATTERN = rf"^\s*(?:{NONE}|{moments.DATE}|{_N}\s*%\s+of\s+the\s+relapses)\s*$"


# --- numbers -----------------------------------------------------------------------------------------------------------


def _number(text: str, place: Place) -> Fraction:
    """A number of plain digits, exactly."""
    if len(text) > _MOST_DIGITS:
        raise PhraseError(f"`{clip(text, 20)}` has more than {_MOST_DIGITS} digits", place, "check the number")
    return Fraction(text)


def _refuse_odd_number(node: Scalar, what: str, example: str) -> None:
    """Numbers that people write, and no text of the language has: below 0, with a comma, with an exponent, without the 0."""
    text, hint = node.text.strip(), f"write for example `{example}`"
    if re.match(r"[-−–]\s*[0-9.]", text):
        raise PhraseError(f"{what} cannot be below 0: `{clip(text)}`", node.place, hint)
    if match := re.search(r"[0-9],[0-9]", text):
        at = node.text.index(match[0])
        raise PhraseError(f"a comma in the number `{clip(text)}`", node.part(at, at + 3), "decimals take a point, and thousands no sign")
    if re.match(r"[0-9.]+[eE][+-]?[0-9]", text):
        raise PhraseError(f"expected {what}, found `{clip(text)}`", node.place, "write the number without an exponent")
    if re.match(r"\.[0-9]", text):
        raise PhraseError(f"expected {what}, found `{clip(text)}`", node.place, f"write `0{clip(text)}`")


# --- rates -------------------------------------------------------------------------------------------------------------


class RateText(Struct, frozen=True):
    """So often per day; `since`: from when, where that is said: a date, or a length after day 1."""

    per_day: Fraction
    since: dt.date | Offset | None
    text: str
    place: Place
    since_place: Place | None = None


class TimesText(Struct, frozen=True):
    """So many times the rate of another arm."""

    factor: Fraction
    arm: Scalar
    place: Place


def accrual(node: Scalar) -> RateText:
    """`9 per month`, `9 per month from 2024-03-01`."""
    scan, per_day = _rate(node, "9 per month")
    if not scan.take(r"from\b"):
        return _whole(scan, per_day, "`from` and a date, or the end", "write for example `9 per month from 2024-03-01`")
    start = scan.skip()
    match = scan.take(r"\S+")
    if match is None or scan.take(_DAYS_UNIT) or scan.take(LENGTH) or re.match(r"[0-9]+$|[0-9]+(?:d|w|mo|y)$", match[0]):
        words, place = node.text[start:].strip(), node.part(start, len(node.text.rstrip()))
        hint = "write the day on which it changes, as in `9 per month from 2024-03-01`"
        raise PhraseError(f"expected a date, found {f'`{clip(words)}`' if words else 'the end of the text'}", place, hint)
    since = moments.date(Scalar(match[0], scan.since(start)))
    return _whole(scan, per_day, "the end of the text", None, since, scan.since(start))


def hazard(node: Scalar) -> RateText:
    """`0.35 per year`, `0.2 per year from 6 months`: counted from each subject's day 1."""
    if match := re.search(r"\btimes\b", node.text):
        hint = "by arm, one may say `0.3 times placebo` where `placebo` has a rate of its own"
        raise PhraseError("`times` needs another arm with a rate", node.part(*match.span()), hint)
    scan, per_day = _rate(node, "0.35 per year")
    if not scan.take(r"from\b"):
        return _whole(scan, per_day, "`from` and a length of time, or the end", "write for example `0.2 per year from 6 months`")
    start = scan.skip()
    if scan.take(moments.DATE):
        hint = "write how long after day 1: `0.2 per year from 6 months`"
        raise PhraseError("each subject's time counts from its own day 1, not from a date", scan.since(start), hint)
    since = take_length(scan, "a length such as `6 months`")
    return _whole(scan, per_day, "the end of the text", None, since, scan.since(start))


def arm_hazard(node: Scalar) -> RateText | TimesText:
    """The same, or `0.3 times placebo`."""
    if match := re.match(rf"\s*({_N})\s*%\s+times\b(.*)", node.text, re.S):
        hint = f"write `{number_text(_number(match[1], node.place) / 100)} times {clip(match[2])}`"
        raise PhraseError("a number is needed before `times`, not a share", node.part(*match.span(1)), hint)
    match = re.match(rf"\s*({_N})\s+times\b\s*(.*?)\s*$", node.text, re.S)
    if match is None:
        return hazard(node)
    if not match[2]:
        raise PhraseError("expected an arm, found the end of the text", node.place, "write for example `0.3 times placebo`")
    factor = _number(match[1], node.place)
    if factor > MOST_TIMES:
        raise PhraseError(f"`{match[1]} times` is more than {MOST_TIMES} times", node.place, "check the number")
    return TimesText(factor, Scalar(match[2], node.part(*match.span(2))), node.place)


def _whole(
    scan: Scanner, per_day: Fraction, what: str, hint: str | None, since: dt.date | Offset | None = None, since_place: Place | None = None
) -> RateText:
    scan.end(what, hint)
    return RateText(per_day, since, clip(scan.text), scan.node.place, since_place)


def _rate(node: Scalar, example: str) -> tuple[Scanner, Fraction]:
    """A rate at the beginning of a text, per day."""
    _refuse_odd_number(node, "a rate", example)
    if "," in node.text:
        raise PhraseError(f"several rates in one text: `{clip(node.text)}`", node.place, f"write a list: `[{clip(node.text, 80)}]`")
    scan = Scanner(node)
    if scan.take(rf"(?:{NONE}|0)(?=\s+from\b|\s*$)"):
        return scan, Fraction(0)
    start = scan.skip()
    number = scan.need(rf"({_N})", "a rate", f"write for example `{example}`, or `none`")
    value = _number(number[1], scan.since(start))
    end = scan.at
    word = scan.take(r"per\s+(day|week|month|year)(?=\s|$)")
    if word is None:
        scan.at = end
        raise _without_time(scan, value, number[1], start, example)
    per_day = value / DAYS_IN[word[1]]
    if per_day > MOST_PER_DAY:
        raise PhraseError(f"`{clip(scan.text[start : scan.at])}` is more often than {MOST_PER_DAY:,} times a day", scan.since(start))
    return scan, per_day


def _without_time(scan: Scanner, value: Fraction, number: str, start: int, example: str) -> PhraseError:
    """What to say where no `per year` stands behind the number of a rate."""
    usual = example.split()[-1]
    found, place = scan.next_words()
    if not found:
        hint = f"write `{number} per {usual}`, or another of `per day`, `per week`, `per month` and `per year`"
        return PhraseError(f"`{number}` does not say per what time", scan.since(start), hint)
    if scan.take(r"[%％]"):
        hint = f"write how many in a day, a week, a month or a year, such as `{example}`"
        if re.match(r"\s*(?:per|a|/)", scan.text[scan.at :]):
            hint = f"write `{number_text(value / 100)} per year` for {number} in 100 patient-years"
        return PhraseError("a rate is a number per time, not a share", scan.since(start), hint)
    people = r"(?:patient|subject|person|participant)"
    hint = f"write how many in a day, a week, a month or a year, such as `{example}`"
    if match := re.match(rf"per\s+([0-9]{{1,9}})\s*{people}?s?[- ]*(day|week|month|year)s?\b", found):
        if int(match[1]):
            hint = f"write what it is for one subject: `{number_text(value / int(match[1]))} per {match[2]}`"
    elif match := re.match(
        rf"(?:per\s+|an?\s+|/\s*|each\s+|every\s+)?{people}?[- ]*"
        r"(days?|d|daily|weeks?|w|wk|weekly|months?|mo|m|monthly|years?|yr|y|yearly|annum|annually|annual)\b",
        found,
    ):
        known = {"a": "year", "d": "day", "w": "week", "m": "month", "y": "year"}[match[1][0]]
        tail = found[match.end() :].strip()
        hint = f"write `{number} per {known}{' ' if tail else ''}{clip(tail)}`"
    elif (near := re.match(r"per\s+(\w+)", found)) and (meant := did_you_mean(near[1], DAYS_IN)):
        hint = f"write `{number} per {' '.join([meant.split('`')[1], clip(found[near.end() :])]).strip()}`"
    return PhraseError(f"expected `per day`, `per week`, `per month` or `per year`, found `{clip(found)}`", place, hint)


# --- shares ------------------------------------------------------------------------------------------------------------


def share(node: Scalar) -> Fraction:
    """`95%`, `5.5 %`: from 0% to 100%."""
    return _share(node, node.text.strip(), "95%")


def share_or_none(node: Scalar) -> Fraction:
    """The same, or `none`."""
    return Fraction(0) if node.text.strip() == NONE else _share(node, node.text.strip(), "5%")


def _share(node: Scalar, text: str, example: str) -> Fraction:
    _refuse_odd_number(node, "a share", example)
    match = re.fullmatch(rf"({_N})\s*(.*)", text, re.S)
    if match is None:
        raise PhraseError(f"expected a share, found `{clip(text)}`", node.place, f"write for example `{example}`")
    value = _number(match[1], node.place)
    if not match[2]:
        ways = [f"`{number_text(value * 100)}%`"] if value < 1 else [f"`{match[1]}%`"]
        if value == 1:
            ways.append("`100%`")
        raise PhraseError(f"`{clip(text)}` is not written as a share", node.place, f"write {' or '.join(ways)}")
    if match[2] != "%":
        near = re.fullmatch(r"(?:％|per ?cent|pct)\.?", match[2], re.I)
        hint = f"write `{match[1]}%`" if near else f"write for example `{example}`"
        raise PhraseError(f"expected a share, found `{clip(text)}`", node.place, hint)
    if value > 100:
        raise PhraseError(f"`{clip(text)}` is more than all", node.place, "write a share from `0%` to `100%`")
    return value / 100


def stop(node: Scalar) -> dt.date | Fraction | None:
    """`none`, a date, or `70% of the relapses`."""
    text = node.text.strip()
    if text == NONE:
        return None
    hint = "write `none`, a date such as `2025-01-31`, or `70% of the relapses`"
    of = re.fullmatch(r"(.*?)\s+of\s+the\s+relapses", text, re.S)
    if of:
        found = _share(node, of[1], "70% of the relapses")
        if found == 0:
            raise PhraseError("0% of the relapses are there from the first day", node.place, hint)
        return found
    if re.fullmatch(moments.DATE, text):
        return moments.date(Scalar(text, node.place))
    if match := re.match(rf"{_N}\s*%", text):
        hint = f"write `{clip(match[0])} of the relapses`"
    raise PhraseError(f"expected when the committee stops the study, found `{clip(text)}`", node.place, hint)


# --- days --------------------------------------------------------------------------------------------------------------


def delay(node: Scalar) -> tuple[int, int]:
    """`14 days`, `10 to 21 days`, `2 weeks`, `0 days`: how many days later, from and to, both included."""
    _refuse_odd_number(node, "a delay", "10 to 21 days")
    return _days(node, "a number of days", "10 to 21 days", MOST_DAYS, lone=True)


def scatter(node: Scalar) -> tuple[int, int]:
    """`-3 to 3 days`, `0 to 7 days`, `none`: how many days after the target."""
    text = node.text.strip()
    if text == NONE:
        return 0, 0
    if match := re.fullmatch(rf"(?:±|\+/-)\s*([0-9]+)\s*({_DAYS_UNIT})", text):
        hint = f"write `-{match[1]} to {match[1]} {match[2] if len(match[2]) > 1 else 'days' if match[2] == 'd' else 'weeks'}`"
        raise PhraseError(f"expected days from and to, found `{clip(text)}`", node.place, hint)
    return _days(node, "days from and to", "-3 to 3 days", MOST_SCATTER, lone=False)


def _days(node: Scalar, what: str, example: str, most: int, lone: bool) -> tuple[int, int]:
    text = node.flat
    match = re.fullmatch(rf"(-?[0-9]+)\s*({_DAYS_UNIT})?(?: to (-?[0-9]+)\s*({_DAYS_UNIT}))?", text)
    if match is None or not (match[2] or match[4]) or (not lone and match[3] is None):
        raise PhraseError(f"expected {what}, found `{clip(text)}`", node.place, _days_hint(text, example, lone))
    if max(len(match[1]), len(match[3] or "")) > 12:
        raise PhraseError(f"`{clip(text, 20)}` is too large a number", node.place)
    low = int(match[1]) * unit(match[2] or match[4]).days
    high = int(match[3]) * unit(match[4]).days if match[3] is not None else low
    if high < low:
        raise PhraseError(f"`{clip(text)}` ends before it begins", node.place, f"write `{high} to {low} days`")
    if max(-low, high) > most:
        ends = f"-{most} to {most} days" if low < 0 or not lone else f"{most:,} days"
        raise PhraseError(f"`{clip(text)}` is more than {ends}", node.place, "check the number and its unit")
    return low, high


def _days_hint(text: str, example: str, lone: bool) -> str:
    number = r"[0-9]+"
    if match := re.fullmatch(rf"({number})", text):
        return f"write `{match[1]} days`" if lone else f"write `-{match[1]} to {match[1]} days`"
    if match := re.fullmatch(rf"({number})\s*{_DAYS_UNIT}", text):
        return f"write `-{match[1]} to {match[1]} days`, or `{match[1]} to {match[1]} days` where each is so late"
    if match := re.fullmatch(rf"(-?{number})\s*(?:-|–|—|\.\.+|…|~|～)\s*({number})\s*(?:{_DAYS_UNIT})?", text):
        return f"write `{match[1]} to {match[2]} days`"
    if match := re.fullmatch(rf"-({number})\s*(?:d|days?)?\s*/\s*\+({number})\s*(?:d|days?)?", text):
        return f"write `-{match[1]} to {match[2]} days`"
    if match := re.fullmatch(rf"(-?{number}) to \+?(-?{number})(?:\s*{_DAYS_UNIT})?", text):
        return f"write `{match[1]} to {match[2]} days`"
    if re.search(r"[0-9]\s*(?:months?|mo|years?|y)\b", text):
        return f"count in days or weeks: `{example}`"
    return f"write for example `{example}`"


# --- kilograms ---------------------------------------------------------------------------------------------------------


def kilograms(node: Scalar) -> Fraction:
    """`60 kg`, `61.5 kg`: from 0 to 500 kg."""
    _refuse_odd_number(node, "a weight", "60 kg")
    text = node.text.strip()
    match = re.fullmatch(rf"({_N})\s*(.*)", text, re.S)
    if match is None:
        raise PhraseError(f"expected a weight in kg, found `{clip(text)}`", node.place, "write for example `60 kg`")
    if match[2] != "kg":
        if not match[2] or match[2].lower() in ("kg", "kgs", "kilo", "kilos", "kilogram", "kilograms", "公斤", "千克"):
            wrong = f"`{clip(text)}` has no unit" if not match[2] else f"unknown unit `{clip(match[2])}`"
            raise PhraseError(wrong, node.place, f"write `{clip(match[1], 20)} kg`")
        raise PhraseError(f"unknown unit `{clip(match[2])}`", node.place, "write the weight in kilograms, for example `60 kg`")
    value = _number(match[1], node.place)
    if value > MOST_KG:
        raise PhraseError(f"`{clip(text)}` is more than {MOST_KG} kg", node.place, "check the number")
    return value
