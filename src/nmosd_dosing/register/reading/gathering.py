"""Everybody whom somebody may see, as what is asked of plans: the rows of a register through the readers of tables, by the version of the
study that each subject is on, with the site's own facts."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.errors import Problems
from nmosd_dosing.language.site_file import fill_in, read_site
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.plans.request import Request
from nmosd_dosing.plans.workdays import Workdays, open_days
from nmosd_dosing.register.database.chain import Head
from nmosd_dosing.register.database.facts import Fact
from nmosd_dosing.register.reading import counting, readers, studies, tables
from nmosd_dosing.register.reading.tables import EVERYBODY, Whose
from nmosd_dosing.register.register import Register
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects import history

_READ = ("subjects", "events", "visits", "weighings", "measurements")
_COUNTED: dict[tuple[Head, Study, dt.date], counting.Counted] = {}  # of a register as its last entry's hash tells it from all others
_MOST_COUNTED = 8


class Gathered(Struct, frozen=True):
    """Those who are on one version of the study. `request`: they as known on the day of looking; `without_day`: the codes of those who have
    no first dose, and of whom nobody says when they were screened."""

    version: str
    request: Request
    without_day: tuple[str, ...]

    @property
    def study(self) -> Study:
        """The study, with the site's own facts."""
        return self.request.study


def gather(
    register: Register, whose: Whose, today: dt.date, *, country: str | None = None, arms: bool = False, unblind: bool = False
) -> list[Gathered]:
    """Those of `whose` that are there, by the version of the study that they are on; nobody is an empty list.

    `country`: whose public holidays are closed days. `arms`: with the arms, for whom may see them; `unblind`: with the doses that they
    tell, and those whose arm is not known beside them, masked. Raises InputError where what the register holds contradicts itself, or it
    has no study.
    """
    versions: dict[str, list[Fact]] = defaultdict(list)
    for fact in tables.subjects(register, whose):
        versions[studies.version_of(fact.cells or {})].append(fact)
    found = []
    for version, people in sorted(versions.items(), key=lambda item: int(item[0])):
        study = study_of(register, people, today)
        request = Request(study, tables.period(register), workdays=workdays(study, country), unblind=unblind)
        held = tables.held(register, (*_READ, tables.ARMS) if arms else _READ, whose, people)
        subjects, without = readers.subjects(study, request.periods, held)
        if whose != EVERYBODY or unblind:
            request = replace(request, study=_counted(register, request, today))
        request = replace(request, subjects=history.booked_by(subjects, today)).begun()
        problems = Problems()
        history.check(request.subjects, True, problems)
        problems.stop()
        found += [Gathered(version, part, without) for part in _by_what_is_told(request.known_by(today)[0])]
    return found


def _by_what_is_told(request: Request) -> list[Request]:
    """The request; one that unblinds is of those whose arm is known, and the others are asked about as everybody sees them."""
    others = tuple(subject for subject in request.subjects if subject.arm is None) if request.unblind else ()
    if not others:
        return [request]
    told = tuple(subject for subject in request.subjects if subject.arm is not None)
    masked = replace(request, unblind=False, subjects=others)
    return [replace(request, subjects=told), masked] if told else [masked]


def study_of(register: Register, people: Sequence[Fact], today: dt.date) -> Study:
    """The study on which subjects are, with the site's own facts where all of them have the same. Raises InputError as `studies.study_of`
    does."""
    store = register.facts
    file = studies.study_of(store, people)
    said = studies.uses(store)
    used = {studies.used(said, "site", site, today) for site in {fact.site for fact in people} or {None}}
    use = used.pop()
    if used or use is None:
        return _read(file.text, file.name)
    site = studies.file_of(store, use)
    return _filled_in(file.text, file.name, site.text, site.name)


def workdays(study: Study, country: str | None) -> Workdays | None:
    """The days on which the site is open: of a country, and of its own; None where neither is known."""
    site = study.site
    if country is None and not (site and (site.closed or site.open)):
        return None
    return open_days(country, site.closed if site else frozenset(), site.open if site else frozenset())


@lru_cache(maxsize=8)
def _read(text: str, name: str) -> Study:
    return read_study_text(text, name)[0]


@lru_cache(maxsize=8)
def _filled_in(text: str, name: str, site_text: str, site_name: str) -> Study:
    return fill_in(_read(text, name), read_site(site_text.encode(), site_name), Problems())


def _counted(register: Register, request: Request, today: dt.date) -> Study:
    """The study, with the days of its stop that are counted over everybody whom the register has."""
    study = request.study
    if study.stop is None or request.period is not None or not counting.rules(study):
        return study
    key = register.facts.head(), study, today
    if (days := _COUNTED.get(key)) is None:
        days = counting.over_everybody(study, register, None, today)
        if len(_COUNTED) >= _MOST_COUNTED:
            _COUNTED.clear()
        _COUNTED[key] = days
    return replace(study, stop=replace(study.stop, counted=days))
