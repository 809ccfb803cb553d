"""Simulated trials as a page for people: each number with its Monte-Carlo error, then how it varies between trials."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import argument, counted, plural
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import text, unblinded
from nmosd_dosing.simulation.summaries import Difference, Row, Scenario, Share, Spread, Summary

SIDE_BY_SIDE = 3  # scenarios beside the trial as assumed, on a page of some 100 columns
_COUNTS = {
    "enrolled": "Subjects enrolled",
    "relapses": "Confirmed relapses",
    "declined": "Declined the entry",
    "refused": "Refused: too late, or never stable",
    "left": "Left the study before an entry",
}
_TRIGGERS = {"last_subject": "the last subject", "idmc": "the committee"}
_DATED = ("study_stop", "last_dose")


def simulation_page(scenarios: Sequence[Scenario]) -> Page:
    """What was simulated: of one set of assumptions all of it, of several what they differ in, side by side."""
    first, *others = scenarios
    s = first.summary
    parts: list[RenderableType] = [*_heading(s), Text(), _assumed(s)]
    if others:
        blocks = -(-len(others) // SIDE_BY_SIDE)
        most = -(-len(others) // blocks)
        for i in range(0, len(others), most):
            parts += [Text(), *_side_by_side(first, others[i : i + most])]
        parts += [Text(), text("below a number: how it differs from the first column, trial by trial with the same random numbers", "dim")]
        parts += [text(f"all numbers of a scenario: `{argument('format', 'json')}` and `{argument('format', 'csv')}`", "dim")]
    else:
        parts += _alone(s)
    parts += [text("±: Monte-Carlo standard error. 5%, 95%: how the number varies between trials", "dim")]
    notes = list(dict.fromkeys(s.notes))
    notes += [f"{o.summary.name}: {note}" for o in others for note in dict.fromkeys(o.summary.notes) if note not in notes]
    return Page(*parts, *([Text()] if notes else []), *(Text.assemble(("note: ", "bold"), text(note)) for note in notes))


def _heading(s: Summary) -> list[Text]:
    trials = f"{s.trials:,} simulated {plural(s.trials, 'trial')}"
    lines = [unblinded("the arms of real subjects were used")] if s.unblinded else []
    lines += [text(s.title, style="bold"), text(f"regimen {s.regimen}, {trials}, seed {s.seed}, accrual and stop up to {s.horizon}")]
    if s.as_of is not None:
        people = counted(s.subjects_so_far, "real subject")
        lines.append(text(f"each trial goes on from {people} up to {s.as_of}"))
    about = [part for part in (s.assumptions.title, s.assumptions.source) if part]
    return [*lines, *([text("; ".join(about))] if about else [])]


def _assumed(s: Summary) -> Table:
    made = Table("Assumed", "", "", wraps=[""])
    for key, written in s.assumptions.written:
        made.add_row(text(key), text(written), Text("invented", "yellow") if key in s.assumptions.invented else Text())
    return made


def _alone(s: Summary) -> list[RenderableType]:
    """One set of assumptions, in full."""
    parts: list[RenderableType] = [Text(), _stop(s)]
    for rows in (_people(s), _given(s)):
        parts += [Text(), rows]
    if s.by_month:
        parts += [Text(), _grid(s.by_month, "month", s.doses_are.capitalize())]
    if s.vials_by_month:
        parts += [Text(), _grid(s.vials_by_month, "month", "Vials")]
    if s.by_month_and_site:
        parts += [Text(), _grid(s.by_site, "site", s.doses_are.capitalize())]
        parts += [Text(), _grid(s.vials_by_site, "site", "Vials")] if s.vials_by_site else []
        parts += [text(f"by month and site: `{argument('format', 'json')}` and `{argument('format', 'csv')}`", "dim")]
    return [*parts, Text()]


# --- numbers ------------------------------------------------------------------------------------------------------------


def _decimals(error: float) -> int:
    """So many that the error has two digits: of what lies beyond nothing is known."""
    return 2 if not error or math.isnan(error) else max(0, min(4, 1 - math.floor(math.log10(error))))


def _fixed(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}"


def _mean(number: Spread[float]) -> list[str]:
    """Mean and error, as two cells."""
    if not number.error or math.isnan(number.error):
        return [number_text(round(number.mean, 2)), "0" if not number.error else "–"]
    decimals = _decimals(number.error)
    return [_fixed(number.mean, decimals), _fixed(number.error, decimals)]


def _days(days: float) -> str:
    return "–" if math.isnan(days) else f"{days:.1f}"


def _percent(share: Share, trials: int) -> list[str]:
    """A share and its error, as two cells; where it is all or nothing, the error would be 0, and that would say too much."""
    if share.share in (0, 1):
        return ["none" if not share.share else "all", f"of {trials:,}"]
    decimals = _decimals(share.error * 100)
    return [f"{share.share * 100:.{decimals}f}%", f"{share.error * 100:.{decimals}f}"]


def _quantiles(number: Spread[float], shares: Iterable[float] = (0.05, 0.5, 0.95)) -> list[str]:
    return [number_text(number.quantile(share)) for share in shares]


def _count(what: str, s: Summary) -> str:
    """What a number counts. Where nobody adjudicates, no relapse is a confirmed one."""
    return "First relapses" if what == "relapses" and not s.adjudicated else _COUNTS[what]


def _trigger(name: str, s: Summary) -> str:
    if name == "relapses":
        return f"{s.relapses_to_stop} relapses" if s.relapses_to_stop is not None else "relapses"
    return _TRIGGERS.get(name, name)


# --- one set of assumptions ---------------------------------------------------------------------------------------------


def _table(what: str, *headings: str) -> Table:
    return Table(what, *headings, right=headings)


def _fill(made: Table, rows: Iterable[Sequence[str]]) -> Table:
    for row in rows:
        made.add_row(*map(text, row))
    return made


def _stop(s: Summary) -> RenderableType:
    """When the study stops, and what stops it."""
    if s.stop is None:
        return text("The study stops in none of the trials.", style="bold")
    rows = [["mean", date_text(s.stop.mean), _days(s.stop.error)]]
    of = "of trials" if s.stop.share == 1 else "of these"
    rows += [[f"{q.share:.0%} {of} by", date_text(q.value), _days(q.error)] for q in s.stop.quantiles]
    rows += [["standard deviation", f"{_days(s.stop.sd)} days", ""]]
    which = "Study stop" if s.stop.share == 1 else f"Study stop, in the {s.stop.share:.1%} of trials that stop"
    dates = _fill(Table(which, "Date", "± days", right=["± days"]), rows)
    shares = [[_trigger(by.name, s), *_percent(by, s.trials)] for by in s.by_trigger if by.share or by.name in (*s.stop_rules, "never")]
    return Page(dates, Text(), _fill(_table("Stopped by", "Trials", "±"), shares))


_SPREAD = ("Mean", "±", "SD", "5%", "Median", "95%")


def _spread_cells(number: Spread[float]) -> list[str]:
    return [*_mean(number), "–" if math.isnan(number.sd) else f"{number.sd:.1f}" if number.sd else "0", *_quantiles(number)]


def _people(s: Summary) -> Table:
    rows = [[_count(what, s), *_spread_cells(s.counts[what])] for what in ("enrolled", "relapses")]
    rows += [[f"Way out: {rule}", *_spread_cells(number)] for rule, number in s.exits.items()]
    rows += [[f"Entered after: {rule}", *_spread_cells(number)] for rule, number in s.entries.items()]
    if s.entries:
        rows += [[_COUNTS[what], *_spread_cells(s.counts[what])] for what in ("declined", "refused", "left")]
    return _fill(_table("In a trial", *_SPREAD), rows)


def _given(s: Summary) -> RenderableType:
    rows = [[f"{s.doses_are.capitalize()}, {row.period}", *_spread_cells(row.number)] for row in s.doses]
    rows += [[f"Vials, {row.period}: {row.product} {row.size}", *_spread_cells(row.number)] for row in s.vials]
    made = _fill(_table("In a trial", *_SPREAD), rows)
    if s.last_dose is None:
        return made
    last, q = s.last_dose, s.last_dose.quantile
    when = f"Last {s.doses_are[:-1]}: mean {last.mean} ± {_days(last.error)} days, 5% {q(0.05)}, median {q(0.5)}, 95% {q(0.95)}"
    return Page(made, text(when))


def _grid(rows: Sequence[Row], by: Literal["month", "site"], what: str) -> Table:
    """A line for each month, or site, three columns for each period: mean, error, and how it varies."""
    several = len({row.period for row in rows}) > 1

    def name_of(row: Row) -> str:
        vials = f"{row.product} {row.size}"
        return row.period if row.product is None else f"{row.period}: {vials}" if several else vials

    names = list(dict.fromkeys(map(name_of, rows)))
    made = Table(f"{what} by {by}", *(h for name in names for h in (name, "±", "5–95%")), right=[*names, "±", "5–95%"])
    found = {(getattr(row, by) or "", name_of(row)): row.number for row in rows}
    for line in dict.fromkeys(line for line, _ in found):
        cells: list[str] = []
        for name in names:
            number = found.get((line, name))
            low, high = _quantiles(number, (0.05, 0.95)) if number is not None else ("", "")
            cells += [*_mean(number), f"{low}–{high}"] if number is not None else ["–", "", ""]
        made.add_row(text(line), *map(text, cells))
    return made


# --- side by side -------------------------------------------------------------------------------------------------------


def _side_by_side(first: Scenario, others: Sequence[Scenario]) -> list[RenderableType]:
    """A column for the trial as assumed and one for each scenario; below a number its difference from the first column."""
    columns = [first, *others]
    names = [printed.summary.name for printed in columns]
    made = Table("", *names, wraps=names)
    for what, cells, differences in _compared(columns):
        below = (Text("\n") + text(found, style="dim") for found in differences) if any(differences) else [Text()] * len(cells)
        made.add_row(text(what, style="bold"), *(text(cell) + more for cell, more in zip(cells, below, strict=True)))
    return [*_changes(first.summary, others), Text(), made]


def _changes(base: Summary, others: Sequence[Scenario]) -> list[Text]:
    """What each scenario assumes that the first does not."""
    was = dict(base.assumptions.written)
    lines = []
    for other in others:
        now = dict(other.summary.assumptions.written)
        changed = [f"{key}: {value}" for key, value in now.items() if was.get(key) != value]
        lines.append(Text.assemble((text(other.summary.name, "bold")), ": ", text("; ".join(changed) or "nothing is changed")))
    return lines


Line = tuple[str, list[str], list[str]]


def _compared(columns: Sequence[Scenario]) -> Iterable[Line]:
    """Rows of the comparison: what, a cell for each column, and its difference where one was counted."""
    summaries = [column.summary for column in columns]
    nothing: list[str] = []
    given = summaries[0].doses_are.capitalize()
    yield "Study stop, median", [_quantile_cell(s.stop, 0.5) for s in summaries], nothing
    yield "Study stop, mean", [_date_cell(s.stop) for s in summaries], _differences(columns, "study_stop")
    for name in dict.fromkeys(by.name for s in summaries for by in s.by_trigger):
        yield (
            f"Stopped by {_trigger(name, summaries[0])}" if name != "never" else "Never stopped",
            [_share_cell(s, name) for s in summaries],
            nothing,
        )
    for what in ("enrolled", "relapses"):
        yield _count(what, summaries[0]), [_cell(s.counts[what]) for s in summaries], _differences(columns, what)
    rules = list(dict.fromkeys(rule for s in summaries for rule in s.entries))
    for rule in rules:
        yield f"Entered after: {rule}", [_cell(s.entries.get(rule)) for s in summaries], nothing
    if rules:
        yield "Entered, all", [_cell(s.all_entries) for s in summaries], _differences(columns, "entries")
    periods = list(dict.fromkeys(row.period for s in summaries for row in s.doses))
    for period in periods:
        numbers = [next((row.number for row in s.doses if row.period == period), None) for s in summaries]
        yield f"{given}, {period}", [_cell(number) for number in numbers], nothing
    if periods:
        yield f"{given}, all", [_cell(s.all_doses) for s in summaries], _differences(columns, "doses")
    yield f"Last {given.lower()[:-1]}, mean", [_date_cell(s.last_dose) for s in summaries], _differences(columns, "last_dose")


def _cell(number: Spread[float] | None) -> str:
    return " ± ".join(_mean(number)) if number is not None else "–"


def _date_cell(date: Spread[dt.date] | None) -> str:
    return f"{date.mean} ± {_days(date.error)}{_some(date)}" if date is not None else "–"


def _quantile_cell(date: Spread[dt.date] | None, share: float) -> str:
    found = next((q for q in date.quantiles if q.share == share), None) if date is not None else None
    return f"{found.value} ± {_days(found.error)}{_some(date)}" if date is not None and found is not None else "–"


def _some(date: Spread[dt.date]) -> str:
    """Of how many trials, where it is not all."""
    return f" (of {date.share:.0%})" if date.share < 1 else ""


def _share_cell(s: Summary, name: str) -> str:
    found = next((by for by in s.by_trigger if by.name == name), None)
    if found is None:
        return "–"
    return (" " if found.share in (0, 1) else " ± ").join(_percent(found, s.trials))


def _differences(columns: Sequence[Scenario], what: str) -> list[str]:
    """`+143.2 ± 0.4 days` below each column; nothing below the first."""
    return [_difference(next((d for d in column.differences if d.what == what), None)) for column in columns]


def _difference(found: Difference | None) -> str:
    if found is None:
        return ""
    number = found.number
    if not number.mean and not number.sd:
        return "the same"
    decimals = 1 if found.what in _DATED else _decimals(number.error)
    error = "–" if math.isnan(number.error) else _fixed(number.error, decimals)
    days = " days" if found.what in _DATED else ""
    some = f" in {number.share:.0%} of trials" if found.what in _DATED and number.share < 1 else ""
    return f"{number.mean:+,.{decimals}f} ± {error}{days}{some}"
