"""The week of each role in a real browser: every page that there is, on a telephone, on paper and read out; and who does what in which
order. The coordinator's morning by the keyboard alone is in `test_subject_pages`."""

from __future__ import annotations

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.walking import looked_at, signed_in, watched
from tests.kit.served import ACCOUNTS, AT, PASSWORD, listening, place_of

pytestmark = pytest.mark.integration

PAGES = {
    "chen.jie": ("/", "/month/2025-07", "/subjects", "/subjects/0107", "/pharmacy", "/screening", "/studies", "/studies/bat4406f/1",
                 "/feeds", "/trail", "/accounts", "/accounts/li.na", "/password"),
    "zhao.min": ("/pharmacy/stock", "/subjects/0107?unblind", "/subjects/0107/unblind"),
}  # fmt: skip


@pytest.fixture(scope="module")
def address(browser: Any, register_of_the_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the pages are served; every account has a password, and each test has subjects of its own."""
    from nmosd_dosing.register import accounts, register

    folder = tmp_path_factory.mktemp("pages")
    for file in register_of_the_trial.parent.glob("trial*"):
        shutil.copy(file, folder / file.name)
    found = register.open(str(folder / register_of_the_trial.name))
    manager = next(a.who for a in accounts.accounts(found.facts) if a.name == "chen.jie")
    for name in ACCOUNTS:
        accounts.set_password(found.facts, manager, AT, "UTC", name=name, password=PASSWORD)
    with listening(place_of(found), io.StringIO()) as port:
        yield f"http://127.0.0.1:{port}"
    found.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page that is watched."""
    with watched(browser, address) as shown:
        yield shown


def press(page: Any, name: str) -> None:
    """Presses a button."""
    follow(page, page.get_by_role("button", name=name, exact=True).first)


def follow(page: Any, what: Any) -> None:
    """Clicks on a link or a button, and waits for the page that it leads to: what is asked next is asked of that page."""
    with page.expect_navigation():
        what.click()


def fill(page: Any, **said: str) -> None:
    """Writes into the fields of the form that is there, by their names."""
    for name, text in said.items():
        field = page.locator(f"main form[method=post] [name={name}]")
        if field.evaluate("e => e.matches('select')"):
            field.select_option(text)
        else:
            field.fill(text)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_page_can_be_read_by_everybody(page: Any, address: str, name: str) -> None:
    signed_in(page, address, name)
    for path in PAGES[name]:
        page.goto(f"{address}{path}")
        assert page.locator("h1").count() == 1, path
        beyond = """width => [...document.querySelectorAll('body *')].filter(e => !e.closest('.wide, svg') && !e.closest('.hid, .skip')
            && e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 80))"""
        page.set_viewport_size({"width": 360, "height": 900})
        assert page.evaluate(beyond, 360) == [], path
        looked_at(page)
        boxes = set(re.findall(rb"/MediaBox \[([\d. ]+)\]", page.pdf(format="A4")))
        assert len(boxes) == 1, path


def test_a_pharmacist_prepares_receives_and_dispenses(page: Any, address: str) -> None:
    signed_in(page, address, "wang.fang", "/pharmacy")
    assert "0102" in page.locator("main").inner_text() and "0201" not in page.locator("main").inner_text()
    follow(page, page.get_by_role("link", name="Stock", exact=True))
    kit = {"product": "BAT4406F/placebo", "vial": "500 mg", "batch": "K-17"}
    fill(page, date="2025-07-07", movement="received", **kit, expiry="2026-12-31", quantity="4")
    press(page, "Write it down")
    fill(page, date="2025-07-07", movement="dispensed", **kit, expiry="2026-12-31", quantity="1", subject="0104", visit="rcp/D1")
    press(page, "Write it down")
    on_hand = page.get_by_role("region", name="On hand").get_by_role("row").filter(has_text="K-17")
    assert on_hand.get_by_role("cell").filter(has=page.locator("strong")).inner_text() == "3"
    fill(page, date="2025-07-07", movement="dispensed", **kit, quantity="9", subject="0104", visit="rcp/D1")
    press(page, "Write it down")
    assert page.locator(".problems").count() == 1


def test_an_arm_is_opened_once_and_all_see_by_whom(browser: Any, address: str) -> None:
    with watched(browser, address) as page:
        signed_in(page, address, "zhao.min", "/subjects/0105/unblind")
        fill(page, reason="anaphylaxis in the clinic", password=PASSWORD)
        press(page, "Open the arm")
        assert page.locator(".arm").inner_text() in ("bat4406f", "placebo")
        follow(page, page.get_by_role("link", name="To the subject"))
        assert page.locator(".arm").count() == 0
    for name, path in (("li.na", "/subjects/0105"), ("chen.jie", "/")):
        with watched(browser, address) as page:
            signed_in(page, address, name, path)
            assert "unblinded by zhao.min on 2025-07-07" in page.locator(".unblinded").inner_text()
            assert "anaphylaxis" not in page.content()


def test_a_monitor_finds_out_who_changed_what(browser: Any, address: str) -> None:
    with watched(browser, address) as page:
        signed_in(page, address, "li.na", "/subjects/0104")
        follow(page, page.get_by_role("row").filter(has_text="brings her daughter").get_by_role("link", name="Correct"))
        page.wait_for_url("**/correct/*")
        fill(page, date="2025-07-22", time="10:00", why="she is away on Monday")
        press(page, "See what it moves")
        press(page, "Write it")
    with watched(browser, address) as page:
        signed_in(page, address, "moreau", "/subjects/0104")
        assert page.get_by_role("link", name="Record").count() == 0
        follow(page, page.get_by_role("link", name="Trail", exact=True))
        page.get_by_label("Subject").fill("0104")
        page.get_by_label("Account").fill("li.na")
        press(page, "Show")
        newest = page.locator(".trail li").first
        assert "li.na (coordinator): corrected visit D182 of 0104" in newest.inner_text()
        assert "date 2025-07-21 -> 2025-07-22" in newest.inner_text() and "she is away on Monday" in newest.inner_text()
        follow(page, newest.get_by_role("link"))
        assert page.locator(".trail li").count() == 2  # as it stands, and as it stood
        press(page, "Verify the trail")
        held = page.get_by_role("row").filter(has_text="facts").get_by_role("cell").nth(1).inner_text()
        assert held.startswith("yes\nfrom number "), "the accounts of the tests are made in 2025, after the tables"


def test_a_manager_lets_somebody_in_and_has_a_study_checked(browser: Any, address: str) -> None:
    with watched(browser, address) as page:
        signed_in(page, address, "chen.jie", "/accounts")
        fill(page, name="sun.wei", role="monitor", sites="02", password=PASSWORD)
        press(page, "Make it")
        assert page.get_by_role("row").filter(has_text="sun.wei").get_by_role("cell").first.inner_text() == "monitor"
        follow(page, page.get_by_role("link", name="Studies", exact=True))
        wrong = {"name": "bat.yaml", "mimeType": "text/yaml", "buffer": b"id: bat\n"}
        page.get_by_label("A study file or a site's file").set_input_files(wrong)
        press(page, "Check it")
        assert "bat.yaml" in page.get_by_role("alert").inner_text()
    with watched(browser, address) as page:
        signed_in(page, address, "sun.wei", "/subjects")
        codes = [row.inner_text() for row in page.get_by_role("rowheader").all()]
        assert codes and all(code.startswith("02") for code in codes)
