"""Entries of a period laid out as visits: repeats unrolled up to a horizon, what falls on one day put together.

One function for the checks of a file, for `show` and for the core, so that nobody sees another set of visits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Code, Offset
from nmosd_dosing.dose.dose import Dose
from nmosd_dosing.errors import Place, Problems, elsewhere, one_of
from nmosd_dosing.study import visit_labels
from nmosd_dosing.study.events import before_or_after
from nmosd_dosing.study.facts import NOT_STATED, NotStated
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.nominal_times import NominalTime
from nmosd_dosing.study.time_points import TimePoint, in_order
from nmosd_dosing.study.visit import Assessment, Said, Visit, allowed_for_all
from nmosd_dosing.study.visit_names import folded
from nmosd_dosing.study.visit_rules import AlsoCalled, Cycle, Follows, Give, Point, Series, VisitRule, Window, with_placebo_levels

OPEN_END = Offset(months=24)  # how far an open repeat is drawn where nobody says until when, inclusive


MAX_VISITS = 10_000  # of one period: daily for 27 years


class _Occurrence(Struct, frozen=True):
    """One entry on one of its days."""

    entry: VisitRule
    code: Code | None
    last: Code | None
    window: Window | NotStated | None
    open_ended: bool
    follows: Follows | None
    place: Place | None


def lay_out(period: Period, horizon: int, problems: Problems) -> tuple[Visit, ...]:
    """The visits of a period in their order, open repeats drawn for at least `horizon` days from its first day.

    No two have one label, and no label hangs on the horizon. Reports one product twice on one day, different windows on one day, and
    more visits than anybody has.
    """
    groups: dict[tuple[object, ...], list[_Occurrence]] = {}
    for number, occurrence in enumerate(_occurrences(period, max(horizon, _last_with_an_end(period)))):
        if number >= MAX_VISITS:
            wrong = f"more than {MAX_VISITS:,} visits in one period"
            problems.error(wrong, occurrence.place, "end the repeat earlier, or repeat less often")
            break
        code = occurrence.code
        key = (code.hangs_on, code.offset, occurrence.last and occurrence.last.offset) if code else (id(occurrence.entry),)
        groups.setdefault(key, []).append(occurrence)
    names = visit_labels.labels_of(period)
    visits = [_merge(group, period, names, problems) for group in groups.values() if not _beyond(group, horizon)]
    return tuple(sorted(visits, key=lambda v: (before_or_after(v.hangs_on), v.offset.nominal if v.offset is not None else float("inf"))))


def _last_with_an_end(period: Period) -> int:
    """How far the days go that do not hang on a horizon. Up to there open repeats are drawn, too: what falls on one day is one visit."""
    ends = (o.code.offset.range[0] for o in _occurrences(period, 0) if o.code is not None and not o.open_ended)
    return max(islice(ends, MAX_VISITS), default=0)


def _beyond(group: list[_Occurrence], horizon: int) -> bool:
    """Whether all of a visit comes from repeats without an end, and lies beyond the horizon: something may be missing from it."""
    return all(o.open_ended and o.code is not None and o.code.offset.range[0] > horizon for o in group)


def _occurrences(period: Period, horizon: int) -> Iterator[_Occurrence]:
    for entry in period.visit_rules:
        if not entry.at:
            yield _Occurrence(entry, None, None, None, False, None, entry.place)
        yield from _on_days(entry, horizon, period.visit_rules)


def _on_days(entry: VisitRule, horizon: int, entries: tuple[VisitRule, ...] = ()) -> Iterator[_Occurrence]:
    if entry.cycle is not None:
        together = [other for other in entries if other.cycle == entry.cycle] or [entry]
        first = min(item.code.offset.days for other in together for item in other.at if isinstance(item, Point))
        yield from _in_cycles(entry, entry.cycle, first, horizon)
        return
    for item in entry.at:
        if isinstance(item, Point):
            yield _Occurrence(entry, item.code, item.last, item.window, False, item.follows, item.place)
        else:
            before = 0
            for times, code in repeats(item, horizon):
                previous, step = item.base.later(item.step, before), item.step.times(times - before)
                follows = Follows(previous.offset, step, item.follows) if item.follows else None
                yield _Occurrence(entry, code, None, item.window, item.open_ended, follows, item.place)
                before = times


def days_of_entry(entry: VisitRule, horizon: int) -> set[tuple[str, Offset]]:
    """The days of an entry, each with the event that it is counted from, if any."""
    return {(o.code.hangs_on, o.code.offset) for o in _on_days(entry, horizon) if o.code is not None}


def _in_cycles(entry: VisitRule, cycle: Cycle, first: int, horizon: int) -> Iterator[_Occurrence]:
    """The days of each cycle; without an end up to the first cycle that begins beyond `horizon` days. `first`: how far into the cycle its
    first dose is, also where another entry gives it; from that one the others count, if they follow what was done."""
    number = 0
    while cycle.count is None or number < cycle.count:
        begins = cycle.step.times(number)
        number += 1
        if not begins.possible or (cycle.count is None and begins.range[0] > horizon):
            return
        for item in entry.at:
            if isinstance(item, Point):
                last = item.last.in_cycle(number, begins, cycle.name) if item.last is not None else None
                code, later = item.code.in_cycle(number, begins, cycle.name), item.code.offset.days - first
                before = (begins.later(first), Offset(later)) if later else (cycle.step.times(number - 2).later(first), cycle.step)
                follows = Follows(*before, cycle.follows) if cycle.follows and (later or number > 1) else None
                yield _Occurrence(entry, code, last, item.window, cycle.count is None and number > 1, follows, item.place)


def repeats(series: Series, horizon: int) -> Iterator[tuple[int, Code]]:
    """The days of a repeat, each with its number after the base; an open one up to the first beyond `horizon` days."""
    without = {code.offset for code in series.without}
    times = 0
    while series.count is None or times < series.count:
        times += 1
        code = series.base.later(series.step, times)
        if not code.offset.possible or (series.open_ended and code.offset.range[0] > horizon):
            return
        if code.offset not in without:
            yield times, code


def _merge(group: list[_Occurrence], period: Period, names: visit_labels.Labels, problems: Problems) -> Visit:
    naming = next((o for o in group if o.entry.gives), group[0])
    days = [(o.code, o.last) for o in group if o.code is not None]
    label = names.of_day((naming.code, naming.last), days) if naming.code is not None else names.of_entry(naming.entry)
    fixed = next((o for o in group if o.follows != naming.follows), None)
    if fixed is not None:
        here, there = _counted_from(naming), _counted_from(fixed)
        wrong, hint = f"{label} counts from {here} in one place and from {there} in another", "count it from the same in both"
        if here == there:
            wrong, hint = f"two rhythms meet on {label}, and each counts from {here} of its own", "count one of them from the first day"
        also = elsewhere("the other one", naming.place, fixed.place)
        problems.error(wrong, fixed.place, f"{hint}, or put the visit on another day", also)
    unlike = next((o for o in group if o.entry.kept_after != naming.entry.kept_after), None)
    if unlike is not None:
        here, there = one_of(naming.entry.kept_after) or "no exit", one_of(unlike.entry.kept_after) or "none"
        wrong = f"{label} is kept after {here} in one place and after {there} in another"
        hint = "write the same `kept after` in both, or put the visit on another day"
        problems.error(wrong, unlike.place, hint, elsewhere("the other one", naming.place, unlike.place))
    gives: dict[str, Give] = {}
    for occurrence in group:
        for written in occurrence.entry.gives:
            give = replace(written, open_ended=occurrence.open_ended)
            other = gives.get(give.product)
            gives[give.product] = give if other is None else _combine(other, give, label, occurrence, problems)
    assessments, time_points = _assessments(group), _time_points(group)
    others = [other for day in days for other in visit_labels.all_labels(day)] or [naming.entry.name or label]
    of_arms = sorted({arm for o in group for arm in o.entry.arms})
    found = len(problems.found)
    said = _said(group, of_arms, period, label, problems)
    by_arm = _by_arm(said, period) if len(problems.found) == found else ()
    return Visit(
        label=label, labels=tuple(other for other in dict.fromkeys(others) if other != label),
        names=tuple(dict.fromkeys([*(o.entry.name for o in group if o.entry.name), *(a.name for o in group for a in _called(o, label))])),
        offset=naming.code.offset if naming.code else None, last=naming.last.offset if naming.last else None,
        said=_to_whoever_asks(said, period), by_arm=by_arm, gives=tuple(map(with_placebo_levels, gives.values())), assessments=assessments,
        time_points=in_order(time_points, tuple(gives.values())), arms=tuple(of_arms), open_ended=all(o.open_ended for o in group),
        follows=naming.follows, hangs_on=naming.code.hangs_on if naming.code else "", kept_after=naming.entry.kept_after,
        of_return=period.returns > 0, place=naming.place,
    )  # fmt: skip


def _counted_from(occurrence: _Occurrence) -> str:
    follows = occurrence.follows
    if follows is None or (occurrence.entry.cycle is None and occurrence.code is not None and occurrence.code.offset.then):
        return "the first day" if follows is None else "another visit"
    return f"the previous {follows.by}"


def _assessments(group: list[_Occurrence]) -> tuple[Assessment, ...]:
    """What is examined on a day, each thing once."""
    found: dict[str, Assessment] = {}
    for occurrence in group:
        entry = occurrence.entry
        timed = {name for name, _ in entry.times}
        for name in entry.assess:
            before = found.get(name, Assessment(name, (), True))
            untimed = before.untimed if name in timed else _both(before.untimed, entry.arms)
            found[name] = Assessment(name, _both(before.arms, entry.arms), before.open_ended and occurrence.open_ended, untimed)
    return tuple(found.values())


def _time_points(group: list[_Occurrence]) -> tuple[TimePoint, ...]:
    """When what is examined on a day is, each time once."""
    found: dict[tuple[str, NominalTime], TimePoint] = {}
    for occurrence in group:
        for name, time in occurrence.entry.times:
            before = found.get((name, time), TimePoint(name, time, (), True))
            arms = _both(before.arms, occurrence.entry.arms)
            found[name, time] = TimePoint(name, before.time, arms, before.open_ended and occurrence.open_ended)
    return tuple(found.values())


def _both(some: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted({*some, *others}))


def _combine(one: Give, two: Give, label: str, occurrence: _Occurrence, problems: Problems) -> Give:
    """One product from two entries: for different arms it is one administration, else it is given twice."""
    if one.meets(two):
        place = two.place or occurrence.place
        also = elsewhere("and here", one.place, place)
        hint = "take one of the days out" if one.place == two.place else "give it once a day: put the whole dose into one visit"
        problems.error(f"{one.product} is given twice on {label}", place, hint, also)
        return one
    doses: tuple[Dose | None, ...] = tuple(a or b for a, b in zip(one.doses, two.doses, strict=True))
    both_doses = Give(
        one.product, doses, one.blinded or two.blinded, one.open_ended and two.open_ended, one.changes + two.changes, one.place
    )
    if len(both_doses.units) > 1:
        wrong, hint = f"{one.product} is dosed in {one_of(both_doses.units)} at one visit", "write every arm's dose in one unit"
        problems.error(wrong, two.place or occurrence.place, hint, elsewhere("the other one", one.place))
    return both_doses


# --- what is said of a visit, arm by arm --------------------------------------------------------------------------------


def _said(group: list[_Occurrence], arms: Sequence[int], period: Period, label: str, problems: Problems) -> dict[int, Said]:
    """What the entries of a day say to each arm for which the visit exists: what an entry says that is limited to arms holds for those."""
    found = dict[int, Said]()
    for arm in arms:
        mine = [o for o in group if arm in o.entry.arms]
        entries = list({id(o.entry): o.entry for o in mine}.values())
        once = Problems()
        found[arm] = Said(
            name=next((e.name for e in entries if e.name), None),
            window=_window(mine, period, label, once),
            assumed=tuple(dict.fromkeys(text for e in entries for text in e.facts.assumed)),
            note=tuple(dict.fromkeys(text for e in entries for text in e.facts.note)),
            sources=tuple(dict.fromkeys(e.facts.source for e in entries if e.facts.source)),
            called=tuple(also for o in mine for also in _called(o, label)),
        )
        problems.found += [problem for problem in once.found if problem not in problems.found]
    return found


def _called(occurrence: _Occurrence, label: str) -> list[AlsoCalled]:
    """What a visit of this label is also called, by one of its entries."""
    also = occurrence.entry.also_called
    if not also or occurrence.code is None:
        return [*also]
    days = {folded(day) for day in (label, *visit_labels.all_labels((occurrence.code, occurrence.last)))}
    return [each for each in also if not each.day or folded(each.day) in days]


def _by_arm(said: dict[int, Said], period: Period) -> tuple[Said, ...]:
    """What each arm of the period is told, where that is not the same; an arm without the visit, what whoever asks is."""
    if len(set(said.values())) == 1:
        return ()
    return tuple(said.get(arm) or _to_whoever_asks(said, period) for arm in range(len(period.arms)))


def _to_whoever_asks(said: dict[int, Said], period: Period) -> Said:
    """What can be said of a visit while the arm is not known: the days that every arm allows, and for whom the rest is."""
    first, *others = said.values()
    if all(other == first for other in others):
        return first

    def whose(text: str, has: dict[int, bool]) -> str:
        return text if all(has.values()) else f"{' / '.join(period.arms[arm] for arm, mine in has.items() if mine)}: {text}"

    def texts(of: Callable[[Said], Sequence[str]]) -> tuple[str, ...]:
        every = dict.fromkeys(text for each in said.values() for text in of(each))
        return tuple(whose(text, {arm: text in of(each) for arm, each in said.items()}) for text in every)

    return Said(
        name="; ".join(texts(lambda each: (each.name,) if each.name else ())) or None,
        window=allowed_for_all([each.window for each in said.values()]), assumed=texts(lambda each: each.assumed),
        note=texts(lambda each: each.note), sources=tuple(dict.fromkeys(source for each in said.values() for source in each.sources)),
        called=tuple(dict.fromkeys(also for each in said.values() for also in each.called)),
    )  # fmt: skip


def _window(group: list[_Occurrence], period: Period, label: str, problems: Problems) -> Window | None:
    """The window that the entries of a day state between them, else the period's, else what a site fills in."""
    stated = _stated(group, period, label, problems)
    single = group[0].code is not None and group[0].last is None
    if stated is None and single and period.site_windows:
        windows = dict(period.site_windows)
        return windows.get(label, windows.get(""))
    return stated


