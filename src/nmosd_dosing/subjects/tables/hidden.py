"""Parts of a document that no message may show: they are blanked, and places in the document become places in what is left."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace

from nmosd_dosing.errors import Document, Place, Problem

BLANK = "…"


@dataclass(frozen=True, slots=True)
class Blanks:
    """A document and the same with blanks. Of each blank, in order: where it begins and ends in the one and in the other."""

    document: Document
    left: Document
    begins: list[int]
    ends: list[int]
    left_begins: list[int]
    left_ends: list[int]

    def place(self, start: int, end: int) -> Place:
        """A place of the document, in what is left of it; within a blank it is the blank."""
        return Place(self.left, self._at(start, self.left_begins), self._at(end, self.left_ends))

    def problem(self, problem: Problem, known: Collection[str]) -> Problem:
        """A problem with a place in the document; what it is about, it names only where it is not blanked, or among `known` words."""
        place = problem.place
        if place is None or place.document is not self.document:
            return problem
        message, i = problem.message, bisect.bisect_right(self.begins, place.start) - 1
        if i >= 0 and place.start < self.ends[i]:
            message = re.sub("`([^`]*)`", lambda found: found[0] if found[1] in known else f"`{BLANK}`", message)
        return replace(problem, message=message, place=self.place(place.start, place.end))

    def _at(self, at: int, within: list[int]) -> int:
        i = bisect.bisect_right(self.begins, at) - 1
        if i < 0:
            return at
        if self.begins[i] < at < self.ends[i]:
            return within[i]
        return self.left_begins[i] if at == self.begins[i] else at - self.ends[i] + self.left_ends[i]


def blank(document: Document, spans: Iterable[tuple[int, int]]) -> Blanks:
    """The document without some spans, which stand in order and apart. Its lines keep their numbers, and every blank is as wide as any
    other."""
    pieces, at, length = list[str](), 0, 0
    found = Blanks(document, document, [], [], [], [])
    for begin, end in spans:
        if begin == end:
            continue
        hole = BLANK + "\n" * document.text.count("\n", begin, end)
        pieces += [document.text[at:begin], hole]
        length += begin - at
        found.begins.append(begin)
        found.ends.append(end)
        found.left_begins.append(length)
        found.left_ends.append(length + len(hole))
        at, length = end, length + len(hole)
    return replace(found, left=replace(document, text="".join([*pieces, document.text[at:]])))


def other_cells(text: str, at: int, end: int, separator: str, keep: Callable[[int, list[str]], bool]) -> Iterable[tuple[int, int]]:
    """The spans of the cells that `keep(number, cells)` does not keep, in a line that may have too few cells or too many."""
    cells = text[at:end].split(separator)
    for number, cell in enumerate(cells):
        begin = at + len(cell) - len(cell.lstrip())
        if not keep(number, cells):
            yield begin, max(begin, at + len(cell.rstrip()))
        at += len(cell) + 1
