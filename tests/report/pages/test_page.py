"""A page is whole in a pipe and in a terminal of 80 columns: no torn row, no colours where none are wanted."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.kit.command import BELIMUMAB, MIL62, output


def test_piped_tables_have_no_colours_and_no_wrapped_cells() -> None:
    for asked in (MIL62, BELIMUMAB, ("show", "belimumab"), ("regimens",)):
        text = output(*asked, FORCE_COLOR="1")
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert len([line for line in output(*BELIMUMAB).splitlines() if line.startswith("D")]) == 14


def test_a_terminal_of_80_columns_shows_no_torn_row_and_no_color_is_heeded() -> None:
    import pty

    def terminal(**environment: str) -> str:
        primary, secondary = pty.openpty()
        subprocess.run([sys.executable, "-m", "nmosd_dosing", *BELIMUMAB, "--weight", "60"], stdout=secondary, check=True,
                       env={**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **environment})  # fmt: skip
        os.close(secondary)
        text = b""
        while chunk := _read(primary):
            text += chunk
        os.close(primary)
        return text.decode()

    coloured, plain = terminal(), terminal(NO_COLOR="1")
    assert "\x1b[1" in coloured and "\x1b[33" not in plain and "\x1b[1;33" not in plain
    assert len([line for line in plain.splitlines() if "belimumab 600 mg" in line]) == 14


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed
        return b""
