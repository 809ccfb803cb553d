"""The laws of the calendar, against `dateutil` where it knows them."""

from __future__ import annotations

import datetime as dt
import re
from itertools import pairwise

import numpy as np
import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import assume, given
from hypothesis import strategies as st

from nmosd_dosing.days import (
    FIRST_DATE,
    LAST_DATE,
    NO_DATE,
    Code,
    CountsFrom,
    Offset,
    Style,
    date_text,
    day_number,
    days_past,
    ends,
    month_name,
    shift,
    shift_date,
    shifter,
    study_day,
    to_date,
    week_code,
    week_of,
)
from nmosd_dosing.errors import InputError
from tests.kit.studies import EDGE_DAYS, ODD_DAYS, examples

dates = st.one_of(st.dates(), st.sampled_from(ODD_DAYS), st.sampled_from(EDGE_DAYS))
months = st.one_of(st.integers(-30, 30), st.integers(-400, 400).map(lambda n: n * 12), st.integers(-119_987, 119_987))
days = st.one_of(st.integers(-800, 800), st.integers(-3_652_058, 3_652_058))


def shifted(date: dt.date, offset: Offset) -> dt.date:
    found = to_date(shift(np.array([date], dtype="datetime64[D]"), offset)[0])
    assert found is not None
    return found


def array(*found: dt.date) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.array(found, dtype="datetime64[D]")


@examples(500)
@given(dates, days, months)
def test_days_and_then_months_are_added_as_dateutil_adds_them(date: dt.date, days: int, months: int) -> None:
    try:
        there = date + dt.timedelta(days)
        there += relativedelta(months=months)
    except (OverflowError, ValueError):
        assume(False)
    assert shifted(date, Offset(days, months)) == there


@examples(1000)
@given(dates, days, months, st.one_of(st.just(0), days))
def test_one_date_is_moved_as_an_array_is_and_refused_where_that_leaves_the_calendar(
    date: dt.date, days: int, months: int, then: int
) -> None:
    offset = Offset(days, months, then=then)
    moved = shift(array(date), offset)[0]
    if FIRST_DATE <= moved <= LAST_DATE:
        assert shift_date(date, offset) == to_date(moved)
    else:
        with pytest.raises(InputError, match="outside the years 1 to 9999"):
            shift_date(date, offset)
    assert days_past(date, date, offset) == int((array(date)[0] - moved) / np.timedelta64(1, "D")), "inside the calendar and beyond it"


def test_one_date_is_moved_at_the_edges_by_way_of_days_outside_the_calendar() -> None:
    assert shift_date(dt.date(9999, 1, 1), Offset(months=12, then=-1)) == dt.date(9999, 12, 31)
    assert shift_date(dt.date(1, 1, 1), Offset(-1, 1)) == dt.date(1, 1, 31)
    assert shift_date(dt.date(2024, 2, 29), Offset(months=12)) == dt.date(2025, 2, 28)
    assert shift_date(dt.date(2024, 3, 31), Offset(months=-1)) == dt.date(2024, 2, 29)


@examples(200)
@given(dates, days, months)
def test_a_date_outside_the_calendar_is_refused_and_never_another_date(date: dt.date, days: int, months: int) -> None:
    moved = shift(array(date), Offset(days, months))[0]
    year = int(moved.astype("datetime64[Y]").astype(int)) + 1970
    if 1 <= year <= 9999:
        assert to_date(moved) is not None
    else:
        with pytest.raises(InputError, match="outside the years 1 to 9999"):
            to_date(moved)


@examples(200)
@given(st.lists(dates, min_size=1, max_size=20), st.integers(-400, 400), st.integers(-30, 30))
def test_an_array_is_shifted_date_by_date_and_no_date_stays_none(found: list[dt.date], days: int, months: int) -> None:
    offset = Offset(days, months)
    together = shift(array(*found), offset)
    assert [together[i] for i in range(len(found))] == [shift(array(date), offset)[0] for date in found]
    assert np.isnat(shift(np.array([NO_DATE]), offset)).all()


