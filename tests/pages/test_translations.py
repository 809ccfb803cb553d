"""All texts of the pages, and all that the core says, are in Chinese, too, with the same places for what is put in; and what is compiled is
what is written."""

from __future__ import annotations

import ast
import re
import shutil
from typing import Any

import polib
import pytest

from tests.kit.served import client
from tests.pages.translations import MO, PO, compiled, extracted, literals, places, spoken

_PLACES = re.compile(r"%(?:\(\w+\))?[sd]")


@pytest.fixture(scope="module")
def po() -> polib.POFile:
    """The translations as they are written."""
    return polib.pofile(str(PO), wrapwidth=0)


def test_every_text_of_the_pages_is_there_and_no_other(po: polib.POFile) -> None:
    if shutil.which("xgettext") is None:
        pytest.skip("no xgettext: on Debian, apt install gettext")
    assert {entry.msgid for entry in extracted() if not entry.obsolete} == {entry.msgid for entry in po}


def test_every_text_is_translated_with_the_same_places(po: polib.POFile) -> None:
    assert [entry.msgid for entry in po if entry.fuzzy or not entry.translated()] == []
    for entry in po:
        said = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
        for text in said:
            assert set(_PLACES.findall(text)) == set(_PLACES.findall(entry.msgid_plural or entry.msgid)), entry.msgid


def test_every_pattern_of_the_core_is_written_out_where_it_is_said_with_what_is_put_in() -> None:
    for where, call in spoken():
        patterns = literals(call)  # raises for what is no literal
        if isinstance(call.func, ast.Name) and call.func.id == "said":
            named = {keyword.arg for keyword in call.keywords}
            assert None not in named, where
            assert {name for pattern in patterns for name in places(pattern)} == named, where
    for wrong in ("said(words)", "said(f'{n} days')", "said('a' + b)", "many(n, noun)", "joined(comma, [])"):
        unclear = ast.parse(wrong, mode="eval").body
        assert isinstance(unclear, ast.Call)
        with pytest.raises(ValueError, match=r"\w"):
            literals(unclear)


def test_every_pattern_of_the_core_is_translated_with_the_same_places(po: polib.POFile) -> None:
    chinese = {entry.msgid: entry.msgstr for entry in po}
    for pattern in {text for _, call in spoken() for text in literals(call) if text}:
        assert places(chinese[pattern]) == places(pattern), pattern


def test_what_the_core_says_of_a_terminal_is_said_otherwise_on_pages() -> None:
    from django.utils import translation

    from nmosd_dosing.pages.showing import ON_PAGES, say
    from nmosd_dosing.sentences import joined, said

    assert set(ON_PAGES) <= {text for _, call in spoken() for text in literals(call)}, "the core has another sentence now"
    told = said("dose of {product}: masked, and with it how it is worked out; {how}", product="X", how="`--unblind` shows it")
    with translation.override("en"):  # a page that was asked for before may have been in Chinese
        assert say(told) == "dose of X: masked, and with it how it is worked out"
        assert say(said("two people need two codes")) == "two people need two codes"
        assert say(joined("; ", ("a", "b"))) == "a; b"


def test_what_is_compiled_is_what_is_written(po: polib.POFile) -> None:
    same = MO.read_bytes() == compiled(po)  # where they are not, pytest would look for the difference for half a minute
    assert same, "write it anew: python -m tests.pages.translations"


def test_a_page_is_in_the_language_that_was_chosen_or_that_the_browser_asks_for(place: Any) -> None:
    asking = client(place, "li.na")
    assert '<html lang="en">' in asking.get("/").content.decode()
    assert '<html lang="zh-Hans">' in asking.get("/", headers={"accept-language": "zh-CN,zh;q=0.9"}).content.decode()
    answer = asking.post("/language", {"language": "zh-hans", "next": "/subjects"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/subjects")
    words = asking.get("/").content.decode()
    assert '<html lang="zh-Hans">' in words and "2025-07-07 周一" in words
    assert asking.post("/language", {"language": "en", "next": "https://evil.example/"}).headers["Location"] == "/"


def test_a_day_in_a_form_is_written_and_read_alike_in_each_language(place: Any) -> None:
    for asked in ("en", "zh-CN"):
        stock = client(place, "wang.fang").get("/pharmacy/stock", headers={"accept-language": asked}).content.decode()
        assert re.findall(r'name="date" value="([^"]*)"', stock) == ["2025-07-07"]
        answer = client(place, "li.na").get("/trail", {"first": "07/08/2025"}, headers={"accept-language": asked})
        assert 'role="alert"' in answer.content.decode()
