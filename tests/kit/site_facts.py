"""A site's own facts filled into a study, and the example of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from nmosd_dosing import Study, Subject, plan
from nmosd_dosing.errors import Problems
from nmosd_dosing.language import catalog
from nmosd_dosing.language.site_file import fill_in, read_site
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Plan
from tests.kit.paths import ROOT

EXAMPLE = ROOT / "examples" / "site.yaml"
START = dt.date(2025, 1, 6)
WHO = "site beijing-01, Protocol BAT4406F-301, version 2.1"

STUDY = """\
language: 1
study: example
title: A fictional trial of drug X
source: made up for this test
days: from 1
products:
  X: {minimum gap: 10 days}
  Y: {}
arms: [x, placebo]
periods:
  rcp:
    length: 12 weeks
    blinded: true
    visits:
      - at: D-28 to D-1
        name: Screening
        assess: eligibility
      - at: D1 ±0d, D15 ±2d
        give: {x: X 500 mg, placebo: X placebo}
      - {at: D29, window: not stated, assess: MRI}
      - {at: D1, D43, assess: EDSS}
  olp:
    window: ±5d
    visits:
      - {at: D1, give: [X 500 mg, Y 100 mg]}
      - {at: D8, window: not stated, give: Y 100 mg}
""".replace("{at: D1, D43,", "{at: [D1, D43],")
HEAD = "language: 1\nsite: beijing-01\nstudy: {}\nsource: Protocol BAT4406F-301\nversion: 2.1\n"


def of(study: str, facts: str) -> bytes:
    return (HEAD.format(study) + facts).encode()


def filled(facts: str, study: str | None = None, doubts: Problems | None = None) -> Study:
    found = read_study_text(STUDY, "study.yaml")[0] if study is None else catalog.load(study)
    return fill_in(found, read_site(of(found.id, facts), "site.yaml"), doubts)


def drawn(facts: str, study: str | None = None, period: str | None = "rcp", **more: Any) -> Plan:
    return plan(filled(facts, study), Subject(START, "0012", **more), period=period)
