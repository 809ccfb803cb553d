"""Texts of a study file or a subject's code cannot break out of their line of a calendar, nor change what is read back."""

from __future__ import annotations

import datetime as dt
import functools
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing import Plan, Subject, Window, plan
from nmosd_dosing.calendar.entries import CalendarStyle, calendar_name, to_entries
from nmosd_dosing.calendar.ical import read_ics, write
from nmosd_dosing.calendar.updates import to_ics
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.plan import Note, PlannedTimePoint
from nmosd_dosing.study.facts import Source
from tests.judges.lint_ics import lines, lint
from tests.judges.readers import READERS, needs_node, with_ical_js, with_icalendar
from tests.kit import studies
from tests.kit.calendars import LATER, STAMP, uid_of, updated

STYLES = (
    CalendarStyle(),
    CalendarStyle(windows=True, spans=True, remind=dt.timedelta(days=3), language="zh"),
    CalendarStyle(windows=True, spans=True, remind=dt.timedelta(hours=2), at=dt.time(9), zone="Europe/Berlin"),
    CalendarStyle(windows=True, spans=True, at=dt.time(23, 30), zone="Asia/Shanghai", discreet=True),
)
PLACES = (
    "title",
    "regimen",
    "study",
    "subject",
    "arm",
    "source",
    "id",
    "label",
    "name",
    "reason",
    "assessment",
    "product",
    "note",
    "span",
    "sample",
    "time",
)
PIECES = (
    *("\n", "\r", "\r\n", "\n ", "\r\n ", ";", ",", "\\", "\\n", "\\N", "\\;", "\\\\", ":", '"', "^n", "=", "%0A", "{}", "{0}", "&#10;"),
    *("\x00", "\x07", "\t", "\x0b", "\x0c", "\x1b[2J", "\x1c", "\x1d", "\x1e", "\x7f", "\x85", "\xa0", "\xad", "\u2028", "\u2029"),
    *("\u200b", "\u200f", "\u202e", "\u2066", "\u2069", "\ufeff", "\U000e0041", "\ufffe", "\ud800", "\udfff", "e\u0301", "\u0301"),
    *("👩‍👩‍👧‍👦", "🏳️‍🌈", "多中心随机双盲", "视力；评估，设盲：", "\u3000", "ÄÖÜ", "שלום", "مرحبا", "𠀀"),
    *("BEGIN:VEVENT", "END:VEVENT", "END:VCALENDAR\r\n", "\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:x\r\n", "BEGIN:VALARM\r\n"),
    *("TZID=Europe/Berlin", "X-DOSING-KIND:visit", "\r\nX-DOSING-KIND:span\r\n", "\nDTSTART:20250101"),
    *("\nMETHOD:REQUEST\n", "\nRRULE:FREQ=SECONDLY"),
)  # fmt: skip

characters = st.characters(exclude_categories=())  # lone surrogates too
texts = st.lists(st.sampled_from(PIECES) | st.text(characters, max_size=6), max_size=8).map("".join)
long_texts = texts.filter(bool).map(lambda text: (text * 10_000)[:10_000])
places = st.sampled_from(PLACES)
several = st.dictionaries(places, texts, min_size=1)
hostile = several | st.builds(lambda at, text, others: {**others, at: text}, places, long_texts, several)
styles = st.sampled_from(STYLES)

STUDY, (PERIOD,) = catalog.find_plan("bat4406f-rcp", None)
PLAIN = plan(STUDY, Subject(dt.date(2025, 1, 6), "S-0012"), period=PERIOD.id, window=Window(3, 3))


