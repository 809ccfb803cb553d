"""What the commands of the register take: which register, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

Register = Annotated[str | None, typer.Option(help="The register: a file, or postgresql://USER@HOST/NAME.", metavar="FILE|URL")]
Account = Annotated[str | None, typer.Option(help="Who is asking. [default: the user of this computer]", metavar="NAME")]
PasswordFile = Annotated[
    str | None, typer.Option(help="A file with the account's password in its first line; else it is asked for.", metavar="FILE")
]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RegisterOptions:
    """Which register, and who is asking."""

    register: Register = None
    account: Account = None
    password_file: PasswordFile = None
