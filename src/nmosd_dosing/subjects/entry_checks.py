"""What of a way no rule allows: entries outside their window, ends before their beginning; each with why, and what to type."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from nmosd_dosing.days import FIRST_DATE, LAST_DATE, ends, to_date
from nmosd_dosing.errors import InputError, Problem, argument
from nmosd_dosing.sentences import Part, either, many, said, word
from nmosd_dosing.study.events import CONFIRMED, DECLINED, ENDS_PARTICIPATION, completed
from nmosd_dosing.study.model import Transition
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import Disposition, Move
from nmosd_dosing.subjects.triggers import met


def check_entries(disposition: Disposition, cohort: Cohort) -> None:
    """Raises InputError for recorded entries that no rule allows: outside the window, while a decision is open, or refused."""
    problems = []
    for move in disposition.moves:
        ask = ~np.isnat(move.entered) & (move.rule >= 0)
        wrong = ask & ((move.outside() != 0) | np.isnat(move.earliest) | (move.earliest > move.latest) | (move.entered < cohort.start))
        for column in np.flatnonzero(wrong):
            problems.append(structs.replace(_refusal(disposition, move, cohort, int(column)), subject=int(column)))
        declined = cohort.first(DECLINED)
        for column in np.flatnonzero(declined < move.entered):
            wrong_way = said("entry on {day}, and declined on {day_2}", day=_day(move.entered[column]), day_2=_day(declined[column]))
            hint = said("keep one of the two; `{option}` lets both stand", option=argument("allow_deviation"))
            problems.append(
                Problem(said("{name}{wrong_way}", name=cohort.name(int(column)), wrong_way=wrong_way), hint=hint, subject=int(column))
            )
    stop = disposition.stopped.date
    for column in np.flatnonzero(cohort.start > stop) if not np.isnat(stop) else ():
        late = said("day 1, {day}, is after the study stopped, {day_2}", day=_day(cohort.start[column]), day_2=_day(stop))
        hint = said("check the dates; `{option}` lets it stand", option=argument("allow_deviation"))
        problems.append(Problem(said("{name}{late}", name=cohort.name(int(column)), late=late), hint=hint, subject=int(column)))
    for period, dates in cohort.entered.items():
        target = next((p for p, known in enumerate(disposition.periods) if known.id == period), None)
        if target is not None:
            for column in np.flatnonzero(~np.isnat(dates) & np.isnat(disposition.anchor[target])):
                wrong = said("no rule leads into `{period}` on {day}", period=period, day=_day(dates[column]))
                problems.append(Problem(said("{name}{wrong}", name=cohort.name(int(column)), wrong=wrong), subject=int(column)))
    for limit in disposition.limits:
        if limit.cause in ENDS_PARTICIPATION and limit.period == 0:
            for move in disposition.moves:
                for column in np.flatnonzero(move.entered > limit.last):
                    wrong = said(
                        "entry on {day} comes after `{cause}` of {day_2}",
                        day=_day(move.entered[column]),
                        cause=limit.cause,
                        day_2=_day(limit.date[column]),
                    )
                    problems.append(
                        Problem(
                            said("{name}{wrong}", name=cohort.name(int(column)), wrong=wrong),
                            hint=said("check the dates"),
                            subject=int(column),
                        )
                    )
    if problems:
        raise InputError(problems)


def needed(disposition: Disposition, cohort: Cohort, move: Move, rule: Transition, need: str, column: int) -> np.datetime64 | None:
    """When a condition of the rule of a move was met by a subject; None while it is open."""
    event = rule.after.name if rule.after.kind == "event" else None
    return met(cohort, event, need, move.date[column], disposition.anchor[move.out_of][column], column)


def check_ends(disposition: Disposition, cohort: Cohort) -> None:
    """Raises InputError for recorded ends of periods before their first day, and for dates outside the years 1 to 9999."""
    problems = []
    dates = [*disposition.anchor, *disposition.end, *(d for move in disposition.moves for d in (move.earliest, move.latest))]
    if any(found[0] < FIRST_DATE or found[1] > LAST_DATE for d in dates if (found := ends(d)) is not None):
        problems.append(Problem(said("a period or an entry falls outside the years 1 to 9999"), hint=said("check the dates")))
    for p, period in enumerate(disposition.periods):
        if completed(period.id) not in cohort.events:
            continue  # its end lies its length behind its first day
        for column in np.flatnonzero(disposition.end[p] < disposition.anchor[p]):
            wrong = said(
                "`{completed}` on {day} is before day 1 of `{period}`",
                completed=completed(period.id),
                day=_day(disposition.end[p][column]),
                period=period.id,
            )
            hint = said("day 1 is {day}; check the dates", day=_day(disposition.anchor[p][column]))
            problems.append(Problem(said("{name}{wrong}", name=cohort.name(int(column)), wrong=wrong), hint=hint, subject=int(column)))
    if problems:
        raise InputError(problems)


def _refusal(disposition: Disposition, move: Move, cohort: Cohort, column: int) -> Problem:
    rule = disposition.rule(move, column)
    assert rule is not None
    who, entered = cohort.name(column), _day(move.entered[column])
    if np.isnat(move.date[column]) and rule.after.kind != "end" and np.isnat(move.undecided[column]):
        hint = said(
            "rule `{rule}` does from {after} on; `{option}` lets it stand, marked",
            rule=rule.id,
            after=word(rule.after.text),
            option=argument("allow_deviation"),
        )
        return Problem(
            said("{who}no rule leads into `{target_period}` on {entered}", who=who, target_period=rule.target_period, entered=entered),
            hint=hint,
        )
    target, way_out = rule.target_period, said("`{option}` lets it stand, marked", option=argument("allow_deviation"))
    if move.entered[column] < cohort.start[column]:
        return Problem(
            said(
                "{who}entry into `{target}` on {entered} is before day 1, {day}",
                who=who,
                target=target,
                entered=entered,
                day=_day(cohort.start[column]),
            ),
            hint=said("check the dates"),
        )
    if np.isnat(move.earliest[column]):
        open_ = (
            said("the decision on {after} of {day} is open", after=word(rule.after.name), day=_day(move.date[column]))
            if move.is_undecided(column)
            else ""
        )
        missing = [need for need in rule.needs if needed(disposition, cohort, move, rule, need, column) is None]
        what = open_ or (
            said("{words} is not recorded", words=either(missing))
            if missing
            else said("the {after} is not known", after=word(rule.after.text))
        )
        add = CONFIRMED if open_ else missing[0] if missing else completed(disposition.periods[move.out_of].id)
        return Problem(
            said("{who}entry into `{target}` on {entered} while {what}", who=who, target=target, entered=entered, what=what),
            hint=said("add `{add}` with its date; or {way_out}", add=add, way_out=way_out),
        )
    first, last = _day(move.earliest[column]), move.latest[column]
    if move.earliest[column] > last:
        wrong = said(
            "rule `{rule}`: its conditions are met on {first}, after the last day, {day}", rule=rule.id, first=first, day=_day(last)
        )
        return Problem(
            said("{who}entry into `{target}` on {entered} is refused by {wrong}", who=who, target=target, entered=entered, wrong=wrong),
            hint=said("a person must decide; {way_out}", way_out=way_out),
        )
    allowed = said("from {first} to {last}", first=first, last=_day(last)) if not np.isnat(last) else said("from {first} on", first=first)
    days = move.outside_by(column)
    off = said("{length} late" if days > 0 else "{length} early", length=many(abs(days), "day"))
    return Problem(
        said("{who}entry into `{target}` on {entered} is {off}", who=who, target=target, entered=entered, off=off),
        hint=said("rule `{rule}` allows {allowed}; {way_out}", rule=rule.id, allowed=allowed, way_out=way_out),
    )


def _day(date: np.datetime64) -> Part:
    found = to_date(date)
    return found if found is not None else said("an unknown day")
