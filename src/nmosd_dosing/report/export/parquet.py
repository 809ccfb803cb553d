"""Tables as Parquet and Arrow: for statistics, where columns have types and units. Only here is pyarrow known; it is an optional extra, and
loaded only when such a file is asked for.

Dates are dates, amounts numbers, codes texts; what a column's numbers are in stands in the schema, as the field's metadata `unit`. Texts of
which there are few, as visits and statuses, are dictionaries (pandas: categories, R: factors). A missing value is null. Nothing says when
a file was written: the same rows give the same bytes.
"""

from __future__ import annotations

import datetime as dt
import importlib.util
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.errors import InputError, Problem, Problems, argument
from nmosd_dosing.report.export.column_kinds import Column, Kind, columns_of
from nmosd_dosing.report.export.findings import findings_sheet
from nmosd_dosing.report.export.plain import Sheet
from nmosd_dosing.schedule.laid_rows import Coded
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.bounds import the_list
from nmosd_dosing.version import PROGRAM

if TYPE_CHECKING:
    import pyarrow as pa

Values = Any
"""A column's values: an array, in which NaN and NaT are nothing; a list of plain values, or of dates as texts; a `Coded`; or a pair of a
list and an array of places in it."""

_BLOCK = 65536  # rows of a list that are written at a time


def check_installed(problems: Problems) -> None:
    """Whether Parquet can be written here."""
    if importlib.util.find_spec("pyarrow") is None:
        problems.found.append(_missing())


def _missing() -> Problem:
    hint = f"install it with `pip install 'nmosd-dosing[arrow]'`, or write `{argument('format', 'csv')}`"
    return Problem("writing Parquet needs pyarrow", hint=hint)


def to_parquet(columns: Sequence[Column], blocks: Iterable[Mapping[str, Values]], about: Mapping[str, str]) -> Iterator[bytes]:
    """A file of Parquet, piece by piece: each block of columns is written as it comes. about: what is said of the whole table, as its
    metadata."""
    import pyarrow.parquet as pq

    schema, sink = _schema(columns, about), _Sink()
    shared = [column.name for column in columns if column.name != "subject"]  # what stands in the file once for many rows
    with pq.ParquetWriter(sink, schema, compression="zstd", use_dictionary=shared) as writer:
        for block in blocks:
            writer.write_table(_table(schema, columns, block))
            yield sink.taken()
    yield sink.taken()


def sheet_to_parquet(sheet: Sheet, about: Mapping[str, str]) -> Iterator[bytes]:
    """The rows of a list, with the columns that CSV has."""
    return to_parquet(_columns(sheet), blocks_of(sheet), about)


def _columns(sheet: Sheet) -> list[Column]:
    return columns_of(sheet.columns, ("booked",) if sheet.name == "check" else ())


def blocks_of(sheet: Sheet) -> Iterator[dict[str, list[Any]]]:
    """The rows of a list as columns, some of them at a time."""
    rows, some = iter(sheet.rows), None
    while some is None or len(some) == _BLOCK:
        some = list(islice(rows, _BLOCK))
        if some:
            yield {name: [row.get(name) for row in some] for name in sheet.columns}


def to_arrow(what: Schedule | Sequence[Finding]) -> pa.Table:
    """A schedule, or findings, as an Arrow table.

    Findings have a row each, with the columns of CSV. A schedule has one for each subject: `subject` and `start`, the day of each visit
    under its id, and of each dose `ID PRODUCT amount` and `ID PRODUCT cumulative`, with the unit as the field's metadata. These numbers are
    the schedule's arrays, not a copy of them; NaN and null are what is not planned, not stated or masked. Raises InputError where pyarrow
    is missing.
    """
    if importlib.util.find_spec("pyarrow") is None:
        raise InputError(_missing())
    if isinstance(what, Schedule):
        return _of_schedule(what)
    findings = the_list("what", what)
    if not all(isinstance(finding, Finding) for finding in findings):
        raise InputError(Problem("`what` is neither a schedule nor findings", hint="give what `expand` or `check` has made"))
    return _of_sheet(findings_sheet(findings))


