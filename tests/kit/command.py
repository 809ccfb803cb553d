"""The command as its users run it: what it prints, and what it says when it refuses."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import pytest

from nmosd_dosing.cli import app, edge

MIL62 = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06")
BELIMUMAB = ("plan", "--regimen", "belimumab", "--start", "2025-01-06")


def mil62(*arguments: str) -> tuple[str, ...]:
    """The plan of MIL62 with further arguments, in place of its own where they name the same options."""
    own = zip(MIL62[1::2], MIL62[2::2], strict=True)
    return (MIL62[0], *(text for name, value in own if name not in arguments for text in (name, value)), *arguments)


def dosing(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, in this process; in one of its own where the environment matters."""
    if environment:
        return subprocess.run([sys.executable, "-m", "nmosd_dosing", *arguments], capture_output=True, text=True, encoding="utf-8",
                              check=False, timeout=60, env={**os.environ, **environment})  # fmt: skip
    code, out, err = run(*arguments)
    return subprocess.CompletedProcess(arguments, code, out.decode(), err)


def run(*arguments: str) -> tuple[int, bytes, str]:
    """The command in this process: its exit code, what it puts out, and what it says."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dosing", *arguments])
        code = edge.run(app)
        out.flush()
        err.flush()
    put_out, said = (stream.buffer.getvalue() for stream in (out, err))
    return code, put_out, said.decode()


class _Pipe(io.RawIOBase):
    """A pipe that takes whatever is written into it."""

    def __init__(self) -> None:
        self.taken = b""

    def writable(self) -> bool:
        return True

    def write(self, part: Any) -> int:
        self.taken += bytes(part)
        return len(part)


def piped(*arguments: str) -> str:
    """What one pipe takes of the command, which runs in this process: messages at once, data when much has come, or all."""
    pipe = _Pipe()
    out = io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8", newline="")
    err = io.TextIOWrapper(io.BufferedWriter(pipe), encoding="utf-8", newline="", line_buffering=True)
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dosing", *arguments])
        edge.run(app)
        out.flush()
        err.flush()
    return pipe.taken.decode()


def output(*arguments: str, **environment: str) -> str:
    done = dosing(*arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def plan_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output(*arguments, "--format", "json"))
    return found


def errors(*arguments: str) -> str:
    done = dosing(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr
