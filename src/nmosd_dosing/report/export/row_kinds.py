"""The rows of visits of whom the same is told: those of one subject's plan, with holes for what others who are alike have of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import add
from typing import Any, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import week_code
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.plans.workdays import Workdays, is_of_the_week
from nmosd_dosing.report.export.plain import cell, iso_date, plain_number
from nmosd_dosing.report.export.plan import COLUMNS, visit_rows
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.laid_rows import LaidRows, lay_out, place
from nmosd_dosing.schedule.row_columns import OfDose, OfVisit, RowColumns, VialCounts, distinct
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule
from nmosd_dosing.schedule.visit_kinds import Asked, Closed, Kinds, VisitKinds, visit_kinds

FIRST_COLUMNS = ("unblinded", "subject", "site", "arm", "start", "planned_start", "regimen", "study", "weight_kg")
OF_VISITS = COLUMNS[COLUMNS.index("id") :]
COHORT_COLUMNS = (*FIRST_COLUMNS, *OF_VISITS)

OF_DOSE: tuple[OfDose, ...] = get_args(OfDose)
_OF_VISIT: tuple[OfVisit, ...] = get_args(OfVisit)
TOGETHER = 256  # subjects that are planned together
_KEPT = 65536  # kinds of visits that are remembered


class Hole(Struct, frozen=True):
    """A cell that alike subjects do not share: of a visit (`nth` is -1), or a number of its `nth` dose; or a day, `plus` days after the
    target, with an `hour` behind it. of_body: whether it is by the body, and so nearly everybody's own."""

    field: str
    nth: int = -1
    times_a_day: int = 1
    plus: int = 0
    hour: str = ""
    of_body: bool = False

    def column(self, columns: RowColumns, visit: int) -> Any:
        """(n,) what everybody has there, as an array: NaT or NaN for nothing."""
        if self.nth >= 0:
            return columns.of_dose(cast(OfDose, self.field), columns.row(visit, self.nth), self.times_a_day)
        if self.field in _OF_VISIT:
            return columns.of_visit(self.field, visit)
        return columns.later(visit, self.plus)

    def own(self, columns: RowColumns, visit: int, at: Any, vials: Callable[[VialCounts], Any]) -> list[Any]:
        """What some columns have there, `at` their numbers: as plain values; of vials what `vials` makes of them."""
        if self.field != "vials":
            return self.plain(self.column(columns, visit)[at].tolist())
        counted = columns.vials(columns.row(visit, self.nth), at)
        made = {counts: vials(counts) for counts in set(counted)}
        return [made[counts] for counts in counted]

    def cells(self, columns: RowColumns, visit: int, at: Any, held: dict[Hole, Any]) -> Any:
        """The same as arrays, of texts with how they are written; `held` are the columns that have been worked out for the visit."""
        if self.field == "vials":
            return self.own(columns, visit, at, vials_text)
        if self not in held:
            held[self] = self.column(columns, visit)
        array = held[self][at]
        return (array, self.plain) if self.field == "week" or self.field.startswith("point_") else array

    def plain(self, values: list[Any]) -> list[Any]:
        """Entries of its column as plain values."""
        if self.field == "week":
            return list(map(week_code, values))
        if self.nth >= 0:
            return [None if value != value else plain_number(value) for value in values]
        if self.field in ("study_day", "period_day"):
            return values
        return [day and day + self.hour for day in iso_dates(values)]


class VisitRows(Struct, frozen=True, dict=True):
    """The rows of a visit: plain values by column, and the holes among them."""

    rows: tuple[dict[str, Any], ...]
    holes: tuple[dict[str, Hole], ...]

    @cached_property
    def shared_holes(self) -> list[Hole]:
        """Those that many subjects fill with the same, in the order of the text."""
        return [hole for holes in self.holes for hole in holes.values() if not hole.of_body]

    @cached_property
    def own_holes(self) -> list[Hole]:
        """The others."""
        return [hole for holes in self.holes for hole in holes.values() if hole.of_body]

    @cached_property
    def is_bare(self) -> bool:
        """Whether it is one row, in which nothing is anybody's own but the columns of the subject before it."""
        return len(self.rows) == 1 and not self.own_holes

    @cached_property
    def text(self) -> str:
        """The rows as CSV, each behind a `%%s` for the columns of the subject: `%s` for the shared holes, `%%s` for one's own."""
        return "".join(f"%%s,{','.join(self._cells(row, holes))}\n" for row, holes in zip(self.rows, self.holes, strict=True))

    def _cells(self, row: dict[str, Any], holes: dict[str, Hole]) -> Iterator[str]:
        for name in OF_VISITS:
            hole = holes.get(name)
            yield cell_text(row.get(name)).replace("%", "%%%%") if hole is None else "%%s" if hole.of_body else "%s"


