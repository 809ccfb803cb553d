"""The times of a plan: on which dose each end hangs, that its date and its note say the same, and that it stands once."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import Entered, Plan
from tests.kit.cases import columns
from tests.kit.dates import day
from tests.kit.somebody import done, made, notes

WATCHED = """products: {{X: {{}}}}
periods:
  a:
    visits: [{{at: "D1, D15{more}", give: X 500 mg}}, {{at: relapse + 3 days, give: X 1 mg}}]
    spans:
      watch: {{title: Watch, from: first dose, to: last dose + 30 days}}
  b:
    visits: [{{at: "D1, then every 8 weeks", give: X 500 mg}}]
    spans:
      watch-b: {{title: Watch b, from: first dose, to: last dose + 1 day}}
transitions:
  - {{id: a, from: a, to: b, after: treat_end, within: not stated}}
events: {{treat_end: through with it}}
spans:
  all: {{title: All, from: first dose, to: last dose + 2 days}}
"""
YEAR_END = day("2025-12-31")
B = (Entered("b", day("2025-03-05")),)
DONE = ("treat_end", "2025-03-05")
LAST = {"Watch": 30, "Watch b": 1, "All": 2}


def of(found: Plan, title: str) -> tuple[dt.date | None, dt.date | None, bool]:
    [span] = [s for s in found.spans if s.name == title]
    return span.start, span.end, span.end_moves == "later"


def last_dose(found: Plan, period: str | None) -> dt.date:
    return max(v.target for v in found.visits if v.administrations and v.target is not None and period in (None, v.period))


@pytest.mark.parametrize("more", ["", ", then every 4 weeks"])
@pytest.mark.parametrize("events", [(), (DONE,), (("relapse", "2025-02-20"),), (("relapse", "2025-02-20"), DONE)])
def test_the_last_dose_of_a_span_is_that_of_its_period_and_the_note_says_the_same(events: tuple[tuple[str, str], ...], more: str) -> None:
    entered = B if DONE in events else ()
    found = made(WATCHED.format(more=more), events=events, entered=entered, until=YEAR_END)
    titles = ["Watch", "Watch b", "All"] if entered else ["Watch", "All"]
    assert [span.name for span in found.spans] == titles
    moving = {"All": last_dose(found, None)}  # the study goes on beyond what is drawn
    moving |= {"Watch b": last_dose(found, "b")} if entered else {"Watch": last_dose(found, "a")} if more else {}
    for title in titles:
        period = {"Watch": "a", "Watch b": "b"}.get(title)
        assert of(found, title)[1:] == (last_dose(found, period) + dt.timedelta(LAST[title]), title in moving)
    told = {title: note for note in notes(found, "projected") for title in note.split(": ")[0].split(", ") if title in LAST}
    assert told.keys() == moving.keys()
    assert all(moving[title].isoformat() in note for title, note in told.items())


def test_the_first_dose_of_a_period_is_its_own_also_where_others_come_before() -> None:
    found = made(WATCHED.format(more=""), events=(DONE,), entered=B, until=YEAR_END)
    assert [of(found, title)[0] for title in LAST] == [day("2025-01-06"), day("2025-03-05"), day("2025-01-06")]


def test_a_span_stands_once_though_its_period_begins_anew() -> None:
    text = """products: {X: {}}
periods:
  a:
    if gap: [{of: 8 weeks or more, then: restart}]
    visits: [{at: "D1, D29, D57", give: X 500 mg}]
    spans:
      watch: {title: Watch, from: first dose, to: last dose + 30 days}
"""
    found = made(text, done("D1", "2025-01-06"), done("D29", "2025-04-07"))
    assert [span.name for span in found.spans] == ["Watch"]
    assert found.spans[0].end == day("2025-06-02") + dt.timedelta(30)


def test_nothing_is_told_of_a_span_that_is_not_shown() -> None:
    text = """products: {X: {}}
periods:
  a:
    visits: [{at: "D1, then every 4 weeks", give: X 500 mg}]
    spans:
      looked-for: {title: Looked for, from: randomised, to: last dose, assumed: counted from randomisation}
