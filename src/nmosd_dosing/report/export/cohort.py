"""Every visit of very many subjects as the rows of one table, CSV or JSON lines: what a plan says of each, subject after subject.

Subjects of whom the same is known, but for code, site and weight, are alike: one of them is planned as `plan` plans, and the others'
rows are its rows with their own code, site and weight, and with their own doses, which the schedule holds as columns. In CSV, which says
nothing in sentences, dates are such cells as well: there, alike are all whose days are the same from day 1. Of whom records, later
weights, doubtful ones or earlier doses are known nobody is alike.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Literal, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import to_dates
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import Sheet, cell, iso_date, plain_number, vials_list
from nmosd_dosing.report.export.plan import COLUMNS, visit_rows, visit_to_dict
from nmosd_dosing.report.export.workbook import check_rows
from nmosd_dosing.schedule.alike import Alike, ByBody, ByDay, alike, alone
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.subjects.cohort import Cohort

Form = Literal["csv", "json"]
FIRST_COLUMNS = ("unblinded", "subject", "site", "arm", "start", "planned_start", "regimen", "study", "weight_kg")
COHORT_COLUMNS = (*FIRST_COLUMNS, *COLUMNS[COLUMNS.index("id") :])

_FLAT: tuple[ByBody, ...] = ("cumulative_per_kg",)
_BY_BODY = (*get_args(ByBody), "vials")
_BY_DAY: tuple[ByDay, ...] = get_args(ByDay)
_SLICE = 32768  # subjects whose text is held at a time
_TOGETHER = 256  # subjects that are planned together
_KEPT = 16384  # ways in which subjects are alike that are remembered
_HOLE = "\0"  # no text of a plan holds it


def header(form: Form) -> str:
    """What stands before the first row."""
    return ",".join(COHORT_COLUMNS) + "\n" if form == "csv" else ""


def count(request: Request, size: int = _SLICE) -> Iterator[list[int]]:
    """How many rows each subject has, `size` of them at a time. Raises InputError once there are more than a sheet of a workbook holds."""
    rows_so_far = 0
    for texts in rows(request, "csv", size):
        counts = [text.count("\n") for text in texts]
        rows_so_far += sum(counts)
        check_rows(rows_so_far)
        yield counts


def sheet(request: Request, without: list[str]) -> Sheet:
    """The rows of every subject for a workbook, which CSV has as text; each is planned by itself. `without` gets the codes of those who
    have none. Raises InputError as `rows` does."""
    return Sheet("cohort", COHORT_COLUMNS, _rows_of_all(request, without))


def _rows_of_all(request: Request, without: list[str]) -> Iterator[dict[str, Any]]:
    for some in request.cohort.slices(_TOGETHER):
        for plan in replace(request, columns=some).plans():
            own = {"subject": plan.subject, "site": plan.at_site, "start": iso_date(plan.start), "weight_kg": plain_number(plan.weight_kg)}
            shared, row = {**_shared(plan), **own}, None
            for row in visit_rows(plan):
                yield {**row, **shared}
            if row is None:
                without.append(plan.subject or "")


def rows(request: Request, form: Form, size: int = _SLICE) -> Iterator[list[str]]:
    """The rows of every subject as one text each, in their order, `size` subjects at a time: CSV has a row for each administration and
    assessment of a visit, JSON a line for each visit.

    The subjects are columns; what is counted over all of them, as a study stop may be, must be given in their `of_study`. Raises
    InputError as `expand` does.
    """
    known: dict[Hashable, _Template] = {}
    cohort = request.cohort
    for part in cohort.slices(size):
        yield _Slice(request, part, form, known).texts()


def rows_of(request: Request, form: Form, part: Cohort) -> list[str]:
    """The rows of each subject of a part of a cohort, as `rows` has them: wherever they are made."""
    return next(rows(replace(request, columns=part), form, len(part)))


# --- subjects who are alike ---------------------------------------------------------------------------------------------


class _Hole(Struct, frozen=True):
    """A cell that alike subjects do not share: of the subject itself (`visit` is empty), or a number of the `nth` dose of a visit; or a
    day, `plus` so many days, with an `hour` behind it."""

    field: str
    visit: str = ""
    nth: int = 0
    times_a_day: int = 1
    plus: int = 0
    hour: str = ""


class _Template(Struct, frozen=True):
    """The rows of one subject, with `%s` for what others who are alike have of their own."""

    text: str
    holes: tuple[_Hole, ...]


class _Slice(Struct):
    request: Request
    cohort: Cohort
    form: Form
    known: dict[Hashable, _Template]

    @property
    def _by_days(self) -> bool:
        """Whether those are alike whose days are the same from day 1: no word of it is shown, and no day is held against a calendar."""
        return self.form == "csv" and self.request.as_of is None and self.request.workdays is None

    def texts(self) -> list[str]:
        made = [""] * len(self.cohort)
        own = alone(self.cohort)
        for column, template in zip(own, self._templates(own, shared=False), strict=True):
            made[column] = template.text % tuple(self._of_subjects(hole.field, [column])[0] for hole in template.holes)
        others = sorted({*range(len(self.cohort))} - {*own}) if own else range(len(self.cohort))
        if len(others):
            part = self.cohort.chosen(others) if own else self.cohort
            for column, text in zip(others, _Slice(self.request, part, self.form, self.known)._alike(), strict=True):
                made[column] = text
        return made

    def _alike(self) -> list[str]:
        """The rows of subjects of whom nothing is known that would set each apart."""
        found = alike(replace(self.request, columns=self.cohort).schedule(), self.request.policy, by_days=self._by_days)
        if len(self.known) > _KEPT:
            self.known.clear()
        new = [(key, column) for key, column in zip(found.keys, found.first_ones, strict=True) if key not in self.known]
        templates = self._templates([column for _, column in new], shared=True)
        self.known.update(zip((key for key, _ in new), templates, strict=True))
        made = [""] * len(self.cohort)
        for column, text in zip(found.columns, self._filled(found), strict=True):
            made[column] = text
        return made

    def _templates(self, columns: Sequence[int], *, shared: bool) -> Iterator[_Template]:
        """The rows of some subjects, planned as `plan` does; `shared` with others who are alike."""
        if not columns:
            return
        by_body, by_days = _by_body(self.request), shared and self._by_days
        for some in self.cohort.chosen(columns).slices(_TOGETHER):
            for subject in by_subject(replace(self.request, columns=some).schedule(), self.request.policy, alone=True):
                yield _template(self.request.plan(subject), subject, self.form, by_body if shared else None, by_days)

    def _of_subjects(self, name: str, columns: Sequence[int]) -> list[str]:
        text = _cell_text if self.form == "csv" else _json_text
        if name == "subject":
            return [text(self.cohort.codes[i]) for i in columns]
        if name == "site":
            return [text(sites[i]) for i in columns] if (sites := self.cohort.sites) else [text(None)] * len(columns)
        if name == "start":
            return _dates(to_dates(self.cohort.start[columns]), text)
        return _numbers([float(self.cohort.grams[i] / 1000) for i in columns])

    def _filled(self, found: Alike) -> Iterator[str]:
        """The rows of everybody, group after group, from those of whom each is like."""
        cells: dict[_Hole, list[str]] = {}
        for key, begin, end in zip(found.keys, found.begins[:-1], found.begins[1:], strict=True):
            template = self.known[key]
            for hole in template.holes:
                if hole not in cells:
                    cells[hole] = self._cells(found, hole)
            if template.holes:
                yield from map(template.text.__mod__, zip(*(cells[hole][begin:end] for hole in template.holes), strict=True))
            else:
                yield from [template.text] * (end - begin)

    def _cells(self, found: Alike, hole: _Hole) -> list[str]:
        """A cell of everybody, in the order of the groups."""
        if not hole.visit:
            return self._of_subjects(hole.field, found.columns)
        if hole.field in _BY_DAY:
            days = [day and day + dt.timedelta(days=hole.plus) for day in found.days(hole.field, hole.visit)]
            return _dates(days, lambda day: _cell_text(day and day + hole.hour))
        if hole.field == "vials":
            texts = _vials_text if self.form == "csv" else _vials_json
            counted = found.vials(hole.visit, hole.nth)
            shown = {counts: texts(counts) for counts in set(counted)}
            return [shown[counts] for counts in counted]
        return _numbers(found.numbers(cast(ByBody, hole.field), hole.visit, hole.nth, hole.times_a_day))


def any_alone(cohort: Cohort) -> bool:
    """Whether somebody must be planned alone."""
    return bool(alone(cohort))


def _dates(dates: list[dt.date | None], text: Callable[[str | None], str]) -> list[str]:
    """Dates as texts, each of them made once."""
    shown = {date: text(iso_date(date)) for date in set(dates)}
    return [shown[date] for date in dates]


def _numbers(values: list[float]) -> list[str]:
    """Numbers as texts, those that are whole without a point."""
    if values and values.count(values[0]) == len(values):
        return [str(plain_number(values[0]))] * len(values)
    return [repr(int(v)) if v.is_integer() else repr(v) for v in values]


# --- the rows of one subject --------------------------------------------------------------------------------------------


def _template(plan: Plan, subject: SubjectSchedule, form: Form, by_body: frozenset[str] | None, by_days: bool) -> _Template:
    """`by_body`: the products whose numbers others do not share; None where nobody shares anything. `by_days`: nor their dates."""
    moving = {visit.id: [] if by_body is None else list(_moving(visit, by_body)) for visit in subject.visits}
    lines = _csv_lines(plan, moving, by_days) if form == "csv" else _json_lines(plan, moving)
    texts, holes = [], list[_Hole]()
    for text, its in lines:
        texts.append(text)
        holes += its
    return _Template("".join(texts), tuple(holes))


def _moving(visit: SubjectVisit, by_body: frozenset[str]) -> Iterator[dict[str, _Hole]]:
    """Of each administration of a visit, the cells that hang on the body."""
    for nth, dose in enumerate(visit.doses):
        if dose.in_plan:
            names = _BY_BODY if dose.give.product in by_body else _FLAT
            yield {name: _Hole(name, visit.id, nth, dose.times_a_day if name == "per_day" else 1) for name in names}


def _by_body(request: Request) -> frozenset[str]:
    """The products of which some dose hangs on the body, and their totals with it."""
    gives = [give for period in request.study.periods for entry in period.visit_rules for give in entry.gives]
    doses = [(give.product, d) for give in gives for d in (*give.doses, *(d for way in give.ways for d in way), give.kit)]
    return frozenset(product for product, dose in doses if dose is not None and dose.by_weight)


def _shared(plan: Plan, by_days: bool = False) -> dict[str, Any]:
    return {
        "unblinded": plan.unblinded,
        "subject": _HOLE,
        "site": _HOLE,
        "arm": plan.arm,
        "start": _HOLE if by_days else iso_date(plan.start),
        "planned_start": iso_date(plan.planned_start),
        "regimen": plan.regimen,
        "study": plan.study,
        "weight_kg": None if plan.weight_kg is None else _HOLE,
    }


def _own(shared: dict[str, Any]) -> list[_Hole]:
    return [_Hole(name) for name, value in shared.items() if value is _HOLE]


Lines = Iterable[tuple[str, list[_Hole]]]


def _csv_lines(plan: Plan, moving: dict[str, list[dict[str, _Hole]]], by_days: bool) -> Lines:
    shared = _shared(plan, by_days)
    own = _own(shared)
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    seen: dict[str, int] = {}
    for row in visit_rows(plan):
        nth = seen.get(row["id"], 0)
        seen[row["id"]] = nth + 1
        holes = {} if "product" not in row or nth >= len(moving.get(row["id"], ())) else moving[row["id"]][nth]
        holes = {**holes, **{day: _Hole(day, row["id"]) for day in _BY_DAY}, **_by_hour(row)} if by_days else holes
        cells = {**row, **shared}
        found = {}
        for name, hole in holes.items():
            column = "dosed_by_kg" if name == "weight_kg" else name
            if cells[column] is not None:
                cells[column], found[column] = _HOLE, hole
        write([value if value is _HOLE else cell(value) for value in map(cells.get, COHORT_COLUMNS)])
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        yield text.replace("%", "%%").replace(_HOLE, "%s"), [*own, *(found[name] for name in COHORT_COLUMNS if name in found)]


def _by_hour(row: dict[str, Any]) -> dict[str, _Hole]:
    """The times of a row, each so many days after the target of its visit."""
    found = {}
    for name in ("point_time", "point_earliest", "point_latest"):
        if (time := row.get(name)) and row["target"]:
            days = dt.date.fromisoformat(time[:10]) - dt.date.fromisoformat(row["target"])
            found[name] = _Hole("target", row["id"], plus=days.days, hour=time[10:])
    return found


def _json_lines(plan: Plan, moving: dict[str, list[dict[str, _Hole]]]) -> Lines:
    shared = _shared(plan)
    own = _own(shared)
    for visit in plan.all_visits:
        made = {**shared, **visit_to_dict(visit)}
        found = [
            hole for dose, holes in zip(made["administrations"], moving.get(visit.id, ()), strict=False) for hole in _cut_out(dose, holes)
        ]
        text = json.dumps(made, ensure_ascii=False) + "\n"
        yield text.replace("%", "%%").replace(json.dumps(_HOLE), "%s"), [*own, *found]


def _cut_out(dose: dict[str, Any], holes: dict[str, _Hole]) -> list[_Hole]:
    """Takes out of an administration what is not shared, and says what it was, in order."""
    mine = [name for name, value in dose.items() if name in holes and value is not None]
    dose.update(dict.fromkeys(mine, _HOLE))
    return [holes[name] for name in mine]


def _cell_text(value: str | None) -> str:
    """A text as a cell of CSV."""
    if value is None or value.isalnum():
        return value or ""
    text = cell(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text


def _vials_text(vials: tuple[tuple[str, int], ...]) -> str:
    return _cell_text(vials_text(vials))


def _vials_json(vials: tuple[tuple[str, int], ...]) -> str:
    return _json_text(vials_list(vials))


def _json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