def time_point(put: Mapping[str, str], day: dt.date | None, hours: int) -> PlannedTimePoint:
    """A sample so many hours after a dose whose hour is not known."""
    date = (day or dt.date(2025, 1, 6)) + dt.timedelta(days=hours // 24)
    name, text = put.get("sample", "PK sample"), f"{hours} h {put.get('time', 'after X')}"
    return PlannedTimePoint("assessment", name, text, hours * 60, "X", False, None, date, None, after_dose=hours * 60)


def time_ids(made: Plan) -> list[str]:
    return [f"{visit.id}, {row.text}" for visit in made.visits for row in visit.time_line if row.date != visit.date]


def poisoned(put: Mapping[str, str], unblinded: bool = False) -> Plan:
    """A plan of two visits and two spans that holds these texts."""
    visits = tuple(
        replace(
            visit,
            id=f"{put.get('id', 'visit')}/{number}",
            label=put.get("label", visit.label),
            name=put.get("name", "Visit"),
            reason=put.get("reason", visit.reason),
            assessments=(put.get("assessment", "MRI"), "EDSS"),
            administrations=tuple(replace(a, shown=put.get("product", a.shown)) for a in visit.administrations),
            only_arms=("a", put.get("arm", "b")),
            time_line=tuple(time_point(put, visit.target, hours) for hours in (1, 24)),
        )
        for number, visit in enumerate(PLAIN.visits)
    )
    return replace(
        PLAIN,
        unblinded=unblinded,
        title=put.get("title", PLAIN.title),
        regimen=put.get("regimen", PLAIN.regimen),
        study=put.get("study", PLAIN.study),
        subject=put.get("subject", PLAIN.subject),
        arm=put.get("arm", "b"),
        source=Source(put.get("source", "NCT1"), "section"),
        visits=visits,
        spans=tuple(replace(span, name=put.get("span", span.name)) for span in PLAIN.spans),
        notes=(Note("note", put.get("note", "a note"), tuple(visit.id for visit in visits)),),
    )


def uids(made: Plan, style: CalendarStyle) -> list[str]:
    found = [uid_of(made, "visit", visit.id) for visit in made.visits]
    found += [uid_of(made, "visit", id) for id in time_ids(made)]
    found += [uid_of(made, "window", visit.id) for visit in made.visits if style.windows and visit.earliest]
    return sorted(found + [uid_of(made, "span", f"{span.period or ''}/{span.id}") for span in made.spans if style.spans and span.end])


def beginning(line: str) -> str:
    """What stands before the value, and for BEGIN and END all of it."""
    return line if line.startswith(("BEGIN", "END")) else line.split(":", 1)[0]


@functools.cache
def plain_lines(style: CalendarStyle, unblinded: bool) -> tuple[list[str], list[int]]:
    """How the lines begin where all texts are harmless, and how many line ends each description has."""
    made = poisoned({}, unblinded)
    begun = [beginning(line) for line in lines(to_ics(made, stamp=STAMP, style=style))]
    return begun, [entry.description.count("\n") for entry in to_entries(made, style)]


def assert_one_line_each(content: bytes, made: Plan, style: CalendarStyle) -> None:
    """No line, component or character that a text has brought; and each reader sees the texts as they were meant."""
    assert lint(content) == []
    begun, many = plain_lines(style, made.unblinded)
    assert [beginning(line) for line in lines(content)] == begun
    assert not {unicodedata.category(c) for c in content.decode()} & {"Cs", "Zl", "Zp"}
    wanted = {entry.uid: entry for entry in to_entries(made, style)}
    for reader, read in READERS.items():
        seen, descriptions = read(content)
        assert sorted(entry.uid for entry in seen) == uids(made, style), reader
        assert {entry.uid: entry.summary for entry in seen} == {uid: entry.summary for uid, entry in wanted.items()}, reader
        assert descriptions == {uid: entry.description for uid, entry in wanted.items()}, reader
    assert not [entry for entry in wanted.values() if "\n" in entry.summary or entry.summary != entry.summary.strip()]
    assert [entry.description.count("\n") for entry in wanted.values()] == many


# --- what comes out ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_a_hostile_text_stays_in_its_line(piece: str) -> None:
    made = poisoned(dict.fromkeys(PLACES, f"a{piece}b{piece}"))
    for style in STYLES:
        assert_one_line_each(to_ics(made, stamp=STAMP, style=style), made, style)


@studies.examples(60)
@given(hostile, styles, st.booleans())
def test_any_text_stays_in_its_line(put: dict[str, str], style: CalendarStyle, unblinded: bool) -> None:
    made = poisoned(put, unblinded)
    content = to_ics(made, stamp=STAMP, style=style)
    assert_one_line_each(content, made, style)
    assert to_ics(made, stamp=STAMP, style=style) == content


@needs_node
def test_ical_js_reads_hostile_texts_as_icalendar_does(tmp_path: Path) -> None:
    paths: list[Path] = []
    for piece in PIECES:
        paths.append(tmp_path / f"{len(paths)}.ics")
        paths[-1].write_bytes(to_ics(poisoned(dict.fromkeys(PLACES, f"a{piece}b{piece}")), stamp=STAMP, style=STYLES[2]))
    for path, read in zip(paths, with_ical_js(paths), strict=True):
        assert read == with_icalendar(path.read_bytes())


@studies.examples(40)
@given(hostile, styles)
def test_what_falls_away_stays_in_its_line_too(put: dict[str, str], style: CalendarStyle) -> None:
    made = poisoned(put)
    update = updated(to_ics(made, stamp=STAMP, style=style), replace(made, visits=made.visits[:1]), style)
    for content in (update.ics, update.changes or b""):
        assert lint(content) == []
        first, *others = [read(content) for read in READERS.values()]
        assert all(other == first for other in others)
    assert sorted(seen.uid for seen in with_icalendar(update.ics).entries) == uids(made, style)
    gone = {seen.uid for seen in with_icalendar(update.changes or b"").entries}
    assert gone == set(uids(made, style)) - set(uids(replace(made, visits=made.visits[:1]), style))


# --- what is read back -------------------------------------------------------------------------------------------------


@studies.examples(60)
@given(hostile, styles, st.booleans())
def test_entries_are_read_back_as_they_were_written(put: dict[str, str], style: CalendarStyle, unblinded: bool) -> None:
    made = poisoned(put, unblinded)
    file = read_ics(to_ics(made, stamp=STAMP, style=style))
    assert sorted((record.entry for record in file.records), key=lambda entry: entry.uid) == sorted(
        to_entries(made, style), key=lambda entry: entry.uid
    )
    assert {(record.created, record.modified, record.sequence) for record in file.records} == {(STAMP, STAMP, 0)}
    form = " ".join(word for word, holds in (("discreet", style.discreet), ("unblinded", unblinded)) if holds)
    assert (file.zone, file.form, file.others) == (style.zone, form, ())


@studies.examples(40)
@given(hostile, styles, st.booleans())
def test_the_name_is_read_back_as_it_was_written(put: dict[str, str], style: CalendarStyle, unblinded: bool) -> None:
    made = poisoned(put, unblinded)
    assert read_ics(to_ics(made, stamp=STAMP, style=style)).name == calendar_name(made, style)


@studies.examples(40)
@given(hostile, styles, st.booleans())
def test_a_file_that_was_read_is_written_the_same(put: dict[str, str], style: CalendarStyle, unblinded: bool) -> None:
    content = to_ics(poisoned(put, unblinded), stamp=STAMP, style=style)
    assert write(read_ics(content)) == content


@studies.examples(60)
@given(hostile, styles, st.booleans())
def test_an_update_without_news_changes_nothing(put: dict[str, str], style: CalendarStyle, unblinded: bool) -> None:
    made = poisoned(put, unblinded)
    content = to_ics(made, stamp=STAMP, style=style)
    for old in (content, content.replace(b"\r\n", b"\n")):
        update = updated(old, made, style)
        assert (update.changes, update.ics) == (None, content)
    moved = replace(made, visits=made.visits[:1])
    once = updated(content, moved, style)
    twice = updated(once.ics, moved, style, LATER + dt.timedelta(days=1))
    assert (twice.changes, twice.ics) == (None, once.ics)
