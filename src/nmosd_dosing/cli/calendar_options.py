"""The options of calendars, as `options` has those of everything else."""

from __future__ import annotations

from typing import Annotated

from msgspec import Struct

from nmosd_dosing.cli.shared_options import flag, takes

Stamp = Annotated[str | None, takes("INSTANT", "The time of writing that entries carry, else now: 2025-01-06T08:00:00Z.")]


class CalendarOptions(Struct, frozen=True, kw_only=True, eq=False):
    """Calendars, and how they look."""

    ics: Annotated[str | None, takes("FILE", "Write a calendar (iCalendar) too; one that is there is updated.")] = None
    ics_dir: Annotated[str | None, takes("FOLDER", "The same, a file for each subject, named by its code.")] = None
    previous: Annotated[str | None, takes("FILE", "The calendar to update, if it is another file.")] = None
    changes: Annotated[str | None, takes("FILE", "Write what is new, moved, changed or cancelled also by itself.")] = None
    window_entries: Annotated[bool, flag("--window-entries", "Entries for visit windows and entry windows, too.")] = False
    spans: Annotated[bool, flag("--spans", "Entries for times such as contraception, too.")] = False
    remind: Annotated[str | None, takes("LENGTH", "An alarm before each visit: 3d, 12h.")] = None
    at: Annotated[str | None, takes("HH:MM", "Visits at an hour, not all-day; needs --zone.")] = None
    zone: Annotated[str | None, takes("ZONE", "The hour's time zone: Asia/Shanghai.")] = None
    duration: Annotated[str | None, takes("LENGTH", "How long a visit with an hour lasts: 4h, 90min.")] = None
    lang: Annotated[str | None, takes("LANG", "The calendar's language: en or zh.")] = None
    discreet: Annotated[bool, flag("--discreet", "No study, drug or code in the calendar.")] = False
    stamp: Stamp = None
    force_undo: Annotated[
        bool, flag("--force-undo", "Put back visits that a calendar shows as done and of which nothing is recorded now.")
    ] = False

    @property
    def asked(self) -> bool:
        return self.ics is not None or self.ics_dir is not None


class CohortCalendars(CalendarOptions, frozen=True, kw_only=True, eq=False):
    """Calendars in a folder."""

    ics_dir: Annotated[str | None, takes("FOLDER", "Write calendars (iCalendar) too; those in the folder are updated.")] = None
    ics_by: Annotated[str | None, takes("subject|site", "A calendar for each subject, or for each site.")] = None
    lang: Annotated[str | None, takes("LANG", "The calendars' language: en or zh.")] = None
    discreet: Annotated[bool, flag("--discreet", "No study, drug or code in the calendars.")] = False
