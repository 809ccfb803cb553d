"""What a reader must know of the windows and the days of a plan: not stated, not the study's, overlapping, on a weekend, on one day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice

from nmosd_dosing.plans.plan import Note, PlannedVisit, Shown, ids_of, noted
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.sentences import Sentence, said, word
from nmosd_dosing.study.facts import NOT_STATED
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, Window


def overlaps(shown: Shown) -> Iterator[Note]:
    for i, (visit, before) in enumerate(shown):
        other, after = next((o for o in islice(shown, i + 1, None) if not _of_other_arms(before, o[1])), (None, None))
        if other is None or after is None or after.earliest is None or not (before.latest or before.or_later) or _moves(visit, other):
            continue
        if before.latest is None or before.latest >= after.earliest:
            words = said("the windows of {first} and {second} overlap", first=before.label, second=after.label)
            yield Note("overlap", words, (before.id, after.id))


def _moves(before: SubjectVisit, after: SubjectVisit) -> bool:
    """Whether a visit moves another with it, so that their windows share no day: an entry the visits of its period and a later entry,
    a dose what hangs on the last one."""
    own, other = before.segment, after.segment
    if other.hangs_on:
        whose = other.hangs_on == LAST_DOSE_OF_STUDY or (other.hangs_on == LAST_DOSE and own.period == other.period)
        return whose and not own.hangs_on and bool(before.visit.gives)
    return before.is_entry and (own.number == other.number or after.is_entry)


def _of_other_arms(one: PlannedVisit, two: PlannedVisit) -> bool:
    """Whether no arm has both visits, as far as is known."""
    return bool(one.only_arms and two.only_arms and not set(one.only_arms) & set(two.only_arms))


def windows(schedule: SubjectSchedule, shown: Shown, window: Window | None) -> Iterator[Note]:
    """Which windows are not those of the study's source, and for which visits it states none."""
    arms = {own.period.id: own.period.arms for own in schedule.periods}
    dated = [(v.visit, p) for v, p in shown if p.target is not None]
    by_arm: dict[str, list[PlannedVisit]] = {}
    for visit, p in dated:
        if len(set(visit.windows)) > 1:
            by_arm.setdefault(_windows_by_arm(visit, arms[p.period]), []).append(p)
    for words, visits in by_arm.items():
        any_ = visits[0].earliest is not None
        shown_days = said("these are the days that every arm allows") if any_ else said("none is shown")
        yield Note("needs-arm", said("the window hangs on the arm ({windows}); {shown}", windows=words, shown=shown_days), ids_of(visits))
    windowless = [p for v, p in shown if p.target is not None and set(v.visit.windows) == {None} and v.around == (None, None)]
    if windowless:
        rules = (rule for own in schedule.periods for rule in own.period.visit_rules)  # also of what fell away, or is not shown
        elsewhere = any(own.period.window is not None for own in schedule.periods)
        elsewhere |= any(isinstance(item.window, Window) for rule in rules for item in rule.at)
        which = said("any visit") if len(windowless) == len(dated) and not elsewhere else said("these visits")
        yield Note("no-window", said("the source states no window for {visits}", visits=which), ids_of(windowless))
    if window is not None:
        asked = [p for v, p in dated if v.window is window]
        if asked:
            words = said("the window {window} is not from the source: it was asked for", window=window.text)
        else:
            why = _unused(dated, windowless)
            words = said("the window {window} was asked for and is not used: {why}", window=window.text, why=why)
        yield Note("window", words, ids_of(asked))
    stated = [(v.window.text, v.window.origin, p.id) for v, p in dated if v.window is not None and v.window.origin is not None]
    yield from noted(
        "site",
        ((said("the window {window} is stated by {origin}, not by the study's source", window=w, origin=o), id) for w, o, id in stated),
    )


def _unused(dated: Sequence[object], windowless: Sequence[object]) -> Sentence:
    """Why no visit got the window that was asked for: those that the source leaves without one are first days, which take none."""
    if not dated:
        return said("no visit has a day")
    if not windowless:
        return said("every visit has one")
    first = said("the first day of a period takes none")
    return first + said(", and every other visit has one") if len(windowless) < len(dated) else first


def _windows_by_arm(visit: Visit, arms: Sequence[str]) -> str:
    windows = [(arms[arm], visit.windows[arm]) for arm in visit.arms]
    return ", ".join(f"{arm}: {window.text if window is not None else NOT_STATED.value}" for arm, window in windows)


def weekends(shown: Shown) -> Iterator[Note]:
    open_ = [p for _, p in shown if p.target is not None and p.actual is None and p.stage != "not done"]
    for weekday, name in ((5, "Saturday"), (6, "Sunday")):
        on = [p for p in open_ if (expected := p.booked or p.target) is not None and expected.weekday() == weekday]
        if on:
            yield Note("weekend", said("on a {weekday}; no rule is stated, nothing is moved", weekday=word(name)), ids_of(on))


def same_date(planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    dates: dict[dt.date, list[str]] = {}
    for visit in planned:
        if visit.target is not None and visit.last is None:
            dates.setdefault(visit.actual or visit.booked or visit.target, []).append(visit.id)
    for date, ids in dates.items():
        if len(ids) > 1:
            yield Note("same-date", said("several visits on {day}", day=date), tuple(ids))
