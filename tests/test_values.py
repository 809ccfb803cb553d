"""Values are frozen dataclasses as Python makes them, made faster."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from nmosd_dosing import values

NAN = float("nan")


def _classes(dataclass: Any) -> dict[str, Any]:
    """Classes of all the kinds that there are, made by one of the two."""

    @dataclass(frozen=True, slots=True)
    class One:
        """One field."""

        x: float

    @dataclass(frozen=True, slots=True)
    class Empty:
        """None."""

    @dataclass(frozen=True, slots=True)
    class Many:
        """Defaults, a factory, and fields that are neither compared nor shown."""

        a: int
        b: str = "b"
        c: list[int] = dataclasses.field(default_factory=list, hash=False)
        d: Any = dataclasses.field(default=None, compare=False, repr=False)
        of_all: ClassVar[int] = 3

        @property
        def doubled(self) -> int:
            return 2 * self.a

    @dataclass(frozen=True, slots=True)
    class Child(Many):
        """One more, and another default."""

        b: str = "child"
        e: tuple[int, ...] = ()

    @dataclass(frozen=True)
    class Checked:
        """With a look at what was given, and a dictionary of its own."""

        a: int
        b: int = 0

        def __post_init__(self) -> None:
            if self.a < 0:
                raise ValueError("a < 0")
            object.__setattr__(self, "b", self.b + 1)

        def __repr__(self) -> str:
            return "its own"

    @dataclass(frozen=True, kw_only=True, eq=False, repr=False)
    class Named:
        """By name only."""

        a: int
        b: list[str] = dataclasses.field(default_factory=list)

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        """One that has an order."""

        a: int
        b: int = 2

    @dataclass
    class Changing:
        """One that is no value."""

        a: int

    return {kind.__name__: kind for kind in (One, Empty, Many, Child, Checked, Named, Ordered, Changing)}


OURS, PYTHONS = _classes(values.dataclass), _classes(dataclasses.dataclass)
MADE: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("One", (1,), {}),
    ("One", (NAN,), {}),
    ("One", (), {}),
    ("Empty", (), {}),
    ("Empty", (1,), {}),
    ("Many", (1,), {}),
    ("Many", (1, "x", [3]), {"d": 5}),
    ("Many", (), {"a": 1, "d": 6}),
    ("Many", (), {"a": 1, "nonsense": 6}),
    ("Child", (1,), {}),
    ("Child", (1, "b"), {"e": (1, 2)}),
    ("Checked", (1,), {}),
    ("Checked", (-1,), {}),
    ("Named", (), {"a": 1}),
    ("Named", (1,), {}),
    ("Ordered", (1,), {}),
    ("Changing", (1,), {}),
]


def _told(work: Callable[[], Any]) -> Any:
    """What some work gives, or how it fails."""
    try:
        return work()
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("name", OURS)
def test_a_value_looks_like_a_dataclass_of_python(name: str) -> None:
    ours, pythons = OURS[name], PYTHONS[name]
    fields = [[(f.name, f.type, f.default, f.compare, f.repr) for f in dataclasses.fields(kind)] for kind in (ours, pythons)]
    assert fields[0] == fields[1]
    assert ours.__doc__ == pythons.__doc__ and ours.__match_args__ == pythons.__match_args__ and ours.__qualname__ == pythons.__qualname__
    shapes = [
        [(p.name, p.kind, p.annotation, p.default is p.empty) for p in inspect.signature(kind).parameters.values()]
        for kind in (ours, pythons)
    ]
    assert shapes[0] == shapes[1]
    assert getattr(ours, "__slots__", None) == getattr(pythons, "__slots__", None)


def _behaviour(kind: Any, given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """What can be told of an object of a class."""
    made, again = kind(*given, **named), kind(*given, **named)
    as_dict = dataclasses.asdict(made)
    first = dict.fromkeys(list(as_dict)[:1], 7)
    return {
        "shown": repr(made) if kind.__repr__ is not object.__repr__ else "",
        "equal": made == again,
        "equal to another kind": made == as_dict,
        "hash": _told(lambda: hash(made)) if kind.__eq__ is not object.__eq__ else 0,
        "copied": [type(x) is kind and dataclasses.asdict(x) == as_dict for x in (copy.copy(made), copy.deepcopy(made))],
        "replaced": _told(lambda: dataclasses.asdict(dataclasses.replace(made, **first))),
        "set": [_told(lambda name=name: setattr(made, name, 7)) for name in first],  # type: ignore[misc]
        "deleted": [_told(lambda name=name: delattr(made, name)) for name in first],  # type: ignore[misc]
    }


@pytest.mark.parametrize(("name", "given", "named"), MADE)
def test_a_value_does_what_a_dataclass_of_python_does(name: str, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    ours, pythons = (_told(lambda kind=kind: _behaviour(kind, given, named)) for kind in (OURS[name], PYTHONS[name]))  # type: ignore[misc]
    assert ours == pythons


@values.dataclass(frozen=True, slots=True)
class Sent:
    """Of this module, so that it can be sent."""

    a: int
    b: tuple[str, ...] = ()


def test_a_value_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(Sent(1, ("x",)))) == Sent(1, ("x",))


def test_a_value_is_another_one_than_what_differs_in_a_field_that_is_compared() -> None:
    many, child = OURS["Many"], OURS["Child"]
    assert many(1) != many(2) and many(1, d=1) == many(1, d=2) and many(1, "b") != child(1, "b")
    assert len({many(1, d=1), many(1, d=2), many(1, c=[1]), many(2)}) == 3


def test_each_value_has_lists_of_its_own() -> None:
    many = OURS["Many"]
    assert many(1).c is not many(1).c
