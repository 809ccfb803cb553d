"""What a visit gives: dose phrases to a dose of each product for each arm."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.dose.dose import Band, ByWeight, Dose
from nmosd_dosing.errors import Place, Problems, clip, did_you_mean, one_of
from nmosd_dosing.language.dose_rules import by_weight_of_product
from nmosd_dosing.language.keys import StudyKeys, VisitKeys
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.doses import DoseText, explain_dose
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.language.tapers import tapered
from nmosd_dosing.study.model import DoseRule
from nmosd_dosing.study.visit_rules import Give


class PeriodScope(Struct, frozen=True):
    """What the visits of one period are read against."""

    arms: tuple[str, ...]
    blinded: bool
    readable: bool = True  # whether the file's arms could be read at all


class Giver(Struct, frozen=True):
    """Reads doses against the products of a file, each with its dose rules by name. `units` is the unit of each product's placebo: the
    first it is dosed in. `weights`: which weight the amounts per kg of each product are by."""

    problems: Problems
    products: Mapping[str, Mapping[str, DoseRule]]
    units: dict[str, str]
    weights: Mapping[str, ByWeight]
    known_event: Callable[[Scalar], None]

    def arms_of(self, mapping: VisitKeys, scope: PeriodScope) -> tuple[int, ...]:
        """The arms that a visit exists for, as indices; all of them where it does not say, or where it names one wrongly."""
        named = [arm.text for arm in mapping.arms or ()]
        unknown = [arm for arm in mapping.arms or () if arm.text not in scope.arms] if scope.readable else []
        for arm in unknown:
            self._unknown_arm(arm, scope)
        if unknown or not named or not scope.readable:
            return tuple(range(max(1, len(scope.arms))))
        return tuple(i for i, arm in enumerate(scope.arms) if arm in named)

    def _unknown_arm(self, arm: Scalar, scope: PeriodScope) -> None:
        known = f"the arms here are {one_of(scope.arms)}" if scope.arms else "name the arms of the study: `arms: [a, b]`"
        self.problems.error(f"unknown arm `{arm.text}`", arm.place, did_you_mean(arm.text, scope.arms) or known)

    def gives(self, mapping: VisitKeys, scope: PeriodScope, arms: tuple[int, ...], blinded: bool) -> tuple[Give, ...]:
        """What a visit gives. Nothing where something in it is wrong: half of it would look like another mistake."""
        if not scope.readable:
            return ()
        found = len(self.problems.found)
        made = self._gives(mapping, scope, arms, blinded)
        unread = isinstance(mapping.give, dict) and any(pair.value is None for pair in mapping.give.values())
        unknown = not self.products
        return () if unread or unknown or len(self.problems.found) > found else made

    def _gives(self, mapping: VisitKeys, scope: PeriodScope, arms: tuple[int, ...], blinded: bool) -> tuple[Give, ...]:
        planned = self._by_arm(mapping.give, scope, arms, every_arm=True, blinded=blinded)
        changes: dict[str, list[tuple[str, tuple[Dose | None, ...]]]] = {}
        for event, pair in (mapping.once or {}).items():
            self.known_event(pair.key)
            for product, (doses, place) in self._by_arm(pair.value, scope, arms, every_arm=False).items():
                if product not in planned:
                    wrong = f"{product} is not given at this visit, so `once` cannot change its dose"
                    self.problems.error(wrong, place, "add it under `give`")
                elif any(dose is not None and dose.levels is not None for dose in (*planned[product][0], *doses)):
                    hint = "keep one of them: `once` changes a dose a single time; where it has levels, `down` and `up` do"
                    self.problems.error(f"{product} has levels here, and `once` changes its dose as well", place, hint)
                changes.setdefault(product, []).append((event, doses))
        return tuple(
            Give(product, doses, blinded, changes=tuple(changes.get(product, ())), place=place)
            for product, (doses, place) in planned.items()
        )

    def _by_arm(
        self, give: Any, scope: PeriodScope, arms: tuple[int, ...], every_arm: bool, blinded: bool = False
    ) -> dict[str, tuple[tuple[Dose | None, ...], Place]]:
        """Doses by product, each by arm; None for an arm that gets none."""
        columns: dict[str, list[Dose | None]] = {}
        places: dict[str, Place] = {}
        for texts, indices in self._texts_by_arm(give, scope, arms, every_arm, blinded):
            for text in texts:
                if text.product is None:
                    if len(texts) > 1:
                        self.problems.error("`nothing` stands on its own", text.place, "take it out, or take the other doses out")
                    continue
                if text.product not in self.products and not self.products:
                    continue  # the list of products is missing or wrong, and that has been said
                if text.product not in self.products:
                    if text.kind == "named" and any(f"{text.product} {text.named} ".startswith(f"{name} ") for name in self.products):
                        self._no_amount(text)
                        continue
                    hint = did_you_mean(text.product, self.products) or f"products of this file are {one_of(self.products)}"
                    self.problems.error(f"unknown product `{clip(text.product)}`", text.product_place, hint)
                    continue
                column = columns.setdefault(text.product, [None] * max(1, len(scope.arms)))
                if indices and column[indices[0]] is not None:
                    self.problems.error(f"{text.product} is given twice at this visit", text.place, "put the whole dose into one phrase")
                    continue
                places.setdefault(text.product, text.place)
                dose = self._dose(text)
                self._other(text, texts)
                for i in indices:
                    column[i] = dose
        for product, column in columns.items():
            self._one_unit(product, column, places[product])
        return {product: (tuple(column), places[product]) for product, column in columns.items()}

    def _texts_by_arm(
        self, give: Any, scope: PeriodScope, arms: tuple[int, ...], every_arm: bool, blinded: bool
    ) -> list[tuple[tuple[DoseText, ...], tuple[int, ...]]]:
        if give is None:
            return []
        if not isinstance(give, dict):
            return [(give, arms)]
        found: list[tuple[tuple[DoseText, ...], tuple[int, ...]]] = []
        for arm, pair in give.items():
            if pair.value is None:
                continue
            if arm not in scope.arms:
                self._unknown_arm(pair.key, scope)
            else:
                index = scope.arms.index(arm)
                if index not in arms:
                    wrong = f"this visit does not exist for `{arm}`"
                    self.problems.error(wrong, pair.key.place, "add the arm to `arms`, or take its dose out")
                found.append((pair.value, (index,)))
        missing = [scope.arms[i] for i in arms if scope.arms and scope.arms[i] not in give]
        if every_arm and missing and all(arm in scope.arms for arm in give):
            first = next(iter(give.values())).key.place
            given = next((texts for texts, _ in found if any(text.product for text in texts)), ()) if blinded else ()
            instead = _placebos(given) if given else "nothing"  # in a blinded part an arm without the product would be told by that
            self.problems.error(f"no dose for {one_of(missing)}", first, f"add `{missing[0]}: {instead}` if that arm gets nothing")
        return found

    def _dose(self, text: DoseText) -> Dose:
        """The dose that a phrase means; an error, and a dose that is not stated, where it names a rule that is not there."""
        if text.kind == "named":
            rules = self.products.get(text.product or "", {})
            named = rules.get(text.named or "")
            if named is not None:
                dose = named.dose
            elif not rules:
                return self._no_amount(text)
            else:
                hint = did_you_mean(text.named or "", rules) or f"dose rules of {text.product} are {one_of(rules)}"
                wrong = f"unknown dose rule `{clip(text.named or '')}` of {text.product}"
                self.problems.error(wrong, text.place, hint)
                return Dose("not stated")
        else:
            unit = text.unit or (self.units.get(text.product or "") if text.kind == "placebo" else None)
            bands = (Band(text.amount.amount, text.amount.per, upto=text.amount.upto),) if text.amount is not None else ()
            dose = Dose(text.kind, unit, bands, text.rule)

        by = self.weights.get(text.product or "", "actual")

        def given(dose: Dose) -> Dose:
            dose = by_weight_of_product(dose, by, text.place, self.problems)
            between = ", " if ", " in (dose.rule or "") else " "  # not as in `at most 800 mg daily`
            rule = between.join(words for words in (dose.rule, text.daily) if words) or None
            return replace(
                dose, rule=rule, minutes=text.minutes, times=text.times, hours=text.hours, lead=text.lead, as_needed=text.as_needed,
                most_daily=text.most_daily,
            )  # fmt: skip

        made = dose.at_every_level(given)
        if text.taper is None:
            return made
        return tapered(made, text.steps, text.taper.days, text.daily or "", text.taper.text)

    def _no_amount(self, text: DoseText) -> Dose:
        try:
            explain_dose(f"{text.product} {text.named}", Scalar(text.place.document.text[text.place.start : text.place.end], text.place))
        except PhraseError as error:
            declare = f"; or declare the dose rule under {text.product}: `doses: {{{text.named}: 500 mg}}`"
            known = text.product in self.products
            self.problems.found.append(replace(error.problem, hint=(error.problem.hint or "") + (declare if known else "")))
        return Dose("not stated")

    def _other(self, text: DoseText, texts: tuple[DoseText, ...]) -> None:
        """A lead time is before or after another product of the same visit."""
        if text.lead is None:
            return
        other, lead = text.lead.product, clip(text.lead.text)
        if other == text.product:
            self.problems.error(f"`{lead}`: a product cannot come before or after itself", text.place, "name another one")
        elif other not in self.products:
            hint = did_you_mean(other, self.products) or f"products of this file are {one_of(self.products)}"
            self.problems.error(f"`{lead}`: unknown product `{clip(other)}`", text.place, hint)
        elif back := next((t for t in texts if t.product == other and t.lead is not None and t.lead.product == text.product), None):
            also = [("the other one", back.place)]
            self.problems.error(f"{text.product} and {other} each wait for the other", text.place, "keep one of the two", also)
        elif all(other != t.product for t in texts):
            others = [t.product for t in texts if t.product not in (None, text.product)]
            hint = did_you_mean(other, [o for o in others if o]) or "name another product that is given here"
            self.problems.error(f"`{lead}`: {clip(other)} is not given here", text.place, hint)

    def _one_unit(self, product: str, doses: list[Dose | None], place: Place) -> None:
        units = sorted({d.unit for d in doses if d is not None and d.kind == "stated" and d.unit})
        if len(units) > 1:
            self.problems.error(f"{product} is dosed in {one_of(units)} at one visit", place, "write every arm's dose in one unit")
        for i, d in enumerate(doses):
            if d is not None and d.kind == "placebo" and units:
                doses[i] = replace(d, unit=units[0])


def units_of(mapping: StudyKeys, rules: Mapping[str, Mapping[str, DoseRule]]) -> dict[str, str]:
    """The first unit in which each product is dosed; of one that a file doses nowhere but in its rules, theirs."""
    units: dict[str, str] = {}
    for product, named in rules.items():
        for rule in named.values():
            if rule.dose.unit:
                units.setdefault(product, rule.dose.unit)
    for period in (mapping.periods or {}).values():
        for visit in (period.value.visits or ()) if period.value else ():
            for text in _all_doses(visit.give):
                if text.product and text.unit:
                    units.setdefault(text.product, text.unit)
    return units


def _all_doses(give: Any) -> tuple[DoseText, ...]:
    if give is None:
        return ()
    if isinstance(give, dict):
        return tuple(text for pair in give.values() for text in pair.value or ())
    return tuple(give)


def _placebos(texts: Sequence[DoseText]) -> str:
    """The placebo of each dose, as a file says it: given as often, as long and at the same times."""
    said = []
    for text in texts:
        over = f"over {text.minutes} min" if text.minutes is not None else None
        lead = text.lead.text if text.lead is not None else None
        said.append(" ".join(word for word in (text.product, "placebo", text.daily, over, lead) if word))
    return f"[{', '.join(said)}]" if len(said) > 1 else "".join(said)
