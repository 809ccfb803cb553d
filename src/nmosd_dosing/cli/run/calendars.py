"""Calendar files of `dosing plan`: options to a style, old files to updates, and the writing of both."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.edge import collected, progress
from nmosd_dosing.cli.files import is_file, read_file, same_file, write_whole
from nmosd_dosing.cli.options import CalendarOptions, option
from nmosd_dosing.days import LANGUAGES, date_text
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import InputError, Problem, Problems, clip, one_of
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle
    from nmosd_dosing.calendar.ical import CalendarFile
    from nmosd_dosing.calendar.updates import CalendarUpdate


_LONGEST = 255  # bytes of a file's name
_LARGE = 1_000_000  # bytes: what Google takes at most
_TAKEN = {"CON", "PRN", "AUX", "NUL", *(f"{name}{n}" for name in ("COM", "LPT") for n in range(1, 10))}  # by Windows
_BESIDE = ("previous", "changes", "window_entries", "spans", "remind", "at", "zone", "duration", "lang", "discreet", "stamp", "force_undo")
_LISTED = 20  # entries of one calendar that a message names


class Asked(Struct, frozen=True):
    """Calendars that are asked for: how they look, and the instant of writing. `window`: as typed, where the file states none."""

    options: CalendarOptions
    style: CalendarStyle
    stamp: dt.datetime
    window: str | None


class Ready(Struct, frozen=True):
    """A calendar that is worked out and can be written."""

    path: str
    changes_path: str | None
    update: CalendarUpdate
    again: bool
    warnings: tuple[str, ...]


def asked(request: CalendarOptions, window: str | None, problems: Problems) -> Asked | None:
    """What the options mean; None where no calendar is asked for, or something is wrong."""
    style = _style(request, problems)
    stamp = instant(request.stamp, problems)
    return Asked(request, style, stamp, window) if style is not None and stamp is not None else None


def instant(stamp: str | None, problems: Problems) -> dt.datetime | None:
    """The time of writing that entries carry."""
    return arguments.stamp("--stamp", stamp, problems) if stamp is not None else dt.datetime.now(dt.UTC)


def _style(request: CalendarOptions, problems: Problems) -> CalendarStyle | None:
    if not request.asked:
        for name in _BESIDE:
            if getattr(request, name):
                problems.error(f"`{option(name)}` is about a calendar, and none is asked for", None, "add `--ics FILE`")
        return None
    from nmosd_dosing.calendar.entries import CalendarStyle

    remind = arguments.length("--remind", request.remind, problems, 365) if request.remind is not None else None
    lasts = partial(arguments.length, most_days=1, examples="`4h`, `90min` or `1h30min`")
    duration = arguments.maybe(lasts, "--duration", request.duration, problems)
    hour = arguments.maybe(arguments.hour, "--at", request.at, problems)
    if request.at is not None and request.zone is None:
        problems.error("`--at` needs the time zone", None, "add `--zone` with a name such as `Asia/Shanghai`")
    for name, value in (("--zone", request.zone), ("--duration", request.duration)):
        if value is not None and request.at is None:
            problems.error(f"`{name}` is about an hour, and the visits are all-day", None, "add `--at 09:00`, or leave it out")
    if request.zone is not None:
        from nmosd_dosing.calendar.zones import check_zone

        try:
            check_zone(request.zone)
        except InputError as error:
            problems.found += error.problems
    language = next((known for known in LANGUAGES if known == (request.lang or "en")), None)
    if language is None:
        problems.error(f"unknown language `{request.lang}`", None, f"write {one_of(LANGUAGES)}")
    for name, path in (("--ics-dir", request.ics_dir), ("--previous", request.previous)):
        if path == "":
            problems.error(f"`{name}` is empty", None, "name a file, or leave the option out")
    if request.ics is not None and request.ics_dir is not None:
        problems.error("`--ics` and `--ics-dir` are two ways to name the file", None, "leave one of the two out")
    if problems.found or language is None:
        return None
    return CalendarStyle(
        windows=request.window_entries, spans=request.spans, remind=remind, at=hour, zone=request.zone, duration=duration,
        language=language, discreet=request.discreet,
    )  # fmt: skip


def prepare_all(asked: Asked, plans: Iterable[tuple[Plan, Callable[[dt.date], Plan]]]) -> list[Ready]:
    """The calendar of each subject; what is wrong with any of them is told of all."""
    problems = Problems()
    ready = [collected(problems, partial(prepare, asked, plan, draw)) for plan, draw in plans]
    problems.stop()
    return [made for made in ready if made is not None]


def prepare(asked: Asked, plan: Plan, draw: Callable[[dt.date], Plan]) -> Ready:
    """The calendar of one subject; `draw` gives the same plan drawn until another day. Nothing is written yet."""
    from nmosd_dosing.calendar import ical
    from nmosd_dosing.calendar.entries import left_out
    from nmosd_dosing.calendar.updates import update_ics

    request, style = asked.options, asked.style
    path = request.ics if request.ics is not None else str(Path(request.ics_dir or "") / file_name(plan.subject or ""))
    target = _target(path, plan, style)
    old = ical.read_ics(read_file(request.previous), request.previous) if request.previous is not None else target
    if request.changes is not None:
        if same_file(path, request.changes):
            hint = "name two: one is the whole calendar, the other what changed"
            raise InputError(Problem(f"`--changes {request.changes}` is the calendar itself", hint=hint))
        _target(request.changes, plan, style, changes=True)
    if old is not target and old is not None and target is not None:
        _check_older(old, target)
    options = options_of(request, plan, asked.window)
    update = update_ics(old, plan, stamp=asked.stamp, style=style, draw=draw, options=options, force_undo=request.force_undo)
    warnings = [*left_out(plan, style)]
    if old is not None:
        warnings += [*options_lost(old, options), *_somebody_else(old, plan, options)]
    if old is None and request.ics_dir is not None:
        warnings += _like(Path(request.ics_dir), plan.subject or "")
    if plan.subject is None:
        warnings.append("without `--subject` the calendars of two people have the same UIDs, and one replaces the other")
    warnings += too_large(path, update.ics)
    return Ready(path, request.changes, update, old is not None, tuple(warnings))


def _somebody_else(old: CalendarFile, plan: Plan, options: Sequence[str]) -> list[str]:
    """Whether a calendar may be of somebody who has the same study and code, and so the same UIDs."""
    from nmosd_dosing.calendar.updates import of_another_study

    found = []
    if of_another_study(old, plan):
        found.append(
            f"`{old.path}` was written from a study file of another title that says `study: {plan.study}`, too: is it the same study?"
        )
    sites = [[option for option in some if option.startswith("--site ")] for some in (old.options, options)]
    if all(sites) and sites[0] != sites[1]:
        found.append(f"`{old.path}` was asked for with `{sites[0][0]}`, and now with `{sites[1][0]}`: is it the same person?")
    return found


def options_lost(old: CalendarFile, options: Sequence[str]) -> list[str]:
    """Whether the calendar was asked for with options that are not given again."""
    names = {option.split()[0] for option in options}  # with whatever value
    lost = " ".join(option for option in old.options if option.split()[0] not in names)
    return [f"`{old.path}` was asked for with `{lost}`, which is gone from it now: write it again if that was not meant"] if lost else []


def too_large(path: str, ics: bytes) -> list[str]:
    return [f"`{path}` has more than 1 MB, which Google Calendar does not take"] if len(ics) > _LARGE else []


def _check_older(previous: CalendarFile, target: CalendarFile) -> None:
    """Raises InputError where the file to be written over has been updated further than the one to be updated from."""
    sequences = {record.entry.uid: record.sequence for record in previous.records}
    if any(record.sequence > sequences.get(record.entry.uid, record.sequence) for record in target.records):
        hint = f"leave `--previous` out to update `{target.path}`, or name a new file"
        raise InputError(Problem(f"`{target.path}` is newer than `{previous.path}`", hint=hint))


def _like(folder: Path, code: str) -> list[str]:
    """Whether a new file's code may be an old one that a spreadsheet took the leading zeros from."""
    others = sorted(folder.glob("0*.ics")) if code.isdecimal() else []
    like = [other for other in others if other.name.lstrip("0") == file_name(code).lstrip("0")]
    return [f"there is `{other}` too: has subject `{code}` lost its leading zeros?" for other in like]


