"""Scores of entities. Strict ones are computed by seqeval on character-level IOB2.

Definitions, over all labelled rows; an unparsed answer predicts nothing:

- An entity is right when label, start and end are those of a gold entity. precision = right / predicted, recall =
  right / gold, entity_f1 their harmonic mean (micro), as in the CoNLL-2003 shared task (Tjong Kim Sang and De Meulder,
  2003); 0 where there is nothing to divide by. When there is no gold entity at all, entity_f1, precision and recall are
  1.0 if every answer was parsed and predicts nothing, and 0.0 otherwise.
- per_class: the same for each type that occurs among gold or predicted entities; macro_f1 is the plain mean of these
  F1 over the types of the task. A predicted label outside the task's types costs precision and is no class.
- boundary_relaxed_f1: as entity_f1, but a prediction is right when it overlaps a gold entity of its label by at least
  one character, each entity being in at most one pair ("type" matching of SemEval-2013 task 9.1, Segura-Bedmar et al.,
  2013, made one-to-one).
- hallucinated_rate: predicted entities whose text is not in the record's text (or not so often) / predicted entities.
- format_rate: parsed answers / rows.

IOB2 holds one label per character. A prediction that overlaps another one, and one that is not in the text, becomes a
sentence of its own with no gold entity in it: each counts as predicted once, and exact ones are placed first, so that
none is lost. Types stand in tags as numbers, as seqeval reads a hyphen in a type's name as part of the tag. Characters
that no entity covers are left out: they are O in both sequences. seqeval gives the figures of each type; the micro
figures are their counts added up, with the predictions outside the task's types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from tasktune.sums import SampledMetrics, Sums, only_where, share
from tasktune.types import MetricInfo, Metrics, Scored
from tasktune_ner.entities import Entity, located
from tasktune_ner.matching import overlap_pairs
from tasktune_ner.options import NerOptions

PRIMARY = "entity_f1"

_OUTSIDE = "unknown"
"""The tag's type of every label outside the task's types."""

INFO: Mapping[str, MetricInfo] = {
    "entity_f1": MetricInfo(titles={"en": "Entity F1", "zh-TW": "實體 F1"}),
    "precision": MetricInfo(titles={"en": "Precision", "zh-TW": "精確率"}),
    "recall": MetricInfo(titles={"en": "Recall", "zh-TW": "召回率"}),
    "macro_f1": MetricInfo(titles={"en": "Macro-F1", "zh-TW": "Macro-F1"}),
    "boundary_relaxed_f1": MetricInfo(titles={"en": "Boundary-relaxed F1", "zh-TW": "寬鬆邊界 F1"}),
    "hallucinated_rate": MetricInfo(
        titles={"en": "Entities not in the text", "zh-TW": "原文沒有的實體"}, higher_is_better=False
    ),
    "format_rate": MetricInfo(titles={"en": "Format rate", "zh-TW": "格式正確率"}),
}


def compute_metrics(rows: Sequence[Scored], options: NerOptions) -> Metrics:
    """Score the labelled rows; see the module's definitions. Linear in the rows."""
    rows = [row for row in rows if row.record.target is not None]
    if not rows:
        return Metrics(primary=PRIMARY, values=dict.fromkeys(INFO, 0.0))
    gold_count = predicted_count = hallucinated = paired = parsed = 0
    for row in rows:
        answered = predictions(row)
        gold_count += len(row.record.target)
        predicted_count += len(answered)
        hallucinated += sum(not located(each) for each in answered)
        paired += overlap_pairs(row.record.target, answered)
        parsed += row.answer.parsed
    other = {
        "hallucinated_rate": hallucinated / predicted_count if predicted_count else 0.0,
        "format_rate": parsed / len(rows),
    }
    if not gold_count:
        right = float(predicted_count == 0 and parsed == len(rows))
        scores = ("entity_f1", "precision", "recall", "macro_f1", "boundary_relaxed_f1")
        return Metrics(primary=PRIMARY, values={**dict.fromkeys(scores, right), **other})
    per_class = _seqeval_scores(rows, options)
    # Recall times support is a count again, apart from the last digits of the division.
    right = sum(round(each["recall"] * each["support"]) for each in per_class.values())
    values = {
        "entity_f1": 2 * right / (gold_count + predicted_count),
        "precision": right / predicted_count if predicted_count else 0.0,
        "recall": right / gold_count,
        "macro_f1": sum(each["f1"] for each in per_class.values()) / len(per_class),
        "boundary_relaxed_f1": 2 * paired / (gold_count + predicted_count),
        **other,
    }
    return Metrics(primary=PRIMARY, values=values, per_class=per_class)


def predictions(row: Scored) -> Sequence[Entity]:
    """The predicted entities of a row; none when its answer was not parsed."""
    found: Sequence[Entity] = row.answer.value if row.answer.parsed else ()
    return found


