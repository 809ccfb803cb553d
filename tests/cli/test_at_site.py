"""Where a subject is seen stands with all that is said of them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.kit.cohort_command import STOPS
from tests.kit.command import dosing, errors, output

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


# --- rows of one site, or of one subject ----------------------------------------------------------------------------------


@pytest.mark.usefixtures("people")
def test_only_rows_of_a_site_are_shown() -> None:
    page = output("due", *TABLES, *ON, "--at-site", "01")
    assert "  0101     rcp/D182  " in page and "  0102     rcp/D1 " in page and "Site" not in page and "0999" not in page
    for asked in (*LISTS, ("cohort", *TABLES[:2], "subjects.csv")):
        assert {row["site"] for row in rows(*asked, "--at-site", "01")} == {"01"}
    both = rows(*LISTS[0], "--at-site", "01", "--at-site", "02")
    assert {row["subject"] for row in both} == {"0101", "0102", "0201"}
    assert dosing("check", *TABLES, *ON, "--at-site", "01").returncode == 0
    assert dosing("check", *TABLES, *ON, "--at-site", "02").returncode == 1


@pytest.mark.usefixtures("people")
def test_a_site_that_nobody_is_at_is_told_with_those_that_there_are() -> None:
    told = errors("due", *TABLES, *ON, "--at-site", "1")
    assert told == "error: nobody is at the site `1`\nhint: sites are `01` or `02`\n"
    Path("subjects.csv").write_text("subject,start\n0101,2025-01-06\n0201,2025-01-06\n", encoding="utf-8")
    told = errors("due", *TABLES, *ON, "--at-site", "01")
    assert told == "error: nobody is at the site `01`\nhint: the table of subjects needs a column `site`\n"
    told = errors("due", *TABLES[:2], "--start", "2025-01-06", *ON, "--at-site", "01")
    assert told == "error: nobody is at the site `01`\nhint: the table of subjects needs a column `site`\n"


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("asked", LISTS)
def test_one_subject_of_a_table_has_the_rows_that_the_whole_list_has(asked: tuple[str, ...]) -> None:
    whole = rows(*asked)
    for code in {row["subject"] for row in whole}:
        assert rows(*asked, "--subject", code) == [row for row in whole if row["subject"] == code]
    page = dosing(*asked, "--subject", "0101").stdout
    assert "0102" not in page


@pytest.mark.usefixtures("people")
def test_the_plan_of_one_subject_of_a_table_is_that_of_its_start() -> None:
    alone = ("--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--subject", "0201", "--visits", "visits.csv", *ON)
    for more in ((), ("--format", "csv"), ("--explain", "all"), ("--as-of", "2025-07-01")):
        asked = alone if "--as-of" not in more else alone[:-2]
        beside = ("--regimen", "bat4406f-rcp", "--subjects", "subjects.csv", *asked[4:])
        assert output("plan", *beside, *more) == output("plan", *asked, *more)
    made, ours = (json.loads(output("plan", *some, "--format", "json")) for some in ((*TABLES, "--subject", "0201"), alone[:-2]))
    assert made.pop("at_site") == "02" and ours.pop("at_site") is None
    assert made == ours


def test_what_is_counted_over_the_study_is_counted_over_all(folder: Path) -> None:
    """The study stops on day 1 of the third subject, who is at another site than the first two."""
    Path("stops.yaml").write_text(STOPS, encoding="utf-8")
    Path("subjects.csv").write_text("subject,start,site\nA,2025-01-06,01\nB,2025-02-03,01\nC,2025-03-03,02\n", encoding="utf-8")
    asked = ("--regimen", "stops.yaml", "--subjects", "subjects.csv")
    entry = json.loads(output("plan", *asked, "--subject", "A", "--format", "json"))["transitions"][0]
    assert entry["earliest"] == "2025-03-03"
    on = ("--at-site", "01", "--format", "csv")
    assert "2025-03-03" in output("due", *asked, "--as-of", "2025-02-28", *on)
    assert "more/D1,more,D1,,projected,2025-03-03" in output("cohort", *asked[:2], "subjects.csv", *on)


@pytest.mark.usefixtures("people")
def test_a_code_that_is_not_there_never_proposes_another_patient() -> None:
    for command in ("plan", "check", "due", "prepare"):
        told = errors(command, *TABLES, "--subject", "0103")
        assert told == "error: `--subject 0103` is not in `subjects.csv`\nhint: look its code up in the table\n"
    assert errors("due", *TABLES, "--subject", "101").endswith("hint: write `--subject 0101`\n")
    assert errors("due", *TABLES, "--subject", "").startswith("error: `--subject` is empty\n")


@pytest.mark.usefixtures("people")
def test_what_is_due_at_one_site_is_a_calendar_of_its_own() -> None:
    """Written over that of everybody it would cancel what is due elsewhere."""
    asked = ("due", *TABLES, *ON, "--stamp", "2025-07-07T00:00:00Z", "--ics", "due.ics")
    assert dosing(*asked).returncode == 0
    whole = Path("due.ics").read_bytes()
    told = errors_beside(*asked, "--at-site", "01")
    assert told == "error: `due.ics` is the calendar `bat4406f: due`, not `bat4406f: due, site 01`\nhint: name another file\n"
    assert Path("due.ics").read_bytes() == whole
    site = (*asked[:-1], "01.ics", "--at-site", "01")
    assert dosing(*site).stderr == "01.ics: 3 added\n" and dosing(*site).stderr == "01.ics: 3 unchanged\n"


def errors_beside(*arguments: str) -> str:
    """What is said of a calendar that cannot be written, below the list."""
    done = dosing(*arguments)
    assert done.returncode == 2
    return done.stderr
