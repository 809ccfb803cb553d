"""A row that somebody spoilt by hand in the database is named by whoever reads it, and by `verify`; nothing breaks on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.register.database import backups
from nmosd_dosing.register.reading import studies, tables, trail, verifying
from nmosd_dosing.register.register import Register
from nmosd_dosing.register.writing import changes
from tests.kit.by_hand import CONTENT, ENTRY, Hand, unguarded
from tests.kit.command import dosing, errors
from tests.kit.paths import ROOT
from tests.kit.registers import Made
from tests.kit.written import MANAGER, NOW, UNBLINDED, ZONE, Desk, book

ROW = "UPDATE register_entry SET {} WHERE seq = 4"
SAID = "UPDATE register_content SET {} WHERE entry = 4"
SPOILT = {
    "a moment that is none": ROW.format("at = 'yesterday'"),
    "a moment of no zone": ROW.format("at = '2025-07-07T12:00:00.000'"),
    "an action that there is not": ROW.format("action = 'entr'"),
    "what replaces itself": ROW.format("replaces = 4"),
    "what replaces a later one": ROW.format("replaces = 5"),
    "cells that are no JSON": SAID.format("cells = '{\"subject\":'"),
    "cells that are a list": SAID.format("cells = '[1]'"),
    "cells that are a number": SAID.format("cells = '7'"),
    "a cell that is a number": SAID.format("cells = replace(cells, '\"0101\"', '101')"),
    "a cell that is nothing": SAID.format("cells = replace(cells, '\"0101\"', 'null')"),
    "half a sign": SAID.format(r"cells = replace(cells, '0101', '\ud800')"),
    "cells in a hundred thousand others": SAID.format(f"cells = '{'[' * 100_000}'"),
    "a content that was emptied": SAID.format("cells = NULL, reason = NULL, salt = NULL"),
    "a content that is gone": "DELETE FROM register_content WHERE entry = 4",
    "a number that is gone": "DELETE FROM register_entry WHERE seq = 4",
}
OF_SQLITE = {  # which keeps anything in any column
    "bytes for an account": ROW.format("account = CAST(X'ff' AS TEXT)"),
    "bytes for a site": ROW.format("site = CAST(X'ff41' AS TEXT)"),
    "bytes, and no text, for a site": ROW.format("site = X'ff41'"),
    "a text for a person": ROW.format("person = 'x'"),
    "a text for a number": ROW.format("seq = 'x'"),
    "bytes for cells": SAID.format("cells = CAST(X'ff' AS TEXT)"),
    "bytes in a cell": SAID.format("cells = CAST(replace(cells, '0101', X'ff') AS TEXT)"),
    "bytes for a reason": SAID.format("reason = X'ff'"),
}
NAMED = "number {} is not as the register writes it: somebody edited the database by hand"


@pytest.fixture
def whole(fang: Desk) -> Register:
    """Five entries of two subjects, of whom one has an arm; a study, numbers 6 and 7."""
    register = fang.book.register
    content = (ROOT / "regimens" / "bat4406f.yaml").read_bytes()
    register.facts.write(studies.adopted(register.facts, "study", "bat4406f", "bat4406f.yaml", content)[1], MANAGER.author(ZONE), NOW)
    Desk(register, UNBLINDED).record("allocation", subject="0101", arm="placebo")
    return register


def readers(register: Register) -> Mapping[str, Callable[[], object]]:
    """All that reads, by what it is."""
    fang, all_tables = book(register), ("subjects", "events", "visits", "weighings")
    return {
        "history": lambda: [line.sentence for line in trail.lines(register, MANAGER)],
        "history of a number": lambda: list(trail.lines(register, MANAGER, trail.Asked(number="4"))),
        "history of a subject": lambda: list(trail.lines(register, MANAGER, trail.Asked(subject="0101"))),
        "tables": lambda: tables.contents(tables.held(register, all_tables)),
        "tables as known": lambda: tables.contents(tables.held(register, all_tables, tables.Whose(tables.known_by(register, 4)))),
        "tables of a subject": lambda: tables.contents(tables.held(register, all_tables, tables.Whose(subject="0101"))),
        "correct": lambda: changes.correct(fang, "4", {"date": "2025-07-08"}, "a slip"),
        "withdraw": lambda: changes.withdraw(fang, "4", "a slip"),
        "blank": lambda: changes.blank(fang, "4", "comment", "a name"),
        "backup": lambda: b"".join(backups.backup(register.facts, "facts")),
    }


def told(reader: Callable[[], object]) -> str | None:
    """What somebody is told who reads; None where nothing is said. Whatever else is raised is a defect."""
    try:
        reader()
    except InputError as error:
        return error.problems[0].message
    return None


def kept(hand: Hand) -> list[tuple[object, ...]]:
    """Number 4, with its content."""
    columns = [f'{table}."{name}"' for table, names in (("e", ENTRY), ("c", CONTENT)) for name in names]
    return hand.ask(f"SELECT {', '.join(columns)} FROM register_entry e, register_content c WHERE e.seq = 4 AND c.entry = 4")


def put_back(hand: Hand, row: tuple[object, ...]) -> None:
    """Number 4 as it was."""
    hand.ask("DELETE FROM register_entry WHERE seq NOT IN (1, 2, 3, 5, 6, 7)")
    hand.ask("DELETE FROM register_content WHERE entry NOT IN (1, 2, 3, 5, 6, 7)")
    hand.put("register_entry", ENTRY, row[: len(ENTRY)])
    hand.put("register_content", CONTENT, row[len(ENTRY) :])


def test_what_was_spoilt_is_named_by_whoever_reads_it(whole: Register) -> None:
    on_server = whole.address.file is None
    with unguarded(whole, whole.facts) as hand:
        (row,) = kept(hand)
    reading = readers(whole)
    assert {name: told(reader) for name, reader in reading.items()} == dict.fromkeys(reading)
    for name, statement in (SPOILT if on_server else SPOILT | OF_SQLITE).items():
        with unguarded(whole, whole.facts) as hand:
            hand.ask(statement)
        said = {what: told(reader) for what, reader in reading.items()}
        assert said["history"] == said["backup"] == NAMED.format(4), (name, said)
        if "cells = " in statement or name == "an action that there is not":
            assert {said[what] for what in ("tables", "tables as known", "tables of a subject", "correct")} == {NAMED.format(4)}, name
        assert verifying.verify(whole.facts).seq == 4, name
        with unguarded(whole, whole.facts) as hand:
            put_back(hand, row)
    assert verifying.verify(whole.facts).holds, "it was mended"


def test_who_reckons_the_chain_anew_behind_what_he_spoilt_is_named_too(whole: Register) -> None:
    for name in ("a moment that is none", "an action that there is not", "cells that are a list", "half a sign"):
        with unguarded(whole, whole.facts) as hand:
            (row,) = kept(hand)
            hand.ask(SPOILT[name])
            hand.rehash(4)
        verdict = verifying.verify(whole.facts)
        assert verdict.seq == 4, name
        assert verdict.why in ("is no entry that the register writes", "has a content that the register does not write"), name
        with unguarded(whole, whole.facts) as hand:
            put_back(hand, row)
            hand.rehash(4)


def test_a_row_without_cells_is_not_passed_over(whole: Register) -> None:
    with unguarded(whole, whole.facts) as hand:
        hand.ask(SAID.format("cells = NULL"))
    reading = readers(whole)
    assert {told(reading[what]) for what in ("tables", "tables as known", "tables of a subject", "correct")} == {NAMED.format(4)}
    with unguarded(whole, whole.facts) as hand:
        hand.rehash(4)
    verdict = verifying.verify(whole.facts)
    assert (verdict.seq, verdict.why) == (4, "has a content that the register does not write")


def test_an_arm_that_was_spoilt_is_named_with_its_store(whole: Register) -> None:
    with unguarded(whole, whole.arms) as hand:
        hand.ask("UPDATE register_content SET cells = '{'")
    for reader in (
        lambda: list(trail.lines(whole, UNBLINDED, arms=whole.arms)),
        lambda: tables.held(whole, ("subjects", "allocation")),
        lambda: changes.correct(book(whole, UNBLINDED), "arms:1", {"arm": "bat4406f"}, "a slip"),
    ):
        assert told(reader) == NAMED.format("arms:1")


@pytest.mark.parametrize("number", [6, 7])
def test_nobody_plans_by_a_study_that_was_changed_by_hand(whole: Register, number: int) -> None:
    with unguarded(whole, whole.facts) as hand:
        hand.ask("UPDATE register_content SET cells = replace(cells, '1', '2') WHERE entry = ?", number)
    assert NAMED.format(number) in (told(lambda: studies.files(whole.facts)), told(lambda: studies.uses(whole.facts)))


def test_a_version_of_the_study_that_there_is_not_is_named(whole: Register) -> None:
    with unguarded(whole, whole.facts) as hand:
        hand.ask("UPDATE register_content SET cells = replace(cells, '{', '{\"study_version\":\"x\",') WHERE entry = 1")
    everybody = tables.subjects(whole, tables.EVERYBODY)
    assert told(lambda: studies.study_of(whole.facts, everybody)) == NAMED.format(1)


def test_every_command_says_what_to_do(made: Made) -> None:
    from nmosd_dosing.register import register

    asks = made.asks("chief")
    assert dosing("register", "record", "subjects", "subject=0101", "site=01", "--regimen", "bat4406f", *asks).returncode == 0
    number = 3 if made.on_server else 2
    spoilt = register.open(made.place.owner)
    with unguarded(spoilt, spoilt.facts) as hand:
        hand.ask("UPDATE register_content SET cells = '[]' WHERE entry = ?", number)
    spoilt.close()
    said = (
        f"error: {NAMED.format(number)}\n"
        f"hint: `dosing register verify --register {made.place.sites} --account chief` names the first that does not fit; "
        "take a backup from before, `dosing register restore FILE`\n"
    )
    for command in ("register history", "due --regimen bat4406f", "register backup all.gz"):
        assert said in errors(*command.split(), *asks)


def test_a_database_that_cannot_be_read_is_no_defect_of_the_program(made: Made) -> None:
    from nmosd_dosing.register import register

    spoilt = register.open(made.place.owner)
    with unguarded(spoilt, spoilt.facts) as hand:
        hand.ask("ALTER TABLE register_entry RENAME COLUMN zone TO time_zone")
    spoilt.close()
    assert "error: the register cannot be read: " in errors("register", "history", *made.asks("chief"))
