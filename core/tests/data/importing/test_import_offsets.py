"""Offsets that count something else than characters are detected and named, and converted when the texts prove it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.importing.offsets import Counting, Evidence

Import = Callable[..., Any]
TEXTS = ["🎉恭喜台積電😀在高雄設廠", "No emoji: TSMC", "聯電與👍台積電"]
NAMES = ["台積電", "高雄", "TSMC", "聯電"]


def code(text: str, unit: str) -> int:
    """How long a text is in a unit."""
    width = {"characters": len(text), "bytes": len(text.encode()), "utf-16": len(text.encode("utf-16-le")) // 2}
    return width[unit]


def spans(text: str, unit: str, first: int = 0, inclusive: bool = False) -> list[dict[str, Any]]:
    found = []
    for name in NAMES:
        if name in text:
            start = code(text[: text.index(name)], unit) + first
            found.append({"start": start, "end": start + code(name, unit) - inclusive, "label": "X", "text": name})
    return found


def write(tmp_path: Path, rows: list[dict[str, Any]]) -> None:
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def expected() -> list[list[tuple[str, int]]]:
    return [sorted(((n, t.index(n)) for n in NAMES if n in t), key=lambda found: found[1]) for t in TEXTS]


@pytest.mark.parametrize("unit", ["characters", "bytes", "utf-16"])
@pytest.mark.parametrize(("first", "inclusive"), [(0, False), (1, False), (0, True), (1, True)])
def test_texts_prove_how_offsets_count(tmp_path: Path, import_: Import, unit: str, first: int, inclusive: bool) -> None:
    write(tmp_path, [{"text": text, "entities": spans(text, unit, first, inclusive)} for text in TEXTS])
    done = import_("rows.jsonl", type="spots")
    assert done.report["offsets"] == {"unit": unit, "first": first, "inclusive": inclusive}
    assert [[(e["text"], e["start"]) for e in row["entities"]] for row in done.rows] == expected()
    assert all(row["text"][e["start"] : e["end"]] == e["text"] for row in done.rows for e in row["entities"])


def test_what_is_late_in_the_file_counts_too(tmp_path: Path, import_: Import) -> None:
    plain = [{"text": "在台積電", "entities": spans("在台積電", "utf-16")}] * 3000
    write(tmp_path, [*plain, {"text": TEXTS[0], "entities": spans(TEXTS[0], "utf-16")}])
    done = import_("rows.jsonl", type="spots")
    assert done.report["offsets"]["unit"] == "utf-16"
    assert done.counts == (3001, 3001, 0, 0)


def test_the_screen_names_the_unit(tmp_path: Path, tune_here: Callable[..., Any]) -> None:
    write(tmp_path, [{"text": text, "entities": spans(text, "utf-16")} for text in TEXTS])
    shown = tune_here("data", "import", "rows.jsonl", "--task-type", "spots").stdout
    assert "the offsets count UTF-16 units (as JavaScript and Java count); they were converted" in shown


def test_a_row_that_counts_otherwise_is_rejected_and_says_so(tmp_path: Path, import_: Import) -> None:
    rows = [{"text": text, "entities": spans(text, "characters")} for text in TEXTS]
    write(tmp_path, [*rows, {"text": TEXTS[2], "entities": spans(TEXTS[2], "utf-16")}])
    done = import_("rows.jsonl", type="spots")
    assert done.counts == (4, 3, 1, 0)
    assert "here the offsets count UTF-16 units" in done.rejects[0]["reasons"][0]


def test_without_texts_a_suspicion_is_named_and_the_user_decides(tmp_path: Path, import_: Import) -> None:
    bare = [[{"start": s["start"], "end": s["end"], "label": "X"} for s in spans(t, "bytes")] for t in TEXTS]
    write(tmp_path, [{"text": text, "entities": found} for text, found in zip(TEXTS, bare, strict=True)])
    done = import_("rows.jsonl", type="spots")
    assert done.exit_code == 2
    assert "the offsets seem to count UTF-8 bytes, not characters: " in done.error
    assert "say --offsets bytes" in done.error
    done = import_("rows.jsonl", "--offsets", "bytes", type="spots")
    assert [[(e["text"], e["start"]) for e in row["entities"]] for row in done.rows] == expected()
    done = import_("rows.jsonl", "--offsets", "characters", "--force", type="spots")
    assert done.report["counts"]["rejected"] == 2


def test_spans_that_nothing_can_prove_are_told_of(tmp_path: Path, import_: Import) -> None:
    plain = {"text": "在台北市", "entities": [[1, 3, "X"]]}
    write(tmp_path, [plain, {"text": "🎉台北市", "entities": [[2, 4, "X"]]}])
    [notice] = import_("rows.jsonl", type="spots").report["notices"]
    assert notice.startswith("1 spans without their texts stand behind an emoji")
    assert "the first is '北市' in characters, as they are read, and '台北' in UTF-16 units" in notice
    assert import_("rows.jsonl", "--offsets", "characters", "--force", type="spots").report["notices"] == []
    # The second would be half an emoji in UTF-16 units.
    for certain in (plain, {"text": "🎉台北市", "entities": [[1, 3, "X"]]}):
        write(tmp_path, [certain])
        assert import_("rows.jsonl", "--force", type="spots").report["notices"] == []


def test_spans_that_fit_nothing_are_rejected_with_what_stands_there(tmp_path: Path, import_: Import) -> None:
    write(
        tmp_path,
        [
            {"text": "台積電", "entities": [{"start": 0, "end": 2, "label": "X", "text": "聯電"}]},
            {"text": "台積電", "entities": [[0, 99, "X"]]},
            {"text": "台積電", "entities": [{"start": 0, "end": 3}]},
            {"text": "台積電", "entities": [{"start": "a", "end": "b", "label": "X"}]},
            {"text": "台積電", "entities": [{"text": "鴻海", "label": "X"}]},
            {"text": "台積電", "entities": "台積電"},
            {"text": "台積電台積電", "entities": [{"text": "台積電", "label": "X"}]},
        ],
    )
    done = import_("rows.jsonl", type="spots")
    # Which of the two is meant is for the task type to say.
    assert done.rows == [{"text": "台積電台積電", "entities": [{"text": "台積電", "label": "X"}]}]
    reasons = [row["reasons"][0] for row in done.rejects]
    assert "the text has '台積' at 0–2, not '聯電'" in reasons[0]
    assert "0–99 is not a span of the text, which has 3 characters" in reasons[1]
    assert "the span has no label" in reasons[2]
    assert "start and end must be whole numbers, not a and b" in reasons[3]
    assert "'鴻海' is not in the text" in reasons[4]
    assert "no list of spans: 台積電" in reasons[5]


@given(st.text(st.sampled_from("aé中🎉"), min_size=1, max_size=12), st.data())
def test_placing_is_the_inverse_of_counting(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    for unit in ("characters", "bytes", "utf-16"):
        counting = Counting(unit)
        assert counting.place(text, code(text[:start], unit), code(text[:end], unit)) == (start, end)
    assert Counting("bytes").place("中", 1, 2) is None
    assert Counting("utf-16").place("🎉", 0, 1) is None


def test_a_few_wrong_spans_do_not_change_the_counting() -> None:
    evidence = Evidence()
    for _number in range(100):
        evidence.add("在台積電", 1, 4, "台積電")
    evidence.add("在台積電", 2, 5, "台積電")
    assert evidence.proven() == Counting()
