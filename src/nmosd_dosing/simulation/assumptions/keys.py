"""The shape of an assumptions file: which keys it has, and what each may hold. Its JSON Schema comes from here."""

from __future__ import annotations

import datetime as dt
import re
from fractions import Fraction
from typing import TypeVar

from msgspec import Struct, structs

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Problems, clip, did_you_mean, one_of
from nmosd_dosing.language.keys import ID
from nmosd_dosing.language.nodes import Mapping, Node, Scalar
from nmosd_dosing.language.phrases import rates
from nmosd_dosing.language.phrases.lengths import LENGTH, Scanner, take_length
from nmosd_dosing.language.phrases.moments import DATE_PATTERN, date
from nmosd_dosing.language.phrases.rates import RateText, TimesText
from nmosd_dosing.language.shapes import (
    Keys,
    Pair,
    PhraseError,
    Schema,
    Shape,
    by_kind,
    choice,
    key,
    known_keys,
    mapping_of,
    one_or_many,
    phrase,
    words,
)

T = TypeVar("T")
VERSION = 1
MOST_SUBJECTS = 100_000
MOST_SITES = 10_000
MOST_RATIO = 100
MOST_BLOCK = 24
YEARS = (1900, 2999)  # of any date: what follows stays far from the end of the calendar

Rates = tuple[RateText, ...]
ArmRates = tuple[RateText | TimesText, ...]
WHAT = "an assumptions file"
KEYS = (  # the assumptions themselves, in the order of the page of the file; before them it says what it is
    "start", "subjects", "sites", "accrual", "allocation", "block size", "relapse", "adjudication", "stable after rescue", "dropout",
    "visit scatter", "entry", "declines", "weight", "idmc_stop", "follow open label", "horizon",
)  # fmt: skip


def _year(node: Scalar) -> dt.date:
    found = date(node)
    if not YEARS[0] <= found.year <= YEARS[1]:
        raise PhraseError(f"`{found}` is not in the years {YEARS[0]} to {YEARS[1]}", node.place, "check the year")
    return found


def whole(what: str, low: int, high: int, example: str) -> Shape[int]:
    """A whole number from `low` to `high`, in figures."""

    def parse(node: Scalar) -> int:
        text = node.text.strip()
        if not re.fullmatch(r"[0-9]+", text) or len(text) > 12:
            plain = re.match(r"([0-9]{1,3}(?:[,' ][0-9]{3})+|[0-9]{1,12})(?:\.0+)?(?:\s+[a-z]+)?$", text)
            number = int(re.sub(r"[^0-9]", "", plain[1])) if plain else -1
            hint = f"write `{number}`" if low <= number <= high else f"write a whole number from {low:,} to {high:,}"
            raise PhraseError(f"expected {what}, found `{clip(text)}`", node.place, hint)
        if not low <= int(text) <= high:
            raise PhraseError(f"expected {what} from {low:,} to {high:,}, found `{clip(text)}`", node.place)
        return int(text)

    return structs.replace(phrase(what, parse, example=example), schema={"type": "integer", "minimum": low, "maximum": high})


def _length(what: str, least: Offset, most: Offset, example: str) -> Shape[Offset]:
    """A length of time between two others, both allowed."""

    def parse(node: Scalar) -> Offset:
        scan = Scanner(node)
        try:
            found = take_length(scan, f"a length such as `{example}`")
            scan.end()
        except PhraseError as error:
            wrong = error.problem
            none = f"write `{least.in_words}`" if node.text.strip() == rates.NONE and not least.days else None
            raise PhraseError(wrong.message, wrong.place or node.place, none or wrong.hint or f"write for example `{example}`") from None
        if not least.nominal <= found.nominal <= most.nominal:
            raise PhraseError(f"{what} is from {least.in_words} to {most.in_words}, not {found.in_words}", node.place)
        return found

    return phrase(what, parse, rf"^\s*{LENGTH}\s*$", example)


def _number_or_text(shape: Shape[T]) -> Shape[T]:
    """A rate whose `0` an editor takes for a number."""
    return structs.replace(shape, schema={"anyOf": [shape.schema, {"const": 0}]})


def _to_mend(shape: Shape[dict[str, Pair[int]]]) -> Shape[dict[str, Pair[int]] | Node]:
    """The same shape; anything but a mapping is kept: only with the study can be said what should stand there."""

    def read(node: Node, problems: Problems) -> dict[str, Pair[int]] | Node | None:
        return shape.read(node, problems) if isinstance(node, Mapping) else node

    return Shape(shape.what, read, shape.schema)


def _arm(node: Scalar) -> Scalar:
    if not node.text.strip():
        raise PhraseError("expected an arm, found an empty text", node.place, "write for example `placebo: 0.35 per year`")
    return node


ARM = phrase("an arm", _arm, example="placebo")
ACCRUAL = _number_or_text(phrase("a rate", rates.accrual, rates.ACCRUAL_PATTERN, "9 per month"))
HAZARD = _number_or_text(phrase("a rate", rates.hazard, rates.HAZARD_PATTERN, "0.35 per year"))
DROPOUT = _number_or_text(phrase("a rate for all arms", rates.hazard, rates.HAZARD_PATTERN, "0.03 per year"))
ARM_HAZARD = _number_or_text(phrase("a rate", rates.arm_hazard, rates.ARM_PATTERN, "0.35 per year"))
SHARE = phrase("a share", rates.share, rates.SHARE_PATTERN, "95%")
DECLINES = phrase("a share", rates.share_or_none, rates.NO_SHARE_PATTERN, "5%")
DELAY = phrase("a number of days", rates.delay, rates.DELAY_PATTERN, "10 to 21 days")
SCATTER = phrase("days from and to", rates.scatter, rates.SCATTER_PATTERN, "-3 to 3 days")
KG = phrase("a weight in kg", rates.kilograms, rates.KG_PATTERN, "60 kg")
START = phrase("a date", _year, DATE_PATTERN, "2023-08-01")
RATIO = _to_mend(mapping_of(ARM, whole("a whole number", 0, MOST_RATIO, "1"), "a ratio by arm"))
BY_ARM = mapping_of(ARM, one_or_many(ARM_HAZARD), "rates by arm", "{x: 0.10 per year, placebo: 0.35 per year}")
RELAPSE = by_kind("rates", one_or_many(HAZARD), None, BY_ARM)


