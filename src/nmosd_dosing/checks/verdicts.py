"""The verdicts on what was done and on days that may be agreed on, and the states of what is due, in one place: their words, and whom they
concern."""

from __future__ import annotations

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
    match verdict:
        case "open":
            return said("open")
        case "closed":
            return said("closed")
        case "gap":
            return said("too close to another dose")
        case "too-early":
            return said("too early")
        case "too-late":
            return said("too late")
        case "not-allowed":
            return said("not allowed")


DEVIATIONS = tuple(verdict for verdict in VERDICTS if concern(verdict) == "deviation")
