"""Pages in a browser, on paper, on a telephone, read out: nothing is fetched, nothing runs, nothing is cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import dosing
from tests.kit.paths import ROOT
from tests.kit.site_facts import EXAMPLE

pytestmark = pytest.mark.integration

SUBJECTS = """\
subject,start,site
0101,2025-01-06,01
0102,2025-01-20,01
0103,2025-02-03,01
0104,2024-08-05,02
<script>alert(1)</script>,2025-03-03,02
"""
SUBJECTS += "".join(f"S-{n:03},2025-0{1 + n % 6}-{1 + n % 28:02},03\n" for n in range(24))
VISITS = """\
subject,period,visit,date,status,comment
0101,rcp,D1,2025-01-06,done,
0102,rcp,D1,2025-01-20,done,
0102,rcp,D182,2025-07-22 09:30,booked,a <b>long</b> comment that needs several lines in its column of the list of what is due on that day
0103,rcp,D1,2025-02-03,done,
0103,rcp,D182,2025-07-14,missed,
0104,rcp,D1,2024-08-05,done,
0104,rcp,D182,2025-02-04,done,
"""
STUDY = ("--regimen", "bat4406f", "--subjects", "s.csv", "--visits", "v.csv", "--as-of", "2025-07-14", "--site", str(EXAMPLE))
PAGES = {
    "board.html": ("board", *STUDY, "--country", "CN", "--ahead", "60d"),
    "month without visits.html": ("board", *STUDY, "--month", "2031-04", "--ahead", "1d"),
    "nobody.html": ("board", "--regimen", "mil62", "--start", "2025-01-06", "--as-of", "2025-01-06"),
    "handout.html": ("handout", *STUDY, "--subject", "0102", "--country", "CN"),
    "handout of somebody who begins.html": ("handout", *STUDY, "--subject", "0101", "--lang", "zh", "--with-code"),
    "grid.html": ("show", "mil62", "--grid"),
    "grid of cycles.html": ("show", str(ROOT / "examples/regimens/efgartigimod.yaml"), "--grid"),
    "grid of a site.html": ("show", "bat4406f", "--grid", "--site", str(EXAMPLE)),
    "handout of many visits.html": ("handout", "--regimen", "mil62", "--start", "2025-01-06", "--as-of", "2025-01-06"),
}
HEIGHT = {True: (210 - 28) / 25.4 * 96, False: (297 - 28) / 25.4 * 96}  # of a page of A4 between its margins, lying or standing
WIDTH = {True: (297 - 28) / 25.4 * 96, False: (210 - 28) / 25.4 * 96}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages as files."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (folder / "v.csv").write_text(VISITS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, asked in PAGES.items():
            done = dosing(*asked, "--output", name)
            assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, browser: Any, files: Path) -> Iterator[Any]:
    """A page in a browser that lets nothing but the page's own file through; what went wrong meanwhile fails the test."""
    wrong: list[str] = []
    own = (files / request.param).as_uri()

    def let_through(route: Any) -> None:
        if route.request.url == own:
            route.continue_()
        else:
            wrong.append(f"fetched: {route.request.url}")
            route.abort()

    context = browser.new_context()
    context.route("**/*", let_through)
    shown = context.new_page()
    shown.on("console", lambda message: wrong.append(f"console: {message.text}"))
    shown.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    shown.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    shown.goto(own)
    yield shown
    context.close()
    assert wrong == []


def lies(page: Any) -> bool:
    """Whether a page is printed on its side."""
    return "size: A4 landscape" in page.content()


def test_a_page_has_no_script_and_says_what_it_is(page: Any) -> None:
    assert page.evaluate("document.scripts.length + document.images.length + document.links.length") == 0
    assert page.title()
    assert page.evaluate("document.documentElement.lang") in ("en", "zh-Hans")
    assert page.evaluate("document.querySelectorAll('h1').length") == 1


def test_axe_finds_nothing(page: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: requirements-browser.txt")
    page.set_viewport_size({"width": 360, "height": 800})
    found = axe.Axe().run(page).response
    assert [(rule["id"], [node["html"] for node in rule["nodes"]][:3]) for rule in found["violations"]] == []
    assert len(found["passes"]) > 10


def test_no_page_is_wider_than_the_screen(page: Any) -> None:
    for width in (360, 768, 1920):
        page.set_viewport_size({"width": width, "height": 800})
        _is_not_wider_than(page, width)


def _is_not_wider_than(page: Any, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = """width => [...document.querySelectorAll('body *')].filter(e => !e.closest('.wide, svg') && !e.closest('.hid')
        && e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(beyond, width) == []
    small = """[...document.querySelectorAll('body *')].filter(e => e.checkVisibility() && e.textContent.trim() && !e.closest('.hid')
        && parseFloat(getComputedStyle(e).fontSize) < 10.5).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(small) == []


def test_what_scrolls_by_itself_can_be_reached_by_the_keyboard(page: Any) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    scrolls = """[...document.querySelectorAll('body *')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0
        && ['auto', 'scroll'].includes(getComputedStyle(e).overflowX) && e.tabIndex < 0).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(scrolls) == []


def test_on_paper_nothing_is_cut(page: Any) -> None:
    """No row, line or drawing is torn between two pages, since each may not be and is lower than a page; none is cut at its side."""
    side = lies(page)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": int(WIDTH[side]), "height": 800})
    whole = """height => [...document.querySelectorAll('tr, li, p, svg, h1, h2')].filter(e => !e.closest('svg svg') && !e.closest('.hid'))
        .filter(e => getComputedStyle(e).breakInside !== 'avoid' && !['H1', 'H2'].includes(e.tagName) && !e.parentElement.closest('li')
            || e.getBoundingClientRect().height > height).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(whole, HEIGHT[side]) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= int(WIDTH[side])
    cut = """[...document.querySelectorAll('body *')].filter(e => getComputedStyle(e).overflowX !== 'visible' && !e.closest('svg')
        && !e.matches('.hid') && e.scrollWidth > e.clientWidth + 1).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(cut) == []
    assert page.evaluate("[...document.querySelectorAll('thead')].every(e => getComputedStyle(e).display === 'table-header-group')")


def test_on_paper_pages_are_of_a4_and_a_handout_is_one(page: Any) -> None:
    side = lies(page)
    printed = page.pdf(prefer_css_page_size=True)
    boxes = {tuple(round(float(number)) for number in found.split()) for found in re.findall(rb"/MediaBox \[([\d. ]+)\]", printed)}
    assert boxes == {(0, 0, 842, 595) if side else (0, 0, 595, 842)}
    sheets = len(re.findall(rb"/Type /Page\b", printed))
    assert sheets == 1 if not side else 1 <= sheets <= 20


def test_a_line_of_a_subject_is_read_out(browser: Any, files: Path) -> None:
    page = browser.new_page()
    page.goto((files / "board.html").as_uri())
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="0102 site 01")).last
    said = row.locator("svg[role=img]").get_attribute("aria-label")
    assert "0102 rcp/D182: booked for 2025-07-22 Tue at 09:30, allowed from 2025-07-17 Thu to 2025-07-23 Wed" in said
    assert page.get_by_role("table").count() == 3
    page.close()
