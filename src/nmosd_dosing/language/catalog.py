"""The shipped studies, and which study and period a regimen's id or path means."""

from __future__ import annotations

from pathlib import Path

from nmosd_dosing.errors import InputError, Problem, check_kinds, clip, did_you_mean, one_of
from nmosd_dosing.language.shipped import files, ids
from nmosd_dosing.language.study_file import read_study
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import way


def shipped() -> tuple[Study, ...]:
    """All shipped studies, by id."""
    return tuple(read_study(path)[0] for path in files())


def is_path(regimen: str) -> bool:
    """A path has a slash or ends like a YAML file; anything else is an id."""
    return "/" in regimen or "\\" in regimen or regimen.endswith((".yaml", ".yml"))


def find(regimen: str) -> tuple[Study, Period | None]:
    """The study that an id or a path means; and the period, where the id means one.

    Raises InputError for an unknown id, RegimenError for a file with problems.
    """
    if is_path(regimen):
        return read_study(Path(regimen))[0], None
    # Ids are looked up, not split. The file that the id begins with is only read first.
    for path in sorted(files(), key=lambda p: not regimen.startswith(p.stem)):
        study, _ = read_study(path)
        if regimen == study.id:
            return study, study.periods[0] if len(study.periods) == 1 else None
        for period in study.periods:
            if regimen == study.regimen_id(period):
                return study, period
    known = ids()
    hint = did_you_mean(regimen, known) or f"known are {one_of(known)}; a file is named by its path, `./{clip(regimen, 30)}.yaml`"
    raise InputError(Problem(f"unknown regimen `{clip(regimen)}`", hint=hint))


def file_of(regimen: str) -> Path:
    """The file of the study that an id or a path means. Raises InputError for an unknown id."""
    if is_path(regimen):
        return Path(regimen)
    study = find(regimen)[0]
    return next(path for path in files() if read_study(path)[0].id == study.id)


def find_plan(regimen: str, period: str | None) -> tuple[Study, tuple[Period, ...]]:
    """What is to be planned: one period, where the id or `period` means one; else the way through those that follow each other."""
    return plan_of(*find(regimen), regimen, period)


def plan_of(study: Study, found: Period | None, regimen: str, period: str | None) -> tuple[Study, tuple[Period, ...]]:
    """The same of a study that is found; `found`: the period that `regimen` means, if it means one."""
    if period is not None:
        named = study.period(period)
        if named is None or found not in (None, named):
            ids_here = [found.id] if found else [p.id for p in study.periods]
            hint = did_you_mean(period, ids_here) or f"`{clip(regimen)}` has {one_of(ids_here)}"
            raise InputError(Problem(f"unknown period `{clip(period)}`", hint=hint))
        return study, (named,)
    return study, (found,) if found is not None else way(study)


def load(regimen: str | Path) -> Study:
    """The study that an id (`mil62`, `mil62-rcp`) or the path of a YAML file means.

    Raises InputError for an unknown id; RegimenError, with every problem, for a file that is wrong.
    """
    check_kinds({"regimen": (regimen, (str, Path))})
    return read_study(regimen)[0] if isinstance(regimen, Path) else find(regimen)[0]
