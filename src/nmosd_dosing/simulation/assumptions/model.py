"""What a simulation of a trial assumes, as immutable nouns: who comes when, and what happens to them. No study states any of it."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from nmosd_dosing.days import Offset

Steps = tuple[tuple[float, float], ...]
"""A rate that changes in steps: (days since when, how often per day). The first since 0, then ascending; each holds until the next."""

NEVER: Steps = ((0.0, 0.0),)

Entry = Literal["earliest", "latest", "uniform"]


class BodyWeight(Struct, frozen=True):
    """Body weights in kg: normally distributed with `mean` and `sd`, cut to `low` … `high` (both included), on a grid of 0.1 kg.

    `sd` 0: everybody weighs `mean`.
    """

    mean: float
    sd: float
    low: float
    high: float


class Assumptions(Struct, frozen=True):
    """An assumptions file, read for one study and a way through its periods.

    `study`, `title`, `source`: what the file says of itself; `invented`: the keys that nobody measured.

    start: when accrual opens. subjects: how many. sites: how many; None: no sites.
    accrual: subjects per day, by days since `start`.
    allocation: by arm in the study's order, the smallest whole numbers; () without arms.
    block: how many subjects a permuted block has; 1 without arms.
    relapse: by arm (one entry without arms), relapses per day by days since day 1; () where none are drawn.
    confirmed: the share of relapses that the committee confirms; adjudication: how many days after the relapse it decides, from and to.
    stable: the share that is stable after rescue; stability: how many days after the relapse. 1.0 and (0, 0) where nothing asks for it.
    dropout: by days since day 1. scatter: how many days after its target a visit takes place, from and to; (0, 0): on it.
    entry: on which of the allowed days a subject enters the next period. declines: the share that does not enter, though allowed.
    weight: None: nobody's is drawn. idmc_stop: when the monitoring committee stops the study: a date, or once this share of the
    study's number of relapses is there; None: never.
    follow: how long subjects are followed in later periods; None: as long as anything is planned, and 24 months of open repeats.
    horizon: how long after `start` subjects come, relapse, and the study may stop; what is planned by then goes on.

    written: the keys that count here, each with its value as written, or as taken where it is not given; in the order of the file's page.
    notes: what is given and not used; what is not given, and so taken how.
    sha256: of the file; of a scenario, of the file of scenarios. arms: those of the study that it was read for, in its order.
    """

    study: str | None
    title: str | None
    source: str | None
    invented: tuple[str, ...]
    start: dt.date
    subjects: int
    sites: int | None
    accrual: Steps
    allocation: tuple[int, ...]
    block: int
    relapse: tuple[Steps, ...]
    confirmed: float
    adjudication: tuple[int, int]
    stable: float
    stability: tuple[int, int]
    dropout: Steps
    scatter: tuple[int, int]
    entry: Entry
    declines: float
    weight: BodyWeight | None
    idmc_stop: dt.date | Fraction | None
    follow: Offset | None
    horizon: Offset
    written: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    sha256: str
    arms: tuple[str, ...] = ()
