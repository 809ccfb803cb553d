"""The pages of the documentation and the fenced blocks on them."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from tests.kit.paths import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("**/*.md")])


class Block(Struct, frozen=True):
    """A fenced block: the words behind its fence, and where its text stands in the page."""

    page: Path
    info: str
    start: int
    text: str

    @property
    def id(self) -> str:
        line = self.page.read_text(encoding="utf-8")[: self.start].count("\n") + 1
        return f"{self.page.relative_to(ROOT)}:{line}"


def blocks(kind: str) -> list[Block]:
    found = []
    for page in PAGES:
        for match in re.finditer(r"^```(\S+)([^\n]*)\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S):
            if match[1] == kind:
                found.append(Block(page, match[2].strip(), match.start(3), match[3]))
    return found
