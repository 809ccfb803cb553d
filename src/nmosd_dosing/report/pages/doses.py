"""Tables of doses and comparisons as pages for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.dose.dose import amount_text, number_text
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import argument, counted
from nmosd_dosing.pharmacy.comparison import Compared, Comparison
from nmosd_dosing.pharmacy.dose_table import DoseRow, DoseSum, DoseTable, WeightRow, counts
from nmosd_dosing.plans.note_codes import NoteCode
from nmosd_dosing.plans.plan import Administration
from nmosd_dosing.plans.wording import vials_text, volume_text
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, mark_of, note_line, site_lines, text, title_of, unblinded

WIDEST = 6  # weights whose doses stand side by side
Split = Callable[[WeightRow], tuple[DoseSum, ...]]
PER_PERIOD: Split = attrgetter("per_period")
PER_YEAR: Split = attrgetter("per_year")


def doses_page(doses: DoseTable) -> Page:
    """Totals by weight, by period and year where there are several, and visit by visit for a few weights."""
    parts: list[RenderableType] = [unblinded(f"arm {doses.plan.arm}")] if doses.unblinded else []
    parts += _heading(doses)
    for whole in doses.rows[0].totals:
        key = (whole.product, whole.unit)
        parts += [Text(), text(_name(whole, doses.rows), style="bold"), _totals(doses.rows, key)]
        for split in (PER_PERIOD, PER_YEAR):
            if len({_of(s) for row in doses.rows for s in _find(split(row), key)}) > 1:
                parts += [Text(), _parts(doses.rows, key, split)]
        if len(doses.rows) <= WIDEST:
            parts += [Text(), _levels(doses, key)] if any((x.product, x.unit) == key for x in doses.rows[0].levels) else []
            parts += [Text(), _visits(doses, key)]
    if len(doses.rows) > WIDEST:
        others = f"`{argument('format', 'json')}` and `{argument('format', 'csv')}` have it for all"
        parts += [Text(), text(f"visit by visit for up to {WIDEST} weights; {others}", style="dim")]
    notes = _notes(doses)
    return Page(*parts, *([Text()] if notes else []), *notes)


_CHOSEN: dict[Policy, str] = {"least waste": "vials with the least waste", "fewest vials": "the fewest vials"}


def _heading(doses: DoseTable) -> list[Text]:
    plan, n = doses.plan, len(doses.rows)
    about = [f"regimen {plan.regimen}", *([f"arm {plan.arm}"] if plan.arm else []), counted(n, "weight")]
    if doses.start is not None:
        about.append(f"day 1 {doses.start}")
    if any(s.vials is not None for row in doses.rows for s in row.totals):
        about.append(_CHOSEN[doses.policy])
    lines = [text(title_of(plan), style="bold"), text(", ".join(about))]
    return [*lines, *site_lines(plan.site)]


def _name(whole: DoseSum, rows: Sequence[WeightRow]) -> str:
    """`belimumab, 10 mg/kg`: the rule only where it is one for all doses."""
    rules = {d.dose.dose_rule for row in rows for d in row.doses if d.dose.product == whole.product}
    rule = rules.pop() if len(rules) == 1 else None
    return f"{whole.product}, {rule}" if rule else whole.product


_WHO = ("Weight kg", "Height cm")


def _who(rows: Sequence[WeightRow]) -> tuple[str, str | None]:
    return _WHO[0], _WHO[1] if any(row.height_cm is not None for row in rows) else None


def _body(row: WeightRow) -> tuple[Text, Text]:
    return text(f"{number_text(row.weight_kg)}{_mark(row)}"), text(number_text(row.height_cm) if row.height_cm is not None else "–")


def _mark(row: WeightRow) -> str:
    return next((mark for d in row.doses if (mark := mark_of(d.dose))), "")


def _find(sums: Iterable[DoseSum], key: tuple[str, str | None]) -> list[DoseSum]:
    return [s for s in sums if (s.product, s.unit) == key]


def _totals(rows: Sequence[WeightRow], key: tuple[str, str | None]) -> RenderableType:
    sums = [_find(row.totals, key)[0] for row in rows]
    dispensed, vials = _dispensed(sums), any(s.vials is not None for s in sums)
    numbers = ["Doses", _in("Total", key), *([_in("Dispensed", key), _in("Waste", key)] if dispensed else [None, None])]
    made = Table(*_who(rows), *numbers, "Vials" if vials else None, right=(*_WHO, *filter(None, numbers)))
    for row, s in zip(rows, sums, strict=True):
        cells = text(s.administrations), _amount(s.total, s.status), _number(s.dispensed), _number(s.waste), _vials(s.vials)
        made.add_row(*_body(row), *cells)
    return made


def _parts(rows: Sequence[WeightRow], key: tuple[str, str | None], split: Split) -> RenderableType:
    """A column for each period, or for each year of treatment; two where it is known what is dispensed."""
    names = list(dict.fromkeys(_of(s) for row in rows for s in _find(split(row), key)))
    dispensed = _dispensed(s for row in rows for s in _find(split(row), key))
    headings = [heading for name in names for heading in (_in(name, key), *(["dispensed"] if dispensed else []))]
    made = Table(*_who(rows), *headings, right=(*_WHO, *headings))
    for row in rows:
        by_name = {_of(s): s for s in _find(split(row), key)}
        cells: list[Text] = []
        for name in names:
            s = by_name.get(name)
            cells.append(_amount(s.total, s.status) if s else Text("–"))
            cells += [_number(s.dispensed if s else None)] if dispensed else []
        made.add_row(*_body(row), *cells)
    return made


def _dispensed(sums: Iterable[DoseSum]) -> bool:
    return any(s.dispensed is not None and s.vials for s in sums)


def _vials(vials: tuple[tuple[str, int], ...] | None) -> Text:
    return text(vials_text(vials) or "–")


def _number(value: float | None) -> Text:
    return text("–" if value is None else number_text(value))


def _of(s: DoseSum) -> str:
    if s.period is not None:
        return s.period
    return "Day not stated" if s.year is None else f"Year {s.year}" if s.year else "Before day 1"


def _visits(doses: DoseTable, key: tuple[str, str | None]) -> RenderableType:
    """Dose and total of each visit, a pair of columns for each weight."""
    weights = _bodies(doses)
    numbers = [heading for weight in weights for heading in (weight, _in("total", key))]
    counted = ("mL", "Vials") if len(doses.rows) == 1 and any(s.vials for s in _find(doses.rows[0].totals, key)) else (None, None)
    dates = "Date" if doses.start is not None else None
    made = Table("Visit", dates, "Study day", *numbers, *counted, right=("Study day", *numbers, "mL"))
    several = len(doses.plan.way) > 1
    for same in zip(*(row.doses for row in doses.rows), strict=True):  # the same visits at every weight
        if not any(counts(d, *key) for d in same):
            continue
        at = same[0]
        cells = [cell for d in same for cell in (_dose(d.dose), _number(d.dose.cumulative))]
        cells += [text("–" if at.dose.volume_ml is None else volume_text(at.dose.volume_ml)), _vials(at.dose.vials)]
        days = "" if at.study_day is None else f"{at.study_day}" if at.last_day is None else f"{at.study_day} to {at.last_day}"
        made.add_row(text(at.visit if several else at.label), day(at.date), text(days), *cells)
    return made


def _levels(doses: DoseTable, key: tuple[str, str | None]) -> RenderableType:
    """What one administration is at each level, a column for each weight."""
    weights = _bodies(doses)
    made = Table("Level", "Dose", *weights, right=tuple(weights))
    for same in zip(*(row.levels for row in doses.rows), strict=True):
        if (same[0].product, same[0].unit) == key:
            made.add_row(text(same[0].level), text(same[0].rule or ""), *(_amount(x.amount, x.status) for x in same))
    return made


def _bodies(doses: DoseTable) -> list[str]:
    """What stands above a weight's columns."""
    bodies = [f"{number_text(row.weight_kg)} kg" + (f", {number_text(row.height_cm)} cm" if row.height_cm else "") for row in doses.rows]
    return [f"{body}{_mark(row)}" for body, row in zip(bodies, doses.rows, strict=True)]


