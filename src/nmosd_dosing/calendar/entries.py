"""A masked plan as the entries of a calendar: when each is, and what it says. Knows no calendar format."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
import uuid
from collections.abc import Iterator
from typing import Literal, get_args

from msgspec import Struct, structs

from nmosd_dosing.calendar.time_points import Examined, examined, own_hour
from nmosd_dosing.calendar.zones import FIRST_YEAR, LAST_YEAR, check_hour, check_zone, later
from nmosd_dosing.days import LANGUAGES, Language, date_text
from nmosd_dosing.errors import InputError, Problem, Problems, argument
from nmosd_dosing.plans.note_codes import IN_ENTRY
from nmosd_dosing.plans.plan import Plan, PlannedSpan, PlannedTransition, PlannedVisit, entry_assumed
from nmosd_dosing.plans.wording import Wording, dose_text
from nmosd_dosing.screen import without_controls
from nmosd_dosing.subjects.bounds import Values, check_arguments

Kind = Literal["visit", "window", "span"]
EntryStatus = Literal["CONFIRMED", "TENTATIVE", "CANCELLED"]
When = dt.date | dt.datetime

KINDS: tuple[Kind, ...] = get_args(Kind)
_NAMESPACE = uuid.UUID("3b1c0f5e-7a52-5d0e-9c57-1f6f0b8f4c11")  # of this program; a changed one would make every entry a new one
_LONGEST = dt.timedelta(days=366)
_ONE_HOUR = dt.timedelta(hours=1)


class CalendarStyle(Struct, frozen=True):
    """How a plan is shown as a calendar.

    `windows` and `spans` add entries of their own. `remind` is how long before a visit an alarm rings. `at` (with `zone`, a
    name of the time zone database) puts visits of one day at an hour, or at the one that was written beside their day, for
    `duration` or one hour. `discreet` leaves study, drug, subject's code and all texts of the study file out of the calendar;
    `codes` leaves the code in. Raises InputError for an unknown zone, `at` without `zone`, and lengths under a minute or over a year.
    """

    windows: bool = False
    spans: bool = False
    remind: dt.timedelta | None = None
    at: dt.time | None = None
    zone: str | None = None
    duration: dt.timedelta | None = None
    language: Language = "en"
    discreet: bool = False
    codes: bool = False

    def __post_init__(self) -> None:
        check_arguments(
            of={"at": (self.at, dt.time), "zone": (self.zone, str)}
            | {name: (getattr(self, name), dt.timedelta) for name in ("remind", "duration")},
            flags={name: getattr(self, name) for name in ("windows", "spans", "discreet", "codes")},
        )
        values = Values()
        values.one_of("language", self.language, LANGUAGES)
        values.stop()
        if self.at is not None and self.at.tzinfo is not None:
            raise InputError(Problem("`at` has a zone of its own", hint="give the hour without it, and `zone`"))
        if (self.at is None) != (self.zone is None) or (self.duration is not None and self.at is None):
            raise InputError(Problem("`at`, `zone` and `duration` of a calendar belong together", hint="give `at` and `zone`"))
        if not all(length is None or length >= dt.timedelta(minutes=1) for length in (self.remind, self.duration)):
            raise InputError(Problem("`remind` or `duration` of a calendar is shorter than a minute", hint="give a longer one"))
        if not all(length is None or length <= _LONGEST for length in (self.remind, self.duration)):
            raise InputError(Problem("`remind` or `duration` of a calendar is longer than a year", hint="give a shorter one"))
        if self.zone is not None:
            check_zone(self.zone)

    @property
    def clock(self) -> tuple[dt.time, str, dt.timedelta] | None:
        """Hour, zone and length of visits; None where they are all-day."""
        if self.at is None or self.zone is None:
            return None
        return self.at.replace(second=0, microsecond=0), self.zone, self.duration or _ONE_HOUR


class CalendarEntry(Struct, frozen=True):
    """One entry. Whole days from `start` to before `end`, or clock times in `zone`; `busy` where it takes the day's time."""

    uid: str
    kind: Kind
    start: When
    end: When
    status: EntryStatus
    summary: str
    description: str
    category: str
    zone: str | None = None
    busy: bool = False
    remind: dt.timedelta | None = None
    location: str | None = None

    @property
    def shows_done(self) -> bool:
        """Whether a reader takes the visit for done."""
        said = tuple(Wording(language).done.partition("{}")[0] for language in LANGUAGES)
        return self.status != "CANCELLED" and any(text.startswith(said) for text in self.description.split("\n"))

    def cancelled(self, language: Language) -> CalendarEntry:
        """What stays of an entry that is no longer planned: marked, free time, no alarm."""
        words = Wording(language)
        return structs.replace(
            self, status="CANCELLED", busy=False, summary=words.cancelled.format(self.summary),
            description=f"{words.fell_away}\n{self.description}", remind=None,
        )  # fmt: skip


