"""A masked plan as a page for people: what is planned, since when it holds, and what a reader must know.

Nothing here reads the clock, the terminal or the environment: a page is a renderable, and the command line prints it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.dose.dose import amount_text, number_text
from nmosd_dosing.plans.note_codes import STANDS_OUT
from nmosd_dosing.plans.plan import Administration, Intensity, Plan, PlannedTimePoint, PlannedTransition, PlannedVisit
from nmosd_dosing.plans.wording import NOT_STATED, dose_text, vials_of
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, mark_of, note_line, site_lines, text, title_of, unblinded, weight_text


def plan_page(plan: Plan) -> Page:
    """The plan: heading, visits, spans, notes."""
    parts: list[RenderableType] = []
    if plan.unblinded:
        parts.append(unblinded(f"arm {plan.arm}"))
    parts += [*_heading(plan), Text(), _visits(plan)]
    if any(v.time_line for v in plan.visits):
        parts += [Text(), _time_points(plan)]
    if plan.spans:
        parts += [Text(), _spans(plan)]
    if written := [v for v in plan.all_visits if v.comment or any(a.batch for a in v.administrations)]:
        parts += [Text(), *(text(f"{v.id if len(plan.periods) > 1 else v.label}: {v.record}") for v in written)]
    if plan.intensity:
        parts += [Text(), *(_intensity(i) for i in plan.intensity)]
    if plan.notes:
        looks = (("yellow" if note.code in STANDS_OUT else "", note) for note in plan.notes)
        parts += [Text(), *(note_line(note.code, note.message, _where(note.visits, plan), look) for look, note in looks)]
    return Page(*parts)


def explain_page(plan: Plan, moves: Sequence[PlannedTransition], visits: Sequence[PlannedVisit], program: str) -> RenderableType:
    """How some dates came about, step by step: of entries, and of visits. `program` is what worked them out."""
    person = [f"subject {plan.subject}" if plan.subject else "a subject", plan.day_1]
    site = [f"site facts: {plan.site.text}"] if plan.site is not None else []
    parts: list[RenderableType] = [
        text(f"{plan.title} ({plan.source.text})"),
        text(", ".join([f"regimen {plan.regimen}", *person, *site])),
        text(f"by {program} from a study file with the checksum {plan.study_sha256[:12]}", style="dim"),
        *([unblinded(f"arm {plan.arm}")] if plan.unblinded else []),
    ]
    for move in moves:
        parts += [Text(), text(f"entry into {move.target}: {move.status}", style="bold"), text(f"  {move.message}")]
        parts += [text(f"  {number}. {step}") for number, step in enumerate(move.steps, 1)]
    for visit in visits:
        parts.append(Text())
        date = visit.actual or visit.booked or visit.target
        parts.append(text(f"{visit.id}: {date_text(date) if date else NOT_STATED}, {visit.status}", style="bold"))
        steps = (*visit.steps, *([f"source: {plan.source.text}"] if visit.source is None else []), *visit.dose_steps)
        parts += [text(f"  {number}. {step}") for number, step in enumerate(steps, 1)]
    return Page(*parts)


def _heading(plan: Plan) -> list[Text]:
    lines = [text(title_of(plan), style="bold")]
    for period in plan.periods:
        end = f", complete on {date_text(period.end)}" if period.end else f", length {NOT_STATED}"
        end = f", left on {date_text(period.left)}" if period.left else end
        if period.start is None:
            lines.append(text(f"{period.title}: {f'{period.status}, no first day yet' if period.status != 'none' else plan.day_1}"))
            continue
        status = f" ({period.status})" if period.status != "planned" else ""
        lines.append(text(f"{period.title}: from {date_text(period.start)}{status}{end}"))
    person = [
        f"regimen {plan.regimen}",
        *([f"subject {plan.subject}"] if plan.subject else []),
        *([f"arm {plan.arm}"] if plan.arm else []),
        *([f"weight {number_text(plan.weight_kg)} kg"] if plan.weight_kg is not None else []),
        *([f"height {number_text(plan.height_cm)} cm"] if plan.height_cm is not None else []),
        *([f"sex {plan.sex}"] if plan.sex is not None else []),
        *([f"age {plan.age}"] if plan.age is not None else []),
    ]
    lines.append(text(", ".join(person)))
    lines += site_lines(plan.site)
    for name, rule in _single_rules(plan).items():
        route = next(a.route for v in plan.visits for a in v.administrations if a.product == name)
        lines.append(text(", ".join([name, *([rule] if rule else []), f"route {route or NOT_STATED}"])))
    return lines


def _single_rules(plan: Plan) -> dict[str, str | None]:
    """The one rule of each product, which then stands above the table; None where its rules differ or are not to be seen."""
    rules: dict[str, set[str | None]] = {}
    for visit in plan.visits:
        for a in visit.administrations:
            rules.setdefault(a.product, set()).add(a.dose_rule)
    return {product: found.pop() if len(found) == 1 else None for product, found in rules.items()}


def _visits(plan: Plan) -> Table:
    """Columns that would say nothing are left out: a week code that is the label, windows where none is stated."""
    visits = plan.visits
    windows = any(v.earliest or v.latest for v in visits)
    weeks = (
        plan.counts_from == 1
        and any(v.week and v.week != v.label for v in visits)
        and not any(v.earliest for v in visits if not v.is_entry)
    )
    done, booked = any(v.actual for v in visits), any(v.booked for v in visits)
    states = any(v.status != "planned" for v in visits)
    given = [a for v in visits for a in v.administrations]
    totals = any(a.cumulative is not None for a in given)
    per_kg = any(a.cumulative_per_kg is not None for a in given)
    units = {a.unit for a in given if a.cumulative is not None}
    unit = units.pop() if len(units) == 1 else None
    what = " and ".join(name for name, there in (("dose", given), ("assessments", any(v.assessments for v in visits))) if there) or "visit"
    vials = any(a.vials for a in given)
    weights = len({a.weight_kg for a in given if a.weight_kg is not None}) > 1
    compared = any(v.record is not None and a.planned is not None for v in visits for a in v.administrations)
    numbers = ("Weight", "Planned", "Difference", f"Total {unit}" if unit else "Total", f"Total {unit}/kg" if unit else "Total per kg")
    shown = zip(numbers, (weights, compared, compared, totals, per_kg), strict=True)
    made = Table(
        "Visit", "Date", "Done" if done else None, "Booked" if booked else None, "Day", "Week" if weeks else None,
        "Earliest" if windows else None, "Latest" if windows else None, "Status" if states else None, what.capitalize(),
        *(name if there else None for name, there in shown), "Vials" if vials else None, right=("Day", *numbers),
        wraps=(what.capitalize(),), bold="Date",
        below=(what.capitalize(), "Vials", *reversed(numbers), "Week", "Latest", "Earliest", "Status"),
    )  # fmt: skip
    rules = _single_rules(plan)
    for v in visits:
        known = [a for a in v.administrations if a.planned is not None and v.record is not None]
        made.add_row(
            text(v.id if len(plan.periods) > 1 else v.label), day(v.target), _with_hour(v.actual, v), _with_hour(v.booked, v),
            text("" if v.period_day is None else v.period_day), text(v.week or ""),
            day(v.earliest), text("or later") if v.or_later else day(v.latest),
            text(v.status, style="" if v.status in ("planned", "done") else "yellow"), text(_what(v, rules, marked=not weights)),
            text("; ".join(f"{weight_text(a)}{mark_of(a)}" for a in v.administrations if a.weight_kg is not None)),
            text("; ".join(amount_text(a.planned or 0, a.unit) for a in known)), text("; ".join(_difference(a) for a in known)),
            text("; ".join(_total(a.cumulative, None if unit else a.unit) for a in v.administrations)),
            text("; ".join(_total(a.cumulative_per_kg, None if unit else f"{a.unit}/kg", 2) for a in v.administrations)),
            text(vials_of(v.administrations)),
        )  # fmt: skip
    return made


def _with_hour(date: dt.date | None, visit: PlannedVisit) -> Text:
    """The day of what was, or is booked, with the hour that is written beside it; nothing where there is none."""
    if date is None:
        return Text()
    return Text.assemble(day(date), f" {visit.time:%H:%M}" if visit.time is not None else "")


def _time_points(plan: Plan) -> Table:
    """The doses and time points of each visit that has some, in the order of time; hours only where they are known."""
    lines = [(v, row) for v in plan.visits for row in v.time_line]
    clock, done = any(row.time for _, row in lines), any(row.kind == "assessment" and row.status for _, row in lines)
    windows = any(row.window or row.latest for _, row in lines)
    made = Table(
        "Visit", "Date", "Time" if clock else None, "Done" if done else None, "Time point", "Window" if windows else None, "What",
        wraps=("Time point", "What"), once=("Visit", "Date"),
    )  # fmt: skip
    for v, row in lines:
        time, was = text(f"{row.time:%H:%M}" if row.time is not None else ""), _done(row) if row.kind == "assessment" else Text()
        label = text(v.id if len(plan.periods) > 1 else v.label)
        made.add_row(label, _day_of(row, v), time, was, text(row.text), text(_limits(row)), text(row.name))
    return made


def _day_of(row: PlannedTimePoint, visit: PlannedVisit) -> Text:
    """The day of a time point; or that the dose from which it counts is not given."""
    if row.date is not None:
        return day(row.date)
    given = any(other.kind == "dose" and other.name == row.of for other in visit.time_line)
    return Text() if row.kind == "dose" or given else Text("no dose")


def _done(row: PlannedTimePoint) -> Text:
    """When it was; the day only where it is another one than planned, or no hour is written."""
    if row.actual is None:
        return text(row.status or "")
    if not isinstance(row.actual, dt.datetime):
        return day(row.actual)
    date = "" if row.actual.date() == row.date else f"{date_text(row.actual.date())} "
    return text(f"{date}{row.actual:%H:%M}")


def _limits(row: PlannedTimePoint) -> str:
    """The allowed minutes by the clock, else the window as the file states it."""
    if row.kind == "dose":
        return ""
    if row.latest is not None and row.earliest is not None:
        return f"{row.earliest:%H:%M} to {row.latest:%H:%M}"
    return f"until {row.latest:%H:%M}" if row.latest is not None else row.window or NOT_STATED


def _difference(a: Administration) -> str:
    """What was given less what was planned."""
    if a.amount is None or a.planned is None or not a.recorded:
        return "–"
    return f"{'+' if a.amount > a.planned else ''}{amount_text(round(a.amount - a.planned, 9), a.unit)}"


def _intensity(i: Intensity) -> Text:
    share = f", {number_text(round(i.share * 100, 1))}%" if i.share is not None else ""
    words = f"{i.product}: {amount_text(i.given, i.unit)} given of {amount_text(i.planned, i.unit)} planned"
    return Text.assemble(("dose intensity: ", "bold"), text(f"{words} up to {date_text(i.until)}{share}"))


def _what(visit: PlannedVisit, rules: dict[str, str | None], *, marked: bool) -> str:
    """What happens at a visit: `End visit: EDSS; MRI`, `Screening, to 2025-01-05 Sun: eligibility`. marked: doses by a weight that may be
    a slip say so, since no column shows the weight."""
    given = visit.stage != "not done"
    doses = [f"{dose_text(a, rules[a.product])}{mark_of(a) if marked else ''}" for a in visit.administrations]
    doses = doses if given else [f"{a.shown} not given" for a in visit.administrations]
    words = "; ".join([*doses, *(visit.assessments if visit.status != "missed" else ())])
    name = visit.name if visit.name != visit.label else None
    last = f"to {date_text(visit.last)}" if visit.last is not None else None
    only = f"only arm {' or '.join(visit.only_arms)}" if visit.only_arms else None
    about = ", ".join(part for part in (only, name, last) if part)
    return ": ".join(part for part in (about, words) if part)


def _total(value: float | None, unit: str | None, digits: int = 12) -> str:
    if value is None:
        return "–"
    shown = round(value, digits)
    return number_text(shown) if unit is None else amount_text(shown, unit)


_MOVES = {None: "", "earlier": " or earlier", "later": " or later", "projected": " projected"}


def _spans(plan: Plan) -> Table:
    made = Table("Time during which", "From", "To (included)", wraps=("Time during which",))
    for span in plan.spans:
        waits = dict(span.waits_for)
        start, end = (
            Text.assemble(text(f"{waits[side]}, not known yet") if side in waits else day(date, weekend=False), _MOVES[moves])
            for side, date, moves in (("from", span.start, span.start_moves), ("to", span.end, span.end_moves))
        )
        made.add_row(text(span.name), start, end)
    return made


def _where(ids: Sequence[str], plan: Plan) -> str:
    """The visits of a note by label; in a word where it holds for all of them, or for every dose."""
    if not ids or len(ids) == len(plan.visits):
        return ""
    if len(ids) > 3 and set(ids) == {v.id for v in plan.visits if v.administrations}:
        return "every dose"
    labels = list(ids) if len(plan.periods) > 1 else [id.split("/", 1)[1] for id in ids]
    return ", ".join(labels) if len(labels) <= 8 else f"{', '.join(labels[:6])} … {labels[-1]}, {len(labels)} visits"
