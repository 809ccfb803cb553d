"""`dosing serve`: what its help says."""

from __future__ import annotations

from nmosd_dosing.cli.command_list import Commands
from nmosd_dosing.cli.serve_options import ServeOptions

SERVE_COMMANDS = Commands()


@SERVE_COMMANDS.command()
def serve(asked: ServeOptions) -> None:
    """Pages over a register, for a browser, and calendars that refresh themselves. It listens on this computer only; Ctrl+C ends it.

    Each account needs a password: dosing register account password NAME

    \b
    Examples:
      dosing serve --demo
      dosing serve --register trial.db --country CN --zone Asia/Shanghai
      dosing serve --register postgresql://dosing@db.example/trial --behind-proxy https://dosing.example.org
    """
    from nmosd_dosing.cli.run.serve import run

    run(asked)
