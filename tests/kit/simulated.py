"""Drawn trials for tests: what they assume, and one told as a history, as a site's tables would have it by a day."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import strategies as st
from msgspec import Struct

from nmosd_dosing.days import Offset, shift
from nmosd_dosing.language import catalog
from nmosd_dosing.schedule.expansion import expand
from nmosd_dosing.schedule.schedule import Schedule
from nmosd_dosing.simulation.assumptions.model import NEVER, Assumptions
from nmosd_dosing.simulation.draws import Draws
from nmosd_dosing.simulation.scenarios import simulate
from nmosd_dosing.simulation.simulated_subjects import between, reached, subjects
from nmosd_dosing.simulation.summaries import Summary
from nmosd_dosing.simulation.trials import Trial, prepare
from nmosd_dosing.study.model import Study
from nmosd_dosing.study.period_order import way
from nmosd_dosing.subjects.disposition import MoveStatus
from nmosd_dosing.subjects.subject import Entered, Event, Record, Subject
from tests.kit.paths import ROOT

YEAR = 365.25
MONTH = YEAR / 12
BAT4406F = catalog.load("bat4406f")
ARMS = ("bat4406f", "placebo")


def assume(**changes: Any) -> Assumptions:
    """The example of the documentation, with changes."""
    values: dict[str, Any] = {
        "study": "bat4406f", "title": None, "source": None, "invented": (), "start": dt.date(2023, 8, 1), "subjects": 162, "sites": 45,
        "accrual": ((0.0, 9 / MONTH),), "allocation": (2, 1), "block": 3, "relapse": (((0.0, 0.1 / YEAR),), ((0.0, 0.35 / YEAR),)),
        "confirmed": 0.9, "adjudication": (14, 14), "stable": 0.95, "stability": (10, 21), "dropout": ((0.0, 0.03 / YEAR),),
        "scatter": (-3, 3), "entry": "uniform", "declines": 0.05, "weight": None, "idmc_stop": None, "follow": Offset(months=24),
        "horizon": Offset(months=240), "written": (), "notes": (), "sha256": "",
    }  # fmt: skip
    return Assumptions(**{**values, **changes})


def trial_of(assumed: Assumptions) -> Trial:
    return prepare(BAT4406F, way(BAT4406F), assumed)


class Drawn(Struct, frozen=True):
    """A block of drawn trials and what became of them."""

    trial: Trial
    draws: Draws
    schedule: Schedule
    given: tuple[np.ndarray, ...]

    @staticmethod
    def of(trial: Trial, draws: Draws) -> Drawn:
        idmc = trial.assumptions.idmc_stop
        of_study = {"idmc_stop": idmc} if isinstance(idmc, dt.date) else {}
        cohort = subjects(trial.beginning, draws, of_study)
        schedule = expand(trial.study, cohort, allow_deviation=True, accept_gap=True)
        return Drawn(trial, draws, schedule, tuple(schedule.in_plan(k) for k in range(len(schedule.rows))))

    def stop(self, t: int) -> dt.date | None:
        found = self.schedule.disposition.stopped.dates[t]
        return None if np.isnat(found) else found.item()

    def history(self, t: int, as_of: dt.date, with_arms: bool = True) -> tuple[Subject, ...]:
        """The subjects of a trial who are enrolled by a day, in the order of their arrival, with what has happened to them by then; nobody
        where tables cannot tell it."""
        assumed, trials = self.trial.assumptions, self.draws.width
        arms = self.schedule.arm.reshape(-1, trials)
        found = []
        relapses, decisions, confirmed, recovered = _relapses(assumed, self.draws, arms)
        disposition, ahead = self.schedule.disposition, self.schedule.cohort.ahead
        assert ahead is not None
        out = ahead.entry_day(disposition.moves[0].earliest, disposition.moves[0].latest)
        for i in range(assumed.subjects):
            column = i * trials + t
            if np.isnat(disposition.anchor[0][column]) or disposition.anchor[0][column].item() > as_of:
                continue
            start = disposition.anchor[0][column].item()
            entry = disposition.moves[0].begins[column].item()
            left = self.schedule.cohort.first("withdrawn")[column].item()
            events = [] if left is None else [Event("withdrawn", left)]
            relapse = _day(start, relapses[i, t])
            gone_on = out[column].item()  # whoever declines is out on that day, too
            if relapse == gone_on and disposition.moves[0].status[column] == MoveStatus.DECLINED:
                return ()  # tables do not tell which of the two came first
            if relapse is not None and not (left is not None and relapse > left) and not (gone_on is not None and relapse > gone_on):
                answer = "relapse_confirmed" if confirmed[i, t] else "relapse_rejected"
                events += [Event("relapse", relapse), Event(answer, start + dt.timedelta(days=int(decisions[i, t])))]
                if recovered[i, t] >= 0:
                    events.append(Event("stable", start + dt.timedelta(days=int(recovered[i, t]))))
            if disposition.moves[0].status[column] == MoveStatus.DECLINED:
                events.append(Event("declined", disposition.moves[0].earliest[column].item()))
            entered = () if entry is None or entry > as_of else (Entered("olp", entry),)
            records = tuple(
                record for k in range(len(self.given)) if (record := self._record(k, column)) is not None and record.date <= as_of
            )
            known = tuple(e for e in events if e.date <= as_of)
            arm = ARMS[int(arms[i, t])] if with_arms else None
            found.append(Subject(start, f"{i + 1:03}", arm, events=known, entered=entered, records=records))
        return tuple(found)

    def _record(self, k: int, column: int) -> Record | None:
        """What a site writes of a visit: when it took place, or that it did not, on the day it was planned for."""
        v = self.schedule.rows[k].visit
        visit, period = self.schedule.visits[v], self.schedule.period(v).id
        if self.given[k][column]:
            return Record(visit.label, self.schedule.target[v, column].item(), period=period)
        assert visit.offset is not None
        planned = shift(self.schedule.anchor(v)[column : column + 1], visit.offset)[0].item()
        return Record(visit.label, planned, status="missed", period=period) if planned is not None else None


def _relapses(assumed: Assumptions, draws: Draws, arms: np.ndarray) -> tuple[np.ndarray, ...]:
    """Days after day 1: of the relapse, the decision and stability (-1: none); and whether it is confirmed."""
    n = assumed.subjects
    never = np.full(arms.shape, -1)
    if not assumed.relapse:
        return never, never, never, never
    amount = draws.exponential("relapse", n)
    when = np.select([arms == i for i in range(len(assumed.relapse))], [reached(steps, amount) for steps in assumed.relapse])
    relapse = np.where(when < 1e6, np.floor(np.minimum(when, 1e6)), -1).astype(int)
    decision = relapse + between(*assumed.adjudication, draws.uniform("adjudication", n))
    stable = relapse + between(*assumed.stability, draws.uniform("stability", n))
    recovers = draws.uniform("stable", n) < assumed.stable
    return relapse, decision, draws.uniform("confirmed", n) < assumed.confirmed, np.where(recovers, stable, -1)


def _day(start: dt.date, days: int) -> dt.date | None:
    return None if days < 0 else start + dt.timedelta(days=int(days))


def assumptions() -> st.SearchStrategy[dict[str, Any]]:
    """Assumptions of many kinds, often at their edges."""
    rate = st.sampled_from([0.0, 0.1 / YEAR, 1.0 / YEAR, 8.0 / YEAR, 500.0])
    steps = st.one_of(
        rate.map(lambda r: ((0.0, r),)),
        st.tuples(rate, rate, st.sampled_from([1.0, 100.0, 182.625])).map(lambda x: ((0.0, x[0]), (x[2], x[1]))),
    )
    share = st.sampled_from([0.0, 0.5, 0.9, 1.0])
    delay = st.sampled_from([(0, 0), (14, 14), (10, 21), (0, 40)])
    return st.fixed_dictionaries(
        {
            "subjects": st.sampled_from([1, 3, 40, 200]),
            "accrual": st.sampled_from(
                [((0.0, 9 / MONTH),), ((0.0, 1000.0),), ((0.0, 0.5), (40.0, 0.0), (90.0, 2.0)), ((0.0, 0.01 / YEAR),)]
            ),
            "relapse": st.one_of(st.just(()), st.tuples(steps, steps)),
            "confirmed": share, "adjudication": delay, "stable": share, "stability": delay, "dropout": steps,
            "scatter": st.sampled_from([(0, 0), (-3, 3), (0, 7), (-180, 180)]),
            "entry": st.sampled_from(["earliest", "latest", "uniform"]), "declines": share,
            "idmc_stop": st.sampled_from([None, dt.date(2024, 6, 1), dt.date(2020, 1, 1), Fraction(1, 5), Fraction(1, 1)]),
            "follow": st.sampled_from([Offset(months=24), Offset(0), Offset(400)]),
        }
    )  # fmt: skip


ALONE = {"study": "belimumab", "allocation": (), "block": 1, "relapse": (), "dropout": NEVER, "subjects": 30, "follow": None}

EXAMPLES = ROOT / "examples" / "regimens"
PLAIN: dict[str, Any] = {
    "study": None, "allocation": (), "block": 1, "relapse": (), "dropout": NEVER, "scatter": (0, 0), "sites": None, "declines": 0.0,
    "follow": None, "subjects": 7, "accrual": ((0.0, 1000.0),), "start": dt.date(2024, 1, 1),
}  # fmt: skip


def summary(study: Study, **changes: Any) -> Summary:
    return simulate(study, assume(**{**PLAIN, **changes}), 20)[0].summary
