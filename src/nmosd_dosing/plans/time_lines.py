"""A visit by the hour: its doses and time points in the order of time, with hours of the clock only where that of a dose is known.

It is known where it is recorded, else where the appointment has one, else where the file states it (`at 08:00`), or so long before or
after another dose of the visit. Times are those of the place, without a zone: 24 h later is the same hour of the next day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from nmosd_dosing.hours import nominal_days
from nmosd_dosing.plans.plan import PlannedTimePoint
from nmosd_dosing.schedule.subject_schedule import SubjectDose, SubjectSchedule, SubjectVisit
from nmosd_dosing.sentences import Sentence, joined, said
from nmosd_dosing.study.time_points import Line, TimePoint
from nmosd_dosing.study.visit_rules import Give
from nmosd_dosing.subjects.cohort import UNKNOWN_ARM
from nmosd_dosing.subjects.subject import Record
from nmosd_dosing.subjects.visit_records import may_be

When = TypeVar("When", dt.date, dt.datetime)


class DoseTime(NamedTuple):
    """When a dose begins: by the clock, and whether that is recorded."""

    clock: dt.datetime | None
    recorded: bool


def time_points(schedule: SubjectSchedule, visit: SubjectVisit) -> tuple[TimePoint, ...]:
    """Those of a visit that are in the subject's plan."""
    arm = schedule.arm if schedule.period(visit).period.arms else UNKNOWN_ARM
    return tuple(
        point
        for point in visit.visit.time_points
        if (arm == UNKNOWN_ARM or arm in point.arms) and not (point.open_ended and visit.beyond_open_end)
    )


def time_line(schedule: SubjectSchedule, visit: SubjectVisit) -> tuple[PlannedTimePoint, ...]:
    """The doses and time points of a visit in the order of time; nothing where it has no time point."""
    points = time_points(schedule, visit)
    if not points:
        return ()
    doses = {dose.give.product: dose for dose in visit.doses if dose.in_plan}
    line = Line([dose.give for dose in doses.values()], schedule.arm if schedule.period(visit).period.arms else UNKNOWN_ARM)
    times = dose_times(visit, doses, line)
    rows = [(line.of_dose(product), _dose(dose, times[product])) for product, dose in doses.items()]
    written = {point: record for point, record in reversed(visit.times) if record.is_fact}
    rows += [(line.place(p.time), _point(p, line, doses.get(p.time.product), times.get(p.time.product), written.get(p))) for p in points]
    return tuple(row for _, row in sorted(rows, key=lambda pair: pair[0]))


def dose_times(visit: SubjectVisit, doses: Mapping[str, SubjectDose], line: Line) -> dict[str, DoseTime]:
    """When each dose of a visit begins, by product."""
    gives = [dose.give for dose in doses.values()]
    found: dict[str, DoseTime] = {}
    for product, dose in doses.items():
        recorded = _hour(dose.give, gives, [r for r in visit.records if r.took_place])
        booked = _hour(dose.give, gives, [r for r in visit.appointments if r.status == "booked" and r.date == visit.booked])
        clock = recorded or (booked if visit.actual is None else None)
        begins, minutes = line.begins[product]
        if clock is None and not begins and dose.date is not None:
            clock = _later(dt.datetime.combine(dose.date, dt.time()), dt.timedelta(minutes=minutes))
        found[product] = DoseTime(clock if dose.date is not None else None, recorded is not None)
    for product, time in found.items():
        if time.clock is None and doses[product].date is not None:
            found[product] = time._replace(clock=_from_another(product, found, line))
    return found


def _from_another(product: str, known: Mapping[str, DoseTime], line: Line) -> dt.datetime | None:
    """When a dose begins that the file puts so long before or after another one whose hour is known."""
    root, minutes = line.begins[product]
    for other, time in known.items():
        theirs, at = line.begins[other]
        if other != product and theirs == root and time.clock is not None:
            return _later(time.clock, dt.timedelta(minutes=minutes - at))
    return None


