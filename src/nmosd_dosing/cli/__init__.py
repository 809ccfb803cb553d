"""The command line: `dosing`. Only here is anything printed, and only here does the program exit.

`options` says what can be typed, `commands` which command takes what, `run` what each does.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from nmosd_dosing.cli.program import app as app


def main() -> NoReturn:
    """Run the command line and exit: 0 fine, 2 wrong input, 3 a defect of this program, 130 interrupted."""
    heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # else whoever started it wants none to be heard
    if heard:
        signal.signal(signal.SIGINT, lambda *_: os._exit(130))  # while Python loads there is nothing to put in order
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy, once loaded, would start threads for matrices, of which there are none here
    gc.set_threshold(200_000, 20, 20)  # while long tables become objects none of them is garbage; to look for it doubles the time
    from nmosd_dosing.cli.edge import run
    from nmosd_dosing.cli.program import app

    if heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run(app)
    if heard:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is done
    gc.freeze()  # to look for garbage once more takes a fifth of the time of a plan
    sys.exit(code)


def __getattr__(name: str) -> Any:
    # The program comes when it is asked for: until it is there, `main` can hear an interrupt.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nmosd_dosing.cli.program import app

    return app
