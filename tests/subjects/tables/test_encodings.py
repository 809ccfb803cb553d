"""Bytes that are not UTF-8 are never guessed: another reading is another person's code. Whoever knows the encoding says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.encodings import ENCODINGS, decoded, read_by_its_mark, transcoded
from tests.kit.command import dosing
from tests.kit.tables import refused

TABLE = "subject,start,site\n{},2025-01-06,A\n"
IN = {
    "cp1252": "Métz01", "shift_jis": "東京01", "euc_kr": "서울01", "big5": "臺北01", "cp1251": "Киев01", "gb18030": "北京01",
    "cp1250": "Łódź01",
}  # fmt: skip


@pytest.mark.parametrize(("encoding", "code"), IN.items())
def test_what_is_not_utf_8_is_read_only_as_is_said(encoding: str, code: str) -> None:
    content = TABLE.format(code).encode(encoding)
    [told] = refused(roster.subjects, content, "s.csv", ())
    assert told.startswith("-: `s.csv` is not UTF-8; save it as `CSV UTF-8`; or add `encoding ")
    assert [s.code for s in roster.subjects(transcoded(content, "s.csv", encoding), "s.csv", ())] == [code]


def test_the_hint_shows_how_the_first_such_text_would_read() -> None:
    assert refused(roster.subjects, TABLE.format("Métz01").encode("cp1252"), "s.csv", ()) == [
        "-: `s.csv` is not UTF-8; save it as `CSV UTF-8`; or add `encoding gb18030` if `M閠z01` is right, "
        "`encoding cp1252` if `Métz01` is right or `encoding big5` if `M彋z01` is right"
    ]


def test_of_a_table_of_arms_no_text_is_shown() -> None:
    assert refused(roster.allocation, "subject,arm\nA1,médicament\n".encode("cp1252"), "a.csv") == [
        "-: `a.csv` is not UTF-8; save it as `CSV UTF-8`, or say what it is: `encoding gb18030`"
    ]


@pytest.mark.parametrize("encoding", ["utf8", "cp999", "base64", "rot13", ""])
def test_encodings_that_there_are_not(encoding: str) -> None:
    content = TABLE.format("Métz01").encode("cp1252")
    with pytest.raises(InputError):
        transcoded(content, "s.csv", encoding)


@given(st.binary(max_size=80), st.sampled_from(ENCODINGS))
def test_any_bytes_are_text_in_it_or_refused(content: bytes, encoding: str) -> None:
    try:
        assert transcoded(content, "s.csv", encoding).decode() is not None or content
    except (InputError, UnicodeDecodeError) as error:  # a workbook stays as it is
        assert isinstance(error, InputError) or content.startswith((b"PK", b"\xd0\xcf", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb", b"\x84"))


def test_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("s.csv").write_bytes(TABLE.format("北京01").encode("gb18030"))
    Path("v.csv").write_text("subject,visit,date\n北京01,rcp/D1,2025-01-06\n", encoding="utf-8")
    ask = ("check", "--regimen", "bat4406f", "--subjects", "s.csv", "--visits", "v.csv", "--as-of", "2025-01-10")
    done = dosing(*ask)
    assert (done.returncode, done.stdout) == (2, "")
    assert "`--encoding gb18030` if `北京01` is right" in done.stderr
    done = dosing(*ask, "--encoding", "gb18030", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert '"subject": "北京01"' in done.stdout
    Path("s.csv").write_text(TABLE.format("北京01"), encoding="utf-16")
    assert dosing(*ask).stderr == "`s.csv` is read as UTF-16, by the mark that it begins with\n"


@pytest.mark.parametrize("before", ["", "A1,", "A1,2,"])
def test_the_text_that_is_shown_is_the_first_that_is_not_plain(before: str) -> None:
    content = f"subject,start,site\n{before}Métz01,x\n".encode("cp1252")
    assert "`encoding cp1252` if `Métz01` is right or `encoding big5`" in refused(roster.subjects, content, "s.csv", ())[0]


SAVE, GUESS = "save it as `CSV UTF-8`", "or say what it is: `encoding gb18030`"
OLD = "-: `s.csv` is an old workbook (.xls), or one with a password; save it as .xlsx without a password, or as `CSV UTF-8`"
NOT_TEXT = {
    b"\xff\xfea": f"has the mark of UTF-16, and is not text in it; {SAVE}",
    b"\xef\xbb\xbf\xff": f"has the mark of UTF-8, and is not text in it; {SAVE}",
    b"\x84\x31\x95\x33\xff": f"has the mark of GB18030, and is not text in it; {SAVE}",
    b"a\0b": f"is not text in UTF-8, or in UTF-16 with its mark; {SAVE}",
    b"a,\xff": f"is not UTF-8; {SAVE}; or add `encoding cp1252` if `\u00ff` is right or `encoding cp1251` if `\u044f` is right",
    b"a,\xe9,b": f"is not UTF-8; {SAVE}; or add `encoding cp1252` if `\u00e9` is right or `encoding cp1251` if `\u0439` is right",
    b"1,\xb7,b": f"is not UTF-8; {SAVE}; or add `encoding shift_jis` if `\uff77` is right",
    b"1,\xa0": f"is not UTF-8; {SAVE}, {GUESS}",
    b"x M\xe9tz.01 ;1": f"is not UTF-8; {SAVE}; or add `encoding gb18030` if `x M\u95a0z.01` is right, "
    "`encoding cp1252` if `x M\u00e9tz.01` is right or `encoding big5` if `x M\u5f4bz.01` is right",
}  # fmt: skip


@pytest.mark.parametrize(("content", "told"), NOT_TEXT.items())
def test_what_is_said_of_bytes_that_are_no_text(content: bytes, told: str) -> None:
    assert refused(decoded, content, "s.csv", False) == [f"-: `s.csv` {told}"]
    assert refused(decoded, content, "s.csv", True) == [
        f"-: `s.csv` {told.split('; or add')[0]}" + (f", {GUESS}" if "; or add" in told else "")
    ]


@pytest.mark.parametrize(("content", "encoding", "told"), [
    (b"x", "cp1252x", "unknown encoding: `encoding cp1252x`; did you mean `cp1252`?"),
    (b"x", "klingon", "unknown encoding: `encoding klingon`; encodings are `gb18030`, `big5`, `shift_jis`, `euc_kr`, `cp1252`, `cp1250`, "
     "`cp1251`, `cp1253`, `cp1254`, `iso8859-1`, `iso8859-15`, `gbk` or `utf-16-le`"),
    (b"a\nb\n\xff", "shift_jis", f"`s.csv` is not text in shift_jis: byte 0xff in line 3; {SAVE}, {GUESS}"),
    (b"a\nM\xe9tz,\n", "euc_kr", f"`s.csv` is not text in euc_kr: byte 0xe9 in line 2; {SAVE}, {GUESS}"),
])  # fmt: skip
def test_an_encoding_that_a_table_is_not_in(content: bytes, encoding: str, told: str) -> None:
    assert refused(transcoded, content, "s.csv", encoding) == [f"-: {told}"]


def test_an_old_workbook_is_not_read() -> None:
    content = b"\xd0\xcf\x11\xe0\xff"
    assert transcoded(content, "s.csv", "cp1252") == content
    assert refused(decoded, content, "s.csv", False) == [OLD]


def test_by_which_mark_a_table_is_read() -> None:
    tables = [b"a", b"\xef\xbb\xbfa", "a".encode("utf-16"), b"\xff\xfea", b"\x84\x31\x95\x33a"]
    assert [read_by_its_mark(content) for content in tables] == [None, None, "UTF-16", None, "GB18030"]
