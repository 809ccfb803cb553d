"""Rates that change in steps, and what differs by arm: the ratio in which subjects are allocated, and how often they relapse."""

from __future__ import annotations

import datetime as dt
import itertools
import math
import re
from collections.abc import Mapping
from typing import Any

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, Problems, clip, did_you_mean, elsewhere, one_of
from nmosd_dosing.language.nodes import Node, Scalar, Sequence
from nmosd_dosing.language.phrases.rates import RateText, TimesText
from nmosd_dosing.language.shapes import Pair, kind
from nmosd_dosing.simulation.assumptions.keys import MOST_BLOCK, ArmRates, Rates
from nmosd_dosing.simulation.assumptions.model import Steps

_MOST_ARRANGEMENTS = 2**63  # of one block: the draw that chooses among them is a whole number of 64 bits


# --- steps -------------------------------------------------------------------------------------------------------------


def accrual_steps(rates: Rates, opens: tuple[dt.date, Place] | None, problems: Problems) -> Steps | None:
    """Rates one after the other, by days since accrual opens: the day, and where it stands; None where that cannot be told.

    None where the rates cannot follow each other so; the reasons are added to `problems`.
    """
    steps: list[tuple[float, float]] = []
    for i, rate in enumerate(rates):
        if not _begins(rate, i, "from 2024-03-01", problems):
            continue
        days = 0.0
        if isinstance(rate.since, dt.date) and opens is not None:
            start, place = opens
            days = float((rate.since - start).days)
            if days <= 0:
                wrong = f"{rate.since} is {'before' if days else 'on'} the day on which accrual opens"
                problems.error(wrong, rate.since_place, f"write a day after {start}", [("accrual opens here", place)])
                continue
        steps.append((days, float(rate.per_day)))
    return _in_order(rates, steps, problems)


def hazard_steps(rates: Rates, problems: Problems) -> Steps | None:
    """The same, by days since each subject's day 1; a month has 365.25 / 12 days here."""
    steps: list[tuple[float, float]] = []
    for i, rate in enumerate(rates):
        if not _begins(rate, i, "from 6 months", problems):
            continue
        days = rate.since.nominal if isinstance(rate.since, Offset) else 0.0
        if i and days <= 0:
            problems.error("the first rate holds from day 1", rate.since_place, "write a later time, or only one of the two rates")
            continue
        steps.append((days, float(rate.per_day)))
    return _in_order(rates, steps, problems)


def _begins(rate: RateText, i: int, example: str, problems: Problems) -> bool:
    """Whether a rate says since when it holds, unless it is the first one."""
    if i == 0 and rate.since is not None:
        hint = "take its `from` away, or begin the list with `none`"
        problems.error("the first rate holds from the beginning", rate.since_place, hint)
        return False
    if i and rate.since is None:
        problems.error("since when this rate holds is not said", rate.place, f"write for example `{rate.text} {example}`")
        return False
    return True


def _in_order(rates: Rates, steps: list[tuple[float, float]], problems: Problems) -> Steps | None:
    """The steps, where their rates stand in the order of time."""
    good = len(steps) == len(rates)
    for before, rate in itertools.pairwise(rates):
        if isinstance(rate.since, dt.date) and isinstance(before.since, dt.date):
            late = rate.since <= before.since
        else:
            late = isinstance(rate.since, Offset) and isinstance(before.since, Offset) and rate.since.nominal <= before.since.nominal
        if late:
            also = elsewhere("the one before", before.since_place)
            problems.error("this is not later than the rate before it", rate.since_place, "write the rates in the order of time", also)
            good = False
    return tuple(steps) if good else None


# --- arms --------------------------------------------------------------------------------------------------------------


def names_each_arm(entries: Mapping[str, Pair[Any]], key: str, study: str, arms: tuple[str, ...], value: str, problems: Problems) -> bool:
    """Whether a mapping names each arm of the study and no other; what is wrong is reported. `value`: an example, for hints."""
    found = list(entries.values())
    unknown = [pair.key for pair in found if pair.key.text not in arms]
    if not arms:
        problems.error(f"`{study}` has no arms here", found[0].key.place, f"write `{key}: {value}`")
        return False
    if len(unknown) == len(found) and not any(did_you_mean(name.text, arms) for name in unknown):
        what = f"`{clip(unknown[0].text)}` is no arm" if len(unknown) == 1 else "none of these is an arm"
        hint = f"its arms are {one_of(arms)}; are these the assumptions of another study?"
        problems.error(f"{what} of `{study}`", unknown[0].place, hint)
        return False
    missing = [arm for arm in arms if arm not in entries]
    for name in unknown:
        another = "; are these the assumptions of another study?" if missing else ""
        hint = did_you_mean(name.text, missing) or f"arms of `{study}` are {one_of(arms)}{another}"
        problems.error(f"unknown arm `{clip(name.text)}`", name.place, hint)
    for arm in missing[len(unknown) :]:  # an unknown name stands for one of those that are missing
        problems.error(f"`{key}` says nothing of the arm `{arm}`", found[0].key.place, f"add `{arm}: {value}`")
    return not unknown and not missing


