"""Body weights as people list them for `dosing doses`: lists, ranges, tables, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.subjects.tables import weight_list
from tests.kit.command import errors, output
from tests.kit.doses_command import BELIMUMAB, WEIGHTS, as_json


def listed(text: str) -> tuple[float, ...]:
    problems = Problems()
    found = weight_list.listed("--weights", text, problems)
    assert not problems.found
    return found


def test_weights_are_listed_or_a_range_with_both_ends() -> None:
    assert listed("45, 60,75 ,102.5") == (45, 60, 75, 102.5)
    assert listed("40:120:5") == tuple(range(40, 121, 5))
    assert listed("60:61:0.1") == (60, 60.1, 60.2, 60.3, 60.4, 60.5, 60.6, 60.7, 60.8, 60.9, 61)
    assert listed("60:60:5") == (60,)
    assert len(listed("1:400.6:0.4")) == 1000
    assert listed("60,5.0") == (60, 5), "who writes the point means it"
    assert listed("5,60") == (5, 60), "decimals do not stand first"
    assert listed("9,8.5,10,10.5") == (9, 8.5, 10, 10.5), "of children nobody is taken for decimals"
    assert listed("11,10") == (11, 10), "10 kg may be meant"
    assert len(listed(",".join(str(20 + i / 10) for i in range(1000)))) == 1000


def test_weights_and_heights_come_from_tables(tmp_path: Path) -> None:
    file = tmp_path / "weights.csv"
    file.write_text("weight_kg,height_cm\n60,165\n60,170.5\n45,\n", encoding="utf-8")
    found = as_json("--regimen", "belimumab", "--weights", str(file))["weights"]
    assert [(w["weight_kg"], w["height_cm"]) for w in found] == [(60, 165), (60, 170.5), (45, None)]
    assert "Height cm" in output(*BELIMUMAB, "--weights", str(file))
    book, sheet = Workbook(), tmp_path / "weights.xlsx"
    for row in (("weight_kg",), (60,), (102.5,)):
        book.worksheets[0].append(row)
    book.save(sheet)
    found = as_json("--regimen", "belimumab", "--weights", str(sheet), "--height", "165")["weights"]
    assert [(w["weight_kg"], w["height_cm"]) for w in found] == [(60, 165), (102.5, 165)]


# ruff: noqa: E501
WRONG_WEIGHTS = [
    ("", "error: `--weights` is empty\nhint: write kilograms, for example `45,60,75`, or a range: `40:120:5`"),
    ("0", "error: `0` in `--weights` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    ("-60", "error: `-60` in `--weights` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    ("1e9", "error: `1e9` in `--weights` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    ("1000000000", "error: `1000000000` in `--weights` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    ("nan", "error: `nan` in `--weights` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    ("0.5", "error: `0.5` in `--weights` cannot be a body weight\nhint: write kilograms, 1 to 500"),
    ("60,5", "error: `5` after `60` in `--weights` may be decimals, or a weight of 5 kg\nhint: decimals take a point: `60.5`; for 5 kg write `5.0`"),
    ("102,05", "error: `05` after `102` in `--weights` may be decimals, or a weight of 5 kg\nhint: decimals take a point: `102.05`; for 5 kg write `5.0`"),
    ("45,60.5,5", "error: `5` after `60.5` in `--weights` may be decimals, or a weight of 5 kg\nhint: decimals take a point: `60.55`; for 5 kg write `5.0`"),
    ("²,5", "error: `²` in `--weights` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    ("45,60,5", "error: `5` after `60` in `--weights` may be decimals, or a weight of 5 kg\nhint: decimals take a point: `60.5`; for 5 kg write `5.0`"),
    ("11,9", "error: `9` after `11` in `--weights` may be decimals, or a weight of 9 kg\nhint: decimals take a point: `11.9`; for 9 kg write `9.0`"),
    ("45;60,5", "error: `--weights 45;60,5` has a semicolon\nhint: commas stand between weights, and decimals take a point: `45,60.5`"),
    ("45,,60", "error: `--weights 45,,60` has nothing between two commas, or at an end\nhint: write for example `45,60,75`"),
    ("60,45,60.0", "error: `60.0` stands twice in `--weights`\nhint: take one of the two out"),
    ("60.0005", "error: `60.0005` in `--weights` is finer than a gram\nhint: write `60.000`"),
    ("120:40:5", "error: `--weights 120:40:5` runs backwards\nhint: write `40:120:5`"),
    ("40:120:0", "error: `--weights 40:120:0` never ends: its step is 0\nhint: write a step, for example `5` or `0.5`"),
    ("40:120:-5", "error: the step `-5` in `--weights` is not a number of kilograms\nhint: write for example `5` or `0.5`"),
    ("40:120", "error: `--weights 40:120` is not a range\nhint: write from, to and step: `40:120:5`"),
    ("40:121:5", "error: `--weights 40:121:5` does not end on 121: the last step is at 120\nhint: write `40:120:5`"),
    ("40:44:5", "error: `--weights 40:44:5` does not end on 44: the last step is at 40\nhint: write a smaller step"),
    ("1:400.7:0.1", "error: `--weights` has 3,998 weights, and at most 1,000 are reckoned at once\nhint: write fewer, or a wider step"),
    ("1:401:0.4", "error: `--weights` has 1,001 weights, and at most 1,000 are reckoned at once\nhint: write fewer, or a wider step"),
    ("40:120:1000", "error: the step `1000` in `--weights` is not a number of kilograms\nhint: write for example `5` or `0.5`"),
    ("no.csv", "error: cannot read `no.csv`: No such file or directory\nhint: check the name"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG_WEIGHTS, ids=lambda text: text[:20])
def test_wrong_weights(text: str, message: str, tmp_path: Path) -> None:
    assert (
        errors(*BELIMUMAB, "--weights", text, "--output", str(tmp_path / "out.json"), "--plot", str(tmp_path / "a.svg")) == message + "\n"
    )
    assert not list(tmp_path.iterdir())


def test_a_list_of_more_than_a_thousand_weights() -> None:
    text = ",".join(str(10 + i / 10) for i in range(1001))
    assert "has 1,001 weights, and at most 1,000 are reckoned at once" in errors(*BELIMUMAB, "--weights", text)


WRONG_TABLES = [
    ("kg\n60\n", "error: column `weight_kg` is missing\n"),
    ("height_cm\n165\n", "error: column `weight_kg` is missing\n"),
    ("weight_kg\n0.06\n", "error: `0.06` cannot be a body weight\n"),
    ('weight_kg\n"60,5"\n', "error: `60,5` has a decimal comma\n"),
    ("weight_kg,height_cm\n60,1.65\n", "error: `1.65` cannot be a body height\n"),
    ("weight_kg,height_cm\n,165\n", "error: no weight\n"),
    ("weight_kg\n", "weights.csv` has no rows\n"),
    ("", "weights.csv` is empty\n"),
    ("weight_kg\n" + "".join(f"{10 + i / 10}\n" for i in range(1001)), "weights.csv` has 1,001 weights, and at most 1,000"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), WRONG_TABLES, ids=[message[:25] for _, message in WRONG_TABLES])
def test_wrong_tables_of_weights(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "weights.csv"
    file.write_text(content, encoding="utf-8")
    assert message in errors(*BELIMUMAB, "--weights", str(file))


def test_everything_that_is_wrong_is_shown_at_once(tmp_path: Path) -> None:
    text = errors(
        "doses",
        "--regimen",
        "belimumb",
        "--weights",
        "60,5",
        "--height",
        "1.65",
        "--plot",
        "a.gif",
        "--output",
        "",
        "--start",
        "x",
        "--format",
        "z",
    )
    assert text.count("error: ") == text.count("hint: ") == 7
    assert "error: `--height 1.65` cannot be a body height\nhint: write centimetres: `165`\n" in text
    assert "error: `--plot a.gif` has no ending of a drawing\nhint: end the file's name in `.svg`, `.png` or `.pdf`\n" in text
    assert errors("doses").startswith("error: `--weights` is missing\nhint: list kilograms: `--weights 45,60,75`;")
    assert (
        errors("doses", "--regimen", "mil62", *WEIGHTS, "--unblind")
        == "error: `--unblind` needs the arm\nhint: add `--arm` with `mil62` or `placebo`\n"
    )
    assert (
        errors("doses", "--regimen", "mil62", *WEIGHTS, "--arm", "placbo") == "error: unknown arm `placbo`\nhint: did you mean `placebo`?\n"
    )
    file = tmp_path / "weights.csv"
    file.write_text("weight_kg,height_cm\n60,165\n", encoding="utf-8")
    assert "both give heights" in errors(*BELIMUMAB, "--weights", str(file), "--height", "165")
    assert "`--output` and `--weights` name one file" in errors(*BELIMUMAB, "--weights", str(file), "--output", str(file))
    assert "`--plot` and `--output` name one file" in errors(
        *BELIMUMAB, *WEIGHTS, "--output", str(tmp_path / "a.svg"), "--plot", str(tmp_path / "a.svg")
    )


def test_a_table_of_subjects_gives_each_weight_once() -> None:
    assert weight_list.read(b"subject,start,weight_kg\nA,2025-01-06,60\nB,2025-01-07,60.0\nC,2025-01-08,75\n", "s.csv") == (
        (60.0, None),
        (75.0, None),
    )


@pytest.mark.parametrize(("n", "told"), [(1000, ""), (1001, "has 1,001 weights, and at most 1,000 are reckoned at once")])
def test_a_table_of_a_thousand_weights_and_one_of_more(n: int, told: str) -> None:
    content = ("weight_kg\n" + "".join(f"{10 + i / 10}\n" for i in range(n))).encode()
    if told:
        with pytest.raises(InputError, match=told):
            weight_list.read(content, "w.csv")
    else:
        assert len(weight_list.read(content, "w.csv")) == n


def test_a_title_with_a_number_is_no_row_above_the_heading() -> None:
    assert weight_list.read(b"Weights of 2025\nweight_kg\n60\n", "w.csv") == ((60.0, None),)
    for row in (b"60", b"6.5"):
        with pytest.raises(InputError, match="this row stands above the names of the columns"):
            weight_list.read(row + b"\nweight_kg\n75\n", "w.csv")
