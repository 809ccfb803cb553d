"""From nodes to typed values, with all problems collected; the same definition gives the JSON Schema for editors.

A *shape* says what may stand somewhere: how it is read, and how an editor can check it. *Keys* are a mapping with known
keys, attributes that are made with `key()`; attribute `minimum_gap` is the key `minimum gap`, `from_` is `from`, unless the
attribute names its key. An attribute is of the type that its shape reads, or None.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, TypeVar, cast

from msgspec import Struct

from nmosd_dosing.errors import Place, Problem, Problems, clip, did_you_mean, one_of
from nmosd_dosing.language.nodes import Mapping, Node, Scalar, Sequence

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S")
R = TypeVar("R", bound="Keys")

Schema = dict[str, Any]


class Shape(Struct, Generic[T_co], frozen=True):
    """What may stand somewhere. `read` returns None after it has reported why; `schema` is its JSON Schema."""

    what: str
    read: Callable[[Node, Problems], T_co | None]
    schema: Schema

    def file_schema(self, kind: str, version: int) -> Schema:
        """The JSON Schema (draft 2020-12) of a whole file of this shape, for editors. `kind`: of file: `study`."""
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"nmosd_dosing {kind} file, language {version}",
            **self.schema,
        }


class PhraseError(Exception):
    """A text that cannot be read; raised by the functions that `phrase` wraps."""

    def __init__(self, message: str, place: Place, hint: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, place, hint)


class PartlyRead(Exception):
    """A text of which a part could be read: `value` is what could, `problems` say why not the rest."""

    def __init__(self, value: Any, problems: list[Problem]) -> None:
        super().__init__()
        self.value, self.problems = value, problems


def kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return f"`{clip(node.text)}`" if node.text else "nothing"
    return "a list" if isinstance(node, Sequence) else "a mapping"


def phrase(what: str, parse: Callable[[Scalar], T], pattern: str | None = None, example: str = "") -> Shape[T]:
    """A text with a grammar of its own. `pattern` is the same grammar as an editor can check it, anchored."""

    def read(node: Node, problems: Problems) -> T | None:
        if not isinstance(node, Scalar) or (not node.text.strip() and not node.quoted):
            hint = f"for example `{example}`" if example else None
            if hint is None and isinstance(node, Scalar):
                hint = "write something there, or take it out with its key where it is not needed"
            problems.error(f"expected {what}, found {kind(node)}", _head(node), hint)
            return None
        try:
            return parse(node)
        except PhraseError as error:
            problems.found.append(error.problem)
            return None
        except PartlyRead as error:
            problems.found += error.problems
            partly: T = error.value
            return partly

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


class Pair(Struct, Generic[T], frozen=True):
    """One key of a mapping with free keys, and its value (None where it cannot be read)."""

    key: Scalar
    value: T | None


def mapping_of(name: Shape[Scalar], item: Shape[T], what: str, example: str = "") -> Shape[dict[str, Pair[T]]]:
    """A mapping whose keys the file chooses, in the file's order."""
    hint = f"for example `{example}`" if example else None

    def read(node: Node, problems: Problems) -> dict[str, Pair[T]] | None:
        if not isinstance(node, Mapping):
            problems.error(f"expected {what}, found {kind(node)}", _head(node), hint)
            return None
        if not node.pairs:
            problems.error(f"expected {what}, found an empty mapping", node.place, hint)
            return None
        entries: dict[str, Pair[T]] = {}
        split = _split_by_commas(node, what, problems)
        for i, (key, child) in enumerate(node.pairs):
            if i in split:
                if isinstance(child, Scalar) and child.text:
                    entries[key.text] = Pair(key, None)
                continue
            good_name = name.read(key, problems) is not None
            value = item.read(child, problems)
            entries[key.text] = Pair(key, value if good_name else None)
        return entries or None

    schema: Schema = {"type": "object", "additionalProperties": item.schema, "minProperties": 1}
    if "pattern" in name.schema:
        schema["propertyNames"] = {"pattern": name.schema["pattern"]}
    return Shape(what, read, schema)


def by_kind(what: str, scalar: Shape[T], sequence: Shape[T] | None, mapping: Shape[S]) -> Shape[T | S]:
    """Different things as a text, as a list and as a mapping."""

    def read(node: Node, problems: Problems) -> T | S | None:
        if isinstance(node, Mapping):
            return mapping.read(node, problems)
        if isinstance(node, Sequence) and sequence is not None:
            return sequence.read(node, problems)
        return scalar.read(node, problems)

    options = [scalar.schema, *([sequence.schema] if sequence else []), mapping.schema]
    return Shape(what, read, {"anyOf": options})


class Key:
    """What is known of a key: the attribute that has its value, what may stand there, and whether something must."""

    def __init__(self, shape: Shape[Any], doc: str, required: bool, name: str) -> None:
        self.shape, self.doc, self.required, self.name = shape, doc, required, name

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute, self.name = attribute, self.name or attribute.rstrip("_").replace("_", " ")


