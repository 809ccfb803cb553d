"""Nominal times: so long before or after a dose of a visit, as the file plans them, with the minutes that it allows around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from nmosd_dosing.errors import Place
from nmosd_dosing.hours import minutes_text
from nmosd_dosing.sentences import Sentence, said
from nmosd_dosing.values import beside


class TimeWindow(Struct, frozen=True):
    """Allowed minutes around a nominal time: so many before and after, both included."""

    before: int
    after: int

    @property
    def text(self) -> str:
        """`±5 min`, `-30 min/+0`."""
        if self.before == self.after:
            return f"±{minutes_text(self.before)}"
        return "/".join(f"{sign}{minutes_text(side) if side else 0}" for sign, side in (("-", self.before), ("+", self.after)))


@beside("place")
class NominalTime(Struct, frozen=True):
    """A planned time: so many `minutes` after a dose of `product` begins, or where `of_end` ends; negative before it begins. None: at any
    time before it. `window` is None where none is stated."""

    product: str
    minutes: int | None
    of_end: bool = False
    window: TimeWindow | None = None
    place: Place | None = None

    def text(self, product: str | None = None) -> Sentence:
        """As a file says it, without its window: `1 h after X`, `15 min before X`, `before X`, `end of X`. product: as it is shown."""
        name = product or self.product
        if self.minutes is None:
            return said("before {product}", product=name)
        length = minutes_text(abs(self.minutes))
        if self.of_end:
            after = said("{length} after end of {product}", length=length, product=name)
            return after if self.minutes else said("end of {product}", product=name)
        return said("{length} before {product}" if self.minutes < 0 else "{length} after {product}", length=length, product=name)

    @property
    def written(self) -> str:
        """With its window, where one is stated: `1 h ±5 min after X`."""
        return times_text([self])

    @property
    def same_time(self) -> tuple[str, int | None, bool]:
        """What two of them share that are at one time, whatever their windows are."""
        return self.product, self.minutes, self.of_end


def times_text(times: Sequence[NominalTime], shown: Mapping[str, str] | None = None) -> str:
    """Times as a file says them: `before X, 30 min, 1 h ±5 min, 2 h after X`. shown: how products are shown, if not by their names."""
    texts = []
    for number, time in enumerate(times):
        window = f" {time.window.text}" if time.window is not None else ""
        whole = time.text((shown or {}).get(time.product))
        if not time.minutes:
            texts.append(f"{whole}{window}")
            continue
        long = minutes_text(abs(time.minutes))
        following = times[number + 1] if number + 1 < len(times) else None
        same = following is not None and (following.product, following.of_end) == (time.product, time.of_end)
        goes_on = same and following is not None and following.minutes and (following.minutes < 0) == (time.minutes < 0)
        texts.append(f"{long}{window}{'' if goes_on else whole.removeprefix(long)}")
    return ", ".join(texts)
