"""Random studies of one to three periods, and what happens in them: near the edges on which the rules turn."""

from __future__ import annotations

import datetime as dt
import random
from itertools import pairwise

from msgspec.structs import replace

from nmosd_dosing import Subject
from nmosd_dosing.subjects.subject import Entered, Event, Record
from tests.judges.oracle import Length
from tests.judges.oracle_disposition import Period, Person, StopsOn, Study, Visit, Way, end_of, later, stop_of, walk

LENGTHS = (Length(52, "weeks"), Length(12, "months"), Length(364, "days"), Length(90, "days"), Length(1, "months"))
WITHINS = (None, Length(28, "days"), Length(14, "days"), Length(2, "weeks"), Length(1, "days"), Length(0, "days"), Length(1, "months"))
PLUS = (None, None, None, None, Length(1, "months"), Length(3, "months"))
PERIODS = ("rcp", "olp", "long-term")
DAY = dt.timedelta(1)


# --- a study ------------------------------------------------------------------------------------------------------------


def study(chance: random.Random) -> Study:
    ids = PERIODS[: chance.choice((1, 2, 2, 2, 3))]
    stops = _stops(chance) if chance.random() < 0.6 else ()
    periods = _going_on(chance, [_period(chance, id) for id in ids])
    ways = [way for a, b in pairwise(periods) for way in _ways(chance, a.id, b.id, bool(stops))]
    return Study(periods, tuple(ways), stops)


def _stops(chance: random.Random) -> tuple[StopsOn, ...]:
    rules = [
        StopsOn("idmc_stop", plus=chance.choice(PLUS)),
        StopsOn("subject", chance.randint(1, 4), chance.choice((*PLUS, Length(12, "months"), Length(100, "days")))),
        StopsOn("confirmed", chance.randint(1, 3), chance.choice(PLUS)),
    ]
    return tuple(chance.sample(rules, chance.randint(1, 3)))


def _period(chance: random.Random, id: str) -> Period:
    length = chance.choice((*LENGTHS, None))
    last = {None: 400, "weeks": 364, "days": 90, "months": 28}[length.unit if length else None]
    days = sorted({1, *chance.sample(range(2, last + 1), chance.randint(0, 5))})
    visits = [_visit(chance, Visit(day)) for day in days]
    if length is None or length.number == 12:
        visits += [_visit(chance, Visit(1, months=m)) for m in sorted(chance.sample((1, 3, 6, 11), chance.randint(0, 2)))]
    return Period(id, tuple(_apart(visits)), length)


DAYS = {"days": 1, "weeks": 7, "months": 31}


def _going_on(chance: random.Random, periods: list[Period]) -> tuple[Period, ...]:
    """Some later ones with days that are numbered from the study's first, so that they fit to an entry at the planned end; some empty."""
    made, before = list[Period](), 0
    for number, period in enumerate(periods):
        if number and chance.random() < 0.2:
            days = tuple(replace(v, day=v.day + before) for v in period.visits if not v.months and v.day > 1)
            period = replace(period, visits=days, goes_on=True)
        elif number and chance.random() < 0.1:
            period = replace(period, visits=())
        made.append(period)
        before += min(366, period.length.number * DAYS[period.length.unit]) if period.length else 200
    return tuple(made)


def _visit(chance: random.Random, visit: Visit) -> Visit:
    products = chance.choice((("X",), ("X",), ("X", "Y"), ()))
    return replace(visit, products=products, examined=not products or chance.random() < 0.4)


def _apart(visits: list[Visit]) -> list[Visit]:
    """Without the days that may fall on a day counted in months: those are refused."""
    months = [v.months for v in visits if v.months]
    return [v for v in visits if v.months or not any(28 * m <= v.day <= 31 * m + 3 for m in months)]


def _ways(chance: random.Random, source: str, target: str, stop: bool) -> list[Way]:
    def some(*needs: str) -> tuple[str, ...]:
        return tuple(chance.sample(needs, chance.choice((0, 0, 1, len(needs)))))

    relapse = chance.choice(((), ("relapse_confirmed",), ("relapse_confirmed",), ("relapse_confirmed", "stable"), ("stable",)))
    kinds = [("relapse", tuple(chance.sample(relapse, len(relapse)))), ("flare", some("stable", "fit")), ("end", some("fit"))]
    kinds += [("stop", some("fit"))] if stop else []
    kinds = chance.sample(kinds, chance.randint(1, len(kinds)))
    if chance.random() < 0.8 and "end" not in [after for after, _ in kinds]:
        kinds.append(("end", ()))
    if chance.random() < 0.2:  # a second rule for relapses, for those that are confirmed
        kinds.insert(chance.randint(0, len(kinds)), ("relapse", ("relapse_confirmed",)))
    return [
        Way(f"{after}-{source}-{number}", source, target, after, within, needs, plus, min(wait, within.number if within else 0))
        for number, (after, needs) in enumerate(kinds)
        for within, plus, wait in [
            (chance.choice(WITHINS), chance.choice(PLUS) if after != "stop" else None, chance.choice((0, 0, 0, 1, 13)))
        ]
    ]


