"""Every visit of very many subjects as the rows of one table, CSV or JSON lines: what a plan says of each, subject after subject.

No row is made but as plans make it. In CSV, which says nothing in sentences, visits are alike of which the same is told, whoever's they are
and whatever day they are on (`row_kinds`): one of them is planned, and the others' rows are its rows with their own cells, which the
schedule holds as columns. In JSON subjects are, of whom the same is known but for code, site and weight. Of whom records, later weights,
doubtful ones or earlier doses are known nobody is alike.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import to_dates
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export import parquet
from nmosd_dosing.report.export.column_kinds import columns_of
from nmosd_dosing.report.export.plain import Sheet, iso_date, plain_number, vials_list
from nmosd_dosing.report.export.plan import visit_rows, visit_to_dict
from nmosd_dosing.report.export.row_kinds import (
    COHORT_COLUMNS,
    FIRST_COLUMNS,
    OF_DOSE,
    OF_VISITS,
    Hole,
    Templates,
    cell_text,
    cell_texts,
    csv_texts,
    iso_dates,
    laid_rows,
    planned,
    products_by_body,
)
from nmosd_dosing.report.export.workbook import check_rows
from nmosd_dosing.schedule.alike import Alike, alike
from nmosd_dosing.schedule.laid_rows import LaidRows
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_kinds import alone
from nmosd_dosing.study.blinding import shown_arm
from nmosd_dosing.subjects.cohort import Cohort

__all__ = ["COHORT_COLUMNS", "FIRST_COLUMNS", "Form", "count", "header", "rows", "sheet", "to_parquet"]

Form = Literal["csv", "json"]

_FLAT = ("cumulative_per_kg",)
_BY_BODY = (*OF_DOSE, "vials")
_BLOCK = 32768  # subjects whose rows are a block of Parquet
SLICE = 8192  # subjects whose text is held at a time
_KEPT = 16384  # ways in which subjects are alike that are remembered
_HOLE = "\0"  # no text of a plan holds it


def to_parquet(request: Request, without: list[str], size: int = _BLOCK) -> Iterator[bytes]:
    """The rows of CSV as a file of Parquet, piece by piece. `without` gets the codes of those who have none. Raises InputError as `rows`
    does."""
    study = request.study
    about = {"study": study.id, "study_sha256": study.sha256, "unblinded": str(request.unblinds).lower()}
    return parquet.to_parquet(columns_of(COHORT_COLUMNS), _blocks(request, without, size), about)


def _blocks(request: Request, without: list[str], size: int) -> Iterator[dict[str, Any]]:
    """The rows of some subjects after another, as columns."""
    request = request.begun()  # the recorded day 1 stands in the columns of the subject
    templates = Templates(request)
    for part in request.cohort.slices(size):
        own = alone(part)
        others = sorted({*range(len(part))} - {*own}) if own else range(len(part))
        kinds = templates.kinds(replace(request, columns=part.chosen(others) if own else part)) if len(others) else None
        plans = planned(replace(request, columns=part.chosen(own))) if own else ()
        rows = {column: list(visit_rows(plan)) for column, (plan, _) in zip(own, plans, strict=True)}
        laid, of_kinds = laid_rows(len(part), kinds, templates.of(kinds) if kinds is not None else [], others, rows)
        without += [part.codes[column] for column in laid.without(len(part))]
        some = replace(request, columns=part)
        firsts = zip(FIRST_COLUMNS, _firsts(some, range(len(part))), strict=True)
        block: dict[str, Any] = {name: (values, laid.subject) for name, values in firsts}
        block |= {"start": part.start[laid.subject], "weight_kg": (part.grams / 1000)[laid.subject]}
        if len(laid.subject):
            yield {**block, **dict(_columns(laid, of_kinds))}


def _columns(laid: LaidRows, of_kinds: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The columns of visits that hold something."""
    for column in columns_of(OF_VISITS):
        name = column.name
        cells = [row.get(name) for row in of_kinds]
        if name not in laid.own:
            if any(cell not in (None, "") for cell in cells):
                yield name, (cells, laid.kind)
        elif column.kind in ("text", "word"):
            yield name, laid.texts(name, cells)
        else:
            yield name, laid.values(name, cells, "datetime64[D]" if column.kind == "date" else "float64")


