"""By the hour no masked output tells the arm: the same bytes for every arm, whatever is recorded at which hour."""

from __future__ import annotations

import datetime as dt
import json

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Record, Subject, check, expand, load, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.report.export.findings import findings_to_dict
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort
from tests.judges import oracle_hours as oracle
from tests.judges.test_hours import records, visits
from tests.kit.blinded import outputs
from tests.kit.paths import ROOT

DAY = dt.date(2025, 1, 6)


def blinded(visit: oracle.Visit) -> Study:
    """The visit in a blinded trial of every product against its placebo."""
    lines = []
    for line in oracle.text_of(visit).split("\n"):
        if line == "        give:":
            gives = [
                line.strip().removeprefix("- ")
                for line in oracle.text_of(visit).split("\n")
                if line.startswith("          - ") and " mg" in line
            ]
            lines += ["        give:", f"          a: [{', '.join(gives)}]"]
            lines.append(f"          b: [{', '.join(give.replace(' 100 mg', ' placebo') for give in gives)}]")
        elif line.startswith("          - ") and " mg" in line:
            continue
        else:
            lines.append(
                "    blinded: true\n    visits:" if line == "    visits:" else "arms: [a, b]\nperiods:" if line == "periods:" else line
            )
    return read_study_text("\n".join(lines))[0]


def told(study: Study, visit: oracle.Visit, arm: str | None, more: tuple[Record, ...]) -> tuple[str, ...]:
    subject = Subject(visit.date, "1", arm, 60.0, records=(*records(visit), *more))
    schedule = expand(study, Cohort.of_subject(subject, study.periods[0].arms), allow_deviation=True)
    findings = json.dumps(findings_to_dict(check(schedule, dt.date(2050, 1, 1))))
    return *outputs(plan(study, subject)), findings


@given(visits(), st.integers(0, 5), st.times())
def test_every_arm_looks_the_same_by_the_hour(visit: oracle.Visit, number: int, hour: dt.time) -> None:
    study = blinded(visit)
    name, time = study.periods[0].visit_rules[0].times[number % len(visit.examined)]
    more = (Record("D1", visit.date, time=hour.replace(second=0, microsecond=0), assessment=name, time_point=time.text()),)
    assert told(study, visit, "a", more) == told(study, visit, "b", more) == told(study, visit, None, more)


def test_the_example_shows_the_mask_where_it_counts_from_a_masked_dose() -> None:
    study = load(ROOT / "examples" / "hours" / "hours.yaml")
    shown = outputs(plan(study, Subject(DAY, "1", "placebo", 60.0)))
    assert shown == outputs(plan(study, Subject(DAY, "1", "x", 60.0)))
    assert "1 h after end of X/placebo" in shown[0]
