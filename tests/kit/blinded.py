"""Studies with masked doses, and all that is shown of a plan."""

from __future__ import annotations

import datetime as dt

from hypothesis import currently_in_test_context, note
from msgspec.structs import replace

from nmosd_dosing import CalendarStyle, InputError, Plan, Study, to_csv, to_ics, to_json
from nmosd_dosing.cli.edge import text_of
from nmosd_dosing.language.study_file import read_study_text
from nmosd_dosing.report.pages.plan import plan_page
from nmosd_dosing.study.blinding import hidden_products
from tests.judges import oracle
from tests.kit import studies

SECRET = "6173.25"  # an amount that stands nowhere else


def read(study: oracle.Study) -> Study:
    text = studies.text_of(study)
    if currently_in_test_context():
        note(text)
    return read_study_text(text)[0]


def hiding(study: oracle.Study) -> Study:
    """The study with a secret amount in every masked dose."""
    return read(replace(study, periods=tuple(replace(p, entries=tuple(_secret(e, p) for e in p.entries)) for p in study.periods)))


def _secret(entry: oracle.Entry, period: oracle.Period) -> oracle.Entry:
    if not (period.blinded if entry.blinded is None else entry.blinded):
        return entry
    hidden = {arm: tuple(replace(d, number=SECRET) if d.kind == "stated" else d for d in doses) for arm, doses in entry.give.items()}
    return replace(entry, give=hidden)


def outputs(made: Plan) -> tuple[str, str, str, str]:
    """As JSON, as CSV, as the table and as a calendar."""
    return to_json(made), to_csv(made), text_of(plan_page(made)), calendar(made)


def calendar(made: Plan) -> str:
    """All that a calendar can hold, unfolded; nothing where the plan has no day, or days that no calendar holds."""
    stamp, everything = dt.datetime(2025, 1, 1, tzinfo=dt.UTC), CalendarStyle(windows=True, spans=True, remind=dt.timedelta(days=1))
    try:
        return to_ics(made, stamp=stamp, style=everything).decode().replace("\r\n ", "")
    except InputError as error:
        assert "a calendar holds the years" in str(error) or "no visit of this plan has a day" in str(error)
        return ""


def shown_alike(study: Study) -> bool:
    """Whether some blinded product is what all arms get alike, and so is shown."""
    gives = [give for period in study.periods for entry in period.visit_rules for give in entry.gives]
    return not {give.product for give in gives if give.blinded} <= hidden_products(study)
