"""What is wrong with assumptions whatever the study that they are for: values that cannot go together."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from nmosd_dosing.errors import Place, Problems
from nmosd_dosing.simulation.assumptions.keys import AssumedKeys, WeightKeys
from nmosd_dosing.simulation.assumptions.model import BodyWeight, Steps
from nmosd_dosing.simulation.assumptions.rates import accrual_steps, example_ratio, hazard_steps, relapse_by_arm, to_block, to_ratio

_THESE = "these assumptions"  # in place of a study, whose arms are those that the file names


def check(mapping: AssumedKeys, problems: Problems) -> None:
    """Adds what is wrong in itself to `problems`; the arms are taken to be those that the file names."""
    accrual(mapping, problems)
    if mapping.dropout is not None:
        hazard_steps(mapping.dropout, problems)
    ratio, relapse = mapping.allocation, mapping.relapse
    arms = tuple(ratio) if isinstance(ratio, dict) else tuple(relapse) if isinstance(relapse, dict) else ("x", "placebo")
    if isinstance(relapse, dict) and relapse:
        relapse_by_arm(relapse, _THESE, arms, problems)
        if ratio is None and not problems.errors:
            hint = f"the ratio of the arms: `allocation: {example_ratio(arms)}`"
            problems.error("rates by arm need `allocation`", mapping.key_place("relapse"), hint)
    elif isinstance(relapse, tuple):
        hazard_steps(relapse, problems)
    if ratio is not None:
        shares = to_ratio(ratio, _THESE, arms, mapping.place("allocation"), problems)
        if shares is not None:
            to_block(shares, mapping.block_size, mapping.place("allocation"), mapping.place("block_size"), problems)
    body_weight(mapping, problems)
    check_stop(mapping, problems)


def accrual(mapping: AssumedKeys, problems: Problems) -> Steps | None:
    """How many subjects come, in steps since accrual opens; None, with the reason in `problems`, where that cannot be told."""
    opens = (mapping.start, mapping.place("start")) if mapping.start is not None else None
    found = accrual_steps(mapping.accrual, opens, problems) if mapping.accrual is not None else None
    if found is not None and not any(rate for _, rate in found):
        problems.error("with no accrual nobody ever comes", mapping.place("accrual"), "write for example `9 per month`")
    return found


def body_weight(mapping: AssumedKeys, problems: Problems) -> BodyWeight | None:
    """How body weights are distributed; None where none is given, or, with the reason in `problems`, where there is none such."""
    weight = mapping.weight
    if isinstance(weight, Fraction):
        _tenth(weight, mapping.place("weight"), problems)
        kg = float(weight)
        return BodyWeight(kg, 0.0, kg, kg)
    if not isinstance(weight, WeightKeys):
        return None
    mean, sd, low, high = weight.mean, weight.sd, weight.from_, weight.to
    for attribute, end in (("from_", low), ("to", high)):
        if end is not None:
            _tenth(end, weight.place(attribute), problems)
    if low is not None and high is not None and low > high:
        problems.error("`from` is more than `to`", weight.place("from_"), "write the lower weight as `from`")
    elif mean is not None and ((low is not None and mean < low) or (high is not None and mean > high)):
        over = high is not None and mean > high
        wrong = f"the mean is {'more than `to`' if over else 'less than `from`'}"
        problems.error(wrong, weight.place("mean"), "write a mean from `from` to `to`")
    if mean is None or sd is None or low is None or high is None:
        return None
    if sd == 0:
        _tenth(mean, weight.place("mean"), problems)
    return BodyWeight(float(mean), float(sd), float(low), float(high))


def _tenth(kg: Fraction, place: Place, problems: Problems) -> None:
    """Reports a weight that is not on the grid of 0.1 kg, or is nothing."""
    if kg == 0:
        problems.error("nobody weighs 0 kg", place, "write for example `60 kg`")
    elif (kg * 10).denominator != 1:
        problems.error("weights are drawn to 0.1 kg", place, f"write `{float(round(kg, 1)):g} kg`")


def check_stop(mapping: AssumedKeys, problems: Problems) -> None:
    """A day on which the committee stops the study is not before the first on which somebody may come."""
    when, start = mapping.idmc_stop.when if mapping.idmc_stop is not None else None, mapping.start
    if isinstance(when, dt.date) and start is not None and when < start:
        also = [("accrual opens here", mapping.place("start"))]
        wrong = f"{when} is before the day on which accrual opens"
        problems.error(wrong, mapping.place("idmc_stop"), f"write a day from {start} on", also)
