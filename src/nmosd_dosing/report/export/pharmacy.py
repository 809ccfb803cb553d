"""A pharmacy's list and its order as JSON and CSV. Field names are a contract, as those of a plan; more may be added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.pharmacy.worklist import Item, MayCome, OrderLine, Worklist, in_all, to_check, uncounted, visits_of
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import Sheet, csv_text, fields, iso_date, plain_number, vials_list
from nmosd_dosing.version import PROGRAM

DOSE_COLUMNS = (
    "unblinded", "date", "subject", "site", "visit", "day", "of_days", "status", "only_arms", "product", "route", "amount", "unit",
    "dose_rule", "amount_status", "weight_kg", "weight_of", "check_weight", "times", "vials", "volume_ml", "not_counted",
    "part", "planned", "from", "to", "closed",
)  # fmt: skip

ORDER_COLUMNS = (
    "unblinded", "month", "product", "vial", "needed", "not_firm", "reserve", "order", "first_need", "order_by", "not_counted", "visits",
    "check_weight", "closed",
)  # fmt: skip


def worklist_to_dict(worklist: Worklist, policy: Policy) -> dict[str, Any]:
    """What is to be prepared as plain values: each dose, what each day and all days need, and what is not on the list."""
    return {
        **_worklist_fields(worklist, policy),
        "doses": [_dose(item) for item in worklist.items],
        "days": [
            {"date": iso_date(date), "vials": _vials_of(items)} for date, items in groupby(worklist.items, key=lambda item: item.date)
        ],
        "in_all": _vials_of(worklist.items),
        "may_come": [_may_come(found) for found in worklist.may_come],
        **_not_listed(worklist),
    }


def worklist_to_csv(worklist: Worklist) -> str:
    """A row for each dose; last, without a date, those that may also come (`part`), from when to when, and those without a stated day."""
    return csv_text(worklist_sheet(worklist))


def worklist_sheet(worklist: Worklist) -> Sheet:
    """The same rows."""
    doses = [({**_dose(item), "part": "prepare"}, item) for item in worklist.items]
    doses += [({**_may_come(found), "part": "may also come"}, found.item) for found in worklist.may_come]
    doses += [({**_dose(item), "part": "no day stated"}, item) for item in worklist.dayless]
    shared = {"unblinded": worklist.unblinded}
    texts = [{"vials": vials_text(item.vials), "only_arms": " ".join(item.visit.only_arms)} for _, item in doses]
    return Sheet("prepare", DOSE_COLUMNS, ({**shared, **cells, **as_text} for (cells, _), as_text in zip(doses, texts, strict=True)))


def order_to_dict(worklist: Worklist, lines: Sequence[OrderLine], policy: Policy, reserve: Fraction, lead: int | None) -> dict[str, Any]:
    """What is to be ordered as plain values, and what is not in the order."""
    return {
        **_worklist_fields(worklist, policy),
        "reserve": plain_number(float(reserve)),
        "lead_days": lead,
        "order": [_order_line(line) for line in lines],
        "check_weight": [{"subject": subject, "message": words} for subject, words in to_check(worklist.ahead)],
        **_not_listed(worklist),
    }


def order_to_csv(worklist: Worklist, lines: Sequence[OrderLine]) -> str:
    """A row for each month, product and size; after them one for each product of which some visits cannot be counted, and why."""
    return csv_text(order_sheet(worklist, lines))


def order_sheet(worklist: Worklist, lines: Sequence[OrderLine]) -> Sheet:
    """The same rows."""
    rows = [_order_line(line) for line in lines]
    rows += [{"product": found.product, "not_counted": found.why, "visits": visits_of(found.items)} for found in uncounted(worklist.items)]
    return Sheet("order", ORDER_COLUMNS, ({"unblinded": worklist.unblinded, **row} for row in rows))


def _worklist_fields(worklist: Worklist, policy: Policy) -> dict[str, Any]:
    return {
        "unblinded": worklist.unblinded,
        "meta": {"program": PROGRAM, "study_sha256": worklist.study.sha256},
        "study": worklist.study.id,
        "from": iso_date(worklist.first),
        "until": iso_date(worklist.last),
        "vials": policy,
    }


def _not_listed(worklist: Worklist) -> dict[str, Any]:
    return {
        "not_counted": [
            {
                "product": found.product,
                "reason": found.why,
                "visits": visits_of(found.items),
                "doses": [_dose(item) for item in found.items],
            }
            for found in uncounted(worklist.items)
        ],
        "no_day_stated": [_dose(item) for item in worklist.dayless],
        "not_recorded": [_dose(item) for item in worklist.missed],
        "no_day_allowed": [_dose(item) for item in worklist.undecided],
        "no_first_day": [{"period": period, "subjects": list(subjects)} for period, subjects in worklist.unentered.items()],
        "lost_doses": [
            {"subject": subject, "visit": dose.visit, "date": iso_date(dose.date), "reason": dose.why} for subject, dose in worklist.lost
        ],
    }


def _dose(item: Item) -> dict[str, Any]:
    return {
        **fields(item, ("date", "subject", "site")),
        "visit": item.visit.id,
        "day": item.day,
        "of_days": item.of,
        **fields(item.visit, ("status", "only_arms")),
        "product": item.dose.shown,
        **fields(item.dose, ("route", "amount", "unit", "dose_rule", "amount_status", "weight_kg", "weight_of", "check_weight")),
        "times": item.times,
        "vials": vials_list(item.vials),
        "volume_ml": plain_number(item.volume_ml),
        "not_counted": item.uncounted,
        "closed": item.closed,
    }


def _may_come(found: MayCome) -> dict[str, Any]:
    return {**_dose(found.item), "planned": iso_date(found.planned), "from": iso_date(found.first), "to": iso_date(found.last)}


def _order_line(line: OrderLine) -> dict[str, Any]:
    return {
        "month": f"{line.month:%Y-%m}",
        **fields(line, ("product", "vial", "needed", "not_firm", "reserve", "order", "first_need", "order_by", "check_weight", "closed")),
    }


def _vials_of(items: Iterable[Item]) -> list[dict[str, Any]]:
    return [{"product": product, "vials": vials_list(vials)} for product, vials in in_all(items).items()]
