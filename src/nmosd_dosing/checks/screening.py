"""Who may be screened, and when day 1 may be: every criterion with its look-back and what holds it back, and the earliest days of both.

Nobody is called fit here: a criterion that dates decide is `admissible` on a day, or not until another one; what dates do not decide is
for a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.blocks import Verdict
from nmosd_dosing.checks.clocks import Clock, first_free, reckon
from nmosd_dosing.checks.look_backs import EARLIEST, FOREVER, look_back
from nmosd_dosing.days import Offset, shift_date
from nmosd_dosing.sentences import Sentence, joined, said
from nmosd_dosing.study.criteria import READINGS, Anchor, Counted, Criterion, NotWithin, StableFor, UsedFor, plain_name
from nmosd_dosing.study.events import BEFORE_DAY_1, CONSENTED, RANDOMISED, SCREENED
from nmosd_dosing.study.model import Mark, Period, Span, Study
from nmosd_dosing.subjects.had import Had, Past
from nmosd_dosing.subjects.subject import Event

_DAY = dt.timedelta(1)
_MOST_TRIES = 40_000  # days: more than a hundred years
NOUNS: Mapping[Anchor, Sentence] = {
    "screening": said("screening"), "consent": said("consent"), "randomisation": said("randomisation"), "first dose": said("day 1"),
    "last dose": said("the last dose"),
}  # fmt: skip


class Days(Struct, frozen=True):
    """The days of a person before and on day 1, as far as they are known."""

    screening: dt.date | None = None
    day_1: dt.date | None = None
    consent: dt.date | None = None
    randomisation: dt.date | None = None

    @classmethod
    def of(cls, events: Iterable[Event], day_1: dt.date | None) -> Days:
        """Those of a person: of events, and day 1."""
        on = {event.name: event.date for event in events if event.name in BEFORE_DAY_1}
        return cls(on.get(SCREENED), day_1, on.get(CONSENTED), on.get(RANDOMISED))

    def of_anchor(self, anchor: Anchor | None) -> dt.date | None:
        """The day on which an anchor stands, None where it is not known."""
        on: Mapping[Anchor | None, dt.date | None] = {
            "screening": self.screening, "first dose": self.day_1, "consent": self.consent, "randomisation": self.randomisation,
        }  # fmt: skip
        return on.get(anchor)


class Answer(Struct, frozen=True):
    """A criterion on its day. `first`, `last`: of the look-back; `last_admissible`: the day before it, None where something is to be there.

    `until`: the first day on which the anchor may stand, as far as is known; None where nothing bars it, or where there is none.
    `undated`: the day that has to be known first, in words; None where it is. `asks`: what else somebody has to say.
    """

    criterion: Criterion
    anchor: Anchor | None
    verdict: Verdict
    asks: tuple[str, ...]
    steps: tuple[Sentence, ...]
    anchor_date: dt.date | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    last_admissible: dt.date | None = None
    until: dt.date | None = None
    undated: str | None = None

    @property
    def id(self) -> str:
        return self.criterion.id

    @property
    def text(self) -> str:
        return self.criterion.text

    @property
    def needs(self) -> Sentence | None:
        """All that has to be known, in a phrase; None where nothing has."""
        return joined("; ", (*((said("the date of {what}", what=self.undated),) if self.undated is not None else ()), *self.asks)) or None


class Earliest(Struct, frozen=True):
    """The earliest screening and day 1 that go together, from the days that were asked for on; None where there are none.

    held: which criteria bar the day before, of screening and of day 1. open: those that somebody has to answer on these days.
    unknown: what was had and no criterion knows, with a question where a name is near: none of it is reckoned in.
    """

    screening: dt.date | None
    day_1: dt.date | None
    screening_held_by: tuple[str, ...] = ()
    day_1_held_by: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    steps: tuple[Sentence, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def held_by(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.day_1_held_by, *self.screening_held_by)))


class Screening(Struct, frozen=True):
    """What dates say of one person's criteria."""

    answers: tuple[Answer, ...]
    earliest: Earliest
    readings: tuple[Sentence, ...]


class Screened(Struct, frozen=True):
    """Somebody of whom was asked, and what was found."""

    code: str | None
    site: str | None
    days: Days
    found: Screening


class Tied(Struct, frozen=True):
    """How screening and day 1 go together: from the day 1 to the first and the last day of screening; None where it is not stated."""

    first: Offset | None = None
    last: Offset = Offset()
    text: str = ""

    def of(self, day_1: dt.date) -> tuple[dt.date, dt.date]:
        """The first and the last day on which screening may be for a day 1."""
        return (shift_date(day_1, self.first) if self.first is not None else EARLIEST), shift_date(day_1, self.last)


