"""What a file's rules do about gaps between two doses of a period, as recorded: it begins anew, there are no more doses, or they wait for a
decision. What nobody has recorded makes no gap; and a planned dose of which nothing is recorded, between two that are, leaves it open."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct, structs
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Offset, days_past, shift, to_date, to_dates
from nmosd_dosing.errors import Problem, counted
from nmosd_dosing.schedule.doses.recorded_doses import read_extra
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.segments import Restart, Segment, open_end
from nmosd_dosing.sentences import said
from nmosd_dosing.study.model import GapRule
from nmosd_dosing.study.visit_labels import restarted
from nmosd_dosing.study.visit_names import before_restart, folded, is_restarted
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import Limit
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.visit_records import renamed

GAP = "gap"  # the cause of limits that come from here
_BESIDE = -1  # the number of a dose that is at no visit of its segment


class Given(NamedTuple):
    """A recorded dose: its day, the last one of a course, and the number of its visit in the segment, -1 where it is at none of it."""

    date: dt.date
    through: dt.date
    number: int


class RuledGap(NamedTuple):
    """A gap between recorded doses of which a rule says something, and the dose after it.

    open: the visits between of which nothing is recorded: while there are any, nobody knows whether it is one. Where no dose is recorded
    before, `before` is the day on which the last of them is planned.
    """

    rule: GapRule
    before: dt.date
    dose: Given
    open: tuple[str, ...]

    @property
    def acts(self) -> bool:
        """Whether the period goes on otherwise; who gave a dose that was to wait for a decision has decided."""
        return not self.open and self.rule.then != "hold"


def rule_after(rules: Sequence[GapRule], before: dt.date, date: dt.date) -> GapRule | None:
    """The rule for a dose so long after the one before: that of the longest gap that is exceeded; None where none is."""
    return next((rule for rule in reversed(rules) if days_past(date, before, rule.beyond) > 0), None)


# --- gaps between what is recorded --------------------------------------------------------------------------------------


class _Beside(Struct, frozen=True):
    """By column: the recorded doses of a product outside the visits of a period, and those that are planned after an event, with the names
    of their visits."""

    given: Mapping[int, list[Given]]
    planned: Mapping[int, list[tuple[dt.date, str]]]


class Doses(Struct, frozen=True):
    """The doses of one product in a segment: by column those that are recorded, in the order of days; and by visit and column whether they
    are planned, and nothing is recorded of them."""

    schedule: Schedule
    visits: slice
    given: Mapping[int, list[Given]]
    open: NDArray[np.bool_]
    beside: _Beside

    def gaps(self, column: int, rules: Sequence[GapRule]) -> Iterator[RuledGap]:
        """The gaps of a subject that are long enough for a rule."""
        number, before = -1, None
        for dose in self.given.get(column, ()):
            if dose.number != _BESIDE:
                between = [self.visits.start + number + 1 + i for i in np.flatnonzero(self.open[number + 1 : dose.number, column]).tolist()]
                open_ = [self.schedule.visits[i].label for i in between]
                open_ += [label for day, label in self.beside.planned.get(column, ()) if (before or dt.date.min) < day <= dose.date]
                since = before or (to_date(self.schedule.target[between[-1], column]) if between else None)
                if since is not None and (rule := rule_after(rules, since, dose.date)) is not None:
                    yield RuledGap(rule, since, dose, tuple(open_))
                number = max(number, dose.number)
            before = dose.through if before is None else max(before, dose.through)

    def last_given(self, column: int) -> dt.date | None:
        """The last day of the last recorded dose of a subject."""
        return max((dose.through for dose in self.given.get(column, ())), default=None)


def doses_by_segment(schedule: Schedule) -> dict[int, Doses]:
    """The doses of each segment whose period has rules for gaps, of the product that these name."""
    records = _by_segment(schedule)
    segments, periods = schedule.segments, schedule.disposition.periods
    ruled = [p for p in records if not segments[p].hangs_on and periods[segments[p].period].gap_rules]
    beside = {period: _beside(schedule, period) for period in {schedule.segments[p].period for p in ruled}}
    return {p: _doses(schedule, p, beside[schedule.segments[p].period], records[p]) for p in ruled}


def _by_segment(schedule: Schedule) -> dict[int, list[tuple[int, int]]]:
    """The visits and columns of which something is recorded."""
    found: dict[int, list[tuple[int, int]]] = {}
    for visit, column in schedule.visit_records.records if schedule.visit_records is not None else ():
        found.setdefault(schedule.segment_of[visit], []).append((visit, column))
    return found


def _doses(schedule: Schedule, p: int, beside: _Beside, records: Sequence[tuple[int, int]]) -> Doses:
    product = schedule.disposition.periods[schedule.segments[p].period].gap_rules[0].product
    first = schedule.segment_of.index(p)
    visits = slice(first, first + schedule.segment_of.count(p))
    given: dict[int, list[Given]] = {}
    for visit, column in records:
        if (dose := _given(schedule, visit, column, product, visit - first)) is not None:
            given.setdefault(column, []).append(dose)
    segment = schedule.segments[p]
    begins = to_dates(segment.first) if segment.run else [None] * len(schedule)
    for column, mine in given.items():  # of a segment that has begun anew, what came before has had its consequence
        mine += [dose for dose in beside.given.get(column, []) if dose.date >= (begins[column] or dt.date.min)]
        mine.sort(key=lambda dose: (dose.date, dose.number))
    mine_too = np.array([[_gives(schedule, i, product)] for i in range(visits.start, visits.stop)])
    return Doses(schedule, visits, given, _open(schedule, visits) & mine_too, beside)


def _beside(schedule: Schedule, period: int) -> _Beside:
    product = schedule.disposition.periods[period].gap_rules[0].product
    given: dict[int, list[Given]] = {}
    planned: dict[int, list[tuple[dt.date, str]]] = {}
    gives = [give for visit in schedule.visits for give in visit.gives]
    for extra in read_extra(schedule.study, gives, schedule.cohort, schedule.visit_records):
        if product in ("", extra.product):
            (date,) = to_dates(np.array([extra.date]))
            assert date is not None
            given.setdefault(extra.column, []).append(Given(date, date, _BESIDE))
    for i, visit in enumerate(schedule.visits):
        segment = schedule.segments[schedule.segment_of[i]]
        if not segment.hangs_on or segment.period != period or not _gives(schedule, i, product):
            continue
        for column in np.flatnonzero(np.broadcast_to(schedule.recorded(i), len(schedule))).tolist():
            if (dose := _given(schedule, i, column, product, _BESIDE)) is not None:
                given.setdefault(column, []).append(dose)
        last = to_dates(schedule.through(i, schedule.target[i]))
        for column in np.flatnonzero(_open(schedule, slice(i, i + 1))[0]).tolist():
            if (day := last[column]) is not None:
                planned.setdefault(column, []).append((day, visit.label))
    return _Beside(given, planned)


def _given(schedule: Schedule, visit: int, column: int, product: str, number: int) -> Given | None:
    """The dose that a record of a visit may be of; None where it is of none of this product."""
    records, here = schedule.visit_records, slice(column, column + 1)
    products = [give.product for give in schedule.visits[visit].gives if product in ("", give.product)]
    if records is None or not any(records.had(visit, column, name) for name in products):
        return None
    date, last = to_dates(records.actual[visit, here])[0], to_dates(schedule.through(visit, records.actual[visit, here], here))[0]
    return Given(date, last or date, number) if date is not None else None


def _gives(schedule: Schedule, visit: int, product: str) -> bool:
    return any(product in ("", give.product) for give in schedule.visits[visit].gives)


def _open(schedule: Schedule, visits: slice) -> NDArray[np.bool_]:
    """(rows, n) whether the doses of visits of one segment are planned, and nothing is recorded of them."""
    found: NDArray[np.bool_] = ~np.isnat(schedule.target[visits]) & ~schedule.dose_cancelled(visits) & ~schedule.recorded(visits)
    return found


# --- what they do -------------------------------------------------------------------------------------------------------


class _Written:
    """The records of a cohort, found by the names of their visits, and given new ones."""

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.records: list[tuple[int, tuple[Record, ...]]] = [(column, (record,)) for column, record in cohort.records]
        self.at = {id(record): i for i, (_, record) in enumerate(cohort.records)}
        self.named: dict[str, list[int]] = {}
        for i, (_, record) in enumerate(cohort.records):
            self.named.setdefault(folded(record.visit), []).append(i)

    def of(self, names: Sequence[str]) -> Cohort:
        """The cohort with the records under some names only."""
        return self._with(sorted({i for name in names for i in self.named.get(folded(name), ())}))

    def all(self) -> Cohort:
        return self._with(range(len(self.records)))

    def _with(self, chosen: Sequence[int]) -> Cohort:
        return structs.replace(self.cohort, records=tuple((self.records[i][0], r) for i in chosen for r in self.records[i][1]))

    def rename(self, old: Record, new: tuple[Record, ...]) -> None:
        i = self.at[id(old)]
        self.records[i] = (self.records[i][0], new)
        self.named.setdefault(folded(new[0].visit), []).append(i)
        self.at |= dict.fromkeys(map(id, new), i)


def after_gaps(
    segments: tuple[Segment, ...], cohort: Cohort, dated: Callable[[tuple[Segment, ...], Cohort], Schedule], until: dt.date | None,
    at_least: dt.date | None,
) -> tuple[tuple[Segment, ...], Cohort]:  # fmt: skip
    """The segments with what gaps between recorded doses do to them, each one that begins anew behind the one before; and the cohort, in
    which the dose that restarts a period has the name of the visit that it begins with.

    `dated` gives the days of some segments, and what is recorded of their visits. A segment that begins anew is looked at alone, with the
    records that have its names: so each record and each segment is looked at once, however often a period begins anew.
    """
    chains = [[segment] for segment in segments]
    written = _Written(cohort)
    schedule, places = dated(segments, cohort), list(range(len(segments)))
    found = doses_by_segment(schedule)
    beside = {schedule.segments[p].period: doses.beside for p, doses in found.items()}
    while found:
        newer: dict[int, Segment] = {}
        names: list[str] = []
        for p, doses in found.items():
            segment, chain = schedule.segments[p], chains[places[p]]
            rules = schedule.disposition.periods[segment.period].gap_rules
            first = {column: next((gap for gap in doses.gaps(column, rules) if gap.acts), None) for column in doses.given}
            acting = {column: gap for column, gap in first.items() if gap is not None}
            if acting:
                chain[-1:] = _apply(schedule, segment, rules, acting, until, at_least)
            if chain[-1].run > segment.run:
                newer[places[p]] = chain[-1]
                _rename(doses, p, acting, written)
                names += _names(schedule, doses.visits, segment)
        if not newer:
            break
        places = list(newer)
        schedule = dated(tuple(newer.values()), written.of(names))
        records = _by_segment(schedule)
        found = {p: _doses(schedule, p, beside[schedule.segments[p].period], records[p]) for p in records}
    return tuple(segment for chain in chains for segment in chain), written.all()


def _names(schedule: Schedule, visits: slice, segment: Segment) -> Iterator[str]:
    """What records call the visits of the segment that follows a gap in this one."""
    period = schedule.disposition.periods[segment.period].id
    for i in range(visits.start, visits.stop):
        for name in schedule.visits[i].all_names:
            yield from (_anew(name, segment), f"{period}/{_anew(name, segment)}")


def _anew(label: str, segment: Segment) -> str:
    """What a visit of a segment is called once it begins anew."""
    return restarted(before_restart(label) if segment.run else label, segment.run + 1)


def _rename(doses: Doses, p: int, acting: Mapping[int, RuledGap], written: _Written) -> None:
    """Gives the records of the doses that restart a period the names that they have then."""
    schedule, segment = doses.schedule, doses.schedule.segments[p]
    period = schedule.disposition.periods[segment.period].id
    for column, gap in acting.items():
        if gap.rule.then != "restart" or schedule.visit_records is None:
            continue
        begins = gap.rule.at.offset if gap.rule.at is not None else Offset()
        there = range(doses.visits.start, doses.visits.stop)
        new = next(i for i in there if schedule.visits[i].offset == begins and schedule.visits[i].gives)  # `consistency` sees to it
        old = doses.visits.start + gap.dose.number
        label, arm = _anew(schedule.visits[new].label, segment), int(schedule.arm[column])
        for record in schedule.visit_records.records[old, column]:
            written.rename(record, renamed(record, f"{label}", period, schedule.visits[old], schedule.visits[new], arm))


def _apply(
    schedule: Schedule, segment: Segment, rules: tuple[GapRule, ...], acting: Mapping[int, RuledGap], until: dt.date | None,
    at_least: dt.date | None,
) -> list[Segment]:  # fmt: skip
    """A segment as the first gap of each subject ends it, and the one that begins with the dose after it. acting: by column."""
    n = len(schedule)
    date, before = np.full(n, NO_DATE), np.full(n, NO_DATE)
    rule, number = np.full(n, -1, dtype=np.int8), np.full(n, np.iinfo(np.int64).max)
    for column, gap in acting.items():
        date[column], before[column] = np.datetime64(gap.dose.date, "D"), np.datetime64(gap.before, "D")
        rule[column], number[column] = rules.index(gap.rule), gap.dose.number
    only_doses = np.isin(rule, [r for r, known in enumerate(rules) if known.then == "stop"])
    anew = np.isin(rule, [r for r, known in enumerate(rules) if known.then == "restart"])
    limits = list(segment.limits)
    for r, known in enumerate(rules):
        if (rule == r).any():
            mine = np.where(rule == r, date, NO_DATE)
            cause = said("gap of {length} between doses ({what})", length=known.of, what=known.what)
            limits.append(Limit(segment.period, known.then == "stop", shift(mine, Offset(-1)), cause, mine))
    # the dose that comes too late stands where there are no more; where the period begins anew it has another name
    cut = np.where(only_doses, number + only_doses, number)
    ended = structs.replace(segment, limits=tuple(limits), cut=cut, cut_doses=only_doses)
    if not anew.any():
        return [ended]
    skipped = np.array([known.at.offset.days if known.at is not None else 0 for known in rules], dtype=np.int64)
    days = skipped[rule]
    anchor = np.where(anew, date, NO_DATE) - days.astype("timedelta64[D]")
    restart = Restart(rules, np.where(anew, rule, np.int8(-1)).astype(np.int8), np.where(anew, before, NO_DATE), days)
    period = schedule.disposition.periods[segment.period]
    drawn, _ = open_end(period, anchor, until, at_least, schedule.cohort)
    return [ended, Segment(segment.period, segment.run + 1, anchor, drawn, segment.limits, segment.waits, restart=restart)]


# --- what a record is called --------------------------------------------------------------------------------------------


def with_hints(schedule: Schedule) -> Schedule:
    """The schedule; where a record has a name that its visit gets only by a restart, it is said under which planned one to record it."""
    records = schedule.visit_records
    if records is None or not any(is_restarted(record.visit) for _, record, _ in records.unknown):
        return schedule
    unknown = tuple(
        (column, record, functools.partial(_hinted, schedule, column, record, problem)) for column, record, problem in records.unknown
    )
    return structs.replace(schedule, visit_records=structs.replace(records, unknown=unknown))


def _hinted(schedule: Schedule, column: int, record: Record, problem: Callable[[], Problem]) -> Problem:
    hint = _restart_hint(schedule, column, record) if is_restarted(record.visit) else None
    return problem() if hint is None else structs.replace(problem(), hint=hint)


def _restart_hint(schedule: Schedule, column: int, record: Record) -> str | None:
    """Under which planned visit to record a dose so that its period begins anew; None where there is none."""
    for p, doses in reversed(doses_by_segment(schedule).items()):
        segment = schedule.segments[p]
        period = schedule.disposition.periods[segment.period]
        visits = schedule.visits[doses.visits]
        names = {folded(before_restart(name)) for visit in visits for name in visit.all_names}
        mine = folded(before_restart(record.visit).removeprefix(f"{period.id}/"))
        last = max((dose.number for dose in doses.given.get(column, ())), default=-1)
        awaited = np.flatnonzero(doses.open[last + 1 :, column]).tolist()
        if mine not in names or record.period not in (None, period.id) or np.isnat(segment.anchor[column]):
            continue
        if not awaited:
            continue
        visit = doses.visits.start + last + 1 + awaited[0]
        shown = schedule.visits[visit].label if len(schedule.disposition.periods) == 1 else schedule.id(visit)
        since = doses.last_given(column)
        if since is None:
            return f"record the dose before it, and this one as `{shown}`: a period begins anew after a gap between recorded doses"
        if (rule := rule_after(period.gap_rules, since, record.date)) is not None and rule.then == "restart":
            return f"record it as `{shown}`: it gets its name after the gap by itself"
        days = counted((record.date - since).days, "day")
        return f"record it as `{shown}`: {days} after the dose of {since}, no rule lets the period begin anew"
    return None
