"""What the command line takes: every option is declared here, in a group that its commands take as one value; twice only where one
subject and a whole cohort have different words for it.

An option is called like its field, `--allow-deviation` for `allow_deviation`, unless its declaration names it. A group that says
something otherwise than another extends it. Texts are kept as they were typed: `arguments` and `people` say what they mean.
Nobody compares groups or prints them: at every start nothing is made for that.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import typer
from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing.cli import register_options
from nmosd_dosing.cli.calendar_options import CohortCalendars, Stamp
from nmosd_dosing.cli.complete import complete_period, complete_regimen
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.register_options import Account, AsKnown, PasswordFile, Register, StudyVersion
from nmosd_dosing.cli.shared_options import (
    Age,
    Arm,
    AsOf,
    AtSite,
    Counted,
    Country,
    DatesFrom,
    Height,
    Measured,
    OnOfStudy,
    Sex,
    SkipBad,
    UnblindAll,
    UnblindOne,
    Vials,
    Window,
)  # fmt: skip
from nmosd_dosing.cli.simulate_options import SimulateOptions

# --- which study, and whom -----------------------------------------------------------------------------------------------


class PeopleOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which study; one subject, or a table of several; and what happened to them."""

    regimen: Annotated[
        str | None,
        typer.Option(
            help="A shipped regimen's id (see `dosing regimens`) or the path of a study file. [required]",
            metavar="ID|FILE",
            autocompletion=complete_regimen,
        ),
    ] = None
    start: Annotated[
        str | None, typer.Option(help="The first dose, planned or actual: study day 1. [required without --subjects]", metavar="DATE")
    ] = None
    trial: Annotated[
        str | None,
        typer.Option(
            help="A trial file, which says all these. [default: trial.yaml of this folder, where neither a regimen nor a table is named]",
            metavar="FILE",
        ),
    ] = None
    period: Annotated[
        str | None,
        typer.Option(help="One period only, where a file has several.", metavar="ID", autocompletion=complete_period),
    ] = None
    on: Annotated[
        list[str], typer.Option(help="An event of the subject or the study: relapse=2025-06-10. Repeatable.", metavar="EVENT=DATE")
    ] = field(default_factory=list)
    enter: Annotated[list[str], typer.Option(help="The actual first day of a later period: olp=2026-01-12.", metavar="PERIOD=DATE")] = (
        field(default_factory=list)
    )
    visit: Annotated[list[str], typer.Option(help="A visit that was done: D182=2025-07-08. Repeatable.", metavar="VISIT=DATE")] = field(
        default_factory=list
    )
    visits: Annotated[
        str | None, typer.Option(help="What was done: a table with subject, period, visit, date, status, …", metavar="FILE")
    ] = None
    weighings: Annotated[str | None, typer.Option(help="Later weights: a table with subject, date, weight_kg.", metavar="FILE")] = None
    measurements: Annotated[
        str | None, typer.Option(help="Values that doses are by: a table with subject, date, what, value.", metavar="FILE")
    ] = None
    arm: Arm = None
    weight: Annotated[
        list[str], typer.Option(help="Body weight at baseline; later ones as 2025-06-23=66. Repeatable.", metavar="KG|DATE=KG")
    ] = field(default_factory=list)
    height: Height = None
    sex: Sex = None
    age: Age = None
    measured: Measured = field(default_factory=list)
    earlier: Annotated[
        list[str],
        typer.Option(help='What the subject had before, under a lifetime cap: "X=40 mg/m2". Repeatable.', metavar="PRODUCT=AMOUNT"),
    ] = field(default_factory=list)
    subject: Annotated[str | None, typer.Option(help="The subject's code; beside --subjects, show only this one.", metavar="CODE")] = None
    subjects: Annotated[str | None, typer.Option(help="Several subjects: a table with subject, start, weight_kg, …", metavar="FILE")] = None
    events: Annotated[str | None, typer.Option(help="What happened: a table with subject, event, date.", metavar="FILE")] = None
    allocation: Annotated[str | None, typer.Option(help="Who is in which arm: a table with subject, arm.", metavar="FILE")] = None
    encoding: Annotated[
        str | None, typer.Option(help="In what tables are written that are not UTF-8: gb18030, cp1252.", metavar="NAME")
    ] = None
    column: Annotated[
        list[str],
        typer.Option(help='What a column of the tables is called: start="Date of first dose". Repeatable.', metavar="OURS=THEIRS"),
    ] = field(default_factory=list)
    sheet: Annotated[
        list[str],
        typer.Option(help='Which sheet of a workbook, or of which table: Visits, visits="Sheet 2". Repeatable.', metavar="NAME|TABLE=NAME"),
    ] = field(default_factory=list)
    site: Annotated[
        str | None, typer.Option(help="A site's own facts: windows, minimum gaps, closed days (a YAML file).", metavar="FILE")
    ] = None
    register: Register = None
    as_known: AsKnown = None
    study_version: StudyVersion = None
    account: Account = None
    password_file: PasswordFile = None

    counted: Counted = ()  # what a register counts over all its subjects, where only some of them are asked about
    versions: Sequence[Mapping[str, Any]] = ()  # of a register whose subjects are on several of the study, what these options are for each

    named: ClassVar[str] = "`--subjects`"
    from_register: ClassVar[bool] = True  # a register that is named has the tables

    @property
    def by_version(self) -> Sequence[PeopleOptions]:
        """These options for each version of the study on which subjects of a register are; else they alone."""
        return [replace(self, **of_one, versions=()) for of_one in self.versions] or [self]

    @property
    def files(self) -> list[tuple[str, str | None]]:
        """What is read, each file as messages name it."""
        return [
            ("`--trial`", self.trial), ("`--regimen`", self.regimen), (self.named, self.subjects), ("`--allocation`", self.allocation),
            ("`--events`", self.events), ("`--visits`", self.visits), ("`--site`", self.site), ("`--weighings`", self.weighings),
            ("`--register`", self.register), ("`--password-file`", self.password_file), ("`--measurements`", self.measurements),
        ]  # fmt: skip


