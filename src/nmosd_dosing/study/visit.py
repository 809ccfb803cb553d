"""What a period's file puts on one day, as one noun: its entries laid out as a visit (`visits`), with what they say to which arm."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import reduce

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place
from nmosd_dosing.study.facts import Source
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.study.visit_rules import AlsoCalled, Follows, Give, Window
from nmosd_dosing.values import beside


class Assessment(Struct, frozen=True):
    """What is examined, in which arms, and whether by a repeat without an end. `untimed`: in which arms at no time of its own."""

    name: str
    arms: tuple[int, ...]
    open_ended: bool
    untimed: tuple[int, ...] = ()


class Said(Struct, frozen=True):
    """What entries say of a visit beside what happens at it. `window` is None where none is stated; `called`: its other names."""

    name: str | None
    window: Window | None
    assumed: tuple[str, ...]
    note: tuple[str, ...]
    sources: tuple[Source, ...] = ()
    called: tuple[AlsoCalled, ...] = ()


@beside("place")
class Visit(Struct, frozen=True):
    """What a period's file puts on one day: all doses and assessments of it. `offset` is None where no day is stated.

    `label`: no other visit of the period has it; `labels`: whatever else the day may be called; `names`: what people call it, as the file
    says to whichever arm. `said` is for whoever does not know the
    arm: of windows that differ, the days that every arm allows; `by_arm`, in the period's order, for whoever does, empty where all arms
    are told the same. `open_ended` where all of it comes from repeats without an end. `follows`: by which other visit it is moved.
    `hangs_on`: what `offset` is counted from, if not the period's first day. `time_points`: of the assessments that have times, in the
    order of time. `kept_after`: the exits after which it stays. `of_return`: it is of a period to which the subject has come back.
    """

    label: str
    offset: Offset | None
    last: Offset | None
    said: Said
    gives: tuple[Give, ...]
    assessments: tuple[Assessment, ...]
    arms: tuple[int, ...]
    open_ended: bool
    labels: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    by_arm: tuple[Said, ...] = ()
    follows: Follows | None = None
    hangs_on: str = ""
    of_return: bool = False
    time_points: tuple[TimePoint, ...] = ()
    kept_after: tuple[str, ...] = ()
    place: Place | None = None

    @property
    def window(self) -> Window | None:
        return self.said.window

    @property
    def windows(self) -> tuple[Window | None, ...]:
        """The window of each arm; one where it is the same for all."""
        return tuple(said.window for said in self.by_arm) or (self.said.window,)

    @property
    def also_called(self) -> tuple[AlsoCalled, ...]:
        """Its other names, each once, whichever arm they are said to."""
        return tuple({id(also): also for said in self.by_arm or (self.said,) for also in said.called}.values())

    @property
    def all_names(self) -> tuple[str, ...]:
        """Whatever it may be called."""
        return (self.label, *self.labels, *self.names)

    def of_arm(self, arm: int) -> Visit:
        """The visit as it is for one arm; `arm` is -1 where it is not known."""
        return replace(self, said=self.by_arm[arm], by_arm=()) if 0 <= arm < len(self.by_arm) else self

    def with_window(self, window: Window | None, where: Callable[[Window | None], bool]) -> Visit:
        """The visit with another window in place of each for which `where` holds."""
        said, *by_arm = (replace(s, window=window) if where(s.window) else s for s in (self.said, *self.by_arm))
        if by_arm:
            said = replace(said, window=allowed_for_all([each.window for each in by_arm]))
        return replace(self, said=said, by_arm=tuple(by_arm))

    def called(self, name: Callable[[str], str]) -> Visit:
        """The visit under another label, and so with other names for its day; what it is for people stays."""
        return replace(self, label=name(self.label), labels=tuple(map(name, self.labels)), names=tuple(map(name, self.names)))


def moved_by(visits: Sequence[Visit], of: Sequence[Hashable]) -> dict[int, int]:
    """Of the visits that follow another one by which they are moved, each behind the one that moves it. `of`: the part of a plan in which
    each stands. On a day with a visit of its own and a range that begins there it is the former."""
    by_day: dict[tuple[Hashable, Offset], int] = {}
    for i, visit in enumerate(visits):
        if visit.offset is not None and (visit.last is None or (of[i], visit.offset) not in by_day):
            by_day[of[i], visit.offset] = i
    found = {i: by_day.get((of[i], visit.follows.day)) for i, visit in enumerate(visits) if visit.follows is not None}
    ordered: dict[int, int] = {}
    for each in found:
        chain = []
        while each not in ordered and (before := found.get(each)) is not None:
            chain.append((each, before))
            each = before
        ordered.update(reversed(chain))
    return ordered


def allowed_for_all(windows: Sequence[Window | None]) -> Window | None:
    """The days that every window allows; None where one of them is not stated."""
    stated = [window for window in windows if window is not None]
    return reduce(Window.within, stated) if stated and len(stated) == len(windows) else None
