"""What a file says of a product's doses: its dose rules by name, its vials, which weight it is dosed by, its lifetime cap."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
from msgspec.structs import replace

from nmosd_dosing.dose.dose import MOSTELLER, PARTS, Band, BandedBy, ByWeight, Dose, LifetimeCap, Rounding, Value, Vials, number_text
from nmosd_dosing.dose.units import converted
from nmosd_dosing.dose.vials import common_step, whole_vials
from nmosd_dosing.errors import DosingError, Place, Problems, clip, counted, did_you_mean
from nmosd_dosing.language.dose_levels import with_levels
from nmosd_dosing.language.keys import DoseRuleKeys, LevelKeys, ProductKeys, StudyKeys, VialsKeys, one_line, to_facts
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import ranges
from nmosd_dosing.language.phrases.doses import AmountText, RoundText
from nmosd_dosing.language.shapes import Pair, PhraseError
from nmosd_dosing.study.facts import Facts, NotStated
from nmosd_dosing.study.model import DoseRule

_NO_FACTS = Facts()


def to_vials(mapping: VialsKeys | tuple[AmountText, ...] | None, problems: Problems) -> Vials | None:
    """The vials of a product; None where they are not stated, or cannot be told."""
    texts = (mapping.sizes or ()) if isinstance(mapping, VialsKeys) else mapping or ()
    if not texts:
        return None
    unit = texts[0].unit
    sizes: dict[Fraction, str] = {}
    for text in texts:
        size = converted(text.amount, text.unit, unit)
        if size is None:
            problems.error(f"vials in `{unit}` and in `{text.unit}`", text.place, "write all sizes in one unit")
        elif size in sizes:
            problems.error(f"the size `{text.text}` is given twice", text.place, "keep one of them")
        else:
            sizes[size] = text.text
    concentration = None
    if isinstance(mapping, VialsKeys) and (said := mapping.concentration) is not None:
        concentration = converted(said.amount, said.unit, unit)
        if concentration is None:
            problems.error(f"vials in `{unit}`, and a concentration in `{said.unit}/mL`", said.place, f"write it in `{unit}/mL`")
    ordered = sorted(sizes.items())
    try:
        common_step(tuple(sizes))
    except DosingError as error:
        problems.found += [replace(problem, place=texts[0].place) for problem in error.problems]
        return None
    return Vials(tuple(size for size, _ in ordered), tuple(text for _, text in ordered), unit, concentration)


def to_lifetime(text: AmountText | None) -> LifetimeCap | None:
    """The most that anybody may get."""
    return LifetimeCap(text.amount, text.unit, text.per, text.text) if text is not None else None


def to_values(mapping: StudyKeys, problems: Problems) -> dict[str, Value]:
    """The values that a file declares, by name; two names that differ in case alone are reported."""
    values: dict[str, Value] = {}
    for name, unit in (mapping.values or {}).items():
        if same := next((other for other in values if other.casefold() == name.casefold()), None):
            problems.error(f"`{name}` and `{same}` differ in nothing but case", unit.key.place, "keep one of them")
        values[name] = Value(name, one_line(unit.value) or "")
    return values


def to_rules(mapping: ProductKeys, vials: Vials | None, values: Mapping[str, Value], problems: Problems) -> dict[str, DoseRule]:
    """The dose rules of a product by name; one that cannot be told is reported. values: those that the file declares."""
    rules: dict[str, DoseRule] = {}
    for name, pair in (mapping.doses or {}).items():
        if isinstance(pair.value, AmountText):
            text = pair.value
            rules[name] = DoseRule(name, Dose("stated", text.unit, (Band(text.amount, text.per, upto=text.upto),), text.text), _NO_FACTS)
        elif pair.value is not None:
            found = len(problems.found)
            by = _banded_by(pair.value, values, problems)
            dose = with_levels(pair.value, functools.partial(_dose, name, key=pair.key, vials=vials, by=by), problems)
            wrong = dose is None or len(problems.found) > found  # it stays known by its name: that it is wrong has been said
            rules[name] = DoseRule(name, Dose("not stated") if wrong or dose is None else dose, to_facts(pair.value))
        else:
            rules[name] = DoseRule(name, Dose("not stated"), _NO_FACTS)
    return rules


def _banded_by(mapping: DoseRuleKeys, values: Mapping[str, Value], problems: Problems) -> BandedBy | None:
    """What the bands of a rule are of, which is said where there are some; None where it cannot be told."""
    levels = [pair.value for pair in (mapping.levels or {}).values()]
    if mapping.has("by") and not mapping.has("bands") and not any(isinstance(x, LevelKeys) and x.has("bands") for x in levels):
        said = mapping.by.text if mapping.by is not None else "age"
        hint = "take it out, or write `bands: {<12: 5 mg, 12 or more: 10 mg}`"
        problems.error(f"`by: {said}`, and the rule has no bands", mapping.key_place("by"), hint)
    if mapping.by is None:
        return None if mapping.has("by") else "weight"
    known: dict[str, BandedBy] = {"weight": "weight", "age": "age", **values}
    if (by := known.get(mapping.by.text)) is None:
        wrong = f"`{clip(mapping.by.text)}` is neither `weight` nor `age`, nor a value that the file declares"
        hint = did_you_mean(mapping.by.text, known) or f"declare it at the top: `values: {{{mapping.by.text}: its unit}}`"
        problems.error(wrong, mapping.by.place, hint)
    return by


def _dose(name: str, mapping: DoseRuleKeys, problems: Problems, key: Scalar, vials: Vials | None, by: BandedBy | None) -> Dose | None:
    if mapping.has("amount") == mapping.has("bands") and not mapping.has("levels"):
        both = mapping.has("amount")
        wrong = f"the dose rule `{name}` has {'both `amount` and `bands`' if both else 'neither `amount` nor `bands`'}"
        place = mapping.key_place("bands") if both else key.place
        problems.error(wrong, place, "keep one of them" if both else "write `amount: 10 mg/kg`, or `bands:` with amounts by weight")
        return None
    if by is None:
        return None  # what its bands are of has been reported
    if mapping.has("bands") and mapping.weights is not None:
        wrong = "`weights` beside `bands`"
        problems.error(wrong, mapping.key_place("weights"), "take it out: bands say themselves for which weights they hold")
    by = "weight" if mapping.has("amount") else by
    unread = len(problems.found)
    for pair in (mapping.bands or {}).values():
        try:
            _holds_for(pair.key, by)
        except PhraseError as error:
            problems.found.append(error.problem)
    if len(problems.found) > unread:
        return None
    said = [mapping.amount] if mapping.amount is not None else []
    said += [pair.value for pair in (mapping.bands or {}).values() if isinstance(pair.value, AmountText)]
    if not said:
        return None if problems.found else Dose("not stated")
    unit = said[0].unit
    for text in (*said, mapping.at_most, mapping.round.step if mapping.round else None):
        if text is not None and converted(text.amount, text.unit, unit) is None:
            problems.error(f"`{text.text}` in a dose rule in `{unit}`", text.place, "write all amounts of one rule in one unit")
            return None
    if mapping.amount is not None:
        only = Band(mapping.amount.amount, mapping.amount.per, upto=mapping.amount.upto)
        if mapping.weights is not None:
            only = replace(only, low=mapping.weights.low, high=mapping.weights.high, holds_for=mapping.weights.holds_for)
        bands: tuple[Band, ...] | None = (only,)
    else:
        bands = _bands(mapping.bands or {}, unit, by, problems)
    if mapping.surface is not None and bands is not None and not any(band.per == "m2" for band in bands):
        problems.error("`surface`, and no amount is per m2", mapping.key_place("surface"), "take it out")
    at_most = converted(mapping.at_most.amount, mapping.at_most.unit, unit) if mapping.at_most is not None else None
    rounding = _rounding(mapping.round, unit, vials, problems) if mapping.round is not None else None
    if mapping.at_most is not None and at_most is not None and rounding is not None and not _is_step(at_most, rounding):
        wrong = f"`at most: {mapping.at_most.text}` is not one of the doses that are {mapping.round.text if mapping.round else ''}"
        problems.error(wrong, mapping.at_most.place, "a dose at its cap would not be rounded: mend one of the two")
    if bands is None:
        return None
    surface = mapping.surface or MOSTELLER
    dose = Dose("stated", unit, bands, _in_words(name, mapping, bands), surface=surface, at_most=at_most, rounding=rounding, banded_by=by)
    if mapping.weight is None:
        return dose
    if not _per_kg(dose):
        words = f"`weight: {mapping.weight} (Devine)`, and the amount is not just per kg"
        problems.error(words, mapping.key_place("weight"), "take it out, or write `amount: 10 mg/kg` without `weights`")
        return dose
    return by_reckoned(dose, mapping.weight)


def _per_kg(dose: Dose) -> bool:
    """Whether its amount is per kg for whatever weight: then there is one weight only that can be meant."""
    return all(band.per == "kg" and not band.low and band.high is None for band in dose.bands)


def by_reckoned(dose: Dose, by: ByWeight) -> Dose:
    """The dose by a weight that is reckoned, which its words say."""
    amount = dose.bands[0].text(dose.unit)
    return replace(dose, by=by, rule=(dose.rule or amount).replace(amount, f"{amount} of the {by} weight", 1))


def by_weight_of_product(dose: Dose, by: ByWeight, place: Place, problems: Problems) -> Dose:
    """A dose of a product whose doses are by such a weight, where it does not say so itself."""
    if by == "actual" or dose.by != "actual" or not dose.by_weight:
        return dose
    if not _per_kg(dose):
        words = f"`{dose.rule}` hangs on the body otherwise than per kg, and the product is dosed by the {by} weight"
        problems.error(words, place, "write `weight` in the dose rules that it is meant for, and not under the product")
        return dose
    return by_reckoned(dose, by)


def _bands(pairs: dict[str, Pair[AmountText | NotStated]], unit: str, by: BandedBy, problems: Problems) -> tuple[Band, ...] | None:
    found: list[tuple[ranges.Whole, Band]] = []
    for pair in pairs.values():
        if pair.value is None:
            return None
        holds_for = _holds_for(pair.key, by)
        band = Band(None, "", holds_for.low, holds_for.high, holds_for.holds_for)
        if isinstance(said := pair.value, AmountText):
            upto = converted(said.upto, said.unit, unit) if said.upto is not None else None
            band = replace(band, amount=converted(said.amount, said.unit, unit), per=said.per, upto=upto)
        found.append((holds_for, band))
    found.sort(key=lambda pair: pair[1].low)
    for (one, a), (two, b) in pairwise(found):
        also = [("the other one", one.place)]
        if a.high is None or a.high > b.low:
            shared = _at(by, b.low) if a.high == b.low + 1 else f"the same {by if isinstance(by, str) else 'value'}s"
            hint = f"write `<` before the end that does not belong to its band: `{_examples(by)[0]}`"
            problems.error(f"the bands `{one.text}` and `{two.text}` both hold for {shared}", two.place, hint, also)
        elif a.high < b.low:
            hint = f"let one band begin where the other ends: `{'`, `'.join(_examples(by))}`"
            problems.error(f"the bands `{one.text}` and `{two.text}` leave a gap between them", two.place, hint, also)
    return tuple(band for _, band in found)


def _at(by: BandedBy, low: int) -> str:
    """What a band begins with, in words."""
    if isinstance(by, Value):
        return f"{number_text(Fraction(low, PARTS))} {by.unit}"
    return counted(low, "year") if by == "age" else f"{number_text(low / 1000)} kg"


def _examples(by: BandedBy) -> tuple[str, str]:
    if isinstance(by, Value):
        return "30 to <60", "60 to <90"
    return ("6 to <12 years", "12 to <18 years") if by == "age" else ("40 to <60 kg", "60 to <100 kg")


def _holds_for(key: Scalar, by: BandedBy) -> ranges.Whole:
    """The weights, ages or values of a band. PhraseError."""
    if isinstance(by, Value):
        return ranges.values(key, by)
    if by == "age":
        return ranges.years(key)
    if key.flat.endswith(("year", "years", "years or more")):
        raise PhraseError(f"`{clip(key.flat)}` is a range of ages, and bands are by weight", key.place, "add `by: age` to the rule")
    return ranges.weights(key)


def _rounding(text: RoundText, unit: str, vials: Vials | None, problems: Problems) -> Rounding | None:
    if text.step is not None:
        return Rounding(text.way, converted(text.step.amount, text.step.unit, unit))
    if vials is None:
        problems.error("rounded to whole vials, and the file states none", text.place, "add `vials: [120 mg, 400 mg]` to the product")
        return None
    sizes = tuple(converted(size, vials.unit, unit) for size in vials.sizes)
    known = tuple(size for size in sizes if size is not None)
    if len(known) < len(sizes):
        problems.error(f"rounded to whole vials in `{vials.unit}`, and dosed in `{unit}`", text.place, "write both in one unit")
    return Rounding(text.way, None, known)


def _is_step(amount: Fraction, rounding: Rounding) -> bool:
    """Whether rounding leaves an amount as it is."""
    if rounding.step is not None:
        return (amount / rounding.step).denominator == 1
    scale = math.lcm(amount.denominator, *(size.denominator for size in rounding.sizes))
    whole = np.array([float(amount * scale)])
    return bool(whole_vials(whole, scale, rounding.sizes, "down") == whole)


def _in_words(name: str, mapping: DoseRuleKeys, bands: Sequence[Band]) -> str:
    """The rule in a phrase; the bands themselves stand in `show`."""
    words = [f"{name} by {mapping.by.text if mapping.by is not None else 'weight'} band" if mapping.amount is None else mapping.amount.text]
    if any(band.per == "m2" for band in bands) and mapping.surface not in (None, MOSTELLER):
        words[0] += f" ({mapping.surface.text})"
    words += [mapping.round.text] if mapping.round is not None else []
    words += [f"at most {mapping.at_most.text}"] if mapping.at_most is not None else []
    return ", ".join(words)
