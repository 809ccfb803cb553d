"""What calendar programs of four families see in our files: the same entries, days, hours and texts, and those that the plan says."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing import Plan, Study, Subject, Window, plan
from nmosd_dosing.calendar.entries import CalendarStyle
from nmosd_dosing.calendar.updates import to_ics
from nmosd_dosing.language import catalog
from tests.judges.lint_ics import lint
from tests.judges.readers import READERS, Read, Seen, needs_node, with_ical_js, with_icalendar
from tests.kit.calendars import STAMP, uid_of, updated

# --- what the plan says ------------------------------------------------------------------------------------------------

WORDS = {
    "en": {"visit": "{}", "window": "{} window", "discreet visit": "Visit {}", "discreet window": "Window of visit {}",
           "discreet span": "Period of time {}", "of": "{} {} ({})", "unblinded": "UNBLINDED: {}", "cancelled": "Cancelled: {}"},
    "zh": {"visit": "{} 访视", "window": "{} 访视窗", "discreet visit": "访视 {}", "discreet window": "访视窗 {}",
           "discreet span": "时段 {}", "of": "{} {}（{}）", "unblinded": "已揭盲：{}", "cancelled": "已取消：{}"},
}  # fmt: skip


def expected(made: Plan, style: CalendarStyle) -> dict[str, Seen]:
    """The entries that a calendar of the plan must have, worked out here once more."""
    words = WORDS[style.language]

    def of(kind: str, id: str, text: str, discreet: str, tentative: bool, start: dt.date, last: dt.date) -> Seen:
        open_text = words["of"].format(made.regimen, text, made.subject)
        summary = discreet if style.discreet else words["unblinded"].format(open_text) if made.unblinded else open_text
        end = last + dt.timedelta(days=1)
        status = "TENTATIVE" if tentative else "CONFIRMED"
        return Seen(uid_of(made, kind, id), summary, status, start.isoformat(), end.isoformat(), None, None)

    found = []
    for visit in made.visits:
        label, vague = visit.label, bool(visit.only_arms)
        if visit.target:
            name = f"{label} {visit.name}" if visit.name not in (None, label) else label
            text, discreet = words["visit"].format(name), words["discreet visit"].format(label)
            seen = of("visit", visit.id, text, discreet, vague, visit.target, visit.last or visit.target)
            found.append(seen if visit.last else _at_an_hour(seen, visit.target, style))
        if style.windows and visit.target and visit.earliest and visit.latest and visit.earliest < visit.latest and not visit.last:
            text, discreet = words["window"].format(label), words["discreet window"].format(label)
            found.append(of("window", visit.id, text, discreet, vague, visit.earliest, visit.latest))
    for number, span in enumerate(made.spans, 1):
        if style.spans and span.start and span.end:
            id, discreet = f"{span.period or ''}/{span.id}", words["discreet span"].format(number)
            found.append(of("span", id, span.name, discreet, span.status == "projected", span.start, span.end))
    return {seen.uid: seen for seen in found}


def _at_an_hour(seen: Seen, day: dt.date, style: CalendarStyle) -> Seen:
    if style.at is None or style.zone is None:
        return seen
    zone = ZoneInfo(style.zone)
    start = dt.datetime.combine(day, style.at, zone).astimezone(dt.UTC)
    instants = (start, start + (style.duration or dt.timedelta(hours=1)))
    local, utc = ([i.astimezone(z).replace(tzinfo=None).isoformat() for i in instants] for z in (zone, dt.UTC))
    assert local[0] == f"{day}T{style.at}"
    return Seen(seen.uid, seen.summary, seen.status, local[0], local[1], utc[0], utc[1])


def cancelled(seen: Seen, style: CalendarStyle) -> Seen:
    return seen._replace(summary=WORDS[style.language]["cancelled"].format(seen.summary), status="CANCELLED")


# --- the calendars -----------------------------------------------------------------------------------------------------


class File(Struct, frozen=True):
    """A calendar file and what it must show."""

    name: str
    content: bytes
    expected: dict[str, Seen]
    style: CalendarStyle


PLANS: dict[str, tuple[Study, str, str | None, bool]] = {  # each period masked, and unblinded for each arm where it blinds
    f"{study.regimen_id(period)}{f'-for-{arm}' if arm else ''}": (study, period.id, arm, arm is not None)
    for study in catalog.shipped()
    for period in study.periods
    for arm in (None, *(period.arms if period.masks else ()))
}
# First days such that visits, which come weeks apart, stand on the very days on which the clocks change, in winter and in summer.
STARTS: Mapping[str | None, tuple[str, ...]] = {
    None: ("2024-02-29", "2025-01-06"),
    "Asia/Shanghai": ("2025-01-06", "2025-08-31"),
    "America/New_York": ("2025-03-09", "2025-11-02"),
    "Europe/Berlin": ("2025-03-30", "2025-10-26"),
}
HOURS = (  # and how long it takes: a usual one, over the change of the clock, right after it, over midnight
    (dt.time(9), None),
    (dt.time(0, 30), dt.timedelta(hours=4)),
    (dt.time(3), dt.timedelta(minutes=20)),
    (dt.time(23, 30), dt.timedelta(minutes=90)),
)
REMINDERS = (dt.timedelta(days=3), dt.timedelta(minutes=90), dt.timedelta(weeks=2), None)
WINDOWS = (Window(3, 3), None, Window(2, 5))
OTHER_ZONES = [
    *(("Asia/Jerusalem", start) for start in ("2025-03-28", "2025-10-26")),
    *(("Africa/Casablanca", start) for start in ("2025-02-23", "2026-03-22")),
    *(("America/Santiago", start) for start in ("2025-04-06", "2025-09-07")),
    *(("Australia/Lord_Howe", start) for start in ("2025-04-06", "2025-10-05")),
    ("UTC", "2025-03-30"),
    ("America/New_York", "2006-10-29"),  # the rule changed in 2007
    ("Europe/Berlin", "1979-12-30"),  # the first summer time since 1949 was in 1980
    ("Europe/Berlin", "2037-03-29"),  # the year after which tables of the time zone database end
]


def kinds_of_calendar() -> Iterator[tuple[str, str, CalendarStyle, Window | None, dt.date, int]]:
    """For each plan: all-day and in three zones, in both languages. Everything else changes from one to the next, such that
    each plan, zone and language meets it with and without."""
    for p, name in enumerate(PLANS):
        for z, zone in enumerate(STARTS):
            for n, language in enumerate(("en", "zh")):
                hour, duration = HOURS[(p + z + 2 * n) % 4] if zone else (None, None)
                style = CalendarStyle(
                    windows=(z + n + p) % 2 == 0,
                    spans=(z + n + p // 2) % 2 == 0,
                    remind=REMINDERS[(z + 3 * n + p) % 4],
                    at=hour,
                    zone=zone,
                    duration=duration,
                    language="zh" if language == "zh" else "en",
                    discreet=(z // 2 + n + p) % 2 == 0,
                )
                start = dt.date.fromisoformat(STARTS[zone][(z + n + p // 3) % 2])
                yield name, f"{name} {zone or 'all-day'} {language}", style, WINDOWS[(p + z + n) % 3], start, z + n + p


def planned(name: str, start: dt.date, window: Window | None) -> Plan:
    study, period, arm, unblind = PLANS[name]
    return plan(study, Subject(start, "S-0012", arm, 60.5), period=period, window=window, unblind=unblind)


def revised(made: Plan, later: Plan | None) -> Plan:
    """The plan with its last visit gone and the others moved: to `later`, or all but the first by a day."""

    def moved(day: dt.date | None) -> dt.date | None:
        return None if day is None else day + dt.timedelta(days=1)

    dated = [visit.id for visit in made.visits if visit.target]
    gone = dated[-1] if len(dated) > 1 else None
    visits = later.visits if later else tuple(
        v if v.id == dated[0] and gone else replace(v, target=moved(v.target), earliest=moved(v.earliest), latest=moved(v.latest))
        for v in made.visits
    )  # fmt: skip
    return replace(later or made, visits=tuple(v for v in visits if v.id != gone))


@functools.cache
def files() -> dict[str, list[File]]:
    """All calendars of each plan: as first written, as updated, and what has changed."""
    made: dict[str, list[File]] = {}
    for plan_name, name, style, window, start, number in kinds_of_calendar():
        of_plan = made.setdefault(plan_name, [])
        old = planned(plan_name, start, window)
        new = revised(old, planned(plan_name, start + dt.timedelta(days=7), window) if number % 2 else None)
        first = to_ics(old, stamp=STAMP, style=style)
        # windows of the second may be left out, which cancels them
        update = updated(first, new, second := replace(style, windows=style.windows and number % 4 == 0))
        before, wanted = expected(old, style), expected(new, second)
        wanted = {uid: cancelled(seen, style) for uid, seen in before.items() if uid not in wanted} | wanted
        of_plan += [File(f"{name} first", first, before, style), File(f"{name} updated", update.ics, wanted, second)]
        assert update.changes is not None
        changed = {uid: seen for uid, seen in wanted.items() if seen != before.get(uid)}
        of_plan.append(File(f"{name} changes", update.changes, changed, second))
    return made


@functools.cache
def in_zone(zone: str, start: str) -> File:
    style = CalendarStyle(windows=True, spans=True, at=dt.time(9), zone=zone, remind=dt.timedelta(days=1))
    made = planned("belimumab", dt.date.fromisoformat(start), Window(3, 3))
    return File(f"{zone} {start}", to_ics(made, stamp=STAMP, style=style), expected(made, style), style)


@pytest.fixture(scope="module")
def ical_js(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    """What ical.js sees in each file, by the file's name."""
    folder = tmp_path_factory.mktemp("calendars")
    paths = {}
    for number, file in enumerate((*(f for found in files().values() for f in found), *(in_zone(*z) for z in OTHER_ZONES))):
        paths[file.name] = folder / f"{number}.ics"
        paths[file.name].write_bytes(file.content)
    return dict(zip(paths, with_ical_js(list(paths.values())), strict=True))


