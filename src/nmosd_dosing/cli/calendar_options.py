"""The options of calendars, as `options` has those of everything else."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec import Struct

Stamp = Annotated[
    str | None, typer.Option(help="The time of writing that entries carry, else now: 2025-01-06T08:00:00Z.", metavar="INSTANT")
]


class CalendarOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Calendars, and how they look."""

    ics: Annotated[str | None, typer.Option(help="Write a calendar (iCalendar) too; one that is there is updated.", metavar="FILE")] = None
    ics_dir: Annotated[str | None, typer.Option(help="The same, a file for each subject, named by its code.", metavar="FOLDER")] = None
    previous: Annotated[str | None, typer.Option(help="The calendar to update, if it is another file.", metavar="FILE")] = None
    changes: Annotated[str | None, typer.Option(help="Write what is new, moved, changed or cancelled also by itself.", metavar="FILE")] = (
        None
    )
    window_entries: Annotated[bool, typer.Option("--window-entries", help="Entries for visit windows and entry windows, too.")] = False
    spans: Annotated[bool, typer.Option("--spans", help="Entries for times such as contraception, too.")] = False
    remind: Annotated[str | None, typer.Option(help="An alarm before each visit: 3d, 12h.", metavar="LENGTH")] = None
    at: Annotated[str | None, typer.Option(help="Visits at an hour, not all-day; needs --zone.", metavar="HH:MM")] = None
    zone: Annotated[str | None, typer.Option(help="The hour's time zone: Asia/Shanghai.", metavar="ZONE")] = None
    duration: Annotated[str | None, typer.Option(help="How long a visit with an hour lasts: 4h, 90min.", metavar="LENGTH")] = None
    lang: Annotated[str | None, typer.Option(help="The calendar's language: en or zh.", metavar="LANG")] = None
    discreet: Annotated[bool, typer.Option("--discreet", help="No study, drug or code in the calendar.")] = False
    stamp: Stamp = None
    force_undo: Annotated[
        bool, typer.Option("--force-undo", help="Put back visits that a calendar shows as done and of which nothing is recorded now.")
    ] = False

    @property
    def asked(self) -> bool:
        return self.ics is not None or self.ics_dir is not None


class CohortCalendars(CalendarOptions, frozen=True, kw_only=True, eq=False):
    """Calendars in a folder."""

    ics_dir: Annotated[
        str | None, typer.Option(help="Write calendars (iCalendar) too; those in the folder are updated.", metavar="FOLDER")
    ] = None
    ics_by: Annotated[str | None, typer.Option(help="A calendar for each subject, or for each site.", metavar="subject|site")] = None
    lang: Annotated[str | None, typer.Option(help="The calendars' language: en or zh.", metavar="LANG")] = None
    discreet: Annotated[bool, typer.Option("--discreet", help="No study, drug or code in the calendars.")] = False
