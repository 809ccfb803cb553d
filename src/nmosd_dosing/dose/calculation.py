"""From a dose and a body to an amount, exactly, for one person or a million: the only place where a dose is worked out.

A weight is whole grams, a height whole millimetres, a body surface whole square centimetres, and a dose whole numbers of 1/scale of
its unit: amount = (flat + per_gram x grams + per_cm2 x cm2) / scale. So 10 mg/kg at 102.5 kg is 1025 mg, not 1024.9999999; and so is a sum.
A range is two doses, its least and its most, and each is worked out like any other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from nmosd_dosing.dose.dose import KNOWN, MOSTELLER, AmountStatus, Band, BandedBy, ByWeight, Dose, Sex, Surface, Value, Way
from nmosd_dosing.dose.vials import whole_vials

Wholes = NDArray[np.float64]  # whole numbers; NaN where not known
Statuses = NDArray[np.uint8]


class Bodies(NamedTuple):
    """What doses are by beside weight, of n subjects: (n,) height in whole millimetres; 1 for a man, 0 for a woman; age on day 1 in
    completed years; by name the latest recorded values, in whole millionths. NaN where it is not known."""

    mm: Wholes
    male: Wholes
    years: Wholes
    values: Mapping[str, Wholes]


class WholeBand(Struct, frozen=True):
    """A band in whole numbers; `known`: whether its amount is stated."""

    low: int
    high: int | None
    flat: int
    per_gram: int
    per_cm2: int
    known: bool

    @property
    def holds_for_all(self) -> bool:
        return self.low == 0 and self.high is None and self.known


class WholeDose(Struct, frozen=True):
    """A dose in whole numbers of 1/`scale` of its unit. `step`, `cap`: None where there is none; `sizes`: of the vials it is rounded to.
    `most`: of a range the other end; this one is its least."""

    scale: int
    status: AmountStatus
    bands: tuple[WholeBand, ...] = ()
    times: int = 1
    surface: Surface = MOSTELLER
    cap: int | None = None
    way: Way = "up"
    step: int | None = None
    sizes: tuple[Fraction, ...] = ()
    most: WholeDose | None = None
    by: ByWeight = "actual"
    banded_by: BandedBy = "weight"

    @property
    def by_weight(self) -> bool:
        banded = self.banded_by == "weight" and any(not b.holds_for_all for b in self.bands)
        return banded or any(b.per_gram or b.per_cm2 for b in self.bands)

    @property
    def by_surface(self) -> bool:
        return any(b.per_cm2 for b in self.bands)

    @property
    def is_plain(self) -> bool:
        """Whether its amount hangs on nothing, or is just so much per kg: the commonest doses, and the quickest."""
        if self.banded_by != "weight":
            return False
        ruled = self.cap is not None or self.step is not None or bool(self.sizes) or self.most is not None or self.by != "actual"
        return not ruled and all(b.holds_for_all and not b.per_cm2 for b in self.bands)


def denominators(dose: Dose) -> Iterator[int]:
    """What a scale must be a multiple of, for the dose to be whole numbers."""
    for band in dose.bands:
        yield from (part.denominator for part in _parts(band))
        yield from (part.denominator for part in _parts(replace(band, amount=band.upto)))
    if dose.at_most is not None:
        yield dose.at_most.denominator
    if dose.rounding is not None:
        yield from (size.denominator for size in (dose.rounding.step or Fraction(1), *dose.rounding.sizes))


def _parts(band: Band) -> tuple[Fraction, Fraction, Fraction]:
    """The amount of a band as (flat, per gram, per square centimetre)."""
    amount, none = band.amount or Fraction(0), Fraction(0)
    if band.per == "kg":
        return none, amount / 1000, none
    return (none, none, amount / 10_000) if band.per == "m2" else (amount, none, none)


def to_whole(dose: Dose, scale: int) -> WholeDose:
    """The dose in whole numbers; `scale` is a multiple of its denominators."""
    if (ends := dose.ends) is not None:
        least, most = (to_whole(end, scale) for end in ends)
        return replace(least, most=most)
    bands = []
    for band in dose.bands:
        flat, per_gram, per_cm2 = (int(part * scale) for part in _parts(band))
        bands.append(WholeBand(band.low, band.high, flat, per_gram, per_cm2, band.amount is not None))
    cap = None if dose.at_most is None else int(dose.at_most * scale)
    if dose.rounding is None:
        return WholeDose(scale, dose.status, tuple(bands), dose.times or 1, dose.surface, cap, by=dose.by, banded_by=dose.banded_by)
    step = None if dose.rounding.step is None else int(dose.rounding.step * scale)
    return WholeDose(
        scale, dose.status, tuple(bands), dose.times or 1, dose.surface, cap, dose.rounding.way, step, dose.rounding.sizes,
        by=dose.by, banded_by=dose.banded_by,
    )  # fmt: skip


def surface(grams: Wholes, mm: Wholes, by: Surface) -> Wholes:
    """(n,) body surface in whole square centimetres; NaN where weight or height is not known.

    Mosteller (N Engl J Med 1987; 317: 1098): the root of cm x kg / 3600, in m2. Du Bois and Du Bois (Arch Intern Med 1916; 17: 863):
    0.007184 x kg^0.425 x cm^0.725. Haycock, Schwartz and Wisotsky (J Pediatr 1978; 93: 62): 0.024265 x kg^0.5378 x cm^0.3964. Boyd
    (The growth of the surface area of the human body, 1935): 0.0003207 x cm^0.3 x g^(0.7285 - 0.0188 log10 g). To a coarser step it is
    rounded once, from what the formula gives, and a half goes up.
    """
    kg, cm = grams / 1000, mm / 10
    match by.formula:
        case "Mosteller":
            cm2 = np.sqrt(grams * mm) * 5 / 3
        case "Du Bois":
            cm2 = 71.84 * kg**0.425 * cm**0.725
        case "Haycock":
            cm2 = 242.65 * kg**0.5378 * cm**0.3964
        case "Boyd":
            cm2 = 3.207 * cm**0.3 * grams ** (0.7285 - 0.0188 * np.log10(grams))
    return np.rint(cm2) if by.step == 1 else np.floor(cm2 / by.step + 0.5) * by.step


def surface_m2(kg: float, cm: float, by: Surface) -> Fraction:
    """The body surface of one body in m2, as doses are reckoned by it."""
    return Fraction(int(surface(np.array([round(kg * 1000)]), np.array([round(cm * 10)]), by)[0]), 10_000)


_SHORTEST_MM = 1524  # 60 inches
_IDEAL_GRAMS = 45_500, 4_500, 2_300  # of a woman of that height, more of a man, and for each inch more
_INCH = 127  # in fifths of a millimetre


def ideal_grams(mm: Wholes, male: Wholes) -> Wholes:
    """(n,) the ideal weight in whole grams; NaN where height or sex is not known, and for whoever is below 60 inches.

    Devine (Drug Intell Clin Pharm 1974; 8: 650): 50 kg, of a woman 45.5 kg, and 2.3 kg for each inch of height over 60. Below that it
    says nothing, and neither does this.
    """
    return np.rint(_ideal(mm, male) / _INCH)


def _ideal(mm: Wholes, male: Wholes) -> Wholes:
    """(n,) the ideal weight in whole numbers of 1/127 g, which are exact."""
    woman, more, inch = _IDEAL_GRAMS
    return np.where(mm >= _SHORTEST_MM, _INCH * (woman + more * male) + inch * 5 * (mm - _SHORTEST_MM), np.nan)


def weight_by(by: ByWeight, grams: Wholes, mm: Wholes, male: Wholes) -> tuple[Wholes, Statuses]:
    """(n,) the weight in whole grams that an amount per kg is by, NaN where there is none; and (n,) why.

    The adjusted weight is the ideal one, before that is rounded, and 0.4 of what the measured one is above it (below it: less), to the
    gram.
    """
    status = np.full(len(grams), AmountStatus.STATED, dtype=np.uint8)
    if by == "actual":
        status[np.isnan(grams)] = AmountStatus.NEEDS_WEIGHT
        return grams, status
    status[mm < _SHORTEST_MM] = AmountStatus.TOO_SHORT
    status[np.isnan(male)] = AmountStatus.NEEDS_SEX
    status[np.isnan(mm)] = AmountStatus.NEEDS_HEIGHT
    if by == "adjusted":
        status[np.isnan(grams)] = AmountStatus.NEEDS_WEIGHT
        return np.rint((3 * _ideal(mm, male) + 2 * _INCH * grams) / (5 * _INCH)), status
    return ideal_grams(mm, male), status


def weight_by_kg(by: ByWeight, kg: float, cm: float | None, sex: Sex | None) -> float | None:
    """The weight of one body that an amount per kg is by; None where there is none."""
    mm, male = (np.nan if cm is None else round(cm * 10)), {"M": 1.0, "F": 0.0}.get(sex or "", np.nan)
    found = weight_by(by, np.array([np.rint(kg * 1000)]), np.array([float(mm)]), np.array([male]))[0][0]
    return None if np.isnan(found) else float(found) / 1000


def reckon(dose: WholeDose, grams: Wholes, bodies: Bodies) -> tuple[Wholes, Statuses | AmountStatus]:
    """(n,) the amount of one administration, in whole numbers of 1/scale, NaN where there is none; and (n,) why, or one for all. A range
    whose ends come to the same, as both may to the highest dose, is that amount; else there is none."""
    if dose.status == AmountStatus.STATED and dose.most is not None:
        (low, why), (high, _) = reckon(replace(dose, most=None), grams, bodies), reckon(dose.most, grams, bodies)
        status = np.array(np.broadcast_to(np.uint8(why) if isinstance(why, AmountStatus) else why, len(grams)))
        differ = low != high
        status[differ & np.isin(status, KNOWN)] = AmountStatus.RANGE
        return np.where(differ, np.nan, low), status
    if dose.status != AmountStatus.STATED:
        return np.full(len(grams), np.nan), dose.status
    if dose.by != "actual":
        weight, lacking = weight_by(dose.by, grams, bodies.mm, bodies.male)
        whole, otherwise = reckon(replace(dose, by="actual"), weight, bodies)
        return whole, np.where(lacking == AmountStatus.STATED, np.asarray(otherwise, dtype=np.uint8), lacking)
    if dose.is_plain:
        band = dose.bands[0] if dose.bands else None
        if band is None or not band.per_gram:
            return np.full(len(grams), float(band.flat if band else 0)), AmountStatus.STATED
        whole = grams * band.per_gram
        missing = np.isnan(whole)
        return whole, _where(missing, AmountStatus.NEEDS_WEIGHT) if missing.any() else AmountStatus.STATED
    whole, status = _by_band(dose, grams, bodies)
    return _limited(dose, whole, status, _banded(dose.banded_by, grams, bodies)[2])


def _where(chosen: NDArray[np.bool_], status: AmountStatus) -> Statuses:
    return np.where(chosen, np.uint8(status), np.uint8(AmountStatus.STATED))


def _by_band(dose: WholeDose, grams: Wholes, bodies: Bodies) -> tuple[Wholes, Statuses]:
    whole = np.full(len(grams), np.nan)
    by_weight = dose.banded_by == "weight"
    measured, lacking, beyond = _banded(dose.banded_by, grams, bodies)
    status = np.full(len(grams), beyond, dtype=np.uint8)
    cm2 = surface(grams, bodies.mm, dose.surface) if dose.by_surface else grams
    for band in dose.bands:
        inside = (measured >= band.low) & (measured < (math.inf if band.high is None else band.high))
        if by_weight and band.low == 0 and band.high is None and not (band.per_gram or band.per_cm2):
            inside[:] = True  # whoever's weight is not known, too
        status[inside] = AmountStatus.STATED if band.known else AmountStatus.NOT_STATED
        if band.known:
            amount = np.full(len(grams), float(band.flat))
            if band.per_gram:
                amount += grams * band.per_gram
            if band.per_cm2:
                amount += cm2 * band.per_cm2
                status[inside & np.isnan(cm2)] = AmountStatus.NEEDS_HEIGHT
            if not by_weight and (band.per_gram or band.per_cm2):  # of the other bands nobody needs the weight
                status[inside & np.isnan(grams)] = AmountStatus.NEEDS_WEIGHT
            whole = np.where(inside, amount, whole)
    if not by_weight or dose.by_weight:
        status[np.isnan(measured)] = lacking
    return whole, status


def _banded(by: BandedBy, grams: Wholes, bodies: Bodies) -> tuple[Wholes, AmountStatus, AmountStatus]:
    """What bands are ranges of: (n,) of the subjects; and what is said where it is not known, or in no band."""
    if isinstance(by, Value):
        return bodies.values.get(by.name, np.full(len(grams), np.nan)), AmountStatus.NEEDS_VALUE, AmountStatus.VALUE_OUT_OF_RANGE
    if by == "age":
        return bodies.years, AmountStatus.NEEDS_AGE, AmountStatus.AGE_OUT_OF_RANGE
    return grams, AmountStatus.NEEDS_WEIGHT, AmountStatus.OUT_OF_RANGE


def _limited(dose: WholeDose, whole: Wholes, status: Statuses, nowhere: AmountStatus) -> tuple[Wholes, Statuses]:
    """Rounded, and then not above the cap. What is rounded to nothing is no dose: the rule does not hold for so light a body,
    or it is `nowhere`."""
    if dose.sizes and dose.way != "half even":
        whole = whole_vials(whole, dose.scale, dose.sizes, dose.way)
    elif dose.step is not None:
        whole = _to_step(whole, dose.step, dose.way)
    nothing = whole == 0
    if nothing.any():
        status[nothing] = AmountStatus.OUT_OF_RANGE if dose.by_weight else nowhere
        whole = np.where(nothing, np.nan, whole)
    if dose.cap is not None:
        status[whole > dose.cap] = AmountStatus.CAPPED
        whole = np.minimum(whole, float(dose.cap))
    return whole, status


def _to_step(whole: Wholes, step: int, way: Way) -> Wholes:
    known = np.nan_to_num(whole).astype(np.int64)
    down, rest = np.divmod(known, step)
    if way == "up":
        down += rest > 0
    elif way == "half even":
        down += (2 * rest > step) | ((2 * rest == step) & (down % 2 == 1))
    return np.where(np.isnan(whole), np.nan, (down * step).astype(np.float64))