def _hour(give: Give, gives: Sequence[Give], records: Sequence[Record]) -> dt.datetime | None:
    """The first hour that is written of a dose: in a row that names it, or of a visit that gives nothing else."""
    mine = [
        dt.datetime.combine(record.date, record.time)
        for record in records
        if record.time is not None and may_be(record, give) and sum(may_be(record, other) for other in gives) == 1
    ]
    return min(mine, default=None)


def _dose(dose: SubjectDose, time: DoseTime) -> PlannedTimePoint:
    give = dose.give
    lead = next((each.lead.text for each in (dose.own, *dose.doses) if each is not None and each.lead is not None), "")
    return PlannedTimePoint(
        kind="dose", name=give.shown, text=lead, date=dose.date, time=time.clock, actual=time.clock if time.recorded else None,
        from_actual=time.recorded,
    )  # fmt: skip


def _point(
    point: TimePoint, line: Line, dose: SubjectDose | None, time: DoseTime | None, record: Record | None
) -> PlannedTimePoint:  # fmt: skip
    nominal = point.time
    shown = dose.give.shown if dose is not None else nominal.product
    after = line.after_beginning(nominal)
    clock = time.clock if time is not None else None
    at = _later(clock, dt.timedelta(minutes=after)) if clock is not None else None
    day = _later(dose.date, dt.timedelta(days=nominal_days(after))) if dose is not None and dose.date is not None else None
    earliest, latest = _allowed(point, at)
    return PlannedTimePoint(
        kind="assessment", name=point.name, text=nominal.text(shown), nominal=nominal.minutes, of=shown, of_end=nominal.of_end,
        window=nominal.window.text if nominal.window is not None else None, date=at.date() if at is not None else day,
        time=at if nominal.minutes is not None else None, earliest=earliest, latest=latest, actual=_actual(record),
        status=record.status if record is not None else None, from_actual=time is not None and time.recorded, after_dose=after,
        at_visit=len(line.begins) == 1,
    )  # fmt: skip


def _allowed(point: TimePoint, at: dt.datetime | None) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The first and the last allowed minute; what is before a dose is so whatever its window."""
    nominal = point.time
    if at is None:
        return None, None
    if nominal.window is not None:
        return _later(at, dt.timedelta(minutes=-nominal.window.before)), _later(at, dt.timedelta(minutes=nominal.window.after))
    before = nominal.minutes is None or nominal.minutes < 0
    return None, _later(at, dt.timedelta(minutes=-(nominal.minutes or 0))) if before else None


def _later(when: When, by: dt.timedelta) -> When | None:
    """So much later, or earlier; None beyond the first and the last day that there are."""
    try:
        return when + by
    except OverflowError:
        return None


def _actual(record: Record | None) -> dt.date | None:
    """When it was, with its hour where one is written; None where it was not."""
    if record is None or not record.took_place:
        return None
    return dt.datetime.combine(record.date, record.time) if record.time is not None else record.date


def time_steps(line: Sequence[PlannedTimePoint]) -> Iterator[Sentence]:
    """How the times of a visit came about: from which dose they are counted, and when that began."""
    doses = {row.name: row for row in line if row.kind == "dose"}
    for of in dict.fromkeys(row.of for row in line if row.of is not None):
        dose, mine = doses.get(of), [row for row in line if row.of == of]
        if dose is None or dose.date is None:
            yield said("times from {product}: it is not given", product=of)
            continue
        began = said("of which no hour is known")
        if dose.time:
            began = said("{day} {hour}", day=dose.time.date(), hour=f"{dose.time:%H:%M}")
            began = said("{hour}, as recorded", hour=began) if dose.from_actual else began
        hours = joined("; ", (row.name + " " + row.text + (f" = {row.time:%H:%M}" if row.time is not None else "") for row in mine))
        yield said("times from {product}, {began}: {hours}", product=of, began=began, hours=hours)
