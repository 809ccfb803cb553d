"""Whom `dosing cohort` is about: tables to columns of very many subjects, without an object for each."""

from __future__ import annotations

import datetime as dt
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing.cli import people
from nmosd_dosing.cli.edge import collected, counted
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.cli.people import What
from nmosd_dosing.cli.tables import Beside, Tables
from nmosd_dosing.cli.weights import say_doubtful
from nmosd_dosing.errors import Problems, clip, one_of
from nmosd_dosing.plans.request import Request
from nmosd_dosing.processes import each
from nmosd_dosing.schedule import excluded
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import table
from nmosd_dosing.subjects.tables.roster import LeftOut, Said, subject_of
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns, to_cohort
from nmosd_dosing.subjects.tables.table import stop


class Everybody(Struct):
    """All subjects, as columns of a request; who is left out of it; and the rows of the tables of which it is made."""

    request: Request
    columns: SubjectColumns
    beside: Beside
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def cohort(self) -> Cohort:
        return self.request.cohort


def read(asked: PeopleOptions, what: What, skip_bad: bool, problems: Problems, tables: Tables | None = None) -> Everybody | None:
    """Everybody whom the tables name; None where something is wrong, which stands in `problems` then. With `skip_bad` subjects of whom
    something is wrong are left out, and said to be so. `tables`: of which others are read, too."""
    study, periods = people.regimen(asked, problems)
    of_study, events = people.on(asked.on, people.known_events(study), problems)
    if events:
        problems.error("`--on` with a subject's event is about one subject", None, "write them into a table: `--events`")
    if asked.subjects is None:
        problems.error("the table of subjects is missing", None, "name it: `dosing cohort --regimen ID subjects.csv`")
        return None
    found = Problems()
    left_out = LeftOut() if skip_bad else LeftOut(found.found, refuses=True)
    tables = tables or Tables(asked, problems)
    columns = collected(found, lambda: tables.subjects([p.id for p in periods[1:]], people.capped(study), left_out))
    others = tables.beside(study, people.masked(study), found, left_out)
    tables.check_said(found)
    if columns is not None:
        said = collected(found, lambda: tables.join(columns, others, left_out))
        without = collected(found, lambda: tables.without_day(columns, said)) if said is not None else None
        if said is not None and without is not None and study is not None and not found.found:
            request = Request(study, people.one(periods), of_study=of_study)
            rows = _Rows(request, what, columns, said, others, left_out, without)
            made = rows.everybody(found)
            if made is not None and not found.found and not problems.found:
                return made
    problems.found += found.found
    return None


def refuse(skip_bad: bool, everybody: Everybody, cluster: str | None = None) -> LeftOut:
    """Sees to it that nothing is refused once writing has begun: raises InputError, or leaves out whom the core refuses. Who is to be left
    out is found here; whether there is nobody to leave out, on a `cluster` if there is one."""
    request, cohort, left_out = everybody.request, everybody.cohort, everybody.left_out
    expand = partial(_expand, replace(request, columns=cohort.chosen([])))
    if not skip_bad:
        all_of_them = excluded.stop_counted(request.study, request.period, cohort)
        parts = counted(all_of_them.slices(excluded.SLICE), len(cohort), "checked")
        found = each(partial(excluded.check, expand, request.study), parts, 1, cluster)
        stop(list(dict.fromkeys(problem for problems in found for problem in problems)), "the plans")
        everybody.request = replace(request, columns=all_of_them)
        return left_out
    others, refused = excluded.sort_out(expand, request.study, request.period, cohort)
    everybody.request = replace(request, columns=others)
    if refused.problems:
        chosen = sorted(refused.problems)
        left_out.take([refused.problems[i] for i in chosen], 0)
        left_out.names += [cohort.codes[i] for i in chosen]
    return left_out


def _expand(request: Request, study: Study, some: Cohort) -> object:
    """Dates and doses of some subjects. Raises InputError where they cannot be."""
    return replace(request, study=study, columns=some).schedule()


