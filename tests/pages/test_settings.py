"""Behind a proxy Django has nothing to say against the settings; what is sent then is for TLS alone."""

from __future__ import annotations

import os
import subprocess
import sys

_CHECK = """
from nmosd_dosing.pages import settings
settings.put_in_force({host!r})
from django.core.checks import run_checks
print([message.id for message in run_checks(include_deployment_checks=True) if not message.is_silenced()])
"""


def warnings(host: str | None) -> str:
    """What `check --deploy` says, in a process of its own."""
    around = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}  # of the tests' own
    done = subprocess.run([sys.executable, "-c", _CHECK.format(host=host)], capture_output=True, text=True, check=True, env=around)
    return done.stdout.strip()


def test_check_deploy_is_clean_behind_a_proxy() -> None:
    assert warnings("dosing.example.org") == "[]"


def test_on_this_computer_tls_is_what_is_missing() -> None:
    assert "security.W008" in warnings(None)  # no redirect to TLS
