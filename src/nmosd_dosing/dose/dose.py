"""What a dose is: amounts, weight bands, rounding, caps. What they come to is worked out in `calculation`."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import Literal, NamedTuple, cast

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Offset
from nmosd_dosing.dose.units import singular
from nmosd_dosing.errors import Place
from nmosd_dosing.values import beside

Kind = Literal["stated", "placebo", "not stated", "masked"]
Per = Literal["", "kg", "m2"]
Formula = Literal["Mosteller", "Du Bois", "Haycock", "Boyd"]
Way = Literal["up", "down", "half even"]
ByWeight = Literal["actual", "ideal", "adjusted"]
Sex = Literal["M", "F"]


class Value(NamedTuple):
    """A value of a subject by which doses are, as a study file declares it: `eGFR`, in `mL/min/1.73m2`."""

    name: str
    unit: str


BandedBy = Literal["weight", "age"] | Value
"""What bands are ranges of: body weights, ages on day 1, or a value that is recorded."""
PARTS = 1_000_000  # of a value: it is a whole number of millionths, as a weight is one of grams


AmountStatusText = Literal[
    "stated", "masked", "not stated", "needs arm", "needs weight", "absent", "not recorded", "capped", "needs height", "out of range",
    "refused", "omitted", "held", "as needed", "range", "needs sex", "too short", "needs age", "age out of range", "needs value",
    "value out of range",
]  # fmt: skip


class AmountStatus(IntEnum):
    """Why an amount is there or not; where several hold, the first one is told."""

    STATED = 0
    MASKED = 1
    NOT_STATED = 2
    NEEDS_ARM = 3
    NEEDS_WEIGHT = 4
    ABSENT = 5  # this subject's arm does not get the product at all
    NOT_RECORDED = 6  # it was given, and nobody wrote how much
    CAPPED = 7  # stated, and the rule's highest dose
    NEEDS_HEIGHT = 8
    OUT_OF_RANGE = 9  # the rule does not hold for this weight
    REFUSED = 10  # it would pass the lifetime cap
    OMITTED = 11  # an event of its levels takes it away
    HELD = 12  # it waits for an event of its levels
    AS_NEEDED = 13  # given when it is needed: nobody plans how much
    RANGE = 14  # from so much to so much: whoever gives it decides
    NEEDS_SEX = 15
    TOO_SHORT = 16  # the formula of the weight that the rule is by does not hold for so short a person
    NEEDS_AGE = 17
    AGE_OUT_OF_RANGE = 18  # the rule does not hold for this age
    NEEDS_VALUE = 19  # no value is recorded on or before the day of the dose
    VALUE_OUT_OF_RANGE = 20

    @property
    def text(self) -> AmountStatusText:
        return cast(AmountStatusText, self.name.lower().replace("_", " "))


KNOWN = (AmountStatus.STATED, AmountStatus.CAPPED)  # there is an amount
NOT_GIVEN = (AmountStatus.REFUSED, AmountStatus.OMITTED, AmountStatus.HELD)  # planned, and it is no dose


class Surface(NamedTuple):
    """How a body surface is reckoned: by which formula, and rounded to how many square centimetres."""

    formula: Formula = "Mosteller"
    step: int = 1

    @property
    def text(self) -> str:
        """`Du Bois`, `Mosteller to 0.01 m2`."""
        return self.formula if self.step == 1 else f"{self.formula} to {number_text(Fraction(self.step, 10_000))} m2"


MOSTELLER = Surface()


class Band(Struct, frozen=True):
    """The amount for weights from `low` grams, ages from `low` completed years, or values from `low` millionths, to below `high`; `high`
    None: and more. `amount` None: not stated. `upto`: the other end, where the amount is a range.

    `holds_for`: these in words, `40 to 60 kg`, `6 to <12 years`, `30 to <60 mL/min`; empty where the file names none.
    """

    amount: Fraction | None
    per: Per = ""
    low: int = 0
    high: int | None = None
    holds_for: str = ""
    upto: Fraction | None = None

    def text(self, unit: str | None) -> str:
        """Its amount in words: `10 mg/kg`, `5 to 10 mg/kg`."""
        if self.amount is None:
            return "not stated"
        return range_text(self.amount, self.upto, unit) + (f"/{self.per}" if self.per else "")


class Rounding(Struct, frozen=True):
    """To a multiple of `step`, or, where that is None, to what whole vials of `sizes` hold; both in the unit of the dose."""

    way: Way
    step: Fraction | None
    sizes: tuple[Fraction, ...] = ()


class Lead(NamedTuple):
    """How long after another product a dose begins, in minutes, negative before it; `text` as the file says it."""

    minutes: int
    product: str
    text: str


class Levels(Struct, frozen=True):
    """The levels of a dose in the file's order, and the events that move a subject among them, each by one.

    `doses`: of each level, without levels of their own; `start`: the place of the one that everybody begins at. `names` is empty where the
    file names none, and only says what `omit` and `hold` do. `omit`: the next dose is not given; `held`, `resumed`: between them none is.
    """

    names: tuple[str, ...]
    doses: tuple[Dose, ...]
    start: int = 0
    down: tuple[str, ...] = ()
    up: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    resumed: tuple[str, ...] = ()

    @property
    def scheme(self) -> Levels:
        """All of it but the amounts: what two arms have in common whose levels go alike."""
        return replace(self, doses=())

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.down, *self.up, *self.omit, *self.held, *self.resumed)))


class Dose(Struct, frozen=True):
    """One dose of a product as the file states it, in `unit`.

    `bands`: by weight, the lightest first; none unless `kind` is "stated". `rule` is the rule in the file's words, `minutes` the stated
    time of the infusion, `times` how often on each day (None: once, on a single day), `hours` at which times of day, `lead` how long
    before or after another product. `surface`: how body surface is reckoned, for amounts per m2. `levels`: where it has some, and it is
    the dose of the one that everybody begins at. `as_needed`: it is given when it is needed, at most `most_daily` times on a day, where
    that is stated. `step`: of a taper, which of its steps it is. `by`: which weight an amount per kg is by: as measured, or reckoned.
    `banded_by`: what its bands are ranges of.
    """

    kind: Kind
    unit: str | None = None
    bands: tuple[Band, ...] = ()
    rule: str | None = None
    minutes: int | None = None
    times: int | None = None
    hours: tuple[str, ...] = ()
    lead: Lead | None = None
    surface: Surface = MOSTELLER
    at_most: Fraction | None = None
    rounding: Rounding | None = None
    levels: Levels | None = None
    as_needed: bool = False
    most_daily: int | None = None
    step: str = ""
    by: ByWeight = "actual"
    banded_by: BandedBy = "weight"

    @property
    def status(self) -> AmountStatus:
        if self.kind == "masked":
            return AmountStatus.MASKED
        if self.as_needed:
            return AmountStatus.AS_NEEDED
        return AmountStatus.NOT_STATED if self.kind == "not stated" else AmountStatus.STATED

    @property
    def ends(self) -> tuple[Dose, Dose] | None:
        """The least and the most of a range, each a dose of its own; None where it is none. Caps and rounding are those of both."""
        if all(band.upto is None for band in self.bands):
            return None
        least = tuple(replace(band, upto=None) for band in self.bands)
        most = tuple(replace(band, amount=band.upto or band.amount, upto=None) for band in self.bands)
        return replace(self, bands=least), replace(self, bands=most)

    @property
    def by_weight(self) -> bool:
        """Whether its amount hangs on body weight: also by surface or band, for whom it is so."""
        banded = self.banded_by == "weight" and any(band.low or band.high is not None for band in self.bands)
        return self.by_surface or banded or any(band.per == "kg" for band in self.bands)

    @property
    def by_value(self) -> Value | None:
        """The recorded value that its bands are of; None where they are of weights or ages."""
        return self.banded_by if isinstance(self.banded_by, Value) else None

    @property
    def by_surface(self) -> bool:
        return any(band.per == "m2" for band in self.bands)

    def at_every_level(self, change: Callable[[Dose], Dose]) -> Dose:
        """The dose after a change, and that of each of its levels."""
        levels = self.levels and replace(self.levels, doses=tuple(map(change, self.levels.doses)))
        return replace(change(self), levels=levels)


class LifetimeCap(Struct, frozen=True):
    """The most of a product that anybody may get over a lifetime: in `unit`, per kg or per m2 where `per` says so."""

    amount: Fraction
    unit: str
    per: Per
    text: str


class Vials(Struct, frozen=True):
    """Which vials there are: what each holds, in `unit`, as `texts` say it. `concentration`: in that unit per mL, of what is drawn up;
    None where it is not stated. Each is opened for one administration."""

    sizes: tuple[Fraction, ...]
    texts: tuple[str, ...]
    unit: str
    concentration: Fraction | None = None


def vials_text(vials: Vials) -> str:
    """`120 mg, 400 mg; 80 mg/mL`."""
    ready = f"; {number_text(vials.concentration)} {vials.unit}/mL" if vials.concentration is not None else ""
    return ", ".join(vials.texts) + ready


@beside("labels", "place")
class AtVisits(Struct, frozen=True):
    """The weight is renewed at these visits only: of each, how far its day lies from its period's first, and what the file calls it."""

    offsets: tuple[Offset, ...]
    labels: tuple[str, ...]
    place: Place | None = None

    @property
    def text(self) -> str:
        return ", ".join(self.labels)


WeightRule = Literal["baseline", "latest"] | Fraction | AtVisits
"""Which weight doses are by: the baseline one; the latest on or before the dose; a new one once it differs from the one used until
then by this share (`Fraction(1, 10)`: by 10% or more); or the latest on or before the last of some visits that has come."""


def number_text(value: float | Fraction) -> str:
    """A number as a person writes it: `1025`, `12.8125`, never `1e+06` or `1025.0`."""
    if isinstance(value, Fraction):
        value = value.numerator if value.denominator == 1 else float(value)
    if value == int(value):
        return str(int(value))
    text = repr(float(value))
    return text if "e" not in text else f"{value:.12f}".rstrip("0").rstrip(".")


def amount_text(amount: float | Fraction, unit: str | None) -> str:
    """An amount with its unit, as people write it: `600 mg`, `1 tablet`, `0.5 tablets`."""
    return f"{number_text(amount)} {singular(unit) if unit is not None and amount == 1 else unit}"


def range_text(low: float | Fraction, high: float | Fraction | None, unit: str | None) -> str:
    """The same of a range: `5 to 10 mg`; a plain amount where there is no other end."""
    return amount_text(low, unit) if high is None else f"{number_text(low)} to {amount_text(high, unit)}"
