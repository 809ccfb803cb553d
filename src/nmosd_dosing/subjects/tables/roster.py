"""The tables of a trial, and the subjects that they make together: who takes part, what happened, who is in which arm, what was given.

Every function raises InputError with the first hundred problems of its tables and their count; given a place to keep them (`LeftOut`),
it leaves out the rows that are wrong. `layout`: what is said of how a table is kept.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import compress, starmap
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing.dose.dose import Value
from nmosd_dosing.dose.units import UNITS, unit_of
from nmosd_dosing.errors import Place, Problem, Problems, argument, clip, grouped
from nmosd_dosing.sentences import either, perhaps, said
from nmosd_dosing.study.events import OF_SCREENING, STUDY_EVENTS, SUBJECT_EVENTS
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visit_names import UNSCHEDULED
from nmosd_dosing.subjects.subject import RECORD_STATUSES, Event, Measurement, Record, RecordStatus, Subject, Weight, in_order
from nmosd_dosing.subjects.tables import cells, reading, row_checks, sdtm, subject_table
from nmosd_dosing.subjects.tables import table as tables
from nmosd_dosing.subjects.tables.headings import Layout
from nmosd_dosing.subjects.tables.hidden import ARMS, MASKED, NOTHING
from nmosd_dosing.subjects.tables.known import Known
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns, by_day, days, needs_code, needs_day, once, same
from nmosd_dosing.subjects.tables.table import Cell, Table

_STATUSES: dict[str, RecordStatus] = {status: status for status in RECORD_STATUSES}
_RECORD = (
    "subject", "period", "last", "status", "product", "amount", "amount_per_day", "unit", "weight_kg", "batch", "reason", "comment",
    "time", "assessment", "time_point",
)  # fmt: skip


class LeftOut(Struct):
    """What is wrong with tables of which the rest is taken: the problems, and the subjects that they are of, as `same` writes codes.
    `rows`: of the table of subjects, by number; `names`: the codes that stand there; `nobody`: its lines that are nobody's row.

    `refuses`: nothing is taken in the end where something is wrong, but all tables are read first, so that all of it is told at once: then
    whose a wrong row is need not be known, and the count of each table stands before its problems."""

    problems: list[Problem] = field(default_factory=list)
    refuses: bool = False
    more: int = 0
    codes: set[str] = field(default_factory=set)
    rows: set[int] = field(default_factory=set)
    names: list[str] = field(default_factory=list)
    nobody: int = 0

    def take(self, found: Sequence[Problem], more: int, where: str = "one table", path: str | None = None) -> None:
        """The first hundred of some problems, and how many there are."""
        found = grouped(found)
        if self.refuses:
            self.problems += tables.first_of(found, where, more, path) if found else []
        else:
            self.problems += found[: tables.LISTED]
            self.more += more + len(found[tables.LISTED :])


def subjects(
    content: bytes, path: str, periods: Sequence[str], capped: Sequence[str] = (), layout: Layout | None = None
) -> tuple[Subject, ...]:
    """The subjects of a table with the columns `subject` and `start`; if wanted `weight_kg`, `height_cm`, `site`, for each of
    `periods` the day on which the subject entered it, as `enter_PERIOD`, and for each of the products `capped` what the subject had of
    it before, as `earlier_PRODUCT`."""
    problems = Problems()
    columns = subject_table.read(content, path, periods, capped, problems, layout)
    tables.stop(problems.in_order(), more=problems.more)
    without = columns.without_start
    return tuple(columns.subject(row) for row in range(len(columns)) if row not in without)


def events(
    content: bytes, path: str, known: Sequence[str] | None, left_out: LeftOut | None = None, layout: Layout | None = None
) -> list[tuple[Cell, Event]]:
    """What happened to whom, from a table with the columns `subject`, `event` (one of `known`; any where it is None) and `date`, and if
    wanted `comment`. No event may stand twice."""
    problems = Problems()
    table = reading.read(content, path, ("subject", "event", "date"), ("comment",), problems, layout=layout)
    codes, dates = _codes(table, problems), days(table, "date", problems)
    table.needs("event", said("no event"), said("write {words}", words=either(known or SUBJECT_EVENTS)), problems)
    names, comments = table.values("event", partial(_event, known), problems), table.values("comment", cells.one_line, problems)
    made: list[tuple[Cell, Event]] = []
    first: dict[tuple[str, Event], int] = {}
    rows = zip(codes, names, dates, table.cells("event"), comments, strict=True)
    for row, (code, name, day, cell, comment) in enumerate(rows):
        if code.text and name is not None and day is not None:
            event = Event(name, day, cell.place, comment)
            other = first.setdefault((same(code.text), event), row)
            if other != row:
                message = said("`{name}` of subject `{code}` on {day} stands twice", name=name, code=clip(code.text), day=str(day))
                table.error(row, "event", message, said("take one of the two out"), problems, ("the first", other))
            made.append((code, event))
    _stop(table, problems, left_out)
    return made


def allocation(content: bytes, path: str, left_out: LeftOut | None = None, layout: Layout | None = None) -> list[tuple[Cell, Cell]]:
    """Who is in which arm, from a table with the columns `subject` and `arm`. Whether there is such an arm is not asked here.

    No message shows an arm: who reads it may be blinded. Of rows of which something is wrong none is given."""
    problems = Problems()
    table = reading.read(content, path, ("subject", "arm"), (), problems, ARMS, layout)
    codes = _codes(table, problems)
    once(table, problems)
    table.needs("arm", said("no arm"), said("every row needs one"), problems)
    _stop(table, problems, left_out)
    rows = enumerate(zip(codes, table.cells("arm"), strict=True))
    return [found for row, found in rows if row not in table.wrong]


def weighings(content: bytes, path: str, left_out: LeftOut | None = None, layout: Layout | None = None) -> list[tuple[Cell, Weight]]:
    """Later weights, from a table with the columns `subject`, `date` and `weight_kg`, and if wanted `comment`."""
    problems = Problems()
    table = reading.read(content, path, ("subject", "date", "weight_kg"), ("comment",), problems, layout=layout)
    codes, dates = _codes(table, problems), days(table, "date", problems)
    table.needs("weight_kg", said("no weight"), said("write kilograms, or take the row out"), problems)
    weights, comments = table.numbers("weight_kg", cells.weight, problems), table.values("comment", cells.one_line, problems)
    _stop(table, problems, left_out)
    rows = zip(codes, dates, weights, table.cells("weight_kg"), comments, strict=True)
    return [(code, Weight(date, kg, cell.place, comment)) for code, date, kg, cell, comment in rows if date is not None and kg is not None]


def measurements(
    content: bytes, path: str, values: Sequence[Value] | None, left_out: LeftOut | None = None, layout: Layout | None = None
) -> list[tuple[Cell, Measurement]]:
    """What was measured of the `values` that doses are by, from a table with the columns `subject`, `date`, `what` and `value`, and
    if wanted `comment`; where a column `unit` stands there, each is in the unit that the study file declares."""
    problems = Problems()
    table = reading.read(content, path, ("subject", "date", "what", "value"), ("unit", "comment"), problems, layout=layout)
    codes, dates = _codes(table, problems), days(table, "date", problems)
    names = either([value.name for value in values or ()] or ["a name"])
    table.needs("what", said("no name of a value"), said("write {words}", words=names), problems)
    table.needs("value", said("no value"), said("write it, or take the row out"), problems)
    found, numbers = table.values("what", cells.of_study(values), problems), table.numbers("value", cells.value, problems)
    units, comments = (table.values(name, cells.one_line, problems) for name in ("unit", "comment"))
    for row, value in enumerate(found if "unit" in table.columns else ()):
        unit = table.texts["unit"][row]
        if value is not None and value.unit and "".join(unit.split()) != "".join(value.unit.split()):
            wrong, hint = said("no unit"), said("write `{unit}`, if that is what it was measured in", unit=value.unit)
            if unit:
                named, here, there = value.name, clip(unit), value.unit
                wrong = said("`{value}` is in `{unit}` here, and in `{unit_2}` in the study file", value=named, unit=here, unit_2=there)
                hint = said("write the value in `{unit}`", unit=value.unit)
            table.error(row, "unit", wrong, said("{hint}; nothing is converted", hint=hint), problems)
    _stop(table, problems, left_out)
    rows = zip(codes, dates, found, numbers, table.cells("value"), units, comments, strict=True)
    return [
        (code, Measurement(what.name, date, number, cell.place, what.unit or unit, comment))
        for row, (code, date, what, number, cell, unit, comment) in enumerate(rows)
        if row not in table.wrong and date is not None and what is not None and number is not None
    ]


def records(
    content: bytes, path: str, left_out: LeftOut | None = None, masked: bool = True, layout: Layout | None = None
) -> list[tuple[Cell | None, Record]]:
    """What sites recorded of visits, from a table with the columns `visit` and `date`, and if wanted `subject`, `period`, `status`,
    `product`, `amount` and `unit`, `weight_kg`, `batch`, `reason`, `comment`; of several days `last`, and for `amount` what was given on
    each of them, `amount_per_day`. Whose it is is None where no column says it.

    `masked`: who reads messages may be blinded, so that none shows what was given."""
    problems = Problems()
    table = reading.read(content, path, ("visit", "date"), _RECORD, problems, MASKED if masked else NOTHING, layout)
    codes = _codes(table, problems) if "subject" in table.columns else [None] * len(table)
    needs_day(table, "date", problems)
    moments = table.values("date", cells.moment, problems)
    dates, hours = [moment and moment[0] for moment in moments], [moment and moment[1] for moment in moments]
    if "time" in table.columns:
        hours = row_checks.hours(table, hours, problems)
    hint = said("write its label, for example `D182`, or `{unscheduled}`", unscheduled=UNSCHEDULED)
    table.needs("visit", said("no visit"), hint, problems)
    took_place = sdtm.occurred if sdtm.says_occurrence(table) else _status
    statuses = [status or _STATUSES["done"] for status in table.values("status", took_place, problems)]
    lasts = table.values("last", cells.day, problems)
    if "last" in table.columns:
        row_checks.ends(table, statuses, dates, lasts, problems)
    daily, units = table.numbers("amount_per_day", cells.amount, problems), table.values("unit", _unit, problems)
    amounts = row_checks.in_all(table, table.numbers("amount", cells.amount, problems), daily, dates, lasts, problems)
    if not {"amount", "amount_per_day", "unit"}.isdisjoint(table.columns):
        row_checks.given(table, statuses, amounts, problems)
    sdtm.check_of_each_dose(table, dates, lasts, layout, problems)
    weights, batches = table.numbers("weight_kg", cells.weight, problems), table.values("batch", cells.code, problems)
    lines = ("period", "product", "reason", "comment", "assessment", "time_point")
    periods, products, reasons, comments, assessments, points = (table.values(name, cells.one_line, problems) for name in lines)
    if not {"assessment", "time_point"}.isdisjoint(table.columns):
        row_checks.of_time_points(table, statuses, assessments, points, problems)
    _stop(table, problems, left_out)
    columns = zip(
        table.texts["visit"], dates, statuses, periods, products, amounts, units, weights, batches, reasons, comments, table.rows(), hours,
        lasts, assessments, points, strict=True,
    )  # fmt: skip
    right = [row not in table.wrong for row in range(len(table))]
    return list(zip(compress(codes, right), starmap(Record, compress(columns, right)), strict=True))


Reader = Callable[..., list[tuple[Any, Any]]]


def readers(study: Study | None, masked: bool, left_out: LeftOut | None = None) -> dict[str, Reader]:
    """How each table beside that of the subjects is read, in the order in which `join` takes them: from its bytes and its path, and if
    wanted a `layout`. study: whose events and values there may be, any where it is None; the rest as the readers have it."""
    known, values = (study.subject_events, study.values) if study is not None else (None, None)
    return {
        "events": partial(events, known=known, left_out=left_out),
        "allocation": partial(allocation, left_out=left_out),
        "visits": partial(records, masked=masked, left_out=left_out),
        "weighings": partial(weighings, left_out=left_out),
        "measurements": partial(measurements, values=values, left_out=left_out),
    }


def _stop(table: Table, problems: Problems, left_out: LeftOut | None) -> None:
    """Raises InputError, or keeps whose rows are wrong where everybody else's are taken: not where it cannot be read whose they are."""
    table.silence(problems)
    if left_out is None or (not left_out.refuses and (table.broken or not all(table.texts["subject"][row] for row in table.wrong))):
        tables.stop(problems.in_order(), more=problems.more, path=table.document.path)
    elif problems.found:
        left_out.take(problems.in_order(), problems.more, path=table.document.path)
        left_out.codes |= {same(table.texts["subject"][row]) for row in table.wrong}


