"""The names of the package stand three times: for importers, for type checkers, and for `import *`. They are the same."""

from __future__ import annotations

import ast
from pathlib import Path

import nmosd_dosing

assert nmosd_dosing.__file__ is not None
TREE = ast.parse(Path(nmosd_dosing.__file__).read_text(encoding="utf-8"))


def test_type_checkers_see_the_names_that_importers_get() -> None:
    [only_checked] = [node for node in TREE.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    seen = {
        alias.name: node.module.removeprefix("nmosd_dosing.")
        for node in only_checked.body
        if isinstance(node, ast.ImportFrom) and node.module is not None
        for alias in node.names
    }
    assert seen == nmosd_dosing._ROOMS


def test_every_name_that_is_offered_is_there_and_no_other() -> None:
    assert sorted(nmosd_dosing.__all__) == sorted(nmosd_dosing._ROOMS)
    for name in nmosd_dosing.__all__:
        found = getattr(nmosd_dosing, name)
        assert found.__module__ == f"nmosd_dosing.{nmosd_dosing._ROOMS[name]}"