def file_name(code: str) -> str:
    """A file's name for a subject's code: what is neither letter nor digit nor `-_ .` is written as `%2F`, and so is the beginning of a
    name that is hidden on Unix or taken on Windows."""
    code = unicodedata.normalize("NFC", code)
    safe = "".join(c if c.isalnum() or c in "-_ ." else "".join(f"%{byte:02X}" for byte in c.encode()) for c in code)
    taken = safe.startswith(".") or safe.partition(".")[0].rstrip().upper() in _TAKEN
    return (f"%{ord(safe[0]):02X}{safe[1:]}" if taken else safe) + ".ics"


def check_length(code: str, problems: Problems) -> None:
    """A file's name has a longest length on every machine: told before anything is written."""
    if (length := len(file_name(code).encode(errors="replace"))) > _LONGEST:
        wrong = f"the calendar of `{clip(code)}` would have a name of {length} bytes, and {_LONGEST} is the most"
        problems.error(wrong, None, "give it a shorter code")


def write(ready: list[Ready], request: CalendarOptions, messages: list[str]) -> None:
    """Write all files. `messages` gets what became of each, file by file, so that it is known also where a later one fails.

    Changes are written first: were they lost, the next update would not know of them.
    """
    if request.ics_dir is not None:
        _make_folder(request.ics_dir)
    for made in progress(ready, len(ready), "calendars"):
        changed = len(made.update.revisions) - made.update.count("unchanged")
        if made.changes_path is not None and made.update.changes is not None:
            write_whole(made.changes_path, made.update.changes)
        if made.update.ics:
            write_whole(made.path, made.update.ics)
        else:
            Path(made.path).unlink(missing_ok=True)
        messages.append(
            f"{without_controls(made.path)}: {_counts([made.update])}{'' if made.update.ics else ', removed: nothing is left in it'}"
        )
        if made.again:
            messages += _details(made.update)
        if made.changes_path is not None:
            what = f"{changed} entr{'y' if changed == 1 else 'ies'}" if changed else _without_changes(made.changes_path)
            messages.append(f"{without_controls(made.changes_path)}: {what}")
    if len(ready) > 1:
        messages.append(f"{len(ready)} calendars: {_counts([made.update for made in ready])}")
    warnings = dict.fromkeys(warning for made in ready for warning in made.warnings)
    messages += [Problem(warning, severity="warning").draw() for warning in warnings]


