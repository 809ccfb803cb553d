"""The verdicts on what was done and on days that may be agreed on, and the states of what is due, in one place: their words, and whom they
concern."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from nmosd_dosing.sentences import Sentence, said

Verdict = Literal[
    "in-window", "early", "late", "missed", "overdue", "due", "upcoming", "past-target", "no-window", "unscheduled", "duplicate",
    "wrong-dose", "not-allowed", "short-gap", "cancelled", "no-hour",
]  # fmt: skip
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # in the order in which they are counted
State = Literal["overdue", "past-target", "decision", "closes", "due", "booked", "opens"]
STATES: tuple[State, ...] = get_args(State)  # the most urgent first
SlotVerdict = Literal["open", "closed", "gap", "too-early", "too-late", "not-allowed"]
Concern = Literal["fine", "look", "deviation"]
_SLOT_TEXTS: Mapping[SlotVerdict, Sentence] = {
    "open": said("open"), "closed": said("closed"), "gap": said("too close to another dose"), "too-early": said("too early"),
    "too-late": said("too late"), "not-allowed": said("not allowed"),
}  # fmt: skip


def concern(verdict: Verdict) -> Concern:
    """Whether a verdict is `fine` and needs nobody's attention, somebody should `look`, or it is a `deviation` from the plan."""
    match verdict:
        case "in-window" | "no-window" | "upcoming" | "cancelled":
            return "fine"
        case "due" | "past-target" | "unscheduled" | "no-hour":
            return "look"
        case "early" | "late" | "missed" | "overdue" | "duplicate" | "wrong-dose" | "not-allowed" | "short-gap":
            return "deviation"


def urgency(state: State) -> Concern:
    """The same of what is due."""
    match state:
        case "overdue":
            return "deviation"
        case "past-target" | "decision":
            return "look"
        case "closes" | "due" | "opens" | "booked":
            return "fine"


def slot_text(verdict: SlotVerdict) -> Sentence:
    """The verdict on a day as people say it."""
    return _SLOT_TEXTS[verdict]


DEVIATIONS = tuple(verdict for verdict in VERDICTS if concern(verdict) == "deviation")
