"""YAML text to nodes that remember their place. The only module that knows YAML.

Only the event stream is used: nothing is constructed, tags, anchors and aliases are refused, and a file can be stopped
before it costs anything (size, depth). Every scalar stays the text that was written; `shapes` and `phrases` say what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from nmosd_dosing.errors import Document, Place, Problem, Problems, RegimenError

MAX_BYTES = 1_000_000  # the longest shipped study has 6 kB
MAX_DEPTH = 30  # a study needs 7

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML built without libyaml: slower, the same events
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


class Scalar(Struct, frozen=True):
    """A text; `exact` where its characters are those of the file one by one, so that a part of it has a place."""

    text: str
    place: Place
    offset: int = 0
    exact: bool = False
    quoted: bool = False

    @property
    def flat(self) -> str:
        """The text on one line, with single spaces."""
        return " ".join(self.text.split())

    def part(self, start: int, end: int) -> Place:
        """The place of characters `start` to `end` of the text; all of it where it cannot be told."""
        if not self.exact:
            return self.place
        begin = self.place.start + self.offset
        return Place(self.place.document, begin + start, begin + max(end, start + 1))

    def place_of(self, words: str, *, first: bool = False) -> Place:
        """The place of words, where they stand last in the text, or `first`; all of it where they do not."""
        at = self.text.find(words) if first else self.text.rfind(words)
        return self.part(at, at + len(words)) if at >= 0 else self.place


class Sequence(Struct, frozen=True):
    items: tuple[Node, ...]
    place: Place


class Mapping(Struct, frozen=True):
    pairs: tuple[tuple[Scalar, Node], ...]
    place: Place
    braces: bool = False


_NULLS = ("~", "null", "Null", "NULL")

Node = Scalar | Sequence | Mapping


def too_long(size: int, what: str, path: str) -> Problem | None:
    """What is wrong with a file of so many bytes; None where nothing is. `what`: the kind of file, `a site file`."""
    if size <= MAX_BYTES:
        return None
    return Problem(f"the file has {size:,} bytes; {what} has at most {MAX_BYTES:,}", path=path, hint=f"give the path of {what}")


def read_file(path: Path, problems: Problems) -> tuple[Node | None, bytes]:
    """The nodes of a file (None where a problem stops the reading) and its bytes.

    Raises RegimenError where the file cannot be read at all.
    """
    name = str(path)
    try:
        if path.is_dir() or not path.exists():
            what = "is a folder" if path.is_dir() else "there is no such file"
            raise RegimenError(Problem(f"cannot read `{name}`: {what}", hint="give the path of a study file"))
        with path.open("rb") as file:  # which may be a pipe, or a device that never ends
            content = file.read(MAX_BYTES + 1)
            size = max(len(content), path.stat().st_size)
    except OSError as error:
        raise RegimenError(Problem(f"cannot read `{name}`: {error.strerror or error}")) from None
    if long := too_long(size, "a study file", name):
        raise RegimenError(long)
    return read_bytes(content, name, problems), content


def read_bytes(content: bytes, name: str, problems: Problems) -> Node | None:
    """The nodes of a UTF-8 text, or None with the reason in `problems`."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        problems.found.append(Problem("the file is UTF-16, not UTF-8", path=name, hint="save it as UTF-8"))
        return None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        document = Document(name, _one_line_end(content.decode("utf-8", "replace")))
        at = len(_one_line_end(content[: error.start].decode("utf-8", "replace")))
        wrong = f"byte 0x{content[error.start]:02x} is not UTF-8"
        problems.error(wrong, Place(document, at, at + 1), hint="save the file as UTF-8 (in Excel or Notepad: encoding UTF-8)")
        return None
    return read_text(text, name, problems)


def read_text(text: str, name: str, problems: Problems) -> Node | None:
    """The nodes of a text, or None with the reason in `problems`."""
    document = Document(name, _one_line_end(text.removeprefix("\ufeff")))
    if found := re.search(_UNWANTED, document.text):
        wrong = f"a control character (U+{ord(found[0]):04X}) in the text"
        problems.error(wrong, Place(document, *found.span()), hint="a study file is plain text; take the character out")
        return None
    builder = _Builder(document, problems)
    try:
        return builder.run(yaml.parse(document.text, Loader=_Loader))
    except yaml.MarkedYAMLError as error:
        problems.found.append(_syntax(error, document))
    except yaml.YAMLError as error:  # pragma: no cover - every other kind is caught above
        problems.found.append(Problem(f"not YAML: {error}", path=name))
    return None


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


