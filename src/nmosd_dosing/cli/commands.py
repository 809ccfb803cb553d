"""The commands: what each takes, and what its help says. What each does is in a room of `run`, under the name that stands
with it, and takes the same; it is loaded when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli import options
from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.options import OF_BODY, OF_ONE_SUBJECT, OF_REGISTER, OF_VISITS, CalendarOptions, CohortCalendars, PeopleOptions
from nmosd_dosing.cli.output_options import CohortOutput, GridOutput, HandoutOutput, OutputOptions, PageOutput, TypedOutput
from nmosd_dosing.cli.shared_options import flag, takes

COMMANDS = Commands()


@COMMANDS.command("plan.run", without=("visit",))
def plan(people: PeopleOptions, asked: options.PlanOptions, output: OutputOptions, calendar: CalendarOptions) -> None:
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
      dosing plan --regimen mil62 --subjects subjects.csv --visits visits.csv --subject 0012
    """  # fmt: skip


@COMMANDS.command("check.run_check")
def check(people: PeopleOptions, asked: options.CheckOptions, output: TypedOutput) -> None:
    """What was done against the plan, for one subject or many. Exit code 1 where something deviates.

    \b
    Examples:
      dosing check --regimen bat4406f --start 2025-01-06 --visit D182=2025-07-08 --window 3d
      dosing check --regimen mil62 --subjects subjects.csv --visits visits.csv --as-of 2025-09-01
    """


@COMMANDS.command("check.run_due", without=("visit",))
def due(people: PeopleOptions, asked: options.DueOptions, output: OutputOptions) -> None:
    """What is due, overdue, opens or closes; entries into the next period and decisions among it; by the last allowed day.

    \b
    Examples:
      dosing due --regimen mil62 --start 2025-01-06 --as-of 2025-06-20
      dosing due --regimen bat4406f --subjects subjects.csv --visits visits.csv --events events.csv --ahead 4w
      dosing due --regimen bat4406f --subjects subjects.csv --visits visits.csv --at-site 01
    """


@COMMANDS.command("slots.run", without=("visit",))
def slots(people: options.SlotsPeople, asked: options.SlotsOptions, output: OutputOptions) -> None:
    """On which days a subject's visit may be; and with a day: yes or no, why, and what follows. Masked.

    Each day of the window is open, closed (a weekend, a holiday, the site's own), too close to another dose, too early, too late, or not
    allowed. Exit code 1 where the day asked for is not open.

    \b
    Examples:
      dosing slots --regimen bat4406f-rcp --start 2025-01-06 --visit D182 --window 3d --on 2025-07-10
      dosing slots --regimen bat4406f --subjects subjects.csv --visits visits.csv --subject 0103 --next --country CN
    """


@COMMANDS.command("screen.run", without=(*OF_BODY, *OF_VISITS, "arm", "allocation", "site"))
def screen(people: options.ScreenPeople, asked: options.ScreenOptions, output: OutputOptions) -> None:
    """What a subject had against the criteria that dates decide, and the earliest screening and day 1.

    Each criterion with its look-back, the last day that does not count, and a verdict: admissible, not until a day, what is needed, or
    for a person to decide. It says nothing of criteria that no date decides.

    \b
    Examples:
      dosing screen --regimen bat4406f --screening 2024-12-09 --start 2025-01-06 --had rituximab=2024-05-01
      dosing screen --regimen bat4406f --had "azathioprine=2023-01-01..2024-11-20" --on relapse=2024-10-30
      dosing screen --regimen mil62 --subjects subjects.csv --history history.csv
    """


@COMMANDS.command("starts.run", without=("start", *OF_BODY, *OF_VISITS, "subjects", "events", "allocation"))
def starts(people: options.HistoryOptions, asked: options.StartsOptions, output: OutputOptions) -> None:
    """Which days of a range may be day 1: each visit has an open day in its window then, and minimum gaps can be kept. Masked.

    Against a day stand a criterion's clock, that it is closed itself, a visit without an open day in its window, a minimum gap, and an
    entry into a later period without an open day: all of them are told, in JSON and CSV for each day.

    \b
    Examples:
      dosing starts --regimen mil62-rcp --from 2026-01-01 --to 2026-12-31 --window 3d --country CN
      dosing starts --regimen bat4406f --from 2026-03-02 --to 2026-03-29 --site my-site.yaml
      dosing starts --regimen bat4406f-rcp --from 2025-01-01 --to 2025-03-31 --screening 2025-01-20 --had rituximab=2024-09-01
    """