def assert_sees(file: File, read: Read) -> None:
    assert read.entries == sorted(file.expected.values()), file.name
    assert read.descriptions == with_icalendar(file.content).descriptions, file.name


# --- the tests ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANS)
def test_every_calendar_of_a_shipped_study_is_clean(name: str) -> None:
    for file in files()[name]:
        assert lint(file.content) == [], file.name


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", PLANS)
def test_a_reader_sees_what_the_plan_says(name: str, reader: str) -> None:
    for file in files()[name]:
        assert_sees(file, READERS[reader](file.content))


@needs_node
@pytest.mark.parametrize("name", PLANS)
def test_ical_js_sees_what_the_plan_says(name: str, ical_js: dict[str, Read]) -> None:
    for file in files()[name]:
        assert_sees(file, ical_js[file.name])


@pytest.mark.parametrize("zone", OTHER_ZONES, ids=" ".join)
def test_a_calendar_in_a_zone_with_rules_of_its_own_is_clean(zone: tuple[str, str]) -> None:
    assert lint(in_zone(*zone).content) == []


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("zone", OTHER_ZONES, ids=" ".join)
def test_a_reader_sees_the_hours_of_a_zone_with_rules_of_its_own(zone: tuple[str, str], reader: str) -> None:
    file = in_zone(*zone)
    assert_sees(file, READERS[reader](file.content))


