"""The way of a subject through the periods of a study, once more and naively: one subject, plain dates, plain loops.

It was written from docs/language.md and the reading of the protocol, and shares nothing with the program. A study is given as the
plain data below; `text_of` writes the same data down as a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from tests.judges.oracle import Length, moved

ONE_DAY = dt.timedelta(1)
GONE = ("withdrawn", "lost", "died")

# --- a study ------------------------------------------------------------------------------------------------------------


class Visit(Struct, frozen=True):
    """On the period's day `day`, so many months later; with doses, examinations or both."""

    day: int
    products: tuple[str, ...] = ()
    examined: bool = False
    months: int = 0

    @property
    def label(self) -> str:
        return f"D{self.day}+{self.months}mo" if self.months else f"D{self.day}"

    def on(self, day_1: dt.date) -> dt.date:
        return moved(day_1, (self.day - 1, self.months))


class Period(Struct, frozen=True):
    """`goes_on`: its days are numbered from the first day of the study; it ends so long after its own first day, as any other."""

    id: str
    visits: tuple[Visit, ...]
    length: Length | None = None
    goes_on: bool = False

    @property
    def completed(self) -> str:
        return f"{self.id.replace('-', '_')}_completed"


class Way(Struct, frozen=True):
    """From one period to the next. `after`: an event, `end` or `stop`, and `plus` before it in the file; `at_least`, of the same unit as
    `within`, is the number of the first day allowed."""

    id: str
    source: str
    target: str
    after: str
    within: Length | None = None
    needs: tuple[str, ...] = ()
    plus: Length | None = None
    at_least: int = 0

    @property
    def wait(self) -> Length | None:
        return Length(self.at_least, self.within.unit) if self.within and self.at_least else None

    @property
    def by_event(self) -> bool:
        return self.after not in ("end", "stop")


class StopsOn(Struct, frozen=True):
    """`idmc_stop`, the first dose of subject `number`, or `number` subjects with a confirmed relapse; `plus` after it."""

    what: str  # "idmc_stop", "subject" or "confirmed"
    number: int = 0
    plus: Length | None = None


class Study(Struct, frozen=True):
    periods: tuple[Period, ...]
    ways: tuple[Way, ...] = ()
    stops: tuple[StopsOn, ...] = ()


class Person(Struct, frozen=True):
    """`entered`: by period the recorded first day; `seen`: by period the recorded visit of its day 1; `had`: by id
    other recorded visits."""

    start: dt.date
    events: tuple[tuple[str, dt.date], ...] = ()
    entered: dict[str, dt.date] = field(default_factory=dict)
    seen: dict[str, dt.date] = field(default_factory=dict)
    had: dict[str, dt.date] = field(default_factory=dict)

    def dates(self, event: str) -> list[dt.date]:
        return sorted({date for name, date in self.events if name == event})

    def first(self, *events: str) -> dt.date | None:
        return min((date for name, date in self.events if name in events), default=None)

    def entry(self, period: str) -> dt.date | None:
        """The day of entry; a first day that is recorded before study day 1 is none."""
        seen = self.seen.get(period)
        return self.entered.get(period) or (seen if seen is not None and seen >= self.start else None)


# --- what becomes of it -------------------------------------------------------------------------------------------------


class Move(Struct, frozen=True):
    """`opened`: the date of the event, the end or the stop, with nothing added to it."""

    status: str = "none"
    rule: str | None = None
    opened: dt.date | None = None
    earliest: dt.date | None = None
    latest: dt.date | None = None


class Disposition(Struct, frozen=True):
    """`visits`: by id, the status of a visit and whether its doses are given."""

    days_1: tuple[dt.date | None, ...]
    moves: tuple[Move, ...]
    visits: dict[str, tuple[str, bool]]


def later(date: dt.date, length: Length | None) -> dt.date:
    return moved(date, length.offset) if length else date


# --- relapses -----------------------------------------------------------------------------------------------------------


