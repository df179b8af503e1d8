"""Rows that are nearly alike: MinHash signatures of character shingles (Broder 1997), banded (Indyk & Motwani 1998).

Chinese has no spaces, so a text is the set of its character n-grams. Two texts are alike when the Jaccard similarity
of their sets is at least :data:`ALIKE`; that is computed from the texts themselves, for pairs that signatures propose.
Which pairs are proposed is a matter of chance, but the same in every process and for every order of equal rows.

The work grows with the rows, not with their pairs: of a band's bucket a row meets the last :data:`MET` before it of
each split. What 128 hashes of both say of their similarity (their lowest byte: Li & König 2010, b-bit minwise hashing)
decides whether the texts are looked at.
"""

from __future__ import annotations

import itertools
import unicodedata
from array import array
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

from tasktune.data.checking.copies import TRAIN
from tasktune.data.checking.findings import IDS_KEPT, DataFinding
from tasktune.data.checking.survey import Letters, Survey
from tasktune.data.records import SPLITS
from tasktune.locale import translate as _

if TYPE_CHECKING:
    import numpy

    Positions = numpy.ndarray[tuple[int], numpy.dtype[numpy.int64]]
    Bands = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.uint64]]
    Hashes = numpy.ndarray[tuple[int], numpy.dtype[numpy.uint64]]
    Bytes = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.uint8]]

ALIKE = 0.8
"""The least Jaccard similarity of near duplicates, customary for deduplication (Lee et al. 2022 take 0.8)."""
HASHES = 128
BANDS = 16
_ROWS = HASHES // BANDS
"""With 16 bands of 8 hashes, 95 % of pairs of similarity 0.80 meet, and 99.4 % of 0.85: 1 - (1 - s⁸)¹⁶."""
MET = 4
_APART = 42
"""Of 128 bytes, (1 - s) · 255/256 differ: 25.5 ± 4.5 at similarity 0.8, so that one pair in 10,000 is lost here."""
_SEED = 42
_BATCH = 2000
_PAIRS = 100_000
SHINGLE_SIZES = (2, 4)
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
        import numpy

        self._survey = survey
        self._letters: Letters = survey.letters()
        rows: array[int] = array("I")
        seen: set[int] = set()
        for row in survey.used():
            key = hash((survey.folds[row], survey.splits[row]))
            if key not in seen:
                seen.add(key)
                rows.append(row)
        del seen
        self._rows = rows
        self._splits = numpy.array([survey.splits[row] for row in rows], numpy.uint8)
        self.found = bytearray(len(rows))
        self._partner: dict[tuple[int, bool], int] = {}
        self._bands, self._bytes = _signatures(self._letters[row] for row in rows)

    def split(self, position: int) -> int:
        return int(self._splits[position])

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

    def search(self) -> None:
        """Fill ``found``: bit ``s`` of a row says that split ``s`` has another row like it."""
        for rows, mates in self.candidates():
            for position, mate in zip(rows.tolist(), mates.tolist(), strict=True):
                own, other = self.split(position), self.split(mate)
                if not self.found[position] & 1 << other and self._alike(position, mate):
                    self.found[position] |= 1 << other
                    self.found[mate] |= 1 << own
                    self._partner.setdefault((position, other == own), mate)
                    self._partner.setdefault((mate, other == own), position)

    def candidates(self) -> Iterator[tuple[Positions, Positions]]:
        """Pairs of rows that meet in a band and that their hashes say may be alike, the nearest in a bucket first."""
        import numpy

        members = [numpy.flatnonzero(self._splits == split) for split in range(len(SPLITS))]
        for keys in self._bands:
            for split, own in enumerate(members):
                order = own[numpy.argsort(keys[own], kind="stable")]
                ordered = keys[order]
                for distance in range(1, MET + 1):
                    same = ordered[distance:] == ordered[:-distance]
                    yield from self._promising(order[distance:][same], order[:-distance][same])
                if split == TRAIN or not len(own):
                    continue
                # Train meets each held-out split; those of two held-out splits are no matter.
                trained = members[TRAIN]
                behind = numpy.searchsorted(ordered, keys[trained], side="right")
                for distance in range(1, MET + 1):
                    before = behind - distance
                    same = (before >= 0) & (ordered[numpy.maximum(before, 0)] == keys[trained])
                    yield from self._promising(trained[same], order[before[same]])

    def _promising(self, rows: Positions, mates: Positions) -> Iterator[tuple[Positions, Positions]]:
        for start in range(0, len(rows), _PAIRS):
            some, others = rows[start : start + _PAIRS], mates[start : start + _PAIRS]
            kept = (self._bytes[some] != self._bytes[others]).sum(axis=1) <= _APART
            yield some[kept], others[kept]

    def _alike(self, one: int, other: int) -> bool:
        """Whether two rows are alike in truth, by their letters."""
        first, second = self._rows[one], self._rows[other]
        if self._survey.others[first] != self._survey.others[second]:
            return False
        mine, theirs = shingles(self._letters[first]), shingles(self._letters[second])
        return len(mine & theirs) >= ALIKE * len(mine | theirs)


