"""`dosing screen`: what people had against the criteria that dates decide."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.checks.screening import Days, Screened, clocks_of, screen
from nmosd_dosing.cli import arguments, histories, outputs, people
from nmosd_dosing.cli.edge import collected, fail, tell
from nmosd_dosing.cli.files import check_names
from nmosd_dosing.cli.options import ScreenOptions, ScreenPeople
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.shown import where_codes_are, where_sites_are
from nmosd_dosing.cli.tables import Tables
from nmosd_dosing.errors import Place, Problem, Problems, clip
from nmosd_dosing.report.export.screen import screened_sheet, screened_to_dict
from nmosd_dosing.study.events import SCREENED
from nmosd_dosing.study.model import Study
from nmosd_dosing.subjects.had import Had, Past
from nmosd_dosing.subjects.subject import Event
from nmosd_dosing.subjects.tables import roster, subject_table
from nmosd_dosing.subjects.tables.known import Known
from nmosd_dosing.subjects.tables.subject_table import SubjectColumns, same
from nmosd_dosing.subjects.tables.table import Cell

_NAMED = 3  # of what was had, in one line


class _Person(Struct, frozen=True):
    """Somebody of a table, or the one who was typed."""

    code: str | None
    days: Days = Days()
    site: str | None = None
    past: Past = Past()
    place: Place | None = None


def run(whom: ScreenPeople, asked: ScreenOptions, output: OutputOptions) -> None:
    """Print every criterion with its verdict, and the earliest days."""
    problems = Problems()
    outputs.check_output(FORMATS, output, problems)
    check_names([("`--output`", output.output)], whom.files, problems)
    study, periods = people.regimen(whom, problems)
    if study is not None and not study.criteria.of(periods[0].id if periods else ""):
        hint = "write `criteria` into the study file: `EC5: no live vaccine within 4 weeks before screening`"
        problems.error(f"`{study.id}` states no criteria that a date decides", None, hint)
    half_lives = histories.read_half_lives(whom.half_life, problems)
    found = _people(whom, asked, study, problems)
    if study is None or not periods or problems.found:
        fail(problems)
    _say_later(found)
    clocks = ((person, clocks_of(study, periods[0], person.past, half_lives)) for person in found)
    screened = [Screened(person.code, person.site, person.days, screen(mine, person.days)) for person, mine in clocks]
    several = whom.subject is None and (whom.subjects is not None or len(found) > 1)
    outputs.put(FORMATS, output, study, screened, several)


def _say_later(found: Sequence[_Person]) -> None:
    """Asks for a second look at what one person had after the screening, where no day 1 is named: it may be a slip in the year."""
    if len(found) != 1 or found[0].days.day_1 is not None or (screening := found[0].days.screening) is None:
        return
    later = [had for had in found[0].past.had if had.first is not None and had.first > screening]
    if later:
        named = ", ".join(f"{clip(had.what)} on {had.first}" for had in later[:_NAMED])
        more = f" and {len(later) - _NAMED} more" if len(later) > _NAMED else ""
        wrong = f"had after the screening on {screening}: {named}{more}"
        tell([Problem(wrong, hint="check the dates", severity="warning")])


def _people(whom: ScreenPeople, asked: ScreenOptions, study: Study | None, problems: Problems) -> list[_Person]:
    """Whom the options mean, each with what was had."""
    known = people.known_events(study)
    _, events = people.on(whom.on, known, problems)
    typed = histories.read_had(whom.had, problems)
    tables = Tables(whom, problems) if any((whom.subjects, whom.events, whom.history, whom.column, whom.sheet)) else None
    rows = histories.read_table(whom, tables, problems)
    happened: list[tuple[Cell, Event]] = []
    if tables is not None and (path := whom.events) is not None:
        read = collected(problems, lambda: tables.read("events", path, partial(roster.events, known=known)))
        happened = read or []
    days = _days(whom, events, problems)
    codes = list(dict.fromkeys(cell.text for cell, _ in rows or () if cell is not None))
    if whom.subjects is not None and tables is not None:
        found = _of_table(whom, tables, problems)
    elif whom.subject is None and len(codes) > 1:
        found = [_Person(code, days) for code in codes]
    else:
        code = arguments.code("--subject", whom.subject, problems) if whom.subject is not None else None
        found = [_Person(code or next(iter(codes), None), days)]
    if (whom.subjects is not None or len(found) > 1) and (whom.had or events):
        problems.error("`--had`, and `--on` with a subject's event, are about one subject", None, "write them into tables: `--history`")
    if whom.subjects is not None and (whom.screening is not None or whom.start is not None):
        problems.error("`--screening` and `--start` are about one subject, `--subjects` about several", None, "leave one of the two out")
    if asked.at_site and whom.subjects is None:
        problems.error("`--at-site` shows rows of a table, and there is none", None, "leave it out, or add `--subjects FILE`")
    if tables is not None:
        tables.check_said(problems)
    if problems.found:
        return []
    found = _with(found, rows, happened, problems)
    shown = [(p, Past((*typed.had, *p.past.had), typed.told or p.past.told)) for p in _shown(whom, asked, found, problems)]
    return [replace(p, past=past.with_events(events)) for p, past in shown]


def _days(whom: ScreenPeople, events: Sequence[Event], problems: Problems) -> Days:
    """The days of one subject, as they were typed."""
    start = arguments.maybe(arguments.date, "--start", whom.start, problems)
    screening = arguments.maybe(arguments.date, "--screening", whom.screening, problems)
    days = Days.of(events, start)
    if screening is not None and days.screening is not None:
        problems.error(f"`--screening` and `--on {SCREENED}` both say the day of screening", None, "leave one of the two out")
    days = replace(days, screening=screening or days.screening)
    if days.screening is not None and start is not None and days.screening > start:
        problems.error(f"screening on {days.screening} is after day 1, {start}", None, "check the dates")
    return days


def _of_table(whom: ScreenPeople, tables: Tables, problems: Problems) -> list[_Person]:
    """The subjects of the table, also those who have no first dose."""
    path, found = whom.subjects or "", Problems()
    reader = partial(subject_table.read, periods=(), capped=(), problems=found)
    columns = collected(problems, lambda: tables.read("subjects", path, reader))
    problems.found += found.in_order()
    return [_person(columns, row) for row in range(len(columns))] if columns is not None else []


def _person(columns: SubjectColumns, row: int) -> _Person:
    events = [Event(name, day) for name, days in columns.events.items() if (day := days[row]) is not None]
    return _Person(columns.codes[row], Days.of(events, columns.starts[row]), columns.sites[row], place=columns.cell(row).place)


def _with(
    found: list[_Person], rows: Sequence[tuple[Cell | None, Had]] | None, happened: Sequence[tuple[Cell, Event]], problems: Problems
) -> list[_Person]:
    """Everybody with what the tables say of him; who stands in no row of the history is not told of."""
    known = Known([person.code for person in found], lambda i: found[i].place)
    had: dict[int, list[Had]] = {}
    events: dict[int, list[Event]] = {}
    for cell, row in rows or ():
        if (i := known.find(cell, row.place)) is not None:
            had.setdefault(i, []).append(row)
    known.next_table()
    for code, event in happened:
        if (i := known.find(code)) is not None:
            events.setdefault(i, []).append(event)
    known.next_table()
    problems.found += known.in_order
    made = []
    for i, person in enumerate(found):
        past = person.past.with_rows(had.get(i, ()), told=i in had).with_events(events.get(i, ()))
        days = Days.of(events.get(i, ()), person.days.day_1)
        mine = person.days
        mine = Days(mine.screening or days.screening, mine.day_1, mine.consent or days.consent, mine.randomisation or days.randomisation)
        made.append(replace(person, past=past, days=mine))
    return made


def _shown(whom: ScreenPeople, asked: ScreenOptions, found: list[_Person], problems: Problems) -> list[_Person]:
    """Those whose rows are asked for."""
    if whom.subjects is not None and whom.subject is not None:
        chosen = [person for person in found if same(person.code or "") == same(whom.subject)]
        if not chosen:
            hint = where_codes_are(whom.register is not None)
            problems.error(f"`--subject {clip(whom.subject)}` is not in `{clip(whom.subjects)}`", None, hint)
        found = chosen
    sites = {same(person.site) for person in found if person.site}
    for code in asked.at_site if not problems.found else ():
        if same(code.strip()) not in sites:
            problems.error(f"nobody is at the site `{clip(code)}`", None, where_sites_are(sites, whom.register is not None))
    asked_sites = {same(code.strip()) for code in asked.at_site}
    return [person for person in found if not asked_sites or same(person.site or "") in asked_sites]


def _page(study: Study, found: Sequence[Screened], several: bool) -> Any:
    return outputs.page("screen", "many_page")(study, found) if several else outputs.page("screen", "screen_page")(study, found[0])


FORMATS = outputs.listed(
    _page, lambda study, found, several: screened_to_dict(study, found, several=several), lambda _study, found, _: screened_sheet(found)
)  # fmt: skip
