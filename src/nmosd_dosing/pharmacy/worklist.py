"""What a pharmacy prepares, day by day, and what it orders, month by month: both counted from the same doses of the same plans."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.plans.dose_reasons import no_amount
from nmosd_dosing.plans.plan import Administration, LostDose, Plan, PlannedVisit, Stage
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.sentences import Sentence, said
from nmosd_dosing.study.model import Study

Packed = tuple[tuple[str, int], ...]  # (("120 mg", 2), ("400 mg", 1)), the smallest first

_OPEN: tuple[Stage, ...] = ("firm", "tentative")  # nothing is recorded of it


class Item(Struct, frozen=True):
    """One product for one subject on one day. `date` is None where the source states no day.

    visit: planned, booked, projected or pending. day, of: which day of the visit, of how many. dose: the product's, at the whole visit.
    times: administrations on this day. vials, volume_ml: for all of these; `vials` is None where they cannot be counted, and `uncounted`
    says why. sizes: all vials that there are of the product, the smallest first. closed: why its day is closed; None where it is open, or
    nobody asked.
    """

    date: dt.date | None
    subject: str | None
    site: str | None
    visit: PlannedVisit
    day: int
    of: int
    dose: Administration
    times: int
    vials: Packed | None
    volume_ml: float | None
    uncounted: str | None
    sizes: tuple[str, ...]
    closed: str | None = None

    @property
    def firm(self) -> bool:
        """Whether it is known that it will be needed, unless something happens."""
        return self.visit.status in ("planned", "booked") and not self.visit.only_arms


class MayCome(Struct, frozen=True):
    """A dose of a visit that is planned for another day, `planned`, and is allowed from `first` to `last` of the days asked for. The item
    has no day: it is what one day of the visit needs."""

    item: Item
    planned: dt.date
    first: dt.date
    last: dt.date


class Worklist(Struct, frozen=True):
    """What is to be prepared from `first` to `last`, both included.

    items: by day, on each day in the order of the plans. may_come: by the first day on which they may, not among what is to be prepared.
    dayless: the source states no day. undecided: no day is allowed, and a person must decide. missed: planned before `first`, not allowed
    any more, and nothing is recorded of it; only where something is recorded of anybody, else all of it is taken as done. unentered:
    periods whose first day is not known yet, each with the subjects. lost: planned for one of the days, and taken away by an entry, each
    with the subject. several: the plans are of more than one period. workdays: which days are open, where somebody asked. of_subject,
    of_sites: whose doses stand on it; everybody's where neither is said.
    """

    study: Study
    regimen: str
    unblinded: bool
    first: dt.date
    last: dt.date
    items: tuple[Item, ...]
    may_come: tuple[MayCome, ...]
    dayless: tuple[Item, ...]
    undecided: tuple[Item, ...]
    missed: tuple[Item, ...]
    unentered: Mapping[str, tuple[str | None, ...]]
    lost: tuple[tuple[str | None, LostDose], ...]
    several: bool
    workdays: Workdays | None = None
    of_subject: str | None = None
    of_sites: tuple[str, ...] = ()

    @property
    def ahead(self) -> tuple[Item, ...]:
        """All that may still have to be made ready: also what may come, has no day, or waits for a decision."""
        return (*self.items, *(found.item for found in self.may_come), *self.dayless, *self.undecided)


class OrderLine(Struct, frozen=True):
    """Vials of one size of one product in one month, of which `month` is the first day.

    needed: for the doses of the month; not_firm: how many of these are for doses that are projected or pending, or may be another
    arm's. reserve: on top. first_need: the first day on which one is needed; order_by: the last on which to order, None where no
    lead time is given, and `closed` why that day is closed. check_weight: whose weight should be looked at again before it is ordered for
    them, and why.
    """

    month: dt.date
    product: str
    vial: str
    needed: int
    not_firm: int
    reserve: int
    first_need: dt.date
    order_by: dt.date | None
    check_weight: str | None
    closed: str | None = None

    @property
    def order(self) -> int:
        return self.needed + self.reserve


class Uncounted(Struct, frozen=True):
    """Doses of one product whose vials cannot be counted, and why."""

    product: str
    why: str
    items: tuple[Item, ...]


def prepare(study: Study, plans: Sequence[Plan], first: dt.date, last: dt.date, workdays: Workdays | None = None) -> Worklist:
    """What is to be prepared from `first` to `last`, both included: every dose of which nothing is recorded.

    A visit stands on the day for which it is planned, or on the first that a minimum gap allows where that is later; whoever may come on
    the days asked for, though he is planned for another, stands apart. A visit that takes several days stands on each of them with what
    that day needs, since each vial is opened for one administration; so what a longer time needs is what its parts need. What is done,
    missed, withheld or cancelled stands nowhere; a recorded course is done as a whole. `workdays`: what stands on a closed day says so.
    """
    items: list[Item] = []
    may_come: list[MayCome] = []
    dayless: list[Item] = []
    undecided: list[Item] = []
    missed: list[Item] = []
    unentered: dict[str, list[str | None]] = {}
    recorded = any(visit.stage not in (*_OPEN, "cancelled") for plan in plans for visit in plan.visits)
    for plan in plans:
        for visit in plan.visits:
            if visit.stage not in _OPEN:
                continue
            day, doses = day_of(visit), list(_items(study, plan, visit))
            if day is None and visit.target is not None:
                undecided += [item for item in doses if item.day == 1 and visit.target <= last and (visit.earliest or last) >= first]
            elif day is None:
                dayless += doses
            elif not any(_within(item, first, last) for item in doses) and (some := [*_may_come(visit, day, doses, first, last)]):
                may_come += some
            else:
                items += [item for item in doses if _within(item, first, last)]
                missed += [item for item in doses if recorded and item.date is not None and item.date < first]
        for period in plan.periods:
            if period.start is None and period.status in ("pending", "projected"):
                unentered.setdefault(period.period, []).append(plan.subject)
    return Worklist(
        study=study, regimen=plans[0].regimen if plans else study.id, unblinded=any(plan.unblinded for plan in plans), first=first,
        last=last,
        items=tuple(replace(item, closed=_closed(item.date, workdays)) for item in sorted(items, key=lambda item: item.date or last)),
        may_come=tuple(sorted(may_come, key=lambda found: (found.first, found.last))), dayless=tuple(dayless), undecided=tuple(undecided),
        missed=tuple(missed), unentered={period: tuple(subjects) for period, subjects in unentered.items()},
        lost=tuple((plan.subject, dose) for plan in plans for dose in plan.lost if first <= dose.date <= last),
        several=any(len(plan.way) > 1 for plan in plans), workdays=workdays,
    )  # fmt: skip


def _closed(date: dt.date | None, workdays: Workdays | None) -> str | None:
    return workdays.closed_because(date) if workdays is not None and date is not None else None


def _within(item: Item, first: dt.date, last: dt.date) -> bool:
    return item.date is not None and first <= item.date <= last


def day_of(visit: PlannedVisit) -> dt.date | None:
    """The day for which a visit is prepared: the one booked, else the one planned, or the first that is allowed where that is later; None
    without one. A course whose first days are held goes on on its days."""
    if visit.booked is not None:
        return visit.booked
    held = any(days.first == visit.target for dose in visit.administrations for days in dose.days_taken)
    if visit.target is None or visit.earliest is None or visit.earliest <= visit.target or held:
        return visit.target
    return visit.earliest if visit.latest is None or visit.earliest <= visit.latest else None


def _items(study: Study, plan: Plan, visit: PlannedVisit) -> Iterator[Item]:
    """Every dose of a visit, on each of its days."""
    begins = day_of(visit)
    first = visit.booked or visit.target
    days = (visit.last - first).days + 1 if visit.last is not None and first is not None else 1
    for day in range(days):
        date = begins + dt.timedelta(day) if begins is not None else None
        yield from (_item(study, plan, visit, dose, date, day + 1, days) for dose in visit.administrations)


def _may_come(visit: PlannedVisit, day: dt.date, doses: Sequence[Item], first: dt.date, last: dt.date) -> Iterator[MayCome]:
    """The doses of a visit that is not planned for the days asked for, but is allowed on some of them."""
    if visit.earliest is None or visit.latest is None or visit.booked is not None:
        return
    begins, ends = max(first, visit.earliest), min(last, visit.latest)
    if begins <= ends:
        yield from (MayCome(replace(item, date=None), day, begins, ends) for item in doses if item.day == 1)


def _item(study: Study, plan: Plan, visit: PlannedVisit, dose: Administration, date: dt.date | None, day: int, of: int) -> Item:
    vials = study.product(dose.product).vials
    given = of - sum(days.days for days in dose.days_taken)
    times = dose.times // max(given, 1)
    if (taken := dose.taken_on(date)) is not None:
        dose = replace(dose, amount=None, amount_status=taken.status, vials=None, volume_ml=None)
    return Item(
        date=date, subject=plan.subject, site=plan.at_site, visit=visit, day=day, of=of, dose=dose, times=times,
        vials=tuple((size, count // given) for size, count in dose.vials) if dose.vials is not None else None,
        volume_ml=dose.volume_ml / given if dose.volume_ml is not None else None,
        uncounted=_why(plan, dose, vials.unit if vials is not None else None) if dose.vials is None else None,
        sizes=vials.texts if vials is not None else (),
    )  # fmt: skip


def _why(plan: Plan, dose: Administration, vials_in: str | None) -> Sentence:
    """Why the vials of a dose cannot be counted. vials_in: the unit of the product's vials, None where they are not stated."""
    if dose.amount is None and dose.amount_status != "masked":
        return no_amount(dose.amount_status, dose.by_value)
    if vials_in is None:
        return said("no vials stated")
    if dose.amount is not None:
        return said("dosed in {unit}, vials in {other}", unit=dose.unit or "", other=vials_in)
    if plan.weight_kg is not None:
        return said("masked: the arms' doses differ, or the amount is not known")
    return said("masked: the arms' doses differ, or it needs the weight")