def header(form: Form) -> str:
    """What stands before the first row."""
    return ",".join(COHORT_COLUMNS) + "\n" if form == "csv" else ""


def count(request: Request, size: int = SLICE) -> Iterator[list[int]]:
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
    for plan, _ in planned(request):
        shared, row = _of_plan(plan), None
        for row in visit_rows(plan):
            yield {**row, **shared}
        if row is None:
            without.append(plan.subject or "")


def rows(request: Request, form: Form, size: int = SLICE) -> Iterator[list[str]]:
    """The rows of every subject as one text each, in their order, `size` subjects at a time: CSV has a row for each administration and
    assessment of a visit, JSON a line for each visit.

    The subjects are columns; what is counted over all of them, as a study stop may be, must be given in their `of_study`. Raises
    InputError as `expand` does.
    """
    templates, known = Templates(request), dict[Hashable, _Template]()
    for part in request.cohort.slices(size):
        some, made = replace(request, columns=part), [""] * len(part)
        own = alone(part)
        others = sorted({*range(len(part))} - {*own}) if own else range(len(part))
        for column, text in zip(own, _own_texts(replace(request, columns=part.chosen(own)), form) if own else (), strict=True):
            made[column] = text
        if len(others):
            some = replace(request, columns=part.chosen(others)) if own else some
            of_others = _csv_texts(some, templates) if form == "csv" else _json_texts(some, known)
            for column, text in zip(others, of_others, strict=True):
                made[column] = text
        yield made


def rows_of(request: Request, form: Form, part: Cohort) -> list[str]:
    """The rows of each subject of a part of a cohort, as `rows` has them: wherever they are made."""
    return next(rows(replace(request, columns=part), form, len(part)))


def _own_texts(request: Request, form: Form) -> Iterator[str]:
    """The rows of subjects who are like nobody else."""
    for plan, _ in planned(request):
        shared = _of_plan(plan)
        if form == "csv":
            yield "".join(",".join(map(cell_text, map({**row, **shared}.get, COHORT_COLUMNS))) + "\n" for row in visit_rows(plan))
        else:
            yield "".join(_json_text({**shared, **visit_to_dict(visit)}) + "\n" for visit in plan.all_visits)


def _csv_texts(request: Request, templates: Templates) -> list[str]:
    kinds = templates.kinds(request)
    return csv_texts(kinds, templates.of(kinds), _heads(request))


def _heads(request: Request) -> list[str]:
    """The columns of each subject as CSV."""
    cells = list(map(cell_texts, _firsts(request, range(len(request.cohort)))))
    one = [texts.count(texts[0]) == len(texts) for texts in cells]
    text = ",".join(texts[0].replace("%", "%%") if same else "%s" for texts, same in zip(cells, one, strict=True))
    varied = [texts for texts, same in zip(cells, one, strict=True) if not same]
    return list(map(text.__mod__, zip(*varied, strict=True))) if varied else [text % ()] * len(request.cohort)


def _of_plan(plan: Plan) -> dict[str, Any]:
    """What one subject has in FIRST_COLUMNS."""
    first = {"unblinded": plan.unblinded, "subject": plan.subject, "site": plan.at_site, "arm": plan.arm}
    days = {"start": iso_date(plan.start), "planned_start": iso_date(plan.planned_start)}
    return {**first, **days, "regimen": plan.regimen, "study": plan.study, "weight_kg": plain_number(plan.weight_kg)}


def _firsts(request: Request, columns: Sequence[int]) -> list[list[Any]]:
    """The same of some subjects, column by column."""
    cohort, study, periods, n = request.cohort, request.study, request.periods, len(columns)
    arms = [shown_arm(study, periods, arm, request.unblinds) for arm in (*request.arms, None)]  # the last: not known
    before = cohort.planned_start
    return [
        [request.unblinds] * n,
        [cohort.codes[column] or None for column in columns] if cohort.codes else [None] * n,
        [cohort.sites[column] for column in columns] if cohort.sites else [None] * n,
        [arms[arm] for arm in cohort.arm[columns].tolist()],
        iso_dates(to_dates(cohort.start[columns])),
        iso_dates(to_dates(before[columns])) if before is not None else [None] * n,
        [study.id if len(periods) > 1 else study.regimen_id(periods[0])] * n,
        [study.id] * n,
        [None if kg != kg else plain_number(kg) for kg in (cohort.grams[columns] / 1000).tolist()],
    ]


