"""Whoever edits a register's database by hand is found out: which number does not fit is named. On both databases, as their owner."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing.register import accounts
from nmosd_dosing.register.database import chain
from nmosd_dosing.register.database.chain import Head
from nmosd_dosing.register.database.store import TakenOut
from nmosd_dosing.register.reading import verifying
from nmosd_dosing.register.register import Register
from tests.kit.by_hand import CONTENT, ENTRY, by_hand, other, unguarded
from tests.kit.written import MANAGER, NOW, UNBLINDED, ZONE, Desk


@pytest.fixture
def whole(fang: Desk) -> Register:
    """Seven entries, of which the sixth corrects the fourth, and the seventh takes a text out of the fourth; an arm."""
    fang.correct(4, "7 typed for 8", date="2025-07-08", comment="")
    fang.blank(4, "comment")
    Desk(fang.book.register, UNBLINDED).record("allocation", subject="0101", arm="placebo")
    return fang.book.register


def found(register: Register, kept: Head | None = None) -> str:
    """What is said of the facts."""
    verdict = verifying.verify(register.facts, kept)
    return "holds" if verdict.holds else f"{verdict.seq} {verdict.why}"


def test_what_nobody_edited_holds(whole: Register) -> None:
    assert found(whole) == "holds"
    head = whole.facts.head()
    assert (head.seq, verifying.verify(whole.facts).entries) == (7, 7)
    assert found(whole, head) == "holds"
    assert found(whole, Head(3, next(e["hash"] for e in whole.facts.entries() if e["seq"] == 3))) == "holds", "also once more was written"
    assert verifying.verify(whole.arms).holds


def test_each_column_of_each_row_that_is_edited_is_found(whole: Register) -> None:
    for table, key, columns in (("register_entry", "seq", ENTRY), ("register_content", "entry", CONTENT)):
        for seq in (1, 4, 6, 7):
            for column in columns:
                with unguarded(whole, whole.facts) as hand:
                    ((before,),) = hand.ask(f'SELECT "{column}" FROM {table} WHERE {key} = ?', seq)
                    value = other(before)
                    hand.ask(f'UPDATE {table} SET "{column}" = ? WHERE {key} = ?', value, seq)
                said = found(whole)
                assert said != "holds", (table, seq, column)
                assert int(said.split()[0]) <= seq + 1, (said, table, seq, column)
                with unguarded(whole, whole.facts) as hand:
                    hand.ask(f'UPDATE {table} SET "{column}" = ? WHERE {key} = ?', before, value if column == key else seq)
    assert found(whole) == "holds", "it was mended"


def test_an_arm_that_is_edited_is_found(whole: Register) -> None:
    with unguarded(whole, whole.arms) as hand:
        hand.ask("UPDATE register_content SET cells = replace(cells, 'placebo', 'bat4406f')")
    verdict = verifying.verify(whole.arms)
    assert (verdict.seq, verdict.why) == (1, "has another content than was written")
    assert found(whole) == "holds"


def test_a_row_that_is_taken_out_of_the_middle_is_found(whole: Register) -> None:
    with unguarded(whole, whole.facts) as hand:
        hand.ask("DELETE FROM register_content WHERE entry = 5")
    assert found(whole) == "5 has lost its content"
    with unguarded(whole, whole.facts) as hand:
        hand.ask("DELETE FROM register_entry WHERE seq = 5")
    assert found(whole) == "5 is missing"


def test_rows_that_are_taken_away_from_the_end_are_found_with_the_head_that_was_kept(whole: Register) -> None:
    head = whole.facts.head()
    with unguarded(whole, whole.facts) as hand:
        hand.ask("DELETE FROM register_entry WHERE seq = 7")
        hand.ask("DELETE FROM register_content WHERE entry = 7")
    assert found(whole) == "4 has a content that was taken out, and no entry says by whom"
    with unguarded(whole, whole.facts) as hand:
        for seq in (4, 5, 6):
            hand.ask("DELETE FROM register_entry WHERE seq = ?", seq)
            hand.ask("DELETE FROM register_content WHERE entry = ?", seq)
    assert found(whole) == "holds", "nothing tells that there was more"
    assert found(whole, head) == "4 is missing: number 7 was kept elsewhere"


def test_a_row_that_is_put_in_is_found(whole: Register) -> None:
    with unguarded(whole, whole.facts) as hand:
        names = ", ".join(f'"{name}"' for name in ENTRY)
        (row,) = hand.ask(f"SELECT {names} FROM register_entry WHERE seq = 5")
        hand.put("register_entry", ENTRY, (8, *row[1:]))
        hand.put("register_content", CONTENT, (8, "{}", None, "00"))
    assert found(whole).startswith("8 does not follow the one before")
    with unguarded(whole, whole.facts) as hand:
        hand.ask("DELETE FROM register_entry WHERE seq = 8")
    assert found(whole) == "8 has a content, and no entry"


def test_rows_that_are_exchanged_are_found(whole: Register) -> None:
    with unguarded(whole, whole.facts) as hand:
        for old, new in ((3, 99), (2, 3), (99, 2)):
            hand.ask("UPDATE register_entry SET seq = ? WHERE seq = ?", new, old)
            hand.ask("UPDATE register_content SET entry = ? WHERE entry = ?", new, old)
    assert found(whole).startswith("2 does not follow the one before")


def test_who_reckons_the_whole_chain_anew_is_found_with_the_head_that_was_kept(whole: Register) -> None:
    head = whole.facts.head()
    with unguarded(whole, whole.facts) as hand:
        hand.ask("UPDATE register_content SET cells = replace(cells, '2025-01-06', '2025-01-07') WHERE entry = 3")
        hand.rehash(3)
    assert found(whole) == "holds"
    assert found(whole, head) == "7 is not the one that was kept elsewhere"


def test_a_content_that_is_emptied_without_saying_so_is_found(whole: Register) -> None:
    with by_hand(whole, whole.facts) as hand:  # the guards let a content be taken out
        hand.ask("UPDATE register_content SET cells = NULL, reason = NULL, salt = NULL WHERE entry = 6")
    assert found(whole) == "6 has a content that was taken out, and no entry says by whom"


def test_two_that_replace_the_same_are_found(whole: Register) -> None:
    with unguarded(whole, whole.facts) as hand:
        hand.ask("UPDATE register_entry SET replaces = 6 WHERE seq = 2")
        hand.rehash(2)
    assert found(whole) == "2 replaces number 6, which comes later"


def test_a_guard_that_is_gone_is_missed(whole: Register) -> None:
    on_server = whole.address.file is None
    with by_hand(whole, whole.facts) as hand:
        hand.ask("DROP TRIGGER entry_stays ON register_entry" if on_server else "DROP TRIGGER entry_stays")
    assert found(whole) == "None the entries fit, and what guards them is gone or was changed: entry_stays"


def test_a_guard_that_lets_everything_through_is_missed(whole: Register) -> None:
    with by_hand(whole, whole.facts) as hand:
        if whole.address.file is None:
            hand.ask("CREATE OR REPLACE FUNCTION refuse_another_content() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")
        else:
            hand.ask("DROP TRIGGER content_stays")
            hand.ask("CREATE TRIGGER content_stays BEFORE UPDATE ON register_content BEGIN SELECT 1; END")
    assert found(whole).endswith("gone or was changed: content_stays")


def test_a_trigger_that_swallows_what_is_written_is_found(whole: Register) -> None:
    with by_hand(whole, whole.facts) as hand:
        if whole.address.file is None:
            hand.ask("CREATE RULE swallows AS ON INSERT TO register_content DO INSTEAD NOTHING")
        else:
            hand.ask("CREATE TRIGGER swallows BEFORE INSERT ON register_content BEGIN SELECT RAISE(IGNORE); END")
    assert found(whole).endswith("gone or was changed: swallows")


GONE = "None the entries fit, and what guards them is gone or was changed: "


def test_tables_that_are_not_as_they_were_made_are_found(whole: Register) -> None:
    """Whoever takes an index away may let two replace the same; whoever puts a view in front of a table, hide what is written."""
    on_server = whole.address.file is None
    tries = [
        (
            "DROP INDEX entry_of_person", "CREATE INDEX entry_of_person ON register_entry (what, person)",
            "index on what, person of register_entry",
        ),
        ("CREATE TABLE notes (a integer)", "DROP TABLE notes", "table notes"),
        ("CREATE VIEW all_of_it AS SELECT * FROM register_entry", "DROP VIEW all_of_it", "view all_of_it"),
        (
            "ALTER TABLE register_content ADD COLUMN more text", "ALTER TABLE register_content DROP COLUMN more",
            "column more of register_content",
        ),
        ("CREATE UNIQUE INDEX one ON register_entry (request, seq)", "DROP INDEX one", "unique index on request, seq of register_entry"),
    ]  # fmt: skip
    if on_server:
        tries += [
            (
                "ALTER TABLE register_entry DROP CONSTRAINT register_entry_replaces_key",
                "ALTER TABLE register_entry ADD CONSTRAINT register_entry_replaces_key UNIQUE (replaces)",
                "unique index on replaces of register_entry",
            ),
            (
                "ALTER TABLE register_entry DISABLE TRIGGER entry_stays",
                "ALTER TABLE register_entry ENABLE TRIGGER entry_stays",
                "entry_stays",
            ),
            (
                "ALTER TABLE register_entry ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE register_entry DISABLE ROW LEVEL SECURITY",
                "row security of register_entry",
            ),
            (
                "ALTER TABLE register_entry ALTER COLUMN account DROP NOT NULL",
                "ALTER TABLE register_entry ALTER COLUMN account SET NOT NULL",
                "column account of register_entry",
            ),
        ]
    for statement, back, said in tries:
        with by_hand(whole, whole.facts) as hand:
            hand.ask(statement)
        assert found(whole) == GONE + said
        with by_hand(whole, whole.facts) as hand:
            hand.ask(back)
    assert found(whole) == "holds"


def test_a_view_in_the_place_of_a_table_is_found(whole: Register) -> None:
    with by_hand(whole, whole.facts) as hand:
        hand.ask("ALTER TABLE register_account RENAME TO accounts")
        hand.ask("CREATE VIEW register_account AS SELECT * FROM accounts")
    assert found(whole) == f"{GONE}table accounts, view register_account"


def test_a_unique_index_that_is_gone_with_its_table_is_found(whole: Register) -> None:
    if whole.address.file is None:
        return
    with unguarded(whole, whole.facts) as hand:  # as SQLite's own pages say it is done
        ((made,),) = hand.ask("SELECT sql FROM sqlite_master WHERE name = 'register_entry'")
        hand.ask("ALTER TABLE register_entry RENAME TO before")
        hand.ask(made.replace(" UNIQUE", ""))
        hand.ask("INSERT INTO register_entry SELECT * FROM before")
        hand.ask("DROP TABLE before")
        hand.ask("CREATE INDEX entry_of_person ON register_entry (what, person)")
        hand.ask("CREATE INDEX entry_of_site ON register_entry (what, site)")
    assert found(whole) == f"{GONE}unique index on replaces of register_entry"


def test_a_guard_of_another_table_is_none(whole: Register) -> None:
    on_server = whole.address.file is None
    with by_hand(whole, whole.facts) as hand:
        if on_server:
            hand.ask("DROP TRIGGER entry_stays ON register_entry")
            hand.ask("CREATE TRIGGER entry_stays BEFORE UPDATE OR DELETE ON register_account FOR EACH ROW EXECUTE FUNCTION refuse_change()")
        else:
            hand.ask("DROP TRIGGER entry_stays")
            hand.ask("CREATE TRIGGER entry_stays BEFORE UPDATE ON register_account BEGIN SELECT RAISE(ABORT, 'never'); END")
    assert found(whole) == f"{GONE}entry_stays"


def test_a_password_that_was_put_in_by_hand_is_named(whole: Register) -> None:
    accounts.add(whole.facts, MANAGER, NOW, ZONE, name="li.na", role="monitor", sites="all")
    accounts.set_password(whole.facts, MANAGER, NOW, ZONE, name="li.na", password="seven green tortoises")
    assert found(whole) == "holds"
    said = "None the entries fit, and these accounts have another password than they were given: "
    with by_hand(whole, whole.facts) as hand:
        hand.ask("UPDATE register_account SET password = 'argon2$x'")
    assert found(whole) == f"{said}li.na"
    with by_hand(whole, whole.facts) as hand:
        hand.ask("INSERT INTO register_account (name, password) VALUES ('zoe', 'argon2$y')")
    assert found(whole) == f"{said}li.na, zoe"
    with by_hand(whole, whole.facts) as hand:
        hand.ask("DELETE FROM register_account")
    assert found(whole) == f"{said}li.na"


def test_a_clock_that_was_set_back_is_said_and_is_no_edit(whole: Register) -> None:
    assert verifying.verify(whole.facts).earlier == (0, None)
    for minutes in (-5, -10, 20, 15):
        desk = Desk(whole, at=NOW + dt.timedelta(minutes=minutes))
        assert "entered" in desk.record("events", subject="0101", event="relapse", date=f"2025-03-{minutes + 11:02}")
    assert found(whole) == "holds"
    assert verifying.verify(whole.facts).earlier == (3, 8)


def test_bytes_in_the_place_of_a_text_are_found(whole: Register) -> None:
    if whole.address.file is None:
        return  # a column of texts of PostgreSQL takes none
    with unguarded(whole, whole.facts) as hand:
        hand.ask("UPDATE register_content SET cells = CAST(cells AS BLOB) WHERE entry = 5")
    assert found(whole) == "5 has another content than was written"


def test_what_somebody_writes_meanwhile_is_no_edit_by_hand(whole: Register) -> None:
    told, entries = TakenOut(whole.facts.alias), whole.facts.entries()
    first = next(entries)
    Desk(whole).record("events", subject="0101", event="relapse", date="2025-03-03", comment="Zhang Wei")
    assert chain.first_wrong([first, *entries], told) is None
    assert "took comment out" in Desk(whole).blank(8, "comment")
    assert 8 in told
    assert 3 not in told
    assert chain.first_wrong(whole.facts.entries(), told) is None


def test_how_far_it_is_is_told(whole: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifying, "_TOLD", 3)
    told: list[int] = []
    verifying.verify(whole.facts, told=told.append)
    assert told == [3, 6]
