"""What sites recorded of visits, matched with the visits of a schedule."""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import IntEnum
from itertools import chain
from operator import attrgetter
from typing import NamedTuple

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates, of_dates
from nmosd_dosing.dose.dose import Dose
from nmosd_dosing.errors import InputError, Problem, clip, grouped
from nmosd_dosing.sentences import said
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import Names, before_restart, is_unscheduled
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.time_records import point_of
from nmosd_dosing.subjects.unknown_names import unknown_name

_LISTED = 100


class Recorded(IntEnum):
    """What is recorded of a visit."""

    NOTHING = 0
    DONE = 1
    PARTIAL = 2
    MISSED = 3
    WITHHELD = 4

    @property
    def text(self) -> str:
        return self.name.lower()


Begun = Mapping[int, NDArray[np.bool_]]  # (n,) who has a visit, of those that not everybody has

_SAYS = attrgetter("status", "product", "amount", "__class__")  # all that it hangs on what became of a visit
_BY_NAME = {status.text: status for status in Recorded}


class VisitRecords(Struct, frozen=True):
    """(m, n) for m visits and n subjects. actual: the day, NaT where nothing took place. status: of Recorded.

    dosed: (m, n) whether a record says that a dose was given: it names a product or an amount, or the visit has nothing but doses.
    gave_none: (m, n) whether records say of all products of a visit that they were not given.
    not_given: (visit, column, product) of products of which nothing was given, as `was_given` has it. not_named: of products of
    which no record of the visit is.
    records: what was written down of what was, by visit and column. twice: further records of a visit that has one. extra: of unscheduled
    visits, and appointments for visits that would come of something that has not happened. unknown: of visits that the schedule does not
    have, or not with such a last day, with what to say of it. last: (m, n) the last day that is written of a visit, else NaT. booked:
    (m, n) the day of a visit of which there is only an appointment, else NaT. appointments: those, and those that have lapsed, by visit
    and column. times: what was written down of time points, by visit and column.
    """

    actual: Dates
    status: NDArray[np.uint8]
    dosed: NDArray[np.bool_]
    gave_none: NDArray[np.bool_]
    not_given: frozenset[tuple[int, int, str]]
    not_named: frozenset[tuple[int, int, str]]
    records: Mapping[tuple[int, int], tuple[Record, ...]]
    twice: tuple[tuple[int, int, Record], ...]
    extra: tuple[tuple[int, Record], ...]
    unknown: tuple[tuple[int, Record, Callable[[], Problem]], ...]
    last: Dates
    booked: Dates
    appointments: Mapping[tuple[int, int], tuple[Record, ...]]
    times: Mapping[tuple[int, int], tuple[tuple[TimePoint, Record], ...]]

    def had(self, visit: int, column: int, product: str) -> bool:
        """Whether what was recorded of a visit may have been this product: no record says that it was not, or all name others."""
        return (visit, column, product) not in self.not_given and (visit, column, product) not in self.not_named


class Renamed(Record, frozen=True):
    """A record under the name that its visit has in a period begun anew. It is of what was planned before: of what the visit of that name
    gives besides, nothing was given."""


def renamed(record: Record, label: str, period: str, old: Visit, new: Visit, arm: int) -> tuple[Renamed, ...]:
    """A record of one visit as that of another. One that names no product is of those that were planned; of each of them, where the other
    visit gives others; one amount of several products stays one."""
    products: list[str | None] = [give.product for give in old.gives if len(give.doses) == 1 or arm < 0 or give.doses[arm] is not None]
    kept = record.product is not None or {give.product for give in new.gives} == set(products)
    if kept or not products or (len(products) > 1 and record.amount is not None):
        products = [record.product]
    values = {name: getattr(record, name) for name in Record.__struct_fields__}
    return tuple(Renamed(**{**values, "visit": label, "period": period, "product": product}) for product in products)


def may_be(record: Record, give: Give) -> bool:
    """Whether a record is of a product of its visit: it names none, or this one; of a masked one under any of the names of its arms."""
    if record.product is None or not give.masked:
        return record.product in (None, give.product)
    names = {give.product, give.shown, f"{give.product} placebo", f"{give.product}/placebo", "placebo"}
    return record.product.casefold() in {name.casefold() for name in names}


