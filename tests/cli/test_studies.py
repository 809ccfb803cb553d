"""`dosing validate` goes on to the next file."""

from __future__ import annotations

from pathlib import Path

from tests.kit.command import dosing
from tests.kit.paths import ROOT


def test_validate_goes_on_to_the_next_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("language: 1\n", encoding="utf-8")
    done = dosing("validate", str(bad), str(ROOT / "regimens" / "mil62.yaml"), str(tmp_path / "none.yaml"))
    assert done.returncode == 2 and "mil62.yaml: fine" in done.stdout
    assert "a study file needs `study`" in done.stderr and "there is no such file" in done.stderr
