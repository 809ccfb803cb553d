"""Writes a small register for a folder of `kept`: once for each form that a store has had, when a version is published.

python -m tests.register.keep tests/register/kept/0001_first
"""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from django.db import connections

from nmosd_dosing.register import accounts, feeds, published, register
from nmosd_dosing.register.database.store import Act, Author
from nmosd_dosing.register.reading import studies, tables
from nmosd_dosing.subjects.tables.written import COLUMNS
from tests.kit.paths import ROOT
from tests.kit.registers import PASSWORD

BEGIN = dt.datetime(2025, 7, 1, 8, tzinfo=dt.UTC)
WEI = Author("wei", "coordinator", "Asia/Shanghai")
PHARMACIST = Author("phil", "unblinded-pharmacist", "Asia/Shanghai")
VISIT = {"subject": "0101", "period": "rcp", "visit": "D1", "date": "2025-01-06", "status": "done"}


def write(folder: Path) -> None:
    """A register with everything that one can hold, and beside it what it must give in any later version."""
    folder.mkdir(parents=True)
    made = register.make(str(folder / "trial.db"))
    store, hours = made.facts, (BEGIN + dt.timedelta(hours=hour) for hour in range(100))
    chief = accounts.begin(store, "chief", next(hours), "Europe/Berlin", password=PASSWORD)
    accounts.add(store, chief, next(hours), "Europe/Berlin", name="wei", role="coordinator", sites="01", user="wei")
    accounts.set_password(store, chief, next(hours), "Europe/Berlin", name="wei", password=PASSWORD)
    study = (ROOT / "regimens" / "bat4406f.yaml").read_bytes()
    for content, day in ((study, None), (study + b"# amended\n", dt.date(2025, 7, 1))):
        _, acts = studies.adopted(store, "study", "bat4406f", "bat4406f.yaml", content, day)
        store.write(acts, chief.author("Europe/Berlin"), next(hours))
    _, acts = studies.adopted(store, "site", "01", "site.yaml", "site: 北京协和医院\n".encode(), None, ["01"])
    store.write(acts, chief.author("Europe/Berlin"), next(hours))
    wei = next(account.who for account in accounts.accounts(store) if account.name == "wei")
    feed, _ = feeds.make(
        store, wei, next(hours), "Asia/Shanghai", BEGIN.date(), scope="site", site="01", view="codes", language="zh", purpose="日历",
        expires=BEGIN.date(),
    )  # fmt: skip
    published.keep(store, feed.number, None, b"BEGIN:VCALENDAR", "this", next(hours))
    published.fetched(store, feed.number, next(hours), "Thunderbird")
    first, *_ = store.write(
        [
            Act("enter", "subjects", {"subject": "0101", "start": "2025-01-06", "weight_kg": "60.5", "site": "01", "study_version": "1"},
                newcomer="0101", site="01"),
            Act("enter", "subjects", {"subject": "0102", "start": "", "site": "01", "study_version": "1"}, newcomer="0102", site="01"),
            Act("enter", "events", {"subject": "0101", "event": "relapse", "date": "2025-06-10", "comment": "左眼, “blurred”"},
                newcomer="0101", site="01"),
            Act("enter", "weighings", {"subject": "0101", "date": "2025-03-03", "weight_kg": "61"}, newcomer="0101", site="01"),
            Act("enter", "history", {"subject": "0102", "what": "rituximab", "from": "2024-01", "to": "2024-05-01"},
                newcomer="0102", site="01"),
        ],
        WEI, next(hours),
    )  # fmt: skip
    [visit] = store.write([Act("enter", "visits", VISIT, person=first, site="01")], WEI, next(hours))
    named = {**VISIT, "date": "2025-01-07", "comment": "张伟 came late"}
    [visit] = store.write([Act("correct", "visits", named, "6 typed for 7", first, None, "01", visit)], WEI, next(hours))
    clean = {**VISIT, "date": "2025-01-07"}
    replaced = Act("correct", "visits", clean, "a name", first, None, "01", visit)
    store.write([replaced, Act("blank", "visits", None, "a name", first, None, "01", None, visit)], WEI, next(hours))
    [slip] = store.write(
        [Act("enter", "visits", {**VISIT, "visit": "D15", "date": "2025-01-20"}, person=first, site="01")], WEI, next(hours)
    )
    store.write([Act("withdraw", "visits", None, "was another subject's", first, None, "01", slip)], WEI, next(hours))
    made.arms.write([Act("enter", "allocation", {"subject": "0101", "arm": "placebo"}, person=first, site="01")], PHARMACIST, next(hours))
    for name, content in given(made).items():
        (folder / name).write_bytes(content)
    for store in (made.facts, made.arms):
        with connections[store.alias].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    made.close()


def given(opened: register.Register) -> dict[str, bytes]:
    """What a register gives, by the name of the file that keeps it: its tables now and as they were, its studies, and its heads."""
    before = tables.Known(BEGIN, opened.facts.head().seq - 5)
    found = {f"{name}.csv": text for name, text in tables.contents(tables.held(opened, COLUMNS)).items()}
    was = tables.contents(tables.held(opened, [name for name in COLUMNS if name != tables.ARMS], tables.Whose(before)))
    found |= {f"{name}-before.csv": text for name, text in was.items()}
    files = "".join(f"{file.kind} {file.id} {file.version} {file.name} {file.checksum}\n" for file in studies.files(opened.facts))
    uses = "".join(" ".join(map(str, use)) + "\n" for use in studies.uses(opened.facts))
    who = "".join(f"{each.name} {each.role} {','.join(sorted(each.sites or ['all']))}\n" for each in accounts.accounts(opened.facts))
    subscribed = "".join(f"{_of_feed(opened, feed)}\n" for feed in feeds.feeds(opened.facts))
    heads = "".join(f"{head.seq}:{head.hash}\n" for head in (opened.facts.head(), opened.arms.head()))
    return {**found, "holds.txt": (files + uses + who + subscribed + heads).encode()}


def _of_feed(opened: register.Register, feed: feeds.Feed) -> str:
    """Of whom a feed is, what it gave out last, and who fetched it."""
    last, fetched = published.last(opened.facts, feed.number), published.fetches(opened.facts)[feed.number]
    gave = f"{last.content.decode()} {last.etag} {last.changed.isoformat()} {last.made_from}" if last is not None else ""
    return f"{feed.number} {feed.scope} {feed.site} {feed.view} {feed.expires} {gave} {fetched.fetches} {fetched.at} {fetched.by}"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
