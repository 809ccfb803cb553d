"""The commands by which tables come into a register, and out of it: what each takes, and what its help says."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.import_options import ImportOptions
from nmosd_dosing.cli.options import OF_ONE_SUBJECT
from nmosd_dosing.cli.register_options import AsKnown, RegisterOptions

TABLE_COMMANDS = Commands()
_OF_ONE = (*OF_ONE_SUBJECT, "on", "visit", "screening", "had", "half_life", "as_known", "study_version", "measured", "age")


@TABLE_COMMANDS.command(without=(*_OF_ONE, "allocation"))
def init(tables: ImportOptions) -> None:
    """Make a register of the tables that the trial file or the options name, of all of them or not at all; without tables an empty one.

    What any command refuses of the tables is refused here, with the same words. The user who types it is its first manager. The study
    is taken in, too. Arms are not: an unblinded pharmacist brings the allocation in.

    \b
    Examples:
      dosing register init --register trial.db
      dosing register init --register trial.db --regimen bat4406f --subjects subjects.csv --visits visits.csv
    """
    from nmosd_dosing.cli.run.register_tables import run_init

    run_init(tables)


@TABLE_COMMANDS.command(without=_OF_ONE)
def import_(
    tables: ImportOptions,
    reason: Annotated[str | None, typer.Option(help="Why rows are corrected.", metavar="TEXT")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write it without asking.")] = False,
) -> None:
    """Bring tables into a register: rows that are new, and corrections of rows that it has; it is shown first, and asked for.

    Rows that are there already are passed over. What the tables do not have stays. Corrections need a reason.

    \b
    Examples:
      dosing register import --register trial.db --visits visits.csv
      dosing register import --register trial.db --subjects subjects.csv --reason "weights of the new scale" --yes
    """
    from nmosd_dosing.cli.run.register_tables import run_import

    run_import(tables, reason, yes)


@TABLE_COMMANDS.command()
def export(
    asked: RegisterOptions,
    folder: Annotated[str, typer.Argument(help="The folder into which they are written.", metavar="FOLDER")],
    as_known: AsKnown = None,
    over: Annotated[bool, typer.Option("--over", help="Write over files that are there.")] = False,
) -> None:
    """Write the tables of a register: those whom the account sees, and for an unblinded pharmacist the allocation.

    \b
    Examples:
      dosing register export tables --register trial.db
      dosing register export tables-of-july --register trial.db --as-known 2025-07-01T12:00Z
    """
    from nmosd_dosing.cli.run.register_tables import run_export

    run_export(asked, folder, as_known, over)
