"""What Django is told for pages, beside the register's own settings; all of it is read when the first page is asked for."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from django.conf import settings

from nmosd_dosing import register  # Django is ready once it is imported

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
IDLE = 30 * 60  # seconds after which nobody is signed in any more
LARGEST = 2_500_000  # bytes of a request
LONGEST = 12 * 60 * 60  # and so many after signing in, whatever is done meanwhile
_YEAR = 365 * 24 * 60 * 60

assert register


def put_in_force(host: str | None = None) -> None:
    """Gives Django the settings of the pages. `host`: the name under which a proxy with TLS is reached; None where only this computer asks.

    Who is signed in is kept in memory, and ends with the program: so nothing of it is in a file or a backup.
    """
    for name, value in _settings(host).items():
        setattr(settings, name, value)


def _settings(host: str | None) -> dict[str, Any]:
    tls = host is not None
    return {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "DEBUG": False,
        "ALLOWED_HOSTS": [host] if host is not None else ["127.0.0.1", "localhost", "[::1]"],
        "ROOT_URLCONF": "nmosd_dosing.pages.urls",
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "nmosd_dosing.pages.access.Guarded",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
            "nmosd_dosing.pages.access.Asking",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "DIRS": [_HERE / "templates"],
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.csrf", "nmosd_dosing.pages.showing.around"],
                    "libraries": {"dosing": "nmosd_dosing.pages.showing"},
                    "builtins": ["nmosd_dosing.pages.showing", "django.templatetags.i18n"],
                },
            }
        ],
        "STATIC_URL": "/static/",
        "APPEND_SLASH": False,
        "LANGUAGE_CODE": "en",
        "LANGUAGES": [("en", "English"), ("zh-hans", "简体中文")],
        "LOCALE_PATHS": [_HERE / "locale"],
        "LANGUAGE_COOKIE_HTTPONLY": True,
        "LANGUAGE_COOKIE_SAMESITE": "Lax",
        "LANGUAGE_COOKIE_SECURE": tls,
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
                "LOCATION": "pages",
                "OPTIONS": {"MAX_ENTRIES": 100_000},
            }
        },
        "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
        "SESSION_COOKIE_NAME": "dosing",
        "SESSION_COOKIE_AGE": IDLE,
        "SESSION_EXPIRE_AT_BROWSER_CLOSE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": tls,
        "CSRF_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": tls,
        "CSRF_FAILURE_VIEW": "nmosd_dosing.pages.access.not_from_here",
        "CSRF_TRUSTED_ORIGINS": [f"https://{host}"] if tls else [],
        "SECURE_SSL_REDIRECT": tls,
        "SECURE_REDIRECT_EXEMPT": ["^health$"],  # which a proxy, or who watches the program, asks without TLS
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https") if tls else None,
        "SECURE_HSTS_SECONDS": _YEAR if tls else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": tls,
        "SILENCED_SYSTEM_CHECKS": ["security.W021"],  # whether a whole domain is to be on browsers' lists is its owner's to say
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
        "DATA_UPLOAD_MAX_MEMORY_SIZE": LARGEST,
        "FILE_UPLOAD_MAX_MEMORY_SIZE": LARGEST,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 500,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 10,
        "LOGGING_CONFIG": None,  # `log` says what goes into it
    }
