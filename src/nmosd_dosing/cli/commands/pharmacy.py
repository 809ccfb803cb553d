"""What `dosing prepare` and `dosing order` take; the work is in `pharmacy`, loaded when one of them runs."""

from __future__ import annotations

from typing import Annotated

import typer

from nmosd_dosing.cli.options import (
    Allocation,
    Arm,
    Earlier,
    Enter,
    Events,
    Format,
    From,
    Height,
    On,
    Output,
    Period,
    Regimen,
    Site,
    Start,
    SubjectCode,
    Subjects,
    UnblindAll,
    VialPolicy,
    Visits,
    Weighings,
    Weight,
)


def prepare(
    regimen: Regimen = None,
    start: Start = None,
    period: Period = None,
    first: From = None,
    days: Annotated[str | None, typer.Option(help="How many days, the first one counted. [default: 14]", metavar="NUMBER")] = None,
    until: Annotated[str | None, typer.Option(help="The last day, instead of --days.", metavar="DATE")] = None,
    on: On = None,
    enter: Enter = None,
    visits: Visits = None,
    weighings: Weighings = None,
    arm: Arm = None,
    unblind: UnblindAll = False,
    weight: Weight = None,
    height: Height = None,
    earlier: Earlier = None,
    subject: SubjectCode = None,
    subjects: Subjects = None,
    events: Events = None,
    allocation: Allocation = None,
    site: Site = None,
    vials: VialPolicy = "least-waste",
    format: Format = None,
    output: Output = None,
) -> None:
    """What a pharmacy prepares, by day: doses, vials and volumes.

    Each dose of which nothing is recorded; a course stands on each of its days. Masked doses take as many vials in all arms. What
    cannot be counted, and what is left out, is told at the end.

    \b
    Examples:
      dosing prepare --regimen belimumab --subjects subjects.csv --visits visits.csv --from 2025-03-03
      dosing prepare --regimen belimumab --start 2025-03-03 --weight 60 --from 2025-03-03 --days 28 --vials fewest
    """
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.pharmacy import PharmacyRequest, run_prepare

    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, height=height, earlier=earlier or [], weighings=weighings
    )  # fmt: skip
    run_prepare(PharmacyRequest(people, first, until, days, vials, unblind, format, output))


def order(
    regimen: Regimen = None,
    start: Start = None,
    period: Period = None,
    first: From = None,
    until: Annotated[str | None, typer.Option(help="The last day to order for.", metavar="DATE")] = None,
    days: Annotated[str | None, typer.Option(help="How many days, instead of --until.", metavar="NUMBER")] = None,
    reserve: Annotated[str | None, typer.Option(help="On top of what is needed, up to whole vials: 10%.", metavar="SHARE")] = None,
    lead: Annotated[str | None, typer.Option(help="From ordering to the first need of a month: 14d, 2w.", metavar="LENGTH")] = None,
    on: On = None,
    enter: Enter = None,
    visits: Visits = None,
    weighings: Weighings = None,
    arm: Arm = None,
    unblind: UnblindAll = False,
    weight: Weight = None,
    height: Height = None,
    earlier: Earlier = None,
    subject: SubjectCode = None,
    subjects: Subjects = None,
    events: Events = None,
    allocation: Allocation = None,
    site: Site = None,
    vials: VialPolicy = "least-waste",
    format: Format = None,
    output: Output = None,
) -> None:
    """What a pharmacy orders, by month: vials needed, in reserve, and by when.

    Counted from the doses that `prepare` lists for the same days, by product and size.

    \b
    Example:
      dosing order --regimen belimumab --subjects subjects.csv --from 2025-03-01 --until 2025-05-31 --reserve 10% --lead 14d
    """
    from nmosd_dosing.cli.people import PeopleRequest
    from nmosd_dosing.cli.run.pharmacy import PharmacyRequest, run_order

    people = PeopleRequest(
        regimen, period, start, arm, weight or [], subject, subjects, allocation, events, visits,
        on or [], enter or [], site, height=height, earlier=earlier or [], weighings=weighings
    )  # fmt: skip
    run_order(PharmacyRequest(people, first, until, days, vials, unblind, format, output, reserve, lead))
