"""A trial once more, event by event on SimPy: subjects arrive, relapse, leave and enter, the committee decides, the study stops.

It was written from the model in words and from the studies' texts, and shares nothing with the program but, where a test asks for it, the
numbers drawn. One clock, in days since accrual opens. What falls on one day happens in this order:

    morning     arrivals; relapses, decisions, being stable again; the ends of periods; what may stop the study
    midday      the study stops
    afternoon   subjects enter the open-label period
    evening     visits
    night       subjects leave the study

So whoever arrives on the day of the stop is enrolled, and whoever leaves on a day has had that day's dose.
"""

from __future__ import annotations

import datetime as dt
import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any, Protocol

import simpy
from dateutil.relativedelta import relativedelta
from msgspec import Struct

from nmosd_dosing.simulation.draws import Draws, trials_per_block

MORNING, MIDDAY, AFTERNOON, EVENING, NIGHT = 0.0, 0.25, 0.5, 0.75, 0.875
NEVER = math.inf
NO_CALENDAR_GOES_SO_FAR = 5_000_000  # days

Process = Generator[simpy.Event, Any, None]
Steps = Sequence[tuple[float, float]]  # (since this day, so many a day)

# --- what is asked for ----------------------------------------------------------------------------------------------------


class Length(Protocol):
    """So many days, then months, then days again."""

    @property
    def days(self) -> int: ...
    @property
    def months(self) -> int: ...
    @property
    def then(self) -> int: ...