def _seqeval_scores(rows: Sequence[Scored], options: NerOptions) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and support of each type of the task that occurs."""
    from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

    numbers = {label: str(index) for index, label in enumerate(options.labels)}
    gold_tags: list[list[str]] = []
    predicted_tags: list[list[str]] = []
    occurring: set[str] = set()
    for row in rows:
        gold = [_numbered(each, numbers) for each in row.record.target]
        answered = [_numbered(each, numbers) for each in predictions(row)]
        occurring.update(each["label"] for each in (*gold, *answered))
        flat, extra = _flat(answered, gold)
        covered = sorted({place for each in (*gold, *flat) for place in range(each["start"], each["end"])})
        gold_tags += [_tags(gold, covered), *(["O"] for _each in extra)]
        predicted_tags += [_tags(flat, covered), *([f"B-{each['label']}"] for each in extra)]
    arrays = precision_recall_fscore_support(gold_tags, predicted_tags, average=None, zero_division=0)
    names = ("precision", "recall", "f1", "support")
    by_number = {
        number: dict(zip(names, map(float, scores), strict=True))
        for number, scores in zip(sorted(occurring), zip(*arrays, strict=True), strict=True)  # seqeval's own order
    }
    return {label: by_number[number] for label, number in numbers.items() if number in by_number}


def _numbered(each: Entity, numbers: Mapping[str, str]) -> Entity:
    return {**each, "label": numbers.get(each["label"], _OUTSIDE)}


def _flat(predicted: Iterable[Entity], gold: Sequence[Entity]) -> tuple[list[Entity], list[Entity]]:
    """Predictions that can stand in one IOB2 sequence, the exact ones first of all, and those that cannot."""
    exact = {(each["start"], each["end"], each["label"]) for each in gold}
    flat: list[Entity] = []
    extra: list[Entity] = []
    used: set[int] = set()
    ordered = sorted(predicted, key=lambda each: (each["start"], each["end"], each["label"]) not in exact)
    for each in ordered:
        place = range(each["start"], each["end"]) if located(each) else range(0)
        if not place or not used.isdisjoint(place):
            extra.append(each)
        else:
            used.update(place)
            flat.append(each)
    return flat, extra


def _tags(entities: Iterable[Entity], covered: Sequence[int]) -> list[str]:
    """The IOB2 tags of the characters at the places ``covered``, which include all of the entities'."""
    tags = {}
    for each in entities:
        tags[each["start"]] = f"B-{each['label']}"
        for place in range(each["start"] + 1, each["end"]):
            tags[place] = f"I-{each['label']}"
    return [tags.get(place, "O") for place in covered]


def row_statistics(row: Scored, options: NerOptions) -> Mapping[str, float]:
    """One row: its gold, predicted and right entities by type, overlapping pairs, hallucinations, and if it is parsed.

    A right entity is counted by its place and label alone, without seqeval: gold entities are flat, so an exact
    prediction of one takes nothing from another, and a second one of the same is wrong.
    """
    gold, answered = row.record.target, predictions(row)
    found: Counter[str] = Counter({"rows": 1, "parsed": row.answer.parsed, "gold": len(gold)})
    found["predicted"] = len(answered)
    found["paired"] = overlap_pairs(gold, answered)
    found["hallucinated"] = sum(not located(each) for each in answered)
    found.update(f"gold:{each['label']}" for each in gold)
    found.update(f"predicted:{each['label']}" for each in answered)
    right = {_place(each) for each in gold} & {_place(each) for each in answered}
    found.update(f"right:{label}" for _start, _end, label in right)
    return found


def metrics_of_sums(sums: Sums, options: NerOptions) -> SampledMetrics:
    """The scores by the sums of :func:`row_statistics`."""
    gold_count, predicted_count = sums["gold"], sums["predicted"]
    any_gold = gold_count > 0
    nothing_asked = (predicted_count == 0) & (sums["parsed"] == sums["rows"]) & (sums["rows"] > 0)
    all_right, f1_sum, occurring = 0 * gold_count, 0 * gold_count, 0 * gold_count
    per_class = {}
    for label in options.labels:
        gold, predicted, right = (sums[f"{kind}:{label}"] for kind in ("gold", "predicted", "right"))
        present = gold + predicted > 0
        f1 = share(2 * right, gold + predicted)
        all_right, f1_sum, occurring = all_right + right, f1_sum + f1, occurring + present
        scores = {"precision": share(right, predicted), "recall": share(right, gold), "f1": f1, "support": gold}
        if present.any():
            per_class[label] = {name: only_where(present & any_gold, each) for name, each in scores.items()}
    scores = {
        "entity_f1": share(2 * all_right, gold_count + predicted_count),
        "precision": share(all_right, predicted_count),
        "recall": share(all_right, gold_count),
        "macro_f1": share(f1_sum, occurring),
        "boundary_relaxed_f1": share(2 * sums["paired"], gold_count + predicted_count),
    }
    return SampledMetrics(
        values={
            **{name: any_gold * each + ~any_gold * nothing_asked for name, each in scores.items()},
            "hallucinated_rate": share(sums["hallucinated"], predicted_count),
            "format_rate": share(sums["parsed"], sums["rows"]),
        },
        per_class=per_class,
    )


def _place(each: Entity) -> tuple[int | None, int | None, str]:
    # What is not in the text has no place, and no gold entity is without one.
    return each["start"], each["end"], each["label"]
