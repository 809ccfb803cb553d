"""The trial file types options: those that are not given have what it says. It is taken from the folder only where the command line names
neither a regimen nor a table, and said."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from nmosd_dosing.cli.edge import collected, say
from nmosd_dosing.errors import Place, Problems, RegimenError
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.language.trial_file import Trial

NAME = "trial.yaml"
_ONE = ("start", "screening", "had")  # which are of somebody who is in no table


def typed(given: Mapping[str, Any], *, tables: bool = False) -> dict[str, Any]:
    """The options of a command with those of the trial file, where one is named or lies in the folder; options that were given stand.
    Where a register is named, its tables are taken, and not those of the file; but for a command that brings `tables` into one.

    Raises RegimenError where the file is wrong, names a file that is not there, or says for one of them what cannot be.
    """
    path = given["trial"]
    if path is None and _is_given(given.get("regimen")):
        return dict(given)
    from nmosd_dosing.language.trial_file import TABLES

    named = ("regimen", *TABLES)  # which tell that the file of the folder is not meant
    if path is None and (any(_is_given(given.get(name)) for name in named) or not _lies_here()):
        return dict(given)
    trial = _read(path or NAME, lies_here=path is None)
    if trial is None:
        return dict(given)
    says = {name: value for name, value in _options(trial, given).items() if name in given and not _is_given(given[name])}
    if _is_given(given.get("register")) and not tables:
        says = {name: value for name, value in says.items() if name not in (*named, "column")}
    _stop_where_wrong(trial, says)
    if not says:
        return dict(given)
    columns = [*given.get("column", ()), *says.get("column", ())]
    shown = [*(value for name, value in says.items() if isinstance(value, str)), *(f"site {code}" for code in says.get("at_site", ()))]
    say(without_controls(f"{path or NAME}: {trial.name} ({', '.join(shown)})"))
    return {**given, **says, **({"column": columns} if columns else {}), "trial": path or NAME}


def register_here() -> str | None:
    """The register that the trial file of the folder names, which is said; None where there is none."""
    trial = _read(NAME, lies_here=True) if _lies_here() else None
    if trial is None or trial.register is None:
        return None
    say(without_controls(f"{NAME}: {trial.name} ({trial.register.text})"))
    return trial.register.text


def example() -> Path:
    """The folder of the invented trial: packed beside this package, or `examples/trial/` of the checkout."""
    package = Path(__file__).parent.parent
    installed = package / "examples" / "trial"
    return installed if installed.is_dir() else package.parent.parent / "examples" / "trial"


def file_of(path: str, table: str) -> str | None:
    """The file that a trial file names for a table; None where it names none."""
    trial = _read(path, lies_here=False)
    return trial.files[table].text if trial is not None and table in trial.files else None


def _is_given(value: object) -> bool:
    return value is not None and value != [] and value != ()


def _lies_here() -> bool:
    try:
        return Path(NAME).is_file()
    except OSError:
        return False


def _read(path: str, *, lies_here: bool) -> Trial | None:
    """The trial file, with all its files there; None where another kind of file happens to have its name."""
    from nmosd_dosing.cli.files import read_file
    from nmosd_dosing.language import trial_file

    problems, content = Problems(), read_file(path)
    node = trial_file.nodes_of(content, path, problems)
    if lies_here and node is not None and not trial_file.is_trial(node):
        return None
    trial = trial_file.trial_of(node, path, problems) if node is not None else None
    if trial is not None:
        problems.found += trial.missing()
    if problems.errors or trial is None:
        raise RegimenError(problems.in_order())
    return trial


def _stop_where_wrong(trial: Trial, says: Container[str]) -> None:
    """Raises RegimenError for what is wrong in the trial file itself; what is wrong in a file that it names is told with all the others."""
    from nmosd_dosing.language import catalog

    problems, regimen = Problems(), trial.regimen
    if regimen is not None and "regimen" in says and not catalog.is_path(regimen.text):
        _at(regimen.place, problems, lambda _: catalog.find(regimen.text))
    _check_said(trial, says, problems)
    if problems.errors:
        raise RegimenError(problems.in_order())


def _options(trial: Trial, given: Mapping[str, Any]) -> dict[str, str | list[str]]:
    """What the file says, by the options that it stands for, as far as these are about what is asked: hours and languages are of calendars,
    and rows of sites are not asked for where one subject is."""
    from nmosd_dosing.language.trial_file import TABLES

    files = {name: said.text for name, said in trial.files.items()}
    alone = any(_is_given(given.get(name)) for name in _ONE)
    if alone:
        files = {name: path for name, path in files.items() if name not in TABLES}
    found: dict[str, str | list[str]] = {**({"regimen": trial.regimen.text} if trial.regimen is not None else {}), **files}
    if trial.register is not None and not alone:
        found["register"] = trial.register.text
    if trial.country is not None:
        found["country"] = trial.country.text
    if trial.columns and not alone:
        found["column"] = [f"{ours}={said.text}" for ours, said in trial.columns]
    calendars = bool(given.get("ics") or given.get("ics_dir"))
    if trial.zone is not None and (given.get("at") or "at" not in given):
        found["zone"] = trial.zone.text
    if trial.language is not None and (calendars or "ics_dir" not in given):
        found["lang"] = trial.language
    if trial.sites and not _is_given(given.get("ics_dir")) and not given.get("subject"):
        found["at_site"] = list(trial.sites)
    return found


def check(trial: Trial, problems: Problems) -> None:
    """What is wrong with the values of a trial file as options take them: the regimen, the site's facts for it, the country, the zone and
    our names of columns; each at its place."""
    from nmosd_dosing.cli import people
    from nmosd_dosing.cli.options import PeopleOptions

    problems.found += trial.missing()
    if problems.errors:
        return
    if (regimen := trial.regimen) is not None:
        options = PeopleOptions(regimen=regimen.text, site=trial.files["site"].text if "site" in trial.files else None)
        _at(regimen.place, problems, lambda found: people.regimen(options, found))
    _check_said(trial, ("country", "zone", "column"), problems)


def _check_said(trial: Trial, says: Container[str], problems: Problems) -> None:
    """The same of the country, the zone and our names of columns, as far as they are among the options that it `says`."""
    from nmosd_dosing.calendar.zones import check_zone
    from nmosd_dosing.cli import arguments, tables

    if (country := trial.country) is not None and "country" in says:
        _at(country.place, problems, lambda found: arguments.country("country", country.text, None, found))
    if (zone := trial.zone) is not None and "zone" in says:
        _at(zone.place, problems, lambda _: check_zone(zone.text))
    for ours, said in trial.columns if "column" in says else ():
        _at(said.place, problems, partial(tables.said_columns, [f"{ours}={said.text}"]))


def _at(place: Place, problems: Problems, work: Callable[[Problems], object]) -> None:
    """What some work finds or raises, at a place of the trial file unless it has its own."""
    found = Problems()
    collected(found, lambda: work(found))
    problems.found += [problem if problem.place or problem.path else replace(problem, place=place) for problem in found.found]
