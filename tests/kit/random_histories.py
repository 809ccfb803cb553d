"""What happens to a subject at random, right or wrong: visits, events, entries and exits near the days that count."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing import Study, Subject, expand
from nmosd_dosing.study.model import Period
from nmosd_dosing.study.period_order import arms_of
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.subject import Entered, Event, Record, RecordStatus

DAY = dt.timedelta(1)
STATUSES: tuple[RecordStatus, ...] = ("done", "done", "done", "partial", "missed", "withheld")
EVENTS = ("relapse", "relapse", "relapse_confirmed", "relapse_rejected", "stable", "rcp_completed", "escalated", "declined")
EXITS = ("treatment_stopped", "withdrawn", "lost", "died")


class History(Struct, frozen=True):
    """What happened to somebody; `records` by arm, as the site of a subject of that arm writes them."""

    start: dt.date
    events: tuple[Event, ...]
    entered: tuple[Entered, ...]
    records: tuple[Callable[[str], tuple[Record, ...]], ...]
    of_study: dict[str, dt.date]

    def subject(self, arm: str, known: bool) -> Subject:
        records = tuple(record for written in self.records for record in written(arm))
        return Subject(self.start, "S-001", arm if known else None, 70.5, self.events, self.entered, records)


def near(chance: random.Random, start: dt.date) -> dt.date:
    edges = (0, 1, 181, 182, 363, 364, 365, 378, 379, 392)
    return start + (chance.choice(edges) if chance.random() < 0.5 else chance.randint(0, 800)) * DAY


def history(chance: random.Random, study: Study, periods: tuple[Period, ...], start: dt.date) -> History:
    arms = arms_of(periods)
    events = [Event(chance.choice(EVENTS), near(chance, start)) for _ in range(chance.choice((0, 1, 3, 5)))]
    events += [Event(chance.choice(EXITS), near(chance, start))] if chance.random() < 0.2 else []
    entered = [Entered(p.id, near(chance, start)) for p in periods[1:] if chance.random() < 0.5]
    plain = expand(study, Cohort.of_subjects([Subject(start)], arms), period=None if len(periods) > 1 else periods[0].id)
    records = []
    for i, visit in enumerate(plain.visits):
        target = plain.target[i, 0].item()
        if target is not None and chance.random() < 0.5:
            date = target + chance.choice((0, 0, 0, -1, 1, 3, -3, 40)) * DAY
            for _ in range(chance.choice((1, 1, 1, 1, 1, 2))):
                records.append(written(chance, plain.period(i).id, visit.label, date, visit.gives, arms))
    of_study = {"study_stop": near(chance, start)} if study.stop is not None and chance.random() < 0.3 else {}
    return History(start, tuple(events), tuple(entered), tuple(records), of_study)


def written(
    chance: random.Random, period: str, label: str, date: dt.date, gives: tuple[Give, ...], arms: tuple[str, ...]
) -> Callable[[str], tuple[Record, ...]]:
    """How a site writes a visit down: a row, or a row for each product. Of a masked dose, that of the subject's own arm."""
    status, how = chance.choice(STATUSES), chance.choice(("visit", "product", "amount"))
    reason, weight = chance.choice((None, "infection")), chance.choice((None, 71.0))

    def of(arm: str) -> tuple[Record, ...]:
        whole = Record(label, date, status, period, weight_kg=weight, reason=reason)
        if how == "visit" or not gives:
            return (whole,)
        found = []
        for give in gives:
            masked = give.mask is not None
            number = Decimal(arms.index(arm) * 250) if masked else Decimal(100)
            amount = number if how == "amount" and status in ("done", "partial") else None
            batch = f"{arm}-17" if masked else "B-1"
            unit = "mg" if amount is not None else None
            found.append(replace(whole, product=give.product, amount=amount, unit=unit, batch=batch))
        return tuple(found)

    return of
