"""Scores of single-label answers, computed by scikit-learn.

Definitions, with n the labelled rows, and an answer *parsed* when a label could be read in it at all:

- accuracy: answers equal to the gold label / n.
- precision, recall and F1 of a class: one against the rest; 0 where there is nothing to divide by.
- macro_f1: the plain mean of F1 over the classes that occur among the gold labels or the answers, which is
  scikit-learn's ``f1_score(average="macro", zero_division=0)`` over these labels. A label of the set that occurs in
  neither says nothing of the model and is left out. ``per_class`` has exactly the classes of this mean.
- weighted_f1: the mean weighted by the classes' gold rows; micro_f1: F1 of the counts summed over the classes.
- format_rate: parsed answers / n. out_of_set_rate: parsed answers that are not in the label set / n.

An answer that is not parsed or not in the set is wrong: it lowers the recall of the gold class and no precision. So
micro_f1 equals the accuracy only where every answer is in the set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tasktune.locale import nearest_language
from tasktune.sums import SampledMetrics, Sums, only_where, share
from tasktune.types import Confusion, MetricInfo, Metrics, Scored
from tasktune_classification.options import ClassificationOptions

PRIMARY = "macro_f1"
NO_LABEL = {"en": "(no label of the set)", "zh-TW": "（非標籤）"}
"""The confusion matrix's last column: answers that were not parsed or not in the label set."""

INFO: Mapping[str, MetricInfo] = {
    "macro_f1": MetricInfo(titles={"en": "Macro-F1", "zh-TW": "Macro-F1"}),
    "accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"}),
    "micro_f1": MetricInfo(titles={"en": "Micro-F1", "zh-TW": "Micro-F1"}),
    "weighted_f1": MetricInfo(titles={"en": "Weighted F1", "zh-TW": "加權 F1"}),
    "format_rate": MetricInfo(titles={"en": "Format rate", "zh-TW": "格式正確率"}),
    "out_of_set_rate": MetricInfo(
        titles={"en": "Answers outside the label set", "zh-TW": "標籤集外的回答"}, higher_is_better=False
    ),
}


def compute_metrics(rows: Sequence[Scored], options: ClassificationOptions) -> Metrics:
    """Score the labelled rows; see the module's definitions. Linear in the rows."""
    rows = [row for row in rows if row.record.target is not None]
    if not rows:
        return Metrics(primary=PRIMARY, values=dict.fromkeys(INFO, 0.0))
    number = {label: index for index, label in enumerate(options.labels)}
    outside = len(number)
    gold = [number[row.record.target] for row in rows]
    answered = [number.get(row.answer.value, outside) if row.answer.parsed else outside for row in rows]
    occurring = sorted({*gold, *answered} - {outside})
    parsed = sum(row.answer.parsed for row in rows)
    counts = Counter(zip(gold, answered, strict=True))
    right = sum(count for (one, other), count in counts.items() if one == other)
    per_class, averages = _scikit_scores(gold, answered, occurring)
    return Metrics(
        primary=PRIMARY,
        values={
            "macro_f1": averages["macro"],
            "accuracy": right / len(rows),
            "micro_f1": averages["micro"],
            "weighted_f1": averages["weighted"],
            "format_rate": parsed / len(rows),
            "out_of_set_rate": (parsed - sum(index != outside for index in answered)) / len(rows),
        },
        per_class={options.labels[index]: scores for index, scores in zip(occurring, per_class, strict=True)},
        confusion=_confusion(counts, occurring, outside, options),
    )


def _scikit_scores(
    gold: Sequence[int], answered: Sequence[int], occurring: Sequence[int]
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Scores per class and averaged F1, over the occurring classes."""
    from sklearn.metrics import precision_recall_fscore_support

    def scores(average: str | None) -> tuple[list[float], list[float], list[float], list[float]]:
        return precision_recall_fscore_support(  # type: ignore[no-any-return]
            gold, answered, labels=occurring, average=average, zero_division=0
        )

    per_class = [
        {"precision": float(p), "recall": float(r), "f1": float(f), "support": float(s)}
        for p, r, f, s in zip(*scores(None), strict=True)
    ]
    return per_class, {average: float(scores(average)[2]) for average in ("macro", "micro", "weighted")}  # type: ignore[arg-type]


def _confusion(
    counts: Mapping[tuple[int, int], int], occurring: Sequence[int], outside: int, options: ClassificationOptions
) -> Confusion:
    labels = tuple(options.labels[index] for index in occurring)
    return Confusion(
        rows=labels,
        columns=(*labels, no_label(options)),
        counts=tuple(tuple(counts.get((row, column), 0) for column in (*occurring, outside)) for row in occurring),
    )


def no_label(options: ClassificationOptions) -> str:
    """The name of the column of answers without a label, different from every label."""
    name = NO_LABEL[nearest_language(options.language)]
    while name in options.completions:
        name = f"({name})"
    return name


def row_statistics(row: Scored, options: ClassificationOptions) -> Mapping[str, float]:
    """One row, whether it is parsed, in the set and right, and its place in the confusion matrix's margins."""
    gold, answer = row.record.target, row.answer
    found: dict[str, float] = {"rows": 1, f"gold:{gold}": 1}
    if not answer.parsed:
        return found
    found["parsed"] = 1
    if answer.value in options.completions:
        found["in set"] = 1
        found[f"answered:{answer.value}"] = 1
        if answer.value == gold:
            found[f"right:{gold}"] = 1
    return found


def metrics_of_sums(sums: Sums, options: ClassificationOptions) -> SampledMetrics:
    """The scores by the margins and the diagonal of the confusion matrix."""
    rows = sums["rows"]
    zero = 0 * rows
    all_gold, all_answered, all_right, f1_sum, weighted_sum, occurring = (zero.copy() for _sum in range(6))
    per_class = {}
    for label in options.labels:
        gold, answered, right = (sums[f"{kind}:{label}"] for kind in ("gold", "answered", "right"))
        present = gold + answered > 0
        f1 = share(2 * right, gold + answered)
        all_gold, all_answered, all_right = all_gold + gold, all_answered + answered, all_right + right
        f1_sum, weighted_sum, occurring = f1_sum + f1, weighted_sum + f1 * gold, occurring + present
        scores = {"precision": share(right, answered), "recall": share(right, gold), "f1": f1, "support": gold}
        if present.any():
            per_class[label] = {name: only_where(present, values) for name, values in scores.items()}
    return SampledMetrics(
        values={
            "macro_f1": share(f1_sum, occurring),
            "accuracy": share(all_right, rows),
            "micro_f1": share(2 * all_right, all_gold + all_answered),
            "weighted_f1": share(weighted_sum, all_gold),
            "format_rate": share(sums["parsed"], rows),
            "out_of_set_rate": share(sums["parsed"] - sums["in set"], rows),
        },
        per_class=per_class,
    )
