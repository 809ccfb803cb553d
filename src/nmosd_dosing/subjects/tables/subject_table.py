"""The table of subjects by column: what a run over very many keeps of each. Nothing is made for a row until somebody asks for it."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import NO_DATE, Dates, of_dates
from nmosd_dosing.dose.dose import Sex
from nmosd_dosing.errors import Place, Problems, clip
from nmosd_dosing.sentences import said
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM, Cohort, Series
from nmosd_dosing.subjects.cohort import ages as to_ages
from nmosd_dosing.subjects.cohort import sexes as to_column
from nmosd_dosing.subjects.subject import Entered, Event, Exposure, Subject
from nmosd_dosing.subjects.tables import cells as typed
from nmosd_dosing.subjects.tables import reading
from nmosd_dosing.subjects.tables.headings import Layout
from nmosd_dosing.subjects.tables.table import Cell, Table


class SubjectColumns(Struct, frozen=True):
    """n subjects, a row each, as their table has them; None where a cell is empty or wrong.

    entered: by period, the day on which a subject entered it. earlier: by product, what a subject had of it before. events: by name, the
    days of consent, screening and randomisation. Only columns that the table has are there.
    """

    table: Table
    codes: Sequence[str]
    starts: Sequence[dt.date | None]
    weights: Sequence[float | None]
    heights: Sequence[float | None]
    sexes: Sequence[Sex | None]
    ages: Sequence[int | None]
    sites: Sequence[str | None]
    entered: Mapping[str, Sequence[dt.date | None]]
    earlier: Mapping[str, Sequence[Exposure | None]]
    events: Mapping[str, Sequence[dt.date | None]]

    def __len__(self) -> int:
        return len(self.codes)

    def cell(self, row: int) -> Cell:
        """The cell of a subject's code."""
        return self.table.cell("subject", row)

    @property
    def without_start(self) -> set[int]:
        """The rows of those who had no first dose, and of whom the table does not say when they were screened."""
        texts = self.table.texts["start"]
        without = {row for row, text in enumerate(texts) if not text} if "" in texts else set()
        return without - {row for column in self.events.values() for row in without if column[row] is not None}

    def with_more(self) -> set[int]:
        """The rows that say more of a subject than the first day, weight, height and site."""
        columns: list[Sequence[object]] = [*self.entered.values(), *self.earlier.values(), *self.events.values()]
        return {row for column in columns for row, value in enumerate(column) if value is not None}

    def subject(self, row: int, beside: Sequence[Event] = (), **others: Any) -> Subject:
        """One subject, with the places of what is said of it; and with the events `beside`, and whatever else, that other tables have."""
        place = self.table.cell
        events = [Event(e, day, place(e, row).place) for e, days in self.events.items() if (day := days[row]) is not None]
        entered = tuple(Entered(p, day, place(f"enter_{p}", row).place) for p, c in self.entered.items() if (day := c[row]) is not None)
        earlier = tuple(replace(e, place=place(f"earlier_{p}", row).place) for p, c in self.earlier.items() if (e := c[row]) is not None)
        happened = by_day({*events, *beside}) if others else (*events, *beside)
        return Subject(
            self.starts[row], self.codes[row], weight_kg=self.weights[row], events=happened, entered=entered, height_cm=self.heights[row],
            sex=self.sexes[row], age=self.ages[row], site=self.sites[row], place=self.cell(row).place, earlier=earlier, **others,
        )  # fmt: skip


def read(
    content: bytes, path: str, periods: Sequence[str], capped: Sequence[str], problems: Problems, layout: Layout | None = None
) -> SubjectColumns:
    """The subjects of a table with the columns `subject` and `start`; if wanted `weight_kg`, `height_cm`, `sex`, `age_years`, `site`, the
    days `consented`, `screened`, `randomised` and `screen_failed`, for each of `periods` the day on which the subject entered it, as
    `enter_PERIOD`, and for each of the products `capped` what the subject had of it before, as `earlier_PRODUCT`. `layout`: what is said
    of how the table is kept.

    Who has no first dose has an empty `start`. `study_version`, which a register writes, is read for registers, and says nothing else.

    What is wrong goes to `problems`, and its rows to `table.wrong`. Raises InputError where there is no table, or its columns are wrong.
    """
    entering = {f"enter_{period}": period for period in periods}
    had = {f"earlier_{product}": product for product in capped}
    optional = ("weight_kg", "height_cm", "sex", "age_years", "site", "study_version", *OF_SCREENING, *entering, *had)
    table = reading.read(content, path, ("subject", "start"), optional, problems, layout=layout)
    needs_code(table, problems)
    once(table, problems)
    if not all(code.isalnum() and len(code) <= 200 for code in table.texts["subject"]):  # the commonest codes, and quick
        table.values("subject", _code, problems)
    starts, weights = table.values("start", typed.day, problems), table.numbers("weight_kg", typed.weight, problems)
    heights, sites = table.numbers("height_cm", typed.height, problems), table.values("site", typed.code, problems)
    sexes = cast("list[Sex | None]", table.values("sex", typed.sex, problems))
    ages = table.values("age_years", typed.age, problems)
    entered = {p: table.values(c, typed.day, problems) for c, p in entering.items() if c in table.columns}
    events = {e: table.values(e, typed.day, problems) for e in OF_SCREENING if e in table.columns}
    earlier = {p: table.values(c, typed.exposure(p), problems) for c, p in had.items() if c in table.columns}
    if not len(table) and not problems.found:
        problems.error(said("`{path}` has no rows", path=path), None, said("write one row a subject below the heading"))
    return SubjectColumns(table, table.texts["subject"], starts, weights, heights, sexes, ages, sites, entered, earlier, events)


