"""`dosing prepare --since`: what is new, moved, changed or gone since the last list; and which files are no such list."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nmosd_dosing.errors import InputError
from nmosd_dosing.pharmacy.changes import read_last_list
from tests.kit import studies
from tests.kit.command import dosing, errors
from tests.kit.pharmacy_command import BLINDED, PREPARE, as_json, folder

__all__ = ["folder"]  # the fixture

SINCE = (*PREPARE, "--since", "last.json")


@pytest.fixture
def last(folder: Path) -> Path:
    """The list from 20 January to 2 February."""
    file = folder / "last.json"
    assert dosing(*PREPARE, "--output", str(file)).returncode == 0
    return file


def change_of(found: dict[str, Any]) -> list[tuple[str, str, int, str, str | None]]:
    return [(d["subject"], d["visit"], d["day"], d["product"], d["change"]) for d in [*found["doses"], *found["may_come"]]]


def test_nothing_has_changed(last: Path) -> None:
    found = as_json(*SINCE)
    assert {change for *_, change in change_of(found)} == {None}
    assert found["gone"] == [] and found["since"]["from"] == "2025-01-20" and found["since"]["until"] == "2025-02-02"
    assert "since the list of 2025-01-20 Mon to 2025-02-02 Sun: nothing has changed\n" in dosing(*SINCE).stdout
    without = as_json(*PREPARE)
    assert without["since"] is None and {change for *_, change in change_of(without)} == {None}


def test_a_dose_by_another_weight_is_changed_with_what_it_was(last: Path, folder: Path) -> None:
    (folder / "subjects.csv").write_text("subject,start,weight_kg\n01,2025-01-06,80\n02,2025-01-06,75\n03,2025-01-20,\n")
    found = as_json(*SINCE)
    assert [row[:4] for row in change_of(found) if row[4] == "changed"] == [("01", "main/D15", 1, "X")]
    dose = next(d for d in found["doses"] if d["change"])
    assert (dose["amount"], dose["was"]["amount"], dose["was"]["vials"]) == (800, 600, [{"size": "120 mg", "count": 5}])
    assert "changed, was 600 mg, 5 x 120 mg" in dosing(*SINCE).stdout
    row = next(row for row in csv.DictReader(io.StringIO(dosing(*SINCE, "--format", "csv").stdout)) if row["change"])
    assert (row["subject"], row["change"], row["was"]) == ("01", "changed", "600 mg, 5 x 120 mg")


def test_a_visit_on_another_day_is_moved_and_who_has_been_is_gone(last: Path, folder: Path) -> None:
    (folder / "subjects.csv").write_text("subject,start,weight_kg\n01,2025-01-08,60\n02,2025-01-06,75\n03,2025-01-20,\n")
    (folder / "visits.csv").write_text("subject,visit,date,status\n02,D15,2025-01-20,done\n")
    asked = (*SINCE, "--visits", "visits.csv")
    page = dosing(*asked).stdout
    found = as_json(*asked)
    moved = [d for d in found["doses"] if d["change"] == "moved"]
    assert {(d["subject"], d["visit"], d["date"], d["was"]["date"]) for d in moved} >= {("01", "main/D15", "2025-01-22", "2025-01-20")}
    assert {(d["subject"], d["visit"]) for d in found["gone"]} == {("02", "main/D15")}
    assert "moved, was 2025-01-20 Mon" in page
    assert "gone: 02 D15, 2025-01-20 Mon: X 750 mg, 3 x 120 mg + 1 x 400 mg\n" in page
    counts = {kind: found["since"][kind] for kind in ("new", "moved", "changed", "gone")}
    assert counts == {"new": 0, "moved": len(moved), "changed": 0, "gone": len(found["gone"])}
    rows = list(csv.DictReader(io.StringIO(dosing(*asked, "--format", "csv").stdout)))
    gone = [row for row in rows if row["part"] == "gone"]
    assert [(row["subject"], row["visit"], row["date"], row["change"], row["vials"]) for row in gone] == [
        ("02", "main/D15", "2025-01-20", "gone", "3 x 120 mg + 1 x 400 mg")
    ]


def test_who_was_not_in_the_table_is_new_only_on_days_that_the_last_list_had(last: Path, folder: Path) -> None:
    with (folder / "subjects.csv").open("a") as file:
        file.write("04,2025-01-27,60\n")
    week = (*PREPARE[:-1], "2025-01-27", "--days", "28", "--since", "last.json")
    found = {(d["subject"], d["visit"], d["product"]): d["change"] for d in as_json(*week)["doses"]}
    assert found["04", "main/D1", "X"] == "new"
    assert found["04", "main/D15", "X"] is None  # on 10 February, which the last list did not have
    assert found["03", "main/D15", "X"] is None
    assert not as_json(*week)["gone"]  # what stood before 27 January is not asked for


def test_a_changed_study_file_is_told(last: Path, folder: Path) -> None:
    study = folder / "study.yaml"
    study.write_text(study.read_text().replace("X 10 mg/kg", "X 12 mg/kg"))
    page = dosing(*SINCE).stdout
    assert "changed, was 600 mg, 5 x 120 mg" in page and "the study file has been changed since the last list\n" in page


def test_of_one_subject_or_site_only_these_are_compared(last: Path) -> None:
    found = as_json(*SINCE, "--subject", "01")
    assert found["gone"] == [] and found["shown"] == {"subject": "01", "sites": []}
    dosing(*PREPARE, "--subject", "01", "--output", "one.json")
    told = errors(*PREPARE, "--since", "one.json")
    assert (
        told == "error: `one.json` is a list of subject `01` only, and this one is of others\nhint: name the last list of the same people\n"
    )


def test_masked_lists_are_the_same_for_every_arm(folder: Path) -> None:
    (folder / "study.yaml").write_text(BLINDED)
    (folder / "allocation.csv").write_text("subject,arm\n01,drug\n02,placebo\n03,drug\n")
    dosing(*PREPARE, "--output", "last.json")
    (folder / "subjects.csv").write_text("subject,start,weight_kg\n01,2025-01-06,80\n02,2025-01-06,80\n03,2025-01-21,\n")
    for form in ("table", "json", "csv"):
        usual = dosing(*SINCE, "--format", form)
        assert dosing(*SINCE, "--format", form, "--allocation", "allocation.csv").stdout == usual.stdout
    shown = (*SINCE, "--allocation", "allocation.csv", "--unblind")
    assert errors(*shown) == "error: `last.json` is masked, and this list unblinded\nhint: compare lists that are shown in one way\n"


# --- files that are no such list ----------------------------------------------------------------------------------------


def test_lists_that_cannot_be_compared_are_refused(last: Path, folder: Path) -> None:
    later = (*PREPARE[:-1], "2025-03-03", "--since", "last.json")
    assert errors(*later) == (
        "error: the days of `last.json`, 2025-01-20 to 2025-02-02, are none of these, 2025-03-03 to 2025-03-16\n"
        "hint: name a list that has some of these days\n"
    )
    assert errors(*SINCE, "--vials", "fewest") == (
        "error: `last.json` chose vials for the least waste, and this list for the fewest vials\nhint: choose them in one way\n"
    )
    mil62 = ("prepare", "--regimen", "mil62", "--start", "2025-01-20", "--from", "2025-01-20", "--since", "last.json")
    told = (
        "error: `last.json` is a list of the study `pharmacy-trial`, and this is one of `mil62`\nhint: name the last list of this study\n"
    )
    assert errors(*mil62) == told
    assert errors(*SINCE, "--output", "last.json") == "error: `--output` and `--since` name one file\nhint: name two\n"
    assert "cannot read `nosuch.json`" in errors(*PREPARE, "--since", "nosuch.json")
    assert last.exists()


BROKEN: dict[str, Callable[[dict[str, Any]], object]] = {
    "doses": lambda found: found.pop("doses"),
    "doses[0]: product": lambda found: found["doses"][0].pop("product"),
    "doses[0]: date": lambda found: found["doses"][0].update(date="2025-02-30"),
    "doses[0]: day": lambda found: found["doses"][0].update(day=True),
    "doses[0]: times": lambda found: found["doses"][0].update(times=-1),
    "doses[0]: amount": lambda found: found["doses"][0].update(amount="600"),
    "doses[0]: volume_ml": lambda found: found["doses"][0].update(volume_ml=1e300),
    "doses[0]: vials": lambda found: found["doses"][0].update(vials={"120 mg": 5}),
    "doses[0]: subject": lambda found: found["doses"][0].update(subject="\ud800"),
    "doses[1]: no object": lambda found: found["doses"].insert(1, "x"),
    "a dose of main/D15 stands in it twice": lambda found: found["doses"].append(found["doses"][0]),
    "its days": lambda found: found.update({"from": "2025-03-03"}),
    "study": lambda found: found.update(study=7),
    "sites": lambda found: found["shown"].update(sites=[1]),
    "unblinded": lambda found: found.update(unblinded="false"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_list_says_where_it_is_none(what: str, last: Path) -> None:
    found = json.loads(last.read_text("utf-8"))
    BROKEN[what](found)
    last.write_text(json.dumps(found))
    assert errors(*SINCE) == (
        f"error: `last.json` is not a list that `dosing prepare` wrote as JSON: {what}\n"
        "hint: `dosing prepare` writes one with `--format json`\n"
    )


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff", b"[" * 100_000, b"1" * 10_000, b"NaN", b'{"doses": Infinity}', b"subject,start\n01,2025-01-06\n", b"PK\x03\x04"],
)
def test_a_file_of_anything_is_refused_in_words(content: bytes, last: Path) -> None:
    last.write_bytes(content)
    assert "error: `last.json` is not a list that `dosing prepare` wrote as JSON\n" in errors(*SINCE)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["doses", "meta", "shown", "study", "from", "x"]), inner),
    max_leaves=8,
)


@studies.examples(100)
@given(json_values)
def test_no_json_is_a_defect(value: Any) -> None:
    with pytest.raises(InputError):
        read_last_list(json.dumps(value).encode(), "x.json")
