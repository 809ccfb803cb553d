"""The core: a study and a cohort to a schedule. One person is a cohort of one; there is no second expander.

The work is done in slices of subjects that fit into a processor's cache, straight into the arrays that are returned.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import structs

from nmosd_dosing.days import FIRST_DATE, LAST_DATE, NO_DATE, Dates, Offset, ends, shift
from nmosd_dosing.dose.dose import AtVisits
from nmosd_dosing.errors import InputError, Problem, Problems, RegimenError, argument, one_of
from nmosd_dosing.schedule import gaps
from nmosd_dosing.schedule.doses.amounts import Doses, doses_of, finish_totals, read_doses, statuses
from nmosd_dosing.schedule.doses.body_weights import in_steps, reweigh
from nmosd_dosing.schedule.doses.taken_away import among, find_taken, rows_taken
from nmosd_dosing.schedule.filling import Filling
from nmosd_dosing.schedule.gap_rules import after_gaps, with_hints
from nmosd_dosing.schedule.last_doses import hanging, settle
from nmosd_dosing.schedule.levels import without_levels
from nmosd_dosing.schedule.rows import Row
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.schedule.segments import Segment, open_end
from nmosd_dosing.schedule.visit_dates import dates_of, with_unscheduled, without_refused
from nmosd_dosing.study import events, period_order
from nmosd_dosing.study.blinding import mask
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_labels import again, restarted
from nmosd_dosing.study.visit_names import Names
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.study.visits import OPEN_END, lay_out
from nmosd_dosing.subjects import first_days, visit_records
from nmosd_dosing.subjects.before_entry import before_entries, before_restarts
from nmosd_dosing.subjects.bounds import check_arguments
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort
from nmosd_dosing.subjects.disposition import Disposition, Limit, resolve
from nmosd_dosing.subjects.entry_checks import check_ends, check_entries
from nmosd_dosing.subjects.history import check_columns
from nmosd_dosing.subjects.triggers import Stopped
from nmosd_dosing.subjects.visit_records import VisitRecords

_SLICE = 131_072
_LONG, _ENTRY, _MORE = 1830, 400, 366  # days: of a period without a stated end, until an entry after an end, behind the last record
_FAR = np.timedelta64(110_000, "D")  # three hundred years from the ends of the calendar nothing needs a closer look


def expand(
    study: Study, cohort: Cohort, *, period: str | None = None, until: dt.date | None = None, window: Window | None = None,
    unblind: bool = False, allow_deviation: bool = False, accept_gap: bool = False, at_least: dt.date | None = None,
) -> Schedule:  # fmt: skip
    """All visits and doses for all subjects, masked unless `unblind`: of one period, or of the way through all that follow each other.

    `until` is the last day to plan, for everybody; without it an open repeat is drawn for 24 months from its period's first day, both ends
    included, or until `at_least` or a subject's last record where that is later. `window` stands in where the file states none.
    `allow_deviation`: recorded entries stand that no rule allows, and so do records of visits that are wrong; `check` tells them.
    `accept_gap`: a recorded entry stands that breaks a minimum gap.

    Raises InputError for an unknown period, for dates outside the years 1 to 9999, where unblinding needs an arm that is unknown,
    and, unless allowed, for entries outside their window and for records that match no visit.
    """
    check_arguments(
        {"until": until, "at_least": at_least},
        {"period": (period, str), "window": (window, Window)},
        needed={"study": (study, Study), "cohort": (cohort, Cohort)},
        flags={"unblind": unblind, "allow_deviation": allow_deviation, "accept_gap": accept_gap},
    )
    return _expand(study, cohort, period, until, window, unblind, allow_deviation, accept_gap, at_least)


def _expand(
    study: Study, cohort: Cohort, period: str | None, until: dt.date | None, window: Window | None, unblind: bool, allow_deviation: bool,
    accept_gap: bool, at_least: dt.date | None, ends: bool = True, levels: bool = True,
) -> Schedule:  # fmt: skip
    """`ends`: whether recorded ends of periods are held against their first days; `levels`: whether events move doses among theirs."""
    periods = period_order.way(study, period)
    arms = period_order.arms_of(periods)
    if ((cohort.arm < UNKNOWN_ARM) | (cohort.arm >= len(arms))).any():
        where = periods[0].id if len(periods) == 1 else study.id
        raise InputError(Problem("an arm that the period does not have", hint=f"the arms of `{where}` are {one_of(arms) or 'none'}"))
    unblinded = unblind and any(p.masks for p in periods)
    if unblinded and (cohort.arm == UNKNOWN_ARM).any():
        raise InputError(Problem("to unblind, the arm must be known", hint=f"add `{argument('arm')}` with {one_of(arms)}"))
    cohort = _begun(study, cohort, periods)
    check_columns(study, cohort)
    by_period = [
        _visits(p, cohort, until or at_least, window, _days_before(periods[:i], cohort), later=i > 0) for i, p in enumerate(periods)
    ]
    by_period[1:] = [v if p.keeps_count else _without_entry_window(v) for p, v in zip(periods[1:], by_period[1:], strict=True)]
    if not unblinded:
        by_period = [mask(study, visits) for visits in by_period]
        gives = [give for visits in by_period for visit in visits for give in visit.gives]
        cohort = visit_records.named_alike(cohort, gives, [product.name for product in study.products])
    if not levels:
        by_period = [without_levels(visits) for visits in by_period]
    _check_dates(by_period[0], periods[0], cohort.start)
    cohort = first_days.with_entries(cohort, periods, by_period, slips=allow_deviation)
    names = _names(periods, by_period)
    by_first_names = before_restarts(cohort)
    found = visit_records.match(names, by_first_names, {}, names) if cohort.records or cohort.timed else None
    disposition = resolve(study, periods, cohort, before_entries(cohort, periods, by_period, found))
    if ends:
        check_ends(disposition, cohort)
    for p, visits in enumerate(by_period[1:], 1):
        _check_dates(visits, periods[p], _anchor(disposition, cohort, p))
    if not allow_deviation:
        check_entries(disposition, cohort)
    segments = tuple(segment for p in range(len(periods)) for segment in _segments(disposition, cohort, p, by_period[p], until, at_least))
    for segment in segments:
        if segment.hangs_on:
            _check_dates_of(segment, by_period, periods)
    anew = bool(cohort.records) and any(own.gap_rules for own in periods)
    known = None if anew or by_first_names is not cohort else found
    fill = functools.partial(_fill, study, disposition, by_period=by_period, names=names, known=known, until=until, unblinded=unblinded)
    if anew:
        segments, cohort = after_gaps(segments, cohort, functools.partial(fill, doses=False), until, at_least)
        for segment in segments:
            _check_dates_of(segment, by_period, periods)
    schedule = with_hints(fill(segments, cohort))
    if schedule.visit_records is not None and not allow_deviation:
        visit_records.check(schedule.visit_records, schedule.visits, cohort)
    if not accept_gap:
        gaps.check_entries(schedule)
    return schedule


def as_planned(schedule: Schedule, at_least: dt.date) -> Schedule:
    """The schedule had no visit been recorded: with the same first days, entries, events and weights, and every dose at the level at which
    everybody begins; drawn at least so far."""
    periods = schedule.disposition.periods
    return _expand(
        schedule.study, structs.replace(schedule.cohort, records=(), timed=()), periods[0].id if len(periods) == 1 else None, None,
        None, schedule.unblinded, allow_deviation=True, accept_gap=True, at_least=at_least, ends=False, levels=False,
    )  # fmt: skip


def stopped(study: Study, cohort: Cohort, *, period: str | None = None) -> Stopped:
    """When the study stops, counted over all subjects of a cohort: for whoever expands it in slices. Raises InputError as `expand` does
    for recorded entries that contradict each other."""
    periods = period_order.way(study, period)
    cohort = _begun(study, cohort, periods)
    if cohort.records:
        cohort = first_days.with_entries(cohort, periods, [_visits(p, cohort, None, None) for p in periods], slips=True)
    return resolve(study, periods[:1], cohort).stopped


def begun(study: Study, cohort: Cohort, *, period: str | None = None) -> Cohort:
    """The cohort in which study day 1 is the recorded first dose, as `expand` has it. Raises InputError for an unknown period."""
    return _begun(study, cohort, period_order.way(study, period))


def _begun(study: Study, cohort: Cohort, periods: Sequence[Period]) -> Cohort:
    """With the recorded day 1: read of masked visits, since of whom 0 is no dose would tell the arm."""
    if not cohort.records:
        return cohort
    return first_days.with_day_1(cohort, periods, [mask(study, _visits(p, cohort, None, None)) for p in periods])


def _names(periods: Sequence[Period], by_period: Sequence[tuple[Visit, ...]]) -> Names:
    """The names of the visits of all periods."""
    return Names([v for mine in by_period for v in mine], [p.id for p, mine in zip(periods, by_period, strict=True) for _ in mine])


def _fill(
    study: Study, disposition: Disposition, segments: tuple[Segment, ...], cohort: Cohort, *, by_period: Sequence[tuple[Visit, ...]],
    names: Names, known: VisitRecords | None, until: dt.date | None, unblinded: bool, doses: bool = True,
) -> Schedule:  # fmt: skip
    """A schedule of some segments, and of what hangs on a last dose; without `doses`, of the days of the former only. names: of the visits
    of all periods; known: what is recorded of them, under these names."""
    segments = (*segments, *hanging(disposition, cohort, by_period, segments)) if doses else segments
    of_segments = [_of_segment(by_period[segment.period], segment) for segment in segments]
    visits = tuple(visit for mine in of_segments for visit in mine)
    segment_of = tuple(i for i, mine in enumerate(of_segments) for _ in mine)
    begun = {i: ~np.isnat(segments[s].anchor) for i, s in enumerate(segment_of) if segments[s].run}
    found = known
    if (cohort.records or cohort.timed) and (known is None or [*visits] != names.visits):
        mine = Names(visits, [disposition.periods[segments[s].period].id for s in segment_of])
        found = visit_records.match(mine, cohort, begun, names)
    rows = tuple(Row(i, give) for i, visit in enumerate(visits) for give in visit.gives if doses)
    read = read_doses(study, rows, found, cohort)
    m, k, n = len(visits), len(rows), len(cohort)
    filling = Filling(
        study=study, disposition=disposition, cohort=cohort, segments=segments, until=None if until is None else np.datetime64(until, "D"),
        unblinded=unblinded, visits=visits, segment_of=segment_of, target=np.empty((m, n), dtype="datetime64[D]"),
        rows=tuple(structs.replace(row, scale=rule.scale) for row, rule in zip(rows, read.rules, strict=True)), amount=np.empty((k, n)),
        cumulative=np.empty((k, n)), status=statuses(read, cohort), first_doses=np.full((len(segments), n), NO_DATE),
        last_doses=np.full((len(segments), n), NO_DATE), beyond=np.zeros(n, dtype=np.int64), visit_records=found,
        written=frozenset((i, column) for i, columns in read.recorded.items() for column, known in columns.items() if known is not None),
    )  # fmt: skip
    fill_dates = dates_of(filling, [i for i, s in enumerate(segment_of) if segments[s].unsure is None])
    fill_doses = doses_of(filling, read)
    slices = [slice(begin, begin + _SLICE) for begin in range(0, n, _SLICE)]
    follow = in_steps(study, rows, cohort)
    if days_first := bool(follow or rows_taken(filling)):  # what is given hangs on the days of all doses
        for columns in slices:
            fill_dates(columns)
        find_taken(filling)
        _reweigh(filling, follow, read)
    for columns in slices:
        if not days_first:
            fill_dates(columns)
        fill_doses(columns)
    finish_totals(filling, read)
    without_refused(filling)
    with_unscheduled(filling, read.extra)
    if hang := settle(filling):
        fill_dates = dates_of(filling, hang)
        for columns in slices:
            fill_dates(columns)
    return filling.finish()


def _reweigh(schedule: Filling, products: Sequence[str], doses: Doses) -> None:
    """The weights that some products are dosed by in steps: at each dose that is given, also at visits that are not planned; or at the
    visits that renew them."""
    dates = gaps.dose_dates(schedule, schedule.all_in_plan())
    for k, recorded in doses.recorded.items():
        dates[k, [column for column, amount in recorded.items() if amount == 0]] = NO_DATE
    for k, taken in schedule.taken.items():
        dates[k, (taken > 0) & ~among(doses.recorded.get(k, ()), len(schedule))] = NO_DATE
    for product in products:
        if isinstance(rule := schedule.study.product(product).weight, AtVisits):
            visits = [i for i, visit in enumerate(schedule.visits) if visit.offset in rule.offsets and not visit.hangs_on]
            reweigh(schedule, product, np.array([schedule.dates(i) for i in visits]))
            continue
        mine = [k for k, row in enumerate(schedule.rows) if row.give.product == product]
        besides = [e for e in doses.extra if e.product == product and e.amount != 0]
        more = np.full((len(besides), len(schedule)), NO_DATE)
        more[range(len(besides)), [e.column for e in besides]] = [e.date for e in besides]
        reweigh(schedule, product, np.concatenate([dates[mine], more]))


def _of_segment(visits: tuple[Visit, ...], segment: Segment) -> tuple[Visit, ...]:
    """The visits of a part of a period: of a period begun anew, and of an event that has happened before, with names of their own."""
    mine = tuple(visit for visit in visits if visit.hangs_on == segment.hangs_on)
    if not segment.run:
        return mine
    name = again if segment.hangs_on else restarted
    return tuple(visit.called(lambda label: name(label, segment.run)) for visit in mine)


def _days_before(earlier: Sequence[Period], cohort: Cohort) -> int:
    """About the most days from the study's first to the first of a period behind these: so far on begins what counts from the study's."""
    entered = [(dates - cohort.start).astype(np.float64) for dates in cohort.entered.values() if not np.isnat(dates).all()]
    known = max((int(np.nanmax(days)) for days in entered), default=0)
    return max(known, sum(p.length.range[1] if p.length is not None else _LONG for p in earlier)) + _ENTRY if earlier else 0


def _visits(
    period: Period, cohort: Cohort, until: dt.date | None, window: Window | None, before: int = 0, *, later: bool = False
) -> tuple[Visit, ...]:  # fmt: skip
    horizon = ((cohort.ahead.follow if cohort.ahead is not None else None) or OPEN_END).range[1]
    if period.keeps_count:
        horizon += before
    if until is not None and len(cohort):
        horizon = max(horizon, int((np.datetime64(until, "D") - cohort.begins).astype(np.int64)))
    if cohort.last_records is not None:  # what took place is shown, however late
        horizon = max(horizon, int((np.fmax.reduce(cohort.last_records) - cohort.begins).astype(np.int64)) + _MORE)
    problems = Problems()
    visits = lay_out(period, horizon, problems)
    if problems.errors:
        raise RegimenError(problems.in_order())
    if window is not None:
        first = Offset() if period.keeps_count or not later else None  # study day 1 is day 1, by definition
        asked = (v.offset is not None and (v.hangs_on or v.offset != first) for v in visits)
        visits = tuple(v.with_window(window, lambda w: w is None) if mine else v for v, mine in zip(visits, asked, strict=True))
    return visits


def _without_entry_window(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """Day 1 of a later period is the entry: its allowed days are those of the rule that leads there."""
    return tuple(v.with_window(None, lambda _: True) if v.offset == Offset() and v.last is None else v for v in visits)


def _anchor(disposition: Disposition, cohort: Cohort, period: int) -> Dates:
    """(n,) the day from which a period's days are counted: its own first, or that of the study; NaT for whoever does not come to it."""
    own = disposition.anchor[period]
    return np.where(np.isnat(own), own, cohort.start) if disposition.periods[period].keeps_count else own


