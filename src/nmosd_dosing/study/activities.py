"""The schedule of activities of a period, as a protocol prints it: a column for each visit, a row for each dose and assessment.

It is made of the visits that the core plans, masked as they are: of a blinded dose nobody sees whose it is. A repeat without an end has
one column, in the file's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.days import Offset, day_number, week_code
from nmosd_dosing.dose.dose import Dose, Levels
from nmosd_dosing.errors import Problems
from nmosd_dosing.sentences import Sentence, joined, length_text, said, word
from nmosd_dosing.study.blinding import mask
from nmosd_dosing.study.events import before_or_after
from nmosd_dosing.study.facts import NOT_STATED, Facts
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.nominal_times import times_text
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Cycle, Give, Point, Series, VisitRule, Window
from nmosd_dosing.study.visits import lay_out, offset_of

MARK = "X"
SILENT = NOT_STATED.value
_BEYOND = 31  # days by which months differ

Kind = Literal["dose", "assessment"]
Noted = Callable[[Sequence[str]], str]


class Column(Struct, frozen=True):
    """A visit, or all visits of a repeat without an end (`repeat`, in words).

    `day`, `week`: of the period, empty where they hang on the calendar or on an event. `notes`: the letters of its footnotes.
    """

    label: str
    name: str
    day: str
    week: str
    window: str
    notes: str
    repeat: str = ""


class Activity(Struct, frozen=True):
    """A dose or an assessment, and at which of the columns it is. `what`: the product, as a reader may see it, or the assessment."""

    kind: Kind
    what: str
    name: str
    at: tuple[bool, ...]
    notes: str

    @property
    def title(self) -> str:
        return self.name + f" ({self.notes})" if self.notes else self.name


class Activities(Struct, frozen=True):
    """The schedule of one period. `notes`: the letters that stand beside its title; `footnotes`: each letter with its text."""

    period: Period
    columns: tuple[Column, ...]
    rows: tuple[Activity, ...]
    notes: str
    footnotes: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        return self.period.title + (f" ({self.notes})" if self.notes else "")


def activities(study: Study, periods: Sequence[Period]) -> tuple[Activities, ...]:
    """The schedule of activities of each period; a footnote has one letter in all of them."""
    letters: dict[str, str] = {}
    return tuple(_of_period(study, period, letters) for period in periods)


def _of_period(study: Study, period: Period, letters: dict[str, str]) -> Activities:
    found = sorted([*_with_a_day_of_their_own(study, period), *_repeats(study, period)], key=lambda column: column.order)
    mine = dict[str, str]()

    def noted(texts: Sequence[str]) -> str:
        own = {text: letters.setdefault(text, _letter(len(letters))) for text in texts}
        mine.update(own)
        return ", ".join(own.values())

    notes = noted([*_facts(study.facts), *_facts(period.facts)])
    columns = tuple(_column(study, period, visit, noted) for visit in found)
    marks: dict[tuple[Kind, str, str], set[int]] = {}
    about: dict[tuple[Kind, str], list[str]] = {}
    at_times: dict[str, dict[str, list[str]]] = {}
    for number, column in enumerate(found):
        for give in column.visit.gives:
            for name, more in _doses(study, period, give):
                marks.setdefault(("dose", give.shown, name), set()).add(number)
                about.setdefault(("dose", name), []).extend(more)
        for assessment in column.visit.assessments:
            name = _for_some(joined("", [assessment.name]), period, assessment.arms)
            marks.setdefault(("assessment", assessment.name, name), set()).add(number)
            if times := _times(column.visit, assessment.name):
                at_times.setdefault(name, {}).setdefault(times, []).append(columns[number].label)
    for (kind, _, name), at in marks.items():
        if kind == "assessment":
            about[kind, name] = [
                times if len(labels) == len(at) else said("{visits}: {times}", visits=", ".join(labels), times=times)
                for times, labels in at_times.get(name, {}).items()
            ]
    rows = [
        Activity(kind, what, name, tuple(number in at for number in range(len(found))), noted(about.get((kind, name), [])))
        for (kind, what, name), at in sorted(marks.items(), key=lambda row: row[0][0] != "dose")
    ]
    return Activities(period, columns, tuple(rows), notes, tuple((letter, text) for text, letter in mine.items()))


def heading_rows(grid: Activities) -> list[tuple[Sentence, tuple[str, ...]]]:
    """What is said of each visit, by row: label, name, day, week, window, letters of footnotes. Rows that would say nothing are left out,
    and weeks that are the labels."""
    rows = [
        (said("Visit"), tuple(column.label for column in grid.columns)),
        (said("Name"), tuple(column.name for column in grid.columns)),
        (said("Day"), tuple(column.day for column in grid.columns)),
        (said("Week"), tuple(column.week for column in grid.columns)),
        (said("Window"), tuple(column.window for column in grid.columns)),
        (said("Notes"), tuple(column.notes for column in grid.columns)),
    ]
    labels = rows[0][1]
    return [(name, cells) for name, cells in rows if name == "Visit" or (any(cells) and cells != labels)]


def title_of_grids(study: Study) -> Sentence:
    """`MIL62 in AQP4-IgG-positive NMOSD: schedule of activities (NCT05314010, …)`."""
    title, source = study.title, study.source.text
    if source == SILENT:
        return said("{study}: schedule of activities", study=title)
    return said("{study}: schedule of activities ({source})", study=title, source=source)


def dose_words(give: Give, dose: Dose | None) -> Sentence:
    """What is given, in the file's words: `X 500 mg over 60 min`, `X placebo (0 of the active drug)`."""
    if dose is None:
        return said("no {product}", product=give.product)
    words = joined("", [dose.rule or ""])
    if dose.kind in ("placebo", SILENT):
        words = said("placebo (0 of the active drug)") if dose.kind == "placebo" else said("dose not stated")
        words += f" {dose.rule.removeprefix('placebo').strip()}".rstrip() if dose.rule else ""
    if dose.kind == "masked":
        words = said("(masked) as needed") if dose.as_needed else said("(masked)")
    words = words + f" ({dose.step})" if dose.step else words
    if dose.levels is not None and dose.levels.names:
        words = said("{dose}, level {level}", dose=words, level=dose.levels.names[dose.levels.start])
    name = give.shown if dose.kind == "masked" else give.product
    words = joined("", (f"{name} ", words))
    words = said("{dose} over {n} min", dose=words, n=dose.minutes) if dose.minutes else words
    return words + f", {dose.lead.text}" if dose.lead else words


