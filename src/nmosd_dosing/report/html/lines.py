"""Each subject of a board over time, as a drawing in a row of a table: done, booked, ahead, overdue, entries, today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from nmosd_dosing.checks.board import Board, Kind, Line, Mark
from nmosd_dosing.days import month_name
from nmosd_dosing.report.html.document import ACCENT, ALERT, FAINT, GREY, INK, LINE, PALE, Address, Markup, Part, element, group, linked
from nmosd_dosing.report.html.month import title_of
from nmosd_dosing.sentences import Say, Sentence, english, joined, said, word

_HEIGHT = 26  # of a line, in pixels of a screen
_MIDDLE = _HEIGHT // 2
CSS = f"""
.lines {{ table-layout: fixed; }}
.lines th {{ width: 7rem; font-size: .9rem; vertical-align: middle; overflow-wrap: anywhere; }}
.lines thead th {{ padding-bottom: .1rem; }}
.lines .over {{ width: auto; }}
.lines td, .lines .over {{ padding: 0 8px; }}
.lines tbody td, .lines tbody th {{ padding-top: 0; padding-bottom: 0; border-bottom: 1px solid {GREY}; }}
.lines small {{ font-weight: 400; }}
.lines svg {{ display: block; width: 100%; overflow: visible; }}
.lines text {{ font-size: 11px; fill: {FAINT}; font-weight: 400; }}
.legend {{ display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; margin: .6rem 0; padding: 0; list-style: none; font-size: .88rem; }}
.legend li {{ display: flex; align-items: center; gap: .4rem; }}
.legend svg {{ flex: none; }}
.lines.one {{ padding: 0 10px; overflow: hidden; }}
@media (max-width: 40rem) {{ .lines th {{ width: 5rem; }} .lines .minor {{ display: none; }} }}
"""
_LEGEND: tuple[tuple[Kind, Sentence], ...] = (
    ("done", said("done")), ("not done", said("not done")), ("booked", said("booked")),
    ("planned", said("planned, with the allowed days")), ("overdue", said("not recorded: overdue, or past its day")),
    ("entry", said("days of entry into a period")),
)  # fmt: skip


def lines_of(board: Board, say: Say = english, address: Address | None = None) -> Markup:
    """All subjects, each with its line; and what the marks mean. `address`: of a subject's page, by the code."""
    if not board.lines:
        return element("p", say(said("no subject")))
    axis = element("svg", *_axis(board, say), height=30, aria_hidden="true")
    head = element(
        "tr",
        element("th", say(said("Subject")), scope="col"),
        element("th", axis, element("span", say(said("Over time")), class_="hid"), scope="col", class_="over"),
    )
    at = [say(said("site {site}", site=line.site)) if board.sites and line.site else None for line in board.lines]
    whose = [
        element("th", linked(line.subject, address) or "–", element("small", f" {site}", class_="faint") if site else None, scope="row")
        for line, site in zip(board.lines, at, strict=True)
    ]
    grid = _grid(board)
    rows = [element("tr", who, element("td", _line(board, line, say, grid))) for who, line in zip(whose, board.lines, strict=True)]
    first, last, today = (day.isoformat() for day in (board.first, board.last, board.as_of))
    words = said("From {first} to {last}; the upright line is today, {today}", first=first, last=last, today=today)
    caption = element("caption", say(words))
    made = element("table", caption, element("thead", head), element("tbody", *rows), class_="lines")
    return group([element("h2", say(said("Over time"))), legend(say), made])


def line_of(board: Board, say: Say = english) -> Markup:
    """The one subject of a board over time, without a table around it; what the marks mean `legend` says."""
    (line,) = board.lines
    axis = element("svg", *_axis(board, say), height=30, aria_hidden="true")
    return element("div", axis, _line(board, line, say, _grid(board)), class_="lines one")


def legend(say: Say = english) -> Markup:
    """What the marks mean."""
    items = []
    for kind, words in _LEGEND:
        bar = kind in ("planned", "overdue", "entry")
        shape = [_bar("20%", "60%", kind), *([] if kind == "entry" else _shape("50%", kind, False))] if bar else _shape("50%", kind, False)
        items.append(element("li", element("svg", *shape, width=36, height=_HEIGHT, aria_hidden="true"), say(words)))
    return element("ul", *items, class_="legend")


def _at(board: Board, day: dt.date) -> float:
    """Where a day's middle is, in percent of the width; days before and after what is drawn stand at its ends."""
    days = (board.last - board.first).days + 1
    return 100 * ((min(max(day, board.first), board.last) - board.first).days + 0.5) / days