def _code(shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    return typed.code(said("the subject's code"), text, place, problems)


def needs_code(table: Table, problems: Problems) -> None:
    """Every row says whose it is."""
    table.needs("subject", said("no subject's code"), said("every row needs one"), problems)


def once(table: Table, problems: Problems) -> None:
    """A second row of one subject is a problem, and then neither can be taken."""
    first: dict[str, int] = {}
    for row, code in enumerate(table.texts["subject"]):
        other = first.setdefault(same(code), row)
        if other != row and code:
            table.wrong.add(other)
            sites = [table.texts["site"][r].strip() for r in (other, row)] if "site" in table.columns else []
            hint, shown = said("take one of the two out"), clip(code)
            if all(sites) and len({*sites}) == 2:
                site = clip(sites[1])
                hint = said("take one of the two out; two people need two codes, such as `{site}-{code}`", site=site, code=shown)
            table.error(row, "subject", said("subject `{code}` has two rows", code=shown), hint, problems, ("the first", other))


def of_broken_lines(table: Table) -> list[int | None]:
    """Of each line that is no row, the row of the same subject; None where nobody has one. Raises ValueError where it cannot be told
    whose a line is: its code is empty or stands within a quotation mark, or its cells may be shifted and none is a known code."""
    rows = {same(code): row for row, code in enumerate(table.texts["subject"]) if code} if table.broken else {}
    at, found = table.columns["subject"], list[int | None]()
    for cells in table.broken:
        if any("\n" in cell for cell in cells):
            raise ValueError(cells)
        if at == 0 and cells[0] and '"' not in cells[0]:
            found.append(rows.get(same(cells[0])))
            continue
        surplus = max(0, len(cells) - len(table.columns))
        meant = [row for cell in cells[: at + surplus + 1] if (row := rows.get(same(cell.strip('" ')))) is not None]
        if not meant:
            raise ValueError(cells)
        found += meant
    return found


def days(table: Table, column: str, problems: Problems) -> list[dt.date | None]:
    """A column in which every row has a day."""
    needs_day(table, column, problems)
    return table.values(column, typed.day, problems)


def needs_day(table: Table, column: str, problems: Problems) -> None:
    """Every row has a day."""
    table.needs(column, said("no date"), said("write for example `2025-01-06`"), problems)


def by_day(events: Iterable[Event]) -> tuple[Event, ...]:
    """By day, and on one day by name."""
    return tuple(sorted(events, key=lambda event: (event.date, event.name)))


def same(code: str) -> str:
    """One text may be written in two ways."""
    return code if code.isascii() else unicodedata.normalize("NFC", code)


def to_cohort(
    columns: SubjectColumns, rows: Sequence[int], told: Mapping[int, Subject], arms: Mapping[int, int], names: Sequence[str],
    of_study: Mapping[str, dt.date],
) -> Cohort:  # fmt: skip
    """A cohort of some rows, in their order. told: by row, the subjects of whom more is known than columns hold. arms: by row, the index
    of an arm in `names`. Rows have a start, or are told when they were screened."""
    at, n = [i for i, row in enumerate(rows) if row in told], len(rows)
    of = (told[rows[i]] for i in at)
    some = Cohort.of_subjects([s if s.arm is None else replace(s, arm=None) for s in of], names) if at else None
    starts, arm = of_dates([columns.starts[row] for row in rows]), np.array([arms.get(row, UNKNOWN_ARM) for row in rows], dtype=np.int16)
    kg, cm = (np.array([column[row] for row in rows], dtype=np.float64) for column in (columns.weights, columns.heights))
    events = {name: _spread(dates, at, n) for name, dates in some.events.items()} if some is not None else None
    made = Cohort.of(starts, kg, arm, height_cm=cm, events=events, of_study=of_study)
    sites = tuple(columns.sites[row] for row in rows) if "site" in columns.table.columns else ()
    sex, age = to_column(columns.sexes[row] for row in rows), to_ages(columns.ages[row] for row in rows)
    made = replace(made, codes=tuple(columns.codes[row] for row in rows), sites=sites, sex=sex, age=age)
    if some is None:
        return made
    return replace(
        made,
        entered={period: _spread(dates, at, n) for period, dates in some.entered.items()},
        records=tuple((at[column], record) for column, record in some.records),
        timed=tuple((at[column], record) for column, record in some.timed),
        weighed=_spread_series(some.weighed, at, n),
        measured=_spread_series(some.measured, at, n),
        values={name: spread for name, series in some.values.items() if (spread := _spread_series(series, at, n)) is not None},
        earlier=tuple((at[column], exposure) for column, exposure in some.earlier),
    )


def _spread(dates: Dates, at: Sequence[int], n: int) -> Dates:
    """(…, n) the dates of some subjects among all, NaT for the others."""
    found = np.full((*dates.shape[:-1], n), NO_DATE)
    found[..., at] = dates
    return found


def _spread_series(some: Series | None, at: Sequence[int], n: int) -> Series | None:
    if some is None:
        return None
    wholes = np.full((len(some.wholes), n), np.nan)
    wholes[:, at] = some.wholes
    return Series(_spread(some.dates, at, n), wholes)
