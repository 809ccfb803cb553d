"""Where the program meets the outside: streams, files, exit codes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeVar

from nmosd_dosing.cli import temporaries
from nmosd_dosing.errors import DosingError, InputError, Problem, Problems, clip, did_you_mean, draw, plural
from nmosd_dosing.screen import folded, for_terminal

if TYPE_CHECKING:
    from rich.console import RenderableType

T = TypeVar("T")
_NAMED = 5  # subjects whom a line names
Item = TypeVar("Item")
FINE, WRONG_INPUT, DEFECT, INTERRUPTED = 0, 2, 3, 130
TOO_LITTLE_MEMORY = "error: too little memory for so much at once\nhint: give more of it, or ask about fewer subjects at a time"
_ELSEWHERE = {  # what people write for an option of another name, by command
    ("dosing cohort", "--subjects"): "`dosing cohort` takes the table of subjects without an option: `dosing cohort subjects.csv`",
    ("dosing prepare", "--to"): "the last day is `--until DATE`; or say how many days, `--days NUMBER`",
    ("dosing order", "--to"): "the last day is `--until DATE`; or say how many days, `--days NUMBER`",
}
_NARROWEST, _USUAL = 20, 80  # columns of a terminal


def run(app: Callable[..., object]) -> int:
    """Run the commands; whatever goes wrong becomes a message on standard error and an exit code."""
    _open_streams()
    with temporaries.removed_at_the_end(), _interrupts_heard() as interrupts:
        try:
            code = app(prog_name="dosing", standalone_mode=False)
            sys.stdout.flush()
            return code if isinstance(code, int) else FINE
        except (BrokenPipeError, SystemExit):  # the reader has seen enough, as `| head` has; typer and rich leave by SystemExit
            _close_output()
            return FINE
        except KeyboardInterrupt:
            return INTERRUPTED
        except Exception as error:
            return INTERRUPTED if interrupts else _told(error)  # an interrupt while a package loads may have become any error


def _open_streams() -> None:
    """Standard output and error in UTF-8, also where they are closed: what goes to standard output then is an error, as on a full disk;
    and nothing goes into a file that is opened next."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    raw = getattr(sys.stdout, "buffer", None)
    if isinstance(raw, io.RawIOBase):  # with PYTHONUNBUFFERED; it takes a part that is written for the whole
        sys.stdout.detach()  # type: ignore[union-attr]
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), line_buffering=raw.isatty())
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


@contextlib.contextmanager
def _interrupts_heard() -> Iterator[list[int]]:
    """The interrupts, as they come."""
    heard: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        heard.append(number)
        signal.default_int_handler(number, frame)

    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if ours:
        signal.signal(signal.SIGINT, hear)
    try:
        yield heard
    finally:
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _told(error: Exception) -> int:
    """Says what went wrong; the exit code."""
    if isinstance(error, DosingError):
        tell(error.problems)
        return WRONG_INPUT
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        _close_output()
        return _say(TOO_LITTLE_MEMORY)
    if isinstance(error, OSError):
        _close_output()
        return _say(f"error: cannot write the output: {error.strerror or error}")
    if any(kind.__name__ == "DatabaseError" for kind in type(error).__mro__):  # Django's, which is not loaded here
        said = (str(error).strip().splitlines() or ["the database refuses it"])[0]
        return _say(f"error: the register cannot be read: {said}\nhint: `dosing register verify` looks whether it was damaged")
    if type(error).__name__ == "Abort":  # typer's word for an interrupt
        return INTERRUPTED
    if type(error).__name__ == "NoArgsIsHelpError":  # `dosing` alone
        try:
            print(str(error), flush=True)
        except OSError as failed:
            return _told(failed)
        return FINE
    if hasattr(error, "format_message"):  # typer's usage errors: an unknown option, a missing argument
        return _misused(error)
    return _defect(error)


def _misused(error: Any) -> int:
    """Says what typer cannot read, and what to type, as far as it can be told."""
    context, message = getattr(error, "ctx", None), _lower(error.format_message())
    asked = context.command_path if context is not None else "dosing"
    hint = "`dosing --help` and `dosing COMMAND --help` show what there is"
    if asked != "dosing":
        hint = f"`{asked} --help` shows what there is"
    if near := re.search(r"\.? \(?(?:did you mean|possible options:) ([^?)]+)\??\)?$", message, re.I):
        message = message[: near.start()]
        near_words = re.findall(r"[^`, ]+", near[1])
        hint = did_you_mean(message.split()[-1].strip("`"), near_words) or hint
    unknown = re.fullmatch("no such command `(.+)`", message)
    if unknown is not None and context is not None and (path := _behind(asked, context.command, unknown[1])):
        hint = f"it is `{path}`"
    if "extra argument" in message and context is not None and any(p.name == "regimen" for p in context.command.params):
        hint = _joined(message, sys.argv) or "an option's name is missing: `--regimen ID`, `--start DATE`"
    hint = _ELSEWHERE.get((asked, str(getattr(error, "option_name", ""))), hint)
    return _say(f"error: {message}\nhint: {hint}")


