"""`adopt`, `files`, `backup`, `restore` on the command line."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from nmosd_dosing.cli import registers
from nmosd_dosing.cli.register_options import RegisterOptions
from nmosd_dosing.language import shipped
from tests.kit.command import dosing
from tests.kit.paths import ROOT


@pytest.fixture
def trial(folder: Path) -> Path:
    """A folder with a register in it."""
    registers.made(RegisterOptions(register="trial.db")).register.close()
    for name in ("site.yaml",):
        (folder / name).write_bytes((ROOT / "examples/trial" / name).read_bytes())
    (folder / "v2.yaml").write_bytes((shipped.folder() / "bat4406f.yaml").read_bytes() + b"# amended\n")
    return folder


def register(*arguments: str) -> tuple[int, str, str]:
    """A command of the register, and what came of it."""
    done = dosing("register", *arguments, "--register", "trial.db")
    return done.returncode, done.stdout, done.stderr


def test_files_are_adopted_and_listed(trial: Path) -> None:
    assert register("adopt", "bat4406f") == (0, "", "study bat4406f, version 1, used by all sites\n")
    assert register("adopt", "bat4406f") == (0, "", "study bat4406f, version 1, used by all sites: it is so already\n")
    assert register("adopt", "site.yaml", "--at-site", "01") == (
        0,
        "",
        "site file invented-hospitals, version 1, used by site 01\nno subject is of site `01` yet\n",
    )
    words = "study bat4406f, version 2, used by site 01, 02 from 2025-09-01 Mon\nno subject is of site `01` or `02` yet\n"
    assert register("adopt", "v2.yaml", "--from", "2025-09-01", "--at-site", "01", "--at-site", "02") == (0, "", words)
    listed = json.loads(register("files", "--format", "json")[1])["files"]
    assert [(file["kind"], file["version"], file["name"], file["used"]) for file in listed] == [
        ("study", "1", "bat4406f.yaml", [{"site": None, "from": None}]),
        ("site", "1", "site.yaml", [{"site": "01", "from": None}]),
        ("study", "2", "v2.yaml", [{"site": "01", "from": "2025-09-01"}, {"site": "02", "from": "2025-09-01"}]),
    ]
    assert "v2.yaml" in register("files")[1]


def test_a_file_that_is_wrong_or_of_another_study_is_not_adopted(trial: Path) -> None:
    assert register("adopt", "bat4406f")[0] == 0
    wrong = {
        "mil62": "error: `mil62.yaml` is of the study `mil62`, and this register is of `bat4406f`\n",
        "nothing.yaml": "error: cannot read `nothing.yaml`: No such file or directory\n",
    }
    for file, message in wrong.items():
        code, out, said = register("adopt", file)
        assert (code, out) == (2, "")
        assert said.startswith(message)
    (trial / "bad.yaml").write_text("language: 1\nstudy: bat4406f\n")
    assert register("adopt", "bad.yaml")[0] == 2
    (trial / "far.yaml").write_text((trial / "site.yaml").read_text().replace("olp/D1: +7d", "olp/D9: +7d"))
    code, _, said = register("adopt", "far.yaml")
    assert code == 2
    assert "olp/D9" in said, "a site's file is checked against the study that the register holds"
    assert len(json.loads(register("files", "--format", "json")[1])["files"]) == 1


def test_a_backup_comes_back_and_is_its_owners_alone(trial: Path) -> None:
    register("adopt", "bat4406f")
    code, _, said = register("backup", "b.gz")
    assert code == 0
    assert stat.S_IMODE((trial / "b.gz").stat().st_mode) == 0o600
    head = register("head")[1].split()[0]
    assert head in said
    assert register("backup", "b.gz") == (
        2,
        "",
        "error: `b.gz` is there already\nhint: name another file: a backup is never written over\n",
    )
    done = dosing("register", "restore", "b.gz", "--register", "again.db")
    assert (done.returncode, done.stderr) == (0, "again.db: the facts, up to number 3; the chain holds\n")
    assert dosing("register", "files", "--register", "again.db").stdout == register("files")[1]
    assert dosing("register", "restore", "b.gz", "--register", "again.db").stderr.startswith("error: `again.db` is there already\n")


def test_what_cannot_come_back_leaves_nothing(trial: Path) -> None:
    register("backup", "b.gz")
    (trial / "cut.gz").write_bytes((trial / "b.gz").read_bytes()[:-30])
    for arguments, message in (
        (("cut.gz",), "error: `cut.gz` cannot be read as a backup\n"),
        (("b.gz", "--arms", "b.gz"), "error: `b.gz` is a backup of the facts\nhint: name it as the first argument\n"),
        (("site.yaml",), "error: `site.yaml` cannot be read as a backup\n"),
    ):
        done = dosing("register", "restore", *arguments, "--register", "again.db")
        assert done.returncode == 2
        assert done.stderr.startswith(message)
        assert not list(trial.glob("again*"))


def test_arms_are_backed_up_by_whom_they_are(trial: Path) -> None:
    assert register("backup", "arms.gz", "--arms") == (2, "", "error: `--arms` is an unblinded pharmacist's\nhint: leave it out\n")
    assert not (trial / "arms.gz").exists()
