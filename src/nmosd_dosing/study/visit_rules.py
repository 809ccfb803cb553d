"""The entries under `visits` of a study file, as immutable nouns: on which days, within which window, what is given and examined."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import MAX_DAYS, Code, Offset
from nmosd_dosing.dose.dose import Dose, Levels
from nmosd_dosing.errors import InputError, Place, Problem
from nmosd_dosing.study.facts import Facts, NotStated
from nmosd_dosing.study.nominal_times import NominalTime
from nmosd_dosing.values import beside


@beside("origin", "place")
class Window(Struct, frozen=True):
    """Allowed days around a target: so many before and after, both included; `after` is None where there is no last one, `or later`.

    `origin`: who states it, if not the study file; `place`: where.
    """

    before: int
    after: int | None
    origin: str | None = None
    place: Place | None = None

    def __post_init__(self) -> None:
        for name in ("before", "after") if self.after is not None else ("before",):
            days = getattr(self, name)
            if not isinstance(days, int) or isinstance(days, bool) or days < 0:
                hint = "give whole days, 0 or more: `Window(2, 5)` is from 2 days before to 5 days after"
                raise InputError(Problem(f"`{name}`: `{days!r}` is not a number of days", self.place, hint))
        if self.after is None and self.before:
            hint = "`Window(0, None)` is from the target on, without a last day"
            raise InputError(Problem("a window without an end begins with its target", self.place, hint))

    @property
    def text(self) -> str:
        if self.after is None:
            return "or later"
        if self.before == self.after:
            return f"±{self.before}d"
        parts = (f"-{self.before}d" if self.before else "", f"+{self.after}d" if self.after else "")
        return "/".join(part for part in parts if part)

    @property
    def most_after(self) -> int:
        """The most days after the target: beyond any date where there is no last one."""
        return MAX_DAYS if self.after is None else self.after

    def within(self, other: Window) -> Window:
        """The days that both allow."""
        after = min((days for days in (self.after, other.after) if days is not None), default=None)
        before = min(self.before, other.before)
        return next((w for w in (self, other) if (w.before, w.after) == (before, after)), Window(before, after))


LAST_DOSE: Final = "last dose"  # what a visit may hang on besides events: that of its period
LAST_DOSE_OF_STUDY: Final = "last dose of the study"
Moving = Literal["dose", "visit"]  # from the actual day of what each of a repeat may count: the dose before it, or the visit


class Follows(Struct, frozen=True):
    """By which other visit of its period a visit is moved: it is `step` after the actual day of the one on `day`, where one is recorded or
    booked; with `by` a dose, where one was given there."""

    day: Offset
    step: Offset
    by: Moving


@beside("place")
class Point(Struct, frozen=True):
    """One day (or, up to `last`, a range of days) of a period, or after what it hangs on; and the window given for it, None: the
    period's."""

    code: Code
    last: Code | None = None
    window: Window | NotStated | None = None
    place: Place | None = None

    @property
    def follows(self) -> Follows | None:
        """The visit from whose actual day it counts, `D15 + 2 weeks`; None where it counts from none."""
        days, months, then = self.code.offset.days, self.code.offset.months, self.code.offset.then
        return Follows(Offset(days, months), Offset(then), "visit") if then else None


@beside("place")
class Series(Struct, frozen=True):
    """A repeat: every `step` after `base`, `count` times; without an end where that is None.

    `until`: how the file says its end, where it names a day. `without`: days of the repeat that it excepts. `follows`: each counts from
    the actual dose, or visit, before it, where one is recorded; None: all from the first day.
    """

    base: Code
    step: Offset
    count: int | None = None
    until: str = ""
    without: tuple[Code, ...] = ()
    window: Window | NotStated | None = None
    follows: Moving | None = None
    place: Place | None = None

    @property
    def open_ended(self) -> bool:
        return self.count is None


