"""`dosing show --grid`: the schedule of activities on a screen, in a file, for programs; and what the command refuses."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.kit.command import errors, output, run
from tests.kit.workbooks import about, csv_rows, rows_of, sheet_of

RCP = ("show", "bat4406f", "--grid", "--period", "rcp")


def test_a_grid_for_each_period() -> None:
    assert (
        output(*RCP)
        == """\
BAT4406F in AQP4-IgG-positive NMOSD: schedule of activities (NCT06044350, record of 2025-12-08)

Randomised controlled period (a)

Visit                      D1          D182
Day                        1           182
Week                       W1D1        W26D7
Window                     not stated  not stated
Notes                                  b
─────────────────────────────────────────────────
BAT4406F/placebo (masked)  X           X

a  52 weeks are complete on D365, which is read as the end visit
b  D182 is kept as written; it is one day less than 26 weeks
"""
    )
    assert output("show", "bat4406f-rcp", "--grid") == output(*RCP)
    both = output("show", "bat4406f", "--grid")
    assert "Randomised controlled period (a)\n" in both and "\nOpen-label period\n" in both


def test_for_programs_it_is_a_table_with_visits_as_columns() -> None:
    assert output(*RCP, "--format", "csv") == (
        "kind,activity,notes,D1,D182\n"
        "visit,name,,,\n"
        "visit,day,,1,182\n"
        "visit,week,,W1D1,W26D7\n"
        "visit,window,,not stated,not stated\n"
        "visit,notes,,,b\n"
        "dose,BAT4406F/placebo (masked),,X,X\n"
        'footnote,"52 weeks are complete on D365, which is read as the end visit",a,,\n'
        "footnote,D182 is kept as written; it is one day less than 26 weeks,b,,\n"
    )
    rows = list(csv.DictReader(io.StringIO(output("show", "bat4406f", "--grid", "--format", "csv"))))
    assert [*rows[0]] == ["kind", "activity", "notes", "rcp/D1", "rcp/D182", "olp/D1", "olp/then every 6 months"]
    assert [(row["activity"], row["rcp/D1"], row["olp/D1"]) for row in rows if row["kind"] == "dose"] == [
        ("BAT4406F/placebo (masked)", "X", ""),
        ("BAT4406F 500 mg", "", "X"),
    ]


def test_a_workbook_has_a_sheet_for_each_period() -> None:
    _, content, _ = run(*RCP, "--format", "xlsx")
    sheet = sheet_of(content)
    assert rows_of(sheet) == csv_rows(output(*RCP, "--format", "csv"))
    assert (sheet.freeze_panes, sheet["E3"].value) == ("C2", 182)
    _, content, _ = run("show", "bat4406f", "--grid", "--format", "xlsx")
    assert load_workbook(io.BytesIO(content)).sheetnames == ["rcp", "olp", "About"]
    whole = csv_rows(output("show", "bat4406f", "--grid", "--format", "csv"))
    for period in ("rcp", "olp"):
        mine = [i for i, name in enumerate(whole[0]) if name.startswith(f"{period}/")]
        marks = [[row[1], *(row[i] for i in mine)] for row in whole[1:] if row[0] == "dose" and any(row[i] for i in mine)]
        assert [[row[1], *row[3:]] for row in rows_of(sheet_of(content, period)) if row[0] == "dose"] == marks
    assert about(content)[1:3] == ["rcp: Randomised controlled period (a)", "olp: Open-label period"]


def test_a_page_stands_alone(tmp_path: Path) -> None:
    page = tmp_path / "grid.html"
    assert output("show", "mil62", "--grid", "--output", str(page)) == ""
    text = page.read_text("utf-8")
    assert text.startswith("<!doctype html>") and "Content-Security-Policy" in text and "<script" not in text
    assert "size: A4 landscape" in text
    assert text.count("<table") == 4  # of the first period, with eleven visits, two
    assert "MIL62/placebo (masked)" in text


def test_a_sites_windows_are_filled_in_with_their_origin() -> None:
    text = output("show", "bat4406f-rcp", "--grid", "--site", "examples/site.yaml")
    assert "±3d" in text and "window stated by site" in text


def test_hostile_names_are_texts_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(
        "language: 1\nstudy: s\ntitle: <b>t</b>\nsource: not stated\ndays: from 1\nproducts: {X: {route: oral}}\n"
        "periods: {p: {visits: [{at: not stated, name: '=1+1', give: X 5 mg, note: '@x <script>'}, {at: D1, assess: '=cmd()'}]}}\n"
    )
    assert output("show", "s.yaml", "--grid", "--format", "csv").splitlines()[0] == "kind,activity,notes,D1,'=1+1"
    html = output("show", "s.yaml", "--grid", "--format", "html")
    assert "<script" not in html and "<b>" not in html and "&lt;script&gt;" in html
    _, content, _ = run("show", "s.yaml", "--grid", "--format", "xlsx")
    assert all(cell.data_type in "sn" for row in sheet_of(content).iter_rows() for cell in row)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--format", "csv"), "error: `--format` is about the schedule of activities, and none is asked for\nhint: add `--grid`\n"),
        (("--output", "x.csv"), "error: `--output` is about the schedule of activities, and none is asked for\nhint: add `--grid`\n"),
        (("--grid", "--format", "json"), "error: unknown format `json`\nhint: write `table`, `csv`, `html` or `xlsx`\n"),
        (
            ("--grid", "--output", "x.json"),
            "error: `--output x.json` ends in `.json`, which cannot be written here\n"
            "hint: name a file that ends in `.csv`, `.html`, `.xlsx` or `.txt`\n",
        ),
        (("--grid", "--period", "rpc"), "error: unknown period `rpc`\nhint: `mil62` has `phase1b`, `rcp` or `olp`\n"),
        (("--period", "rpc"), "error: unknown period `rpc`\nhint: `mil62` has `phase1b`, `rcp` or `olp`\n"),
    ],
)
def test_what_show_refuses(arguments: tuple[str, ...], text: str) -> None:
    assert errors("show", "mil62", *arguments) == text
