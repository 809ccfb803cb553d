"""`dosing compare`: its table, files beside ids, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmosd_dosing import InputError, compare, load
from tests.kit.command import errors, output
from tests.kit.compare_command import JANUARY, as_json
from tests.kit.paths import ROOT


def test_the_table_says_its_horizon_and_what_lies_after_it() -> None:
    text = output("compare", "belimumab", "bat4406f", "mil62", "--weight", "60")
    assert text.startswith("Horizon: 24 months from day 1, weight 60 kg\n")
    rows = {line[:20].strip(): line[20:].split("  ") for line in text.splitlines()}
    assert [cell.strip() for cell in rows["After the horizon"] if cell] == ["nothing", "an open end", "3 planned visits"]
    assert "Total belimumab     8400 mg " in text and "2001" not in text.replace("counted from 2001-01-01", "")
    dated = output("compare", "belimumab", "bat4406f", "--start", "2025-01-06", "--until", "2025-06-30")
    assert dated.startswith("Horizon: until 2025-06-30, day 1 2025-01-06\n")
    assert "2025-06-23" in dated and "needs weight" in dated


def test_files_are_compared_as_well_as_ids(tmp_path: Path) -> None:
    file = tmp_path / "twice.yaml"
    text = (ROOT / "regimens" / "belimumab.yaml").read_text("utf-8")
    file.write_text(text.replace("10 mg/kg", "20 mg/kg").replace("study: belimumab", "study: twice"), encoding="utf-8")
    once, twice = as_json("belimumab", str(file), "--weight", "60")["regimens"]
    assert (once["products"][0]["total"], twice["products"][0]["total"], twice["regimen"]) == (8400, 16800, "twice")


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
    (("mil62", "belimumab", "--format", "parquet"), "error: unknown format `parquet`\nhint: write `table`, `json`, `csv` or `xlsx`"),
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


def test_a_measured_value_is_that_of_the_regimens_which_dose_by_it(tmp_path: Path) -> None:
    asks = ("--start", "2025-01-06", "--measured", "eGFR=20@2025-01-03")
    values = str(ROOT / "examples" / "values.yaml")
    by_value, _ = as_json(values, "belimumab", *asks)["regimens"]
    assert [product["total"] for product in by_value["products"]] == [75]
    text = Path(values).read_text("utf-8")
    (tmp_path / "other.yaml").write_text(text.replace("mL/min/1.73m2", "L/h").replace("study: values", "study: other"), "utf-8")
    assert errors("compare", values, str(tmp_path / "other.yaml"), *asks) == (
        "error: `eGFR` is in `mL/min/1.73m2` or `L/h`, by regimen\nhint: compare regimens that have it in one unit\n"
    )
    assert "`--measured eGFR=` is no value that the study declares" in errors("compare", "mil62", "belimumab", *asks)
