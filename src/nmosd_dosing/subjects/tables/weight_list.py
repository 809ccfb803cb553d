"""Body weights as people list them: `45,60,75`, a range `40:120:5`, or a table with `weight_kg` and, if wanted, `height_cm`."""

from __future__ import annotations

import re
from decimal import Decimal

from nmosd_dosing.errors import Place, Problems, clip
from nmosd_dosing.subjects.bounds import MAX_WEIGHT_KG
from nmosd_dosing.subjects.tables import cells, reading
from nmosd_dosing.subjects.tables import table as tables
from nmosd_dosing.subjects.tables.headings import Layout

MOST = 1000
LEAST_KG = 1
_CHILD_KG = 10  # below it a whole number in a list is rather the decimals of the weight before it: `60,5`


def listed(option: str, text: str, problems: Problems) -> tuple[float, ...]:
    """The weights of a list or a range, in kg; what is wrong with them goes to `problems`."""
    if not text.strip():
        problems.error(f"`{option}` is empty", None, "write kilograms, for example `45,60,75`, or a range: `40:120:5`")
        return ()
    return _range(option, text.strip(), problems) if ":" in text else _list(option, text, problems)


def _list(option: str, text: str, problems: Problems) -> tuple[float, ...]:
    parts = [part.strip() for part in text.split(",")]
    if ";" in text:
        problems.error(
            f"`{option} {clip(text)}` has a semicolon", None, "commas stand between weights, and decimals take a point: `45,60.5`"
        )
        return ()
    if len(parts) > MOST:
        _too_many(option, len(parts), problems)
        return ()
    found: list[float] = []
    adults = any(int(part) > _CHILD_KG for part in parts if re.fullmatch("[0-9]{1,4000}", part))
    for i, part in enumerate(parts):
        if not part:
            problems.error(f"`{option} {clip(text)}` has nothing between two commas, or at an end", None, "write for example `45,60,75`")
            continue
        kg = _weight(f"`{clip(part)}` in `{option}`", part, None, problems)
        if kg is None:
            continue
        if kg in found:
            problems.error(f"`{part}` stands twice in `{option}`", None, "take one of the two out")
        if found and kg < _CHILD_KG and adults and part.isdigit():
            whole = f"{parts[i - 1]}.{part}" if parts[i - 1].isdigit() else f"{parts[i - 1]}{part}"
            asked = f"`{part}` after `{parts[i - 1]}` in `{option}` may be decimals, or a weight of {kg:g} kg"
            problems.error(asked, None, f"decimals take a point: `{whole}`; for {kg:g} kg write `{kg:g}.0`")
        found.append(kg)
    return tuple(found)


def _range(option: str, text: str, problems: Problems) -> tuple[float, ...]:
    """`from:to:step`, both included; in whole grams, so that steps of 0.1 are exact."""
    before, shown = len(problems.found), f"`{option} {clip(text)}`"
    parts = [part.strip() for part in text.split(":")]
    if len(parts) != 3:
        problems.error(f"{shown} is not a range", None, "write from, to and step: `40:120:5`")
        return ()
    for part in parts[:2]:
        _weight(f"`{clip(part)}` in `{option}`", part, None, problems)
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", parts[2]):
        problems.error(f"the step `{clip(parts[2])}` in `{option}` is not a number of kilograms", None, "write for example `5` or `0.5`")
    elif not Decimal(parts[2]):
        problems.error(f"{shown} never ends: its step is 0", None, "write a step, for example `5` or `0.5`")
    if len(problems.found) > before:
        return ()
    first, last, step = (int(Decimal(part) * 1000) for part in parts)
    if first > last:
        problems.error(f"{shown} runs backwards", None, f"write `{parts[1]}:{parts[0]}:{parts[2]}`")
        return ()
    steps, rest = divmod(last - first, step)
    if steps >= MOST:
        _too_many(option, steps + 1, problems)
    elif rest:
        reached = f"{Decimal(first + steps * step) / 1000:f}"
        near = f"write `{parts[0]}:{reached}:{parts[2]}`" if steps else "write a smaller step"
        problems.error(f"{shown} does not end on {parts[1]}: the last step is at {reached}", None, near)
    return tuple((first + i * step) / 1000 for i in range(min(steps + 1, MOST)))


def read(content: bytes, path: str, layout: Layout | None = None) -> tuple[tuple[float, float | None], ...]:
    """Weights in kg and heights in cm (None where the table has none), each once.

    Raises InputError with the first hundred problems of the table.
    """
    problems = Problems()
    table = reading.read(content, path, ("weight_kg",), ("height_cm", "subject", "start", "site"), problems, layout=layout)
    table.needs("weight_kg", "no weight", "write kilograms, for example `60.5`", problems)
    weights, heights = table.numbers("weight_kg", _weight, problems), table.numbers("height_cm", cells.height, problems)
    if not len(table) and not problems.found:
        problems.error(f"`{path}` has no rows", None, "write one weight a row below the heading")
    if len(table) > MOST:
        _too_many(path, len(table), problems)
    found: dict[tuple[float, float | None], None] = {}
    for weight, height in zip(weights, heights, strict=True):
        if weight is None:
            continue
        found[weight, height] = None
    tables.stop(problems.in_order())
    return tuple(found)


def _weight(shown: str, text: str, place: Place | None, problems: Problems) -> float | None:
    """A body weight of at least 1 kg: grams given as kilograms, or decimals by themselves, are none."""
    kg = cells.weight(shown, text, place, problems)
    if kg is not None and kg < LEAST_KG:
        problems.error(f"{shown} cannot be a body weight", place, f"write kilograms, {LEAST_KG} to {MAX_WEIGHT_KG}")
        return None
    return kg


def _too_many(what: str, count: int, problems: Problems) -> None:
    problems.error(f"`{what}` has {count:,} weights, and at most {MOST:,} are reckoned at once", None, "write fewer, or a wider step")
