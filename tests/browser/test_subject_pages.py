"""A coordinator's morning in a real browser, by the keyboard alone: a visit is recorded, the next one booked, Thursday asked for, the
handout printed. Nothing is fetched from elsewhere, the console stays empty, axe finds nothing, and a telephone scrolls no page sideways."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.walking import looked_at, on, signed_in, typed, watched
from tests.kit.served import AT, PASSWORD, listening

pytestmark = pytest.mark.integration


@pytest.fixture
def address(browser: Any, place: Any) -> Iterator[str]:
    """Where the pages are served; li.na has a password."""
    from nmosd_dosing.register import accounts

    manager = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "chen.jie")
    accounts.set_password(place.register.facts, manager, AT, "UTC", name="li.na", password=PASSWORD)
    with listening(place, io.StringIO()) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page that is watched."""
    with watched(browser, address) as shown:
        yield shown


def test_a_coordinator_records_books_asks_and_prints(page: Any, address: str) -> None:
    signed_in(page, address, "li.na", "/subjects")
    looked_at(page)

    on(page, "0102")
    looked_at(page)
    on(page, "Record rcp/D182")
    assert page.get_by_label("Visit").input_value() == "rcp/D182"
    typed(page, "Day", "2025-07-07")
    looked_at(page)
    on(page, "See what it moves", "button")
    assert page.get_by_text("in-window, 1 day after the target").count() == 1
    looked_at(page)
    on(page, "Write it", "button")
    assert "corrected visit rcp/D182 of 0102" in page.get_by_role("status").inner_text()
    looked_at(page)

    page.goto(f"{address}/subjects/0103")
    on(page, "Find a day rcp/D182")
    typed(page, "Day that is asked for", "2025-07-10")
    on(page, "Ask", "button")
    assert page.get_by_role("heading", name="Yes: rcp/D182, 2025-07-10 Thu").count() == 1
    looked_at(page)
    on(page, "Book this day", "button")
    assert page.get_by_text("No other visit moves.").count() == 1
    on(page, "Write it", "button")
    assert "status booked" in page.get_by_role("status").inner_text()
    assert "booked for 2025-07-10 Thu" in page.get_by_role("region", name="To do").inner_text()

    on(page, "History")
    looked_at(page)
    page.go_back()
    on(page, "English")
    assert page.get_by_role("heading", name="Your next visits").count() == 1
    assert len(re.findall(rb"/Type /Page\b", page.pdf(prefer_css_page_size=True))) == 1
    looked_at(page)


def test_forms_can_be_read_and_reached(page: Any, address: str) -> None:
    signed_in(page, address, "li.na", "/subjects/0103")
    for path in ("/write/event", "/write/weight", "/write/had", "/write/book", "/correct/8", "/withdraw/28"):
        page.goto(f"{address}/subjects/0103{path}")
        looked_at(page)
    page.goto(f"{address}/new-subject")
    looked_at(page)
    page.goto(f"{address}/subjects/0106/write/record?visit=olp/D1")
    on(page, "See what it moves", "button")
    assert page.get_by_role("row", name="olp/D1+24mo").count() == 1
    looked_at(page)
    page.goto(f"{address}/subjects/0103")
    page.emulate_media(media="print")
    assert page.locator("a:visible", has_text="Record").count() == 0
