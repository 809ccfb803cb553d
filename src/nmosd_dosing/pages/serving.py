"""The pages as a program that answers browsers: Django's views, served by waitress, static files by whitenoise; on this computer only, so
that whoever asks from elsewhere comes through a proxy that does TLS."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from waitress.server import create_server
from whitenoise import WhiteNoise  # type: ignore[import-untyped]

from nmosd_dosing.pages import log, settings
from nmosd_dosing.pages.place import Place

HERE = "127.0.0.1"
_THREADS = 8
_LARGEST = 10_000_000  # bytes of a request: what is more than a page takes gets a page that says so, up to here
WSGI = Callable[[dict[str, Any], Any], Iterable[bytes]]


def application(place: Place) -> WSGI:
    """The pages of a place, as a server calls them."""
    address = urlsplit(place.address)
    settings.put_in_force(address.hostname if address.scheme == "https" else None)
    from django.core.handlers.wsgi import WSGIHandler

    from nmosd_dosing.pages.access import PLACE

    answer = WSGIHandler()

    def asked(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return answer({**environ, PLACE: place}, start_response)

    return WhiteNoise(asked, root=settings.STATIC, prefix="static/", max_age=86_400)  # type: ignore[no-any-return]


def listening(place: Place, port: int) -> Any:
    """A server that listens on this computer, and answers once its `run` is called; port 0 takes one that is free: `effective_port`.
    Raises OSError where the port is taken."""
    behind_proxy = place.address.startswith("https:")
    trusted: dict[str, Any] = {
        "trusted_proxy": HERE,
        "trusted_proxy_count": 1,
        "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto"},
    }
    log.begin()
    return create_server(
        application(place), host=HERE, port=port, threads=_THREADS, ident=None, max_request_body_size=_LARGEST,
        clear_untrusted_proxy_headers=True, **(trusted if behind_proxy else {}),
    )  # fmt: skip
