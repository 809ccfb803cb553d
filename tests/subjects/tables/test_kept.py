"""Tables as people keep them, each in `tests/tables` beside what is read of it, or said of it.

When the wording changes, `make write` writes the readings anew. Then read the diff: is each what was written in the table?
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.cli.options import option
from nmosd_dosing.errors import InputError, Place, arguments_said_as
from nmosd_dosing.subjects.had import Had
from nmosd_dosing.subjects.subject import Subject
from nmosd_dosing.subjects.tables import history_table, roster
from nmosd_dosing.subjects.tables.encodings import transcoded
from nmosd_dosing.subjects.tables.headings import NAMES, SDTM, Layout
from tests.kit.dates import day_1
from tests.kit.paths import ROOT
from tests.kit.studies import examples

KEPT = ROOT / "tests" / "tables"
FILES = sorted(path.name for path in KEPT.glob("*.csv"))
EVENTS = ("relapse", "died")


def reading(name: str) -> str:
    """What is read of a file, row by row, whatever it says of each; and what is said of the file."""
    kind = name.split("-")[0]
    content, layout = transcoded((KEPT / name).read_bytes(), name, "gb18030"), Layout(kind)
    try:
        with arguments_said_as(option):
            rows = _rows(kind, content, name, layout)
    except InputError as error:
        rows = [str(error)]
    ignored = [f"ignored: {', '.join(layout.ignored)}"] if layout.ignored else []
    return "\n".join([*ignored, *rows]) + "\n"


def _rows(kind: str, content: bytes, name: str, layout: Layout) -> list[str]:
    if kind == "subjects":
        return [_text(subject) for subject in roster.subjects(content, name, ("olp",), layout=layout)]
    if kind == "allocation":
        return [f"{code.text}: arm {arm.text}" for code, arm in roster.allocation(content, name, layout=layout)]
    pairs: list[tuple[Any, Any]]
    if kind == "events":
        pairs = [*roster.events(content, name, EVENTS, layout=layout)]
    elif kind == "history":
        pairs = [*history_table.read(content, name, layout)]
    elif kind == "weighings":
        pairs = [*roster.weighings(content, name, layout=layout)]
    else:
        pairs = [*roster.records(content, name, masked=False, layout=layout)]
    return [f"{code.text if code is not None else 'nobody is named'}: {_text(value)}" for code, value in pairs]


def _text(value: Any) -> str:
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, Had):
        fields |= {"daily_mg": value.daily_mg, "as_written": value.as_written}
    said = {name: x for name, x in fields.items() if x not in (None, (), "") and x is not False and not isinstance(x, Place)}
    return ", ".join(f"{name} {x}" for name, x in said.items())


@pytest.mark.parametrize("name", FILES)
def test_what_is_read_of_a_table(name: str) -> None:
    assert reading(name) == (KEPT / name).with_suffix(".txt").read_text(encoding="utf-8")


# --- however a table is written ------------------------------------------------------------------------------------------

PEOPLE = tuple(
    Subject(dt.date(2025, 1, 6) + dt.timedelta(n), f"00{n}", weight_kg=60.5 + n, site=f"S{n % 2}") for n in range(4)
)  # fmt: skip
COLUMNS = ("subject", "start", "weight_kg", "site")
OTHERS = ("Phone", "Initials", "AGE", "ARM", "VISITNUM", "Informed consent", "知情同意")
CASES = (str, str.upper, str.lower, str.title)
SPACES = (lambda name: name, lambda name: name.replace("_", " "), lambda name: f" {name} ", lambda name: name.replace("_", ""))
DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d-%b-%Y", "%d%b%Y", "%Y-%m-%dT09:30", "%Y年%m月%d日")


@examples(200)
@given(st.data())
def test_however_a_table_is_written_the_subjects_are_the_same(data: st.DataObject) -> None:
    """Any order of columns, any name, case and spacing of each, any separator, encoding, form of a day, and whatever else stands there."""

    def drawn(choices: Any) -> Any:
        return data.draw(st.sampled_from(choices))

    names = {ours: drawn(SPACES)(drawn(CASES)(drawn((ours, *NAMES[ours], *SDTM.get(ours, ()))))) for ours in COLUMNS}
    others = data.draw(st.lists(st.sampled_from(OTHERS), unique=True, max_size=3)) + [""] * data.draw(st.integers(0, 1))
    order: list[str | int] = data.draw(st.permutations([*COLUMNS, *range(len(others))]))
    separator, day, comma = drawn(",;\t"), drawn(DAYS), data.draw(st.booleans())
    heading = [names[ours] if isinstance(ours, str) else others[ours] for ours in order]
    lines = [data.draw(st.sampled_from([[], ["A trial"], [""] * len(order)])), heading]
    for subject in PEOPLE:
        weight = f"{subject.weight_kg}".replace(".", "," if comma and separator == ";" else ".")
        said = {"subject": subject.code, "start": day_1(subject).strftime(day), "weight_kg": weight, "site": subject.site}
        lines.append([said[ours] or "" if isinstance(ours, str) else "x" if others[ours] else "" for ours in order])
        lines += [[""] * len(order)] * data.draw(st.integers(0, 1))
    text = drawn(("\n", "\r\n")).join(separator.join(line) for line in lines)
    encoding = drawn(("utf-8", "utf-8-sig", "utf-16", "gb18030"))
    content = transcoded(text.encode(encoding), "s.csv", "gb18030") if encoding == "gb18030" else text.encode(encoding)
    assert roster.subjects(content, "s.csv", ()) == PEOPLE


def write() -> None:
    for name in FILES:
        (KEPT / name).with_suffix(".txt").write_text(reading(name), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit("usage: python -m tests.subjects.tables.test_kept --write")
    write()


# --- whether a visit took place ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["Done (Y/N)", "Visit done?", "Was the visit done?", "Not done", "Missed?", "No show", "Attended (yes/no)", "Cancelled",
     "Infusion given", "是否到访", "是否已完成", "未完成", "ECOCCUR", "SVSTAT"],
)  # fmt: skip
def test_what_may_say_that_a_visit_was_missed_is_asked_about(name: str) -> None:
    with pytest.raises(InputError, match="where it says that a visit was missed"):
        roster.records(f"subject,visit,date,{name}\n0012,D1,2025-01-06,N\n".encode(), "visits.csv", masked=False)


@pytest.mark.parametrize("name", ["Reason not done", "未完成原因", "Completed by", "Planned date", "Dose administered"])
def test_what_is_said_of_a_visit_beside_it_is_ignored(name: str) -> None:
    layout = Layout("visits")
    assert roster.records(f"subject,visit,date,{name}\n0012,D1,2025-01-06,N\n".encode(), "visits.csv", masked=False, layout=layout)
    assert layout.ignored == [name]


@pytest.mark.parametrize(("heading", "taken"), [("SVOCCUR,EXOCCUR", "EXOCCUR"), ("VISITNUM,ECOCCUR", "ECOCCUR")])
def test_y_and_n_are_read_also_of_a_column_of_which_it_was_said(heading: str, taken: str) -> None:
    content = f"subject,visit,date,{heading}\n0012,D1,2025-01-06,Y,N\n".encode()
    layout = Layout("visits", columns={"status": [taken]})
    (record,) = roster.records(content, "visits.csv", masked=False, layout=layout)
    assert record[1].status == "missed"
