"""Does a study make sense as a whole? Checks across its visits, arms and periods, over the visits laid out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from nmosd_dosing.days import Offset
from nmosd_dosing.dose.dose import AtVisits, Dose
from nmosd_dosing.dose.units import CONVERTED_TEXT, converted
from nmosd_dosing.errors import Place, Problems, clip, counted, did_you_mean, elsewhere, one_of
from nmosd_dosing.study import period_order
from nmosd_dosing.study.blinding_checks import Told, check_blinding, once
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.model import Period, Product, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_checks import check_hanging, check_names, check_times
from nmosd_dosing.study.visit_rules import Give, Point, Series
from nmosd_dosing.study.visits import MAX_VISITS, lay_out, offset_of

HORIZON = 3660  # days of an open repeat that are checked: ten years


def check(study: Study, problems: Problems) -> None:
    """Reports whatever is wrong or doubtful in a study whose parts are each right."""
    laid: list[tuple[Period, tuple[Visit, ...]]] = []
    total, entries = 0, period_order.planned_entries(study)
    for period in study.own_periods:
        visits = lay_out(period, HORIZON, problems)
        total += len(visits)
        if total > 2 * MAX_VISITS:
            hint = "end the repeats earlier, or repeat less often"
            problems.error(f"more than {2 * MAX_VISITS:,} visits in one study", visits[-1].place, hint)
            break
        laid.append((period, visits))
        dated = [visit for visit in visits if visit.offset is not None and not visit.hangs_on]
        _ends(period, entries[period.id] if period.keeps_count else 0, dated, problems)
        _gaps(study, period, dated, problems)
        if any(way.target_period == period.id for way in study.transitions):
            _screening(period, visits, problems)
        for event in dict.fromkeys(visit.hangs_on for visit in visits):
            of_event = [v for v in visits if v.hangs_on == event and v.offset is not None]
            _same_date(period, of_event, problems)
            _in_courses(of_event, problems)
            _windows(period, of_event, problems)
        _gap_rules(period, dated, problems)
        check_hanging(study, period, visits, problems)
        told: Told = set()
        for visit in visits:
            _units(study, visit, problems, told)
            check_times(period, visit, problems, told)
            check_blinding(study, period, visit, problems, told)
    _weighed_at(study, laid, problems)
    check_names(laid, problems)
    _circles(study, problems)


def _weighed_at(study: Study, laid: list[tuple[Period, tuple[Visit, ...]]], problems: Problems) -> None:
    """Days at which a weight is renewed, and on which no period has a visit."""
    days = {visit.offset for _, visits in laid for visit in visits if not visit.hangs_on}
    for product in study.products:
        rule = product.weight
        if not isinstance(rule, AtVisits):
            continue
        for offset, label in zip(rule.offsets, rule.labels, strict=True):
            if offset not in days:
                wrong = f"the weight of {product.name} is renewed at {label}, on which no period has a visit"
                problems.error(wrong, rule.place, "name the day of a visit, or add one: `{at: " + label + ", assess: weight}`")


def _ends(period: Period, begins: int | None, visits: list[Visit], problems: Problems) -> None:
    """Visits after the end of their period. `begins`: how far its count has come on the day of entry, as planned; None: not known."""
    if period.length is None:
        return
    length = period.length.in_words
    counted_here = period.length if not period.keeps_count else Offset()  # its days count from elsewhere than its length
    for entry in period.visit_rules:
        for item in entry.at:
            if isinstance(item, Series) and item.open_ended:
                wrong = f"an open end in a period of {length}: does its end visit belong to it?"
                problems.error(wrong, item.place, _how_it_may_end(item, counted_here))
        if entry.cycle is not None and entry.cycle.count is None:
            fit = how_many_fit(entry.cycle.step, entry.at, counted_here)
            hint = fit or f"say how many, as in `every {entry.cycle.step.in_words}, 5 cycles`"
            problems.error(f"cycles without an end in a period of {length}", entry.cycle.place, hint)
    if begins is None:
        return
    after_entry = f" from the entry, planned for {Offset(begins).in_words} after the first day of the study" if begins else ""
    reported: set[Place | None] = set()
    for visit in visits:
        last = visit.last or offset_of(visit)
        if last.range[0] > begins + period.length.range[1] and not visit.open_ended and visit.place not in reported:
            reported.add(visit.place)
            wrong = f"{visit.label} lies after the end of the period, which lasts {length}{after_entry}"
            problems.error(wrong, visit.place, "make the period longer, or put the visit into a period of its own")


def _how_it_may_end(item: Series, length: Offset) -> str:
    """How a repeat with an open end may end in a period of some length, as a hint."""
    base, step = item.base, item.step
    if step.months or length.months or base.hangs_on or base.offset.months or base.offset.then or not 0 <= base.offset.days < length.days:
        return "say where it ends: `until` with the last day"
    times, rest = divmod(length.days - base.offset.days, step.days)
    if rest:
        return "write `until the end of the period` behind it, or `until` and the last day"
    without = f"`until {base.later(step, times - 1).label}`, or " if times > 1 else ""
    return f"write {without}`until {base.later(step, times).label}`, which includes the end visit"


def cycles_that_fit(step: Offset, days: Sequence[Point | Series], length: Offset) -> tuple[int, bool] | None:
    """How many cycles of such days end up to so long after a first day, and whether the last of them ends on that very day; None where
    that hangs on the first date, or none fits."""
    lasts = [item.last or item.code for item in days if isinstance(item, Point)]
    if step.months or length.months or not step.days or not lasts or any(code.hangs_on or code.offset.months for code in lasts):
        return None
    longest = max(code.offset.days + code.offset.then for code in lasts)
    count = (length.days - longest) // step.days + 1
    return (count, longest + (count - 1) * step.days == length.days) if count > 0 else None


def how_many_fit(step: Offset, days: Sequence[Point | Series], length: Offset) -> str | None:
    """How many cycles fit into a period, as a hint; None where nobody can tell."""
    if (fit := cycles_that_fit(step, days, length)) is None:
        return None
    count, on_the_end = fit
    hint = f"write `every {step.in_words}, {counted(count, 'cycle')}`"
    if on_the_end and count > 1:
        return f"{hint}, of which the last day is that of the end visit, or `every {step.in_words}, {counted(count - 1, 'cycle')}`"
    return f"{hint}, which is how many fit into {length.in_words}"


def _screening(period: Period, visits: tuple[Visit, ...], problems: Problems) -> None:
    """Visits of a later period that hang on a day before it."""
    for visit in visits:
        if visit.hangs_on in OF_SCREENING:
            wrong = f"{visit.label} hangs on a day before day 1, and `{period.id}` is a later period"
            problems.error(wrong, visit.place, "put it into the first period; here days are counted from the entry: `D1`")


def _products(visit: Visit) -> dict[str, Give]:
    return {give.product: give for give in visit.gives}


def _dose_of(visit: Visit, product: str, arm: int) -> Dose | None:
    give = _products(visit).get(product)
    return give.doses[arm] if give is not None else None


def _gaps(study: Study, period: Period, visits: list[Visit], problems: Problems) -> None:
    """Doses of one product planned closer than its minimum gap."""
    reported: set[Place | None] = set()
    for product in study.products:
        gap = product.minimum_gap
        if gap is None:
            continue
        for arm in range(max(1, len(period.arms))):
            doses = [v for v in visits if (dose := _dose_of(v, product.name, arm)) is not None and not dose.as_needed]
            for visit in doses:
                dose = _products(visit)[product.name].doses[arm]
                often = (dose.times or 1) > 1 if dose is not None else False
                if visit.place not in reported and ((visit.last is not None and gap.range[0] > 1) or often):
                    reported.add(visit.place)
                    closer = f"{product.name} {dose.rule if dose is not None else ''} on {visit.label}"
                    hint = "mend the course, or the minimum gap"
                    problems.error(f"{closer}: closer than its minimum gap of {gap.in_words}", visit.place, hint, _of_site(product))
            for before, after in pairwise(doses):
                most = offset_of(after).range[1] - (before.last or offset_of(before)).range[0]
                if most < gap.range[0] and after.place not in reported:
                    reported.add(after.place)
                    wrong = f"{product.name} on {before.label} and {after.label}: closer than its minimum gap of {gap.in_words}"
                    problems.error(wrong, after.place, "mend the days, or the minimum gap", _of_site(product))
                one, two = before.of_arm(arm).window, after.of_arm(arm).window
                late, early = one.most_after if one else 0, two.before if two else 0
                if most >= gap.range[0] > most - late - early and after.place not in reported:
                    reported.add(after.place)
                    wrong = f"{product.name} on {before.label} and {after.label}: windows allow less than its minimum gap, {gap.in_words}"
                    hint, also = "make a window smaller, or keep the gap by hand", _of_site(product, before, after)
                    problems.warn(wrong, after.place, hint, also)


def _in_courses(visits: list[Visit], problems: Problems) -> None:
    """A product that a course gives on a day on which another visit gives it, too."""
    reported: set[tuple[Place | None, Place | None]] = set()
    giving = [visit for visit in visits if visit.gives]
    for course in giving:
        if course.last is None:
            continue
        for other in giving:
            begins, ends = offset_of(other), other.last or offset_of(other)
            if other is course or _before(ends, offset_of(course)) or _before(course.last, begins):
                continue
            later = other.last is None or (offset_of(course).nominal, course.label) < (begins.nominal, other.label)
            if not later or (course.place, other.place) in reported:
                continue
            for product, give in _products(course).items():
                twin = _products(other).get(product)
                if twin is not None and give.meets(twin):
                    reported.add((course.place, other.place))
                    also = elsewhere("the other one", course.place, other.place)
                    wrong = f"{product} is given twice: on {other.label} and by the course {course.label}"
                    problems.error(wrong, other.place, "let one end before the other begins", also)


def _before(one: Offset, two: Offset) -> bool:
    """Whether a day always comes before another one."""
    return one.nominal < two.nominal if one.months == two.months else one.range[1] < two.range[0]


def _same_date(period: Period, visits: list[Visit], problems: Problems) -> None:
    """A day counted in months and one counted in days can be the same date for some first dates and not for others."""
    by_months = [v for v in visits if offset_of(v).months]
    ranges = sorted(((offset_of(v).range, i) for i, v in enumerate(visits)), key=lambda r: r[0])
    widest = max((high - low for (low, high), _ in ranges), default=0)
    reported: set[tuple[Place | None, Place | None]] = set()
    for monthly in by_months:
        fewest, most = offset_of(monthly).range
        for (low, high), i in ranges[bisect_left(ranges, fewest - widest, key=lambda r: r[0][0]) :]:
            if low > most:
                break
            other = visits[i]
            if other is monthly or high < fewest or (monthly.place, other.place) in reported:
                continue
            apart = offset_of(monthly).before(offset_of(other))
            if apart[0] <= 0 <= apart[1] and _report_same_date(monthly, other, problems):
                reported |= {(monthly.place, other.place), (other.place, monthly.place)}


def _report_same_date(monthly: Visit, other: Visit, problems: Problems) -> bool:
    given = _products(other)
    product = next((give.product for give in monthly.gives if give.product in given and give.meets(given[give.product])), None)
    if product is not None:
        wrong = f"{product} on {other.label} and on {monthly.label}, which are the same date for some first dates"
        also = elsewhere("the other one", other.place)
        problems.error(wrong, monthly.place, "count both in days, or both in months", also)
    return product is not None


def _windows(period: Period, visits: list[Visit], problems: Problems) -> None:
    """Windows of neighbours of one arm that share a day: a visit on it could be either."""
    ordered = sorted(visits, key=lambda v: offset_of(v).nominal)
    reported: set[tuple[Place | None, Place | None]] = set()
    for arm in range(max(1, len(period.arms))):
        for before, after in pairwise([visit.of_arm(arm) for visit in ordered if arm in visit.arms]):
            if before.window is None and after.window is None:
                continue
            latest, earliest = _allowed(before)[1][1], _allowed(after)[0][0]
            places = (before.place, after.place)
            if latest < earliest or places in reported or offset_of(before) == offset_of(after):
                continue
            reported.add(places)
            shared = min(latest, _allowed(after)[1][0]) - max(earliest, _allowed(before)[0][0]) + 1
            said = f"the windows of {before.label} and {after.label} overlap by {counted(shared, 'day')}"
            hint = "a visit on such a day could be either; make a window smaller"
            if before.window is not None and before.window.after is None:
                said = f"{before.label} has no last day (`or later`), so it may come after {after.label}"
                hint = f"if it must not, give {before.label} a window with a last day, such as `+7d`"
            also = [*elsewhere("the earlier visit", before.place, after.place), *_of_site(before, after)]
            problems.warn(said, after.place, hint, also)


def _allowed(visit: Visit) -> tuple[tuple[int, int], tuple[int, int]]:
    """The first and the last day on which a visit may begin, each at the fewest and at the most days from day 1: a course of doses in the
    window of its first day, what else takes several days on any of them."""
    days, window = offset_of(visit), visit.window
    last = days if visit.last is None or visit.gives else visit.last
    before, after = (window.before, window.most_after) if window is not None else (0, 0)
    (fewest, most), (low, high) = days.range, last.range
    return (fewest - before, most - before), (low + after, high + after)


def _of_site(*facts: Product | Visit) -> list[tuple[str, Place]]:
    """Where a site states the minimum gap of a product or the windows of visits, each place once."""
    places: dict[Place, str] = {}
    for fact in facts:
        if isinstance(fact, Product):
            if fact.gap_origin and fact.gap_place:
                places.setdefault(fact.gap_place, "the minimum gap")
        elif fact.window is not None and fact.window.origin and fact.window.place:
            places.setdefault(fact.window.place, f"the window of {fact.label}")
    return [(words, place) for place, words in places.items()]


def _units(study: Study, visit: Visit, problems: Problems, told: Told) -> None:
    """A lifetime's cap, or vials, in a unit that does not measure what a dose does."""
    for give in visit.gives:
        product = study.product(give.product)
        for unit in give.units:
            cap, vials = product.lifetime, product.vials
            if cap is not None and converted(cap.amount, cap.unit, unit) is None and once(told, give.place, "cap"):
                wrong = f"{give.product} is dosed in `{unit}`, and its lifetime's cap is {cap.text}"
                problems.error(wrong, give.place, f"write both in one unit; {CONVERTED_TEXT}")
            if vials is not None and converted(vials.sizes[0], vials.unit, unit) is None and once(told, give.place, "vials"):
                wrong = f"{give.product} is dosed in `{unit}`, and its vials are in `{vials.unit}`: they cannot be counted"
                problems.warn(wrong, give.place, f"write both in one unit; {CONVERTED_TEXT}")


