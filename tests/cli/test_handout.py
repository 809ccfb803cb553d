"""`dosing handout`: one page for one patient, and what it refuses."""

from __future__ import annotations

from pathlib import Path

from tests.kit.command import dosing, errors
from tests.kit.site_facts import EXAMPLE

ASKED = ("handout", "--regimen", "bat4406f", "--as-of", "2025-06-20", "--site", str(EXAMPLE))
ONE = (*ASKED, "--start", "2025-01-06", "--subject", "0012")


def test_the_page_is_written_and_what_is_not_on_it_is_said(folder: Path) -> None:
    done = dosing(*ONE, "--output", "visits.html")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "not on the page: rcp/D1: nothing is recorded of it, and its last day has passed\n"
    page = (folder / "visits.html").read_text(encoding="utf-8")
    assert "2025-07-06 Sun" in page and "A hospital that does not exist" in page and "0012<" not in page
    assert dosing(*ONE).stdout == page
    assert "您接下来的访视" in dosing(*ONE, "--lang", "zh").stdout
    assert "Code: 0012" in dosing(*ONE, "--with-code").stdout


def test_one_subject_of_a_table(folder: Path) -> None:
    (folder / "s.csv").write_text("subject,start\n0101,2025-01-06\n0102,2025-01-20\n", encoding="utf-8")
    assert "2025-07-20 Sun" in dosing(*ASKED, "--subjects", "s.csv", "--subject", "0102").stdout
    assert errors(*ASKED, "--subjects", "s.csv") == "error: a handout is for one subject\nhint: name the subject: `--subject CODE`\n"


def test_what_is_refused(folder: Path) -> None:
    assert errors(*ONE, "--lang", "de") == "error: unknown language `de`\nhint: write `en` or `zh`\n"
    assert errors(*ONE, "--output", "visits.pdf").startswith("error: `--output visits.pdf` is the name of a document\n")
    assert errors(*ONE, "--output", "visits.csv").startswith("error: ")
    assert errors(*ONE, "--output", "visits.txt") == (
        "error: `--output visits.txt` ends in `.txt`, which cannot be written here\nhint: name a file that ends in `.html`\n"
    )
    assert errors(*ONE, "--unblind").startswith("error: no such option: --unblind")
