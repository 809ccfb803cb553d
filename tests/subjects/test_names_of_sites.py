"""Tables that name visits as a site does: by names that the study file declares, and unscheduled visits that keep theirs."""

from __future__ import annotations

import json
from pathlib import Path

from nmosd_dosing import Record
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.study.visit_names import is_unscheduled
from tests.kit.command import dosing, errors, output
from tests.kit.dates import START
from tests.kit.recorded import checked, notes_of, on, planned, table

# Shaped like the tables of subject visits that are exchanged: in capitals, by weeks from the baseline, unscheduled ones numbered.
STUDY = """
language: 1
study: pilot
title: A fictional trial whose sites name visits by weeks
source: made up for this test
days: from 1
products: {X: {route: oral}}
periods:
  treatment:
    window: ±3d
    visits:
      - {at: D-14 to D-8, also called: Screening 1, assess: eligibility}
      - {at: D-7 to D-1, also called: Screening 2, assess: ECG}
      - {at: D1 ±0d, name: First dose, also called: Baseline, give: X 54 mg}
      - at: W3D1, W5D1, W7D1, W9D1, W13D1, W17D1, W21D1, W25D1
        also called:
          {W3D1: Week 2, W5D1: Week 4, W7D1: Week 6, W9D1: Week 8, W13D1: Week 12, W17D1: Week 16, W21D1: Week 20, W25D1: Week 24}
        give: X 54 mg
      - {at: W27D1, also called: [Week 26, End of treatment], assess: final evaluation}
      - {at: D36, also called: ambul ecg placement, assess: ambulatory ECG}
      - {at: D37, also called: Ambul ECG Removal, assess: ambulatory ECG}
      - {at: not stated, name: Retrieval, assess: retrieval}
"""
ROWS = (
    ("SCREENING 1", "2024-12-24", "treatment/D-14 to D-8", "in-window"), ("SCREENING 2", "2025-01-02", "treatment/D-7 to D-1", "in-window"),
    ("BASELINE", "2025-01-06", "treatment/D1", "in-window"), ("WEEK 2", "2025-01-21", "treatment/W3D1", "in-window"),
    ("UNSCHEDULED 3.1", "2025-01-27", "UNSCHEDULED 3.1", "unscheduled"), ("WEEK 4", "2025-02-07", "treatment/W5D1", "late"),
    ("AMBUL ECG PLACEMENT", "2025-02-11", "treatment/D36", "in-window"), ("AMBUL ECG REMOVAL", "2025-02-13", "treatment/D37", "in-window"),
    ("WEEK 6", "2025-02-13", "treatment/W7D1", "early"), ("WEEK 8", "2025-03-03", "treatment/W9D1", "in-window"),
    ("UNSCHEDULED 8.2", "2025-03-10", "UNSCHEDULED 8.2", "unscheduled"), ("WEEK 12", "2025-03-31", "treatment/W13D1", "in-window"),
    ("WEEK 16", "2025-04-29", "treatment/W17D1", "in-window"), ("WEEK 20", "2025-05-24", "treatment/W21D1", "in-window"),
    ("WEEK 24", "2025-06-23", "treatment/W25D1", "in-window"), ("WEEK 26", "2025-07-09", "treatment/W27D1", "in-window"),
    ("RETRIEVAL", "2025-07-20", "treatment/Retrieval", "no-window"),
)  # fmt: skip


def pilot(folder: Path) -> tuple[str, ...]:
    (folder / "pilot.yaml").write_text(STUDY, encoding="utf-8")
    return "--regimen", str(folder / "pilot.yaml"), "--start", str(START)


def test_every_visit_of_a_table_of_subject_visits_is_found_and_its_window_checked(folder: Path) -> None:
    rows = "".join(f"{visit},{date}\n" for visit, date, *_ in ROWS)
    told = checked(*pilot(folder), *table(f"visit,date\n{rows}"))
    assert {visit: message.split(":")[0] for visit, message in told.items()} == {id: verdict for *_, id, verdict in ROWS}


