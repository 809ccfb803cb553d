"""A site's own facts: what its protocol states where the study's source is silent. They fill in, and never override.

text -> nodes (`nodes`) -> SiteKeys (`read_site`) -> a Study with them filled in (`fill_in`), checked as a whole again (`consistency`)
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from msgspec import Struct, structs

from nmosd_dosing.days import Offset
from nmosd_dosing.dose.dose import vials_text
from nmosd_dosing.errors import Document, Place, Problems, RegimenError, argument, check_kinds, clip, did_you_mean, elsewhere, one_of
from nmosd_dosing.language import nodes
from nmosd_dosing.language.dose_rules import to_vials
from nmosd_dosing.language.keys import ID, PRODUCT, SOURCE, VIALS, one_line, texts, to_source
from nmosd_dosing.language.nodes import Mapping, Node, Scalar
from nmosd_dosing.language.phrases import days as day_phrases
from nmosd_dosing.language.phrases import lengths, moments
from nmosd_dosing.language.shapes import Keys, PhraseError, Schema, by_kind, choice, key, known_keys, mapping_of, one_or_many, phrase, words
from nmosd_dosing.study import consistency
from nmosd_dosing.study.facts import NOT_STATED, Source
from nmosd_dosing.study.model import Period, Product, Site, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Window
from nmosd_dosing.study.visits import lay_out

VERSION = 1
ALL = "all"
T = TypeVar("T")
_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
_MOST_DAYS = 3660  # of one range of closed days: ten years
_CONFLICT = "a site fills in what the study leaves open: take it out, or mend the one that is wrong"
_KNOWN = "a site file holds what is known; leave it out"


# --- the shape of the file ---------------------------------------------------------------------------------------------


def _name(node: Scalar) -> Scalar:
    if not re.fullmatch(_NAME, node.text) or len(node.text) > 60:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", node.text).strip("-._")[:60]
        hint = f"write `{plain}`" if plain else "write for example `site-01`"
        raise PhraseError(f"`{clip(node.text)}` is not a site's id: letters, digits, `-`, `_` and `.`, at most 60", node.place, hint)
    return node


def _where(node: Scalar) -> Scalar:
    """A period, or a visit by its id; which there are is known only with the study."""
    if not node.text.strip():
        raise PhraseError("expected a period or a visit, found an empty text", node.place, "write for example `rcp` or `rcp/D182`")
    return node


def _window(node: Scalar) -> Window:
    try:
        found = lengths.window(node)
    except PhraseError as error:
        raise PhraseError(error.problem.message, error.problem.place or node.place, "write for example `±3d`, `-3d/+7d` or `+5d`") from None
    if not isinstance(found, Window):
        raise PhraseError(f"a window that is `{NOT_STATED.value}`", node.place, _KNOWN)
    return found


class Gap(Struct, frozen=True):
    """A minimum gap, and where it stands."""

    length: Offset
    place: Place


def _gap(node: Scalar) -> Gap:
    if node.text.strip() == NOT_STATED.value:
        raise PhraseError(f"a minimum gap that is `{NOT_STATED.value}`", node.place, _KNOWN)
    scan = lengths.Scanner(node)
    found = lengths.take_length(scan, "a length such as `28 days`")
    scan.end()
    if found == Offset():
        raise PhraseError("a minimum gap of nothing", node.place, _KNOWN)
    return Gap(found, node.place)


class Days(Struct, frozen=True):
    """From `first` to `last`, both included."""

    first: dt.date
    last: dt.date
    place: Place

    @property
    def text(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first} to {self.last}"

    @property
    def all(self) -> Iterable[dt.date]:
        return map(dt.date.fromordinal, range(self.first.toordinal(), self.last.toordinal() + 1))


def _days(node: Scalar) -> Days:
    """`2025-10-09`, or `2025-12-24 to 2025-12-31`."""
    if "," in node.text:
        raise PhraseError(f"several days in one text: `{clip(node.text)}`", node.place, f"write a list: `[{clip(node.text, 80)}]`")
    match = re.fullmatch(r"\s*(\S+?)(?:\s+to\s+(\S+))?\s*", node.text)
    if not match:
        hint = "write `2025-12-24`, or `2025-12-24 to 2025-12-31`"
        raise PhraseError(f"expected a day or a range of days, found `{clip(node.text)}`", node.place, hint)
    first = moments.date(Scalar(match[1], node.part(*match.span(1))))
    last = moments.date(Scalar(match[2], node.part(*match.span(2)))) if match[2] else first
    if last < first:
        raise PhraseError(f"the range ends on {last}, before it begins on {first}", node.place, f"write `{last} to {first}`")
    if (last - first).days > _MOST_DAYS:
        raise PhraseError(f"`{clip(node.text)}` is longer than ten years", node.place, "check the years")
    return Days(first, last, node.place)


def _telephone(node: Scalar) -> Scalar:
    if not re.search(r"[0-9]", node.text):
        hint = "write the number, for example `telephone: +86 10 1234 5678, weekdays`"
        raise PhraseError(f"`{clip(node.text)}` has no digit, and is no telephone number", node.place, hint)
    return node


WHERE = phrase("a period or a visit", _where, example="rcp/D182")
WINDOW = phrase("a window", _window, lengths.WINDOW_PATTERN.replace(f"{lengths.NOT_STATED_TEXT}|", ""), "±3d")
GAP = phrase("a minimum gap", _gap, lengths.LENGTH_PATTERN.replace(f"{lengths.NOT_STATED_TEXT}|", ""), "28 days")
TELEPHONE = phrase("a telephone number", _telephone, r"[0-9]", "+86 10 1234 5678")
BRING = one_or_many(words("what to bring", "identity card"))
DAYS = phrase("a day or a range of days", _days, rf"^\s*{moments.DATE}(\s+to\s+{moments.DATE})?\s*$", "2025-10-09")


class SiteKeys(Keys):
    """A site file, with its places."""

    language = key(choice("the version of the language", {str(VERSION): VERSION}), f"begin the file with `language: {VERSION}`", True)
    site = key(phrase("a site's id", _name, _NAME, "site-01"), "the site's id: `site: site-01`", True)
    title = key(words("the site's name", "Hospital X"), "the site's name for people")
    study = key(ID, "the study that it is for: `study: my-study`", True)
    source = key(SOURCE, "where all this stands: `source: Protocol X-301`", True)
    version = key(words("a version", "2.1"), "the version of that source: `version: 2.1`", True)
    windows = key(
        mapping_of(WHERE, WINDOW, "windows by period or visit"), "the window of one visit, or of every visit of a period that states none"
    )
    minimum_gap = key(mapping_of(PRODUCT, GAP, "minimum gaps by product"), "the shortest time between two doses of a product")
    vials = key(mapping_of(PRODUCT, VIALS, "vials by product"), "which vials there are of a product")
    rooms = key(
        mapping_of(WHERE, words("a room", "Ward 5"), "rooms by period or visit"),
        f"where visits take place, by visit, by period, or `{ALL}`",
    )
    telephone = key(TELEPHONE, "where patients call: `telephone: +86 10 1234 5678`")
    bring = key(
        by_kind("what to bring", BRING, BRING, mapping_of(WHERE, BRING, "what to bring by period or visit")),
        f"what patients bring: a text or a list, or these by visit, by period, or `{ALL}`",
    )
    closed = key(one_or_many(DAYS), "days on which the site is closed")
    open = key(one_or_many(DAYS), "days on which it is open although others are not")


SITE = known_keys(SiteKeys, "a site file")


def json_schema() -> Schema:
    """The JSON Schema (draft 2020-12) of a site file."""
    return SITE.file_schema("site", VERSION)


# --- reading -----------------------------------------------------------------------------------------------------------


def read_site(content: bytes, path: str) -> SiteKeys:
    """A site file; `path` names it in messages. RegimenError carries every problem that shows without the study."""
    check_kinds({"content": (content, bytes), "path": (path, str)})
    problems = Problems()
    if long := nodes.too_long(len(content), "a site file", path):
        raise RegimenError(long)
    node = nodes.read_bytes(content, path, problems)
    return problems.checked(site_of(node, problems) if node is not None else None)


def is_site(node: Node | None) -> bool:
    """Whether a file is a site's: it has `site`, and no schedule."""
    keys = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set[str]()
    return "site" in keys and "periods" not in keys


