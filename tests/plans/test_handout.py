"""A handout tells a patient days, places and what to bring, and nothing else; and the one who hands it over what is not on it."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape

import pytest
from msgspec.structs import replace

from nmosd_dosing import InputError, Plan, Subject, Window, plan
from nmosd_dosing.days import LANGUAGES, Language
from nmosd_dosing.language import catalog
from nmosd_dosing.plans.handout import MOST, handout
from nmosd_dosing.plans.workdays import open_days
from nmosd_dosing.report.html.handout import handout_page
from nmosd_dosing.study.events import SUBJECT_EVENTS
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.subject import Event, Record
from tests.kit.site_facts import filled

START, AS_OF = dt.date(2025, 1, 6), dt.date(2025, 6, 20)
DONE = Record("D1", START, period="rcp")
FACTS = """\
title: Hospital X
rooms: {all: Ward 5}
telephone: +86 10 1234 5678
bring: {all: identity card, rcp/D182: [identity card, list of medicines]}
windows: {rcp: ±3d, olp: ±14d}
"""
TOLD = ("study", "trial", "dose", "placebo", "blind", "mask", "arm", "infusion", "period", "window", "projected", "protocol")


def of(*records: Record, facts: str = FACTS, events: tuple[Event, ...] = (), as_of: dt.date = AS_OF, code: str | None = "0012") -> Plan:
    """The plan of a subject of BAT4406F as it is known on a day."""
    return plan(filled(facts, "bat4406f"), Subject(START, code, records=records, events=events), as_of=as_of, until=dt.date(2030, 1, 1))


def text(page: str) -> str:
    """What a reader sees of a page."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", body)))


def test_the_next_visits_with_days_places_and_what_to_bring() -> None:
    made = handout(of(DONE, Record("D182", dt.date(2025, 7, 8), "booked", time=dt.time(9, 30))), AS_OF)
    first, second, *_ = made.appointments
    assert (first.day, first.time, first.agreed, first.sure) == (dt.date(2025, 7, 8), dt.time(9, 30), True, True)
    assert (first.earliest, first.latest) == (dt.date(2025, 7, 3), dt.date(2025, 7, 9))
    assert (first.room, first.bring) == ("Ward 5", ("identity card", "list of medicines"))
    assert (second.day, second.agreed, second.sure, second.bring) == (dt.date(2026, 1, 5), False, False, ("identity card",))
    assert (len(made.appointments), made.more, made.left_out) == (MOST, True, ())


def test_the_page_in_english_and_chinese() -> None:
    made = handout(of(DONE, Record("D182", dt.date(2025, 7, 8), "booked", time=dt.time(9, 30))), AS_OF)
    assert text(handout_page(made, "en")).startswith(
        " Your next visits Your next visits Hospital X · As of 2025-06-20 Fri 2025-07-08 Tue, at 09:30 Agreed with you "
        "Possible from 2025-07-03 Thu to 2025-07-09 Wed Where: Ward 5 Please bring: identity card list of medicines "
    )
    assert "Telephone: +86 10 1234 5678" in handout_page(made, "en")
    assert text(handout_page(made, "zh")).startswith(
        " 您接下来的访视 您接下来的访视 Hospital X · 截至 2025-06-20 周五 2025-07-08 周二，09:30 已与您约定 "
        "可在 2025-07-03 周四至 2025-07-09 周三之间来访 地点：Ward 5 请携带： identity card list of medicines "
    )


PASSED = [  # of D182, planned for 2025-07-06 and allowed from 2025-07-03 to 2025-07-09: as of, its day, and the days that are possible
    ("2025-07-02", "2025-07-06", "2025-07-03", "2025-07-09"),
    ("2025-07-04", "2025-07-06", "2025-07-04", "2025-07-09"),
    ("2025-07-06", "2025-07-06", "2025-07-06", "2025-07-09"),
    ("2025-07-07", None, "2025-07-07", "2025-07-09"),
    ("2025-07-09", None, "2025-07-09", "2025-07-09"),
]


@pytest.mark.parametrize(("on", "day", "earliest", "latest"), PASSED, ids=lambda given: str(given))
def test_no_day_that_has_passed_is_on_it(on: str, day: str | None, earliest: str, latest: str) -> None:
    """It is not one of the next visits, and nobody can come on it."""
    as_of = dt.date.fromisoformat(on)
    made = handout(of(DONE, as_of=as_of), as_of)
    first = made.appointments[0]
    assert (first.day and str(first.day), str(first.earliest), str(first.latest)) == (day, earliest, latest)
    page = text(handout_page(made, "en"))
    assert ("The day is still to be agreed with you Possible from" in page) == (day is None)
    assert (" 具体日期待与您约定 可在 " in text(handout_page(made, "zh"))) == (day is None)
    dates = [dt.date.fromisoformat(found) for found in re.findall(r"\d{4}-\d{2}-\d{2}", page)]
    assert min(dates) == as_of


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("study", catalog.shipped(), ids=lambda study: study.id)
def test_no_study_drug_arm_label_or_code_is_on_it(study: Study, language: Language) -> None:
    subject = Subject(START, "S-0012", weight_kg=70, events=(Event("relapse", dt.date(2025, 6, 1)),) if "relapse" in SUBJECT_EVENTS else ())
    made = plan(study, subject, until=dt.date(2030, 1, 1), window=Window(3, 3), as_of=START)
    page = handout_page(handout(made, START), language)
    seen = text(page).lower()
    products = [name for product in study.products for name in (product.name, f"{product.name}/placebo")]
    arms = {arm for period in study.periods for arm in period.arms}
    words = [study.id, study.title, study.source.registry or "", *products, *arms, *(p.title for p in study.periods), "S-0012", *TOLD]
    words += [word for word in re.findall(r"[A-Za-z0-9-]{5,}", study.title) if word != "visits"]
    assert [word for word in words if word and re.search(rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])", seen)] == []
    assert [visit.label for visit in made.visits if re.search(rf"(?<![\w-]){re.escape(visit.label)}(?![\w-])", text(page))] == []
    assert "2025-0" in seen


