"""The texts of the pages for translators. `python -m tests.pages.translations` brings the file of translations up to the pages (with GNU
gettext's xgettext), and compiles it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import polib

from tests.kit.paths import ROOT

PAGES = ROOT / "src" / "nmosd_dosing" / "pages"
PO = PAGES / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")


def extracted() -> polib.POFile:
    """The translations as they are, with the texts that the pages have now: new ones without a translation, those that went obsolete."""
    from django.core.management import call_command

    from nmosd_dosing.pages import settings

    settings.put_in_force()
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "pages")
        shutil.copytree(PAGES, copy, ignore=shutil.ignore_patterns("__pycache__", "static"))
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
        if entry.msgid_plural:  # Chinese has one form for all numbers
            entry.msgstr_plural = {0: entry.msgstr_plural.get(0, "")}
    po.metadata = {
        "Language": "zh_Hans", "Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit",
        "MIME-Version": "1.0", "Plural-Forms": "nplurals=1; plural=0;",
    }  # fmt: skip
    po.header = "The pages in Chinese."
    po.metadata_is_fuzzy = False
    po.sort(key=lambda entry: (entry.msgid, entry.msgctxt or ""))
    po.save(str(PO))
    MO.write_bytes(compiled(po))
    print(f"{PO.relative_to(ROOT)}: {len(po)} texts, {len(po.untranslated_entries())} without a translation")


if __name__ == "__main__":
    main()
