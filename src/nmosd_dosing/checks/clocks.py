"""One criterion against what one person had: on which days its anchor may not stand, on which nobody can say, and why.

A look-back is counted backwards from its anchor, and months counted backwards do not invert: which days a use of a drug bars is found by
trying days. What is not known bars nothing and admits nobody: a name that the file does not know, a date or an amount that is not
written, a half-life.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.blocks import DAY, Block, Use, Verdict, named, runs
from nmosd_dosing.checks.look_backs import EARLIEST, FOREVER, first_ahead, last_barred
from nmosd_dosing.checks.must_have_been import happened, said_of, too_few, too_short, unstable
from nmosd_dosing.days import Offset
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.sentences import Sentence, either, joined, many, said
from nmosd_dosing.study.criteria import Counted, Criteria, Criterion, NotWithin, StableFor, UsedFor, plain_name
from nmosd_dosing.subjects.had import Had, Past


class Clock(Struct, frozen=True):
    """A criterion reckoned for one person. `asides`: what was looked at and bars nothing, in words. `backs`: how far its look-back
    reaches. `had`: what it is about, of all that was had."""

    criterion: Criterion
    blocks: tuple[Block, ...]
    asides: tuple[Sentence, ...] = ()
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
        day = max(held) + DAY
    return day


def reckon(criterion: Criterion, criteria: Criteria, past: Past, half_lives: Mapping[str, Fraction], events: Iterable[str]) -> Clock:
    """A criterion for what a person had. `half_lives`: in days, by plain name, beside those of the file; `events`: names that are no
    drugs."""
    match criterion.clock:
        case None:
            written = [*criterion.facts.note, *criterion.facts.assumed]
            return Clock(criterion, (Block(EARLIEST, FOREVER, "person", joined("; ", written), said("a person decides")),))
        case NotWithin() as clock:
            return _NotWithin(criterion, clock, criteria, half_lives, frozenset(map(plain_name, events))).reckon(past)
        case StableFor() as stable:
            return Clock(criterion, tuple(unstable(stable, criteria, past)), backs=(stable.length,))
        case UsedFor() as used:
            return Clock(criterion, tuple(too_short(used, criteria, past)), backs=(used.length,))
        case Counted() as count:
            backs = tuple(times.within for times in count.any_of)
            had = tuple(happened(count.event, criteria, past))
            return Clock(criterion, tuple(too_few(count, criteria, past)), backs=backs, had=had)


# --- what must not have been ---------------------------------------------------------------------------------------------


class _NotWithin(Struct, frozen=True):
    criterion: Criterion
    clock: NotWithin
    criteria: Criteria
    half_lives: Mapping[str, Fraction]
    events: frozenset[str]

    def reckon(self, past: Past) -> Clock:
        clock = self.clock
        if not past.told:
            what = said("what was had: {whats}", whats=either(clock.whats, quoted=False))
            unknown = Block(EARLIEST, FOREVER, "needs", said("nothing is known of what was had"), what)
            return Clock(self.criterion, (unknown,), backs=self._backs(()))
        uses: list[Use] = []
        asides: list[Sentence] = []
        for had in past.had:
            held = () if plain_name(had.what) in self.events else self.criteria.held_in(had.what)
            for name in held:
                if any(self.criteria.means(word, name) for word in clock.whats):
                    asides.append(said("`{what}` is taken as {name}", what=had.what, name=name))
                self._look_at(replace(had, what=name), uses, asides)
            if not held:
                self._look_at(had, uses, asides)
        if clock.above is not None:
            uses = self._above(uses, asides)
        sure = runs([use for use in uses if not use.doubt], self._apart)
        doubtful = [run for run in runs(uses, self._apart) if run.doubt]
        blocks = [block for run in sure for block in self._bars(run, past, asides)]
        blocks += [block for run in doubtful for block in self._doubts(run)]
        names = dict.fromkeys(had.what for use in uses for had in use.had)
        asides += [self._in_days(name) for name in names if self._half_lives(name) is not None]
        looked_at = dict.fromkeys(had for use in uses for had in use.had)
        return Clock(self.criterion, tuple(blocks), tuple(dict.fromkeys(asides)), self._backs(tuple(names)), tuple(looked_at))

    def _in_days(self, name: str) -> Sentence:
        number, each = self.clock.reach.half_lives, self.half_lives[plain_name(name)]
        hours = said("{each} hour" if each * 24 == 1 else "{each} hours", each=number_text(each * 24))
        half = said("{each} days", each=number_text(each)) if each > 1 else hours
        lives, days = many(number, "half-life"), many(math.ceil(number * each), "day")
        return said("{half_lives} of {name}, {half} each: {days}", half_lives=lives, name=name, half=half, days=days)

    def _look_at(self, had: Had, uses: list[Use], asides: list[Sentence]) -> None:
        """What one row of the history may mean here."""
        clock = self.clock
        doubt: list[tuple[Verdict, str]] = []
        if not any(self.criteria.means(word, had.what) for word in clock.whats):
            if self.criteria.knows(had.what) or plain_name(had.what) in self.events:
                return
            near = said("; {question}", question=question) if (question := self.criteria.near(had.what)) is not None else ""
            what, all_of = had.what, either(clock.whats)
            meant = said("whether `{what}` is meant by {whats}: no kind of this file has it{near}", what=what, whats=all_of, near=near)
            doubt.append(("person", meant))
        if clock.unless is not None and clock.unless.purpose and had.purpose:
            if self.criteria.means(clock.unless.purpose, had.purpose):
                asides.append(said("{what} ({when}) is excepted: it was for {purpose}", what=had.what, when=had.when, purpose=had.purpose))
                return
            if plain_name(clock.unless.purpose) in plain_name(had.purpose):
                doubt.append(("person", said("whether `{purpose}` is {excepted}", purpose=had.purpose, excepted=clock.unless.purpose)))
        if clock.above is not None and had.daily_mg is None:
            doubt.append(("needs", said("how much {what} a day, in mg", what=had.what)))
        elif clock.above is not None and not self._compares(had):
            most, mine, what, of = number_text(Fraction(clock.above)), number_text(Fraction(had.daily_mg or 0)), had.what, clock.of
            more = said("whether {amount} mg of {what} a day are more than {most} mg of {drug}", amount=mine, what=what, most=most, drug=of)
            doubt.append(("person", more))
        first = had.first if had.first is not None else EARLIEST
        if had.last is None and not had.ongoing:
            if had.first is not None:
                uses.append(Use(first, first, (had,), tuple(doubt)))
            uses.append(Use(first, FOREVER, (had,), (*doubt, ("needs", said("the last day of {what}", what=had.what)))))
            return
        uses.append(Use(first, had.last if had.last is not None else FOREVER, (had,), tuple(doubt)))

    def _compares(self, had: Had) -> bool:
        """Whether an amount is one of the drug in which the criterion states its own."""
        return self.criteria.means(self.clock.of, had.what)

    def _above(self, uses: Sequence[Use], asides: list[Sentence]) -> list[Use]:
        """The times during which all that was used together came to more than so much a day; of which it is not known as they are."""
        most = self.clock.above
        assert most is not None
        dosed = [(use, daily) for use in uses if (daily := use.had[0].daily_mg) is not None and self._compares(use.had[0])]
        found = [use for use in uses if use.had[0].daily_mg is None or not self._compares(use.had[0])]
        for doubts in (False, True):
            some = [(use, daily) for use, daily in dosed if doubts or not use.doubt]
            edges = sorted({day for use, _ in some for day in (use.first, *([use.last + DAY] if use.last != FOREVER else []))})
            for begin, after in pairwise([*edges, FOREVER]):
                together = {id(use.had[0]): (use, daily) for use, daily in some if use.first <= begin <= use.last}  # each row by itself
                doubt = tuple(dict.fromkeys(each for use, _ in together.values() for each in use.doubt))
                if sum(daily for _, daily in together.values()) > most and bool(doubt) == doubts:
                    rows = tuple(use.had[0] for use, _ in together.values())
                    found.append(Use(begin, after - DAY if after != FOREVER else FOREVER, rows, doubt))
        counted_in, limit = {had for use in found for had in use.had}, number_text(Fraction(most))
        for use, daily in dosed:
            if use.had[0] not in counted_in:
                amount = number_text(Fraction(daily))
                asides.append(said("{used} was {amount} mg a day, not above {most} mg", used=named(use), amount=amount, most=limit))
        return found

    @property
    def _apart(self) -> Callable[[Use], str] | None:
        """Uses that follow each other are one where a number of days in a row matters: of all drugs together, or of each by itself."""
        if self.clock.longer_than:
            return lambda use: ""
        if self.clock.unless is not None and self.clock.unless.days:
            return lambda use: plain_name(use.had[0].what)
        return None

    def _bars(self, run: Use, past: Past, asides: list[Sentence]) -> Iterable[Block]:
        clock, unless = self.clock, self.clock.unless
        used = named(run)
        in_it = said("{used} are in it" if len(run.had) > 1 else "{used} is in it", used=used)
        ended = all(had.ongoing or had.last is not None for had in run.had)
        if run.days <= clock.longer_than:
            in_a_row = said("{used}: {days} in a row, not more than {most}", used=used, days=many(run.days, "day"), most=clock.longer_than)
            asides += [in_a_row] if ended else []
            return
        if unless is not None and run.days <= unless.days:
            days = many(run.days, "day")
            in_one_go = said("{used} is excepted: {days} in one go, not more than {most}", used=used, days=days, most=unless.days)
            asides += [in_one_go] if ended else []
            return
        first, last, to_ask = self._days(run)
        if to_ask:
            unknown = said("the half-life of {drugs}", drugs=joined(", ", to_ask))
            open_to = FOREVER
            if clock.reach.length is not None and not clock.reach.longer:
                open_to = last_barred(run.last, clock.reach.length, strict=clock.strict)
            yield Block(first, open_to, "needs", said("{used} may be in it; to be known: {what}", used=used, what=unknown), unknown)
        if last is None:
            return
        if unless is not None and unless.event:
            lifted = next((day for day in said_of(unless.event, past) if day >= run.last), None)
            if lifted is not None:
                on, event = str(lifted), unless.event
                asides.append(said("{used} is excepted from {date} on: `{event}` is said of that day", used=used, date=on, event=event))
                last = min(last, lifted - DAY)
                if last < first:
                    return
            else:
                why = said("{in_it}, unless `{event}`: a person says so, with its day", in_it=in_it, event=unless.event)
                yield Block(first, last, "person", why, said("whether `{event}`, and its day", event=unless.event), bars=True)
                return
        yield Block(first, last, "not-until", in_it, bars=True)

    def _doubts(self, run: Use) -> Iterable[Block]:
        """As far as a use would bar if it were what it may be, somebody has to say whether it is."""
        clock = self.clock
        if run.days <= clock.longer_than or (clock.unless is not None and run.days <= clock.unless.days):
            return
        first, last, to_ask = self._days(run)
        verdict: Verdict = "person" if any(by == "person" for by, _ in run.doubt) else "needs"
        words = joined("; ", dict.fromkeys(words for by, words in run.doubt if by == verdict))
        if last is None or to_ask:
            length = clock.reach.length if to_ask and not clock.reach.longer else None
            last = last_barred(run.last, length, strict=clock.strict) if length is not None else FOREVER
        yield Block(first, last, verdict, said("{used} may be in it; to be known: {what}", used=named(run), what=words), words)

    def _days(self, run: Use) -> tuple[dt.date, dt.date | None, list[str]]:
        """The first and the last anchor that a use bars, as far as half-lives are known (else no last one), and of what they are not."""
        clock = self.clock
        first = run.first if run.first == EARLIEST or not clock.longer_than else run.first + clock.longer_than * DAY
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
