"""A text that a spreadsheet would run is quoted in every CSV, and a number is not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.kit.command import dosing, output


def test_a_text_that_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    study.write_text(
        "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\n"
        'periods:\n  main:\n    visits:\n      - {at: D-28, assess: "=1+1"}\n      - {at: D1, give: X 5 mg}\n',
        encoding="utf-8",
    )
    done = output("plan", "--regimen", str(study), "--start", "2025-01-06", "--subject", '@x,"y"', "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done)))
    assert (rows[0]["subject"], rows[0]["assessment"], rows[0]["study_day"]) == ('\'@x,"y"', "'=1+1", "-28")


def test_files_keep_format_characters_and_a_calendar_holds_no_control(folder: Path) -> None:
    seen, joined, turned = "a\x1b[2J", "نیم\u200cفاصله 👩\u200d🔬", "b\u202ec"
    (folder / "s.yaml").write_text(
        f"language: 1\nstudy: s\ntitle: {joined}\nsource: not stated\ndays: from 1\nproducts: {{X: {{}}}}\n"
        f'note: "{joined} b\\u202Ec"\n'
        f"periods:\n  main:\n    visits:\n      - {{at: D1, name: {joined}, give: X 5 mg, "
        f'assess: ["{joined}", "a\\x1b[2J", "b\\u202Ec"]}}\n',
        encoding="utf-8",
    )
    asked = ("plan", "--regimen", "./s.yaml", "--start", "2025-01-06")
    output(*asked, "--output", "p.csv")
    output(*asked, "--output", "p.json")
    output(*asked, "--output", "p.txt")
    dosing(*asked, "--ics", "p.ics")
    rows = list(csv.DictReader(io.StringIO((folder / "p.csv").read_text(encoding="utf-8"))))
    assert {row["assessment"] for row in rows} >= {joined, seen, turned}
    for name in ("p.json", "p.txt", "p.ics"):
        text = (folder / name).read_bytes().decode().replace("\r\n ", "")
        assert joined in text and turned in text
        assert "\x1b" not in text and "\\u200" not in text
