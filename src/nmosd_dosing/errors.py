"""Where a problem is, what it says, how it draws itself; and the exceptions of this package.

    DosingError                    whatever the user can mend
    ├── RegimenError               a study file or a site file is wrong: carries every problem found in it
    └── InputError                 an argument is wrong, or an output cannot be written

Wording: lower case, no full stop, the user's own words in backticks, what was expected in the field's terms, then a hint
with something to type.
"""

from __future__ import annotations

import contextlib
import difflib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cached_property
from typing import Literal, TypeVar

from msgspec import Struct, field
from msgspec.structs import astuple, force_setattr, replace

from nmosd_dosing.screen import columns, cuts, folded, printable
from nmosd_dosing.values import beside

Kind = type | tuple[type, ...]  # of values: a class, or several
T = TypeVar("T")
Severity = Literal["error", "warning"]

_CANDIDATES = 300  # known words among which the nearest one is looked for
_LISTED = 25  # words that a message lists
_DRAWN = 1000  # problems that are drawn
CHECKSUM = 13  # signs of a checksum as people compare it, the last one `…`
HOLE = "…"  # in the place of what is hidden
_WIDEST = 100  # columns of a source line that a message shows around its carets


@beside("hidden")
class Document(Struct, frozen=True, dict=True):
    """A text that messages can point into. Line ends are `\\n`.

    `hidden`: of a line, which begins and ends at two characters, the spans that no message shows, in their order.
    """

    path: str
    text: str
    hidden: Callable[[int, int], Iterable[tuple[int, int]]] | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """For another process: what says what is hidden may know this very text, and so follows it."""
        return type(self), astuple(replace(self, hidden=None)), self.hidden

    def __setstate__(self, hidden: Callable[[int, int], Iterable[tuple[int, int]]]) -> None:
        force_setattr(self, "hidden", hidden)

    @cached_property
    def line_starts(self) -> list[int]:
        starts = [0]
        starts.extend(i + 1 for i, c in enumerate(self.text) if c == "\n")
        return starts

    def line_at(self, place: Place) -> tuple[int, int]:
        """Where the line of a place begins and ends."""
        begin = self.line_starts[place.line - 1]
        end = self.text.find("\n", begin)
        return begin, len(self.text) if end < 0 else end

    def seen(self, place: Place) -> tuple[str, int, int]:
        """The line of a place as messages show it, and between which of its characters the place is. Whatever is hidden is one sign, so
        that nothing tells how long it is."""
        begin, end = self.line_at(place)
        line, first, last, at = "", place.start, min(place.end, end), begin
        shift_first = shift_last = -begin
        for start, stop in self.hidden(begin, end) if self.hidden is not None else ():
            line, at = line + self.text[at:start] + HOLE, stop
            shorter = stop - start - len(HOLE)
            shift_first -= shorter if first >= stop else first - start if first > start else 0  # a place within a hole is the hole
            shift_last -= shorter if last >= stop else last - start - len(HOLE) if last > start else 0
        return line + self.text[at:end], first + shift_first, last + shift_last

    @property
    def name(self) -> str:
        """Which text it is: two may stand in one file."""
        return self.path

    def number(self, place: Place) -> int:
        """What stands before its line."""
        return place.line

    def where(self, place: Place) -> str:
        """How messages name a place of this text."""
        return f"{self.path}:{place.line}:{place.column}"


class Place(Struct, frozen=True, gc=False):
    """Characters `start` to `end` (not included) of a document."""

    document: Document
    start: int
    end: int

    @property
    def line(self) -> int:
        """The line, counted from 1."""
        import bisect

        return bisect.bisect_right(self.document.line_starts, self.start)

    @property
    def column(self) -> int:
        """The column in characters of what is shown, counted from 1."""
        return self.document.seen(self)[1] + 1

    @property
    def where(self) -> str:
        """`visits.csv:3:5`."""
        return self.document.where(self)


@beside("subject", "alike")
class Problem(Struct, frozen=True):
    """One thing that is wrong (or, as a warning, doubtful), with the way out.

    `also` names further places that explain the problem, each with a few words. `alike`: how many further rows are wrong in the same way.
    `subject`: the column of whom of a cohort it is about.
    """

    message: str
    place: Place | None = None
    hint: str | None = None
    severity: Severity = "error"
    also: tuple[tuple[str, Place], ...] = ()
    path: str | None = None
    subject: int | None = None
    alike: int = 0

    def draw(self, width: int | None = None) -> str:
        """The message as a person reads it, without a newline at its end; cut to the width of a terminal, if that is given."""
        lines = [f"{self.severity}: {printable(self.message)}"]
        places = [("", self.place)] if self.place else []
        places += list(self.also)
        margin = max((len(str(place.document.number(place))) for _, place in places), default=0)
        for words, place in places:
            lines += _draw_place(place, words, margin, width)
        if self.alike:
            lines[1 if places else 0] += f", and {self.alike:,} more {plural(self.alike, 'row')}"
        if not places and self.path:
            lines.append(f" --> {printable(self.path)}")
        if self.hint:
            lines.append(f"hint: {printable(self.hint)}")
        return "\n".join(lines if width is None else (folded(line, width) for line in lines))


