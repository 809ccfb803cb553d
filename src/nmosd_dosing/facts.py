"""Texts of a study file for people, and the facts that may stand beside anything: source, assumed, note."""

from __future__ import annotations

from nmosd_dosing.model import NOT_STATED, Facts, Source
from nmosd_dosing.records import FactsRecord, SourceRecord
from nmosd_dosing.source import Scalar


def one_line(text: Scalar | None) -> str | None:
    """A text for people on one line."""
    return " ".join(text.text.split()) if text is not None else None


def texts(scalars: tuple[Scalar, ...] | None) -> tuple[str, ...]:
    return tuple(" ".join(scalar.text.split()) for scalar in scalars or ())


def to_source(record: SourceRecord | Scalar | None) -> Source | None:
    if record is None:
        return None
    if isinstance(record, Scalar):
        text = one_line(record)
        return Source(section=None if text == NOT_STATED.value else text)
    return Source(one_line(record.registry), one_line(record.section), record.updated)


def to_facts(record: FactsRecord) -> Facts:
    return Facts(to_source(record.source), texts(record.assumed), texts(record.note))
