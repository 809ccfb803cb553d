"""What somebody writes of a subject: typed, shown with what it moves, and only then, once confirmed, written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from msgspec import Struct, field
from msgspec.structs import replace

from nmosd_dosing import days
from nmosd_dosing.checks.closed_days import with_closed_days
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.verdicts import concern
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.pages import forms as cells
from nmosd_dosing.pages.access import Asked, hidden, page
from nmosd_dosing.pages.forms import form_of
from nmosd_dosing.pages.looking import DOSE_CELLS, Looked, hour_of, looked
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.pages.showing import language, say
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.register.accounts import Role
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import ARMS, Conflict
from nmosd_dosing.register.reading import gathering, trail
from nmosd_dosing.register.reading.line import Line
from nmosd_dosing.register.writing import changes
from nmosd_dosing.register.writing.changes import Change
from nmosd_dosing.sentences import joined, word
from nmosd_dosing.study.events import OF_SCREENING, kind_of
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import arms_of, way
from nmosd_dosing.study.visit_names import UNSCHEDULED

_UNSAID = "?"  # stands for a reason that is asked for only once it is known that one is needed
_ROLES: tuple[Role, ...] = ("coordinator", "site-pharmacist", "manager")


class Kind(Struct, frozen=True):
    """Something that is written: a row of which table, with which columns."""

    title: Any
    table: str
    columns: tuple[str, ...]
    fixed: Mapping[str, str] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "record": Kind(
        gettext_lazy("Record a visit"), "visits",
        ("visit", "date", "time", "status", "weight_kg", *DOSE_CELLS, "last", "assessment", "time_point", "reason", "comment"),
    ),
    "book": Kind(gettext_lazy("Book a visit"), "visits", ("visit", "date", "time", "comment"), {"status": "booked"}),
    "event": Kind(gettext_lazy("Enter an event"), "events", ("event", "date", "comment")),
    "weight": Kind(gettext_lazy("Enter a weight"), "weighings", ("date", "weight_kg", "comment")),
    "value": Kind(gettext_lazy("Enter a value"), "measurements", ("date", "what", "value", "comment")),
    "had": Kind(
        gettext_lazy("Enter what came before the study"), "history",
        ("what", "from", "to", "amount", "amount_per_day", "unit", "for", "had", "comment"),
    ),
    "arm": Kind(gettext_lazy("Enter the arm"), "allocation", ("arm",)),
}  # fmt: skip


def kinds(seen: Looked) -> list[tuple[str, Kind]]:
    """What the account may write of a subject."""
    mine = [(name, kind) for name, kind in KINDS.items() if seen.desk.who.writes(kind.table)]
    return [(name, kind) for name, kind in mine if (name != "value" or seen.study.values) and (kind.table != "visits" or seen.visits)]


class Writing(Struct, frozen=True):
    """What is being written. `change`: makes it of what was typed, and why; `asks_why`: from the beginning; `shown`: what stood there."""

    desk: Desk
    title: str
    form: type[forms.Form]
    change: Callable[[dict[str, str], str | None], Change]
    back: str
    initial: Mapping[str, str] = field(default_factory=dict)
    seen: Looked | None = None
    asks_why: bool = False
    before: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    kept: str = ""  # a reason that is proposed where a row is replaced


@page(*_ROLES, "unblinded-pharmacist", post=True)
def write(request: Asked, code: str, kind: str) -> HttpResponse:
    """A new row: a visit that was, or is booked; an event, a weight, a value, something of the history; the arm."""
    seen = looked(request.desk, code)
    what = dict(kinds(seen)).get(kind)
    if what is None:
        raise hidden()
    visit = request.POST.get("visit") or request.GET.get("visit") or ""
    columns, choices = _columns(seen, what.columns, visit), _choices(seen, what.table)
    if kind == "record":
        choices["status"] = cells.DONE

    def change(typed: dict[str, str], why: str | None) -> Change:
        row = {"subject": seen.code, **{name: text for name, text in typed.items() if text}, **what.fixed}
        booked = seen.appointments.get(row.get("visit", ""), ()) if what.table == "visits" else ()
        if len(booked) == 1 and "assessment" not in row and "time_point" not in row:  # the appointment becomes what became of it
            return changes.correct(request.desk.book, str(booked[0]), {**row, "time": typed.get("time", "")}, why)
        return changes.record(request.desk.book, what.table, row, why)

    today = request.desk.today.isoformat()
    return _answer(request, Writing(
        request.desk, str(what.title), form_of(what.table, columns, choices, needed=("status",) if kind == "record" else ()), change,
        reverse("subject", args=[code]),
        {"status": "done", "visit": visit, **_day(seen, kind, visit, today), **_known(request, columns)}, seen,
        kept=_("what became of the appointment") if kind == "record" else "",
    ))  # fmt: skip


@page(*_ROLES, post=True)
def correct(request: Asked, code: str, number: int) -> HttpResponse:
    """Other cells in a row, with a reason; of the row of the subject also day 1."""
    seen = looked(request.desk, code)
    table, row = _row_of(seen, number)
    if row is None:
        return _replaced(request, seen, number)
    there = dict(row.cells or {})
    visit = seen.visit_of(number) or there.get("visit", "")
    choices = _choices(seen, table)
    if table == "visits" and visit not in [value for value, _name in choices["visit"]]:
        choices["visit"] = [(visit, visit), *choices["visit"]]
    columns = _columns(seen, _to_correct(seen.study, table), visit)

    def change(typed: dict[str, str], why: str | None) -> Change:
        said = typed.pop("visit", visit)
        if said != visit:  # as it was written it may have its period beside it
            typed |= {"visit": said, **({"period": ""} if "period" in there else {})}
        if typed.get("what") != there.get("what") and "unit" in there:  # that of the other value
            typed.setdefault("unit", "")
        return changes.correct(request.desk.book, str(number), typed, why)

    initial = {**there, **({"visit": visit} if table == "visits" else {})}
    title = _("Day 1, and what is written of the subject") if table == "subjects" else _("Correct number %(number)d") % {"number": number}
    return _answer(request, Writing(
        request.desk, title, form_of(table, columns, choices), change, reverse("subject", args=[code]),
        {**initial, **_known(request, columns)}, seen, asks_why=True, before=there,
    ))  # fmt: skip


@page(*_ROLES, post=True)
def withdraw(request: Asked, code: str, number: int) -> HttpResponse:
    """A row that should not be there, with a reason."""
    seen = looked(request.desk, code)
    table, row = _row_of(seen, number)
    if row is None:
        return _replaced(request, seen, number)
    fields: dict[str, forms.Field] = {}
    hint = _("It stays in the trail, and nothing stands in its place.")
    if table == "subjects":
        fields["whole"] = forms.BooleanField(label=_("With everything that is written of the subject"), required=False)
        hint = _("Only for a subject who never existed. For one who leaves the study, enter an event, “withdrawn”.")

    def change(typed: dict[str, str], why: str | None) -> Change:
        return changes.withdraw(request.desk.book, str(number), why, whole=typed.get("whole") == "True")

    return _answer(request, Writing(
        request.desk, _("Withdraw number %(number)d") % {"number": number}, type("Cells", (forms.Form,), fields), change,
        reverse("subject", args=[code]), {}, seen, asks_why=True, before=dict(row.cells or {}), hint=hint,
    ))  # fmt: skip


@page("coordinator", "manager", post=True)
def new_subject(request: Asked) -> HttpResponse:
    """A new subject."""
    desk = request.desk
    study = gathering.study_of(desk.register, [], desk.today)
    columns = ("subject", "site", "start", "weight_kg", "height_cm", "sex", "age_years", *OF_SCREENING[:3], *_earlier(study))
    sites = sorted(desk.who.sites) if desk.who.sites is not None else None
    choices: dict[str, Sequence[tuple[str, Any]]] = {"sex": cells.SEXES}
    if sites is not None:
        choices["site"] = [(site, site) for site in sites]
    return _answer(request, Writing(
        desk, _("New subject"), form_of("subjects", columns, choices, needed=("site",) if sites else ()),
        lambda typed, why: changes.record(desk.book, "subjects", typed, why), reverse("subjects"),
        hint=_("The first dose that is recorded becomes day 1."),
    ))  # fmt: skip


# --- the steps -----------------------------------------------------------------------------------------------------------


def _answer(request: Asked, asked: Writing) -> HttpResponse:
    """The form; what it moves, of what was typed; and, once that is confirmed, back to the subject with what was written."""
    if request.method != "POST":
        return _form(request, asked, asked.form(initial=dict(asked.initial)))
    typed, why = asked.form(request.POST), " ".join(request.POST.get("why", "").split())
    if not typed.is_valid() or (asked.asks_why and not why):
        return _form(request, asked, typed, why, status=400)
    if "back" in request.POST:
        return _form(request, asked, typed, why)
    confirmed, row, seen = "confirm" in request.POST, cells.cells_of(typed), cells.seen_of(request.POST)
    try:
        change = asked.change(dict(row), why or _UNSAID)
    except InputError as error:
        if confirmed and (first := _written_since(asked, seen)):
            return _somebody_was_first(request, asked, typed, first)
        return _form(request, asked, typed, why, error.problems, 400)
    needs_why = bool(change.doubts) or change.acts[0].replaces is not None
    if not confirmed or seen is None or (needs_why and not why):
        return _preview(request, asked, typed, change, why, needs_why)
    if not why:
        change = asked.change(dict(row), None)
    if asked.seen is not None:
        change = replace(change, seen=min(seen, change.seen))
    try:
        numbers = change.write(asked.desk.who, asked.desk.at, asked.desk.zone)
    except Conflict as error:
        return _somebody_was_first(request, asked, typed, _written_since(asked, seen), error.problems)
    except InputError as error:
        return _form(request, asked, typed, why, error.problems, 400)
    return _to_the_subject(asked, change, f"{ARMS if change.store is asked.desk.arms else ''}{numbers[-1]}")


def _form(
    request: Asked, asked: Writing, form: forms.Form, why: str = "", problems: Sequence[Problem] = (), status: int = 200
) -> HttpResponse:  # fmt: skip
    lacks_why = asked.asks_why and not why and request.method == "POST"
    return render(
        request, "write.html", {"asked": asked, "form": form, "why": why, "problems": problems, "lacks_why": lacks_why}, status=status
    )  # fmt: skip


def _preview(request: Asked, asked: Writing, form: forms.Form, change: Change, why: str, needs_why: bool) -> HttpResponse:
    """What is written, and what it moves: before and after."""
    lacks_why = needs_why and not why and "confirm" in request.POST
    return render(request, "preview.html", {
        "asked": asked, "form": form, "change": change, "rows": list(_rows(asked, change)),
        "found": list(_found(asked, change)), "comes": _comes(asked, change),
        "needs_why": needs_why, "lacks_why": lacks_why, "why": why or ("" if change.doubts or lacks_why else asked.kept),
    }, status=400 if lacks_why else 200)  # fmt: skip


def _rows(asked: Writing, change: Change) -> Iterator[tuple[Any, str, str]]:
    """The cells that are written: what each is called, what stood there, and what will."""
    act = change.acts[-1]
    new, old = dict(act.cells or {}), dict(asked.before)
    if not old and act.replaces is not None and asked.seen is not None:
        old = dict(next((f.cells or {} for rows in asked.seen.rows.values() for f in rows if f.seq == act.replaces), {}))
    for name in cells.in_order(act.what, {**old, **new}):
        of_dose = name in DOSE_CELLS and act.what == "visits" and name not in asked.form.base_fields  # not offered: it may tell the arm
        if not of_dose and (name != "subject" or act.what == "subjects"):
            before, after = (cells.text_of(name, row.get(name, ""), language()) for row in (old, new))
            yield cells.label_of(name), before, after


def _found(asked: Writing, change: Change) -> Iterator[Finding]:
    """What is found then, and is not now: of the visits that are written of, and whatever else somebody should look at; all where
    there was no plan. What is told as a doubt is not told twice."""
    workdays = asked.seen.workdays if asked.seen is not None else open_days(None)
    mine = {act.cells.get("visit") for act in change.acts if act.cells is not None}
    for finding in with_closed_days(change.found, asked.desk.today, workdays):
        if _comes(asked, change) or (finding.verdict != "duplicate" and (finding.visit in mine or concern(finding.verdict) != "fine")):
            yield finding


def _comes(asked: Writing, change: Change) -> bool:
    """Whether there is a plan then, and none before."""
    return change.acts[0].newcomer is not None or (asked.seen is not None and asked.seen.gathered is None)


def _written_since(asked: Writing, seen: int | None) -> list[Line]:
    """What was written of the subject since somebody looked."""
    if asked.seen is None or seen is None or "arm" in asked.form.base_fields:  # `seen` is a number of the other store
        return []
    found = trail.lines(asked.desk.register, asked.desk.who, trail.Asked(subject=asked.seen.code))
    return [line for line in found if line.seq > seen and line.person == asked.seen.person]


def _somebody_was_first(
    request: Asked, asked: Writing, form: forms.Form, first: Sequence[Line], problems: Sequence[Problem] = ()
) -> HttpResponse:  # fmt: skip
    """What was written meanwhile; and what was typed, which can still be changed where it is a row of its own."""
    return render(request, "first.html", {
        "asked": asked, "form": form, "why": request.POST.get("why", ""), "first": first, "problems": problems, "typed": _typed(request),
    }, status=409)  # fmt: skip


def _replaced(request: Asked, seen: Looked, number: int) -> HttpResponse:
    """The page of a number that does not hold any more."""
    found = list(trail.lines(seen.desk.register, seen.desk.who, trail.Asked(number=str(number))))
    asked = {"back": reverse("subject", args=[seen.code])}
    return render(request, "first.html", {"asked": asked, "first": found, "typed": _typed(request)}, status=409)


def _typed(request: Asked) -> list[tuple[Any, str]]:
    """What somebody typed who was not the first: it is not to be looked up again."""
    known = {**cells.LABELS, "why": gettext_lazy("Reason")}
    return [(known[name], text) for name, text in request.POST.dict().items() if name in known and text]


def _to_the_subject(asked: Writing, change: Change, number: str) -> HttpResponse:
    """To the page of the subject, under the code that it has now."""
    act = change.acts[-1]
    row = act.cells if act.what == "subjects" else asked.seen.cells if asked.seen is not None else None
    address = reverse("subject", args=[row["subject"]]) if row is not None else reverse("subjects")
    answer = HttpResponseRedirect(f"{address}?written={number}")
    answer.status_code = 303
    return answer


# --- what may be typed ---------------------------------------------------------------------------------------------------


def _row_of(seen: Looked, number: int) -> tuple[str, Fact | None]:
    """The row of the subject that has a number, with its table; None where it does not hold. What is of nobody, of somebody else, or in a
    table that the account does not write, is not there."""
    for table, rows in seen.rows.items():
        for row in rows:
            if row.seq == number and seen.desk.who.writes(table):
                return table, row
    found = facts.fact(seen.desk.facts, number)
    if found is None or found[0]["person"] != seen.person or not seen.desk.who.writes(found[0]["what"]):
        raise hidden()
    return found[0]["what"], None


def _to_correct(study: Study, table: str) -> tuple[str, ...]:
    if table == "subjects":
        entered = tuple(f"enter_{period.id}" for period in way(study)[1:])
        body = ("subject", "site", "start", "weight_kg", "height_cm", "sex", "age_years")
        return (*body, *OF_SCREENING, *_earlier(study), *entered)
    return next(kind.columns for kind in KINDS.values() if kind.table == table)


def _earlier(study: Study) -> tuple[str, ...]:
    return tuple(f"earlier_{product.name}" for product in study.products if product.lifetime is not None)


def _columns(seen: Looked, columns: Sequence[str], visit: str) -> list[str]:
    """Those that are offered: of a masked dose nothing that could tell the arm, and time points only where the study has some."""
    plan = seen.plan
    never = {*(DOSE_CELLS if seen.is_masked(visit) and "visit" in columns else ())}
    if plan is not None and "visit" in columns:
        never |= set() if any(v.time_line for v in plan.visits) else {"assessment", "time_point"}
        never |= set() if any(v.last is not None for v in plan.visits) else {"last"}
    return [name for name in columns if name not in never]


def _choices(seen: Looked, table: str) -> dict[str, Sequence[tuple[str, Any]]]:
    study = seen.study
    match table:
        case "visits":
            products = [(product.name, product.name) for product in study.products]
            return {"visit": list(_visits(seen)), "status": cells.STATUSES, "product": products, "unit": cells.UNIT_CHOICES}
        case "events":
            said = dict(study.events)
            told = ((name, said.get(name) or word(kind_of(name).text)) for name in study.subject_events)
            return {"event": [(name, say(joined(": ", (name, text)))) for name, text in told]}
        case "measurements":
            return {"what": [(value.name, f"{value.name} ({value.unit})" if value.unit else value.name) for value in study.values]}
        case "history":
            return {"had": cells.HAD}
        case "allocation":
            return {"arm": [(arm, arm) for arm in arms_of(way(study))]}
        case "subjects":
            sites = seen.desk.who.sites
            there = {} if sites is None else {"site": [(site, site) for site in sorted(sites)]}
            return {"sex": cells.SEXES, **there}
    return {}


def _visits(seen: Looked) -> Iterator[tuple[str, Any]]:
    """The visits of the plan, those first that are ahead, then all others that there may be."""
    ahead = [v for v in seen.planned.values() if v.stage in ("firm", "tentative")]
    for visit in (*ahead, *(v for v in seen.planned.values() if v not in ahead)):
        status = cells.STATUS_NAMES[visit.status]
        yield visit.id, f"{visit.id} · {status} {days.date_text(visit.date, language()) if visit.date is not None else ''}".rstrip()
    yield from ((id, id) for id in seen.visits if id not in seen.planned)
    yield UNSCHEDULED, _("a visit that is not planned")


def _day(seen: Looked, kind: str, visit: str, today: str) -> dict[str, str]:
    """The day that a form begins with: that of the appointment which has come, else today; of a booking none, and the hour for which the
    visit is booked."""
    if kind == "book":
        return {"time": hour_of(seen, visit)}
    numbers = seen.appointments.get(visit, ())
    booked = [(row.cells or {}).get("date", "") for row in seen.rows["visits"] if row.seq in numbers]
    return {"date": max((day for day in booked if day <= today), default=today)}


def _known(request: Asked, columns: Sequence[str]) -> dict[str, str]:
    """What an address says of cells."""
    return {name: text for name in columns if (text := request.GET.get(name)) is not None}