def site_of(node: Node, problems: Problems) -> SiteKeys | None:
    """The same for the nodes of a file. What cannot be read is None, with the reason in `problems`."""
    if isinstance(node, Mapping) and not is_site(node) and (schedule := [k for k, _ in node.pairs if k.text == "periods"]):
        hint = f"give it as `{argument('regimen')}`; a site file has `site:`"
        problems.error("this is a study file, not a site file", schedule[0].place, hint)
        return None
    if isinstance(node, Mapping) and (trial := [k for k, _ in node.pairs if k.text == "trial"]):
        problems.error("this is a trial file, not a site file", trial[0].place, f"give it as `{argument('trial')}`")
        return None
    found = SITE.read(node, problems)
    if found is None:
        return None
    if found.source is not None and (to_source(found.source) or Source()) == Source():
        problems.error("a site's facts without a source", found.place("source"), "name the protocol: `source: Protocol X-301`")
    for days in found.open or ():
        for other in found.closed or ():
            first, last = max(days.first, other.first), min(days.last, other.last)
            if first <= last:
                both = Days(first, last, days.place).text
                problems.error(f"{both} is both open and closed", days.place, "keep one of the two", [("closed here", other.place)])
    for pair in (found.vials or {}).values():
        to_vials(pair.value, problems)
    return found


