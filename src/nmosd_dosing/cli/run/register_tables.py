"""`dosing register init`, `import` and `export`: tables into a register, and out of it."""

from __future__ import annotations

import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from nmosd_dosing.cli import histories, people, regimens, registers, trial
from nmosd_dosing.cli.edge import collected, fail, say, write_text
from nmosd_dosing.cli.files import Held, read_file, write_whole
from nmosd_dosing.cli.options import CohortOptions
from nmosd_dosing.cli.register_options import RegisterOptions
from nmosd_dosing.cli.register_tables import as_known
from nmosd_dosing.cli.run import cohort_people
from nmosd_dosing.cli.run.cohort_people import Everybody
from nmosd_dosing.cli.tables import Beside, Tables
from nmosd_dosing.errors import InputError, Problem, Problems, clip, command, counted
from nmosd_dosing.language import catalog
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.subjects.had import Had
from nmosd_dosing.subjects.tables import written
from nmosd_dosing.subjects.tables.known import Known
from nmosd_dosing.subjects.tables.roster import LeftOut
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns, same
from nmosd_dosing.subjects.tables.table import Cell, stop
from nmosd_dosing.subjects.tables.written import Row

if TYPE_CHECKING:
    from nmosd_dosing.cli.options import ImportOptions
    from nmosd_dosing.register.database.facts import Fact
    from nmosd_dosing.register.database.store import Act, Store
    from nmosd_dosing.register.desk import Desk
    from nmosd_dosing.register.reading.studies import File
    from nmosd_dosing.register.writing.imports import Changes, Person

_LISTED, _NAMED = 50, 10  # corrections that a preview shows; subjects that it names
Rows = Mapping[str, list[Row]]
HadRows = Sequence[tuple[Cell | None, Had]]


# --- init ----------------------------------------------------------------------------------------------------------------


def run_init(asked: ImportOptions) -> None:
    """Makes a register of the tables that the options name, or of none."""
    rows, study = _all_rows(asked), _study_acts(asked)

    def fill(begun: Desk) -> None:
        from nmosd_dosing.register.writing import imports

        sites = {same(row["subject"]): row.get("site") for row in rows.get("subjects", ())}
        acts = [act for table, mine in rows.items() for act in imports.acts(imports.Changes(table, new=mine), {}, sites, None)]
        begun.write([*study(begun.facts), *acts])

    found = registers.made(asked, fill)
    shown = found.register.address.shown
    held = ", ".join(f"{len(mine):,} of {table}" for table, mine in rows.items()) or "nobody yet"
    write_text(without_controls(f"{shown}: made; {held}. Its manager is {found.who.name}.\n"))
    if asked.trial is not None and (arms := trial.file_of(asked.trial, "allocation")) is not None:
        brings = command(f"register import --allocation {shlex.quote(arms)}", of_another=True)
        say(without_controls(f"`{clip(arms)}` is not taken in: arms are an unblinded pharmacist's to bring, `{brings}`"))
    if asked.regimen is None:
        say(f"it has no study yet: `{command('register adopt FILE')}` takes one in")


def _study_acts(asked: ImportOptions) -> Callable[[Store], list[Act]]:
    """What takes the study of the options into a register, with the site's own facts; nothing where none is named. Raises InputError
    where one cannot be read."""
    if asked.regimen is None:
        return lambda _: []
    study, periods = regimens.found(asked.regimen, asked.period)
    file = catalog.file_of(asked.regimen)
    content, site = read_file(str(file)), (Path(asked.site), read_file(asked.site)) if asked.site is not None else None

    def acts(store: Store) -> list[Act]:
        from nmosd_dosing.register.reading import studies, tables

        _, taken = studies.adopted(store, "study", study.id, file.name, content)
        if site is not None:
            kind, id = studies.checked(site[1], site[0].name, store)
            taken += studies.adopted(store, kind, id, site[0].name, site[1])[1]
        return [*taken, *(tables.of_period(period) if (period := people.one(periods)) is not None and len(study.periods) > 1 else [])]

    return acts


def _all_rows(asked: ImportOptions) -> Rows:
    """What the tables say, all of which can be planned. Raises InputError otherwise."""
    named = [name for name in _OF_FACTS if getattr(asked, name) is not None]
    if not named:
        return {}
    problems = Problems()
    if asked.subjects is None:
        problems.error(f"`--{named[0]}` without the table of subjects", None, "add `--subjects FILE`, or leave all tables out")
        fail(problems)
    tables = Tables(asked, problems)
    had = histories.read_table(asked, tables, problems) or []
    everybody = _planned(asked, problems, tables)
    columns = everybody.columns
    _check_codes(columns.codes, columns, Beside([], [], [], [], []), had)
    return _rows(columns, everybody.beside, had, columns.codes)


