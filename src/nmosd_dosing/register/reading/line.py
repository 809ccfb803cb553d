"""A line of the trail, and the one place that makes a sentence of it."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Mapping

from msgspec import Struct

from nmosd_dosing.errors import CHECKSUM, clip
from nmosd_dosing.register.database.store import ARMS
from nmosd_dosing.screen import without_controls
from nmosd_dosing.sentences import Sentence, joined, said, word

_DONE = {"enter": "entered {noun}", "correct": "corrected {noun}", "withdraw": "withdrew {noun}", "open": "opened {noun}"}
DONE_OTHERWISE = (  # of which tables another language has another word for what was done
    ("passwords", "enter"), ("passwords", "correct"), ("uses", "enter"), ("sessions", "open"), ("arms", "open"),
)  # fmt: skip

NAMED = {  # by table, what a row of it is called, by which of its cells; and which cells no line shows
    "subjects": ("subject {subject}", ()),
    "events": ("event {event} of {subject}", ()),
    "visits": ("visit {visit} of {subject}", ()),
    "weighings": ("weight of {date} of {subject}", ()),
    "measurements": ("value {what} of {date} of {subject}", ()),
    "history": ("{what} in the history of {subject}", ()),
    "allocation": ("arm of {subject}", ()),
    "accounts": ("account {account}", ()),
    "passwords": ("password of {account}", ("digest", "password")),
    "feeds": ("feed {feed}", ("digest", "salt")),
    "files": ("{kind} file {id}, version {version}", ("text",)),
    "uses": ("use of {kind} file {id}, version {version}", ()),
    "versions": ("version of the study of {subject}", ()),
    "stock": ("stock", ()),
    "sessions": ("a session of the pages", ("account",)),
}  # fmt: skip

AMONG = frozenset({"movement", "scope", "view", "language"})  # cells of which the same words stand elsewhere, too
CLOSED_SETS = frozenset({"event", "status", "sex", "had", "role", "kind", "state"})  # cells in which stands a word of a closed set


class Line(Struct, frozen=True):
    """An entry of the trail. `store`: `facts` or `arms`; `at`: UTC; `subject`: the code that the subject had then; `old`, `new`: of a
    correction the cells that are others, empty texts where one has no such cell; else all of them; None where nothing stood there, or
    nothing does now. `taken_out`: of an entry that took a text out, which cell, and `of` which entry."""

    store: str
    seq: int
    at: str
    zone: str
    account: str
    role: str
    action: str
    what: str
    person: int | None
    site: str | None
    subject: str | None
    old: Mapping[str, str] | None
    new: Mapping[str, str] | None
    reason: str | None
    replaces: int | None
    of: int | None
    taken_out: str | None
    request: str
    named: Mapping[str, str]

    @property
    def number(self) -> str:
        """How its number is written: `31`, `arms:31`."""
        return self._number(self.seq)

    def _number(self, seq: int | None) -> str:
        return f"{ARMS}{seq}" if self.store == "arms" else f"{seq}"

    @property
    def visit(self) -> str | None:
        """The visit that it is of, with its period where it is written."""
        name, period = self.named.get("visit"), self.named.get("period")
        return None if self.what != "visits" or not name else f"{period}/{name}" if period and "/" not in name else name

    @property
    def moment(self) -> str:
        """When it was: `2025-07-08 10:12 Asia/Shanghai (02:12Z)`."""
        at = dt.datetime.fromisoformat(self.at)
        there = local(at, self.zone)
        if there is None or self.zone.removeprefix("Etc/") == "UTC":
            return f"{at:%Y-%m-%d %H:%M} UTC"
        day = "" if there.date() == at.date() else f"{at:%Y-%m-%d} "
        return f"{there:%Y-%m-%d %H:%M} {self.zone} ({day}{at:%H:%M}Z)"

    @property
    def day(self) -> dt.date:
        """On which day it was, in its zone."""
        at = dt.datetime.fromisoformat(self.at)
        return (local(at, self.zone) or at).date()

    @property
    def sentence(self) -> str:
        """Who did what, when, and why. No control character is in it."""
        return on_one_line(self.said)

    @property
    def said(self) -> Sentence:
        """The same with texts as they were typed: `on_one_line` makes it fit to be shown."""
        who = said("{moment}, {account} ({role})", moment=self.moment, account=self.account, role=word(self.role))
        words = said("{who}: {did}", who=who, did=self._done)
        words = said("{sentence}; reason: {reason}", sentence=words, reason=self.reason) if self.reason else words
        if self.replaces is None:
            return said("{sentence} (number {number})", sentence=words, number=self.number)
        before = self._number(self.replaces)
        return said("{sentence} (number {number}, replaces {before})", sentence=words, number=self.number, before=before)

    @property
    def _done(self) -> Sentence:
        noun = self._noun
        if self.action == "blank":
            cell = word(self.taken_out) if self.taken_out else said("a text")
            return said("took {cell} out of number {number}, {noun}", cell=cell, number=self._number(self.of), noun=noun)
        among = self.what if (self.what, self.action) in DONE_OTHERWISE else ""
        did = word(_DONE[self.action], among=among, noun=noun) if self.action in _DONE else joined(" ", (self.action, noun))
        if self.old is not None and self.new is not None:
            names = dict.fromkeys([*self.old, *self.new])
            changed = joined(", ", (_changed(name, self.old.get(name), self.new.get(name)) for name in names))
            return said("{did}: {cells}", did=did, cells=changed or said("nothing"))
        cells = self.new if self.new is not None else self.old or {}
        template = NAMED.get(self.what, ("", ()))[0]
        rest = {name: text for name, text in cells.items() if f"{{{name}}}" not in template and text}
        if self.what == "files" and "checksum" in rest:
            rest["checksum"] = clip(rest["checksum"], CHECKSUM)
        own = template.split(" ")[0]  # `arm of 0101: placebo`
        shown = [_text(name, text) if name == own else _cell(name, text) for name, text in rest.items()]
        return said("{did}: {cells}", did=did, cells=joined(", ", shown)) if shown else did

    @property
    def _noun(self) -> Sentence:
        template = NAMED.get(self.what, (self.what, ()))[0]
        cells = {**self.named, "visit": self.visit or "?", "subject": self.subject or self.named.get("subject") or "?"}
        return word(template, **{name: _text(name, cells.get(name) or "?") for name in re.findall(r"\{(\w+)\}", template)})


def _cell(name: str, text: str) -> Sentence:
    return said("{cell} {text}", cell=word(name), text=_text(name, text))


def _changed(name: str, old: str | None, new: str | None) -> Sentence:
    """A cell before and after."""
    before, after = (_text(name, text) if text else said("(nothing)") for text in (old, new))
    return said("{cell} {before} -> {after}", cell=word(name), before=before, after=after)


def _text(name: str, text: str) -> str:
    """What stands in a cell; a word of a closed set can be said in another language."""
    return word(text, among=name) if name in AMONG else cell_word(name, text) if name in CLOSED_SETS else text


def cell_word(name: str, text: str) -> Sentence:
    """A word of a closed set as it stands in a cell; of the end of a period, `rcp_completed`, which period it is of."""
    period = text.removesuffix("_completed")
    return said("{period}_completed", period=period) if name == "event" and period != text else word(text)


def on_one_line(text: str) -> str:
    """A sentence without line ends and control characters, which texts that were typed may have."""
    return without_controls(" ".join(text.split()))


def local(at: dt.datetime, zone: str) -> dt.datetime | None:
    """A moment in a zone, by its name or as `UTC+08:00`; None where this computer does not know it."""
    if found := re.fullmatch(r"UTC([+-])(\d\d):(\d\d)", zone):
        distance = dt.timedelta(hours=int(found[2]), minutes=int(found[3]))
        return at.astimezone(dt.timezone(distance if found[1] == "+" else -distance))
    try:
        return at.astimezone(zoneinfo.ZoneInfo(zone))
    except (ValueError, OSError, OverflowError, zoneinfo.ZoneInfoNotFoundError):
        return None