def _dose(dose: Administration) -> Text:
    """What is given at a visit in all."""
    if dose.amount_from is not None and dose.amount_to is not None and dose.total is None:
        return text(" to ".join(number_text(end * dose.times) for end in (dose.amount_from, dose.amount_to)))
    return _amount(dose.total, dose.amount_status)


def _in(words: str, key: tuple[str, str | None]) -> str:
    return f"{words} {key[1]}" if key[1] else words


def _amount(value: float | None, status: str) -> Text:
    return text(number_text(value)) if value is not None else text(status, style="yellow")


def _notes(doses: DoseTable) -> list[Text]:
    """What holds for all weights, then what holds for some, with the weights."""
    some: dict[tuple[NoteCode, str], list[str]] = {}
    for row in doses.rows:
        for code, message in dict.fromkeys((note.code, note.message) for note in row.notes):
            some.setdefault((code, message), []).append(number_text(row.weight_kg))
    lines = [note_line(code, message) for code, message in dict.fromkeys((note.code, note.message) for note in doses.notes)]
    for (code, message), weights in some.items():
        which = ", ".join(weights) if len(weights) <= 8 else f"{', '.join(weights[:6])} … {weights[-1]}, {len(weights)} weights"
        lines.append(note_line(code, message, f"{which} kg"))
    return lines


