"""Feeds: calendars that programs ask for by an address with a key. Whose a feed is, of whom, how it is shown, and until when, stands in
the trail as a row of `feeds`; of the key only its SHA-256. What a feed gave out last is in `published`.

A row's cells are its number (`feed`), `scope`, `subject` or `site`, `view`, `language`, `purpose`, `expires`, `state`, the key's `digest`,
and a `salt` for the names of entries, so that nobody finds out a code by trying which has that name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Literal, TypeVar, get_args

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import LANGUAGES, Language
from nmosd_dosing.errors import InputError, Problem, argument, clip
from nmosd_dosing.register import accounts
from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Act, Conflict, Store
from nmosd_dosing.screen import without_controls
from nmosd_dosing.sentences import either, said, word

FEEDS = "feeds"  # a table of the trail that is no table of subjects
Scope = Literal["subject", "site", "due"]
View = Literal["discreet", "codes", "full", "unblinded"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
VIEWS: dict[Scope, tuple[View, ...]] = {  # a calendar of several subjects must tell them apart
    "subject": ("discreet", "codes", "full", "unblinded"),
    "site": ("codes", "full", "unblinded"),
    "due": ("codes", "full"),
}
LONGEST = 366  # days from making to the last one
_LONGEST_PURPOSE = 100  # characters
T = TypeVar("T", bound=str)
_KEY = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class Feed(Struct, frozen=True):
    """A feed as the trail has it. `seq`: the entry that holds; `number`: by which people know it; `person`, `site`: of whom it is, of one
    subject with the site at which that was then, or of a site; neither is there where it is of all that the account may see. `expires`: the
    last day."""

    seq: int
    number: int
    account: str
    scope: Scope
    person: int | None
    site: str | None
    subject: str
    view: View
    language: Language
    purpose: str
    expires: dt.date
    active: bool
    digest: str
    salt: str

    @property
    def unblinded(self) -> bool:
        """Whether it shows arms."""
        return self.view == "unblinded"

    def lives(self, today: dt.date) -> bool:
        """Whether it was not revoked, and has not expired."""
        return self.active and today <= self.expires

    @property
    def cells(self) -> Mapping[str, str]:
        """Its row in the trail."""
        whose = {"subject": self.subject} if self.scope == "subject" else {"site": self.site} if self.site else {}
        return {
            "feed": str(self.number), "account": self.account, "scope": self.scope, **whose, "view": self.view, "language": self.language,
            **({"purpose": self.purpose} if self.purpose else {}), "expires": self.expires.isoformat(),
            "state": "active" if self.active else "revoked", "digest": self.digest, "salt": self.salt,
        }  # fmt: skip


def feeds(store: Store) -> list[Feed]:
    """All feeds, also those that have ended, by number. Raises InputError where what says who may fetch what was edited by hand."""
    if (changed := store.first_changed((FEEDS,))) is not None:
        raise InputError(Problem(
            f"number {changed} of the trail, which says who may fetch what, is not as it was written: no feed is given out",
            hint="somebody edited the database by hand: take a backup from before, `dosing register restore FILE`",
        ))  # fmt: skip
    return sorted((_feed(fact) for fact in facts.holding(store, FEEDS) if fact.cells), key=lambda feed: feed.number)


def _feed(fact: Fact) -> Feed:
    cells = fact.cells or {}
    return Feed(
        fact.seq, int(cells["feed"]), cells["account"], _one(cells["scope"], SCOPES), fact.person, fact.site, cells.get("subject", ""),
        _one(cells["view"], VIEWS["subject"]), _one(cells["language"], LANGUAGES),
        cells.get("purpose", ""), dt.date.fromisoformat(cells["expires"]), cells["state"] == "active", cells["digest"], cells["salt"],
    )  # fmt: skip


def _one(text: str, words: tuple[T, ...]) -> T:
    return next(each for each in words if each == text)


# --- who fetches ---------------------------------------------------------------------------------------------------------


def of_key(store: Store, key: str) -> Feed | None:
    """The feed that has a key; None where there is none."""
    if _KEY.fullmatch(key) is None:
        return None
    digest = _digest(key)
    return next((feed for feed in feeds(store) if secrets.compare_digest(feed.digest, digest)), None)


def reader(store: Store, feed: Feed, today: dt.date) -> tuple[Who, Fact | None] | None:
    """The account of a feed, and the row of its subject; None where it is not to be given out: it has ended, or its account, which is
    looked up anew, is disabled or may not see that any more."""
    account = next((account for account in accounts.accounts(store) if account.name == feed.account), None)
    if account is None or not account.active or not feed.lives(today) or (feed.unblinded and not account.who.sees_arms):
        return None
    if feed.person is not None:
        row = next((fact for fact in facts.holding(store, "subjects", persons=[feed.person]) if fact.cells), None)
        return (account.who, row) if row is not None and account.who.sees(row.site) else None
    return (account.who, None) if feed.site is None or account.who.sees(feed.site) else None


# --- who makes, rotates, revokes -----------------------------------------------------------------------------------------


def make(
    store: Store, by: Who, at: dt.datetime, zone: str, today: dt.date, *,
    scope: str, subject: Fact | None = None, site: str | None = None, view: str, language: str, purpose: str, expires: dt.date,
) -> tuple[Feed, str]:  # fmt: skip
    """A new feed of a subject, of a site, or of what is due at a site or, without one, at all that the account sees; and its key, which
    nobody can find out afterwards. Raises InputError where the account may not see that, or show it so."""
    kind = _checked("scope", scope, SCOPES)
    of = subject.site if subject is not None and kind == "subject" else site
    if (kind == "subject") != (subject is not None) or (kind == "site" and site is None):
        hint = said("name one: `{option}`", option=argument(kind))
        raise InputError(Problem(said("it is not said of which {kind} the feed is", kind=word(kind)), hint=hint))
    if subject is not None or site is not None:
        by.must_see(of)
    shown = _checked("view", view, VIEWS[kind])
    if shown == "unblinded" and not by.sees_arms:
        raise InputError(Problem(said("the account `{name}` does not see arms", name=clip(by.name)), hint=said("take another view")))
    key, there = _new_key(), feeds(store)
    feed = Feed(
        0, len(there) + 1, by.name, kind, subject.person if subject is not None else None, of,
        (subject.cells or {})["subject"] if subject is not None else "", shown, _checked("language", language, LANGUAGES),
        checked_purpose(by, purpose), checked_expiry(expires, today), True, _digest(key), secrets.token_hex(16),
    )  # fmt: skip
    [seq] = store.write(
        [Act("enter", FEEDS, feed.cells, person=feed.person, site=of)], by.author(zone), at, check=lambda: _still(store, len(there))
    )
    return replace(feed, seq=seq), key


def rotate(store: Store, by: Who, at: dt.datetime, zone: str, today: dt.date, feed: Feed) -> tuple[Feed, str]:
    """The feed under another key; who has the one before gets nothing any more. It is its owner's to do."""
    if feed.account != by.name or not feed.lives(today):
        raise InputError(Problem(said("feed {number} is not yours, or has ended", number=feed.number), hint=said("make a new one")))
    key = _new_key()
    return _changed(store, by, at, zone, replace(feed, digest=_digest(key)), "another key"), key


