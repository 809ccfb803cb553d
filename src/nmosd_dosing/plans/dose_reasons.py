"""How a dose came about, in words that a pharmacist can check: the rule, the reckoning, the vials.

Nothing is worked out anew but the product of a rule and a body, which is shown; what is rounded or capped is the schedule's.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from nmosd_dosing.days import date_text
from nmosd_dosing.dose.calculation import surface_m2, weight_by_kg
from nmosd_dosing.dose.dose import (
    KNOWN,
    NOT_GIVEN,
    PARTS,
    AmountStatus,
    AtVisits,
    Band,
    Dose,
    Rounding,
    amount_text,
    number_text,
    range_text,
)
from nmosd_dosing.errors import argument, counted
from nmosd_dosing.plans.wording import vials_text, volume_text, why_no_amount
from nmosd_dosing.schedule.doses.body_weights import Used, UsedValue
from nmosd_dosing.schedule.subject_schedule import SubjectDose, SubjectSchedule, SubjectVisit


def dose_steps(schedule: SubjectSchedule, visit: SubjectVisit) -> Iterator[str]:
    """How each dose of a visit came about; of a masked one only that it is, and its vials."""
    for dose in visit.doses:
        if dose.in_plan:
            yield from level_steps(dose)
            yield _reckoned(schedule, dose)
            yield from _vials(schedule, dose)


def _reckoned(schedule: SubjectSchedule, dose: SubjectDose) -> str:
    """`dose of X, 10 mg/kg: 10 mg/kg x 60 kg = 600 mg`."""
    if dose.status == AmountStatus.MASKED:
        how = f"`{argument('unblind')}` with `{argument('arm')}` shows it"
        return f"dose of {dose.give.shown}: masked, and with it how it is worked out; {how}"
    own = own_dose(dose)
    about = f"dose of {dose.give.product}"
    if own is None or own.kind != "stated":
        if dose.status not in KNOWN:
            return f"{about}: {why_no_amount(dose.status.text, by_value=dose.by_value)}"
        return f"{about}: {own.kind if own is not None else '; '.join(_given(dose))}"
    known = dose.status in (*KNOWN, *NOT_GIVEN, AmountStatus.NOT_RECORDED, AmountStatus.AS_NEEDED, AmountStatus.RANGE)
    words = (
        [*_steps(schedule, dose, own), *_given(dose)]
        if known
        else [why_no_amount(dose.status.text, by_value=dose.by_value), *_by(schedule, dose, own)]
    )
    return f"{about}{'' if own.rule in (None, words[0]) else f', {own.rule}'}: {'; '.join(words)}"


def level_steps(dose: SubjectDose) -> Iterator[str]:
    """Which events led to the level of a dose, and which took it away."""
    level = dose.level
    if level is None:
        return
    since = f"; {events_text(level.by)}" if level.by else ", at which everybody begins"
    if level.text is not None:
        beyond = f": the file states no {'lower' if level.down > 0 else 'higher'} one" if level.down else ""
        yield f"level of {dose.give.shown}: {level.text}{beyond}{since}"
    if level.taken:
        yield f"{dose.give.shown} {taken_text(level.taken, held=dose.status == AmountStatus.HELD)}"
    yield from taken_days(dose)


def taken_days(dose: SubjectDose) -> Iterator[str]:
    """Which days of a course events take away, and how many are left."""
    for days in dose.days_taken:
        held = days.status == AmountStatus.HELD
        many = counted((days.last - days.first).days + 1, "day")
        when = f"from {date_text(days.first)} to {date_text(days.last)} ({many})"
        yield f"{when} {dose.give.shown} {taken_text(days.by, held=held) if days.by else 'is not given'}"


def events_text(events: Sequence[tuple[str, dt.date]]) -> str:
    """`dose_reduced on 2025-02-10 Mon`, and so on, in the order of their days."""
    return ", ".join(f"{event} on {date_text(date)}" for event, date in events)


def taken_text(taken: Sequence[tuple[str, dt.date]], *, held: bool) -> str:
    """Why a dose is not given: by the event that takes it away; or from one that holds doses to the one with which they go on."""
    first, *then = taken
    if held:
        return f"is held by {events_text([first])}, and waits until it is resumed"
    return f"is not given, by {events_text([first])}{f' until {events_text(then)}' if then else ''}"


def own_dose(dose: SubjectDose) -> Dose | None:
    """The dose of the subject's arm, or the one that all arms get."""
    doses = {each for each in dose.doses if each is not None}
    return dose.own or (doses.pop() if len(doses) == 1 else None)


