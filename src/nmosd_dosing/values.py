"""Values are immutable records, msgspec's `Struct`; here is what of one is no part of it: where it was written, and what else is noted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter, ge, gt, le, lt
from typing import Any, TypeVar

T = TypeVar("T")


def beside(*names: str, unseen: Sequence[str] = ()) -> Callable[[type[T]], type[T]]:
    """Fields that stand beside a value: two are equal, and in order, whatever these are, and it is shown without them. `unseen`: fields
    that are compared, and not shown: what tells an arm, or is a secret."""

    def of(cls: type[T]) -> type[T]:
        fields: tuple[str, ...] = cls.__struct_fields__  # type: ignore[attr-defined]
        shown = [name for name in fields if name not in (*names, *unseen)]
        compared = [name for name in fields if name not in names]
        value = attrgetter(*compared)

        def eq(self: T, other: object) -> Any:
            return value(self) == value(other) if type(other) is type(self) else NotImplemented

        def text(self: T) -> str:
            return f"{cls.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

        def order(compare: Callable[[Any, Any], bool]) -> Callable[[T, object], Any]:
            return lambda self, other: compare(value(self), value(other)) if type(other) is type(self) else NotImplemented

        methods: dict[str, Any] = {"__repr__": text}
        if names:
            methods |= {"__eq__": eq, "__hash__": lambda self: hash(value(self))}
        if names and cls.__struct_config__.order:  # type: ignore[attr-defined]
            methods |= {f"__{compare.__name__}__": order(compare) for compare in (lt, le, gt, ge)}
        for name, method in methods.items():
            setattr(cls, name, method)
        return cls

    return of
