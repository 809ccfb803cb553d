"""The forms by which people write rows of tables: a field for each column that is offered, which takes any text, since what is wrong with
it the tables' readers say."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext, gettext_lazy

from nmosd_dosing.days import Language, date_text
from nmosd_dosing.dose.units import UNITS
from nmosd_dosing.errors import InputError, Problem, clip
from nmosd_dosing.register.reading.line import CLOSED_SETS, cell_word
from nmosd_dosing.sentences import in_words
from nmosd_dosing.study.events import CONSENTED, OF_SCREENING, RANDOMISED, SCREEN_FAILED, SCREENED
from nmosd_dosing.subjects.subject import RECORD_STATUSES
from nmosd_dosing.subjects.tables import written

_LONGEST = 2000  # characters of a cell
LABELS: Mapping[str, Any] = {
    "subject": gettext_lazy("Code"),
    "site": gettext_lazy("Site"),
    "start": gettext_lazy("Day 1"),
    "weight_kg": gettext_lazy("Weight in kg"),
    "height_cm": gettext_lazy("Height in cm"),
    "sex": gettext_lazy("Sex"),
    "age_years": gettext_lazy("Age in years"),
    "study_version": gettext_lazy("Version of the study"),
    CONSENTED: gettext_lazy("Gave informed consent on"),
    SCREENED: gettext_lazy("Screened on"),
    RANDOMISED: gettext_lazy("Randomised on"),
    SCREEN_FAILED: gettext_lazy("Screening failed on"),
    "event": gettext_lazy("Event"),
    "date": gettext_lazy("Day"),
    "comment": gettext_lazy("Comment"),
    "visit": gettext_lazy("Visit"),
    "time": gettext_lazy("Time"),
    "period": gettext_lazy("Period"),
    "status": gettext_lazy("What became of it"),
    "last": gettext_lazy("Last day, if it takes several"),
    "product": gettext_lazy("Product"),
    "amount": gettext_lazy("Amount"),
    "unit": gettext_lazy("Unit"),
    "batch": gettext_lazy("Batch"),
    "assessment": gettext_lazy("Assessment, if this is of one only"),
    "time_point": gettext_lazy("Time point"),
    "reason": gettext_lazy("Reason, if it was not as planned"),
    "what": gettext_lazy("What"),
    "value": gettext_lazy("Value"),
    "from": gettext_lazy("From"),
    "to": gettext_lazy("To"),
    "amount_per_day": gettext_lazy("Amount a day"),
    "for": gettext_lazy("For what"),
    "had": gettext_lazy("Did the subject have it"),
    "arm": gettext_lazy("Arm"),
}
STATUS_NAMES: Mapping[str, Any] = {
    "planned": gettext_lazy("planned"),
    "projected": gettext_lazy("projected"),
    "pending": gettext_lazy("waits"),
    "booked": gettext_lazy("booked"),
    "done": gettext_lazy("done"),
    "partial": gettext_lazy("done in part"),
    "missed": gettext_lazy("missed"),
    "withheld": gettext_lazy("withheld"),
    "cancelled": gettext_lazy("cancelled"),
    "absent": gettext_lazy("not in this plan"),
}
_HELP: Mapping[str, Any] = {
    "start": gettext_lazy("The first dose, or the day that is planned for it; empty while nobody knows it."),
    "from": gettext_lazy("2024-05-12, or 2024-05 or 2024, as far as it is known"),
    "to": gettext_lazy("The same; “ongoing” while it goes on"),
    "what": gettext_lazy("A drug, a vaccine or anything else; empty if there was none"),
}
_DAYS = frozenset({"date", "last", "start", *OF_SCREENING})
_NUMBERS = frozenset({"weight_kg", "height_cm", "age_years", "value", "amount", "amount_per_day"})
_TEXTS = frozenset({"comment", "reason"})
Choices = Mapping[str, Sequence[tuple[str, Any]]]


def form_of(table: str, columns: Iterable[str], choices: Choices, *, needed: Iterable[str] = ()) -> type[forms.Form]:
    """A form with some columns of a table. `choices`: of those in which only some texts may stand, which, each with what it is called.
    `needed`: which may not be empty, beside those without which the table is not read."""
    must = {*written.REQUIRED[table], *needed} - {"start"}
    fields = {name: _field(name, choices.get(name), name in must) for name in columns}
    return type("Cells", (forms.Form,), fields)


def _field(name: str, choices: Sequence[tuple[str, Any]] | None, required: bool) -> forms.Field:
    label = label_of(name)
    if choices is not None:
        there = [*choices] if required and len(choices) == 1 else [("", "–"), *choices]
        return forms.ChoiceField(label=label, choices=there, required=required, help_text=_HELP.get(name, ""))
    widget: forms.Widget = forms.Textarea(attrs={"rows": 2}) if name in _TEXTS else forms.TextInput()
    if name in _DAYS or name.startswith("enter_"):
        widget = day_input()
    elif name == "time":
        widget.attrs["placeholder"] = "09:30"
    elif name in _NUMBERS:
        widget.attrs["inputmode"] = "decimal"
    widget.attrs["autocomplete"] = "off"
    return forms.CharField(label=label, max_length=_LONGEST, required=required, widget=widget, help_text=_HELP.get(name, ""))


def day_input() -> forms.TextInput:
    """A day is typed as it is shown everywhere: a browser's own field would show 07/08, here July and there August."""
    return forms.TextInput(attrs={"placeholder": "2025-01-31", "size": "12", "maxlength": "30"})


