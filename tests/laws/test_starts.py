"""A start is feasible exactly where some open days keep all windows and gaps: tried out day by day, with the plan of each start alone."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import Starts, Study, Subject, Window, load, plan, slots, starts
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import PlannedVisit
from nmosd_dosing.plans.workdays import Workdays
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.subjects.subject import Entered
from tests.judges import oracle
from tests.kit import studies
from tests.kit.blinded import hiding
from tests.kit.dates import START

DAY = dt.timedelta(1)
FILE = """\
language: 1
study: starts
title: t
source: not stated
days: from 1
products: {{X: {gap}, Y: {{}}}}
periods:
  main:
    length: 8 weeks
    visits:
{main}
  next:
    length: not stated
    visits:
{next}
transitions: [{{id: through, from: main, to: next, after: end of main, within: {within}}}]
"""
WINDOWS = {"": (0, 0), " ±1d": (1, 1), " ±3d": (3, 3), " -2d/+4d": (2, 4), " +6d": (0, 6)}
Visits = list[tuple[int, str, str]]  # days after day 1, window, product or nothing


@st.composite
def rules(draw: st.DrawFn, last: int) -> Visits:
    days = sorted(draw(st.sets(st.integers(1, last), max_size=4)))
    kinds = st.tuples(st.sampled_from(sorted(WINDOWS)), st.sampled_from(("X", "X", "Y", "")))
    return [(0, "", draw(st.sampled_from(("X", "X", ""))))] + [(day, *draw(kinds)) for day in days]


def written(visits: Visits) -> str:
    what = {"X": "give: X 5 mg", "Y": "give: Y 5 mg", "": "assess: MRI"}
    return "\n".join(f"      - {{at: '{f'D{day + 1}{window}'}', {what[product]}}}" for day, window, product in visits)


def can_be_kept(visits: Sequence[tuple[list[dt.date], str]], gap: int) -> bool:
    """Whether open days, one for each visit, keep the gaps between the doses of X: by trying all of them."""

    def tried(left: Sequence[tuple[list[dt.date], str]], before: dt.date | None) -> bool:
        if not left:
            return True
        (days, product), *others = left
        if product != "X":
            return bool(days) and tried(others, before)
        return any(tried(others, day) for day in days if before is None or (day - before).days >= gap)

    return tried(visits, None)


@studies.examples(40)
@given(
    rules(45), rules(30), st.sampled_from((0, 7, 9, 14, 16)), st.sampled_from((0, 2, 5)),
    st.sets(st.integers(0, 110), max_size=30), st.sets(st.integers(0, 110), max_size=4),
)  # fmt: skip
def test_a_start_is_feasible_where_some_open_days_keep_everything(
    main: Visits, later: Visits, gap: int, within: int, closed: set[int], opened: set[int]
) -> None:  # fmt: skip
    text = FILE.format(
        gap=f"{{minimum gap: {gap} days}}" if gap else "{}", main=written(main), next=written(later), within=f"{within} days"
    )
    days = Workdays(None, frozenset(START + n * DAY for n in closed), frozenset(START + n * DAY for n in opened))
    try:
        study, _ = read_study_text(text)
    except Exception as error:  # doses planned closer than the gap, say
        assert "error" in str(error) or "minimum gap" in str(error)
        return
    found = starts(study, START, START + 20 * DAY, workdays=days)
    for start in found.days:

        def around(day: dt.date, visits: Visits) -> Iterator[tuple[list[dt.date], str]]:
            for after, window, product in visits:
                before, behind = WINDOWS[window]
                may = [day + (after + n) * DAY for n in range(-before, behind + 1)]
                yield [other for other in may if days.closed_because(other) is None and not other < day], product

        end = start.start + 56 * DAY
        possible = [
            can_be_kept([*around(start.start, main), *around(entry, later)], gap)
            for entry in (end + n * DAY for n in range(within + 1))
            if days.closed_because(entry) is None
        ]
        assert start.feasible is any(possible), start


def agrees(study: Study, period: Period, first: dt.date, window: Window | None, days: Workdays, chance: random.Random) -> None:
    """Of two starts the visits that have no open day are those that `slots` says, of each alone; of some of them."""
    for start in starts(study, first, first + DAY, period=period.id, window=window, workdays=days).days:
        against = {against.visit for against in start.against if against.what != "closed"}
        visits = [v.id for v in plan(study, start.start, period=period.id, window=window).visits if v.target not in (None, start.start)]
        for visit in chance.sample(visits, min(4, len(visits))):
            found = slots(study, start.start, visit, first - 400 * DAY, period=period.id, window=window, workdays=days)
            assert (visit in against) is not any(slot.verdict == "open" for slot in found.days), (start, visit)
        assert against <= {*visits}
        assert any(against.what == "closed" for against in start.against) is (days.closed_because(start.start) is not None)


@pytest.mark.parametrize("regimen", ["mil62-rcp", "belimumab", "bat4406f-rcp", "mil62-phase1b"])
@pytest.mark.parametrize("window", [None, Window(1, 2)])
def test_of_a_shipped_period_what_stands_against_a_start_is_what_slots_says_of_each_visit(regimen: str, window: Window | None) -> None:
    study, (period,) = catalog.find_plan(regimen, None)
    chance = random.Random(f"{regimen} {window}")
    days = Workdays(None, frozenset(START + chance.randint(0, 500) * DAY for _ in range(90)), frozenset({START + 5 * DAY}))
    agrees(study, period, START + chance.randint(0, 5) * DAY, window, days, chance)


@studies.examples(4)
@given(studies.studies(), st.integers(0, 300), st.randoms(use_true_random=False))
def test_so_it_is_in_random_studies(drawn: oracle.Study, after: int, chance: random.Random) -> None:
    study, first = hiding(drawn), START + after * DAY
    days = Workdays(None, frozenset(first + chance.randint(0, 200) * DAY for _ in range(40)))
    agrees(study, study.periods[0], first, Window(1, 1), days, chance)


@pytest.mark.parametrize("regimen", ["mil62", "bat4406f"])
def test_a_feasible_start_really_has_a_day_of_entry_that_leaves_every_visit_one(regimen: str) -> None:
    """And of an infeasible one no day of entry does."""
    study, window = load(regimen), Window(2, 2)
    days = Workdays(None, frozenset(START + n * DAY for n in range(180, 187)) | frozenset(START + n * DAY for n in range(364, 372)))
    found = starts(study, START, START + 13 * DAY, window=window, workdays=days)
    assert {start.feasible for start in found.days} == {True, False}
    for start in found.days:
        (move,) = plan(study, start.start, window=window).transitions
        assert move.earliest is not None
        last = move.latest if move.latest is not None else move.earliest + 20 * DAY
        entries = [move.earliest + n * DAY for n in range((last - move.earliest).days + 1)]
        entries = [entry for entry in entries if days.closed_because(entry) is None]
        entries = entries if move.latest is not None else entries[:1]
        made = [plan(study, Subject(start.start, entered=(Entered("olp", entry),)), window=window) for entry in entries]
        fits = days.closed_because(start.start) is None and any(all(has_open_day(visit, days) for visit in one.visits) for one in made)
        assert start.feasible is fits, start


def has_open_day(visit: PlannedVisit, days: Workdays) -> bool:
    target, first, last = visit.target, visit.earliest, visit.latest
    assert target is not None
    if first is None or last is None or visit.label in ("D1", "W1D1"):
        first = last = target
    return any(days.closed_because(first + n * DAY) is None for n in range((last - first).days + 1))


@pytest.mark.parametrize("regimen", ["mil62", "mil62-rcp", "bat4406f", "mil62-olp"])
def test_no_arm_shows(regimen: str) -> None:
    study, periods = catalog.find_plan(regimen, None)
    period = periods[0].id if len(periods) == 1 else None
    said: set[Starts] = {
        starts(study, START, START + 40 * DAY, period=period, arm=arm, window=Window(1, 1)) for arm in (None, *arms_of(periods))
    }
    assert len(said) == 1


def test_the_days_do_not_hang_on_each_other() -> None:
    study, days = load("bat4406f"), Workdays(None, frozenset({START + 181 * DAY}))
    together = starts(study, START, START + 20 * DAY, workdays=days).days
    alone = [starts(study, START + n * DAY, START + n * DAY, workdays=days).days[0] for n in range(21)]
    assert list(together) == alone
