"""Rows that are nearly alike: MinHash signatures of character shingles (Broder 1997), banded (Indyk & Motwani 1998).

Chinese has no spaces, so a text is the set of its character n-grams. Two texts are alike when the Jaccard similarity
of their sets is at least :data:`ALIKE`; that is computed from the texts themselves, for pairs that signatures propose.
Which pairs are proposed is a matter of chance, but the same in every process and for every order of equal rows.

The work grows with the rows, not with their pairs: of a band's bucket a row meets the last :data:`MET` before it of
each split. What 128 hashes of both say of their similarity (one bit each: Li & König 2010, b-bit minwise hashing)
decides whether the texts are looked at.
"""

from __future__ import annotations

import itertools
import unicodedata
from array import array
from collections.abc import Iterator
from importlib.util import find_spec

from tasktune.data.checking.copies import TRAIN
from tasktune.data.checking.findings import IDS_KEPT, DataFinding
from tasktune.data.checking.survey import Letters, Survey
from tasktune.data.records import SPLITS
from tasktune.locale import translate as _

ALIKE = 0.8
"""The least Jaccard similarity of near duplicates, customary for deduplication (Lee et al. 2022 take 0.8)."""
HASHES = 128
BANDS = 16
_ROWS = HASHES // BANDS
"""With 16 bands of 8 hashes, 95 % of pairs of similarity 0.80 meet, and 99.4 % of 0.85: 1 - (1 - s⁸)¹⁶."""
MET = 4
_BITS_APART = 26
"""Of 128 bits, (1 - s) / 2 differ: 12.8 ± 3.4 at similarity 0.8, so that one pair in 10,000 is lost here."""
_SEED = 42
_BATCH = 2000
_MAX_SHINGLES = 20_000
"""A text's first characters are its likeness: a row of megabytes is compared by these."""


def installed() -> bool:
    """Whether near duplicates can be looked for: rensa makes the signatures."""
    return find_spec("rensa") is not None


def near_copies(survey: Survey) -> Iterator[DataFinding]:
    """Near duplicates within a split, and between train and a held-out split."""
    if not installed():
        yield DataFinding(
            code="near_duplicates_not_sought",
            severity="info",
            message=_("near duplicates were not looked for: rensa is not installed"),
            fix="pip install 'tasktune[data]'",
        )
        return
    index = _Index(survey)
    index.search()
    within = [position for position, found in enumerate(index.found) if found & 1 << index.split(position)]
    if within:
        yield DataFinding(
            code="near_duplicates",
            severity="info",
            message=_("{count} texts are nearly those of another row of the split", count=len(within)),
            fix=_("look whether they add anything; the fewer copies, the more the score says"),
            count=len(within),
            ids=index.pairs(within, same_split=True),
        )
    for held_out in range(1, len(SPLITS)):
        leaked = index.leaked(held_out)
        if leaked:
            yield DataFinding(
                code=f"near_leak_to_{SPLITS[held_out]}",
                severity="warning",
                message=_(
                    "{count} texts of {split} are nearly those of a training row",
                    count=len(leaked),
                    split=SPLITS[held_out],
                ),
                fix=_("take them out of one of the two, or split by their source (data.split.group_by)"),
                count=len(leaked),
                ids=index.pairs(leaked, same_split=False),
            )


