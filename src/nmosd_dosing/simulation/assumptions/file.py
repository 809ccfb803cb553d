"""An assumptions file to checked Assumptions, for one study and a way through its periods; or every problem found.

text -> nodes (`language.nodes`) -> keys (`keys`, `language.phrases.rates`) -> Assumptions (here)
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence as Items
from fractions import Fraction

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, Problems, RegimenError, argument, clip, counted
from nmosd_dosing.language import nodes as source
from nmosd_dosing.language.keys import one_line
from nmosd_dosing.language.nodes import Mapping, Node, Scalar, Sequence
from nmosd_dosing.language.shapes import Shape
from nmosd_dosing.simulation.assumptions import by_itself
from nmosd_dosing.simulation.assumptions.keys import ASSUMPTIONS, KEYS, WHAT, AssumedKeys, AssumptionsKeys
from nmosd_dosing.simulation.assumptions.model import NEVER, Assumptions, BodyWeight, Entry, Steps
from nmosd_dosing.simulation.assumptions.rates import example_ratio, hazard_steps, relapse_by_arm, to_block, to_ratio
from nmosd_dosing.study.events import CONFIRMED, IDMC_STOP, STABLE
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.period_order import arms_of

FOLLOWED = "all that is planned, open repeats for 24 months"
HORIZON = Offset(0, 240, "20 years")
_KINDS = {  # by a key that only they have: what other files are, and how they are given
    "periods": ("a study file", "regimen", ""),
    "trial": ("a trial file", "trial", ""),
    "site": ("a site file", "site", ""),
    "scenarios": ("a file of scenarios", "scenarios", ", beside the assumptions that it changes"),
}


class AssumptionsText(Struct, frozen=True):
    """An assumptions file as it was read: its keys and values with their places. `sha256`: of the whole file."""

    node: Mapping
    sha256: str


def read_assumptions(text: str | bytes, path: str, study: Study, periods: tuple[Period, ...]) -> Assumptions:
    """The assumptions in a file's text, for a study and the periods that a subject goes through, first things first.

    `path` stands in messages. RegimenError carries every problem: of the text, of single values, of values that do not go together,
    and of what the study does not have.
    """
    problems = Problems()
    opened = _open(text, path, problems)
    found = build(ASSUMPTIONS, opened, study, periods, problems) if opened is not None else None
    if found is None or problems.errors:
        raise RegimenError(problems.in_order())
    return found


def read_text(text: str | bytes, path: str) -> AssumptionsText:
    """The file's keys and values, as far as they can be told without the study: what scenarios change. RegimenError as above."""
    problems = Problems()
    opened = _open(text, path, problems)
    if opened is None or problems.errors:
        raise RegimenError(problems.in_order())
    return opened


def _open(text: str | bytes, path: str, problems: Problems) -> AssumptionsText | None:
    node = nodes(text, path, problems)
    other = other_kind(node, KEYS) if isinstance(node, Mapping) else None
    if other is not None:
        problems.error(f"this is {other[0]}, not {WHAT}", other[1], other[2])
    elif isinstance(node, Mapping):
        content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
        return AssumptionsText(node, hashlib.sha256(content).hexdigest())
    elif node is not None:
        ASSUMPTIONS.read(node, problems)
    return None


def nodes(text: str | bytes, path: str, problems: Problems) -> Node | None:
    """The nodes of a text or of a file's bytes; None with the reason in `problems`."""
    if long := source.too_long(len(text), WHAT, path):
        problems.found.append(long)
        return None
    return source.read_text(text, path, problems) if isinstance(text, str) else source.read_bytes(text, path, problems)


def is_assumptions(node: Node | None) -> bool:
    """Whether a file holds assumptions: it says when accrual opens, or for how many subjects, and holds no schedule."""
    keys = {key.text for key, _ in node.pairs} if isinstance(node, Mapping) else set[str]()
    return bool(keys & {"start", "subjects", "accrual"}) and not keys & {"periods", "products", "site"}


def study_named(node: Node, problems: Problems) -> Scalar | None:
    """The study that the file says it is for. What is wrong with single values is added to `problems`."""
    mapping = ASSUMPTIONS.read(node, problems)
    return mapping.study if mapping is not None else None


