"""`dosing register record`, `correct`, `withdraw`, `blank`, `history`, `verify`, `head`, as people type them."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

from nmosd_dosing.cli import registers
from tests.kit.command import dosing, errors, output
from tests.kit.registers import Made

NOW = dt.datetime(2025, 7, 8, 2, 12, tzinfo=dt.UTC)
BY = ("--regimen", "bat4406f")


@pytest.fixture
def trial(made: Made, monkeypatch: pytest.MonkeyPatch) -> Iterator[Made]:
    """A register with one subject of site 01, who has had two visits; Wang Fang is the coordinator there, and it is July 2025."""
    monkeypatch.setattr(registers, "now", lambda: NOW)
    monkeypatch.setattr(registers, "zone", lambda: "Asia/Shanghai")
    monkeypatch.chdir(made.folder)
    made.account("wang.fang", "coordinator", "01")
    record(made, "subjects", "subject=0101", "site=01", "start=2025-01-06")
    record(made, "visits", "subject=0101", "visit=rcp/D1", "date=2025-01-06")
    record(made, "visits", "subject=0101", "visit=rcp/D182", "date=2025-07-07", "comment=Zhang Wei called")
    yield made


def record(made: Made, table: str, *cells: str, who: str = "wang.fang") -> str:
    return output("register", "record", table, *cells, *BY, *made.asks(who))


def history(made: Made, *asked: str, who: str = "wang.fang") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(output("register", "history", "--format", "json", *asked, *made.asks(who)))["trail"]
    return found


def test_what_is_written_is_said_in_a_sentence(trial: Made) -> None:
    said = record(trial, "events", "subject=0101", "event=relapse", "date=2025/7/4")
    assert said.splitlines()[0].startswith(
        "2025-07-08 10:12 Asia/Shanghai (02:12Z), wang.fang (coordinator): entered event relapse of 0101"
    )
    assert [line.split() for line in said.splitlines()[2:]] == [
        ["Visit", "Moves", "from", "to"], ["─" * 35], ["olp/D1", "2026-01-05", "Mon", "not", "planned"],
    ]  # fmt: skip


def test_a_correction_says_old_and_new_and_what_moves(trial: Made) -> None:
    first = history(trial)[1]["seq"]
    told = errors("register", "correct", f"{first}", "date=2025-01-08", *BY, *trial.asks("wang.fang"))
    assert told == 'error: a correction needs a reason\nhint: say why: `--reason "why"`\n'
    words = ("register", "correct", f"{first}", "date=2025-01-08", "--reason", "6 for 8", "--format", "json", *BY, *trial.asks("wang.fang"))
    found = json.loads(output(*words))
    (line,) = found["trail"]
    assert (line["old"], line["new"], line["reason"], line["replaces"]) == (
        {"date": "2025-01-06"}, {"date": "2025-01-08"}, "6 for 8", first,
    )  # fmt: skip
    assert found["doubts"] == ["day 1 moves from 2025-01-06 Mon to 2025-01-08 Wed"]
    assert found["moved"][0] == {"visit": "olp/D1", "from": "2026-01-05", "to": "2026-01-07"}
    assert line["sentence"].endswith(f"date 2025-01-06 -> 2025-01-08; reason: 6 for 8 (number {line['seq']}, replaces {first})")


def test_what_is_refused_says_all_of_it_and_what_to_type(trial: Made) -> None:
    told = errors("register", "record", "visits", "subject=0101", "visit=rcp/D182", "date=2025-07-08", *BY, *trial.asks("wang.fang"))
    assert "is recorded again" in told
    assert told.endswith('hint: if it is right, say why: `--reason "why"`\n')
    told = errors("register", "record", "visits", "date", "x=", "date=1", "date=2", *BY, *trial.asks("wang.fang"))
    assert told.count("error: ") == 2
    told = errors("register", "withdraw", f"{history(trial)[0]['seq']}", "--reason", "twice", *BY, *trial.asks("wang.fang"))
    assert "withdraw all of it: `--whole`" in told
    assert len(history(trial)) == 3


def test_without_a_study_what_to_do_is_said(trial: Made) -> None:
    told = errors("register", "record", "events", "subject=0101", "event=relapse", "date=2025-07-04", *trial.asks("wang.fang"))
    assert "the register has no study file" in told


def test_a_text_is_taken_out_and_a_subject_withdrawn(trial: Made) -> None:
    number = history(trial)[-1]["seq"]
    said = output("register", "blank", f"{number}", "comment", "--reason", "a name", *BY, *trial.asks("wang.fang"))
    assert f"took comment out of number {number}, visit rcp/D182 of 0101; reason: a name" in said
    assert "Zhang" not in output("register", "history", *trial.asks("wang.fang"))
    words = ("register", "withdraw", f"{history(trial)[0]['seq']}", "--whole", "--reason", "never was", *BY, *trial.asks("wang.fang"))
    assert output(*words).count("withdrew") == 3
    words = ("register", "blank", f"{history(trial)[-1]['seq']}", "its-reason", "--reason", "a name", *BY, *trial.asks("wang.fang"))
    assert "is no row of a table" in errors(*words)


def test_the_trail_is_for_programs_as_promised(trial: Made) -> None:
    line = history(trial, "--subject", "0101", "--visit", "rcp/D182")[0]
    promised = {"seq", "at", "account", "role", "action", "subject", "what", "old", "new", "reason"}
    assert promised <= line.keys()
    assert (line["at"], line["account"], line["role"], line["action"], line["subject"], line["what"], line["old"], line["reason"]) == (
        "2025-07-08T02:12:00.000Z", "wang.fang", "coordinator", "enter", "0101", "visits", None, None,
    )  # fmt: skip
    assert line["new"] == {
        "subject": "0101", "visit": "rcp/D182", "date": "2025-07-07", "status": "done", "comment": "Zhang Wei called",
    }  # fmt: skip
    assert history(trial, "--entry", f"{line['seq']}") == [line]
    assert "`--to 2025-07-01` is before `--from 2025-07-09`" in errors(
        "register", "history", "--from", "2025-07-09", "--to", "2025-07-01", *trial.asks("wang.fang")
    )
    for asked in (("--from", "2025-07-09"), ("--by", "chief")):
        done = dosing("register", "history", *asked, "--format", "json", *trial.asks("wang.fang"))
        assert (json.loads(done.stdout), done.stderr) == ({"trail": []}, "nothing of that stands in the trail\n")


def test_no_cell_of_csv_runs_as_a_formula(trial: Made) -> None:
    number = history(trial)[-1]["seq"]
    words = ("register", "correct", f"{number}", "comment==1+1", "--reason", "=HYPERLINK(1)", *BY, *trial.asks("wang.fang"))
    assert "-> =1+1; reason: =HYPERLINK(1)" in output(*words)
    rows = list(csv.DictReader(io.StringIO(output("register", "history", "--format", "csv", *trial.asks("wang.fang")))))
    assert rows[-1]["reason"] == "'=HYPERLINK(1)"
    assert rows[-1]["new"] == "comment==1+1", "it begins with the name of the cell"


def test_a_trail_that_holds_and_one_that_does_not(trial: Made) -> None:
    asks = trial.asks("wang.fang")
    head = output("register", "head", *asks).strip()
    assert json.loads(output("register", "head", "--format", "json", *asks)) == {
        "heads": {"facts": {"seq": int(head.split(":")[0]), "hash": head.split(":")[1]}},
    }  # fmt: skip
    done = dosing("register", "verify", "--head", head, *asks)
    assert (done.returncode, done.stdout.splitlines()[1]) == (0, f"facts: the last is {head}")
    other = f"{head.split(':')[0]}:{'0' * 64}"
    done = dosing("register", "verify", "--head", other, "--format", "json", *asks)
    found = json.loads(done.stdout)
    assert (done.returncode, found["holds"], found["stores"]["facts"]["first_wrong"]) == (1, False, int(head.split(":")[0]))
    for wrong in ("45", "45:abc", head[:-1], f"x{head}"):
        assert "is no number and hash" in errors("register", "verify", "--head", wrong, *asks)
    assert "not opened for this account" in errors("register", "verify", "--head", f"arms:{head}", *asks)


def test_an_unblinded_pharmacist_verifies_the_arms_as_well(trial: Made) -> None:
    trial.account("zhao", "unblinded-pharmacist", "all")
    asks = trial.asks("zhao", arms=True)
    output("register", "record", "allocation", "subject=0101", "arm=placebo", *BY, *asks)
    facts, arms = output("register", "head", *asks).splitlines()
    assert arms.startswith("arms:1:")
    done = dosing("register", "verify", "--head", facts, "--head", arms, *asks)
    assert done.returncode == 0
    assert "entries, and all of them fit\n" in done.stdout
    assert "arms: 1 entry, and it fits\n" in done.stdout
    assert "entered arm of 0101: placebo (number arms:1)" in output("register", "history", *asks)
    assert "placebo" not in output("register", "history", *trial.asks("wang.fang"))


def test_whoever_edits_the_file_by_hand_is_found_out(trial: Made) -> None:
    if trial.on_server:
        pytest.skip("on a server its roles cannot: tests/register/reading/test_verifying.py does it as the owner")
    connection = sqlite3.connect(trial.place.sites)
    with connection:
        connection.execute("DROP TRIGGER content_stays")
        connection.execute("UPDATE register_content SET cells = replace(cells, '2025-07-07', '2025-07-08')")
    connection.close()
    done = dosing("register", "verify", *trial.asks("wang.fang"))
    number = history(trial)[-1]["seq"]
    assert done.returncode == 1
    assert done.stdout.startswith(f"facts: number {number} has another content than was written\n")
