"""Registers at the edge, in one way for every command: which one, who is asking, and what o'clock it is.

Who is asking is the account that is named, else that of the user of this computer, as the system knows him and not the environment. An
account that has a password is asked for it. Failed attempts are not written down here: who can make them can read the file, or knows the
server's password, and would try without this program.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import getpass
import importlib
import os
import stat
import sys
import warnings
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from nmosd_dosing.cli import trial
from nmosd_dosing.cli.edge import say
from nmosd_dosing.cli.files import read_file
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.cli.register_options import RegisterOptions
from nmosd_dosing.errors import InputError, Problem, clip, command
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.register import register
    from nmosd_dosing.register.accounts import Who
    from nmosd_dosing.register.database.store import Store
    from nmosd_dosing.register.desk import Desk

OfRegister = RegisterOptions | PeopleOptions  # which say which register, and who is asking
_ZONES = "/zoneinfo/"


def opened(asked: OfRegister) -> Desk:
    """The register that the options name, else the trial file of the folder, for the account that is asking. Raises InputError where there
    is none, or nobody may."""
    text = loaded(asked.register if asked.register is not None else trial.register_here())
    from nmosd_dosing.register import register
    from nmosd_dosing.register.desk import Desk

    try:
        found = register.open(text)
    except register.Older as older:
        if register.on_server(text):
            raise
        _asking(asked, older.register.facts).must_manage("bring a register to this version")
        found = older.register
        say(without_controls(f"{found.address.shown}: brought to this version; as it was: {register.bring_up(found)}"))
    register.refuse_owner(found)
    return Desk(register=found, who=_asking(asked, found.facts), clock=now, zone=zone())


def _asking(asked: OfRegister, store: Store) -> Who:
    """Who is asking a register. Raises InputError where nobody may."""
    from nmosd_dosing.register import accounts

    user = users_name()
    mine = accounts.of_user(store, user, asked.account)
    if mine is not None and accounts.needs_no_password(store, mine, user):
        return mine.who
    if mine is None and asked.account is None:
        raise InputError(Problem(
            f"the user `{clip(user)}` has no account in this register",
            hint="name yours, `--account NAME`; or a manager types "
            f"`{command(f'register account add NAME --role ROLE --sites CODES --user {clip(user)}', of_another=True)}`",
        ))  # fmt: skip
    name = mine.name if mine is not None else asked.account or ""
    return accounts.who(store, name, password(asked.password_file, f"Password of {clip(name)}: "))


def opened_by_owner(named: str | None) -> register.Register:
    """The register for who made it on a server: no account is asked, since he may do everything there anyway."""
    text = loaded(named)
    from nmosd_dosing.register import register

    if not register.on_server(text):
        hint = f"who may do what is said by accounts: `{command('register account add NAME --role ROLE --sites CODES')}`"
        raise InputError(Problem(f"`{clip(text)}` is a file, and no server that has roles", hint=hint))
    try:
        return register.open(text)
    except register.Older as older:
        register.bring_up(older.register)
        return older.register


def made(asked: OfRegister, fill: Callable[[Desk], object] = lambda _: None) -> Desk:
    """A new register, for its first account: a manager, who is the user of this computer; on a server, which does not know him, one with
    a password; and with what `fill` writes. Raises InputError where none can be made, and then nothing is."""
    text = loaded(asked.register)
    from nmosd_dosing.register import accounts, register
    from nmosd_dosing.register.desk import Desk

    user, on_server = users_name(), register.on_server(text)
    name = accounts.checked_name(asked.account or user, ())
    first = None
    if on_server or asked.password_file is not None:
        first = accounts.checked_password(new_password(asked.password_file, name), name)

    def desk(found: register.Register) -> Desk:
        return Desk(register=found, who=accounts.first(name), clock=now, zone=zone())

    def begin(new: register.Register) -> None:
        accounts.begin(new.facts, name, now(), zone(), user=None if first else user, password=first)
        fill(desk(new))

    return desk(register.make(text, begin))


def loaded_for_pages() -> None:
    """Raises InputError where what pages need is not installed."""
    for package in ("django", "argon2", "waitress", "whitenoise"):
        _import(package, "register", "pages need")


def loaded(named: str | None) -> str:
    """The address that is named. Raises InputError where no register is named, or what it needs is not installed."""
    if not named:
        raise InputError(Problem("`--register` is missing", hint="name the register, for example `--register trial.db`"))
    needed = [("django", "register"), ("argon2", "register")]
    if named.startswith(("postgresql:", "postgres:")):
        needed.append(("psycopg", "postgres"))
    for package, extra in needed:
        _import(package, extra, "a register needs")
    return named


def _import(package: str, extra: str, needed: str) -> None:
    try:
        importlib.import_module(package)
    except ImportError:
        hint = f"install it with `pip install 'nmosd-dosing[{extra}]'`"
        raise InputError(Problem(f"{needed} the package {package}", hint=hint)) from None


# --- who sits there, and when --------------------------------------------------------------------------------------------


def users_name() -> str:
    """The user of this computer, as the system knows him: the environment may say anything."""
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user that has no name
        return str(os.getuid())


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def zone() -> str:
    """The name of the computer's time zone; where it cannot be found out the distance from UTC: `Asia/Shanghai`, `UTC+08:00`."""
    for name in (os.environ.get("TZ", "").removeprefix(":"), _zone_of_the_system()):
        with contextlib.suppress(ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            return zoneinfo.ZoneInfo(name).key
    distance = now().astimezone().strftime("%z")
    return f"UTC{distance[:3]}:{distance[3:5]}"


def _zone_of_the_system() -> str:
    """As Unix systems say it: by a link into the time zone database, or in a line."""
    real = os.path.realpath("/etc/localtime")
    if _ZONES in real:
        return real.split(_ZONES, 1)[1].removeprefix("posix/").removeprefix("right/")
    try:
        return Path("/etc/timezone").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


# --- passwords -----------------------------------------------------------------------------------------------------------


def password(file: str | None, prompt: str) -> str:
    """The first line of a file, or what is typed on the terminal, which does not show it."""
    if file is None:
        return _typed(prompt)
    _nobody_else_reads(file)
    try:
        line = read_file(file).decode("utf-8-sig").split("\n")[0].removesuffix("\r")
    except UnicodeDecodeError:
        raise InputError(Problem(f"cannot read `{clip(file)}`: it is not UTF-8", hint="write the password with an editor")) from None
    if not line:
        raise InputError(Problem(f"no password in the first line of `{clip(file)}`", hint="write it there, and nothing before it"))
    return line


def new_password(file: str | None, name: str) -> str:
    """A password for an account, from a file, or typed twice."""
    given = password(file, f"New password of {clip(name)}: ")
    if file is None and _typed("The same again: ") != given:
        raise InputError(Problem("the two passwords are not the same", hint="type it again"))
    return given


def _nobody_else_reads(file: str) -> None:
    """Raises InputError for a file that others may read: its password is not only its owner's. Windows tells no such thing."""
    try:
        mode = Path(file).stat().st_mode
    except (OSError, ValueError):
        return  # `read_file` says it
    if sys.platform != "win32" and stat.S_ISREG(mode) and mode & 0o077:
        hint = f"`chmod 600 {file}`, and think of another password"
        raise InputError(Problem(f"`{clip(file)}` is open to others of this computer", hint=hint))


def _typed(prompt: str) -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (getpass.GetPassWarning, EOFError, OSError):
            wrong = "the password cannot be asked for: this is no terminal"
            raise InputError(Problem(wrong, hint="write it into a file: `--password-file FILE`")) from None
