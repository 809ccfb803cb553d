"""What feeds gave out last, and who fetched it: no facts, and so no part of the trail. Of an unblinded feed the bytes are in the store of
the arms; who fetches is counted in that of the facts."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Length
from msgspec import Struct

from nmosd_dosing.register import models
from nmosd_dosing.register.database.chain import Damaged
from nmosd_dosing.register.database.store import Store, stamped
from nmosd_dosing.screen import without_controls

_NOT_OF_PLANS = ("accounts", "feeds", "passwords", "sessions")  # tables of the trail
_LONGEST_NAME = 120  # characters of a program's name


class Published(Struct, frozen=True):
    """What was given out last: the bytes, their SHA-256, since when they are so, and from what they were made."""

    content: bytes
    etag: str
    changed: dt.datetime
    made_from: str


class Fetched(Struct, frozen=True):
    """How often a feed was fetched, when last, and by what program, as it calls itself; and how many bytes it gave out last."""

    fetches: int
    at: dt.datetime | None
    by: str
    size: int


def last(store: Store, number: int) -> Published | None:
    """What a feed gave out last; None where it gave out nothing yet. Raises Damaged for a row that was spoilt by hand."""
    row = models.Published.objects.using(store.alias).filter(feed=number).first()
    if row is None or not row.etag:
        return None
    try:
        return Published(bytes(row.content), row.etag, dt.datetime.fromisoformat(row.changed), row.made_from)
    except (TypeError, ValueError) as error:
        raise Damaged(store.number(number)) from error


def keep(store: Store, number: int, before: Published | None, content: bytes, made_from: str, at: dt.datetime) -> Published | None:
    """What a feed gives out from now on; bytes that are as before keep the moment since when they are so. None where another program gave
    out something meanwhile: nothing is kept then, and what is to be given out begins from that."""
    etag = hashlib.sha256(content).hexdigest()
    changed = before.changed if before is not None and before.etag == etag else at.replace(microsecond=0)
    rows = models.Published.objects.using(store.alias)
    with transaction.atomic(using=store.alias):
        rows.get_or_create(feed=number)
        known = rows.filter(feed=number, etag=before.etag if before else "", made_from=before.made_from if before else "")
        if not known.update(content=content, etag=etag, changed=stamped(changed), made_from=made_from):
            return None
    return Published(content, etag, changed, made_from)


def forget(store: Store, number: int) -> None:
    """Takes away the bytes of a feed that has ended; who fetched it stays."""
    models.Published.objects.using(store.alias).filter(feed=number).update(content=b"", etag="", changed="", made_from="")


def fetched(store: Store, number: int, at: dt.datetime, by: str) -> None:
    """Counts that a program fetched a feed; where the store cannot be written just then, the calendar is given out all the same."""
    rows = models.Published.objects.using(store.alias)
    name = " ".join(without_controls(by).split())[:_LONGEST_NAME]
    try:
        with transaction.atomic(using=store.alias):
            rows.get_or_create(feed=number)
            rows.filter(feed=number).update(fetched_at=stamped(at), fetched_by=name, fetches=F("fetches") + 1)
    except DatabaseError:
        return


def fetches(store: Store) -> dict[int, Fetched]:
    """Who fetched the feeds of a store, by their numbers."""
    rows = models.Published.objects.using(store.alias).annotate(size=Length("content"))
    return {
        number: Fetched(count, dt.datetime.fromisoformat(at) if at is not None else None, by, size)
        for number, count, at, by, size in rows.values_list("feed", "fetches", "fetched_at", "fetched_by", "size")
    }


def known(store: Store) -> str:
    """The hash of the last entry on which a plan may hang; who signs in, and what is said of accounts and feeds, moves no visit."""
    entries = models.Entry.objects.using(store.alias).exclude(what__in=_NOT_OF_PLANS).order_by("-seq")
    return entries.values_list("hash", flat=True).first() or "-"
