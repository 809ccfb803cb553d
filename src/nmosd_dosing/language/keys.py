"""The keys of the study language, and what kind of text each takes: from them come the reader's messages and the JSON schema."""

from __future__ import annotations

import re
from typing import Any

from msgspec import structs

from nmosd_dosing.days import CountsFrom
from nmosd_dosing.errors import clip, did_you_mean, one_of
from nmosd_dosing.language.examined import ASSESS
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import bodies, clocks, gaps, lengths, moments, ranges, visit_days
from nmosd_dosing.language.phrases import doses as dose_phrases
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
    list_of,
    mapping_of,
    one_or_many,
    phrase,
    words,
)
from nmosd_dosing.study.events import EXITS, Ends, kind_of
from nmosd_dosing.study.facts import NOT_STATED, Facts, NotStated, Source
from nmosd_dosing.study.visit_rules import Moving


def one_line(text: Scalar | None) -> str | None:
    """A text for people on one line."""
    return text.flat if text is not None else None


def texts(scalars: tuple[Scalar, ...] | None) -> tuple[str, ...]:
    return tuple(scalar.flat for scalar in scalars or ())


def to_source(mapping: SourceKeys | Scalar | None) -> Source | None:
    if mapping is None:
        return None
    if isinstance(mapping, Scalar):
        text = one_line(mapping)
        return Source(section=None if text == NOT_STATED.value else text)
    return Source(one_line(mapping.registry), one_line(mapping.section), mapping.updated)


def to_facts(mapping: FactsKeys) -> Facts:
    return Facts(to_source(mapping.source), texts(mapping.assumed), texts(mapping.note))


VERSION = 1
_ID = r"^[a-z0-9][a-z0-9-]*$"
_EVENT = r"^[a-z][a-z0-9_]*$"
_CRITERION_ID = r"^[A-Za-z][A-Za-z0-9-]{0,39}$"
_CYCLE_NAME = r"^[A-Za-z][A-Za-z0-9]{0,19}$"


def _id(node: Scalar) -> Scalar:
    if not re.fullmatch(_ID, node.text) or len(node.text) > 60:
        plain = re.sub(r"[^a-z0-9]+", "-", node.text.lower()).strip("-")[:60]
        hint = f"write `{plain}`" if plain else "write for example `rcp`"
        if "," in node.text:
            hint = f"write a list: `[{clip(node.text, 80)}]`"
        raise PhraseError(f"`{clip(node.text)}` is not an id: lower-case letters, digits and hyphens, at most 60", node.place, hint)
    return node


def _event(node: Scalar) -> Scalar:
    if not re.fullmatch(_EVENT, node.text):
        raise PhraseError(f"`{clip(node.text)}` is not an event: lower-case letters, digits and `_`", node.place)
    return node


def _product(node: Scalar) -> Scalar:
    """A product's name; not one that a dose could be mistaken for."""
    words_in = node.text.split()
    if not words_in or node.text != " ".join(words_in) or words_in[-1] == "placebo" or node.text in ("nothing", "not stated"):
        hint = "write a name with single spaces, not ending in `placebo`"
        raise PhraseError(f"`{clip(node.text)}` cannot be a product's name", node.place, hint)
    if re.search(r"(^|\s)[0-9.,]+$|^[0-9]", node.text):
        hint = "begin and end it with a word"
        raise PhraseError(f"`{clip(node.text)}` cannot be a product's name: its number reads like a dose", node.place, hint)
    return node


def _criterion_id(node: Scalar) -> Scalar:
    if not re.fullmatch(_CRITERION_ID, node.text):
        plain = re.sub(r"[^A-Za-z0-9]+", "-", node.text).strip("-")[:40]
        hint = f"write `{plain}`" if re.fullmatch(_CRITERION_ID, plain) else "write for example `EC5` or `EC5-live`"
        raise PhraseError(f"`{clip(node.text)}` is not the id of a criterion: a letter, then letters, digits and hyphens", node.place, hint)
    return node


def _cycle_name(node: Scalar) -> Scalar:
    if not re.fullmatch(_CYCLE_NAME, node.text):
        wrong = f"`{clip(node.text)}` is not the name of a cycle: a letter, then letters and digits, at most 20 in all"
        raise PhraseError(wrong, node.place, "write for example `A`, of which the visits are called `A-C2D8`")
    return node


