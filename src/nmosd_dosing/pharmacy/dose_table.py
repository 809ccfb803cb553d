"""What a regimen takes at each of several body weights: every dose, and what they add up to by product, period and year of treatment."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Offset, days_past, study_day
from nmosd_dosing.dose.dose import Sex, Vials
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.plans.note_codes import OF_DOSES
from nmosd_dosing.plans.plan import Administration, Note, Plan
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.doses.level_amounts import level_amounts
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.study import period_order
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.bounds import check_arguments, the_date, the_list
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Measurement, Subject

NO_START = dt.date(2001, 1, 1)  # from where months and years are counted while nobody says when treatment begins


class DoseRow(Struct, frozen=True):
    """One product at one visit, at one weight.

    `study_day` counts from 1 and has no day 0, `last_day` is that of a visit of several days; both are None where the record gives no
    day. `year` is the year of treatment: 1 up to the day before the first anniversary of day 1, 0 before day 1. `date` and `last_date`
    are None where no first day is given.
    """

    visit: str
    period: str
    label: str
    study_day: int | None
    last_day: int | None
    year: int | None
    date: dt.date | None
    last_date: dt.date | None
    dose: Administration

    @property
    def given(self) -> bool:
        return is_given(self.dose)


def is_given(dose: Administration) -> bool:
    """Whether it is a dose at all: one that would pass the lifetime cap is refused, events may omit or hold some, and nobody plans one that
    is given as needed."""
    return dose.amount_status not in ("refused", "omitted", "held", "as needed")


class DoseSum(Struct, frozen=True):
    """What the doses of a product add up to, in `unit`: all of them, or those of one `period` or of one `year` of treatment.

    `total` is None where a part of it is not known; `status` then says why (of the first such dose), and is "stated" otherwise. A dose
    that is refused is none. `vials`: how many of each size, the smallest first; None where they cannot be counted. `dispensed` is what
    these hold, `waste` what is left over; both None while a dose is masked.
    """

    product: str
    unit: str | None
    period: str | None
    year: int | None
    administrations: int
    total: float | None
    status: str
    vials: tuple[tuple[str, int], ...] | None
    dispensed: float | None
    waste: float | None


class LevelDose(Struct, frozen=True):
    """One administration of a product at one level of its dose, in `unit`; None where there is no amount, and `status` says why."""

    product: str
    unit: str | None
    level: str
    rule: str | None
    amount: float | None
    status: str


class WeightRow(Struct, frozen=True):
    """One weight of a table. `levels`: what one administration is at each level of its dose; `notes` are those that do not hold for every
    weight."""

    weight_kg: float
    height_cm: float | None
    totals: tuple[DoseSum, ...]
    per_period: tuple[DoseSum, ...]
    per_year: tuple[DoseSum, ...]
    doses: tuple[DoseRow, ...]
    notes: tuple[Note, ...]
    levels: tuple[LevelDose, ...] = ()


class DoseTable(Struct, frozen=True):
    """Doses by weight, already masked unless `unblinded`. `arm` is None where the study keeps it from readers; `plan` is that of the
    first weight, for what is the same for all of them."""

    plan: Plan
    start: dt.date | None
    policy: Policy
    rows: tuple[WeightRow, ...]
    notes: tuple[Note, ...]

    @property
    def unblinded(self) -> bool:
        return self.plan.unblinded


def dose_table(
    study: Study, weights_kg: Sequence[float], heights_cm: Sequence[float | None] | float | None = None, *, period: str | None = None,
    start: dt.date | str | None = None, arm: str | None = None, unblind: bool = False, policy: Policy = "least waste",
    sex: Sex | None = None, age: int | None = None, measurements: Sequence[Measurement] = (),
) -> DoseTable:  # fmt: skip
    """The doses of one period, or of the way through all that follow each other, at each weight; masked unless `unblind`.

    `heights_cm` is one height for all, or one for each weight; `sex`, `age`, in completed years, and `measurements` are those of all;
    `policy` is how vials are chosen. Without `start`, months and years are counted from 2001-01-01. Open ends are drawn for 24 months, as
    in a plan. Raises InputError as `plan` does, and where there are no weights or not as many heights.
    """
    check_arguments(of={"period": (period, str)}, needed={"study": (study, Study)}, flags={"unblind": unblind})
    weights_kg = the_list("weights_kg", weights_kg)
    measured = the_list("measurements", measurements)
    several = heights_cm is not None and not isinstance(heights_cm, (Real, Decimal))
    heights = the_list("heights_cm", heights_cm) if several else [heights_cm] * len(weights_kg)
    if not weights_kg or any(kg is None for kg in weights_kg):
        raise InputError(
            Problem("no weights" if not weights_kg else "`weights_kg`: one is None", hint="give at least one, in kg, for example `[60]`")
        )
    if len(heights) != len(weights_kg):
        raise InputError(Problem(f"columns of different length: {len(weights_kg)} weights, {len(heights)} heights"))
    first = the_date("start", start) if start is not None else None
    bodies = zip(weights_kg, heights, strict=True)
    subjects = [
        Subject(first or NO_START, arm=arm, weight_kg=kg, height_cm=cm, sex=sex, age=age, measurements=tuple(measured)) for kg, cm in bodies
    ]
    arms = period_order.arms_of(period_order.way(study, period))
    schedule = expand(study, Cohort.of_subjects(subjects, arms), period=period, unblind=unblind)
    plans = [plan_of(subject) for subject in by_subject(schedule, policy)]
    notes = [tuple(about_doses(plan)) for plan in plans]
    shared = [note for note in dict.fromkeys(notes[0]) if all(note in of_one for of_one in notes)]
    rows = tuple(_row(study, plan, cm, dated=first is not None, notes=[n for n in mine if n not in shared])
                 for plan, cm, mine in zip(plans, heights, notes, strict=True))  # fmt: skip
    at_levels = list(level_amounts(schedule))
    rows = tuple(
        replace(row, levels=tuple(LevelDose(x.product, x.unit, x.level, x.rule, x.amount[i], x.status[i].text) for x in at_levels))
        for i, row in enumerate(rows)
    )
    return DoseTable(plans[0], first, policy, rows, (*shared, *about_way(plans[0]), *about_start(first)))


def _row(study: Study, plan: Plan, height_cm: float | None, *, dated: bool, notes: Sequence[Note]) -> WeightRow:
    doses = tuple(dose_rows(plan, dated=dated))
    products = units(doses)
    assert plan.weight_kg is not None

    def parts(name: str, values: Iterable[Any]) -> tuple[DoseSum, ...]:
        """The sums of each product by one thing that doses have: `period`, `year`."""
        by = [(product, value, [d for d in doses if getattr(d, name) == value]) for product in products for value in values]
        return tuple(
            dose_sum(study, part, *product, **{name: value}) for product, value, part in by if any(counts(d, *product) for d in part)
        )

    return WeightRow(
        weight_kg=plan.weight_kg, height_cm=height_cm, totals=tuple(dose_sum(study, doses, *product) for product in products),
        per_period=parts("period", dict.fromkeys(d.period for d in doses)), per_year=parts("year", _years(doses)), doses=doses,
        notes=tuple(notes),
    )  # fmt: skip


def dose_rows(plan: Plan, *, dated: bool) -> Iterator[DoseRow]:
    """The doses of a plan, each with the day on which it stands; `dated` tells whether its first day is more than a way of counting."""
    for visit in plan.visits:
        for dose in visit.administrations:
            yield DoseRow(
                visit=visit.id, period=visit.period, label=visit.label, study_day=visit.study_day,
                last_day=study_day(visit.last, plan.start) if visit.last is not None else None,
                year=_year(visit.target, plan.start) if visit.target is not None and plan.start is not None else None,
                date=visit.target if dated else None, last_date=visit.last if dated else None, dose=dose,
            )  # fmt: skip


def _year(date: dt.date, start: dt.date) -> int:
    if date < start:
        return 0
    years = date.year - start.year
    return years + 1 if days_past(date, start, Offset(months=12 * years)) >= 0 else years


def _years(doses: Iterable[DoseRow]) -> list[int | None]:
    """In their order; doses without a stated day last."""
    years = {d.year for d in doses}
    return [*sorted(year for year in years if year is not None), *([None] if None in years else [])]


def units(doses: Sequence[DoseRow]) -> list[tuple[str, str | None]]:
    """What doses are added up by: each product, in each of its units; None for one whose units are nowhere known."""
    found = dict.fromkeys((d.dose.product, d.dose.unit) for d in doses)
    known = {product for product, unit in found if unit is not None}
    return [(product, unit) for product, unit in found if unit is not None or product not in known]


def dose_sum(
    study: Study, doses: Iterable[DoseRow], product: str, unit: str | None, *, period: str | None = None, year: int | None = None
) -> DoseSum:
    """What the doses of a product in a unit add up to."""
    parts = [d.dose for d in doses if counts(d, product, unit) and d.given]
    return DoseSum(
        product=product, unit=unit, period=period, year=year, administrations=sum(a.times for a in parts),
        total=exact_sum(a.total for a in parts), status=next((a.amount_status for a in parts if a.total is None), "stated"),
        vials=_vials(study.product(product).vials, parts), dispensed=exact_sum(a.dispensed for a in parts),
        waste=exact_sum(a.waste for a in parts),
    )  # fmt: skip


def _vials(sizes: Vials | None, parts: Sequence[Administration]) -> tuple[tuple[str, int], ...] | None:
    """How many of each size; None where those of some dose cannot be counted."""
    found: Counter[str] = Counter()
    for a in parts:
        if a.vials is None:
            return None
        found.update(dict(a.vials))
    return tuple((size, found[size]) for size in (sizes.texts if sizes is not None else ()) if found[size])


def counts(row: DoseRow, product: str, unit: str | None) -> bool:
    """Whether a dose is of a product in a unit. One that is not known may be in any of its product's."""
    unknown = row.dose.total is None and row.given
    return row.dose.product == product and (unknown or row.dose.unit in (unit, None))