class Templates:
    """The rows of each kind of visit of a request, made when they are asked for, and remembered."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self._by_body = products_by_body(request)
        self._known: dict[Hashable, list[dict[Hashable, VisitRows]]] = {}

    def kinds(self, request: Request) -> Kinds:
        """The kinds of visits of some of the subjects."""
        days = request.workdays
        asked = Asked(request.cancelled, request.as_of, _closed(days) if days is not None else None)
        return visit_kinds(request.schedule(), request.policy, asked)

    def of(self, kinds: Kinds) -> list[list[VisitRows]]:
        """Those of each kind of each visit."""
        if sum(map(len, self._known.get(kinds.layout, ()))) > _KEPT:
            self._known.clear()
        known = self._known.setdefault(kinds.layout, [{} for _ in kinds.visits])
        cohort, left = kinds.columns.schedule.cohort, [set(visit.keys) - known[visit.visit].keys() for visit in kinds.visits]
        chosen: list[int] = []
        for visit in kinds.visits:
            for key, column in zip(visit.keys, visit.first, strict=True):
                if key in left[visit.visit]:
                    chosen.append(column)
                    for other in kinds.visits:
                        if (kind := other.of(column)) is not None:
                            left[other.visit].discard(other.keys[kind])
        plans = planned(replace(self.request, columns=cohort.chosen(chosen))) if chosen else iter(())
        for column, (plan, subject) in zip(chosen, plans, strict=True):
            mine = self._of_plan(plan, subject)
            for visit in kinds.visits:
                if (kind := visit.of(column)) is not None:
                    known[visit.visit].setdefault(visit.keys[kind], mine[kinds.columns.schedule.id(visit.visit)])
        return [[known[visit.visit][key] for key in visit.keys] for visit in kinds.visits]

    def _of_plan(self, plan: Plan, subject: SubjectSchedule) -> dict[str, VisitRows]:
        found, doses = {}, {visit.id: visit.doses for visit in subject.visits}
        for id, some in groupby(visit_rows(plan), lambda row: cast(str, row["id"])):
            rows = tuple(some)
            there = [(nth, dose) for nth, dose in enumerate(doses[id]) if dose.in_plan]
            holes: list[dict[str, Hole]] = []
            for row_number, row in enumerate(rows):
                its: dict[str, Hole] = {name: Hole(name) for name in _OF_VISIT if row[name] is not None} | _by_hour(row)
                if "product" in row:
                    nth, dose = there[row_number]
                    by_body = dose.give.product in self._by_body
                    for name in (*OF_DOSE, "vials"):
                        column = "dosed_by_kg" if name == "weight_kg" else name
                        if row[column] not in (None, ""):
                            times = dose.times_a_day if name == "per_day" else 1
                            own = by_body or name in ("cumulative_per_kg", "vials")
                            its[column] = Hole(name, nth, times, of_body=own)
                holes.append({name: its[name] for name in OF_VISITS if name in its})
            found[id] = VisitRows(rows, tuple(holes))
        return found


def _by_hour(row: dict[str, Any]) -> dict[str, Hole]:
    """The times of a row, each so many days after the target of its visit."""
    found = {}
    for name in ("point_time", "point_earliest", "point_latest"):
        if (time := row.get(name)) and row["target"]:
            days = dt.date.fromisoformat(time[:10]) - dt.date.fromisoformat(row["target"])
            found[name] = Hole(name, plus=days.days, hour=time[10:])
    return found


def products_by_body(request: Request) -> frozenset[str]:
    """The products of which some dose hangs on the body, and their totals with it."""
    gives = [give for period in request.study.periods for entry in period.visit_rules for give in entry.gives]
    doses = [(give.product, d) for give in gives for d in (*give.doses, *(d for way in give.ways for d in way), give.kit)]
    return frozenset(product for product, dose in doses if dose is not None and dose.by_weight)


def _closed(days: Workdays) -> Closed:
    """1 for a day that is closed by its place in the week, 2 for another one, or one that may be."""

    def said(day: dt.date) -> int:
        why = days.closed_because(day)
        return 2 * days.projected(day) if why is None else 1 if is_of_the_week(why) else 2

    return said


def planned(request: Request) -> Iterator[tuple[Plan, SubjectSchedule]]:
    """Everybody's plan, with the schedule of which it is made; what the rules of a stop count is told as of each alone."""
    for some in request.cohort.slices(TOGETHER):
        for subject in by_subject(replace(request, columns=some).schedule(), request.policy, alone=True):
            yield request.plan(subject), subject


# --- as columns ---------------------------------------------------------------------------------------------------------


