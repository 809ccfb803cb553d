"""Subjects, events, arms and records together: what each cell may be, what is wrong, and the subjects that they make."""

from __future__ import annotations

import datetime as dt
import pickle
import random
from decimal import Decimal
from pathlib import Path

import pytest

from nmosd_dosing.errors import Problem
from nmosd_dosing.study.events import SUBJECT_EVENTS
from nmosd_dosing.subjects.subject import Entered, Event, Record, Subject
from nmosd_dosing.subjects.tables import roster
from tests.kit.command import errors
from tests.kit.tables import JANUARY, PEOPLE, allocation, events, records, refused, subjects

COLUMNS = ("subject", "period", "visit", "date", "status", "product", "amount", "unit", "weight_kg", "batch", "reason", "comment")


EVERY_COLUMN = "subject,start,weight_kg,height_cm,sex,age_years,site,study_version,consented,screened,randomised,screen_failed,enter_olp"
NAMED = 'the heading names the columns: subject,start; one that is called otherwise is said, `column start="…"`'
KILOGRAMS = 'only kilograms are read; if it holds them, call it `weight_kg`, or say so: `column weight_kg="…"`'
HEADINGS = [
    ("", [f"-: `s.csv` is empty; the first line names the columns: {EVERY_COLUMN}"]),
    ("subject,,start\n1,x,2025-01-06\n", ["s.csv:1:9: column 2 has no name; name it, or clear it"]),
    ("subject,strat\n1,2025-01-06\n", [
        "s.csv:1:9: unknown column `strat`; did you mean `start`?",
        f"s.csv:1:9: column `start` is missing; {NAMED}",
    ]),
    ("subject,start,wieght_kg\n1,2025-01-06,60\n", ["s.csv:1:15: unknown column `wieght_kg`; did you mean `weight_kg`?"]),
    ("subject,start,Weight\n1,2025-01-06,150\n", [
        f's.csv:1:15: unknown column `Weight`; {KILOGRAMS}',
    ]),
    ("受试者编号,首次给药日期,体重(斤)\n1,2025-01-06,150\n", [
        f's.csv:1:14: unknown column `体重(斤)`; {KILOGRAMS}',
    ]),
    ("subject,RFSTDTC,首次给药日期\n1,2025-01-06,2025-01-07\n", [
        's.csv:1:17: `RFSTDTC` and `首次给药日期` both mean `start` (the first s.csv:1:9); '
        'take one of the two out, or say which one it is: `column start="…"`',
    ]),
    ("subject,start,enter_opl\n", ["s.csv:1:15: unknown column `enter_opl`; did you mean `enter_olp`?"]),
    ("subject,start,start\n", ["s.csv:1:15: column `start` stands twice (the first s.csv:1:9); take one of the two out"]),
    ("subject|start\n", [
        "s.csv:1:1: unknown column `subject|start`; did you mean `subject`?",
        f"s.csv:1:1: column `subject` is missing; {NAMED.replace('start=', 'subject=')}",
        f"s.csv:1:1: column `start` is missing; {NAMED}",
    ]),
    ("subject;start\n1;2025-01-06;x\n", ["s.csv:2:1: 3 cells under 2 columns; a text with a semicolon stands in double quotes"]),
    ("1,2025-01-06\nsubject,start\n2,2025-01-06\n", [
        "s.csv:1:1: this row stands above the names of the columns; "
        "rows stand below the names of the columns: move it there, or take it out",
    ]),
    ('subject,start\n"a"b,2025-01-06\n', [
        "s.csv:2:1: a quotation mark in the middle of a cell, or without its partner; write it twice",
    ]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), HEADINGS)
def test_wrong_columns(text: str, expected: list[str]) -> None:
    assert refused(subjects, text, "olp") == expected


# Subjects.


