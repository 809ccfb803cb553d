"""`dosing prepare` and `dosing order` as tests run them: a trial of three subjects in a folder, and blinded ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing.language.study_file import read_study_text
from tests.kit.command import output

STUDY = """language: 1
study: pharmacy-trial
title: A trial for the pharmacy
source: not stated
days: from 1
products:
  X:
    route: IV infusion
    vials: {sizes: [120 mg, 400 mg], concentration: 80 mg/mL}
  Y: {route: IV infusion, vials: [500 mg]}
  Z: {route: oral}
periods:
  main:
    visits:
      - at: D1, D15, then every 4 weeks until D71
        give: X 10 mg/kg
      - at: D15 to D17
        give: Y 250 mg twice daily
      - at: D20 to D21
        give: Z 60 mg daily
      - at: not stated
        name: Rescue
        give: Y 500 mg
"""
SUBJECTS = "subject,start,weight_kg\n01,2025-01-06,60\n02,2025-01-06,75\n03,2025-01-20,\n"

BLINDED = """language: 1
study: blinded-trial
title: A blinded trial
source: not stated
days: from 1
products:
  X: {route: IV infusion, vials: [100 mg, 500 mg]}
arms: [drug, placebo]
periods:
  main:
    blinded: true
    visits:
      - at: D1, D15, D29
        give: {drug: X 8 mg/kg, placebo: X placebo}
"""

PEOPLE = ("--regimen", "study.yaml", "--subjects", "subjects.csv")
PREPARE = ("prepare", *PEOPLE, "--from", "2025-01-20")
ORDER = ("order", *PEOPLE, "--from", "2025-01-20")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a study and three subjects, of whom the third has no weight."""
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "subjects.csv").write_text(SUBJECTS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def as_json(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(output(*arguments, "--format", "json"))
    return made


TRIAL, _ = read_study_text(STUDY)
