"""The command line as its users and other programs meet it: outputs, exit codes, errors, files."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from nmosd_dosing.cli import app, complete, edge

ROOT = Path(__file__).resolve().parent.parent
MIL62 = ("plan", "--regimen", "mil62-rcp", "--start", "2025-01-06")
BELIMUMAB = ("plan", "--regimen", "belimumab", "--start", "2025-01-06")


def dosing(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command, in this process; in one of its own where the environment matters."""
    if environment:
        return subprocess.run([sys.executable, "-m", "nmosd_dosing", *arguments], capture_output=True, text=True, encoding="utf-8",
                              check=False, timeout=60, env={**os.environ, **environment})  # fmt: skip
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dosing", *arguments])
        code = edge.run(app)
        out.flush()
        err.flush()
    written = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *written)


def output(*arguments: str, **environment: str) -> str:
    done = dosing(*arguments, **environment)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def plan_json(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output(*arguments, "--format", "json"))
    return found


def errors(*arguments: str) -> str:
    done = dosing(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done
    assert "Traceback" not in done.stderr
    return done.stderr


# --- what comes out ----------------------------------------------------------------------------------------------------


def test_json_has_the_fields_that_programs_rely_on() -> None:
    plan = plan_json(*BELIMUMAB, "--weight", "102.5", "--subject", "0012")
    assert list(plan) == [
        "unblinded", "meta", "regimen", "study", "title", "site", "arm", "subject", "start", "weight_kg", "height_cm",
        "until", "periods", "visits", "spans", "transitions", "intensity", "notes",
    ]  # fmt: skip
    assert set(plan["meta"]) == {"program", "study_sha256", "as_of"} and plan["meta"]["as_of"] is None
    assert (plan["unblinded"], plan["arm"], plan["subject"], plan["start"], plan["weight_kg"]) == (False, None, "0012", "2025-01-06", 102.5)
    last = plan["visits"][-2]
    assert {k: last[k] for k in ("id", "period", "label", "status", "target", "actual", "earliest", "latest", "last")} == {
        "id": "treatment/D336", "period": "treatment", "label": "D336", "status": "planned", "target": "2025-12-08",
        "actual": None, "earliest": None, "latest": None, "last": None,
    }  # fmt: skip
    assert (last["study_day"], last["period_day"], last["week"], last["assessments"]) == (337, 336, "W49D1", [])
    assert last["administrations"] == [{
        "product": "belimumab", "route": "IV infusion", "amount": 1025, "unit": "mg", "dose_rule": "10 mg/kg", "amount_status": "stated",
        "duration_minutes": None, "cumulative": 14350, "cumulative_per_kg": 140, "times": 1, "total": 1025, "per_day": None, "planned": 1025, "recorded": False, "lead": None,
        "weight_kg": 102.5, "weight_of": None, "weight_status": "baseline",
        "vials": [{"size": "120 mg", "count": 2}, {"size": "400 mg", "count": 2}], "dispensed": 1040, "waste": 15, "volume_ml": 12.8125,
    }]  # fmt: skip
    assert plan["spans"] == [
        {"id": "attacks", "name": "Attacks are counted", "from": "2025-01-06", "to": "2026-01-06", "status": "planned",
         "source": "Primary outcome measure"}
    ]  # fmt: skip
    assert plan["periods"] == [
        {"period": "treatment", "title": "Treatment", "start": "2025-01-06", "end": None, "left": None, "status": "planned"}
    ]
    assert {"no-window", "assumed", "weight"} <= {note["code"] for note in plan["notes"]}


def test_csv_has_a_row_for_each_dose_and_assessment() -> None:
    rows = list(csv.DictReader(io.StringIO(output(*BELIMUMAB, "--weight", "60", "--format", "csv"))))
    assert len(rows) == 14 + 4
    assert next(iter(rows[0])) == "unblinded" and rows[0]["unblinded"] == "false"
    assert [r["assessment"] for r in rows if r["assessment"]] == ["MRI", "MRI", "MRI", "final evaluation"]
    assert [r["cumulative"] for r in rows if r["product"]][-1] == "8400"
    assert rows[0]["arm"] == "" and rows[0]["earliest"] == ""


def test_a_text_that_a_spreadsheet_would_run_is_quoted_and_numbers_are_not(tmp_path: Path) -> None:
    study = tmp_path / "s.yaml"
    study.write_text(
        "language: 1\nstudy: s\ntitle: t\nsource: not stated\ndays: from 1\nproducts: {X: {}}\n"
        'periods:\n  main:\n    visits:\n      - {at: D-28, assess: "=1+1"}\n      - {at: D1, give: X 5 mg}\n',
        encoding="utf-8",
    )
    done = output("plan", "--regimen", str(study), "--start", "2025-01-06", "--subject", '@x,"y"', "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done)))
    assert (rows[0]["subject"], rows[0]["assessment"], rows[0]["study_day"]) == ('\'@x,"y"', "'=1+1", "-28")


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_both_arms_and_none_give_the_same_bytes_while_masked(format: str) -> None:
    for regimen, arms in (("mil62-rcp", ("mil62", "placebo")), ("mil62-olp", ("mil62", "placebo")),
                          ("bat4406f-rcp", ("bat4406f", "placebo")), ("bat4406f-olp", ("bat4406f", "placebo"))):  # fmt: skip
        asked = ("plan", "--regimen", regimen, "--start", "2025-01-06", "--weight", "60", "--format", format)
        assert len({output(*asked), *(output(*asked, "--arm", arm) for arm in arms)}) == 1


def test_unblinding_says_so_first() -> None:
    asked = (*MIL62, "--arm", "placebo", "--unblind")
    assert output(*asked).startswith("UNBLINDED: arm placebo\n")
    assert output(*asked, "--format", "json").startswith('{\n  "unblinded": true,')
    assert output(*asked, "--format", "csv").splitlines()[1].startswith("true,mil62-rcp,mil62,placebo,")
    assert [a["amount"] for v in plan_json(*asked)["visits"] for a in v["administrations"]] == [0, 0, 0, 0]


def test_unblinding_needs_the_arm_only_where_something_is_blinded() -> None:
    assert "`--unblind` needs the arm\nhint: add `--arm` with `mil62` or `placebo`" in errors(*MIL62, "--unblind")
    assert output(*BELIMUMAB, "--unblind") == output(*BELIMUMAB)
    olp = ("plan", "--regimen", "bat4406f-olp", "--start", "2025-08-31")
    assert output(*olp, "--unblind", "--arm", "placebo") == output(*olp)


def test_an_open_difference_between_arms_waits_for_the_arm() -> None:
    phase1b = ("plan", "--regimen", "mil62-phase1b", "--start", "2025-01-06")
    waiting = plan_json(*phase1b)
    assert {a["amount_status"] for v in waiting["visits"] for a in v["administrations"]} == {"needs arm"}
    low = plan_json(*phase1b, "--arm", "500mg")
    assert low["arm"] == "500mg" and low["visits"][-1]["administrations"][0]["cumulative"] == 5500
    assert "dose-change" in {note["code"] for note in low["notes"]}


def test_dates_come_without_a_weight_and_the_amount_waits() -> None:
    [dose] = plan_json(*BELIMUMAB)["visits"][0]["administrations"]
    assert (dose["amount"], dose["amount_status"], dose["dose_rule"]) == (None, "needs weight", "10 mg/kg")


def test_an_open_end_is_drawn_for_24_months_or_up_to_a_date_and_says_so() -> None:
    olp = ("plan", "--regimen", "bat4406f-olp", "--start", "2025-08-31")
    plan = plan_json(*olp)
    assert [v["target"] for v in plan["visits"]] == ["2025-08-31", "2026-02-28", "2026-08-31", "2027-02-28", "2027-08-31"]
    assert [v["label"] for v in plan["visits"]] == ["D1", "D1+6mo", "D1+12mo", "D1+18mo", "D1+24mo"]
    assert "open-ended" in {note["code"] for note in plan["notes"]}
    assert len(plan_json(*olp, "--until", "2028-02-29")["visits"]) == 6
    assert len(plan_json(*olp, "--until", "2028-02-28")["visits"]) == 5
    assert len(plan_json(*olp, "--until", "2025-08-31")["visits"]) == 1


def test_until_cuts_a_plan_and_says_how_much(tmp_path: Path) -> None:
    plan = plan_json(*MIL62, "--until", "2025-06-22")
    assert [v["label"] for v in plan["visits"]] == ["W1D1", "W3D1"]
    assert "2 planned visits after 2025-06-22 Sun not shown" in [note["message"] for note in plan["notes"]]


def test_a_sunday_is_reported_and_not_moved() -> None:
    plan = plan_json("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06")
    assert plan["visits"][1]["target"] == "2025-07-06"
    assert {"code": "weekend", "message": "on a Sunday; no rule is stated, nothing is moved", "visits": ["rcp/D182"]} in plan["notes"]
    assert "2025-07-06 Sun" in output("plan", "--regimen", "bat4406f-rcp", "--start", "2025-01-06")


def test_an_asked_for_window_stands_in_where_none_is_stated() -> None:
    visit = plan_json(*MIL62, "--window", "-2d/+5d")["visits"][1]
    assert (visit["earliest"], visit["target"], visit["latest"]) == ("2025-01-18", "2025-01-20", "2025-01-25")
    stated = plan_json("plan", "--regimen", str(ROOT / "examples/windows.yaml"), "--start", "2025-01-06", "--window", "9d")
    assert (stated["visits"][3]["earliest"], stated["visits"][3]["latest"]) == ("2025-02-14", "2025-02-20")


def test_piped_tables_have_no_colours_and_no_wrapped_cells() -> None:
    for asked in (MIL62, BELIMUMAB, ("show", "belimumab"), ("regimens",)):
        text = output(*asked, FORCE_COLOR="1")
        assert "\x1b" not in text
        assert not [line for line in text.splitlines() if line != line.rstrip()]
    assert len([line for line in output(*BELIMUMAB).splitlines() if line.startswith("D")]) == 14


def test_a_terminal_of_80_columns_shows_no_torn_row_and_no_color_is_heeded() -> None:
    import pty

    def terminal(**environment: str) -> str:
        primary, secondary = pty.openpty()
        subprocess.run([sys.executable, "-m", "nmosd_dosing", *BELIMUMAB, "--weight", "60"], stdout=secondary, check=True,
                       env={**os.environ, "COLUMNS": "80", "TERM": "xterm-256color", **environment})  # fmt: skip
        os.close(secondary)
        text = b""
        while chunk := _read(primary):
            text += chunk
        os.close(primary)
        return text.decode()

    coloured, plain = terminal(), terminal(NO_COLOR="1")
    assert "\x1b[1" in coloured and "\x1b[33" not in plain and "\x1b[1;33" not in plain
    assert len([line for line in plain.splitlines() if "belimumab 600 mg" in line]) == 14


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # the other end is closed
        return b""


def test_python_m_and_the_command_are_the_same() -> None:
    command = Path(sys.executable).parent / "dosing"
    assert subprocess.run([command, *MIL62], capture_output=True, text=True, encoding="utf-8", check=True).stdout == output(*MIL62)


def test_output_hangs_on_neither_locale_nor_time_zone_nor_hash_seed() -> None:
    usual = output(*BELIMUMAB, "--format", "table")
    for environment in (
        {"LC_ALL": "C"},
        {"TZ": "Pacific/Kiritimati"},
        {"PYTHONHASHSEED": "7"},
        {"PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    ):
        assert output(*BELIMUMAB, "--format", "table", **environment) == usual


def test_help_shows_examples_and_loads_nothing_heavy() -> None:
    text = output("plan", "--help")
    assert "dosing plan --regimen mil62-rcp --start 2025-01-06" in text
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "nmosd_dosing", "--help"], capture_output=True, text=True, check=True
    ).stderr
    modules = {line.rsplit("|", 1)[1].strip() for line in loaded.splitlines() if "|" in line}
    assert not modules & {"numpy", "icalendar", "pydantic", "yaml", "rich"}


def test_the_shell_completes_regimens_periods_and_arms() -> None:
    assert complete.regimens("mil") == ["mil62", "mil62-phase1b", "mil62-rcp", "mil62-olp"]
    assert complete.arms("mil62-phase1b", None, "") == ["500mg", "1000mg"]
    assert complete.arms("mil62", "rcp", "p") == ["placebo"]
    assert complete.arms("nonsense", None, "") == [] and complete.arms(None, None, "") == []
    assert complete.periods("mil62", "") == ["phase1b", "rcp", "olp"]


# --- files -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_a_file_holds_what_the_terminal_shows(format: str, tmp_path: Path) -> None:
    file = tmp_path / "plan.out"
    assert output(*MIL62, "--format", format, "--output", str(file)) == ""
    assert file.read_bytes().decode() == output(*MIL62, "--format", format)
    assert [p.name for p in tmp_path.iterdir()] == ["plan.out"]


def test_a_file_keeps_its_permissions_and_a_link_its_target(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "b"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    output(*MIL62, "--output", str(link))
    assert link.is_symlink() and "W27D1" in file.read_text("utf-8") and stat.S_IMODE(file.stat().st_mode) == 0o640


def test_what_cannot_be_written_leaves_no_trace(tmp_path: Path) -> None:
    assert "cannot write `" in errors(*MIL62, "--output", str(tmp_path / "no" / "plan.txt"))
    assert "cannot write `" in errors(*MIL62, "--output", str(tmp_path))
    assert "`--output` is empty" in errors(*MIL62, "--output", "")
    kept = tmp_path / "kept.txt"
    kept.write_text("old")
    errors("plan", "--regimen", "mil62-rcp", "--start", "2025-02-30", "--output", str(kept))
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("kept.txt", "old")]


def test_a_full_disk_is_an_error_and_a_closed_pipe_is_not() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-m", "nmosd_dosing", *MIL62], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2 and "cannot write the output" in done.stderr and "Traceback" not in done.stderr
    command = [sys.executable, "-m", "nmosd_dosing", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == "" and process.wait(30) == 0


@pytest.mark.skipif(os.name == "nt", reason="closes streams as a POSIX shell does")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_closed_streams_are_no_defect(closed: str, tmp_path: Path) -> None:
    ics = tmp_path / "v.ics"
    command = f"{sys.executable} -m nmosd_dosing {' '.join(MIL62)} --format csv --ics {ics} {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0
    assert ics.read_bytes().endswith(b"END:VCALENDAR\r\n")
    assert "added" not in done.stdout, "messages never go where the data goes"


def test_an_interrupt_ends_with_130_and_a_defect_with_3(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(**_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it

    def broken(**_: object) -> None:
        raise ZeroDivisionError

    assert edge.run(stopped) == 130  # type: ignore[arg-type]
    assert "Traceback" not in capsys.readouterr().err
    assert edge.run(broken) == 3  # type: ignore[arg-type]
    assert "this is a defect of the program" in capsys.readouterr().err


# --- wrong input -------------------------------------------------------------------------------------------------------

# ruff: noqa: E501
ARGUMENT_ERRORS = [
    (("--start", "2025-1-6"), "error: `--start 2025-1-6` is not a date\nhint: write `2025-01-06`"),
    (("--start", "2025/1/6"), "error: `--start 2025/1/6` is not a date\nhint: write `2025-01-06`"),
    (("--start", "06/01/2025"), "error: `--start 06/01/2025` is not a date\nhint: day and month cannot be told apart; write it as YYYY-MM-DD"),
    (("--start", "2025-02-29"), "error: `--start 2025-02-29`: there is no such day\nhint: check the month and the day; a date is YYYY-MM-DD"),
    (("--start", "tomorrow"), "error: `--start tomorrow` is not a date\nhint: write it as YYYY-MM-DD, for example `2025-01-06`"),
    (("--start", "２０２５-０１-０６"), "error: `--start ２０２５-０１-０６` is not a date\nhint: write `2025-01-06`"),
    (("--start", "9999-12-31"), "error: W3D1 of `rcp` falls outside the years 1 to 9999\nhint: give another start date"),
    (("--weight", "0"), "error: `--weight 0` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    (("--weight", "501"), "error: `--weight 501` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    (("--weight", "1000000000"), "error: `--weight 1000000000` cannot be a body weight\nhint: write kilograms, more than 0 and at most 500"),
    (("--weight", "-60"), "error: `--weight -60` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    (("--weight", "nan"), "error: `--weight nan` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    (("--weight", "60,5"), "error: `--weight 60,5` has a decimal comma\nhint: write `60.5`"),
    (("--weight", "60kg"), "error: `--weight 60kg` is not a weight\nhint: write kilograms as a plain number, for example `60` or `60.5`"),
    (("--weight", "60.0005"), "error: `--weight 60.0005` is finer than a gram\nhint: write `60.000`"),
    (("--arm", "placbo"), "error: unknown arm `placbo`\nhint: did you mean `placebo`?"),
    (("--arm", ""), "error: unknown arm ``\nhint: the arms are `mil62` or `placebo`"),
    (("--format", "jsn"), "error: unknown format `jsn`\nhint: did you mean `json`?"),
    (("--until", "2025-01-05"), "error: `--until 2025-01-05` is before `--start 2025-01-06`\nhint: give a later day"),
    (("--window", "3"), "error: `--window 3`: expected a window in days, found `3`\nhint: write for example `±3d`, `-3d/+7d`, `+5d` or `not stated`"),
    (("--subject", ""), "error: `--subject` is empty\nhint: write the subject's code, or leave the option out"),
    (("--subject", "a\x1b[2J"), "error: `--subject` holds a control character (U+001B)\nhint: type the code again"),
    (("--subject", "a\u202eb"), "error: `--subject` holds a control character (U+202E)\nhint: type the code again"),
    (("--regimen", "mil26-rcp"), "error: unknown regimen `mil26-rcp`\nhint: did you mean `mil62-rcp`?"),
    (("--regimen", "no/such.yaml"), "error: cannot read `no/such.yaml`: there is no such file\nhint: give the path of a study file"),
    (("--period", "olp"), "error: unknown period `olp`\nhint: `mil62-rcp` has `rcp`"),
    (("--nonsense",), "error: no such option: --nonsense\nhint: `dosing --help` and `dosing COMMAND --help` show what there is"),
    (("--reminder", "3d"), "error: no such option: --reminder\nhint: did you mean `--remind`?"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), ARGUMENT_ERRORS, ids=lambda a: " ".join(a)[:30] if isinstance(a, tuple) else "")
def test_wrong_arguments(arguments: tuple[str, ...], text: str) -> None:
    assert errors(*MIL62, *arguments) == text + "\n"


def test_all_wrong_arguments_are_shown_at_once() -> None:
    text = errors("plan", "--start", "1/2/3", "--weight", "x", "--window", "x", "--format", "x", "--until", "x", "--subject", " ")
    assert text.count("error: ") == 7
    assert text.count("hint: ") == 7


def test_a_weight_or_until_that_cannot_be_is_an_error_even_where_no_dose_needs_it() -> None:
    assert "cannot be a body weight" in errors(*MIL62, "--weight", "0")


def test_a_period_of_a_file_is_named_by_period() -> None:
    file = str(ROOT / "regimens" / "mil62.yaml")
    whole = output("plan", "--regimen", file, "--start", "2025-01-06")
    assert whole == output("plan", "--regimen", "mil62", "--start", "2025-01-06")
    assert output("plan", "--regimen", file, "--period", "rcp", "--start", "2025-01-06") == output(*MIL62)


def test_validate_goes_on_to_the_next_file(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("language: 1\n", encoding="utf-8")
    done = dosing("validate", str(bad), str(ROOT / "regimens" / "mil62.yaml"), str(tmp_path / "none.yaml"))
    assert done.returncode == 2 and "mil62.yaml: fine" in done.stdout
    assert "a study file needs `study`" in done.stderr and "there is no such file" in done.stderr


@pytest.mark.parametrize("special", ["/dev/zero", "/dev/null", "/proc/self/mem"])
def test_a_device_is_not_read(special: str) -> None:
    if Path(special).exists():
        errors("validate", special)
