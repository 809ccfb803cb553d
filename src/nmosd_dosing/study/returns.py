"""Coming back to a period at most so many times: each return is laid out as periods of its own, so that the way has no circle.

Where subjects come back from `follow-up` to `treatment` twice at most, `treatment-2`, `follow-up-2`, `treatment-3` and `follow-up-3` are
laid out as well. Whatever leads out of a period leads out of each of its copies; from the last one nothing leads back. So nobody after this
knows that there were circles.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from nmosd_dosing.days import Code
from nmosd_dosing.errors import Problems
from nmosd_dosing.study.events import OF_SCREENING, completed
from nmosd_dosing.study.model import Period, Transition
from nmosd_dosing.study.period_order import reachable
from nmosd_dosing.study.visit_rules import Give, Point, Series, VisitRule

MOST = 20  # returns


def unrolled(
    periods: tuple[Period, ...], transitions: tuple[Transition, ...], problems: Problems
) -> tuple[tuple[Period, ...], tuple[Transition, ...]]:  # fmt: skip
    """The periods and the ways between them, with those of each return behind them. Reports ways that do not come back, and returns to
    several periods."""
    backs, ahead = ([way for way in transitions if (way.at_most is not None) == back] for back in (True, False))
    body = _body(ahead, backs, problems)
    times = next((way.at_most for way in backs if way.at_most is not None), 0)
    ids = {period.id for period in periods}
    if not body or not body <= ids:
        return periods, tuple(ahead)
    if taken := sorted(ids & {_nth(id, n) for id in body for n in range(1, times + 1)}):
        wrong = f"`{taken[0]}` is what the period is called when a subject comes back to it"
        problems.error(wrong, backs[0].place, "give the other period another id")
        return periods, tuple(ahead)
    found, ways = [*periods], [_led_back(way, 0) if way in backs else way for way in transitions]
    for n in range(1, times + 1):
        names = {completed(id): completed(_nth(id, n)) for id in body}
        found += [_period(period, n, names) for period in periods if period.id in body]
        for way in transitions:
            if way.source_period in body and (way not in backs or n < times):
                ways.append(_way(_led_back(way, n) if way in backs else way, n, body, names))
    return tuple(found), tuple(ways)


def _body(ahead: Sequence[Transition], backs: Sequence[Transition], problems: Problems) -> frozenset[str]:
    """The periods that are gone through again: those on the way from the one to which subjects come back to those from which they do.
    None where something is wrong."""
    found = set[str]()
    for way in backs:
        onward = reachable(way.target_period, [(t.source_period, t.target_period) for t in ahead])
        if way.source_period not in onward:
            wrong = f"rule `{way.id}` does not come back: no way leads from `{way.target_period}` to `{way.source_period}`"
            problems.error(wrong, way.place, "`at most` is for a way back to an earlier period: take it out")
            return frozenset()
        if (way.target_period, way.at_most) != (backs[0].target_period, backs[0].at_most):
            wrong = f"rules `{backs[0].id}` and `{way.id}` come back in two ways"
            problems.error(wrong, way.place, "let all ways back lead to one period, and be gone equally often")
            return frozenset()
        found |= onward & reachable(way.source_period, [(t.target_period, t.source_period) for t in ahead])
    return frozenset(found)


def _nth(id: str, n: int) -> str:
    """What a period or a rule is called when a subject has come back so many times."""
    return f"{id}-{n + 1}" if n else id


def _led_back(way: Transition, n: int) -> Transition:
    return replace(way, target_period=_nth(way.target_period, n + 1))


def _way(way: Transition, n: int, body: Collection[str], names: Mapping[str, str]) -> Transition:
    """A way out of a period to which a subject has come back so many times."""
    after = way.after
    if after.kind == "end":  # of the period that it leads out of
        after = replace(after, name=_nth(after.name, n))
    return replace(
        way, id=_nth(way.id, n), source_period=_nth(way.source_period, n),
        target_period=_nth(way.target_period, n) if way.target_period in body else way.target_period,
        after=after, needs=tuple(names.get(need, need) for need in way.needs), returns=n,
    )  # fmt: skip


def _period(period: Period, n: int, names: Mapping[str, str]) -> Period:
    rules = tuple(_rule(rule, names) for rule in period.visit_rules if not rule.at or not all(map(_is_of_screening, rule.at)))
    return replace(period, id=_nth(period.id, n), title=f"{period.title} ({n + 1})", visit_rules=rules, returns=n, id_in_file=period.id)


def _rule(rule: VisitRule, names: Mapping[str, str]) -> VisitRule:
    """An entry that may hang on the end of a period that is gone through again."""

    def at(item: Point | Series) -> Point | Series:
        if isinstance(item, Series):
            return replace(item, base=_code(item.base, names))
        return replace(item, code=_code(item.code, names), last=_code(item.last, names) if item.last is not None else None)

    def give(what: Give) -> Give:
        return replace(what, changes=tuple((names.get(event, event), doses) for event, doses in what.changes))

    again = [at(item) for item in rule.at if not _is_of_screening(item)]
    return replace(rule, at=tuple(again), gives=tuple(map(give, rule.gives)))


def _is_of_screening(item: Point | Series) -> bool:
    """Whether it was before day 1, and so does not come again."""
    return (item.base if isinstance(item, Series) else item.code).hangs_on in OF_SCREENING


def _code(code: Code, names: Mapping[str, str]) -> Code:
    return replace(code, hangs_on=names[code.hangs_on]) if code.hangs_on in names else code