def exact_sum(numbers: Iterable[float | None]) -> float | None:
    """The sum of decimal numbers, without the noise of binary fractions; None where one of them is not known."""
    found = [Decimal(repr(number)) if number is not None else None for number in numbers]
    known = [number for number in found if number is not None]
    return float(sum(known, Decimal(0))) if len(known) == len(found) else None


def about_doses(plan: Plan) -> Iterator[Note]:
    """What a plan says of its doses; nothing of its dates, which may be only a way of counting."""
    dosed = {v.id for v in plan.visits if v.administrations}
    spans = tuple(f"{span.name}: " for span in plan.spans)
    for note in plan.notes:
        of_doses = not note.visits or dosed & set(note.visits)
        if note.code in OF_DOSES and of_doses and not note.message.startswith(spans):
            yield note


def about_way(plan: Plan) -> Iterator[Note]:
    """On which days later periods are laid out, while nothing is known to have happened."""
    projected = [p.period for p in plan.periods if p.status == "projected"]
    begun = {p.period for p in plan.periods if p.start is not None}
    if projected:
        yield Note("projected", f"begins on the first day on which it may: {', '.join(projected)}")
    if plan.lost:
        yield Note("lost-dose", f"not counted, since the entry into the next period takes its day: {', '.join(d.visit for d in plan.lost)}")
    if waiting := [p for p in plan.way if p not in begun]:
        yield Note("pending", f"nothing says when it begins, and its doses are not counted: {', '.join(waiting)}")


def about_start(start: dt.date | None) -> Iterator[Note]:
    """From where months and years are counted while nobody says it."""
    if start is None:
        yield Note("start", f"no first day is given: months and years are counted from {NO_START}")
