"""What is documented is executed: README, docs/, examples/. `make write` writes what they show anew."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import chdir
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

from nmosd_dosing.cli.registers import users_name
from nmosd_dosing.errors import Document, Place
from nmosd_dosing.language.catalog import find_plan
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import bodies, lengths, visit_days
from nmosd_dosing.language.phrases import doses as dose_phrases
from nmosd_dosing.language.phrases import ranges as range_phrases
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.language.trial_file import json_schema as trial_schema
from nmosd_dosing.simulation.assumptions.file import read_assumptions, read_text
from nmosd_dosing.simulation.assumptions.keys import json_schema as assumptions_schema
from nmosd_dosing.simulation.assumptions.model import BodyWeight
from nmosd_dosing.simulation.assumptions.scenario_file import read_scenarios
from tests.kit.command import output, piped
from tests.kit.commands import PAGES as HELP_PAGES
from tests.kit.pages import PAGES, Block, blocks
from tests.kit.paths import ROOT
from tests.kit.terminal import on_a_screen

sys.path.append(str(ROOT / "examples" / "calendars"))


def run(command: str, folder: Path = ROOT) -> str:
    """What a pipe takes of a command, both streams together: of `dosing` in this process, of `python` in one of this environment."""
    program, *arguments = shlex.split(command)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"COLUMNS": "100", "PYTHONUTF8": "1", "TZ": "UTC"}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        if program == "dosing":
            return piped(*arguments)
        assert program == "python", command
        done = subprocess.run([sys.executable, *arguments], text=True, encoding="utf-8",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)  # fmt: skip
        return done.stdout


def transcript(block: Block) -> str:
    """A console block with the true output below each command: run in the folder that its fence names, and on a terminal so many columns
    wide where it names a number (```console examples/trial 100); else in a pipe. What commands write is not to stay: blocks of a page with
    `copied` (```console examples/trial copied) run one after another in a copy of the folder."""
    folder, copied, width = re.fullmatch(r"(\S*?)( copied)? ?(\d*)", block.info).groups()  # type: ignore[union-attr]
    if copied:
        return in_a_copy(block.page, folder)[block.start]
    return printed_in(ROOT / folder, block, width)


@cache
def in_a_copy(page: Path, folder: str) -> dict[int, str]:
    """The blocks of a page that run in a copy of a folder, by where they stand; with moments, hashes and whoever runs them made alike."""
    with tempfile.TemporaryDirectory() as name:
        copy = shutil.copytree(ROOT / folder, Path(name) / "copy")
        there = [b for b in blocks("console") if b.page == page and b.info.startswith(f"{folder} copied")]
        return {b.start: alike(printed_in(copy, b, b.info.removeprefix(f"{folder} copied").strip())) for b in there}


def alike(text: str) -> str:
    """What is another each time as it is on the pages."""
    text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", lambda m: f"2025-07-07T08:30:00{'.123' if m[1] else ''}Z", text)
    text = re.sub(r"\b\d{4}-\d\d-\d\d \d\d:\d\d(?= UTC)", "2025-07-07 08:30", text)
    text = re.sub(r"\b[0-9a-f]{64}\b", "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce", text)
    return re.sub(rf"\b{re.escape(users_name())}\b", "anna", text)


def printed_in(folder: Path, block: Block, width: str) -> str:
    """A block with what its commands print in a folder."""

    def printed(command: str) -> str:
        if not width:
            return run(command, folder)
        with chdir(folder):
            return on_a_screen(shlex.split(command)[1:], int(width))

    commands = [line for line in block.text.splitlines() if line.startswith("$ ")]
    return "\n".join(f"{command}\n{printed(command[2:]).rstrip()}\n" for command in commands)


# --- what the pages show -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", blocks("console"), ids=lambda b: b.id)
def test_commands_print_what_the_page_shows(block: Block) -> None:
    assert block.text == transcript(block)


@pytest.mark.parametrize("block", blocks("python"), ids=lambda b: b.id)
def test_python_gives_what_the_page_shows(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    before = [b.text for b in blocks("python") if b.page == block.page and b.start < block.start]
    test = doctest.DocTestParser().get_doctest("".join(before) + block.text, {}, block.id, str(block.page), 0)
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(test).failed == 0


README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", re.findall(r"\| `(dosing [^`]+)` \|", README))
def test_what_each_reader_is_told_to_type_runs_in_the_folder_of_the_invented_trial(command: str, tmp_path: Path) -> None:
    trial = shutil.copytree(ROOT / "examples" / "trial", tmp_path / "trial")
    shutil.copy(ROOT / "examples" / "windows.yaml", trial / "my-study.yaml")
    shutil.copy(ROOT / "examples" / "bat4406f" / "assumptions.yaml", trial / "assumptions.yaml")
    dated = any(name in command for name in ("due", "slots", "handout", "board", "prepare", "check"))
    said = run(f"{command} --as-of 2025-07-07" if dated else command, trial)
    assert "error:" not in said and "Traceback" not in said


def test_the_readme_is_for_a_person_who_has_two_minutes() -> None:
    assert len(re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S).split()) <= 500, "besides what commands print"


COMMAND_PAGE = """# Commands

