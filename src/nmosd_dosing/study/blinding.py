"""Visits without what the arm would tell. The only masking of the project.

It is done on the visits, before any date or dose is expanded: where a dose is masked, the core never sees whose it is, so no
output can tell. A study file whose blinded arms differ in days, products or infusion times is refused when it is read
(`consistency`), so what is left is the same for every arm, byte for byte.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from nmosd_dosing.dose.dose import Dose
from nmosd_dosing.study.model import Period, Study
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import Give


def mask(study: Study, visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    """The visits with every dose masked that is blinded, of the products that could tell the arm."""
    hidden = hidden_products(study)
    return tuple(
        structs.replace(visit, gives=tuple(_masked(g) if g.blinded and g.product in hidden else g for g in visit.gives)) for visit in visits
    )


def hidden_products(study: Study) -> frozenset[str]:
    """The products that are masked where they are blinded: those of which some blinded dose is not the same active one in all arms.

    What every arm gets alike, as premedication, tells nothing. It is asked of all doses of a product in the whole study: where it could
    differ on one day, it is masked on all. A placebo for all arms is masked too: there is no other reason to give one.
    """
    gives = [give for period in study.periods for entry in period.visit_rules for give in entry.gives]
    return frozenset(give.product for give in gives if give.blinded and not _alike(give))


def _alike(give: Give) -> bool:
    """Whether all of several arms get the same active dose, whatever happens; a single one without arms is not known to be."""
    by_arm = (give.doses, *give.ways)
    placebo = any(dose is not None and dose.kind == "placebo" for doses in by_arm for dose in doses)
    return len(give.doses) > 1 and None not in give.doses and all(len(set(doses)) == 1 for doses in by_arm) and not placebo


def _masked(give: Give) -> Give:
    placebo = any(dose is not None and dose.kind == "placebo" for dose in give.doses)
    first = next((dose for dose in give.doses if dose is not None), Dose("masked"))
    active = {dose for dose in give.doses if dose is not None and dose.kind != "placebo"}
    kit = next(iter(active)) if len(active) == 1 and not give.changes else None
    shown = Dose("masked", minutes=first.minutes, times=first.times, hours=first.hours, lead=first.lead, as_needed=first.as_needed)
    schemes = {dose.levels and dose.levels.scheme: dose.levels for dose in active}
    if len(schemes) == 1 and (levels := next(iter(schemes.values()))) is not None:  # what events do is the same in every arm
        shown = structs.replace(shown, levels=structs.replace(levels, doses=(shown,) * len(levels.doses)))
    mask = f"{give.product}/placebo" if placebo else give.product
    return structs.replace(give, doses=(shown,) * len(give.doses), changes=(), mask=mask, kit=kit)


def shown_arm(study: Study, periods: Sequence[Period], arm: str | None, unblinded: bool) -> str | None:
    """The arm as a reader may see it: None while some part of the study keeps it from readers."""
    return arm if unblinded or not any(study.conceals(period) for period in periods) else None
