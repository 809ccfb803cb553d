"""A pharmacy's list and its order as JSON and CSV. Field names are a contract, as those of a plan; more may be added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.pharmacy.changes import Changes, LastDose, was_text
from nmosd_dosing.pharmacy.worklist import Item, MayCome, OrderLine, Worklist, in_all, to_check, uncounted, visits_of
from nmosd_dosing.plans.wording import vials_text
from nmosd_dosing.report.export.plain import Sheet, fields, iso_date, plain_number, vials_list
from nmosd_dosing.version import PROGRAM

DOSE_COLUMNS = (
    "unblinded", "date", "subject", "site", "visit", "day", "of_days", "status", "only_arms", "product", "route", "amount", "unit",
    "dose_rule", "amount_status", "weight_kg", "weight_of", "check_weight", "times", "vials", "volume_ml", "not_counted",
    "part", "planned", "from", "to", "closed", "change", "was", "level", "amount_from", "amount_to", "weight_status",
)  # fmt: skip

ORDER_COLUMNS = (
    "unblinded", "month", "product", "vial", "needed", "not_firm", "reserve", "order", "first_need", "order_by", "not_counted", "visits",
    "check_weight", "closed",
)  # fmt: skip


def worklist_to_dict(worklist: Worklist, policy: Policy, changes: Changes | None = None) -> dict[str, Any]:
    """What is to be prepared as plain values: each dose, what each day and all days need, and what is not on the list. With `changes` what
    became of each dose since the last list (`change`), what it was (`was`), and what is `gone`."""
    return {
        **_worklist_fields(worklist, policy),
        "shown": {"subject": worklist.of_subject, "sites": list(worklist.of_sites)},
        "since": _since(changes) if changes is not None else None,
        "doses": [{**_dose(item), **_change(changes, item)} for item in worklist.items],
        "days": [
            {"date": iso_date(date), "vials": _vials_of(items)} for date, items in groupby(worklist.items, key=lambda item: item.date)
        ],
        "in_all": _vials_of(worklist.items),
        "may_come": [{**_may_come(found), **_change(changes, found.item)} for found in worklist.may_come],
        "gone": [_gone(dose) for dose in changes.gone] if changes is not None else [],
        **_not_listed(worklist),
    }


def worklist_sheet(worklist: Worklist, changes: Changes | None = None) -> Sheet:
    """A row for each dose; last, without a date, those that may also come (`part`), from when to when, and those without a stated day;
    and with `changes` what is `gone` since the last list."""
    doses = [({**_dose(item), "part": "prepare"}, item) for item in worklist.items]
    doses += [({**_may_come(found), "part": "may also come"}, found.item) for found in worklist.may_come]
    doses += [({**_dose(item), "part": "no day stated"}, item) for item in worklist.dayless]
    shared = {"unblinded": worklist.unblinded}
    rows = [
        {**shared, **cells, "vials": vials_text(item.vials), "only_arms": " ".join(item.visit.only_arms), **_change_cells(changes, item)}
        for cells, item in doses
    ]
    for dose in changes.gone if changes is not None else ():
        rows.append({**shared, **_gone(dose), "vials": vials_text(dose.vials), "part": "gone"})
    return Sheet("prepare", DOSE_COLUMNS, rows)


def order_to_dict(worklist: Worklist, lines: Sequence[OrderLine], policy: Policy, reserve: Fraction, lead: int | None) -> dict[str, Any]:
    """What is to be ordered as plain values, and what is not in the order."""
    return {
        **_worklist_fields(worklist, policy),
        "reserve": plain_number(float(reserve)),
        "lead_days": lead,
        "order": [_order_line(line) for line in lines],
        "check_weight": [{"subject": subject, "message": words} for subject, words in to_check(worklist.ahead)],
        "may_come": [_may_come(found) for found in worklist.may_come],
        **_not_listed(worklist),
    }


def order_sheet(worklist: Worklist, lines: Sequence[OrderLine]) -> Sheet:
    """A row for each month, product and size; after them one for each product of which some visits cannot be counted, and why."""
    rows = [_order_line(line) for line in lines]
    rows += [{"product": found.product, "not_counted": found.why, "visits": visits_of(found.items)} for found in uncounted(worklist.items)]
    return Sheet("order", ORDER_COLUMNS, ({"unblinded": worklist.unblinded, **row} for row in rows))


def _worklist_fields(worklist: Worklist, policy: Policy) -> dict[str, Any]:
    return {
        "unblinded": worklist.unblinded, "meta": {"program": PROGRAM, "study_sha256": worklist.study.sha256}, "study": worklist.study.id,
        "regimen": worklist.regimen, "from": iso_date(worklist.first), "until": iso_date(worklist.last), "vials": policy,
    }  # fmt: skip


def _since(changes: Changes) -> dict[str, Any]:
    last = changes.last
    counts = {str(kind): n for kind, n in changes.counts.items()}
    return {"from": iso_date(last.first), "until": iso_date(last.last), "study_sha256": last.sha256, **counts}


def _change(changes: Changes | None, item: Item) -> dict[str, Any]:
    """What became of a dose, and what it was; both null where nothing did, or nobody asked."""
    change = changes.of(item) if changes is not None else None
    return {"change": change.kind if change else None, "was": _before(change.before) if change and change.before else None}


def _change_cells(changes: Changes | None, item: Item) -> dict[str, Any]:
    change = changes.of(item) if changes is not None else None
    return {"change": change.kind if change else None, "was": was_text(change, iso_date) if change else None}


def _before(dose: LastDose) -> dict[str, Any]:
    return {
        **fields(dose, ("date", "times", "amount", "unit", "amount_status")),
        "vials": vials_list(dose.vials),
        "volume_ml": plain_number(dose.volume_ml),
    }


def _gone(dose: LastDose) -> dict[str, Any]:
    """A dose that is not on the list any more, as it stood on the last one."""
    subject, visit, day, product = dose.key
    named = {"subject": subject, "site": dose.site, "visit": visit, "day": day, "product": product, "dose_rule": dose.rule}
    return {**named, **_before(dose), "change": "gone"}


def _not_listed(worklist: Worklist) -> dict[str, Any]:
    return {
        "not_counted": [
            {"product": found.product, "reason": found.why, "visits": visits_of(found.items), "doses": list(map(_dose, found.items))}
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
        **fields(item, ("date", "subject", "site")), "visit": item.visit.id, "day": item.day, "of_days": item.of,
        **fields(item.visit, ("status", "only_arms")), "product": item.dose.shown,
        **fields(item.dose, ("route", "amount", "unit", "dose_rule", "amount_status", "weight_kg", "weight_of", "check_weight", "level")),
        **fields(item.dose, ("amount_from", "amount_to", "weight_status")), "times": item.times, "vials": vials_list(item.vials),
        "volume_ml": plain_number(item.volume_ml), "not_counted": item.uncounted, "closed": item.closed,
    }  # fmt: skip


def _may_come(found: MayCome) -> dict[str, Any]:
    return {**_dose(found.item), "planned": iso_date(found.planned), "from": iso_date(found.first), "to": iso_date(found.last)}


def _order_line(line: OrderLine) -> dict[str, Any]:
    return {
        "month": f"{line.month:%Y-%m}",
        **fields(line, ("product", "vial", "needed", "not_firm", "reserve", "order", "first_need", "order_by", "check_weight", "closed")),
    }


def _vials_of(items: Iterable[Item]) -> list[dict[str, Any]]:
    return [{"product": product, "vials": vials_list(vials)} for product, vials in in_all(items).items()]
