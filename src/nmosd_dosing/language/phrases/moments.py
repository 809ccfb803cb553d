"""When something may happen, as a study file says it: ends of spans, triggers, dates of records."""

from __future__ import annotations

import datetime as dt
import re

from msgspec import Struct

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import Place, clip, one_of
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.days import CODE, DayText, take_day
from nmosd_dosing.language.phrases.lengths import LENGTH, NOT_STATED_TEXT, Scanner, take_length, to_number
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.events import BEFORE_DAY_1
from nmosd_dosing.study.facts import NOT_STATED, NotStated
from nmosd_dosing.study.model import Trigger

_OF_SUBJECT = "|".join(BEFORE_DAY_1)
_OF_DOSE = r"first dose|last dose(?:\s+of\s+the\s+study)?"
MARK_PATTERN = rf"^\s*(?:{NOT_STATED_TEXT}|(?:{_OF_DOSE}|{_OF_SUBJECT}|{CODE})(?:\s*[+-]\s*{LENGTH})?)\s*$"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
DATE_PATTERN = rf"^{DATE}$"


class MarkText(Struct, frozen=True):
    of: str
    day: DayText | None
    plus: Offset
    place: Place


def mark(node: Scalar) -> MarkText | NotStated:
    """An end of a span: `D0 - 1 year`, `last dose + 6 months`; or `not stated`."""
    if node.text.strip() == NOT_STATED_TEXT:
        return NOT_STATED
    scan = Scanner(node)
    of, day = "day", None
    if match := scan.take(r"(first|last)\s+dose\b(\s+of\s+the\s+study\b)?"):
        of = "first dose" if match[1] == "first" else "last dose of the study" if match[2] else "last dose"
    elif match := scan.take(rf"({_OF_SUBJECT})\b"):
        of = match[1]
    else:
        found, place = scan.next_words()
        if not re.match(r"[DWwmy0-9]", found):
            hint = f"write a day, {one_of(['first dose', 'last dose', *BEFORE_DAY_1])}, plus or minus a length as in `last dose + 6 months`"
            raise PhraseError(f"expected an end of a span, found `{clip(found)}`", place, hint)
        day = take_day(scan, plus=False)
    plus = Offset()
    if sign := scan.take(r"([+-])"):
        plus = take_length(scan).times(1 if sign[1] == "+" else -1)
    scan.end("`+` or `-` and a length, or the end", "write for example `last dose + 6 months`")
    return MarkText(of, day, plus, node.place)


class TriggerText(Struct, frozen=True):
    trigger: Trigger
    place: Place


def trigger(node: Scalar) -> TriggerText:
    """`relapse`, `end of rcp`, `study stop`, `35 subjects with relapse_confirmed`, `12 months after first dose of subject 162`."""
    text = node.flat
    plus = Offset()
    if match := re.match(rf"({LENGTH})\s+after\s+(.+)", text):
        plus = take_length(Scanner(Scalar(match[1], node.place)))
        text = match[2]
    if text == "study stop":
        found = Trigger("stop", plus=plus)
    elif match := re.fullmatch(r"end of (\S+)", text):
        found = Trigger("end", match[1], plus=plus)
    elif match := re.fullmatch(r"first dose of subject ([0-9]+)", text):
        found = Trigger("subject", count=to_number(match[1], node.place), plus=plus)
    elif match := re.fullmatch(r"([0-9]+) subjects? with (\S+)", text):
        found = Trigger("count", match[2], to_number(match[1], node.place), plus)
    elif re.fullmatch(r"[a-z][a-z0-9_]*", text):
        found = Trigger("event", text, plus=plus)
    else:
        hint = (
            "write an event, `end of PERIOD`, `study stop`, `35 subjects with EVENT` or `first dose of subject 162`, "
            "with `12 months after` before it where that is meant"
        )
        if re.match(r"(?:the )?(?:first|last) dose\b", text):
            hint = "no way is opened by a dose: write `end of PERIOD`, or an event that somebody records, such as `treatment_stopped`"
        raise PhraseError(f"expected a date that may happen, found `{clip(text)}`", node.place, hint)
    if found.kind in ("subject", "count") and found.count == 0:
        raise PhraseError("subjects count from 1", node.place)
    return TriggerText(found, node.place)


def date(node: Scalar) -> dt.date:
    """A date as YYYY-MM-DD and nothing else."""
    try:
        if not re.fullmatch(DATE, node.text):
            raise ValueError
        return dt.date.fromisoformat(node.text)
    except ValueError:
        raise PhraseError(
            f"expected a date, found `{clip(node.text)}`", node.place, "write it as YYYY-MM-DD, for example `2025-01-31`"
        ) from None