OF_REGISTER = ("register", "as_known", "study_version", "account", "password_file")
OF_ONE_SUBJECT = ("start", "subject", "weight", "arm", "height", "sex", "age", "measured", "earlier", "enter")


class CohortPeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """Very many subjects of one table."""

    subjects: Annotated[
        str | None, typer.Argument(help="The subjects: a table with subject, start, weight_kg, site, …", metavar="FILE")
    ] = None
    on: OnOfStudy = field(default_factory=list)

    named: ClassVar[str] = "the table of subjects"


class SimulatePeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """The real subjects of a trial, and where it is worked out."""

    on: OnOfStudy = field(default_factory=list)


class DosesPeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """Nobody but bodies of several weights."""

    start: DatesFrom = None


class SlotsPeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """One subject, and the day that is asked for."""

    on: Annotated[
        list[str],
        typer.Option(help="The day asked for: 2025-07-10. Also an event: relapse=2025-06-10. Repeatable.", metavar="DATE|EVENT=DATE"),
    ] = field(default_factory=list)


class HistoryOptions(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """What people had before the study, and their days before day 1."""

    screening: Annotated[str | None, typer.Option(help="The day of screening, planned or actual.", metavar="DATE")] = None
    had: Annotated[
        list[str],
        typer.Option(
            help='What the subject had, and when: rituximab=2024-05-01, "azathioprine=2023-01-01..2024-11-20", "prednisone 15 mg '
            'daily=2024-11-01..", or nothing. Repeatable.',
            metavar="WHAT=DATE|WHAT=FROM..TO",
        ),
    ] = field(default_factory=list)
    history: Annotated[str | None, typer.Option(help="What was had: a table with subject, what, from, to, …", metavar="FILE")] = None
    half_life: Annotated[
        list[str], typer.Option(help="A half-life that the study file does not state: ocrelizumab=26d. Repeatable.", metavar="WHAT=LENGTH")
    ] = field(default_factory=list)

    @property
    def files(self) -> list[tuple[str, str | None]]:
        """What is read, each file as messages name it."""
        return [*super().files, ("`--history`", self.history)]


class ScreenPeople(HistoryOptions, frozen=True, kw_only=True, eq=False):
    """Who is to be screened."""

    start: Annotated[str | None, typer.Option(help="Day 1, planned: the day from which its criteria count.", metavar="DATE")] = None


# --- what is asked -------------------------------------------------------------------------------------------------------


class ScheduleOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Until when visits are planned, how strictly, and what of them is shown."""

    unblind: UnblindOne = False
    country: Country = None
    until: Annotated[str | None, typer.Option(help="The last day to plan; an open end is drawn up to it.", metavar="DATE")] = None
    as_of: AsOf = None
    window: Window = None
    vials: Vials = "least-waste"
    cancelled: Annotated[bool, typer.Option("--cancelled", help="List visits that fell away, too, each with its reason.")] = False
    allow_deviation: Annotated[
        bool, typer.Option("--allow-deviation", help="Let an entry outside its window stand, marked as a deviation.")
    ] = False
    accept_gap: Annotated[bool, typer.Option("--accept-gap", help="Let an entry stand that breaks a stated minimum gap between doses.")] = (
        False
    )


class PlanOptions(ScheduleOptions, frozen=True, kw_only=True, eq=False):
    """`dosing plan`."""

    explain: Annotated[str | None, typer.Option(help="How a date came about, step by step: olp/D1, a period, or all.", metavar="VISIT")] = (
        None
    )


class CohortOptions(ScheduleOptions, frozen=True, kw_only=True, eq=False):
    """`dosing cohort`."""

    at_site: AtSite = field(default_factory=list)
    unblind: UnblindAll = False
    allow_deviation: Annotated[
        bool, typer.Option("--allow-deviation", help="Let entries outside their window stand, marked as deviations.")
    ] = False
    accept_gap: Annotated[bool, typer.Option("--accept-gap", help="Let entries stand that break a stated minimum gap between doses.")] = (
        False
    )
    skip_bad: SkipBad = False


class CheckOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing check`."""

    each_version: ClassVar[bool] = True  # subjects on several versions of a register's study are listed together
    country: Country = None
    at_site: AtSite = field(default_factory=list)
    as_of: AsOf = None
    window: Window = None
    everything: Annotated[bool, typer.Option("--all", help="Of several subjects, list also what is as planned.")] = False
    skip_bad: SkipBad = False


class DueOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing due`."""

    each_version: ClassVar[bool] = True  # subjects on several versions of a register's study are listed together
    country: Country = None
    ahead: Annotated[str | None, typer.Option(help="How far to look ahead: 4w. [default: 14d]", metavar="LENGTH")] = None
    week: Annotated[
        str | None, typer.Option(help="Monday to Sunday instead: this, next, or the week of a date.", metavar="this|next|DATE")
    ] = None
    at_site: AtSite = field(default_factory=list)
    as_of: AsOf = None
    window: Window = None
    skip_bad: SkipBad = False
    ics: Annotated[str | None, typer.Option(help="Write a calendar of it, too; that of an earlier day is updated.", metavar="FILE")] = None
    stamp: Stamp = None


class ScreenOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing screen`."""

    at_site: AtSite = field(default_factory=list)


class SlotsOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing slots`."""

    which: Annotated[str | None, typer.Option("--visit", help="The visit: D182, olp/D1. [required without --next]", metavar="VISIT")] = None
    next: Annotated[bool, typer.Option("--next", help="The next visit that is open.")] = False
    at_site: AtSite = field(default_factory=list)
    as_of: AsOf = None
    window: Window = None
    country: Country = None


class StartsOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing starts`."""

    first: Annotated[str | None, typer.Option("--from", help="The first day that may be day 1. [required]", metavar="DATE")] = None
    last: Annotated[str | None, typer.Option("--to", help="The last one. [required]", metavar="DATE")] = None
    window: Window = None
    country: Country = None


class BoardOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing board`."""

    each_version: ClassVar[bool] = True  # subjects on several versions of a register's study are listed together
    month: Annotated[str | None, typer.Option(help="Which month, else that of the day of looking: 2025-07.", metavar="YYYY-MM")] = None
    ahead: Annotated[str, typer.Option(help="How far the list of what is due looks ahead: 4w.", metavar="LENGTH")] = "14d"
    at_site: AtSite = field(default_factory=list)
    as_of: AsOf = None
    window: Window = None
    country: Country = None


class HandoutOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing handout`."""

    as_of: AsOf = None
    window: Window = None
    country: Country = None
    lang: Annotated[str | None, typer.Option(help="The page's language: en or zh. [default: en]", metavar="LANG")] = None
    with_code: Annotated[bool, typer.Option("--with-code", help="Print the subject's code on it.")] = False


class PrepareOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing prepare`."""

    country: Country = None
    as_of: AsOf = None
    first: Annotated[str | None, typer.Option("--from", help="The first day of the list; without it, today.", metavar="DATE")] = None
    days: Annotated[str | None, typer.Option(help="How many days, the first one counted. [default: 14]", metavar="NUMBER")] = None
    until: Annotated[str | None, typer.Option(help="The last day, instead of --days.", metavar="DATE")] = None
    since: Annotated[
        str | None, typer.Option(help="The last list, from --format json: mark what is new, moved, changed or gone.", metavar="FILE")
    ] = None
    at_site: AtSite = field(default_factory=list)
    unblind: UnblindAll = False
    vials: Vials = "least-waste"


class OrderOptions(PrepareOptions, frozen=True, kw_only=True, eq=False):
    """`dosing order`."""

    days: Annotated[str | None, typer.Option(help="How many days, instead of --until.", metavar="NUMBER")] = None
    until: Annotated[str | None, typer.Option(help="The last day to order for.", metavar="DATE")] = None
    reserve: Annotated[str | None, typer.Option(help="On top of what is needed, up to whole vials: 10%.", metavar="SHARE")] = None
    lead: Annotated[str | None, typer.Option(help="From ordering to the first need of a month: 14d, 2w.", metavar="LENGTH")] = None


class DosesOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing doses`."""

    weights: Annotated[
        str | None,
        typer.Option(
            help="Body weights: 45,60.5,75, or 40:120:5, or a table with weight_kg, height_cm. [required]", metavar="KG,KG,…|FILE"
        ),
    ] = None
    unblind: UnblindOne = False
    vials: Vials = "least-waste"
    plot: Annotated[
        str | None, typer.Option(help="Draw cumulative doses: .svg, .png or .pdf (needs the extra `plot`).", metavar="FILE")
    ] = None


class CompareOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing compare`."""

    regimens: Annotated[
        list[str], typer.Argument(help="Ids or paths of study files, two or more.", metavar="ID|FILE...", autocompletion=complete_regimen)
    ]
    months: Annotated[str | None, typer.Option(help="The horizon: so many months from day 1. [default: 24]", metavar="N")] = None
    start: DatesFrom = None
    until: Annotated[str | None, typer.Option(help="The horizon's last day, in place of --months; needs --start.", metavar="DATE")] = None
    weight: Annotated[str | None, typer.Option(help="Body weight, for doses per kg.", metavar="KG")] = None
    height: Height = None
    sex: Sex = None
    age: Age = None
    measured: Measured = field(default_factory=list)
    arm: Arm = None


class ShowOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing show`."""

    regimen: Annotated[str, typer.Argument(help="An id or the path of a study file.", metavar="ID|FILE", autocompletion=complete_regimen)]
    period: Annotated[
        str | None,
        typer.Option(help="One period only, where a file has several.", metavar="ID", autocompletion=complete_period),
    ] = None
    site: Annotated[str | None, typer.Option(help="With a site's own facts filled in and marked (a YAML file).", metavar="FILE")] = None
    grid: Annotated[bool, typer.Option("--grid", help="The schedule of activities instead: visits by doses and assessments. Masked.")] = (
        False
    )


_GROUPS = (
    PeopleOptions, PlanOptions, CohortOptions, CheckOptions, DueOptions, SlotsOptions, StartsOptions, BoardOptions, HandoutOptions,
    OrderOptions, DosesOptions, CompareOptions, SimulateOptions, ScreenPeople, OutputOptions, CohortCalendars,
    *register_options.GROUPS,
)  # fmt: skip
_IN_PYTHON = {"weight_kg": "weight", "height_cm": "height", "of_study": "on", "cluster": "on", "measurements": "measured"}


@functools.cache
def declared_in(group: type) -> dict[str, Any]:
    """The declaration of each option of a group."""
    return typing.get_type_hints(group, include_extras=True)


@functools.cache
def option(argument: str) -> str:
    """How the command line says an argument that messages name as Python does."""
    name = _IN_PYTHON.get(argument, argument)
    (declared,) = next(declared_in(group)[name] for group in _GROUPS if name in group.__struct_fields__).__metadata__
    return "--" + name.replace("_", "-") if declared.default is ... else str(declared.default)
