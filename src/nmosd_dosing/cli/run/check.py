"""`dosing check` and `dosing due`: what was done against the plan, and what comes next."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nmosd_dosing.checks.findings import check, deviates
from nmosd_dosing.checks.verdicts import concern
from nmosd_dosing.cli import arguments, people
from nmosd_dosing.cli.edge import fail, format_of, one_format, put_json, put_page, put_text, say
from nmosd_dosing.cli.files import is_file, read_file, same_file, write_whole
from nmosd_dosing.cli.people import People, PeopleRequest
from nmosd_dosing.errors import Problems
from nmosd_dosing.report.export.findings import due_to_csv, due_to_dict, findings_to_csv, findings_to_dict
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.subjects import recorded
from nmosd_dosing.subjects.cohort import of_subjects

if TYPE_CHECKING:
    from nmosd_dosing.checks.due import Due


FORMATS = ("table", "json", "csv")
DEVIATED = 1


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """The options as they were typed."""

    people: PeopleRequest
    as_of: str | None
    window: str | None
    format: str | None
    output: str | None
    everything: bool = False
    ahead: str = "14d"
    ics: str | None = None
    stamp: str | None = None

    @property
    def written_as(self) -> str:
        return format_of(self.format, self.output)


def run_check(request: CheckRequest) -> int:
    """Print the findings; 1 where one of them is a deviation."""
    whom, as_of, _ = _read(request)
    findings = check(_schedule(request, whom, as_of, 0), as_of)
    if request.written_as == "table":
        from nmosd_dosing.report.pages.findings import findings_page

        shown = [f for f in findings if request.everything or len(whom.subjects) == 1 or concern(f.verdict) != "fine"]
        counts = Counter(f.verdict for f in findings)
        put_page(findings_page(whom.study, as_of, shown, counts, several=len(whom.subjects) > 1), request.output)
    elif request.written_as == "json":
        put_json({"as_of": as_of.isoformat(), **findings_to_dict(findings)}, request.output)
    else:
        put_text(findings_to_csv(findings), request.output)
    return DEVIATED if any(map(deviates, findings)) else 0


def run_due(request: CheckRequest) -> None:
    """Print what is due in the days ahead."""
    from nmosd_dosing.checks.due import due

    whom, as_of, ahead = _read(request)
    findings = check(_schedule(request, whom, as_of, ahead), as_of)
    items = due(findings, as_of, ahead)
    if request.written_as == "table":
        from nmosd_dosing.report.pages.findings import due_page

        put_page(due_page(whom.study, as_of, ahead, items, several=len(whom.subjects) > 1), request.output)
    elif request.written_as == "json":
        put_json({"as_of": as_of.isoformat(), "ahead": ahead, "due": due_to_dict(items)}, request.output)
    else:
        put_text(due_to_csv(items), request.output)
    for message in _calendar(request, whom, items, as_of):
        say(message)


def _read(request: CheckRequest) -> tuple[People, dt.date, int]:
    """Whom the command is about, the day of looking, and how many days ahead."""
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    as_of = arguments.date("--as-of", request.as_of, problems) if request.as_of is not None else dt.date.today()
    ahead = arguments.length("--ahead", request.ahead, problems, 3660)
    if ahead is not None and ahead % dt.timedelta(days=1):
        problems.error(f"`--ahead {request.ahead}` is not a number of days", None, "write for example `14d` or `2w`")
    if request.window is not None:
        arguments.window("--window", request.window, problems)
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    for option, path in request.people.files:
        for written, other in (("--output", request.output), ("--ics", request.ics)):
            if path and other and same_file(path, other) and (option != "--regimen" or is_file(path)):
                problems.error(f"`{written}` and `{option}` name one file", None, "name two")
    if request.stamp is not None and request.ics is None:
        problems.error("`--stamp` is about a calendar, and none is asked for", None, "add `--ics FILE`")
    if request.ics is not None and request.output is not None and same_file(request.ics, request.output):
        problems.error("`--output` and `--ics` name one file", None, "name two")
    if request.ics == "":
        problems.error("`--ics` is empty", None, "name a file, or leave the option out")
    if request.ics == "/dev/stdout" and request.output is None:
        problems.error("the calendar and the list would both go to standard output", None, "add `--output FILE` for the list")
    whom = people.read(request.people, problems)
    if whom is None or as_of is None or ahead is None or problems.found:
        fail(problems)
    return people.known_by(whom, as_of), as_of, ahead.days


def _schedule(request: CheckRequest, whom: People, as_of: dt.date, ahead: int) -> Schedule:
    """The plan of everybody, masked, in which what is wrong stands, to be found."""
    problems = Problems()
    window = arguments.window("--window", request.window, problems) if request.window is not None else None
    last = dt.date.max if (dt.date.max - as_of).days <= ahead else as_of + dt.timedelta(ahead)
    schedule = expand(
        whom.study,
        of_subjects(whom.subjects, whom.arms, whom.of_study),
        period=whom.period,
        window=window,
        allow_deviation=True,
        accept_gap=True,
        at_least=last,
    )
    if schedule.given is not None:
        recorded.check_known(schedule.given)
    return schedule


def _calendar(request: CheckRequest, whom: People, items: Sequence[Due], as_of: dt.date) -> list[str]:
    """What is due as a calendar, if that is asked for; what became of the file."""
    if request.ics is None:
        return []
    from nmosd_dosing.calendar import ical
    from nmosd_dosing.calendar.due import update_due
    from nmosd_dosing.calendar.updates import CHANGES

    problems = Problems()
    stamp = arguments.stamp("--stamp", request.stamp, problems) if request.stamp is not None else dt.datetime.now(dt.UTC)
    if stamp is None:
        fail(problems)
    old = ical.read_ics(read_file(request.ics), request.ics) if is_file(request.ics) else None
    if old is None and not items:
        return [f"{request.ics}: not written, nothing is due"]
    update = update_due(old, items, whom.study.id, request.people.subject, as_of=as_of, stamp=stamp)
    write_whole(request.ics, update.ics)
    return [f"{request.ics}: " + ", ".join(f"{n} {change}" for change in CHANGES if (n := update.count(change)))]
