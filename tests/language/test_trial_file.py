"""A trial file: every problem at its place, and an editor is told the same by its schema."""

from __future__ import annotations

import jsonschema
import pytest

from nmosd_dosing.errors import RegimenError
from nmosd_dosing.language.trial_file import Trial, json_schema, read_trial
from tests.kit.command import errors, output
from tests.kit.paths import ROOT

WHOLE = """\
trial: Study X
regimen: studies/x.yaml
subjects: tables/subjects.csv
events: events.csv
visits: visits.csv
weighings: weights.csv
measurements: values.csv
allocation: arms.csv
site: site.yaml
country: CN
zone: Asia/Shanghai
language: zh
columns: {start: Infusion 1, date: [Day, Day of visit]}
sites: [01, "02"]
"""


def read(text: str, path: str = "trial.yaml") -> Trial:
    return read_trial(text.encode(), path)


def refused(text: str) -> str:
    with pytest.raises(RegimenError) as caught:
        read(text)
    return str(caught.value)


def regimen(made: Trial) -> str | None:
    return made.regimen.text if made.regimen is not None else None


def test_files_lie_beside_it_and_the_rest_is_as_it_is_written() -> None:
    made = read(WHOLE, "there/trial.yaml")
    assert (made.name, regimen(made), made.language, made.sites) == ("Study X", "there/studies/x.yaml", "zh", ("01", "02"))
    assert {name: said.text for name, said in made.files.items()} == {
        "subjects": "there/tables/subjects.csv", "events": "there/events.csv", "visits": "there/visits.csv",
        "weighings": "there/weights.csv", "measurements": "there/values.csv", "allocation": "there/arms.csv", "site": "there/site.yaml",
    }  # fmt: skip
    assert [(ours, said.text) for ours, said in made.columns] == [("start", "Infusion 1"), ("date", "Day"), ("date", "Day of visit")]
    assert regimen(read("trial: X\nregimen: mil62\n", "there/trial.yaml")) == "mil62"
    assert regimen(read("trial: X\nregimen: ./mine\n")) == "./mine", "a path stays one"
    assert read("trial: X\nregimen: mil62\nsubjects: /data/a.csv\n", "there/t.yaml").files["subjects"].text == "/data/a.csv"


def test_every_problem_is_told_at_its_place() -> None:
    assert (
        refused("trail: X\nregimen: mil62\nlanguage: fr\nsubjects:\nsites: []\n")
        == """\
error: unknown key `trail` in a trial file
 --> trial.yaml:1:1
  |
1 | trail: X
  | ^^^^^
hint: did you mean `trial`?

error: expected a language, found `fr`
 --> trial.yaml:3:11
  |
3 | language: fr
  |           ^^
hint: write `en` or `zh`

error: expected a file, found nothing
 --> trial.yaml:4:9
  |
4 | subjects:
  |         ^
hint: for example `subjects.csv`

error: expected a site's code, found an empty list
 --> trial.yaml:5:8
  |
5 | sites: []
  |        ^^"""
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "error: the file is empty\n --> trial.yaml\nhint: begin with `trial: NAME` and `regimen: ID`"),
        ("trial: X\n", "error: a trial file needs `regimen`"),
        ("regimen: mil62\n", "error: a trial file needs `trial`"),
        ("language: 1\nstudy: x\nperiods: {}\n", "error: this is a study file, not a trial file"),
        ("language: 1\naccrual: 3 per month\n", "error: this is a file of assumptions, not a trial file"),
        ("language: 1\nsite: x\nstudy: y\nrooms: {all: 3}\n", "error: this is a site file, not a trial file"),
        ("trial: X\nregimen: mil62\nhistories: h.csv\n", "error: unknown key `histories` in a trial file"),
        ("a text", "error: expected a trial file, found `a text`"),
    ],
)
def test_what_is_no_trial_file_is_said(text: str, message: str) -> None:
    assert refused(text).startswith(message)


def test_an_editor_is_told_the_same() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    made = jsonschema.Draft202012Validator(schema)
    good = {"trial": "X", "regimen": "mil62", "columns": {"start": "Day", "date": ["a", "b"]}, "sites": ["01"], "language": "en"}
    assert made.is_valid(good) and made.is_valid({"trial": "X", "register": "trial.db"})
    for bad in ({"trial": "X"}, {**good, "language": "fr"}, {**good, "trail": "X"}, {**good, "columns": {}}, {**good, "sites": []},
                {"trial": "X", "register": "trial.db", "visits": "visits.csv"}):  # fmt: skip
        assert not made.is_valid(bad)
    assert '"nmosd_dosing trial file, language 1"' in output("schema", "--trial")


# --- validate -----------------------------------------------------------------------------------------------------------


def test_validate_looks_at_its_files_and_its_regimen() -> None:
    path = str(ROOT / "examples" / "trial" / "trial.yaml")
    assert output("validate", path) == f"{path}: fine (trial file of bat4406f, 4 files beside it)\n"


@pytest.mark.usefixtures("folder")
def test_validate_tells_what_its_values_are_not(folder: object) -> None:
    with open("trial.yaml", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("trial: X\nregimen: mill62\ncountry: China\nzone: Shanghai\ncolumns: {strat: Day}\n")
    assert (
        errors("validate", "trial.yaml")
        == """\
error: unknown regimen `mill62`
 --> trial.yaml:2:10
  |
2 | regimen: mill62
  |          ^^^^^^
hint: did you mean `mil62`?

error: `country`: unknown country `China`
 --> trial.yaml:3:10
  |
3 | country: China
  |          ^^^^^
hint: write `CN`

error: unknown time zone `Shanghai`
 --> trial.yaml:4:7
  |
4 | zone: Shanghai
  |       ^^^^^^^^
hint: did you mean `Asia/Shanghai`?

error: `--column strat=Day`: unknown column `strat`
 --> trial.yaml:5:18
  |
5 | columns: {strat: Day}
  |                  ^^^
hint: did you mean `start`?
"""
    )


def test_a_register_stands_in_the_place_of_tables_and_may_have_its_own_study() -> None:
    made = read("trial: X\nregister: data/trial.db\nsite: site.yaml\n", "there/trial.yaml")
    assert made.regimen is None and made.register is not None and made.register.text == "there/data/trial.db"
    on_server = read("trial: X\nregister: postgresql://me@host/trial\nregimen: mil62\n", "there/trial.yaml")
    assert (on_server.register and on_server.register.text, regimen(on_server)) == ("postgresql://me@host/trial", "mil62")
    both = refused("trial: X\nregister: trial.db\nsubjects: subjects.csv\nvisits: visits.csv\n")
    assert both.count("stands beside a register, which has its own") == 2 and "dosing register init register trial.db" in both
    assert "a trial file needs `regimen`" in refused("trial: X\n")
