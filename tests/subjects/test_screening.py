"""The order of a subject's days beside day 1."""

from __future__ import annotations

import pytest

from nmosd_dosing.subjects.screening import out_of_order
from tests.kit.dates import START, day


@pytest.mark.parametrize(
    ("days", "wrong"),
    [
        ({"consented": "2024-12-02", "screened": "2024-12-02", "randomised": "2025-01-06"}, []),
        ({"randomised": "2025-01-20"}, []),  # a run-in comes before it
        ({"screened": "2025-01-06", "randomised": "2025-01-06"}, []),
        ({"consented": "2024-12-10", "screened": "2024-12-09"}, ["screened on 2024-12-09 Mon is before consented, 2024-12-10 Tue"]),
        ({"screened": "2024-12-09", "randomised": "2024-12-02"}, ["randomised on 2024-12-02 Mon is before screened, 2024-12-09 Mon"]),
        ({"screened": "2025-01-07"}, ["day 1, 2025-01-06 Mon, is before screened, 2025-01-07 Tue"]),
        ({"screen_failed": "2025-01-05"}, []),  # a planned day 1 that does not come
        ({"screen_failed": "2025-01-06"}, ["screen_failed on 2025-01-06 Mon is not before day 1, 2025-01-06 Mon"]),
        ({"screened": "2024-12-09", "screen_failed": "2024-12-09"}, []),
        ({"screened": "2024-12-09", "screen_failed": "2024-12-08"}, []),  # screened again
        ({"consented": "2024-12-09", "screened": "2024-12-09", "screen_failed": "2024-12-08"}, []),
        ({"consented": "2024-12-09", "screen_failed": "2024-12-08"},
            ["screen_failed on 2024-12-08 Sun is before consented, 2024-12-09 Mon"]),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told(days: dict[str, str], wrong: list[str]) -> None:
    dated = {name: day(text) for name, text in days.items()}
    assert list(out_of_order(dated.get, START)) == wrong
    without = [words for words in wrong if "day 1" not in words]
    assert list(out_of_order(dated.get, None)) == without