# Control characters; line ends that only YAML sees; marks that reorder or hide text.
_UNWANTED = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"


class _Stop(Exception):
    """The reading cannot go on; the reason is among the problems."""


class _Builder:
    """Events to nodes with a stack of its own, so that no nesting can exhaust Python's."""

    def __init__(self, document: Document, problems: Problems) -> None:
        self.document = document
        self.problems = problems
        self.root: Node | None = None

    def run(self, events: Iterator[yaml.Event]) -> Node | None:
        try:
            self._read(events)
        except _Stop:
            return None
        if self.root is None:
            self.problems.found.append(
                Problem("the file is empty", path=self.document.path, hint="begin with `language: 1` and `study: …`")
            )
        return self.root

    def _read(self, events: Iterator[yaml.Event]) -> None:
        # One frame an open collection: its event, and its children so far (keys and values in turn for a mapping).
        stack: list[tuple[yaml.Event, list[Node]]] = []
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop("a second document begins here", event, "a study file holds one study; remove the `---`")
            elif isinstance(event, yaml.AliasEvent):
                self._stop(f"an alias (`*{event.anchor}`)", event, "write the value out; a study file has no aliases")
            elif isinstance(event, yaml.ScalarEvent):
                self._refuse_tag_and_anchor(event)
                self._add(stack, self._scalar(event))
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                self._refuse_tag_and_anchor(event)
                if len(stack) >= MAX_DEPTH:
                    self._stop(f"nested more than {MAX_DEPTH} deep", event, "a study needs seven levels at most")
                stack.append((event, []))
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                start, children = stack.pop()
                place = Place(self.document, _index(start.start_mark), _index(event.end_mark))
                if isinstance(start, yaml.SequenceStartEvent):
                    self._add(stack, Sequence(tuple(children), place))
                else:
                    self._add(stack, self._mapping(start, children, place))

    def _add(self, stack: list[tuple[yaml.Event, list[Node]]], node: Node) -> None:
        if stack:
            stack[-1][1].append(node)
        elif not (isinstance(node, Scalar) and not node.text and not node.quoted):
            self.root = node

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        start, end = _index(event.start_mark), _index(event.end_mark)
        written = self.document.text[start:end]
        quoted = event.style in ("'", '"')
        offset = 1 if quoted else 0
        if not event.style and event.value in _NULLS:
            return Scalar("", Place(self.document, start, end))  # YAML's own ways to write nothing
        exact = written[offset : len(written) - offset] == event.value
        return Scalar(event.value, Place(self.document, start, end), offset, exact, quoted)

    def _mapping(self, start: yaml.Event, children: list[Node], place: Place) -> Mapping:
        pairs: list[tuple[Scalar, Node]] = []
        first: dict[str, Scalar] = {}
        for key, value in zip(children[::2], children[1::2], strict=True):
            if not isinstance(key, Scalar):
                self.problems.error("a key must be a word", key.place, "put quotes around it")
                continue
            if not key.text and not key.quoted:
                at = key.place.start
                while at > 0 and self.document.text[at : at + 1] in ("", "\n"):
                    at -= 1
                self.problems.error("a key is missing here", Place(self.document, at, at + 1), "write `key: value`")
                continue
            if key.text in first:
                wrong = f"the key `{key.text}` is given twice"
                hint = "keep one of them; put both values under it where both are meant"
                self.problems.error(wrong, key.place, hint, also=[("the first one", first[key.text].place)])
                continue
            first[key.text] = key
            pairs.append((key, value))
        return Mapping(tuple(pairs), place, bool(getattr(start, "flow_style", False)))

    def _refuse_tag_and_anchor(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> None:
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._stop(f"a YAML tag (`{tag}`)", event, "take it out; a study file has no tags")
        if event.anchor is not None:
            self._stop(f"an anchor (`&{event.anchor}`)", event, "take it out; a study file has no anchors or aliases")

    def _stop(self, message: str, event: yaml.Event, hint: str) -> None:
        start, end = _index(event.start_mark), _index(event.end_mark)
        if isinstance(event, yaml.CollectionStartEvent) or end <= start:
            end = start + 1
        self.problems.error(message, Place(self.document, start, end), hint)
        raise _Stop


def _full_width_colon(document: Document, at: int) -> Place | None:
    """A full-width colon that was meant to end a key, on the line where the reading stopped or on the one before it."""
    line = Place(document, at, at + 1).line
    for number in (line, line - 1):
        if number >= 1:
            begin = document.line_starts[number - 1]
            match = re.match(r"[\s-]*[\w ]+(：)", document.text[begin:].split("\n", 1)[0])
            if match:
                return Place(document, begin + match.start(1), begin + match.end(1))
    return None


def _unquoted_sign(document: Document, at: int) -> Place | None:
    """A text such as `>40 to 60 kg` or `@home` on the line where the reading stopped, which needs quotes."""
    number = Place(document, at, at + 1).line
    begin = document.line_starts[number - 1]
    line = document.text[begin:].split("\n", 1)[0]
    for match in re.finditer(r"(?:^\s*(?:-\s+)*|[:,\[{]\s+)([>%@`][^,\]}:#]*)", line):
        if match.start(1) <= at - begin and match[1][1:].strip() and not match[0].startswith("%"):  # a line of YAML's own
            return Place(document, begin + match.start(1), begin + match.start(1) + len(match[1].rstrip()))
    return None


def _index(mark: Any) -> int:
    """A mark's character in the text; PyYAML's own annotations allow it to be missing, its parsers always set it."""
    return int(mark.index)


# libyaml's words (and those of PyYAML's own parser), then ours: what is wrong, and what a protocol writer can do about it.
_NEIGHBOURS = "indent it like its neighbours"
_BRACE = ("a `{` that is not closed", "close it with `}` and put a comma between two keys")
_BRACKET = ("a `[` that is not closed", "close it with `]` and put a comma between two items")
_COLON = ("a `:` that YAML cannot place", "indent like the line above, or put quotes around a text with `: ` in it")
_KEPT = (
    "a character that YAML keeps for itself",
    "indent with spaces, not tabs; put quotes around a text that begins with `@`, `%` or a backtick",
)
_KEYS = ("a line that does not fit into the keys around it", f"{_NEIGHBOURS}, and put quotes around a text with quotes or commas in it")
_LIST = ("a line that does not fit into the list around it", "begin it with `- ` under the other dashes")
_BEHIND = ("the text goes on after the study has ended", f"put every line under a key of the file; {_NEIGHBOURS}")
_TAB = ("a tab where spaces indent", "indent with spaces")
_SYNTAX: tuple[tuple[str, tuple[str, str]], ...] = (
    ("mapping values are not allowed", _COLON),
    ("could not find expected ':'", ("a key without its `:`", "write `key: value`")),
    ("found character '\\t", _TAB),
    ("found a tab character", _TAB),
    ("cannot start any token", _KEPT),
    ("expected ',' or '}'", _BRACE),
    ("expected ',' or ']'", _BRACKET),
    ("found unexpected end of stream", ("a quote that is not closed", "close it on the same line")),
    ("did not find expected key", _KEYS),
    ("did not find expected '-' indicator", _LIST),
    ("expected <block end>", ("a line that does not fit into what is around it", _NEIGHBOURS)),
    ("did not find expected node content", ("a value is missing here", "write the value")),
    ("did not find expected <document start>", _BEHIND),
)


def _syntax(error: yaml.MarkedYAMLError, document: Document) -> Problem:
    at = _end_of_reading(error.problem_mark or error.context_mark, document)
    words = f"{error.context or ''} {error.problem or ''}"
    unknown = (f"not YAML: {error.problem or error.context}", "compare with the examples of the language page")
    message, hint = next((ours for known, ours in _SYNTAX if known in words), unknown)
    wide = _full_width_colon(document, at)
    if wide is not None:
        return Problem("a full-width colon `：` where YAML needs `:`", wide, "type a plain `:` and a space behind it")
    began = _end_of_reading(error.context_mark, document) if error.context_mark else at
    if sign := _unquoted_sign(document, at):
        text = document.text[sign.start : sign.end]
        if more := re.fullmatch(r">(=?)\s*([0-9.]+\s*\w+)", text):
            words = f"{more[2]} or more" if more[1] else f"more than {more[2]}"
            return Problem("a text that begins with a sign which YAML keeps for itself", sign, f"write `{words}`")
        quote = "'" if '"' in text else '"'
        return Problem("a text that begins with a sign which YAML keeps for itself", sign, f"write `{quote}{text}{quote}`, in quotes")
    if "not closed" in message and began < at:
        return Problem(message, Place(document, began, began + 1), hint, also=(("the reading stops here", Place(document, at, at + 1)),))
    if "without its" in message:
        at = began
    return Problem(message, Place(document, at, at + 1), hint)


def _end_of_reading(mark: Any, document: Document) -> int:
    """The character of a mark; where it stands on a line's end, the last thing written before it."""
    at = min(int(mark.index), max(0, len(document.text) - 1)) if mark else 0
    while at > 0 and document.text[at] == "\n":
        at -= 1
    return at