def in_all(items: Iterable[Item]) -> dict[str, Packed]:
    """The vials of each product, in the order in which they come; a product of which nothing can be counted is left out."""
    counts: dict[str, Counter[str]] = {}
    sizes: dict[str, tuple[str, ...]] = {}
    for item in items:
        if item.vials is not None:
            counts.setdefault(item.dose.shown, Counter()).update(dict(item.vials))
            sizes[item.dose.shown] = item.sizes
    return {product: tuple((size, n) for size in sizes[product] if (n := found[size])) for product, found in counts.items()}


def uncounted(items: Iterable[Item]) -> tuple[Uncounted, ...]:
    """The doses whose vials cannot be counted, by product and reason."""
    found: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.uncounted is not None:
            found.setdefault((item.dose.shown, item.uncounted), []).append(item)
    return tuple(Uncounted(product, why, tuple(some)) for (product, why), some in found.items())


def to_check(items: Iterable[Item]) -> tuple[tuple[str | None, str], ...]:
    """Whose weight should be looked at again before a dose by it is made ready, and why."""
    return tuple(dict.fromkeys((item.subject, item.dose.check_weight) for item in items if item.dose.check_weight is not None))


def visits_of(items: Iterable[Item]) -> int:
    """How many visits some doses are of."""
    return len({(item.subject, item.visit.id) for item in items})


