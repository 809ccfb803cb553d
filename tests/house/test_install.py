"""The wheel and the source distribution, installed into new environments that hold no test tool, do the main job from any folder.

`make test` has fetched the wheels that this needs; nothing here touches a network.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.kit.paths import ROOT

pytestmark = pytest.mark.integration

WHEELS = ROOT / ".venv" / "wheels"
TOOLS = {
    "argon2-cffi",
    "django",
    "matplotlib",
    "openpyxl",
    "psycopg",
    "pytest",
    "hypothesis",
    "mypy",
    "ruff",
    "pandas",
    "jsonschema",
    "hatchling",
}


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "PIP_"))} | environment
    done = subprocess.run([str(c) for c in command], cwd=cwd, env=env, capture_output=True, text=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution of this checkout."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.mark.parametrize("pattern", ["*.whl", "*.tar.gz"])
def test_an_installed_package_plans_from_any_folder(built: Path, pattern: str, tmp_path: Path) -> None:
    assert WHEELS.is_dir(), "the wheels are missing: run `make test`, which fetches them"
    [package] = built.glob(pattern)
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    run(scripts / "python", "-m", "pip", "install", "--no-index", "--find-links", WHEELS, package, cwd=tmp_path)
    installed = run(scripts / "python", "-m", "pip", "list", "--format", "freeze", cwd=tmp_path).lower()
    assert not {line.split("==")[0] for line in installed.splitlines()} & TOOLS

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    plan = run(scripts / "dosing", "plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", cwd=elsewhere)
    assert [line.split()[1] for line in plan.splitlines() if line.startswith("W")] == [
        "2025-01-06",
        "2025-01-20",
        "2025-06-23",
        "2025-07-07",
    ]
    assert "belimumab" in run(scripts / "python", "-m", "nmosd_dosing", "regimens", cwd=elsewhere)
    three_lines = "from nmosd_dosing import load, plan\nfor v in plan(load('belimumab'), '2025-01-06').visits:\n print(v.target)"
    assert run(scripts / "python", "-c", three_lines, cwd=elsewhere).splitlines()[-2] == "2025-12-08"


def test_the_packages_hold_what_they_should(built: Path) -> None:
    [wheel], [source] = built.glob("*.whl"), built.glob("*.tar.gz")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"nmosd_dosing/regimens/{p.name}" for p in (ROOT / "regimens").glob("*.yaml")} <= names
    assert "nmosd_dosing/py.typed" in names and not [n for n in names if n.startswith(("tests", "regimens", "examples"))]
    with tarfile.open(source) as archive:
        inner = {n.split("/", 1)[1] for n in archive.getnames() if "/" in n}
    assert {"README.md", "LICENSE", "docs/language.md", "regimens/mil62.yaml", "examples/windows.yaml"} <= inner
