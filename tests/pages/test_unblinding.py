"""The arm of one subject is opened with the password again and a reason, and both trails say it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.kit.served import ACCOUNTS, AT, PASSWORD, client


@pytest.fixture
def zhao(place: Any) -> Any:
    """The unblinded pharmacist, who has a password."""
    from nmosd_dosing.register import accounts

    manager = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "chen.jie")
    accounts.set_password(place.register.facts, manager, AT, "UTC", name="zhao.min", password=PASSWORD)
    return client(place, "zhao.min")


def test_the_arm_is_shown_once_and_both_trails_say_it(place: Any, zhao: Any) -> None:
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import trail

    assert b"placebo" not in zhao.get("/subjects/0102/unblind").content
    shown = zhao.post("/subjects/0102/unblind", {"reason": "anaphylaxis", "password": PASSWORD})
    assert (shown.status_code, "<strong>placebo</strong>" in shown.content.decode()) == (200, True)
    who = {a.name: a.who for a in accounts.accounts(place.register.facts)}
    of_facts = list(trail.lines(place.register, who["li.na"]))[-1].sentence
    assert "zhao.min (unblinded-pharmacist): opened arm of 0102 (number" in of_facts
    assert "anaphylaxis" not in of_facts and "placebo" not in of_facts
    of_arms = list(trail.lines(place.register, who["zhao.min"], arms=place.register.arms))[-1].sentence
    assert "opened arm of 0102; reason: anaphylaxis (number arms:" in of_arms


@pytest.mark.parametrize(("typed", "said"), [
    ({"reason": "anaphylaxis", "password": "seven red tortoises"}, "This is not your password."),
    ({"reason": "  ", "password": PASSWORD}, "This field is required."),
    ({"password": PASSWORD}, "This field is required."),
])  # fmt: skip
def test_without_password_and_reason_it_stays_closed(place: Any, zhao: Any, typed: dict[str, str], said: str) -> None:
    before = place.register.facts.head(), place.register.arms.head()
    answer = zhao.post("/subjects/0102/unblind", typed)
    assert (answer.status_code, said in answer.content.decode()) == (400, True)
    assert b"placebo" not in answer.content
    assert (place.register.facts.head(), place.register.arms.head()) == before


@pytest.mark.parametrize("name", [name for name, (role, _) in ACCOUNTS.items() if role != "unblinded-pharmacist"])
def test_nobody_else_opens_an_arm(place: Any, name: str) -> None:
    asking = client(place, name)
    assert [asking.get("/subjects/0102/unblind").status_code, asking.post("/subjects/0102/unblind", {}).status_code] == [403, 403]


def test_managers_are_told(place: Any, zhao: Any) -> None:
    assert b"unblinded by" not in client(place, "chen.jie").get("/").content
    zhao.post("/subjects/0102/unblind", {"reason": "anaphylaxis", "password": PASSWORD})
    words = client(place, "chen.jie").get("/").content.decode()
    assert '<a href="/subjects/0102">0102</a> unblinded by zhao.min on 2025-07-07' in words
    assert b"anaphylaxis" not in client(place, "chen.jie").get("/").content
