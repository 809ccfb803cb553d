"""What a command puts out: a table of formats for each command, of which one is written, to standard output or whole into a file.

A format's function makes a page, a text, the pieces of a long text, or plain values, which are written as JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli.edge import print_table, text_of, write_text
from nmosd_dosing.cli.files import write_whole
from nmosd_dosing.errors import Problems, did_you_mean, one_of

if TYPE_CHECKING:
    from nmosd_dosing.cli.options import OutputOptions

Formats = Mapping[str, Callable[..., Any]]


def check_format(formats: Formats, asked: str, problems: Problems) -> None:
    if asked not in formats:
        problems.error(f"unknown format `{asked}`", None, did_you_mean(asked, formats) or f"write {one_of(formats)}")


def put(formats: Formats, asked: OutputOptions, *made: object) -> None:
    """What was made, in the format asked for."""
    write(rendered(formats, asked, *made), asked.output)


def rendered(formats: Formats, asked: OutputOptions, *made: object) -> Any:
    """The same, worked out and not yet written: a page, or text."""
    found = formats[asked.written_as](*made)
    if isinstance(found, dict):
        import json

        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    return found if isinstance(found, str | Iterator) or asked.output is None else text_of(found)


def write(found: Any, output: str | None) -> None:
    if output is not None:
        write_whole(output, found)
    elif isinstance(found, str):
        write_text(found)
    elif isinstance(found, Iterator):
        for piece in found:
            write_text(piece)
    else:
        print_table(found)