def calendar_id(plan: Plan) -> str:
    """Of the calendar of this study and subject; an unblinded one is of an arm, too."""
    return uid(plan, "calendar", (plan.arm or "") if plan.unblinded else "")


def period_ids(plan: Plan) -> frozenset[str]:
    """Of the periods that the plan's calendar is about."""
    return frozenset(uid(plan, "period", period) for period in plan.way)


def calendar_name(plan: Plan, style: CalendarStyle) -> str:
    """The name under which programs show the calendar. An unblinded one says so first."""
    words = Wording(style.language)
    shown = words.discreet_calendar if style.discreet else plan.regimen
    name = f"{shown} {plan.subject}" if plan.subject and (style.codes or not style.discreet) else shown
    mark = words.unblinded if style.discreet else words.unblinded_arm.format(plan.arm)
    return line(f"{mark} - {name}" if plan.unblinded else name)


def to_entries(plan: Plan, style: CalendarStyle) -> tuple[CalendarEntry, ...]:
    """The visits that have a day, and as `style` asks, windows and spans.

    Raises InputError for an hour that a day's clock does not show once, and for days outside the years 1971 to 2198, all problems
    at once.
    """
    problems = Problems()
    _check_days(plan, style, problems)
    if style.clock and not problems.found:
        _check_hours(plan, *style.clock, problems)
    if problems.found:
        raise InputError(problems.in_order())
    made = [_visit(plan, visit, date, style) for visit in plan.visits if (date := visit.date)]
    made += [entry for visit in plan.visits if (date := visit.date) for entry in _on_other_days(plan, visit, date, style)]
    if style.windows:
        made += [_window(plan, visit, *ends, style) for visit in plan.visits if (ends := _own_window(visit))]
        for move in (move for move in plan.transitions if not move.entered):
            first, last = _days_of_entry(plan, move)
            if first and last and first <= last and move.status != "declined" and not (move.unseen and move.status == "projected"):
                made.append(_entry(plan, move, first, last, style))
    if style.spans:
        for n, span in enumerate(plan.spans, 1):
            if span.start and span.end:
                made.append(_span(plan, span, n, span.start, span.end, style))
    return tuple(made)


def left_out(plan: Plan, style: CalendarStyle) -> Iterator[str]:
    """What the calendar cannot hold, in words: visits without a day, spans without a first or last one."""
    dayless = [visit.label for visit in plan.visits if visit.date is None and visit.status == "planned"]
    if dayless:
        yield f"no entry for {', '.join(dayless)}: the source states no day"
    if style.windows and not any(_own_window(visit) for visit in plan.visits) and not any(move.latest for move in plan.transitions):
        yield "no entry for a window: no window is stated"
    if style.spans and not plan.spans:
        yield "no entry for a span: the study names none"
    if style.spans:
        open_ = [span for span in plan.spans if not (span.start and span.end)]
        for waits, why in ((False, "the source states no first or no last day"), (True, "its first or last day is not known yet")):
            if names := [span.name for span in open_ if bool(span.waits_for) == waits]:
                yield f"no entry for {', '.join(names)}: {why}"


def _check_days(plan: Plan, style: CalendarStyle, problems: Problems) -> None:
    days = [d for v in plan.visits for d in (v.target, v.actual, v.booked, v.last, v.earliest, v.latest) if d]
    days += [row.date for v in plan.visits for row in v.time_line if row.date]
    days += [d for s in plan.spans for d in (s.start, s.end) if d and style.spans]
    outside = sorted(day for day in days if not FIRST_YEAR < day.year < LAST_YEAR)
    if outside:
        wrong = f"a calendar holds the years {FIRST_YEAR + 1} to {LAST_YEAR - 1}, not {date_text(outside[0])}"
        problems.error(wrong, None, f"end the plan earlier with `{argument('until')}`, or start it later")


