"""One subject's row of a schedule as a Plan: what a person reads, with the notes that go with it."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np

from nmosd_dosing import cohort
from nmosd_dosing.blind import shown_arm
from nmosd_dosing.days import LAST_DATE, Offset, date_text, day_number, shift, study_day, to_date, week_code
from nmosd_dosing.doses import AmountStatus, Dose
from nmosd_dosing.errors import one_of
from nmosd_dosing.expansion import expand, one_period
from nmosd_dosing.model import Mark, Period, Source, Study, Visit, Window
from nmosd_dosing.person import Administration, Note, Plan, PlannedPeriod, PlannedSpan, PlannedVisit, Subject
from nmosd_dosing.schedule import OPEN_END, Schedule


def plan(
    study: Study,
    subject: Subject | dt.date | str,
    *,
    period: str | None = None,
    until: dt.date | None = None,
    window: Window | None = None,
    unblind: bool = False,
) -> Plan:
    """One subject's dated plan for one period, masked unless `unblind`.

    `subject` may be just the first day, as a date or YYYY-MM-DD. The other arguments are those of `expand`, and so are the
    errors; InputError also for an arm that the period does not have.
    """
    if not isinstance(subject, Subject):
        subject = Subject(dt.date.fromisoformat(subject) if isinstance(subject, str) else subject)
    chosen = one_period(study, period)
    schedule = expand(study, cohort.of_subject(subject, chosen), period=chosen.id, until=until, window=window, unblind=unblind)
    return to_plan(schedule, 0, subject, window)


def to_plan(schedule: Schedule, column: int, subject: Subject, window: Window | None = None) -> Plan:
    """The plan of the subject in a column of a schedule."""
    study, period = schedule.study, schedule.period
    shown = [(i, visit) for i, visit in enumerate(schedule.visits) if not schedule.not_planned(i)[column]]
    visits = [_visit(schedule, i, visit, column, subject) for i, visit in shown]
    order = sorted(range(len(visits)), key=lambda j: (visits[j].target is None, visits[j].target or subject.start))
    ordered = tuple(visits[j] for j in order)
    arm = shown_arm(study, period, subject.arm, schedule.unblinded)
    end = schedule.end
    return Plan(
        unblinded=schedule.unblinded,
        regimen=study.regimen_id(period),
        study=study.id,
        title=study.title,
        source=study.source,
        study_sha256=study.sha256,
        counts_from=study.counts_from,
        arm=arm,
        subject=subject.code,
        start=subject.start,
        weight_kg=subject.weight_kg,
        until=None if schedule.until is None else to_date(schedule.until),
        drawn_until=to_date(min(schedule.open_end[column], LAST_DATE)) if schedule.until is not None or period.open_ended else None,
        periods=(PlannedPeriod(period.id, period.title, subject.start, to_date(end[column]) if end is not None else None, "planned"),),
        visits=ordered,
        spans=tuple(_spans(schedule, column)),
        notes=tuple(_notes(schedule, [shown[j][1] for j in order], ordered, column, window)),
    )


def _visit(schedule: Schedule, i: int, visit: Visit, column: int, subject: Subject) -> PlannedVisit:
    target = to_date(schedule.target[i, column])
    earliest, latest, last = schedule.earliest(i), schedule.latest(i), schedule.last(i)
    days = (target - subject.start).days if target is not None else None
    arms = schedule.period.arms
    arm = cohort.arm_index(subject.arm, arms)
    return PlannedVisit(
        id=f"{schedule.period.id}/{visit.label}",
        period=schedule.period.id,
        label=visit.label,
        name=visit.name,
        status="planned",
        target=target,
        earliest=to_date(earliest[column]) if earliest is not None else None,
        latest=to_date(latest[column]) if latest is not None else None,
        last=to_date(last[column]) if last is not None else None,
        study_day=study_day(target, subject.start) if target is not None else None,
        period_day=day_number(days, schedule.study.counts_from) if days is not None else None,
        week=week_code(days) if days is not None else None,
        assessments=tuple(
            a.name
            for a in visit.assessments
            if (arm == cohort.UNKNOWN_ARM or arm in a.arms) and not (a.open_ended and schedule.beyond_open_end(i)[column])
        ),
        administrations=tuple(_administrations(schedule, i, column)),
        only_arms=tuple(arms[a] for a in visit.arms) if arm == cohort.UNKNOWN_ARM and len(visit.arms) < len(arms) else (),
        reason=_reason(schedule, visit, subject.start),
        source=_source(visit.sources or (schedule.period.facts.source,)),
    )


def _administrations(schedule: Schedule, visit: int, column: int) -> Iterator[Administration]:
    for k, row in enumerate(schedule.rows):
        if row.visit != visit or not schedule.given(k)[column]:
            continue
        status = AmountStatus(int(schedule.status[k][column]))
        known = status == AmountStatus.STATED
        own = _own_dose(schedule, k, column)
        rules = {dose.rule for dose in row.give.doses if dose is not None}
        rule = own.rule if own is not None else rules.pop() if len(rules) == 1 else None
        masked = status == AmountStatus.MASKED
        yield Administration(
            product=row.give.product,
            shown=row.give.shown,
            route=schedule.study.product(row.give.product).route,
            amount=_number(schedule.amount[k, column]) if known else None,
            unit=None if masked else row.give.unit,
            dose_rule=None if masked else rule,
            amount_status=status.text,
            minutes=_minutes(schedule, k, column),
            cumulative=_number(schedule.cumulative[k, column]),
            cumulative_per_kg=_number(schedule.cumulative_per_kg(k)[column]),
        )


def _own_dose(schedule: Schedule, k: int, column: int) -> Dose | None:
    """The dose of the subject's own arm; None while the arm is not known."""
    doses, arm = schedule.rows[k].give.doses, int(schedule.arm[column])
    return doses[0] if len(doses) == 1 else doses[arm] if arm != cohort.UNKNOWN_ARM else None


