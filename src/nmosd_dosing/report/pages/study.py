"""A study in full, for whoever checks it against its source: every figure, where it stands, what is silent, what is assumed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from fractions import Fraction

from rich.console import RenderableType
from rich.text import Text

from nmosd_dosing.days import Offset
from nmosd_dosing.dose.dose import AtVisits, Levels, WeightRule, number_text, vials_text
from nmosd_dosing.errors import Problems, counted
from nmosd_dosing.plans.wording import NOT_STATED
from nmosd_dosing.report.pages.layout import Grid, Named, Page, Table
from nmosd_dosing.report.pages.page import site_lines, text
from nmosd_dosing.study.activities import MARK, Activities, dose_words, heading_rows, levels_text, title_of_grids
from nmosd_dosing.study.blinding import hidden_products
from nmosd_dosing.study.events import OF_SCREENING
from nmosd_dosing.study.facts import Facts
from nmosd_dosing.study.model import GapRule, Mark, Period, Product, Site, Span, Study, Then, Transition
from nmosd_dosing.study.nominal_times import times_text
from nmosd_dosing.study.visit import Visit
from nmosd_dosing.study.visit_rules import LAST_DOSE, LAST_DOSE_OF_STUDY, Give, Point, Series, VisitRule, Window
from nmosd_dosing.study.visits import OPEN_END, days_of_entry, lay_out


def regimens_page(studies: Sequence[Study], ways: Sequence[Sequence[Period]]) -> RenderableType:
    """What is shipped: an id for the way through several periods, and for each period."""
    made = Table("Regimen", "Title", "Arms", "Blinded", "Registry", wraps=("Title", "Arms"))
    for study, way in zip(studies, ways, strict=True):
        if len(way) > 1:
            blinded = "yes" if all(p.blinded for p in way) else "in part" if any(p.masks for p in way) else "no"
            arms = next((p.arms for p in way if p.arms), ())
            title = f"{study.title}: the way through {', '.join(p.id for p in way)}"
            registry = study.source.registry or NOT_STATED
            made.add_row(text(study.id), text(title), text(", ".join(arms) or "–"), text(blinded), text(registry))
        for period in study.own_periods:
            title = study.title if len(study.periods) == 1 else f"{study.title}: {period.title}"
            made.add_row(
                text(study.regimen_id(period)), text(title), text(", ".join(period.arms) or "–"), text(_blinded(period)),
                text(study.source.registry or NOT_STATED),
            )  # fmt: skip
    return made


def _blinded(period: Period) -> str:
    return "yes" if period.blinded else "in part" if period.masks else "no"


Rows = list[tuple[str, str]]


def study_page(study: Study, periods: Sequence[Period]) -> RenderableType:
    """The whole study, or some of its periods with what belongs to them."""
    parts: list[RenderableType] = [text(study.title, style="bold"), _listed(_head(study, periods))]
    if study.site is not None:
        parts += [_section(f"Stated by site {study.site.name}"), _listed(_site(study.site), 2)]
    for period in periods:
        parts += _period(study, period)
    spans = study.spans
    if spans:
        parts += [_section("Spans of the whole study"), *(_block(span.title, _span(span)) for span in spans)]
    transitions = [t for t in study.own_transitions if any(p.id in (t.source_period, t.target_period) for p in periods)]
    if transitions:
        parts.append(_section("From one period to the next (the first that holds governs)"))
        parts += [_block(f"{t.id}: {t.source_period} to {_target(study, t)}", _transition(t)) for t in transitions]
    if study.stop is not None:
        triggers: Rows = [("", trigger.text) for trigger in study.stop.earliest_of]
        parts += [_section("Study stop: the earliest of"), _listed(triggers + _facts(study.stop.facts), 2)]
    parts += _criteria(study, periods)
    parts += _silent(study, periods)
    parts += _assumed(study, periods)
    return Page(*parts)


def _listed(rows: Rows, indent: int = 0) -> Named:
    return Named([(text(name, style="dim"), text(value)) for name, value in rows], indent)


def _section(title: str) -> Text:
    return Text.assemble("\n", text(title, style="bold underline"))


def _block(title: str, rows: Rows) -> Page:
    return Page(text(f"  {title}", style="bold"), _listed(rows, 4))


def _head(study: Study, periods: Sequence[Period]) -> Rows:
    counts = "from 1: D1 is a period's first day, the day before it D-1" if study.counts_from else "from 0: D0 is a period's first day"
    rows = [("study", study.id), ("source", study.source.text), ("days", counts)]
    used = {g.product for p in periods for e in p.visit_rules for g in e.gives}
    for product in study.products:
        if product.name in used:
            gap = product.gap_text or NOT_STATED
            rows.append(("product", f"{product.name}; route: {product.route or NOT_STATED}; minimum gap between doses: {gap}"))
            rows += _doses_of(product)
            rows += [(f"· {name}", words) for name, words in _facts(product.facts)]
    rows += [("event", f"{name}: {meaning}") for name, meaning in study.events]
    rows += [("value", f"{value.name}, in {value.unit}") for value in study.values]
    return rows + _facts(study.facts)


def _doses_of(product: Product) -> Rows:
    """What the file says of a product's doses: named ones in full, vials, which weight counts, the most of a lifetime."""
    rows: Rows = []
    for rule in product.doses:
        dose = rule.dose
        plain = len(dose.bands) == 1 and not dose.bands[0].holds_for
        rows.append(("· dose", f"{rule.name}: {dose.rule}" if plain or dose.rule is None else dose.rule))
        if dose.levels is None or not dose.levels.names:
            rows += [("· band", f"{rule.name}, {band.holds_for}: {band.text(dose.unit)}") for band in dose.bands if not plain]
        rows += _levels_of(rule.name, dose.levels) if dose.levels is not None else []
        rows += [(f"· {name}", words) for name, words in _facts(rule.facts)]
    if product.vials is not None:
        origin = f" ({product.vials_origin})" if product.vials_origin else ""
        rows.append(("· vials", vials_text(product.vials) + origin))
        rows += [(f"· {name} of the vials", words) for name, words in _facts(product.vials_facts or Facts())]
    if product.weight is not None:
        rows.append(("· weight", _weight(product.weight)))
    if product.lifetime is not None:
        rows.append(("· lifetime", f"at most {product.lifetime.text}"))
    return rows


