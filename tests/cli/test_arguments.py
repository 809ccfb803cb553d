"""What is typed wrong is shown all at once, each with a way out."""

from __future__ import annotations

import pytest

from tests.kit.command import MIL62, errors, mil62

# ruff: noqa: E501
ARGUMENT_ERRORS = [
    (("--start", "2025-1-6"), "error: `--start 2025-1-6` is not a date\nhint: write `2025-01-06`"),
    (("--start", "2025/1/6"), "error: `--start 2025/1/6` is not a date\nhint: write `2025-01-06`"),
    (("--start", "06/01/2025"), "error: `--start 06/01/2025` is not a date\nhint: day and month cannot be told apart; write it as YYYY-MM-DD"),
    (("--start", "2025-02-29"), "error: `--start 2025-02-29`: there is no such day\nhint: check the month and the day; a date is YYYY-MM-DD"),
    (("--start", "tomorrow"), "error: `--start tomorrow` is not a date\nhint: write it as YYYY-MM-DD, for example `2025-01-06`"),
    (("--start", "２０２５-０１-０６"), "error: `--start ２０２５-０１-０６` is not a date\nhint: write `2025-01-06`"),
    (("--start", "9999-12-31"), "warning: a first day before 1990, or more than 50 years ahead: 9999-12-31\nhint: check the year\nerror: W3D1 of `rcp` falls outside the years 1 to 9999\nhint: give another start date"),
    (("--weight", "0"), "error: `--weight 0` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    (("--weight", "501"), "error: `--weight 501` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    (("--weight", "1000000000"), "error: `--weight 1000000000` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    (("--weight", "-60"), "error: `--weight -60` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    (("--weight", "nan"), "error: `--weight nan` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    (("--weight", "60,5"), "error: `--weight 60,5` has a decimal comma\nhint: write `60.5`"),
    (("--weight", "60kg"), "error: `--weight 60kg` is not a weight\nhint: write `60`: the unit is always kg"),
    (("--weight", "72,5 KG"), "error: `--weight 72,5 KG` is not a weight\nhint: write `72.5`: the unit is always kg"),
    (("--height", "170 cm"), "error: `--height 170 cm` is not a height\nhint: write `170`: the unit is always cm"),
    (("--start", "25/01/2025"), "error: `--start 25/01/2025` is not a date\nhint: write `2025-01-25`"),
    (("--start", "31/02/2025"), "error: `--start 31/02/2025` is not a date\nhint: there is no such day: check the month and the day, and write it as YYYY-MM-DD"),
    (("--start", "13/25/2025"), "error: `--start 13/25/2025` is not a date\nhint: there is no such day: check the month and the day, and write it as YYYY-MM-DD"),
    (("--start", "20250230"), "error: `--start 20250230` is not a date\nhint: there is no such day: check the month and the day, and write it as YYYY-MM-DD"),
    (("--weight", "60.0005"), "error: `--weight 60.0005` is finer than a gram\nhint: write `60.000`"),
    (("--arm", "placbo"), "error: unknown arm `placbo`\nhint: did you mean `placebo`?"),
    (("--arm", ""), "error: unknown arm ``\nhint: the arms are `mil62` or `placebo`"),
    (("--format", "jsn"), "error: unknown format `jsn`\nhint: did you mean `json`?"),
    (("--until", "2025-01-05"), "error: `--until 2025-01-05` is before `--start 2025-01-06`\nhint: give a later day"),
    (("--window", "3"), "error: `--window 3`: expected a window in days, found `3`\nhint: write for example `±3d`, `-3d/+7d`, `+5d` or `not stated`"),
    (("--subject", ""), "error: `--subject` is empty\nhint: write the subject's code, or leave the option out"),
    (("--subject", "a\x1b[2J"), "error: `--subject` holds a control character (U+001B)\nhint: type the code again"),
    (("--subject", "a\u202eb"), "error: `--subject` holds a control character (U+202E)\nhint: type the code again"),
    (("--regimen", "mil26-rcp"), "error: unknown regimen `mil26-rcp`\nhint: did you mean `mil62-rcp`?"),
    (("--regimen", "no/such.yaml"), "error: cannot read `no/such.yaml`: there is no such file\nhint: give the path of a study file"),
    (("--period", "olp"), "error: unknown period `olp`\nhint: `mil62-rcp` has `rcp`"),
    (("--nonsense",), "error: no such option: --nonsense\nhint: `dosing plan --help` shows what there is"),
    (("--reminder", "3d"), "error: no such option: --reminder\nhint: did you mean `--remind`?"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), ARGUMENT_ERRORS, ids=lambda a: " ".join(a)[:30] if isinstance(a, tuple) else "")
def test_wrong_arguments(arguments: tuple[str, ...], text: str) -> None:
    assert errors(*mil62(*arguments)) == text + "\n"


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("cohort", "--regimen", "mil62", "--subjects", "s.csv"), "takes the table of subjects without an option: `dosing cohort subjects.csv`"),
        (("prepare", "--regimen", "mil62", "--to", "2025-03-01"), "the last day is `--until DATE`"),
        (("order", "--regimen", "mil62", "--to=2025-03-01"), "the last day is `--until DATE`"),
    ],
)  # fmt: skip
def test_the_option_of_another_command_names_what_this_one_takes(arguments: tuple[str, ...], hint: str) -> None:
    assert hint in errors(*arguments)


def test_all_wrong_arguments_are_shown_at_once() -> None:
    text = errors("plan", "--start", "1/2/3", "--weight", "x", "--window", "x", "--format", "x", "--until", "x", "--subject", " ")
    assert text.count("error: ") == 7
    assert text.count("hint: ") == 7


def test_a_weight_or_until_that_cannot_be_is_an_error_even_where_no_dose_needs_it() -> None:
    assert "cannot be a body weight" in errors(*MIL62, "--weight", "0")
    assert errors(*MIL62, "--weight", "2025-02-30=61").startswith("error: `--weight 2025-02-30`: there is no such day\n")


@pytest.mark.parametrize("arguments", [
    ("check", "--regimen", "mil62", "--start", "2025-01-06", "--visit", "olp/W1D1=9998-12-31", "--as-of", "9999-12-31"),
    ("check", "--regimen", "mil62", "--start", "9997-06-29", "--as-of", "9998-06-28"),
    ("check", "--regimen", "mil62", "--start", "2025-01-06", "--on", "rcp_completed=9999-12-31", "--as-of", "9999-12-31"),
])  # fmt: skip
def test_dates_that_no_calendar_has(arguments: tuple[str, ...]) -> None:
    assert "the years 1 to 9999" in errors(*arguments)
