"""The clock of a gap: what a rule for gaps would do with a dose of which nothing is recorded; none of it is a fact yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from nmosd_dosing.days import shift_date
from nmosd_dosing.schedule.gap_rules import rule_after
from nmosd_dosing.schedule.subject_schedule import SubjectSchedule, SubjectVisit
from nmosd_dosing.schedule.visit_states import VisitStatus
from nmosd_dosing.sentences import Sentence, said
from nmosd_dosing.study.model import GapRule

_OVER = (VisitStatus.DONE, VisitStatus.PARTIAL, VisitStatus.MISSED, VisitStatus.WITHHELD, VisitStatus.CANCELLED)


class GapAhead(NamedTuple):
    """What becomes of a dose that is given so late. since: the last recorded dose before it."""

    rule: GapRule
    since: dt.date

    @property
    def text(self) -> Sentence:
        first = shift_date(self.since, self.rule.beyond.later(1))
        of, since = self.rule.of, self.since
        words = said("from {first} on, a dose comes {length} after the last recorded one, of {day}", first=first, length=of, day=since)
        match self.rule.then:
            case "restart":
                if self.rule.at is not None:
                    return said("{gap}: the period restarts at {visit} with it", gap=words, visit=self.rule.at.label)
                return said("{gap}: the period restarts with it", gap=words)
            case "hold":
                return said("{gap}: hold, it waits for a decision", gap=words)
            case "stop":
                return said("{gap}: stop, there are none after it", gap=words)


def gaps_ahead(subject: SubjectSchedule, as_of: dt.date | None) -> dict[int, GapAhead]:
    """By row of a visit, what a rule for gaps would do with its dose: if it were given on `as_of` where it was planned for a day up to
    then; and of the next dose on the day for which it is planned, or booked."""
    return {visit.row: GapAhead(rule, since) for visit, rule, since in _ahead(subject, as_of)}


def _ahead(subject: SubjectSchedule, as_of: dt.date | None) -> Iterator[tuple[SubjectVisit, GapRule, dt.date]]:
    followed: set[int] = set()  # segments whose next dose was looked at
    for visit in subject.visits:
        segment, target = visit.segment, visit.target
        rules, since = subject.period(visit).period.gap_rules, segment.last_given
        if not rules or since is None or target is None or target <= since or visit.status in _OVER:
            continue
        if segment.number in followed or not any(d.in_plan and rules[0].product in ("", d.give.product) for d in visit.doses):
            continue
        day = visit.booked or (target if as_of is None else max(target, as_of))
        if as_of is None or target > as_of:
            followed.add(segment.number)
        if (rule := rule_after(rules, since, day)) is not None:
            yield visit, rule, since