def revoke(store: Store, by: Who, at: dt.datetime, zone: str, feed: Feed) -> Feed:
    """The feed, given out to nobody any more: by its owner, or by a manager."""
    if feed.account != by.name and not by.manages:
        raise InputError(Problem(said("feed {number} is not yours", number=feed.number), hint=said("ask a manager")))
    if not feed.active:
        raise InputError(Problem(said("feed {number} is revoked already", number=feed.number)))
    reason = "revoked by its owner" if feed.account == by.name else "revoked by a manager"
    return _changed(store, by, at, zone, replace(feed, active=False), reason)


def checked_purpose(by: Who, purpose: str) -> str:
    """For what a feed is, in a few words. Who sees arms says nothing, since others read it."""
    given = " ".join(without_controls(purpose).split())
    if by.sees_arms:
        if given:
            raise InputError(Problem(said("who sees arms writes no purpose, since others read it"), hint=said("leave it empty")))
        return ""
    if not given:
        raise InputError(Problem(said("the purpose is not stated"), hint=said("say who subscribes with which program: `my telephone`")))
    if len(given) > _LONGEST_PURPOSE:
        raise InputError(Problem(said("the purpose is longer than {n} characters", n=_LONGEST_PURPOSE), hint=said("say it shorter")))
    return given


def checked_expiry(expires: dt.date, today: dt.date) -> dt.date:
    """The last day of a feed: today, or up to a year ahead."""
    if not 0 <= (expires - today).days <= LONGEST:
        wrong = said("a feed ends within a year: between {first} and {last}", first=str(today), last=str(today + dt.timedelta(LONGEST)))
        raise InputError(Problem(wrong, hint=said("take an earlier day; it can be made anew then")))
    return expires


def _changed(store: Store, by: Who, at: dt.datetime, zone: str, feed: Feed, reason: str) -> Feed:
    """Another row in the place of the one that holds; whose it is stays."""
    act = Act("correct", FEEDS, feed.cells, reason, feed.person, site=feed.site, replaces=feed.seq)
    [seq] = store.write([act], by.author(zone), at)
    return replace(feed, seq=seq)


def _still(store: Store, count: int) -> None:
    """Raises Conflict where somebody made a feed meanwhile, which has the number now."""
    if len(feeds(store)) != count:
        raise Conflict(Problem(said("somebody made a feed at the same moment"), hint=said("do it again")))


def _checked(name: str, text: str, words: tuple[T, ...]) -> T:
    if text not in words:
        wrong = said("`{text}` is no {name} of this feed", text=clip(text), name=word(name))
        raise InputError(Problem(wrong, hint=said("expected {words}", words=either(words))))
    return _one(text, words)


def _new_key() -> str:
    return secrets.token_urlsafe(32)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
