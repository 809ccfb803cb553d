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
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.cli import register_options
from nmosd_dosing.cli import shared_options as shared
from nmosd_dosing.cli.complete import complete_period, complete_regimen
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.register_options import Account, AsKnown, PasswordFile, Register, StudyVersion
from nmosd_dosing.cli.shared_options import flag, takes

# --- calendars -----------------------------------------------------------------------------------------------------------


Stamp = Annotated[str | None, takes("INSTANT", "The time of writing that entries carry, else now: 2025-01-06T08:00:00Z.")]


class CalendarOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Calendars, and how they look."""

    ics: Annotated[str | None, takes("FILE", "Write a calendar (iCalendar) too; one that is there is updated.")] = None
    ics_dir: Annotated[str | None, takes("FOLDER", "The same, a file for each subject, named by its code.")] = None
    previous: Annotated[str | None, takes("FILE", "The calendar to update, if it is another file.")] = None
    changes: Annotated[str | None, takes("FILE", "Write what is new, moved, changed or cancelled also by itself.")] = None
    window_entries: Annotated[bool, flag("--window-entries", "Entries for visit windows and entry windows, too.")] = False
    spans: Annotated[bool, flag("--spans", "Entries for times such as contraception, too.")] = False
    remind: Annotated[str | None, takes("LENGTH", "An alarm before each visit: 3d, 12h.")] = None
    at: Annotated[str | None, takes("HH:MM", "Visits at an hour, not all-day; needs --zone.")] = None
    zone: Annotated[str | None, takes("ZONE", "The hour's time zone: Asia/Shanghai.")] = None
    duration: Annotated[str | None, takes("LENGTH", "How long a visit with an hour lasts: 4h, 90min.")] = None
    lang: Annotated[str | None, takes("LANG", "The calendar's language: en or zh.")] = None
    discreet: Annotated[bool, flag("--discreet", "No study, drug or code in the calendar.")] = False
    stamp: Stamp = None
    force_undo: Annotated[
        bool, flag("--force-undo", "Put back visits that a calendar shows as done and of which nothing is recorded now.")
    ] = False

    @property
    def asked(self) -> bool:
        return self.ics is not None or self.ics_dir is not None


class CohortCalendars(CalendarOptions, frozen=True, kw_only=True, eq=False):
    """Calendars in a folder."""

    ics_dir: Annotated[str | None, takes("FOLDER", "Write calendars (iCalendar) too; those in the folder are updated.")] = None
    ics_by: Annotated[str | None, takes("subject|site", "A calendar for each subject, or for each site.")] = None
    lang: Annotated[str | None, takes("LANG", "The calendars' language: en or zh.")] = None
    discreet: Annotated[bool, flag("--discreet", "No study, drug or code in the calendars.")] = False


# --- which study, and whom -----------------------------------------------------------------------------------------------


class PeopleOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which study; one subject, or a table of several; and what happened to them."""

    regimen: Annotated[
        str | None,
        takes(
            "ID|FILE", "A shipped regimen's id (see `dosing regimens`) or the path of a study file. [required]", completed=complete_regimen
        ),
    ] = None
    start: Annotated[str | None, takes("DATE", "The first dose, planned or actual: study day 1. [required without --subjects]")] = None
    trial: Annotated[
        str | None,
        takes(
            "FILE", "A trial file, which says all these. [default: trial.yaml of this folder, where neither a regimen nor a table is named]"
        ),
    ] = None
    period: Annotated[str | None, takes("ID", "One period only, where a file has several.", completed=complete_period)] = None
    on: Annotated[list[str], takes("EVENT=DATE", "An event of the subject or the study: relapse=2025-06-10. Repeatable.")] = []
    enter: Annotated[list[str], takes("PERIOD=DATE", "The actual first day of a later period: olp=2026-01-12.")] = []
    visit: Annotated[list[str], takes("VISIT=DATE", "A visit that was done: D182=2025-07-08. Repeatable.")] = []
    visits: Annotated[str | None, takes("FILE", "What was done: a table with subject, period, visit, date, status, …")] = None
    weighings: Annotated[str | None, takes("FILE", "Later weights: a table with subject, date, weight_kg.")] = None
    measurements: Annotated[str | None, takes("FILE", "Values that doses are by: a table with subject, date, what, value.")] = None
    arm: shared.Arm = None
    weight: Annotated[list[str], takes("KG|DATE=KG", "Body weight at baseline; later ones as 2025-06-23=66. Repeatable.")] = []
    height: shared.Height = None
    sex: shared.Sex = None
    age: shared.Age = None
    measured: shared.Measured = []
    earlier: Annotated[
        list[str], takes("PRODUCT=AMOUNT", 'What the subject had before, under a lifetime cap: "X=40 mg/m2". Repeatable.')
    ] = []
    subject: Annotated[str | None, takes("CODE", "The subject's code; beside --subjects, show only this one.")] = None
    subjects: Annotated[str | None, takes("FILE", "Several subjects: a table with subject, start, weight_kg, …")] = None
    events: Annotated[str | None, takes("FILE", "What happened: a table with subject, event, date.")] = None
    allocation: Annotated[str | None, takes("FILE", "Who is in which arm: a table with subject, arm.")] = None
    encoding: Annotated[str | None, takes("NAME", "In what tables are written that are not UTF-8: gb18030, cp1252.")] = None
    column: Annotated[
        list[str], takes("OURS=THEIRS", 'What a column of the tables is called: start="Date of first dose". Repeatable.')
    ] = []
    sheet: Annotated[
        list[str], takes("NAME|TABLE=NAME", 'Which sheet of a workbook, or of which table: Visits, visits="Sheet 2". Repeatable.')
    ] = []
    site: Annotated[str | None, takes("FILE", "A site's own facts: windows, minimum gaps, closed days (a YAML file).")] = None
    register: Register = None
    as_known: AsKnown = None
    study_version: StudyVersion = None
    account: Account = None
    password_file: PasswordFile = None

    counted: shared.Counted = ()  # what a register counts over all its subjects, where only some of them are asked about
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
OF_BODY = ("weight", "height", "sex", "age", "measured", "earlier")
OF_VISITS = ("enter", "visit", "visits", "weighings", "measurements")
OF_ONE_SUBJECT = ("start", "subject", "weight", "arm", "height", "sex", "age", "measured", "earlier", "enter")


class CohortPeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """Very many subjects of one table."""

    subjects: Annotated[
        str | None, typer.Argument(help="The subjects: a table with subject, start, weight_kg, site, …", metavar="FILE")
    ] = None
    on: shared.OnOfStudy = []

    named: ClassVar[str] = "the table of subjects"


class SimulatePeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """The real subjects of a trial, and where it is worked out."""

    on: shared.OnOfStudy = []


class DosesPeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """Nobody but bodies of several weights."""

    start: shared.DatesFrom = None


class SlotsPeople(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """One subject, and the day that is asked for."""

    on: Annotated[list[str], takes("DATE|EVENT=DATE", "The day asked for: 2025-07-10. Also an event: relapse=2025-06-10. Repeatable.")] = []


class HistoryOptions(PeopleOptions, frozen=True, kw_only=True, eq=False):
    """What people had before the study, and their days before day 1."""

    screening: Annotated[str | None, takes("DATE", "The day of screening, planned or actual.")] = None
    had: Annotated[
        list[str],
        takes(
            "WHAT=DATE|WHAT=FROM..TO",
            'What the subject had, and when: rituximab=2024-05-01, "azathioprine=2023-01-01..2024-11-20", "prednisone 15 mg '
            'daily=2024-11-01..", or nothing. Repeatable.',
        ),
    ] = []
    history: Annotated[str | None, takes("FILE", "What was had: a table with subject, what, from, to, …")] = None
    half_life: Annotated[
        list[str], takes("WHAT=LENGTH", "A half-life that the study file does not state: ocrelizumab=26d. Repeatable.")
    ] = []

    @property
    def files(self) -> list[tuple[str, str | None]]:
        """What is read, each file as messages name it."""
        return [*super().files, ("`--history`", self.history)]


class ImportOptions(HistoryOptions, frozen=True, kw_only=True, eq=False):
    """Tables that are brought into a register."""

    from_register: ClassVar[bool] = False


class ScreenPeople(HistoryOptions, frozen=True, kw_only=True, eq=False):
    """Who is to be screened."""

    start: Annotated[str | None, takes("DATE", "Day 1, planned: the day from which its criteria count.")] = None


# --- what is asked -------------------------------------------------------------------------------------------------------


class ScheduleOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Until when visits are planned, how strictly, and what of them is shown."""

    unblind: shared.UnblindOne = False
    country: shared.Country = None
    until: Annotated[str | None, takes("DATE", "The last day to plan; an open end is drawn up to it.")] = None
    as_of: shared.AsOf = None
    window: shared.Window = None
    vials: shared.Vials = "least-waste"
    cancelled: Annotated[bool, flag("--cancelled", "List visits that fell away, too, each with its reason.")] = False
    allow_deviation: Annotated[bool, flag("--allow-deviation", "Let an entry outside its window stand, marked as a deviation.")] = False
    accept_gap: Annotated[bool, flag("--accept-gap", "Let an entry stand that breaks a stated minimum gap between doses.")] = False


class PlanOptions(ScheduleOptions, frozen=True, kw_only=True, eq=False):
    """`dosing plan`."""

    explain: Annotated[str | None, takes("VISIT", "How a date came about, step by step: olp/D1, a period, or all.")] = None


class CohortOptions(ScheduleOptions, frozen=True, kw_only=True, eq=False):
    """`dosing cohort`."""

    at_site: shared.AtSite = []
    unblind: shared.UnblindAll = False
    allow_deviation: Annotated[bool, flag("--allow-deviation", "Let entries outside their window stand, marked as deviations.")] = False
    accept_gap: Annotated[bool, flag("--accept-gap", "Let entries stand that break a stated minimum gap between doses.")] = False
    skip_bad: shared.SkipBad = False


class CheckOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing check`."""

    each_version: ClassVar[bool] = True  # subjects on several versions of a register's study are listed together
    country: shared.Country = None
    at_site: shared.AtSite = []
    as_of: shared.AsOf = None
    window: shared.Window = None
    everything: Annotated[bool, flag("--all", "Of several subjects, list also what is as planned.")] = False
    skip_bad: shared.SkipBad = False


class DueOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing due`."""

    each_version: ClassVar[bool] = True  # subjects on several versions of a register's study are listed together
    country: shared.Country = None
    ahead: Annotated[str | None, takes("LENGTH", "How far to look ahead: 4w. [default: 14d]")] = None
    week: Annotated[str | None, takes("this|next|DATE", "Monday to Sunday instead: this, next, or the week of a date.")] = None
    at_site: shared.AtSite = []
    as_of: shared.AsOf = None
    window: shared.Window = None
    skip_bad: shared.SkipBad = False
    ics: Annotated[str | None, takes("FILE", "Write a calendar of it, too; that of an earlier day is updated.")] = None
    stamp: Stamp = None


class ScreenOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing screen`."""

    at_site: shared.AtSite = []


class SlotsOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing slots`."""

    which: Annotated[str | None, takes("VISIT", "The visit: D182, olp/D1. [required without --next]", "--visit")] = None
    next: Annotated[bool, flag("--next", "The next visit that is open.")] = False
    at_site: shared.AtSite = []
    as_of: shared.AsOf = None
    window: shared.Window = None
    country: shared.Country = None


class StartsOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing starts`."""

    first: Annotated[str | None, takes("DATE", "The first day that may be day 1. [required]", "--from")] = None
    last: Annotated[str | None, takes("DATE", "The last one. [required]", "--to")] = None
    window: shared.Window = None
    country: shared.Country = None


class BoardOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing board`."""

    each_version: ClassVar[bool] = True  # subjects on several versions of a register's study are listed together
    month: Annotated[str | None, takes("YYYY-MM", "Which month, else that of the day of looking: 2025-07.")] = None
    ahead: Annotated[str, takes("LENGTH", "How far the list of what is due looks ahead: 4w.")] = "14d"
    at_site: shared.AtSite = []
    as_of: shared.AsOf = None
    window: shared.Window = None
    country: shared.Country = None


class HandoutOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing handout`."""

    as_of: shared.AsOf = None
    window: shared.Window = None
    country: shared.Country = None
    lang: Annotated[str | None, takes("LANG", "The page's language: en or zh. [default: en]")] = None
    with_code: Annotated[bool, flag("--with-code", "Print the subject's code on it.")] = False


class PrepareOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing prepare`."""

    country: shared.Country = None
    as_of: shared.AsOf = None
    first: Annotated[str | None, takes("DATE", "The first day of the list; without it, today.", "--from")] = None
    days: Annotated[str | None, takes("NUMBER", "How many days, the first one counted. [default: 14]")] = None
    until: Annotated[str | None, takes("DATE", "The last day, instead of --days.")] = None
    since: Annotated[str | None, takes("FILE", "The last list, from --format json: mark what is new, moved, changed or gone.")] = None
    at_site: shared.AtSite = []
    unblind: shared.UnblindAll = False
    vials: shared.Vials = "least-waste"


class OrderOptions(PrepareOptions, frozen=True, kw_only=True, eq=False):
    """`dosing order`."""

    days: Annotated[str | None, takes("NUMBER", "How many days, instead of --until.")] = None
    until: Annotated[str | None, takes("DATE", "The last day to order for.")] = None
    reserve: Annotated[str | None, takes("SHARE", "On top of what is needed, up to whole vials: 10%.")] = None
    lead: Annotated[str | None, takes("LENGTH", "From ordering to the first need of a month: 14d, 2w.")] = None


class DosesOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing doses`."""

    weights: Annotated[
        str | None, takes("KG,KG,…|FILE", "Body weights: 45,60.5,75, or 40:120:5, or a table with weight_kg, height_cm. [required]")
    ] = None
    unblind: shared.UnblindOne = False
    vials: shared.Vials = "least-waste"
    plot: Annotated[str | None, takes("FILE", "Draw cumulative doses: .svg, .png or .pdf (needs the extra `plot`).")] = None


class SimulateOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing simulate`."""

    assumptions: Annotated[str | None, takes("FILE", "What is assumed: accrual, relapses, dropout, … (a YAML file). [required]")] = None
    trials: Annotated[str, takes("NUMBER", "How many trials.")] = "10000"
    seed: Annotated[str, takes("NUMBER", "Chance begins here: the same seed gives the same numbers.")] = "1"
    scenarios: Annotated[
        str | None, takes("FILE", "Changes of the assumptions, set side by side (a YAML file).")
    ] = None  # fmt: skip
    vials: shared.Vials = "least-waste"
    by_site: Annotated[bool, flag("--by-site", "By site, too; by month and site in JSON and CSV.")] = False
    cores: Annotated[str | None, takes("NUMBER", "On how many cores; without it one, or all for more than 20,000 trials.")] = None
    as_of: Annotated[str | None, takes("DATE", "The day up to which the tables of real subjects hold; chance goes on from it.")] = None
    unblind: Annotated[bool, flag("--unblind", "Use real subjects' arms; needs --allocation.")] = False
    plot: Annotated[str | None, takes("FILE", "Draw it: .svg, .png or .pdf (needs the extra `plot`).")] = None


class CompareOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing compare`."""

    regimens: Annotated[
        list[str], typer.Argument(help="Ids or paths of study files, two or more.", metavar="ID|FILE...", autocompletion=complete_regimen)
    ]
    months: Annotated[str | None, takes("N", "The horizon: so many months from day 1. [default: 24]")] = None
    start: shared.DatesFrom = None
    until: Annotated[str | None, takes("DATE", "The horizon's last day, in place of --months; needs --start.")] = None
    weight: Annotated[str | None, takes("KG", "Body weight, for doses per kg.")] = None
    height: shared.Height = None
    sex: shared.Sex = None
    age: shared.Age = None
    measured: shared.Measured = []
    arm: shared.Arm = None


class ShowOptions(Struct, frozen=True, kw_only=True, eq=False):
    """`dosing show`."""

    regimen: Annotated[str, typer.Argument(help="An id or the path of a study file.", metavar="ID|FILE", autocompletion=complete_regimen)]
    period: Annotated[str | None, takes("ID", "One period only, where a file has several.", completed=complete_period)] = None
    site: Annotated[str | None, takes("FILE", "With a site's own facts filled in and marked (a YAML file).")] = None
    grid: Annotated[bool, flag("--grid", "The schedule of activities instead: visits by doses and assessments. Masked.")] = False


class ServeOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which register is served, where, and how it is looked at."""

    register: Register = None
    port: Annotated[str, takes("NUMBER", "The port of this computer on which it listens.")] = "8460"
    demo: Annotated[bool, flag("--demo", "A register of an invented trial, which is gone at the end.")] = False
    behind_proxy: Annotated[str | None, takes("URL", "The address under which a proxy with TLS is reached, https://NAME.")] = None
    country: Annotated[str | None, takes("CODE", "Whose public holidays are closed days: CN.")] = None
    zone: Annotated[str | None, takes("ZONE", "The time zone of the site. [default: the computer's]")] = None
    as_of: Annotated[str | None, takes("DATE", "The day that the pages take for today.")] = None


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