def check_nodes(node: Node, problems: Problems, study: Study | None = None, periods: tuple[Period, ...] = ()) -> None:
    """Adds what is wrong with a file's nodes to `problems`: for a study, or whatever the study."""
    if study is not None and isinstance(node, Mapping):
        build(ASSUMPTIONS, AssumptionsText(node, ""), study, periods, problems)
    elif (mapping := ASSUMPTIONS.read(node, problems)) is not None:
        by_itself.check(mapping, problems)


def other_kind(node: Mapping, own: Items[str]) -> tuple[str, Place, str] | None:
    """What a file with none of its `own` keys is instead, where that shows, and how it should be given."""
    for key, _ in node.pairs:
        if key.text in _KINDS and key.text not in own:
            what, given_as, more = _KINDS[key.text]
            return what, key.place, f"give it as `{argument(given_as)}`{more}"
    return None


def build(
    shape: Shape[AssumptionsKeys] | Shape[AssumedKeys], text: AssumptionsText, study: Study, periods: tuple[Period, ...], problems: Problems
) -> Assumptions | None:
    """The assumptions of a file that has been read; what is wrong is added to `problems`. None where too little could be read."""
    mapping = shape.read(text.node, problems)
    if mapping is None:
        return None
    if isinstance(mapping, AssumptionsKeys) and mapping.study is not None and mapping.study.text != study.id:
        wrong = f"these assumptions are for the study `{clip(mapping.study.text)}`, not for `{clip(study.id)}`"
        problems.error(wrong, mapping.study.place, f"write `study: {study.id}`, or give the assumptions for `{clip(study.id)}`")
        return None
    return _Builder(mapping, study, periods, problems).assumptions(text.sha256)


class _Uses(Struct, frozen=True):
    """What of the assumptions can matter in a study on this way."""

    arms: tuple[str, ...]
    confirmed: bool
    stable: bool
    later: bool
    open_ended: bool
    last_day: bool
    committee: bool
    number: bool  # of relapses, after which the study stops
    weight: bool


def _uses(study: Study, periods: tuple[Period, ...]) -> _Uses:
    ids = [p.id for p in periods]
    ways = [t for t in study.transitions if t.source_period in ids]
    within = [t for t in ways if t.target_period in ids]
    stops = study.stop.earliest_of if study.stop is not None and ways else ()
    triggers = [*(t.after for t in ways), *stops]
    asked = {need for t in ways for need in t.needs} | {t.name for t in triggers if t.kind in ("event", "count")}
    doses = (dose for p in periods for e in p.visit_rules for give in e.gives for dose in give.doses if dose is not None)
    return _Uses(
        arms=arms_of(periods), confirmed=CONFIRMED in asked, stable=STABLE in asked, later=bool(within),
        open_ended=any(p.open_ended for p in periods), last_day=any(t.within is not None for t in within), committee=IDMC_STOP in asked,
        number=any(t.kind == "count" and t.name == CONFIRMED for t in stops), weight=any(dose.by_weight for dose in doses),
    )  # fmt: skip


