"""What `dosing regimens`, `show`, `validate` and `schema` take."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import (
    complete_regimen,
)


def regimens(
    format: Annotated[str, typer.Option(help="table or json.", metavar="FORMAT")] = "table",
) -> None:
    """The shipped regimens.

    \b
    Example:
      dosing regimens
    """
    from nmosd_dosing.cli.run.studies import regimens

    regimens(format)


def show(
    regimen: Annotated[str, typer.Argument(help="An id or the path of a study file.", metavar="ID|FILE", autocompletion=complete_regimen)],
    site: Annotated[str | None, typer.Option(help="With a site's own facts filled in and marked (a YAML file).", metavar="FILE")] = None,
) -> None:
    """A regimen in full: timing, doses of every arm, sources, what is not stated and what is assumed.

    \b
    Examples:
      dosing show mil62
      dosing show my-study.yaml
      dosing show bat4406f --site my-site.yaml
    """
    from nmosd_dosing.cli.run.studies import show

    show(regimen, site)


def validate(
    files: Annotated[list[str], typer.Argument(help="Study files, and the files that go with them.", metavar="FILE...")],
) -> None:
    """Check study files, site files and assumptions of simulations and show every problem.

    A site file is checked against its study, one of the files given or a shipped one; so are assumptions that name a study.

    \b
    Examples:
      dosing validate my-study.yaml
      dosing validate my-study.yaml my-site.yaml
    """
    from nmosd_dosing.cli.run.studies import validate

    validate(files)


def schema(
    site: Annotated[bool, typer.Option("--site", help="Of site files instead.")] = False,
    assumptions: Annotated[bool, typer.Option("--assumptions", help="Of the assumptions of a simulation.")] = False,
    scenarios: Annotated[bool, typer.Option("--scenarios", help="Of files of scenarios.")] = False,
) -> None:
    """The JSON Schema of study files, for editors.

    \b
    Examples:
      dosing schema > study.schema.json
      dosing schema --site > site.schema.json
      dosing schema --assumptions > assumptions.schema.json
    """
    from nmosd_dosing.cli.run.studies import schema

    schema({"site": site, "assumptions": assumptions, "scenarios": scenarios})
