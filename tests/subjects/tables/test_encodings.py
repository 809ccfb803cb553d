"""Bytes that are not UTF-8 are never guessed: another reading is another person's code. Whoever knows the encoding says it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.tables import roster
from nmosd_dosing.subjects.tables.encodings import ENCODINGS, transcoded
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
