"""`dosing regimens`, `show`, `validate`, `schema`: about study files, and the files that go with one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nmosd_dosing.cli import outputs
from nmosd_dosing.cli.edge import collected, fail, print_table, say, tell, write_data, write_text
from nmosd_dosing.cli.files import check_names, is_file
from nmosd_dosing.cli.options import ShowOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.regimens import with_site
from nmosd_dosing.cli.trial import check as check_trial
from nmosd_dosing.errors import InputError, Problem, Problems, RegimenError, clip, counted, did_you_mean
from nmosd_dosing.language import catalog, nodes, site_file, trial_file
from nmosd_dosing.language import keys as study_keys
from nmosd_dosing.language.nodes import Node, Scalar
from nmosd_dosing.language.site_file import filled_in, is_site, site_of
from nmosd_dosing.language.study_file import study_of
from nmosd_dosing.language.trial_file import is_trial, trial_of
from nmosd_dosing.report.export.grid import grid_lines, grid_sheet, grids_sheet
from nmosd_dosing.report.export.workbook import to_xlsx
from nmosd_dosing.report.html.grid import grid_html
from nmosd_dosing.simulation.assumptions import keys as assumption_keys
from nmosd_dosing.simulation.assumptions import scenario_file
from nmosd_dosing.simulation.assumptions.file import check_nodes, is_assumptions, study_named
from nmosd_dosing.study.activities import Activities, activities, title_of_grids
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import arms_of, way


def regimens(format: str) -> None:
    problems = Problems()
    outputs.check_format(REGIMENS_FORMATS, format, problems)
    problems.stop()
    outputs.put(REGIMENS_FORMATS, OutputOptions(format=format), catalog.shipped())


def _regimens_dict(studies: Sequence[Study]) -> dict[str, Any]:
    listed = [
        {"id": study.regimen_id(p), "study": study.id, "period": p.id, "title": study.title, "period_title": p.title,
         "arms": list(p.arms), "blinded": p.masks, "registry": study.source.registry}
        for study in studies for p in study.own_periods
    ]  # fmt: skip
    listed += [
        {"id": study.id, "study": study.id, "period": None, "title": study.title, "period_title": None, "arms": list(arms_of(periods)),
         "blinded": any(p.masks for p in periods), "registry": study.source.registry}
        for study in studies if len(periods := way(study)) > 1
    ]  # fmt: skip
    return {"regimens": listed}


REGIMENS_FORMATS: outputs.Formats = {
    "table": lambda studies: outputs.page("study", "regimens_page")(studies, [way(study) for study in studies]), "json": _regimens_dict,
}  # fmt: skip


def show(asked: ShowOptions, output: OutputOptions) -> None:
    """Print a study, or its schedule of activities."""
    problems = Problems()
    if asked.grid:
        outputs.check_output(GRID_FORMATS, output, problems)
        read = [("the study file", asked.regimen if is_file(asked.regimen) else None), ("`--site`", asked.site)]
        check_names([("`--output`", output.output)], read, problems)
    for name, value in (("--format", output.format), ("--output", output.output)):
        if value is not None and not asked.grid:
            problems.error(f"`{name}` is about the schedule of activities, and none is asked for", None, "add `--grid`")
    found = collected(problems, lambda: _shown(asked))
    if problems.found or found is None:
        fail(problems)
    study, periods = found
    if asked.grid:
        outputs.put(GRID_FORMATS, output, study, activities(study, periods))
        return
    print_table(outputs.page("study", "study_page")(study, periods))


def _shown(asked: ShowOptions) -> tuple[Study, tuple[Period, ...]]:
    """The study, with a site's facts where they are asked for, and the periods that are shown."""
    study, period = catalog.find(asked.regimen)
    chosen = (period,) if period is not None else study.own_periods
    if asked.period is not None:
        _, chosen = catalog.find_plan(asked.regimen, asked.period)
    if asked.site is not None:
        study = with_site(study, asked.site)
    return study, tuple(p for p in study.periods if p.id in [one.id for one in chosen])


def _grid_xlsx(study: Study, grids: Sequence[Activities]) -> bytes:
    return to_xlsx([grid_sheet(grid) for grid in grids], grid_lines(title_of_grids(study), grids))


GRID_FORMATS: outputs.Formats = {
    "table": outputs.page("study", "grid_page"), "csv": lambda _, grids: grids_sheet(grids), "html": grid_html, "xlsx": _grid_xlsx,
}  # fmt: skip


