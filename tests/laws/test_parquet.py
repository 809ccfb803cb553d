"""A table of Parquet says what its CSV says, to readers that others wrote: dates are dates, numbers numbers, codes as they are written."""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
import random
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd  # type: ignore[import-untyped,unused-ignore]
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from nmosd_dosing import Cohort, Event, InputError, Record, Subject, check, expand, load, to_arrow
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.cohort import COHORT_COLUMNS, header, rows, to_parquet
from nmosd_dosing.report.export.column_kinds import IN_UNIT, columns_of
from nmosd_dosing.schedule.excluded import stop_counted
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.subjects.subject import Weight
from tests.kit.cohort_command import GOOD, cohort
from tests.kit.command import dosing, errors
from tests.kit.random_histories import history
from tests.laws.test_cohort_rows import possible

START = dt.date(2025, 1, 6)
ODD = ("0012", '=cmd "x", 50%', "北京", "1e5")


def as_texts(parquet: bytes | Path) -> list[dict[str, str]]:
    """Rows of Parquet as polars reads them, with the texts that CSV has."""
    table = pl.read_parquet(parquet)
    number = [name for name, kind in table.schema.items() if kind == pl.Float64]
    whole = table.with_columns(pl.col(number).map_elements(lambda v: f"{v:.0f}" if v.is_integer() else repr(v), return_dtype=pl.String))
    return [{name: "" if v is None else v for name, v in row.items()} for row in whole.cast(pl.String).iter_rows(named=True)]


def of_csv(text: str) -> list[dict[str, str]]:
    """Rows of CSV as pandas reads them, every cell a text; without the quote before what a spreadsheet would run."""
    found: list[dict[str, str]] = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False).to_dict("records")
    return [{name: cell.removeprefix("'") for name, cell in row.items()} for row in found]


