"""A page of HTML that stands alone: one file, nothing fetched, no script; it prints on A4 and fits a telephone.

Everything is made by `element`, which escapes each text and each attribute: what is not `Markup` is never taken for HTML.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from nmosd_dosing.days import Language
from nmosd_dosing.screen import for_terminal

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_DATE = re.compile(r"(\d{4}-\d\d-\d\d(?: \S{2,3}\b)?)")  # as `days` writes it for people
_EMPTY = frozenset({"br", "hr", "meta"})  # elements that have no content, and no end tag
_LANGUAGES: dict[Language, str] = {"en": "en", "zh": "zh-Hans"}

INK, ACCENT, FAINT, LINE, GREY, PALE, ALERT, WARM = "#1b2529", "#0d5468", "#53616a", "#c9d2d6", "#e6eaec", "#dcebef", "#9c2a10", "#fdf3ef"
"""The colours: of text, of what stands out, stands back, of rules, of what is closed, of a soft ground; of what is late, and its ground."""

LOOK = f"""
*, *::before, *::after {{ box-sizing: border-box; }}
html {{ -webkit-text-size-adjust: 100%; }}
body {{ margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 74rem; background: #fff; color: {INK}; line-height: 1.45;
  font-family: system-ui, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC",
    "WenQuanYi Zen Hei", sans-serif; font-size: 1rem; overflow-wrap: break-word; font-variant-numeric: tabular-nums; }}
h1 {{ margin: 0 0 .2rem; font-size: 1.5rem; line-height: 1.2; color: {ACCENT}; }}
h2 {{ margin: 2rem 0 .6rem; font-size: 1.15rem; line-height: 1.25; color: {ACCENT}; }}
p {{ margin: .3rem 0; }}
.faint {{ color: {FAINT}; }}
.late {{ color: {ALERT}; font-weight: 600; }}
.day {{ white-space: nowrap; }}
table {{ border-collapse: collapse; width: 100%; }}
caption {{ text-align: left; padding: 0 0 .4rem; color: {FAINT}; }}
th, td {{ text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid {LINE}; }}
th {{ font-weight: 600; }}
thead th {{ border-bottom: 2px solid {ACCENT}; vertical-align: bottom; }}
.wide {{ overflow-x: auto; }}
.wide:focus-visible {{ outline: 2px solid {ACCENT}; outline-offset: 2px; }}
footer {{ margin-top: 2rem; padding-top: .5rem; border-top: 1px solid {LINE}; color: {FAINT}; font-size: .85rem; }}
@media print {{
  body {{ padding: 0; max-width: none; font-size: 10pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }}
  .wide {{ overflow: visible; }}
  thead {{ display: table-header-group; }}
  tr, li, p, svg, .whole {{ break-inside: avoid; }}
  h1, h2, h3, caption, thead {{ break-after: avoid; }}
  p {{ orphans: 3; widows: 3; }}
}}
"""


class Markup(Struct, frozen=True):
    """Finished HTML."""

    html: str


Part = Markup | str | None
Address = Callable[[str], str]  # of a page, by what is shown of it


def element(name: str, /, *parts: Part, **attributes: str | int | float | None) -> Markup:
    """An element with its content. A text is escaped, what could move or reorder characters in it is written out; None is nothing.

    An attribute is called like its argument, `-` for each `_` within (`aria_label`), without one at its end (`class_`); None: left out.
    """
    named = ((a.removesuffix("_").replace("_", "-"), value) for a, value in attributes.items() if value is not None)
    given = "".join(f' {a}="{_text(str(value))}"' for a, value in named)
    return Markup(f"<{name}{given}>" if name in _EMPTY else f"<{name}{given}>{_html(parts)}</{name}>")


def group(parts: Iterable[Part]) -> Markup:
    """Parts after each other."""
    return Markup(_html(parts))


def dated(words: str) -> Markup:
    """A text in which no date is torn."""
    return group([element("span", part, class_="day") if number % 2 else part for number, part in enumerate(_DATE.split(words))])


def table(caption: Part, headings: Sequence[Part], rows: Iterable[Sequence[Part]], class_: str | None = None) -> Markup:
    """A table with its caption; the first cell of each row is that row's heading."""
    head = element("tr", *(element("th", heading, scope="col") for heading in headings))
    body = [element("tr", element("th", first, scope="row"), *(element("td", cell) for cell in rest)) for first, *rest in rows]
    return element("table", element("caption", caption), element("thead", head), element("tbody", *body), class_=class_)


def linked(text: str | None, address: Address | None) -> Part:
    """A text as a link to its address; as it is where there is none."""
    return element("a", text, href=address(text)) if text is not None and address is not None else text


def wide(label: str, part: Part) -> Markup:
    """What may be wider than a telephone: it scrolls by itself, also by the keyboard; `label` says what it is."""
    return element("div", part, class_="wide", role="region", aria_label=label, tabindex=0)


def document(title: str, body: Iterable[Part], *, language: Language = "en", css: str = "", landscape: bool = False) -> str:
    """The page. `css` is the program's own, and comes after what all pages share."""
    page = f"@page {{ size: A4{' landscape' if landscape else ''}; margin: 14mm; }}"
    head = element(
        "head", element("meta", charset="utf-8"), element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"), element("title", title), Markup(f"<style>{page}{LOOK}{css}</style>"),
    )  # fmt: skip
    main = element("body", element("main", *body))
    return f"<!doctype html>\n{element('html', head, Markup(chr(10)), main, lang=_LANGUAGES[language]).html}\n"


def _html(parts: Iterable[Part]) -> str:
    return "".join(part.html if isinstance(part, Markup) else _text(part) for part in parts if part is not None)


def _text(words: str) -> str:
    return html.escape(for_terminal(words))
