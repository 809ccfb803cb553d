"""Tables in .xlsx: what its cells mean, and how messages name them."""

from __future__ import annotations

import datetime as dt
import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.formula import ArrayFormula
from openpyxl.worksheet.worksheet import Worksheet

from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import roster, subject_table
from nmosd_dosing.subjects.tables import workbook as workbooks
from nmosd_dosing.subjects.tables.headings import Layout
from tests.kit.command import dosing
from tests.kit.tables import JANUARY, refused

HEADING = ("subject", "start", "weight_kg")
SHEET = "xl/worksheets/sheet1.xml"
Change = Callable[[Worksheet], object]


def workbook(*rows: tuple[Any, ...], change: Change = lambda sheet: None, book: Workbook | None = None) -> bytes:
    book = book or Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in rows:
        sheet.append(row)
    change(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def subjects(*rows: tuple[Any, ...], change: Change = lambda sheet: None) -> tuple[Subject, ...]:
    return roster.subjects(workbook(HEADING, *rows, change=change), "s.xlsx", ())


def rewritten(content: bytes, part: str, old: bytes, new: bytes) -> bytes:
    """The workbook with other text in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            data = before.read(name)
            assert name != part or old in data
            after.writestr(name, data.replace(old, new) if name == part else data)
    return out.getvalue()


def shared(rows: bytes, *strings: str) -> bytes:
    """A workbook that keeps its texts apart from its cells, as Excel does."""
    content = rewritten(workbook(), SHEET, b"<sheetData>", b"<sheetData>" + rows)
    kind = b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"'
    content = rewritten(content, "[Content_Types].xml", b"</Types>", b'<Override PartName="/xl/sharedStrings.xml" ' + kind + b" /></Types>")
    out = io.BytesIO(content)
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        texts = "".join(f"<si><t>{text}</t></si>" for text in strings)
        space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{space}">{texts}</sst>')
    return out.getvalue()


def test_a_workbook_as_excel_writes_it() -> None:
    rows = (
        b'<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
        b'<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" t="str"><f>A9</f><v>2025-01-06</v></c></row>'
    )
    assert roster.subjects(shared(rows, "subject", "start", "0012"), "s.xlsx", ()) == (Subject(JANUARY, "0012"),)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (("0012", dt.datetime(2025, 1, 6), 60), Subject(JANUARY, "0012", weight_kg=60)),
        (("0012", dt.date(2025, 1, 6), 60.0), Subject(JANUARY, "0012", weight_kg=60)),
        (("0012", "2025/1/6", 60.5), Subject(JANUARY, "0012", weight_kg=60.5)),
        ((12, "2025-01-06", "60.5"), Subject(JANUARY, "12", weight_kg=60.5)),
        ((12.0, "2025-01-06"), Subject(JANUARY, "12")),
        ((" 北京\t1\n", "2025-01-06", 12.300000000000001), Subject(JANUARY, "北京 1", weight_kg=12.3)),
        (('a"b', "2025-01-06", None), Subject(JANUARY, 'a"b')),
        ((123456789012, "2025-01-06"), Subject(JANUARY, "123456789012")),
        ((True, "2025-01-06"), Subject(JANUARY, "TRUE")),
        (("0012", dt.datetime(2025, 1, 6, 9, 30)), Subject(JANUARY, "0012")),
    ],
)
def test_what_cells_mean(row: tuple[Any, ...], expected: Subject) -> None:
    assert subjects(row) == (expected,)


def test_zeros_that_a_format_shows_are_there() -> None:
    def change(sheet: Worksheet) -> None:
        sheet["A2"].number_format = "0000"

    assert subjects((12, "2025-01-06"), change=change)[0].code == "0012"
    content = workbook(HEADING, (12, "2025-01-06"), change=change)
    lost = rewritten(content, "xl/styles.xml", b'numFmtId="164" fontId', b'numFmtId="300" fontId')
    assert roster.subjects(lost, "s.xlsx", ())[0].code == "12"


def test_days_counted_from_1904() -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    content = workbook(HEADING, ("1", dt.date(2025, 1, 6)), book=book)
    assert roster.subjects(content, "s.xlsx", ())[0].start == JANUARY


def test_rows_and_sheets_without_anything() -> None:
    book = Workbook()
    book.create_sheet("empty")["B2"] = "  "
    content = workbook((), (), HEADING, (None, None, None, ""), ("1", "2025-01-06", None, " "), (), ("2", "2025-01-06"), book=book)
    found = roster.subjects(content, "s.xlsx", ())
    assert [(subject.code, subject.place and subject.place.document.where(subject.place)) for subject in found] == [
        ("1", "s.xlsx, cell A5"),
        ("2", "s.xlsx, cell A7"),
    ]


def test_every_wrong_cell_is_named_as_the_spreadsheet_does() -> None:
    rows = [
        (None, dt.datetime(2025, 1, 6, 8, 30), "60,5"),
        ("2", dt.time(8, 30), "#N/A"),
        ("3", "=TODAY()", ArrayFormula("C4", "=SUM(1)")),
        ("4", 45663, None, "x"),
        ("5", None),
        ("6", "2025-01-06"),
        (None, "2025-01-06", 1e300),
    ]

    def change(sheet: Worksheet) -> None:
        sheet["C3"].data_type = "e"
        sheet.merge_cells("A7:A8")

    assert refused(lambda: subjects(*rows, change=change)) == [
        "s.xlsx, cell A2, and 1 more: no subject's code; every row needs one",
        "s.xlsx, cell C2: `60,5` has a decimal comma; write `60.5`",
        "s.xlsx, cell B3: `08:30:00` is a time; write a day, or a text",
        "s.xlsx, cell C3: `#N/A` is an error of the spreadsheet; mend the formula, or paste the value",
        "s.xlsx, cell B4: the formula `=TODAY()` has no value in this file; paste the column as values",
        "s.xlsx, cell C4: the formula `=SUM(1)` has no value in this file; paste the column as values",
        "s.xlsx, cell A5: 4 cells under 3 columns; name the column in the heading, or clear the cell",
        "s.xlsx, cell A7: the cells `A7:A8` are merged; unmerge them, and fill each by itself",
        "s.xlsx, cell C8: `1e+300` is not a weight; write kilograms as a plain number, for example `60` or `60.5`",
    ]


def test_a_record_is_a_row_and_far_columns_have_two_letters() -> None:
    content = workbook(("visit", "date"), ("D1", dt.date(2025, 1, 6)))
    [(_, record)] = roster.records(content, "r.xlsx")
    assert record.place is not None and record.place.document.where(record.place) == "r.xlsx, row 2"
    wide = workbook((*(f"c{i}" for i in range(28)), "visit", "date"), (*range(28), "D1", "2025-01-32"))
    assert refused(roster.records, wide, "r.xlsx") == ["r.xlsx, cell AD2: `2025-01-32`: there is no such day; check the month and the day"]


def test_a_formula_counts_as_the_value_last_computed() -> None:
    content = workbook(HEADING, ("1", "2025-01-06", "=30*2"))
    computed = rewritten(content, SHEET, b"<v />", b"<v>60</v>")
    assert roster.subjects(computed, "s.xlsx", ())[0].weight_kg == 60


def test_one_cell_far_away_is_no_load() -> None:
    def change(sheet: Worksheet) -> None:
        sheet["XFD1048576"].number_format = "0.00"

    assert len(subjects(("1", "2025-01-06"), change=change)) == 1


def three_sheets() -> bytes:
    """A workbook of a trial: a sheet with nothing, one of notes, two tables."""
    book = Workbook()
    book.create_sheet("notes")["A1"] = "x"
    book.create_sheet("All visits")
    for row in (("visit", "date"), ("D0", dt.date(2025, 1, 6))):
        book["All visits"].append(row)
    return workbook(
        ("People",), (), HEADING, ("0012", dt.date(2025, 1, 6), 60), change=lambda sheet: setattr(sheet, "title", "Subjects"), book=book
    )


def test_of_several_sheets_one_is_asked_for() -> None:
    assert refused(roster.subjects, three_sheets(), "s.xlsx", ()) == [
        "-: `s.xlsx` has several sheets: `Subjects`, `notes` and `All visits` hold something; "
        'say which one is read: `sheet Subjects` or `sheet notes` or `sheet "All visits"`; '
        "where several tables come from one workbook, by table: `sheet subjects=Subjects`"
    ]


@pytest.mark.parametrize(
    "layout", [Layout(sheets=["subjects "]), Layout(sheets=["Subjects"], by_table=True), Layout(sheets=["x", "Subjects"])]
)
def test_the_sheet_that_is_said_is_read(layout: Layout) -> None:
    [subject] = roster.subjects(three_sheets(), "s.xlsx", (), layout=layout)
    assert (subject.code, layout.sheet) == ("0012", "Subjects")
    assert subject.place is not None and subject.place.document.where(subject.place) == "s.xlsx, sheet Subjects, cell A4"


def test_the_only_sheet_that_holds_something_is_read() -> None:
    book = Workbook()
    for row in (HEADING, ("1", "2025-01-06")):
        book.create_sheet("second" if row is HEADING else "third")
        book["second"].append(row)
    assert len(roster.subjects(workbook(book=book), "s.xlsx", (), layout=Layout(sheets=["elsewhere"]))) == 1


def test_a_sheet_that_nobody_sees_is_not_read_in_silence() -> None:
    book = Workbook()
    for row in (HEADING, ("1", "2025-01-06")):
        book["old"].append(row) if "old" in book.sheetnames else book.create_sheet("old").append(row)
    book["old"].sheet_state = "hidden"
    content = workbook(book=book)
    assert refused(roster.subjects, content, "s.xlsx", ()) == [
        "-: `s.xlsx`: the only sheet that holds something, `old`, is hidden; show it, or say that it is read: `sheet old`"
    ]
    assert len(roster.subjects(content, "s.xlsx", (), layout=Layout(sheets=["old"]))) == 1


@pytest.mark.parametrize(
    ("code", "form", "told"),
    [
        (dt.date(2025, 3, 4), "d-m", "`2025-03-04` is a day, and no code"),  # somebody typed 3-4
        (12003, "00-000", "`12003` is shown otherwise, in the format `00-000`"),
        (12003, '"S"0', '`12003` is shown otherwise, in the format `"S"0`'),
        (1.1, "0.00", "`1.1` is shown otherwise, in the format `0.00`"),
        (12003, "General", ""),
        (12003, "#,##0_);[Red]\\(#,##0\\)", ""),
        (12003, "0.00", ""),
        (1.1, "General", ""),
        (12003, "00000_ ", ""),
    ],
)
def test_a_code_is_read_as_it_is_shown_or_not_at_all(code: Any, form: str, told: str) -> None:
    """Of a subject and of a site; in a weight a format is only that."""

    def shown(sheet: Worksheet) -> None:
        sheet["A2"].number_format = sheet["D2"].number_format = form
        sheet["C2"].number_format = '0" kg"'

    content = workbook((*HEADING, "site"), (code, dt.date(2025, 1, 6), 60.5, code), change=shown)
    if told:
        hint = "format the column as text, and type the code again"
        assert refused(roster.subjects, content, "s.xlsx", ()) == [f"s.xlsx, cell A2, and 1 more: {told}; {hint}"]
    else:
        [subject] = roster.subjects(content, "s.xlsx", ())
        assert (subject.code, subject.weight_kg) == (str(code), 60.5)


def test_zeros_of_a_format_that_leaves_room_at_its_side() -> None:
    found = subjects((12, dt.date(2025, 1, 6), 60), change=lambda sheet: setattr(sheet["A2"], "number_format", "0000_ "))
    assert found[0].code == "0012"


def test_a_sheet_that_is_not_there() -> None:
    layout = Layout(sheets=["Subject"], by_table=True)
    found = refused(roster.subjects, three_sheets(), "s.xlsx", (), (), layout)
    assert found == ["-: `s.xlsx` has no sheet `Subject`; did you mean `Subjects`?"]


def test_all_tables_in_one_workbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.xlsx").write_bytes(three_sheets())
    check = ("check", "--regimen", "belimumab", "--subjects", "t.xlsx", "--visits", "t.xlsx", "--as-of", "2025-01-07")
    done = dosing(*check, "--sheet", "subjects=Subjects", "--sheet", "visits=All visits")
    assert done.returncode == 0, done.stderr
    done = dosing(*check, "--sheet", "subjects=Subjects", "--sheet", "visits=Subjects")
    assert done.returncode == 2
    assert "error: column `visit` is missing\n --> t.xlsx, sheet Subjects, cell C3\n" in done.stderr
    unused = (*check, "--sheet", "subjects=Subjects", "--sheet", "visits=All visits", "--sheet", "events=notes")
    assert dosing(*unused).stderr == (
        "error: `--sheet events=notes` is the sheet of no workbook that is read\nhint: leave it out, or write it as the workbook does\n"
    )
    done = dosing(*check)
    assert 'hint: say which one is read: `--sheet Subjects` or `--sheet notes` or `--sheet "All visits"`; ' in done.stderr
    assert "by table: `--sheet visits=Subjects`" in done.stderr


def test_what_is_merged_in_a_title_or_stands_in_an_ignored_column_is_left_alone() -> None:
    def change(sheet: Worksheet) -> None:
        sheet.insert_rows(1, 2)
        sheet["A1"] = "=TODAY()"
        sheet.merge_cells("A2:D2")

    rows = ((*HEADING, "last phone call"), ("1", "2025-01-06", 60, dt.time(8, 30)), ("2", "2025-01-06", 60, "=NOW()"))
    assert len(roster.subjects(workbook(*rows, change=change), "s.xlsx", ())) == 2


def test_a_note_far_to_the_right_and_rows_that_are_shorter_than_the_heading() -> None:
    rows = (("Trial",), HEADING, ("1", "2025-01-06"), ("2", "2025-01-06", 60, None, None))
    assert [s.weight_kg for s in roster.subjects(workbook(*rows), "s.xlsx", ())] == [None, 60]


DAMAGED = "-: `s.xlsx` is not a workbook that can be read; save it as .xlsx without a password, or as `CSV UTF-8`"
BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (name, b"&%c;" % (name - 1) * 10) for name in range(ord("b"), ord("k"))
) + b"]><worksheet"  # fmt: skip


def test_damaged_workbooks() -> None:
    content = workbook(HEADING, ("1", "2025-01-06"))
    broken = [
        content[:-30],
        content[:200],
        content[:900] + b"\0\0\0\0" + content[904:],
        rewritten(content, SHEET, b"<worksheet", b"<work"),
        rewritten(content, SHEET, b"<worksheet", BOMB),
        rewritten(content, SHEET, b'r="A1"', b'r="1"'),
        rewritten(content, SHEET, b't="inlineStr"', b't="s"><v>7</v></c><c r="D9"'),
        zipped(b"no workbook"),
    ]
    for wrong in broken:
        assert refused(roster.subjects, wrong, "s.xlsx", ()) == [DAMAGED]


def zipped(text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("part", text)
    return out.getvalue()


TOO_LARGE = "-: `s.xlsx` unpacks to more than 100 MB; save the table alone, as `CSV UTF-8`"


def test_workbooks_that_unpack_to_more_than_they_seem() -> None:
    assert refused(roster.subjects, zipped(bytes(100_000_001)), "s.xlsx", ()) == [TOO_LARGE]
    cells = b"".join(b'<c t="s" r="A%d"><v>0</v></c>' % row for row in range(1, 4000))
    bomb = shared(b"<row>" + cells + b"</row>", "x" * 30_000)
    assert len(bomb) < 100_000
    assert refused(roster.subjects, bomb, "s.xlsx", ()) == [TOO_LARGE]
    far = rewritten(workbook(HEADING, ("1", "2025-01-06")), SHEET, b'r="A2"', b'r="A999999999"')
    assert refused(roster.subjects, far, "s.xlsx", ()) == [TOO_LARGE]


def test_without_openpyxl(monkeypatch: pytest.MonkeyPatch) -> None:
    content = workbook(HEADING)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert refused(roster.subjects, content, "s.xlsx", ()) == [
        "-: `s.xlsx` is a workbook, and reading it needs openpyxl; "
        "install it with `pip install 'nmosd-dosing[xlsx]'`, or save the table as `CSV UTF-8`"
    ]


def test_calendars_from_a_workbook(tmp_path: Path) -> None:
    (tmp_path / "s.xlsx").write_bytes(workbook(HEADING, ("0012", dt.date(2025, 1, 6), 60)))
    done = dosing("plan", "--regimen", "belimumab", "--subjects", str(tmp_path / "s.xlsx"), "--ics-dir", str(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert b"DTSTART;VALUE=DATE:20250106\r\n" in (tmp_path / "0012.ics").read_bytes()


def test_a_day_that_no_calendar_has(recwarn: pytest.WarningsRecorder) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["B2"].number_format = "yyyy-mm-dd"

    assert refused(lambda: subjects(("1", 99_999_999), change=change)) == [
        "s.xlsx, cell B2: `#VALUE!` is an error of the spreadsheet; mend the formula, or paste the value"
    ]
    assert not recwarn.list, "what openpyxl says of it is kept back"


def test_how_a_cell_is_drawn() -> None:
    with pytest.raises(InputError) as error:
        subjects(("0012", "6/1/2025", 60))
    assert str(error.value) == (
        "error: `6/1/2025` is not a date with the year first\n"
        " --> s.xlsx, cell B2\n"
        "  |\n"
        "2 | 0012 6/1/2025 60\n"
        "  |      ^^^^^^^^\n"
        "hint: day and month cannot be told apart; write it as YYYY-MM-DD"
    )


def test_a_row_that_nobody_sees_is_not_read_in_silence() -> None:
    """A filter that is left on hides rows, and they are rows all the same."""

    def hide(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.row_dimensions[5].hidden = True  # nothing stands there

    content = workbook(HEADING, ("0012", dt.date(2025, 1, 6), 60), ("0013", dt.date(2025, 1, 6), 60), change=hide)
    assert refused(roster.subjects, content, "s.xlsx", ()) == [
        "s.xlsx, cell A3: row 3 is hidden; show it, or take it out: what nobody sees is not read"
    ]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda sheet: setattr(sheet.column_dimensions["C"], "hidden", True), ["C1: column C"]),
        (lambda sheet: sheet.column_dimensions.group("B", "C", hidden=True), ["B1: column B", "C1: column C"]),
        (lambda sheet: sheet.column_dimensions.group("D", "F", hidden=True), []),  # nothing stands there
        (lambda sheet: sheet.row_dimensions.group(2, 2, hidden=True), ["A2: row 2"]),
    ],
)
def test_nothing_that_nobody_sees_is_read_in_silence(change: Change, told: list[str]) -> None:
    """Rows and columns alike, hidden or folded: a weight in a hidden column would be a dose."""
    content = workbook(HEADING, ("0012", dt.date(2025, 1, 6), 60), change=change)
    if told:
        assert [line.split(" is hidden")[0] for line in refused(roster.subjects, content, "s.xlsx", ())] == [
            f"s.xlsx, cell {at}" for at in told
        ]
    else:
        assert roster.subjects(content, "s.xlsx", ())[0].weight_kg == 60


def test_a_code_whose_digits_a_spreadsheet_has_rounded_is_nobodys() -> None:
    """From the 16th digit on a number has zeros for what was typed; a text has all of them."""
    assert subjects((999_999_999_999_999, JANUARY, 60))[0].code == "999999999999999"
    assert subjects(("12345678901234567", JANUARY, 60))[0].code == "12345678901234567"
    for number, shown in ((12345678901234567, "12345678901234600"), (10**15, "1000000000000000")):
        [told] = refused(roster.subjects, workbook(HEADING, (number, JANUARY, 60)), "s.xlsx", ())
        message = f"the number `{shown}` has more than 15 digits, and spreadsheets keep 15"
        assert told == f"s.xlsx, cell A2: {message}; format the cell as text, and type it again"


@pytest.mark.parametrize(
    ("serial", "year"), [(-3, 1899), (0, 1899), (1, 1900), (59, 1900), (60, 1900), (61, 1900), (1827, 1904), (1828, 1905)]
)
def test_a_number_that_is_formatted_as_a_day_is_none(serial: int, year: int) -> None:
    """Spreadsheets call 60 the 29 February 1900, which never was; no trial has days so early."""

    def written(sheet: Worksheet) -> None:
        sheet["B2"] = serial
        sheet["B2"].number_format = "yyyy-mm-dd"

    content = workbook(HEADING, ("0012", None, 60), change=written)
    if year >= 1905:
        assert roster.subjects(content, "s.xlsx", ())[0].start == dt.date(1905, 1, 1)
    else:
        [told] = refused(roster.subjects, content, "s.xlsx", ())
        assert told.startswith(f"s.xlsx, cell B2: {'a number that is shown as a day of ' if serial else '`00:00:00` is a time'}")


def of_sheets(*filled: bool) -> bytes:
    """A workbook with so many sheets, called A, B and so on, of which some hold a table."""
    book = Workbook()
    for number, holds in enumerate(filled):
        sheet = book.create_sheet(chr(ord("A") + number))
        for row in (HEADING, ("1", JANUARY)) if holds else ():
            sheet.append(row)
    del book["Sheet"]
    return workbook(book=book)


SEVERAL = "say which one is read: {}; where several tables come from one workbook, by table: `sheet subjects=A`"
CHOSEN: list[tuple[tuple[bool, ...], Layout, str | None]] = [
    ((True,), Layout(), None), ((False, True), Layout(), None), ((True,), Layout(sheets=["A"]), "A"),
    ((False, True), Layout(sheets=[" b "]), "B"),
    ((True, True), Layout(sheets=["B"]), "B"), ((True,), Layout(sheets=["x"]), None), ((True, True), Layout(sheets=["x", "a"]), "A"),
]  # fmt: skip
EMPTY = "is empty; the first line names the columns: subject,start,weight_kg,height_cm,sex,age_years,site,"
EMPTY += "study_version,consented,screened,randomised,screen_failed"
NOT_CHOSEN: list[tuple[tuple[bool, ...], Layout, str]] = [
    ((True, True), Layout(), "has several sheets: `A` and `B` hold something; " + SEVERAL.format("`sheet A` or `sheet B`")),
    ((True, True), Layout(sheets=["a", "B"]),
     "has several sheets: `A` and `B` hold something; " + SEVERAL.format("`sheet A` or `sheet B`")),
    ((True,) * 6, Layout(sheets=["x"]), "has several sheets: `A`, `B`, `C`, `D`, `E` and `F` hold something; "
     + SEVERAL.format("`sheet A` or `sheet B` or `sheet C` or `sheet D` or `sheet E`")),
    ((True, True), Layout(sheets=["C"], by_table=True), "has no sheet `C`; its sheets are `A` or `B`"),
    ((True,), Layout(sheets=["C"], by_table=True), "has no sheet `C`; its sheets are `A`"),
    *[((False,) * sheets, Layout(), EMPTY) for sheets in (1, 2)],
]  # fmt: skip


@pytest.mark.parametrize(("filled", "layout", "title"), CHOSEN)
def test_which_sheet_is_read(filled: tuple[bool, ...], layout: Layout, title: str | None) -> None:
    assert len(roster.subjects(of_sheets(*filled), "s.xlsx", (), layout=layout)) == 1
    assert (layout.sheet, layout.found) == (title, {name for name in layout.sheets if name.strip().casefold() == (title or "").casefold()})


@pytest.mark.parametrize(("filled", "layout", "told"), NOT_CHOSEN)
def test_where_it_is_not_said_which_sheet_is_read(filled: tuple[bool, ...], layout: Layout, told: str) -> None:
    assert refused(roster.subjects, of_sheets(*filled), "s.xlsx", (), (), layout) == [f"-: `s.xlsx` {told}"]


def test_cells_that_are_merged_are_told_also_in_a_column_that_is_ignored() -> None:
    rows = ((*HEADING, "phone"), ("1", "2025-01-06", 60, "5"), ("2", "2025-01-06", 60))
    content = workbook(*rows, change=lambda sheet: sheet.merge_cells("D2:D3"))
    told = "s.xlsx, cell D2: the cells `…` are merged; unmerge them, and fill each by itself"
    assert refused(roster.subjects, content, "s.xlsx", ()) == [told]


def test_of_whom_a_cell_is_that_cannot_be_read() -> None:
    """Of the first row as of the others; not where it stands between rows."""

    def change(sheet: Worksheet) -> None:
        sheet["A2"] = sheet["B4"] = "=TODAY()"
        sheet["A5"] = "=NOW()"

    content, problems = workbook(HEADING, (1, JANUARY), ("2", "2025-01-06"), ("3",), (), ("4", "2025-01-06"), change=change), Problems()
    assert subject_table.read(content, "s.xlsx", (), (), problems).table.wrong == {0, 2, 3}


@pytest.mark.parametrize("most", [43, 44])
def test_a_text_of_a_workbook_has_as_many_characters_as_its_rows_cells_and_texts(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two rows, the second as wide as the first, and 36 characters: 2 + 6 + 36."""
    monkeypatch.setattr(workbooks, "_LARGEST", most)
    texts = {1: {1: "subject", 3: "start"}, 2: {1: "x" * 24}}
    if most == 44:
        assert workbooks._joined(texts, "s.xlsx") == f"subject\t\tstart\n{'x' * 24}\t\t"
    else:
        with pytest.raises(InputError, match="unpacks to more than 0 MB"):
            workbooks._joined(texts, "s.xlsx")


@pytest.mark.parametrize("size", [1000, 1001])
def test_the_parts_of_a_workbook_may_unpack_to_so_many_bytes_and_no_more(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "_LARGEST", 1000)
    told = DAMAGED if size == 1000 else TOO_LARGE.replace("100 MB", "0 MB")
    assert refused(roster.subjects, zipped(bytes(size)), "s.xlsx", ()) == [told]


@pytest.mark.parametrize(("rows", "told"), [
    ((HEADING, (None, "2025-01-06", 60, "x")), "s.xlsx, row 2: 4 cells under 3 columns"),
    ((HEADING, ("1", "2025-01-06", 60, "x")), "s.xlsx, cell A2: 4 cells under 3 columns"),
    (((None, "2025-01-06", "S1", "1"), (None, "start", "site", "subject"), (None, "2025-01-06", "S1", "2")),
     "s.xlsx, row 1: this row stands above the names of the columns"),
    (((None, "2025-01-06", 60),), "s.xlsx, row 1: no line names the columns"),
])  # fmt: skip
def test_a_row_whose_first_cell_is_empty_is_named_as_a_row(rows: tuple[tuple[Any, ...], ...], told: str) -> None:
    assert refused(roster.subjects, workbook(*rows), "s.xlsx", ())[0].split(";")[0] == told
