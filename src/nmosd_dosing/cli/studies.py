"""`dosing regimens`, `show`, `validate`, `schema`: about study files."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from nmosd_dosing import catalog
from nmosd_dosing.cli.edge import fail, one_format, print_table
from nmosd_dosing.dsl import read_study
from nmosd_dosing.errors import InputError, Problem, Problems, RegimenError, draw


def regimens(format: str) -> None:
    problems = Problems()
    one_format(format, ("table", "json"), problems)
    if problems.found:
        fail(problems)
    studies = catalog.shipped()
    if format == "json":
        listed = [
            {"id": study.regimen_id(p), "study": study.id, "period": p.id, "title": study.title, "period_title": p.title,
             "arms": list(p.arms), "blinded": p.masks, "registry": study.source.registry}
            for study in studies for p in study.periods
        ]  # fmt: skip
        sys.stdout.write(json.dumps({"regimens": listed}, indent=2, ensure_ascii=False) + "\n")
        return
    from nmosd_dosing.render import regimens_page

    print_table(regimens_page(studies))


def show(regimen: str) -> None:
    from nmosd_dosing.render_study import study_page

    study, period = catalog.find(regimen)
    print_table(study_page(study, study.periods if period is None else (period,)))


def validate(files: list[str]) -> None:
    wrong: list[Problem] = []
    for file in files:
        try:
            study, warnings = read_study(Path(file))
        except RegimenError as error:
            wrong += error.problems
            continue
        if warnings:
            print(draw(warnings) + "\n", file=sys.stderr)
        doubts = f", {_count(len(warnings), 'warning')}" if warnings else ""
        entries = sum(len(p.entries) for p in study.periods)
        visits = "1 visit entry" if entries == 1 else f"{entries} visit entries"
        print(f"{file}: fine{doubts} ({study.id}, {_count(len(study.periods), 'period')}, {visits})")
    if wrong:
        raise InputError(wrong)


def _count(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def schema() -> None:
    from nmosd_dosing.records import json_schema

    sys.stdout.write(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
