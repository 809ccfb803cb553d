"""Where a trial stands on a day: its real subjects so far, read off the same core as their plans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from nmosd_dosing.days import NO_DATE, Dates
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import InputError, Problem, counted
from nmosd_dosing.schedule.doses.dispensing import dispense
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.simulation.outcomes import Calendar, is_given, things
from nmosd_dosing.simulation.simulated_subjects import SoFar
from nmosd_dosing.simulation.tallies import Numbers
from nmosd_dosing.study.events import DECISIONS, ENDS_PARTICIPATION, REJECTED, RELAPSE, STABLE
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects import visit_records
from nmosd_dosing.subjects.bounds import Values, check_arguments
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.disposition import gone
from nmosd_dosing.subjects.entry_checks import check_entries


class Real(Struct, frozen=True):
    """The real subjects of a trial, with what is recorded of them up to the day `as_of` and nothing that is dated later.

    cohort: its arms are -1 where they are not to be used. sites: the site of each subject; empty where none are told.
    """

    cohort: Cohort
    as_of: dt.date
    sites: tuple[str | None, ...] = ()

    def __post_init__(self) -> None:
        """Raises InputError for what is no cohort, date or tuple of sites, and for more or fewer sites than subjects."""
        check_arguments(needed={"cohort": (self.cohort, Cohort), "sites": (self.sites, tuple)})
        values = Values()
        values.date("as_of", self.as_of)
        for site in self.sites:
            values.text("sites", site)
        if self.sites and len(self.sites) != len(self.cohort):
            subjects = f"for {counted(len(self.cohort), 'subject')}"
            values.wrong("sites", f"{len(self.sites)} sites", subjects, "name the site of everybody, or of nobody")
        values.stop()


def standing(study: Study, real: Real, *, period: str | None, calendar: Calendar, policy: Policy) -> SoFar:
    """What is known of real subjects on a day.

    A visit that is due by then and of which nothing is recorded counts as given on the day it was planned for. Raises InputError for
    records that match no visit and for what else the core refuses.
    """
    cohort, known = real.cohort, np.datetime64(real.as_of, "D")
    schedule = expand(study, cohort, period=period, allow_deviation=True, accept_gap=True)
    if schedule.visit_records is not None:
        visit_records.check(schedule.visit_records, schedule.visits, cohort)
    cohort = schedule.cohort  # with the entries that are recorded as visits
    if (cohort.start > known).any():
        late = [cohort.name(int(i)) for i in np.flatnonzero(cohort.start > known)[:100]]
        wrong, hint = f"day 1 is after {real.as_of}, the day up to which things are known", "take the row out, or give a later day"
        raise InputError([Problem(f"{who}{wrong}", hint=hint) for who in late])
    disposition = schedule.disposition
    relapse, latest = cohort.first(RELAPSE), _latest(cohort, RELAPSE)
    answered = np.fmax.reduce([_latest(cohort, decision) for decision in DECISIONS])
    out = ~np.isnat(gone(cohort))
    left = [move.entered for move in disposition.moves if move.out_of == 0]
    ends = np.fmin.reduce([relapse, disposition.end[0], np.full(len(cohort), known + 1), *left, cohort.earliest(ENDS_PARTICIPATION)])
    over = {schedule.id(i): _is_over(schedule, i, known) for i in range(len(schedule.visits))}
    names = tuple(sorted({site for site in real.sites if site is not None}))
    if names and None in real.sites:
        wrong = f"{cohort.name(real.sites.index(None))}no site, and others have one"
        raise InputError(Problem(wrong, hint="name the site of everybody, or of nobody"))
    numbers = np.array([names.index(site) for site in real.sites if site is not None]) if names else None
    given, last = _given(schedule, over, known, numbers, len(names), calendar, policy)
    return SoFar(
        cohort=cohort, as_of=known, at_risk=np.isnat(relapse) & ~out, stays=~out,
        undecided=np.where(np.isnat(latest) | (answered >= latest), NO_DATE, latest),
        unstable=np.where(np.isnat(latest) | (_latest(cohort, STABLE) >= latest) | (_latest(cohort, REJECTED) >= latest), NO_DATE, latest),
        days=np.maximum((ends - cohort.start).astype(np.float64), 0), relapsed=~np.isnat(relapse) & (relapse == ends),
        over={id: had for id, had in over.items() if had.any()}, given=given, last_dose=last, site_names=names, sites=numbers,
        odd=tuple(_odd(schedule, cohort)),
    )  # fmt: skip


def _odd(schedule: Schedule, cohort: Cohort) -> Iterator[str]:
    """What is recorded and cannot be counted, or stands though no rule allows it."""
    try:
        check_entries(schedule.disposition, cohort)
    except InputError as error:
        yield f"recorded entries that no rule allows stand as they are recorded ({len(error.problems)}); `dosing check` tells them"
    extra = len(schedule.visit_records.extra) if schedule.visit_records is not None else 0
    if extra:
        yield f"not counted: {counted(extra, 'record')} of unscheduled visits"


def _latest(cohort: Cohort, event: str) -> Dates:
    dates = cohort.dates_of(event)
    found: Dates = np.fmax.reduce(dates) if len(dates) else np.full(len(cohort), NO_DATE)
    return found


def _is_over(schedule: Schedule, visit: int, known: np.datetime64) -> NDArray[np.bool_]:
    """(r,) who has had a visit, or missed it: what is recorded, and what was planned up to the day in a period that has begun."""
    period = schedule.segments[schedule.segment_of[visit]].period
    begun = ~schedule.disposition.projected[period]
    found: NDArray[np.bool_] = schedule.recorded(visit) | ((schedule.dates(visit) <= known) & begun)
    return found


def _given(
    schedule: Schedule, over: dict[str, NDArray[np.bool_]], known: np.datetime64, sites: Numbers | None, count: int, calendar: Calendar,
    policy: Policy,
) -> tuple[dict[str, Numbers], np.datetime64]:  # fmt: skip
    """What was given up to the day `known`, by the names of `things`: (months, sites), one column without sites; and the last day of it.

    over: by visit, who has had it. sites: (r,) the number of each subject's site, of `count`; None without sites.
    """
    found: dict[str, Numbers] = {}
    last = NO_DATE
    months, given = len(calendar.names), is_given(schedule)
    for k, (row, vials) in enumerate(zip(schedule.rows, dispense(schedule, policy), strict=True)):
        dates = schedule.dates(row.visit)
        had = given[k] & over[schedule.id(row.visit)] & (dates <= known)
        if not had.any():
            continue
        last = np.fmax(last, dates[had].max())
        place = calendar.months(dates) * max(count, 1) + (sites if sites is not None else 0)
        for name, often in things(schedule, k, vials):
            weights = np.broadcast_to(np.asarray(often, dtype=np.float64), len(schedule))[had]
            more = np.bincount(place[had], weights=weights, minlength=months * max(count, 1)).astype(np.int64).reshape(months, -1)
            found[name] = found[name] + more if name in found else more
    return found, last
