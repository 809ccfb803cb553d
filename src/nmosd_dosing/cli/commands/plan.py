"""What `dosing plan` takes; the work is in `run`, loaded when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import (
    Allocation,
    Arm,
    AsOf,
    Country,
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
    VialPolicy,
    Visits,
    Weighings,
    Weight,
    WindowText,
)


def plan(
    regimen: Regimen = None,
    start: Start = None,
    period: Period = None,
    on: On = None,
    enter: Enter = None,
    visits: Visits = None,
    weighings: Weighings = None,
    explain: Annotated[
        str | None, typer.Option(help="How a date came about, step by step: olp/D1, a period, or all.", metavar="VISIT")
    ] = None,
    arm: Arm = None,
    unblind: Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs --arm.")] = False,
    weight: Weight = None,
    height: Height = None,
    earlier: Earlier = None,
    subject: SubjectCode = None,
    subjects: Subjects = None,
    events: Events = None,
    allocation: Allocation = None,
    site: Site = None,
    country: Country = None,
    until: Annotated[str | None, typer.Option(help="The last day to plan; an open end is drawn up to it.", metavar="DATE")] = None,
    as_of: AsOf = None,
    window: WindowText = None,
    vials: VialPolicy = "least-waste",
    cancelled: Annotated[bool, typer.Option("--cancelled", help="List visits that fell away, too, each with its reason.")] = False,
    allow_deviation: Annotated[
        bool, typer.Option("--allow-deviation", help="Let an entry outside its window stand, marked as a deviation.")
    ] = False,
    accept_gap: Annotated[
        bool, typer.Option("--accept-gap", help="Let an entry stand that breaks a stated minimum gap between doses.")
    ] = False,
    format: Format = None,
    output: Output = None,
    ics: Annotated[str | None, typer.Option(help="Write a calendar (iCalendar) too; one that is there is updated.", metavar="FILE")] = None,
    ics_dir: Annotated[str | None, typer.Option(help="The same, a file for each subject, named by its code.", metavar="FOLDER")] = None,
    previous: Annotated[str | None, typer.Option(help="The calendar to update, if it is another file.", metavar="FILE")] = None,
    changes: Annotated[
        str | None, typer.Option(help="Write what is new, moved, changed or cancelled also by itself.", metavar="FILE")
    ] = None,
    window_entries: Annotated[bool, typer.Option("--window-entries", help="Entries for visit windows and entry windows, too.")] = False,
    spans: Annotated[bool, typer.Option("--spans", help="Entries for times such as contraception, too.")] = False,
    remind: Annotated[str | None, typer.Option(help="An alarm before each visit: 3d, 12h.", metavar="LENGTH")] = None,
    at: Annotated[str | None, typer.Option(help="Visits at an hour, not all-day; needs --zone.", metavar="HH:MM")] = None,
    zone: Annotated[str | None, typer.Option(help="The hour's time zone: Asia/Shanghai.", metavar="ZONE")] = None,
    duration: Annotated[str | None, typer.Option(help="How long a visit with an hour lasts: 4h, 90min.", metavar="LENGTH")] = None,
    lang: Annotated[str | None, typer.Option(help="The calendar's language: en or zh.", metavar="LANG")] = None,
    discreet: Annotated[bool, typer.Option("--discreet", help="No study, drug or code in the calendar.")] = False,
    stamp: Annotated[
        str | None, typer.Option(help="The time of writing that entries carry, else now: 2025-01-06T08:00:00Z.", metavar="INSTANT")
    ] = None,
) -> None:
    """One subject's dated plan, masked where the study is blinded; as a table, for programs, as a calendar.

    A study's id (`bat4406f`) plans the way through its periods, with the rules of entry; a period's id (`bat4406f-rcp`) that period
    from a day 1 of its own.

    \b
    Examples:
      dosing plan --regimen mil62-rcp --start 2025-01-06
      dosing plan --regimen belimumab --start 2025-01-06 --weight 60
      dosing plan --regimen belimumab --start 2025-01-06 --weight 60 --weight 2025-06-23=66
      dosing plan --regimen bat4406f --start 2025-01-06 --enter olp=2026-01-12
      dosing plan --regimen bat4406f --start 2025-01-06 --on relapse=2025-06-10 --on relapse_confirmed=2025-06-17
      dosing plan --regimen bat4406f --start 2025-01-06 --on study_stop=2025-07-02 --explain olp/D1
      dosing plan --regimen my-study.yaml --period olp --start 2025-08-31 --window 3d
      dosing plan --regimen mil62-rcp --start 2025-01-06 --arm placebo --unblind
      dosing plan --regimen mil62-rcp --start 2025-01-06 --subject 0012 --ics visits.ics --remind 3d
    """  # fmt: skip
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.calendars import CalendarRequest
    from nmosd_dosing.cli.run.plan import PlanRequest, run

    calendar = CalendarRequest(
        ics, ics_dir, previous, changes, window_entries, spans, remind, at, zone, duration, lang, discreet, stamp
    )  # fmt: skip
    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, height=height, earlier=earlier or [], weighings=weighings
    )  # fmt: skip
    run(
        PlanRequest(
            people,
            unblind,
            until,
            window,
            as_of,
            country,
            allow_deviation,
            accept_gap,
            cancelled,
            explain,
            format,
            output,
            calendar,
            vials,
        )
    )
