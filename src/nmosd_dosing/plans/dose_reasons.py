"""How a dose came about, in words that a pharmacist can check: the rule, the reckoning, the vials.

Nothing is worked out anew but the product of a rule and a body, which is shown; what is rounded or capped is the schedule's.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction

from nmosd_dosing.dose.calculation import surface_m2, weight_by_kg
from nmosd_dosing.dose.dose import (
    KNOWN,
    NOT_GIVEN,
    PARTS,
    AmountStatus,
    AmountStatusText,
    AtVisits,
    Band,
    Dose,
    Rounding,
    amount_text,
    number_text,
    range_text,
)
from nmosd_dosing.errors import argument
from nmosd_dosing.plans.wording import vials_text, volume_text, why_no_amount
from nmosd_dosing.schedule.doses.body_weights import Used, UsedValue
from nmosd_dosing.schedule.subject_schedule import SubjectDose, SubjectSchedule, SubjectVisit
from nmosd_dosing.sentences import Sentence, joined, many, said, word


def dose_steps(schedule: SubjectSchedule, visit: SubjectVisit) -> Iterator[Sentence]:
    """How each dose of a visit came about; of a masked one only that it is, and its vials."""
    for dose in visit.doses:
        if dose.in_plan:
            yield from level_steps(dose)
            yield _reckoned(schedule, visit, dose)
            yield from _vials(schedule, dose)


def _reckoned(schedule: SubjectSchedule, visit: SubjectVisit, dose: SubjectDose) -> Sentence:
    """`dose of X, 10 mg/kg: 10 mg/kg x 60 kg = 600 mg`."""
    if dose.status == AmountStatus.MASKED:
        how = said("`{unblind}` with `{arm}` shows it", unblind=argument("unblind"), arm=argument("arm"))
        return said("dose of {product}: masked, and with it how it is worked out; {how}", product=dose.give.shown, how=how)
    own = own_dose(dose)
    about = said("dose of {product}", product=dose.give.product)
    if own is None or own.kind != "stated":
        if dose.status not in KNOWN:
            return said("{dose}: {why}", dose=about, why=no_amount(dose.status.text, dose.by_value))
        return said("{dose}: {what}", dose=about, what=word(own.kind) if own is not None else joined("; ", _given(dose)))
    known = dose.status in (*KNOWN, *NOT_GIVEN, AmountStatus.NOT_RECORDED, AmountStatus.AS_NEEDED, AmountStatus.RANGE)
    if known:
        words = [*_steps(schedule, visit, dose, own), *_given(dose)]
    else:
        words = [no_amount(dose.status.text, dose.by_value), *_by(schedule, dose, own)]
    about += "" if own.rule in (None, words[0]) else f", {own.rule}"
    return said("{dose}: {what}", dose=about, what=joined("; ", words))


def no_amount(status: AmountStatusText, value: UsedValue | None) -> Sentence:
    """Why a dose has no amount in milligrams, in words: `why_no_amount`, which can be said again."""
    if status in ("needs value", "value out of range") and value is not None:
        return said("needs {value}" if status == "needs value" else "no dose is stated for this {value}", value=value.what.name)
    return word(why_no_amount(status, by_value=value))


def level_steps(dose: SubjectDose) -> Iterator[Sentence]:
    """Which events led to the level of a dose, and which took it away."""
    level = dose.level
    if level is None:
        return
    since = joined("; ", ("", events_text(level.by))) if level.by else said(", at which everybody begins")
    if level.text is not None:
        words = said("level of {product}: {level}", product=dose.give.shown, level=level.text)
        if level.down:
            words += said(": the file states no lower one" if level.down > 0 else ": the file states no higher one")
        yield words + since
    if level.taken:
        yield not_given_text(dose.give.shown, level.taken, held=dose.status == AmountStatus.HELD)
    yield from taken_days(dose)


def taken_days(dose: SubjectDose) -> Iterator[Sentence]:
    """Which days of a course events take away, and how many are left."""
    for days in dose.days_taken:
        held = days.status == AmountStatus.HELD
        number = many((days.last - days.first).days + 1, "day")
        when = said("from {first} to {last} ({days})", first=days.first, last=days.last, days=number)
        shown = dose.give.shown
        what = not_given_text(shown, days.by, held=held) if days.by else said("{product} is not given", product=shown)
        yield said("{when} {what}", when=when, what=what)


def events_text(events: Sequence[tuple[str, dt.date]]) -> Sentence:
    """`dose_reduced on 2025-02-10 Mon`, and so on, in the order of their days."""
    return joined(", ", (said("{event} on {day}", event=word(event), day=date) for event, date in events))


def taken_text(taken: Sequence[tuple[str, dt.date]], *, held: bool) -> Sentence:
    """Why a dose is not given: by the event that takes it away; or from one that holds doses to the one with which they go on."""
    first, *then = taken
    if held:
        return said("is held by {event}, and waits until it is resumed", event=events_text([first]))
    if then:
        return said("is not given, by {event} until {end}", event=events_text([first]), end=events_text(then))
    return said("is not given, by {event}", event=events_text([first]))


def not_given_text(product: str, taken: Sequence[tuple[str, dt.date]], *, held: bool) -> Sentence:
    """The same of a product."""
    return said("{product} {why}", product=product, why=taken_text(taken, held=held))


def own_dose(dose: SubjectDose) -> Dose | None:
    """The dose of the subject's arm, or the one that all arms get."""
    doses = {each for each in dose.doses if each is not None}
    return dose.own or (doses.pop() if len(doses) == 1 else None)


