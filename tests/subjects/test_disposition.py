"""The way of a subject through the periods as domain experts decided it: completers, relapses, stops and exits."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing import Entered, Plan, Record
from nmosd_dosing.days import date_text
from tests.kit.command import errors, output
from tests.kit.dates import START, day
from tests.kit.disposition_command import BAT, RELAPSE, dates, move, plan
from tests.kit.somebody import done, made, notes


def test_a_dose_after_an_event_is_no_entry() -> None:
    text = """products: {X: {minimum gap: 14 days}}
periods:
  a: {length: 28 days, visits: [{at: D1, give: X 10 mg}]}
  b: {visits: [{at: D1, give: X 10 mg}, {at: relapse, give: X 10 mg}]}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: 14 days}
"""
    found = made(text, events=(("relapse", "2025-02-06"),), entered=(Entered("b", day("2025-02-03")),))
    assert [v.id for v in found.visits] == ["a/D1", "b/D1", "b/relapse"]
    assert len(notes(found, "gap")) == 1


# --- completion ---------------------------------------------------------------------------------------------------------


def test_a_completer_is_projected_on_the_end_visit() -> None:
    made = plan(*BAT)
    assert move(made) == ("completed", "2026-01-05", "2026-01-05", "2026-01-19", None, "projected")
    assert dates(made)["olp/D1"] == ("2026-01-05", "projected")
    assert dates(made)["olp/D1+6mo"] == ("2026-07-05", "projected")
    assert [(p["period"], p["start"], p["end"], p["status"]) for p in made["periods"]] == [
        ("rcp", "2025-01-06", "2026-01-05", "planned"), ("olp", "2026-01-05", None, "projected"),
    ]  # fmt: skip


def test_the_gap_to_the_last_dose_is_told() -> None:
    [gap] = [n["message"] for n in plan(*BAT)["notes"] if n["code"] == "gap"]
    assert gap == "BAT4406F: 183 days from rcp/D182 (2025-07-06 Sun) to the first dose of olp (2026-01-05 Mon)"
    assert not any(n["code"] == "short-gap" for n in plan(*BAT)["notes"])


# --- relapse ------------------------------------------------------------------------------------------------------------


def test_a_confirmed_relapse_leads_out_and_no_dose_follows_it() -> None:
    made = plan(*BAT, *RELAPSE, "--on", "stable=2025-07-01")
    assert move(made) == ("relapse", "2025-06-20", "2025-07-01", "2025-07-18", None, "projected")
    assert "rcp/D182" not in dates(made)
    assert dates(made)["olp/D1"] == ("2025-07-01", "projected")
    assert any(n["code"] == "short-gap" for n in made["notes"])


def test_an_undecided_relapse_is_pending_and_its_dose_waits() -> None:
    made = plan(*BAT, "--on", "relapse=2025-06-20", "--on", "stable=2025-06-21")
    assert move(made) == ("relapse", "2025-06-20", None, "2025-07-18", None, "pending")
    assert dates(made) == {"rcp/D1": ("2025-01-06", "planned"), "rcp/D182": ("2025-07-06", "pending")}
    assert "while the decision on relapse of 2025-06-20 Fri is open" in errors(
        *BAT, "--on", "relapse=2025-06-20", "--enter", "olp=2025-07-01"
    )


def test_a_rejected_relapse_changes_nothing() -> None:
    assert dates(plan(*BAT, "--on", "relapse=2025-06-20", "--on", "relapse_rejected=2025-06-25")) == dates(plan(*BAT))


def test_a_relapse_reaches_over_the_end_of_the_first_period() -> None:
    late = ("--on", "relapse=2025-12-30", "--on", "relapse_confirmed=2026-01-10", "--on", "stable=2026-01-12")
    assert move(plan(*BAT, *late))[:4] == ("relapse", "2025-12-30", "2026-01-12", "2026-01-27")
    assert move(plan(*BAT, *late, "--enter", "olp=2026-01-27"))[-1] == "entered"
    assert "is 1 day late" in errors(*BAT, *late, "--enter", "olp=2026-01-28")


# --- the study stop -----------------------------------------------------------------------------------------------------

STOP = ("--on", "idmc_stop=2025-07-02")


@pytest.mark.parametrize(
    ("start", "rule", "first", "last", "second"),
    [
        ("2025-01-06", "stop", "2025-07-02", "2025-07-16", None),
        ("2024-07-04", "stop", "2025-07-02", "2025-07-16", "2025-01-01"),
        ("2024-07-03", "completed", "2025-07-02", "2025-07-16", "2024-12-31"),
        ("2024-07-02", "completed", "2025-07-01", "2025-07-15", "2024-12-30"),
    ],
)
def test_who_is_still_in_the_first_period_at_the_stop(start: str, rule: str, first: str, last: str, second: str | None) -> None:
    made = plan("plan", "--regimen", "bat4406f", "--start", start, *STOP)
    assert (move(made)[0], *move(made)[2:4]) == (rule, first, last)
    assert dates(made).get("rcp/D182", (None,))[0] == second


def test_with_a_stop_and_a_confirmed_relapse_the_relapse_governs() -> None:
    assert move(plan(*BAT, *STOP, *RELAPSE, "--on", "stable=2025-07-01"))[0] == "relapse"
    undecided = plan(*BAT, *STOP, "--on", "relapse=2025-06-20")
    assert move(undecided)[0] == "stop" and "rcp/D182" not in dates(undecided)


def test_the_stop_is_counted_over_a_table(tmp_path: Path) -> None:
    people = "".join(f"{n:04},2024-0{1 + n % 6}-15\n" for n in range(161)) + "9999,2024-02-29\n"
    (tmp_path / "s.csv").write_text(f"subject,start\n{people}", encoding="utf-8")
    asked = ("due", "--regimen", "bat4406f", "--subjects", str(tmp_path / "s.csv"), "--as-of", "2025-03-01", "--format", "json")
    late = [d for d in json.loads(output(*asked))["due"] if d["subject"] == "0005" and d["visit"] == "olp entry"]
    assert late == []  # of June: the last of 162 starts on 15 June, and twelve months have not passed
    asked = (*asked[:-3], "2025-06-20", *asked[-2:])
    [entry] = [d for d in json.loads(output(*asked))["due"] if d["subject"] == "0004" and d["visit"] == "olp entry"]
    assert (entry["earliest"], entry["latest"]) == ("2025-05-14", "2025-05-28")  # it had ended before the stop
    (tmp_path / "s.csv").write_text(f"subject,start\n{people}1000,2024-10-01\n", encoding="utf-8")
    [entry] = [d for d in json.loads(output(*asked))["due"] if d["subject"] == "1000" and d["visit"] == "olp entry"]
    assert (entry["earliest"], entry["latest"]) == ("2025-06-15", "2025-06-29")  # twelve months after the 162nd first dose


# --- leaving ------------------------------------------------------------------------------------------------------------


def test_exits_end_what_they_say_and_follow_up_stays() -> None:
    declined = plan(*BAT, "--on", "declined=2026-01-06")
    assert move(declined)[-1] == "declined" and "olp/D1" not in dates(declined)
    for event, spans in (("withdrawn", "2025-07-06"), ("lost", "2025-07-06"), ("treatment_stopped", "2025-07-06"), ("died", "2025-05-01")):
        made = plan(*BAT, "--on", f"{event}=2025-05-01")
        assert dates(made) == {"rcp/D1": ("2025-01-06", "planned")}, event
        assert made["transitions"] == []
        assert [s["to"] for s in made["spans"] if s["id"] == "contraception"] == [spans]
    assert dates(plan(*BAT, "--on", "withdrawn=2025-07-06"))["rcp/D182"] == ("2025-07-06", "planned")


FOLLOWED = """products: {X: {}}
periods:
  treat: {length: 12 weeks, visits: [{at: "D1, D29, D57", give: X 500 mg}, {at: D43, assess: MRI}, {at: D71, give: X 500 mg, assess: MRI}]}
  more: {length: 12 weeks, visits: [{at: "D1, D29", give: X 500 mg}]}
  after: {length: 12 weeks, visits: [{at: "D1, D57", assess: MRI}]}
