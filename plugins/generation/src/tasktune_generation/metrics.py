"""Scores of generated answers. n is the number of labelled rows; an answer that was not parsed is an empty one.

- format_rate: answers that could be parsed (any text; or JSON that meets the schema) / n.
- exact_match: answers equal to the gold one / n. JSON is compared as JSON: order of names and 1 or 1.0 do not matter.
- chrf: corpus chrF2 over characters (Popović 2015), 0 to 100, by sacrebleu with word_order 0.
- bleu: corpus BLEU (Papineni et al. 2002), 0 to 100, by sacrebleu with the tokenizer ``zh`` for Chinese, ``char`` for
  other languages without spaces, ``13a`` for the rest.
- rouge_l: mean ROUGE-L F1 of the rows (Lin 2004), over characters in languages without spaces, else over words.
- length_ratio: characters of the parsed answers / characters of their gold answers; 1 is right.
- field_accuracy: over the top-level fields that the gold or the answered object has, those that both have with equal
  values. missing_field_rate: gold fields that the answer lacks / gold fields. An unparsed answer lacks them all; a free
  text is an answer with a single field. ``per_class`` has the accuracy of each field of JSON answers.

Text metrics see of a JSON answer its values alone (:func:`tasktune_generation.schema.as_text`), and of an answer that
never ends its first 10,000 characters plus four times the gold answer's length: it scores near 0 either way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from tasktune.types import MetricInfo, Metrics, Scored
from tasktune_generation.options import GenerationOptions
from tasktune_generation.rouge import rouge_l
from tasktune_generation.schema import as_text, same

PRIMARY = "format_rate"
_WITHOUT_SPACES = ("zh", "ja", "th", "lo", "km", "my", "bo")
_TEXT = "output"
_RUN_AWAY = 10_000

INFO: Mapping[str, MetricInfo] = {
    "format_rate": MetricInfo(titles={"en": "Format rate", "zh-TW": "格式正確率"}),
    "exact_match": MetricInfo(titles={"en": "Exact match", "zh-TW": "完全相符率"}),
    "chrf": MetricInfo(titles={"en": "chrF (0–100)", "zh-TW": "chrF（0–100）"}, unit="number"),
    "bleu": MetricInfo(titles={"en": "BLEU (0–100)", "zh-TW": "BLEU（0–100）"}, unit="number"),
    "rouge_l": MetricInfo(titles={"en": "ROUGE-L F1", "zh-TW": "ROUGE-L F1"}),
    "length_ratio": MetricInfo(titles={"en": "Length ratio", "zh-TW": "長度比"}, unit="number"),
    "field_accuracy": MetricInfo(titles={"en": "Field accuracy", "zh-TW": "欄位正確率"}),
    "missing_field_rate": MetricInfo(titles={"en": "Missing fields", "zh-TW": "缺漏欄位比例"}, higher_is_better=False),
}


def compute_metrics(rows: Sequence[Scored], options: GenerationOptions) -> Metrics:
    """Score the labelled rows; see the module's definitions."""
    rows = [row for row in rows if row.record.target is not None]
    if not rows:
        return Metrics(primary=PRIMARY, values=dict.fromkeys(INFO, 0.0))
    parsed = [row for row in rows if row.answer.parsed]
    fields = _count_fields(rows)
    per_field = {name: count["right"] / count["all"] for name, count in sorted(fields.items())}
    gold_fields = sum(count["gold"] for count in fields.values())
    return Metrics(
        primary=PRIMARY,
        values={
            "format_rate": len(parsed) / len(rows),
            "exact_match": sum(same(row.answer.value, row.record.target) for row in parsed) / len(rows),
            **_text_scores(rows, options.language),
            "length_ratio": _length_ratio(parsed),
            "field_accuracy": _total(fields, "right") / _total(fields, "all") if fields else 0.0,
            "missing_field_rate": _total(fields, "missing") / gold_fields if gold_fields else 0.0,
        },
        per_class={}
        if options.answer_schema is None
        else {name: {"field_accuracy": per_field[name], "support": float(fields[name]["all"])} for name in per_field},
    )


def written_without_spaces(language: str) -> bool:
    """Whether words are not separated in a language."""
    return language.lower().replace("_", "-").split("-")[0] in _WITHOUT_SPACES


def bleu_tokenizer(language: str) -> str:
    """sacrebleu's name of the tokenizer for a language."""
    if not written_without_spaces(language):
        return "13a"
    return "zh" if language.lower().startswith("zh") else "char"


def _text_scores(rows: Sequence[Scored], language: str) -> dict[str, float]:
    from sacrebleu import corpus_bleu, corpus_chrf

    gold = [as_text(row.record.target) for row in rows]
    answers = [compared(row, len(text)) for row, text in zip(rows, gold, strict=True)]
    by_character = written_without_spaces(language)
    return {
        "chrf": float(corpus_chrf(answers, [gold], word_order=0).score),
        "bleu": float(corpus_bleu(answers, [gold], tokenize=bleu_tokenizer(language), force=True).score),
        "rouge_l": sum(rouge_l(g, a, by_character=by_character) for g, a in zip(gold, answers, strict=True))
        / len(rows),
    }


def compared(row: Scored, gold_length: int) -> str:
    """The answer's text for the text metrics."""
    text = as_text(row.answer.value) if row.answer.parsed else ""
    return text[: 4 * gold_length + _RUN_AWAY]


def _length_ratio(parsed: Sequence[Scored]) -> float:
    gold = sum(len(as_text(row.record.target)) for row in parsed)
    return sum(len(as_text(row.answer.value)) for row in parsed) / gold if gold else 0.0


def _count_fields(rows: Sequence[Scored]) -> dict[str, Counter[str]]:
    """For each field: in how many rows it is at all, right, in the gold answer, and missing from the model's."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        gold = as_object(row.record.target)
        answer = as_object(row.answer.value) if row.answer.parsed else {}
        for name in gold.keys() | answer.keys():
            right = name in gold and name in answer and same(gold[name], answer[name])
            counts.setdefault(name, Counter()).update(
                {"all": 1, "right": right, "gold": name in gold, "missing": name in gold and name not in answer}
            )
    return counts


def as_object(value: Any) -> dict[str, Any]:
    """An answer's fields; a free text is an answer with a single one."""
    return value if isinstance(value, dict) else {_TEXT: value}


def _total(fields: Mapping[str, Counter[str]], what: str) -> int:
    return sum(count[what] for count in fields.values())