@examples(200)
@given(st.dates(dt.date(1000, 1, 1), dt.date(9000, 1, 1)), st.integers(-40, 40), st.integers(1, 12), st.integers(1, 30))
def test_months_of_a_repeat_are_counted_from_its_base_and_never_chained(date: dt.date, days: int, step: int, times: int) -> None:
    base = Code("D", Offset(days), 1)
    first = shifted(date, base.offset)
    there = shifted(date, base.later(Offset(months=step), times).offset)
    assert (there.year * 12 + there.month) - (first.year * 12 + first.month) == step * times
    last_of_month = (there.replace(day=1) + relativedelta(months=1) - dt.timedelta(1)).day
    assert there.day == min(first.day, last_of_month)


def test_31_august_keeps_its_day_after_a_february() -> None:
    start = dt.date(2025, 8, 31)
    found = [str(shifted(start, Offset(months=n))) for n in (6, 12, 18, 30, -6, -18)]
    assert found == ["2026-02-28", "2026-08-31", "2027-02-28", "2028-02-29", "2025-02-28", "2024-02-29"]


@examples(300)
@given(st.dates(dt.date(100, 1, 1), dt.date(9900, 1, 1)), st.integers(-800, 800), st.integers(-60, 60))
def test_the_range_of_an_offset_holds_on_every_date(date: dt.date, days: int, months: int) -> None:
    fewest, most = Offset(days, months).range
    assert fewest <= (shifted(date, Offset(days, months)) - date).days <= most


CYCLE = np.arange("2000-01-01", "2400-01-01", dtype="datetime64[D]")


@pytest.mark.parametrize("months", [-24, -13, -12, -6, -1, 0, 1, 2, 3, 6, 11, 12, 18, 48, 4800])
def test_the_range_of_an_offset_is_reached_at_both_ends(months: int) -> None:
    found = (shift(CYCLE, Offset(months=months)) - CYCLE).astype(int)
    assert Offset(months=months).range == (found.min(), found.max())


@examples(200)
@given(dates, dates)
def test_the_study_day_has_no_day_0_and_counts_every_other_day(start: dt.date, date: dt.date) -> None:
    number = study_day(date, start)
    assert number is not None and number != 0
    assert start + dt.timedelta(number - 1 if number > 0 else number) == date
    assert study_day(start, start) == 1


@pytest.mark.parametrize("first", [0, 1])
def test_days_of_a_file_rise_by_one_and_skip_day_0_where_days_count_from_1(first: CountsFrom) -> None:
    numbers = [day_number(n, first) for n in range(-400, 400)]
    assert day_number(0, first) == first
    assert day_number(-1, first) == -1
    assert {(a, b) for a, b in pairwise(numbers) if b != a + 1} == ({(-1, 1)} if first else set())


@examples(200)
@given(st.integers(-4000, 4_000_000))
def test_a_week_code_counts_weeks_and_days_from_1(days: int) -> None:
    code = week_code(days)
    if days < 0:
        assert code is None
        return
    match = re.fullmatch(r"W([1-9]\d*)D([1-7])", code or "")
    assert match
    assert (int(match[1]) - 1) * 7 + int(match[2]) - 1 == days


def test_week_codes_of_the_source_records() -> None:
    found = {code: n for n in range(1500) if (code := week_code(n))}
    assert [found[code] for code in ("W1D1", "W3D1", "W25D1", "W27D1", "W53D1", "W209D1")] == [0, 14, 168, 182, 364, 1456]


@examples(100)
@given(dates)
def test_a_date_is_written_with_its_own_weekday_whatever_the_locale(date: dt.date) -> None:
    monday = dt.date(2024, 1, 1)
    name = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[(date.toordinal() - monday.toordinal()) % 7]
    assert date_text(date) == f"{date.year:04}-{date.month:02}-{date.day:02} {name}"


