"""What a message shows of a line in which something may tell an arm: each line as it is drawn, with the carets below its cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nmosd_dosing.errors import InputError
from nmosd_dosing.subjects.tables import roster


def subjects(content: bytes, path: str) -> Any:
    return roster.subjects(content, path, ())


def drawn(read: Callable[[bytes, str], Any], text: str) -> list[str]:
    """Of each problem its words, the lines and the carets below them, with a bar between them."""
    with pytest.raises(InputError) as refused:
        read(text.encode(), "t.csv")
    problems = [problem.draw().removeprefix("error: ").splitlines() for problem in refused.value.problems]
    return [
        " | ".join([lines[0], *(line.split("| ")[1] for line in lines[1:] if "| " in line and not line.startswith("hint"))])
        for lines in problems
    ]


CODE, DAY = "no subject's code", "`2025-13-06`: there is no such day"
FEW, QUOTE = "1 cells under 2 columns", "a quotation mark in the middle of a cell, or without its partner"
NONE, TAKEN = "column `{}` is missing", "cannot be taken; it may tell the arm, and is not shown"

# Hidden of arms: the arm, and in a line that is no row all but the code; where there are other columns, also how many cells these are.
ARMS = {
    "subject,arm\n,Y\n": [f"{CODE} | ,… | ^"],
    'subject,arm\n"A1","X"\n"A1", "Y" \n': ['subject `A1` has two rows | "A1", "…" |  ^^ | "A1","…" |  ^^ the first'],
    "subject,arm\nA1,\n": ["no arm | A1, |    ^"],
    'subject,arm,note\n,"X",\n': [f"{CODE} | ,…,… | ^"],
    "subject,note,arm\nA1,,\n": ["no arm | A1,…,… |       ^"],
    'arm,note,subject\n"X\nY","a\nb",\n': [f"{CODE} | …, |   ^"],
    'arm,subject\n"X\nY",\n': [f'{CODE} | …", |    ^'],
    "subject,arm\nplacebo\n": [f"{FEW} | … | ^"],
    "subject,arm\nA1,X,Y\n": ["3 cells under 2 columns | A1,…,… | ^"],
    "subject,arm\n A1 , X ,Y\n": ["3 cells under 2 columns |  A1 , … ,… | ^"],
    'subject,arm\n"A1",X,Y\n': ["3 cells under 2 columns | …,…,… | ^"],
    'subject,arm\n"A1,X\n': [f"{QUOTE} | …,… | ^^^"],
    'subject,arm\nA1,X\n"A2,X\n': [f"{QUOTE} | …,… | ^^^"],
    "arm,subject\nX,A1,\n,Y,A2\n": ["3 cells under 2 columns | ,…,… | ^"],
    "note,subject,arm\na,b\n": ["2 cells under 3 columns | … | ^"],
    "subject,arm,note\nA1,X\n": ["2 cells under 3 columns | A1,… | ^"],
    "subject;arm\n;X\n": [f"{CODE} | ;… | ^"],
    "Subjct,arms\nA1,X\n": [
        "unknown column `Subjct` | Subjct,arms | ^^^^^^", "unknown column `arms` | Subjct,arms |        ^^^^",
        "column `subject` is missing | Subjct,arms |        ^^^^", "column `arm` is missing | Subjct,arms |        ^^^^",
    ],
    'placebo,"Arm"\nA1,X\n': ['column `subject` is missing | …,"Arm" |    ^^^'],
    "subject,group\nA1,X\n": ["column `arm` is missing | subject,… |         ^"],
    "A1,X\nsubject,arm\nA2,Y\n": ["this row stands above the names of the columns | A1,… | ^"],
    "X,A1\narm,subject\nY,A2\n": ["this row stands above the names of the columns | …,… | ^"],
}  # fmt: skip

# Of records of masked doses all that may be an amount, a product or a batch, with its quotation marks, also where it is empty.
RECORDS = {
    'visit,date,product\n"D1",2025-13-06,"P"\n': [f'{DAY} | "D1",2025-13-06,… |      ^^^^^^^^^^'],
    "visit,date,product\nD1,2025-13-06,\n": [f"{DAY} | D1,2025-13-06,… |    ^^^^^^^^^^"],
    'product,date,visit\n"P\nQ",2025-13-06,\n': [f"{DAY} | …,2025-13-06, |   ^^^^^^^^^^", "no visit | …,2025-13-06, |              ^"],
    "visit,product,date\nD1,P\n": ["2 cells under 3 columns | D1,… | ^"],
    'visit,product,date\n"D1",P\n': ["2 cells under 3 columns | … | ^"],
    "visit,date,product\nD1,x\n": ["2 cells under 3 columns | … | ^"],
    "visit,date,product\nD1,2025-01-06,P,\nD2,2025-01-06,P,5\n": ["4 cells under 3 columns | D2,… | ^"],
    "P,Q,D1\n": [f"{NONE.format(name)} | P,Q,D1 |     ^^" for name in ("visit", "date")],
    "P,2025-01-06,D1\n": ["no line names the columns | … | ^"],
    "Visit,5 mg,P\n": ["column `date` is missing | … | ^"],
    "Visit,2025-01-06,P\n": ["column `date` is missing | … | ^"],
    "visit,date,unit\nD1,2025-01-06,mg\n": [f"this `unit` {TAKEN} | D1,2025-01-06,… |               ^"],
    "visit,date,amount,phone\nD1,2025-01-06,5x,1\n": [f"this `amount` {TAKEN} | D1,2025-01-06,…,… |               ^"],
}  # fmt: skip

# Of subjects what is ignored.
SUBJECTS = {
    "subject,start,age\n1,2025-13-06,\n": [f"{DAY} | 1,2025-13-06,… |   ^^^^^^^^^^"],
    'start,age,subject\n2025-01-06,"4\n2",\n': [f"{CODE} | …, |   ^"],
    "age,subject,start\n4,1\n": ["2 cells under 3 columns | … | ^"],
    "subject,age,start,note\n1,4,2025-01-06,x,y\n": ["5 cells under 4 columns | 1,… | ^"],
    'subject,age,start\n"1,4,2025-01-06\n': [f"{QUOTE} | … | ^"],
    "subject,start\n1,2025-13-06\n": [f"{DAY} | 1,2025-13-06 |   ^^^^^^^^^^"],
}
SHOWN = [
    *((roster.allocation, text, told) for text, told in ARMS.items()),
    *((roster.records, text, told) for text, told in RECORDS.items()),
    *((subjects, text, told) for text, told in SUBJECTS.items()),
]


@pytest.mark.parametrize(("read", "text", "told"), SHOWN, ids=[text.replace("\n", "¶") for _, text, _ in SHOWN])
def test_what_is_shown_of_a_line(read: Callable[[bytes, str], Any], text: str, told: list[str]) -> None:
    assert drawn(read, text) == told