class _Builder:
    """Keys to the noun. What cannot be built is reported and left out, so that the rest is still checked."""

    def __init__(self, mapping: AssumedKeys, study: Study, periods: tuple[Period, ...], problems: Problems) -> None:
        self.mapping, self.study, self.problems = mapping, study, problems
        self.uses = _uses(study, periods)
        self.written: dict[str, str] = {key.text: _text(value) for key, value in mapping.node.pairs if key.text in KEYS}
        self.notes: list[tuple[str, str]] = []  # by key

    def assumptions(self, sha256: str) -> Assumptions | None:
        mapping, uses = self.mapping, self.uses
        start = mapping.start
        accrual = by_itself.accrual(mapping, self.problems)
        allocation, block = self._allocation()
        self._default("sites", "none", "so nothing is told by site")
        relapse = self._relapse()
        drawn = relapse is None or bool(relapse)  # what cannot be read is meant to be there
        confirmed, adjudication = self._adjudication(drawn)
        stable, stability = self._stable(drawn)
        dropout = hazard_steps(mapping.dropout, self.problems) if mapping.dropout is not None else None
        self._default("dropout", "none", "so nobody leaves the study")
        self._default("visit scatter", "none", "so each visit takes place on its target")
        if self._used("entry", uses.later and uses.last_day, self._no_way("states a last day of entry")):
            self._default("entry", "earliest", "so everybody enters on the earliest allowed day")
        if self._used("declines", uses.later, self._no_way("leads to a later period")):
            self._default("declines", "0%", "so nobody declines")
        weight = self._weight()
        committee = self._committee(drawn)
        if self._used("follow open label", uses.later or uses.open_ended, self._no_way("leads to a later period")):
            self._default("follow open label", FOLLOWED, f"so what counts is {FOLLOWED}")
        self._default("horizon", HORIZON.in_words, f"so subjects come, relapse and the study stops within {HORIZON.in_words}")
        if start is None or mapping.subjects is None or accrual is None:
            return None
        entry: dict[str | None, Entry] = {"latest": "latest", "uniform": "uniform"}
        head = mapping if isinstance(mapping, AssumptionsKeys) else None
        return Assumptions(
            study=head.study.text if head is not None and head.study is not None else None,
            title=one_line(head.title) if head is not None else None, source=one_line(mapping.source),
            invented=tuple(key for key in KEYS if key in [word.text for word in mapping.invented or ()]), start=start,
            subjects=mapping.subjects, sites=mapping.sites, accrual=accrual, allocation=allocation, block=block, relapse=relapse or (),
            confirmed=confirmed, adjudication=adjudication, stable=stable, stability=stability, dropout=dropout or NEVER,
            scatter=mapping.visit_scatter or (0, 0),
            entry=entry.get(mapping.entry, "earliest") if uses.later and uses.last_day else "earliest",
            declines=float(mapping.declines or 0) if uses.later else 0.0, weight=weight, idmc_stop=committee,
            follow=mapping.follow_open_label, horizon=mapping.horizon if mapping.horizon is not None else HORIZON,
            written=tuple((key, self.written[key]) for key in KEYS if key in self.written),
            notes=tuple(f"{key}: {text}" for key, text in sorted(self.notes, key=lambda note: KEYS.index(note[0]))), sha256=sha256,
            arms=uses.arms,
        )  # fmt: skip

    # --- what is used, and what is not given ---------------------------------------------------------------------------

    def _given(self, key: str) -> bool:
        return any(name.text == key for name, _ in self.mapping.node.pairs)

    def _default(self, key: str, text: str, so: str) -> None:
        if not self._given(key):
            self.written[key] = text
            self.notes.append((key, f"not given, {so}"))

    def _used(self, key: str, used: bool, why: str) -> bool:
        """Whether a key counts; one that is given and does not is noted, and not among those written."""
        if not used and self.written.pop(key, None) is not None:
            self.notes.append((key, f"not used, {why}"))
        return used

    def _no_way(self, does: str) -> str:
        return f"no way of `{self.study.id}` {does}"

    # --- rates and arms --------------------------------------------------------------------------------------------------

    def _relapse(self) -> tuple[Steps, ...] | None:
        """The rates of the arms; () where no relapse is drawn; None where they cannot be told."""
        rates, arms = self.mapping.relapse, self.uses.arms
        if not self._given("relapse"):
            self._default("relapse", "none", "so no relapses are drawn")
            return ()
        if isinstance(rates, dict):
            found = relapse_by_arm(rates, self.study.id, arms, self.problems)
        else:
            steps = hazard_steps(rates, self.problems) if rates is not None else None
            found = (steps,) * max(1, len(arms)) if steps is not None else None
        return () if found is not None and not any(rate for steps in found for _, rate in steps) else found

    def _allocation(self) -> tuple[tuple[int, ...], int]:
        """The ratio of the arms in smallest whole numbers, and how many subjects a block has."""
        mapping, arms, problems = self.mapping, self.uses.arms, self.problems
        if not arms:
            if self._given("allocation"):
                wrong = f"`{self.study.id}` has no arms here to allocate to"
                problems.error(wrong, mapping.key_place("allocation"), "take `allocation` out")
            self._used("block size", False, f"`{self.study.id}` has no arms here")
            return (), 1
        if not self._given("allocation"):
            hint = f"the ratio of its arms: `allocation: {example_ratio(arms)}`"
            problems.error(f"{WHAT} for `{self.study.id}` needs `allocation`", mapping.place(), hint)
            return (), 1
        ratio = mapping.allocation
        shares = to_ratio(ratio, self.study.id, arms, mapping.place("allocation"), problems) if ratio is not None else None
        if shares is None:
            return (), 1
        if mapping.block_size is None:
            least, colons = sum(shares), ":".join(map(str, shares))
            self._default("block size", str(least), f"so a block has {counted(least, 'subject')}, the fewest for {colons}")
        block = to_block(shares, mapping.block_size, mapping.place("allocation"), mapping.place("block_size"), problems)
        return shares, block

    # --- relapses ------------------------------------------------------------------------------------------------------

    def _adjudication(self, drawn: bool) -> tuple[float, tuple[int, int]]:
        mapping = self.mapping.adjudication
        asks, why = "asks for a confirmed relapse", f"nothing in `{self.study.id}` asks for a confirmed relapse"
        used = self._answers("adjudication", drawn, self.uses.confirmed, why, "{confirmed: 90%, takes: 14 days}", asks)
        if not used or mapping is None or mapping.confirmed is None or mapping.takes is None:
            return 1.0, (0, 0)
        return float(mapping.confirmed), mapping.takes

    def _stable(self, drawn: bool) -> tuple[float, tuple[int, int]]:
        mapping = self.mapping.stable_after_rescue
        asks, why = "asks whether a subject is `stable`", self._no_way("asks for `stable`")
        used = self._answers("stable after rescue", drawn, self.uses.stable, why, "{share: 95%, takes: 10 to 21 days}", asks)
        if not used or mapping is None or mapping.share is None or mapping.takes is None:
            return 1.0, (0, 0)
        return float(mapping.share), mapping.takes

    def _answers(self, key: str, drawn: bool, asked: bool, unasked: str, example: str, asks: str) -> bool:
        """Whether a key counts that answers what the study asks of a relapse; then it is needed."""
        if not self._used(key, drawn and asked, "no relapses are drawn" if asked else unasked):
            return False
        if not self._given(key):
            wrong = f"relapses are drawn, and `{self.study.id}` {asks}: `{key}` is needed"
            self.problems.error(wrong, self.mapping.key_place("relapse"), f"add `{key}: {example}`")
        return True

    # --- the rest ------------------------------------------------------------------------------------------------------

    def _weight(self) -> BodyWeight | None:
        if not self._given("weight"):
            if self.uses.weight:
                self._default("weight", "none", "so doses by body weight have no amounts")
            return None
        return by_itself.body_weight(self.mapping, self.problems)

    def _committee(self, drawn: bool) -> dt.date | Fraction | None:
        mapping, uses = self.mapping, self.uses
        if not self._used("idmc_stop", uses.committee, f"`{self.study.id}` knows no stop by the committee"):
            return None
        self._default("idmc_stop", "none", "so the committee never stops the study")
        when = mapping.idmc_stop.when if mapping.idmc_stop is not None else None
        place = mapping.place("idmc_stop")
        by_itself.check_stop(mapping, self.problems)
        if isinstance(when, Fraction) and not uses.number:
            wrong = f"`{self.study.id}` states no number of relapses of which this could be a share"
            self.problems.error(wrong, place, "write `none` or a date")
        elif isinstance(when, Fraction) and not drawn and not self.problems.errors:
            self.notes.append(("idmc_stop", "no relapses are drawn, so it never comes"))
        return when


def _text(node: Node, inner: bool = False) -> str:
    """A value on one line, as a person writes it."""
    if isinstance(node, Scalar):
        return node.flat
    if isinstance(node, Sequence):
        items = ", ".join(_text(item, True) for item in node.items)
        return f"[{items}]" if inner else items
    return ", ".join(f"{key.text}: {_text(value, True)}" for key, value in node.pairs)
