"""The tables of a register through the readers of tables, for whoever plans from them without a command."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from nmosd_dosing.errors import Problems
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.reading.tables import contents
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import roster, subject_table
from nmosd_dosing.subjects.tables.headings import Layout
from nmosd_dosing.subjects.tables.known import Known


def subjects(
    study: Study, periods: Sequence[Period], held: Mapping[str, Sequence[Fact]]
) -> tuple[tuple[Subject, ...], tuple[str, ...]]:  # fmt: skip
    """Subjects with what their tables say of them, and the codes of those who have no first dose, and of whom nobody says when they were
    screened. Raises InputError with what the readers refuse; it names rows by the numbers of their entries."""
    problems, found = Problems(), contents(held)
    if "subjects" not in found:
        return (), ()
    layouts = {table: Layout(table, entries=tuple(fact.seq for fact in held[table])) for table in found}
    masked = any(period.masks for period in study.periods)
    capped = [product.name for product in study.products if product.lifetime is not None]
    columns = subject_table.read(found["subjects"], "subjects", [p.id for p in periods[1:]], capped, problems, layouts["subjects"])
    known, said = Known(columns.codes, lambda row: columns.cell(row).place), defaultdict[int, roster.Said](roster.Said)

    readers = roster.readers(study, masked)
    roster.join(known, said, *(read(found[t], t, layout=layouts[t]) if t in found else [] for t, read in readers.items()))
    problems.found += known.in_order
    problems.stop()
    without = {row for row in columns.without_start if row not in said or not said[row].screened}
    planned = (row for row in range(len(columns)) if row not in without)
    return tuple(roster.subject_of(columns, row, said.get(row)) for row in planned), tuple(columns.codes[row] for row in sorted(without))
