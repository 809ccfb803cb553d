"""Which time point of a visit a record is of; of none, or of several, it is said which there are."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import InputError, Record, Subject, plan
from nmosd_dosing.errors import Problem, Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.visits import lay_out
from nmosd_dosing.subjects.time_records import point_of
from tests.kit.somebody import HEAD

STUDY = read_study_text("""\
language: 1
study: samples
title: Samples
source: made up
days: from 1
products: {X: {route: IV infusion}, Y: {route: oral}}
periods:
  main:
    visits:
      - at: D1
        give: [Y 100 mg, X 500 mg over 60 min]
        assess:
          PK sample: "before X, 1 h after X, end of X, 1 h after end of X, 2 h after Y"
          ECG: "15 min before X, end of X, 4 h after X"
      - at: D8
        assess: MRI
""")[0]
DAY = dt.date(2025, 1, 6)


def of(assessment: str | None, time_point: str | None, visit: str = "D1") -> str:
    """Of which it is, or what is said of it."""
    record = Record(visit, DAY, time=dt.time(9), assessment=assessment, time_point=time_point)
    try:
        made = plan(STUDY, Subject(DAY, records=(record,)))
    except InputError as error:
        return str(error)
    [row] = [row for visit in made.visits for row in visit.time_line if row.kind == "assessment" and row.actual is not None]
    return f"{row.name}, {row.text}"


@pytest.mark.parametrize(
    ("assessment", "time_point", "found"),
    [
        ("PK sample", "before X", "PK sample, before X"),
        ("pk_sample", "Pre-dose", "PK sample, before X"),
        (None, "predose", "PK sample, before X"),
        ("ECG", "predose", "ECG, 15 min before X"),
        ("ECG", "-15 min", "ECG, 15 min before X"),
        ("ECG", "-PT15M", "ECG, 15 min before X"),
        ("ECG", "15 min pre-dose", "ECG, 15 min before X"),
        ("PK sample", "EOI", "PK sample, end of X"),
        ("PK sample", "120 min", "PK sample, 2 h after Y"),
        (None, "4 hours after dosing", "ECG, 4 h after X"),
        (None, "1 h after end of X", "PK sample, 1 h after end of X"),
    ],
)
def test_a_time_is_understood(assessment: str | None, time_point: str | None, found: str) -> None:
    assert of(assessment, time_point) == found


@pytest.mark.parametrize(
    ("assessment", "time_point", "visit", "said"),
    [
        ("PK sample", "1 h", "D1", "error: `PK sample`, `1 h` of `D1` may be of several time points\n"
         "hint: write which: `time_point` is `1 h after X`, `1 h after end of X`"),
        ("PK sample", "3 h", "D1", "error: `PK sample`, `3 h`: `D1` has no such time point\n"
         "hint: there are `2 h after Y`, `before X`, `1 h after X`, `end of X`, `1 h after end of X`"),
        ("PK sampel", "3 h", "D1", "error: `PK sampel`, `3 h`: `D1` has no time points of it\nhint: did you mean `PK sample`?"),
        ("MRI", None, "D8", "error: `MRI`: `D8` has no time points\n"
         "hint: leave `assessment` and `time_point` out: then the row is of the visit"),
    ],
)  # fmt: skip
def test_what_is_of_none_or_of_several_is_refused(assessment: str, time_point: str | None, visit: str, said: str) -> None:
    assert of(assessment, time_point, visit) == said


def test_a_time_point_twice_is_a_finding_and_no_second_visit() -> None:
    records = [Record("D1", DAY, time=dt.time(n), assessment="ECG", time_point="4 h") for n in (9, 10)]
    made = plan(STUDY, Subject(DAY, records=tuple(records)))
    assert [row.actual for row in made.visits[0].time_line if row.actual is not None] == [dt.datetime(2025, 1, 6, 9)]


@pytest.mark.parametrize(("number", "more"), [(8, ""), (9, " and 1 more"), (11, " and 3 more")])
def test_of_many_time_points_a_hint_names_eight(number: int, more: str) -> None:
    times = ", ".join(f"{n} h after X" for n in range(1, number + 1))
    visits = f'[{{at: D1, give: X 1 mg, assess: {{PK: "{times}"}}}}]'
    study, _ = read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods: {{p: {{visits: {visits}}}}}\n")
    with pytest.raises(InputError) as caught:
        plan(study, Subject(DAY, records=(Record("D1", DAY, time=dt.time(9), assessment="PK", time_point="30 h"),)))
    assert str(caught.value).split("hint: ")[1] == "there are " + ", ".join(f"`{n} h after X`" for n in range(1, 9)) + more


FORMS = read_study_text("""\
language: 1
study: forms
title: Ways of writing a time
source: made up
days: from 1
products: {X: {}, Y: {}}
periods:
  p:
    visits:
      - at: D1
        give: [X 1 mg over 60 min, Y 1 mg]
        assess:
          A: "before X, 15 min before X, 30 min, 90 min after X, end of X, 1 h after end of X, 2 h after X"
          B: "1 h after Y"
          C: "before X, before Y"
      - {at: D8, assess: MRI}
