"""The arm of one subject, opened by who may see arms, for a reason: both stores say that it was, and only that of the arms says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NamedTuple

from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.accounts import Who, checked_reason
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Act, Store
from nmosd_dosing.register.models import Entry
from nmosd_dosing.register.reading.tables import ARMS
from nmosd_dosing.register.register import Register


class Unblinded(NamedTuple):
    """That the arm of a subject was opened: by which account, and when, in UTC."""

    account: str
    at: str


def unblind(register: Register, who: Who, subject: Fact, reason: str | None, at: dt.datetime, zone: str) -> str:
    """The arm of a subject, after both trails say who opened it. Raises InputError for who may not, without a reason, and where no arm is
    known; then nothing is written."""
    if not who.sees_arms:
        raise InputError(Problem(f"the account `{clip(who.name)}` may not open arms", hint="ask an unblinded pharmacist"))
    who.must_see(subject.site)
    why, code = checked_reason(reason), (subject.cells or {}).get("subject", "")
    store = register.arms_store()
    held = [fact for fact in facts.holding(store, ARMS, persons=[subject.person or 0]) if fact.cells]
    if not held or subject.person is None:
        raise InputError(Problem(f"the arm of `{clip(code)}` is not known", hint="an unblinded pharmacist brings the allocation in"))
    said = {"subject": code}
    register.facts.write([Act("open", ARMS, said, None, subject.person, site=subject.site)], who.author(zone), at)
    store.write([Act("open", ARMS, said, why, subject.person, site=subject.site)], who.author(zone), at)
    return (held[-1].cells or {})["arm"]


def unblinded(store: Store) -> Mapping[int, Unblinded]:
    """Whose arms were opened, by the number of the subject; the first time of each."""
    opened = Entry.objects.using(store.alias).filter(action="open", what=ARMS).order_by("-seq")
    return {person: Unblinded(account, at) for person, account, at in opened.values_list("person", "account", "at") if person is not None}
