"""Criteria that dates decide, as a study file says them: `no live vaccine within 4 weeks before screening`; and half-lives.

A word that is not understood is refused where the reading stops: a criterion that is read in part would let somebody pass.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, clip, counted, did_you_mean
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.lengths import LENGTH, NOT_STATED_TEXT, NUMBERS, Scanner, take_length, to_number
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.criteria import Anchor, Clock, Counted, NotWithin, Reach, Side, StableFor, Times, Unless, UsedFor
from nmosd_dosing.study.facts import NOT_STATED, NotStated

_NAME = r"[^,]*?[^,\s]"
_NAMES = rf"{_NAME}(?:\s*,\s*{_NAME})*"
_DAILY = rf"[0-9]+(?:\.[0-9]+)?\s*mg(?:\s+{_NAME})?\s+daily"
_DRUG = rf"(?!(?:a|per)\s+day\b|(?:within|for|before)\b){_NAME}"
_HALF_LIVES = r"[0-9]+\s+half-(?:life|lives)"
_REACH = (
    rf"(?:{LENGTH}|{_HALF_LIVES}|(?:{LENGTH}\s+or\s+{_HALF_LIVES}|{_HALF_LIVES}\s+or\s+{LENGTH}),?\s*whichever\s+is\s+(?:longer|shorter),?)"
)
_ANCHOR = r"(?:screening|consent|randomisation|D[01]|first\s+dose|last\s+dose)"
_UNLESS = r"(?:,?\s*unless\s+(?:used\s+for\s+[0-9]+\s+days?\s+or\s+less\s+in\s+one\s+go|for\s+[^,]+|[a-z][a-z0-9_]*))"
_TIMES = rf"at\s+least\s+[0-9]+\b[^,]*?\s*within\s+{LENGTH}(?:\s+before\s+{_ANCHOR})?(?:\s+of\s+which\s+[0-9]+\s+within\s+{LENGTH})?"
CLOCK_PATTERN = (
    rf"^\s*(?:{NOT_STATED_TEXT}"
    rf"|no\s+{_NAMES}(?:\s+above\s+{_DAILY})?(?:\s+for\s+more\s+than\s+{LENGTH})?\s+within\s+{_REACH}\s+(?:before|after)\s+{_ANCHOR}{_UNLESS}?"
    rf"|(?:more\s+than|at\s+least)\s+{_REACH}\s+since\s+{_NAMES}\s+before\s+{_ANCHOR}{_UNLESS}?"
    rf"|{_NAME}\s+stable\s+for\s+at\s+least\s+{LENGTH}\s+before\s+{_ANCHOR}"
    rf"|{_NAMES}\s+used\s+for\s+more\s+than\s+{LENGTH}\s+before\s+{_ANCHOR}"
    rf"|{_NAMES}\s+at\s+most\s+{_DAILY}\s+within\s+{LENGTH}\s+before\s+{_ANCHOR}{_UNLESS}?"
    rf"|{_TIMES}(?:,\s*or\s+{_TIMES})*)\s*$"
)
HALF_LIFE_PATTERN = r"^\s*[0-9]+(?:\.[0-9]+)?\s*(?:hours?|h|days?|d|weeks?|w)\s*$"
RANDOMISED_PATTERN = r"^\s*(?:D[01]|first dose)\s*$"

_ANCHORS: dict[str, Anchor] = {
    "screening": "screening", "consent": "consent", "randomisation": "randomisation",
    "D1": "first dose", "D0": "first dose", "first dose": "first dose", "last dose": "last dose",
}  # fmt: skip
_HOURS = {"h": Fraction(1, 24), "d": Fraction(1), "w": Fraction(7)}
_FORMS = (
    "write for example `no live vaccine within 4 weeks before screening`, `more than 5 half-lives since azathioprine before D1`, "
    "`relapse symptoms stable for at least 4 weeks before randomisation`, "
    "`glucocorticoid at most 20 mg prednisone daily within 14 days before D1` "
    "or `at least 2 relapses within 2 years before screening`"
)
_NO_NAME = re.compile(
    r"\b(?:and|any|before|after|since|unless|above|below|within|during|than|least|most|last|except|not|for [0-9]+|[0-9]+ (?:mg|times))\b"
)
MOST_DAYS = 3660
_MOST = 1000


class ClockText(Struct, frozen=True):
    """A criterion as the file says it. `first_dose`: `D1` or `D0`, where it was written so. `daily`: where an amount a day
    stands, and whether it names its drug."""

    clock: Clock
    text: str
    place: Place
    names: tuple[tuple[str, Place], ...] = ()
    first_dose: tuple[str, Place] | None = None
    event: tuple[str, Place] | None = None
    daily: Place | None = None
    names_drug: bool = False


def clock(node: Scalar) -> ClockText | NotStated:
    """A criterion that a date decides; or `not stated`, where the source is not clear enough to reckon."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    if re.match(r"[A-Z][a-z]+ ", node.text.strip()):  # a criterion may begin like a sentence, and is understood without its capital
        return _without_capital(node)
    return _Reader(node).read()


