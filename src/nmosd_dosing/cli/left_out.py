"""Who is left out since something is wrong of them: said, with what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from nmosd_dosing.cli.edge import say, tell
from nmosd_dosing.errors import clip, plural
from nmosd_dosing.plans.request import Request
from nmosd_dosing.schedule import excluded
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.events import STUDY_STOP
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.cohort import Cohort
from nmosd_dosing.subjects.tables.roster import LeftOut
from nmosd_dosing.subjects.tables.table import first_of, stop

_NAMED = 20  # subjects whom a message names


def say_left_out(left_out: LeftOut, study: Study, of_study: Mapping[str, object], written: int) -> bool:
    """Says who is left out and why; whether anybody is. `written`: how many are not."""
    if not left_out.problems:
        return False
    tell(first_of(left_out.problems, "the tables", left_out.more))
    names = list(dict.fromkeys(name for name in left_out.names if name))
    nobody = left_out.nobody + left_out.names.count("")
    lines = f"; {nobody:,} {plural(nobody, 'line')} that name{'s' if nobody == 1 else ''} nobody" if nobody else ""
    who = f"{len(names):,} {plural(len(names), 'subject')}{f' ({some(names)})' if names else ''}"
    say(without_controls(f"\nleft out: {who}{lines}; written: {written:,}"))
    if study.stop is not None:
        day = of_study.get(STUDY_STOP)
        stops = f"the study stops on {day}" if day is not None else "the study does not stop"
        say(f"what is counted over all subjects is counted over the others: {stops}")
    return True


def without_refused(request: Request, carry_out: Callable[[Request], object], left_out: LeftOut) -> Request:
    """The request without those whom the core refuses, of whom it is kept. Raises InputError where nobody is left."""

    def expand(study: Study, some: Cohort) -> object:
        return carry_out(replace(request, study=study, columns=some))

    _, refused = excluded.sort_out(expand, request.study, request.period, request.cohort)
    left_out.take([refused.problems[i] for i in sorted(refused.problems)], 0)
    left_out.names += [request.subjects[i].code or "" for i in sorted(refused.problems)]
    others = tuple(subject for i, subject in enumerate(request.subjects) if i not in refused.problems)
    if not others:
        stop(left_out.problems, "the tables", left_out.more)
    return replace(request, subjects=others)


def some(names: Sequence[str]) -> str:
    """The first of many codes, and how many more there are."""
    return ", ".join(f"`{clip(name)}`" for name in names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
