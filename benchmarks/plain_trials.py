"""A trial of BAT4406F as one would write it by hand: a loop over subjects, without events and without numpy. Days are ordinal numbers."""

from __future__ import annotations

import datetime as dt
import math
import random
from calendar import monthrange
from collections import Counter
from collections.abc import Callable
from itertools import permutations

from msgspec import Struct

from nmosd_dosing.simulation.assumptions.model import Assumptions, Steps

LENGTH, WITHIN_STOP, WITHIN_RELAPSE, WITHIN_END = 364, 14, 28, 14  # days
RELAPSES, MONTHS_AFTER_LAST = 35, 12
EVERY = 6  # months
NEVER = 10**9
DOSES = ("rcp", "olp")
RULES = ("relapse", "stop", "completed")


class Chance(Struct, frozen=True):
    """Where numbers come from: by cause and subject (or block of the allocation), integers below a number."""

    exponential: Callable[[str, int], float]
    uniform: Callable[[str, int], float]
    integers: Callable[[str, int, int], int]


def of_python(seed: int) -> Chance:
    own = random.Random(seed)
    return Chance(lambda _, __: own.expovariate(1.0), lambda _, __: own.random(), lambda _, __, below: int(own.random() * below))


class Found(Struct, frozen=True):
    """What a trial comes to; dates as ordinal numbers, NEVER and 0 where there is none. monthly: by month (12 a year) and period."""

    stop: int
    enrolled: int
    entries: Counter[str]
    doses: Counter[str]
    monthly: Counter[tuple[int, str]]
    by_site: Counter[tuple[int, str]]
    last_dose: int


def orders(assumed: Assumptions) -> list[tuple[int, ...]]:
    """The arms of a block in all orders."""
    copies = assumed.block // sum(assumed.allocation)
    arms = [arm for arm, part in enumerate(assumed.allocation) for _ in range(part * copies)]
    return sorted(set(permutations(arms)))


def months_after(day: int, months: int) -> int:
    date = dt.date.fromordinal(day)
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    return dt.date(year, month + 1, date.day if date.day < 29 else min(date.day, monthrange(year, month + 1)[1])).toordinal()


def trial(assumed: Assumptions, blocks: list[tuple[int, ...]], chance: Chance, doses: bool) -> Found:
    """One trial. The assumed rates do not change with time, follow-up and horizon are months, and the committee does not stop it."""
    exponential, uniform = chance.exponential, chance.uniform

    def between(cause: str, i: int, first: int, last: int) -> int:
        return first + int(uniform(cause, i) * (last - first + 1))

    # Who comes when, leaves, and has a relapse that is confirmed.
    opens, accrual, dropout_rate = assumed.start.toordinal(), rate(assumed.accrual), rate(assumed.dropout)
    relapse_rates, horizon = [rate(steps) for steps in assumed.relapse], months_after(opens, assumed.horizon.months)
    subjects, decisions, time = [], [], 0.0
    for i in range(assumed.subjects):
        if i % assumed.block == 0:
            block = blocks[chance.integers("allocation", i // assumed.block, len(blocks))]
        time += exponential("arrival", i)
        day_1 = opens + math.floor(time / accrual)
        if day_1 > horizon:
            break
        dropout = day_1 + math.floor(exponential("dropout", i) / dropout_rate)
        relapse = day_1 + math.floor(exponential("relapse", i) / relapse_rates[block[i % assumed.block]])
        decided = NEVER
        if relapse < day_1 + LENGTH and relapse <= dropout and uniform("confirmed", i) < assumed.confirmed:
            decided = relapse + between("adjudication", i, *assumed.adjudication)
            decisions.append(decided)
        else:
            relapse = NEVER
        subjects.append((i, day_1, dropout, relapse, decided))

    # When the study stops.
    stop = NEVER
    if len(subjects) == assumed.subjects:
        stop = months_after(subjects[-1][1], MONTHS_AFTER_LAST)
    if len(decisions) >= RELAPSES:
        stop = min(stop, sorted(decisions)[RELAPSES - 1])
    if stop > horizon:
        stop = NEVER

    # How each goes on, and what is given.
    entries: Counter[str] = Counter()
    given: list[tuple[int, str, int]] = []
    enrolled = 0
    for i, day_1, dropout, relapse, decided in subjects:
        if day_1 > stop:
            break
        enrolled += 1
        end = day_1 + LENGTH
        entry = NEVER
        after_stop = between("entry", i, stop, stop + WITHIN_STOP) if stop < end else NEVER
        ready = NEVER
        if relapse <= after_stop and relapse != NEVER and uniform("stable", i) < assumed.stable:
            ready = max(decided, relapse + between("stability", i, *assumed.stability))
        by_relapse = relapse != NEVER and (relapse < after_stop or (relapse == after_stop and ready <= after_stop))
        if by_relapse:
            rule, last = "relapse", relapse + WITHIN_RELAPSE
            entry = between("entry", i, ready, last) if ready <= last else NEVER
        elif stop < end:
            rule, entry = "stop", after_stop
        else:
            rule, entry = "completed", between("entry", i, end, end + WITHIN_END)
        if entry == NEVER or dropout < entry or uniform("declines", i) < assumed.declines:
            entry = NEVER
        else:
            entries[rule] += 1
        if not doses:
            continue
        site = int(uniform("site", i) * (assumed.sites or 1))
        given.append((day_1, "rcp", site))
        until = min(dropout, entry - 1, relapse if by_relapse else NEVER, stop if stop < end else NEVER)
        day = max(day_1, day_1 + 181 + between("visit scatter rcp/D182", i, *assumed.scatter))
        if day <= until:
            given.append((day, "rcp", site))
        if entry == NEVER:
            continue
        given.append((entry, "olp", site))
        assert assumed.follow is not None
        for months in range(EVERY, assumed.follow.months + 1, EVERY):
            day = max(entry, months_after(entry, months) + between(f"visit scatter olp/D1+{months}mo", i, *assumed.scatter))
            if day <= dropout:
                given.append((day, "olp", site))

    # What was given, counted.
    totals: Counter[str] = Counter()
    monthly: Counter[tuple[int, str]] = Counter()
    by_site: Counter[tuple[int, str]] = Counter()
    for day, period, site in given:
        date = dt.date.fromordinal(day)
        totals[period] += 1
        monthly[date.year * 12 + date.month - 1, period] += 1
        by_site[site, period] += 1
    return Found(stop, enrolled, entries, totals, monthly, by_site, max((day for day, _, _ in given), default=0))


def rate(steps: Steps) -> float:
    """A rate that does not change with time."""
    ((_, found),) = steps
    return found
