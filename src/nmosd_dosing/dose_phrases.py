"""What is given, as a study file says it: `X 500 mg`, `X 10 mg/kg over 60 min`, `X placebo`, `X not stated`, `nothing`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from nmosd_dosing.doses import UNITS, Kind
from nmosd_dosing.errors import Place, clip, one_of
from nmosd_dosing.fields import PhraseError
from nmosd_dosing.model import NOT_STATED
from nmosd_dosing.source import Scalar

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:e[0-9]{1,2})?"
GIVE_PATTERN = (
    rf"^\s*(?:nothing|\S.*\s(?:placebo|{NOT_STATED.value}|{_NUMBER}\s*(?:{'|'.join(UNITS)})(?:/kg)?)"
    rf"(?:\s+over\s+{_NUMBER}\s*(?:min|h))?)\s*$"
)


@dataclass(frozen=True, slots=True)
class DoseText:
    """`product` is None for `nothing`."""

    product: str | None
    product_place: Place
    kind: Kind
    amount: Fraction | None
    unit: str | None
    per_kg: bool
    minutes: int | None
    rule: str | None
    place: Place


def dose(node: Scalar) -> DoseText:
    """`X 500 mg`, `X 10 mg/kg over 60 min`, `X placebo`, `X not stated`, `nothing`."""
    text = " ".join(node.text.split())
    if text == "nothing":
        return DoseText(None, node.place, "placebo", None, None, False, None, None, node.place)
    body, minutes = _infusion_time(text, node)
    for special in ("placebo", "not stated"):
        if body == special or body.endswith(" " + special):
            product = body.removesuffix(special).strip()
            if not product:
                raise PhraseError(f"which product is `{special}`?", node.place, f"write `PRODUCT {special}`")
            kind: Kind = "placebo" if special == "placebo" else "not stated"
            return DoseText(
                product,
                _product_place(node, product),
                kind,
                None,
                None,
                False,
                minutes,
                "placebo" if special == "placebo" else None,
                node.place,
            )
    match = re.fullmatch(
        r"(?P<product>\S.*?)\s+(?P<number>[-+.]?[0-9][0-9.,]*(?:[eE]\+?[0-9]+)?)\s*(?P<unit>[^0-9\s.,][^0-9]*[0-9]?)?", body
    )
    if not match:
        _explain_dose(body, node)
    number, unit = match["number"], (match["unit"] or "").strip()
    if re.search(r"\s[0-9]+$", match["product"]) or re.match(r"[0-9]", unit):
        raise PhraseError(f"a space inside the number of `{clip(body)}`", node.place, "write the number without spaces")
    if re.search(r",\s", body):
        raise PhraseError(f"several doses in one text: `{clip(body)}`", node.place, f"write a list: `[{clip(text, 80)}]`")
    place = _part(node, number + match["unit"] if match["unit"] else number)
    amount = _amount(number, _part(node, number))
    per_kg = unit.endswith("/kg")
    unit = unit.removesuffix("/kg")
    if not unit:
        behind = "/kg" if per_kg else ""
        ways = f"write `{clip(match['product'])} {number} mg{behind}` or another of {one_of(UNITS)}"
        raise PhraseError(f"`{number}` has no unit", place, ways)
    if unit not in UNITS:
        near = _MEANT.get(unit.lower())
        hint = (
            f"write `{number} {near}{'/kg' if per_kg else ''}`" if near else f"units are {one_of(UNITS)}, each also by weight as in `mg/kg`"
        )
        raise PhraseError(f"unknown unit `{clip(unit)}`", _part(node, unit), hint)
    rule = f"{number} {unit}{'/kg' if per_kg else ''}"
    product = match["product"]
    return DoseText(product, _product_place(node, product), "stated", amount, unit, per_kg, minutes, rule, node.place)


def size(node: Scalar) -> str:
    """`100 mg`: what one vial or the like holds, as a number and a unit."""
    text = " ".join(node.text.split())
    match = re.fullmatch(r"(?P<number>[0-9.][0-9.,]*(?:[eE]\+?[0-9]+)?)\s*(?P<unit>[^0-9\s.,]\S*)?", text)
    if not match:
        hint = f"write a list: `[{clip(text, 80)}]`" if "," in text else "write a number and a unit, for example `100 mg`"
        raise PhraseError(f"expected a size, found `{clip(text)}`", node.place, hint)
    number, unit = match["number"], match["unit"]
    _amount(number, _part(node, number))
    if not unit:
        raise PhraseError(f"`{number}` has no unit", node.place, f"write `{number} mg` or another of {one_of(UNITS)}")
    if unit not in UNITS:
        near = _MEANT.get(unit.lower())
        hint = f"write `{number} {near}`" if near else f"units are {one_of(UNITS)}"
        raise PhraseError(f"unknown unit `{clip(unit)}`", _part(node, unit), hint)
    return f"{number} {unit}"


# Other spellings of the units. Nothing else is guessed: one letter more or less is a thousandfold dose.
_MEANT = {
    **dict.fromkeys(("mgs", "milligram", "milligrams", "毫克"), "mg"),
    **dict.fromkeys(("gm", "gms", "gram", "grams", "克"), "g"),
    **dict.fromkeys(("µg", "μg", "ug", "microgram", "micrograms", "微克"), "mcg"),
    **dict.fromkeys(("ml", "mls", "cc", "milliliter", "millilitre", "milliliters", "millilitres", "毫升"), "mL"),
    **dict.fromkeys(("cell", "个细胞"), "cells"),
    **{unit.lower(): unit for unit in UNITS},
}


def _infusion_time(text: str, node: Scalar) -> tuple[str, int | None]:
    if " over " not in text:
        return text, None
    body, _, time = text.rpartition(" over ")
    match = re.fullmatch(rf"({_NUMBER})\s*(min|h)", time)
    hint = "write the time of the infusion as `over 60 min` or `over 2 h`"
    if not match:
        raise PhraseError(f"expected the time of an infusion, found `{clip(time)}`", _part(node, time), hint)
    minutes = Fraction(match[1]) * (60 if match[2] == "h" else 1)
    if minutes.denominator != 1 or not 1 <= minutes <= 10080:
        raise PhraseError(f"`{clip(time)}` is not a whole number of minutes up to a week", _part(node, time), hint)
    return body, int(minutes)


def _amount(number: str, place: Place) -> Fraction:
    if "," in number:
        whole, _, behind = number.partition(",")
        decimal = f"{whole}.{behind}".rstrip("0").rstrip(".")
        thousands = re.fullmatch(r"[1-9][0-9]{0,2}(,[0-9]{3})+", number)
        plain = number.replace(",", "")
        ways = f"write `{plain}`" if number.count(",") > 1 else f"write `{plain}` or `{decimal}`" if thousands else f"write `{decimal}`"
        raise PhraseError(f"the comma in `{clip(number)}` could separate thousands or decimals", place, clip(ways, 100))
    if re.match(r"0[0-9]", number):
        raise PhraseError(f"`{clip(number)}` begins with a 0", place, f"write `{clip(number.lstrip('0'))}` or `0.…`, whichever is meant")
    if not re.fullmatch(_NUMBER, number) or len(number) > 16:
        raise PhraseError(f"expected an amount, found `{clip(number)}`", place, "write a number such as `500`, `0.5` or `2e6`")
    amount = Fraction(number)
    if amount == 0:
        raise PhraseError("a dose of 0", place, "write `placebo` for a placebo, `nothing` where none is given")
    if amount > 10**13:
        raise PhraseError(f"`{number}` is too large an amount", place)
    return amount


def _explain_dose(body: str, node: Scalar) -> NoReturn:
    if turned := re.fullmatch(rf"({_NUMBER})\s*([a-zA-Zµμ/]+)\s+(\S.*)", body):
        raise PhraseError("the product stands before its amount", node.place, f"write `{turned[3]} {turned[1]} {turned[2]}`")
    if re.match(r"[-+.]?[0-9]", body):
        raise PhraseError(f"which product is `{clip(body)}`?", node.place, f"write `PRODUCT {clip(body)}`")
    if re.search(r"[0-9]\s*[x×]\s*10\^?[0-9]", body):
        raise PhraseError(f"expected an amount, found `{clip(body)}`", node.place, "write the power of ten as in `2e6 cells/kg`")
    hint = "write the product, then a number and a unit, `placebo` or `not stated`: `X 500 mg`, `X 10 mg/kg`"
    raise PhraseError(f"`{clip(body)}` has no amount", node.place, hint)


def _part(node: Scalar, words: str) -> Place:
    at = node.text.rfind(words)
    return node.part(at, at + len(words)) if at >= 0 else node.place


def _product_place(node: Scalar, product: str) -> Place:
    at = node.text.find(product)
    return node.part(at, at + len(product)) if at >= 0 else node.place
