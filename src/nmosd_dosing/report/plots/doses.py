"""Cumulative doses as a drawing: a curve for each weight, with a step at each visit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import InputError, Problem, argument
from nmosd_dosing.pharmacy.dose_table import DoseTable, WeightRow, counts
from nmosd_dosing.report.plots.drawing import drawing, needs_matplotlib, plain_axes
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_NAMED = 12  # curves that the legend names


def draw_doses(table: DoseTable, ending: str) -> bytes:
    """The drawing as the content of an .svg, .png or .pdf file.

    Raises InputError where matplotlib is not installed, and where no total is known.
    """
    needs_matplotlib()
    keys = [(s.product, s.unit) for s in table.rows[0].totals]
    drawn = [key for key in keys if any(len(_curve(row, key)[0]) > 1 for row in table.rows)]
    if not drawn:
        why = table.rows[0].totals[0].status if keys else "there are none"
        hint = f"`{argument('arm', 'ARM')} {argument('unblind')}` shows them"
        hint = hint if why == "masked" else f"`{argument('format', 'json')}` says of each dose what is known"
        raise InputError(Problem(f"no total can be drawn: doses {'are ' if keys else ''}{why}", hint=hint))
    return drawing(lambda figure: _fill(figure, table, drawn), (8, 1 + 4 * len(drawn)), ending)


def _fill(figure: Figure, table: DoseTable, keys: list[tuple[str, str | None]]) -> None:
    plan = table.plan
    heading = f"{plan.title}\nregimen {plan.regimen}: cumulative dose by body weight"
    figure.suptitle(without_controls(f"UNBLINDED: arm {plan.arm}\n{heading}" if table.unblinded else heading), fontsize=12)
    for number, key in enumerate(keys, 1):
        axes = figure.add_subplot(len(keys), 1, number)
        _draw(axes, table, key)
    axes.set_xlabel("study day (day 1: first day of treatment)")


def _draw(axes: Axes, table: DoseTable, key: tuple[str, str | None]) -> None:
    from matplotlib import colormaps

    product, unit = key
    n, colours = len(table.rows), colormaps["viridis"]
    named = {round(i * (n - 1) / (_NAMED - 1)) for i in range(_NAMED)} if n > _NAMED else set(range(n))
    for i, row in enumerate(table.rows):
        days, totals = _curve(row, key)
        height = f", {number_text(row.height_cm)} cm" if row.height_cm is not None else ""
        axes.plot(
            days, totals, color=colours(0.9 * (1 - i / max(1, n - 1))), linewidth=1.6 if n <= _NAMED else 0.8,
            marker="o" if n <= _NAMED else None, markersize=3.5, markevery=slice(1, None, 2),
            label=f"{number_text(row.weight_kg)} kg{height}" if i in named else None,
        )  # fmt: skip
    axes.set_ylabel(without_controls(f"{product}, cumulative dose" + (f" ({unit})" if unit else "")))
    plain_axes(axes)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(handles[::-1], labels[::-1], title="body weight", loc="upper left", frameon=False)


def _curve(row: WeightRow, key: tuple[str, str | None]) -> tuple[list[int], list[float]]:
    """Study days and totals, from 0 on: a step on the day of each dose, a slope over a course of several days; up to the first
    total that is not known."""
    days, totals = [], []
    before = 0.0
    for d in row.doses:
        if not counts(d, *key):
            continue
        if d.study_day is None or d.dose.cumulative is None:
            break
        days += [d.study_day, d.last_day or d.study_day]
        totals += [before, d.dose.cumulative]
        before = d.dose.cumulative
    return days, totals
