"""The ids of the shipped studies, read off the lines of their files."""

from __future__ import annotations

from nmosd_dosing.language import catalog, shipped


def test_the_ids_read_off_the_lines_are_those_of_the_studies() -> None:
    found = []
    for study in catalog.shipped():
        regimens = [study.regimen_id(period) for period in study.own_periods]
        found += [study.id, *(id for id in regimens if id != study.id)]
    assert shipped.ids() == tuple(found)


def test_each_id_is_found() -> None:
    assert all(catalog.find(id) for id in shipped.ids())
