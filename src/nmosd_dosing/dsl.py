"""Nodes to a checked Study, or every problem found.

    text -> nodes (`source`) -> records (`records`, `fields`, `phrases`) -> Study (here) -> the checks across it (`sense`)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nmosd_dosing import phrases, records, sense, source
from nmosd_dosing.days import Code, CountsFrom, Offset
from nmosd_dosing.doses import Dose
from nmosd_dosing.errors import Place, Problem, Problems, RegimenError, did_you_mean, one_of
from nmosd_dosing.fields import Entry as Pair
from nmosd_dosing.fields import PhraseError
from nmosd_dosing.model import (
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
from nmosd_dosing.records import FactsRecord, PeriodRecord, SourceRecord, SpanRecord, StudyRecord, VisitRecord
from nmosd_dosing.source import Scalar

EVENTS = {
    "relapse": "relapse diagnosed by the investigator",
    "relapse_confirmed": "the committee confirms the relapse",
    "relapse_rejected": "the committee rejects the relapse",
    "stable": "stable after rescue therapy",
    "rcp_completed": "actual end visit of the randomised period",
    "escalated": "moved to the higher dose",
    "declined": "does not enter the next period",
    "treatment_stopped": "no more doses; follow-up stays",
    "withdrawn": "withdrew",
    "lost": "lost to follow-up",
    "died": "died",
}
STUDY_EVENTS = {"idmc_stop": "the monitoring committee's date", "study_stop": "the date on which the study stops"}


def read_study(path: Path) -> tuple[Study, tuple[Problem, ...]]:
    """The study in a file, and what is doubtful in it (warnings). RegimenError carries every problem."""
    problems = Problems()
    node, content = source.read_file(path, problems)
    return _study(node, content, problems)


def read_study_text(text: str, name: str = "<text>") -> tuple[Study, tuple[Problem, ...]]:
    """The same for a text; `name` stands in messages."""
    problems = Problems()
    return _study(source.read_text(text, name, problems), text.encode("utf-8", "surrogatepass"), problems)


def _study(node: source.Node | None, content: bytes, problems: Problems) -> tuple[Study, tuple[Problem, ...]]:
    record = records.STUDY.read(node, problems) if node is not None else None
    study = _Builder(record, problems).study(hashlib.sha256(content).hexdigest()) if record is not None else None
    if study is not None:
        sense.check(study, problems)
    if problems.errors or study is None:
        raise RegimenError(problems.in_order())
    return study, problems.in_order()


@dataclass
class _PeriodScope:
    """What the visits of one period are read against."""

    arms: tuple[str, ...]
    blinded: bool

    def arm_indices(self) -> tuple[int, ...]:
        return tuple(range(max(1, len(self.arms))))


class _Builder:
    """Records to the nouns of the model. What cannot be built is reported and left out, so that the rest is still checked."""

    def __init__(self, record: StudyRecord, problems: Problems) -> None:
        self.record = record
        self.problems = problems
        self.counts_from: CountsFrom = record.days if record.days is not None else 1
        # A wrong `days` would make every day look wrong as well: then days are not checked any further.
        self.days_known = record.days is not None
        self.products = list(record.products or {})
        self.units = self._units()

    def _units(self) -> dict[str, str]:
        """The first unit in which each product is dosed: that of its placebo."""
        units: dict[str, str] = {}
        for period in (self.record.periods or {}).values():
            for visit in (period.value.visits or ()) if period.value else ():
                for text in _all_doses(visit.give):
                    if text.product and text.unit:
                        units.setdefault(text.product, text.unit)
        return units

    def study(self, sha256: str) -> Study:
        record = self.record
        for name, event in (record.events or {}).items():
            if name in EVENTS or name in STUDY_EVENTS:
                hint = "take it out; it is always there"
                self.problems.error(f"the event `{name}` is built in: {(EVENTS | STUDY_EVENTS)[name]}", event.key.place, hint)
        periods = tuple(p for p in map(self._period, (record.periods or {}).values()) if p is not None)
        return Study(
            id=record.study.text if record.study else "",
            title=_line(record.title) or "",
            source=_source(record.source) or Source(),
            facts=Facts(None, _texts(record.assumed), _texts(record.note)),
            counts_from=self.counts_from,
            products=tuple(self._product(p) for p in (record.products or {}).values()),
            events=tuple((n, _line(e.value) or "") for n, e in (record.events or {}).items()),
            periods=periods,
            spans=self._spans(record.spans, in_period=False),
            transitions=self._transitions(),
            stop=self._stop(),
            sha256=sha256,
        )

    def _product(self, pair: Pair[records.ProductRecord]) -> Product:
        record = pair.value or records.ProductRecord()
        gap = record.minimum_gap if isinstance(record.minimum_gap, Offset) else None
        route = _line(record.route)
        return Product(pair.key.text, None if route == NOT_STATED.value else route, gap, _facts(record))

    # --- periods and visits --------------------------------------------------------------------------------------------

    def _period(self, pair: Pair[PeriodRecord]) -> Period | None:
        record = pair.value
        if record is None:
            return None
        scope = _PeriodScope(_arm_names(record.arms or self.record.arms, self.problems), bool(record.blinded))
        if record.blinded and not scope.arms:
            self.problems.error(
                "a blinded period without arms hides nothing from anybody",
                record.place("blinded"),
                "name the arms: `arms: [active, placebo]`",
            )
        return Period(
            id=pair.key.text,
            title=_line(record.title) or pair.key.text,
            length=record.length if isinstance(record.length, Offset) else None,
            blinded=scope.blinded,
            arms=scope.arms,
            window=record.window if isinstance(record.window, Window) else None,
            entries=tuple(e for e in (self._entry(v, scope) for v in record.visits or ()) if e is not None),
            spans=self._spans(record.spans, in_period=True),
            facts=_facts(record),
        )

    def _entry(self, record: VisitRecord, scope: _PeriodScope) -> Entry | None:
        problems = self.problems
        if not (record.has("give") or record.has("assess") or record.has("name")):
            problems.error("nothing happens at this visit", record.place(), "add `give`, `assess` or `name`")
        arms = self._arms_of(record, scope)
        blinded = scope.blinded if record.blinded is None else record.blinded
        if record.blinded and not scope.arms:
            problems.error("a blinded visit without arms hides nothing from anybody", record.place("blinded"), "name the arms of the study")
        gives = self._gives(record, scope, arms, blinded)
        at = self._at(record)
        if at is None:
            return None
        if not at and record.name is None:
            problems.error("a visit on a day that is not stated needs a `name`", record.place("at"), "write for example `name: Preparative regimen`")
        if not at and record.has("window"):
            problems.error("a window around a day that is not stated", record.key_place("window"), "take it out")
        for item in at:
            if isinstance(item, Point) and item.last is not None and gives:
                problems.error(
                    "a dose on a range of days could be one dose or one a day",
                    item.place,
                    "write for example `D1, then every 1 day until D14`, or the one day on which it is given",
                )
        assess = tuple(dict.fromkeys(word.text for group in record.assess or () for word in group))
        return Entry(at, _line(record.name), gives, assess, arms, _facts(record), record.place())

    def _arms_of(self, record: VisitRecord, scope: _PeriodScope) -> tuple[int, ...]:
        if record.arms is None:
            return scope.arm_indices()
        for arm in record.arms:
            if arm.text not in scope.arms:
                self._unknown_arm(arm, scope)
        return tuple(i for i, arm in enumerate(scope.arms) if any(a.text == arm for a in record.arms))

    def _unknown_arm(self, arm: Scalar, scope: _PeriodScope) -> None:
        known = f"the arms here are {one_of(scope.arms)}" if scope.arms else "name the arms of the study: `arms: [a, b]`"
        self.problems.error(f"unknown arm `{arm.text}`", arm.place, did_you_mean(arm.text, scope.arms) or known)

    def _at(self, record: VisitRecord) -> tuple[Point | Series, ...] | None:
        """The days of a visit; empty where they are not stated, None where they cannot be told."""
        if record.at is None or not self.days_known:
            return None
        items: list[phrases.PointText | phrases.RepeatText] = []
        for part in record.at:
            if isinstance(part, NotStated):
                if len(record.at) > 1:
                    self.problems.error("`not stated` stands on its own", record.place("at"), "take the other days out, or write two visits")
                    return None
                return ()
            items += part
        self._windows_of_all_or_none(items, record)
        built: list[Point | Series] = []
        base: Code | None = None
        complete = True
        for item in items:
            try:
                made = self._point(item, record) if isinstance(item, phrases.PointText) else self._series(item, base, record)
            except PhraseError as error:
                self.problems.found.append(error.problem)
                complete, base = False, None
                continue
            built.append(made)
            base = made.code if isinstance(made, Point) else _last_of(made)
        return tuple(built) if complete else None

    def _windows_of_all_or_none(self, items: list[phrases.PointText | phrases.RepeatText], record: VisitRecord) -> None:
        own = [item for item in items if item.window is not None]
        if own and record.has("window"):
            self.problems.error(
                "the window is given twice, behind a day and as `window`",
                own[0].place,
                "keep one of them",
                [("the other one", record.place("window"))],
            )
        elif own and len(own) < len(items):
            bare = next(item for item in items if item.window is None)
            self.problems.error(
                "some days in this list have a window and some have none, so it could be meant for all of them",
                bare.place,
                "write the window behind each day (`±0d` for the day itself), or once as `window:` for all",
                [("this one has a window", own[0].place)],
            )

    def _point(self, item: phrases.PointText, record: VisitRecord) -> Point:
        code = item.day.resolve(self.counts_from)
        last = item.last.resolve(self.counts_from) if item.last else None
        if last is not None and last.offset.range[1] < code.offset.range[0]:
            raise PhraseError(f"the range ends on {last.label}, before it begins on {code.label}", item.place, f"write `{last.label} to {code.label}`")
        return Point(code, last, item.window or record.window, item.place)

    def _series(self, item: phrases.RepeatText, base: Code | None, record: VisitRecord) -> Series:
        if base is None:
            raise PhraseError("a repeat goes on from a day, and none stands before it", item.place, "write for example `D1, then every 28 days until D336`")
        if item.step.days and base.offset.months:
            raise PhraseError(f"a repeat by days after {base.label}, which is counted in months", item.place, "count both in months, or both in days")
        until = item.until.resolve(self.counts_from) if item.until else None
        if until is not None:
            by_months = bool(item.step.months)
            if by_months and until.offset.days != base.offset.days:
                raise PhraseError(
                    f"whether a repeat by months reaches {until.label} depends on the first date",
                    item.place,
                    f"name the end in months: `until {_plain_day(base)} + 24 months`",
                )
            if not by_months and until.offset.months:
                raise PhraseError(
                    f"whether a repeat by days reaches {until.label} depends on the first date",
                    item.place,
                    "name the end as a day or week code",
                )
            if until.offset < base.offset:
                raise PhraseError(f"the repeat ends on {until.label}, before it begins on {base.label}", item.place, "name a later day")
            if until.offset < base.offset + item.step:
                raise PhraseError(
                    f"no repeat falls between {base.label} and {until.label}: the first would be {base.later(item.step, 1).label}",
                    item.place,
                    "name a later day, or leave the repeat out",
                )
        last = base.later(item.step, item.count or 1)
        if not last.offset.possible:
            raise PhraseError("the repeat reaches beyond 9998 years", item.place, "end it earlier")
        return Series(base, item.step, until.offset if until else None, item.count, item.window or record.window, item.place)

    # --- doses ---------------------------------------------------------------------------------------------------------

    def _gives(self, record: VisitRecord, scope: _PeriodScope, arms: tuple[int, ...], blinded: bool) -> tuple[Give, ...]:
        planned = self._by_arm(record.give, scope, arms, every_arm=True)
        changes: dict[str, list[tuple[str, tuple[Dose | None, ...]]]] = {}
        for event, pair in (record.once or {}).items():
            self._known_event(pair.key, EVENTS)
            for product, (doses, place) in self._by_arm(pair.value, scope, arms, every_arm=False).items():
                if product not in planned:
                    self.problems.error(f"{product} is not given at this visit, so `once` cannot change its dose", place, "add it under `give`")
                changes.setdefault(product, []).append((event, doses))
        return tuple(
            Give(product, doses, blinded, tuple(changes.get(product, ())), place) for product, (doses, place) in planned.items()
        )

    def _by_arm(
        self, give: Any, scope: _PeriodScope, arms: tuple[int, ...], every_arm: bool
    ) -> dict[str, tuple[tuple[Dose | None, ...], Place]]:
        """Doses by product, each by arm; None for an arm that gets none."""
        columns: dict[str, list[Dose | None]] = {}
        places: dict[str, Place] = {}
        for texts, indices in self._texts_by_arm(give, scope, arms, every_arm):
            for text in texts:
                if text.product is None:
                    if len(texts) > 1:
                        self.problems.error("`nothing` stands on its own", text.place, "take it out, or take the other doses out")
                    continue
                if text.product not in self.products:
                    hint = did_you_mean(text.product, self.products) or f"products of this file are {one_of(self.products)}"
                    self.problems.error(f"unknown product `{text.product}`", text.product_place, hint)
                    continue
                column = columns.setdefault(text.product, [None] * max(1, len(scope.arms)))
                if indices and column[indices[0]] is not None:
                    self.problems.error(f"{text.product} is given twice at this visit", text.place, "put the whole dose into one phrase")
                    continue
                places.setdefault(text.product, text.place)
                for i in indices:
                    column[i] = self._dose(text)
        for product, column in columns.items():
            self._one_unit(product, column, places[product])
        return {product: (tuple(column), places[product]) for product, column in columns.items()}

    def _texts_by_arm(
        self, give: Any, scope: _PeriodScope, arms: tuple[int, ...], every_arm: bool
    ) -> list[tuple[tuple[phrases.DoseText, ...], tuple[int, ...]]]:
        if give is None:
            return []
        if not isinstance(give, dict):
            return [(give, arms)]
        found = []
        for arm, pair in give.items():
            if arm not in scope.arms:
                self._unknown_arm(pair.key, scope)
            elif pair.value is not None:
                index = scope.arms.index(arm)
                if index not in arms:
                    self.problems.error(f"this visit does not exist for `{arm}`", pair.key.place, "add the arm to `arms`, or take its dose out")
                found.append((pair.value, (index,)))
        missing = [scope.arms[i] for i in arms if scope.arms and scope.arms[i] not in give]
        if every_arm and missing and all(arm in scope.arms for arm in give):
            first = next(iter(give.values())).key.place
            self.problems.error(f"no dose for {one_of(missing)}", first, f"add `{missing[0]}: nothing` if that arm gets nothing")
        return found

    def _dose(self, text: phrases.DoseText) -> Dose:
        unit = text.unit or (self.units.get(text.product or "") if text.kind == "placebo" else None)
        return Dose(text.kind, text.amount, unit, text.per_kg, text.minutes, text.rule)

    def _one_unit(self, product: str, doses: list[Dose | None], place: Place) -> None:
        units = sorted({d.unit for d in doses if d is not None and d.kind == "stated" and d.unit})
        if len(units) > 1:
            self.problems.error(f"{product} is dosed in {one_of(units)} at one visit", place, "write every arm's dose in one unit")
        for i, d in enumerate(doses):
            if d is not None and d.kind == "placebo" and units:
                doses[i] = Dose(d.kind, d.amount, units[0], d.per_kg, d.minutes, d.rule)

    # --- spans, transitions, the study stop ----------------------------------------------------------------------------

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
            spans.append(Span(id, _line(record.title) or id, start, end, _facts(record)))
        return tuple(spans)

    def _mark(self, text: phrases.MarkText | NotStated, in_period: bool) -> Mark | None:
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
            self.problems.error(f"the span ends ({end.text}) before it begins ({start.text})", record.place("to"), "exchange `from` and `to`")

    def _known_event(self, word: Scalar, known: dict[str, str]) -> None:
        names = {**known, **dict.fromkeys(self.record.events or {}, "")}
        if word.text not in names:
            hint = did_you_mean(word.text, names) or f"declare it: `events: {{{word.text}: what it means}}`"
            self.problems.error(f"unknown event `{word.text}`", word.place, hint)

    def _trigger(self, text: phrases.TriggerText) -> None:
        trigger = text.trigger
        if trigger.kind in ("event", "count"):
            known = EVENTS if trigger.kind == "count" else EVENTS | STUDY_EVENTS
            self._known_event(Scalar(trigger.name, text.place), known)
        elif trigger.kind == "end":
            self._known_period(Scalar(trigger.name, text.place))
        elif trigger.kind == "stop" and self.record.study_stop is None:
            self.problems.error("the file has no study stop", text.place, "add `study stop:` with `earliest of:`")

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
                self._known_event(event, EVENTS)
            if record.id is None or record.from_ is None or record.to is None or record.after is None:
                continue
            after = record.after.trigger
            if after.kind == "end" and after.name != record.from_.text and after.name in (self.record.periods or {}):
                self.problems.error(
                    f"this way leaves `{record.from_.text}` at the end of another period", record.after.place, f"write `end of {record.from_.text}`"
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
                facts=_facts(record),
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
        return Stop(tuple(text.trigger for text in record.earliest_of or ()), _facts(record))


def _all_doses(give: Any) -> tuple[phrases.DoseText, ...]:
    if give is None:
        return ()
    if isinstance(give, dict):
        return tuple(text for pair in give.values() for text in pair.value or ())
    return tuple(give)


def _last_of(series: Series) -> Code:
    """Where a repeat that follows this one goes on."""
    if series.count is not None:
        return series.base.later(series.step, series.count)
    if series.until is None:
        return series.base
    if series.step.months:
        times = (series.until.months - series.base.offset.months) // series.step.months
    else:
        times = (series.until.days - series.base.offset.days) // series.step.days
    return series.base.later(series.step, times)


def _plain_day(code: Code) -> str:
    return Code(code.style, Offset(code.offset.days), code.counts_from).label


def _arm_names(arms: tuple[Scalar, ...] | None, problems: Problems) -> tuple[str, ...]:
    names: dict[str, Scalar] = {}
    for arm in arms or ():
        if arm.text in names:
            problems.error(f"the arm `{arm.text}` is named twice", arm.place, "take one out")
        names.setdefault(arm.text, arm)
    return tuple(names)


def _line(text: Scalar | None) -> str | None:
    """A text for people on one line."""
    return " ".join(text.text.split()) if text is not None else None


def _texts(scalars: tuple[Scalar, ...] | None) -> tuple[str, ...]:
    return tuple(" ".join(scalar.text.split()) for scalar in scalars or ())


def _source(record: SourceRecord | Scalar | None) -> Source | None:
    if record is None:
        return None
    if isinstance(record, Scalar):
        text = _line(record)
        return Source(section=None if text == NOT_STATED.value else text)
    return Source(_line(record.registry), _line(record.section), record.updated)


def _facts(record: FactsRecord) -> Facts:
    return Facts(_source(record.source), _texts(record.assumed), _texts(record.note))
