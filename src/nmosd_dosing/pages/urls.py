"""The addresses, each with its view; who may see it the view says."""

from __future__ import annotations

from urllib.parse import unquote

from django.urls import path, register_converter
from django.views.i18n import set_language

from nmosd_dosing.pages import signing
from nmosd_dosing.pages.access import public
from nmosd_dosing.pages.views import accounts, feeds, health, month, pharmacy, screening, studies, subjects, today, trail, writing


class Code:
    """A subject's code as it stands in an address: any text, in which a slash is quoted, since `0103/handout` is the handout of 0103, and
    dots alone, which a browser takes for a folder."""

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """As it was entered."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """Quoted; Django quotes that again, so that it is still quoted where an address is taken apart."""
        quoted = value.replace("%", "%25").replace("/", "%2F")
        return quoted.replace(".", "%2E") if not quoted.strip(".") else quoted


register_converter(Code, "code")

urlpatterns = [
    path("", today.today, name="today"),
    path("accounts", accounts.everybody, name="accounts"),
    path("accounts/<str:name>", accounts.account, name="account"),
    path("export.zip", trail.everything, name="export"),
    path("feeds", feeds.everybody, name="feeds"),
    path("feeds/<int:number>/rotate", feeds.rotate, name="rotate_feed"),
    path("feeds/<int:number>/revoke", feeds.revoke, name="revoke_feed"),
    path("feeds/<str:key>.ics", feeds.feed, name="feed"),
    path("health", health.health, name="health"),
    path("look.css", health.look, name="look"),
    path("language", public(post=True)(set_language), name="set_language"),
    path("login", signing.sign_in, name="login"),
    path("logout", signing.sign_out, name="logout"),
    path("month", month.this_month, name="this_month"),
    path("month/<str:month>", month.month, name="month"),
    path("password", signing.password, name="password"),
    path("pharmacy", pharmacy.pharmacy, name="pharmacy"),
    path("pharmacy/stock", pharmacy.vials, name="stock"),
    path("pharmacy/stock/<int:number>", pharmacy.withdrawn, name="stock_withdrawn"),
    path("screening", screening.screening, name="screening"),
    path("studies", studies.files, name="studies"),
    path("studies/<str:id>/<str:version>", studies.grid, name="grid"),
    path("subjects", subjects.everybody, name="subjects"),
    path("subjects/<code:code>/unblind", subjects.arm, name="unblind"),
    path("trail", trail.lines, name="trail"),
    path("trail/verify", trail.verify, name="verify"),
    path("new-subject", writing.new_subject, name="new_subject"),
    path("subjects/<code:code>/history", subjects.history, name="history"),
    path("subjects/<code:code>/slots", subjects.slots, name="slots"),
    path("subjects/<code:code>/handout", subjects.handout, name="handout"),
    path("subjects/<code:code>/write/<str:kind>", writing.write, name="write"),
    path("subjects/<code:code>/correct/<int:number>", writing.correct, name="correct"),
    path("subjects/<code:code>/withdraw/<int:number>", writing.withdraw, name="withdraw"),
    path("subjects/<code:code>", subjects.subject, name="subject"),
]
handler400 = "nmosd_dosing.pages.access.not_understood"
handler404 = "nmosd_dosing.pages.access.not_found"
handler500 = "nmosd_dosing.pages.access.broken"
