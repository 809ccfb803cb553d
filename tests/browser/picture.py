"""The pictures of the README: a board of the invented trial, and a subject's page. `python -m tests.browser.picture` takes them anew."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.browser.conftest import QUIET
from tests.browser.walking import signed_in, watched
from tests.kit.command import dosing
from tests.kit.paths import ROOT
from tests.kit.served import AT, PASSWORD, listening, made, place_of

AS_OF, WIDTH, HEIGHT = "2025-07-04", 1200, 760
PICTURES = ROOT / "docs"


def board(browser: Any, folder: Path) -> None:
    """The month and the lines, without the list below them."""
    page_of_board = folder / "board.html"
    os.chdir(ROOT / "examples" / "trial")
    done = dosing("board", "--as-of", AS_OF, "--output", str(page_of_board))
    assert done.returncode == 0, done.stderr
    page = browser.new_page(viewport={"width": WIDTH, "height": 800})
    page.goto(page_of_board.as_uri())
    ends = page.locator("section").last.bounding_box()
    assert ends is not None
    taken(page, "board.png", ends["y"])


def pages(browser: Any, address: str) -> None:
    """The upper part of a subject's page, as the coordinator of site 01 sees it."""
    with watched(browser, address) as page:
        signed_in(page, address, "li.na", "/subjects/0103")
        taken(page, "pages.png", HEIGHT)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Where the pages of the invented trial are."""
    from nmosd_dosing.register import accounts

    found = made(str(folder / "trial.db"))
    manager = next(a.who for a in accounts.accounts(found.facts) if a.name == "chen.jie")
    accounts.set_password(found.facts, manager, AT, "UTC", name="li.na", password=PASSWORD)
    with listening(place_of(found), io.StringIO()) as port:
        yield f"http://127.0.0.1:{port}"
    found.close()


def taken(page: Any, name: str, height: float) -> None:
    """A picture of a page down to a height, in few colours: a third of the bytes."""
    from PIL import Image

    page.screenshot(path=PICTURES / name, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": height})
    Image.open(PICTURES / name).quantize(64, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


def take() -> None:
    """Both."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, served(Path(folder)) as address, sync_playwright() as started:
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = started.chromium.launch(executable_path=program, args=QUIET)
        board(browser, Path(folder))
        pages(browser, address)
        browser.close()


if __name__ == "__main__":
    take()
