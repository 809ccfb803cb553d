"""Texts of the command line to values; every problem is collected, so that all of them are shown at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from msgspec import structs

from nmosd_dosing.days import date_text, week_of
from nmosd_dosing.dose.dose import Value
from nmosd_dosing.errors import Document, InputError, Place, Problems, clip, did_you_mean, one_of
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.lengths import window as window_phrase
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.facts import NotStated
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.subjects.subject import Measurement
from nmosd_dosing.subjects.tables import cells

if TYPE_CHECKING:
    from nmosd_dosing.dose.dose import Sex
    from nmosd_dosing.dose.vials import Policy
    from nmosd_dosing.plans.workdays import Workdays
    from nmosd_dosing.study.model import Site
    from nmosd_dosing.subjects.subject import Exposure

T = TypeVar("T")


def date(option: str, text: str, problems: Problems) -> dt.date | None:
    """A date as YYYY-MM-DD and nothing else; `option` may end in `=`."""
    shown = f"{option}{'' if option.endswith('=') else ' '}{clip(text)}"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            problems.error(f"`{shown}`: there is no such day", None, "check the month and the day; a date is YYYY-MM-DD")
            return None
    problems.error(f"`{shown}` is not a date", None, cells.date_hint(text))
    return None


def month(option: str, text: str, problems: Problems) -> dt.date | None:
    """The first day of a month, as YYYY-MM."""
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) and not text.startswith("0000"):
        return dt.date.fromisoformat(f"{text}-01")
    near = re.match(r"([0-9]{4})[-/.]?(0[1-9]|1[0-2])(?![0-9])", text)
    hint = f"write `{option} {near[1]}-{near[2]}`" if near else f"write year and month, for example `{option} 2025-07`"
    problems.error(f"`{option} {clip(text)}` is not a month", None, hint)
    return None


def maybe(read: Callable[[str, str, Problems], T | None], option: str, text: str | None, problems: Problems) -> T | None:
    """What an option means that may be left out."""
    return read(option, text, problems) if text is not None else None


def days(option: str, text: str, problems: Problems, most: int) -> int | None:
    """A length of time in whole days."""
    found = length(option, text, problems, most, "`14d` or `2w`")
    if found is not None and found % dt.timedelta(days=1):
        problems.error(f"`{option} {text}` is not a number of days", None, "write for example `14d` or `2w`")
    return found.days if found is not None else None


def week(option: str, text: str, as_of: dt.date, problems: Problems) -> tuple[dt.date, dt.date] | None:
    """Monday and Sunday of `this` week, of the `next`, or of that of a date, as of a day; Sunday is no later than the last day there is."""
    if text in ("this", "next"):
        from nmosd_dosing.checks.due import last_due_day

        day = as_of if text == "this" else last_due_day(as_of, 7)
    elif not re.match(r"[0-9]", text):
        problems.error(f"`{option} {clip(text)}` is no week", None, "write `this`, `next`, or a date such as `2025-07-10`")
        return None
    elif (found := date(option, text, problems)) is None:
        return None
    else:
        day = found
    first, last = week_of(day)
    if last < as_of:
        wrong = f"the week of `{option} {text}` is over on {date_text(as_of)}, the day of looking"
        problems.error(wrong, None, "`check` says what became of it; `--as-of` looks from an earlier day")
        return None
    return first, last


def _as_in_a_cell(read: Callable[[str, str, None, Problems], T | None]) -> Callable[[str, str, Problems], T | None]:
    """An option that is read as a cell of a table is."""
    return lambda option, text, problems: read(f"`{option} {clip(text)}`", text, None, problems)


weight = _as_in_a_cell(cells.weight)  # in kg, to the gram
height = _as_in_a_cell(cells.height)  # in cm, to the millimetre
sex: Callable[[str, str, Problems], Sex | None] = _as_in_a_cell(cells.sex)  # `M` or `F`
age = _as_in_a_cell(cells.age)  # on day 1, in completed years


def measurements(option: str, texts: Sequence[str], values: Sequence[Value] | None, problems: Problems) -> tuple[Measurement, ...]:
    """Values that doses are by, each with its day: `eGFR=45@2025-01-03`. values: those that the study declares; None where something is
    wrong with it."""
    found: dict[tuple[str, dt.date], Measurement] = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        number, at, day = rest.partition("@")
        if not equals or not at or not name.strip():
            example = f"{values[0].name if values else 'eGFR'}=45@2025-01-03"
            problems.error(f"`{option} {clip(text)}` is not a value with its day", None, f"write for example `{option} {example}`")
            continue
        what = cells.of_study(values)(f"`{option} {clip(name)}=`", name.strip(), None, problems)
        value = cells.value(f"`{option} {clip(text)}`", number.strip(), None, problems)
        on = date(f"{option} {clip(name)}=", day.strip(), problems)
        if what is None or value is None or on is None:
            continue
        made = Measurement(what.name, on, value)
        if found.setdefault((what.name, on), made).value != value:
            problems.error(f"two values of `{what.name}` on {on}", None, "keep the one that doses are to be by")
    return tuple(found.values())


def exposure(option: str, text: str, problems: Problems) -> Exposure | None:
    """What a subject had of a product before the study: `X=40 mg/m2`."""
    product, equals, amount = text.partition("=")
    if not equals or not product.strip():
        problems.error(f"`{option} {clip(text)}` is not a product and an amount", None, f'write for example `{option} "X=40 mg/m2"`')
        return None
    return cells.exposure(product.strip())(f"`{option} {clip(text)}`", amount.strip(), None, problems)


def policy(option: str, text: str, problems: Problems) -> Policy:
    """Which vials are taken."""
    known: dict[str, Policy] = {"least-waste": "least waste", "fewest": "fewest vials"}
    if text not in known:
        problems.error(f"unknown `{option} {clip(text)}`", None, did_you_mean(text, known) or f"write {one_of(known)}")
    return known.get(text, "least waste")


def dated(option: str, text: str, problems: Problems) -> tuple[str, dt.date] | None:
    """`NAME=DATE`."""
    name, equals, value = text.partition("=")
    if is_address(text):
        hint = "only `dosing simulate` and `dosing cohort` work on a cluster"
        problems.error(f"`{option} {clip(text)}` is the address of a cluster", None, hint)
        return None
    if not equals or not name.strip():
        hint = f"write for example `{option} {clip(name) or 'NAME'}=2025-07-02`"
        if match := re.fullmatch(r"(\S+)(?:\s+|\s*:\s*)(\S.*)", name.strip()):
            is_date = re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", match[2])
            behind = f"write a date behind it, `{option} {clip(match[1])}=YYYY-MM-DD`"
            hint = f"write `{option} {match[1]}={match[2]}`" if is_date else behind
        problems.error(f"`{option} {clip(text)}` has no date", None, hint)
        return None
    day = date(f"{option} {clip(name)}=", value, problems)
    return (name.strip(), day) if day is not None else None


def is_address(text: str) -> bool:
    """Whether a value of `--on` is meant as the address of a cluster, `tcp://HOST:8786`, right or wrong."""
    return "://" in text or re.fullmatch(r"[^=]*:[0-9]{2,5}", text) is not None


def cluster(texts: Sequence[str], cores: str | None, problems: Problems) -> tuple[str | None, list[str]]:
    """The address of a cluster among the values of `--on`, if there is one, and the other values."""
    addresses = [text for text in texts if is_address(text)]
    for address in addresses:
        from nmosd_dosing.cluster import check

        try:
            check(address)
        except InputError as error:
            problems.found += error.problems
    if len(addresses) > 1:
        problems.error(f"`--on` names {len(addresses)} clusters", None, "keep one of them")
    if addresses and cores is not None:
        problems.error("`--cores` is about this machine, and `--on` names a cluster", None, "leave one of the two out")
    return (addresses[0] if addresses else None), [text for text in texts if text not in addresses]


def whole(option: str, text: str, problems: Problems, least: int, most: int) -> int | None:
    """A whole number in plain digits."""
    if re.fullmatch(r"-?[0-9]{1,30}", text.strip()):
        number = int(text)
        if least <= number <= most:
            return number
        problems.error(f"`{option} {clip(text)}` is out of range", None, f"from {least} to {most}")
        return None
    plain = _in_digits(text)
    hint = f"write `{option} {plain}`" if plain is not None and least <= plain <= most else f"write digits only, from {least} to {most}"
    problems.error(f"`{option} {clip(text)}` is not a whole number in digits", None, hint)
    return None


def _in_digits(text: str) -> int | None:
    """What `1e4`, `10,000`, `10_000`, `10 000` or `10k` may mean."""
    if match := re.fullmatch(r"([0-9]{1,9})e\+?([0-9]{1,2})", text.strip(), re.I):
        return int(match[1] + "0" * int(match[2]))
    if match := re.fullmatch(r"([0-9]{1,9})k", text.strip(), re.I):
        return int(match[1]) * 1000
    if re.fullmatch(r"[0-9]{1,3}(?:[,_ '][0-9]{3}){1,6}", text.strip()):
        return int(re.sub(r"[^0-9]", "", text))
    return None


def drawing(option: str, path: str, problems: Problems) -> None:
    """A file's name whose ending says how it is drawn."""
    from nmosd_dosing.report.plots.drawing import ENDINGS, ending_of

    if ending_of(path) not in ENDINGS:
        endings = one_of(f".{ending}" for ending in ENDINGS)
        problems.error(f"`{option} {clip(path)}` has no ending of a drawing", None, f"end the file's name in {endings}")