# --- people -------------------------------------------------------------------------------------------------------------


def people(chance: random.Random, study: Study, n: int) -> tuple[list[Person], dict[str, dt.date]]:
    first = chance.choice((dt.date(2025, 1, 6), dt.date(2024, 2, 29), dt.date(2025, 8, 31)))
    starts = [first + chance.choice((0, 0, 1, 2, 30, 181, 364, 365, chance.randint(0, 500))) * DAY for _ in range(n)]
    of_study = {}
    if study.stops and chance.random() < 0.5:
        of_study["idmc_stop"] = near(chance, _marks(study, Person(chance.choice(starts))), first)
    if study.stops and chance.random() < 0.2:
        of_study["study_stop"] = near(chance, _marks(study, Person(chance.choice(starts))), first)
    persons = [_events(chance, study, Person(start), of_study) for start in starts]
    stop = stop_of(study, persons, of_study)
    persons = [_comes(chance, study, _enters(chance, study, person, stop), stop) for person in persons]
    return [_leaves(chance, study, person, stop) for person in persons], of_study


def near(chance: random.Random, marks: list[dt.date], start: dt.date) -> dt.date:
    """A day on a mark, one beside it, or any."""
    if chance.random() < 0.15:
        return start + chance.randint(-30, 700) * DAY
    return chance.choice(marks) + chance.choice((0, 0, 0, -1, 1)) * DAY


def _marks(study: Study, person: Person) -> list[dt.date]:
    """The first and the last day of each period, as planned, and its visits."""
    walked = walk(study, person, None)
    marks = []
    for period, day_1 in zip(study.periods, walked.days_1, strict=False):
        if day_1 is not None:
            end = end_of(period, person, day_1)
            marks += [
                day_1,
                *([end, end] if end is not None else []),
                *(v.on(person.start if period.goes_on else day_1) for v in period.visits),
            ]
    return marks


def _events(chance: random.Random, study: Study, person: Person, of_study: dict[str, dt.date]) -> Person:
    marks = [*_marks(study, person), *of_study.values()]
    events: list[tuple[str, dt.date]] = []
    for period in study.periods:
        if chance.random() < 0.25:
            events.append((period.completed, near(chance, marks, person.start)))
            marks.append(events[-1][1])
    opening = [way for way in study.ways if way.by_event]
    for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
        way = chance.choice(opening) if opening else None
        date = near(chance, marks, person.start)
        events.append((way.after if way else "relapse", date))
        last = later(later(date, way.plus), way.within) if way else date
        mine = [date, date, last, last + DAY, date + chance.randint(0, 40) * DAY]
        for name in ("relapse_confirmed", "relapse_confirmed", "relapse_rejected", "stable", "fit"):
            if chance.random() < 0.5:
                events.append((name, chance.choice(mine)))
        marks += mine
    return replace(person, events=tuple(events))


def _enters(chance: random.Random, study: Study, person: Person, stop: dt.date | None) -> Person:
    """Records an entry at an edge of its window, for some."""
    for p, period in enumerate(study.periods[1:]):
        if chance.random() < 0.5:
            continue
        walked = walk(study, person, stop)
        if walked.days_1[p] is None:
            break
        move = walked.moves[p]
        edges = [d for d in (move.opened, move.earliest, move.latest) if d is not None] or [person.start + 100 * DAY]
        date = {period.id: chance.choice(edges) + chance.choice((0, 0, 0, -1, 1)) * DAY}
        seen = chance.random() < 0.3 and any(visit.label == "D1" for visit in period.visits)
        person = replace(person, seen=person.seen | date) if seen else replace(person, entered=person.entered | date)
    return person


def _comes(chance: random.Random, study: Study, person: Person, stop: dt.date | None) -> Person:
    """Records a visit behind day 1, for some: also where it is too late for it."""
    walked = walk(study, person, stop)
    marks = [d for m in walked.moves for d in (m.opened, m.earliest, m.latest) if d is not None] + _marks(study, person)
    later = [f"{period.id}/{visit.label}" for period in study.periods for visit in period.visits if visit.label != "D1"]
    if not later or chance.random() < 0.6:
        return person
    return replace(person, had={chance.choice(later): max(person.start, near(chance, marks, person.start))})


def _leaves(chance: random.Random, study: Study, person: Person, stop: dt.date | None) -> Person:
    walked = walk(study, person, stop)
    marks = [d for m in walked.moves for d in (m.opened, m.earliest, m.latest) if d is not None] + _marks(study, person)
    names = [name for name in ("declined", "treatment_stopped", "withdrawn", "lost", "died") if chance.random() < 0.07]
    return replace(person, events=(*person.events, *((name, near(chance, marks, person.start)) for name in names)))


def subject(person: Person, code: str | None = None) -> Subject:
    return Subject(
        person.start,
        code,
        events=tuple(Event(name, date) for name, date in dict.fromkeys(person.events)),
        entered=tuple(Entered(period, date) for period, date in person.entered.items()),
        records=(
            *(Record("D1", date, period=period) for period, date in person.seen.items()),
            *(Record(id, date) for id, date in person.had.items()),
        ),
    )
