"""How much each token of an answer counts in the loss, by the classes that the answer speaks of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.data.encode import Encoded, Encoder
from tasktune.data.offsets import Offset
from tasktune.errors import InputError
from tasktune.locale import translate as _

Row = Mapping[str, Any]


class TokenWeights:
    """Weighs the tokens of rows. ``weights`` are those of classes, 1 for one that is not named.

    A row whose task type says which parts of an answer speak of which class has ``class_spans``: a token has the weight
    of the part that it lies in, and 1 outside of them. A row without them speaks of its classes as a whole: all its
    tokens have the mean weight of these.
    """

    def __init__(self, encoder: Encoder, weights: Mapping[str, float]) -> None:
        self._encoder = encoder
        self._weights = weights

    def of(self, rows: Sequence[tuple[Row, Encoded]]) -> list[list[list[float]]]:
        """For each row, for each of its answers, the weights of its tokens. Rows are as they were written.

        :raises InputError: the tokenizer does not tell which characters the tokens of a row's answer are.
        """
        if "class_spans" not in rows[0][0]:
            return [self._of_whole_row(row, encoded) for row, encoded in rows]
        offsets = self._encoder.offsets([row["messages"][-1]["content"] for row, _encoded in rows])
        return [self._of_parts(row, encoded, each) for (row, encoded), each in zip(rows, offsets, strict=True)]

    def _of_whole_row(self, row: Row, encoded: Encoded) -> list[list[float]]:
        of_classes = [self._weights.get(name, 1.0) for name in row["classes"]]
        weight = sum(of_classes) / len(of_classes) if of_classes else 1.0
        return [[weight] * len(answer) for answer in encoded.answers]

    def _of_parts(self, row: Row, encoded: Encoded, offsets: list[Offset] | None) -> list[list[float]]:
        if offsets is None or len(offsets) != len(encoded.completion):
            raise InputError(
                _(
                    "training.class_weights: the base model's tokenizer does not tell which characters of the answer "
                    "in {row} its tokens are",
                    row=row["id"],
                ),
                hint=_("remove class_weights, or use another base model"),
            )
        spans = [(each["start"], each["end"], self._weights.get(each["name"], 1.0)) for each in row["class_spans"]]
        # A pair weighs what its chosen answer weighs; nothing is known of the parts of a rejected one.
        rejected = [] if encoded.rejected is None else [[1.0] * len(encoded.rejected)]
        return [token_weights(offsets, spans), *rejected]


def token_weights(offsets: Sequence[Offset], spans: Sequence[tuple[int, int, float]]) -> list[float]:
    """The weight of each token: the mean of its characters', so a token on the edge of a span weighs something between.

    ``offsets`` are the tokens' characters, together a text without gaps; ``spans`` are (start, end, weight) in it. A
    character outside of all spans weighs 1, and so does a token without any characters.
    """
    of_character = [1.0] * (offsets[-1][1] if offsets else 0)
    for start, end, weight in spans:
        of_character[start:end] = [weight] * (end - start)
    return [sum(of_character[start:end]) / (end - start) if end > start else 1.0 for start, end in offsets]