def _weight(rule: WeightRule) -> str:
    """Which weight doses are by."""
    if isinstance(rule, Fraction):
        return f"a new one once it has changed by {number_text(rule * 100)}% or more"
    if isinstance(rule, AtVisits):
        return f"renewed at {rule.text} only: the latest on or before the last of these visits that has come"
    return "the latest on or before the dose" if rule == "latest" else "at baseline"


def _levels_of(name: str, levels: Levels) -> Rows:
    """The levels of a rule; where a level has bands, each in full."""
    rows = [("· levels", f"{name}: {levels_text(levels)}")]
    banded = [(level, dose) for level, dose in zip(levels.names, levels.doses if levels.names else (), strict=True) if len(dose.bands) > 1]
    return rows + [
        ("· band", f"{name}, level {at}, {band.holds_for}: {band.text(dose.unit)}") for at, dose in banded for band in dose.bands
    ]


def _site(site: Site) -> Rows:
    """What a site's own protocol adds; it is marked as the site's where it stands, too."""
    rows = [("name", site.title)] if site.title else []
    rows += [("source", f"{site.source.text}, version {site.version}")]
    rows += [("window", f"{where}: {window.text}") for where, window in site.windows]
    rows += [("minimum gap", f"{product}: {gap.in_words}") for product, gap in site.gaps]
    rows += [("vials", f"{product}: {vials_text(vials)}") for product, vials in site.vials]
    rows += [("room", f"{where}: {room}") for where, room in site.rooms]
    rows += [("telephone", site.telephone)] if site.telephone else []
    rows += [("bring", f"{where}: {'; '.join(things)}") for where, things in site.bring]
    rows += [(name, "; ".join(_runs(days))) for name, days in (("closed", site.closed), ("open", site.open)) if days]
    return rows


def _runs(days: Iterable[dt.date]) -> list[str]:
    """Days in their order, those that follow each other as a range."""
    runs: list[tuple[dt.date, dt.date]] = []
    for day in sorted(days):
        if runs and day.toordinal() == runs[-1][1].toordinal() + 1:
            runs[-1] = (runs[-1][0], day)
        else:
            runs.append((day, day))
    return [str(first) if first == last else f"{first} to {last}" for first, last in runs]


