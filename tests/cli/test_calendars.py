"""Calendar files of `dosing plan`: one for each subject, never that of another, whole or as it was."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nmosd_dosing.cli.run.calendars import file_name
from tests.kit.calendar_command import records, several, study, write
from tests.kit.command import dosing, errors, mil62


def test_file_names_of_subjects() -> None:
    table = {
        "0012": "0012",
        "A/1": "A%2F1",
        "../x": "%2E.%2Fx",
        "受试者1": "受试者1",
        "a%2Fb": "a%252Fb",
        ".": "%2E",
        "CON:": "CON%3A",
        "nul": "%6Eul",
        "Com1.x": "%43om1.x",
        "console": "console",
        "COM10": "COM10",
    }
    assert {code: file_name(code) for code in table} == {code: f"{name}.ics" for code, name in table.items()}


def test_an_orphan_of_its_day_is_told(tmp_path: Path) -> None:
    """A visit whose day the source does not state has no entry, and that is said."""
    study = tmp_path / "s.yaml"
    study.write_text(
        "language: 1\nstudy: s\ntitle: T\nsource: not stated\ndays: from 1\nproducts: {X: {route: not stated}}\n"
        "periods:\n  main:\n    visits:\n      - {at: D1, give: X 5 mg}\n      - {at: not stated, name: Later, give: X 5 mg}\n"
    )
    done = dosing("plan", "--regimen", str(study), "--start", "2025-01-06", "--subject", "1", "--ics", str(tmp_path / "v.ics"))
    assert done.returncode == 0
    assert done.stderr.splitlines()[1] == "warning: no entry for Later: the source states no day"


def test_one_file_under_two_names(folder: Path) -> None:
    write()
    Path("link.txt").symlink_to("v.ics")
    Path("s.yaml").write_text(Path(study("x.yaml")).read_text())
    before = Path("v.ics").read_bytes()
    plan = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-13", "--subject", "0012")
    same = "error: `{}` and `{}` name one file\nhint: name two\n".format
    assert errors(*plan, "--ics", "v.ics", "--output", "link.txt") == same("--output", "--ics")
    assert errors(*plan, "--ics", "v.ics", "--changes", "./v.ics") == same("--ics", "--changes")
    assert errors(*plan, "--ics", "w.ics", "--previous", "v.ics", "--changes", "link.txt") == same("--changes", "--previous")
    assert errors("plan", "--regimen", "s.yaml", "--start", "2025-01-13", "--output", "./s.yaml").endswith(same("--output", "--regimen"))
    assert "is the calendar itself" in errors(*plan, "--ics-dir", ".", "--changes", "0012.ics")
    assert Path("v.ics").read_bytes() == before
    assert write("--previous", "v.ics", "--start", "2025-01-13").startswith("v.ics: 0 added, 4 moved"), "but a calendar may be its own"


def test_what_was_written_is_told_where_something_else_was_not(folder: Path) -> None:
    write()
    done = dosing("plan", "--regimen", "mil62-rcp", "--start", "2025-01-13", "--subject", "0012", "--ics", "v.ics", "--output", "no/t.txt")
    assert done.returncode == 2
    assert done.stderr.startswith("v.ics: 0 added, 4 moved, 0 cancelled, 0 unchanged\n  moved: ")
    assert "cannot write `no/t.txt`" in done.stderr


def test_a_read_only_calendar_stays(folder: Path) -> None:
    write()
    Path("v.ics").chmod(0o444)
    plan = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-13", "--subject", "0012", "--ics", "v.ics")
    assert "cannot write `v.ics`: it is read-only" in errors(*plan)


def test_a_link_keeps_pointing_and_permissions_stay(folder: Path) -> None:
    write(ics="real.ics")
    Path("real.ics").chmod(0o640)
    Path("v.ics").symlink_to("real.ics")
    write("--start", "2025-01-13")
    assert Path("v.ics").is_symlink()
    assert Path("real.ics").stat().st_mode & 0o777 == 0o640
    assert {r.sequence for r in records("real.ics").values()} == {1}


# --- what is refused ---------------------------------------------------------------------------------------------------

OWN = "hint: each subject, study and period has a file of its own: name another file or folder\n"
ANOTHER = "error: `v.ics` is the calendar `mil62-rcp 0012`: of another"
OTHERS = [
    (("--subject", "0013"), f"{ANOTHER} study, subject or arm than this plan (`mil62`, subject `0013`)\n{OWN}"),
    (("--regimen", "bat4406f-rcp"), f"{ANOTHER} study, subject or arm than this plan (`bat4406f`, subject `0012`)\n{OWN}"),
    (("--regimen", "mil62-olp"), f"{ANOTHER} period than this plan (`olp`)\n{OWN}"),
    (("--discreet",), "error: `v.ics` is masked and not discreet, this calendar is discreet\n"
     "hint: ask for the same as before, or name a new file\n"),
    (("--unblind", "--arm", "placebo"), "error: `v.ics` is masked and not discreet, this calendar is unblinded\n"
     "hint: ask for the same as before, or name a new file\n"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), OTHERS, ids=[" ".join(a) for a, _ in OTHERS])
def test_the_file_of_another_is_refused_and_stays(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    write()
    before = Path("v.ics").read_bytes()
    subject = () if "--subject" in arguments else ("--subject", "0012")
    plan = (*mil62(*arguments), *subject)
    assert errors(*plan, "--ics", "v.ics") == message
    Path("old.ics").write_bytes(before)
    assert errors(*plan, "--previous", "old.ics", "--ics", "new.ics") == message.replace("v.ics", "old.ics"), "what is left would leak"
    assert Path("v.ics").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["old.ics", "v.ics"]


BROKEN = [  # what was done to the file, what is said
    ("empty", "`v.ics` is broken: it is empty"),
    ("cut", "`v.ics` is broken: it ends in the middle"),
    ("half a character", "`v.ics` is not a calendar"),
    ("text", "`v.ics` is not a calendar"),
    ("two", "`v.ics` is broken: it is not well formed"),
    ("no end", "`v.ics` is broken: it is not well formed"),
    ("program", "`v.ics` was written by another program: `-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN`"),
    ("no program", "`v.ics` was written by another program: it does not say which"),
    ("sequence", "`v.ics` is broken: an entry that cannot be read: Expected int, got: x"),
    ("negative", "`v.ics` is broken: an entry that cannot be read: a history that cannot be"),
    ("day", "`v.ics` is broken: an entry that cannot be read: Wrong date format 20251306"),
    ("no uid", "`v.ics` is broken: an entry without UID"),
    ("no start", "`v.ics` is broken: an entry without DTSTART"),
    ("status", "`v.ics` is broken: an entry that cannot be read: unknown status `DONE` or kind `visit`"),
    ("uid twice", "`v.ics` is broken: an entry that cannot be read: UID stands twice"),
    ("zone", "`v.ics` is broken: an entry that cannot be read: unknown time zone Mars/Base"),
    ("no zone", "`v.ics` is broken: an entry without TZID"),
    ("end", "`v.ics` is broken: an entry that cannot be read: its end does not fit its start"),
    ("unmarked", "`v.ics` is broken: the entry b9dac8c5-5a33-5a32-8c44-01917ccc8a5d has lost its X-DOSING-KIND"),
    ("zone twice", "`v.ics` is broken: it is not well formed"),
    ("entry in an entry", "`v.ics` is broken: it is not well formed"),
    ("far year", "`v.ics` is broken: an entry that cannot be read: the year 9999"),
    ("sequence at its end", "`v.ics` is broken: an entry that cannot be read: a history that cannot be"),
    ("no periods", "`v.ics` is broken: it has lost its X-DOSING-PERIODS"),
    ("twin", "`v.ics` is broken: two entries have one UID"),
]  # fmt: skip


def broken(what: str, good: bytes) -> bytes:
    event = good[good.index(b"BEGIN:VEVENT") : good.index(b"END:VEVENT") + len(b"END:VEVENT\r\n")]
    changes = {
        "empty": b"",
        "cut": good[: len(good) // 2],
        "half a character": good.replace(b"SUMMARY:", b"SUMMARY:\xe7\xac", 1),
        "text": b"Date,Visit\n2025-01-06,W1D1\n",
        "two": good * 2,
        "no end": good.replace(b"END:VEVENT\r\n", b"", 1).replace(b"END:VCALENDAR", b"END:VEVENT") + b"END:VCALENDAR\r\n",
        "program": good.replace(b"-//dosing//dosing plan//EN", b"-//Mozilla.org/NONSGML Mozilla Calendar V1.1//EN"),
        "no program": good.replace(b"PRODID:-//dosing//dosing plan//EN\r\n", b""),
        "sequence": good.replace(b"SEQUENCE:0", b"SEQUENCE:x", 1),
        "negative": good.replace(b"SEQUENCE:0", b"SEQUENCE:-1", 1),
        "day": good.replace(b"DTSTART;VALUE=DATE:20250106", b"DTSTART;VALUE=DATE:20251306"),
        "no uid": good.replace(b"UID:b9dac8c5-5a33-5a32-8c44-01917ccc8a5d\r\n", b""),
        "no start": good.replace(b"DTSTART;VALUE=DATE:20250106\r\n", b""),
        "status": good.replace(b"STATUS:CONFIRMED", b"STATUS:DONE", 1),
        "uid twice": good.replace(b"UID:b9", b"UID:a\r\nUID:b9", 1),
        "zone": good.replace(b"DTSTART;VALUE=DATE:20250106", b"DTSTART;TZID=Mars/Base:20250106T090000", 1),
        "no zone": good.replace(b"DTSTART;VALUE=DATE:20250106", b"DTSTART:20250106T090000", 1),
        "end": good.replace(b"DTEND;VALUE=DATE:20250107", b"DTEND;VALUE=DATE:20250106", 1),
        "unmarked": good.replace(b"X-DOSING-KIND:visit\r\n", b"", 1),
        "zone twice": good.replace(b"BEGIN:VEVENT", b"BEGIN:VTIMEZONE\r\nTZID:A/B\r\nTZID:A/B\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT", 1),
        "entry in an entry": good.replace(b"END:VEVENT\r\nBEGIN:VEVENT\r\n", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", 1),
        "far year": good.replace(b"20250106\r\n", b"99990106\r\n", 1).replace(b"20250107\r\n", b"99990107\r\n", 1),
        "sequence at its end": good.replace(b"SEQUENCE:0", b"SEQUENCE:2147483647", 1),
        "no periods": re.sub(rb"X-DOSING-PERIODS:.*?\r\n", b"", good),
        "twin": good.replace(event, event * 2),
    }
    return changes[what]


@pytest.mark.parametrize(("what", "message"), BROKEN, ids=[what for what, _ in BROKEN])
def test_a_broken_or_foreign_file_stops_with_an_error_and_stays_as_it_was(folder: Path, what: str, message: str) -> None:
    write()
    content = broken(what, Path("v.ics").read_bytes())
    Path("v.ics").write_bytes(content)
    text = errors("plan", "--regimen", "mil62-rcp", "--start", "2025-01-13", "--subject", "0012", "--ics", "v.ics")
    assert text.splitlines()[0] == f"error: {message}"
    assert text.splitlines()[-1].startswith("hint: ")
    assert Path("v.ics").read_bytes() == content
    assert [path.name for path in folder.iterdir()] == ["v.ics"]


def test_a_broken_entry_is_pointed_at(folder: Path) -> None:
    write()
    Path("v.ics").write_bytes(Path("v.ics").read_bytes().replace(b"SEQUENCE:0", b"SEQUENCE:x", 1))
    text = errors("plan", "--regimen", "mil62-rcp", "--start", "2025-01-13", "--subject", "0012", "--ics", "v.ics")
    assert "\n  --> v.ics:10:1\n   |\n10 | BEGIN:VEVENT\n   | ^^^^^^^^^^^^\n" in text


def test_killed_in_the_middle_the_old_file_is_whole(folder: Path) -> None:
    write()
    before = Path("v.ics").read_bytes()
    kill = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom nmosd_dosing.cli import app, edge\n"
        "def killed(*_):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
        "setattr(*{target}, killed)\nedge.run(app)\n"
    )
    for target in ("(Path, 'replace')", "(os, 'fsync')"):
        done = subprocess.run(
            [sys.executable, "-c", kill.replace("{target}", target), "plan", "--regimen", "mil62-rcp", "--start", "2025-01-13",
             "--subject", "0012", "--ics", "v.ics"], capture_output=True, check=False, timeout=60)  # fmt: skip
        assert done.returncode == -signal.SIGKILL
        assert Path("v.ics").read_bytes() == before
    assert write("--start", "2025-01-13") == "v.ics: 0 added, 4 moved, 0 cancelled, 0 unchanged\n"


def test_a_file_that_cannot_be_written_leaves_the_others_as_they_were(folder: Path) -> None:
    plan = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", "--subject", "1")
    assert "cannot write `no/such/v.ics`" in errors(*plan, "--ics", "no/such/v.ics")
    assert "cannot write `no/c.ics`" in errors(*plan, "--ics", "v.ics", "--changes", "no/c.ics")
    assert "cannot read `none.ics`" in errors(*plan, "--ics", "v.ics", "--previous", "none.ics")
    assert list(folder.iterdir()) == []


# --- options -----------------------------------------------------------------------------------------------------------

OPTIONS = [
    (("--remind", "3d"), "`--remind` is about a calendar, and none is asked for\nhint: add `--ics FILE`"),
    (("--discreet",), "`--discreet` is about a calendar, and none is asked for\nhint: add `--ics FILE`"),
    (("--ics", "v.ics", "--remind", "3"), "`--remind 3` is not a length of time\nhint: write for example `3d`, `4h` or `1h30min`"),
    (("--ics", "v.ics", "--at", "09:00", "--zone", "UTC", "--duration", "2"),
     "`--duration 2` is not a length of time\nhint: write for example `4h`, `90min` or `1h30min`"),
    (("--ics", "v.ics", "--remind", "0d"), "`--remind 0d` is out of range\nhint: more than nothing and at most 365 days"),
    (("--ics", "v.ics", "--remind", "366d"), "`--remind 366d` is out of range\nhint: more than nothing and at most 365 days"),
    (("--ics", "v.ics", "--at", "09:00"), "`--at` needs the time zone\nhint: add `--zone` with a name such as `Asia/Shanghai`"),
    (("--ics", "v.ics", "--at", "9", "--zone", "UTC"),
     "`--at 9` is not a time of day\nhint: write HH:MM on a clock of 24 hours, for example `09:00`"),
    (("--ics", "v.ics", "--at", "24:00", "--zone", "UTC"),
     "`--at 24:00` is not a time of day\nhint: write HH:MM on a clock of 24 hours, for example `09:00`"),
    (("--ics", "v.ics", "--zone", "Asia/Shanghai"),
     "`--zone` is about an hour, and the visits are all-day\nhint: add `--at 09:00`, or leave it out"),
    (("--ics", "v.ics", "--at", "09:00", "--zone", "GMT+8"),
     "unknown time zone `GMT+8`\nhint: write area and city, such as `Asia/Shanghai` (all of China), `Europe/Berlin` or `America/New_York`"),
    (("--ics", "v.ics", "--at", "09:00", "--zone", "asia/shanghai"),
     "unknown time zone `asia/shanghai`\nhint: did you mean `Asia/Shanghai`?"),
    (("--ics", "v.ics", "--at", "09:00", "--zone", "UTC", "--duration", "25h"),
     "`--duration 25h` is out of range\nhint: more than nothing and at most 24 hours"),
    (("--ics", "v.ics", "--duration", "4h"),
     "`--duration` is about an hour, and the visits are all-day\nhint: add `--at 09:00`, or leave it out"),
    (("--ics", "v.ics", "--lang", "de"), "unknown language `de`\nhint: write `en` or `zh`"),
    (("--ics", ""), "`--ics` is empty\nhint: name a file, or leave the option out"),
    (("--ics", "v.ics", "--changes", "v.ics"),
     "`--ics` and `--changes` name one file\nhint: name two"),
    (("--ics", "v.csv", "--output", "v.csv"), "`--output` and `--ics` name one file\nhint: name two"),
    (("--output", "v.ics"), "`--output v.ics` is the name of a calendar\nhint: write `--ics v.ics`, or name another file"),
    (("--ics", "v.ics", "--stamp", "2025-01-06T08:00:00"),
     "`--stamp 2025-01-06T08:00:00` is not an instant\nhint: write date, time and zone, for example `2025-01-06T08:00:00Z`"),
    (("--ics-dir", "d", "--ics", "v.ics"), "`--ics` and `--ics-dir` are two ways to name the file\nhint: leave one of the two out"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), OPTIONS, ids=[" ".join(a) for a, _ in OPTIONS])
def test_wrong_options(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    plan = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", "--subject", "1")
    assert errors(*plan, *arguments) == f"error: {message}\n"
    assert list(folder.iterdir()) == []


def test_windows_and_spans_that_the_source_does_not_state_are_told(folder: Path) -> None:
    assert write("--window-entries", "--spans", regimen="mil62-olp") == (
        "v.ics: 7 added, 0 moved, 0 cancelled, 0 unchanged\n"
        "warning: no entry for a window: no window is stated\n"
        "warning: no entry for a span: the study names none\n"
    )


def test_without_a_subject_a_warning(folder: Path) -> None:
    done = dosing("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", "--ics", "v.ics")
    assert (done.returncode, done.stderr) == (
        0,
        "v.ics: 4 added, 0 moved, 0 cancelled, 0 unchanged\n"
        "warning: without `--subject` the calendars of two people have the same UIDs, and one replaces the other\n",
    )
    assert done.stdout == dosing("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06").stdout, "the table is as without a calendar"


def test_a_calendar_can_go_into_a_pipe(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nmosd_dosing", "plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", "--subject", "1", "--output", "t",
         "--ics", "/dev/stdout"], capture_output=True, check=False, timeout=60)  # fmt: skip
    assert done.stdout.startswith(b"BEGIN:VCALENDAR\r\n")
    assert done.stdout.endswith(b"END:VCALENDAR\r\n")


def test_several_subjects_make_several_files(folder: Path) -> None:
    done = several("subject;start;weight_kg\r\n0012;2025-01-06;60\r\n\r\n0013;2025/2/3;\r\n")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines()[:3] == [
        "out/0012.ics: 15 added, 0 moved, 0 cancelled, 0 unchanged",
        "out/0013.ics: 15 added, 0 moved, 0 cancelled, 0 unchanged",
        "2 calendars: 30 added, 0 moved, 0 cancelled, 0 unchanged",
    ]
    assert "weight: one body weight counts for every dose: the one given, at baseline (0012)" in done.stderr.splitlines()
    needs = (
        "needs-weight: the dose depends on the body weight: add `--weight` in kg, in a table of subjects as its column `weight_kg` (0013)"
    )
    assert needs in done.stderr.splitlines(), "`--weight` is refused beside a table"
    assert "no-window: the source states no window for any visit" in done.stderr.splitlines(), "of all subjects"
    write("--weight", "60", regimen="belimumab", ics="one.ics")
    assert Path("out/0012.ics").read_bytes() == Path("one.ics").read_bytes()
    done = several("subject,start,weight_kg\n0013,2025-02-03,\n0012,2025-01-07,60\n")
    counts = [line for line in done.stderr.splitlines() if " unchanged" in line]
    assert counts == [
        "out/0013.ics: 0 added, 0 moved, 0 cancelled, 15 unchanged",
        "out/0012.ics: 0 added, 15 moved, 0 cancelled, 0 unchanged",
        "2 calendars: 0 added, 15 moved, 0 cancelled, 15 unchanged",
    ]


def test_lost_leading_zeros_are_suspected(folder: Path) -> None:
    several("subject,start\n0012,2025-01-06\n0013,2025-01-06\n")
    done = several("subject,start\n12,2025-01-06\n0013,2025-01-06\n14,2025-01-06\n")
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning")]
    assert warnings == ["warning: there is `out/0012.ics` too: has subject `12` lost its leading zeros?"]


def test_one_wrong_file_and_none_is_written(folder: Path) -> None:
    Path("out").mkdir()
    Path("out/0013.ics").write_text("mine")
    done = several("subject,start\n0012,2025-01-06\n0013,2025-02-03\n")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: `out/0013.ics` is not a calendar")
    assert [path.name for path in Path("out").iterdir()] == ["0013.ics"]


def test_options_about_one_subject_beside_several(folder: Path) -> None:
    done = several("subject,start\n1,2025-01-06\n", "--start", "2025-01-06", "--format", "json", "--arm", "x")
    assert [line for line in done.stderr.splitlines() if line.startswith("error")] == [
        "error: `--start` is about one subject, `--subjects` about several",
        "error: `--arm` is about one subject, `--subjects` about several",
        "error: `--format` is about one subject, `--subjects` about several",
    ]
    assert dosing("plan", "--regimen", "belimumab", "--subjects", "s.csv").stderr == (
        "error: `--subjects` makes a calendar for each\nhint: add `--ics-dir FOLDER`, or `--subject CODE` for the plan of one of them\n"
    )


def test_two_codes_that_are_one_file_name(folder: Path) -> None:
    done = several("subject,start\na1,2025-01-06\nA1,2025-01-06\n")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: subjects `a1` and `A1` would share a file on some machines")


def test_a_calendar_that_may_be_of_somebody_else_is_told(folder: Path) -> None:
    """Two studies that call themselves alike, and one code at two sites, have the same UIDs."""
    own, other = study("own.yaml"), "other.yaml"
    Path(other).write_text(Path(own).read_text().replace("title: A small study", "title: Another study"))
    assert "is it the same" not in write(regimen=own) + write(regimen=own)
    assert "from a study file of another title that says `study: small`, too: is it the same study?" in write(regimen=other)
    assert "is it the same" not in write(regimen=other)
    told = dosing("validate", own, other)
    assert told.returncode == 0 and "another of these files says `study: small`, too" in told.stderr
    assert dosing("validate", own, own).stderr == ""
    Path("s.csv").write_text("subject,start,site\n001,2025-01-06,S1\n001,2025-01-06,S2\n")
    assert "two people need two codes, such as `S2-001`" in errors("cohort", "--regimen", "belimumab", "s.csv")
