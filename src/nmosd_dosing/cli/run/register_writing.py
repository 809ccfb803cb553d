"""`dosing register record`, `correct`, `withdraw`, `blank`: what somebody types, written; and said, what was written and what it moves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

from nmosd_dosing.cli import outputs
from nmosd_dosing.cli.edge import say
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.register_options import RegisterOptions, WithdrawOptions, WritingOptions
from nmosd_dosing.cli.registers import opened
from nmosd_dosing.errors import Problems, clip
from nmosd_dosing.report.export.trail import line_dict, moved_dict
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.register.desk import Desk
    from nmosd_dosing.register.writing.changes import Book, Change

ITS_REASON = "its-reason"


def run_record(asked: RegisterOptions, writing: WritingOptions, output: OutputOptions, table: str, cells: Sequence[str]) -> None:
    """Writes a row."""
    problems = Problems()
    typed = _cells(cells, problems)
    _write(asked, writing, output, problems, lambda changes, book: changes.record(book, table, typed, writing.reason))


def run_correct(asked: RegisterOptions, writing: WritingOptions, output: OutputOptions, number: str, cells: Sequence[str]) -> None:
    """Writes another row in the place of one."""
    problems = Problems()
    typed = _cells(cells, problems)
    _write(asked, writing, output, problems, lambda changes, book: changes.correct(book, number, typed, writing.reason))


def run_withdraw(asked: RegisterOptions, writing: WithdrawOptions, output: OutputOptions, number: str) -> None:
    """Writes that a row does not hold."""
    _write(
        asked, writing, output, Problems(), lambda changes, book: changes.withdraw(book, number, writing.reason, whole=writing.whole)
    )  # fmt: skip


def run_blank(asked: RegisterOptions, writing: WritingOptions, output: OutputOptions, number: str, cell: str) -> None:
    """Takes a text out."""
    name = None if cell == ITS_REASON else cell
    _write(asked, writing, output, Problems(), lambda changes, book: changes.blank(book, number, name, writing.reason))


def _cells(texts: Sequence[str], problems: Problems) -> dict[str, str]:
    """What was typed as `CELL=TEXT`."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, said = text.partition("=")
        name = name.strip()
        if not equals or not name:
            problems.error(f"`{clip(text)}` says no cell", None, "write the name of the column before its text: `date=2025-07-08`")
        elif name in found:
            problems.error(f"`{clip(name)}` is given twice", None, "keep one of them")
        else:
            found[name] = said
    return found


def _write(
    asked: RegisterOptions, writing: WritingOptions | WithdrawOptions, output: OutputOptions, problems: Problems,
    change: Callable[[ModuleType, Book], Change],
) -> None:  # fmt: skip
    outputs.check_output(FORMATS, output, problems)
    problems.stop()
    found = opened(asked)
    from nmosd_dosing.register.reading import trail
    from nmosd_dosing.register.writing import changes

    made = change(changes, _book(found, writing))
    numbers = made.write(found.who, found.at, found.zone)
    lines = list(trail.of_numbers(found.register, found.who, made.store, numbers))
    outputs.put(FORMATS, output, lines, made.doubts, made.moved)


def _book(found: Desk, writing: WritingOptions | WithdrawOptions) -> Book:
    """The register with who writes, by the study that is named, else by its own."""
    from nmosd_dosing.cli.people import one
    from nmosd_dosing.language import catalog
    from nmosd_dosing.register.reading import studies
    from nmosd_dosing.register.reading.line import local
    from nmosd_dosing.register.writing.changes import Book

    chosen = None
    if writing.regimen is not None:
        study, periods = catalog.find_plan(writing.regimen, writing.period)
        chosen = study, one(periods)
        if any(file.kind == "study" for file in studies.files(found.facts)):
            say(without_controls(f"by `{clip(writing.regimen)}`, and not by the study that the register has"))
    return Book(found.register, found.who, (local(found.at, found.zone) or found.at).date(), chosen)


FORMATS: outputs.Formats = {
    "table": outputs.page("register", "written_page"),
    "json": lambda lines, doubts, moved: {
        "trail": [line_dict(line) for line in lines], "doubts": list(doubts), "moved": [moved_dict(each) for each in moved],
    },
}  # fmt: skip
