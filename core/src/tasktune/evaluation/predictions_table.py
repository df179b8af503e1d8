"""All predictions as data for the table in ``report.html``: few bytes, and no more of them than a page can hold."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasktune.evaluation.markdown import as_text, shorten
from tasktune.evaluation.page import text
from tasktune.evaluation.predictions import Prediction
from tasktune.types import Confusion

if TYPE_CHECKING:
    from tasktune.definition import Task
    from tasktune.evaluation.wording import Wording

MOST_ROWS = 20_000
"""Predictions on the page; of more, right ones are left out first."""
MOST_BYTES = 4_000_000
"""What the predictions may weigh, packed."""
LONGEST = (4_000, 1_000, 300, 100)
"""Characters of a text that are kept: the first of these with which the page is light enough, else the last."""
MOST_FIELDS = 12
MOST_LABELS = 5
PAGE_ROWS = 50
"""Rows of the table that are there at a time."""


@dataclass(frozen=True)
class Table:
    """Predictions in columns, gzipped and in base64: ``shown`` of ``total``; longer texts than ``longest`` were cut,
    None if there were none."""

    packed: str
    shown: int
    total: int
    longest: int | None


def predictions_table(task: Task, predictions: Iterable[Prediction], confusion: Confusion | None) -> Table:
    """Pack predictions, which are read once and held up to ``MOST_ROWS`` at a time.

    ``confusion`` tells which column counts the answers that are of no class.
    """
    kept, total = _kept(predictions)
    of_no_class = set(confusion.columns) - set(confusion.rows) if confusion is not None else set()
    names = (set(confusion.rows) if confusion is not None else None, next(iter(of_no_class), None))
    rows = [(each, _gold_classes(task, each), _said_classes(task, each, *names)) for each in kept]
    most = max((len(words) for each in kept for words in _texts(each)), default=0)
    packed, longest = "", LONGEST[0]
    for longest in LONGEST:
        packed = pack(_columns(rows, longest))
        if len(packed) <= MOST_BYTES:
            break
    return Table(packed, len(kept), total, longest if most > longest else None)


def readable(value: Any) -> str:
    """A value in words: of a list of objects one line each, of their values; of others what as_text makes of them."""
    if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
        return "\n".join(" · ".join(as_text(part) for part in each.values()) for each in value)
    return as_text(value)


def pack(data: Any) -> str:
    """Data as JSON, gzipped, in base64: the same bytes for the same data."""
    # Half a surrogate pair has no bytes in UTF-8; as backslashreplace writes it, it is an escape of JSON.
    written = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
    return base64.b64encode(gzip.compress(written, mtime=0)).decode()


def words_of(wording: Wording) -> dict[str, str]:
    """What the table says."""
    say = wording.say
    return {
        "record": say("Record"),
        "gold": say("Gold"),
        "answer": say("Predicted"),
        "confidence": say("Confidence"),
        "labels": say("Most probable answers"),
        "input": say("Input"),
        "output": say("Raw output"),
        "error": say("Cannot be read because"),
        "right": say("right"),
        "wrong": say("wrong"),
        "unreadable": say("unreadable"),
        "unlabelled": say("without a target"),
        "empty": say("empty"),
        "all": say("all"),
        "count": say("{shown} of {total} predictions", shown="{shown}", total="{total}"),
        "page": say("Page {page} of {pages}", page="{page}", pages="{pages}"),
    }


def frame(table: Table, wording: Wording, place: str) -> str:
    """The section that the script fills; its heading has the id ``place``."""

    def say(message: str) -> str:
        return text(wording.say(message))

    notes = []
    if table.shown < table.total:
        note = wording.say(
            "{shown} of {total} predictions are here, wrong ones before right ones; predictions.jsonl has all.",
            shown=f"{table.shown:,}",
            total=f"{table.total:,}",
        )
        notes.append(note)
    if table.longest is not None:
        notes.append(wording.say("Texts of more than {longest} characters are cut.", longest=f"{table.longest:,}"))
    lines = [
        f'<section id="predictions"><h2 id="{place}">{say("Predictions")}</h2>',
        *(f"<p>{text(note)}</p>" for note in notes),
        f"<noscript><p>{say('This table needs JavaScript; the same rows are in predictions.jsonl.')}</p></noscript>",
        f'<p role="alert" hidden>{say("This browser is too old for the table of predictions.")}</p>',
        '<form class="filters" role="search" hidden>',
        f'<label>{say("Search")}<input type="search" name="words" autocomplete="off"></label>',
        f'<label>{say("Answers")}<select name="state"></select></label>',
        f'<label>{say("Gold class")}<select name="gold"></select></label>',
        f'<label>{say("Predicted class")}<select name="said"></select></label>',
        f'<button type="reset">{say("Show all")}</button>',
        "</form>",
        '<div class="pages" hidden>',
        '<span role="status"></span>',
        f'<button type="button" name="before" aria-label="{say("Previous page")}">←</button>',
        '<span class="where"></span>',
        f'<button type="button" name="after" aria-label="{say("Next page")}">→</button>',
        "</div>",
        '<table class="predictions" hidden><thead><tr></tr></thead><tbody></tbody></table>',
        "</section>",
    ]
    return "\n".join(lines)


def _kept(predictions: Iterable[Prediction]) -> tuple[list[Prediction], int]:
    """The first ``MOST_ROWS`` predictions, where wrong ones come before right ones, in the order of the file."""
    wrong: list[tuple[int, Prediction]] = []
    other: list[tuple[int, Prediction]] = []
    total = 0
    for prediction in predictions:
        group = wrong if prediction.correct is False else other
        if len(group) < MOST_ROWS:
            group.append((total, prediction))
        total += 1
    chosen = sorted([*wrong, *other][:MOST_ROWS], key=lambda each: each[0])
    return [prediction for _place, prediction in chosen], total


def _gold_classes(task: Task, row: Prediction) -> Sequence[str]:
    return () if row.target is None else tuple(dict.fromkeys(task.plugin.target_classes(row.record, task.options)))


def _said_classes(task: Task, row: Prediction, known: set[str] | None, other: str | None) -> Sequence[str]:
    """The classes of the answer; where the task type counts the answers of none, these are so called."""
    if not row.answer.parsed:
        return () if other is None else (other,)
    answered = row.record.model_copy(update={"target": row.answer.value})
    found = tuple(dict.fromkeys(task.plugin.target_classes(answered, task.options)))
    if known is None or other is None:
        return found
    return tuple(dict.fromkeys(name if name in known else other for name in found))


def _columns(rows: Sequence[tuple[Prediction, Sequence[str], Sequence[str]]], longest: int) -> dict[str, Any]:
    """The columns; one more column of a prediction's own is one more line here, and one in the script."""

    def cut(value: Any) -> str:
        return shorten(readable(value), longest)

    predictions = [prediction for prediction, _gold, _said in rows]
    return {
        "id": [each.id for each in predictions],
        "right": [each.correct for each in predictions],
        "gold": [None if each.target is None else cut(each.target) for each in predictions],
        "answer": [cut(each.answer.value) if each.answer.parsed else None for each in predictions],
        "output": [cut(each.output) for each in predictions],
        "error": [each.answer.error and cut(each.answer.error) for each in predictions],
        "confidence": [None if each.confidence is None else each.confidence.probability for each in predictions],
        "labels": [_labels(each, longest) for each in predictions],
        "goldClasses": [gold for _each, gold, _said in rows],
        "saidClasses": [said for _each, _gold, said in rows],
        "inputs": _inputs(predictions, longest),
    }


def _labels(row: Prediction, longest: int) -> str | None:
    """The answers that the model finds most probable, with their probabilities."""
    if row.confidence is None or not row.confidence.labels:
        return None
    most = row.confidence.labels[:MOST_LABELS]
    return "\n".join(f"{shorten(readable(each.value), longest)} {each.probability:.1%}" for each in most)


def _texts(row: Prediction) -> Iterator[str]:
    yield from map(readable, (row.target, row.answer.value, row.output, *row.inputs.values()))


def _inputs(predictions: Sequence[Prediction], longest: int) -> Mapping[str, list[str | None]]:
    """The fields of the inputs, the one with the longest texts first."""
    weight: dict[str, int] = {}
    for each in predictions:
        for name, value in each.inputs.items():
            if name in weight or len(weight) < MOST_FIELDS:
                weight[name] = weight.get(name, 0) + len(readable(value))
    return {
        name: [shorten(readable(each.inputs[name]), longest) if name in each.inputs else None for each in predictions]
        for name in sorted(weight, key=lambda name: -weight[name])
    }
