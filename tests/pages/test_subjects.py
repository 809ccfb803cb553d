"""The pages of subjects say what the command line says, to who may see it."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any, get_args

import pytest

from nmosd_dosing.plans.plan import Moves
from tests.kit.command import output
from tests.kit.served import client

PLANNED = ["0101", "0102", "0103", "0105", "0106", "0107", "0201", "0203", "0204"]
AS_PAGES = ("--as-of", "2025-07-07", "--country", "CN", "--format", "json")


def page(place: Any, address: str, name: str = "chen.jie") -> str:
    answer = client(place, name).get(address)
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.content.decode())


def words(html: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", html)).split())


def days(html: str) -> list[str]:
    """The days that stand in a part of a page."""
    return re.findall(r'datetime="([^"]*)"', html)


def file(place: Any) -> str:
    return str(place.register.address.file)


# --- who there is --------------------------------------------------------------------------------------------------------


def test_the_list_says_where_each_is_and_what_is_next(place: Any) -> None:
    rows = {cells[0]: " ".join(cells[1:]) for cells in listed(page(place, "/subjects"))}
    assert list(rows) == ["0101", "0102", "0103", "0104", "0105", "0106", "0107", "0201", "0202", "0203", "0204", "0205"]
    assert rows["0101"] == (
        "01 2024-12-23 Mon in rcp since 2024-12-23 Mon rcp/D182 2025-06-22 Sun overdue since 2025-06-30 Mon: call, record or mark missed"
    )
    assert "rcp/D182 2025-07-08 Tue booked" in rows["0102"]
    assert "rcp ended on 2025-06-30 Mon" in rows["0106"]
    assert "in olp since 2025-01-14 Tue" in rows["0107"]
    assert "rcp ended on 2025-07-03 Thu" in rows["0201"]
    assert "left rcp on 2025-05-05 Mon" in rows["0203"]
    assert "begins on 2025-07-14 Mon" in rows["0204"]


def listed(html: str) -> list[list[str]]:
    """The cells of the rows of the list."""
    rows = re.findall("<tr>(.*?)</tr>", html.split("<tbody>", 1)[1].split("</tbody>", 1)[0], re.DOTALL)
    return [[words(cell) for cell in re.findall("<t[hd].*?</t[hd]>", row, re.DOTALL)] for row in rows]


@pytest.mark.parametrize(("question", "codes"), [
    ("?site=02", ["0201", "0202", "0203", "0204", "0205"]), ("?code=20", ["0201", "0202", "0203", "0204", "0205"]),
    ("?code=0103", ["0103"]), ("?site=02&code=01", ["0201"]), ("?from=11", ["0205"]), ("?from=12", None), ("?from=x", None),
])  # fmt: skip
def test_the_list_is_of_a_site_or_of_codes(place: Any, question: str, codes: list[str] | None) -> None:
    found = [row[0] for row in listed(page(place, f"/subjects{question}"))]
    assert found == (codes or [row[0] for row in listed(page(place, "/subjects"))])


def test_who_does_not_write_is_offered_nothing_to_write(place: Any) -> None:
    for name, offered in (("moreau", set()), ("zhao.min", {"arm"})):
        html = page(place, "/subjects", name) + page(place, "/subjects/0103", name)
        assert "/new-subject" not in html
        assert set(re.findall(r"/write/(\w+)", html)) == offered
        assert "/correct/" not in html


# --- what the command line says ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", PLANNED)
def test_the_plan_is_that_of_the_command_line(place: Any, code: str) -> None:
    html = page(place, f"/subjects/{code}")
    said = json.loads(output("plan", "--register", file(place), "--subject", code, "--allow-deviation", "--accept-gap", *AS_PAGES))
    rows = re.findall(r'<tr class="[\w-]*" data-visit="(.*?)">(.*?)</tr>', html, re.DOTALL)
    shown = [(unescape(id), *(days(cell_of(row, which)) for which in ("date", "allowed"))) for id, row in rows]
    planned = []
    for visit in said["visits"]:
        day = None if visit["status"] in ("missed", "withheld", "cancelled") else visit["actual"] or visit["booked"] or visit["target"]
        dated = [day, *([visit["target"]] if day != visit["target"] else [])] if day else [visit["target"]]
        planned.append((visit["id"], [d for d in dated if d], [d for d in dict.fromkeys((visit["earliest"], visit["latest"])) if d]))
    assert shown == planned
    for (_, row), visit in zip(rows, said["visits"], strict=True):
        assert all(step.replace("`", "") in unescape(re.sub("</?code>", "", row)) for step in visit["steps"])


def cell_of(row: str, which: str) -> str:
    found = re.search(rf'<td data-which="{which}">(.*?)</td>', row, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("code", "question", "asked"), [
    ("0103", "", ["--next"]),
    ("0103", "?visit=rcp/D182&on=2025-07-10", ["--visit", "rcp/D182", "--on", "2025-07-10"]),
    ("0103", "?visit=rcp/D182&on=2025-07-09", ["--visit", "rcp/D182", "--on", "2025-07-09"]),
    ("0103", "?visit=rcp/D182&on=2025-07-21", ["--visit", "rcp/D182", "--on", "2025-07-21"]),
    ("0102", "?visit=rcp/D182", ["--visit", "rcp/D182"]),
    ("0106", "?visit=olp/D1&on=2025-07-31", ["--visit", "olp/D1", "--on", "2025-07-31"]),
])  # fmt: skip
def test_the_days_are_those_of_the_command_line(place: Any, code: str, question: str, asked: list[str]) -> None:
    from tests.kit.command import run

    html = page(place, f"/subjects/{code}/slots{question}")
    status, put_out, _ = run("slots", "--register", file(place), "--subject", code, *asked, *AS_PAGES)
    said = json.loads(put_out)
    rows = re.findall(r'<tr class="[\w-]*" data-verdict="(.*?)">(.*?)</tr>', html, re.DOTALL)
    assert [(days(row)[0], verdict) for verdict, row in rows] == [(slot["date"], slot["verdict"]) for slot in said["days"]]
    assert all("; ".join(slot["reasons"]) in unescape(row) for (_, row), slot in zip(rows, said["days"], strict=True))
    if said["asked"] is not None:
        answer = html.split('<section class="answer ', 1)[1].split("</section>", 1)[0]
        assert answer.startswith("yes" if status == 0 else "no")
        assert all(text in unescape(answer) for text in (*said["asked"]["reasons"], *said["asked"]["follows"]))
        assert days(answer)[0] == said["asked"]["date"]


def test_a_day_that_is_none_is_said(place: Any) -> None:
    for question, said in {
        "?visit=rcp/D182&on=soon": "Day that is asked for: “soon” is no day: write it as 2025-01-31",
        "?visit=rcp/D182&on=07/10/2025": "Day that is asked for: “07/10/2025” is no day: write it as 2025-01-31",
        "?visit=nothing": "“nothing” is no visit of 0103 that is ahead: choose one of the list.",
        "?visit=rcp/D1": "“rcp/D1” is no visit of 0103 that is ahead: choose one of the list.",
        "?on=2025-07-10": "Choose a visit of the list.",
    }.items():
        answer = client(place, "li.na").get(f"/subjects/0103/slots{question}")
        assert (answer.status_code, said in answer.content.decode()) == (400, True), question


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_handout_is_that_of_the_command_line_and_has_only_its_own_style(place: Any, language: str) -> None:
    asked = client(place, "li.na").get(f"/subjects/0103/handout?lang={language}")
    said = output("handout", "--register", file(place), "--subject", "0103", "--lang", language, *AS_PAGES[:4])
    assert asked.content.decode() == said
    policy = asked.headers["Content-Security-Policy"]
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert client(place, "li.na").get("/subjects/0103/handout?lang=fr").status_code == 404
    assert "0103" not in asked.content.decode()
    assert "0103" in page(place, "/subjects/0103/handout?lang=en&code")


def test_the_history_says_each_entry_in_a_sentence(place: Any) -> None:
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.reading import trail

    manager = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "chen.jie")
    said = [line.sentence for line in trail.lines(place.register, manager, trail.Asked(subject="0105"))]
    shown = re.findall(r'<li id="n\d+">(.*?)</li>', page(place, "/subjects/0105/history"))
    assert [unescape(text) for text in shown] == said
    assert len(said) == 3
    assert client(place, "li.na").get("/subjects/0105/history?number=99999").status_code == 400


def test_an_unblinded_pharmacist_who_asks_sees_the_doses_of_the_arm(place: Any) -> None:
    plain = words(page(place, "/subjects/0103", "zhao.min"))
    assert "BAT4406F/placebo, masked" in plain
    opened = {code: words(page(place, f"/subjects/{code}?unblind", "zhao.min")) for code in ("0103", "0104")}
    assert "Unblinded." in opened["0103"]
    assert "rcp/D182 2025-07-10 Thu planned 2025-07-03 Thu – 2025-07-17 Thu BAT4406F 500 mg" in opened["0103"]
    assert "BAT4406F placebo" in opened["0104"]
    assert "Unblinded." not in words(page(place, "/subjects/0103?unblind", "li.na"))


def test_what_contradicts_itself_is_said_and_can_be_corrected(place: Any) -> None:
    """A relapse before day 1, which no page takes: nothing is planned of the one subject, and of all others everything."""
    from nmosd_dosing.register import accounts
    from nmosd_dosing.register.database.store import Act
    from tests.kit.served import AT

    coordinator = next(a.who for a in accounts.accounts(place.register.facts) if a.name == "li.na")
    relapse = {"subject": "0103", "event": "relapse", "date": "2024-01-01"}
    (number,) = place.register.facts.write([Act("enter", "events", relapse, None, 8, site="01")], coordinator.author("UTC"), AT)
    said = words(page(place, "/subjects/0103", "li.na"))
    assert "What is written contradicts itself" in said
    assert "relapse" in said
    rows = {cells[0]: cells for cells in listed(page(place, "/subjects", "li.na"))}
    assert "2025-07-08 Tue" in " ".join(rows["0102"])
    assert "2025" not in " ".join(rows["0103"])
    assert client(place, "li.na").get(f"/subjects/0103/withdraw/{number}").status_code == 200
    sent = {"why": "typed wrong", "seen": str(number), "confirm": "yes"}
    assert client(place, "li.na").post(f"/subjects/0103/withdraw/{number}", sent).status_code == 303
    assert "rcp/D182" in words(page(place, "/subjects/0103", "li.na"))


@pytest.mark.parametrize("address", [
    "/subjects/0103/correct/999999999999999999999999", "/subjects/0103/withdraw/4294967296", "/subjects/%00", "/subjects/%ff%fe",
    "/subjects/0103/write/record/", "/subjects/0103/slots/x", "/subjects/..%2f0103",
])  # fmt: skip
def test_what_is_no_address_is_not_there(place: Any, address: str) -> None:
    assert client(place, "li.na").get(address).status_code == 404


def test_who_has_no_day_1_yet_is_in_the_list_too(place: Any) -> None:
    def written(address: str, typed: dict[str, str]) -> None:
        browser = client(place, "li.na")
        seen = str(place.register.facts.head().seq)
        assert browser.post(address, {**typed, "seen": seen, "confirm": "yes"}).status_code == 303

    def where(code: str) -> str:
        rows = listed(page(place, "/subjects", "li.na"))
        return next(" ".join(cell for cell in cells if cell) for cells in rows if cells[0] == code)

    written("/new-subject", {"subject": "0110", "site": "01", "screened": "2025-07-01"})
    written("/new-subject", {"subject": "0111", "site": "01"})
    assert where("0110").startswith("0110 in screening")
    assert where("0111").startswith("0111 no day is known yet")
    assert "Nothing is planned: no first day is known, and no day of screening." in words(page(place, "/subjects/0111", "li.na"))
    written("/subjects/0110/write/event", {"event": "screen_failed", "date": "2025-07-05"})
    assert where("0110").startswith("0110 screening failed on 2025-07-05 Sat")
    preview = client(place, "li.na").post("/subjects/0111/write/event", {"event": "screened", "date": "2025-07-03"})
    assert "What is planned then" in words(preview.content.decode())


# --- spans of time -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "moved"), [("en", ["or earlier", "or later", "projected"]), ("zh-hans", ["或更早", "或更晚", "预计"])]
)
def test_each_way_in_which_an_end_of_a_span_may_move_is_said(place: Any, language: str, moved: list[str]) -> None:
    from django.template.loader import render_to_string
    from django.utils.translation import override

    with override(language):
        assert [words(render_to_string("moves.html", {"moves": moves})) for moves in get_args(Moves)] == moved
        assert render_to_string("moves.html", {"moves": None}).strip() == ""


@pytest.mark.parametrize("code", PLANNED)
def test_spans_of_time_are_those_of_the_command(place: Any, code: str) -> None:
    """A last dose that may still come moves what is counted from it: the page says so, as the table does."""
    table = output("plan", "--register", file(place), "--subject", code, "--allow-deviation", "--accept-gap", *AS_PAGES[:-2])
    rows = re.findall(r"^(Screening|Effective contraception) {2,}(\S.*?) {2,}(\S.*?) *$", table, re.MULTILINE)
    shown = page(place, f"/subjects/{code}").split("Spans of time", 1)[1].split("</ul>", 1)[0]
    told = [words(item).replace(" : ", ": ") for item in re.findall("<li>(.*?)</li>", shown, re.DOTALL)]
    assert told == [f"{name}: {start} – {end}" for name, start, end in rows]