def _exit(node: Scalar) -> str:
    """An exit after which a visit may stay."""
    if node.text in EXITS:
        return node.text
    hint = did_you_mean(node.text, EXITS) or f"write {one_of(EXITS)}"
    if "," in node.text:
        hint = f"write a list: `[{clip(node.text, 80)}]`"
    match kind_of(node.text).ends:
        case Ends.TREATMENT:
            hint = "take it out: what is planned without doses stays after it anyway"
        case Ends.FOLLOW_UP:
            hint = "take it out: it ends everything"
        case _:
            pass
    raise PhraseError(f"`{clip(node.text)}` is no exit after which a visit could be kept", node.place, hint)


TEXT = words("a text")
PRODUCT = phrase("a product's name", _product, example="X")
ID = phrase("an id", _id, _ID, "rcp")
EVENT = phrase("an event", _event, _EVENT, "relapse")
DATE = phrase("a date", moments.date, moments.DATE_PATTERN, "2025-01-31")
AT = phrase("the days of a visit", visit_days.at, visit_days.AT_PATTERN, "W1D1, W25D1")
WINDOW = phrase("a window", lengths.window, lengths.WINDOW_PATTERN, "±3d")
LENGTH = phrase("a length of time", lengths.length, lengths.LENGTH_PATTERN, "52 weeks")
TIMES = phrase("how many times", lengths.times, lengths.TIMES_PATTERN, "2 times")
WITHIN = phrase("so long after a date", lengths.within, lengths.WITHIN_PATTERN, "28 days")
DOSE = phrase("a dose", dose_phrases.dose, dose_phrases.GIVE_PATTERN, "X 500 mg")
MARK = phrase("an end of a span", moments.mark, moments.MARK_PATTERN, "last dose + 6 months")
TRIGGER = phrase("a date that may happen", moments.trigger, example="end of rcp")
KEPT_AFTER = one_or_many(phrase("an exit", _exit, f"^(?:{'|'.join(EXITS)})$", EXITS[0]))
YES_NO = choice("`true` or `false`", {"true": True, "false": False})

AMOUNT = phrase("an amount", dose_phrases.dose_amount, dose_phrases.DOSE_AMOUNT_PATTERN, "10 mg/kg")
BAND = phrase(
    "an amount", lambda node: dose_phrases.band_amount(node) or NOT_STATED, rf"{dose_phrases.DOSE_AMOUNT_PATTERN}|^not stated$", "10 mg/kg"
)
MOST = phrase("an amount", dose_phrases.amount, dose_phrases.AMOUNT_PATTERN, "140 mg/m2")
FLAT = phrase("an amount", dose_phrases.flat, dose_phrases.SIZE_PATTERN, "1000 mg")
SIZE = phrase("a size of a vial", dose_phrases.size, dose_phrases.SIZE_PATTERN, "100 mg")
CONCENTRATION = phrase("a concentration", dose_phrases.concentration, dose_phrases.CONCENTRATION_PATTERN, "80 mg/mL")
ROUND = phrase("how to round", dose_phrases.rounding, dose_phrases.ROUND_PATTERN, "up to 50 mg")
WEIGHTS = phrase("a range of weights", ranges.weights, ranges.WEIGHTS_PATTERN, "40 to <60 kg")
GAPS = phrase("a range of times", gaps.gaps, gaps.GAP_PATTERN, "8 to <12 weeks")
CYCLE = phrase("a cycle", visit_days.cycle, visit_days.CYCLE_PATTERN, "every 50 days, 5 cycles")
CYCLE_NAME = phrase("the name of a cycle", _cycle_name, _CYCLE_NAME, "A")
THEN = phrase("what becomes of the period", gaps.then, gaps.THEN_PATTERN, "restart")
CLOCK = phrase("a criterion", clocks.clock, clocks.CLOCK_PATTERN, "no live vaccine within 4 weeks before screening")
CRITERION_ID = phrase("the id of a criterion", _criterion_id, _CRITERION_ID, "EC5")
HALF_LIFE = phrase("a half-life", clocks.half_life, clocks.HALF_LIFE_PATTERN, "22 days")
RANDOMISED = phrase("the day of randomisation", clocks.first_dose, clocks.RANDOMISED_PATTERN, "D1")
DOSED_BY = phrase("which weight doses are by", bodies.dosed_by, bodies.DOSED_BY_PATTERN, "baseline")
RECKONED = phrase("which weight an amount per kg is by", bodies.reckoned, bodies.RECKONED_PATTERN, "ideal (Devine)")
SURFACE = phrase("how body surface is reckoned", bodies.surface, bodies.SURFACE_PATTERN, "Mosteller")

