"""Subjects as columns: the input of the core. One subject is a cohort of one."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from msgspec import Struct, field
from msgspec.structs import replace
from numpy.typing import ArrayLike, NDArray

from nmosd_dosing.days import NO_DATE, Dates, of_dates, to_dates
from nmosd_dosing.dose.calculation import Bodies
from nmosd_dosing.dose.dose import PARTS, Sex
from nmosd_dosing.errors import InputError, Problem, argument, clip, did_you_mean, one_of
from nmosd_dosing.sentences import said
from nmosd_dosing.study.events import OF_SCREENING, SCREEN_FAILED, SCREENED
from nmosd_dosing.subjects.ahead import Ahead
from nmosd_dosing.subjects.bounds import HEIGHTS_CM, MAX_WEIGHT_KG, is_date, the_list
from nmosd_dosing.subjects.columns import day_column, for_everybody, whole_numbers
from nmosd_dosing.subjects.subject import Exposure, Record, Subject

UNKNOWN_ARM = -1


class Series(Struct, frozen=True):
    """What was measured on some days: (w, n) each subject's days in order, NaT behind them, and whole numbers: of weights grams, of other
    values millionths."""

    dates: Dates
    wholes: NDArray[np.float64]

    def chosen(self, columns: NDArray[np.int64]) -> Series:
        return Series(self.dates[:, columns], self.wholes[:, columns])

    def latest(self, dates: Dates, columns: slice | list[int]) -> tuple[NDArray[np.float64], Dates]:
        """(n,) of some subjects the latest on or before some dates, NaN without one or without a date; and its day."""
        found, of = np.full(len(dates), np.nan), np.full(len(dates), NO_DATE)
        for day, whole in zip(self.dates[:, columns], self.wholes[:, columns], strict=True):
            found, of = np.where(day <= dates, whole, found), np.where(day <= dates, day, of)
        return found, of


class Cohort(Struct, frozen=True, dict=True):
    """n subjects.

    start: (n,) datetime64[D], study day 1; NaT of whoever has none yet, or never will, and of whose screening a day is known. grams: (n,)
    float64, body weight at baseline in whole grams, NaN where unknown. height: (n,) float64, whole millimetres, NaN where unknown; None
    where nobody's is known. sex: (n,) float64, 1 for a man, 0 for a woman, NaN where unknown; None where nobody's is known.
    age: (n,) float64, completed years on day 1, NaN where unknown; None where nobody's is known.
    weighed: later weights that were given for the doses; measured: these and those that were recorded at visits. values: by name what
    else was measured.
    earlier: what subjects had before the study, with their columns.
    arm: (n,) int16, index into the arms, -1 where unknown. events: by name (k, n) datetime64[D], each subject's dates in order,
    NaT behind them. entered: by period (n,), the actual first day of a later period, NaT where it is not recorded.
    records: what was recorded of visits, with the column of the subject; timed: of their time points. of_study: dates of the study's own
    events. ahead: what is drawn of subjects of simulated trials.
    codes: what messages call the subjects; empty where they have none, and then several are counted from 1.
    planned_start: (n,) the day that was planned as day 1, where the first dose was on another one; else NaT, or None for everybody.
    booked: by period (n,), the first day as it is booked, NaT where it is not: what is counted from it may still move.
    sites: where each subject is seen, None where nobody says; empty where nobody says of anybody.
    """

    start: Dates
    grams: NDArray[np.float64]
    arm: NDArray[np.int16]
    events: Mapping[str, Dates] = field(default_factory=dict)
    entered: Mapping[str, Dates] = field(default_factory=dict)
    records: tuple[tuple[int, Record], ...] = ()
    timed: tuple[tuple[int, Record], ...] = ()
    of_study: Mapping[str, dt.date] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    height: NDArray[np.float64] | None = None
    sex: NDArray[np.float64] | None = None
    age: NDArray[np.float64] | None = None
    weighed: Series | None = None
    measured: Series | None = None
    values: Mapping[str, Series] = field(default_factory=dict)
    earlier: tuple[tuple[int, Exposure], ...] = ()
    ahead: Ahead | None = None
    planned_start: Dates | None = None
    booked: Mapping[str, Dates] = field(default_factory=dict)
    sites: tuple[str | None, ...] = ()

    def __repr__(self) -> str:
        """In a log nothing may tell an arm."""
        return f"<Cohort of {len(self)} subjects>"

    @property
    def mm(self) -> NDArray[np.float64]:
        """(n,) height in whole millimetres, NaN where unknown."""
        return self.height if self.height is not None else np.broadcast_to(np.nan, len(self))

    @property
    def male(self) -> NDArray[np.float64]:
        """(n,) 1 for a man, 0 for a woman, NaN where it is not known."""
        return self.sex if self.sex is not None else np.broadcast_to(np.nan, len(self))

    @property
    def years(self) -> NDArray[np.float64]:
        """(n,) the age on day 1 in completed years, NaN where it is not known."""
        return self.age if self.age is not None else np.broadcast_to(np.nan, len(self))

    def bodies(self, dates: Dates | None, columns: slice | list[int] = slice(None)) -> Bodies:
        """What doses of some subjects on `dates` (n,) are by beside weight; without a date no value is known."""
        values = {name: found.latest(dates, columns)[0] for name, found in self.values.items()} if dates is not None else {}
        return Bodies(self.mm[columns], self.male[columns], self.years[columns], values)

    @staticmethod
    def of(
        start: ArrayLike,
        weight_kg: ArrayLike | None = None,
        arm: ArrayLike | None = None,
        *,
        height_cm: ArrayLike | None = None,
        weighed: tuple[ArrayLike, ArrayLike] | None = None,
        events: Mapping[str, ArrayLike] | None = None,
        entered: Mapping[str, ArrayLike] | None = None,
        of_study: Mapping[str, dt.date] | None = None,
    ) -> Cohort:
        """A cohort from columns: whole days, weights in kg to the gram (NaN unknown), arm indices (-1 unknown), heights in cm to the mm.

        weighed: later weights, (w, n) days in each subject's order (NaT: none) and (w, n) kg. A weight, height or arm that is no column
        but one number counts for everybody. An event is a column of dates (NaT: it did not happen), or k of them where it can happen k
        times. Raises InputError where columns differ in length, a start is missing, or a value cannot be what it is given as.
        """
        problems: list[Problem] = []
        dates = np.atleast_1d(day_column("start", start, problems))
        n = dates.shape[0]
        grams = _column("weight_kg", np.nan if weight_kg is None else weight_kg, n, 1000, _FINER_KG, problems)
        height = None if height_cm is None else _column("height_cm", height_cm, n, 10, _FINER_CM, problems)
        arms = whole_numbers("arm", UNKNOWN_ARM if arm is None else arm, 1, _NO_ARM, problems)
        if arms is not None and not ((arms >= UNKNOWN_ARM) & (arms <= _MOST_ARMS)).all():
            problems.append(Problem(f"`arm`: {_NO_ARM}", hint="give -1 where it is not known"))
        arm_of = for_everybody("arm", arms, n, problems)
        happened = {name: np.sort(np.atleast_2d(found), axis=0) for name, found in _dates_by_name("events", events, problems)}
        ways = {name: np.atleast_1d(found) for name, found in _dates_by_name("entered", entered, problems)}
        later = _weighed(weighed, n, problems) if weighed is not None else None
        if of_study is not None and not _has_names(of_study):
            problems.append(Problem("`of_study` holds no dates by name", hint='give `{"study_stop": datetime.date(2025, 6, 30)}`'))
        if problems:
            raise InputError(problems)
        return Cohort(
            dates, grams, arm_of.astype(np.int16), happened, ways, of_study=of_study or {}, height=height, weighed=later, measured=later
        )  # fmt: skip

    def __post_init__(self) -> None:
        """Raises InputError where a column is not as long as the others, or a value cannot be what it stands for."""
        n, found = len(self.start), list[str]()
        if self.start.ndim != 1:
            found.append("`start` is no column of dates")
        elif (without := np.isnat(self.start)).any() and np.isnat(self.earliest(OF_SCREENING)[without]).any():
            found.append("`start`: a start date is missing")
        columns: dict[str, NDArray[Any]] = {"weight_kg": self.grams, "arm": self.arm, **self.events, **self.entered}
        columns |= {"height_cm": self.height} if self.height is not None else {}
        for name, column in columns.items():
            if column.shape[-1:] != (n,) or column.ndim > (2 if name in self.events else 1):
                found.append(f"`{name}`: columns of different length: {n} dates, {column.shape[-1] if column.shape else 1} of `{name}`")
        for grams in (self.grams, *(w.wholes for w in (self.weighed, self.measured) if w is not None)):
            if ((grams <= 0) | (grams > MAX_WEIGHT_KG * 1000)).any():
                found.append(f"`weight_kg`: a weight is not above 0 and up to {MAX_WEIGHT_KG} kg")
        if self.height is not None and ((self.height < HEIGHTS_CM[0] * 10) | (self.height > HEIGHTS_CM[1] * 10)).any():
            found.append(f"`height_cm`: a height is not between {HEIGHTS_CM[0]} and {HEIGHTS_CM[1]} cm")
        if self.weighed is not None and (np.diff(self.weighed.dates, axis=0) == np.timedelta64(0, "D")).any():
            found.append("`weighed`: two weights of one day")
        for name, date in self.of_study.items():
            if not is_date(date):
                found.append(f"`of_study`: `{name}` is not on a date")
        if found:
            raise InputError([Problem(message) for message in dict.fromkeys(found)])

    @staticmethod
    def of_subject(subject: Subject, arms: Sequence[str], of_study: Mapping[str, dt.date] | None = None) -> Cohort:
        """A cohort of one. Raises InputError for an arm that is not there."""
        return Cohort.of_subjects([subject], arms, of_study)

    @staticmethod
    def of_subjects(subjects: Sequence[Subject], arms: Sequence[str], of_study: Mapping[str, dt.date] | None = None) -> Cohort:
        """A cohort of many, in their order. Raises InputError for arms that are not there."""
        subjects = the_list("subjects", subjects)
        arms = the_list("arms", arms)
        n = len(subjects)
        if not all(isinstance(subject, Subject) for subject in subjects):
            raise InputError(Problem("`subjects` holds what is no Subject", hint="give a list of `Subject(start, …)`"))
        events: dict[str, list[tuple[int, dt.date]]] = {}
        entered: dict[str, list[tuple[int, dt.date]]] = {}
        told: dict[bool, list[tuple[int, Record]]] = {True: [], False: []}  # by whether they are of time points
        for column, subject in enumerate(subjects):
            for event in subject.events:
                events.setdefault(event.name, []).append((column, event.date))
            for entry in subject.entered:  # a period is entered once
                entered.setdefault(entry.period, []).append((column, entry.date))
            for record in subject.records:
                told[record.of_time_point].append((column, record))
        kg = np.array([np.nan if s.weight_kg is None else s.weight_kg for s in subjects], dtype=np.float64)
        starts, arm = of_dates([s.start for s in subjects]), [arm_index(s.arm, arms) for s in subjects]
        cm = [np.nan if s.height_cm is None else s.height_cm for s in subjects]
        happened = {name: by_column(found, n) for name, found in events.items()}
        ways = {period: by_column(found, n)[0] for period, found in entered.items()}
        made = Cohort.of(starts, kg, arm, height_cm=cm, events=happened, entered=ways, of_study=of_study)
        given = [{w.date: w.kg for w in s.weights} for s in subjects]
        recorded = [{r.date: r.weight_kg for r in s.records if r.weight_kg is not None and r.is_fact} for s in subjects]
        whats = sorted({m.what for s in subjects for m in s.measurements})
        values = {w: _series([{m.date: m.value for m in s.measurements if m.what == w} for s in subjects], PARTS) for w in whats}
        planned = of_dates([s.planned_start for s in subjects])
        return replace(
            made,
            planned_start=None if np.isnat(planned).all() else planned,
            sex=sexes(s.sex for s in subjects),
            age=ages(s.age for s in subjects),
            codes=tuple(s.code or "" for s in subjects),
            sites=tuple(s.site for s in subjects) if any(s.site for s in subjects) else (),
            records=tuple(told[False]),
            timed=tuple(told[True]),
            weighed=_series(given),
            measured=_series([{**b, **a} for a, b in zip(given, recorded, strict=True)]),
            values={what: series for what, series in values.items() if series is not None},
            earlier=tuple((column, e) for column, subject in enumerate(subjects) for e in subject.earlier),
        )

    def __len__(self) -> int:
        return len(self.start)

    def name(self, column: int) -> str:
        """What a message begins with, to say whom it is about."""
        code = self.codes[column] if self.codes else ""
        return said("subject `{code}`: ", code=clip(code)) if code else said("subject {n}: ", n=column + 1) if len(self) > 1 else ""

    @functools.cached_property
    def last_records(self) -> Dates | None:
        """(n,) the day of each subject's last record of a visit, NaT without one; None where nobody has any."""
        return last_days(len(self), self.records) if self.records else None

    def moved(self) -> Iterator[tuple[int, dt.date, dt.date]]:
        """Of whom the first dose was on another day than planned: the column, day 1, and the day that was planned."""
        if self.planned_start is not None:
            columns = enumerate(zip(to_dates(self.start), to_dates(self.planned_start), strict=True))
            yield from ((column, start, planned) for column, (start, planned) in columns if planned is not None)

    def without_day_1(self, as_of: dt.date) -> tuple[list[int], list[int], list[int]]:
        """The columns of those who have no day 1: of whom one may come, and of whose screening it is known by a day that it has failed; and
        of those who have one behind such a failure, of which nothing is planned."""
        without, failed = np.isnat(self.start), self.first(SCREEN_FAILED) <= np.datetime64(as_of, "D")
        again = failed & (self.start > self.first(SCREEN_FAILED))
        return np.flatnonzero(without & ~failed).tolist(), np.flatnonzero(without & failed).tolist(), np.flatnonzero(again).tolist()

    def screened_again(self) -> list[int]:
        """The columns of those who were screened after a failure: it is that of an earlier screening, and ends nothing."""
        failed = ~np.isnat(self.dates_of(SCREEN_FAILED)).all(axis=0)
        return np.flatnonzero(failed & np.isnat(self.first(SCREEN_FAILED))).tolist()

    @property
    def begins(self) -> np.datetime64:
        """The first day 1 of anybody, or, where nobody has any, the first day that is known of anybody."""
        first: np.datetime64 = np.fmin.reduce(self.start)
        return np.fmin.reduce(self.earliest(OF_SCREENING)) if np.isnat(first) else first

    def first_booked(self) -> set[int]:
        """The columns of those of whom the first dose is booked, and not given."""
        return {column for column, (start, *days) in enumerate(zip(self.start, *self.booked.values(), strict=True)) if start in days}

    def dates_of(self, event: str) -> Dates:
        """(k, n) the dates of an event; k is 0 where nobody had it."""
        return self.events.get(event, np.empty((0, len(self)), dtype="datetime64[D]"))

    def first(self, event: str) -> Dates:
        """(n,) the first date of an event, NaT where it did not happen, and of a failed screening where somebody was screened after it."""
        dates = self.dates_of(event)
        first: Dates = dates[0] if len(dates) else np.full(len(self), NO_DATE)
        return np.where(first < self.first(SCREENED), NO_DATE, first) if event == SCREEN_FAILED else first

    def latest(self, event: str, dates: Dates, columns: slice = slice(None)) -> Dates:
        """(n,) the latest day of an event on or before some dates, NaT where there is none. columns: whose dates they are."""
        happened = self.dates_of(event)[:, columns]
        found: Dates = np.fmax.reduce(np.where(happened <= dates, happened, NO_DATE), axis=0, initial=NO_DATE)
        return found

    def had(self, events: Iterable[str]) -> bool:
        """Whether one of these events happened to somebody."""
        return not self.events.keys().isdisjoint(events)

    def earliest(self, events: Iterable[str]) -> Dates:
        """(n,) the first date of any of these events, NaT where none happened."""
        dates = [self.first(event) for event in events if event in self.events]
        return functools.reduce(np.fmin, dates) if dates else np.full(len(self), NO_DATE)

    def entry(self, period: str) -> Dates:
        """(n,) the recorded first day of a later period."""
        return self.entered.get(period, np.full(len(self), NO_DATE))

    def among(self, columns: NDArray[np.intp]) -> Cohort:
        """Some of the subjects, with what happened to them and their entries, but without their records: for questions about dates."""
        events = {name: dates.take(columns, axis=1) for name, dates in self.events.items()}
        entered = {name: dates.take(columns) for name, dates in self.entered.items()}
        arm = self.arm.take(columns)
        return Cohort(self.start.take(columns), self.grams.take(columns), arm, events, entered, of_study=self.of_study)

    def slices(self, size: int) -> Iterator[Cohort]:
        """The same subjects, `size` at a time: what bounds the memory of a run over very many.

        What is counted over all subjects, as a study stop may be, would be counted over a slice only: give it in `of_study`. Simulated
        trials come in blocks of their own.
        """
        for begin in range(0, len(self), size):
            yield self.chosen(np.arange(begin, min(begin + size, len(self))))

    def chosen(self, chosen: Sequence[int] | NDArray[np.int64]) -> Cohort:
        """Some of the subjects, each once, in the order given; of what is counted over all, see `slices`."""
        assert self.ahead is None
        columns = np.asarray(chosen, dtype=np.int64)
        at = {column: i for i, column in enumerate(columns.tolist())}
        mine = {name: getattr(self, name) for name in self.__struct_fields__}
        one_each = ("start", "grams", "arm", "height", "sex", "age", "planned_start")
        return replace(
            self,
            **{name: mine[name][columns] for name in one_each if mine[name] is not None},
            **{name: {key: days[..., columns] for key, days in mine[name].items()} for name in ("events", "entered", "booked")},
            **{name: tuple((at[c], what) for c, what in mine[name] if c in at) for name in ("records", "timed", "earlier")},
            **{name: tuple(mine[name][c] for c in at) for name in ("codes", "sites") if mine[name]},
            **{name: mine[name].chosen(columns) for name in ("weighed", "measured") if mine[name] is not None},
            values={name: series.chosen(columns) for name, series in self.values.items()},
        )


