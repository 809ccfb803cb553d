"""A hint is something to type: what a person who made the mistake types then is accepted.

Each row: what was written, the whole hint, and what is typed because of it; where the hint names other lines, those too.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

import pytest

from nmosd_dosing import Subject, plan
from nmosd_dosing.cli.edge import text_of
from nmosd_dosing.errors import RegimenError
from nmosd_dosing.language.phrases import doses, visit_days
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.report.pages.study import study_page

FILE = """\
language: 1
study: example
title: A fictional trial of drug X
source: made up for this test
days: from {days}
products:
  X: {product}
events: {{cd19_return: CD19 cells are back}}
periods:
  main:
    visits:
      - at: {at}
        give: {give}
"""


def study(at: str = "D1", give: str = "X 500 mg", days: str = "1", product: str = "{}") -> str:
    return FILE.format(at=at, give=give, days=days, product=product)


DAYS = [
    ("week 0, every week until Week 52", "0", ["write `week 52`"], "week 0, every 1 week until week 52"),
    (
        "D1, every week until week 52",
        "1",
        ["write `W53D1` for 52 weeks elapsed, `W52D1` for the start of number 52"],
        "D1, every 1 week until W53D1",
    ),
    ("D1, biweekly until D29", "1", ["write `every 2 weeks`, or the days themselves"], "D1, every 2 weeks until D29"),
    (
        "D1, then every 4 weeks until the end of the period",
        "1",
        ["write `length: 52 weeks` into the period, or name the last day: `until D337`"],
        "D1, then every 4 weeks until D337",
    ),
    (
        "D1, then every 4 weeks, 3 more times, except D57",
        "1",
        ["write `until D85` in place of `, 3 more times`"],
        "D1, then every 4 weeks until D85, except D57",
    ),
    (
        "D1, then every 4 weeks until D85 ±2d, except D57 ±2d",
        "1",
        ["put the window before `except`: `… ±2d, except D57`"],
        "D1 ±2d, then every 4 weeks until D85 ±2d, except D57",
    ),
    ("Week 4", "0", ["write `week 4`"], "week 4"),
    ("Week 4", "1", ["write `W5D1` for 4 weeks elapsed, `W4D1` for the start of number 4"], "W5D1"),
    ("wk4", "0", ["write `week 4`"], "week 4"),
    ("W4", "0", ["write `week 4`"], "week 4"),
    ("Week 3 Day 2", "1", ["write `W3D2`"], "W3D2"),
    ("Week 3 Day 2", "0", ["write `D15`"], "D15"),
    ("Day 15", "1", ["write `D15`"], "D15"),
    ("day 0", "1", ["the first dose is `D1`, the day before it `D-1`; write `days: from 0` where the record counts a day 0"], "D1"),
    ("Month 6", "0", ["write `month 6`"], "month 6"),
    ("Month 6", "1", ["write `D1 + 6 months` for 6 months elapsed, `D1 + 5 months` for the start of number 6"], "D1 + 6 months"),
    ("D1, 15", "1", ["write `D15`"], "D1, D15"),
    ("week 0, 4", "0", ["write `week 4`"], "week 0, week 4"),
    ("D1, then every 4 weeks to D85", "1", ["write `until D85`, which includes that day"], "D1, then every 4 weeks until D85"),
    ("D1, then every 4 weeks through D85", "1", ["write `until D85`, which includes that day"], "D1, then every 4 weeks until D85"),
    (
        "D1, then every 4 weeks x 12",
        "1",
        ["write `, 12 more times` for 12 after the first, `, 11 more times` for 12 in all"],
        "D1, then every 4 weeks, 11 more times",
    ),
    ("D-28-D-5", "1", ["write `D-28 to D-5` for a range, or put a comma between two days"], "D-28, D-5"),
    ("W1D1-W2D1", "1", ["write `W1D1 to W2D1` for a range, or put a comma between two days"], "W1D1, W2D1"),
    ("D14 (+/-2)", "1", ["write the window in days: `D14 ±2d`"], "D14 ±2d"),
    (
        "week 0 every 4 weeks x 6",
        "0",
        ["write `week 0, then every 4 weeks, 6 more times` for 6 after the first, `week 0, then every 4 weeks, 5 more times` for 6 in all"],
        "week 0, then every 4 weeks, 5 more times",
    ),
    ("D1 every 4 weeks", "1", ["put a comma before the repeat: `D1, then every 4 weeks`"], "D1, then every 4 weeks"),
    ("Baseline", "0", ["name the day, such as `D1`, and what it is called beside it: `name: Baseline`"], "D0"),
    ("C3D1", "1", ["days of a cycle stand in an entry with `cycle`: `at: D1, D8` and `cycle: every 21 days, 6 cycles`"], "D1, D8"),
    (
        "cd19_return + 14 days + 6 months",
        "1",
        ["write days or weeks, or months: one number of them"],
        "cd19_return + 6 months",
    ),
    ("cd19_return + 14 days + 7 days", "1", ["write `cd19_return + 3 weeks`"], "cd19_return + 3 weeks"),
    ("Q3W", "1", ["begin with its first day: `D1, then every 3 weeks`"], "D1, then every 3 weeks"),
    ("every 3 weeks until D85", "1", ["begin with its first day: `D1, then every 3 weeks until D85`"], "D1, then every 3 weeks until D85"),
    ("q4w, 5 more times", "1", ["begin with its first day: `D1, then every 4 weeks, 5 more times`"], "D1, q4w, 5 more times"),
    ("6 months after cd19_return", "1", ["write `cd19_return + 6 months`"], "cd19_return + 6 months"),
    ("2 weeks after randomisation", "1", ["write `randomised + 2 weeks`"], "randomised + 2 weeks"),
    ("D57+", "1", ["write `D57 or later`"], "D57 or later"),
    ("D57 onwards", "1", ["write `D57 or later`"], "D57 or later"),
    ("week 8 and later", "0", ["write `week 8 or later`"], "week 8 or later"),
    ("randomization + 1 day", "1", ["write `randomised`"], "randomised + 1 day"),
    ("randomisation", "1", ["write `randomised`"], "randomised"),
    ("screening + 3 days", "1", ["write `screened`"], "screened + 3 days"),
    ("consent", "1", ["write `consented`"], "consented"),
    ("baseline", "1", ["write the day, `D1`, and what it is called beside it: `name: Baseline`"], "D1"),
    (
        "D1, then Q3W for 6 doses",
        "1",
        ["write `, 6 more times` for 6 after the first, `, 5 more times` for 6 in all"],
        "D1, then Q3W, 5 more times",
    ),
    ("D1, then every 4 weeks until progression", "1", ["take `until progression` out: without it the end is not stated, "
     "and what is recorded of a subject ends it"], "D1, then every 4 weeks"),
    ("D1 - 7 days", "1", ["write `D-7`; or `7 days before D1`, which follows the day on which that visit really is"], "D-7"),
    ("D1 - 7 days", "0", ["write `D-6`; or `7 days before D1`, which follows the day on which that visit really is"], "D-6"),
    ("D29 - 1 week", "1", ["write `D22`; or `1 week before D29`, which follows the day on which that visit really is"], "D22"),
    ("cd19_return + 3 to 5 days", "1", ["write `cd19_return + 3 days to cd19_return + 5 days`"], "cd19_return + 3 days"),
]  # fmt: skip

READ_DAYS = [  # what people type, and how the language says it
    ("D1, then every week until W52D1", "D1, then every 1 week until W52D1"),
    ("D1, every week, 47 more times", "D1, then every 1 week, 47 more times"),
    ("D1, then every other week until W9D1", "D1, then every 2 weeks until W9D1"),
    ("D1, then every 2nd week", "D1, then every 2 weeks, end not stated"),
    ("D1, then every two weeks", "D1, then every 2 weeks, end not stated"),
    ("D1, then every third month", "D1, then every 3 months, end not stated"),
    ("D1, every day until D5", "D1, then every 1 day until D5"),
    ("D1, every other day until D5", "D1, then every 2 days until D5"),
    ("D1, then Q4W until D85", "D1, then every 4 weeks until D85"),
    ("D1, q3w, 5 more times", "D1, then every 3 weeks, 5 more times"),
    ("D1, q28d, 5 more times", "D1, then every 28 days, 5 more times"),
    ("D1, then Q6M", "D1, then every 6 months, end not stated"),
    ("D1, then weekly", "D1, then every 1 week, end not stated"),
    ("D1, Weekly, 3 more times", "D1, then every 1 week, 3 more times"),
    ("D1, then monthly", "D1, then every 1 month, end not stated"),
    ("D1, quarterly, 3 more times", "D1, then every 3 months, 3 more times"),
    ("D1, QD until D5", "D1, then every 1 day until D5"),
    ("cd19_return, q4w, 5 more times", "cd19_return, then every 4 weeks, 5 more times"),
]
READ_DOSES = [
    ("X 20 mg BID", "X 20 mg twice daily"),
    ("X 20 mg b.i.d.", "X 20 mg twice daily"),
    ("X 20 mg twice a day", "X 20 mg twice daily"),
    ("X 20 mg TID over 60 min", "X 20 mg 3 times daily over 60 min"),
    ("X 20 mg three times a day at 08:00 and 12:00 and 20:00", "X 20 mg 3 times daily at 08:00 and 12:00 and 20:00"),
    ("X 20 mg QID", "X 20 mg 4 times daily"),
    ("X 20 mg QD", "X 20 mg daily"),
    ("X 20 mg once daily", "X 20 mg daily"),
    ("X 20 mg every day", "X 20 mg daily"),
    ("X loading bid", "X 10 mg/kg twice daily"),
]

CAPPED = "write `X capped` here, and under the product `doses: {capped: {amount: 10 mg/kg, at most: 800 mg}}`"
RANGE = "write a range as `5 to 10 mg/kg`"
IN_NOTE = "write `as needed`, and the most that is allowed into `note`: a file says it as so many times on a day, `at most 3 times daily`"
DOSES = [
    ("X 20 mg q12h over 60 min", "write `twice daily`", "X 20 mg twice daily over 60 min"),
    ("X 20 mg every 8 hours", "write `3 times daily`", "X 20 mg 3 times daily"),
    ("X 20 mg PO BID", "write `twice daily`; the route stands under `products`: `X: {route: PO}`", "X 20 mg twice daily"),
    ("X 10 mg/kg Q4W", "write `X 10 mg/kg`; the days stand in `at`: `at: D1, then every 4 weeks`", "X 10 mg/kg"),
    ("X 10 mg/kg IV q28d", "write `X 10 mg/kg`; the route stands under `products`: `X: {route: IV}`; "
     "the days stand in `at`: `at: D1, then every 28 days`", "X 10 mg/kg"),
    ("X 10 mg/kg every 4 weeks", "write `X 10 mg/kg`; the days stand in `at`: `at: D1, then every 4 weeks`", "X 10 mg/kg"),
    ("X 20 mg every other day", "write `X 20 mg`; the days stand in `at`: `at: D1, then every 2 days`", "X 20 mg"),
    ("X 20 mg once weekly", "write `X 20 mg`; the days stand in `at`: `at: D1, then every 1 week`", "X 20 mg"),
    ("X 20 mg for 14 days", "write `daily`; the days stand in `at`: `at: D1 to D14`", "X 20 mg daily"),
    ("X 10 mg/Kg", "write `10 mg/kg`", "X 10 mg/kg"),
    ("X 5 mg/kg to 10 mg/kg", RANGE, "X 5 to 10 mg/kg"),
    ("X 5-10 mg/kg", RANGE, "X 5 to 10 mg/kg"),
    ("X 20 mg as needed, max 3 times a day", "write `as needed, at most 3 times daily`", "X 20 mg as needed, at most 3 times daily"),
    ("X 5 mg IV over 60 min", "write `X 5 mg over 60 min`; the route stands under `products`: `X: {route: IV}`", "X 5 mg over 60 min"),
    ("X 10mg/kg IV over 1 hour", "write `X 10mg/kg over 1 h`; the route stands under `products`: `X: {route: IV}`", "X 10mg/kg over 1 h"),
    ("X 5 mg over 60 min IV Q4W", "write `X 5 mg over 60 min`; the route stands under `products`: `X: {route: IV}`; "
     "the days stand in `at`: `at: D1, then every 4 weeks`", "X 5 mg over 60 min"),
    ("X 5 mg IV q12h over 90 minutes weekly", "write `X 5 mg twice daily over 90 min`; the route stands under `products`: "
     "`X: {route: IV}`; the days stand in `at`: `at: D1, then every 1 week`", "X 5 mg twice daily over 90 min"),
    ("X 5 mg IV as needed, at most 3 times daily", "write `X 5 mg as needed, at most 3 times daily`; "
     "the route stands under `products`: `X: {route: IV}`", "X 5 mg as needed, at most 3 times daily"),
    ("X 60 mg PO, reduced by 10 mg every 7 days until 10 mg", "write `X 60 mg daily, reduced by 10 mg every 7 days until 10 mg`; "
     "the route stands under `products`: `X: {route: PO}`", "X 60 mg daily, reduced by 10 mg every 7 days until 10 mg"),
    ("X 60 mg tapered by 10 mg weekly to 10 mg", "write `X 60 mg daily, reduced by 10 mg every 7 days until 10 mg`",
     "X 60 mg daily, reduced by 10 mg every 7 days until 10 mg"),
    ("X 60 mg daily, decreased by 5 mg every 2 weeks to 5 mg", "write `X 60 mg daily, reduced by 5 mg every 14 days until 5 mg`",
     "X 60 mg daily, reduced by 5 mg every 14 days until 5 mg"),
    ("X 20 mg PRN", "write `as needed`", "X 20 mg as needed"),
    ("X 150 mg six times daily", "write `6 times daily`", "X 150 mg 6 times daily"),
    ("X 150 mg 5 times a day", "write `5 times daily`", "X 150 mg 5 times daily"),
    ("X 150 mg thrice daily", "write `3 times daily`", "X 150 mg 3 times daily"),
    ("X 150 mg several times daily", "say how many times: `daily`, `twice daily`, or a number as in `3 times daily`",
     "X 150 mg 3 times daily"),
    ("X 150 mg at 08:00 and 20:00", "write `twice daily at 08:00 and 20:00`", "X 150 mg twice daily at 08:00 and 20:00"),
    ("X 150 mg at 08:00", "write `daily at 08:00`", "X 150 mg daily at 08:00"),
    ("X 20 mg prn, max 4 times a day", "write `as needed, at most 4 times daily`", "X 20 mg as needed, at most 4 times daily"),
    ("X 2 puffs as needed, at most 12 puffs daily", "write `as needed, at most 6 times daily`, of 2 puffs each",
     "X 2 puffs as needed, at most 6 times daily"),
    ("X 3 puffs as needed (max. 6 puffs per day)", "write `as needed, at most twice daily`, of 3 puffs each",
     "X 3 puffs as needed, at most twice daily"),
    ("X 2 puffs as needed, at most 5 puffs daily", IN_NOTE, "X 2 puffs as needed"),
    ("X 2 puffs as needed, at most every 6 hours", IN_NOTE, "X 2 puffs as needed"),
    ("X 20 mg over 90 minutes", "write `over 90 min`", "X 20 mg over 90 min"),
    ("X 20 mg over 1.5 hours", "write `over 1.5 h`", "X 20 mg over 1.5 h"),
    ("X 20 mg over one hour", "write `over 1 h`", "X 20 mg over 1 h"),
    ("X 20 mg over 1 h 30 min", "write `over 90 min`", "X 20 mg over 90 min"),
    ("X 20 mg over 1,5 h", "write `over 1.5 h`", "X 20 mg over 1.5 h"),
    ("X 20 mg over 30-60 min", "write one of the two, `over 30 min` or `over 60 min`, and the other in `note`", "X 20 mg over 30 min"),
    ("X 60 mg daily, reduced by 25 mg every week until 0 mg", "end with the last dose that is given: `until 10 mg`",
     "X 60 mg daily, reduced by 25 mg every week until 10 mg"),
    ("X 60 mg daily, reduced by 20 mg every week until 0 mg", "end with the last dose that is given: `until 20 mg`",
     "X 60 mg daily, reduced by 20 mg every week until 20 mg"),
]  # fmt: skip
STEPS = "write each step as an entry of its own, with its days:"
TAPERS = [
    (
        "X 60 mg daily for 7 days, then 40 mg daily for 14 days",
        f"{STEPS} `{{at: D1 to D7, give: X 60 mg daily}}`, `{{at: D8 to D21, give: X 40 mg daily}}`",
    ),
    ("X 60 mg daily, tapered by 10 mg a week", f"{STEPS} `{{at: D1 to D7, give: X 60 mg daily}}` and so on"),
]  # fmt: skip


def hints_of(text: str) -> list[str | None]:
    with pytest.raises(RegimenError) as error:
        read_study_text(text)
    return [problem.hint for problem in error.value.problems]


@pytest.mark.parametrize(("at", "days", "hints", "typed"), DAYS)
def test_days(at: str, days: str, hints: Sequence[str], typed: str) -> None:
    assert hints_of(study(at=at, days=days)) == hints
    read_study_text(study(at=typed, days=days))


VISITS = study("W12D1") + "      - at: {at}\n        assess: MRI\n"  # what hangs on another day is no dose


@pytest.mark.parametrize(
    ("at", "own"),
    [
        ("30 days post last dose", "last dose + 30 days"),
        ("30 days after the last dose (±7 days)", "last dose + 30 days ±7 days"),
        ("2 weeks after W12D1", "W12D1 + 2 weeks"),
        ("last dose + 28 to 35 days", "last dose + 28 days to last dose + 35 days"),
        ("last dose + 4-5 weeks", "last dose + 4 weeks to last dose + 5 weeks"),
        ("W12D1 + 14 to 20 days", "W12D1 + 14 days to W12D1 + 20 days"),
        ("last dose of the trial + 30 days", "last dose of the study + 30 days"),
    ],
)
def test_a_day_after_another(at: str, own: str) -> None:
    assert hints_of(VISITS.replace("{at}", at)) == [f"write `{own}`"]
    read_study_text(VISITS.replace("{at}", own))


@pytest.mark.parametrize(
    ("at", "own"),
    [
        ("last dose + 30 days, then every 30 days, 2 more times", "last dose + 30 days, last dose + 60 days, last dose + 90 days"),
        ("last dose, then every 4 weeks, 2 more times", "last dose, last dose + 4 weeks, last dose + 8 weeks"),
        ("last dose + 1 month, then monthly, 1 more time", "last dose + 1 month, last dose + 2 months"),
    ],
)
def test_each_day_after_the_last_dose(at: str, own: str) -> None:
    assert hints_of(VISITS.replace("{at}", at)) == [f"name each day: `{own}`"]
    read_study_text(VISITS.replace("{at}", own))


def test_what_no_day_can_be_counted_from() -> None:
    of_one = "that of one product cannot be said: write `last dose + 30 days`, which is of all products, or name its day"
    assert hints_of(VISITS.replace("{at}", "last dose of X + 30 days")) == [of_one]
    before = "a day before screened cannot be said: count it from day 1, as in `D-28`, or write `not stated`, with a `name`"
    assert hints_of(VISITS.replace("{at}", "screened - 3 days")) == [before]
    ends = "no repeat ends with the last dose: name a day of the period, as in `until D337`, or how many times, as in `5 more times`"
    assert hints_of(VISITS.replace("{at}", "D1, then every 30 days until last dose + 90 days")) == [ends]
    read_study_text(VISITS.replace("{at}", "D1, then every 30 days, 5 more times"))


def period_of(length: str, at: str, cycle: str = "", give: str = "X 5 mg daily") -> str:
    text = study(at=at, give=give).replace("    visits:", f"    length: {length}\n    visits:")
    return text + (f"        cycle: {cycle}\n" if cycle else "")


@pytest.mark.parametrize(
    ("cycle", "at", "hint", "typed_at", "typed"),
    [
        ("every 28 days", "D1 to D21", "write `every 28 days, 6 cycles`, which is how many fit into 24 weeks",
         "", "every 28 days, 6 cycles"),
        ("Q4W", "D1 to D21", "write `every 4 weeks, 6 cycles`, which is how many fit into 24 weeks", "", "every 4 weeks, 6 cycles"),
        ("every 28 days until the end of the period", "D1",
         "write `every 28 days, 7 cycles`, of which the last day is that of the end visit, or `every 28 days, 6 cycles`",
         "", "every 28 days, 7 cycles"),
        ("every 4 weeks until D141", "D1", "write `every 4 weeks, 6 cycles`", "", "every 4 weeks, 6 cycles"),
        ("every 28 days, six cycles", "D1", "write `every 28 days, 6 cycles`, the first one counted", "", "every 28 days, 6 cycles"),
        ("every 28 days, up to 5 cycles", "D1", "write `every 28 days, 5 cycles`, the first one counted", "", "every 28 days, 5 cycles"),
        ("21 days on, 7 days off, 6 cycles", "D1", "write `at: D1 to D21` and `cycle: every 28 days, 6 cycles`",
         "D1 to D21", "every 28 days, 6 cycles"),
        ("2 weeks on / 1 week off for 5 cycles", "D1", "write `at: D1 to D14` and `cycle: every 21 days, 5 cycles`",
         "D1 to D14", "every 21 days, 5 cycles"),
    ],
)  # fmt: skip
def test_how_many_cycles(cycle: str, at: str, hint: str, typed_at: str, typed: str) -> None:
    assert hints_of(period_of("24 weeks", at, cycle)) == [hint]
    read_study_text(period_of("24 weeks", typed_at or at, typed))


def test_a_day_that_a_cycle_leaves_out() -> None:
    hint = "write `every 21 days, 4 cycles` without the day D8, and another entry for that: `at: D8, D50, D71`"
    assert hints_of(study("D1, D8", "X 5 mg") + "        cycle: every 21 days, 4 cycles, except C2D8\n") == [hint]
    rest = "      - at: D8, D50, D71\n        give: X 5 mg\n"
    read_study_text(study("D1", "X 5 mg") + "        cycle: every 21 days, 4 cycles\n" + rest)


def test_cycles_until_something_happens() -> None:
    hint = (
        "cycles do not end with a day or an event: write `every 28 days`, whose end is not stated, in a period without a `length`; "
        "what is recorded of a subject ends it"
    )
    assert hints_of(study() + "        cycle: every 28 days until progression\n") == [hint]
    read_study_text(study() + "        cycle: every 28 days\n")


@pytest.mark.parametrize(
    ("at", "hint", "ends"),
    [
        ("D1, then every 4 weeks", "write `until D141`, or `until D169`, which includes the end visit", ["until D141", "until D169"]),
        (
            "W1D1, then every 5 weeks",
            "write `until the end of the period` behind it, or `until` and the last day",
            ["until the end of the period"],
        ),
    ],
)
def test_an_open_end_in_a_period_with_a_length(at: str, hint: str, ends: list[str]) -> None:
    assert hints_of(period_of("24 weeks", at, give="X 5 mg")) == [hint]
    for end in ends:
        read_study_text(period_of("24 weeks", f"{at} {end}", give="X 5 mg"))


def test_until_the_end_of_treatment() -> None:
    hint = "write `until the end of the period` where its length is stated, or the last day, as in `until D337`"
    assert hints_of(period_of("50 weeks", "D1, then every 4 weeks until end of treatment", give="X 5 mg")) == [hint]
    read_study_text(period_of("50 weeks", "D1, then every 4 weeks until the end of the period", give="X 5 mg"))


@pytest.mark.parametrize(("often", "said"), [("every other day", "every 2 days"), ("weekly", "every 1 week")])
def test_a_rhythm_of_doses_keeps_its_days(often: str, said: str) -> None:
    hint = f"write `X 5 mg`; the days stand in `at`: `at: D1, then {said} until D14`"
    assert hints_of(period_of("24 weeks", "D1 to D14", give=f"X 5 mg {often}")) == [hint]
    read_study_text(period_of("24 weeks", f"D1, then {said} until D14", give="X 5 mg"))


@pytest.mark.parametrize(
    ("times", "own"),
    [
        ("1 hour after X ±5 minutes", "1 h ±5 min after X"),
        ("1 h after X ±5 minutes", "1 h ±5 min after X"),
        ("1 hour (±5 minutes) after end of X", "1 h ±5 min after end of X"),
        ("within 60 min before X", "before X -60 min/+0"),
        ("within 1 hour after X", "1 h -1 h/+0 after X"),
    ],
)
def test_times_that_people_type(times: str, own: str) -> None:
    def sampled(said: str) -> str:
        return study(give="X 5 mg over 60 min") + f"        assess:\n          - PK sample: {said}\n"

    assert hints_of(sampled(times)) == [f"write `{own}`"]
    read_study_text(sampled(own))


def test_a_window_in_per_cent() -> None:
    times = study() + "        assess:\n          - PK sample: TIME, 2 h after X\n"
    assert hints_of(times.replace("TIME", "1h ±10%")) == ["write `1 h ±6 min`: a window is in `min` or `h`, not in per cent"]
    read_study_text(times.replace("TIME", "1 h ±6 min"))


def test_a_taper_in_braces_is_given_whole() -> None:
    give = "X 60 mg twice daily, reduced by 10 mg every 7 days until 10 mg"
    braces = study().split("      - at:")[0] + "      - {at: D1, give: GIVE}\n"
    assert hints_of(braces.replace("GIVE", give)) == [f'put quotes around the whole text: `give: "{give}"`']
    read_study_text(braces.replace("GIVE", f'"{give}"'))


LEVELS = "{{doses: {{std: {{levels: {{0: {}, -1: 50 mg{}}}, down: cd19_return}}}}}}"


def test_levels_that_say_how_often_or_stop() -> None:
    often = "write `100 mg`; how often stands behind the name of the rule where it is given, as in `give: X loading daily`"
    assert hints_of(study(give="X std daily", product=LEVELS.format("100 mg daily", ""))) == [often]
    read_study_text(study(give="X std daily", product=LEVELS.format("100 mg", "")))
    stop = "leave it out, or write `not stated`: no dose is stated from there on; that treatment ends is the event `treatment_stopped`"
    assert hints_of(study(give="X std", product=LEVELS.format("100 mg", ", -2: stop"))) == [stop]
    read_study_text(study(give="X std", product=LEVELS.format("100 mg", "")))
    read_study_text(study(give="X std", product=LEVELS.format("100 mg", ", -2: not stated")))


@pytest.mark.parametrize("name", ["cap", "caps", "tab", "u", "g", "mg", "tablet", "placebo", "daily"])
def test_names_of_dose_rules_that_mean_something_else(name: str) -> None:
    rules = "{doses: {NAME: 5 mg}}"
    hints = hints_of(study(product=rules.replace("NAME", name)))
    assert hints == [f"write for example `{name}-dose`"]
    read_study_text(study(give=f"X {name}-dose", product=rules.replace("NAME", f"{name}-dose")))


TWO = """\
language: 1
study: example
title: A fictional crossover
source: made up for this test
days: from 1
products: {X: {}}
periods:
  first: {length: 8 weeks, visits: [{at: D1, give: X 5 mg}]}
  second: {length: 8 weeks, visits: [{at: D1, give: X 5 mg}]}
