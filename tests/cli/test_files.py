"""Files are read once and written whole or not at all; they hold what their names and the terminal say, and keep what they were."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nmosd_dosing.cli import files, temporaries
from tests.kit.command import MIL62, errors, output, run
from tests.kit.commands import COMMANDS
from tests.kit.paths import ROOT


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_a_file_holds_what_the_terminal_shows(format: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.out"
    assert output(*MIL62, "--format", format, "--output", str(file)) == ""
    assert file.read_bytes().decode() == output(*MIL62, "--format", format)
    assert [p.name for p in tmp_path.iterdir()] == ["plan.out"]


def test_a_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "b"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    output(*MIL62, "--output", str(link))
    assert link.is_symlink() and "W27D1" in file.read_text("utf-8") and stat.S_IMODE(file.stat().st_mode) == 0o640


def test_what_cannot_be_written_leaves_no_trace(tmp_path: Path) -> None:
    assert "cannot write `" in errors(*MIL62, "--output", str(tmp_path / "no" / "plan.txt"))
    assert "cannot write `" in errors(*MIL62, "--output", str(tmp_path))
    assert "`--output` is empty" in errors(*MIL62, "--output", "")
    kept = tmp_path / "kept.txt"
    kept.write_text("old")
    errors("plan", "--regimen", "mil62-rcp", "--start", "2025-02-30", "--output", str(kept))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("kept.txt", "old")]


@pytest.mark.parametrize("special", ["/dev/zero", "/dev/null", "/proc/self/mem"])
def test_a_device_is_not_read(special: str) -> None:
    if Path(special).exists():
        errors("validate", special)


OF_ONE = ("--regimen", "mil62-rcp", "--start", "2025-01-06")
WRITES = {  # each command that has `--output`, and the formats that it has
    ("plan", *OF_ONE): ("table", "json", "csv", "xlsx"),
    ("check", *OF_ONE, "--as-of", "2025-01-06"): ("table", "json", "csv", "xlsx", "parquet"),
    ("due", *OF_ONE, "--as-of", "2025-01-06"): ("table", "json", "csv", "xlsx"),
    ("prepare", *OF_ONE, "--from", "2025-01-06"): ("table", "json", "csv", "xlsx"),
    ("order", *OF_ONE, "--from", "2025-01-06", "--days", "30"): ("table", "json", "csv", "xlsx"),
    ("doses", "--regimen", "mil62", "--weights", "60"): ("table", "json", "csv", "xlsx", "parquet"),
    ("compare", "mil62", "belimumab"): ("table", "json", "csv", "xlsx"),
    ("simulate", "--regimen", "bat4406f", "--assumptions", str(ROOT / "examples/bat4406f/assumptions.yaml"), "--trials", "3"):
        ("table", "json", "csv", "xlsx"),
    ("board", *OF_ONE, "--as-of", "2025-01-06"): ("table", "html"),
    ("slots", *OF_ONE, "--next", "--as-of", "2025-01-01", "--window", "3d"): ("table", "json", "csv", "xlsx"),
    ("screen", *OF_ONE, "--had", "nothing"): ("table", "json", "csv", "xlsx"),
    ("starts", "--regimen", "mil62-rcp", "--from", "2025-01-06", "--to", "2025-01-12", "--window", "3d"): ("table", "json", "csv", "xlsx"),
    ("handout", *OF_ONE, "--as-of", "2025-01-06"): ("html",),
    ("show", "mil62", "--grid"): ("table", "csv", "html", "xlsx"),
    ("cohort", "--regimen", "belimumab", str(ROOT / "examples/pharmacy/subjects.csv")): ("json", "csv", "xlsx", "parquet"),
}  # fmt: skip
OTHERS = ("XLS", "pdf", "parquet", "svg", "png", "html", "docx", "ics", "yaml", "tsv", "md", "feather", "csv.gz", "zip")


def written(*line: str) -> bytes:
    """What a command puts on standard output; it may say more beside it."""
    code, out, told = run(*line)
    assert code == 0, told
    return out


OF_REGISTER = {  # what asks a register alone
    "register head": ("table", "json"),
    "register verify": ("table", "json"),
    "register files": ("table", "json"),
    "register account list": ("table", "json"),
    "register history": ("table", "json", "csv"),
}
CHANGING = {"register record", "register correct", "register withdraw", "register blank"}  # each time they would write once more


def test_every_command_that_writes_is_tried() -> None:
    writing = {words for words, command in COMMANDS.items() if any("--output" in p.opts for p in command.params)}
    assert writing == {line[0] for line in WRITES} | {*OF_REGISTER} | CHANGING


@pytest.mark.parametrize("command", WRITES, ids=lambda line: line[0])
def test_a_file_is_what_its_name_says_or_is_not_written(command: tuple[str, ...], folder: Path) -> None:
    check_names(command, WRITES[command], folder)


@pytest.mark.parametrize("words", OF_REGISTER)
def test_a_file_of_what_a_register_says_is_what_its_name_says(words: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    held = str(tmp_path_factory.mktemp("register") / "trial.db")
    assert written("register", "init", "--register", held)
    check_names((*words.split(), "--register", held), OF_REGISTER[words], folder)


@pytest.mark.parametrize("words", [*OF_REGISTER, *sorted(CHANGING)])
def test_the_help_of_a_register_offers_the_formats_that_there_are(words: str) -> None:
    [offered] = [parameter.help for parameter in COMMANDS[words].params if parameter.name == "format"]
    assert re.findall(r"\w+", offered.split(";")[0].replace(" or", "")) == [*OF_REGISTER.get(words, ("table", "json"))]


def check_names(command: tuple[str, ...], formats: tuple[str, ...], folder: Path) -> None:
    """Whether a command writes into a file what the file's name says."""
    for ending in {*OTHERS} - {*formats}:
        told = errors(*command, "--output", f"x.{ending}")
        assert f"`--output x.{ending}`" in told and "\nhint: " in told
    assert errors(*command, "--output", "x/").startswith("error: `--output x/` is the name of a folder\n")
    ends = [format for format in formats if format != "table"]
    for format, other in [(one, other) for one in formats for name in ends if name != one for other in (name, name.upper())]:
        assert "and `--format` asks for" in errors(*command, "--format", format, "--output", f"x.{other}")
    assert not [*folder.iterdir()]
    for format in formats:
        ending = {"table": "txt"}.get(format, format)
        form = ("--format", format) if len(formats) > 1 else ()
        plain = written(*command, *form)
        assert plain.startswith(b"PK") is (format == "xlsx")
        for name in (f"x.{ending}", f"X.{ending.upper()}"):
            assert written(*command, "--output", name) == b""
            assert Path(name).read_bytes() == plain
        texts = ("x.txt", "x.log") if command[0] != "handout" else ()  # a page to hand over is no text
        for name in ("x", *texts, "x.2025", "tmp.AbCd123XYZ"):
            assert written(*command, *form, "--output", name) == b""
            assert Path(name).read_bytes() == plain


