"""Studies and assumptions for simulated trials: shipped, small and random ones, as the twin's plain data and as the program's."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import cache

from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing import Study
from nmosd_dosing.days import Offset
from nmosd_dosing.language import catalog
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.simulation.assumptions.model import Assumptions, BodyWeight, Steps
from tests.judges.twin import BAT4406F, MIL62, Rules, Stop, Visit

YEAR = 365.25
MONTH = YEAR / 12
MONTHS_24 = Offset(0, 24)
YEARS_20 = Offset(0, 240)


def per_year(rate: float) -> Steps:
    return ((0.0, rate / YEAR),)


def per_month(rate: float) -> Steps:
    return ((0.0, rate / MONTH),)


# The assumptions of the example: 162 subjects, nine a month, one in three on placebo.
EXAMPLE = Assumptions(
    study=None,
    title=None,
    source=None,
    invented=(),
    start=dt.date(2023, 8, 1),
    subjects=162,
    sites=45,
    accrual=per_month(9),
    allocation=(2, 1),
    block=6,
    relapse=(per_year(0.10), per_year(0.35)),
    confirmed=0.9,
    adjudication=(14, 14),
    stable=0.95,
    stability=(10, 21),
    dropout=per_year(0.03),
    scatter=(-3, 3),
    entry="uniform",
    declines=0.05,
    weight=BodyWeight(60.0, 11.0, 40.0, 110.0),
    idmc_stop=None,
    follow=MONTHS_24,
    horizon=YEARS_20,
    written=(),
    notes=(),
    sha256="0" * 64,
)
# Nothing happens but arrivals and the end of the first period.
PLAIN = replace(
    EXAMPLE,
    sites=None,
    allocation=(1, 1),
    block=2,
    relapse=(),
    confirmed=1.0,
    adjudication=(0, 0),
    stable=1.0,
    stability=(0, 0),
    dropout=per_year(0),
    scatter=(0, 0),
    entry="earliest",
    declines=0.0,
    weight=None,
)


class Case(Struct, frozen=True):
    rules: Rules
    assumed: Assumptions
    trials: int = 20


# --- the twin's studies as files ------------------------------------------------------------------------------------------


@cache
def study_of(rules: Rules, arms: bool = True) -> Study:
    if rules in (BAT4406F, MIL62):
        return catalog.load("bat4406f" if rules == BAT4406F else "mil62")
    return read_study_text(text_of(rules, arms))[0]


def text_of(rules: Rules, arms: bool) -> str:
    """A study with the ways of BAT4406F, as far as it has them; visits are called by their days."""
    give = "{active: X 500 mg, placebo: X placebo}" if arms else "X 500 mg"
    again = f", then every {rules.every} months" if rules.every else ""
    lines = ["language: 1", "study: small", "title: A small study", "source: not stated", "days: from 1", "products: {X: {}}"]
    lines += ["arms: [active, placebo]"] if arms else []
    lines += ["periods:", "  rcp:", f"    length: {rules.length} days", "    visits:"]
    lines += [f"      - {{at: '{', '.join(_named(visit) for visit in rules.controlled)}', give: {give}}}"]
    lines += ["  olp:", "    length: not stated", "    visits:"]
    lines += [f"      - {{at: '{', '.join(_named(visit) for visit in rules.open_label)}{again}', give: X 500 mg}}"]
    lines += ["transitions:"]
    if rules.after_relapse is not None:
        needs = "needs: [relapse_confirmed, stable]"
        lines += [f"  - {{id: relapse, from: rcp, to: olp, after: relapse, within: {rules.after_relapse} days, {needs}}}"]
    if rules.stop is not None:
        lines += [f"  - {{id: stop, from: rcp, to: olp, after: study stop, within: {rules.stop.within} days}}"]
    within = "not stated" if rules.after_end is None else f"{rules.after_end} days"
    lines += [f"  - {{id: completed, from: rcp, to: olp, after: end of rcp, within: {within}}}"]
    if rules.stop is not None:
        lines += ["study stop:", "  earliest of:", f"    - {rules.stop.relapses} subjects with relapse_confirmed"]
        lines += [f"    - {rules.stop.months} months after first dose of subject {rules.stop.subject}", "    - idmc_stop"]
    return "\n".join(lines) + "\n"


def _named(visit: Visit) -> str:
    assert visit.label == f"D{visit.days + 1}" and not visit.months
    return visit.label


def on_days(*days: int) -> tuple[Visit, ...]:
    """Visits on study days, counted from 1."""
    return tuple(Visit(f"D{day}", day - 1) for day in days)


def stops(rules: Rules) -> tuple[str, ...]:
    """What may stop a study, and that it never stops, in the program's order."""
    return ("never",) if rules.stop is None else ("relapses", "last_subject", "idmc", "never")


