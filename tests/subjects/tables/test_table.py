"""However a table is written, in separators, quotes, line ends and encoding, it is read back; and any bytes are read or refused."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.reading import read
from tests.kit.tables import JANUARY, refused, rows

# How a table is written.

WRITTEN = {
    "UTF-8": "subject,start,site\n0012,2025-01-06,北京\n".encode(),
    "UTF-8 with a mark": "\ufeffsubject,start,site\n0012,2025-01-06,北京\n".encode(),
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
    [subject] = roster.subjects(content, "s.csv", ())
    assert subject == Subject(JANUARY, "0012", site="北京")
    assert subject.place is not None and subject.place.document.text[subject.place.start : subject.place.end] == "0012"


@settings(suppress_health_check=[HealthCheck.too_slow])  # texts of all characters are slow to begin with
@given(
    rows,
    st.sampled_from(",;\t"),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
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
    assume(end != "\r" or not any("\n" in text for row in rows for text in row))  # which Python leaves without quotes there
    assume(not any(re.match("'[0-9=+@-]|=\"", text.strip()) for row in rows for text in row))  # which a spreadsheet takes for a guard
    assume(not any(re.fullmatch(r"[.-]|n/?a", text.strip(), re.I) for row in rows for text in row))  # which say that there is nothing
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


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"subject,start\n", b"PK\x03\x04", b"\xff\xfe", b"\xef\xbb\xbf", b"\xd0\xcf\x11\xe0"])
)
def test_any_bytes_are_read_or_refused(content: bytes, before: bytes) -> None:
    try:
        roster.subjects(before + content, "s.csv", ())
    except InputError as error:
        assert str(error)


UNREADABLE = {
    b"\xef\xbb\xbfsubject,start\n\xb1\xb1\n": "`s.csv` has the mark of UTF-8, and is not text in it",
    b"\xff\xfes": "`s.csv` has the mark of UTF-16, and is not text in it",
    "subject,start\n".encode("utf-16-le"): "`s.csv` is not text in UTF-8, or in UTF-16 with its mark",
}


@pytest.mark.parametrize(("content", "message"), UNREADABLE.items())
def test_what_is_not_a_text(content: bytes, message: str) -> None:
    assert refused(roster.subjects, content, "s.csv", ()) == [f"-: {message}; save it as `CSV UTF-8`"]


GUARDED = {
    "a formula": 'subject,start,site\n="0012",2025-01-06,="北京"\n',
    "a formula in quotes": 'subject,start,site\n"=""0012""",2025-01-06,北京\n',
    "a formula, tabs": 'subject\tstart\tsite\n="0012"\t2025-01-06\t北京\n',
    "an apostrophe": "subject,start,site\n'0012,'2025-01-06,北京\n",
    "an apostrophe in quotes": 'subject,start,site\n"\'0012",2025-01-06,北京\n',
}


@pytest.mark.parametrize("text", GUARDED.values(), ids=GUARDED)
def test_a_guard_of_leading_zeros_is_no_part_of_the_text(text: str) -> None:
    assert roster.subjects(text.encode(), "s.csv", ()) == (Subject(JANUARY, "0012", site="北京"),)


def test_an_apostrophe_before_words_is_one() -> None:
    [subject] = roster.subjects(b"subject,start,site\n0012,2025-01-06,'s-Hertogenbosch\n", "s.csv", ())
    assert subject.site == "'s-Hertogenbosch"


def test_an_old_workbook() -> None:
    assert refused(roster.subjects, b"\xd0\xcf\x11\xe0\xa1\xb1", "s.xls", ()) == [
        "-: `s.xls` is an old workbook (.xls), or one with a password; save it as .xlsx without a password, or as `CSV UTF-8`"
    ]
