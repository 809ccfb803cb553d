"""Hours of a day in a zone, and what a calendar says of the zone's clocks, against the time zone database hour by hour."""

from __future__ import annotations

import bisect
import datetime as dt
import zoneinfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.calendar.zones import Observance, check_hour, check_zone, later, observances
from nmosd_dosing.errors import InputError

ZONES = [
    "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Europe/London", "Europe/Dublin", "Asia/Jerusalem", "Africa/Casablanca",
    "Africa/Cairo", "America/Santiago", "America/Sao_Paulo", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Chatham",
    "America/Nuuk", "Asia/Kolkata", "Asia/Tehran", "Asia/Kathmandu", "UTC",
]  # fmt: skip


def onsets(found: tuple[Observance, ...], until: dt.datetime) -> list[tuple[dt.datetime, dt.timedelta]]:
    """Every clock time at which one of the observances begins, and the distance from UTC that then holds (RFC 5545 3.6.5)."""
    begins = []
    for o in found:
        rule = f"FREQ=YEARLY;BYMONTH={o.month};BYDAY={o.weekday}" if o.month is not None else "FREQ=YEARLY;COUNT=1"
        begins += [(onset, o.after) for onset in rrulestr(rule, dtstart=o.onset).between(o.onset, until, inc=True)]
    return sorted(begins)


@pytest.mark.parametrize("zone", ZONES)
def test_what_a_calendar_states_is_the_clock_of_every_day(zone: str) -> None:
    for first, last in ((2024, 2024), (2025, 2029), (2018, 2026), (1975, 1977), (2097, 2099)):
        begins = onsets(observances(zone, first, last), dt.datetime(last + 1, 1, 1))
        day, info = dt.datetime(first, 1, 1, 3, 30), zoneinfo.ZoneInfo(zone)
        while day.year <= last:
            for hour in (0, 9):
                local = day + dt.timedelta(hours=hour)
                aware = local.replace(tzinfo=info)
                if aware.utcoffset() == aware.replace(fold=1).utcoffset():  # the others are refused
                    stated = begins[bisect.bisect_right(begins, local, key=lambda begin: begin[0]) - 1][1]
                    assert begins[0][0] <= local
                    assert stated == aware.utcoffset(), (zone, local)
            day += dt.timedelta(days=1)


def test_the_shape_of_the_common_ones() -> None:
    shapes = {zone: [(o.daylight, str(o.onset), o.month, o.weekday, o.name) for o in observances(zone, 2025, 2026)] for zone in ZONES[:3]}
    assert shapes == {
        "Asia/Shanghai": [(False, "1970-01-01 00:00:00", None, None, "CST")],
        "America/New_York": [
            (True, "2007-03-11 02:00:00", 3, "2SU", "EDT"),
            (False, "2007-11-04 02:00:00", 11, "1SU", "EST"),
        ],
        "Europe/Berlin": [
            (True, "1996-03-31 02:00:00", 3, "-1SU", "CEST"),
            (False, "1996-10-27 03:00:00", 10, "-1SU", "CET"),
        ],
    }


def hours(distance: dt.timedelta) -> str:
    """`+01:00`, from UTC."""
    minutes = distance // dt.timedelta(minutes=1)
    return f"{minutes // 60:+03d}:{minutes % 60:02d}"


STATED = """
    Asia/Kathmandu     1986 1986  2: standard 1985-01-01 05:30 +05:30 +05:30 to summer 1986-01-01 00:00 +05:30 +05:45
    Asia/Kathmandu     1987 1987  1: standard 1970-01-01 00:00 +05:45 +05:45
    Europe/Berlin      1996 1996 93: standard 1995-01-01 01:00 +01:00 +01:00 to standard 2040-10-28 03:00 +02:00 +01:00
    Europe/Berlin      1997 2199  2: summer 1996-03-31 02:00 +01:00 +02:00 -1SU 3 to standard 1996-10-27 03:00 +02:00 +01:00 -1SU 10
    Australia/Sydney   2008 2008 83: standard 2000-01-01 11:00 +11:00 +11:00 to summer 2040-10-07 02:00 +10:00 +11:00
    Australia/Sydney   2009 2009  2: standard 2008-04-06 03:00 +11:00 +10:00 1SU 4 to summer 2008-10-05 02:00 +10:00 +11:00 1SU 10
    Pacific/Chatham    2009 2009  2: standard 2008-04-06 03:45 +13:45 +12:45 1SU 4 to summer 2008-09-28 02:45 +12:45 +13:45 -1SU 9
    America/Sao_Paulo  1999 2001 44: standard 1997-12-31 22:00 -02:00 -02:00 to standard 2019-02-17 00:00 -02:00 -03:00
    America/Sao_Paulo  2020 2020 40: standard 1999-12-31 22:00 -02:00 -02:00 to standard 2019-02-17 00:00 -02:00 -03:00
    America/Sao_Paulo  2021 2021  1: standard 1970-01-01 00:00 -03:00 -03:00
    Asia/Jerusalem     2000 2000 85: standard 1999-01-01 02:00 +02:00 +02:00 to standard 2040-10-28 02:00 +03:00 +02:00
    Asia/Jerusalem     2025 2039 83: standard 2000-01-01 02:00 +02:00 +02:00 to standard 2040-10-28 02:00 +03:00 +02:00
    Asia/Jerusalem     2025 2040 85: standard 2000-01-01 02:00 +02:00 +02:00 to standard 2041-10-27 02:00 +03:00 +02:00
"""


