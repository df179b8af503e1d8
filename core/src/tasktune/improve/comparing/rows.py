"""The test rows that versions have in common, whatever their files are called and in which order they stand."""

from __future__ import annotations

import json
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasktune.errors import InputError
from tasktune.evaluation.predictions import Prediction
from tasktune.locale import translate as _

_SHOWN = 5


@dataclass(frozen=True)
class CommonRows:
    """The rows that every version was asked: for each version its predictions, all in the same order.

    ``left_out`` counts each version's labelled rows that another one was not asked.
    """

    predictions: Mapping[str, Sequence[Prediction]]
    left_out: Mapping[str, int]

    @property
    def count(self) -> int:
        """How many rows they have in common."""
        return len(next(iter(self.predictions.values())))

    @property
    def same(self) -> bool:
        """Whether all were asked the same rows."""
        return not any(self.left_out.values())


def common_rows(predictions: Mapping[str, Sequence[Prediction]]) -> CommonRows:
    """Match the labelled rows of versions by their inputs and targets, in the order of the first version.

    Ids name places in files, which move when rows are added; they are no part of the match.

    :raises InputError: there is no row in common, or an input has another target in one version than in another.
    """
    waiting: dict[str, dict[str, deque[Prediction]]] = {}
    for version, rows in predictions.items():
        by_key: dict[str, deque[Prediction]] = defaultdict(deque)
        for row in rows:
            if row.target is not None:
                by_key[_key(row)].append(row)
        waiting[version] = by_key
    first = next(iter(predictions))
    counts = [Counter({key: len(rows) for key, rows in by_key.items()}) for by_key in waiting.values()]
    wanted = counts[0]
    for others in counts[1:]:
        wanted = wanted & others
    common: dict[str, list[Prediction]] = {version: [] for version in predictions}
    for row in predictions[first]:
        key = _key(row)
        if row.target is None or not wanted[key]:
            continue
        wanted[key] -= 1
        for version, by_key in waiting.items():
            common[version].append(by_key[key].popleft())
    left = {version: [row for rows in by_key.values() for row in rows] for version, by_key in waiting.items()}
    _refuse_contradictions(left)
    if not common[first]:
        raise InputError(
            _("{versions} have no labelled test row in common", versions=", ".join(predictions)),
            hint=_("test them on the same rows: train again with the same data.test"),
        )
    return CommonRows(common, {version: len(rows) for version, rows in left.items()})


def _refuse_contradictions(left: Mapping[str, Sequence[Prediction]]) -> None:
    """Rows without a match in all versions may have none because their targets differ."""
    targets: dict[str, dict[str, Prediction]] = defaultdict(dict)
    clashes: dict[str, str] = {}
    for version, rows in left.items():
        for row in rows:
            others = targets[_text(row.inputs)]
            for other, known in others.items():
                if other != version and known.target != row.target:
                    clashes.setdefault(row.id, f"{other} {known.id}, {version} {row.id}")
            others.setdefault(version, row)
    if clashes:
        shown = "; ".join(list(clashes.values())[:_SHOWN]) + ("…" if len(clashes) > _SHOWN else "")
        raise InputError(
            _("{count} test rows have different targets in different versions: {rows}", count=len(clashes), rows=shown),
            hint=_("their scores cannot be compared; decide on one target and train again"),
        )


def _key(row: Prediction) -> str:
    return _text([row.inputs, row.target])


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, default=str)
