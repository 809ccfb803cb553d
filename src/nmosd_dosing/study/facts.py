"""What stands beside what a study file says: its source, what the file assumes, and the words for what the source does not say."""

from __future__ import annotations

import datetime as dt
from enum import Enum

from msgspec import Struct

from nmosd_dosing.sentences import Sentence, joined, said


class NotStated(Enum):
    """The file says in so many words that its source is silent."""

    NOT_STATED = "not stated"


NOT_STATED = NotStated.NOT_STATED


class Source(Struct, frozen=True):
    """Where a fact stands: registry number, section, date of the record's last update."""

    registry: str | None = None
    section: str | None = None
    updated: dt.date | None = None

    @property
    def text(self) -> Sentence:
        updated = said("record of {date}", date=self.updated.isoformat()) if self.updated else None
        return joined(", ", (part for part in (self.registry, self.section, updated) if part)) or said("not stated")


class Facts(Struct, frozen=True):
    """What stands beside a fact: its own source where it differs, what the file assumes, what a reader must know."""

    source: Source | None = None
    assumed: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
