"""What people had against criteria, as JSON and CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nmosd_dosing.checks.screening import Answer, Days, Screened
from nmosd_dosing.report.export.plain import DATES, Sheet, fields, iso_date
from nmosd_dosing.study.model import Study

_DAYS = ("consent", "screening", "randomisation", "day_1")
_OF_EARLIEST = ("screening", "day_1", "held_by", "screening_held_by", "day_1_held_by", "open", "steps", "unknown")
_EARLIEST = ("earliest_screening", "earliest_day_1")
COLUMNS = (
    "subject", "site", *_DAYS, "id", "text", "anchor", "anchor_date", "from", "to", "last_admissible", "verdict", "until", "needs",
    "steps", "source", "assumed", "note", *_EARLIEST, "held_by", "open", "unknown",
)  # fmt: skip
_DATES = DATES | {*_DAYS, "anchor_date", "last_admissible", *_EARLIEST}


def screened_to_dict(study: Study, people: Sequence[Screened], *, several: bool) -> dict[str, Any]:
    """The criteria and the earliest days of one, or of each of several, as plain values."""
    found = [_person(study, person) for person in people]
    readings = list(dict.fromkeys(words for person in people for words in person.found.readings))
    of_all = {"study": study.id, "study_sha256": study.sha256}
    return {**of_all, "subjects": found, "readings": readings} if several else {**of_all, **found[0], "readings": readings}


def _person(study: Study, person: Screened) -> dict[str, Any]:
    return {
        "subject": person.code,
        "site": person.site,
        "days": _days(person.days),
        "criteria": [_answer(answer, _source(study, answer)) for answer in person.found.answers],
        "earliest": fields(person.found.earliest, _OF_EARLIEST),
    }


def _days(days: Days) -> dict[str, Any]:
    return {name: iso_date(getattr(days, name)) for name in _DAYS}


def _answer(answer: Answer, source: str) -> dict[str, Any]:
    return {
        **fields(answer, ("id", "text", "anchor", "anchor_date")), "from": iso_date(answer.first), "to": iso_date(answer.last),
        **fields(answer, ("last_admissible", "verdict", "until", "needs", "steps")), "source": source,
        "assumed": list(answer.criterion.facts.assumed), "note": list(answer.criterion.facts.note),
    }  # fmt: skip


def _source(study: Study, answer: Answer) -> str:
    """Where a criterion stands, with the registry of the file where it says none of its own."""
    source = answer.criterion.facts.source
    if source is None:
        return study.source.text
    return source.text if source.registry is not None or study.source.registry is None else f"{study.source.registry}, {source.text}"


def screened_sheet(people: Sequence[Screened]) -> Sheet:
    """A row for each criterion of each, with the earliest days beside it."""
    return Sheet("screen", COLUMNS, list(_rows(people)), beside=1, dates=frozenset(_DATES))


def _rows(people: Sequence[Screened]) -> Iterator[dict[str, Any]]:
    for person in people:
        earliest = person.found.earliest
        of_all = {
            "subject": person.code, "site": person.site, **_days(person.days), "earliest_screening": iso_date(earliest.screening),
            "earliest_day_1": iso_date(earliest.day_1), "held_by": "; ".join(earliest.held_by), "open": "; ".join(earliest.open),
            "unknown": "; ".join(earliest.unknown),
        }  # fmt: skip
        for answer in person.found.answers:
            facts = answer.criterion.facts
            row = _answer(answer, facts.source.text if facts.source is not None else "")
            yield {**of_all, **row, **{name: "; ".join(row[name]) for name in ("steps", "assumed", "note")}}