def validate(files: list[str]) -> None:
    wrong: list[Problem] = []
    studies: dict[str, Study] = {}
    others: list[tuple[str, Node, Problems]] = []
    for file in files:
        problems = Problems()
        try:
            node, content = nodes.read_file(Path(file), problems)
            if node is not None and (is_trial(node) or is_site(node) or is_assumptions(node) or scenario_file.is_scenarios(node)):
                others.append((file, node, problems))
                continue
            study, warnings = study_of(node, content, problems)
        except RegimenError as error:
            wrong += error.problems
            continue
        if study.id in studies and studies[study.id].sha256 != study.sha256:
            same = f"another of these files says `study: {clip(study.id)}`, too: calendars of both would have the same entries (UIDs)"
            warnings = (*warnings, Problem(same, path=file, hint="give different studies different ids", severity="warning"))
        studies[study.id] = study
        entries = sum(len(p.visit_rules) for p in study.own_periods)
        visits = "1 visit entry" if entries == 1 else f"{entries} visit entries"
        _fine(file, warnings, f"{study.id}, {counted(len(study.own_periods), 'period')}, {visits}")
    for file, node, problems in others:
        if is_trial(node):
            about = _validate_trial(node, file, problems)
        else:
            about = _validate_site(node, studies, problems) if is_site(node) else _validate_assumptions(node, studies, problems)
        if about is None:
            wrong += problems.in_order()
        else:
            _fine(file, problems.in_order(), about)
    if wrong:
        raise InputError(wrong)


def _validate_site(node: Node, studies: dict[str, Study], problems: Problems) -> str | None:
    """What a site file is about, in words; None where it is wrong. Checked against its study, if that was read or is shipped."""
    found = site_of(node, problems)
    against = "not checked against its study"
    if found is not None and found.study is not None:
        study = _study_named(found.study, studies, problems, "SITE.yaml")
        if study is not None:
            filled_in(study, found, problems)
            against = f"checked against {study.id}"
    if problems.errors or found is None or found.site is None:
        return None
    return f"site {found.site.text}, {against}"


def _validate_trial(node: Node, file: str, problems: Problems) -> str | None:
    """The same for a trial file: its files are there, and its regimen is fine."""
    trial = trial_of(node, file, problems)
    if trial is not None:
        check_trial(trial, problems)
    if problems.errors or trial is None:
        return None
    files = counted(len(trial.files), "file")
    return f"trial file of {trial.regimen.text if trial.regimen is not None else 'a register'}, {files} beside it"


def _validate_assumptions(node: Node, studies: dict[str, Study], problems: Problems) -> str | None:
    """The same for a file of assumptions. Scenarios are only told what they are: they mean nothing without what they change."""
    if scenario_file.is_scenarios(node):
        hint = "`dosing simulate --assumptions FILE --scenarios FILE` reads both"
        problems.error("a file of scenarios is checked together with the assumptions that it changes", node.place, hint)
        return None
    name = study_named(node, problems)
    study = _study_named(name, studies, problems, "ASSUMPTIONS.yaml") if name is not None else None
    check_nodes(node, problems, study, way(study) if study is not None else ())
    if problems.errors:
        return None
    return f"assumptions, {f'checked against {study.id}' if study is not None else 'not checked against a study'}"


def _study_named(name: Scalar, studies: dict[str, Study], problems: Problems, file: str) -> Study | None:
    """The study that a file is for, if it was read or is shipped; else a warning."""
    known = {study.id: study for study in catalog.shipped()} | studies
    study = known.get(name.text)
    if study is None:
        hint = did_you_mean(name.text, known) or f"name its file too: `dosing validate STUDY.yaml {file}`"
        problems.warn(f"the study `{clip(name.text)}` is not shipped, and no file of it was read", name.place, hint)
    return study


def _fine(file: str, warnings: Sequence[Problem], about: str) -> None:
    if warnings:
        tell(warnings)
        say("")
    doubts = f", {counted(len(warnings), 'warning')}" if warnings else ""
    write_text(f"{file}: fine{doubts} ({about})\n")


def schema(site: bool, trial: bool, assumptions: bool, scenarios: bool) -> None:
    """Of study files, or of the one kind of file that is asked for."""
    wanted = {"site": site, "trial": trial, "assumptions": assumptions, "scenarios": scenarios}
    of = [kind for kind, asked in wanted.items() if asked]
    if len(of) > 1:
        raise InputError(Problem(f"one schema at a time, not {' and '.join(f'`--{kind}`' for kind in of)}", hint="give one of them"))
    schemas = {
        "site": site_file.json_schema,
        "trial": trial_file.json_schema,
        "assumptions": assumption_keys.json_schema,
        "scenarios": scenario_file.json_schema,
    }
    json_schema = schemas[of[0]] if of else study_keys.json_schema
    write_data(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
