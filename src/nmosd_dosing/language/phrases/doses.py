"""What is given, as a study file says it: `X 500 mg`, `X 10 mg/kg over 60 min`, `X 20 mg daily`, `X 2 puffs as needed`, `X 5 to 10 mg/kg`,
`X loading`, `X placebo`, `nothing`.

And what is said of doses under a product: `375 mg/m2`, `up to 50 mg`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.dose.dose import Kind, Lead, Per, Way, amount_text, range_text
from nmosd_dosing.dose.units import MEANT, UNITS, WRITTEN, unit_of
from nmosd_dosing.errors import Place, clip, one_of
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import how_often, tapers
from nmosd_dosing.language.phrases.hours import TIME, minutes
from nmosd_dosing.language.phrases.how_often import HOUR
from nmosd_dosing.language.phrases.prescriptions import READ_DAILY, in_own_words, refuse_described_amount, refuse_prescription
from nmosd_dosing.language.phrases.tapers import TAPER_PATTERN, TaperText
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.facts import NOT_STATED

_NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE]\+?[0-9]{1,2})?"
_AMOUNT = rf"{_NUMBER}\s*(?:{'|'.join(WRITTEN)})"
_RANGE = rf"(?:{_NUMBER}\s+to\s+)?{_AMOUNT}"
_RULE = r"[a-z][a-z0-9-]*"
_NAMED = rf"[^\W\d_](?:(?!\s[0-9]).)*\s(?!(?:{'|'.join(WRITTEN)})\b){_RULE}"  # no number stands by itself in it
_DAILY = rf"(?:daily|twice daily|[0-9]+ times daily|{READ_DAILY})(?:\s+at\s+{HOUR}(?:\s+and\s+{HOUR})*)?"
_AS_NEEDED = r"as\s+needed(?:,\s+at\s+most\s+(?:once|twice|[0-9]+\s+times)\s+daily)?"
GIVE_PATTERN = (
    rf"^\s*(?:nothing|(?:\S.*\s(?:placebo|{NOT_STATED.value}|{_RANGE}(?:/kg|/m2)?)|{_NAMED})"
    rf"(?:\s+(?:{_DAILY}(?:{TAPER_PATTERN})?|{_AS_NEEDED}))?(?:\s+over\s+{TIME})?(?:\s+{TIME}\s+(?:before|after)\s+\S.*)?)\s*$"
)
AMOUNT_PATTERN = rf"^\s*{_AMOUNT}(?:/kg|/m2)?\s*$"
DOSE_AMOUNT_PATTERN = rf"^\s*{_RANGE}(?:/kg|/m2)?\s*$"
SIZE_PATTERN = rf"^\s*{_AMOUNT}\s*$"
ROUND_PATTERN = rf"^\s*(?:(?:up|down|half even)\s+to\s+{_AMOUNT}|(?:up|down)\s+to\s+whole\s+vials)\s*$"
RULE_PATTERN = rf"^{_RULE}$"
LEVEL_PATTERN = rf"^(?:[-+]?[0-9]+|{_RULE})$"
VALUE_PATTERN = r"^[A-Za-z][A-Za-z0-9-]{0,39}$"


_NUMBERS = r"[0-9][0-9.,]*(?:[eE]\+?[0-9]+)?"  # what is meant as a number
_UNIT_LIKE = r"[^0-9\s.,][^0-9]*[0-9]?"


class AmountText(Struct, frozen=True):
    """`10 mg/kg`, as it was written; of a range `upto` is its other end."""

    amount: Fraction
    unit: str
    per: Per
    text: str
    place: Place
    upto: Fraction | None = None


class DoseText(Struct, frozen=True):
    """`product` is None for `nothing`; `named` is the name of a dose rule of the product, in place of an amount.

    `rule` holds the words of the amount, `daily` those of how often. `as_needed`: it is given when it is needed, at most `most_daily` times
    on a day, where that is stated. `taper`: how it is reduced, and the amount of each of its `steps`.
    """

    product: str | None
    product_place: Place
    kind: Kind | Literal["named"]
    place: Place
    amount: AmountText | None = None
    named: str | None = None
    rule: str | None = None
    daily: str | None = None
    times: int | None = None
    hours: tuple[str, ...] = ()
    minutes: int | None = None
    lead: Lead | None = None
    as_needed: bool = False
    most_daily: int | None = None
    taper: TaperText | None = None
    steps: tuple[Fraction, ...] = ()

    @property
    def unit(self) -> str | None:
        return self.amount.unit if self.amount is not None else None


def dose(node: Scalar) -> DoseText:
    """`X 500 mg`, `X 10 mg/kg over 60 min`, `X 20 mg twice daily`, `X loading 30 min before Y`, `X placebo`, `nothing`."""
    text = node.flat
    if text == "nothing":
        return DoseText(None, node.place, "placebo", node.place)
    text, taper = tapers.split(text, node, amount)
    text, as_needed, most = how_often.as_needed(in_own_words(text), node)
    refuse_prescription(text, node, f"daily, {taper.text}" if taper else as_needed or "")
    body, lead = _lead(text, node)
    body, over = how_often.infusion_time(body, node)
    body, daily, times, hours = how_often.daily(body, node)
    if as_needed and daily is not None:
        hint = f"keep one of the two; the most in a day is `as needed, at most {'once ' if daily == 'daily' else ''}{daily}`"
        raise PhraseError(f"`{clip(daily)}` and `as needed`", node.place_of(daily), hint if not hours else "keep one of the two")
    found = _what(body, text, node)
    steps = tapers.amounts(found.amount, taper, daily) if taper is not None else ()
    return replace(
        found, daily=as_needed or daily, times=times, hours=hours, minutes=over, lead=lead, as_needed=bool(as_needed), most_daily=most,
        taper=taper, steps=steps,
    )  # fmt: skip


def _what(body: str, text: str, node: Scalar) -> DoseText:
    """The product, and how much of it."""
    kind: Kind
    for special, kind in (("placebo", "placebo"), (NOT_STATED.value, "not stated")):
        if body == special or body.endswith(" " + special):
            product = body.removesuffix(special).strip()
            if not product:
                raise PhraseError(f"which product is `{special}`?", node.place, f"write `PRODUCT {special}`")
            rule = "placebo" if kind == "placebo" else None
            return DoseText(product, node.place_of(product, first=True), kind, node.place, rule=rule)
    ranged = re.fullmatch(rf"(?P<product>\S.*?) (?P<range>{_NUMBERS} to {_NUMBERS} ?{_UNIT_LIKE})", body)
    if ranged is not None:
        product = ranged["product"]
        found = _range(ranged["range"], Scalar(ranged["range"], node.place_of(ranged["range"])))
        return DoseText(product, node.place_of(product, first=True), "stated", node.place, found, rule=found.text)
    match = re.fullmatch(rf"(?P<product>\S.*?)\s+(?P<number>[-+.]?{_NUMBERS})\s*(?P<unit>{_UNIT_LIKE})?", body)
    if not match:
        named = re.fullmatch(rf"(?P<product>[^\W\d_].*?)\s+(?P<rule>{_RULE})", body)
        if not named or re.search(r"[0-9]\s*[x×]\s*10", body) or named["rule"] in WRITTEN or named["rule"] in MEANT:
            explain_dose(body, node)
        product, name = named["product"], named["rule"]
        return DoseText(product, node.place_of(product, first=True), "named", node.place, named=name)
    number, unit = match["number"], (match["unit"] or "").strip()
    if re.search(r"\s[0-9]+$", match["product"]) or re.match(r"[0-9]", unit):
        raise PhraseError(f"a space inside the number of `{clip(body)}`", node.place, "write the number without spaces")
    if re.search(r",\s", body):
        raise PhraseError(f"several doses in one text: `{clip(body)}`", node.place, f"write a list: `[{clip(text, 80)}]`")
    if (parts := re.split(r"\s+(?:\+|&|and|plus)\s+(?=[^\W\d_])", text))[1:] and all(re.search(r"\s[0-9]", part) for part in parts):
        raise PhraseError(f"several doses in one text: `{clip(body)}`", node.place, f"write a list: `[{clip(', '.join(parts), 80)}]`")
    place = node.place_of(number + match["unit"] if match["unit"] else number)
    amount = _amount(number, node.place_of(number))
    product = match["product"]
    found = _with_unit(number, amount, unit, node, place, before=f"{clip(product)} ")
    return DoseText(product, node.place_of(product, first=True), "stated", node.place, found, rule=found.text)


def _with_unit(number: str, amount: Fraction, unit: str, node: Scalar, place: Place, before: str = "", per: bool = True) -> AmountText:
    """A number with its unit, and what it is per."""
    way: Per = "kg" if unit.endswith("/kg") else "m2" if unit.endswith("/m2") else ""
    behind = f"/{way}" if way else ""
    unit = unit_of(unit.removesuffix(behind))
    if not unit:
        raise PhraseError(f"`{number}` has no unit", place, f"write `{before}{number} mg{behind}` or another of {one_of(UNITS)}")
    if unit not in UNITS:
        base, slash, of = unit.partition("/")
        near = MEANT.get(base.lower())
        surface = slash and of in ("m²", "m^2", "sqm", "M2", "m 2")
        weight = slash and of.lower() in ("kg", "kgs", "kilogram")
        per_what = "/m2" if surface else "/kg" if weight else behind
        hint = f"write `{number} {near}{per_what}`" if near and (surface or weight or not slash) else None
        if re.match(r"(?:minutes?|mins?|hours?|hrs?|h)\b.*\b(?:before|after)\b", unit):
            hint = "write a lead time in `min` or `h`: `30 min before Y`"
        elif re.fullmatch(r"(?:days?|weeks?)", unit):
            hint = "the days stand in `at`, for example `relapse to relapse + 4 days`; here write `daily`"
        if words := re.search(r"\s(every|days? (?:before|after))", unit):
            lead = words[1] != "every"
            hint = "lead times are in `min` or `h`" if lead else "write how often as `daily`, `twice daily` or `4 times daily`"
        ways = ", each also by weight as in `mg/kg`, by body surface as in `mg/m2`" if per else ""
        raise PhraseError(f"unknown unit `{clip(unit)}`", node.place_of(unit), hint or f"units are {one_of(UNITS)}{ways}")
    if way and not per:
        raise PhraseError(f"`{number} {unit}{behind}` is per {way}", node.place, f"write a plain amount, for example `{number} {unit}`")
    return AmountText(amount, unit, way, f"{number} {amount_text(amount, unit).rpartition(' ')[2]}{behind}", node.place)


def amount(node: Scalar) -> AmountText:
    """`500 mg`, `10 mg/kg`, `375 mg/m2`."""
    return _amount_text(node, "an amount", "10 mg/kg", per=True)


def dose_amount(node: Scalar) -> AmountText:
    """The same, or a range: `5 to 10 mg/kg`."""
    if re.fullmatch(rf"{_NUMBERS} to {_NUMBERS} ?[^0-9\s.,]\S*", node.flat):
        return _range(node.flat, node)
    return _amount_text(node, "an amount", "10 mg/kg", per=True, ranged=True)


def _range(text: str, node: Scalar) -> AmountText:
    """`5 to 10 mg/kg`: from so much to so much, both included."""
    match = re.fullmatch(rf"({_NUMBERS}) to ({_NUMBERS}) ?(.+)", text)
    assert match is not None
    low = _amount(match[1], node.place_of(match[1]))
    high = _with_unit(match[2], _amount(match[2], node.place_of(match[2])), match[3], node, node.place_of(match[3]))
    if high.amount <= low:
        hint = (
            f"write the lower one first: `{match[2]} to {match[1]} {match[3]}`" if high.amount < low else f"write `{match[2]} {match[3]}`"
        )
        raise PhraseError(f"no amounts lie between `{match[1]}` and `{match[2]}`", node.place, hint)
    per = f"/{high.per}" if high.per else ""
    return replace(high, amount=low, upto=high.amount, text=f"{range_text(low, high.amount, high.unit)}{per}")


def band_amount(node: Scalar) -> AmountText | None:
    """The same; None for `not stated`."""
    return None if node.text.strip() == NOT_STATED.value else dose_amount(node)


def size(node: Scalar) -> AmountText:
    """`100 mg`: what one vial or the like holds."""
    return _amount_text(node, "a size", "100 mg", per=False)


def flat(node: Scalar) -> AmountText:
    """`1000 mg`: an amount of a whole dose."""
    return _amount_text(node, "an amount", "1000 mg", per=False)


def _amount_text(node: Scalar, what: str, example: str, per: bool, ranged: bool = False) -> AmountText:
    text = node.flat
    refuse_described_amount(text, node, ranged=ranged)
    how_often.refuse_behind_amount(text, node)
    match = re.fullmatch(r"(?P<number>[0-9.][0-9.,]*(?:[eE]\+?[0-9]+)?)\s*(?P<unit>[^0-9\s.,]\S*)?", text)
    if not match:
        hint = f"write a list: `[{clip(text, 80)}]`" if "," in text else f"write a number and a unit, for example `{example}`"
        if re.fullmatch(r"(?i)(?:stop|discontinue|withdraw|off)(?:ped|d|n)?(?: (?:treatment|dosing|drug))?|none|nothing|no dose", text):
            hint = (
                "leave it out, or write `not stated`: no dose is stated from there on; that treatment ends is the event `treatment_stopped`"
            )
        raise PhraseError(f"expected {what}, found `{clip(text)}`", node.place, hint)
    number = match["number"]
    found = _amount(number, node.place_of(number), zero=what)
    return _with_unit(number, found, match["unit"] or "", node, node.place if not match["unit"] else node.place_of(match["unit"]), per=per)


def concentration(node: Scalar) -> AmountText:
    """`80 mg/mL`: how much is in a millilitre of what is drawn up."""
    text = node.flat
    if not text.endswith("/mL"):
        raise PhraseError(f"expected a concentration, found `{clip(text)}`", node.place, "write it per millilitre, for example `80 mg/mL`")
    return _amount_text(Scalar(text.removesuffix("/mL"), node.place), "a concentration", "80 mg/mL", per=False)


CONCENTRATION_PATTERN = rf"^\s*{_AMOUNT}/mL\s*$"


class RoundText(Struct, frozen=True):
    """`up to 50 mg`, `down to whole vials`: `step` is None for vials."""

    way: Way
    step: AmountText | None
    text: str
    place: Place


def rounding(node: Scalar) -> RoundText:
    """`up to 50 mg`, `half even to 10 mg`, `down to whole vials`."""
    text = node.flat
    hint = "write `up to 50 mg`, `down to 50 mg`, `half even to 50 mg`, or `up to whole vials`"
    if near := re.fullmatch(rf"(?:to )?(?:the )?nearest (?:to )?({_AMOUNT})", text):
        hint = f"write `half even to {near[1]}`: to the nearest, and from the middle to the even multiple"
    match = re.fullmatch(r"(up|down|half even) to (.+)", text)
    if not match:
        raise PhraseError(f"expected how to round, found `{clip(text)}`", node.place, hint)
    way: Way = "up" if match[1] == "up" else "down" if match[1] == "down" else "half even"
    if match[2] == "whole vials":
        if way == "half even":
            wrong = "to whole vials doses are rounded up or down"
            raise PhraseError(wrong, node.place, "write `up to whole vials` or `down to whole vials`")
        return RoundText(way, None, f"rounded {text}", node.place)
    return RoundText(way, flat(Scalar(match[2], node.place_of(match[2]))), f"rounded {text}", node.place)


def _lead(text: str, node: Scalar) -> tuple[str, Lead | None]:
    """The text without its lead time, and that."""
    match = re.fullmatch(rf"(\S.*?)\s+({TIME})\s+(before|after)\s+(\S.*)", text)
    if not match:
        return text, None
    long = minutes(match[2], node.place_of(match[2]), "write for example `30 min before Y`", least=0)
    return match[1], Lead(-long if match[3] == "before" else long, match[4], f"{match[2]} {match[3]} {match[4]}")


def _amount(number: str, place: Place, zero: str = "a dose") -> Fraction:
    if "," in number:
        whole, _, behind = number.partition(",")
        decimal = f"{whole}.{behind}".rstrip("0").rstrip(".")
        thousands = re.fullmatch(r"[1-9][0-9]{0,2}(,[0-9]{3})+", number)
        plain = number.replace(",", "")
        ways = (
            f"write `{plain}`"
            if number.count(",") > 1
            else f"write `{plain}`, or `{decimal}` if it is a decimal comma"
            if thousands
            else f"write `{decimal}`"
        )
        raise PhraseError(f"the comma in `{clip(number)}` could separate thousands or decimals", place, clip(ways, 100))
    if point := re.fullmatch(r"([1-9][0-9]{0,2})\.([0-9]{2}0)", number):  # 54.543 is a decimal: who writes thousands writes round ones
        decimal, plain = number.rstrip("0").rstrip("."), point[1] + point[2]
        hint = f"write `{decimal}`, or `{plain}` if the point is between thousands"
        raise PhraseError(f"the point in `{number}` could separate thousands or decimals", place, hint)
    if re.match(r"0[0-9]", number):
        raise PhraseError(f"`{clip(number)}` begins with a 0", place, f"write `{clip(number.lstrip('0'))}` or `0.…`, whichever is meant")
    if not re.fullmatch(_NUMBER, number) or len(number) > 16:
        raise PhraseError(f"expected an amount, found `{clip(number)}`", place, "write a number such as `500`, `0.5` or `2e6`")
    amount = Fraction(number)
    if amount == 0:
        hint = "write `placebo` for a placebo, `nothing` where none is given" if zero == "a dose" else "write a number above 0"
        raise PhraseError(f"{zero} of 0", place, hint)
    if amount > 10**13:
        raise PhraseError(f"`{number}` is too large an amount", place)
    return amount


def explain_dose(body: str, node: Scalar) -> NoReturn:
    """Raises PhraseError: what is wrong with a text without an amount."""
    if turned := re.fullmatch(rf"({_NUMBER})\s*([a-zA-Zµμ/]+)\s+(\S.*)", body):
        raise PhraseError("the product stands before its amount", node.place, f"write `{turned[3]} {turned[1]} {turned[2]}`")
    if re.match(r"[-+.]?[0-9]", body):
        raise PhraseError(f"which product is `{clip(body)}`?", node.place, f"write `PRODUCT {clip(body)}`")
    if re.search(r"[0-9]\s*[x×]\s*10\^?[0-9]", body):
        raise PhraseError(f"expected an amount, found `{clip(body)}`", node.place, "write the power of ten as in `2e6 cells/kg`")
    hint = "write the product, then a number and a unit, `placebo` or `not stated`: `X 500 mg`, `X 10 mg/kg`"
    raise PhraseError(f"`{clip(body)}` has no amount", node.place, hint)


def rule_name(node: Scalar) -> Scalar:
    """The name of a dose rule: `loading`; no word that means something else where a dose is written."""
    if node.text in WRITTEN or node.text in MEANT:
        wrong = f"`{clip(node.text)}` is a unit: as the name of a dose rule it would read like a dose without its number"
        raise PhraseError(wrong, node.place, f"write for example `{node.text.lower()}-dose`")
    if node.text in ("placebo", "nothing", "daily"):
        wrong = f"`{node.text}` has a meaning of its own where a dose is written, so no dose rule is called that"
        raise PhraseError(wrong, node.place, f"write for example `{node.text}-dose`")
    if not re.fullmatch(RULE_PATTERN, node.text) or len(node.text) > 40:
        wrong = f"`{clip(node.text)}` is not the name of a dose rule: lower-case letters, digits and hyphens, a letter first"
        raise PhraseError(wrong, node.place, "write for example `loading`")
    return node


def value_name(node: Scalar) -> Scalar:
    """The name of a value that doses are by: `eGFR`, `CD19`."""
    taken = node.text.casefold() in ("weight", "age", "height", "sex", "surface")
    if taken or not re.fullmatch(VALUE_PATTERN, node.text):
        wrong = "is always known" if taken else "is not the name of a value: letters, digits and hyphens, a letter first"
        hint = "take it out: nobody declares it" if taken else "write for example `values: {eGFR: mL/min/1.73m2}`"
        wrong = f"`{clip(node.text)}` {wrong}"
        raise PhraseError(wrong, node.place, hint)
    return node


def level_name(node: Scalar) -> Scalar:
    """The name of a dose level: `-1`, `reduced`."""
    if not re.fullmatch(LEVEL_PATTERN, node.text) or len(node.text) > 20:
        wrong = f"`{clip(node.text)}` is not the name of a dose level: a number such as `-1`, or a word in lower-case letters"
        raise PhraseError(wrong, node.place, "write for example `levels: {0: 10 mg/kg, -1: 7.5 mg/kg}`")
    return node