def _check_hours(plan: Plan, hour: dt.time, zone: str, duration: dt.timedelta, problems: Problems) -> None:
    for visit in plan.visits:
        if visit.date is None or visit.last is not None:
            continue
        begins = visit.time or hour
        end = later(visit.date, begins, zone, duration)
        times = [(f"{visit.label}, {x.text}", x.clock) for x in examined(visit, begins, zone) if x.clock and x.date != visit.date]
        ends = [(f"{visit.label}, its end", end), *times]
        for what, day, clock in ((visit.label, visit.date, begins), *((what, at.date(), at.time()) for what, at in ends)):
            try:
                check_hour(day, clock, zone)
            except InputError as error:
                problems.found += [structs.replace(p, message=f"{what}: {p.message}") for p in error.problems]
                break


def _visit(plan: Plan, visit: PlannedVisit, target: dt.date, style: CalendarStyle) -> CalendarEntry:
    words = Wording(style.language)
    clock = style.clock if visit.last is None else None
    start: When = target
    end: When = (target if visit.actual else visit.last or target) + dt.timedelta(days=1)
    name = f"{visit.label} {visit.name}" if visit.name and visit.name != visit.label else visit.label
    lines = [*_about_visit(plan, visit, style), *_days_of(visit, words, style.language)]
    if clock:
        hour, zone, length = clock
        begins = visit.time or hour
        start, end = dt.datetime.combine(target, begins), later(target, begins, zone, length)
        lines += [] if visit.time and style.duration else [_whose_clock(visit, style, words)]
        lines += [] if visit.time or style.discreet else own_hour(visit, begins, words)
    return CalendarEntry(
        uid=uid(plan, "visit", visit.id), kind="visit", start=start, end=end, zone=style.zone if clock else None, status=_status(visit),
        busy=visit.last is None,
        summary=_summary(plan, style, visit.period, words.visit.format(name), words.discreet_visit.format(visit.label)),
        description=_text(lines if style.discreet else [*lines, *_origin(plan, visit, words)]), category=words.categories[0],
        remind=style.remind, location=line(visit.room) if visit.room is not None and not style.discreet else None,
    )  # fmt: skip


def _on_other_days(plan: Plan, visit: PlannedVisit, target: dt.date, style: CalendarStyle) -> Iterator[CalendarEntry]:
    """What is examined so long before or after a dose that it is on another day than its visit: an entry for each time."""
    words, clock = Wording(style.language), style.clock if visit.last is None else None
    for each in _examined(visit, style):
        if each.date == target:
            continue
        start: When = each.date
        end: When = each.date + dt.timedelta(days=1)
        if clock and each.clock is not None:
            start, end = each.clock, later(each.clock.date(), each.clock.time(), clock[1], clock[2])
        lines = [*_about_visit(plan, visit, style, times=False), *([] if style.discreet else [each.line])]
        lines += [_whose_clock(visit, style, words)] if isinstance(start, dt.datetime) and not (visit.time and style.duration) else []
        days = f"{(each.date - target).days:+d}d"
        yield CalendarEntry(
            uid=uid(plan, "visit", f"{visit.id}, {each.text}"),
            kind="visit",
            start=start,
            end=end,
            zone=style.zone if isinstance(start, dt.datetime) else None,
            status=_status(visit),
            busy=True,
            summary=_summary(
                plan, style, visit.period, f"{visit.label}, {each.text}", words.discreet_visit.format(f"{visit.label} {days}")
            ),
            description=_text(lines if style.discreet else [*lines, *_study(plan, visit.source, words)]),
            category=words.categories[0],
            remind=style.remind,
        )


def _examined(visit: PlannedVisit, style: CalendarStyle) -> Iterator[Examined]:
    clock = style.clock if visit.last is None else None
    return examined(visit, (visit.time or clock[0]) if clock else None, clock[1] if clock else None)


def _whose_clock(visit: PlannedVisit, style: CalendarStyle, words: Wording) -> str:
    """Which of hour and length no protocol and no table states."""
    if visit.time is not None:
        return words.length
    return words.clock if style.duration else words.clock_and_length