def test_subjects_and_what_is_known_of_them() -> None:
    found = subjects("subject,start,weight_kg,height_cm,site,enter_olp\n2,2025-01-06,60.5,165.5,S1,2025/7/7\n1,2025-01-07,,,,\n", "olp")
    assert found == (
        Subject(JANUARY, "2", weight_kg=60.5, height_cm=165.5, site="S1", entered=(Entered("olp", dt.date(2025, 7, 7)),)),
        Subject(dt.date(2025, 1, 7), "1"),
    )
    place = found[0].entered[0].place
    assert place is not None and place.document.where(place) == "s.csv:2:28"


def test_every_wrong_cell_of_a_subject() -> None:
    wrong = "subject,start,weight_kg,height_cm,site,enter_olp\n" + "\n".join([
        "1,2025-01-06,60,1.65,,", "2,2025-01-06,60,29,,", "3,2025-01-06,60,\"165,5\",,", "4,2025-01-06,60,165.55,,",
        "5,2025-01-06,60,tall,a\u200bb,1/2/2025", "5,,,273,,2025-02-30", "6,2025-01-06,0,,,",
    ])  # fmt: skip
    assert refused(subjects, wrong, "olp") == [
        "s.csv:2:17: `1.65` cannot be a body height; write centimetres: `165`",
        "s.csv:3:17: `29` cannot be a body height; write centimetres, 30 to 272",
        "s.csv:4:18: `165,5` has a decimal comma; write `165.5`",
        "s.csv:5:17: `165.55` is finer than a millimetre; write `165.6`",
        "s.csv:6:17: `tall` is not a height; write centimetres as a plain number, for example `165` or `165.5`",
        "s.csv:6:22: `a\u200bb` holds a control character (U+200B); type the code again",
        "s.csv:6:26: `1/2/2025` is not a date with the year first; day and month cannot be told apart; write it as YYYY-MM-DD",
        "s.csv:7:1: subject `5` has two rows (the first s.csv:6:1); take one of the two out",
        "s.csv:7:5: `273` cannot be a body height; write centimetres, 30 to 272",
        "s.csv:7:10: `2025-02-30`: there is no such day; check the month and the day",
        "s.csv:8:14: `0` cannot be a body weight; write kilograms, more than 0 and at most 500",
    ]


def test_codes_that_look_the_same_are_the_same() -> None:
    assert refused(subjects, "subject,start\ncafe\u0301,2025-01-06\ncaf\u00e9,2025-01-06\n") == [
        "s.csv:3:1: subject `caf\u00e9` has two rows (the first s.csv:2:1); take one of the two out"
    ]


# Events and arms.


def test_events() -> None:
    found = events("subject,event,date\n0012,relapse,2025.3.4\n0012,relapse,2025-05-04\n0013,stable,2025年3月4日\n")
    assert [(code.text, event) for code, event in found] == [
        ("0012", Event("relapse", dt.date(2025, 3, 4))),
        ("0012", Event("relapse", dt.date(2025, 5, 4))),
        ("0013", Event("stable", dt.date(2025, 3, 4))),
    ]
    assert events("subject,event,date\n") == [], "nothing has happened yet"


def test_wrong_events() -> None:
    rows = [
        "1,relaps,2025-03-04",
        ",relapse,2025-03-04",
        "1,,2025-03-04",
        "1,stable,20250304",
        "1,died,2025-03-04",
        "1,died,2025/3/4",
        "2,died,",
        "2,died,",
    ]
    assert refused(events, "\n".join(["subject,event,date", *rows])) == [
        "e.csv:2:3: unknown event `relaps`; did you mean `relapse`?",
        "e.csv:3:1: no subject's code; every row needs one",
        f"e.csv:4:3: no event; write {', '.join(f'`{name}`' for name in list(SUBJECT_EVENTS)[:-1])} or `died`",
        "e.csv:5:10: `20250304` is not a date with the year first; write `2025-03-04`",
        "e.csv:7:3: `died` of subject `1` on 2025-03-04 stands twice (the first e.csv:6:3); take one of the two out",
        "e.csv:8:8, and 1 more: no date; write for example `2025-01-06`",
    ]


