"""The rows of subjects who are alike: those of one subject's plan, with holes for what others have of their own."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache, partial
from itertools import accumulate, groupby, pairwise
from typing import Any, Literal, TypeVar, cast, get_args

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import week_code
from nmosd_dosing.plans.notes import BEHIND_CLOSED
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.plans.workdays import Workdays, closed_code
from nmosd_dosing.report.export.plain import cell, plain_number, vials_list
from nmosd_dosing.report.export.plan import COLUMNS, visit_rows, visit_to_dict
from nmosd_dosing.schedule.alike import Groups, Told, alike, alone
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.laid_rows import LaidRows
from nmosd_dosing.schedule.row_columns import OfDose, OfVisit, RowColumns
from nmosd_dosing.schedule.subject_schedule import SubjectDose, SubjectSchedule

Form = Literal["csv", "json"]
OF_VISITS = COLUMNS[COLUMNS.index("id") :]
_OF_DOSE: tuple[OfDose, ...] = get_args(OfDose)
_OF_VISIT: tuple[OfVisit, ...] = get_args(OfVisit)
Doses = dict[str, list[tuple[int, SubjectDose]]]  # by visit, with their rows in the schedule of all
_CLOSED = ("weekend", "holiday")
_TOGETHER = 256  # subjects that are planned together
_KEPT = 4096  # ways in which subjects are alike that are remembered
_HOLE = "\0"  # no text of a plan holds it


class Hole(Struct, frozen=True):
    """A cell that is somebody's own: of a row of doses a number, of a visit a day, or what comes of its target: that so many days later
    (`plus`), with an hour `behind` it, or the codes of its notes, with that of a closed day between those `before` and `behind` it.
    of_body: whether it is by the body, and so nearly everybody's own. row: of the visit, or the dose, in the schedule."""

    of: str
    row: int
    times_a_day: int = 1
    of_body: bool = False
    plus: int = 0
    before: str = ""
    behind: str = ""
    workdays: Workdays | None = None

    def array(self, columns: RowColumns) -> Any:
        """(n,) what everybody has there: NaT or NaN for nothing."""
        if self.of in _OF_DOSE:
            return columns.of_dose(self.of, self.row, self.times_a_day)
        return columns.of_visit(self.of if self.of in _OF_VISIT else "target", self.row, self.plus)

    def plain(self, values: Iterable[Any]) -> list[Any]:
        """Entries of that array as plain values."""
        return list(map(self._plain, values))

    def _plain(self, value: Any) -> Any:
        if self.of in _OF_DOSE:
            return None if value != value else plain_number(value)
        if self.of in ("study_day", "period_day"):
            return value
        if self.of == "notes":
            return " ".join(filter(None, (self.before, value and _closed(value, self.workdays), self.behind)))
        return week_code(value) if self.of == "week" else value and value.isoformat() + self.behind

    def texts(self, columns: RowColumns, at: Any, form: Form) -> list[str]:
        """What some columns have there, as cells of CSV or values in JSON."""
        if self.of == "vials":
            counted = columns.vials(self.row, at)
            write: Callable[[Any], str] = (lambda c: cell_text(vials_text(c))) if form == "csv" else lambda c: json_text(vials_list(c))
            return each_once(write, counted)
        values = self.array(columns)[at].tolist()
        return number_texts(values) if self.of_body else each_once(lambda value: cell_text(self._plain(value)), values)


@lru_cache(maxsize=65536)
def _closed(day: dt.date, workdays: Workdays | None) -> str | None:
    return closed_code(day, workdays or Workdays(None))


class Rows(Struct, frozen=True, dict=True):
    """The rows of a visit as plain values by column, and the holes among them."""

    rows: list[dict[str, Any]]
    holes: list[dict[str, Hole]]

    @cached_property
    def text(self) -> str:
        """As CSV: `%s` for the holes that many fill with the same; `%%s` for the columns of the subject before each row, and the others."""
        return "".join(f"%%s{','.join(self._cells(row, holes))}\n" for row, holes in zip(self.rows, self.holes, strict=True))

    def _cells(self, row: dict[str, Any], holes: dict[str, Hole]) -> Iterator[str]:
        for name in OF_VISITS:
            hole = holes.get(name)
            yield cell_text(row.get(name)).replace("%", "%%%%") if hole is None else "%%s" if hole.of_body else "%s"

    @cached_property
    def shared(self) -> list[Hole]:
        """The holes that many fill with the same."""
        return [hole for holes in self.holes for hole in holes.values() if not hole.of_body]

    @cached_property
    def own(self) -> list[Hole | None]:
        """The others, and None for the columns of the subject."""
        return [hole for holes in self.holes for hole in (None, *holes.values()) if hole is None or hole.of_body]


