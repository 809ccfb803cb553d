"""A store goes into a file and comes back, whatever the database; a file that was cut or changed does not."""

from __future__ import annotations

import gzip
import json

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.register import published, register
from nmosd_dosing.register.database.backups import backup, begun, restore
from nmosd_dosing.register.database.chain import Head
from nmosd_dosing.register.database.store import Act
from nmosd_dosing.register.models import Account
from nmosd_dosing.register.register import Register
from tests.kit.by_hand import by_hand, unguarded
from tests.kit.registers import Addresses
from tests.register.database.test_store import ANNA, NOON, SUBJECT, VISIT


def filled(address: str) -> Register:
    """A register with a correction, a content that was taken out, an account, and what a feed gave out."""
    made = register.make(address)
    named = Act(
        "correct", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-07", "comment": "张伟"}, "一", person=1, replaces=2
    )
    clean = Act("correct", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-07"}, "a name", person=1, replaces=3)
    made.facts.write([SUBJECT, VISIT, named, clean, Act("blank", "visits", None, "a name", person=1, of=3)], ANNA, NOON)
    Account.objects.using(made.facts.alias).create(name="anna", password="argon2$…")
    published.keep(made.facts, 1, None, b"BEGIN:VCALENDAR", "from this", NOON)
    published.fetched(made.facts, 1, NOON, "Thunderbird")
    return made


def test_what_comes_back_is_what_was_there(addresses: Addresses) -> None:
    with addresses() as address, addresses() as other:
        made, empty = filled(address), register.make(other)
        content = b"".join(backup(made.facts, "facts"))
        assert begun(content, "trial.backup") == ("facts", made.facts.head())
        assert restore(empty.facts, content, "trial.backup") == made.facts.head()
        assert list(empty.facts.entries()) == list(made.facts.entries())
        assert list(Account.objects.using(empty.facts.alias).values_list("name", "password")) == [("anna", "argon2$…")]
        assert (given := published.last(empty.facts, 1)) == published.last(made.facts, 1) and given is not None
        assert published.fetches(empty.facts) == published.fetches(made.facts) == {1: published.Fetched(1, NOON, "Thunderbird", 15)}
        assert b"".join(backup(empty.facts, "facts")) == content
        for each in (made, empty):
            each.close()


@pytest.mark.integration
def test_both_databases_give_the_same_file(tmp_path_factory: pytest.TempPathFactory, postgres_url: str) -> None:
    made = filled(str(tmp_path_factory.mktemp("one") / "trial.db"))
    content = b"".join(backup(made.facts, "facts"))
    other = register.make(postgres_url)
    restore(other.facts, content, "trial.backup")
    assert b"".join(backup(other.facts, "facts")) == content
    for each in (made, other):
        each.close()


def test_a_backup_of_a_version_without_feeds_comes_back(address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = filled(str(tmp_path_factory.mktemp("one") / "trial.db"))
    head, *rest = lines(b"".join(backup(made.facts, "facts")))
    before = [line for line in rest if not line.startswith(b'{"feed"')]
    assert (len(before), b'"version":2' in head) == (len(rest) - 1, True)
    empty = register.make(address)
    content = gzip.compress(b"".join([head.replace(b'"version":2', b'"version":1'), *before]))
    assert restore(empty.facts, content, "trial.backup") == made.facts.head()
    assert published.last(empty.facts, 1) is None
    for each in (made, empty):
        each.close()


def lines(content: bytes) -> list[bytes]:
    return gzip.decompress(content).splitlines(keepends=True)


def changed(content: bytes, line: int, place: int | str, value: object) -> bytes:
    """A backup in which one value of an entry is another one."""
    parts = lines(content)
    entry = json.loads(parts[line])
    entry[place] = value
    parts[line] = json.dumps(entry).encode() + b"\n"
    return gzip.compress(b"".join(parts))


def test_what_was_cut_or_changed_is_refused_and_nothing_of_it_stays(address: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = filled(str(tmp_path_factory.mktemp("one") / "trial.db"))
    content = b"".join(backup(made.facts, "facts"))
    made.close()
    empty = register.make(address)
    wrong = {
        b"no backup": "cannot be read as a backup",
        content[: len(content) // 2]: "cannot be read as a backup",
        gzip.compress(b'{"format": "something"}\n'): "is no backup of a register",
        gzip.compress(b"".join(lines(content)[:-2])): "is cut: it ends before number 5",
        gzip.compress(b"".join(lines(content)[:-4]) + lines(content)[-1]): "is cut",
        changed(content, 0, "head", None): "cannot be read as a backup",
        changed(content, 1, 0, 7): "cannot be read as a backup",
        changed(content, 2, 3, {}): "cannot be read as a backup",
        changed(content, 2, 0, 2**70): "cannot be read as a backup",
        gzip.compress(b"".join([lines(content)[0], b"7\n"])): "cannot be read as a backup",
        gzip.compress(b"[" * 100_000): "cannot be read as a backup",
        changed(content, 2, 3, "wei"): "number 2 was changed",
        changed(content, 2, 15, '{"date":"2025-02-02"}'): "number 2 has another content than was written",
    }
    for file, message in wrong.items():
        with pytest.raises(InputError, match=message):
            restore(empty.facts, file, "trial.backup")
        assert empty.facts.head() == Head(0, "0" * 64)
        assert not Account.objects.using(empty.facts.alias).exists()
    empty.close()


def test_others_write_while_a_backup_is_written(address: str) -> None:
    made = filled(address)
    pieces = backup(made.facts, "facts")
    begun = next(pieces)
    with by_hand(made, made.facts) as other:  # it waits for nobody
        other.ask("INSERT INTO register_account (name, password) VALUES ('wei', 'argon2$…')")
    content = b"".join([begun, *pieces])
    assert b"anna" in gzip.decompress(content)
    assert b"wei" not in gzip.decompress(content), "it is of one moment"
    made.close()


def test_what_does_not_verify_gives_no_backup(address: str) -> None:
    made = filled(address)
    with unguarded(made, made.facts) as hand:
        hand.ask("UPDATE register_entry SET account = 'wei' WHERE seq = 2")
    with pytest.raises(InputError, match="number 2 is not as the register writes it"):
        b"".join(backup(made.facts, "facts"))
    made.close()


def test_a_backup_of_nothing_comes_back(addresses: Addresses) -> None:
    with addresses() as address, addresses() as other:
        made, empty = register.make(address), register.make(other)
        assert restore(empty.arms, b"".join(backup(made.arms, "arms")), "arms.backup") == Head(0, "0" * 64)
        for each in (made, empty):
            each.close()