@pytest.mark.parametrize(("offset", "words", "about"), [
    (Offset(), "0 days", 0), (Offset(1), "1 day", 1), (Offset(6), "6 days", 6), (Offset(7), "1 week", 7), (Offset(8), "8 days", 8),
    (Offset(14), "2 weeks", 14), (Offset(0, 1), "1 month", 30.4375), (Offset(0, 11), "11 months", 334.8125),
    (Offset(0, 12), "1 year", 365.25), (Offset(0, 13), "13 months", 395.6875), (Offset(7, 24), "1 week and 2 years", 737.5),
    (Offset(3, 2, then=1), "3 days and 2 months and 1 day", 64.875),
])  # fmt: skip
def test_an_offset_in_words_and_about_how_many_days_it_is(offset: Offset, words: str, about: float) -> None:
    assert (offset.in_words, offset.nominal) == (words, about)


@pytest.mark.parametrize("among", [["2024-01-30", "2024-01-31", "2024-02-01"], ["2024-01-31"], ["2023-12-31", "2024-03-01", "NaT"]])
def test_parts_of_many_dates_are_shifted_as_the_whole_is(among: list[str]) -> None:
    many = np.array(among * 200, dtype="datetime64[D]")
    move, out = shifter(many, Offset(2, 1)), np.empty(7, dtype="datetime64[D]")
    for begin in range(4):
        move(many[begin : begin + 7], out)
        np.testing.assert_array_equal(out, shift(many, Offset(2, 1))[begin : begin + 7])


@given(st.lists(st.one_of(st.none(), st.dates()), max_size=6))
def test_the_ends_of_some_days_are_the_first_and_the_last_of_those_that_are_there(found: list[dt.date | None]) -> None:
    there = [date for date in found if date is not None]
    known = ends(np.array(found, dtype="datetime64[D]"))
    assert known == (None if not there else (np.datetime64(min(there), "D"), np.datetime64(max(there), "D")))


def test_days_without_gaps_are_added_as_numbers_and_come_to_the_same() -> None:
    days = np.array(["0001-01-01", "1969-12-31", "2024-02-29", "9999-12-31"], dtype="datetime64[D]")
    for offset in (Offset(0), Offset(-1), Offset(366, 0, then=2)):
        quick, out = shifter(days, offset, gaps=False), np.empty_like(days)
        assert quick(days, out) is not None and np.array_equal(out, shift(days, offset))


def test_a_month_has_its_own_name() -> None:
    assert [month_name(dt.date(2025, n, 28)) for n in (1, 2, 11, 12)] == ["January", "February", "November", "December"]


@pytest.mark.parametrize(("style", "offset", "first", "label"), [
    ("D", Offset(181), 1, "D182"), ("D", Offset(-1), 1, "D-1"), ("D", Offset(0), 0, "D0"),
    ("W", Offset(0), 1, "W1D1"), ("W", Offset(6), 1, "W1D7"), ("W", Offset(7), 1, "W2D1"), ("W", Offset(-1), 1, "D-1"),
    ("week", Offset(0), 0, "week 0"), ("week", Offset(7), 0, "week 1"), ("week", Offset(8), 0, "D8"), ("week", Offset(-7), 0, "D-7"),
    ("month", Offset(0, 6), 0, "month 6"), ("month", Offset(0, 12), 0, "month 12"), ("month", Offset(1, 6), 0, "D1+6mo"),
    ("year", Offset(0, 12), 0, "year 1"), ("year", Offset(0, 24), 0, "year 2"), ("year", Offset(0, 13), 0, "month 13"),
    ("D", Offset(0, 6), 1, "D1+6mo"), ("D", Offset(7, -1), 1, "D8-1mo"), ("month", Offset(0, 6, then=3), 0, "month 6+3d"),
    ("D", Offset(7, 1, then=-2), 1, "D8+1mo-2d"),
])  # fmt: skip
def test_a_day_is_called_as_the_file_writes_it(style: Style, offset: Offset, first: CountsFrom, label: str) -> None:
    assert Code(style, offset, first).label == label


