"""From nodes to typed values, with all problems collected; the same definition gives the JSON Schema for editors.

A *shape* says what may stand somewhere: how it is read, and how an editor can check it. A *record* is a mapping with known
keys: a dataclass whose attributes are made with `key()`; attribute `minimum_gap` is the key `minimum gap`, `from_` is `from`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from nmosd_dosing.errors import Place, Problem, Problems, clip, did_you_mean, one_of
from nmosd_dosing.source import Mapping, Node, Scalar, Sequence

T = TypeVar("T")
S = TypeVar("S")
R = TypeVar("R", bound="Record")

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """What may stand somewhere. `read` returns None after it has reported why; `schema` is its JSON Schema."""

    what: str
    read: Callable[[Node, Problems], T | None]
    schema: Schema


class PhraseError(Exception):
    """A text that cannot be read; raised by the functions that `phrase` wraps."""

    def __init__(self, message: str, place: Place, hint: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, place, hint)


def kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"`{clip(node.text)}`" if node.text else "nothing"
    return "a list" if isinstance(node, Sequence) else "a mapping"


def phrase(what: str, parse: Callable[[Scalar], T], pattern: str | None = None, example: str = "") -> Shape[T]:
    """A text with a grammar of its own. `pattern` is the same grammar as an editor can check it, anchored."""

    def read(node: Node, problems: Problems) -> T | None:
        if not isinstance(node, Scalar) or (not node.text.strip() and not node.quoted):
            hint = f"for example `{example}`" if example else None
            problems.error(f"expected {what}, found {kind(node)}", _head(node), hint)
            return None
        try:
            return parse(node)
        except PhraseError as error:
            problems.found.append(error.problem)
            return None

    schema: Schema = {"type": ["string", "number"]} if pattern is None else {"type": "string", "pattern": pattern}
    return Shape(what, read, schema)


def words(what: str, example: str = "") -> Shape[Scalar]:
    """Any text for people, in one line or several; not empty."""

    def parse(node: Scalar) -> Scalar:
        if not node.text.strip():
            raise PhraseError(f"expected {what}, found an empty text", node.place)
        return node

    return phrase(what, parse, example=example)


def choice(what: str, options: dict[str, T]) -> Shape[T]:
    """One of a few words."""

    def parse(node: Scalar) -> T:
        if node.text not in options:
            hint = did_you_mean(node.text, options) or f"write {one_of(options)}"
            raise PhraseError(f"expected {what}, found `{clip(node.text)}`", node.place, hint)
        return options[node.text]

    shape = phrase(what, parse, example=next(iter(options)))
    literal = {"true": True, "false": False}
    return Shape(what, shape.read, {"enum": [literal.get(o, int(o) if o.isdigit() else o) for o in options]})


def one_or_many(item: Shape[T]) -> Shape[tuple[T, ...]]:
    """One value, or a YAML list of them."""

    def read(node: Node, problems: Problems) -> tuple[T, ...] | None:
        nodes = node.items if isinstance(node, Sequence) else (node,)
        if not nodes:
            problems.error(f"expected {item.what}, found an empty list", node.place)
            return None
        values = [item.read(child, problems) for child in nodes]
        kept = tuple(v for v in values if v is not None)
        return kept if len(kept) == len(values) else None

    many = {"type": "array", "items": item.schema, "minItems": 1}
    return Shape(item.what, read, {"anyOf": [item.schema, many]})


def list_of(item: Shape[T], what: str) -> Shape[tuple[T, ...]]:
    """A YAML list; items that cannot be read are reported and left out."""

    def read(node: Node, problems: Problems) -> tuple[T, ...] | None:
        if not isinstance(node, Sequence):
            problems.error(f"expected {what}, found {kind(node)}", _head(node), "begin each with `- `")
            return None
        if not node.items:
            problems.error(f"expected {what}, found an empty list", node.place)
            return None
        values = (item.read(child, problems) for child in node.items)
        return tuple(v for v in values if v is not None)

    return Shape(what, read, {"type": "array", "items": item.schema, "minItems": 1})


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """One key of a mapping with free keys, and its value (None where it cannot be read)."""

    key: Scalar
    value: T | None


def mapping_of(name: Shape[Scalar], item: Shape[T], what: str) -> Shape[dict[str, Entry[T]]]:
    """A mapping whose keys the file chooses, in the file's order."""

    def read(node: Node, problems: Problems) -> dict[str, Entry[T]] | None:
        if not isinstance(node, Mapping):
            problems.error(f"expected {what}, found {kind(node)}", _head(node))
            return None
        if not node.pairs:
            problems.error(f"expected {what}, found an empty mapping", node.place)
            return None
        entries = {}
        for key, child in node.pairs:
            name.read(key, problems)
            if _comma_split(node, key, child, problems):
                continue
            entries[key.text] = Entry(key, item.read(child, problems))
        return entries

    schema: Schema = {"type": "object", "additionalProperties": item.schema, "minProperties": 1}
    if "pattern" in name.schema:
        schema["propertyNames"] = {"pattern": name.schema["pattern"]}
    return Shape(what, read, schema)