class Lines(Struct, frozen=True):
    """The lines of subjects who are alike, with `%s` for the columns of the subject (None), and for what is by the body."""

    text: str
    holes: tuple[Hole | None, ...]


Kind = tuple[Rows, ...]  # the visits of a subject
Known = TypeVar("Known", Rows, Lines)


class Alike:
    """What is planned of subjects who are alike, in one run: made when it is asked for, and remembered."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._by_body = _products_by_body(request)
        self._visits: dict[Hashable, dict[Hashable, Rows]] = {}
        self._lines: dict[Hashable, dict[Hashable, Lines]] = {}

    def texts(self, request: Request, form: Form, heads: list[str]) -> list[str]:
        """The rows of each of some of the subjects. heads: what stands before each of their lines."""
        some = _Some(request, form)
        known, made = _remembered(self._lines, some.groups.layout), dict[int, Lines]()
        new = [group for group, key in enumerate(some.groups.keys) if key not in known or some.is_alone(group)]
        if form == "json":
            plans = zip(new, some.planned(new), strict=True)
            made = {group: self._json_lines(plan, some.doses(its) if not some.is_alone(group) else {}) for group, (plan, its) in plans}
        else:
            cells = cache(partial(Hole.texts, columns=some.columns, at=[some.groups.first[group] for group in new], form=form))
            place = {group: place for place, group in enumerate(new)}
            for kind, its in self._of_kinds(some, new):
                text, own = "".join(rows.text for rows in kind), tuple(hole for rows in kind for hole in rows.own)
                shared = [cells(hole) for rows in kind for hole in rows.shared]
                made |= {group: Lines(text % tuple([texts[place[group]] for texts in shared]), own) for group in its}
        known.update((some.groups.keys[group], lines) for group, lines in made.items() if not some.is_alone(group))
        order, begins = some.groups.in_order()
        found, in_order = [""] * len(order), [heads[column] for column in order]
        own_texts = cache(partial(Hole.texts, columns=some.columns, at=order, form=form))
        for group, (begin, end) in enumerate(pairwise(begins)):
            lines = made[group] if group in made else known[some.groups.keys[group]]
            own_cells = zip(*((own_texts(hole) if hole is not None else in_order)[begin:end] for hole in lines.holes), strict=True)
            for column, its_own in zip(order[begin:end], own_cells, strict=False):  # who has no visit has no line
                found[column] = lines.text % its_own
        return found

    def laid(self, request: Request) -> tuple[LaidRows, list[dict[str, Any]]]:
        """The rows of some of the subjects as columns, and the rows of all kinds."""
        some = _Some(request, "csv")
        kinds, arrays = [*self._of_kinds(some, range(len(some.groups.keys)))], cache(partial(Hole.array, columns=some.columns))
        kind_of = {group: number for number, (_, groups) in enumerate(kinds) for group in groups}
        counts = [sum(len(rows.rows) for rows in kind) for kind, _ in kinds]
        laid = LaidRows.of(some.groups, [kind_of[group] for group in range(len(kind_of))], counts)
        uses: dict[int, tuple[Rows, list[tuple[int, int]]]] = {}
        for number, (kind, _) in enumerate(kinds):
            for rows, before in zip(kind, accumulate((len(rows.rows) for rows in kind), initial=0), strict=False):
                uses.setdefault(id(rows), (rows, []))[1].append((number, before))
        for rows, places in uses.values():
            whose, at = laid.places(places)
            for nth, (name, hole) in ((nth, each) for nth, holes in enumerate(rows.holes) for each in holes.items()):
                if name == "vials":
                    laid.put(name, at + nth, hole.texts(some.columns, whose, "csv"))
                    continue
                is_text = name in ("week", "notes") or name.startswith("point_")
                laid.put(name, at + nth, (arrays(hole)[whose], hole.plain) if is_text else arrays(hole)[whose])
        return laid, [row for kind, _ in kinds for rows in kind for row in rows.rows]

    def _of_kinds(self, some: _Some, of: Sequence[int]) -> Iterator[tuple[Kind, list[int]]]:
        """The kinds of some groups, each with the groups of that kind."""
        apart, others = ([group for group in of if some.is_alone(group) == own] for own in (True, False))
        for group, (plan, _) in zip(apart, some.planned(apart), strict=True):
            all_rows = list(visit_rows(plan))
            yield (Rows(all_rows, [{}] * len(all_rows)),), [group]
        ways, about = some.told.visits([some.groups.first[group] for group in others])
        known = _remembered(self._visits, some.groups.layout)
        coming, chosen = {visit for visit, key in enumerate(about) if key in known}, list[tuple[int, list[int]]]()
        kinds: dict[tuple[int, ...], list[int]] = {}
        for group, its in zip(others, ways, strict=True):
            kinds.setdefault(tuple(its), []).append(group)
            if not coming.issuperset(its):
                coming.update(its)
                chosen.append((group, its))
        for (_, its), (plan, subject) in zip(chosen, some.planned([group for group, _ in chosen]), strict=True):
            known.update(zip((about[visit] for visit in its), self._rows_of(some, plan, subject), strict=True))
        yield from ((tuple(known[about[visit]] for visit in of_kind), groups) for of_kind, groups in kinds.items())

    def _rows_of(self, some: _Some, plan: Plan, subject: SubjectSchedule) -> Iterator[Rows]:
        """The rows of each visit."""
        doses = some.doses(subject)
        for id, of_visit in groupby(visit_rows(plan), lambda row: cast(str, row["id"])):
            visit, its, rows, all_holes = some.columns.schedule.ids.index(id), iter(doses[id]), [*of_visit], list[dict[str, Hole]]()
            for row in rows:
                holes = {name: Hole(name, visit) for name in _OF_VISIT if row[name] is not None} | _by_hour(row, visit)
                if row["target"] and row["status"] != "cancelled" and not (row["last"] and self._request.workdays):
                    codes = [code for code in row["notes"].split() if code not in _CLOSED]
                    place = next((place for place, code in enumerate(codes) if code in BEHIND_CLOSED), len(codes))
                    before, behind = " ".join(codes[:place]), " ".join(codes[place:])
                    holes["notes"] = Hole("notes", visit, before=before, behind=behind, workdays=self._request.workdays)
                if "product" in row:
                    holes |= self._numbers(row, *next(its), "dosed_by_kg")
                all_holes.append({name: holes[name] for name in OF_VISITS if name in holes})
            yield Rows(rows, all_holes)

    def _json_lines(self, plan: Plan, doses: Doses) -> Lines:
        """A line for each visit; its days are those of everybody who is alike. doses: those with holes, none of who is like nobody."""
        texts, found = "", list[Hole | None]()
        for visit in plan.all_visits:
            made = visit_to_dict(visit)
            found.append(None)
            for cells, its in zip(made["administrations"], doses.get(visit.id, ()), strict=False):
                holes = {name: hole for name, hole in self._numbers(cells, *its, "weight_kg").items() if hole.of_body}
                found += [holes[name] for name in cells if name in holes]
                cells.update(dict.fromkeys(holes, _HOLE))
            texts += "%s" + json_text(made)[1:].replace("%", "%%").replace(json.dumps(_HOLE), "%s") + "\n"
        return Lines(texts, tuple(found))

    def _numbers(self, cells: Mapping[str, Any], k: int, dose: SubjectDose, weight: str) -> dict[str, Hole]:
        """The holes among the cells of a dose; `weight` is the one with the weight that it is by."""
        found, by_body = dict[str, Hole](), dose.give.product in self._by_body
        for name in (*_OF_DOSE, "vials"):
            column = weight if name == "weight_kg" else name
            if cells[column] not in (None, ""):
                times, own = dose.times_a_day if name == "per_day" else 1, by_body or name in ("cumulative_per_kg", "vials")
                found[column] = Hole(name, k, times_a_day=times, of_body=own)
        return found


class _Some(Struct, dict=True):
    """Some of the subjects: who of them is alike, in what a form says."""

    request: Request
    form: Form

    @cached_property
    def columns(self) -> RowColumns:
        return RowColumns.of(self.request.schedule(), self.request.policy)

    @cached_property
    def _alone(self) -> frozenset[int]:
        return frozenset(alone(self.request.cohort))

    @cached_property
    def groups(self) -> Groups:
        own = sorted(self._alone)
        return alike(self.columns, own) if self.form == "json" else self.told.alike(own)

    @cached_property
    def told(self) -> Told:
        return Told.of(self.columns, self.request.as_of, cancelled=self.request.cancelled)

    def is_alone(self, group: int) -> bool:
        """Whether a group is one subject who is like nobody."""
        return self.groups.first[group] in self._alone

    def planned(self, groups: Sequence[int]) -> Iterator[tuple[Plan, SubjectSchedule]]:
        """The plans of the first ones of some groups."""
        chosen = self.request.cohort.chosen([self.groups.first[group] for group in groups])
        return planned(replace(self.request, columns=chosen)) if groups else iter(())

    def doses(self, subject: SubjectSchedule) -> Doses:
        """By visit the doses of a plan, each with its row in the schedule of all."""
        schedule, rows = self.columns.schedule, dict[str, list[int]]()
        for k, row in enumerate(schedule.rows):
            rows.setdefault(schedule.id(row.visit), []).append(k)
        return {v.id: [(k, dose) for k, dose in zip(rows.get(v.id, ()), v.doses, strict=True) if dose.in_plan] for v in subject.visits}


def planned(request: Request) -> Iterator[tuple[Plan, SubjectSchedule]]:
    """Everybody's plan, with the schedule of which it is made; what the rules of a stop count is told as of each alone."""
    for some in request.cohort.slices(_TOGETHER):
        for subject in by_subject(replace(request, columns=some).schedule(), request.policy, alone=True):
            yield request.plan(subject), subject


