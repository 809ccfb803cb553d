"""What hangs on a last dose, on another visit, or stays after an exit: the program says what the naive reckoning says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import plan
from nmosd_dosing.language.study_file import read_study_text
from tests.judges.oracle_hanging import reckon
from tests.kit.hanging import people, subject_of, trials
from tests.kit.studies import examples


@examples(150)
@given(st.data())
def test_the_program_and_the_naive_reckoning(data: st.DataObject) -> None:
    trial = data.draw(trials())
    who = data.draw(people(trial))
    study, _ = read_study_text(trial.text)
    made = plan(study, subject_of(trial, who), cancelled=True, allow_deviation=True)
    labels = {f"main/{h.label}" for h in trial.hanging} | {f"open/{h.label}" for h in trial.goes_on or ()}
    found = {visit.id: (visit.target, visit.status) for visit in made.visits if visit.id in labels}
    assert found == reckon(trial, who)
