"""What a reader must know of a plan's doses: what is masked, missing, capped or refused, and which weight they are by."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import takewhile

from nmosd_dosing.days import date_text
from nmosd_dosing.dose.dose import NOT_GIVEN, AmountStatus, AmountStatusText, AtVisits, number_text
from nmosd_dosing.errors import argument, one_of
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Administration, Note, PlannedVisit
from nmosd_dosing.schedule.doses.lifetime_caps import in_words
from nmosd_dosing.schedule.subject_schedule import SubjectCap, SubjectDose, SubjectSchedule, SubjectVisit

_ARGUMENTS = ("unblind", "arm", "weight_kg", "height_cm", "sex", "age")
Shown = Sequence[tuple[SubjectVisit, PlannedVisit]]
_WORDS: dict[AmountStatusText, tuple[NoteCode, str]] = {
    "masked": ("blinded", "doses are masked, and totals from the first masked one on; `{unblind}` with `{arm}` shows them"),
    "needs weight": (
        "needs-weight",
        "the dose depends on the body weight: add `{weight_kg}` in kg, in a table of subjects as its column `weight_kg`",
    ),
    "needs height": (
        "needs-height",
        "the dose depends on the body height: add `{height_cm}` in cm, in a table of subjects as its column `height_cm`",
    ),
    "needs sex": (
        "needs-sex",
        "the dose is by a weight that depends on the sex: add `{sex}`, M or F, in a table of subjects as its column `sex`",
    ),
    "needs age": (
        "needs-age",
        "the dose depends on the age: add `{age}` in completed years on day 1, in a table of subjects as its column `age_years`",
    ),
    "age out of range": ("out-of-range", "the rule of the dose does not hold for this age: no dose is stated"),
    "too short": ("out-of-range", "no ideal weight is defined below 60 inches (152.4 cm): no dose is stated"),
    "out of range": ("out-of-range", "the rule of the dose does not hold for this weight: no dose is stated"),
    "capped": ("capped", "the dose is the highest that its rule allows"),
    "as needed": ("as-needed", "given when it is needed: no total and no vials plan it; what is recorded counts"),
    "range": (
        "range",
        "the amount is a range: whoever gives it decides; totals from there on, and vials, are not known until it is recorded",
    ),
    "not stated": ("not-stated", "the source does not state the dose"),
    "not recorded": ("not-recorded", "the dose was given, and how much is not recorded; totals from there on are not known"),
}


def dose_notes(schedule: SubjectSchedule, shown: Shown, arms: Sequence[str]) -> Iterator[Note]:
    """The notes of one subject's doses."""
    planned = [p for _, p in shown]
    if needing := _having(planned, "needs arm"):
        yield Note("needs-arm", f"the dose depends on the arm: add `{argument('arm')}` with {one_of(arms)}", needing)
    for status, (code, words) in _WORDS.items():
        if found := _having(planned, status):
            yield Note(code, words.format_map({name: argument(name) for name in _ARGUMENTS}), found)
    yield from _values(planned)
    for doubt in schedule.doubts:
        by = tuple(v.id for v in planned if any(a.weight_kg is not None and a.weight_of in doubt.of for a in v.administrations))
        yield Note("check-weight", doubt.message, by)
    yield from _weights(schedule, planned)
    yield from _lifetimes(schedule)
    yield from _together(planned)
    dayless = tuple(p.id for p in planned if p.target is None and p.actual is None and p.booked is None)
    if dayless:
        yield Note("not-stated", "the source does not state the day", dayless)
    only = {p.only_arms for p in planned if p.only_arms}
    for some in sorted(only):
        yield Note("needs-arm", f"only for arm {one_of(some)}", tuple(p.id for p in planned if p.only_arms == some))


def _having(planned: Sequence[PlannedVisit], status: AmountStatusText) -> tuple[str, ...]:
    beyond = ("below ", "above ")  # the notes of levels say it
    return tuple(
        p.id for p in planned if any(a.amount_status == status and not (a.level or "").startswith(beyond) for a in p.administrations)
    )


