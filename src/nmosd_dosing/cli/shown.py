"""Whose rows a list shows: of one subject of a table, of some sites. Everybody is planned all the same, since the study may count them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from nmosd_dosing.cli import arguments, people
from nmosd_dosing.cli.options import PeopleOptions
from nmosd_dosing.errors import Problems, clip, one_of
from nmosd_dosing.plans.request import Request
from nmosd_dosing.subjects.cohort import Cohort

if TYPE_CHECKING:
    from nmosd_dosing.subjects.tables.roster import LeftOut


class Shown(Struct, frozen=True):
    """Of one subject, of some sites, or, where neither is asked for, of everybody."""

    subject: str | None = None
    sites: frozenset[str] = frozenset()

    @property
    def words(self) -> str | None:
        """Whose they are, in words; None where they are everybody's."""
        return self.subject or (f"site {', '.join(sorted(self.sites))}" if self.sites else None)

    def has(self, subject: str | None, site: str | None) -> bool:
        """Whether rows of somebody are shown."""
        return self.subject in (None, subject) and (not self.sites or site in self.sites)

    def among(self, cohort: Cohort) -> Cohort:
        """Those whose rows are shown."""
        return cohort if self == EVERYBODY else cohort.chosen(self.columns(cohort))

    def columns(self, cohort: Cohort) -> list[int]:
        """The columns of those whose rows are shown."""
        codes, sites = cohort.codes or [None] * len(cohort), cohort.sites or [None] * len(cohort)
        return [column for column, (code, site) in enumerate(zip(codes, sites, strict=True)) if self.has(code, site)]


EVERYBODY = Shown()


def read_shown(whom: PeopleOptions, at_site: Sequence[str], problems: Problems, *requests: Request | None) -> Shown:
    """What the options mean for those whom they are about: nothing where these could not be read."""
    one = whom.subject if whom.subjects is not None else None
    cohorts = [request.cohort for request in requests if request is not None]
    if not cohorts or (one is None and not at_site):
        return EVERYBODY
    sites = [site for cohort in cohorts for site in cohort.sites or ()]
    codes, of_register = [code for cohort in cohorts for code in cohort.codes], whom.register is not None
    return Shown(
        subject_asked_for(one, codes, whom.subjects or "", of_register, problems) if one is not None else None,
        frozenset(site for text in at_site if (site := site_asked_for(text, sites, of_register, problems)) is not None),
    )


def read_each(
    whom: PeopleOptions, problems: Problems, as_of: dt.date | None, left_out: LeftOut | None = None
) -> tuple[Request, ...]:  # fmt: skip
    """Whom a list is about: everybody by one study, or by each version of it on which subjects of a register are; nothing where something
    is wrong, which stands in `problems` then. The others as `people.read`."""
    requests = []
    for part in whom.by_version:
        request = people.read(part, problems, as_of, left_out)
        if request is None:  # what is wrong with the options is wrong with those of all parts
            return ()
        requests.append(request)
    return tuple(requests)


def subject_asked_for(asked: str, codes: Sequence[str], table: str, of_register: bool, problems: Problems) -> str | None:
    """The subject of a table that has a code. Whoever has a code like it is somebody else, and is never proposed."""
    code = arguments.code("--subject", asked, problems)
    if code is None:
        return None
    from nmosd_dosing.subjects.tables import near_codes
    from nmosd_dosing.subjects.tables.subject_table import same

    known = {same(known): known for known in codes}
    if (found := known.get(same(code))) is not None:
        return found
    near = near_codes.near([code], codes).get(code, [])
    hint = f"write `--subject {clip(codes[near[0]])}`" if len(near) == 1 else where_codes_are(of_register)
    problems.error(f"`--subject {clip(code)}` is not in `{clip(table)}`", None, hint)
    return None


def where_codes_are(of_register: bool) -> str:
    """What is to be done where nobody has a code."""
    return f"look its code up in the {'register' if of_register else 'table'}"


def where_sites_are(sites: Iterable[str], of_register: bool) -> str:
    """What is to be done where nobody is at a site."""
    if there := sorted(sites):
        return f"sites are {one_of(there)}"
    return "nobody of the register has a site" if of_register else "the table of subjects needs a column `site`"


def site_asked_for(asked: str, sites: Iterable[str | None], of_register: bool, problems: Problems) -> str | None:
    """The site at which somebody is, as it is written of them."""
    from nmosd_dosing.subjects.tables.subject_table import same

    known = {same(site): site for site in sites if site}
    if (found := known.get(same(asked.strip()))) is not None:
        return found
    problems.error(f"nobody is at the site `{clip(asked)}`", None, where_sites_are(known.values(), of_register))
    return None
