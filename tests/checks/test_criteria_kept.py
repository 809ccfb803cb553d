"""Whole answers to each criterion, for each row of the table of `test_clocks` and some more: what bars which days, how it is counted, what
is asked. They are kept as they are in `tests/checks/kept/criteria.out`, and `make write` writes them anew; then the difference is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache

import pytest

from nmosd_dosing import Study
from nmosd_dosing.checks.blocks import Block
from nmosd_dosing.checks.screening import Days, clocks_of, screen
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.subjects.had import Past
from tests.checks.test_clocks import CLOCKS, use
from tests.kit.cases import columns
from tests.kit.dates import day
from tests.kit.paths import ROOT
from tests.kit.somebody import HEAD

KEPT = ROOT / "tests" / "checks" / "kept" / "criteria.out"
STUDY = """half-lives: {{R: 10 days, H: 30 hours}}
kinds: {{antibody: [R, A]}}
events: {{cleared: the virus is gone}}
criteria: {{A: {{clock: "{clock}"}}}}
products: {{X: {{}}}}
periods: {{a: {{{spans}visits: [{{at: D1, give: X 1 mg}}]}}}}
"""
SPAN = "spans: {screening: {title: Screening, from: D-28, to: D-1}}, "
MORE = """
    clock                                                    had
    no R within 4 weeks before screening                     R 2024-12-20
    no R within 4 weeks before screening                     R 2024-12-20..ongoing
    no R within 4 weeks before screening                     V 2024-12-20
    no R within 4 weeks before screening                     -
    no antibody within 5 half-lives before screening         R 2024-11-01, A 2024-12-01, H 2025-01-20
    no R or H within 2 weeks or 5 half-lives, whichever is longer, before D1    R 2024-12-05, H 2025-01-16, H 2025-01-14
    no R or H within 2 weeks or 5 half-lives, whichever is shorter, before D1   R 2025-01-14, H 2025-01-22, H 2025-01-23
    no R or A within 2 weeks or 5 half-lives, whichever is longer, before D1    A 2025-01-14, A 2025-01-15
    no R or A within 2 weeks or 5 half-lives, whichever is shorter, before D1   A 2025-01-14..2025-01-20, R 2025-01-21..?
    no R for more than 7 days within 2 weeks or 5 half-lives, whichever is longer, before D1  R 2024-12-01..2024-12-08, A 2025-01-01
    no R above 20 mg R daily within 4 weeks before D1        R 2025-01-10..ongoing 15 mg, R 2025-01-20..2025-01-22 6 mg, R 2025-01-22 5 mg
    no R or S above 20 mg R daily within 4 weeks before D1   R 2025-01-10..2025-01-20 15 mg, S 2025-01-15 60 mg
    no R within 4 weeks before D1, unless cleared            R 2025-01-10..ongoing, cleared 2025-01-20
    no R within 4 weeks before D1, unless for NMOSD          R 2025-01-10..2025-01-16 NMOSD and more
    no R for more than 7 days within 4 weeks before D1       R 2024-12..2025-01, T 2025-01-10
    relapse symptoms stable for at least 4 weeks before D1   -
    relapse symptoms stable for at least 4 weeks before screening   relapse 2024-12-10, stable 2024-12-20
    relapse symptoms stable for at least 1 month before D1   relapse 2024-12-10..2024-12-31, stable 2024-12-31, relapse 2025-01-29
    at least 2 relapses within 90 days before D1             -
    at least 2 relapses within 2 months before D1            relapse 2024-11-30, relapse 2024-12, relapse 2025-01-31
    at least 2 relapses within 90 days before screening      relapse 2024-10-31, relapse 2024-11-10, relapse 2024-12-31
    R or S used for more than 4 weeks before D1              R 2024-12-01..2024-12-20, S 2024-12-21..2025-01-10
    R used for more than 4 weeks before D1                   R 2024-12-25..2025-01-05, R 2025-01-06, R 2025-01-07..2025-01-29
    no R within 4 weeks before randomisation                 R 2025-01-10
    relapse symptoms stable for at least 4 weeks before consent     relapse 2025-01-10, stable 2025-01-12
    R or S used for more than 1 month before screening       R 2024-11-20..2024-12-21, S 2024-12-01..ongoing
"""


@cache  # many rows have a clock in common
def study_of(clock: str, spans: str) -> Study:
    on_day_1 = "randomisation: D1\n" if "randomisation" in clock else ""
    return read_study_text(HEAD + STUDY.format(clock=clock, spans=spans) + on_day_1)[0]


def told(clock: str, had: str) -> Iterator[str]:
    """What is answered on day 1, 2025-01-29, when screening was on 2025-01-10, and what the earliest days are."""
    past = Past(tuple(map(use, had.split(", "))) if had != "-" else (), told=True)
    for spans, days in (("", Days(None, day("2025-01-29"))), (SPAN, Days(day("2025-01-10"), None))):
        clocks = clocks_of(study_of(clock, spans), None, past)
        found, [made] = screen(clocks, days), clocks.clocks
        [answer], pair = found.answers, found.earliest
        if not spans:
            yield from map(_block, made.blocks)
            yield f"  bars day 1: {'; '.join(f'{id}: {why}' for id, why in clocks.against(day('2025-01-29'), day('2025-01-10')))}"
        back = f"{answer.first} to {answer.last}, admissible until {answer.last_admissible}"
        yield f"  {answer.verdict} until {answer.until}; looked at {answer.anchor} {answer.anchor_date} {back}; needs {answer.needs}"
        yield from (f"    {step}" for step in answer.steps)
        yield f"  earliest: {pair.screening} and {pair.day_1}, held by {pair.screening_held_by} and {pair.day_1_held_by}, open {pair.open}"
        yield from (f"    {step}" for step in (*pair.steps, *pair.unknown))


def _block(block: Block) -> str:
    return f"  {block.first} to {block.last} {block.verdict}{', barred' if block.bars else ''}: {block.why} [{block.needs}]"


ROWS = [(row["clock"], row["had"]) for row in (*columns(CLOCKS), *columns(MORE))]


def text(clock: str, had: str) -> str:
    return "\n".join([f"{clock} | {had}", *told(clock, had)]) + "\n"


@pytest.mark.parametrize(("clock", "had"), ROWS)
def test_a_criterion_answers_what_was_kept(clock: str, had: str) -> None:
    begin = f"{clock} | {had}\n"
    [_, found] = ("\n" + KEPT.read_text("utf-8")).split(f"\n{begin}", 1)
    assert text(clock, had) == begin + found.split("\n\n")[0].rstrip() + "\n"


if __name__ == "__main__" and "--write" in sys.argv:
    KEPT.write_text("\n".join(text(*row) for row in ROWS), "utf-8")
