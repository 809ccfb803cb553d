"""What somebody asks to be written: what must hold before it is, and what it moves. Nothing is written that the tables' readers refuse of
the person then.

What may be a slip is written with a reason only: a day 1 that moves, a visit that is recorded twice, a weight that is far from the one
before. A correction and a withdrawal always have one; what is written for the first time needs none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.findings import findings_of
from nmosd_dosing.checks.follows import Moved, moves
from nmosd_dosing.errors import InputError, Problem, Problems, argument, clip, command, one_of
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database import blanking, facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import ARMS, Act, Store
from nmosd_dosing.register.reading import gathering, studies, tables
from nmosd_dosing.register.register import Register
from nmosd_dosing.register.writing.person import Cells, Person, Row, Rows, Way, read, unknown_subject
from nmosd_dosing.register.writing.slips import slips
from nmosd_dosing.sentences import Sentence, either, joined, many, perhaps, said, word
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.tables import written
from nmosd_dosing.subjects.tables.subject_table import same
from nmosd_dosing.values import beside

_WHY = '"why"'
_NOUNS = {
    "subjects": "subject", "events": "event", "visits": "visit", "weighings": "weight", "measurements": "value",
    "history": "line of the history", "allocation": "arm",
}  # fmt: skip
_COUNTED: Mapping[str, Callable[[int], Sentence]] = {
    "events": lambda n: many(n, "event"), "visits": lambda n: many(n, "visit"), "weighings": lambda n: many(n, "weight"),
    "measurements": lambda n: many(n, "value"), "history": lambda n: many(n, "line of the history"), "allocation": lambda n: many(n, "arm"),
}  # fmt: skip


class Book(Struct, frozen=True):
    """A register with who writes in it, and on which day. `chosen`: a study, and one period of it or none, instead of the register's."""

    register: Register
    who: Who
    today: dt.date
    chosen: tuple[Study, str | None] | None = None

    def way(self, rows: Rows) -> Way:
        """By which study somebody with these rows is planned. Raises InputError where there is none."""
        if self.chosen is not None:
            return Way(*self.chosen, self.today)
        people = [Fact(row.seq or 0, None, row.cells.get("site"), row.cells) for row in rows.get("subjects", ())]
        return Way(gathering.study_of(self.register, people, self.today), tables.period(self.register), self.today)

    def store(self, table: str) -> Store:
        """Where the rows of a table are."""
        return self.register.arms_store() if table == "allocation" else self.register.facts


@beside("check")
class Change(Struct, frozen=True):
    """What is to be written: acts, thought of when `seen` was the last entry; why somebody should look again; which visits ahead have
    another day then; and what is found then, and is not now. `check`: is asked once more when nobody else can write."""

    store: Store
    acts: tuple[Act, ...]
    seen: int
    doubts: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    found: tuple[Finding, ...] = ()
    check: Callable[[], None] | None = None

    def write(self, who: Who, at: dt.datetime, zone: str) -> list[int]:
        """Writes it, and gives the numbers. Raises Conflict where somebody was first."""
        return self.store.write(self.acts, who.author(zone), at, seen=self.seen, check=self.check)


# --- what may be asked ---------------------------------------------------------------------------------------------------


def record(book: Book, table: str, typed: Cells, reason: str | None = None) -> Change:
    """A new row of a table. Raises InputError with everything that stands against it."""
    problems = Problems()
    _check_table(book, table, problems)
    _check_columns(table, typed, problems)
    problems.stop()
    store, code = book.store(table), typed.get("subject", "").strip()
    seen, name = store.head().seq, said("this {row}", row=word(_NOUNS[table]))
    row = Row(name, {name: text for name, text in typed.items() if text.strip()})
    if table == "subjects":
        return _new_subject(book, row, seen, reason)
    subject = _subject(book, code)
    if subject is None:
        way = book.way({})
        read({table: [row]}, way, problems)
        problems.found += unknown_subject(table, row, _codes(book), way.masked)
        raise InputError(problems.in_order())
    assert subject.person is not None
    before = rows_of(book, subject.person, table)
    after = {**before, table: [*before.get(table, ()), row]}
    old, new, doubts = _compared(book, before, after, reason)
    act = Act("enter", table, new.cells[table][-1], _said(reason), subject.person, site=subject.site)
    return Change(store, (act,), seen, doubts, _moves(old, new), _found_then(old, new, book.today))


