"""The commands of the register by which people write in it by hand, and read its trail. What each does is in a room of `run`."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.output_options import AnswerOutput, TrailOutput
from nmosd_dosing.cli.register_options import HistoryOfRegister, RegisterOptions, WithdrawOptions, WritingOptions

WRITING_COMMANDS = Commands()
_Number = Annotated[str, typer.Argument(help="The row's number, as `history` shows it.", metavar="NUMBER", show_default=False)]
_Cells = Annotated[list[str], typer.Argument(help="The cells: date=2025-07-08.", metavar="CELL=TEXT…", show_default=False)]


@WRITING_COMMANDS.command()
def record(
    asked: RegisterOptions,
    writing: WritingOptions,
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
    from nmosd_dosing.cli.run.register_writing import run_record

    run_record(asked, writing, output, table, cells)


@WRITING_COMMANDS.command()
def correct(asked: RegisterOptions, writing: WritingOptions, output: AnswerOutput, number: _Number, cells: _Cells) -> None:
    """Correct cells of a row, with a reason: a new row stands in its place, and the old one stays in the trail.

    An empty text empties a cell: `comment=`.

    \b
    Examples:
      dosing register correct 31 date=2025-07-08 --reason "7 typed for 8" --register trial.db
    """
    from nmosd_dosing.cli.run.register_writing import run_correct

    run_correct(asked, writing, output, number, cells)


@WRITING_COMMANDS.command()
def withdraw(asked: RegisterOptions, writing: WithdrawOptions, output: AnswerOutput, number: _Number) -> None:
    """Withdraw a row that should not be there, with a reason: it stays in the trail, and nothing stands in its place.

    A subject who leaves the study is not withdrawn here: that is an event, `withdrawn`.

    \b
    Examples:
      dosing register withdraw 32 --reason "was another subject's" --register trial.db
      dosing register withdraw 12 --whole --reason "entered twice" --register trial.db
    """
    from nmosd_dosing.cli.run.register_writing import run_withdraw

    run_withdraw(asked, writing, output, number)


@WRITING_COMMANDS.command()
def blank(
    asked: RegisterOptions,
    writing: WritingOptions,
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
    from nmosd_dosing.cli.run.register_writing import run_blank

    run_blank(asked, writing, output, number, cell)


@WRITING_COMMANDS.command()
def history(asked: RegisterOptions, about: HistoryOfRegister, output: TrailOutput) -> None:
    """Who wrote what, when, and why it was changed: a sentence for each entry of the trail.

    \b
    Examples:
      dosing register history --subject 0101 --register trial.db
      dosing register history --subject 0101 --visit rcp/D182 --register trial.db
      dosing register history --from 2025-07-01 --by wang.fang --format csv --register trial.db
    """
    from nmosd_dosing.cli.run.register_trail import run_history

    run_history(asked, about, output)


@WRITING_COMMANDS.command()
def verify(
    asked: RegisterOptions,
    output: AnswerOutput,
    head: Annotated[
        list[str] | None, typer.Option(help="What `head` printed, and you kept elsewhere. Repeatable.", metavar="NUMBER:HASH")
    ] = None,
) -> int:
    """Whether the trail is as it was written: each entry, its content, their order, and what guards them. Exit code 1 where it is not.

    Only with --head it finds that the last entries were taken away, or that all was reckoned anew by whoever owns the database.

    \b
    Examples:
      dosing register verify --register trial.db
      dosing register verify --head 45:3f5a…c1 --register trial.db
    """
    from nmosd_dosing.cli.run.register_trail import run_verify

    return run_verify(asked, output, head or [])


@WRITING_COMMANDS.command()
def head(asked: RegisterOptions, output: AnswerOutput) -> None:
    """The last entry's number and hash, to be kept elsewhere, on paper or in a mail: `verify --head` compares them.

    \b
    Examples:
      dosing register head --register trial.db
    """
    from nmosd_dosing.cli.run.register_trail import run_head

    run_head(asked, output)
