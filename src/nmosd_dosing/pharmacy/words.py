"""What a pharmacy reads of a dose, on a terminal and on a page."""

from __future__ import annotations

from nmosd_dosing.dose.dose import amount_text, range_text
from nmosd_dosing.pharmacy.worklist import Item
from nmosd_dosing.plans.plan import Administration
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.sentences import Sentence, joined, said


def amount_words(item: Item) -> Sentence:
    """`600 mg`, `2 x 250 mg`, `placebo`, `masked`; the rule where there is no amount yet."""
    dose = item.dose
    if dose.amount_status == "masked":
        return said("masked")
    if dose.amount_status in ("omitted", "held"):
        return said("none")
    times = f"{item.times} x " if item.times > 1 else ""
    if dose.amount is None and dose.amount_from is not None:
        return joined("", (times, range_text(dose.amount_from, dose.amount_to, dose.unit)))
    if dose.amount is None:
        return joined("", [dose.dose_rule or "–"])
    if _placebo(dose):
        return said("placebo")
    words = joined("", (times, amount_text(dose.amount, dose.unit)))
    return words + said(", capped") if dose.amount_status == "capped" else words


def vials_words(item: Item) -> Sentence:
    """`1 x 100 mg, 1 x 500 mg`; why they cannot be counted; `not stated` of a placebo, of which nobody says its vials."""
    if item.vials is None:
        return joined("", [item.uncounted or ""])
    if (vials := vials_text(item.vials)) is not None and vials:
        return joined("", [vials])
    return said("not stated") if _placebo(item.dose) else said("none")


def _placebo(dose: Administration) -> bool:
    return not dose.amount and (dose.dose_rule or "").startswith("placebo")
