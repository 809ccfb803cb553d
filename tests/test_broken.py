"""Every message about a broken study file, word by word: `tests/broken/NAME.yaml`, and what the terminal shows, `NAME.txt`.

When the wording changes, `python tests/test_broken.py --write` writes the expected texts anew. Then read the diff: is each
message right, does it point to the right characters, does its hint mend the file?
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from nmosd_dosing.errors import Problem, Problems, RegimenError, printable
from nmosd_dosing.language import nodes
from nmosd_dosing.language.keys import json_schema
from nmosd_dosing.language.study_file import read_study_text

ROOT = Path(__file__).resolve().parent.parent
BROKEN = Path(__file__).resolve().parent / "broken"
NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))

# Files that are only doubtful: exit code 0, and standard output (the last line of their texts) says that they are fine.
WARNINGS = {
    "open-tells-allocation",
    "site-unknown-study",
    "site-window-unused",
    "windows-overlap",
    "windows-overlap-chinese",
    "windows-overlap-contained",
    "windows-overlap-many",
    "windows-overlap-range",
    "windows-overlap-range-contains",
    "windows-overlap-two-entries",
}

HEAD = """\
language: 1
study: example
title: A fictional trial of drug X
source: made up for this test
days: from 1
products:
  X: {}
periods:
  main:
    visits:
"""

# Too big to keep as files; their expected texts stand beside the others.
BIG: dict[str, Callable[[], str]] = {
    "big-50-mb": lambda: HEAD + "# " + 50_000_000 * "x",
    "big-days": lambda: HEAD + "      - at: " + ", ".join(["D1"] * 200_000) + "\n        assess: MRI\n",
    "big-line": lambda: HEAD.replace("fictional", 900_000 * "x") + "      - at: D1\n        give: X 500\n",
    "big-line-of-visits": lambda: HEAD + "      [" + ", ".join(f"{{at: D{n}, assess: MRI}}" for n in range(1, 36_000)) + "]\n",
    "big-many-lines": lambda: HEAD + "".join(f"      - at: D{n}\n        assess: MRI\n" for n in range(1, 23_000)),
    "big-nested-block": lambda: 100_000 * "- " + "x\n",
    "big-nested-flow": lambda: HEAD + "      - at: " + 100_000 * "[" + "D1" + 100_000 * "]" + "\n",
}

MEMORY, SECONDS = 2 * 1024**3, 20  # what one file may cost
ENVIRONMENT = {**os.environ, "PYTHONUTF8": "1", "OPENBLAS_NUM_THREADS": "1", "NO_COLOR": "1"}

# Loads the program once, by reading the first file to nowhere, and then reads each in a process of its own with a limit on memory
# and time, as if the command had been started for each; starting it 450 times would take minutes.
_EACH = """
import contextlib, os, resource, sys
from nmosd_dosing.cli import main

def validate(name):
    sys.argv = ["dosing", "validate", f"{name}.yaml"]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        return end.code

folder, memory, seconds, *names = sys.argv[1:]
with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), contextlib.redirect_stdout(nowhere):
    validate(names[0])
for name in names:
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds)))
        for stream, ending in ((1, "out"), (2, "err")):
            os.dup2(os.open(f"{folder}/{name}.{ending}", os.O_WRONLY | os.O_CREAT), stream)
        os._exit(validate(name))
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    with open(f"{folder}/{name}.code", "w") as file:
        file.write(str(code))