transitions:
  - {id: on, from: first, to: second, after: end of first, within: WITHIN}
"""


@pytest.mark.parametrize("least", ["at least 28 days", "no earlier than 28 days", "28 days or more", "minimum of 28 days"])
def test_a_first_day_without_a_last(least: str) -> None:
    hint = (
        "`within` says the last day; for a first day alone put a period that nobody is seen in between the two, "
        "`washout: {length: 28 days}`, entered `within: 0 days`, and left for the next one `within: not stated`"
    )
    assert hints_of(TWO.replace("WITHIN", least)) == [hint]
    text = TWO.replace("  second:", "  washout: {length: 28 days}\n  second:").split("  - {id: on")[0] + (
        "  - {id: off, from: first, to: washout, after: end of first, within: 0 days}\n"
        "  - {id: on, from: washout, to: second, after: end of washout, within: not stated}\n"
    )
    read, _ = read_study_text(text)
    subject = plan(read, Subject(dt.date(2025, 1, 6)))
    first, second = (visit for visit in subject.visits if visit.label == "D1")
    assert first.target is not None and second.target == first.target + dt.timedelta(56 + 28)
    assert second.earliest == second.target
    assert second.latest is None


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ("at most 28 days", "28 days"),
        ("up to 28 days", "28 days"),
        ("between 28 and 31 days", "28 to 31 days"),
        ("from 4 to 5 weeks", "4 to 5 weeks"),
    ],
)
def test_how_long_after_a_date(written: str, own: str) -> None:
    assert hints_of(TWO.replace("WITHIN", written)) == [f"write `{own}`"]
    read_study_text(TWO.replace("WITHIN", own))


def test_an_end_of_a_span_after_the_last_dose() -> None:
    span = study().replace("periods:", "spans:\n  after: {title: contraception, from: first dose, to: TO}\nperiods:")
    assert hints_of(span.replace("TO", "6 months after last dose")) == ["write `last dose + 6 months`"]
    read_study_text(span.replace("TO", "last dose + 6 months"))


@pytest.mark.parametrize(
    ("at", "days", "cycle"),
    [
        ("D1, 8, 15 of every 28 days", "D1, D8, D15", "every 28 days"),
        ("D1-D21 every 28 days", "D1 to D21", "every 28 days"),
        ("D1, D8 q28d", "D1, D8", "every 28 days"),
        ("Days 1, 8 and 15 of each 28-day cycle x 6", "D1, D8, D15", "every 28 days, 6 cycles"),
    ],
)
def test_days_of_a_cycle_in_one_text(at: str, days: str, cycle: str) -> None:
    hint = f"where all of them come again, write `at: {days}` and beside it `cycle: {cycle}`"
    assert hints_of(study(at=at, give="X 5 mg daily")) == [hint]
    read_study_text(study(at=days, give="X 5 mg daily") + f"        cycle: {cycle}\n")


@pytest.mark.parametrize(
    ("written", "hint", "typed"),
    [
        ("28 days x 6", "write `every 28 days, 6 cycles`", "every 28 days, 6 cycles"),
        ("28 days", "write `every 28 days`", "every 28 days"),
        ("every 28 days x 6", "write `every 28 days, 6 cycles`, the first one counted", "every 28 days, 6 cycles"),
    ],
)
def test_cycles(written: str, hint: str, typed: str) -> None:
    assert hints_of(study() + f"        cycle: {written}\n") == [hint]
    read_study_text(study() + f"        cycle: {typed}\n")


def test_other_words_for_keys() -> None:
    rule = "{doses: {capped: {amount: 10 mg/kg, KEY: 800 mg}}}"
    assert hints_of(study(give="X capped", product=rule.replace("KEY", "max"))) == ["did you mean `at most`?"]
    read_study_text(study(give="X capped", product=rule.replace("KEY", "at most")))
    period = study().replace("    visits:", "    KEY: 52 weeks\n    visits:")
    assert hints_of(period.replace("KEY", "duration")) == ["did you mean `length`?"]
    read_study_text(period.replace("KEY", "length"))


def test_rounding_to_the_nearest() -> None:
    rule = "{doses: {standard: {amount: 10 mg/kg, round: ROUND}}}"
    hint = "write `half even to 50 mg`: to the nearest, and from the middle to the even multiple"
    assert hints_of(study(give="X standard", product=rule.replace("ROUND", "nearest 50 mg"))) == [hint]
    read_study_text(study(give="X standard", product=rule.replace("ROUND", "half even to 50 mg")))


def shown(text: str) -> str:
    """How `show` says a file."""
    read, _ = read_study_text(text)
    return text_of(study_page(read, read.periods))


@pytest.mark.parametrize(("at", "own"), READ_DAYS)
def test_days_that_people_type(at: str, own: str) -> None:
    assert re.search(visit_days.AT_PATTERN, at)
    assert f"  {own}\n" in shown(study(at=at))


@pytest.mark.parametrize(("give", "own"), READ_DOSES)
def test_doses_that_people_type(give: str, own: str) -> None:
    assert re.search(doses.GIVE_PATTERN, give)
    assert f"{own}\n" in shown(study(give=give, product="{doses: {loading: 10 mg/kg}}"))


@pytest.mark.parametrize(("give", "hint", "typed"), DOSES)
def test_doses(give: str, hint: str, typed: str) -> None:
    assert hints_of(study(give=give)) == [hint]
    read_study_text(study(give=typed))
    for day in [part.split("`")[0] for part in hint.split("`at: ")[1:]]:
        read_study_text(study(at=day, give=typed))


@pytest.mark.parametrize("more", ["(max 800 mg)", "max. 800 mg", ", at most 800 mg", "up to 800 mg", "(maximum dose 800 mg)"])
def test_a_highest_dose(more: str) -> None:
    assert hints_of(study(give=f'"X 10 mg/kg {more}"')) == [CAPPED]
    read_study_text(study(give="X capped", product="{doses: {capped: {amount: 10 mg/kg, at most: 800 mg}}}"))


def test_a_highest_dose_before_the_time_of_an_infusion() -> None:
    hint = CAPPED.replace("`X capped`", "`X capped over 90 min`")
    assert hints_of(study(give="X 10 mg/kg max 800 mg over 90 min")) == [hint]
    read_study_text(study(give="X capped over 90 min", product="{doses: {capped: {amount: 10 mg/kg, at most: 800 mg}}}"))


def test_two_lead_times() -> None:
    give = "[X 500 mg 30-60 min before Z, Z 5 mg]"
    hint = "write one of the two, `30 min` or `60 min`, and the other in `note`"
    assert hints_of(study(give=give).replace("  X: {}", "  X: {}\n  Z: {}")) == [hint]
    read_study_text(study(give=give.replace("30-60", "30")).replace("  X: {}", "  X: {}\n  Z: {}"))


def test_bands_with_a_dash() -> None:
    bands = "{doses: {loading: {bands: {up to 40 kg: 400 mg, MIDDLE: 600 mg, more than 60 kg: 800 mg}}}}"
    hints = hints_of(study(give="X loading", product=bands.replace("MIDDLE", "40-60 kg")))
    assert hints == ["write `40 to <60 kg`; `40 to 60 kg` where 60 kg belongs to it"]
    assert hints_of(study(give="X loading", product=bands.replace("more than 60 kg", ">60 kg"))) == ["write `more than 60 kg`"]


def test_a_highest_dose_of_a_rule() -> None:
    rule = "{doses: {standard: 10 mg/kg (max 800 mg)}}"
    assert hints_of(study(give="X standard", product=rule)) == ["write `{amount: 10 mg/kg, at most: 800 mg}` for the whole rule"]
    read_study_text(study(give="X standard", product="{doses: {standard: {amount: 10 mg/kg, at most: 800 mg}}}"))


@pytest.mark.parametrize(("give", "hint"), TAPERS)
def test_a_taper_in_one_phrase(give: str, hint: str) -> None:
    assert hints_of(study(give=f'"{give}"')) == [hint]
    entries = "\n".join(f"      - {entry.split('`')[0]}" for entry in hint.split("`{at")[1:]).replace("- : ", "- {at: ")
    read_study_text(study().split("      - at:")[0] + entries + "\n")


def test_a_window_behind_some_of_the_days() -> None:
    hint = (
        "where the window holds for all of them, write it once as `window:`; else write two entries: `at: D29` and "
        "`at: D43 ±2d, then every 2 weeks, 4 more times ±2d`"
    )
    assert hints_of(study(at="D29, then every 2 weeks, 5 more times ±2d")) == [hint]
    read_study_text(study(at="D29") + "      - at: D43 ±2d, then every 2 weeks, 4 more times ±2d\n        give: X 500 mg\n")


def test_a_gap_from_nothing() -> None:
    rule = "    if gap:\n      - {of: <8 weeks, then: stop}\n"
    hint = "leave the rule out: a gap that no rule is for changes nothing"
    assert hints_of(study().replace("    visits:", f"{rule}    visits:")) == [hint]


@pytest.mark.parametrize("key", ['">40 to 60 kg"', "'>40 to 60 kg'"])
def test_a_range_that_begins_with_a_sign(key: str) -> None:
    bands = "{{doses: {{loading: {{bands: {{up to 40 kg: 400 mg, {key}: 600 mg, more than 60 kg: 800 mg}}}}}}}}"
    assert hints_of(study(give="X loading", product=bands.format(key=">40 to 60 kg"))) == ['write `">40 to 60 kg"`, in quotes']
    read_study_text(study(give="X loading", product=bands.format(key=key)))


@pytest.mark.parametrize("between", ["+", "and", "plus", "&"])
def test_two_doses_with_a_word_between_them(between: str) -> None:
    two_products = study(give="[X 500 mg, Z 5 mg]").replace("  X: {}", "  X: {}\n  Z: {}")
    written = two_products.replace("[X 500 mg, Z 5 mg]", f"X 500 mg {between} Z 5 mg")
    assert hints_of(written) == ["write a list: `[X 500 mg, Z 5 mg]`"]
    read_study_text(two_products)


@pytest.mark.parametrize(
    ("given", "other"),
    [
        ("X 500 mg", "X placebo"),
        ("[Z 5 mg 30 min before X, X 10 mg/kg over 4 h]", "[Z placebo 30 min before X, X placebo over 240 min]"),
        ("X 250 mg twice daily at 08:00 and 20:00", "X placebo twice daily at 08:00 and 20:00"),
    ],
)
def test_the_dose_of_an_arm_that_a_blinded_visit_leaves_out(given: str, other: str) -> None:
    def blinded(more: str) -> str:
        arms = study(give=f"{{x: {given}{more}}}").replace("  X: {}", "  X: {}\n  Z: {}\narms: [x, placebo]")
        return arms.replace("  main:\n", "  main:\n    blinded: true\n")

    assert hints_of(blinded("")) == [f"add `placebo: {other}` if that arm gets nothing"]
    read_study_text(blinded(f", placebo: {other}"))


def test_a_criterion_begins_with_a_small_letter() -> None:
    text = study() + "criteria:\n  EC1: No rituximab within 6 months before screening\n"
    assert hints_of(text) == ["write `no rituximab within 6 months before screening`"]
    read_study_text(text.replace("EC1: No", "EC1: no"))


def test_no_way_is_opened_by_a_dose() -> None:
    text = TWO.replace("after: end of first, within: WITHIN", "after: last dose, within: 28 days")
    hint = "no way is opened by a dose: write `end of PERIOD`, or an event that somebody records, such as `treatment_stopped`"
    assert hints_of(text) == [hint]
    read_study_text(text.replace("last dose", "end of first"))