def example_ratio(arms: tuple[str, ...]) -> str:
    return "{" + ", ".join(f"{arm}: 1" for arm in arms) + "}"


def to_ratio(
    ratio: dict[str, Pair[int]] | Node, study: str, arms: tuple[str, ...], place: Place, problems: Problems
) -> tuple[int, ...] | None:
    """How many subjects of each arm, in the order of `arms`, as the smallest whole numbers; None with the reason in `problems`."""
    example = example_ratio(arms)
    if not isinstance(ratio, dict):
        numbers = [item.text for item in ratio.items if isinstance(item, Scalar)] if isinstance(ratio, Sequence) else []
        numbers = re.findall(r"[0-9]+", ratio.text) if isinstance(ratio, Scalar) else numbers
        example = (
            "{" + ", ".join(f"{arm}: {clip(n)}" for arm, n in zip(arms, numbers, strict=False)) + "}"
            if len(numbers) == len(arms)
            else example
        )
        problems.error(f"expected a ratio by arm, found {kind(ratio)}", place, f"name the arms: `{example}`")
        return None
    if not names_each_arm(ratio, "allocation", study, arms, "1", problems):
        return None
    shares = [n for arm in arms if (n := ratio[arm].value) is not None]
    if len(shares) < len(arms):
        return None
    divisor = math.gcd(*shares)
    if divisor == 0:
        problems.error("nobody is allocated to any arm", place, f"write for example `{example}`")
        return None
    return tuple(n // divisor for n in shares)


def to_block(ratio: tuple[int, ...], asked: int | None, ratio_place: Place, place: Place, problems: Problems) -> int:
    """How many subjects a permuted block has: as asked, a multiple of the fewest; else the fewest. What is wrong is reported."""
    least, colons = sum(ratio), ":".join(map(str, ratio))
    if least > MOST_BLOCK:
        wrong = f"the smallest block of {colons} has {least} subjects; a block has at most {MOST_BLOCK}"
        problems.error(wrong, ratio_place, "write smaller numbers, such as `2` and `1`")
        return least
    if asked is not None and asked % least:
        near = [str(n) for n in (asked // least * least, (asked // least + 1) * least) if 0 < n <= MOST_BLOCK]
        wrong = f"a block of {asked} cannot be divided {colons}: it has a multiple of {least} subjects"
        problems.error(wrong, place, f"write {one_of(near)}")
        return least
    size = asked if asked is not None else least
    arrangements = math.factorial(size) // math.prod(math.factorial(n * (size // least)) for n in ratio)
    if arrangements >= _MOST_ARRANGEMENTS:
        wrong = f"a block of {size} has more arrangements than can be drawn from"
        problems.error(wrong, place if asked is not None else ratio_place, "write a smaller block")
    return size


def relapse_by_arm(rates: dict[str, Pair[ArmRates]], study: str, arms: tuple[str, ...], problems: Problems) -> tuple[Steps, ...] | None:
    """The rates of the arms, in the order of `arms`; None, with the reason in `problems`, where one cannot be told."""
    if not names_each_arm(rates, "relapse", study, arms, "0.35 per year", problems):
        return None
    steps: dict[str, Steps | None] = {}
    own: dict[str, Rates] = {}
    times: dict[str, TimesText] = {}
    for arm in arms:
        values = rates[arm].value or ()
        own[arm] = tuple(value for value in values if isinstance(value, RateText))
        other = [value for value in values if isinstance(value, TimesText)]
        if other and len(values) > 1:
            problems.error("`times` stands alone, not in a list", other[0].place, "write the list for the other arm")
        elif other:
            times[arm] = other[0]
        else:
            steps[arm] = hazard_steps(own[arm], problems) if values else None
    for arm, found in times.items():
        of = found.arm.text
        if of not in arms:
            hint = did_you_mean(of, arms) or f"arms of `{study}` are {one_of(arms)}"
            problems.error(f"unknown arm `{clip(of)}`", found.arm.place, hint)
        elif of == arm:
            problems.error("an arm cannot be so many times itself", found.arm.place, "name the other arm, or write a rate")
        elif of in times:
            wrong = f"`{of}` has no rate of its own"
            problems.error(wrong, found.arm.place, f"write a rate for `{of}`, such as `0.35 per year`", [("its rate", times[of].place)])
        elif (base := steps.get(of)) is not None:
            since = [days for days, _ in base]
            steps[arm] = tuple(zip(since, (float(rate.per_day * found.factor) for rate in own[of]), strict=True))
    made = [steps.get(arm) for arm in arms]
    return tuple(found for found in made if found is not None) if None not in made else None