def _period(study: Study, period: Period) -> list[RenderableType]:
    length = NOT_STATED
    if period.length is not None:
        length = f"{period.length.in_words}; the first day after it is {_end_day(study, period.length)}"
    rows = [("regimen", study.regimen_id(period)), ("length", length), ("arms", ", ".join(period.arms) or "none")]
    rows += [("days", "counted from the first day of the study")] if period.keeps_count else []
    rows += [("visits", "none")] if not period.visit_rules else []
    rows += [("blinded", _blinded(period)), *_facts(period.facts)]
    parts: list[RenderableType] = [_section(period.title), _listed(rows, 2)]
    visits = [v for v in lay_out(period, OPEN_END.range[1], Problems()) if v.offset is not None]
    events = dict.fromkeys(v.hangs_on for v in visits if v.hangs_on)
    parts += [_block(_at(entry), _entry(study, period, entry, visits)) for entry in period.visit_rules]
    parts += [_block(span.title, _span(span)) for span in period.spans]
    parts += [_block(f"If two doses are {rule.of} apart", _gap_rule(rule)) for rule in period.gap_rules]
    if planned := [v for v in visits if not v.hangs_on]:
        parts.append(_block("All visits", [("days", _all_visits(planned))]))
    parts += [_block(_after(event), [("days", _all_visits([v for v in visits if v.hangs_on == event]))]) for event in events]
    return parts


def _after(on: str) -> str:
    """What is counted from, above the days of what hangs on it."""
    if on in OF_SCREENING:
        return f"Counted from {on}"
    return f"After the {on}" if on in (LAST_DOSE, LAST_DOSE_OF_STUDY) else f"Each time after {on}"


def _end_day(study: Study, length: Offset) -> str:
    first = f"D{study.counts_from}"
    return f"{first} + {length.in_words}" if length.months else f"D{length.days + study.counts_from}"


def _at(entry: VisitRule) -> str:
    """The days of an entry, as a file would say them."""
    days = ", ".join(_item(item) for item in entry.at) or f"day {NOT_STATED}"
    if entry.cycle is None:
        return days
    times = counted(entry.cycle.count, "cycle") if entry.cycle.count is not None else f"end {NOT_STATED}"
    follows = f", each from the actual {entry.cycle.follows} before it" if entry.cycle.follows else ""
    name = f" {entry.cycle.name}" if entry.cycle.name else ""
    return f"{days}, in cycles{name}: every {entry.cycle.step.in_words}, {times}{follows}"


def _item(item: Point | Series) -> str:
    window = f" {item.window.text}" if isinstance(item.window, Window) else ""
    if isinstance(item, Point):
        return f"{item.code.label}{f' to {item.last.label}' if item.last else ''}{window}"
    end = f", {counted(item.count, 'more time')}" if item.count is not None else f", end {NOT_STATED}"
    end = f" until {item.until}" if item.until else end
    without = f", except {', '.join(code.label for code in item.without)}" if item.without else ""
    follows = f", each from the actual {item.follows} before it" if item.follows else ""
    return f"then every {item.step.in_words}{end}{window}{without}{follows}"


def _entry(study: Study, period: Period, entry: VisitRule, visits: Sequence[Visit]) -> Rows:
    rows: Rows = [("name", entry.name)] if entry.name else []
    rows += [("kept after", ", ".join(entry.kept_after))] if entry.kept_after else []
    if entry.also_called:
        rows.append(("also called", "; ".join(f"{also.day}: {also.name}" if also.day else also.name for also in entry.also_called)))
    if len(entry.arms) < len(period.arms):
        rows.append(("only for", ", ".join(period.arms[i] for i in entry.arms)))
    for give in entry.gives:
        rows += _give(period, give, masked=give.blinded and give.product in hidden_products(study))
    timed = dict.fromkeys(name for name, _ in entry.times)
    if untimed := [name for name in entry.assess if name not in timed]:
        rows.append(("assess", ("; " if any("," in name for name in untimed) else ", ").join(untimed)))
    rows += [("assess", f"{name}: {times_text([time for own, time in entry.times if own == name])}") for name in timed]
    if entry.at:
        rows += [("window", words) for words in _windows(period, entry, visits)]
    return rows + _facts(entry.facts)


