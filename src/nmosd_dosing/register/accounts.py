"""Who may do what: accounts, each with a role and the sites that it is of. Both stand in the trail; the table of accounts has passwords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from nmosd_dosing.register.store import Author

Role = Literal["coordinator", "site-pharmacist", "unblinded-pharmacist", "monitor", "manager"]
ROLES: tuple[Role, ...] = get_args(Role)

_OF_SITES = frozenset({"subjects", "events", "visits", "weighings", "history"})
_WRITES: dict[Role, frozenset[str]] = {
    "coordinator": _OF_SITES,
    "site-pharmacist": frozenset({"visits", "weighings"}),
    "unblinded-pharmacist": frozenset({"allocation", "visits", "weighings"}),
    "monitor": frozenset(),
    "manager": _OF_SITES | {"accounts", "studies", "sites", "uses"},
}


@dataclass(frozen=True, slots=True)
class Who:
    """An account that is asking. `sites`: whose subjects it sees; None for all sites."""

    name: str
    role: Role
    sites: frozenset[str] | None = None

    def writes(self, what: str) -> bool:
        """Whether it may write rows of a table."""
        return what in _WRITES[self.role]

    def sees(self, site: str | None) -> bool:
        """Whether it sees subjects of a site; who is of no site is seen by those who see all."""
        return self.sites is None or (site is not None and site in self.sites)

    @property
    def sees_arms(self) -> bool:
        """Whether the store of the arms is opened for it."""
        return self.role == "unblinded-pharmacist"

    @property
    def manages(self) -> bool:
        """Whether accounts and studies are its work."""
        return self.role == "manager"

    def author(self, zone: str) -> Author:
        """It as who writes, in a time zone."""
        return Author(self.name, self.role, zone)
