"""Which visit is meant by what people write: in any case and spacing, by another name of the day, and never by a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.visit_names import Names, course_of, folded
from nmosd_dosing.study.visits import lay_out
from tests.kit import studies

HEAD = "language: 1\nstudy: n\ntitle: N\nsource: me\ndays: from {}\nproducts: {{X: {{}}}}\nperiods:\n"


def names(counts_from: int, **periods: tuple[str, ...]) -> Names:
    """The names of the visits of some periods, each given as the lines of its visits."""
    text = HEAD.format(counts_from)
    for period, lines in periods.items():
        text += f"  {period}:\n    visits:\n" + "".join(f"      - {{{line}}}\n" for line in lines)
    study, _ = read_study_text(text)
    visits = [(visit, period.id) for period in study.periods for visit in lay_out(period, 400, Problems())]
    return Names([visit for visit, _ in visits], [period for _, period in visits])


def meant(of: Names, name: str, period: str | None = None) -> list[str]:
    return [of.ids[i] for i in of.meant(name, period)]


FROM_1 = names(
    1,
    p=(
        "at: D-28 to D-5, name: Screening, assess: ECG", "at: 'W1D1, W3D1, W5D1', give: X 1 mg, name: Dosing", "at: D-1, name: Baseline",
        "at: 'D1 + 6 months', assess: MRI", "at: not stated, name: Prep, assess: MRI", "at: not stated, name: prep, assess: ECG",
        "at: relapse + 5 days, assess: MRI", "at: D9, cycle: 'every 50 days, 3 cycles', name: Cycle, assess: MRI",
        "at: D8, name: Day 15, assess: MRI",
    ),
)  # fmt: skip
FROM_0 = names(
    0,
    p=("at: 'D0, D14, D28', give: X 1 mg", "at: month 6, assess: MRI, name: Half a year"),
    q=("at: D0, give: X 1 mg", "at: D7, assess: MRI"),
)


@pytest.mark.parametrize(
    ("of", "name", "ids"),
    [
        (FROM_1, "W3D1", ["p/W3D1"]), (FROM_1, "p/W3D1", ["p/W3D1"]), (FROM_1, "w3d1", ["p/W3D1"]), (FROM_1, " W3  D1 ", ["p/W3D1"]),
        (FROM_1, "week 3 day 1", ["p/W3D1"]), (FROM_1, "WEEK 3, DAY 1", ["p/W3D1"]), (FROM_1, "Wk 03 D 01", ["p/W3D1"]),
        (FROM_1, "D29", ["p/W5D1"]), (FROM_1, "Day 29", ["p/W5D1"]), (FROM_1, "DAY_29", ["p/W5D1"]), (FROM_1, "p/day 029", ["p/W5D1"]),
        (FROM_1, "P/D29", ["p/W5D1"]), (FROM_1, "Ｄ29", ["p/W5D1"]),
        (FROM_1, "D30", []), (FROM_1, "W3D8", []), (FROM_1, "W3", []), (FROM_1, "15", []), (FROM_1, "", []), (FROM_1, "q/D1", []),
        (FROM_1, "screening", ["p/D-28 to D-5"]), (FROM_1, "Day -28 to Day -5", ["p/D-28 to D-5"]), (FROM_1, "BASELINE", ["p/D-1"]),
        (FROM_1, "Day -1", ["p/D-1"]), (FROM_1, "d1 + 6 Months", ["p/D1+6mo"]), (FROM_1, "relapse + 5 days", ["p/relapse+5d"]),
        (FROM_1, "cycle 2 day 9", ["p/C2D9"]), (FROM_1, "c2 d9", ["p/C2D9"]),
        # nothing is guessed: neither which of several, nor what `week 2` counts where days count from 1
        (FROM_1, "dosing", ["p/W1D1", "p/W3D1", "p/W5D1"]), (FROM_1, "week 2", []), (FROM_1, "Week 4", []), (FROM_1, "month 6", []),
        # as it is written goes first, then labels and days, and a name for people last: `Day 15` is that of D8, and the day of W3D1
        (FROM_1, "Prep", ["p/Prep"]), (FROM_1, "prep", ["p/prep"]), (FROM_1, "PREP", ["p/Prep", "p/prep"]), (FROM_1, "Day 15", ["p/W3D1"]),
        # where days count from 0 `week 2` is a day, and there are no codes such as W3D1
        (FROM_0, "week 2", ["p/D14"]), (FROM_0, "WEEK  2", ["p/D14"]), (FROM_0, "Week2", ["p/D14"]), (FROM_0, "W2", ["p/D14"]),
        (FROM_0, "Week 4", ["p/D28"]), (FROM_0, "W3D1", []), (FROM_0, "Month 6", ["p/month 6"]), (FROM_0, "HALF A YEAR", ["p/month 6"]),
        (FROM_0, "week 1", ["q/D7"]), (FROM_0, "Day 0", ["p/D0", "q/D0"]), (FROM_0, "q/day 0", ["q/D0"]), (FROM_0, "Q/Week 0", ["q/D0"]),
    ],
)  # fmt: skip
def test_a_name_means_the_visits_that_have_it(of: Names, name: str, ids: list[str]) -> None:
    assert meant(of, name) == ids


def test_the_period_may_be_said_besides() -> None:
    assert meant(FROM_0, "Day 0", "q") == meant(FROM_0, "q/Day 0", "q") == ["q/D0"]
    assert meant(FROM_0, "week 2", "q") == []


def test_a_visit_that_a_subject_does_not_have_is_not_meant() -> None:
    only_second = FROM_1.meant("Dosing", without=lambda i: FROM_1.ids[i] != "p/W3D1")
    assert [FROM_1.ids[i] for i in only_second] == ["p/W3D1"]


LABELS = [(FROM_1, id) for id in FROM_1.ids] + [(FROM_0, id) for id in FROM_0.ids]


@studies.examples(200)
@given(st.sampled_from(LABELS), st.data())
def test_a_label_in_any_case_and_spacing_is_its_visit_s_own(of_visit: tuple[Names, str], data: st.DataObject) -> None:
    of, id = of_visit
    written = ""
    for before, sign in zip(" " + id, id, strict=False):
        apart = before == " " or (before.isalpha() and sign.isdigit()) or (before.isdigit() and sign.isalpha())
        written += (data.draw(st.sampled_from(("", " ", "  "))) if apart else "") + data.draw(st.sampled_from((sign.upper(), sign.lower())))
    alike = [other for other in of.ids if folded(other) == folded(id)]
    assert meant(of, written) == ([written] if written in alike else alike)


@pytest.mark.parametrize(
    ("name", "course"),
    [
        ("B-C2D5", "B-C2D1 to B-C2D21"),
        ("b-c2 d21", "B-C2D1 to B-C2D21"),
        ("B-C2D22", None),
        ("A-C2D5", None),
        ("C2D5", None),
        ("main/D3", "main/D2 to D4"),
        ("D-6", "D-28 to D-5"),
        ("D-4", None),
    ],
)
def test_a_day_of_a_course_is_proposed_and_never_taken_for_it(name: str, course: str | None) -> None:
    assert course_of(name, ["B-C1D1 to B-C1D21", "B-C2D1 to B-C2D21", "main/D2 to D4", "D-28 to D-5", "D1"]) == course