def _without_changes(path: str) -> str:
    """Nothing has changed. An older file of changes would put older dates back, so it does not stay."""
    if not is_file(path):
        return "not written, nothing has changed"
    Path(path).unlink()
    return "removed, nothing has changed"


def _make_folder(path: str) -> None:
    try:
        Path(path).mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(Problem(f"cannot make the folder `{path}`: {reason}", hint="name a folder inside one that is there")) from None


def _counts(updates: Sequence[CalendarUpdate]) -> str:
    from nmosd_dosing.calendar.updates import CHANGES

    totals = {change: sum(update.count(change) for update in updates) for change in CHANGES}
    always = ("added", "moved", "cancelled", "unchanged")
    return ", ".join(f"{n} {change}" for change, n in totals.items() if n or change in always)


def _details(update: CalendarUpdate) -> list[str]:
    """What became of each entry that is not as before, for whoever must notice a wrong date."""
    lines = []
    for revision in update.revisions:
        entry, before = revision.entry, revision.before
        if revision.change == "unchanged":
            continue
        moved = f"{_when(before)} to " if revision.change == "moved" and before is not None else ""
        named = before if revision.change == "cancelled" and before is not None else entry
        lines.append(f"  {revision.change}: {named.summary}, {moved}{_when(entry)}")
    return [*lines[:_LISTED], *([f"  and {len(lines) - _LISTED} more"] if len(lines) > _LISTED else [])]


def _when(entry: CalendarEntry) -> str:
    if isinstance(entry.start, dt.datetime):
        return f"{date_text(entry.start.date())} {entry.start:%H:%M} {entry.zone}"
    last = entry.end - dt.timedelta(days=1)
    return date_text(entry.start) if last == entry.start else f"{date_text(entry.start)} - {date_text(last)}"


def _target(path: str, plan: Plan, style: CalendarStyle, changes: bool = False) -> CalendarFile | None:
    """The calendar that is to be written over; None where there is no file. It must be this subject's, shown in the same way."""
    from nmosd_dosing.calendar import ical
    from nmosd_dosing.calendar.updates import check_whose

    if not is_file(path):
        return None
    file = ical.read_ics(read_file(path), path)
    check_whose(file, plan, style, changes)
    return file


def options_of(request: CalendarOptions, plan: Plan, window: str | None) -> tuple[str, ...]:
    """The words that shape a calendar, as they were typed: kept in the file, to notice what is forgotten next time.

    A discreet or unblinded calendar is known as such without them; a discreet one does not hold the weight.
    """
    weight = number_text(plan.weight_kg) if plan.weight_kg is not None and not request.discreet else None
    arm = plan.arm if not request.discreet and not plan.unblinded else None
    valued = [
        ("--arm", arm), ("--weight", weight), ("--window", window), ("--remind", request.remind), ("--at", request.at),
        ("--zone", request.zone), ("--duration", request.duration), ("--lang", request.lang),
        ("--site", plan.site.name if plan.site is not None and not request.discreet else None),
    ]  # fmt: skip
    plain = [
        ("--window-entries", request.window_entries), ("--spans", request.spans), ("--site", plan.site is not None and request.discreet),
    ]  # fmt: skip
    return (*(f"{name} {value}" for name, value in valued if value is not None), *(name for name, asked in plain if asked))