@pytest.mark.parametrize("row", [line.split(":", 1) for line in STATED.strip().splitlines()], ids=lambda row: " ".join(row[0].split()))
def test_a_rule_is_stated_from_the_year_after_its_first_and_before_it_each_change(row: list[str]) -> None:
    """Changes are listed from a year before the entries and from 2000 at the latest, to a year after them, and to 2040 at the least."""
    zone, first, last, number = row[0].split()
    found = observances(zone, int(first), int(last))
    told = [
        f"{'summer' if o.daylight else 'standard'} {o.onset:%Y-%m-%d %H:%M} {hours(o.before)} {hours(o.after)}"
        + (f" {o.weekday} {o.month}" if o.month is not None else "")
        for o in found
    ]
    assert (len(found), " to ".join(dict.fromkeys((told[0], told[-1])))) == (int(number), row[1].strip())


@pytest.mark.parametrize("zone", ZONES)
def test_what_is_stated_does_not_hang_on_the_entries(zone: str) -> None:
    assert len({observances(zone, first, last) for first in range(2024, 2039) for last in (first, 2039)}) == 1


@given(st.sampled_from(ZONES), st.datetimes(dt.datetime(1971, 1, 1), dt.datetime(2198, 12, 31)))
def test_an_hour_is_refused_exactly_where_its_two_readings_differ(zone: str, when: dt.datetime) -> None:
    local = when.replace(second=0, microsecond=0)
    there_and_back = [
        local.replace(tzinfo=zoneinfo.ZoneInfo(zone), fold=fold).astimezone(dt.UTC).astimezone(zoneinfo.ZoneInfo(zone)) for fold in (0, 1)
    ]
    once = (
        all(t.replace(tzinfo=None, fold=0) == local for t in there_and_back)
        and there_and_back[0].utcoffset() == there_and_back[1].utcoffset()
    )
    try:
        check_hour(local.date(), local.time(), zone)
        assert once
    except InputError:
        assert not once


@given(st.sampled_from(ZONES), st.dates(dt.date(1971, 1, 1), dt.date(2198, 12, 31)), st.integers(0, 23), st.integers(1, 1440))
def test_a_length_is_real_time(zone: str, day: dt.date, hour: int, minutes: int) -> None:
    info = zoneinfo.ZoneInfo(zone)
    end = later(day, dt.time(hour), zone, dt.timedelta(minutes=minutes))
    begin = dt.datetime.combine(day, dt.time(hour), info).astimezone(dt.UTC)
    ends = [end.replace(tzinfo=info, fold=fold).astimezone(dt.UTC) for fold in (0, 1)]
    assert begin + dt.timedelta(minutes=minutes) in ends


def test_names_of_zones() -> None:
    for good in ("Asia/Shanghai", "UTC", "America/Argentina/Buenos_Aires"):
        check_zone(good)
    hints = {
        "shanghai": "Asia/Shanghai", "Asia/Shangai": "Asia/Shanghai", "new york": "America/New_York", "EUROPE/BERLIN": "Europe/Berlin",
        "Tokio": "Asia/Tokyo", "Asia/Beijing": "Asia/Shanghai", "China Standard Time": "Asia/Shanghai", "Peking": "Asia/Shanghai",
    }  # fmt: skip
    for wrong, right in hints.items():
        with pytest.raises(InputError, match=f"did you mean `{right}`"):
            check_zone(wrong)
    for wrong in ("Oslp", "Xokyo", "GMT+8", "Etc/GMT+8", "UTC+8", "Europe/Munich", "EST", "+08:00"):
        with pytest.raises(InputError, match="write area and city"):
            check_zone(wrong)
    for wrong in ("", "localtime", "../../etc/passwd", "/etc/localtime", "GMT+8", "Asia/Shanghai\n"):
        with pytest.raises(InputError, match="unknown time zone"):
            check_zone(wrong)
