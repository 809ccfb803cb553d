"""What hangs on a last dose, or on another visit's actual day: is there something to hang on, and may what happens there happen?"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from nmosd_dosing.days import Code, Offset
from nmosd_dosing.errors import Place, Problems, elsewhere
from nmosd_dosing.study.events import ENDS_FOLLOW_UP
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, Point, VisitRule


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
