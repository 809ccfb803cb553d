"""How often a dose is given on each day, when it is only given as needed, and how long an infusion takes, as a study file says it.

Each function takes its words from the end of a dose's text. What is written otherwise is refused, with the same said as a file says it.
"""

from __future__ import annotations

import re
from fractions import Fraction

from nmosd_dosing.dose.units import MEANT, UNITS, unit_of
from nmosd_dosing.errors import clip, counted
from nmosd_dosing.hours import DAY
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases.hours import TIME, minutes
from nmosd_dosing.language.phrases.lengths import NUMBERS
from nmosd_dosing.language.shapes import PhraseError

HOUR = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_A_DAY = r"(?:daily|(?:a|per|each|every) day)"
_TIMES = rf"(?:once|twice|thrice|(?:[0-9]{{1,4}}|{'|'.join(NUMBERS)})\s*(?:times|x|×))"
_NEEDED = r"as needed|p\.?r\.?n\.?|(?:if|when) (?:needed|required)|as required|on demand"


def _count(words: str) -> int:
    """How many times `once`, `six times` or `6 x` is."""
    first = re.findall(r"[0-9]+|[a-z]+", words)[0]
    return {"once": 1, "twice": 2, "thrice": 3}.get(words) or (int(first) if first.isdigit() else NUMBERS[first])


def _said(times: int) -> str:
    """So many times on each day, as a file says it."""
    return {1: "daily", 2: "twice daily"}.get(times, f"{times} times daily")


def _at_most(times: int) -> str:
    return f"as needed, at most {'once ' if times == 1 else ''}{_said(times)}"


def as_needed(text: str, node: Scalar) -> tuple[str, str | None, int | None]:
    """The text without `as needed`; these words; and how many times a day at the most."""
    match = re.match(
        rf"(?P<body>\S.*?),? (?P<said>(?i:{_NEEDED}))(?P<most>,? \(?(?:at most|up to|max(?:imum|\.)?|not more than|no more than) .*?)?"
        r"(?P<rest> (?:over|[0-9.]+ ?(?:min|h)) .*)?$",
        text,
    )
    if match is None or (match["said"] != "as needed" and match["most"] is None):
        return text, None, None
    body = match["body"] + (match["rest"] or "")
    if match["most"] is None:
        return body, "as needed", None
    words = re.fullmatch(r", at most (?:(once|twice)|([0-9]{1,3}) times) daily", match["most"])
    most = int(words[2]) if words and words[2] else {"once": 1, "twice": 2}.get(words[1], 0) if words else 0
    if words is None or (words[2] and not 3 <= most <= 99) or match["said"] != "as needed":
        said = match["most"].strip("(), ")
        wrong = f"how often at the most is `{clip(said)}`?" if words is None else f"expected `as needed`, found `{clip(match['said'])}`"
        raise PhraseError(wrong, node.place_of(said), _most_hint(said, match["body"]))
    return body, f"as needed{match['most']}", most


def _most_hint(said: str, body: str) -> str:
    """What a file says in place of `max 4 times a day`, `at most 12 puffs daily`."""
    often = re.search(rf"({_TIMES})\s+{_A_DAY}$", said)
    if often and 1 <= _count(often[1]) <= 99:
        return f"write `{_at_most(_count(often[1]))}`"
    in_note = (
        "write `as needed`, and the most that is allowed into `note`: a file says it as so many times on a day, `at most 3 times daily`"
    )
    one = re.search(rf"\s({_NUMBER})\s*(\S+)$", body)
    most = re.search(rf"\b({_NUMBER})\s*([^\s0-9]+)\s+(?:{_A_DAY}|in 24 (?:h|hours))$", said)
    if one and most and Fraction(one[1]) and _unit(one[2]) == _unit(most[2]):
        times = Fraction(most[1]) / Fraction(one[1])
        if times.denominator == 1 and 1 <= times <= 99:
            return f"write `{_at_most(int(times))}`, of {one[1]} {one[2]} each"
    return in_note


def _unit(word: str) -> str:
    return unit_of(word) if unit_of(word) in UNITS else MEANT.get(word.lower(), word)


