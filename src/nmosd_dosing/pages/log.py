"""What the program of the pages writes on standard error: one line for what was refused, the place of a defect; no key of a feed, nothing
that a form held, nothing of a page."""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from typing import Any

from nmosd_dosing.screen import for_terminal

_KEY = re.compile(r"((?i:/feeds/))[^/\s?'\"]+|(?<![\w-])[A-Za-z0-9_-]{43,}")  # also where the address around it was typed wrongly
_QUESTION = re.compile(r"(?<=\S)\?\S*")  # of an address from which a form was sent


class Line(logging.Formatter):
    """A line with its moment in UTC; keys of feeds and questions behind `?` are left out."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the place of a defect."""
        return for_terminal(_KEY.sub(r"\1…", super().format(record)))

    def formatMessage(self, record: logging.LogRecord) -> str:  # as `logging` calls it
        """What is said, on one line, whatever stands in an address."""
        return _QUESTION.sub("", super().formatMessage(record)).replace("\n", "\\n")

    def formatException(self, ei: Any) -> str:  # as `logging` calls it
        """Where a defect is, and of which kind; not what it says, which may be what somebody typed."""
        kind, _, trace = ei
        return "".join(["Traceback:\n", *traceback.format_tb(trace), kind.__name__ if kind is not None else ""])


def _without_trace(record: logging.LogRecord) -> bool:
    """What is refused is no defect, and has no place in the program."""
    if record.name.startswith("django.security"):
        record.exc_info = None
    return True


def begin(stream: object = None) -> None:
    """Writes the lines of the pages to a stream, standard error where none is named."""
    handler = logging.StreamHandler(stream or sys.stderr)  # type: ignore[arg-type]
    handler.addFilter(_without_trace)
    handler.setFormatter(Line("%(asctime)sZ %(name)s %(levelname)s: %(message)s", "%Y-%m-%dT%H:%M:%S"))
    for name, level in (("django", logging.WARNING), ("waitress", logging.WARNING), ("nmosd_dosing", logging.INFO)):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(level)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