This page is made from the program's own help. Data goes to standard output, messages to standard error. Exit codes: 0 fine (warnings
too), 1 `check` found deviations, or `slots` says no, 2 the input is wrong or the output cannot be written, 3 a defect of the program,
130 interrupted.

On a terminal pages fit its width: a table that does not fit becomes blocks of `heading: value`, and nothing is cut. Data in a file or a
pipe is as it is.
"""


def command_page() -> str:
    """docs/commands.md: the help of every command, also of those behind a group."""
    parts = [COMMAND_PAGE]
    for words in HELP_PAGES:
        parts.append(f"## {' '.join(('dosing', *words))}\n\n```text\n{output(*words, '--help').strip()}\n```\n")
    return "\n".join(parts)


def picture() -> str:
    """docs/calendar.svg: a calendar as khal shows it, without fonts from elsewhere."""
    from in_khal import Khal
    from rich.console import Console
    from rich.text import Text

    command = "plan --regimen mil62-rcp --start 2025-01-06 --subject 0012 --ics"
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        file = Path(folder) / "visits.ics"
        run(f"dosing {command} {file}")
        khal = Khal(Path(folder))
        khal.load(str(file))
        console = Console(record=True, width=86, file=nowhere, highlight=False, force_terminal=True)
        for line in (f"$ dosing {command} visits.ics", "$ khal import -a trial visits.ics", "$ khal calendar 2025-01-01 2025-07-31\n"):
            console.print(line, style="bold")
        console.print(Text.from_ansi(khal.months("2025-01-01", "2025-07-31")))
        svg = console.export_svg(title="khal", unique_id="calendar")
    return re.sub(r"@font-face \{.*?\}\n", "", svg.replace("<text ", '<text xml:space="preserve" '), flags=re.S)


def drawn_trials() -> str:
    """docs/simulation.svg: the drawings of simulated trials."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "simulation.svg"
        trial = "--regimen bat4406f --assumptions examples/bat4406f/assumptions.yaml"
        run(f"dosing simulate {trial} --trials 2000 --output {os.devnull} --plot {shlex.quote(str(file))}")
        return file.read_text(encoding="utf-8")


def test_the_calendars_of_the_examples_are_true(tmp_path: Path) -> None:
    """What examples/README.md says was written is what is written now."""
    folder = ROOT / "examples" / "calendars"
    common = "--start 2025-01-06 --subject 0012 --output /dev/null"
    first, updated, changes = (tmp_path / name for name in ("first.ics", "updated.ics", "changes.ics"))
    said = run(f"dosing plan --regimen examples/windows.yaml {common} --stamp 2025-01-02T08:00:00Z --ics {first}")
    assert said == f"{first}: 10 added, 0 moved, 0 cancelled, 0 unchanged\n"
    amended = f"--regimen examples/calendars/amended.yaml {common} --stamp 2025-03-01T08:00:00Z"
    said = run(f"dosing plan {amended} --previous {first} --ics {updated} --changes {changes}")
    assert said.startswith(f"{updated}: 1 added, 0 moved, 1 changed, 1 cancelled, 8 unchanged\n")
    assert said.endswith(f"{changes}: 3 entries\n")
    for path in (first, updated, changes):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_the_command_page_is_true() -> None:
    assert (ROOT / "docs" / "commands.md").read_text(encoding="utf-8") == command_page()


