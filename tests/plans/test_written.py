"""What sites write down beside a visit is shown again, and a visit that is not planned has a row of its own; no batch tells an arm."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.kit.command import dosing, output
from tests.kit.recorded import BELIMUMAB, table
from tests.kit.somebody import done, made

VISITS = (
    "visit,date,status,product,amount,unit,batch,comment\n"
    'D0,2025-01-06,done,belimumab,600,mg,B-17,"slow, 2 h"\n'
    "unscheduled,2025-01-10,done,belimumab,50,mg,B-18,for a rash\n"
    "unscheduled,2025-01-12,missed,,,,,not there\n"
    "unscheduled,2099-01-12,,belimumab,50,mg,,\n"
)
SHOWN = ("batch B-17, slow, 2 h", "batch B-18, for a rash", "not there")
RECORDED = ("--until", "2025-01-25", "--visits", "v.csv")


def test_batch_and_comment_are_shown(folder: Path) -> None:
    table(VISITS)
    page = output("plan", *BELIMUMAB, *RECORDED)
    assert all(words in page for words in SHOWN)
    made = json.loads(output("plan", *BELIMUMAB, *RECORDED, "--format", "json"))
    first = made["visits"][0]
    assert (first["comment"], [a["batch"] for a in first["administrations"]]) == ("slow, 2 h", ["B-17"])
    assert [(v["comment"], [a["batch"] for a in v["administrations"]]) for v in made["visits"][1:]] == [(None, [None])]
    rows = list(csv.DictReader(output("plan", *BELIMUMAB, *RECORDED, "--format", "csv").splitlines()))
    assert [(row["label"], row["batch"], row["comment"]) for row in rows][:2] == [
        ("D0", "B-17", "slow, 2 h"), ("unscheduled", "B-18", "for a rash"),
    ]  # fmt: skip
    check = dosing("check", *BELIMUMAB, "--visits", "v.csv", "--as-of", "2025-01-15", "--format", "json")
    told = [(f["visit"], f["batch"], f["comment"]) for f in json.loads(check.stdout)["findings"] if f["actual"]]
    assert told == [
        ("treatment/D0", "B-17", "slow, 2 h"), ("unscheduled", "B-18", "for a rash"), ("unscheduled", None, "not there"),
    ]  # fmt: skip
    assert "; batch B-17; comment: slow, 2 h" in output("check", *BELIMUMAB, "--visits", "v.csv", "--as-of", "2025-01-15")


def test_a_visit_that_is_not_planned_has_rows_of_its_own(folder: Path) -> None:
    (folder / "s.csv").write_text("subject,start,weight_kg\nA,2025-01-06,60\nB,2025-01-06,70\n", encoding="utf-8")
    lines = VISITS.splitlines()
    table("\n".join([f"subject,{lines[0]}", *(f"A,{line}" for line in lines[1:])]) + "\n")
    asked = ("cohort", "s.csv", "--regimen", "belimumab", *RECORDED)
    rows = [row for row in csv.DictReader(dosing(*asked).stdout.splitlines()) if row["subject"] == "A"]
    assert [(row["id"], row["status"], row["actual"], row["booked"], row["amount"], row["cumulative"]) for row in rows] == [
        ("treatment/D0", "done", "2025-01-06", "", "600", "600"),
        ("treatment/unscheduled 2025-01-10", "done", "2025-01-10", "", "50", ""),
        ("treatment/unscheduled 2025-01-12", "missed", "", "", "", ""),
        ("treatment/D14", "planned", "", "", "600", "1250"),
        ("treatment/unscheduled 2099-01-12", "booked", "", "2099-01-12", "", ""),
    ]
    made = [json.loads(line) for line in dosing(*asked, "--format", "json").stdout.splitlines()]
    assert [line["id"] for line in made if line["subject"] == "A"] == [row["id"] for row in rows]
    assert not [line for line in made if line["subject"] == "B" and line["label"] == "unscheduled"]


@pytest.mark.parametrize("command", [("plan",), ("plan", "--format", "json"), ("plan", "--format", "csv"), ("check", "--format", "json")])
def test_no_batch_of_a_masked_dose_is_shown_and_every_arm_gives_the_same_bytes(folder: Path, command: tuple[str, ...]) -> None:
    found = set()
    for amount, batch in (("500", "ACTIVE-17"), ("0", "PLACEBO-77")):
        table(
            "visit,date,product,amount,unit,batch,comment\n"
            f"D1,2025-01-06,BAT4406F,{amount},mg,{batch},as planned\nunscheduled,2025-02-03,BAT4406F,{amount},mg,{batch},again\n"
        )
        asked = (
            command[0],
            "--regimen",
            "bat4406f-rcp",
            "--start",
            "2025-01-06",
            "--visits",
            "v.csv",
            "--as-of",
            "2025-03-01",
            *command[1:],
        )
        done = dosing(*asked)
        assert "-17" not in done.stdout and "-77" not in done.stdout and "as planned" in done.stdout
        found.add(done.stdout + done.stderr)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("products", "product", "shown"),
    [("{X: {}}", None, "X"), ("{X: {}}", "X", "X"), ("{X: {}, Y: {}}", None, ""), ("{X: {}, Y: {}}", "Y", "Y")],
)
def test_a_dose_beside_the_visits_is_of_the_only_product_there_is(products: str, product: str | None, shown: str) -> None:
    text = f"products: {products}\nperiods: {{p: {{visits: [{{at: D1, give: X 1 mg}}]}}}}\n"
    found = made(text, done("unscheduled", "2025-01-20", "5", "mg", product=product)).unscheduled
    assert [(dose.product, dose.amount) for visit in found for dose in visit.administrations] == [(shown, 5)]
