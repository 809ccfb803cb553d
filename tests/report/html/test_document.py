"""A page stands alone, and nothing that a user wrote becomes a part of it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.report.html.document import POLICY, document, element, group, table, wide


class Read(HTMLParser):
    """The tags, attributes and texts of a page, as a browser takes them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("\"' onload=x", "\"' onload=x"),
        ("a & b &amp; c", "a & b &amp; c"),
        ("]]><!--", "]]><!--"),
        ("</style></title><b>", "</style></title><b>"),
        ("bell \x07, nul \x00, half \ud800", "bell \\x07, nul \\x00, half \\ud800"),
        ("turned \u202eback", "turned \\u202eback"),
        ("受试者 ١٢٣", "受试者 ١٢٣"),
    ],
)
def test_a_users_text_is_only_text(written: str, shown: str) -> None:
    read = Read(element("p", written, title=written).html)
    assert (read.tags, "".join(read.texts), read.attributes) == (["p"], shown, [("title", shown)])


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_whatever_a_text_is_the_page_has_the_same_elements(words: str) -> None:
    made = [document(w, [wide(w, table(w, [w, w], [[w, w]])), group([w, None])]) for w in ("x", words)]
    plain, hostile = map(Read, made)
    assert hostile.tags == plain.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in plain.attributes]
    assert made[1].encode()


def test_a_page_fetches_nothing_and_runs_nothing() -> None:
    page = document("Title", [element("p", "text")], language="zh")
    read = Read(page)
    assert page.startswith('<!doctype html>\n<html lang="zh-Hans">')
    assert POLICY in dict(read.attributes).values() or ("content", POLICY) in read.attributes
    assert not {"script", "link", "img", "iframe"} & {*read.tags}
    assert "url(" not in page and "@import" not in page and "http:" not in page and "https:" not in page


def test_a_table_has_a_caption_and_headings_of_columns_and_rows() -> None:
    made = table("Visits", ["Visit", "Date"], [["D1", "2025-01-06"]]).html
    assert made == (
        '<table><caption>Visits</caption><thead><tr><th scope="col">Visit</th><th scope="col">Date</th></tr></thead>'
        '<tbody><tr><th scope="row">D1</th><td>2025-01-06</td></tr></tbody></table>'
    )
