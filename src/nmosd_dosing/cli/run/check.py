"""`dosing check` and `dosing due`: what was done against the plan, and what comes next."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.checks.due import Due, due, last_due_day
from nmosd_dosing.checks.finding import Finding, deviates
from nmosd_dosing.checks.findings import check_shown
from nmosd_dosing.checks.verdicts import concern
from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import FINE, WRONG_INPUT, fail, say
from nmosd_dosing.cli.files import check_names, is_file, read_file, write_whole
from nmosd_dosing.cli.left_out import say_left_out, without_refused
from nmosd_dosing.cli.options import CheckOptions, DueOptions, PeopleOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.run.calendars import instant
from nmosd_dosing.cli.shown import EVERYBODY, Shown, read_each, read_shown
from nmosd_dosing.errors import Problems
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.findings import due_sheet, due_to_dict, findings_sheet, findings_to_dict
from nmosd_dosing.report.export.workbook import to_xlsx
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.tables.roster import LeftOut

DEVIATED = 1
_AHEAD, _MOST_AHEAD = "14d", 3660


class _Found(Struct, frozen=True):
    """What was found on a day by a study; what is due from it on, or `since` a later day, so many days ahead. `several`: it is of several
    subjects. `everything`: what is as planned is listed, too."""

    study: Study
    several: bool
    as_of: dt.date
    findings: Sequence[Finding]
    ahead: int = 0
    items: Sequence[Due] = ()
    shown: Shown = EVERYBODY
    everything: bool = False
    since: dt.date | None = None

    @property
    def of_one(self) -> bool:
        return not self.several or self.shown.subject is not None


class _Read(Struct, frozen=True):
    """Whom the command is about, by the version of the study, with what was known on the day of looking (`as_of`); whose rows are shown;
    how many days ahead are looked at, and from which later day on; and who is left out."""

    requests: Sequence[Request]
    shown: Shown
    as_of: dt.date
    ahead: int
    since: dt.date | None
    left_out: LeftOut

    def findings(self, schedules: Sequence[Schedule]) -> list[Finding]:
        """The findings that are shown, with what is closed of their days."""
        found: list[Finding] = []
        for request, schedule in zip(self.requests, schedules, strict=True):
            mine = check_shown(schedule, self.as_of, self.shown.has)
            found += with_closed_days(mine, self.as_of, request.workdays) if request.workdays is not None else mine
        return found

    def schedules(self) -> list[Schedule]:
        """Everybody's schedule, up to the last day that is looked at."""
        return [request.as_carried_out(last_due_day(self.as_of, self.ahead)) for request in self.requests]

    @property
    def study(self) -> Study:
        """The newest version of the study."""
        return self.requests[-1].study

    @property
    def count(self) -> int:
        """How many subjects there are."""
        return sum(len(request.subjects) for request in self.requests)

    def say_left_out(self, schedules: Sequence[Schedule]) -> bool:
        """Says who is left out and why; whether anybody is."""
        return say_left_out(self.left_out, self.study, schedules[-1].cohort.of_study, self.count)


def run_check(whom: PeopleOptions, asked: CheckOptions, output: OutputOptions) -> int:
    """Print the findings; 2 where somebody is left out, else 1 where one of them is a deviation."""
    read = _read(whom, asked, output, CHECK_FORMATS)
    schedules = read.schedules()
    findings = read.findings(schedules)
    found = _Found(read.study, read.count > 1, read.as_of, findings, shown=read.shown, everything=asked.everything)
    outputs.put(CHECK_FORMATS, output, found)
    for schedule in schedules:
        people.say_day_1(read.shown.among(schedule.cohort))
    if read.say_left_out(schedules):
        return WRONG_INPUT
    return DEVIATED if any(map(deviates, findings)) else 0


def run_due(whom: PeopleOptions, asked: DueOptions, output: OutputOptions) -> int:
    """Print what is due in the days ahead; 2 where somebody is left out."""
    read = _read(whom, asked, output, DUE_FORMATS)
    schedules = read.schedules()
    findings = read.findings(schedules)
    items = due(findings, read.as_of, read.ahead, since=read.since)
    found = _Found(read.study, read.count > 1, read.as_of, findings, read.ahead, items, read.shown, since=read.since)
    outputs.put(DUE_FORMATS, output, found)
    for schedule in schedules:
        people.say_day_1(read.shown.among(schedule.cohort))
        people.say_before_day_1(schedule, read.shown.columns(schedule.cohort))
    if asked.ics is not None:
        problems = Problems()
        stamp = instant(asked.stamp, problems)
        if stamp is None:
            fail(problems)
        say(_calendar(asked.ics, stamp, found, read.shown.words or whom.subject))
    return WRONG_INPUT if read.say_left_out(schedules) else FINE


