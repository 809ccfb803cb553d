"""The page of simulated trials says what is assumed and how sure each number is, with scenarios side by side."""

from __future__ import annotations

import re

from tests.kit.command import output
from tests.kit.simulate_command import SCENARIOS, SMALL, belimumab

__all__ = ["belimumab"]  # the fixture


def test_the_table_of_scenarios_stands_side_by_side() -> None:
    text = output(*SMALL, "--scenarios", str(SCENARIOS))
    lines = text.splitlines()
    assert "accrual halved: accrual: 4.5 per month" in lines
    assert "committee at 70% of the relapses: idmc_stop: 70% of the relapses" in lines
    headings = [line.split("  ") for line in lines if "as assumed" in line]
    assert [[cell.strip() for cell in cells if cell] for cells in headings] == [
        ["as assumed", "accrual halved", "hazard ratio 0.3"],
        ["as assumed", "committee stops on 2025-07-02", "committee at 70% of the relapses"],
    ]
    mean = lines.index(next(line for line in lines if line.startswith("Study stop, mean")))
    assert re.fullmatch(r" +\+\d{3}\.\d ± \d\.\d days +[-+]\d+\.\d ± \d\.\d days", lines[mean + 1])
    assert "Infusions by month" not in text
    assert "the same" in text


def test_the_table_says_what_is_assumed_and_how_sure_each_number_is() -> None:
    text = output(*SMALL)
    lines = text.splitlines()
    assert lines[:3] == [
        "BAT4406F in AQP4-IgG-positive NMOSD",
        "regimen bat4406f, 200 simulated trials, seed 1, accrual and stop up to 2043-08-01",
        "BAT4406F against placebo, with invented rates; registry NCT06044350; press release of 2025-07-02",
    ]
    assert re.search(r"^accrual +9 per month +invented$", text, re.M)
    assert re.search(r"^subjects +162$", text, re.M)
    assert re.search(r"^mean +\d{4}-\d\d-\d\d \w{3} +\d+\.\d$", text, re.M)
    assert re.search(r"^50% of trials by +\d{4}-\d\d-\d\d \w{3} +\d+\.\d$", text, re.M)
    assert re.search(r"^the committee +none  of 200$", text, re.M)
    assert re.search(r"^Entered after: completed +\d+\.\d+ +\d+\.\d+ +[\d.]+ +\d+ +\d+ +\d+$", text, re.M)
    assert re.search(r"^2024-03 +\d+\.\d+ +\d+\.\d+ +\d+–\d+ +\d+\.\d+ +\d+\.\d+ +\d+–\d+$", text, re.M)
    assert max(map(len, lines)) <= 100
    assert lines[-1].startswith("note: ")
    assert "placebo" not in text.split("Study stop", 1)[1]


def test_by_site_the_table_has_a_line_for_each(belimumab: tuple[str, ...]) -> None:
    assert "by site" not in output(*belimumab)
    text = output(*belimumab, "--by-site")
    assert re.search(r"^site 2 +\d+\.\d+ +\d+\.\d+ +\d+–\d+$", text, re.M)
    assert "Vials by site" in text
    assert "by month and site: `--format json` and `--format csv`" in text
