"""What is said of a name that means no visit, or of which nobody knows which one it means."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Problem, clip, counted, did_you_mean, one_of
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import UNSCHEDULED, Names, course_of, folded, in_period

_CANDIDATES = 8
_ELAPSED = re.compile(r"(?:.*/)?(week|month|year) (\d{1,4})")


def unknown_name(visit: str, period: str | None, meant: Sequence[int], names: Names, there: Collection[int]) -> Problem:
    """What is wrong with a name, and what to write. meant: several visits that it may be; there: those that the subject has."""
    here = sorted(there)
    known, shown = [names.ids[i] for i in here], clip(visit)
    periods = list(dict.fromkeys(names.periods[i] for i in here))
    if period is not None and period not in periods:
        there_are = f"periods of this plan are {one_of(periods)}"
        return Problem(f"unknown period `{clip(period)}` of visit `{shown}`", None, did_you_mean(period, periods) or there_are)
    if meant:
        several = "visit of several periods" if len({names.periods[i] for i in meant}) > 1 else "name of several visits"
        return Problem(f"`{shown}` is a {several}", None, f"write {_some(names, meant)}")
    name = in_period(visit, period)
    elsewhere = names.meant(name.split("/", 1)[1], None, lambda i: i not in there) if "/" in name else []
    if elsewhere:
        return Problem(f"`{clip(name)}` is not a visit", None, f"{_some(names, elsewhere)} is")
    if (two := _two_days(name, [names.visits[i] for i in here])) is not None:
        wrong, days = two
        on = [i for i in here if names.visits[i].offset in days]
        write = f"write {_some(names, on)}{'' if on[1:] else ' if that is meant'}"
        return Problem(f"`{shown}` {wrong}", None, f"{write}, or say in the study file which it is: `also called: {shown}`")
    called = list(dict.fromkeys(text for i in here for text in (names.visits[i].label, *names.visits[i].names)))
    if (course := course_of(name, (*known, *called))) is not None:
        return Problem(f"unknown visit `{shown}`", None, f"it is a day of `{course}`, which is one visit: write that")
    hint = did_you_mean(name, known) or did_you_mean(visit, called, most=3)
    labels = list(dict.fromkeys(names.visits[i].label for i in here))
    visits = f"visits are {', '.join(f'`{label}`' for label in labels[:8])}{' and so on' if len(here) > 8 else ''}"
    others = f"one that is not planned is `{UNSCHEDULED}`; what else sites call a visit stands in the study file, as `also called`"
    return Problem(f"unknown visit `{shown}`", None, hint or f"{visits}; {others}")


def _some(names: Names, visits: Sequence[int]) -> str:
    ids = [names.ids[i] for i in visits]
    return f"{one_of(ids[:_CANDIDATES])}{f' and {len(ids) - _CANDIDATES} more' if len(ids) > _CANDIDATES else ''}"


def _two_days(name: str, visits: Sequence[Visit]) -> tuple[str, tuple[Offset, Offset]] | None:
    """Of a name such as `week 2`, where days count from 1 and the plan has a visit on one of the days that it may mean: what is wrong with
    it, and these days. Where days count from 0 it is the name of one."""
    if (found := _ELAPSED.fullmatch(folded(name))) is None:
        return None
    unit, n = found[1], int(found[2])
    step = {"week": Offset(7), "month": Offset(months=1), "year": Offset(months=12)}[unit]
    days = step.times(n), step.times(max(n - 1, 0))
    on = [visit for visit in visits if visit.offset in days and not visit.hangs_on]
    if not on or any(label.startswith(f"{unit} ") for visit in on for label in (visit.label, *visit.labels)):
        return None
    return f"is ambiguous where days count from 1: {counted(n, unit)} elapsed, or {unit} number {n}", days