def window(option: str, text: str, problems: Problems) -> Window | None:
    """A window such as `3d` or `-2d/+5d`."""
    try:
        found = window_phrase(Scalar(text, Place(Document(option, text or " "), 0, max(1, len(text))), exact=True))
    except PhraseError as error:
        problems.error(f"`{option} {clip(text)}`: {error.problem.message}", None, error.problem.hint)
        return None
    if isinstance(found, NotStated):
        problems.error(f"`{option} {text}` asks for nothing", None, f"leave `{option}` out")
        return None
    return found


def code(option: str, text: str, problems: Problems) -> str | None:
    """A subject's code: one line of plain characters."""
    if not text.strip():
        problems.error(f"`{option}` is empty", None, "write the subject's code, or leave the option out")
        return None
    return cells.code(f"`{option}`", text, None, problems)


def length(option: str, text: str, problems: Problems, most_days: int, examples: str = "`3d`, `4h` or `1h30min`") -> dt.timedelta | None:
    """A length of time such as `3d`, `4h`, `90min`, `1h30min`; longer than nothing, at most so many days.

    `examples`: what to write, of the kind that is asked for.
    """
    parts = re.fullmatch(r"(?:([0-9]{1,4}) ?w)? ?(?:([0-9]{1,4}) ?d)? ?(?:([0-9]{1,4}) ?h)? ?(?:([0-9]{1,5}) ?min)?", text.strip())
    if not parts or not any(parts.groups()):
        problems.error(f"`{option} {clip(text)}` is not a length of time", None, f"write for example {examples}")
        return None
    weeks, days, hours, minutes = (int(part or 0) for part in parts.groups())
    found = dt.timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    if not dt.timedelta(0) < found <= dt.timedelta(days=most_days):
        most = f"{most_days} days" if most_days > 1 else "24 hours"
        problems.error(f"`{option} {clip(text)}` is out of range", None, f"more than nothing and at most {most}")
        return None
    return found


