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
from tests.kit.running import running


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


@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_a_full_disk_is_an_error_and_a_closed_pipe_is_not(environment: dict[str, str]) -> None:
    usual = {"stderr": subprocess.PIPE, "text": True, "env": {**os.environ, **environment}}
    program = [sys.executable, "-m", "nmosd_dosing"]
    with Path("/dev/full").open("w") as full:
        for line in ([*MIL62], ["schema"], ["--help"], [], ["check", *MIL62[1:], "--as-of", "2025-03-03"]):
            done = subprocess.run([*program, *line], stdout=full, check=False, **usual)  # type: ignore[call-overload]
            assert (done.returncode, done.stderr) == (2, "error: cannot write the output: No space left on device\n")
    with subprocess.Popen([*program, "schema"], stdout=subprocess.PIPE, **usual) as process:  # type: ignore[call-overload]
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait(30) == 0


@pytest.mark.skipif(os.name == "nt", reason="limits of Unix")
@pytest.mark.parametrize("environment", [{}, {"PYTHONUNBUFFERED": "1"}])
def test_what_is_written_in_part_is_an_error(environment: dict[str, str], tmp_path: Path) -> None:
    """As on a disk that becomes full in the middle: the first part is taken, the rest is not."""
    import resource

    with (tmp_path / "out").open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "nmosd_dosing", "schema"], stdout=out, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, **environment}, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000)),
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (2, "error: cannot write the output: File too large\n")
    assert (tmp_path / "out").stat().st_size == 1000


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize(("closed", "code"), [(">&-", 2), ("2>&-", 0), (">&- 2>&-", 2), ("<&- >&-", 2)])
def test_closed_streams_are_no_defect(closed: str, code: int, tmp_path: Path) -> None:
    """What cannot be printed is an error, as on a full disk; what goes into files is there."""
    ics = tmp_path / "v.ics"
    command = f"{sys.executable} -m nmosd_dosing {' '.join(MIL62)} --format csv"
    done = subprocess.run(["sh", "-c", f"{command} --ics {ics} {closed}"], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code
    assert ics.read_bytes().endswith(b"END:VCALENDAR\r\n")
    assert "added" not in done.stdout, "messages never go where the data goes"
    assert ("cannot write the output" in done.stderr) == (code == 2 and "2>" not in closed)
    into_a_file = subprocess.run(["sh", "-c", f"{command} --output {tmp_path / 'o.csv'} {closed}"], check=False, timeout=60)
    assert into_a_file.returncode == 0 and (tmp_path / "o.csv").stat().st_size > 500


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("module", ["typer", "nmosd_dosing.cli.commands", "nmosd_dosing.cli.run.plan", "numpy", "numpy.linalg", "yaml"])
def test_an_interrupt_while_python_loads_is_quiet(module: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(INTERRUPTS.format(module))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    command = f"{sys.executable} -m nmosd_dosing {' '.join(MIL62)}"
    with running(["env", *(f"{k}={v}" for k, v in environment.items()), *command.split()]) as program:
        out, err = program.communicate(timeout=60)
    assert (program.returncode, out, err) == (130, b"", b"")


INTERRUPTS = """
import signal, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "{}":
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupts())
"""


def test_an_interrupt_ends_with_130_and_a_defect_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(**_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    assert edge.run(stopped) == 130
    assert "Traceback" not in capsys.readouterr().err
    assert edge.run(broken) == 3
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
