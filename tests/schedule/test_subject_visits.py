"""What one subject's doses are: that of the arm, as events have it, at which level, by which weight or value."""

from __future__ import annotations

import pytest

from nmosd_dosing import Cohort, Event, Measurement, Subject, Weight, expand
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.subject_schedule import SubjectDose
from tests.kit.cases import columns
from tests.kit.dates import START, day
from tests.kit.somebody import HEAD

STUDY = """values: {eGFR: mL/min}
events: {rash: a rash, skip: next dose left out}
arms: [a, b]
products:
  X:
    weight: latest
    doses:
      l: {levels: {full: 20 mg, half: 10 mg}, start level: full, down: rash, omit: skip}
      m: {levels: {most: 9 mg, some: 6 mg, least: 3 mg}, start level: some, down: rash}
      k: {by: eGFR, bands: {<60: 5 mg, 60 or more: 7 mg}}
periods:
  p:
    visits:
      - {at: D8, give: {a: X l, b: X m}}
      - {at: D9, give: X l}
      - {at: D10, give: {a: X 1 mg/kg, b: X 5 mg}}
      - {at: D11, give: X 1 mg/kg}
      - {at: D12, give: {a: X k, b: X 4 mg}}
      - {at: D13, give: X k}
      - {at: D14, give: {a: X 5 to 8 mg, b: nothing}, once: {rash: {a: X 2 mg, b: nothing}}}
      - {at: D15, give: {a: X 1 mg as needed, b: X 2 mg}}
      - {at: D16, give: X 4 to 6 mg}
"""

DOSES = """
    arm      events                  D8            D9               D10        D11       D12      D13      D14     D15     D16
    a        -                       20 full       20 full          60 by 60   60 by 60  ? eGFR   ? eGFR   ? 5..8  needed  ? 4..6
    b        -                       6 some        20 full          5          60 by 60  4        ? eGFR   -       2       ? 4..6
    unknown  -                       arm           20 full          arm by 60  60 by 60  arm      ? eGFR   arm     arm     ? 4..6
    a        rash                    10 half       10 half          60 by 60   60 by 60  ? eGFR   ? eGFR   2 rash  needed  ? 4..6
    b        rash                    3 least       10 half          5          60 by 60  4        ? eGFR   -       2       ? 4..6
    b        rash, rash 12           ? below least  ? below half    5          60 by 60  4        ? eGFR   -       2       ? 4..6
    a        skip                    left full by skip  20 full     60 by 60   60 by 60  ? eGFR   ? eGFR   ? 5..8  needed  ? 4..6
    b        skip                    6 some        left full by skip  5        60 by 60  4        ? eGFR   -       2       ? 4..6
    a        weighed 14, eGFR 10 60  20 full       20 full          66 by 66   66 by 66  7 eGFR 60  7 eGFR 60  ? 5..8  needed  ? 4..6
    b        weighed 16, eGFR 18 59  6 some        20 full          5          66 by 66  4        5 eGFR 59  -     2       ? 4..6
    b        weighed 17, eGFR 19 59  6 some        20 full          5          60 by 60  4        ? eGFR   -       2       ? 4..6
"""
WHY = {"needs arm": "arm", "as needed": "needed", "omitted": "left"}


def told(dose: SubjectDose) -> str:
    """`10 half`, `66 by 66`: an amount or why there is none, with its level, event, weight or value."""
    if not dose.in_plan:
        return "-"
    parts = [f"{dose.amount:g}" if dose.amount == dose.amount else WHY.get(dose.status.text, "?")]
    if dose.level is not None:
        parts += [dose.level.text or "", *(["by " + " ".join(name for name, _ in dose.level.taken)] if dose.level.taken else [])]
    parts += [dose.change.event] if dose.change is not None else []
    parts += [f"by {dose.weight.kg:g}"] if dose.weight is not None else []
    parts += (
        [f"{dose.by_value.what.name}{'' if dose.by_value.value is None else f' {dose.by_value.value:g}'}"]
        if dose.by_value is not None
        else []
    )
    parts += ["..".join(f"{end:g}" for end in dose.ends)] if dose.ends is not None else []
    return " ".join(parts)


@pytest.mark.parametrize("row", columns(DOSES), ids=lambda row: f"{row['arm']}: {row['events']}")
def test_what_a_dose_is_and_by_what(row: dict[str, str]) -> None:
    """Events are on D1, 2025-01-06, else on the day of January that is written."""
    known: dict[str, list[object]] = {"events": [], "weights": [], "measurements": []}
    for name, on, *value in ([*item.split(), "06"] for item in row["events"].split(", ") if item != "-"):
        date = day(f"2025-01-{on}")
        if name == "weighed":
            known["weights"].append(Weight(date, 66))
        elif name == "eGFR":
            known["measurements"].append(Measurement(name, date, float(value[0])))
        else:
            known["events"].append(Event(name, date))
    more = {name: tuple(each) for name, each in known.items()}
    subject = Subject(START, arm=None if row["arm"] == "unknown" else row["arm"], weight_kg=60, **more)  # type: ignore[arg-type]
    others = [Subject(START, arm=arm, weight_kg=80) for arm in ("b", "a")]
    _, found, _ = by_subject(expand(read_study_text(HEAD + STUDY)[0], Cohort.of_subjects([others[0], subject, others[1]], ("a", "b"))))
    assert {visit.visit.label: " ".join(map(told, visit.doses)) for visit in found.visits} == {
        name: cell for name, cell in row.items() if name[0] == "D"
    }
