"""Whoever may not see arms gets the same pages, files and headers, byte for byte, whichever arm a subject is in; and of all addresses
nobody gets one that is not for the role."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.served import ACCOUNTS, AT, client, place_of

_TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]+')
_SAMPLES = {
    "code": "0102",
    "month": "2025-07",
    "name": "li.na",
    "id": "bat4406f",
    "version": "1",
    "number": "20",
    "kind": "record",
    "key": "x" * 43,
}


def addresses() -> list[str]:
    """Every address, with a sample in the place of each part."""
    from nmosd_dosing.pages import urls

    made = []
    for pattern in urls.urlpatterns:
        text = str(pattern.pattern)
        made.append("/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: _SAMPLES[found[1]], text))
    return made


def questions() -> list[str]:
    """Every address alone, and asked to show arms; as a table where the room of its view knows tables."""
    from nmosd_dosing.pages import urls

    made = []
    for pattern, address in zip(urls.urlpatterns, addresses(), strict=True):
        tables = 'request.GET.get("as")' in Path(inspect.getfile(inspect.unwrap(pattern.callback))).read_text("utf-8")
        made += [address + question for question in ("", "?unblind=1", *(("?as=csv&unblind=1", "?as=json&unblind=1") if tables else ()))]
    return made


def test_some_addresses_are_asked_for_tables() -> None:
    assert {asked.partition("?")[0] for asked in questions() if "as=csv" in asked} >= {"/trail", "/pharmacy", "/pharmacy/stock"}


@pytest.fixture(scope="module")
def both(register_of_the_trial: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any]]:
    """The pages of two registers that differ in the arm of each subject alone."""
    from nmosd_dosing.register import accounts, register
    from nmosd_dosing.register.database import facts
    from nmosd_dosing.register.database.store import Act

    folders, found = [tmp_path_factory.mktemp(name) for name in ("one", "other")], []
    for folder in folders:
        for file in register_of_the_trial.parent.glob("trial*"):
            shutil.copy(file, folder / file.name)
        found.append(register.open(str(folder / "trial.db")))
    pharmacist = next(a.who for a in accounts.accounts(found[1].facts) if a.name == "zhao.min")
    other = {"bat4406f": "placebo", "placebo": "bat4406f"}
    acts = [
        Act("correct", "allocation", {**(fact.cells or {}), "arm": other[(fact.cells or {})["arm"]]}, "swapped", fact.person,
            site=fact.site, replaces=fact.seq)
        for fact in facts.holding(found[1].arms, "allocation")
    ]  # fmt: skip
    found[1].arms.write(acts, pharmacist.author("UTC"), AT)
    yield place_of(found[0]), place_of(found[1])
    for each in found:
        each.close()


def answered(place: Any, name: str | None, address: str) -> tuple[int, bytes, dict[str, str]]:
    """The status, the bytes without what is random, and the headers."""
    answer = client(place, name).get(address)
    words = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, _TOKEN.sub(rb"\1", words.replace(str(place.register.address.shown).encode(), b"")), dict(answer.headers)


@pytest.mark.parametrize("name", [name for name, (role, _) in ACCOUNTS.items() if role != "unblinded-pharmacist"])
def test_pages_are_the_same_for_both_arms(both: tuple[Any, Any], name: str) -> None:
    one, other = both
    seen = set()
    for asked in questions():
        first, second = (answered(place, name, asked) for place in (one, other))
        assert first == second, asked
        seen.add(first[0])
    assert 200 in seen


TYPED = (
    ("/subjects/0103/write/record", {"visit": "rcp/D182", "date": "2025-07-07", "status": "done", "product": "placebo"}),
    ("/subjects/0103/write/weight", {"date": "2025-07-01", "weight_kg": "61"}),
    ("/subjects/0103/write/weight", {"date": "2025-07-01", "weight_kg": "611"}),
    ("/subjects/0103/correct/28", {"visit": "rcp/D1", "date": "2025-01-11", "status": "done", "why": "typed wrong"}),
    ("/subjects/0103/withdraw/28", {"why": "typed twice"}),
    ("/subjects/0201/write/event", {"event": "stable", "date": "2025-07-06"}),
    ("/new-subject", {"subject": "0111", "site": "01", "start": "2025-07-14"}),
)


@pytest.mark.parametrize("name", [name for name, (role, _) in ACCOUNTS.items() if role != "unblinded-pharmacist"])
def test_what_would_be_written_moves_the_same_for_both_arms(both: tuple[Any, Any], name: str) -> None:
    for address, typed in TYPED:
        first, second = (client(place, name).post(address, typed) for place in both)
        assert first.status_code == second.status_code, address
        assert _TOKEN.sub(rb"\1", first.content) == _TOKEN.sub(rb"\1", second.content), address


def test_every_address_is_for_the_roles_that_it_names_and_nobody_else(both: tuple[Any, Any]) -> None:
    from nmosd_dosing.pages import urls
    from nmosd_dosing.pages.access import access_of

    for pattern, address in zip(urls.urlpatterns, addresses(), strict=True):
        roles, methods = access_of(pattern.callback)
        for name, role in [(None, ""), *((name, role) for name, (role, _) in ACCOUNTS.items())]:
            status = answered(both[0], name, address)[0]
            if "GET" not in methods:
                assert status == 405, address
            elif roles is None:
                assert status in (200, 302, 404), address
            elif name is None:
                assert status == 302, address
            else:
                assert (status == 403) == (role not in roles), (address, name)
