"""What an account may not see stands in no byte that it is given, and what its role may not do is refused by name: for every role and
every command, on either database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from nmosd_dosing.cli import registers
from nmosd_dosing.register import register
from tests.kit.registers import Made
from tests.kit.two_sites import BLINDED, NOW, READING, ROLES, WRITING, ZONE, asked, filled

Registers = Callable[[], Made]
MARK = "5e9d seen at two"


@pytest.fixture(autouse=True)
def july(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One moment, and a folder of its own."""
    monkeypatch.setattr(registers, "now", lambda: NOW)
    monkeypatch.setattr(registers, "zone", lambda: ZONE)
    monkeypatch.chdir(tmp_path)


def written() -> dict[str, str]:
    """What the last export wrote, which is taken away."""
    found = {path.name: path.read_text("utf-8") for path in sorted(Path("out").glob("*"))}
    for path in Path("out").glob("*"):
        path.unlink()
    return found


def both(registers: Sequence[Made], command: Sequence[str], name: str) -> list[object]:
    return [(*asked(each, command, name), written()) for each in registers]


# --- sites ---------------------------------------------------------------------------------------------------------------


def test_nothing_of_another_site_is_in_any_byte(several: Registers) -> None:
    """Registers that differ in nothing but a subject of site 02 answer site 01 alike: also who asks for that subject, by a code that only
    one of them has."""
    two = filled(several(), ("0201", "2025-02-03", MARK)), filled(several(), ("0299", "2025-06-17", "nothing"))
    Path("visits.csv").write_text("subject,visit,date\n0101,rcp/D1,2025-01-06\n0201,rcp/D1,2025-02-03\n", "utf-8")
    Path("mine.csv").write_text("subject,visit,date\n0101,rcp/D1,2025-01-07\n", "utf-8")
    of_other = {
        "its plan": ("plan", "--subject", "0201", "--format", "json"),
        "its slots": ("slots", "--subject", "0201", "--visit", "rcp/D182"),
        "its history": ("register", "history", "--subject", "0201"),
        "a row of it": ("register", "record", "visits", "subject=0201", "visit=rcp/D182", "date=2025-08-04"),
        "a table with it": ("register", "import", "--regimen", "bat4406f", "--visits", "visits.csv", "--yes"),
        "a table without it": ("register", "import", "--regimen", "bat4406f", "--visits", "mine.csv"),
        "its site": ("due", "--as-of", "2025-07-07", "--at-site", "02"),
    }
    for name in ("co", "up"):
        asking = two if name == "co" else [_at_arms(each) for each in two]
        for what, command in {**READING, **of_other}.items():
            one, other = both(asking, command, name)
            assert one == other, what
            assert what not in READING or repr(one).startswith(("(0,", "(1,")), one
            assert MARK not in repr(one) and "2025-02-03" not in repr(one), what
    assert MARK in repr(both(two[:1], READING["history"], "chief"))
    assert "0201" in repr(both(two[:1], READING["due"], "chief"))


def test_a_number_of_another_sites_row_is_like_one_that_there_is_not(several: Registers) -> None:
    made = filled(several())
    opened = register.open(made.place.owner)
    last = opened.facts.head().seq
    opened.close()
    for command in (("correct", "{}", "date=2025-02-04"), ("withdraw", "{}"), ("blank", "{}", "comment"), ("history", "--entry", "{}")):
        reason = () if command[0] == "history" else ("--reason", "x")
        said = []
        for number in (f"{last}", f"{last - 2}", f"{last - 4}", "9999"):
            code, out, told = asked(made, ("register", *(text.format(number) for text in command), *reason), "co")
            assert (code, out) == (2, ""), command
            said.append(told.replace(number, "N"))
        assert len(set(said)) == 1, said


# --- roles ---------------------------------------------------------------------------------------------------------------

MAY = {
    "record a visit": {"coordinator", "site-pharmacist", "manager"},
    "record an event": {"coordinator", "manager"},
    "record a weight": {"coordinator", "site-pharmacist", "manager"},
    "record what was had": {"coordinator", "manager"},
    "record a subject": {"coordinator", "manager"},
    "record an arm": {"unblinded-pharmacist"},
    "adopt": {"manager"},
    "backup": {"manager"},
    "backup of the arms": {"unblinded-pharmacist"},
    "accounts": {"manager"},
    "unblind": {"unblinded-pharmacist"},
}
COMMANDS = {
    **WRITING,
    "record an arm": ("register", "record", "allocation", "subject=0101", "arm=placebo"),
    "adopt": ("register", "adopt", "bat4406f", "--from", "2025-08-01"),
    "backup": ("register", "backup", "facts.backup"),
    "backup of the arms": ("register", "backup", "arms.backup", "--arms"),
    "accounts": ("register", "account", "list"),
    "unblind": ("plan", "--subject", "0101", "--unblind"),
}


