"""`dosing compare` and `compare`: regimens side by side over one horizon."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import studies
from hypothesis import given
from hypothesis import strategies as st
from test_cli import errors, output
from test_oracle import read

from nmosd_dosing import InputError, Subject, compare, load, plan
from nmosd_dosing.report.export.doses import compared_to_dict

ROOT = Path(__file__).resolve().parent.parent
JANUARY = dt.date(2025, 1, 6)


def as_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output("compare", *arguments, "--format", "json"))
    return found


def test_two_regimens_over_24_months() -> None:
    found = as_json("belimumab", "mil62-rcp", "--weight", "60", "--start", "2025-01-06")
    assert list(found) == ["unblinded", "meta", "start", "until", "months", "weight_kg", "height_cm", "regimens", "notes"]
    assert (found["unblinded"], found["start"], found["until"], found["months"]) == (False, "2025-01-06", "2027-01-05", 24)
    assert found == compared_to_dict(compare([load("belimumab"), (load("mil62"), "rcp")], start=JANUARY, weight_kg=60))
    belimumab, mil62 = found["regimens"]
    assert {k: v for k, v in belimumab.items() if k not in ("study_sha256", "title")} == {
        "regimen": "belimumab", "study": "belimumab", "arm": None, "dosing_visits": 14, "administrations": 14,
        "first_visit": "treatment/D0", "first_day": 1, "first_date": "2025-01-06",
        "last_visit": "treatment/D336", "last_day": 337, "last_date": "2025-12-08", "longest_gap_days": 28,
        "visits_after": 0, "goes_on": False, "notes": [],
        "products": [{"product": "belimumab", "unit": "mg", "administrations": 14, "total": 8400, "amount_status": "stated"}],
    }  # fmt: skip
    assert (mil62["dosing_visits"], mil62["last_day"], mil62["longest_gap_days"]) == (4, 183, 154)
    assert mil62["products"] == [{"product": "MIL62", "unit": None, "administrations": 4, "total": None, "amount_status": "masked"}]


def test_the_table_says_its_horizon_and_what_lies_after_it() -> None:
    text = output("compare", "belimumab", "bat4406f", "mil62", "--weight", "60")
    assert text.startswith("Horizon: 24 months from day 1, weight 60 kg\n")
    rows = {line[:20].strip(): line[20:].split("  ") for line in text.splitlines()}
    assert [cell.strip() for cell in rows["After the horizon"] if cell] == ["nothing", "an open end", "3 planned visits"]
    assert "Total belimumab     8400 mg " in text and "2001" not in text.replace("counted from 2001-01-01", "")
    dated = output("compare", "belimumab", "bat4406f", "--start", "2025-01-06", "--until", "2025-06-30")
    assert dated.startswith("Horizon: until 2025-06-30, day 1 2025-01-06\n")
    assert "2025-06-23" in dated and "needs weight" in dated


def test_csv_has_a_row_for_each_product() -> None:
    rows = list(csv.DictReader(io.StringIO(output("compare", "belimumab", "baffr-cart", "--weight", "60", "--format", "csv"))))
    assert [(row["regimen"], row["product"], row["total"], row["amount_status"]) for row in rows] == [
        ("belimumab", "belimumab", "8400", "stated"),
        ("baffr-cart", "BAFFR CAR-T cells", "", "not stated"),
        ("baffr-cart", "preparative chemotherapy", "", "not stated"),
    ]


def test_an_open_end_is_drawn_up_to_the_horizon() -> None:
    [olp, _] = as_json("bat4406f-olp", "belimumab", "--months", "60")["regimens"]
    assert (olp["administrations"], olp["products"][0]["total"], olp["goes_on"]) == (10, 5000, True)
    [olp, _] = as_json("bat4406f-olp", "belimumab", "--months", "12")["regimens"]
    assert (olp["administrations"], olp["products"][0]["total"], olp["last_visit"]) == (2, 1000, "olp/D1+6mo")


def test_masked_doses_stay_masked_whatever_the_arm() -> None:
    for format in ("table", "json", "csv"):
        found = output("compare", "mil62", "bat4406f", "--format", format)
        assert found == output("compare", "mil62", "bat4406f", "--format", format, "--arm", "placebo")
        assert "masked" in found


def test_an_arm_is_that_of_the_regimens_that_have_it() -> None:
    phase1b, belimumab = as_json("mil62-phase1b", "belimumab", "--arm", "1000mg", "--weight", "60")["regimens"]
    assert (phase1b["arm"], phase1b["products"][0]["total"], belimumab["arm"]) == ("1000mg", 7000, None)
    [needs, _] = as_json("mil62-phase1b", "belimumab", "--weight", "60")["regimens"]
    assert (needs["products"][0]["total"], needs["products"][0]["amount_status"]) == (None, "needs arm")
    assert [note["code"] for note in needs["notes"]] == ["needs-arm", "dose-change"]


def test_files_are_compared_as_well_as_ids(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    text = (ROOT / "regimens" / "belimumab.yaml").read_text("utf-8")
    file.write_text(text.replace("10 mg/kg", "20 mg/kg").replace("study: belimumab", "study: twice"), encoding="utf-8")
    once, twice = as_json("belimumab", str(file), "--weight", "60")["regimens"]
    assert (once["products"][0]["total"], twice["products"][0]["total"], twice["regimen"]) == (8400, 16800, "twice")


@studies.examples(60)
@given(st.data(), studies.starts, st.integers(1, 40))
def test_a_comparison_says_what_plans_say(data: st.DataObject, start: dt.date, months: int) -> None:
    study = read(data.draw(studies.studies()))
    period = data.draw(st.sampled_from(study.periods)).id
    [compared, again] = compare([(study, period), (study, period)], start=start, months=months, weight_kg=60).regimens
    assert compared == again
    made = plan(study, Subject(start, weight_kg=60), period=period, until=compared.plan.until)
    dosed = [v for v in made.visits if v.administrations]
    assert (compared.visits, compared.administrations) == (len(dosed), sum(len(v.administrations) for v in dosed))
    days = sorted((v.target, v.last or v.target) for v in dosed if v.target is not None)
    gaps = [(after[0] - before[1]).days for before, after in pairwise(days)]
    assert compared.longest_gap == (max(gaps) if gaps else None)
    assert (compared.first is None) == (not days)
    if compared.first is not None and compared.last is not None:
        assert (compared.first.date, compared.last.last_date or compared.last.date) == (days[0][0], max(last for _, last in days))


# ruff: noqa: E501
WRONG = [
    (("mil62",), "error: one regimen alone has nothing to be compared with\nhint: name two or more: `dosing compare mil62 mil62-rcp`"),
    (("mil62", "belimumab", "mil62"), "error: `mil62` is named twice\nhint: name different regimens"),
    (("mil62", "belimumb"), "error: unknown regimen `belimumb`\nhint: did you mean `belimumab`?"),
    (("mil62", "no/such.yaml"), "error: cannot read `no/such.yaml`: there is no such file\nhint: give the path of a study file"),
    (("mil62", "belimumab", "--months", "0"), "error: `--months 0` is not a number of months\nhint: write a whole number, 1 to 240, for example `24`"),
    (("mil62", "belimumab", "--months", "2.5"), "error: `--months 2.5` is not a number of months\nhint: write a whole number, 1 to 240, for example `24`"),
    (("mil62", "belimumab", "--until", "2026-01-01"), "error: `--until` needs `--start`, from which it is looked at\nhint: add `--start DATE`, or write `--months 24`"),
    (("mil62", "belimumab", "--start", "2026-01-02", "--until", "2026-01-01"), "error: `--until 2026-01-01` is before `--start 2026-01-02`\nhint: give a later day"),
    (("mil62", "belimumab", "--start", "2026-01-02", "--until", "2026-05-01", "--months", "3"), "error: `--until` and `--months` both say how far\nhint: leave one of the two out"),
    (("mil62", "belimumab", "--start", "9999-01-01"), "error: a date of the plan falls outside the years 1 to 9999\nhint: give another start date"),
    (("mil62", "belimumab", "--weight", "60,5"), "error: `--weight 60,5` has a decimal comma\nhint: write `60.5`"),
    (("mil62", "belimumab", "--height", "1.65"), "error: `--height 1.65` cannot be a body height\nhint: write centimetres: `165`"),
    (("mil62", "belimumab", "--arm", "placbo"), "error: unknown arm `placbo`\nhint: did you mean `placebo`?"),
    (("belimumab", "baffr-cart", "--arm", "placebo"), "error: unknown arm `placebo`\nhint: these regimens have no arms: leave `--arm` out"),
    (("mil62", "belimumab", "--format", "xlsx"), "error: unknown format `xlsx`\nhint: write `table`, `json` or `csv`"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[" ".join(arguments)[-30:] for arguments, _ in WRONG])
def test_wrong_arguments(arguments: tuple[str, ...], text: str, tmp_path: Path) -> None:
    assert errors("compare", *arguments, "--output", str(tmp_path / "out.txt")) == text + "\n"
    assert not list(tmp_path.iterdir())


def test_all_that_is_wrong_is_shown_at_once(tmp_path: Path) -> None:
    text = errors("compare", "mil62", "--weight", "0", "--height", "1.7", "--months", "x", "--start", "x", "--format", "q", "--output", "")
    assert text.count("error: ") == text.count("hint: ") == 7
    file = tmp_path / "study.yaml"
    file.write_bytes((ROOT / "regimens" / "belimumab.yaml").read_bytes())
    assert "name one file" in errors("compare", "mil62", str(file), "--output", str(file))
    with pytest.raises(InputError, match="needs `start`"):
        compare([load("mil62"), load("belimumab")], until=JANUARY)


def test_a_file_holds_what_the_terminal_shows(tmp_path: Path) -> None:
    for name in ("out.txt", "out.json", "out.csv"):
        asked = ("compare", "belimumab", "mil62", "--weight", "60")
        assert output(*asked, "--output", str(tmp_path / name)) == ""
        format = {"txt": "table"}.get(name[4:], name[4:])
        assert (tmp_path / name).read_text("utf-8") == output(*asked, "--format", format)
