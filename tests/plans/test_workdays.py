"""Which days are open: China by the notices of its State Council, other countries, a site's own days, and what a plan says of it."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError
from nmosd_dosing.plans import workdays
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Note, PlannedVisit
from nmosd_dosing.plans.workdays import Workdays, notes, open_days
from nmosd_dosing.schedule.visit_states import VisitStatusText
from tests.kit.studies import examples

DAY = dt.timedelta(1)

# What a coordinator reads off a wall calendar: country, day, why it is closed (or open).
DAYS = """
CN  2025-01-01 Wed  New Year's Day
CN  2025-01-25 Sat  Saturday
CN  2025-01-26 Sun  open, made up for 3 February
CN  2025-01-27 Mon  open
CN  2025-01-28 Tue  Chinese New Year's Eve
CN  2025-01-29 Wed  Chinese New Year (Spring Festival)
CN  2025-02-01 Sat  Saturday
CN  2025-02-03 Mon  Day off (substituted from 2025-01-26 Sun)
CN  2025-02-04 Tue  Day off (substituted from 2025-02-08 Sat)
CN  2025-02-05 Wed  open
CN  2025-02-08 Sat  open, made up for 4 February
CN  2025-02-09 Sun  Sunday
CN  2025-03-08 Sat  Saturday
CN  2025-06-02 Mon  Dragon Boat Festival (observed)
CN  2025-09-28 Sun  open, made up for 7 October
CN  2025-09-30 Tue  open
CN  2025-10-01 Wed  National Day
CN  2025-10-06 Mon  Mid-Autumn Festival
CN  2025-10-08 Wed  Day off (substituted from 2025-10-11 Sat)
CN  2025-10-09 Thu  open
CN  2025-10-11 Sat  open, made up for 8 October
CN  2026-01-04 Sun  open, made up for 2 January
CN  2026-02-14 Sat  open, made up for 20 February
CN  2026-02-16 Mon  Chinese New Year's Eve
CN  2026-02-28 Sat  open, made up for 23 February
CN  2026-04-05 Sun  Tomb-Sweeping Day
CN  2020-10-01 Thu  Mid-Autumn Festival, National Day
DE  2025-04-18 Fri  Good Friday
DE  2025-10-03 Fri  German Unity Day
DE  2025-10-31 Fri  open, Reformation Day is a holiday of some of its states only
US  2025-07-04 Fri  Independence Day
US  2026-07-03 Fri  Independence Day (observed)
US  2025-10-01 Wed  open
EG  2025-07-04 Fri  Friday
EG  2025-07-06 Sun  open, weeks begin on Sundays
--  2025-10-01 Wed  open, no country was given
--  2025-10-04 Sat  Saturday
"""

# Days off and days worked, from the notices of the State Council's General Office for 2024 (2023), 2025 (2024) and 2026 (2025).
NOTICES = {
    2024: (
        "01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10 09-15..09-17 10-01..10-07",
        "02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12",
    ),
    2025: ("01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08", "01-26 02-08 04-27 09-28 10-11"),
    2026: (
        "01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
        "01-04 02-14 02-28 05-09 09-20 10-10",
    ),
}


def date(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def dates(*texts: str) -> frozenset[dt.date]:
    return frozenset(map(date, texts))


@pytest.mark.parametrize("line", DAYS.strip().splitlines())
def test_a_day_is_open_or_closed_for_a_reason(line: str) -> None:
    country, shown, said = (part.strip() for part in line.split("  "))
    day = date(shown.split()[0])
    assert date_text(day) == shown, "the line names another weekday"
    why = open_days(None if country == "--" else country).closed_because(day)
    assert (why or "open") == ("open" if said.startswith("open") else said)


@pytest.mark.parametrize("year", NOTICES)
def test_every_day_of_a_year_in_china_is_as_the_state_council_says(year: int) -> None:
    off, worked = (
        {
            dt.date.fromordinal(n)
            for days in text.split()
            for first, last in [(days.split("..")[0], days.split("..")[-1])]
            for n in range(date(f"{year}-{first}").toordinal(), date(f"{year}-{last}").toordinal() + 1)
        }
        for text in NOTICES[year]
    )
    china = open_days("CN")
    for n in range(date(f"{year}-01-01").toordinal(), date(f"{year}-12-31").toordinal() + 1):
        day = dt.date.fromordinal(n)
        is_open = day in worked or (day.weekday() < 5 and day not in off)
        assert (china.closed_because(day) is None) == is_open, date_text(day)
        assert not china.projected(day)


def test_what_a_site_says_goes_before_what_its_country_says() -> None:
    saturday, holiday, monday, worked = map(date, ("2025-10-18", "2025-10-01", "2025-10-20", "2025-10-11"))
    site = open_days("CN", closed=[monday, worked], open=[saturday, holiday])
    assert [site.closed_because(day) for day in (saturday, holiday, monday, worked)] == [
        None,
        None,
        "closed at the site",
        "closed at the site",
    ]
    assert open_days(None, closed=[saturday]).closed_because(saturday) == "closed at the site"
    assert open_days("CN", closed=[monday], open=[monday]).closed_because(monday) == "closed at the site"


@pytest.mark.parametrize(
    ("country", "target", "earliest", "latest", "before", "after"),
    [
        (None, "2025-07-05", "2025-07-04", "2025-07-07", "2025-07-04", "2025-07-07"),  # open exactly on both ends
        (None, "2025-07-05", "2025-07-05", "2025-07-06", None, None),  # one day short at both
        (None, "2025-07-05", "2025-07-04", "2025-07-06", "2025-07-04", None),
        (None, "2025-07-05", "2025-07-05", "2025-07-07", None, "2025-07-07"),
        (None, "2025-07-05", "2025-07-05", "2025-07-05", None, None),  # no room at all
        (None, "2025-07-05", None, None, "2025-07-04", "2025-07-07"),  # no window
        (None, "2025-07-05", "2025-07-08", "2025-07-10", None, "2025-07-08"),  # a window that begins after the target
        (None, "2025-07-05", "2025-07-01", "2025-07-03", "2025-07-03", None),  # one that ends before it
        (None, "2025-07-02", "2025-07-01", "2025-07-03", "2025-07-01", "2025-07-03"),  # the target itself is open
        ("CN", "2025-10-04", "2025-09-27", "2025-10-11", "2025-09-30", "2025-10-09"),
        ("CN", "2025-10-04", "2025-10-01", "2025-10-08", None, None),
        ("CN", "2025-02-09", "2025-02-08", "2025-02-10", "2025-02-08", "2025-02-10"),  # a Saturday that is worked
        ("US", "2025-07-04", "2025-07-03", "2025-07-07", "2025-07-03", "2025-07-07"),
        (None, "0001-01-01", None, None, None, "0001-01-02"),
        (None, "9999-12-31", None, None, "9999-12-30", None),
    ],
)
def test_the_nearest_open_days_lie_inside_the_window(
    country: str | None, target: str, earliest: str | None, latest: str | None, before: str | None, after: str | None
) -> None:
    found = open_days(country).nearest_open(date(target), date(earliest) if earliest else None, date(latest) if latest else None)
    assert tuple(day and str(day) for day in found) == (before, after)


some_days = st.dates(dt.date(2024, 12, 1), dt.date(2025, 3, 1))
windows = st.none() | st.tuples(st.integers(-12, 12), st.integers(0, 24))


@examples(300)
@given(st.sampled_from([None, "CN", "DE", "US", "EG"]), some_days, windows, st.frozensets(some_days), st.frozensets(some_days, max_size=9))
def test_a_named_day_is_open_and_inside_and_none_is_nearer(
    country: str | None, target: dt.date, window: tuple[int, int] | None, closed: frozenset[dt.date], opened: frozenset[dt.date]
) -> None:
    days = Workdays(country, closed, opened - closed)
    earliest = target + DAY * window[0] if window else None
    latest = earliest + DAY * window[1] if window and earliest else None
    around = [target + DAY * n for n in range(-150, 151)]
    inside = [day for day in around if (earliest or day) <= day <= (latest or day) and days.closed_because(day) is None]
    expected = max((day for day in inside if day < target), default=None), min((day for day in inside if day > target), default=None)
    assert days.nearest_open(target, earliest, latest) == expected


@pytest.mark.parametrize("country", ["CN", "TW", "HU", "VN"])
def test_years_are_projected_from_the_first_without_published_make_up_days(country: str) -> None:
    days = open_days(country)
    years = {year: days.projected(dt.date(year, 6, 11)) for year in range(2015, 2120)}
    assert not years[2025]
    assert years[2090]
    assert list(years.values()) == sorted(years.values()), "a published year after one that is not"


def test_nothing_is_projected_where_rules_make_the_calendar() -> None:
    for country in (None, "DE", "US"):
        assert not any(open_days(country).projected(dt.date(year, 6, 11)) for year in range(2015, 2100))
    assert open_days("DE").projected(dt.date(2150, 6, 11))  # beyond the years that the package knows
    in_2090 = dt.date(2090, 6, 11)
    assert not open_days("CN", closed=[in_2090]).projected(in_2090)
    assert not open_days("CN", open=[in_2090]).projected(in_2090)


def test_a_holiday_whose_date_is_estimated_is_projected() -> None:
    emirates = open_days("AE")
    estimated = [day for n in range(365) if "(estimated)" in (emirates.closed_because(day := dt.date(2070, 1, 1) + DAY * n) or "")]
    assert estimated
    assert all(map(emirates.projected, estimated))
    assert not emirates.projected(dt.date(2070, 1, 1))
    [note] = notes([visit(str(estimated[0]))], emirates)
    assert note.message.endswith("; the date of the holiday is estimated: projected")


@pytest.mark.parametrize(
    ("written", "country"), [("CN", "CN"), ("cn", "CN"), ("chn", "CN"), ("uk", "GB"), ("us", "US"), ("usa", "US"), (None, None)]
)
def test_a_country_is_given_by_its_code_in_either_case(written: str | None, country: str | None) -> None:
    assert open_days(written).country == country


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("China", "write `CN`"),
        ("united states", "write `US`"),
        ("USS", "did you mean `US`?"),
        ("XX", "write its ISO code, for example `CN`, `DE` or `US`"),
        ("NYSE", "write its ISO code, for example `CN`, `DE` or `US`"),
        ("date", "write its ISO code, for example `CN`, `DE` or `US`"),
        ("", "write its ISO code, for example `CN`, `DE` or `US`"),
    ],
)
def test_an_unknown_country_is_refused_with_a_way_out(written: str, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        open_days(written)
    assert str(caught.value) == f"error: unknown country `{written}`\nhint: {hint}"
    with pytest.raises(InputError, match="unknown country"):
        Workdays(written).closed_because(dt.date(2025, 1, 6))


def test_names_are_english_whatever_the_environment_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.setenv(name, "zh_CN.UTF-8")
    workdays._calendar.cache_clear()
    assert open_days("CN").closed_because(date("2025-10-01")) == "National Day"
    workdays._calendar.cache_clear()


def test_the_package_of_holidays_is_loaded_only_where_a_country_is_asked_for() -> None:
    code = (
        "import sys, datetime; from nmosd_dosing.plans.workdays import open_days; open_days(None).closed_because(datetime.date(2025, 1, 6))"
    )
    subprocess.run([sys.executable, "-c", f"{code}; sys.exit('holidays' in sys.modules)"], check=True)


# --- notes --------------------------------------------------------------------------------------------------------------


def visit(
    target: str | None,
    window: tuple[str, str] | None = None,
    *,
    label: str = "D1",
    last: str | None = None,
    status: VisitStatusText = "planned",
) -> PlannedVisit:
    return PlannedVisit(
        id=f"main/{label}",
        period="main",
        label=label,
        name=None,
        status=status,
        actual=None,
        target=date(target) if target else None,
        earliest=date(window[0]) if window else None,
        latest=date(window[1]) if window else None,
        last=date(last) if last else None,
        study_day=None,
        period_day=None,
        week=None,
        assessments=(),
        administrations=(),
        only_arms=(),
        reason="first day",
    )


@pytest.mark.parametrize(
    ("country", "planned", "code", "message"),
    [
        (
            None,
            visit("2025-07-05", ("2025-07-02", "2025-07-08")),
            "weekend",
            "on a Saturday; nothing is moved; open days in the window: 2025-07-04 Fri before, 2025-07-07 Mon after",
        ),
        (
            "CN",
            visit("2025-07-05", ("2025-07-04", "2025-07-06")),
            "weekend",
            "on a Saturday; nothing is moved; open days in the window: 2025-07-04 Fri before, none after",
        ),
        ("CN", visit("2025-07-06", ("2025-07-05", "2025-07-06")), "weekend", "on a Sunday; nothing is moved; no open day in the window"),
        (
            "CN",
            visit("2025-10-01", ("2025-09-28", "2025-10-04")),
            "holiday",
            "public holiday: National Day; nothing is moved; open days in the window: 2025-09-30 Tue before, none after",
        ),
        (
            "CN",
            visit("2026-04-05"),  # a Sunday too
            "holiday",
            "public holiday: Tomb-Sweeping Day; nothing is moved; "
            "the source states no window; nearest open days: 2026-04-03 Fri before, 2026-04-07 Tue after",
        ),
        (
            "CN",
            visit("2090-07-01", ("2090-06-30", "2090-07-03")),
            "weekend",
            "on a Saturday; nothing is moved; open days in the window: 2090-06-30 Fri before, 2090-07-03 Mon after; "
            "the calendar of 2090 is not published yet: projected",
        ),
        (
            "EG",
            visit("2025-07-11", ("2025-07-10", "2025-07-13")),
            "weekend",
            "on a Friday; nothing is moved; open days in the window: 2025-07-10 Thu before, 2025-07-13 Sun after",
        ),
    ],
)
def test_a_closed_day_has_a_note(country: str | None, planned: PlannedVisit, code: NoteCode, message: str) -> None:
    assert list(notes([planned], open_days(country))) == [Note(code, message, ("main/D1",))]


def test_a_day_closed_at_the_site_has_a_note_and_a_day_open_there_has_none() -> None:
    site = open_days("CN", closed=dates("2025-07-07"), open=dates("2025-07-12"))
    found = list(notes([visit("2025-07-07", ("2025-07-04", "2025-07-08")), visit("2025-07-12")], site))
    text = "closed at the site; nothing is moved; open days in the window: 2025-07-04 Fri before, 2025-07-08 Tue after"
    assert found == [Note("holiday", text, ("main/D1",))]


def test_a_worked_saturday_and_open_days_have_no_note() -> None:
    assert list(notes([visit("2025-02-08"), visit("2025-10-11"), visit("2025-09-30")], open_days("CN"))) == []


@pytest.mark.parametrize("status", ["done", "partial", "missed", "withheld", "cancelled"])
def test_what_is_settled_has_no_note(status: VisitStatusText) -> None:
    assert list(notes([visit("2025-07-05", status=status)], open_days("CN"))) == []


def test_visits_without_a_day_and_of_several_days_have_no_note() -> None:
    assert list(notes([visit(None), visit("2025-07-05", last="2025-07-09")], open_days("CN"))) == []


def test_visits_of_which_the_same_is_said_share_a_note() -> None:
    week = ("2025-07-02", "2025-07-08")
    planned = [visit("2025-07-05", week, label="D1"), visit("2025-07-05", label="D2"), visit("2025-07-05", week, label="D3")]
    assert [note.visits for note in notes(planned, open_days(None))] == [("main/D1", "main/D3"), ("main/D2",)]


@pytest.mark.parametrize(
    ("country", "target", "earliest", "latest", "said"),
    [
        (None, "2025-01-17", None, None, None),  # a Friday
        (None, "2025-01-18", None, None,
         "on a Saturday; nothing is moved; the source states no window; nearest open days: 2025-01-17 Fri before, 2025-01-20 Mon after"),
        (None, "2025-01-18", "2025-01-17", "2025-01-20",
         "on a Saturday; nothing is moved; open days in the window: 2025-01-17 Fri before, 2025-01-20 Mon after"),
        (None, "2025-01-18", "2025-01-17", "2025-01-19",
         "on a Saturday; nothing is moved; open days in the window: 2025-01-17 Fri before, none after"),
        (None, "2025-01-18", "2025-01-18", "2025-01-20",
         "on a Saturday; nothing is moved; open days in the window: none before, 2025-01-20 Mon after"),
        (None, "2025-01-18", "2025-01-18", "2025-01-19", "on a Saturday; nothing is moved; no open day in the window"),
        (None, "2025-01-18", "2025-01-18", None,
         "on a Saturday; nothing is moved; open days in the window: none before, 2025-01-20 Mon after"),
        (None, "2025-01-18", None, "2025-01-18",
         "on a Saturday; nothing is moved; open days in the window: 2025-01-17 Fri before, none after"),
        ("DE", "2025-12-25", "2025-12-24", "2025-12-29",
         "public holiday: Christmas Day; nothing is moved; open days in the window: 2025-12-24 Wed before, 2025-12-29 Mon after"),
        ("CN", "2045-12-30", "2045-12-29", "2046-01-02",
         "on a Saturday; nothing is moved; open days in the window: 2045-12-29 Fri before, 2046-01-02 Tue after; "
         "the calendar of 2045 and 2046 is not published yet: projected"),
    ],
)  # fmt: skip
def test_a_closed_day_says_which_open_days_are_near(
    country: str | None, target: str, earliest: str | None, latest: str | None, said: str | None
) -> None:
    first, last = (date(each) if each else None for each in (earliest, latest))
    assert workdays.closed_and_near(date(target), first, last, open_days(country)) == said


@pytest.mark.parametrize(
    ("country", "target", "code"),
    [
        (None, "2025-01-17", None), (None, "2025-01-18", "weekend"), ("CN", "2025-01-01", "holiday"), ("CN", "2025-02-08", None),
        ("CN", "2045-12-29", "holiday"),  # a Friday, of which nobody has said yet whether it is open
        ("CN", "2045-12-30", "weekend"),
    ],
)  # fmt: skip
def test_a_closed_day_and_one_that_is_not_published_have_a_code(country: str | None, target: str, code: NoteCode | None) -> None:
    assert workdays.closed_code(date(target), open_days(country)) == code
