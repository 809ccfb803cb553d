"""Calendars of `dosing cohort`: one for each subject or each site, in a folder."""

from __future__ import annotations

import contextlib
import datetime as dt
import unicodedata
from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from nmosd_dosing.cli.edge import progress
from nmosd_dosing.cli.files import is_file, read_file
from nmosd_dosing.cli.options import CohortCalendars
from nmosd_dosing.cli.run import calendars
from nmosd_dosing.cli.run.calendars import Asked, Ready
from nmosd_dosing.cli.run.cohort_people import Everybody
from nmosd_dosing.errors import InputError, Problems, clip, did_you_mean
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort

if TYPE_CHECKING:
    from nmosd_dosing.calendar.ical import CalendarFile

BY = ("subject", "site")
_NAMED = 5  # files that a message names
_TOGETHER = 64  # subjects that are planned together

Draw = Callable[[dt.date], Plan]


def check(request: CohortCalendars, unblind: bool, skip_bad: bool, problems: Problems) -> None:
    """What options say of calendars that cannot be."""
    by = request.ics_by
    if by is not None and request.ics_dir is None:
        problems.error("`--ics-by` is about calendars, and none is asked for", None, "add `--ics-dir FOLDER`")
    if by is not None and by not in BY:
        problems.error(f"unknown `--ics-by {clip(by)}`", None, did_you_mean(by, BY) or "write `subject` or `site`")
    if unblind and request.ics_dir is not None:
        wrong = "`--unblind` and `--ics-dir` do not go together"
        problems.error(wrong, None, "an unblinded calendar is made for each subject by itself, with `dosing plan`")
    if skip_bad and by == "site":
        hint = "mend what is wrong, or write `--ics-by subject`"
        problems.error("`--skip-bad` would let the visits of whoever is left out fall away from the calendar of the site", None, hint)


def check_stop(request: CohortCalendars, skip_bad: bool, study: Study, problems: Problems) -> None:
    """Without somebody the study may stop on another day, and everybody's calendar would move with it."""
    counted = [t.text for t in study.stop.earliest_of if t.kind in ("subject", "count")] if study.stop is not None else []
    if skip_bad and request.ics_dir is not None and request.ics_by != "site" and counted:
        wrong = f"`--skip-bad` and `--ics-dir` do not go together here: the study stop is counted over all subjects ({counted[0]})"
        hint = "whoever is left out would move the calendars of others: mend what is wrong, or leave `--ics-dir` out"
        problems.error(wrong, None, hint)


def prepare(asked: Asked, by: str | None, everybody: Everybody) -> list[Ready]:
    """The calendars, worked out and not yet written."""
    request, cohort, problems = everybody.request, everybody.cohort, Problems()
    sites = [site or "" for site in cohort.sites]
    names = list(cohort.codes) if by != "site" else sites
    if by == "site" and (not names or "" in names):
        without = names.count("") if names else len(cohort)
        who = f"{without:,} subjects have none" if without != 1 else "one subject has none"
        problems.error(f"`--ics-by site` needs everybody's site: {who}", None, "add the column `site` to the table of subjects")
    known: dict[str, str] = {}
    for name in dict.fromkeys(names):
        calendars.check_length(name, problems)
        if (other := known.setdefault(calendars.file_name(name).casefold(), name)) != name:
            what = "sites" if by == "site" else "subjects"
            problems.error(f"{what} `{clip(other)}` and `{clip(name)}` would share a file on some machines", None, "give one another code")
    problems.stop()
    n = len(cohort)
    if by != "site":
        plans = zip(progress(range(n), n, "calendars"), _plans(request, cohort), strict=True)
        return calendars.prepare_all(asked, ((plan, partial(request.drawn, cohort, column)) for column, plan in plans))
    return _of_sites(asked, request, sites)


def not_touched(folder: str, ready: Sequence[Ready]) -> list[str]:
    """The calendars of the folder that this run has not written: they may be of subjects or sites that are no longer in the table, and
    whoever reads them still sees their visits."""
    written = {_plain(Path(made.path).name) for made in ready}
    names = sorted(path.name for path in Path(folder).glob("*.ics") if _plain(path.name) not in written)
    if not names:
        return []
    some = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
    they = ("it is", "it") if len(names) == 1 else ("they are", "them")
    why = f"{they[0]} not of this table, and whoever reads {they[1]} still sees what stands there"
    return [without_controls(f"not touched: {some}: {why}")]


def _plain(name: str) -> str:
    """A file's name, however the machine writes it."""
    return unicodedata.normalize("NFC", name).casefold()


def _of_sites(asked: Asked, request: Request, names: Sequence[str]) -> list[Ready]:
    """The calendars of all subjects of each site, and those of other sites in the folder that somebody has left for one of these."""
    from nmosd_dosing.calendar import ical
    from nmosd_dosing.calendar.entries import left_out
    from nmosd_dosing.calendar.sites import SitePlans, update_sites

    folder, style = Path(asked.options.ics_dir or ""), asked.style
    columns: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        columns.setdefault(name, []).append(column)
    paths = {name: str(folder / calendars.file_name(name)) for name in columns}
    sites = []
    for name, mine in progress(columns.items(), len(columns), "calendars"):
        plans = list(_plans(request, request.cohort.chosen(mine)))
        draws: list[Draw] = [partial(request.drawn, request.cohort, column) for column in mine]
        old = ical.read_ics(read_file(paths[name]), paths[name]) if is_file(paths[name]) else None
        options = calendars.options_of(asked.options, plans[0], asked.window)
        shared = tuple(option for option in options if not option.startswith(("--weight ", "--arm ")))
        sites.append(SitePlans(name, plans, draws, old, shared))
    others = _other_calendars(folder, {_plain(Path(path).name) for path in paths.values()})
    updates, left = update_sites(sites, others, stamp=asked.stamp, style=style, force_undo=asked.options.force_undo)
    ready = []
    for site, update in zip(sites, updates, strict=True):
        warnings = list(dict.fromkeys(warning for plan in site.plans for warning in left_out(plan, style)))
        warnings += calendars.options_lost(site.old, site.options) if site.old is not None else []
        warnings += calendars.too_large(paths[site.site], update.ics)
        ready.append(Ready(paths[site.site], None, update, site.old is not None, tuple(warnings)))
    return [*ready, *(Ready(file.path, None, update, True, ()) for file, update in left)]


def _other_calendars(folder: Path, written: Container[str]) -> list[CalendarFile]:
    """The calendars of this program in a folder that are not to be written; whatever else lies there is nobody's concern."""
    from nmosd_dosing.calendar import ical

    found = []
    for path in sorted(folder.glob("*.ics")):
        if _plain(path.name) not in written:
            with contextlib.suppress(InputError):
                found.append(ical.read_ics(read_file(str(path)), str(path)))
    return found


def _plans(request: Request, cohort: Cohort) -> Iterator[Plan]:
    """Everybody's plan, one after another."""
    for few in cohort.slices(_TOGETHER):
        yield from replace(request, columns=few).plans()
