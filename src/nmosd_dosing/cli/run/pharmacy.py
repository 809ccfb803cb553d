"""`dosing prepare` and `dosing order`: what a pharmacy makes ready, day by day, and what it buys, month by month."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from fractions import Fraction

from msgspec import Struct
from msgspec.structs import replace

from nmosd_dosing.cli import arguments, outputs, people
from nmosd_dosing.cli.edge import collected, fail, progress, say
from nmosd_dosing.cli.files import check_names, read_file
from nmosd_dosing.cli.options import OrderOptions, PeopleOptions, PrepareOptions
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.shown import Shown, read_shown
from nmosd_dosing.dose.dose import number_text
from nmosd_dosing.errors import Problems, clip
from nmosd_dosing.pharmacy.changes import Changes, LastList, changes_since, check_same, of_these, read_last_list
from nmosd_dosing.pharmacy.worklist import Worklist, order, prepare
from nmosd_dosing.plans.plan import Plan
from nmosd_dosing.plans.request import Request
from nmosd_dosing.report.export.pharmacy import order_sheet, order_to_dict, worklist_sheet, worklist_to_dict
from nmosd_dosing.screen import without_controls
from nmosd_dosing.study.model import Study

_MOST_DAYS = 3660
_DAYS = 14  # of what is prepared
_WINDOW = 366  # days: no visit is allowed so long before its target


class _Checked(Struct, frozen=True):
    """What the options mean."""

    request: Request
    shown: Shown
    first: dt.date
    last: dt.date
    reserve: Fraction
    lead: int | None
    since: LastList | None


def run_prepare(whom: PeopleOptions, asked: PrepareOptions, output: OutputOptions) -> None:
    """Print what is to be prepared."""
    checked = _checked(whom, asked, output, PREPARE_FORMATS)
    worklist = _worklist(checked)
    changes = _changes(checked, worklist)
    outputs.put(PREPARE_FORMATS, output, worklist, checked.request.policy, changes)
    _say_remarks(worklist, output, outputs.page("pharmacy", "since")(worklist, changes))


def run_order(whom: PeopleOptions, asked: OrderOptions, output: OutputOptions) -> None:
    """Print what is to be ordered."""
    checked = _checked(whom, asked, output, ORDER_FORMATS)
    worklist = _worklist(checked)
    lines = order(worklist, checked.reserve, checked.lead)
    outputs.put(ORDER_FORMATS, output, worklist, lines, checked.reserve, checked.lead, checked.request.policy)
    _say_remarks(worklist, output, outputs.page("pharmacy", "not_ordered")(worklist))


PREPARE_FORMATS = outputs.listed(
    outputs.page("pharmacy", "worklist_page"), worklist_to_dict, lambda worklist, _, changes: worklist_sheet(worklist, changes)
)
ORDER_FORMATS = outputs.listed(
    outputs.page("pharmacy", "order_page"),
    lambda worklist, lines, reserve, lead, policy: order_to_dict(worklist, lines, policy, reserve, lead),
    lambda worklist, lines, *_: order_sheet(worklist, lines),
)


def _changes(checked: _Checked, worklist: Worklist) -> Changes | None:
    """What has changed since the last list, if one is named."""
    if checked.since is None:
        return None
    problems = Problems()
    check_same(checked.since, worklist, checked.request.policy, problems)
    problems.stop()
    return changes_since(of_these(checked.since, worklist), worklist)


def _say_remarks(worklist: Worklist, output: OutputOptions, own: Sequence[str]) -> None:
    """What a table for programs has no room for is said beside it, first what is the list's own."""
    if output.written_as in ("csv", "xlsx"):
        from nmosd_dosing.report.pages.pharmacy import remarks

        for line in [*own, *remarks(worklist)]:
            say(without_controls(line))


def _worklist(checked: _Checked) -> Worklist:
    """The doses of everybody; entries and visits that were wrong stand, since what follows them is prepared all the same."""
    request = checked.request
    drawn = min(checked.last.toordinal() + _WINDOW, dt.date.max.toordinal())  # whoever may come earlier than planned is seen, too
    schedule = request.as_carried_out(dt.date.fromordinal(drawn))
    columns = checked.shown.columns(schedule.cohort)
    plans = list(progress(request.plans(schedule, columns), len(columns), "plans"))
    people.say_day_1(checked.shown.among(schedule.cohort))
    people.say_before_day_1(schedule, columns)
    _say_unused(request.study, plans)
    made = prepare(request.study, plans, checked.first, checked.last, request.workdays)
    return replace(made, of_subject=checked.shown.subject, of_sites=tuple(sorted(checked.shown.sites)))


