"""Belimumab's total dose for several body weights."""

import datetime as dt

from nmosd_dosing import Subject, load, plan

study = load("belimumab")
for weight in (45, 60, 75, 102.5):
    made = plan(study, Subject(dt.date(2025, 1, 6), weight_kg=weight))
    doses = [a for visit in made.visits for a in visit.administrations]
    print(f"{weight:>6} kg: {len(doses)} infusions of {doses[0].amount:g} mg, {doses[-1].cumulative:g} mg in all")
