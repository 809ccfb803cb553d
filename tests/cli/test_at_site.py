"""Where a subject is seen stands with all that is said of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.kit.command import dosing, output

SUBJECTS = "subject,start,site\n0101,2025-01-06,01\n0102,2025-01-13,01\n0201,2025-01-06,02\n0999,2025-01-06,\n"
VISITS = "subject,visit,date,status,reason\n0101,D1,2025-01-06,,\n0201,D1,2025-01-06,,\n0201,D182,2025-07-02,missed,a fever\n"
TABLES = ("--regimen", "bat4406f-rcp", "--subjects", "subjects.csv", "--visits", "visits.csv")
ON = ("--as-of", "2025-07-07")
LISTS = [("check", *TABLES, *ON), ("due", *TABLES, *ON), ("prepare", *TABLES, "--from", "2025-07-06")]


@pytest.fixture
def people(folder: Path) -> None:
    Path("subjects.csv").write_text(SUBJECTS, encoding="utf-8")
    Path("visits.csv").write_text(VISITS, encoding="utf-8")


def rows(*arguments: str) -> list[dict[str, str]]:
    done = dosing(*arguments, "--format", "csv")
    assert done.returncode in (0, 1)
    return list(csv.DictReader(done.stdout.splitlines()))


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("asked", [*LISTS, ("cohort", *TABLES[:2], "subjects.csv")])
def test_rows_for_programs_have_the_site(asked: tuple[str, ...]) -> None:
    found = {row["subject"]: row["site"] for row in rows(*asked)}
    assert found.keys() > {"0102", "0999"}
    assert all(site == ("" if code == "0999" else code[:2]) for code, site in found.items())


@pytest.mark.usefixtures("people")
def test_json_has_the_site_and_the_reason() -> None:
    told = json.loads(dosing("check", *TABLES, *ON, "--format", "json").stdout)["findings"]
    assert {(f["subject"], f["site"]) for f in told} == {("0101", "01"), ("0102", "01"), ("0201", "02"), ("0999", None)}
    assert [(f["subject"], f["visit"], f["reason"]) for f in told if f["reason"]] == [("0201", "rcp/D182", "a fever")]
    doses = json.loads(output("prepare", *TABLES, "--from", "2025-07-06", "--format", "json"))["doses"]
    assert {(dose["subject"], dose["site"]) for dose in doses} == {("0101", "01"), ("0102", "01"), ("0999", None)}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("asked", LISTS)
def test_a_page_names_sites_where_it_shows_several(asked: tuple[str, ...]) -> None:
    def heading() -> list[str]:
        return next(line.split() for line in dosing(*asked).stdout.splitlines() if "Subject" in line)

    assert "Site" in heading()
    Path("subjects.csv").write_text(SUBJECTS.replace(",02\n", ",01\n").replace(",\n", ",01\n"), encoding="utf-8")
    assert "Site" not in heading()
