"""A pharmacy's list and its order as pages for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.days import date_text
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import counted
from nmosd_dosing.pharmacy.changes import Changes, was_text
from nmosd_dosing.pharmacy.words import amount_words, vials_words
from nmosd_dosing.pharmacy.worklist import Item, OrderLine, Packed, Worklist, in_all, ordered, to_check, uncounted, visits_of
from nmosd_dosing.plans.plan import Administration
from nmosd_dosing.plans.wording import vials_text, volume_text
from nmosd_dosing.plans.workdays import closed_text
from nmosd_dosing.report.pages.layout import Page, Table
from nmosd_dosing.report.pages.page import day, mark_of, text, unblinded, weight_text

_COLUMNS = ("Date", "Change", "Site", "Subject", "Visit", "Status", "Product", "Amount", "Level", "Weight", "Vials", "Volume")
_NAMED = 5  # doses that a line names; of more it gives the number


def worklist_page(worklist: Worklist, policy: Policy, changes: Changes | None = None) -> Page:
    """What is to be prepared, by day; what each day needs in all; what cannot be counted, and what is not on the list;
    with `changes` what is not as on the last one."""
    parts = _heading(worklist, f"to prepare from {date_text(worklist.first)} to {date_text(worklist.last)}", policy)
    if not worklist.items:
        parts.append(text("nothing"))
    else:
        parts += [_items(worklist, changes), Text()]
        parts += [text(f"in all: {product} {vials_text(vials) or 'none'}") for product, vials in in_all(worklist.items).items()]
        parts += [text(words) for words in _closed(worklist)]
    notes = [*since(worklist, changes), *remarks(worklist)]
    if worklist.may_come:
        parts += [Text(), text("may also come, planned for another day; not counted above"), Text(), _may_come(worklist, changes)]
        parts += [Text()] if notes else []
    return Page(*parts, *(text(words) for words in notes))


def order_page(worklist: Worklist, lines: Sequence[OrderLine], reserve: Fraction, lead: int | None, policy: Policy) -> Page:
    """What is to be ordered, by month; what cannot be counted, and what is not in the order."""
    about = f"to order for {date_text(worklist.first)} to {date_text(worklist.last)}"
    parts = _heading(worklist, about, policy)
    wanted = [f"reserve {number_text(reserve * 100)}%"] if reserve else []
    wanted += [f"lead time {counted(lead, 'day')}"] if lead is not None else []
    if wanted:
        parts.insert(-1, text(", ".join(wanted)))
    if not lines:
        parts.append(text("nothing that can be counted" if worklist.items else "nothing"))
    else:
        parts += [_lines(lines, reserve, lead), Text()]
        parts += [text(f"in all: {product} {vials_text(vials) or 'none'}") for product, vials in ordered(worklist, lines).items()]
    firm = (
        [] if all(not line.not_firm for line in lines) else ["not firm: for doses that are projected or pending, or may be another arm's"]
    )
    notes = [*firm, *_too_late(worklist, lines), *_by_a_closed_day(worklist, lines), *not_ordered(worklist), *remarks(worklist)]
    return Page(*parts, *(text(words) for words in notes))


def not_ordered(worklist: Worklist) -> list[str]:
    """What an order does not count of those who may come on its days, in a line: `prepare` lists them."""
    items = [found.item for found in worklist.may_come]
    return [f"not counted, {_visits(items)}: may also come, planned for another day ({_named(items, worklist.several)})"] if items else []


def _closed(worklist: Worklist) -> Iterator[str]:
    """A line for each closed day for which something is to be prepared."""
    for date, group in groupby(worklist.items, key=lambda item: item.date):
        items = list(group)
        if date is not None and (why := items[0].closed) is not None:
            yield f"closed: {date_text(date)}: {closed_text(why)}; nothing is moved ({_named(items, worklist.several)})"


def _by_a_closed_day(worklist: Worklist, lines: Sequence[OrderLine]) -> list[str]:
    """A line for each day ahead by which to order, and which is closed."""
    found = {line.order_by: line.closed for line in lines if line.order_by is not None and line.order_by >= worklist.first and line.closed}
    return [f"closed: {date_text(day)}, by which to order: {closed_text(why)}" for day, why in sorted(found.items())]


def since(worklist: Worklist, changes: Changes | None) -> list[str]:
    """What has changed since the last list, counted, and what is gone from it, in a line each; nothing where nobody asked."""
    if changes is None:
        return []
    counts = ", ".join(f"{n} {kind}" for kind, n in changes.counts.items() if n)
    days = f"{date_text(changes.last.first)} to {date_text(changes.last.last)}"
    lines = [f"since the list of {days}: {counts or 'nothing has changed'}"]
    for dose in changes.gone:
        subject, visit, number, product = dose.key
        label = visit if worklist.several else visit.split("/", 1)[-1]
        who = f"{f'{subject} ' if subject else ''}{label}{f', day {number}' if number > 1 else ''}"
        vials = f", {vials_text(dose.vials)}" if dose.vials else ""
        lines.append(f"gone: {who}, {date_text(dose.date) if dose.date else ''}: {product} {dose.amount_text}{vials}")
    if changes.other_study_file:
        lines.append("the study file has been changed since the last list")
    return lines


def remarks(worklist: Worklist) -> list[str]:
    """What a list or an order cannot count, and what it leaves out, in a line each."""
    before = f"planned before {date_text(worklist.first)}, and not recorded"
    found = [(f"not counted: {some.product}", some.why, some.items) for some in uncounted(worklist.items)]
    found += [("left out", "no day stated", worklist.dayless), ("left out", before, worklist.missed)]
    found += [("left out", "no day is allowed, a person must decide", worklist.undecided)]
    lines = [f"check-weight: {f'{subject}: ' if subject else ''}{why}" for subject, why in to_check(worklist.ahead)]
    lines += [f"{what}, {_visits(items)}: {why} ({_named(items, worklist.several)})" for what, why, items in found if items]
    for period, subjects in worklist.unentered.items():
        who = f" ({', '.join(subject or '' for subject in subjects)})" if any(subjects) else ""
        lines.append(f"left out, all visits of {period}: no first day yet{who}")
    lines += [f"left out: {f'{subject}: ' if subject else ''}{dose.why}" for subject, dose in worklist.lost]
    return lines


def _heading(worklist: Worklist, about: str, policy: Policy) -> list[RenderableType]:
    lines: list[RenderableType] = [unblinded("doses are shown as each arm gets them")] if worklist.unblinded else []
    lines.append(text(f"{worklist.study.title}: {about}", style="bold"))
    items = (*worklist.items, *(found.item for found in worklist.may_come))
    for product, sizes in dict.fromkeys((item.dose.product, item.sizes) for item in items if item.sizes):
        origin = worklist.study.product(product).vials_origin
        by = f", stated by {origin}" if origin is not None else ""
        lines.append(text(f"{product}: vials of {', '.join(sizes)}{by}, chosen for the {policy}"))
    return [*lines, Text()]


def _items(worklist: Worklist, changes: Changes | None) -> RenderableType:
    """The doses by day, and after those of a day what several of one product take in all; columns that would say nothing are left out."""
    rows: list[dict[str, Text]] = []
    for date, group in groupby(worklist.items, key=lambda item: item.date):
        today = list(group)
        of_day = [_row(item, worklist.several, changes) for item in today]
        for product, vials in in_all(today).items():
            mine = [item for item in today if item.dose.shown == product]
            if len(mine) > 1:
                of_day.append(_in_all(product, vials, mine))
        rows += [row | {"Date": day(date)} for row in of_day]
    headings = _headings(rows)
    made = Table(*headings, right=("Amount", "Weight", "Volume"), once=("Date",), below=("Status", "Volume", "Weight"))
    for row in rows:
        made.add_row(*(row.get(heading, Text()) for heading in headings))
    return made


def _may_come(worklist: Worklist, changes: Changes | None) -> RenderableType:
    """Whose allowed days meet those asked for."""
    rows = [_row(found.item, worklist.several, changes) for found in worklist.may_come]
    headings = _headings(rows)
    made = Table(
        "From", "To", "Planned", *headings, right=("Amount", "Weight", "Volume"), below=("Status", "Volume", "Weight", "Planned", "Product")
    )
    for found, row in zip(worklist.may_come, rows, strict=True):
        made.add_row(day(found.first), day(found.last), day(found.planned), *(row.get(heading, Text()) for heading in headings))
    return made


def _headings(rows: Sequence[Mapping[str, Text]]) -> list[str]:
    """The columns that say something; the site only where there are several."""
    sites = {row["Site"].plain for row in rows if "Site" in row}
    return [heading for heading in _COLUMNS if any(row.get(heading) for row in rows) and (heading != "Site" or len(sites) > 1)]


def _row(item: Item, several: bool, changes: Changes | None) -> dict[str, Text]:
    status = item.visit.status if item.visit.status != "planned" else ""
    only = f"only arm {' or '.join(item.visit.only_arms)}" if item.visit.only_arms else ""
    return {
        "Change": text(_changed(item, changes), "bold yellow"), "Site": text(item.site or ""), "Subject": text(item.subject or ""),
        "Visit": text(_visit(item, several)), "Status": text(", ".join(words for words in (status, only) if words), "yellow"),
        "Product": text(item.dose.shown), "Amount": text(amount_words(item)), "Level": text(item.dose.level or ""),
        "Weight": text(_weight(item.dose)), "Vials": text(item.uncounted, "yellow") if item.vials is None else text(vials_words(item)),
        "Volume": text(_volume(item.volume_ml)),
    }  # fmt: skip


def _in_all(product: str, vials: Packed, items: Sequence[Item]) -> dict[str, Text]:
    """What the doses of one product take on one day."""
    counted = [item for item in items if item.vials is not None]
    volumes = [item.volume_ml for item in counted if item.volume_ml is not None]
    left = f" but {len(items) - len(counted)}" if len(counted) < len(items) else ""
    return {
        "Product": text(product, "dim"),
        "Amount": text(f"in all{left}", "dim"),
        "Weight": text("check-weight" if to_check(counted) else "", "dim"),
        "Vials": text(vials_text(vials) or "none", "dim"),
        "Volume": text(_volume(sum(volumes)) if len(volumes) == len(counted) else "", "dim"),
    }


def _changed(item: Item, changes: Changes | None) -> str:
    """`new`; `moved, was 2025-03-05 Wed`; `changed, was 600 mg, 5 x 120 mg`."""
    change = changes.of(item) if changes is not None else None
    if change is None:
        return ""
    was = was_text(change, date_text)
    return f"{change.kind}, was {was}" if was else change.kind


def _weight(dose: Administration) -> str:
    if dose.weight_kg is None:
        return ""
    of = f" of {date_text(dose.weight_of)}" if dose.weight_of is not None else ""
    return f"{weight_text(dose)}{of}{mark_of(dose)}"


def _volume(ml: float | None) -> str:
    return f"{volume_text(ml)} mL" if ml is not None else ""


def _lines(lines: Sequence[OrderLine], reserve: Fraction, lead: int | None) -> RenderableType:
    unsure, doubted = any(line.not_firm for line in lines), any(line.check_weight for line in lines)
    made = Table(
        "Month", "Product", "Vial", "Needed", "Weight" if doubted else None, "Not firm" if unsure else None,
        "Reserve" if reserve else None, "Order", "First need", "Order by" if lead is not None else None,
        right=("Vial", "Needed", "Not firm", "Reserve", "Order"),
    )  # fmt: skip
    for line in lines:
        made.add_row(
            text(f"{line.month:%Y-%m}"), text(line.product), text(line.vial), text(line.needed),
            text("check-weight" if line.check_weight else "", "yellow"), text(line.not_firm or "", "yellow"), text(line.reserve),
            text(line.order, "bold"), day(line.first_need), day(line.order_by),
        )  # fmt: skip
    return made


def _too_late(worklist: Worklist, lines: Sequence[OrderLine]) -> list[str]:
    """Which of the orders should have been made before the list begins."""
    late = [line for line in lines if line.order_by is not None and line.order_by < worklist.first]
    if not late:
        return []
    named = dict.fromkeys(f"{line.product} for {line.month:%Y-%m}" for line in late)
    return [f"to be ordered before {date_text(worklist.first)}, on which this begins: {', '.join(named)}"]


def _visit(item: Item, several: bool) -> str:
    """`D14`, `olp/D1`; `D6 to D14, day 2 of 9` of a visit that takes several days."""
    label = _label(item, several)
    return f"{label}, day {item.day} of {item.of}" if item.of > 1 else label


def _label(item: Item, several: bool) -> str:
    """The visit's id, without its period where all are of one."""
    return item.visit.id if several else item.visit.id.split("/", 1)[1]


def _visits(items: Sequence[Item]) -> str:
    return counted(visits_of(items), "visit")


def _named(items: Sequence[Item], several: bool) -> str:
    """The visits of some doses, by subject: `0101 D14, D28; 0103 D14`; the number of those that are too many to be named."""
    by_subject: dict[str | None, dict[str, None]] = {}
    visits = list(dict.fromkeys((item.subject, _label(item, several)) for item in items))
    for subject, visit in visits[:_NAMED]:
        by_subject.setdefault(subject, {})[visit] = None
    named = "; ".join(f"{subject} {', '.join(labels)}" if subject else ", ".join(labels) for subject, labels in by_subject.items())
    return named if len(visits) <= _NAMED else f"{named} and {len(visits) - _NAMED} more"