def _noun(found: SiteKeys) -> Site:
    """The noun of the model; where the file is wrong, as much of it as could be read."""
    site = Site(
        name=found.site.text if found.site else "", title=one_line(found.title), source=to_source(found.source) or Source(),
        version=one_line(found.version) or "",
    )  # fmt: skip
    return structs.replace(
        site, windows=tuple((k, structs.replace(w.value, origin=site.text)) for k, w in (found.windows or {}).items() if w.value),
        gaps=tuple((k, gap.value.length) for k, gap in (found.minimum_gap or {}).items() if gap.value),
        vials=tuple((k, vials) for k, pair in (found.vials or {}).items() if (vials := to_vials(pair.value, Problems())) is not None),
        rooms=tuple((k, one_line(room.value) or "") for k, room in (found.rooms or {}).items() if room.value),
        closed=frozenset(day for days in found.closed or () for day in days.all),
        open=frozenset(day for days in found.open or () for day in days.all), telephone=one_line(found.telephone),
        bring=tuple((k, texts(things)) for k, things in _bring(found)),
    )  # fmt: skip


def _with_returns(said: tuple[tuple[str, T], ...], study: Study) -> tuple[tuple[str, T], ...]:
    """What is said of periods and visits, of those as well to which subjects come back."""
    parts = [(*where.partition("/"), value) for where, value in said]
    again = [(f"{p.id}{slash}{visit}", v) for p in study.periods if p.returns for id, slash, visit, v in parts if id == p.id_in_file]
    return (*said, *again)


def _bring(found: SiteKeys) -> Iterator[tuple[str, tuple[Scalar, ...]]]:
    """What patients bring, and where to; a text alone is of all visits."""
    if isinstance(found.bring, dict):
        yield from ((where, pair.value) for where, pair in found.bring.items() if pair.value)
    elif found.bring:
        yield ALL, found.bring


# --- filling in --------------------------------------------------------------------------------------------------------


