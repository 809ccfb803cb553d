"""What is said of a name that means no visit, or of which nobody knows which one it means."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Problem, clip, counted
from nmosd_dosing.sentences import Sentence, either, joined, length_text, perhaps, said, word
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
        hint = perhaps(period, periods) or said("periods of this plan are {words}", words=either(periods))
        return Problem(said("unknown period `{period}` of visit `{shown}`", period=clip(period), shown=shown), None, hint)
    if meant:
        several = len({names.periods[i] for i in meant}) > 1
        wrong = said("`{shown}` is a visit of several periods" if several else "`{shown}` is a name of several visits", shown=shown)
        return Problem(wrong, None, said("write {some}", some=_some(names, meant)))
    name = in_period(visit, period)
    elsewhere = names.meant(name.split("/", 1)[1], None, lambda i: i not in there) if "/" in name else []
    if elsewhere:
        return Problem(said("`{name}` is not a visit", name=clip(name)), None, said("{some} is", some=_some(names, elsewhere)))
    if (two := _two_days(name, [names.visits[i] for i in here])) is not None:
        why, days = two
        on = [i for i in here if names.visits[i].offset in days]
        write = said("write {some}" if on[1:] else "write {some} if that is meant", some=_some(names, on))
        hint = said("{write}, or say in the study file which it is: `also called: {shown}`", write=write, shown=shown)
        return Problem(said("`{shown}` {wrong}", shown=shown, wrong=why), None, hint)
    called = list(dict.fromkeys(text for i in here for text in (names.visits[i].label, *names.visits[i].names)))
    if (course := course_of(name, (*known, *called))) is not None:
        hint = said("it is a day of `{course}`, which is one visit: write that", course=course)
        return Problem(said("unknown visit `{shown}`", shown=shown), None, hint)
    near = perhaps(name, known) or perhaps(visit, called, most=3)
    labels = list(dict.fromkeys(names.visits[i].label for i in here))
    listed = joined(", ", [said("`{label}`", label=label) for label in labels[:8]])
    visits = said("visits are {words} and so on" if len(here) > 8 else "visits are {words}", words=listed)
    others = said(
        "one that is not planned is `{unscheduled}`; what else sites call a visit stands in the study file, as `also called`",
        unscheduled=UNSCHEDULED,
    )
    return Problem(said("unknown visit `{shown}`", shown=shown), None, near or said("{visits}; {others}", visits=visits, others=others))


def _some(names: Names, visits: Sequence[int]) -> Sentence:
    ids = [names.ids[i] for i in visits]
    some = either(ids[:_CANDIDATES])
    return said("{words} and {n} more", words=some, n=len(ids) - _CANDIDATES) if len(ids) > _CANDIDATES else some


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
    length = length_text(counted(n, unit))
    why = said("is ambiguous where days count from 1: {length} elapsed, or {unit} number {n}", length=length, unit=word(unit), n=n)
    return why, days
