"""A drawing of simulated trials has the same bytes each time, and without matplotlib it is told before anything is simulated."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.command import dosing, output
from tests.kit.paths import ROOT
from tests.kit.simulate_command import BAT, SMALL, belimumab

__all__ = ["belimumab"]  # the fixture


@pytest.mark.parametrize("ending", ["svg", "png", "pdf"])
def test_a_drawing_has_the_same_bytes_each_time(ending: str, tmp_path: Path) -> None:
    one, two = tmp_path / f"one.{ending}", tmp_path / f"two.{ending}"
    assert output(*SMALL, "--plot", str(one)) == output(*SMALL)
    dosing(*SMALL, "--plot", str(two), "--output", os.devnull, TZ="Asia/Shanghai", PYTHONHASHSEED="3")
    assert one.read_bytes() == two.read_bytes()
    if ending == "svg":
        text = one.read_text(encoding="utf-8")
        for words in ("200 simulated trials, seed 1", "35 stop the study", "Infusions by month", "rcp", "left", "50% of trials by "):
            assert words in text
        assert len(text) < 300_000


@pytest.mark.parametrize("stop", ["2024-03-04", "2025-07-02", "never"])
@pytest.mark.parametrize("trials", ["1", "30"])
def test_no_day_or_month_stands_twice_below_a_drawing_and_no_share_is_above_100_percent(stop: str, trials: str, tmp_path: Path) -> None:
    drawn, assumed = tmp_path / "a.svg", tmp_path / "trial.yaml"
    text = (ROOT / "examples" / "bat4406f" / "assumptions.yaml").read_text(encoding="utf-8")
    assumed.write_text(re.sub(r"^idmc_stop:.*", "" if stop == "never" else f"idmc_stop: {stop}", text, flags=re.M), encoding="utf-8")
    output("simulate", "--regimen", "bat4406f", "--assumptions", str(assumed), "--trials", trials, "--plot", str(drawn))
    for number, axes in enumerate(drawn.read_text(encoding="utf-8").split('<g id="axes_')[1:]):
        ticks = {axis: re.findall(rf'id="{axis}tick_.*?<text [^>]*>([^<]*)<', axes, re.S) for axis in "xy"}
        assert len(set(ticks["x"])) == len(ticks["x"]) > 1
        if number == 0:
            assert max(map(int, ticks["y"])) <= 100


def test_a_drawing_without_stop_relapses_or_several_periods(belimumab: tuple[str, ...], tmp_path: Path) -> None:
    file = tmp_path / "a.svg"
    output(*belimumab, "--plot", str(file))
    assert "no trial stops" in file.read_text(encoding="utf-8")


def test_without_matplotlib_it_is_told_before_anything_is_simulated(tmp_path: Path) -> None:
    without = "import sys; sys.modules['matplotlib'] = None; from nmosd_dosing.cli import main; main()"
    asked = [*BAT, "--trials", "1000000000", "--plot", str(tmp_path / "a.svg")]
    done = subprocess.run([sys.executable, "-c", without, *asked], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "error: drawing needs matplotlib, which is not installed\nhint: `pip install 'nmosd_dosing[plot]'`\n"