def _values(planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    """Which recorded values are lacking, or beyond all bands, and by which one doses are."""
    lacking: dict[str, list[str]] = {}
    beyond: dict[str, list[str]] = {}
    by: dict[str, list[str]] = {}
    for p in planned:
        for a in p.administrations:
            if (value := a.by_value) is None or (a.level or "").startswith(("below ", "above ")):
                continue
            if a.amount_status == "needs value":
                lacking.setdefault(value.what.name, []).append(p.id)
            elif a.amount_status == "value out of range":
                beyond.setdefault(value.text, []).append(p.id)
            elif value.of is not None:
                by.setdefault(f"{a.shown}: by {value.text} of {date_text(value.of)}", []).append(p.id)
    for name, ids in lacking.items():
        words = f"the dose depends on {name}, and none is recorded on or before its day"
        how = f"add `{argument('measurements')}` with {name} and its day, of several subjects in a table of measurements"
        yield Note("needs-value", f"{words}: {how}", tuple(dict.fromkeys(ids)))
    for value_text, ids in beyond.items():
        yield Note("out-of-range", f"the rule of the dose does not hold for {value_text}: no dose is stated", tuple(dict.fromkeys(ids)))
    for words, ids in by.items():
        yield Note("value", words, tuple(dict.fromkeys(ids)))


def _weights(schedule: SubjectSchedule, planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    """Which weight counts, and which doses are by one that was measured before."""
    by: dict[str, list[tuple[PlannedVisit, Administration]]] = {}
    reckoned: dict[str, list[str]] = {}
    for p in planned:
        for a in p.administrations:
            if a.weight_status in ("ideal", "adjusted") and a.weight_kg is not None:
                reckoned.setdefault(f"{a.shown}: by the {a.weight_status} weight (Devine), {number_text(a.weight_kg)} kg", []).append(p.id)
            elif a.weight_kg is not None:
                by.setdefault(a.product, []).append((p, a))
    for words, at in reckoned.items():
        yield Note("weight", words, tuple(dict.fromkeys(at)))
    for product, doses in by.items():
        rule = schedule.study.product(product).weight
        ids = tuple(dict.fromkeys(p.id for p, _ in doses))
        of = f"{doses[0][1].shown}: " if len(by) > 1 else ""
        if not schedule.later_weights[product]:
            words = "one body weight counts for every dose: the one given, at baseline"
            if rule == "baseline" and schedule.weighed:
                words = "later weights are given, and the study doses by the one at baseline"
            yield Note("weight", f"{of}{words}", ids)
            continue
        states = "the study does not state which weight counts; later ones are given, so the latest on or before each dose does"
        if isinstance(rule, Fraction):
            states = f"a new weight counts once it has changed by {number_text(rule * 100)}% or more"
        elif isinstance(rule, AtVisits):
            states = f"the weight is renewed at {rule.text} only: the latest on or before the last of these visits that has come counts"
        yield Note("weight", of + ("the latest weight on or before each dose counts" if rule == "latest" else states), ids)
        carried: dict[str, list[str]] = {}
        for p, a in doses:
            if a.weight_status == "carried forward" and a.weight_of is not None and a.weight_kg is not None:
                carried.setdefault(f"{number_text(a.weight_kg)} kg of {date_text(a.weight_of)}", []).append(p.id)
        for weight, visits in carried.items():
            yield Note("weight", f"{of}carried forward: {weight}", tuple(dict.fromkeys(visits)))


def _together(planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    """Doses of one product that two visits give on one day, as courses after events may."""
    given: dict[str, list[tuple[dt.date, dt.date, PlannedVisit]]] = {}
    for p in planned:
        if p.date is not None and p.status != "cancelled":
            for a in p.administrations:
                given.setdefault(a.shown, []).append((p.date, max(p.date, p.last or p.date), p))
    for product, days in given.items():
        days.sort(key=lambda found: found[:2])
        for i, (_, last, one) in enumerate(days):
            for begins, ends, two in takewhile(lambda found: found[0] <= last, days[i + 1 :]):  # noqa: B023
                both = date_text(begins) if begins == min(last, ends) else f"{date_text(begins)} to {date_text(min(last, ends))}"
                yield Note("twice", f"{product} is given by two visits on {both}", (one.id, two.id))


def _unwatched(schedule: SubjectSchedule, cap: SubjectCap, doses: Sequence[SubjectDose]) -> str | None:
    """Why nobody can tell whether a cap is kept, where the plan gives doses that it cannot be compared with."""
    for dose in doses:
        known = not math.isnan(dose.amount)
        if dose.in_plan and known and dose.exposure is not None and math.isnan(dose.exposure.adds):
            weight, height = ("weight", "weight_kg"), ("height", "height_cm")
            lacking = {"m2": height if schedule.weight_kg is not None else weight, "kg": weight}.get(cap.limit.per)
            if lacking is None:
                return "it is in another unit than the doses"
            return f"without the {lacking[0]} it cannot be watched: add `{argument(lacking[1])}`"
        if dose.in_plan and not known and dose.status not in NOT_GIVEN:
            return "a dose is not known, so it may be passed"
    return None


def _lifetimes(schedule: SubjectSchedule) -> Iterator[Note]:
    """Doses that a lifetime's cap refuses, each with what the total would be."""
    for cap in schedule.caps:
        under = [(visit, dose) for visit in schedule.visits for dose in visit.doses if dose.give.product == cap.product]
        if not any(dose.in_plan for _, dose in under):
            continue
        had = "nothing is said of earlier exposure" if cap.earlier is None else f"{in_words(cap.earlier, cap.limit)} before the study"
        words = f"at most {cap.limit.text} of {cap.product} over a lifetime; {had}"
        if any(dose.status == AmountStatus.MASKED for _, dose in under):
            words += "; while doses are masked nobody here can tell whether it is kept"
        elif blind := _unwatched(schedule, cap, [dose for _, dose in under]):
            words += f"; {blind}"
        yield Note("lifetime", words)
        totals = [(visit.id, dose.exposure) for visit, dose in under if dose.exposure is not None]
        if given := [(exposure.beyond, id) for id, exposure in totals if not math.isnan(exposure.beyond)]:
            most = in_words(max(total for total, _ in given), cap.limit)
            words = f"the cap of {cap.limit.text} of {cap.product} is passed by what was given: {most}"
            yield Note("lifetime", words, tuple(id for _, id in given))
        for id, exposure in totals:
            if not math.isnan(exposure.refused):
                over = f"with it the total would be {in_words(exposure.refused, cap.limit)}, and the cap is {cap.limit.text}"
                yield Note("refused", f"{cap.product} on {id} is refused: {over}", (id,))