class Keys:
    """A mapping with known keys, once read. Attributes are None where the key is absent or could not be read."""

    known: ClassVar[dict[str, Key]]  # by name: its own before those that it shares
    node: Mapping
    all_known: bool  # whether every key could be told

    def __init_subclass__(cls) -> None:
        found = {key.name: key for owner in reversed(cls.__mro__) for key in vars(owner).values() if isinstance(key, Key)}
        cls.known = dict(sorted(found.items(), key=lambda pair: pair[1].attribute not in vars(cls)))

    def __init__(self, **values: Any) -> None:
        for key in self.known.values():
            setattr(self, key.attribute, values.get(key.attribute))

    def place(self, attribute: str | None = None) -> Place:
        """The place of a key's value, or of its first key."""
        found = self._pair(attribute) if attribute is not None else None
        return _head(found[1] if found is not None else self.node)

    def key_place(self, attribute: str) -> Place:
        found = self._pair(attribute)
        return found[0].place if found is not None else _head(self.node)

    def has(self, attribute: str) -> bool:
        return self._pair(attribute) is not None

    def _pair(self, attribute: str) -> tuple[Scalar, Node] | None:
        """An attribute's key and value, as the file has them."""
        name = getattr(type(self), attribute).name
        return next((pair for pair in self.node.pairs if pair[0].text == name), None)


def key(shape: Shape[T], doc: str, required: bool = False, name: str = "") -> T | None:
    """An attribute. `name`: its key, where that is not the attribute's name with spaces."""
    return cast(T | None, Key(shape, doc, required, name))


_OTHER_WORDS = {"max": "at most", "maximum": "at most", "duration": "length"}


def _other_word(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the key for which protocols have another word."""
    meant = _OTHER_WORDS.get(name)
    return f"did you mean `{meant}`?" if meant is not None and meant in known else None


def known_keys(cls: type[R], what: str) -> Shape[R]:
    """The shape of a mapping with known keys: unknown keys, missing keys and bad values are reported, all of them."""
    known = cls.known
    required = [name for name, key in known.items() if key.required]

    def read(node: Node, problems: Problems) -> R | None:
        if not isinstance(node, Mapping):
            hint = f"write its keys, each with a value: {one_of(required or known)}"
            problems.error(f"expected {what}, found {kind(node)}", _head(node), hint)
            return None
        values: dict[str, Any] = {}
        split = _split_by_commas(node, what, problems)
        unknown = [name for i, (name, _) in enumerate(node.pairs) if i not in split and name.text not in known]
        for name in unknown:
            hint = _other_word(name.text, known) or did_you_mean(name.text, known) or f"{what} may have {one_of(known)}"
            problems.error(f"unknown key `{clip(name.text)}` in {what}", name.place, hint)
        for i, (name, child) in enumerate(node.pairs):
            if name.text in known and i not in split:
                values[known[name.text].attribute] = known[name.text].shape.read(child, problems)
        seen = {name.text for name, _ in node.pairs}
        meant = {hint for name in unknown for hint in (_other_word(name.text, known), did_you_mean(name.text, known))}
        for missing in (k for k in required if k not in seen and f"did you mean `{k}`?" not in meant):
            problems.error(f"{what} needs `{missing}`", _head(node), known[missing].doc)
        made = cls(**values)
        made.node = node
        made.all_known = not unknown and not split
        return made

    properties = {name: {"description": key.doc, **key.shape.schema} for name, key in known.items()}
    schema = {"type": "object", "properties": properties, "additionalProperties": False, **({"required": required} if required else {})}
    return Shape(what, read, schema)


def _split_by_commas(node: Mapping, what: str, problems: Problems) -> set[int]:
    """The pairs that are pieces of a text which a comma in braces split, each group reported once."""
    pieces = [i for i, (key, child) in enumerate(node.pairs) if node.braces and _has_no_colon(key, child)]
    split: set[int] = set()
    for i in pieces:
        if i in split:
            continue
        group = [i]
        while group[-1] + 1 in pieces:
            group.append(group[-1] + 1)
        keys = [node.pairs[j][0] for j in group]
        split.update(group)
        before = node.pairs[i - 1] if i else None
        if before is None or not isinstance(before[1], Scalar) or i - 1 in split:
            text = clip(", ".join(key.text for key in keys))
            wrong = f"expected {what} as `key: value` inside braces, found `{text}`"
            problems.error(wrong, keys[0].place, f"take the braces away: `{text}`")
            continue
        split.add(i - 1)
        whole = before[1].text + node.place.document.text[before[1].place.end : keys[-1].place.end]
        if re.search(r"[0-9]$", before[1].text) and re.match(r"[0-9]", keys[0].text):
            problems.error(f"a comma in the number `{clip(whole)}`, inside braces", keys[0].place, "write the number without a comma")
            continue
        message = f"inside braces a comma starts a new key, here `{clip(keys[0].text)}`, and it has no value"
        problems.error(message, keys[0].place, f'put quotes around the whole text: `{before[0].text}: "{clip(whole, 200)}"`')
    return split


def _has_no_colon(key: Scalar, child: Node) -> bool:
    """Whether a key without a value was written without its colon too."""
    if not isinstance(child, Scalar) or child.text or child.quoted:
        return False
    return not re.match(r"\s*:", key.place.document.text[key.place.end : key.place.end + 50])


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
