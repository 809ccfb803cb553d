"""A register types the tables of a command: those that it asks for are there as the register holds them, and nothing behind it knows that
there was one."""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import say
from nmosd_dosing.cli.files import Held
from nmosd_dosing.cli.options import OF_REGISTER, option
from nmosd_dosing.cli.register_options import RegisterOptions
from nmosd_dosing.cli.shared_options import Counted
from nmosd_dosing.errors import DosingError, InputError, Problem, Problems, clip, command
from nmosd_dosing.screen import without_controls
from nmosd_dosing.subjects.tables.written import COLUMNS, table_bytes

if TYPE_CHECKING:
    from nmosd_dosing.register.database.facts import Fact
    from nmosd_dosing.register.desk import Desk
    from nmosd_dosing.register.reading.tables import Known, Whose
    from nmosd_dosing.study.model import Study

_OF_FILES = (*COLUMNS, "encoding", "column", "sheet")
_THE_MINUTE = dt.timedelta(seconds=59, milliseconds=999)  # to its end: what a trail shows of a minute was known in it
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?")


def typed(given: Mapping[str, Any], *, each_version: bool = False) -> dict[str, Any]:
    """The options of a command with the tables of the register that is named, as far as it takes them; without one as they are. With
    `each_version` subjects on several versions of the study come apart, each version's with its study (`PeopleOptions.versions`).

    Raises InputError where tables are named, too, the register cannot be read, or has nobody for the account that is asking.
    """
    if given["register"] is None:
        _check_unneeded(given)
        return dict(given)
    _check_alone(given)
    from nmosd_dosing.cli.registers import opened
    from nmosd_dosing.register.reading import studies, tables

    found = opened(RegisterOptions(**{name: given[name] for name in ("register", "account", "password_file")}))
    known = as_known(given["as_known"], found) if given["as_known"] is not None else None
    asked = [table for table in COLUMNS if table in given and (table != tables.ARMS or _unblinds(given, found))]
    whose = _whose(given, found, known)
    subjects = tables.subjects(found.register, whose)
    if "subjects" in asked and not subjects:
        raise InputError(_nobody(found, given["register"], known, given.get("study_version")))
    _check_there(whose, subjects, found)
    if known is not None:
        given = {**given, **_day_of_looking(given, known, found)}
    on = studies.by_version(subjects) if each_version and given["regimen"] is None else {}
    if len(on) < 2:
        return {**given, **_of_one(given, found, asked, whose, subjects)}
    say(f"{found.register.address.shown}: {studies.in_words(on)} of the study, each planned by its own")
    parts = tuple(_of_one(given, found, asked, whose._replace(version=version), mine) for version, mine in on.items())
    return {**given, **parts[-1], "versions": parts}


def _of_one(given: Mapping[str, Any], found: Desk, asked: Collection[str], whose: Whose, subjects: Sequence[Fact]) -> dict[str, Any]:
    """What is typed of subjects who are on one version of the study: it, the site's own facts, and the tables; None of those without
    rows."""
    from nmosd_dosing.register.reading import tables

    of_study = _study(given, found, subjects, whose.known)
    given = {**given, **of_study}
    held = tables.held(found.register, asked, whose, subjects)
    of_study |= _site(given, found, subjects, whose.known)
    if whose != tables.Whose(whose.known):
        of_study["counted"] = _counted_stop(given, found, whose.known)
    contents, shown = tables.contents(held), found.register.address.shown
    if "history" in asked and "subjects" not in asked:  # who is told nothing of is not somebody of whom nothing is asked
        contents.setdefault("history", table_bytes("history", []))
    typed = {t: Held(f"{t} of {shown}", content, tuple(fact.seq for fact in held[t])) for t, content in contents.items()}
    return {**of_study, **dict.fromkeys(asked), **typed}


def _check_unneeded(given: Mapping[str, Any]) -> None:
    """What is about a register is said only beside one."""
    problems = Problems()
    for name in OF_REGISTER[1:]:
        if given[name] is not None:
            problems.error(f"`{option(name)}` is about a register, and none is named", None, "add `--register FILE`, or leave it out")
    problems.stop()