def test_the_picture_is_true() -> None:
    assert (ROOT / "docs" / "calendar.svg").read_text(encoding="utf-8") == picture()


def test_the_drawing_of_simulated_trials_is_true() -> None:
    drawn = drawn_trials()
    assert (ROOT / "docs" / "simulation.svg").read_text(encoding="utf-8") == drawn
    assert len(drawn) < 300_000


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("https://") or (page.parent / target).exists(), target


def test_make_targets_named_in_the_pages_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        assert set(re.findall(r"(?:^    |`)make ([a-z]+)", page.read_text(encoding="utf-8"), re.M)) <= targets


# --- the language page -------------------------------------------------------------------------------------------------

HEAD = """language: 1
study: page
title: An example of the language page
source: not stated
days: from {days}
"""
PRODUCTS = "products: {X: {route: IV infusion}, Y: {route: oral}}\n"
PERIODS = """arms: [x, placebo]
periods:
  rcp:
    length: 52 weeks
    visits: [{at: D1, give: X 500 mg}]
  olp:
    visits: [{at: D1, give: X 500 mg}]
"""


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}" for line in text.splitlines(keepends=True))


def whole(block: Block) -> str:
    """A fragment of the language page inside the smallest study around it."""
    kind, text = block.info, block.text
    if kind == "study":
        return text
    if kind.startswith("visits"):
        days, arms = ("0", "") if kind.endswith("from 0") else ("1", "arms: [x, placebo]\n")
        return HEAD.format(days=days) + PRODUCTS + arms + "periods:\n  main:\n    visits:\n" + indented(text, 6)
    if kind == "period":
        return HEAD.format(days=1) + PRODUCTS + "periods:\n  main:\n" + indented(text, 4)
    if kind == "products":
        return HEAD.format(days=1) + "products:\n" + indented(text, 2) + PERIODS
    if kind == "spans":
        of_period = "".join(line for line in text.splitlines(keepends=True) if "first dose" not in line)
        of_study = "".join(line for line in text.splitlines(keepends=True) if "first dose" in line)
        head = HEAD.format(days=1) + PRODUCTS + "spans:\n" + indented(of_study, 2)
        return head + "periods:\n  main:\n    visits: [{at: D1, give: X 500 mg}]\n    spans:\n" + indented(of_period, 6)
    if kind == "transitions":
        return HEAD.format(days=1) + PRODUCTS + PERIODS + "study stop: {earliest of: [idmc_stop]}\ntransitions:\n" + indented(text, 2)
    assert kind == "top", f"{block.id}: unknown kind of example `{kind}`"
    return HEAD.format(days=1) + PRODUCTS + PERIODS + text


OF_SIMULATIONS = ("assumptions", "scenarios")


@pytest.mark.parametrize(
    "block", [b for b in blocks("yaml") if b.info.split()[0] not in ("site", "trial", *OF_SIMULATIONS)], ids=lambda b: b.id
)
def test_every_example_is_a_valid_study(block: Block) -> None:
    _, warnings = read_study_text(whole(block), block.id)
    assert not warnings


def test_the_page_of_trial_files_has_every_key_and_shows_the_one_of_the_examples() -> None:
    page = (ROOT / "docs" / "trial.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z]+)`", page, re.M) == list(trial_schema()["properties"])
    [block] = [b for b in blocks("yaml") if b.info == "trial"]
    assert block.text == (ROOT / "examples" / "trial" / "trial.yaml").read_text(encoding="utf-8")