def order(worklist: Worklist, reserve: Fraction = Fraction(0), lead: int | None = None) -> tuple[OrderLine, ...]:
    """The vials to order, by month, product and size: what the worklist needs, and so much of it in reserve. Up to whole vials it is
    rounded once, for all of the worklist: each month has what the reserve has grown by.

    reserve: a share of what is needed, at least 0. lead: days from ordering to the first day of need in the month.
    """
    months: dict[dt.date, list[Item]] = {}
    for item in worklist.items:
        assert item.date is not None, "what is on the list has a day"
        months.setdefault(item.date.replace(day=1), []).append(item)
    products = dict.fromkeys(item.dose.shown for item in worklist.items)
    lines = []
    so_far: Counter[tuple[str, str]] = Counter()
    for month, items in months.items():
        needs, firm = in_all(items), in_all(item for item in items if item.firm)
        for product in products:
            for vial, needed in needs.get(product, ()):
                mine = [item for item in items if item.dose.shown == product and vial in dict(item.vials or ())]
                days = [item.date for item in mine if item.date]
                by = max(min(days).toordinal() - lead, 1) if lead is not None else None
                before = so_far[product, vial]
                so_far[product, vial] += needed
                lines.append(
                    OrderLine(
                        month=month,
                        product=product,
                        vial=vial,
                        needed=needed,
                        not_firm=needed - dict(firm.get(product, ())).get(vial, 0),
                        reserve=math.ceil((before + needed) * reserve) - math.ceil(before * reserve),
                        first_need=min(days),
                        order_by=dt.date.fromordinal(by) if by is not None else None,
                        check_weight="; ".join(f"{who}: {why}" if who else why for who, why in to_check(mine)) or None,
                        closed=_closed(dt.date.fromordinal(by) if by is not None else None, worklist.workdays),
                    )
                )
    return tuple(lines)


def ordered(worklist: Worklist, lines: Iterable[OrderLine]) -> dict[str, Packed]:
    """The vials to order of each product over all months; the sizes as `in_all` has them."""
    counts: Counter[tuple[str, str]] = Counter()
    for line in lines:
        counts[line.product, line.vial] += line.order
    needed = in_all(worklist.items)
    return {product: tuple((size, counts[product, size]) for size, _ in vials) for product, vials in needed.items()}
