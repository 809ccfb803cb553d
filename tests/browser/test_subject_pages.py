"""A coordinator's morning in a real browser, by the keyboard alone: a visit is recorded, the next one booked, Thursday asked for, the
handout printed. Nothing is fetched from elsewhere, the console stays empty, axe finds nothing, and a telephone scrolls no page sideways."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.kit.served import AT, PASSWORD, listening


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
    """A page that fetches from nowhere else; what its console says, but for a form that was refused, fails the test."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    shown = context.new_page()
    shown.on("request", lambda asked: None if asked.url.startswith(address) else wrong.append(f"fetched: {asked.url}"))
    shown.on("console", lambda message: wrong.append(f"console: {message.text}"))
    shown.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    yield shown
    context.close()
    assert wrong == []


def on(page: Any, name: str, role: str = "link") -> None:
    """Goes by the tabulator key to what has a name, and presses Enter there."""
    meant = page.get_by_role(role, name=name, exact=True).first
    _reached(page, lambda: meant.evaluate("e => e === document.activeElement"))
    with page.expect_navigation():
        page.keyboard.press("Enter")


def typed(page: Any, label: str, text: str) -> None:
    """The same to a field, of which the text is typed anew; of a list the item that begins so."""
    field = page.get_by_label(label, exact=True).first
    _reached(page, lambda: field.evaluate("e => e === document.activeElement"))
    if not field.evaluate("e => e.matches('select')"):
        page.keyboard.press("Control+A")
    page.keyboard.type(text)


def _reached(page: Any, is_there: Callable[[], bool]) -> None:
    for _ in range(120):
        if is_there():
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the keyboard does not come to it on {urlsplit(page.url).path}")


def looked_at(page: Any) -> None:
    """Axe finds nothing, and nothing scrolls the page sideways, wide or narrow."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: requirements-browser.txt")
    for width in (360, 1200):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
    found = axe.Axe().run(page).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found["violations"]] == [], page.url


def test_a_coordinator_records_books_asks_and_prints(page: Any, address: str) -> None:
    page.goto(f"{address}/subjects")
    typed(page, "Account", "li.na")
    typed(page, "Password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/subjects")
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
    page.goto(f"{address}/login?next=/subjects/0103")
    typed(page, "Account", "li.na")
    typed(page, "Password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/subjects/0103")
    for path in ("/write/event", "/write/weight", "/write/had", "/write/book", "/correct/8", "/withdraw/28"):
        page.goto(f"{address}/subjects/0103{path}")
        looked_at(page)
    page.goto(f"{address}/new-subject")
    looked_at(page)
    page.goto(f"{address}/subjects/0103")
    page.emulate_media(media="print")
    assert page.locator("a:visible", has_text="Record").count() == 0
