"""A patient's next visits on one page of A4, in English or Chinese."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from nmosd_dosing.days import Language, date_text
from nmosd_dosing.plans.handout import Appointment, Handout, on
from nmosd_dosing.plans.wording import HandoutWording
from nmosd_dosing.report.html.document import ACCENT, LINE, PALE, Markup, Part, dated, document, element

_CSS = f"""
body {{ max-width: 46rem; }}
.visits {{ list-style: none; margin: 1.2rem 0; padding: 0; }}
.visits > li {{ margin: 0 0 .8rem; padding: .7rem 1rem; border: 1px solid {LINE}; border-left: 6px solid {LINE}; border-radius: 4px;
  display: flex; flex-wrap: wrap; gap: 0 1.5rem; }}
.visits > li > div {{ flex: 2 1 13rem; }}
.visits > li > div:first-child {{ flex: 3 1 19rem; }}
.visits > .agreed {{ border-left-color: {ACCENT}; }}
.visits h2 {{ margin: 0; font-size: 1.3rem; }}
.visits ul {{ margin: 0; padding-left: 1.2rem; }}
.calls {{ padding: .8rem 1rem; background: {PALE}; border-radius: 4px; }}
.calls strong {{ font-size: 1.15rem; }}
@media print {{ footer {{ margin-top: 1rem; }} .visits > li {{ padding: .5rem .9rem; margin-bottom: .6rem; }} }}
"""


def handout_page(made: Handout, language: Language) -> str:
    """The page."""
    words = HandoutWording(language)
    about = [made.place, words.as_of.format(date_text(made.as_of, language)), words.code.format(made.code) if made.code else None]
    header = element("header", element("h1", words.title), element("p", " · ".join(part for part in about if part), class_="faint"))
    items = [_visit(appointment, words, language) for appointment in made.appointments]
    visits = element("ol", *items, class_="visits") if items else element("p", words.none)
    call = element("p", element("strong", words.call.format(made.telephone))) if made.telephone else None
    calls = element("div", element("p", words.please_call), call, class_="calls whole")
    more = element("p", words.more, class_="faint") if made.more else None
    return document(words.title, [header, visits, more, calls, element("footer", words.keep)], language=language, css=_CSS)


def _visit(made: Appointment, words: HandoutWording, language: Language) -> Markup:
    closed = element("p", words.closed) if made.closed and not made.agreed else None  # what is agreed stands
    day_of = element("div", *_day(made, words, language), _possible(made, words, language), closed, *_again(made, words, language))
    return element("li", day_of, element("div", *_there(made, words)), class_="agreed" if made.agreed else None)


def _day(made: Appointment, words: HandoutWording, language: Language) -> Iterator[Markup]:
    """The day, and how sure it is."""
    if made.day is None:
        yield element("h2", words.to_agree)
        return
    day = date_text(made.day, language)
    course = made.last is not None and made.last > made.day and made.course
    if made.last is not None and made.last > made.day and not course:
        day = f"{day} – {date_text(made.last, language)}"
    if made.time is not None:
        day = words.at.format(day, f"{made.time:%H:%M}")
    yield element("h2", day)
    if course and made.last is not None:
        yield element("p", dated(words.each_day.format(date_text(made.last, language))))
    yield element("p", words.agreed if made.agreed else words.planned if made.sure else words.may_change)


def _again(made: Appointment, words: HandoutWording, language: Language) -> Iterator[Markup]:
    """The other days that belong to it."""
    for when in made.again:
        day = date_text(on(when), language)
        text = words.at.format(day, f"{when:%H:%M}") if isinstance(when, dt.datetime) else day
        yield element("p", words.again.format(text))


def _there(made: Appointment, words: HandoutWording) -> Iterator[Part]:
    """Where to, and what to bring."""
    if made.room:
        yield element("p", words.room.format(made.room))
    if made.bring:
        yield element("p", words.bring)
        yield element("ul", *(element("li", thing) for thing in made.bring))


def _possible(made: Appointment, words: HandoutWording, language: Language) -> Part:
    """The days on which a visit is possible; nothing where none are stated, or it takes several days."""
    if made.earliest is None or made.last is not None:
        return None
    if made.latest is None:
        return element("p", dated(words.possible_from.format(date_text(made.earliest, language))), class_="faint")
    if made.earliest == made.latest == made.day:
        return element("p", words.no_other_day, class_="faint")
    days = [date_text(day, language) for day in (made.earliest, made.latest)]
    return element("p", dated(words.allowed.format(*days)), class_="faint")
