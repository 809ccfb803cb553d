"""What of a way no rule allows: entries outside their window, ends before their beginning; each with why, and what to type."""

from __future__ import annotations

import numpy as np
from msgspec import structs

from nmosd_dosing.days import FIRST_DATE, LAST_DATE, date_text, ends, to_date
from nmosd_dosing.errors import InputError, Problem, argument, counted, one_of
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
            wrong_way = f"entry on {_day(move.entered[column])}, and declined on {_day(declined[column])}"
            hint = f"keep one of the two; `{argument('allow_deviation')}` lets both stand"
            problems.append(Problem(f"{cohort.name(int(column))}{wrong_way}", hint=hint, subject=int(column)))
    stop = disposition.stopped.date
    for column in np.flatnonzero(cohort.start > stop) if not np.isnat(stop) else ():
        late = f"day 1, {_day(cohort.start[column])}, is after the study stopped, {_day(stop)}"
        hint = f"check the dates; `{argument('allow_deviation')}` lets it stand"
        problems.append(Problem(f"{cohort.name(int(column))}{late}", hint=hint, subject=int(column)))
    for period, dates in cohort.entered.items():
        target = next((p for p, known in enumerate(disposition.periods) if known.id == period), None)
        if target is not None:
            for column in np.flatnonzero(~np.isnat(dates) & np.isnat(disposition.anchor[target])):
                wrong = f"no rule leads into `{period}` on {_day(dates[column])}"
                problems.append(Problem(f"{cohort.name(int(column))}{wrong}", subject=int(column)))
    for limit in disposition.limits:
        if limit.cause in ENDS_PARTICIPATION and limit.period == 0:
            for move in disposition.moves:
                for column in np.flatnonzero(move.entered > limit.last):
                    wrong = f"entry on {_day(move.entered[column])} comes after `{limit.cause}` of {_day(limit.date[column])}"
                    problems.append(Problem(f"{cohort.name(int(column))}{wrong}", hint="check the dates", subject=int(column)))
    if problems:
        raise InputError(problems)


def needed(disposition: Disposition, cohort: Cohort, move: Move, rule: Transition, need: str, column: int) -> np.datetime64 | None:
    """When a condition of the rule of a move was met by a subject; None while it is open."""
    event = rule.after.name if rule.after.kind == "event" else None
    return met(cohort, event, need, move.date[column], disposition.anchor[move.out_of, column], column)


def check_ends(disposition: Disposition, cohort: Cohort) -> None:
    """Raises InputError for recorded ends of periods before their first day, and for dates outside the years 1 to 9999."""
    problems = []
    dates = [disposition.anchor, disposition.end, *(d for move in disposition.moves for d in (move.earliest, move.latest))]
    if any(found[0] < FIRST_DATE or found[1] > LAST_DATE for d in dates if (found := ends(d)) is not None):
        problems.append(Problem("a period or an entry falls outside the years 1 to 9999", hint="check the dates"))
    for p, period in enumerate(disposition.periods):
        if completed(period.id) not in cohort.events:
            continue  # its end lies its length behind its first day
        for column in np.flatnonzero(disposition.end[p] < disposition.anchor[p]):
            wrong = f"`{completed(period.id)}` on {_day(disposition.end[p, column])} is before day 1 of `{period.id}`"
            hint = f"day 1 is {_day(disposition.anchor[p, column])}; check the dates"
            problems.append(Problem(f"{cohort.name(int(column))}{wrong}", hint=hint, subject=int(column)))
    if problems:
        raise InputError(problems)


def _refusal(disposition: Disposition, move: Move, cohort: Cohort, column: int) -> Problem:
    rule = disposition.rule(move, column)
    assert rule is not None
    who, entered = cohort.name(column), _day(move.entered[column])
    if np.isnat(move.date[column]) and rule.after.kind != "end" and np.isnat(move.undecided[column]):
        hint = f"rule `{rule.id}` does from {rule.after.text} on; `{argument('allow_deviation')}` lets it stand, marked"
        return Problem(f"{who}no rule leads into `{rule.target_period}` on {entered}", hint=hint)
    target, way_out = rule.target_period, f"`{argument('allow_deviation')}` lets it stand, marked"
    if move.entered[column] < cohort.start[column]:
        return Problem(f"{who}entry into `{target}` on {entered} is before day 1, {_day(cohort.start[column])}", hint="check the dates")
    if np.isnat(move.earliest[column]):
        open_ = f"the decision on {rule.after.name} of {_day(move.date[column])} is open" if move.is_undecided(column) else ""
        missing = [need for need in rule.needs if needed(disposition, cohort, move, rule, need, column) is None]
        what = open_ or (f"{one_of(missing)} is not recorded" if missing else f"the {rule.after.text} is not known")
        add = CONFIRMED if open_ else missing[0] if missing else completed(disposition.periods[move.out_of].id)
        return Problem(f"{who}entry into `{target}` on {entered} while {what}", hint=f"add `{add}` with its date; or {way_out}")
    first, last = _day(move.earliest[column]), move.latest[column]
    if move.earliest[column] > last:
        wrong = f"rule `{rule.id}`: its conditions are met on {first}, after the last day, {_day(last)}"
        return Problem(f"{who}entry into `{target}` on {entered} is refused by {wrong}", hint=f"a person must decide; {way_out}")
    allowed = f"from {first} to {_day(last)}" if not np.isnat(last) else f"from {first} on"
    days = move.outside_by(column)
    off = f"{counted(abs(days), 'day')} {'late' if days > 0 else 'early'}"
    return Problem(f"{who}entry into `{target}` on {entered} is {off}", hint=f"rule `{rule.id}` allows {allowed}; {way_out}")


def _day(date: np.datetime64) -> str:
    found = to_date(date)
    return date_text(found) if found is not None else "an unknown day"
