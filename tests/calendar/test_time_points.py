"""By the hour in a calendar: so much real time after the dose, an entry where that is another day, nothing of it in a discreet one."""

from __future__ import annotations

import datetime as dt

import pytest

from nmosd_dosing import InputError, Record, Subject, plan, to_ics
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle, to_entries
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.handout import handout
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.report.html.handout import handout_page

STUDY = """\
language: 1
study: by-hour
title: By the hour
source: made up
days: from 1
products: {X: {route: IV infusion}}
periods:
  main:
    visits:
      - at: D1
        give: X 500 mg over 60 min
        assess: {PK sample: "before X, 1 h, 24 h, 48 h after X", ECG: 24 h after X}
"""
BERLIN = CalendarStyle(at=dt.time(8), zone="Europe/Berlin")
STAMP = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def made(start: str, *records: Record, text: str = STUDY) -> Plan:
    study, _ = read_study_text(text)
    return plan(study, Subject(dt.date.fromisoformat(start), "0012", records=records))


def starts(entries: tuple[CalendarEntry, ...]) -> list[tuple[str, dt.date]]:
    return [(entry.summary, entry.start) for entry in entries]


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2025-03-28", ["29 08:00", "30 09:00"]),  # the clocks go forward on the 30th at 02:00
        ("2025-03-29", ["30 09:00", "31 09:00"]),
        ("2025-10-25", ["26 07:00", "27 07:00"]),  # and back on 26 October
        ("2025-01-06", ["07 08:00", "08 08:00"]),
    ],
)
def test_24_hours_are_hours_that_pass(day: str, hours: list[str]) -> None:
    of_visit, *others = to_entries(made(day), BERLIN)
    assert [f"{entry.start:%d %H:%M}" for entry in others] == hours
    assert all(entry.zone == "Europe/Berlin" and entry.busy for entry in others)
    assert "PK sample: 1 h after X (09:00)" in of_visit.description and f"24 h after X ({hours[0][3:]}), 2025" in of_visit.description


def test_without_an_hour_they_are_whole_days() -> None:
    found = starts(to_entries(made("2025-01-06"), CalendarStyle()))
    days = [dt.date(2025, 1, n) for n in (6, 7, 8)]
    names = ["by-hour D1 (0012)", "by-hour D1, 24 h after X (0012)", "by-hour D1, 48 h after X (0012)"]
    assert found == list(zip(names, days, strict=True))


def test_a_recorded_dose_moves_them() -> None:
    record = Record("D1", dt.date(2025, 1, 7), time=dt.time(23, 30))
    _, after_midnight, next_day, later = to_entries(made("2025-01-06", record), BERLIN)
    assert (after_midnight.start, next_day.start) == (dt.datetime(2025, 1, 8, 0, 30), dt.datetime(2025, 1, 8, 23, 30))
    assert later.start == dt.datetime(2025, 1, 9, 23, 30)
    assert "PK sample, ECG: 24 h after X (23:30)" in next_day.description and "Done" not in next_day.description


def test_an_identity_is_of_the_time_and_not_of_the_date() -> None:
    uids = [{entry.uid for entry in to_entries(made(day), CalendarStyle())} for day in ("2025-01-06", "2025-02-06")]
    assert uids[0] == uids[1] and len(uids[0]) == 3


def test_a_discreet_calendar_says_none_of_it() -> None:
    discreet = CalendarStyle(discreet=True, at=dt.time(8), zone="Europe/Berlin")
    ics = to_ics(made("2025-01-06"), stamp=STAMP, style=discreet).decode()
    assert "Visit D1 +1d" in ics and not any(word in ics for word in ("PK sample", "ECG", "after X", "500"))


def test_an_hour_that_is_there_twice_is_refused() -> None:
    with pytest.raises(InputError, match="D1, 24 h after X"):
        to_entries(made("2025-10-25"), CalendarStyle(at=dt.time(3, 30), zone="Europe/Berlin"))