def test_arms() -> None:
    found = allocation("arm,subject\nplacebo,0012\nX,0013\n")
    assert [(code.text, arm.text, arm.place.document.where(arm.place)) for code, arm in found] == [
        ("0012", "placebo", "a.csv:2:1"),
        ("0013", "X", "a.csv:3:1"),
    ]
    assert refused(allocation, "subject,arm\n1,\n2,X\n2,X\n,Y\n,Y\n") == [
        "a.csv:2:3: no arm; every row needs one",
        "a.csv:4:1: subject `2` has two rows (the first a.csv:3:1); take one of the two out",
        "a.csv:5:1, and 1 more: no subject's code; every row needs one",
    ]


# Records of visits.


def test_a_full_record() -> None:
    [(code, record)] = records(",".join(COLUMNS) + '\n0012,olp,D1,2025-01-06,PARTIAL,X,412.50,mg,60.5,L7,late,"two\nlines"\n')
    assert code is not None and code.text == "0012"
    assert record == Record("D1", JANUARY, "partial", "olp", "X", Decimal("412.5"), "mg", 60.5, "L7", "late", "two lines")
    assert str(record.amount) == "412.50", "as it is written"
    assert record.place is not None and record.place.document.where(record.place) == "r.csv:2:1"


def test_the_least_record() -> None:
    assert records("visit,date\nunscheduled,2025-01-06\n") == [(None, Record("unscheduled", JANUARY))]
    assert records("visit,date\n") == []


def test_what_a_status_and_an_amount_may_be() -> None:
    numbers = ["1.23E4", "5e9", "1e0"]  # as a person types them; a spreadsheet writes `1.23E+04`, and may have dropped digits
    assert [float(r.amount or 0) for _, r in records("visit,date,amount,unit\n" + "".join(f"D1,2025-01-06,{n},U\n" for n in numbers))] == [
        12300, 5e9, 1,
    ]  # fmt: skip
    rows = ["D1,2025-01-06, done ,0,mg", "D2,2025-01-06,Missed,,", "D3,2025-01-06,withheld,0.000,mL", "D4,2025-01-06,,0.123456,g"]
    made = records("\n".join(["visit,date,status,amount,unit", *rows]))
    found = [(record.status, record.amount, record.unit) for _, record in made]
    assert found == [("done", Decimal(0), "mg"), ("missed", None, None), ("withheld", Decimal(0), "mL"), ("done", Decimal("0.123456"), "g")]


WRONG_RECORDS = {
    "D1,,,,,,": ["4: no date; write for example `2025-01-06`"],
    ",2025-01-06,,,,,": ["1: no visit; write its label, for example `D182`, or `unscheduled`"],
    "D1,2025-01-06,misst,,,,": ["15: unknown status `misst`; did you mean `missed`?"],
    "D1,2025-01-06,?,,,,": ["15: unknown status `?`; write `done`, `partial`, `missed`, `withheld` or `booked`"],
    'D1,2025-01-06,,"2,5",mg,,': ["17: `2,5` has a decimal comma; write `2.5`"],
    'D1,2025-01-06,,"1,000",mg,,': ["17: `1,000` has a decimal comma; write `1.0`, or `1000` if the comma is between thousands"],
    "D1,2025-01-06,,-5,mg,,": [
        "16: `-5` is not an amount; write a plain number, 0 or more, for example `500` or `0.25`; the unit has its own column"
    ],
    "D1,2025-01-06,,1.2E+08,cells,,": ["16: `1.2E+08` is shortened by a spreadsheet; write the number out, for example `120000000`"],
    "D1,2025-01-06,,0.1234567,mg,,": ["16: `0.1234567` has more than six decimals; write `0.123457`"],
    "D1,2025-01-06,,500,,,": [
        "16: `500` has no unit; write `mg`, `g`, `mcg`, `mL`, `cells`, `IU`, `U`, `tablets`, `capsules` or `puffs` in the column `unit`"
    ],
    "D1,2025-01-06,,,mg,,": ["17: `mg` without an amount; write the amount, or leave the unit out"],
    "D1,2025-01-06,,5,ml,,": ["18: unknown unit `ml`; did you mean `mL`?"],
    "D1,2025-01-06,Missed,500,mg,,": ["22: `500` was not given: the visit is `missed`; leave amount and unit out, or write `partial`"],
    "D1,2025-01-06,withheld,0.5,mg,,": ["24: `0.5` was not given: the visit is `withheld`; leave amount and unit out, or write `partial`"],
    'D1,2025-01-06,,,,"60,5",': ["19: `60,5` has a decimal comma; write `60.5`"],
    f"D1,2025-01-06,,,,,{'L' * 201}": [f"19: `{'L' * 39}…` has 201 characters; a code has at most 200"],
}