@pytest.mark.skipif(os.name == "nt", reason="pipes and devices of Unix")
def test_a_study_is_read_from_a_pipe_as_a_table_is(tmp_path: Path) -> None:
    usual = output("plan", "--regimen", "mil62", "--start", "2025-01-06")
    study = ROOT / "regimens" / "mil62.yaml"
    program = f"{sys.executable} -m nmosd_dosing"
    for line in (
        f"cat {study} | {program} plan --regimen /dev/stdin --start 2025-01-06",
        f"{program} plan --regimen <(cat {study}) --start 2025-01-06",
        f"{program} plan --regimen /dev/stdin --start 2025-01-06 < {study}",
    ):
        assert subprocess.run(["bash", "-c", line], capture_output=True, text=True, encoding="utf-8", check=True).stdout == usual


@pytest.mark.parametrize("option", ["--subjects", "--visits", "--events", "--weighings", "--measurements", "--allocation", "--site"])
def test_what_never_ends_is_not_read_to_its_end(option: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LARGEST", 3_000_000)
    one = () if option == "--subjects" else ("--start", "2025-01-06", "--subject", "1")
    if Path("/dev/zero").exists():
        told = errors("due", "--regimen", "mil62", option, "/dev/zero", *one)
        assert "error: cannot read `/dev/zero`: it has more than 3 MB\n" in told


KILLED = """
import os, signal, sys
from pathlib import Path
from nmosd_dosing.cli import edge, files

number = getattr(signal, sys.argv[1])  # whoever runs the tests may ignore it
if number != signal.SIGKILL:
    signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

def work(**_):
    def pieces():
        yield "begun"
        os.kill(os.getpid(), getattr(signal, sys.argv[1]))
        yield "not reached"
    files.write_whole("out.txt", pieces())

sys.exit(edge.run(work))
"""


def ended_by(name: str, folder: Path) -> int:
    return subprocess.run([sys.executable, "-c", KILLED, name], cwd=folder, check=False, timeout=60).returncode


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_that_ends_the_program_leaves_no_temporary_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("as it was")
    assert ended_by(name, tmp_path) == (130 if name == "SIGINT" else -getattr(signal, name))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.txt", "as it was")]


@pytest.mark.skipif(os.name == "nt", reason="signals of Unix")
def test_what_a_killed_program_has_left_is_removed_by_the_next_and_nothing_else_is(folder: Path) -> None:
    assert ended_by("SIGKILL", folder) == -signal.SIGKILL
    (left,) = folder.iterdir()
    others = [
        ".out.txt.tmp",
        ".a.0a1b2c3d.tmp",
        "a.0a1b2c3d.dosing.tmp",
        ".a.0A1B2C3D.dosing.tmp",
        ".a.dosing.tmp",
        ".a.0a1b2c3d.dosing.tmp~",
    ]
    for name in others:
        (folder / name).write_text("of somebody else")
    (folder / "target").write_text("")
    (folder / ".b.0a1b2c3d.dosing.tmp").symlink_to("target")
    (folder / ".c.0a1b2c3d.dosing.tmp").mkdir()
    with temporaries.beside(folder / "other.txt") as (in_use, file):
        file.write(b"still written")
        output(*MIL62, "--output", "plan.txt")
        kept = {*others, "target", ".b.0a1b2c3d.dosing.tmp", ".c.0a1b2c3d.dosing.tmp", "plan.txt", in_use.name}
        assert {path.name for path in folder.iterdir()} == kept and left.name not in kept
    assert not in_use.exists()