@COMMANDS.command("board.run", without=("visit",))
def board(people: PeopleOptions, asked: options.BoardOptions, output: PageOutput) -> None:
    """The month with names, each subject over time, and what is due: a page to print, or the month in the terminal. Masked.

    The page is one file: nothing in it is fetched from elsewhere, and no script runs.

    \b
    Examples:
      dosing board --regimen bat4406f --subjects subjects.csv --visits visits.csv --output board.html
      dosing board --regimen bat4406f --subjects subjects.csv --visits visits.csv --month 2025-07 --country CN
    """


@COMMANDS.command("handout.run", without=("visit", "format"))
def handout(people: PeopleOptions, asked: options.HandoutOptions, output: HandoutOutput) -> None:
    """A patient's next visits on one page of A4, to hand over: days, where to, what to bring; no study, drug, arm or code.

    Place, telephone, rooms and what to bring come from the site's file.

    \b
    Examples:
      dosing handout --regimen bat4406f --start 2025-01-06 --site my-site.yaml --output visits.html
      dosing handout --regimen bat4406f --start 2025-01-06 --site my-site.yaml --lang zh --output visits.html
    """


@COMMANDS.command("pharmacy.run_prepare", without=("visit",))
def prepare(people: PeopleOptions, asked: options.PrepareOptions, output: OutputOptions) -> None:
    """What a pharmacy prepares, by day: doses, vials and volumes.

    Each dose of which nothing is recorded; a course stands on each of its days. Masked doses take as many vials in all arms. What
    cannot be counted, and what is left out, is told at the end.

    \b
    Examples:
      dosing prepare --regimen belimumab --subjects subjects.csv --visits visits.csv --from 2025-03-03
      dosing prepare --regimen belimumab --start 2025-03-03 --weight 60 --from 2025-03-03 --days 28 --vials fewest
      dosing prepare --regimen belimumab --subjects subjects.csv --from 2025-03-10 --since last-week.json
    """


@COMMANDS.command("pharmacy.run_order", without=("visit", "since"))
def order(people: PeopleOptions, asked: options.OrderOptions, output: OutputOptions) -> None:
    """What a pharmacy orders, by month: vials needed, in reserve, and by when.

    Counted from the doses that `prepare` lists for the same days, by product and size.

    \b
    Example:
      dosing order --regimen belimumab --subjects subjects.csv --from 2025-03-01 --until 2025-05-31 --reserve 10% --lead 14d
    """


@COMMANDS.command("cohort.run", without=(*OF_ONE_SUBJECT, "visit", "ics", "previous", "changes"))
def cohort(people: options.CohortPeople, asked: options.CohortOptions, output: CohortOutput, calendar: CohortCalendars) -> None:
    """Every visit of every subject of a table, up to millions; masked where the study is blinded.

    CSV has a row for each administration and each assessment, JSON a line for each visit, in the order of the table. Before
    anything is written all is checked.

    \b
    Examples:
      dosing cohort --regimen bat4406f subjects.csv --output visits.csv
      dosing cohort --regimen bat4406f subjects.csv --events events.csv --skip-bad --output visits.jsonl
    """


@COMMANDS.command(
    "doses.run", without=("trial", *OF_REGISTER, *OF_VISITS, "on", "weight", "earlier", "subject", "subjects", "events", "allocation")
)
def doses(people: options.DosesPeople, asked: options.DosesOptions, output: TypedOutput) -> None:
    """What a regimen takes at several body weights: totals, by period, by year of treatment, by visit.

    Decimals take a point, and commas stand between weights. An open end is drawn for 24 months.

    \b
    Examples:
      dosing doses --regimen belimumab --weights 45,60,75,102.5
      dosing doses --regimen belimumab --weights 40:120:5 --format csv
      dosing doses --regimen belimumab --weights 45,60,75,102.5 --plot doses.svg
      dosing doses --regimen mil62 --weights 60 --arm placebo --unblind
    """


