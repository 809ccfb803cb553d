"""What people type of a subject, on the command line or in a table: a code, a weight, a height, an amount, a day.

`shown` is how a message names the text: the argument and it (`weight 60,5`), or `60,5` of a cell. `place` is None outside of a table.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from nmosd_dosing.dose.dose import Sex, Value
from nmosd_dosing.errors import Document, Place, Problems
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import doses
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.sentences import either, perhaps, said
from nmosd_dosing.subjects.bounds import Wrong, wrong_age, wrong_code, wrong_height, wrong_value, wrong_weight
from nmosd_dosing.subjects.subject import Exposure

T = TypeVar("T")
Reader = Callable[[str, str, Place | None, Problems], T | None]
_DAY = re.compile(r"([0-9]{4})(?:([-/.])([0-9]{1,2})\2([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日?)")
_NAMED = re.compile(r"([0-9]{1,2})[- ]?([A-Za-z]{3,9})\.?[- ]?([0-9]{4})")
_HOUR = re.compile(r"(.{6,}?)(?:[T ] *|:)([0-9]{1,2}:[0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)? ?(Z|[+-][0-9]{2}:?[0-9]{2})?")
_PARTIAL = re.compile(r"[0-9]{4}(?:-(?:0[1-9]|1[0-2]|-))?(?:-+(?:[0-9]{2})?)?|(?:UNK?[- ]?)?(?:UNK|[A-Za-z]{3})[- ]?[0-9]{4}")
_MONTHS = {
    name: number
    for number, month in enumerate(
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"], start=1
    )
    for name in (month, month[:3])
} | {"sept": 9}


def decimal_comma(read: Reader[T]) -> Reader[T]:
    """A reader of numbers that takes a decimal comma, too; not where it may stand between thousands: `1,000`. Nor does it take an amount
    whose point may: who writes `0,5` writes 1500 as `1.500`. Of a weight or a height only one of the two can be meant."""

    def with_comma(shown: str, text: str, place: Place | None, problems: Problems) -> T | None:
        if read is amount and (either := re.fullmatch(r"([1-9][0-9]{0,2})\.([0-9]{3})", text)):
            whole, decimals = either[1] + either[2], _no_thousands(either[1], either[2])
            wrong = said("{shown} may be {whole} or {decimals}", shown=shown, whole=whole, decimals=decimals)
            problems.error(wrong, place, said("write `{whole}`, or `{decimals}`", whole=whole, decimals=decimals))
            return None
        point = re.sub(r"(?<=[0-9]),(?=[0-9]+$)", ".", text) if not re.fullmatch(r"[1-9][0-9]*,[0-9]{3}", text) else text
        return read(shown, point, place, problems)

    return with_comma


def code(shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    """A subject's code, if it is not empty: one line of plain characters."""
    return text if not text or _can_be(text, wrong_code, shown, place, problems) else None


def _can_be(value: Any, ask: Callable[[Any], Wrong], shown: str, place: Place | None, problems: Problems) -> bool:
    """Whether nothing is wrong with a value; if not, what is."""
    if wrong := ask(value):
        problems.error(said("{shown} {wrong}", shown=shown, wrong=wrong[0]), place, wrong[1])
    return not wrong


def weight(shown: str, text: str, place: Place | None, problems: Problems) -> float | None:
    """A body weight in kg, to the gram."""
    hint = said("write kilograms as a plain number, for example `60` or `60.5`")
    kg = _number(shown, text, place, problems, said("a weight"), hint, "kg")
    return float(kg) if kg is not None and _can_be(kg, wrong_weight, shown, place, problems) else None


def height(shown: str, text: str, place: Place | None, problems: Problems) -> float | None:
    """A body height in cm, to the millimetre."""
    hint = said("write centimetres as a plain number, for example `165` or `165.5`")
    cm = _number(shown, text, place, problems, said("a height"), hint, "cm")
    return float(cm) if cm is not None and _can_be(cm, wrong_height, shown, place, problems) else None


_SEXES: dict[str, Sex] = {"m": "M", "male": "M", "f": "F", "female": "F", "男": "M", "女": "F"}
_NO_SEX = ("u", "unknown", "undifferentiated", "not stated", "未知")  # of CDISC's terms, what does not say it


def sex(shown: str, text: str, place: Place | None, problems: Problems) -> Sex | None:
    """The sex that formulas of a body ask for, as SDTM codes it: `M`, `F`; `U` and the like say that it is not known."""
    plain = text.strip().casefold()
    if plain not in _SEXES and plain not in _NO_SEX:
        problems.error(said("{shown} is not a sex", shown=shown), place, said("write `M` or `F`, or leave it out where it is not known"))
    return _SEXES.get(plain)


