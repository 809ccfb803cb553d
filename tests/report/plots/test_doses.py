"""A drawing of doses has a title, units and a legend, the same bytes each time, and nothing that is masked."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.command import dosing, errors, output
from tests.kit.doses_command import BELIMUMAB, WEIGHTS
from tests.kit.paths import ROOT


def test_a_drawing_has_a_title_units_and_a_legend_and_is_the_same_each_time(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.svg", "b.svg")]
    for file in files:
        assert "6300" in output(*BELIMUMAB, *WEIGHTS, "--plot", str(file))
    text = files[0].read_text("utf-8")
    assert text == files[1].read_text("utf-8")
    for words in (
        "Belimumab in AQP4-IgG-positive NMOSD",
        "regimen belimumab: cumulative dose by body weight",
        "belimumab, cumulative dose (mg)",
        "study day (day 1: first day of treatment)",
        "body weight",
        *("45 kg", "60 kg", "75 kg", "102.5 kg"),
    ):
        assert f">{words}<" in text
    assert "<dc:date>" not in text


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("PDF", b"%PDF"), ("SVG", b"<?xml")])
def test_a_drawing_is_what_its_name_says(ending: str, magic: bytes, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.{ending}" for name in "ab"]
    for file in files:
        output(*BELIMUMAB, "--weights", "40:120:2", "--plot", str(file), "--output", str(tmp_path / "out.json"))
    assert files[0].read_bytes().startswith(magic) and files[0].read_bytes() == files[1].read_bytes()
    assert len(json.loads((tmp_path / "out.json").read_text("utf-8"))["weights"]) == 41


def test_hostile_names_are_drawn_as_they_are(tmp_path: Path) -> None:
    text = (ROOT / "regimens" / "belimumab.yaml").read_text("utf-8")
    study, drawing = tmp_path / "study.yaml", tmp_path / "a.svg"
    study.write_text(text.replace("Belimumab in AQP4-IgG-positive NMOSD", '"$x^{$ <b>药物 A</b> \\e[2J"'), encoding="utf-8")
    output("doses", "--regimen", str(study), "--weights", "60", "--plot", str(drawing))
    assert "$x^{$ &lt;b&gt;药物 A&lt;/b&gt; \\x1b[2J" in drawing.read_text("utf-8")


def test_unblinded_drawings_say_so_and_masked_ones_are_not_drawn(tmp_path: Path) -> None:
    masked = ("doses", "--regimen", "mil62", "--weights", "60", "--plot", str(tmp_path / "a.svg"))
    assert errors(*masked, "--output", str(tmp_path / "a.txt")) == (
        "error: no total can be drawn: doses are masked\nhint: `--arm ARM --unblind` shows them\n"
    )
    assert not list(tmp_path.iterdir())
    output(*masked, "--arm", "placebo", "--unblind")
    assert ">UNBLINDED: arm placebo<" in (tmp_path / "a.svg").read_text("utf-8")


def test_without_matplotlib_one_line_says_how_to_get_it(tmp_path: Path) -> None:
    without = "import sys; sys.modules['matplotlib'] = None; from nmosd_dosing.cli import main; main()"
    asked = [*BELIMUMAB, *WEIGHTS]
    done = subprocess.run([sys.executable, "-c", without, *asked, "--plot", str(tmp_path / "a.svg"), "--output", str(tmp_path / "a.txt")],
                          capture_output=True, text=True, encoding="utf-8", check=False)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: drawing needs matplotlib, which is not installed\nhint: `pip install 'nmosd_dosing[plot]'`\n"
    assert not list(tmp_path.iterdir())
    assert dosing(*asked).returncode == 0
