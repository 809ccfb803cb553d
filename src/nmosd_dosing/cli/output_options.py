"""The options of what is written, as `options` has those of everything else: in which format, and where to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Struct

from nmosd_dosing.cli.shared_options import takes


def _one_of(formats: str) -> Any:
    return takes("FORMAT", f"{formats}; without it, what the ending of --output says.")


class OutputOptions(Struct, frozen=True, kw_only=True, eq=False):
    """In which format, and where to."""

    format: Annotated[str | None, _one_of("table, json, csv or xlsx")] = None
    output: Annotated[str | None, takes("FILE", "Write to a file instead: it is written whole, or not at all.")] = None

    endings: ClassVar[Mapping[str, str]] = {"json": "json", "csv": "csv", "xlsx": "xlsx"}
    plain: ClassVar[Sequence[str]] = ("txt", "text", "log", "out")  # endings of whatever is text
    usual: ClassVar[str] = "table"

    @property
    def ending(self) -> str:
        """The ending of the output's name, without its point; nothing where it ends in none, or in one that says nothing of a format."""
        found = re.search(r"[^/\\.][^/\\]*\.([A-Za-z0-9]{1,8})$", self.output or "")  # longer ones are of `mktemp`, numbers are versions
        ending = found[1].lower() if found and not found[1].isdecimal() else ""
        return "" if ending in self.plain else ending

    @property
    def written_as(self) -> str:
        """The format asked for; else what the name of the output says; else the usual one."""
        return self.format if self.format is not None else self.endings.get(self.ending, self.usual)


class TypedOutput(OutputOptions, frozen=True, kw_only=True, eq=False):
    """Lists that statistics read, too."""

    format: Annotated[str | None, _one_of("table, json, csv, xlsx or parquet")] = None

    endings: ClassVar[Mapping[str, str]] = {**OutputOptions.endings, "parquet": "parquet"}


class CohortOutput(OutputOptions, frozen=True, kw_only=True, eq=False):
    """Rows for programs."""

    format: Annotated[str | None, takes("FORMAT", "csv, json (a line for each visit), xlsx or parquet.")] = None

    endings: ClassVar[Mapping[str, str]] = {"csv": "csv", "jsonl": "json", "json": "json", "parquet": "parquet", "xlsx": "xlsx"}
    usual: ClassVar[str] = "csv"


class PageOutput(OutputOptions, frozen=True, kw_only=True, eq=False):
    """A page to print and to look at."""

    format: Annotated[str | None, _one_of("table or html")] = None

    endings: ClassVar[Mapping[str, str]] = {"html": "html"}


class GridOutput(OutputOptions, frozen=True, kw_only=True, eq=False):
    """A schedule of activities."""

    format: Annotated[str | None, _one_of("Of --grid: table, csv, html or xlsx")] = None

    endings: ClassVar[Mapping[str, str]] = {"csv": "csv", "html": "html", "xlsx": "xlsx"}


class HandoutOutput(PageOutput, frozen=True, kw_only=True, eq=False):
    """A page to hand over."""

    plain: ClassVar[Sequence[str]] = ()
    usual: ClassVar[str] = "html"


class AnswerOutput(OutputOptions, frozen=True, kw_only=True, eq=False):
    """What a register answers."""

    format: Annotated[str | None, _one_of("table or json")] = None

    endings: ClassVar[Mapping[str, str]] = {"json": "json"}


class TrailOutput(OutputOptions, frozen=True, kw_only=True, eq=False):
    """The trail of a register."""

    format: Annotated[str | None, _one_of("table, json or csv")] = None

    endings: ClassVar[Mapping[str, str]] = {"json": "json", "csv": "csv"}
