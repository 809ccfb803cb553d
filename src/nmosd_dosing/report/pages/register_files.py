"""The files that a register holds, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nmosd_dosing.days import date_text
from nmosd_dosing.errors import CHECKSUM, clip
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import text

if TYPE_CHECKING:
    from nmosd_dosing.register.reading.studies import File, Use


def files_page(files: Sequence[File], uses: Sequence[Use]) -> Page:
    """One line for each file, with who uses it from when."""
    made = Table("Kind", "Id", "Version", "File", "SHA-256", "Used by", wraps=("Used by",), below=("File", "SHA-256"))
    for file in files:
        used = [_used(use) for use in uses if (use.kind, use.id, use.version) == (file.kind, file.id, file.version)]
        made.add_row(*map(text, (file.kind, file.id, file.version, file.name, clip(file.checksum, CHECKSUM), "; ".join(used))))
    return Page(made)


def _used(use: Use) -> str:
    whom = f"site {use.site}" if use.site is not None else "all sites"
    return f"{whom} from {date_text(use.start)}" if use.start is not None else whom
