"""Study files and site files on pages: listed, looked at, checked with the errors of the command line, taken in by managers."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.kit.command import dosing
from tests.kit.paths import ROOT
from tests.kit.served import ACCOUNTS, client

STUDY = (ROOT / "regimens" / "bat4406f.yaml").read_bytes()
BROKEN = STUDY.replace(b"periods:", b"perods:", 1)


def sent(content: bytes, name: str = "bat4406f.yaml") -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, content, "application/yaml")


@pytest.mark.parametrize("name", ACCOUNTS)
def test_everybody_reads_which_files_there_are(place: Any, name: str) -> None:
    words = client(place, name).get("/studies").content.decode()
    assert "invented-hospitals" in words and "all sites" in words
    assert ("Check it" in words) == (name == "chen.jie")


def test_a_version_is_shown_as_a_grid_with_its_file(place: Any) -> None:
    words = client(place, "li.na").get("/studies/bat4406f/1").content.decode()
    assert '<div class="grid">' in words and "study: bat4406f" in words
    assert client(place, "li.na").get("/studies/bat4406f/2").status_code == 404


def test_a_wrong_file_is_refused_with_the_errors_of_the_command_line(place: Any, tmp_path: Path) -> None:
    (tmp_path / "bat4406f.yaml").write_bytes(BROKEN)
    done = dosing("validate", str(tmp_path / "bat4406f.yaml"))
    said = done.stderr.replace(f"{tmp_path}/", "").split("\n\n")[0]
    before = place.register.facts.head()
    answer = client(place, "chen.jie").post("/studies", {"file": sent(BROKEN), "check": "1"})
    assert answer.status_code == 400
    assert "unknown key `perods`" in said and said in answer.content.decode().replace("&#x27;", "'").replace("&gt;", ">")
    assert place.register.facts.head() == before


def test_a_file_is_checked_without_being_taken_in(place: Any) -> None:
    before = place.register.facts.head()
    answer = client(place, "chen.jie").post("/studies", {"file": sent(STUDY + b"# amended\n"), "check": "1"})
    assert "bat4406f: nothing is wrong; it would be version 2." in answer.content.decode()
    assert place.register.facts.head() == before


def test_what_was_checked_is_taken_in_as_it_was_without_being_sent_again(place: Any) -> None:
    asking, where = client(place, "chen.jie"), {"sites": "02, 07", "first": "2025-08-01"}
    words = asking.post("/studies", {"file": sent(STUDY + b"# amended\n"), "check": "1", **where}).content.decode()
    assert "Nothing is taken in yet." in words and "+# amended" in words
    assert re.findall(r"<tr><th scope=\"row\">(site \d\d).*?</th><td>(.*?)</td><td>(.*?)</td></tr>", words) == [
        (site, "bat4406f, Version 1", "Version 2 from 2025-08-01 Fri") for site in ("site 02", "site 07")
    ]
    assert "(nobody is there yet)" in words
    hidden = dict(
        re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', words.partition('class="todo"')[2].partition("</form>")[0])
    )
    assert hidden.pop("csrfmiddlewaretoken") and hidden == {
        **where,
        "checksum": hashlib.sha256(STUDY + b"# amended\n").hexdigest(),
        "seen": f"{place.register.facts.head().seq}",
    }
    assert asking.post("/studies", {**hidden, "take": "1"}).status_code == 302
    assert "site 02 from 2025-08-01 Fri" in asking.get("/studies").content.decode()
    assert "# amended" in asking.get("/studies/bat4406f/2").content.decode()
    again = asking.post("/studies", {**hidden, "take": "1"})
    assert (again.status_code, b"is not kept any more" in again.content) == (400, True), "it is kept until it is taken in"


def test_only_what_was_checked_is_taken_in_and_not_over_what_somebody_else_did(place: Any) -> None:
    asking, other = client(place, "chen.jie"), client(place, "chen.jie")
    asking.post("/studies", {"file": sent(STUDY + b"# one\n"), "check": "1"})
    before = place.register.facts.head()
    for checksum in ("", "0" * 64, hashlib.sha256(STUDY).hexdigest()):
        answer = asking.post("/studies", {"take": "1", "checksum": checksum})
        assert (answer.status_code, b"is not kept any more" in answer.content) == (400, True)
    assert place.register.facts.head() == before
    other.post("/studies", {"file": sent(STUDY + b"# two\n"), "check": "1"})
    assert other.post("/studies", {"take": "1", "checksum": hashlib.sha256(STUDY + b"# two\n").hexdigest()}).status_code == 302
    late = {"take": "1", "checksum": hashlib.sha256(STUDY + b"# one\n").hexdigest(), "seen": f"{before.seq}"}
    assert b"was first" in asking.post("/studies", late).content


def test_a_long_file_is_compared_as_far_as_can_be_read(place: Any) -> None:
    many = STUDY + b"".join(b"# %d\n" % n for n in range(300))
    words = client(place, "chen.jie").post("/studies", {"file": sent(many), "check": "1"}).content.decode()
    assert "+# 190" in words and "+# 250" not in words and "more lines" in words


@pytest.mark.parametrize("name", [name for name in ACCOUNTS if name != "chen.jie"])
def test_nobody_else_takes_a_file_in(place: Any, name: str) -> None:
    before = place.register.facts.head()
    assert client(place, name).post("/studies", {"file": sent(STUDY + b"#\n"), "take": "1"}).status_code == 404
    assert place.register.facts.head() == before


@pytest.mark.parametrize(("typed", "said"), [
    ({}, "no file is chosen"),
    ({"file": b"x" * 250_001}, "the file has more than 250 kB"),
    ({"file": b"\xff\xfe"}, "error:"),
    ({"shipped": "mil62"}, "this register is of `bat4406f`"),
])  # fmt: skip
def test_what_is_no_file_of_this_register_is_refused(place: Any, typed: dict[str, Any], said: str) -> None:
    typed = {name: sent(value) if isinstance(value, bytes) else value for name, value in typed.items()}
    answer = client(place, "chen.jie").post("/studies", {**typed, "check": "1"})
    assert (answer.status_code, said in answer.content.decode()) == (400, True)
