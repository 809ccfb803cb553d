"""Doses that fall away since an entry into the next period takes their day: nobody loses one without a word."""

from __future__ import annotations

from collections.abc import Iterator

from nmosd_dosing.plans.plan import LostDose
from nmosd_dosing.plans.reasons import day, limit_text
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.sentences import said
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM


def lost_doses(schedule: SubjectSchedule) -> Iterator[LostDose]:
    """The planned doses that nothing but an entry cancels: one that is projected, or one that is recorded on the day of the dose."""
    moves = {move.out_of: move for move in schedule.moves}
    for visit in schedule.visits:
        expected = visit.booked or visit.target
        if expected is None or visit.actual is not None or visit.dose_recorded or not _gets(schedule, visit):
            continue
        ends = [limit for limit in visit.segment.limits if expected > limit.last]
        if ends and all(limit.cause == "entry" for limit in ends):
            move = moves[visit.segment.period]
            if move.entered is None or move.entered == expected:
                why = said(
                    "the dose of {visit} on {day} falls away: {why}", visit=visit.id, day=day(expected), why=limit_text(schedule, ends[0])
                )
                last = move.entered is None and move.begins == move.latest == expected
                yield LostDose(visit.id, expected, said("{why}, the last day allowed", why=why) if last else why)


def _gets(schedule: SubjectSchedule, visit: SubjectVisit) -> bool:
    """Whether the subject is to get something at a visit; whoever's arm is not known may."""
    arm, drawn = schedule.arm, [give for give in visit.visit.gives if not (give.open_ended and visit.beyond_open_end)]
    return any(arm == UNKNOWN_ARM or len(give.doses) == 1 or give.doses[arm] is not None for give in drawn)