def correct(book: Book, number: str, typed: Cells, reason: str | None) -> Change:
    """Other cells in a row; an empty text empties a cell. Raises InputError with everything that stands against it."""
    problems = Problems()
    if not typed:
        problems.error(said("nothing to correct"), None, said("name a cell: `date=2025-07-08`"))
    store, fact, person, table = _to_change(book, number, reason, said("a correction needs a reason"), problems, typed)
    seen = store.head().seq
    before = rows_of(book, person, table)
    mine = next(row for row in before[table] if row.seq == fact.seq)
    _check_subject_stays(mine, table, typed, number)
    cells = {name: text for name, text in {**mine.cells, **typed}.items() if text.strip()}
    name = said("this {row}, in the place of number {number}", row=word(_NOUNS[table]), number=number)
    after = {**before, table: [*(row for row in before[table] if row is not mine), Row(name, cells)]}
    if table == "subjects":  # other rows are given out with the code that the subject has
        after = {
            name: [row._replace(cells={**row.cells, "subject": cells.get("subject", "")}) for row in rows] for name, rows in after.items()
        }
    old, new, doubts = _compared(book, before, after, reason)
    written_now = new.cells[table][-1]
    if written_now == mine.cells:
        raise InputError(Problem(said("number {number} says that already", number=number), hint=said("leave it as it is")))
    site, check = fact.site, None
    if table == "subjects":
        site = written_now.get("site")
        book.who.must_see(site)
        check = _check_code(book, written_now["subject"], person)
    act = Act("correct", table, written_now, _said(reason), person, site=site, replaces=fact.seq)
    return Change(store, (act,), seen, doubts, _moves(old, new), _found_then(old, new, book.today), check)


def withdraw(book: Book, number: str, reason: str | None, *, whole: bool = False) -> Change:
    """A row that does not hold any more, and nothing in its place. A subject's row only with all others of the subject (`whole`). Raises
    InputError with everything that stands against it."""
    store, fact, person, table = _to_change(book, number, reason, said("a withdrawal needs a reason"), Problems())
    seen = store.head().seq
    before = rows_of(book, person, table)
    acts = [Act("withdraw", table, None, _said(reason), person, site=fact.site, replaces=fact.seq)]
    if table == "subjects":
        others = [(name, row) for name, rows in before.items() for row in rows if name != "subjects"]
        if others and not whole:
            raise InputError(_with_rows(number, fact, before))
        acts = [
            *(Act("withdraw", name, None, _said(reason), person, site=fact.site, replaces=row.seq) for name, row in others), *acts
        ]  # fmt: skip
        return Change(store, tuple(acts), seen)
    after = {**before, table: [row for row in before[table] if row.seq != fact.seq]}
    old, new, doubts = _compared(book, before, after, reason)
    return Change(store, tuple(acts), seen, doubts, _moves(old, new), _found_then(old, new, book.today))


