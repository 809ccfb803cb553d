"""Every visit of very many subjects as the rows of one table, CSV or JSON lines: what a plan says of each, subject after subject.

No row is made but as plans make it: of subjects who are alike one is planned (`row_kinds`), and the others' rows are his, with their own
cells, which the schedule holds as columns. Of whom records, later weights, doubtful ones or earlier doses are known nobody is alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from nmosd_dosing.days import to_dates
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export import parquet
from nmosd_dosing.report.export.column_kinds import columns_of
from nmosd_dosing.report.export.plain import Sheet, iso_date, plain_number
from nmosd_dosing.report.export.plan import visit_rows
from nmosd_dosing.report.export.row_kinds import OF_VISITS, Alike, Form, cell_text, each_once, json_text, planned
from nmosd_dosing.report.export.workbook import check_rows
from nmosd_dosing.schedule.laid_rows import LaidRows
from nmosd_dosing.study.blinding import shown_arm
from nmosd_dosing.subjects.cohort import Cohort

__all__ = ["COHORT_COLUMNS", "FIRST_COLUMNS", "Form", "count", "header", "rows", "sheet", "to_parquet"]

FIRST_COLUMNS = ("unblinded", "subject", "site", "arm", "start", "planned_start", "regimen", "study", "weight_kg")
COHORT_COLUMNS = (*FIRST_COLUMNS, *OF_VISITS)
_BLOCK = 32768  # subjects whose rows are a block of Parquet
SLICE = 8192  # subjects whose text is held at a time


def to_parquet(request: Request, without: list[str], size: int = _BLOCK) -> Iterator[bytes]:
    """The rows of CSV as a file of Parquet, piece by piece. `without` gets the codes of those who have none. Raises InputError as `rows`
    does."""
    study = request.study
    about = {"study": study.id, "study_sha256": study.sha256, "unblinded": str(request.unblinds).lower()}
    return parquet.to_parquet(columns_of(COHORT_COLUMNS), _blocks(request, without, size), about)


def _blocks(request: Request, without: list[str], size: int) -> Iterator[dict[str, Any]]:
    """The rows of some subjects after another, as columns."""
    request = request.begun()  # the recorded day 1 stands in the columns of the subject
    known = Alike(request)
    for part in request.cohort.slices(size):
        some = replace(request, columns=part)
        laid, of_rows = known.laid(some)
        without += [part.codes[column] for column in laid.without()]
        block: dict[str, Any] = {name: (values, laid.subject) for name, values in zip(FIRST_COLUMNS, _firsts(some), strict=True)}
        block |= {"start": part.start[laid.subject], "weight_kg": (part.grams / 1000)[laid.subject]}
        if len(laid.subject):
            yield {**block, **dict(_columns(laid, of_rows))}


def _columns(laid: LaidRows, of_rows: list[dict[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The columns of visits that hold something."""
    for column in columns_of(OF_VISITS):
        name = column.name
        cells = [row.get(name) for row in of_rows]
        if name not in laid.own:
            if any(cell not in (None, "") for cell in cells):
                yield name, (cells, laid.row)
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
        first = {"unblinded": plan.unblinded, "subject": plan.subject, "site": plan.at_site, "arm": plan.arm}
        days = {"start": iso_date(plan.start), "planned_start": iso_date(plan.planned_start)}
        of_study = {"regimen": plan.regimen, "study": plan.study, "weight_kg": plain_number(plan.weight_kg)}
        row = None
        for row in visit_rows(plan):
            yield {**row, **first, **days, **of_study}
        if row is None:
            without.append(plan.subject or "")


def rows(request: Request, form: Form, size: int = SLICE) -> Iterator[list[str]]:
    """The rows of every subject as one text each, in their order, `size` subjects at a time: CSV has a row for each administration and
    assessment of a visit, JSON a line for each visit.

    The subjects are columns; what is counted over all of them, as a study stop may be, must be given in their `of_study`. Raises
    InputError as `expand` does.
    """
    request = request.begun()
    known = Alike(request)
    for part in request.cohort.slices(size):
        some = replace(request, columns=part)
        yield known.texts(some, form, _heads(some, form))


def rows_of(request: Request, form: Form, part: Cohort) -> list[str]:
    """The rows of each subject of a part of a cohort, as `rows` has them: wherever they are made."""
    return next(rows(replace(request, columns=part), form, len(part)))


def _heads(request: Request, form: Form) -> list[str]:
    """What stands before each line of each subject: FIRST_COLUMNS."""
    if form == "json":
        return [json_text(dict(zip(FIRST_COLUMNS, cells, strict=True)))[:-1] + ", " for cells in zip(*_firsts(request), strict=True)]
    cells = [each_once(cell_text, column) for column in _firsts(request)]
    one = [texts.count(texts[0]) == len(texts) for texts in cells]
    text = "".join(texts[0].replace("%", "%%") + "," if same else "%s," for texts, same in zip(cells, one, strict=True))
    varied = [texts for texts, same in zip(cells, one, strict=True) if not same]
    return list(map(text.__mod__, zip(*varied, strict=True))) if varied else [text % ()] * len(request.cohort)


def _firsts(request: Request) -> list[list[Any]]:
    """FIRST_COLUMNS of everybody, column by column."""
    cohort, study, periods, n = request.cohort, request.study, request.periods, len(request.cohort)
    arms = [shown_arm(study, periods, arm, request.unblinds) for arm in (*request.arms, None)]  # the last: not known
    planned_start = to_dates(cohort.planned_start) if cohort.planned_start is not None else [None] * n
    return [
        [request.unblinds] * n, [code or None for code in cohort.codes] if cohort.codes else [None] * n,
        list(cohort.sites) if cohort.sites else [None] * n, [arms[arm] for arm in cohort.arm.tolist()],
        list(map(iso_date, to_dates(cohort.start))), list(map(iso_date, planned_start)),
        [study.id if len(periods) > 1 else study.regimen_id(periods[0])] * n, [study.id] * n,
        [None if kg != kg else plain_number(kg) for kg in (cohort.grams / 1000).tolist()],
    ]  # fmt: skip
