"""A page of any texts loses nothing in any width: no line is wider, and no word torn that fits on one."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.text import Text

from nmosd_dosing.report.pages.layout import Named, Page, Table
from nmosd_dosing.screen import columns, folded
from tests.kit import studies
from tests.kit.terminal import lost

WORDS = (
    *("a", "5 x 120 mg", "2025-01-06 Mon", "血常规", "利妥昔单抗注射液", "1,000.5 ± 2.25", "–", "masked;", "W25D1", "e\u0301"),
    *("10 mg/kg", "w" * 90),
)  # fmt: skip
words = st.sampled_from(WORDS)
texts = st.lists(words, max_size=9).map(" ".join)
several = st.integers(1, 7).flatmap(lambda n: st.lists(st.lists(texts, min_size=n, max_size=n), min_size=1, max_size=5))
widths = st.integers(20, 120)


def shown(page: RenderableType, width: int, *, terminal: bool = True) -> str:
    out = io.StringIO()
    Console(file=out, width=width, highlight=False, color_system=None, force_terminal=terminal).print(page)
    return out.getvalue()


def table(rows: list[list[str]], wraps: bool, below: int) -> Table:
    headings = [f"Heading {number}" for number in range(len(rows[0]))]
    made = Table(*headings, wraps=headings[-1:] if wraps else (), below=headings[1 : 1 + below])
    for row in rows:
        made.add_row(*map(Text, row))
    return made


@studies.examples(150)
@given(several, st.booleans(), st.integers(0, 4), widths)
def test_a_table_shows_all_of_its_cells(rows: list[list[str]], wraps: bool, below: int, width: int) -> None:
    page = Page(Text("A heading of 5 x 120 mg"), table(rows, wraps, below))
    assert lost(shown(page, 100_000), shown(page, width), width) == []


@studies.examples(100)
@given(st.lists(st.tuples(texts, texts), max_size=6), st.integers(0, 4), widths)
def test_names_stand_beside_or_before_what_is_said_of_them(rows: list[tuple[str, str]], indent: int, width: int) -> None:
    page = Named([(Text(name), Text(value)) for name, value in rows], indent)
    assert lost(shown(page, 100_000), shown(page, width), width) == []


@studies.examples(100)
@given(st.text(st.sampled_from("a1x –,;/血药 \n"), max_size=200), widths)
def test_what_is_folded_is_all_there(text: str, width: int) -> None:
    lines = folded(text, width)
    assert all(columns(line) <= width for line in lines.split("\n"))
    assert "".join(lines.split()) == "".join(text.split())


def test_a_table_that_does_not_fit_becomes_blocks() -> None:
    page = Table("Visit", "Dose", "Vials", wraps=["Dose"])
    page.add_row(Text("D1"), Text("belimumab 600 mg; MRI"), Text("5 x 120 mg"))
    page.add_row(Text("D15"), Text("belimumab 600 mg"), Text())
    wide = ["Visit  Dose                   Vials", "─" * 40, "D1     belimumab 600 mg; MRI  5 x 120 mg", "D15    belimumab 600 mg"]
    assert shown(page, 40).splitlines() == wide
    assert shown(page, 30).splitlines() == [
        *("Visit: D1", "Dose: belimumab 600 mg; MRI", "Vials: 5 x 120 mg"),
        *("", "Visit: D15", "Dose: belimumab 600 mg"),
    ]


def test_columns_that_may_stand_below_their_row_do_where_it_does_not_fit_and_no_more_of_them_than_it_takes() -> None:
    made = Table("To do", "Visit", "Target", "What", wraps=("What",), below=("What", "Target"))
    made.add_row(Text("call"), Text("D182"), Text("2025-07-06 Sun"), Text("no window is stated"))
    made.add_row(Text("book"), Text("D365"), Text("2026-01-05 Mon"), Text())
    assert shown(made, 60).splitlines()[2] == "call   D182   2025-07-06 Sun  no window is stated"
    assert shown(made, 40).splitlines() == [
        "To do  Visit  Target",
        "─" * 28,
        "call   D182   2025-07-06 Sun",
        "    What: no window is stated",
        "book   D365   2026-01-05 Mon",
    ]
    assert shown(made, 24).splitlines() == [
        "To do  Visit",
        "─" * 12,
        "call   D182",
        "    Target:",
        "      2025-07-06 Sun",
        "    What: no window is",
        "      stated",
        "book   D365",
        "    Target:",
        "      2026-01-05 Mon",
    ]
    assert shown(made, 8).splitlines()[:2] == ["To do:", "  call"], "and blocks where that does not help"


def test_a_cell_that_says_the_same_as_the_one_above_is_said_once_and_in_each_block() -> None:
    page = Table("Date", "Visit", once=["Date"])
    for visit in ("D1", "D15"):
        page.add_row(Text("2025-01-06 Mon"), Text(visit))
    assert shown(page, 40).splitlines()[2:] == ["2025-01-06 Mon  D1", "                D15"]
    assert shown(page, 20).count("2025-01-06") == 2


@pytest.mark.parametrize("terminal", [True, False])
def test_directions_are_written_out_on_a_terminal_only_and_joiners_nowhere(terminal: bool) -> None:
    seen = shown(Page(Text("a\u202eb می\u200cخواهم", style="bold")), 80, terminal=terminal)
    assert "می\u200cخواهم" in seen
    assert ("a\\u202eb" if terminal else "a\u202eb") in seen


def test_in_a_block_only_what_is_to_stand_out_is_bold() -> None:
    table = Table("Visit", "Date", "What", bold="Date")
    table.add_row(Text("D1"), Text("2025-01-06 Mon"), Text("±3 days"))
    console = Console(width=24, force_terminal=True, color_system="standard", file=io.StringIO())
    console.print(table)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert written == "Visit: D1\nDate: \x1b[1m2025-01-06 Mon\x1b[0m\nWhat: ±3 days\n"