def age(shown: str, text: str, place: Place | None, problems: Problems) -> int | None:
    """An age on day 1 in completed years; a part of a year is not cut off, since it may have been rounded up."""
    years = int(text) if re.fullmatch(r"[0-9]{1,3}", text.strip()) else None
    return years if _can_be(years, wrong_age, shown, place, problems) else None


def value(shown: str, text: str, place: Place | None, problems: Problems) -> float | None:
    """A value that was measured, in the unit that the study file declares."""
    hint = said("write a plain number without a unit, for example `45` or `0.5`; what is below or above a limit has none")
    number = _number(shown, text, place, problems, said("a value"), hint, r"(?!)")
    return float(number) if number is not None and _can_be(number, wrong_value, shown, place, problems) else None


def of_study(values: Sequence[Value] | None) -> Callable[[str, str, Place | None, Problems], Value | None]:
    """Reads the name of one of the values that a study declares, in any case; any name where they are not known."""

    def read(shown: str, text: str, place: Place | None, problems: Problems) -> Value | None:
        if values is None:
            return Value(text, "")
        found = next((value for value in values if value.name.casefold() == text.casefold()), None)
        if found is None:
            names = [value.name for value in values]
            are = said("values are {words}", words=either(names)) if names else said("this study doses by none: leave it out")
            problems.error(said("{shown} is no value that the study declares", shown=shown), place, perhaps(text, names) or are)
        return found

    return read


def _number(shown: str, text: str, place: Place | None, problems: Problems, what: str, hint: str, unit: str) -> Decimal | None:
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        problems.error(said("{shown} has a decimal comma", shown=shown), place, said("write `{number}`", number=text.replace(",", ".")))
    elif with_unit := re.fullmatch(rf"(?i)([0-9]{{1,12}}(?:[.,][0-9]{{1,12}})?)\s*{unit}", text):
        hint = said("write `{number}`: the unit is always {unit}", number=with_unit[1].replace(",", "."), unit=unit)
        problems.error(said("{shown} is not {what}", shown=shown, what=what), place, hint)
    elif not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", text):
        problems.error(said("{shown} is not {what}", shown=shown, what=what), place, hint)
    else:
        return Decimal(text)
    return None


def exposure(product: str) -> Reader[Exposure]:
    """A reader of how much of a product a subject had before the study: `40 mg/m2`, `100 mg`."""

    def read(shown: str, text: str, place: Place | None, problems: Problems) -> Exposure | None:
        try:
            found = doses.amount(Scalar(text, Place(Document("", text), 0, len(text))))
        except PhraseError as error:
            problems.error(said("{shown}: {message}", shown=shown, message=error.problem.message), place, error.problem.hint)
            return None
        return Exposure(product, found.amount, found.unit, found.per, place)

    return read


def amount(shown: str, text: str, place: Place | None, problems: Problems) -> Decimal | None:
    """An amount of drug, as it is written: 0 or more, with at most six decimals."""
    if comma := re.fullmatch(r"([0-9]+),([0-9]+)", text):
        thousands = len(comma[2]) == 3 and not comma[1].startswith("0")
        hint = said("write `{number}`", number=f"{comma[1]}.{comma[2]}")
        if thousands:
            number, whole = _no_thousands(comma[1], comma[2]), comma[1] + comma[2]
            hint = said("write `{number}`, or `{whole}` if the comma is between thousands", number=number, whole=whole)
        problems.error(said("{shown} has a decimal comma", shown=shown), place, hint)
    elif re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?[eE]\+[0-9]{1,2}", text):  # a person types `5E9`, without the sign
        hint = said("write the number out, for example `{number}`", number=f"{Decimal(text):f}")
        problems.error(said("{shown} is shortened by a spreadsheet", shown=shown), place, hint)
    elif not re.fullmatch(r"[0-9]{1,21}(\.[0-9]{1,12})?|[0-9]{1,9}(\.[0-9]{1,9})?[eE](?:0?[0-9]|1[0-2])", text):
        hint = said("write a plain number, 0 or more, for example `500` or `0.25`; the unit has its own column")
        problems.error(said("{shown} is not an amount", shown=shown), place, hint)
    elif Decimal(text) % Decimal("0.000001"):
        hint = said("write `{number}`", number=str(Decimal(text).quantize(Decimal("0.000001"))))
        problems.error(said("{shown} has more than six decimals", shown=shown), place, hint)
    else:
        return Decimal(text)
    return None


def one_line(shown: str, text: str, place: Place | None, problems: Problems) -> str:
    """A text without line breaks, and with one space where there are several."""
    return " ".join(text.split())


def _no_thousands(whole: str, decimals: str) -> str:
    """The number with as many decimals as thousands never have: `1.5` for 1.500, `1.2340` for 1.234."""
    short = decimals.rstrip("0") or "0"
    return f"{whole}.{short}" + ("0" if len(short) == 3 else "")