def _status(visit: PlannedVisit) -> EntryStatus:
    return "TENTATIVE" if visit.stage == "tentative" or visit.only_arms else "CONFIRMED"


def _about_visit(plan: Plan, visit: PlannedVisit, style: CalendarStyle, *, times: bool = True) -> Iterator[str]:
    """What happens, and whether it will: nothing of it in a discreet calendar but that it may move. times: also what is examined when; else
    neither that nor what is written down of the visit itself."""
    yield from _arm(plan, style)
    words = Wording(style.language)
    if visit.actual is not None and visit.target is not None and times:
        yield words.done.format(date_text(visit.target, style.language))
    if visit.booked is not None and visit.stage != "cancelled" and times:
        at = words.at_hour.format(f"{visit.time:%H:%M}") if visit.time is not None else ""
        planned = visit.target is not None and date_text(visit.target, style.language)
        yield words.booked.format(at, planned) if planned else words.booked_only.format(at)
    if visit.stage == "tentative":
        yield words.pending if visit.status == "pending" and not style.discreet else words.projected
    if style.discreet or not times:
        return
    if visit.only_arms:
        yield words.only_arms.format(" / ".join(visit.only_arms))
    for administration in visit.administrations:
        yield words.dose.format(dose_text(administration, language=style.language))
    if visit.assessments:
        yield words.assessments.format("; ".join(visit.assessments))
    for each in _examined(visit, style):
        other = f", {date_text(each.date, style.language)}" if each.date != visit.date else ""
        yield f"{each.line}{other}"


def _arm(plan: Plan, style: CalendarStyle) -> Iterator[str]:
    """The arm, where the plan shows it."""
    if plan.unblinded and not style.discreet:
        yield Wording(style.language).unblinded_arm.format(plan.arm)


def _days_of(visit: PlannedVisit, words: Wording, language: Language) -> Iterator[str]:
    if visit.last and (begins := visit.booked or visit.target):
        yield words.range_of_days.format(date_text(begins, language), date_text(visit.last, language))
    elif visit.earliest or visit.latest:
        last = words.no_last_day if visit.or_later else words.not_stated
        yield words.window_days.format(
            date_text(visit.earliest, language) if visit.earliest else words.not_stated,
            date_text(visit.latest, language) if visit.latest else last,
        )
    else:
        yield words.no_window_of_days if any(row.window for row in visit.time_line) else words.no_window
    if visit.period_day is not None:  # there is none without a day 1
        yield words.comma.join([words.day.format(visit.period_day), *([words.week.format(visit.week)] if visit.week else [])])


def _origin(plan: Plan, visit: PlannedVisit, words: Wording) -> Iterator[str]:
    """Where a visit comes from: how its day was counted, what a reader must know of it, study and source."""
    yield words.counted.format(visit.reason)
    elsewhere = {f"{span.name}: {text}" for span in plan.spans for text in span.assumed}
    elsewhere |= {entry_assumed(move, text) for move in plan.transitions if move.target != visit.period for text in move.assumed}
    for note in plan.notes:
        of_all = note.code == "assumed" and not note.visits and note.message not in elsewhere
        if of_all or (note.code in IN_ENTRY and visit.id in note.visits):
            yield f"{note.code}: {note.message}"
    yield from _study(plan, visit.source, words)


def _study(plan: Plan, source: str | None, words: Wording) -> Iterator[str]:
    """The study and its source; where a thing has a source of its own, that one, and the study's beside the title."""
    yield plan.title if source is None else f"{plan.title} ({plan.source.text})"
    yield words.source.format(source or plan.source.text)


def _own_window(visit: PlannedVisit) -> tuple[dt.date, dt.date] | None:
    """The window of a visit that may be on another day than its target; a range of days is its own window, and an entry has an entry of
    its own."""
    if visit.date is None or visit.actual or visit.last or visit.is_entry or visit.earliest is None or visit.latest is None:
        return None
    return (visit.earliest, visit.latest) if visit.earliest < visit.latest else None


def _days_of_entry(plan: Plan, move: PlannedTransition) -> tuple[dt.date | None, dt.date | None]:
    """The days on which the next period may be entered; from what opens the way on while a condition is open."""
    visit = next((visit for visit in plan.visits if visit.is_entry and visit.period == move.target), None)
    return (visit.earliest, visit.latest) if visit is not None else (move.earliest or move.trigger_date, move.latest)


