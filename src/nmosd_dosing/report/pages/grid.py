"""The schedule of activities as a page for people, a grid for each period."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.report.pages.layout import Grid, Named, Page
from nmosd_dosing.report.pages.page import site_lines, text
from nmosd_dosing.study.activities import MARK, Activities, heading_rows, title_of_grids
from nmosd_dosing.study.model import Study


def grid_page(study: Study, grids: Sequence[Activities]) -> RenderableType:
    """Each period: visits as columns, below them doses and assessments, and footnotes by letter."""
    parts: list[RenderableType] = [text(title_of_grids(study), style="bold"), *site_lines(study.site)]
    for grid in grids:
        parts += [Text.assemble("\n", text(grid.title, style="bold underline"))]
        parts += [Text(), _grid(grid) if grid.columns else text("no visits")]
        if grid.footnotes:
            parts += [Text(), Named([(text(letter, style="dim"), text(words)) for letter, words in grid.footnotes])]
    return Page(*parts)


def _grid(grid: Activities) -> Grid:
    above = heading_rows(grid)
    rows = [[text(name, style="dim"), *(text(cell) for cell in cells)] for name, cells in above]
    rows += [[text(row.title), *(Text(MARK if at else "", style="bold") for at in row.at)] for row in grid.rows]
    return Grid(rows, rule=len(above))
