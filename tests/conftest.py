"""What every test may ask for; and asserts of the kit and the judges say what they compared."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long a machine takes says nothing of the program. The continuous integration draws all examples, the same in every run; who runs the
# tests before a commit draws a third of them, others each time.
CI = "CI" in os.environ
settings.register_profile(
    "any machine",
    suppress_health_check=[HealthCheck.too_slow], deadline=None, database=None, derandomize=CI, max_examples=100 if CI else 33,
)  # fmt: skip
settings.load_profile("any machine")

# A command in a process of its own is not to compile the whole program each time, as images of Python for containers ask for.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Playwright keeps a loop running in the thread of the tests, by which Django takes them for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

pytest.register_assert_rewrite("tests.kit", "tests.judges")

_SERVED = {"browser", "postgres_server"}

pytest_plugins = ["tests.kit.postgres", "tests.kit.registers", "tests.kit.served"]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Who asks for a browser or a server is marked; and what was collected, which stays to the end, is not looked through for garbage."""
    asking = [item for item in session.items if _SERVED & {*getattr(item, "fixturenames", ())}]
    if unmarked := [item.nodeid for item in asking if not item.get_closest_marker("integration")]:
        raise pytest.UsageError(f"not marked `integration`, but in need of a browser or a server: {', '.join(unmarked)}")
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)  # as `cli.main` sets it for every command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and the commands run in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
