"""Every message about a broken assumptions file, word by word: `tests/broken_assumptions/NAME.yaml`, and what is shown, `NAME.txt`.

Files are read for `bat4406f`, or for the shipped study with which their name begins; `scenarios-…` with the assumptions in `BASE`.
When the wording changes, `make write` writes the expected texts anew. Then read the diff.
"""

from __future__ import annotations

import sys
from functools import cache

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.cli.options import option
from nmosd_dosing.errors import arguments_said_as
from nmosd_dosing.language.catalog import find_plan
from nmosd_dosing.simulation.assumptions.file import read_assumptions, read_text
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from nmosd_dosing.study.model import Period, Study
from tests.kit.broken import check_drawn
from tests.kit.paths import ROOT

BROKEN = ROOT / "tests" / "broken_assumptions"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))


@cache
def studied(id: str) -> tuple[Study, tuple[Period, ...]]:
    return find_plan(id, None)


def refused(name: str) -> RegimenError:
    content, path = (BROKEN / f"{name}.yaml").read_bytes(), f"{name}.yaml"
    study = studied(name.split("-", 1)[0] if name.startswith(("mil62-", "belimumab-")) else "bat4406f")
    with arguments_said_as(option), pytest.raises(RegimenError) as caught:
        if name.startswith("scenarios-"):
            read_scenarios(content, path, read_text((BROKEN / "BASE").read_bytes(), "base.yaml"), *study)
        else:
            read_assumptions(content, path, *study)
    return caught.value


@pytest.mark.parametrize("name", NAMES)
def test_message(name: str) -> None:
    error = refused(name)
    assert f"{error}\n" == (BROKEN / f"{name}.txt").read_text(encoding="utf-8")
    check_drawn(error.problems)


def test_every_expected_text_has_its_file() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.txt")) == NAMES


def test_what_scenarios_are_tried_with_is_fine() -> None:
    assert read_assumptions((BROKEN / "BASE").read_bytes(), "BASE", *studied("bat4406f")).block == 6


def write() -> None:
    for path in BROKEN.glob("*.txt"):
        path.unlink()
    for name in NAMES:
        (BROKEN / f"{name}.txt").write_text(f"{refused(name)}\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.simulation.assumptions.test_messages --write")
    write()
