"""Each kind of criterion on day 1, 2025-01-29, at the edges of what bars it; and what is said of how such a criterion is read."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from nmosd_dosing.checks.board import last_of
from nmosd_dosing.checks.screening import Days, Screening, clocks_of, screen
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.criteria import READINGS
from nmosd_dosing.subjects.had import Had, Past
from tests.kit.cases import columns
from tests.kit.dates import day
from tests.kit.somebody import HEAD

STUDY = """half-lives: {{R: 10 days}}
events: {{cleared: the virus is gone}}
criteria: {{A: {{clock: "{clock}"}}}}
products: {{X: {{}}}}
periods: {{a: {{visits: [{{at: D1, give: X 1 mg}}]}}}}
"""


def screened(clock: str, *had: Had) -> Screening:
    study = read_study_text(HEAD + STUDY.format(clock=clock))[0]
    return screen(clocks_of(study, None, Past(had, told=True)), Days(None, day("2025-01-29")))


def use(text: str) -> Had:
    """`R 2025-01-10..2025-01-16`: a use with its first and last day, or its one day; behind them how much a day, or what for. A day is a
    month where only that is known; the last one is `ongoing`, or `?` where nobody has written it."""
    what, days, *more = text.split()
    first, _, last = days.partition("..")
    amount, purpose = (Decimal(more[0]), more[2:]) if more[1:2] == ["mg"] else (None, more)
    unit = "mg" if amount is not None else ""
    begin, end = may_be(first), may_be(last or first) if last not in ("ongoing", "?") else (None, None)
    return Had(
        what, begin[0], end[1], last == "ongoing", amount_per_day=amount, unit=unit, purpose=" ".join(purpose),
        first_at_latest=begin[1] if len(first) == 7 else None, last_at_earliest=end[0] if len(last or first) == 7 else None,
    )  # fmt: skip


def may_be(text: str) -> tuple[dt.date, dt.date]:
    """The first and the last day that a day, or a month, may be."""
    return (day(text), day(text)) if len(text) > 7 else (day(f"{text}-01"), last_of(day(f"{text}-01")))


# What was had, and the first day on which day 1 may be, where it may not be on 2025-01-29.
CLOCKS = """
    clock                                                    had                                              until
    no R within 4 weeks before D1                            R 2024-12-31                                     -
    no R within 4 weeks before D1                            R 2025-01-01                                     2025-01-30
    no R within 4 weeks before D1                            R 2025-01-29                                     2025-02-27
    no R within 4 weeks before D1                            R 2025-01-30                                     -
    no R within 4 weeks before D1                            R 2024-12-20..2025-01-02                         2025-01-31
    no R within 4 weeks before D1                            R 2024-12                                        -
    no R within 4 weeks before D1                            R 2025-01                                        2025-03-01
    no R within 4 weeks before D1                            R 2025-02                                        -
    no R within 4 weeks before D1                            R 2024-12-20..ongoing                            never
    no R within 4 weeks before D1                            R 2025-01-29..ongoing                            never
    no R within 4 weeks before D1                            R 2025-01-30..ongoing                            -
    no R within 4 weeks before D1                            R 2024-12-20..?                                  needs the last day of R
    no R within 4 weeks before D1                            R 2025-01-30..?                                  -
    at least 4 weeks since R before D1                       R 2025-01-01                                     -
    at least 4 weeks since R before D1                       R 2025-01-02                                     2025-01-30
    more than 4 weeks since R before D1                      R 2024-12-31                                     -
    more than 4 weeks since R before D1                      R 2025-01-01                                     2025-01-30
    no R within 3 half-lives before D1                       R 2024-12-29                                     -
    no R within 3 half-lives before D1                       R 2024-12-30                                     2025-01-30
    no R within 1 month or 3 half-lives, whichever is longer, before D1   R 2024-12-28                        -
    no R within 1 month or 3 half-lives, whichever is longer, before D1   R 2024-12-29                        2025-01-30
    no R within 1 month or 3 half-lives, whichever is shorter, before D1  R 2024-12-29                        -
    no R within 1 month or 3 half-lives, whichever is shorter, before D1  R 2024-12-30                        2025-01-30
    no R within 4 weeks after D1                             R 2025-01-28                                     -
    no R within 4 weeks after D1                             R 2025-01-29                                     2025-01-30
    no R within 4 weeks after D1                             R 2025-02-26                                     2025-02-27
    no R within 4 weeks after D1                             R 2025-02-27                                     -
    no R within 4 weeks before D1, unless used for 7 days or less in one go  R 2025-01-10..2025-01-16         -
    no R within 4 weeks before D1, unless used for 7 days or less in one go  R 2025-01-10..2025-01-17         2025-02-15
    no R within 4 weeks before D1, unless used for 7 days or less in one go  R 2025-01-10..2025-01-13, R 2025-01-14..2025-01-17  2025-02-15
    no R within 4 weeks before D1, unless used for 7 days or less in one go  R 2025-01-10..2025-01-13, R 2025-01-15..2025-01-18  -
    no R for more than 7 days within 4 weeks before D1       R 2025-01-10..2025-01-16                         -
    no R for more than 7 days within 4 weeks before D1       R 2025-01-10..2025-01-17                         2025-02-15
    no S within 3 half-lives before D1                       S 2020-01-10                                     needs the half-life of S
    no S within 3 half-lives before D1                       S 2025-01-30                                     -
    no S within 4 weeks or 3 half-lives, whichever is longer, before D1  S 2024-12-31                                     needs the half-life of S
    no S within 4 weeks or 3 half-lives, whichever is longer, before D1  S 2025-01-01                                     2025-01-30
    no S within 4 weeks or 3 half-lives, whichever is shorter, before D1  S 2024-12-31                                     -
    no S within 4 weeks or 3 half-lives, whichever is shorter, before D1  S 2025-01-01                                     needs the half-life of S
    no R within 4 weeks before D1, unless cleared            R 2025-01-10                                     person whether `cleared`, and its day
    no R within 4 weeks before D1, unless cleared            R 2025-01-10, cleared 2025-01-09                 person whether `cleared`, and its day
    no R within 4 weeks before D1, unless cleared            R 2025-01-10, cleared 2025-01-10                 -
    no R within 4 weeks before D1, unless cleared            R 2025-01-10, cleared 2025-01-29                 -
    no R within 4 weeks before D1, unless cleared            R 2025-01-10, cleared 2025-01-30                 2025-01-30
    no R within 4 weeks before D1, unless cleared            R 2025-01-10, cleared 2025-01                    2025-01-31
    no R for more than 7 days within 4 weeks before D1       R 2025-01-22..ongoing                            never
    no R for more than 7 days within 4 weeks before D1       R 2025-01-23..ongoing                            -
    no R for more than 7 days within 4 weeks before D1       R 2025-01-10..?                                  needs the last day of R
    no R or S for more than 7 days within 4 weeks before D1  R 2025-01-10..2025-01-13, S 2025-01-14..2025-01-17  2025-02-15
    no R or S for more than 7 days within 4 weeks before D1  R 2025-01-10..2025-01-13, S 2025-01-14..2025-01-16  -
    no R or S for more than 7 days within 4 weeks before D1  R 2025-01-10..2025-01-13, S 2025-01-15..2025-01-18  -
    no R above 20 mg R daily within 4 weeks before D1        R 2025-01-10..2025-01-16 20 mg                   -
    no R above 20 mg R daily within 4 weeks before D1        R 2025-01-10..2025-01-16 20.5 mg                 2025-02-14
    no R above 20 mg R daily within 4 weeks before D1        R 2025-01-10..2025-01-12 15 mg, R 2025-01-12..2025-01-14 15 mg  2025-02-10
    no R above 20 mg R daily within 4 weeks before D1        R 2025-01-10..2025-01-16                         needs how much R a day, in mg
    no R above 20 mg R daily for more than 7 days within 4 weeks before D1  R 2025-01-10..2025-01-16          -
    no R above 20 mg R daily for more than 7 days within 4 weeks before D1  R 2025-01-10..2025-01-17          needs how much R a day, in mg
    no R above 20 mg R daily within 4 weeks before D1, unless used for 7 days or less in one go  R 2025-01-10..2025-01-16  -
    no R above 20 mg R daily within 4 weeks before D1, unless used for 7 days or less in one go  R 2025-01-10..2025-01-17  needs how much R a day, in mg
    no R within 4 weeks before D1, unless for NMOSD          R 2025-01-10..2025-01-16 NMOSD                   -
    no R within 4 weeks before D1, unless for NMOSD          R 2025-01-10..2025-01-16 arthritis               2025-02-14
    no R within 4 weeks before D1, unless for NMOSD          R 2025-01-10..2025-01-16                         2025-02-14
    at least 2 relapses within 90 days before D1             relapse 2024-10-31, relapse 2025-01-29           -
    at least 2 relapses within 90 days before D1             relapse 2024-10-30, relapse 2025-01-29           needs the days of more relapses
    at least 2 relapses within 90 days before D1             relapse 2025-01-28, relapse 2025-01-30           needs the days of more relapses
    at least 2 relapses more than 30 days apart within 90 days before D1  relapse 2024-12-01, relapse 2024-12-31  needs the days of more relapses
    at least 2 relapses more than 30 days apart within 90 days before D1  relapse 2024-12-01, relapse 2025-01-01  -
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01, stable 2025-01-01            -
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01, stable 2025-01-02            2025-01-30
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01                               needs the day since which the relapse symptoms are stable
    relapse symptoms stable for at least 4 weeks before D1   stable 2025-01-01                                -
    relapse symptoms stable for at least 4 weeks before D1   stable 2025-01-02                                2025-01-30
    relapse symptoms stable for at least 4 weeks before D1   relapse 2025-01-20                               2025-02-17
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01, stable 2024-12-05, relapse 2025-01-20  2025-02-17
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01, relapse 2024-12-20, stable 2024-12-25  -
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01, relapse 2024-12-20, stable 2024-12-19  needs the day since which the relapse symptoms are stable
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-11-01, relapse 2024-12-01, relapse 2025-02-10  needs the day since which the relapse symptoms are stable
    at least 2 relapses within 365 days before D1 of which 1 within 90 days  relapse 2024-06-01, relapse 2024-10-31           -
    at least 2 relapses within 365 days before D1 of which 1 within 90 days  relapse 2024-06-01, relapse 2024-10-30           needs the days of more relapses
    at least 2 relapses within 365 days before D1 of which 1 within 90 days  relapse 2024-01-30, relapse 2025-01-01           -
    at least 2 relapses within 365 days before D1 of which 1 within 90 days  relapse 2024-01-29, relapse 2025-01-01           needs the days of more relapses
    at least 1 relapse within 90 days or at least 2 within 365 days before D1  relapse 2024-06-01, relapse 2024-10-30           -
    at least 1 relapse within 90 days or at least 2 within 365 days before D1  relapse 2024-10-31                               -
    at least 1 relapse within 90 days or at least 2 within 365 days before D1  relapse 2024-10-30                               needs the days of more relapses
    at least 1 relapse within 90 days or at least 2 within 365 days before D1  relapse 2024-10                                  needs the days of more relapses
    at least 1 relapse within 90 days or at least 2 within 365 days before D1  relapse 2024-11                                  -
    at least 2 relapses more than 30 days apart within 90 days before D1  relapse 2024-12-01, relapse 2025-01              needs the days of more relapses
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12                                  needs the day since which the relapse symptoms are stable
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12, stable 2024-12-15               needs the day since which the relapse symptoms are stable
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12, stable 2024-12-31               -
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01..2024-12-20, stable 2024-12-19  needs the day since which the relapse symptoms are stable
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01..2024-12-20, stable 2024-12-20  -
    relapse symptoms stable for at least 4 weeks before D1   relapse 2024-12-01..ongoing, stable 2024-12-20   needs the day since which the relapse symptoms are stable
    R used for more than 4 weeks before D1                   R 2025-01-01..2025-01-29                         needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2024-12-31..2025-01-29                         -
    R used for more than 4 weeks before D1                   R 2024-12-25..2025-01-05, R 2025-01-06..2025-01-29  -
    R used for more than 4 weeks before D1                   R 2024-12-25..2025-01-05, R 2025-01-07..2025-01-29  needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2024-12-25                                     needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2024-12-31..ongoing                            -
    R used for more than 4 weeks before D1                   R 2025-01-01..ongoing                            needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2024-11-25..?                                  needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2024-12-03..2025-01                            -
    R used for more than 4 weeks before D1                   R 2024-12-04..2025-01                            needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2024-11..2025-01                               -
    R used for more than 4 weeks before D1                   R 2024-12..2025-01                               needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   R 2025-01                                        needs a use of R for more than 4 weeks
    R used for more than 4 weeks before D1                   S 2024-11-25..2025-01-29                         needs a use of R for more than 4 weeks
