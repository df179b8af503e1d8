"""Exports of annotation tools: Label Studio's tasks to flat rows, and how to know one of doccano's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tasktune.data.importing.items import Item, Rejected, SourceRow
from tasktune.errors import Problem, RecordError
from tasktune.locale import translate as _

_DOCCANO_KEYS = ({"Comments"}, {"cats"}, {"relations", "entities"}, {"label", "data"})


def is_label_studio(row: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a task with its annotations, as Label Studio exports it (format JSON)."""
    lists = ("annotations", "completions")
    return isinstance(row.get("data"), Mapping) and any(isinstance(row.get(name), list) for name in lists)


def is_doccano(row: Mapping[str, Any]) -> bool:
    """Whether a row has the keys or the spans of doccano's JSONL: ``"label": [[0, 3, "ORG"]]``."""
    if "text" not in row and "data" not in row:
        return False
    label = row.get("label", row.get("labels"))
    triples = isinstance(label, list) and any(isinstance(each, list) and len(each) == 3 for each in label)
    return triples or any(keys <= set(row) for keys in _DOCCANO_KEYS)


def flattened(items: Iterable[Item]) -> Iterator[Item]:
    """Label Studio's tasks as rows: the fields of ``data``, and each control's answer under its own name.

    A task with several annotations counts if they agree. One without any is a row without answers.
    """
    for item in items:
        if not isinstance(item, SourceRow) or not is_label_studio(item.fields):
            yield item
            continue
        try:
            yield SourceRow(item.place, _flat(item.fields))
        except RecordError as error:
            yield Rejected(item.place, error.problems, item.fields)


def _flat(task: Mapping[str, Any]) -> dict[str, Any]:
    given = task.get("annotations", task.get("completions")) or []
    valid = [each for each in given if isinstance(each, Mapping) and not each.get("was_cancelled")]
    answers = [_answers(each.get("result")) for each in valid]
    if any(other != answers[0] for other in answers[1:]):
        raise RecordError(
            Problem(
                _("{count} annotations that do not agree", count=len(answers)),
                _("settle it in Label Studio, and export again"),
            )
        )
    data = {str(name): value for name, value in task["data"].items()}
    identity = {"id": task["id"]} if "id" in task and "id" not in data else {}
    return {**identity, **data, **(answers[0] if answers else {})}


def _answers(result: Any) -> dict[str, Any]:
    """What an annotation says, by the name of the control: spans, a choice or a text."""
    answers: dict[str, Any] = {}
    for region in result if isinstance(result, list) else ():
        if not isinstance(region, Mapping) or not isinstance(region.get("value"), Mapping):
            continue
        kind, name, value = region.get("type"), str(region.get("from_name", "label")), region["value"]
        if kind in ("labels", "hypertextlabels"):
            answers.setdefault(name, []).extend(_spans(value))
        elif kind in ("choices", "textarea", "rating", "number"):
            key = "text" if kind == "textarea" else kind
            answers[name] = value.get(key)
    for name, answer in answers.items():
        if isinstance(answer, list) and answer and isinstance(answer[0], dict):
            answers[name] = sorted(answer, key=lambda span: (str(span["start"]), str(span["label"])))
    return answers


def _spans(value: Mapping[str, Any]) -> list[dict[str, Any]]:
    # Of a text in HTML start and end count within an element; the whole text's are apart.
    offsets = value.get("globalOffsets") if isinstance(value.get("globalOffsets"), Mapping) else value
    assert isinstance(offsets, Mapping)
    labels = value.get("labels") or value.get("hypertextlabels") or [None]
    span = {"start": offsets.get("start"), "end": offsets.get("end")}
    if isinstance(value.get("text"), str):
        span["text"] = value["text"]
    return [{**span, "label": label} for label in labels]
