"""When the doses and samples of a visit are: by the hour of the file, and at each visit of a repeat."""

from __future__ import annotations

import pytest

from tests.kit.somebody import made


@pytest.mark.parametrize(
    ("dose", "times"),
    [
        ("X 1 mg", ["- PK 1 h before X", "- X", "- PK 30 min after X"]),
        ("X 1 mg daily at 08:30", ["07:30 PK 1 h before X", "08:30 X", "09:00 PK 30 min after X"]),
        ("X 1 mg daily at 00:15", ["23:15 PK 1 h before X", "00:15 X", "00:45 PK 30 min after X"]),
    ],
)
@pytest.mark.parametrize("days", ["D1", '"D1, D8"', '"D1, then every week until D8"', '"D1, then every week"'])
def test_samples_are_beside_the_dose_on_every_day(days: str, dose: str, times: list[str]) -> None:
    entry = f'{{at: {days}, give: {dose}, assess: {{PK: "1 h before X, 30 min after X"}}}}'
    found = made(f"products: {{X: {{}}}}\nperiods: {{a: {{visits: [{entry}]}}}}\n").visits
    assert len(found) >= (1 if days == "D1" else 2)
    for visit in found:
        lines = [f"{row.time:%H:%M}" if row.time is not None else "-" for row in visit.time_line]
        words = [f"{row.name} {row.text}".strip() for row in visit.time_line]
        assert [f"{line} {word}" for line, word in zip(lines, words, strict=True)] == times
