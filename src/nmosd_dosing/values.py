"""`dataclass(frozen=True)` as Python has it, at a sixth of its cost.

Python writes and compiles six methods for each such class whenever a program starts; of some hundred classes that takes longer than a plan.
Here `__init__` is compiled when the first object of a class is made, and the other five are the same functions for all. A test says that
nobody can tell the difference.
"""

from __future__ import annotations

import functools
import inspect
from dataclasses import MISSING, FrozenInstanceError, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # a type checker need not know
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass

_put = object.__setattr__


def _init(cls: Any) -> Callable[..., None]:
    """What puts each argument, or its default, into its field."""
    names: dict[str, Any] = {"_put": _put, "_MISSING": MISSING}
    by_position, by_name, lines = ["self"], ["*"], []
    for f in fields(cls):
        default, value = "", f.name
        if f.default is not MISSING:
            names[f"_default_{f.name}"], default = f.default, f"=_default_{f.name}"
        elif f.default_factory is not MISSING:
            names[f"_make_{f.name}"], default = f.default_factory, "=_MISSING"
            value = f"_make_{f.name}() if {f.name} is _MISSING else {f.name}"
        (by_name if f.kw_only else by_position).append(f.name + default)
        lines.append(f"  _put(self, {f.name!r}, {value})\n")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()\n")
    arguments = ", ".join(by_position + by_name[len(by_name) == 1 :])
    exec(f"def __init__({arguments}):\n" + ("".join(lines) or "  pass\n"), names)  # noqa: S102 - of names of fields, as Python's own
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    made.__annotations__ = {**{f.name: f.type for f in fields(cls)}, "return": None}
    return made


class _Signature:
    """What `inspect` and `help` say that a class takes."""

    def __get__(self, value: object, cls: type) -> inspect.Signature:
        _, *taken = inspect.signature(_init(cls)).parameters.values()
        return inspect.Signature(taken, return_annotation=None)


@functools.cache
def _compared(cls: Any, of_hash: bool = False) -> Callable[[object], tuple[object, ...]]:
    """What gives the fields of an object that are compared, or hashed, as a tuple."""
    names = [f.name for f in fields(cls) if (f.compare if f.hash is None or not of_hash else f.hash)]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = _compared(self.__class__)
    return values(self) == values(other)


def _hash(self: Any) -> int:
    return hash(_compared(self.__class__, True)(self))


def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _set(self: object, name: str, value: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: object, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[object]:
    return [getattr(self, f.name) for f in fields(self)]


def _setstate(self: Any, state: list[object]) -> None:
    for f, value in zip(fields(self), state, strict=True):
        _put(self, f.name, value)


if not TYPE_CHECKING:
    from dataclasses import dataclass as _of_python

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, repr=True, order=False):
        """Makes a class a dataclass; Python itself does where it is not frozen, or ordered."""
        if cls is not None or not frozen or order:
            return _of_python(cls, frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, repr=repr, order=order)
        methods = {"__setattr__": _set, "__delattr__": _delete}
        if eq:
            methods |= {"__eq__": _eq, "__hash__": _hash}
        if repr:
            methods["__repr__"] = _repr
        if slots:
            methods |= {"__getstate__": _getstate, "__setstate__": _setstate}

        def of(cls):
            own = vars(cls)
            cls.__doc__ = cls.__doc__ or cls.__name__  # else Python works one out
            made = _of_python(init=False, eq=False, repr=False, slots=slots, kw_only=kw_only)(cls)

            def init(self, *given, **named):  # until the first object is made: of most classes a command makes none
                made.__init__ = _init(made)
                made.__init__(self, *given, **named)

            made.__init__, made.__signature__ = init, _Signature()
            for name, method in methods.items():
                if name not in own:
                    setattr(made, name, method)
            return made

        return of