SMALL = replace(BAT4406F, stop=Stop(relapses=2, subject=5, months=12, within=14))

# --- at random ------------------------------------------------------------------------------------------------------------


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    length = draw(st.sampled_from([28, 90, 364]))
    days = draw(st.sampled_from([(1,), (1, length // 2), (1, 8, 15, length - 1)]))
    every = draw(st.sampled_from([0, 1, 6]))
    stop = st.builds(Stop, st.integers(1, 4), st.integers(1, 12), st.sampled_from([1, 2, 12]), st.sampled_from([1, 14, 40]))
    return Rules(
        controlled=on_days(*days),
        length=length,
        open_label=on_days(1) if every else on_days(*draw(st.sampled_from([(1,), (1, 15, 183)]))),
        every=every,
        after_end=draw(st.sampled_from([None, 1, 14])),
        after_relapse=draw(st.sampled_from([None, 5, 28])),
        stop=draw(st.none() | stop),
    )


def hazards() -> st.SearchStrategy[Steps]:
    rate = st.sampled_from([0.0, 0.0, 1e-9, 0.3, 1.0, 5.0, 50.0]).map(lambda a_year: a_year / YEAR)
    later = st.lists(st.tuples(st.integers(1, 400).map(float), rate), max_size=2, unique_by=lambda step: step[0])
    return st.tuples(rate, later).map(lambda found: ((0.0, found[0]), *sorted(found[1])))


def rates() -> st.SearchStrategy[Steps]:
    rate = st.sampled_from([0.0, 0.02, 0.3, 1.0, 1e6])
    later = st.lists(st.tuples(st.integers(1, 200).map(float), rate), max_size=2, unique_by=lambda step: step[0])
    return st.tuples(rate, later).map(lambda found: ((0.0, found[0]), *sorted(found[1])))


def spans(least: int, most: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(least, most), st.integers(least, most)).map(lambda span: (min(span), max(span)))


@st.composite
def cases(draw: st.DrawFn, trials: int = 4) -> Case:
    """A study and assumptions that fit it."""
    study = draw(rules())
    arms = draw(st.booleans())
    ratio = draw(st.sampled_from([(1, 1), (2, 1), (1, 0), (3, 2)])) if arms else ()
    share = st.sampled_from([0.0, 0.3, 0.9, 1.0])
    dates = st.dates(dt.date(2019, 1, 1), dt.date(2023, 12, 31))
    assumed = replace(
        PLAIN,
        start=draw(st.dates(dt.date(2020, 1, 1), dt.date(2021, 12, 31))),
        subjects=draw(st.integers(1, 15)),
        sites=draw(st.sampled_from([None, 1, 7])),
        accrual=draw(rates()),
        allocation=ratio,
        block=sum(ratio) * draw(st.integers(1, 2)) if arms else 1,
        relapse=draw(st.just(()) | st.tuples(*[hazards()] * (2 if arms else 1))),
        confirmed=draw(share),
        adjudication=draw(st.just((0, 0)) | spans(0, 40)),
        stable=draw(share),
        stability=draw(st.just((0, 0)) | spans(0, 40)),
        dropout=draw(hazards()),
        scatter=draw(st.just((0, 0)) | spans(-180, 180)),
        entry=draw(st.sampled_from(["earliest", "latest", "uniform"])),
        declines=draw(share),
        weight=draw(st.none() | st.sampled_from([BodyWeight(60.0, 11.0, 40.0, 110.0), BodyWeight(60.0, 0.0, 40.0, 110.0)])),
        idmc_stop=draw(st.none() | dates | st.sampled_from([Fraction(1, 100), Fraction(7, 10), Fraction(1)])),
        follow=draw(st.sampled_from([None, Offset(), Offset(200), MONTHS_24])),
        horizon=draw(st.sampled_from([Offset(1), Offset(100), Offset(800), YEARS_20])),
    )
    if study.stop is None:
        assumed = replace(assumed, idmc_stop=None)
    return Case(study, assumed, trials)
