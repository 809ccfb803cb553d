"""The study files and site files of the register: which there are, who uses them from when, their schedule of activities; and by managers
another one, checked first with the same errors at their places."""

from __future__ import annotations

import difflib
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct

from nmosd_dosing.errors import DosingError, InputError, Problem, draw
from nmosd_dosing.language import catalog
from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.forms import Day, seen_of
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.pages.showing import say
from nmosd_dosing.register import accounts
from nmosd_dosing.register.database.store import Act
from nmosd_dosing.register.reading import studies
from nmosd_dosing.report.html.grid import grid_parts
from nmosd_dosing.study.activities import activities, title_of_grids

_FILE = "file"  # in a session: the file that was checked last
_LINES, _COMPARED = 200, 5_000  # lines that are shown of what is changed; of a file that is compared
_LARGEST = 250_000  # bytes of a file; the longest that is shipped has a tenth, and one of a million keys is read for half a minute


class NewFile(forms.Form):
    """A file, and who uses it from when."""

    file = forms.FileField(label=gettext_lazy("A study file or a site's file"), required=False)
    shipped = forms.ChoiceField(label=gettext_lazy("or a study that comes with the program"), required=False)
    first = Day(gettext_lazy("Used from"), help_text=gettext_lazy("Empty: from the beginning."))
    sites = forms.CharField(
        label=gettext_lazy("By the sites"), required=False, max_length=1000, help_text=gettext_lazy("Codes, such as 01,02; empty for all.")
    )

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        field = self.fields["shipped"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "–"), *((study.id, f"{study.id}: {study.title}") for study in catalog.shipped())]


class Checked(Struct, frozen=True):
    """A file in which nothing is wrong, and what would be written of it. `uses`: for each site that would use it, what it uses on that day
    now. `changed`: the lines that are others than in the version before it, as `diff` writes them, and how many more there are."""

    said: str
    acts: Sequence[Act]
    version: str
    uses: Sequence[tuple[str | None, studies.Use | None]]
    before: studies.File | None
    changed: Sequence[str]
    more: int


@page(post=True)
def files(request: Asked) -> HttpResponse:
    """All files by version. A manager has another one checked, and is shown what it would change; then it is taken in as it was checked,
    without being sent once more."""
    desk, wrong, checked = request.desk, "", None
    if request.method == "POST" and not desk.who.manages:
        raise hidden()
    form, seen = NewFile(*((request.POST, request.FILES) if request.method == "POST" else ())), desk.facts.head().seq
    if request.method == "POST" and form.is_valid():
        try:
            name, content = _kept(request) if "take" in request.POST else _content(form.cleaned_data)
            checked = _checked(desk, name, content, form.cleaned_data)
            if "take" in request.POST:
                since = seen_of(request.POST)
                desk.write(list(checked.acts), seen=seen if since is None else min(since, seen))
                del request.session[_FILE]
                return redirect("studies")
            request.session[_FILE] = {"name": name, "content": content}
        except DosingError as error:
            wrong = draw(error.problems)
    in_force = studies.in_force(studies.uses(desk.facts))
    known = accounts.sites_of_subjects(desk.facts)
    listed = [
        (file, [
            (use, use.site is None or use.site in known) for use in in_force
            if (use.kind, use.id, use.version) == (file.kind, file.id, file.version)
        ])
        for file in studies.files(desk.facts)
    ]  # fmt: skip
    return render(request, "studies.html", {
        "files": listed, "form": form, "checked": checked, "wrong": wrong, "seen": seen, "known": known,
        "checksum": _checksum(request.session[_FILE]["content"]) if checked is not None else "",
    }, status=400 if wrong or form.errors else 200)  # fmt: skip


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _kept(request: Asked) -> tuple[str, bytes]:
    """The file that was checked last: what is taken in is what was looked at. Raises InputError where it is another one, or is gone."""
    kept = request.session.get(_FILE)
    if kept is None or _checksum(kept["content"]) != request.POST.get("checksum"):
        raise InputError(Problem("the file that was checked is not kept any more", hint="choose it again, and have it checked"))
    return kept["name"], kept["content"]


def _checked(desk: Desk, name: str, content: bytes, typed: dict[str, Any]) -> Checked:
    """What would be written of a file, and what that changes. Raises DosingError with all that is wrong in the file."""
    kind, id = studies.checked(content, name, desk.facts)
    sites = tuple(dict.fromkeys(site for text in typed["sites"].split(",") if (site := text.strip())))
    there = [file for file in studies.files(desk.facts) if (file.kind, file.id) == (kind, id)]
    version, acts = studies.adopted(desk.facts, kind, id, name, content, typed["first"], sites)
    named = {"id": id, "version": version}
    said = _("%(id)s: nothing is wrong; it would be version %(version)s.") if acts else (
        _("%(id)s, version %(version)s: it is there already, and used in this way.")
    )  # fmt: skip
    before = next((file for file in there[::-1] if file.version != version), None)
    changed = list(_changed(before.text, content.decode())) if before is not None else []
    now = studies.uses(desk.facts)
    return Checked(
        said % named, acts, version, [(site, studies.used(now, kind, site, typed["first"])) for site in sites or (None,)], before,
        changed[:_LINES], len(changed[_LINES:]),
    )  # fmt: skip


def _changed(old: str, new: str) -> Iterator[str]:
    """The lines of a text that are others than in an older one, with two around them; nothing of texts too long to be compared."""
    lines = old.splitlines(), new.splitlines()
    if max(map(len, lines)) <= _COMPARED:
        yield from itertools.islice(difflib.unified_diff(*lines, n=2, lineterm=""), 2, None)


def _content(typed: dict[str, Any]) -> tuple[str, bytes]:
    """The file that was sent, or the shipped study's."""
    sent = typed["file"]
    if sent is not None and sent.size <= _LARGEST:
        return str(sent.name), sent.read()
    if sent is not None:
        raise InputError(Problem("the file has more than 250 kB", hint="a study file has some kB: choose another one"))
    if not typed["shipped"]:
        hint = "choose a file of this computer, or a study that comes with the program"
        raise InputError(Problem("no file is chosen", hint=hint))
    file = catalog.file_of(typed["shipped"])
    return file.name, file.read_bytes()


@page()
def grid(request: Asked, id: str, version: str) -> HttpResponse:
    """The schedule of activities of a version of the study, masked as it is blinded, and the file as it was taken in."""
    file = next((f for f in studies.files(request.desk.facts) if (f.id, f.version) == (id, version)), None)
    if file is None:
        raise hidden()
    drawn, title = None, file.id
    if file.kind == "study":
        study = studies.study_in(file)
        drawn, title = grid_parts(study, activities(study, study.own_periods), say), say(title_of_grids(study))
    return render(request, "study.html", {"file": file, "drawn": drawn, "title": title})
