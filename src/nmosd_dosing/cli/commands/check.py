"""What `dosing check` and `dosing due` take."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import (
    Allocation,
    Arm,
    AsOf,
    Earlier,
    Enter,
    Events,
    Format,
    Height,
    On,
    Output,
    Period,
    Regimen,
    Site,
    Start,
    SubjectCode,
    Subjects,
    Visits,
    Weighings,
    Weight,
    WindowText,
)


def check(
    regimen: Regimen = None,
    start: Start = None,
    period: Period = None,
    on: On = None,
    enter: Enter = None,
    visit: Annotated[
        list[str] | None, typer.Option(help="A visit that was done: D182=2025-07-08. Repeatable.", metavar="VISIT=DATE")
    ] = None,
    visits: Visits = None,
    weighings: Weighings = None,
    arm: Arm = None,
    weight: Weight = None,
    height: Height = None,
    earlier: Earlier = None,
    subject: SubjectCode = None,
    subjects: Subjects = None,
    events: Events = None,
    allocation: Allocation = None,
    site: Site = None,
    as_of: AsOf = None,
    window: WindowText = None,
    everything: Annotated[bool, typer.Option("--all", help="Of several subjects, list also what is as planned.")] = False,
    format: Format = None,
    output: Output = None,
) -> int:
    """What was done against the plan, for one subject or many. Exit code 1 where something deviates.

    \b
    Examples:
      dosing check --regimen bat4406f --start 2025-01-06 --visit D182=2025-07-08 --window 3d
      dosing check --regimen mil62 --subjects subjects.csv --visits visits.csv --as-of 2025-09-01
    """
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.check import CheckRequest, run_check

    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, visit or [], height, earlier or [], weighings
    )  # fmt: skip
    return run_check(CheckRequest(people, as_of, window, format, output, everything))


def due(
    regimen: Regimen = None,
    start: Start = None,
    period: Period = None,
    ahead: Annotated[str, typer.Option(help="How far to look ahead: 14d, 4w.", metavar="LENGTH")] = "14d",
    as_of: AsOf = None,
    on: On = None,
    enter: Enter = None,
    visits: Visits = None,
    weighings: Weighings = None,
    arm: Arm = None,
    weight: Weight = None,
    height: Height = None,
    earlier: Earlier = None,
    subject: SubjectCode = None,
    subjects: Subjects = None,
    events: Events = None,
    allocation: Allocation = None,
    site: Site = None,
    window: WindowText = None,
    format: Format = None,
    output: Output = None,
    ics: Annotated[str | None, typer.Option(help="Write a calendar of it, too; that of an earlier day is updated.", metavar="FILE")] = None,
    stamp: Annotated[
        str | None, typer.Option(help="The time of writing that entries carry, else now: 2025-01-06T08:00:00Z.", metavar="INSTANT")
    ] = None,
) -> None:
    """What is due, overdue, opens or closes; entries into the next period and decisions among it; by the last allowed day.

    \b
    Examples:
      dosing due --regimen mil62 --start 2025-01-06 --as-of 2025-06-20
      dosing due --regimen bat4406f --subjects subjects.csv --visits visits.csv --events events.csv --ahead 4w
    """
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.check import CheckRequest, run_due

    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, height=height, earlier=earlier or [], weighings=weighings
    )  # fmt: skip
    run_due(CheckRequest(people, as_of, window, format, output, ahead=ahead, ics=ics, stamp=stamp))
