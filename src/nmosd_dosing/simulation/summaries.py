"""What many simulated trials come to: distributions with their Monte-Carlo errors, as frozen rows for people and programs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

import numpy as np
from msgspec import Struct

from nmosd_dosing.days import to_date
from nmosd_dosing.errors import argument, one_of
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.simulation.outcomes import STATES_LEFT, Calendar
from nmosd_dosing.simulation.simulated_subjects import site_names
from nmosd_dosing.simulation.tallies import QUANTILES, Grid, Tally
from nmosd_dosing.simulation.trials import Counted, Trial
from nmosd_dosing.study.events import CONFIRMED, RELAPSE, STABLE, WITHDRAWN
from nmosd_dosing.study.model import Period, Transition
from nmosd_dosing.study.visit_rules import Point, VisitRule

Value = TypeVar("Value")
Counts = TypeVar("Counts", Tally, Grid)
_TRIGGERS = ("relapses", "last_subject", "idmc")  # what may stop a study, as the output calls it; of every study, the ones it lacks too
_DRAWN = (RELAPSE, CONFIRMED, STABLE, WITHDRAWN)
COUNTS = ("enrolled", "relapses", "declined", "refused", "left")


class Quantile(Struct, Generic[Value], frozen=True):
    """The least value that at least `share` of the trials do not exceed. error: about one Monte-Carlo standard error, of dates in days."""

    share: float
    value: Value
    error: float


class Spread(Struct, Generic[Value], frozen=True):
    """How a number, or a date, varies between trials. error: the Monte-Carlo standard error of the mean; error, sd: of dates in days.

    share: of the trials that came to one at all.
    """

    mean: Value
    error: float
    sd: float
    quantiles: tuple[Quantile[Value], ...]
    share: float = 1.0

    def quantile(self, share: float) -> Value:
        return next(q.value for q in self.quantiles if q.share == share)


class Share(Struct, frozen=True):
    """A share of the trials, 0 to 1, and its Monte-Carlo standard error."""

    name: str
    share: float
    error: float


class Row(Struct, frozen=True):
    """Doses, or vials of one size, of a period; of a month and a site where these are told apart. `size`: `120 mg`. Periods by their id."""

    period: str
    number: Spread[float]
    month: str | None = None
    site: str | None = None
    product: str | None = None
    size: str | None = None


class StateRow(Struct, frozen=True):
    """How many subjects are in a period, or have left the last one, at the end of a month; on average over trials."""

    month: str
    state: str
    mean: float


class Summary(Struct, frozen=True):
    """What many trials under one set of assumptions come to.

    unblinded: whether real arms were used. subjects_so_far: how many real subjects every trial begins with. horizon: the last day on which
    anybody is enrolled or the study stops. stop: over the trials that stop, None where none does; relapses_to_stop: how many the study's
    rule counts, None without one. counts: by COUNTS. exits, entries: by rule. relapses_by_month: their number up to the end of each month.
    doses_are: what the doses are called: `infusions` where all are. adjudicated: whether a committee decides on relapses. stop_rules: the
    names of what may stop the study. `notes`: what a reader must know.
    """

    name: str
    unblinded: bool
    regimen: str
    study: str
    title: str
    doses_are: str
    adjudicated: bool
    stop_rules: tuple[str, ...]
    study_sha256: str
    assumptions: Assumptions
    trials: int
    seed: int
    as_of: dt.date | None
    subjects_so_far: int
    horizon: dt.date
    relapses_to_stop: int | None
    stop: Spread[dt.date] | None
    by_trigger: tuple[Share, ...]
    counts: Mapping[str, Spread[float]]
    exits: Mapping[str, Spread[float]]
    entries: Mapping[str, Spread[float]]
    all_entries: Spread[float] | None
    all_doses: Spread[float] | None
    doses: tuple[Row, ...]
    vials: tuple[Row, ...]
    last_dose: Spread[dt.date] | None
    by_month: tuple[Row, ...]
    vials_by_month: tuple[Row, ...]
    by_site: tuple[Row, ...]
    vials_by_site: tuple[Row, ...]
    by_month_and_site: tuple[Row, ...]
    relapses_by_month: tuple[tuple[str, Spread[float]], ...]
    states: tuple[StateRow, ...]
    stops_by_day: tuple[tuple[dt.date, int], ...]
    notes: tuple[str, ...]


class Difference(Struct, frozen=True):
    """A number under a scenario less the same number under the assumptions as they are, trial by trial with the same random numbers; of
    dates in days, over the trials in which both have one."""

    what: str
    number: Spread[float]


class Scenario(Struct, frozen=True):
    """What a set of assumptions comes to, and how it differs from the first one."""

    summary: Summary
    differences: tuple[Difference, ...]


def summarise(name: str, trial: Trial, counted: Counted, *, regimen: str, seed: int, unblinded: bool) -> Scenario:
    """The summary of one set of assumptions, by its name. regimen: as it was named."""
    numbers, calendar, study, so_far = counted.numbers, trial.calendar, trial.study, trial.beginning.so_far
    sites = site_names(trial.beginning)
    rules = [rule.id for rule in study.transitions if f"exits {rule.id}" in numbers]
    sums = {what: spread(numbers[what]) for what in ("entries", "doses") if what in numbers}
    horizon = to_date(trial.beginning.horizon)
    assert horizon is not None
    shares = _shares(numbers["by"], trial)
    unknown = _without_vials(numbers)
    months = [(month, None) for month in calendar.names]
    months_and_sites = [(month, site) for month in calendar.names for site in sites]
    summary = Summary(
        name=name, unblinded=unblinded, regimen=regimen, study=study.id, title=study.title, doses_are=_doses_are(trial),
        adjudicated=any(key == "adjudication" for key, _ in trial.assumptions.written), stop_rules=trial.rules, study_sha256=study.sha256,
        assumptions=trial.assumptions, trials=numbers["by"].trials, seed=seed, as_of=to_date(so_far.as_of) if so_far is not None else None,
        subjects_so_far=len(so_far) if so_far is not None else 0, horizon=horizon, relapses_to_stop=trial.relapses_to_stop,
        stop=_dates(numbers["study_stop"]), by_trigger=shares, counts={what: spread(numbers[what]) for what in COUNTS},
        exits={rule: spread(numbers[f"exits {rule}"]) for rule in rules},
        entries={rule: spread(numbers[f"entries {rule}"]) for rule in rules if f"entries {rule}" in numbers},
        all_entries=sums.get("entries"), all_doses=sums.get("doses"),
        doses=tuple(_row(key, tally) for key, tally in _named("doses", numbers)),
        vials=tuple(_row(key, tally) for key, tally in _named("vials", numbers, unknown)),
        last_dose=_dates(numbers["last_dose"]) if "last_dose" in numbers else None, by_month=_by_month("doses", counted.by_month, months),
        vials_by_month=_by_month("vials", counted.by_month, months, unknown), by_site=_by_site("doses", counted.by_site, sites),
        vials_by_site=_by_site("vials", counted.by_site, sites, unknown),
        by_month_and_site=(
            *_by_month("doses", counted.by_month_and_site, months_and_sites),
            *_by_month("vials", counted.by_month_and_site, months_and_sites, unknown),
        ),
        relapses_by_month=_relapses(counted.by_month, calendar), states=_states(counted, calendar, numbers["by"].trials),
        stops_by_day=tuple(_days(numbers["study_stop"])),
        notes=(
            *(so_far.odd if so_far is not None else ()),
            *(n for n in trial.assumptions.notes if not (sites and n.startswith("sites:"))),  # real subjects have their own
            *_notes(trial, shares, horizon),
            *_uncounted(numbers, unknown),
        ),
    )  # fmt: skip
    return Scenario(summary, tuple(Difference(what, spread(tally)) for what, tally in counted.differences.items() if tally.known))


def _doses_are(trial: Trial) -> str:
    given = {give.product for period in trial.periods for entry in period.visit_rules for give in entry.gives}
    routes = [p.route or "" for p in trial.study.products if p.name in given]
    return "infusions" if all("infusion" in route.lower() for route in routes) else "doses"


def spread(tally: Tally) -> Spread[float]:
    """Of a number that every trial has. Of a single trial nobody can say how sure it is: its error and sd are not numbers."""
    unknown = math.nan if tally.known == 1 else 0.0
    found = [(share, tally.quantile(share), tally.quantile_error(share)) for share in QUANTILES]
    quantiles = tuple(Quantile(share, float(q), e + unknown) for share, q, e in found if q is not None and e is not None)
    return Spread(tally.mean, tally.error + unknown, tally.sd + unknown, quantiles, tally.known / tally.trials if tally.trials else 0.0)


def _dates(tally: Tally) -> Spread[dt.date] | None:
    if not tally.known:
        return None
    found = spread(tally)
    quantiles = tuple(Quantile(q.share, _date(q.value), q.error) for q in found.quantiles)
    return Spread(_date(found.mean), found.error, found.sd, quantiles, found.share)


def _date(days: float) -> dt.date:
    """The day nearest to so many days since 1970."""
    found = to_date(np.datetime64(math.floor(days + 0.5), "D"))
    assert found is not None
    return found


def _days(tally: Tally) -> Iterable[tuple[dt.date, int]]:
    for i in np.flatnonzero(tally.counts).tolist():
        yield _date(tally.first + i), int(tally.counts[i])


def _shares(by: Tally, trial: Trial) -> tuple[Share, ...]:
    """The share of trials that each rule stopped. by: its number, -1 where none did."""
    counts = dict.fromkeys((*_TRIGGERS, *trial.rules, "never"), 0)
    for i, n in enumerate(by.counts.tolist()):
        which = by.first + i
        counts[trial.rules[which] if which >= 0 else "never"] += n
    n = by.trials
    return tuple(Share(name, count / n, math.sqrt(count / n * (1 - count / n) / n)) for name, count in counts.items())


def _named(kind: str, counts: Mapping[str, Counts], without: Collection[str] = ()) -> list[tuple[str, Counts]]:
    """The counts of a kind by what they are of, `rcp/belimumab/120 mg` for `vials rcp/belimumab/120 mg`; those of products `without`
    vials, `rcp/belimumab`, are left out."""
    named = ((name.removeprefix(f"{kind} "), count) for name, count in counts.items() if name.startswith(f"{kind} "))
    return [(key, count) for key, count in named if key.rpartition("/")[0] not in without]


def _row(key: str, tally: Tally, month: str | None = None, site: str | None = None) -> Row:
    """Of `rcp`, or of `rcp/belimumab/120 mg`: a period, a product, a size of vials. Only products may have a `/` in their names."""
    period, _, rest = key.partition("/")
    product, _, size = rest.rpartition("/")
    return Row(period, spread(tally), month, site, product or None, size or None)


def _without_vials(numbers: Mapping[str, Tally]) -> frozenset[str]:
    """The periods and products, `rcp/belimumab`, of which no vial could be counted."""
    counted = {of.rpartition("/")[0] for of, tally in _named("vials", numbers) if tally.mean}
    return frozenset(key for key, _ in _named("uncounted", numbers) if key not in counted)


def _uncounted(numbers: Mapping[str, Tally], unknown: Collection[str]) -> Iterable[str]:
    for key, tally in ((key, tally) for key, tally in _named("uncounted", numbers) if tally.mean):
        period, _, product = key.partition("/")
        some = "" if key in unknown else f" of {tally.mean:.4g} doses in a trial"
        yield f"vials of {product} in {period} cannot be counted{some}: the amount is not known (weight, height, or masked)"


def _by_month(
    kind: str, grids: Mapping[str, Grid], cells: Sequence[tuple[str, str | None]], without: Collection[str] = ()
) -> tuple[Row, ...]:
    """Cell by cell, the periods of each together; cells, months or each with its sites, in which no trial has any are left out."""
    rows = [
        (i, _row(key, tally, *cells[i]))
        for key, grid in _named(kind, grids, without)
        for i, tally in enumerate(grid.tallies())
        if cells[i][0] and tally.counts[1:].any()
    ]
    return tuple(row for _, row in sorted(rows, key=lambda found: found[0]))


def _by_site(kind: str, grids: Mapping[str, Grid], sites: Sequence[str], without: Collection[str] = ()) -> tuple[Row, ...]:
    return tuple(_row(key, tally, site=sites[i]) for key, grid in _named(kind, grids, without) for i, tally in enumerate(grid.tallies()))


def _relapses(grids: Mapping[str, Grid], calendar: Calendar) -> tuple[tuple[str, Spread[float]], ...]:
    grid = grids.get("relapses")
    if grid is None:
        return ()
    return tuple((calendar.names[month], spread(tally)) for month, tally in enumerate(grid.tallies()) if month)


def _states(counted: Counted, calendar: Calendar, trials: int) -> tuple[StateRow, ...]:
    """From the first month to the last in which anything changes."""
    running = {state: np.cumsum(change) for state, change in counted.states.items()}
    changes = [np.flatnonzero(change) for change in counted.states.values()]
    last = max((int(found[-1]) for found in changes if len(found)), default=0)
    ordered = [*(state for state in running if state != STATES_LEFT), *([STATES_LEFT] if running else [])]
    return tuple(
        StateRow(calendar.names[month], state, int(running[state][month]) / trials)
        for month in range(1, min(last, len(calendar.names) - 1) + 1)
        for state in ordered
    )


def _events(entry: VisitRule) -> Iterable[str]:
    """The events that doses of an entry hang on."""
    for item in entry.at:
        code = item.code if isinstance(item, Point) else item.base
        if code.hangs_on:
            yield code.hangs_on
    yield from (event for give in entry.gives for event in give.events)


def _opens(rule: Transition) -> Iterable[str]:
    """The events that a rule for going on waits for."""
    return (*((rule.after.name,) if rule.after.kind == "event" else ()), *rule.needs)


def _moves_on(period: Period) -> bool:
    """Whether a visit that is late moves doses after it."""
    dosed = [entry for entry in period.visit_rules if entry.gives]
    return any(entry.cycle.follows if entry.cycle is not None else any(item.follows for item in entry.at) for entry in dosed)


def _notes(trial: Trial, shares: Sequence[Share], horizon: dt.date) -> Iterable[str]:
    never = next(share for share in shares if share.name == "never")
    study = trial.study
    if study.stop is None or not any(t.source_period == trial.periods[0].id for t in study.transitions):
        what = f"`{study.id}` states no rule that stops it" if study.stop is None else f"nothing stops `{trial.periods[0].id}` by itself"
        yield f"{what}: whoever comes up to the horizon, {horizon}, goes the whole way"
    elif never.share == 1:
        rules = one_of(trigger.text for trigger in study.stop.earliest_of)
        yield f"the study never stops: no trial comes to {rules} up to the horizon, {horizon}"
    elif never.share:
        yield f"in {never.share:.1%} of the trials the study does not stop up to the horizon, {horizon}"
    entries = [entry for period in trial.periods for entry in period.visit_rules if entry.gives]
    undated = dict.fromkeys(give.product for entry in entries if not entry.at for give in entry.gives)
    if undated:
        yield f"doses of {', '.join(undated)} have no stated day, and are not counted"
    waiting = {event: None for entry in entries for event in _events(entry) if event not in _DRAWN}
    if waiting:
        yield f"what hangs on {', '.join(waiting)} does not happen: it is not drawn"
    planned = {period.id for period in trial.periods}
    ways = [rule for rule in study.transitions if rule.source_period in planned and rule.target_period in planned]
    own = dict.fromkeys(event for rule in ways for event in _opens(rule) if event not in _DRAWN)
    if own:
        yield f"nobody goes on by {', '.join(own)}: it is not drawn"
    back = next((t.at_most for t in study.transitions if t.after.name == RELAPSE and t.at_most is not None and t.at_most > 1), None)
    if trial.assumptions.relapse and back is not None:
        yield f"nobody has a second relapse: it is not drawn; who may come back {back} times after relapses comes back once"
    if trial.assumptions.scatter != (0, 0) and any(period.gap_rules or _moves_on(period) for period in trial.periods):
        yield "`visit scatter` moves no later visit: what counts from the visit or the dose before, and `if gap`, are not simulated"
    if trial.assumptions.relapse and trial.periods[0].length is None:
        yield f"`{trial.periods[0].id}` has no stated end: relapses count up to the horizon, {horizon}"
    given = {give.product for entry in entries for give in entry.gives}
    missing = [p.name for p in study.products if p.vials is None and p.name in given]
    if missing:
        yield f"vials of {', '.join(missing)}: not stated; `{argument('site', 'FILE')}` may state them"
