"""What every template may use: dates as people read them, the frame around a page, markup of reports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django import template
from django.http import HttpRequest
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy

from nmosd_dosing import days
from nmosd_dosing.checks.finding import visit_text
from nmosd_dosing.days import Language
from nmosd_dosing.errors import Problem
from nmosd_dosing.pages.access import place_of
from nmosd_dosing.pages.forms import STATUS_NAMES, label_of
from nmosd_dosing.pharmacy.words import amount_words, vials_words
from nmosd_dosing.pharmacy.worklist import Item
from nmosd_dosing.register.accounts import ROLES, Role
from nmosd_dosing.register.reading.line import Line, on_one_line
from nmosd_dosing.register.writing.person import RowDocument
from nmosd_dosing.report.html.document import Markup
from nmosd_dosing.sentences import Part, Sentence, in_words, joined, said, word
from nmosd_dosing.version import PROGRAM

register = template.Library()
ROLE_NAMES: dict[Role, Any] = {
    "coordinator": gettext_lazy("coordinator"),
    "site-pharmacist": gettext_lazy("site pharmacist"),
    "unblinded-pharmacist": gettext_lazy("unblinded pharmacist"),
    "monitor": gettext_lazy("monitor"),
    "manager": gettext_lazy("manager"),
}
ON_PAGES: Mapping[str, Callable[[Mapping[str, Part]], Sentence]] = {  # by patterns of the core that are of a terminal
    "dose of {product}: masked, and with it how it is worked out; {how}": lambda parts: said(
        "dose of {product}: masked, and with it how it is worked out", product=parts["product"]
    ),
    "doses are masked, and totals from the first masked one on; `{unblind}` with `{arm}` shows them": lambda _: said(
        "doses are masked, and totals from the first masked one on"
    ),
    "`{history}` shows who wrote it; two people need two codes": lambda _: said("two people need two codes"),
    "{there}, and is disabled: `{enabling}`": lambda parts: said("{there}, and is disabled: enable it", there=parts["there"]),
    "who leaves the study is not withdrawn here: `{leaves}`; for somebody who never was, withdraw all of it: `{whole}`": lambda _: said(
        "for somebody who leaves the study enter the event `withdrawn`; for somebody who never was tick the box, and all of it is withdrawn"
    ),
}


class Section(NamedTuple):
    """A page of the navigation: the name of its address, what it is called, and for which roles it is."""

    name: str
    title: Any
    roles: frozenset[Role]


_ALL = frozenset(ROLES)
SECTIONS = (
    Section("today", gettext_lazy("Today"), _ALL),
    Section("this_month", gettext_lazy("Month"), _ALL),
    Section("subjects", gettext_lazy("Subjects"), _ALL),
    Section("pharmacy", gettext_lazy("Pharmacy"), _ALL),
    Section("screening", gettext_lazy("Screening"), _ALL),
    Section("studies", gettext_lazy("Studies"), _ALL),
    Section("feeds", gettext_lazy("Feeds"), _ALL),
    Section("trail", gettext_lazy("Trail"), _ALL),
    Section("accounts", gettext_lazy("Accounts"), frozenset({"manager"})),
)


def language() -> Language:
    """In which language dates are written."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def say(part: Part) -> str:
    """What the core says, in the language of whoever reads it; texts of users stay as they are written. Where it names what is typed at a
    terminal, it says what is done on a page, or nothing."""
    if isinstance(part, Sentence) and isinstance(part.parts, Mapping) and part.pattern in ON_PAGES:
        part = ON_PAGES[part.pattern](part.parts)
    return in_words(part, gettext, language())


@register.filter
def words(part: Part | None) -> str:
    """The same in a template; nothing where there is nothing."""
    return say(part) if part is not None else ""


@register.filter
def all_words(parts: Iterable[Part]) -> str:
    """Several sentences in a row."""
    return say(joined("; ", parts))


@register.filter
def code_words(code: str) -> str:
    """A word of a closed set, such as a verdict or the code of a note."""
    return say(word(code))


@register.filter
def named(visit: str) -> str:
    """What a finding is about: a visit, or an entry."""
    return say(visit_text(visit))


@register.filter
def line_words(line: Line) -> str:
    """A line of the trail."""
    return on_one_line(say(line.said))


@register.filter
def date(day: dt.date | None) -> str:
    """A date with its weekday; nothing where there is none."""
    return days.date_text(day, language()) if day is not None else ""


@register.filter
def day(when: dt.date | None) -> SafeString:
    """The same as an element that programs read; it is not torn."""
    return format_html('<time class="day" datetime="{}">{}</time>', when.isoformat(), date(when)) if when is not None else SafeString()


@register.filter
def role_name(role: Role) -> str:
    """What a role is called."""
    return str(ROLE_NAMES[role])


@register.filter
def status_name(status: str) -> str:
    """What a status of a visit is called."""
    return str(STATUS_NAMES[status])


@register.filter
def markup(made: Markup) -> SafeString:
    """The finished HTML of a report, in which each text is escaped already."""
    assert isinstance(made, Markup)
    return mark_safe(made.html)  # noqa: S308  # `document.element` made it


@register.filter
def of_field(problem: Problem) -> Any:
    """What the field is called in which a problem of a row is; nothing where it is of more than one."""
    place = problem.place
    name = place.document.cell(place) if place is not None and isinstance(place.document, RowDocument) else None
    return label_of(name) if name is not None else ""


@register.filter
def ticked(words: str) -> SafeString:
    """A message in which what stands between backticks is shown as it is typed."""
    parts = words.split("`")
    shown = [f"<code>{conditional_escape(part)}</code>" if i % 2 else conditional_escape(part) for i, part in enumerate(parts)]
    return mark_safe("".join(shown)) if len(parts) % 2 else conditional_escape(words)  # noqa: S308  # each part is escaped


@register.filter
def month(day: dt.date) -> str:
    """A month as it stands in an address: `2025-07`."""
    return f"{day:%Y-%m}"


@register.filter
def of(found: Mapping[str, Any], name: str) -> Any:
    """What a mapping has under a name; nothing where it has nothing."""
    return found.get(name, "")


@register.filter
def signed(number: int) -> str:
    """A number with its sign."""
    return f"{number:+d}"


@register.filter
def dose_of(item: Item) -> str:
    """The dose of an item of a pharmacy's list, as the command line says it."""
    return say(amount_words(item))


@register.filter
def vials_of(item: Item) -> str:
    """Its vials, or why they cannot be counted."""
    return say(vials_words(item))


def others(request: HttpRequest) -> str:
    """What a page is asked for beside a site, as in an address."""
    return urlencode({name: text for name, text in request.GET.items() if name not in ("site", "as")})


def around(request: HttpRequest) -> dict[str, Any]:
    """What stands around each page: who is signed in, where to go, and which day it is."""
    desk = getattr(request, "desk", None)
    sections = [section for section in SECTIONS if desk is not None and desk.who.role in section.roles]
    match = request.resolver_match
    return {
        "desk": desk, "place": place_of(request), "sections": sections, "here": match.url_name if match is not None else None,
        "program": PROGRAM, "is_chinese": language() == "zh",
    }  # fmt: skip