def hour(option: str, text: str, problems: Problems) -> dt.time | None:
    """A time of day as HH:MM, 00:00 to 23:59."""
    if match := re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text):
        return dt.time(int(match[1]), int(match[2]))
    problems.error(f"`{option} {clip(text)}` is not a time of day", None, "write HH:MM on a clock of 24 hours, for example `09:00`")
    return None


def stamp(option: str, text: str, problems: Problems) -> dt.datetime | None:
    """An instant with its zone: `2025-01-06T08:00:00Z`."""
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is not None and 1970 < found.year < 9999:
            return found.astimezone(dt.UTC)
    except (ValueError, OverflowError):
        pass
    problems.error(f"`{option} {clip(text)}` is not an instant", None, "write date, time and zone, for example `2025-01-06T08:00:00Z`")
    return None


def country(option: str, text: str | None, site: Site | None, problems: Problems) -> Workdays | None:
    """The open and closed days of a country and a site; None where neither is asked for."""
    if text is None and not (site and (site.closed or site.open)):
        return None
    from nmosd_dosing.plans.workdays import open_days

    try:
        return open_days(text, site.closed if site else frozenset(), site.open if site else frozenset())
    except InputError as error:
        problems.found += [structs.replace(problem, message=f"`{option}`: {problem.message}") for problem in error.problems]
        return None
