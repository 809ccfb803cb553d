"""How far a look-back reaches from its anchor, and for which anchors it reaches a day. Months that are counted backwards do not invert:
the days are tried."""

from __future__ import annotations

import datetime as dt

from nmosd_dosing.days import Offset, shift_date

EARLIEST, FOREVER = dt.date.min, dt.date.max  # since before anybody knows; without an end
_DAY = dt.timedelta(1)
_LAST_YEAR = 9000  # nobody asks about later ones


def look_back(anchor: dt.date, back: Offset) -> dt.date:
    """The first day of a look-back from an anchor."""
    return shift_date(anchor, back.times(-1))


def last_barred(end: dt.date, back: Offset, *, strict: bool = True) -> dt.date:
    """The last anchor whose look-back holds the day `end`; where `strict` is not, whose look-back begins before it."""
    if end.year > _LAST_YEAR:
        return FOREVER

    def holds(first: dt.date) -> bool:
        return first <= end if strict else first < end

    day = shift_date(end, back)
    while holds(look_back(day + _DAY, back)):
        day += _DAY
    while not holds(look_back(day, back)):
        day -= _DAY
    return day


def first_ahead(begin: dt.date, ahead: Offset) -> dt.date:
    """The first anchor from which `begin` lies within the time ahead of it."""
    if begin == EARLIEST:
        return EARLIEST
    day = shift_date(begin, ahead.times(-1))
    while shift_date(day - _DAY, ahead) >= begin:
        day -= _DAY
    while shift_date(day, ahead) < begin:
        day += _DAY
    return day
