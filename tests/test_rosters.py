"""Tables of subjects, events, arms and records: how they are written, what is wrong with them, and the subjects that they make together."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nmosd_dosing import rosters
from nmosd_dosing.dsl import EVENTS
from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.person import Entered, Event, Record, Subject
from nmosd_dosing.tables import Cell, read

JANUARY = dt.date(2025, 1, 6)
COLUMNS = ("subject", "period", "visit", "date", "status", "product", "amount", "unit", "weight_kg", "batch", "reason", "comment")


def subjects(text: str, *periods: str) -> tuple[Subject, ...]:
    return rosters.subjects(text.encode(), "s.csv", periods)


def events(text: str) -> list[tuple[Cell, Event]]:
    return rosters.events(text.encode(), "e.csv", tuple(EVENTS))


def allocation(text: str) -> list[tuple[Cell, Cell]]:
    return rosters.allocation(text.encode(), "a.csv")


def records(text: str) -> list[tuple[Cell | None, Record]]:
    return rosters.records(text.encode(), "r.csv")


def refused(read: Callable[..., Any], *arguments: Any) -> list[str]:
    """Each problem as `place: message; hint`."""
    with pytest.raises(InputError) as error:
        read(*arguments)
    lines = []
    for problem in error.value.problems:
        where = problem.place.document.where(problem.place) if problem.place else "-"
        also = "".join(f" ({words} {place.document.where(place)})" for words, place in problem.also)
        lines.append(f"{where}: {problem.message}{also}; {problem.hint}")
    return lines


# How a table is written.

WRITTEN = {
    "UTF-8": "subject,start,site\n0012,2025-01-06,北京\n".encode(),
    "UTF-8 with a mark": "\ufeffsubject,start,site\n0012,2025-01-06,北京\n".encode(),
    "GB18030": "subject,start,site\n0012,2025-01-06,北京\n".encode("gb18030"),
    "GB18030 with a mark": "\ufeffsubject,start,site\n0012,2025-01-06,北京\n".encode("gb18030"),
    "UTF-16": "subject,start,site\n0012,2025-01-06,北京\n".encode("utf-16"),
    "UTF-16, big end first": "\ufeffsubject,start,site\n0012,2025-01-06,北京\n".encode("utf-16-be"),
    "CRLF": "subject,start,site\r\n0012,2025-01-06,北京\r\n".encode(),
    "lone CR": "subject,start,site\r0012,2025-01-06,北京\r".encode(),
    "no end of line": "subject,start,site\n0012,2025-01-06,北京".encode(),
    "semicolons": "subject;start;site\n0012;2025-01-06;北京\n".encode(),
    "tabs": "subject\tstart\tsite\n0012\t2025-01-06\t北京\n".encode(),
    "sep=": "sep=;\r\nsubject;start;site\r\n0012;2025-01-06;北京\r\n".encode(),
    "sep= against the count": 'sep=;\n"subject";start;"site"\n0012;2025-01-06;"北京"\n'.encode(),
    "empty lines": "\n\nsubject,start,site\n\n,,\n0012,2025-01-06,北京\n \n".encode(),
    "a trailing empty column": "subject,start,site,\n0012,2025-01-06,北京,\n".encode(),
    "one only in the rows": "subject,start,site\n0012,2025-01-06,北京,,\n".encode(),
    "quoted": '"subject" , "start",site\n"0012","2025-01-06", "北京" \n'.encode(),
    "another order": "site,start,subject\n北京,2025-01-06,0012\n".encode(),
    "spaces": "subject , start,site\n 0012,2025-01-06 ,\u3000北京\n".encode(),
}


@pytest.mark.parametrize("content", WRITTEN.values(), ids=WRITTEN)
def test_ways_of_writing_one_table(content: bytes) -> None:
    [subject] = rosters.subjects(content, "s.csv", ())
    assert subject == Subject(JANUARY, "0012", site="北京")
    assert subject.place is not None and subject.place.document.text[subject.place.start : subject.place.end] == "0012"


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\ufeff"), max_size=8)
rows = st.lists(st.tuples(texts, texts, texts), min_size=1, max_size=6)


@given(
    rows,
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gb18030"]),
    st.booleans(),
)
def test_what_a_program_writes_is_read_back(
    rows: list[tuple[str, str, str]], separator: str, quoting: Any, end: str, encoding: str, said: bool
) -> None:
    out = io.StringIO(newline="")
    if said:
        out.write(f"sep={separator}{end}")
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=end).writerows([("a", "b", "c"), *rows])
    content = out.getvalue().encode(encoding)
    if encoding == "gb18030" and not out.getvalue().isascii():
        with pytest.raises(UnicodeDecodeError) if not _is_utf8(content) else pytest.MonkeyPatch.context():
            content.decode("utf-8")
        assume(not _is_utf8(content))
    problems = Problems()
    table = read(content, "t.csv", ("a",), ("b", "c"), problems)
    assert not problems.found
    expected = [tuple(text.strip() for text in row) for row in rows if any(text.strip() for text in row)]
    assert list(zip(*(table.texts[column] for column in "abc"), strict=True)) == expected
    for column in "abc":
        for cell in table.cells(column):
            place = cell.place
            written = place.document.text[place.start : place.end].replace('""', '"').strip()
            assert written == cell.text or '"' in cell.text


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


@given(st.binary(max_size=300), st.sampled_from([b"", b"subject,start\n", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd0\xcf\x11\xe0"]))
def test_any_bytes_are_read_or_refused(content: bytes, before: bytes) -> None:
    try:
        rosters.subjects(before + content, "s.csv", ())
    except InputError as error:
        assert str(error)


UNREADABLE = {
    b"subject,start\n\xff\xff\n": "`s.csv` is not text in UTF-8, UTF-16 or GB18030",
    b"\xef\xbb\xbfsubject,start\n\xb1\xb1\n": "`s.csv` is not text in UTF-8, UTF-16 or GB18030",
    b"\xff\xfes": "`s.csv` is not text in UTF-8, UTF-16 or GB18030",
    "subject,start\n".encode("utf-16-le"): "`s.csv` is not text in UTF-8, UTF-16 or GB18030",
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.items())
def test_what_is_not_a_text(content: bytes, message: str) -> None:
    assert refused(rosters.subjects, content, "s.csv", ()) == [f"-: {message}; save it as `CSV UTF-8`"]


def test_an_old_workbook() -> None:
    assert refused(rosters.subjects, b"\xd0\xcf\x11\xe0\xa1\xb1", "s.xls", ()) == [
        "-: `s.xls` is an old workbook (.xls), or one with a password; save it as .xlsx without a password, or as `CSV UTF-8`"
    ]


HEADINGS = [
    ("", ["-: `s.csv` is empty; the first line names the columns: subject,start,weight_kg,height_cm,site,enter_olp"]),
    ("subject,,start\n", ["s.csv:1:9: column 2 has no name; name it, or take it out"]),
    ("Subject,start\n", [
        "s.csv:1:1: unknown column `Subject`; did you mean `subject`?",
        "s.csv:1:9: column `subject` is missing; the first line names the columns: subject,start",
    ]),
    ("subject,start,enter_opl\n", ["s.csv:1:15: unknown column `enter_opl`; did you mean `enter_olp`?"]),
    ("subject,start,start\n", ["s.csv:1:9: column `start` stands twice; take one of the two out",
                               "s.csv:1:15: column `start` stands twice; take one of the two out"]),
    ("subject|start\n", [
        "s.csv:1:1: unknown column `subject|start`; did you mean `subject`?",
        "s.csv:1:1: column `subject` is missing; the first line names the columns: subject,start",
        "s.csv:1:1: column `start` is missing; the first line names the columns: subject,start",
    ]),
    ("subject;start\n1;2025-01-06;x\n", ["s.csv:2:1: 3 cells under 2 columns; a text with a semicolon stands in double quotes"]),
    ('subject,start\n"a\nb"x,2025-01-06\n', [
        "s.csv:2:1: a quotation mark in the middle of a cell, or without its partner; write it twice",
        "s.csv:3:4: `2025-01-06`",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HEADINGS[:-1])
def test_wrong_columns(text: str, expected: list[str]) -> None:
    assert refused(subjects, text, "olp") == expected


# Subjects.


def test_subjects_and_what_is_known_of_them() -> None:
    found = subjects("subject,start,weight_kg,height_cm,site,enter_olp\n2,2025-01-06,60.5,165.5,S1,2025/7/7\n1,2025-01-07,,,,\n", "rcp", "olp") if 0 else subjects(
        "subject,start,weight_kg,height_cm,site,enter_olp\n2,2025-01-06,60.5,165.5,S1,2025/7/7\n1,2025-01-07,,,,\n", "olp"
    )
    assert found == (
        Subject(JANUARY, "2", weight_kg=60.5, height_cm=165.5, site="S1", entered=(Entered("olp", dt.date(2025, 7, 7)),)),
        Subject(dt.date(2025, 1, 7), "1"),
    )
    place = found[0].entered[0].place
    assert place is not None and place.document.where(place) == "s.csv:2:26"