def _steps(schedule: SubjectSchedule, dose: SubjectDose, own: Dose) -> Iterator[str]:
    """The rule times the body; rounded; at most so much."""
    kg = Fraction(dose.weight.kg).limit_denominator(1000) if dose.weight is not None else None
    band = _band(own, kg, schedule.age, dose.by_value)
    if band is None or band.amount is None:
        return
    words, times = (f"for {band.holds_for} " if band.holds_for else "") + band.text(own.unit), Fraction(1)
    if band.per == "kg" and kg is not None:
        times, words = kg, f"{words} x {number_text(kg)} kg"
    elif band.per == "m2" and dose.weight is not None and schedule.height_cm is not None:
        m2 = surface_m2(dose.weight.kg, schedule.height_cm, own.surface)
        body = f"{number_text(dose.weight.kg)} kg and {number_text(schedule.height_cm)} cm"
        yield f"body surface ({own.surface.text}) of {body}: {number_text(m2)} m2"
        times, words = m2, f"{words} x {number_text(m2)} m2"
    made = range_text(band.amount * times, band.upto * times if band.upto is not None else None, own.unit)
    yield words if not band.per else f"{words} = {made}"
    one = _one(dose)
    if one is not None and own.rounding is not None and dose.status != AmountStatus.CAPPED:
        yield f"{_rounded(own.rounding, own.unit)}: {amount_text(one, own.unit)}"
    if one is not None and dose.status == AmountStatus.CAPPED and own.at_most is not None:
        yield f"at most {amount_text(own.at_most, own.unit)}: {amount_text(one, own.unit)}"
    if dose.ends is not None and (own.rounding is not None or own.at_most is not None):
        limits = [_rounded(own.rounding, own.unit)] if own.rounding is not None else []
        limits += [f"at most {amount_text(own.at_most, own.unit)}"] if own.at_most is not None else []
        yield f"both ends {', '.join(limits)}: {range_text(*dose.ends, own.unit)}"
    yield from _by(schedule, dose, own)
    if dose.weight is not None and (band.per or own.banded_by == "weight"):
        rule = schedule.study.product(dose.give.product).weight
        renewed = f", which is renewed at {rule.text} only" if isinstance(rule, AtVisits) else ""
        if dose.weight.status in ("ideal", "adjusted"):
            yield _reckoned_weight(schedule, dose.weight)
        else:
            yield f"by the weight {_of(dose.weight.of)}{renewed}"


def _by(schedule: SubjectSchedule, dose: SubjectDose, own: Dose) -> Iterator[str]:
    """What else than a weight chooses the band of a dose."""
    if own.banded_by == "age" and schedule.age is not None:
        yield f"by the age on day 1, {counted(schedule.age, 'year')}"
    if dose.by_value is not None:
        value = dose.by_value
        yield f"by {value.text} {_of(value.of)}" if value.of is not None else f"no {value.what.name} is recorded on or before that day"


def _reckoned_weight(schedule: SubjectSchedule, weight: Used) -> str:
    """How an ideal or adjusted weight came about."""
    inches = Fraction(round((schedule.height_cm or 0) * 10)) / Fraction(254, 10)
    first = "50" if schedule.sex == "M" else "45.5"
    tall = number_text(round(float(inches) - 60, 3))
    ideal = weight_by_kg("ideal", weight.kg, schedule.height_cm, schedule.sex)
    words = f"ideal weight (Devine): {first} kg + 2.3 kg x {tall} inches over 60 = {number_text(ideal or 0)} kg"
    if weight.measured is None:
        return words
    actual = f"{number_text(weight.measured)} kg {_of(weight.of)}"
    return f"{words}; adjusted: and 0.4 of the difference to {actual} = {number_text(weight.kg)} kg"


def _rounded(rounding: Rounding, unit: str | None) -> str:
    return f"rounded {rounding.way} to {amount_text(rounding.step, unit) if rounding.step is not None else 'whole vials'}"


def _band(own: Dose, kg: Fraction | None, age: int | None, value: UsedValue | None) -> Band | None:
    """The band of a weight; without one, that which holds for all. Of bands by age, or by a value, that of it."""
    if own.banded_by != "weight":
        recorded = None if value is None or value.value is None else round(value.value * PARTS)
        at = age if own.banded_by == "age" else recorded
        return next((b for b in own.bands if at is not None and b.low <= at and (b.high is None or at < b.high)), None)
    for band in own.bands:
        grams = kg * 1000 if kg is not None else Fraction(0)
        if band.low <= grams and (band.high is None or grams < band.high) and (kg is not None or not (band.low or band.high)):
            return band
    return None


def _one(dose: SubjectDose) -> float | None:
    """What one administration comes to by the plan; None where it is not known, or only what all of them do."""
    amount = dose.planned if dose.recorded and dose.times_a_day == 1 else dose.amount if not dose.recorded else math.nan
    return None if math.isnan(amount) else amount


def _of(date: dt.date | None) -> str:
    return "at baseline" if date is None else f"of {date_text(date)}"


def _given(dose: SubjectDose) -> Iterator[str]:
    """How often; and what was given, where that is recorded."""
    if (own := own_dose(dose)) is not None and own.step:
        yield own.step
    if dose.status == AmountStatus.AS_NEEDED:
        yield "given only when it is needed: nothing is planned of it"
    elif dose.administrations > 1:
        yield f"{dose.administrations} times in all"
    if dose.status in (*NOT_GIVEN, AmountStatus.NOT_RECORDED):
        yield why_no_amount(dose.status.text)
    if dose.recorded:
        yield f"recorded: {amount_text(dose.amount, dose.give.unit)}"


def _vials(schedule: SubjectSchedule, dose: SubjectDose) -> Iterator[str]:
    """What the dose is taken from; of a masked one as of the active drug, the same in every arm."""
    found = dose.vials
    if found is None:
        return
    masked = dose.status == AmountStatus.MASKED
    kit = ", counted as for the active drug" if masked else ""
    kit += f", by {number_text(dose.weight.kg)} kg {_of(dose.weight.of)}" if masked and dose.weight is not None else ""
    held = f", which hold {amount_text(found.dispensed, dose.give.unit)}, {amount_text(found.waste, dose.give.unit)} left over"
    volume = "" if math.isnan(found.volume_ml) else f"; {volume_text(found.volume_ml)} mL"
    if vials := vials_text(found.counts):
        yield f"vials of {dose.give.shown}{kit}: {vials}{'' if masked else held}{volume}"