def blank(book: Book, number: str, cell: str | None, reason: str | None) -> Change:
    """A text that is taken out of a row, and of what stood there before; the cell is empty then. `cell`: None for the reason that was
    given. Raises InputError with everything that stands against it."""
    store, fact, person, table = _to_change(book, number, reason, said("what takes a text out needs a reason"), Problems(), must_hold=False)
    seen = store.head().seq
    acts = blanking.acts(store, person, fact.seq, cell, _said(reason) or "")
    if not acts:
        there = [name for name in (*written.COLUMNS[table], *(fact.cells or {})) if (fact.cells or {}).get(name)]
        names = one_of(dict.fromkeys(there)).replace(" or ", " and ") if there else ""
        cells = said("its cells are {words}", words=names) if there else said("nothing of it is left")
        what = said("no `{cell}`", cell=clip(cell)) if cell is not None else said("no reason")
        raise InputError(Problem(said("number {number} has {what}", number=number, what=what), hint=perhaps(cell or "", there) or cells))
    if cell is None or (cell == "subject" and table != "subjects"):  # rows are given out with the code that the subject has
        return Change(store, tuple(acts.values()), seen)
    before = rows_of(book, person, table)
    after = {**before, table: [row._replace(cells=_without(row.cells, cell)) if row.seq in acts else row for row in before[table]]}
    old, new, doubts = _compared(book, before, after, reason)
    return Change(store, tuple(acts.values()), seen, doubts, _moves(old, new))


def _without(cells: Cells, cell: str) -> Cells:
    return {name: text for name, text in cells.items() if name != cell}


# --- a person before and after -------------------------------------------------------------------------------------------


def rows_of(book: Book, person: int, table: str) -> dict[str, Sequence[Row]]:
    """The rows of a person that hold, by table, with the code that the person has now; the arm only where `table` is of the arms."""
    found = {}
    for name in written.COLUMNS:
        if name != "allocation" or table == "allocation":
            store = book.store(name)
            found[name] = [
                Row(said("number {number}", number=store.number(fact.seq)), fact.cells or {}, fact.seq)
                for fact in facts.holding(store, name, persons=[person])
            ]
    code = found["subjects"][0].cells.get("subject", "") if found["subjects"] else ""
    return {
        name: [row._replace(cells={**row.cells, "subject": code} if code else row.cells) for row in rows] for name, rows in found.items()
    }


def _compared(book: Book, before: Rows, after: Rows, reason: str | None) -> tuple[Person | None, Person, tuple[str, ...]]:
    """The person before and after, and what may be a slip. Raises InputError where the tables refuse what is to be written, and where
    something may be a slip and no reason is given."""
    problems = Problems()
    way = book.way(after)
    was = way if _versions(before) in ([], _versions(after)) else book.way(before)
    old, new = read(before, was, Problems()), read(after, way, problems)
    if new is None:
        raise InputError(problems.in_order())
    doubts = slips(old, new, book.today)
    if doubts and _said(reason) is None:
        hint = said("if it is right, say why: `{option}`", option=argument("reason", _WHY))
        raise InputError(Problem(words, hint=hint) for words in doubts)
    return old, new, doubts


def _versions(rows: Rows) -> list[str]:
    """On which version of the study the person of some rows is."""
    return [studies.version_of(row.cells) for row in rows.get("subjects", ())]


def doubts(book: Book, before: Rows, after: Rows) -> tuple[str, ...]:
    """What may be a slip in rows that many bring at once; nothing of a person of whom the tables cannot be read."""
    way = book.way(after)
    old, new = (read(rows, way, Problems()) for rows in (before, after))
    return slips(old, new, book.today) if new is not None else ()


def _moves(old: Person | None, new: Person) -> tuple[Moved, ...]:
    if old is None or old.schedule is None or new.schedule is None:
        return ()
    return tuple(moves(old.schedule, new.schedule, ""))


def _found_then(old: Person | None, new: Person, today: dt.date) -> tuple[Finding, ...]:
    """What is found of the person after, and was not before."""
    if new.schedule is None:
        return ()
    known = findings_of(old.schedule, today) if old is not None and old.schedule is not None else []
    return tuple(finding for finding in findings_of(new.schedule, today) if finding not in known)


# --- what must hold ------------------------------------------------------------------------------------------------------


