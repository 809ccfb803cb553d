"""What a pharmacy reads of a dose, on a terminal and on a page."""

from __future__ import annotations

from nmosd_dosing.dose.dose import amount_text, range_text
from nmosd_dosing.pharmacy.worklist import Item
from nmosd_dosing.plans.plan import Administration
from nmosd_dosing.plans.wording import vials_text


def amount_words(item: Item) -> str:
    """`600 mg`, `2 x 250 mg`, `placebo`, `masked`; the rule where there is no amount yet."""
    dose = item.dose
    if dose.amount_status == "masked":
        return "masked"
    if dose.amount_status in ("omitted", "held"):
        return "none"
    times = f"{item.times} x " if item.times > 1 else ""
    if dose.amount is None and dose.amount_from is not None:
        return f"{times}{range_text(dose.amount_from, dose.amount_to, dose.unit)}"
    if dose.amount is None:
        return dose.dose_rule or "–"
    if _placebo(dose):
        return "placebo"
    capped = ", capped" if dose.amount_status == "capped" else ""
    return f"{times}{amount_text(dose.amount, dose.unit)}{capped}"


def vials_words(item: Item) -> str:
    """`1 x 100 mg, 1 x 500 mg`; why they cannot be counted; `not stated` of a placebo, of which nobody says its vials."""
    if item.vials is None:
        return item.uncounted or ""
    return vials_text(item.vials) or ("not stated" if _placebo(item.dose) else "none")


def _placebo(dose: Administration) -> bool:
    return not dose.amount and (dose.dose_rule or "").startswith("placebo")