def _planned(asked: ImportOptions, problems: Problems, tables: Tables | None = None) -> Everybody:
    """Everybody, each of whom can be planned, whatever deviates. Raises InputError with all that is wrong."""
    what = people.what(CohortOptions(allow_deviation=True, accept_gap=True), problems)
    everybody = cohort_people.read(asked, what, False, problems, tables)
    if everybody is None or problems.found:
        fail(problems)
    everybody.request = what.of(everybody.request, problems)
    cohort_people.refuse(False, everybody)
    return everybody


def _rows(columns: SubjectColumns | None, beside: Beside, had: HadRows, codes: Sequence[str]) -> Rows:
    """The rows of tables in the one way of writing, each with its subject's code; where only one subject is known, they may be his."""
    rows = written.all_rows(columns, beside._asdict() | {"history": had})
    return {table: [row if "subject" in row else {**row, "subject": codes[0]} for row in mine] for table, mine in rows.items() if mine}


def _check_codes(codes: Sequence[str], columns: SubjectColumns | None, beside: Beside, had: HadRows) -> None:
    """Every row is of somebody who is known. Raises InputError."""
    place = {same(code): columns.cell(row).place for row, code in enumerate(columns.codes)} if columns is not None else {}
    known = Known(codes, lambda i: place.get(same(codes[i])))
    for rows in (*beside, had):
        for code, *_ in rows:
            known.find(code)
        known.next_table()
    stop(known.in_order, "the tables", known.more)


# --- import --------------------------------------------------------------------------------------------------------------


def run_import(asked: ImportOptions, reason: str | None, yes: bool) -> None:
    """Shows what tables bring into a register, and writes it once somebody agrees."""
    from nmosd_dosing.register.database import facts
    from nmosd_dosing.register.reading import studies, tables
    from nmosd_dosing.register.writing import imports

    found = registers.opened(asked)
    seen, seen_arms = found.facts.head().seq, found.arms.head().seq if found.arms is not None else None
    held = {table: facts.holding(found.facts, table) for table in _OF_FACTS}
    everybody = imports.people(held["subjects"])
    there = {code: person for code, person in everybody.items() if found.who.sees(person.site)}
    held = {table: _of(mine, there) for table, mine in held.items()}
    of_register: list[File] = []
    if asked.regimen is None:
        of_register = studies.versions(found.facts)
        asked = replace(asked, regimen=_held(of_register[-1]), period=asked.period or tables.period(found.register))
    rows = _some_rows(asked, [person.code for person in there.values()])
    _check_free(rows.get("subjects", ()), everybody.keys() - there.keys())
    if "allocation" in rows:
        found.who.must_write("allocation")
        held["allocation"] = _of(facts.holding(found.register.arms_store(), "allocation"), there)
    changes = [imports.changes(table, held[table], mine, there) for table, mine in rows.items()]
    for change in changes:
        if change.table == "subjects":
            change.new = [studies.on_version(found.facts, row, found.at.date()) for row in change.new]
    sites = {code: person.site for code, person in there.items()} | {same(r["subject"]): r.get("site") for r in rows.get("subjects", ())}
    _check_allowed(found, changes, sites, there)
    _check_together(asked, of_register, changes, held, there)
    write_text(without_controls(_preview(changes, there)))
    if not any(changes):
        return
    slips = _slips(found, None if of_register else asked, changes, held, there)
    write_text(without_controls("".join(f"look again: {words}\n" for words in slips[:_LISTED])))
    if len(slips) > _LISTED:
        write_text(f"and {len(slips) - _LISTED:,} more to look at again\n")
    if (slips or any(change.corrected for change in changes)) and not (reason or "").strip():
        why = "rows are corrected" if any(change.corrected for change in changes) else "something may be a slip"
        raise InputError(Problem(f"{why}, and nothing says why", hint="add `--reason TEXT`; nothing was written"))
    _ask(yes)
    acts = [act for change in changes for act in imports.acts(change, there, sites, reason)]
    if any(act.what == "allocation" for act in acts):  # who writes arms writes nothing else: all of it is one transaction
        store = found.register.arms_store()
        found.write(acts, store, seen=seen_arms, check=lambda: imports.check_people(found.facts, acts, seen))
        write_text(f"written: {counted(len(acts), 'arm')}\n")
        return
    numbers = found.write(acts, seen=seen)
    write_text(f"written: {f'entries {numbers[0]} to {numbers[-1]}' if len(numbers) > 1 else f'entry {numbers[0]}'}\n")