def _segments(
    disposition: Disposition, cohort: Cohort, period: int, visits: tuple[Visit, ...], until: dt.date | None, at_least: dt.date | None
) -> Iterator[Segment]:
    """A period, and what hangs on events in it, each time that they have happened."""
    own = _segment(disposition, cohort, period, until, at_least)
    yield own
    for event in dict.fromkeys(visit.hangs_on for visit in visits if visit.hangs_on):  # nothing happens that is called like a last dose
        opens = any(t.after.kind == "event" and t.after.name == event for t in disposition.transitions)
        limits = tuple(x for x in own.limits if x.cause != event and (not opens or x.cause in events.ENDS_TREATMENT))
        inside = [disposition.inside(period, dates, event, cohort) for dates in cohort.dates_of(event)]
        for run, anchor in enumerate(_first_ones(inside)):
            yield Segment(period, run, anchor, own.open_end, limits, () if opens else own.waits, hangs_on=event)


def _first_ones(dates: Sequence[Dates]) -> Iterator[Dates]:
    """Each subject's dates without those that are none, so that the first one stands in the first column."""
    if dates:
        ordered = np.sort(np.array(dates), axis=0)  # NaT comes last
        yield from (column for column in ordered if not np.isnat(column).all())


def _segment(disposition: Disposition, cohort: Cohort, period: int, until: dt.date | None, at_least: dt.date | None) -> Segment:
    limits = tuple(limit for limit in disposition.limits if limit.period == period)
    waits = tuple(
        Limit(period, True, move.undecided, "undecided", move.undecided)
        for move in disposition.moves
        if move.out_of == period and not np.isnat(move.undecided).all()
    )
    own, anchor = disposition.periods[period], _anchor(disposition, cohort, period)
    end, drawn = open_end(own, disposition.anchor[period], until, at_least, cohort)
    return Segment(period, 0, anchor, end, limits, waits, drawn=None if own.keeps_count else drawn)