class Happening(Struct, frozen=True):
    """One time that an event happened, what came of it up to the next time, and when the next time was."""

    date: dt.date
    until: dt.date | None
    confirmed: dt.date | None = None
    rejected: bool = False


def happenings(person: Person, event: str) -> list[Happening]:
    """Day by day: a decision is about the latest relapse on or before it, and the last decision counts."""
    dates = person.dates(event)
    found = []
    for number, date in enumerate(dates):
        until = dates[number + 1] if number + 1 < len(dates) else None
        confirmed, rejected = None, False
        if event == "relapse":
            decided = [d for name in ("relapse_confirmed", "relapse_rejected") for d in person.dates(name)]
            day, last = date, max(decided, default=date)
            while day <= last and (until is None or day < until):
                if day in person.dates("relapse_confirmed") and confirmed is None:
                    confirmed, rejected = day, False
                if day in person.dates("relapse_rejected"):
                    confirmed, rejected = None, True
                day += ONE_DAY
        found.append(Happening(date, until, confirmed, rejected))
    return found


def end_of(period: Period, person: Person, day_1: dt.date) -> dt.date | None:
    recorded = person.first(period.completed)
    if recorded is not None:
        return recorded
    return later(day_1, period.length) if period.length else None


def closed(study: Study, period: Period, person: Person, day_1: dt.date) -> dt.date | None:
    """From when on an event is too late: where the end leads on, from the end; else one waits for an event until somebody ends it."""
    if any(way.source == period.id and way.after == "end" for way in study.ways):
        return end_of(period, person, day_1)
    return person.first(period.completed)


def recorded_until(period: Period, person: Person) -> list[tuple[dt.date, bool]]:
    """The days of what was done in a period, and whether it was a dose."""
    days = []
    for visit in period.visits:
        date = person.had.get(f"{period.id}/{visit.label}") or (person.seen.get(period.id) if visit.label == "D1" else None)
        if date is not None:
            days.append((date, bool(visit.products) and not visit.examined))
    return days


def gives_on(period: Period, person: Person, day: dt.date) -> bool:
    """Whether a period that begins on a day gives something on it."""
    return any(visit.products and visit.on(person.start if period.goes_on else day) == day for visit in period.visits)


def clear_of(day: dt.date, dosed: bool, latest: dt.date | None, following: Period, person: Person) -> dt.date:
    """The first day on which a period can begin after a visit of the one before: not on the day of a dose, unless no other day is left and
    the new period gives nothing on it."""
    if dosed and not (day == latest and not gives_on(following, person, day)):
        return day + ONE_DAY
    return day


def stop_of(study: Study, persons: Sequence[Person], of_study: dict[str, dt.date]) -> dt.date | None:
    """When the study stops, counted over all of them."""
    if not study.stops:
        return None
    days = [of_study["study_stop"]] if "study_stop" in of_study else []
    for rule in study.stops:
        if rule.what == "idmc_stop":
            reached = [of_study["idmc_stop"]] if "idmc_stop" in of_study else []
        elif rule.what == "subject":
            reached = sorted(p.start for p in persons)[rule.number - 1 : rule.number]
        else:
            firsts = [first for p in persons if (first := _first_confirmed(study, p)) is not None]
            reached = sorted(firsts)[rule.number - 1 : rule.number]
        days += [later(day, rule.plus) for day in reached]
    return min(days, default=None)


def _first_confirmed(study: Study, person: Person) -> dt.date | None:
    """The confirmation of a subject's first confirmed relapse that was diagnosed in the first period and before the entry."""
    period = study.periods[0]
    end = closed(study, period, person, person.start)
    entry = person.entry(study.periods[1].id) if len(study.periods) > 1 else None
    for h in happenings(person, "relapse"):
        inside = h.date >= person.start and (end is None or h.date < end)
        if inside and h.confirmed is not None and (entry is None or h.date < entry or h.date == entry >= h.confirmed):
            return h.confirmed
    return None


# --- one way out of a period --------------------------------------------------------------------------------------------


