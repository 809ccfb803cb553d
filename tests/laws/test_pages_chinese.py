"""Whoever reads the pages in Chinese reads no English sentence but what a study, a site or a person has written: each address is asked."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from nmosd_dosing.study.events import SUBJECT_EVENTS
from tests.kit.served import ACCOUNTS, client
from tests.laws.test_pages_blinded import TYPED, addresses

_RUN = re.compile(r"(?<![\w/+-])[A-Za-z][a-z'-]+(?:[ ,;:]+(?:\d[\w-]*[ ,;:]+)*[A-Za-z][a-z'-]+)+|(?<![\w/+-])[a-z]{4,}\b")
_OWN = re.compile(r'(?s)<(script|style|pre|code|q|textarea)\b.*?</\1>|<button[^>]*lang="en">.*?</button>|<a [^>]*lang="en">.*?</a>')
_NAMES = (  # of programs, of accounts and roles as they are typed, of columns, and what is typed as it stands
    "dosing", "nmosd_dosing", "Thunderbird", "Outlook", "ongoing", "withdrawn", "all", "root", "relapse", "completed", "entry",
    *ACCOUNTS, *SUBJECT_EVENTS, "chen.jie", "yaml", "Asia/Shanghai", "SHA-256", "UTC", "CRC",
)  # fmt: skip
MORE = (
    "/?site=all&when=month", "/subjects/0101", "/subjects/0103", "/subjects/0104", "/subjects/0105", "/subjects/0106", "/subjects/0107",
    "/subjects/0201", "/subjects/0202", "/subjects/0203", "/subjects/0105/slots", "/subjects/0103/slots?visit=rcp/D182&on=2025-07-21",
    "/subjects/0106/slots?visit=olp/D1&on=2025-07-31", "/subjects/0102/write/event",
    "/subjects/0102/write/value", "/subjects/0102/write/had",
    "/pharmacy?first=2025-07-01&last=2025-12-31", "/trail?sessions=on",
)  # fmt: skip

ASKED = (("/trail?subject=8888", "没有受试者 8888"), ("/trail?number=abc", "没有第 abc 号记录"))
REFUSED = (  # what cannot be, and what is told of it
    ("/accounts", {"name": "sun.yu", "role": "monitor", "sites": "all", "password": "short"}, "新密码少于 12 个字符"),
    ("/accounts", {"name": "li.na", "role": "monitor", "sites": "all", "password": "seven green tortoises"}, "账户 li.na 已存在"),
    ("/accounts", {"name": "sun yu", "role": "monitor", "sites": "all", "password": "seven green tortoises"}, "不能用作账户名"),
    ("/accounts", {"name": "sun.yu", "role": "monitor", "sites": "01,,", "password": "seven green tortoises"}, "01,, 不是中心"),
    ("/new-subject", {"subject": "0103", "site": "01", "start": "2025-07-14"}, "已有受试者 0103"),
    ("/subjects/0101/withdraw/6", {"why": "录入有误"}, "尚有其他记录："),
)


_EVENT, _VISIT, _WEIGHT = (f"/subjects/0103/write/{kind}" for kind in ("event", "record", "weight"))
_LOT = {
    "site": "01", "movement": "received", "product": "BAT4406F/placebo", "vial": "500 mg", "batch": "K-17", "quantity": "3",
    "date": "2025-07-01",
}  # fmt: skip
MISTAKES = (  # a form, what is typed into it, and what is told of it
    (_EVENT, {"event": "relapse", "date": "07/10/2025"}, "07/10/2025 不是年份在前的日期"),
    (_EVENT, {"event": "relapse", "date": "2025-02-30"}, "2025-02-30：没有这一天"),
    (_EVENT, {"event": "relapse", "date": "2025-02"}, "2025-02 是缺少日的日期"),
    (_EVENT, {"event": "relapse", "date": "20250701"}, "请填写 2025-07-01"),
    (_EVENT, {"event": "relapse", "date": "45839"}, "电子表格的日期序号"),
    (_EVENT, {"event": "relapse", "date": "2025-07-01T25:10"}, "没有这个时刻"),
    (_EVENT, {"event": "relapse", "date": "2025-07-01T09:10Z"}, "带有时区"),
    (_EVENT, {"event": "relapse", "date": "2020-01-01"}, "早于第 1 天"),
    (_EVENT, {"event": "relapse_confirmed", "date": "2025-07-01"}, "没有对应的复发"),
    (_WEIGHT, {"date": "2025-07-01", "weight_kg": "58,5"}, "使用了逗号作小数点"),
    (_WEIGHT, {"date": "2025-07-01", "weight_kg": "60 kg"}, "单位始终为 kg"),
    (_WEIGHT, {"date": "2025-07-01", "weight_kg": "heavy"}, "不是体重"),
    (_WEIGHT, {"date": "2025-07-01", "weight_kg": "600"}, "不可能是体重"),
    (_WEIGHT, {"date": "2025-07-01", "weight_kg": "60.0001"}, "精度超过 1 克"),
    (_WEIGHT, {"date": "2020-07-01", "weight_kg": "60"}, "不晚于第 1 天"),
    (_VISIT, {"visit": "rcp/D182", "date": "2025-07-07", "status": "done", "time": "9h"}, "不是时刻"),
    ("/subjects/0103/write/had", {"what": "rituximab", "from": "2024-13"}, "没有这个月份"),
    ("/subjects/0103/write/had", {"what": "rituximab", "from": "2024-05", "to": "2024-01"}, "早于其首日"),
    ("/subjects/0103/write/had", {"what": "rituximab", "from": "ongoing"}, "不能作为首日"),
    ("/new-subject", {"subject": "0111", "site": "01", "start": "2025-07-14", "height_cm": "1.65"}, "不可能是身高"),
    ("/new-subject", {"subject": "0111", "site": "01", "start": "2025-07-14", "age_years": "200"}, "不是年龄"),
    ("/subjects/0103/write/event", {"event": "relapse_rejected", "date": "2025-07-01"}, "没有对应的复发"),
    (_WEIGHT, {"date": "2025-07-01", "weight_kg": "0"}, "不可能是体重"),
    ("/pharmacy/stock", {**_LOT, "quantity": "0"}, "不是支数"),
    ("/pharmacy/stock", {**_LOT, "date": "2025-07-08"}, "尚未到来"),
    ("/pharmacy/stock", {**_LOT, "date": "July"}, "不是日期"),
    ("/pharmacy/stock", {**_LOT, "subject": "0102"}, "只有发放才属于某名受试者"),
    ("/pharmacy/stock", {**_LOT, "movement": "dispensed"}, "未说明用于哪名受试者"),
    ("/pharmacy/stock", {**_LOT, "movement": "destroyed"}, "仅有 0 支"),
)  # fmt: skip


HAD = (
    ("rituximab", "2024-09-01", ""), ("live vaccine", "2025-01-02", ""), ("prednisone", "2024-12", "ongoing"), ("MabThera", "2024", ""),
    ("relapse", "2024-03-01", "2024-03-01"), ("azathioprine", "2024-05-01", "2024-12-31"), ("IVIG", "2025-01-01", "2025-01-03"),
)  # fmt: skip


def shown(page: str) -> Iterator[str]:
    """The texts of a page: of its elements, and of attributes that are read; without what is code, a file, or typed by a person."""
    left = _OWN.sub(" ", page)
    yield from (html.unescape(text) for text in re.findall(r'(?:title|aria-label|placeholder)="([^"]*)"', left))
    yield from (html.unescape(text).strip() for text in re.sub(r"<[^>]*>", "\n", left).split("\n"))


def written(place: Any) -> set[str]:
    """What the study, the site and people have written, in one text each."""
    from nmosd_dosing.register.models import Content
    from nmosd_dosing.register.reading import studies

    said = {file.text for file in studies.files(place.register.facts)}
    for content in Content.objects.using(place.register.facts.alias).values_list("cells", flat=True):
        said |= {str(content)}
    return {re.sub(r"\s+", " ", text) for text in said}


def english(page: str, own: set[str]) -> list[str]:
    """The runs of English words that nobody has written."""
    found = []
    for text in shown(page):
        for run in _RUN.findall(text):
            if run not in _NAMES and not any(run in each for each in own):
                found.append(f"{run}: {text}")
    return found


def test_no_english_sentence_stands_on_a_chinese_page(place: Any) -> None:
    own, asked = written(place), 0
    for address in (*addresses(), *MORE):
        for name in ("li.na", "zhao.min", "chen.jie"):  # the first of them for whom the page is
            answer = client(place, name).get(address, headers={"accept-language": "zh-CN"})
            if answer.status_code == 200 and not answer.streaming and "html" in answer.headers["Content-Type"] and "handout" not in address:
                asked += 1
                assert english(answer.content.decode(), own) == [], (name, address)
                break
    assert asked > 30


def test_what_would_be_written_is_said_in_chinese(place: Any) -> None:
    own = written(place)
    for address, typed in TYPED:
        answer = client(place, "chen.jie").post(address, typed, headers={"accept-language": "zh-CN"})
        if answer.status_code == 200:  # what is wrong with what was typed is told as tables' readers tell it
            assert english(answer.content.decode(), own) == [], address


def test_what_cannot_be_is_said_in_chinese(place: Any) -> None:
    own, asking = written(place), client(place, "chen.jie")
    found = [(asking.get(address, headers={"accept-language": "zh-CN"}), told) for address, told in ASKED]
    found += [(asking.post(address, typed, headers={"accept-language": "zh-CN"}), told) for address, typed, told in REFUSED]
    for answer, told in found:
        words = re.sub(r"</?code>", "", answer.content.decode())
        assert (answer.status_code, told in words, english(answer.content.decode(), own)) == (400, True, []), told


def test_what_is_wrong_with_what_was_typed_is_said_in_chinese(place: Any) -> None:
    own = written(place)
    for address, typed, told in MISTAKES:
        asking = client(place, "wang.fang" if address == "/pharmacy/stock" else "chen.jie")
        answer = asking.post(address, {**typed, "why": "录入"}, headers={"accept-language": "zh-CN"})
        words = re.sub(r"</?code>", "", answer.content.decode())
        assert (answer.status_code, told in words, english(answer.content.decode(), own)) == (400, True, []), (typed, told)


def test_what_is_said_of_criteria_is_said_in_chinese(place: Any) -> None:
    own = written(place) | {" ".join(row) for row in HAD}
    for days in ({"screening": "2025-01-20"}, {"screening": "2025-01-20", "day_1": "2025-02-10"}, {}):
        for had in (HAD, (("nothing", "", ""),), ()):
            cells = {f"had-{i}-{name}": text for i, row in enumerate(had) for name, text in zip(("what", "begin", "end"), row, strict=True)}
            typed = {"had-TOTAL_FORMS": "8", "had-INITIAL_FORMS": "0", **cells, **days}
            answer = client(place, "li.na").post("/screening", typed, headers={"accept-language": "zh-CN"})
            assert answer.status_code == 200
            assert english(answer.content.decode(), own) == [], (days, had)


def test_english_words_are_found() -> None:
    assert english("<p>3 days after the target</p>", set()) == ["days after the target: 3 days after the target"]
    assert english('<p title="booked for 2025">1</p><p>overdue</p><code>as typed</code>', {"over"}) == [
        "booked for: booked for 2025", "overdue: overdue",
    ]  # fmt: skip
    assert english("<p>访视 rcp/D182，为 Effective contraception</p>", {"name: Effective contraception"}) == []