def laid_rows(
    n: int, kinds: Kinds | None, templates: Sequence[Sequence[VisitRows]], whose: Sequence[int], own: Mapping[int, Sequence[dict[str, Any]]]
) -> tuple[LaidRows, list[dict[str, Any]]]:
    """The rows of n subjects as columns, and what each kind of row has in common. kinds: those of the visits of some of them, whose columns
    are `whose`; own: by column, the rows of the others."""
    counts = [[len(template.rows) for template in its] for its in templates]
    laid, begins, first = lay_out(n, kinds, whose, counts, {column: len(rows) for column, rows in own.items()})
    of_kinds: list[dict[str, Any]] = []
    for visit, its in zip(kinds.visits if kinds is not None else (), templates, strict=True):
        assert kinds is not None
        held: dict[Hole, Any] = {}
        for kind, template in enumerate(its):
            members = visit.members[visit.kind == kind]
            at = begins[visit.visit][members]
            for row, holes in zip(template.rows, template.holes, strict=True):
                cells = {name: hole.cells(kinds.columns, visit.visit, members, held) for name, hole in holes.items()}
                laid.put(len(of_kinds), at, cells)
                of_kinds.append(row)
                at = at + 1
    for begin, rows in zip(first, own.values(), strict=True):
        for nth, row in enumerate(rows):
            laid.put(len(of_kinds), place(begin + nth, 1), {})
            of_kinds.append(row)
    return laid, of_kinds


# --- as CSV -------------------------------------------------------------------------------------------------------------


def csv_texts(kinds: Kinds, templates: Sequence[Sequence[VisitRows]], heads: Sequence[str]) -> list[str]:
    """The rows of everybody as CSV. heads: what stands before the columns of visits, for everybody."""
    by_visit = [[""] * len(heads) for _ in kinds.visits]
    for visit, its, mine in zip(kinds.visits, templates, by_visit, strict=True):
        _fill(kinds.columns, visit, its, heads, mine)
    if kinds.one_order:
        return list(map("".join, zip(*(by_visit[i] for i in kinds.order[:, 0].tolist()), strict=True))) if by_visit else [""] * len(heads)
    return ["".join([by_visit[i][column] for i in order]) for column, order in enumerate(kinds.order.T.tolist())]


def _fill(columns: RowColumns, visit: VisitKinds, templates: Sequence[VisitRows], heads: Sequence[str], mine: list[str]) -> None:
    """The texts of one visit: first what many have in common, each text once, then what is everybody's own."""
    holes = dict.fromkeys(hole for template in templates for hole in template.shared_holes)
    shared = {hole: hole.column(columns, visit.visit)[visit.members] for hole in holes}
    which, first = distinct([visit.kind, *shared.values()], len(visit.members))
    found = {hole: hole.plain(values[first].tolist()) for hole, values in shared.items()}
    cells_of = [(template, [found[hole] for hole in template.shared_holes]) for template in templates]
    filled: list[str] = []
    for number, kind in enumerate(visit.kind[first].tolist()):
        template, its = cells_of[kind]
        text = template.text % tuple([values[number] for values in its])
        filled.append(text[2:].replace("%%", "%") if template.is_bare else text)
    for kind, template in enumerate(templates):
        at = (visit.kind == kind).nonzero()[0] if len(templates) > 1 else slice(None)
        members = visit.members[at]
        own = iter([_own_texts(hole, columns, visit.visit, members) for hole in template.own_holes])
        subjects = members.tolist()
        whose = heads if len(subjects) == len(heads) else [heads[column] for column in subjects]
        begun = map(filled.__getitem__, which[at].tolist())
        if template.is_bare:
            texts = map(add, whose, begun)
        else:
            cells = [some for holes in template.holes for some in (whose, *(next(own) for hole in holes.values() if hole.of_body))]
            texts = map(str.__mod__, begun, zip(*cells, strict=True))
        if whose is heads:
            mine[:] = texts
        else:
            for column, text in zip(subjects, texts, strict=True):
                mine[column] = text


def _own_texts(hole: Hole, columns: RowColumns, visit: int, at: Any) -> list[str]:
    if hole.field == "vials":
        return hole.own(columns, visit, at, lambda counts: cell_text(vials_text(counts)))
    return number_texts(hole.column(columns, visit)[at].tolist())


def number_texts(values: list[float]) -> list[str]:
    """Numbers as texts, those that are whole without a point."""
    if values and values.count(values[0]) == len(values):
        return [str(plain_number(values[0]))] * len(values)
    return [repr(int(v)) if v.is_integer() else repr(v) for v in values]


def cell_texts(values: list[Any]) -> list[str]:
    """Values as cells of CSV."""
    if values and values.count(values[0]) == len(values):
        return [cell_text(values[0])] * len(values)
    return [value if isinstance(value, str) and value.isalnum() else cell_text(value) for value in values]


def iso_dates(dates: list[dt.date | None]) -> list[str | None]:
    """Dates as texts, each of them made once."""
    shown = {date: iso_date(date) for date in set(dates)}
    return [shown[date] for date in dates]


def cell_text(value: Any) -> str:
    """A value as a cell of CSV."""
    if value is None or (isinstance(value, str) and value.isalnum()):
        return value or ""
    text = cell(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text
