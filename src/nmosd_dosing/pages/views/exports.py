"""The way out: all that an account may see, as the tables and files that the command line reads."""

from __future__ import annotations

import io
import zipfile

from django.http import HttpResponse

from nmosd_dosing.pages.access import Asked, download, page
from nmosd_dosing.register import stock
from nmosd_dosing.register.reading import studies, tables, trail
from nmosd_dosing.register.reading.tables import Whose
from nmosd_dosing.report.export.plain import Sheet, csv_text
from nmosd_dosing.report.export.trail import trail_sheet
from nmosd_dosing.subjects.tables import written

_WHEN = (1980, 1, 1, 0, 0, 0)  # of every file: the same content is the same bytes


@page()
def everything(request: Asked) -> HttpResponse:
    """The tables as `dosing register export` writes them, the trail, the study files and the site files."""
    desk = request.desk
    arms = desk.arms
    which = [table for table in written.COLUMNS if table != tables.ARMS or arms is not None]
    held = tables.held(desk.register, which, Whose(None, desk.who.sites))
    files = {f"{table}.csv": written.table_bytes(table, tables.rows(mine)) for table, mine in held.items()}
    files["stock.csv"] = csv_text(Sheet("stock", stock.COLUMNS, stock.rows(stock.held(desk.register, desk.who)))).encode()
    files["trail.csv"] = csv_text(trail_sheet(trail.lines(desk.register, desk.who, arms=arms))).encode()
    files |= {f"files/{f.kind}-{f.id}-version-{f.version}.yaml": f.content for f in studies.files(desk.facts)}
    return download(f"register-{desk.today.isoformat()}.zip", _packed(files), "application/zip")


def _packed(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _WHEN), content, zipfile.ZIP_DEFLATED)
    return made.getvalue()
