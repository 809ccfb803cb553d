"""Simulated trials as JSON and CSV: the fields of the contract, sums that agree, and a name of its own for each number."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing.cli.options import option
from nmosd_dosing.errors import arguments_said_as
from nmosd_dosing.language.catalog import find_plan
from nmosd_dosing.report.export.simulation import simulation_to_dict
from nmosd_dosing.simulation.assumptions.file import read_assumptions, read_text
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from nmosd_dosing.simulation.scenarios import simulate
from tests.kit.command import output
from tests.kit.simulate_command import MIL62, QUANTILES, SCENARIOS, SMALL, TRIAL, as_json, as_rows, belimumab

__all__ = ["belimumab"]  # the fixture


# --- JSON ---------------------------------------------------------------------------------------------------------------


def test_json_has_the_fields_of_the_contract() -> None:
    found = as_json(*SMALL)
    assert next(iter(found)) == "unblinded"
    assert found["unblinded"] is False
    assert (found["trials"], found["seed"], found["regimen"], found["study"]) == (200, 1, "bat4406f", "bat4406f")
    assert (found["horizon"], found["relapses_to_stop"], found["subjects_so_far"]) == ("2043-08-01", 35, 0)
    assert list(found["meta"]) == ["program", "study_sha256", "assumptions_sha256", "as_of"]
    assert found["meta"]["as_of"] is None
    assert len(found["meta"]["assumptions_sha256"]) == 64
    stop = found["study_stop"]
    assert list(stop) == [
        "mean", "error_days", "sd_days", "quantiles", "quantile_errors", "by_trigger", "by_trigger_errors", "share_stopped",
    ]  # fmt: skip
    assert list(stop["quantiles"]) == list(stop["quantile_errors"]) == QUANTILES
    dates = [dt.date.fromisoformat(date) for date in stop["quantiles"].values()]
    assert dates == sorted(dates)
    assert dates[0] < dt.date.fromisoformat(stop["mean"]) < dates[-1]
    assert list(stop["by_trigger"]) == ["relapses", "last_subject", "idmc", "never"]
    assert sum(stop["by_trigger"].values()) == pytest.approx(1)
    assert stop["share_stopped"] == 1 - stop["by_trigger"]["never"] == 1
    numbers = (found["enrolled"], found["relapses"], found["declined"], found["refused"], found["left"])
    by_name = [number for what in ("exits", "entries", "doses") for number in found[what].values()]
    for number in (*numbers, *by_name):
        assert list(number) == ["mean", "error", "sd", "quantiles", "quantile_errors"]
        assert list(number["quantiles"]) == QUANTILES
    assert list(found["entries"]) == list(found["exits"]) == ["relapse", "stop", "completed"]
    assert list(found["doses"]) == ["rcp", "olp"]
    assert list(found["per_month"][0]) == ["month", "period", "mean", "error", "sd", *QUANTILES]
    assert (found["per_month"][0]["month"], found["per_month"][0]["period"]) == ("2023-08", "rcp")
    assert list(found["states"][0]) == ["month", "state", "mean"]
    assert list(found["last_dose"]) == ["mean", "error_days", "sd_days", "quantiles", "quantile_errors", "share"]
    assert found["assumptions"]["accrual"] == "9 per month"
    assert "accrual" in found["invented"]
    assert all(isinstance(note, str) for note in found["notes"])
    assert "scenarios" not in found


def test_json_is_what_python_gives() -> None:
    study, periods = find_plan("bat4406f", None)
    content = TRIAL.read_bytes()
    assumed = read_assumptions(content, str(TRIAL), study, periods)
    others = read_scenarios(SCENARIOS.read_bytes(), str(SCENARIOS), read_text(content, str(TRIAL)), study, periods)
    with arguments_said_as(option):
        there = simulation_to_dict(simulate(study, assumed, 200, 1, scenarios=others))
    assert as_json(*SMALL, "--scenarios", str(SCENARIOS)) == there


def test_months_add_up_to_the_whole_and_subjects_to_those_enrolled() -> None:
    found = as_json(*SMALL)
    for period, number in found["doses"].items():
        assert sum(row["mean"] for row in found["per_month"] if row["period"] == period) == pytest.approx(number["mean"], abs=1e-3)
        assert sum(row["mean"] for row in found["per_site"] if row["period"] == period) == pytest.approx(number["mean"], abs=1e-3)
    last = found["states"][-1]["month"]
    assert sum(row["mean"] for row in found["states"] if row["month"] == last) == pytest.approx(found["enrolled"]["mean"], abs=1e-3)
    assert found["relapses_by_month"][-1]["mean"] == pytest.approx(found["relapses"]["mean"], abs=0.1)


def test_where_no_trial_stops_its_date_is_null() -> None:
    found = as_json("simulate", "--regimen", "mil62", "--assumptions", str(MIL62), "--trials", "200")
    stop = found["study_stop"]
    assert (stop["mean"], stop["error_days"], stop["share_stopped"], stop["by_trigger"]["never"]) == (None, None, 0, 1)
    assert stop["quantiles"] == stop["quantile_errors"] == dict.fromkeys(QUANTILES)
    assert list(found["entries"]) == ["completed"]
    assert any("states no rule that stops it" in note for note in found["notes"])


def test_of_one_trial_no_error_is_known(belimumab: tuple[str, ...]) -> None:
    found = as_json(*belimumab[:-1], "1")
    assert (found["enrolled"]["mean"], found["enrolled"]["error"], found["enrolled"]["sd"]) == (12, None, None)
    table = output(*belimumab[:-1], "1")
    assert "nan" not in table
    assert "1 simulated trial, seed 1" in table


# --- CSV ----------------------------------------------------------------------------------------------------------------


def test_csv_is_long_and_read_by_csv_and_by_pandas() -> None:
    arguments = (*SMALL, "--scenarios", str(SCENARIOS))
    rows, whole = as_rows(*arguments), as_json(*arguments)
    assert list(rows[0]) == [
        "unblinded", "regimen", "trials", "seed", "scenario", "what", "rule", "period", "month", "site", "product", "size", "trigger",
        "mean", "error", "sd", *QUANTILES,
    ]  # fmt: skip
    [stop] = [row for row in rows if (row["scenario"], row["what"]) == ("as assumed", "study_stop")]
    assert stop["mean"] == whole["study_stop"]["mean"]
    assert [stop[share] for share in QUANTILES] == list(whole["study_stop"]["quantiles"].values())
    by = {row["trigger"]: float(row["mean"]) for row in rows if (row["scenario"], row["what"]) == ("as assumed", "stopped_by")}
    assert by == whole["study_stop"]["by_trigger"]
    pd: Any = pytest.importorskip("pandas")
    frame = pd.read_csv(io.StringIO(output(*arguments, "--format", "csv")))
    assert len(frame) == len(rows)
    doses = frame[(frame.scenario == "as assumed") & (frame.what == "doses_by_month") & (frame.period == "olp")]
    assert pd.to_numeric(doses["mean"]).sum() == pytest.approx(whole["doses"]["olp"]["mean"], abs=1e-3)
    difference = frame[(frame.scenario == "accrual halved") & (frame.what == "difference_study_stop")]
    assert float(difference["mean"].iloc[0]) == whole["scenarios"][0]["differences"]["study_stop"]["mean_days"]
    assert set(frame.scenario) == {"as assumed", *(scenario["name"] for scenario in whole["scenarios"])}


def test_each_number_of_the_csv_has_a_name_of_its_own(belimumab: tuple[str, ...]) -> None:
    rows = as_rows(*belimumab, "--by-site")
    names = ("scenario", "what", "rule", "period", "month", "site", "product", "size", "trigger")
    keys = [tuple(row[name] for name in names) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["what"] for row in rows} == {
        "last_dose", "enrolled", "relapses", "declined", "refused", "left", "doses", "vials", "doses_by_month", "vials_by_month",
        "doses_by_site", "vials_by_site", "doses_by_month_and_site", "vials_by_month_and_site", "stopped_by", "subjects_by_month",
    }  # fmt: skip


def test_a_scenario_named_like_a_formula_is_a_text(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text('scenarios: {"=HYPERLINK(1)": {accrual: 8 per month}}\n', encoding="utf-8")
    rows = as_rows(*SMALL, "--scenarios", str(path))
    assert {row["scenario"] for row in rows} == {"as assumed", "'=HYPERLINK(1)"}
