"""What every arm gets alike is shown in masked output; whatever could differ between arms is not, and the bytes stay equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.errors import Problems
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.blinding import hidden_products, mask
from nmosd_dosing.study.visits import lay_out
from tests.kit.cases import columns
from tests.kit.command import dosing
from tests.kit.somebody import HEAD, made

STUDY = """language: 1
study: s
title: t
source: not stated
days: from 1
events: {{flare: a flare}}
products: {{X: {{}}, M: {{route: oral, vials: {{sizes: [50 mg]}}}}}}
periods:
  main:
    blinded: true
    arms: [a, b]
    visits:
      - {{at: "D1, D29", give: {{a: [X 500 mg, {first}], b: [X placebo, {second}]}}}}
      - {{at: D57, give: {{a: [{third}], b: [{fourth}]}}}}
"""
KINDS = """
    first                    second                   third      fourth     shown
    M 100 mg                 M 100 mg                 M 100 mg   M 100 mg   yes
    M 100 mg over 60 min     M 100 mg over 60 min     M 50 mg    M 50 mg    yes
    M 1 mg/kg                M 1 mg/kg                M 100 mg   M 100 mg   yes
    M 100 mg twice daily     M 100 mg twice daily     M 100 mg   M 100 mg   yes
    M 100 mg 30 min before X  M 100 mg 30 min before X  M 100 mg  M 100 mg   yes
    M not stated             M not stated             M 100 mg   M 100 mg   yes
    M 100 mg                 M 50 mg                  M 100 mg   M 100 mg   no
    M 100 mg                 M 100 mg                 M 100 mg   M placebo  no
    M 1 mg/kg                M 100 mg                 M 100 mg   M 100 mg   no
    M placebo                M placebo                M 100 mg   M 100 mg   no
    M 100 mg                 M 100 mg                 M placebo  M placebo  no
