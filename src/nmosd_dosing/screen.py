"""What can be shown of a text: which of its characters, and in which lines of a width."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterator

_CONTROLS = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, lone surrogates, line and paragraph separators
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # Unicode's Bidi_Control
_JOINER = re.compile(r"(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")
_NARROW = re.compile(r"[\x20-\x7e\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e]*")  # one column each; what help is written in
_NUMBER = re.compile(r"(\S*=|\W*)\d[\d.,]*")
_DATE = re.compile(r".*\d{4}-\d\d-\d\d")
_WEEKDAY = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b")


def without_controls(text: str) -> str:
    """The text with controls and line separators written out (`\\x1b`, `\\u2028`); a new line stays."""
    return _written(text, _is_control)


def for_terminal(text: str) -> str:
    """The same, and what would reorder characters (`\\u202e`): nothing in it moves a cursor, or makes a text look like another."""
    return _written(text, lambda char: _is_control(char) or char in _DIRECTIONS)


def printable(text: str) -> str:
    """The same, and whatever else is not seen (`\\u200b`): for messages, since that may be what is wrong.

    A joiner inside a word of a script that has joiners, or of an emoji, is not.
    """
    between, joiners = _JOINER.split(text), _JOINER.findall(text)
    parts = [_written(part, lambda char: _is_control(char) or unicodedata.category(char) == "Cf") for part in between]
    return "".join(part + joiner for part, joiner in itertools.zip_longest(parts, joiners, fillvalue=""))


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in _CONTROLS and char != "\n"


def _written(text: str, unsafe: Callable[[str], bool]) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_written_out(c) if unsafe(c) else c for c in text)


def _written_out(char: str) -> str:
    if char == "\t":
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: two for each Chinese character."""
    if _NARROW.fullmatch(text):
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cuts(line: str, width: int, indent: int) -> list[int]:
    """Where a line is cut so that each part fits; the first part has the whole width, the others are to be indented by so many columns.

    It is cut between words. What belongs together is kept on one line where it can be: `5 x 120 mg`, `2025-01-06 Mon`. Only a word
    that is longer than a line is cut itself.
    """
    found: list[int] = []
    if columns(line) <= width:
        return found
    left, most = width, max(2, width - indent)
    for start, end in _pieces(line, most):
        if start and columns(line[start:end].rstrip()) > left:
            found.append(start)
            left = most
        left -= columns(line[start:end])
    return found


def folded(text: str, width: int, hang: int = 2) -> str:
    """The text with its lines cut to the width; what goes on in a further line stands some columns to the right of its beginning."""
    lines = []
    for line in text.split("\n"):
        indent = hanging(line, width, hang)
        at = [0, *cuts(line, width, indent), len(line)]
        parts = [line[start:end].rstrip() for start, end in itertools.pairwise(at)]
        lines.append(f"\n{' ' * indent}".join(parts))
    return "\n".join(lines)


def hanging(line: str, width: int, hang: int = 2) -> int:
    """By how much the further lines of a line are indented."""
    return min(len(line) - len(line.lstrip(" ")) + hang, width // 2)


def longest(line: str) -> int:
    """The columns that a line needs at least, if nothing in it that belongs together is to be torn."""
    return max((columns(line[start:end].rstrip()) for start, end in _together(line)), default=0)


def _pieces(line: str, most: int) -> Iterator[tuple[int, int]]:
    """What may stand on a line of its own: what belongs together; its words where it is longer than a line; their characters."""
    for start, end in _together(line):
        if columns(line[start:end].rstrip()) <= most:
            yield start, end
            continue
        for word in re.finditer(r"\s*\S+\s*|\s+", line[start:end]):
            yield from _parts(line, start + word.start(), start + word.end(), most)


def _parts(line: str, start: int, end: int, most: int) -> Iterator[tuple[int, int]]:
    while columns(line[start:end].rstrip()) > most:
        size = most // 2
        while columns(line[start : start + size + 1]) <= most:
            size += 1
        mark = max(line.rfind(mark, start + size // 2, start + size) for mark in ",;/") + 1  # the fields of a row, the folders of a path
        size = mark - start if mark else size
        yield start, start + size
        start += size
    yield start, end


def _together(line: str) -> Iterator[tuple[int, int]]:
    """Words with the spaces after them, those that belong together as one."""
    words = list(re.finditer(r"\s*\S+\s*|\s+", line))
    start = 0
    for number, word in enumerate(words, 1):
        after = words[number] if number < len(words) else None
        if after is None or not _belong_together(word[0].strip(), after[0].strip()):
            yield start, word.end()
            start = word.end()


def _belong_together(word: str, after: str) -> bool:
    """A number and its unit, `5 x 120`, `1.2 ± 0.1`, a date and its weekday."""
    if after[:1].isdigit():
        return word in ("x", "±")
    return _NUMBER.fullmatch(word) is not None or (_DATE.fullmatch(word) and _WEEKDAY.match(after)) is not None
