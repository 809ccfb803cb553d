"""What is written stays, in an order, all or nothing, and whoever was first is named; on both databases."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from msgspec.structs import replace

from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.register import register
from nmosd_dosing.register.database import facts, versions
from nmosd_dosing.register.database.chain import Head
from nmosd_dosing.register.database.store import Act, Author, Conflict, Store
from nmosd_dosing.register.register import Register

ANNA = Author("anna", "coordinator", "Asia/Shanghai")
NOON = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)
SUBJECT = Act("enter", "subjects", {"subject": "0101", "start": "2025-01-06"}, newcomer="0101", site="01")
VISIT = Act("enter", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-06"}, newcomer="0101", site="01")


@pytest.fixture
def empty(address: str) -> Iterator[Register]:
    """A register in which nothing stands."""
    made = register.make(address)
    yield made
    made.close()


def dates(empty: Register, known: int | None = None) -> list[str]:
    return [fact.cells["date"] for fact in facts.holding(empty.facts, "visits", known=known) if fact.cells is not None]


def test_a_correction_replaces_and_what_was_known_stays_known(empty: Register) -> None:
    assert empty.facts.write([SUBJECT, VISIT], ANNA, NOON) == [1, 2]
    later = Act("correct", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-07"}, "6 typed for 7", person=1, replaces=2)
    assert empty.facts.write([later], ANNA, NOON + dt.timedelta(minutes=1)) == [3]
    assert (dates(empty, 1), dates(empty, 2), dates(empty, 3), dates(empty)) == ([], ["2025-01-06"], ["2025-01-07"], ["2025-01-07"])
    gone = Act("withdraw", "visits", None, "was another subject's", person=1, replaces=3)
    assert empty.facts.write([gone], ANNA, NOON + dt.timedelta(minutes=2)) == [4]
    assert (dates(empty), dates(empty, 3)) == ([], ["2025-01-07"])
    assert empty.facts.known_at(NOON + dt.timedelta(minutes=1)) == 3
    assert empty.facts.known_at(NOON + dt.timedelta(seconds=59)) == 2
    assert empty.facts.known_at(NOON - dt.timedelta(days=1)) == 0
    assert empty.facts.verify() is None


def test_a_clock_that_goes_back_makes_nothing_unknown(empty: Register) -> None:
    empty.facts.write([SUBJECT], ANNA, dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
    empty.facts.write([replace(VISIT, newcomer=None, person=1)], ANNA, dt.datetime(1970, 1, 1, tzinfo=dt.UTC))
    assert empty.facts.known_at(NOON) == 2
    assert empty.facts.known_at(dt.datetime(1969, 12, 31, tzinfo=dt.UTC)) == 0
    assert empty.facts.verify() is None


def test_who_was_first_is_named(empty: Register) -> None:
    empty.facts.write([SUBJECT, VISIT], ANNA, NOON)
    mine = Act("correct", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-07"}, "typing error", person=1, replaces=2)
    empty.facts.write([mine], ANNA, NOON, seen=2)
    with pytest.raises(Conflict, match=r"anna was first: number 3, 2025-07-01T12:00:00\.000Z, correct in `visits`"):
        empty.facts.write([mine], Author("wei", "coordinator"), NOON, seen=3)
    new = Act("enter", "events", {"subject": "0101", "event": "relapse", "date": "2025-02-01"}, person=1)
    with pytest.raises(Conflict, match="anna was first: number 3"):
        empty.facts.write([new], Author("wei", "coordinator"), NOON, seen=2)
    assert empty.facts.head().seq == 3
    other = Act("enter", "subjects", {"subject": "0102", "start": "2025-01-06"}, newcomer="0102")
    assert empty.facts.write([other], Author("wei", "coordinator"), NOON, seen=3) == [4]
    assert empty.facts.write([new], Author("wei", "coordinator"), NOON, seen=3) == [5], "somebody else's entry is no conflict"


def test_nothing_of_what_fails_is_written(empty: Register) -> None:
    def refuse() -> None:
        raise InputError(Problem("no"))

    with pytest.raises(InputError, match="no"):
        empty.facts.write([SUBJECT, VISIT], ANNA, NOON, check=refuse)
    two = Act("correct", "visits", {"date": "2025-01-07"}, "two at once", person=1, replaces=2)
    with pytest.raises(InputError, match="nothing was written"):
        empty.facts.write([SUBJECT, VISIT, two, two], ANNA, NOON)
    assert empty.facts.head() == Head(0, "0" * 64)


@pytest.mark.parametrize(
    ("text", "why"), [("a\0b", r"`a\\0b` holds the character NUL, which no database takes"), ("a\ud800b", "is not UTF-8")]
)
def test_what_is_no_text_is_refused(empty: Register, text: str, why: str) -> None:
    for act in (
        replace(VISIT, newcomer=None, cells={"comment": text}),
        replace(VISIT, newcomer=None, reason=text),
        replace(SUBJECT, site=text),
    ):
        with pytest.raises(InputError, match=why):
            empty.facts.write([act], ANNA, NOON)
    assert empty.facts.head().seq == 0


def test_a_content_that_was_taken_out_is_gone_and_the_chain_holds(empty: Register) -> None:
    named = Act("enter", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-06", "comment": "Zhang Wei"}, newcomer="0101")
    empty.facts.write([SUBJECT, named], ANNA, NOON)
    clean = Act("correct", "visits", {"subject": "0101", "visit": "D1", "date": "2025-01-06"}, "a name", person=1, replaces=2)
    empty.facts.write([clean, Act("blank", "visits", None, "a name", person=1, of=2)], ANNA, NOON)
    assert empty.facts.verify() is None
    assert "Zhang" not in str(list(empty.facts.entries()))
    assert dates(empty) == ["2025-01-06"]


WRITER = textwrap.dedent("""
    import datetime as dt, sys
    from nmosd_dosing.register import register
    from nmosd_dosing.register.database.store import Act, Author

    store = register.open(sys.argv[1]).facts
    for i in range(int(sys.argv[3])):
        act = Act("enter", "events", {"subject": "0101", "event": "relapse", "n": f"{sys.argv[2]} {i}"}, person=1)
        store.write([act, act], Author(sys.argv[2], "coordinator"), dt.datetime.now(dt.UTC))
        print(i, flush=True)
