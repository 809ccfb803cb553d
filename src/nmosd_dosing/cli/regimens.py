"""Which study a command is about: as an id or a path means it, or as a register holds it; and with a site's own facts."""

from __future__ import annotations

from nmosd_dosing.cli.edge import say, tell
from nmosd_dosing.cli.files import Held, read_file
from nmosd_dosing.errors import Problems
from nmosd_dosing.language import catalog
from nmosd_dosing.study.model import Period, Study


def found(name: str, period: str | None) -> tuple[Study, tuple[Period, ...]]:
    """What a regimen means, also one that is in memory. Raises DosingError."""
    if not isinstance(name, Held):
        return catalog.find_plan(name, period)
    from nmosd_dosing.language.study_file import read_study_text

    return catalog.plan_of(read_study_text(name.content.decode(), name)[0], None, name, period)


def with_site(study: Study, path: str) -> Study:
    """The study with a site's facts filled in. What they make doubtful is told on standard error. Raises DosingError."""
    from nmosd_dosing.language.site_file import fill_in, read_site

    doubts = Problems()
    filled = fill_in(study, read_site(read_file(path), path), doubts)
    if doubts.found:
        tell(doubts.in_order())
        say("")
    return filled
