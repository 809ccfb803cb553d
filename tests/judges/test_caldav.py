"""A study's calendar in programs of other people, through import, move, cancel and import again: Radicale (a CalDAV server) and khal.

Both run in temporary folders, the server on loopback, spoken to in plain HTTP.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct

from tests.kit.command import dosing, errors
from tests.kit.paths import ROOT

pytestmark = pytest.mark.integration

WINDOWS = (ROOT / "examples" / "windows.yaml").read_text(encoding="utf-8")
STUDY = WINDOWS.replace("name: Screening", "name: 筛选期")
WITHOUT_D85 = re.sub(r"      - at: D1 ±0d, D85 ±3d [^\n]*\n        assess: EDSS, MRI\n", "", STUDY)
WITH_D113 = STUDY.replace("      - at: D183\n", "      - at: D113\n        assess: EDSS\n      - at: D183\n")
JANUARY_6, JANUARY_8 = dt.date(2025, 1, 6), dt.date(2025, 1, 8)
DAYS = {"D1": 0, "D15": 14, "D43": 42, "D71": 70, "D85": 84, "D99": 98, "D127": 126, "D155": 154, "D183 End visit": 182}  # after day 1
SCREENING = "D-28 to D-1 筛选期"
NINE, LENGTH = dt.time(9), dt.timedelta(minutes=90)
When = dt.date | dt.datetime


class Seen(Struct, frozen=True, order=True):
    """An entry as a program shows it: whole days from the first to the last, or instants."""

    start: When
    end: When
    status: str
    summary: str


class Style(Struct, frozen=True):
    """How the calendar is asked for."""

    zone: str | None
    language: str
    subject: str

    @property
    def options(self) -> tuple[str, ...]:
        clock = ("--at", "09:00", "--duration", "90min", "--zone", self.zone) if self.zone else ()
        return ("--subject", self.subject, "--lang", self.language, "--remind", "3d", *clock)

    def seen(self, label: str, day: dt.date, *, cancelled: bool = False) -> Seen:
        chinese = self.language == "zh"
        summary = f"fictional-windows {label} 访视（{self.subject}）" if chinese else f"fictional-windows {label} ({self.subject})"
        marked = ("已取消：" if chinese else "Cancelled: ") + summary if cancelled else summary
        status = "CANCELLED" if cancelled else "CONFIRMED"
        if label == SCREENING:
            return Seen(day, day + dt.timedelta(27), status, marked)
        if self.zone is None:
            return Seen(day, day, status, marked)
        start = dt.datetime.combine(day, NINE, ZoneInfo(self.zone)).astimezone(dt.UTC)
        return Seen(start, start + LENGTH, status, marked)

    def plan(self, start: dt.date) -> list[Seen]:
        visits = [self.seen(label, start + dt.timedelta(after)) for label, after in DAYS.items()]
        return [self.seen(SCREENING, start - dt.timedelta(28)), *visits]


STYLES = {
    "all-day": Style(None, "en", "0012"),
    "Shanghai": Style("Asia/Shanghai", "zh", "受试者-7"),
    "New York": Style("America/New_York", "en", "0012"),
}
styles = pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())


class Step(Struct, frozen=True):
    """The calendar written once more: the whole file, what changed since the last one, and what a program should then show."""

    whole: Path
    changes: Path
    expected: list[Seen]


def history(folder: Path, style: Style) -> list[Step]:
    """Written; then moved by two days and without D85; then with D85 back and D113 new."""
    moved = [entry for entry in style.plan(JANUARY_8) if " D85" not in entry.summary]
    cancelled = style.seen("D85", JANUARY_6 + dt.timedelta(84), cancelled=True)
    added = style.seen("D113", JANUARY_8 + dt.timedelta(112))
    steps: list[Step] = []
    for n, (study, start, said, expected) in enumerate(
        [
            (STUDY, JANUARY_6, "10 added, 0 moved, 0 cancelled, 0 unchanged", style.plan(JANUARY_6)),
            (WITHOUT_D85, JANUARY_8, "0 added, 9 moved, 1 cancelled, 0 unchanged", [*moved, cancelled]),
            (WITH_D113, JANUARY_8, "1 added, 0 moved, 1 changed, 1 restored, 0 cancelled, 8 unchanged", [*style.plan(JANUARY_8), added]),
        ]
    ):
        previous = ("--previous", str(steps[-1].whole)) if steps else ()
        step = Step(folder / f"whole-{n}.ics", folder / f"changes-{n}.ics", sorted(expected, key=_by_day))
        message = written(folder, study, start, step.whole, "--changes", str(step.changes), *previous, *style.options)
        assert f"{step.whole}: {said}\n" in message
        steps.append(step)
    return steps


def written(folder: Path, study: str, start: dt.date, ics: Path, *options: str) -> str:
    """`dosing plan --ics` with a study of this text; what it says of the calendar."""
    regimen = folder / "study.yaml"
    regimen.write_text(study, encoding="utf-8")
    done = dosing("plan", "--regimen", str(regimen), "--start", str(start), "--ics", str(ics), "--stamp", "2025-01-01T00:00:00Z", *options)
    assert done.returncode == 0, done.stderr
    return done.stderr


def _by_day(entry: Seen) -> tuple[str, str]:
    return entry.start.isoformat(), entry.summary


# --- reading calendars, without a library --------------------------------------------------------------------------------


def entries(content: bytes) -> dict[str, bytes]:
    """A calendar for each entry, by UID: the heading, the zones, and the one entry. So programs send a file to a server."""
    head = content[: content.index(b"BEGIN:VEVENT\r\n")]
    events = re.findall(rb"BEGIN:VEVENT\r\n.*?END:VEVENT\r\n", content, re.S)
    found = {lines(event)["UID"]: head + event + b"END:VCALENDAR\r\n" for event in events}
    assert len(found) == len(events), "two entries have one UID"
    return found


def event_lines(content: bytes) -> list[str]:
    """The lines of the only entry, in any order: servers sort them in their own way."""
    text = content.decode().replace("\r\n ", "")
    return sorted(text[text.index("BEGIN:VEVENT") : text.index("END:VEVENT")].split("\r\n"))


def lines(content: bytes) -> dict[str, str]:
    """The properties of the only entry; those of an alarm in it come later, and are left out."""
    text = content.decode().replace("\r\n ", "")
    event = text[text.index("BEGIN:VEVENT") :].partition("BEGIN:VALARM")[0]
    return dict(line.partition(":")[::2] for line in event.split("\r\n"))


def seen(content: bytes) -> Seen:
    """The only entry of a calendar, as a program that knows the time zone database would show it."""
    found = lines(content)
    [start, end] = [_when(name, value) for name, value in found.items() if name.startswith(("DTSTART", "DTEND"))]
    last = end if isinstance(end, dt.datetime) else end - dt.timedelta(1)
    return Seen(start, last, found["STATUS"], found["SUMMARY"])


def _when(name: str, value: str) -> When:
    if name.endswith(";VALUE=DATE"):
        return dt.datetime.strptime(value, "%Y%m%d").date()
    return dt.datetime.strptime(value, "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(name.partition("TZID=")[2])).astimezone(dt.UTC)


def in_order(found: Iterable[Seen]) -> list[Seen]:
    return sorted(found, key=_by_day)


# --- Radicale ----------------------------------------------------------------------------------------------------------


class Server(Struct, frozen=True):
    """A CalDAV server, as a program speaks to it that is logged in as `nurse`."""

    port: int

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str, bytes]:
        """Status, ETag and content of the answer."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(
                method, path, body, {"Authorization": "Basic bnVyc2U6", "Content-Type": "text/calendar; charset=utf-8", **named}
            )
            answer = connection.getresponse()
            return answer.status, answer.getheader("ETag") or "", answer.read()

    def collection(self, name: str) -> str:
        """A new calendar."""
        path = f"/nurse/{name}/"
        assert self.ask("MKCALENDAR", path)[0] == 201
        return path

    def get(self, path: str) -> bytes:
        status, _, content = self.ask("GET", path)
        assert status == 200
        return content

    def put_entries(self, path: str, content: bytes) -> None:
        """As programs import a file: what is there is replaced, where it is still what it was; else it is made."""
        for uid, entry in entries(content).items():
            status, etag, _ = self.ask("GET", f"{path}{uid}.ics")
            condition = {"If_Match": etag} if status == 200 else {"If_None_Match": "*"}
            assert self.ask("PUT", f"{path}{uid}.ics", entry, **condition)[0] == (204 if status == 200 else 201)

    def put_whole(self, path: str, content: bytes) -> None:
        assert self.ask("PUT", path, content)[0] == 201

    def between(self, path: str, start: dt.datetime, end: dt.datetime) -> dict[str, bytes]:
        """The entries in a range of time, by their address."""
        span = " ".join(f'{name}="{when:%Y%m%dT%H%M%SZ}"' for name, when in (("start", start), ("end", end)))
        query = (
            '<?xml version="1.0"?><C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
            '<D:prop><C:calendar-data/></D:prop><C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">'
            f"<C:time-range {span}/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        )
        status, _, answer = self.ask("REPORT", path, query.encode(), Depth="1", Content_Type="application/xml; charset=utf-8")
        assert status == 207
        found = {}
        for response in ET.fromstring(answer).iter("{DAV:}response"):
            href = response.findtext("{DAV:}href") or ""
            data = response.findtext(".//{urn:ietf:params:xml:ns:caldav}calendar-data") or ""
            found[href] = data.replace("\r\n", "\n").replace("\n", "\r\n").encode()  # XML has no CR of its own
        return found

    def all(self, path: str) -> dict[str, bytes]:
        return self.between(path, dt.datetime(1970, 1, 1), dt.datetime(2199, 1, 1))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Radicale on a free port, until the tests of this page are done."""
    folder = tmp_path_factory.mktemp("radicale")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "radicale", "--config", "", "--hosts", f"127.0.0.1:{port}", "--auth-type", "none"]
    log = folder / "log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [*command, "--storage-filesystem-folder", str(folder / "storage")], stdout=out, stderr=out, env=apart(folder)
        ) as run,
    ):
        try:
            deadline = time.monotonic() + 30
            while not _listens(port):
                assert run.poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
            yield Server(port)
        finally:
            run.kill()
    assert "Traceback" not in log.read_text("utf-8")


def apart(folder: Path) -> dict[str, str]:
    """An environment in which a program finds nothing of whoever runs the tests."""
    places = ("HOME", "XDG_CONFIG_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_CACHE_HOME", "XDG_STATE_HOME")
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {**kept, **dict.fromkeys(places, str(folder)), "TZ": "UTC", "LC_ALL": "C", "PYTHONUTF8": "1"}


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.1).close()
    except OSError:
        return False
    return True


@styles
def test_a_server_holds_each_entry_once_as_the_file_says_it(server: Server, style: Style, tmp_path: Path) -> None:
    by_entry, by_file = (server.collection(f"{tmp_path.name}-{name}") for name in ("entries", "file"))
    for n, step in enumerate(history(tmp_path, style)):
        whole = step.whole.read_bytes()
        server.put_entries(by_entry, step.changes.read_bytes() if n else whole)
        server.put_whole(by_file, whole)
        for path in (by_entry, by_file):
            found = server.all(path)
            assert in_order(map(seen, found.values())) == step.expected
            assert found.keys() == {f"{path}{uid}.ics" for uid in entries(whole)}
            for uid, entry in entries(whole).items():
                assert event_lines(found[f"{path}{uid}.ics"]) == event_lines(entry) == event_lines(server.get(f"{path}{uid}.ics"))
            assert in_order(map(seen, entries(server.get(path)).values())) == step.expected
    before = [server.get(path) for path in (by_entry, by_file)]
    server.put_entries(by_entry, whole)
    server.put_whole(by_file, whole)
    assert [server.get(path) for path in (by_entry, by_file)] == before


@styles
def test_a_server_finds_a_visit_at_its_hour_and_not_where_it_was(server: Server, style: Style, tmp_path: Path) -> None:
    minute = dt.timedelta(minutes=1)
    by_entry, by_file = (server.collection(f"{tmp_path.name}-{name}") for name in ("entries", "file"))
    first, moved, _ = history(tmp_path, style)
    server.put_entries(by_entry, first.whole.read_bytes())
    server.put_entries(by_entry, moved.changes.read_bytes())
    server.put_whole(by_file, first.whole.read_bytes())
    server.put_whole(by_file, moved.whole.read_bytes())
    for path in (by_entry, by_file):

        def there(start: dt.datetime, end: dt.datetime, path: str = path) -> list[Seen]:
            return [seen(entry) for entry in server.between(path, start, end).values()]

        for entry in moved.expected:
            start, end = instants(entry)
            assert entry in there(start, start + minute) and entry in there(end - minute, end)
            assert entry not in there(start - minute, start) and entry not in there(end, end + minute)
        for old in first.expected[1:]:
            assert old.summary not in [entry.summary for entry in there(*instants(old))]


def instants(entry: Seen) -> tuple[dt.datetime, dt.datetime]:
    """When an entry begins and ends; a server without a zone of its own takes whole days as UTC."""
    if isinstance(entry.start, dt.datetime) and isinstance(entry.end, dt.datetime):
        return entry.start, entry.end
    midnight = dt.time(tzinfo=dt.UTC)
    return dt.datetime.combine(entry.start, midnight), dt.datetime.combine(entry.end, midnight) + dt.timedelta(1)


def test_a_whole_file_put_on_a_collection_replaces_it_even_if_it_holds_changes_only(server: Server, tmp_path: Path) -> None:
    *_, last = history(tmp_path, STYLES["all-day"])
    path = server.collection(tmp_path.name)
    server.put_whole(path, last.whole.read_bytes())
    server.put_whole(path, last.changes.read_bytes())
    assert server.all(path).keys() == {f"{path}{uid}.ics" for uid in entries(last.changes.read_bytes())}


def test_what_a_server_gives_back_is_refused_where_the_file_is_asked_for(server: Server, tmp_path: Path) -> None:
    first, *_ = history(tmp_path, STYLES["all-day"])
    path, back = server.collection(tmp_path.name), tmp_path / "back.ics"
    server.put_entries(path, first.whole.read_bytes())
    back.write_bytes(server.get(path))
    text = errors("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06", "--subject", "0012", "--ics", str(back))
    assert f"`{back}` was written by another program: `-//PYVOBJECT//" in text


def test_calendars_of_far_years_share_a_server(server: Server, tmp_path: Path) -> None:
    """Radicale keeps, until it is restarted, what the first file said of a zone, and reads later files by it."""
    zone = ZoneInfo("Europe/Berlin")
    for year in (2027, 2021):
        start = dt.date(year, 6, 7)
        ics, path = tmp_path / f"{year}.ics", server.collection(f"{tmp_path.name}-{year}")
        written(tmp_path, STUDY, start, ics, "--subject", str(year), "--at", "09:00", "--zone", zone.key)
        server.put_entries(path, ics.read_bytes())
        instant = dt.datetime.combine(start, NINE, zone).astimezone(dt.UTC)
        found = server.between(path, instant, instant + dt.timedelta(minutes=1))
        assert [seen(entry).summary for entry in found.values()] == [f"fictional-windows D1 ({year})"]


# --- khal --------------------------------------------------------------------------------------------------------------

HERE = ZoneInfo("America/New_York")  # where khal is asked; visits may be elsewhere


class Khal(Struct, frozen=True):
    """khal with three empty calendars: one is given whole files, one what changed, one the last changes only."""

    folder: Path

    @classmethod
    def new(cls, folder: Path) -> Khal:
        names = ("whole", "changes", "late")
        for name in names:
            (folder / name).mkdir(parents=True)
        calendars = "".join(f"[[{name}]]\npath = {folder / name}\ntype = calendar\n" for name in names)
        (folder / "config").write_text(
            f"[calendars]\n{calendars}[locale]\nlocal_timezone = {HERE.key}\ndefault_timezone = {HERE.key}\n"
            "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"
            f"[default]\ndefault_calendar = whole\n[sqlite]\npath = {folder / 'cache'}\n",
            encoding="utf-8",
        )
        return cls(folder)

    def run(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "khal", "--config", str(self.folder / "config"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60, env=apart(self.folder))
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def put(self, calendar: str, *files: Path) -> None:
        """Import the files, one after the other."""
        assert self.run("import", "--batch", "-a", calendar, *map(str, files)) == ""

    def listed(self) -> dict[str, dict[str, Seen]]:
        """What it lists of all these days: calendar, UID, entry. An entry must be there once on each of its days."""
        form = "{calendar}|{uid}|{start-long}|{end-long}|{status}|{title}"
        found: dict[str, dict[str, Seen]] = {}
        on: dict[tuple[str, str], list[dt.date]] = {}
        day = dt.date.min
        for row in self.run("list", "--day-format", "{date-long}", "--format", form, "2024-11-01", "2026-02-01").splitlines():
            if "|" not in row:
                day = dt.date.fromisoformat(row)
                continue
            calendar, uid, start, end, status, title = row.split("|")
            found.setdefault(calendar, {})[uid] = Seen(_shown(start), _shown(end), status.strip(), title)
            on.setdefault((calendar, uid), []).append(day)
            first = dt.date.fromisoformat(start[:10])
            assert on[calendar, uid] == [first + dt.timedelta(n) for n in range((day - first).days + 1)]
        return found


def _shown(text: str) -> When:
    """A day, or an hour where khal is."""
    when = dt.datetime.fromisoformat(text)
    return when.replace(tzinfo=HERE).astimezone(dt.UTC) if " " in text else when.date()


@styles
def test_khal_shows_each_entry_once_moved_cancelled_and_back(style: Style, tmp_path: Path) -> None:
    khal = Khal.new(tmp_path / "khal")
    for n, step in enumerate(history(tmp_path, style)):
        khal.put("whole", step.whole, step.whole)
        khal.put("changes", step.changes if n else step.whole)
        found = khal.listed()
        assert found.keys() == {"whole", "changes"}
        assert in_order(found["whole"].values()) == step.expected
        assert found["changes"] == found["whole"] and found["whole"].keys() == entries(step.whole.read_bytes()).keys()


def test_khal_shows_nothing_on_the_old_day_and_says_what_is_cancelled(tmp_path: Path) -> None:
    khal = Khal.new(tmp_path / "khal")
    first, moved, last = history(tmp_path, STYLES["all-day"])
    khal.put("whole", first.whole, moved.whole)
    assert khal.run("list", "2025-01-20", "1d") == ""
    row = khal.run("list", "--day-format", "", "--format", "{cancelled}{title}", "2025-03-31", "1d")
    assert row == "CANCELLED Cancelled: fictional-windows D85 (0012)\n"
    khal.put("late", last.changes)
    assert khal.listed()["late"] == {uid: seen(entry) for uid, entry in entries(last.changes.read_bytes()).items()}
