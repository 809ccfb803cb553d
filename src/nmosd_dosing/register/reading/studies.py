"""The study files and site files of a register, whole, by version; and which one a site uses from which day.

A *file* is a row of the table `files`: its kind, the id that it says itself, a version that is counted from 1, its name, its checksum
(SHA-256 of its bytes) and its text. A *use* is a row of `uses`: from which day on a site, or all sites, use that version; without a day
from ever. A subject is on the version that its row says (`study_version`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from nmosd_dosing.errors import InputError, Problem, Problems, RegimenError, argument, clip, command, counted, one_of
from nmosd_dosing.language import nodes
from nmosd_dosing.language.site_file import filled_in, is_site, site_of
from nmosd_dosing.language.study_file import study_of as read_study
from nmosd_dosing.register.database.chain import Damaged
from nmosd_dosing.register.database.facts import Fact, as_written
from nmosd_dosing.register.database.store import Act, Store
from nmosd_dosing.study.events import BEFORE_DAY_1
from nmosd_dosing.study.model import Study

Kind = Literal["study", "site"]
VERSION = "study_version"  # the cell of a subject's row


class File(NamedTuple):
    """A file that a register holds. `id`: as the file says itself, `bat4406f`."""

    kind: str
    id: str
    version: str
    name: str
    checksum: str
    text: str

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return self.text.encode()


class Use(NamedTuple):
    """From which day on a site uses a version of a file; None: from ever, and all sites."""

    kind: str
    id: str
    version: str
    start: dt.date | None
    site: str | None


def files(store: Store, known: int | None = None) -> list[File]:
    """All files, in the order in which they came."""
    return [File(*(fact.cells[name] for name in File._fields)) for fact in as_written(store, "files", known) if fact.cells is not None]


def uses(store: Store, known: int | None = None) -> list[Use]:
    """Which site uses what from when, in the order in which it was said."""
    found = []
    for fact in as_written(store, "uses", known):
        if fact.cells is not None:
            day = fact.cells.get("from")
            found.append(Use(
                fact.cells["kind"], fact.cells["id"], fact.cells["version"], dt.date.fromisoformat(day) if day else None, fact.site
            ))  # fmt: skip
    return found


def adopted(
    store: Store, kind: Kind, id: str, name: str, content: bytes, start: dt.date | None = None, sites: Sequence[str] = ()
) -> tuple[str, list[Act]]:
    """The version that a file has, or gets, in the register, and the acts that take it in and say who uses it from which day: all sites
    where none is named. A file that is there is not taken in twice. Raises InputError where a register has another study, or a text is
    none."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise InputError(Problem(f"`{clip(name)}` is not UTF-8", path=name)) from None
    there = [file for file in files(store) if file.kind == kind]
    if kind == "study" and there and id not in {file.id for file in there}:
        message = f"`{clip(name)}` is of the study `{clip(id)}`, and this register is of `{clip(there[0].id)}`"
        raise InputError(Problem(message, hint=f"make a register for each study: `dosing register init {argument('register', 'NEW')}`"))
    checksum = hashlib.sha256(content).hexdigest()
    same = [file for file in there if file.id == id]
    version = next((file.version for file in same if file.checksum == checksum), None)
    acts = []
    if version is None:
        version = str(len(same) + 1)
        cells = File(kind, id, version, name, checksum, text)._asdict()
        acts.append(Act("enter", "files", cells))
    said = {"kind": kind, "id": id, "version": version} | ({"from": start.isoformat()} if start is not None else {})
    known = uses(store)
    for site in sites or (None,):
        if Use(kind, id, version, start, site) not in known:
            acts.append(Act("enter", "uses", said | ({"site": site} if site is not None else {}), site=site))
    return version, acts


def checked(content: bytes, name: str, store: Store) -> tuple[Kind, str]:
    """Of which kind a file is, and the id that it says itself. Raises RegimenError with all that is wrong in it; a site's file is checked
    against the study that the register holds."""
    problems = Problems()
    node = nodes.read_bytes(content, name, problems)
    if node is None or not is_site(node):
        return "study", read_study(node, content, problems)[0].id
    found = site_of(node, problems)
    if found is not None and found.site is not None and (study := latest_study(store)) is not None:
        filled_in(study, found, problems)
    if problems.errors or found is None or found.site is None:
        raise RegimenError(problems.in_order())
    return "site", found.site.text


def latest_study(store: Store) -> Study | None:
    """The newest version of the study that a register holds."""
    there = [file for file in files(store) if file.kind == "study"]
    return study_in(there[-1]) if there else None


