"""Who goes from one site to another: whichever calendars a program reads, in whatever order, it shows the visits that there are."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing import CalendarFile, InputError, Plan, Subject, load, plan, read_ics
from nmosd_dosing.calendar.entries import CalendarStyle, to_entries
from nmosd_dosing.calendar.ical import KeptEntry
from nmosd_dosing.calendar.sites import SitePlans, update_sites
from tests.kit import studies
from tests.kit.cohort_command import cohort

STYLE = CalendarStyle()
SUBJECTS, SITES = ("A", "B", "C"), ("S1", "S2", "S3")
Folder = dict[str, bytes]


def planned(subject: str, start: dt.date) -> Plan:
    return plan(load("belimumab"), Subject(start, subject), until=start + dt.timedelta(20))


def run(folder: Folder, where: dict[str, str], starts: dict[str, dt.date], only: set[str], stamp: dt.datetime) -> None:
    """Writes the calendars of the sites `only`, as if the table held no rows of others."""
    mine: dict[str, list[Plan]] = {}
    for subject, site in where.items():
        if site in only:
            mine.setdefault(site, []).append(planned(subject, starts[subject]))
    files = {site: read_ics(content, site) for site, content in folder.items()}
    sites = [SitePlans(site, plans, [lambda until, made=made: made for made in plans], files.get(site)) for site, plans in mine.items()]  # type: ignore[misc]
    if sites:
        updates, left = update_sites(sites, [file for site, file in files.items() if site not in mine], stamp=stamp, style=STYLE)
        folder.update({site.site: update.ics for site, update in zip(sites, updates, strict=True)})
        folder.update({file.path: update.ics for file, update in left})
        for site in [site for site, content in folder.items() if not content]:
            del folder[site]


def read_in(held: dict[str, KeptEntry], file: CalendarFile, *, by_sequence: bool) -> None:
    """As a program takes a file in: the newer of two with one UID (RFC 5546), or simply the later one that it reads."""
    for record in file.records:
        old = held.get(record.entry.uid)
        if old is None or not by_sequence or (record.sequence, record.modified) >= (old.sequence, old.modified):
            held[record.entry.uid] = record


@studies.examples(20)
@given(st.lists(st.tuples(
    st.fixed_dictionaries({subject: st.sampled_from(SITES) for subject in SUBJECTS}),
    st.fixed_dictionaries({subject: st.integers(0, 3) for subject in SUBJECTS}),
    st.sets(st.sampled_from(SITES), min_size=1),
), min_size=2, max_size=4))  # fmt: skip
def test_the_live_entry_wins_in_whichever_order_they_are_read(steps: list[tuple[dict[str, str], dict[str, int], set[str]]]) -> None:
    """Also where only some of the sites are written each time, and in programs that had taken in all of it before."""
    folder: Folder = {}
    remembered: dict[str, KeptEntry] = {}
    for number, (where, days, only) in enumerate(steps, 1):
        starts = {subject: dt.date(2025, 1, 6) + dt.timedelta(n) for subject, n in days.items()}
        run(folder, where, starts, only, dt.datetime(2025, 1, number, tzinfo=dt.UTC))
        files = [read_ics(content, site) for site, content in sorted(folder.items())]
        uids = [record.entry.uid for file in files for record in file.records]
        assert len(set(uids)) == len(uids), "an entry stands in one calendar"
        wanted = {
            entry.uid: entry
            for subject, site in where.items() if site in only
            for entry in to_entries(planned(subject, starts[subject]), STYLE)
        }  # fmt: skip
        for order, by_sequence in itertools.product(itertools.permutations(files), (True, False)):
            held = dict(remembered) if by_sequence else {}
            for file in order:
                read_in(held, file, by_sequence=by_sequence)
            assert {uid: held[uid].entry for uid in wanted} == wanted
        for file in files:
            read_in(remembered, file, by_sequence=True)
        before = dict(folder)
        run(folder, where, starts, only, dt.datetime(2030, 1, 1, tzinfo=dt.UTC))
        assert folder == before, "a second run changes nothing"


MOVED = "subject,start,site\nA,2025-01-06,S1\nB,2025-01-06,S2\nC,2025-01-06,S1\n"


def calendars(folder: Path) -> dict[str, dict[str, KeptEntry]]:
    return {p.stem: {r.entry.uid: r for r in read_ics(p.read_bytes(), p.name).records} for p in sorted((folder / "c").glob("*.ics"))}


def test_what_is_said_of_a_subject_who_changes_site(tmp_path: Path) -> None:
    asked = ("--ics-dir", "c", "--ics-by", "site", "--output", "o.csv", "--stamp", "2025-01-01T00:00:00Z")
    cohort(tmp_path, *asked, subjects=MOVED)
    first = calendars(tmp_path)
    done = cohort(tmp_path, *asked, subjects=MOVED.replace("A,2025-01-06,S1", "A,2025-01-06,S2"))
    assert "S1.ics: 0 added, 0 moved, 0 cancelled, 7 handed over, 7 unchanged\n" in done.stderr
    assert "S2.ics: 7 added, 0 moved, 0 cancelled, 7 unchanged\n" in done.stderr
    second = calendars(tmp_path)
    assert second["S2"] == first["S2"] | {uid: kept for uid, kept in first["S1"].items() if uid not in second["S1"]}
    done = cohort(tmp_path, *asked, subjects="subject,start,site\nA,2025-01-06,S1\nB,2025-01-06,S1\nC,2025-01-06,S1\n")
    assert "S2.ics: 0 added, 0 moved, 0 cancelled, 14 handed over, 0 unchanged, removed: nothing is left in it\n" in done.stderr
    assert list(calendars(tmp_path)) == ["S1"] and "not touched" not in done.stderr


def test_a_cancellation_that_an_older_version_left_behind_is_overcome(tmp_path: Path) -> None:
    """S1 has the moved subject cancelled with SEQUENCE 1, S2 confirmed with SEQUENCE 0."""
    asked = ("--ics-dir", "c", "--ics-by", "site", "--output", "o.csv", "--stamp", "2025-01-01T00:00:00Z")
    moved = MOVED.replace("A,2025-01-06,S1", "A,2025-01-06,S2")
    cohort(tmp_path, *asked, subjects=MOVED)
    live = (tmp_path / "c" / "S1.ics").read_bytes()
    cohort(tmp_path, *asked, subjects=moved)
    (tmp_path / "c" / "S1.ics").write_bytes(live.replace(b"SEQUENCE:0", b"SEQUENCE:1").replace(b"STATUS:CONFIRMED", b"STATUS:CANCELLED"))
    cohort(tmp_path, *asked, subjects=moved)
    now = calendars(tmp_path)
    assert not now["S1"].keys() & now["S2"].keys()
    of_a = [kept for kept in now["S2"].values() if "(A)" in kept.entry.summary]
    assert all((kept.sequence, kept.entry.status) in ((2, "CONFIRMED"), (1, "TENTATIVE")) for kept in of_a) and len(of_a) == 7


@pytest.mark.parametrize("form", [(), ("--discreet",)])
def test_who_leaves_the_table_falls_away(tmp_path: Path, form: tuple[str, ...]) -> None:
    asked = ("--ics-dir", "c", "--ics-by", "site", "--output", "o.csv", *form)
    cohort(tmp_path, *asked, subjects=MOVED)
    done = cohort(tmp_path, *asked, subjects=MOVED.replace("A,2025-01-06,S1\n", ""))
    assert "S1.ics: 0 added, 0 moved, 7 cancelled, 7 unchanged\n" in done.stderr


def calendar(site: str, regimen: str, period: str | None, style: CalendarStyle, old: CalendarFile | None = None) -> CalendarFile:
    made = plan(load(regimen), Subject(dt.date(2025, 1, 6), "A"), period=period)
    [update], _ = update_sites(
        [SitePlans(site, [made], [lambda _: made], old)], [], stamp=dt.datetime(2025, 1, 1, tzinfo=dt.UTC), style=style
    )
    return read_ics(update.ics, f"{site}.ics")


@pytest.mark.parametrize(
    ("site", "regimen", "period", "discreet", "refused"),
    [
        ("S1", "bat4406f", "rcp", False, False),
        ("S1", "bat4406f", None, False, False),  # its period and more
        ("S2", "bat4406f", "rcp", False, True),
        ("S1", "mil62", "rcp", False, True),
        ("S1", "bat4406f", "olp", False, True),
        ("S1", "bat4406f", "rcp", True, True),
    ],
)
def test_a_file_of_another_site_study_period_or_form_is_refused(
    site: str, regimen: str, period: str | None, discreet: bool, refused: bool
) -> None:
    old = calendar("S1", "bat4406f", "rcp", STYLE)
    if refused:
        with pytest.raises(InputError, match=r"`S1\.ics` is the calendar `bat4406f S1`, not"):
            calendar(site, regimen, period, CalendarStyle(discreet=discreet), old)
    else:
        assert len(calendar(site, regimen, period, CalendarStyle(discreet=discreet), old).records) >= len(old.records)


@pytest.mark.parametrize(
    ("other", "touched"),
    [
        (("bat4406f", "rcp", False), True),
        (("bat4406f", None, False), False),  # it is about more periods than this one
        (("bat4406f", "rcp", True), False),  # in another form
        (("mil62", "rcp", False), False),
    ],
)
def test_an_entry_is_taken_from_the_calendar_of_another_site_only_where_that_is_of_the_same(
    other: tuple[str, str | None, bool], touched: bool
) -> None:
    regimen, period, discreet = other
    old = calendar("S1", regimen, period, CalendarStyle(discreet=discreet))
    made = plan(load("bat4406f"), Subject(dt.date(2025, 1, 6), "A"), period="rcp")
    [update], left = update_sites(
        [SitePlans("S2", [made], [lambda _: made], None)], [old], stamp=dt.datetime(2025, 2, 1, tzinfo=dt.UTC), style=STYLE
    )
    assert [file for file, _ in left] == ([old] if touched else [])
    assert all({each.change for each in changed.revisions} == {"handed over"} and changed.ics == b"" for _, changed in left)
    assert {record.created.month for record in read_ics(update.ics).records} == ({1} if touched else {2})
    assert {each.change for each in update.revisions} == {"added"}


def test_who_stays_at_a_site_keeps_every_byte_when_another_goes() -> None:
    a, b = (plan(load("bat4406f"), Subject(dt.date(2025, 1, 6), code), period="rcp") for code in "AB")
    january, february = (dt.datetime(2025, month, 1, tzinfo=dt.UTC) for month in (1, 2))
    [first], _ = update_sites([SitePlans("S1", [a, b], [lambda _: a, lambda _: b], None)], [], stamp=january, style=STYLE)
    [_], [(_, left)] = update_sites([SitePlans("S2", [a], [lambda _: a], None)], [read_ics(first.ics)], stamp=february, style=STYLE)
    [alone], _ = update_sites([SitePlans("S1", [b], [lambda _: b], None)], [], stamp=january, style=STYLE)
    assert left.ics == alone.ics
    assert [left.count(change) for change in ("handed over", "unchanged")] == [len(to_entries(each, STYLE)) for each in (a, b)]
