"""One subject: what is known of the person, as immutable rows: day 1, body, arm, events, what was recorded of visits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.dose.dose import Per, Sex
from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import Place
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.visit_names import is_unscheduled
from nmosd_dosing.subjects.bounds import Values, wrong_age, wrong_given, wrong_height, wrong_last, wrong_value, wrong_weight
from nmosd_dosing.values import beside

Fact = Literal["done", "partial", "missed", "withheld"]
RecordStatus = Literal[Fact, "booked", "lapsed"]
RECORD_STATUSES: tuple[RecordStatus, ...] = (*get_args(Fact), "booked")  # as people write them
_STATUSES = get_args(RecordStatus)


@beside("place", "comment")
class Event(Struct, frozen=True):
    """Something that happened to a subject, or to the study: `relapse` on a day. `comment` is what somebody wrote beside it."""

    name: str
    date: dt.date
    place: Place | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.text("name", self.name, needed=True)
        values.date("date", self.date)
        values.text("comment", self.comment)
        values.stop()


@beside("place")
class Entered(Struct, frozen=True):
    """The actual first day of a later period."""

    period: str
    date: dt.date
    place: Place | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.text("period", self.period, needed=True)
        values.date("date", self.date)
        values.stop()


@beside("place", unseen=("product", "amount", "unit", "batch", "reason", "comment"))
class Record(Struct, frozen=True, gc=False):
    """What a site recorded of one visit, of one product at a visit, or of one of its time points.

    `visit` is a name of the visit (`D182`), with its period where several have it (`olp/D1`), or says that it is not planned. `amount` is
    of active drug in `unit`, all that was given at the visit, None where the row says nothing of it. What may tell which product it was is
    in no representation. `time`: the hour that was written beside the day. `assessment` and `time_point` say what was examined
    at which nominal time; where one of them is written the record is of that alone, and not of the visit. `last`: the last day of a visit
    that takes several, such as a course, where it is written. One that is `booked` is an appointment, and no fact; it has `lapsed` once
    its day is over and nobody has written what became of it.
    """

    visit: str
    date: dt.date
    status: RecordStatus = "done"
    period: str | None = None
    product: str | None = None
    amount: Decimal | None = None
    unit: str | None = None
    weight_kg: float | None = None
    batch: str | None = None
    reason: str | None = None
    comment: str | None = None
    place: Place | None = None
    time: dt.time | None = None
    last: dt.date | None = None
    assessment: str | None = None
    time_point: str | None = None

    def __post_init__(self) -> None:
        if (
            type(self.visit) is str is type(self.status) and self.visit and type(self.date) is dt.date and self.status in _STATUSES
            and (self.period is None or type(self.period) is str) and self.product is self.amount is self.unit is self.weight_kg is
            self.batch is self.reason is self.comment is self.time is self.last is self.assessment is self.time_point is None
        ):  # fmt: skip
            return  # most rows say no more, and there may be a hundred thousand
        values = Values(self.place)
        values.text("visit", self.visit, needed=True)
        values.date("date", self.date)
        values.one_of("status", self.status, _STATUSES)
        for name in ("period", "product", "batch", "reason", "comment", "assessment", "time_point"):
            values.text(name, getattr(self, name))
        values.ask(wrong_weight, "weight_kg", self.weight_kg)
        values.given(values.amount, "amount", self.amount)
        values.given(values.one_of, "unit", self.unit, UNITS)
        values.given(values.time, "time", self.time)
        values.given(values.date, "last", self.last)
        if not values.found and (wrong := wrong_given(self.status, self.amount, self.unit)):
            values.wrong(wrong[0], getattr(self, wrong[0]), *wrong[1:])
        if not values.found and self.last is not None and (wrong_day := wrong_last(self.status, self.date, self.last)):
            values.wrong("last", self.last, *wrong_day)
        values.stop()

    @property
    def took_place(self) -> bool:
        """Whether the visit was, or the product was given, at least in part."""
        return self.status in ("done", "partial")

    @property
    def of_time_point(self) -> bool:
        """Whether it is of a time point of its visit, and not of the visit."""
        return self.assessment is not None or self.time_point is not None

    @property
    def through(self) -> dt.date:
        """The last day that it is of."""
        return self.last or self.date

    @property
    def is_fact(self) -> bool:
        """Whether it says what was, and not what is to be."""
        return self.status not in ("booked", "lapsed")

    @property
    def is_unscheduled(self) -> bool:
        """Whether it is of a visit that the plan does not have, by its name: `unscheduled`, `UNSCHEDULED 4.1`."""
        return is_unscheduled(self.visit)

    def as_known_on(self, day: dt.date) -> Record:
        """The record as it is known on a day: what is dated later is booked, whatever it says, and what was booked for an earlier day has
        lapsed; and of what goes on, neither its last day nor all that is given is known yet. The one place that decides it."""
        if self.date > day:
            return replace(self, status="booked")
        if self.through > day and self.is_fact:
            return replace(self, last=None, amount=None, unit=None)
        return replace(self, status="lapsed") if self.status == "booked" and self.date < day else self


def in_order(records: Sequence[Record]) -> tuple[Record, ...]:
    """By date and visit; of one visit on one day by all that they say, so that the order of rows does not matter."""
    by = {(record.date, record.visit): record for record in records}
    return tuple(map(by.__getitem__, sorted(by)) if len(by) == len(records) else sorted(records, key=_order))


def _order(record: Record) -> tuple[Any, ...]:
    rest = (record.period, record.product, record.status, record.amount, record.unit, record.weight_kg)
    texts = (record.batch, record.reason, record.comment, record.time, record.last, record.assessment, record.time_point)
    return record.date, record.visit, *(str(value or "") for value in (*rest, *texts))


@beside("place", "comment")
class Weight(Struct, frozen=True):
    """A body weight in kg, measured on a day after the first. `comment` is what somebody wrote beside it."""

    date: dt.date
    kg: float
    place: Place | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.date("date", self.date)
        if wrong := wrong_weight(self.kg):
            values.wrong("kg", self.kg, *wrong)
        values.text("comment", self.comment)
        values.stop()


@beside("place", "unit", "comment")
class Measurement(Struct, frozen=True):
    """A value that doses are by, measured on a day: `what` as the study file declares it, in the unit that it declares. `unit` is that
    unit, where it was written beside it, and `comment` what somebody wrote there."""

    what: str
    date: dt.date
    value: float
    place: Place | None = None
    unit: str | None = None
    comment: str | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.text("what", self.what, needed=True)
        values.date("date", self.date)
        if wrong := wrong_value(self.value):
            values.wrong("value", self.value, *wrong)
        values.text("unit", self.unit)
        values.text("comment", self.comment)
        values.stop()


@beside("place")
class Exposure(Struct, frozen=True):
    """How much of a product a subject had before the study: an amount, per kg or per m2 where `per` says so."""

    product: str
    amount: Fraction
    unit: str
    per: Per = ""
    place: Place | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        values.text("product", self.product, needed=True)
        values.amount("amount", self.amount)
        values.one_of("unit", self.unit, UNITS)
        values.one_of("per", self.per, get_args(Per))
        values.stop()


@beside("place", unseen=("arm",))
class Subject(Struct, frozen=True):
    """A subject: the first day of the first period planned (study day 1), None of whoever is screened and has none yet, or never will; and
    what is known of the person.

    `weight_kg` is the baseline weight, to the gram at most; `weights` are later ones, each with its day. `earlier`: what the subject had
    of products before the study, where the study caps a lifetime's dose. `planned_start` is the day that was planned as day 1, where the
    first dose was on another one. `age` is in completed years on day 1. `measurements`: of the values that the study doses by.
    """

    start: dt.date | None
    code: str | None = None
    arm: str | None = None
    weight_kg: float | None = None
    events: tuple[Event, ...] = ()
    entered: tuple[Entered, ...] = ()
    records: tuple[Record, ...] = ()
    height_cm: float | None = None
    sex: Sex | None = None
    age: int | None = None
    site: str | None = None
    place: Place | None = None
    weights: tuple[Weight, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    earlier: tuple[Exposure, ...] = ()
    planned_start: dt.date | None = None

    def __post_init__(self) -> None:
        values = Values(self.place)
        screened = isinstance(self.events, tuple) and any(isinstance(e, Event) and e.name in OF_SCREENING for e in self.events)
        if self.start is not None or not screened:  # who has neither is nobody of whom a day is known
            values.date("start", self.start)
        values.given(values.date, "planned_start", self.planned_start)
        values.code("code", self.code)
        for name in ("arm", "site"):
            values.text(name, getattr(self, name))
        values.ask(wrong_weight, "weight_kg", self.weight_kg)
        values.ask(wrong_height, "height_cm", self.height_cm)
        values.given(values.one_of, "sex", self.sex, get_args(Sex))
        values.ask(wrong_age, "age", self.age)
        kinds = (
            ("events", Event), ("entered", Entered), ("records", Record), ("weights", Weight), ("measurements", Measurement),
            ("earlier", Exposure),
        )  # fmt: skip
        for name, kind in kinds:
            values.all_are(name, getattr(self, name), kind)
        if not values.found:
            days = [weight.date for weight in self.weights]
            for day in sorted({day for day in days if days.count(day) > 1}):
                values.wrong("weights", day, "has two weights", "keep one of them")
            found: dict[tuple[str, dt.date], float] = {}
            for m in self.measurements:
                if found.setdefault((m.what, m.date), m.value) != m.value:
                    values.wrong("measurements", m.date, f"has two values of `{m.what}`", "keep one of them")
            periods = [entry.period for entry in self.entered]
            for period in sorted({period for period in periods if periods.count(period) > 1}):
                values.wrong("entered", period, "is entered twice", "keep one of the two")
        values.stop()
