"""A month of a board as a table of weeks: names on their days, allowed days as bars, closed days grey."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from nmosd_dosing.checks.board import Board, Kind, Mark
from nmosd_dosing.days import month_name, weekdays
from nmosd_dosing.report.html import document as look
from nmosd_dosing.report.html.document import Address, Markup, element, group, linked, wide
from nmosd_dosing.sentences import Say, Sentence, english, joined, said, word

CSS = f"""
.month {{ table-layout: fixed; border: 1px solid {look.LINE}; }}
.wide .month {{ min-width: 42rem; }}
.month th, .month td {{ padding: 1px 3px; border-bottom: 0; border-left: 1px solid {look.LINE}; font-size: .82rem; }}
.month thead th {{ padding: .3rem .4rem; }}
.month tbody {{ border-top: 1px solid {look.LINE}; }}
.month .date {{ padding: .25rem .4rem .1rem; font-weight: 600; overflow-wrap: anywhere; }}
.month .date small {{ font-weight: 400; color: {look.FAINT}; }}
.month .beside {{ color: {look.FAINT}; font-weight: 400; }}
.month .closed {{ background: {look.GREY}; }}
.month .today {{ background: {look.ACCENT}; color: #fff; }}
.month .today small {{ color: #fff; }}
.month .foot td {{ height: .5rem; }}
.bar {{ position: relative; isolation: isolate; min-height: 1.5em; padding: 1px 6px 2px;
  border-radius: 4px; border: 1px solid {look.ACCENT}; background: {look.PALE};
  overflow-wrap: anywhere; }}
.bar.on {{ border-top-left-radius: 0; border-bottom-left-radius: 0; border-left: 0; }}
.bar.off {{ border-top-right-radius: 0; border-bottom-right-radius: 0; border-right: 0; }}
.bar svg {{ position: absolute; inset: 0; width: 100%; height: 100%; z-index: -1; }}
.bar .shut {{ fill: {look.GREY}; }}
.bar .tick {{ stroke: {look.ACCENT}; stroke-width: 6px; }}
.bar.entry {{ border-style: dashed; background: #fff; }}
.bar.tentative {{ border-style: dotted; }}
.bar.booked {{ background: {look.ACCENT}; color: #fff; }}
.bar.done {{ border-color: {look.LINE}; background: #fff; color: {look.INK}; }}
.bar.not {{ border-color: {look.LINE}; background: #fff; color: {look.FAINT}; text-decoration: line-through; }}
.bar.overdue {{ border: 2px solid {look.ALERT}; background: {look.WARM}; color: {look.ALERT}; font-weight: 600; }}
.bar.overdue .tick {{ stroke: {look.ALERT}; }}
.hid {{ position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }}
"""

Week = Sequence[dt.date | None]


def month_of(board: Board, say: Say = english, address: Address | None = None) -> Markup:
    """The month of a board, in a part of its own that scrolls where the page is narrower. `address`: of a subject's page, by the code."""
    head = element("thead", element("tr", *(element("th", say(word(day)), scope="col") for day in weekdays())))
    marks = [piece for mark in board.in_month for piece in _pieces(mark, board.as_of)]
    weeks = [_week(board, week, marks, say, address) for week in board.weeks]
    words = said("A bar is the allowed days of a visit, with the planned day underlined; closed days are grey")
    caption = element("caption", say(words))
    made = element("table", caption, head, *weeks, class_="month")
    month = board.month_text
    return group([element("h2", say(month)), wide(say(said("The month: {month}", month=month)), made)])


def _pieces(mark: Mark, as_of: dt.date) -> list[Mark]:
    """Of what is overdue its own days and the day of looking, without those between; else the mark itself."""
    last = max((day for day in (mark.day, mark.latest) if day is not None), default=mark.begins)
    if mark.kind != "overdue" or last >= as_of:
        return [mark]
    return [replace(mark, ends=last), replace(mark, begins=as_of, ends=as_of)]


def _week(board: Board, week: Week, marks: Sequence[Mark], say: Say, address: Address | None) -> Markup:
    closed = [day is not None and board.days.closed_because(day) is not None for day in week]
    dates = [_date(board, day, shut, say) for day, shut in zip(week, closed, strict=True)]
    rows = [element("tr", *_lane(week, closed, lane, say, address)) for lane in lanes(week, marks)]
    foot = element("tr", *(element("td", class_="closed" if shut else None) for shut in closed), class_="foot", aria_hidden="true")
    return element("tbody", element("tr", *dates), *rows, foot, class_="whole")


def _date(board: Board, day: dt.date | None, shut: bool, say: Say) -> Markup:
    if day is None:
        return element("td", class_="date")
    today, beside = day == board.as_of, not board.has(day)
    number = say(said("{n} {month}", n=day.day, month=word(month_name(day)[:3]))) if beside else str(day.day)
    why = (board.days.closed_because(day) or "") if day.weekday() < 5 else ""
    beside_it = say(joined(", ", (each for each in (said("today") if today else "", why) if each)))
    style = ("date", *(["beside"] if beside else []), *(["today"] if today else ["closed"] if shut else []))
    words = element("time", number, datetime=day.isoformat())
    return element("td", words, element("small", f" {beside_it}") if beside_it else None, class_=" ".join(style))


def lanes(week: Week, marks: Sequence[Mark]) -> list[list[tuple[int, int, Mark]]]:
    """The marks of a week in as few rows as they need, each with its first and last day of the week, from 0."""
    made: list[list[tuple[int, int, Mark]]] = []
    known = [(number, day) for number, day in enumerate(week) if day is not None]
    for mark in marks:
        on = [number for number, day in known if mark.begins <= day <= mark.ends]
        if not on:
            continue
        lane = next((lane for lane in made if lane[-1][1] < on[0]), None)
        if lane is None:
            made.append(lane := [])
        lane.append((on[0], on[-1], mark))
    return made


def _lane(week: Week, closed: Sequence[bool], lane: Sequence[tuple[int, int, Mark]], say: Say, address: Address | None) -> Iterator[Markup]:
    at = 0
    for first, last, mark in lane:
        yield from (element("td", class_="closed" if closed[number] else None) for number in range(at, first))
        yield from _bars(week, closed, first, last, mark, say, address)
        at = last + 1
    yield from (element("td", class_="closed" if closed[number] else None) for number in range(at, len(week)))


def _bars(week: Week, closed: Sequence[bool], first: int, last: int, mark: Mark, say: Say, address: Address | None) -> Iterator[Markup]:
    """The bar of a mark in a week; of an appointment the days before and after it are bars of their own."""
    on = week.index(mark.day) if mark.day in week and mark.day is not None else None
    if mark.kind != "booked" or on is None:
        yield _bar(week, closed, first, last, mark, "planned" if mark.kind == "booked" else mark.kind, say, address)
        return
    if first < on:
        yield _bar(week, closed, first, on - 1, mark, "planned", say, address, named=False)
    yield _bar(week, closed, on, on, mark, "booked", say, address)
    if on < last:
        yield _bar(week, closed, on + 1, last, mark, "planned", say, address, named=False)


def _bar(
    week: Week, closed: Sequence[bool], first: int, last: int, mark: Mark, kind: Kind, say: Say, address: Address | None, *,
    named: bool = True,
) -> Markup:  # fmt: skip
    """The bar of a mark from one day of a week to another; the planned day is underlined."""
    days = last - first + 1
    style = ["bar", kind, *(["tentative"] if mark.tentative and kind == "planned" else [])]
    style += ["on"] if mark.begins < (week[first] or mark.begins) else []
    style += ["off"] if mark.ends > (week[last] or mark.ends) else []
    on = week.index(mark.day) - first if mark.day is not None and mark.day in week and mark.kind != "booked" else None
    drawn = _drawn(closed[first : last + 1] if kind == "planned" else (), on if days > 1 else None, days)
    name = [
        element("b", linked(mark.subject, address)),
        " " if mark.subject else None,
        say(mark.named),
        f" {mark.hour}" if mark.hour and kind == mark.kind else None,
    ]
    title = say(title_of(mark))
    words = element("span", f" {say(mark.text)}" if named else title, class_="hid")
    return element(
        "td",
        element("div", *(name if named else ()), words, drawn, class_=" ".join(style), title=title),
        colspan=days if days > 1 else None,
    )


def _drawn(closed: Sequence[bool], on: int | None, days: int) -> Markup | None:
    """What lies under the words of a bar: closed days in grey, the planned day underlined. Attributes, and no style: so a page may forbid
    styles that stand in it."""
    part = 100 / days
    shut = [
        element("rect", x=_percent(i * part), y=0, width=_percent(part), height="100%", class_="shut") for i, c in enumerate(closed) if c
    ]
    begins, ends = (_percent(on * part), _percent((on + 1) * part)) if on is not None else ("", "")
    tick = [element("line", x1=begins, x2=ends, y1="100%", y2="100%", class_="tick")] if on is not None else []
    return element("svg", *shut, *tick, aria_hidden="true") if shut or tick else None


def _percent(share: float) -> str:
    return f"{share:.4g}%"


def title_of(mark: Mark) -> Sentence:
    """A mark in words: whose, which visit, and how it stands."""
    visit = joined(" ", (mark.subject, mark.named)) if mark.subject else mark.named
    return said("{visit}: {how}", visit=visit, how=mark.text)
