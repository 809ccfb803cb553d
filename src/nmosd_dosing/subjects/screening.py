"""The days of a subject beside day 1: whether they can be in the order in which they are told. What cannot is asked about, and stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from nmosd_dosing.sentences import Sentence, said, word
from nmosd_dosing.study.events import CONSENTED, OF_SCREENING, RANDOMISED, SCREEN_FAILED, SCREENED

# The first comes on or before the second, by what they mean.
_BEFORE = ((CONSENTED, SCREENED), (CONSENTED, RANDOMISED), (SCREENED, RANDOMISED), (CONSENTED, SCREEN_FAILED))


def out_of_order(first: Callable[[str], dt.date | None], start: dt.date | None) -> Iterator[Sentence]:
    """What is wrong with the order of a subject's days, in words. first: the day of an event, None where it is not told; start: day 1.
    That somebody is randomised after day 1 is not wrong: a study may begin with a run-in. Nor is a failure before the screening: whoever
    failed may be screened again."""
    told = {event: day for event in OF_SCREENING if (day := first(event)) is not None}
    if SCREEN_FAILED in told and SCREENED in told and told[SCREEN_FAILED] < told[SCREENED]:
        del told[SCREEN_FAILED]  # it is of an earlier screening
    for before, after in _BEFORE:
        if before in told and after in told and told[after] < told[before]:
            one, two, day = word(after), word(before), told[after]
            yield said("{event} on {day} is before {other}, {first}", event=one, day=day, other=two, first=told[before])
    for event in (CONSENTED, SCREENED):
        if start is not None and event in told and start < told[event]:
            yield said("day 1, {start}, is before {event}, {day}", start=start, event=word(event), day=told[event])
    if start is not None and SCREEN_FAILED in told and start <= told[SCREEN_FAILED]:
        yield said("{event} on {day} is not before day 1, {start}", event=word(SCREEN_FAILED), day=told[SCREEN_FAILED], start=start)
