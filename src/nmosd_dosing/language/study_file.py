"""Nodes to a checked Study, or every problem found.

text -> nodes (`nodes`) -> mappings (`keys`, `shapes`, `phrases`) -> Study (here) -> the checks across it (`consistency`)
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import assert_never

from nmosd_dosing.days import CountsFrom, Offset
from nmosd_dosing.dose.dose import WeightRule
from nmosd_dosing.errors import Problem, Problems, clip, counted, did_you_mean, one_of
from nmosd_dosing.language import keys, nodes
from nmosd_dosing.language.criteria import to_criteria
from nmosd_dosing.language.dose_levels import events_of
from nmosd_dosing.language.dose_rules import to_lifetime, to_rules, to_values, to_vials
from nmosd_dosing.language.give import Giver, PeriodScope, units_of
from nmosd_dosing.language.keys import PeriodKeys, SpanKeys, StudyKeys, TransitionKeys, VisitKeys, one_line, texts, to_facts, to_source
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import moments
from nmosd_dosing.language.phrases.days import WORDS_FOR_EVENTS
from nmosd_dosing.language.shapes import Pair, PhraseError
from nmosd_dosing.language.tapers import steps_of
from nmosd_dosing.language.timing import days_of, gap_rules, to_cycle, within_its_days
from nmosd_dosing.study import consistency, visit_labels
from nmosd_dosing.study.events import EXITS, OF_SCREENING, RANDOMISED, STUDY_EVENTS, SUBJECT_EVENTS, completed, kind_of
from nmosd_dosing.study.facts import NOT_STATED, Facts, NotStated, Source
from nmosd_dosing.study.model import Mark, Period, Product, Span, Stop, Study, Transition
from nmosd_dosing.study.returns import MOST, unrolled
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, AlsoCalled, Give, Point, Series, VisitRule, Window


def read_study(path: Path) -> tuple[Study, tuple[Problem, ...]]:
    """The study in a file, and what is doubtful in it (warnings). RegimenError carries every problem."""
    problems = Problems()
    node, content = nodes.read_file(path, problems)
    return study_of(node, content, problems)


def read_study_text(text: str, name: str = "<text>") -> tuple[Study, tuple[Problem, ...]]:
    """The same for a text; `name` stands in messages."""
    problems = Problems()
    return study_of(nodes.read_text(text, name, problems), text.encode("utf-8", "surrogatepass"), problems)


def study_of(node: nodes.Node | None, content: bytes, problems: Problems) -> tuple[Study, tuple[Problem, ...]]:
    """The same for the nodes of a file; `problems` holds what was found in reading them."""
    mapping = keys.STUDY.read(node, problems) if node is not None else None
    study = _Builder(mapping, problems).study(hashlib.sha256(content).hexdigest()) if mapping is not None else None
    if study is not None:
        consistency.check(study, problems)
    return problems.checked(study), problems.in_order()


class _Builder:
    """Keys to the nouns of the model. What cannot be built is reported and left out, so that the rest is still checked."""

    def __init__(self, mapping: StudyKeys, problems: Problems) -> None:
        self.mapping = mapping
        self.problems = problems
        self.counts_from: CountsFrom = mapping.days if mapping.days is not None else 1
        # A wrong `days` would make every day look wrong as well: then days are not checked any further.
        self.days_known = mapping.days is not None
        self.vials = {name: to_vials(pair.value.vials, problems) if pair.value else None for name, pair in (mapping.products or {}).items()}
        self.values = to_values(mapping, problems)
        self.rules = {
            name: to_rules(pair.value, self.vials[name], self.values, problems) if pair.value else {}
            for name, pair in (mapping.products or {}).items()
        }
        weights = {name: pair.value.weight.by for name, pair in (mapping.products or {}).items() if pair.value and pair.value.weight}
        self.giver = Giver(
            problems, self.rules, units_of(mapping, self.rules), weights, lambda word: self._known_event(word, SUBJECT_EVENTS)
        )

    def study(self, sha256: str) -> Study:
        mapping = self.mapping
        for name, event in (mapping.events or {}).items():
            if name in (*SUBJECT_EVENTS, *STUDY_EVENTS, *map(completed, mapping.periods or {})):
                hint = "take it out; it is always there"
                self.problems.error(f"the event `{name}` is built in: {kind_of(name).text}", event.key.place, hint)
        periods = tuple(p for p in map(self._period, (mapping.periods or {}).values()) if p is not None)
        later = {t.to.text for t in mapping.transitions or () if t.to is not None}
        for name, pair in (mapping.periods or {}).items():
            if pair.value is not None and pair.value.counted_from and name not in later:
                wrong = f"no way leads into `{name}`, so its first day is that of the study"
                self.problems.error(wrong, pair.value.place("counted_from"), "take it out, or add the transition that leads there")
        known = [pair.value for pair in (mapping.periods or {}).values()]
        if known and not any(period is None or period.has("visits") or not period.all_known for period in known):
            wrong = "no period has `visits`"
            self.problems.error(wrong, mapping.place("periods"), "write `visits` under one of them, each visit with `at`")
        periods, transitions = unrolled(periods, self._transitions(), self.problems)
        return Study(
            id=mapping.study.text if mapping.study else "", title=one_line(mapping.title) or "",
            source=to_source(mapping.source) or Source(), facts=Facts(None, texts(mapping.assumed), texts(mapping.note)),
            counts_from=self.counts_from, products=tuple(self._product(p) for p in (mapping.products or {}).values()),
            events=tuple((n, one_line(e.value) or "") for n, e in (mapping.events or {}).items()), values=tuple(self.values.values()),
            periods=periods, spans=self._spans(mapping.spans, None), transitions=transitions, stop=self._stop(), sha256=sha256,
            criteria=to_criteria(mapping, self.counts_from, lambda word: self._known_event(word, SUBJECT_EVENTS), self.problems),
        )  # fmt: skip

    def _product(self, pair: Pair[keys.ProductKeys]) -> Product:
        mapping = pair.value or keys.ProductKeys()
        gap = mapping.minimum_gap if isinstance(mapping.minimum_gap, Offset) else None
        route = one_line(mapping.route)
        place = mapping.place("minimum_gap") if gap is not None else None
        for rule in (mapping.doses or {}).values():
            for event in events_of(rule.value) if isinstance(rule.value, keys.DoseRuleKeys) else ():
                self._known_event(event, SUBJECT_EVENTS)
        return Product(
            name=pair.key.text, route=None if route == NOT_STATED.value else route, minimum_gap=gap, facts=to_facts(mapping),
            vials=self.vials[pair.key.text], vials_facts=to_facts(mapping.vials) if isinstance(mapping.vials, keys.VialsKeys) else None,
            weight=self._weight(mapping), lifetime=to_lifetime(mapping.lifetime_at_most), doses=tuple(self.rules[pair.key.text].values()),
            gap_place=place,
        )  # fmt: skip

    def _weight(self, mapping: keys.ProductKeys) -> WeightRule | None:
        """Which weight a product's doses are by."""
        try:
            return mapping.weight.weight(self.counts_from) if mapping.weight is not None and self.days_known else None
        except PhraseError as error:
            self.problems.found.append(error.problem)
            return None

    # --- periods and visits --------------------------------------------------------------------------------------------

    def _period(self, pair: Pair[PeriodKeys]) -> Period | None:
        mapping = pair.value
        if mapping is None:
            return None
        scope = self._scope(mapping)
        if mapping.blinded and scope.readable and not scope.arms:
            wrong = "a blinded period without arms hides nothing from anybody"
            self.problems.error(wrong, mapping.place("blinded"), "name the arms: `arms: [active, placebo]`")
        return Period(
            id=pair.key.text,
            title=one_line(mapping.title) or pair.key.text,
            length=mapping.length if isinstance(mapping.length, Offset) else None,
            blinded=scope.blinded,
            arms=scope.arms,
            window=mapping.window if isinstance(mapping.window, Window) else None,
            visit_rules=tuple(
                step
                for v in mapping.visits or ()
                if (e := self._entry(v, scope, mapping)) is not None
                for step in steps_of(e, v, self.problems)
            ),
            spans=self._spans(mapping.spans, mapping),
            facts=to_facts(mapping),
            gap_rules=gap_rules(mapping, self.counts_from, self.problems) if self.days_known else (),
            keeps_count=bool(mapping.counted_from),
        )

    def _scope(self, mapping: PeriodKeys) -> PeriodScope:
        """The arms of a period: its own, else the study's; not readable where the list of them is wrong."""
        owner: PeriodKeys | StudyKeys = mapping if mapping.has("arms") else self.mapping
        readable = owner.arms is not None or not owner.has("arms")
        return PeriodScope(_arm_names(owner.arms, self.problems), bool(mapping.blinded), readable)

    def _entry(self, mapping: VisitKeys, scope: PeriodScope, period: PeriodKeys) -> VisitRule | None:
        problems = self.problems
        if mapping.all_known and not any(map(mapping.has, ("give", "assess", "name", "also_called"))):
            problems.error("nothing happens at this visit", mapping.place(), "add `give`, `assess` or `name`")
        arms = self.giver.arms_of(mapping, scope)
        blinded = scope.blinded if mapping.blinded is None else mapping.blinded
        if mapping.blinded and scope.readable and not scope.arms:
            wrong = "a blinded visit without arms hides nothing from anybody"
            problems.error(wrong, mapping.place("blinded"), "name the arms of the study")
        gives = self.giver.gives(mapping, scope, arms, blinded)
        if mapping.give is None and mapping.at is not None and self.days_known:
            within_its_days(mapping, problems)
        at = days_of(mapping, period, self.counts_from, problems, self._day_of_event) if self.days_known else None
        if at is None:
            return None
        if not at and mapping.name is None:
            wrong = "a visit on a day that is not stated needs a `name`"
            problems.error(wrong, mapping.place("at"), "write for example `name: Preparative regimen`")
        if not at and mapping.has("window"):
            problems.error("a window around a day that is not stated", mapping.key_place("window"), "take it out")
        if mapping.counted_from and mapping.cycle is None and not any(isinstance(item, Series) for item in at):
            wrong = f"`counted from: previous {mapping.counted_from}` is about a repeat, and there is none"
            problems.error(wrong, mapping.place("counted_from"), "take it out")
        if mapping.counted_from == "dose" and not gives:
            hint = "write `counted from: previous visit`, or take it out"
            problems.error("counted from the previous dose, and no dose is given here", mapping.place("counted_from"), hint)
        if mapping.counted_from == "dose" and any(any(give.as_needed) for give in gives):
            hint = "write `counted from: previous visit`, or take it out: a dose that is given as needed may never come"
            problems.error("counted from the previous dose, and a dose here is given as needed", mapping.place("counted_from"), hint)
        for item in at:
            if isinstance(item, Point) and item.last is not None and (once := _not_daily(gives)) is not None:
                wrong = "a dose on a range of days could be one dose or one a day"
                problems.error(wrong, item.place, f"write `{once.product} … daily`, or the one day on which it is given")
        assess = tuple(dict.fromkeys(each.name.flat for each in mapping.assess or ()))
        times = tuple((each.name.flat, time) for each in mapping.assess or () for time in each.times)
        cycle, also = to_cycle(mapping), self._also_called(mapping, at)
        kept = self._kept_after(mapping)
        return VisitRule(at, one_line(mapping.name), gives, assess, arms, to_facts(mapping), cycle, also, mapping.place(), times, kept)

    def _kept_after(self, mapping: VisitKeys) -> tuple[str, ...]:
        """The exits after which a visit stays, in one order whatever the file's."""
        if mapping.kept_after and mapping.give is not None and not (mapping.assess or mapping.name):
            wrong = "kept after an exit, and nothing but doses happens here"
            self.problems.error(wrong, mapping.key_place("kept_after"), "doses end with it: take it out")
        return tuple(exit for exit in EXITS if exit in (mapping.kept_after or ()))

    def _also_called(self, mapping: VisitKeys, at: tuple[Point | Series, ...]) -> tuple[AlsoCalled, ...]:
        """The other names of a visit; of several days each with its own."""
        names = mapping.also_called
        if isinstance(names, dict):
            of_days = [(pair.key, name) for pair in names.values() for name in pair.value or ()]
            return tuple(AlsoCalled(name.flat, day.flat, name.place, day.place) for day, name in of_days)
        cycle = to_cycle(mapping)
        if names and (len(at) > 1 or cycle is not None or any(isinstance(item, Series) for item in at)):
            days = (at[0].code, at[0].last) if isinstance(at[0], Point) else (at[0].base,)
            first = visit_labels.text([day and (day.in_cycle(1, Offset(), cycle.name) if cycle is not None else day) for day in days])
            hint = f"say of each day what it is called: `also called: {{{first}: {clip(names[0].flat)}}}`"
            self.problems.error("other names of one visit, and this entry has several", mapping.key_place("also_called"), hint)
            return ()
        return tuple(AlsoCalled(name.flat, "", name.place) for name in names or ())

    def _spans(self, pairs: dict[str, Pair[SpanKeys]] | None, period: PeriodKeys | None) -> tuple[Span, ...]:
        spans = []
        for id, pair in (pairs or {}).items():
            mapping = pair.value
            if mapping is None or mapping.from_ is None or mapping.to is None:
                continue
            try:
                start, end = (self._mark(mark, period) for mark in (mapping.from_, mapping.to))
            except PhraseError as error:
                self.problems.found.append(error.problem)
                continue
            self._span_order(start, end, mapping)
            spans.append(Span(id, one_line(mapping.title) or id, start, end, to_facts(mapping)))
        return tuple(spans)

    def _mark(self, text: moments.MarkText | NotStated, period: PeriodKeys | None) -> Mark | None:
        if isinstance(text, NotStated):
            return None
        if text.of == LAST_DOSE and period is not None and period.all_known and not any(v.has("give") for v in period.visits or ()):
            hint = f"write `{Mark(LAST_DOSE_OF_STUDY, None, text.plus).text}`, which is that of all periods"
            raise PhraseError("this period gives nothing, so it has no last dose", text.place, hint)
        if text.day is None:
            return Mark(text.of, None, text.plus)
        if period is None:
            hint = "put the span into the period whose days it counts, or hang it on `first dose` or `last dose`"
            raise PhraseError(f"`{text.day.text}` belongs to a period, and this span stands at the top of the file", text.day.place, hint)
        code = text.day.resolve(self.counts_from)
        if not (code.offset + text.plus).possible:
            raise PhraseError("the span reaches beyond 9998 years", text.place)
        return Mark("day", code, text.plus)

    def _span_order(self, start: Mark | None, end: Mark | None, mapping: SpanKeys) -> None:
        if start is None or end is None or start.of != end.of:
            return
        begin = (start.code.offset if start.code else Offset()) + start.plus
        finish = (end.code.offset if end.code else Offset()) + end.plus
        if finish.range[1] < begin.range[0]:
            wrong = f"the span ends ({end.text}) before it begins ({start.text})"
            self.problems.error(wrong, mapping.place("to"), "exchange `from` and `to`")

    def _known_event(self, word: Scalar, known: tuple[str, ...]) -> None:
        names = [*known, *(self.mapping.events or {}), *map(completed, self.mapping.periods or {})]
        if word.text not in names:
            hint = did_you_mean(word.text, names) or f"declare it: `events: {{{word.text}: what it means}}`"
            if word.text in STUDY_EVENTS:
                hint = "it is an event of the study, not of a subject"
            self.problems.error(f"unknown event `{word.text}`", word.place, hint)

    def _day_of_event(self, word: Scalar) -> None:
        """A day of a visit that is named by a word: the word must be an event of a subject."""
        names = [*SUBJECT_EVENTS, *(self.mapping.events or {}), *map(completed, self.mapping.periods or {})]
        if word.text not in names:
            longer = next((f"did you mean `{name}`?" for name in names if name.startswith(word.text)), None)
            other = f"write `{WORDS_FOR_EVENTS[word.text]}`" if word.text in WORDS_FOR_EVENTS else None
            if word.text == "baseline":
                other = "write the day, `D1`, and what it is called beside it: `name: Baseline`"
            hint = other or longer or did_you_mean(word.text, names)
            hint = hint or "write a day such as `D182`, or declare the event: `events: {cd19_return: …}`"
            if word.text in STUDY_EVENTS:
                hint = "it is an event of the study, not of a subject"
            self.problems.error(f"`{word.text}` is neither a day nor an event", word.place, hint)

    def _trigger(self, text: moments.TriggerText) -> None:
        trigger = text.trigger
        match trigger.kind:
            case "event":
                self._known_event(Scalar(trigger.name, text.place), (*SUBJECT_EVENTS, *STUDY_EVENTS))
                ended = next((id for id in self.mapping.periods or {} if completed(id) == trigger.name), None)
                if ended is not None:
                    wrong = f"`{trigger.name}` is the day on which a period really ended, and opens no way of its own"
                    self.problems.error(wrong, text.place, f"write `end of {ended}`, which counts from it once it is recorded")
                if trigger.name in OF_SCREENING and trigger.name != RANDOMISED:
                    wrong = f"`{trigger.name}` comes before day 1, and opens no way from one period to the next"
                    self.problems.error(wrong, text.place, f"name what happens in the period, such as `{RANDOMISED}`, or its end")
            case "count":
                self._known_event(Scalar(trigger.name, text.place), SUBJECT_EVENTS)
            case "end":
                self._known_period(Scalar(trigger.name, text.place))
            case "stop":
                if self.mapping.study_stop is None:
                    self.problems.error("the file has no study stop", text.place, "add `study stop:` with `earliest of:`")
            case "subject":
                pass
            case _:
                assert_never(trigger.kind)

    def _known_period(self, word: Scalar) -> None:
        ids = list(self.mapping.periods or {})
        if word.text not in ids:
            hint = did_you_mean(word.text, ids) or f"periods of this file are {one_of(ids)}"
            self.problems.error(f"unknown period `{word.text}`", word.place, hint)

    def _transitions(self) -> tuple[Transition, ...]:
        built: dict[str, Transition] = {}
        for mapping in self.mapping.transitions or ():
            for period in (mapping.from_, mapping.to):
                if period is not None:
                    self._known_period(period)
            if mapping.after is not None:
                self._trigger(mapping.after)
            for event in mapping.needs or ():
                self._known_event(event, SUBJECT_EVENTS)
            if mapping.id is None or mapping.from_ is None or mapping.to is None or mapping.after is None:
                continue
            if mapping.has("at_most") and (mapping.at_most is None or not self._may_return(mapping.at_most, mapping)):
                continue
            after = mapping.after.trigger
            known = self.mapping.periods or {}
            if after.kind == "end" and after.name != mapping.from_.text and after.name in known and mapping.from_.text in known:
                wrong = f"this way leaves `{mapping.from_.text}` at the end of another period"
                self.problems.error(wrong, mapping.after.place, f"write `end of {mapping.from_.text}`")
            if mapping.id.text in built:
                self.problems.error(f"two transitions have the id `{mapping.id.text}`", mapping.id.place, "give each its own")
                continue
            built[mapping.id.text] = Transition(
                id=mapping.id.text, source_period=mapping.from_.text, target_period=mapping.to.text, after=after,
                within=mapping.within[1] if isinstance(mapping.within, tuple) else None,
                not_before=mapping.within[0] if isinstance(mapping.within, tuple) else Offset(),
                needs=tuple(event.text for event in mapping.needs or ()), at_most=mapping.at_most, facts=to_facts(mapping),
                place=mapping.to.place,
            )  # fmt: skip
        return tuple(built.values())

    def _may_return(self, times: int, mapping: TransitionKeys) -> bool:
        """Whether a way back may be gone so often."""
        if not (possible := 1 <= times <= MOST):
            hint = "take the way out" if not times else f"write at most `{MOST} times`"
            self.problems.error(f"a way back that is gone {counted(times, 'time')}", mapping.place("at_most"), hint)
        return possible

    def _stop(self) -> Stop | None:
        mapping = self.mapping.study_stop
        if mapping is None:
            return None
        for text in mapping.earliest_of or ():
            self._trigger(text)
            if text.trigger.kind == "stop":
                self.problems.error("the study stop cannot hang on itself", text.place, "name what stops the study")
        return Stop(tuple(text.trigger for text in mapping.earliest_of or ()), to_facts(mapping))


def _not_daily(gives: tuple[Give, ...]) -> Give | None:
    """The first product whose dose does not say how often a day."""
    changed = [(give, dose) for give in gives for doses in (give.doses, *give.ways) for dose in doses]
    return next((give for give, dose in changed if dose is not None and dose.times is None and not dose.as_needed), None)


def _arm_names(arms: tuple[Scalar, ...] | None, problems: Problems) -> tuple[str, ...]:
    names: dict[str, Scalar] = {}
    for arm in arms or ():
        if arm.text in names:
            problems.error(f"the arm `{arm.text}` is named twice", arm.place, "take one out")
        names.setdefault(arm.text, arm)
    return tuple(names)