def _new_subject(book: Book, row: Row, seen: int, reason: str | None) -> Change:
    _, new, doubts = _compared(book, {}, {"subjects": [row]}, reason)
    cells = studies.on_version(book.register.facts, new.cells["subjects"][0], book.today)
    book.who.must_see(cells.get("site"))
    check = _check_code(book, cells["subject"], None)
    check()
    act = Act("enter", "subjects", cells, _said(reason), newcomer="new", site=cells.get("site"))
    return Change(book.register.facts, (act,), seen, doubts, (), _found_then(None, new, book.today), check)


def _check_code(book: Book, code: str, person: int | None) -> Callable[[], None]:
    """Asks whether somebody else has a code."""

    def check() -> None:
        if (fact := _of_code(book, code, person)) is None:
            return
        if not book.who.sees(fact.site):
            wrong = said("there is a subject `{code}` already, at another site", code=clip(code))
            raise InputError(Problem(wrong, hint=said("two people need two codes")))
        wrong = said("there is a subject `{code}` already, number {number}", code=clip(code), number=fact.seq)
        history = command(f"register history {argument('entry', str(fact.seq))}")
        raise InputError(Problem(wrong, hint=said("`{history}` shows who wrote it; two people need two codes", history=history)))

    return check


def _check_table(book: Book, table: str, problems: Problems) -> None:
    """The table is one, and the account's role writes it."""
    if table not in written.COLUMNS:
        hint = perhaps(table, written.COLUMNS) or said("tables are {words}", words=either(written.COLUMNS))
        problems.error(said("`{table}` is no table", table=clip(table)), None, hint)
        return
    try:
        book.who.must_write(table)
    except InputError as error:
        problems.found += error.problems


def _check_columns(table: str, typed: Cells, problems: Problems) -> None:
    if table not in written.COLUMNS:
        return
    for name in typed:
        if name not in written.COLUMNS[table] and not (table == "subjects" and name.startswith(("enter_", "earlier_"))):
            hint = perhaps(name, written.COLUMNS[table]) or said("columns are {words}", words=either(written.COLUMNS[table]))
            problems.error(said("`{name}` is no column of `{table}`", name=clip(name), table=table), None, hint)


def _check_subject_stays(mine: Row, table: str, typed: Cells, number: str) -> None:
    code = mine.cells.get("subject", "")
    if table != "subjects" and "subject" in typed and same(typed["subject"].strip()) != same(code):
        wrong = said("number {number} is of subject `{code}`, and stays so", number=number, code=clip(code))
        raise InputError(Problem(wrong, hint=said("withdraw it, and record it of the other")))


def _said(reason: str | None) -> str | None:
    """A reason, in one line; None where nothing is said."""
    return " ".join(reason.split()) or None if reason is not None else None


# --- what is there -------------------------------------------------------------------------------------------------------


def _subject(book: Book, code: str) -> Fact | None:
    """The row of a subject whom the account sees."""
    found = _of_code(book, code) if code else None
    return found if found is not None and book.who.sees(found.site) else None


def _of_code(book: Book, code: str, but: int | None = None) -> Fact | None:
    """The row of the subject who has a code, however its characters are composed, `but` for one person."""
    store = book.register.facts
    found = facts.of_code(store, code)
    if found is not None and found.person != but:
        return found
    everybody = facts.holding(store, "subjects") if not code.isascii() else []
    return next((f for f in everybody if f.person != but and f.cells is not None and same(f.cells.get("subject", "")) == same(code)), None)


def _codes(book: Book) -> list[str]:
    found = facts.holding(book.register.facts, "subjects", sites=book.who.sites)
    return [fact.cells["subject"] for fact in found if fact.cells is not None and "subject" in fact.cells]


