"""May she come on Thursday? A verdict for each day, why, and what follows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from nmosd_dosing import Event, InputError, Record, Slots, Study, Subject, Weight, Window, load, slots
from nmosd_dosing.checks.slots import slots_of
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import Workdays, open_days
from tests.kit.dates import START, day

DOSED = Record("rcp/D1", START)
FILE = """\
language: 1
study: m
title: M
source: me
days: from 1
products: {{X: {{{product}}}}}
periods:
  main:
    length: 24 weeks
    window: ±4d
{period}    visits:
      - {{at: {at}, give: X {dose}, assess: MRI{more}}}
spans: {{c: {{title: Contraception, from: first dose, to: last dose + 6 months}}}}
"""


def study(
    product: str = "", period: str = "", at: str = "'D1, D29, D57, D85'", dose: str = "500 mg", more: str = ""
) -> Study:  # fmt: skip
    return read_study_text(FILE.format(product=product, period=period, at=at, dose=dose, more=more))[0]


def ask(of: Study, *records: Record, visit: str | None = "D29", as_of: str = "2025-01-07", on: str | None = None, **more: Any) -> Slots:
    subject = Subject(START, "0103", records=records, **{k: more.pop(k) for k in ("events", "weights", "weight_kg") if k in more})
    return slots(of, subject, visit, as_of, on=day(on) if on else None, **more)


def table(found: Slots) -> list[tuple[str, str, str]]:
    return [(str(slot.date)[5:], slot.verdict, "; ".join(slot.reasons)) for slot in found.days]


def follows(found: Slots) -> list[str]:
    assert found.asked is not None
    moved = [f"{m.visit}: {m.before} -> {m.after}" for m in found.asked.then]
    return [*moved, *found.asked.follows]


def test_the_days_of_a_window() -> None:
    found = ask(load("bat4406f"), DOSED, visit="D182", as_of="2025-07-01", window=Window(3, 3), on="2025-07-10")
    assert (found.subject, found.visit, str(found.target), str(found.earliest), str(found.latest)) == (
        "0103", "rcp/D182", "2025-07-06", "2025-07-03", "2025-07-09",
    )  # fmt: skip
    assert table(found) == [
        ("07-03", "open", "3 days before the target"),
        ("07-04", "open", "2 days before the target"),
        ("07-05", "closed", "1 day before the target; on a Saturday"),
        ("07-06", "closed", "on the target; on a Sunday"),
        ("07-07", "open", "1 day after the target"),
        ("07-08", "open", "2 days after the target"),
        ("07-09", "open", "3 days after the target"),
    ]
    assert found.asked is not None
    assert (found.asked.verdict, found.asked.reasons) == ("too-late", ("1 day after the last day, 2025-07-09 Wed",))


def test_without_a_window_only_the_target_is_listed() -> None:
    found = ask(load("bat4406f"), DOSED, visit="D182", as_of="2025-07-01", on="2025-08-28")
    assert table(found) == [("07-06", "closed", "on the target; no window is stated; on a Sunday")]
    assert found.notes == ("the source states no window: only the target is listed",)
    assert found.asked is not None and found.asked.verdict == "open"


def test_a_first_day_of_a_later_period_has_the_days_of_its_entry() -> None:
    found = ask(load("bat4406f"), DOSED, visit="olp/D1", as_of="2025-12-01", on="2026-01-12")
    assert [found.days[0].date, found.days[-1].date] == [day("2026-01-05"), day("2026-01-19")]
    assert follows(found)[:2] == ["olp/D1+6mo: 2026-07-05 -> 2026-07-12", "olp/D1+12mo: 2027-01-05 -> 2027-01-12"]
    assert "gap: BAT4406F: 190 days from rcp/D182 (2025-07-06 Sun) to the first dose of olp (2026-01-12 Mon)" in follows(found)


def test_before_an_entry_that_is_not_decided_no_day_is_known() -> None:
    relapse = Event("relapse", day("2025-06-10"))
    found = ask(load("bat4406f"), DOSED, visit="olp/D1", as_of="2025-06-12", on="2025-06-20", events=(relapse,))
    open_ = "no day is known: relapse 2025-06-10 Tue: the decision is open; entry until 2025-07-08 Tue"
    assert (found.days, found.target, found.notes) == ((), None, (open_,))
    assert found.asked is not None
    assert (found.asked.verdict, found.asked.reasons) == ("not-allowed", ("no entry into olp is recorded", open_))


def test_after_an_exit_nothing_is_allowed() -> None:
    left = Event("withdrawn", day("2025-02-01"))
    with pytest.raises(InputError, match="`main/D29` is cancelled: withdrawn on 2025-02-01 Sat"):
        ask(study(), Record("D1", START), as_of="2025-02-01", events=(left,))
    left = Event("withdrawn", day("2025-02-04"))
    found = ask(study(), Record("D1", START), as_of="2025-02-04", events=(left,))
    assert [(date, verdict) for date, verdict, _ in table(found)][-3:] == [
        ("02-05", "not-allowed"),
        ("02-06", "not-allowed"),
        ("02-07", "not-allowed"),
    ]
    assert table(found)[-1][2] == "after withdrawn on 2025-02-04 Tue"


def test_a_day_is_too_close_to_the_dose_before_or_to_the_next() -> None:
    of = study("minimum gap: 26 days")
    before = table(ask(of, Record("D1", START)))
    assert before[:2] == [
        ("01-30", "gap", "2 days before the first day, 2025-02-01 Sat; X 24 days after the dose before, on 2025-01-06 Mon; "
                         "the minimum gap is 26 days"),
        ("01-31", "gap", "1 day before the first day, 2025-02-01 Sat; X 25 days after the dose before, on 2025-01-06 Mon; "
                         "the minimum gap is 26 days"),
    ]  # fmt: skip
    after = table(ask(of, Record("D1", START), Record("D57", day("2025-03-01"), "booked")))
    assert [verdict for _, verdict, _ in after] == ["gap", "gap", "closed", "closed", "open", "gap", "gap", "gap", "gap"]
    assert after[5][2] == "1 day after the target; main/D57: X 25 days after the dose before, on 2025-02-04 Tue; the minimum gap is 26 days"


def test_of_a_dose_that_is_only_planned_the_first_day_counts() -> None:
    found = table(ask(study("minimum gap: 28 days"), Record("D1", START), visit="D57"))
    assert found[0][1:] == (
        "gap",
        "4 days before the first day, 2025-03-03 Mon; "
        "minimum gap of X, 28 days, after main/D29, at the earliest on 2025-02-03 Mon: not before 2025-03-03 Mon",
    )


@pytest.mark.parametrize(
    ("date", "verdict", "why"),
    [
        ("2025-01-26", "open", "2 days before the target; open, though on a weekend"),  # a make-up working day
        ("2025-01-28", "closed", "on the target; public holiday: Chinese New Year's Eve"),
        ("2025-01-31", "closed", "3 days after the target; public holiday: Chinese New Year (Spring Festival)"),
    ],
)
def test_holidays_and_make_up_days_of_a_country(date: str, verdict: str, why: str) -> None:
    found = ask(study(at="'D1, D23'"), Record("D1", START), visit="D23", on=date, workdays=open_days("CN"))
    assert found.asked is not None
    assert (found.asked.verdict, "; ".join(found.asked.reasons)) == (verdict, why)


def test_the_days_of_the_site_beat_the_weekend() -> None:
    site = Workdays(None, closed=frozenset({day("2025-02-03")}), open=frozenset({day("2025-02-01")}))
    found = {date: (verdict, why) for date, verdict, why in table(ask(study(), Record("D1", START), workdays=site))}
    assert found["02-01"] == ("open", "2 days before the target; open, though on a weekend")
    assert found["02-03"] == ("closed", "on the target; closed at the site")


def test_a_year_without_a_calendar_is_projected() -> None:
    asked = dt.date(2055, 2, 2)
    found = slots(study(), Subject(dt.date(2055, 1, 4)), "D29", "2055-01-05", workdays=open_days("CN"), on=asked)
    assert found.asked is not None
    assert found.notes[-1] == found.asked.reasons[-1] == "the calendar of 2055 is not published yet: projected"


# --- what follows -------------------------------------------------------------------------------------------------------


def test_later_visits_move_where_the_study_says_so() -> None:
    of = study(at="'D1, then every 4 weeks until D85'", more=", counted from: previous dose")
    assert follows(ask(of, Record("D1", START), on="2025-02-05")) == [
        "main/D57: 2025-03-03 -> 2025-03-05",
        "main/D85: 2025-03-31 -> 2025-04-02",
        "Contraception: to 2025-10-02 Thu, was to 2025-09-30 Tue",
    ]


def test_day_1_moves_everything() -> None:
    found = ask(load("bat4406f"), visit="rcp/D1", as_of="2025-01-02", on="2025-01-08")
    assert found.asked is not None and found.asked.verdict == "open"
    assert found.asked.reasons == ("2 days after the target; no window is stated", "this will be day 1, planned was 2025-01-06 Mon")
    said = follows(found)
    assert said[0] == "rcp/D182: 2025-07-06 -> 2025-07-08"
    assert "entry into olp: from 2026-01-07 Wed to 2026-01-21 Wed, was from 2026-01-05 Mon to 2026-01-19 Mon" in said
    assert "Screening: from 2024-12-11 Wed to 2025-01-07 Tue, was from 2024-12-09 Mon to 2025-01-05 Sun" in said


def test_before_what_has_happened_there_is_no_day_1() -> None:
    relapse = Event("relapse", day("2025-01-07"))
    found = ask(load("bat4406f"), visit="rcp/D1", as_of="2025-01-08", on="2025-01-09", events=(relapse,))
    assert found.asked is not None
    why = "`relapse` on 2025-01-07 is before day 1, 2025-01-09, the first dose as recorded or booked; planned was 2025-01-06"
    assert (found.asked.verdict, found.asked.reasons) == ("not-allowed", (why,))


def test_a_gap_that_moves_the_next_dose_is_told() -> None:
    found = follows(ask(study("minimum gap: 26 days"), Record("D1", START), on="2025-02-06"))
    assert found[0] == "main/D57: allowed from 2025-03-04 Tue to 2025-03-07 Fri, was from 2025-02-27 Thu to 2025-03-07 Fri"


def test_another_appointment_that_it_makes_too_late_is_told() -> None:
    of = study(at="'D1, then every 4 weeks until D85'", more=", counted from: previous dose")
    found = follows(ask(of, Record("D1", START), Record("D57", day("2025-03-10"), "booked"), on="2025-01-31"))
    assert "main/D57: booked for 2025-03-10 Mon: 6 days after the last day, 2025-03-04 Tue" in found


def test_which_weight_a_dose_is_by_hangs_on_its_day() -> None:
    of, heavier = study(dose="10 mg/kg"), Weight(day("2025-02-04"), 66)
    found = ask(of, Record("D1", START), as_of="2025-02-04", on="2025-02-05", weight_kg=60, weights=(heavier,))
    assert "main/D29: X 660 mg, by 66 kg of 2025-02-04 Tue, was 600 mg, by 60 kg at baseline" in follows(found)


def test_a_gap_for_which_there_is_a_rule_is_told() -> None:
    of = study(period="    if gap: [{of: more than 4 weeks, then: hold}]\n")
    found = follows(ask(of, Record("D1", START), on="2025-02-05"))
    assert any(words.startswith("gap-clock: from 2025-02-04 Tue on, a dose comes more than 4 weeks after") for words in found)


# --- which visit --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("records", "as_of", "visit"),
    [
        ((), "2025-01-06", "main/D1"),
        ((), "2025-01-10", "main/D1"),
        ((), "2025-01-11", "main/D29"),
        ((Record("D1", START),), "2025-02-07", "main/D29"),
        ((Record("D1", START),), "2025-02-08", "main/D57"),  # overdue is not open
        ((Record("D1", START), Record("D29", day("2025-02-10"), "booked")), "2025-02-08", "main/D29"),
        ((Record("D1", START), Record("D29", day("2025-02-03"), "missed")), "2025-02-04", "main/D57"),
    ],
)
def test_the_next_visit(records: tuple[Record, ...], as_of: str, visit: str) -> None:
    assert ask(study(), *records, visit=None, as_of=as_of).visit == visit


@pytest.mark.parametrize("name", ["D29", "main/D29", "W5D1"])
def test_a_visit_is_named_as_in_a_record(name: str) -> None:
    assert ask(study(), visit=name).visit == "main/D29"


def test_an_appointment_that_there_is_gives_way() -> None:
    plain = ask(study(), Record("D1", START))
    booked = ask(study(), Record("D1", START), Record("D29", day("2025-02-05"), "booked"))
    assert (booked.booked, booked.days, booked.target) == (day("2025-02-05"), plain.days, plain.target)
    assert booked.notes == ("booked for 2025-02-05 Wed: the days are judged as though it were not",)
    moved = slots(load("bat4406f"), Subject(START, records=(Record("rcp/D1", day("2025-01-08")),)), "rcp/D1", "2025-01-02")
    assert (moved.target, moved.booked) == (START, day("2025-01-08"))


def test_a_visit_that_was_missed_may_have_a_new_day() -> None:
    missed = Record("D29", day("2025-02-03"), "missed")
    assert ask(study(), Record("D1", START), missed, as_of="2025-02-04", on="2025-02-05").asked.verdict == "open"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("visit", "records", "as_of", "wrong"),
    [
        ("D1", (Record("D1", START),), "2025-01-07",
         "error: `main/D1` is recorded: done on 2025-01-06 Mon\nhint: `check` says whether that day was in its window"),
        ("D30", (), "2025-01-07",
         "error: unknown visit `D30`\nhint: visits are `D1`, `D29`, `D57`, `D85`; one that is not planned is `unscheduled`; "
         "what else sites call a visit stands in the study file, as `also called`"),
        ("unscheduled", (), "2025-01-07",
         "error: `unscheduled` is not planned, so no day of it is known\nhint: name a visit of the plan"),
        (None, (), "2025-12-31",
         "error: no visit is open on 2025-12-31 Wed or later\nhint: every visit is recorded, cancelled, or was to be before then"),
    ],
)  # fmt: skip
def test_what_is_no_visit_to_ask_about(visit: str | None, records: tuple[Record, ...], as_of: str, wrong: str) -> None:
    with pytest.raises(InputError) as refused:
        ask(study(), *records, visit=visit, as_of=as_of)
    assert str(refused.value) == wrong


def test_a_day_that_has_passed_says_so() -> None:
    found = ask(study(), Record("D1", START), as_of="2025-02-05")
    assert [slot.reasons[-1] == "this day has passed, as of 2025-02-05 Wed" for slot in found.days] == [True] * 6 + [False] * 3


def test_the_slots_of_one_of_several_are_those_of_that_one() -> None:
    people = tuple(Subject(START + dt.timedelta(days), code) for days, code in ((0, "A"), (9, "B"), (30, "C")))
    asked = Request(study(), None, people).known_by(day("2025-01-07"))[0].begun()
    for column, subject in enumerate(people):
        found, alone = slots_of(asked, column, "D57", day("2025-01-07")), slots(study(), subject, "D57", "2025-01-07")
        assert (found.subject, found.target, table(found)) == (subject.code, alone.target, table(alone))