def tied(study: Study, period: Period | None) -> Tied:
    """As the span `screening` of a period, or of the study, ties them."""
    spans: Sequence[Span] = (*(period.spans if period is not None else ()), *study.spans)
    span = next((span for span in spans if span.id == "screening"), None)
    if span is None:
        return Tied()
    text = said("screening is from {first} to {last}", first=_text(span.start), last=_text(span.end))
    return Tied(_offset(span.start), _offset(span.end) or Offset(), text)


def _offset(mark: Mark | None) -> Offset | None:
    if mark is None or mark.of == "last dose":
        return None
    return mark.plus if mark.code is None else mark.code.offset + mark.plus


def _text(mark: Mark | None) -> str:
    return mark.text if mark is not None else said("a day that is not stated")


class Clocks(Struct, frozen=True):
    """All criteria of who begins with a period, reckoned for one person."""

    clocks: tuple[Clock, ...]
    past: Past
    tie: Tied
    randomised_on_day_1: bool
    unknown: tuple[str, ...] = ()

    def at(self, anchor: Anchor) -> tuple[Clock, ...]:
        """Those that are counted from an anchor."""
        return tuple(clock for clock in self.clocks if self._anchor(clock) == anchor)

    def against(self, day_1: dt.date, screening: dt.date | None = None) -> tuple[tuple[str, str], ...]:
        """What bars a day 1: ids of criteria, each with why. Without a day of screening those that bar all days on which it may be."""
        found = [(clock, day_1) for clock in self.at("first dose") if clock.bars(day_1)]
        if screening is not None:
            found += [(clock, screening) for clock in self.at("screening") if clock.bars(screening)]
        elif self.screening_for(day_1) is None:
            last = self.tie.of(day_1)[1]
            blocked = [(clock, last) for clock in self.at("screening") if clock.blocks]
            found += [(clock, day) for clock, day in blocked if clock.bars(day)] or blocked
        why = ((clock, [block.why for block in clock.blocks_on(day) if block.bars]) for clock, day in found)
        return tuple((clock.criterion.id, joined("; ", words) or said("barred")) for clock, words in why)

    def screening_for(self, day_1: dt.date, not_before: dt.date | None = None) -> dt.date | None:
        """The first day of screening that goes with a day 1, and that nothing bars."""
        first, last = self.tie.of(day_1)
        first = max(first, not_before) if not_before is not None else first
        if first == EARLIEST:
            first = min(self.past.latest or last, last)
        found = first_free(self.at("screening"), first)
        return found if found is not None and found <= last else None

    def earliest(self, days: Days) -> Earliest:
        """The earliest pair, from the days that are known on; else from the latest day that the history speaks of. None without a history:
        no day is better than one that hangs on nothing. With it, what was had and is not reckoned in."""
        if not self.past.told and any(isinstance(clock.criterion.clock, NotWithin) for clock in self.clocks):
            return self._none(days, said("what was had is not known"))
        no_screening = days.screening or (None if days.day_1 is not None else self.past.latest)
        begin = days.day_1 or no_screening
        if begin is None:
            return self._none(days, said("no day is known to count from"))
        day: dt.date | None = self._possible(begin, no_screening)
        tries = 0
        while day is not None and tries < _MOST_TRIES:
            if (free := first_free(self.at("first dose"), day)) is None:
                break
            day = free
            screening = self.screening_for(day, no_screening)
            if screening is not None:
                return self._found(days, begin, no_screening, screening, day)
            day, tries = day + _DAY if day < dt.date.max else None, tries + 1
        never = [
            c.criterion.id for c in (*self.at("first dose"), *self.at("screening")) if any(b.bars and b.last == FOREVER for b in c.blocks)
        ]
        return self._none(days, said("there is no such day"), never)

    def _none(self, days: Days, why: Sentence, held_by: Sequence[str] = ()) -> Earliest:
        return Earliest(None, None, (), tuple(held_by), self._open(days, None, None), (why,), self.unknown)

    def _possible(self, day: dt.date, no_screening: dt.date | None) -> dt.date:
        """The first day 1 for which screening need not be too early."""
        while no_screening is not None and self.tie.of(day)[1] < no_screening:
            day += _DAY
        return day

    def _found(self, days: Days, begin: dt.date, no_screening: dt.date | None, screening: dt.date, day_1: dt.date) -> Earliest:
        held, steps = list[str](), list[Sentence]()
        first, _ = self.tie.of(day_1)
        if (before := day_1 - _DAY) >= self._possible(begin, no_screening):
            held = [clock.criterion.id for clock in self.at("first dose") if clock.bars(before)]
            if not held:
                last = self.tie.of(before)[1]
                held = [clock.criterion.id for clock in self.at("screening") if clock.bars(last)]
        elif day_1 > begin:
            tie = self.tie.text or said("screening is not after day 1")
            steps.append(said("{tie}, so day 1 is not before {date}", tie=tie, date=str(day_1)))
        by_screening = [clock.criterion.id for clock in self.at("screening") if clock.bars(screening - _DAY)]
        if screening == first and not by_screening:
            steps.append(said("{tie}, so that for this day 1 it is not before {date}", tie=self.tie.text, date=str(first)))
            if days.screening is not None and screening > days.screening:
                steps.append(said("a screening on {date} would be too early for it", date=str(days.screening)))
        for clock, eve in [*((c, day_1 - _DAY) for c in self.at("first dose")), *((c, screening - _DAY) for c in self.at("screening"))]:
            for block in clock.blocks_on(eve) if clock.criterion.id in (*held, *by_screening) else ():
                if block.bars and block.verdict == "person":
                    id, needs = clock.criterion.id, block.needs
                    steps.append(said("{criterion} may hold nothing back: a person says {needs}", criterion=id, needs=needs))
        if self.tie.first is None:
            steps.append(said("how long screening takes is not stated"))
        open = self._open(days, screening, day_1)
        return Earliest(screening, day_1, tuple(by_screening), tuple(held), open, tuple(steps), self.unknown)

    def _open(self, days: Days, screening: dt.date | None, day_1: dt.date | None) -> tuple[str, ...]:
        """The criteria that somebody has to answer on these days."""
        then = replace(days, screening=screening, day_1=day_1)
        on = [(clock, then.of_anchor(self._anchor(clock))) for clock in self.clocks]
        return tuple(c.criterion.id for c, day in on if (c.blocks if day is None else c.on(day) != "admissible"))

    def _anchor(self, clock: Clock) -> Anchor | None:
        """The day from which a criterion is counted; randomisation is day 1 where the file says so."""
        if (made := clock.criterion.clock) is None:
            return None
        return "first dose" if made.anchor == "randomisation" and self.randomised_on_day_1 else made.anchor

    def answer(self, clock: Clock, days: Days) -> Answer:
        """One criterion for the days that are known."""
        criterion, made, anchor = clock.criterion, clock.criterion.clock, self._anchor(clock)
        day = days.of_anchor(anchor)
        if made is None:
            return Answer(criterion, None, "person", (said("a person decides"),), tuple(block.why for block in clock.blocks))
        if day is None:
            whole = all(block.first == EARLIEST and block.last == FOREVER and block.verdict == "needs" for block in clock.blocks)
            undated = NOUNS[anchor or made.anchor] if clock.blocks or not isinstance(made, NotWithin) else None
            asks = tuple(block.needs for block in clock.blocks) if whole else ()
            verdict: Verdict = "needs" if undated is not None or asks else "admissible"
            latest, steps = self.past.latest, tuple(_steps(clock, None, None, None))
            until = clock.free_from(latest) if latest is not None and clock.bars(latest) else None
            return Answer(criterion, made.anchor, verdict, asks, steps, until=until, undated=undated)
        first, last = _look_back(clock, day)
        passed = first - _DAY if isinstance(made, NotWithin) and first is not None else None
        verdict, held = clock.on(day), clock.blocks_on(day)
        asks = tuple(dict.fromkeys(block.needs for block in held if block.needs))
        until = clock.free_from(day) if clock.bars(day) else None
        steps = tuple(_steps(clock, day, first, last))
        return Answer(criterion, made.anchor, verdict, asks, steps, day, first, last, passed, until)


