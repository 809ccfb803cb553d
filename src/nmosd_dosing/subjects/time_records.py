"""Which time point of a visit a record is of: people write nominal times as the plan does, as SDTM does, or in fewer words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from nmosd_dosing.errors import Problem, clip, did_you_mean
from nmosd_dosing.study.time_points import TimePoint
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_names import folded
from nmosd_dosing.subjects.subject import Record

_ISO = re.compile(r"([+-]?)pt(?:([0-9]{1,4}(?:\.[0-9]+)?)h)?(?:([0-9]{1,5})m)?")
_LONG = re.compile(
    r"([+-]?) ?([0-9]{1,5}(?:\.[0-9]{1,3})?) ?(min|mins|minutes?|m|h|hr|hrs|hours?)\.?(?: (post|after|pre|before)(?:[ -]?dos(?:e|ing))?)?"
)
_BEFORE = re.compile(r"pre[ -]?dos(?:e|ing)|before(?: dos(?:e|ing))?|给药前")
_END = re.compile(r"eoi|end of infusion|输注结束")
_LISTED = 8


def point_of(record: Record, visit: Visit) -> TimePoint | Problem:
    """The time point that a record of a visit is of; or what is wrong, if it is of none, or of one of several."""
    said = ", ".join(f"`{clip(text)}`" for text in (record.assessment, record.time_point) if text)
    points = visit.time_points
    if not points:
        hint = "leave `assessment` and `time_point` out: then the row is of the visit"
        return Problem(f"{said}: `{visit.label}` has no time points", record.place, hint)
    if record.assessment is not None:
        points = tuple(point for point in points if folded(point.name) == folded(record.assessment))
        if not points:
            examined = list(dict.fromkeys(point.name for point in visit.time_points))
            hint = did_you_mean(record.assessment, examined) or f"there are of {', '.join(f'`{name}`' for name in examined)}"
            return Problem(f"{said}: `{visit.label}` has no time points of it", record.place, hint)
    meant = _meant(record.time_point, points, visit) if record.time_point is not None else points
    if len(meant) == 1:
        return meant[0]
    known = [point.time.text(_shown(point, visit)) for point in (meant or points)]
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    there_are = ", ".join(f"`{text}`" for text in dict.fromkeys(known[:_LISTED])) + more
    if meant and len({point.name for point in meant}) > 1:
        names = ", ".join(f"`{name}`" for name in dict.fromkeys(point.name for point in meant))
        return Problem(f"{said} of `{visit.label}` is a time of several assessments", record.place, f"write which: `assessment` is {names}")
    if meant:
        wrong = f"{said} of `{visit.label}` may be of several time points"
        return Problem(wrong, record.place, f"write which: `time_point` is {there_are}")
    return Problem(f"{said}: `{visit.label}` has no such time point", record.place, f"there are {there_are}")


def _shown(point: TimePoint, visit: Visit) -> str:
    """The dose that a time counts from, as a reader may see it."""
    return next((give.shown for give in visit.gives if give.product == point.time.product), point.time.product)


def _meant(text: str, points: Sequence[TimePoint], visit: Visit) -> Sequence[TimePoint]:
    """The time points that a text may be: by the words of the plan, else by how long it is from the dose."""
    plain = folded(text)
    exact = [p for p in points if plain in (folded(p.time.text()), folded(p.time.text(_shown(p, visit))))]
    if exact:
        return exact
    if _BEFORE.fullmatch(plain):
        before = [point for point in points if point.time.minutes is None]
        return before or [point for point in points if point.time.minutes is not None and point.time.minutes < 0]
    if _END.fullmatch(plain):
        return [point for point in points if point.time.of_end and point.time.minutes == 0]
    minutes = _minutes(plain)
    return [point for point in points if minutes and point.time.minutes == minutes]


def _minutes(plain: str) -> Fraction | None:
    """How many minutes after the dose; None where a text does not say it."""
    if (iso := _ISO.fullmatch(plain)) and (iso[2] or iso[3]):
        return (Fraction(iso[2] or 0) * 60 + int(iso[3] or 0)) * (-1 if iso[1] == "-" else 1)
    if long := _LONG.fullmatch(plain):
        minutes = Fraction(long[2]) * (60 if long[3].startswith("h") else 1)
        back = long[1] == "-" or long[4] in ("pre", "before")
        return -minutes if back else minutes
    return None
