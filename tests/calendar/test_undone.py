"""A calendar does not take back in silence what it shows as done: what has no record any more is named, and nothing is written."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nmosd_dosing import InputError, Record, Subject, load, plan, read_ics, update_ics
from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.entries import CalendarEntry, CalendarStyle
from nmosd_dosing.calendar.updates import check_undone
from nmosd_dosing.days import Language, date_text
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.wording import Wording
from nmosd_dosing.subjects.subject import RecordStatus
from tests.kit import studies
from tests.kit.calendar_command import FEBRUARY, several, write
from tests.kit.calendars import LATER, STAMP, START
from tests.kit.command import dosing, errors, mil62
from tests.kit.worked import HEAD
from tests.kit.worked import visits as weekly

VISITS = "subject,visit,date,status\n"
DONE = "0012,W1D1,2025-01-06,done\n0012,W3D1,2025-01-21,partial\n"
PLAN = (*mil62(), "--subject", "0012")
LABELS = ("W1D1", "W3D1", "W25D1", "W27D1")
DAYS = tuple(START + dt.timedelta(n) for n in (0, 14, 168, 182))
STATUSES: list[RecordStatus | None] = [None, "done", "partial", "missed", "withheld"]
STYLES = (CalendarStyle(), CalendarStyle(language="zh"), CalendarStyle(discreet=True), CalendarStyle(at=dt.time(9), zone="Asia/Shanghai"))


@studies.examples(25)
@given(
    st.lists(st.sampled_from(STATUSES), min_size=4, max_size=4),
    st.lists(st.sampled_from(STATUSES), min_size=4, max_size=4),
    st.sampled_from(STYLES),
    st.sampled_from(STYLES[:2]),
)
def test_whatever_was_shown_as_done_has_a_record_or_is_named(
    then: list[RecordStatus | None], now: list[RecordStatus | None], was: CalendarStyle, style: CalendarStyle
) -> None:
    """In whatever way the calendar was shown; a visit that is now recorded as missed has its record."""
    assume({*then} - {"missed", "withheld"})  # else there was no calendar
    style = style if not was.discreet else was
    before, after = (
        plan(load("mil62"), Subject(START, "0012", records=tuple(
            Record(label, day, status) for label, day, status in zip(LABELS, DAYS, statuses, strict=True) if status)), period="rcp")
        for statuses in (then, now)
    )  # fmt: skip
    old = read_ics(update_ics(None, before, stamp=STAMP, style=was).ics, "v.ics")
    undone = [i for i in range(4) if then[i] in ("done", "partial") and not now[i]]
    free = update_ics(old, after, stamp=LATER, style=style, force_undo=True)
    if not undone:
        assert update_ics(old, after, stamp=LATER, style=style) == free
        return
    with pytest.raises(InputError, match="shows as done what is not recorded now") as caught:
        update_ics(old, after, stamp=LATER, style=style)
    (problem,) = caught.value.problems
    assert [str(day) in problem.message for day in DAYS] == [i in undone for i in range(4)]


def test_a_forgotten_table_is_told_and_nothing_is_written(folder: Path) -> None:
    Path("visits.csv").write_text(VISITS + DONE)
    write("--visits", "visits.csv")
    before = Path("v.ics").read_bytes()
    assert errors(*PLAN, "--ics", "v.ics", "--changes", "c.ics", "--output", "plan.txt") == (
        "error: `v.ics` shows as done what is not recorded now: mil62-rcp W1D1 (0012), 2025-01-06 Mon; "
        "mil62-rcp W3D1 (0012), 2025-01-21 Tue\n"
        "hint: give the records again, as with `--visits`; to take them back for good, add `--force-undo`\n"
    )
    assert "mil62-rcp W3D1 (0012)" in errors(*PLAN, "--previous", "v.ics", "--ics", "new.ics")
    assert sorted(path.name for path in folder.iterdir()) == ["v.ics", "visits.csv"] and Path("v.ics").read_bytes() == before
    assert write("--force-undo", stamp=FEBRUARY) == "v.ics: 0 added, 1 moved, 1 changed, 0 cancelled, 2 unchanged\n"
    assert write(stamp=FEBRUARY) == "v.ics: 0 added, 0 moved, 0 cancelled, 4 unchanged\n"


def test_a_record_under_another_name_or_on_another_day_is_a_record(folder: Path) -> None:
    Path("visits.csv").write_text(VISITS + DONE)
    write("--visits", "visits.csv")
    Path("visits.csv").write_text(VISITS + DONE.replace("2025-01-21", "2025-01-22"))
    assert write("--visits", "visits.csv") == "v.ics: 0 added, 1 moved, 0 cancelled, 3 unchanged\n"


def test_all_subjects_of_a_table_are_named(folder: Path) -> None:
    table = "subject,start,weight_kg\n001,2025-01-06,60\n002,2025-01-06,60\n003,2025-01-06,60\n"
    Path("visits.csv").write_text("subject,visit,date\n001,D0,2025-01-06\n003,D0,2025-01-06\n")
    assert several(table, "--visits", "visits.csv").returncode == 0
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    for told in (several(table).stderr, dosing("cohort", "--regimen", "belimumab", "s.csv", "--ics-dir", "out").stderr):
        assert told.count("shows as done what is not recorded now") == 2 and "(001)" in told and "(003)" in told
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before
    assert several(table, "--force-undo").returncode == 0


@pytest.mark.parametrize(("visits", "more"), [(1, ""), (19, ""), (20, ""), (21, "; and 1 more"), (25, "; and 5 more")])
def test_of_many_visits_twenty_are_named(visits: int, more: str) -> None:
    study, _ = read_study_text(HEAD + weekly(f"at: 'D1, then every 7 days, {visits} more times', assess: MRI"))
    days = [START + dt.timedelta(7 * n) for n in range(visits)]
    done = tuple(Record(f"D{1 + 7 * n}", date) for n, date in enumerate(days))
    old = read_ics(update_ics(None, plan(study, Subject(START, records=done)), stamp=STAMP).ics, "v.ics")
    with pytest.raises(InputError) as caught:
        update_ics(old, plan(study, Subject(START)), stamp=LATER)
    (problem,) = caught.value.problems
    named = [f"D{1 + 7 * n}, {date_text(date)}" for n, date in enumerate(days)][:20]
    assert problem.message == f"`v.ics` shows as done what is not recorded now: {'; '.join(f's {name}' for name in named)}{more}"


def test_also_in_the_calendars_of_sites(folder: Path) -> None:
    Path("s.csv").write_text("subject,start,site\n001,2025-01-06,S1\n002,2025-01-06,S2\n")
    Path("visits.csv").write_text("subject,visit,date\n001,D0,2025-01-06\n002,D0,2025-01-06\n")
    asked = ("cohort", "--regimen", "belimumab", "s.csv", "--ics-dir", "out", "--ics-by", "site")
    assert dosing(*asked, "--visits", "visits.csv").returncode == 0
    told = errors(*asked)
    assert f"`{Path('out') / 'S1.ics'}` shows as done" in told and f"`{Path('out') / 'S2.ics'}` shows as done" in told
    assert dosing(*asked, "--force-undo").returncode == 0
    assert dosing(*asked).returncode == 0
    assert "`--force-undo` is about a calendar" in errors(*asked[:4], "--force-undo")


def on(name: str, day: int, done: bool = True, style: Language = "en") -> CalendarEntry:
    """An entry of July 2025, which shows its visit as done or not."""
    date = dt.date(2025, 7, day)
    said = Wording(style).done.format("2025-07-01") if done else "Dose: X"
    return CalendarEntry(name, "visit", date, date + dt.timedelta(1), "CONFIRMED", name, said, "Visit")


SHOWN: list[tuple[list[CalendarEntry], list[CalendarEntry], set[str], str]] = [
    ([on("A", 1)], [on("A", 1)], {"A"}, ""),
    ([on("A", 1)], [on("A", 1, done=False)], set(), "A, 2025-07-01 Tue"),
    ([on("A", 1, style="zh")], [on("A", 1, done=False)], set(), "A, 2025-07-01 Tue"),
    ([on("A", 1, done=False)], [], set(), ""),
    ([on("A", 1)], [on("A (restart)", 1)], {"A (restart)"}, ""),  # by another name on its day
    ([on("A", 1)], [on("A (restart)", 2)], {"A (restart)"}, "A, 2025-07-01 Tue"),
    ([on("A", 1)], [on("A (restart)", 1, done=False)], set(), "A, 2025-07-01 Tue"),
    ([on("A", 1), on("B", 1)], [on("C", 1)], {"C"}, "B, 2025-07-01 Tue"),
    ([on("A", 1), on("B", 1)], [on("C", 1), on("D", 1)], {"C", "D"}, ""),
    ([on("A", 1), on("B", 1)], [on("A", 1), on("B", 1, done=False)], {"A"}, "B, 2025-07-01 Tue"),  # A is no other name of B
    ([on("A", 1), on("B", 3)], [], set(), "A, 2025-07-01 Tue; B, 2025-07-03 Thu"),
    ([on("A", 1)], [on("A", 1, done=False)], {"A"}, ""),  # as missed
]


def test_which_visits_are_shown_as_done_and_are_not_recorded_now() -> None:
    """What a calendar showed, what it would show now, what is recorded, and what is undone."""
    said = []
    for then, now, recorded, _ in SHOWN:
        try:
            check_undone("v.ics", [ical.record(entry, STAMP, STAMP, 0) for entry in then], now, recorded)
            said.append("")
        except InputError as error:
            said.append(error.problems[0].message.removeprefix("`v.ics` shows as done what is not recorded now: "))
    assert said == [undone for *_, undone in SHOWN]
