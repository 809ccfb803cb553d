"""What would tell the arm to a reader of a masked schedule: what differs between arms in a blinded part, or in the open beside one."""

from __future__ import annotations

from collections.abc import Iterable

from nmosd_dosing.errors import Place, Problems, one_of
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Give

Told = set[tuple[Place | None, str]]  # what has been said of a place: of a repeat, once and not for each of its days


def check_blinding(study: Study, period: Period, visit: Visit, problems: Problems, told: Told) -> None:
    """What would tell the arm to a reader of the masked schedule."""
    if len(period.arms) < 2:
        return
    if period.blinded or period.masks:
        _same_visits(period, visit, problems, told)
    elif study.conceals(period):
        _openly_told(study, period, visit, problems, told)
    for give in visit.gives:
        if give.blinded:
            _masked_alike(period, visit, give, problems, told)
        elif len(set(give.doses)) > 1 or any(len(set(changed)) > 1 for _, changed in give.changes):
            _openly_different(study, period, visit, give, problems, told)


def once(told: Told, place: Place | None, what: str) -> bool:
    new = (place, what) not in told
    told.add((place, what))
    return new


def _same_visits(period: Period, visit: Visit, problems: Problems, told: Told) -> None:
    if visit.by_arm and once(told, visit.place, "said"):
        problems.error(
            f"arms with different {_what_is_said(visit)} in a blinded part: {visit.label}",
            visit.place,
            "it would unblind: write the same for every arm",
        )
    missing = [arm for i, arm in enumerate(period.arms) if i not in visit.arms]
    if missing and once(told, visit.place, "dates"):
        problems.error(
            f"arms with different dates in a blinded part: {visit.label} is not there for {one_of(missing)}",
            visit.place,
            "it would unblind: give every arm the same visits, with placebo where nothing active is given",
        )
    for assessment in visit.assessments:
        if not missing and len(assessment.arms) < len(period.arms) and once(told, visit.place, assessment.name):
            only = _arms(period, assessment.arms)
            problems.error(
                f"arms with different assessments in a blinded part: `{assessment.name}` on {visit.label} is for {only} only",
                visit.place,
                "it would unblind: examine every arm alike",
            )
    for point in visit.time_points:
        alike = any(not missing and len(a.arms) == len(period.arms) for a in visit.assessments if a.name == point.name)
        if alike and len(point.arms) < len(period.arms) and once(told, point.time.place, f"times of {point.name}"):
            only = _arms(period, point.arms)
            problems.error(
                f"arms with different times in a blinded part: `{point.name}` {point.time.written} on {visit.label} is for {only} only",
                point.time.place,
                "it would unblind: examine every arm at the same times",
            )


def _openly_told(study: Study, period: Period, visit: Visit, problems: Problems, told: Told) -> None:
    """The same of a visit in the open, to arms that another period keeps blinded: a warning, since it may be meant."""
    tells = f"which `{_hiding(study, period)}` keeps blinded: it tells the allocation"
    if len(visit.arms) < len(period.arms) and once(told, visit.place, "open dates"):
        problems.warn(
            f"{visit.label} is only there for {_arms(period, visit.arms)}, {tells}",
            visit.place,
            "give every arm the same visits if it must not",
        )
    for assessment in visit.assessments:
        if assessment.arms != visit.arms and once(told, visit.place, f"open {assessment.name}"):
            problems.warn(
                f"`{assessment.name}` on {visit.label} is only for {_arms(period, assessment.arms)}, {tells}",
                visit.place,
                "examine every arm alike if it must not",
            )
    for point in visit.time_points:
        alike = any(a.arms == visit.arms for a in visit.assessments if a.name == point.name)
        if alike and point.arms != visit.arms and once(told, point.time.place, f"open times of {point.name}"):
            problems.warn(
                f"`{point.name}` {point.time.written} on {visit.label} is only for {_arms(period, point.arms)}, {tells}",
                point.time.place,
                "examine every arm at the same times if it must not",
            )
    if visit.by_arm and once(told, visit.place, "openly said"):
        problems.warn(
            f"{visit.label} has different {_what_is_said(visit)} for {_arms(period, visit.arms)}, {tells}",
            visit.place,
            "write the same for every arm if it must not",
        )


def _arms(period: Period, arms: Iterable[int]) -> str:
    return one_of(period.arms[i] for i in arms)


def _what_is_said(visit: Visit) -> str:
    """The first of the things that are said to arms differently, in words."""
    return next(words for name, words in _SAID.items() if len({getattr(said, name) for said in visit.by_arm}) > 1)


_SAID = {"window": "windows", "name": "names", "called": "names", "note": "notes", "assumed": "assumptions", "sources": "sources"}


def _masked_alike(period: Period, visit: Visit, give: Give, problems: Problems, told: Told) -> None:
    without = [period.arms[i] for i in visit.arms if give.doses[i] is None]
    if without and once(told, give.place, "products"):
        problems.error(
            f"arms with different products in a blinded part: {give.product} on {visit.label} is not given to {one_of(without)}",
            give.place,
            f"it would unblind: write `{give.product} placebo` for the other arm",
        )
    often = {(dose.times, dose.hours, dose.lead, dose.as_needed, dose.most_daily) for dose in give.doses if dose is not None}
    if len(often) > 1 and once(told, give.place, "how often"):
        problems.error(
            f"arms with doses at different times in a blinded part: {give.product} on {visit.label}",
            give.place,
            "it would unblind: write the same `daily …` or `as needed`, hours and lead time for every arm",
        )
    minutes = {dose.minutes for dose in give.doses if dose is not None}
    if len(minutes) > 1 and once(told, give.place, "durations"):
        problems.error(
            f"arms with infusions of different duration in a blinded part: {give.product} on {visit.label}",
            give.place,
            "it would unblind: write the same `over …` for every arm",
        )
    levels = {dose.levels and dose.levels.scheme for dose in give.doses if dose is not None}  # a placebo's are those beside it
    if len(levels) > 1 and once(told, give.place, "levels"):
        problems.error(
            f"arms with different dose levels in a blinded part: {give.product} on {visit.label}",
            give.place,
            "it would unblind: name the same levels and events for every arm; an amount may be `not stated`",
        )


def _hiding(study: Study, period: Period) -> str:
    """A period that keeps the arms of this one from readers."""
    return next(p.id for p in study.periods if p.masks and set(p.arms) & set(period.arms))


def _openly_different(study: Study, period: Period, visit: Visit, give: Give, problems: Problems, told: Told) -> None:
    if period.masks and once(told, give.place, "open"):
        way = "take `blinded: false` away" if period.blinded else "write `blinded: true` on this visit too"
        problems.error(
            f"{give.product} on {visit.label} differs between arms in the open, in a period that hides the arm",
            give.place,
            f"it would unblind: {way}",
        )
    elif not period.masks and study.conceals(period) and once(told, give.place, "open"):
        problems.warn(
            f"{give.product} on {visit.label} differs openly between arms that `{_hiding(study, period)}` keeps blinded: "
            "it tells the allocation",
            give.place,
            "write `blinded: true` on this visit if it must not",
        )