def _minutes(schedule: Schedule, k: int, column: int) -> int | None:
    own = _own_dose(schedule, k, column)
    if own is not None:
        return own.minutes
    minutes = {dose.minutes for dose in schedule.rows[k].give.doses if dose is not None}
    return minutes.pop() if len(minutes) == 1 else None


def _number(value: np.float64) -> float | None:
    return None if math.isnan(value) else float(value)


def _source(own: Iterable[Source | None]) -> str | None:
    return "; ".join(source.text for source in own if source is not None) or None


def _reason(schedule: Schedule, visit: Visit, start: dt.date) -> str:
    """How the date came about, in words that a monitor can file."""
    if visit.offset is None:
        return "the source states no day"
    first = f"day {schedule.study.counts_from} of {schedule.period.id} ({date_text(start)})"
    days, months = visit.offset.days, visit.offset.months
    words = first
    if days:
        words += f" {'+' if days > 0 else '-'} {Offset(abs(days)).in_words if abs(days) < 7 else f'{abs(days)} days'}"
    if months:
        words += f" {'+' if months > 0 else '-'} {abs(months)} month{'' if abs(months) == 1 else 's'}"
        if _clipped(start, visit.offset):
            words += ", clipped to the end of the month"
    return words


def _clipped(start: dt.date, offset: Offset) -> bool:
    base = shift(np.array([start], dtype="datetime64[D]"), Offset(offset.days))
    days = [dates - dates.astype("datetime64[M]").astype("datetime64[D]") for dates in (base, shift(base, Offset(months=offset.months)))]
    return bool(days[0] != days[1])


