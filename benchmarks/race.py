"""Contestants measured in turn, so that whatever disturbs the machine disturbs all; and one table for what came out."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable


def race(contestants: dict[str, Callable[[], object]], rounds: int, clock: Callable[[], float] = time.perf_counter) -> dict[str, float]:
    """The fewest seconds of each, over rounds in which each runs twice; a first round is not counted.

    Twice, because memory is slow to get for whoever comes after a pause. The fewest, because a busy machine only ever adds.
    Results are dropped at once. clock: `time.process_time` where all keep to one processor and take long: others are then not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds + 1):
        for name, run in contestants.items():
            for _ in range(2):
                gc.collect()
                begin = clock()
                result = run()
                taken = clock() - begin
                del result
                if number:
                    seconds[name].append(taken)
    return {name: min(taken) for name, taken in seconds.items()}


def heading(text: str) -> None:
    print(f"\n{text}", flush=True)


def row(what: str, ratio: float, remark: str = "") -> None:
    """A line of the table: a ratio and, where there is one, the goal or what it is made of."""
    print(f"  {what:<58}{ratio:>9.{2 if ratio < 20 else 0}f}  {remark}".rstrip(), flush=True)
