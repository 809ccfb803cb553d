"""What `dosing register init` and `import` take: tables."""

from __future__ import annotations

from typing import ClassVar

from nmosd_dosing.cli.options import HistoryOptions
from nmosd_dosing.values import dataclass


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ImportOptions(HistoryOptions):
    """Tables that are brought into a register."""

    from_register: ClassVar[bool] = False
