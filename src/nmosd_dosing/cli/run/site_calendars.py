"""Calendars of `dosing cohort`: one for each subject or each site, in a folder."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nmosd_dosing.cli.edge import fail, progress
from nmosd_dosing.cli.run import calendars
from nmosd_dosing.cli.run.calendars import CalendarRequest, Ready
from nmosd_dosing.cli.run.cohort_people import Everybody
from nmosd_dosing.errors import Problems, clip, did_you_mean, printable
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Wanted
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort

if TYPE_CHECKING:
    from nmosd_dosing.calendar.entries import CalendarStyle


BY = ("subject", "site")
_NAMED = 5  # files that a message names
_TOGETHER = 64  # subjects that are planned together

Draw = Callable[[dt.date], Plan]


def check(request: CalendarRequest, by: str | None, unblind: bool, skip_bad: bool, problems: Problems) -> None:
    """What options say of calendars that cannot be."""
    if by is not None and request.ics_dir is None:
        problems.error("`--ics-by` is about calendars, and none is asked for", None, "add `--ics-dir FOLDER`")
    if by is not None and by not in BY:
        problems.error(f"unknown `--ics-by {clip(by)}`", None, did_you_mean(by, BY) or "write `subject` or `site`")
    if unblind and request.ics_dir is not None:
        problems.error(
            "`--unblind` and `--ics-dir` do not go together",
            None,
            "an unblinded calendar is made for each subject by itself, with `dosing plan`",
        )
    if skip_bad and by == "site":
        hint = "mend what is wrong, or write `--ics-by subject`"
        problems.error("`--skip-bad` would let the visits of whoever is left out fall away from the calendar of the site", None, hint)


def check_stop(request: CalendarRequest, by: str | None, skip_bad: bool, study: Study, problems: Problems) -> None:
    """Without somebody the study may stop on another day, and everybody's calendar would move with it."""
    counted = [t.text for t in study.stop.earliest_of if t.kind in ("subject", "count")] if study.stop is not None else []
    if skip_bad and request.ics_dir is not None and by != "site" and counted:
        wrong = f"`--skip-bad` and `--ics-dir` do not go together here: the study stop is counted over all subjects ({counted[0]})"
        hint = "whoever is left out would move the calendars of others: mend what is wrong, or leave `--ics-dir` out"
        problems.error(wrong, None, hint)


def prepare(
    request: CalendarRequest, by: str | None, style: CalendarStyle, stamp: dt.datetime, wanted: Wanted, everybody: Everybody,
    window: str | None,
) -> list[Ready]:  # fmt: skip
    """The calendars, worked out and not yet written."""
    cohort, problems = everybody.cohort, Problems()
    names = list(cohort.codes) if by != "site" else [site or "" for site in everybody.sites]
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
    if problems.found:
        fail(problems)
    if by != "site":
        people = zip(progress(range(len(cohort)), "calendars"), _plans(wanted, cohort), strict=True)
        return [calendars.prepare(request, style, stamp, plan, window, partial(_draw, wanted, cohort, column)) for column, plan in people]
    sites: dict[str, list[int]] = {}
    for column, name in enumerate(names):
        sites.setdefault(name, []).append(column)
    return [_site(request, style, stamp, wanted, cohort, site, sites[site], window) for site in progress(list(sites), "calendars")]


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
    return [printable(f"not touched: {some}: {why}")]


def _plain(name: str) -> str:
    """A file's name, however the machine writes it."""
    return unicodedata.normalize("NFC", name).casefold()


def _site(
    request: CalendarRequest, style: CalendarStyle, stamp: dt.datetime, wanted: Wanted, cohort: Cohort, site: str,
    columns: Sequence[int], window: str | None,
) -> Ready:  # fmt: skip
    plans = list(_plans(wanted, cohort.chosen(columns)))
    draws: list[Draw] = [partial(_draw, wanted, cohort, column) for column in columns]
    return calendars.prepare_site(request, style, stamp, plans, site, window, draws)


def _plans(wanted: Wanted, cohort: Cohort) -> Iterator[Plan]:
    """Everybody's plan, one after another."""
    for few in cohort.slices(_TOGETHER):
        yield from wanted.plans(wanted.expand(few))


def _draw(wanted: Wanted, cohort: Cohort, column: int, until: dt.date) -> Plan:
    """One subject's plan until another day."""
    asked = replace(wanted, until=until)
    (plan,) = asked.plans(asked.expand(cohort.chosen([column])))
    return plan
