"""The units of doses, in one table: what each measures, how much it is, how else people write it.

A row is all that a new unit of mass, volume or number needs; one that measures something else extends `measures`. The grammar of doses,
the tables of subjects, lifetime caps and vials read their units here.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from msgspec import Struct


class Unit(Struct, frozen=True):
    """`size`: in milligrams, millilitres or single things; what measures the same is converted, exactly. `meant`: other spellings, in
    lower case, for which a message proposes the unit. Nothing else is guessed: one letter more or less is a thousandfold dose.
    `one`: what a single one is called, where that is another word; it is read, too."""

    symbol: str
    measures: Literal["mass", "volume", "cells", "international units", "units", "tablets", "capsules", "puffs"]
    size: Fraction
    meant: tuple[str, ...]
    one: str = ""


TABLE = (
    Unit("mg", "mass", Fraction(1), ("mgs", "milligram", "milligrams", "毫克")),
    Unit("g", "mass", Fraction(1000), ("gm", "gms", "gram", "grams", "克")),
    Unit("mcg", "mass", Fraction(1, 1000), ("µg", "μg", "ug", "microgram", "micrograms", "微克")),
    Unit("mL", "volume", Fraction(1), ("mls", "cc", "milliliter", "millilitre", "milliliters", "millilitres", "毫升")),
    Unit("cells", "cells", Fraction(1), ("cell", "个细胞")),
    Unit("IU", "international units", Fraction(1), ("i.u.", "international units", "国际单位")),
    Unit("U", "units", Fraction(1), ("unit", "units", "单位")),  # an enzyme's or a hormone's own: never taken for IU
    Unit("tablets", "tablets", Fraction(1), ("tab", "tabs", "片"), one="tablet"),
    Unit("capsules", "capsules", Fraction(1), ("cap", "caps", "粒"), one="capsule"),
    Unit("puffs", "puffs", Fraction(1), ("inhalation", "inhalations", "spray", "sprays", "喷"), one="puff"),
)
UNITS = tuple(unit.symbol for unit in TABLE)
_SINGULAR = {unit.one: unit.symbol for unit in TABLE if unit.one}
WRITTEN = (*UNITS, *_SINGULAR)  # as units may be written
MEANT = {spelling: unit.symbol for unit in TABLE for spelling in (*unit.meant, unit.symbol.lower())}
_BY_SYMBOL = {unit.symbol: unit for unit in TABLE}
_CONVERTED = [unit.symbol for unit in TABLE if sum(other.measures == unit.measures for other in TABLE) > 1]
CONVERTED_TEXT = f"{', '.join(_CONVERTED[:-1])} and {_CONVERTED[-1]} are converted"


def converted(amount: Fraction, unit: str | None, to: str | None) -> Fraction | None:
    """An amount in another unit, exactly; None where the two do not measure the same."""
    if unit == to:
        return amount
    one, other = _BY_SYMBOL.get(unit or ""), _BY_SYMBOL.get(to or "")
    if one is None or other is None or one.measures != other.measures:
        return None
    return amount * one.size / other.size


def unit_of(written: str) -> str:
    """The unit that a word writes: `tablets` for `tablet`; any other word stays as it is."""
    return _SINGULAR.get(written, written)


def singular(unit: str) -> str:
    """What a single one is called: `tablet` for `tablets`; `mg` for `mg`."""
    return (_BY_SYMBOL[unit].one if unit in _BY_SYMBOL else "") or unit
