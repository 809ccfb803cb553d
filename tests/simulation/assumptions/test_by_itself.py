"""What is wrong whatever the study is told without one: every broken file is, but for those that are wrong for their study alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmosd_dosing.errors import Problems
from nmosd_dosing.simulation.assumptions.file import check_nodes, nodes
from tests.kit.command import dosing
from tests.simulation.assumptions.test_messages import BROKEN, NAMES, refused

OF_THE_STUDY = {  # its arms, what it asks of a relapse, its id
    "allocation-arm-missing", "allocation-arm-too-many", "allocation-missing", "allocation-other-study", "allocation-unknown-arm",
    "mil62-arms-of-another", "missing-for-relapses", "study-of-a-period", "study-other",
}  # fmt: skip
OTHER_WORDS = {  # without the study, the arms are those that the file names
    "allocation-colon", "allocation-list", "belimumab-allocation", "many", "relapse-arm-missing", "relapse-one-other-arm",
    "relapse-other-study", "relapse-unknown-arm", "is-a-site", "is-a-study", "is-scenarios",
}  # fmt: skip
ALONE = [name for name in NAMES if not name.startswith("scenarios-")]


@pytest.mark.parametrize("name", ALONE)
def test_a_broken_file_is_broken_without_its_study(name: str) -> None:
    problems = Problems()
    node = nodes((BROKEN / f"{name}.yaml").read_bytes(), f"{name}.yaml", problems)
    if node is not None:
        check_nodes(node, problems)
    assert bool(problems.errors) == (name not in OF_THE_STUDY)
    if name not in OTHER_WORDS:
        assert {*problems.errors} <= {*refused(name).problems}, "and is told in the same words"


FINE = "start: 2024-01-01\nsubjects: 100\naccrual: 2 per month\nallocation: {x: 2, placebo: 1}\n"


@pytest.mark.parametrize(("lines", "told"), [
    ("relapse: {x: 0.1 per year, y: 0.2 per year}\n", "unknown arm `y`"),
    ("relapse: {x: 0.3 times x, placebo: 0.2 per year}\n", "an arm cannot be so many times itself"),
    ("block size: 5\n", "a block of 5 cannot be divided 2:1"),
    ("weight: {mean: 60 kg, sd: 9 kg, from: 100 kg, to: 40 kg}\n", "`from` is more than `to`"),
    ("dropout: [0.1 per year, 0.2 per year from 12 months, 0.3 per year from 6 months]\n", "this is not later than the rate before it"),
    ("idmc_stop: 2023-05-01\n", "2023-05-01 is before the day on which accrual opens"),
    ("", None),
])  # fmt: skip
@pytest.mark.parametrize("head", ["", "study: not-here\n"])
def test_what_validate_says_without_a_study(head: str, lines: str, told: str | None, tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(head + FINE + lines)
    done = dosing("validate", str(file))
    assert done.returncode == (2 if told else 0)
    assert f"error: {told}" in done.stderr if told else "error:" not in done.stderr


def test_rates_by_arm_need_a_ratio_whatever_the_arms(tmp_path: Path) -> None:
    file = tmp_path / "trial.yaml"
    file.write_text(FINE.replace("allocation: {x: 2, placebo: 1}\n", "relapse: {x: 0.1 per year, placebo: 0.2 per year}\n"))
    assert "error: rates by arm need `allocation`" in dosing("validate", str(file)).stderr
