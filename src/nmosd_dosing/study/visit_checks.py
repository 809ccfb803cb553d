"""What is wrong with what stands on visits. Their other names, `also called`: each is of one visit, or nobody could tell which is meant.
Times at which something is examined: each counts from a dose of its visit that has one beginning, and one end. What hangs on a last dose,
or on another visit's actual day: is there something to hang on, and may what happens there happen?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from nmosd_dosing.days import Code, Offset
from nmosd_dosing.errors import Place, Problems, clip, did_you_mean, elsewhere, one_of
from nmosd_dosing.study.blinding_checks import Told, once
from nmosd_dosing.study.events import ENDS_FOLLOW_UP
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import folded, is_unscheduled
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, AlsoCalled, Give, Point, VisitRule

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
                _check_name(period, visit, also, days, names, called, problems)
        _check_days(period, visits, problems)


def _check_name(
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


# --- times ------------------------------------------------------------------------------------------------------------


def check_times(period: Period, visit: Visit, problems: Problems, told: Told) -> None:
    """What is wrong with the time points of a visit; of a repeat once."""
    gives = {give.product: give for give in visit.gives}
    for number, point in enumerate(visit.time_points):
        if once(told, point.time.place, f"time of {point.name}"):
            _check_time(period, visit, point, gives.get(point.time.product), problems)
            _twice(visit, point, visit.time_points[:number], problems)


def _check_time(period: Period, visit: Visit, point: TimePoint, give: Give | None, problems: Problems) -> None:
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


# --- what hangs on something ------------------------------------------------------------------------------------------


def check_hanging(study: Study, period: Period, visits: Sequence[Visit], problems: Problems) -> None:
    """Reports days that hang on nothing: on a day without a visit, on the last dose where nothing is given; doses on a last dose; and in a
    blinded part what hangs on a last dose that is not on the same day for all arms."""
    days = {visit.offset: visit for visit in reversed(visits) if visit.offset is not None and not visit.hangs_on}
    for entry in period.visit_rules:
        for item in entry.at:
            if not isinstance(item, Point):
                continue
            if item.follows is not None and entry.cycle is None and item.follows.day not in days:
                _nothing_on(item.code, item.place, problems)
            elif item.code.hangs_on in (LAST_DOSE, LAST_DOSE_OF_STUDY):
                _on_last_dose(study, period, entry, item, problems)
            elif item.code.hangs_on in ENDS_FOLLOW_UP:
                problems.error("a visit that hangs on a death", item.place, "take it out: after a death nothing is planned")
    _one_planned_day([visit for visit in visits if not visit.hangs_on], problems)


def _nothing_on(code: Code, place: Place | None, problems: Problems) -> None:
    """A day that counts from a visit which is not there."""
    day = Code(code.style, Offset(code.offset.days, code.offset.months), code.counts_from)
    planned = Code(code.style, Offset(code.offset.days + code.offset.then, code.offset.months), code.counts_from)
    hint = f"put a visit on {day.label}" if code.offset.months else f"write `{planned.label}`, or put a visit on {day.label}"
    problems.error(f"{code.label} counts from the actual day of a visit, and there is none on {day.label}", place, hint)


def _on_last_dose(study: Study, period: Period, entry: VisitRule, item: Point, problems: Problems) -> None:
    on, of_study = item.code.hangs_on, item.code.hangs_on == LAST_DOSE_OF_STUDY
    giving = [own for own in study.periods if any(rule.gives for rule in own.visit_rules) and (of_study or own is period)]
    if entry.gives:
        hint = "take `give` out; a dose has a day of its own, or follows the one before it: `counted from: previous dose`"
        problems.error(f"a dose that hangs on the {on} would be the {on} itself", entry.gives[0].place or item.place, hint)
    elif not giving:
        later = item.code.offset
        label = LAST_DOSE_OF_STUDY + (f" + {later.in_words}" if later != Offset() else "")
        any_given = any(rule.gives for own in study.periods for rule in own.visit_rules)
        hint = f"write `{label}`, which is that of all periods" if any_given else "name a day"
        problems.error(f"`{period.id}` gives nothing, so it has no last dose" if any_given else "nothing is given", item.place, hint)
    elif period.masks or period.blinded:
        tells = next(((own, rule) for own in giving for rule in own.visit_rules if _tells(period, own, rule)), None)
        if tells is not None:
            own, rule = tells
            also = elsewhere("not given to every arm", rule.place)
            wrong = f"in a blinded part the day of {item.code.label} would tell the arm: doses of `{own.id}` are not for every arm"
            problems.error(wrong, item.place, "hang it on the last dose of a period in which all arms get doses on the same days", also)


def _tells(blinded: Period, own: Period, rule: VisitRule) -> bool:
    """Whether some arms get doses of an entry, and others none on its days."""
    if not rule.gives or not set(own.arms) & set(blinded.arms):
        return False
    return any(arm not in rule.arms or all(give.doses[arm] is None for give in rule.gives) for arm in range(len(own.arms)))


def _one_planned_day(visits: Sequence[Visit], problems: Problems) -> None:
    """A product at a visit on a day, and again at one that counts from another visit and is planned for the same day."""
    on_day: dict[int, list[Visit]] = {}
    for visit in visits:
        if visit.offset is not None and not visit.offset.months and visit.gives:
            on_day.setdefault(visit.offset.days + visit.offset.then, []).append(visit)
    for together in on_day.values():
        for one, two in combinations(together, 2):
            both = [a.product for a in one.gives for b in two.gives if a.product == b.product and a.meets(b)]
            if both and (one.follows is not None or two.follows is not None) and one.offset != two.offset:
                also = elsewhere("the other one", one.place, two.place)
                wrong = f"{both[0]} is given twice: on {one.label} and on {two.label}, which are planned for one day"
                problems.error(wrong, two.place, "take one of them out", also)
