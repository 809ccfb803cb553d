"""The other names of visits, `also called`: each is of one visit, or nobody could tell which is meant."""

from __future__ import annotations

from collections.abc import Sequence

from nmosd_dosing.errors import Place, Problems, clip, did_you_mean, elsewhere, one_of
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import folded, is_unscheduled
from nmosd_dosing.study.visit_rules import AlsoCalled

Laid = Sequence[tuple[Period, Sequence[Visit]]]  # the visits of each period


def check_names(laid: Laid, problems: Problems) -> None:
    """Reports names that another visit has: as its day in any period, or as a name in its own. Visits of different arms may share one."""
    if not any(entry.also_called for period, _ in laid for entry in period.visit_rules):
        return
    days: dict[str, list[tuple[Period, Visit]]] = {}
    for period, visits in laid:
        for visit in visits:
            for key in {folded(label) for label in (visit.label, *visit.labels)}:
                days.setdefault(key, []).append((period, visit))
    for period, visits in laid:
        names: dict[str, list[Visit]] = {}
        for visit in visits:
            for key in {folded(said.name) for said in visit.by_arm or (visit.said,) if said.name}:
                names.setdefault(key, []).append(visit)
        called: dict[str, list[tuple[Visit, AlsoCalled]]] = {}
        for visit in visits:
            for also in visit.also_called:
                _check(period, visit, also, days, names, called, problems)
        _check_days(period, visits, problems)


def _check(
    period: Period, visit: Visit, also: AlsoCalled, days: dict[str, list[tuple[Period, Visit]]], names: dict[str, list[Visit]],
    called: dict[str, list[tuple[Visit, AlsoCalled]]], problems: Problems,
) -> None:  # fmt: skip
    key, shown = folded(also.name), clip(also.name)
    if is_unscheduled(also.name):
        problems.error(f"`{shown}` is what a visit is called that is not planned", also.place, "take it out")
        return
    other = next((f"{p.id}/{v.label}" for p, v in days.get(key, ()) if v is not visit and (p is not period or _both(v, visit))), None)
    if other is not None:
        problems.error(f"{visit.label} is called `{shown}`, which is {other}", also.place, "a name is of one visit: take it out")
        return
    for twin, before in called.setdefault(key, []):
        if twin is visit or _both(twin, visit):
            wrong = (
                f"{visit.label} is called `{shown}` twice" if twin is visit else f"{twin.label} and {visit.label} are both called `{shown}`"
            )
            place = elsewhere("the other one", before.place)
            problems.error(wrong, also.place, "take one out" if twin is visit else "a name is of one visit", place)
            return
    called[key].append((visit, also))
    for twin in names.get(key, ()):
        if twin is not visit and _both(twin, visit):
            place = elsewhere("the other one", twin.place)
            wrong = f"{visit.label} is called `{shown}`, which is the name of {twin.label}"
            problems.error(wrong, also.place, "a name is of one visit", place)
            return


def _both(one: Visit, two: Visit) -> bool:
    """Whether somebody may have both."""
    return bool(set(one.arms) & set(two.arms))


def _check_days(period: Period, visits: Sequence[Visit], problems: Problems) -> None:
    """Names of days that their entry does not have."""
    used: set[Place | None] = {also.place for visit in visits for also in visit.also_called}
    for entry in period.visit_rules:
        labels = [visit.label for visit in visits if visit.place in {item.place for item in entry.at}]
        for also in entry.also_called:
            if also.day and also.place not in used:
                hint = did_you_mean(also.day, labels) or f"its days are {one_of(labels)}"
                problems.error(f"`{clip(also.day)}` is no day of this entry", also.day_place, hint)