def test_a_hostile_name_stays_a_text() -> None:
    name = "PK;BEGIN:VEVENT\\nX, <script>"
    ics = to_ics(made("2025-01-06", text=STUDY.replace("{PK sample:", f"{{'{name}':")), stamp=STAMP, style=CalendarStyle()).decode()
    assert ics.count("BEGIN:VEVENT") - ics.count("PK\\;BEGIN:VEVENT") <= 3 and "\nBEGIN:VEVENT\\nX" not in ics
    unfolded = ics.replace("\r\n ", "")
    assert sum(line == "BEGIN:VEVENT" for line in unfolded.split("\r\n")) == 3
    assert "PK\\;BEGIN:VEVENT\\\\nX\\, <script>" in unfolded


def test_a_patient_is_told_the_other_days() -> None:
    told = handout(made("2025-01-06"), dt.date(2025, 1, 1))
    assert told.appointments[0].again == (dt.date(2025, 1, 7), dt.date(2025, 1, 8))
    assert "Please come again on 2025-01-07 Tue" in handout_page(told, "en") and "PK sample" not in handout_page(told, "en")
    booked = Record("D1", dt.date(2025, 1, 6), "booked", time=dt.time(9))
    [visit] = handout(made("2025-01-06", booked), dt.date(2025, 1, 1)).appointments
    assert visit.again == (dt.datetime(2025, 1, 7, 9), dt.datetime(2025, 1, 8, 9))


def test_after_the_visit_a_patient_is_told_what_is_still_to_come() -> None:
    day = dt.date(2025, 1, 6)
    done = Record("D1", day, time=dt.time(9))
    told = handout(made("2025-01-06", done), day)
    assert [(visit.day, visit.time, visit.agreed) for visit in told.appointments] == [
        (dt.date(2025, 1, 7), dt.time(9), False),
        (dt.date(2025, 1, 8), dt.time(9), False),
    ]
    samples = [Record("D1", day + dt.timedelta(1), assessment=name, time_point="24 h") for name in ("PK sample", "ECG")]
    assert [visit.day for visit in handout(made("2025-01-06", done, *samples), day).appointments] == [dt.date(2025, 1, 8)]


OWN_HOUR = STUDY.replace("give: X 500 mg over 60 min", "give: X 500 mg daily at 08:00").replace(
    'PK sample: "before X, 1 h, 24 h, 48 h after X", ECG: 24 h after X',
    'PK sample: "30 min ±2 min, 1 h ±5 min after X", ECG: 1 h ±10 min after X',
)


def test_windows_of_samples_stand_in_the_entry() -> None:
    (entry,) = to_entries(made("2025-01-06", text=OWN_HOUR), CalendarStyle(at=dt.time(8), zone="Europe/Berlin"))
    lines = entry.description.split("\n")
    assert "PK sample: 30 min after X (08:30), ±2 min" in lines
    assert "PK sample ±5 min, ECG ±10 min: 1 h after X (09:00)" in lines
    assert "Window of the day: not stated" in lines and "Window: not stated" not in lines
    assert not any("The study file gives" in line for line in lines)


def test_another_hour_than_that_of_the_file_is_said() -> None:
    (entry,) = to_entries(made("2025-01-06", text=OWN_HOUR), CalendarStyle(at=dt.time(9), zone="Europe/Berlin"))
    assert "The study file gives X at 08:00; this entry begins at 09:00, which is the calendar's hour." in entry.description
    hidden = to_entries(made("2025-01-06", text=OWN_HOUR), CalendarStyle(at=dt.time(9), zone="Europe/Berlin", discreet=True))
    assert all("08:00" not in each.description for each in hidden)


COURSE = STUDY.split("      - at:")[0] + "      - {at: D1 to D21, give: X 500 mg daily}\n"


def test_a_course_is_no_time_to_choose_a_day_from() -> None:
    day = dt.date(2025, 1, 4)
    english = handout_page(handout(made("2025-01-06", text=COURSE), day), "en")
    assert "<h2>2025-01-06 Mon</h2>" in english and "Begins on this day, and takes every day up to" in english
    assert "自该日开始，每日进行，直至" in handout_page(handout(made("2025-01-06", text=COURSE), day), "zh")
    days = handout_page(handout(made("2025-01-06", text=COURSE.replace("give: X 500 mg daily", "assess: MRI")), day), "en")
    assert "Begins on this day" not in days