def roster(
    subjects: Sequence[Subject],
    events: Iterable[tuple[Cell, Event]],
    allocation: Iterable[tuple[Cell, Cell]],
    records: Iterable[tuple[Cell | None, Record]],
    weighings: Iterable[tuple[Cell, Weight]] = (),
    measurements: Iterable[tuple[Cell, Measurement]] = (),
) -> tuple[Subject, ...]:
    """The subjects with all that the tables say of them, events and records by date; in the order of `subjects`.

    Of one subject without a table the rows of others are left out, and records that name nobody are his. Codes are compared as texts
    that look the same, never as numbers.
    """
    codes = [subject.code for subject in subjects]
    known = Known(codes, lambda i: subjects[i].place)
    said = defaultdict(Said, {
        i: Said([], list(s.records), {w.date: w for w in s.weights}, {(m.what, m.date): m for m in s.measurements}, s.arm)
        for i, s in enumerate(subjects)
    })  # fmt: skip
    join(known, said, events, allocation, records, weighings, measurements)
    tables.stop(known.in_order, "the tables", known.more)
    return tuple(said[i].of(subject) for i, subject in enumerate(subjects))


class Said(Struct):
    """What the tables beside that of the subjects say of one of them; weights by day, other values by name and day. A day that stands in
    both is one."""

    events: list[Event] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    weights: dict[dt.date, Weight] = field(default_factory=dict)
    measurements: dict[tuple[str, dt.date], Measurement] = field(default_factory=dict)
    arm: str | None = None

    @property
    def screened(self) -> bool:
        """Whether a day of the subject's screening is among the events."""
        return any(event.name in OF_SCREENING for event in self.events)

    def of(self, subject: Subject) -> Subject:
        """The subject with it, in an order of its own."""
        return replace(subject, events=by_day({*subject.events, *self.events}), **self.others())

    def others(self) -> dict[str, Any]:
        """All of it but the events, as a subject has it."""
        others = {"weights": tuple(self.weights.values()), "measurements": tuple(self.measurements.values())}
        return {"arm": self.arm, "records": in_order(self.records), **others}


