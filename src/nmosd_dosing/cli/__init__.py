"""The command line: `dosing`. Only here is anything printed, and only here does the program exit.

Each command says what it takes; the work and its imports are in the rooms beside this one, loaded when a command runs.
"""

from __future__ import annotations

import sys
from typing import Annotated, NoReturn

import typer

from nmosd_dosing.cli import cohort_commands, pharmacy_commands, simulation_commands
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
    complete_regimen,
)

app = typer.Typer(
    name="dosing",
    help="Dosing schedules of NMOSD trials: from a study file to one subject's dated plan.",
    epilog="Begin with: dosing plan --regimen mil62-rcp --start 2025-01-06",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        from nmosd_dosing import __version__

        print(f"dosing {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command()
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
    from nmosd_dosing.cli.calendars import CalendarRequest
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.plan import PlanRequest, run

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


@app.command()
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
    from nmosd_dosing.cli.checks import CheckRequest, run_check
    from nmosd_dosing.cli.people import PeopleRequest

    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, visit or [], height, earlier or [], weighings
    )  # fmt: skip
    return run_check(CheckRequest(people, as_of, window, format, output, everything))


@app.command()
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
    from nmosd_dosing.cli.checks import CheckRequest, run_due
    from nmosd_dosing.cli.people import PeopleRequest

    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, height=height, earlier=earlier or [], weighings=weighings
    )  # fmt: skip
    run_due(CheckRequest(people, as_of, window, format, output, ahead=ahead, ics=ics, stamp=stamp))


app.command()(pharmacy_commands.prepare)
app.command()(pharmacy_commands.order)
app.command()(cohort_commands.cohort)


@app.command()
def doses(
    regimen: Regimen = None,
    weights: Annotated[
        str | None,
        typer.Option(
            help="Body weights: 45,60.5,75, or 40:120:5, or a table with weight_kg, height_cm. [required]", metavar="KG,KG,…|FILE"
        ),
    ] = None,
    height: Height = None,
    start: Annotated[str | None, typer.Option(help="The first dose; without it no dates are shown.", metavar="DATE")] = None,
    period: Period = None,
    arm: Arm = None,
    unblind: Annotated[bool, typer.Option("--unblind", help="Show blinded doses; needs --arm.")] = False,
    site: Site = None,
    vials: VialPolicy = "least-waste",
    format: Format = None,
    output: Output = None,
    plot: Annotated[
        str | None, typer.Option(help="Draw cumulative doses: .svg, .png or .pdf (needs the extra `plot`).", metavar="FILE")
    ] = None,
) -> None:
    """What a regimen takes at several body weights: totals, by period, by year of treatment, by visit.

    Decimals take a point, and commas stand between weights. An open end is drawn for 24 months.

    \b
    Examples:
      dosing doses --regimen belimumab --weights 45,60,75,102.5
      dosing doses --regimen belimumab --weights 40:120:5 --format csv
      dosing doses --regimen belimumab --weights 45,60,75,102.5 --plot doses.svg
      dosing doses --regimen mil62 --weights 60 --arm placebo --unblind
    """
    from nmosd_dosing.cli.doses import DosesRequest, run

    run(DosesRequest(regimen, weights, height, start, period, arm, site, unblind, vials, format, output, plot))


@app.command()
def compare(
    regimens: Annotated[
        list[str], typer.Argument(help="Ids or paths of study files, two or more.", metavar="ID|FILE...", autocompletion=complete_regimen)
    ],
    months: Annotated[str | None, typer.Option(help="The horizon: so many months from day 1. [default: 24]", metavar="N")] = None,
    start: Annotated[str | None, typer.Option(help="The first dose; without it no dates are shown.", metavar="DATE")] = None,
    until: Annotated[str | None, typer.Option(help="The horizon's last day, in place of --months; needs --start.", metavar="DATE")] = None,
    weight: Annotated[str | None, typer.Option(help="Body weight, for doses per kg.", metavar="KG")] = None,
    height: Height = None,
    arm: Arm = None,
    format: Format = None,
    output: Output = None,
) -> None:
    """Regimens side by side over one horizon: how often, from when to when, how much, how far apart. Masked.

    \b
    Examples:
      dosing compare belimumab mil62-rcp --weight 60
      dosing compare bat4406f mil62 --months 36 --start 2025-01-06
    """
    from nmosd_dosing.cli.compare import CompareRequest, run

    run(CompareRequest(regimens, start, until, months, weight, height, arm, format, output))


app.command()(simulation_commands.simulate)


@app.command()
def regimens(
    format: Annotated[str, typer.Option(help="table or json.", metavar="FORMAT")] = "table",
) -> None:
    """The shipped regimens.

    \b
    Example:
      dosing regimens
    """
    from nmosd_dosing.cli.studies import regimens

    regimens(format)


@app.command()
def show(
    regimen: Annotated[str, typer.Argument(help="An id or the path of a study file.", metavar="ID|FILE", autocompletion=complete_regimen)],
    site: Annotated[str | None, typer.Option(help="With a site's own facts filled in and marked (a YAML file).", metavar="FILE")] = None,
) -> None:
    """A regimen in full: timing, doses of every arm, sources, what is not stated and what is assumed.

    \b
    Examples:
      dosing show mil62
      dosing show my-study.yaml
      dosing show bat4406f --site my-site.yaml
    """
    from nmosd_dosing.cli.studies import show

    show(regimen, site)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Study files, and the files that go with them.", metavar="FILE...")],
) -> None:
    """Check study files, site files and assumptions of simulations and show every problem.

    A site file is checked against its study, one of the files given or a shipped one; so are assumptions that name a study.

    \b
    Examples:
      dosing validate my-study.yaml
      dosing validate my-study.yaml my-site.yaml
    """
    from nmosd_dosing.cli.studies import validate

    validate(files)


@app.command()
def schema(
    site: Annotated[bool, typer.Option("--site", help="Of site files instead.")] = False,
    assumptions: Annotated[bool, typer.Option("--assumptions", help="Of the assumptions of a simulation.")] = False,
    scenarios: Annotated[bool, typer.Option("--scenarios", help="Of files of scenarios.")] = False,
) -> None:
    """The JSON Schema of study files, for editors.

    \b
    Examples:
      dosing schema > study.schema.json
      dosing schema --site > site.schema.json
      dosing schema --assumptions > assumptions.schema.json
    """
    from nmosd_dosing.cli.studies import schema

    schema({"site": site, "assumptions": assumptions, "scenarios": scenarios})


def main() -> NoReturn:
    """Run the command line and exit: 0 fine, 2 wrong input, 3 a defect of this program, 130 interrupted."""
    from nmosd_dosing.cli.edge import run

    sys.exit(run(app))
