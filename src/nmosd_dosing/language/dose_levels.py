"""The levels of a dose rule, and the events that move a subject among them, as a file says them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import pairwise

from msgspec.structs import replace

from nmosd_dosing.dose.dose import Dose, Levels
from nmosd_dosing.errors import Place, Problems, did_you_mean, one_of
from nmosd_dosing.language.keys import DoseRuleKeys, HoldKeys, LevelKeys
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.doses import AmountText
from nmosd_dosing.study.facts import NotStated

OneDose = Callable[[DoseRuleKeys, Problems], Dose | None]


def with_levels(mapping: DoseRuleKeys, read: OneDose, problems: Problems) -> Dose | None:
    """The dose of a rule, with its levels where it has some; None where it cannot be told. read: reads what a rule says of one dose."""
    places = _moved_by(mapping, problems)
    if not mapping.has("levels"):
        for name in ("start_level", "down", "up"):
            if mapping.has(name):
                said = "`start level`" if name == "start_level" else f"`{name}`"
                problems.error(f"{said}, and the rule has no levels", mapping.key_place(name), "add `levels: {0: 10 mg/kg, -1: 7.5 mg/kg}`")
        dose = read(mapping, problems)
        if dose is None or not places:
            return dose
        return replace(dose, levels=_with_events(Levels((), (dose,)), mapping))
    for name in ("amount", "bands"):
        if mapping.has(name):
            problems.error(f"`{name}` beside `levels`", mapping.key_place(name), "take it out: the first level says how much")
    doses = _doses(mapping, read, problems)
    names = tuple(mapping.levels or ())
    if len(names) == 1:
        problems.error("a single level", mapping.key_place("levels"), "write a second one, or `amount:` in place of `levels:`")
    if mapping.all_known and not mapping.has("down") and not mapping.has("up"):
        hint = "write `down: dose_reduced`, and declare it at the top: `events: {dose_reduced: the dose is reduced}`"
        problems.error("levels, and no event goes from one to the next", mapping.key_place("levels"), hint)
    start = mapping.start_level.text if mapping.start_level is not None else names[0] if names else ""
    if mapping.start_level is not None and names and start not in names:
        hint = did_you_mean(start, names) or f"levels of this rule are {one_of(names)}"
        problems.error(f"unknown level `{start}`", mapping.start_level.place, hint)
        return None
    if doses is None or not names:
        return None
    levels = _with_events(Levels(names, doses, names.index(start)), mapping)
    return replace(doses[levels.start], levels=levels)


def _moved_by(mapping: DoseRuleKeys, problems: Problems) -> dict[str, Place]:
    """The events of a rule with their places; one that would do two things is wrong."""
    places: dict[str, Place] = {}
    for does, events in _moving(mapping).items():
        for event in events:
            if event.text in places:
                also, what = [("the other one", places[event.text])], "hold" if does in ("held", "resumed") else does
                problems.error(f"`{event.text}` would do two things to this dose", event.place, f"name another event for `{what}`", also)
            places.setdefault(event.text, event.place)
    return places


def _moving(mapping: DoseRuleKeys) -> dict[str, tuple[Scalar, ...]]:
    """The events of a rule, by what they do to the levels."""
    hold = mapping.hold or HoldKeys()
    said = {"down": mapping.down, "up": mapping.up, "omit": mapping.omit, "held": hold.from_, "resumed": hold.until}
    return {does: events or () for does, events in said.items()}


def events_of(mapping: DoseRuleKeys) -> tuple[Scalar, ...]:
    """The events that a rule names."""
    return tuple(event for events in _moving(mapping).values() for event in events)


def _with_events(levels: Levels, mapping: DoseRuleKeys) -> Levels:
    return replace(levels, **{does: tuple(dict.fromkeys(event.text for event in events)) for does, events in _moving(mapping).items()})


def _doses(mapping: DoseRuleKeys, read: OneDose, problems: Problems) -> tuple[Dose, ...] | None:
    """The dose of each level: what the rule says of rounding, surface and weights holds for all of them."""
    made: list[Dose] = []
    for pair in (mapping.levels or {}).values():
        if pair.value is None:
            return None
        if isinstance(pair.value, LevelKeys) and (both := pair.value.has("amount")) == pair.value.has("bands"):
            wrong = f"level `{pair.key.text}` has {'both `amount` and `bands`' if both else 'neither `amount` nor `bands`'}"
            problems.error(wrong, pair.key.place, "keep one of them" if both else "write for example `amount: 7.5 mg/kg`")
            return None
        if isinstance(pair.value, NotStated):
            made.append(Dose("not stated"))
            continue
        once = Problems()
        dose = read(_alone(mapping, pair.value), once)
        problems.found += [problem for problem in once.found if problem not in problems.found]
        if dose is None:
            return None
        made.append(dose)
    unit = next((dose.unit for dose in made if dose.unit), None)
    for dose, pair in zip(made, (mapping.levels or {}).values(), strict=True):
        if dose.unit not in (None, unit):
            wrong = f"level `{pair.key.text}` is dosed in `{dose.unit}`, and another one in `{unit}`"
            problems.error(wrong, pair.key.place, "write all levels of a rule in one unit")
            return None
    for (one, above), (two, below) in pairwise(zip(mapping.levels or {}, made, strict=True)):
        if _is_more(below, above):
            place = (mapping.levels or {})[two].key.place
            hint = "write the highest dose first, and below each level the one to which `down` leads"
            problems.error(f"level `{two}` stands below `{one}`, and is more", place, hint)
            return None
    return tuple(replace(dose, unit=unit) for dose in made)


def _alone(mapping: DoseRuleKeys, level: LevelKeys | AmountText) -> DoseRuleKeys:
    """A rule as if one of its levels were all that it says of how much."""
    own = copy.copy(mapping)
    own.node = level.node if isinstance(level, LevelKeys) else mapping.node
    own.amount = level.amount if isinstance(level, LevelKeys) else level
    own.bands = level.bands if isinstance(level, LevelKeys) else None
    own.at_most = (level.at_most if isinstance(level, LevelKeys) else None) or mapping.at_most
    return own


def _is_more(one: Dose, other: Dose) -> bool:
    """Whether a dose is more than another for every body, as far as two amounts by the same can tell."""
    if len(one.bands) != 1 or len(other.bands) != 1 or one.bands[0].per != other.bands[0].per:
        return False
    a, b = one.bands[0].amount, other.bands[0].amount
    return a is not None and b is not None and a > b
