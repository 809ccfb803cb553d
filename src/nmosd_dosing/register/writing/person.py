"""One person's rows, read as the tables are: by the same readers, so that what these refuse is refused here with the same words.

A message shows a row as it is typed, `visit=rcp/D182 date=2025-07-07`, and says which one it is: its number in the trail, or that it is the
one that is to be written.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.errors import Document, DosingError, Place, Problem, Problems, one_of
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import history_table, roster, subject_table, written
from nmosd_dosing.subjects.tables.hidden import ARMS, MASKED
from nmosd_dosing.subjects.tables.known import Known
from nmosd_dosing.subjects.tables.roster import LeftOut, Said
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns
from nmosd_dosing.subjects.tables.table import Cell, guarded
from nmosd_dosing.values import beside

Cells = Mapping[str, str]
_MORE = {"subjects": ("enter_", "earlier_")}  # how further columns begin


class Row(NamedTuple):
    """A row of a table: what messages call it, its cells, and its number; None for one that is typed now."""

    name: str
    cells: Cells
    seq: int | None = None


Rows = Mapping[str, Sequence[Row]]  # by table


class Way(Struct, frozen=True):
    """By which study a person is planned, as of which day; without one only the rows are read."""

    study: Study | None
    period: str | None
    today: dt.date

    @property
    def periods(self) -> tuple[Any, ...]:
        """The periods that are planned."""
        return way(self.study, self.period) if self.study is not None else ()

    @property
    def masked(self) -> bool:
        """Whether messages may tell an arm to somebody who is blinded."""
        return self.study is None or any(period.masks for period in self.study.periods)


class Person(Struct, frozen=True):
    """What the rows of a person say. `cells`: by table, the rows in the canonical way of writing, in their order. `schedule`: None of whom
    no day is known, or where there is no study."""

    cells: Mapping[str, Sequence[dict[str, str]]]
    request: Request | None
    schedule: SubjectSchedule | None

    @property
    def subject(self) -> Subject | None:
        """The person, whose `start` is the first dose as it is recorded."""
        return self.request.subjects[0] if self.request is not None else None


def read(rows: Rows, way: Way, problems: Problems) -> Person | None:
    """What the rows of one person say, who has one row in the table of subjects; None where something is wrong, which stands in `problems`
    then."""
    before = len(problems.found)
    rows = {**rows, "measurements": [_with_unit(row, way) for row in rows.get("measurements", ())]}
    sheets = {table: _Sheet(table, rows.get(table, ()), way.masked) for table in written.COLUMNS}
    found = Problems()
    read_of = _of_tables(sheets, way, found)
    if read_of is not None and not found.found:
        person = _planned(read_of, sheets, way, found)
    problems.found += [_shown(problem, sheets.values()) for problem in found.found]
    return person if len(problems.found) == before else None


def _with_unit(row: Row, way: Way) -> Row:
    """A value that is typed now, and without a unit, is in the one that the study declares: those that are there have theirs."""
    what = row.cells.get("what", "").strip().casefold()
    unit = next((value.unit for value in way.study.values if value.name.casefold() == what), "") if way.study is not None else ""
    return row if row.seq is not None or row.cells.get("unit") or not unit else row._replace(cells={**row.cells, "unit": unit})


class _Read(NamedTuple):
    """What the readers make of each table."""

    columns: SubjectColumns | None
    beside: Mapping[str, list[tuple[Any, Any]]]
    cells: Mapping[str, Sequence[dict[str, str]]]


def _of_tables(sheets: Mapping[str, _Sheet], way: Way, found: Problems) -> _Read | None:
    left_out = LeftOut(found.found, refuses=True)
    later = [period.id for period in way.periods[1:]] if way.study is not None else sheets["subjects"].named("enter_")
    capped = [p.name for p in way.study.products if p.lifetime is not None] if way.study else sheets["subjects"].named("earlier_")
    readers = roster.readers(way.study, way.masked, left_out) | {"history": history_table.read}
    of_subjects = Problems()

    def rows(table: str, read: Callable[..., Any]) -> Any:
        return _collected(found, partial(read, sheets[table].content, table)) if sheets[table].rows else None

    columns = rows("subjects", partial(subject_table.read, periods=later, capped=capped, problems=of_subjects))
    found.found += of_subjects.in_order()
    beside = {table: rows(table, read) or [] for table, read in readers.items()}
    return _Read(columns, beside, written.all_rows(columns, beside)) if not found.found else None


def _planned(found: _Read, sheets: Mapping[str, _Sheet], way: Way, problems: Problems) -> Person | None:
    """The person with all that is said, and planned."""
    columns, beside = found.columns, found.beside
    if columns is None:
        return Person(found.cells, None, None)
    known, said = Known(columns.codes, lambda row: columns.cell(row).place), defaultdict[int, Said](Said)
    of_people = ("events", "visits", "weighings", "measurements")
    events, *others = ([(code, _placed(thing, sheets[table])) for code, thing in beside[table]] for table in of_people)
    roster.join(known, said, events, beside["allocation"], *others)
    problems.found += known.in_order
    _check_arms(beside["allocation"], way, problems)
    if problems.found or way.study is None or (0 in columns.without_start and not (0 in said and said[0].screened)):
        return Person(found.cells, None, None)
    planned = _collected(problems, lambda: _schedule(roster.subject_of(columns, 0, said.get(0)), way, problems))
    return Person(found.cells, *planned) if planned is not None else None


def _schedule(subject: Subject, way: Way, problems: Problems) -> tuple[Request, SubjectSchedule] | None:
    """The person's plan in which what deviates stands, as it is looked at when what is due is asked."""
    assert way.study is not None
    subjects = history.booked_by((replace(subject, arm=None),), way.today)
    request = Request(way.study, way.period, subjects, as_of=way.today).begun()
    history.check(request.subjects, False, problems)
    if problems.found:
        return None
    known, _ = request.known_by(way.today)
    return request, next(by_subject(known.as_carried_out(way.today)))