def is_needed(give: Give, arm: int) -> bool:
    """Whether a subject of an arm gets a product only when it is needed."""
    needed = give.as_needed
    return needed[0] if len(needed) == 1 else all(needed) if arm < 0 else needed[arm]


def of_needed(records: Sequence[Record], *, alone: bool) -> list[Record]:
    """The records that speak of a product which is given as needed: they name it, or have an amount where the visit gives no other. That
    the visit took place says nothing of it."""
    return [record for record in records if record.product is not None or (record.amount is not None and alone)]


def was_given(records: Sequence[Record], alone: bool, more: bool) -> bool:
    """Whether one of the records of a product says that it was given. An amount of 0 is no dose, where `more` is planned; of a placebo it
    is. How much of a masked product was given is not looked at. `alone`: the visit gives no other."""
    return any(r.took_place and not (r.amount == 0 and (alone or r.product is not None) and more) for r in records)


def named_alike(cohort: Cohort, gives: Sequence[Give], products: Iterable[str]) -> Cohort:
    """The cohort in whose records a product has the name of the study's file, whatever its case and spaces, and a masked one not that which
    one arm's records give it: `placebo`, `X placebo`. gives: all that the plan gives; products: the study's."""
    known, masked = set(products), {give.product: give for give in gives if give.masked}
    alike: dict[str, list[str]] = {}
    for product in sorted(known):
        alike.setdefault(_plain(product), []).append(product)
    if all(record.product is None or record.product in known for _, record in cohort.records):
        return cohort
    records = []
    for column, record in cohort.records:
        name = record.product
        if name is not None and name not in known:
            same = alike.get(_plain(name), [])
            meant = same or [product for product, give in masked.items() if may_be(record, give)] or _called_otherwise(name, masked)
            if len(meant) == 1 or (meant and record.is_unscheduled):  # of several nobody knows which
                record = structs.replace(record, product=meant[0] if len(meant) == 1 else None)
            elif meant and not same:
                record = structs.replace(record, product="placebo")
        records.append((column, record))
    return structs.replace(cohort, records=tuple(records))


_PLACEBO = re.compile("placebo|plazebo|安慰剂|安慰劑")


def _called_otherwise(name: str, masked: Iterable[str]) -> list[str]:
    """The masked products that somebody may call so: `X active`, `Placebo for X`, `matching placebo`, `安慰剂`. Were it another product, a
    finding about it would tell the arm."""
    plain = _plain(name)
    named = [product for product in masked if re.search(rf"(?<![a-z0-9]){re.escape(_plain(product))}(?![a-z0-9])", plain)]
    return named or (list(masked) if _PLACEBO.search(plain) else [])


def _plain(product: str) -> str:
    """What is left of a product's name without case, width and more than one space."""
    return " ".join(unicodedata.normalize("NFKC", product).casefold().split())


def plans_more(give: Give, arm: int) -> bool:
    """Whether an arm is to get more of a product than none; not where it is masked, or an arm that is not known may be the placebo."""
    return all(dose.kind not in ("masked", "placebo") for dose in doses_of(give, arm))


def doses_of(give: Give, arm: int) -> list[Dose]:
    """All doses that an administration may come to in an arm, in any where that is not known: empty of one that the arm does not get."""
    by_arm = (give.doses, *give.ways)
    return [dose for doses in by_arm for dose in (doses if len(doses) == 1 or arm < 0 else (doses[arm],)) if dose is not None]


