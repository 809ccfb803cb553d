"""The table of what people had before the study: `subject, what, from, to, amount, unit, for, comment`, or a CM table of SDTM.

A date may lack its day, or its month, as it does where people remember: it is taken as widely as it may be, so that it bars the longest
and proves the least.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Sequence

from msgspec import Struct

from nmosd_dosing.errors import Place, Problems, clip
from nmosd_dosing.sentences import said
from nmosd_dosing.subjects.had import ONGOING, Had
from nmosd_dosing.subjects.tables import cells, reading
from nmosd_dosing.subjects.tables.headings import Layout
from nmosd_dosing.subjects.tables.subject_table import needs_code
from nmosd_dosing.subjects.tables.table import Cell, stop

_ONGOING = frozenset(
    {ONGOING, "on going", "continuing", "continues", "going on", "present", "today", "继续", "持续", "至今", "进行中", "使用中"}
)
_YES = {"y": True, "yes": True, "是": True, "n": False, "no": False, "否": False}
_PARTIAL = re.compile(r"([0-9]{4})(?:[-/.年]([0-9]{1,2})月?|年|-{1,2})?(?:-(?:-+)?|-?UNK?)?")
_OPTIONAL = ("subject", "to", "amount", "amount_per_day", "unit", "for", "had", "comment")


class _Days(Struct, frozen=True):
    """The first and the last day that a date may be; `ongoing` instead of a date."""

    first: dt.date | None = None
    last: dt.date | None = None
    ongoing: bool = False

    @property
    def partial(self) -> bool:
        return self.first != self.last


def read(content: bytes, path: str, layout: Layout | None = None) -> list[tuple[Cell | None, Had]]:
    """What was had, and what was not (`Had.not_had`), each with whose it is: None where no column says it. Raises InputError with the first
    hundred problems."""
    problems = Problems()
    table = reading.read(content, path, ("what", "from"), _OPTIONAL, problems, layout=layout)
    codes: Sequence[Cell | None] = [None] * len(table)
    if "subject" in table.columns:
        needs_code(table, problems)
        codes = table.cells("subject")
    hint = said("write a drug, a vaccine, or what else it was; `nothing` where there was none")
    table.needs("what", said("not said what was had"), hint, problems)
    begins, ends = table.values("from", _days, problems), table.values("to", _days, problems)
    amounts, daily = table.numbers("amount", cells.amount, problems), table.numbers("amount_per_day", cells.amount, problems)
    had, comments = table.values("had", _was_had, problems), table.values("comment", cells.one_line, problems)
    found: list[tuple[Cell | None, Had]] = []
    for row, (begin, end, place) in enumerate(zip(begins, ends, table.rows(), strict=True)):
        what = " ".join(table.texts["what"][row].split())
        first = begin.first if begin is not None else None
        last = end.last if end is not None else None
        if first is not None and last is not None and last < first:
            wrong = said("`{text}` is before its first day, {first}", text=clip(table.texts["to"][row]), first=str(first))
            table.error(row, "to", wrong, said("exchange the two, or mend one of them"), problems)
            continue
        if begin is not None and begin.ongoing:
            wrong = said("`{text}` is no first day", text=clip(table.texts["from"][row]))
            table.error(row, "from", wrong, said("write it into `to`"), problems)
            continue
        if not what:
            continue
        found.append((codes[row], Had(
            what, first, last, ongoing=end is not None and end.ongoing, amount=amounts[row], amount_per_day=daily[row],
            unit=" ".join(table.texts["unit"][row].split()), purpose=" ".join(table.texts["for"][row].split()),
            first_at_latest=begin.last if begin is not None and begin.partial else None,
            last_at_earliest=end.first if end is not None and end.partial else None, not_had=had[row] is False,
            place=place, comment=comments[row],
        )))  # fmt: skip
    stop(problems.in_order(), more=problems.more)
    return found


def _days(shown: str, text: str, place: Place | None, problems: Problems) -> _Days | None:
    """A day, or the days that a month or a year has."""
    if text.casefold() in _ONGOING:
        return _Days(ongoing=True)
    match = _PARTIAL.fullmatch(text)
    if match is None:
        day = cells.day(shown, text, place, problems)
        return _Days(day, day) if day is not None else None
    year, month = int(match[1]), int(match[2]) if match[2] else None
    if not year or (month is not None and not 1 <= month <= 12):
        problems.error(said("{shown}: there is no such month", shown=shown), place, said("check it, and write it as `2025-01`"))
        return None
    last = month if month is not None else 12
    return _Days(dt.date(year, month or 1, 1), dt.date(year, last, calendar.monthrange(year, last)[1]))


def _was_had(shown: str, text: str, place: Place | None, problems: Problems) -> bool | None:
    if text.casefold() not in _YES:
        problems.error(said("{shown} does not say whether it was had", shown=shown), place, said("write `Y` or `N`"))
    return _YES.get(text.casefold())