def _check_alone(given: Mapping[str, Any]) -> None:
    """A register has all the tables, and they are kept in one way."""
    problems = Problems()
    for name in _OF_FILES:
        if given.get(name):
            named = f"`{option(name)}`" if not (name == "subjects" and "start" not in given) else "a table of subjects"
            problems.error(f"{named} beside `--register`, which has its own tables", None, "leave one of the two out")
    problems.stop()


def _nobody(found: Desk, register: str, known: Known | None, version: str | None) -> Problem:
    """Why no table of subjects comes."""
    shown = clip(found.register.address.shown)
    if version is not None:
        wrong = f"`{shown}` has no subject that the account may see on version `{clip(version)}` of the study"
        return Problem(wrong, hint=f"`{command('register files')}` shows which there are")
    if known is not None:
        return Problem(f"`{shown}` had no subject then that the account may see, by entry {known.facts}", hint="ask for a later moment")
    if found.who.sites is not None:
        sites = ", ".join(sorted(found.who.sites))
        return Problem(f"`{shown}` has no subject that the account `{clip(found.who.name)}` may see", hint=f"it is of the sites {sites}")
    return Problem(f"`{shown}` has no subjects", hint=f"`dosing register import --register {clip(register)}` brings those of tables")


def _check_there(whose: Whose, subjects: Sequence[Fact], found: Desk) -> None:
    """Raises InputError for a subject or a site that is not there, before the tables of everybody are read."""
    from nmosd_dosing.cli.shown import site_asked_for, subject_asked_for

    problems = Problems()
    if whose.subject is not None:
        codes = [fact.cells["subject"] for fact in subjects if fact.cells is not None]
        subject_asked_for(whose.subject, codes, f"subjects of {found.register.address.shown}", True, problems)
    there = {fact.site for fact in subjects}
    for site in sorted(site for site in whose.sites if site is not None):
        site_asked_for(site, there, True, problems)
    problems.stop()


def _unblinds(given: Mapping[str, Any], found: Desk) -> bool:
    """Whether arms are read: by whom may see them, and only where they are asked for. Raises InputError for whom may not."""
    if not given.get("unblind"):
        return False
    if not found.who.sees_arms:
        wrong = f"`--unblind` is an unblinded pharmacist's, and the account `{clip(found.who.name)}` is a {found.who.role}"
        raise InputError(Problem(wrong, hint="leave it out"))
    return True


def _study(given: Mapping[str, Any], found: Desk, subjects: Sequence[Fact], known: Known | None) -> dict[str, Any]:
    """The study of the register, and the one period that it is about, if it is about one; a regimen that is named stands, and it is
    said."""
    from nmosd_dosing.register.reading import studies, tables

    shown = found.register.address.shown
    if given["regimen"] is not None:
        say(without_controls(f"{shown}: planned by `{clip(given['regimen'])}`, and not by the study of the register"))
        return {}
    last = known.facts if known is not None else None
    file = studies.study_of(found.facts, subjects, last)
    period = given.get("period") or tables.period(found.register, last)
    return {"regimen": Held(f"{file.id}, version {file.version} of {shown}", file.content), "period": period}


def _site(given: Mapping[str, Any], found: Desk, subjects: Sequence[Fact], known: Known | None) -> dict[str, Any]:
    """The site's own facts that the register has, as they are used on the day of looking, where the study is the register's and all
    subjects that are asked for have the same; else none, and that is said."""
    if "site" not in given or given["site"] is not None or not isinstance(given["regimen"], Held):
        return {}
    from nmosd_dosing.register.reading import studies

    day = arguments.maybe(arguments.date, "--as-of", given.get("as_of"), Problems()) or dt.date.today()
    last = known.facts if known is not None else None
    said = studies.uses(found.facts, last)
    used = [studies.used(said, "site", site, day) for site in {fact.site for fact in subjects} or {None}]
    files = {(use.id, use.version) if use is not None else None for use in used}
    if len(files) > 1:
        say("the sites of these subjects have facts of their own, and none are filled in: ask for one site, `--at-site CODE`")
    if len(files) > 1 or used[0] is None:
        return {"site": None}
    file = studies.file_of(found.facts, used[0], last)
    shown = found.register.address.shown
    return {"site": Held(f"{file.id}, version {file.version} of {shown}", file.content)}