def match(names: Names, cohort: Cohort, begun: Begun, may_come: Names | None = None) -> VisitRecords:
    """Which visit each record is of, by its name. begun: (n,) who has a visit, where not everybody has it: those of a period begun anew,
    and of an event that has come again. For the others its name is unknown, whoever else is in the cohort. may_come: of visits that there
    will be once something has happened, under the names that they have the first time."""
    visits, m, n = names.visits, len(names.visits), len(cohort)
    not_known = functools.partial(_unknown, names, begun, {})
    found: dict[tuple[int, int], tuple[Record, ...]] = {}
    appointments: dict[tuple[int, int], tuple[Record, ...]] = {}
    twice, extra, unknown = [], [], []

    def meant_by(column: int, record: Record) -> Sequence[int]:
        meant = names.meant(record.visit, record.period, functools.partial(_without, begun, column) if begun else None)
        if len(meant) > 1 and len({names.periods[i] for i in meant}) == 1:  # of days that belong to some arms only, the subject's own
            meant = [i for i in meant if cohort.arm[column] in visits[i].arms] or meant
        return meant

    @functools.cache
    def of_all(name: str, period: str | None) -> int | None:
        """The one visit that a name means, whoever the subject is; None where it hangs on that, or it means none or several."""
        meant = names.meant(name, period) if not is_unscheduled(name) else ()
        return meant[0] if len(meant) == 1 and meant[0] not in begun else None

    for column, record in cohort.records:
        row = of_all(record.visit, record.period)
        if row is None and record.is_unscheduled:
            if (wrong := _wrong_end(record, None, ())) is not None:
                unknown.append((column, record, wrong))
            else:
                extra.append((column, record))
            continue
        meant = (row,) if row is not None else meant_by(column, record)
        if len(meant) != 1:
            if not meant and not record.is_fact and may_come is not None and _may_come(record, may_come):
                extra.append((column, record))
                continue
            unknown.append((column, record, functools.partial(not_known, record, column, meant)))
            continue
        by_visit, at = found if record.is_fact else appointments, (meant[0], column)
        if record.last is not None and (wrong := _wrong_end(record, visits[meant[0]], by_visit.get(at, ()))) is not None:
            unknown.append((column, record, wrong))
        elif (here := by_visit.get(at)) is None:
            by_visit[at] = (record,)
        elif record.status != "lapsed" and not _together([r for r in here if r.status != "lapsed"], record, visits[meant[0]]):
            twice.append((*at, record))
        else:
            by_visit[at] = (*here, record)
    times: dict[tuple[int, int], list[tuple[TimePoint, Record]]] = {}
    for column, record in cohort.timed:
        meant = () if record.is_unscheduled else meant_by(column, record)
        point = point_of(record, visits[meant[0]]) if len(meant) == 1 else None
        if isinstance(point, TimePoint):
            times.setdefault((meant[0], column), []).append((point, record))
        elif point is not None:
            unknown.append((column, record, functools.partial(structs.replace, point)))
        else:
            unknown.append((column, record, functools.partial(not_known, record, column, meant)))
    booked, last = np.full((m, n), NO_DATE), np.full((m, n), NO_DATE)
    for (row, column), records in list(appointments.items()):
        days = [r.date for r in records if r.status == "booked"]
        if any(r.took_place for r in found.get((row, column), ())):  # it has been: there is nothing to come to
            twice += [(row, column, r) for r in records if r.status == "booked"]
        elif days:
            booked[row, column] = min(days)
            if visits[row].last is not None:
                last[row, column] = _last([r for r in records if r.status == "booked"])
            appointments[row, column] = (*found.pop((row, column), ()), *records)  # what did not take place has a new day
    dosed, gave_none = np.zeros((m, n), dtype=bool), np.zeros((m, n), dtype=bool)
    not_given: set[tuple[int, int, str]] = set()
    not_named: set[tuple[int, int, str]] = set()
    actual, status = np.full((m, n), NO_DATE), np.zeros((m, n), dtype=np.uint8)
    arms, kinds, asked = cohort.arm.tolist(), dict[tuple[object, ...], int](), functools.cache(_asked)
    outcomes, came = list[_Outcome](), list[int]()
    for (row, column), records in found.items():
        key = (row, arms[column], *map(_SAYS, records))
        if (kind := kinds.setdefault(key, len(outcomes))) == len(outcomes):
            outcomes.append(_outcome(visits[row], asked(visits[row], arms[column]), records))
        came.append(kind)
        outcome = outcomes[kind]
        if outcome.not_given:
            not_given |= {(row, column, product) for product in outcome.not_given}
        if outcome.not_named:
            not_named |= {(row, column, product) for product in outcome.not_named}
        if visits[row].last is not None and outcome.status <= Recorded.PARTIAL:
            last[row, column] = _last([record for record in records if record.took_place])
    told, kind_of = where(found), np.array(came, dtype=np.intp)
    status[told], dosed[told], gave_none[told] = (np.array([of[i] for of in outcomes])[kind_of] for i in range(3))
    first = [m[0].date if len(m) == 1 else min((r.date for r in m if r.took_place), default=None) for m in found.values()]
    actual[told] = np.where(status[told] <= Recorded.PARTIAL, of_dates(first), NO_DATE)
    return VisitRecords(
        actual, status, dosed, gave_none, frozenset(not_given), frozenset(not_named), found, tuple(twice), tuple(extra), tuple(unknown),
        last, booked, appointments, {key: tuple(mine) for key, mine in times.items()},
    )  # fmt: skip


