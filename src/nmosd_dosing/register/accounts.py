"""Who may do what: accounts, each with a role and the sites that it is of. Both stand in the trail; the table of accounts has passwords.

A row of `accounts` in the trail is an account, a role, its sites, whether it is active, and the user of a computer who may be it without
a password. A row of `passwords` says that an account was given one, with a digest of what the table of accounts holds: so an edit by hand
of that table lets nobody in. Passwords themselves are nowhere; their hashes are Django's, by argon2.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from typing import Literal, get_args

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import CommonPasswordValidator
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.errors import InputError, Problem, argument, clip, command, did_you_mean, one_of
from nmosd_dosing.register import models
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.server import is_server
from nmosd_dosing.register.database.store import Act, Author, Store
from nmosd_dosing.sentences import said, word
from nmosd_dosing.subjects.tables.written import COLUMNS

Role = Literal["coordinator", "site-pharmacist", "unblinded-pharmacist", "monitor", "manager"]
ROLES: tuple[Role, ...] = get_args(Role)
ACCOUNTS, PASSWORDS = "accounts", "passwords"  # tables of the trail that are no tables of subjects

_OF_SITES = frozenset(COLUMNS) - {"allocation"}
_WRITES: dict[Role, frozenset[str]] = {
    "coordinator": _OF_SITES,
    "site-pharmacist": frozenset({"visits", "weighings", "measurements", "stock"}),
    "unblinded-pharmacist": frozenset({"allocation", "stock"}),  # what others read is written by who knows no arm
    "monitor": frozenset(),
    "manager": _OF_SITES | {ACCOUNTS, PASSWORDS, "files", "uses"},
}
_SHORTEST, _LONGEST = 12, 1024  # characters of a password
_LONGEST_NAME = 64
_IN_NAMES = frozenset("._-@+")
_EVERY_SITE = "all"


class Who(Struct, frozen=True):
    """An account that is asking. `sites`: whose subjects it sees; None for all sites."""

    name: str
    role: Role
    sites: frozenset[str] | None = None

    def writes(self, what: str) -> bool:
        """Whether it may write rows of a table."""
        return what in _WRITES[self.role]

    def sees(self, site: str | None) -> bool:
        """Whether it sees subjects of a site; who is of no site is seen by those who see all."""
        return self.sites is None or (site is not None and site in self.sites)

    @property
    def sees_arms(self) -> bool:
        """Whether the store of the arms is opened for it."""
        return self.role == "unblinded-pharmacist"

    @property
    def manages(self) -> bool:
        """Whether accounts and studies are its work."""
        return self.role == "manager"

    def author(self, zone: str) -> Author:
        """It as who writes, in a time zone."""
        return Author(self.name, self.role, zone)

    def must_write(self, what: str) -> None:
        """Raises InputError, which names the roles that may, where it may not write rows of a table."""
        if not self.writes(what):
            self._refused(f"write `{what}`", [role for role in ROLES if what in _WRITES[role]])

    def must_manage(self, doing: str) -> None:
        """Raises InputError where something is a manager's work, which `doing` says as a verb: `make accounts`."""
        if not self.manages:
            self._refused(doing, ["manager"])

    def must_see(self, site: str | None) -> None:
        """Raises InputError where it does not see subjects of a site."""
        if not self.sees(site):
            wrong = f"the account `{clip(self.name)}` is not of {f'site `{clip(site)}`' if site else 'all sites, and this is of none'}"
            raise InputError(Problem(wrong, hint=f"it is of {_in_words(self.sites)}"))

    def _refused(self, doing: str, roles: Collection[Role]) -> None:
        hint = f"ask {' or '.join(map(_one, roles))}, or name an account that is one: `{argument('account', 'NAME')}`"
        raise InputError(Problem(f"the account `{clip(self.name)}` may not {doing}: it is {_one(self.role)}", hint=hint))


def _one(role: Role) -> str:
    return f"an {role}" if role.startswith("u") else f"a {role}"


class Account(Struct, frozen=True):
    """An account as the trail has it. `seq`: its entry's number. `user`: who may be it without a password, as a computer knows him."""

    seq: int
    name: str
    role: Role
    sites: frozenset[str] | None
    active: bool
    user: str | None
    has_password: bool

    @property
    def who(self) -> Who:
        """It as who is asking."""
        return Who(self.name, self.role, self.sites)

    @property
    def cells(self) -> Mapping[str, str]:
        """Its row in the trail."""
        return {
            "account": self.name,
            "role": self.role,
            "sites": ", ".join(sorted(self.sites)) if self.sites is not None else _EVERY_SITE,
            "user": self.user or "",
            "state": "active" if self.active else "disabled",
        }  # fmt: skip


