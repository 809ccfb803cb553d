"""The stop of a study that is counted over everybody comes out the same when only those are read who may decide it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nmosd_dosing.days import Offset
from nmosd_dosing.errors import InputError
from nmosd_dosing.language import catalog
from nmosd_dosing.register import register
from nmosd_dosing.register.database import blanking, facts
from nmosd_dosing.register.database.store import Act, Author
from nmosd_dosing.register.reading import counting, tables
from nmosd_dosing.register.register import Register
from nmosd_dosing.study.model import Study, Trigger
from tests.kit.registers import Addresses
from tests.kit.written import NOW

DAY_0, WEI = dt.date(2025, 1, 6), Author("wei", "coordinator")
RULES = (
    Trigger("subject", count=1), Trigger("subject", count=3, plus=Offset(months=1)), Trigger("count", "relapse", 2),
    Trigger("count", "relapse_confirmed", 2, Offset(7)), Trigger("count", "randomised", 4), Trigger("count", "escalated", 1),
)  # fmt: skip
Cells = Mapping[str, str]


def stopped_by(*rules: Trigger) -> Study:
    """BAT4406F, stopped by other counts."""
    found = catalog.find_plan("bat4406f", None)[0]
    assert found.stop is not None
    return replace(found, stop=replace(found.stop, earliest_of=rules))


def day(chance: random.Random, first: int, last: int) -> str:
    return f"{DAY_0 + dt.timedelta(chance.randint(first, last))}"


def person(chance: random.Random) -> Cells:
    """Somebody who begins, or is screened and may never begin."""
    cells = {"start": day(chance, 0, 40)} if chance.random() < 0.8 else {"screened": day(chance, -20, 10)}
    if chance.random() < 0.5:
        cells["randomised"] = day(chance, -5, 40)
    if chance.random() < 0.2:
        cells["enter_olp"] = day(chance, 60, 90)
    return cells


def visit(chance: random.Random) -> Cells:
    """Mostly of the first dose, earlier or later than planned, and not always given; of every form in which it is written."""
    name = chance.choice(("D1", "rcp/D1", "D1", "rcp/D182", "unscheduled"))
    cells = {"visit": name, "date": day(chance, -8, 50), "status": chance.choice(("done", "done", "booked", "missed"))}
    if name == "D1":
        cells["period"] = "rcp"
    if name.endswith("D1") and cells["status"] == "done" and chance.random() < 0.3:
        cells |= {"amount": chance.choice(("0", "500")), "unit": "mg"}
    return cells | ({"comment": "Zhang called"} if chance.random() < 0.7 else {})


def event(chance: random.Random) -> Cells:
    name = chance.choice(("relapse", "relapse", "relapse_confirmed", "relapse_confirmed", "relapse_rejected", "escalated", "rcp_completed"))
    first, last = (5, 40) if name == "relapse" else (30, 80)
    return {"event": name, "date": day(chance, first, last)} | ({"comment": "Zhang's wife said so"} if chance.random() < 0.7 else {})


ROWS = {"visits": visit, "events": event}


def write(found: Register, chance: random.Random, people: dict[int, str]) -> None:
    """Some people, and some rows; some of what is there is corrected, withdrawn, or has a text taken out of it."""
    store = found.facts
    for _ in range(chance.randint(0, 9)):
        code = f"{len(people):04}"
        [number] = store.write([Act("enter", "subjects", {"subject": code, **person(chance)}, newcomer=code)], WEI, NOW)
        people[number] = code
    for number in chance.choices(sorted(people), k=8 if people else 0):
        table = chance.choice(tuple(ROWS))
        store.write([Act("enter", table, {"subject": people[number], **ROWS[table](chance)}, person=number)], WEI, NOW)
    for number in chance.sample(sorted(people), min(len(people), 1)):
        relapse = {"subject": people[number], "event": "relapse", "date": day(chance, 5, 40)}
        confirmed = {**relapse, "event": "relapse_confirmed", "date": day(chance, 41, 80)}
        store.write([Act("enter", "events", cells, person=number) for cells in (relapse, confirmed)], WEI, NOW)
    for fact in chance.sample(there := [f for t in ROWS for f in facts.holding(store, t)], min(len(there), 3)):
        table = "visits" if "visit" in (fact.cells or {}) else "events"
        assert fact.person is not None
        match chance.choice(("correct", "withdraw", "blank", "blank")):
            case "correct":
                cells = {"subject": people[fact.person], **ROWS[table](chance)}
                store.write([Act("correct", table, cells, "wrong", fact.person, replaces=fact.seq)], WEI, NOW)
            case "withdraw":
                store.write([Act("withdraw", table, None, "wrong", fact.person, replaces=fact.seq)], WEI, NOW)
            case "blank":
                store.write([*blanking.acts(store, fact.person, fact.seq, "comment", "a name").values()], WEI, NOW)


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], phases=[Phase.explicit, Phase.generate]
)
@given(st.integers(0, 2**32))
def test_those_who_decide_decide_as_everybody(addresses: Addresses, seed: int) -> None:
    chance, people = random.Random(seed), dict[int, str]()
    with addresses() as address:
        found = register.make(address)
        for _ in range(8):
            write(found, chance, people)
            by, as_of = stopped_by(*chance.sample(RULES, chance.choice((1, 1, 2)))), DAY_0 + dt.timedelta(chance.randint(0, 80))
            known = tables.Known(NOW, chance.randint(1, last)) if (last := found.facts.head().seq) and chance.random() < 0.3 else None
            everybody = tables.held(found, ("subjects", "events", "visits"), tables.Whose(known))
            try:
                days = counting.counts(by, everybody, as_of)
            except InputError:  # a random history contradicts itself: whoever reads a part of it may be spared
                continue
            assert counting.over_everybody(by, found, known, as_of, more=0) == days
        found.close()