""")


def _writer(address: str, name: str, times: int) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", WRITER, address, name, str(times)], stdout=subprocess.PIPE, text=True)


def test_four_writers_at_once_keep_the_chain_whole(address: str) -> None:
    made = register.make(address)
    made.facts.write([SUBJECT], ANNA, NOON)
    writers = [_writer(address, f"writer {i}", 20) for i in range(4)]
    assert [writer.wait(timeout=300) for writer in writers] == [0, 0, 0, 0]
    for writer in writers:
        assert writer.stdout is not None
        writer.stdout.close()
    assert made.facts.head().seq == 1 + 4 * 20 * 2
    assert made.facts.verify() is None
    requests = [entry["request"] for entry in made.facts.entries()][1:]
    assert all(one == other for one, other in zip(requests[::2], requests[1::2], strict=True)), "what one command writes stands together"
    made.close()


def test_a_writer_that_is_killed_leaves_whole_commands_and_all_that_it_had_confirmed(address: str) -> None:
    made = register.make(address)
    made.facts.write([SUBJECT], ANNA, NOON)
    for confirmed in (1, 4, 7):
        before = made.facts.head().seq
        writer = _writer(address, "killed", 10_000)
        assert writer.stdout is not None
        for _ in range(confirmed):
            writer.stdout.readline()
        writer.kill()
        heard = confirmed + len(writer.stdout.read().splitlines())
        writer.stdout.close()
        writer.wait()
        written = made.facts.head().seq - before
        assert written % 2 == 0
        assert written // 2 in (heard, heard + 1), "one more may be written, and not yet confirmed"
        assert made.facts.verify() is None
    made.close()


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    made = register.make(str(tmp_path / "trial.db"))
    made.facts.write([SUBJECT, VISIT], ANNA, NOON)
    with connections[made.facts.alias].cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0] + 2}")
    long = replace(VISIT, newcomer=None, person=1, cells={"comment": "x" * 50_000})
    with pytest.raises(InputError, match="nothing was written: database or disk is full\nhint: see whether the disk is full"):
        made.facts.write([replace(VISIT, newcomer=None, person=1), long], ANNA, NOON)
    assert made.facts.head().seq == 2
    assert made.facts.verify() is None
    made.close()


@pytest.mark.integration
def test_a_lost_connection_leaves_nothing_half_written(postgres_url: str) -> None:
    made = register.make(postgres_url)
    made.facts.write([SUBJECT, VISIT], ANNA, NOON)

    def lose() -> None:
        import psycopg

        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")

    with pytest.raises(InputError, match="nothing was written"):
        made.facts.write([replace(VISIT, newcomer=None, person=1)], ANNA, NOON, check=lose)
    made.close()
    again = register.open(postgres_url)
    assert again.facts.head().seq == 2
    assert again.facts.verify() is None
    again.close()


def test_where_no_register_can_be_made_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what was there before stays: it is somebody's."""
    arms = tmp_path / "trial.unblinded.db"
    arms.write_bytes(b"somebody's")
    with pytest.raises(InputError, match="is there already"):
        register.make(str(tmp_path / "trial.db"))
    assert [path.name for path in tmp_path.iterdir()] == [arms.name]

    def full(store: Store) -> None:
        raise OperationalError("disk I/O error")

    monkeypatch.setattr(versions, "create", full)
    with pytest.raises(InputError, match="cannot make the register"):
        register.make(str(tmp_path / "other.db"))
    assert [path.name for path in tmp_path.iterdir()] == [arms.name]
