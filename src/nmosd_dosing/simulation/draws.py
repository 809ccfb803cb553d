"""Chance: one stream of random numbers for each named cause and each block of trials. The only room that draws.

A stream begins anew in every block, from the seed, the cause's name and the block's number and from nothing else: so the numbers are the
same on one core and on several, in whatever order blocks are done, and a further cause leaves those of the others as they were. Subjects
are rows: the first hundred of a larger trial are those of a smaller one.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

_SUBJECTS_AT_ONCE = 65_536  # of all trials of a block: the columns of some twenty of them fit into a processor's cache
MOST_TRIALS_AT_ONCE = 256


def trials_per_block(subjects: int) -> int:
    """How many trials of so many subjects are drawn and worked out together: a power of two."""
    trials = MOST_TRIALS_AT_ONCE
    while trials > 1 and trials * subjects > _SUBJECTS_AT_ONCE:
        trials //= 2
    return trials


class Draws(Struct, frozen=True):
    """The random numbers of one block of trials, (rows, trials) each; a row is a subject, or what the cause counts by.

    kept: how many of the trials are wanted, where the run ends within the block; the numbers are the same.
    """

    seed: int
    block: int
    trials: int
    kept: int | None = None

    @property
    def width(self) -> int:
        """How many trials' numbers are given."""
        return self.trials if self.kept is None else self.kept

    def exponential(self, cause: str, rows: int) -> NDArray[np.float64]:
        """Unit exponentials."""
        return self._stream(cause).standard_exponential((rows, self.trials))[:, : self.kept]

    def uniform(self, cause: str, rows: int) -> NDArray[np.float64]:
        """Numbers from 0 to below 1."""
        return self._stream(cause).random((rows, self.trials))[:, : self.kept]

    def integers(self, cause: str, rows: int, below: int) -> NDArray[np.int64]:
        """Whole numbers from 0 to below `below`."""
        return self._stream(cause).integers(0, below, (rows, self.trials))[:, : self.kept]

    def _stream(self, cause: str) -> np.random.Generator:
        return np.random.Generator(np.random.SFC64(np.random.SeedSequence(self.seed, spawn_key=(_number(cause), self.block))))


@cache
def _number(cause: str) -> int:
    return int.from_bytes(hashlib.sha256(cause.encode()).digest()[:8], "little")
