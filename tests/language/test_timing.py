"""Rules for gaps that a study file cannot mean are refused."""

from __future__ import annotations

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.gapped import FOLLOWS, HEAD, VISITS

WRONG = {
    "a gap that the plan has": (
        "    if gap: [{of: more than 27 days, then: restart}]\n" + VISITS,
        "D29 and D57 are planned up to 28 days apart: a gap of more than 27 days is no gap",
    ),
    "two rules": (
        "    if gap: [{of: more than 8 weeks, then: hold}, {of: more than 56 days, then: stop}]\n" + VISITS,
        "the gaps `more than 8 weeks` and `more than 56 days` overlap",
    ),
    "a gap not stated": ("    if gap: [{of: not stated, then: hold}]\n" + VISITS, "expected a range of times, found `not stated`"),
    "an unknown word": (
        "    if gap: [{of: more than 8 weeks, then: begin}]\n" + VISITS,
        "expected what becomes of the period, found `begin`",
    ),
    "no repeat": (
        "    visits: [{at: D1, give: X 100 mg, counted from: previous dose}]\n",
        "`counted from: previous dose` is about a repeat, and there is none",
    ),
    "no dose": (
        "    visits: [{at: 'D1, then every 4 weeks until D57', assess: MRI, counted from: previous dose}]\n",
        "counted from the previous dose, and no dose is given here",
    ),
    "two ways on one day": (
        FOLLOWS + "      - {at: 'D29, then every 4 weeks until D141', assess: MRI}\n",
        "D57 counts from the previous dose in one place and from the first day in another",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_wrong_files(case: tuple[str, str]) -> None:
    with pytest.raises(RegimenError) as caught:
        read_study_text(HEAD + case[0])
    assert case[1] in [problem.message for problem in caught.value.problems]