class Opening(Struct, frozen=True):
    """What a rule comes to: when it opened the way, from when on it lets in, until when; or since when it waits for a decision."""

    way: Way
    opened: dt.date | None = None
    earliest: dt.date | None = None
    latest: dt.date | None = None

    def allows(self, entry: dt.date) -> bool:
        return self.earliest is not None and self.earliest <= entry and (self.latest is None or entry <= self.latest)


def by_event(way: Way, person: Person, day_1: dt.date, end: dt.date | None, entry: dt.date | None) -> tuple[Opening | None, Opening | None]:
    """What is decided, and what waits for a decision: the first of each."""
    decided, waiting = None, None
    for h in happenings(person, way.after):
        if h.rejected or h.date < day_1 or (end is not None and h.date >= end):
            continue
        met: list[dt.date | None] = [later(later(h.date, way.plus), way.wait)]
        for need in way.needs:
            about = need in ("relapse_confirmed", "relapse_rejected", "stable")
            answers = [d for d in person.dates(need) if d >= (h.date if about else day_1) and not (about and h.until and d >= h.until)]
            met.append(h.confirmed if need == "relapse_confirmed" else min(answers, default=None))
        earliest = latest_of(met)
        if entry is not None and not (h.date < entry or (h.date == entry and earliest is not None and earliest <= entry)):
            continue
        latest = later(later(h.date, way.plus), way.within) if way.within else None
        if "relapse_confirmed" in way.needs and h.confirmed is None:
            waiting = waiting or Opening(way, h.date, None, latest)
        else:
            decided = decided or Opening(way, h.date, earliest, latest)
    return decided, waiting


def by_stop(
    way: Way, person: Person, stop: dt.date | None, day_1: dt.date, end: dt.date | None, entry: dt.date | None, first: bool
) -> Opening | None:
    """The stop counts for whoever is in the period; whoever came into the first one after it is under it, too."""
    if stop is None or (end is not None and stop >= end) or (entry is not None and entry < stop) or (stop < day_1 and not first):
        return None
    counted = later(stop, way.plus)
    return Opening(
        way,
        stop,
        latest_of([later(counted, way.wait), day_1, *_since(way, person, day_1)]),
        later(counted, way.within) if way.within else None,
    )


def by_end(way: Way, person: Person, day_1: dt.date, end: dt.date | None) -> Opening:
    if end is None:
        return Opening(way)
    counted = later(end, way.plus)
    return Opening(
        way, end, latest_of([later(counted, way.wait), *_since(way, person, day_1)]), later(counted, way.within) if way.within else None
    )


def _since(way: Way, person: Person, day_1: dt.date) -> list[dt.date | None]:
    return [min((d for d in person.dates(need) if d >= day_1), default=None) for need in way.needs]


def latest_of(dates: Sequence[dt.date | None]) -> dt.date | None:
    known = [date for date in dates if date is not None]
    return max(known) if len(known) == len(dates) else None


# --- the whole way ------------------------------------------------------------------------------------------------------