def _spans(schedule: Schedule, column: int) -> Iterator[PlannedSpan]:
    of_period, of_study = schedule.period.spans, schedule.study.spans
    for span, period in (*((span, schedule.period.id) for span in of_period), *((span, None) for span in of_study)):
        start, end = schedule.span(span)
        earlier, later = (_moves(schedule, mark) for mark in (span.start, span.end))
        yield PlannedSpan(
            id=span.id,
            period=period,
            name=span.title,
            start=to_date(start[column]) if start is not None else None,
            end=to_date(end[column]) if end is not None else None,
            status="projected" if earlier or later else "planned",
            earlier=earlier and span.start is not None and span.start.of == "first dose",
            later=later and span.end is not None and span.end.of == "last dose",
            assumed=span.facts.assumed,
            note=span.facts.note,
            source=_source((span.facts.source,)),
        )


def _moves(schedule: Schedule, mark: Mark | None) -> bool:
    """Whether the dose that a span's end hangs on may be another one: doses come before this period, or after this plan."""
    ways = schedule.study.transitions
    if mark is None or mark.of == "day":
        return False
    if mark.of == "first dose":
        return any(way.target_period == schedule.period.id for way in ways)
    open_ended = any(entry.gives for entry in schedule.period.open_ended)
    return open_ended or any(way.source_period == schedule.period.id for way in ways)


def _notes(
    schedule: Schedule, visits: list[Visit], planned: tuple[PlannedVisit, ...], column: int, window: Window | None
) -> Iterator[Note]:
    study, period = schedule.study, schedule.period
    pairs = list(zip(visits, planned, strict=True))

    def ids(*chosen: PlannedVisit) -> tuple[str, ...]:
        return tuple(p.id for p in chosen)

    if schedule.unblinded:
        yield Note("unblinded", "doses are shown unblinded: keep this from whoever must not know the arm")
    masked = [p for _, p in pairs if any(a.amount_status == "masked" for a in p.administrations)]
    if masked:
        yield Note(
            "blinded", "doses are masked, and totals from the first masked one on; `--unblind` with `--arm` shows them", ids(*masked)
        )
    needing = [p for _, p in pairs if any(a.amount_status == "needs arm" for a in p.administrations)]
    if needing:
        yield Note("needs-arm", f"the dose depends on the arm: add `--arm` with {one_of(period.arms)}", ids(*needing))
    weightless = [p for _, p in pairs if any(a.amount_status == "needs weight" for a in p.administrations)]
    if weightless:
        yield Note("needs-weight", "the dose depends on the body weight: add `--weight` in kg", ids(*weightless))
    weighed = [p for _, p in pairs if any(a.amount is not None and (a.dose_rule or "").endswith("/kg") for a in p.administrations)]
    if weighed:
        yield Note("weight", "one body weight counts for every dose: the one given, at baseline", ids(*weighed))
    silent = [p for _, p in pairs if any(a.amount_status == "not stated" for a in p.administrations)]
    if silent:
        yield Note("not-stated", "the source does not state the dose", ids(*silent))
    dayless = [p for _, p in pairs if p.target is None]
    if dayless:
        yield Note("not-stated", "the source does not state the day", ids(*dayless))
    only = {p.only_arms for _, p in pairs if p.only_arms}
    for arms in sorted(only):
        yield Note("needs-arm", f"only for arm {one_of(arms)}", ids(*(p for _, p in pairs if p.only_arms == arms)))
    yield from _open_end(schedule, pairs)
    yield from _moving_spans(schedule, column)
    yield from _overlaps(pairs)
    beyond, until = int(schedule.beyond[column]), None if schedule.until is None else to_date(schedule.until)
    if beyond and until is not None:
        yield Note("until", f"{beyond} planned visit{'' if beyond == 1 else 's'} after {date_text(until)} not shown")
    dated = [(v, p) for v, p in pairs if p.target is not None]
    windowless = [p for v, p in dated if v.window is None]
    if windowless:
        which = "any visit" if len(windowless) == len(dated) else "these visits"
        yield Note("no-window", f"the source states no window for {which}", ids(*windowless))
    if window is not None:
        asked = [p for v, p in dated if v.window is window]
        words = "is not from the source: it was asked for" if asked else "was asked for and is not used: every visit has one"
        yield Note("window", f"the window {window.text} {words}", ids(*asked))
    for weekday, name in ((5, "Saturday"), (6, "Sunday")):
        on = [p for _, p in pairs if p.target is not None and p.target.weekday() == weekday]
        if on:
            yield Note("weekend", f"on a {name}; no rule is stated, nothing is moved", ids(*on))
    yield from _same_date(planned)
    for event, texts, on_visits in _changes(period, pairs):
        yield Note("dose-change", f"from the next of these visits on or after `{event}`: {texts}", on_visits)
    yield from _facts(study, period, pairs)