"""  # noqa: E501


@pytest.mark.parametrize("row", columns(CLOCKS), ids=lambda row: f"{row['clock']}: {row['had']}")
def test_a_criterion_bars_day_1_to_the_day(row: dict[str, str]) -> None:
    [answer] = screened(row["clock"], *map(use, row["had"].split(", "))).answers
    if row["until"].startswith(("needs ", "person ")):
        assert f"{answer.verdict} {answer.needs}".startswith(row["until"])
    else:
        until = day(row["until"]) if row["until"] not in ("-", "never") else None
        assert (answer.verdict, answer.until) == ("admissible" if row["until"] == "-" else "not-until", until)


@pytest.mark.parametrize(
    ("clock", "read"),
    [
        ("no R within 4 weeks before D1", "ends, last day, complete"),
        ("no R within 6 months before D1", "ends, months, last day, complete"),
        ("no R within 5 half-lives before D1", "ends, half-lives, last day, complete"),
        ("at least 4 weeks since R before D1", "ends, last day, more than, complete"),
        ("no R above 20 mg R daily within 4 weeks before D1", "ends, last day, daily, complete"),
        ("no R for more than 21 days within 4 weeks before D1", "ends, last day, more than, in a row, complete"),
        ("no R within 4 weeks before D1, unless used for 7 days or less in one go", "ends, last day, in a row, complete"),
        ("no R within 4 weeks before D1, unless for NMOSD", "ends, last day, complete"),
        ("relapse symptoms stable for at least 4 weeks before D1", "ends, more than"),
        ("at least 2 relapses within 90 days before D1", "ends"),
        ("at least 2 relapses within 2 years before D1", "ends, months"),
        ("R used for more than 1 month before D1", "ends, months, more than"),
    ],
)
def test_how_a_criterion_is_read_is_said(clock: str, read: str) -> None:
    words = {words: name for name, words in READINGS.items()}
    assert ", ".join(words[reading] for reading in screened(clock).readings) == read


@pytest.mark.parametrize(
    ("lives", "half_life", "earliest", "each", "together"),
    [("3 half-lives", "10 days", "2025-02-28", "10 days", "30 days"), ("3 half-lives", "36 hours", "2025-02-03", "1.5 days", "5 days"),
     ("3 half-lives", "1 day", "2025-02-01", "24 hours", "3 days"), ("3 half-lives", "12 hours", "2025-01-31", "12 hours", "2 days"),
     ("1 half-life", "10 days", "2025-02-08", "10 days", "10 days"), ("1 half-life", "1 hour", "2025-01-30", "1 hour", "1 day"),
     ("1 half-life", "2 hours", "2025-01-30", "2 hours", "1 day")],
)  # fmt: skip
def test_half_lives_are_multiplied_and_rounded_up_to_whole_days(
    lives: str, half_life: str, earliest: str, each: str, together: str
) -> None:
    study = read_study_text(HEAD + STUDY.format(clock=f"no R within {lives} before D1").replace("10 days", half_life))[0]
    [answer] = screen(clocks_of(study, None, Past((use("R 2025-01-28"),), told=True)), Days(None, day("2025-01-29"))).answers
    assert answer.steps[2] == f"so not before {earliest}"
    assert answer.steps[3].startswith(f"{lives} of R, {each} each: {together}")
