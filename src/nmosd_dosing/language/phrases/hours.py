"""Times in minutes and hours, as a study file says them: `over 60 min`, `30 min before Y`; and what is examined before and after a dose."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import NoReturn

from msgspec.structs import replace

from nmosd_dosing.errors import Place, clip
from nmosd_dosing.hours import DAY, minutes_text
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.study.nominal_times import NominalTime, TimeWindow

_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
TIME = rf"{_NUMBER}\s*(?:min|h)\b"
_SIDE = rf"(?:{TIME}|0(?![0-9.]))"
_WINDOW = rf"(?:(?:±|\+/-)\s*{TIME}|\+{_SIDE}\s*/\s*-{_SIDE}|-{_SIDE}\s*/\s*\+{_SIDE}|[+-]{TIME})"
_ITEM = rf"\s*(?:{TIME}(?:\s*{_WINDOW})?(?:\s*(?:before|after)\s+[^,]+)?|(?:before|end\s+of)\s+[^,]+)\s*"
TIMES_PATTERN = rf"^{_ITEM}(?:,{_ITEM})*$"

_MOST = 31 * DAY
_EXAMPLE = "write for example `before X, 1 h, 2 h ±5 min after X`, or `end of X`"


def minutes(text: str, place: Place, hint: str, most: int = _MOST, least: int = 1) -> int:
    """A time, `60 min` or `1.5 h`, in minutes. Raises PhraseError for one that is no whole number of minutes, or longer than `most`."""
    number, unit = re.fullmatch(rf"({_NUMBER})\s*(min|h)", text.strip()).groups()  # type: ignore[union-attr]
    found = Fraction(number) * (60 if unit == "h" else 1) if len(number) <= 16 else Fraction(most + 1)
    if found.denominator != 1 or not least <= found <= most:
        much = "a week" if most == 7 * DAY else f"{most // DAY} days"
        raise PhraseError(f"`{clip(text)}` is not a whole number of minutes up to {much}", place, hint)
    return int(found)


def times(node: Scalar) -> tuple[NominalTime, ...]:
    """`before X, 0.5 h, 1 h ±5 min after X, end of X`: a time without a dose goes with the next one."""
    found: list[NominalTime] = []
    waiting: list[NominalTime] = []
    for match in re.finditer(r"[^,]*", node.text):
        text = match[0].strip()
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        if not text:
            continue
        part = Scalar(text, node.part(start, start + len(text)))
        time = _time(part)
        if not time.product:
            waiting.append(time)
            continue
        if waiting and not time.minutes:
            _of_what(waiting[0], time.product)
        back = -1 if (time.minutes or 0) < 0 else 1
        found += [replace(w, product=time.product, minutes=(w.minutes or 0) * back, of_end=time.of_end) for w in waiting]
        found.append(time)
        waiting = []
    if waiting:
        _of_what(waiting[0], found[-1].product if found else "X")
    if not found:
        raise PhraseError("expected times, found an empty text", node.place, _EXAMPLE)
    for number, time in enumerate(found):
        _keeps_its_side(time)
        if any(time.same_time == other.same_time for other in found[:number]):
            raise PhraseError(f"`{time.text()}` stands here twice", time.place or node.place, "take one of the two out")
    return tuple(found)


def _of_what(time: NominalTime, product: str) -> NoReturn:
    words = minutes_text(time.minutes or 0)
    assert time.place is not None
    raise PhraseError(f"`{words}` before or after what?", time.place, f"write `{words} after {clip(product)}`")


def _time(part: Scalar) -> NominalTime:
    """One of the times; without a product where it names none."""
    text = part.flat
    if match := re.fullmatch(rf"(before|end of)\s+(\S.*?)(?:\s*({_WINDOW}))?", text):
        window = _window(match[3], part) if match[3] else None
        return NominalTime(match[2], None if match[1] == "before" else 0, match[1] != "before", window, part.place)
    match = re.fullmatch(rf"({TIME})(?:\s*({_WINDOW}))?(?:\s*(before|after)\s+(end\s+of\s+)?(\S.*))?", text)
    if match is None:
        _explain(text, part)
    length, window_text, way, of_end, product = match.groups()
    if product and re.search(rf"(?:±|\+/-)\s*{_NUMBER}", product) and not re.search(rf"{_WINDOW}$", product):
        _explain(text, part)
    if product and (late := re.fullmatch(rf"(\S.*?)\s*({_WINDOW})", product)):
        hint = f"write `{length} {late[2]} {way} {of_end or ''}{clip(late[1])}`"
        raise PhraseError(f"the window `{late[2]}` stands behind its time, not behind the dose", part.place, hint)
    if way == "before" and of_end:
        wrong = f"`{clip(text)}`: before the end of a dose"
        raise PhraseError(wrong, part.place, f"count it from its beginning: `55 min after {clip(product)}`")
    if product and not Fraction(length.rstrip("minh ")):
        instead = f"`end of {clip(product)}`" if of_end else f"`before {clip(product)}`, or `end of {clip(product)}`"
        raise PhraseError(f"`{clip(text)}` is no time before or after a dose", part.place, f"write {instead}")
    long = minutes(length, part.place, "write for example `30 min` or `1.5 h`")
    window = _window(window_text, part) if window_text else None
    return NominalTime(product or "", -long if way == "before" else long, bool(of_end), window, part.place)


def _window(text: str, part: Scalar) -> TimeWindow:
    both = re.fullmatch(r"(?:±|\+/-)\s*(.+)", text)
    hint = "write for example `±5 min`, or `-30 min/+0`"
    if both:
        side = minutes(both[1], part.place, hint, least=0)
        return TimeWindow(side, side)
    found = {"+": 0, "-": 0}
    for sign, side_text in re.findall(rf"([+-])\s*({_SIDE})", text):
        found[sign] = minutes(side_text, part.place, hint, least=0) if side_text != "0" else 0
    return TimeWindow(found["-"], found["+"])


def _keeps_its_side(time: NominalTime) -> None:
    """A window does not reach over the beginning of the dose, or its end, from which its time is counted."""
    window, at = time.window, time.minutes
    if window is None or (time.of_end and at == 0) or time.place is None:
        return
    if (at is None or at < 0) and window.after > -(at or 0):
        inside, side = TimeWindow(window.before, -(at or 0)), "after it has begun"
    elif at is not None and at > 0 and window.before > at:
        inside, side = TimeWindow(at, window.after), "before it has ended" if time.of_end else "before it has begun"
    else:
        return
    wrong = f"`{clip(time.written)}` allows a time {side}"
    raise PhraseError(wrong, time.place, f"write `{clip(replace(time, window=inside).written)}`")


_UNITS = {"m": "min", "h": "h"}
_DOSE = re.compile(r"(?i)\b(?:post|pre)[- ]?dos(?:e|ing)\b|\b(?:after|before)(?: the)? dos(?:e|ing)\b")


_LOOSE = r"(?:min(?:ute)?s?|h(?:ou)?rs?|h)\b\.?"


def _as_in_a_file(text: str) -> str | None:
    """A time that is written otherwise, as a file says it: its units, and its window behind it; None where it cannot be told."""
    units = re.sub(rf"([0-9])\s*-?\s*({_LOOSE})", lambda match: f"{match[1]} {'h' if match[2][0] in 'hH' else 'min'}", text)
    if within := re.fullmatch(rf"within (?:the )?({TIME}) (before|after) (end of )?(\S.*)", units):
        length, way, of_end, product = within.groups()
        if way == "before" and not of_end:
            return f"before {product} -{length}/+0"
        return f"{length} -{length}/+0 after {of_end or ''}{product}" if way == "after" else None
    match = re.fullmatch(
        rf"({TIME})(?: \(?({_WINDOW}|±\s*[0-9.]+\s*%)\)?)?((?: before| after) (?:end of )?\S.*?)?(?: \(?({_WINDOW})\)?)?", units
    )
    if match is None or (match[2] and match[4]):
        return None
    window = match[2] or match[4] or ""
    if share := re.fullmatch(r"±\s*([0-9.]+)\s*%", window):
        number, unit = match[1].split()
        side = Fraction(number) * (60 if unit == "h" else 1) * Fraction(share[1]) / 100
        if side.denominator != 1:
            return None
        window = f"±{side} min"
    return " ".join(word for word in (match[1], window, (match[3] or "").strip()) if word)


def _explain(text: str, part: Scalar) -> NoReturn:
    """Raises PhraseError: what is wrong with a text that is no time."""
    if (own := _as_in_a_file(text)) is not None and own != text and "dos" not in text:
        in_minutes = ": a window is in `min` or `h`, not in per cent" if "%" in text else ""
        raise PhraseError(f"expected a time before or after a dose, found `{clip(text)}`", part.place, f"write `{own}`{in_minutes}")
    said, hint = _DOSE.sub(lambda match: "before X" if match[0].lower().startswith(("pre", "before")) else "after X", text), _EXAMPLE
    of_x = ", with the product for X" if said != text else ""
    if match := re.match(rf"({_NUMBER})\s*h(?:ours?|rs?)?\s*([0-9]{{1,2}})\s*(?:m|min|minutes?)?\b", said):
        hint = f"write minutes: `{_with(Fraction(match[1]) * 60 + int(match[2]), 'min', said[match.end() :])}`{of_x}"
    elif match := re.match(rf"({_NUMBER})\s*(minutes?|mins?|hours?|hrs?|m|h|H)\b", said):
        hint = f"write `{_with(Fraction(match[1]), _UNITS[match[2][0].lower()], said[match.end() :])}`{of_x}"
    elif match := re.match(r"([0-9]{1,3})\s*(days?|d)\b", said):
        hint = f"write hours, `{int(match[1]) * 24} h`, or the later day as a visit of its own"
    elif re.fullmatch(_NUMBER, said):
        hint = f"each time has its unit: write `{said} h`, or `{said} min`"
    elif said == "before X" and of_x:
        hint = f"write `before X`{of_x}"
    elif re.match(r"(?i)EOI\b|at\s|post-?\s?dose", said):
        hint = "write `1 h after X` or `end of X`, with the product for X"
    raise PhraseError(f"expected a time before or after a dose, found `{clip(text)}`", part.place, hint)


def _with(number: Fraction, unit: str, rest: str) -> str:
    """A time with what stands behind it."""
    return " ".join([f"{float(number):g}", unit, *clip(rest).split()])


def in_own_words(text: str) -> str | None:
    """Times as a file says them, of a text that says some; None where they cannot be told."""
    said = ", ".join(_as_in_a_file(part.strip()) or part.strip() for part in text.split(","))
    return said if are_times(said) else None


def are_times(text: str) -> bool:
    """Whether a text may be read as times before or after a dose."""
    return (
        re.fullmatch(TIMES_PATTERN, text) is not None and re.match(r".*\b(?:before|after|end\s+of)\s+\S", text.split(",")[-1]) is not None
    )


def is_time(text: str) -> bool:
    """Whether a text says a time, and not what is examined then."""
    return re.match(rf"{TIME}(?:\s*{_WINDOW})?\s*(?:$|before\b|after\b)|(?:before|end of)\s+\S+\s*$", text) is not None