Doses = tuple[dose_phrases.DoseText, ...]


class SourceKeys(Keys):
    registry = key(TEXT, "the registry number, such as NCT00000000")
    section = key(TEXT, "where in the record or protocol")
    updated = key(DATE, "the date of the record's last update")


SOURCE = by_kind("a source", TEXT, None, known_keys(SourceKeys, "a source"))


class FactsKeys(Keys):
    """Keys that any fact may carry."""

    source = key(SOURCE, "where this stands, if not where the file's source says")
    assumed = key(one_or_many(TEXT), "what this file decides beyond its source")
    note = key(one_or_many(TEXT), "what a reader must know")


EVENTS = one_or_many(EVENT)
VALUE = phrase("the name of a value", dose_phrases.value_name, dose_phrases.VALUE_PATTERN, "eGFR")
BANDED_BY = phrase("what bands are ranges of", lambda node: node, dose_phrases.VALUE_PATTERN, "age")
LEVEL_NAME = phrase("the name of a dose level", dose_phrases.level_name, dose_phrases.LEVEL_PATTERN, "-1")
START_LEVEL = structs.replace(LEVEL_NAME, schema={"anyOf": [LEVEL_NAME.schema, {"type": "integer"}]})  # editors read 0 as a number
BANDS = mapping_of(phrase("a range of weights", lambda node: node, ranges.BAND_PATTERN, "40 to <60 kg"), BAND, "amounts by weight")


class LevelKeys(Keys):
    amount = key(AMOUNT, "how much: `amount: 7.5 mg/kg`")
    bands = key(BANDS, "amounts by weight: `40 to <60 kg: 1800 mg`")
    at_most = key(FLAT, "the highest dose of the level: `at most: 750 mg`")


LEVELS = mapping_of(
    LEVEL_NAME,
    by_kind("a dose level", BAND, None, known_keys(LevelKeys, "a dose level")),
    "dose levels by name",
    "{0: 10 mg/kg, -1: 5 mg/kg}",
)


class HoldKeys(Keys):
    from_ = key(EVENTS, "the event from which no dose is given: `from: dose_held`", True)
    until = key(EVENTS, "the event with which doses go on: `until: dose_resumed`", True)


class DoseRuleKeys(FactsKeys):
    amount = key(AMOUNT, "how much: `amount: 10 mg/kg`, `amount: 5 to 10 mg/kg`")
    bands = key(BANDS, "amounts by weight: `40 to <60 kg: 2400 mg`")
    levels = key(LEVELS, "doses in order, from the highest down: `levels: {0: 10 mg/kg, -1: 7.5 mg/kg}`")
    start_level = key(START_LEVEL, "where everybody begins, if not at the first: `start level: 0`")
    down = key(EVENTS, "the event that goes one level down: `down: dose_reduced`")
    up = key(EVENTS, "the event that goes one level up: `up: dose_escalated`")
    omit = key(EVENTS, "the event after which the next dose is not given: `omit: dose_omitted`")
    hold = key(known_keys(HoldKeys, "what holds doses"), "no dose between two events: `hold: {from: dose_held, until: dose_resumed}`")
    at_most = key(FLAT, "the highest dose: `at most: 1000 mg`")
    round = key(ROUND, "how the dose is rounded: `round: up to 50 mg`, `round: up to whole vials`")
    by = key(BANDED_BY, "what bands are ranges of, if not of weights: `by: age`, on day 1; or a value that is declared")
    surface = key(SURFACE, "how body surface is reckoned: `Mosteller`, `Du Bois`, `Haycock`, `Boyd`; `Mosteller to 0.01 m2`")
    weight = key(RECKONED, "which weight an amount per kg is by, if not the one measured: `weight: ideal (Devine)`")
    weights = key(WEIGHTS, "the weights for which the rule holds: `weights: 40 to <150 kg`")


class VialsKeys(FactsKeys):
    sizes = key(one_or_many(SIZE), "what vials hold: `sizes: [120 mg, 400 mg]`", True)
    concentration = key(CONCENTRATION, "of what is drawn up: `concentration: 80 mg/mL`")


