"""What would tell the arm to a reader of a masked schedule: what differs between arms in a blinded part, or in the open beside one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from nmosd_dosing.errors import Place, Problems, one_of
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Give

Told = set[tuple[Place | None, str]]  # what has been said of a place: of a repeat, once and not for each of its days


Found = Iterator[tuple[Place | None, str, str, str]]
"""Where something tells, what it is in a word, what is wrong, and what to do."""


def check_blinding(study: Study, period: Period, visit: Visit, problems: Problems, told: Told) -> None:
    """What would tell the arm to a reader of the masked schedule."""
    if len(period.arms) < 2:
        return
    if period.blinded or period.masks:
        _tell(problems.error, _same_visits(period, visit), told)
    elif study.conceals(period):
        _tell(problems.warn, _openly_told(study, period, visit), told)
    for give in visit.gives:
        if give.blinded:
            _tell(problems.error, _masked_alike(period, visit, give), told)
        elif len(set(give.doses)) > 1 or any(len(set(changed)) > 1 for _, changed in give.changes):
            _tell(problems.error if period.masks else problems.warn, _openly_different(study, period, visit, give), told)


def _tell(say: Callable[[str, Place | None, str], None], found: Found, told: Told) -> None:
    for place, what, wrong, hint in found:
        if once(told, place, what):
            say(wrong, place, hint)


def once(told: Told, place: Place | None, what: str) -> bool:
    new = (place, what) not in told
    told.add((place, what))
    return new


def _same_visits(period: Period, visit: Visit) -> Found:
    label = visit.label
    if visit.by_arm:
        wrong = f"arms with different {_what_is_said(visit)} in a blinded part: {label}"
        yield visit.place, "said", wrong, "it would unblind: write the same for every arm"
    if missing := [arm for i, arm in enumerate(period.arms) if i not in visit.arms]:
        wrong = f"arms with different dates in a blinded part: {label} is not there for {one_of(missing)}"
        hint = "it would unblind: give every arm the same visits, with placebo where nothing active is given"
        yield visit.place, "dates", wrong, hint
        return
    for assessment in visit.assessments:
        if len(assessment.arms) < len(period.arms):
            of = f"`{assessment.name}` on {label} is for {_arms(period, assessment.arms)} only"
            wrong = f"arms with different assessments in a blinded part: {of}"
            yield visit.place, assessment.name, wrong, "it would unblind: examine every arm alike"
    for point in visit.time_points:
        alike = any(len(a.arms) == len(period.arms) for a in visit.assessments if a.name == point.name)
        if alike and len(point.arms) < len(period.arms):
            of = f"`{point.name}` {point.time.written} on {label} is for {_arms(period, point.arms)} only"
            wrong = f"arms with different times in a blinded part: {of}"
            yield point.time.place, f"times of {point.name}", wrong, "it would unblind: examine every arm at the same times"


def _openly_told(study: Study, period: Period, visit: Visit) -> Found:
    """The same of a visit in the open, to arms that another period keeps blinded: a warning, since it may be meant."""
    tells = f"which `{_hiding(study, period)}` keeps blinded: it tells the allocation"
    if len(visit.arms) < len(period.arms):
        wrong = f"{visit.label} is only there for {_arms(period, visit.arms)}, {tells}"
        yield visit.place, "open dates", wrong, "give every arm the same visits if it must not"
    for assessment in visit.assessments:
        if assessment.arms != visit.arms:
            wrong = f"`{assessment.name}` on {visit.label} is only for {_arms(period, assessment.arms)}, {tells}"
            yield visit.place, f"open {assessment.name}", wrong, "examine every arm alike if it must not"
    for point in visit.time_points:
        alike = any(a.arms == visit.arms for a in visit.assessments if a.name == point.name)
        if alike and point.arms != visit.arms:
            wrong = f"`{point.name}` {point.time.written} on {visit.label} is only for {_arms(period, point.arms)}, {tells}"
            yield point.time.place, f"open times of {point.name}", wrong, "examine every arm at the same times if it must not"
    if visit.by_arm:
        wrong = f"{visit.label} has different {_what_is_said(visit)} for {_arms(period, visit.arms)}, {tells}"
        yield visit.place, "openly said", wrong, "write the same for every arm if it must not"


def _arms(period: Period, arms: Iterable[int]) -> str:
    return one_of(period.arms[i] for i in arms)


def _what_is_said(visit: Visit) -> str:
    """The first of the things that are said to arms differently, in words."""
    return next(words for name, words in _SAID.items() if len({getattr(said, name) for said in visit.by_arm}) > 1)


_SAID = {"window": "windows", "name": "names", "called": "names", "note": "notes", "assumed": "assumptions", "sources": "sources"}


def _masked_alike(period: Period, visit: Visit, give: Give) -> Found:
    of, doses = f"{give.product} on {visit.label}", [dose for dose in give.doses if dose is not None]
    if without := [period.arms[i] for i in visit.arms if give.doses[i] is None]:
        wrong = f"arms with different products in a blinded part: {of} is not given to {one_of(without)}"
        yield give.place, "products", wrong, f"it would unblind: write `{give.product} placebo` for the other arm"
    if len({(dose.times, dose.hours, dose.lead, dose.as_needed, dose.most_daily) for dose in doses}) > 1:
        hint = "it would unblind: write the same `daily …` or `as needed`, hours and lead time for every arm"
        yield give.place, "how often", f"arms with doses at different times in a blinded part: {of}", hint
    if len({dose.minutes for dose in doses}) > 1:
        wrong = f"arms with infusions of different duration in a blinded part: {of}"
        yield give.place, "durations", wrong, "it would unblind: write the same `over …` for every arm"
    if len({dose.levels and dose.levels.scheme for dose in doses}) > 1:  # a placebo's are those beside it
        hint = "it would unblind: name the same levels and events for every arm; an amount may be `not stated`"
        yield give.place, "levels", f"arms with different dose levels in a blinded part: {of}", hint


def _hiding(study: Study, period: Period) -> str:
    """A period that keeps the arms of this one from readers."""
    return next(p.id for p in study.periods if p.masks and set(p.arms) & set(period.arms))


def _openly_different(study: Study, period: Period, visit: Visit, give: Give) -> Found:
    of = f"{give.product} on {visit.label}"
    if period.masks:
        way = "take `blinded: false` away" if period.blinded else "write `blinded: true` on this visit too"
        wrong = f"{of} differs between arms in the open, in a period that hides the arm"
        yield give.place, "open", wrong, f"it would unblind: {way}"
    elif study.conceals(period):
        wrong = f"{of} differs openly between arms that `{_hiding(study, period)}` keeps blinded: it tells the allocation"
        yield give.place, "open", wrong, "write `blinded: true` on this visit if it must not"