def test_the_code_is_on_it_only_where_it_is_asked_for() -> None:
    assert "0012" not in handout_page(handout(of(DONE), AS_OF), "en").replace("0012px", "")
    assert "Code: 0012" in handout_page(handout(of(DONE), AS_OF, with_code=True), "en")


@pytest.mark.parametrize(
    ("records", "events", "as_of", "words"),
    [
        ((DONE,), (), dt.date(2025, 7, 20), "rcp/D182: nothing is recorded of it, and its last day has passed"),
        ((DONE,), (Event("relapse", dt.date(2025, 6, 10)),), AS_OF, None),
    ],
)
def test_what_is_not_on_it_is_told(records: tuple[Record, ...], events: tuple[Event, ...], as_of: dt.date, words: str | None) -> None:
    made = handout(of(*records, events=events, as_of=as_of), as_of)
    assert (words in made.left_out) if words is not None else not made.appointments or (made.appointments[0].day or as_of) >= as_of


@pytest.mark.parametrize(("agreed", "possible"), [("2025-07-09", True), ("2025-07-10", False)])
def test_beside_an_agreed_day_that_is_not_allowed_no_other_days_are_named(agreed: str, possible: bool) -> None:
    made = handout(of(DONE, Record("rcp/D182", dt.date.fromisoformat(agreed), "booked")), AS_OF)
    first = made.appointments[0]
    assert (first.agreed, str(first.day), first.latest is not None) == (True, agreed, possible)
    left_out = "rcp/D182: the days that are allowed, since the appointment is outside of them"
    assert (left_out in made.left_out) == (not possible)


def test_of_a_day_without_a_window_no_last_day_is_said_to_have_passed() -> None:
    made = handout(of(DONE, facts="title: Hospital X\n", as_of=dt.date(2025, 7, 7)), dt.date(2025, 7, 7))
    assert made.left_out == ("rcp/D182: nothing is recorded of it, and its day has passed",)


def test_whoever_has_left_has_no_next_visit() -> None:
    made = handout(of(DONE, events=(Event("withdrawn", dt.date(2025, 3, 1)),)), AS_OF)
    assert made.appointments == ()
    assert "No visit is planned at present." in handout_page(made, "en")


def test_a_planned_day_on_which_the_site_is_closed_says_so_and_an_agreed_one_does_not() -> None:
    days = open_days(None)
    assert "We are closed on this day." in handout_page(handout(of(DONE), AS_OF, days), "en")  # 2025-07-06 is a Sunday
    booked = handout(of(DONE, Record("D182", dt.date(2025, 7, 6), "booked")), AS_OF, days)
    assert booked.appointments[0].agreed
    assert "closed" not in text(handout_page(replace(booked, appointments=booked.appointments[:1]), "en"))


def test_what_a_site_brings_is_of_a_visit_else_of_its_period_else_of_all() -> None:
    def things(facts: str) -> list[tuple[str, ...]]:
        return [appointment.bring for appointment in handout(of(DONE, facts=facts), AS_OF).appointments[:2]]

    assert things("bring: a, b\n") == [("a, b",), ("a, b",)]
    assert things("bring: [a, b]\n") == [("a", "b"), ("a", "b")]
    assert things("bring: {olp: a, rcp/D182: [b, c]}\n") == [("b", "c"), ("a",)]
    assert things("closed: 2025-12-24\n") == [(), ()]


def test_no_handout_is_made_of_what_is_unblinded() -> None:
    study = catalog.load("bat4406f")
    with pytest.raises(InputError, match="a handout is made of a masked plan"):
        handout(plan(study, Subject(START, arm="placebo"), unblind=True), AS_OF)


def test_texts_of_a_site_stay_texts() -> None:
    facts = "title: '<script>alert(1)</script>'\nrooms: {all: '\"><img src=x>'}\ntelephone: '1 <b>2</b>'\nbring: ['</li><script>']\n"
    page = handout_page(handout(of(DONE, facts=facts), AS_OF, with_code=True), "en")
    assert not re.search(r"<(script|img|b)\b", page)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
