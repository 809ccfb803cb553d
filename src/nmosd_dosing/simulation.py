"""The whole trial, many times: draw, expand, count. `simulate()` and what comes of it.

Trials are worked out in blocks that fit into a processor's cache. A block is a cohort whose columns are all its subjects of all its
trials, and goes through the same core as one subject's plan.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from nmosd_dosing import course as courses
from nmosd_dosing.assumptions import Assumptions
from nmosd_dosing.blind import mask
from nmosd_dosing.cohort import Cohort
from nmosd_dosing.days import LAST_DATE, shift
from nmosd_dosing.draws import Draws, trials_per_block
from nmosd_dosing.errors import InputError, Problem
from nmosd_dosing.expansion import expand
from nmosd_dosing.futures import Beginning, sites, subjects
from nmosd_dosing.model import Period, Stop, Study, Trigger
from nmosd_dosing.outcomes import Calendar, Outcome, of_course, of_schedule, stay_of
from nmosd_dosing.tallies import NONE, Grid, Numbers, Tally
from nmosd_dosing.vials import Policy

MOST_TRIALS = 100_000_000
_KEPT = 31 << 20  # bytes
