"""Which periods of a study follow each other, and the arms on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nmosd_dosing.errors import InputError, Problem, one_of
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit_rules import LAST_DOSE, Point, VisitRule


def way(study: Study, period: str | None = None) -> tuple[Period, ...]:
    """The periods that a subject may go through, first things first: from the one from which alone a way leads on, or the only one; or
    the `period` that is asked for alone.

    Raises InputError where there is no such period, the file has several ways in, or arms differ on the way.
    """
    if period is not None:
        return (one_period(study, period),)
    targets = {t.target_period for t in study.transitions}
    roots = [p for p in study.periods if p.id not in targets and any(t.source_period == p.id for t in study.transitions)]
    if len(study.periods) > 1 and len(roots) != 1:
        problem = "has no way from one period to the next" if not roots else f"has several ways in: {one_of(p.id for p in roots)}"
        raise InputError(Problem(f"`{study.id}` {problem}", hint=f"name one period: {one_of(p.id for p in study.periods)}"))
    found = [roots[0] if roots else study.periods[0]]
    reached = reachable(found[0].id, ((t.source_period, t.target_period) for t in study.transitions))
    while waiting := [p for p in study.periods if p.id in reached and p not in found]:
        later = {t.target_period for t in study.transitions if t.source_period in reached - {p.id for p in found}}
        found.append(next(p for p in waiting if p.id not in later))  # there is no circle: `sense`
    arms = {p.arms for p in found if p.arms}
    if len(arms) > 1:
        hint = f"plan each period by itself: {one_of(study.regimen_id(p) for p in found)}"
        raise InputError(Problem(f"the arms of `{study.id}` differ on the way through {one_of(p.id for p in found)}", hint=hint))
    return tuple(found)


def only_doses_ahead(study: Study) -> frozenset[str]:
    """The periods that give doses and do nothing else, on any way on from them neither: whoever gets no dose any more has nothing there."""
    found = {p.id for p in study.periods if p.visit_rules and all(map(_only_with_doses, p.visit_rules))}
    while leads_on := {t.source_period for t in study.transitions if t.source_period in found and t.target_period not in found}:
        found -= leads_on
    return frozenset(found)


def _only_with_doses(rule: VisitRule) -> bool:
    """Whether nothing happens at an entry's visits for whoever gets no dose in the period: it gives doses, or hangs on the last one."""
    after_doses = bool(rule.at) and all(isinstance(item, Point) and item.code.hangs_on == LAST_DOSE for item in rule.at)
    return after_doses or bool(rule.gives and not rule.assess)


def planned_entries(study: Study) -> dict[str, int | None]:
    """By period, the most days from the study's first to its own, for whoever stays in every period before to its planned end and goes on
    at once; None where the length of one of them is not stated."""
    found: dict[str, int | None] = {period.id: 0 for period in study.periods}
    for _ in study.periods:  # the longest way has no more steps; a circle is reported elsewhere
        before = dict(found)
        for way_in in study.transitions:
            source, target = study.period(way_in.source_period), way_in.target_period
            begins, now = found.get(way_in.source_period), found.get(target)
            if source is None:
                continue
            if begins is None or source.length is None:
                found[target] = None
            elif now is not None:
                found[target] = max(now, begins + source.length.range[1] + way_in.after.plus.range[1])
        if found == before:
            break
    return found


def reachable(start: str, ways: Iterable[tuple[str, str]]) -> set[str]:
    """The periods that some ways lead to, with the one from which they do."""
    found, ways = {start}, [*ways]
    while more := {into for out, into in ways if out in found} - found:
        found |= more
    return found


def arms_of(periods: Sequence[Period]) -> tuple[str, ...]:
    """The arms of the periods of a way."""
    return next((p.arms for p in periods if p.arms), ())


def one_period(study: Study, period: str) -> Period:
    """The period named. Raises InputError."""
    found = study.period(period)
    if found is None:
        raise InputError(Problem(f"unknown period `{period}`", hint=f"name one: {one_of(p.id for p in study.periods)}"))
    return found
