"""A list as a workbook: what each cell is, how it looks and prints, and that no text in it is run."""

from __future__ import annotations

import datetime as dt
import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.report.export import workbook
from nmosd_dosing.report.export.plain import Sheet
from nmosd_dosing.report.export.workbook import check_installed, check_rows, to_xlsx
from nmosd_dosing.screen import without_controls
from tests.kit import studies
from tests.kit.workbooks import about, csv_rows, rows_of, sheet_of


def made(*rows: dict[str, Any], columns: tuple[str, ...] = ("subject", "date", "amount", "what"), title: str = "A list") -> bytes:
    return to_xlsx([Sheet("list", columns, rows)], [title])


@pytest.mark.parametrize(
    ("column", "value", "kind", "read"),
    [
        ("subject", "0012", "s", "0012"),
        ("subject", "12", "s", "12"),
        ("subject", "2025-01-06", "s", "2025-01-06"),
        ("subject", "TRUE", "s", "TRUE"),
        ("subject", "=1+1", "s", "=1+1"),
        ("subject", "+1", "s", "+1"),
        ("subject", "-1", "s", "-1"),
        ("subject", "@SUM(A1)", "s", "@SUM(A1)"),
        ("subject", "#N/A", "s", "#N/A"),
        ("subject", "<b>&amp;", "s", "<b>&amp;"),
        ("subject", "  two  spaces ", "s", "  two  spaces "),
        ("subject", "a\x1b[31m\x00", "s", "a\\x1b[31m\\x00"),
        ("subject", "half \ud800, none \uffff", "s", "half \\ud800, none \\uffff"),
        ("subject", "患者-01", "s", "患者-01"),
        ("date", "2025-01-06", "d", dt.datetime(2025, 1, 6)),
        ("date", "1900-03-01", "d", dt.datetime(1900, 3, 1)),
        ("date", "1900-02-28", "s", "1900-02-28"),
        ("date", "9999-12-31", "d", dt.datetime(9999, 12, 31)),
        ("amount", 600, "n", 600),
        ("amount", 0.1, "n", 0.1),
        ("amount", 1e-7, "n", 1e-7),
        ("amount", True, "b", True),
        ("amount", None, "n", None),
        ("what", "", "n", None),
    ],
)
def test_what_a_cell_is(column: str, value: Any, kind: str, read: Any) -> None:
    sheet = sheet_of(made({"subject": "x", column: value}))
    cell = sheet.cell(2, 1 + ["subject", "date", "amount", "what"].index(column))
    assert (cell.data_type, cell.value) == (kind, read)
    if kind in "sd":
        assert cell.number_format == {"s": "@", "d": "yyyy-mm-dd"}[kind]


@studies.examples(60)
@given(st.lists(st.text(max_size=30), min_size=1, max_size=5))
def test_any_text_comes_back_as_a_text(texts: list[str]) -> None:
    sheet = sheet_of(made(*({"subject": "x", "what": text} for text in texts)))
    for row, text in enumerate(texts, 2):
        cell = sheet.cell(row, 4)
        shown = workbook._NO_CHARACTER.sub(lambda found: f"\\u{ord(found[0]):04x}", without_controls(text))
        assert cell.value == (shown or None)
        assert cell.data_type == "s" or not shown


def test_a_text_that_a_workbook_would_read_as_a_character_is_escaped() -> None:
    with zipfile.ZipFile(io.BytesIO(made({"subject": "_x0041_"}))) as parts:
        assert b">_x005F_x0041_<" in parts.read("xl/worksheets/sheet1.xml")


def test_the_heading_is_row_1_and_stays_in_sight_and_on_each_page() -> None:
    content = made({"subject": "01", "date": "2025-01-06", "amount": 600, "what": "a & b"}, title="BAT4406F & more")
    sheet = sheet_of(content)
    assert [cell.value for cell in sheet[1]] == ["subject", "date", "amount", "what"]
    assert all(cell.font.b for cell in sheet[1])
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows) == ("A2", "A1:D2", "$1:$1")
    page = sheet.page_setup
    assert (page.orientation, page.paperSize, page.fitToWidth, page.fitToHeight) == ("landscape", 9, 1, 0)
    assert sheet.oddHeader is not None and sheet.oddHeader.left.text == "BAT4406F && more"
    assert about(content) == ["BAT4406F & more"]
    beside = sheet_of(to_xlsx([Sheet("grid", ("a", "b", "c"), [{"a": "x"}], beside=2)], ["t"]))
    assert beside.freeze_panes == "C2"


