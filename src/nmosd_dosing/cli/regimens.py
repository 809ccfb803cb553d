"""Which study a command is about: as an id or a path means it, or as a register holds it; and with a site's own facts."""

from __future__ import annotations

import functools

from nmosd_dosing.cli.edge import say, tell
from nmosd_dosing.cli.files import Held, read_file
from nmosd_dosing.errors import Problems
from nmosd_dosing.language import catalog
from nmosd_dosing.study.model import Period, Study


def found(name: str, period: str | None) -> tuple[Study, tuple[Period, ...]]:
    """What a regimen means, also one that is in memory. Raises DosingError."""
    return catalog.plan_of(_read(name.content, name), None, name, period) if isinstance(name, Held) else catalog.find_plan(name, period)


@functools.lru_cache(maxsize=2)  # who asks a register counts by it before it plans
def _read(content: bytes, name: str) -> Study:
    from nmosd_dosing.language.study_file import read_study_text

    return read_study_text(content.decode(), name)[0]


def with_site(study: Study, path: str) -> Study:
    """The study with a site's facts filled in. What they make doubtful is told on standard error. Raises DosingError."""
    from nmosd_dosing.language.site_file import fill_in, read_site

    doubts = Problems()
    filled = fill_in(study, read_site(read_file(path), path), doubts)
    if doubts.found:
        tell(doubts.in_order())
        say("")
    return filled
