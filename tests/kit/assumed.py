"""Texts of assumptions files and what they are read as: the least file, and one with lines of a test's own."""

from __future__ import annotations

import re
from functools import cache

from nmosd_dosing.language.catalog import find_plan
from nmosd_dosing.simulation.assumptions.file import read_assumptions
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.study.model import Period, Study
from tests.kit.studies import examples

LEAST = "start: 2023-08-01\nsubjects: 162\naccrual: 9 per month\n"
ALLOCATION = "allocation: {bat4406f: 2, placebo: 1}\n"
RELAPSES = "adjudication: {confirmed: 90%, takes: 14 days}\nstable after rescue: {share: 95%, takes: 10 to 21 days}\n"
MONTH, YEAR = 365.25 / 12, 365.25


@cache
def studied(id: str) -> tuple[Study, tuple[Period, ...]]:
    return find_plan(id, None)


def read(text: str, study: str = "bat4406f") -> Assumptions:
    return read_assumptions(text, "a.yaml", *studied(study))


def of(text: str, study: str = "bat4406f") -> Assumptions:
    """The least file and these lines, which stand for its own of the same key."""
    keys = re.findall(r"^(\w[\w ]*):", text, re.M)
    head = LEAST + (ALLOCATION if study == "bat4406f" else "")
    return read("".join(line for line in head.splitlines(keepends=True) if line.split(":")[0] not in keys) + text, study)


BASE = f"""\
study: bat4406f
title: As planned
invented: dropout
start: 2023-08-01
subjects: 162
accrual: [5 per month, 9 per month from 2024-03-01]
allocation: {{bat4406f: 2, placebo: 1}}
relapse: {{bat4406f: 0.10 per year, placebo: 0.35 per year}}
{RELAPSES}dropout: 0.03 per year
"""


quick = examples(200)
