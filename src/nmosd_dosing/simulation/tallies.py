"""How often each whole number came up over many trials: what means, quantiles and their Monte-Carlo errors are worked out from.

A tally holds counts, and no trials: its size does not grow with their number, and tallies of parts of a run add up to that of the whole,
to the last digit, in whatever order.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Numbers = NDArray[np.int64]

NONE = np.iinfo(np.int64).min  # of a trial in which there is no such number: the study never stopped; the number of NaT
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class Tally(Struct, frozen=True):
    """`counts[i]` trials came to `first + i`, and `missing` to nothing."""

    first: int
    counts: Numbers
    missing: int = 0

    @staticmethod
    def of(numbers: Numbers) -> Tally:
        """The tally of (t,) numbers, one a trial."""
        there = numbers[numbers != NONE]
        if not len(there):
            return Tally(0, np.zeros(0, dtype=np.int64), len(numbers))
        first = int(there.min())
        return Tally(first, np.bincount(there - first), len(numbers) - len(there))

    def __add__(self, other: Tally) -> Tally:
        if not len(self.counts) or not len(other.counts):
            one = self if len(self.counts) else other
            return Tally(one.first, one.counts, self.missing + other.missing)
        first = min(self.first, other.first)
        counts = np.zeros(max(self.first + len(self.counts), other.first + len(other.counts)) - first, dtype=np.int64)
        for tally in (self, other):
            counts[tally.first - first :][: len(tally.counts)] += tally.counts
        return Tally(first, counts, self.missing + other.missing)

    @property
    def known(self) -> int:
        """How many trials came to a number."""
        return int(self.counts.sum())

    @property
    def trials(self) -> int:
        return self.known + self.missing

    @property
    def mean(self) -> float:
        """Over the trials that came to a number; not a number where none did."""
        n, total, _ = self._sums()
        return self.first + total / n if n else math.nan

    @property
    def sd(self) -> float:
        """The standard deviation between trials; 0 of a single one."""
        n, total, squares = self._sums()
        return math.sqrt((n * squares - total * total) / (n * (n - 1))) if n > 1 else 0.0

    @property
    def error(self) -> float:
        """The Monte-Carlo standard error of the mean."""
        return self.sd / math.sqrt(self.known) if self.known else math.nan

    def quantile(self, share: float) -> int | None:
        """The least number that at least this share of the trials do not exceed; None where no trial came to one."""
        n = self.known
        if not n:
            return None
        reached = np.searchsorted(np.cumsum(self.counts), min(max(math.ceil(share * n - 1e-9), 1), n))
        return self.first + int(reached)

    def quantile_error(self, share: float) -> float | None:
        """About one standard error of a quantile: half of the way between those that lie one error of the share below and above it."""
        n = self.known
        if not n:
            return None
        off = math.sqrt(share * (1 - share) / n)
        low, high = self.quantile(max(share - off, 0.0)), self.quantile(min(share + off, 1.0))
        return (high - low) / 2 if low is not None and high is not None else None

    def _sums(self) -> tuple[int, int, int]:
        """How many, and the sums of what lies beyond `first` and of its squares: whole numbers, so that no order of adding matters."""
        counts = [(i, int(self.counts[i])) for i in np.flatnonzero(self.counts).tolist()]
        return sum(n for _, n in counts), sum(i * n for i, n in counts), sum(i * i * n for i, n in counts)


class Grid(Struct, frozen=True):
    """A tally for each of many cells: `counts[c, v]` of `trials` came to v, a number from 0 on, in cell c.

    In cells behind the last one all came to 0; of sums that run over the cells (`running`) they stay as they are in the last one.
    """

    trials: int
    counts: Numbers
    running: bool = False

    @staticmethod
    def of(numbers: Numbers, running: bool = False) -> Grid:
        """The grid of (cells, t) numbers from 0 on, for t trials."""
        cells, trials = numbers.shape
        most = int(numbers.max(initial=0)) + 1
        flat = numbers + (np.arange(cells) * most)[:, np.newaxis]
        return Grid(trials, np.bincount(flat.ravel(), minlength=cells * most).reshape(cells, most), running)

    def __add__(self, other: Grid) -> Grid:
        shape = tuple(max(a, b) for a, b in zip(self.counts.shape, other.counts.shape, strict=True))
        counts = np.zeros(shape, dtype=np.int64)
        for grid in (self, other):
            cells, most = grid.counts.shape
            counts[:cells, :most] += grid.counts
            if grid.running and cells:
                counts[cells:, :most] += grid.counts[-1]
            else:
                counts[cells:, 0] += grid.trials
        return Grid(self.trials + other.trials, counts, self.running)

    def tallies(self) -> Iterator[Tally]:
        """The tally of each cell."""
        return (Tally(0, counts) for counts in self.counts)