def levels_text(levels: Levels) -> Sentence:
    """`levels 0 (10 mg/kg), -1 (7.5 mg/kg); one down with each dose_reduced`: of a masked dose without amounts."""
    stated = [dose.rule if dose.kind == "stated" else SILENT if dose.kind == SILENT else None for dose in levels.doses]
    names = [f"{name} ({words})" if words else name for name, words in zip(levels.names, stated if levels.names else (), strict=True)]
    parts = [said("levels {levels}", levels=", ".join(names))] if names else []
    parts += [said("everybody begins at {level}", level=levels.names[levels.start])] if levels.start else []
    parts += [said("one down with each {event}", event=_or(levels.down))] if levels.down else []
    parts += [said("one up with each {event}", event=_or(levels.up))] if levels.up else []
    parts += [said("the next dose is omitted after {event}", event=_or(levels.omit))] if levels.omit else []
    parts += [said("none from {event} until {end}", event=_or(levels.held), end=_or(levels.resumed))] if levels.held else []
    return joined("; ", parts)


def _or(events: Sequence[str]) -> Sentence:
    return joined(" or ", (f"`{event}`" for event in events))


# --- columns ------------------------------------------------------------------------------------------------------------


class _Found(Struct, frozen=True):
    """A visit of a column; `label` and `day` in place of its own where it stands for all of a repeat."""

    visit: Visit
    order: tuple[tuple[int, str], float, float]
    label: str = ""
    day: str = ""


def _with_a_day_of_their_own(study: Study, period: Period) -> Iterator[_Found]:
    """The visits that do not all come from repeats without an end."""
    for visit in mask(study, lay_out(period, 0, Problems())):
        if not visit.open_ended:
            day = visit.offset.nominal if visit.offset is not None else float("inf")
            yield _Found(visit, (before_or_after(visit.hangs_on), day, 0))


def _repeats(study: Study, period: Period) -> Iterator[_Found]:
    """The first visit of each repeat without an end, for all of them; entries with the same repeat have one."""
    rules: dict[tuple[object, ...], list[tuple[VisitRule, Point | Series]]] = {}
    for entry in period.visit_rules:
        for item in entry.at:
            if isinstance(item, Series) and item.open_ended:
                rules.setdefault((item.base.hangs_on, item.base.offset, item.step, item.follows), []).append((entry, item))
            elif isinstance(item, Point) and entry.cycle is not None and entry.cycle.count is None:
                rules.setdefault((entry.cycle, item.code.offset, item.last and item.last.offset), []).append((entry, item))
    labels = [_words(*items[0]) for items in rules.values()]
    for items, label in zip(rules.values(), labels, strict=True):
        entry, item = items[0]
        base = item.base if isinstance(item, Series) else item.code
        step = item.step if isinstance(item, Series) else _cycle(entry).step
        alone = replace(period, visit_rules=tuple(replace(other, at=(its,)) for other, its in items))
        visits = lay_out(alone, (base.offset + step).range[1] + _BEYOND, Problems())
        first = next(visit for visit in mask(study, visits) if visit.open_ended)
        day = day_number(base.offset.days, study.counts_from) if not base.hangs_on and not base.offset.months else None
        after = said("after {day}", day=str(day)) if day is not None and isinstance(item, Series) else ""
        label = said("{repeat}, from {day}", repeat=label, day=base.label) if labels.count(label) > 1 else label
        begins = base.offset if isinstance(item, Series) else offset_of(first)  # later cycles stand behind the first one
        yield _Found(first, (before_or_after(base.hangs_on), begins.nominal, step.nominal), label, after)


