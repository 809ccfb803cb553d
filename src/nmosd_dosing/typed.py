"""What people type of a subject, on the command line or in a table: a code, a body weight, a day.

`shown` is how a message names the text: `--weight 60,5` in backticks, or `60,5`. `place` is None on the command line.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

from nmosd_dosing.cohort import MAX_WEIGHT_KG
from nmosd_dosing.errors import Place, Problems


def code(shown: str, text: str, place: Place | None, problems: Problems) -> str | None:
    """A subject's code, if it is not empty: one line of plain characters."""
    if len(text) > 200:
        problems.error(f"{shown} has {len(text)} characters", place, "a code has at most 200")
    elif wrong := next((c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}), None):
        problems.error(f"{shown} holds a control character (U+{ord(wrong):04X})", place, "type the code again")
    else:
        return text
    return None


def weight(shown: str, text: str, place: Place | None, problems: Problems) -> float | None:
    """A body weight in kg, to the gram."""
    if re.fullmatch(r"[0-9]+,[0-9]+", text):
        problems.error(f"{shown} has a decimal comma", place, f"write `{text.replace(',', '.')}`")
    elif not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,12})?", text):
        problems.error(f"{shown} is not a weight", place, "write kilograms as a plain number, for example `60` or `60.5`")
    elif not 0 < Decimal(text) <= MAX_WEIGHT_KG:
        problems.error(f"{shown} cannot be a body weight", place, f"write kilograms, more than 0 and at most {MAX_WEIGHT_KG}")
    elif Decimal(text) % Decimal("0.001"):
        problems.error(f"{shown} is finer than a gram", place, f"write `{Decimal(text).quantize(Decimal('0.001'))}`")
    else:
        return float(text)
    return None


def date_hint(text: str) -> str:
    """What to write instead of a text that is not YYYY-MM-DD: the same day, where only one day can be meant."""
    narrow = unicodedata.normalize("NFKC", text)
    if match := re.fullmatch(r"(\d{4})[/.年-](\d{1,2})[/.月-](\d{1,2})日?", narrow):
        return f"write `{match[1]}-{int(match[2]):02}-{int(match[3]):02}`"
    if (match := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", narrow)) and max(int(match[1]), int(match[2])) > 12:
        month, day = sorted((int(match[1]), int(match[2])))
        return f"write `{match[3]}-{month:02}-{day:02}`"
    if re.fullmatch(r"\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}", narrow):
        return "day and month cannot be told apart; write it as YYYY-MM-DD"
    return "write it as YYYY-MM-DD, for example `2025-01-06`"
