"""A second, naive reckoning of what hangs on a last dose, on another visit, or is kept after an exit: one subject, plain loops.

It was written from docs/follow-up.md and shares nothing with the program. A study is plain data here; `text` writes it down as a file. The
first period has a dose every so many weeks from D1 on, the second one every four weeks, with nothing else but what hangs on its last dose.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct, field

from tests.judges.oracle import moved

DAY = dt.timedelta(1)
EXITS = ("withdrawn", "lost", "died")


On = Literal["last dose", "last dose of the study", "after", "before"]
Follows = Literal["first day", "previous dose", "previous visit"]
Status = Literal["done", "nothing", "missed", "withheld", "booked"]


class Hanging(Struct, frozen=True):
    """`last dose + 30 days`, `last dose of the study + 6 months`, `D29 + 14 days`, `2 days before D29`; 0: the last dose itself."""

    on: On
    number: int
    unit: Literal["days", "months"] = "days"
    day: int = 0
    kept: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        if self.on in ("after", "before"):
            much = f"{self.number} day{'s' if self.number > 1 else ''}"
            return f"D{self.day} + {much}" if self.on == "after" else f"{much} before D{self.day}"
        return self.on + (f"+{self.number}{'d' if self.unit == 'days' else 'mo'}" if self.number else "")

    @property
    def text(self) -> str:
        if self.on in ("after", "before"):
            return self.label
        return self.on + (f" + {self.number} {self.unit}" if self.number else "")

    def later(self, date: dt.date) -> dt.date:
        number = -self.number if self.on == "before" else self.number
        return moved(date, (number, 0) if self.unit == "days" else (0, number))


class Trial(Struct, frozen=True):
    weeks: int  # from dose to dose in the first period
    doses: int
    follows: Follows
    hanging: tuple[Hanging, ...]
    goes_on: tuple[Hanging, ...] | None = None  # what hangs in the second period; None: there is none
    length: int = 84

    @property
    def days(self) -> tuple[int, ...]:
        return tuple(1 + 7 * self.weeks * i for i in range(self.doses))

    @property
    def text(self) -> str:
        head = "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\nperiods:\n  main:\n"
        length = f"    length: {self.length} days\n" if self.goes_on is not None else ""
        again = f", then every {self.weeks} weeks, {self.doses - 1} more times" if self.doses > 1 else ""
        counted = f", counted from: {self.follows}" if self.doses > 1 else ""
        found = f"{head}{length}    visits:\n      - {{at: 'D1{again}', give: X 100 mg{counted}}}\n"
        found += "".join(_line(h) for h in self.hanging)
        if self.goes_on is None:
            return found
        found += "  open:\n    visits:\n      - {at: 'D1, then every 4 weeks, 3 more times', give: X 100 mg}\n"
        found += "".join(_line(h) for h in self.goes_on)
        return found + "transitions:\n  - {id: on, from: main, to: open, after: end of main, within: 14 days}\n"


def _line(hanging: Hanging) -> str:
    kept = f", kept after: [{', '.join(hanging.kept)}]" if hanging.kept else ""
    return f"      - {{at: {hanging.text}, assess: safety{kept}}}\n"


class Written(Struct, frozen=True):
    """What is written of a dose's visit: done, with nothing given where it is 0 mg, missed, withheld, or booked."""

    status: Status
    date: dt.date


class Somebody(Struct, frozen=True):
    start: dt.date
    written: dict[int, Written] = field(default_factory=dict)  # by the number of the dose in the first period, from 0
    besides: tuple[dt.date, ...] = ()  # doses at unscheduled visits
    events: dict[str, dt.date] = field(default_factory=dict)
    entered: dt.date | None = None


class _Dose(Struct, frozen=True):
    """When a dose is given; `moves` where it may be on another day, or not be given."""

    date: dt.date
    moves: bool


