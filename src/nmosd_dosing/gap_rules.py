"""What a file says of gaps between two doses of a period."""

from __future__ import annotations

from itertools import pairwise

from nmosd_dosing.days import CountsFrom
from nmosd_dosing.errors import Problems
from nmosd_dosing.facts import to_facts
from nmosd_dosing.fields import PhraseError
from nmosd_dosing.gap_phrases import Gaps
from nmosd_dosing.model import GapRule
from nmosd_dosing.records import PeriodRecord


def gap_rules(period: PeriodRecord, counts_from: CountsFrom, problems: Problems) -> tuple[GapRule, ...]:
    """By the length of the gap, the shortest first. Reports gaps that two rules are for, and gaps between them that none is for."""
    found: list[tuple[Gaps, GapRule]] = []
    for record in period.if_gap or ():
        if record.of is None or record.then is None:
            continue
        at = None
        try:
            at = record.then.at.resolve(counts_from) if record.then.at is not None else None
        except PhraseError as error:
            problems.found.append(error.problem)
            continue
        if at is not None and (at.offset.months or at.offset.days < 0):
            wrong = f"a restart at {at.label}, which is {'before day 1' if at.offset.days < 0 else 'counted in months'}"
            problems.error(wrong, record.then.place, "name a later day, counted in days")
            continue
        product = record.product.text if record.product is not None else ""
        rule = GapRule(record.of.beyond, record.then.then, to_facts(record), record.of.text, at, product, record.place())
        found.append((record.of, rule))
    found.sort(key=lambda pair: pair[0].beyond.nominal)
    for (one, _), (two, _) in pairwise(found):
        also = [("the other one", one.place)]
        if one.up_to is None or one.up_to.nominal > two.beyond.nominal:
            hint = "write `<` before the end that does not belong to a range: `8 to <12 weeks`"
            problems.error(f"the gaps `{one.text}` and `{two.text}` overlap", two.place, hint, also)
        elif one.up_to != two.beyond:
            hint = "let one range begin where the other ends: `8 to <12 weeks`, `12 weeks or more`"
            problems.error(f"between the gaps `{one.text}` and `{two.text}` there are some without a rule", two.place, hint, also)
    if found and found[-1][0].up_to is not None:
        last = found[-1][0]
        problems.error(f"what becomes of a gap longer than `{last.text}`?", last.place, "add a rule: `of: 12 weeks or more`")
    return tuple(rule for _, rule in found)
