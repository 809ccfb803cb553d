"""The help of every command shows an example and loads nothing heavy; an option of one value stands once."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

from tests.kit.command import MIL62, errors, output
from tests.kit.commands import COMMANDS


def test_help_shows_examples_and_loads_nothing_heavy() -> None:
    text = output("plan", "--help")
    assert "dosing plan --regimen mil62-rcp --start 2025-01-06" in text
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "nmosd_dosing", "--help"], capture_output=True, text=True, check=True
    ).stderr
    modules = {line.rsplit("|", 1)[1].strip() for line in loaded.splitlines() if "|" in line}
    assert not modules & {"numpy", "icalendar", "pydantic", "yaml", "rich"}


@pytest.mark.parametrize("words", COMMANDS)
def test_the_help_of_every_command_shows_examples_that_can_be_typed(words: str) -> None:
    text = output(*words.split(), "--help")
    examples = re.findall(rf"^    (dosing {words}\b.*?)(?: > .*)?$", re.split(r"\n  Examples?:\n", text)[1], re.M)
    assert examples
    for example in examples:
        COMMANDS[words].make_context(words, shlex.split(example)[1 + len(words.split()) :])


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_and_argument_says_what_it_is(words: str) -> None:
    for parameter in COMMANDS[words].params:
        assert re.fullmatch(r".+[.…\])]", parameter.help), f"{parameter.name}: {parameter.help}"


def test_an_option_of_one_value_is_refused_when_given_twice() -> None:
    """Whatever the command and the option, with `=` or without; several at once are all told."""
    tried = 0
    for words, command in COMMANDS.items():
        options = [p for p in command.params if p.param_type_name == "option" and not p.is_flag and not p.multiple]
        for option in options:
            given = ["x" for p in command.params if p.param_type_name == "argument" and p.required]
            given += [f"{p.opts[0]}=x" for p in options if p.required and p is not option]
            twice = f"error: `{option.opts[0]}` is given twice\nhint: keep one of them\n"
            assert errors(*words.split(), *given, option.opts[0], "a", f"{option.opts[0]}=b") == twice
            tried += 1
    assert tried > 100
    assert errors("plan", "--start", "2025-01-06", "--arm", "a", "--start", "2025-01-06", "--arm=a").count("is given twice") == 2


def test_flags_and_options_of_several_values_may_come_again() -> None:
    assert output(*MIL62, "--cancelled", "--cancelled", "--weight", "60", "--weight", "2025-03-03=61")
    assert "Usage" in output("plan", "--start", "a", "--start", "b", "--help")