def _look_back(clock: Clock, day: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day of a look-back; the first one is that of the longest, or of the shorter where the shorter counts."""
    made = clock.criterion.clock
    if isinstance(made, NotWithin) and made.side == "after":
        assert made.reach.length is not None
        return day, shift_date(day, made.reach.length)
    if not clock.backs:
        return None, day
    firsts = [look_back(day, back) for back in clock.backs]
    shorter = isinstance(made, NotWithin) and not made.reach.longer
    first = max(firsts) if shorter else min(firsts)
    if isinstance(made, NotWithin) and not made.strict:
        first += _DAY
    return first, day


def _steps(clock: Clock, day: dt.date | None, first: dt.date | None, last: dt.date | None) -> list[Sentence]:
    """How a verdict came about."""
    made, steps, held = clock.criterion.clock, list[Sentence](), clock.blocks if day is None else clock.blocks_on(day)
    if made is not None and day is not None and last is not None:
        on = said("{anchor}, {date}", anchor=NOUNS[made.anchor], date=str(day))
        match made:
            case NotWithin() if first is None:
                steps.append(said("how many days {length} are hangs on what was had, up to {anchor}", length=made.reach.text, anchor=on))
            case NotWithin(side="after"):
                steps.append(said("looked at from {anchor}, to {date}, both included", anchor=on, date=str(last)))
            case NotWithin():
                steps.append(said("looked back from {anchor}, to {date}, both included", anchor=on, date=str(first)))
            case StableFor() if first is not None:
                steps.append(said("for {anchor}, stable since {date} at the latest", anchor=on, date=str(first)))
            case UsedFor() if first is not None:
                steps.append(said("for {anchor}, begun before {date}", anchor=on, date=str(first)))
            case Counted():
                since = [(times.number, str(look_back(day, times.within))) for times in made.any_of]
                parts = [said("{number} from {date} on", number=number, date=date) for number, date in since]
                steps.append(said("counted up to {anchor}: {which}", anchor=on, which=joined(" or ", parts)))
    for block in held if day is not None or not isinstance(made, Counted) else ():
        steps.append(block.why)
        if block.bars and block.last != FOREVER:
            steps.append(said("so not before {date}", date=str(block.last + _DAY)))
    match made:
        case NotWithin() if day is not None and first is not None and last is not None:
            beside = [(had, where) for had in clock.had if (where := _beside(had, first, last)) is not None]
            steps += [said("{what} ({when}) is {where}", what=had.what, when=had.when, where=where) for had, where in beside]
            if not clock.had and not held and not clock.asides:
                steps.append(said("nothing of it is named"))
        case Counted() if clock.had and (day is None or not held):
            steps.append(said("known: {which}", which=joined(", ", (had.when for had in clock.had))))
    return [*steps, *clock.asides]


def _beside(had: Had, first: dt.date, last: dt.date) -> Sentence | None:
    """Where something lies that is surely not in a look-back."""
    if had.last is not None and had.last < first:
        return said("before it")
    return said("after it") if had.first is not None and had.first > last else None


def clocks_of(study: Study, period: Period | None, past: Past, half_lives: Mapping[str, Fraction] | None = None) -> Clocks:
    """The criteria of who begins with a period (None: with the study's first), reckoned for what a person had.

    `half_lives`: in days, by name, beside those of the file; they go before them.
    """
    first = period if period is not None else study.periods[0] if study.periods else None
    known = {plain_name(half.drug): half.days for half in study.criteria.half_lives}
    known |= {plain_name(name): days for name, days in (half_lives or {}).items()}
    criteria = study.criteria.of(first.id if first is not None else "")
    made = tuple(reckon(criterion, study.criteria, past, known, study.subject_events) for criterion in criteria)
    unknown = _unknown(study, past) if any(isinstance(criterion.clock, NotWithin) for criterion in criteria) else ()
    return Clocks(made, past, tied(study, first), study.criteria.randomised_on_day_1 is not None, unknown)


def _unknown(study: Study, past: Past) -> tuple[str, ...]:
    """What was had and no criterion knows, each name once: ``MabThera``, ``rituximabe`: did you mean `rituximab`?``."""
    criteria, events = study.criteria, {plain_name(event) for event in study.subject_events}
    names = dict.fromkeys(had.what for had in past.had if plain_name(had.what) not in events)
    strange = [name for name in names if not criteria.knows(name) and not criteria.held_in(name)]
    return tuple(f"`{name}`{f' ({question})' if (question := criteria.near(name)) else ''}" for name in strange)


def screen(clocks: Clocks, days: Days) -> Screening:
    """Every criterion on its day, the earliest pair of screening and day 1, and how all of it is read."""
    answers = tuple(clocks.answer(clock, days) for clock in clocks.clocks)
    return Screening(answers, clocks.earliest(days), _readings(clocks))


def _readings(clocks: Clocks) -> tuple[Sentence, ...]:
    """The readings on which an answer hangs."""
    found = {"ends"}
    for clock in clocks.clocks:
        made = clock.criterion.clock
        lengths: list[Offset] = []
        match made:
            case NotWithin():
                lengths = [made.reach.length] if made.reach.length is not None else []
                found |= {"last day", "complete"}
                found |= {"half-lives"} if made.reach.half_lives else set()
                found |= {"more than"} if " than " in clock.criterion.text or "since" in clock.criterion.text else set()
                found |= {"daily"} if made.above is not None else set()
                found |= {"in a row"} if made.longer_than or (made.unless is not None and made.unless.days) else set()
            case StableFor() | UsedFor():
                lengths, found = [made.length], found | {"more than"}
            case Counted():
                lengths = [times.within for times in made.any_of]
            case None:
                pass
        found |= {"months"} if any(length.months for length in lengths) else set()
    if any(had.as_written for had in clocks.past.had):
        found.add("partial")
    return tuple(words for name, words in READINGS.items() if name in found)
