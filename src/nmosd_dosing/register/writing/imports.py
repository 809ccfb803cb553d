"""What tables bring into a register: rows that are new, rows of which something is corrected, rows that are there already.

Which rows are the same is told by their keys: a subject's code; an event and its day; a visit with its period, product, assessment and time
point, and its day where it stands several times; the day of a weight, or of a value that was measured; for what somebody had the whole row.
A column of which a table says nothing leaves what is there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field

from nmosd_dosing.errors import InputError, Problem, argument, clip, command, grouped
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Act, Conflict, Store
from nmosd_dosing.subjects.tables.subject_table import same
from nmosd_dosing.subjects.tables.written import Row

_KEYS: Mapping[str, tuple[str, ...] | None] = {
    "subjects": (),
    "events": ("event", "date"),
    "visits": ("period", "visit", "product", "assessment", "time_point"),
    "weighings": ("date",),
    "measurements": ("what", "date"),
    "history": None,
    "allocation": (),
}  # by table, the columns that make its key, beside whose row it is; None for all


class Corrected(NamedTuple):
    """A row that holds, and its cells from now on."""

    fact: Fact
    cells: Row


class Changes(Struct):
    """What a table brings: `new` rows, each with its subject's code; those it corrects; how many are there already; and how many of the
    register's rows it does not have."""

    table: str
    new: list[Row] = field(default_factory=list)
    corrected: list[Corrected] = field(default_factory=list)
    same: int = 0
    others: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.corrected)

    def rows(self, held: Iterable[Fact], codes: Mapping[int, str]) -> list[Row]:
        """The rows of the table once it is brought in. `codes`: of the subjects that were there, by their numbers."""
        instead = {corrected.fact.seq: corrected.cells for corrected in self.corrected}
        rows = [{**instead.get(f.seq, f.cells or {}), "subject": codes[f.person or 0]} for f in held if f.cells and f.person in codes]
        return [*rows, *self.new]


class Person(NamedTuple):
    """A subject that is there: the number, the site, and the code."""

    number: int
    site: str | None
    code: str


def people(subjects: Iterable[Fact]) -> dict[str, Person]:
    """The subjects that are there, by their codes as `same` writes them."""
    return {
        same(fact.cells["subject"]): Person(fact.person, fact.site, fact.cells["subject"])
        for fact in subjects
        if fact.cells is not None and fact.person is not None
    }


def check_people(store: Store, acts: Sequence[Act], seen: int) -> None:
    """Raises Conflict where the own row of a subject, of whom something is to be written in the other store, is another one since an
    entry."""
    later = facts.subjects_since(store, seen)
    number = next((later[act.person] for act in acts if act.person in later), None)
    if number is not None:
        message = f"somebody was first: number {number} is of a subject of whom this is, too"
        raise Conflict(Problem(message, hint="look at it, and do it again if it is still right"))


def changes(table: str, held: Sequence[Fact], rows: Sequence[Row], people: Mapping[str, Person]) -> Changes:
    """What the rows of a table change of those that hold. `people`: by their codes as `same` writes them, whom the register has.

    Raises InputError, with all of them, for rows of which it cannot be told which one they correct.
    """
    found = Changes(table)
    said = {name for row in rows for name in row}
    mine, theirs = defaultdict[tuple[str, ...], list[Fact]](list), defaultdict[tuple[str, ...], list[Row]](list)
    codes = {person.number: code for code, person in people.items()}
    for fact in held:
        if fact.cells is not None and fact.person in codes:
            mine[codes[fact.person], *_key(table, fact.cells)].append(fact)
    for row in rows:
        theirs[same(row["subject"]), *_key(table, row)].append(row)
    unclear: list[Problem] = []
    for key, some in theirs.items():
        _compare(found, mine.pop(key, []), some, said, unclear)
    found.others = sum(map(len, mine.values())) + found.others
    if unclear:
        raise InputError(grouped(unclear))
    return found


def _key(table: str, cells: Mapping[str, str]) -> tuple[str, ...]:
    columns = _KEYS[table]
    if columns is None:
        return tuple(f"{name}={text}" for name, text in sorted(cells.items()) if name != "subject")
    return tuple(cells.get(name, "") for name in columns)


def _compare(found: Changes, held: list[Fact], rows: list[Row], said: set[str], unclear: list[Problem]) -> None:
    """Of one key: rows that are equal are taken together first, then those that are alone, then those that are alone on their day."""
    alone = len(held) == len(rows) == 1
    held, left = list(held), list[Row]()
    for row in rows:
        equal = next((fact for fact in held if _with(fact, row, said) == _cells(fact)), None)
        if equal is None:
            left.append(row)
        else:
            held.remove(equal)
            found.same += 1
    for row in left:
        day = [fact for fact in held if alone or _cells(fact).get("date") == row.get("date")]
        rivals = [other for other in left if other.get("date") == row.get("date")]
        if not day:
            found.new.append(row)
        elif len(day) == 1 and (alone or len(rivals) == 1):
            held.remove(day[0])
            found.corrected.append(Corrected(day[0], _with(day[0], row, said)))
        else:
            numbers = ", ".join(str(fact.seq) for fact in day)
            what = " ".join(filter(None, (clip(row["subject"]), row.get("visit", ""), row.get("date", ""))))
            asked = command(f"register correct {day[0].seq} COLUMN=TEXT {argument('reason', 'TEXT')}")
            hint = f"correct the one that is meant: `{asked}`"
            unclear.append(
                Problem(f"`{found.table}`: several rows are like `{what}`, and which of {numbers} it corrects is not told", hint=hint)
            )
    found.others += len(held)


def _cells(fact: Fact) -> Row:
    return {name: text for name, text in (fact.cells or {}).items() if name != "subject"}


def _with(fact: Fact, row: Row, said: set[str]) -> Row:
    """The cells that a fact has once a row is brought in."""
    kept = {name: text for name, text in _cells(fact).items() if name not in said}
    return {**kept, **{name: text for name, text in row.items() if name != "subject"}}


def acts(found: Changes, people: Mapping[str, Person], sites: Mapping[str, str | None], reason: str | None) -> list[Act]:
    """What is to be written for it. `sites`: by their codes as `same` writes them, where subjects are once it is written."""
    made = []
    for row in found.new:
        code = same(row["subject"])
        person = people[code].number if code in people else None
        newcomer = code if person is None else None
        made.append(Act("enter", found.table, row, person=person, newcomer=newcomer, site=sites.get(code)))
    codes = {person.number: person.code for person in people.values()}
    for fact, cells in found.corrected:
        code = codes[fact.person or 0]
        whole = {**cells, "subject": code}
        made.append(Act("correct", found.table, whole, reason, person=fact.person, site=sites.get(same(code)), replaces=fact.seq))
    return made