"""


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@cache
def each() -> dict[str, Done]:
    """What `dosing validate` says of every file in `tests/broken`."""
    with tempfile.TemporaryDirectory() as folder:
        started = [
            subprocess.Popen(
                [sys.executable, "-c", _EACH, folder, str(MEMORY), str(SECONDS), *NAMES[part::2]],
                cwd=BROKEN,
                env=ENVIRONMENT,
            )
            for part in range(2)
        ]
        assert [process.wait(timeout=120) for process in started] == [0, 0]
        written = {path.name: path.read_bytes().decode("utf-8") for path in Path(folder).iterdir()}
    return {name: Done(int(written[f"{name}.code"]), written[f"{name}.out"], written[f"{name}.err"]) for name in NAMES}


def validate(name: str, folder: Path) -> Done:
    """The command itself, in a process of its own with the same limits."""
    limited = f'ulimit -v {MEMORY // 1024} && ulimit -t {SECONDS} && exec "$@"'
    command = ["sh", "-c", limited, "sh", sys.executable, "-m", "nmosd_dosing", "validate", f"{name}.yaml"]
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", check=False, timeout=60)
    return Done(done.returncode, done.stdout, done.stderr)


def expected(name: str) -> Done:
    text = (BROKEN / f"{name}.txt").read_bytes().decode("utf-8")
    fine = text.rfind(f"{name}.yaml: fine") if name in WARNINGS else len(text)
    return Done(0 if name in WARNINGS else 2, text[fine:], text[:fine])


@pytest.mark.parametrize("name", NAMES)
def test_message(name: str) -> None:
    found = each()[name]
    assert "Traceback" not in found.err
    assert found == expected(name)
    assert found.err


@pytest.mark.parametrize("name", ["many-chinese", "not-utf8-gb18030", "windows-overlap-chinese", "escape-sequence"])
def test_the_command_says_the_same(name: str) -> None:
    assert validate(name, BROKEN) == expected(name)


@pytest.mark.parametrize("name", BIG)
def test_big(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.yaml").write_text(BIG[name](), encoding="utf-8")
    assert validate(name, tmp_path) == expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_carets(name: str) -> None:
    content, problems = (BROKEN / f"{name}.yaml").read_bytes(), Problems()
    if nodes.read_bytes(content, name, problems) is not None:
        check_text(content.decode("utf-8"))
    check_drawn(problems.in_order())


def test_every_expected_text_has_its_file() -> None:
    assert sorted(path.stem for path in BROKEN.glob("*.txt")) == sorted([*NAMES, *BIG])


# --- nothing but its own error, whatever the file holds ----------------------------------------------------------------

SHIPPED = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "regimens").glob("*.yaml"))]
# fmt: off
ODD = [
    "\t", " ", "\n", "\r", ":", ",", "-", "#", "'", '"', "{", "}", "[", "]", "&a ", "*a", "!!x ", "|", ">", "%", "0", "1", "9",
    "µ", "±", "−", "甲", "：", "，", "１", "\u00a0", "\u200b",
    "\u2028", "\u202e", "\u3000", "\ufeff", "\x00", "\x1b", "e\u0301", "👩\u200d🔬", "\ud800",
]
WORDS = [
    "D1", "D-28", "D0", "W1D1", "W1D8", "week 48", "month 6", "year 1", "1", "28", "0", "9" * 30, " ", ", ", "/", " + ", " - ", "±",
    "3d", "-3d/+7d", " to ", "then every ", "every ", " until ", " more times", " times", " days",
    " months", " years", " m", "d", "w", "X", "Y", "x",
    " 500 mg", " 0.5 mg/kg", "/kg", " 1,000", " 2e6 cells/kg", " placebo", "nothing",
    "not stated", " over ", "60 min", "first dose", "end of ", "last dose", "main", "relapse", "study stop", " after ",
    " subjects with ", "first dose of subject ", "甲", "\t", "{", "}", "[", "]", '"',
]
# fmt: on
SLOTS = """\
language: 1
study: example
title: A fictional trial
source: made up
days: from {from_}
products: {{X: {{minimum gap: {gap}}}, Y: {{}}}}
arms: [x, y]
periods:
  main:
    length: {length}
    blinded: {blinded}
    window: {window}
    visits:
      - at: {at}
        give: {give}
      - at: D1, D1 + 6 months, {at_2}
        give: {{x: {dose}, y: {dose_2}}}
        once: {{escalated: {once}}}
    spans:
      s: {{title: s, from: {start}, to: {end}}}
  next:
    visits: [{{at: D1, name: v}}]
transitions:
  - {{id: a, from: main, to: next, after: {after}, within: {within}}}
study stop:
  earliest of: [idmc_stop, {stop}]