def subject_of(columns: SubjectColumns, row: int, said: Said | None) -> Subject:
    """A subject of a table, with what other tables say."""
    return columns.subject(row, said.events, **said.others()) if said is not None else columns.subject(row)


def join(
    known: Known,
    mine: defaultdict[int, Said],
    events: Iterable[tuple[Cell, Event]],
    allocation: Iterable[tuple[Cell, Cell]],
    records: Iterable[tuple[Cell | None, Record]],
    weighings: Iterable[tuple[Cell, Weight]],
    measurements: Iterable[tuple[Cell, Measurement]] = (),
) -> None:
    """Adds to `mine`, by the subject's number, what the rows of tables say; what is wrong goes to `known`."""
    for code, event in events:
        if (i := known.find(code)) is not None:
            mine[i].events.append(event)
    known.next_table()
    for code, arm in allocation:
        if (i := known.find(code)) is not None:
            if mine[i].arm not in (None, arm.text):
                wrong = said("subject `{code}` is in another arm here than was said before", code=clip(code.text))
                known.error(i, wrong, arm.place, said("leave one of the two out"))
            mine[i].arm = arm.text
    known.next_table()
    for whose, record in records:
        if (i := known.find(whose, record.place)) is not None:
            mine[i].records.append(record)
    known.next_table()
    for code, weight in weighings:
        if (i := known.find(code)) is not None and (other := mine[i].weights.setdefault(weight.date, weight)) is not weight:
            wrong = said("two weights of subject `{code}` on {day}", code=clip(code.text), day=str(weight.date))
            known.error(i, wrong, weight.place, said("keep one of them"), _other(other.place))
    known.next_table()
    for code, measured in measurements:
        if (i := known.find(code)) is None:
            continue
        on, what = measured.date, measured.what
        same_day = mine[i].measurements.setdefault((what, on), measured)  # the same value again is one
        if same_day.value != measured.value:
            wrong = said("two values of `{what}` of subject `{code}` on {day}", what=what, code=clip(code.text), day=str(on))
            known.error(i, wrong, measured.place, said("keep the one that doses are to be by"), _other(same_day.place))
    known.next_table()


