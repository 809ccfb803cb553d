"""The events that every study knows: what each is called, what it ends, how a decision on a relapse is called."""

from __future__ import annotations

from nmosd_dosing.study.model import Period

EXITS = ("declined", "treatment_stopped", "withdrawn", "lost", "died")


LEFT = ("withdrawn", "lost", "died")  # nothing after these


def completed_event(period: Period) -> str:
    """The event of a period's actual end visit: `rcp_completed`."""
    return f"{period.id.replace('-', '_')}_completed"


EVENTS = {
    "relapse": "relapse diagnosed by the investigator",
    "relapse_confirmed": "the committee confirms the relapse",
    "relapse_rejected": "the committee rejects the relapse",
    "stable": "stable after rescue therapy",
    "escalated": "moved to the higher dose",
    "declined": "does not enter the next period",
    "treatment_stopped": "no more doses; follow-up stays",
    "withdrawn": "withdrew",
    "lost": "lost to follow-up",
    "died": "died",
}
COMPLETED = "actual end visit of the period"
STUDY_EVENTS = {"idmc_stop": "the monitoring committee's date", "study_stop": "the date on which the study stops"}


def completed(period: str) -> str:
    """The event of a period's actual end visit: `rcp_completed`."""
    return f"{period.replace('-', '_')}_completed"


JUDGED, CONFIRMED, REJECTED = "relapse", "relapse_confirmed", "relapse_rejected"
