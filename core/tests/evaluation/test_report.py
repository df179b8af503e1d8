from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Any

import pytest
from markdown_it import MarkdownIt

from tasktune.evaluation.predictions import Prediction, parse_outputs
from tasktune.evaluation.report import RunFacts, as_markdown, report_sections, typical_mistakes
from tasktune.evaluation.score import Evaluation, score
from tasktune.locale import use_language
from tasktune.training.hints import Hint
from tasktune.training.record import Kept, TrainingRecord
from tasktune.types import Action, Answer, Finding, Record

Make = Callable[..., Any]
Rows = list[tuple[Record, str]]
MARKDOWN = MarkdownIt("commonmark").enable("table")
FACTS = RunFacts(version="v1", date=datetime.date(2026, 11, 20), rows={"train": 1200, "test": 10})
RECORD = TrainingRecord(steps=2, history=({"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.0}))

CHINESE = ["整體表現", "與基準比較", "各類別表現", "混淆矩陣", "訓練曲線", "錯誤類型", "診斷", "典型錯誤", "決策"]
ENGLISH = [
    "Overall",
    "Against baselines",
    "Per class",
    "Confusion matrix",
    "Training curve",
    "Kinds of mistakes",
    "Diagnosis",
    "Typical mistakes",
    "Decision",
]


def report(task: Any, rows: Rows, train: list[Record] | None = None, **how: Any) -> str:
    evaluation = score(task, rows, train=train or ())
    return as_markdown(report_sections(evaluation, task, FACTS, map(Prediction.of, parse_outputs(task, rows)), **how))


def sections(text: str) -> dict[str, str]:
    """The bodies of a report by their headings, the part before them under its title."""
    assert text.startswith("# ")
    first, *rest = text.split("\n## ")
    title, _, facts = first.removeprefix("# ").partition("\n")
    return {title: facts.strip(), **{h: body.strip() for h, _, body in (part.partition("\n") for part in rest)}}


def table_rows(body: str) -> list[list[str]]:
    """The cells of the first table in a section, header first, rule left out."""
    lines = [line for line in body.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in (lines[0], *lines[2:])]


@pytest.mark.parametrize(
    ("language", "title", "headings"),
    [("zh-TW", "colours 評估報告", CHINESE), ("en", "colours evaluation report", ENGLISH)],
)
def test_shape(
    make_task: Make, rows: Rows, train: list[Record], language: str, title: str, headings: list[str]
) -> None:
    text = report(make_task(), rows, train, language=language, training=RECORD)
    assert list(sections(text)) == [title, *headings]
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_the_language_is_the_tasks_unless_asked_otherwise(make_task: Make, rows: Rows) -> None:
    assert "## 決策" in report(make_task(language="zh-TW"), rows)
    assert "## Decision" in report(make_task(language="zh-TW"), rows, language="en")


def test_no_english_is_left_in_a_chinese_report(make_task: Make, rows: Rows, train: list[Record]) -> None:
    use_language("zh-TW")
    task = make_task({"labels": ("紅", "綠")}, language="zh-TW", success_criteria={"baseline": "規則_0.9"})
    text = report(task, [(Record(id="t:1", inputs={"字": "火"}, target="紅"), "[綠]")] * 3, train, training=RECORD)
    names = {"colours", "qwen", "lora", "r", "sft", "v", "train", "test", "majority", "recall", "f", "answer", "length"}
    names |= {"extra", "t", "x", "svg", "epoch", "tune", "run", "task", "yaml", "training", "epochs", "none", "b"}
    names |= {"figures", "loss"}  # a path
    names |= {"options", "a", "look", "insight", "what", "the", "plugin", "was", "shown"}  # the toy's own words
    names |= {"adapter", "rank", "alpha"}
    text = re.sub(r"docs/diagnose\.md#\S+", "", text)
    letters = "".join(c if c.isascii() and c.isalpha() else " " for c in text).lower().split()
    assert set(letters) - names == set()


def test_overall_has_targets_only_where_there_are_some(make_task: Make, rows: Rows) -> None:
    body = sections(report(make_task(), rows, language="zh-TW"))["整體表現"]
    assert table_rows(body) == [
        ["指標", "分數", "目標", "狀態"],
        ["準確率", "60.0%（30.0% 到 90.0%）", "75%", "❌"],
        ["錯誤率", "40.0%（10.0% 到 70.0%）", "—", "—"],
        ["Answer length", "2.50（2.50 到 2.50）", "—", "—"],
        ["extra", "12.5%（12.5% 到 12.5%）", "—", "—"],
    ]


def test_the_chosen_metric_comes_first(make_task: Make, rows: Rows) -> None:
    task = make_task(success_criteria={"primary_metric": "extra", "threshold": 0.1})
    assert table_rows(sections(report(task, rows))["Overall"])[1] == ["extra", "12.5% (12.5% to 12.5%)", "10%", "✅"]


def test_baselines_stand_beside_the_model_on_every_metric(make_task: Make, rows: Rows, train: list[Record]) -> None:
    task = make_task(success_criteria={"baseline": "rules_0.65"})
    made = table_rows(sections(report(task, rows, train))["Against baselines"])
    assert made[0] == ["Metric", "Model", "majority", "rules (stated in task.yaml)"]
    assert made[1] == ["Accuracy", "60.0%", "40.0%", "65.0%"]
    assert [row[0] for row in made[1:]] == ["Accuracy", "Error rate", "Answer length", "extra"]
    assert made[2][3] == "—"


def test_classes_with_precision_first_and_support_as_a_count(make_task: Make, rows: Rows) -> None:
    made = table_rows(sections(report(make_task(), rows))["Per class"])
    assert made == [
        ["Class", "Recall", "F1", "Rows"],
        ["red", "100.0%", "50.0% (50.0% to 50.0%)", "4"],
        ["green", "33.3%", "50.0% (50.0% to 50.0%)", "3"],
        ["blue", "33.3%", "50.0% (50.0% to 50.0%)", "3"],
    ]


def test_the_confusion_matrix_counts_unparsed_answers(make_task: Make, rows: Rows) -> None:
    made = table_rows(sections(report(make_task(), rows))["Confusion matrix"])
    assert made[0][1:] == ["red", "green", "blue", "(none)"]
    assert made[1:] == [
        ["red", "4", "0", "0", "0"],
        ["green", "0", "1", "2", "0"],
        ["blue", "0", "0", "1", "1"],
    ]


def test_many_labels_are_shown_as_pairs(make_task: Make) -> None:
    labels = tuple(f"c{n}" for n in range(21))
    golds = ["c0"] * 3 + ["c1"] * 5 + ["c2"]
    outputs = ["[c0]", "[c1]", "[c1]", "[c2]", "[c2]", "[c2]", "[c1]", "?", "[c2]"]
    rows = [
        (Record(id=f"t:{n}", inputs={"x": "y"}, target=gold), output)
        for n, (gold, output) in enumerate(zip(golds, outputs, strict=True))
    ]
    body = sections(report(make_task({"labels": labels}), rows))["Confusion matrix"]
    assert body.startswith("21 labels are too many for a matrix: the 3 commonest of 3 confusions.")
    assert table_rows(body)[1:] == [
        ["c1", "c2", "3", "50.0%"],
        ["c0", "c1", "2", "33.3%"],
        ["c1", "(none)", "1", "16.7%"],
    ]


def test_no_confusion_among_many_labels_needs_no_table(make_task: Make) -> None:
    labels = tuple(f"c{n}" for n in range(30))
    rows = [(Record(id="t:1", inputs={"x": "y"}, target="c0"), "[c0]")]
    body = sections(report(make_task({"labels": labels}), rows))["Confusion matrix"]
    assert "0 confusions" in body
    assert "|" not in body


def test_very_many_classes_are_cut_to_the_weakest(make_task: Make) -> None:
    labels = tuple(f"c{n}" for n in range(150))
    rows = [(Record(id="t:1", inputs={"x": "y"}, target="c0"), "[c0]")]
    body = sections(report(make_task({"labels": labels}), rows))["Per class"]
    assert "100 of 150 classes" in body
    assert len(table_rows(body)) == 101


def test_the_training_section_tells_of_stopping_keeping_and_hints(make_task: Make, rows: Rows) -> None:
    history = (
        {"step": 1, "loss": 2.0, "grad_norm": 0.5, "learning_rate": 1e-4},
        {"step": 2, "eval_loss": 1.5, "eval_accuracy": 0.75},
    )
    hint = Hint(code="overfitting", step=9, losses=(1.0, 1.1, 1.2, 1.3))
    kept = Kept(step=2, by="best", figure="eval_accuracy", value=0.75)
    record = TrainingRecord(steps=9, planned=20, history=history, watched="eval_accuracy", kept=kept, hints=(hint,))
    body = sections(report(make_task(), rows, training=record))["Training curve"]
    figures = [line for line in body.splitlines() if line.startswith("![")]
    assert figures == [
        "![Training loss](figures/loss.svg)",
        "![Accuracy on validation rows](figures/metric.svg)",
        "![Gradient norm](figures/gradient_norm.svg)",
        "![Learning rate](figures/learning_rate.svg)",
    ]
    assert (
        "stopped early, at step 9 of 20. The weights are those of the best evaluation, at step 2: Accuracy 75.0%."
        in body
    )
    assert "- ⚠️ evaluation loss has risen for 3 evaluations: 1 → 1.1 → 1.2 → 1.3" in body
    chinese = sections(report(make_task(language="zh-TW"), rows, training=record))["訓練曲線"]
    assert "第 2 步" in chinese
    by_loss = record.model_copy(
        update={"kept": Kept(step=2, by="best", figure="eval_loss", value=1.5), "watched": "eval_loss", "hints": ()}
    )
    body = sections(report(make_task(), rows, training=by_loss))["Training curve"]
    assert "at step 2: validation loss 1.5." in body
    assert "metric.svg" not in body


def test_sections_without_content_are_left_out(make_task: Make, rows: Rows) -> None:
    task = make_task({"metrics": {"accuracy": 1.0}})
    evaluation = score(task, rows)
    assert list(sections(as_markdown(report_sections(evaluation, task, FACTS))))[1:] == [
        "Overall",
        "Kinds of mistakes",
        "Diagnosis",
        "Decision",
    ]


def test_facts_of_the_run(make_task: Make, rows: Rows) -> None:
    task = make_task(
        training={"base_model": "builtin:tiny", "lora": {"r": 8}}, success_criteria={"baseline": "old-bert"}
    )
    facts = sections(report(task, rows))["colours evaluation report"]
    lines = dict(line.removeprefix("- ").split(": ", 1) for line in facts.splitlines())
    assert lines == {
        "Base model": "builtin:tiny",
        "Training": "SFT, LoRA r=8",
        "Version": "v1",
        "Date": "2026-11-20",
        "Data": "train 1,200, test 10",
        "Scored": "10 rows of test",
        "Correct to the letter": "6 / 10",
        "Unreadable answers": "1 / 10",
        "Decoding": "free",
        "Earlier method": "old-bert",
    }
    for tuning, said in (("full", "full fine-tuning"), ("dora", "DoRA r=16"), ("qlora", "QLoRA r=16")):
        assert f"- Training: SFT, {said}\n" in report(make_task(training={"tuning": tuning}), rows)


def test_the_report_says_what_trained_the_model_and_why(make_task: Make, rows: Rows) -> None:
    task = make_task()
    facts = FACTS.model_copy(update={"backend": "transformers: unsloth is not installed"})
    body = as_markdown(report_sections(score(task, rows), task, facts))
    assert "\n- Trained with: transformers: unsloth is not installed\n" in body
    assert "\n- 訓練工具：" in as_markdown(report_sections(score(task, rows), task, facts, language="zh-TW"))


def test_the_decision_when_met(make_task: Make, rows: Rows) -> None:
    task = make_task(success_criteria={"threshold": 0.6})
    assert sections(report(task, rows, language="zh-TW"))["決策"] == "✅ 達標，進入部署階段"


def test_the_decision_when_missed_names_gap_and_next_step(make_task: Make, rows: Rows, train: list[Record]) -> None:
    body = sections(report(make_task(training={"epochs": 4}), rows, train, language="zh-TW"))["決策"]
    assert body.startswith("❌ 未達標：準確率 60.0%，目標 75%，還差 15.0 個百分點\n\n下一步：")
    # The unreadable answer is a warning, and the toy type has a closed set of answers.
    english = sections(report(make_task(), rows))["Decision"]
    assert "in task.yaml evaluation.decoding: constrained, then train the next version" in english


def test_a_missed_target_without_findings_still_has_a_next_step(make_task: Make, rows: Rows) -> None:
    task = make_task()
    evaluation: Evaluation = score(task, rows).model_copy(update={"findings": ()})
    text = sections(as_markdown(report_sections(evaluation, task, FACTS)))
    assert "Next step: go through the mistakes" in text["Decision"]
    assert text["Diagnosis"] == "Nothing to remark."


def test_findings_with_evidence_and_actions(make_task: Make, rows: Rows) -> None:
    finding = Finding(
        code="x",
        severity="error",
        message="all is <b>lost</b>",
        record_ids=tuple(f"test.jsonl:{n}" for n in range(9)),
        reference="pages/lost",
        actions=(Action(title="mend it", expected_effect="+1", effort="high", patch={"training.lora.r": 64}),),
    )
    lines = sections(report(make_task({"findings": (finding,)}), rows))["Diagnosis"].splitlines()
    assert lines[:4] == [
        "- ❌ **error** all is &lt;b&gt;lost&lt;/b&gt;",
        "  - for example test.jsonl:0, test.jsonl:1, test.jsonl:2, test.jsonl:3, test.jsonl:4…",
        "  - what to do: mend it, in task.yaml training.lora.r: 64 (expected: +1; high effort)",
        "  - see pages/lost",
    ]


def test_typical_mistakes_are_the_commonest_kinds(make_task: Make, rows: Rows) -> None:
    made = typical_mistakes(map(Prediction.of, parse_outputs(make_task(), rows)))
    assert [mistake.id for mistake in made] == ["test.jsonl:6", "test.jsonl:9", "test.jsonl:10"]
    body = sections(report(make_task(), rows))["Typical mistakes"]
    assert table_rows(body)[1] == ["test.jsonl:6", "thing 6", "green", "blue"]
    assert table_rows(body)[3][3] == "*cannot be read* (no brackets): a &#124; b⏎&#96;c&#96;"


def test_rare_kinds_of_mistakes_give_way_to_common_ones() -> None:
    kinds = ["rare", "common", "middling", "common", "middling", "common"]
    made = [
        Prediction(id=f"t:{n}", inputs={}, target="x", output=kind, answer=Answer(value=kind), correct=False)
        for n, kind in enumerate(kinds)
    ]
    assert [mistake.id for mistake in typical_mistakes(made, 2)] == ["t:1", "t:2"]


def test_right_and_unjudged_predictions_are_no_mistakes() -> None:
    right = Prediction(id="a", inputs={}, output="", answer=Answer(value=1), correct=True)
    assert typical_mistakes([right, right.model_copy(update={"correct": None})]) == []


def test_an_empty_answer_is_told_from_a_missing_one(make_task: Make) -> None:
    rows = [(Record(id="t:1", inputs={"a": "1", "b": "*empty*"}, target="red"), "[]")]
    [_header, row] = table_rows(sections(report(make_task(), rows))["Typical mistakes"])
    assert row == ["t:1", r"a: 1; b: \*empty\*", "red", "*empty*"]


def test_data_cannot_break_the_report(make_task: Make) -> None:
    evil = "|\n# x\n| a | b |\n<script>alert(1)</script> ![i](http://evil.test/x.png) `|` \\| \u202e\ud83d"
    finding = Finding(
        code="x",
        severity="error",
        message=evil,
        record_ids=(evil[:-1],),
        actions=(Action(title=evil, expected_effect=evil, effort="low", patch={"options.labels": [evil]}),),
    )
    task = make_task({"labels": (evil, "red"), "findings": (finding.model_copy(update={"message": evil[:-1]}),)})
    rows = [(Record(id=f"t|{n}", inputs={evil: evil, "n": n}, target=evil), f"[{evil}{n % 2 or ''}]") for n in range(9)]
    train = [record for record, _output in rows]
    text = report(task, rows, train, training=RECORD)
    assert text.encode()
    html = MARKDOWN.render(text)
    assert "<script" not in html
    assert html.count("<img") == 1
    assert html.count("<h1>") == 1
    assert html.count("<h2>") == len(ENGLISH)
    assert html.count("<table>") == 6
    for table in html.split("<table>")[1:]:
        body = table.split("</table>")[0]
        widths = {row.count("<td") + row.count("<th") - row.count("<thead") for row in body.split("<tr>")[1:]}
        assert len(widths) == 1