def walk(study: Study, person: Person, stop: dt.date | None) -> Disposition:
    days_1: list[dt.date | None] = [person.start]
    moves: list[Move] = []
    visits: dict[str, tuple[str, bool]] = {}
    projected = False
    for p, period in enumerate(study.periods):
        day_1 = days_1[p]
        ways = [way for way in study.ways if way.source == period.id]
        happened: list[Opening] = []
        waiting: list[Opening] = []
        entry, move = None, Move()
        if day_1 is not None:
            entry = person.entry(study.periods[p + 1].id) if ways else None
            end, over = end_of(period, person, day_1), closed(study, period, person, day_1)
            for way in ways:
                decided, waits = by_event(way, person, day_1, over, entry) if way.by_event else (None, None)
                if way.after == "stop":
                    decided = by_stop(way, person, stop, day_1, over, entry, p == 0)
                happened += [decided] if decided else []
                waiting += [waits] if waits else []
            at_end = [by_end(way, person, day_1, end) for way in ways if way.after == "end"]
            fitting = [o for o in happened if entry is not None and o.allows(entry)]
            governing = [*fitting, *happened, *waiting, *at_end, *(Opening(way) for way in ways if entry is not None)][:1]
            if ways and entry is None:
                governing = [_not_before(o, period, study.periods[p + 1], person) for o in governing]
            ends = [person.first("treatment_stopped"), person.first(*GONE), person.first(period.completed), *(o.opened for o in happened)]
            expected = [_expected(o, period, study.periods[p + 1], person, day_1, ends) for o in governing] if ways else []
            move = _move(study, person, governing, entry, *expected)
            if entry is not None and governing != waiting[:1]:
                waiting = []  # whoever has entered otherwise waits for nothing
        begins, last_dose = None, None
        if move.status == "projected":
            (begins,) = expected
            assert begins is not None
            shared = governing[0].way.after == "end" and begins == move.latest and not gives_on(study.periods[p + 1], person, begins)
            last_dose = begins if shared else begins - ONE_DAY
        elif day_1 is not None and move.status == "entered":
            assert entry is not None
            begins, last_dose = entry, entry - ONE_DAY
        opened = [o.opened for o in happened if o.opened is not None]
        visits |= _visits(period, person, day_1, projected, opened, waiting[0].opened if waiting else None, begins, last_dose)
        if ways:
            moves.append(move)
            days_1.append(begins)
            projected = move.status == "projected"
    return Disposition(tuple(days_1), tuple(moves), visits)


def _move(
    study: Study, person: Person, governing: Sequence[Opening], entry: dt.date | None, expected: dt.date | None = None
) -> Move:  # fmt: skip
    if not governing:
        return Move()
    (o,) = governing
    left, stopped = person.first(*GONE), person.first("treatment_stopped")
    status = "projected"
    if entry is not None:
        status = "entered"
    elif person.dates("declined"):
        status = "declined"
    elif left is not None:
        return Move()
    elif stopped is not None and not (expected is not None and expected <= stopped) and _only_doses_from(study, o.way.target):
        return Move()  # there is nothing left for him to come for
    elif o.earliest is None:
        status = "pending"
    elif o.latest is not None and o.earliest > o.latest:
        status = "refused"
    return Move(status, o.way.id, o.opened, o.earliest, o.latest)


def _not_before(o: Opening, period: Period, following: Period, person: Person) -> Opening:
    """Nobody enters before what was done in the period that he comes from."""
    done = [clear_of(day, dosed, o.latest, following, person) for day, dosed in recorded_until(period, person)]
    return replace(o, earliest=max(o.earliest, *done)) if done and o.earliest is not None else o


def _expected(
    o: Opening, period: Period, following: Period, person: Person, day_1: dt.date, ends: Sequence[dt.date | None]
) -> dt.date | None:  # fmt: skip
    """The day on which somebody is expected to enter: the first allowed one, or the next where a dose is planned for that."""
    if o.earliest is None or o.way.after != "end" or o.earliest == o.latest or any(end is not None and end < o.earliest for end in ends):
        return o.earliest
    for visit in period.visits:
        done = f"{period.id}/{visit.label}" in person.had or (visit.label == "D1" and period.id in person.seen)
        if visit.products and not done and visit.on(person.start if period.goes_on else day_1) == o.earliest:
            return o.earliest + ONE_DAY if o.latest is None or o.earliest < o.latest else o.earliest
    return o.earliest


def _only_doses_from(study: Study, id: str) -> bool:
    """Whether a period and all behind it come to doses and nothing else."""
    ids = [period.id for period in study.periods]
    behind = study.periods[ids.index(id) :]
    return all(period.visits and all(v.products and not v.examined for v in period.visits) for period in behind)