@beside("place")
class Give(Struct, frozen=True):
    """One product at a visit: a dose for each arm in the period's order (a single one where there are no arms).

    None where that arm gets nothing here. `changes` holds other doses that an event brings, also by arm; None there is no
    change. `open_ended`: from a repeat without an end. `blinded`: to be shown masked; `shown` is the product as a reader may see it. `kit`:
    of a masked one, the one dose that its active arms all get, by which vials are counted for every arm; None where they differ.
    """

    product: str
    doses: tuple[Dose | None, ...]
    blinded: bool
    open_ended: bool = False
    changes: tuple[tuple[str, tuple[Dose | None, ...]], ...] = ()
    place: Place | None = None
    mask: str | None = None
    kit: Dose | None = None

    @property
    def shown(self) -> str:
        return self.mask or self.product

    @property
    def levels(self) -> tuple[Levels | None, ...]:
        """The levels of each arm; empty where no arm has any."""
        found = tuple(dose.levels if dose is not None else None for dose in self.doses)
        return found if any(found) else ()

    @property
    def ways(self) -> tuple[tuple[Dose | None, ...], ...]:
        """Other doses than `doses` that it may come to, by arm: after each of `changes`, None where that is no change; or at each level,
        and last where there is no further one."""
        levels = self.levels
        if not levels:
            return tuple(doses for _, doses in self.changes)
        gone = [own and replace(own, kind="not stated", bands=(), rule=None, as_needed=False, levels=None) for own in self.doses]
        most = max(len(own.doses) for own in levels if own is not None)
        by_arm = [
            [dose] * (most + 1) if own is None else [*own.doses, *[none] * (most + 1 - len(own.doses))]
            for dose, own, none in zip(self.doses, levels, gone, strict=True)
        ]
        return tuple(zip(*by_arm, strict=True))

    @property
    def events(self) -> tuple[str, ...]:
        """The events that its doses hang on."""
        of_levels = (event for own in self.levels if own is not None for event in own.events)
        return tuple(dict.fromkeys((*(event for event, _ in self.changes), *of_levels)))

    def meets(self, other: Give) -> bool:
        """Whether some arm gets both."""
        return any(one is not None and two is not None for one, two in zip(self.doses, other.doses, strict=True))

    @property
    def masked(self) -> bool:
        """Whether it is shown masked: whose it is is not known here."""
        return any(dose is not None and dose.kind == "masked" for dose in self.doses)

    @property
    def as_needed(self) -> tuple[bool, ...]:
        """By arm, whether it is given only when it is needed, whatever happens; of an arm that gets none it is not."""
        every = [[dose for dose in (own, *(doses[arm] for doses in self.ways)) if dose is not None] for arm, own in enumerate(self.doses)]
        return tuple(bool(own) and all(dose.as_needed for dose in own) for own in every)

    @property
    def unit(self) -> str | None:
        """The unit of its doses: one for all arms; that of the active doses, where there are any."""
        return next(iter(self.units), None) or next((dose.unit for dose in self.doses if dose is not None and dose.unit), None)

    @property
    def units(self) -> tuple[str, ...]:
        """The units of its active doses. A study in which one visit gives a product in two units is refused."""
        return tuple(dict.fromkeys(dose.unit for dose in self.doses if dose is not None and dose.kind == "stated" and dose.unit))


def with_placebo_levels(give: Give) -> Give:
    """A placebo goes by the levels of the active doses beside it, where these go alike: so what events do to it tells no arm."""
    schemes = {dose.levels and dose.levels.scheme: dose.levels for dose in give.doses if dose is not None and dose.kind != "placebo"}
    levels = next(iter(schemes.values()), None)
    if levels is None or len(schemes) > 1:
        return give
    doses = tuple(
        replace(dose, levels=replace(levels, doses=(dose,) * len(levels.doses))) if dose is not None and dose.kind == "placebo" else dose
        for dose in give.doses
    )
    return replace(give, doses=doses)


@beside("place")
class Cycle(Struct, frozen=True):
    """The days of an entry again, each `step` after the last cycle's, `count` times in all; without an end where that is None.

    `follows`: they count from the actual first dose, or visit, of the cycle, and the next cycle does, too, where one is recorded.
    `name`: `A`, of which the visits are called `A-C2D8`; empty where it has none.
    """

    step: Offset
    count: int | None
    follows: Moving | None = None
    name: str = ""
    place: Place | None = None


@beside("day", "place", "day_place")
class AlsoCalled(Struct, frozen=True):
    """What else a visit is called, say in a site's tables. `day`: a label of which of the entry's visits; empty where it has one."""

    name: str
    day: str = ""
    place: Place | None = None
    day_place: Place | None = None


@beside("place")
class VisitRule(Struct, frozen=True):
    """One entry under `visits`. `at` is empty where the record gives no day; `arms` are indices into the period's. `times`: when what is
    assessed is, where that has times of its own. `kept_after`: the exits after which its visits stay."""

    at: tuple[Point | Series, ...]
    name: str | None
    gives: tuple[Give, ...]
    assess: tuple[str, ...]
    arms: tuple[int, ...]
    facts: Facts
    cycle: Cycle | None = None
    also_called: tuple[AlsoCalled, ...] = ()
    place: Place | None = None
    times: tuple[tuple[str, NominalTime], ...] = ()
    kept_after: tuple[str, ...] = ()

    @property
    def open_ended(self) -> bool:
        """Whether it repeats without an end."""
        again = any(isinstance(item, Series) and item.open_ended for item in self.at)
        return again or (self.cycle is not None and self.cycle.count is None)
