"""What a reader must know of a plan's doses: what is masked, missing, capped or refused, and which weight they are by."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import takewhile

from nmosd_dosing.dose.dose import NOT_GIVEN, AmountStatus, AmountStatusText, AtVisits, number_text
from nmosd_dosing.errors import argument
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Administration, Note, PlannedVisit, Shown, noted
from nmosd_dosing.schedule.doses.lifetime_caps import in_words
from nmosd_dosing.schedule.subject_schedule import SubjectCap, SubjectDose, SubjectSchedule
from nmosd_dosing.sentences import Sentence, either, joined, said

_TOLD: tuple[tuple[AmountStatusText, NoteCode, Callable[[], Sentence]], ...] = (
    ("masked", "blinded", lambda: said(
        "doses are masked, and totals from the first masked one on; `{unblind}` with `{arm}` shows them",
        unblind=argument("unblind"), arm=argument("arm"))),
    ("needs weight", "needs-weight", lambda: said(
        "the dose depends on the body weight: add `{weight_kg}` in kg, in a table of subjects as its column `weight_kg`",
        weight_kg=argument("weight_kg"))),
    ("needs height", "needs-height", lambda: said(
        "the dose depends on the body height: add `{height_cm}` in cm, in a table of subjects as its column `height_cm`",
        height_cm=argument("height_cm"))),
    ("needs sex", "needs-sex", lambda: said(
        "the dose is by a weight that depends on the sex: add `{sex}`, M or F, in a table of subjects as its column `sex`",
        sex=argument("sex"))),
    ("needs age", "needs-age", lambda: said(
        "the dose depends on the age: add `{age}` in completed years on day 1, in a table of subjects as its column `age_years`",
        age=argument("age"))),
    ("age out of range", "out-of-range", lambda: said("the rule of the dose does not hold for this age: no dose is stated")),
    ("too short", "out-of-range", lambda: said("no ideal weight is defined below 60 inches (152.4 cm): no dose is stated")),
    ("out of range", "out-of-range", lambda: said("the rule of the dose does not hold for this weight: no dose is stated")),
    ("capped", "capped", lambda: said("the dose is the highest that its rule allows")),
    ("as needed", "as-needed", lambda: said("given when it is needed: no total and no vials plan it; what is recorded counts")),
    ("range", "range", lambda: said(
        "the amount is a range: whoever gives it decides; totals from there on, and vials, are not known until it is recorded")),
    ("not stated", "not-stated", lambda: said("the source does not state the dose")),
    ("not recorded", "not-recorded", lambda: said(
        "the dose was given, and how much is not recorded; totals from there on are not known")),
)  # fmt: skip
"""What is said of doses with a status, under which code."""


def dose_notes(schedule: SubjectSchedule, shown: Shown, arms: Sequence[str]) -> Iterator[Note]:
    """The notes of one subject's doses."""
    planned = [p for _, p in shown]
    if needing := _having(planned, "needs arm"):
        words = said("the dose depends on the arm: add `{arm}` with {arms}", arm=argument("arm"), arms=either(arms))
        yield Note("needs-arm", words, needing)
    for status, code, words_of in _TOLD:
        if found := _having(planned, status):
            yield Note(code, words_of(), found)
    yield from _values(planned)
    for doubt in schedule.doubts:
        by = tuple(v.id for v in planned if any(a.weight_kg is not None and a.weight_of in doubt.of for a in v.administrations))
        yield Note("check-weight", doubt.message, by)
    yield from _weights(schedule, planned)
    yield from _lifetimes(schedule)
    yield from _together(planned)
    dayless = tuple(p.id for p in planned if p.target is None and p.actual is None and p.booked is None)
    if dayless:
        yield Note("not-stated", said("the source does not state the day"), dayless)
    only = {p.only_arms for p in planned if p.only_arms}
    for some in sorted(only):
        yield Note("needs-arm", said("only for arm {arms}", arms=either(some)), tuple(p.id for p in planned if p.only_arms == some))


def _having(planned: Sequence[PlannedVisit], status: AmountStatusText) -> tuple[str, ...]:
    beyond = ("below ", "above ")  # the notes of levels say it
    return tuple(
        p.id for p in planned if any(a.amount_status == status and not (a.level or "").startswith(beyond) for a in p.administrations)
    )


