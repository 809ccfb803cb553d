"""The stop of a study that a command must count over everybody whom the register has, where it asks for some of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.shared_options import Counted
from nmosd_dosing.errors import DosingError, InputError, Problem, Problems

if TYPE_CHECKING:
    from nmosd_dosing.cli.registers import Opened
    from nmosd_dosing.register.reading.tables import Known
    from nmosd_dosing.study.model import Study


def counted(given: Mapping[str, Any], found: Opened, known: Known | None) -> Counted:
    """Of a study that is stopped by a count of its subjects, the days of its rules, counted over everybody whom the register has. Raises
    InputError where what it holds contradicts itself."""
    from nmosd_dosing.register.reading import counting

    study = _counting(given)
    if study is None:
        return ()
    as_of = arguments.maybe(arguments.date, "--as-of", given.get("as_of"), Problems()) or dt.date.today()
    try:
        return counting.over_everybody(study, found.register, known, as_of)
    except DosingError as error:
        if found.who.sites is None:
            raise
        raise InputError(Problem(
            "the stop of the study cannot be counted: what the register has of other sites contradicts itself",
            hint="tell a manager, who is told what it is",
        )) from error  # fmt: skip


def _counting(given: Mapping[str, Any]) -> Study | None:
    """The study, if it is stopped by a count of its subjects; what else is wrong with it is told later."""
    from nmosd_dosing.cli import regimens
    from nmosd_dosing.register.reading import counting

    try:
        study, periods = regimens.found(given["regimen"], given.get("period"))
    except DosingError:
        return None
    return study if counting.rules(study) and len(periods) > 1 else None