def accounts(store: Store, known: int | None = None) -> list[Account]:
    """All accounts, also those that are disabled, by name. Raises InputError where what says who may do what was edited by hand."""
    if (changed := store.first_changed((ACCOUNTS, PASSWORDS))) is not None:
        restore = f"dosing register restore FILE {argument('register', 'NEW')}"
        wrong = f"number {changed} of the trail, which says who may do what, is not as it was written: nobody is let in"
        raise InputError(Problem(wrong, hint=f"somebody edited the database by hand: take a backup from before, `{restore}`"))
    having = {fact.cells["account"] for fact in facts.holding(store, PASSWORDS, known=known) if fact.cells}
    found = [_account(fact, having) for fact in facts.holding(store, ACCOUNTS, known=known) if fact.cells]
    return sorted(found, key=lambda account: account.name)


def _account(fact: facts.Fact, having: Collection[str]) -> Account:
    cells = fact.cells or {}
    role = next(role for role in ROLES if role == cells["role"])
    sites = frozenset(cells["sites"].split(", ")) if cells["sites"] != _EVERY_SITE else None
    name = cells["account"]
    return Account(fact.seq, name, role, sites, cells["state"] == "active", cells["user"] or None, name in having)


def sites_of_subjects(store: Store) -> frozenset[str]:
    """The sites of which there are subjects."""
    return frozenset(site for site in facts.at_sites(store) if site is not None)


# --- who is asking -------------------------------------------------------------------------------------------------------


class NotLetIn(InputError):
    """A name and a password let nobody in."""


def who(store: Store, name: str, password: str) -> Who:
    """The account that has a name and a password. Raises NotLetIn otherwise: of an account that there is not it says the same, and takes
    as long, as of another password."""
    account = next((account for account in accounts(store) if account.name == normal(name)), None)
    given = normal(password)
    if account is None or not _has(store, account, given):
        if account is None or not account.has_password:
            make_password(given)  # takes as long as a comparison
        another = command(f"register account password {clip(name)}", of_another=True)
        hint = f"type both again; a manager gives an account another: `{another}`"
        raise NotLetIn(Problem(f"no account `{clip(name)}` with this password", hint=hint))
    if not account.active:
        raise NotLetIn(Problem(f"the account `{clip(name)}` is disabled", hint=f"a manager may enable it: `{_enabling(name)}`"))
    return account.who


def _has(store: Store, account: Account, password: str) -> bool:
    """Whether an account has a password, which it was given by the register."""
    encoded = models.Account.objects.using(store.alias).filter(name=account.name).values_list("password", flat=True).first()
    try:
        if encoded is None or not check_password(password, encoded):
            return False
    except ValueError:  # what stands there is no hash: somebody edited the table by hand
        return False
    return any((fact.cells or {}).get("digest") == _digest(encoded) for fact in _given(store, account.name))


def _given(store: Store, name: str) -> list[facts.Fact]:
    return [fact for fact in facts.holding(store, PASSWORDS) if fact.cells and fact.cells["account"] == name]


def standing(store: Store, name: str) -> str:
    """The numbers of the entries by which an account is as it is, and has its password, as a text; 0 where there is none. Whoever was let
    in by other ones, before a role, a site, a password was changed, or the account disabled and enabled again, is not any more."""
    account = next((account.seq for account in accounts(store) if account.name == name), 0)
    given = _given(store, name)
    return f"{account}:{given[-1].seq if given else 0}"


def of_user(store: Store, user: str, name: str | None = None) -> Account | None:
    """The account that the user of a computer may be, or the one that he names; None where there is none. It needs no password where
    `needs_no_password` says so."""
    found = [account for account in accounts(store) if account.active]
    if name is not None:
        return next((account for account in found if account.name == name), None)
    mine = [account for account in found if account.user == user]
    if len(mine) > 1:
        wrong = f"the user `{clip(user)}` may be several accounts: {one_of(account.name for account in mine)}"
        raise InputError(Problem(wrong, hint=f"name one: `{argument('account', 'NAME')}`"))
    return mine[0] if mine else next((account for account in found if account.name == user), None)


def needs_no_password(store: Store, account: Account, user: str) -> bool:
    """Whether the user of a computer may be an account without a password: it has none, it is his, and the register is a file, which
    the computer itself guards."""
    return account.user == user and not account.has_password and not is_server(store)


# --- what a manager does -------------------------------------------------------------------------------------------------


def first(name: str) -> Who:
    """The first account of a register: a manager."""
    return Who(name, "manager")