def _window(plan: Plan, visit: PlannedVisit, earliest: dt.date, latest: dt.date, style: CalendarStyle) -> CalendarEntry:
    words = Wording(style.language)
    lines = [*_about_visit(plan, visit, style), *_days_of(visit, words, style.language)]
    return CalendarEntry(
        uid=uid(plan, "window", visit.id), kind="window", start=earliest, end=latest + dt.timedelta(days=1), status=_status(visit),
        summary=_summary(plan, style, visit.period, words.window.format(visit.label), words.discreet_window.format(visit.label)),
        description=_text(lines if style.discreet else [*lines, *_origin(plan, visit, words)]), category=words.categories[1],
    )  # fmt: skip


def _entry(plan: Plan, move: PlannedTransition, earliest: dt.date, latest: dt.date, style: CalendarStyle) -> CalendarEntry:
    """The days on which the next period may be entered."""
    words = Wording(style.language)
    lines = [
        *_arm(plan, style),
        words.window_days.format(date_text(earliest, style.language), date_text(latest, style.language)),
        *([] if style.discreet else [f"{move.status}: {move.message}", *_study(plan, None, words)]),
    ]
    return CalendarEntry(
        uid=uid(plan, "entry", move.target), kind="window", start=earliest, end=latest + dt.timedelta(days=1), status="TENTATIVE",
        summary=_summary(plan, style, move.target, words.entry_window, words.discreet_window.format(move.target)), description=_text(lines),
        category=words.categories[1],
    )  # fmt: skip


def _span(plan: Plan, span: PlannedSpan, number: int, start: dt.date, end: dt.date, style: CalendarStyle) -> CalendarEntry:
    words = Wording(style.language)
    lines = [
        *_arm(plan, style),
        words.range_of_days.format(date_text(start, style.language), date_text(end, style.language)),
        *([words.or_earlier] if span.start_moves == "earlier" else []),
        *([words.or_later] if span.end_moves == "later" else []),
        *([] if style.discreet else [f"assumed: {text}" for text in span.assumed] + [f"note: {text}" for text in span.note]),
        *([] if style.discreet else _study(plan, span.source, words)),
    ]
    return CalendarEntry(
        uid=uid(plan, "span", f"{span.period or ''}/{span.id}"), kind="span", start=start, end=end + dt.timedelta(days=1),
        status="TENTATIVE" if span.status == "projected" else "CONFIRMED",
        summary=_summary(plan, style, span.period, span.name, words.discreet_span.format(number)), description=_text(lines),
        category=words.categories[2],
    )  # fmt: skip


def _summary(plan: Plan, style: CalendarStyle, period: str | None, what: str, discreet: str) -> str:
    """`what` of which regimen and subject, marked where it is unblinded; only the text `discreet` in a discreet calendar.

    The regimen is that of the period, so that a plan of the whole way leaves the entries of its first period as they were.
    """
    words = Wording(style.language)
    if style.discreet:
        return line(words.discreet_subject.format(discreet, plan.subject) if style.codes and plan.subject else discreet)
    regimen = next((p.regimen for p in plan.periods if period in (None, p.period)), plan.regimen)
    whole = words.of_subject.format(regimen, what, plan.subject) if plan.subject else f"{regimen} {what}"
    return line(words.unblinded_summary.format(whole) if plan.unblinded else whole)


def _text(lines: list[str]) -> str:
    return "\n".join(map(line, lines))


def line(text: str) -> str:
    """One line, whatever a study file or a subject's code holds."""
    return " ".join(without_controls(text).split())


def uid(plan: Plan, kind: str, id: str) -> str:
    """Of a visit or another thing of the plan's subject."""
    return uid_of(plan.study, plan.subject, kind, id)


def uid_of(study: str, subject: str | None, kind: str, id: str) -> str:
    """Of a thing of a subject: the same on every machine (RFC 7986 5.3 asks for a UUID)."""
    whose = None if subject is None else unicodedata.normalize("NFC", subject)
    return str(uuid.uuid5(_NAMESPACE, json.dumps([study, whose, kind, id])))
