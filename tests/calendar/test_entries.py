"""What a calendar says: its entries, their days and hours, words and marks."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar
from msgspec import structs

from nmosd_dosing import Event, Subject, load, plan
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle, to_entries
from nmosd_dosing.calendar.updates import to_ics
from nmosd_dosing.days import Language
from nmosd_dosing.errors import InputError
from nmosd_dosing.language.catalog import shipped
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.study.model import Study
from tests.kit.calendars import START, made
from tests.kit.command import dosing, errors
from tests.kit.paths import ROOT
from tests.kit.worked import HEAD

STAMP = dt.datetime(2025, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
WINDOWS = str(ROOT / "examples" / "windows.yaml")


def entries(plan: Plan, **style: object) -> dict[str, CalendarEntry]:
    """By summary."""
    return {entry.summary: entry for entry in to_entries(plan, CalendarStyle(**style))}  # type: ignore[arg-type]


def unfolded(content: bytes) -> str:
    return content.decode().replace("\r\n ", "")


# --- entries -----------------------------------------------------------------------------------------------------------


def test_each_visit_is_one_all_day_entry_on_its_day() -> None:
    found = entries(made())
    assert {summary: (str(e.start), str(e.end)) for summary, e in found.items()} == {
        "mil62-rcp W1D1 (0012)": ("2025-01-06", "2025-01-07"),
        "mil62-rcp W3D1 (0012)": ("2025-01-20", "2025-01-21"),
        "mil62-rcp W25D1 (0012)": ("2025-06-23", "2025-06-24"),
        "mil62-rcp W27D1 (0012)": ("2025-07-07", "2025-07-08"),
    }
    assert {(e.status, e.busy, e.zone, e.remind) for e in found.values()} == {("CONFIRMED", True, None, None)}


def test_without_a_day_1_a_visit_of_screening_has_no_day_of_the_study() -> None:
    study = load(ROOT / "examples" / "periods" / "study.yaml")
    screened, randomised = Event("screened", dt.date(2024, 12, 12)), Event("randomised", dt.date(2025, 1, 3))
    begun, before = (
        {
            e.start: e.description.splitlines()
            for e in to_entries(plan(study, Subject(start, events=(screened, randomised))), CalendarStyle())
        }
        for start in (START, None)
    )
    assert [line for line in begun[dt.date(2025, 1, 4)] if line.startswith("Day")] == ["Day -2"]
    assert before[dt.date(2025, 1, 4)] == [
        "Assessments: telephone call", "Earliest 2025-01-03 Fri, latest 2025-01-05 Sun",
        "Date: randomised (2025-01-03 Fri) + 1 day", "weekend: on a Saturday; no rule is stated, nothing is moved",
        "A fictional trial with re-treatment", "Source: not stated",
    ]  # fmt: skip
    assert not [line for lines in before.values() for line in lines if "None" in line]


@pytest.mark.parametrize("study", shipped(), ids=lambda s: s.id)
def test_every_visit_that_has_a_day_has_an_entry_and_no_other(study: Study) -> None:
    for period in study.periods:
        shown = plan(study, Subject(START, "0012"), period=period.id)
        dated = [v.target for v in shown.visits if v.target]
        assert [e.start for e in to_entries(shown, CalendarStyle())] == dated
        assert b"RRULE" not in to_ics(shown, stamp=STAMP)


def test_the_description_tells_dose_window_day_and_where_it_comes_from() -> None:
    found = entries(made(WINDOWS, None))
    assert found["fictional-windows D15 (0012)"].description.split("\n") == [
        "Dose: examplimab/placebo, masked over 90 min",
        "Earliest 2025-01-19 Sun, latest 2025-01-23 Thu",
        "Day 15, week code W3D1",
        "Date: day 1 of main (2025-01-06 Mon) + 14 days",
        "A fictional trial, to see windows at work",
        "Source: made up for this example; there is no such trial",
    ]
    assert found["fictional-windows D183 End visit (0012)"].description.startswith("Assessments: EDSS; MRI\nEarliest 2025-07-07 Mon")


def test_what_is_not_stated_is_said_and_a_sunday_is_noted() -> None:
    description = entries(made("bat4406f"))["bat4406f-rcp D182 (0012)"].description
    assert "Window: not stated\n" in description
    assert "weekend: on a Sunday; no rule is stated, nothing is moved\n" in description


def test_the_source_of_an_entry_is_its_own() -> None:
    """The record of 2025-12-08 leaves the screening out, so it is not given as its source."""
    found = entries(made("bat4406f"), spans=True)
    title = "BAT4406F in AQP4-IgG-positive NMOSD (NCT06044350, record of 2025-12-08)"
    ends = {
        name: found[f"bat4406f-rcp {name} (0012)"].description.split("\n")[-2:] for name in ("D1", "Screening", "Effective contraception")
    }
    assert ends == {
        "D1": [title, "Source: Study groups; detailed description"],
        "Screening": [title, "Source: another public copy of the registry record; the record of 2025-12-08 leaves it out"],
        "Effective contraception": [title, "Source: Inclusion criterion 7"],
    }


def test_a_dose_for_a_weight_and_what_is_assumed_about_it() -> None:
    description = entries(made("belimumab", None, weight_kg=60.0))["belimumab D14 (0012)"].description
    assert description.startswith("Dose: belimumab 600 mg (10 mg/kg)\n")
    assert "assumed: week 48 is D336 and is included; the weight is the one at baseline, unless later ones are given" in description


def test_a_visit_of_several_days_is_one_entry_and_takes_no_time() -> None:
    screening = entries(made(WINDOWS, None))["fictional-windows D-28 to D-1 Screening (0012)"]
    assert (str(screening.start), str(screening.end), screening.busy) == ("2024-12-09", "2025-01-06", False)
    assert "From 2024-12-09 Mon to 2025-01-05 Sun" in screening.description


def test_windows_are_entries_of_their_own_where_another_day_is_allowed() -> None:
    found = entries(made(WINDOWS, None), windows=True)
    windows = {s: (str(e.start), str(e.end)) for s, e in found.items() if e.kind == "window"}
    assert windows["fictional-windows D15 window (0012)"] == ("2025-01-19", "2025-01-24")
    assert windows["fictional-windows D183 window (0012)"] == ("2025-07-07", "2025-07-22")
    assert "fictional-windows D1 window (0012)" not in windows, "D1 allows no other day"
    assert not any("Screening" in s or "D-28" in s for s in windows), "a range of days is its own window"
    assert not any(e.busy for e in found.values() if e.kind == "window")


def test_spans_are_entries_of_their_own_and_projected_ones_are_tentative() -> None:
    found = entries(made("bat4406f"), spans=True)
    contraception = found["bat4406f-rcp Effective contraception (0012)"]
    assert (str(contraception.start), str(contraception.end)) == ("2025-01-06", "2026-01-07")
    assert (contraception.status, contraception.busy) == ("TENTATIVE", False)
    assert contraception.description.split("\n")[:2] == ["From 2025-01-06 Mon to 2026-01-06 Tue", "It may end later."]
    assert found["bat4406f-rcp Screening (0012)"].status == "CONFIRMED"


@pytest.mark.parametrize(("language", "categories"), [
    ("en", {("visit", "Visit"), ("window", "Visit window"), ("span", "Period of time")}),
    ("zh", {("visit", "访视"), ("window", "访视窗"), ("span", "时段")}),
])  # fmt: skip
def test_each_kind_of_entry_has_its_category(language: Language, categories: set[tuple[str, str]]) -> None:
    """The days on which a next period may be entered are a window, as those of a visit are."""
    p = "{length: 52 weeks, visits: [{at: D15, window: ±3d, assess: MRI}], spans: {s: {title: s, from: D1, to: D15}}}"
    way = "transitions: [{id: a, from: p, to: q, after: relapse, within: 28 days}]\n"
    study, _ = read_study_text(f"{HEAD}products: {{X: {{}}}}\nperiods:\n  p: {p}\n  q: {{visits: [{{at: D1, assess: MRI}}]}}\n{way}")
    shown = plan(study, Subject(START, code="0012", events=(Event("relapse", dt.date(2025, 2, 3)),)))
    found = to_entries(shown, CalendarStyle(language=language, windows=True, spans=True))
    assert {(entry.kind, entry.category) for entry in found} == categories
    assert [str(entry.start) for entry in found if entry.kind == "window"] == ["2025-01-17", "2025-02-03"]


def test_projected_visits_are_tentative() -> None:
    shown = made()
    projected = structs.replace(shown, visits=tuple(structs.replace(v, status="projected") for v in shown.visits))
    assert {(e.status, e.description.split("\n")[0]) for e in to_entries(projected, CalendarStyle())} == {
        ("TENTATIVE", "Projected: it may still move.")
    }


def test_a_visit_that_only_one_arm_has_is_tentative_while_the_arm_is_not_known() -> None:
    shown = made("mil62", "phase1b")
    only = structs.replace(shown, visits=(structs.replace(shown.visits[0], only_arms=("500mg",)), *shown.visits[1:]))
    first, *others = to_entries(only, CalendarStyle())
    assert first.status == "TENTATIVE"
    assert first.description.startswith("Only for arm 500mg\n")
    assert {e.status for e in others} == {"CONFIRMED"}


# --- hours -------------------------------------------------------------------------------------------------------------

HOURS = [  # zone, first day, UTC hour of 09:00 on the first day and on D183
    ("Asia/Shanghai", "2025-01-06", 1, 1),
    ("America/New_York", "2025-01-06", 14, 13),
    ("Europe/Berlin", "2025-07-07", 7, 8),
]


@pytest.mark.parametrize(("zone", "start", "first", "last"), HOURS)
def test_an_hour_is_that_of_the_zone_in_summer_and_winter(zone: str, start: str, first: int, last: int) -> None:
    shown = made(start=dt.date.fromisoformat(start))
    style = CalendarStyle(at=dt.time(9), zone=zone, duration=dt.timedelta(hours=4))
    events: list[Any] = list(Calendar.from_ical(to_ics(shown, stamp=STAMP, style=style)).walk("VEVENT"))
    hours = [(e["dtstart"].dt.astimezone(dt.UTC).hour, (e["dtend"].dt - e["dtstart"].dt)) for e in events]
    assert (hours[0], hours[-1]) == ((first, dt.timedelta(hours=4)), (last, dt.timedelta(hours=4)))
    assert f"BEGIN:VTIMEZONE\r\nTZID:{zone}\r\n".encode() in to_ics(shown, stamp=STAMP, style=style)


def test_without_a_duration_an_hour_is_the_calendars() -> None:
    one = entries(made(), at=dt.time(9), zone="Asia/Shanghai")["mil62-rcp W3D1 (0012)"]
    assert (one.start, one.end) == (dt.datetime(2025, 1, 20, 9), dt.datetime(2025, 1, 20, 10))
    assert "The hour and the length of one hour are this calendar's, not the protocol's." in one.description
    four = entries(made(), at=dt.time(9), zone="Asia/Shanghai", duration=dt.timedelta(hours=4))["mil62-rcp W3D1 (0012)"]
    assert "The hour is this calendar's, not the protocol's." in four.description


def test_a_visit_of_several_days_stays_all_day_where_others_have_an_hour() -> None:
    found = entries(made(WINDOWS, None), at=dt.time(9), zone="Asia/Shanghai")
    assert found["fictional-windows D-28 to D-1 Screening (0012)"].zone is None
    assert found["fictional-windows D15 (0012)"].zone == "Asia/Shanghai"


CLOCKS = [  # zone, hour, length, first day of a study whose W3D1 is 14 days later, what is said
    ("America/New_York", "02:30", "1h", "2025-02-23",
     "W3D1: 02:30 does not exist on 2025-03-09 Sun in America/New_York: the clocks go forward from 02:00 to 03:00"),
    ("America/New_York", "02:00", "1h", "2025-02-23",
     "W3D1: 02:00 does not exist on 2025-03-09 Sun in America/New_York: the clocks go forward from 02:00 to 03:00"),
    ("America/New_York", "01:59", "1h", "2025-02-23", None),
    ("America/New_York", "03:00", "1h", "2025-02-23", None),
    ("America/New_York", "01:30", "4h", "2025-10-19",
     "W3D1: 01:30 exists twice on 2025-11-02 Sun in America/New_York: the clocks go back from 02:00 to 01:00"),
    ("America/New_York", "02:00", "4h", "2025-10-19", None),
    ("America/New_York", "00:30", "1h", "2025-10-19",
     "W3D1, its end: 01:30 exists twice on 2025-11-02 Sun in America/New_York: the clocks go back from 02:00 to 01:00"),
    ("Europe/Berlin", "02:30", "1h", "2025-03-16",
     "W3D1: 02:30 does not exist on 2025-03-30 Sun in Europe/Berlin: the clocks go forward from 02:00 to 03:00"),
    ("Europe/Berlin", "02:59", "1h", "2025-10-12",
     "W3D1: 02:59 exists twice on 2025-10-26 Sun in Europe/Berlin: the clocks go back from 03:00 to 02:00"),
    ("Asia/Shanghai", "02:30", "1h", "2025-03-16", None),
]  # fmt: skip


@pytest.mark.parametrize(("zone", "hour", "length", "start", "message"), CLOCKS)
def test_an_hour_that_a_day_has_not_or_has_twice_is_refused(
    zone: str, hour: str, length: str, start: str, message: str | None, tmp_path: Path
) -> None:
    arguments = ("plan", "--regimen", "mil62-rcp", "--start", start, "--subject", "1", "--ics", str(tmp_path / "v.ics"),
                 "--at", hour, "--zone", zone, "--duration", length)  # fmt: skip
    if message is None:
        assert dosing(*arguments).returncode == 0
    else:
        assert f"error: {message}\nhint: choose another hour\n" in errors(*arguments)
        assert list(tmp_path.iterdir()) == []


def test_an_infusion_over_a_change_of_the_clock_lasts_its_real_time() -> None:
    night = entries(made(start=dt.date(2025, 3, 8)), at=dt.time(22), zone="America/New_York", duration=dt.timedelta(hours=6))
    assert night["mil62-rcp W1D1 (0012)"].end == dt.datetime(2025, 3, 9, 5), "the night of 9 March has no hour from 2 to 3"


@pytest.mark.parametrize(
    "style",
    [{"at": dt.time(9)}, {"zone": "UTC"}, {"duration": dt.timedelta(hours=1)}, {"remind": dt.timedelta(0)}, {"remind": dt.timedelta(-1)},
     {"at": dt.time(9), "zone": "Nowhere"}, {"at": dt.time(9), "zone": "UTC", "duration": dt.timedelta(seconds=59)}],
    ids=str,
)  # fmt: skip
def test_a_style_that_cannot_be(style: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        CalendarStyle(**style)


def test_a_calendar_ends_where_programs_and_clocks_do() -> None:
    for start, said in (("1970-07-06", "1970-07-06 Mon"), ("2199-01-01", "2199-01-01 Tue"), ("2198-12-31", "2199-01-14 Mon")):
        with pytest.raises(InputError, match=f"a calendar holds the years 1971 to 2198, not {said}"):
            to_ics(made(start=dt.date.fromisoformat(start)), stamp=STAMP)
    assert to_ics(made(start=dt.date(1971, 1, 1)), stamp=STAMP, style=CalendarStyle(at=dt.time(9), zone="Europe/Berlin"))


# --- words -------------------------------------------------------------------------------------------------------------


def test_chinese() -> None:
    found = entries(made("bat4406f"), language="zh", spans=True, windows=True)
    assert "bat4406f-rcp D182 访视（0012）" in found
    description = found["bat4406f-rcp D182 访视（0012）"].description
    assert description.startswith("给药：BAT4406F/placebo，设盲\n访视窗：未说明\n第 182 天，周编号 W26D7\n")
    assert "bat4406f-rcp Effective contraception（0012）" in found, "texts of the study file stay as they are"
    windows = entries(made(WINDOWS, None), language="zh", windows=True)
    assert windows["fictional-windows D15 访视窗（0012）"].description.split("\n")[1] == "最早 2025-01-19 周日，最晚 2025-01-23 周四"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("study", shipped(), ids=lambda s: s.id)
def test_a_discreet_calendar_names_neither_study_nor_drug_nor_subject(study: Study, language: Language) -> None:
    for period in study.periods:
        shown = plan(study, Subject(START, "SUBJ-0012", weight_kg=60.0), period=period.id)
        style = CalendarStyle(discreet=True, windows=True, spans=True, remind=dt.timedelta(days=1), language=language)
        text = unfolded(to_ics(shown, stamp=STAMP, style=style)).lower()
        telling = [study.id, study.title, study.source.registry, "subj-0012", period.title, "nmosd", "placebo"]
        telling += [product.name for product in study.products] + [span.name for span in shown.spans]
        assert [word for word in telling if word and word.lower() in text] == []
        assert ("summary:visit " if language == "en" else "summary:访视 ") in text


def test_a_discreet_entry_still_tells_day_and_window() -> None:
    found = entries(made(WINDOWS, None), discreet=True)
    assert found["Visit D15"].description == "Earliest 2025-01-19 Sun, latest 2025-01-23 Thu\nDay 15, week code W3D1"


def test_an_unblinded_calendar_says_so_in_its_name_and_in_every_entry() -> None:
    shown = plan(load("mil62"), Subject(START, "0012", arm="placebo"), period="rcp", unblind=True)
    text = unfolded(to_ics(shown, stamp=STAMP))
    assert "\r\nNAME:UNBLINDED: arm placebo - mil62-rcp 0012\r\n" in text
    assert text.count("DESCRIPTION:UNBLINDED: arm placebo\\nDose: MIL62 placebo\\n") == 4
    discreet = unfolded(to_ics(shown, stamp=STAMP, style=CalendarStyle(discreet=True)))
    assert "\r\nNAME:UNBLINDED - Visits\r\n" in discreet
    assert "placebo" not in discreet


def test_a_reminder_is_an_alarm_of_each_visit_and_of_nothing_else() -> None:
    text = unfolded(to_ics(made(WINDOWS, None), stamp=STAMP, style=CalendarStyle(remind=dt.timedelta(days=3), windows=True, spans=True)))
    assert text.count("BEGIN:VALARM") == len(made(WINDOWS, None).visits)
    assert "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:fictional-windows D15 (0012)\r\nTRIGGER:-P3D\r\nEND:VALARM" in text


def test_a_calendar_is_not_empty() -> None:
    shown = made()
    with pytest.raises(InputError, match="no visit of this plan has a day, and a calendar cannot be empty"):
        to_ics(structs.replace(shown, visits=()), stamp=STAMP)


def test_an_entry_says_what_is_assumed_of_its_own_visit_and_of_the_way_to_its_period() -> None:
    study, _ = read_study_text(
        HEAD
        + """products: {X: {}}
