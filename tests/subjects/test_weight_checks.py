"""Weights that may be slips: which are told, in every output in which a dose by them stands, and that nothing is changed."""

from __future__ import annotations

import csv
import io
import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Cohort, Event, Record, Subject, Weight
from nmosd_dosing.subjects.weight_checks import weight_doubts
from tests.kit.cases import columns
from tests.kit.command import dosing
from tests.kit.dates import START, day
from tests.kit.terminal import on_a_screen

DOUBTS = """
    weights                                            cm   doubts
    60                                                 -    -
    7.5                                                -    -
    60 2025-02-01=71.999                               -    -
    60 2025-02-01=72                                   -    72 kg of 2025-02-01 Sat is 20% more than 60 kg at baseline
    60 2025-02-01=48.001                               -    -
    60 2025-02-01=48                                   -    48 kg of 2025-02-01 Sat is 20% less than 60 kg at baseline
    60 2025-02-01=65 2025-03-01=78                     -    78 kg of 2025-03-01 Sat is 20% more than 65 kg of 2025-02-01 Sat
    60 2025-02-01=65 2025-03-01=70 2025-04-01=75       -    -
    - 2025-02-01=60 2025-03-01=75                      -    75 kg of 2025-03-01 Sat is 25% more than 60 kg of 2025-02-01 Sat
    75 2025-02-01=7.5 2025-03-01=75                    -    7.5 kg of 2025-02-01 Sat is 90% less than 75 kg at baseline; 75 kg of 2025-03-01 Sat is 900% more than 7.5 kg of 2025-02-01 Sat
    52.4 2025-02-01=254                                -    254 kg of 2025-02-01 Sat is 384.7% more than 52.4 kg at baseline
    60                                                 170  -
    40                                                 182  -
    144                                                170  -
    6                                                  60   -
    170                                                60   170 kg at baseline with 60 cm is a body mass index of 472.2, outside 12 to 50: are they exchanged (60 kg, 170 cm) or are they in pounds and inches (77.1 kg, 152.4 cm)?
    154                                                67   154 kg at baseline with 67 cm is a body mass index of 343.1, outside 12 to 50: are they exchanged (67 kg, 154 cm) or are they in pounds and inches (69.9 kg, 170.2 cm)?
    165                                                165  165 kg at baseline with 165 cm is a body mass index of 60.6, outside 12 to 50: is the weight in pounds (74.8 kg, 165 cm)?
    70                                                 67   70 kg at baseline with 67 cm is a body mass index of 155.9, outside 12 to 50: is the height in inches (70 kg, 170.2 cm)?
    48                                                 200  -
    200                                                200  -
    60 2025-02-01=48                                   200  48 kg of 2025-02-01 Sat is 20% less than 60 kg at baseline
    47.999                                             200  47.999 kg at baseline with 200 cm is a body mass index of 11.9, outside 12 to 50: check both
    220                                                100  220 kg at baseline with 100 cm is a body mass index of 220.0, outside 12 to 50: are they exchanged (100 kg, 220 cm)?
    221                                                100  221 kg at baseline with 100 cm is a body mass index of 221.0, outside 12 to 50: check both
    30                                                 50   30 kg at baseline with 50 cm is a body mass index of 120.0, outside 12 to 50: is the height in inches (30 kg, 127 cm)?
    3                                                  50   -
    12.5                                               50   -
    7.5                                                170  7.5 kg at baseline with 170 cm is a body mass index of 2.6, outside 12 to 50: check both
"""  # noqa: E501


def cohort(weights: str, cm: str = "-", recorded: tuple[Record, ...] = ()) -> Cohort:
    baseline, *later = weights.split()
    weighed = tuple(Weight(day(date), float(kg)) for date, _, kg in (item.partition("=") for item in later))
    kg, tall = (None if text == "-" else float(text) for text in (baseline, cm))
    return Cohort.of_subject(Subject(START, weight_kg=kg, height_cm=tall, weights=weighed, records=recorded), ())


def told(found: Cohort) -> str:
    messages = [doubt.message for doubt in weight_doubts(found).get(0, ())]
    return "; ".join(message.removesuffix(": one of the two may be a slip") for message in messages) or "-"


@pytest.mark.parametrize("row", columns(DOUBTS), ids=lambda r: f"{r['weights']} {r['cm']}")
def test_which_weights_are_doubtful(row: dict[str, str]) -> None:
    assert told(cohort(row["weights"], row["cm"])) == row["doubts"]


