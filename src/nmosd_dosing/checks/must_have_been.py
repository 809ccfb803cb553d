"""What must have been before an anchor: so many events, a use for so long, symptoms that are stable; the days on which it was not yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import reduce
from itertools import pairwise

from nmosd_dosing.checks.blocks import DAY, Block, Use, named, runs
from nmosd_dosing.checks.look_backs import EARLIEST, FOREVER, last_barred
from nmosd_dosing.days import Offset, shift_date
from nmosd_dosing.sentences import Sentence, either, joined, length_text, said, word
from nmosd_dosing.study.criteria import Counted, Criteria, StableFor, Times, UsedFor, plain_name
from nmosd_dosing.study.events import STABLE
from nmosd_dosing.subjects.had import Had, Past


def happened(event: str, criteria: Criteria, past: Past) -> list[Had]:
    """What a criterion counts, by day."""
    found = [had for had in past.had if had.first is not None and criteria.means(event, had.what)]
    return sorted(found, key=lambda had: (had.first or EARLIEST, had.begun or EARLIEST))


def said_of(event: str, past: Past) -> list[dt.date]:
    """The days of which somebody says that something holds, each the latest that it may be."""
    return sorted(had.begun for had in past.had if plain_name(had.what) == plain_name(event) and had.begun is not None)


def unstable(clock: StableFor, criteria: Criteria, past: Past) -> Iterable[Block]:
    """From each event on until it has been stable for long enough. Nothing is stable before it began."""
    events, stable, event = happened(clock.event, criteria, past), said_of(STABLE, past), word(clock.event)
    needs = said("the day since which the {event} symptoms are stable", event=event)
    if not events and not stable:
        unknown = said("no {event} is known, nor since when its symptoms are stable", event=event)
        yield Block(EARLIEST, FOREVER, "needs", unknown, needs)
    elif not events:
        last = last_barred(stable[-1], clock.length, strict=False)
        yield Block(EARLIEST, last, "not-until", said("stable since {date}", date=str(stable[-1])), bars=True)
    begins = [(had.first or EARLIEST, had.begun or EARLIEST) for had in events]
    for i, (had, (begin, begun)) in enumerate(zip(events, begins, strict=True)):
        ends = begins[i + 1][0] - DAY if i + 1 < len(begins) else FOREVER
        over = FOREVER if had.ongoing else max(begun, had.last or begun)
        since = max((day for day in stable if over <= day <= ends), default=None)  # nothing is stable while it goes on
        known, on = last_barred(since or begun, clock.length, strict=False), str(begun)
        why = said("{event} on {begun}: not stable before it", event=event, begun=on)
        if since is not None:
            why = said("{event} on {begun}, stable since {since}", event=event, begun=on, since=str(since))
        not_yet = said("{why}, so not yet for {length}", why=why, length=length_text(clock.length.in_words))
        yield Block(begin, min(known, ends), "not-until", not_yet, bars=True)
        if since is None and known < ends:
            unknown = said("{event} on {begun}: since when it is stable is not known", event=event, begun=on)
            yield Block(known + DAY, ends, "needs", unknown, needs)


def _or(one: Sentence, other: Sentence) -> Sentence:
    return said("{one} or {other}", one=one, other=other)


def too_few(clock: Counted, criteria: Criteria, past: Past) -> Iterable[Block]:
    """The days on which none of the counts is reached."""
    events = happened(clock.event, criteria, past)
    separate: list[Had] = []
    for had in events:
        begin, before = had.first or EARLIEST, separate[-1].begun if separate else None
        if before is None or (begin - before).days > clock.apart:
            separate.append(had)
    wanted = reduce(_or, map(_times_text, clock.any_of))
    known = said("known: {which}", which=joined(", ", (had.when for had in events))) if events else said("none is known")
    needs = said(
        "the days of more {event}s: at least {wanted}; {known}" if events else "the days of {event}s: at least {wanted}; {known}",
        event=word(clock.event), wanted=wanted, known=known,
    )  # fmt: skip
    enough = _joined([span for times in clock.any_of for span in _reached(times, separate)])
    begin = EARLIEST
    for first, last in enough:
        if begin < first:
            yield Block(begin, first - DAY, "needs", said("too few {event}s by then: {known}", event=word(clock.event), known=known), needs)
        if last == FOREVER:
            return
        begin = last + DAY
    yield Block(begin, FOREVER, "needs", said("too few {event}s: {known}", event=word(clock.event), known=known), needs)


def too_short(clock: UsedFor, criteria: Criteria, past: Past) -> Iterable[Block]:
    """The days by which nothing has been used for long enough; a use whose last day is not written has surely its first one only, and one
    of which only the month is known what it surely has."""
    uses = [
        Use(had.begun, had.last_at_earliest or had.last or (FOREVER if had.ongoing else had.begun), (had,))
        for had in past.had
        if had.begun is not None and any(criteria.means(word, had.what) for word in clock.whats)
    ]
    drugs, length = either(clock.whats, quoted=False), length_text(clock.length.in_words)
    needs = said("a use of {drugs} for more than {length}, with its first and last day", drugs=drugs, length=length)
    in_a_row = runs([use for use in uses if use.first <= use.last], lambda use: plain_name(use.had[0].what))
    reached = [run for run in in_a_row if run.last > shift_date(run.first, clock.length)]
    begin = min((shift_date(run.first, clock.length) for run in reached), default=FOREVER)
    known = said("known: {which}", which=joined(", ", (named(use) for use in uses))) if uses else said("none is known")
    yield Block(EARLIEST, begin, "needs", said("not used for more than {length} by then: {known}", length=length, known=known), needs)


def _times_text(times: Times) -> Sentence:
    words = said("{number} within {length}", number=times.number, length=length_text(times.within.in_words))
    if times.of_which is None:
        return words
    return words + said(", of which {number} within {length}", number=times.of_which[0], length=length_text(times.of_which[1].in_words))


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
    days = sorted({day for span in spans for day in (span[0], span[1] + DAY)})
    found = []
    for begin, end in pairwise(days):
        if sum(span[0] <= begin <= span[1] for span in spans) >= number:
            found.append((begin, end - DAY))
    return _joined(found)


def _joined(spans: Sequence[tuple[dt.date, dt.date]]) -> list[tuple[dt.date, dt.date]]:
    made: list[tuple[dt.date, dt.date]] = []
    for first, last in sorted(spans):
        if made and first <= made[-1][1] + DAY:
            made[-1] = (made[-1][0], max(made[-1][1], last))
        else:
            made.append((first, last))
    return made
