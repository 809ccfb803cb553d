"""The picture of the README, a board of the invented trial. `python -m tests.browser.picture` takes it anew."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from tests.browser.conftest import QUIET
from tests.kit.command import dosing
from tests.kit.paths import ROOT

AS_OF, WIDTH = "2025-07-04", 1200
PICTURE = ROOT / "docs" / "board.png"


def take() -> None:
    """The month and the lines, without the list below them."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
        page_of_board = Path(folder) / "board.html"
        os.chdir(ROOT / "examples" / "trial")
        done = dosing("board", "--as-of", AS_OF, "--output", str(page_of_board))
        assert done.returncode == 0, done.stderr
        program = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = started.chromium.launch(executable_path=program, args=QUIET)
        page = browser.new_page(viewport={"width": WIDTH, "height": 800})
        page.goto(page_of_board.as_uri())
        ends = page.locator("section").last.bounding_box()
        assert ends is not None
        page.screenshot(path=PICTURE, full_page=True, clip={"x": 0, "y": 0, "width": WIDTH, "height": ends["y"]})
        browser.close()
    Image.open(PICTURE).quantize(64, dither=Image.Dither.NONE).save(PICTURE, optimize=True)  # a third of the bytes


if __name__ == "__main__":
    take()
