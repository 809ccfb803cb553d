"""The tables of a trial, and the subjects that they make together: who takes part, what happened, who is in which arm, what was given.

Every function raises InputError with the first hundred problems of its tables and their count.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nmosd_dosing import tables, typed
from nmosd_dosing.doses import UNITS
from nmosd_dosing.dsl import STUDY_EVENTS
from nmosd_dosing.errors import Place, Problem, Problems, clip, did_you_mean, one_of
from nmosd_dosing.person import UNSCHEDULED, Entered, Event, Exposure, Record, RecordStatus, Subject, Weight
from nmosd_dosing.tables import Cell, Table

_STATUSES: dict[str, RecordStatus] = {"done": "done", "partial": "partial", "missed": "missed", "withheld": "withheld"}
_RECORD = ("subject", "period", "status", "product", "amount", "unit", "weight_kg", "batch", "reason", "comment")


def subjects(content: bytes, path: str, periods: Sequence[str], capped: Sequence[str] = ()) -> tuple[Subject, ...]:
    """The subjects of a table with the columns `subject` and `start`; if wanted `weight_kg`, `height_cm`, `site`, for each of
    `periods` the day on which the subject entered it, as `enter_PERIOD`, and for each of the products `capped` what the subject had of
    it before, as `earlier_PRODUCT`."""
    problems = Problems()
    entering = {f"enter_{period}": period for period in periods}
    had = {f"earlier_{product}": product for product in capped}
    table = tables.read(content, path, ("subject", "start"), ("weight_kg", "height_cm", "site", *entering, *had), problems)
    codes = _codes(table, problems)
    for cell in _once(codes, problems):
        typed.code("the subject's code", cell.text, cell.place, problems)
    starts, weights = _days(table, "start", problems), table.values("weight_kg", typed.weight, problems)
    heights, sites = table.values("height_cm", typed.height, problems), table.values("site", typed.code, problems)
    entered: list[list[Entered]] = [[] for _ in codes]
    for column, period in entering.items():
        for row, day in enumerate(table.values(column, typed.day, problems)):
            if day is not None:
                entered[row].append(Entered(period, day, table.cell(column, row).place))
    earlier: list[list[Exposure]] = [[] for _ in codes]
    for column, product in had.items():
        for row, exposure in enumerate(table.values(column, typed.exposure(product), problems)):
            if exposure is not None:
                earlier[row].append(replace(exposure, place=table.cell(column, row).place))
    if not codes and not problems.found:
        problems.error(f"`{path}` has no rows", None, "write one row a subject below the heading")
    tables.stop(problems.in_order())
    rows = zip(codes, starts, weights, heights, sites, entered, earlier, strict=True)
    return tuple(
        Subject(start, code.text, weight_kg=kg, entered=tuple(entries), height_cm=cm, site=site, place=code.place, earlier=tuple(before))
        for code, start, kg, cm, site, entries, before in rows
        if start is not None
    )


def events(content: bytes, path: str, known: Sequence[str]) -> list[tuple[Cell, Event]]:
    """What happened to whom, from a table with the columns `subject`, `event` (one of `known`) and `date`, and if wanted `comment`,
    which is not read. No event may stand twice."""
    problems = Problems()
    table = tables.read(content, path, ("subject", "event", "date"), ("comment",), problems)
    codes, days = _codes(table, problems), _days(table, "date", problems)
    table.needs("event", "no event", f"write {one_of(known)}", problems)
    names = table.values("event", partial(_event, known), problems)
    made: list[tuple[Cell, Event]] = []
    first: dict[tuple[str, Event], Place] = {}
    for code, name, day, cell in zip(codes, names, days, table.cells("event"), strict=True):
        if code.text and name is not None and day is not None:
            event = Event(name, day, cell.place)
            other = first.setdefault((_same(code.text), event), cell.place)
            if other != event.place:
                message = f"`{name}` of subject `{clip(code.text)}` on {day} stands twice"
                problems.error(message, event.place, "take one of the two out", [("the first", other)])
            made.append((code, event))
    tables.stop(problems.in_order())
    return made


def allocation(content: bytes, path: str) -> list[tuple[Cell, Cell]]:
    """Who is in which arm, from a table with the columns `subject` and `arm`. Whether there is such an arm is not asked here."""
    problems = Problems()
    table = tables.read(content, path, ("subject", "arm"), (), problems)
    codes = _codes(table, problems)
    _once(codes, problems)
    table.needs("arm", "no arm", "every row needs one", problems)
    tables.stop(problems.in_order())
    return list(zip(codes, table.cells("arm"), strict=True))


def weighings(content: bytes, path: str) -> list[tuple[Cell, Weight]]:
    """Later weights, from a table with the columns `subject`, `date` and `weight_kg`."""
    problems = Problems()
    table = tables.read(content, path, ("subject", "date", "weight_kg"), ("comment",), problems)
    codes, days = _codes(table, problems), _days(table, "date", problems)
    table.needs("weight_kg", "no weight", "write kilograms, or take the row out", problems)
    weights = table.values("weight_kg", typed.weight, problems)
    tables.stop(problems.in_order())
    rows = zip(codes, days, weights, table.cells("weight_kg"), strict=True)
    return [(code, Weight(date, kg, cell.place)) for code, date, kg, cell in rows if date is not None and kg is not None]


def records(content: bytes, path: str) -> list[tuple[Cell | None, Record]]:
    """What sites recorded of visits, from a table with the columns `visit` and `date`, and if wanted `subject`, `period`, `status`,
    `product`, `amount` and `unit`, `weight_kg`, `batch`, `reason`, `comment`. Whose it is is None where no column says it."""
    problems = Problems()
    table = tables.read(content, path, ("visit", "date"), _RECORD, problems)
    codes = _codes(table, problems) if "subject" in table.columns else [None] * len(table)
    days = _days(table, "date", problems)
    table.needs("visit", "no visit", f"write its label, for example `D182`, or `{UNSCHEDULED}`", problems)
    statuses = [status or _STATUSES["done"] for status in table.values("status", _status, problems)]
    amounts, units = table.values("amount", typed.amount, problems), table.values("unit", partial(_word, "unit", UNITS), problems)
    _given(table, statuses, problems)
    weights, batches = table.values("weight_kg", typed.weight, problems), table.values("batch", typed.code, problems)
    periods, products, reasons, comments = (table.values(name, _one_line, problems) for name in ("period", "product", "reason", "comment"))
    tables.stop(problems.in_order())
    made = map(
        Record, table.texts["visit"], days, statuses, periods, products, amounts, units, weights, batches, reasons, comments,
        map(table.row, range(len(table))),
    )  # fmt: skip
    return list(zip(codes, made, strict=True))


def roster(
    subjects: Sequence[Subject],
    events: Iterable[tuple[Cell, Event]],
    allocation: Iterable[tuple[Cell, Cell]],
    records: Iterable[tuple[Cell | None, Record]],
    weighings: Iterable[tuple[Cell, Weight]] = (),
) -> tuple[Subject, ...]:
    """The subjects with all that the tables say of them, events and records by date; in the order of `subjects`.

    Of one subject without a table the rows of others are left out, and records that name nobody are his. Codes are compared as texts
    that look the same, never as numbers.
    """
    known = _Known(subjects)
    found = [(list(subject.events), list(subject.records)) for subject in subjects]
    arms = [subject.arm for subject in subjects]
    for code, event in events:
        if (i := known.find(code)) is not None:
            found[i][0].append(event)
    known.next_table()
    for code, arm in allocation:
        if (i := known.find(code)) is not None:
            if arms[i] not in (None, arm.text):
                message = f"subject `{clip(code.text)}` is in arm `{clip(arm.text)}` here, and was said to be in `{arms[i]}`"
                known.problems.error(message, arm.place, "leave one of the two out")
            arms[i] = arm.text
    known.next_table()
    for whose, record in records:
        if (i := known.find(whose, record.place)) is not None:
            found[i][1].append(record)
    known.next_table()
    weights = _weights(subjects, weighings, known)
    known.next_table()
    tables.stop(known.in_order, "the tables")
    return tuple(
        replace(
            subject,
            arm=arm,
            events=tuple(sorted(happened, key=lambda event: (event.date, event.name))),
            records=tuple(sorted(recorded, key=_order)),
            weights=tuple(weighed.values()),
        )
        for subject, arm, (happened, recorded), weighed in zip(subjects, arms, found, weights, strict=True)
    )


def _weights(subjects: Sequence[Subject], weighings: Iterable[tuple[Cell, Weight]], known: _Known) -> list[dict[dt.date, Weight]]:
    """Each subject's later weights by day; one before day 1, or another one on the same day, is wrong."""
    found = [{weight.date: weight for weight in subject.weights} for subject in subjects]
    for code, weight in weighings:
        if (i := known.find(code)) is None:
            continue
        other = found[i].setdefault(weight.date, weight)
        if weight.date <= subjects[i].start:
            wrong = f"the weight of subject `{clip(code.text)}` on {weight.date} is not after day 1, {subjects[i].start}"
            known.problems.error(wrong, weight.place, "the weight at baseline stands in the table of subjects: `weight_kg`")
        elif other is not weight:
            also = [("the other one", other.place)] if other.place is not None else []
            wrong = f"two weights of subject `{clip(code.text)}` on {weight.date}"
            known.problems.error(wrong, weight.place, "keep one of them", also)
    return found


