"""By which body a dose is reckoned, as a study file says it: `weight: latest`, `weight: changed by 10% or more`, `surface: Haycock`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import get_args

from msgspec import Struct

from nmosd_dosing.days import CountsFrom
from nmosd_dosing.dose.dose import AtVisits, ByWeight, Formula, Surface, WeightRule
from nmosd_dosing.errors import Place, clip, did_you_mean, one_of
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.days import CODE, DayText, take_day
from nmosd_dosing.language.phrases.lengths import Scanner
from nmosd_dosing.language.shapes import PhraseError

DOSED_BY_PATTERN = (
    rf"^\s*(?:baseline|latest|changed by [0-9]+(?:\.[0-9]+)?% or more|at\s+{CODE}(?:\s*,\s*{CODE})*|(?:ideal|adjusted) \(Devine\))\s*$"
)
RECKONED_PATTERN = r"^\s*(?:ideal|adjusted) \(Devine\)\s*$"
FORMULAS: tuple[Formula, ...] = get_args(Formula)
_STEPS = {"0.1": 1000, "0.01": 100, "0.001": 10}
SURFACE_PATTERN = rf"^\s*(?:{'|'.join(FORMULAS)})(?:\s+to\s+(?:{'|'.join(map(re.escape, _STEPS))})\s*m2)?\s*$"


class DosedBy(Struct, frozen=True):
    """Which weight doses are by; `days`: of the visits at which it is renewed, where it is so."""

    rule: WeightRule | None
    days: tuple[DayText, ...] = ()
    place: Place | None = None
    by: ByWeight = "actual"

    def weight(self, counts_from: CountsFrom) -> WeightRule | None:
        """The rule where days count so. PhraseError."""
        codes = tuple(day.resolve(counts_from) for day in self.days)
        return AtVisits(tuple(c.offset for c in codes), tuple(c.label for c in codes), self.place) if codes else self.rule


def dosed_by(node: Scalar) -> DosedBy:
    """`baseline`, `latest`, `changed by 10% or more`, `at D1, W25D1`; `ideal (Devine)`, `adjusted (Devine)`."""
    text = node.flat
    if re.match(r"(?:ideal|adjusted)\b", text):
        return DosedBy(None, (), node.place, reckoned(node))
    scan = Scanner(node)
    if scan.take(r"at\b"):
        days = [take_day(scan, plus=False)]
        while scan.take(","):
            days.append(take_day(scan, plus=False))
        scan.end("a comma or the end", "write for example `at D1, W25D1`")
        return DosedBy(None, tuple(days), node.place)
    if text == "baseline":
        return DosedBy("baseline")
    if text == "latest":
        return DosedBy("latest")
    match = re.fullmatch(r"changed by ([0-9]+(?:\.[0-9]+)?) ?% or more", text)
    if not match:
        hint = "write `baseline`, `latest` (on or before the dose), `changed by 10% or more`, `at D1, W25D1`; or `ideal (Devine)`"
        raise PhraseError(f"expected which weight doses are by, found `{clip(text)}`", node.place, hint)
    share = Fraction(match[1]) / 100
    if not 0 < share < 1:
        raise PhraseError(f"`{match[1]}%` is not above 0 and below 100", node.place, "write for example `changed by 10% or more`")
    return DosedBy(share)


def reckoned(node: Scalar) -> ByWeight:
    """`ideal (Devine)`, `adjusted (Devine)`: a weight that is reckoned, with its formula by name."""
    text = node.flat
    if text == "ideal (Devine)":
        return "ideal"
    if text == "adjusted (Devine)":
        return "adjusted"
    word = text.split()[0] if text.split()[:1] in (["ideal"], ["adjusted"]) else "ideal"
    hint = f"name the formula: `{word} (Devine)`" if text == word else "write `ideal (Devine)` or `adjusted (Devine)`"
    raise PhraseError(f"expected which weight an amount per kg is by, found `{clip(text)}`", node.place, hint)


def surface(node: Scalar) -> Surface:
    """`Mosteller`, `Haycock to 0.01 m2`."""
    formula, to, step = node.flat.partition(" to ")
    if formula not in FORMULAS:
        hint = did_you_mean(formula, FORMULAS) or f"write {one_of(FORMULAS)}, and where it is rounded `Mosteller to 0.01 m2`"
        raise PhraseError(f"expected how body surface is reckoned, found `{clip(formula)}`", node.place, hint)
    number = step.removesuffix("m2").strip() if step.endswith("m2") else ""
    if to and number not in _STEPS:
        hint = f"write `{formula} to 0.01 m2`; also `to 0.1 m2` or `to 0.001 m2`"
        raise PhraseError(f"expected to what body surface is rounded, found `{clip(step)}`", node.place, hint)
    return Surface(formula, _STEPS[number] if to else 1)