def reckon(trial: Trial, who: Somebody) -> dict[str, tuple[dt.date, str]]:
    """By id the day and the status of each visit that hangs on something; of those that are in the plan, or cancelled."""
    targets = _targets(trial, who)
    left = min((date for name, date in who.events.items() if name in (*EXITS, "treatment_stopped")), default=None)
    entry, recorded = _entry(trial, who)
    before_entry = entry - DAY if entry is not None else None
    main = [*_doses(trial, who, targets, [left, before_entry])]
    begun = recorded and entry is not None
    main += [_Dose(d, False) for d in who.besides if not (entry is not None and d >= entry)]
    later: list[_Dose] = []
    if entry is not None:
        days = [entry + 28 * i * DAY for i in range(4)]
        later = [_Dose(d, not begun) for d in days if left is None or d <= left]
        later += [_Dose(d, False) for d in who.besides if d >= entry]
    found: dict[str, tuple[dt.date, str]] = {}
    for hanging in trial.hanging:
        if hanging.on in ("after", "before"):
            number = trial.days.index(hanging.day)
            mine = who.written.get(number)
            actual = mine.date if mine is not None and mine.status in ("done", "nothing", "booked") else None
            on = _known_on(trial, who, number)
            date, status = hanging.later(actual or targets[number]), "projected" if on else "planned"
            limits = [*_exits(who, hanging.kept), entry]
            found[f"main/{hanging.label}"] = date, "cancelled" if any(x is not None and date > x for x in limits) else status
            continue
        of_study = hanging.on == "last dose of the study"
        doses = main + (later if of_study else [])
        if not doses:
            continue
        last = max(dose.date for dose in doses)
        date = hanging.later(last)
        open_ = trial.goes_on is not None and entry is None and left is None and "declined" not in who.events
        moves = all(dose.moves for dose in doses if dose.date == last) or (of_study and open_)
        moves = moves or (not of_study and entry is not None and not begun and date > entry)
        limits = [*_exits(who, hanging.kept), entry if begun and not of_study else None]
        status = "cancelled" if any(x is not None and date > x for x in limits) else "projected" if moves else "planned"
        found[f"main/{hanging.label}"] = date, status
    for hanging in trial.goes_on or () if entry is not None and later else ():
        last = max(dose.date for dose in later)
        date = hanging.later(last)
        moves = not begun or all(dose.moves for dose in later if dose.date == last)
        cancelled = any(date > x for x in _exits(who, hanging.kept))
        found[f"open/{hanging.label}"] = date, "cancelled" if cancelled else "projected" if moves else "planned"
    return found


def _targets(trial: Trial, who: Somebody) -> list[dt.date]:
    """The planned days of the doses of the first period."""
    found = [who.start]
    for i in range(1, trial.doses):
        if trial.follows == "first day":
            found.append(who.start + 7 * trial.weeks * i * DAY)
            continue
        before = who.written.get(i - 1)
        counts = ("done", "booked") if trial.follows == "previous dose" else ("done", "nothing", "booked")
        since = before.date if before is not None and before.status in counts else found[-1]
        found.append(since + 7 * trial.weeks * DAY)
    return found


def _known_on(trial: Trial, who: Somebody, number: int) -> bool:
    """Whether a visit is booked; or, where nothing is written of it, whether its day is counted from one that is."""
    mine = who.written.get(number)
    if mine is not None and mine.status in ("done", "nothing", "booked"):
        return mine.status == "booked"
    return trial.follows != "first day" and _projected(trial, who, number)


def _doses(trial: Trial, who: Somebody, targets: list[dt.date], ends: list[dt.date | None]) -> Iterator[_Dose]:
    for i, target in enumerate(targets):
        mine = who.written.get(i)
        if mine is not None and mine.status != "booked":
            if mine.status == "done":
                yield _Dose(mine.date, False)
            continue
        date = mine.date if mine is not None else target
        if all(end is None or date <= end for end in ends):
            before = i > 0 and trial.follows != "first day" and _projected(trial, who, i)
            yield _Dose(date, mine is not None or before)


def _projected(trial: Trial, who: Somebody, number: int) -> bool:
    """Whether the day of a dose is counted from one that is only booked."""
    counts = {"done", "booked"} | (set() if trial.follows == "previous dose" else {"nothing"})
    for i in range(number - 1, -1, -1):
        mine = who.written.get(i)
        if mine is not None and mine.status in counts:
            return mine.status == "booked"
    return False


def _exits(who: Somebody, kept: tuple[str, ...]) -> list[dt.date]:
    return [date for name, date in who.events.items() if name in EXITS and name not in kept]


def _entry(trial: Trial, who: Somebody) -> tuple[dt.date | None, bool]:
    """The first day of the second period, and whether it is recorded; it gives nothing but doses, so after a stop nobody enters it."""
    if trial.goes_on is None:
        return None, False
    if who.entered is not None:
        return who.entered, True
    ends = who.start + trial.length * DAY
    if "declined" in who.events or any(name in who.events for name in EXITS):
        return None, False
    stopped = who.events.get("treatment_stopped")
    return (None, False) if stopped is not None and stopped < ends else (ends, False)
