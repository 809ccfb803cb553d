"""A register that an earlier version wrote opens in this one, with all that it held; `keep` writes one for each form of a store."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nmosd_dosing.register import accounts, register
from tests.kit.registers import PASSWORD
from tests.register.keep import given

KEPT = sorted(path for path in (Path(__file__).parent / "kept").iterdir() if path.is_dir())
FORMS = sorted(path.stem for path in Path(register.__file__).with_name("migrations").glob("[0-9]*.py"))


def test_a_register_of_every_form_is_kept() -> None:
    assert [path.name for path in KEPT] == FORMS


@pytest.mark.parametrize("kept", KEPT, ids=lambda path: path.name)
def test_a_kept_register_opens_and_gives_what_it_held(kept: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(kept, tmp_path / "register")
    try:
        opened = register.open(str(folder / "trial.db"))
    except register.Older as older:
        opened = older.register
        register.bring_up(opened)
    assert given(opened) == {path.name: path.read_bytes() for path in kept.iterdir() if path.suffix != ".db"}
    assert (opened.facts.verify(), opened.arms_store().verify()) == (None, None)
    assert accounts.who(opened.facts, "wei", PASSWORD).sites == frozenset({"01"})
    assert "张伟" not in str(list(opened.facts.entries()))
    opened.close()
