"""The commands behind `register`: what each takes, and what its help says. They are loaded where one of them is asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli import register_options as options
from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.options import OF_ONE_SUBJECT, ImportOptions
from nmosd_dosing.cli.output_options import AnswerOutput, TrailOutput
from nmosd_dosing.cli.register_options import RegisterOptions
from nmosd_dosing.cli.shared_options import flag, takes

REGISTER_COMMANDS, ACCOUNT_COMMANDS = Commands(), Commands()
_OF_ONE = (*OF_ONE_SUBJECT, "on", "visit", "screening", "had", "half_life", "as_known", "study_version", "measured", "age")
_Number = Annotated[str, typer.Argument(help="The row's number, as `history` shows it.", metavar="NUMBER", show_default=False)]
_Cells = Annotated[list[str], typer.Argument(help="The cells: date=2025-07-08.", metavar="CELL=TEXT…", show_default=False)]
_Name = Annotated[str, typer.Argument(help="The account.", metavar="NAME")]

# --- tables, into it and out of it -----------------------------------------------------------------------------------------


@REGISTER_COMMANDS.command("register_tables.run_init", without=(*_OF_ONE, "allocation"))
def init(tables: ImportOptions) -> None:
    """Make a register of the tables that the trial file or the options name, of all of them or not at all; without tables an empty one.

    What any command refuses of the tables is refused here, with the same words. The user who types it is its first manager. The study
    is taken in, too. Arms are not: an unblinded pharmacist brings the allocation in.

    \b
    Examples:
      dosing register init --register trial.db
      dosing register init --register trial.db --regimen bat4406f --subjects subjects.csv --visits visits.csv
    """


@REGISTER_COMMANDS.command("register_tables.run_import", without=_OF_ONE)
def import_(
    tables: ImportOptions,
    reason: Annotated[str | None, takes("TEXT", "Why rows are corrected.")] = None,
    yes: Annotated[bool, flag("--yes", "Write it without asking.")] = False,
) -> None:
    """Bring tables into a register: rows that are new, and corrections of rows that it has; it is shown first, and asked for.

    Rows that are there already are passed over. What the tables do not have stays. Corrections need a reason.

    \b
    Examples:
      dosing register import --register trial.db --visits visits.csv
      dosing register import --register trial.db --subjects subjects.csv --reason "weights of the new scale" --yes
    """


@REGISTER_COMMANDS.command("register_tables.run_export")
def export(
    asked: RegisterOptions,
    folder: Annotated[str, typer.Argument(help="The folder into which they are written.", metavar="FOLDER")],
    as_known: options.AsKnown = None,
    over: Annotated[bool, flag("--over", "Write over files that are there.")] = False,
) -> None:
    """Write the tables of a register: those whom the account sees, and for an unblinded pharmacist the allocation.

    \b
    Examples:
      dosing register export tables --register trial.db
      dosing register export tables-of-july --register trial.db --as-known 2025-07-01T12:00Z
    """


# --- what people write by hand, and the trail of it -----------------------------------------------------------------------


@REGISTER_COMMANDS.command("register_writing.run_record")
def record(
    asked: RegisterOptions,
    writing: options.WritingOptions,
    output: AnswerOutput,
    table: Annotated[
        str,
        typer.Argument(
            help="subjects, events, visits, weighings, measurements, history or allocation.", metavar="TABLE", show_default=False
        ),
    ],
    cells: _Cells,
) -> None:
    """Write a new row of a table into the register.

    Cells are those of the tables, written as people write them there, and what the tables' readers refuse is refused. A day 1 that moves, a
    visit that is recorded twice and a weight far from the one before ask for a reason.

    \b
    Examples:
      dosing register record visits subject=0101 visit=rcp/D182 date=2025-07-07 --register trial.db
      dosing register record subjects subject=0110 site=01 start=2025-07-01 --register trial.db
      dosing register record events subject=0103 event=relapse date=2025-07-04 --register trial.db
    """


@REGISTER_COMMANDS.command("register_writing.run_correct")
def correct(asked: RegisterOptions, writing: options.WritingOptions, output: AnswerOutput, number: _Number, cells: _Cells) -> None:
    """Correct cells of a row, with a reason: a new row stands in its place, and the old one stays in the trail.

    An empty text empties a cell: `comment=`.

    \b
    Examples:
      dosing register correct 31 date=2025-07-08 --reason "7 typed for 8" --register trial.db
    """


@REGISTER_COMMANDS.command("register_writing.run_withdraw")
def withdraw(asked: RegisterOptions, writing: options.WithdrawOptions, output: AnswerOutput, number: _Number) -> None:
    """Withdraw a row that should not be there, with a reason: it stays in the trail, and nothing stands in its place.

    A subject who leaves the study is not withdrawn here: that is an event, `withdrawn`.

    \b
    Examples:
      dosing register withdraw 32 --reason "was another subject's" --register trial.db
      dosing register withdraw 12 --whole --reason "entered twice" --register trial.db
    """


@REGISTER_COMMANDS.command("register_writing.run_blank")
def blank(
    asked: RegisterOptions,
    writing: options.WritingOptions,
    output: AnswerOutput,
    number: _Number,
    cell: Annotated[
        str, typer.Argument(help="The cell; `its-reason` for the reason that was given with it.", metavar="CELL", show_default=False)
    ],
) -> None:
    """Take a text out that should never have been written, such as a patient's name, with a reason. It cannot be brought back.

    It goes from the row, and from all that stood in its place with the same text. That it was taken out, by whom and why, stays.

    \b
    Examples:
      dosing register blank 31 comment --reason "a patient's name" --register trial.db
    """


@REGISTER_COMMANDS.command("register_trail.run_history")
def history(asked: RegisterOptions, about: options.HistoryOfRegister, output: TrailOutput) -> None:
    """Who wrote what, when, and why it was changed: a sentence for each entry of the trail.

    \b
    Examples:
      dosing register history --subject 0101 --register trial.db
      dosing register history --subject 0101 --visit rcp/D182 --register trial.db
      dosing register history --from 2025-07-01 --by wang.fang --format csv --register trial.db
    """


@REGISTER_COMMANDS.command("register_trail.run_verify")
def verify(
    asked: RegisterOptions,
    output: AnswerOutput,
    head: Annotated[list[str] | None, takes("NUMBER:HASH", "What `head` printed, and you kept elsewhere. Repeatable.")] = None,
) -> None:
    """Whether the trail is as it was written: each entry, its content, their order, and what guards them. Exit code 1 where it is not.

    Only with --head it finds that the last entries were taken away, or that all was reckoned anew by whoever owns the database.

    \b
    Examples:
      dosing register verify --register trial.db
      dosing register verify --head 45:3f5a…c1 --register trial.db
    """


@REGISTER_COMMANDS.command("register_trail.run_head")
def head(asked: RegisterOptions, output: AnswerOutput) -> None:
    """The last entry's number and hash, to be kept elsewhere, on paper or in a mail: `verify --head` compares them.

    \b
    Examples:
      dosing register head --register trial.db
    """


# --- files, and who is let in by a server ---------------------------------------------------------------------------------


@REGISTER_COMMANDS.command("accounts.run_grant")
def grant(
    asked: options.GrantOptions, role: Annotated[str, typer.Argument(help="The role, as PostgreSQL knows it.", metavar="ROLE")]
) -> None:
    """Let a role of a PostgreSQL server read a register and add to it. Who made the register types it.

    \b
    Examples:
      dosing register grant dosing_sites --register postgresql://owner@db.example/trial
      dosing register grant dosing_arms --unblinded --register postgresql://owner@db.example/trial
    """


@REGISTER_COMMANDS.command("register_files.run_adopt")
def adopt(
    asked: RegisterOptions,
    file: Annotated[str, typer.Argument(help="A study file, a shipped study's id, or a site's file.", metavar="FILE|ID")],
    used: options.AdoptOptions,
) -> None:
    """Take a study file or a site's file into the register, whole, as its next version; and say who uses it from which day.

    Subjects who come from then on are on that version; who is there stays on his, until his row is corrected (`study_version`).

    \b
    Examples:
      dosing register adopt my-study.yaml --from 2025-07-01
      dosing register adopt my-study.yaml --from 2025-09-01 --at-site 01 --at-site 02
      dosing register adopt my-site.yaml --at-site 01
    """


@REGISTER_COMMANDS.command("register_files.run_files")
def files(asked: RegisterOptions, output: AnswerOutput) -> None:
    """The study files and site files that the register holds, by version, and who uses which from when.

    \b
    Examples:
      dosing register files
      dosing register files --format json
    """


@REGISTER_COMMANDS.command("register_files.run_backup")
def backup(
    asked: RegisterOptions,
    file: Annotated[str, typer.Argument(help="The file to write.", metavar="FILE")],
    arms: Annotated[bool, flag("--arms", "The arms, which are a file of their own.")] = False,
) -> None:
    """Write all that the register holds into one file, without arms; or, with --arms, the arms alone.

    \b
    Examples:
      dosing register backup trial-2025-07-01.gz
      dosing register backup arms-2025-07-01.gz --arms --account phil
    """


@REGISTER_COMMANDS.command("register_files.run_restore")
def restore(
    asked: RegisterOptions,
    file: Annotated[str, typer.Argument(help="What `dosing register backup` wrote.", metavar="FILE")],
    arms: Annotated[str | None, takes("FILE", "A backup of the arms, too.")] = None,
) -> None:
    """Make a register of a backup, on either database. Its chain is verified before anybody can use it.

    \b
    Examples:
      dosing register restore trial-2025-07-01.gz --register again.db
      dosing register restore trial-2025-07-01.gz --arms arms-2025-07-01.gz --register postgresql://owner@db.example/trial
    """


# --- accounts -------------------------------------------------------------------------------------------------------------


@ACCOUNT_COMMANDS.command("accounts.run_add")
def add(asked: RegisterOptions, account: options.NewAccount, name: _Name) -> None:
    """Make an account.

    \b
    Examples:
      dosing register account add lina --role coordinator --sites 01,02 --user lina
      dosing register account add tom --role monitor --sites all
    """


@ACCOUNT_COMMANDS.command("accounts.run_role")
def role(
    asked: RegisterOptions,
    name: _Name,
    role: Annotated[str, typer.Argument(help="Its role from now on.", metavar="ROLE")],
    sites: options.Sites = None,
    reason: options.Reason = None,
) -> None:
    """Give an account another role, or other sites.

    \b
    Examples:
      dosing register account role lina monitor --sites 01 --reason "study team changed"
    """


@ACCOUNT_COMMANDS.command("accounts.run_disable")
def disable(asked: RegisterOptions, name: _Name, reason: options.Reason = None) -> None:
    """Let nobody in by an account any more. It stays in the trail.

    \b
    Examples:
      dosing register account disable lina --reason "left the site"
    """


@ACCOUNT_COMMANDS.command("accounts.run_enable")
def enable(asked: RegisterOptions, name: _Name, reason: options.Reason = None) -> None:
    """Let the owner of an account in again.

    \b
    Examples:
      dosing register account enable lina --reason "is back"
    """


@ACCOUNT_COMMANDS.command("accounts.run_password")
def password(
    asked: RegisterOptions,
    name: _Name,
    new_password_file: Annotated[
        str | None, takes("FILE", "A file with the new password in its first line; else it is asked for, twice.")
    ] = None,
) -> None:
    """Give an account a password: a manager any, everybody their own.

    \b
    Examples:
      dosing register account password lina
    """


@ACCOUNT_COMMANDS.command("accounts.run_list")
def list_(asked: RegisterOptions, output: AnswerOutput) -> None:
    """All accounts, also those that are disabled.

    \b
    Examples:
      dosing register account list
      dosing register account list --format json
    """
