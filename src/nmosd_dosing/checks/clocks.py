"""One criterion against what one person had: on which days its anchor may not stand, on which nobody can say, and why.

A look-back is counted backwards from its anchor, and months counted backwards do not invert: which days a use of a drug bars is found by
trying days. What is not known bars nothing and admits nobody: a name that the file does not know, a date or an amount that is not
written, a half-life.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from nmosd_dosing.checks.look_backs import EARLIEST, FOREVER, first_ahead, last_barred
from nmosd_dosing.days import Offset, shift_date
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import counted, one_of
from nmosd_dosing.study.criteria import Counted, Criteria, Criterion, NotWithin, StableFor, Times, UsedFor, plain_name
from nmosd_dosing.study.events import STABLE
from nmosd_dosing.subjects.had import Had, Past
from nmosd_dosing.values import dataclass

Verdict = Literal["admissible", "not-until", "needs", "person"]
_DAY = dt.timedelta(1)


@dataclass(frozen=True, slots=True)
class Block:
    """Days on which the anchor cannot stand, or nobody can say whether it may; both included. `bars`: it cannot, as far as is known."""

    first: dt.date
    last: dt.date
    verdict: Verdict
    why: str
    needs: str = ""
    bars: bool = False

    def holds(self, day: dt.date) -> bool:
        return self.first <= day <= self.last


@dataclass(frozen=True, slots=True)
class Clock:
    """A criterion reckoned for one person. `asides`: what was looked at and bars nothing, in words. `backs`: how far its look-back
    reaches. `had`: what it is about, of all that was had."""

    criterion: Criterion
    blocks: tuple[Block, ...]
    asides: tuple[str, ...] = ()
    backs: tuple[Offset, ...] = ()
    had: tuple[Had, ...] = ()

    def on(self, anchor: dt.date) -> Verdict:
        """The verdict for a day on which the anchor stands."""
        found = [block.verdict for block in self.blocks_on(anchor)]
        order: tuple[Verdict, ...] = ("not-until", "needs", "person")
        return next((verdict for verdict in order if verdict in found), "admissible")

    def blocks_on(self, anchor: dt.date) -> list[Block]:
        return [block for block in self.blocks if block.holds(anchor)]

    def bars(self, anchor: dt.date) -> bool:
        """Whether the anchor cannot stand on a day."""
        return any(block.bars for block in self.blocks_on(anchor))

    def free_from(self, day: dt.date) -> dt.date | None:
        """The first day on or after a day that nothing bars; None where there is none."""
        return first_free((self,), day)


def first_free(clocks: Iterable[Clock], day: dt.date) -> dt.date | None:
    """The first day on or after a day that none of some clocks bars; None where there is none."""
    bars = [block for clock in clocks for block in clock.blocks if block.bars]
    while held := [block.last for block in bars if block.holds(day)]:
        if max(held) == FOREVER:
            return None
        day = max(held) + _DAY
    return day


def reckon(criterion: Criterion, criteria: Criteria, past: Past, half_lives: Mapping[str, Fraction], events: Iterable[str]) -> Clock:
    """A criterion for what a person had. `half_lives`: in days, by plain name, beside those of the file; `events`: names that are no
    drugs."""
    match criterion.clock:
        case None:
            said = [*criterion.facts.note, *criterion.facts.assumed]
            return Clock(criterion, (Block(EARLIEST, FOREVER, "person", "; ".join(said), "a person decides"),))
        case NotWithin() as clock:
            return _NotWithin(criterion, clock, criteria, half_lives, frozenset(map(plain_name, events))).reckon(past)
        case StableFor() as stable:
            return Clock(criterion, tuple(_unstable(stable, criteria, past)), backs=(stable.length,))
        case UsedFor() as used:
            return Clock(criterion, tuple(_too_short(used, criteria, past)), backs=(used.length,))
        case Counted() as count:
            backs = tuple(back for times in count.any_of for back in (times.within,))
            had = tuple(_happened(count.event, criteria, past))
            return Clock(criterion, tuple(_too_few(count, criteria, past)), backs=backs, had=had)


# --- what must not have been ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Use:
    """A time of use that may bar; `doubt`: what is not known of it, and who could say."""

    first: dt.date
    last: dt.date
    had: tuple[Had, ...]
    doubt: tuple[tuple[Verdict, str], ...] = ()

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class _NotWithin:
    criterion: Criterion
    clock: NotWithin
    criteria: Criteria
    half_lives: Mapping[str, Fraction]
    events: frozenset[str]

    def reckon(self, past: Past) -> Clock:
        clock = self.clock
        if not past.told:
            what = f"what was had: {one_of(clock.whats).replace('`', '')}"
            return Clock(
                self.criterion, (Block(EARLIEST, FOREVER, "needs", "nothing is known of what was had", what),), (), self._backs(())
            )
        uses: list[_Use] = []
        asides: list[str] = []
        for had in past.had:
            held = () if plain_name(had.what) in self.events else self.criteria.held_in(had.what)
            for name in held:
                if any(self.criteria.means(word, name) for word in clock.whats):
                    asides.append(f"`{had.what}` is taken as {name}")
                self._look_at(replace(had, what=name), uses, asides)
            if not held:
                self._look_at(had, uses, asides)
        if clock.above is not None:
            uses = self._above(uses, asides)
        sure = _runs([use for use in uses if not use.doubt], self._apart)
        doubtful = [run for run in _runs(uses, self._apart) if run.doubt]
        blocks = [block for run in sure for block in self._bars(run, past, asides)]
        blocks += [block for run in doubtful for block in self._doubts(run)]
        names = dict.fromkeys(had.what for use in uses for had in use.had)
        asides += [self._in_days(name) for name in names if self._half_lives(name) is not None]
        looked_at = dict.fromkeys(had for use in uses for had in use.had)
        return Clock(self.criterion, tuple(blocks), tuple(dict.fromkeys(asides)), self._backs(tuple(names)), tuple(looked_at))

    def _in_days(self, name: str) -> str:
        number, each = self.clock.reach.half_lives, self.half_lives[plain_name(name)]
        half = f"{number_text(each)} days" if each >= 1 else f"{number_text(each * 24)} hours"
        return f"{number} half-lives of {name}, {half} each, are {counted(math.ceil(number * each), 'day')}"

    def _look_at(self, had: Had, uses: list[_Use], asides: list[str]) -> None:
        """What one row of the history may mean here."""
        clock = self.clock
        doubt: list[tuple[Verdict, str]] = []
        if not any(self.criteria.means(word, had.what) for word in clock.whats):
            if self.criteria.knows(had.what) or plain_name(had.what) in self.events:
                return
            near = f"; {question}" if (question := self.criteria.near(had.what)) is not None else ""
            doubt.append(("person", f"whether `{had.what}` is meant by {one_of(clock.whats)}: no kind of this file has it{near}"))
        if clock.unless is not None and clock.unless.purpose and had.purpose:
            if self.criteria.means(clock.unless.purpose, had.purpose):
                asides.append(f"{had.what} ({had.when}) is excepted: it was for {had.purpose}")
                return
            if plain_name(clock.unless.purpose) in plain_name(had.purpose):
                doubt.append(("person", f"whether `{had.purpose}` is {clock.unless.purpose}"))
        if clock.above is not None and had.daily_mg is None:
            doubt.append(("needs", f"how much {had.what} a day, in mg"))
        elif clock.above is not None and not self._compares(had):
            of = f"{number_text(Fraction(clock.above))} mg of {clock.of}"
            doubt.append(("person", f"whether {number_text(Fraction(had.daily_mg or 0))} mg of {had.what} a day are more than {of}"))
        first = had.first if had.first is not None else EARLIEST
        if had.last is None and not had.ongoing:
            if had.first is not None:
                uses.append(_Use(first, first, (had,), tuple(doubt)))
            uses.append(_Use(first, FOREVER, (had,), (*doubt, ("needs", f"the last day of {had.what}"))))
            return
        uses.append(_Use(first, had.last if had.last is not None else FOREVER, (had,), tuple(doubt)))

    def _compares(self, had: Had) -> bool:
        """Whether an amount is one of the drug in which the criterion states its own."""
        return self.criteria.means(self.clock.of, had.what)

    def _above(self, uses: Sequence[_Use], asides: list[str]) -> list[_Use]:
        """The times during which all that was used together came to more than so much a day; of which it is not known as they are."""
        most = self.clock.above
        assert most is not None
        dosed = [(use, daily) for use in uses if (daily := use.had[0].daily_mg) is not None and self._compares(use.had[0])]
        found = [use for use in uses if use.had[0].daily_mg is None or not self._compares(use.had[0])]
        for doubts in (False, True):
            some = [(use, daily) for use, daily in dosed if doubts or not use.doubt]
            edges = sorted({day for use, _ in some for day in (use.first, *([use.last + _DAY] if use.last != FOREVER else []))})
            for begin, after in pairwise([*edges, FOREVER]):
                together = {id(use.had[0]): (use, daily) for use, daily in some if use.first <= begin <= use.last}  # each row by itself
                doubt = tuple(dict.fromkeys(each for use, _ in together.values() for each in use.doubt))
                if sum(daily for _, daily in together.values()) > most and bool(doubt) == doubts:
                    rows = tuple(use.had[0] for use, _ in together.values())
                    found.append(_Use(begin, after - _DAY if after != FOREVER else FOREVER, rows, doubt))
        counted_in = {had for use in found for had in use.had}
        for use, daily in dosed:
            if use.had[0] not in counted_in:
                asides.append(f"{_named(use)} was {number_text(Fraction(daily))} mg a day, not above {number_text(Fraction(most))} mg")
        return found

    @property
    def _apart(self) -> Callable[[_Use], str] | None:
        """Uses that follow each other are one where a number of days in a row matters: of all drugs together, or of each by itself."""
        if self.clock.longer_than:
            return lambda use: ""
        if self.clock.unless is not None and self.clock.unless.days:
            return lambda use: plain_name(use.had[0].what)
        return None

    def _bars(self, run: _Use, past: Past, asides: list[str]) -> Iterable[Block]:
        clock, unless = self.clock, self.clock.unless
        named = _named(run)
        ended = all(had.ongoing or had.last is not None for had in run.had)
        if run.days <= clock.longer_than:
            asides += [f"{named}: {counted(run.days, 'day')} in a row, not more than {clock.longer_than}"] if ended else []
            return
        if unless is not None and run.days <= unless.days:
            asides += [f"{named} is excepted: {counted(run.days, 'day')} in one go, not more than {unless.days}"] if ended else []
            return
        first, last, to_ask = self._days(run)
        if to_ask:
            unknown = f"the half-life of {', '.join(to_ask)}"
            open_to = FOREVER
            if clock.reach.length is not None and not clock.reach.longer:
                open_to = last_barred(run.last, clock.reach.length, strict=clock.strict)
            yield Block(first, open_to, "needs", f"{named} may be in it; to be known: {unknown}", unknown)
        if last is None:
            return
        if unless is not None and unless.event:
            lifted = next((day for day in _said(unless.event, past) if day >= run.last), None)
            if lifted is not None:
                asides.append(f"{named} is excepted from {lifted} on: `{unless.event}` is said of that day")
                last = min(last, lifted - _DAY)
                if last < first:
                    return
            else:
                why = f"{named} {'are' if len(run.had) > 1 else 'is'} in it, unless `{unless.event}`: a person says so, with its day"
                yield Block(first, last, "person", why, f"whether `{unless.event}`, and its day", bars=True)
                return
        yield Block(first, last, "not-until", f"{named} {'are' if len(run.had) > 1 else 'is'} in it", bars=True)

    def _doubts(self, run: _Use) -> Iterable[Block]:
        """As far as a use would bar if it were what it may be, somebody has to say whether it is."""
        clock = self.clock
        if run.days <= clock.longer_than or (clock.unless is not None and run.days <= clock.unless.days):
            return
        first, last, to_ask = self._days(run)
        verdict: Verdict = "person" if any(by == "person" for by, _ in run.doubt) else "needs"
        words = "; ".join(dict.fromkeys(words for by, words in run.doubt if by == verdict))
        if last is None or to_ask:
            length = clock.reach.length if to_ask and not clock.reach.longer else None
            last = last_barred(run.last, length, strict=clock.strict) if length is not None else FOREVER
        yield Block(first, last, verdict, f"{_named(run)} may be in it; to be known: {words}", words)

    def _days(self, run: _Use) -> tuple[dt.date, dt.date | None, list[str]]:
        """The first and the last anchor that a use bars, as far as half-lives are known (else no last one), and of what they are not."""
        clock = self.clock
        first = run.first if run.first == EARLIEST or not clock.longer_than else run.first + clock.longer_than * _DAY
        if clock.side == "after":
            assert clock.reach.length is not None
            return first_ahead(run.first, clock.reach.length), run.last, []
        lasts, to_ask = [], []
        for name in dict.fromkeys(had.what for had in run.had):
            length = [clock.reach.length] if clock.reach.length is not None else []
            back = self._half_lives(name)
            if clock.reach.half_lives and back is None:
                to_ask.append(name)
                if length and clock.reach.longer:
                    lasts.append(last_barred(run.last, length[0], strict=clock.strict))
                continue
            found = [last_barred(run.last, each, strict=clock.strict) for each in [*length, *([back] if back is not None else [])]]
            lasts.append(max(found) if clock.reach.longer else min(found))
        last = max(lasts, default=None)
        return first, (last if last is None or last >= first else None), to_ask

    def _half_lives(self, name: str) -> Offset | None:
        """So many half-lives of a drug as whole days, rounded up; None where its half-life is not known."""
        number, days = self.clock.reach.half_lives, self.half_lives.get(plain_name(name))
        return Offset(math.ceil(number * days)) if number and days is not None else None

    def _backs(self, names: Sequence[str]) -> tuple[Offset, ...]:
        """How far the look-back reaches, for what was had; as the file says it where nothing was."""
        reach = self.clock.reach
        halves = [back for name in names if (back := self._half_lives(name)) is not None]
        if reach.length is None:
            return tuple(halves)
        if halves and reach.half_lives and not reach.longer:
            return (*halves, reach.length)
        return (reach.length, *halves)


def _runs(uses: Sequence[_Use], key: Callable[[_Use], str] | None) -> list[_Use]:
    """Uses that follow each other without a day between them as one, where that matters."""
    if key is None:
        return list(uses)
    made: dict[str, list[_Use]] = {}
    for use in sorted(uses, key=lambda use: (use.first, use.last)):
        runs = made.setdefault(key(use), [])
        if runs and (runs[-1].last == FOREVER or use.first <= runs[-1].last + _DAY):
            before = runs[-1]
            had, doubt = tuple(dict.fromkeys((*before.had, *use.had))), tuple(dict.fromkeys((*before.doubt, *use.doubt)))
            runs[-1] = replace(before, last=max(before.last, use.last), had=had, doubt=doubt)
        else:
            runs.append(use)
    return [run for runs in made.values() for run in runs]


def _named(run: _Use) -> str:
    return ", ".join(f"{had.what} ({had.when})" for had in run.had)


# --- what must have been -------------------------------------------------------------------------------------------------


def _happened(event: str, criteria: Criteria, past: Past) -> list[Had]:
    """What a criterion counts, by day."""
    found = [had for had in past.had if had.first is not None and criteria.means(event, had.what)]
    return sorted(found, key=lambda had: (had.first or EARLIEST, had.begun or EARLIEST))


def _said(event: str, past: Past) -> list[dt.date]:
    """The days of which somebody says that something holds, each the latest that it may be."""
    return sorted(had.begun for had in past.had if plain_name(had.what) == plain_name(event) and had.begun is not None)


def _unstable(clock: StableFor, criteria: Criteria, past: Past) -> Iterable[Block]:
    """From each event on until it has been stable for long enough. Nothing is stable before it began."""
    events, stable = _happened(clock.event, criteria, past), _said(STABLE, past)
    needs = f"the day since which the {clock.event} symptoms are stable"
    if not events:
        if not stable:
            yield Block(EARLIEST, FOREVER, "needs", f"no {clock.event} is known, nor since when its symptoms are stable", needs)
        else:
            yield Block(EARLIEST, last_barred(stable[-1], clock.length, strict=False), "not-until", f"stable since {stable[-1]}", bars=True)
        return
    begins = [(had.first or EARLIEST, had.begun or EARLIEST) for had in events]
    for i, (had, (begin, begun)) in enumerate(zip(events, begins, strict=True)):
        ends = begins[i + 1][0] - _DAY if i + 1 < len(begins) else FOREVER
        over = FOREVER if had.ongoing else max(begun, had.last or begun)
        since = max((day for day in stable if over <= day <= ends), default=None)  # nothing is stable while it goes on
        known = last_barred(since or begun, clock.length, strict=False)
        why = f"{clock.event} on {begun}, stable since {since}" if since is not None else f"{clock.event} on {begun}: not stable before it"
        yield Block(begin, min(known, ends), "not-until", f"{why}, so not yet for {clock.length.in_words}", bars=True)
        if since is None and known < ends:
            yield Block(known + _DAY, ends, "needs", f"{clock.event} on {begun}: since when it is stable is not known", needs)


def _too_few(clock: Counted, criteria: Criteria, past: Past) -> Iterable[Block]:
    """The days on which none of the counts is reached."""
    events = _happened(clock.event, criteria, past)
    separate: list[Had] = []
    for had in events:
        begin, before = had.first or EARLIEST, separate[-1].begun if separate else None
        if before is None or (begin - before).days > clock.apart:
            separate.append(had)
    wanted = " or ".join(_times_text(times) for times in clock.any_of)
    known = f"known: {', '.join(had.when for had in events)}" if events else "none is known"
    needs = f"the days of {'more ' if events else ''}{clock.event}s: at least {wanted}; {known}"
    enough = _joined([span for times in clock.any_of for span in _reached(times, separate)])
    begin = EARLIEST
    for first, last in enough:
        if begin < first:
            yield Block(begin, first - _DAY, "needs", f"too few {clock.event}s by then: {known}", needs)
        if last == FOREVER:
            return
        begin = last + _DAY
    yield Block(begin, FOREVER, "needs", f"too few {clock.event}s: {known}", needs)


def _too_short(clock: UsedFor, criteria: Criteria, past: Past) -> Iterable[Block]:
    """The days by which nothing has been used for long enough; a use whose last day is not written has surely its first one only."""
    uses = [
        _Use(had.begun, had.last if had.last is not None else FOREVER if had.ongoing else had.begun, (had,))
        for had in past.had
        if had.begun is not None and any(criteria.means(word, had.what) for word in clock.whats)
    ]
    needs = f"a use of {one_of(clock.whats).replace('`', '')} for more than {clock.length.in_words}, with its first and last day"
    runs = _runs([use for use in uses if use.first <= use.last], lambda use: plain_name(use.had[0].what))
    reached = [run for run in runs if run.last > shift_date(run.first, clock.length)]
    begin = min((shift_date(run.first, clock.length) for run in reached), default=FOREVER)
    known = f"known: {', '.join(_named(use) for use in uses)}" if uses else "none is known"
    yield Block(EARLIEST, begin, "needs", f"not used for more than {clock.length.in_words} by then: {known}", needs)


def _times_text(times: Times) -> str:
    of_which = f", of which {times.of_which[0]} within {times.of_which[1].in_words}" if times.of_which is not None else ""
    return f"{times.number} within {times.within.in_words}{of_which}"


def _reached(times: Times, events: Sequence[Had]) -> list[tuple[dt.date, dt.date]]:
    """The anchors within whose look-back so many events lie, each surely: from its last possible day to its first one."""
    found = _at_least(times.number, times.within, events)
    if times.of_which is None:
        return found
    recent = _at_least(*times.of_which, events)
    return [(max(a, c), min(b, d)) for a, b in found for c, d in recent if max(a, c) <= min(b, d)]


def _at_least(number: int, within: Offset, events: Sequence[Had]) -> list[tuple[dt.date, dt.date]]:
    """While so many events are in the look-back: that many in a row, from the last of them to the day on which the first falls out."""
    spans = [(had.begun, last_barred(had.first, within)) for had in events if had.first is not None and had.begun is not None]
    days = sorted({day for span in spans for day in (span[0], span[1] + _DAY)})
    found = []
    for begin, end in pairwise(days):
        if sum(span[0] <= begin <= span[1] for span in spans) >= number:
            found.append((begin, end - _DAY))
    return _joined(found)


def _joined(spans: Sequence[tuple[dt.date, dt.date]]) -> list[tuple[dt.date, dt.date]]:
    made: list[tuple[dt.date, dt.date]] = []
    for first, last in sorted(spans):
        if made and first <= made[-1][1] + _DAY:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return made
