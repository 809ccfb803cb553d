"""What one criterion bars: days, and times of use that may bar, with what is not known of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.look_backs import FOREVER
from nmosd_dosing.sentences import Sentence, joined, said
from nmosd_dosing.subjects.had import Had

Verdict = Literal["admissible", "not-until", "needs", "person"]

DAY = dt.timedelta(1)


class Block(Struct, frozen=True):
    """Days on which the anchor cannot stand, or nobody can say whether it may; both included. `bars`: it cannot, as far as is known."""

    first: dt.date
    last: dt.date
    verdict: Verdict
    why: Sentence
    needs: str = ""
    bars: bool = False

    def holds(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


class Use(Struct, frozen=True):
    """A time of use that may bar; `doubt`: what is not known of it, and who could say."""

    first: dt.date
    last: dt.date
    had: tuple[Had, ...]
    doubt: tuple[tuple[Verdict, str], ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def runs(uses: Sequence[Use], key: Callable[[Use], str] | None) -> list[Use]:
    """Uses that follow each other without a day between them as one, where that matters."""
    if key is None:
        return list(uses)
    made: dict[str, list[Use]] = {}
    for use in sorted(uses, key=lambda use: (use.first, use.last)):
        runs = made.setdefault(key(use), [])
        if runs and (runs[-1].last == FOREVER or use.first <= runs[-1].last + DAY):
            before = runs[-1]
            had, doubt = tuple(dict.fromkeys((*before.had, *use.had))), tuple(dict.fromkeys((*before.doubt, *use.doubt)))
            runs[-1] = replace(before, last=max(before.last, use.last), had=had, doubt=doubt)
        else:
            runs.append(use)
    return [run for runs in made.values() for run in runs]


def named(run: Use) -> Sentence:
    return joined(", ", (said("{what} ({when})", what=had.what, when=had.when) for had in run.had))
