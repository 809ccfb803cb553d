"""What a register holds of the vials of its sites: rows of `stock`, in the trail as all others. Blinded roles write into the facts, under
the names under which a masked plan shows products; an unblinded pharmacist into the store of the arms."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from nmosd_dosing.errors import InputError, Problem, Problems, clip
from nmosd_dosing.pharmacy import stock
from nmosd_dosing.pharmacy.stock import MOVEMENTS, Line
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.register.accounts import Who, checked_reason
from nmosd_dosing.register.database import facts
from nmosd_dosing.register.database.chain import Damaged
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.database.store import Act, Store
from nmosd_dosing.register.register import Register
from nmosd_dosing.sentences import Sentence, either, many, said, word
from nmosd_dosing.study.blinding import mask
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.visits import lay_out

STOCK = "stock"  # what the trail calls it
COLUMNS = ("site", "date", "movement", "product", "vial", "batch", "expiry", "quantity", "subject", "visit", "comment")
_NEEDED = ("site", "date", "movement", "product", "vial", "batch", "quantity")
_MOST = 100_000  # vials in one line
_LONGEST = 200  # characters of a cell


def store_of(register: Register, who: Who) -> Store:
    """Where the stock of an account stands."""
    return register.arms_store() if who.sees_arms else register.facts


def held(register: Register, who: Who) -> list[Line]:
    """The lines of the sites that an account sees, in the order in which they were written; of subjects whom it sees under the codes that
    they have now. What was dispensed is of the site that gave it, wherever the subject is now."""
    return [line for line, _ in _held(register, who) if who.sees(line.site)]


def of_subjects(register: Register, who: Who, sites: Collection[str | None]) -> list[Line]:
    """What was dispensed to the subjects who are at some sites now, of those whom an account sees; to all of these where none is named. The
    lines of other sites are among them: a subject who moves brings them along."""
    return [
        line for line, site in _held(register, who)
        if line.movement == "dispensed" and who.sees(site) and (not sites or site in sites)
    ]  # fmt: skip


def _held(register: Register, who: Who) -> list[tuple[Line, str | None]]:
    """All lines, each with the site at which its subject is now, or was last; where it is of nobody, with its own."""
    rows = [fact for fact in facts.holding(store_of(register, who), STOCK) if fact.cells is not None]
    persons = {fact.person for fact in rows if fact.person is not None}
    subjects = facts.holding(register.facts, "subjects", persons=persons)
    codes = {fact.person: fact.cells["subject"] for fact in subjects if fact.cells is not None and who.sees(fact.site)}
    at = {fact.person: fact.site for fact in subjects}
    return [
        (replace(line, subject=codes.get(fact.person, line.subject), moved=site != fact.site), site)
        for fact in rows
        for line, site in [(_line(fact), at.get(fact.person, fact.site))]
    ]


People = Mapping[str, tuple[int, str | None]]  # subjects by their codes, each with the number and the site
Names = Mapping[str, tuple[str, ...]]  # of products, each with the sizes of its vials; without sizes none are stated
Visits = Mapping[str, Mapping[str, Mapping[str, int | None]]]  # by subject's code, of each visit of the plan, `stock.vials_of` it


def products(studies: Iterable[Study], *, unblinded: bool) -> Names:
    """The names under which products may be written down: as a masked plan shows them, or, unblinded, as they are."""
    names = dict[str, tuple[str, ...]]()
    for study in studies:
        for period in study.periods:
            visits = lay_out(period, 0, Problems())
            for give in [give for visit in (visits if unblinded else mask(study, visits)) for give in visit.gives]:
                vials = study.product(give.product).vials
                names[give.mask or give.product] = vials.texts if vials is not None else ()
    return dict(sorted(names.items()))


def visits_of(plans: Iterable[Plan]) -> Visits:
    """The visits of plans, with what is given at them, as whoever reads the plans may see it."""
    return {plan.subject or "": {visit.id: stock.vials_of(visit) for visit in plan.visits} for plan in plans}


def record(
    register: Register, who: Who, typed: Mapping[str, str], people: People, names: Names, visits: Visits,
    today: dt.date, since: int, reason: str | None = None
) -> Act:  # fmt: skip
    """What is to be written of a new line. `people`: the subjects whom the account may see, by their codes: the number and the site of
    each; `names`: those of `products`; `since`: the number of the last entry when it was typed: the same line is not written twice by a
    second click. Raises InputError with everything that stands against it, and Doubtful for what may be a slip and has no reason."""
    who.must_write(STOCK)
    cells, person = _checked(typed, people, names, visits, today), None
    if same := [line for line in held(register, who) if (line.number or 0) > since and _line_cells(line) == cells]:
        wrong = said("the same line was written meanwhile, as number {number}", number=same[-1].number or 0)
        raise InputError(Problem(wrong, hint=said("send it again if there are two")))
    who.must_see(cells["site"])
    if "subject" in cells:
        person = people[cells["subject"]][0]
    mine, line = held(register, who), _line(Fact(0, person, cells["site"], cells))
    _check([*mine, line], mine, line)
    why = " ".join((reason or "").split()) or None
    if why is None and (doubts := [*_slips(line, mine), *_beyond(line, of_subjects(register, who, ()), visits)]):
        raise Doubtful(Problem(words, hint=said("if it is right, say why")) for words in doubts)
    return Act("enter", STOCK, cells, why, person, site=cells["site"])


class Doubtful(InputError):
    """What may be a slip, and is written with a reason only."""


def _slips(line: Line, there: Iterable[Line]) -> Iterator[Sentence]:
    """What may be a slip in a new line, in words: vials that come when they have expired, by their own line or by another of the batch;
    and a count of a batch that never came."""
    lot = line.site, line.product, line.vial, line.batch
    known = [one for one in there if (one.site, one.product, one.vial, one.batch) == lot]
    expiry = next((one.expiry for one in (line, *known) if one.expiry is not None), None)
    if line.movement == "received" and expiry is not None and line.date > expiry:
        yield said(
            "batch {batch} expired on {expiry}, before it is received on {day}: none of it may be given",
            batch=line.batch, expiry=expiry, day=line.date,
        )  # fmt: skip
    if line.movement == "counted" and not any(stock.sign(one.movement) > 0 for one in known):
        yield said(
            "batch {batch} of {product} {vial} is counted, and was never received",
            batch=line.batch, product=line.product, vial=line.vial,
        )  # fmt: skip


def _beyond(line: Line, dispensed: Iterable[Line], visits: Visits) -> Iterator[Sentence]:
    """That more vials are dispensed for a visit than its dose takes, where these are counted; with those that were dispensed before."""
    takes = visits.get(line.subject or "", {}).get(line.visit or "", {}).get(line.product)
    if line.movement != "dispensed" or takes is None:
        return
    key = line.subject, line.visit, line.product
    before = sum(one.quantity for one in dispensed if (one.subject, one.visit, one.product) == key)
    if before + line.quantity > takes:
        yield said(
            "{vials} of {product} would be dispensed for {subject} {visit}, and the dose takes {takes}",
            vials=many(before + line.quantity, "vial"), product=line.product, subject=key[0] or "", visit=key[1] or "", takes=takes,
        )  # fmt: skip


def withdraw(register: Register, who: Who, number: int, reason: str | None) -> Act:
    """What is to be written so that a line does not hold any more. Raises InputError where there is none that the account may see, without
    a reason, and where the others could not be without it."""
    who.must_write(STOCK)
    mine = held(register, who)
    line = next((line for line in mine if line.number == number), None)
    if line is None:
        wrong = said("there is no line {number} of the stock", number=number)
        raise InputError(Problem(wrong, hint=said("the page lists which there are")))
    fact = next(fact for fact in facts.holding(store_of(register, who), STOCK) if fact.seq == number)
    _check([one for one in mine if one is not line], mine)
    return Act("withdraw", STOCK, None, checked_reason(reason), fact.person, site=fact.site, replaces=number)


def _check(after: Sequence[Line], before: Sequence[Line], new: Line | None = None) -> None:
    """Raises InputError with what cannot be then, and could before. `new`: the line that is written, if one is."""
    known = set(stock.refusals(before))
    wrong = [words for words in stock.refusals(after, new) if words not in known]
    if wrong:
        raise InputError(Problem(words, hint=said("look at the date, the batch and the quantity again")) for words in wrong)


def _checked(typed: Mapping[str, str], people: People, names: Names, visits: Visits, today: dt.date) -> dict[str, str]:
    """The cells of a line, as they are written. Raises InputError with all that is wrong with them."""
    cells = {name: " ".join(typed.get(name, "").split()) for name in COLUMNS}
    if wrong := dict.fromkeys((*_wrong(cells, names, today), *_wrong_subject(cells, people, visits))):
        raise InputError(Problem(words, hint=hint) for words, hint in wrong)
    cells["quantity"] = str(int(cells["quantity"]))
    return {name: text for name, text in cells.items() if text}


def _wrong(cells: Mapping[str, str], names: Names, today: dt.date) -> Iterator[tuple[Sentence, Sentence]]:
    """What is wrong with cells by themselves, each with the way out."""
    for name in _NEEDED:
        if not cells[name]:
            yield said("the {name} is missing", name=word(name)), said("write it")
    for name, text in cells.items():
        if len(text) > _LONGEST:
            yield said("the {name} has more than {longest} characters", name=word(name), longest=_LONGEST), said("write it shorter")
    movement, product, vial, quantity = (cells[name] for name in ("movement", "product", "vial", "quantity"))
    if movement and movement not in MOVEMENTS:
        yield said("`{cell}` is no movement", cell=clip(movement)), said("write {words}", words=either(MOVEMENTS))
    if product and product not in names:
        yield (
            said("`{cell}` is no product of the study as you see it", cell=clip(product)),
            said("products are {words}", words=either(names)),
        )
    elif vial and (sizes := names.get(product)) and vial not in sizes:
        yield said("`{cell}` is no vial of {product}", cell=clip(vial), product=product), said("vials are {words}", words=either(sizes))
    least = 0 if movement == "counted" else 1
    if quantity and (not (quantity.isascii() and quantity.isdigit()) or not least <= int(quantity.lstrip("0")[:9] or 0) <= _MOST):
        whole = said("write a whole number from {least} to {most}", least=least, most=f"{_MOST:,}")
        yield said("`{text}` is no number of vials", text=clip(quantity)), whole
    for name in ("date", "expiry"):
        if cells[name] and _day(cells[name]) is None:
            yield said("the {name} `{text}` is no day", name=word(name), text=clip(cells[name])), said("write it as `2025-07-06`")
    if (date := _day(cells["date"])) is not None and date > today:
        yield said("the date {date} is not yet", date=date), said("write down what has happened")


def _wrong_subject(cells: Mapping[str, str], people: People, visits: Visits) -> Iterator[tuple[Sentence, Sentence]]:
    """Vials are dispensed for a visit of a subject of the site, and nothing else is of a subject."""
    subject, visit, product = cells["subject"], cells["visit"], cells["product"]
    if cells["movement"] != "dispensed":
        if subject or visit:
            yield said("only what is dispensed is of a subject"), said("leave subject and visit out")
    elif not subject or not visit:
        yield said("it is not said for whom and which visit"), said("vials are dispensed for a visit of a subject: write both")
    elif subject not in people or people[subject][1] != cells["site"]:
        yield said("`{cell}` is no subject of that site", cell=clip(subject)), said("write the code letter by letter")
    elif (given := visits.get(subject, {}).get(visit)) is None:
        near = [id for id in visits.get(subject, ()) if id.endswith(f"/{visit}")]
        hint = said("write {words}", words=either(near)) if near else said("write it as the subject's plan does")
        yield said("`{cell}` is no visit of `{code}`", cell=clip(visit), code=clip(subject)), hint
    elif product and product not in given:
        hint = said("products of that visit are {words}", words=either(given)) if given else said("nothing is given at that visit")
        yield said("`{cell}` is not given at `{visit}`", cell=clip(product), visit=visit), hint


def _day(text: str) -> dt.date | None:
    """A day that is written in one way; None of any other text."""
    with contextlib.suppress(ValueError):
        day = dt.date.fromisoformat(text)
        return day if day.isoformat() == text else None
    return None


def _line(fact: Fact) -> Line:
    """A line as it was written. Raises Damaged for a row that was spoilt by hand."""
    try:
        return _read(fact)
    except (ValueError, StopIteration) as error:
        raise Damaged(str(fact.seq)) from error


def _read(fact: Fact) -> Line:
    cells = fact.cells or {}
    expiry = cells.get("expiry")
    return Line(
        dt.date.fromisoformat(cells["date"]), next(m for m in MOVEMENTS if m == cells["movement"]), cells["product"], cells["vial"],
        cells["batch"], int(cells["quantity"]), cells.get("site"), dt.date.fromisoformat(expiry) if expiry else None,
        cells.get("subject"), cells.get("visit"), cells.get("comment"), fact.seq,
    )  # fmt: skip


def _line_cells(line: Line) -> dict[str, str]:
    """The cells of a line, as they were written."""
    [row] = rows([line])
    return {name: str(value) for name, value in row.items() if value is not None}


def rows(lines: Iterable[Line]) -> list[dict[str, str | int | None]]:
    """Lines as rows of a table for a spreadsheet."""
    return [
        {
            "site": line.site, "date": line.date.isoformat(), "movement": line.movement, "product": line.product, "vial": line.vial,
            "batch": line.batch, "expiry": line.expiry.isoformat() if line.expiry is not None else None, "quantity": line.quantity,
            "subject": line.subject, "visit": line.visit, "comment": line.comment,
        }
        for line in lines
    ]  # fmt: skip
