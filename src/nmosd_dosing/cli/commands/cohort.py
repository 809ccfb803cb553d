"""What `dosing cohort` takes; the work is in `cohort`, loaded when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import (
    Allocation,
    AsOf,
    Country,
    Events,
    Output,
    Period,
    Regimen,
    Site,
    UnblindAll,
    VialPolicy,
    Visits,
    Weighings,
    WindowText,
)


def cohort(
    subjects: Annotated[str, typer.Argument(help="The subjects: a table with subject, start, weight_kg, site, …", metavar="FILE")],
    regimen: Regimen = None,
    period: Period = None,
    on: Annotated[
        list[str] | None, typer.Option(help="An event of the study: idmc_stop=2025-06-10. Repeatable.", metavar="EVENT=DATE")
    ] = None,
    visits: Visits = None,
    weighings: Weighings = None,
    events: Events = None,
    allocation: Allocation = None,
    unblind: UnblindAll = False,
    site: Site = None,
    country: Country = None,
    until: Annotated[str | None, typer.Option(help="The last day to plan; an open end is drawn up to it.", metavar="DATE")] = None,
    as_of: AsOf = None,
    window: WindowText = None,
    vials: VialPolicy = "least-waste",
    cancelled: Annotated[bool, typer.Option("--cancelled", help="List visits that fell away, too, each with its reason.")] = False,
    allow_deviation: Annotated[
        bool, typer.Option("--allow-deviation", help="Let entries outside their window stand, marked as deviations.")
    ] = False,
    accept_gap: Annotated[
        bool, typer.Option("--accept-gap", help="Let entries stand that break a stated minimum gap between doses.")
    ] = False,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out subjects of whom something is wrong, and write the others; exit code 2.")
    ] = False,
    format: Annotated[str | None, typer.Option(help="csv or json (a line for each visit).", metavar="FORMAT")] = None,
    output: Output = None,
    ics_dir: Annotated[
        str | None,
        typer.Option(help="Write calendars (iCalendar) too; those in the folder are updated.", metavar="FOLDER"),
    ] = None,
    ics_by: Annotated[str | None, typer.Option(help="A calendar for each subject, or for each site.", metavar="subject|site")] = None,
    window_entries: Annotated[bool, typer.Option("--window-entries", help="Entries for visit windows and entry windows, too.")] = False,
    spans: Annotated[bool, typer.Option("--spans", help="Entries for times such as contraception, too.")] = False,
    remind: Annotated[str | None, typer.Option(help="An alarm before each visit: 3d, 12h.", metavar="LENGTH")] = None,
    at: Annotated[str | None, typer.Option(help="Visits at an hour, not all-day; needs --zone.", metavar="HH:MM")] = None,
    zone: Annotated[str | None, typer.Option(help="The hour's time zone: Asia/Shanghai.", metavar="ZONE")] = None,
    duration: Annotated[str | None, typer.Option(help="How long a visit with an hour lasts: 4h, 90min.", metavar="LENGTH")] = None,
    lang: Annotated[str | None, typer.Option(help="The calendars' language: en or zh.", metavar="LANG")] = None,
    discreet: Annotated[bool, typer.Option("--discreet", help="No study, drug or code in the calendars.")] = False,
    stamp: Annotated[
        str | None, typer.Option(help="The time of writing that entries carry, else now: 2025-01-06T08:00:00Z.", metavar="INSTANT")
    ] = None,
) -> int:
    """Every visit of every subject of a table, up to millions; masked where the study is blinded.

    CSV has a row for each administration and each assessment, JSON a line for each visit, in the order of the table. Before
    anything is written all is checked.

    \b
    Examples:
      dosing cohort --regimen bat4406f subjects.csv --output visits.csv
      dosing cohort --regimen bat4406f subjects.csv --events events.csv --skip-bad --output visits.jsonl
    """
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.calendars import CalendarRequest
    from nmosd_dosing.cli.run.cohort import TableRequest, run

    people = PeopleRequest(
        regimen, period, None, None, [], None, subjects, allocation, events, visits, on or [], [], site, weighings=weighings
    )  # fmt: skip
    calendar = CalendarRequest(
        None, ics_dir, None, None, window_entries, spans, remind, at, zone, duration, lang, discreet, stamp
    )  # fmt: skip
    asked = TableRequest(
        people, unblind, until, window, as_of, country, allow_deviation, accept_gap, cancelled, vials, skip_bad, format, output, calendar,
        ics_by,
    )  # fmt: skip
    return run(asked)
