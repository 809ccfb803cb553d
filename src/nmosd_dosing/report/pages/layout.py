"""How a page is laid out for a width: nothing on it is cut, and no word torn that fits on a line.

A page does not know where it is shown: its parts ask for the width when they are. A table whose columns do not fit becomes blocks, a
line `heading: value` for each cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

from rich.console import Console, ConsoleOptions, RenderableType
from rich.text import Text

from nmosd_dosing.screen import columns, cuts, for_terminal, hanging, longest

_PROSE = 20  # columns that a text of several words has at least, where it has so many
_FOLDED = 10  # columns of a terminal that a column of a grid has at most, where its words are no longer
_GAP = "  "  # between two columns
_UNDER = "    "  # before what stands under its row
Row = Sequence[Text]


class Page:
    """Parts below each other; each text among them is folded."""

    def __init__(self, *parts: RenderableType) -> None:
        self.parts = parts

    @property
    def lines(self) -> list[str]:
        """What stands on the page beside its tables, the title first."""
        return [part.plain for part in self.parts if isinstance(part, Text) and part.plain]

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        for part in self.parts:
            if isinstance(part, Text):
                yield from folded(shown(part, options), options.max_width)
            else:
                yield part


class Table:
    """Rows below headings, or blocks of `heading: value` with an empty line between them where a row does not fit.

    Only headings and the columns in `wraps` fold. Of those in `once` a cell that says the same as the one above it is left empty; a
    block has it all the same. Where a row does not fit, as many of the columns in `below` as it takes, the first ones first, stand under
    it as `heading: value`. In a block the value of `bold` alone is bold. A column without a heading, None, is left out of every row.
    """

    def __init__(
        self, *columns: str | None, right: Iterable[str] = (), wraps: Iterable[str] = (), once: Iterable[str] = (),
        below: Sequence[str] = (), bold: str = "",
    ) -> None:  # fmt: skip
        self._shown = [heading is not None for heading in columns]
        headings = [heading for heading in columns if heading is not None]
        self._headings = [Text(heading, style="bold") for heading in headings]
        self._right, self._wraps, self._once = ([heading in some for heading in headings] for some in (set(right), set(wraps), set(once)))
        self._bold = [heading == bold for heading in headings]
        self._below = [headings.index(heading) for heading in below if heading in headings]
        self._rows: list[Row] = []

    def add_row(self, *cells: Text) -> None:
        self._rows.append([cell for cell, is_shown in zip(cells, self._shown, strict=True) if is_shown])

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        headings = [shown(heading, options) for heading in self._headings]
        rows = [[shown(cell, options) for cell in row] for row in self._rows]
        for moved in range(len(self._below) + 1):
            under = sorted(self._below[:moved])
            beside = [i for i in range(len(headings)) if i not in under]
            widths = self._widths([[row[i] for i in beside] for row in (headings, *rows)], beside, options.max_width)
            if widths is not None:
                yield from self._side_by_side(headings, rows, beside, widths, under, options.max_width)
                return
        yield from _blocks(headings, rows, self._bold, options.max_width)

    def _widths(self, rows: Sequence[Row], beside: Sequence[int], width: int) -> list[int] | None:
        """What each of the columns that stand `beside` each other gets; None where they do not fit."""
        by_column = list(zip(*rows, strict=True))
        natural = [max(columns(line) for cell in column for line in cell.plain.split("\n")) for column in by_column]
        least = []
        for size, number, (heading, *cells) in zip(natural, beside, by_column, strict=True):
            wraps = self._wraps[number]
            words = max(longest(cell.plain) for cell in (heading, *cells))
            whole = max((columns(line) for cell in cells for line in cell.plain.split("\n")), default=0)
            least.append(min(size, max(_PROSE, words)) if wraps else max(whole, words))
        room = width - len(_GAP) * (len(natural) - 1)
        if sum(least) > room:
            return None
        while (too_wide := sum(natural) - room) > 0:
            widest = max((i for i, size in enumerate(natural) if size > least[i]), key=lambda i: natural[i])
            natural[widest] -= min(too_wide, max(1, (natural[widest] - least[widest]) // 4))
        return natural

    def _side_by_side(
        self, headings: Row, rows: Sequence[Row], beside: Sequence[int], widths: Sequence[int], under: Sequence[int], width: int
    ) -> Iterator[Text]:  # fmt: skip
        right = [self._right[i] for i in beside]
        yield from _lines([headings[i] for i in beside], widths, right)
        yield _rule(widths)
        above: Row = [Text()] * len(headings)
        for row in rows:
            said = [self._once[i] and row[i].plain == above[i].plain for i in beside]
            yield from _lines([Text() if same else row[i] for same, i in zip(said, beside, strict=True)], widths, right)
            for number in under:
                if row[number].plain:
                    yield from (Text(_UNDER) + line for line in folded(_said(headings[number], row[number]), width - len(_UNDER), 2))
            above = row


class Grid:
    """Columns that belong together, each row with a name: as many of them side by side as fit, the others below, with the names again.

    All cells fold between words. Where not even one column fits beside the names, each becomes a block of `name: value`.
    """

    def __init__(self, rows: Sequence[Row], rule: int = 1) -> None:
        """`rule`: how many of the rows are above the line."""
        self._rows, self._rule = rows, rule

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        names, *others = [[shown(cell, options) for cell in column] for column in zip(*self._rows, strict=True)]
        beside = _grid_width(names, options.max_width // 2)
        widths = [_grid_width(column, _FOLDED) for column in others]
        room = options.max_width - beside
        if any(width + len(_GAP) > room for width in widths):
            for number, column in enumerate(others):
                if number:
                    yield Text()
                for name, cell in zip(names, column, strict=True):
                    if cell.plain:
                        yield from folded(_said(name, cell), options.max_width)
            return
        start = 0
        while start < len(others):
            end, taken = start, 0
            while end < len(others) and taken + widths[end] + len(_GAP) <= room:
                taken += widths[end] + len(_GAP)
                end += 1
            if start:
                yield Text()
            block = [beside, *widths[start:end]]
            for number, row in enumerate(zip(names, *others[start:end], strict=True)):
                if number == self._rule:
                    yield _rule(block)
                yield from _lines(row, block, [False] * len(block))
            start = end


def _rule(widths: Sequence[int]) -> Text:
    return Text("─" * (sum(widths) + len(_GAP) * (len(widths) - 1)))


def _lines(row: Row, widths: Sequence[int], right: Sequence[bool]) -> Iterator[Text]:
    """The lines of a row, as many as its highest cell has."""
    cells = [folded(cell, width, 0) for cell, width in zip(row, widths, strict=True)]
    for parts in itertools.zip_longest(*cells, fillvalue=Text()):
        line = Text()
        for place, (part, width, at_right) in enumerate(zip(parts, widths, right, strict=True)):
            room = " " * (width - columns(part.plain))
            line = Text.assemble(line, _GAP if place else "", room if at_right else "", part, "" if at_right else room)
        line.rstrip()
        yield line


def _grid_width(cells: Sequence[Text], folds_at: int) -> int:
    """What a column of a grid gets: its widest cell, or where it is wider than it need be, the width at which it folds; never less than
    what belongs together takes."""
    natural = max((columns(cell.plain) for cell in cells), default=0)
    return max([min(natural, folds_at), *(longest(cell.plain) for cell in cells)])


class Named:
    """Names and what is to be said of each: side by side, the values folded; as `name: value` where there is no room for both."""

    def __init__(self, rows: Iterable[Row], indent: int = 0) -> None:
        self._rows, self._indent = list(rows), indent

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[Text]:
        rows = [[shown(cell, options) for cell in row] for row in self._rows]
        margin = Text(" " * self._indent)
        at = self._indent + max((columns(name.plain) for name, _ in rows), default=0) + 2
        if options.max_width - at < max([_PROSE, *(longest(value.plain) for _, value in rows)]):
            for name, value in rows:
                yield from folded(margin + _said(name, value), options.max_width)
            return
        for name, value in rows:
            lines = folded(value, options.max_width - at, 0)
            beside = [margin + name, *[Text()] * (len(lines) - 1)]
            for left, line in zip(beside, lines, strict=True):
                yield left + Text(" " * (at - columns(left.plain))) + line if line.plain else left


def folded(words: Text, width: int, hang: int | None = None) -> list[Text]:
    """The lines of a text, each no wider than the width; further ones are indented as those of messages are, or by `hang` columns."""
    lines = []
    for line in words.split("\n", allow_blank=True):
        indent = hanging(line.plain, width) if hang is None else hang
        first, *others = line.divide(cuts(line.plain, width, indent))
        lines += [first, *(Text(" " * indent) + part for part in others)]
    for line in lines:
        line.rstrip()
    return lines


def shown(words: Text, options: ConsoleOptions) -> Text:
    """The text; on a terminal without what would reorder its characters."""
    if not options.is_terminal or words.plain.isascii() or for_terminal(words.plain) == words.plain:
        return words
    parts = words.divide(range(1, len(words)))
    for part in parts:
        part.plain = for_terminal(part.plain)
    return Text("").join(parts)


def _blocks(headings: Row, rows: Sequence[Row], bold: Sequence[bool], width: int) -> Iterator[Text]:
    """A block for each row. A cell that says nothing is left out, unless its whole column does."""
    said = [not rows or any(row[i].plain for row in rows) for i in range(len(headings))]
    for number, row in enumerate(rows or [[Text()] * len(headings)]):
        if number:
            yield Text()
        for heading, cell, some, strong in zip(headings, row, said, bold, strict=True):
            if cell.plain or not some or not rows:
                yield from folded(_said(heading, _in_bold(cell) if strong else cell), width)


def _in_bold(cell: Text) -> Text:
    bold = cell.copy()
    bold.stylize("bold")
    return bold


def _said(name: Text, value: Text) -> Text:
    """`heading: value`, in which the heading does not stand out; the value alone where nothing is above it. Further lines of a value are
    indented."""
    whole = Text("\n  ").join(value.split("\n", allow_blank=True))
    return Text(f"{name.plain}: ") + whole if name.plain else whole
