"""The edge of the program: what it prints hangs on no environment, and closed streams, full disks and interrupts end as they should."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nmosd_dosing.cli import edge
from tests.kit.command import BELIMUMAB, MIL62, output


def test_python_m_and_the_command_are_the_same() -> None:
    command = Path(sys.executable).parent / "dosing"
    assert subprocess.run([command, *MIL62], capture_output=True, text=True, encoding="utf-8", check=True).stdout == output(*MIL62)


def test_output_hangs_on_neither_locale_nor_time_zone_nor_hash_seed() -> None:
    usual = output(*BELIMUMAB, "--format", "table")
    for environment in (
        {"LC_ALL": "C"},
        {"TZ": "Pacific/Kiritimati"},
        {"PYTHONHASHSEED": "7"},
        {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    ):
        assert output(*BELIMUMAB, "--format", "table", **environment) == usual


def test_a_full_disk_is_an_error_and_a_closed_pipe_is_not() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "nmosd_dosing", *MIL62], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "cannot write the output" in done.stderr and "Traceback" not in done.stderr
    command = [sys.executable, "-m", "nmosd_dosing", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait(30) == 0


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_defect(closed: str, tmp_path: Path) -> None:
    ics = tmp_path / "v.ics"
    command = f"{sys.executable} -m nmosd_dosing {' '.join(MIL62)} --format csv --ics {ics} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert ics.read_bytes().endswith(b"END:VCALENDAR\r\n")
    assert "added" not in done.stdout, "messages never go where the data goes"


def test_an_interrupt_ends_with_130_and_a_defect_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(**_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    assert edge.run(stopped) == 130  # type: ignore[arg-type]
    assert "Traceback" not in capsys.readouterr().err
    assert edge.run(broken) == 3  # type: ignore[arg-type]
    assert "this is a defect of the program" in capsys.readouterr().err


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOMEM, "Cannot allocate memory")])
def test_too_little_memory_is_no_defect_and_said_in_words(error: Exception) -> None:
    script = f"""
import errno, sys
from nmosd_dosing.cli import edge
def app(**_): raise {error!r}
sys.exit(edge.run(app))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: too little memory for so much at once\nhint: give more of it, or ask about fewer subjects at a time\n"