"""
quick = settings(max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


def check_drawn(problems: Iterable[Problem]) -> None:
    """Each problem draws itself, and its carets stand under characters of the line."""
    for problem in problems:
        rows = problem.draw().split("\n")
        assert rows[0].startswith(f"{problem.severity}: ")
        places = [place for place in (problem.place, *(place for _, place in problem.also)) if place is not None]
        carets = [row for row in rows if re.match(r" +\| +\^|  *\| \^", row)]
        assert len(carets) >= len(places)
        for place in places:
            assert 0 <= place.start < place.end
            assert place.column <= max(1, len(place.source_line)), problem
        for place, row in zip(places, carets, strict=False):
            margin = len(str(max(place.line for place in places))) + 3
            assert row.rindex("^") < margin + cell_len(printable(place.source_line)) + 2, problem


def check_text(text: str) -> None:
    try:
        _, warnings = read_study_text(text)
    except RegimenError as error:
        assert any(problem.severity == "error" for problem in error.problems)
        check_drawn(error.problems)
    else:
        check_drawn(warnings)


@quick
@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    problems = Problems()
    node = nodes.read_bytes(content, "any.yaml", problems)
    assert node is not None or problems.errors
    check_drawn(problems.in_order())


@quick
@given(st.text(max_size=200) | st.lists(st.sampled_from(ODD + WORDS), max_size=40).map("".join))
def test_any_text(text: str) -> None:
    check_text(text)


@quick
@given(
    st.fixed_dictionaries(
        {key: st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map("".join) for key in re.findall(r"\{(\w+)\}", SLOTS)}
    )
)
def test_any_phrases(phrases: dict[str, str]) -> None:
    check_text(SLOTS.format_map(phrases))


@st.composite
def spoiled(draw: st.DrawFn) -> str:
    """A shipped study with a few lines or characters deleted, doubled, swapped or put in."""
    text = draw(st.sampled_from(SHIPPED))
    for _ in range(draw(st.integers(1, 4))):
        pieces: Sequence[str] = text.split("\n") if draw(st.booleans()) else text
        glue = "" if isinstance(pieces, str) else "\n"
        parts = list(pieces)
        if len(parts) < 2:
            break
        here, there = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        change = draw(st.sampled_from(["delete", "double", "swap", "insert"]))
        if change == "delete":
            del parts[here]
        elif change == "double":
            parts.insert(there, parts[here])
        elif change == "swap":
            parts[here], parts[there] = parts[there], parts[here]
        else:
            parts.insert(here, draw(st.sampled_from(ODD)))
        text = glue.join(parts)
    return text


@quick
@given(spoiled())
def test_a_spoiled_study(text: str) -> None:
    check_text(text)


# --- the schema for editors --------------------------------------------------------------------------------------------


class Core(yaml.CSafeLoader):
    """YAML as an editor loads it for a schema: texts, whole numbers, true and false, null; a date stays a text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - as PyYAML declares it


Core.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z"), list("tTfF"))
Core.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])
Core.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?[0-9]+\Z"), list("-+0123456789"))
Core.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value) if len(node.value) < 1000 else node.value)


def as_json(value: Any) -> Any:
    """Keys are texts in JSON."""
    if isinstance(value, dict):
        return {str(key).lower() if isinstance(key, bool) else str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def load(path: Path) -> Any:
    return as_json(yaml.load(path.read_bytes().decode("utf-8-sig"), Loader=Core))


# Not one YAML document in UTF-8, so no schema ever sees them.
_NOT_LOADABLE = """
    alias apostrophe-title at-sign backtick band-sign-bare bad-indentation bad-indentation-deeper bad-indentation-key
    bad-indentation-list binary
    block-mark bracket-title byte-order-mark-inside closing-brace-too-many colon-full-width colon-in-title colon-missing
    colon-without-space control-character directive document-end escape-sequence form-feed ideographic-space key-is-a-list
    line-separator list-on-key-line no-break-space-after-colon not-utf8-gb18030 not-utf8-latin1 not-utf8-truncated nul odd-characters
    percent-sign stray-ampersand stray-star tab-after-spaces tab-at-top tab-indentation tag-handle tag-own tag-python text-after-quote
    title-number-sign two-documents unclosed-brace unclosed-bracket unclosed-quote unclosed-single-quote unknown-escape utf16
    utf16-no-mark
"""
NOT_LOADABLE = set(_NOT_LOADABLE.split())

# What a schema cannot see: what is said twice, in two places that must agree, or beyond the grammar of one text.
_UNSEEN = """
    D-0 D0-from-1 W-code-from-0 W0D1 W1D0 W1D8 after-the-end after-the-end-range after-the-end-repeat anchor anchor-and-alias
    anchor-on-mapping arm-dose-without-visit arm-missing arm-twice arm-unknown arm-unknown-at-visit arm-unknown-blinded arm-unknown-far
    arm-without-arms bidi-override billion blinded-assessment blinded-dates blinded-duration-one blinded-durations blinded-nothing
    blinded-open-difference blinded-open-visit-dates blinded-products blinded-rhythm blinded-visit-without-arms blinded-windows
    blinded-without-arms cyrillic-product day-400-digits day-too-far dose-and-nothing dose-mapping-without-arms dose-on-range
    dose-then-placebo dose-two-in-text dose-zero empty-quoted-title event-built-in every-0-days every-400-digits every-first gap-months
    gap-repeat gap-too-short gap-two-entries gap-zero id-too-long infusion-too-long infusion-zero key-twice key-twice-give
    key-twice-in-braces key-twice-period key-twice-product key-twice-three-times length-10000-years length-400-digits length-zero
    long-line-fault-in-middle long-word many-senses many-warnings-and-errors month-bare month-too-far not-stated-among-items
    not-stated-without-name nothing-happens number-huge number-large number-space number-space-thousands once-other-product
    day-lower not-known
    once-study-event once-unknown-event open-end-in-length product-with-space-chinese range-months-reversed range-reversed
    range-with-repeat repeat-after-open-end repeat-after-open-repeat repeat-days-after-month repeat-on-range repeat-past-9999-until
    repeat-too-far span-bare-week span-day-0 span-day-at-top span-reversed span-reversed-days span-too-far stop-400-digits
    stop-count-of-study-event stop-end-of-unknown stop-itself stop-later-than-itself stop-m stop-subject-0 stop-unknown-event tag
    times-0-more times-400-digits too-many-visits too-many-visits-count transition-after-text transition-circle
    transition-circle-of-three transition-end-of-nothing transition-end-of-other transition-end-of-unknown transition-from-unknown
    transition-id-twice transition-need-study-event transition-stop-missing transition-to-itself transition-to-unknown
    transition-unknown-event transition-unknown-event-far transition-unknown-need true-capital twice-in-arm twice-in-list
    twice-months-and-days twice-months-and-days-from-0 twice-months-and-months twice-repeat twice-same-entry twice-same-entry-codes
    twice-two-entries units-mixed-at-visit unknown-product unknown-product-chinese unknown-product-far unknown-product-placebo
    vials-without-a-step
    until-bare-week until-before-start until-days-by-months until-months-by-days until-too-near updated-impossible updated-year-0
    week-bare week-bare-0 week-too-far window-400-digits window-different window-different-behind window-different-not-stated
    window-huge window-not-stated-day window-on-some window-twice window-twice-list year-bare years-too-far zero-width-space
    band-below-a-gram band-reversed bands-gap bands-gap-at-an-edge bands-overlap bands-overlap-at-an-edge bands-units bands-weights
    blinded-daily-missing blinded-hours blinded-leads blinded-times cap-not-a-step cap-not-whole-vials cap-unit concentration-unit
    cycle-0-days cycle-before-day-1 cycle-month-day cycle-open-in-a-length cycle-plus-months cycle-range-too-long cycle-too-short
    cycle-with-a-repeat daily-0-times daily-1-times daily-hours-order daily-hours-too-few event-cycle event-day-unknown
    event-of-the-study event-range-of-two event-range-reversed event-repeat event-to-a-day event-undeclared gap-reversed gap-units-mixed
    gaps-hole gaps-no-lower-end gaps-overlap gaps-upper-end lead-itself lead-not-given lead-unknown restart-no-dose restart-week
    round-unit round-without-vials round-zero rule-amount-and-bands rule-none rule-unknown rule-without-amount surface-without-m2
    vial-size-0 vial-size-same-in-g vial-size-twice vial-size-units weight-changed-0 weight-changed-100 weights-reversed
"""
UNSEEN = set(_UNSEEN.split())
OTHERS = {"site.yaml", "trial.yaml", "scenarios.yaml"}  # examples that are no study files


@cache
def checker() -> jsonschema.Draft202012Validator:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "regimens").glob("*.yaml")), *sorted(p for p in (ROOT / "examples").rglob("*.yaml") if p.name not in OTHERS)],
    ids=lambda p: p.name,
)
def test_schema_accepts(path: Path) -> None:
    assert checker().is_valid(load(path)) == (path.name != "mistakes.yaml")


def loads(name: str) -> bool:
    try:
        load(BROKEN / f"{name}.yaml")
    except (yaml.YAMLError, UnicodeDecodeError, TypeError):
        return False
    return True


def test_not_loadable() -> None:
    assert {name for name in NAMES if not loads(name)} == NOT_LOADABLE


def test_schema_rejects_what_it_can_see() -> None:
    accepted = {n for n in NAMES if n not in NOT_LOADABLE and n not in WARNINGS and checker().is_valid(load(BROKEN / f"{n}.yaml"))}
    assert accepted - UNSEEN == set(), "the schema has become looser"
    assert UNSEEN - accepted == set(), "the schema has become stricter: take these out of UNSEEN"


# --- writing the expected texts ----------------------------------------------------------------------------------------


def write() -> None:
    found = dict(each())
    with tempfile.TemporaryDirectory() as folder:
        for name, text in BIG.items():
            (Path(folder) / f"{name}.yaml").write_text(text(), encoding="utf-8")
            found[name] = validate(name, Path(folder))
    for name, done in found.items():
        if done.err and done.code == (0 if name in WARNINGS else 2):
            (BROKEN / f"{name}.txt").write_bytes((done.err + done.out).encode())
        else:  # killed, crashed, or fine where it should not be: that is no text to expect
            print(f"{name}: exit code {done.code}, not written")
    for path in BROKEN.glob("*.txt"):
        if path.stem not in found:
            path.unlink()


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python tests/test_broken.py --write")
    write()
