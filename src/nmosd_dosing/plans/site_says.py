"""What a site says of a visit: what it says of this one, else of its period, else of all."""

from __future__ import annotations

from typing import TypeVar

from nmosd_dosing.study.model import Site

T = TypeVar("T")


def room_of(site: Site | None, period: str, label: str) -> str | None:
    """Where a visit takes place."""
    return _of_visit(site.rooms, period, label) if site is not None else None


def bring_to(site: Site | None, period: str, label: str) -> tuple[str, ...]:
    """What a patient is to bring to a visit."""
    return (_of_visit(site.bring, period, label) if site is not None else None) or ()


def _of_visit(said: tuple[tuple[str, T], ...], period: str, label: str) -> T | None:
    known = dict(said)
    return known.get(f"{period}/{label}", known.get(period, known.get("all")))