def _windows(period: Period, entry: VisitRule, visits: Sequence[Visit]) -> list[str]:
    """The windows that the file states for an entry, and those that a site does; of which visits, where it is not all of them."""
    ranges = [i for i in entry.at if isinstance(i, Point) and i.last is not None and i.window is None and not entry.gives]
    windows = dict.fromkeys(item.window if item.window is not None else period.window for item in entry.at if item not in ranges)
    stated = [*(["the range itself"] if ranges else []), *(w.text for w in windows if isinstance(w, Window))]
    lines = [", ".join(stated)] if stated else []
    days = days_of_entry(entry, OPEN_END.range[1])
    own = [visit for visit in visits if (visit.hangs_on, visit.offset) in days]
    by_site: dict[tuple[str, str], list[str]] = {}
    for visit in own:
        if visit.window is not None and visit.window.origin is not None:
            by_site.setdefault((visit.window.text, visit.window.origin), []).append(visit.label)
    for (words, origin), labels in by_site.items():
        some = "" if len(labels) == len(own) else f"{_all_labels(labels)}: "
        lines.append(f"{some}{words} ({origin})")
    if not stated and any(visit.window is None for visit in own):
        lines.append(f"{NOT_STATED} for the others" if lines else NOT_STATED)
    return lines or [NOT_STATED]


def _give(period: Period, give: Give, *, masked: bool) -> Rows:
    said = " (shown masked)" if masked else ""
    rows = []
    for name, doses in (("give", give.doses), *((f"once {event}", doses) for event, doses in give.changes)):
        if len(set(doses)) == 1:
            rows.append((name, f"{dose_words(give, doses[0])}{said}"))
            continue
        for arm, dose in zip(period.arms, doses, strict=True):
            if dose is not None or name == "give":
                rows.append((name, f"{arm}: {dose_words(give, dose)}{said}"))
    return rows


_THEN: dict[Then, str] = {
    "restart": "the period begins anew with the later one", "hold": "doses wait for a decision", "stop": "there are no more",
}  # fmt: skip


def _gap_rule(rule: GapRule) -> Rows:
    at = f"the later one is {rule.at.label} anew, and the period goes on from there" if rule.at is not None else _THEN[rule.then]
    return [("then", at), *_facts(rule.facts)]


def _all_visits(visits: Sequence[Visit]) -> str:
    more = " and so on" if any(v.open_ended for v in visits) else f" ({len(visits)})"
    return _all_labels([v.label for v in visits]) + more


def _all_labels(labels: Sequence[str]) -> str:
    return f"{', '.join(labels[:20])} … {labels[-1]}" if len(labels) > 60 else ", ".join(labels)


def _span(span: Span) -> Rows:
    return [("from", _mark(span.start)), ("to", f"{_mark(span.end)}, included"), *_facts(span.facts)]


def _mark(mark: Mark | None) -> str:
    return mark.text if mark is not None else NOT_STATED


def _target(study: Study, transition: Transition) -> str:
    """The period to which a way leads, as the file calls it."""
    period = study.period(transition.target_period)
    return period.id_in_file or period.id if period is not None else transition.target_period


def _transition(transition: Transition) -> Rows:
    first = "then" if transition.not_before == Offset() else transition.not_before.in_words
    within = f"last day {NOT_STATED}"
    if transition.within is not None:
        within = f"from {first} to {transition.within.in_words} later, both included" if transition.within.range[1] else "on that day"
    rows = [("after", transition.after.text), ("entry", within)]
    if transition.needs:
        rows.append(("not before", ", ".join(transition.needs)))
    if transition.at_most is not None:
        times = "once" if transition.at_most == 1 else f"{transition.at_most} times"
        rows.append(("comes back", f"at most {times}; what follows is called `{transition.target_period}` and so on"))
    return rows + _facts(transition.facts)


def _facts(facts: Facts) -> Rows:
    rows = [("source", facts.source.text)] if facts.source else []
    return rows + [("assumed", words) for words in facts.assumed] + [("note", words) for words in facts.note]


def _criteria(study: Study, periods: Sequence[Period]) -> list[RenderableType]:
    """The criteria that dates decide, of the study and of these periods; and what their words mean."""
    criteria = study.criteria
    shown = [c for c in criteria.all if not c.period or any(period.id == c.period for period in periods)]
    rows = [("kind", f"{kind.name}: {', '.join(kind.names)}") for kind in criteria.kinds]
    rows += [("half-life", f"{half.drug}: {half.written}") for half in criteria.half_lives]
    rows += [("randomisation", "on day 1")] if criteria.randomised_on_day_1 is not None else []
    parts: list[RenderableType] = [_section("Criteria that dates decide"), _listed(rows, 2)] if shown or rows else []
    for criterion in shown:
        of = f" ({criterion.period})" if criterion.period else ""
        parts.append(_block(f"{criterion.id}{of}: {criterion.text}", _facts(criterion.facts)))
    return parts