class Weights(Protocol):
    @property
    def mean(self) -> float: ...
    @property
    def sd(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...


class Assumed(Protocol):
    """What is assumed of a trial, under the names that the program gives to it."""

    @property
    def start(self) -> dt.date: ...
    @property
    def subjects(self) -> int: ...
    @property
    def sites(self) -> int | None: ...
    @property
    def accrual(self) -> Steps: ...
    @property
    def allocation(self) -> Sequence[int]: ...
    @property
    def block(self) -> int: ...
    @property
    def relapse(self) -> Sequence[Steps]: ...
    @property
    def confirmed(self) -> float: ...
    @property
    def adjudication(self) -> tuple[int, int]: ...
    @property
    def stable(self) -> float: ...
    @property
    def stability(self) -> tuple[int, int]: ...
    @property
    def dropout(self) -> Steps: ...
    @property
    def scatter(self) -> tuple[int, int]: ...
    @property
    def entry(self) -> str: ...
    @property
    def declines(self) -> float: ...
    @property
    def weight(self) -> Weights | None: ...
    @property
    def idmc_stop(self) -> dt.date | Fraction | None: ...
    @property
    def follow(self) -> Length | None: ...
    @property
    def horizon(self) -> Length: ...


# --- the studies ----------------------------------------------------------------------------------------------------------


class Visit(Struct, frozen=True):
    """A visit with a dose, so many days or so many months after day 1 of its period."""

    label: str
    days: int = 0
    months: int = 0

    def on(self, day_1: dt.date) -> dt.date:
        date = day_1 + dt.timedelta(self.days)
        return date + relativedelta(months=self.months) if self.months else date


class Stop(Struct, frozen=True):
    """The study stops with so many confirmed relapses, so many months after a subject's day 1, or when the committee says so."""

    relapses: int
    subject: int
    months: int
    within: int  # days to enter after it


class Rules(Struct, frozen=True):
    """A study: the visits of both periods, and how many days a subject has to go from the one to the other."""

    controlled: tuple[Visit, ...]
    length: int  # days of the controlled period: it is complete so many days after its day 1
    open_label: tuple[Visit, ...]
    every: int = 0  # months after which the last of them comes again, and again; 0: it does not
    after_end: int | None = None  # days to enter after the end; None: on that day
    after_relapse: int | None = None  # None: there is no such way
    stop: Stop | None = None

    def open_label_visits(self, day_1: dt.date, followed_until: dt.date | None) -> Iterator[tuple[str, dt.date]]:
        """Where it is not said how long subjects are followed, all single visits, and repeats for 24 months."""
        for visit in self.open_label:
            if followed_until is None or visit.on(day_1) <= followed_until:
                yield visit.label, visit.on(day_1)
        last = followed_until or day_1 + relativedelta(months=24)
        months = self.every
        while self.every and (again := Visit(f"{self.open_label[-1].label}+{months}mo", 0, months)).on(day_1) <= last:
            yield again.label, again.on(day_1)
            months += self.every


BAT4406F = Rules(
    controlled=(Visit("D1"), Visit("D182", 181)),
    length=52 * 7,
    open_label=(Visit("D1"),),
    every=6,
    after_end=14,
    after_relapse=28,
    stop=Stop(relapses=35, subject=162, months=12, within=14),
)
MIL62 = Rules(
    controlled=tuple(Visit(f"W{week}D1", 7 * (week - 1)) for week in (1, 3, 25, 27)),
    length=52 * 7,
    open_label=tuple(Visit(f"W{week}D1", 7 * (week - 1)) for week in (1, 3, 27, 53, 79, 105, 131)),
)

# --- chance ---------------------------------------------------------------------------------------------------------------


class Chance(Protocol):
    """Where a trial's numbers come from; subjects are numbers from 0 on, in the order of their arrival."""

    def arrival(self, subject: int, before: float) -> float:
        """When the subject arrives, in days; asked once for each in turn, with when the one before it did."""

    def arm(self, subject: int) -> int: ...
    def waits(self, cause: str, subject: int, hazard: Steps) -> float:
        """Days until it happens."""

    def happens(self, cause: str, subject: int, share: float) -> bool: ...
    def whole_days(self, cause: str, subject: int, least: int, most: int) -> int:
        """Both ends included; the same subject is as early or late within other limits, if it is asked again."""

    def site(self, subject: int, sites: int) -> int: ...
    def kilograms(self, subject: int, weight: Weights) -> float:
        """Rounded up to 0.1 kg."""


class OwnChance:
    """Python's own random numbers, made into what is wanted in the ways of a textbook."""

    def __init__(self, seed: int, assumed: Assumed) -> None:
        self._random = random.Random(seed)
        self._assumed = assumed
        self._envelope: list[int] = []
        self._late: dict[tuple[str, int], float] = {}

    def arrival(self, subject: int, before: float) -> float:
        return self._next(self._assumed.accrual, before)

    def waits(self, cause: str, subject: int, hazard: Steps) -> float:
        return self._next(hazard, 0.0)

    def _next(self, steps: Steps, now: float) -> float:
        """In a piece of constant rate nothing is remembered: try it, and if it does not happen there begin anew with the next."""
        ends = [since for since, _ in steps[1:]] + [NEVER]
        for (_, rate), end in zip(steps, ends, strict=True):
            if now < end:
                when = now + self._random.expovariate(rate) if rate > 0 else NEVER
                if when < end:
                    return when
                now = end
        return NEVER

    def arm(self, subject: int) -> int:
        """The next envelope; with a new block of them, shuffled, when the last is gone."""
        if not self._envelope:
            ratio = self._assumed.allocation
            copies = self._assumed.block // sum(ratio)
            self._envelope = [arm for arm, part in enumerate(ratio) for _ in range(part * copies)]
            self._random.shuffle(self._envelope)
        return self._envelope.pop()

    def happens(self, cause: str, subject: int, share: float) -> bool:
        return self._random.random() < share

    def whole_days(self, cause: str, subject: int, least: int, most: int) -> int:
        late = self._late.setdefault((cause, subject), self._random.random())
        return least + int(late * (most - least + 1))

    def site(self, subject: int, sites: int) -> int:
        return self._random.randrange(sites)

    def kilograms(self, subject: int, weight: Weights) -> float:
        if weight.sd == 0 or weight.low == weight.high:
            return weight.mean
        while True:
            drawn = self._random.gauss(weight.mean, weight.sd)
            if weight.low <= drawn <= weight.high:
                return math.ceil(drawn * 10) / 10


class Block:
    """The program's draws of one block of trials, each cause drawn once."""

    def __init__(self, seed: int, block: int, assumed: Assumed) -> None:
        self.assumed = assumed
        self._draws = Draws(seed, block, trials_per_block(assumed.subjects))
        self._drawn: dict[str, list[list[float]]] = {}

    def exponential(self, cause: str, trial: int) -> list[float]:
        if cause not in self._drawn:
            self._drawn[cause] = self._draws.exponential(cause, self.assumed.subjects).T.tolist()
        return self._drawn[cause][trial]

    def uniform(self, cause: str, trial: int) -> list[float]:
        if cause not in self._drawn:
            self._drawn[cause] = self._draws.uniform(cause, self.assumed.subjects).T.tolist()
        return self._drawn[cause][trial]

    def below(self, cause: str, rows: int, below: int, trial: int) -> list[int]:
        if cause not in self._drawn:
            self._drawn[cause] = self._draws.integers(cause, rows, below).T.tolist()
        return [int(number) for number in self._drawn[cause][trial]]


class SameChance:
    """The program's own numbers, made into the same."""

    def __init__(self, block: Block, trial: int) -> None:
        self._block = block
        self._trial = trial
        self._assumed = block.assumed
        self._expected = 0.0
        self._arms: list[int] = []

    def arrival(self, subject: int, before: float) -> float:
        self._expected += self._block.exponential("arrival", self._trial)[subject]
        return reached(self._assumed.accrual, self._expected)

    def arm(self, subject: int) -> int:
        if not self._arms:
            ratio = self._assumed.allocation
            copies = self._assumed.block // sum(ratio)
            size = tuple(part * copies for part in ratio)
            blocks = math.ceil(self._assumed.subjects / self._assumed.block)
            for number in self._block.below("allocation", blocks, arrangements(size), self._trial):
                self._arms += arrangement(size, number)
        return self._arms[subject]

    def waits(self, cause: str, subject: int, hazard: Steps) -> float:
        return reached(hazard, self._block.exponential(cause, self._trial)[subject])

    def happens(self, cause: str, subject: int, share: float) -> bool:
        return self._block.uniform(cause, self._trial)[subject] < share

    def whole_days(self, cause: str, subject: int, least: int, most: int) -> int:
        return least + int(self._block.uniform(cause, self._trial)[subject] * (most - least + 1))

    def site(self, subject: int, sites: int) -> int:
        return int(self._block.uniform("site", self._trial)[subject] * sites)

    def kilograms(self, subject: int, weight: Weights) -> float:
        if weight.sd == 0 or weight.low == weight.high:
            return weight.mean
        first, shares = cut_normal(weight.mean, weight.sd, weight.low, weight.high)
        return (first + bisect_right(shares, self._block.uniform("weight", self._trial)[subject])) / 10


def reached(steps: Steps, amount: float) -> float:
    """When the integral of a rate that is constant in pieces comes to the amount."""
    so_far = 0.0
    for n, (since, rate) in enumerate(steps):
        end = steps[n + 1][0] if n + 1 < len(steps) else NEVER
        if rate > 0 and (end == NEVER or so_far + rate * (end - since) >= amount):
            return since + (amount - so_far) / rate
        so_far += rate * (end - since) if rate > 0 else 0.0
    return NEVER


def arrangements(size: Sequence[int]) -> int:
    """In how many orders so many of each arm can stand."""
    return math.factorial(sum(size)) // math.prod(math.factorial(part) for part in size)


@lru_cache(100_000)
def arrangement(size: tuple[int, ...], number: int) -> tuple[int, ...]:
    """The `number`-th of these orders, sorted as words are."""
    left, order = list(size), []
    while sum(left):
        for arm, part in enumerate(left):
            if part == 0:
                continue
            left[arm] -= 1
            if number < arrangements(left):
                order.append(arm)
                break
            number -= arrangements(left)
            left[arm] += 1
    return tuple(order)


@lru_cache(100)
def cut_normal(mean: float, sd: float, low: float, high: float) -> tuple[int, list[float]]:
    """The lowest weight in tenths of a kilogram, and from there on the share of people who weigh no more."""

    def below(kilograms: float) -> float:
        return math.erf((kilograms - mean) / sd / math.sqrt(2))

    tenths = range(round(low * 10), round(high * 10) + 1)
    shares = [(below(tenth / 10) - below(low)) / (below(high) - below(low)) for tenth in tenths]
    return tenths[0], [*shares[:-1], 1.0]


# --- a trial --------------------------------------------------------------------------------------------------------------


class Subject(Struct):
    """What becomes of a subject; days on the clock of the trial. `first`, `last`: the days on which it may enter."""

    number: int
    day_1: int
    end: int
    ready: simpy.Event  # to enter after a relapse: confirmed, and stable
    arm: int = 0
    site: int | None = None
    weight: float | None = None
    relapse: int | None = None  # in the controlled period, and confirmed sooner or later
    confirmed: int | None = None
    stable: int | None = None
    dropout: int | None = None
    way: str = ""
    first: int | None = None
    last: int | None = None
    entry: int | None = None
    becomes: str = ""  # entered, declined, refused, left

    gone: bool = False  # as of now


class Result(Struct, frozen=True):
    """What a trial comes to. `exits`: by rule, all but those who had left the study before what opened the way."""

    stop: dt.date | None
    trigger: str  # relapses, last_subject, idmc, never
    enrolled: int
    relapses: tuple[dt.date, ...]  # when they were confirmed, up to the stop
    exits: dict[str, int]
    entries: dict[str, int]
    declined: int
    refused: int
    left: int
    doses: dict[str, int]  # by period
    monthly: dict[tuple[dt.date, str], int]  # by the first of the month, and period
    by_site: dict[tuple[int, str], int]
    last_dose: dt.date | None
    subjects: tuple[Subject, ...]


class Trial:
    """One trial as it unfolds; `run` it once."""

    def __init__(self, rules: Rules, assumed: Assumed, chance: Chance, doses: bool = True) -> None:
        self.rules = rules
        self.assumed = assumed
        self.chance = chance
        self.doses = doses
        self.subjects: list[Subject] = []
        self.given: list[tuple[int, str, int | None]] = []  # day, period, site
        self.relapses: list[int] = []  # when those that count were confirmed
        self.happened: set[str] = set()  # of what stops the study
        self.stop: int | None = None
        self.trigger = "never"
        self.horizon = self.number(later(assumed.start, assumed.horizon))
        begin = 0
        if isinstance(assumed.idmc_stop, dt.date):
            begin = min(0, self.number(assumed.idmc_stop))
        self.env = simpy.Environment(initial_time=begin)
        self.stopped = self.env.event()

    def run(self) -> Result:
        self.env.process(self.arrivals())
        if self.rules.stop and isinstance(self.assumed.idmc_stop, dt.date):
            self.env.process(self.committee_stops(self.number(self.assumed.idmc_stop)))
        self.env.run()
        return self.result()

    # the clock

    def date(self, day: int) -> dt.date:
        return self.assumed.start + dt.timedelta(day)

    def number(self, date: dt.date) -> int:
        return (date - self.assumed.start).days

    def today(self) -> int:
        return math.floor(self.env.now)

    def until(self, day: int, part: float = MORNING) -> simpy.Timeout:
        return self.env.timeout(day + part - self.env.now)

    # the study

    def arrivals(self) -> Process:
        time = 0.0
        for i in range(self.assumed.subjects):
            time = self.chance.arrival(i, time)
            if time == NEVER or math.floor(time) > self.horizon:
                return
            yield self.until(math.floor(time))
            if self.stop is not None:
                return
            self.env.process(self.subject(i))
            if self.rules.stop and i + 1 == self.rules.stop.subject:
                self.env.process(self.months_after_subject(self.rules.stop.months))

    def months_after_subject(self, months: int) -> Process:
        yield self.until(self.number(self.date(self.today()) + relativedelta(months=months)))
        self.may_stop("last_subject")

    def committee_stops(self, day: int) -> Process:
        yield self.until(day)
        self.may_stop("idmc")

    def count_relapse(self) -> None:
        if self.stop is not None:
            return
        self.relapses.append(self.today())
        if self.rules.stop is None:
            return
        if len(self.relapses) == self.rules.stop.relapses:
            self.may_stop("relapses")
        share = self.assumed.idmc_stop
        if isinstance(share, Fraction) and len(self.relapses) == math.ceil(share * self.rules.stop.relapses):
            self.may_stop("idmc")

    def may_stop(self, trigger: str) -> None:
        """What happens in the morning stops the study at midday, if it has not stopped before."""
        if not self.happened:
            self.env.process(self.stop_at_midday())
        self.happened.add(trigger)

    def stop_at_midday(self) -> Process:
        yield self.until(self.today(), MIDDAY)
        if self.today() <= self.horizon:
            self.stop = self.today()
            self.trigger = next(trigger for trigger in ("relapses", "last_subject", "idmc") if trigger in self.happened)
            self.stopped.succeed()

    # a subject

    def subject(self, number: int) -> Process:
        subject = Subject(number, self.today(), self.today() + self.rules.length, self.env.event())
        self.subjects.append(subject)
        if self.assumed.allocation:
            subject.arm = self.chance.arm(number)
        if self.doses and self.assumed.sites is not None:
            subject.site = self.chance.site(number, self.assumed.sites)
        if self.doses and self.assumed.weight is not None:
            subject.weight = self.chance.kilograms(number, self.assumed.weight)
        relapsed = self.env.event()
        if self.assumed.relapse:
            self.env.process(self.relapse(subject, relapsed))
        self.env.process(self.dropout(subject))
        if self.doses:
            for visit in self.rules.controlled:
                target = self.number(visit.on(self.date(subject.day_1)))
                self.env.process(self.visit(subject, "rcp", visit.label, subject.day_1, target))

        completed = self.until(subject.end)
        yield self.env.any_of([relapsed, completed, self.stopped])
        if completed.processed:
            yield from self.enter_after_end(subject)
            return
        yield self.until(self.today(), AFTERNOON)
        if self.stop is None:
            yield from self.enter_after_relapse(subject)
        else:
            yield from self.enter_after_stop(subject, relapsed)

    def enter_after_end(self, subject: Subject) -> Process:
        within = self.rules.after_end
        subject.way, subject.first = "completed", subject.end
        subject.last = subject.end + within if within is not None else None
        yield from self.enter(subject, self.chosen(subject))

    def enter_after_stop(self, subject: Subject, relapsed: simpy.Event) -> Process:
        """Who relapses before the day chosen for the entry goes by the relapse; on that day, if all that it needs is there by then."""
        assert self.stop is not None and self.rules.stop is not None
        subject.way, subject.first, subject.last = "stop", self.stop, self.stop + self.rules.stop.within
        entry = self.chosen(subject)
        yield self.env.any_of([relapsed, self.until(entry, AFTERNOON)])
        yield self.until(self.today(), AFTERNOON)
        if subject.relapse is not None and (subject.relapse < entry or subject.ready.processed):
            yield from self.enter_after_relapse(subject)
        else:
            yield from self.enter(subject, entry)

    def enter_after_relapse(self, subject: Subject) -> Process:
        assert subject.relapse is not None
        assert self.rules.after_relapse is not None
        subject.way, subject.first, subject.last = "relapse", None, subject.relapse + self.rules.after_relapse
        yield self.env.any_of([subject.ready, self.until(subject.last, AFTERNOON)])
        if subject.confirmed is None or subject.stable is None:
            subject.becomes = "refused"
            return
        subject.first = max(subject.confirmed, subject.stable)
        yield from self.enter(subject, self.chosen(subject))

    def chosen(self, subject: Subject) -> int:
        assert subject.first is not None
        if subject.last is None or self.assumed.entry == "earliest":
            return subject.first
        if self.assumed.entry == "latest":
            return subject.last
        return self.chance.whole_days("entry", subject.number, subject.first, subject.last)

    def enter(self, subject: Subject, entry: int) -> Process:
        if subject.way == "completed":
            entry = self.after_doses(subject, entry)
        yield self.until(entry, AFTERNOON)
        if subject.gone:
            subject.becomes = "left"
        elif self.chance.happens("declines", subject.number, self.assumed.declines):
            subject.becomes = "declined"
        else:
            subject.becomes, subject.entry = "entered", entry
            if self.doses:
                day_1 = self.date(entry)
                follow = self.assumed.follow
                for label, target in self.rules.open_label_visits(day_1, later(day_1, follow) if follow is not None else None):
                    self.env.process(self.visit(subject, "olp", label, entry, self.number(target)))

    def after_doses(self, subject: Subject, entry: int) -> int:
        """Nobody enters while a dose is to come that was planned for that day or before, as long as the days of entry allow to wait."""
        free = entry
        for visit in self.rules.controlled:
            target = self.number(visit.on(self.date(subject.day_1)))
            day = self.takes_place(subject, "rcp", visit.label, subject.day_1, target)
            if target <= entry <= day and not self.too_late_for_a_dose(subject, day):
                free = max(free, day + 1 if subject.last is None else min(day + 1, subject.last))
        return free

    def takes_place(self, subject: Subject, period: str, label: str, day_1: int, target: int) -> int:
        if target > day_1:
            target += self.chance.whole_days(f"visit scatter {period}/{label}", subject.number, *self.assumed.scatter)
        return max(target, day_1)

    def too_late_for_a_dose(self, subject: Subject, day: int) -> bool:
        relapsed = subject.way == "relapse" and subject.relapse is not None and subject.relapse < day
        return relapsed or (self.stop is not None and self.stop < min(day, subject.end))

    # what happens to a subject

    def relapse(self, subject: Subject, relapsed: simpy.Event) -> Process:
        """One that will be rejected leaves no trace."""
        a, i = self.assumed, subject.number
        days = self.chance.waits("relapse", i, a.relapse[subject.arm])
        if days > NO_CALENDAR_GOES_SO_FAR:
            return
        yield self.until(subject.day_1 + math.floor(days))
        if subject.gone or self.today() >= min(subject.end, self.horizon + 1) or not self.chance.happens("confirmed", i, a.confirmed):
            return
        decision = self.env.process(self.committee_confirms(subject))
        if self.rules.after_relapse is not None:
            subject.relapse = self.today()
            if self.chance.happens("stable", i, a.stable):
                subject.ready = decision & self.env.process(self.stabilises(subject))
            relapsed.succeed()

    def committee_confirms(self, subject: Subject) -> Process:
        yield self.until(self.today() + self.chance.whole_days("adjudication", subject.number, *self.assumed.adjudication))
        subject.confirmed = self.today()
        self.count_relapse()

    def stabilises(self, subject: Subject) -> Process:
        yield self.until(self.today() + self.chance.whole_days("stability", subject.number, *self.assumed.stability))
        subject.stable = self.today()

    def dropout(self, subject: Subject) -> Process:
        days = self.chance.waits("dropout", subject.number, self.assumed.dropout)
        if days > NO_CALENDAR_GOES_SO_FAR:
            return
        subject.dropout = subject.day_1 + math.floor(days)
        yield self.until(subject.dropout, NIGHT)
        subject.gone = True

    def visit(self, subject: Subject, period: str, label: str, day_1: int, target: int) -> Process:
        yield self.until(self.takes_place(subject, period, label, day_1, target), EVENING)
        if subject.gone:
            return
        if period == "rcp" and (self.too_late_for_a_dose(subject, self.today()) or subject.entry is not None):
            return
        self.given.append((self.today(), period, subject.site))

    # in the end

    def result(self) -> Result:
        became = Counter(subject.becomes for subject in self.subjects)
        opened = [(s, {"relapse": s.relapse, "stop": self.stop, "completed": s.end}[s.way]) for s in self.subjects]
        exits = [s for s, day in opened if day is not None and not leaves_before(s, day)]
        months = [(self.date(day).replace(day=1), period) for day, period, _ in self.given]
        return Result(
            stop=self.date(self.stop) if self.stop is not None else None,
            trigger=self.trigger,
            enrolled=len(self.subjects),
            relapses=tuple(self.date(day) for day in self.relapses),
            exits=dict(Counter(subject.way for subject in exits)),
            entries=dict(Counter(subject.way for subject in self.subjects if subject.becomes == "entered")),
            declined=became["declined"],
            refused=became["refused"],
            left=became["left"],
            doses=dict(Counter(period for _, period, _ in self.given)),
            monthly=dict(Counter(months)),
            by_site=dict(Counter((site, period) for _, period, site in self.given if site is not None)),
            last_dose=self.date(max(day for day, _, _ in self.given)) if self.given else None,
            subjects=tuple(self.subjects),
        )


def later(date: dt.date, length: Length) -> dt.date:
    return date + dt.timedelta(length.days) + relativedelta(months=length.months) + dt.timedelta(length.then)


def leaves_before(subject: Subject, day: int) -> bool:
    return subject.dropout is not None and subject.dropout < day


def run_own(rules: Rules, assumed: Assumed, seed: int, trials: int, doses: bool = True) -> Iterator[Result]:
    """Trials with Python's random numbers; each has a seed of its own."""
    for trial in range(trials):
        yield Trial(rules, assumed, OwnChance(seed * 1_000_003 + trial, assumed), doses).run()


def run_same(rules: Rules, assumed: Assumed, seed: int, trials: int, doses: bool = True) -> Iterator[Result]:
    """The trials that the program has, with the numbers that it draws."""
    size = trials_per_block(assumed.subjects)
    for trial in range(trials):
        if trial % size == 0:
            block = Block(seed, trial // size, assumed)
        yield Trial(rules, assumed, SameChance(block, trial % size), doses).run()