def test_whoever_is_at_a_limit_is_not_among_those_who_are_told() -> None:
    assert [weight_doubts(cohort(kg, "200")) for kg in ("48", "200")] == [{}, {}]
    assert list(weight_doubts(cohort("47.999", "200"))) == [0]


def test_weights_that_are_recorded_with_visits_are_looked_at_too() -> None:
    records = (
        Record("D-7", day("2024-12-30"), weight_kg=80),
        Record("D1", START, weight_kg=66),
        Record("D29", day("2025-02-03"), weight_kg=99),
    )
    assert told(cohort("66", recorded=records)) == "99 kg of 2025-02-03 Mon is 50% more than 66 kg of 2025-01-06 Mon"
    assert told(cohort("60", recorded=records[:1])) == "60 kg at baseline is 25% less than 80 kg of 2024-12-30 Mon"


def test_of_whom_no_day_1_is_known_the_weight_at_baseline_is_the_first() -> None:
    screened = Event("screened", day("2024-12-09"))
    subject = Subject(None, "0108", weight_kg=90, weights=(Weight(day("2025-06-04"), 60),), events=(screened,))
    assert told(Cohort.of_subjects([subject], ())) == "60 kg of 2025-06-04 Wed is 33.3% less than 90 kg at baseline"


@given(st.lists(st.integers(1_000, 200_000), min_size=1, max_size=6), st.integers(300, 2720))
def test_whose_weights_are_doubtful_hangs_on_nobody_else(grams: list[int], mm: int) -> None:
    """Each subject of a cohort has the doubts that the subject has alone; a change counts from 20 %, in whole grams."""
    days = [day(f"2025-02-{d + 1:02}") for d in range(len(grams) - 1)]
    weighed = tuple(Weight(date, g / 1000) for date, g in zip(days, grams[1:], strict=True))
    one = Subject(START, weight_kg=grams[0] / 1000, weights=weighed)
    tall = Subject(START, weight_kg=grams[0] / 1000, height_cm=mm / 10)
    found = weight_doubts(Cohort.of_subjects([one, tall, Subject(START)], ()))
    assert found.get(0, ()) == weight_doubts(Cohort.of_subject(one, ())).get(0, ())
    assert found.get(1, ()) == weight_doubts(Cohort.of_subject(tall, ())).get(0, ())
    assert len(found.get(0, ())) == sum(abs(b - a) * 5 >= a for a, b in pairwise(grams))
    assert (1 in found) == (not 12 <= grams[0] / 1000 / (mm / 1000) ** 2 <= 50)


