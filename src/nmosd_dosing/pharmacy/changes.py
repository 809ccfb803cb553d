"""What has changed in a pharmacy's list since the last one: what is new on it, what stands on another day, takes other vials, or is gone.

The last list is a file that may hold anything: it is read strictly, and what is no list of `prepare` is refused in words.
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import InputError, Problem, Problems, argument, clip
from nmosd_dosing.pharmacy.worklist import Item, Packed, Worklist
from nmosd_dosing.plans.wording import vials_text

Kind = Literal["new", "moved", "changed", "gone"]
KINDS: tuple[Kind, ...] = ("new", "moved", "changed", "gone")
Key = tuple[str | None, str, int, str]  # subject, visit, day of the visit, product as it is shown
Whole = tuple[str | None, str, str]  # the same of a visit with all its days


class LastDose(Struct, frozen=True):
    """A dose of the last list. `date` is the day on which it stood, or for which it was planned where it might also come; None where no day
    was stated. `to_prepare`: it stood among what is to be prepared."""

    key: Key
    site: str | None
    date: dt.date | None
    to_prepare: bool
    times: int
    amount: float | None
    unit: str | None
    rule: str | None
    amount_status: str
    vials: Packed | None
    volume_ml: float | None

    @property
    def needs(self) -> tuple[object, ...]:
        """What there is to make ready; equal where nothing has to be made otherwise."""
        return (self.times, self.amount, self.unit, self.rule, self.amount_status, self.vials, self.volume_ml)

    @property
    def amount_text(self) -> str:
        """`2 x 250 mg`, `masked`; the rule where there was no amount."""
        if self.amount is None:
            return self.rule or self.amount_status
        return f"{f'{self.times} x ' if self.times > 1 else ''}{number_text(self.amount)} {self.unit or ''}".rstrip()


class LastList(Struct, frozen=True):
    """The last list: of which days, of whom (one subject, some sites; everybody where neither is said), and its doses."""

    path: str
    study: str
    regimen: str
    sha256: str
    unblinded: bool
    first: dt.date
    last: dt.date
    policy: str
    subject: str | None
    sites: tuple[str, ...]
    doses: Mapping[Key, LastDose]


class Change(Struct, frozen=True):
    """What became of a dose, and what it was before; `before` is None of a new one. `takes_other`: something else is to be made ready."""

    kind: Kind
    before: LastDose | None
    takes_other: bool = False


class Changes(Struct, frozen=True):
    """What has changed since the last list, by dose; `gone`: what stood on a day that both lists have, and does not any more."""

    last: LastList
    found: Mapping[Key, Change]
    gone: tuple[LastDose, ...]
    other_study_file: bool

    def of(self, item: Item) -> Change | None:
        return self.found.get(key_of(item))

    @property
    def counts(self) -> dict[Kind, int]:
        """How many doses have changed, by what became of them."""
        kinds = [change.kind for change in self.found.values()]
        return {kind: len(self.gone) if kind == "gone" else kinds.count(kind) for kind in KINDS}


def key_of(item: Item) -> Key:
    """By what a dose is known again in another list."""
    return item.subject, item.visit.id, item.day, item.dose.shown


def was_text(change: Change, day: Callable[[dt.date], str | None]) -> str | None:
    """What a dose was before, where that has changed: its day, what it took; nothing of a new one."""
    before = change.before
    if before is None:
        return None
    parts = [(day(before.date) if before.date is not None else None) or "no day stated"] if change.kind == "moved" else []
    if change.kind == "changed" or change.takes_other:
        parts += [before.amount_text, *([vials_text(before.vials) or "no vials"] if before.vials is not None else [])]
    return ", ".join(parts)


def changes_since(last: LastList, worklist: Worklist) -> Changes:
    """What has changed. A dose on a day that the last list did not have is not new; one that was on a day of the last list that this one
    does not have is not gone."""
    found: dict[Key, Change] = {}
    for item in worklist.items:
        within = item.date is not None and last.first <= item.date <= last.last
        _put(found, last, item, item.date, to_prepare=True, within=within)
    for may in worklist.may_come:
        within = may.first <= last.last and may.last >= last.first
        _put(found, last, may.item, may.planned, to_prepare=False, within=within)
    for item in worklist.dayless:
        _put(found, last, item, None, to_prepare=False, within=True)
    here = {*(key_of(item) for item in (*worklist.items, *worklist.dayless)), *(key_of(may.item) for may in worklist.may_come)}
    apart: set[Whole] = {_whole(key_of(may.item)) for may in worklist.may_come}
    first, until = max(last.first, worklist.first), min(last.last, worklist.last)
    gone = tuple(
        dose
        for key, dose in last.doses.items()
        if dose.to_prepare and dose.date is not None and first <= dose.date <= until and key not in here and _whole(key) not in apart
    )
    return Changes(last, found, gone, last.sha256 != worklist.study.sha256)


def _put(found: dict[Key, Change], last: LastList, item: Item, date: dt.date | None, *, to_prepare: bool, within: bool) -> None:
    key = key_of(item)
    before = last.doses.get(key)
    if before is None:
        if within:
            found[key] = Change("new", None)
    elif (before.date, before.to_prepare) != (date, to_prepare):
        found[key] = Change("moved", before, before.needs != _needs(item))
    elif before.needs != _needs(item):
        found[key] = Change("changed", before, True)


def _whole(key: Key) -> Whole:
    subject, visit, _, product = key
    return subject, visit, product


def _needs(item: Item) -> tuple[object, ...]:
    dose = item.dose
    return (item.times, dose.amount, dose.unit, dose.dose_rule, dose.amount_status, item.vials, item.volume_ml)


# --- the last list as a file --------------------------------------------------------------------------------------------


def check_same(last: LastList, worklist: Worklist, policy: Policy, problems: Problems) -> None:
    """Whether two lists can be compared: of one study and regimen, shown in one way, of the same people, and with days in common."""
    path = clip(last.path)
    if last.study != worklist.study.id:
        wrong = f"`{path}` is a list of the study `{clip(last.study)}`, and this is one of `{worklist.study.id}`"
        problems.error(wrong, None, "name the last list of this study")
        return
    if last.regimen != worklist.regimen:
        wrong = f"`{path}` is a list of `{clip(last.regimen)}`, and this is one of `{worklist.regimen}`"
        problems.error(wrong, None, "name the last list of this regimen")
    if last.unblinded != worklist.unblinded:
        is_, this = ("unblinded", "masked") if last.unblinded else ("masked", "unblinded")
        problems.error(f"`{path}` is {is_}, and this list {this}", None, "compare lists that are shown in one way")
    if last.policy != policy:
        problems.error(f"`{path}` chose vials for the {clip(last.policy)}, and this list for the {policy}", None, "choose them in one way")
    if (last.subject, last.sites) not in ((None, ()), (worklist.of_subject, worklist.of_sites)):
        of = f"subject `{clip(last.subject)}`" if last.subject is not None else f"site {', '.join(map(clip, last.sites))}"
        problems.error(f"`{path}` is a list of {of} only, and this one is of others", None, "name the last list of the same people")
    if last.last < worklist.first or last.first > worklist.last:
        days, these = f"{last.first} to {last.last}", f"{worklist.first} to {worklist.last}"
        problems.error(f"the days of `{path}`, {days}, are none of these, {these}", None, "name a list that has some of these days")


def of_these(last: LastList, worklist: Worklist) -> LastList:
    """The last list with nobody in it but those of this one."""
    subject, sites = worklist.of_subject, worklist.of_sites
    doses = {key: d for key, d in last.doses.items() if subject in (None, key[0]) and (not sites or d.site in sites)}
    return replace(last, doses=doses)


def read_last_list(content: bytes, path: str) -> LastList:
    """The list that `prepare` wrote as JSON. Raises InputError where it is not such a list."""
    try:
        return _list(json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant), path)
    except _NotAListError as error:
        why = f": {error}"
    except (ValueError, RecursionError):  # not UTF-8, not JSON, numbers of thousands of digits
        why = ""
    hint = f"`dosing prepare` writes one with `{argument('format', 'json')}`"
    raise InputError(Problem(f"`{clip(path)}` is not a list that `dosing prepare` wrote as JSON{why}", hint=hint))


class _NotAListError(Exception):
    """What is wrong with a value, with its place: `doses[3].date: 2025-13-01`."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _list(found: Any, path: str) -> LastList:
    if not isinstance(found, dict):
        raise _NotAListError("no object")
    meta, shown = _an(found, "meta", dict), _an(found, "shown", dict)
    doses: dict[Key, LastDose] = {}
    for dose in [*_doses(found, "doses", "date"), *_doses(found, "may_come", "planned"), *_doses(found, "no_day_stated", None)]:
        if dose.key in doses:
            raise _NotAListError(f"a dose of {dose.key[1]} stands in it twice")
        doses[dose.key] = dose
    first, last = _day(found, "from"), _day(found, "until")
    if first is None or last is None or last < first:
        raise _NotAListError("its days")
    return LastList(
        path=path, study=_text(found, "study"), regimen=_text(found, "regimen"), sha256=_text(meta, "study_sha256"),
        unblinded=_an(found, "unblinded", bool), first=first, last=last, policy=_text(found, "vials"), subject=_maybe(shown, "subject"),
        sites=tuple(_text({"sites": site}, "sites") for site in _an(shown, "sites", list)), doses=doses,
    )  # fmt: skip