def by_kind(what: str, scalar: Shape[T], sequence: Shape[S] | None, mapping: Shape[Any]) -> Shape[Any]:
    """Different things as a text, as a list and as a mapping."""

    def read(node: Node, problems: Problems) -> Any:
        if isinstance(node, Mapping):
            return mapping.read(node, problems)
        if isinstance(node, Sequence) and sequence is not None:
            return sequence.read(node, problems)
        return scalar.read(node, problems)

    options = [scalar.schema, *([sequence.schema] if sequence else []), mapping.schema]
    return Shape(what, read, {"anyOf": options})


class Record:
    """A mapping with known keys, once read. Attributes are None where the key is absent or could not be read."""

    node: Mapping

    def place(self, attribute: str | None = None) -> Place:
        """The place of a key's value, or of the record's first key."""
        if attribute is not None:
            name = _key_name(attribute)
            for key, value in self.node.pairs:
                if key.text == name:
                    return _head(value)
        return _head(self.node)

    def key_place(self, attribute: str) -> Place:
        name = _key_name(attribute)
        return next((key.place for key, _ in self.node.pairs if key.text == name), _head(self.node))

    def has(self, attribute: str) -> bool:
        return any(key.text == _key_name(attribute) for key, _ in self.node.pairs)


def key(shape: Shape[Any], doc: str, required: bool = False) -> Any:
    """An attribute of a record."""
    return dataclasses.field(default=None, metadata={"shape": shape, "doc": doc, "required": required})


def _key_name(attribute: str) -> str:
    return attribute.rstrip("_").replace("_", " ")


def record(cls: type[R], what: str) -> Shape[R]:
    """The shape of a record: unknown keys, missing keys and bad values are reported, all of them."""
    fields = [f for f in dataclasses.fields(cls) if f.metadata]  # type: ignore[arg-type]
    fields.sort(key=lambda f: f.name not in cls.__annotations__)  # a record's own keys before those it shares
    attributes = {_key_name(f.name): f for f in fields}

    def read(node: Node, problems: Problems) -> R | None:
        if not isinstance(node, Mapping):
            problems.error(f"expected {what} with {one_of(_required(attributes))}, found {kind(node)}", _head(node))
            return None
        values: dict[str, Any] = {}
        for name, child in node.pairs:
            attribute = attributes.get(name.text)
            if attribute is None:
                if not _comma_split(node, name, child, problems):
                    hint = did_you_mean(name.text, attributes) or f"{what} may have {one_of(attributes)}"
                    problems.error(f"unknown key `{clip(name.text)}` in {what}", name.place, hint)
                continue
            values[attribute.name] = attribute.metadata["shape"].read(child, problems)
        seen = {name.text for name, _ in node.pairs}
        for missing in (k for k in _required(attributes) if k not in seen):
            problems.error(f"{what} needs `{missing}`", _head(node), attributes[missing].metadata["doc"])
        made = cls(**values)
        made.node = node
        return made

    return Shape(what, read, _record_schema(attributes))


def _required(attributes: dict[str, dataclasses.Field[Any]]) -> list[str]:
    return [name for name, attribute in attributes.items() if attribute.metadata["required"]]


def _record_schema(attributes: dict[str, dataclasses.Field[Any]]) -> Schema:
    properties = {
        name: {"description": attribute.metadata["doc"], **attribute.metadata["shape"].schema} for name, attribute in attributes.items()
    }
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if _required(attributes):
        schema["required"] = _required(attributes)
    return schema


def _comma_split(node: Mapping, key: Scalar, child: Node, problems: Problems) -> bool:
    """Whether a key without a value stands there because a comma in braces split a text."""
    if not (node.braces and isinstance(child, Scalar) and not child.text and not child.quoted):
        return False
    index = next(i for i, (name, _) in enumerate(node.pairs) if name is key)
    before = node.pairs[index - 1] if index else None
    hint = "give it a value, or take it out"
    if before is not None and isinstance(before[1], (Scalar, Sequence)):
        text = before[1].text if isinstance(before[1], Scalar) else "…"
        hint = f'put quotes around the list: `{before[0].text}: "{clip(text)}, {clip(key.text)}"`'
    problems.error(f"inside braces a comma starts a new key, here `{clip(key.text)}`, and it has no value", key.place, hint)
    return True


def _head(node: Node) -> Place:
    """Where a message about a node points: a text itself, the first key of a mapping, the first item of a list."""
    if isinstance(node, Mapping) and node.pairs:
        return node.pairs[0][0].place
    if isinstance(node, Sequence) and node.items:
        return _head(node.items[0])
    if not isinstance(node, Scalar):
        return Place(node.place.document, node.place.start, max(node.place.end, node.place.start + 1))
    if node.place.end <= node.place.start:  # an empty value: point at the colon or dash before it
        text = node.place.document.text
        at = min(node.place.start, len(text) - 1)
        while at > 0 and text[at].isspace():
            at -= 1
        return Place(node.place.document, at, at + 1)
    return node.place
