"""What of a way no rule allows: entries outside their window, ends before their beginning; each with why, and what to type."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import FIRST_DATE, LAST_DATE, ends, to_date
from nmosd_dosing.errors import InputError, Problem, argument
from nmosd_dosing.sentences import Part, Sentence, either, many, said, word
from nmosd_dosing.study.events import CONFIRMED, DECLINED, ENDS_PARTICIPATION, completed
from nmosd_dosing.study.model import Transition
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import Disposition, Move
from nmosd_dosing.subjects.triggers import met


def check_entries(disposition: Disposition, cohort: Cohort) -> None:
    """Raises InputError for recorded entries that no rule allows: outside the window, while a decision is open, or refused."""
    problems, lets_stand = list[Problem](), argument("allow_deviation")
    for move in disposition.moves:
        entered = move.entered
        ask = ~np.isnat(entered) & (move.rule >= 0)
        wrong = ask & ((move.outside() != 0) | np.isnat(move.earliest) | (move.earliest > move.latest) | (entered < cohort.start))
        for i in _where(wrong):
            refusal, way_out = _refusal(disposition, move, cohort, i)
            problems.append(Problem(refusal, hint=way_out, subject=i))
        declined = cohort.first(DECLINED)
        for i in _where(declined < entered):
            both = said("entry on {day}, and declined on {day_2}", day=_day(entered[i]), day_2=_day(declined[i]))
            problems.append(_of(cohort, i, both, said("keep one of the two; `{option}` lets both stand", option=lets_stand)))
    stop = disposition.stopped.date
    for i in _where(cohort.start > stop):
        late = said("day 1, {day}, is after the study stopped, {day_2}", day=_day(cohort.start[i]), day_2=_day(stop))
        problems.append(_of(cohort, i, late, said("check the dates; `{option}` lets it stand", option=lets_stand)))
    for period, dates in cohort.entered.items():
        target = next((p for p, known in enumerate(disposition.periods) if known.id == period), None)
        for i in _where(~np.isnat(dates) & np.isnat(disposition.anchor[target])) if target is not None else ():
            problems.append(_of(cohort, i, said("no rule leads into `{period}` on {day}", period=period, day=_day(dates[i]))))
    for limit in disposition.limits:
        for move in disposition.moves if limit.cause in ENDS_PARTICIPATION and limit.period == 0 else ():
            for i in _where(move.entered > limit.last):
                entry, left = _day(move.entered[i]), _day(limit.date[i])
                after = said("entry on {day} comes after `{cause}` of {day_2}", day=entry, cause=limit.cause, day_2=left)
                problems.append(_of(cohort, i, after, said("check the dates")))
    if problems:
        raise InputError(problems)


def _where(wrong: NDArray[np.bool_]) -> list[int]:
    """The columns of those of whom something is wrong."""
    columns: list[int] = np.flatnonzero(wrong).tolist()
    return columns


def _of(cohort: Cohort, column: int, wrong: Sentence, hint: Sentence | None = None) -> Problem:
    return Problem(said("{name}{wrong}", name=cohort.name(column), wrong=wrong), hint=hint, subject=column)


def needed(disposition: Disposition, cohort: Cohort, move: Move, rule: Transition, need: str, column: int) -> np.datetime64 | None:
    """When a condition of the rule of a move was met by a subject; None while it is open."""
    event = rule.after.name if rule.after.kind == "event" else None
    return met(cohort, event, need, move.date[column], disposition.anchor[move.out_of][column], column)


def check_ends(disposition: Disposition, cohort: Cohort) -> None:
    """Raises InputError for recorded ends of periods before their first day, and for dates outside the years 1 to 9999."""
    problems = list[Problem]()
    dates = [*disposition.anchor, *disposition.end, *(d for move in disposition.moves for d in (move.earliest, move.latest))]
    if any(found[0] < FIRST_DATE or found[1] > LAST_DATE for d in dates if (found := ends(d)) is not None):
        problems.append(Problem(said("a period or an entry falls outside the years 1 to 9999"), hint=said("check the dates")))
    for p, period in enumerate(disposition.periods):
        if completed(period.id) not in cohort.events:
            continue  # its end lies its length behind its first day
        for i in _where(disposition.end[p] < disposition.anchor[p]):
            name, day, day_1 = completed(period.id), _day(disposition.end[p][i]), _day(disposition.anchor[p][i])
            wrong = said("`{completed}` on {day} is before day 1 of `{period}`", completed=name, day=day, period=period.id)
            problems.append(_of(cohort, i, wrong, said("day 1 is {day}; check the dates", day=day_1)))
    if problems:
        raise InputError(problems)


def _refusal(disposition: Disposition, move: Move, cohort: Cohort, column: int) -> tuple[Sentence, Sentence]:
    """What is wrong with an entry, and what to do about it."""
    rule = disposition.rule(move, column)
    assert rule is not None
    who, entered, target, after = cohort.name(column), _day(move.entered[column]), rule.target_period, word(rule.after.text)
    option, last = argument("allow_deviation"), move.latest[column]
    if np.isnat(move.date[column]) and rule.after.kind != "end" and np.isnat(move.undecided[column]):
        hint = said("rule `{rule}` does from {after} on; `{option}` lets it stand, marked", rule=rule.id, after=after, option=option)
        return said("{who}no rule leads into `{target_period}` on {entered}", who=who, target_period=target, entered=entered), hint
    way_out = said("`{option}` lets it stand, marked", option=option)
    if move.entered[column] < cohort.start[column]:
        day = _day(cohort.start[column])
        wrong = said("{who}entry into `{target}` on {entered} is before day 1, {day}", who=who, target=target, entered=entered, day=day)
        return wrong, said("check the dates")
    if np.isnat(move.earliest[column]):
        missing = [need for need in rule.needs if needed(disposition, cohort, move, rule, need, column) is None]
        if move.is_undecided(column):
            decision = said("the decision on {after} of {day} is open", after=word(rule.after.name), day=_day(move.date[column]))
            what, add = decision, CONFIRMED
        elif missing:
            what, add = said("{words} is not recorded", words=either(missing)), missing[0]
        else:
            what, add = said("the {after} is not known", after=after), completed(disposition.periods[move.out_of].id)
        wrong = said("{who}entry into `{target}` on {entered} while {what}", who=who, target=target, entered=entered, what=what)
        return wrong, said("add `{add}` with its date; or {way_out}", add=add, way_out=way_out)
    first = _day(move.earliest[column])
    if move.earliest[column] > last:
        late = said(
            "rule `{rule}`: its conditions are met on {first}, after the last day, {day}", rule=rule.id, first=first, day=_day(last)
        )
        wrong = said("{who}entry into `{target}` on {entered} is refused by {wrong}", who=who, target=target, entered=entered, wrong=late)
        return wrong, said("a person must decide; {way_out}", way_out=way_out)
    allowed = said("from {first} to {last}", first=first, last=_day(last)) if not np.isnat(last) else said("from {first} on", first=first)
    days = move.outside_by(column)
    off = said("{length} late" if days > 0 else "{length} early", length=many(abs(days), "day"))
    wrong = said("{who}entry into `{target}` on {entered} is {off}", who=who, target=target, entered=entered, off=off)
    return wrong, said("rule `{rule}` allows {allowed}; {way_out}", rule=rule.id, allowed=allowed, way_out=way_out)


def _day(date: np.datetime64) -> Part:
    found = to_date(date)
    return found if found is not None else said("an unknown day")
