"""`dosing register adopt`, `files`, `backup`, `restore`: the files that a register holds, and a register as a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli import arguments, outputs, registers
from nmosd_dosing.cli.edge import say
from nmosd_dosing.cli.files import has_folder, is_file, read_file, write_whole
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.register_options import AdoptOptions, RegisterOptions
from nmosd_dosing.days import date_text
from nmosd_dosing.errors import InputError, Problem, Problems, clip, one_of
from nmosd_dosing.language import catalog, shipped
from nmosd_dosing.report.pages.register import files_page
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.register.reading.studies import File, Use


def run_adopt(asked: RegisterOptions, name: str, used: AdoptOptions) -> None:
    """Takes a study file or a site's file into a register, and says who uses it from when."""
    problems = Problems()
    start = arguments.maybe(arguments.date, "--from", used.first, problems)
    problems.stop()
    opened = registers.opened(asked)
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import studies

    opened.who.must_manage("take files in")
    sites = tuple(dict.fromkeys(used.at_site))
    path = name if catalog.is_path(name) else str(shipped.folder() / f"{catalog.find(name)[0].id}.yaml")
    content = read_file(path)
    kind, id = studies.checked(content, Path(path).name, opened.facts)
    seen = opened.facts.head().seq
    version, acts = studies.adopted(opened.facts, kind, id, Path(path).name, content, start, sites)
    opened.write(acts, seen=seen)
    say(without_controls(f"{in_words(kind, id, version)}, {used_by(sites, start)}{'' if acts else ': it is so already'}"))
    if unknown := sorted({*sites} - accounts.sites_of_subjects(opened.facts)):
        say(without_controls(f"no subject is of site {one_of(unknown)} yet"))


def in_words(kind: str, id: str, version: str) -> str:
    """A file, for a sentence: `study bat4406f, version 2`."""
    return f"{'study' if kind == 'study' else 'site file'} {id}, version {version}"


def used_by(sites: Sequence[str], start: dt.date | None) -> str:
    """Who uses a file from when, for a sentence."""
    whom = f"site {', '.join(sites)}" if sites else "all sites"
    return f"used by {whom}{f' from {date_text(start)}' if start is not None else ''}"


def run_files(asked: RegisterOptions, output: OutputOptions) -> None:
    """Lists the files that a register holds."""
    outputs.stop_where_wrong(FORMATS, output)
    opened = registers.opened(asked)
    from nmosd_dosing.register.reading import studies

    uses = studies.uses(opened.facts)
    outputs.put(FORMATS, output, studies.files(opened.facts), uses, studies.in_force(uses))


def _dict(files: Sequence[File], uses: Sequence[Use]) -> dict[str, Any]:
    return {
        "files": [
            {
                "kind": file.kind, "id": file.id, "version": file.version, "name": file.name, "sha256": file.checksum,
                "used": [
                    {"site": use.site, "from": use.start.isoformat() if use.start is not None else None}
                    for use in uses if (use.kind, use.id, use.version) == (file.kind, file.id, file.version)
                ],
            }
            for file in files
        ]
    }  # fmt: skip


FORMATS: outputs.Formats = {
    "table": lambda files, _, in_force: files_page(files, in_force), "json": lambda files, uses, _: _dict(files, uses),
}  # fmt: skip


# --- a register as a file ------------------------------------------------------------------------------------------------


def run_backup(asked: RegisterOptions, path: str, arms: bool) -> None:
    """Writes all that a register holds, without arms; or the arms alone."""
    problems = Problems()
    has_folder(path, problems)
    problems.stop()
    opened = registers.opened(asked)
    from nmosd_dosing.register.database import backups

    if arms and opened.arms is None:
        raise InputError(Problem("`--arms` is an unblinded pharmacist's", hint="leave it out"))
    if not arms:
        opened.who.must_manage("write all that the register holds")
    store = opened.arms if arms and opened.arms is not None else opened.facts
    if is_file(path):
        raise InputError(Problem(f"`{clip(path)}` is there already", hint="name another file: a backup is never written over"))
    write_whole(path, backups.backup(store, "arms" if arms else "facts"), private=True)
    head = store.head()
    say(f"{path}: {'the arms' if arms else 'the register without arms'}, up to number {head.seq}; keep {head.seq}:{head.hash} elsewhere")


def run_restore(asked: RegisterOptions, path: str, arms: str | None) -> None:
    """Makes a register of a backup, and of one of the arms."""
    registers.loaded(asked.register)
    from nmosd_dosing.register import register
    from nmosd_dosing.register.database import backups

    contents = {"facts": (path, read_file(path))} | ({"arms": (arms, read_file(arms))} if arms is not None else {})
    for kind, (name, content) in contents.items():
        if (of := backups.begun(content, name).store) != kind:
            other = "`--arms`" if of == "arms" else "the first argument"
            raise InputError(Problem(f"`{clip(name)}` is a backup of the {of}", hint=f"name it as {other}"))
    heads = {}

    def fill(made: register.Register) -> None:
        for kind, (name, content) in contents.items():
            heads[kind] = backups.restore(made.facts if kind == "facts" else made.arms, content, name)

    register.make(asked.register or "", fill).close()
    for kind, head in heads.items():
        say(f"{asked.register}: the {kind}, up to number {head.seq}; the chain holds")