def fill_in(study: Study, site: SiteKeys, doubts: Problems | None = None) -> Study:
    """The study with what the site states where the study file states nothing; its `site` is what was filled in.

    RegimenError carries every problem: another study, visits or products that it does not have, a fact that contradicts a stated one,
    doses closer than a gap filled in. What only becomes doubtful is added to `doubts`.
    """
    check_kinds({"study": (study, Study), "site": (site, SiteKeys), "doubts": (doubts, (Problems, type(None)))})
    problems = Problems()
    filled = problems.checked(filled_in(study, site, problems))
    if doubts is not None:
        doubts.found += problems.found
    return filled


def filled_in(study: Study, found: SiteKeys, problems: Problems) -> Study | None:
    """The same; what is wrong or doubtful is added to `problems`, and what is wrong is left out."""
    if found.study is not None and found.study.text != study.id:
        wrong = f"this site file is for the study `{clip(found.study.text)}`, not for `{clip(study.id)}`"
        problems.error(wrong, found.study.place, f"give the site's file for `{clip(study.id)}`")
        return None
    site = _noun(found)
    laid: dict[str, tuple[Visit, ...]] = {}
    products = tuple(p.name for p in study.products)
    named = [pair.key for pair in (found.minimum_gap or {}).values()] + [pair.key for pair in (found.vials or {}).values()]
    for name in named:
        if name.text not in products:
            hint = did_you_mean(name.text, products) or f"products of `{study.id}` are {one_of(products)}"
            problems.error(f"unknown product `{clip(name.text)}`", name.place, hint)
    for said in (found.rooms, found.bring):
        for place in [pair.key for pair in said.values()] if isinstance(said, dict) else ():
            if place.text != ALL:
                _find(place, study, laid, (ALL,), problems)
    windows: dict[str, dict[str, Window]] = {}
    for where, window in site.windows:
        pair = (found.windows or {})[where]
        meant = _find(pair.key, study, laid, (), problems)
        if meant is not None and _fits(*meant, window, pair.key, problems):
            period, visit = meant
            windows.setdefault(period.id, {})[visit.label if visit else ""] = window
    gaps = found.minimum_gap or {}
    filled = structs.replace(
        study,
        site=structs.replace(site, rooms=_with_returns(site.rooms, study), bring=_with_returns(site.bring, study)),
        products=tuple(
            _with_vials(_with_gap(p, gaps[p.name].value if p.name in gaps else None, site, problems), site, found, problems)
            for p in study.products
        ),
        periods=tuple(structs.replace(p, site_windows=tuple(windows.get(p.id_in_file or p.id, {}).items())) for p in study.periods),
    )
    _check_used(filled, problems)
    before, after = Problems(), Problems()
    consistency.check(study, before)
    consistency.check(filled, after)
    known = set(before.found)
    problems.found += [problem for problem in after.found if problem not in known]
    return filled


def _find(
    name: Scalar, study: Study, laid: dict[str, tuple[Visit, ...]], others: tuple[str, ...], problems: Problems
) -> tuple[Period, Visit | None] | None:
    """The period, or the visit in it, that a key names; `laid` keeps the visits of each period, `others` are words that it may also be."""
    id, slash, label = name.text.partition("/")
    period = study.period(id)
    if period is None:
        ids = [p.id for p in study.periods]
        visits = [f"{p.id}/{v.label}" for p in study.periods for v in _visits(p, laid)]
        same = [visit for visit in visits if visit.split("/", 1)[1] == id]
        hint = f"a visit is named with its period: write {one_of(same)}" if same else did_you_mean(name.text, [*ids, *others, *visits])
        what = f"unknown period `{clip(id)}`" if not same else f"`{clip(id)}` is a visit, without its period"
        place = name.part(0, len(id)) if slash else name.place
        problems.error(what, place, hint or f"periods of `{study.id}` are {one_of(ids)}")
        return None
    if not slash:
        return period, None
    offset = _offset(label, study)
    visits_here = _visits(period, laid)
    if offset is not None and offset.range[1] > consistency.HORIZON:  # of an open repeat any later visit counts
        visits_here = lay_out(period, offset.range[1], Problems())
    for visit in visits_here:
        if visit.label == label:
            return period, visit
    problems.error(f"unknown visit `{clip(name.text)}`", name.place, _meant(id, name.text, offset, visits_here))
    return None


