"""Whether the pages are there, and how they look."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from nmosd_dosing.pages.access import place_of, public
from nmosd_dosing.report.html import document, grid, lines, month


@public()
def health(request: HttpRequest) -> HttpResponse:
    """`ok`, where the register answers."""
    place_of(request).register.facts.head()
    return HttpResponse("ok", content_type="text/plain; charset=utf-8")


@public()
def look(request: HttpRequest) -> HttpResponse:
    """The look that pages share with what is printed and handed over."""
    response = HttpResponse(document.LOOK + month.CSS + lines.CSS + grid.CSS, content_type="text/css; charset=utf-8")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