class Day(forms.DateField):
    """A day that is read as it is shown everywhere, in each language: 07/08 is no day."""

    def __init__(self, label: Any, *, required: bool = False, help_text: Any = "") -> None:
        super().__init__(label=label, required=required, help_text=help_text, widget=day_input(), input_formats=["%Y-%m-%d"])

    def to_python(self, value: Any) -> dt.date | None:
        """The day. Raises ValidationError, which says what was typed, where it is none."""
        try:
            return super().to_python(value)
        except forms.ValidationError:
            said = gettext("“%(typed)s” is no day: write it as 2025-01-31") % {"typed": clip(str(value).strip())}
            raise forms.ValidationError(said, code="invalid") from None


def password(label: Any, *, new: bool = False, required: bool = True, help_text: Any = "") -> forms.CharField:
    """A password, as it is typed; a browser offers the one that it keeps, or, of a `new` one, to make one."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password" if new else "current-password"})
    return forms.CharField(label=label, max_length=1024, strip=False, required=required, help_text=help_text, widget=widget)


@contextlib.contextmanager
def refusals() -> Iterator[list[Problem]]:
    """What a register refuses meanwhile, to be shown beside the form."""
    problems: list[Problem] = []
    try:
        yield problems
    except InputError as error:
        problems += error.problems


def text_of(name: str, text: str, language: Language) -> str:
    """A cell as people read it: a day with its weekday."""
    if name == "status":
        return str(STATUS_NAMES.get(text, text))
    if name in CLOSED_SETS:
        return in_words(cell_word(name, text), gettext, language)
    with contextlib.suppress(ValueError):
        return date_text(dt.date.fromisoformat(text), language) if len(text) == len("2025-01-31") else text
    return text


def label_of(name: str) -> Any:
    """What a column is called on a page."""
    period, product = name.removeprefix("enter_"), name.removeprefix("earlier_")
    if period != name:
        return gettext_lazy("First day of %s") % period
    if product != name:
        return gettext_lazy("%s before the study, in all") % product
    return LABELS[name]


def in_order(table: str, cells: Iterable[str]) -> list[str]:
    """The names of cells in the order of their table's columns."""
    columns = written.COLUMNS[table]
    return sorted(cells, key=lambda name: (columns.index(name) if name in columns else len(columns), name))


def seen_of(sent: Mapping[str, str]) -> int | None:
    """The number of the last entry when a form was shown, as it was sent back; None where it was not."""
    text = sent.get("seen", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def cells_of(form: forms.Form) -> dict[str, str]:
    """What was typed, by column; empty texts where nothing was."""
    return {name: str(form.cleaned_data.get(name) or "") for name in form.fields}


STATUSES = [(status, STATUS_NAMES[status]) for status in RECORD_STATUSES]
DONE = [(status, name) for status, name in STATUSES if status != "booked"]
UNIT_CHOICES = [(unit, unit) for unit in UNITS]
SEXES = [("F", gettext_lazy("female")), ("M", gettext_lazy("male"))]
HAD = [("Y", gettext_lazy("yes")), ("N", gettext_lazy("no"))]
