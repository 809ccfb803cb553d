"""On a board's page texts of users stay texts, whatever they are; each week has its seven days, and no bar lies over another."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing.checks.board import KINDS, Board, Line, Mark
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.report.html.board import board_page
from nmosd_dosing.report.html.month import lanes
from tests.kit import studies
from tests.report.html.test_document import Read

TODAY = dt.date(2025, 7, 14)
EMPTY = Board("t", TODAY, 14, TODAY.replace(day=1), TODAY - dt.timedelta(300), TODAY + dt.timedelta(300), open_days("CN"), (), ())

texts = st.text(st.characters(exclude_categories=()), max_size=12) | st.sampled_from(["<script>", '" onload="', "]]>", "\u202e", "&lt;"])
days = st.dates(TODAY - dt.timedelta(60), TODAY + dt.timedelta(60))


@st.composite
def marks(draw: st.DrawFn) -> Mark:
    first, day, last = sorted(draw(st.tuples(days, days, days)))
    earliest, latest = draw(st.sampled_from([(first, last), (None, last), (first, None), (None, None)]))
    time = draw(st.none() | st.times())
    return Mark("S", "D1", draw(st.sampled_from(KINDS)), day, earliest, latest, first, last, draw(st.booleans()), time)


boards = st.lists(st.lists(marks(), max_size=6), max_size=4).map(
    lambda lines: replace(EMPTY, lines=tuple(Line(f"S-{n}", "01", TODAY, None, tuple(found)) for n, found in enumerate(lines)))
)


@studies.examples(40)
@given(boards, texts, texts)
def test_whatever_a_code_or_a_visit_is_called_the_page_has_the_same_elements(board: Board, code: str, visit: str) -> None:
    def called(subject: str, visit: str) -> Read:
        renamed = [replace(line, marks=tuple(replace(m, subject=subject, visit=visit) for m in line.marks)) for line in board.lines]
        return Read(board_page(replace(board, title=visit, lines=tuple(replace(line, subject=subject) for line in renamed))))

    plain, hostile = called("x", "x"), called(code or "y", visit)
    assert hostile.tags == plain.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]


@studies.examples(60)
@given(boards)
def test_each_week_shows_all_its_marks_once_and_side_by_side(board: Board) -> None:
    for week in board.weeks:
        shown = lanes(week, board.in_month)
        there = [day for day in week if day is not None]
        expected = [mark for mark in board.in_month if mark.begins <= there[-1] and mark.ends >= there[0]]
        assert len([mark for lane in shown for *_, mark in lane]) == len(expected)
        for lane in shown:
            taken = [number for first, last, _ in lane for number in range(first, last + 1)]
            assert taken == sorted(set(taken))
            assert all(mark.begins <= day <= mark.ends for first, last, mark in lane for day in week[first : last + 1] if day is not None)


@studies.examples(30)
@given(boards)
def test_each_row_of_a_week_has_seven_columns(board: Board) -> None:
    page = board_page(board)
    month = page[page.index('<table class="month">') : page.index("</table>")]
    for row in month.split("<tr")[1:]:
        cells = Read("<tr" + row)
        spans = [int(value or 1) for name, value in cells.attributes if name == "colspan"]
        assert sum(tag in ("td", "th") for tag in cells.tags) - len(spans) + sum(spans) == 7