"""
ROWS = columns(KINDS)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['first']}, {r['second']}, {r['third']}, {r['fourth']}")
def test_a_product_is_shown_where_all_arms_get_it_alike_on_all_days(row: dict[str, str]) -> None:
    study, _ = read_study_text(STUDY.format(**row))
    assert hidden_products(study) == ({"X"} if row["shown"] == "yes" else {"X", "M"})


MASKED = [  # the doses of two arms; how the product is shown, the one dose that its vials are counted by, whether it has levels
    ("X 5 mg", "X placebo", "X/placebo", "5 mg", False), ("X 5 mg", "X 10 mg", "X", None, False),
    ("X placebo", "X placebo", "X/placebo", None, False),
    ("X 5 mg", "X not stated", "X", None, False), ("X r", "X placebo", "X/placebo", "10 mg", True),
]  # fmt: skip
OF_LEVELS = "doses: {r: {levels: {0: 10 mg, -1: 5 mg}, down: flare}}"


@pytest.mark.parametrize(("first", "second", "shown", "kit", "levels"), MASKED)
def test_what_is_left_of_a_masked_dose(first: str, second: str, shown: str, kit: str | None, levels: bool) -> None:
    text = STUDY.format(first="M 1 mg", second="M 1 mg", third=first, fourth=second).replace("X: {}", f"X: {{{OF_LEVELS}}}")
    study, _ = read_study_text(text)
    visit = next(v for v in mask(study, lay_out(study.periods[0], 0, Problems())) if v.label == "D57")
    (give,) = visit.gives
    assert (give.shown, give.kit.rule if give.kit else None, bool(give.levels)) == (shown, kit, levels)
    assert all(dose is not None and (dose.kind, dose.rule, dose.bands, dose.unit) == ("masked", None, (), None) for dose in give.doses)


def test_the_dose_of_a_blinded_part_with_one_arm_is_masked() -> None:
    text = "arms: [a]\nproducts: {X: {}}\nperiods: {p: {blinded: true, visits: [{at: D1, give: X 5 mg}]}}\n"
    assert hidden_products(read_study_text(HEAD + text)[0]) == {"X"}


def test_a_dose_that_an_event_changes_has_no_one_kit() -> None:
    text = STUDY.format(first="M 1 mg", second="M 1 mg", third="X 5 mg", fourth="X placebo").replace(
        "b: [X placebo]}}", "b: [X placebo]}, once: {flare: {a: X 10 mg, b: X placebo}}}"
    )
    study, _ = read_study_text(text)
    visit = next(v for v in mask(study, lay_out(study.periods[0], 0, Problems())) if v.label == "D57")
    assert [(give.kit, give.changes) for give in visit.gives] == [(None, ())]


RECORDS = {
    "nothing": "visit,date\n",
    "visits": "visit,date,status\nD1,2025-01-06,done\nD29,2025-02-04,partial\n",
    "amounts": "visit,date,product,amount,unit\nD1,2025-01-06,{x},{mg},mg\nD1,2025-01-06,M,100,mg\nD29,2025-02-03,M,50,mg\n",
    "an amount without a product": "visit,date,amount,unit,batch\nD1,2025-01-06,{mg},mg,{x}-77\nD29,2025-02-03,,,\n",
    "besides": "visit,date,product,amount,unit\nD1,2025-01-06,,,\nunscheduled,2025-01-20,{x},{mg},mg\nunscheduled,2025-01-21,M,25,mg\n",
}
OF_ARM = {"a": {"x": "X", "mg": "500"}, "b": {"x": "X placebo", "mg": "0"}}
PLAN = ("plan", "--regimen", "s.yaml", "--start", "2025-01-06", "--weight", "60", "--visits", "v.csv")
OUTPUTS = {
    "plan": PLAN,
    "explain": (*PLAN, "--explain", "all"),
    "json": (*PLAN, "--format", "json"),
    "csv": (*PLAN, "--format", "csv"),
    "calendar": (*PLAN, "--ics", "/dev/stdout", "--output", "p.txt", "--stamp", "2025-01-01T00:00:00Z"),
    "check": ("check", *PLAN[1:], "--as-of", "2025-03-31"),
    "prepare": ("prepare", *PLAN[1:], "--from", "2025-01-06", "--days", "90"),
}


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("records", RECORDS)
def test_the_bytes_of_every_arm_are_equal(folder: Path, output: str, records: str) -> None:
    for row in (ROWS[0], ROWS[7]) if records != "nothing" else ROWS[:1]:
        (folder / "s.yaml").write_text(STUDY.format(**row), encoding="utf-8")
        said = set()
        for arm in ("a", "b"):
            (folder / "v.csv").write_text(RECORDS[records].format(**OF_ARM[arm]), encoding="utf-8")
            done = dosing(*OUTPUTS[output], "--arm", arm)
            assert done.returncode in (0, 1), done.stderr
            said.add((done.returncode, done.stdout, done.stderr))
        assert len(said) == 1


def test_a_nurse_reads_what_everybody_gets(folder: Path) -> None:
    (folder / "s.yaml").write_text(STUDY.format(**ROWS[0]), encoding="utf-8")
    (folder / "v.csv").write_text("visit,date\n", encoding="utf-8")
    assert "M 100 mg" in dosing(*OUTPUTS["plan"]).stdout
    made = dosing(*OUTPUTS["prepare"]).stdout
    assert "100 mg" in made
    assert "2 x 50 mg" in made
    assert "M 100 mg" in dosing(*OUTPUTS["calendar"]).stdout.replace("\r\n ", "")
    shown = dosing("show", "s.yaml").stdout
    assert "X 500 mg (shown masked)" in shown
    assert "M 100 mg (shown masked)" not in shown


@pytest.mark.parametrize("second", ["", "blinded: true, ", "blinded: false, "])
@pytest.mark.parametrize("first", ["", "blinded: true, ", "blinded: false, "])
@pytest.mark.parametrize("period", ["true", "false"])
def test_a_dose_that_two_entries_give_to_arms_of_their_own_is_masked_where_either_is(period: str, first: str, second: str) -> None:
    entries = [f"{{at: D1, {blinded}arms: [{arm}], give: X {mg} mg}}" for arm, mg, blinded in (("a", 500, first), ("b", 250, second))]
    text = f"arms: [a, b]\nproducts: {{X: {{}}}}\nperiods: {{p: {{blinded: {period}, visits: [{', '.join(entries)}]}}}}\n"
    masked = any("true" in (entry or period) for entry in (first, second))
    for arm, amount in (("a", 500), ("b", 250)):
        [shown] = made(text, arm=arm).visits[0].administrations
        assert (shown.amount, shown.amount_status) == ((None, "masked") if masked else (amount, "stated"))


LEVELS = """arms: [a, b]
events: {tox: toxic}
products:
  X:
    doses:
      one: {levels: {full: 100 mg, half: 50 mg}, start level: full, down: tox}
      same: {levels: {full: 80 mg, half: 40 mg}, start level: full, down: tox}
      more: {levels: {full: 100 mg, half: 50 mg, none: 25 mg}, start level: full, down: tox}
"""


@pytest.mark.parametrize(
    ("a", "b", "refused"),
    [
        ("one", "one", False), ("one", "same", False), ("one", "placebo", False), ("placebo", "more", False), ("placebo", "placebo", False),
        ("one", "more", True), ("one", "5 mg", True), ("5 mg", "more", True),
    ],
)  # fmt: skip
def test_arms_whose_levels_are_called_otherwise_are_refused_in_a_blinded_part(a: str, b: str, refused: bool) -> None:
    text = f"{LEVELS}periods: {{p: {{blinded: true, visits: [{{at: 'D1, D29', give: {{a: X {a}, b: X {b}}}}}]}}}}\n"
    if refused:
        with pytest.raises(RegimenError, match="arms with different dose levels in a blinded part: X on D1"):
            read_study_text(HEAD + text)
    else:
        read_study_text(HEAD + text)


@pytest.mark.parametrize(
    ("dose", "minutes", "times"),
    [("", None, 1), (" over 60 min", 60, 1), (" twice daily", None, 2), (" twice daily over 60 min", 60, 2)],
)
def test_a_masked_dose_says_how_it_is_given(dose: str, minutes: int | None, times: int) -> None:
    entry = f"{{at: D1, give: {{a: X 500 mg{dose}, b: X placebo{dose}}}}}"
    found = made(f"arms: [a, b]\nproducts: {{X: {{}}}}\nperiods: {{p: {{blinded: true, visits: [{entry}]}}}}\n", arm="b")
    [masked] = found.visits[0].administrations
    assert (masked.amount, masked.amount_status, masked.minutes, masked.times) == (None, "masked", minutes, times)