class _Known:
    """Which subject a code means; what is wrong is kept table by table."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.subjects = subjects
        self.index = {_same(subject.code): i for i, subject in enumerate(subjects) if subject.code is not None}
        self.without_zeros = {code.lstrip("0"): i for code, i in reversed(self.index.items())}
        self.problems = Problems()
        self.in_order: list[Problem] = []

    def next_table(self) -> None:
        self.in_order += self.problems.in_order()
        self.problems = Problems()

    def find(self, code: Cell | None, place: Place | None = None) -> int | None:
        if code is None:
            if len(self.subjects) == 1:
                return 0
            if not any(problem.message == _NO_COLUMN for problem in self.problems.found):
                self.problems.error(_NO_COLUMN, place, "add the column `subject`: there are several")
            return None
        same = code.text if code.text in self.index else _same(code.text)
        if same not in self.index:
            self._unknown(code, same)
        return self.index.get(same)

    def _unknown(self, code: Cell, same: str) -> None:
        written, also = f"`{clip(code.text)}`", []
        message, hint = f"{written} is not a subject of this table", "mend the code, or add a row to the table of subjects"
        alone = len(self.subjects) == 1 and self.subjects[0].place is None
        only = self.subjects[0].code if alone else None
        if only is not None:
            message = f"{written} is not the subject `{clip(only)}`"
        elif alone:
            message, hint = f"this row is of {written}, and the plan is not said to be", f"add `--subject {clip(code.text)}`"
        near = self.without_zeros.get(same.lstrip("0"))
        if near is None and only is not None:
            return  # one subject's rows are taken from a table of many
        if near is not None:
            other = self.subjects[near]
            known = f"`{clip(other.code or '')}`"
            if len(other.code or "") > len(same):
                message += f"; did a spreadsheet take the zeros off {known}?"
                hint = f"write {known}, in a column that is formatted as text"
            else:
                message += f"; did a spreadsheet make {known} of it?"
                hint = f"write {written} there, in a column that is formatted as text"
            also = [("this one", other.place)] if other.place else []
        elif len(self.problems.found) < tables.LISTED:  # a guess takes long, and the others are not shown
            hint = did_you_mean(code.text, [subject.code for subject in self.subjects if subject.code]) or hint
        self.problems.error(message, code.place, hint, also)


_NO_COLUMN = "whose records these are is not said"


def _given(table: Table, statuses: Sequence[str], problems: Problems) -> None:
    """An amount has a unit, a unit an amount, and what was not given has none."""
    for row, (status, amount, unit) in enumerate(zip(statuses, table.texts["amount"], table.texts["unit"], strict=True)):
        if amount and not unit:
            message = f"`{clip(amount)}` has no unit"
            problems.error(message, table.cell("amount", row).place, f"write {one_of(UNITS)} in the column `unit`")
        elif unit and not amount:
            problems.error(f"`{clip(unit)}` without an amount", table.cell("unit", row).place, "write the amount, or leave the unit out")
        if amount.strip("0.") and status in ("missed", "withheld"):
            message = f"`{status}`, and yet an amount of `{clip(amount)}`"
            problems.error(message, table.cell("amount", row).place, "leave amount and unit out, or write `partial`")


def _order(record: Record) -> tuple[Any, ...]:
    """By date and visit; the rest only so that the order of rows does not matter."""
    rest = (record.period, record.product, record.status, record.amount, record.unit, record.weight_kg)
    texts = (record.batch, record.reason, record.comment)
    return record.date, record.visit, *(str(value or "") for value in (*rest, *texts))


def _codes(table: Table, problems: Problems) -> list[Cell]:
    table.needs("subject", "no subject's code", "every row needs one", problems)
    return table.cells("subject")


def _once(codes: Sequence[Cell], problems: Problems) -> list[Cell]:
    """The cells of different subjects; a second row of one is a problem."""
    found: dict[str, Cell] = {}
    for cell in codes:
        first = found.setdefault(_same(cell.text), cell)
        if first is not cell and cell.text:
            problems.error(f"subject `{clip(cell.text)}` has two rows", cell.place, "take one of the two out", [("the first", first.place)])
    return [cell for cell in found.values() if cell.text]


def _days(table: Table, column: str, problems: Problems) -> list[dt.date | None]:
    table.needs(column, "no date", "write for example `2025-01-06`", problems)
    return table.values(column, typed.day, problems)


def _event(known: Sequence[str], shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    if text in STUDY_EVENTS:
        problems.error(f"{shown} is an event of the study, not of a subject", place, f"give it with `--on {text}=DATE`")
        return None
    return _word("event", known, shown, text, place, problems)


def _word(what: str, known: Sequence[str], shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    if text in known:
        return text
    problems.error(f"unknown {what} {shown}", place, did_you_mean(text, known) or f"write {one_of(known)}")
    return None


def _status(shown: str, text: str, place: Place | None, problems: Problems) -> RecordStatus | None:
    status = _STATUSES.get(text.lower())
    if status is None:
        problems.error(f"unknown status {shown}", place, did_you_mean(text, _STATUSES) or f"write {one_of(_STATUSES)}")
    return status


def _one_line(shown: str, text: str, place: Place | None, problems: Problems) -> str:
    return " ".join(text.split())


def _same(code: str) -> str:
    """One text may be written in two ways."""
    return unicodedata.normalize("NFC", code)