# --- comparisons --------------------------------------------------------------------------------------------------------


def compare_page(comparison: Comparison) -> Page:
    """A column for each regimen."""
    regimens = comparison.regimens
    horizon = f"{counted(comparison.months, 'month')} from day 1" if comparison.months is not None else f"until {comparison.until}"
    if comparison.start is not None:
        horizon += f", day 1 {comparison.start}" + (f" to {comparison.until}" if comparison.months is not None else "")
    person = [
        *([f"weight {number_text(comparison.weight_kg)} kg"] if comparison.weight_kg is not None else []),
        *([f"height {number_text(comparison.height_cm)} cm"] if comparison.height_cm is not None else []),
    ]
    made = Table("", *(c.plan.regimen for c in regimens), wraps=[c.plan.regimen for c in regimens])
    products = dict.fromkeys(s.product for c in regimens for s in c.totals)
    rows: list[tuple[str, list[str]]] = [
        ("Study", [c.plan.title for c in regimens]),
        *([("Arm", [c.plan.arm or "–" for c in regimens])] if any(c.plan.arm for c in regimens) else []),
        ("Visits with a dose", [str(c.visits) for c in regimens]),
        ("Doses", [str(c.administrations) for c in regimens]),
        ("First dose", [_when(c.first, last=False) for c in regimens]),
        ("Last dose", [_when(c.last, last=True) for c in regimens]),
        ("Longest gap", ["–" if c.longest_gap is None else counted(c.longest_gap, "day") for c in regimens]),
        *((f"Total {product}", [_total(c, product) for c in regimens]) for product in products),
        ("After the horizon", [_after(c) for c in regimens]),
    ]
    for name, cells in rows:
        made.add_row(text(name, style="bold"), *(text(cell) for cell in cells))
    notes = [note_line(n.code, f"{c.plan.regimen}: {n.message}") for c in regimens for n in c.notes]
    notes += [note_line(n.code, n.message) for n in comparison.notes]
    return Page(text(", ".join([f"Horizon: {horizon}", *person]), style="bold"), Text(), made, *([Text()] if notes else []), *notes)


def _when(row: DoseRow | None, *, last: bool) -> str:
    """`D336, day 337, 2025-12-08`."""
    if row is None:
        return "–"
    number, date = (row.last_day or row.study_day, row.last_date or row.date) if last else (row.study_day, row.date)
    return ", ".join([row.visit, f"study day {number}", *([date.isoformat()] if date else [])])


def _total(c: Compared, product: str) -> str:
    found = [s for s in c.totals if s.product == product]
    return "; ".join(s.status if s.total is None else amount_text(s.total, s.unit) for s in found) or "–"


def _after(c: Compared) -> str:
    """What the horizon cuts off."""
    more = counted(c.later, "planned visit") if c.later else ""
    return " and ".join(part for part in (more, "an open end" if c.goes_on else "") if part) or "nothing"
