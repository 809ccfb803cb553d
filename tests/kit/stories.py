"""Stories that are kept in `tests/plans/kept`: a study of a few lines, what happened to somebody in it, and what is said of it.

A file is the study, and then below each heading what the program says of one person who starts on 2025-01-06. A heading has three parts,
`* relapse 02-10 | D1: 01-06 X 10 mg; D8 to D10: 01-13 to 01-15 | weight_kg=60, as_of=03-01`: what happened, what was recorded of visits,
and what else is known or asked; `asked=03-05` is a day for the next visit. Days without a year are of 2025. Something measured is
`eGFR 02-01 45`, a weight `weighed 02-01 66`, an entry `entered b 03-01`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from nmosd_dosing import Entered, Event, Measurement, Record, Subject, Weight, Window
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.study.events import STUDY_EVENTS
from nmosd_dosing.study.model import Study
from tests.kit.dates import START
from tests.kit.paths import ROOT
from tests.kit.somebody import HEAD

FOLDER = ROOT / "tests" / "plans" / "kept"
STATUSES = ("done", "partial", "missed", "withheld", "booked", "lapsed")


class Story(Struct, frozen=True):
    """One heading of a file, and what is kept below it."""

    file: str
    heading: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}: {self.heading}"


def stories() -> list[Story]:
    found = []
    for file in sorted(FOLDER.glob("*.txt")):
        _, *parts = re.split("^(?=[*] )", file.read_text("utf-8"), flags=re.M)
        found += [Story(file.stem, *part.split("\n", 1)) for part in parts]
    return found


def write(folder: Path, text: Callable[[Story], str], *, whole: bool) -> None:
    """Writes anew what is kept of each story, in the files that a folder has; `whole`: below the study."""
    for file in (FOLDER / each.name for each in sorted(folder.glob("*.txt"))):
        study = f"{re.split('^(?=[*] )', file.read_text('utf-8'), flags=re.M)[0].rstrip()}\n\n" if whole else ""
        told = "\n".join(f"{story.heading}\n{text(story)}" for story in stories() if story.file == file.stem)
        (folder / file.name).write_text(study + told, "utf-8")


def kept(folder: Path, story: Story) -> str:
    """What a folder keeps of a story."""
    _, found = (folder / f"{story.file}.txt").read_text("utf-8").split(f"{story.heading}\n", 1)
    return re.split("^[*] ", found, maxsplit=1, flags=re.M)[0]


@cache
def study_of(file: str) -> Study:
    return read_study_text(HEAD + (FOLDER / f"{file}.txt").read_text("utf-8").split("\n* ")[0])[0]


def request_of(story: Story) -> Request:
    """What is asked in a story."""
    happened, records, more = (*story.heading[2:].split("|"), "", "")[:3]
    known: dict[str, Any] = {"events": [], "entered": [], "weights": [], "measurements": []}
    asked: dict[str, Any] = {"of_study": {}}
    study = study_of(story.file)
    for what, *words in (item.split() for item in _items(happened, ",")):
        if what == "entered":
            known["entered"].append(Entered(words[0], _day(words[1])))
        elif what == "weighed":
            known["weights"].append(Weight(_day(words[0]), float(words[1])))
        elif len(words) > 1:
            known["measurements"].append(Measurement(what, _day(words[0]), float(words[1])))
        elif what in STUDY_EVENTS:
            asked["of_study"][what] = _day(words[0])
        else:
            known["events"].append(Event(what, _day(words[0])))
    for item in _items(more, ","):
        name, _, value = item.partition("=")
        match name:
            case "start" | "planned_start":
                known[name] = _day(value) if value else None
            case "as_of" | "until":
                asked[name] = _day(value)
            case "asked":
                pass  # of which day a site asks
            case "window":
                asked[name] = Window(int(value), int(value))
            case "country":
                asked["workdays"] = open_days(value)
            case "weight_kg" | "height_cm":
                known[name] = float(value)
            case "age":
                known[name] = int(value)
            case "period":
                asked[name] = value
            case "unblind" | "cancelled":
                asked[name] = True
            case _:
                known[name] = value
    known = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
    subject = Subject(**{"start": START, "records": tuple(_records(records)), **known})
    return Request(study, subjects=(subject,), allow_deviation=True, accept_gap=True, **asked)


def _items(text: str, between: str) -> list[str]:
    return [item.strip() for item in text.split(between) if item.strip()]


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text if len(text) > 5 else f"2025-{text}")


def _records(text: str) -> Iterator[Record]:
    for item in _items(text, ";"):
        name, rest = item.split(": ")
        days, _, words = re.fullmatch("([0-9-]+(?: to [0-9-]+)?)( (.*))?", rest.strip()).groups()  # type: ignore[union-attr]
        first, _, last = days.partition(" to ")
        found: dict[str, Any] = {"last": _day(last)} if last else {}
        for word in re.findall(r"[0-9.]+ (?:mg/kg|mg|kg|mL)|\w+='[^']*'|\S+", words or ""):
            if re.fullmatch(r"[0-9.]+ kg", word):
                found["weight_kg"] = float(word.split()[0])
            elif " " in word and "=" not in word:
                found |= {"amount": Decimal(word.split()[0]), "unit": word.split()[1]}
            elif "=" in word:
                key, value = word.split("=")
                found[key] = value.strip("'")
            elif ":" in word:
                found["time"] = dt.time.fromisoformat(word)
            else:
                found["status" if word in STATUSES else "product"] = word
        yield Record(name, _day(first), **found)


def fields(value: Any, *but: str) -> str:
    """What a value holds that says something: `target 2025-01-06, times 3`."""
    shown = {name: getattr(value, name) for name in value.__struct_fields__ if name not in but}
    return ", ".join(f"{name} {_text(each)}" for name, each in shown.items() if each is not None and each is not False and each != ())


def _text(value: Any) -> str:
    if isinstance(value, Struct):
        return f"({fields(value)})"
    return "[" + ", ".join(map(_text, value)) + "]" if isinstance(value, tuple) else str(value)
