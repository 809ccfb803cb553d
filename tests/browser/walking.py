"""How the pages of a register are used in a browser: by the keyboard or the mouse, watched for what they may not do."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.kit.served import PASSWORD

_REFUSED = "the server responded with a status of 400"


@contextlib.contextmanager
def watched(browser: Any, address: str) -> Iterator[Any]:
    """A page that fetches from nowhere but an address, and whose console says nothing but that a form was refused; else the test fails."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    shown = context.new_page()
    shown.set_default_timeout(10_000)
    shown.on("request", lambda asked: None if asked.url.startswith(address) else wrong.append(f"fetched: {asked.url}"))
    shown.on("console", lambda message: None if _REFUSED in message.text else wrong.append(f"console: {message.text}"))
    shown.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    try:
        yield shown
    finally:
        context.close()
    if wrong:
        pytest.fail("\n".join(wrong))


def signed_in(page: Any, address: str, name: str, path: str = "/") -> None:
    """Signs in by the keyboard, and comes to a page."""
    page.goto(f"{address}{path}")
    typed(page, "Account", name)
    typed(page, "Password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}{path}")


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
        wide = page.evaluate("[...document.querySelectorAll('.wide')].filter(e => e.scrollWidth > e.clientWidth + 1).length")
        assert not wide or page.locator(".sideways").is_visible(), f"{page.url} does not say that a table goes on beyond the edge"
    found = axe.Axe().run(page).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found["violations"]] == [], page.url
