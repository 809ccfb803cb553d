"""What `dosing register init` and `import` take: tables."""

from __future__ import annotations

from typing import ClassVar

from nmosd_dosing.cli.options import HistoryOptions


class ImportOptions(HistoryOptions, frozen=True, kw_only=True, eq=False):
    """Tables that are brought into a register."""

    from_register: ClassVar[bool] = False