def _silent(study: Study, periods: Sequence[Period]) -> list[RenderableType]:
    """What the source does not state, in one list."""
    rows: Rows = []
    for period in periods:
        if period.length is None:
            rows.append((period.id, "its length"))
        visits = lay_out(period, OPEN_END.range[1], Problems())
        for entry in period.visit_rules:
            where = _at(entry) if entry.at else entry.name or ""
            items = [
                *(["its day"] if not entry.at else []),
                *(["where the repeat ends"] if entry.open_ended else []),
                *(["its window"] if entry.at and _windows(period, entry, visits)[-1].startswith(NOT_STATED) else []),
                *(f"the dose of {g.product}" for g in entry.gives if any(d is not None and d.kind == NOT_STATED for d in g.doses)),
            ]
            if items:
                rows.append((period.id, f"{where}: {', '.join(items)}"))
        for span in period.spans:
            if None in (span.start, span.end):
                rows.append((period.id, f"{span.title}: its {'first' if span.start is None else 'last'} day"))
    for product in study.products:
        if product.route is None:
            rows.append((product.name, "its route"))
        for rule in product.doses:
            levels = rule.dose.levels
            named = zip(levels.names, levels.doses if levels.names else (), strict=True) if levels is not None else ()
            rows += [(product.name, f"the dose of level {name} of {rule.name}") for name, dose in named if dose.kind == NOT_STATED]
    for span in study.spans:
        if None in (span.start, span.end):
            rows.append(("spans", f"{span.title}: its {'first' if span.start is None else 'last'} day"))
    for transition in study.own_transitions:
        if transition.within is None and any(p.id == transition.source_period for p in periods):
            rows.append((transition.id, "the last day of entry"))
    return [_section("The source does not state"), _listed(rows, 2)] if rows else []


def _assumed(study: Study, periods: Sequence[Period]) -> list[RenderableType]:
    """What the file decides beyond its source, in one list."""
    named: list[tuple[str, Facts]] = [("study", study.facts), *((p.name, p.facts) for p in study.products)]
    for period in periods:
        named += [(period.id, period.facts), *((f"{period.id} {_at(e)}", e.facts) for e in period.visit_rules)]
        named += [(s.title, s.facts) for s in period.spans]
    named += [(s.title, s.facts) for s in study.spans] + [(t.id, t.facts) for t in study.own_transitions]
    if study.stop:
        named.append(("study stop", study.stop.facts))
    criteria = study.criteria
    named += [(f"kind {kind.name}", kind.facts) for kind in criteria.kinds]
    named += [(f"half-life of {half.drug}", half.facts) for half in criteria.half_lives]
    named += [("randomisation", criteria.randomised_on_day_1)] if criteria.randomised_on_day_1 is not None else []
    named += [(c.id, c.facts) for c in criteria.all if not c.period or any(period.id == c.period for period in periods)]
    rows = [(name, words) for name, facts in named for words in facts.assumed]
    return [_section("Assumed by this file"), _listed(rows, 2)] if rows else []


# --- its schedule of activities ------------------------------------------------------------------------------------------


def grid_page(study: Study, grids: Sequence[Activities]) -> RenderableType:
    """Each period: visits as columns, below them doses and assessments, and footnotes by letter."""
    parts: list[RenderableType] = [text(title_of_grids(study), style="bold"), *site_lines(study.site)]
    for grid in grids:
        parts += [Text.assemble("\n", text(grid.title, style="bold underline"))]
        parts += [Text(), _grid(grid) if grid.columns else text("no visits")]
        if grid.footnotes:
            parts += [Text(), Named([(text(letter, style="dim"), text(words)) for letter, words in grid.footnotes])]
    return Page(*parts)


def _grid(grid: Activities) -> Grid:
    above = heading_rows(grid)
    rows = [[text(name, style="dim"), *(text(cell) for cell in cells)] for name, cells in above]
    rows += [[text(row.title), *(Text(MARK if at else "", style="bold") for at in row.at)] for row in grid.rows]
    return Grid(rows, rule=len(above))
