"""Files are read once and written whole or not at all; they hold what the terminal shows and keep what they were."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.kit.command import MIL62, errors, output


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