class DosingError(Exception):
    """Whatever the user can mend; `problems` holds all of it that is shown, and `found` also what is only counted there."""

    def __init__(self, problems: Problem | Iterable[Problem], found: Sequence[Problem] | None = None) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        self.found: Sequence[Problem] = self.problems if found is None else found
        super().__init__(draw(self.problems))

    def __reduce__(self) -> tuple[type[DosingError], tuple[tuple[Problem, ...], Sequence[Problem]]]:
        return type(self), (self.problems, self.found)  # so that copies, and other processes, get the problems and not their drawing


class RegimenError(DosingError):
    """A study file or a site file is wrong."""


class InputError(DosingError):
    """An argument is wrong, or an output cannot be written."""


class Problems(Struct):
    """Collects what is found, so that everything is shown at once. `more`: how many were only counted, since nobody reads so many."""

    found: list[Problem] = field(default_factory=list)
    more: int = 0

    def error(self, message: str, place: Place | None, hint: str | None = None, also: Sequence[tuple[str, Place]] = ()) -> None:
        self.found.append(Problem(message, place, hint, also=tuple(also)))

    def warn(self, message: str, place: Place | None, hint: str | None = None, also: Sequence[tuple[str, Place]] = ()) -> None:
        self.found.append(Problem(message, place, hint, "warning", tuple(also)))

    def in_order(self) -> tuple[Problem, ...]:
        """File by file, in the order in which something was first found in them, and by place in each; each message once."""
        unique = dict.fromkeys(self.found)
        files: dict[str, int] = {}
        for problem in unique:
            if (name := _of_file(problem)) is not None:
                files.setdefault(name, len(files))

        def order(problem: Problem) -> tuple[int, int, str]:
            name = _of_file(problem)
            start = problem.place.start if problem.place else -1
            return (files[name] if name is not None else -1, start, problem.severity)

        return tuple(sorted(unique, key=order))

    def stop(self) -> None:
        """Raises InputError where anything was found."""
        if self.found:
            raise InputError(self.in_order())

    def checked(self, found: T | None) -> T:
        """What was found. RegimenError, with all of it, where something is wrong, or nothing was."""
        if self.errors or found is None:
            raise RegimenError(self.in_order())
        return found

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(p for p in self.in_order() if p.severity == "error")


def elsewhere(words: str, place: Place | None, than: Place | None = None) -> list[tuple[str, Place]]:
    """What a problem also names, in a few words: nothing where that has no place, or no other `than` the problem's own."""
    return [(words, place)] if place is not None and place != than else []


def _of_file(problem: Problem) -> str | None:
    return problem.place.document.name if problem.place else problem.path


def grouped(problems: Iterable[Problem]) -> list[Problem]:
    """What is wrong in the same way, of many rows of a table, as one problem: at its first place, with the count of the others."""
    found: dict[tuple[object, ...], Problem] = {}
    for problem in problems:
        key: tuple[object, ...] = (problem,)
        if problem.place is not None:
            key = (problem.message, problem.hint, problem.severity, problem.place.document.name)
        first = found.setdefault(key, problem)
        if first is not problem:
            found[key] = replace(first, alike=first.alike + problem.alike + 1)
    return list(found.values())


def draw(problems: Iterable[Problem], width: int | None = None) -> str:
    """All problems, an empty line between two; of very many the first thousand and the count."""
    found = list(problems)
    parts = [problem.draw(width) for problem in found[:_DRAWN]]
    if len(found) > _DRAWN:
        parts.append(f"and {len(found) - _DRAWN:,} more")
    return "\n\n".join(parts)


def did_you_mean(word: str, known: Iterable[str], most: int = 1) -> str | None:
    """A hint that names the nearest known word, or the `most` nearest; None where nothing is near."""
    near = nearest(word, known, most)
    return f"did you mean {one_of(near)}?" if near else None


def nearest(word: str, known: Iterable[str], most: int = 1) -> list[str]:
    """The nearest known words, at most so many."""
    candidates = list(known)[:_CANDIDATES]
    word = word[:100]
    lowered = {c.lower(): c for c in reversed(candidates)}
    near = difflib.get_close_matches(word.lower(), lowered, n=most, cutoff=0.7)
    return [lowered[found] for found in near]