VIALS = by_kind("vials", one_or_many(SIZE), one_or_many(SIZE), known_keys(VialsKeys, "vials"))
DOSE_RULES = mapping_of(
    phrase("the name of a dose rule", dose_phrases.rule_name, dose_phrases.RULE_PATTERN, "loading"),
    by_kind("a dose rule", AMOUNT, None, known_keys(DoseRuleKeys, "a dose rule")),
    "dose rules by name",
)


class ProductKeys(FactsKeys):
    route = key(TEXT, "the route, such as IV infusion; or not stated")
    minimum_gap = key(LENGTH, "the shortest time between two doses")
    vials = key(VIALS, "which vials there are: `vials: [120 mg, 400 mg]`")
    weight = key(DOSED_BY, "which weight doses are by: `baseline`, `latest`, `changed by 10% or more`, `at D1, W25D1`, `ideal (Devine)`")
    lifetime_at_most = key(MOST, "the most that anybody may get over a lifetime: `140 mg/m2`")
    doses = key(DOSE_RULES, "named doses, for `give`")


PLAIN_DOSES = one_or_many(DOSE)
ARM_DOSES = mapping_of(ID, PLAIN_DOSES, "doses by arm")
GIVE = by_kind("what is given", PLAIN_DOSES, PLAIN_DOSES, ARM_DOSES)


NAMES = one_or_many(words("another name of the visit"))
ALSO_CALLED = by_kind("other names of the visit", NAMES, NAMES, mapping_of(words("a day of the visit"), NAMES, "other names by day"))
_FOLLOWS: dict[str, Any] = {"first day": None, "previous dose": "dose", "previous visit": "visit"}
FOLLOWS: Shape[Moving] = choice("what a repeat counts from", _FOLLOWS)
_COUNTS: dict[str, CountsFrom] = {"from 1": 1, "from 0": 0}
COUNTS = choice("how days are counted", _COUNTS)
KEEPS_COUNT = choice("what a period's days count from", {"first day of the period": False, "first day of the study": True})


class VisitKeys(FactsKeys):
    at = key(one_or_many(AT), "on which days: `at: W1D1, W25D1`", True)
    name = key(TEXT, "a name for people")
    also_called = key(
        ALSO_CALLED, "what sites call it: `also called: [Baseline, Visit 2]`; of several days each: `also called: {W1D1: Baseline}`"
    )
    counted_from = key(FOLLOWS, "`previous dose`, or `previous visit`: each repeat counts from the actual one before it")
    cycle = key(CYCLE, "the days again and again: `cycle: every 50 days, 5 cycles`")
    cycle_name = key(CYCLE_NAME, "which cycle: with `cycle name: A` visits are called `A-C2D8`")
    give = key(GIVE, "what is given")
    assess = key(
        ASSESS, "what is examined: `assess: MRI, EDSS`; with a comma inside, as a list; with times, `PK sample: before X, 1 h after X`"
    )
    window = key(WINDOW, "which days around the target are allowed")
    arms = key(one_or_many(ID), "the visit exists for these arms only")
    kept_after = key(KEPT_AFTER, "the visit stays after these exits: `kept after: [withdrawn, lost]`")
    blinded = key(YES_NO, "whether the dose is shown masked")
    once = key(mapping_of(EVENT, GIVE, "doses by event"), "another dose after an event")


class SpanKeys(FactsKeys):
    title = key(TEXT, "what holds during this time", True)
    from_ = key(MARK, "its first day: `from: first dose`", True)
    to = key(MARK, "its last day: `to: last dose + 6 months`", True)


SPANS = mapping_of(ID, known_keys(SpanKeys, "a span"), "spans by id")


class CriterionKeys(FactsKeys):
    clock = key(CLOCK, "`no live vaccine within 4 weeks before screening`, or `not stated`", True)


class HalfLifeKeys(FactsKeys):
    is_ = key(HALF_LIFE, "how long: `is: 22 days`", True)


class KindKeys(FactsKeys):
    is_ = key(one_or_many(TEXT), "what the word means: `is: [rituximab, inebilizumab]`", True)


class RandomisationKeys(FactsKeys):
    is_ = key(RANDOMISED, "the day: `is: D1`", True)


CRITERIA = mapping_of(
    CRITERION_ID, by_kind("a criterion", CLOCK, None, known_keys(CriterionKeys, "a criterion")), "criteria by id",
    "EC5: no live vaccine within 4 weeks before screening",
)  # fmt: skip
KINDS = mapping_of(
    TEXT, by_kind("names", one_or_many(TEXT), one_or_many(TEXT), known_keys(KindKeys, "a kind")), "names by kind",
    "B-cell depleter: [rituximab, inebilizumab]",
)  # fmt: skip
HALF_LIVES = mapping_of(
    TEXT, by_kind("a half-life", HALF_LIFE, None, known_keys(HalfLifeKeys, "a half-life")), "half-lives by drug", "rituximab: 22 days"
)