# --- the stop of a study, which is counted over everybody whom the register has ------------------------------------------


def _counted_stop(given: Mapping[str, Any], found: Desk, known: Known | None) -> Counted:
    """Of a study that is stopped by a count of its subjects, the days of its rules, counted over everybody whom the register has. Raises
    InputError where what it holds contradicts itself."""
    from nmosd_dosing.register.reading import counting

    study = _counting(given)
    if study is None:
        return ()
    as_of = arguments.maybe(arguments.date, "--as-of", given.get("as_of"), Problems()) or dt.date.today()
    try:
        return counting.over_everybody(study, found.register, known, as_of)
    except DosingError as error:
        if found.who.sites is None:
            raise
        wrong = "the stop of the study cannot be counted: what the register has of other sites contradicts itself"
        raise InputError(Problem(wrong, hint="tell a manager, who is told what it is")) from error


def _counting(given: Mapping[str, Any]) -> Study | None:
    """The study, if it is stopped by a count of its subjects; what else is wrong with it is told later."""
    from nmosd_dosing.cli import regimens
    from nmosd_dosing.register.reading import counting

    try:
        study, periods = regimens.found(given["regimen"], given.get("period"))
    except DosingError:
        return None
    return study if counting.rules(study) and len(periods) > 1 else None


# --- as known ------------------------------------------------------------------------------------------------------------


def as_known(text: str, found: Desk) -> Known:
    """What was known at a moment, at the end of a minute that is typed without seconds, or at the number of an entry. Raises InputError
    where that is neither, or has not come."""
    from nmosd_dosing.register.reading import tables

    text = text.strip()
    if text.isascii() and text.isdigit():
        return tables.known_by(found.register, int(text))
    at = _moment(text)
    if at > found.at:
        raise InputError(Problem(f"`--as-known {text}` is not yet", hint="leave it out: then all that is known counts"))
    return tables.known(found.register, at if text[16:17] == ":" else min(at + _THE_MINUTE, found.at))


def _moment(text: str) -> dt.datetime:
    such_as = "write for example `2025-07-01T12:00Z`, `2025-07-01T20:00+08:00`, or an entry's number"
    match = _MOMENT.fullmatch(text)
    try:
        at = dt.datetime.fromisoformat(text) if match is not None else None
        if at is not None and at.tzinfo is not None:
            return at.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        at = None
    if at is not None:
        hint = f"add `Z` for UTC, or the zone's distance from it: `{text}Z`, `{text}+08:00`"
        raise InputError(Problem(f"`--as-known {clip(text)}` has no time zone", hint=hint))
    if _DAY.fullmatch(text):
        such_as = f"say the hour, too: `{text}T12:00Z`; or write an entry's number"
    raise InputError(Problem(f"`--as-known {clip(text)}` is no moment", hint=such_as))


def _day_of_looking(given: Mapping[str, Any], known: Known, found: Desk) -> dict[str, Any]:
    """The day of the moment, in the zone, from which a command looks that is told no other; it is said."""
    from nmosd_dosing.register.database.store import stamped

    day = _in_zone(known.at, found.zone).date()
    looks = "as_of" in given and given["as_of"] is None
    seen = f", seen from {day}" if looks else ""
    shown = found.register.address.shown
    say(without_controls(f"{shown}: as known on {stamped(known.at)}, by entry {known.facts}{seen}"))
    return {"as_of": day.isoformat()} if looks else {}


def _in_zone(at: dt.datetime, zone: str) -> dt.datetime:
    try:
        return at.astimezone(zoneinfo.ZoneInfo(zone))
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):  # a computer whose zone has no name
        return at.astimezone()


# --- whose rows ----------------------------------------------------------------------------------------------------------


def _whose(given: Mapping[str, Any], found: Desk, known: Known | None) -> Whose:
    """Whose rows are read: of those whom the account may see, the one subject, or those at the sites, that are asked for; of those who are
    on a version of the study, if one is."""
    from nmosd_dosing.register.reading.tables import Whose

    sites = frozenset(code.strip() for code in given.get("at_site") or ())
    subject = given.get("subject")
    return Whose(known, found.who.sites, sites, subject.strip() if subject is not None else None, given.get("study_version"))
