"""`dosing register history`, `verify`, `head`: the trail, whether it is as it was written, and what to keep elsewhere."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nmosd_dosing.cli import arguments, outputs
from nmosd_dosing.cli.edge import bar, fail, say
from nmosd_dosing.cli.output_options import OutputOptions
from nmosd_dosing.cli.register_options import HistoryOfRegister, RegisterOptions
from nmosd_dosing.cli.register_tables import as_known
from nmosd_dosing.cli.registers import opened
from nmosd_dosing.errors import Problems, clip, did_you_mean
from nmosd_dosing.report.export.plain import csv_text
from nmosd_dosing.report.export.trail import line_dict, trail_sheet
from nmosd_dosing.screen import without_controls

if TYPE_CHECKING:
    from nmosd_dosing.register.database.chain import Head
    from nmosd_dosing.register.database.store import Store
    from nmosd_dosing.register.desk import Desk
    from nmosd_dosing.register.reading.trail import Asked
    from nmosd_dosing.register.reading.verifying import Verdict

HOLDS, DOES_NOT = 0, 1
_LONG = 5_000  # entries of which it is told how far it is


# --- history -------------------------------------------------------------------------------------------------------------


def run_history(asked: RegisterOptions, about: HistoryOfRegister, output: OutputOptions) -> None:
    """Prints the lines of the trail that are asked for."""
    problems = Problems()
    outputs.check_output(HISTORY, output, problems)
    first, last = (arguments.maybe(arguments.date, name, text, problems) for name, text in (("--from", about.from_), ("--to", about.to)))
    if first is not None and last is not None and last < first:
        problems.error(f"`--to {last}` is before `--from {first}`", None, "exchange the two, or mend one of them")
    problems.stop()
    found = opened(asked)
    from nmosd_dosing.register.reading import trail

    known = as_known(about.as_known, found) if about.as_known is not None else None
    which = trail.Asked(about.subject, about.visit, about.entry, first, last, about.by, known)
    lines = list(trail.lines(found.register, found.who, which, found.arms))
    outputs.put(HISTORY, output, lines)
    if not lines:
        say(without_controls(f"nothing of that stands in the trail{_near(found, which)}"))


def _near(found: Desk, asked: Asked) -> str:
    """Which account, or which visit, may have been meant, of those in the trail that the account may read."""
    from nmosd_dosing.register.reading import trail

    lines = [*trail.lines(found.register, found.who, arms=found.arms)] if asked.by or asked.visit else []
    for option, text, there in (
        ("--by", asked.by, {line.account for line in lines}), ("--visit", asked.visit, {line.visit for line in lines if line.visit}),
    ):  # fmt: skip
        if text is not None and text not in there and (hint := did_you_mean(text, sorted(there))) is not None:
            return f"; `{option} {clip(text)}`: {hint}"
    return ""


HISTORY: outputs.Formats = {
    "table": outputs.page("register", "trail_page"),
    "json": lambda lines: {"trail": [line_dict(line) for line in lines]},
    "csv": lambda lines: csv_text(trail_sheet(lines)),
}


# --- verify and head -----------------------------------------------------------------------------------------------------


def run_verify(asked: RegisterOptions, output: OutputOptions, heads: Sequence[str] | None) -> int:
    """Prints whether the trails hold; 1 where one does not."""
    problems = Problems()
    outputs.check_output(VERIFIED, output, problems)
    kept = _heads(heads or (), problems)
    problems.stop()
    opened_now = opened(asked)
    stores = _stores(opened_now)
    if "arms" in kept and "arms" not in stores:
        problems.error("the trail of the arms is not opened for this account", None, "leave that `--head` out")
        fail(problems)
    from nmosd_dosing.register.reading import verifying

    found = {}
    for name, store in stores.items():
        entries = store.head().seq
        with bar(entries, f"verifying {name}") if entries >= _LONG else contextlib.nullcontext() as told:
            found[name] = verifying.verify(store, kept.get(name), told)
    outputs.put(VERIFIED, output, found)
    return HOLDS if all(verdict.holds for verdict in found.values()) else DOES_NOT


def run_head(asked: RegisterOptions, output: OutputOptions) -> None:
    """Prints the last numbers and hashes."""
    outputs.stop_where_wrong(HEADS, output)
    outputs.put(HEADS, output, {name: store.head() for name, store in _stores(opened(asked)).items()})


def _stores(found: Desk) -> dict[str, Store]:
    arms = found.arms
    return {"facts": found.facts} | ({"arms": arms} if arms is not None else {})


def _heads(texts: Sequence[str], problems: Problems) -> dict[str, Head]:
    """What was kept elsewhere, by store: `45:HASH`, `arms:3:HASH`."""
    from nmosd_dosing.register.database.chain import Head

    found: dict[str, Head] = {}
    for text in texts:
        match = re.fullmatch(r"(arms:)?([0-9]{1,15}):([0-9a-f]{64})", text.strip().lower())
        store = "arms" if match is not None and match[1] else "facts"
        if match is None:
            problems.error(f"`--head {clip(text)}` is no number and hash", None, "copy what `dosing register head` printed, the whole line")
        elif store in found:
            problems.error("`--head` is given twice for one store", None, "keep one of them")
        else:
            found[store] = Head(int(match[2]), match[3])
    return found


def _verified_dict(found: Mapping[str, Verdict]) -> dict[str, Any]:
    return {
        "holds": all(verdict.holds for verdict in found.values()),
        "stores": {
            name: {
                "holds": verdict.holds, "entries": verdict.entries, "first_wrong": verdict.seq, "why": verdict.why,
                "earlier": {"entries": verdict.earlier[0], "first": verdict.earlier[1]},
                "head": {"seq": verdict.head.seq, "hash": verdict.head.hash},
            }
            for name, verdict in found.items()
        },
    }  # fmt: skip


VERIFIED: outputs.Formats = {"table": outputs.page("register", "verified_page"), "json": _verified_dict}
HEADS: outputs.Formats = {
    "table": lambda heads: "".join(f"{'arms:' if name == 'arms' else ''}{head.seq}:{head.hash}\n" for name, head in heads.items()),
    "json": lambda heads: {"heads": {name: {"seq": head.seq, "hash": head.hash} for name, head in heads.items()}},
}
