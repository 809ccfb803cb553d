"""Where SDTM says otherwise what our tables say: the amount of one dose, not of a visit; whether it took place as Y or N."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from nmosd_dosing.errors import Place, Problems, argument
from nmosd_dosing.subjects.subject import RecordStatus
from nmosd_dosing.subjects.tables.headings import Layout, plain
from nmosd_dosing.subjects.tables.table import Table

_DOSE, _HOW_OFTEN = "EXDOSE", "EXDOSFRQ"  # of one dose, also where a row is of many; and how many these are on a day
_OCCURRED = re.compile("[a-z]{2}occur")


def check_of_each_dose(
    table: Table, dates: Sequence[dt.date | None], lasts: Sequence[dt.date | None], layout: Layout | None, problems: Problems
) -> None:
    """Of several doses SDTM has the amount of each, and an amount here is of all. Where a column says how often a day, its cells are not
    looked at: the rows named would tell the arm."""
    if "amount" in table.said or plain(table.names.get("amount", "")) != plain(_DOSE):
        return
    if layout is not None and any(plain(name) == plain(_HOW_OFTEN) for name in layout.ignored):
        message = f"`{_DOSE}` is of one dose, and `{_HOW_OFTEN}` says how often it is given, which is not read"
        said = argument("column", f"amount={_DOSE}")
        place = Place(table.document, table.heading, table.heading + 1)
        problems.error(message, place, f"where no row is of more than one dose, say so: `{said}`")
        return
    for row, (date, last) in enumerate(zip(dates, lasts, strict=True)):
        if date is not None and last is not None and last > date:  # also where the amount is 0: else the rows named would tell the arm
            message = f"`{_DOSE}` is of one dose, and this row is of several days"
            said = argument("column", f"amount_per_day={_DOSE}")
            table.error(row, "last", message, f"where there is one dose a day, say so: `{said}`", problems)


def says_occurrence(table: Table) -> bool:
    """Whether the status of a table is in `SVOCCUR` or `EXOCCUR`, or in that of another domain (`ECOCCUR`) of which it was said."""
    return _OCCURRED.fullmatch(plain(table.names.get("status", ""))) is not None


def occurred(shown: str, text: str, place: Place | None, problems: Problems) -> RecordStatus | None:
    """What `Y` and `N` say of a visit."""
    found: dict[str, RecordStatus] = {"y": "done", "n": "missed"}
    if text.lower() not in found:
        problems.error(f"{shown} does not say whether it took place", place, "write `Y` or `N`")
    return found.get(text.lower())