def _steps(schedule: SubjectSchedule, visit: SubjectVisit, dose: SubjectDose, own: Dose) -> Iterator[Sentence]:
    """The rule times the body; rounded; at most so much."""
    kg = Fraction(str(dose.weight.kg)) if dose.weight is not None else None
    band = _band(own, kg, schedule.age, dose.by_value)
    if band is None or band.amount is None:
        return
    words, times = joined("", [band.text(own.unit)]), Fraction(1)
    words = said("for {which} {dose}", which=band.holds_for, dose=words) if band.holds_for else words
    if band.per == "kg" and kg is not None:
        times, words = kg, words + f" x {number_text(kg)} kg"
    elif band.per == "m2" and dose.weight is not None and schedule.height_cm is not None:
        m2 = surface_m2(dose.weight.kg, schedule.height_cm, own.surface)
        yield said(
            "body surface ({formula}) of {kg} kg and {cm} cm: {m2} m2",
            formula=own.surface.text, kg=number_text(dose.weight.kg), cm=number_text(schedule.height_cm), m2=number_text(m2),
        )  # fmt: skip
        times, words = m2, words + f" x {number_text(m2)} m2"
    made = range_text(band.amount * times, band.upto * times if band.upto is not None else None, own.unit)
    yield words if not band.per else words + f" = {made}"
    one = _one(visit, dose)
    if one is not None and own.rounding is not None and dose.status != AmountStatus.CAPPED:
        yield said("{rounded}: {amount}", rounded=_rounded(own.rounding, own.unit), amount=amount_text(one, own.unit))
    if one is not None and dose.status == AmountStatus.CAPPED and own.at_most is not None:
        yield said("at most {most}: {amount}", most=amount_text(own.at_most, own.unit), amount=amount_text(one, own.unit))
    if dose.ends is not None and (own.rounding is not None or own.at_most is not None):
        limits = [_rounded(own.rounding, own.unit)] if own.rounding is not None else []
        limits += [said("at most {amount}", amount=amount_text(own.at_most, own.unit))] if own.at_most is not None else []
        yield said("both ends {limits}: {range}", limits=joined(", ", limits), range=range_text(*dose.ends, own.unit))
    yield from _by(schedule, dose, own)
    if dose.weight is not None and (band.per or own.banded_by == "weight"):
        rule = schedule.study.product(dose.give.product).weight
        renewed = said(", which is renewed at {visits} only", visits=rule.text) if isinstance(rule, AtVisits) else said("")
        if dose.weight.status in ("ideal", "adjusted"):
            yield _reckoned_weight(schedule, dose.weight)
        else:
            of = dose.weight.of
            yield (said("by the weight of {day}", day=of) if of is not None else said("by the weight at baseline")) + renewed


