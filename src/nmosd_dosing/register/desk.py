"""A desk: a register with who asks it, and by which clock. Every command and every page has one, and asks it alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from msgspec import Struct

from nmosd_dosing.register.accounts import Who
from nmosd_dosing.register.database.store import Act, Store
from nmosd_dosing.register.register import Register


class Desk(Struct, frozen=True, kw_only=True):
    """A register, and who is asking. clock: the moment, in UTC; zone: of whoever asks, in which it is written down."""

    register: Register
    who: Who
    clock: Callable[[], dt.datetime]
    zone: str

    @property
    def facts(self) -> Store:
        """The store of all but the arms."""
        return self.register.facts

    @property
    def arms(self) -> Store | None:
        """The store of the arms, for who may see them; None for everybody else, whether or not it is there. Raises InputError as
        `Register.arms_store` does."""
        return self.register.arms_store() if self.who.sees_arms else None

    @property
    def at(self) -> dt.datetime:
        """This moment."""
        return self.clock()

    @property
    def asks(self) -> tuple[Store, Who, dt.datetime, str]:
        """What `accounts` and `feeds` are told of who asks: where, who, when, in which zone."""
        return self.facts, self.who, self.at, self.zone

    def write(
        self, acts: Sequence[Act], store: Store | None = None, *, seen: int | None = None, check: Callable[[], object] | None = None
    ) -> list[int]:
        """Writes acts in the account's name, and gives their numbers; into the facts, or into another store. `seen` and `check` as
        `Store.write` takes them."""
        return (store or self.facts).write(acts, self.who.author(self.zone), self.at, seen=seen, check=check)