def _of_sheet(sheet: Sheet) -> pa.Table:
    import pyarrow as pa

    columns = _columns(sheet)
    schema = _schema(columns, {})
    return pa.concat_tables([schema.empty_table(), *(_table(schema, columns, block) for block in blocks_of(sheet))])


def _of_schedule(schedule: Schedule) -> pa.Table:
    import pyarrow as pa

    cohort, arrays = schedule.cohort, dict[str, tuple[pa.Field, pa.Array]]()

    def add(name: str, values: Any, type: pa.DataType, unit: str = "") -> None:
        arrays[name] = pa.field(name, type, metadata={"unit": unit} if unit else None), pa.array(values, type)

    add("subject", cohort.codes or [None] * len(cohort), pa.string())
    add("start", cohort.start, pa.date32())
    for i, id in enumerate(schedule.ids):
        add(id, schedule.target[i], pa.date32())
    for k, row in enumerate(schedule.rows):
        of = f"{schedule.id(row.visit)} {row.give.product}"
        for what, numbers in (("amount", schedule.amount), ("cumulative", schedule.cumulative)):
            add(f"{of} {what}", numbers[k], pa.float64(), row.give.unit or "")
    fields, columns = zip(*arrays.values(), strict=True)
    return pa.Table.from_arrays(list(columns), schema=pa.schema(fields, _about({"study": schedule.study.id})))


def _about(about: Mapping[str, str]) -> dict[str, str]:
    return {"program": PROGRAM, **about}


def _schema(columns: Sequence[Column], about: Mapping[str, str]) -> pa.Schema:
    import pyarrow as pa

    types = {
        "text": pa.string(), "word": pa.dictionary(pa.int32(), pa.string()), "date": pa.date32(), "number": pa.float64(),
        "count": pa.int32(), "flag": pa.bool_(),
    }  # fmt: skip
    fields = [pa.field(c.name, types[c.kind], metadata={"unit": c.unit} if c.unit else None) for c in columns]
    return pa.schema(fields, _about(about))


def _table(schema: pa.Schema, columns: Sequence[Column], block: Mapping[str, Values]) -> pa.Table:
    import pyarrow as pa

    made = [_in_order(_array(block.get(column.name), column.kind, field.type)) for column, field in zip(columns, schema, strict=True)]
    rows = next(len(array) for array in made if array is not None)
    nothing = {field.type: pa.nulls(rows, field.type) for array, field in zip(made, schema, strict=True) if array is None}
    arrays = [nothing[field.type] if array is None else array for array, field in zip(made, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _in_order(array: pa.Array | None) -> pa.Array | None:
    """A column of words, numbered in the order in which its rows name them. As it was made they are numbered by who is alike, and so an
    arm would show."""
    import pyarrow as pa

    if array is None or not pa.types.is_dictionary(array.type):
        return array
    return array.cast(pa.string()).dictionary_encode()


def _array(values: Values, kind: Kind, type: pa.DataType) -> pa.Array | None:
    """The values of a column; None where it has none."""
    import pyarrow as pa

    if values is None:
        return None
    if isinstance(values, Coded):
        codes = pa.array(values.codes, mask=values.codes < 0)
        made = pa.DictionaryArray.from_arrays(codes, pa.array(values.texts, pa.string()))
        return made if kind == "word" else made.cast(pa.string())
    if isinstance(values, tuple):
        each, at = values
        if each.count(each[0]) == len(each):
            each, at = each[:1], at * 0
        return _array(each, kind, type).take(pa.array(at))  # type: ignore[union-attr]
    if isinstance(values, list):
        if kind == "date":
            values = [dt.date.fromisoformat(value) if value is not None else None for value in values]
        if kind in ("word", "text"):
            return pa.array([None if value is None or value == "" else _text(value) for value in values], pa.string()).cast(type)
        return pa.array(values, type)
    array = pa.array(values, from_pandas=True)
    return array.cast(type)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()  # half a character is none


class _Sink(io.RawIOBase):
    """A file that is only written, and taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def write(self, piece: Any) -> int:
        data = bytes(piece)
        self._pieces.append(data)
        self._at += len(data)
        return len(data)

    def taken(self) -> bytes:
        """What was written since the last time."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found