def _by(schedule: SubjectSchedule, dose: SubjectDose, own: Dose) -> Iterator[Sentence]:
    """What else than a weight chooses the band of a dose."""
    if own.banded_by == "age" and schedule.age is not None:
        yield said("by the age on day 1, {years}", years=many(schedule.age, "year"))
    if dose.by_value is not None:
        value = dose.by_value
        if value.of is not None:
            yield said("by {value} of {day}", value=value.text, day=value.of)
        else:
            yield said("no {value} is recorded on or before that day", value=value.what.name)


def _reckoned_weight(schedule: SubjectSchedule, weight: Used) -> Sentence:
    """How an ideal or adjusted weight came about."""
    inches = Fraction(round((schedule.height_cm or 0) * 10)) / Fraction(254, 10)
    first = "50" if schedule.sex == "M" else "45.5"
    tall = number_text(round(float(inches) - 60, 3))
    ideal = weight_by_kg("ideal", weight.kg, schedule.height_cm, schedule.sex)
    words = said(
        "ideal weight (Devine): {first} kg + 2.3 kg x {inches} inches over 60 = {kg} kg",
        first=first, inches=tall, kg=number_text(ideal or 0),
    )  # fmt: skip
    if weight.measured is None:
        return words
    measured, kg = number_text(weight.measured), number_text(weight.kg)
    actual = said("{kg} kg of {day}", kg=measured, day=weight.of) if weight.of is not None else said("{kg} kg at baseline", kg=measured)
    return said("{ideal}; adjusted: and 0.4 of the difference to {actual} = {kg} kg", ideal=words, actual=actual, kg=kg)


def _rounded(rounding: Rounding, unit: str | None) -> Sentence:
    to = amount_text(rounding.step, unit) if rounding.step is not None else said("whole vials")
    return said("rounded {way} to {step}", way=word(rounding.way), step=to)


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


def _one(visit: SubjectVisit, dose: SubjectDose) -> float | None:
    """What one administration comes to by the plan; None where it is not known, or only what all of them do."""
    several = dose.recorded and (dose.times_a_day > 1 or visit.planned_last is not None)
    return None if several or math.isnan(dose.planned) else dose.planned


def _given(dose: SubjectDose) -> Iterator[Sentence]:
    """How often; and what was given, where that is recorded."""
    if (own := own_dose(dose)) is not None and own.step:
        yield joined("", [own.step])
    if dose.status == AmountStatus.AS_NEEDED:
        yield said("given only when it is needed: nothing is planned of it")
    elif dose.administrations > 1:
        yield said("{n} times in all", n=dose.administrations)
    if dose.status in (*NOT_GIVEN, AmountStatus.NOT_RECORDED):
        yield word(why_no_amount(dose.status.text))
    if dose.recorded:
        yield said("recorded: {amount}", amount=amount_text(dose.amount, dose.give.unit))


def _vials(schedule: SubjectSchedule, dose: SubjectDose) -> Iterator[Sentence]:
    """What the dose is taken from; of a masked one as of the active drug, the same in every arm."""
    found = dose.vials
    if found is None:
        return
    masked = dose.status == AmountStatus.MASKED
    kit = said("vials of {product}", product=dose.give.shown)
    if masked:
        kit += said(", counted as for the active drug")
    if masked and dose.weight is not None:
        kg, of = number_text(dose.weight.kg), dose.weight.of
        kit += said(", by {kg} kg of {day}", kg=kg, day=of) if of is not None else said(", by {kg} kg at baseline", kg=kg)
    dispensed, waste = amount_text(found.dispensed, dose.give.unit), amount_text(found.waste, dose.give.unit)
    held = said(", which hold {amount}, {waste} left over", amount=dispensed, waste=waste)
    volume = "" if math.isnan(found.volume_ml) else f"; {volume_text(found.volume_ml)} mL"
    if vials := vials_text(found.counts):
        yield said("{what}: {vials}", what=kit, vials=vials) + ("" if masked else held) + volume