def test_no_row_and_no_column_is_hidden() -> None:
    """What nobody sees is not read: a table that is filled in and given back can be read."""
    sheet = sheet_of(made({"subject": "01", "date": None, "amount": 0, "what": ""}, {"subject": "02"}))
    assert not any(line.hidden for line in (*sheet.column_dimensions.values(), *sheet.row_dimensions.values()))


def test_a_long_text_is_folded_and_a_column_no_wider_than_it_must_be() -> None:
    sheet = sheet_of(made({"subject": "01", "what": "word " * 40}))
    widths = {letter: column.width for letter, column in sheet.column_dimensions.items()}
    assert widths["A"] < 15 and widths["D"] == 50
    assert sheet["D2"].alignment.wrap_text and not sheet["A2"].alignment.wrap_text


def test_a_row_is_as_high_as_its_folded_text_whatever_the_program_that_opens_it() -> None:
    sheet = sheet_of(made({"subject": "x", "what": "short"}, {"subject": "x", "what": "seven letters " * 12}))
    assert (sheet.row_dimensions[2].height, sheet.row_dimensions[3].height) == (None, 60)


def test_the_same_rows_give_the_same_bytes_whenever_and_wherever(tmp_path: Path) -> None:
    rows = [{"subject": "01", "date": "2025-01-06", "amount": 1.5, "what": "x"}]
    content = made(*rows)
    program = (
        "import sys, pathlib; from nmosd_dosing.report.export.plain import Sheet; from nmosd_dosing.report.export.workbook import to_xlsx\n"
        f"pathlib.Path(sys.argv[1]).write_bytes(to_xlsx([Sheet('list', ('subject', 'date', 'amount', 'what'), {rows!r})], ['A list']))"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "x.xlsx")], check=True)
    assert (tmp_path / "x.xlsx").read_bytes() == content
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"dcterms:" not in parts.read("docProps/core.xml").replace(b"xmlns:dcterms", b"")


def test_several_lists_are_several_sheets() -> None:
    book = load_workbook(io.BytesIO(to_xlsx([Sheet("rcp", ("a",), [{"a": 1}]), Sheet("olp", ("b",), [{"b": 2}])], ["t"])))
    assert book.sheetnames == ["rcp", "olp", "About"]
    assert [cell.value for cell in book["olp"]["A"]] == ["b", 2]


def test_names_of_sheets_are_short_and_of_one_sheet_each() -> None:
    long = "a-period-with-a-very-long-name-that-goes-on"
    lists = [Sheet(name, ("a",), [{"a": name}]) for name in (f"{long}-1", f"{long}-2", "about", "history", "History")]
    book = load_workbook(io.BytesIO(to_xlsx(lists, ["t"])))
    assert book.sheetnames == [long[:31], f"{long[:29]} 2", "about 2", "history 2", "History 3", "About"]
    assert [book.worksheets[i]["A2"].value for i in range(5)] == [f"{long}-1", f"{long}-2", "about", "history", "History"]


def test_what_a_workbook_cannot_hold_is_refused_and_not_cut() -> None:
    check_rows(workbook.MOST_ROWS - 1)
    with pytest.raises(InputError, match="a sheet of a workbook holds 1,048,576 rows, and these are more"):
        check_rows(workbook.MOST_ROWS)
    with pytest.raises(InputError, match="a cell of a workbook holds 32,767 characters, and `what` in row 2 has 32,768"):
        made({"what": "x" * 32768})
    with pytest.raises(InputError, match="has 40,000"):
        made({"what": "😀" * 20000})
    assert sheet_of(made({"what": "x" * 32767}))["D2"].value == "x" * 32767


def test_more_rows_than_a_sheet_holds_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    made(*({"subject": str(i)} for i in range(3)))
    with pytest.raises(InputError, match="holds 4 rows"):
        made(*({"subject": str(i)} for i in range(4)))


def test_without_openpyxl_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    problems = Problems()
    check_installed(problems)
    assert [(p.message, p.hint) for p in problems.found] == [
        ("writing a workbook needs openpyxl", "install it with `pip install 'nmosd-dosing[xlsx]'`, or write `format csv`")
    ]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not there")
def test_libreoffice_reads_the_same(tmp_path: Path) -> None:
    rows = [{"subject": "0012", "date": "2025-01-06", "amount": 1.5, "what": "=1+1"}, {"subject": "-1", "amount": 600, "what": "a\nb"}]
    (tmp_path / "x.xlsx").write_bytes(made(*rows))
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1"
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", form, "x.xlsx"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=120)
    found = next(tmp_path.glob("x*.csv")).read_text("utf-8")
    assert csv_rows(found) == rows_of(sheet_of(tmp_path / "x.xlsx"))
