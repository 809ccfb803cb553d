"""How a function becomes a command: its parameters are groups of options, which stand on the command line as single ones, each once
unless it takes several values."""

from __future__ import annotations

import functools
import importlib
import inspect
import shlex
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import NODEFAULT, Struct, structs
from typer.core import TyperCommand

from nmosd_dosing.cli import trial
from nmosd_dosing.cli.options import OF_REGISTER, declared_in, option
from nmosd_dosing.errors import InputError, Problem, arguments_said_as, commands_told


class Once(TyperCommand):
    """A command that refuses an option of one value that is given twice: of two days, which one is meant?"""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        given = list(args)  # what parses takes them away
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:  # while the shell completes, nothing is refused
            _, _, order = self.make_parser(ctx).parse_args(given)
            twice = [p for p in dict.fromkeys(order) if _takes_one_value(p) and order.count(p) > 1]
            if twice:
                raise InputError([Problem(f"`{max(p.opts, key=len)}` is given twice", hint="keep one of them") for p in twice])
        return rest


def _takes_one_value(parameter: Any) -> bool:
    return parameter.param_type_name == "option" and not parameter.is_flag and not parameter.multiple


def in_options(command: Callable[..., None], work: str, without: Sequence[str] = ()) -> Callable[..., Any]:
    """What does a command, with the fields of its groups as parameters, but for those that it does not take: these keep their defaults.

    While it runs, messages that name an argument say the option.
    """
    hints = typing.get_type_hints(command, include_extras=True)
    own = inspect.signature(command).parameters
    groups = {name: hints[name] for name in own if isinstance(hints[name], type) and issubclass(hints[name], Struct)}
    parameters = []
    for name, parameter in own.items():
        if name in groups:
            parameters += [p for p in _parameters(groups[name]) if p.name not in without]
        else:
            parameters.append(parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY))

    each_version = any(getattr(group, "each_version", False) for group in groups.values())
    from_register = any(getattr(group, "from_register", False) for group in groups.values()) and "register" not in without

    @functools.wraps(command)
    def run(**given: Any) -> Any:
        with arguments_said_as(option), commands_told(*(_typed(name, given) for name in ("register", "account"))):
            if "trial" in given and any("trial" in group.__struct_fields__ for group in groups.values()):
                given = trial.typed(given, tables=not from_register)
            if from_register and any(given[name] is not None for name in OF_REGISTER):
                from nmosd_dosing.cli import register_tables

                given = register_tables.typed(given, each_version=each_version)
            values = {
                name: group(**{name: given.pop(name) for name in group.__struct_fields__ if name in given})
                for name, group in groups.items()
            }
            room, _, name = work.partition(".")
            does = getattr(importlib.import_module(f"nmosd_dosing.cli.run.{room}"), name)
            given |= values
            return does(*(given[parameter] for parameter in own))

    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run


def _typed(name: str, given: Mapping[str, Any]) -> str:
    """An option as it was typed; nothing where it was not."""
    return f" {option(name)} {shlex.quote(given[name])}" if given.get(name) else ""


@functools.cache
def _parameters(group: type) -> list[inspect.Parameter]:
    hints, found = declared_in(group), []
    for field in structs.fields(group):
        if not hasattr(hints[field.name], "__metadata__"):  # nobody types it
            continue
        default = field.default_factory() if field.default_factory is not NODEFAULT else field.default
        default = inspect.Parameter.empty if default is NODEFAULT else default
        found.append(inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name]))
    return found