def _read(whom: PeopleOptions, asked: CheckOptions | DueOptions, output: OutputOptions, formats: outputs.Formats) -> _Read:
    """What the options mean. Fails where something is wrong."""
    problems = Problems()
    elsewhere = {"ics": f"write `--ics {output.output}`, or name another file"} if isinstance(asked, DueOptions) else {}
    outputs.check_output(formats, output, problems, elsewhere)
    as_of = arguments.date("--as-of", asked.as_of, problems) if asked.as_of is not None else dt.date.today()
    ahead, since = _days(asked, as_of, problems) if isinstance(asked, DueOptions) and as_of is not None else (0, None)
    window = arguments.maybe(arguments.window, "--window", asked.window, problems)
    ics, stamp = (asked.ics, asked.stamp) if isinstance(asked, DueOptions) else (None, None)
    check_names([("`--output`", output.output), ("`--ics`", ics)], whom.files, problems)
    if stamp is not None and ics is None:
        problems.error("`--stamp` is about a calendar, and none is asked for", None, "add `--ics FILE`")
    if ics == "/dev/stdout" and output.output is None:
        problems.error("the calendar and the list would both go to standard output", None, "add `--output FILE` for the list")
    left_out = LeftOut()
    if asked.skip_bad and whom.subjects is None:
        problems.error("`--skip-bad` leaves out subjects of a table, and there is none", None, "leave it out, or add `--subjects FILE`")
    if asked.skip_bad and ics is not None:
        problems.error("`--skip-bad` would take from the calendar whom it leaves out", None, "leave it or `--ics` out")
    requests = read_each(whom, problems, as_of, left_out if asked.skip_bad and whom.subjects is not None else None)
    shown = read_shown(whom, asked.at_site, problems, *requests)
    if not requests:
        arguments.country("--country", asked.country, None, problems)
    requests = tuple(
        replace(request, window=window, workdays=arguments.country("--country", asked.country, request.study.site, problems))
        for request in requests
    )
    if not requests or as_of is None or problems.found:
        fail(problems)
    requests = tuple(people.known_by(request, as_of) for request in requests)
    if asked.skip_bad:
        last = last_due_day(as_of, ahead)
        requests = tuple(without_refused(request, lambda some: some.as_carried_out(last), left_out) for request in requests)
    return _Read(requests, shown, as_of, ahead, since, left_out)


def _days(asked: DueOptions, as_of: dt.date, problems: Problems) -> tuple[int, dt.date | None]:
    """How many days ahead is looked, and from which later day on, if not from the day of looking."""
    if asked.week is None:
        return arguments.days("--ahead", asked.ahead or _AHEAD, problems, _MOST_AHEAD) or 0, None
    if asked.ahead is not None:
        problems.error("`--ahead` and `--week` both say which days", None, "leave one of the two out")
    week = arguments.week("--week", asked.week, as_of, problems)
    if week is None:
        return 0, None
    first, last = week
    if (last - as_of).days > _MOST_AHEAD:
        problems.error(f"`--week {asked.week}` is more than {_MOST_AHEAD} days ahead", None, "check the year")
    if first > as_of and asked.ics is not None:
        hint = "a calendar holds what is due from the day of looking on: write `--ahead`, or `--week this`"
        problems.error("`--ics` with a later week would cancel what is due before it", None, hint)
    return (last - as_of).days, first if first > as_of else None


def _findings_page(found: _Found) -> Any:
    shown = [f for f in found.findings if found.everything or found.of_one or concern(f.verdict) != "fine"]
    counts, booked = Counter(f.verdict for f in found.findings), sum(f.booked for f in found.findings)
    return outputs.page("findings", "findings_page")(found.study, found.as_of, shown, counts, several=found.several, booked=booked)


def _due_page(found: _Found) -> Any:
    made = outputs.page("findings", "due_page")
    return made(found.study, found.as_of, found.ahead, found.items, several=found.several, since=found.since)


def _findings_dict(found: _Found) -> dict[str, Any]:
    return {"as_of": found.as_of.isoformat(), **findings_to_dict(found.findings)}


def _due_dict(found: _Found) -> dict[str, Any]:
    days = {"from": (found.since or found.as_of).isoformat(), "to": last_due_day(found.as_of, found.ahead).isoformat()}
    return {"as_of": found.as_of.isoformat(), "ahead": found.ahead, **days, "due": due_to_dict(found.items)}


def _findings_xlsx(found: _Found) -> bytes:
    return to_xlsx([findings_sheet(found.findings)], _findings_page(replace(found, everything=True)).lines)


def _findings_parquet(found: _Found) -> Iterator[bytes]:
    from nmosd_dosing.report.export.parquet import sheet_to_parquet

    return sheet_to_parquet(findings_sheet(found.findings), {})


CHECK_FORMATS: outputs.Formats = {
    **outputs.listed(_findings_page, _findings_dict, lambda found: findings_sheet(found.findings)), "xlsx": _findings_xlsx,
    "parquet": _findings_parquet,
}  # fmt: skip
DUE_FORMATS = outputs.listed(_due_page, _due_dict, lambda found: due_sheet(found.items))


def _calendar(ics: str, stamp: dt.datetime, found: _Found, whose: str | None) -> str:
    """What is due as a calendar; what became of the file."""
    from nmosd_dosing.calendar import ical
    from nmosd_dosing.calendar.due_entries import update_due
    from nmosd_dosing.calendar.updates import CHANGES

    old = ical.read_ics(read_file(ics), ics) if is_file(ics) else None
    if old is None and not found.items:
        return f"{ics}: not written, nothing is due"
    update = update_due(old, found.items, found.study.id, whose, as_of=found.as_of, stamp=stamp)
    write_whole(ics, update.ics)
    return f"{ics}: " + ", ".join(f"{n} {change}" for change in CHANGES if (n := update.count(change)))
