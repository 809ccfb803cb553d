"""What people had before the study: options and a table to values; and their days before day 1."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import collected
from nmosd_dosing.cli.options import HistoryOptions
from nmosd_dosing.cli.tables import Tables
from nmosd_dosing.errors import Document, Place, Problems, clip
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.clocks import half_life
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.criteria import plain_name
from nmosd_dosing.subjects.had import NOTHING, Had, Past
from nmosd_dosing.subjects.tables import history_table
from nmosd_dosing.subjects.tables.table import Cell

_DOSED = re.compile(r"(.+?)\s+([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*mg\s*(?:/\s*d(?:ay)?|(?:daily|a day|per day))", re.I)


def read_had(texts: Sequence[str], problems: Problems) -> Past:
    """What one subject had, as it was typed: `WHAT=DATE`, `WHAT=FROM..TO` with either end left out, or `nothing`."""
    found = [had for text in texts if (had := _had(text, problems)) is not None]
    nothing = any(text.strip().casefold() == NOTHING for text in texts)
    if nothing and len(texts) > 1:
        problems.error(f"`--had {NOTHING}` beside something", None, "leave one of the two out")
    return Past(tuple(found), told=bool(texts))


def _had(text: str, problems: Problems) -> Had | None:
    if text.strip().casefold() == NOTHING:
        return None
    what, equals, when = (part.strip() for part in text.rpartition("="))
    if not equals or not what or not when:
        hint = _with_its_day(text) or f'write for example `--had "{clip(what or when) or "rituximab"}=2024-05-01"`, or `--had {NOTHING}`'
        problems.error(f"`--had {clip(text)}` does not say what, and when", None, hint)
        return None
    what, _, purpose = (part.strip() for part in what.partition(" for "))
    daily = None
    unit = ""
    if match := _DOSED.fullmatch(what):
        what, daily, unit = match[1], Decimal(match[2]), "mg"
    begin, dots, end = (part.strip() for part in when.partition(".."))
    if not dots and (said := _from_to(when)):
        problems.error(f"`--had {clip(text)}` is not written as days from and to", None, f'write `--had "{clip(what)}={said}"`')
        return None
    if not dots and (days := _of_month_or_year(begin)):
        name, (earliest, latest) = " ".join(what.split()), days
        return Had(name, earliest, latest, False, None, daily, unit, purpose, first_at_latest=latest, last_at_earliest=earliest)
    if re.fullmatch(r"(?i)ongoing|now|present|continuing", when):
        hint = "write since when, with two dots behind it: `--had WHAT=2023-01-01..`, `2023-01..`, `2023..`"
        problems.error(f"`--had {clip(text)}` does not say since when", None, hint)
        return None
    begins, ends = (_of_month_or_year(each) for each in (begin, end))
    first = begins[0] if begins else arguments.date(f"--had {clip(what)}=", begin, problems) if begin else None
    last = ends[1] if ends else arguments.date(f"--had {clip(what)}={begin}..", end, problems) if end else None
    if (begin and first is None) or (end and last is None):
        return None
    if not dots:
        last = first
    elif first is None and last is None:
        problems.error(f"`--had {clip(text)}` has no day", None, "write the first or the last one: `2023-01-01..`, `..2024-11-20`")
        return None
    if first is not None and last is not None and last < first:
        problems.error(f"`--had {clip(text)}` ends before it begins", None, "exchange the two days, or mend one of them")
        return None
    return Had(
        " ".join(what.split()), first, last, ongoing=bool(dots) and last is None, amount_per_day=daily, unit=unit, purpose=purpose,
        first_at_latest=begins[1] if begins else None, last_at_earliest=ends[0] if ends else None,
    )  # fmt: skip


_DAY = r"[0-9]{4}(?:-[0-9]{2}){0,2}"
_TO = r"\s*(?:to|until|till|through|bis|-|–|—|~|/)\s*"


def _from_to(when: str) -> str | None:
    """`2023-01-01 to 2024-11-20` or `ongoing since 2023-01-01` as it is typed; None of what says no such thing."""
    if match := re.fullmatch(rf"(?:from\s+)?({_DAY}){_TO}({_DAY})", when):
        return f"{match[1]}..{match[2]}"
    goes_on = r"(?:ongoing|now|present|today|continuing)"
    since = rf"(?:{goes_on}\s+)?(?:since|from)\s+({_DAY})|({_DAY})(?:{_TO}|\s*,?\s*){goes_on}"
    if match := re.fullmatch(since, when):
        return f"{match[1] or match[2]}.."
    if match := re.fullmatch(rf"(?:until|till|to|up to)\s+({_DAY})", when):
        return f"..{match[1]}"
    return None


def _with_its_day(text: str) -> str | None:
    """A hint for `rituximab 2024-09-01`, in which only the `=` is missing."""
    if "=" in text:
        return None
    match = re.fullmatch(rf"\s*(\S.*?)[\s:,]+((?:from\s+|since\s+|until\s+)?{_DAY}\b.*?)\s*", text)
    if match is None:
        return None
    when = match[2] if re.fullmatch(rf"{_DAY}(?:\.\.(?:{_DAY})?)?", match[2]) else _from_to(match[2])
    return f'write `--had "{clip(match[1])}={when}"`' if when else None


def _of_month_or_year(text: str) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of a month or a year, `2024-05`, `2024`; None of any other text."""
    match = re.fullmatch(r"([0-9]{4})(?:-(0[1-9]|1[0-2]))?", text)
    if match is None or not int(match[1]):
        return None
    year, first, last = int(match[1]), int(match[2] or 1), int(match[2] or 12)
    return dt.date(year, first, 1), dt.date(year, last, calendar.monthrange(year, last)[1])


def read_half_lives(texts: Sequence[str], problems: Problems) -> dict[str, Fraction]:
    """Half-lives in days, by name: `ocrelizumab=26d`."""
    found: dict[str, Fraction] = {}
    for text in texts:
        what, equals, length = (part.strip() for part in text.rpartition("="))
        if not equals or not what:
            hint = "write for example `--half-life ocrelizumab=26d`"
            problems.error(f"`--half-life {clip(text)}` is not a drug and a length", None, hint)
            continue
        try:
            days, _ = half_life(Scalar(length, Place(Document("", length or " "), 0, max(1, len(length)))))
        except PhraseError as error:
            problems.error(f"`--half-life {clip(text)}`: {error.problem.message}", None, error.problem.hint)
            continue
        if plain_name(what) in {plain_name(name) for name in found}:
            problems.error(f"`--half-life {clip(what)}` is given twice", None, "keep one of them")
        found[what] = days
    return found


def read_table(asked: HistoryOptions, tables: Tables | None, problems: Problems) -> list[tuple[Cell | None, Had]] | None:
    """The rows of the table that say what was had; None where there is none, or where it cannot be read."""
    path = asked.history
    if path is None or tables is None:
        return None
    rows = collected(problems, lambda: tables.read("history", path, history_table.read))
    return [row for row in rows if not row[1].not_had] if rows is not None else None