@pytest.mark.parametrize(("code", "labels"), [
    (Code("D", Offset(84), 1), {"D85", "W13D1"}),
    (Code("D", Offset(14), 0), {"D14", "week 2"}),
    (Code("D", Offset(0, 12), 0), {"D0+12mo", "week 0+12mo", "month 12", "year 1"}),
    (Code("D", Offset(14, then=14), 1), {
        "D15 + 14 days", "W3D1 + 14 days", "D15 + 2 weeks", "W3D1 + 2 weeks",
    }),
    (Code("D", Offset(14, then=8), 1), {"D15 + 8 days", "W3D1 + 8 days"}),
    (Code("D", Offset(14, then=-1), 1), {"1 day before D15", "1 day before W3D1", "24 h before D15", "24 h before W3D1"}),
    (Code("D", Offset(14, then=-7), 1), {
        "7 days before D15", "7 days before W3D1", "1 week before D15", "1 week before W3D1", "168 h before D15", "168 h before W3D1",
    }),
    (Code("D", Offset(14, 1, then=7), 1), {"D15+1mo+7d", "W3D1+1mo+7d"}),
    (Code("event", Offset(5), 1, hangs_on="relapse"), {"relapse+5d"}),
    (Code("event", Offset(5, -1, then=1), 1, hangs_on="relapse"), {"relapse+5d-1mo+1d"}),
    (Code("D", Offset(7), 1).in_cycle(2, Offset(28)), {"C2D8", "D36", "W6D1"}),
    (Code("D", Offset(0), 1).in_cycle(2, Offset(0, 1), "A"), {"A-C2D1", "D1+1mo", "W1D1+1mo"}),
    (Code("D", Offset(14), 1).in_cycle(2, Offset(0, 1)), {"C2D15", "D1+1mo+14d", "W1D1+1mo+14d"}),
])  # fmt: skip
def test_every_way_in_which_a_day_may_be_called(code: Code, labels: set[str]) -> None:
    assert set(code.labels) == labels and code.labels[0] == code.label


@pytest.mark.parametrize(("code", "label"), [
    (Code("D", Offset(14), 1), "D15"), (Code("W", Offset(14), 1), "W3D1"), (Code("D", Offset(14), 1, hangs_on="relapse"), "D15"),
    (Code("D", Offset(7), 1).in_cycle(2, Offset(28)), "D36"), (Code("D", Offset(7), 1).in_cycle(1, Offset(0)), "D8"),
])  # fmt: skip
def test_the_same_day_counted_from_the_first_of_its_period(code: Code, label: str) -> None:
    assert code.of_period.label == label
    assert (code.of_period == code) == (not code.cycle and not code.hangs_on)


def test_offsets_are_added_and_taken_times_part_by_part() -> None:
    assert Offset(1, 2, then=3) + Offset(10, 20, then=30) == Offset(11, 22, then=33)
    assert Offset(1, 2, then=3).times(-2) == Offset(-2, -4, then=-6)
    week = Offset(7, written="1 week")
    assert [week.times(n).written for n in (1, -1, 0, 2)] == ["1 week", "1 week", "", ""]
    assert Offset(7).later(3) == Offset(10) and Offset(7, 1).later(3) == Offset(7, 1, then=3)


@pytest.mark.parametrize(("one", "later", "days"), [
    (Offset(7), Offset(21), (14, 14)), (Offset(7, then=1), Offset(21, then=2), (15, 15)), (Offset(0, 1), Offset(0, 1), (0, 0)),
    (Offset(0, 1, then=2), Offset(0, 1, then=7), (5, 5)), (Offset(0, 1), Offset(0, 2), (28, 31)), (Offset(30), Offset(0, 1), (-2, 1)),
    (Offset(0, 1), Offset(31), (0, 3)),
])  # fmt: skip
def test_the_days_between_two_days(one: Offset, later: Offset, days: tuple[int, int]) -> None:
    assert one.before(later) == days


@pytest.mark.parametrize(("day", "monday", "sunday"), [
    ("2025-01-06", "2025-01-06", "2025-01-12"), ("2025-01-12", "2025-01-06", "2025-01-12"), ("2025-01-13", "2025-01-13", "2025-01-19"),
    ("0001-01-01", "0001-01-01", "0001-01-07"), ("9999-12-31", "9999-12-27", "9999-12-31"), ("9999-12-26", "9999-12-20", "9999-12-26"),
])  # fmt: skip
def test_a_week_is_from_monday_to_sunday(day: str, monday: str, sunday: str) -> None:
    assert [str(date) for date in week_of(dt.date.fromisoformat(day))] == [monday, sunday]