def _doses(found: dict[Any, Any], part: str, dated: str | None) -> Iterator[LastDose]:
    for number, row in enumerate(_an(found, part, list)):
        try:
            if not isinstance(row, dict):
                raise _NotAListError("no object")
            key = (_maybe(row, "subject"), _text(row, "visit"), _count(row, "day"), _text(row, "product"))
            date = _day(row, dated) if dated is not None else None
            if dated is not None and date is None:
                raise _NotAListError(dated)
            yield LastDose(
                key, _maybe(row, "site"), date, part == "doses", _count(row, "times"), _number(row, "amount"), _maybe(row, "unit"),
                _maybe(row, "dose_rule"), _text(row, "amount_status"), _vials(row), _number(row, "volume_ml"),
            )  # fmt: skip
        except _NotAListError as error:
            raise _NotAListError(f"{part}[{number}]: {error}") from None


def _an(found: dict[Any, Any], name: str, kind: type) -> Any:
    if not isinstance(value := found.get(name), kind):
        raise _NotAListError(name)
    return value


def _text(found: dict[Any, Any], name: Any) -> str:
    value: str = _an(found, name, str)
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character
        raise _NotAListError(str(name)) from None
    return value


def _maybe(found: dict[Any, Any], name: str) -> str | None:
    return None if name in found and found[name] is None else _text(found, name)


def _count(found: dict[Any, Any], name: str) -> int:
    value = found.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**6:
        raise _NotAListError(name)
    return value


def _number(found: dict[Any, Any], name: str) -> float | None:
    value = found.get(name, "")
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not (math.isfinite(value) and 0 <= value < 10**15):
        raise _NotAListError(name)
    return value


def _day(found: dict[Any, Any], name: str) -> dt.date | None:
    text = _maybe(found, name)
    try:
        return None if text is None or len(text) != 10 else dt.date.fromisoformat(text)
    except ValueError:
        raise _NotAListError(name) from None


def _vials(found: dict[Any, Any]) -> Packed | None:
    vials = found.get("vials", "")
    if vials is None:
        return None
    if not isinstance(vials, list) or not all(isinstance(vial, dict) for vial in vials):
        raise _NotAListError("vials")
    return tuple((_text(vial, "size"), _count(vial, "count")) for vial in vials)