transitions:
  - {id: a, from: treat, to: more, after: end of treat, within: 14 days}
  - {id: b, from: more, to: after, after: end of more, within: 14 days}
"""
WITHOUT = ["treat/D43", "treat/D71", "after/D1", "after/D57"]


@pytest.mark.parametrize(
    ("stop", "given"),
    [
        ("2025-01-06", ["treat/D1"]),
        ("2025-02-02", ["treat/D1"]),
        ("2025-02-03", ["treat/D1", "treat/D29"]),
        ("2025-03-30", ["treat/D1", "treat/D29", "treat/D57", "treat/D71"]),
        ("2025-03-31", ["treat/D1", "treat/D29", "treat/D57", "treat/D71", "more/D1"]),
        ("2025-05-01", ["treat/D1", "treat/D29", "treat/D57", "treat/D71", "more/D1", "more/D29"]),
    ],
)
def test_who_stops_treatment_gets_no_dose_after_it_and_is_followed_up(stop: str, given: list[str]) -> None:
    found = made(FOLLOWED, events=(("treatment_stopped", stop),))
    assert [v.id for v in found.visits if v.administrations] == given
    assert [v.id for v in found.visits if v.assessments] == WITHOUT
    assert [period.start for period in found.periods] == [day("2025-01-06"), day("2025-03-31"), day("2025-06-23")]
    assert "stays" in notes(found, "exit")[0]


def test_a_follow_up_may_be_entered_after_treatment_has_stopped() -> None:
    entered = (Entered("more", day("2025-04-02")), Entered("after", day("2025-06-26")))
    found = made(FOLLOWED, events=(("treatment_stopped", "2025-02-10"),), entered=entered)
    assert [(v.id, v.status) for v in found.visits if v.period != "treat"] == [("after/D1", "planned"), ("after/D57", "planned")]


# --- the end of a period, and what is recorded of it ------------------------------------------------------------------------

BY_EVENT = """products: {X: {}}
periods:
  a: {length: 12 weeks, visits: [{at: "D1, D15", give: X 500 mg}, {at: "D29, D85", assess: MRI}]}
  b: {visits: [{at: "D1, D29", give: X 500 mg}]}
