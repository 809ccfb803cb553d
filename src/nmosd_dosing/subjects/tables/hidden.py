"""Cells that no message may show: who reads it may be blinded, and an arm, a product or an amount would tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import HOLE, Document, Problem, one_of


class Hidden(Struct, frozen=True):
    """Columns of which no message shows what stands in them. `whole`: an empty cell, a quotation mark, or how many cells a line has would
    tell as well."""

    columns: tuple[str, ...] = ()
    whole: bool = False


NOTHING = Hidden()
ARMS = Hidden(("arm",))  # that somebody has none is said
# of records: what may tell which product it was
MASKED = Hidden(("product", "amount", "amount_per_day", "unit", "batch", "reason", "comment"), whole=True)
_RULES = {
    "amount": f"an amount is a plain number, 0 or more, with its unit beside it: {one_of(UNITS)}; of a visit that was missed there is none",
    "amount_per_day": "an amount a day is a plain number, with a unit and the last day beside it, and without an amount in all",
    "unit": f"a unit stands beside an amount, and is {one_of(UNITS)}",
    "batch": "a batch has at most 200 characters, in one line",
}


def silent(problem: Problem, document: Document, column: Callable[[int], str | None], known: Collection[str]) -> Problem:
    """A problem of a document as it may be told: of a hidden cell of records only what the column takes, and of another one only `known`
    words. `column`: of a character, the column of its row in which it stands."""
    place = problem.place
    if place is None or place.document is not document or document.hidden is None:
        return problem
    name = column(place.start)
    if name in _RULES:
        return replace(problem, message=f"this `{name}` cannot be taken; it may tell the arm, and is not shown", hint=_RULES[name], also=())
    spans = document.hidden(*document.line_at(place))
    if not any(first <= place.start < last for first, last in spans):
        return problem
    message = re.sub("`([^`]*)`", lambda found: found[0] if found[1] in known else f"`{HOLE}`", problem.message)
    return replace(problem, message=message)


def other_cells(text: str, at: int, end: int, separator: str, keep: Callable[[int, list[str]], bool]) -> Iterator[tuple[int, int]]:
    """The spans of the cells that `keep(number, cells)` does not keep, in a line that may have too few cells or too many."""
    cells = text[at:end].split(separator)
    for number, cell in enumerate(cells):
        begin = at + len(cell) - len(cell.lstrip())
        if not keep(number, cells):
            yield begin, max(begin, at + len(cell.rstrip()))
        at += len(cell) + 1