class GapKeys(FactsKeys):
    product = key(PRODUCT, "between whose doses, where the period gives several products: `product: X`")
    of = key(GAPS, "which gaps: `of: 8 to <12 weeks`, `of: more than 8 weeks`", True)
    then = key(THEN, "`restart`, `restart at D15`, `hold` or `stop`", True)


Criteria = dict[str, Pair[CriterionKeys | clocks.ClockText | NotStated]]


class PeriodKeys(FactsKeys):
    title = key(TEXT, "the period's name for people")
    length = key(LENGTH, "how long it lasts; its end is the first day after it")
    counted_from = key(KEEPS_COUNT, "`first day of the study`: its days go on from there")
    blinded = key(YES_NO, "whether doses are shown masked")
    arms = key(one_or_many(ID), "arms of this period where they are not the study's")
    window = key(WINDOW, "the window of every visit that does not say otherwise")
    visits = key(list_of(known_keys(VisitKeys, "a visit"), "a list of visits"), "its visits, each with `at`; left out where it has none")
    spans = key(SPANS, "times during which something holds")
    criteria = key(CRITERIA, "criteria for who begins with this period")
    if_gap = key(list_of(known_keys(GapKeys, "a rule for a gap"), "a list of rules"), "what becomes of it when two doses lie too far apart")


class TransitionKeys(FactsKeys):
    id = key(ID, "the rule's name: `id: completed`", True)
    from_ = key(ID, "the period that is left: `from: rcp`", True)
    to = key(ID, "the period that is entered: `to: olp`", True)
    after = key(TRIGGER, "the date that opens the way: `after: end of rcp`", True)
    within = key(WITHIN, "the last day is `after` plus this, or `within: not stated`; `28 to 31 days` names the first one, too", True)
    needs = key(one_or_many(EVENT), "events that must have happened")
    at_most = key(TIMES, "of a way back to an earlier period: how often, `at most: 2 times`")


class StopKeys(FactsKeys):
    earliest_of = key(list_of(TRIGGER, "a list of dates that may happen"), "the dates that can stop the study", True)


class StudyKeys(FactsKeys):
    language = key(choice("the version of the study language", {str(VERSION): VERSION}), f"begin the file with `language: {VERSION}`", True)
    study = key(ID, "the study's id: `study: my-study`", True)
    title = key(TEXT, "the study's title", True)
    source = key(SOURCE, "where the schedule stands: `source: {registry: …, updated: …}`", True)
    days = key(COUNTS, "`days: from 1` (D1 is the first) or `days: from 0`", True)
    products = key(
        mapping_of(PRODUCT, known_keys(ProductKeys, "a product"), "products by name"), "products: `X: {route: IV infusion}`", True
    )
    arms = key(one_or_many(ID), "the arms of the study")
    events = key(mapping_of(EVENT, TEXT, "events with their meaning"), "further events of a subject")
    values = key(mapping_of(VALUE, TEXT, "values with their units"), "values that doses are by: `eGFR: mL/min/1.73m2`")
    randomisation = key(
        by_kind("the day of randomisation", RANDOMISED, None, known_keys(RandomisationKeys, "the day of randomisation")),
        "where it is on day 1: `randomisation: D1`",
    )
    kinds = key(KINDS, "what criteria mean by a word: `B-cell depleter: [rituximab, inebilizumab]`")
    half_lives = key(HALF_LIVES, "half-lives of drugs: `rituximab: 22 days`", name="half-lives")
    criteria = key(CRITERIA, "criteria that dates decide: `EC5: no live vaccine within 4 weeks before screening`")
    periods = key(mapping_of(ID, known_keys(PeriodKeys, "a period"), "periods by id"), "periods, with their `visits`", True)
    spans = key(SPANS, "spans that hang on the first or last dose")
    transitions = key(list_of(known_keys(TransitionKeys, "a transition"), "a list of transitions"), "ways from one period to the next")
    study_stop = key(known_keys(StopKeys, "the study stop"), "what stops the study")


STUDY = known_keys(StudyKeys, "a study file")


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a study file."""
    return STUDY.file_schema("study", VERSION)