def _behind(path: str, group: Any, word: str) -> str | None:
    """Where a word is a command that stands behind others: `head` is `dosing register head`."""
    for name, command in group.commands.items():
        if inner := getattr(command, "commands", None):
            found = f"{path} {name} {word}" if word in inner else _behind(f"{path} {name}", command, word)
            if found:
                return found
    return None


def _joined(message: str, typed: Sequence[str]) -> str | None:
    """A hint for `--on reduced 2025-01-20`: the word that is left over belongs to the option before it."""
    extra = re.search(r"\(([^\s)]{2,})", message)
    at = typed.index(extra[1]) if extra and extra[1] in typed else 0
    if at < 2 or typed[at - 2] not in ("--on", "--enter", "--visit", "--had") or "=" in typed[at - 1]:
        return None
    value = f"{typed[at - 1]}={typed[at]}"
    return f"write `{typed[at - 2]} {shlex.quote(value) if ' ' in value else value}`"


def _close_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not fail on it once more at its end."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _say(text: str) -> int:
    with contextlib.suppress(OSError):
        say(text)
    return WRONG_INPUT


def _lower(message: str) -> str:
    message = message.strip().rstrip(".").replace("'", "`")
    return message[:1].lower() + message[1:]


def _defect(error: Exception) -> int:
    import traceback

    traceback.print_exception(error)
    _say("error: this is a defect of the program, not of your input; please report it with the lines above")
    return DEFECT


def collected(problems: Problems, work: Callable[[], T]) -> T | None:
    """What some work gives; None where it raises, and then what is wrong stands in `problems`."""
    try:
        return work()
    except DosingError as error:
        problems.found += error.problems
        return None


def fail(problems: Problems) -> NoReturn:
    raise InputError(problems.in_order())


def text_of(renderable: RenderableType) -> str:
    """A table as plain text, each line as long as it is."""
    import io

    from rich.console import Console

    out = io.StringIO()
    Console(file=out, highlight=False, width=100_000, color_system=None, force_terminal=False).print(renderable)
    return "\n".join(line.rstrip() for line in out.getvalue().split("\n"))


def print_table(renderable: RenderableType) -> None:
    """On a terminal laid out for its width; in a pipe never coloured or wrapped."""
    if not sys.stdout.isatty():
        sys.stdout.write(text_of(renderable))
        return
    from rich.console import Console

    Console(highlight=False, width=width_of(sys.stdout)).print(renderable)


def width_of(stream: TextIO) -> int:
    """The columns of the terminal to which a stream goes; fewer where COLUMNS asks for fewer. Narrower than 20 none is served."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except OSError:
        columns = 0
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        columns = min(columns or int(asked), int(asked))
    return max(_NARROWEST, columns or _USUAL)


def write_data(text: str) -> None:
    """CSV, JSON and the like to standard output: as it is, line by line, also on a terminal, which breaks long lines without losing any
    of them; but nothing in it moves the cursor or reorders characters there."""
    sys.stdout.write(for_terminal(text) if sys.stdout.isatty() else text)


def write_bytes(content: bytes) -> None:
    """What is no text, as a workbook, to a pipe or a file."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def write_text(text: str) -> None:
    """A text for people to standard output: on a terminal folded."""
    sys.stdout.write(_as_shown(text, sys.stdout))


def say(text: str) -> None:
    """A message, beside the data."""
    print(_as_shown(text, sys.stderr), file=sys.stderr, flush=True)


def tell(problems: Iterable[Problem]) -> None:
    """What is wrong or doubtful, beside the data."""
    width = width_of(sys.stderr) if sys.stderr.isatty() else None
    with contextlib.suppress(OSError):
        print(draw(problems, width), file=sys.stderr, flush=True)


def _as_shown(text: str, stream: TextIO) -> str:
    """The text; for a terminal with its lines folded, and nothing in it that moves the cursor or reorders characters."""
    return folded(for_terminal(text), width_of(stream)) if stream.isatty() else text


def progress(items: Iterable[Item], n: int, what: str) -> Iterable[Item]:
    """The n items, with a bar on standard error for a person who has to wait for them; nothing of it in a pipe."""
    return counted(items, n, what, lambda _: 1)


@contextlib.contextmanager
def bar(total: int, what: str) -> Iterator[Callable[[int], None] | None]:
    """Who is told how many of `total` are done, and shows it on standard error to a person who waits; nothing in a pipe."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True, width=width_of(sys.stderr)), transient=True, expand=True) as shown:
        task = shown.add_task(what, total=total)
        yield lambda done: shown.update(task, completed=done)


def counted(parts: Iterable[Item], total: int, what: str, count: Callable[[Any], int] = len) -> Iterable[Item]:
    """Parts of a long run, with a bar that counts what is in them."""
    with bar(total, what) if total >= 100 else contextlib.nullcontext() as told:
        done = 0
        for part in parts:
            yield part
            done += count(part)
            if told is not None:
                told(done)


def some_codes(codes: Sequence[str]) -> str:
    """How many subjects, and the first few of them."""
    some = ", ".join(f"`{clip(code)}`" for code in codes[:_NAMED])
    more = f" and {len(codes) - _NAMED:,} more" if len(codes) > _NAMED else ""
    return f"{len(codes):,} {plural(len(codes), 'subject')} ({some}{more})"
