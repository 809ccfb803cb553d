"""The schema of assumptions: `validate` and `schema` know them, and an editor refuses what a schema can see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from nmosd_dosing.simulation.assumptions import keys as assumption_records
from nmosd_dosing.simulation.assumptions import scenario_file
from tests.kit.assumed import BASE, LEAST
from tests.kit.broken import Core, as_json
from tests.kit.broken import load as load_yaml
from tests.kit.command import dosing
from tests.kit.paths import ROOT

BROKEN = ROOT / "tests" / "broken_assumptions"


# --- the command line --------------------------------------------------------------------------------------------------


def test_validate_knows_assumptions(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(BASE, encoding="utf-8")
    assert dosing("validate", str(file)).stdout == f"{file}: fine (assumptions, checked against bat4406f)\n"
    file.write_text(LEAST, encoding="utf-8")
    assert dosing("validate", str(file)).stdout == f"{file}: fine (assumptions, not checked against a study)\n"
    file.write_text(BASE.replace("placebo: 1", "plazebo: 1"), encoding="utf-8")
    done = dosing("validate", str(file))
    assert (done.returncode, "did you mean `placebo`?" in done.stderr) == (2, True)
    file.write_text("study: other\n" + LEAST, encoding="utf-8")
    assert "the study `other` is not shipped, and no file of it was read" in dosing("validate", str(file)).stderr
    file.write_text("scenarios: {a: {sites: 4}}\n", encoding="utf-8")
    done = dosing("validate", str(file))
    assert done.returncode == 2
    assert "error: a file of scenarios is checked together with the assumptions that it changes\n" in done.stderr


def test_one_schema_at_a_time() -> None:
    done = dosing("schema", "--site", "--assumptions")
    assert (done.returncode, done.stderr) == (2, "error: one schema at a time, not `--site` and `--assumptions`\nhint: give one of them\n")


# --- the schema for editors --------------------------------------------------------------------------------------------

# What a schema cannot see: what the study knows, what two keys say together, dates and numbers beyond their form.
_UNSEEN = """
    key-twice study-other study-of-a-period start-impossible start-too-early start-too-late missing-for-relapses accrual-none
    accrual-from-first accrual-from-missing accrual-from-order accrual-from-before-start accrual-from-start accrual-from-impossible
    accrual-too-many accrual-digits allocation-missing allocation-unknown-arm allocation-other-study allocation-arm-missing
    allocation-arm-too-many allocation-zero allocation-no-block block-not-a-multiple relapse-unknown-arm relapse-other-study
    relapse-one-other-arm relapse-arm-missing relapse-times-itself relapse-times-each-other relapse-times-unknown
    relapse-times-in-list relapse-from-order relapse-from-0 delay-reversed share-over-100 scatter-reversed
    scatter-too-far weight-mean-outside weight-mean-above weight-reversed weight-too-heavy weight-0 weight-grams stop-before-start
    stop-share-over-100 stop-share-0 stop-impossible follow-too-long horizon-0 horizon-101-years horizon-endless
    mil62-arms-of-another belimumab-allocation alias bidi tag delay-too-long
    scenarios-name-twice scenarios-with-the-base scenarios-other-study scenarios-too-many
"""


def loaded(name: str) -> Any:
    """What an editor would load; None where it is no YAML."""
    try:
        return load_yaml(BROKEN / f"{name}.yaml")
    except Exception:
        return None


@pytest.mark.parametrize("name", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_the_schema_refuses_what_it_can_see(name: str) -> None:
    schema = scenario_file.json_schema() if name.startswith("scenarios-") else assumption_records.json_schema()
    value = loaded(name)
    if value is not None:
        assert jsonschema.Draft202012Validator(schema).is_valid(value) == (name in _UNSEEN.split()), name


def test_the_schema_accepts_what_is_fine() -> None:
    schema = assumption_records.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator.check_schema(scenario_file.json_schema())
    for text in (BASE, LEAST, LEAST + "dropout: 0\nrelapse: [none, 0 from 3 days]\nidmc_stop: none\nvisit scatter: none\n"):
        jsonschema.validate(as_json(yaml.load(text, Loader=Core)), schema)
