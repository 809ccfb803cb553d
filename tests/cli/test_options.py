"""The help of every command shows an example and loads nothing heavy; an option of one value stands once."""

from __future__ import annotations

import subprocess
import sys

from typer.main import get_command

from nmosd_dosing.cli import app
from tests.kit.command import MIL62, errors, output


def test_help_shows_examples_and_loads_nothing_heavy() -> None:
    text = output("plan", "--help")
    assert "dosing plan --regimen mil62-rcp --start 2025-01-06" in text
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "nmosd_dosing", "--help"], capture_output=True, text=True, check=True
    ).stderr
    modules = {line.rsplit("|", 1)[1].strip() for line in loaded.splitlines() if "|" in line}
    assert not modules & {"numpy", "icalendar", "pydantic", "yaml", "rich"}


def test_an_option_of_one_value_is_refused_when_given_twice() -> None:
    """Whatever the command and the option, with `=` or without; several at once are all told."""
    program = get_command(app)
    tried = 0
    for name, command in program.commands.items():  # type: ignore[attr-defined]
        needed = ["x"] * sum(p.param_type_name == "argument" and p.required for p in command.params)
        options = [p for p in command.params if p.param_type_name == "option"]
        for option in options:
            once = [option.opts[0]] if option.is_flag else [option.opts[0], "a"]
            twice = "" if option.is_flag or option.multiple else f"error: `{option.opts[0]}` is given twice\nhint: keep one of them\n"
            if twice:
                assert errors(name, *needed, *once, f"{option.opts[0]}=b") == twice
                tried += 1
    assert tried > 100
    assert errors("plan", "--start", "2025-01-06", "--arm", "a", "--start", "2025-01-06", "--arm=a").count("is given twice") == 2


def test_flags_and_options_of_several_values_may_come_again() -> None:
    assert output(*MIL62, "--cancelled", "--cancelled", "--weight", "60", "--weight", "2025-03-03=61")
    assert "Usage" in output("plan", "--start", "a", "--start", "b", "--help")
