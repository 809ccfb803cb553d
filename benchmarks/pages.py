"""The pages of a register of 20 sites with 150 subjects each, in processor time, against a page that asks the register nothing."""

from __future__ import annotations

import datetime as dt
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from race import heading, race, row

sys.path.append(str(Path(__file__).parents[1]))
from nmosd_dosing.language import catalog
from nmosd_dosing.register import accounts, register
from nmosd_dosing.register.database.store import Act, Author
from nmosd_dosing.register.reading import studies
from nmosd_dosing.register.register import Register
from tests.kit.served import AT, DAY, client, place_of

SITES, OF_A_SITE = 20, 150
VISITS = [("rcp", "D1"), ("rcp", "D182"), ("olp", "D1"), ("olp", "D1+6mo"), ("olp", "D1+12mo"), ("olp", "D1+18mo")]
BETWEEN = dt.timedelta(182)
PAGES = {
    "today": "/",
    "today, all that there are, one site at a time": "/?site=all",
    "the list of subjects": "/subjects",
    "a month": "/month/2025-07",
    "the pharmacy": "/pharmacy",
    "one subject": "/subjects/000110",
    "the trail": "/trail",
    "the trail of one visit": "/trail?visit=olp/D1",
    "the stock of a site": "/pharmacy/stock",
}  # fmt: skip


def acts(number: int) -> Iterator[Act]:
    """A subject, with the visits until the day of looking; every tenth has a weight."""
    code, site = f"{number:06}", f"{number // OF_A_SITE + 1:02}"
    start = DAY - dt.timedelta(7 * (number % 130))  # of the last two years and a half

    def entered(what: str, **cells: str) -> Act:
        return Act("enter", what, {"subject": code, **cells}, newcomer=code, site=site)

    yield entered("subjects", start=start.isoformat(), site=site, weight_kg=f"{50 + number % 40}")
    for times, (period, visit) in enumerate(VISITS):
        if (day := start + times * BETWEEN) <= DAY:
            yield entered("visits", period=period, visit=visit, date=day.isoformat(), status="done")
    if not number % 10:
        yield entered("weighings", date=(start + dt.timedelta(1)).isoformat(), weight_kg="61.5")


def filled(file: Path) -> Register:
    """The register, with a coordinator of site 01 and a manager."""
    made, study = register.make(str(file)), catalog.file_of("bat4406f")
    accounts.begin(made.facts, "chen.jie", AT, "UTC", user="somebody")
    manager = accounts.accounts(made.facts)[0].who
    accounts.add(made.facts, manager, AT, "UTC", name="li.na", role="coordinator", sites="01")
    _, taken = studies.adopted(made.facts, "study", "bat4406f", study.name, study.read_bytes())
    people = [act for number in range(SITES * OF_A_SITE) for act in acts(number)]
    made.facts.write([*taken, *people], Author("chen.jie", "manager", "UTC"), AT)
    return made


def main() -> None:
    gc.set_threshold(200_000, 20, 20)  # as the command line does
    with tempfile.TemporaryDirectory() as folder:
        found = filled(Path(folder) / "trial.db")
        place = place_of(found)
        of_a_site, of_all = client(place, "li.na"), client(place, "chen.jie")

        def asking(browser: object, path: str) -> Callable[[], object]:
            def ask() -> None:
                assert browser.get(path).status_code == 200, path  # type: ignore[attr-defined]

            return ask

        contestants = {"nothing": asking(client(place), "/login")}
        for whose, who in (("coordinator", of_a_site), ("manager", of_all)):
            contestants |= {f"{what}, {whose}": asking(who, path) for what, path in PAGES.items()}
        seconds = race(contestants, 2, time.process_time)
        nothing = seconds.pop("nothing")
        heading(f"pages of {SITES} sites with {OF_A_SITE} subjects each; the page for signing in takes {nothing * 1000:.1f} ms")
        for name, taken in seconds.items():
            row(f"{name} / the page for signing in", taken / nothing, f"{taken * 1000:.0f} ms; goal: under 300 ms")
        found.close()


if __name__ == "__main__":
    main()
