"""Days as day 1 of studies that try what may stand against one, kept as they are in `tests/checks/kept/starts.out`: `make write` writes
them anew; then the difference is read."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator

import pytest

from nmosd_dosing import Study, Window
from nmosd_dosing.checks.screening import clocks_of
from nmosd_dosing.checks.starts import starts_of
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.subjects.had import Past
from tests.checks.test_clocks import use
from tests.kit.dates import day
from tests.kit.paths import ROOT
from tests.kit.somebody import HEAD
from tests.kit.stories import study_of

KEPT = ROOT / "tests" / "checks" / "kept" / "starts.out"
GAPS = """products: {X: {minimum gap: 13 days}}
criteria:
  A: {clock: "no R within 4 weeks before D1"}
  B: {clock: "no V within 1 week before screening"}
  C: {clock: not stated, note: the investigator finds no reason against it}
periods:
  a:
    length: 29 days
    spans: {screening: {title: Screening, from: D-14, to: D-1}}
    visits: [{at: D1, give: X 1 mg}, {at: D15 -2d/+0d, give: X 1 mg}, {at: D27 or later, assess: MRI}]
  b: {visits: [{at: D1, give: X 1 mg}, {at: D8 ±0d, assess: EDSS}]}
  c: {visits: [{at: "D1 ±1d", assess: EDSS}, {at: "D15, then every 14 days until D43", counted from: previous visit, assess: EDSS}]}
transitions:
  - {id: t, from: a, to: b, after: end of a, within: %s}
  - {id: u, from: b, to: c, after: withdrawn, within: not stated}
"""
ON = "from 2025-01-13 to 2025-01-28"
CASES: dict[str, tuple[str, Window | None, str | None]] = {  # study, window that is asked for, country
    f"gaps, 3 days for the entry, {ON}": (GAPS % "3 days", None, None),
    "gaps, the day of the entry itself, from 2025-01-10 to 2025-01-25": (GAPS % "0 days", Window(2, 0), None),
    f"gaps, no last day of entry, {ON}": (GAPS % "not stated", None, "CN"),
    "gaps, of years whose calendar is not published, from 2045-12-20 to 2046-01-05": (GAPS % "3 days", None, "CN"),
    f"ways, {ON}": ("ways", None, "DE"),
    f"doses, {ON}": ("doses", Window(1, 1), "CN"),
}


def told(name: str) -> Iterator[str]:
    text, window, country = CASES[name]
    study: Study = study_of(text) if text in ("ways", "doses") else read_study_text(HEAD + text)[0]
    first, last = (day(date) for date in name.split(" from ")[1].split(" to "))
    request = Request(study, window=window, workdays=open_days(country, closed=[dt.date(2025, 2, 11)], open=[dt.date(2025, 1, 18)]))
    past = Past((use("R 2024-12-20"), use("V 2025-01-09")), told=True)
    clocks = clocks_of(study, None, past) if study.criteria.of("a") else None
    found = starts_of(request, first, last, clocks=clocks, screening=dt.date(2025, 1, 10) if clocks else None)
    for start in found.days:
        yield f"  {start.start:%Y-%m-%d %a}{f', closed: {start.closed}' if start.closed else ''}{', projected' if start.projected else ''}"
        yield from (f"    {against.what} {against.visit}: {against.why}" for against in start.against)
    yield from (f"  {note}" for note in found.notes)


def text(name: str) -> str:
    return "\n".join([name, *told(name)]) + "\n"


@pytest.mark.parametrize("name", CASES)
def test_what_stands_against_a_day_1_is_what_was_kept(name: str) -> None:
    [_, found] = ("\n" + KEPT.read_text("utf-8")).split(f"\n{name}\n", 1)
    assert text(name).splitlines() == [name, *found.split("\n\n")[0].rstrip().splitlines()]


if __name__ == "__main__" and "--write" in sys.argv:
    KEPT.write_text("\n".join(map(text, CASES)), "utf-8")
