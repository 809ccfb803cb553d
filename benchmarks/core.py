"""`expand` against what one would write by hand: with numpy, with pandas, subject by subject. And the memory it takes."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
from dateutil.relativedelta import relativedelta
from numpy.typing import NDArray
from race import heading, race, row

from nmosd_dosing import Cohort, Schedule, expand, load

SUBJECTS, IN_PANDAS, IN_A_LOOP = 1_000_000, 100_000, 10_000  # the slow ones run over fewer subjects; times are per subject
ROUNDS = 5
SLICE = 50_000
DOSE_DAYS = (0, 14, *range(28, 337, 28))
VISIT_DAYS = (*DOSE_DAYS, 364)

Floats = NDArray[np.float64]
Dates = NDArray[np.datetime64]
Arrays = tuple[Dates, Floats, Floats]  # dates (m, n), amounts (k, n), cumulative amounts (k, n)


def people(n: int) -> tuple[Dates, Floats]:
    """Random first days, and weights in kg."""
    random = np.random.default_rng(1)
    days = np.datetime64("2018-01-01", "D") + random.integers(0, 3000, n)
    return days, random.integers(35_000, 130_000, n) / 1000


def belimumab_numpy(start: Dates, kg: Floats) -> Arrays:
    """10 mg/kg, 14 times; whole arrays at once, each written once."""
    mg = 10 * kg
    target = start + np.array(VISIT_DAYS, dtype="timedelta64[D]")[:, np.newaxis]
    amount = np.empty((len(DOSE_DAYS), len(mg)))
    amount[:] = mg
    cumulative = np.arange(1.0, len(DOSE_DAYS) + 1)[:, np.newaxis] * mg
    return target, amount, cumulative


def belimumab_pandas(start: Dates, kg: Floats) -> pd.DataFrame:
    """A row for each subject and visit."""
    subjects = pd.DataFrame({"subject": np.arange(len(start)), "start": start, "mg": 10 * kg})
    visits = pd.DataFrame({"after": pd.to_timedelta(VISIT_DAYS, unit="D"), "dose": [day in DOSE_DAYS for day in VISIT_DAYS]})
    frame = subjects.merge(visits, how="cross")
    frame["target"] = frame["start"] + frame["after"]
    frame["amount"] = frame["mg"].where(frame["dose"])
    frame["cumulative"] = frame.groupby("subject", sort=False)["amount"].cumsum()
    return frame


Subject = tuple[list[dt.date], list[float], list[float]]


def in_a_loop(start: list[dt.date], mg: list[float], visits: Sequence[tuple[Any, bool]]) -> list[Subject]:
    """Subject by subject, visit by visit. A visit is what to add to the first day, and whether a dose is given."""
    subjects = []
    for first, dose in zip(start, mg, strict=True):
        dates, amounts, totals, total = [], [], [], 0.0
        for step, gives in visits:
            dates.append(first + step)
            if gives:
                total += dose
                amounts.append(dose)
                totals.append(total)
        subjects.append((dates, amounts, totals))
    return subjects


def arrays(result: object) -> Arrays:
    """Any of the results in the shape of a schedule."""
    if isinstance(result, Schedule):
        return result.target, result.amount, result.cumulative
    if isinstance(result, pd.DataFrame):
        columns = (result[name].to_numpy().reshape(-1, len(VISIT_DAYS)).T for name in ("target", "amount", "cumulative"))
        target, amount, cumulative = columns
        return target.astype("datetime64[D]"), amount[: len(DOSE_DAYS)], cumulative[: len(DOSE_DAYS)]
    if isinstance(result, list):
        dates, amounts, totals = zip(*result, strict=True)
        return np.array(dates, dtype="datetime64[D]").T, np.array(amounts).T, np.array(totals).T
    assert isinstance(result, tuple)
    return result


def check(contestants: dict[str, Callable[[], object]]) -> None:
    """All come to the same: dates to the day, amounts to 12 digits (only expand's are exact)."""
    first, *others = contestants
    expected = arrays(contestants[first]())
    for name in others:
        for ours, theirs in zip(expected, arrays(contestants[name]()), strict=True):
            n = theirs.shape[1]
            same = np.array_equal(ours[:, :n], theirs) if theirs.dtype.kind == "M" else np.allclose(ours[:, :n], theirs, rtol=1e-12, atol=0)
            assert ours.shape[0] == theirs.shape[0] and same, f"{name} and {first} differ"


def belimumab() -> None:
    start, kg = people(SUBJECTS)
    study, cohort = load("belimumab"), Cohort.of(start, kg)
    few, mg = start[:IN_A_LOOP].tolist(), (10 * kg[:IN_A_LOOP]).tolist()
    by_timedelta = [(dt.timedelta(days=day), day in DOSE_DAYS) for day in VISIT_DAYS]
    by_relativedelta = [(relativedelta(days=day), day in DOSE_DAYS) for day in VISIT_DAYS]
    contestants: dict[str, Callable[[], object]] = {
        "expand": lambda: expand(study, cohort),
        "numpy": lambda: belimumab_numpy(start, kg),
        "pandas": lambda: belimumab_pandas(start[:IN_PANDAS], kg[:IN_PANDAS]),
        "timedelta": lambda: in_a_loop(few, mg, by_timedelta),
        "relativedelta": lambda: in_a_loop(few, mg, by_relativedelta),
    }
    check(contestants)
    seconds = race(contestants, ROUNDS)
    ours = seconds["expand"] / SUBJECTS
    heading(f"core: belimumab, 14 doses of 10 mg/kg, {SUBJECTS:,} subjects; all results are equal")
    row("expand / numpy broadcast by hand", seconds["expand"] / seconds["numpy"], "goal: at most 2")
    row("pandas / expand", seconds["pandas"] / IN_PANDAS / ours, f"over {IN_PANDAS:,} subjects, scaled")
    row("loop with timedelta / expand", seconds["timedelta"] / IN_A_LOOP / ours, f"over {IN_A_LOOP:,} subjects, scaled")
    row("loop with relativedelta / expand", seconds["relativedelta"] / IN_A_LOOP / ours, "likewise; goal: more than 200")


def bat4406f() -> None:
    start, _ = people(SUBJECTS)
    study, cohort = load("bat4406f"), Cohort.of(start)
    few, mg = start[:IN_A_LOOP].tolist(), [500.0] * IN_A_LOOP
    visits = [(relativedelta(months=months), True) for months in (0, 6, 12, 18, 24)]
    eighth = next(cohort.slices(SUBJECTS // 8))
    contestants: dict[str, Callable[[], object]] = {
        "expand": lambda: expand(study, cohort, period="olp"),
        "eighth": lambda: expand(study, eighth, period="olp"),
        "relativedelta": lambda: in_a_loop(few, mg, visits),
    }
    check(contestants)
    seconds = race(contestants, ROUNDS)
    heading(f"core: bat4406f olp, 500 mg every 6 months for 24 months, {SUBJECTS:,} subjects; all results are equal")
    ratio = seconds["relativedelta"] / IN_A_LOOP / (seconds["expand"] / SUBJECTS)
    row("loop with relativedelta / expand", ratio, f"over {IN_A_LOOP:,} subjects, scaled; goal: more than 200")
    row(f"expand, per subject: of {SUBJECTS:,} / of {len(eighth):,}", seconds["expand"] / seconds["eighth"] / 8, "goal: about 1")


def peak(size: int) -> dict[str, int]:
    """Bytes at the peak of a run over all subjects, `size` at a time, beyond the cohort; and of the arrays that it makes."""
    study, cohort = load("belimumab"), Cohort.of(*people(SUBJECTS))
    output = 0
    tracemalloc.start()
    for part in cohort.slices(size):
        output += sum(array.nbytes for array in arrays(expand(study, part)))
    return {"peak": tracemalloc.get_traced_memory()[1], "output": output}


def memory() -> None:
    heading(f"core: peak memory over {SUBJECTS:,} subjects, measured in a process of its own")
    for what, size in (("at once", SUBJECTS), (f"in slices of {SLICE:,}", SLICE)):
        found = json.loads(subprocess.check_output([sys.executable, __file__, "peak", str(size)]))
        remark = f"{found['peak'] / 1e6:,.0f} MB for {found['output'] / 1e6:,.0f} MB of dates and amounts"
        row(f"expand {what}: peak / output", found["peak"] / found["output"], remark)


if __name__ == "__main__":
    if sys.argv[1:2] == ["peak"]:
        print(json.dumps(peak(int(sys.argv[2]))))
    else:
        belimumab()
        bat4406f()
        memory()
