"""The pharmacy: what is prepared and ordered, as `dosing prepare` and `dosing order` count it; the vials of a site by batch and expiry,
what is short for the planned doses, and what does not fit together. Blinded roles see and write what is masked."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.due import last_due_day
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.pages.access import Asked, download, hidden, page
from nmosd_dosing.pages.forms import Day, refusals, seen_of
from nmosd_dosing.pages.place import ALL, NOWHERE, Desk, Shown
from nmosd_dosing.pages.showing import others
from nmosd_dosing.pharmacy.stock import MOVEMENTS, Movement, by_entry, lots, short, still_needed, unmatched
from nmosd_dosing.pharmacy.stock import Line as StockLine
from nmosd_dosing.pharmacy.worklist import OrderLine, Worklist, in_all, order, prepare
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.register import stock
from nmosd_dosing.report.export.pharmacy import order_sheet, worklist_sheet
from nmosd_dosing.report.export.plain import Sheet, csv_text

_DAYS, _MONTHS, _WINDOW = 14, 92, 366  # days: what is prepared; what is ordered; how far visits are laid out behind it
_YEARS = 30  # before this one, and after it
_NAMES: dict[Movement, Any] = {
    "received": gettext_lazy("received"),
    "dispensed": gettext_lazy("dispensed"),
    "returned": gettext_lazy("sent back"),
    "destroyed": gettext_lazy("destroyed"),
    "lost": gettext_lazy("lost or broken"),
    "found": gettext_lazy("found"),
    "counted": gettext_lazy("counted"),
}


class Days(forms.Form):
    """Which days, and how much in reserve."""

    first = Day(gettext_lazy("From"))
    days = forms.IntegerField(label=gettext_lazy("Days"), required=False, min_value=1, max_value=732)
    reserve = forms.IntegerField(label=gettext_lazy("Reserve, %"), required=False, min_value=0, max_value=100)


class Line(forms.Form):
    """A movement of vials."""

    site = forms.CharField(label=gettext_lazy("Site"), max_length=200)
    date = Day(gettext_lazy("Date"), required=True)
    movement = forms.ChoiceField(label=gettext_lazy("Movement"), choices=[(movement, _NAMES[movement]) for movement in MOVEMENTS])
    product = forms.ChoiceField(label=gettext_lazy("Product"))
    vial = forms.CharField(label=gettext_lazy("Vial"), max_length=200, widget=forms.TextInput({"list": "sizes"}))
    batch = forms.CharField(label=gettext_lazy("Batch or kit"), max_length=200, widget=forms.TextInput({"list": "batches"}))
    expiry = Day(gettext_lazy("Expiry"))
    quantity = forms.IntegerField(label=gettext_lazy("Quantity"), min_value=0, max_value=100_000)
    subject = forms.CharField(label=gettext_lazy("Subject"), required=False, max_length=200)
    visit = forms.CharField(label=gettext_lazy("Visit"), required=False, max_length=200)
    comment = forms.CharField(label=gettext_lazy("Comment"), required=False, max_length=200)

    def __init__(self, names: Sequence[str], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        field = self.fields["product"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(name, name) for name in names]


class _Counted(Struct, frozen=True):
    """By version of the study: the plans of those whom the account may see, and what they need on some days."""

    plans: tuple[Plan, ...]
    worklists: tuple[Worklist, ...]
    names: stock.Names


def _counted(desk: Desk, first: dt.date, last: dt.date, sites: frozenset[str | None], unblind: bool) -> _Counted:
    plans, worklists = list[Plan](), list[Worklist]()
    gathered = desk.gather(sites=sites, unblind=unblind)
    for some in gathered:
        mine = list(some.request.plans(some.request.as_carried_out(last_due_day(last, _WINDOW))))
        made = prepare(some.study, mine, first, last, some.request.workdays)
        plans += mine
        worklists.append(replace(made, of_sites=tuple(sorted(site for site in sites if site is not None))))
    names = stock.products((some.study for some in gathered), unblinded=desk.who.sees_arms)
    return _Counted(tuple(plans), tuple(worklists), names)


@page()
def pharmacy(request: Asked) -> HttpResponse:
    """What is prepared on some days, day by day, and ordered, month by month; `as=prepare.csv` and `as=order.csv` for a spreadsheet."""
    desk = request.desk
    form = Days({"first": desk.today.isoformat(), "days": _DAYS, "reserve": 0, **{k: v for k, v in request.GET.items() if v}})
    typed = form.cleaned_data if form.is_valid() else {}
    unblind = desk.who.sees_arms and request.GET.get("unblind") == "1"
    shown = desk.shown(request.GET.get("site", ""), in_a_file="as" in request.GET)
    first = typed.get("first") or desk.today
    if abs(first.year - desk.today.year) > _YEARS:  # all visits until then would be laid out
        raise hidden()
    last = last_due_day(first, (typed.get("days") or _DAYS) - 1)
    counted = _counted(desk, first, last, shown.sites, unblind)
    reserve = Fraction(typed.get("reserve") or 0, 100)
    in_sight = unblind == desk.who.sees_arms  # the products of the stock are named as those of the plans
    dispensed = stock.of_subjects(desk.register, desk.who, shown.sites) if in_sight else []
    orders = [(worklist, order(worklist, reserve)) for worklist in counted.worklists]
    match request.GET.get("as"):
        case "prepare.csv":
            return _as_csv("prepare", [csv_text(worklist_sheet(worklist)) for worklist in counted.worklists])
        case "order.csv":
            return _as_csv("order", [csv_text(order_sheet(worklist, lines)) for worklist, lines in orders])
    return render(request, "pharmacy.html", {
        "form": form, "first": first, "last": last, "dispenses": desk.who.writes(stock.STOCK) and in_sight,
        "orders": [_shown(worklist, lines, dispensed) for worklist, lines in orders], "unblind": unblind,
        "whose": shown, "others": others(request),
        "files": [("prepare.csv", gettext("To prepare")), ("order.csv", gettext("To order"))],
        "question": urlencode({**request.GET.dict(), "site": shown.site or ALL}),
    }, status=400 if form.errors else 200)  # fmt: skip


def _shown(worklist: Worklist, lines: Sequence[OrderLine], dispensed: Sequence[StockLine]) -> dict[str, Any]:
    """A worklist with each item's vials that were dispensed for its visit, and those that still are to be."""
    by_dose = defaultdict[tuple[str | None, str | None, str], list[StockLine]](list)
    for line in sorted(dispensed, key=by_entry):
        by_dose[line.subject, line.visit, line.product].append(line)
    return {
        "worklist": worklist, "lines": lines, "in_all": [(product, list(vials)) for product, vials in in_all(worklist.items).items()],
        "items_of": [
            (item, by_dose.get((item.subject, item.visit.id, item.dose.shown), ()), [(vial, n) for vial, n in still if n])
            for item, still in still_needed(worklist.items, dispensed)
        ],
    }  # fmt: skip