class _Index:
    """The distinct rows of each split (their letters and digits differ), their signatures, and who is like whom."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._letters: Letters = survey.letters()
        self._rows = array("I")
        seen: set[int] = set()
        for row in survey.used():
            key = hash((survey.folds[row], survey.splits[row]))
            if key not in seen:
                seen.add(key)
                self._rows.append(row)
        del seen
        self._bands = [array("q") for _band in range(BANDS)]
        self._bits: list[int] = []
        self.found = bytearray(len(self._rows))
        self._partner: dict[tuple[int, bool], int] = {}
        self._sign()

    def split(self, position: int) -> int:
        return self._survey.splits[self._rows[position]]

    def leaked(self, held_out: int) -> list[int]:
        """The texts of a held-out split that are nearly, and not exactly, those of a training row."""
        folds = self._survey.folds
        trained = {folds[row] for position, row in enumerate(self._rows) if self.split(position) == TRAIN}
        return [
            position
            for position, found in enumerate(self.found)
            if self.split(position) == held_out and found & 1 << TRAIN and folds[self._rows[position]] not in trained
        ]

    def pairs(self, positions: list[int], *, same_split: bool) -> tuple[str, ...]:
        """``row ~ row`` for the first few, each pair once."""
        shown: dict[frozenset[int], str] = {}
        for position in positions:
            partner = self._partner[position, same_split]
            pair = " ~ ".join(self._survey.id_of(self._rows[each]) for each in (position, partner))
            shown.setdefault(frozenset((position, partner)), pair)
            if len(shown) == IDS_KEPT:
                break
        return tuple(shown.values())

    def _sign(self) -> None:
        from rensa import RMinHash

        rows = iter(self._rows)
        while batch := list(itertools.islice(rows, _BATCH)):
            sets = [shingles(self._letters[row]) for row in batch]
            for signature in RMinHash.digests_from_token_sets(sets, HASHES, _SEED):
                data = array("I", signature).tobytes()
                width = len(data) // BANDS
                for number, band in enumerate(self._bands):
                    band.append(hash(data[number * width : (number + 1) * width]))
                self._bits.append(_one_bit_each(data))

    def search(self) -> None:
        """Fill ``found``: bit ``s`` of a row says that split ``s`` has another row like it."""
        splits = bytes(self.split(position) for position in range(len(self._rows)))
        # Held-out rows come first, so that a training row meets them; those of two held-out splits are no matter.
        others = [[split for split in range(len(SPLITS)) if TRAIN in (split, own) or split == own] for own in range(3)]
        for band in self._bands:
            last: list[dict[int, int]] = [{} for _split in SPLITS]
            before = array("i", bytes(4 * len(splits)))
            for position, (key, split) in enumerate(zip(band, splits, strict=True)):
                for other in others[split]:
                    mate = last[other].get(key)
                    if mate is not None and not self.found[position] & 1 << other:
                        self._meet(position, mate, before, other)
                before[position] = last[split].get(key, -1)
                last[split][key] = position

    def _meet(self, position: int, mate: int, before: array[int], other: int) -> None:
        bits = self._bits
        mine = bits[position]
        for _time in range(MET):
            if (mine ^ bits[mate]).bit_count() <= _BITS_APART and self._alike(position, mate):
                split = self.split(position)
                self.found[position] |= 1 << other
                self.found[mate] |= 1 << split
                self._partner.setdefault((position, other == split), mate)
                self._partner.setdefault((mate, other == split), position)
                return
            mate = before[mate]
            if mate < 0:
                return

    def _alike(self, one: int, other: int) -> bool:
        """Whether two rows are alike in truth, by their letters."""
        first, second = self._rows[one], self._rows[other]
        if self._survey.others[first] != self._survey.others[second]:
            return False
        mine, theirs = set(shingles(self._letters[first])), set(shingles(self._letters[second]))
        return len(mine & theirs) >= ALIKE * len(mine | theirs)


def shingles(letters: str) -> list[str]:
    """The set of a text's character n-grams: pairs where characters are words, as in Chinese, else fours."""
    size = 2 if any(unicodedata.east_asian_width(character) == "W" for character in letters[:20]) else 4
    if len(letters) <= size:
        return [letters]
    letters = letters[:_MAX_SHINGLES]
    return list({letters[start : start + size] for start in range(len(letters) - size + 1)})


def _one_bit_each(signature: bytes) -> int:
    """The lowest bit of each of 128 hashes of 4 bytes."""
    lowest = signature[::4]
    packed = 0
    for part in range(8):
        packed |= (int.from_bytes(lowest[16 * part : 16 * part + 16], "little") & _EVERY_LOWEST) << part
    return packed


_EVERY_LOWEST = int.from_bytes(b"\x01" * 16, "little")
