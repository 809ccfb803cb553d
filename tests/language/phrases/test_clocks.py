"""Criteria as a file says them: every form, the schema's pattern beside each, and words that must not be passed over."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.clocks import CLOCK_PATTERN, HALF_LIFE_PATTERN, ClockText, clock, half_life
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.criteria import Counted, NotWithin, Reach, StableFor, Times, Unless, UsedFor

MONTHS_6, WEEKS_4, YEAR, YEARS_2 = Offset(0, 6), Offset(28), Offset(0, 12), Offset(0, 24)
FORMS = {
    "no other monoclonal antibody within 6 months before D1": NotWithin(("other monoclonal antibody",), Reach(MONTHS_6), "first dose"),
    "no B-cell depleter within 6 months or 5 half-lives, whichever is longer, before D1": NotWithin(
        ("B-cell depleter",), Reach(MONTHS_6, 5), "first dose"
    ),
    "no X within 5 half-lives or 6 months whichever is shorter before D1": NotWithin(("X",), Reach(MONTHS_6, 5, False), "first dose"),
    "no other biologic within 5 half-lives before D0": NotWithin(("other biologic",), Reach(None, 5), "first dose"),
    "no mycophenolate mofetil, azathioprine or methotrexate within 3 months before first dose": NotWithin(
        ("mycophenolate mofetil", "azathioprine", "methotrexate"), Reach(Offset(0, 3)), "first dose"
    ),
    "no IVIG or plasma exchange within 1 month before screening": NotWithin(("IVIG", "plasma exchange"), Reach(Offset(0, 1)), "screening"),
    "no live vaccine within 8 weeks after D0": NotWithin(("live vaccine",), Reach(Offset(56)), "first dose", "after"),
    "no live vaccine within 30 days after last dose": NotWithin(("live vaccine",), Reach(Offset(30)), "last dose", "after"),
    "no glucocorticoid above 20 mg prednisone daily for more than 21 days within 6 months before screening, unless for NMOSD": NotWithin(
        ("glucocorticoid",),
        Reach(MONTHS_6),
        "screening",
        above=Decimal(20),
        of="prednisone",
        longer_than=21,
        unless=Unless(purpose="NMOSD"),
    ),
    "no immunosuppressant within 1 month before consent, unless used for 7 days or less in one go": NotWithin(
        ("immunosuppressant",), Reach(Offset(0, 1)), "consent", unless=Unless(days=7)
    ),
    "no B-cell depleter within 6 months before screening, unless b_cells_normal": NotWithin(
        ("B-cell depleter",), Reach(MONTHS_6), "screening", unless=Unless(event="b_cells_normal")
    ),
    "more than 5 half-lives since azathioprine before first dose": NotWithin(("azathioprine",), Reach(None, 5), "first dose"),
    "at least 30 days since X or Y before D1": NotWithin(("X", "Y"), Reach(Offset(30)), "first dose", strict=False),
    "glucocorticoid at most 20.5 mg  prednisone daily within 14 days before D1": NotWithin(
        ("glucocorticoid",), Reach(Offset(14)), "first dose", above=Decimal("20.5"), of="prednisone"
    ),
    "relapse symptoms stable for at least 4 weeks before randomisation": StableFor("relapse", WEEKS_4, "randomisation"),
    "immunosuppressant used for more than 1 year before screening": UsedFor(("immunosuppressant",), YEAR, "screening"),
    "at least 2 relapses within 2 years before screening, or at least 1 within 1 year": Counted(
        "relapse", (Times(2, YEARS_2), Times(1, YEAR)), "screening"
    ),
    "at least 2 relapses within 2 years before screening, or at least 1 relapse within 1 year before screening": Counted(
        "relapse", (Times(2, YEARS_2), Times(1, YEAR)), "screening"
    ),
    "at least 2 relapses within 12 months before screening, or at least 3 within 24 months of which 1 within 12 months": Counted(
        "relapse", (Times(2, YEAR), Times(3, YEARS_2, (1, YEAR))), "screening"
    ),
    "at least 2 attacks more than 30 days apart within 2 years before screening": Counted("attack", (Times(2, YEARS_2),), "screening", 30),
    "at least 1 COVID-19 infection within 1 year before D1": Counted("COVID-19 infection", (Times(1, YEAR),), "first dose"),
}


def read(text: str) -> ClockText:
    found = clock(Scalar(text, Place(Document("x", text or " "), 0, max(1, len(text))), exact=True))
    assert isinstance(found, ClockText)
    return found


@pytest.mark.parametrize("text", FORMS)
def test_every_form_is_read_and_the_schema_knows_it(text: str) -> None:
    assert read(text).clock == FORMS[text]
    assert re.search(CLOCK_PATTERN, text)
    assert read(f"  {'  '.join(text.split(' '))} ").clock == FORMS[text]


@pytest.mark.parametrize("text", FORMS)
def test_no_word_can_be_left_out_or_added_in_silence(text: str) -> None:
    """What is read says every word: without one of them, or with another, it is refused or means something else."""
    words = text.split()
    others = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
    others += [" ".join([*words[:i], odd, *words[i:]]) for i in range(len(words) + 1) for odd in ("perhaps", "not", "7")]
    silent = {"other", "relapse", "symptoms"}  # which add nothing where they may be left out
    for other in others:
        try:
            found = read(other)
        except PhraseError as error:
            assert error.problem.hint is not None or error.problem.message
            continue
        gone = set(words) - set(other.split())
        assert found.clock != FORMS[text] or gone <= silent or other.split() == words, other


@given(st.lists(st.sampled_from(sorted({word for text in FORMS for word in text.split()} | {",", "甲", "0", "9" * 20})), max_size=12))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    text = " ".join(words)
    try:
        read(text)
    except PhraseError as error:
        place = error.problem.place
        assert place is not None and 0 <= place.start <= place.end


@pytest.mark.parametrize(
    ("text", "days"), [("22 days", Fraction(22)), ("16.4 d", Fraction(82, 5)), ("5 hours", Fraction(5, 24)), ("3 weeks", Fraction(21))]
)
def test_half_lives(text: str, days: Fraction) -> None:
    scalar = Scalar(text, Place(Document("x", text), 0, len(text)), exact=True)
    assert half_life(scalar) == (days, text) and re.search(HALF_LIFE_PATTERN, text)