def _words(entry: VisitRule, item: Point | Series) -> Sentence:
    """A repeat without an end as a file says it."""
    if isinstance(item, Series):
        return said("then every {length}", length=length_text(item.step.in_words))
    days = said("{first} to {last}", first=item.code.label, last=item.last.label) if item.last is not None else item.code.label
    name = f" {_cycle(entry).name}" if _cycle(entry).name else ""
    every = length_text(_cycle(entry).step.in_words)
    return said("{days} of each later cycle{name}, every {length}", days=days, name=name, length=every)


def _cycle(entry: VisitRule) -> Cycle:
    assert entry.cycle is not None
    return entry.cycle


def _column(study: Study, period: Period, found: _Found, noted: Noted) -> Column:
    visit = found.visit
    texts = [*visit.said.note, *(said("assumed: {text}", text=text) for text in visit.said.assumed)]
    if visit.follows is not None:
        day, step = visit.follows.day, visit.follows.step
        on_it = visit.offset == Offset(day.days, day.months, then=step.days)  # `D15 + 2 weeks` has the day in its name
        if on_it:
            texts.append(said("counted from the actual day of that visit, where one is recorded"))
        else:
            by_dose = visit.follows.by == "dose"
            texts.append(
                said("counted from the actual dose before it, where one is recorded")
                if by_dose
                else said("counted from the actual visit before it, where one is recorded")
            )
    if len(visit.arms) < len(period.arms):
        texts.append(said("only arm {arms}", arms=_arms(period, visit.arms)))
    texts += [said("window stated by {origin}", origin=w.origin) for w in visit.windows if w is not None and w.origin is not None]
    name = visit.said.name or ""
    return Column(
        label=found.label or visit.label, name=name if name != visit.label else "", day=found.day if found.label else _days(study, visit),
        week="" if found.label else _weeks(visit), window=_window(period, visit), notes=noted(texts), repeat=found.label,
    )  # fmt: skip


def _days(study: Study, visit: Visit) -> str:
    """The day of the period, as the file counts; `not stated` where the source states none."""
    if visit.offset is None:
        return said("not stated")
    ends = [end for end in (visit.offset, visit.last) if end is not None]
    if visit.hangs_on or any(end.months or end.then for end in ends):
        return ""
    return joined(" to ", (str(day_number(end.days, study.counts_from)) for end in ends))


def _weeks(visit: Visit) -> str:
    if visit.offset is None or visit.hangs_on or visit.offset.months or visit.offset.then:
        return ""
    return week_code(visit.offset.days) or ""


def _window(period: Period, visit: Visit) -> str:
    """The days that the file allows around a visit; of each arm, where they differ."""
    texts = [_text(visit, window) for window in visit.windows]
    if len(set(texts)) == 1:
        return texts[0]
    return joined("; ", (said("{arm}: {window}", arm=arm, window=text) for arm, text in zip(period.arms, texts, strict=True)))


def _text(visit: Visit, window: Window | None) -> str:
    if window is None:
        return said("not stated")
    return said("the range itself") if visit.last is not None and window == Window(0, 0) else word(window.text)


# --- rows ---------------------------------------------------------------------------------------------------------------


def _doses(study: Study, period: Period, give: Give) -> Iterator[tuple[str, list[str]]]:
    """The doses of a product at a visit as rows, with their footnotes: one where all arms get the same, else one for each dose."""
    notes = _facts(study.product(give.product).facts)
    doses = list(dict.fromkeys(dose for dose in give.doses if dose is not None))
    for dose in doses:
        arms = [arm for arm, theirs in enumerate(give.doses) if theirs == dose]
        changes = [(event, others[arm]) for event, others in give.changes for arm in arms]
        changed = [(event, other) for event, other in dict.fromkeys(changes) if other is not None]
        later = [said("once {event}: {dose}", event=word(event), dose=dose_words(give, other)) for event, other in changed]
        later += [said("{what}: {levels}", what=give.shown, levels=levels_text(dose.levels))] if dose.levels is not None else []
        words = dose_words(give, dose)
        yield words if len(arms) == len(give.doses) else _for_some(words, period, arms), [*notes, *later]


def _times(visit: Visit, name: str) -> str:
    """When something is examined, where it has times of its own; products as a reader may see them."""
    times = [point.time for point in visit.time_points if point.name == name]
    return times_text(times, {give.product: give.shown for give in visit.gives})


def _for_some(what: Sentence, period: Period, arms: Sequence[int]) -> Sentence:
    """Something with for whom it is, where it is not for all."""
    return what if len(arms) >= len(period.arms) else said("{what}, only arm {arms}", what=what, arms=_arms(period, arms))


def _arms(period: Period, arms: Sequence[int]) -> Sentence:
    return joined(" or ", (period.arms[arm] for arm in arms))


def _facts(facts: Facts) -> list[str]:
    return [*facts.note, *(said("assumed: {text}", text=text) for text in facts.assumed)]


def _letter(number: int) -> str:
    """`a` to `z`, then `aa`."""
    return (_letter(number // 26 - 1) if number >= 26 else "") + chr(ord("a") + number % 26)
