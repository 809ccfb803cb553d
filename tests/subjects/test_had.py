"""What a person had before the study: its days as they are written and in words, how much it was a day, and what contradicts itself."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.had import Had, Past
from nmosd_dosing.subjects.subject import Event

MAY_1, MAY_31, YEAR_END = dt.date(2024, 5, 1), dt.date(2024, 5, 31), dt.date(2024, 12, 31)
JUNE_1, JUNE_30, DECEMBER = dt.date(2024, 6, 1), dt.date(2024, 6, 30), dt.date(2024, 12, 1)
WIDE = ", taken as widely as it may be"
DAYS: list[tuple[Had, str, str, str, dt.date | None]] = [  # as the first and the last day are written, in words, and by when it had begun
    (Had("x", MAY_1, MAY_1), "2024-05-01", "2024-05-01", "2024-05-01", MAY_1),
    (Had("x", MAY_1, MAY_31), "2024-05-01", "2024-05-31", "from 2024-05-01 to 2024-05-31", MAY_1),
    (Had("x", None, MAY_1), "", "2024-05-01", "until 2024-05-01", None),
    (Had("x", MAY_1, None), "2024-05-01", "", "from 2024-05-01, its last day is not written", MAY_1),
    (Had("x", MAY_1, None, ongoing=True), "2024-05-01", "ongoing", "from 2024-05-01, going on", MAY_1),
    (Had("x", None, None), "", "", "its last day is not written", None),
    (Had("x", None, None, ongoing=True), "", "ongoing", "going on", None),
    (Had("x", MAY_1, MAY_31, first_at_latest=MAY_31, last_at_earliest=MAY_1), "2024-05", "2024-05", f"2024-05{WIDE}", MAY_31),
    (Had("x", dt.date(2024, 1, 1), None, ongoing=True, first_at_latest=YEAR_END), "2024", "ongoing", f"2024 to ongoing{WIDE}", YEAR_END),
    (Had("x", None, YEAR_END, last_at_earliest=dt.date(2024, 1, 1)), "", "2024", f"until 2024{WIDE}", None),
    (Had("x", MAY_1, JUNE_30, last_at_earliest=JUNE_1), "2024-05-01", "2024-06", f"2024-05-01 to 2024-06{WIDE}", MAY_1),
    (Had("x", MAY_1, None, first_at_latest=MAY_31), "2024-05", "", f"2024-05{WIDE}", MAY_31),
    (Had("x", DECEMBER, dt.date(2025, 12, 31), first_at_latest=YEAR_END, last_at_earliest=dt.date(2025, 12, 1)),
     "2024-12", "2025-12", f"2024-12 to 2025-12{WIDE}", YEAR_END),
]  # fmt: skip


@pytest.mark.parametrize(("had", "begin", "end", "when", "begun"), DAYS, ids=[when for _, _, _, when, _ in DAYS])
def test_its_days(had: Had, begin: str, end: str, when: str, begun: dt.date | None) -> None:
    assert (had.begin_text, had.end_text, str(had.when), had.begun) == (begin, end, when, begun)


@pytest.mark.parametrize(("amount", "a_day", "unit", "mg"), [
    ("5", None, "mg/day", "5"), ("5", None, "mg daily", "5"), ("5", None, "mcg / d", "0.005"), ("5", None, "克/日", "5000"),
    ("5", None, "MG qd", "5"), ("5", None, "mg", None), (None, "5", "mg", "5"), (None, "5", "g", "5000"), (None, "5", "mg/day", None),
    ("5", "7", "mg", "7"), ("5", "7", "mg/day", None), ("5", None, "tablets/day", None), (None, None, "mg/day", None),
])  # fmt: skip
def test_how_many_mg_a_day(amount: str | None, a_day: str | None, unit: str, mg: str | None) -> None:
    some, daily = (None if text is None else Decimal(text) for text in (amount, a_day))
    assert Had("x", MAY_1, None, amount=some, amount_per_day=daily, unit=unit).daily_mg == (None if mg is None else Decimal(mg))


@pytest.mark.parametrize(("given", "told"), [
    ({"last": dt.date(2024, 4, 30)}, "is before its first day, 2024-05-01"), ({"last": MAY_1}, ""), ({"last": None, "ongoing": True}, ""),
    ({"last": MAY_1, "ongoing": True}, "is the last day of what goes on"), ({"first": None, "last": MAY_1}, ""),
    ({"first": 5, "last": MAY_1}, "is not a date"), ({"last": MAY_1, "what": ""}, "is not a text"),
    ({"last": MAY_1, "amount": Decimal(-1)}, "is not an amount"),
])  # fmt: skip
def test_what_contradicts_itself(given: dict[str, Any], told: str) -> None:
    if not told:
        assert Had(**{"what": "x", "first": MAY_1, **given})
        return
    with pytest.raises(InputError, match=told) as error:
        Had(**{"what": "x", "first": MAY_1, **given})
    assert len(error.value.problems) == 1


def test_a_past() -> None:
    past = Past((Had("a", MAY_1, None), Had("b", None, dt.date(2024, 4, 1))))
    assert (past.latest, Past().latest, Past((Had("a", None, None),)).latest) == (MAY_1, None, None)
    assert Past((Had("a", MAY_1, MAY_31), Had("b", JUNE_1, None))).latest == JUNE_1
    rows = [Had("Nothing", None, None), Had("c", MAY_1, MAY_1, not_had=True), Had("d", MAY_1, MAY_1)]
    assert [had.what for had in past.with_rows(rows, told=False).had] == ["a", "b", "d"]
    assert [past.with_rows([], told=told).told for told in (False, True)] == [False, True]
    assert past.with_rows([], told=True).with_rows([], told=False).told
    happened = past.with_events([Event("relapse", MAY_1), Event("consented", MAY_1), Event("screen_failed", MAY_1)])
    assert [(had.what, had.first, had.last) for had in happened.had[2:]] == [("relapse", MAY_1, MAY_1), ("screen_failed", MAY_1, MAY_1)]