def _open_end(schedule: Schedule, pairs: list[tuple[Visit, PlannedVisit]]) -> Iterator[Note]:
    if not schedule.period.open_ended:
        return
    drawn = tuple(p.id for v, p in pairs if v.open_ended)
    until = to_date(schedule.until) if schedule.until is not None else None
    limit = f"until {date_text(until)}" if until else f"for {OPEN_END.months} months from the first day"
    none = "" if drawn else ", and none of it falls before then"
    yield Note("open-ended", f"the source states no end of a repeat; it is drawn {limit}{none}", drawn)


def _moving_spans(schedule: Schedule, column: int) -> Iterator[Note]:
    """Which spans hang on a dose that may be another one."""
    spans = (*schedule.period.spans, *schedule.study.spans)
    for of, dates, other in (("first dose", schedule.first_dose, "an earlier"), ("last dose", schedule.last_dose, "a later")):
        moving = [s.title for s in spans if any(m is not None and m.of == of and _moves(schedule, m) for m in (s.start, s.end))]
        date = to_date(dates[column])
        if moving and date is not None:
            yield Note("projected", f"{', '.join(moving)}: counted from {date_text(date)}, the {of} of this plan; {other} dose moves it")


def _overlaps(pairs: list[tuple[Visit, PlannedVisit]]) -> Iterator[Note]:
    for (_, before), (_, after) in pairwise(pairs):
        if before.latest is not None and after.earliest is not None and before.latest >= after.earliest:
            yield Note("overlap", f"the windows of {before.label} and {after.label} overlap", (before.id, after.id))


def _same_date(planned: tuple[PlannedVisit, ...]) -> Iterator[Note]:
    dates: dict[dt.date, list[str]] = {}
    for visit in planned:
        if visit.target is not None and visit.last is None:
            dates.setdefault(visit.target, []).append(visit.id)
    for date, ids in dates.items():
        if len(ids) > 1:
            yield Note("same-date", f"several visits on {date_text(date)}", tuple(ids))


def _changes(period: Period, pairs: list[tuple[Visit, PlannedVisit]]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    found: dict[tuple[str, str], list[str]] = {}
    for visit, planned in pairs:
        for give in visit.gives:
            for event, doses in give.changes:
                named = [
                    f"{period.arms[i]}: {give.product} {dose.rule}" if period.arms else f"{give.product} {dose.rule}"
                    for i, dose in enumerate(doses)
                    if dose is not None
                ]
                found.setdefault((event, ", ".join(dict.fromkeys(named))), []).append(planned.id)
    for (event, texts), ids in found.items():
        yield event, texts, tuple(ids)


def _facts(study: Study, period: Period, pairs: list[tuple[Visit, PlannedVisit]]) -> Iterator[Note]:
    """What the file assumes and wants to be known: of the study, of the period and its spans, and of each visit."""
    named = [("", study.facts), ("", period.facts)]
    named += [(f"{name}: ", study.product(name).facts) for name in dict.fromkeys(g.product for v, _ in pairs for g in v.gives)]
    named += [(f"{span.title}: ", span.facts) for span in (*period.spans, *study.spans)]
    for code in ("assumed", "note"):
        for about, facts in named:
            for text in facts.assumed if code == "assumed" else facts.note:
                yield Note(code, about + text)
        by_text: dict[str, list[str]] = {}
        for visit, planned in pairs:
            for text in visit.assumed if code == "assumed" else visit.note:
                by_text.setdefault(text, []).append(planned.id)
        for text, ids in by_text.items():
            yield Note(code, text, tuple(ids))
