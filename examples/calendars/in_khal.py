"""Calendar files in khal, a calendar program of the terminal: imported one after another into a new calendar, and shown.

    python examples/calendars/in_khal.py 2025-01-01 2025-07-31 first.ics changes.ics
    python examples/calendars/in_khal.py --month 2025-01-01 2025-07-31 first.ics

khal is not part of this project: `pip install khal`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

CONFIG = """
[calendars]
[[trial]]
path = {folder}/trial
[sqlite]
path = {folder}/khal.db
[locale]
local_timezone = {zone}
default_timezone = {zone}
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d %a
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M
[default]
highlight_event_days = True
[highlight_days]
color = light green
method = background
"""


class Khal:
    """A khal of its own, with one empty calendar, in a folder."""

    def __init__(self, folder: Path, zone: str = "Asia/Shanghai") -> None:
        self.folder = folder
        (folder / "trial").mkdir()
        (folder / "config").write_text(CONFIG.format(folder=folder, zone=zone), encoding="utf-8")

    def run(self, *arguments: str) -> str:
        program = Path(sys.executable).with_name("khal")
        if not program.exists():
            sys.exit("khal is not installed beside this Python: pip install khal")
        # the plain locale, since khal asks for one that many machines have not; its own folders, not the user's
        own = {"LC_ALL": "C", "PYTHONUTF8": "1", "COLUMNS": "88", "XDG_DATA_HOME": str(self.folder), "XDG_CACHE_HOME": str(self.folder)}
        done = subprocess.run(  # noqa: S603
            [program, "--config", self.folder / "config", *arguments],
            capture_output=True, text=True, encoding="utf-8", check=False, env={**os.environ, **own},
        )  # fmt: skip
        if done.returncode:
            sys.exit(done.stderr)
        return done.stdout

    def load(self, file: str) -> None:
        self.run("import", "--batch", "-a", "trial", file)

    def days(self, first: str, last: str) -> str:
        """Entries day by day."""
        return self.run("list", "--day-format", "{date-long}", "--format", "    {start-end-time-style} {status}{title}", first, last)

    def months(self, first: str, last: str, colour: bool = True) -> str:
        """The months, days with an entry in colour, beside the entries."""
        return self.run(
            "--color" if colour else "--no-color", "calendar", "--day-format", "{date-long}", "--format", "  {title}", first, last
        )


def main() -> None:
    month = "--month" in sys.argv
    first, last, *files = [argument for argument in sys.argv[1:] if argument != "--month"]
    with tempfile.TemporaryDirectory() as folder:
        khal = Khal(Path(folder))
        for file in files:
            khal.load(file)
            if not month:
                print(f"after {Path(file).name}:\n{khal.days(first, last)}".rstrip())
        if month:
            print(khal.months(first, last, sys.stdout.isatty()), end="")


if __name__ == "__main__":
    main()