def sexes(of: Iterable[Sex | None]) -> NDArray[np.float64] | None:
    """Of each subject as a column of a cohort; None where nobody's is known."""
    found = [{"M": 1.0, "F": 0.0}.get(sex or "", np.nan) for sex in of]
    return None if all(map(np.isnan, found)) else np.array(found)


def ages(of: Iterable[int | None]) -> NDArray[np.float64] | None:
    """Of each subject as a column of a cohort; None where nobody's is known."""
    found = [np.nan if age is None else float(age) for age in of]
    return None if all(map(np.isnan, found)) else np.array(found)


def _series(measured: list[dict[dt.date, float]], parts: int = 1000) -> Series | None:
    """What was measured of each subject, in the order of days, as whole numbers of 1/`parts`; None where nobody has any."""
    most = max(map(len, measured), default=0)
    if not most:
        return None
    ordered = [sorted(m.items()) for m in measured]
    dates = [[o[i][0] if i < len(o) else None for o in ordered] for i in range(most)]
    values = [[o[i][1] if i < len(o) else np.nan for o in ordered] for i in range(most)]
    return Series(np.array(dates, dtype="datetime64[D]"), np.rint(np.array(values, dtype=np.float64) * parts))


_MOST_ARMS = np.iinfo(np.int16).max
_NO_ARM = f"an index of an arm is not a whole number from {UNKNOWN_ARM} to {_MOST_ARMS}"
_FINER_KG, _FINER_CM = "a weight is finer than a gram", "a height is finer than a millimetre"


