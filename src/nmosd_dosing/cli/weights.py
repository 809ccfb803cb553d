"""Weights that may be slips, on standard error, beside whatever a command shows of the doses by them."""

from __future__ import annotations

from nmosd_dosing.cli.edge import say
from nmosd_dosing.errors import Place, Problem, draw
from nmosd_dosing.plans.request import Request
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.weight_checks import WeightDoubt, weight_doubts

_WARNED = 100
LOOK_AGAIN = "look at the weight again; no dose is changed"


def say_doubtful(request: Request) -> None:
    """Says on standard error which weights may be slips, where they stand; of very many the first hundred and the count."""
    cohort = request.cohort
    found = [(column, doubt) for column, doubts in weight_doubts(cohort).items() for doubt in doubts]
    warnings = []
    for column, doubt in found[:_WARNED]:
        subject = request.subjects[column] if request.subjects else None
        place = _weight_place(subject, doubt) if subject is not None else None
        warnings.append(Problem(f"{cohort.name(column)}{doubt.message}", place, LOOK_AGAIN, "warning"))
    if warnings:
        more = f"\n\nand {len(found) - _WARNED:,} more to look at again" if len(found) > _WARNED else ""
        say(f"{draw(warnings)}{more}\n")


def _weight_place(subject: Subject, doubt: WeightDoubt) -> Place | None:
    """Where the last of the weights stands that a doubt is about."""
    dated = [(w.date, w.place) for w in subject.weights] + [(r.date, r.place) for r in subject.records if r.weight_kg is not None]
    return next((place for date, place in dated if date == doubt.of[-1]), subject.place)
