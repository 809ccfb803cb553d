"""`dosing cohort` against pandas, which reads the same table of subjects and writes the same table of visits, without working it out."""

from __future__ import annotations

import datetime as dt
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]
from race import heading, race, row

SUBJECTS, IN_PANDAS = 1_000_000, 100_000  # pandas has the whole output in memory, so it gets fewer; times are per subject
DAYS = 180  # on which subjects begin: the study stops after some hundreds of them
PEAK = "import resource, subprocess, sys; subprocess.run(sys.argv[1:]); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"


def write_subjects(path: Path, n: int) -> None:
    chance = random.Random(1)
    with path.open("w", encoding="utf-8") as file:
        file.write("subject,start,weight_kg\n")
        for i in range(n):
            start = dt.date(2025, 1, 6) + dt.timedelta(chance.randrange(DAYS))
            file.write(f"S{i:07},{start},{chance.randrange(35_000, 130_000) / 1000:g}\n")


def command(subjects: Path, output: Path) -> list[str]:
    return [sys.executable, "-m", "nmosd_dosing", "cohort", "--regimen", "bat4406f", str(subjects), "--output", str(output)]


def cohort(subjects: Path, output: Path) -> None:
    subprocess.run(command(subjects, output), check=True)


def in_pandas(subjects: Path, visits: pd.DataFrame, output: Path) -> None:
    pd.read_csv(subjects, dtype={"subject": str})
    visits.to_csv(output, index=False)


def of_children() -> float:
    """The processor time of the commands that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = ("few.csv", "many.csv", "ours.csv", "theirs.csv", "ours.parquet")
        few, many, ours, theirs, as_parquet = (Path(folder) / name for name in names)
        write_subjects(few, IN_PANDAS)
        write_subjects(many, SUBJECTS)
        cohort(few, ours)
        visits = pd.read_csv(ours, dtype=str, keep_default_na=False)  # texts, which pandas need not format
        in_pandas(few, visits, theirs)
        assert ours.read_bytes() == theirs.read_bytes(), "cohort and pandas differ"
        contestants: dict[str, Callable[[], object]] = {
            "cohort": lambda: cohort(few, ours),
            "pandas": lambda: in_pandas(few, visits, theirs),
        }
        seconds = race(contestants, 2)
        begin = time.perf_counter()
        cohort(many, ours)
        taken, size = time.perf_counter() - begin, ours.stat().st_size
        peak = int(subprocess.check_output([sys.executable, "-c", PEAK, *command(many, ours)])) * 1024
        begin = of_children()
        cohort(many, as_parquet)
        parquet, parquet_size = of_children() - begin, as_parquet.stat().st_size
        heading(f"cohort: bat4406f, {len(visits) // IN_PANDAS} visits of each subject, from a table to a table; the bytes are equal")
        row(f"pandas / cohort, {IN_PANDAS:,} subjects", seconds["pandas"] / seconds["cohort"], "to_csv of texts; goal: more than 1")
        scaled = seconds["pandas"] / IN_PANDAS * SUBJECTS / taken
        row(f"pandas, scaled / cohort, {SUBJECTS:,} subjects", scaled, f"{taken:.1f} s, {size / 1e9:.2f} GB")
        smaller = f"seconds; {parquet_size / 1e6:.0f} MB, 1/{size / parquet_size:.0f} of CSV"
        row(f"Parquet: processor time, {SUBJECTS:,} subjects", parquet, smaller)
        row("peak memory / output", peak / size, f"{peak / 1e6:,.0f} MB, {peak / SUBJECTS:,.0f} bytes a subject")


if __name__ == "__main__":
    main()