def _column(name: str, value: ArrayLike, n: int, parts: int, finer: str, problems: list[Problem]) -> NDArray[np.float64]:
    return for_everybody(name, whole_numbers(name, value, parts, finer, problems), n, problems)


def _has_names(given: object) -> bool:
    return isinstance(given, Mapping) and all(isinstance(name, str) for name in given)


def _dates_by_name(name: str, given: Mapping[str, ArrayLike] | None, problems: list[Problem]) -> Iterator[tuple[str, Dates]]:
    if given is not None and not _has_names(given):
        problems.append(Problem(f"`{name}` holds no columns by name", hint='give `{"…": dates}`'))
    elif given is not None:
        yield from ((key, day_column(key, value, problems)) for key, value in given.items())


def _weighed(given: tuple[ArrayLike, ArrayLike], n: int, problems: list[Problem]) -> Series | None:
    if not isinstance(given, tuple) or len(given) != 2:
        problems.append(Problem("`weighed` is no pair of days and weights", hint="give `(days, kg)`, each (w, n)"))
        return None
    dates = np.atleast_2d(day_column("weighed", given[0], problems))
    found = whole_numbers("weighed", given[1], 1000, _FINER_KG, problems)
    if found is None:
        return None
    grams = np.atleast_2d(found)
    if dates.shape != grams.shape or dates.ndim != 2 or dates.shape[1] != n:
        words = f"{n} dates, later weights of {dates.shape[1]} days and {grams.shape[1]} kg"
        problems.append(Problem(f"`weighed`: columns of different length: {words}"))
        return None
    if (np.isnat(dates) != np.isnan(grams)).any():
        problems.append(Problem("`weighed`: a day without a weight, or a weight without a day"))
    if (~(dates[:-1] <= dates[1:]) & ~np.isnat(dates[1:])).any():  # else they stand in order, NaT behind them
        order = np.argsort(dates, axis=0, kind="stable")
        dates, grams = np.take_along_axis(dates, order, axis=0), np.take_along_axis(grams, order, axis=0)
    return Series(dates, grams)