def _stated(group: list[_Occurrence], period: Period, label: str, problems: Problems) -> Window | None:
    """What the study file states to one arm."""
    said = [o for o in group if o.window is not None]
    if not said and group[0].last is not None:  # the period's window is for single days
        dosed = any(o.entry.gives for o in group)
        return None if dosed else Window(0, 0)  # a range says itself which days are allowed; a course of doses is given on each of them
    if not said:
        return period.window if group[0].code else None
    first = said[0]
    for other in said[1:]:
        if other.window != first.window and other.place:
            wrong = f"different windows on {label}: {_words(first.window)} and {_words(other.window)}"
            hint = "a visit has one window: write the same in both places, or in one only"
            problems.error(wrong, other.place, hint, elsewhere("the other one", first.place))
            return None
    silent = next((o for o in group if o.window is None and _has_the_periods(o, said, period)), None)
    if silent is not None and first.place:
        words = _words(first.window)
        wrong = f"different windows on {label}: {words}, and the period's, {_words(period.window)}"
        hint = f"a visit has one window: write `window: {words}` in both places, or name another day"
        problems.error(wrong, first.place, hint, elsewhere("the other one", silent.place, first.place))
    return first.window if isinstance(first.window, Window) else None


def _has_the_periods(silent: _Occurrence, said: list[_Occurrence], period: Period) -> bool:
    """Whether an entry without a window has its period's, and another one on the day says otherwise: only what is limited to some of its
    arms is nearer than the period."""
    if period.window is None or silent.last is not None or silent.code is None:
        return False
    return any(o.window != period.window and not set(o.entry.arms) < set(silent.entry.arms) for o in said)


def _words(window: Window | NotStated | None) -> str:
    return window.text if isinstance(window, Window) else NOT_STATED.value


def offset_of(visit: Visit) -> Offset:
    """The day of a visit that has one."""
    assert visit.offset is not None
    return visit.offset