transitions:
  - {id: flared, from: a, to: b, after: flare, within: 28 days}
  - {id: relapsed, from: a, to: b, after: relapse, within: 28 days}
events: {flare: A flare}
"""


@pytest.mark.parametrize(
    ("events", "entry"),
    [
        ({"relapse": "2025-03-30"}, "2025-03-30"),
        ({"relapse": "2025-03-31"}, "2025-03-31"),  # the first day after the period as planned
        ({"relapse": "2025-04-02"}, "2025-04-02"),
        ({"flare": "2026-04-02"}, "2026-04-02"),
        ({"relapse": "2025-04-02", "a_completed": "2025-04-03"}, "2025-04-02"),
        ({"relapse": "2025-04-02", "a_completed": "2025-04-02"}, None),
        ({"flare": "2025-04-02", "a_completed": "2025-03-31"}, None),
    ],
)
def test_where_only_events_lead_out_they_count_until_an_end_is_recorded(events: dict[str, str], entry: str | None) -> None:
    found = made(BY_EVENT, events=tuple(events.items()))
    assert [p.start for p in found.periods[1:]] == ([day(entry)] if entry else [])
    name, date = next(iter(events.items()))
    why = [f"{name} of {date_text(day(date))}, after the end of a and before entry: it changes nothing by itself"]
    assert notes(found, "event") == ([] if entry else why)


def test_no_visit_is_planned_after_a_recorded_end_though_another_rule_governs() -> None:
    """The relapse governs, and its entry waits for a decision: visits without doses stayed planned until then."""
    for ended, kept in (("2025-02-03", ["D1", "D15", "D29"]), ("2025-02-02", ["D1", "D15"])):
        found = made(BY_EVENT.replace("within: 28 days}", "within: 28 days, needs: [stable]}"),
                     events=(("relapse", "2025-02-01"), ("a_completed", ended)))  # fmt: skip
        assert [v.label for v in found.visits] == kept


@pytest.mark.parametrize(
    ("label", "date", "entry"),
    [
        ("D15", "2025-02-01", "2025-02-10"),
        ("D15", "2025-02-09", "2025-02-10"),
        ("D15", "2025-02-10", "2025-02-11"),  # never on a day with a dose of the period before
        ("D15", "2025-02-20", "2025-02-21"),
        ("D29", "2025-02-20", "2025-02-20"),  # on that of an examination it may
        ("D15", "2025-03-10", None),  # the last day of entry is the same
    ],
)
def test_an_entry_is_not_projected_before_what_is_recorded_of_the_period_before(label: str, date: str, entry: str | None) -> None:
    found = made(BY_EVENT, Record(label, day(date), period="a"), events=(("relapse", "2025-02-10"),))
    assert found.periods[1].start == (day(entry) if entry else None)
    assert found.transitions[0].status == ("projected" if entry else "refused")
    assert all("X: -" not in note for note in notes(found, "gap"))


LAST_DOSE = """products: {X: {}}
periods:
  a: {length: 8 weeks, visits: [{at: "D1, D29, D57", give: X 500 mg}ASSESS]}
  b: {length: 4 weeks, visits: [{at: FIRST, give: X 300 mg}, {at: "D1, D29", assess: EDSS}]}
