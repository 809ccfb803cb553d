"""Regimens side by side over one horizon: how often, from when to when, how much, how far apart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Offset, shift_date
from nmosd_dosing.dose.dose import Sex
from nmosd_dosing.errors import InputError, Problem, argument, clip, did_you_mean, one_of
from nmosd_dosing.pharmacy.dose_table import (
    NO_START,
    DoseRow,
    DoseSum,
    about_doses,
    about_start,
    about_way,
    dose_rows,
    dose_sum,
    is_given,
    units,
)
from nmosd_dosing.plans.plan import Note, Plan
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.study import period_order
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import one_period
from nmosd_dosing.subjects.bounds import Values, check_arguments, the_date, the_list
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Measurement, Subject

HORIZON = 24  # months from day 1
MOST_MONTHS = 240
_TOLD_ELSEWHERE = ("blinded", "open-ended", "weight", "assumed", "note")


class Compared(Struct, frozen=True):
    """One regimen over the horizon, masked. `longest_gap`: the most days from one day with a dose to the next; None where there are
    not two. `later`: planned visits that lie after the horizon. `goes_on`: by a repeat without a stated end."""

    plan: Plan
    visits: int
    administrations: int
    first: DoseRow | None
    last: DoseRow | None
    longest_gap: int | None
    totals: tuple[DoseSum, ...]
    later: int
    goes_on: bool
    notes: tuple[Note, ...]


class Comparison(Struct, frozen=True):
    """From day 1 to `until`, both included; None for either where no first day is given. `months`: None where `until` was asked for."""

    start: dt.date | None
    until: dt.date | None
    months: int | None
    weight_kg: float | None
    height_cm: float | None
    regimens: tuple[Compared, ...]
    notes: tuple[Note, ...]


def compare(
    regimens: Sequence[Study | tuple[Study, str]], *, start: dt.date | str | None = None, until: dt.date | None = None,
    months: int | None = None, weight_kg: float | None = None, height_cm: float | None = None, arm: str | None = None,
    sex: Sex | None = None, age: int | None = None, measurements: Sequence[Measurement] = (),
) -> Comparison:  # fmt: skip
    """Several regimens for one subject, masked: each a study, for the way through its periods, or a study and one of its periods.

    The horizon is `until`, or so many months from day 1, to the day before their end; 24 where neither is given. Without `start`, a date or
    YYYY-MM-DD, months are counted from 2001-01-01. `arm` and `measurements` are those in the
    regimens which have them. Raises InputError where none has them, where two have a value in different units, for `until` without `start`
    or with `months`, and as `plan` does.
    """
    chosen = _chosen(regimens)
    start = the_date("start", start) if start is not None else None
    check_arguments({"until": until}, {"arm": (arm, str)})
    values = Values()
    if months is not None:
        values.whole("months", months, 1, MOST_MONTHS)
    values.stop()
    if until is not None and (start is None or months is not None):
        raise InputError(Problem("`until` needs `start`, and leaves no room for `months`", hint="give `months` alone"))
    arms = dict.fromkeys(a for _, periods in chosen for a in period_order.arms_of(periods))
    if arm is not None and arm not in arms:
        none = f"these regimens have no arms: leave `{argument('arm')}` out"
        hint = did_you_mean(arm, arms) or (f"the arms are {one_of(arms)}" if arms else none)
        raise InputError(Problem(f"unknown arm `{clip(arm)}`", hint=hint))
    months = None if until is not None else HORIZON if months is None else months
    first = start or NO_START
    end = shift_date(first, Offset(months=months, then=-1)) if months is not None else until
    assert end is not None
    measured = tuple(the_list("measurements", measurements))
    subject = Subject(first, arm=arm, weight_kg=weight_kg, height_cm=height_cm, sex=sex, age=age, measurements=measured)
    _check_values([study for study, _ in chosen], subject.measurements)
    compared = tuple(_compared(study, periods, subject, end, dated=start is not None) for study, periods in chosen)
    return Comparison(start, end if start else None, months, weight_kg, height_cm, compared, tuple(about_start(start)))


def _check_values(studies: Sequence[Study], measured: Sequence[Measurement]) -> None:
    """Raises InputError for a value that no study declares, or that they declare in several units: a number would mean two amounts."""
    units: dict[str, dict[str, None]] = {}
    for value in (value for study in studies for value in study.values):
        units.setdefault(value.name, {})[value.unit] = None
    for what in dict.fromkeys(m.what for m in measured):
        if what not in units:
            hint = did_you_mean(what, units) or (f"values are {one_of(units)}" if units else "these regimens dose by none: leave it out")
            raise InputError(Problem(f"`{clip(what)}` is no value that these regimens declare", hint=hint))
        if len(units[what]) > 1:
            message = f"`{clip(what)}` is in {one_of(units[what])}, by regimen"
            raise InputError(Problem(message, hint="compare regimens that have it in one unit"))


def _chosen(regimens: object) -> list[tuple[Study, tuple[Period, ...]]]:
    """What is compared. Raises InputError for what is neither a study nor a study and one of its periods, and for nothing."""
    found = []
    for regimen in the_list("regimens", regimens):
        if isinstance(regimen, Study):
            found.append((regimen, period_order.way(regimen)))
        elif isinstance(regimen, tuple) and list(map(type, regimen)) == [Study, str]:
            found.append((regimen[0], (one_period(*regimen),)))
        else:
            raise InputError(Problem("`regimens` holds what is no study", hint='give `[load("belimumab"), (load("mil62"), "rcp")]`'))
    if not found:
        raise InputError(Problem("`regimens` is empty", hint='give `[load("belimumab"), (load("mil62"), "rcp")]`'))
    return found


def _compared(study: Study, periods: tuple[Period, ...], subject: Subject, until: dt.date, *, dated: bool) -> Compared:
    arms = period_order.arms_of(periods)
    declared = {value.name for value in study.values}
    mine = tuple(m for m in subject.measurements if m.what in declared)
    subject = replace(subject, arm=subject.arm if subject.arm in arms else None, measurements=mine)
    schedule = expand(study, Cohort.of_subject(subject, arms), period=periods[0].id if len(periods) == 1 else None, until=until)
    (own,) = by_subject(schedule, "least waste")
    plan = plan_of(own)
    dosed = [v for v in plan.visits if any(map(is_given, v.administrations))]
    rows = [row for row in dose_rows(plan, dated=dated) if row.given]
    with_day = [row for row in rows if row.study_day is not None]
    days = sorted((v.target, v.last or v.target) for v in dosed if v.target is not None)
    longest = max(((after[0] - before[1]).days for before, after in pairwise(days)), default=None)
    begun = {p.period for p in plan.periods if p.start is not None}
    return Compared(
        plan=plan, visits=len(dosed), administrations=sum(row.dose.times for row in rows), first=with_day[0] if with_day else None,
        last=max(with_day, key=lambda row: row.last_day or row.study_day or 0, default=None), longest_gap=longest,
        totals=tuple(dose_sum(study, rows, *product) for product in units(rows)), later=own.beyond,
        goes_on=any(entry.gives for p in periods if p.id in begun for entry in p.open_ended), notes=(*_notes(plan), *about_way(plan)),
    )  # fmt: skip


def _notes(plan: Plan) -> Iterator[Note]:
    """What keeps the figures from being known, or would change them; what a file assumes is told by `doses`, `plan` and `show`."""
    if masked := tuple(v.id for v in plan.visits for a in v.administrations if a.amount_status == "masked"):
        yield Note("blinded", "doses are masked, and so are totals with them", masked)
    yield from (note for note in about_doses(plan) if note.code not in _TOLD_ELSEWHERE)
