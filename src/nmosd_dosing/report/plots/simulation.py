"""Simulated trials as one page of four drawings: the study stop, relapses, infusions by month, and where subjects are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nmosd_dosing.days import Offset, shift_date
from nmosd_dosing.errors import plural
from nmosd_dosing.report.plots.drawing import drawing, plain_axes
from nmosd_dosing.screen import without_controls
from nmosd_dosing.simulation.outcomes import STATES_LEFT
from nmosd_dosing.simulation.summaries import Spread, Summary

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_WEEKS = 160  # bars of a week each; of a longer time a bar is a month
_BAND = (0.05, 0.95)


def draw_simulation(summary: Summary, ending: str) -> bytes:
    """The page as the content of an .svg, .png or .pdf file. Raises InputError where matplotlib is not installed."""
    return drawing(lambda figure: _fill(figure, summary), (11, 8), ending)


def _fill(figure: Figure, s: Summary) -> None:
    trials = f"{s.trials:,} simulated {plural(s.trials, 'trial')}, seed {s.seed}"
    so_far = f", from {s.subjects_so_far} real subjects up to {s.as_of}" if s.as_of is not None else ""
    heading = f"{s.title}\nregimen {s.regimen}, {s.name}: {trials}{so_far}"
    figure.suptitle(without_controls(f"UNBLINDED: the arms of real subjects were used\n{heading}" if s.unblinded else heading), fontsize=12)
    for number, draw in enumerate((_stops, _relapses, _infusions, _states), 1):
        axes = figure.add_subplot(2, 2, number)
        draw(axes, s)
        plain_axes(axes)


def _stops(axes: Axes, s: Summary) -> None:
    """How many trials stop in each week, or month, and by when some shares of them have."""
    axes.set_title("Study stop", loc="left", fontsize=10)
    if s.stop is None:
        axes.text(0.5, 0.5, "no trial stops", transform=axes.transAxes, ha="center")
        axes.set_axis_off()
        return
    first, last = s.stops_by_day[0][0], s.stops_by_day[-1][0]
    weekly = (last - first).days < 7 * _WEEKS
    bars: dict[dt.date, int] = {}
    for day, count in s.stops_by_day:
        begin = day - dt.timedelta(days=day.weekday()) if weekly else day.replace(day=1)
        bars[begin] = bars.get(begin, 0) + count
    heights = [count / s.trials * 100 for count in bars.values()]
    axes.bar(list(bars), heights, width=7 if weekly else 30, align="edge", color="tab:blue", linewidth=0)  # type: ignore[arg-type]
    for share, style in ((0.05, ":"), (0.5, "-"), (0.95, "--")):
        found = next(q for q in s.stop.quantiles if q.share == share)
        label = f"{share:.0%} of trials by {found.value}" + (f" ± {found.error:.1f} days" if s.trials > 1 else "")
        axes.axvline(found.value, color="black", linestyle=style, linewidth=1, label=label)  # type: ignore[arg-type]
    axes.set_ylim(top=min(100, max(heights) * 1.3))
    axes.set_ylabel(f"% of trials, by {'week' if weekly else 'month'}")
    _dated(axes)
    axes.legend(loc="upper left", framealpha=0.9, edgecolor="none", fontsize=8)  # over a bar it can still be read


def _relapses(axes: Axes, s: Summary) -> None:
    """Confirmed relapses up to the end of each month."""
    axes.set_title("Confirmed relapses", loc="left", fontsize=10)
    months = [(_after(month), number) for month, number in s.relapses_by_month]
    _band(axes, [day for day, _ in months], [number for _, number in months], "tab:red", "mean, 5–95% of trials")
    if s.relapses_to_stop is not None:
        axes.axhline(s.relapses_to_stop, color="black", linestyle="--", linewidth=1, label=f"{s.relapses_to_stop} stop the study")
    axes.set_ylabel("relapses, added up")
    _dated(axes)
    axes.legend(loc="lower right", frameon=False, fontsize=8)


def _infusions(axes: Axes, s: Summary) -> None:
    """By month and period; a month without a row has none."""
    axes.set_title(f"{s.doses_are.capitalize()} by month", loc="left", fontsize=10)
    for i, period in enumerate(dict.fromkeys(row.period for row in s.by_month)):
        numbers = {row.month or "": row.number for row in s.by_month if row.period == period}
        there = sorted(numbers)
        _band(axes, [_first(month) for month in there], [numbers[month] for month in there], f"C{i}", without_controls(period))
    axes.set_ylabel(f"{s.doses_are}, mean and 5–95% of trials")
    _dated(axes)
    axes.legend(loc="upper right", frameon=False, fontsize=8)


def _states(axes: Axes, s: Summary) -> None:
    """How many subjects are in each period at the end of a month, on average."""
    axes.set_title("Subjects at the end of a month, mean", loc="left", fontsize=10)
    states = list(dict.fromkeys(row.state for row in s.states))
    months = sorted({row.month for row in s.states})
    means = {(row.state, row.month): row.mean for row in s.states}
    if months:
        axes.stackplot(
            [_after(month) for month in months],  # type: ignore[arg-type]
            [[means[state, month] for month in months] for state in states],
            labels=["left" if state == STATES_LEFT else without_controls(state) for state in states],
            colors=["0.8" if state == STATES_LEFT else f"C{i}" for i, state in enumerate(states)],
        )
        axes.legend(loc="upper left", frameon=False, fontsize=8)
    axes.set_ylabel("subjects")
    _dated(axes)


def _band(axes: Axes, days: Sequence[dt.date], numbers: Sequence[Spread[float]], colour: str, label: str) -> None:
    low, high = ([number.quantile(share) for number in numbers] for share in _BAND)
    axes.fill_between(days, low, high, color=colour, alpha=0.25, linewidth=0)  # type: ignore[arg-type]
    axes.plot(days, [number.mean for number in numbers], color=colour, linewidth=1.6, label=label)  # type: ignore[arg-type]


def _first(month: str) -> dt.date:
    return dt.date.fromisoformat(f"{month}-01")


def _after(month: str) -> dt.date:
    """The first day after a month."""
    return shift_date(_first(month), Offset(months=1))


def _dated(axes: Axes) -> None:
    """Months as numbers, since their names differ between machines; days where a month would stand twice."""
    from matplotlib.dates import AutoDateLocator, DateFormatter, num2date

    axes.xaxis.set_major_locator(AutoDateLocator(minticks=3, maxticks=7))  # type: ignore[no-untyped-call]
    months = all(num2date(tick).day == 1 for tick in axes.get_xticks())  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(DateFormatter("%Y-%m" if months else "%Y-%m-%d"))  # type: ignore[no-untyped-call]
    axes.tick_params(labelsize=8)
