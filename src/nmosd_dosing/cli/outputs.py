"""What a command puts out: a table of formats for each command, of which one is written, to standard output or whole into a file.

A format's function makes a page, a text, the pieces of a long text, bytes, a list, which is written
as CSV, or plain values, which are written as JSON.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli.edge import print_table, text_of, write_bytes, write_data
from nmosd_dosing.cli.files import write_whole
from nmosd_dosing.errors import Problems, clip, did_you_mean, one_of
from nmosd_dosing.report.export.plain import Sheet, csv_text

if TYPE_CHECKING:
    from nmosd_dosing.cli.output_options import OutputOptions

Formats = Mapping[str, Callable[..., Any]]


def page(room: str, name: str) -> Callable[..., Any]:
    """A function of a room of `report/pages`, which is loaded when the function is called: no other format needs what lays out pages."""
    return lambda *made, **more: getattr(importlib.import_module(f"nmosd_dosing.report.pages.{room}"), name)(*made, **more)


def listed(page: Callable[..., Any], plain: Callable[..., Any], sheet: Callable[..., Sheet]) -> dict[str, Callable[..., Any]]:
    """The formats of a list: a page, plain values or JSON, CSV, and a workbook, which has the lines of the page, too."""

    def workbook(*made: object) -> bytes:
        from nmosd_dosing.report.export.workbook import to_xlsx

        return to_xlsx([sheet(*made)], page(*made).lines)

    return {"table": page, "json": plain, "csv": lambda *made: csv_text(sheet(*made)), "xlsx": workbook}


def check_format(formats: Formats, asked: str, problems: Problems) -> None:
    if asked not in formats:
        problems.error(f"unknown format `{asked}`", None, did_you_mean(asked, formats) or f"write {one_of(formats)}")


_FOR_FILES = {"xlsx": "a workbook", "html": "a page for a browser", "parquet": "a table of Parquet"}  # formats that no terminal shows
_KINDS = {**_FOR_FILES, "ics": "a calendar", "xls": "a workbook", "svg": "a drawing", "png": "a drawing", "pdf": "a document"}


def check_output(formats: Formats, asked: OutputOptions, problems: Problems, elsewhere: Mapping[str, str] | None = None) -> None:
    """The format is one of those that there are, and the name of the output does not end like something else.

    `elsewhere`: for endings of what another option writes, what to type.
    """
    ending, named = asked.ending, f"`--output {clip(asked.output or '')}`"
    if (asked.output or "").endswith(("/", "\\")):
        problems.error(f"{named} is the name of a folder", None, "name a file in it")
        return
    if asked.format is not None:
        check_format(formats, asked.format, problems)
    if asked.written_as in _FOR_FILES and asked.written_as in formats:
        _check_file(asked, problems)
    if not ending or (asked.format is not None and asked.format not in formats):
        return
    says = asked.endings.get(ending)
    if says == asked.written_as and says in formats:
        return
    known = {format: end for end, format in reversed([*asked.endings.items()]) if format in formats}
    if says in formats:
        end = f".{known[asked.written_as]}" if asked.written_as in known else ".txt"
        wrong = f"{named} ends in `.{ending}`, and `--format` asks for {asked.written_as}"
        problems.error(wrong, None, f"end the name in `{end}`, or write `--format {says}`")
        return
    wrong = f"{named} is the name of {_KINDS[ending]}" if ending in _KINDS else f"{named} ends in `.{ending}`, which cannot be written here"
    ends = one_of(f".{end}" for end in [*(end for end, format in asked.endings.items() if format in formats), *asked.plain[:1]])
    problems.error(wrong, None, (elsewhere or {}).get(ending, f"name a file that ends in {ends}"))


def stop_where_wrong(formats: Formats, asked: OutputOptions) -> None:
    """The same, for a command that has nothing else to check before it looks. Fails where it is wrong."""
    problems = Problems()
    check_output(formats, asked, problems)
    problems.stop()


def _check_file(asked: OutputOptions, problems: Problems) -> None:
    """What no terminal shows is not for one; and a workbook can be written here."""
    form = asked.written_as
    if asked.output is None and sys.stdout.isatty():
        hint = f"name a file, `--output list.{form}`, or send it on"
        problems.error(f"{_FOR_FILES[form]} is not for a terminal", None, hint)
    if form == "xlsx":
        from nmosd_dosing.report.export.workbook import check_installed

        check_installed(problems)
    if form == "parquet":
        from nmosd_dosing.report.export import parquet

        parquet.check_installed(problems)


def put_drawn(formats: Formats, asked: OutputOptions, plot: str | None, draw: Callable[[Any, str], bytes], made: Any) -> None:
    """What was made, and, where a file is named for it, its drawing; nothing is written before both are worked out."""
    from nmosd_dosing.report.plots.drawing import ending_of

    drawing = draw(made, ending_of(plot)) if plot is not None else b""
    found = rendered(formats, asked, made)
    if plot is not None:
        write_whole(plot, drawing)
    write(found, asked.output)


def put(formats: Formats, asked: OutputOptions, *made: object) -> None:
    """What was made, in the format asked for."""
    write(rendered(formats, asked, *made), asked.output)


def rendered(formats: Formats, asked: OutputOptions, *made: object) -> Any:
    """The same, worked out and not yet written: a page, or text."""
    from nmosd_dosing.report.export.plain import Sheet, csv_text, json_text

    found = formats[asked.written_as](*made)
    if isinstance(found, Sheet):
        return csv_text(found)
    if isinstance(found, dict):
        return json_text(found)
    return found if isinstance(found, str | bytes | Iterator) or asked.output is None else text_of(found)


def write(found: Any, output: str | None) -> None:
    if output is not None:
        write_whole(output, found)
    elif isinstance(found, str):
        write_data(found)
    elif isinstance(found, bytes):
        write_bytes(found)
    elif isinstance(found, Iterator):
        for piece in found:
            write_bytes(piece) if isinstance(piece, bytes) else write_data(piece)
    else:
        print_table(found)