def _to_change(
    book: Book, number: str, reason: str | None, needs: str, problems: Problems, typed: Cells | None = None, *, must_hold: bool = True
) -> tuple[Store, Fact, int, str]:  # fmt: skip
    """The row that has a number, with its store, its person and its table, where the account may write there, the columns of what is
    `typed` are there, and there is a reason. Raises InputError with everything that stands against it;
    `needs`: what is said where there is none."""
    of_arms = number.startswith(ARMS) and book.who.sees_arms
    store = book.register.arms_store() if of_arms else book.register.facts
    found = _found(book, store, number, must_hold)
    if isinstance(found, Problem):
        problems.found.append(found)
    else:
        _check_table(book, found[1], problems)
        _check_columns(found[1], typed or {}, problems)
    if _said(reason) is None:
        problems.error(needs, None, said("say why: `{option}`", option=argument("reason", _WHY)))
    if problems.found or isinstance(found, Problem) or found[0].person is None:
        raise InputError(problems.in_order())
    return store, found[0], found[0].person, found[1]


def _found(book: Book, store: Store, number: str, must_hold: bool) -> tuple[Fact, str] | Problem:
    """The row that has a number, with its table; or why there is none that the account sees, or that holds."""
    text, shows = number.removeprefix(ARMS), command("register history")
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        hint = said("`{command}` shows the numbers: write for example `31`", command=shows)
        return Problem(said("`{number}` is not the number of an entry", number=clip(number)), hint=hint)
    found = facts.fact(store, int(text)) if text == number or book.who.sees_arms else None
    if found is None or not _sees(book, found[0]):
        hint = said("`{command}` shows the numbers that there are", command=shows)
        return Problem(said("there is no number {number}", number=number), hint=hint)
    entry, cells = found
    action, table = entry["action"], entry["what"]
    if table not in written.COLUMNS or action not in ("enter", "correct"):
        pattern = said("number {number} is no row of a table: {action} in `{table}`", number=number, action=word(action), table=clip(table))
        return Problem(pattern, hint=said("name the number of a row that was entered or corrected"))
    if must_hold and (later := facts.replaced_by(store, int(text))) is not None:
        return _does_not_hold(store, number, later)
    return Fact(entry["seq"], entry["person"], entry["site"], cells), table


def _does_not_hold(store: Store, number: str, later: Mapping[str, object]) -> Problem:
    """What replaced a row, and what holds now."""
    by, by_number, anew = f"{clip(str(later['account']))}, {later['at']}", store.number(later["seq"]), said("record the row anew")
    if later["action"] == "withdraw":
        gone = said("number {number} was withdrawn by number {by_number} ({by})", number=number, by_number=by_number, by=by)
        return Problem(gone, hint=anew)
    last = later
    while (after := facts.replaced_by(store, int(str(last["seq"])))) is not None:
        last = after
    wrong, now = said("number {number} was corrected by number {by_number} ({by})", number=number, by_number=by_number, by=by), last["seq"]
    if last["action"] == "withdraw":
        return Problem(said("{wrong}, and withdrawn by number {number}", wrong=wrong, number=store.number(now)), hint=anew)
    return Problem(wrong, hint=said("number {number} holds now: name that one", number=store.number(now)))


def _sees(book: Book, entry: Mapping[str, object]) -> bool:
    """Whether the account sees whose entry it is: where the subject is now, or was last."""
    person = entry["person"]
    if not isinstance(person, int):
        return book.who.sees(None)
    return book.who.sees(facts.site_of(book.register.facts, person))


def _with_rows(number: str, fact: Fact, rows: Rows) -> Problem:
    """A subject's row goes with all that is said of the subject, or not at all."""
    counts = [_COUNTED[table](len(of)) for table, of in rows.items() if table != "subjects" and of]
    code = (fact.cells or {}).get("subject", "")
    leaves = command(f"register record events subject={clip(code)} event=withdrawn date=…")
    return Problem(
        said("number {number} is the subject `{code}`, of whom there is more: {counts}",
             number=number, code=clip(code), counts=joined(", ", counts)),
        hint=said("who leaves the study is not withdrawn here: `{leaves}`; for somebody who never was, withdraw all of it: `{whole}`",
                  leaves=leaves, whole=argument("whole")),
    )  # fmt: skip