def _without_capital(node: Scalar) -> ClockText:
    """Reads a criterion that begins with a capital, where that is one of a name; else raises PhraseError, with the small letter."""
    try:
        return _Reader(node).read()
    except PhraseError as error:
        text = node.text.strip()
        small = f"{text[0].lower()}{text[1:]}"
        try:
            _Reader(Scalar(small, node.place)).read()
        except PhraseError:
            raise error from None
        wrong = f"expected a criterion, found `{clip(text)}`: it begins with a small letter"
        raise PhraseError(wrong, node.place, f"write `{clip(small, 200)}`") from None


class _Words(Scanner):
    """Reads words with any space between them."""

    def take(self, pattern: str) -> re.Match[str] | None:
        return super().take(pattern.replace(" ", r"\s+"))


class _Reader:
    """Reads one criterion, and keeps the places of its names."""

    def __init__(self, node: Scalar) -> None:
        self.node, self.scan = node, _Words(node)
        self.names: list[tuple[str, Place]] = []
        self.beside: dict[str, Any] = {}  # what else the text holds, by the names of `ClockText`

    def read(self) -> ClockText:
        scan = self.scan
        if scan.take(r"no\b"):
            found: Clock = self._none()
        elif match := scan.take(r"(more than|at least)\b"):
            strict = match[1].startswith("more")
            if word := scan.take(rf"({'|'.join(NUMBERS)})\b(?=\s+(?!\s|half))"):
                number = NUMBERS[word[1]]
                raise PhraseError(f"expected a number, found `{word[1]}`", scan.since(word.start(1)), f"write `{match[1]} {number}`")
            counts = scan.take(r"(?=[0-9]+\s+(?!\s|(?:days?|d|weeks?|w|months?|mo|years?|y)\b|half-li))") is not None
            if counts and strict:
                scan.expected(
                    "a length or half-lives behind `more than`", "events are counted with `at least`: `at least 2 relapses within 2 years`"
                )
            found = self._counted() if counts else self._since(strict)
        else:
            found = self._something()
        scan.end(hint=_end_hint(found))
        return ClockText(found, self.node.flat, self.node.place, tuple(self.names), **self.beside)

    # --- the forms ---------------------------------------------------------------------------------------------------------

    def _none(self) -> NotWithin:
        whats = self._whats(r"above\b|for more than\b|within\b", "what there must not be, as in `no live vaccine within 4 weeks before D1`")
        above, of = self._daily(whats) if self.scan.take(r"above\b") else (None, "")
        longer_than = self._days("`21 days`") if self.scan.take(r"for more than\b") else 0
        self.scan.need(r"within\b", "`within` and a length", "write for example `within 6 months before D1`")
        reach = self._reach()
        side = self._side()
        if side == "after" and reach.half_lives:
            wrong = "half-lives after an anchor: nothing has been given by then"
            raise PhraseError(wrong, self.node.place, "write a length, as in `8 weeks`")
        return NotWithin(whats, reach, self._anchor(side), side, above, of, longer_than, self._unless())

    def _since(self, strict: bool) -> NotWithin:
        reach = self._reach()
        self.scan.need(r"since\b", "`since` and what", "write for example `more than 5 half-lives since azathioprine before D1`")
        whats = self._whats(r"before\b", "since what, as in `since azathioprine`")
        return NotWithin(whats, reach, self._before(), strict=strict, unless=self._unless())

    def _something(self) -> NotWithin | StableFor | UsedFor:
        whats = self._whats(r"stable\b|used for\b|at most\b", "a criterion", _FORMS)
        if self.scan.take(r"used for\b"):
            self.scan.need(
                r"more than\b",
                "`more than` and a length",
                "write for example `immunosuppressant used for more than 1 year before screening`",
            )
            return UsedFor(whats, self._length(), self._before())
        if self.scan.take(r"stable\b"):
            if len(whats) > 1:
                raise PhraseError("several things are stable here", self.names[1][1], "write a criterion for each")
            self.scan.need(
                r"for at least\b",
                "`for at least` and a length",
                "write for example `relapse symptoms stable for at least 4 weeks before D1`",
            )
            length = self._length()
            event = re.sub(r"\s+symptoms?$", "", whats[0])
            self.names[-1] = event, self.names[-1][1]
            return StableFor(event, length, self._before())
        self.scan.take(r"at most\b")
        above, of = self._daily(whats)
        self.scan.need(r"within\b", "`within` and a length", "write for example `within 14 days before D1`")
        length = self._length()
        return NotWithin(whats, Reach(length), self._before(), above=above, of=of, unless=self._unless())

    def _counted(self) -> Counted:
        event, anchor, apart = "", None, 0
        any_of: list[Times] = []
        while True:
            number = self._number()
            if match := self.scan.take(r"(?!within\b|more than\b)([^,]*?[^,\s])(?=\s+(?:within|more than)\b)"):
                place = self.scan.since(match.start())
                word = " ".join(match[1].split())
                word = re.sub(r"s$", "", word) if number > 1 or event else word
                if event and word != re.sub(r"s$", "", event):
                    raise PhraseError(f"`{clip(word)}` and `{clip(event)}` are counted here", place, "write a criterion for each")
                if not event:
                    event = word
                    self.names.append((word, place))
            elif not event:
                self.scan.expected("what is counted", "write for example `at least 2 relapses within 2 years before screening`")
            if self.scan.take(r"more than\b"):
                apart = self._days("`30 days`")
                self.scan.need(r"apart\b", "`apart`", "write for example `at least 2 relapses more than 30 days apart within 2 years`")
            self.scan.need(r"within\b", "`within` and a length", "write for example `within 2 years before screening`")
            within, of_which = self._length(), None
            anchor = self._same_anchor(anchor)
            if self.scan.take(r"of which\b"):
                some = self._number()
                self.scan.need(r"within\b", "`within` and a length", "write for example `of which 1 within 12 months`")
                of_which = some, self._length()
                anchor = self._same_anchor(anchor)
                if of_which[0] > number or of_which[1].nominal >= within.nominal:
                    raise PhraseError("`of which` is of fewer, within a shorter time", self.node.place, "write the longer time first")
            any_of.append(Times(number, within, of_which))
            if not self.scan.take(r",?\s*or\b"):
                break
            self.scan.need(r"at least\b", "`at least` and a number", "write for example `or at least 1 within 1 year`")
        if anchor is None:
            self.scan.expected("`before` and an anchor", "write for example `before screening`")
        return Counted(event, tuple(any_of), anchor, apart)

    # --- their parts -------------------------------------------------------------------------------------------------------

    def _whats(self, stop: str, what: str, hint: str | None = None) -> tuple[str, ...]:
        """Names between commas and `or`, up to one of some words."""
        scan = self.scan
        begin = scan.skip()
        end = re.compile(rf"\s(?:{stop})".replace(" ", r"\s+")).search(scan.text, begin)
        if end is None or not scan.text[begin : end.start()].strip(" ,"):
            scan.expected(what, hint or _FORMS)
        found = []
        for match in re.finditer(r"(?:(?!\s+or\s|,).)+", scan.text[begin : end.start()], re.S):
            lead = re.match(r"\s*(?:or\s+)?", match[0])
            text = match[0][lead.end() if lead else 0 :].strip()
            if text:
                at = begin + match.start() + match[0].index(text)
                place = self.node.part(at, at + len(text))
                if odd := _NO_NAME.search(text):
                    hint = "between names stands a comma, or `or`" if odd[0] == "and" else _FORMS
                    hint = f"write `above {odd[0]} daily` behind the names" if odd[0].endswith("mg") else hint
                    raise PhraseError(f"`{odd[0]}` is not read here, within a name", self.node.part(at + odd.start(), at + odd.end()), hint)
                self.names.append((" ".join(text.split()), place))
                found.append(" ".join(text.split()))
        scan.at = end.start()
        return tuple(found)

    def _daily(self, whats: Sequence[str]) -> tuple[Decimal, str]:
        """So much a day, and of which drug: the one that is named, else the one that the criterion is about, if it is one."""
        match = self.scan.take(rf"([0-9]+(?:\.[0-9]+)?)\s*mg\b(?:\s+({_DRUG}))?\s+daily\b")
        if not match:
            found, _ = self.scan.next_words()
            day = r"\s*(?:/\s*d(?:ay)?|\b(?:a|per)\s+day)\b"
            near = re.match(rf"([0-9]+(?:\.[0-9]+)?)\s*mg\b(?:\s+({_DRUG}))?{day}", found) or re.match(
                r"([0-9]+(?:\.[0-9]+)?)\s*mg()\b", found
            )
            drug = f" {' '.join(near[2].split())}" if near and near[2] else ""
            self.scan.expected("an amount a day such as `20 mg prednisone daily`", f"write `{near[1]} mg{drug} daily`" if near else None)
        self.beside |= {"daily": self.scan.since(match.start()), "names_drug": match[2] is not None}
        if match[2]:
            return Decimal(match[1]), " ".join(match[2].split())
        return Decimal(match[1]), whats[0] if len(whats) == 1 else ""

    def _days(self, example: str) -> int:
        start = self.scan.skip()
        length = self._length()
        place = self.scan.since(start)
        if length.months:
            raise PhraseError("days in a row are counted in days or weeks", place, f"write for example {example}")
        return length.days

    def _length(self) -> Offset:
        start = self.scan.skip()
        length = take_length(self.scan, "a length such as `6 months`")
        if length == Offset() or length.nominal > 100 * 366:
            wrong = f"`{clip(length.in_words)}` is no length to look back"
            raise PhraseError(wrong, self.scan.since(start), "write for example `6 months`")
        return length

    def _number(self) -> int:
        start = self.scan.skip()
        match = self.scan.need(r"([0-9]+)\b", "a number", "write it in digits, as in `at least 2 relapses`")
        place = self.scan.since(start)
        number = to_number(match[1], place)
        if not 0 < number <= _MOST:
            raise PhraseError(f"`{number}` is no number of events", place, f"from 1 to {_MOST}")
        return number

    def _reach(self) -> Reach:
        """`6 months`, `5 half-lives`, or both with `whichever is longer`."""
        length, half_lives = self._part()
        if not self.scan.take(r"or\b"):
            if match := self.scan.take(r",?\s*whichever\b"):
                wrong = "`whichever` of one thing"
                raise PhraseError(wrong, self.scan.since(match.start()), "write both, as in `6 months or 5 half-lives`")
            return Reach(length, half_lives)
        start = self.scan.skip()
        other, more = self._part()
        if (length is None) == (other is None):
            wrong = "of a length and half-lives one stands twice"
            raise PhraseError(wrong, self.scan.since(start), "write for example `6 months or 5 half-lives`")
        which = self.scan.need(
            r",?\s*whichever is (longer|shorter)\b",
            "`whichever is longer` or `whichever is shorter`",
            "write which of the two holds: `, whichever is longer,`",
        )
        self.scan.take(r",")
        return Reach(length or other, half_lives or more, which[1] == "longer")

    def _part(self) -> tuple[Offset | None, int]:
        start = self.scan.skip()
        if match := self.scan.take(r"([0-9]+)\s+half-li(?:fe|ves)\b"):
            number = to_number(match[1], self.scan.since(start))
            if not 0 < number <= 100:
                wrong = f"`{number}` half-lives are not from 1 to 100"
                raise PhraseError(wrong, self.scan.since(start), "write for example `5 half-lives`")
            return None, number
        if match := self.scan.take(r"([0-9]+)\s+half\s*li(?:fe|ves)\b"):
            wrong = f"expected a length or half-lives, found `{match[0].strip()}`"
            raise PhraseError(wrong, self.scan.since(start), f"write `{counted(int(match[1][:6]), 'half-life')}`")
        return self._length(), 0

    def _side(self) -> Side:
        match = self.scan.need(r"(before|after)\b", "`before` or `after` and an anchor", "write for example `before screening`")
        return "before" if match[1] == "before" else "after"

    def _before(self) -> Anchor:
        self.scan.need(r"before\b", "`before` and an anchor", "write for example `before screening`")
        return self._anchor()

    def _anchor(self, side: str = "before") -> Anchor:
        start = self.scan.skip()
        match = self.scan.take(r"(screening|consent|randomisation|D[01](?![0-9])|(?:first|last)\s+dose)\b")
        if not match:
            found, place = self.scan.next_words()
            word = found.split()[0] if found else ""
            meant = {"randomization": "randomisation", "Day": "D1", "day": "D1"}.get(word)
            near = f"write `{meant}`" if meant else did_you_mean(word, _ANCHORS)
            if word in ("baseline", "enrolment", "entry", "inclusion"):
                near = f"name the day that is meant, `D1` or `screening`, and say so: `assumed: {word} is day 1`"
            hint = near or f"write `{side} screening`, `{side} consent`, `{side} randomisation`, `{side} D1` or `{side} last dose`"
            raise PhraseError(f"expected an anchor, found {f'`{clip(found)}`' if found else 'the end of the text'}", place, hint)
        word = " ".join(match[1].split())
        if word in ("D0", "D1"):
            self.beside["first_dose"] = word, self.scan.since(start)
        return _ANCHORS[word]

    def _same_anchor(self, before: Anchor | None) -> Anchor | None:
        if not self.scan.take(r"before\b"):
            return before
        start = self.scan.skip()
        found = self._anchor()
        if before not in (None, found):
            raise PhraseError("two anchors in one criterion", self.scan.since(start), "count all from one, or write two criteria")
        return found

    def _unless(self) -> Unless | None:
        if not self.scan.take(r",?\s*unless\b"):
            return None
        if self.scan.take(r"used for\b"):
            days = self._days("`7 days`")
            self.scan.need(r"or less in one go\b", "`or less in one go`", "write for example `unless used for 7 days or less in one go`")
            return Unless(days=days)
        if self.scan.take(r"for\b"):
            match = self.scan.need(r"([^,]*[^,\s])", "what for", "write for example `unless for NMOSD`")
            return Unless(purpose=" ".join(match[1].split()))
        start = self.scan.skip()
        hint = "write `unless used for 7 days or less in one go`, `unless for NMOSD`, or an event that `events` declares"
        match = self.scan.need(r"([a-z][a-z0-9_]*)(?=\s*$)", "an exception", hint)
        self.beside["event"] = match[1], self.scan.since(start)
        return Unless(event=match[1])


