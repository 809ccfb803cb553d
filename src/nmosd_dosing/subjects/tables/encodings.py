"""How the bytes of a table are text: UTF-8, or UTF-16 with its mark. What is neither is not guessed: `M\xe9tz01` would be another person's
code, and a guess that is right on one table is wrong on the next. Whoever knows says it."""

from __future__ import annotations

import codecs
import re

from nmosd_dosing.errors import InputError, Problem, argument, clip, did_you_mean, one_of

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_UTF8 = b"\xef\xbb\xbf"
_GB18030 = b"\x84\x31\x95\x33"
_OLE = b"\xd0\xcf\x11\xe0"  # .xls, and .xlsx with a password
# As spreadsheets save: simplified and traditional Chinese, Japanese, Korean, Western, Central European, Cyrillic, Greek, Turkish.
ENCODINGS = (
    "gb18030", "big5", "shift_jis", "euc_kr", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "iso8859-1", "iso8859-15", "gbk",
    "utf-16-le",
)  # fmt: skip
_EXAMPLES = 3
_SHOWN = ("gb18030", "cp1252", "big5", "shift_jis", "euc_kr", "cp1251")


def decoded(content: bytes, path: str, hidden: bool) -> str:
    """The text of a table. Raises InputError where its encoding must be said; `hidden`: then no text of it is shown as an example."""
    if content.startswith(_OLE):
        message = f"`{path}` is an old workbook (.xls), or one with a password"
        raise InputError(Problem(message, hint="save it as .xlsx without a password, or as `CSV UTF-8`"))
    mark = marked(content)
    try:
        text = content.decode(mark or "utf-8")
    except UnicodeDecodeError as error:
        if mark is not None:
            raise InputError(Problem(f"`{path}` has the mark of {mark}, and is not text in it", hint="save it as `CSV UTF-8`")) from None
        raise InputError(Problem(f"`{path}` is not UTF-8", hint=_which(content, error.start, hidden))) from None
    if "\0" in text:
        raise InputError(Problem(f"`{path}` is not text in UTF-8, or in UTF-16 with its mark", hint="save it as `CSV UTF-8`"))
    return text.removeprefix("\ufeff")


def read_by_its_mark(content: bytes) -> str | None:
    """The encoding, if it is not UTF-8, that a table is in by the mark that it begins with."""
    mark = marked(content)
    return mark if mark not in (None, "UTF-8") and _in(content, mark or "") is not None else None


def marked(content: bytes) -> str | None:
    """The encoding whose mark a table begins with."""
    marks = {_UTF8: "UTF-8", _UTF16[0]: "UTF-16", _UTF16[1]: "UTF-16", _GB18030: "GB18030"}
    return next((name for mark, name in marks.items() if content.startswith(mark)), None)


def transcoded(content: bytes, path: str, encoding: str) -> bytes:
    """A table in an encoding that somebody has said, as UTF-8; one that is UTF-8 already, and a workbook, as it is.

    Raises InputError for an encoding that there is not, and for a table that is not text in it.
    """
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError):
        name = ""
    if name not in {codecs.lookup(known).name for known in (*ENCODINGS, "utf-8")}:
        hint = did_you_mean(encoding, ENCODINGS) or f"encodings are {one_of(ENCODINGS)}"
        raise InputError(Problem(f"unknown encoding: `{argument('encoding', clip(encoding))}`", hint=hint))
    if marked(content) or content.startswith((b"PK\x03\x04", _OLE)) or _in(content, "utf-8") is not None:
        return content
    try:
        return content.decode(name).encode()
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        message = f"`{path}` is not text in {encoding}: byte 0x{content[error.start]:02x} in line {line}"
        raise InputError(Problem(message, hint=_which(content, error.start, hidden=True))) from None


def _in(content: bytes, encoding: str) -> str | None:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _which(content: bytes, at: int, hidden: bool) -> str:
    """What to type: which encoding, by how the first text that is not plain would read in each that the whole table may be in."""
    saved = "save it as `CSV UTF-8`"
    readings: dict[str, str] = {}
    for encoding in _SHOWN if not hidden else ():
        text = _in(content, encoding)
        if text is not None:
            before = len(_in(content[:at], encoding) or "")
            cell = next((m[0] for m in re.finditer(r'[^,;\t"\n\r]+', text) if m.end() > before), "").strip()
            if len(readings) < _EXAMPLES and re.sub(r"[\s\-_.]", "", cell).isalnum() and cell not in readings:
                readings[cell] = encoding
    if not readings:
        return f"{saved}, or say what it is: `{argument('encoding', 'gb18030')}`"
    ways = [f"`{argument('encoding', encoding)}` if `{clip(cell)}` is right" for cell, encoding in readings.items()]
    return f"{saved}; or add {', '.join(ways[:-1]) + ' or ' if ways[1:] else ''}{ways[-1]}"