def _meant(period: str, text: str, offset: Offset | None, visits: tuple[Visit, ...]) -> str:
    """Which visit an unknown id may mean: one on the same day, the nearest where months are counted, one that is spelled alike."""
    dated = [(visit.offset, visit.label) for visit in visits if visit.offset is not None]
    if same := [label for day, label in dated if day == offset]:
        return f"write `{period}/{same[0]}`"
    if offset is not None and offset.months and dated:
        nearest = min(dated, key=lambda found: abs(found[0].nominal - offset.nominal))
        return f"the nearest is `{period}/{nearest[1]}`"
    near = did_you_mean(text, [f"{period}/{visit.label}" for visit in visits])
    return near or f"visits of `{period}` are {one_of(visit.label for visit in visits)}"


def _visits(period: Period, laid: dict[str, tuple[Visit, ...]]) -> tuple[Visit, ...]:
    if period.id not in laid:
        laid[period.id] = lay_out(period, consistency.HORIZON, Problems())
    return laid[period.id]


def _offset(label: str, study: Study) -> Offset | None:
    """The day that a label names; None where it is none."""
    node = Scalar(label, Place(Document("", label or " "), 0, 1))
    try:
        scan = lengths.Scanner(node)
        day = day_phrases.take_day(scan).resolve(study.counts_from)
    except PhraseError:
        return None
    return day.offset if scan.done else None


def _fits(period: Period, visit: Visit | None, window: Window, name: Scalar, problems: Problems) -> bool:
    """Whether a window can stand there, and contradicts nothing that the study file states."""
    if visit is not None and visit.offset is None:
        problems.error("a window around a day that is not stated", name.place, "take it out")
        return False
    if visit is not None and visit.last is not None:
        problems.error(f"{visit.label} is a range of days, which is its own window", name.place, "take it out")
        return False
    stated = visit.window if visit is not None else period.window
    if stated is None or stated == window:
        return True
    wrong = f"the study file states the window {stated.text} for `{clip(name.text)}`, this file {window.text}"
    problems.error(wrong, window.place or name.place, _CONFLICT, elsewhere("stated here", stated.place))
    return False


def _with_gap(product: Product, gap: Gap | None, site: Site, problems: Problems) -> Product:
    if gap is None or product.minimum_gap == gap.length:
        return product
    if product.minimum_gap is not None:
        wrong = f"the study file states a minimum gap of {product.minimum_gap.in_words} for {product.name}, this file {gap.length.in_words}"
        problems.error(wrong, gap.place, _CONFLICT, elsewhere("stated here", product.gap_place))
        return product
    return structs.replace(product, minimum_gap=gap.length, gap_origin=site.text, gap_place=gap.place)


def _with_vials(product: Product, site: Site, found: SiteKeys, problems: Problems) -> Product:
    """The product with the site's vials; where the study states the same, with the concentration that only one of them states."""
    vials, stated = dict(site.vials).get(product.name), product.vials
    if vials is None or vials == stated:
        return product
    if stated is not None:
        same = (vials.sizes, vials.unit) == (stated.sizes, stated.unit) and None in (vials.concentration, stated.concentration)
        if not same:
            wrong = f"the study file states other vials of {product.name}: {vials_text(stated)}; this file {vials_text(vials)}"
            problems.error(wrong, (found.vials or {})[product.name].key.place, _CONFLICT)
            return product
        if vials.concentration is None:
            return product
    return structs.replace(product, vials=vials, vials_origin=site.text)


def _check_used(study: Study, problems: Problems) -> None:
    """Warns of a window for a whole period, each of whose visits has another one."""
    for period in study.periods:
        window = dict(period.site_windows).get("")
        if window is None or window == period.window:
            continue
        if not any(visit.window is window for visit in lay_out(period, consistency.HORIZON, Problems())):
            problems.warn(f"no visit of `{period.id}` takes the window {window.text}: each has its own", window.place, "take it out")
