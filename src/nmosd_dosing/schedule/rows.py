"""What the rows of a schedule's doses are: one product at one visit; and the weights that they are by, where these are renewed in steps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.days import Dates
from nmosd_dosing.study.visit_rules import Give


@dataclass(frozen=True, slots=True)
class Row:
    """One product at one visit: a row of `amount` and `cumulative`, which are whole numbers divided by `scale`."""

    visit: int
    give: Give
    scale: int = 1


@dataclass(frozen=True, slots=True)
class Reweighed:
    """(w, n) the weights that a product's doses are by once the one at baseline is not: each from the day of the first dose by it on, in
    that order, NaT and NaN behind them. of: when it was measured."""

    since: Dates
    grams: NDArray[np.float64]
    of: Dates
