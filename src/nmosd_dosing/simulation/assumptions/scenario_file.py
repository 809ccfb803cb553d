"""A file of scenarios: what each of them changes in an assumptions file. A key of a scenario replaces the whole value; all else stays."""

from __future__ import annotations

import hashlib
import re

from msgspec import structs

from nmosd_dosing.errors import Place, Problem, Problems, RegimenError, argument, clip
from nmosd_dosing.language.keys import ID, one_line
from nmosd_dosing.language.nodes import Mapping, Node, Scalar
from nmosd_dosing.language.shapes import Keys, PhraseError, Schema, Shape, choice, key, known_keys, mapping_of, phrase, words
from nmosd_dosing.simulation.assumptions.file import AssumptionsText, build, nodes, other_kind
from nmosd_dosing.simulation.assumptions.keys import ASSUMPTIONS, KEYS, AssumedKeys
from nmosd_dosing.simulation.assumptions.model import Assumptions
from nmosd_dosing.study.model import Period, Study

VERSION = 1
BASE = "as assumed"
MOST = 1000
MOST_CHARACTERS = 60
_WHAT = "a file of scenarios"
_SCENARIO = known_keys(AssumedKeys, "a scenario")


def _name(node: Scalar) -> Scalar:
    name = node.flat
    if not name:
        raise PhraseError("expected the name of a scenario, found an empty text", node.place, "write for example `accrual halved`")
    if len(name) > MOST_CHARACTERS:
        wrong = f"the name of a scenario has {len(name)} characters; it may have {MOST_CHARACTERS}"
        raise PhraseError(wrong, node.place, f"write `{name[:MOST_CHARACTERS].strip()}`")
    if re.search(r"：\s*\{", name):
        raise PhraseError("a full-width colon `：` where YAML needs `:`", node.place, "type a plain `:` and a space behind it")
    if name.lower() == BASE:
        raise PhraseError(f"`{BASE}` is the name of what the scenarios change", node.place, "write another name")
    return Scalar(name, node.place)


def _changes(node: Node, problems: Problems) -> Mapping | None:
    if isinstance(node, Mapping) and node.pairs:
        return node
    if isinstance(node, Mapping):
        problems.error("a scenario that changes nothing", node.place, f"write what it changes, or leave it out: `{BASE}` is always there")
        return None
    _SCENARIO.read(node, problems)
    return None


def _changes_schema() -> Schema:
    return {**{name: value for name, value in _SCENARIO.schema.items() if name != "required"}, "minProperties": 1}


_NAME = phrase("the name of a scenario", _name, rf"^.{{1,{MOST_CHARACTERS}}}$", "accrual halved")
_EACH = Shape("a scenario", _changes, _changes_schema())


class ScenariosKeys(Keys):
    """A file of scenarios, with its places."""

    language = key(choice("the version of the language", {str(VERSION): VERSION}), f"the version: `language: {VERSION}`")
    study = key(ID, "the study that they are for: `study: my-study`")
    title = key(words("a title", "What if fewer come"), "a title for people")
    scenarios = key(
        mapping_of(_NAME, _EACH, "scenarios, each with its name", "{accrual halved: {accrual: 4.5 per month}}"),
        "what each scenario changes: `accrual halved: {accrual: 4.5 per month}`",
        True,
    )


SCENARIOS = known_keys(ScenariosKeys, _WHAT)


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a file of scenarios."""
    return SCENARIOS.file_schema("scenarios", VERSION)


def is_scenarios(node: Node | None) -> bool:
    """Whether a file holds scenarios."""
    return isinstance(node, Mapping) and any(key.text == "scenarios" for key, _ in node.pairs)


def read_scenarios(
    text: str | bytes, path: str, base: AssumptionsText, study: Study, periods: tuple[Period, ...]
) -> tuple[tuple[str, Assumptions], ...]:
    """The scenarios in a file's text, by name and in its order; `base` is the assumptions file that they change, itself without mistakes.

    RegimenError carries every problem of every scenario; one that only shows together with the base points to where the value stands.
    """
    problems = Problems()
    node = nodes(text, path, problems)
    other = other_kind(node, ("scenarios",)) if isinstance(node, Mapping) else None
    wrong = [k for k, _ in node.pairs if k.text in KEYS] if isinstance(node, Mapping) else []
    if isinstance(node, Mapping) and other is None and wrong and not is_scenarios(node):
        other = ("an assumptions file", wrong[0].place, f"give it as `{argument('assumptions')}`")
    if other is not None:
        problems.error(f"this is {other[0]}, not {_WHAT}", other[1], other[2])
    found = SCENARIOS.read(node, problems) if node is not None and other is None else None
    made: list[tuple[str, Assumptions]] = []
    if found is not None:
        if found.study is not None and found.study.text != study.id:
            message = f"these scenarios are for the study `{clip(found.study.text)}`, not for `{clip(study.id)}`"
            problems.error(message, found.study.place, f"write `study: {study.id}`, or give the scenarios for `{clip(study.id)}`")
        else:
            content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
            made = _made(found, hashlib.sha256(content).hexdigest(), base, study, periods, problems)
    if problems.errors:
        raise RegimenError(problems.in_order())
    return tuple(made)


def _made(
    found: ScenariosKeys, sha256: str, base: AssumptionsText, study: Study, periods: tuple[Period, ...], problems: Problems
) -> list[tuple[str, Assumptions]]:
    entries = list((found.scenarios or {}).values())
    if len(entries) > MOST:
        problems.error(f"{len(entries)} scenarios; a file has at most {MOST}", entries[MOST].key.place, "write them into several files")
        return []
    head = ASSUMPTIONS.read(base.node, Problems())
    of, title = (head.study.text if head.study else None, one_line(head.title)) if head is not None else (None, None)
    made: list[tuple[str, Assumptions]] = []
    first: dict[str, Place] = {}
    for entry in entries:
        name = entry.key.flat
        if name in first:
            also = [("the first one", first[name])]
            problems.error(f"the name `{clip(name)}` is given twice", entry.key.place, "write another name", also)
        first.setdefault(name, entry.key.place)
        if entry.value is None:
            continue
        own = Problems()
        changed = build(_SCENARIO, AssumptionsText(_merged(base.node, entry.value), sha256), study, periods, own)
        problems.found += [_placed(problem, name, entry.key.place) for problem in own.found]
        if changed is not None:
            made.append((name, structs.replace(changed, study=of, title=title)))
    return made


def _merged(base: Mapping, changes: Mapping) -> Mapping:
    """What the base assumes, with the changes in its stead; these last, so that they stay together."""
    names = {name.text for name, _ in changes.pairs} | {"language", "study", "title"}
    kept = tuple(pair for pair in base.pairs if pair[0].text not in names)
    return Mapping((*kept, *changes.pairs), changes.place, changes.braces)


def _placed(problem: Problem, name: str, place: Place) -> Problem:
    """A problem that points into the other file names the scenario that brings it about."""
    if problem.place is None or problem.place.document is not place.document:
        return structs.replace(problem, also=(*problem.also, (f"in the scenario `{clip(name)}`", place)))
    return problem