"""
    told = [(code, notes(found, code)) for found in (made(text, until=YEAR_END),) for code in ("assumed", "projected")]
    assert told == [("assumed", []), ("projected", [])]
    known = made(text, events=(("randomised", "2025-01-03"),), until=YEAR_END)
    assert notes(known, "assumed") == ["Looked for: counted from randomisation"]
    assert [note.split(":")[0] for note in notes(known, "projected")] == ["Looked for"]


@pytest.mark.parametrize(
    ("died", "shown"),
    [
        (None, "01-06 to 03-05, 02-03 to 02-17, from 02-03"),
        ("2025-03-06", "01-06 to 03-05, 02-03 to 02-17, from 02-03"),
        ("2025-02-10", "01-06 to 02-10, 02-03 to 02-10, from 02-03"),
        ("2025-02-03", "01-06 to 02-03, 02-03 to 02-03, from 02-03"),
        ("2025-02-02", "01-06 to 02-02"),
    ],
)
def test_a_span_ends_with_a_death_and_none_begins_after_it(died: str | None, shown: str) -> None:
    text = """products: {X: {}}
periods:
  a:
    visits: [{at: "D1, D29", give: X 500 mg}]
    spans:
      first: {title: First, from: first dose, to: last dose + 30 days}
      second: {title: Second, from: D29, to: D43}
      third: {title: Third, from: D29, to: not stated}
"""
    spans = [span for span in made(text, events=(("died", died),) if died else ()).spans if span.start is not None]
    assert ", ".join(f"{s.start:%m-%d} to {s.end:%m-%d}" if s.end is not None else f"from {s.start:%m-%d}" for s in spans) == shown


HANGING = """products: {X: {}}
periods:
  a:
    visits: [{at: "DAYS", give: X 10 mg}]
    spans:
      after: {title: After, from: last dose, to: not stated}
      until: {title: Until, from: first dose, to: last dose}
      between: {title: Between, from: last dose + 1 day, to: last dose + 9 days}
      over: {title: Over, from: last dose, to: D85}
"""
# D29 is the last dose of the file, or of what is drawn, on 3 February or on the day that stands here. `?`: projected; `+`: a later
# dose moves it.
MOVING = """
    days                    D29           After   Until      Between           Over
    D1, D29                 -             02-03   to 02-03   02-04 to 02-12    02-03 to 03-31
    D1, D29                 done 02-04    02-04   to 02-04   02-05 to 02-13    02-04 to 03-31
    D1, D29                 booked 02-06  02-06?  to 02-06?  02-07? to 02-15?  02-06? to 03-31
    D1, then every 4 weeks  -             02-03+  to 02-03+  02-04+ to 02-12+  02-03+ to 03-31
    D1, then every 4 weeks  done 02-04    02-04+  to 02-04+  02-05+ to 02-13+  02-04+ to 03-31
    D1, then every 4 weeks  booked 02-06  02-06?  to 02-06?  02-07? to 02-15?  02-06? to 03-31
"""
SIGNS = {None: "", "later": "+", "projected": "?"}


@pytest.mark.parametrize("row", columns(MOVING), ids=lambda r: f"{r['days']}: {r['D29']}")
def test_a_span_says_of_each_end_how_it_may_move(row: dict[str, str]) -> None:
    records = (done("D1", "2025-01-06"), *(done("D29", f"2025-{date}") for date in row["D29"].split()[1:]))
    found = made(HANGING.replace("DAYS", row["days"]), *records, until=day("2025-02-28"), as_of=day("2025-02-05"))
    told = []
    for span in found.spans:
        start = f"{span.start:%m-%d}{SIGNS[span.start_moves]}" if span.start != day("2025-01-06") else ""
        told.append(f"{start} to {span.end:%m-%d}{SIGNS[span.end_moves]}".strip() if span.end is not None else start)
    assert told == [row[name] for name in ("After", "Until", "Between", "Over")]
    assert [span.status for span in found.spans] == ["projected" if row["After"][-1] in "+?" else "planned"] * 4


def test_a_span_is_named_once_in_the_note_on_a_later_dose() -> None:
    found = made(HANGING.replace("DAYS", "D1, then every 4 weeks"), until=day("2025-02-28"))
    assert notes(found, "projected") == [
        "After, Until, Between, Over: counted from 2025-02-03 Mon, the last dose of a; a later dose moves it"
    ]