def one_of(words: Iterable[str]) -> str:
    """`a`, `b` or `c`, for a sentence."""
    quoted = [f"`{clip(word)}`" for word in words]
    if len(quoted) > _LISTED:
        return f"{', '.join(quoted[:_LISTED])} and {len(quoted) - _LISTED} more"
    if len(quoted) < 2:
        return "".join(quoted)
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def counted(n: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{n} {plural(n, noun)}"


def plural(n: int, noun: str) -> str:
    """The noun as it stands after a number: `day` after 1 and -1, else `days`; `half-lives`."""
    return noun if abs(n) == 1 else f"{noun.removesuffix('fe')}ves" if noun.endswith("fe") else f"{noun}s"


def clip(text: str, length: int = 40) -> str:
    """The user's text, short enough to repeat in a message."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else flat[: length - 1] + "…"


_SAID: ContextVar[Callable[[str], str]] = ContextVar("how arguments are named", default=str)


def argument(name: str, value: str = "") -> str:
    """An argument as messages name it, with its value: `accept_gap`, as in Python, until whoever asks has it said otherwise.

    To be called when a message is made, not before: a constant would keep one way of saying it.
    """
    said = _SAID.get()(name)
    return f"{said} {value}" if value else said


@contextlib.contextmanager
def arguments_said_as(name: Callable[[str], str]) -> Iterator[None]:
    """Meanwhile, in this thread or task, messages name arguments in this way."""
    before = _SAID.set(name)
    try:
        yield
    finally:
        _SAID.reset(before)


_TOLD: ContextVar[tuple[str, str]] = ContextVar("which register was named, and who is asking", default=("", ""))


def command(text: str, *, of_another: bool = False) -> str:
    """A command of the register that somebody may type now, as messages name it: with the register and the account as they were typed;
    without the account where another person types it.

    To be called when a message is made, as `argument`.
    """
    register, account = _TOLD.get()
    return f"dosing {text}{register}{'' if of_another else account}"


@contextlib.contextmanager
def commands_told(register: str, account: str) -> Iterator[None]:
    """Meanwhile, in this thread or task, messages name commands with these words behind them, each with a space before it."""
    before = _TOLD.set((register, account))
    try:
        yield
    finally:
        _TOLD.reset(before)


Wording = tuple[Callable[[str], str], tuple[str, str]]


def wording() -> Wording:
    """How messages name arguments and commands now, for whoever goes on with the work in another process."""
    return _SAID.get(), _TOLD.get()


@contextlib.contextmanager
def worded_as(words: Wording) -> Iterator[None]:
    """Meanwhile, in this thread or task, messages name arguments and commands as they did where `words` come from."""
    said, told = words
    with arguments_said_as(said), commands_told(*told):
        yield


def _draw_place(place: Place, words: str, margin: int, width: int | None) -> list[str]:
    """The place, its line, and carets below what is meant; of a width the line is cut into parts, each with its own carets."""
    line, column, stop = place.document.seen(place)
    length = max(1, min(stop - column, len(line) - column))
    first, last = 0, len(line)
    if last > _WIDEST:
        first = max(0, min(column - _WIDEST // 3, last - _WIDEST))
        last = first + _WIDEST
    head = ("…" if first else "") + printable(line[first:column])
    marked = printable(line[column : min(column + length, last)]) or " "
    shown = head + marked + printable(line[column + length : last]) + ("…" if last < len(line) else "")
    room = columns(shown) if width is None else max(2, width - margin - len(" | "))
    begin, stop = len(head), len(head) + len(marked)
    number, blank = f"{place.document.number(place):>{margin}}", " " * margin
    drawn = [f"{blank}{':::' if words else '-->'} {printable(place.document.where(place))}", f"{blank} |"]
    for start, end in itertools.pairwise([0, *cuts(shown, room, 0), len(shown)]):
        drawn.append(f"{number} | {shown[start:end]}".rstrip())
        number = blank
        if start < stop and begin < end:
            before = min(columns(shown[start : max(start, begin)]), room - 1)
            carets = "^" * max(1, min(columns(shown[max(start, begin) : min(end, stop)]), room - before))
            drawn.append(f"{blank} | {' ' * before}{carets}")
            if words and stop <= end:
                fits = width is None or columns(f"{drawn[-1]} {words}") <= width
                drawn[-1:] = [f"{drawn[-1]} {words}"] if fits else [drawn[-1], f"{blank} | {words}"]
    return drawn


def shown(value: object) -> str:
    """How messages show a value that was given from Python."""
    return f"`{clip(value if isinstance(value, str) else repr(value))}`"


def wrong_kind(name: str, value: object, kind: Kind, place: Place | None = None) -> Problem | None:
    """What is wrong with an argument that is not of a kind, or of one of several."""
    if isinstance(value, kind):
        return None
    names = [each.__name__ for each in (kind if isinstance(kind, tuple) else (kind,))]
    return Problem(f"`{name}`: {shown(value)} is no {' or '.join(names)}", place, f"give a {one_of(names)}")


def check_kinds(arguments: Mapping[str, tuple[object, Kind]]) -> None:
    """Raises InputError for arguments that are not of their kinds."""
    if found := [problem for name, (value, kind) in arguments.items() if (problem := wrong_kind(name, value, kind))]:
        raise InputError(found)