def where(records: Iterable[tuple[int, int]]) -> tuple[NDArray[np.intp], ...]:
    """Of visits and columns, as VisitRecords has records by, the one and the other: as an index of its arrays."""
    return tuple(np.fromiter(chain.from_iterable(records), dtype=np.intp).reshape(-1, 2).T)


class _Outcome(NamedTuple):
    """What the records of one visit come to: as VisitRecords has it, of one subject; not_given, not_named: the products."""

    status: Recorded
    dosed: bool
    gave_none: bool
    not_given: tuple[str, ...]
    not_named: tuple[str, ...]


def _asked(visit: Visit, arm: int) -> list[tuple[Give, bool, bool]]:
    """What a visit gives; whether an arm gets it only when needed, and whether it is to get more of it than none."""
    return [(give, is_needed(give, arm), plans_more(give, arm)) for give in visit.gives]


def _outcome(visit: Visit, gives: Sequence[tuple[Give, bool, bool]], records: Sequence[Record]) -> _Outcome:
    """Of an arm, what `gives` says."""
    not_given, not_named, alone = list[str](), list[str](), len(gives) == 1
    for give, needed, more in gives:
        mine = [record for record in records if may_be(record, give)]
        mine = of_needed(mine, alone=alone) if needed else mine
        if (needed and not mine) or (mine and not was_given(mine, alone, more)):
            not_given.append(give.product)
        elif not mine:
            (not_given if isinstance(records[0], Renamed) else not_named).append(give.product)
    dosed = not visit.assessments or any(r.product is not None or r.amount is not None for r in records)
    gave_none = bool(gives) and all(give.product in not_given for give, *_ in gives)
    return _Outcome(_status(records), dosed, gave_none, tuple(not_given), tuple(not_named))


def _last(records: Sequence[Record]) -> dt.date | None:
    """The last day that records of one visit of several days write; None where they write none."""
    return max((record.last for record in records if record.last is not None), default=None)


def _wrong_end(record: Record, visit: Visit | None, before: Sequence[Record]) -> Callable[[], Problem] | None:
    """What is wrong with the last day of a record, if it is of a dose of one day, or other records of the visit end on another. A visit
    without a dose may take as long as it takes. visit: None for one that is not planned."""
    dose = record.product is not None or record.amount is not None or bool(visit is not None and visit.gives)
    if record.through > record.date and dose and (visit is None or visit.last is None):
        return functools.partial(_one_day, record)
    other = next((r for r in before if r.last is not None and r.date == record.date and r.last != record.last), None)
    return functools.partial(_two_ends, record, other) if other is not None else None


def _one_day(record: Record) -> Problem:
    wrong = said("`{visit}` is a dose of one day, and a later last day is written", visit=clip(record.visit))
    hint = said("write the day of the dose as `date`, and leave `last` out; of doses on several days write each as a row")
    return Problem(wrong, record.place, hint)


def _two_ends(record: Record, other: Record) -> Problem:
    last, last_2 = str(other.last), str(record.last)
    wrong = said("`{visit}` has two last days, {last} and {last_2}", visit=clip(record.visit), last=last, last_2=last_2)
    also = (("the other one", other.place),) if other.place is not None and record.place is not None else ()
    hint = said("a visit has one: write it in both rows, and as `amount` how much was given of each product")
    return Problem(wrong, record.place, hint, also=also)


def _may_come(record: Record, names: Names) -> bool:
    """Whether a visit is one of a period begun anew, or of an event, that has not happened."""
    return bool(names.meant(re.sub(r" \(\d+\)$", "", before_restart(record.visit)), record.period))


