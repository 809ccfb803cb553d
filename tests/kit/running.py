"""A program that runs while a test looks at it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a session of its own; its process id is that of its group.

    It hears interrupts even where the tests do not, as a shell's background jobs. However the test ends, nothing of it is left.
    """
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # what is ignored would be ignored by the program as well
    try:
        program = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with program:
        try:
            yield program
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