def _end_hint(found: Clock) -> str | None:
    if isinstance(found, NotWithin):
        return "an exception begins with `, unless`; other words are not read, and nothing is left out in silence"
    return "take it out, or write it as a `note`"


def half_life(node: Scalar) -> tuple[Fraction, str]:
    """A half-life in days, and as it is written: `22 days`, `16.4 days`, `5 hours`."""
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(hours?|h|days?|d|weeks?|w)\s*", node.text)
    if not match:
        raise PhraseError(f"expected a half-life, found `{clip(node.text)}`", node.place, "write for example `22 days` or `5 hours`")
    if len(match[1]) > 12 or not (days := Fraction(match[1]) * _HOURS[match[2][0]]) or days > MOST_DAYS:
        raise PhraseError(f"`{clip(node.text)}` cannot be a half-life", node.place, "write for example `22 days` or `5 hours`")
    return days, node.flat


def first_dose(node: Scalar) -> Scalar:
    """Day 1 by its name: `D1`, `D0` where days count from 0, `first dose`."""
    if not re.fullmatch(RANDOMISED_PATTERN, node.text):
        hint = "write `D1`; where it is on another day, leave the key out: then the date is asked for"
        raise PhraseError(f"expected the day of randomisation, found `{clip(node.text)}`", node.place, hint)
    return node