""")[0]
DAY_1, DAY_8 = lay_out(FORMS.periods[0], 0, Problems())
ALL = "`15 min before X`, `before X`, `30 min after X`, `end of X`, `1.5 h after X`, `1 h after end of X`, `2 h after X`"
NONE = f": `D1` has no such time point; there are {ALL}"
MEANT: list[tuple[str | None, str | None, str]] = [
    ("A", "PT30M", "A 30 min after X"),
    ("A", "+pt1h30m", "A 1.5 h after X"),
    ("A", "PT1.5H", "A 1.5 h after X"),
    ("A", "-PT15M", "A 15 min before X"),
    ("A", "PT", f"`A`, `PT`{NONE}"),
    ("A", "90 min", "A 1.5 h after X"),
    ("A", "1.5 h", "A 1.5 h after X"),
    ("A", "1.5 hours post-dose", "A 1.5 h after X"),
    ("A", "90m after dosing", "A 1.5 h after X"),
    ("A", "15 min before dose", "A 15 min before X"),
    ("A", "-15 min", "A 15 min before X"),
    ("A", "15 mins pre", "A 15 min before X"),
    ("A", "-15 min pre", "A 15 min before X"),
    ("A", "pre-dose", "A before X"),
    ("A", "before", "A before X"),
    ("C", "predose", "`C`, `predose` of `D1` may be of several time points; write which: `time_point` is `before X`, `before Y`"),
    ("A", "EOI", "A end of X"),
    ("A", "end of infusion", "A end of X"),
    ("B", "EOI", "`B`, `EOI`: `D1` has no such time point; there are `1 h after Y`"),
    ("A", "1 h", "A 1 h after end of X"),
    ("A", "60 min", "A 1 h after end of X"),
    ("A", "2h", "A 2 h after X"),
    ("A", "120", f"`A`, `120`{NONE}"),
    ("A", "0 h", f"`A`, `0 h`{NONE}"),
    ("A", "91 min", f"`A`, `91 min`{NONE}"),
    ("B", None, "B 1 h after Y"),
    ("A", None, f"`A` of `D1` may be of several time points; write which: `time_point` is {ALL}"),
    (None, "1 h after Y", "B 1 h after Y"),
    ("a", "BEFORE x", "A before X"),
    ("Z", "1 h", "`Z`, `1 h`: `D1` has no time points of it; there are of `A`, `C`, `B`"),
    ("D", "1 h", "`D`, `1 h`: `D1` has no time points of it; there are of `A`, `C`, `B`"),
    ("A", "PT0H", f"`A`, `PT0H`{NONE}"),
    ("A", "30 minutes", "A 30 min after X"),
    ("A", "给药前", "A before X"),
    (None, "pre-dose", "`pre-dose` of `D1` is a time of several assessments; write which: `assessment` is `A`, `C`"),
    ("B", "15 min", "`B`, `15 min`: `D1` has no such time point; there are `1 h after Y`"),
    ("A", "100000 min", f"`A`, `100000 min`{NONE}"),
    ("A", "00030 min", "A 30 min after X"),
]  # fmt: skip


@pytest.mark.parametrize(("assessment", "time_point", "meant"), MEANT)
def test_which_time_point_is_meant(assessment: str | None, time_point: str | None, meant: str) -> None:
    found = point_of(Record("D1", DAY, assessment=assessment, time_point=time_point), DAY_1)
    assert (f"{found.message}; {found.hint}" if isinstance(found, Problem) else f"{found.name} {found.time.text()}") == meant


def test_a_visit_without_time_points() -> None:
    found = point_of(Record("D8", DAY, assessment="MRI", time_point="1 h"), DAY_8)
    assert isinstance(found, Problem)
    assert f"{found.message}; {found.hint}" == (
        "`MRI`, `1 h`: `D8` has no time points; leave `assessment` and `time_point` out: then the row is of the visit"
    )
