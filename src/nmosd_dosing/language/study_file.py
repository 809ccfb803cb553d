"""Nodes to a checked Study, or every problem found.

text -> nodes (`nodes`) -> records (`keys`, `shapes`, `phrases`) -> Study (here) -> the checks across it (`consistency`)
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import assert_never

from nmosd_dosing.days import CountsFrom, Offset
from nmosd_dosing.errors import Problem, Problems, RegimenError, did_you_mean, one_of
from nmosd_dosing.language import keys, nodes
from nmosd_dosing.language.dose_rules import to_lifetime, to_rules, to_vials
from nmosd_dosing.language.give import Giver, PeriodScope, units_of
from nmosd_dosing.language.keys import PeriodRecord, SpanRecord, StudyRecord, VisitRecord, one_line, texts, to_facts, to_source
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import moments
from nmosd_dosing.language.shapes import Entry as Pair
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.language.timing import days_of, gap_rules, to_cycle
from nmosd_dosing.study import consistency
from nmosd_dosing.study.events import STUDY_EVENTS, SUBJECT_EVENTS, completed, kind_of
from nmosd_dosing.study.model import (
    NOT_STATED,
    Entry,
    Facts,
    Give,
    Mark,
    NotStated,
    Period,
    Point,
    Product,
    Series,
    Source,
    Span,
    Stop,
    Study,
    Transition,
    Window,
)


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
    record = keys.STUDY.read(node, problems) if node is not None else None
    study = _Builder(record, problems).study(hashlib.sha256(content).hexdigest()) if record is not None else None
    if study is not None:
        consistency.check(study, problems)
    if problems.errors or study is None:
        raise RegimenError(problems.in_order())
    return study, problems.in_order()


class _Builder:
    """Records to the nouns of the model. What cannot be built is reported and left out, so that the rest is still checked."""

    def __init__(self, record: StudyRecord, problems: Problems) -> None:
        self.record = record
        self.problems = problems
        self.counts_from: CountsFrom = record.days if record.days is not None else 1
        # A wrong `days` would make every day look wrong as well: then days are not checked any further.
        self.days_known = record.days is not None
        self.vials = {name: to_vials(pair.value.vials, problems) if pair.value else None for name, pair in (record.products or {}).items()}
        self.rules = {
            name: to_rules(pair.value, self.vials[name], problems) if pair.value else {} for name, pair in (record.products or {}).items()
        }
        self.giver = Giver(problems, self.rules, units_of(record, self.rules), lambda word: self._known_event(word, SUBJECT_EVENTS))

    def study(self, sha256: str) -> Study:
        record = self.record
        for name, event in (record.events or {}).items():
            if name in (*SUBJECT_EVENTS, *STUDY_EVENTS, *map(completed, record.periods or {})):
                hint = "take it out; it is always there"
                self.problems.error(f"the event `{name}` is built in: {kind_of(name).text}", event.key.place, hint)
        periods = tuple(p for p in map(self._period, (record.periods or {}).values()) if p is not None)
        later = {t.to.text for t in record.transitions or () if t.to is not None}
        for name, pair in (record.periods or {}).items():
            if pair.value is not None and pair.value.counted_from and name not in later:
                wrong = f"no way leads into `{name}`, so its first day is that of the study"
                self.problems.error(wrong, pair.value.place("counted_from"), "take it out, or add the transition that leads there")
        return Study(
            id=record.study.text if record.study else "",
            title=one_line(record.title) or "",
            source=to_source(record.source) or Source(),
            facts=Facts(None, texts(record.assumed), texts(record.note)),
            counts_from=self.counts_from,
            products=tuple(self._product(p) for p in (record.products or {}).values()),
            events=tuple((n, one_line(e.value) or "") for n, e in (record.events or {}).items()),
            periods=periods,
            spans=self._spans(record.spans, in_period=False),
            transitions=self._transitions(),
            stop=self._stop(),
            sha256=sha256,
        )

    def _product(self, pair: Pair[keys.ProductRecord]) -> Product:
        record = pair.value or keys.ProductRecord()
        gap = record.minimum_gap if isinstance(record.minimum_gap, Offset) else None
        route = one_line(record.route)
        place = record.place("minimum_gap") if gap is not None else None
        return Product(
            name=pair.key.text,
            route=None if route == NOT_STATED.value else route,
            minimum_gap=gap,
            facts=to_facts(record),
            vials=self.vials[pair.key.text],
            vials_facts=to_facts(record.vials) if isinstance(record.vials, keys.VialsRecord) else None,
            weight=record.weight.rule if record.weight is not None else None,
            lifetime=to_lifetime(record.lifetime_at_most),
            doses=tuple(self.rules[pair.key.text].values()),
            gap_place=place,
        )

    # --- periods and visits --------------------------------------------------------------------------------------------

    def _period(self, pair: Pair[PeriodRecord]) -> Period | None:
        record = pair.value
        if record is None:
            return None
        scope = self._scope(record)
        if record.blinded and scope.readable and not scope.arms:
            self.problems.error(
                "a blinded period without arms hides nothing from anybody",
                record.place("blinded"),
                "name the arms: `arms: [active, placebo]`",
            )
        return Period(
            id=pair.key.text,
            title=one_line(record.title) or pair.key.text,
            length=record.length if isinstance(record.length, Offset) else None,
            blinded=scope.blinded,
            arms=scope.arms,
            window=record.window if isinstance(record.window, Window) else None,
            entries=tuple(e for e in (self._entry(v, scope) for v in record.visits or ()) if e is not None),
            spans=self._spans(record.spans, in_period=True),
            facts=to_facts(record),
            gap_rules=gap_rules(record, self.counts_from, self.problems) if self.days_known else (),
            keeps_count=bool(record.counted_from),
        )

    def _scope(self, record: PeriodRecord) -> PeriodScope:
        """The arms of a period: its own, else the study's; not readable where the list of them is wrong."""
        owner: PeriodRecord | StudyRecord = record if record.has("arms") else self.record
        readable = owner.arms is not None or not owner.has("arms")
        return PeriodScope(_arm_names(owner.arms, self.problems), bool(record.blinded), readable)

    def _entry(self, record: VisitRecord, scope: PeriodScope) -> Entry | None:
        problems = self.problems
        if record.all_known and not (record.has("give") or record.has("assess") or record.has("name")):
            problems.error("nothing happens at this visit", record.place(), "add `give`, `assess` or `name`")
        arms = self.giver.arms_of(record, scope)
        blinded = scope.blinded if record.blinded is None else record.blinded
        if record.blinded and scope.readable and not scope.arms:
            problems.error("a blinded visit without arms hides nothing from anybody", record.place("blinded"), "name the arms of the study")
        gives = self.giver.gives(record, scope, arms, blinded)
        at = days_of(record, self.counts_from, problems, self._day_of_event) if self.days_known else None
        if at is None:
            return None
        if not at and record.name is None:
            problems.error(
                "a visit on a day that is not stated needs a `name`", record.place("at"), "write for example `name: Preparative regimen`"
            )
        if not at and record.has("window"):
            problems.error("a window around a day that is not stated", record.key_place("window"), "take it out")
        if record.counted_from and record.cycle is None and not any(isinstance(item, Series) for item in at):
            problems.error(
                "`counted from: previous dose` is about a repeat, and there is none", record.place("counted_from"), "take it out"
            )
        if record.counted_from and not gives:
            problems.error("counted from the previous dose, and no dose is given here", record.place("counted_from"), "take it out")
        for item in at:
            if isinstance(item, Point) and item.last is not None and (once := _not_daily(gives)) is not None:
                problems.error(
                    "a dose on a range of days could be one dose or one a day",
                    item.place,
                    f"write `{once.product} … daily`, or the one day on which it is given",
                )
        assess = tuple(dict.fromkeys(word.text for group in record.assess or () for word in group))
        return Entry(at, one_line(record.name), gives, assess, arms, to_facts(record), to_cycle(record), record.place())

    def _spans(self, pairs: dict[str, Pair[SpanRecord]] | None, in_period: bool) -> tuple[Span, ...]:
        spans = []
        for id, pair in (pairs or {}).items():
            record = pair.value
            if record is None or record.from_ is None or record.to is None:
                continue
            try:
                start, end = (self._mark(mark, in_period) for mark in (record.from_, record.to))
            except PhraseError as error:
                self.problems.found.append(error.problem)
                continue
            self._span_order(start, end, record)
            spans.append(Span(id, one_line(record.title) or id, start, end, to_facts(record)))
        return tuple(spans)

    def _mark(self, text: moments.MarkText | NotStated, in_period: bool) -> Mark | None:
        if isinstance(text, NotStated):
            return None
        if text.day is None:
            return Mark(text.of, None, text.plus)
        if not in_period:
            hint = "put the span into the period whose days it counts, or hang it on `first dose` or `last dose`"
            raise PhraseError(f"`{text.day.text}` belongs to a period, and this span stands at the top of the file", text.day.place, hint)
        code = text.day.resolve(self.counts_from)
        if not (code.offset + text.plus).possible:
            raise PhraseError("the span reaches beyond 9998 years", text.place)
        return Mark("day", code, text.plus)

    def _span_order(self, start: Mark | None, end: Mark | None, record: SpanRecord) -> None:
        if start is None or end is None or start.of != end.of:
            return
        begin = (start.code.offset if start.code else Offset()) + start.plus
        finish = (end.code.offset if end.code else Offset()) + end.plus
        if finish.range[1] < begin.range[0]:
            self.problems.error(
                f"the span ends ({end.text}) before it begins ({start.text})", record.place("to"), "exchange `from` and `to`"
            )

    def _known_event(self, word: Scalar, known: tuple[str, ...]) -> None:
        names = [*known, *(self.record.events or {}), *map(completed, self.record.periods or {})]
        if word.text not in names:
            hint = did_you_mean(word.text, names) or f"declare it: `events: {{{word.text}: what it means}}`"
            if word.text in STUDY_EVENTS:
                hint = "it is an event of the study, not of a subject"
            self.problems.error(f"unknown event `{word.text}`", word.place, hint)

    def _day_of_event(self, word: Scalar) -> None:
        """A day of a visit that is named by a word: the word must be an event of a subject."""
        names = [*SUBJECT_EVENTS, *(self.record.events or {}), *map(completed, self.record.periods or {})]
        if word.text not in names:
            longer = next((f"did you mean `{name}`?" for name in names if name.startswith(word.text)), None)
            hint = (
                longer or did_you_mean(word.text, names) or "write a day such as `D182`, or declare the event: `events: {cd19_return: …}`"
            )
            if word.text in STUDY_EVENTS:
                hint = "it is an event of the study, not of a subject"
            self.problems.error(f"`{word.text}` is neither a day nor an event", word.place, hint)

    def _trigger(self, text: moments.TriggerText) -> None:
        trigger = text.trigger
        match trigger.kind:
            case "event":
                self._known_event(Scalar(trigger.name, text.place), (*SUBJECT_EVENTS, *STUDY_EVENTS))
            case "count":
                self._known_event(Scalar(trigger.name, text.place), SUBJECT_EVENTS)
            case "end":
                self._known_period(Scalar(trigger.name, text.place))
            case "stop":
                if self.record.study_stop is None:
                    self.problems.error("the file has no study stop", text.place, "add `study stop:` with `earliest of:`")
            case "subject":
                pass
            case _:
                assert_never(trigger.kind)

    def _known_period(self, word: Scalar) -> None:
        ids = list(self.record.periods or {})
        if word.text not in ids:
            hint = did_you_mean(word.text, ids) or f"periods of this file are {one_of(ids)}"
            self.problems.error(f"unknown period `{word.text}`", word.place, hint)

    def _transitions(self) -> tuple[Transition, ...]:
        built: dict[str, Transition] = {}
        for record in self.record.transitions or ():
            for period in (record.from_, record.to):
                if period is not None:
                    self._known_period(period)
            if record.after is not None:
                self._trigger(record.after)
            for event in record.needs or ():
                self._known_event(event, SUBJECT_EVENTS)
            if record.id is None or record.from_ is None or record.to is None or record.after is None:
                continue
            after = record.after.trigger
            known = self.record.periods or {}
            if after.kind == "end" and after.name != record.from_.text and after.name in known and record.from_.text in known:
                self.problems.error(
                    f"this way leaves `{record.from_.text}` at the end of another period",
                    record.after.place,
                    f"write `end of {record.from_.text}`",
                )
            if record.id.text in built:
                self.problems.error(f"two transitions have the id `{record.id.text}`", record.id.place, "give each its own")
                continue
            built[record.id.text] = Transition(
                id=record.id.text,
                source_period=record.from_.text,
                target_period=record.to.text,
                after=after,
                within=record.within if isinstance(record.within, Offset) else None,
                needs=tuple(event.text for event in record.needs or ()),
                facts=to_facts(record),
                place=record.to.place,
            )
        return tuple(built.values())

    def _stop(self) -> Stop | None:
        record = self.record.study_stop
        if record is None:
            return None
        for text in record.earliest_of or ():
            self._trigger(text)
            if text.trigger.kind == "stop":
                self.problems.error("the study stop cannot hang on itself", text.place, "name what stops the study")
        return Stop(tuple(text.trigger for text in record.earliest_of or ()), to_facts(record))


def _not_daily(gives: tuple[Give, ...]) -> Give | None:
    """The first product whose dose does not say how often a day."""
    changed = [(give, dose) for give in gives for doses in (give.doses, *(d for _, d in give.changes)) for dose in doses]
    return next((give for give, dose in changed if dose is not None and dose.times is None), None)


def _arm_names(arms: tuple[Scalar, ...] | None, problems: Problems) -> tuple[str, ...]:
    names: dict[str, Scalar] = {}
    for arm in arms or ():
        if arm.text in names:
            problems.error(f"the arm `{arm.text}` is named twice", arm.place, "take one out")
        names.setdefault(arm.text, arm)
    return tuple(names)