def test_the_names_are_shown_and_are_names_on_the_command_line(folder: Path) -> None:
    asked = pilot(folder)
    page = output("show", asked[1])
    assert "also called  Baseline\n" in page
    assert "also called  W3D1: Week 2; W5D1: Week 4; W7D1: Week 6;" in page
    assert "also called  Week 26; End of treatment\n" in page
    assert "\ntreatment/W27D1: 2025-07-07 Mon" in dosing("plan", *asked, "--explain", "end of  treatment").stdout
    assert checked(*asked, "--visit", "Week 20=2025-05-24")["treatment/W21D1"].startswith("in-window")
    wrong = errors("plan", *asked, *table("visit,date\nWEEK 22,2025-06-01\nWEEK 3,2025-01-21\ntwelve,2025-03-31\n"))
    assert [line for line in wrong.splitlines() if line.startswith(("error", "hint"))] == [
        "error: unknown visit `WEEK 22`", "hint: did you mean `Week 2`, `Week 26` or `Week 24`?",
        "error: `WEEK 3` is ambiguous where days count from 1: 3 weeks elapsed, or week number 3",
        "hint: write `treatment/W3D1` if that is meant, or say in the study file which it is: `also called: WEEK 3`",
        "error: unknown visit `twelve`",
        "hint: visits are `D-14 to D-8`, `D-7 to D-1`, `D1`, `W3D1`, `W5D1`, `D36`, `D37`, `W7D1` and so on; one that is not planned is "
        "`unscheduled`; what else sites call a visit stands in the study file, as `also called`",
    ]  # fmt: skip


def test_a_name_holds_whatever_the_arm_and_visits_of_different_arms_may_share_one() -> None:
    head = "language: 1\nstudy: n\ntitle: N\nsource: me\ndays: from 1\nproducts: {X: {}}\narms: [a, b]\nperiods: {main: {visits: ["
    shared = "{at: D8, arms: a, also called: Visit 2, give: X 1 mg}, {at: D9, arms: b, also called: VISIT 2, give: X 1 mg}]}}"
    read_study_text(head + shared)


def test_what_says_that_it_is_not_planned_is_unscheduled() -> None:
    said = (
        "unscheduled", "Unscheduled", "UNSCHEDULED 4.1", "Unscheduled visit", "Unscheduled Visit 2", "unscheduled 12a", "Unsched. 3",
        "UNSCHEDULED  #2", "unplanned visit", "计划外", "计划外访视", "计划外访视 2", "计划外 1", "非计划访视",
    )  # fmt: skip
    others = (
        "D1",
        "scheduled",
        "unscheduled (day not stated)",
        "Unscheduled MRI",
        "not unscheduled",
        "UNS",
        "计划",
        "访视 2",
        "unscheduled/2",
    )
    assert [name for name in said if not is_unscheduled(name)] == []
    assert [name for name in others if is_unscheduled(name)] == []
    assert on("UNSCHEDULED 4.1", "2025-01-06").is_unscheduled
    assert not Record("D1", START).is_unscheduled


def test_an_unscheduled_visit_keeps_its_name(folder: Path) -> None:
    asked = pilot(folder)
    rows = (
        "visit,date,status,product\nUNSCHEDULED 4.1,2025-02-20,,X\nUnscheduled 4.2,2025-02-20,,\nunscheduled,2025-02-21,,\n"
        "计划外访视 2,2025-02-24,,\nunscheduled  4.1,2025-02-20,,paracetamol\nUNSCHEDULED 9,2099-01-05,booked,\n"
    )
    made = planned(*asked, *table(rows))
    assert [(v["id"], v["label"], v["status"]) for v in made["unscheduled"]] == [
        ("treatment/UNSCHEDULED 4.1 2025-02-20", "UNSCHEDULED 4.1", "done"),
        ("treatment/Unscheduled 4.2 2025-02-20", "Unscheduled 4.2", "done"),
        ("treatment/unscheduled 2025-02-21", "unscheduled", "done"),
        ("treatment/计划外访视 2 2025-02-24", "计划外访视 2", "done"),
        ("treatment/UNSCHEDULED 9 2099-01-05", "UNSCHEDULED 9", "booked"),
    ]
    assert [note.split(";")[0] for note in notes_of(made, "unscheduled")] == [
        "UNSCHEDULED 4.1 on 2025-02-20 Thu, which is not planned", "Unscheduled 4.2 on 2025-02-20 Thu, which is not planned",
        "unscheduled  4.1 on 2025-02-20 Thu, which is not planned", "a visit on 2025-02-21 Fri that is not planned",
        "计划外访视 2 on 2025-02-24 Mon, which is not planned",
    ]  # fmt: skip
    assert "UNSCHEDULED 9, which is not planned, is booked for 2099-01-05 Mon" in notes_of(made, "booked")
    found = json.loads(dosing("check", *asked, *table(rows), "--as-of", "2025-03-01", "--format", "json").stdout)["findings"]
    assert [f["visit"] for f in found if f["verdict"] == "unscheduled"] == [
        "UNSCHEDULED 4.1", "Unscheduled 4.2", "unscheduled  4.1", "unscheduled", "计划外访视 2", "UNSCHEDULED 9",
    ]  # fmt: skip
