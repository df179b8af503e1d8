"""Exports of Label Studio and doccano, in the forms that these tools write."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Import = Callable[..., Any]
TEXT = "台積電在高雄設廠"
SPOTS = [
    {"text": "台積電", "label": "ORG", "start": 0, "end": 3},
    {"text": "高雄", "label": "LOC", "start": 4, "end": 6},
]


def region(start: int, end: int, text: str, label: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": text, "labels": [label]}
    return {"id": f"r{start}", "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def task(number: int, text: str, *annotations: list[dict[str, Any]], **data: Any) -> dict[str, Any]:
    """A task as Label Studio exports it (format JSON)."""
    return {
        "id": number,
        "annotations": [
            {"id": 10 * number + n, "completed_by": 1, "was_cancelled": False, "result": result}
            for n, result in enumerate(annotations)
        ],
        "predictions": [],
        "data": {"text": text, **data},
        "project": 3,
    }


def choice(name: str, *choices: str) -> dict[str, Any]:
    return {"from_name": name, "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}


def test_label_studio_spans(tmp_path: Path, import_: Import) -> None:
    regions = [region(4, 6, "高雄", "LOC"), region(0, 3, "台積電", "ORG")]
    tasks = [task(1, TEXT, regions), task(2, "今天下雨", []), task(3, "未標註")]
    (tmp_path / "project-3.json").write_text(json.dumps(tasks, ensure_ascii=False, indent=1), "utf-8")
    done = import_("project-3.json", type="spots")
    assert done.report["format"] == "Label Studio"
    assert done.rows == [{"text": TEXT, "entities": SPOTS, "id": 1}]
    # Without regions it cannot be told whether there are none or nobody has looked.
    assert [row["reasons"][0].partition(" (")[0] for row in done.rejects] == ["entities: the row has no target"] * 2


def test_label_studio_choices_and_texts(tmp_path: Path, import_: Import) -> None:
    answer = {"from_name": "output", "to_name": "text", "type": "textarea", "value": {"text": ["改寫"]}}
    tasks = [
        task(1, "好吃", [choice("sentiment", "yes"), answer], source="web"),
        task(2, "難吃", [choice("sentiment", "no")]),
    ]
    (tmp_path / "rows.json").write_text(json.dumps(tasks), "utf-8")
    assert import_("rows.json", "--drop-others").rows == [
        {"text": "好吃", "label": "yes"},
        {"text": "難吃", "label": "no"},
    ]
    done = import_("rows.json", "--force", "--drop-others", type="echo")
    assert done.rows == [{"text": "好吃", "output": "改寫"}]


def test_label_studio_annotators_who_disagree_and_several_choices(tmp_path: Path, import_: Import) -> None:
    cancelled = task(3, "c", [choice("label", "no")], [choice("label", "yes")])
    cancelled["annotations"][0]["was_cancelled"] = True
    tasks = [
        task(1, "a", [choice("label", "yes")], [choice("label", "no")]),
        task(2, "b", [choice("label", "yes", "no")]),
        cancelled,
        task(4, "d", [choice("label", "no")], [choice("label", "no")]),
    ]
    (tmp_path / "rows.json").write_text(json.dumps(tasks), "utf-8")
    done = import_("rows.json")
    assert [(row["text"], row["label"]) for row in done.rows] == [("c", "yes"), ("d", "no")]
    reasons = [row["reasons"][0] for row in done.rejects]
    assert "2 annotations that do not agree" in reasons[0]
    assert "2 answers, but a row has one: ['yes', 'no']" in reasons[1]


def test_label_studio_minimal_json(tmp_path: Path, import_: Import) -> None:
    rows = [
        {"id": 1, "text": TEXT, "label": [region(0, 3, "台積電", "ORG")["value"]], "annotator": 1, "lead_time": 2.5}
    ]
    (tmp_path / "rows.json").write_text(json.dumps(rows), "utf-8")
    assert import_("rows.json", "--drop-others", type="spots").rows == [{"text": TEXT, "entities": SPOTS[:1]}]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 1, "text": TEXT, "label": [[4, 6, "LOC"], [0, 3, "ORG"]]},
        {"id": 1, "data": TEXT, "label": [[0, 3, "ORG"], [4, 6, "LOC"]]},
        {"id": 1, "text": TEXT, "labels": [[0, 3, "ORG"], [4, 6, "LOC"]], "Comments": []},
        {
            "id": 1,
            "text": TEXT,
            "entities": [
                {"id": 5, "label": "ORG", "start_offset": 0, "end_offset": 3},
                {"id": 6, "label": "LOC", "start_offset": 4, "end_offset": 6},
            ],
            "relations": [],
            "Comments": [],
        },
    ],
)
def test_doccano_spans(tmp_path: Path, import_: Import, row: dict[str, Any]) -> None:
    (tmp_path / "all.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = import_("all.jsonl", "--drop-others", type="spots")
    assert done.report["format"] == "doccano"
    assert done.rows == [{"text": TEXT, "entities": SPOTS}]


def test_doccano_labels_and_texts(tmp_path: Path, import_: Import) -> None:
    lines = ['{"id": 1, "data": "好吃", "label": ["yes"]}', '{"id": 2, "data": "難吃", "label": []}']
    (tmp_path / "all.jsonl").write_text("\n".join(lines), "utf-8")
    done = import_("all.jsonl", "--drop-others")
    assert done.rows == [{"text": "好吃", "label": "yes"}]
    assert done.counts == (2, 1, 1, 0)
    assert import_("all.jsonl", "--drop-others", "--force", type="echo").rows == [{"text": "好吃", "output": "yes"}]


@pytest.mark.parametrize(
    "value",
    [
        json.dumps([[0, 3, "ORG"], [4, 6, "LOC"]]),
        "[(0, 3, 'ORG'), (4, 6, 'LOC')]",
        "{'entities': [(0, 3, 'ORG'), (4, 6, 'LOC')]}",
        '[{"type": "ORG", "text": "台積電"}, {"type": "LOC", "text": "高雄"}]',
        json.dumps({"ORG": {"台積電": [[0, 3]]}, "LOC": {"高雄": [[4, 6]]}}, ensure_ascii=False),
        '[{"entity_group": "ORG", "start": 0, "end": 3, "word": "台積電"}, {"label": "LOC", "begin": 4, "end": 6}]',
    ],
)
def test_spans_in_a_column_of_a_table(tmp_path: Path, import_: Import, value: str) -> None:
    quoted = value.replace('"', '""')
    (tmp_path / "rows.csv").write_text(f'text,entities\n{TEXT},"{quoted}"\n', "utf-8")
    assert import_("rows.csv", type="spots").rows == [{"text": TEXT, "entities": SPOTS}]