def day(shown: str, text: str, place: Place | None, problems: Problems) -> dt.date | None:
    """A day with the year first, `2025-01-06`, or in the way of spreadsheets `2025/1/6`, `2025.1.6`, `2025年1月6日`; or with the month's
    English name, `06-Jan-2025`, `06JAN2025`. An hour beside it is not looked at."""
    found = moment(shown, text, place, problems)
    return found[0] if found is not None else None


def moment(shown: str, text: str, place: Place | None, problems: Problems) -> tuple[dt.date, dt.time | None] | None:
    """The same with the hour beside it, to the minute: `2025-01-06T09:30`. Midnight is none: programs write it to every day."""
    on, clock, zone = text, "0:0", None
    if match := _HOUR.fullmatch(text):
        on, clock, zone = match.groups()
    named = _NAMED.fullmatch(on)
    numbers = _DAY.fullmatch(on)
    if zone:
        hint = said("the day may be another one there: write day and hour of the place, without a zone")
        problems.error(said("{shown} has a time zone", shown=shown), place, hint)
    elif named is not None and named[2].casefold() in _MONTHS:
        return _moment(shown, int(named[3]), _MONTHS[named[2].casefold()], int(named[1]), clock, place, problems)
    elif numbers is not None:
        year, month, date = (int(part) for part in numbers.groups() if part and part.isdigit())
        return _moment(shown, year, month, date, clock, place, problems)
    elif _PARTIAL.fullmatch(on):
        hint = said("nothing can be counted from it: write the whole day, `2025-01-06`")
        problems.error(said("{shown} is a date without its day", shown=shown), place, hint)
    else:
        problems.error(said("{shown} is not a date with the year first", shown=shown), place, date_hint(on))
    return None


def hour(shown: str, text: str, place: Place | None, problems: Problems) -> dt.time | None:
    """A time of day to the minute, in a cell of its own: `09:30`, `9:30`, `09:30:00`. Midnight is one here."""
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})(?::[0-9]{2}(?:\.[0-9]+)?)?", text)
    try:
        if found is not None:
            return dt.time(int(found[1]), int(found[2]))
    except ValueError:
        found = None
    hint = said("write it on a clock of 24 hours, for example `09:30`, without a zone")
    problems.error(said("{shown} is not a time of day", shown=shown), place, hint)
    return None


def _moment(
    shown: str, year: int, month: int, date: int, clock: str, place: Place | None, problems: Problems
) -> tuple[dt.date, dt.time | None] | None:
    try:
        on = dt.date(year, month, date)
    except ValueError:
        problems.error(said("{shown}: there is no such day", shown=shown), place, said("check the month and the day"))
        return None
    try:
        hour, minute = clock.split(":")
        at = dt.time(int(hour), int(minute))
    except ValueError:
        hint = said("write it on a clock of 24 hours, `2025-01-06 09:30`, or leave it out")
        problems.error(said("{shown}: there is no such hour", shown=shown), place, hint)
        return None
    return on, at if at != dt.time() else None


def date_hint(text: str) -> str:
    """What to write instead of a text that is not YYYY-MM-DD: the same day, where only one day can be meant, and if there is one."""
    narrow = unicodedata.normalize("NFKC", text)
    if (match := _NAMED.fullmatch(narrow)) and match[2].casefold() in _MONTHS:
        return said("write `{number}`", number=f"{match[3]}-{_MONTHS[match[2].casefold()]:02}-{int(match[1]):02}")
    if re.fullmatch(r"[0-9]{1,2}[- ]?[A-Za-z]{3,9}[- ]?[0-9]{2}", narrow):
        return said("write the year with four digits: `2025-01-06`")
    if match := re.fullmatch(r"(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?", narrow):
        return _that_day(match[1], int(match[2]), int(match[3]))
    if (match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", narrow)) and max(int(match[1]), int(match[2])) > 12:
        month, day = sorted((int(match[1]), int(match[2])))
        return _that_day(match[3], month, day)
    if (match := re.fullmatch(r"(\d{4})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", narrow)) is not None:
        return _that_day(match[1], int(match[2]), int(match[3]))
    if re.fullmatch(r"[2-6]\d{4}", narrow):
        return said("it seems to be the number that a spreadsheet gives a day; format the cell as a date")
    if re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}", narrow):
        return said("day and month cannot be told apart; write it as YYYY-MM-DD")
    return said("write it as YYYY-MM-DD, for example `2025-01-06`")


def _that_day(year: str, month: int, day: int) -> str:
    try:
        return said("write `{number}`", number=str(dt.date(int(year), month, day)))
    except ValueError:
        return said("there is no such day: check the month and the day, and write it as YYYY-MM-DD")