def _other(place: Place | None) -> list[tuple[str, Place]]:
    return [("the other one", place)] if place is not None else []


def _codes(table: Table, problems: Problems) -> list[Cell]:
    needs_code(table, problems)
    return table.cells("subject")


def _event(known: Sequence[str] | None, shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    if text in STUDY_EVENTS:
        hint = said("give it with `{option}`", option=argument("of_study", f"{text}=DATE"))
        problems.error(said("{shown} is an event of the study, not of a subject", shown=shown), place, hint)
        return None
    return text if known is None else _word(said("unknown event {shown}", shown=shown), known, text, place, problems)


def _unit(shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    return _word(said("unknown unit {shown}", shown=shown), UNITS, unit_of(text), place, problems)


def _word(wrong: str, known: Sequence[str], text: str, place: Place | None, problems: Problems) -> str | None:
    if text in known:
        return text
    problems.error(wrong, place, perhaps(text, known) or said("write {words}", words=either(known)))
    return None


def _status(shown: str, text: str, place: Place | None, problems: Problems) -> RecordStatus | None:
    status = _STATUSES.get(text.lower())
    if status is None:
        hint = perhaps(text, _STATUSES) or said("write {words}", words=either(_STATUSES))
        problems.error(said("unknown status {shown}", shown=shown), place, hint)
    return status