def _remembered(known: dict[Hashable, dict[Hashable, Known]], layout: Hashable) -> dict[Hashable, Known]:
    if sum(map(len, known.values())) > _KEPT:
        known.clear()
    return known.setdefault(layout, {})


def _by_hour(row: dict[str, Any], visit: int) -> dict[str, Hole]:
    """The times of a row, each so many days after the target of its visit."""
    found = {}
    for name in ("point_time", "point_earliest", "point_latest"):
        if (time := row.get(name)) and row["target"]:
            days = dt.date.fromisoformat(time[:10]) - dt.date.fromisoformat(row["target"])
            found[name] = Hole(name, visit, plus=days.days, behind=time[10:])
    return found


def _products_by_body(request: Request) -> frozenset[str]:
    """The products of which some dose hangs on the body, and their totals with it."""
    gives = [give for period in request.study.periods for entry in period.visit_rules for give in entry.gives]
    doses = [(give.product, d) for give in gives for d in (*give.doses, *(d for way in give.ways for d in way), give.kit)]
    return frozenset(product for product, dose in doses if dose is not None and dose.by_weight)


# --- texts --------------------------------------------------------------------------------------------------------------


def number_texts(values: list[float]) -> list[str]:
    """Numbers as texts, those that are whole without a point."""
    if values and values.count(values[0]) == len(values):
        return [str(plain_number(values[0]))] * len(values)
    return [repr(int(v)) if v.is_integer() else repr(v) for v in values]


def each_once(write: Callable[[Any], str], values: list[Any]) -> list[str]:
    """Values as texts, each of them made once."""
    shown = {value: write(value) for value in set(values)}
    return [shown[value] for value in values]


def cell_text(value: Any) -> str:
    """A value as a cell of CSV."""
    if value is None or (isinstance(value, str) and value.isalnum()):
        return value or ""
    text = cell(value)
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\n\r') else text


def json_text(value: Any) -> str:
    """A value as JSON, in one line."""
    return json.dumps(value, ensure_ascii=False)