transitions:
  - {id: c, from: a, to: b, after: end of a, within: WITHIN}
"""


def last_dose(within: str, first: str, *records: Record, assess: str = "", **more: Any) -> Plan:
    """A plan of a period with a dose on its last day, 2025-03-03, and one behind it with a dose on the day `first`."""
    text = LAST_DOSE.replace("ASSESS", assess).replace("FIRST", first).replace("WITHIN", within)
    return made(text, *records, **more)


@pytest.mark.parametrize("assess", ["", ", {at: D57, assess: MRI}"])
@pytest.mark.parametrize(
    ("within", "first", "entry", "given"),
    [
        ("2 weeks", "D8", "2025-03-04", 4),
        ("2 weeks", "D1", "2025-03-04", 4),
        ("1 day", "D1", "2025-03-04", 4),
        ("not stated", "D1", "2025-03-04", 4),
        ("1 to 14 days", "D1", "2025-03-04", 4),
        ("0 days", "D8", "2025-03-03", 4),
        ("0 days", "D1", "2025-03-03", 3),
    ],
)
def test_a_projected_entry_takes_no_dose_away_in_silence(within: str, first: str, entry: str, given: int, assess: str) -> None:
    found = last_dose(within, first, assess=assess)
    assert found.periods[1].start == day(entry)
    assert sum(len(v.administrations) for v in found.visits) == given
    assert found.visits[-1].target == day(entry) + dt.timedelta(28)
    lost = "the dose of a/D57 on 2025-03-03 Mon falls away: projected entry into b on 2025-03-03 Mon, the last day allowed"
    assert notes(found, "lost-dose") == ([lost] if given == 3 else [])
    assert [(dose.visit, dose.date) for dose in found.lost] == ([("a/D57", day("2025-03-03"))] if given == 3 else [])


@pytest.mark.parametrize(
    ("record", "within", "entry"),
    [
        (done("D57", "2025-03-03"), "2 weeks", "2025-03-04"),
        (done("D57", "2025-03-03"), "0 days", "2025-03-03"),  # as it was planned
        (done("D57", "2025-02-28"), "2 weeks", "2025-03-03"),
        (done("D57", "2025-03-03", status="missed"), "2 weeks", "2025-03-03"),
        (done("D57", "2025-03-03", status="booked"), "2 weeks", "2025-03-04"),
        (done("D57", "2025-03-03", status="booked"), "0 days", "2025-03-03"),
        (done("D57", "2025-03-05", status="booked"), "2 weeks", "2025-03-06"),
    ],
)
def test_what_is_written_down_of_the_last_dose_decides(record: Record, within: str, entry: str) -> None:
    found = last_dose(within, "D8", record)
    assert (found.periods[1].start, found.transitions[0].status) == (day(entry), "projected")
    assert notes(found, "lost-dose") == []
    assert len([v for v in found.visits if v.administrations]) == 4  # one that was missed is in the plan as well


def test_an_entry_that_is_recorded_on_the_day_of_a_dose_takes_it_and_says_so() -> None:
    found = last_dose("2 weeks", "D8", entered=(Entered("b", day("2025-03-03")),))
    assert notes(found, "lost-dose") == ["the dose of a/D57 on 2025-03-03 Mon falls away: entry into b on 2025-03-03 Mon"]


@pytest.mark.parametrize(
    ("relapse", "within", "entry", "days"),
    [
        (None, "2 weeks", "2025-03-04", 5),
        (None, "0 days", "2025-03-03", 5),
        ("2025-03-01", "2 weeks", "2025-03-01", 2),  # an event takes the subject out of the period, and its doses end there
        ("2025-03-01", "0 days", "2025-03-01", 2),
    ],
)
def test_an_entry_waits_for_the_last_day_of_a_course(relapse: str | None, within: str, entry: str, days: int) -> None:
    text = LAST_DOSE.replace("ASSESS", "").replace("FIRST", "D8").replace("X 500 mg}", "X 500 mg daily}")
    text = text.replace("D1, D29, D57", "D1, D53 to D57") + "  - {id: r, from: a, to: b, after: relapse, within: WITHIN}\n"
    found = made(text.replace("WITHIN", within), events=(("relapse", relapse),) if relapse else ())
    course = next(v for v in found.visits if v.label.startswith("D53"))
    assert found.periods[1].start == day(entry)
    assert course.target is not None and course.last == course.target + dt.timedelta(days - 1)


WASHOUT = """products: {X: {}}
periods:
  a: {length: 4 weeks, visits: [{at: "D1, D15", give: X 500 mg}]}
  washout: {length: 4 weeks}
  b: {visits: [{at: "D1, D15", give: X 500 mg}]}
