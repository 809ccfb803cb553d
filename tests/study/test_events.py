"""The events that every study knows: what they are called otherwise, and where what hangs on them stands."""

from __future__ import annotations

import pytest

from nmosd_dosing.study.events import Ends, EventKind, before_or_after, completed, kind_of, meant_event

KNOWN = ("relapse", "died", "consented", "lost", "withdrawn")


@pytest.mark.parametrize(("word", "meant"), [
    ("death", "died"), ("Informed consent", "consented"), ("LTFU", "lost"), ("lost to follow-up", "lost"), ("relaps", "relapse"),
    ("withdrawal", "withdrawn"), ("screening", None), ("zzz", None),
])  # fmt: skip
def test_what_an_event_is_called_otherwise(word: str, meant: str | None) -> None:
    assert meant_event(word, KNOWN) == (f"did you mean `{meant}`?" if meant else None)


def test_what_is_known_of_an_event() -> None:
    assert kind_of("died") == EventKind("died", "died", ends=Ends.FOLLOW_UP, once=True)
    assert kind_of("rcp_completed") == EventKind("rcp_completed", "actual end visit of the period", ends=Ends.PERIOD, once=True)
    assert kind_of("cd19_return") == EventKind("cd19_return", "")
    assert [kind_of(name).answers for name in ("stable", "relapse_confirmed", "relapse_rejected", "relapse")] == [True, True, True, False]
    assert completed("long-term") == "long_term_completed"


def test_days_before_day_1_stand_before_it_and_what_hangs_on_events_behind_it() -> None:
    names = ["relapse", "", "screen_failed", "died", "randomised", "consented", "screened"]
    assert sorted(names, key=before_or_after) == ["consented", "screened", "randomised", "screen_failed", "", "died", "relapse"]
    assert [before_or_after(name)[0] for name in ("consented", "screen_failed", "", "died")] == [-4, -1, 0, 1]