def begin(store: Store, name: str, at: dt.datetime, zone: str, *, user: str | None = None, password: str | None = None) -> Who:
    """The first account of an empty register, for the user of this computer or with a password."""
    mine = Account(0, checked_name(name, ()), first(name).role, None, True, user, False)
    if password is None and (user is None or is_server(store)):
        hint = f"it is asked for, or stands in `{argument('password_file', 'FILE')}`"
        raise InputError(Problem("the first account needs a password", hint=hint))
    given, encoded = _new_password(store, mine.name, password) if password is not None else (None, "")
    store.write(
        [Act("enter", ACCOUNTS, mine.cells), *([given] if given else [])], mine.who.author(zone), at,
        seen=0, check=lambda: _keep(store, mine.name, encoded) if given else None,
    )  # fmt: skip
    return mine.who


def add(
    store: Store, by: Who, at: dt.datetime, zone: str, *, name: str, role: str, sites: str | None = None, user: str | None = None
) -> Account:
    """A new account. `sites`: of which it sees subjects, `01,02` or `all`; a manager's are all."""
    by.must_manage("make accounts")
    seen, there = store.head().seq, accounts(store)
    checked = checked_role(role)
    made = Account(0, checked_name(name, there), checked, checked_sites(checked, sites), True, _user(user), False)
    [seq] = store.write([Act("enter", ACCOUNTS, made.cells)], by.author(zone), at, seen=seen)
    return replace(made, seq=seq)


def change(
    store: Store, by: Who, at: dt.datetime, zone: str, *, name: str, reason: str | None, change: Callable[[Account], Account]
) -> tuple[Account, Account]:
    """An account otherwise than it was: before, and now. There is always a manager who is active."""
    by.must_manage("change accounts")
    seen, there = store.head().seq, accounts(store)
    before = named(there, name)
    now = change(before)
    if now == before:
        raise InputError(Problem(f"the account `{clip(name)}` is so already", hint=f"`{command('register account list')}` shows it"))
    others = [account for account in there if account.name != name]
    if before.who.manages and before.active and not any(account.active and account.who.manages for account in [*others, now]):
        manager = argument("role", "manager")
        wrong = said("the account `{name}` is the last manager, and somebody has to be one", name=clip(name))
        raise InputError(Problem(wrong, hint=said("make another first: `{add}`", add=command(f"register account add NAME {manager}"))))
    act = Act("correct", ACCOUNTS, now.cells, checked_reason(reason), replaces=before.seq)
    [seq] = store.write([act], by.author(zone), at, seen=seen)
    return before, replace(now, seq=seq)


def with_role(role: str, sites: str | None) -> Callable[[Account], Account]:
    """An account in another role, or of other sites. What it gives raises InputError for what are none."""
    return lambda account: replace(account, role=checked_role(role), sites=checked_sites(checked_role(role), sites))


def disabled(account: Account) -> Account:
    """An account that lets nobody in."""
    return replace(account, active=False)


def enabled(account: Account) -> Account:
    """An account that lets its owner in again."""
    return replace(account, active=True)


def check_may_set_password(store: Store, by: Who, name: str) -> None:
    """Raises InputError where it may not give an account a password, or there is none."""
    if by.name != name:
        by.must_manage("give others a password")
    named(accounts(store), name)


def set_password(store: Store, by: Who, at: dt.datetime, zone: str, *, name: str, password: str) -> None:
    """Gives an account a password: a manager any, everybody their own. The trail says that it was done, and nothing of the password."""
    check_may_set_password(store, by, name)
    seen = store.head().seq
    act, encoded = _new_password(store, name, password)
    store.write([act], by.author(zone), at, seen=seen, check=lambda: _keep(store, name, encoded))


def _new_password(store: Store, name: str, password: str) -> tuple[Act, str]:
    given = checked_password(password, name)
    encoded = make_password(given)
    cells = {"account": name, "digest": _digest(encoded)}
    before = _given(store, name)
    if before:
        return Act("correct", PASSWORDS, cells, "another password", replaces=before[-1].seq), encoded
    return Act("enter", PASSWORDS, cells), encoded


def _keep(store: Store, name: str, encoded: str) -> None:
    kept = models.Account.objects.using(store.alias)
    if not kept.filter(name=name).update(password=encoded):
        kept.create(name=name, password=encoded)


def with_another_password(store: Store) -> list[str]:
    """The accounts of which the table of accounts has another password than the trail says that they were given."""
    given = {fact.cells["account"]: fact.cells["digest"] for fact in facts.holding(store, PASSWORDS) if fact.cells is not None}
    kept = {name: _digest(encoded) for name, encoded in models.Account.objects.using(store.alias).values_list("name", "password")}
    return sorted(name for name in given.keys() | kept.keys() if given.get(name) != kept.get(name))


def _digest(encoded: str) -> str:
    return hashlib.sha256(encoded.encode()).hexdigest()


# --- what is typed -------------------------------------------------------------------------------------------------------