transitions:
  - {id: out, from: a, to: washout, after: end of a, within: 0 days}
  - {id: on, from: washout, to: b, after: end of washout, within: WITHIN}
"""


@pytest.mark.parametrize(
    ("within", "first", "last"),
    [
        ("0 days", "2025-03-03", "2025-03-03"),
        ("3 days", "2025-03-03", "2025-03-06"),
        ("0 to 3 days", "2025-03-03", "2025-03-06"),
        ("28 to 31 days", "2025-03-31", "2025-04-03"),
        ("1 to 2 months", "2025-04-03", "2025-05-03"),
    ],
)
def test_an_entry_on_the_day_itself_or_not_before_some_after_a_period_without_visits(within: str, first: str, last: str) -> None:
    text = WASHOUT.replace("WITHIN", within)
    found = made(text)
    assert [(p.period, p.start) for p in found.periods] == [("a", START), ("washout", day("2025-02-03")), ("b", day(first))]
    assert [(m.earliest, m.latest) for m in found.transitions] == [(day("2025-02-03"),) * 2, (day(first), day(last))]
    assert [v.id for v in found.visits] == ["a/D1", "a/D15", "b/D1", "b/D15"]
    for entry, status in ((first, "entry"), (last, "entry"), (str(day(last) + dt.timedelta(1)), "deviation")):
        entered = (Entered("washout", day("2025-02-03")), Entered("b", day(entry)))
        assert [note.code for note in made(text, entered=entered).notes if note.code in ("entry", "deviation")] == ["entry", status]


def test_a_visit_that_fell_away_is_explained_by_its_name() -> None:
    asked = (*BAT, "--on", "study_stop=2025-07-02", "--explain")
    for name in ("D182", "rcp/D182", "W26D7"):
        assert output(*asked, name) == output(*asked, "D182", "--cancelled")
    assert "4. cancelled: the study stopped" in output(*asked, "D182").replace("  ", " ")
    assert "rcp/D182" not in output(*asked, "all")


def test_cancelled_visits_are_listed_when_asked() -> None:
    made = plan(*BAT, *STOP, "--cancelled")
    assert dates(made)["rcp/D182"] == ("2025-07-06", "cancelled")
    assert [v["administrations"] for v in made["visits"] if v["id"] == "rcp/D182"] == [[]]
    [note] = [n for n in made["notes"] if n["code"] == "cancelled"]
    assert note == {
        "code": "cancelled", "message": "the study stopped on 2025-07-02 Wed, and rule stop leads out of rcp", "visits": ["rcp/D182"]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "total"),
    [(None, 5500), ("2025-01-07", 10000), ("2025-06-23", 10000), ("2025-06-24", 9500), ("2025-07-07", 9500), ("2025-07-08", 9000),
     ("2026-07-06", 8500), ("2029-01-01", 6000), ("2029-01-02", 5500)],
)  # fmt: skip
def test_escalation_raises_from_the_next_dose_and_not_before_w25d1(day: str | None, total: int) -> None:
    asked = ("plan", "--regimen", "mil62-phase1b", "--arm", "500mg", "--start", "2025-01-06")
    made = plan(*asked, *(("--on", f"escalated={day}") if day else ()))
    assert made["visits"][-1]["administrations"][0]["cumulative"] == total
    assert plan(*asked[:4], "1000mg", *asked[5:], "--on", "escalated=2025-06-23")["visits"][-1]["administrations"][0]["cumulative"] == 11000


# --- what is refused ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--on", "relapse"), "error: `--on relapse` has no date\nhint: write for example `--on relapse=2025-07-02`"),
        (("--on", "relapse=10/6/2025"),
         "error: `--on relapse=10/6/2025` is not a date\nhint: day and month cannot be told apart; write it as YYYY-MM-DD"),
        (("--on", "relaps=2025-06-10"), "error: unknown event `relaps`\nhint: did you mean `relapse`?"),
        (("--on", "relapse=2025-01-05"),
         "error: `relapse` on 2025-01-05 is before day 1, 2025-01-06\nhint: events count from day 1 on; check the dates"),
        (("--on", "relapse_confirmed=2025-06-10"),
         "error: `relapse_confirmed` on 2025-06-10 answers no relapse\nhint: add the relapse, with its date of diagnosis"),
        (("--on", "withdrawn=2025-06-10", "--on", "withdrawn=2025-06-11"), "error: `withdrawn` is given twice\nhint: keep one of them"),
        (("--on", "idmc_stop=2025-06-10", "--on", "idmc_stop=2025-06-11"),
         "error: `--on idmc_stop` is given twice\nhint: keep one of them"),
        (("--enter", "olp"), "error: `--enter olp` has no date\nhint: write for example `--enter olp=2025-07-02`"),
        (("--enter", "rcp=2025-06-10"),
         "error: `--enter rcp` is not a later period of this plan\nhint: periods that are entered later: `olp`"),
        (("--enter", "olp=2025-01-01"), "error: the entry into `olp` on 2025-01-01 is before day 1, 2025-01-06\nhint: check the dates"),
        (("--on", "withdrawn=2025-06-10", "--enter", "olp=2026-01-05"),
         "error: entry on 2026-01-05 Mon comes after `withdrawn` of 2025-06-10 Tue\nhint: check the dates"),
        (("--on", "declined=2025-12-20", "--enter", "olp=2026-01-12"),
         "error: entry on 2026-01-12 Mon, and declined on 2025-12-20 Sat\nhint: keep one of the two; `--allow-deviation` lets both stand"),
        (("--on", "study_stop=2025-01-05"),
         "error: day 1, 2025-01-06 Mon, is after the study stopped, 2025-01-05 Sun\n"
         "hint: check the dates; `--allow-deviation` lets it stand"),
        (("--on", "rcp_completed=9999-12-31"),
         "error: a period or an entry falls outside the years 1 to 9999\nhint: check the dates"),
        (("--explain", "D183"), "error: `--explain D183` is not a visit of this plan\nhint: did you mean `D182`?"),
        (("--explain", "D182", "--format", "json"),
         "error: `--explain` is for people; JSON has the steps of every visit\nhint: leave `--explain` or the format out"),
        (("--country", "XX"), "error: `--country`: unknown country `XX`\nhint: write its ISO code, for example `CN`, `DE` or `US`"),
        (("--on", "relapse=2025-06-10", "--on", "relapse_confirmed=2025-06-12", "--on", "relapse_rejected=2025-06-12"),
         "error: the relapse of 2025-06-10 is confirmed and rejected on the same day\nhint: keep one of the two decisions"),
    ],
)  # fmt: skip
def test_wrong_events_and_entries(arguments: tuple[str, ...], text: str) -> None:
    assert errors(*BAT, *arguments) == text + "\n"
