"""What records say of doses: how much was given at a visit, and what was given at visits that are not planned."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.dose.calculation import Wholes, denominators, reckon, to_whole
from nmosd_dosing.dose.dose import NOT_GIVEN, AmountStatus, Dose, amount_text, number_text, range_text
from nmosd_dosing.dose.units import converted
from nmosd_dosing.errors import counted, one_of
from nmosd_dosing.schedule.doses.body_weights import body_dates, grams_at, used, weight_dates
from nmosd_dosing.schedule.levels import places
from nmosd_dosing.schedule.rows import Row
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.visit_records import VisitRecords, doses_of, is_needed, may_be, of_needed, plans_more

Amounts = Mapping[int, Mapping[int, Fraction | None]]  # by row and column; None where it was given and nobody wrote how much


def read_recorded(rows: tuple[Row, ...], records: VisitRecords | None, cohort: Cohort) -> Amounts:
    """The amounts that records state, of doses that are not masked: what was not given is 0. Of what is given as needed they state one
    only where they name it."""
    if records is None:
        return {}
    by_visit: dict[int, list[int]] = {}
    for k, row in enumerate(rows):
        by_visit.setdefault(row.visit, []).append(k)
    arms = cohort.arm.tolist()

    @functools.cache
    def asked(visit: int, arm: int) -> list[tuple[int, Give, bool]]:
        return [(k, give, is_needed(give, arm)) for k in by_visit.get(visit, ()) if not (give := rows[k].give).masked]

    found: dict[int, dict[int, Fraction | None]] = {}
    for (visit, column), of_visit in records.records.items():
        if not (here := asked(visit, arms[column])):
            continue
        alone, masked = len(by_visit.get(visit, ())) == 1, len(here) < len(by_visit.get(visit, ()))
        for k, give, needed in here:
            # beside a masked dose an amount without a product may be that one's, and tell the arm
            mine = [replace(r, amount=None, unit=None) if masked and r.product is None else r for r in of_visit if may_be(r, give)]
            if (needed and not (mine := of_needed(mine, alone=alone))) or not (mine or doses_of(give, arms[column])):
                continue
            stated, amount = _amount(mine[0] if mine else None, give, alone=alone)
            if needed and mine[0].took_place and mine[0].amount is None:
                stated = True
            if not mine and (visit, column, give.product) in records.not_given:
                amount = Fraction(0)
            if stated:
                found.setdefault(k, {})[column] = amount
    return found


def _amount(record: Record | None, give: Give, alone: bool) -> tuple[bool, Fraction | None]:
    """Whether a record says another amount than the plan, and which; None where it cannot be told."""
    if record is None:
        return True, None
    if not record.took_place:
        return True, Fraction(0)
    if record.amount is None:
        return record.status == "partial", None
    return True, converted(Fraction(record.amount), record.unit, give.unit) if alone or record.product else None


class Extra(Struct, frozen=True):
    """A dose that was given at a visit which is not planned, by its name. amount: None where nobody wrote how much."""

    column: int
    visit: str
    date: np.datetime64
    product: str
    unit: str | None
    amount: Fraction | None

    def counts(self, days: Dates) -> NDArray[np.bool_]:
        """Whether totals of doses on some days count it: of a dose without a day they are the last."""
        return ~(days < self.date)


def read_extra(study: Study, gives: Sequence[Give], cohort: Cohort, records: VisitRecords | None) -> tuple[Extra, ...]:
    """The doses of unscheduled visits; an amount of 0 is none, where more is planned. How much of a product that is masked somewhere is not
    read: it could tell the arm. gives: all that the plan gives."""
    if records is None or not records.extra:
        return ()
    masked = {give.product for give in gives if give.mask is not None or give.masked}
    of_product: dict[str, list[Give]] = {}
    for give in gives:
        of_product.setdefault(give.product, []).append(give)
    found = []
    for column, record in records.extra:
        if not record.took_place or (record.product is None and record.amount is None):
            continue
        product = record.product if record.product is not None or len(study.products) > 1 else study.products[0].name
        known_products = {p.name for p in study.products}
        if product is not None and product not in known_products:
            continue  # `check` and the notes tell it
        nothing = record.amount == 0 and product is not None
        if nothing and all(plans_more(give, int(cohort.arm[column])) for give in of_product.get(product or "", ())):
            continue
        for name in (product,) if product is not None else of_product:
            known = record.amount is not None and product is not None and name not in masked
            amount = Fraction(record.amount) if known and record.amount is not None else None
            found.append(Extra(column, record.visit, np.datetime64(record.date, "D"), name, record.unit, amount))
    return tuple(found)


def wrong_dose(schedule: Schedule, rows: Sequence[int], record: Record, column: int) -> str | None:
    """What a record says that is not the plan, in words; None where it agrees or cannot be compared. `rows` are the visit's. A dose given
    in part may be less than planned, and no more.

    How much of a masked product was given is not looked at, and which of its names is written neither: both could tell the arm.
    """
    if not record.took_place:
        return None
    days = _other_days(schedule, rows, record, column)
    return _wrong_amount(schedule, rows, record, column, days) or days


def _other_days(schedule: Schedule, rows: Sequence[int], record: Record, column: int) -> str | None:
    """On how many days a course was given, where its last day is written and that is not as planned: the same for every arm. One that was
    carried out in part may have fewer. Days that events take away may be counted, where they lie between others, or not."""
    if record.last is None or not rows:
        return None
    given = (record.last - record.date).days + 1
    columns = slice(column, column + 1)
    days, taken = schedule.days(schedule.rows[rows[0]].visit, columns, planned=True), [schedule.taken_days.get(k) for k in rows]
    planned = int(np.asarray(days).item())
    if some := [each for each in taken if each is not None] if None not in taken else []:
        there = np.flatnonzero(np.logical_or.reduce([each.given(days, columns)[:planned, 0] for each in some]))
        planned = len(there)
        if planned and given in (there[-1] + 1, there[-1] - there[0] + 1):
            return None
    if given == planned or (given < planned and record.status == "partial"):
        return None
    return f"given on {counted(given, 'day')}, planned are {planned}"


def _wrong_amount(schedule: Schedule, rows: Sequence[int], record: Record, column: int, days: str | None) -> str | None:
    """The same of a product and its amount; `days`: what is to be said of those."""
    if record.product is None and record.amount is None:
        return None
    gives = {schedule.rows[k].give.product: k for k in rows}
    masked = [k for k in rows if schedule.rows[k].give.masked]
    if any(may_be(record, schedule.rows[k].give) for k in masked):
        return None
    if record.product is not None and record.product not in gives:
        planned = " and ".join(schedule.rows[k].give.shown for k in rows) or "no product"
        known = not masked or record.product in {product.name for product in schedule.study.products}
        return f"{record.product if known else 'another product'} is recorded, planned is {planned}"  # what it is called may tell the arm
    if record.amount is None:
        return None
    if record.product is None and len(gives) != 1:
        nothing = record.amount and all(planned_ends(schedule, k, column)[1] == AmountStatus.ABSENT for k in rows)
        return f"{amount_text(Fraction(record.amount), record.unit)} is recorded, planned is no product" if nothing else None
    k = gives[record.product] if record.product is not None else rows[0]
    give, (ends, _) = schedule.rows[k].give, planned_ends(schedule, k, column)
    if ends is None:
        return None
    times = int(np.broadcast_to(schedule.administrations(k, planned=True), len(schedule))[column])
    low, high = (end * times for end in ends)  # a record says how much was given at the visit in all
    recorded = converted(Fraction(record.amount), record.unit, give.unit)
    if recorded is not None and (low <= recorded <= high or (record.status == "partial" and recorded < low)):
        return None
    words = f"{give.product} {amount_text(Fraction(record.amount), record.unit)} is recorded, planned is"
    planned = range_text(low, high if high != low else None, give.unit)
    if not low and high:
        planned = f"at most {amount_text(high, give.unit)}, as needed"
    more = f"; {days}" if days is not None else ""
    about = f"{_other_weight(schedule, k, record, column)}{_other_level(schedule, k, recorded, column)}"
    return f"{words} {planned}{about}{more}"


def _other_weight(schedule: Schedule, k: int, record: Record, column: int) -> str:
    """Whether another weight was recorded than the dose is planned with, in words."""
    own = schedule.doses_for(k, column)[max(int(schedule.arm[column]), 0) if len(schedule.rows[k].give.doses) > 1 else 0]
    if record.weight_kg is None or own is None or not own.by_weight:
        return ""
    by = used(schedule, schedule.rows[k].give.product, np.datetime64(record.date, "D"), column)
    if by is None or by.kg == record.weight_kg:
        return ""
    return f" (the weight recorded, {number_text(record.weight_kg)} kg, is not the one that is planned with)"


def _other_level(schedule: Schedule, k: int, recorded: Fraction | None, column: int) -> str:
    """At which of its levels a dose was planned, or that it was none; and which level the recorded amount is that of, in words."""
    row, arm = schedule.rows[k], max(int(schedule.arm[column]), 0)
    levels = row.give.levels[arm if len(row.give.doses) > 1 else 0] if row.give.levels else None
    if levels is None:
        return ""
    if k in schedule.taken and schedule.taken[k][column] in NOT_GIVEN:
        return f", it is {AmountStatus(int(schedule.taken[k][column])).text}"
    columns = slice(column, column + 1)
    at = int(places(levels, schedule.cohort, schedule.dose_days(k, columns), columns)[0])
    if not levels.names or not 0 <= at < len(levels.names):
        return ""
    times = int(np.broadcast_to(schedule.administrations(k, planned=True), len(schedule))[column])
    amounts = [_ends(schedule, k, dose, column)[0] for dose in levels.doses]
    others = [name for name, ends in zip(levels.names, amounts, strict=True) if ends is not None and recorded in {e * times for e in ends}]
    given = f"; as much is level {one_of(others)}" if others else ""
    return f" at level {levels.names[at]}{given}"


def not_compared(schedule: Schedule, rows: Sequence[int], records: Sequence[Record], column: int) -> str | None:
    """Why a recorded amount could not be compared with the plan, where something that is not given would make it possible."""
    if not any(record.amount is not None for record in records):
        return None
    for k in rows:
        _, why = (None, None) if schedule.rows[k].give.masked else planned_ends(schedule, k, column)
        if why is not None and why.text.startswith("needs "):
            return f"its dose is not compared, which {why.text.replace('needs', 'needs the')}"
    return None


def planned_ends(schedule: Schedule, row: int, column: int) -> tuple[tuple[Fraction, Fraction] | None, AmountStatus]:
    """The least and the most of one administration that is planned, exactly, the same where it is no range; None where they cannot be told,
    0 where the arm gets none; and why. Of what is given as needed, of all those of a day, where the most is stated."""
    doses, arm = schedule.doses_for(row, column), int(schedule.arm[column])
    if arm < 0 and len(set(doses)) > 1:
        return None, AmountStatus.NEEDS_ARM
    own = doses[max(arm, 0)] if len(doses) > 1 else doses[0]
    if own is None or (row in schedule.taken and schedule.taken[row][column] in NOT_GIVEN):
        return (Fraction(0), Fraction(0)), AmountStatus.ABSENT
    return _ends(schedule, row, own, column)


def _ends(schedule: Schedule, row: int, own: Dose, column: int) -> tuple[tuple[Fraction, Fraction] | None, AmountStatus]:
    """The same of a dose."""
    if own.as_needed and own.most_daily is None:
        return None, AmountStatus.AS_NEEDED
    scale = math.lcm(1, *denominators(own))
    columns = slice(column, column + 1)
    dates = body_dates(schedule, row, columns)
    grams, bodies = grams_at(schedule, schedule.rows[row].give.product, dates, columns), schedule.cohort.bodies(dates, columns)
    found = []
    for end in own.ends or (own, own):
        whole, why = reckon(to_whole(replace(end, as_needed=False), scale), grams, bodies)
        status = AmountStatus(int(np.asarray(why).flat[0]))
        if np.isnan(whole[0]):
            return None, status
        found.append(Fraction(int(whole[0]), scale))
    least, most = found
    if own.as_needed:
        return (Fraction(0), most * (own.most_daily or 0)), AmountStatus.AS_NEEDED
    return (least, most), status if least == most else AmountStatus.RANGE


def range_ends(schedule: Schedule, row: int) -> Wholes:
    """(2, n) the least and the most of one administration of a range that is planned; NaN where it is none, or both come to the same."""
    give, n = schedule.rows[row].give, len(schedule)
    found = np.full((2, n), np.nan)
    if all(dose is None or dose.ends is None for doses in (give.doses, *give.ways) for dose in doses):
        return found
    which: dict[Dose, list[int]] = {}
    for column, arm in enumerate(schedule.arm.tolist()):
        doses = schedule.doses_for(row, column) if give.ways else give.doses
        own = doses[0] if len(doses) == 1 or (arm < 0 and len(set(doses)) == 1) else doses[arm] if arm >= 0 else None
        if own is not None and own.ends is not None:
            which.setdefault(own, []).append(column)
    grams, dates = grams_at(schedule, give.product, weight_dates(schedule, row)), body_dates(schedule, row)
    for own, columns in which.items():
        scale = math.lcm(1, *denominators(own))
        for end, dose in enumerate(own.ends or ()):
            bodies = schedule.cohort.bodies(dates[columns], columns)
            found[end, columns] = reckon(to_whole(dose, scale), grams[columns], bodies)[0] / scale
    return np.where(found[0] < found[1], found, np.nan)
