"""The vials of a site: received, dispensed, sent back, destroyed, lost; by batch and expiry what is on hand, what is short for the planned
doses, and which recorded doses and dispensed vials do not fit together."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.pharmacy.worklist import Item, Worklist, day_of
from nmosd_dosing.plans.plan import Plan, PlannedVisit
from nmosd_dosing.sentences import Sentence, many, said, word

Movement = Literal["received", "dispensed", "returned", "destroyed", "lost", "found", "counted"]
_Key = tuple[str | None, str, str]  # site, product, size of the vials
MOVEMENTS: tuple[Movement, ...] = get_args(Movement)


def sign(movement: Movement) -> int:
    """What a movement does to what is on hand: 1 adds, -1 takes away, 0 only says what was counted. `returned` is sent back to who
    delivered it."""
    match movement:
        case "received" | "found":
            return 1
        case "dispensed" | "returned" | "destroyed" | "lost":
            return -1
        case "counted":
            return 0


class Line(Struct, frozen=True):
    """One movement of vials of one batch at a site. `vial`: its size, as the study writes it. `expiry`: the last day on which it may be
    given; None where it is not stated. `subject`, `visit`: of what was dispensed. `number`: of its entry. `moved`: whether the subject
    is at another site now; what was dispensed stays with the site that gave it."""

    date: dt.date
    movement: Movement
    product: str
    vial: str
    batch: str
    quantity: int
    site: str | None = None
    expiry: dt.date | None = None
    subject: str | None = None
    visit: str | None = None
    comment: str | None = None
    number: int | None = None
    moved: bool = False


class Lot(Struct, frozen=True):
    """The vials of a batch at a site, of one size. `by_movement`: how many by each movement. `off`: what the last count found more or less
    than was written down before it; None where nobody has counted. A count moves nothing: what is on hand is what came less what went."""

    site: str | None
    product: str
    vial: str
    batch: str
    expiry: dt.date | None
    by_movement: dict[Movement, int]
    counted_on: dt.date | None = None
    off: int | None = None

    @property
    def on_hand(self) -> int:
        """How many there are."""
        return sum(sign(movement) * number for movement, number in self.by_movement.items())

    def usable(self, day: dt.date) -> bool:
        """Whether it may be given on a day."""
        return self.expiry is None or day <= self.expiry


class MayNeed(Struct, frozen=True):
    """Vials that are missing for a visit whose planned day is past, and which may still take place until a day."""

    subject: str | None
    visit: str
    until: dt.date
    vials: int


class Short(Struct, frozen=True):
    """A product of which the vials of a size do not reach: the first day on which some are missing, how many are needed up to the last day
    that is looked at, and how many of these were dispensed, or are there and in date on their day. `first` is None where all that is
    planned is covered, and only `may_come`, which is on top of it, is not."""

    site: str | None
    product: str
    vial: str
    first: dt.date | None
    needed: int
    covered: int
    may_come: tuple[MayNeed, ...] = ()

    @property
    def missing(self) -> int:
        """How many are to be ordered."""
        return self.needed - self.covered


def lots(lines: Iterable[Line]) -> tuple[Lot, ...]:
    """The lots of some lines, by site, product, size, and the first to expire first."""
    made = [_lot(*key, mine) for key, mine in _by_batch(lines).items()]
    return tuple(sorted(made, key=lambda lot: (lot.site or "", lot.product, lot.vial, lot.expiry or dt.date.max, lot.batch)))


def _by_batch(lines: Iterable[Line]) -> dict[tuple[str | None, str, str, str], list[Line]]:
    """The lines of each batch in their order: on one day what comes, and then what goes."""
    found: dict[tuple[str | None, str, str, str], list[Line]] = defaultdict(list)
    for line in sorted(lines, key=lambda line: (line.date, -sign(line.movement), line.number or 0)):
        found[line.site, line.product, line.vial, line.batch].append(line)
    return found


def by_entry(line: Line) -> tuple[dt.date, int]:
    """By which lines stand as they happened: by day, on one day in the order in which they were written down."""
    return line.date, line.number or 0


def _lot(site: str | None, product: str, vial: str, batch: str, lines: Sequence[Line]) -> Lot:
    sums: dict[Movement, int] = {}
    now, off, counted_on = 0, None, None
    for line in sorted(lines, key=by_entry):
        if line.movement == "counted":
            off, counted_on = line.quantity - now, line.date
            continue
        sums[line.movement] = sums.get(line.movement, 0) + line.quantity
        now += sign(line.movement) * line.quantity
    expiry = next((line.expiry for line in lines if line.expiry is not None), None)
    return Lot(site, product, vial, batch, expiry, sums, counted_on, off)


def refusals(lines: Sequence[Line], new: Line | None = None) -> Iterator[Sentence]:
    """What cannot be of the lines of a site: more taken than there was on the day, a batch with two days of expiry, dispensed after it.
    `new`: one of them that is not written yet: what is said of its batch is how many it takes, and how many there are to take."""
    for (_, product, vial, batch), mine in _by_batch(lines).items():
        named = said("batch {batch} of {product} {vial}", batch=batch, product=product, vial=vial)
        expiries = sorted({line.expiry for line in mine if line.expiry is not None})
        if len(expiries) > 1:
            yield said("{batch} expires on {day} by one line, and on {other} by another", batch=named, day=expiries[0], other=expiries[1])
        now = 0
        for line in mine:
            if line.movement == "dispensed" and expiries and line.date > expiries[0]:
                yield said("{batch} is dispensed on {day}, and expires on {expiry}", batch=named, day=line.date, expiry=expiries[0])
            now += sign(line.movement) * line.quantity
            if now < 0 and new is not None and sign(new.movement) < 0 and any(one is new for one in mine):
                there = _to_take(mine, new)
                taken = said(
                    "{vials} is to be {movement}" if new.quantity == 1 else "{vials} are to be {movement}",
                    vials=many(new.quantity, "vial"), movement=word(new.movement, among="movement"),
                )  # fmt: skip
                yield said(
                    "{batch}: {taken}, and there is {n} on {day}" if there == 1 else "{batch}: {taken}, and there are {n} on {day}",
                    batch=named, taken=taken, n=there, day=new.date,
                )  # fmt: skip
                break
            if now < 0:
                there = now + line.quantity
                yield said(
                    "{batch}: {vials} {movement} on {day}, and there were {n}", batch=named, vials=many(line.quantity, "vial"),
                    movement=word(line.movement, among="movement"), day=line.date, n=there,
                )  # fmt: skip
                break


def _to_take(lines: Sequence[Line], new: Line) -> int:
    """How many vials of its batch a new line may take: no more than there are on its day, and than nobody took later."""
    others = [line for line in lines if line is not new]
    days = {new.date, *(line.date for line in others if line.date > new.date)}
    return max(min(sum(sign(line.movement) * line.quantity for line in others if line.date <= day) for day in days), 0)


def still_needed(items: Iterable[Item], dispensed: Iterable[Line]) -> Iterator[tuple[Item, tuple[tuple[str, int], ...]]]:
    """Each item with the vials that it still needs, by size: what was dispensed for a visit is for its items in their order."""
    there = Counter[tuple[str | None, str | None, str, str]]()
    for line in dispensed:
        if line.movement == "dispensed":
            there[line.subject, line.visit, line.product, line.vial] += line.quantity
    for item in items:
        still = list[tuple[str, int]]()
        for vial, number in item.vials or ():
            key = item.subject, item.visit.id, item.dose.shown, vial
            taken = min(there[key], number)
            there[key] -= taken
            still.append((vial, number - taken))
        yield item, tuple(still)


class _Left(Struct):
    """What is left of a lot."""

    lot: Lot
    there: int


def short(worklists: Iterable[Worklist], stock: Iterable[Lot], dispensed: Iterable[Line] = ()) -> tuple[Short, ...]:
    """What is short for the doses of worklists, of all versions of the study together, by site, product and size. `dispensed`: what was
    dispensed for their visits, and covers what these need; who may come after the planned day takes of what the planned doses leave.

    Each day takes of the lots that are in date then, the first to expire first: no other way reaches further, since what is kept for
    later can be given later, too."""
    left: dict[_Key, list[_Left]] = defaultdict(list)
    for lot in sorted(stock, key=lambda lot: lot.expiry or dt.date.max):
        if lot.on_hand > 0:
            left[lot.site, lot.product, lot.vial].append(_Left(lot, lot.on_hand))
    needed, covered, first = Counter[_Key](), Counter[_Key](), dict[_Key, dt.date]()
    may_come = defaultdict[_Key, list[MayNeed]](list)
    worklists = list(worklists)
    planned = sorted((item for made in worklists for item in made.items), key=lambda item: item.date or dt.date.max)
    late = [found for made in worklists for found in made.may_come if found.planned < made.first]
    whole = [replace(found.item, vials=found.item.dose.vials) for found in late]  # of all days of the visit
    untils = [None] * len(planned) + [found.item.visit.latest or found.last for found in late]
    for until, (item, still) in zip(untils, still_needed([*planned, *whole], dispensed), strict=True):
        day = until or item.date or dt.date.max
        for (vial, number), (_, open_) in zip(item.vials or (), still, strict=True):
            key = item.site, item.dose.shown, vial
            lacks = open_ - _taken(left[key], day, open_)
            if until is not None:
                may_come[key] += [MayNeed(item.subject, item.visit.id, until, lacks)] if lacks else []
                continue
            needed[key] += number
            covered[key] += number - lacks
            if lacks:
                first.setdefault(key, day)
    return tuple(
        Short(*key, first.get(key), needed[key], covered[key], tuple(may_come[key]))
        for key in dict.fromkeys([*needed, *may_come])
        if key in first or may_come[key]
    )


def _taken(lots: Iterable[_Left], day: dt.date, number: int) -> int:
    """Takes vials that are in date on a day; how many there were."""
    got = 0
    for left in lots:
        if left.lot.usable(day):
            take = min(left.there, number - got)
            left.there, got = left.there - take, got + take
    return got


Mismatch = Literal["nothing-dispensed", "no-dose", "too-many"]


class Unmatched(Struct, frozen=True):
    """A visit of which doses are recorded and no vials dispensed, or the other way round; or for which more vials were dispensed than its
    dose takes, or, where these are not counted, on several days. `vials`: how many were dispensed; `needed`: how many the dose takes, None
    where they are not counted. `date`: of what was done last."""

    subject: str | None
    visit: str
    date: dt.date
    what: Mismatch
    product: str = ""
    vials: int = 0
    needed: int | None = None


def unmatched(
    lines: Iterable[Line], plans: Iterable[Plan], today: dt.date, dispensed: Iterable[Line] | None = None
) -> tuple[Unmatched, ...]:  # fmt: skip
    """The visits at which something was given of a product that comes in vials, without vials that were dispensed for it; vials that were
    dispensed for a visit of which nothing is recorded, once its day is past; and more vials than a dose takes. By day; at each site from
    its first line on. The day of a visit is that for which it is prepared, of one that has none that of dispensing.

    `dispensed`: what was dispensed to the subjects of the plans, at whichever site they were then; None where all of it is in `lines`."""
    first: dict[str | None, dt.date] = {}
    lines = list(lines)
    for line in lines:
        first[line.site] = min(line.date, first.get(line.site, line.date))
    by_visit = defaultdict[tuple[str | None, str | None], list[Line]](list)
    for line in sorted(lines if dispensed is None else dispensed, key=lambda line: line.date):
        if line.movement == "dispensed":
            by_visit[line.subject, line.visit].append(line)
    found, given, days = list[Unmatched](), set[tuple[str | None, str | None]](), dict[tuple[str | None, str | None], dt.date | None]()
    for plan in plans:
        for visit in plan.visits:
            key = plan.subject, visit.id
            days[key] = visit.actual or day_of(visit) or visit.target
            in_vials = any(dose.vials is not None for dose in visit.administrations)
            if visit.stage == "took place" and in_vials and visit.actual is not None:
                given.add(key)
                if key not in by_visit and plan.at_site in first and visit.actual >= first[plan.at_site]:
                    found.append(Unmatched(*key, visit.actual, "nothing-dispensed"))
            found += _too_many(plan.subject, visit.id, by_visit.get(key, ()), vials_of(visit))
    found += [
        Unmatched(key[0], key[1] or "", mine[-1].date, "no-dose")
        for key, mine in by_visit.items()
        if key not in given and (days.get(key) or mine[-1].date) < today
    ]
    return tuple(sorted(found, key=lambda one: (one.date, one.subject or "", one.visit, one.what)))


def vials_of(visit: PlannedVisit) -> dict[str, int | None]:
    """How many vials the doses of a visit take, by product as shown; None where they are not counted."""
    takes = dict[str, int | None]()
    for dose in visit.administrations:
        before = takes.get(dose.shown, 0)
        takes[dose.shown] = before + sum(n for _, n in dose.vials) if dose.vials is not None and before is not None else None
    return takes


def _too_many(subject: str | None, visit: str, lines: Sequence[Line], takes: Mapping[str, int | None]) -> Iterator[Unmatched]:
    """Of the vials that were dispensed for a visit, by product: those beyond what its doses take; of a dose whose vials are not counted,
    those of several days."""
    for product in dict.fromkeys(line.product for line in lines):
        mine = [line for line in lines if line.product == product]
        vials, needed = sum(line.quantity for line in mine), takes.get(product)
        if vials > needed if needed is not None else len({line.date for line in mine}) > 1:
            yield Unmatched(subject, visit, mine[-1].date, "too-many", product, vials, needed)