def _values(planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    """Which recorded values are lacking, or beyond all bands, and by which one doses are."""
    lacking, beyond, by = (list[tuple[Sentence, str]]() for _ in range(3))
    for p in planned:
        for a in p.administrations:
            if (value := a.by_value) is None or (a.level or "").startswith(("below ", "above ")):
                continue
            if a.amount_status == "needs value":
                words = said(
                    "the dose depends on {value}, and none is recorded on or before its day: add `{measurements}` with {value} and its day"
                    ", of several subjects in a table of measurements",
                    value=value.what.name, measurements=argument("measurements"),
                )  # fmt: skip
                lacking.append((words, p.id))
            elif a.amount_status == "value out of range":
                beyond.append((said("the rule of the dose does not hold for {value}: no dose is stated", value=value.text), p.id))
            elif value.of is not None:
                by.append((said("{product}: by {value} of {day}", product=a.shown, value=value.text, day=value.of), p.id))
    yield from noted("needs-value", dict.fromkeys(lacking))
    yield from noted("out-of-range", dict.fromkeys(beyond))
    yield from noted("value", dict.fromkeys(by))


def _weights(schedule: SubjectSchedule, planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    """Which weight counts, and which doses are by one that was measured before."""
    by: dict[str, list[tuple[PlannedVisit, Administration]]] = {}
    reckoned: list[tuple[Sentence, str]] = []
    for p in planned:
        for a in p.administrations:
            if a.weight_status in ("ideal", "adjusted") and a.weight_kg is not None:
                words = said(
                    "{product}: by the ideal weight (Devine), {kg} kg"
                    if a.weight_status == "ideal"
                    else "{product}: by the adjusted weight (Devine), {kg} kg",
                    product=a.shown, kg=number_text(a.weight_kg),
                )  # fmt: skip
                reckoned.append((words, p.id))
            elif a.weight_kg is not None:
                by.setdefault(a.product, []).append((p, a))
    yield from noted("weight", dict.fromkeys(reckoned))
    for product, doses in by.items():
        rule = schedule.study.product(product).weight
        ids = tuple(dict.fromkeys(p.id for p, _ in doses))
        of = f"{doses[0][1].shown}: " if len(by) > 1 else ""
        if not schedule.later_weights[product]:
            words = said("one body weight counts for every dose: the one given, at baseline")
            if rule == "baseline" and schedule.weighed:
                words = said("later weights are given, and the study doses by the one at baseline")
            yield Note("weight", joined("", (of, words)), ids)
            continue
        if isinstance(rule, Fraction):
            states = said("a new weight counts once it has changed by {percent}% or more", percent=number_text(rule * 100))
        elif isinstance(rule, AtVisits):
            states = said(
                "the weight is renewed at {visits} only: the latest on or before the last of these visits that has come counts",
                visits=rule.text,
            )
        elif rule == "latest":
            states = said("the latest weight on or before each dose counts")
        else:
            states = said("the study does not state which weight counts; later ones are given, so the latest on or before each dose does")
        yield Note("weight", joined("", (of, states)), ids)
        carried: list[tuple[Sentence, str]] = []
        for p, a in doses:
            if a.weight_status == "carried forward":
                assert a.weight_of is not None and a.weight_kg is not None
                weight = said("{kg} kg of {day}", kg=number_text(a.weight_kg), day=a.weight_of)
                carried.append((joined("", (of, said("carried forward: {weight}", weight=weight))), p.id))
        yield from noted("weight", dict.fromkeys(carried))


def _together(planned: Sequence[PlannedVisit]) -> Iterator[Note]:
    """Doses of one product that two visits give on one day, as courses after events may."""
    given: dict[str, list[tuple[dt.date, dt.date, PlannedVisit]]] = {}
    for p in planned:
        if p.date is not None and p.status != "cancelled":
            for a in p.administrations:
                given.setdefault(a.shown, []).append((p.date, max(p.date, p.last or p.date), p))
    for product, doses in given.items():
        doses.sort(key=lambda found: found[:2])
        for i, (_, last, one) in enumerate(doses):
            for begins, ends, two in takewhile(lambda found: found[0] <= last, doses[i + 1 :]):  # noqa: B023
                end = min(last, ends)
                days = said("{day}", day=begins) if begins == end else said("{first} to {last}", first=begins, last=end)
                yield Note("twice", said("{product} is given by two visits on {days}", product=product, days=days), (one.id, two.id))


def _unwatched(schedule: SubjectSchedule, cap: SubjectCap, doses: Sequence[SubjectDose]) -> Sentence | None:
    """Why nobody can tell whether a cap is kept, where the plan gives doses that it cannot be compared with."""
    for dose in doses:
        known = not math.isnan(dose.amount)
        if dose.in_plan and known and dose.exposure is not None and math.isnan(dose.exposure.adds):
            if cap.limit.per not in ("m2", "kg"):
                return said("it is in another unit than the doses")
            if cap.limit.per == "m2" and schedule.weight_kg is not None:
                return said("without the height it cannot be watched: add `{height_cm}`", height_cm=argument("height_cm"))
            return said("without the weight it cannot be watched: add `{weight_kg}`", weight_kg=argument("weight_kg"))
        if dose.in_plan and not known and dose.status not in NOT_GIVEN:
            return said("a dose is not known, so it may be passed")
    return None


def _lifetimes(schedule: SubjectSchedule) -> Iterator[Note]:
    """Doses that a lifetime's cap refuses, each with what the total would be."""
    for cap in schedule.caps:
        under = [(visit, dose) for visit in schedule.visits for dose in visit.doses if dose.give.product == cap.product]
        if not any(dose.in_plan for _, dose in under):
            continue
        had = said("nothing is said of earlier exposure")
        if cap.earlier is not None:
            had = said("{total} before the study", total=in_words(cap.earlier, cap.limit))
        words = said("at most {limit} of {product} over a lifetime; {earlier}", limit=cap.limit.text, product=cap.product, earlier=had)
        if any(dose.status == AmountStatus.MASKED for _, dose in under):
            words += said("; while doses are masked nobody here can tell whether it is kept")
        elif blind := _unwatched(schedule, cap, [dose for _, dose in under]):
            words = joined("; ", (words, blind))
        yield Note("lifetime", words)
        totals = [(visit.id, dose.exposure) for visit, dose in under if dose.exposure is not None]
        if given := [(exposure.beyond, id) for id, exposure in totals if not math.isnan(exposure.beyond)]:
            most = in_words(max(total for total, _ in given), cap.limit)
            limit, product = cap.limit.text, cap.product
            words = said("the cap of {limit} of {product} is passed by what was given: {most}", limit=limit, product=product, most=most)
            yield Note("lifetime", words, tuple(id for _, id in given))
        for id, exposure in totals:
            if not math.isnan(exposure.refused):
                total = in_words(exposure.refused, cap.limit)
                over = said("with it the total would be {total}, and the cap is {limit}", total=total, limit=cap.limit.text)
                yield Note("refused", said("{product} on {visit} is refused: {why}", product=cap.product, visit=id, why=over), (id,))
