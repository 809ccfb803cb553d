"""What a visit may hang on: another visit's actual day, a last dose, an event; and what is said where there is nothing of the kind."""

from __future__ import annotations

import pytest

from nmosd_dosing import RegimenError
from nmosd_dosing.language.study_file import read_study_text
from tests.kit.worked import HEAD, visits

GIVES = 'at: "D1, D15", give: X 1 mg'
HANGING = [
    ([GIVES, "at: D15 + 2 weeks, assess: MRI"], None),
    ([GIVES, "at: D29 + 2 weeks, assess: MRI"], "D29 + 14 days counts from the actual day of a visit, and there is none on D29"),
    ([GIVES, "at: relapse + 5 days, assess: MRI", "at: D6 + 2 weeks, assess: MRI"],
     "D6 + 14 days counts from the actual day of a visit, and there is none on D6"),
    ([GIVES, "at: relapse + 14 days, assess: MRI", "at: D15 + 2 weeks, assess: EDSS"], None),
    ([GIVES, "at: last dose + 4 weeks, assess: MRI"], None),
    ([GIVES, "at: last dose + 4 weeks, give: Y 1 mg"], "a dose that hangs on the last dose would be the last dose itself"),
    (["at: D1, assess: EDSS", "at: last dose + 4 weeks, assess: MRI"], "nothing is given"),
    ([GIVES, "at: withdrawn + 4 weeks, assess: MRI"], None),
    ([GIVES, "at: died + 4 weeks, assess: MRI"], "a visit that hangs on a death"),
]  # fmt: skip


@pytest.mark.parametrize(("lines", "wrong"), HANGING)
def test_what_hangs_on_something_has_something_to_hang_on(lines: list[str], wrong: str | None) -> None:
    text = HEAD + visits(*lines)
    if wrong is None:
        read_study_text(text)
    else:
        with pytest.raises(RegimenError) as error:
            read_study_text(text)
        assert [problem.message for problem in error.value.problems] == [wrong]