def before_day_1(found: VisitRecords, visits: Sequence[Visit], cohort: Cohort, later: Collection[int] = ()) -> Iterable[tuple[int, Record]]:
    """The doses that are recorded before the first of their subject, by column: in January the old year is easily written. `later`: the
    visits of later periods, of whose first days it is told, too; else they are entries, which are refused. What the file itself puts
    before day 1, on D-2 or on a day of screening, is none of them."""
    for (row, column), records in found.records.items():
        if visits[row].gives and (row in later or not _up_to_day_1(visits[row])) and found.actual[row, column] < cohort.start[column]:
            yield column, records[0]


def _up_to_day_1(visit: Visit) -> bool:
    """Whether a visit is planned for day 1, or may be for a day before it."""
    return visit.hangs_on in OF_SCREENING or (visit.offset is not None and visit.offset.range[1] <= 0)


def check(found: VisitRecords, visits: Sequence[Visit], cohort: Cohort) -> None:
    """Raises InputError for records of unknown visits, for visits recorded twice and for doses before day 1."""
    problems = [structs.replace(problem(), subject=column) for column, _, problem in found.unknown]
    for column, record in before_day_1(found, visits, cohort):
        name, day, day_1 = cohort.name(column), str(record.date), str(cohort.start[column])
        wrong = said("{name}`{visit}` is recorded on {day}, before day 1, {start}", name=name, visit=record.visit, day=day, start=day_1)
        problems.append(Problem(wrong, record.place, said("check the dates: the first dose is day 1"), subject=column))
    for visit, column, record in found.twice:
        if not record.is_fact:
            continue  # the notes tell it, and `check` does
        first = (found.records.get((visit, column)) or found.appointments[visit, column])[0]
        also = ((("the first", first.place),) if first.place else ()) if record.place else ()
        wrong = said("`{visit}` is recorded twice", visit=record.visit)
        problems.append(Problem(wrong, record.place, said("keep one of them"), also=also, subject=column))
    _stop(problems)


def check_known(found: VisitRecords) -> None:
    """Raises InputError for records of unknown visits."""
    _stop([structs.replace(problem(), subject=column) for column, _, problem in found.unknown])


def _stop(problems: list[Problem]) -> None:
    problems.sort(key=lambda problem: problem.place.start if problem.place else -1)
    if problems:
        found = grouped(problems)
        many = said("{n} problems in the visits; the first {listed} follow", n=f"{len(found):,}", listed=_LISTED)
        raise InputError([*([Problem(many)] if len(found) > _LISTED else []), *found[:_LISTED]], problems)


def _without(begun: Begun, column: int, visit: int) -> bool:
    return visit in begun and not begun[visit][column]


def _unknown(
    names: Names, begun: Begun, told: dict[tuple[object, ...], Problem], record: Record, column: int, meant: Sequence[int]
) -> Problem:
    """What is wrong with the name of a visit; `told`: what was found of the same name before, of subjects who have the same visits."""
    own = tuple(visit for visit in begun if _without(begun, column, visit))
    key = (record.visit, record.period, tuple(meant), own)
    if key not in told:
        there = {i for i in range(len(names.visits)) if not _without(begun, column, i)}
        told[key] = unknown_name(record.visit, record.period, meant, names, there)
    return structs.replace(told[key], place=record.place)


def _together(here: Sequence[Record], record: Record, visit: Visit) -> bool:
    """Whether a record adds another product to what is recorded of a visit, if anything; masked ones may all be called placebo."""
    if not here:
        return True
    if any(give.masked for give in visit.gives):
        return len(here) < len(visit.gives) and record.product is not None and all(r.date == record.date for r in here)
    products = [r.product for r in (*here, record)]
    return None not in products and len(set(products)) == len(products) and all(r.date == record.date for r in here)


def _status(records: Sequence[Record]) -> Recorded:
    if len(records) == 1:
        return _BY_NAME[records[0].status]
    kinds = {record.status for record in records}
    if not any(record.took_place for record in records):
        return Recorded.MISSED
    return _BY_NAME[kinds.pop()] if len(kinds) == 1 else Recorded.PARTIAL
