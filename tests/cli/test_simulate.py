"""`dosing simulate`: files and seeds, what it refuses, real subjects, and how it ends when it is interrupted."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nmosd_dosing.cli.run import simulate as command
from nmosd_dosing.simulation.assumptions.keys import json_schema as of_assumptions
from nmosd_dosing.simulation.assumptions.scenario_file import json_schema as of_scenarios
from tests.kit.broken import load
from tests.kit.command import dosing, errors, output
from tests.kit.paths import ROOT
from tests.kit.running import running
from tests.kit.simulate_command import BAT, MIL62, QUANTILES, SCENARIOS, SMALL, TRIAL, as_json, as_rows, belimumab

__all__ = ["belimumab"]  # the fixture


def test_one_period_by_itself() -> None:
    found = as_json("simulate", "--regimen", "bat4406f-rcp", "--assumptions", str(TRIAL), "--trials", "50")
    assert (found["regimen"], list(found["doses"])) == ("bat4406f-rcp", ["rcp"])
    assert found == as_json("simulate", "--regimen", "bat4406f", "--period", "rcp", "--assumptions", str(TRIAL), "--trials", "50")


def test_vials_and_sites(belimumab: tuple[str, ...]) -> None:
    found = as_json(*belimumab)
    assert [(row["period"], row["product"], row["size"]) for row in found["vials"]] == [
        ("treatment", "belimumab", "120 mg"), ("treatment", "belimumab", "400 mg"),
    ]  # fmt: skip
    assert list(found["vials_per_month"][0]) == ["month", "period", "product", "size", "mean", "error", "sd", *QUANTILES]
    assert [row["site"] for row in found["per_site"]] == ["site 1", "site 2"]
    assert found["per_month_and_site"] == found["vials_per_month_and_site"] == []
    by_site = as_json(*belimumab, "--by-site")
    assert {row["site"] for row in by_site["per_month_and_site"]} == {"site 1", "site 2"}
    total = sum(row["mean"] for row in by_site["per_month_and_site"])
    assert total == pytest.approx(by_site["doses"]["treatment"]["mean"], abs=1e-3)
    assert sum(row["mean"] for row in by_site["vials_per_month_and_site"]) == pytest.approx(
        sum(row["mean"] for row in by_site["vials"]), abs=1e-3
    )
    fewest = as_json(*belimumab, "--vials", "fewest")
    assert sum(row["mean"] for row in fewest["vials"]) < sum(row["mean"] for row in found["vials"])


# --- scenarios ----------------------------------------------------------------------------------------------------------


def test_scenarios_share_their_random_numbers() -> None:
    found = as_json(*SMALL, "--scenarios", str(SCENARIOS))
    assert {key: value for key, value in found.items() if key != "scenarios"} == as_json(*SMALL)
    names = ["accrual halved", "hazard ratio 0.3", "committee stops on 2025-07-02", "committee at 70% of the relapses"]
    assert [scenario["name"] for scenario in found["scenarios"]] == names
    halved, _, committee, share = found["scenarios"]
    difference = halved["differences"]["study_stop"]
    assert list(difference) == ["mean_days", "error_days", "sd_days", "quantiles", "quantile_errors"]
    days = (dt.date.fromisoformat(halved["study_stop"]["mean"]) - dt.date.fromisoformat(found["study_stop"]["mean"])).days
    assert difference["mean_days"] == pytest.approx(days, abs=1)
    assert difference["mean_days"] > 300
    assert difference["error_days"] < halved["study_stop"]["error_days"]  # common random numbers
    assert list(halved["differences"]) == ["study_stop", "enrolled", "relapses", "entries", "doses", "last_dose"]
    assert list(halved["differences"]["enrolled"]) == ["mean", "error", "sd", "quantiles", "quantile_errors"]
    assert committee["study_stop"]["quantiles"]["0.75"] == "2025-07-02"
    assert committee["study_stop"]["by_trigger"]["idmc"] > 0.9
    assert 0 < share["study_stop"]["by_trigger"]["idmc"] < 1
    assert committee["assumptions"]["idmc_stop"] == "2025-07-02"


def test_texts_of_users_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.yaml"
    path.write_text('scenarios: {"[red]faster[/red]": {accrual: 12 per month}}\n', encoding="utf-8")
    trial = tmp_path / "trial.yaml"
    trial.write_text(TRIAL.read_text(encoding="utf-8").replace("title: BAT4406F against", 'title: "[b]\\e[2J" #'), encoding="utf-8")
    text = output("simulate", "--regimen", "bat4406f", "--assumptions", str(trial), "--trials", "50", "--scenarios", str(path))
    assert re.search(r"^ +as assumed +\[red\]faster\[/red\]$", text, re.M)
    assert "\\x1b[2J" in text
    assert "\x1b" not in text


def test_output_and_formats(tmp_path: Path) -> None:
    for name, expected in (
        ("a.json", output(*SMALL, "--format", "json")),
        ("a.csv", output(*SMALL, "--format", "csv")),
        ("a.txt", output(*SMALL)),
    ):
        assert output(*SMALL, "--output", str(tmp_path / name)) == ""
        assert (tmp_path / name).read_text(encoding="utf-8") == expected


# --- the same numbers ---------------------------------------------------------------------------------------------------


def test_one_core_and_two_give_the_same_bytes(tmp_path: Path) -> None:
    arguments = (*BAT, "--trials", "1000", "--scenarios", str(SCENARIOS), "--format", "json")
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert output(*arguments, "--cores", "1", "--output", str(one)) == ""
    done = dosing(*arguments, "--cores", "2", "--output", str(two), PYTHONHASHSEED="7")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert one.read_bytes() == two.read_bytes()


def test_of_real_subjects_with_what_was_recorded_of_them() -> None:
    """They go to the other processes, with tables of which messages show only some columns."""
    tables = [word for name in ("subjects", "events", "visits") for word in (f"--{name}", str(TRIAL.parent / "so-far" / f"{name}.csv"))]
    asked = (*BAT, *tables, "--as-of", "2024-06-30", "--trials", "600", "--format", "json")
    assert output(*asked, "--cores", "2") == output(*asked, "--cores", "1")


def test_seeds() -> None:
    assert as_json(*SMALL, "--seed", "1") == as_json(*SMALL)
    assert as_json(*SMALL, "--seed", "2")["study_stop"] != as_json(*SMALL)["study_stop"]
    assert as_json(*SMALL, "--seed", "18446744073709551615")["seed"] == 2**64 - 1


def test_all_cores_only_for_many_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert [command._cores_for(trials) for trials in (1, 20_000, 20_001)] == [1, 1, 6]


# --- errors -------------------------------------------------------------------------------------------------------------

MOST = "1000000000"


@pytest.mark.parametrize(
    ("option", "text", "message", "hint"),
    [
        ("--trials", "0", "`--trials 0` is out of range", f"from 1 to {MOST}"),
        ("--trials", "-1", "`--trials -1` is out of range", f"from 1 to {MOST}"),
        ("--trials", "1000000001", "`--trials 1000000001` is out of range", f"from 1 to {MOST}"),
        ("--trials", "1e4", "`--trials 1e4` is not a whole number in digits", "write `--trials 10000`"),
        ("--trials", "10,000", "`--trials 10,000` is not a whole number in digits", "write `--trials 10000`"),
        ("--trials", "10k", "`--trials 10k` is not a whole number in digits", "write `--trials 10000`"),
        ("--trials", "1e99", "`--trials 1e99` is not a whole number in digits", f"write digits only, from 1 to {MOST}"),
        ("--trials", "2.5", "`--trials 2.5` is not a whole number in digits", f"write digits only, from 1 to {MOST}"),
        ("--trials", "", "`--trials ` is not a whole number in digits", f"write digits only, from 1 to {MOST}"),
        ("--trials", "１０", "`--trials １０` is not a whole number in digits", f"write digits only, from 1 to {MOST}"),
        ("--seed", "-1", "`--seed -1` is out of range", "from 0 to 18446744073709551615"),
        ("--seed", "18446744073709551616", "`--seed 18446744073709551616` is out of range", "from 0 to 18446744073709551615"),
        ("--seed", "x", "`--seed x` is not a whole number in digits", "write digits only, from 0 to 18446744073709551615"),
        ("--cores", "0", "`--cores 0` is out of range", "from 1 to 1024"),
        ("--cores", "all", "`--cores all` is not a whole number in digits", "write digits only, from 1 to 1024"),
        ("--format", "jsn", "unknown format `jsn`", "did you mean `json`?"),
        ("--vials", "least-wast", "unknown `--vials least-wast`", "did you mean `least-waste`?"),
        ("--plot", "a.gif", "`--plot a.gif` has no ending of a drawing", "end the file's name in `.svg`, `.png` or `.pdf`"),
        ("--output", "", "`--output` is empty", "name a file, or leave the option out"),
        ("--events", "e.csv", "`--events` is about real subjects", "add `--subjects FILE` with subject, start; or leave it out"),
        ("--as-of", "2025-01-01", "`--as-of` is about real subjects", "add `--subjects FILE` with subject, start; or leave it out"),
        ("--on", "idmc_stop=2025-07-02", "`--on` is about real subjects",
         "a date that is assumed stands in the assumptions: `idmc_stop: 2025-07-02`"),
        ("--scenarios", "nowhere.yaml", "cannot read `nowhere.yaml`: No such file or directory", "check the name"),
    ],
)  # fmt: skip
def test_refusals(option: str, text: str, message: str, hint: str) -> None:
    assert errors(*BAT, option, text) == f"error: {message}\nhint: {hint}\n"


def test_all_problems_are_shown_at_once(tmp_path: Path) -> None:
    file = str(tmp_path / "a.svg")
    asked = ("simulate", "--trials", "0", "--seed", "x", "--format", "xml", "--output", file, "--plot", file)
    assert errors(*asked).splitlines()[::3] == [
        "error: unknown format `xml`",
        "error: `--trials 0` is out of range",
        "error: `--seed x` is not a whole number in digits",
        "error: `--plot` and `--output` name one file",
        "error: `--regimen` is missing",
        "error: `--assumptions` is missing",
    ]
    assert not Path(file).exists()


def test_files_that_are_read_are_not_written_over(tmp_path: Path) -> None:
    copy = tmp_path / "trial.yaml"
    copy.write_bytes(TRIAL.read_bytes())
    asked = ("simulate", "--regimen", "bat4406f", "--assumptions", str(copy), "--output", str(copy))
    assert errors(*asked).endswith("error: `--output` and `--assumptions` name one file\nhint: name two\n")
    assert copy.read_bytes() == TRIAL.read_bytes()


def test_mistakes_in_the_files_are_drawn_at_their_place(tmp_path: Path) -> None:
    wrong = tmp_path / "trial.yaml"
    wrong.write_text(TRIAL.read_text(encoding="utf-8").replace("declines: 5%", "declines: 0.05"), encoding="utf-8")
    found = errors("simulate", "--regimen", "bat4406f", "--assumptions", str(wrong))
    assert f"--> {wrong}:" in found
    assert "write `5%`" in found
    other = errors("simulate", "--regimen", "mil62", "--assumptions", str(TRIAL))
    assert other.startswith("error: these assumptions are for the study `bat4406f`, not for `mil62`\n")


def test_a_folder_that_is_not_there_is_told_before_anything_is_simulated(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere" / "a.svg"
    assert errors(*BAT, "--trials", MOST, "--plot", str(nowhere), "--output", str(tmp_path / "a.json")) == (
        f"error: cannot write `{nowhere}`: there is no such folder\nhint: name a file in a folder that is there and can be written\n"
    )


def test_nothing_is_written_where_one_of_the_files_cannot_be(tmp_path: Path) -> None:
    folder = tmp_path / "a.svg"
    folder.mkdir()
    found = errors(*SMALL, "--plot", str(folder), "--output", str(tmp_path / "a.json"))
    assert found.startswith(f"error: cannot write `{folder}`: it is a folder\n")
    assert list(tmp_path.iterdir()) == [folder]


# --- real subjects so far -----------------------------------------------------------------------------------------------

SO_FAR = ("--subjects", "examples/course/subjects.csv", "--events", "examples/course/events.csv", "--visits", "examples/course/visits.csv")


def test_every_trial_begins_with_the_real_subjects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    found = as_json(*SMALL, *SO_FAR, "--as-of", "2025-07-10")
    assert (found["unblinded"], found["meta"]["as_of"], found["subjects_so_far"]) == (False, "2025-07-10", 6)
    assert "each trial goes on from 6 real subjects up to 2025-07-10" in output(*SMALL, *SO_FAR, "--as-of", "2025-07-10")


def test_unblinded_numbers_say_so_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    codes = [line.split(",")[0] for line in Path("examples/course/subjects.csv").read_text(encoding="utf-8").splitlines()[1:]]
    arms = tmp_path / "arms.csv"
    arms.write_text("subject,arm\n" + "".join(f"{code},{'placebo' if i % 3 else 'bat4406f'}\n" for i, code in enumerate(codes)))
    asked = (*SMALL, *SO_FAR, "--allocation", str(arms), "--as-of", "2025-07-10")
    assert as_json(*asked)["unblinded"] is False
    assert next(iter(as_json(*asked, "--unblind").items())) == ("unblinded", True)
    assert {row["unblinded"] for row in as_rows(*asked, "--unblind")} == {"true"}
    assert output(*asked, "--unblind").startswith("UNBLINDED: the arms of real subjects were used\n")
    drawing = tmp_path / "a.svg"
    output(*asked, "--unblind", "--plot", str(drawing))
    assert "UNBLINDED" in drawing.read_text(encoding="utf-8")


def test_real_subjects_need_a_day_and_arms_to_unblind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert errors(*SMALL, *SO_FAR) == (
        "error: `--subjects` needs `--as-of`\n"
        "hint: the day up to which the tables hold all that happened, for example `--as-of 2025-06-30`\n"
    )
    assert errors(*SMALL, *SO_FAR, "--as-of", "2025-07-10", "--unblind") == (
        "error: `--unblind` needs everybody's arm\nhint: add `--allocation FILE` with subject, arm\n"
    )


# --- the examples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "schema"), [(TRIAL, of_assumptions()), (MIL62, of_assumptions()), (SCENARIOS, of_scenarios())])
def test_editors_accept_the_examples(path: Path, schema: dict[str, Any]) -> None:
    assert jsonschema.Draft202012Validator(schema).is_valid(load(path))


# --- waiting, and not waiting -------------------------------------------------------------------------------------------


def test_a_person_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from nmosd_dosing.cli import edge

    with edge.bar(10, "trials") as told:
        assert told is None  # a pipe

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with edge.bar(10, "trials") as told:
        assert told is not None
        told(5)
    assert "trials" in shown.getvalue()


def _processes(group: int) -> list[int]:
    """The processes of a group that have not ended, by what Linux says of each."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            state, _, of = (folder / "stat").read_text().rpartition(")")[2].split()[:3]
            if int(of) == group and state != "Z":
                found.append(int(folder.name))
    return found


