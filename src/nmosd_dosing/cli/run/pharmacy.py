"""`dosing prepare` and `dosing order`: what a pharmacy makes ready, day by day, and what it buys, month by month."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from nmosd_dosing.cli import arguments, people
from nmosd_dosing.cli.edge import fail, format_of, one_format, progress, put_json, put_page, put_text, say
from nmosd_dosing.cli.files import is_file, same_file
from nmosd_dosing.cli.people import People, PeopleRequest
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.dose.vials import Policy
from nmosd_dosing.errors import Problems, clip, one_of, printable
from nmosd_dosing.pharmacy.worklist import Worklist, order, prepare
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.planning import plan_of
from nmosd_dosing.report.export.pharmacy import order_to_csv, order_to_dict, worklist_to_csv, worklist_to_dict
from nmosd_dosing.schedule.by_subject import by_subject
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.subjects import recorded
from nmosd_dosing.subjects.cohort import of_subjects

FORMATS = ("table", "json", "csv")
_MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class PharmacyRequest:
    """The options as they were typed; `days` is the default of a command that has one, `reserve` and `lead` are of `order` alone."""

    people: PeopleRequest
    first: str | None
    until: str | None
    days: str | None
    vials: str
    unblind: bool
    format: str | None
    output: str | None
    reserve: str | None = None
    lead: str | None = None

    @property
    def written_as(self) -> str:
        return format_of(self.format, self.output)


@dataclass(frozen=True, slots=True)
class _Checked:
    """What the options mean."""

    people: People
    first: dt.date
    last: dt.date
    policy: Policy
    reserve: Fraction
    lead: int | None


def run_prepare(request: PharmacyRequest) -> None:
    """Print what is to be prepared."""
    checked = _read(request, default_days=14)
    worklist = _worklist(checked, request.unblind)
    if request.written_as == "table":
        from nmosd_dosing.report.pages.pharmacy import worklist_page

        put_page(worklist_page(worklist, checked.policy), request.output)
    elif request.written_as == "json":
        put_json(worklist_to_dict(worklist, checked.policy), request.output)
    else:
        _put_csv(worklist_to_csv(worklist), worklist, request.output)


def run_order(request: PharmacyRequest) -> None:
    """Print what is to be ordered."""
    checked = _read(request, default_days=None)
    worklist = _worklist(checked, request.unblind)
    lines = order(worklist, checked.reserve, checked.lead)
    if request.written_as == "table":
        from nmosd_dosing.report.pages.pharmacy import order_page

        put_page(order_page(worklist, lines, checked.reserve, checked.lead, checked.policy), request.output)
    elif request.written_as == "json":
        put_json(order_to_dict(worklist, lines, checked.policy, checked.reserve, checked.lead), request.output)
    else:
        _put_csv(order_to_csv(worklist, lines), worklist, request.output)


def _put_csv(text: str, worklist: Worklist, output: str | None) -> None:
    """A table for programs; what it has no room for is said beside it."""
    from nmosd_dosing.report.pages.pharmacy import remarks

    put_text(text, output)
    for line in remarks(worklist):
        say(printable(line))


def _worklist(checked: _Checked, unblind: bool) -> Worklist:
    """The doses of everybody; entries and visits that were wrong stand, since what follows them is prepared all the same."""
    whom = checked.people
    schedule = expand(
        whom.study,
        of_subjects(whom.subjects, whom.arms, whom.of_study),
        period=whom.period,
        unblind=unblind,
        allow_deviation=True,
        accept_gap=True,
        at_least=checked.last,
    )
    if schedule.given is not None:
        recorded.check_known(schedule.given)
    plans = [plan_of(subject) for subject in progress(by_subject(schedule, checked.policy), "plans")]
    _say_unused(plans)
    return prepare(whom.study, plans, checked.first, checked.last)


def _say_unused(plans: Sequence[Plan]) -> None:
    """Whose recorded weights the doses are not by: a pharmacy must not take one for the other."""
    unused = [p.subject or "" for p in plans for note in p.notes if note.code == "weight" and "recorded at these visits" in note.message]
    if unused:
        some = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        whose = f" ({', '.join(unused[:5])}{some})" if any(unused) else ""
        how = "`--weighings FILE` with subject, date, weight_kg makes them count"
        say(printable(f"weight: weights recorded with visits are not those that doses are by{whose}; {how}"))


def _read(request: PharmacyRequest, default_days: int | None) -> _Checked:
    """What the options mean; every problem is shown at once."""
    problems = Problems()
    one_format(request.written_as, FORMATS, problems)
    first = arguments.date("--from", request.first, problems) if request.first is not None else dt.date.today()
    last = _last(request, first, default_days, problems)
    policy = arguments.policy("--vials", request.vials, problems)
    reserve = _reserve(request.reserve, problems) if request.reserve is not None else Fraction(0)
    lead = arguments.length("--lead", request.lead, problems, _MOST_DAYS) if request.lead is not None else None
    if lead is not None and lead % dt.timedelta(days=1):
        problems.error(f"`--lead {request.lead}` is not a number of days", None, "write for example `14d` or `2w`")
    if request.output == "":
        problems.error("`--output` is empty", None, "name a file, or leave the option out")
    for option, path in request.people.files:
        if path and request.output and same_file(path, request.output) and (option != "--regimen" or is_file(path)):
            problems.error(f"`--output` and `{option}` name one file", None, "name two")
    whom = people.read(request.people, problems)
    if whom is not None and request.unblind and any(p.masks for p in whom.periods) and any(s.arm is None for s in whom.subjects):
        one = request.people.subjects is None
        hint = f"add `--arm` with {one_of(whom.arms)}" if one else "add `--allocation FILE` with everybody's arm"
        problems.error("`--unblind` needs the arm", None, hint)
    if whom is None or first is None or last is None or reserve is None or problems.found:
        fail(problems)
    return _Checked(whom, first, last, policy, reserve, lead.days if lead is not None else None)


def _last(request: PharmacyRequest, first: dt.date | None, default_days: int | None, problems: Problems) -> dt.date | None:
    """The last day: as given, or so many days from the first one on, which counts."""
    if request.until is not None and request.days is not None:
        problems.error("`--until` and `--days` both say how long", None, "leave one of the two out")
        return None
    if request.until is not None:
        until = arguments.date("--until", request.until, problems)
        if until is not None and first is not None and until < first:
            problems.error(f"`--until {until}` is before the first day, {first}", None, "give a later day")
        return until
    days = default_days
    if request.days is not None:
        days = _days(request.days, problems)
    elif days is None:
        problems.error("`--until` is missing", None, "give the last day to order for, `--until 2025-06-30`, or how many days, `--days 90`")
    if first is None or days is None:
        return None
    return dt.date.fromordinal(min(first.toordinal() + days - 1, dt.date.max.toordinal()))


def _days(text: str, problems: Problems) -> int | None:
    number = re.fullmatch(r"([0-9]{1,4}) ?d?", text.strip())
    if number is not None and 1 <= int(number[1]) <= _MOST_DAYS:
        return int(number[1])
    wrong = "is not a number of days" if number is None else "is out of range"
    problems.error(f"`--days {clip(text)}` {wrong}", None, f"write a number from 1 to {_MOST_DAYS}, for example `--days 14`")
    return None


def _reserve(text: str, problems: Problems) -> Fraction | None:
    """A share of what is needed, 0% to 100%."""
    number = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)(%?)", text.strip())
    if number is not None and number[2] and Fraction(number[1]) <= 100:
        return Fraction(number[1]) / 100
    hint = "write a share from 0% to 100%, for example `10%`"
    if number is not None and not number[2]:
        share = Fraction(number[1])
        as_share = f"`--reserve {number_text(share * 100)}%` or " if share <= 1 else ""
        hint = f"write {as_share}`--reserve {number[1]}%`, whichever is meant"
    problems.error(f"`--reserve {clip(text)}` is not a share of what is needed", None, hint)
    return None
