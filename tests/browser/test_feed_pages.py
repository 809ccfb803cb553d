"""A feed is made in a real browser, by the keyboard alone: its address is shown once, in three ways, and is void once it is revoked."""

from __future__ import annotations

from typing import Any
from urllib.request import urlopen

import pytest

from tests.browser import test_subject_pages as others
from tests.browser.walking import looked_at, on, signed_in, typed

pytestmark = pytest.mark.integration

address, page = others.address, others.page


def test_a_coordinator_subscribes_and_revokes(page: Any, address: str) -> None:
    signed_in(page, address, "li.na", "/subjects/0103")
    on(page, "Subscribe")
    assert (page.get_by_label("A calendar of").input_value(), page.get_by_label("Subject").input_value()) == ("subject", "0103")
    looked_at(page)
    typed(page, "Purpose", "my phone")
    on(page, "Make it", "button")
    looked_at(page)
    links = [link.get_attribute("href") for link in page.get_by_role("region", name="Feed 1 is made").get_by_role("link").all()]
    key = links[0].rpartition("/")[2]
    assert [link.rpartition("/")[2] for link in links] == [key] * 3
    assert [link.partition(":")[0] for link in links] == ["http", "webcal", "https"]
    with urlopen(f"{address}/feeds/{key}") as answer:
        assert answer.read(15) == b"BEGIN:VCALENDAR"
    page.reload()
    assert key not in page.content()
    assert "Python-urllib" in page.get_by_role("region", name="My feeds").inner_text()
    page.get_by_text("Revoke").first.focus()
    page.keyboard.press("Enter")
    on(page, "Revoke it for good", "button")
    assert "revoked" in page.get_by_role("region", name="My feeds").inner_text()
    looked_at(page)
    with pytest.raises(OSError, match="404"):
        urlopen(f"{address}/feeds/{key}")
