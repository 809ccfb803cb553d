"""The events that every study knows, in one table: what each is called, whose it is, what it ends, what it decides.

A study may declare further ones; they end nothing and may come as often as they like from day 1 on. What ends treatment or
participation is a disposition event, as in the domain DS of CDISC's SDTM.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum, auto
from typing import Literal

from msgspec import Struct

from nmosd_dosing.errors import did_you_mean


class Ends(Enum):
    """What an event ends, from its day on; each of the last three ends what the ones before it do."""

    NOTHING = auto()
    ENTRY = auto()  # the way into the next period
    PERIOD = auto()  # the doses of its period
    TREATMENT = auto()  # all doses
    PARTICIPATION = auto()  # all visits; follow-up that is counted from doses stays
    FOLLOW_UP = auto()  # everything


class EventKind(Struct, frozen=True):
    """A row of the table.

    text: what it is, for people. of: who has it: a subject, or the study as a whole, on one day for everybody. once: whether a second
    date contradicts the first. before_day_1: whether it may come before the first dose. decides: the event of which it says
    whether it counts: the latest one on or before it. follows: whether it is a recovery from what has happened before.
    """

    name: str
    text: str
    of: Literal["subject", "study"] = "subject"
    ends: Ends = Ends.NOTHING
    once: bool = False
    before_day_1: bool = False
    decides: str | None = None
    follows: bool = False

    @property
    def answers(self) -> bool:
        """Whether it is about what has happened before: as a condition it counts only on or after the event that opens the way."""
        return self.follows or self.decides is not None


RELAPSE, CONFIRMED, REJECTED, STABLE = "relapse", "relapse_confirmed", "relapse_rejected", "stable"
DECLINED, WITHDRAWN, DIED = "declined", "withdrawn", "died"
IDMC_STOP, STUDY_STOP = "idmc_stop", "study_stop"
CONSENTED, SCREENED, RANDOMISED, SCREEN_FAILED = "consented", "screened", "randomised", "screen_failed"
BEFORE_DAY_1 = (CONSENTED, SCREENED, RANDOMISED)  # days of a subject beside day 1, of which each has one
OF_SCREENING = (*BEFORE_DAY_1, SCREEN_FAILED)  # what visits may hang on, whether or not a day 1 comes

TABLE = (
    EventKind(CONSENTED, "gave informed consent", once=True, before_day_1=True),
    EventKind(SCREENED, "the day of screening", once=True, before_day_1=True),
    EventKind(RANDOMISED, "randomised", once=True, before_day_1=True),
    EventKind(SCREEN_FAILED, "failed screening: no day 1 comes", ends=Ends.FOLLOW_UP, once=True, before_day_1=True),
    EventKind(RELAPSE, "relapse diagnosed by the investigator"),
    EventKind(CONFIRMED, "the committee confirms the relapse", decides=RELAPSE),
    EventKind(REJECTED, "the committee rejects the relapse", decides=RELAPSE),
    EventKind(STABLE, "stable after rescue therapy", follows=True),
    EventKind("escalated", "moved to the higher dose"),
    EventKind(DECLINED, "does not enter the next period", ends=Ends.ENTRY, once=True, before_day_1=True),
    EventKind("treatment_stopped", "no more doses; follow-up stays", ends=Ends.TREATMENT, once=True, before_day_1=True),
    EventKind(WITHDRAWN, "withdrew", ends=Ends.PARTICIPATION, once=True, before_day_1=True),
    EventKind("lost", "lost to follow-up", ends=Ends.PARTICIPATION, once=True),
    EventKind(DIED, "died", ends=Ends.FOLLOW_UP, once=True),
    EventKind(IDMC_STOP, "the monitoring committee's date", of="study", once=True),
    EventKind(STUDY_STOP, "the date on which the study stops", of="study", once=True),
)

# How else people call them; what a message proposes.
MEANT = {
    "consent": CONSENTED, "informed_consent": CONSENTED, "screening": SCREENED, "randomisation": RANDOMISED, "randomization": RANDOMISED,
    "randomized": RANDOMISED, "screen_failure": SCREEN_FAILED, "screening_failed": SCREEN_FAILED, "relapsed": RELAPSE, "death": DIED,
    "dead": DIED, "deceased": DIED, "lost_to_follow_up": "lost", "lost_to_followup": "lost", "ltfu": "lost", "withdrawal": WITHDRAWN,
    "withdrew": WITHDRAWN, "consent_withdrawn": WITHDRAWN, "dropout": WITHDRAWN, "dropped_out": WITHDRAWN,
    "discontinued": "treatment_stopped", "discontinuation": "treatment_stopped", "treatment_discontinued": "treatment_stopped",
    "stopped": "treatment_stopped", "end_of_treatment": "treatment_stopped",
}  # fmt: skip


def is_own_day(label: str) -> bool:
    """Whether a visit with that label is on a day of the subject beside day 1: whoever has given that day has said that the visit was."""
    return label in BEFORE_DAY_1


def meant_event(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the known event that a word means, or is nearly; None where nobody can tell."""
    known = list(known)
    meant = MEANT.get(re.sub(r"[\s-]+", "_", word.strip().lower()))
    return f"did you mean `{meant}`?" if meant in known else did_you_mean(word, known)


_COMPLETED = "_completed"
_BY_NAME = {kind.name: kind for kind in TABLE}
SUBJECT_EVENTS = tuple(kind.name for kind in TABLE if kind.of == "subject")
STUDY_EVENTS = tuple(kind.name for kind in TABLE if kind.of == "study")
DECISIONS = tuple(kind.name for kind in TABLE if kind.decides is not None)
EXITS = tuple(kind.name for kind in TABLE if kind.ends == Ends.PARTICIPATION)  # after these a visit may be kept, where the study says so
ENDS_FOLLOW_UP = tuple(kind.name for kind in TABLE if kind.ends == Ends.FOLLOW_UP)  # nothing after these
ENDS_PARTICIPATION = tuple(kind.name for kind in TABLE if kind.ends in (Ends.PARTICIPATION, Ends.FOLLOW_UP))  # no visit after these
ENDS_TREATMENT = tuple(
    kind.name for kind in TABLE if kind.ends in (Ends.TREATMENT, Ends.PARTICIPATION, Ends.FOLLOW_UP)
)  # no dose after these


def before_or_after(hangs_on: str) -> tuple[int, str]:
    """Where what hangs on something stands beside what is counted from day 1 (an empty text): the days before day 1 in their order, then
    day 1, then everything else by its name."""
    return (OF_SCREENING.index(hangs_on) - len(OF_SCREENING) if hangs_on in OF_SCREENING else int(bool(hangs_on)), hangs_on)


def completed(period_id: str) -> str:
    """The event of a period's actual end visit: `rcp_completed`."""
    return f"{period_id.replace('-', '_')}{_COMPLETED}"


def kind_of(name: str) -> EventKind:
    """What is known of an event by its name: its row, that of the end of a period, or that of an event which a study declares."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name.endswith(_COMPLETED):
        return EventKind(name, "actual end visit of the period", ends=Ends.PERIOD, once=True)
    return EventKind(name, "")
