"""The month on a page is that of `dosing board`, mark by mark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.kit.command import dosing
from tests.kit.served import DAY, client

_DRAWN = re.compile(r'<table class="(?:month|lines)">.*?</table>', re.S)


def test_the_month_is_that_of_the_command(place: Any, tmp_path: Path) -> None:
    file, register = tmp_path / "board.html", place.register.address.shown
    done = dosing(
        "board", "--register", register, "--account", "chen.jie", "--as-of", str(DAY), "--country", "CN", "--month", "2025-08",
        "--output", str(file),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    of_page = _DRAWN.findall(client(place, "chen.jie").get("/month/2025-08").content.decode())
    plain = [re.sub(r'<a href="/subjects/(\w+)">\1</a>', r"\1", drawn) for drawn in of_page]
    assert (len(plain), plain) == (2, _DRAWN.findall(file.read_text("utf-8")))
    assert all("<a href=" in drawn for drawn in of_page), "each leads to the subject"


def test_this_month_is_that_of_today(place: Any) -> None:
    answer = client(place, "li.na").get("/month")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/month/2025-07")


@pytest.mark.parametrize("month", ["2025-13", "2025-00", "25-07", "0000-01", "2025-7", "july", "2025-07-01", "1994-12", "2056-01"])
def test_what_is_no_month_is_not_there(place: Any, month: str) -> None:
    assert client(place, "li.na").get(f"/month/{month}").status_code == 404


@pytest.mark.parametrize(
    ("month", "beside"), [("2025-07", ("2025-06", "2025-08")), ("1995-01", ("1994-12", "1995-02")), ("2055-12", ("2055-11", "2056-01"))]
)
def test_a_month_leads_to_those_beside_it(place: Any, month: str, beside: tuple[str, ...]) -> None:
    words = client(place, "li.na").get(f"/month/{month}").content.decode()
    assert tuple(re.findall(r'href="/month/([^"?]+)"', words)) == beside


def test_only_who_is_at_the_sites_of_the_account_is_drawn(place: Any) -> None:
    words = client(place, "li.na").get("/month/2025-07", {"site": "02"}).content.decode()
    assert "0101" in words and "0201" not in words
    assert "0101" not in client(place, "chen.jie").get("/month/2025-07", {"site": "02"}).content.decode()


def test_nothing_in_a_page_is_styled_where_it_stands(place: Any) -> None:
    assert "style=" not in client(place, "li.na").get("/month/2025-07").content.decode()
