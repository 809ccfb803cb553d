"""Laws of what stands in one table: events, notes, statuses, verdicts, units, vial policies, languages.

A new row is held to them by itself.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest

from nmosd_dosing import CalendarStyle, Plan, load, plan
from nmosd_dosing.calendar.entries import to_entries
from nmosd_dosing.checks.due import due
from nmosd_dosing.checks.finding import Finding
from nmosd_dosing.checks.verdicts import DEVIATIONS, VERDICTS, State, concern, urgency
from nmosd_dosing.days import LANGUAGES, Language, date_text
from nmosd_dosing.dose import units
from nmosd_dosing.dose.dose import AmountStatus, AmountStatusText
from nmosd_dosing.dose.units import UNITS, converted
from nmosd_dosing.dose.vials import POLICIES, Policy, pack
from nmosd_dosing.errors import Document, InputError, Place, Problems
from nmosd_dosing.language.nodes import Scalar
from nmosd_dosing.language.phrases import doses as phrases
from nmosd_dosing.language.shapes import PhraseError
from nmosd_dosing.plans.note_codes import IN_ENTRY, NoteCode, NoteKind
from nmosd_dosing.plans.note_codes import TABLE as NOTES
from nmosd_dosing.plans.plan import PlannedVisit
from nmosd_dosing.plans.wording import WHY_NO_AMOUNT, HandoutWording, In, Wording
from nmosd_dosing.schedule.visit_states import VisitStatus, VisitStatusText
from nmosd_dosing.study import events
from nmosd_dosing.study.events import TABLE, Ends, EventKind
from nmosd_dosing.subjects import history
from nmosd_dosing.subjects.disposition import MoveStatus, MoveStatusText
from nmosd_dosing.subjects.subject import RECORD_STATUSES, Event, Fact, Record, RecordStatus, Subject
from nmosd_dosing.subjects.visit_records import Recorded

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").is_file())
SOURCE = ROOT / "src" / "nmosd_dosing"
LANGUAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
DOSE_RULES = (ROOT / "docs" / "dose-rules.md").read_text(encoding="utf-8")
DAY_1, DAY = dt.date(2025, 1, 6), dt.date(2025, 3, 1)


def dosing(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "nmosd_dosing", *words], capture_output=True, text=True, check=False)


# --- notes --------------------------------------------------------------------------------------------------------------


def test_each_code_of_a_note_has_one_row() -> None:
    assert sorted(kind.code for kind in NOTES) == sorted(get_args(NoteCode))


@pytest.mark.parametrize("kind", NOTES, ids=lambda kind: kind.code)
def test_each_note_is_in_the_documentation_as_the_table_says_it(kind: NoteKind) -> None:
    assert f"| `{kind.code}` | {kind.text} |" in (ROOT / "docs" / "python.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", NOTES, ids=lambda kind: kind.code)
def test_each_note_is_written_by_some_room(kind: NoteKind) -> None:
    table = SOURCE / "plans" / "note_codes.py"
    assert any(f'"{kind.code}"' in room.read_text(encoding="utf-8") for room in SOURCE.rglob("*.py") if room != table)


# --- events -------------------------------------------------------------------------------------------------------------

of_subjects = pytest.mark.parametrize("kind", [kind for kind in TABLE if kind.of == "subject"], ids=lambda kind: kind.name)


@pytest.mark.parametrize("kind", TABLE, ids=lambda kind: kind.name)
def test_each_event_is_named_in_the_documentation(kind: EventKind) -> None:
    assert f"`{kind.name}`" in LANGUAGE
    assert kind.decides is None or events.kind_of(kind.decides) in TABLE


def problems_of(*happened: Event) -> list[str]:
    problems = Problems()
    history.check([Subject(DAY_1, events=happened)], False, problems)
    return [problem.message for problem in problems.found if "answers no" not in problem.message]


@of_subjects
def test_an_event_is_refused_twice_or_before_day_1_as_its_row_says(kind: EventKind) -> None:
    twice = problems_of(Event(kind.name, DAY), Event(kind.name, DAY + dt.timedelta(1)))
    assert twice == ([f"`{kind.name}` is given twice"] if kind.once else [])
    early = problems_of(Event(kind.name, DAY_1 - dt.timedelta(1)))
    assert early == ([] if kind.before_day_1 else [f"`{kind.name}` on 2025-01-05 is before day 1, 2025-01-06"])


def lived(regimen: str, *happened: str) -> Plan:
    return plan(load(regimen), Subject(DAY_1, events=tuple(Event(name, DAY) for name in happened)), cancelled=True)


def left(made: Plan, doses: bool) -> list[str]:
    """Visits after the day that are to be, with or without doses."""
    late = (v for v in made.visits if v.target is not None and v.target > DAY and v.status != "cancelled")
    return [visit.id for visit in late if bool(visit.administrations) == doses]


@of_subjects
def test_an_event_ends_what_its_row_says(kind: EventKind) -> None:
    here, without, moves = lived("belimumab", kind.name), lived("belimumab"), lived("bat4406f", kind.name).transitions
    assert left(without, True) and left(without, False)
    assert left(here, True) == ([] if kind.name in events.ENDS_TREATMENT else left(without, True))
    stays = set() if kind.name in events.ENDS_PARTICIPATION else set(left(without, False))
    assert set(left(here, False)) >= stays and bool(left(here, False)) == bool(stays)
    assert any(move.status == "declined" for move in moves) == (kind.ends is Ends.ENTRY)
    assert bool(moves) == (kind.name not in events.ENDS_TREATMENT)
    assert all(span.end is None or span.end <= DAY for span in here.spans) == (kind.name in events.ENDS_FOLLOW_UP)
    noted = [note.message for note in here.notes if note.code == "exit"]
    assert bool(noted) == (kind.name in events.ENDS_TREATMENT)
    assert all(("; " in message and "stay" in message) != (kind.name in events.ENDS_FOLLOW_UP) for message in noted)


def test_what_ends_more_ends_the_less() -> None:
    assert set(events.ENDS_FOLLOW_UP) < set(events.ENDS_PARTICIPATION) < set(events.ENDS_TREATMENT) < set(events.SUBJECT_EVENTS)


# The same words with another meaning: codes of notes, keys of the assumptions, names of draws, of counts and of results of a simulation.
ELSEWHERE = {
    "plans/note_codes.py": {"declined"},
    "plans/transition_notes.py": {"declined"},
    "report/export/simulation.py": {"study_stop"},
    "report/pages/simulation.py": {"declined", "study_stop"},
    "simulation/assumptions/by_itself.py": {"relapse", "idmc_stop"},
    "simulation/assumptions/file.py": {"relapse", "idmc_stop"},
    "simulation/assumptions/keys.py": {"relapse", "idmc_stop"},
    "simulation/assumptions/rates.py": {"relapse"},
    "simulation/outcomes.py": {"declined", "study_stop"},
    "simulation/simulated_subjects.py": {"relapse", "stable"},
    "simulation/summaries.py": {"declined", "study_stop"},
    "simulation/trials.py": {"study_stop"},
    # examples in messages and the status of a move, of numpy's sort
    "language/keys.py": {"relapse"},
    "checks/findings.py": {"stable"},
    "schedule/alike.py": {"stable"},
    "schedule/laid_rows.py": {"stable"},
    "schedule/allowed_days.py": {"stable"},
    "schedule/doses/body_weights.py": {"stable"},
    "subjects/cohort.py": {"stable"},
    "subjects/weight_checks.py": {"stable"},
    "subjects/disposition.py": {"declined"},
    "calendar/entries.py": {"declined"},
    "pharmacy/stock.py": {"lost"},
    "pages/views/pharmacy.py": {"lost"},
}


def test_no_room_names_an_event_by_itself() -> None:
    names = {kind.name for kind in TABLE}
    found = {}
    for path in SOURCE.rglob("*.py"):
        words = {node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Constant)}
        if written := words & names - ELSEWHERE.get(path.relative_to(SOURCE).as_posix(), set()):
            found[path.relative_to(SOURCE).as_posix()] = written
    assert set(found) == {"study/events.py"}


# --- statuses and verdicts ----------------------------------------------------------------------------------------------


def test_the_words_of_a_status_are_those_of_its_numbers() -> None:
    assert {status.text for status in VisitStatus} == set(get_args(VisitStatusText))
    assert {status.text for status in MoveStatus} == set(get_args(MoveStatusText))
    assert {status.text for status in AmountStatus} == set(get_args(AmountStatusText))
    assert {status.text for status in Recorded} == {"nothing", *get_args(Fact)}
    assert set(get_args(RecordStatus)) == {*RECORD_STATUSES, "lapsed"}
    assert all(VisitStatus[kind.name] - VisitStatus.DONE == kind - Recorded.DONE for kind in Recorded if kind != Recorded.NOTHING)


@pytest.mark.parametrize("status", RECORD_STATUSES)
def test_a_visit_takes_place_as_its_record_does(status: Any) -> None:
    [visit, *_] = lived("bat4406f").visits
    assert isinstance(visit, PlannedVisit)
    made = plan(load("bat4406f"), Subject(DAY_1, records=(Record(visit.label, DAY_1, status),)), period="rcp")
    assert [v.stage == "took place" for v in made.visits if v.record] == [Record("D1", DAY_1, status).took_place]


def test_each_verdict_and_state_has_its_concern() -> None:
    assert {concern(verdict) for verdict in VERDICTS} == {"fine", "look", "deviation"} == {urgency(state) for state in get_args(State)}
    assert tuple(verdict for verdict in VERDICTS if concern(verdict) == "deviation") == DEVIATIONS
    for verdict in VERDICTS:  # and what is due is asked of each
        found = due([Finding(None, "rcp/D1", verdict, None, DAY, DAY, DAY, None, "")], DAY, 7)
        assert bool(found) == (verdict in ("overdue", "past-target", "due", "upcoming"))


# --- units and vials ----------------------------------------------------------------------------------------------------


def scalar(text: str) -> Scalar:
    return Scalar(text, Place(Document("x.yaml", text), 0, len(text)))


@pytest.mark.parametrize("unit", units.TABLE, ids=lambda unit: unit.symbol)
def test_a_unit_is_read_converted_documented_and_meant_by_its_other_spellings(unit: units.Unit) -> None:
    assert f"`{unit.symbol}`" in LANGUAGE
    for per in ("", "kg", "m2"):
        text = f"X 10 {unit.symbol}{f'/{per}' if per else ''} over 60 min"
        found = phrases.dose(scalar(text)).amount
        assert found is not None and (found.unit, found.per) == (unit.symbol, per)
        assert re.match(phrases.GIVE_PATTERN, text)
    for spelling in unit.meant:
        with pytest.raises(PhraseError) as error:
            phrases.dose(scalar(f"X 10 {spelling}"))
        assert error.value.problem.hint == f"write `10 {unit.symbol}`"
    for other in units.TABLE:
        there = converted(Fraction(7, 3), unit.symbol, other.symbol)
        assert (there is not None) == (unit.measures == other.measures)
        assert there is None or converted(there, other.symbol, unit.symbol) == Fraction(7, 3)


def test_no_spelling_means_two_units() -> None:
    spellings = [spelling for unit in units.TABLE for spelling in {*unit.meant, unit.symbol.lower()}]
    assert len(spellings) == len(set(spellings)) and all(spelling == spelling.lower() for spelling in spellings)
    assert not set(UNITS) & {spelling for unit in units.TABLE for spelling in unit.meant}
    assert units.CONVERTED_TEXT in DOSE_RULES


def test_each_vial_policy_can_be_asked_for() -> None:
    asked = ("doses", "--regimen", "belimumab", "--weights", "60", "--format", "json", "--vials")
    names = re.findall("`([a-z-]+)`", dosing(*asked, "?").stderr.partition("hint: ")[2])
    assert {json.loads(dosing(*asked, name).stdout)["vials"] for name in names} == set(POLICIES)
    sizes = (Fraction(120), Fraction(400))
    packed: dict[Policy, list[int]] = {policy: pack(_amounts(1000), 1, sizes, policy)[:, 0].tolist() for policy in POLICIES}
    assert packed == {"least waste": [5, 1], "fewest vials": [0, 3]}


def test_a_policy_that_there_is_not_is_refused_from_python_too() -> None:
    policy: Any = "fewest"
    with pytest.raises(InputError, match="`policy`: `fewest` is unknown\nhint: write `least waste` or `fewest vials`"):
        plan(load("bat4406f-rcp"), Subject(DAY_1), policy=policy)


def _amounts(amount: int) -> Any:
    import numpy as np

    return np.array([float(amount)])


# --- languages ----------------------------------------------------------------------------------------------------------

HAN = re.compile("[\u4e00-\u9fff]")
SIGNS_ONLY = {"comma", "before_over", "of_subject", "at_hour", "discreet_subject"}  # no words in them, in Chinese at least


def words_of(words: Wording | HandoutWording) -> Iterator[tuple[str, str]]:
    for name in (name for name, value in vars(type(words)).items() if isinstance(value, In)):
        value = getattr(words, name)
        yield from ((name, text) for text in ((value,) if isinstance(value, str) else value))
    yield from ((status, words_of_it.by_language[words.language]) for status, words_of_it in WHY_NO_AMOUNT.items())


def test_each_pattern_holds_the_same_things_in_each_language_and_none_is_left_in_english() -> None:
    english = list(words_of(Wording("en")))
    for language in LANGUAGES:
        there = list(words_of(Wording(language)))
        assert [(name, text.count("{}")) for name, text in there] == [(name, text.count("{}")) for name, text in english]
        assert len({date_text(DAY + dt.timedelta(day), language)[10:] for day in range(7)}) == 7
    assert {name for name, text in words_of(Wording("zh")) if not HAN.search(text)} == SIGNS_ONLY
    assert all(HAN.search(date_text(DAY + dt.timedelta(day), "zh")) for day in range(7))


def test_each_status_without_an_amount_says_why_there_is_none() -> None:
    assert WHY_NO_AMOUNT.keys() == {*get_args(AmountStatusText)} - {"stated", "capped", "absent"}


def test_a_handout_has_all_its_words_in_each_language() -> None:
    english = [(name, text.count("{}")) for name, text in words_of(HandoutWording("en"))]
    for language in LANGUAGES:
        assert [(name, text.count("{}")) for name, text in words_of(HandoutWording(language))] == english
    assert {name for name, text in words_of(HandoutWording("zh")) if not HAN.search(text)} == {"at"}


# Texts of the study file, of the plan's notes and of its reasons stay as they are written, behind a fixed word or as a whole line.
AS_WRITTEN = re.compile(rf"(?:{'|'.join(sorted(IN_ENTRY))}|projected|pending|entered|refused): .+")


@pytest.mark.parametrize("discreet", [False, True])
@pytest.mark.parametrize("regimen", ["bat4406f", "belimumab", "mil62", "baffr-cart"])
def test_no_line_of_a_chinese_calendar_is_left_in_english(regimen: str, discreet: bool) -> None:
    made = plan(load(regimen), Subject(DAY_1, weight_kg=60.0), period=load(regimen).periods[0].id)
    style = CalendarStyle(windows=True, spans=True, at=dt.time(9), zone="Asia/Shanghai", language="zh", discreet=discreet)
    titles = {made.title, f"{made.title} ({made.source.text})"}
    spans = {span.name for span in made.spans}
    labels = re.compile("|".join(sorted((re.escape(visit.label) for visit in made.visits), key=len, reverse=True)))
    for entry in to_entries(made, style):
        assert HAN.search(entry.category)
        lines = [entry.summary.split(" ", 1)[1] if not discreet else entry.summary, *entry.description.split("\n")]
        odd = [line for line in lines if not HAN.search(line) and line not in titles | spans and not AS_WRITTEN.fullmatch(line)]
        assert odd == []
        if discreet:  # not even a word of the study in it
            assert not [line for line in lines if re.search("[a-z]{3,}", labels.sub("", line))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_can_be_asked_for(language: Language, tmp_path: Path) -> None:
    file = tmp_path / "plan.ics"
    asked = dosing("plan", "--regimen", "belimumab", "--start", "2025-01-06", "--ics", str(file), "--lang", language)
    assert asked.returncode == 0, asked.stderr
    assert f"CATEGORIES:{Wording(language).categories[0]}" in file.read_text(encoding="utf-8")


def test_an_unknown_language_is_refused() -> None:
    asked = dosing("plan", "--regimen", "belimumab", "--start", "2025-01-06", "--ics", "x.ics", "--lang", "xx")
    assert asked.returncode == 2 and all(f"`{language}`" in asked.stderr for language in LANGUAGES)