def both(request: Request, size: int) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows of a cohort by CSV and by Parquet."""
    csv = header("csv") + "".join(text for texts in rows(request, "csv", size) for text in texts)
    return of_csv(csv), as_texts(b"".join(to_parquet(request, [], size)))


@pytest.mark.parametrize("regimen", [s.id for s in catalog.shipped()])
@pytest.mark.parametrize("seed", range(4))
def test_a_cohort_is_that_of_its_csv(regimen: str, seed: int) -> None:
    chance, study = random.Random(f"{regimen}{seed}"), load(regimen)
    periods, arms = way(study), arms_of(way(study))
    unblind, people = bool(arms) and seed == 3, []
    for i in range(8):
        its = history(chance, study, periods, START + dt.timedelta(chance.choice((0, 1, 60, 300))))
        made = its.subject(chance.choice(arms) if arms else "none", bool(arms) and (unblind or chance.random() < 0.5))
        made = replace(made, code=f"{i:03}{ODD[i % 4]}", site=ODD[i % 3], weight_kg=chance.choice((None, 50.0, 70.5, 102.517)))
        weights = (Weight(START + dt.timedelta(400), 61.5),) if i == 3 else ()
        people.append(replace(made, records=made.records if chance.random() < 0.4 else (), weights=weights))
    request = Request(study, unblind=unblind, allow_deviation=True, accept_gap=True, cancelled=seed == 2)
    people = possible(request, people, {})
    counted = stop_counted(study, None, Cohort.of_subjects(people, arms))
    csv, parquet = both(replace(request, columns=counted), chance.choice((1, 3, 100)))
    for one, other in zip(csv, parquet, strict=True):
        assert one == other
    assert len(csv) >= len(people)


def test_duckdb_and_pandas_agree_with_the_csv(tmp_path: Path) -> None:
    """Sums, days between dates and codes: of a masked study, and of one with doses by weight."""
    for regimen in ("bat4406f", "belimumab"):
        subjects = GOOD.replace("A1", "0012")
        for name in ("o.csv", "o.parquet"):
            assert cohort(tmp_path, "--output", name, regimen=regimen, subjects=subjects).returncode == 0
        csv, parquet = pd.read_csv(tmp_path / "o.csv", dtype={"subject": str}), tmp_path / "o.parquet"
        asked = "select subject, count(*), sum(amount), max(datediff('day', start, target)), min(earliest) from read_parquet(?) group by 1"
        found = {row[0]: row[1:] for row in duckdb.execute(asked, [str(parquet)]).fetchall()}
        assert list(found) == ["0012", "A2"] or list(found) == ["A2", "0012"]
        for code, mine in csv.groupby("subject"):
            days = (pd.to_datetime(mine["target"]) - pd.to_datetime(mine["start"])).dt.days.max()
            total = mine["amount"].sum()
            assert found[str(code)][:3] == (len(mine), pytest.approx(total) if total else None, days)
        read = pd.read_parquet(parquet)
        assert read["subject"].tolist() == csv["subject"].tolist()
        assert read["status"].dtype == "category"


def test_the_schema_says_what_a_column_holds_and_in_which_unit(tmp_path: Path) -> None:
    assert cohort(tmp_path, "--output", "o.parquet", subjects=GOOD).returncode == 0
    schema = pq.read_schema(tmp_path / "o.parquet")
    assert tuple(schema.names) == COHORT_COLUMNS
    assert [schema.field(name).type for name in ("subject", "target", "amount", "study_day", "unblinded")] == [
        pa.string(), pa.date32(), pa.float64(), pa.int32(), pa.bool_(),
    ]  # fmt: skip
    assert schema.field("status").type == pa.dictionary(pa.int32(), pa.string())
    units = {field.name: field.metadata[b"unit"].decode() for field in schema if field.metadata}
    assert {name: units[name] for name in ("weight_kg", "amount", "volume_ml", "duration_minutes", "study_day")} == {
        "weight_kg": "kg", "amount": IN_UNIT, "volume_ml": "mL", "duration_minutes": "min", "study_day": "days",
    }  # fmt: skip
    assert set(units) == {c.name for c in columns_of(COHORT_COLUMNS) if c.unit}
    assert schema.metadata[b"study"] == b"bat4406f" and schema.metadata[b"unblinded"] == b"false"


@pytest.mark.parametrize("regimen", ["bat4406f", "mil62"])
def test_masked_it_has_the_same_bytes_for_every_arm(regimen: str) -> None:
    study = load(regimen)
    arms = arms_of(way(study))
    ended, made = (Event("died", START),), []
    for arm in (*arms, arms[0]):
        people = [Subject(START, f"S{i}", arm=arm, weight_kg=60 + i, events=ended if i else ()) for i in range(3)]
        made.append(b"".join(to_parquet(Request(study, columns=Cohort.of_subjects(people, arms)), [])))
    assert len(set(made)) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_masked_the_order_of_its_words_tells_nobodys_arm(first: int) -> None:
    """One had a relapse, and so other weekdays and week numbers than the others: these were once numbered by arm, the lower one first."""
    study = load("bat4406f")
    arms, day = arms_of(way(study)), dt.date(2025, 3, 1)
    events = (Event("relapse", day), Event("relapse_confirmed", day + dt.timedelta(4)), Event("stable", day + dt.timedelta(8)))
    people = [Subject(START, f"S{i}", arm=arms[(first + (i == 1)) % 2], events=events if i == 1 else ()) for i in range(3)]
    other = [replace(person, arm=arms[0]) for person in people]
    mixed, alike = (b"".join(to_parquet(Request(study, columns=Cohort.of_subjects(some, arms)), [])) for some in (people, other))
    assert mixed == alike


def test_who_has_no_row_is_named(tmp_path: Path) -> None:
    without: list[str] = []
    request = Request(load("belimumab"), columns=Cohort.of_subjects([Subject(START, "A"), Subject(START, "B")], ()), until=START)
    assert pq.read_table(pa.BufferReader(b"".join(to_parquet(request, without)))).num_rows == 2 and without == []
    gone = Request(load("belimumab"), columns=Cohort.of_subjects([], ()))
    assert pq.read_table(pa.BufferReader(b"".join(to_parquet(gone, without)))).schema.names == list(COHORT_COLUMNS)


@pytest.mark.parametrize(
    "asked",
    [
        ("doses", "--regimen", "belimumab", "--weights", "45,60.5", "--start", "2025-01-06"),
        (
            "check",
            "--regimen",
            "bat4406f",
            "--start",
            "2025-01-06",
            "--visit",
            "D182=2025-07-08",
            "--window",
            "3d",
            "--as-of",
            "2025-09-01",
        ),
    ],
    ids=["doses", "check"],
)
def test_lists_are_those_of_their_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: tuple[str, ...]) -> None:
    monkeypatch.chdir(tmp_path)
    csv = dosing(*asked, "--format", "csv")
    done = dosing(*asked, "--output", "o.parquet")
    assert (done.returncode, done.stderr) == (csv.returncode, csv.stderr)
    assert as_texts(tmp_path / "o.parquet") == of_csv(csv.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["o.parquet"]


@pytest.mark.parametrize("command", ["cohort", "doses", "check"])
def test_without_pyarrow_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "subjects.csv").write_text(GOOD, encoding="utf-8")
    asked = {"cohort": ("subjects.csv",), "doses": ("--weights", "60"), "check": ("--start", "2025-01-06")}[command]
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *more: None if name == "pyarrow" else found(name, *more))
    install = "install it with `pip install 'nmosd-dosing[arrow]'`, or write `--format csv`"
    assert errors(command, "--regimen", "bat4406f", *asked, "--output", "o.parquet") == (
        f"error: writing Parquet needs pyarrow\nhint: {install}\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["subjects.csv"]
    with pytest.raises(InputError, match="needs pyarrow"):
        to_arrow([])


def test_a_schedule_gives_its_numbers_without_a_copy() -> None:
    schedule = expand(load("belimumab"), Cohort.of(["2025-01-06", "2025-01-07"], [60.0, 71.5]))
    table = to_arrow(schedule)
    assert table.column_names[:4] == ["subject", "start", schedule.ids[0], schedule.ids[1]]
    for k, row in enumerate(schedule.rows):
        name = f"{schedule.id(row.visit)} {row.give.product} amount"
        [chunk] = table[name].chunks
        assert chunk.buffers()[1].address == schedule.amount[k].__array_interface__["data"][0]
        assert table.schema.field(name).metadata == {b"unit": b"mg"}
    assert table[schedule.ids[0]].to_pylist() == [dt.date(2025, 1, 6), dt.date(2025, 1, 7)]
    duckdb.register("arrow", table)
    assert duckdb.sql("select count(*) from arrow").fetchall() == [(2,)]


def test_findings_are_a_table_of_arrow() -> None:
    subject = Subject(START, "0012", records=(Record("D182", START + dt.timedelta(183)),))
    found = check(expand(load("bat4406f"), Cohort.of_subject(subject, ())), "2025-09-01")
    table: Any = pl.from_arrow(to_arrow(found))
    assert table["visit"].cast(pl.String).to_list() == [finding.visit for finding in found]
    assert table["target"].to_list() == [finding.target for finding in found]
    assert to_arrow([]).num_rows == 0