@pytest.mark.parametrize(("row", "expected"), WRONG_RECORDS.items())
def test_wrong_records(row: str, expected: list[str]) -> None:
    assert refused(records, f"visit,date,status,amount,unit,weight_kg,batch\n{row}\n") == [f"r.csv:2:{text}" for text in expected]


def test_a_record_without_its_subject() -> None:
    assert refused(records, "subject,visit,date\n,D1,2025-01-06\n") == ["r.csv:2:1: no subject's code; every row needs one"]


def test_a_roster() -> None:
    found = roster.roster(
        subjects(PEOPLE),
        events("subject,event,date\n0013,stable,2025-05-04\n0012,died,2025-03-04\n0013,relapse,2025-03-04\n"),
        allocation("subject,arm\n0013,X\n"),
        records("subject,visit,date\n0013,D15,2025-02-17\n0013,D1,2025-02-03\n"),
    )
    march, may = dt.date(2025, 3, 4), dt.date(2025, 5, 4)
    assert found == (
        Subject(JANUARY, "0012", events=(Event("died", march),)),
        Subject(dt.date(2025, 2, 3), "0013", "X", events=(Event("relapse", march), Event("stable", may)),
                records=(Record("D1", dt.date(2025, 2, 3)), Record("D15", dt.date(2025, 2, 17)))),
    )  # fmt: skip


def test_the_order_of_rows_does_not_matter() -> None:
    happened = [f"0012,{name},2025-03-{day:02}" for name in ("relapse", "stable") for day in (4, 5, 6)]
    given = [f"0012,D{day},2025-01-06,{product},{amount},mg" for day in (1, 2) for product in ("", "X", "Y") for amount in (0, 9, 10)]
    made = set()
    for seed in range(20):
        random.Random(seed).shuffle(happened)
        random.Random(seed).shuffle(given)
        found = roster.roster(
            subjects(PEOPLE),
            events("\n".join(["subject,event,date", *happened])),
            [],
            records("\n".join(["subject,visit,date,product,amount,unit", *given])),
        )
        made.add(found)
    assert len(made) == 1


def test_several_subjects_and_records_that_name_none() -> None:
    assert refused(roster.roster, subjects(PEOPLE), [], [], records("visit,date\nD1,2025-01-06\nD2,2025-01-07\n")) == [
        "r.csv:2:1: whose records these are is not said; add the column `subject`: there are several"
    ]


def test_one_subject_has_the_records_that_name_none() -> None:
    record = Record("D1", JANUARY)
    for subject in (Subject(JANUARY), Subject(JANUARY, "0012")):
        [found] = roster.roster([subject], [], [], records("visit,date\nD1,2025-01-06\n"))
        assert found.records == (record,)
    [found] = roster.roster([Subject(JANUARY, "0012")], [], [], records("subject,visit,date\n0012,D1,2025-01-06\n"))
    assert found.records == (record,)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (None, "this row is of `12`, and the plan is not said to be; add `subject 12`"),
        (
            "0012",
            "`12` is not the subject `0012`; did a spreadsheet take the zeros off `0012`?; "
            "write `0012`, in a column that is formatted as text",
        ),
    ],
)
def test_one_subject_and_records_of_another(code: str | None, expected: str) -> None:
    row = records("subject,visit,date\n12,D1,2025-01-06\n")
    assert refused(roster.roster, [Subject(JANUARY, code)], [], [], row) == [f"r.csv:2:1: {expected}"]


