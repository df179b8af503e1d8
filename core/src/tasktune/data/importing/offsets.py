"""What the offsets of a source count, told from the texts that stand at them.

Character offsets count Unicode code points from 0, the end exclusive. Programs in Go, C or Rust count UTF-8 bytes;
JavaScript, Java and C# count UTF-16 units, so that every emoji before a span shifts it by one; others count from 1 or
give the last character as the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from tasktune.locale import translate as _

Unit = Literal["characters", "bytes", "utf-16"]
UNITS: tuple[Unit, ...] = ("characters", "utf-16", "bytes")
_KEPT = 2000
_EXPLAINS = 0.5


@dataclass(frozen=True)
class Counting:
    """How offsets count: in which unit, from which number, and whether the end is the last one in the span."""

    unit: Unit = "characters"
    first: int = 0
    inclusive: bool = False

    def place(self, text: str, start: int, end: int) -> tuple[int, int] | None:
        """The span in characters, or None when it is no span of the text."""
        start, end = start - self.first, end - self.first + self.inclusive
        if not 0 <= start < end:
            return None
        if self.unit == "characters":
            return (start, end) if end <= len(text) else None
        codec, width = ("utf-8", 1) if self.unit == "bytes" else ("utf-16-le", 2)
        code = text.encode(codec, "surrogatepass")
        if end * width > len(code):
            return None
        try:
            before, inside = code[: start * width].decode(codec), code[start * width : end * width].decode(codec)
        except UnicodeDecodeError:
            return None
        return len(before), len(before) + len(inside)

    def __str__(self) -> str:
        names = {
            "characters": _("characters"),
            "bytes": _("UTF-8 bytes"),
            "utf-16": _("UTF-16 units (as JavaScript and Java count)"),
        }
        parts = [names[self.unit]]
        if self.first:
            parts.append(_("from 1"))
        if self.inclusive:
            parts.append(_("the end is the last one in the span"))
        return _(", ").join(parts)


CHARACTERS = Counting()
# The usual one first: a simpler explanation wins over another that fits as well.
_COUNTINGS = [Counting(unit, first, end) for first, end, unit in product((0, 1), (False, True), UNITS)]

_Sample = tuple[str, int, int, "str | None"]


@dataclass
class _Bucket:
    count: int = 0
    kept: list[_Sample] = field(default_factory=list)

    def add(self, sample: _Sample) -> None:
        self.count += 1
        if len(self.kept) < _KEPT:
            self.kept.append(sample)

    def fitting(self, fits: Callable[[_Sample], bool]) -> float:
        """An estimate of how many fit, from those that were kept."""
        return self.count * sum(map(fits, self.kept)) / len(self.kept) if self.kept else 0.0


class Evidence:
    """Gathers spans and judges how they count."""

    def __init__(self) -> None:
        self._right, self._wrong = _Bucket(), _Bucket()
        self._inside, self._outside = _Bucket(), _Bucket()
        self.ambiguous = 0
        """Spans without their texts that would be others if they counted UTF-16 units: an emoji stands before them."""
        self.readings: tuple[str, str] | None = None
        """The first of these, read as characters and as UTF-16 units."""

    def add(self, text: str, start: int, end: int, mention: str | None) -> None:
        """Take in a span; ``mention`` is the text that stands there by the source's own word, if it says."""
        if mention is None:
            self._weigh(text, start, end)
            bucket = self._inside if CHARACTERS.place(text, start, end) else self._outside
        else:
            bucket = self._right if 0 <= start <= end and text[start:end] == mention else self._wrong
        bucket.add((text, start, end, mention))

    def _weigh(self, text: str, start: int, end: int) -> None:
        """Note a span that both counts can mean."""
        if any(character > "\uffff" for character in text[: max(end, 0)]):
            one, other = CHARACTERS.place(text, start, end), Counting("utf-16").place(text, start, end)
            self.ambiguous += other is not None
            if self.readings is None and one is not None and other is not None:
                self.readings = text[slice(*one)], text[slice(*other)]

    def proven(self) -> Counting:
        """The counting by which the texts stand at their offsets; characters when no other explains most misfits."""
        if not self._wrong.count:
            return CHARACTERS
        best = max(_COUNTINGS, key=lambda counting: self._total(counting, self._right, self._wrong))
        explained = self._wrong.fitting(lambda sample: _fits(best, sample)) / self._wrong.count
        more = self._total(best, self._right, self._wrong) > self._total(CHARACTERS, self._right, self._wrong)
        return best if more and explained > _EXPLAINS else CHARACTERS

    def suspected(self) -> tuple[Counting, str] | None:
        """For spans without their texts: another unit that all of them fit while some are outside the text as
        characters, and one of these as an example."""
        if not self._outside.count:
            return None
        everything = self._inside.count + self._outside.count
        for unit in UNITS[1:]:
            if self._total(Counting(unit), self._inside, self._outside) > 0.99 * everything:
                text, start, end, _mention = self._outside.kept[0]
                return Counting(unit), _("{start}–{end} in a text of {length}", start=start, end=end, length=len(text))
        return None

    @staticmethod
    def _total(counting: Counting, *buckets: _Bucket) -> float:
        return sum(bucket.fitting(lambda sample: _fits(counting, sample)) for bucket in buckets)


def _fits(counting: Counting, sample: _Sample) -> bool:
    text, start, end, mention = sample
    place = counting.place(text, start, end)
    return place is not None and (mention is None or text[slice(*place)] == mention)