class _Rows(Struct):
    """The rows of the table of subjects with what other tables say of them; `bad` are those of whom something is wrong, and who have no
    first dose."""

    request: Request
    what: What
    columns: SubjectColumns
    said: dict[int, Said]
    beside: Beside
    left_out: LeftOut
    without: set[int]

    @property
    def bad(self) -> set[int]:
        return self.left_out.rows | self.without

    def everybody(self, problems: Problems) -> Everybody | None:
        """The cohort of all rows, or of all of which nothing is wrong."""
        columns, said, of_study = self.columns, self.said, self.request.of_study
        arms = self._arms(problems)
        more = sorted((columns.with_more() | {row for row, mine in said.items() if _more(mine)}) - self.bad)
        known = [subject_of(columns, row, said.get(row)) for row in more]
        today = self.what.as_of or dt.date.today()
        people.say_not_known_yet(history.not_ended_by(known, today), today)
        told = dict(zip(more, history.booked_by(known, today), strict=True))
        self._check(arms, told, problems)
        if problems.found:
            return None
        if self.what.as_of is not None:
            then = history.known_by(list(told.values()), of_study, self.what.as_of)
            people.say_not_known_yet(then.left_out, self.what.as_of)
            told, of_study = dict(zip(told, then.subjects, strict=True)), then.of_study
        bad = self.bad
        rows = [row for row in range(len(columns)) if row not in bad]
        people.say_unlikely((columns.codes[row], columns.starts[row]) for row in rows)
        cohort = to_cohort(columns, rows, told, arms, self.request.arms, dict(of_study))
        self.left_out.names = [columns.codes[row] for row in sorted(self.left_out.rows)]
        request = replace(self.request, columns=cohort).begun()
        say_doubtful(request)
        people.say_out_of_order(told.values())
        people.say_no_day_1(request.cohort, today)
        return Everybody(request, columns, self.beside, self.left_out)

    def _arms(self, problems: Problems) -> dict[int, int]:
        """The index of everybody's arm, by row."""
        names, arms = self.request.arms, {row: mine.arm for row, mine in self.said.items() if mine.arm is not None}
        unknown, found = people.unknown_arms(list(arms.values()), names, self.beside.allocation)
        if self.left_out.refuses:
            problems.found += found
        else:
            self.left_out.problems += found
            self.left_out.rows |= {row for row, arm in arms.items() if arm in unknown}
        return {row: names.index(arm) for row, arm in arms.items() if arm not in unknown}

    def _check(self, arms: dict[int, int], told: dict[int, Subject], problems: Problems) -> None:
        """What is asked of each subject beyond its table, as `plan` asks it."""
        found, wrong = Problems(), set[int]()
        begun = self._begun(arms, told)
        for row, subject in begun.items():
            before = len(found.found)
            history.check((subject,), len(self.columns) > 1, found)
            if len(found.found) > before:
                wrong.add(row)
                found.more += len(found.found[10 * table.LISTED :])
                del found.found[10 * table.LISTED :]
        wrong |= self._without_arm(arms, found) | self._too_late(begun, found)
        if self.left_out.refuses:
            self.left_out.take(found.in_order(), found.more, "the tables")
        elif found.found:
            self.left_out.take(found.in_order(), found.more)
            self.left_out.rows |= wrong
            for row in wrong:
                told.pop(row, None)

    def _begun(self, arms: dict[int, int], told: dict[int, Subject]) -> dict[int, Subject]:
        """Those of whom more is known than columns hold, with the recorded first dose as day 1."""
        names = self.request.arms
        known = [_in_arm(subject, names[arms[row]] if row in arms else None) for row, subject in told.items()]
        return dict(zip(told, replace(self.request, subjects=tuple(known)).begun().subjects, strict=True))

    def _without_arm(self, arms: dict[int, int], found: Problems) -> set[int]:
        """Who has no arm though everybody is to be unblinded."""
        if not replace(self.request, unblind=self.what.asked.unblind).unblinds:
            return set()
        bad = self.bad
        without = [row for row in range(len(self.columns)) if row not in arms and row not in bad]
        if without:
            first = clip(self.columns.codes[without[0]])
            some = f"subject `{first}` has none"
            some = some if len(without) == 1 else f"{len(without):,} subjects have none, the first is `{first}`"
            hint = f"add them to `--allocation`: {one_of(self.request.arms)}"
            found.error(f"`--unblind` needs everybody's arm: {some}", None, hint)
        return set(without)

    def _too_late(self, begun: dict[int, Subject], found: Problems) -> set[int]:
        """Who starts after the last day to plan."""
        until, bad = self.what.until, self.bad
        starts = [begun[row].start if row in begun else start for row, start in enumerate(self.columns.starts)] if until else []
        late = [row for row, start in enumerate(starts) if until and start is not None and until < start and row not in bad]
        for row in late[: table.LISTED]:
            message = f"`--until {until}` is before the start of subject `{self.columns.codes[row]}`"
            found.error(message, self.columns.cell(row).place, "give a later day")
        found.more += len(late[table.LISTED :])
        return set(late)


def _in_arm(subject: Subject, arm: str | None) -> Subject:
    return subject if subject.arm == arm else replace(subject, arm=arm)


def _more(said: Said) -> bool:
    return bool(said.events or said.records or said.weights or said.measurements)
