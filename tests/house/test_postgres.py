"""The server of `tests/kit/postgres.py` is there when it is asked for, and nothing of it is left."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.kit.paths import ROOT
from tests.kit.postgres import Server

pytestmark = pytest.mark.integration

ALONE = """
from tests.kit.postgres import installed, server
with server(installed()) as running:
    print(running.folder, running.url("postgres"), flush=True)
    {then}
"""


def test_each_database_is_empty_and_gone_afterwards(postgres_server: Server) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        assert one != other
        with psycopg.connect(one) as connection:
            connection.execute("CREATE TABLE t (a text)")
        with psycopg.connect(other) as connection:
            assert connection.execute("SELECT to_regclass('t')").fetchone() == (None,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one)


def test_texts_sort_by_a_language_and_not_by_bytes(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        rows = connection.execute("SELECT * FROM (VALUES ('B'), ('a'), ('北京')) AS t (a) ORDER BY a").fetchall()
    assert [text for (text,) in rows] == ["a", "B", "北京"] != sorted(["a", "B", "北京"])


@pytest.mark.parametrize("then", ["pass", "import os; os.kill(os.getpid(), 9)"], ids=["at the end", "when killed"])
def test_the_server_is_stopped_however_the_tests_end(postgres_server: Server, then: str) -> None:
    """Its output ends when the last program that holds it does: the one that stops the server."""
    done = subprocess.run(
        [sys.executable, "-c", ALONE.format(then=then)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    folder, url = done.stdout.split()
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(url)
