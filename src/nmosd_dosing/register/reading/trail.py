"""The audit trail as a monitor reads it: a line for each entry, and the one place that makes a sentence of it.

An account reads the whole past of the subjects who are of its sites now; the trail of the arms is only an unblinded pharmacist's. Nobody
else writes what he alone may read, so what a row of the facts says no reader of it has to guess.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from msgspec import Struct

from nmosd_dosing.errors import InputError, Problem, Problems, clip
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database import blanking, chain
from nmosd_dosing.register.database.store import ARMS, Store
from nmosd_dosing.register.models import Content, Entry
from nmosd_dosing.register.reading import studies
from nmosd_dosing.register.reading.line import NAMED, Line
from nmosd_dosing.register.reading.tables import Known
from nmosd_dosing.register.register import Register
from nmosd_dosing.sentences import said
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visit_names import Names, folded, in_period
from nmosd_dosing.study.visits import OPEN_END, lay_out
from nmosd_dosing.subjects.tables import written
from nmosd_dosing.subjects.tables.subject_table import same

_AT_ONCE = 500
_DAY = dt.timedelta(1)


class Asked(Struct, frozen=True):
    """Which lines: of a subject, by any code that he had; of a visit, by any name that it has; of a number, with all that stood in the same
    place; of days, in the zones of who wrote; by an account; of entries of a site; `but` those of one table; that were there when something
    was `known`."""

    subject: str | None = None
    visit: str | None = None
    number: str | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    by: str | None = None
    known: Known | None = None
    site: str | None = None
    but: str | None = None


EVERYTHING = Asked()


def lines(register: Register, who: Who, asked: Asked = EVERYTHING, arms: Store | None = None) -> Iterator[Line]:
    """The lines of the trail that an account may read, in the order of their numbers; then those of `arms`, for whom may see them.

    Each entry is read, so that none that was spoilt by hand is passed over. Raises InputError for a subject or a number that is not there,
    or that it may not see: of both it says the same."""
    return _lines(register, who, asked, arms, newest=False)


def newest(register: Register, who: Who, asked: Asked = EVERYTHING, arms: Store | None = None, before: str | None = None) -> Iterator[Line]:
    """The same the other way round, from the one `before` a number on, which is as `Line.number` writes it: for whoever takes the first
    ones and leaves the others, of which nothing is read then."""
    return _lines(register, who, asked, arms, newest=True, before=before)


def _lines(
    register: Register, who: Who, asked: Asked, arms: Store | None, *, newest: bool, before: str | None = None
) -> Iterator[Line]:  # fmt: skip
    if asked.number is not None and asked.number.startswith(ARMS) and arms is None:
        raise InputError(_no_number(asked.number))
    persons = None
    if asked.subject is not None:
        persons = _Subjects(register.facts, who, _called(register.facts, asked.subject)).called(asked.subject)
    means = _meaning(register.facts, asked.visit) if asked.visit is not None else None
    stores = [("facts", register.facts), *([("arms", arms)] if arms is not None else [])]
    for name, store in reversed(stores) if newest else stores:
        store.check_complete()
        if (asked.number is not None and (name == "arms") != asked.number.startswith(ARMS)) or (
            before is not None and name == "arms" and not before.startswith(ARMS)
        ):
            continue
        rows, numbers = Entry.objects.using(store.alias).all(), None
        if asked.number is not None:
            numbers = _of_number(store, asked.number.removeprefix(ARMS), asked.number, register.facts, who)
        if asked.known is not None:
            rows = rows.filter(seq__lte=asked.known.facts if name == "facts" else store.known_at(asked.known.at))
        if persons is not None:
            rows = rows.filter(person__in=persons)
        if before is not None and (name == "arms") == before.startswith(ARMS):
            rows = rows.filter(seq__lt=int(before.removeprefix(ARMS)))
        if newest:
            rows = _narrowed(rows, store, register.facts, who, asked, numbers)
        for batch in _batches(rows, newest=newest):
            some = _of_visit(store, batch, means) if newest and means is not None else batch
            for line in _made(name, store, register.facts, who, some):
                if _is_asked(line, asked, numbers) and (means is None or (line.what == "visits" and _means(means, line.named))):
                    yield line


def _is_asked(line: Line, asked: Asked, numbers: Collection[int] | None) -> bool:
    return (
        (numbers is None or line.seq in numbers or line.of in numbers)
        and (asked.by is None or line.account == asked.by)
        and (asked.site is None or line.site == asked.site)
        and (asked.but is None or line.what != asked.but)
        and (asked.first is None or line.day >= asked.first)
        and (asked.last is None or line.day <= asked.last)
    )


def _narrowed(
    rows: QuerySet[Entry], store: Store, facts: Store, who: Who, asked: Asked, numbers: Collection[int] | None
) -> QuerySet[Entry]:  # fmt: skip
    """Those entries among which all are that are asked for and may be seen, as far as the database can tell."""
    if who.sites is not None:
        places = Entry.objects.using(facts.alias).filter(what="subjects", action__in=chain.ROWS)
        later = places.filter(person=OuterRef("person"), seq__gt=OuterRef("seq"))
        there = places.filter(~Exists(later), site__in=who.sites).values("person")
        mine = there if store is facts else list(there.values_list("person", flat=True))  # arms are in a database of their own
        rows = rows.filter(Q(person__in=mine) | Q(person=None, site__in=who.sites))
    if numbers is not None:
        rows = rows.filter(Q(seq__in=numbers) | Q(of__in=numbers))
    if asked.by is not None:
        rows = rows.filter(account=asked.by)
    if asked.site is not None:
        rows = rows.filter(site=asked.site)
    if asked.but is not None:
        rows = rows.exclude(what=asked.but)
    if asked.visit is not None:
        rows = rows.filter(what="visits")
    if asked.first is not None and asked.first > dt.date.min:  # a day of a zone begins up to 14 hours before that of UTC
        rows = rows.filter(at__gte=(asked.first - _DAY).isoformat())
    if asked.last is not None and asked.last < dt.date.max - _DAY:
        rows = rows.filter(at__lt=(asked.last + 2 * _DAY).isoformat())
    return rows


def _meaning(store: Store, asked: str) -> Callable[[str, str | None], bool]:
    """Whether a visit with its period is meant: by its name as it is written there, or by another one that it has in a version of the
    study."""
    by_version = [_names(read_study_text(file.text, file.name)[0]) for file in studies.files(store) if file.kind == "study"]
    meant, written_so = [set(names.meant(asked)) for names in by_version], folded(asked)

    @cache
    def means(visit: str, period: str | None) -> bool:
        if written_so in (folded(visit), folded(in_period(visit, period))):
            return True
        return any(mine.intersection(names.meant(visit, period)) for mine, names in zip(meant, by_version, strict=True))

    return means


def _means(means: Callable[[str, str | None], bool], cells: Mapping[str, str]) -> bool:
    return means(cells.get("visit", ""), cells.get("period"))


def _of_visit(store: Store, rows: Sequence[Mapping[str, Any]], means: Callable[[str, str | None], bool]) -> list[Mapping[str, Any]]:
    """Of some entries of visits those that may be of one that is meant: what they say is looked at before a line is made of them."""
    said = _contents(store, _spoken_of(rows))

    def may_be(row: Mapping[str, Any]) -> bool:
        cells = (said[seq].cells for seq in (row["seq"], row["replaces"]) if seq is not None)
        return row["action"] == "blank" or any(_means(means, some) for some in cells if some is not None)

    return [row for row in rows if may_be(row)]


def _names(study: Study) -> Names:
    """The names of all visits of a study."""
    laid = [(visit, period.id) for period in study.periods for visit in lay_out(period, OPEN_END.range[1], Problems())]
    return Names([visit for visit, _ in laid], [period for _, period in laid])


def of_numbers(register: Register, who: Who, store: Store, numbers: Collection[int]) -> Iterator[Line]:
    """The lines of some entries of a store, which have just been written."""
    rows = list(Entry.objects.using(store.alias).filter(seq__in=numbers).order_by("seq").values())
    name = "arms" if store is register.arms else "facts"
    said, seen = _contents(store, _spoken_of(rows)), _Subjects(register.facts, who, _persons(rows))
    for row in rows:
        yield _line(name, store, row, said, seen)


class _Subjects:
    """What subjects were called, when, and whom an account may see: where they are now, or were last."""

    def __init__(self, store: Store, who: Who, persons: Collection[int] | None = None) -> None:
        """`persons`: of nobody else it is asked."""
        self.who = who
        self._codes: dict[int, list[tuple[int, str]]] = {}
        self._sites: dict[int, str | None] = {}
        rows = Entry.objects.using(store.alias).filter(what="subjects", action__in=chain.ROWS)
        if persons is not None:
            rows = rows.filter(person__in=persons)
        for batch in _batches(rows, "seq", "person", "site"):
            for row in batch:
                chain.read_whose(row["seq"], row["person"], row["site"], store.number(row["seq"]))
            said = _contents(store, [row["seq"] for row in batch])
            for row in batch:
                self._sites[row["person"]] = row["site"]
                self._codes.setdefault(row["person"], []).append((row["seq"], (said[row["seq"]].cells or {}).get("subject", "")))

    def sees(self, person: int | None, site: str | None) -> bool:
        """Whether the account may read what is of a person; what is of nobody by its site."""
        return self.who.sees(self._sites.get(person, site) if person is not None else site)

    def code(self, person: int | None, seq: int | None = None) -> str | None:
        """What a person was called at an entry; the first code where that was earlier, the last one where no entry is named."""
        codes = [(at, code) for at, code in self._codes.get(person, []) if code] if person is not None else []
        before = [code for at, code in codes if seq is None or at <= seq]
        return before[-1] if before else codes[0][1] if codes else None

    def called(self, code: str) -> list[int]:
        """Who has a code, or had it, of those whom the account may see."""
        meant = [
            person for person, codes in self._codes.items()
            if self.sees(person, None) and any(same(each) == same(code) for _, each in codes)
        ]  # fmt: skip
        if not meant:
            wrong = said("`{code}` is not a subject of this register", code=clip(code))
            raise InputError(Problem(wrong, hint=said("write the code as it was entered")))
        return meant


def _called(store: Store, code: str) -> list[int] | None:
    """Who may have had a code, found without reading what everybody is called; None where nobody is found so."""
    written = f'"subject":{json.dumps(code, ensure_ascii=False)}'
    some = Content.objects.using(store.alias).filter(entry=OuterRef("seq"), cells__contains=written)
    rows = Entry.objects.using(store.alias).filter(what="subjects").filter(Exists(some))
    return [person for person in rows.values_list("person", flat=True) if person is not None] or None


def _made(name: str, store: Store, facts: Store, who: Who, batch: Sequence[Mapping[str, Any]]) -> Iterator[Line]:
    """The lines of some entries, as far as the account may see them."""
    for row in batch:
        chain.read_entry(row, store.number(row["seq"]))
    seen = _Subjects(facts, who, _persons(batch))
    mine = [row for row in batch if seen.sees(row["person"], row["site"])]
    said = _contents(store, _spoken_of(mine))
    for row in mine:
        yield _line(name, store, row, said, seen)


def _line(name: str, store: Store, row: Mapping[str, Any], said: Mapping[int, blanking.Said], seen: _Subjects) -> Line:
    """One entry as the account may read it. Whose code is corrected is called as before."""
    mine, action, what = said[row["seq"]], row["action"], row["what"]
    before = said[row["replaces"]].cells if row["replaces"] is not None else None
    old, new = (_shown(cells, what) for cells in (before, mine.cells if action != "blank" else None))
    of = blanking.row_of(store, row["of"]) if row["of"] is not None else None
    named = new or old or (_shown(blanking.content(store, of).cells, what) if of is not None else None) or {}
    if old is not None and new is not None:
        others = [
            cell for cell in {**old, **new}
            if (before or {}).get(cell) != (mine.cells or {}).get(cell) and (cell != "subject" or what == "subjects")
        ]  # fmt: skip
        old, new = {cell: old.get(cell, "") for cell in others}, {cell: new.get(cell, "") for cell in others}
    taken_out = (mine.cells or {}).get(blanking.TAKEN_OUT) if action == "blank" else None
    code = seen.code(row["person"], None if name == "arms" else row["replaces"] if row["what"] == "subjects" and before else row["seq"])
    kept = {field: row[field] for field in ("seq", "at", "zone", "account", "role", "person", "site", "replaces", "request")}
    return Line(
        name, action=action, what=what, subject=code, old=old, new=new, reason=mine.reason, of=of, taken_out=taken_out, named=named, **kept
    )


def _shown(cells: Mapping[str, str] | None, what: str) -> dict[str, str] | None:
    if cells is None:
        return None
    never = NAMED.get(what, ("", ()))[1]
    columns = (*written.COLUMNS.get(what, ()), *cells)
    return {name: cells[name] for name in dict.fromkeys(columns) if name in cells and name not in never}


def _no_number(shown: str) -> Problem:
    return Problem(said("there is no number {number}", number=clip(shown)), hint=said("leave it out to see all"))


def _of_number(store: Store, text: str, shown: str, facts: Store, who: Who) -> set[int]:
    """The numbers that stood in the same place as one, before and after it."""
    entry = Entry.objects.using(store.alias).filter(seq=int(text)).values().first() if re.fullmatch("[0-9]{1,15}", text) else None
    if entry is not None:
        chain.read_entry(entry, store.number(entry["seq"]))
    if entry is None or not _Subjects(facts, who, _persons([entry])).sees(entry["person"], entry["site"]):
        raise InputError(_no_number(shown))
    entries, row = Entry.objects.using(store.alias), blanking.row_of(store, entry["seq"])
    found = {entry["seq"], row}
    before = entries.filter(seq=row, replaces__lt=row).values_list("replaces", flat=True).first()
    while before is not None:
        found.add(before)
        before = entries.filter(seq=before, replaces__lt=before).values_list("replaces", flat=True).first()
    while (after := entries.filter(replaces=row, seq__gt=row).values_list("seq", flat=True).first()) is not None:
        found.add(row := after)
    return found


def _batches(rows: QuerySet[Entry], *fields: str, newest: bool = False) -> Iterator[list[dict[str, Any]]]:
    """Entries as plain values, some at once; each batch is asked for when it is taken."""
    after, order = ("seq__lt", "-seq") if newest else ("seq__gt", "seq")
    rest = rows
    while batch := list(rest.order_by(order).values(*fields)[:_AT_ONCE]):
        yield batch
        rest = rows.filter(**{after: batch[-1]["seq"]})


def _persons(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """Of whom entries are."""
    return {row["person"] for row in rows if row["person"] is not None}


def _spoken_of(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    """The numbers of entries, and of those that they replace."""
    return {row[name] for row in rows for name in ("seq", "replaces") if row[name] is not None}


def _contents(store: Store, seqs: Collection[int]) -> dict[int, blanking.Said]:
    """What was said at entries, as far as it was not taken out."""
    found: dict[int, blanking.Said] = {}
    asked = sorted(seqs)
    for begin in range(0, len(asked), _AT_ONCE):
        some = Content.objects.using(store.alias).filter(entry__in=asked[begin : begin + _AT_ONCE])
        for entry, cells, reason, salt in some.values_list("entry", "cells", "reason", "salt"):
            found[entry] = blanking.content(store, entry) if salt is None else blanking.said(cells, reason, store.number(entry))
    for seq in asked:
        if seq not in found:
            raise chain.Damaged(store.number(seq))
    return found
