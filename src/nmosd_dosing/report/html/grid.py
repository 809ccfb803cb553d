"""The schedule of activities as a page that stands alone: a table for so many visits as a sheet of paper holds, and footnotes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nmosd_dosing.report.html.document import Markup, document, element, table, wide
from nmosd_dosing.sentences import Say, english, said
from nmosd_dosing.study.activities import MARK, Activities, heading_rows, title_of_grids
from nmosd_dosing.study.model import Study

_MOST = 10  # visits side by side on A4, landscape
CSS = """
.grid table { width: auto; font-size: .9rem; }
.grid th, .grid td { min-width: 4.5rem; overflow-wrap: normal; }
.grid tbody th { min-width: 11rem; max-width: 20rem; font-weight: 400; }
.mark { font-weight: 600; }
.grid .wide + .wide { margin-top: 1.2rem; }
.grid dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem .7rem; font-size: .9rem; }
.grid dt { font-weight: 600; }
.grid dd { margin: 0; }
"""


def grid_html(study: Study, grids: Sequence[Activities]) -> str:
    """Each period with its visits as columns; masked, as the study blinds it."""
    title = title_of_grids(study)
    return document(title, [element("h1", title), grid_parts(study, grids)], css=CSS, landscape=True)


def grid_parts(study: Study, grids: Sequence[Activities], say: Say = english) -> Markup:
    """What stands below the title."""
    parts: list[Markup] = [element("p", say(study.site.text))] if study.site is not None else []
    for grid in grids:
        parts.append(element("h2", say(grid.title)))
        parts += [*_tables(grid, say)] or [element("p", say(said("no visits")))]
        if grid.footnotes:
            parts.append(
                element("dl", *(part for letter, words in grid.footnotes for part in (element("dt", letter), element("dd", say(words)))))
            )
    return element("div", *parts, class_="grid")


def _tables(grid: Activities, say: Say) -> Iterator[Markup]:
    """As few tables as hold all visits, none much wider than another."""
    n = len(grid.columns)
    count = -(-n // _MOST)
    for number in range(count):
        part = slice(number * n // count, (number + 1) * n // count)
        labels = [column.label for column in grid.columns[part]]
        visits = labels[0] if len(labels) == 1 else say(said("{first} to {last}", first=labels[0], last=labels[-1]))
        (_, headings), *more = heading_rows(grid)
        rows = [[say(name), *map(say, cells[part])] for name, cells in more]
        marks = [[say(row.title), *(element("span", MARK, class_="mark") if at else "" for at in row.at[part])] for row in grid.rows]
        yield wide(f"{grid.period.title}, {visits}", table(visits, [say(said("Visit")), *map(say, headings[part])], [*rows, *marks]))