def _check_dates(visits: tuple[Visit, ...], period: Period, start: Dates) -> None:
    """Every date that the schedule can hold lies in the years 1 to 9999, and so in `datetime.date`."""
    if (found := ends(start)) is None:
        return
    first, last = found
    if not FIRST_DATE <= first <= last <= LAST_DATE:
        raise InputError(Problem("a start date outside the years 1 to 9999", hint="give another start date"))
    if first >= FIRST_DATE + _FAR and last <= LAST_DATE - _FAR and all(_near(visit) for visit in visits):
        return
    for visit in visits:
        if visit.offset is None:
            continue
        before = max(window.before if window else 0 for window in visit.windows)
        after = max((window.after or 0) if window else 0 for window in visit.windows)
        low = shift(np.array([first]), visit.offset + Offset(-before))[0]
        high = shift(np.array([last]), (visit.last or visit.offset) + Offset(after))[0]
        if low < FIRST_DATE or (high > LAST_DATE and not visit.open_ended):
            wrong = f"{visit.label} of `{period.id}` falls outside the years 1 to 9999"
            raise InputError(Problem(wrong, hint="give another start date"))


def _check_dates_of(segment: Segment, by_period: Sequence[tuple[Visit, ...]], periods: Sequence[Period]) -> None:
    _check_dates(_of_segment(by_period[segment.period], segment), periods[segment.period], segment.anchor)


def _near(visit: Visit) -> bool:
    return visit.offset is None or (abs(visit.offset.nominal) < 100_000 and (visit.last or visit.offset).nominal < 100_000)
