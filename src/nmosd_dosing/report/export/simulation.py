"""What simulated trials come to, as JSON and CSV. Field names are a contract, as those of a plan; more may be added."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nmosd_dosing.report.export.plain import DATES, Sheet, fields, iso_date, plain_number
from nmosd_dosing.simulation.summaries import Difference, Row, Scenario, Spread, Summary
from nmosd_dosing.simulation.tallies import QUANTILES
from nmosd_dosing.version import PROGRAM

SHARES = tuple(map(str, QUANTILES))
"""The names of the quantiles: `0.05`, …, `0.95`."""

COLUMNS = (
    "unblinded", "regimen", "trials", "seed", "scenario", "what", "rule", "period", "month", "site", "product", "size", "trigger",
    "mean", "error", "sd", *SHARES,
)  # fmt: skip

_DATED = ("study_stop", "last_dose")


def simulation_to_dict(scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """What was simulated as plain values, in the order and under the names of the JSON output.

    The first scenario's numbers stand at the top; the others are listed, each with the same keys and its differences from the first.
    Errors are Monte-Carlo standard errors; those and standard deviations of dates are in days. Shares of trials are from 0 to 1.
    """
    first, *others = scenarios
    found = {"unblinded": first.summary.unblinded, **_summary(first.summary)}
    if others:
        found["scenarios"] = [
            {
                "name": other.summary.name,
                **_summary(other.summary),
                "differences": {difference.what: _difference(difference) for difference in other.differences},
            }
            for other in others
        ]
    return found


def _summary(s: Summary) -> dict[str, Any]:
    return {
        "meta": {
            "program": PROGRAM,
            "study_sha256": s.study_sha256,
            "assumptions_sha256": s.assumptions.sha256,
            "as_of": iso_date(s.as_of),
        },
        **fields(s, ("regimen", "study", "title", "trials", "seed", "subjects_so_far", "horizon")),
        "assumptions": dict(s.assumptions.written),
        "invented": list(s.assumptions.invented),
        "study_stop": {
            **_of_dates(s.stop),
            "by_trigger": {by.name: _number(by.share) for by in s.by_trigger},
            "by_trigger_errors": {by.name: _number(by.error) for by in s.by_trigger},
            "share_stopped": _number(s.stop.share) if s.stop is not None else 0,
        },
        "relapses_to_stop": s.relapses_to_stop,
        **{what: _of_numbers(number) for what, number in s.counts.items()},
        "exits": {rule: _of_numbers(number) for rule, number in s.exits.items()},
        "entries": {rule: _of_numbers(number) for rule, number in s.entries.items()},
        "all_entries": _of_numbers(s.all_entries) if s.all_entries is not None else None,
        "doses": {row.period: _of_numbers(row.number) for row in s.doses},
        "all_doses": _of_numbers(s.all_doses) if s.all_doses is not None else None,
        "vials": [_row(row, "product", "size") for row in s.vials],
        "last_dose": {**_of_dates(s.last_dose), "share": _number(s.last_dose.share) if s.last_dose is not None else 0},
        "per_month": [_row(row) for row in s.by_month],
        "vials_per_month": [_row(row, "product", "size") for row in s.vials_by_month],
        "per_site": [_row(row) for row in s.by_site],
        "vials_per_site": [_row(row, "product", "size") for row in s.vials_by_site],
        "per_month_and_site": [_row(row) for row in s.by_month_and_site if row.product is None],
        "vials_per_month_and_site": [_row(row, "product", "size") for row in s.by_month_and_site if row.product is not None],
        "relapses_by_month": [{"month": month, **_flat(number)} for month, number in s.relapses_by_month],
        "states": [{"month": row.month, "state": row.state, "mean": _number(row.mean)} for row in s.states],
        "notes": list(s.notes),
    }


def _number(value: float | None) -> float | int | None:
    """To the sixth decimal: what lies beyond is neither known nor the same on every machine."""
    return None if value is None or math.isnan(value) else plain_number(round(value, 6))


def _value(value: float | dt.date) -> float | int | str | None:
    return iso_date(value) if isinstance(value, dt.date) else _number(value)


def _of_numbers(number: Spread[float]) -> dict[str, Any]:
    return {
        "mean": _number(number.mean),
        "error": _number(number.error),
        "sd": _number(number.sd),
        "quantiles": {str(q.share): _number(q.value) for q in number.quantiles},
        "quantile_errors": {str(q.share): _number(q.error) for q in number.quantiles},
    }


def _of_dates(found: Spread[dt.date] | None) -> dict[str, Any]:
    """Of dates; each is null where no trial has one."""
    quantiles = {q.share: q for q in found.quantiles} if found is not None else {}
    return {
        "mean": iso_date(found.mean) if found is not None else None,
        "error_days": _number(found.error) if found is not None else None,
        "sd_days": _number(found.sd) if found is not None else None,
        "quantiles": {str(share): iso_date(quantiles[share].value) if share in quantiles else None for share in QUANTILES},
        "quantile_errors": {str(share): _number(quantiles[share].error) if share in quantiles else None for share in QUANTILES},
    }


def _difference(difference: Difference) -> dict[str, Any]:
    found = _of_numbers(difference.number)
    if difference.what in _DATED:
        return {f"{name}_days" if name in ("mean", "error", "sd") else name: value for name, value in found.items()}
    return found


def _flat(number: Spread[Any]) -> dict[str, Any]:
    """A number in the columns of a table."""
    quantiles = {str(q.share): _value(q.value) for q in number.quantiles}
    return {"mean": _value(number.mean), "error": _number(number.error), "sd": _number(number.sd), **quantiles}


def _row(row: Row, *more: str) -> dict[str, Any]:
    """A row of doses, or of vials; with its month and site where it is of one."""
    where = {name: value for name, value in (("month", row.month), ("site", row.site)) if value is not None}
    return {**where, "period": row.period, **{name: getattr(row, name) for name in more}, **_flat(row.number)}


# --- CSV ----------------------------------------------------------------------------------------------------------------


def simulation_sheet(scenarios: Sequence[Scenario]) -> Sheet:
    """What was simulated in long format: a row for each number, named by `what` and the columns behind it.

    `mean` and quantiles of `study_stop` and `last_dose` are dates, their `error` and `sd` days; `stopped_by` has the share of trials;
    `difference_…` is a scenario's number less that of the first one, of dates in days.
    """
    rows = (row for scenario in scenarios for row in _rows(scenario))
    return Sheet("simulate", COLUMNS, rows, dates=DATES | {"mean", *SHARES})


def _rows(scenario: Scenario) -> Iterator[dict[str, Any]]:
    s = scenario.summary
    shared = {"unblinded": s.unblinded, "regimen": s.regimen, "trials": s.trials, "seed": s.seed, "scenario": s.name}
    for what, named, number in _numbers(s):
        yield {**shared, "what": what, **named, **_flat(number)}
    for by in s.by_trigger:
        yield {**shared, "what": "stopped_by", "trigger": by.name, "mean": _number(by.share), "error": _number(by.error)}
    for state in s.states:
        yield {**shared, "what": "subjects_by_month", "period": state.state, "month": state.month, "mean": _number(state.mean)}
    for difference in scenario.differences:
        yield {**shared, "what": f"difference_{difference.what}", **_flat(difference.number)}


def _numbers(s: Summary) -> Iterator[tuple[str, Mapping[str, str | None], Spread[Any]]]:
    """Every number with its name; those of a part, such as a month, have a name of their own, so that nobody adds them up twice."""
    for what, date in (("study_stop", s.stop), ("last_dose", s.last_dose)):
        if date is not None:
            yield what, {}, date
    for what, count in s.counts.items():
        yield what, {}, count
    for what, by_rule in (("exits", s.exits), ("entries", s.entries)):
        for rule, count in by_rule.items():
            yield what, {"rule": rule}, count
    for part, doses, vials in (
        ("", s.doses, s.vials), ("_by_month", s.by_month, s.vials_by_month), ("_by_site", s.by_site, s.vials_by_site),
        ("_by_month_and_site", s.by_month_and_site, ()),
    ):  # fmt: skip
        for row in (*doses, *vials):
            names = {"period": row.period, "month": row.month, "site": row.site, "product": row.product, "size": row.size}
            yield ("vials" if row.product is not None else "doses") + part, names, row.number
    for month, count in s.relapses_by_month:
        yield "relapses_by_month", {"month": month}, count
