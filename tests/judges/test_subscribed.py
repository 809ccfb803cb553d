"""A feed in programs of other people: vdirsyncer fetches it from the server and khal shows what it fetched; Thunderbird subscribes."""

from __future__ import annotations

import datetime as dt
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from tests.kit.served import AT, DAY, HOST, listening
from tests.kit.thunderbird import eventually, thunderbird
from tests.pages.test_feeds import OF_SITE, booked, made, write

pytestmark = pytest.mark.integration


class Subscribed(Struct, frozen=True):
    """khal, whose calendar vdirsyncer fetches from a feed."""

    folder: Path

    @classmethod
    def to(cls, folder: Path, url: str) -> Subscribed:
        """A calendar that is fetched from an address."""
        calendar = folder / "calendar"
        calendar.mkdir(parents=True)
        (folder / "vdirsyncer").write_text(
            f'[general]\nstatus_path = "{folder / "status"}"\n[pair feed]\na = "there"\nb = "here"\ncollections = null\n'
            f'[storage there]\ntype = "http"\nurl = "{url}"\n'
            f'[storage here]\ntype = "filesystem"\npath = "{calendar}"\nfileext = ".ics"\n',
            encoding="utf-8",
        )
        (folder / "khal").write_text(
            f"[calendars]\n[[feed]]\npath = {calendar}\ntype = calendar\n[locale]\nlocal_timezone = Asia/Shanghai\n"
            "default_timezone = Asia/Shanghai\ntimeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
            f"datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n[sqlite]\npath = {folder / 'cache'}\n",
            encoding="utf-8",
        )
        made = cls(folder)
        made._run("vdirsyncer", "--config", str(folder / "vdirsyncer"), "discover", "feed")
        return made

    def listed(self) -> list[str]:
        """What khal lists of half a year, after fetching again."""
        self._run("vdirsyncer", "--config", str(self.folder / "vdirsyncer"), "sync")
        form = "{start-date} {cancelled}{title}"
        listing = ("list", "--day-format", "", "--format", form, "2025-07-01", "2026-02-01")
        return self._run(sys.executable, "-m", "khal", "--config", str(self.folder / "khal"), *listing).splitlines()

    def _run(self, *command: str) -> str:
        apart = {**{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}, "HOME": str(self.folder)}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120, env=apart)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def test_vdirsyncer_and_khal_see_a_visit_move_and_fall_away_and_never_twice(place: Any, tmp_path: Path) -> None:
    if shutil.which("vdirsyncer") is None:
        pytest.skip("no vdirsyncer: on Debian, apt install vdirsyncer")
    pytest.importorskip("khal")
    now = [AT]
    clock: Callable[[], dt.datetime] = lambda: now[0]  # noqa: E731
    there = replace(place, clock=clock, as_of=DAY)
    path = made(there, **OF_SITE)
    with listening(there, io.StringIO()) as port:
        program = Subscribed.to(tmp_path / "programs", f"http://{HOST}:{port}{path}")
        first = program.listed()
        assert "2025-07-10 Visit D182 (0103)" in first
        now[0] += dt.timedelta(minutes=30)
        booked(there, "2025-07-16")
        moved = program.listed()
        assert [row for row in moved if "D182 (0103)" in row] == ["2025-07-16 Visit D182 (0103)"]
        now[0] += dt.timedelta(minutes=30)
        write(there, "events", "0103", event="withdrawn", date="2025-07-07")
        gone = program.listed()
        assert [row for row in gone if "D182 (0103)" in row] == ["2025-07-16 CANCELLED Cancelled: Visit D182 (0103)"]
        assert len(gone) == len(first) == len(set(gone))


def test_thunderbird_sees_a_visit_move_and_fall_away_and_never_twice(place: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It asks again with the ETag that it was given, and takes that nothing has changed."""
    from nmosd_dosing.pages import serving

    now, asked, application = [AT], list[tuple[bool, str]](), serving.application

    def watched(place: Any) -> serving.WSGI:
        answer = application(place)

        def answered(environ: dict[str, Any], start_response: Any) -> Any:
            def begun(status: str, headers: Any, *more: Any) -> Any:
                asked.append(("HTTP_IF_NONE_MATCH" in environ, status))
                return start_response(status, headers, *more)

            return answer(environ, begun)

        return answered

    monkeypatch.setattr(serving, "application", watched)
    clock: Callable[[], dt.datetime] = lambda: now[0]  # noqa: E731
    there = replace(place, clock=clock, as_of=DAY)
    path = made(there, **OF_SITE)
    with listening(there, io.StringIO()) as port, thunderbird(tmp_path / "thunderbird") as program:
        program.subscribe(f"http://{HOST}:{port}{path}")
        first = eventually(program.listed)
        assert ("20250710", "Visit D182 (0103)", "CONFIRMED") in first
        program.refresh()
        eventually(lambda: (True, "304 Not Modified") in asked)
        assert program.listed() == first
        now[0] += dt.timedelta(minutes=30)
        booked(there, "2025-07-16")
        program.refresh()
        moved = ("20250716", "Visit D182 (0103)", "CONFIRMED")
        eventually(lambda: moved in program.listed())
        now[0] += dt.timedelta(minutes=30)
        write(there, "events", "0103", event="withdrawn", date="2025-07-07")
        program.refresh()
        gone = ("20250716", "Cancelled: Visit D182 (0103)", "CANCELLED")
        eventually(lambda: gone in program.listed())
        last = program.listed()
        assert [entry for entry in last if "D182 (0103)" in entry[1]] == [gone]
        assert len(last) == len(first) == len(set(last))
