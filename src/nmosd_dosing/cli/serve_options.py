"""What `dosing serve` takes."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct

from nmosd_dosing.cli.register_options import Register


class ServeOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Which register is served, where, and how it is looked at."""

    register: Register = None
    port: Annotated[str, typer.Option(help="The port of this computer on which it listens.", metavar="NUMBER")] = "8460"
    demo: Annotated[bool, typer.Option("--demo", help="A register of an invented trial, which is gone at the end.")] = False
    behind_proxy: Annotated[
        str | None, typer.Option(help="The address under which a proxy with TLS is reached, https://NAME.", metavar="URL")
    ] = None
    country: Annotated[str | None, typer.Option(help="Whose public holidays are closed days: CN.", metavar="CODE")] = None
    zone: Annotated[str | None, typer.Option(help="The time zone of the site. [default: the computer's]", metavar="ZONE")] = None
    as_of: Annotated[str | None, typer.Option(help="The day that the pages take for today.", metavar="DATE")] = None