def _invented(node: Scalar) -> Scalar:
    if node.text not in KEYS:
        hint = did_you_mean(node.text, KEYS) or f"write {one_of(KEYS)}"
        if "," in node.text:
            hint = f"write a list: `[{clip(node.text, 80)}]`"
        raise PhraseError(f"expected an assumption's key, found `{clip(node.text)}`", node.place, hint)
    return node


INVENTED = structs.replace(phrase("an assumption's key", _invented, example="dropout"), schema={"enum": list(KEYS)})


class Committee(Struct, frozen=True):
    """When the monitoring committee stops the study; `when` None: never."""

    when: dt.date | Fraction | None


STOP = phrase("when the committee stops the study", lambda node: Committee(rates.stop(node)), rates.STOP_PATTERN, "none")


class AdjudicationKeys(Keys):
    confirmed = key(SHARE, "which share of the relapses the committee confirms: `confirmed: 90%`", True)
    takes = key(DELAY, "how long after the relapse it decides: `takes: 14 days`, or `10 to 21 days`", True)


class StableKeys(Keys):
    share = key(SHARE, "which share is stable after rescue: `share: 95%`", True)
    takes = key(DELAY, "how long after the relapse: `takes: 10 to 21 days`", True)


class WeightKeys(Keys):
    mean = key(KG, "the mean: `mean: 60 kg`", True)
    sd = key(KG, "the standard deviation: `sd: 11 kg`", True)
    from_ = key(KG, "the least weight that there is: `from: 40 kg`", True)
    to = key(KG, "the highest weight that there is: `to: 110 kg`", True)


class AssumedKeys(Keys):
    """What is assumed, with its places: what a scenario may change."""

    source = key(words("a source", "Protocol X-301, section 9"), "where all this stands")
    invented = key(one_or_many(INVENTED), "which of the assumptions nobody measured: `invented: [accrual, dropout]`")
    start = key(START, "when accrual opens: `start: 2023-08-01`", True)
    subjects = key(whole("a number of subjects", 1, MOST_SUBJECTS, "162"), "how many subjects there will be: `subjects: 162`", True)
    sites = key(whole("a number of sites", 1, MOST_SITES, "45"), "at how many sites")
    accrual = key(one_or_many(ACCRUAL), "how many subjects come: `accrual: 9 per month`", True)
    allocation = key(RATIO, "the ratio of the arms: `allocation: {x: 2, placebo: 1}`")
    block_size = key(whole("a number of subjects", 1, MOST_BLOCK, "6"), "how many subjects a permuted block has")
    relapse = key(
        RELAPSE, "how often a subject has its first relapse: `0.35 per year`, or by arm: `{x: 0.3 times placebo, placebo: 0.35 per year}`"
    )
    adjudication = key(
        known_keys(AdjudicationKeys, "an adjudication"),
        "what the committee makes of relapses: `adjudication: {confirmed: 90%, takes: 14 days}`",
    )
    stable_after_rescue = key(known_keys(StableKeys, "stability after rescue"), "`stable after rescue: {share: 95%, takes: 10 to 21 days}`")
    dropout = key(one_or_many(DROPOUT), "how often a subject leaves the study: `dropout: 0.03 per year`")
    visit_scatter = key(SCATTER, "how far from their targets visits take place: `visit scatter: -3 to 3 days`")
    entry = key(
        choice("a day of entry", {word: word for word in ("earliest", "latest", "uniform")}),
        "on which of the allowed days a subject enters",
    )
    declines = key(DECLINES, "the share that does not enter the next period: `declines: 5%`")
    weight = key(
        by_kind("a body weight", KG, None, known_keys(WeightKeys, "a body weight")),
        "body weights: `60 kg` for everybody, or `{mean: 60 kg, sd: 11 kg, from: 40 kg, to: 110 kg}`",
    )
    idmc_stop = key(STOP, "when the monitoring committee stops the study: `none`, a date, or `70% of the relapses`", name="idmc_stop")
    follow_open_label = key(
        _length("follow-up", Offset(written="0 days"), Offset(0, 360), "24 months"),
        "how long subjects are followed in later periods: `follow open label: 24 months`",
    )
    horizon = key(
        _length("a horizon", Offset(1), Offset(0, 1200), "20 years"),
        "how long after `start` subjects come and relapse, and the study may stop: `horizon: 20 years`",
    )


class AssumptionsKeys(AssumedKeys):
    """An assumptions file, with its places."""

    language = key(choice("the version of the language", {str(VERSION): VERSION}), f"the version: `language: {VERSION}`")
    study = key(ID, "the study that they are for: `study: my-study`")
    title = key(words("a title", "As planned"), "a title for people")


ASSUMPTIONS = known_keys(AssumptionsKeys, WHAT)


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of an assumptions file."""
    return ASSUMPTIONS.file_schema("assumptions", VERSION)
