"""Studies whose visits hang on a last dose or on another visit, and what is known of somebody in them, at random."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import strategies as st

from nmosd_dosing import Subject
from nmosd_dosing.subjects.subject import Entered, Event, Record
from tests.judges.oracle_hanging import DAY, Follows, Hanging, On, Somebody, Status, Trial, Written

ONS: tuple[On, ...] = ("last dose", "last dose", "last dose of the study", "after", "before")
FOLLOWS: tuple[Follows, ...] = ("first day", "previous dose", "previous visit")
STATUSES: tuple[Status | None, ...] = (None, "done", "done", "nothing", "missed", "withheld", "booked")


@st.composite
def hanging(draw: st.DrawFn, days: tuple[int, ...]) -> Hanging:
    on = draw(st.sampled_from(ONS))
    kept = tuple(draw(st.lists(st.sampled_from(("withdrawn", "lost")), unique=True)))
    kept = tuple(name for name in ("withdrawn", "lost") if name in kept)
    if on in ("after", "before"):
        return Hanging(on, draw(st.integers(1, 20)), "days", draw(st.sampled_from(days)), kept)
    if draw(st.booleans()):
        return Hanging(on, draw(st.integers(0, 6)), "months", 0, kept)
    return Hanging(on, draw(st.integers(0, 90)), "days", 0, kept)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    weeks, doses = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    two = draw(st.booleans())
    follows: Follows = "first day" if two else draw(st.sampled_from(FOLLOWS))
    days = tuple(1 + 7 * weeks * i for i in range(doses))
    hang = tuple({h.label: h for h in draw(st.lists(hanging(days), min_size=1, max_size=4))}.values())
    later = tuple({h.label: h for h in draw(st.lists(hanging((1,)), max_size=2)) if h.on == "last dose"}.values()) if two else None
    return Trial(weeks, doses, follows, hang, later)


@st.composite
def people(draw: st.DrawFn, trial: Trial) -> Somebody:
    start = draw(st.dates(dt.date(2024, 1, 1), dt.date(2026, 12, 31)))
    written: dict[int, Written] = {}
    for number, day in enumerate(trial.days):
        status = draw(st.sampled_from(STATUSES))
        if status is not None and (number or status == "done"):
            written[number] = Written(status, start + (day - 1 + (draw(st.integers(-3, 3)) if number else 0)) * DAY)
    entered = start + (84 + draw(st.integers(0, 14))) * DAY if trial.goes_on is not None and draw(st.booleans()) else None
    since = (entered - start).days + 1 if entered is not None else 1
    exits = draw(st.lists(st.sampled_from(("treatment_stopped", "withdrawn", "lost", "died")), unique=True, max_size=2))
    events = {name: start + draw(st.integers(since, 220)) * DAY for name in exits}
    if trial.goes_on is not None and entered is None and draw(st.booleans()):
        events["declined"] = start + 70 * DAY
    besides = tuple(start + n * DAY for n in draw(st.lists(st.integers(1, 130), max_size=1)))
    return Somebody(start, written, besides, events, entered)


def records(trial: Trial, who: Somebody) -> list[Record]:
    place = "main/" if trial.goes_on is not None else ""
    found = [Record("unscheduled", date, product="X", amount=Decimal(100), unit="mg") for date in who.besides]
    for number, mine in who.written.items():
        name, nothing = f"{place}D{trial.days[number]}", mine.status == "nothing"
        amount, unit = (Decimal(0), "mg") if nothing else (None, None)
        found.append(Record(name, mine.date, "done" if mine.status == "nothing" else mine.status, amount=amount, unit=unit))
    return found


def subject_of(trial: Trial, who: Somebody, arm: str | None = None, code: str | None = None) -> Subject:
    """Somebody as the program takes him."""
    return Subject(
        who.start,
        arm=arm,
        code=code,
        events=tuple(Event(name, date) for name, date in who.events.items()),
        entered=(Entered("open", who.entered),) if who.entered is not None else (),
        records=tuple(records(trial, who)),
    )


def blinded(trial: Trial) -> str:
    """The study's file with arms, of which the first period hides whose is whose."""
    text = trial.text.replace("products: {X: {}}\n", "products: {X: {}}\narms: [x, placebo]\n")
    text = text.replace("  main:\n", "  main:\n    blinded: true\n")
    return text.replace("give: X 100 mg", "give: {x: X 100 mg, placebo: X placebo}", 1)
