"""What is wrong, or doubtful, in small studies, word for word: each bound, and one day beyond it. They stand in `checked.txt` with a title:
what stands beside the visits of period `p`, these (`-`), those of the next one (`+`), and what is said of them: `!` where the study is
refused, `?` where it is a warning.

When the wording changes, `make write` writes what is said anew. Then read the diff as the person who made the mistake.
"""

from __future__ import annotations

import sys

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.paths import ROOT
from tests.kit.worked import HEAD, visits

FILE = ROOT / "tests" / "study" / "checked.txt"
BLOCKS = FILE.read_text(encoding="utf-8").strip().split("\n\n")


def checked(block: str) -> str:
    """The block with what is said of its study."""
    kept = [line for line in block.splitlines() if line[2:4] not in ("! ", "? ")]
    of = {key: "".join(f"{line[2 + skip :]}\n" for line in kept[1:] if line[2:].startswith(key)) for key, skip in STARTS.items()}
    period = "".join(f"    {line}\n" for line in of["period: "].splitlines())
    products = of["products: "] or "products: {X: {}, Y: {}}\n"
    text = HEAD + of["arms: "] + visits(*of["- "].splitlines(), products=products, period=period)
    if of["+ "]:
        text += "  q:\n    visits:\n" + "".join(f"      - {{{line}}}\n" for line in of["+ "].splitlines()) + NEXT
    try:
        problems = read_study_text(text)[1]
    except RegimenError as error:
        problems = error.problems
    return "\n".join([*kept, *(f"  {'!' if p.severity == 'error' else '?'} {p.message}; {p.hint}" for p in problems)])


NEXT = "transitions: [{id: on, from: p, to: q, after: end of p, within: 14 days}]\n"
STARTS = {"arms: ": 0, "products: ": 0, "period: ": 8, "- ": 2, "+ ": 2}
"""How lines of a block begin, and how much of it is no part of the study."""


@pytest.mark.parametrize("block", BLOCKS, ids=[block.splitlines()[0] for block in BLOCKS])
def test_what_is_said_of_a_study(block: str) -> None:
    assert checked(block) == block


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.study.test_checked --write")
    FILE.write_text("\n\n".join(map(checked, BLOCKS)) + "\n", encoding="utf-8")
