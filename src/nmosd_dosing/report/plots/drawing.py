"""A drawing as the bytes of a file. matplotlib is an optional extra, and loaded only here and in the two rooms that draw with it.

A drawing has neither the time of writing nor random names in it: the same data give the same bytes.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nmosd_dosing.errors import InputError, Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


# By ending: what matplotlib would write into a file besides the drawing, taken out: equal drawings are equal files.
_METADATA: dict[str, dict[str, None]] = {"svg": {"Date": None, "Creator": None}, "png": {}, "pdf": {"CreationDate": None}}
ENDINGS = tuple(_METADATA)
_FONTS = ["DejaVu Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "WenQuanYi Micro Hei", "SimHei"]
_STYLE: dict[Any, Any] = {
    "svg.hashsalt": "nmosd_dosing",  # the names of parts are made from it
    "svg.fonttype": "none",  # texts stay texts
    "text.parse_math": False,  # a dollar sign is one
    "font.family": "sans-serif",
    "font.sans-serif": _FONTS,
}


def ending_of(path: str) -> str:
    """What a file's name ends in, behind its point: `svg`; nothing where it ends in no point and word."""
    name, dot, ending = path.rpartition(".")
    return ending.lower() if name and dot else ""


def needs_matplotlib() -> None:
    """Raises InputError where matplotlib is not installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        hint = "`pip install 'nmosd_dosing[plot]'`"
        raise InputError(Problem("drawing needs matplotlib, which is not installed", hint=hint)) from None


def drawing(fill: Callable[[Figure], None], inches: tuple[float, float], ending: str) -> bytes:
    """The content of an .svg, .png or .pdf file that shows what `fill` draws on a figure of so many inches, width and height.

    Raises InputError where matplotlib is not installed.
    """
    needs_matplotlib()
    import matplotlib
    from matplotlib.figure import Figure

    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # fonts that are not there are none the worse
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        warnings.simplefilter("ignore")  # a letter that no font has is drawn as a box
        figure = Figure(figsize=inches, layout="constrained")
        fill(figure)
        out = io.BytesIO()
        figure.savefig(out, format=ending, dpi=150, metadata=_METADATA[ending])
    return out.getvalue()


def plain_axes(axes: Axes) -> None:
    """A light grid behind the data, no frame above and to the right, and numbers from 0 up."""
    axes.grid(color="0.9")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylim(bottom=0)