def daily(text: str, node: Scalar) -> tuple[str, str | None, int | None, tuple[str, ...]]:
    """The text without how often; its words, how many times a day, and the hours."""
    _refuse_hours_alone(text, node)
    loose = r"once|twice|thrice|[0-9]+ times|[a-z]+ times"
    if not (match := re.fullmatch(rf"(\S.*?)\s+((?:({loose})\s+)?(?:daily|(?:a|per) day)(?:\s+at\s+(.+))?)", text)):
        return text, None, None, ()
    body, words, often, at = match.groups()
    counts = {None: 1, "twice": 2}
    if often == "thrice" or re.search(r" (?:a|per) day", f" {words}") or (often not in counts and not re.fullmatch(r"[0-9]+ times", often)):
        known = often is None or re.fullmatch(_TIMES, often)
        n = _count(often) if known and often else 1
        hint = "say how many times: `daily`, `twice daily`, or a number as in `3 times daily`"
        hint = f"write `{_said(n)}{f' at {at}' if at else ''}`" if known and 1 <= n <= 24 else hint
        raise PhraseError(f"how often is `{clip(words)}`?", node.place_of(words), hint)
    times = counts[often] if often in counts else int(str(often).split()[0][:6])
    if not (1 if often in counts else 3) <= times <= 24:
        better = "daily" if times < 2 else "twice daily" if times == 2 else "24 times daily"
        raise PhraseError(f"`{clip(words)}` is not 3 to 24 times", node.place_of(words), f"write `{better}`")
    hours = tuple(re.split(r"\s+and\s+", at)) if at else ()
    for hour in hours:
        if not re.fullmatch(HOUR, hour):
            wrong = f"expected a time of day, found `{clip(hour)}`"
            raise PhraseError(wrong, node.place_of(hour), "write hours as `at 08:00 and 20:00`, on a clock of 24 hours")
    if hours and (len(hours) != times or list(hours) != sorted(set(hours))):
        what = "the hours are not in order" if len(hours) == times else f"{counted(len(hours), 'hour')} for {times} times a day"
        example = " and ".join(("06:00", "14:00", "22:00", "23:00")[: min(times, 4)])
        raise PhraseError(what, node.place_of(at or words), f"write one hour for each time of the day, the earliest first: `at {example}`")
    return body, words, times, hours


def _refuse_hours_alone(text: str, node: Scalar) -> None:
    """`X 150 mg at 08:00 and 20:00`: hours, and not how often on each day."""
    match = re.fullmatch(rf"\S.*?(?<!daily)(?<! day)\s+(at\s+({HOUR}(?:(?:\s+and\s+|\s*,\s*){HOUR})*))", text)
    if match is None:
        return
    hours = re.findall(HOUR, match[2])
    hint = f"write `{_said(len(hours))} at {' and '.join(hours)}`"
    raise PhraseError(f"`{clip(match[1])}`, and not how often on each day", node.place_of(match[1]), hint)


def refuse_behind_amount(text: str, node: Scalar) -> None:
    """Raises PhraseError for an amount of a dose rule that says how often: that stands where the rule is given."""
    match = re.fullmatch(rf"({_NUMBER}\s*[^\s0-9]\S*)\s+((?:{_TIMES}\s+)?{_A_DAY}|(?i:b\.?i\.?d|t\.?i\.?d|q\.?i\.?d|q\.?d)\.?)", text)
    if match is not None:
        words = match[2] if re.fullmatch(r"daily|twice daily|[0-9]+ times daily", match[2]) else "twice daily"
        hint = f"write `{match[1]}`; how often stands behind the name of the rule where it is given, as in `give: X loading {words}`"
        raise PhraseError(f"`{clip(match[2])}` behind an amount of a dose rule", node.place_of(match[2]), hint)


def infusion_time(text: str, node: Scalar) -> tuple[str, int | None]:
    """The text without how long the infusion takes, and that in minutes."""
    if " over " not in text:
        return text, None
    body, _, time = text.rpartition(" over ")
    hint = "write a time in `min` or `h`, as in `over 60 min`"
    if not re.fullmatch(TIME, time):
        raise PhraseError(f"expected the time of an infusion, found `{clip(time)}`", node.place_of(time), _time_hint(time) or hint)
    return body, minutes(time, node.place_of(time), hint, most=7 * DAY)


def _time_hint(time: str) -> str | None:
    """The time of an infusion that is written otherwise, as a file says it."""
    number = rf"(?:{_NUMBER}|{'|'.join(NUMBERS)}|an)"
    length = rf"({number})\s*-?\s*(min(?:ute)?s?|m|h(?:ou)?rs?|h)"
    if match := re.fullmatch(rf"(?:(?:about|approximately|approx\.?|ca\.?|~)\s*)?{length}\.?", time, re.I):
        return f"write `over {_in_figures(match[1])} {match[2][0].lower()[:1].replace('m', 'min')}`"
    if match := re.fullmatch(rf"({number})\s*-?\s*h(?:ou)?r?s?\s*(?:and\s+)?([0-9]{{1,2}})\s*(?:m|min(?:ute)?s?)?\.?", time, re.I):
        return f"write `over {Fraction(_in_figures(match[1])) * 60 + int(match[2])} min`"
    if match := re.fullmatch(rf"({_NUMBER})\s*(?:-|–|—|to)\s*({_NUMBER})\s*(min|h)\w*\.?", time, re.I):
        unit = match[3].lower()
        return f"write one of the two, `over {match[1]} {unit}` or `over {match[2]} {unit}`, and the other in `note`"
    if match := re.fullmatch(r"([0-9]+),([0-9]+)\s*(min|h)\w*", time):
        return f"write `over {match[1]}.{match[2]} {match[3]}`"
    if re.fullmatch(_NUMBER, time):
        return f"each time has its unit: write `over {time} min`, or `over {time} h`"
    return None


def _in_figures(number: str) -> str:
    return number if number[0].isdigit() else str(NUMBERS.get(number.lower(), 1))