def _some_rows(asked: ImportOptions, there: Sequence[str]) -> Rows:
    """What the tables that are named say of subjects who are there, or among them. Raises InputError with all that is wrong."""
    if not any(getattr(asked, table) for table in written.COLUMNS if table in asked.__struct_fields__):
        hint = "name one, for example `--visits FILE`, or a trial file that does: `--trial FILE`"
        raise InputError(Problem("no table is named", hint=hint))
    problems = Problems()
    study, periods = people.regimen(asked, problems)
    tables, left_out = Tables(asked, problems), LeftOut(problems.found, refuses=True)
    columns = None
    if asked.subjects is not None:
        columns = collected(problems, lambda: tables.subjects([p.id for p in periods[1:]], people.capped(study), left_out))
    beside = tables.beside(study, people.masked(study), problems, left_out)
    had = histories.read_table(asked, tables, problems) or []
    problems.found += people.unknown_arms([arm.text for _, arm in beside.allocation], arms_of(periods), beside.allocation)[1]
    tables.check_said(problems)
    problems.stop()
    codes = list(dict.fromkeys([*(columns.codes if columns is not None else ()), *there]))
    if not codes:
        raise InputError(Problem("the register has no subjects", hint="add the table of subjects, `--subjects FILE`"))
    _check_codes(codes, columns, beside, had)
    return _rows(columns, beside, had, codes)


def _of(held: Sequence[Fact], there: Mapping[str, Person]) -> list[Fact]:
    """The rows of some subjects."""
    numbers = {person.number for person in there.values()}
    return [fact for fact in held if fact.person in numbers]


def _check_free(subjects: Sequence[Row], elsewhere: Collection[str]) -> None:
    """Nobody at a site that the account does not see has the code of a subject. Raises InputError."""
    taken = [row["subject"] for row in subjects if same(row["subject"]) in elsewhere]
    if taken:
        raise InputError(
            Problem(f"there is a subject `{clip(code)}` already, at another site", hint="two people need two codes") for code in taken
        )


def _check_allowed(
    found: Desk, changes: Sequence[Changes], sites: Mapping[str, str | None], there: Mapping[str, Person]
) -> None:  # fmt: skip
    """The account may write these rows, of the sites where these subjects are and will be. Raises InputError."""
    codes = {person.number: code for code, person in there.items()}
    for change in changes:
        if change:
            found.who.must_write(change.table)
        whose = [same(row["subject"]) for row in change.new] + [codes[fact.person or 0] for fact, _ in change.corrected]
        for code in dict.fromkeys(whose):
            for site in {sites.get(code), there[code].site if code in there else sites.get(code)}:
                found.who.must_see(site)


def _check_together(
    asked: ImportOptions, of_register: Sequence[File], changes: Sequence[Changes], held: Mapping[str, Sequence[Fact]],
    there: Mapping[str, Person],
) -> None:  # fmt: skip
    """All that the register would hold can be planned: by the study that is asked for, else each subject by the version that he is on
    (`of_register`). Raises InputError."""
    codes = {person.number: person.code for person in there.values()}
    by_table = {change.table: change for change in changes}
    from nmosd_dosing.register.reading import studies
    from nmosd_dosing.register.writing.imports import Changes

    whole = {t: by_table.get(t, Changes(t)).rows(held[t], codes) for t in _PLANNED}
    on = {same(row["subject"]): studies.version_of(row) if of_register else None for row in whole["subjects"]}
    for version in dict.fromkeys(on.values()):
        mine = {t: [row for row in rows if on.get(same(row["subject"])) == version] for t, rows in whole.items()}
        content = {t: Held(f"{t} of the register with these rows", written.table_bytes(t, rows)) for t, rows in mine.items() if rows}
        instead: dict[str, Any] = {t: content.get(t) for t in written.COLUMNS} | {"encoding": None, "column": [], "sheet": []}
        regimen = _held(studies.of_version(of_register, version)) if version is not None else asked.regimen
        _planned(replace(asked, **instead, regimen=regimen), Problems())


def _held(file: File) -> Held:
    return Held(file.name, file.content)


def _preview(changes: Sequence[Changes], there: Mapping[str, Person]) -> str:
    """How many rows are new, corrected, there already, and not in the tables; of whom the new ones are; and what is corrected. No arm is
    among it."""
    lines = [f"{'':12}{'new':>9}{'corrected':>11}{'as it is':>10}{'only in the register':>22}"]
    lines += [f"{c.table:12}{len(c.new):>9,}{len(c.corrected):>11,}{c.same:>10,}{c.others:>22,}" for c in changes]
    lines += [f"new in {c.table}: {_some(row['subject'] for row in c.new)}" for c in changes if c.new]
    corrected = [(c.table, fact, cells) for c in changes if c.table != "allocation" for fact, cells in c.corrected]
    codes = {person.number: person.code for person in there.values()}
    for table, fact, cells in corrected[:_LISTED]:
        old = fact.cells or {}
        names = [name for name in dict.fromkeys([*old, *cells]) if name != "subject" and old.get(name) != cells.get(name)]
        said = ", ".join(f"{name} {_cell(old.get(name))} to {_cell(cells.get(name))}" for name in names)
        what = " ".join(filter(None, (codes[fact.person or 0], old.get("visit") or old.get("event") or old.get("what") or "")))
        lines.append(f"corrects {fact.seq} of {table}, {what}: {said}")
    if len(corrected) > _LISTED:
        lines.append(f"and {len(corrected) - _LISTED:,} more")
    return "".join(f"{line}\n" for line in lines)


