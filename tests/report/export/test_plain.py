"""A text that a spreadsheet would run is quoted in every CSV, and a number is not."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from tests.kit.command import output


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
