"""`dosing board`: the month on a terminal, a page that stands alone, the same list as `due`, and what it refuses."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, output

SUBJECTS = "subject,start\n0101,2025-01-06\n0102,2025-01-20\n<b>&,2025-02-03\n"
VISITS = """\
subject,period,visit,date,status
0101,rcp,D1,2025-01-06,done
0102,rcp,D1,2025-01-20,done
0102,rcp,D182,2025-07-22,booked
<b>&,rcp,D1,2025-02-03,done
"""
ASKED = ("--regimen", "bat4406f", "--subjects", "s.csv", "--visits", "v.csv", "--window", "3d", "--as-of", "2025-07-14")


def tables(folder: Path) -> None:
    (folder / "s.csv").write_text(SUBJECTS, encoding="utf-8")
    (folder / "v.csv").write_text(VISITS, encoding="utf-8")


def test_the_month_on_a_terminal(folder: Path) -> None:
    tables(folder)
    assert (
        output("board", *ASKED, "--month", "2025-07")
        == """\
BAT4406F in AQP4-IgG-positive NMOSD: July 2025, as of 2025-07-14 Mon

Mon        Tue       Wed  Thu        Fri  Sat        Sun
──────────────────────────────────────────────────────────────
           1         2    3          4    5 closed   6 closed
7          8         9    10         11   12 closed  13 closed
14 today   15        16   17         18   19 closed  20 closed
1 overdue
21         22        23   24         25   26 closed  27 closed
           1 booked
28         29        30   31
                          1 planned

Day             Subject  Visit     What
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
2025-07-14 Mon  0101     rcp/D182  not recorded, planned for 2025-07-06 Sun, allowed from 2025-07-03 Thu to 2025-07-09 Wed
2025-07-22 Tue  0102     rcp/D182  booked for 2025-07-22 Tue, allowed from 2025-07-17 Thu to 2025-07-23 Wed
2025-07-31 Thu  <b>&     rcp/D182  planned for 2025-08-03 Sun, allowed from 2025-07-31 Thu to 2025-08-06 Wed
"""
    )
    assert "nothing in this month" in output("board", *ASKED, "--month", "2026-04")


def test_the_grid_of_a_month_fits_80_columns(folder: Path) -> None:
    starts = "".join(f"S1-{n:03},2025-01-{6 + n % 25:02}\n" for n in range(60))
    (folder / "s.csv").write_text("subject,start\n" + starts, encoding="utf-8")
    (folder / "v.csv").write_text("subject,period,visit,date\n", encoding="utf-8")
    lines = output("board", *ASKED).split("\n\n")[1].splitlines()
    assert lines[0].startswith("Mon") and max(map(len, lines)) <= 80


def test_the_page_is_one_file_with_the_rows_of_due(folder: Path) -> None:
    tables(folder)
    assert output("board", *ASKED, "--ahead", "60d", "--output", "board.html") == ""
    page = (folder / "board.html").read_text(encoding="utf-8")
    rows = json.loads(output("due", *ASKED, "--ahead", "60d", "--format", "json"))["due"]
    listed = re.search(r'<table class="due">.*?</table>', page, re.S)
    assert listed is not None and rows
    assert [html.unescape(row) for row in re.findall(r'<th scope="row">(.*?)</th>', listed[0])] == [row["subject"] for row in rows]
    said = html.unescape(re.sub(r"</?span[^>]*>", "", listed[0]))
    assert all(row["message"] in said and row["todo"] in said for row in rows)
    assert "<b>&," not in page and "&lt;b&gt;&amp;" in page
    assert "July 2025" in page and "2025-07-14 Mon" in page
    assert output("board", *ASKED, "--ahead", "60d", "--format", "html") == page


def test_the_page_is_the_same_in_every_run(folder: Path) -> None:
    tables(folder)
    first, second = (output("board", *ASKED, "--format", "html", PYTHONHASHSEED=seed) for seed in "12")
    assert first == second


def test_of_one_site_only_its_subjects_are_shown(folder: Path) -> None:
    tables(folder)
    (folder / "s.csv").write_text("subject,start,site\n0101,2025-01-06,01\n0102,2025-01-20,02\n<b>&,2025-02-03,02\n", encoding="utf-8")
    page = output("board", *ASKED, "--format", "html")
    assert "site 01" in page and "site 02" in page and "0101" in page
    page = output("board", *ASKED, "--at-site", "02", "--format", "html")
    assert "0101" not in page and "0102" in page and "site 02" not in page  # all of one site


@pytest.mark.parametrize("command", [("board", "--format", "html"), ("board",), ("handout", "--subject", "0102")])
def test_whoever_is_in_which_arm_the_page_is_the_same(folder: Path, command: tuple[str, ...]) -> None:
    tables(folder)
    pages = []
    for arms in (("bat4406f", "placebo", "bat4406f"), ("placebo", "bat4406f", "placebo")):
        rows = "".join(f"{code},{arm}\n" for code, arm in zip(("0101", "0102", "<b>&"), arms, strict=True))
        (folder / "a.csv").write_text(f"subject,arm\n{rows}", encoding="utf-8")
        done = dosing(*command, *ASKED, "--allocation", "a.csv")
        assert done.returncode == 0
        pages.append((done.stdout, done.stderr))
    assert pages[0] == pages[1]


def test_closed_days_are_told_with_the_reason(folder: Path) -> None:
    tables(folder)
    output("board", *ASKED, "--country", "CN", "--month", "2025-10", "--output", "board.html")
    page = (folder / "board.html").read_text(encoding="utf-8")
    assert "National Day" in page
    assert "1 closed" in output("board", *ASKED, "--country", "CN", "--month", "2025-10")


def test_what_is_refused(folder: Path) -> None:
    tables(folder)
    assert errors("board", *ASKED, "--month", "July") == (
        "error: `--month July` is not a month\nhint: write year and month, for example `--month 2025-07`\n"
    )
    assert errors("board", *ASKED, "--month", "2025-07-14") == (
        "error: `--month 2025-07-14` is not a month\nhint: write `--month 2025-07`\n"
    )
    assert errors("board", *ASKED, "--output", "board.ics").startswith("error: `--output board.ics` is the name of a calendar\n")
    assert errors("board", *ASKED, "--unblind").startswith("error: no such option: --unblind")
