"""The texts of the pages, and the patterns of what the core says, for translators. `python -m tests.pages.translations` brings the file of
translations up to both (with GNU gettext's xgettext), and compiles it."""

from __future__ import annotations

import ast
import os
import shutil
import string
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import polib

from tests.kit.paths import ROOT

PAGES = ROOT / "src" / "nmosd_dosing" / "pages"
PO = PAGES / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")


def spoken() -> Iterator[tuple[str, ast.Call]]:
    """Each call in the sources that makes a sentence, with its place."""
    for file in sorted((ROOT / "src" / "nmosd_dosing").rglob("*.py")):
        nodes = list(ast.walk(ast.parse(file.read_text("utf-8"))))
        imports = (node for node in nodes if isinstance(node, ast.ImportFrom) and node.module == "nmosd_dosing.sentences")
        names = {alias.name for node in imports for alias in node.names} & {"said", "joined", "many"}
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                yield f"{file.relative_to(ROOT)}:{node.lineno}", node


def literals(call: ast.Call) -> list[str]:
    """The patterns of a call: `said("…")`, `said("…" if short else "…")`, `joined("; ", …)`, `many(n, "day")`. Raises ValueError for what
    is not written out: nobody could translate it."""
    assert isinstance(call.func, ast.Name)
    is_many = call.func.id == "many"
    found = []
    told = [call.args[1] if is_many else call.args[0]]
    while told:
        match told.pop():
            case ast.IfExp(body=one, orelse=other):
                told += [one, other]
            case ast.Constant(value=str(text)):
                found.append(f"{{n}} {text}" if is_many else text)
            case other:
                raise ValueError(ast.unparse(other))
    return found


def words() -> set[str]:
    """Words of closed sets, which no call writes out, and names that other packages give."""
    from nmosd_dosing import days
    from nmosd_dosing.checks import blocks, verdicts
    from nmosd_dosing.dose import dose
    from nmosd_dosing.pharmacy import stock
    from nmosd_dosing.plans import note_codes, wording, workdays
    from nmosd_dosing.register import accounts, feeds
    from nmosd_dosing.register.reading import line
    from nmosd_dosing.register.writing import changes
    from nmosd_dosing.schedule import visit_states
    from nmosd_dosing.study import events, model, visit_rules
    from nmosd_dosing.subjects import disposition, subject
    from nmosd_dosing.subjects.tables import written

    return {
        *verdicts.VERDICTS, *verdicts.STATES, *get_args(blocks.Verdict), *get_args(note_codes.NoteCode),
        *get_args(visit_states.VisitStatusText), *get_args(disposition.MoveStatusText), *get_args(subject.RecordStatus),
        *(kind.name for kind in events.TABLE), *(kind.text for kind in events.TABLE), "actual end visit of the period",
        visit_rules.LAST_DOSE, visit_rules.LAST_DOSE_OF_STUDY, "first dose", *get_args(model.Then), "or later", "the study", "this plan",
        *(wording.why_no_amount(status) for status in get_args(dose.AmountStatusText) if status not in ("stated", "capped", "absent")),
        *get_args(dose.AmountStatusText), *get_args(dose.Rounding.__annotations__["way"]),
        *days.weekdays(), *days._MONTHS, *(name[:3] for name in days._MONTHS), *workdays._WEEKDAYS, *_HOLIDAYS,
        *line._DONE.values(), *(f"{what}: {line._DONE[action]}" for what, action in line.DONE_OTHERWISE),
        *(pattern for pattern, _ in line.NAMED.values()), *accounts.ROLES,
        *(column for columns in written.COLUMNS.values() for column in columns), "facts", "arms", *_CELLS, *written.COLUMNS,
        *(f"movement: {movement}" for movement in stock.MOVEMENTS), *(f"scope: {scope}" for scope in feeds.SCOPES),
        *(f"view: {view}" for view in get_args(feeds.View)), *(f"language: {language}" for language in days.LANGUAGES),
        *changes._NOUNS.values(),
        "did you mean {words}?", "week", "month", "year",
        *(f"{{n}} {unit}" for unit in ("minute", "hour", "day", "week", "month", "year")),
    }  # fmt: skip


_CELLS = (  # of the tables that a register has beside those of a trial, and words that stand in them
    "account", "role", "sites", "user", "state", "active", "disabled", "revoked", "name", "checksum", "kind", "id", "version", "study",
    "file",     "feed", "scope", "view", "language", "purpose", "expires", "movement", "vial", "expiry", "quantity", "Y", "N", "F", "M",
)  # fmt: skip
_HOLIDAYS = (  # of China, as the package names them
    "New Year's Day", "New Year's Day (observed)", "Chinese New Year's Eve", "Chinese New Year (Spring Festival)",
    "Chinese New Year (Spring Festival) (observed)", "Chinese New Year Extended Holiday", "Tomb-Sweeping Day",
    "Tomb-Sweeping Day (observed)", "Labor Day", "Labor Day (observed)", "Dragon Boat Festival", "Dragon Boat Festival (observed)",
    "Mid-Autumn Festival",
    "Mid-Autumn Festival (observed)", "National Day", "National Day (observed)", "Day off (substituted from {day})",
)  # fmt: skip


def places(pattern: str) -> set[str]:
    """What is put into a pattern of a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name is not None}


def extracted() -> polib.POFile:
    """The translations as they are, with the texts that the pages have now: new ones without a translation, those that went obsolete."""
    from django.core.management import call_command

    from nmosd_dosing.pages import settings

    settings.put_in_force()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "pages")
        shutil.copytree(PAGES, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
        core = sorted({text for _, call in spoken() for text in literals(call) if text} | words())
        (copy / "core.py").write_text("".join(f"gettext({text!r})\n" for text in core), encoding="utf-8")
        os.chdir(copy)
        try:
            call_command("makemessages", locale=["zh_Hans"], verbosity=0, no_location=True, no_wrap=True)
        finally:
            os.chdir(before)
        return polib.pofile(str(copy / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"), wrapwidth=0)


def compiled(po: polib.POFile) -> bytes:
    """The file that Django reads."""
    return bytes(po.to_binary())


def main() -> None:
    """Writes both files."""
    PO.parent.mkdir(parents=True, exist_ok=True)
    po = extracted()
    for entry in po.obsolete_entries():
        po.remove(entry)
    for entry in po:
        if entry.fuzzy:  # guessed by likeness: nobody has translated it
            entry.msgstr = ""
            entry.flags.remove("fuzzy")
        if entry.msgid_plural:  # Chinese has one form for all numbers
            entry.msgstr_plural = {0: entry.msgstr_plural.get(0, "")}
    po.metadata = {
        "Language": "zh_Hans", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit",
        "MIME-Version": "1.0", "Plural-Forms": "nplurals=1; plural=0;",
    }  # fmt: skip
    po.header = "The pages, and what the core says on them, in Chinese."
    po.metadata_is_fuzzy = False
    po.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
    po.save(str(PO))
    MO.write_bytes(compiled(po))
    print(f"{PO.relative_to(ROOT)}: {len(po)} texts, {len(po.untranslated_entries())} without a translation")


if __name__ == "__main__":
    main()