# --- JSON: subjects who are alike ----------------------------------------------------------------------------------------


class _Template(Struct, frozen=True):
    """The lines of one subject, with `%s` for what others who are alike have of their own: a column of the subject (`visit` is empty), or a
    number of a dose of a visit."""

    text: str
    holes: tuple[tuple[str, Hole], ...]


def _json_texts(request: Request, known: dict[Hashable, _Template]) -> list[str]:
    """The lines of subjects of whom nothing is known that would set each apart."""
    cohort, found = request.cohort, alike(request.schedule(), request.policy)
    if len(known) > _KEPT:
        known.clear()
    new = [(key, column) for key, column in zip(found.keys, found.first_ones, strict=True) if key not in known]
    plans = planned(replace(request, columns=cohort.chosen([column for _, column in new]))) if new else ()
    by_body = products_by_body(request)
    known.update((key, _template(plan, subject, by_body)) for (key, _), (plan, subject) in zip(new, plans, strict=True))
    made = [""] * len(cohort)
    for column, text in zip(found.columns, _filled(request, found, known), strict=True):
        made[column] = text
    return made


def _filled(request: Request, found: Alike, known: dict[Hashable, _Template]) -> Iterator[str]:
    """The lines of everybody, group after group, from those of whom each is like."""
    cells: dict[tuple[str, Hole], list[str]] = {
        ("", Hole(name)): list(map(_json_text, values)) for name, values in zip(FIRST_COLUMNS, _firsts(request, found.columns), strict=True)
    }
    for key, begin, end in zip(found.keys, found.begins[:-1], found.begins[1:], strict=True):
        template = known[key]
        for visit, hole in template.holes:
            if (visit, hole) not in cells:
                values = hole.own(found.of, found.of.schedule.ids.index(visit), found.columns, vials_list)
                cells[visit, hole] = list(map(_json_text, values))
        its = [cells[hole][begin:end] for hole in template.holes]
        yield from map(template.text.__mod__, zip(*its, strict=True)) if its else [template.text] * (end - begin)


def _template(plan: Plan, subject: SubjectSchedule, by_body: frozenset[str]) -> _Template:
    moving = {visit.id: [*_moving(visit, by_body)] for visit in subject.visits}
    own = [name for name in ("subject", "site", "weight_kg") if name != "weight_kg" or plan.weight_kg is not None]
    texts, holes = [], list[tuple[str, Hole]]()
    for visit in plan.all_visits:
        made = {**_of_plan(plan), **dict.fromkeys(own, _HOLE), **visit_to_dict(visit)}
        holes += [("", Hole(name)) for name in own]
        for dose, its in zip(made["administrations"], moving[visit.id], strict=True):
            mine = [name for name, value in dose.items() if name in its and value is not None]
            dose.update(dict.fromkeys(mine, _HOLE))
            holes += [(visit.id, its[name]) for name in mine]
        texts.append(_json_text(made).replace("%", "%%").replace(json.dumps(_HOLE), "%s") + "\n")
    return _Template("".join(texts), tuple(holes))


def _moving(visit: SubjectVisit, by_body: frozenset[str]) -> Iterator[dict[str, Hole]]:
    """Of each administration of a visit, the cells that hang on the body."""
    for nth, dose in enumerate(visit.doses):
        if dose.in_plan:
            names = _BY_BODY if dose.give.product in by_body else _FLAT
            yield {name: Hole(name, nth, dose.times_a_day if name == "per_day" else 1, of_body=True) for name in names}


def _json_text(value: Any) -> str:
    """A value as JSON, in one line."""
    return json.dumps(value, ensure_ascii=False)