def _say_unused(study: Study, plans: Sequence[Plan]) -> None:
    """Whose recorded weights the doses are not by, though they would be if they were given for them: a pharmacy must not take one for the
    other. Where the study itself says which weight counts, nobody else can change it."""
    open_ = {product.name for product in study.products if product.weight is None}
    unused = []
    for plan in plans:
        at = {id for note in plan.notes if note.code == "weight" and "recorded at these visits" in note.message for id in note.visits}
        doses = [dose for visit in plan.visits if visit.id in at for dose in visit.administrations]
        if any(dose.product in open_ and dose.weight_kg is not None for dose in doses):
            unused.append(plan.subject or "")
    if unused:
        some = f" and {len(unused) - 5} more" if len(unused) > 5 else ""
        whose = f" ({', '.join(unused[:5])}{some})" if any(unused) else ""
        how = "`--weighings FILE` with subject, date, weight_kg makes them count"
        say(without_controls(f"weight: weights recorded with visits are not those that doses are by{whose}; {how}"))


def _checked(whom: PeopleOptions, asked: PrepareOptions, output: OutputOptions, formats: outputs.Formats) -> _Checked:
    problems, reserve, lead = Problems(), None, None
    outputs.check_output(formats, output, problems)
    as_of = arguments.date("--as-of", asked.as_of, problems) if asked.as_of is not None else dt.date.today()
    first = arguments.date("--from", asked.first, problems) if asked.first is not None else as_of
    last = _last(asked, first, None if isinstance(asked, OrderOptions) else _DAYS, problems)
    policy = arguments.policy("--vials", asked.vials, problems)
    if isinstance(asked, OrderOptions):
        reserve = arguments.maybe(_reserve, "--reserve", asked.reserve, problems)
        lead = arguments.days("--lead", asked.lead, problems, _MOST_DAYS) if asked.lead is not None else None
    check_names([("`--output`", output.output)], [*whom.files, ("`--since`", asked.since)], problems)
    path = asked.since
    since = collected(problems, lambda: read_last_list(read_file(path), path)) if path is not None else None
    request = people.read(whom, problems, as_of)
    if request is None:
        arguments.country("--country", asked.country, None, problems)
    else:
        workdays = arguments.country("--country", asked.country, request.study.site, problems)
        request = replace(request, unblind=asked.unblind, policy=policy, workdays=workdays)
        people.check_arms(request, people.where_arms_are(whom, request.arms), problems)
    shown = read_shown(whom, asked.at_site, problems, request)
    if request is None or first is None or last is None or problems.found:
        fail(problems)
    request = people.known_by(request, as_of) if asked.as_of is not None and as_of is not None else request
    return _Checked(request, shown, first, last, reserve or Fraction(0), lead, since)


def _last(asked: PrepareOptions, first: dt.date | None, default_days: int | None, problems: Problems) -> dt.date | None:
    """The last day: as given, or so many days from the first one on, which counts."""
    if asked.until is not None and asked.days is not None:
        problems.error("`--until` and `--days` both say how long", None, "leave one of the two out")
        return None
    if asked.until is not None:
        until = arguments.date("--until", asked.until, problems)
        if until is not None and first is not None and until < first:
            problems.error(f"`--until {until}` is before the first day, {first}", None, "give a later day")
        return until
    days = default_days
    if asked.days is not None:
        days = _days(asked.days, problems)
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


def _reserve(option: str, text: str, problems: Problems) -> Fraction | None:
    """A share of what is needed, 0% to 100%."""
    number = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)(%?)", text.strip())
    if number is not None and number[2] and Fraction(number[1]) <= 100:
        return Fraction(number[1]) / 100
    hint = "write a share from 0% to 100%, for example `10%`"
    if number is not None and not number[2]:
        share = Fraction(number[1])
        as_share = f"`{option} {number_text(share * 100)}%` or " if share <= 1 else ""
        hint = f"write {as_share}`{option} {number[1]}%`" + (", whichever is meant" if as_share else "")
    problems.error(f"`{option} {clip(text)}` is not a share of what is needed", None, hint)
    return None