def named(there: Iterable[Account], name: str) -> Account:
    """The account that has a name. Only who may see accounts is to be told which there are."""
    found = {account.name: account for account in there}
    if name not in found:
        hint = did_you_mean(name, found) or f"`{command('register account list')}` shows which there are"
        raise InputError(Problem(f"there is no account `{clip(name)}`", hint=hint))
    return found[name]


def checked_name(name: str, there: Iterable[Account]) -> str:
    """A name for a new account: short, without spaces, and like none that there is."""
    name = unicodedata.normalize("NFC", name)
    of_signs = all(char.isalnum() or char in _IN_NAMES for char in name) and name[:1] not in ("-", "@")
    if not name.strip(".") or len(name) > _LONGEST_NAME or not of_signs:  # `..` is a folder to browsers
        hint = said("take letters, digits and `.`, `-`, `_`, `@`, at most {n}: `li.na`", n=_LONGEST_NAME)
        raise InputError(Problem(said("`{name}` is no name for an account", name=clip(name)), hint=hint))
    for account in there:
        if account.name.casefold() == name.casefold():
            wrong, enabling = said("the account `{name}` is there already", name=clip(account.name)), _enabling(account.name)
            if not account.active:
                wrong = said("{there}, and is disabled: `{enabling}`", there=wrong, enabling=enabling)
            raise InputError(Problem(wrong, hint=said("take another name")))
    return name


def checked_role(role: str) -> Role:
    """A role, as it is typed."""
    found = next((each for each in ROLES if each == role.strip().lower().replace(" ", "-").replace("_", "-")), None)
    if found is None:
        raise InputError(Problem(f"`{clip(role)}` is no role", hint=did_you_mean(role, ROLES) or f"expected {one_of(ROLES)}"))
    return found


def checked_reason(reason: str | None) -> str:
    """Why something is changed, in at least a word."""
    given = " ".join((reason or "").split())
    if not given:
        why = said("say why: `{option}`", option=f'{argument("reason")} "left the site"')
        raise InputError(Problem(said("a change needs a reason"), hint=why))
    return given


def checked_password(password: str, name: str) -> str:
    """A password that is not found by trying what people take most often."""
    given = normal(password)
    wrong = None
    if len(given) < _SHORTEST:
        wrong = said("the new password is shorter than {n} characters", n=_SHORTEST)
    elif len(given) > _LONGEST:
        wrong = said("the new password is longer than {n} characters", n=f"{_LONGEST:,}")
    elif len(set(given)) < 5 or given.lower() in _common() or given.isdigit():
        wrong = said("the new password is one of those that are tried first")
    elif name.casefold() in given.casefold() and len(given) < len(name) + _SHORTEST - 4:
        wrong = said("the new password is little more than the account's name")
    if wrong:
        raise InputError(Problem(wrong, hint=said("take several words that do not belong together")))
    return given


def normal(password: str) -> str:
    """A password or a name as it is compared: `é` is the same from every keyboard."""
    return unicodedata.normalize("NFC", password)


@cache
def _common() -> frozenset[str]:
    return frozenset(CommonPasswordValidator().passwords)


def checked_sites(role: Role, sites: str | None) -> frozenset[str] | None:
    """The sites of a role, as they are typed; None for all. They are to be said, so that nobody sees all of them by an oversight."""
    if role == "manager":
        if sites is not None and sites.strip().lower() != _EVERY_SITE:
            raise InputError(Problem(said("a manager is of all sites"), hint=said("leave `{option}` out", option=argument("sites"))))
        return None
    if sites is None:
        raise InputError(Problem(said("the sites of a {role} are not stated", role=word(role)), hint=_write_sites()))
    found = [site.strip() for site in sites.split(",")]
    if found == [_EVERY_SITE]:
        return None
    if "" in found or _EVERY_SITE in found:
        raise InputError(Problem(said("`{sites}` are no sites", sites=clip(sites)), hint=_write_sites()))
    return frozenset(found)


def _write_sites() -> str:
    return said("write `{some}`, or `{every}`", some=argument("sites", "01,02"), every=argument("sites", _EVERY_SITE))


def _user(user: str | None) -> str | None:
    if user is not None and not user.strip():
        hint = f"name the user as the computer knows him: `{argument('user', 'lina')}`"
        raise InputError(Problem("the user's name is empty", hint=hint))
    return user


def _in_words(sites: frozenset[str] | None) -> str:
    return "all sites" if sites is None else f"{'site' if len(sites) == 1 else 'sites'} {one_of(sorted(sites)).replace(' or ', ' and ')}"


def _enabling(name: str) -> str:
    return command(f"register account enable {clip(name)} {argument('reason', 'TEXT')}", of_another=True)