def _some(codes: Iterable[str]) -> str:
    """The first of some codes, each once, and how many subjects more."""
    each = list(dict.fromkeys(codes))
    more = len(each) - _NAMED
    return ", ".join(each[:_NAMED]) + (f" and {counted(more, 'more subject')}" if more > 0 else "")


def _slips(
    found: Desk, asked: ImportOptions | None, changes: Sequence[Changes], held: Mapping[str, Sequence[Fact]], there: Mapping[str, Person]
) -> list[str]:  # fmt: skip
    """What may be a slip of subjects who are there: a day 1 that moves, a visit that is recorded twice, a weight far from the others.
    `asked`: by which study; None for each subject's own."""
    from nmosd_dosing.register.reading.line import local
    from nmosd_dosing.register.writing.changes import Book, doubts
    from nmosd_dosing.register.writing.person import Row as Typed

    chosen = None
    if asked is not None:
        study, periods = regimens.found(asked.regimen or "", asked.period)
        chosen = study, people.one(periods)
    book = Book(found.register, found.who, (local(found.at, found.zone) or found.at).date(), chosen)
    codes = {person.number: person.code for person in there.values()}
    before, after = (defaultdict[int, dict[str, list[Typed]]](dict) for _ in range(2))
    mine = [change for change in changes if change.table != "allocation"]
    touched = {there[same(row["subject"])].number for change in mine for row in change.new if same(row["subject"]) in there}
    touched |= {fact.person for change in mine for fact, _ in change.corrected if fact.person is not None}
    by_table = {change.table: change for change in mine}
    for table in _OF_FACTS:
        change = by_table.get(table)
        instead = {fact.seq: cells for fact, cells in change.corrected} if change is not None else {}
        for fact in held[table]:
            if fact.person in touched and fact.cells:
                number, name = fact.person, f"number {fact.seq}"
                code = {"subject": codes[number]}
                before[number].setdefault(table, []).append(Typed(name, {**fact.cells, **code}, fact.seq))
                after[number].setdefault(table, []).append(Typed(name, {**instead.get(fact.seq, fact.cells), **code}, fact.seq))
        for row in change.new if change is not None else ():
            if same(row["subject"]) in there:
                number = there[same(row["subject"])].number
                after[number].setdefault(table, []).append(Typed("a row of the table", {**row, "subject": codes[number]}))
    return [f"{codes[number]}: {words}" for number in sorted(touched) for words in doubts(book, before[number], after[number])]


def _cell(text: str | None) -> str:
    return f"`{clip(text)}`" if text else "nothing"


def _ask(yes: bool) -> None:
    """Lets a person agree. Raises InputError where nobody does."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise InputError(Problem("nothing was written: nobody can be asked here", hint="look at what would be, and add `--yes`"))
    if input("Write this? [y/N] ").strip().lower() not in ("y", "yes"):
        raise InputError(Problem("nothing was written", hint="answer `y`, or mend the tables first"))


# --- export --------------------------------------------------------------------------------------------------------------


def run_export(asked: RegisterOptions, folder: str, known_at: str | None, over: bool) -> None:
    """Writes the tables that the account may see into a folder, each whole."""
    found = registers.opened(asked)
    from nmosd_dosing.register.reading import tables

    known = as_known(known_at, found) if known_at is not None else None
    which = [*_OF_FACTS, *(["allocation"] if found.arms is not None else [])]
    held = tables.held(found.register, which, tables.Whose(known, found.who.sites))
    rows = {table: tables.rows(mine) for table, mine in held.items()}
    files = {Path(folder) / f"{table}.csv": written.table_bytes(table, mine) for table, mine in rows.items()}
    if not over and (there := [path for path in files if path.exists()]):
        hint = "name another folder, or write over them with `--over`"
        raise InputError(Problem(f"{counted(len(there), 'file')} there already: {', '.join(map(str, there))}", hint=hint))
    try:
        Path(folder).mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(f"cannot make the folder `{clip(folder)}`: {reason}", hint="name another one")) from None
    for path, content in files.items():
        write_whole(str(path), content)
    write_text(without_controls("".join(f"{Path(folder) / table}.csv: {counted(len(mine), 'row')}\n" for table, mine in rows.items())))


_OF_FACTS = tuple(table for table in written.COLUMNS if table != "allocation")
_PLANNED = tuple(table for table in _OF_FACTS if table != "history")  # of which plans are made
