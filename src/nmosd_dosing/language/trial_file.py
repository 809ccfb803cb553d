"""A trial file: by which regimen, from which tables, for which site a coordinator works, so that nobody types it each time.

text -> nodes (`nodes`) -> Trial (`read_trial`). What the files that it names hold is not asked here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct, field

from nmosd_dosing.days import LANGUAGES, Language
from nmosd_dosing.errors import Place, Problem, Problems, argument
from nmosd_dosing.language import catalog, nodes
from nmosd_dosing.language.keys import VERSION, one_line
from nmosd_dosing.language.nodes import Node, Scalar
from nmosd_dosing.language.shapes import Keys, Schema, choice, key, known_keys, mapping_of, one_or_many, words

_TABLE = words("a file", "subjects.csv")
_REGIMEN = "a shipped regimen's id, or the path of a study file: `regimen: mil62`"
_SITE = ("a site file", "site")
_OTHERS = {  # by a key that only they have
    "periods": ("a study file", "regimen"), "accrual": ("a file of assumptions", "assumptions"),
    "windows": _SITE, "rooms": _SITE, "closed": _SITE,
}  # fmt: skip


class TrialKeys(Keys):
    """A trial file, with its places."""

    trial = key(words("a name", "Study X at hospital Y"), "what the trial is called here: `trial: Study X`", True)
    regimen = key(words("a regimen", "bat4406f"), _REGIMEN)
    subjects = key(_TABLE, "the table of subjects")
    events = key(_TABLE, "the table of what happened to them")
    visits = key(_TABLE, "the table of what was done, and of what is booked")
    weighings = key(_TABLE, "the table of later weights")
    measurements = key(_TABLE, "the table of values that doses are by")
    allocation = key(_TABLE, "the table of arms")
    history = key(_TABLE, "the table of what people had before the study")
    register = key(words("a register", "trial.db"), "the register that has the tables: a file, or `postgresql://HOST/NAME`")
    site = key(words("a file", "site.yaml"), "a site's own facts, a site file")
    country = key(words("a country", "CN"), "the country whose holidays count, by its two letters")
    zone = key(words("a time zone", "Asia/Shanghai"), "the time zone of hours in calendars")
    language = key(choice("a language", {name: name for name in LANGUAGES}), "the language of calendars, `en` or `zh`")
    columns = key(
        mapping_of(words("a column"), one_or_many(words("the name of a column", "Date of first dose")), "names of columns by ours"),
        "what columns of the tables are called, by our names: `start: Date of first dose`",
    )
    sites = key(one_or_many(words("a site's code", "01")), "only rows of these sites are shown")


TRIAL = known_keys(TrialKeys, "a trial file")
TABLES = tuple(name for name, key in TrialKeys.known.items() if key.shape is _TABLE)
_FILES = (*TABLES, "site")


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a trial file."""
    return {
        **TRIAL.file_schema("trial", VERSION),
        "anyOf": [{"required": ["regimen"]}, {"required": ["register"]}],
        "dependentSchemas": {"register": {"properties": dict.fromkeys(TABLES, False)}},  # it has its own tables
    }


class Said(Struct, frozen=True):
    """One value of a trial file, with its place."""

    text: str
    place: Place


class Trial(Struct, frozen=True):
    """What a trial file says. `files` are by key, `regimen` may be one as well: their paths as they are from where the reader stands.
    `columns`: pairs of our name and that of the tables."""

    name: str
    regimen: Said | None
    register: Said | None = None
    files: Mapping[str, Said] = field(default_factory=dict)
    country: Said | None = None
    zone: Said | None = None
    language: Language | None = None
    columns: tuple[tuple[str, Said], ...] = ()
    sites: tuple[str, ...] = ()

    def missing(self) -> Iterator[Problem]:
        """What is wrong with the files that it names: each is to be there."""
        paths = {**self.files, **({"regimen": self.regimen} if self.regimen is not None and catalog.is_path(self.regimen.text) else {})}
        for said in paths.values():
            if not _is_there(said.text):
                yield Problem(f"there is no file `{said.text}`", said.place, "paths are relative to the trial file; check the name")


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists() and not Path(path).is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def is_trial(node: Node | None) -> bool:
    """Whether a file is a trial's: it has a name or a regimen, and is none of the other files."""
    keys = {key.text for key, _ in node.pairs} if isinstance(node, nodes.Mapping) else set[str]()
    return bool(keys & {"trial", "regimen"}) and not keys & _OTHERS.keys()


def nodes_of(content: bytes, path: str, problems: Problems) -> Node | None:
    """The nodes of a file's bytes; None with the reason in `problems`."""
    if long := nodes.too_long(len(content), "a trial file", path):
        problems.found.append(long)
        return None
    if not content.strip():
        problems.found.append(Problem("the file is empty", path=path, hint="begin with `trial: NAME` and `regimen: ID`"))
        return None
    return nodes.read_bytes(content, path, problems)


def read_trial(content: bytes, path: str) -> Trial:
    """A trial file; `path` names it in messages, and the files that it names lie beside it. RegimenError carries every problem."""
    problems = Problems()
    node = nodes_of(content, path, problems)
    return problems.checked(trial_of(node, path, problems) if node is not None else None)


def _says_what(found: TrialKeys, problems: Problems) -> bool:
    """Whether a regimen is named, or a register, which has its own; and no tables beside one."""
    if not found.has("register"):
        if found.all_known and not found.has("regimen"):
            problems.error("a trial file needs `regimen`", found.key_place("regimen"), _REGIMEN)
        return found.regimen is not None
    if found.register is None:
        return False
    for name in (name for name in (*TABLES, "columns") if getattr(found, name) is not None):
        hint = f"take it out; `dosing register init {argument('register', found.register.text.strip())}` made the register of such tables"
        problems.error(f"`{name}` stands beside a register, which has its own", found.key_place(name), hint)
    return not problems.errors


def trial_of(node: Node, path: str, problems: Problems) -> Trial | None:
    """The same for the nodes of a file. What cannot be read is None, with the reason in `problems`."""
    for name, _ in node.pairs if isinstance(node, nodes.Mapping) and not is_trial(node) else ():
        if name.text in _OTHERS:
            what, given_as = _OTHERS[name.text]
            problems.error(f"this is {what}, not a trial file", name.place, f"give it as `{argument(given_as)}`")
            return None
    found = TRIAL.read(node, problems)
    if found is None or not _says_what(found, problems) or found.trial is None:
        return None
    folder = os.path.dirname(path)  # noqa: PTH120 - `./mine` stays a path

    def said(scalar: Scalar, *, of_file: bool = False) -> Said:
        text = scalar.text.strip()
        return Said(os.path.join(folder, text) if of_file else text, scalar.place)  # noqa: PTH118

    files = {name: said(scalar, of_file=True) for name in _FILES if (scalar := getattr(found, name)) is not None}
    pairs = [(ours, name) for ours, pair in (found.columns or {}).items() for name in pair.value or ()]
    return Trial(
        name=one_line(found.trial) or "",
        regimen=said(found.regimen, of_file=catalog.is_path(found.regimen.text.strip())) if found.regimen is not None else None,
        register=said(found.register, of_file="://" not in found.register.text) if found.register is not None else None, files=files,
        country=said(found.country) if found.country is not None else None, zone=said(found.zone) if found.zone is not None else None,
        language=found.language, columns=tuple((ours, said(name)) for ours, name in pairs),
        sites=tuple(scalar.text.strip() for scalar in found.sites or ()),
    )  # fmt: skip
