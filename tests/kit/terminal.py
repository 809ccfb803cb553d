"""The command on a terminal: at a real one, and in this process on streams that say that they are one."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout

import pytest

from nmosd_dosing.cli import app, edge
from nmosd_dosing.screen import columns

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TOGETHER = re.compile(r"\d+ x \d[\d.]* \w+|\d{4}-\d\d-\d\d (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b|(?<!\S)\d+ (?:mg|kg|mL|days)\b")
_END = "\x1b[0m<end of a command>"
_DRIVER = f"""
import json, sys
from nmosd_dosing.cli import app, edge
for words in json.loads(sys.argv[1]):
    sys.argv = ["dosing", *words]
    edge.run(app)
    print({_END!r}, flush=True)
"""


class _Screen(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def on_a_screen(words: Sequence[str], width: int | None) -> str:
    """What a command shows on a terminal so wide, messages and data; in a pipe without a width."""
    written = io.BytesIO()
    out = (io.TextIOWrapper if width is None else _Screen)(written, encoding="utf-8", newline="")
    with redirect_stdout(out), redirect_stderr(out), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dosing", *words])
        patch.setenv("TERM", "xterm-256color")
        patch.setenv("COLUMNS", str(width or 100))
        edge.run(app)
        out.flush()
    return _left(written.getvalue().decode())


def at_a_terminal(commands: Sequence[Sequence[str]], width: int) -> list[str]:
    """What each command shows at a real terminal so wide: they are run one after the other in a process of their own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | {"TERM": "xterm-256color"}
    words = [sys.executable, "-c", _DRIVER, json.dumps(commands)]
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        seen = b"".join(_read(ours)).decode()
    os.close(ours)
    *screens, rest = seen.replace("\r\n", "\n").split(_END + "\n")
    assert (len(screens), rest) == (len(commands), "")
    return [_left(screen) for screen in screens]


def _left(written: str) -> str:
    """What is left on the screen: without colours, and without the bars that counted and are gone."""
    return _ESCAPES.sub("", re.sub(r"[^\n]*\x1b\[2K", "", written))


def _read(descriptor: int) -> Iterator[bytes]:
    try:
        while found := os.read(descriptor, 65536):
            yield found
    except OSError:  # the other end is closed
        return


def lost(piped: str, screen: str, width: int) -> list[str]:
    """What is wrong with a screen: lines wider than it, words that stand on it less often than in a pipe, and amounts and dates torn.

    A word may go on in the next line only where it is longer than a line.
    """
    lines = screen.split("\n")
    wrong = [f"too wide: {line}" for line in lines if columns(line) > width]
    seen = Counter(word for line in lines for word in line.split())
    for word, count in list(seen.items()):
        if word.endswith(":"):  # of a heading
            seen[word[:-1]] += count
    whole = "".join(screen.split())
    for (word, indent), count in Counter(_words(piped)).items():
        if seen[word] < count and (columns(word) <= width - 8 - min(indent, width // 2) or whole.count(word) < count):
            wrong.append(f"lost: {word}")
    return wrong + [f"torn: {amount}" for amount in set(_TOGETHER.findall(piped)) if not any(amount in line for line in lines)]


def _words(text: str) -> Iterator[tuple[str, int]]:
    """The words, without the lines below headings and the marks below what is wrong; and how far the line of each is indented."""
    for line in text.split("\n"):
        yield from ((word, len(line) - len(line.lstrip())) for word in line.split() if word.strip("─^"))
