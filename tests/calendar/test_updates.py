"""Calendars written again: what is new, moved, changed or fell away, and that nothing else is touched."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from msgspec import structs

from nmosd_dosing import InputError, Plan, Subject, plan
from nmosd_dosing.calendar import ical
from nmosd_dosing.calendar.updates import update_ics
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.calendar_command import FEBRUARY, JANUARY, MARCH, records, say, study, write
from tests.kit.calendars import STAMP, START
from tests.kit.command import errors
from tests.kit.paths import ROOT
from tests.kit.worked import HEAD, visits

WINDOWS = (ROOT / "examples" / "windows.yaml").read_text(encoding="utf-8")


def lost(options: str) -> str:
    return f"warning: `v.ics` was asked for with `{options}`, which is gone from it now: write it again if that was not meant\n"


def test_nothing_changed_nothing_written_anew(folder: Path) -> None:
    assert write() == "v.ics: 4 added, 0 moved, 0 cancelled, 0 unchanged\n"
    first = Path("v.ics").read_bytes()
    for _ in range(2):
        assert write(stamp=FEBRUARY) == "v.ics: 0 added, 0 moved, 0 cancelled, 4 unchanged\n"
        assert Path("v.ics").read_bytes() == first


def test_a_moved_visit_keeps_its_uid_and_its_creation(folder: Path) -> None:
    write()
    before = records()
    assert write("--start", "2025-01-13", stamp=FEBRUARY) == "v.ics: 0 added, 4 moved, 0 cancelled, 0 unchanged\n"
    for label, record in records().items():
        old = before[label]
        assert record.entry.start == old.entry.start + dt.timedelta(days=7)
        assert (record.entry.uid, record.created, record.sequence) == (old.entry.uid, old.created, 1)
        assert record.modified == dt.datetime(2025, 2, 1, tzinfo=dt.UTC)
        assert b"\r\nDTSTAMP:20250201T000000Z\r\n" in record.content


def test_what_fell_away_is_cancelled_stays_so_and_comes_back(folder: Path) -> None:
    full, amended = study("full.yaml"), study("amended.yaml", "D57")
    assert write(regimen=full, stamp=JANUARY) == "v.ics: 4 added, 0 moved, 0 cancelled, 0 unchanged\n"
    first = records()
    assert write(regimen=amended, stamp=FEBRUARY) == "v.ics: 0 added, 0 moved, 1 cancelled, 3 unchanged\n"
    second = records()
    gone = second["D57"]
    assert (gone.entry.status, gone.entry.busy, gone.entry.remind, gone.sequence) == ("CANCELLED", False, None, 1)
    assert gone.entry.summary == "Cancelled: small D57 (0012)"
    assert gone.entry.description.startswith("No longer planned.\nDose: X 5 mg\n")
    assert gone.entry.start == first["D57"].entry.start
    assert all(second[label].content == first[label].content for label in ("D1", "D29", "D85")), "byte for byte"
    assert write(regimen=amended, stamp=MARCH) == "v.ics: 0 added, 0 moved, 0 cancelled, 4 unchanged\n"
    assert records()["D57"].content == gone.content, "a cancelled entry stays as it is"
    assert write(regimen=full, stamp=MARCH) == "v.ics: 0 added, 0 moved, 1 restored, 0 cancelled, 3 unchanged\n"
    back = records()["D57"]
    assert (back.entry, back.sequence, back.created) == (first["D57"].entry, 2, first["D57"].created)


def test_a_new_visit_is_added(folder: Path) -> None:
    write(regimen=study("amended.yaml", "D57", "D85"))
    assert write(regimen=study("full.yaml"), stamp=FEBRUARY) == "v.ics: 2 added, 0 moved, 0 cancelled, 2 unchanged\n"
    assert {label: r.sequence for label, r in records().items()} == {"D1": 0, "D29": 0, "D57": 0, "D85": 0}
    assert records()["D57"].created == dt.datetime(2025, 2, 1, tzinfo=dt.UTC)


def test_another_text_or_alarm_changes_an_entry_without_moving_it(folder: Path) -> None:
    write()
    assert write("--remind", "3d", stamp=FEBRUARY) == "v.ics: 0 added, 0 moved, 4 changed, 0 cancelled, 0 unchanged\n"
    assert write("--remind", "3d", "--lang", "zh", stamp=FEBRUARY) == "v.ics: 0 added, 0 moved, 4 changed, 0 cancelled, 0 unchanged\n"
    assert {r.sequence for r in records().values()} == {2}


def test_another_hour_or_zone_moves(folder: Path) -> None:
    write("--at", "09:00", "--zone", "Asia/Shanghai")
    moved = "v.ics: 0 added, 4 moved, 0 cancelled, 0 unchanged\n"
    assert write("--at", "10:00", "--zone", "Asia/Shanghai") == moved
    assert write("--at", "10:00", "--zone", "Europe/Berlin") == moved
    assert Path("v.ics").read_bytes().count(b"BEGIN:VTIMEZONE") == 1
    assert write() == moved + lost("--at 10:00 --zone Europe/Berlin")
    assert b"VTIMEZONE" not in Path("v.ics").read_bytes()


def test_what_was_asked_for_last_time_and_is_not_asked_for_again_is_told(folder: Path) -> None:
    Path("windows.yaml").write_text(WINDOWS, encoding="utf-8")
    everything = ("--weight", "60", "--remind", "3d", "--at", "9:00", "--zone", "Asia/Shanghai", "--duration", "4h", "--lang", "zh",
                  "--window-entries", "--spans")  # fmt: skip
    assert write(*everything, regimen="windows.yaml") == "v.ics: 19 added, 0 moved, 0 cancelled, 0 unchanged\n"
    kept = "v.ics: 0 added, 0 moved, 0 cancelled, 19 unchanged\n"
    assert write(*everything, regimen="windows.yaml", stamp=FEBRUARY) == kept
    assert write(regimen="windows.yaml", stamp=FEBRUARY) == (
        "v.ics: 0 added, 9 moved, 1 changed, 9 cancelled, 0 unchanged\n"
        + lost("--weight 60 --remind 3d --at 9:00 --zone Asia/Shanghai --duration 4h --lang zh --window-entries --spans")
    )
    assert write(regimen="windows.yaml", stamp=FEBRUARY).endswith("19 unchanged\n"), "and only once"


def test_the_days_of_what_changed_are_told(folder: Path) -> None:
    assert say(regimen=study("full.yaml")).count("\n") == 1, "of a first file there is nothing to compare"
    assert say("--start", "2025-01-08", regimen=study("amended.yaml", "D57")) == (
        "v.ics: 0 added, 3 moved, 1 cancelled, 0 unchanged\n"
        "  moved: small D1 (0012), 2025-01-06 Mon to 2025-01-08 Wed\n"
        "  moved: small D29 (0012), 2025-02-03 Mon to 2025-02-05 Wed\n"
        "  moved: small D85 (0012), 2025-03-31 Mon to 2025-04-02 Wed\n"
        "  cancelled: small D57 (0012), 2025-03-03 Mon\n"
    )
    assert say("--start", "2025-01-08", "--at", "09:00", "--zone", "Asia/Shanghai", regimen="full.yaml") == (
        "v.ics: 0 added, 3 moved, 1 restored, 0 cancelled, 0 unchanged\n"
        "  moved: small D1 (0012), 2025-01-08 Wed to 2025-01-08 Wed 09:00 Asia/Shanghai\n"
        "  moved: small D29 (0012), 2025-02-05 Wed to 2025-02-05 Wed 09:00 Asia/Shanghai\n"
        "  restored: small D57 (0012), 2025-03-05 Wed 09:00 Asia/Shanghai\n"
        "  moved: small D85 (0012), 2025-04-02 Wed to 2025-04-02 Wed 09:00 Asia/Shanghai\n"
    )


def test_an_earlier_until_cancels_nothing_and_what_lies_beyond_still_moves(folder: Path) -> None:
    olp = {"regimen": "bat4406f-olp"}
    write("--start", "2025-08-31", "--until", "2029-12-31", **olp)
    assert sorted(str(r.entry.start) for r in records().values())[-2:] == ["2029-02-28", "2029-08-31"]
    first = Path("v.ics").read_bytes()
    assert write("--start", "2025-08-31", "--until", "2026-12-31", stamp=FEBRUARY, **olp).endswith("0 cancelled, 9 unchanged\n")
    assert write("--start", "2025-08-31", stamp=FEBRUARY, **olp).endswith("0 cancelled, 9 unchanged\n")
    assert Path("v.ics").read_bytes() == first
    said = write("--start", "2025-09-15", "--until", "2026-12-31", stamp=FEBRUARY, **olp)
    assert said == "v.ics: 0 added, 9 moved, 0 cancelled, 0 unchanged\n"
    assert sorted(str(r.entry.start) for r in records().values())[-2:] == ["2029-03-15", "2029-09-15"]
    assert write("--start", "2035-01-31", "--until", "2035-02-01", **olp) == "v.ics: 0 added, 9 moved, 0 cancelled, 0 unchanged\n"
    assert write("--start", "2005-01-31", "--until", "2005-02-01", **olp) == "v.ics: 0 added, 9 moved, 0 cancelled, 0 unchanged\n"


def test_an_hour_that_fails_only_beyond_until_is_no_reason_to_refuse(folder: Path) -> None:
    weekly = study("weekly.yaml").replace("weekly.yaml", "w.yaml")
    Path(weekly).write_text(Path("weekly.yaml").read_text().replace("'D1, D29, D57, D85'", "'D1, then every 7 days'"))
    hour = ("--at", "02:30", "--zone", "America/New_York", "--start", "2025-01-05")
    assert write(*hour, "--until", "2025-02-28", regimen=weekly) == "v.ics: 8 added, 0 moved, 0 cancelled, 0 unchanged\n"
    assert write(*hour, "--until", "2025-02-01", regimen=weekly).endswith("0 cancelled, 8 unchanged\n"), "9 March is not in it"


def test_what_an_amendment_takes_away_is_cancelled_beyond_until_too(folder: Path) -> None:
    write(regimen=study("full.yaml"))
    said = write("--until", "2025-02-01", regimen=study("amended.yaml", "D85"), stamp=FEBRUARY)
    assert said == "v.ics: 0 added, 0 moved, 1 cancelled, 3 unchanged\n"
    assert [label for label, r in records().items() if r.entry.status == "CANCELLED"] == ["D85"]


@pytest.mark.parametrize(("until", "asked"), [("2025-03-03", False), ("2025-03-02", True), ("2025-02-03", True), ("2025-03-04", False)])
def test_a_plan_is_drawn_further_only_where_the_calendar_goes_beyond_it(until: str, asked: bool) -> None:
    """The calendar holds D57, on 2025-03-03, which an amendment has taken out."""
    every = "at: 'D8, then every 28 days', assess: MRI"
    full, amended = (
        read_study_text(HEAD + visits(f"at: '{days}', give: X 1 mg", every))[0] for days in ("D1, D29, D57, D85", "D1, D29, D85")
    )
    old = ical.read_ics(update_ics(None, plan(full, Subject(START), until=dt.date(2025, 3, 3)), stamp=STAMP).ics)
    shorter = plan(amended, Subject(START), until=dt.date.fromisoformat(until))
    if not asked:
        assert update_ics(old, shorter, stamp=STAMP).count("cancelled") == 1
        return
    with pytest.raises(InputError) as caught:
        update_ics(old, shorter, stamp=STAMP)
    (problem,) = caught.value.problems
    assert problem.message.startswith("the calendar has visits up to 2025-03-03 Mon, the plan is drawn until ")
    days: list[dt.date] = []

    def draw(day: dt.date) -> Plan:
        days.append(day)
        return plan(amended, Subject(START), until=day)

    made = update_ics(old, shorter, stamp=STAMP, draw=draw)
    assert days[0] == dt.date(2025, 3, 3) and made.count("cancelled") == 1


def test_changes_alone(folder: Path) -> None:
    write("--changes", "c.ics", regimen=study("full.yaml"))
    assert Path("c.ics").read_bytes().replace(b"X-DOSING-FORM:changes\r\n", b"") == Path("v.ics").read_bytes()
    said = write("--changes", "c.ics", regimen=study("amended.yaml", "D57"), stamp=FEBRUARY)
    assert said == "v.ics: 0 added, 0 moved, 1 cancelled, 3 unchanged\nc.ics: 1 entry\n"
    assert {label: r.content for label, r in records("c.ics").items()} == {"D57": records()["D57"].content}
    said = write("--changes", "c.ics", regimen="amended.yaml", stamp=MARCH)
    assert said.splitlines()[1] == "c.ics: removed, nothing has changed"
    assert not Path("c.ics").exists(), "it would put older dates back"


def test_a_file_of_changes_and_a_whole_calendar_are_not_taken_for_each_other(folder: Path) -> None:
    write("--changes", "c.ics")
    plan = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-13", "--subject", "0012")
    before = Path("c.ics").read_bytes(), Path("v.ics").read_bytes()
    swapped = "error: `{}` is {}, not {}\nhint: name another file\n".format
    assert errors(*plan, "--ics", "c.ics") == swapped("c.ics", "a file of changes", "a whole calendar")
    assert errors(*plan, "--previous", "c.ics", "--ics", "w.ics") == swapped("c.ics", "a file of changes", "a whole calendar")
    assert errors(*plan, "--ics", "w.ics", "--changes", "v.ics") == swapped("v.ics", "a whole calendar", "a file of changes")
    assert before == (Path("c.ics").read_bytes(), Path("v.ics").read_bytes())


def test_an_old_file_under_another_name(folder: Path) -> None:
    write(ics="old.ics")
    before = Path("old.ics").read_bytes()
    assert write("--previous", "old.ics", "--start", "2025-01-13", ics="new.ics") == "new.ics: 0 added, 4 moved, 0 cancelled, 0 unchanged\n"
    assert Path("old.ics").read_bytes() == before
    assert {r.sequence for r in records("new.ics").values()} == {1}


@pytest.mark.parametrize("ends", ["LF", "mark", "CRLF and a blank end"])
def test_a_file_whose_line_ends_an_editor_changed_is_still_known(folder: Path, ends: str) -> None:
    write()
    first = Path("v.ics").read_bytes()
    changed = {"LF": first.replace(b"\r\n", b"\n"), "mark": b"\xef\xbb\xbf" + first, "CRLF and a blank end": first + b"\r\n"}
    Path("v.ics").write_bytes(changed[ends])
    assert write(stamp=FEBRUARY) == "v.ics: 0 added, 0 moved, 0 cancelled, 4 unchanged\n"
    assert Path("v.ics").read_bytes() == first


def test_an_entry_that_someone_put_in_stays_byte_for_byte(folder: Path) -> None:
    write()
    own = b"BEGIN:VEVENT\r\nUID:mine\r\nDTSTAMP:20250101T000000Z\r\nDTSTART;VALUE=DATE:20250301\r\nSUMMARY:holiday\r\nEND:VEVENT\r\n"
    Path("v.ics").write_bytes(Path("v.ics").read_bytes().replace(b"END:VCALENDAR\r\n", own + b"END:VCALENDAR\r\n"))
    for start in ("2025-01-13", "2025-01-06"):
        assert write("--start", start) == "v.ics: 0 added, 4 moved, 0 cancelled, 0 unchanged\n"
        assert Path("v.ics").read_bytes().count(own) == 1


def test_an_entry_that_has_lost_its_mark_is_told_and_never_written_twice(folder: Path) -> None:
    write()
    spoiled = Path("v.ics").read_bytes().replace(b"X-DOSING-KIND:visit\r\n", b"", 1)
    Path("v.ics").write_bytes(spoiled)
    for start in ("2025-01-06", "2025-02-03"):
        told = errors("plan", "--regimen", "mil62-rcp", "--start", start, "--subject", "0012", "--ics", "v.ics")
        assert "`v.ics` is broken: the entry b9dac8c5-5a33-5a32-8c44-01917ccc8a5d has lost its X-DOSING-KIND" in told
        assert Path("v.ics").read_bytes() == spoiled


EDITS = {
    "a repeat": (b"\r\nUID:b9", b"\r\nRRULE:FREQ=DAILY\r\nUID:b9"),
    "another end": (b"DTEND;VALUE=DATE:20250107", b"DTEND;VALUE=DATE:20250109"),
    "a title": (b"SUMMARY:mil62-rcp W1D1 (0012)", b"SUMMARY:see Mr B"),
    "an alarm": (b"END:VEVENT\r\n", b"BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-P1D\r\nEND:VALARM\r\nEND:VEVENT\r\n"),
    "a place": (b"X-DOSING-KIND:visit\r\n", b"X-DOSING-KIND:visit\r\nLOCATION:Room 5\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_what_someone_changed_in_an_entry_is_put_right(folder: Path, edit: tuple[bytes, bytes]) -> None:
    write()
    first = Path("v.ics").read_bytes()
    assert first.replace(*edit, 1) != first
    Path("v.ics").write_bytes(first.replace(*edit, 1))
    assert write(stamp=JANUARY).endswith("0 cancelled, 3 unchanged\n")
    assert Path("v.ics").read_bytes() == first.replace(b"SEQUENCE:0", b"SEQUENCE:1", 1)


def test_lines_folded_or_ordered_otherwise_are_no_change(folder: Path) -> None:
    write()
    first = Path("v.ics").read_bytes()
    other = first.replace(b"TRANSP:OPAQUE\r\nX-DOSING-KIND:visit\r\n", b"X-DOSING-KIND:vi\r\n\tsit\r\nTRANSP:OPAQUE\r\n")
    Path("v.ics").write_bytes(other)
    assert write(stamp=FEBRUARY).endswith("0 cancelled, 4 unchanged\n")
    assert Path("v.ics").read_bytes() == other


def test_a_calendar_that_is_newer_is_not_written_over_from_an_older_one(folder: Path) -> None:
    write(ics="first.ics")
    write(ics="v.ics")
    write("--start", "2025-01-13")
    plan = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-20", "--subject", "0012", "--ics", "v.ics", "--previous", "first.ics")
    assert errors(*plan) == "error: `v.ics` is newer than `first.ics`\nhint: leave `--previous` out to update `v.ics`, or name a new file\n"
    assert write("--previous", "v.ics", "--start", "2025-01-20", ics="w.ics").startswith("w.ics: 0 added, 4 moved")


def test_spans_and_repeats_go_on_as_far_as_the_calendar_does(folder: Path) -> None:
    long = ("--start", "2025-01-05", "--spans")
    write(*long, "--until", "2031-01-05", regimen="bat4406f-olp")
    first = Path("v.ics").read_bytes()
    for shorter in ((), ("--until", "2026-01-05")):
        assert write(*long, *shorter, regimen="bat4406f-olp", stamp=FEBRUARY).endswith("0 cancelled, 14 unchanged\n")
        assert Path("v.ics").read_bytes() == first
    Path("a.yaml").write_text(Path(study("s.yaml")).read_text().replace("'D1, D29, D57, D85'", "'D1, then every 28 days'"))
    Path("b.yaml").write_text(Path("a.yaml").read_text().replace("28 days", "14 days"))
    assert write("--until", "2027-12-31", regimen="a.yaml", ics="s.ics").startswith("s.ics: 39 added")
    assert write(regimen="b.yaml", ics="s.ics") == "s.ics: 38 added, 0 moved, 0 cancelled, 39 unchanged\n"
    assert len(ical.read_ics(Path("s.ics").read_bytes()).records) == 77, "every 14 days, to the same end"


def test_unblinded_calendars_of_two_arms_are_not_mixed(folder: Path) -> None:
    write("--unblind", "--arm", "mil62")
    plan = (
        "plan",
        "--regimen",
        "mil62-rcp",
        "--start",
        "2025-01-06",
        "--subject",
        "0012",
        "--ics",
        "v.ics",
        "--unblind",
        "--arm",
        "placebo",
    )
    assert "of another study, subject or arm than this plan (`mil62`, subject `0012`, arm `placebo`)" in errors(*plan)


def test_a_calendar_has_as_many_entries_as_the_plan_has_visits_with_a_day() -> None:
    cycles = visits("at: D1, cycle: 'every 7 days, 3 cycles', give: X 1 mg", "at: D1, cycle: 'every 21 days, 3 cycles', give: Y 1 mg",
                    "at: not stated, name: Prep, assess: MRI", "at: not stated, name: Prep, assess: EDSS")  # fmt: skip
    made = plan(read_study_text(HEAD + cycles)[0], Subject(START, code="0012"))
    written = update_ics(None, made, stamp=STAMP)
    assert written.count("added") == written.ics.count(b"BEGIN:VEVENT") == sum(v.date is not None for v in made.visits) == 5
    twice = structs.replace(made, visits=(*made.visits, made.visits[0]))
    with pytest.raises(InputError, match="two entries of a calendar would be one"):
        update_ics(None, twice, stamp=STAMP)