def _percent(value: float) -> str:
    return f"{value:.5g}%"


def _axis(board: Board, say: Say) -> Iterator[Markup]:
    """Names of months above their first days, as many as there is room for; years below."""
    months = list(_months(board))
    step = next(step for step in (1, 2, 3, 6, 12, 10**6) if len(months) / step <= 14)
    named = [first for first in months if not (first.month - 1) % step]
    for number, first in enumerate(named):
        x = _percent(_at(board, first))
        minor = "minor" if step < 3 and (first.month - 1) % 3 else None
        yield element("text", say(word(month_name(first)[:3])), x=x, y=26, class_=minor)
        if not number or first.year != named[number - 1].year:
            yield element("text", str(first.year), x=x, y=12)


def _months(board: Board) -> Iterator[dt.date]:
    """The first days of months that are drawn."""
    year, month = board.first.year, board.first.month
    while (year, month) <= (board.last.year, board.last.month):
        first = dt.date(year, month, 1)
        if first >= board.first:
            yield first
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        if year > dt.MAXYEAR:
            return


def _grid(board: Board) -> Markup:
    """A line at the first day of each month, the same for everybody."""
    days = (_percent(_at(board, first)) for first in _months(board))
    return group([element("line", x1=x, x2=x, y1=0, y2=_HEIGHT, stroke=GREY) for x in days])


def _line(board: Board, line: Line, say: Say, grid: Markup) -> Markup:
    x1, x2 = _percent(_at(board, line.begins)), _percent(_at(board, line.ends or board.last))
    parts: list[Part] = [grid, element("line", x1=x1, x2=x2, y1=_MIDDLE, y2=_MIDDLE, stroke=LINE, stroke_width=2)]
    marks = [mark for mark in line.marks if mark.ends >= board.first and mark.begins <= board.last]
    parts += [_mark(board, mark, say) for mark in marks]
    today = _percent(_at(board, board.as_of))
    parts.append(element("line", x1=today, x2=today, y1=-1, y2=_HEIGHT + 1, stroke=ACCENT, stroke_width=2))
    words = joined("; ", map(title_of, marks)) or said("nothing in these months")
    return element("svg", *parts, height=_HEIGHT, role="img", aria_label=say(words))


def _mark(board: Board, mark: Mark, say: Say) -> Markup:
    left, right = _at(board, mark.begins), _at(board, mark.ends)
    parts: list[Part] = [element("title", say(title_of(mark)))]
    if mark.ends > mark.begins:
        parts.append(_bar(_percent(left), _percent(right - left), "planned" if mark.kind == "booked" else mark.kind))
    if mark.day is not None and board.first <= mark.day <= board.last:
        parts += _shape(_percent(_at(board, mark.day)), mark.kind, mark.tentative)
    return element("g", *parts)


def _bar(x: str, width: str, kind: Kind) -> Markup:
    colour = ALERT if kind == "overdue" else ACCENT
    dashed = "3 2" if kind == "entry" else None
    fill = "#fff" if kind != "planned" else PALE
    return element("rect", x=x, width=width, y=_MIDDLE - 5, height=10, rx=2, fill=fill, stroke=colour, stroke_dasharray=dashed)


def _shape(x: str, kind: Kind, tentative: bool) -> list[Part]:
    """The shape of a day: they differ in black and white as well."""
    match kind:
        case "done":
            return [element("circle", cx=x, cy=_MIDDLE, r=5, fill=INK)]
        case "not done":
            return [_path(x, "M-4 -4L4 4M-4 4L4 -4", stroke=INK, stroke_width=2)]
        case "booked":
            return [_path(x, "M0 -8L8 0L0 8L-8 0Z", fill=ACCENT, stroke="#fff")]
        case "overdue":
            return [_path(x, "M0 -8L8 7L-8 7Z", fill=ALERT, stroke="#fff")]
        case "planned" | "entry":
            dashed = "2 2" if tentative else None
            return [element("circle", cx=x, cy=_MIDDLE, r=4, fill="#fff", stroke=ACCENT, stroke_width=1.5, stroke_dasharray=dashed)]


def _path(x: str, path: str, **look: str | int) -> Markup:
    """A shape around a point of the line, as large at any width of the page."""
    return element("svg", element("path", d=path, **look), x=x, y=_MIDDLE, overflow="visible")
