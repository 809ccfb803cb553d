"""What an assumptions file means: every value, what is taken where a key is not given, what is not used; and no text breaks its reading."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from nmosd_dosing import RegimenError
from nmosd_dosing.days import Offset
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.simulation.assumptions.file import read_assumptions, read_text
from nmosd_dosing.simulation.assumptions.model import NEVER, Assumptions, BodyWeight
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from tests.kit.assumed import ALLOCATION, BASE, LEAST, MONTH, RELAPSES, YEAR, of, quick, read, studied
from tests.kit.broken import ODD, check_drawn

# --- what is written ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("study: bat4406f", "study", "bat4406f"),
        ("title:  As   planned", "title", "As planned"),
        ("source: Protocol X-301", "source", "Protocol X-301"),
        ("invented: dropout", "invented", ("dropout",)),
        ("invented: [dropout, accrual]", "invented", ("accrual", "dropout")),  # in the order of the page
        ("start: 2024-02-29", "start", dt.date(2024, 2, 29)),
        ("subjects: 100000", "subjects", 100_000),
        ("sites: 45", "sites", 45),
        ("accrual: 9 per month", "accrual", ((0.0, 9 / MONTH),)),
        ("accrual: 2 per week", "accrual", ((0.0, 2 / 7),)),
        ("accrual: 1.5 per day", "accrual", ((0.0, 1.5),)),
        ("accrual: [5 per month, 9 per month from 2024-03-01]", "accrual", ((0.0, 5 / MONTH), (213.0, 9 / MONTH))),
        ("accrual: [none, 9 per month from 2023-08-02]", "accrual", ((0.0, 0.0), (1.0, 9 / MONTH))),
        ("accrual: [9 per month, 0 from 2024-08-01]", "accrual", ((0.0, 9 / MONTH), (366.0, 0.0))),
        ("allocation: {placebo: 1, bat4406f: 2}", "allocation", (2, 1)),  # in the order of the study
        ("allocation: {placebo: 50, bat4406f: 100}", "allocation", (2, 1)),
        ("allocation: {placebo: 0, bat4406f: 7}", "allocation", (1, 0)),
        ("block size: 12", "block", 12),
        ("allocation: {placebo: 3, bat4406f: 3}\nblock size: 2", "block", 2),
        ("dropout: 0.03 per year", "dropout", ((0.0, 0.03 / YEAR),)),
        ("dropout: [0.06 per year, none from 6 months]", "dropout", ((0.0, 0.06 / YEAR), (182.625, 0.0))),
        ("dropout: [0.06 per year, 0.02 per year from 26 weeks]", "dropout", ((0.0, 0.06 / YEAR), (182.0, 0.02 / YEAR))),
        ("dropout: none", "dropout", NEVER),
        ("visit scatter: -3 to 3 days", "scatter", (-3, 3)),
        ("visit scatter: 0 to 1 week", "scatter", (0, 7)),
        ("visit scatter: -1w to 3d", "scatter", (-7, 3)),
        ("visit scatter: none", "scatter", (0, 0)),
        ("entry: uniform", "entry", "uniform"),
        ("entry: latest", "entry", "latest"),
        ("declines: 5.5 %", "declines", 0.055),
        ("declines: none", "declines", 0.0),
        ("weight: 60.5 kg", "weight", BodyWeight(60.5, 0.0, 60.5, 60.5)),
        ("weight: {mean: 60.25 kg, sd: 11 kg, from: 40 kg, to: 110 kg}", "weight", BodyWeight(60.25, 11.0, 40.0, 110.0)),
        ("weight: {mean: 60 kg, sd: 0 kg, from: 40 kg, to: 110 kg}", "weight", BodyWeight(60.0, 0.0, 40.0, 110.0)),
        ("idmc_stop: none", "idmc_stop", None),
        ("idmc_stop: 2025-01-31", "idmc_stop", dt.date(2025, 1, 31)),
        ("idmc_stop: 70% of the relapses", "idmc_stop", Fraction(7, 10)),
        ("follow open label: 0 days", "follow", Offset(0)),
        ("follow open label: 5 years", "follow", Offset(0, 60)),
        ("horizon: 520 weeks", "horizon", Offset(3640)),
    ],
)
def test_a_value_and_what_it_means(text: str, attribute: str, value: object) -> None:
    found = getattr(of(f"{text}\n"), attribute)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        assert len(found) == len(value)
        assert [step for pair in found for step in pair] == pytest.approx([step for pair in value for step in pair], rel=1e-14)
    else:
        assert found == value


def test_what_the_committee_does_and_when_rescue_has_helped() -> None:
    found = of(f"relapse: 0.35 per year\n{RELAPSES}")
    assert (found.confirmed, found.adjudication) == (0.9, (14, 14))
    assert (found.stable, found.stability) == (0.95, (10, 21))


def test_the_checksum_is_that_of_the_file() -> None:
    text = (LEAST + ALLOCATION).encode()
    assert read_assumptions(text, "a.yaml", *studied("bat4406f")).sha256 == hashlib.sha256(text).hexdigest()
    assert read(text.decode()).sha256 == hashlib.sha256(text).hexdigest()


# --- what is not written, and what is not used -------------------------------------------------------------------------


def test_what_is_not_given_is_taken_as_nothing_and_said() -> None:
    found = read(LEAST + ALLOCATION)
    assert structs.replace(found, start=dt.date(1, 1, 1), accrual=(), written=(), notes=(), sha256="") == Assumptions(
        study=None, title=None, source=None, invented=(), start=dt.date(1, 1, 1), subjects=162, sites=None, accrual=(), allocation=(2, 1),
        block=3, relapse=(), confirmed=1.0, adjudication=(0, 0), stable=1.0, stability=(0, 0), dropout=NEVER, scatter=(0, 0),
        entry="earliest", declines=0.0, weight=None, idmc_stop=None, follow=None, horizon=Offset(0, 240), written=(), notes=(),
        sha256="", arms=("bat4406f", "placebo"),
    )  # fmt: skip
    assert found.notes == (
        "sites: not given, so nothing is told by site",
        "block size: not given, so a block has 3 subjects, the fewest for 2:1",
        "relapse: not given, so no relapses are drawn",
        "dropout: not given, so nobody leaves the study",
        "visit scatter: not given, so each visit takes place on its target",
        "entry: not given, so everybody enters on the earliest allowed day",
        "declines: not given, so nobody declines",
        "idmc_stop: not given, so the committee never stops the study",
        "follow open label: not given, so what counts is all that is planned, open repeats for 24 months",
        "horizon: not given, so subjects come, relapse and the study stops within 20 years",
    )
    assert found.written == (
        ("start", "2023-08-01"),
        ("subjects", "162"),
        ("sites", "none"),
        ("accrual", "9 per month"),
        ("allocation", "bat4406f: 2, placebo: 1"),
        ("block size", "3"),
        ("relapse", "none"),
        ("dropout", "none"),
        ("visit scatter", "none"),
        ("entry", "earliest"),
        ("declines", "0%"),
        ("idmc_stop", "none"),
        ("follow open label", "all that is planned, open repeats for 24 months"),
        ("horizon", "20 years"),
    )


def test_values_are_repeated_as_written_on_one_line() -> None:
    found = of(
        "relapse:\n  bat4406f: 0.3 times placebo\n  placebo:\n    - 0.50 per year\n    - 0.20 per year from 6 months\n"
        f"{RELAPSES}accrual:\n  - 5 per month\n  - '9  per month from 2024-03-01'\n"
    )
    written = dict(found.written)
    assert written["accrual"] == "5 per month, 9 per month from 2024-03-01"
    assert written["relapse"] == "bat4406f: 0.3 times placebo, placebo: [0.50 per year, 0.20 per year from 6 months]"
    assert written["stable after rescue"] == "share: 95%, takes: 10 to 21 days"


def test_what_a_study_cannot_use_is_noted_and_changes_nothing() -> None:
    """MIL62 asks for no committee, no stability, no last day of entry, and has no stop."""
    text = (
        "allocation: {mil62: 1, placebo: 1}\nsites: 4\nrelapse: 0.35 per year\n"
        f"{RELAPSES}dropout: none\nvisit scatter: none\nentry: uniform\ndeclines: 5%\nidmc_stop: 2025-01-31\nhorizon: 3 years\n"
        "follow open label: 3 years\nblock size: 4\n"
    )
    found = of(text, "mil62")
    assert found.notes == (
        "adjudication: not used, nothing in `mil62` asks for a confirmed relapse",
        "stable after rescue: not used, no way of `mil62` asks for `stable`",
        "entry: not used, no way of `mil62` states a last day of entry",
        "idmc_stop: not used, `mil62` knows no stop by the committee",
    )
    assert (found.confirmed, found.stable, found.entry, found.idmc_stop) == (1.0, 1.0, "earliest", None)
    assert (found.declines, len(found.relapse)) == (0.05, 2)
    assert {"adjudication", "stable after rescue", "entry", "idmc_stop"}.isdisjoint(dict(found.written))


def test_what_one_period_alone_cannot_use() -> None:
    found = read(
        LEAST + "allocation: {500mg: 1, 1000mg: 1}\nblock size: 4\nsites: 3\nrelapse: none\ndropout: none\nvisit scatter: none\n"
        "declines: 5%\nfollow open label: 3 years\nhorizon: 3 years\n",
        "mil62-phase1b",
    )
    assert found.notes == (
        "declines: not used, no way of `mil62` leads to a later period",
        "follow open label: not used, no way of `mil62` leads to a later period",
    )


def test_without_relapses_nothing_about_them_is_used_or_needed() -> None:
    found = of(f"relapse: none\n{RELAPSES}idmc_stop: 70% of the relapses\n")
    assert "adjudication: not used, no relapses are drawn" in found.notes
    assert "stable after rescue: not used, no relapses are drawn" in found.notes
    assert "idmc_stop: no relapses are drawn, so it never comes" in found.notes


def test_weights_are_missed_where_doses_are_by_weight() -> None:
    text = "weight: not given, so doses by body weight have no amounts"
    assert text not in of("").notes
    by_weight = (
        "language: 1\nstudy: kg\ntitle: A fictional trial\nsource: made up\ndays: from 1\nproducts: {X: {}}\n"
        "periods: {main: {visits: [{at: D1, give: X 10 mg/kg}]}}\n"
    )
    study = read_study_text(by_weight)[0]
    assert text in read_assumptions(LEAST, "a.yaml", study, study.periods).notes
    found = read_assumptions(LEAST + "idmc_stop: 2025-01-31\nblock size: 2\n", "a.yaml", study, study.periods)
    assert "block size: not used, `kg` has no arms here" in found.notes


def test_a_share_of_relapses_needs_their_number() -> None:
    study = structs.replace(studied("bat4406f")[0])
    assert study.stop is not None
    study = structs.replace(study, stop=structs.replace(study.stop, earliest_of=study.stop.earliest_of[2:]))
    with pytest.raises(RegimenError, match="states no number of relapses of which this could be a share"):
        read_assumptions(LEAST + ALLOCATION + "idmc_stop: 70% of the relapses\n", "a.yaml", study, studied("bat4406f")[1])


def ends_well(text: str) -> None:
    """Reading gives assumptions or its own error, which can be drawn."""
    for study in ("bat4406f", "belimumab"):
        try:
            read(text, study)
        except RegimenError as error:
            check_drawn(error.problems)
    try:
        read_scenarios(text, "s.yaml", read_text(BASE, "a.yaml"), *studied("bat4406f"))
    except RegimenError as error:
        check_drawn(error.problems)


# fmt: off
PIECES = [
    "0", "1", "9", "0.35", "-3", ".5", "1e400", "nan", "inf", "9" * 30, " ", ", ", "%", "％", " per ", "per year", " per month", " / ",
    "2024-03-01", "6 months", " to ", "3 days", "w", "none", " times ", "placebo", "bat4406f", "kg", "±", "[", "]", "{", "}", ": ", "甲",
    "：",    " of the relapses", "uniform", "\n", " from ", "per 100 patient-years", '"', "'",
]
SLOTS = """\
start: {start}
subjects: {subjects}
accrual: {accrual}
allocation: {{bat4406f: {ratio}, placebo: {ratio_2}}}
block size: {block}
relapse: {{bat4406f: {rate}, placebo: [{rate_2}, {rate_3}]}}
adjudication: {{confirmed: {share}, takes: {takes}}}
stable after rescue: {{share: {share_2}, takes: {takes_2}}}
dropout: {dropout}
visit scatter: {scatter}
entry: {entry}
declines: {declines}
weight: {{mean: {mean}, sd: {sd}, from: {low}, to: {high}}}
idmc_stop: {stop}
follow open label: {follow}
horizon: {horizon}
"""

# fmt: on


@quick
@given(
    st.fixed_dictionaries(
        {name: st.lists(st.sampled_from(PIECES), min_size=1, max_size=5).map("".join) for name in re.findall(r"\{(\w+)\}", SLOTS)}
    )
)
def test_any_phrases(phrases: dict[str, str]) -> None:
    ends_well(SLOTS.format_map(phrases))
    for name, text in phrases.items():  # and each by itself, where no other keeps the file from being YAML
        key = next(line.split(":")[0] for line in SLOTS.splitlines() if f"{{{name}}}" in line)
        ends_well(f"{key}: {text}\n")


@quick
@given(st.text(max_size=200) | st.lists(st.sampled_from(ODD + PIECES), max_size=40).map("".join))
def test_any_text(text: str) -> None:
    ends_well(text)


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A file with a few characters or lines deleted, doubled or put in."""
    text = draw(st.sampled_from([BASE, "scenarios:\n  a: {accrual: 4.5 per month}\n  b: {relapse: none, weight: 60 kg}\n"]))
    for _ in range(draw(st.integers(1, 4))):
        at, to = (draw(st.integers(0, len(text))) for _ in range(2))
        text = text[: min(at, to)] + draw(st.sampled_from(["", *ODD, *PIECES])) + text[draw(st.sampled_from([min(at, to), max(at, to)])) :]
    return text


@quick
@given(spoiled())
def test_a_spoiled_file(text: str) -> None:
    ends_well(text)
