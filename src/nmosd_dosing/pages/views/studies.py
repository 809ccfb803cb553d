"""The study files and site files of the register: which there are, who uses them from when, their schedule of activities; and by managers
another one, checked first with the same errors at their places."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from nmosd_dosing.errors import DosingError, InputError, Problem, draw
from nmosd_dosing.language import catalog
from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.forms import Day
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.register import accounts
from nmosd_dosing.register.database.store import Act
from nmosd_dosing.register.reading import studies
from nmosd_dosing.report.html.grid import grid_parts
from nmosd_dosing.study.activities import activities, title_of_grids

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


@page(post=True)
def files(request: Asked) -> HttpResponse:
    """All files by version; a manager takes another one in, or only has it checked."""
    desk = request.desk
    if request.method == "POST" and not desk.who.manages:
        raise hidden()
    form, said, wrong = NewFile(*((request.POST, request.FILES) if request.method == "POST" else ())), "", ""
    if request.method == "POST" and form.is_valid():
        try:
            said, acts, seen = _taken(desk, form.cleaned_data)
            if "take" in request.POST:
                desk.facts.write(acts, desk.who.author(desk.place.zone), desk.place.clock(), seen=seen)
                return redirect("studies")
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
    status = 400 if wrong or form.errors else 200
    return render(request, "studies.html", {"files": listed, "form": form, "said": said, "wrong": wrong}, status=status)


def _taken(desk: Desk, typed: dict[str, Any]) -> tuple[str, list[Act], int]:
    """What would be written of a file, in words and as acts, and the number of the last entry that was seen. Raises DosingError with all
    that is wrong in the file."""
    seen = desk.facts.head().seq
    name, content = _content(typed)
    kind, id = studies.checked(content, name, desk.facts)
    sites = tuple(dict.fromkeys(site for text in typed["sites"].split(",") if (site := text.strip())))
    version, acts = studies.adopted(desk.facts, kind, id, name, content, typed["first"], sites)
    if not acts:
        return _("%(id)s, version %(version)s: it is there already, and used in this way.") % {"id": id, "version": version}, acts, seen
    return _("%(id)s: nothing is wrong; it would be version %(version)s.") % {"id": id, "version": version}, acts, seen


def _content(typed: dict[str, Any]) -> tuple[str, bytes]:
    """The file that was sent, or the shipped study's."""
    sent = typed["file"]
    if sent is not None and sent.size <= _LARGEST:
        return str(sent.name), sent.read()
    if sent is not None or not typed["shipped"]:
        raise InputError(_no_file(too_large=sent is not None))
    file = catalog.file_of(typed["shipped"])
    return file.name, file.read_bytes()


def _no_file(too_large: bool) -> Problem:
    if too_large:
        return Problem("the file has more than 250 kB", hint="a study file has some kB: choose another one")
    return Problem("no file is chosen", hint="choose a file of this computer, or a study that comes with the program")


@page()
def grid(request: Asked, id: str, version: str) -> HttpResponse:
    """The schedule of activities of a version of the study, masked as it is blinded, and the file as it was taken in."""
    file = next((f for f in studies.files(request.desk.facts) if (f.id, f.version) == (id, version)), None)
    if file is None:
        raise hidden()
    drawn, title = None, file.id
    if file.kind == "study":
        study = studies.study_in(file)
        drawn, title = grid_parts(study, activities(study, study.own_periods)), title_of_grids(study)
    return render(request, "study.html", {"file": file, "drawn": drawn, "title": title})
