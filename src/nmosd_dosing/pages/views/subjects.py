"""Subjects: who there is; and one of them, with the line over time, the plan, why a date is what it is, and what was recorded; whether
she may come on Thursday: the days of a visit, each with what is to be said of it; the next visits as a page to hand over; and the arm,
after the password again and a reason: all others see that it was opened, and by whom, and managers are told."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.board import drawn_until
from nmosd_dosing.checks.due import Due, due
from nmosd_dosing.checks.findings import check
from nmosd_dosing.checks.slots import Slots, slots_of
from nmosd_dosing.checks.verdicts import SlotVerdict, slot_text
from nmosd_dosing.days import LANGUAGES
from nmosd_dosing.errors import InputError, clip
from nmosd_dosing.pages import signing
from nmosd_dosing.pages.access import POLICY, Asked, hidden, page
from nmosd_dosing.pages.forms import STATUS_NAMES, Day, in_order, label_of, password, refusals, text_of
from nmosd_dosing.pages.looking import AHEAD, DOSE_CELLS, Looked, hour_of, looked, stands
from nmosd_dosing.pages.place import Desk
from nmosd_dosing.pages.showing import language, say
from nmosd_dosing.pages.views.writing import kinds
from nmosd_dosing.plans.handout import handout as handout_of
from nmosd_dosing.plans.note_codes import STANDS_OUT
from nmosd_dosing.plans.plan import Plan, PlannedVisit
from nmosd_dosing.plans.wording import dose_text
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import ARMS
from nmosd_dosing.register.reading import trail
from nmosd_dosing.register.reading.gathering import Gathered
from nmosd_dosing.register.reading.line import Line
from nmosd_dosing.register.writing.unblinding import unblind, unblinded
from nmosd_dosing.report.html.handout import handout_page
from nmosd_dosing.report.html.lines import legend, line_of
from nmosd_dosing.study.events import DECISIONS, DECLINED, kind_of

_AT_ONCE = 50  # subjects of a page
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_TABLE_NAMES: Mapping[str, Any] = {
    "subjects": gettext_lazy("Subject"),
    "events": gettext_lazy("Event"),
    "visits": gettext_lazy("Visit"),
    "weighings": gettext_lazy("Weight"),
    "measurements": gettext_lazy("Value"),
    "history": gettext_lazy("Before the study"),
}


# --- who there is --------------------------------------------------------------------------------------------------------


@page()
def everybody(request: Asked) -> HttpResponse:
    """Those whom the account may see: at a site, or whose code has some letters in it."""
    desk = request.desk
    site, code = request.GET.get("site", ""), request.GET.get("code", "").strip()
    everyone = [fact for fact in desk.subjects() if fact.cells]
    there = sorted({fact.site for fact in everyone if fact.site})
    found = [f for f in everyone if site in ("", f.site) and code.casefold() in (f.cells or {})["subject"].casefold()]
    found.sort(key=lambda fact: (fact.cells or {})["subject"])
    first = _number(request.GET.get("from", ""), len(found))
    some = found[first : first + _AT_ONCE]
    return render(request, "subjects.html", {
        "rows": list(_listed(desk, some)), "site": site, "code": code, "sites": there, "count": len(found),
        "first": first + 1 if some else 0, "last": first + len(some), "before": max(0, first - _AT_ONCE) if first else None,
        "after": first + _AT_ONCE if first + _AT_ONCE < len(found) else None,
        "writes": desk.who.writes("subjects"), "written": _written(request, None),
    })  # fmt: skip


def _number(text: str, below: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    return number if number < below else 0


def _listed(desk: Desk, people: Sequence[Fact]) -> Iterator[dict[str, Any]]:
    """Some subjects, each with where he stands, the next visit, and the most urgent of what is to do."""
    persons = frozenset(fact.person for fact in people if fact.person is not None)
    plans, urgent = dict[str, Plan](), dict[str, Due]()
    for some in _gathered(desk, persons):
        if not some.request.subjects:
            continue
        schedule = some.request.as_carried_out(drawn_until(desk.today, AHEAD, desk.today))
        plans |= {plan.subject or "": plan for plan in replace(some.request, as_of=desk.today).plans(schedule)}
        for item in sorted(due(check(schedule, desk.today), desk.today, AHEAD), key=lambda item: item.rank):
            urgent.setdefault(item.finding.subject or "", item)
    for fact in people:
        plan = plans.get(code := (fact.cells or {})["subject"])
        where, day_1, following = (stands(plan, desk.today), plan.start, _next(plan)) if plan is not None else (None, None, None)
        yield {"fact": fact, "stands": where, "day_1": day_1, "next": following, "due": urgent.get(code)}


def _gathered(desk: Desk, persons: frozenset[int]) -> Iterator[Gathered]:
    """Some subjects; where what is written of one of them contradicts itself, each for himself, and that one is not planned."""
    if not persons:
        return
    try:
        yield from desk.gather(persons=persons)
    except InputError:
        for person in sorted(persons) if len(persons) > 1 else ():
            yield from _gathered(desk, frozenset([person]))


def _next(plan: Plan) -> PlannedVisit | None:
    """The first visit of which nothing is recorded."""
    ahead = [v for v in plan.visits if v.stage in ("firm", "tentative") and v.date is not None]
    return min(ahead, key=lambda v: (v.date is None, v.date), default=None)


# --- one subject ---------------------------------------------------------------------------------------------------------


class Shown(Struct, frozen=True):
    """A visit of the plan, with what is given, and the numbers by which it was recorded or booked. `has_come`: whether it may have been."""

    visit: PlannedVisit
    status: Any
    doses: tuple[str, ...]
    recorded: int | None
    booked: int | None
    has_come: bool


class Kept(Struct, frozen=True):
    """A row that holds: its number, in which table, its cells with their names, how often it was corrected, and whether the account may."""

    number: int
    table: Any
    cells: tuple[tuple[Any, str], ...]
    corrected: int
    writes: bool


@page()
def subject(request: Asked, code: str) -> HttpResponse:
    """One subject. An unblinded pharmacist who asks for it sees the doses of the arm."""
    desk = request.desk
    seen = looked(desk, code)
    of_arm = seen.unblinded if "unblind" in request.GET and desk.who.sees_arms else None
    plan, board = seen.plan, seen.board
    shown = of_arm or plan
    visits, notes = (shown.all_visits, shown.notes) if shown is not None else ((), ())
    return render(request, "subject.html", {
        "seen": seen, "plan": shown, "of_arm": of_arm is not None, "unblinded": unblinded(desk.facts).get(seen.person),
        "stands": stands(plan, desk.today) if plan is not None else None, "due": list(_to_do(seen)),
        "next": _next(plan) if plan is not None else None, "visits": [_shown(seen, visit) for visit in visits],
        "line": line_of(board, say) if board is not None else None, "legend": legend(say),
        "kept": list(_kept(seen)), "kinds": kinds(seen), "writes": desk.who.writes("visits"),
        "writes_events": desk.who.writes("events"), "writes_subject": desk.who.writes("subjects"),
        "notes": [note for note in notes if note.code in STANDS_OUT],
        "more": [note for note in notes if note.code not in STANDS_OUT],
        "handout": handout_of(plan, desk.today, seen.workdays) if plan is not None else None, "written": _written(request, seen.person),
    })  # fmt: skip


def _shown(seen: Looked, visit: PlannedVisit) -> Shown:
    given = visit.stage != "not done"
    doses = tuple(dose_text(a, language=language()) if given else a.shown for a in visit.administrations)
    recorded, booked = seen.records.get(visit.id, ()), seen.appointments.get(visit.id, ())
    first = min((day for day in (visit.earliest, visit.date) if day is not None), default=None)
    has_come = first is None or first <= seen.desk.today
    return Shown(visit, STATUS_NAMES[visit.status], doses, recorded[0] if recorded else None, booked[0] if booked else None, has_come)


def _to_do(seen: Looked) -> Iterator[tuple[Due, str | None, tuple[tuple[str, str], ...]]]:
    """What is to do, with what settles it: the visit that may be booked or recorded for it, of an entry the first of its period; and
    events, each with what it says."""
    entries = {f"{visit.period} entry": visit.id for visit in seen.planned.values() if visit.is_entry}
    said = dict(seen.study.events)
    for item in seen.due:
        name = item.finding.visit
        events = [event for event in _settling(seen, item) if event in seen.study.subject_events]
        yield item, name if name in seen.visits else entries.get(name), tuple((e, said.get(e) or kind_of(e).text or e) for e in events)


def _settling(seen: Looked, item: Due) -> Iterator[str]:
    """The events that settle what is to do: of an open decision those that the rule of entry waits for, and what decides the event that
    opened the way; of an entry also that the subject does not enter."""
    entry, moves = item.finding.is_entry, seen.plan.transitions if seen.plan is not None else ()
    open_ = [move for move in moves if move.status == "pending" and (not entry or item.finding.visit == f"{move.target} entry")]
    if item.state == "decision" and open_:
        rule = next(way for way in seen.study.transitions if way.id == open_[0].rule)
        since = open_[0].trigger_date
        told = {
            cells["event"] for row in seen.rows["events"]
            if (cells := row.cells or {}) and (since is None or cells["date"][:10] >= since.isoformat())
        }  # fmt: skip
        deciding = [event for event in DECISIONS if rule.after.kind == "event" and kind_of(event).decides == rule.after.name]
        yield from (event for event in dict.fromkeys([*rule.needs, *deciding]) if event not in told)
    if entry:
        yield DECLINED


def _kept(seen: Looked) -> Iterator[Kept]:
    """All rows of the subject that hold, by table and in their order; of a masked dose nothing that could tell the arm."""
    corrected = facts.corrections(seen.desk.facts, seen.person)
    for table, rows in seen.rows.items():
        for row in rows:
            hidden = {"subject", *(DOSE_CELLS if table == "visits" and seen.is_masked(seen.visit_of(row.seq) or "") else ())}
            said = row.cells or {}
            names = [name for name in in_order(table, said) if name not in hidden]
            cells = tuple((label_of(name), text_of(name, said[name], language())) for name in names)
            yield Kept(row.seq, _TABLE_NAMES[table], cells, corrected.get(row.seq, 0), seen.desk.who.writes(table))


def _written(request: Asked, person: int | None) -> Line | None:
    """The entry that has just been written, of the subject; of the list, of anybody whom the account may see."""
    desk, text = request.desk, request.GET.get("written", "")
    store = desk.arms if text.startswith(ARMS) else desk.facts
    number = _number(text.removeprefix(ARMS), 10**9)
    found = list(trail.of_numbers(desk.register, desk.who, store, [number])) if number and store is not None else []
    mine = [
        line for line in found if (line.person == person if person is not None else line.action == "withdraw" and line.what == "subjects")
    ]
    return mine[0] if mine and desk.who.sees(mine[0].site) else None


@page()
def history(request: Asked, code: str) -> HttpResponse:
    """Who wrote what of a subject, when, and why it was changed: all of it, or what stood in the place of one number."""
    desk = request.desk
    seen = looked(desk, code)
    number = request.GET.get("number")
    asked = trail.Asked(subject=code, number=number or None)
    found = [line for line in trail.lines(desk.register, desk.who, asked, desk.arms) if line.person == seen.person]
    return render(request, "history.html", {"seen": seen, "lines": found, "number": number})


# --- its days ---------------------------------------------------------------------------------------------------------


class WhichDay(forms.Form):
    """A visit, and a day that is asked for."""

    visit = forms.ChoiceField(label=gettext_lazy("Visit"))
    on = Day(gettext_lazy("Day that is asked for"))


@page()
def slots(request: Asked, code: str) -> HttpResponse:
    """The days of a visit, of the next one where none is named, and whether it may be on the day that is asked for."""
    seen = looked(request.desk, code)
    if seen.gathered is None:
        raise hidden()
    found: Slots | None = None
    ahead = [v.id for v in seen.planned.values() if v.stage in ("firm", "tentative")]
    form = WhichDay(request.GET if request.GET else None)
    form.fields["visit"].choices = [(id, id) for id in ahead]  # type: ignore[attr-defined]
    visit, on = request.GET.get("visit") or None, None
    if request.GET and form.is_valid():
        visit, on = form.cleaned_data["visit"], form.cleaned_data["on"]
    with refusals() as problems:
        if ahead and (not request.GET or form.is_valid()):
            found = slots_of(seen.gathered.request, 0, visit, request.desk.today, on)
    if found is not None and not request.GET:
        form = WhichDay(initial={"visit": found.visit})
        form.fields["visit"].choices = [(id, id) for id in ahead]  # type: ignore[attr-defined]
    today, days = request.desk.today, found.days if found is not None else ()
    return render(request, "slots.html", {
        "seen": seen, "form": form, "found": found, "problems": problems, "books": request.desk.who.writes("visits"),
        "asked_for": clip(request.GET.get("visit", "")), "hour": hour_of(seen, found.visit) if found is not None else "",
        "asked_text": slot_text(found.asked.verdict) if found and found.asked else "",
        "rows": [(slot, slot_text(slot.verdict), _look(slot.verdict), slot.date < today) for slot in days],
    }, status=400 if request.GET and (problems or form.errors) else 200)  # fmt: skip


def _look(verdict: SlotVerdict) -> str:
    match verdict:
        case "open":
            return "fits"
        case "closed":
            return "faint"
        case "gap" | "too-early" | "too-late" | "not-allowed":
            return "late"


@page()
def handout(request: Asked, code: str) -> HttpResponse:
    """The next visits on one page of A4, to hand over; it has its own style, and only that is allowed to it."""
    seen = looked(request.desk, code)
    asked = next((known for known in LANGUAGES if known == request.GET.get("lang", LANGUAGES[0])), None)
    if seen.plan is None or asked is None:
        raise hidden()
    made = handout_of(seen.plan, request.desk.today, seen.workdays, with_code="code" in request.GET)
    response = HttpResponse(handout_page(made, asked))
    style = _STYLE.search(response.content.decode())
    digest = base64.b64encode(hashlib.sha256((style[1] if style else "").encode()).digest()).decode()
    response.headers["Content-Security-Policy"] = POLICY.replace("style-src 'self'", f"style-src 'sha256-{digest}'")
    return response


# --- the arm ----------------------------------------------------------------------------------------------------------


class Reason(forms.Form):
    """Why, and who is asking, once more."""

    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=1000, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = password(gettext_lazy("Your password, again"))


@page("unblinded-pharmacist", post=True)
@sensitive_post_parameters("password")
def arm(request: Asked, code: str) -> HttpResponse:
    """Asks why; then shows the arm, once."""
    desk = request.desk
    row = desk.row(code)
    if row is None:
        raise hidden()
    form = Reason(request.POST or None)
    with refusals() as problems:
        if request.method == "POST" and form.is_valid():
            if wait := signing.waits(request, desk.who.name):
                form.add_error("password", _("Too many attempts. Try again in %(seconds)d seconds.") % {"seconds": wait})
            elif signing.compared(request, desk.who.name, form.cleaned_data["password"]) is None:
                form.add_error("password", _("This is not your password."))
            else:
                reason = form.cleaned_data["reason"]
                opened = unblind(desk.register, desk.who, row, reason, desk.at, desk.zone)
                return render(request, "arm.html", {"code": code, "arm": opened, "reason": reason})
    status = 400 if problems or form.errors else 200
    return render(request, "unblind.html", {"code": code, "form": form, "problems": problems}, status=status)
