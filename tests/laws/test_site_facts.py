"""What a plan, `show`, a calendar and the schema say with a site's own facts."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import jsonschema
import pytest
import vobject  # type: ignore[import-untyped]
from icalendar import Calendar

from nmosd_dosing import Subject, plan, read_ics, to_csv, to_json
from nmosd_dosing.calendar.entries import CalendarStyle, to_entries
from nmosd_dosing.calendar.updates import to_ics, update_ics
from nmosd_dosing.cli.edge import text_of
from nmosd_dosing.language import catalog
from nmosd_dosing.language.site_file import fill_in, json_schema, read_site
from nmosd_dosing.report.pages.study import study_page
from tests.kit.blinded import outputs
from tests.kit.broken import BROKEN, NAMES, load
from tests.kit.command import dosing, output, plan_json
from tests.kit.pages import blocks
from tests.kit.site_facts import EXAMPLE, START, WHO, drawn, filled

STAMP = dt.datetime(2025, 1, 2, tzinfo=dt.UTC)

# --- what comes out ----------------------------------------------------------------------------------------------------

ALL = """\
title: Hospital X, Beijing
windows: {rcp: ±3d, olp: ±14d, olp/D1: +7d}
minimum gap: {BAT4406F: 28 days}
vials: {BAT4406F: [100 mg, 0.5 g]}
rooms: {all: Ward 5, rcp: Infusion room 3, rcp/D182: "Room 7; bed 2, by the window"}
closed: [2025-01-06, 2025-12-24 to 2025-12-31]
open: 2025-07-06
"""


def test_json_says_whose_every_addition_is() -> None:
    made = json.loads(to_json(drawn(ALL, "bat4406f")))
    assert made["site"] == {
        "site": "beijing-01",
        "title": "Hospital X, Beijing",
        "source": "Protocol BAT4406F-301",
        "version": "2.1",
    }
    assert [(v["window_source"], v["room"]) for v in made["visits"]] == [
        (WHO, "Infusion room 3"),
        (WHO, "Room 7; bed 2, by the window"),
    ]
    assert plan_json("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06")["site"] is None


def test_csv_has_the_same_columns_with_a_site() -> None:
    without = plan(catalog.load("bat4406f"), Subject(START, "0012"), period="rcp")
    assert to_csv(drawn("rooms: {all: Ward 5}\n", "bat4406f")) == to_csv(without)
    assert to_csv(drawn(ALL, "bat4406f")).splitlines()[0] == to_csv(without).splitlines()[0]


def test_the_table_and_the_steps_say_whose_the_window_is() -> None:
    asked = ("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--site", str(EXAMPLE))
    assert "\nsite example-01, made up for this example, version 0.1 (A hospital that does not exist)\n" in output(*asked)
    who = "site example-01, made up for this example, version 0.1"
    assert f"window ±3d, {who}: 2025-07-03 Thu to 2025-07-09 Wed, both included" in output(*asked, "--explain", "D182")


def test_own_days_decide_what_is_noted() -> None:
    made = output("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--site", str(EXAMPLE))
    assert "Sunday" not in made
    assert "on a Sunday" in output("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06")
    closed = filled(ALL, "bat4406f").site
    assert closed is not None
    assert (len(closed.closed), closed.open) == (9, frozenset([dt.date(2025, 7, 6)]))


def test_show_has_each_addition_in_its_place_and_in_a_list() -> None:
    study = filled(ALL, "bat4406f")
    page = text_of(study_page(study, study.periods))
    for line in (
        f"minimum gap between doses: 28 days ({WHO})\n",
        f"    window  ±3d ({WHO})\n",
        f"    window   D1: +7d ({WHO})\n",
        f"    window   D1+6mo, D1+12mo, D1+18mo, D1+24mo: ±14d ({WHO})\n",
        "\nStated by site beijing-01\n  name         Hospital X, Beijing\n  source       Protocol BAT4406F-301, version 2.1\n",
        "  vials        BAT4406F: 100 mg, 0.5 g\n",
        "  room         all: Ward 5\n",
        "  closed       2025-01-06; 2025-12-24 to 2025-12-31\n  open         2025-07-06\n",
    ):
        assert line in page
    assert "its window" not in page
    some = filled("windows: {olp/D1: ±1d}\n", "bat4406f")
    page = text_of(study_page(some, some.periods))
    assert f"    window   D1: ±1d ({WHO})\n    window   not stated for the others\n" in page
    assert "olp  D1, then every 6 months, end not stated: where the repeat ends, its window\n" in page


@pytest.mark.parametrize("period", ["rcp", None])
def test_a_masked_plan_with_a_site_is_the_same_for_every_arm(period: str | None) -> None:
    nobody_s = outputs(drawn(ALL, "bat4406f", period))
    assert "Infusion room 3" in nobody_s[3]
    for arm in ("bat4406f", "placebo"):
        assert outputs(drawn(ALL, "bat4406f", period, arm=arm)) == nobody_s


# --- calendars ---------------------------------------------------------------------------------------------------------

ODD = "Room 7; bed 2, by the \\new window"


def test_a_room_is_the_location_of_the_visit() -> None:
    made = drawn(f"rooms: {{all: Ward 5, rcp/D182: '{ODD}'}}\n", "bat4406f")
    content = to_ics(made, stamp=STAMP, style=CalendarStyle(windows=True, spans=True))
    locations = [e.location for e in to_entries(made, CalendarStyle(windows=True, spans=True))]
    assert locations == ["Ward 5", ODD, None, None]
    assert b"\r\nLOCATION:Room 7\\; bed 2\\, by the \\\\new window\r\n" in content
    [calendar] = vobject.readComponents(content.decode())
    assert [event.location.value for event in calendar.vevent_list if hasattr(event, "location")] == ["Ward 5", ODD]
    assert [str(e["location"]) for e in Calendar.from_ical(content).walk("VEVENT") if "location" in e] == ["Ward 5", ODD]
    assert [r.entry.location for r in read_ics(content).records if r.entry.location] == ["Ward 5", ODD]


def test_a_calendar_without_rooms_has_no_location_and_a_discreet_one_neither() -> None:
    assert b"LOCATION" not in to_ics(drawn("windows: {rcp: 3d}\n", "bat4406f"), stamp=STAMP)
    content = to_ics(drawn(ALL, "bat4406f"), stamp=STAMP, style=CalendarStyle(discreet=True))
    assert not any(word in content for word in (b"LOCATION", b"Ward", b"room", b"Protocol", b"beijing"))


def test_an_update_tells_a_changed_room() -> None:
    old = read_ics(to_ics(drawn("rooms: {rcp: Ward 5}\n", "bat4406f"), stamp=STAMP))
    same = update_ics(old, drawn("rooms: {all: Ward 5}\n", "bat4406f"), stamp=STAMP + dt.timedelta(days=1))
    assert (same.count("unchanged"), same.changes) == (2, None)
    moved = update_ics(old, drawn("rooms: {rcp: Ward 5, rcp/D182: Ward 6}\n", "bat4406f"), stamp=STAMP + dt.timedelta(days=1))
    assert [(r.change, r.entry.location) for r in moved.revisions] == [("unchanged", "Ward 5"), ("changed", "Ward 6")]
    without = update_ics(old, drawn("", "bat4406f"), stamp=STAMP + dt.timedelta(days=1))
    assert (without.count("changed"), b"LOCATION" in without.ics) == (2, False)


def test_the_command_notices_a_forgotten_site(tmp_path: Path) -> None:
    asked = ("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06", "--subject", "1", "--ics", str(tmp_path / "1.ics"))
    assert dosing(*asked, "--site", str(EXAMPLE)).stderr.endswith("1.ics: 2 added, 0 moved, 0 cancelled, 0 unchanged\n")
    assert "was asked for with `--site example-01`, which is gone from it now" in dosing(*asked).stderr


# --- the schema --------------------------------------------------------------------------------------------------------


def test_the_schema_knows_the_example_and_refuses_what_it_can_see() -> None:
    schema = json.loads(output("schema", "--site"))
    assert schema == json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    checker = jsonschema.Draft202012Validator(schema)
    assert checker.is_valid(load(EXAMPLE))
    accepted = {name for name in NAMES if name.startswith("site-") and checker.is_valid(load(BROKEN / f"{name}.yaml"))}
    assert accepted == {
        "site-closed-and-open",
        "site-range-too-long",
        "site-source-empty",
        "site-unknown-study",
        "site-window-day-not-stated",
        "site-window-unused",
    }


def test_the_page_shows_the_example() -> None:
    [block] = [b for b in blocks("yaml") if b.page.name == "sites.md" and b.info.split()[0] == "site"]
    study = catalog.load("bat4406f")
    shown, example = (fill_in(study, read_site(content, "site.yaml")) for content in (block.text.encode(), EXAMPLE.read_bytes()))
    assert shown.site == example.site