def _gap_rules(period: Period, visits: list[Visit], problems: Problems) -> None:
    """A rule for a gap that the plan itself has would hold for everybody."""
    if not period.gap_rules:
        return
    first = period.gap_rules[0]
    given = list(dict.fromkeys(give.product for visit in visits for give in visit.gives))
    named = {rule.product for rule in period.gap_rules}
    wrong = next((rule for rule in period.gap_rules if rule.product and rule.product not in given), None)
    if wrong is not None:
        hint = did_you_mean(wrong.product, given) or f"products of this period are {one_of(given)}"
        problems.error(f"{clip(wrong.product)} is not given in this period", wrong.place, hint)
    elif len(named) > 1:
        problems.error("gaps of different products in one period", first.place, "name one product in all of its rules")
    elif named == {""} and len(given) > 1:
        hint = f"say whose: `product: {given[0]}`"
        problems.error(f"gaps between the doses of which product? The period gives {one_of(given)}", first.place, hint)
    dosed = [v for v in visits if v.gives and (not first.product or first.product in _products(v))]
    for visit in dosed:
        needed = next((give for give in visit.gives if first.product in ("", give.product) and any(give.as_needed)), None)
        if needed is not None:
            wrong_gap = f"gaps between the doses of {needed.product}, which is given as needed on {visit.label}"
            problems.error(wrong_gap, first.place, "a dose that nobody plans is never too late: name another product, or take the rule out")
            return
    for rule in period.gap_rules:
        begins = rule.at.offset if rule.at is not None else Offset()
        if rule.then == "restart" and dosed and all(visit.offset != begins for visit in dosed):
            # without a dose on its first day a restart could make the next gap, and never end
            nothing = f"a restart at {rule.at.label if rule.at is not None else 'day 1'}, on which no dose is planned"
            hint = f"name a day with a dose: {one_of([v.label for v in dosed][:8])}"
            problems.error(nothing, rule.place, hint if rule.at is not None else f"{hint}, as in `restart at {dosed[0].label}`")
    doses = sorted(dosed, key=lambda v: offset_of(v).nominal)
    for before, after in pairwise(doses):
        days = offset_of(after).range[1] - (before.last or offset_of(before)).range[0]
        if days > first.beyond.range[0]:
            apart = f"{before.label} and {after.label} are planned up to {counted(days, 'day')} apart"
            hint = "name a longer time, or put visits with another rhythm into a period of their own"
            problems.error(f"{apart}: a gap of {first.of} is no gap", first.place, hint)
            return


def _circles(study: Study, problems: Problems) -> None:
    """A way through the periods that comes back to where it was."""
    ways = [(t.source_period, t.target_period) for t in study.own_transitions]
    ahead = {source: period_order.reachable(source, ways) for source, _ in ways}
    said: set[str] = set()
    for transition in study.own_transitions:
        source = transition.source_period
        if source in said or source not in period_order.reachable(transition.target_period, ways):
            continue
        said |= {period for period in ahead if source in ahead[period] and period in ahead[source]}
        wrong = f"a circle of periods: from `{transition.target_period}` one comes to `{transition.source_period}` again"
        hint = "take one of the transitions out; or say how often subjects come back: `at most: 2 times`"
        problems.error(wrong, transition.place, hint)