def study_in(file: File) -> Study:
    """The study that a register's file describes."""
    problems = Problems()
    return read_study(nodes.read_bytes(file.content, file.name, problems), file.content, problems)[0]


def in_force(said: Sequence[Use]) -> list[Use]:
    """Of uses the one that was said last of each site and day: what holds."""
    return list({(use.kind, use.site, use.start): use for use in said}.values())


def used(said: Sequence[Use], kind: Kind, site: str | None, day: dt.date | None) -> Use | None:
    """What a site uses on a day: what was said of this site last, else of all sites; by the latest day from which it is used. Without a
    day what is used from ever."""
    mine = [
        use for use in said
        if use.kind == kind and use.site in (None, site) and (use.start is None or (day is not None and use.start <= day))
    ]  # fmt: skip
    if not mine:
        return None
    return max(enumerate(mine), key=lambda pair: (pair[1].start or dt.date.min, pair[1].site is not None, pair[0]))[1]


def in_use(store: Store, kind: Kind, site: str | None, day: dt.date | None, known: int | None = None) -> File | None:
    """The file that a site uses on a day; None where it uses none."""
    use = used(uses(store, known), kind, site, day)
    return file_of(store, use, known) if use is not None else None


def file_of(store: Store, use: Use, known: int | None = None) -> File:
    """The file that is used."""
    return next(file for file in files(store, known) if (file.kind, file.id, file.version) == (use.kind, use.id, use.version))


def on_version(store: Store, row: Mapping[str, str], today: dt.date) -> dict[str, str]:
    """The row of a subject who comes, with the version of the study that the site used on the first of the subject's days, of consent,
    screening, randomisation and day 1; where none is known, that of today. A row that says one keeps it. Raises InputError where the
    register has no such version."""
    if VERSION in row:
        of_version(versions(store), row[VERSION])
        return dict(row)
    days = [row[name] for name in (*BEFORE_DAY_1, "start") if name in row]
    found = in_use(store, "study", row.get("site"), dt.date.fromisoformat(min(days)) if days else today)
    return {**row, VERSION: found.version} if found is not None and found.version != "1" else dict(row)


def of_version(there: Sequence[File], version: str) -> File:
    """The study's file of a version. Raises InputError where there is none."""
    found = next((file for file in there if file.version == version), None)
    if found is None:
        names = one_of(file.version for file in there)
        raise InputError(Problem(f"there is no version `{clip(version)}` of the study", hint=f"the register has {names}"))
    return found


def version_of(row: Mapping[str, str]) -> str:
    """On which version of the study a subject is: the first, unless the row says another."""
    return row.get(VERSION, "1")


def by_version(subjects: Iterable[Fact]) -> dict[str, list[Fact]]:
    """The rows of subjects by the version of the study that they are on, the first version first."""
    found = defaultdict[str, list[Fact]](list)
    for fact in subjects:
        if fact.cells is not None:
            found[version_of(fact.cells)].append(fact)
    return dict(sorted(found.items(), key=lambda pair: int(pair[0]) if pair[0].isdecimal() else 0))


def versions(store: Store, known: int | None = None) -> list[File]:
    """The study's files, the first version first. Raises InputError where the register has none."""
    there = [file for file in files(store, known) if file.kind == "study"]
    if not there:
        raise InputError(Problem("the register has no study file", hint=f"`{command('register adopt FILE')}` takes one in"))
    return there


def study_of(store: Store, subjects: Sequence[Fact], known: int | None = None) -> File:
    """The study file on which subjects are, by their rows. Raises InputError where the register has none, or they are on several
    versions."""
    there, on = versions(store, known), by_version(subjects)
    for version, mine in on.items():
        if mine[0].seq and version not in {file.version for file in there}:  # who came is on one that there is; who comes may not be
            raise Damaged(store.number(mine[0].seq))
    if len(on) > 1:
        message = f"these subjects are on {len(on)} versions of the study: {in_words(on)}"
        each = " or ".join(f"`{argument('study_version', version)}`" for version in on)
        raise InputError(Problem(message, hint=f"ask about those of one, {each}"))
    return of_version(there, next(iter(on), there[-1].version))


def in_words(on: Mapping[str, Sequence[Fact]]) -> str:
    """How many subjects are on which version: `13 subjects on version 1, 1 subject on version 2`."""
    return ", ".join(f"{counted(len(mine), 'subject')} on version {version}" for version, mine in on.items())
