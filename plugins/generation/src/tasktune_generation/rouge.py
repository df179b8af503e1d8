"""ROUGE-L: how much of a text is in another, in the same order.

Lin, C.-Y. (2004). ROUGE: A Package for Automatic Evaluation of Summaries. With L the length of the longest common
subsequence of answer and gold: precision L/answer, recall L/gold, and their harmonic mean.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence

_WORD = re.compile(r"\w+")


def rouge_l(gold: str, answer: str, *, by_character: bool) -> float:
    """F1 between 0 and 1, over characters without white space, or over words (letters and digits, case ignored)."""
    one, other = (_units(text, by_character) for text in (gold, answer))
    if not one or not other:
        return float(gold == answer and gold != "")
    return 2 * lcs_length(one, other) / (len(one) + len(other))


def lcs_length(one: Sequence[Hashable], other: Sequence[Hashable]) -> int:
    """Length of the longest common subsequence.

    Bit-parallel: a column of the dynamic program is one integer, a zero bit where the length grows; each element
    of the longer sequence costs one addition. Hyyrö, H. (2004). Bit-parallel LCS-length computation revisited.
    """
    short, long = sorted((one, other), key=len)
    matches: dict[Hashable, int] = {}
    for position, element in enumerate(short):
        matches[element] = matches.get(element, 0) | 1 << position
    full = (1 << len(short)) - 1
    column = full
    for element in long:
        found = column & matches.get(element, 0)
        column = ((column + found) | (column - found)) & full
    return len(short) - column.bit_count()


def _units(text: str, by_character: bool) -> Sequence[str]:
    return "".join(text.split()) if by_character else _WORD.findall(text.casefold())
