"""The scores of :mod:`tasktune_generation.metrics` as functions of sums over rows, for resampling.

BLEU's statistics and its formula are sacrebleu's; those of chrF are Popović's (2015), which sacrebleu has no public
functions for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from tasktune.sums import SampledMetrics, Sums, only_where, share
from tasktune.types import Scored
from tasktune_generation.metrics import as_object, bleu_tokenizer, compared, written_without_spaces
from tasktune_generation.options import GenerationOptions
from tasktune_generation.rouge import rouge_l
from tasktune_generation.schema import as_text, same

if TYPE_CHECKING:
    from tasktune.sums import Array

_CHRF_ORDERS = range(1, 7)
_BLEU_ORDERS = range(1, 5)
_RECALL_WEIGHT = 2**2
"""chrF2 weighs recall twice as much as precision: beta is 2."""


def row_statistics(row: Scored, options: GenerationOptions) -> Mapping[str, float]:
    """What one row adds: its counts of n-grams for chrF and BLEU, its ROUGE-L, its lengths and its fields."""
    gold = as_text(row.record.target)
    answer = compared(row, len(gold))
    found: dict[str, float] = {
        "rows": 1,
        "rouge_l": rouge_l(gold, answer, by_character=written_without_spaces(options.language)),
        **_chrf_statistics(gold, answer),
        **_bleu_statistics(gold, answer, bleu_tokenizer(options.language)),
        **_field_statistics(row),
    }
    if row.answer.parsed:
        found["parsed"] = 1
        found["exact"] = same(row.answer.value, row.record.target)
        found["gold length"] = len(gold)
        found["answer length"] = len(as_text(row.answer.value))
    return found


def metrics_of_sums(sums: Sums, options: GenerationOptions) -> SampledMetrics:
    """The scores by the sums of :func:`row_statistics`."""
    names = sorted(name.removeprefix("all:") for name in sums.by_name if name.startswith("all:"))
    fields = {
        name: {
            "field_accuracy": only_where(sums[f"all:{name}"] > 0, share(sums[f"right:{name}"], sums[f"all:{name}"])),
            "support": only_where(sums[f"all:{name}"] > 0, sums[f"all:{name}"]),
        }
        for name in names
    }
    return SampledMetrics(
        values={
            "format_rate": share(sums["parsed"], sums["rows"]),
            "exact_match": share(sums["exact"], sums["rows"]),
            "chrf": _chrf(sums),
            "bleu": _bleu(sums),
            "rouge_l": share(sums["rouge_l"], sums["rows"]),
            "length_ratio": share(sums["answer length"], sums["gold length"]),
            "field_accuracy": share(sums["fields right"], sums["fields"]),
            "missing_field_rate": share(sums["fields missing"], sums["fields gold"]),
        },
        per_class={} if options.answer_schema is None else fields,
    )


def _chrf_statistics(gold: str, answer: str) -> dict[str, float]:
    ours, theirs = "".join(answer.split()), "".join(gold.split())
    found: dict[str, float] = {}
    for order in _CHRF_ORDERS:
        asked = _ngrams(theirs, order)
        written = _ngrams(ours, order) if asked else Counter()  # sacrebleu counts none where there is none to match
        found[f"chrf gold {order}"] = asked.total()
        found[f"chrf answer {order}"] = written.total()
        found[f"chrf both {order}"] = (asked & written).total()
    return found


def _ngrams(text: str, order: int) -> Counter[str]:
    return Counter(text[start : start + order] for start in range(len(text) - order + 1))


def _chrf(sums: Sums) -> Array:
    precision = recall = orders = 0 * sums["rows"]
    for order in _CHRF_ORDERS:
        gold, answer, both = (sums[f"chrf {what} {order}"] for what in ("gold", "answer", "both"))
        counted = (gold > 0) & (answer > 0)
        precision = precision + counted * share(both, answer)
        recall = recall + counted * share(both, gold)
        orders = orders + counted
    precision, recall = share(precision, orders), share(recall, orders)
    return 100 * share((1 + _RECALL_WEIGHT) * precision * recall, _RECALL_WEIGHT * precision + recall)


@cache
def _bleu_metric(tokenizer: str) -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU(tokenize=tokenizer, force=True)


def _bleu_statistics(gold: str, answer: str, tokenizer: str) -> dict[str, float]:
    score = _bleu_metric(tokenizer).corpus_score([answer], [[gold]])
    found: dict[str, float] = {"bleu answer length": score.sys_len, "bleu gold length": score.ref_len}
    for order, right, written in zip(_BLEU_ORDERS, score.counts, score.totals, strict=True):
        found[f"bleu both {order}"] = right
        found[f"bleu answer {order}"] = written
    return found


def _bleu(sums: Sums) -> Array:
    import numpy
    from sacrebleu.metrics import BLEU

    def counts(*names: str) -> list[list[int]]:
        whole: list[list[int]] = numpy.stack([sums[name] for name in names], axis=1).round().astype(int).tolist()
        return whole

    right = counts(*(f"bleu both {order}" for order in _BLEU_ORDERS))
    written = counts(*(f"bleu answer {order}" for order in _BLEU_ORDERS))
    lengths = counts("bleu answer length", "bleu gold length")
    return numpy.array(
        [
            BLEU.compute_bleu(correct, total, ours, theirs, smooth_method="exp").score
            for correct, total, (ours, theirs) in zip(right, written, lengths, strict=True)
        ]
    )


def _field_statistics(row: Scored) -> dict[str, float]:
    gold = as_object(row.record.target)
    answer = as_object(row.answer.value) if row.answer.parsed else {}
    found: Counter[str] = Counter({"fields": len(gold.keys() | answer.keys()), "fields gold": len(gold)})
    for name in gold.keys() | answer.keys():
        right = name in gold and name in answer and same(gold[name], answer[name])
        found.update({f"all:{name}": 1, f"right:{name}": right, "fields right": right})
        found["fields missing"] += name in gold and name not in answer
    return dict(found)
