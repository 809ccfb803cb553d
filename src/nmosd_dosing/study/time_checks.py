"""Times at which something is examined: each counts from a dose of its visit that has one beginning, and one end."""

from __future__ import annotations

from nmosd_dosing.errors import Problems, elsewhere, one_of
from nmosd_dosing.study.blinding_checks import Told, once
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Give


def check_times(period: Period, visit: Visit, problems: Problems, told: Told) -> None:
    """What is wrong with the time points of a visit; of a repeat once."""
    gives = {give.product: give for give in visit.gives}
    for number, point in enumerate(visit.time_points):
        if once(told, point.time.place, f"time of {point.name}"):
            _check(period, visit, point, gives.get(point.time.product), problems)
            _twice(visit, point, visit.time_points[:number], problems)


def _check(period: Period, visit: Visit, point: TimePoint, give: Give | None, problems: Problems) -> None:
    product, place = point.time.product, point.time.place
    said = f"`{point.time.text()}`"
    if give is None:
        given = [give.product for give in visit.gives]
        hint = f"count from a product that is given at this visit: {one_of(given)}" if given else "give the product at this visit, too"
        problems.error(f"{said}: {product} is not given on {visit.label}", place, hint)
        return
    without = [period.arms[arm] for arm in point.arms if len(give.doses) > 1 and give.doses[arm] is None]
    if without:
        hint = "write what is examined after it into an entry with `arms`"
        problems.error(f"{said}: {product} on {visit.label} is not given to {one_of(without)}", place, hint)
        return
    by_arm = (give.doses, *(changed for _, changed in give.changes))
    doses = [dose for doses in by_arm for dose in doses if dose is not None]
    if visit.last is not None or any((dose.times or 1) > 1 for dose in doses):
        hint = "count from a dose that is given once, on a day of its own"
        problems.error(f"{said}: after which of the doses of {product} on {visit.label}?", place, hint)
    elif point.time.of_end and None in {dose.minutes for dose in doses}:
        hint = f"write how long it takes: `{product} … over 60 min`; or count from its beginning"
        problems.error(f"{said}: the file does not say when {product} on {visit.label} ends", place, hint)
    elif point.time.of_end and len({dose.minutes for dose in doses}) > 1:
        hint = "count from its beginning, or write the same `over …` in all places"
        problems.error(f"{said}: {product} on {visit.label} does not always take as long", place, hint)


def _twice(visit: Visit, point: TimePoint, others: tuple[TimePoint, ...], problems: Problems) -> None:
    """The same at one time twice for somebody, or at a time here and at no time there."""
    for other in others:
        both = other.name == point.name and other.time.same_time == point.time.same_time
        if both and set(other.arms) & set(point.arms):
            also = elsewhere("the other one", other.time.place)
            hint = "a time has one window: write it once"
            problems.error(f"`{point.name}` {point.time.text()} stands twice on {visit.label}", point.time.place, hint, also)
    untimed = next((set(a.untimed) for a in visit.assessments if a.name == point.name), set[int]())
    if untimed & set(point.arms):
        hint = "write its times in one place, or give the other one a name of its own"
        problems.error(f"`{point.name}` on {visit.label} has times in one entry, and none in another", point.time.place, hint)