@COMMANDS.command("compare.run")
def compare(asked: options.CompareOptions, output: OutputOptions) -> None:
    """Regimens side by side over one horizon: how often, from when to when, how much, how far apart. Masked.

    \b
    Examples:
      dosing compare belimumab mil62-rcp --weight 60
      dosing compare bat4406f mil62 --months 36 --start 2025-01-06
    """


@COMMANDS.command("simulate.run", without=("trial", *OF_ONE_SUBJECT, "visit", "weighings", "measurements"))
def simulate(people: options.SimulatePeople, asked: options.SimulateOptions, output: OutputOptions) -> None:
    """The whole trial, simulated many times: when the study stops and why, who enters what, infusions by month.

    Each number stands with its Monte-Carlo error. Never by arm. Scenarios share their random numbers with the trial as assumed, so
    that their differences are sharp.

    \b
    Examples:
      dosing simulate --regimen bat4406f --assumptions assumptions.yaml
      dosing simulate --regimen bat4406f --assumptions assumptions.yaml --scenarios scenarios.yaml
      dosing simulate --regimen bat4406f --assumptions assumptions.yaml --trials 100000 --output trial.json --plot trial.svg
      dosing simulate --regimen bat4406f --assumptions assumptions.yaml --trials 10000000 --on tcp://10.1.2.3:8786
    """  # fmt: skip


@COMMANDS.command("studies.regimens")
def regimens(format: Annotated[str, takes("FORMAT", "table or json.")] = "table") -> None:
    """The shipped regimens.

    \b
    Example:
      dosing regimens
    """


@COMMANDS.command("studies.show")
def show(asked: options.ShowOptions, output: GridOutput) -> None:
    """A regimen in full: timing, doses of every arm, sources, what is not stated and what is assumed; or as a grid, as protocols print it.

    \b
    Examples:
      dosing show mil62
      dosing show my-study.yaml
      dosing show bat4406f --site my-site.yaml
      dosing show belimumab --grid
      dosing show bat4406f --grid --period rcp --output grid.xlsx
    """  # fmt: skip


@COMMANDS.command("studies.validate")
def validate(files: Annotated[list[str], typer.Argument(help="Study files, and the files that go with them.", metavar="FILE...")]) -> None:
    """Check study files, site files, trial files and assumptions of simulations and show every problem.

    A site file is checked against its study, one of the files given or a shipped one; so are assumptions that name a study. The files
    that a trial file names are to be there.

    \b
    Examples:
      dosing validate my-study.yaml
      dosing validate my-study.yaml my-site.yaml
      dosing validate trial.yaml
    """


@COMMANDS.command("studies.schema")
def schema(
    site: Annotated[bool, flag("--site", "Of site files instead.")] = False,
    trial: Annotated[bool, flag("--trial", "Of trial files.")] = False,
    assumptions: Annotated[bool, flag("--assumptions", "Of the assumptions of a simulation.")] = False,
    scenarios: Annotated[bool, flag("--scenarios", "Of files of scenarios.")] = False,
) -> None:
    """The JSON Schema of study files, for editors.

    \b
    Examples:
      dosing schema > study.schema.json
      dosing schema --site > site.schema.json
      dosing schema --trial > trial.schema.json
      dosing schema --assumptions > assumptions.schema.json
    """


@COMMANDS.command("serve.run")
def serve(asked: options.ServeOptions) -> None:
    """Pages over a register, for a browser, and calendars that refresh themselves. It listens on this computer only; Ctrl+C ends it.

    Each account needs a password: dosing register account password NAME

    \b
    Examples:
      dosing serve --demo
      dosing serve --register trial.db --country CN --zone Asia/Shanghai
      dosing serve --register postgresql://dosing@db.example/trial --behind-proxy https://dosing.example.org
    """
