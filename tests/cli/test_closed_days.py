"""What is expected on a closed day, or may be done last on one, is said beside the lists; nothing is moved."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, output

# Day 182 is a Sunday for A, who has the window 3d, and National Day for B; C is booked for a Saturday.
SUBJECTS = "subject,start\nA,2025-01-06\nB,2025-04-03\nC,2025-01-14\n"
VISITS = "subject,visit,date,status\nA,D1,2025-01-06,done\nB,D1,2025-04-03,done\nC,D1,2025-01-14,done\nC,D182,2025-07-12,booked\n"
TABLES = ("--regimen", "bat4406f-rcp", "--subjects", "subjects.csv", "--visits", "visits.csv")
LOOK = ("--as-of", "2025-07-01", "--window", "3d")


@pytest.fixture(autouse=True)
def people(folder: Path) -> None:
    Path("subjects.csv").write_text(SUBJECTS, encoding="utf-8")
    Path("visits.csv").write_text(VISITS, encoding="utf-8")


def closed(*arguments: str) -> list[str]:
    return [line for line in dosing(*arguments).stdout.splitlines() if line.startswith("closed: ")]


def column(*arguments: str) -> dict[str, str]:
    rows = list(csv.DictReader(dosing(*arguments, "--format", "csv").stdout.splitlines()))
    return {row["subject"]: row["closed"] for row in rows if row["closed"]}


def test_due_says_which_days_are_closed_and_which_are_open() -> None:
    asked = ("due", *TABLES, *LOOK, "--ahead", "100d", "--country", "CN")
    days = {
        "A": "2025-07-06 Sun: on a Sunday; nothing is moved; open days in the window: 2025-07-04 Fri before, 2025-07-07 Mon after",
        "B": "2025-10-01 Wed: public holiday: National Day; nothing is moved; open days in the window: 2025-09-30 Tue before, none after; "
             "last day 2025-10-04 Sat: on a Saturday; the last open day before is 2025-09-30 Tue",
        "C": "2025-07-12 Sat: on a Saturday; nothing is moved; open days in the window: 2025-07-11 Fri before, 2025-07-14 Mon after",
    }  # fmt: skip
    assert closed(*asked) == [f"closed: {code} rcp/D182: {days[code]}" for code in ("C", "A", "B")]
    assert column(*asked) == days
    assert closed("due", *TABLES, *LOOK) == [] and column("due", *TABLES, *LOOK) == {}


def test_days_that_are_over_are_not_open_any_more() -> None:
    asked = ("due", *TABLES, "--as-of", "2025-07-05", "--window", "3d", "--country", "CN", "--subject", "A")
    words = "2025-07-06 Sun: on a Sunday; nothing is moved; open days in the window: none before, 2025-07-07 Mon after"
    assert closed(*asked) == [f"closed: A rcp/D182: {words}"]


def test_check_says_it_of_what_is_listed() -> None:
    asked = ("check", *TABLES, *LOOK, "--country", "CN")
    assert closed(*asked) == []
    assert [line.split(":")[1] for line in closed(*asked, "--all")] == [" A rcp/D182", " B rcp/D182", " C rcp/D182"]


def test_prepare_says_for_which_closed_day_something_is_prepared() -> None:
    asked = ("prepare", *TABLES, "--as-of", "2025-07-01", "--days", "120")
    assert closed(*asked, "--country", "CN") == [
        "closed: 2025-07-06 Sun: on a Sunday; nothing is moved (A D182)",
        "closed: 2025-07-12 Sat: on a Saturday; nothing is moved (C D182)",
        "closed: 2025-10-01 Wed: public holiday: National Day; nothing is moved (B D182)",
    ]
    assert column(*asked, "--country", "CN") == {"A": "Sunday", "C": "Saturday", "B": "National Day"}
    assert closed(*asked) == []


def test_an_order_says_which_day_by_which_to_order_is_closed() -> None:
    site = "language: 1\nsite: s\nstudy: bat4406f\nsource: P\nversion: 1\nvials: {BAT4406F: [500 mg]}\n"
    Path("site.yaml").write_text(site, encoding="utf-8")
    asked = ("order", *TABLES, "--site", "site.yaml", "--as-of", "2025-07-01", "--until", "2025-10-31", "--country", "CN")
    assert closed(*asked, "--lead", "10d") == ["closed: 2025-09-21 Sun, by which to order: on a Sunday"]
    assert closed(*asked, "--lead", "9d") == []


def test_days_of_a_site_are_said_without_a_country() -> None:
    site = "language: 1\nsite: s\nstudy: bat4406f\nsource: P\nversion: 1\nclosed: [2025-10-01]\nopen: [2025-07-06, 2025-07-12]\n"
    Path("site.yaml").write_text(site, encoding="utf-8")
    asked = ("prepare", *TABLES, "--as-of", "2025-07-01", "--days", "120", "--site", "site.yaml")
    assert closed(*asked) == ["closed: 2025-10-01 Wed: closed at the site; nothing is moved (B D182)"]


def test_a_country_that_is_not_known_is_refused() -> None:
    for command in ("due", "check", "prepare"):
        assert errors(command, *TABLES, "--country", "China") == ("error: `--country`: unknown country `China`\nhint: write `CN`\n")


def test_prepare_looks_from_a_day_as_the_others_do() -> None:
    """What is recorded later is not known on that day: the appointment stands."""
    page = output("prepare", *TABLES, "--as-of", "2025-07-01", "--days", "14")
    assert page.splitlines()[0].endswith("to prepare from 2025-07-01 Tue to 2025-07-14 Mon")
    assert "2025-07-12 Sat  C        D182   booked" in page
