"""The study files and site files of a register, whole, by version; and which one a site uses from which day.

A *file* is a row of the table `files`: its kind, the id that it says itself, a version that is counted from 1, its name, its checksum
(SHA-256 of its bytes) and its text. A *use* is a row of `uses`: from which day on a site, or all sites, use that version; without a day
from ever. A subject is on the version that its row says (`study_version`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from nmosd_dosing.errors import InputError, Problem, argument, clip, one_of
from nmosd_dosing.register.facts import Fact, holding
from nmosd_dosing.register.store import Act, Store

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
    return [File(*(fact.cells[name] for name in File._fields)) for fact in holding(store, "files", known=known) if fact.cells is not None]


def uses(store: Store, known: int | None = None) -> list[Use]:
    """Which site uses what from when, in the order in which it was said."""
    found = []
    for fact in holding(store, "uses", known=known):
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
        raise InputError(Problem(message, hint="make a register for each study: `dosing register init`"))
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


def in_use(store: Store, kind: Kind, site: str | None, day: dt.date | None, known: int | None = None) -> File | None:
    """What a site uses on a day: what was said of this site last, else of all sites; by the latest day from which it is used. Without a
    day what is used from ever."""
    said = [
        use for use in uses(store, known)
        if use.kind == kind and use.site in (None, site) and (use.start is None or (day is not None and use.start <= day))
    ]  # fmt: skip
    if not said:
        return None
    first = dt.date.min
    _, last = max(enumerate(said), key=lambda pair: (pair[1].start or first, pair[1].site is not None, pair[0]))
    return next(file for file in files(store, known) if (file.kind, file.id, file.version) == (kind, last.id, last.version))


def on_version(store: Store, row: Mapping[str, str], day: dt.date) -> dict[str, str]:
    """The row of a subject who comes on a day, with the version of the study that the site uses then, unless it says one, or there is only
    the first."""
    found = in_use(store, "study", row.get("site"), day) if VERSION not in row else None
    return {**row, VERSION: found.version} if found is not None and found.version != "1" else dict(row)


def study_of(store: Store, subjects: Sequence[Fact], known: int | None = None) -> File:
    """The study file on which subjects are, by their rows. Raises InputError where the register has none, or they are on several
    versions."""
    there = [file for file in files(store, known) if file.kind == "study"]
    if not there:
        raise InputError(Problem("the register has no study file", hint="`dosing register adopt FILE` takes one in"))
    versions = sorted({fact.cells.get(VERSION, there[0].version) for fact in subjects if fact.cells is not None}, key=int)
    if len(versions) > 1:
        message = f"these subjects are on the versions {one_of(versions).replace(' or ', ' and ')} of the study"
        raise InputError(Problem(message, hint=f"ask about those of one; or name what all are planned by: `{argument('regimen', 'FILE')}`"))
    version = versions[0] if versions else there[-1].version
    return next(file for file in there if file.version == version)
