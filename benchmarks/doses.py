"""Doses and cumulative doses of a million subjects with two weights each, against what one would write by hand with numpy and pandas."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
from core import DOSE_DAYS, VISIT_DAYS, Arrays, Dates, Floats, arrays, people
from race import heading, race, row

from nmosd_dosing import Cohort, Schedule, expand, load

SUBJECTS, IN_PANDAS = 1_000_000, 100_000
ROUNDS = 5


def weighed(n: int) -> tuple[Dates, Floats, Dates, Floats]:
    """Random first days and weights, and a second weight on some day of the year that follows."""
    start, kg = people(n)
    random = np.random.default_rng(2)
    second = np.round(kg * 1000 * random.uniform(0.85, 1.15, n)) / 1000
    return start, kg, start + random.integers(1, 365, n), second


def by_numpy(start: Dates, kg: Floats, on: Dates, second: Floats) -> Arrays:
    """10 mg/kg of the latest weight, 14 times; whole arrays at once."""
    target = start + np.array(VISIT_DAYS, dtype="timedelta64[D]")[:, np.newaxis]
    doses = target[: len(DOSE_DAYS)]
    amount = 10 * np.where(on <= doses, second, kg)
    return target, amount, np.cumsum(amount, axis=0)


def by_pandas(start: Dates, kg: Floats, on: Dates, second: Floats) -> pd.DataFrame:
    """A row for each subject and visit, the weights joined as of its day."""
    subjects = pd.DataFrame({"subject": np.arange(len(start)), "start": start.astype("datetime64[s]")})
    visits = pd.DataFrame({"after": pd.to_timedelta(DOSE_DAYS, unit="D").astype("timedelta64[s]")})
    frame = subjects.merge(visits, how="cross")
    frame["target"] = frame["start"] + frame["after"]
    weights = pd.concat(
        pd.DataFrame({"subject": np.arange(len(start)), "target": days.astype("datetime64[s]"), "kg": column})
        for days, column in ((start, kg), (on, second))
    )
    frame = pd.merge_asof(frame.sort_values("target"), weights.sort_values("target"), on="target", by="subject")
    frame = frame.sort_values(["subject", "target"])
    frame["amount"] = 10 * frame["kg"]
    frame["cumulative"] = frame.groupby("subject", sort=False)["amount"].cumsum()
    return frame


def by_expand(start: Dates, kg: Floats, on: Dates, second: Floats) -> Schedule:
    return expand(load("belimumab"), Cohort.of(start, kg, weighed=(on[np.newaxis], second[np.newaxis])))


def main() -> None:
    """Print the ratios."""
    few = weighed(1000)
    expected = by_numpy(*few)
    for ours, by_hand in zip(arrays(by_expand(*few))[1:], expected[1:], strict=True):
        np.testing.assert_allclose(ours, by_hand, rtol=1e-12)
    frame = by_pandas(*few)
    np.testing.assert_allclose(frame["cumulative"].to_numpy().reshape(-1, len(DOSE_DAYS)).T, expected[2], rtol=1e-12)
    heading(f"doses of {SUBJECTS:,} subjects with two weights each")
    many, some = weighed(SUBJECTS), weighed(IN_PANDAS)
    contestants: dict[str, Callable[[], object]] = {
        "expand": partial(by_expand, *many), "numpy": partial(by_numpy, *many), "pandas": partial(by_pandas, *some),
    }  # fmt: skip
    seconds = race(contestants, ROUNDS)
    row("expand / numpy expression", seconds["expand"] / seconds["numpy"], f"goal: at most 2; expand takes {seconds['expand']:.1f} s")
    row("pandas / expand", seconds["pandas"] / IN_PANDAS / (seconds["expand"] / SUBJECTS), f"over {IN_PANDAS:,} subjects, scaled")


if __name__ == "__main__":
    main()
