"""YAML's own ways to write nothing are nothing, after every key of every kind of file."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nmosd_dosing import load
from nmosd_dosing.errors import Problems, RegimenError
from nmosd_dosing.language.nodes import Mapping, Node, Scalar, Sequence, read_text
from nmosd_dosing.language.site_file import read_site
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.simulation.assumptions.file import read_assumptions
from tests.kit.paths import ROOT

NOTHING = ("~", "null", "Null", "NULL")


def values(node: Node) -> list[Scalar]:
    """Every text of a file that stands after a key."""
    if isinstance(node, Sequence):
        return [found for item in node.items for found in values(item)]
    if not isinstance(node, Mapping):
        return []
    return [found for _, value in node.pairs for found in ([value] if isinstance(value, Scalar) else values(value))]


def study(text: str) -> None:
    read_study_text(text)


def site(text: str) -> None:
    read_site(text.encode(), "site.yaml")


def assumptions(text: str) -> None:
    made = load("bat4406f")
    read_assumptions(text, "trial.yaml", made, made.periods)


KINDS: dict[str, Callable[[str], None]] = {
    "regimens/bat4406f.yaml": study,
    "examples/courses.yaml": study,
    "examples/dose-rules.yaml": study,
    "examples/site.yaml": site,
    "examples/bat4406f/assumptions.yaml": assumptions,
}


def said(read: Callable[[str], None], text: str) -> list[tuple[str, str | None]]:
    try:
        read(text)
    except RegimenError as error:
        return [(problem.message, problem.hint) for problem in error.problems]
    return []


@pytest.mark.parametrize("path", KINDS)
def test_nothing_is_nothing_however_it_is_written(path: str) -> None:
    text, read = (ROOT / path).read_text(encoding="utf-8"), KINDS[path]
    node = read_text(text, path, Problems())
    assert node is not None
    found = values(node)
    assert len(found) > 5
    for i, value in enumerate(found):
        before, after = text[: value.place.start], text[value.place.end :]
        nothing = said(read, before + after)
        assert said(read, before + NOTHING[i % len(NOTHING)] + after) == nothing, (value.text, nothing)
        assert nothing, value.text


def test_in_quotes_they_are_texts() -> None:
    head = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  p:\n    visits:\n"
    made, _ = read_study_text(f"{head}      - {{at: not stated, name: '~', assess: ['null', MRI]}}\n")
    assert (made.periods[0].visit_rules[0].name, made.periods[0].visit_rules[0].assess) == ("~", ("null", "MRI"))
    with pytest.raises(RegimenError, match="the file is empty"):
        read_study_text("~\n")
    for wrong in ("[MRI, ~]", "\n        - MRI\n        -"):
        with pytest.raises(RegimenError, match="found nothing"):
            read_study_text(f"{head}      - at: D1\n        assess: {wrong}\n")