def _as_csv(name: str, made: Sequence[str]) -> HttpResponse:
    """One table of several of the same columns."""
    head = made[0].partition("\n")[0] + "\n" if made else ""
    words = head + "".join(part.partition("\n")[2] for part in made)
    return download(f"{name}.csv", words)


@page(post=True)
def vials(request: Asked) -> HttpResponse:
    """The stock by batch and expiry, what is short, what does not fit together; and by pharmacists a new movement."""
    desk, problems, is_doubtful = request.desk, tuple[Problem, ...](), False
    writes = desk.who.writes(stock.STOCK)
    shown = desk.shown(request.POST.get("site") or request.GET.get("site", ""), in_a_file="as" in request.GET)
    if request.GET.get("as") == "csv":
        table = csv_text(Sheet("stock", stock.COLUMNS, stock.rows(_held(desk, shown))))
        return download("stock.csv", table)
    counted = _counted(desk, desk.today, last_due_day(desk.today, _MONTHS), shown.sites, desk.who.sees_arms)
    initial = {"date": desk.today} | {name: text for name in Line.base_fields if (text := request.GET.get(name))}
    initial |= {"site": (shown.there[0] if len(shown.there) == 1 else shown.site).replace(NOWHERE, "")}
    form, store = Line(list(counted.names), request.POST or None, initial=initial), stock.store_of(desk.register, desk.who)
    if request.method == "POST":
        desk.who.must_write(stock.STOCK)
        if form.is_valid():
            try:
                seen = store.head().seq
                typed = {name: str(value) for name, value in form.cleaned_data.items() if value is not None}
                since, given = seen_of(request.POST), stock.visits_of(counted.plans)
                people = {(fact.cells or {})["subject"]: (fact.person or 0, fact.site) for fact in desk.subjects()}
                act = partial(
                    stock.record, desk.register, desk.who, typed, people, counted.names, given, desk.today,
                    since if since is not None else seen, request.POST.get("why"),
                )  # fmt: skip
                desk.write([act()], store, seen=seen, check=act)  # once more when nobody else can write: who takes the last vial is first
                one = desk.shown(request.GET.get("site", "")).site  # whoever looked at one site goes on to that of the line
                return redirect(f"{reverse('stock')}?{urlencode({'site': typed['site']})}" if one else "stock")
            except InputError as error:
                problems, is_doubtful = error.problems, isinstance(error, stock.Doubtful)
    head, lines = store.head().seq, _held(desk, shown)
    there, newest = lots(lines), sorted(lines, key=by_entry, reverse=True)
    dispensed = stock.of_subjects(desk.register, desk.who, shown.sites)
    status = 400 if problems or (request.method == "POST" and form.errors) else 200
    return render(request, "stock.html", {
        "form": form, "problems": problems, "lots": [(lot, not lot.usable(desk.today)) for lot in there],
        "short": short(counted.worklists, there, dispensed), "unfit": [lot for lot in there if lot.off],
        "lines": [(line, _NAMES[line.movement], not line.moved or desk.who.sites is None) for line in newest], "writes": writes,
        "unmatched": unmatched(lines, counted.plans, desk.today, dispensed), "doubtful": is_doubtful,
        "sizes": sorted({size for sizes in counted.names.values() for size in sizes} | {lot.vial for lot in there}),
        "batches": sorted({lot.batch for lot in there}),
        "seen": head, "whose": shown, "others": others(request), "files": [("csv", "CSV")], "last": last_due_day(desk.today, _MONTHS),
        "columns": [(movement, _NAMES[movement]) for movement in MOVEMENTS[:-1]],
    }, status=status)  # fmt: skip


def _held(desk: Desk, shown: Shown) -> list[StockLine]:
    """The lines of the stock of the sites that a page shows."""
    return [line for line in stock.held(desk.register, desk.who) if not shown.site or line.site in shown.sites]


@page("site-pharmacist", "unblinded-pharmacist", post=True)
def withdrawn(request: Asked, number: int) -> HttpResponse:
    """Takes a line back, with a reason; the trail keeps it."""
    desk = request.desk
    store = stock.store_of(desk.register, desk.who)
    with refusals() as problems:
        if request.method == "POST":
            seen = store.head().seq
            act = partial(stock.withdraw, desk.register, desk.who, number, request.POST.get("reason"))
            desk.write([act()], store, seen=seen, check=act)
            return redirect("stock")
    line = next((line for line in stock.held(desk.register, desk.who) if line.number == number), None)
    status = 400 if problems else 200
    return render(request, "stock_withdrawn.html", {"line": line, "number": number, "problems": problems}, status=status)
