"""Criteria that dates decide, from a study file's keys to nouns; and what in them cannot be meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from nmosd_dosing.days import CountsFrom
from nmosd_dosing.errors import Place, Problems, clip, elsewhere
from nmosd_dosing.language.keys import CriterionKeys, HalfLifeKeys, KindKeys, RandomisationKeys, StudyKeys, one_line, to_facts
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.clocks import ClockText
from nmosd_dosing.study.criteria import Criteria, Criterion, HalfLife, Kind, NotWithin, plain_name, without_other
from nmosd_dosing.study.facts import NOT_STATED, Facts, NotStated

_NEAR = 0.85  # `COVID-19 infection` is no slip for `COVID-19 vaccine`


def to_criteria(mapping: StudyKeys, counts_from: CountsFrom, check_event: Callable[[Scalar], None], problems: Problems) -> Criteria:
    """The criteria of a study and of its periods, with what their words mean. `check_event` reports an event that there is not."""
    kinds = tuple(_kinds(mapping, problems))
    half_lives = tuple(_half_lives(mapping))
    randomised: Facts | None = None
    if isinstance(mapping.randomisation, RandomisationKeys):
        randomised = to_facts(mapping.randomisation) if mapping.randomisation.is_ is not None else None
        day = mapping.randomisation.is_
    else:
        randomised = Facts() if mapping.randomisation is not None else None
        day = mapping.randomisation
    if day is not None and day.text.startswith("D"):
        _check_first_dose(day.text, day.place, counts_from, problems)
    found: list[tuple[Criterion, ClockText | None]] = []
    for period, id, clock, facts, place in _criteria(mapping):
        if other := next((c for c, _ in found if c.id == id.text and (period == c.period or "" in (period, c.period))), None):
            also = elsewhere("the other one", other.place)
            problems.error(f"two criteria have the id `{id.text}`", id.place, "give each its own", also)
            continue
        said = clock if isinstance(clock, ClockText) else None
        if said is None and not (facts.note or facts.assumed):
            hint = "say what the source says, for whoever decides: `{clock: not stated, note: …}`"
            problems.error(f"nothing is said of the criterion `{id.text}`", place, hint)
        text = said.text if said is not None else NOT_STATED.value
        found.append((Criterion(id.text, text, said.clock if said is not None else None, facts, period, id.place), said))
        if said is not None and said.first_dose is not None:
            _check_first_dose(*said.first_dose, counts_from, problems)
        if said is not None and said.event is not None:
            check_event(Scalar(*said.event))
    _check_names([said for _, said in found if said is not None], kinds, problems)
    made = Criteria(tuple(criterion for criterion, _ in found), kinds, half_lives, randomised)
    _check_amounts([said for _, said in found if said is not None], made, problems)
    return made


def _criteria(mapping: StudyKeys) -> Iterator[tuple[str, Scalar, ClockText | NotStated, Facts, Place]]:
    """What the file says: the period, the id, the phrase, what stands beside it, and where."""
    groups = [("", mapping.criteria)]
    groups += [(name, pair.value.criteria) for name, pair in (mapping.periods or {}).items() if pair.value is not None]
    for period, criteria in groups:
        for pair in (criteria or {}).values():
            value = pair.value
            if isinstance(value, CriterionKeys):
                if value.clock is not None:
                    yield period, pair.key, value.clock, to_facts(value), value.place("clock")
            elif value is not None:
                yield period, pair.key, value, Facts(), pair.key.place


def _kinds(mapping: StudyKeys, problems: Problems) -> Iterator[Kind]:
    names: dict[str, Scalar] = {}
    for pair in (mapping.kinds or {}).values():
        scalars = pair.value.is_ if isinstance(pair.value, KindKeys) else pair.value
        if scalars is None:
            continue
        other = names.setdefault(plain_name(pair.key.text), pair.key)
        if other is not pair.key:
            wrong = f"the kind `{clip(pair.key.flat)}` stands twice"
            problems.error(wrong, pair.key.place, "make one of them", [("the first", other.place)])
        seen: set[str] = set()
        for scalar in scalars:
            plain = plain_name(scalar.flat)
            if plain in seen:
                problems.error(f"`{clip(scalar.flat)}` stands twice in this kind", scalar.place, "take one out")
            if plain == plain_name(pair.key.text):
                wrong = f"the kind `{clip(pair.key.flat)}` is in itself"
                problems.error(wrong, scalar.place, "take it out: a kind is known by its name, too")
            seen.add(plain)
        facts = to_facts(pair.value) if isinstance(pair.value, KindKeys) else Facts()
        yield Kind(pair.key.flat, tuple(scalar.flat for scalar in scalars), facts)


def _half_lives(mapping: StudyKeys) -> Iterator[HalfLife]:
    for pair in (mapping.half_lives or {}).values():
        said: tuple[Fraction, str] | None = pair.value.is_ if isinstance(pair.value, HalfLifeKeys) else pair.value
        if said is not None:
            facts = to_facts(pair.value) if isinstance(pair.value, HalfLifeKeys) else Facts()
            yield HalfLife(one_line(pair.key) or "", *said, facts)


def _check_first_dose(word: str, place: Place, counts_from: CountsFrom, problems: Problems) -> None:
    if word != f"D{counts_from}":
        problems.error(f"`{word}` is not day 1 where days count from {counts_from}", place, f"write `D{counts_from}`, or `first dose`")


def _check_amounts(criteria: list[ClockText], made: Criteria, problems: Problems) -> None:
    """An amount a day of which the file does not say of which drug it is: 16 mg of one are not 16 mg of another."""
    kinds = {plain_name(kind.name): kind.names for kind in made.kinds}
    for said in criteria:
        if said.daily is None or not isinstance(said.clock, NotWithin):
            continue
        of, whats, amount = said.clock.of, said.clock.whats, f"{said.clock.above} mg"
        members = kinds.get(plain_name(whats[0]), (whats[0],))
        hint = f"name the drug in which the source states it: `{amount} {clip(members[0])} daily`"
        if not of:
            problems.error(f"{amount} of which drug is not said", said.daily, hint)
        elif not any(made.means(what, of) for what in whats):
            problems.error(f"`{clip(of)}` is nothing that this criterion is about", said.daily, hint)
        elif not said.names_drug and plain_name(of) in kinds:
            problems.error(f"{amount} of which drug is not said: `{clip(of)}` is a kind", said.daily, hint)


def _check_names(criteria: list[ClockText], kinds: tuple[Kind, ...], problems: Problems) -> None:
    """A word of a criterion that is nearly a kind, or has a name of one in it, and is none: it would mean nobody's drug, and let everybody
    pass."""
    known = {name for kind in kinds for name in (kind.name, without_other(kind.name), *kind.names)}
    plain = {plain_name(name) for name in known}
    by_name = {plain_name(kind.name): kind.name for kind in kinds}
    for said in criteria:
        for name, place in said.names:
            word = without_other(name)
            if {plain_name(name), plain_name(word)} & plain:
                continue
            near = difflib.get_close_matches(plain_name(word), by_name, n=1, cutoff=_NEAR)
            within = [each for each in known if re.search(rf"(?<!\w){re.escape(each)}s?(?!\w)", word, re.I)]
            if near or within:
                hint = f"did you mean `{by_name[near[0]]}`?" if near else f"write `{clip(max(within, key=lambda each: (len(each), each)))}`"
                hint += "" if near else ", or what this word means among the kinds: it would mean only what is called just that"
                problems.error(f"`{clip(name)}` is not among the kinds of this file", place, hint)
