"""A hint is something to type: what a person who made the mistake types then is accepted.

Each row: what was written, the whole hint, and what is typed because of it; where the hint names other lines, those too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

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
    ],
)
def test_a_day_after_another(at: str, own: str) -> None:
    assert hints_of(VISITS.replace("{at}", at)) == [f"write `{own}`"]
    read_study_text(VISITS.replace("{at}", own))


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