# --- the page of assumptions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [b for b in blocks("yaml") if b.info.split()[0] in OF_SIMULATIONS], ids=lambda b: b.id)
def test_every_example_of_assumptions_can_be_read(block: Block) -> None:
    """A whole file; or, with a key behind the kind, a line that stands for that key's in the first whole file of the page."""
    kind, _, key = block.info.partition(" ")
    base = next(b for b in blocks("yaml") if b.page == block.page and b.info == "assumptions")
    study, periods = find_plan("bat4406f", None)
    if kind == "scenarios":
        assert len(read_scenarios(block.text, block.id, read_text(base.text, base.id), study, periods)) == 4
        return
    text = "".join(block.text if key and line.startswith(f"{key}:") else line for line in base.text.splitlines(keepends=True))
    found = read_assumptions(text if key else block.text, block.id, study, periods)
    assert not [note for note in found.notes if "not used" in note]


def test_the_page_of_assumptions_has_every_key_and_its_example_can_be_read() -> None:
    text = (ROOT / "docs" / "assumptions.md").read_text(encoding="utf-8").split("\n## The keys\n", 1)[1].split("\n## ", 1)[0]
    rows = [[cell.strip() for cell in row.split("|")[1:5]] for row in re.findall(r"^\| `.*$", text, re.M)]
    keys = [name for row in rows for name in re.findall(r"`([^`]+)`", row[0])]
    assert keys == list(assumptions_schema()["properties"])
    study, periods = find_plan("bat4406f", None)
    given = {row[0].strip("`").split("`")[0]: row[1].strip("`") for row in rows}
    whole_file = "".join(f"{name}: {example}\n" for name, example in given.items())
    found = read_assumptions(whole_file, "page", study, periods)
    assert (found.weight, found.idmc_stop) == (BodyWeight(60.0, 0.0, 60.0, 60.0), Fraction(7, 10))


# --- phrases -----------------------------------------------------------------------------------------------------------


def table_examples(section: str, heading: str = "", page: str = "language.md") -> list[str]:
    """What stands in backticks in the first column of a section's tables."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"# {section}\n", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (`.+?) \|", text[text.index(heading) :], re.M)
    return [word for row in rows for word in re.findall(r"`([^`]+)`", row)]


def scalar(text: str) -> Scalar:
    return Scalar(text, Place(Document("page", text), 0, len(text)), exact=True)


def test_every_phrase_in_the_tables_can_be_read() -> None:
    days, repeats = table_examples("Days"), table_examples("Visits", "A repeat goes on")[:4]
    doses, windows = table_examples("What is given"), table_examples("Windows")
    rules = table_examples("Dose rules", page="dose-rules.md")
    ranges, heading, by = rules[:7], rules[7], rules[8:]
    assert (len(days), len(repeats), len(doses), len(ranges), len(by), len(windows)) == (20, 4, 20, 7, 6, 9)
    assert (doses[-1], ranges[-1], heading) == ("nothing", "more than 60 kg", "weight")
    for text in [*days, *repeats]:
        visit_days.at(scalar(text))
    for text in doses:
        dose_phrases.dose(scalar(text))
    for text in ranges:
        range_phrases.weights(scalar(text))
    for text in by:
        bodies.dosed_by(scalar(text))
    for text in windows:
        lengths.window(scalar(text))


def errors_in(text: str) -> int:
    return len(re.findall(r"^error: ", text, re.M))


def write(names: Sequence[str]) -> None:
    """Writes what the pages show anew; of `names` only these pages, and no pictures. A command that prints an error where its page shows
    none is left as it is, and said."""
    failed = []
    for page in [page for page in PAGES if not names or str(page.relative_to(ROOT)) in names]:
        text = page.read_text(encoding="utf-8")
        for block in reversed([b for b in blocks("console") if b.page == page]):
            written = transcript(block)
            if errors_in(written) > errors_in(block.text):
                failed.append(f"{block.id}: an error where the page shows none; left as it is:\n{written}")
                continue
            text = text[: block.start] + written + text[block.start + len(block.text) :]
        page.write_text(text, encoding="utf-8")
    if not names or "docs/commands.md" in names:
        (ROOT / "docs" / "commands.md").write_text(command_page(), encoding="utf-8")
    if not names:
        (ROOT / "docs" / "calendar.svg").write_text(picture(), encoding="utf-8")
        (ROOT / "docs" / "simulation.svg").write_text(drawn_trials(), encoding="utf-8")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__" and "--write" in sys.argv:
    write(sys.argv[sys.argv.index("--write") + 1 :])
