"""What an author writes as one item is one: of a YAML list whatever it holds, of a text what stands between two commas."""

from __future__ import annotations

import pytest

from nmosd_dosing import Subject, plan
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.report.export.plan import to_csv
from tests.kit.dates import START
from tests.kit.worked import HEAD, visits

ASSESS = {
    "a text": ("MRI, EDSS", ("MRI", "EDSS")),
    "a list": ("[MRI, EDSS]", ("MRI", "EDSS")),
    "an item with a comma": ('["1,25-dihydroxyvitamin D", MRI]', ("1,25-dihydroxyvitamin D", "MRI")),
    "one item": ('["MRI (brain, spine)"]', ("MRI (brain, spine)",)),
    "commas at both ends": ('[", MRI,"]', (", MRI,",)),
    "the same twice": ('["a, b", "a,  b", MRI]', ("a, b", "MRI")),
}


@pytest.mark.parametrize(("written", "read"), ASSESS.values(), ids=ASSESS)
def test_assessments_are_what_was_written(written: str, read: tuple[str, ...]) -> None:
    made, _ = read_study_text(HEAD + visits(f"at: D1, assess: {written}").replace("assess: MRI, EDSS", 'assess: "MRI, EDSS"'))
    planned = plan(made, Subject(START))
    assert planned.visits[0].assessments == read
    assert len(to_csv(planned).splitlines()) == 1 + len(read)


def test_facts_with_commas_are_one_each() -> None:
    made, _ = read_study_text(HEAD + visits('at: D1, assess: MRI, note: ["one, two", three], assumed: "four, five"'))
    facts = made.periods[0].visit_rules[0].facts
    assert (facts.note, facts.assumed) == (("one, two", "three"), ("four, five",))
