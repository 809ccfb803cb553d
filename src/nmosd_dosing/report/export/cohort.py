"""Every visit of very many subjects as the rows of one table, CSV or JSON lines: what a plan says of each, subject after subject.

Subjects of whom the same is known, but for code, site and weight, are alike: one of them is planned as `plan` plans, and the others'
rows are its rows with their own code, site and weight, and with their own doses, which the schedule holds as columns. Of whom records,
later weights or earlier doses are known nobody is alike.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from nmosd_dosing.dose.dose import KNOWN
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.planning import often_a_day
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import cell, plain_number, vials_list
from nmosd_dosing.report.export.plan import COLUMNS, visit_rows, visit_to_dict
from nmosd_dosing.schedule.dispensing import dispensed
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects.cohort import Cohort

Form = Literal["csv", "json"]
FIRST_COLUMNS = ("unblinded", "subject", "site", "arm", "start", "regimen", "study", "weight_kg")
COHORT_COLUMNS = (*FIRST_COLUMNS, *COLUMNS[COLUMNS.index("id") :])

_BY_BODY = (
    "amount", "cumulative", "cumulative_per_kg", "total", "per_day", "planned", "weight_kg", "vials", "dispensed", "waste", "volume_ml",
)  # fmt: skip
_FLAT = ("cumulative_per_kg",)
_SLICE = 32768  # subjects whose text is held at a time
_TOGETHER = 64  # subjects that are planned together
_KEPT = 16384  # ways in which subjects are alike that are remembered
_HOLE = "\0"  # no text of a plan holds it


def header(form: Form) -> str:
    """What stands before the first row."""
    return ",".join(COHORT_COLUMNS) + "\n" if form == "csv" else ""


def rows(request: Request, sites: Sequence[str | None], form: Form, size: int = _SLICE) -> Iterator[list[str]]:
    """The rows of every subject as one text each, in their order, `size` subjects at a time: CSV has a row for each administration and
    assessment of a visit, JSON a line for each visit. `sites` are theirs, empty where nobody has one.

    The subjects are columns; what is counted over all of them, as a study stop may be, must be given in their `of_study`. Raises
    InputError as `expand` does.
    """
    known: dict[Any, _Template] = {}
    cohort = request.cohort
    for begin, part in zip(range(0, len(cohort), size), cohort.slices(size), strict=True):
        yield _Slice(request, part, sites[begin : begin + size], form, known).texts()


# --- subjects who are alike ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Hole:
    """A cell that alike subjects do not share: of the subject itself (`visit` is empty), or a number of the `nth` dose of a visit."""

    field: str
    visit: str = ""
    nth: int = 0
    often: int = 1


@dataclass(frozen=True, slots=True)
class _Template:
    """The rows of one subject, with `%s` for what others who are alike have of their own."""

    text: str
    holes: tuple[_Hole, ...]


@dataclass(slots=True)
class _Slice:
    request: Request
    cohort: Cohort
    sites: Sequence[str | None]
    form: Form
    known: dict[Any, _Template]
    order: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def texts(self) -> list[str]:
        made = [""] * len(self.cohort)
        own = _on_their_own(self.cohort)
        alone, alike = np.flatnonzero(own), np.flatnonzero(~own)
        for column, template in zip(alone.tolist(), self._templates(alone), strict=True):
            made[column] = template.text % tuple(self._of_subject(hole, column) for hole in template.holes)
        if len(alike):
            everybody = len(alike) == len(self.cohort)
            part = self.cohort if everybody else self.cohort.chosen(alike)
            sites = self.sites if everybody or not self.sites else [self.sites[i] for i in alike.tolist()]
            found = _Slice(self.request, part, sites, self.form, self.known)._alike()
            for column, text in zip(alike.tolist(), found, strict=True):
                made[column] = text
        return made

    def _alike(self) -> list[str]:
        """The rows of subjects of whom nothing is known that would set each apart."""
        schedule = replace(self.request, columns=self.cohort).schedule()
        columns = [*_apart(schedule, self.request.policy)]
        varied = [c for c in columns if (c[1] != c[1][0]).any()]
        layout = (tuple(map(schedule.id, range(len(schedule.visits)))), tuple((n, int(c[0])) for n, c in columns if (c == c[0]).all()))
        group = np.zeros(len(schedule), dtype=np.int64)
        for _, values in varied:
            _, inner = np.unique(values, return_inverse=True)
            _, group = np.unique(group * (int(inner.max()) + 1) + inner, return_inverse=True)
        self.order = np.argsort(group, kind="stable")
        begins = np.flatnonzero(np.diff(group[self.order], prepend=-1))
        first = self.order[begins]
        names = (layout, tuple(n for n, _ in varied))
        keys = [(names, *values) for values in zip(*(c[first].tolist() for _, c in varied), strict=True)] or [(names,)]
        self._plan_new(keys, first)
        return self._filled(schedule, keys, [*begins.tolist(), len(schedule)])

    def _plan_new(self, keys: list[Any], first: NDArray[np.int64]) -> None:
        """Plans one subject of each kind that has not been seen before."""
        if len(self.known) > _KEPT:
            self.known.clear()
        new = [i for i, key in enumerate(keys) if key not in self.known]
        self.known.update(zip((keys[i] for i in new), self._templates(first[new]), strict=True))

    def _templates(self, columns: NDArray[np.int64]) -> Iterator[_Template]:
        """The rows of some subjects, planned as `plan` does."""
        if not len(columns):
            return
        # Whoever stands beside a subject must not show in what is said of the rules of a stop: they are counted over the cohort.
        together = 1 if self.form == "json" and self.request.study.stop is not None else _TOGETHER
        chosen = self.cohort.chosen(columns)
        for some in chosen.slices(2048):
            for few in some.slices(together):
                schedule = replace(self.request, columns=few).schedule()
                for column in range(len(few)):
                    yield _template(self.request, schedule, column, self.form)

    def _of_subject(self, hole: _Hole, column: int) -> str:
        """A cell of a subject who is planned alone."""
        return self._of_subjects(hole.field, [column])[0]

    def _of_subjects(self, name: str, columns: Sequence[int]) -> list[str]:
        text = _cell_text if self.form == "csv" else _json_text
        if name == "subject":
            return [text(self.cohort.codes[i]) for i in columns]
        if name == "site":
            return [text(self.sites[i]) for i in columns] if self.sites else [text(None)] * len(columns)
        return _numbers(self.cohort.grams[np.array(columns)] / 1000)

    def _filled(self, schedule: Schedule, keys: list[Any], begins: list[int]) -> list[str]:
        """The rows of everybody, from those of whom each is like."""
        made: list[str] = []
        cells: dict[_Hole, list[str]] = {}
        order = self.order.tolist()
        for key, begin, end in zip(keys, begins[:-1], begins[1:], strict=True):
            template = self.known[key]
            for hole in template.holes:
                if hole not in cells:
                    cells[hole] = self._cells(schedule, hole, order)
            if template.holes:
                parts = {hole: cells[hole][begin:end] for hole in template.holes}
                made += map(template.text.__mod__, zip(*(parts[hole] for hole in template.holes), strict=True))
            else:
                made += [template.text] * (end - begin)
        place = np.empty(len(order), dtype=np.int64)
        place[self.order] = np.arange(len(order))
        return [made[i] for i in place.tolist()]

    def _cells(self, schedule: Schedule, hole: _Hole, order: list[int]) -> list[str]:
        """A cell of everybody, in the order of `order`."""
        if not hole.visit:
            return self._of_subjects(hole.field, order)
        visit = next(i for i in range(len(schedule.visits)) if schedule.id(i) == hole.visit)
        k = [k for k, row in enumerate(schedule.rows) if row.visit == visit][hole.nth]
        if hole.field == "vials":
            found = dispensed(schedule, k, self.request.policy)
            assert found is not None
            csv_or_json: Callable[[Any], str] = _vials_text if self.form == "csv" else _vials_json
            counts = [tuple(counts) for counts in found.counts[:, self.order].T.tolist()]
            shown = {c: csv_or_json(tuple((size, n) for size, n in zip(found.vials.texts, c, strict=True) if n)) for c in set(counts)}
            return [shown[c] for c in counts]
        return _numbers(_values(schedule, hole, k, self.request.policy)[self.order])


def any_alone(cohort: Cohort) -> bool:
    """Whether somebody must be planned alone, or nearly so."""
    return bool(cohort.events or cohort.entered or _on_their_own(cohort).any())


def _on_their_own(cohort: Cohort) -> NDArray[np.bool_]:
    """(n,) of whom something is known that nobody else can share."""
    own = np.zeros(len(cohort), dtype=bool)
    own[[column for column, _ in (*cohort.records, *cohort.earlier)]] = True
    for weights in (cohort.weighed, cohort.measured):
        if weights is not None:
            own |= ~np.isnat(weights.dates).all(axis=0)
    return own


def _apart(schedule: Schedule, policy: Policy) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """(n,) each, by name: all that can make the rows of two subjects differ, but for their own cells."""
    cohort = schedule.cohort
    yield "start", cohort.start.astype(np.int64)
    yield "arm", cohort.arm.astype(np.int64)
    yield "weight", np.isnan(cohort.grams).astype(np.int64)
    yield "height", np.isnan(cohort.mm).astype(np.int64)
    for name, dates in cohort.events.items():
        yield from ((f"event {name} {i}", column.astype(np.int64)) for i, column in enumerate(dates))
    for name, column in cohort.entered.items():
        yield f"entry {name}", column.astype(np.int64)
    for k in range(len(schedule.rows)):
        yield f"status {k}", schedule.status[k].astype(np.int64)
        if (found := dispensed(schedule, k, policy)) is not None:
            yield f"vials {k}", np.isnan(found.total).astype(np.int64)


# --- the cells of doses, by column --------------------------------------------------------------------------------------


def _values(schedule: Schedule, hole: _Hole, k: int, policy: Policy) -> NDArray[np.float64]:
    """(n,) a number of a dose as `plans` gives it; NaN where it gives none."""
    row = schedule.rows[k]
    known = np.isin(schedule.status[k], list(KNOWN))
    amount: NDArray[np.float64] = np.where(known, schedule.amount[k], np.nan)
    if hole.field in ("amount", "planned"):
        return amount
    if hole.field in ("total", "per_day"):
        times = np.asarray(schedule.count(k) if hole.field == "total" else hole.often, dtype=np.float64)
        summed: NDArray[np.float64] = np.rint(amount * row.scale) * times / row.scale
        return summed
    if hole.field == "cumulative":
        cumulative: NDArray[np.float64] = schedule.cumulative[k]
        return cumulative
    if hole.field == "cumulative_per_kg":
        return schedule.per_baseline_kg(k)
    if hole.field == "weight_kg":
        return schedule.grams / 1000
    found = dispensed(schedule, k, policy)
    assert found is not None
    return {"dispensed": found.total, "waste": found.waste, "volume_ml": found.volume}[hole.field]


def _numbers(values: NDArray[np.float64]) -> list[str]:
    """Numbers as texts, those that are whole without a point."""
    if len(values) and (values == values[0]).all():
        return [str(plain_number(float(values[0])))] * len(values)
    return [repr(int(v)) if v.is_integer() else repr(v) for v in values.tolist()]


# --- the rows of one subject --------------------------------------------------------------------------------------------


def _template(request: Request, schedule: Schedule, column: int, form: Form) -> _Template:
    plan = request.plan(schedule, column)
    alone = bool(_on_their_own(schedule.cohort)[column])
    numbers = {schedule.id(i): i for i in range(len(schedule.visits))}
    moving = {visit.id: [] if alone else list(_moving(schedule, numbers[visit.id], column)) for visit in plan.visits}
    lines = _csv_lines(plan, moving) if form == "csv" else _json_lines(plan, moving)
    texts, holes = [], list[_Hole]()
    for text, its in lines:
        texts.append(text)
        holes += its
    return _Template("".join(texts), tuple(holes))


def _moving(schedule: Schedule, visit: int, column: int) -> Iterator[dict[str, _Hole]]:
    """Of each administration of a visit, the cells that hang on the body."""
    rows = [k for k, row in enumerate(schedule.rows) if row.visit == visit]
    for nth, k in enumerate(rows):
        if schedule.given_at(k)[column]:
            names = _BY_BODY if _by_body(schedule, schedule.rows[k].give.product) else _FLAT
            often = often_a_day(schedule, k, column)
            yield {name: _Hole(name, schedule.id(visit), nth, often if name == "per_day" else 1) for name in names}


def _by_body(schedule: Schedule, product: str) -> bool:
    """Whether some dose of a product hangs on the body, and its totals with it."""
    gives = [row.give for row in schedule.rows if row.give.product == product]
    doses = [dose for give in gives for dose in (*give.doses, *(d for _, changed in give.changes for d in changed), give.kit)]
    return any(dose is not None and dose.by_weight for dose in doses)


def _shared(plan: Plan) -> dict[str, Any]:
    return {
        "unblinded": plan.unblinded,
        "subject": _HOLE,
        "site": _HOLE,
        "arm": plan.arm,
        "start": plan.start.isoformat(),
        "regimen": plan.regimen,
        "study": plan.study,
        "weight_kg": None if plan.weight_kg is None else _HOLE,
    }


def _own(plan: Plan) -> list[_Hole]:
    return [_Hole(name) for name, value in _shared(plan).items() if value is _HOLE]


Lines = Iterable[tuple[str, list[_Hole]]]


def _csv_lines(plan: Plan, moving: dict[str, list[dict[str, _Hole]]]) -> Lines:
    shared, own = _shared(plan), _own(plan)
    out = io.StringIO()
    write = csv.DictWriter(out, COHORT_COLUMNS, restval="", lineterminator="\n", extrasaction="ignore").writerow
    seen: dict[str, int] = {}
    for row in visit_rows(plan):
        nth = seen.get(row["id"], 0)
        seen[row["id"]] = nth + 1
        holes = {} if "product" not in row or nth >= len(moving[row["id"]]) else moving[row["id"]][nth]
        cells = {**row, **shared}
        found = {}
        for name, hole in holes.items():
            column = "dosed_by_kg" if name == "weight_kg" else name
            if cells[column] is not None:
                cells[column], found[column] = _HOLE, hole
        write({name: value if value is _HOLE else cell(value) for name, value in cells.items()})
        text = out.getvalue()
        out.seek(0)
        out.truncate()
        yield text.replace("%", "%%").replace(_HOLE, "%s"), [*own, *(found[name] for name in COHORT_COLUMNS if name in found)]


def _json_lines(plan: Plan, moving: dict[str, list[dict[str, _Hole]]]) -> Lines:
    shared, own = _shared(plan), _own(plan)
    for visit in plan.visits:
        made = {**shared, **visit_to_dict(visit)}
        found = [hole for dose, holes in zip(made["administrations"], moving[visit.id], strict=False) for hole in _cut_out(dose, holes)]
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
