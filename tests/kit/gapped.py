"""Studies whose repeats may count from the dose before them, and their visits in words."""

from __future__ import annotations

from typing import Any

from nmosd_dosing import Plan, Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.subject import Record
from tests.kit.dates import START

HEAD = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  main:\n"
VISITS = "    visits:\n      - at: D1, D15, D29, then every 4 weeks until D141\n        give: X 100 mg\n"
FOLLOWS = VISITS + "        counted from: previous dose\n"
RULES = '    if gap:\n      - {of: more than 12 weeks, then: hold}\n      - {of: ">8 to 12 weeks", then: restart}\n'


def spaced(text: str, *records: tuple[Any, ...], **options: Any) -> Plan:
    study, _ = read_study_text(HEAD + text)
    return plan(study, Subject(START, records=tuple(Record(*r) for r in records)), **options)


def targets(found: Plan) -> dict[str, str]:
    return {v.label: f"{v.actual or v.target} {v.status}" for v in found.visits}