def test_what_a_role_may_not_do_is_refused_by_name(several: Registers) -> None:
    made = filled(several(), arm=None)
    for what, may in MAY.items():
        for role, name in ROLES.items():
            if role in may:
                continue
            before = _state(made)
            code, out, told = asked(made, COMMANDS[what], name)
            assert (code, out) == (2, ""), (what, role)
            assert "Traceback" not in told and ("pharmacist" in told or f"account `{name}`" in told), told
            assert _state(made) == before, (what, role)
            assert not list(Path().glob("*.backup"))


def test_what_a_role_may_do_is_done(several: Registers) -> None:
    for what, may in MAY.items():
        for role in may - ({"manager"} if what in WRITING else set()):
            if what == "unblind":
                continue
            made = filled(several(), arm=None)
            arms = what in ("record an arm", "backup of the arms")
            made = Made(made.place, made.folder) if not arms else _at_arms(made)
            code, _, told = asked(made, COMMANDS[what], ROLES[role])
            assert code == 0, (what, role, told)
            for path in Path().glob("*.backup"):
                path.unlink()


def _at_arms(made: Made) -> Made:
    place = made.place
    return Made(type(place)(place.owner, place.arms, place.arms), made.folder)


def _state(made: Made) -> object:
    opened = register.open(made.place.owner)
    try:
        return opened.facts.head(), opened.arms.head()
    finally:
        opened.close()


# --- arms ----------------------------------------------------------------------------------------------------------------


def test_no_byte_tells_an_arm_nor_whether_there_is_one(several: Registers) -> None:
    """Of registers with one arm, with the other, with none, and without the store of the arms at all."""
    four = [filled(several(), arm=arm) for arm in ("placebo", "bat4406f", None, None)]
    if not four[3].on_server:
        file = Path(four[3].place.sites)
        file.with_name(f"{file.stem}.unblinded{file.suffix}").unlink()
    commands = {
        **READING,
        **{what: COMMANDS[what] for what in ("record an arm", "backup of the arms", "unblind")},
        "the arm's number": ("register", "history", "--entry", "arms:1"),
        "a correction of it": ("register", "correct", "arms:1", "arm=placebo", "--reason", "x"),
    }
    for what, command in commands.items():
        for name in [ROLES[role] for role in (*BLINDED, "manager")] if what not in READING else ["co", "chief"]:
            answers = both(four, command, name)
            assert all(answer == answers[0] for answer in answers), (what, name)
    if not four[3].on_server:
        assert not file.with_name(f"{file.stem}.unblinded{file.suffix}").exists()


def test_the_masked_output_of_who_may_see_arms_is_the_same(several: Registers) -> None:
    two = [_at_arms(filled(several(), arm=arm)) for arm in ("placebo", "bat4406f")]
    for what, command in READING.items():
        if what not in ("history", "history as JSON", "export"):
            one, other = both(two, command, "up")
            assert one == other, what
    told = [asked(each, ("plan", "--subject", "0101", "--unblind"), "up") for each in two]
    assert told[0] != told[1] and [code for code, _, _ in told] == [0, 0]


def test_no_arm_is_in_the_file_of_the_facts(several: Registers) -> None:
    """Also in what SQLite has not yet put into the file. The study, which is in it, names the arms that there are: so this one is none."""
    made = filled(several(), arm="placebo-7f3e")
    if made.on_server:
        pytest.skip("of a server its dump is searched: tests/register/database/test_server.py")
    file = Path(made.place.sites)
    opened = register.open(made.place.sites)  # while a program has it open, there is a file beside it
    opened.facts.head()
    files = [path for path in file.parent.iterdir() if path.name.startswith(file.stem) and ".unblinded" not in path.name]
    assert files and not any(b"placebo-7f3e" in path.read_bytes() for path in files)
    arms = [path for path in file.parent.iterdir() if path.name.startswith(f"{file.stem}.unblinded")]
    assert any(b"placebo-7f3e" in path.read_bytes() for path in arms)
    opened.close()