periods:
  a: {length: 57 days, visits: [{at: D1, give: X 1 mg}, {at: D29, give: X 1 mg, assumed: of D29}]}
  b: {visits: [{at: D1, give: X 1 mg}, {at: D29, give: X 1 mg}]}
transitions: [{id: t, from: a, to: b, after: end of a, within: 14 days, assumed: of the way}]
spans: {s: {title: Watch, from: first dose, to: last dose + 2 days, assumed: of the span}}
"""
    )
    found = to_entries(plan(study, Subject(START)), CalendarStyle())
    told = [[line for line in entry.description.splitlines() if "assumed" in line] for entry in found]
    way = ["assumed: entry into b, rule t: of the way"]
    assert told == [[], ["assumed: of D29"], way, way]


@pytest.mark.parametrize(("within", "days"), [("0 days", "2025-02-03 2025-02-04"), ("1 day", "2025-02-03 2025-02-05"), ("not stated", "")])
def test_the_days_of_an_entry_are_a_window_also_where_they_are_one(within: str, days: str) -> None:
    study, _ = read_study_text(f"""{HEAD}products: {{X: {{}}}}
periods:
  p: {{length: 28 days, visits: [{{at: D1, give: X 1 mg}}]}}
  q: {{visits: [{{at: D1, give: X 1 mg}}]}}
transitions: [{{id: t, from: p, to: q, after: end of p, within: {within}}}]
""")
    found = entries(plan(study, Subject(START)), windows=True)
    shown = [f"{entry.start} {entry.end}" for summary, entry in found.items() if summary == "s-q entry window"]
    assert shown == ([days] if days else [])
