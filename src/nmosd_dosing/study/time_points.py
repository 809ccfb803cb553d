"""The time points of a visit: what is examined at which nominal time; and the line on which they stand between its doses."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from nmosd_dosing.dose.dose import Dose
from nmosd_dosing.study.nominal_times import NominalTime
from nmosd_dosing.study.visit_rules import Give


class TimePoint(Struct, frozen=True):
    """What is examined at a nominal time of a visit, in which arms, and whether by a repeat without an end."""

    name: str
    time: NominalTime
    arms: tuple[int, ...]
    open_ended: bool


def the_dose(give: Give, arm: int = -1) -> Dose | None:
    """What all doses of a product at a visit have in common of time: its minutes, how often, its hours, its lead; None where they differ,
    or none is given. arm: whose they are, -1 where it is not known."""
    by_arm = (give.doses, *(changed for _, changed in give.changes))
    own = [doses if len(doses) == 1 or arm < 0 else (doses[arm],) for doses in by_arm]
    doses = [dose for mine in own for dose in mine if dose is not None]
    about = {(dose.minutes, dose.times, dose.hours, dose.lead) for dose in doses}
    return doses[0] if len(about) == 1 else None


Begins = dict[str, tuple[str, int]]
"""When each product of a visit begins: so many minutes after the one named, or after midnight where that is empty."""


def begins(gives: Sequence[Give], arm: int = -1) -> Begins:
    """As the file says: at an hour, or before or after another product; one of which it says nothing begins after itself."""
    doses = {give.product: dose for give in gives if (dose := the_dose(give, arm)) is not None}
    found: Begins = {}
    for give in gives:
        product, minutes, seen = give.product, 0, {give.product}
        while (dose := doses.get(product)) is not None and dose.lead is not None and dose.lead.product not in seen and not dose.hours:
            minutes, product = minutes + dose.lead.minutes, dose.lead.product
            seen.add(product)
        hours = dose.hours if dose is not None else ()
        if len(hours) == 1:
            hour, minute = hours[0].split(":")
            found[give.product] = "", int(hour) * 60 + int(minute) + minutes
        else:
            found[give.product] = product, minutes
    return found


def in_order(points: Sequence[TimePoint], gives: Sequence[Give]) -> tuple[TimePoint, ...]:
    """Time points in the order of time; of doses of which the file does not say how far they are apart, in theirs."""
    line = Line(gives)
    return tuple(sorted(points, key=lambda point: line.place(point.time)))


class Line:
    """The line on which the doses of a visit and its time points stand. arm: whose they are, -1 where it is not known."""

    def __init__(self, gives: Sequence[Give], arm: int = -1) -> None:
        self.begins = begins(gives, arm)
        self.over = {give.product: dose.minutes for give in gives if (dose := the_dose(give, arm)) is not None}
        self._first = list(dict.fromkeys(after for after, _ in self.begins.values()))

    def after_beginning(self, time: NominalTime) -> int:
        """How many minutes after its dose begins a time is."""
        return (time.minutes or 0) + ((self.over.get(time.product) or 0) if time.of_end else 0)

    def place(self, time: NominalTime) -> tuple[int, int, int]:
        """Where a time stands, to sort by; `before X` before what begins with X, and the others behind it."""
        number, minutes, _ = self.of_dose(time.product)
        return number, minutes + self.after_beginning(time), 0 if (time.minutes or 0) <= 0 and not time.of_end else 2

    def of_dose(self, product: str) -> tuple[int, int, int]:
        """The same of a dose."""
        after, minutes = self.begins.get(product, (product, 0))
        return self._first.index(after) if after in self._first else len(self._first), minutes, 1
