"""A sentence is its English text, and can be said again in another language; what a user wrote stays as it is."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle

import pytest

from nmosd_dosing.errors import counted
from nmosd_dosing.sentences import Sentence, either, in_words, joined, length_text, many, said, word

CHINESE = {
    "{days} too late: call to move it": "超窗 {days}：请致电改期",
    "{n} day": "{n} 天",
    "booked for {date}": "已预约于 {date}",
    "decide": "待决定",
    "movement: lost": "丢失",
    "; ": "；",
    "{first}, by {reason}": "因 {reason}，{first}",
}
DAY = dt.date(2025, 7, 6)


def in_chinese(sentence: Sentence) -> str:
    return in_words(sentence, lambda pattern: CHINESE.get(pattern, pattern), "zh")


def test_a_sentence_is_its_english_text() -> None:
    sentence = said("{days} too late: call to move it", days=many(2, "day"))
    assert sentence == "2 days too late: call to move it"
    assert hash(sentence) == hash(str(sentence)) and isinstance(sentence, str)
    assert json.dumps([sentence]) == '["2 days too late: call to move it"]'
    assert said("decide") == "decide" and said("") == ""
    assert [many(n, "day") for n in (0, 1, 2, -1, -2)] == ["0 days", "1 day", "2 days", "-1 day", "-2 days"]


def test_it_is_said_again_with_its_parts() -> None:
    assert in_chinese(said("{days} too late: call to move it", days=many(1, "day"))) == "超窗 1 天：请致电改期"
    assert in_chinese(said("decide")) == "待决定"
    assert in_chinese(said("{first}, by {reason}", first=said("decide"), reason="a fall")) == "因 a fall，待决定"


def test_a_date_is_written_with_its_weekday_in_each_language() -> None:
    sentence = said("booked for {date}", date=DAY)
    assert (sentence, in_chinese(sentence)) == ("booked for 2025-07-06 Sun", "已预约于 2025-07-06 周日")


def test_sentences_in_a_row_stay_sentences() -> None:
    row = joined("; ", [said("decide"), "as told", said("booked for {date}", date=DAY)])
    assert (row, in_chinese(row)) == ("decide; as told; booked for 2025-07-06 Sun", "待决定；as told；已预约于 2025-07-06 周日")
    added = said("decide") + " (" + said("booked for {date}", date=DAY) + ")"
    assert (added, in_chinese(added)) == ("decide (booked for 2025-07-06 Sun)", "待决定 (已预约于 2025-07-06 周日)")
    assert joined("; ", []) == "" and in_chinese(joined("; ", [])) == ""


def test_what_a_user_wrote_is_never_translated_nor_read_as_a_pattern() -> None:
    for text in ("decide", "{days} too late: call to move it", "{", "}", "{0}", "{first.__class__}", "%s"):
        assert in_chinese(joined("", [text])) == text
        assert in_chinese(said("{first}, by {reason}", first=text, reason="{first}")) == f"因 {{first}}，{text}"


def test_in_english_it_is_what_it_was() -> None:
    for sentence in (many(2, "day"), said("{days} too late: call to move it", days=many(2, "day")), joined("; ", [said("decide"), DAY])):
        assert in_words(sentence, lambda pattern: CHINESE.get(pattern, pattern), "en") == sentence


def test_a_length_of_a_file_is_said_again() -> None:
    assert [length_text(text) for text in ("28 days", "1 day", "4 weeks and 1 day")] == ["28 days", "1 day", "4 weeks and 1 day"]
    assert in_chinese(length_text("28 days")) == "28 天" and in_chinese(length_text("1 day")) == "1 天"
    for text in ("28 d", "1 days", "8 to <12 weeks", "1 day and more", ""):
        assert (length_text(text), in_chinese(length_text(text))) == (text, text)


def test_one_of_several_is_said_again() -> None:
    assert [either(names) for names in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "`a`", "`a` or `b`", "`a`, `b` or `c`"]
    assert in_words(either(["a", "b", "c"], quoted=False), lambda pattern: {" or ": " 或 "}.get(pattern, pattern), "zh") == "a, b 或 c"


def test_a_word_is_said_again_where_the_table_has_it() -> None:
    assert in_chinese(word("decide")) == "待决定" and in_chinese(word("swelling {date}")) == "swelling {date}"
    assert in_chinese(word("lost", among="movement")) == "丢失" and word("lost", among="movement") == "lost"
    assert word("booked for {date}", date=DAY) == said("booked for {date}", date=DAY)


def test_what_the_table_does_not_have_stays_english() -> None:
    assert in_chinese(said("not known")) == "not known"
    assert in_chinese(said("on {date}", date=DAY)) == "on 2025-07-06 周日"


def test_it_goes_to_another_process_whole() -> None:
    sentence = joined("; ", [said("{days} too late: call to move it", days=many(2, "day")), said("decide")])
    for made in (pickle.loads(pickle.dumps(sentence)), copy.deepcopy(sentence)):
        assert (made, in_chinese(made)) == (sentence, in_chinese(sentence))


@pytest.mark.parametrize(("n", "noun", "shown"), [
    (0, "day", "0 days"), (1, "day", "1 day"), (2, "day", "2 days"), (-1, "day", "-1 day"),
    (1, "half-life", "1 half-life"), (5, "half-life", "5 half-lives"), (0, "half-life", "0 half-lives"), (1, "more time", "1 more time"),
])  # fmt: skip
def test_one_is_one_and_half_lives_are_many(n: int, noun: str, shown: str) -> None:
    assert counted(n, noun) == shown == many(n, noun)
