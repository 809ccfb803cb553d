"""`dosing register …`: what its commands do."""

from __future__ import annotations

from nmosd_dosing.cli.register_options import RegisterOptions
from nmosd_dosing.errors import InputError, Problem


def run_head(asked: RegisterOptions) -> None:
    """Prints the last numbers and hashes of both stores."""
    from nmosd_dosing.register import register

    if asked.register is None:
        raise InputError(Problem("`--register` is missing", hint="name the register, for example `--register trial.db`"))
    opened = register.open(asked.register)
    print(f"{opened.facts.head().seq}:{opened.facts.head().hash}")