SUBJECTS = "subject,start,weight_kg,height_cm\nA,2025-01-06,60,170\nB,2025-01-06,170,60\n"
WORDS = "170 kg at baseline with 60 cm"
COMMANDS = [
    ("cohort", "s.csv"),
    ("cohort", "s.csv", "--format", "json"),
    ("prepare", "--subjects", "s.csv", "--from", "2025-01-06", "--days", "3"),
    ("prepare", "--subjects", "s.csv", "--from", "2025-01-06", "--days", "3", "--format", "json"),
    ("prepare", "--subjects", "s.csv", "--from", "2025-01-06", "--days", "3", "--format", "csv"),
    ("order", "--subjects", "s.csv", "--from", "2025-01-06", "--days", "30"),
    ("order", "--subjects", "s.csv", "--from", "2025-01-06", "--days", "30", "--format", "json"),
    ("order", "--subjects", "s.csv", "--from", "2025-01-06", "--days", "30", "--format", "csv"),
    ("plan", "--start", "2025-01-06", "--weight", "170", "--height", "60"),
    ("plan", "--start", "2025-01-06", "--weight", "170", "--height", "60", "--format", "json"),
    ("plan", "--start", "2025-01-06", "--weight", "170", "--height", "60", "--format", "csv"),
    ("doses", "--weights", "60,170", "--height", "60"),
    ("doses", "--weights", "60,170", "--height", "60", "--format", "json"),
    ("doses", "--weights", "60,170", "--height", "60", "--format", "csv"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_output_with_the_dose_has_it_and_so_has_standard_error(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    done = dosing(command[0], "--regimen", "belimumab", *command[1:])
    assert done.returncode == 0
    assert WORDS in " ".join(done.stdout.split())
    assert f"{WORDS} is a body mass index" in done.stderr
    assert "warning: " in done.stderr
    assert "hint: look at the weight again; no dose is changed" in done.stderr


ONE = ("--start", "2025-01-06", "--weight", "60", "--weight", "2025-02-01=6.2")
MARKED = [  # what stands in each row, or block, of a dose by a weight that may be a slip, and how many there are
    (("prepare", *ONE, "--from", "2025-02-03", "--days", "40"), "6.2 kg of 2025-02-01 Sat, check-weight", 2),
    (("order", *ONE, "--from", "2025-02-03", "--days", "40"), "check-weight", 2),
    (("plan", *ONE, "--until", "2025-04-01"), "6.2 kg, check-weight", 3),
    (("plan", "--start", "2025-01-06", "--weight", "7.5", "--height", "170", "--until", "2025-02-04"), "belimumab 75 mg, check-weight", 3),
    (("doses", "--weights", "7.5", "--height", "170"), "7.5, check-weight", 1),
]


@pytest.mark.parametrize("width", [None, 160, 100, 60, 30])
@pytest.mark.parametrize(("command", "words", "rows"), MARKED, ids=[" ".join(command) for command, _, _ in MARKED])
def test_the_row_itself_says_that_its_weight_is_doubted(command: tuple[str, ...], words: str, rows: int, width: int | None) -> None:
    shown = " ".join(on_a_screen([command[0], "--regimen", "belimumab", *command[1:]], width).replace("check-weight: ", "").split())
    assert shown.count(words) == rows, shown


@pytest.mark.parametrize("command", ["check", "due"])
def test_commands_that_show_no_dose_say_it_beside(folder: Path, command: str) -> None:
    (folder / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    done = dosing(command, "--regimen", "belimumab", "--subjects", "s.csv", "--as-of", "2025-01-06")
    assert done.returncode == 0
    assert f"warning: subject `B`: {WORDS}" in done.stderr
    assert "--> s.csv:3:1" in done.stderr
    assert "subject `A`" not in done.stderr


def test_a_calendar_has_it_where_the_dose_stands(folder: Path) -> None:
    arguments = ("plan", "--regimen", "belimumab", "--start", "2025-01-06", "--weight", "60", "--weight", "2025-02-01=75")
    assert dosing(*arguments, "--ics", "p.ics").returncode == 0
    entries = (folder / "p.ics").read_bytes().decode().replace("\r\n ", "").split("BEGIN:VEVENT")[1:]
    assert all("check-weight: 75 kg of 2025-02-01 Sat is 25% more than 60 kg at baseline" in entry for entry in entries if "mg" in entry)


def test_no_dose_is_changed(folder: Path) -> None:
    (folder / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    rows = [*csv.DictReader(io.StringIO(dosing("cohort", "--regimen", "belimumab", "s.csv").stdout))]
    doses = {(row["subject"], row["amount"], row["check_weight"] != "", "check-weight" in row["notes"]) for row in rows if row["product"]}
    assert doses == {("A", "600", False, False), ("B", "1700", True, True)}


BLINDED = """language: 1
study: b
title: t
source: not stated
days: from 1
products: {X: {vials: {sizes: [100 mg]}}}
periods:
  main:
    blinded: true
    arms: [active, placebo]
    visits:
      - {at: "D1, D29", give: {active: X 10 mg/kg, placebo: X placebo}}
"""


def test_masked_outputs_say_it_alike_for_every_arm(folder: Path) -> None:
    (folder / "b.yaml").write_text(BLINDED, encoding="utf-8")
    (folder / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    plan = ("plan", "--regimen", "b.yaml", "--start", "2025-01-06", "--weight", "60", "--weight", "2025-02-01=75", "--format", "json")
    active, placebo = (dosing(*plan, "--arm", arm) for arm in ("active", "placebo"))
    assert (active.stdout, active.stderr) == (placebo.stdout, placebo.stderr)
    notes = [note for note in json.loads(active.stdout)["notes"] if note["code"] == "check-weight"]
    assert [note["visits"] for note in notes] == [["main/D1", "main/D29"]]
    made = []
    for arm in ("active", "placebo"):
        (folder / "a.csv").write_text(f"subject,arm\nA,{arm}\nB,{arm}\n", encoding="utf-8")
        done = dosing(
            "prepare", "--regimen", "b.yaml", "--subjects", "s.csv", "--allocation", "a.csv", "--from", "2025-01-06", "--days", "3"
        )
        made.append((done.stdout, done.stderr))
    assert made[0] == made[1]
    assert WORDS in made[0][0]
