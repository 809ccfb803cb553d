"""SDTM tables as programs export them: DM and SV with thousands of rows go in as they are, beside a study file that has their visits."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.kit.command import dosing

DM = (
    "STUDYID,DOMAIN,USUBJID,SUBJID,RFSTDTC,RFENDTC,RFXSTDTC,RFXENDTC,RFICDTC,RFPENDTC,DTHDTC,DTHFL,SITEID,AGE,AGEU,SEX,RACE,ETHNIC,"
    "ARMCD,ARM,ACTARMCD,ACTARM,COUNTRY,DMDTC,DMDY"
)
SV = "STUDYID,DOMAIN,USUBJID,SVSEQ,VISITNUM,VISIT,VISITDY,SVSTDTC,SVENDTC"
SCREENED = {"SCREENING 1": -7, "SCREENING 2": -1}
TREATED = {
    "BASELINE": 1, "AMBUL ECG PLACEMENT": 13, "WEEK 2": 14, "WEEK 4": 28, "AMBUL ECG REMOVAL": 30, "WEEK 6": 42, "WEEK 8": 56,
    "WEEK 12": 84, "WEEK 16": 112, "WEEK 20": 140, "WEEK 24": 168, "WEEK 26": 182,
}  # fmt: skip
WEEKS = {name: day for name, day in TREATED.items() if name.startswith("WEEK")}
STUDY = """language: 1
study: patches
title: Patches, an invented study
source: {registry: none, section: invented}
days: from 1
products: {patch: {route: transdermal}}
periods:
  treatment:
    title: Treatment
    length: not stated
    visits:
      - {at: D1, give: patch 54 mg%s}
      - {at: "D-7, D-1, D13, D30", assess: examination%s}
      - {at: "%s", window: 3d, assess: examination%s}
"""


def study(named: bool) -> str:
    days = ", ".join(f"D{day}" for day in WEEKS.values())
    if not named:
        return STUDY % ("", "", days, "")
    others = {**SCREENED, **{name: day for name, day in TREATED.items() if "ECG" in name}}
    said = [", ".join(f"D{day}: {name.title()}" for name, day in names.items()) for names in (others, WEEKS)]
    return STUDY % (", also called: Baseline", f", also called: {{{said[0]}}}", days, f", also called: {{{said[1]}}}")


def tables() -> tuple[list[str], list[str], Counter[str]]:
    """DM, SV, and how often a visit with a window was within it, early or late."""
    chance, expected = random.Random(20130101), Counter[str]()
    dm, sv = [DM], [SV]
    for number in range(306):
        code, site = f"01-{701 + number % 17}-{1000 + number}", 701 + number % 17
        failed, start = number % 6 == 5, dt.date(2013, 1, 1) + dt.timedelta(chance.randrange(400))
        first, arm = "" if failed else str(start), "Screen Failure" if failed else chance.choice(["Placebo", "Xanomeline High Dose"])
        about = f'{chance.randrange(50, 90)},YEARS,F,WHITE,"NOT HISPANIC, OR LATINO",{arm[:3]},{arm},{arm[:3]},{arm},USA,{start},-7'
        dm.append(f"PILOT,DM,{code},{1000 + number},{first},{first},{first},{first},,2013-12-01T11:45,,,{site},{about}")
        visits = [*SCREENED.items()] if failed else [*SCREENED.items(), *TREATED.items()]
        for sequence, (name, day) in enumerate(visits):
            off = chance.randrange(-5, 6) if name in WEEKS else 0
            if name in WEEKS:
                expected["early" if off < -3 else "late" if off > 3 else "in-window"] += 1
            date = start + dt.timedelta(day - (day > 0) + off)
            hour = f"T{8 + number % 9:02}:30" if number % 3 else ""
            sv.append(f"PILOT,SV,{code},{sequence},{sequence},{name},{day},{date}{hour},{date}")
        if not failed and number % 4 == 0:
            date = start + dt.timedelta(21)
            sv.append(f"PILOT,SV,{code},99,4.1,UNSCHEDULED 4.1,,{date},{date}")
    return dm, sv, expected


@pytest.fixture
def expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    monkeypatch.chdir(tmp_path)
    dm, sv, expected = tables()
    assert len(sv) > 3500
    for name, lines in (("dm.csv", dm), ("sv.csv", sv)):
        Path(name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return expected


CHECK = ("check", "--regimen", "patches.yaml", "--subjects", "dm.csv", "--visits", "sv.csv", "--as-of", "2015-01-01")


def test_they_go_in_as_they_are(expected: Counter[str]) -> None:
    Path("patches.yaml").write_text(study(named=True), encoding="utf-8")
    done = dosing(*CHECK, "--format", "json")
    assert done.returncode == 1, done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert {verdict: summary[verdict] for verdict in expected} == expected
    assert summary["unscheduled"] == 77
    ignored_dm, ignored_sv, left_out = done.stderr.splitlines()[:3]
    assert ignored_dm.startswith("ignored in `dm.csv`: the columns `STUDYID`, `DOMAIN`, `SUBJID`, `RFSTDTC`, `RFENDTC`, ")
    assert left_out.startswith("left out, without a first dose: 51 subjects (`01-706-1005`, ")
    assert ignored_sv == "ignored in `sv.csv`: the columns `STUDYID`, `DOMAIN`, `SVSEQ`, `VISITNUM`, `VISITDY`, `SVENDTC`"


@pytest.mark.usefixtures("expected")
def test_names_that_the_study_does_not_have_are_one_problem_each() -> None:
    Path("patches.yaml").write_text(study(named=False), encoding="utf-8")
    done = dosing(*CHECK)
    told = re.findall(r"^error: unknown visit `([^`]+)`\n +--> sv\.csv:\d+:1, and 254 more rows$", done.stderr, re.M)
    ambiguous = re.findall(r"^error: `([^`]+)` is ambiguous", done.stderr, re.M)
    assert done.returncode == 2
    assert sorted([*told, *ambiguous]) == sorted([*SCREENED, *TREATED])
    assert done.stderr.count("error: ") == len(SCREENED) + len(TREATED)