@needs_node
@pytest.mark.parametrize("zone", OTHER_ZONES, ids=" ".join)
def test_ical_js_sees_the_hours_of_a_zone_with_rules_of_its_own(zone: tuple[str, str], ical_js: dict[str, Read]) -> None:
    file = in_zone(*zone)
    assert_sees(file, ical_js[file.name])


@pytest.mark.parametrize("zone", OTHER_ZONES, ids=" ".join)
def test_a_calendar_in_any_zone_can_be_updated(zone: tuple[str, str]) -> None:
    file = in_zone(*zone)
    made = planned("belimumab", dt.date.fromisoformat(zone[1]), Window(3, 3))
    again = updated(file.content, made, file.style)
    assert (again.ics, again.changes) == (file.content, None)


@pytest.mark.parametrize("reader", READERS)
def test_what_was_cancelled_and_comes_back_is_seen_as_at_first(reader: str) -> None:
    style = CalendarStyle(windows=True, spans=True, at=dt.time(9), zone="Europe/Berlin", remind=dt.timedelta(days=1))
    old = planned("bat4406f-rcp", dt.date(2025, 3, 30), Window(3, 3))
    content = to_ics(old, stamp=STAMP, style=style)
    for new in (revised(old, None), old):
        content = updated(content, new, style).ics
        assert lint(content) == []
    assert READERS[reader](content).entries == sorted(expected(old, style).values())


def test_the_calendars_here_meet_both_changes_of_the_clock() -> None:
    for zone in ("America/New_York", "Europe/Berlin"):
        changes = set()
        for file in (file for found in files().values() for file in found if file.style.zone == zone):
            for seen in (seen for seen in file.expected.values() if seen.start_utc):
                midnight = dt.datetime.fromisoformat(seen.start[:10]).replace(tzinfo=ZoneInfo(zone))
                before, after = midnight.utcoffset(), (midnight + dt.timedelta(days=1)).utcoffset()
                assert before is not None and after is not None
                changes.add(after - before)
        assert changes == {dt.timedelta(hours=n) for n in (-1, 0, 1)}
    statuses = {seen.status for found in files().values() for file in found for seen in file.expected.values()}
    assert statuses == {"CONFIRMED", "TENTATIVE", "CANCELLED"}
