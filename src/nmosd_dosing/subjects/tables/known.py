"""Whom the rows of the tables beside that of the subjects are of, by the codes that are written in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nmosd_dosing.errors import Place, Problem, Problems, argument, clip, command
from nmosd_dosing.sentences import said
from nmosd_dosing.subjects.tables import near_codes
from nmosd_dosing.subjects.tables import table as tables
from nmosd_dosing.subjects.tables.subject_table import same
from nmosd_dosing.subjects.tables.table import Cell

_NO_COLUMN = said("whose records these are is not said")


class Known:
    """Which subject a code means, by its number; what is wrong is kept table by table, and in `wrong` of whom."""

    def __init__(self, codes: Sequence[str | None], place: Callable[[int], Place | None], *, of_register: bool = False) -> None:
        """`place` says where a subject stands; None for one who stands in no table. `of_register`: a row is typed, into a register."""
        self.codes, self.place, self.of_register = codes, place, of_register
        self.alone = len(codes) == 1 and place(0) is None
        self.index = {same(code): i for i, code in enumerate(codes) if code is not None}
        self.problems = Problems()
        self.in_order: list[Problem] = []
        self.more = 0
        self.wrong: set[int] = set()
        self.nobody = False  # whether rows are of nobody
        self.unknown: list[tuple[Cell, str]] = []  # rows of this table whose code nobody has

    def next_table(self) -> None:
        self._tell_unknown()
        self.in_order += self.problems.in_order()
        self.problems = Problems()

    def error(self, subject: int | None, message: str, place: Place | None, hint: str, also: Sequence[tuple[str, Place]] = ()) -> None:
        """What is wrong, and with whom; of a table with very many problems the first hundred are kept, and the others counted."""
        if subject is not None:
            self.wrong.add(subject)
        if len(self.problems.found) < 2 * tables.LISTED:
            self.problems.error(message, place, hint, also)
        else:
            self.more += 1

    def find(self, code: Cell | None, place: Place | None = None) -> int | None:
        if code is None:
            if len(self.codes) == 1:
                return 0
            if not any(problem.message == _NO_COLUMN for problem in self.problems.found):
                self.problems.error(_NO_COLUMN, place, said("add the column `subject`: there are several"))
                self.nobody = True
            return None
        found = self.index.get(code.text)
        if found is None and (found := self.index.get(text := same(code.text))) is None:
            self.unknown.append((code, text))
        return found

    def may_be(self, texts: Iterable[str]) -> set[int]:
        """Whom codes may mean: those who have them, else those who have the same code, written in another way."""
        whom = {self.index[text] for text in texts if text in self.index}
        return whom.union(*near_codes.near({text for text in texts if text not in self.index}, self.codes).values())

    def _tell_unknown(self) -> None:
        """Whose rows the unknown codes of a table may be is looked for once for all of them."""
        near = near_codes.near({text for _, text in self.unknown}, self.codes) if self.unknown else {}
        if self.alone and self.codes[0] is not None:  # one subject's rows are taken from a table of many
            self.unknown = [row for row in self.unknown if row[1] in near]
        rows: dict[str, list[Cell]] = {}
        for code, text in self.unknown:
            rows.setdefault(text, []).append(code)
        for text, codes in list(rows.items())[: tables.LISTED]:
            self._unknown(codes[0], near.get(text, ()), len(codes) - 1)
        self.more += len(rows) - min(len(rows), tables.LISTED)
        self.wrong |= self.may_be({text for _, text in self.unknown})
        self.unknown = []

    def _unknown(self, code: Cell, same_code: Sequence[int], alike: int) -> None:
        """A row of nobody's, and so many more of the same code. Only whose code is the same, written in another way, is proposed: who has
        a code like it is somebody else."""
        written, also = f"`{clip(code.text)}`", []
        message = said("{written} is not a subject of this table", written=written)
        hint = said("mend the code, or add a row to the table of subjects")
        if self.of_register:
            enters = command(f"register record subjects subject={clip(code.text)} start=…")
            message = said("{written} is not a subject of this register", written=written)
            hint = said("mend the code, or enter the subject first: `{enters}`", enters=enters)
        if self.alone:
            only = self.codes[0]
            message = said("{written} is not the subject `{only}`", written=written, only=clip(only or ""))
            if only is None:
                message = said("this row is of {written}, and the plan is not said to be", written=written)
                hint = said("add `{option}`", option=argument("subject", clip(code.text)))
        if len(same_code) == 1:
            other, place = self.codes[same_code[0]] or "", self.place(same_code[0])
            known = f"`{clip(other)}`"
            also = [("this one", place)] if place else []
            hint = said("write {some}", some=known)
            if not self.of_register and other.lstrip("0") == code.text.lstrip("0"):
                cut = other.endswith(code.text)
                made = said("; did a spreadsheet make {known} of it?", known=known)
                message += said("; did a spreadsheet take the zeros off {known}?", known=known) if cut else made
                there = said("write {code} there, in a column that is formatted as text", code=written)
                hint = said("write {code}, in a column that is formatted as text", code=known) if cut else there
        self.problems.found.append(Problem(message, code.place, hint, also=tuple(also), alike=alike))
