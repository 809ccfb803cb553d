"""The stop of a study that is counted over everybody whom a register has, for whoever sees or asks for some of them.

Only those are read who may decide: the first ones, as many as a rule counts, and so many more that nobody else can come before them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli import arguments
from nmosd_dosing.cli.shared_options import Counted
from nmosd_dosing.errors import DosingError, InputError, Problem, Problems

if TYPE_CHECKING:
    from nmosd_dosing.cli.registers import Opened
    from nmosd_dosing.register.early import Early
    from nmosd_dosing.register.register import Register
    from nmosd_dosing.register.tables import Known
    from nmosd_dosing.study.model import Study, Trigger

_MORE = 16  # persons beside those that a rule counts, with whom it is mostly decided


def counted(given: Mapping[str, Any], found: Opened, known: Known | None) -> Counted:
    """Of a study that is stopped by a count of its subjects, the days of its rules, counted over everybody whom the register has. Raises
    InputError where what it holds contradicts itself."""
    study = _counting(given)
    if study is None:
        return ()
    as_of = arguments.maybe(arguments.date, "--as-of", given.get("as_of"), Problems()) or dt.date.today()
    try:
        return over_everybody(study, found.register, known, as_of)
    except DosingError as error:
        if found.who.sites is None:
            raise
        raise InputError(Problem(
            "the stop of the study cannot be counted: what the register has of other sites contradicts itself",
            hint="tell a manager, who is told what it is",
        )) from error  # fmt: skip


def _counting(given: Mapping[str, Any]) -> Study | None:
    """The study, if it is stopped by a count of its subjects; what else is wrong with it is told later."""
    from nmosd_dosing.cli import regimens

    try:
        study, periods = regimens.found(given["regimen"], given.get("period"))
    except DosingError:
        return None
    return study if _rules(study) and len(periods) > 1 else None


def _rules(study: Study) -> tuple[Trigger, ...]:
    return tuple(t for t in study.stop.earliest_of if t.kind in ("subject", "count")) if study.stop is not None else ()


def over_everybody(study: Study, register: Register, known: Known | None, as_of: dt.date, more: int = _MORE) -> Counted:
    """The days of the rules that count subjects, as they are counted over everybody. `more`: how many persons are read at first beside
    those that a rule counts.

    A rule counts the days of persons, each at the earliest on the first day that is told of the person (`register.early`). So it is decided
    once the day that it finds among those who are read is not after the first day of anybody else.
    """
    from nmosd_dosing.register import tables

    rules = _rules(study)
    while True:
        early = [_first(rule, register, rule.count + more) for rule in rules]
        persons = frozenset(person for those in early for person in those.persons)
        held = tables.held(register, ("subjects", "events", "visits"), tables.Whose(known, persons=persons))
        days = counts(study, tables.contents(held), as_of)
        if all(_is_decided(rule, those, day) for rule, those, (_, day) in zip(rules, early, days, strict=True)):
            return days
        more = 2 * more + max(rule.count for rule in rules)


def _first(rule: Trigger, register: Register, count: int) -> Early:
    from nmosd_dosing.register import early

    return early.first_events(register.facts, rule.name, count) if rule.kind == "count" else early.first_days(register.facts, count)


def _is_decided(rule: Trigger, early: Early, day: dt.date | None) -> bool:
    from nmosd_dosing.days import days_past

    return early.everybody or (day is not None and early.until is not None and days_past(day, early.until, rule.plus) <= 0)


def counts(study: Study, held: Mapping[str, bytes], as_of: dt.date) -> Counted:
    """The days of the rules that count subjects, counted over those of some tables."""
    from nmosd_dosing.days import to_date
    from nmosd_dosing.plans.request import Request
    from nmosd_dosing.schedule.expansion import stopped
    from nmosd_dosing.subjects import history
    from nmosd_dosing.subjects.tables import roster, subject_table

    if "subjects" not in held:
        return tuple((rule.text, None) for rule in _rules(study))
    problems, said, nothing = Problems(), dict[int, roster.Said](), b""
    columns = subject_table.read(held["subjects"], "subjects", [p.id for p in study.periods[1:]], (), problems)
    known = roster.Known(columns.codes, lambda row: columns.cell(row).place)
    events = roster.events(content, "events", study.subject_events) if (content := held.get("events", nothing)) else []
    records = roster.records(content, "visits") if (content := held.get("visits", nothing)) else []
    roster.join(known, said, events, (), records, ())
    problems.found += known.in_order
    if problems.found:
        raise InputError(problems.in_order())
    without = {row for row in columns.without_start if row not in said or not said[row].screened}
    subjects = tuple(roster.subject_of(columns, row, said.get(row)) for row in range(len(columns)) if row not in without)
    request = Request(study, subjects=history.booked_by(subjects, as_of)).begun().known_by(as_of)[0]
    rules = dict(stopped(study, request.cohort).rules)
    return tuple((rule.text, to_date(rules[rule.text][0])) for rule in _rules(study))