def _visits(
    period: Period, person: Person, day_1: dt.date | None, projected: bool, opened: Sequence[dt.date], wait: dt.date | None,
    begins: dt.date | None, last_dose: dt.date | None,
) -> dict[str, tuple[str, bool]]:  # fmt: skip
    found = {}
    stopped, left = person.first("treatment_stopped"), person.first(*GONE)
    for visit in period.visits:
        id = f"{period.id}/{visit.label}"
        seen = (visit.label == "D1" and period.id in person.seen) or id in person.had
        if day_1 is None:
            found[id] = ("done", bool(visit.products)) if seen else ("absent", False)
            continue
        day = visit.on(person.start if period.goes_on else day_1)
        no_visit = any(last is not None and day > last for last in (left, begins, person.first(period.completed)))
        no_dose = no_visit or (stopped is not None and day > stopped) or (last_dose is not None and day > last_dose)
        no_dose |= any(day > date for date in opened)
        if day < day_1 and period.goes_on:  # he came later; what was done nevertheless was done
            found[id] = ("done", bool(visit.products)) if seen else ("absent", False)
        elif seen:  # with an examination it took place for that, where no dose was to be given any more
            found[id] = "done", bool(visit.products) and not (no_dose and visit.examined)
        elif no_visit or (no_dose and not visit.examined and bool(visit.products)):
            found[id] = "cancelled", False
        elif visit.products and not no_dose and wait is not None and day > wait:
            found[id] = "pending", True
        else:
            found[id] = "projected" if projected else "planned", bool(visit.products) and not no_dose
    return found


def contradicts(study: Study, person: Person, stop: dt.date | None) -> bool:
    """Whether what is recorded cannot be: a period that ended before it began, two first days of one period."""
    days_1 = walk(study, person, stop).days_1
    ends = any(d is not None and (person.first(p.completed) or d) < d for p, d in zip(study.periods, days_1, strict=True))
    return ends or any(person.seen.get(period, date) != date for period, date in person.entered.items())


def possible(study: Study, persons: Sequence[Person], of_study: dict[str, dt.date]) -> list[Person]:
    """The persons of whom nothing is recorded that cannot be; the study's stop is counted over those that are left."""
    left = list(persons)
    while True:
        stop = stop_of(study, left, of_study)
        fine = [person for person in left if not contradicts(study, person, stop)]
        if fine == left:
            return fine
        left = fine


# --- the same as a file -------------------------------------------------------------------------------------------------


def text_of(study: Study) -> str:
    lines = ["language: 1", "study: random", "title: A random study", "source: not stated", "days: from 1"]
    lines += ["products: {X: {}, Y: {}}", "events: {flare: A flare, fit: Fit for the next period}", "periods:"]
    for period in study.periods:
        lines += [f"  {period.id}:", f"    length: {_length(period.length) if period.length else 'not stated'}"]
        lines += ["    counted from: first day of the study"] if period.goes_on else []
        lines += ["    visits:"] if period.visits else []
        for visit in period.visits:
            at = f"D{visit.day}" + (f" + {visit.months} months" if visit.months else "")
            give = f", give: [{', '.join(f'{name} 500 mg' for name in visit.products)}]" if visit.products else ""
            lines.append(f"      - {{at: {at}{give}{', assess: MRI' if visit.examined else ''}}}")
    if study.ways:
        lines.append("transitions:")
    for way in study.ways:
        after = {"end": f"end of {way.source}", "stop": "study stop"}.get(way.after, way.after)
        after = f"{_length(way.plus)} after {after}" if way.plus else after
        needs = f", needs: [{', '.join(way.needs)}]" if way.needs else ""
        within = f"{f'{way.at_least} to ' if way.at_least else ''}{_length(way.within)}" if way.within else "not stated"
        lines.append(f"  - {{id: {way.id}, from: {way.source}, to: {way.target}, after: {after}, within: {within}{needs}}}")
    if study.stops:
        lines += ["study stop:", "  earliest of:"]
    for rule in study.stops:
        what = {"subject": f"first dose of subject {rule.number}", "confirmed": f"{rule.number} subjects with relapse_confirmed"}
        lines.append(f"    - {f'{_length(rule.plus)} after ' if rule.plus else ''}{what.get(rule.what, rule.what)}")
    return "\n".join(lines) + "\n"


def _length(length: Length) -> str:
    return f"{length.number} {length.unit}"