def test_one_subject_of_a_table_of_many() -> None:
    rows = records("subject,visit,date\nS8,D1,2025-01-05\nS9,D1,2025-01-06\n")
    [found] = roster.roster([Subject(JANUARY, "S9")], [], [], rows)
    assert found.records == (Record("D1", JANUARY),)


def test_two_arms_for_one_subject() -> None:
    assert refused(roster.roster, [Subject(JANUARY, "1", "X")], [], allocation("subject,arm\n1,Y\n"), []) == [
        "a.csv:2:3: subject `1` is in another arm here than was said before; leave one of the two out"
    ]
    assert roster.roster([Subject(JANUARY, "1", "X")], [], allocation("subject,arm\n1,X\n"), [])[0].arm == "X"


def test_a_hundred_problems_of_all_tables() -> None:
    row = records("subject,visit,date\n" + "".join(f"9{i},D1,2025-01-06\n" for i in range(150)) * 2)
    found = refused(roster.roster, subjects(PEOPLE), [], [], row)
    assert (len(found), found[0]) == (101, "-: 150 problems in the tables; the first 100 follow; None")
    assert found[1] == "r.csv:2:1, and 1 more: `90` is not a subject of this table; mend the code, or add a row to the table of subjects"


def test_rows_that_are_wrong_in_the_same_way_are_one_problem() -> None:
    rows = [("D1", "6/1/2025", "don"), ("", "", ""), ("D1", "6/1/2025", ""), ("", "2025-01-06", "don"), ("D2", "7/1/2025", "don")]
    text = "visit,date,status\n" + "".join(",".join(row) + "\n" for row in rows)
    told = "is not a date with the year first; day and month cannot be told apart; write it as YYYY-MM-DD"
    assert refused(records, text + "D1,2025-01-06\n" * 3) == [
        f"r.csv:2:4, and 1 more: `6/1/2025` {told}",
        "r.csv:2:13, and 2 more: unknown status `don`; did you mean `done`?",
        "r.csv:5:1: no visit; write its label, for example `D182`, or `unscheduled`",
        f"r.csv:6:4: `7/1/2025` {told}",
        "r.csv:7:1, and 2 more: 2 cells under 3 columns; a text with a comma stands in double quotes",
    ]


def test_what_is_wrong_is_told_table_by_table(folder: Path) -> None:
    (folder / "s.csv").write_text("subject,start\nA,2025-01-06\nB,2025-02-30\nC,2025-02-31\n")
    (folder / "e.csv").write_text("subject,event,date\nA,relaps,2025-05-20\n")
    asked = ("due", "--regimen", "bat4406f", "--subjects", "s.csv", "--events", "e.csv", "--as-of", "2025-06-01")
    places = [line.split("--> ")[1] for line in errors(*asked).splitlines() if "-->" in line]
    assert places == ["s.csv:3:3", "s.csv:4:3", "e.csv:2:3"]


def test_a_record_in_another_process_stands_where_it_stood_and_hides_what_it_hid() -> None:
    [(_, record)] = roster.records(b"subject,visit,date,amount,unit\n0012,D1,2025-01-06,500,mg\n", "v.csv")
    there = pickle.loads(pickle.dumps(record))
    drawn = Problem("wrong", there.place).draw()
    assert drawn == Problem("wrong", record.place).draw() and " --> v.csv:2:1\n" in drawn and "500" not in drawn


@pytest.mark.parametrize("n", [1, 99, 100, 101, 250])
def test_of_many_problems_the_first_hundred_are_told_and_all_are_counted(n: int) -> None:
    found = refused(subjects, "subject,start\n" + "".join(f"{i},x{i}\n" for i in range(n)))
    count = [f"-: {n} problems in one table; the first 100 follow; None"] if n > 100 else []
    assert found[: len(count)] == count and len(found) == len(count) + min(n, 100)
    assert [f"`x{i}` is not a date" in text for i, text in enumerate(found[len(count) :])] == [True] * min(n, 100)
