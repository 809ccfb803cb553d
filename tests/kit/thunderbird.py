"""Thunderbird without a screen, told what to do by Marionette, the protocol by which Mozilla's own tests do it; it reaches this computer
alone. A calendar is subscribed to, asked to look again, and read, as a person would see it."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kit.running import running

_PATIENCE = 120  # seconds
_PREFERENCES = {
    "marionette.port": 0,  # one that is free
    "network.proxy.type": 1,  # whatever it asks elsewhere goes nowhere
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "network.proxy.allow_hijacking_localhost": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "app.update.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.spotlight.firstRunDone": True,
    "calendar.timezone.local": "Asia/Shanghai",
    "calendar.timezone.useSystemTimezone": False,
}
_CALENDARS = """
let [what, url, done] = arguments;
const { cal } = ChromeUtils.importESModule("resource:///modules/calendar/calUtils.sys.mjs");
const feed = () => cal.manager.getCalendars().find(each => each.type == "ics");
const doing = {
  async subscribe() {
    let made = cal.manager.createCalendar("ics", Services.io.newURI(url));
    made.name = "feed";
    made.setProperty("cache.enabled", true);
    cal.manager.registerCalendar(made);
  },
  async refresh() { feed().refresh(); },
  async list() {
    let items = await feed().getItemsAsArray(Ci.calICalendar.ITEM_FILTER_ALL_ITEMS, 0, null, null);
    return items.map(each => [each.startDate.icalString, each.title, each.status]);
  },
};
doing[what]().then(done, error => done("error: " + error));
"""


class Thunderbird:
    """A running Thunderbird, whose one subscribed calendar is asked."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self._read, self._count = b"", 0
        self._message()
        self._ask("WebDriver:NewSession", capabilities={})
        self._ask("Marionette:SetContext", value="chrome")

    def subscribe(self, url: str) -> None:
        """Subscribes to a calendar."""
        self._do("subscribe", url)

    def refresh(self) -> None:
        """Looks again, as it does by itself after half an hour."""
        self._do("refresh")

    def listed(self) -> list[tuple[str, str, str]]:
        """What the calendar holds: day, title and status of each entry, in the order of days."""
        return sorted((day, title, status) for day, title, status in self._do("list"))

    def close(self) -> None:
        """Ends the conversation."""
        self._socket.close()

    def _do(self, what: str, url: str = "") -> Any:
        asked = {"script": _CALENDARS, "args": [what, url], "newSandbox": True, "sandbox": "system", "scriptTimeout": _PATIENCE * 1000}
        value = self._ask("WebDriver:ExecuteAsyncScript", **asked)["value"]
        assert not isinstance(value, str), value
        return value

    def _ask(self, name: str, **given: Any) -> Any:
        self._count += 1
        message = json.dumps([0, self._count, name, given]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, _, error, result = self._message()
        assert error is None, error
        return result

    def _message(self) -> Any:
        """The next message: its length, a colon, and JSON."""
        while b":" not in self._read:
            self._more()
        length, _, self._read = self._read.partition(b":")
        while len(self._read) < int(length):
            self._more()
        message, self._read = self._read[: int(length)], self._read[int(length) :]
        return json.loads(message)

    def _more(self) -> None:
        piece = self._socket.recv(65_536)
        assert piece, "Thunderbird has ended"
        self._read += piece


@contextlib.contextmanager
def thunderbird(folder: Path) -> Iterator[Thunderbird]:
    """Thunderbird with a profile of its own in an empty folder. Where it is not installed the test is skipped."""
    program = shutil.which("thunderbird")
    if program is None:
        pytest.skip("no thunderbird: on Debian, apt install thunderbird")
    profile = folder / "profile"
    profile.mkdir(parents=True)
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines), encoding="utf-8")
    command = ["env", f"HOME={folder}", program, "--headless", "--no-remote", "--profile", str(profile)]
    quiet = ["sh", "-c", 'exec "$@" >/dev/null 2>&1', "sh"]  # it says much, and nobody reads it
    with running([*quiet, *command, "--marionette", "--remote-allow-system-access"]):
        port = eventually(lambda: (profile / "MarionetteActivePort").read_text("ascii").strip(), (OSError,))
        made = Thunderbird(int(port))
        try:
            yield made
        finally:
            made.close()


def eventually(ask: Any, refused: tuple[type[BaseException], ...] = (AssertionError,)) -> Any:
    """What is answered once it is neither empty nor refused; looked at again and again for a while."""
    end = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(*refused):
            if answer := ask():
                return answer
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