def _deaf(process: int) -> bool:
    """Whether a process ignores an interrupt."""
    with contextlib.suppress(OSError):
        masks = re.findall(r"^SigIgn:\s*(\w+)$", (Path("/proc") / str(process) / "status").read_text(), re.M)
        return any(int(mask, 16) >> (signal.SIGINT - 1) & 1 for mask in masks)
    return False


def _until(happens: Any) -> None:
    """Waits for something; a minute at most."""
    limit = time.monotonic() + 60
    while not happens():
        assert time.monotonic() < limit
        os.sched_yield()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("cores", [1, 2])
def test_an_interrupt_leaves_nothing_behind(cores: int, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    asked = [*BAT, "--trials", MOST, "--cores", str(cores), "--output", str(file), "--plot", str(tmp_path / "a.svg")]
    with running([sys.executable, "-m", "nmosd_dosing", *asked]) as program:
        group = program.pid
        busy = Path("/proc") / str(group) / "stat"
        if cores > 1:  # those that work ignore an interrupt: it is for the one that waits for them
            _until(lambda: sum(_deaf(process) for process in _processes(group) if process != group) >= 1 + cores)
        else:
            _until(lambda: int(busy.read_text().rpartition(")")[2].split()[11]) > 150)  # 1.5 seconds of work: it simulates
        os.killpg(group, signal.SIGINT)
        out, err = program.communicate(timeout=60)
        _until(lambda: not _processes(group))
    assert (program.returncode, out, err) == (130, b"", b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks at processes as Linux shows them")
@pytest.mark.parametrize("others", [1, 2, 3])
def test_an_interrupt_while_processes_begin_is_as_quiet(others: int) -> None:
    with running([sys.executable, "-m", "nmosd_dosing", *BAT, "--trials", MOST, "--cores", "2"]) as program:
        _until(lambda: len(_processes(program.pid)) > others)
        os.killpg(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=60)
        _until(lambda: not _processes(program.pid))
    assert (out, err) == (b"", b"")
    assert program.returncode in (130, -signal.SIGINT)