def _signatures(texts: Iterable[str]) -> tuple[Bands, Bytes]:
    """A key for each band and text, (bands, texts), and the lowest byte of each hash, (texts, hashes)."""
    import numpy
    from rensa import RMinHash

    # Multilinear hashing modulo 2**64: two different bands have one key by chance less than once in 2**32.
    factors = numpy.random.default_rng(_SEED).integers(1, 2**63, size=_ROWS, dtype=numpy.uint64) * 2 + 1
    keys, lowest = [numpy.empty((0, BANDS), numpy.uint64)], [numpy.empty((0, HASHES), numpy.uint8)]
    texts = iter(texts)
    while batch := list(itertools.islice(texts, _BATCH)):
        hashes, starts = _shingle_hashes(batch)
        signed = RMinHash.digest_matrix_from_flat_token_hashes(hashes, starts, HASHES, _SEED).to_rows()
        numbers = itertools.chain.from_iterable(signed)
        signatures = numpy.fromiter(numbers, numpy.uint32, len(batch) * HASHES).reshape(len(batch), HASHES)
        keys.append((signatures.reshape(len(batch), BANDS, _ROWS) * factors).sum(axis=2, dtype=numpy.uint64))
        lowest.append(signatures.astype(numpy.uint8))
    return numpy.ascontiguousarray(numpy.concatenate(keys).T), numpy.concatenate(lowest)


def _shingle_hashes(texts: list[str]) -> tuple[Hashes, Hashes]:
    """The hashes of all texts' :func:`shingles` in one row, some of them more than once, and where each text begins."""
    import numpy

    sizes = [_size(text) for text in texts]
    padded = [text[:_MAX_SHINGLES].ljust(size, "\0") for text, size in zip(texts, sizes, strict=True)]
    codes = numpy.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(numpy.uint64)
    lengths = numpy.array([len(text) for text in padded])
    size_at = numpy.repeat(sizes, lengths)
    ends = numpy.cumsum(lengths)
    left = numpy.repeat(ends, lengths) - numpy.arange(len(codes))
    hashes = codes.copy()
    for step in range(1, max(SHINGLE_SIZES)):
        following = numpy.roll(codes, -step)
        hashes = numpy.where(step < size_at, _mixed(hashes) + following, hashes)
    counts = lengths - numpy.array(sizes) + 1
    starts = numpy.concatenate([[0], numpy.cumsum(counts)]).astype(numpy.uint64)
    return _mixed(hashes[left >= size_at]), starts


def _mixed(numbers: Hashes) -> Hashes:
    """Each number's bits, well mixed: the finaliser of SplitMix64 (Steele et al. 2014)."""
    import numpy

    word = numpy.uint64
    numbers = (numbers ^ (numbers >> word(30))) * word(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> word(27))) * word(0x94D049BB133111EB)
    return numbers ^ (numbers >> word(31))


def shingles(letters: str) -> set[str]:
    """A text's character n-grams: pairs where characters are words, as in Chinese, else fours."""
    size = _size(letters)
    letters = letters[:_MAX_SHINGLES]
    return {letters[start : start + size] for start in range(max(1, len(letters) - size + 1))}


def _size(letters: str) -> int:
    return SHINGLE_SIZES[0 if any(unicodedata.east_asian_width(each) == "W" for each in letters[:20]) else 1]
