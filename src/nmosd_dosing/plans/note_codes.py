"""The codes of a plan's notes, in one table: what each says, and where it is shown beside the plan itself."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

NoteCode = Literal[
    "unblinded", "blinded",
    "entry", "entered", "projected", "pending", "declined", "refused", "deviation", "exit", "end", "study-stop", "event",
    "start", "order",
    "restart", "gap", "short-gap", "no-day", "gap-rule", "gap-clock", "before-entry", "after-end", "cut", "cancelled", "lost-dose",
    "open-ended", "until", "overdue", "past-target", "booked", "unscheduled", "wrong-dose", "not-recorded",
    "not-stated", "needs-arm", "needs-weight", "needs-height", "needs-sex", "needs-age", "needs-value",
    "out-of-range", "capped", "as-needed", "range",
    "check-weight", "weight", "value", "lifetime", "twice", "dose-change", "omitted",
    "window", "no-window", "site", "overlap", "weekend", "holiday", "same-date",
    "assumed", "note",
]  # fmt: skip


class NoteKind(Struct, frozen=True):
    """A row of the table.

    text: what such a note says, for people. stands_out: whether a terminal shows it in yellow. in_entry: whether a calendar entry of
    the visit has it; the entry says the rest in lines of its own, or it is about the whole plan. of_doses: whether a table of
    doses has it, whose dates may be only a way of counting. of_slots: whether it is told of a day that somebody asks for, if the
    visit on that day brings it.
    """

    code: NoteCode
    text: str
    stands_out: bool = False
    in_entry: bool = False
    of_doses: bool = False
    of_slots: bool = False


TABLE = (
    NoteKind("unblinded", "doses of an arm are shown", stands_out=True, of_doses=True),
    NoteKind("blinded", "doses are masked, and totals with them", of_doses=True),
    NoteKind("entry", "a period was entered as its rule has it"),
    NoteKind("entered", "a period was entered that this plan does not show"),
    NoteKind("projected", "a date is counted from one that may still move", stands_out=True),
    NoteKind("pending", "a date waits for something that has not happened", stands_out=True),
    NoteKind("declined", "the next period is not entered, by the subject's wish"),
    NoteKind("refused", "a period is not entered by its rule, or a dose would pass the lifetime cap",
        stands_out=True, of_doses=True, of_slots=True),
    NoteKind("deviation", "a period was entered outside its window", stands_out=True),
    NoteKind("exit", "treatment or participation ended", stands_out=True),
    NoteKind("end", "a period ended on another day than planned"),
    NoteKind("study-stop", "the study stopped", stands_out=True),
    NoteKind("event", "an event changes nothing, or is read in one of several ways", of_doses=True),
    NoteKind("start", "the first dose was on another day than planned, or there is no day 1 to count from", stands_out=True),
    NoteKind("order", "days of a subject come in an order that cannot be", stands_out=True),
    NoteKind("restart", "a period began anew after a gap", of_slots=True),
    NoteKind("gap", "how long a subject is between the last dose of a period and the first of the next", of_slots=True),
    NoteKind("short-gap", "two doses are closer than the study has it", stands_out=True, in_entry=True),
    NoteKind("no-day", "no day is allowed, and a person must decide", stands_out=True, in_entry=True, of_slots=True),
    NoteKind("gap-rule", "a gap between doses has a consequence", of_slots=True),
    NoteKind("gap-clock", "given late, the next dose makes a gap for which there is a rule", stands_out=True, in_entry=True, of_slots=True),
    NoteKind("before-entry", "visits lie before the entry into a period that goes on counting, and are not planned", of_slots=True),
    NoteKind("after-end", "visits lie after the end of their period", of_slots=True),
    NoteKind("cut", "a visit of several days ends before its last day", of_slots=True),
    NoteKind("cancelled", "visits are not planned any more, and why", of_slots=True),
    NoteKind("lost-dose", "a planned dose falls away, since an entry takes its day", stands_out=True, of_slots=True),
    NoteKind("open-ended", "the source states no end of a repeat", stands_out=True, of_doses=True),
    NoteKind("until", "visits after the last day asked for are not shown"),
    NoteKind("overdue", "nothing is recorded, and the last allowed day has passed"),
    NoteKind("past-target", "nothing is recorded, the target has passed, and no window is stated"),
    NoteKind("booked", "a visit is an appointment and no fact; or its day has passed, and nothing is recorded", stands_out=True),
    NoteKind("unscheduled", "a visit is recorded that is not planned"),
    NoteKind("wrong-dose", "another amount was given than planned"),
    NoteKind("not-recorded", "how much was given is not recorded"),
    NoteKind("not-stated", "the source does not state the dose, or the day", of_doses=True),
    NoteKind("needs-arm", "the dose, or the visit, depends on the arm", of_doses=True),
    NoteKind("needs-weight", "the dose depends on the body weight", of_doses=True),
    NoteKind("needs-height", "the dose depends on the body height", of_doses=True),
    NoteKind("needs-sex", "the dose is by a weight that depends on the sex", of_doses=True),
    NoteKind("needs-age", "the dose depends on the age", of_doses=True),
    NoteKind("needs-value", "the dose depends on a value, and none is recorded on or before its day", of_doses=True),
    NoteKind("out-of-range", "no dose is stated for this weight, height, age or value", stands_out=True, of_doses=True, of_slots=True),
    NoteKind("capped", "the dose is the highest that its rule allows", stands_out=True, of_doses=True, of_slots=True),
    NoteKind("as-needed", "a dose is given when it is needed: no total plans it", of_doses=True),
    NoteKind("range", "the amount is a range, and whoever gives the dose decides", of_doses=True),
    NoteKind("check-weight", "a weight may be a slip, and no dose is changed for it",
        stands_out=True, in_entry=True, of_doses=True, of_slots=True),
    NoteKind("weight", "which weight doses are by", of_doses=True),
    NoteKind("value", "which recorded value a dose is by", of_doses=True),
    NoteKind("lifetime", "how far the lifetime cap of a product is used", of_doses=True, of_slots=True),
    NoteKind("twice", "a product is given by two visits on one day", of_slots=True),
    NoteKind("dose-change", "an event changes the dose, or its level", in_entry=True, of_doses=True, of_slots=True),
    NoteKind("omitted", "an event takes a dose away", stands_out=True, in_entry=True, of_doses=True, of_slots=True),
    NoteKind("window", "the window was given by whoever asked, not by the study", in_entry=True),
    NoteKind("no-window", "the source states no window"),
    NoteKind("site", "the window is stated by the site, not by the study's source", in_entry=True),
    NoteKind("overlap", "the windows of two visits overlap", in_entry=True, of_slots=True),
    NoteKind("weekend", "a visit is on a weekend", stands_out=True, in_entry=True, of_slots=True),
    NoteKind("holiday", "a visit is on a public holiday, or on a day on which the site is closed", stands_out=True, of_slots=True),
    NoteKind("same-date", "several visits are on one day", in_entry=True, of_slots=True),
    NoteKind("assumed", "what the study file decides beyond its source", in_entry=True, of_doses=True),
    NoteKind("note", "what the study file wants to be known", in_entry=True, of_doses=True),
)  # fmt: skip

STANDS_OUT: frozenset[NoteCode] = frozenset(kind.code for kind in TABLE if kind.stands_out)
IN_ENTRY: frozenset[NoteCode] = frozenset(kind.code for kind in TABLE if kind.in_entry)
OF_DOSES: frozenset[NoteCode] = frozenset(kind.code for kind in TABLE if kind.of_doses)
OF_SLOTS: frozenset[NoteCode] = frozenset(kind.code for kind in TABLE if kind.of_slots)