def _check_arms(allocation: Iterable[tuple[Cell, Cell]], way: Way, problems: Problems) -> None:
    arms = arms_of(way.periods) if way.study is not None else None
    for _, arm in allocation:
        if arms is not None and arm.text not in arms:
            hint = f"write {one_of(arms)}, letter by letter" if arms else "this regimen has no arms"
            problems.error("an arm that the study does not have", arm.place, hint)


def unknown_subject(table: str, row: Row, codes: Sequence[str], masked: bool) -> list[Problem]:
    """What is to be said of a row whose subject's code none of the known ones is."""
    sheet, everybody = _Sheet(table, [row], masked), _Sheet("subjects", [Row("subjects", {"subject": code}) for code in codes], masked)
    known = Known(codes, everybody.place, of_register=True)
    cell = _cell(sheet)
    if cell is not None and known.find(cell) is None:
        known.next_table()
    return [_shown(problem, (sheet,)) for problem in known.in_order]  # everybody's rows have their places already


def _cell(sheet: _Sheet) -> Cell | None:
    """The cell of the code in a sheet of one row."""
    from nmosd_dosing.subjects.tables import reading

    table = reading.read(sheet.content, sheet.table, ("subject",), (), Problems())
    return table.cell("subject", 0) if len(table) and table.texts["subject"][0] else None


# --- rows for readers, and for messages -----------------------------------------------------------------------------------


class _Sheet:
    """Rows of one table as bytes that its reader takes, with the place in its row of each character."""

    def __init__(self, table: str, rows: Sequence[Row], masked: bool) -> None:
        self.table, self.rows = table, rows
        said = {name for row in rows for name in row.cells}
        first = ("subject", *written.REQUIRED[table])
        self.columns = [*dict.fromkeys((*first, *(name for name in written.COLUMNS[table] if name in said)))]
        self.columns += sorted(name for name in said if name.startswith(_MORE.get(table, ("\0",))))
        hidden = ARMS.columns if table == "allocation" else MASKED.columns if masked and table == "visits" else ()
        self._documents = [_of_row(row, self.columns, hidden) for row in rows]
        text, self._starts, self._at = ",".join(self.columns) + "\n", list[int](), list[tuple[int, str]]()
        for number, row in enumerate(rows):
            for column in self.columns:
                self._starts.append(len(text))
                self._at.append((number, column))
                value = row.cells.get(column, "")
                text += _quoted(guarded(value) if value and row.seq is not None else value) + ","
            text = text[:-1] + "\n"
        self.content = text.encode(errors="backslashreplace")

    def named(self, begin: str) -> list[str]:
        """What stands behind the beginning of columns."""
        return [name.removeprefix(begin) for name in self.columns if name.startswith(begin)]

    def place(self, row: int) -> Place:
        """A row, for messages."""
        document, _ = self._documents[row]
        return Place(document, 0, len(document.text))

    def moved(self, place: Place) -> Place:
        """A place of the bytes as one of its row."""
        if place.document.path != self.table or not self._starts:
            return place
        if place.start < self._starts[0]:  # the name of a column
            column = self.columns[place.document.text[: place.start].count(",")]
            last = max((number for number, row in enumerate(self.rows) if column in row.cells), default=len(self.rows) - 1)
            document, spans = self._documents[last]
            return Place(document, *spans[column])
        at = bisect.bisect_right(self._starts, place.start) - 1
        row, column = self._at[at]
        if at + 1 < len(self._starts) and place.end >= self._starts[at + 1]:  # more than one cell
            return self.place(row)
        document, spans = self._documents[row]
        return Place(document, *spans[column])


@beside("hidden", "spans")
class RowDocument(Document, frozen=True):
    """A row as a person types it; messages say which one it is. `spans`: from where to where each cell goes."""

    spans: Mapping[str, tuple[int, int]] = {}

    def cell(self, place: Place) -> str | None:
        """The column of a place that is one cell; None of another place."""
        return next((name for name, span in self.spans.items() if span == (place.start, place.end)), None)

    def where(self, place: Place) -> str:
        return self.path


def _of_row(row: Row, columns: Sequence[str], hidden: Sequence[str]) -> tuple[Document, dict[str, tuple[int, int]]]:
    text, spans = "", dict[str, tuple[int, int]]()
    for name, said in row.cells.items():
        value = said.replace("\n", " ")
        value = f'"{value}"' if " " in value or not value else value
        start = len(text) + len(name) + 1
        spans[name] = start, start + len(value)
        text += f"{name}={value} "
    text = text.rstrip(" ")
    end = len(text)
    holes = sorted(spans[name] for name in hidden if name in spans)
    document = RowDocument(row.name, text, (lambda _begin, _end: holes) if holes else None, spans)
    return document, {name: spans.get(name, (end, end)) for name in columns}


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',;\t"\r\n') else text


def _placed(thing: Any, sheet: _Sheet) -> Any:
    """An event, record, weight or value with its place in its row: findings name it."""
    return replace(thing, place=sheet.moved(thing.place)) if thing.place is not None else thing


def _shown(problem: Problem, sheets: Iterable[_Sheet]) -> Problem:
    for sheet in sheets:
        place = sheet.moved(problem.place) if problem.place is not None else None
        problem = replace(problem, place=place, also=tuple((words, sheet.moved(other)) for words, other in problem.also))
    return problem


def _collected(problems: Problems, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except DosingError as error:
        problems.found += error.problems
    return None
