"""A taper as what it is: a course for each of its steps, one behind the other. Nothing after the file knows that there was a rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from msgspec.structs import replace

from nmosd_dosing.days import Code
from nmosd_dosing.dose.dose import Band, Dose, range_text
from nmosd_dosing.errors import Problems, counted
from nmosd_dosing.language.keys import VisitKeys
from nmosd_dosing.study import visit_labels
from nmosd_dosing.study.visit_rules import Point, VisitRule


class Tapered(Dose, frozen=True):
    """The first dose of a taper; `steps`: those of all its steps, each of so many `days`."""

    steps: tuple[Dose, ...] = ()
    days: int = 0


def tapered(first: Dose, amounts: Sequence[Fraction], days: int, daily: str, words: str) -> Tapered:
    """A taper that begins with a dose. daily, words: how often on each day, and how it is reduced, as the file says it."""
    per = first.bands[0].per
    steps = []
    for n, amount in enumerate(amounts, 1):
        rule = f"{range_text(amount, None, first.unit)}{f'/{per}' if per else ''} {daily}"
        step = f"step {n} of {len(amounts)}" + (f": {words}" if n == 1 else "")
        steps.append(replace(first, bands=(Band(amount, per),), rule=rule, step=step))
    return Tapered(**{name: getattr(steps[0], name) for name in Dose.__struct_fields__}, steps=tuple(steps), days=days)


def steps_of(rule: VisitRule, mapping: VisitKeys, problems: Problems) -> tuple[VisitRule, ...]:
    """The entry itself where it gives no taper; else an entry for each step. The first one has the window of the entry."""
    tapers = [dose for give in rule.gives for dose in give.doses if isinstance(dose, Tapered)]
    if not tapers:
        return (rule,)
    found = len(problems.found)
    place = rule.gives[0].place or rule.place
    wrong = next((key for key in ("cycle", "counted_from", "also_called", "once") if mapping.has(key)), None)
    if wrong is not None:
        hint = "write each step as an entry of its own, or take it out"
        problems.error(f"`{wrong.replace('_', ' ')}` in an entry with a taper", mapping.key_place(wrong), hint)
    if rule.assess:
        hint = f"give it an entry of its own: `{{at: …, assess: {rule.assess[0]}}}`"
        problems.error("what is examined beside a taper could be so on its first day or at each step", mapping.key_place("assess"), hint)
    beside = next((give for give in rule.gives if not any(isinstance(dose, Tapered) for dose in give.doses)), None)
    if beside is not None:
        problems.error(f"{beside.product} beside a taper", beside.place or place, "give it in an entry of its own, with its days")
    if len({(len(dose.steps), dose.days) for dose in tapers}) > 1:
        hint = "let every step take as long, and be as many, or write an entry for each"
        problems.error("tapers of different length in one entry", place, hint)
    days = tapers[0].days
    whole = days * len(tapers[0].steps)
    for item in rule.at:
        if not isinstance(item, Point):
            problems.error("a taper that is repeated", item.place, "name the day on which each begins: `at: D1, D85`")
        elif item.code.offset.months or item.code.offset.then:
            problems.error("a taper that begins on a day counted in months", item.place, "name its first day as a day or week code")
        elif item.last is not None and item.last.offset != item.code.offset.later(whole - 1):
            ends = _on(item.code, whole - 1)
            hint = f"write `{visit_labels.text((item.code, ends))}`, or only the first day"
            problems.error(f"the taper takes {counted(whole, 'day')}, and these are others", item.place, hint)
    if len(problems.found) > found:
        return (rule,)
    return tuple(_steps(rule, len(tapers[0].steps), days))


def _steps(rule: VisitRule, number: int, days: int) -> Iterator[VisitRule]:
    for n in range(number):
        at = []
        for item in rule.at:
            assert isinstance(item, Point)
            first, last = _on(item.code, n * days), _on(item.code, (n + 1) * days - 1)
            at.append(replace(item, code=first, last=last if days > 1 else None, window=item.window if n == 0 else None))
        gives = tuple(  # one that is no taper is the same at each
            replace(give, doses=tuple(dose.steps[n] if isinstance(dose, Tapered) else dose for dose in give.doses)) for give in rule.gives
        )
        yield replace(rule, at=tuple(at), gives=gives)


def _on(code: Code, days: int) -> Code:
    """So many days after a day."""
    return replace(code, offset=code.offset.later(days))