def by_column(found: Sequence[tuple[int, dt.date]], n: int) -> Dates:
    """(k, n) each subject's dates in their order, NaT behind them; from pairs of a column and a date."""
    of = np.array([column for column, _ in found], dtype=np.int64)
    dates = of_dates([date for _, date in found])
    order = np.lexsort((dates, of))
    of, dates = of[order], dates[order]
    begins = np.flatnonzero(np.diff(of, prepend=-1))
    nth = np.arange(len(of)) - np.repeat(begins, np.diff(begins, append=len(of)))
    made = np.full((int(nth.max()) + 1, n), NO_DATE)
    made[nth, of] = dates
    return made


def last_days(n: int, records: Sequence[tuple[int, Record]]) -> Dates:
    """(n,) the last day that any of a subject's records is of, NaT without one."""
    last = np.full(n, NO_DATE)
    np.fmax.at(last, [column for column, _ in records], of_dates([record.last or record.date for _, record in records]))
    return last


def arm_index(arm: str | None, arms: Sequence[str]) -> int:
    """The index of an arm; -1 for None. Raises InputError for one that is not there."""
    if arm is None:
        return UNKNOWN_ARM
    if arm not in arms:
        none = f"this regimen has no arms: leave `{argument('arm')}` out"
        hint = did_you_mean(arm, arms) or (f"the arms are {one_of(arms)}" if arms else none)
        raise InputError(Problem(f"unknown arm `{arm}`", hint=hint))
    return list(arms).index(arm)
