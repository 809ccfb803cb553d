"""What is written of a table is read as the same, whatever it holds; and what is written of that is the same again."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.dose.dose import Value
from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import InputError, Problems
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.subjects.had import NOTHING, Had
from nmosd_dosing.subjects.subject import RECORD_STATUSES, Entered, Event, Exposure, Measurement, Record, Subject, Weight
from nmosd_dosing.subjects.tables import history_table, roster, subject_table
from nmosd_dosing.subjects.tables.encodings import transcoded
from nmosd_dosing.subjects.tables.headings import Layout
from nmosd_dosing.subjects.tables.reading import EMPTY
from nmosd_dosing.subjects.tables.written import (
    COLUMNS,
    REQUIRED,
    Row,
    all_rows,
    allocation_row,
    event_row,
    had_row,
    measurement_row,
    record_row,
    rows_of,
    subject_rows,
    table_bytes,
    weight_row,
)  # fmt: skip
from tests.kit.paths import ROOT

KEPT = ROOT / "tests" / "tables"
EVENTS = ("relapse", "died", *OF_SCREENING)
PERIODS = ("rcp", "olp", "long term")
PRODUCTS = ("X", "Y 5", '=Z "1", 甲')

# --- what tables may hold ------------------------------------------------------------------------------------------------

# every character that means something to a table, beside those of any text
marks = st.sampled_from(
    ['"', "'", ",", ";", "\t", "\n", "\r", "=", "+", "-", "@", "0", "12", " ", "受试者", "é", '="', "NA", ".", "subject", "\ufeff", "sep="]
)
lines = st.lists(marks | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5), max_size=6).map("".join)
texts = lines.map(lambda text: " ".join(text.split())).filter(lambda text: text and text not in EMPTY)
maybe_text = st.none() | texts
codes = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), max_size=9).map(str.strip)
codes = st.tuples(st.sampled_from(["", "'", "=", "0", '="', "''"]), codes).map("".join).filter(lambda text: text and text not in EMPTY)
days = st.dates()
grams = st.integers(1, 500_000).map(lambda g: g / 1000)
millionths = st.integers(0, 10**12).map(lambda parts: parts / 10**6)
heights = st.integers(300, 2720).map(lambda mm: mm / 10)
amounts = (
    st.decimals(0, 10**15, places=6)
    | st.integers(0, 10**15).map(Decimal)
    | st.sampled_from([Decimal("5E9"), Decimal("9.99E+20"), Decimal(0)])
)


@st.composite
def _records(draw: st.DrawFn) -> Record:
    status = draw(st.sampled_from(RECORD_STATUSES))
    of_point = status != "booked" and draw(st.booleans())
    took = status in ("done", "partial")
    dosed = not of_point and draw(st.booleans())
    date = draw(days)
    return Record(
        draw(texts), date, status, period=draw(maybe_text), product=None if of_point else draw(maybe_text),
        amount=draw(amounts) if dosed and took else Decimal(0) if dosed else None, unit=draw(st.sampled_from(UNITS)) if dosed else None,
        weight_kg=draw(st.none() | grams), batch=draw(st.none() | codes), reason=draw(maybe_text), comment=draw(maybe_text),
        time=draw(st.none() | st.times().map(lambda time: time.replace(second=0, microsecond=0))),
        last=draw(st.none() | st.dates(min_value=date)) if took and not of_point else None,
        assessment=draw(maybe_text) if of_point else None, time_point=draw(maybe_text) if of_point else None,
    )  # fmt: skip


def _wide(day: dt.date, how: str) -> tuple[dt.date, dt.date]:
    """The days that a date may be which lacks its day, or its month."""
    if how == "day":
        return day, day
    first, last = (day.month, day.month) if how == "month" else (1, 12)
    return dt.date(day.year, first, 1), dt.date(day.year, last, calendar.monthrange(day.year, last)[1])


@st.composite
def _had(draw: st.DrawFn) -> Had:
    hows = st.sampled_from(["day", "month", "year"])
    begin = draw(st.none() | st.builds(_wide, days, hows))
    end = draw(st.none() | st.builds(_wide, st.dates(min_value=begin[0]) if begin else days, hows))
    return Had(
        draw(texts | st.just(NOTHING)), begin and begin[0], end and end[1], ongoing=end is None and draw(st.booleans()),
        amount=draw(st.none() | amounts), amount_per_day=draw(st.none() | amounts), unit=draw(st.sampled_from(["", "mg", "g/day", "片"])),
        purpose=draw(maybe_text) or "", first_at_latest=begin[1] if begin and begin[1] != begin[0] else None,
        last_at_earliest=end[0] if end and end[1] != end[0] else None, not_had=draw(st.booleans()), comment=draw(maybe_text),
    )  # fmt: skip


@st.composite
def _subjects(draw: st.DrawFn) -> list[Subject]:
    of = {
        "weight_kg": st.none() | grams, "height_cm": st.none() | heights, "sex": st.sampled_from([None, "M", "F"]),
        "age": st.none() | st.integers(0, 120), "site": st.none() | codes, "start": days,
    }  # fmt: skip
    exposures = {
        product: st.builds(Exposure, st.just(product), decimals.map(Fraction), st.sampled_from(UNITS), st.sampled_from(["", "kg", "m2"]))
        for product in PRODUCTS
        for decimals in [st.decimals(Decimal("0.000001"), 10**9, places=6)]
    }
    found = []
    for code in draw(st.lists(codes, unique_by=subject_table.same, min_size=1, max_size=3)):
        on: dict[str, dt.date] = draw(st.dictionaries(st.sampled_from(OF_SCREENING), days))
        entered: dict[str, dt.date] = draw(st.dictionaries(st.sampled_from(PERIODS), days))
        earlier = [draw(exposures[product]) for product in PRODUCTS if draw(st.sampled_from([True, False]))]
        more: Any = {name: draw(drawn) for name, drawn in of.items()}
        if draw(st.booleans()) and on:
            more["start"] = None
        found.append(Subject(
            code=code, events=tuple(Event(name, on[name]) for name in OF_SCREENING if name in on),
            entered=tuple(Entered(period, entered[period]) for period in PERIODS if period in entered), earlier=tuple(earlier), **more,
        ))  # fmt: skip
    return found


def subject_row(subject: Subject) -> Row:
    """What the table of subjects says of one, cell by cell."""

    def exposure(e: Exposure) -> str:
        return f"{Decimal(e.amount.numerator) / e.amount.denominator:f} {e.unit}{e.per and f'/{e.per}'}"

    def number(value: float | None, decimals: int) -> str:
        return "" if value is None else f"{Decimal(f'{value:.{decimals}f}').normalize():f}"

    cells = {
        "subject": subject.code, "start": subject.start and str(subject.start), "weight_kg": number(subject.weight_kg, 3),
        "height_cm": number(subject.height_cm, 1), "sex": subject.sex, "age_years": number(subject.age, 0), "site": subject.site,
        **{event.name: str(event.date) for event in subject.events},
        **{f"earlier_{e.product}": exposure(e) for e in subject.earlier},
        **{f"enter_{entry.period}": str(entry.date) for entry in subject.entered},
    }  # fmt: skip
    return {name: text for name, text in cells.items() if text}


# --- the way there and back ----------------------------------------------------------------------------------------------


def pairs(read: Sequence[tuple[Any, Any]]) -> list[tuple[str | None, Any, str | None]]:
    """Whose each row is, what it says, and its comment, which no comparison sees."""
    return [(code.text if code is not None else None, thing, getattr(thing, "comment", None)) for code, thing in read]


def events(content: bytes) -> list[Any]:
    return roster.events(content, "t.csv", EVENTS)


def records(content: bytes) -> list[Any]:
    return roster.records(content, "t.csv", masked=False)


def weighings(content: bytes) -> list[Any]:
    return roster.weighings(content, "t.csv")


def measurements(content: bytes) -> list[Any]:
    return roster.measurements(content, "t.csv", None)


def history(content: bytes) -> list[Any]:
    return history_table.read(content, "t.csv")


def subjects(content: bytes) -> subject_table.SubjectColumns:
    problems = Problems()
    found = subject_table.read(content, "t.csv", PERIODS, PRODUCTS, problems)
    assert problems.found == []
    return found


def there_and_back(
    table: str, row: Callable[[str | None, Any], Row], read: Callable[[bytes], list[Any]], said: Sequence[tuple[str, Any]]
) -> None:
    rows = [row(code, thing) for code, thing in said]
    found = read(table_bytes(table, rows))
    assert pairs(found) == [(code, thing, getattr(thing, "comment", None)) for code, thing in said]
    assert rows_of(row, found) == rows


def listed(things: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[str, Any]]]:
    return st.lists(st.tuples(codes, things), max_size=3)


@given(listed(st.builds(Event, st.sampled_from(EVENTS), days, comment=maybe_text)))
def test_events(said: list[tuple[str, Event]]) -> None:
    once = {(subject_table.same(code), event): (code, event) for code, event in said}
    there_and_back("events", event_row, events, list(once.values()))


@given(listed(_records()))
def test_records(said: list[tuple[str, Record]]) -> None:
    there_and_back("visits", record_row, records, said)


@given(listed(st.builds(Weight, days, grams, comment=maybe_text)))
def test_weights(said: list[tuple[str, Weight]]) -> None:
    there_and_back("weighings", weight_row, weighings, said)


@given(listed(st.builds(Measurement, texts, days, millionths, unit=maybe_text, comment=maybe_text)))
def test_values(said: list[tuple[str, Measurement]]) -> None:
    there_and_back("measurements", measurement_row, measurements, said)


def test_a_value_is_written_with_its_name_and_unit_as_the_study_file_declares_them() -> None:
    content = b"subject,date,what,value,unit\n0012,2025-01-03,EGFR,45.50,mL / min\n0012,2025-01-03,cd4,0,\n"
    values = [Value("eGFR", "mL/min"), Value("CD4", "")]
    assert rows_of(measurement_row, roster.measurements(content, "t.csv", values)) == [
        {"subject": "0012", "date": "2025-01-03", "what": "eGFR", "value": "45.5", "unit": "mL/min"},
        {"subject": "0012", "date": "2025-01-03", "what": "CD4", "value": "0"},
    ]
    without = content.replace(b",unit", b"").replace(b",mL / min", b"").replace(b",0,", b",0")
    assert rows_of(measurement_row, roster.measurements(without, "t.csv", values))[0]["unit"] == "mL/min"
    with pytest.raises(InputError, match="in `mL/min` here, and in `mL/s` in the study file"):
        roster.measurements(content.replace(b" / ", b"/"), "t.csv", [Value("eGFR", "mL/s"), Value("CD4", "")])


@given(listed(_had()))
def test_what_was_had(said: list[tuple[str, Had]]) -> None:
    there_and_back("history", had_row, history, said)


@given(st.dictionaries(codes.map(subject_table.same), codes))
def test_arms(said: dict[str, str]) -> None:
    rows = [allocation_row(code, arm) for code, arm in said.items()]
    found = roster.allocation(table_bytes("allocation", rows), "t.csv")
    assert [(code.text, arm.text) for code, arm in found] == list(said.items())


@given(_subjects())
def test_subjects(said: list[Subject]) -> None:
    rows = [subject_row(subject) for subject in said]
    found = subjects(table_bytes("subjects", rows))
    assert [found.subject(row) for row in range(len(found))] == said
    assert subject_rows(found) == rows
    assert [subject_row(found.subject(row)) for row in range(len(found))] == rows


# --- texts that are not as readers give them -----------------------------------------------------------------------------


@given(lines, lines, st.sampled_from([None, "S-1"]))
def test_any_text_is_written_as_it_will_be_read(visit: str, comment: str, code: str | None) -> None:
    rows = [record_row(code, Record(visit or "D1", dt.date(2025, 1, 6), comment=comment))]
    if "visit" in rows[0]:
        assert rows_of(record_row, records(table_bytes("visits", rows))) == rows


def test_what_no_table_may_hold_is_written_out() -> None:
    rows = [weight_row("S-1", Weight(dt.date(2025, 1, 6), 60, comment="a\0b \ud800"))]
    assert table_bytes("weighings", rows) == b"subject,date,weight_kg,comment\nS-1,2025-01-06,60,a\\x00b \\ud800\n"


def test_a_table_has_the_columns_that_are_needed_and_those_that_say_something() -> None:
    assert table_bytes("visits", []) == b"visit,date\n"
    rows: list[Row] = [{"comment": "x", "start": "2025-01-06", "subject": "1"}, {"subject": "=2", "enter_olp": "2025-02-03", "sex": "F"}]
    with pytest.raises(KeyError, match="comment"):
        table_bytes("subjects", rows)
    del rows[0]["comment"]
    assert table_bytes("subjects", rows) == b"subject,start,sex,enter_olp\n1,2025-01-06,,\n'=2,,F,2025-02-03\n"


def test_the_version_of_the_study_of_each_stays() -> None:
    content = b"subject,start,study_version\n0012,2025-01-06,\n0013,2025-02-03,v 2\n"
    assert table_bytes("subjects", subject_rows(subjects(content))) == content


def test_all_tables() -> None:
    found = subjects(b"subject,start\n0012,2025-01-06\n")
    none: dict[str, list[Any]] = {"events": [], "visits": [], "weighings": [], "measurements": [], "history": [], "allocation": []}
    assert all_rows(found, none) == {"subjects": [{"subject": "0012", "start": "2025-01-06"}], **none}
    beside = none | {"events": events(b"subject,event,date\n0012,died,2025-02-03\n")}
    assert all_rows(None, beside) == {"subjects": [], **none, "events": [{"subject": "0012", "event": "died", "date": "2025-02-03"}]}


# --- tables as people keep them ------------------------------------------------------------------------------------------


def _kept(name: str) -> bytes:
    return transcoded((KEPT / name).read_bytes(), name, "gb18030")


TABLES: dict[str, tuple[str, Callable[[str | None, Any], Row], Callable[[bytes], list[Any]]]] = {
    "events": ("events", event_row, events),
    "visits": ("visits", record_row, records),
    "weighings": ("weighings", weight_row, weighings),
    "measurements": ("measurements", measurement_row, measurements),
    "history": ("history", had_row, history),
    "allocation": ("allocation", lambda code, arm: allocation_row(code, arm.text), lambda content: roster.allocation(content, "t.csv")),
}


READ = sorted(path.with_suffix(".csv").name for path in KEPT.glob("*.txt") if "error: " not in path.read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name in READ if name.startswith("subjects")])
def test_subjects_that_are_kept_and_their_canonical_table_are_read_alike(name: str) -> None:
    original = subjects(_kept(name))
    again = subjects(table_bytes("subjects", subject_rows(original)))
    for column in ("codes", "starts", "weights", "heights", "sexes", "ages", "sites", "earlier"):
        assert getattr(again, column) == getattr(original, column)
    for row in set(range(len(original))) - original.without_start:
        assert again.subject(row) == original.subject(row)
    assert subject_rows(again) == subject_rows(original)


@pytest.mark.parametrize("name", [name for name in READ if not name.startswith("subjects")])
def test_a_table_that_is_kept_and_its_canonical_one_are_read_alike(name: str) -> None:
    table, row, read = TABLES[name.split("-")[0]]
    original = read(_kept(name))
    rows = rows_of(row, original)
    again = read(table_bytes(table, rows))
    assert rows_of(row, again) == rows
    if table != "allocation":  # its cells know where they stand
        assert pairs(again) == pairs(original)


def test_an_amount_a_day_is_written_as_all_that_was_given() -> None:
    layout = Layout("visits", columns={"amount_per_day": ["EXDOSE"]})
    name = "visits-sdtm-doses-of-several-days.csv"
    read = roster.records(_kept(name), name, masked=False, layout=layout)
    assert rows_of(record_row, read) == [
        {"subject": "S1-01-0012", "visit": "D1", "date": "2025-01-06", "status": "done", "last": "2025-01-19", "product": "X",
         "amount": "756", "unit": "mg"},
    ]  # fmt: skip
    assert pairs(records(table_bytes("visits", rows_of(record_row, read)))) == pairs(read)


def test_a_month_a_year_what_goes_on_and_what_was_not_had_stay_as_they_are_said() -> None:
    content = (KEPT / "history-sdtm.csv").read_bytes() + b"X,CM,X-0103,1,X,2023,ONGOING,,,,,\n"
    assert table_bytes("history", rows_of(had_row, history(content))).decode().splitlines() == [
        "subject,what,from,to,amount,unit,for,had",
        "X-0101,RITUXIMAB,2024-05-01,2024-05-01,500,mg,NMOSD,",
        "X-0101,AZATHIOPRINE,2023-01,,50,mg,NMOSD,",
        "X-0101,TOCILIZUMAB,,,,,,N",
        "X-0102,PREDNISONE,2024-06-15,2024-12,15,mg/day,NMOSD,",
        "X-0103,X,2023,ongoing,,,,",
    ]


def test_every_column_that_a_reader_knows_is_written_under_its_name() -> None:
    """But for amounts a day of visits, which their reader makes into one amount."""
    texts = {"date": "2025-01-06", "start": "2025-01-06", "from": "2025-01-06", "weight_kg": "60", "event": "died", "value": "1"}
    for table, columns in COLUMNS.items():
        row = {name: texts.get(name, "x") for name in {"subject", *REQUIRED[table]}}
        content = table_bytes(table, [row])
        known = subjects(content).table.known if table == "subjects" else TABLES[table][2](content)[0][0].table.known
        more = {f"enter_{period}" for period in PERIODS} | {f"earlier_{product}" for product in PRODUCTS} | {"amount_per_day"}
        assert set(columns) - more == set(known) - more
