"""Scores against independent ways to compute them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from tasktune.plugins import load_task_type
from tasktune.testing.laws.scores import assert_sums_make_metrics
from tasktune.types import Answer, Metrics, Record, Scored
from tasktune_generation.options import GenerationOptions
from tasktune_generation.rouge import lcs_length, rouge_l

PLUGIN = load_task_type("generation")
TEXT = GenerationOptions.model_validate({})
ENGLISH = GenerationOptions.model_validate({"language": "en"})
JSON = GenerationOptions.model_validate({"output_format": {"type": "json"}})
UNPARSED = object()


def scored(pairs: Sequence[tuple[Any, Any]]) -> list[Scored]:
    return [
        Scored(
            record=Record(id=f"test.jsonl:{n}", inputs={"text": "好"}, target=gold),
            output="",
            answer=Answer(error="?") if answer is UNPARSED else Answer(value=answer),
        )
        for n, (gold, answer) in enumerate(pairs, start=1)
    ]


def score(pairs: Sequence[tuple[Any, Any]], options: GenerationOptions = TEXT) -> Metrics:
    return PLUGIN.compute_metrics(scored(pairs), options)


TEXTS = st.text(alphabet="甲乙丙 ab.\n", max_size=12)
OBJECTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from([1, 1.0, "甲乙", None, [1]]), max_size=3)


@pytest.mark.parametrize("options", [TEXT, ENGLISH])
@given(st.lists(st.tuples(TEXTS, TEXTS | st.just(UNPARSED)), min_size=1, max_size=6))
def test_sums_make_the_same_scores_of_texts(options: GenerationOptions, pairs: list[tuple[Any, Any]]) -> None:
    rows = scored(pairs)
    assert_sums_make_metrics(PLUGIN, [rows, rows[:1], rows + rows[-1:]], options)


@given(st.lists(st.tuples(OBJECTS, OBJECTS | st.just(UNPARSED)), min_size=1, max_size=6))
def test_sums_make_the_same_scores_of_objects(pairs: list[tuple[Any, Any]]) -> None:
    rows = scored(pairs)
    assert_sums_make_metrics(PLUGIN, [rows, rows[:1], rows + rows[-1:]], JSON)


def slow_lcs(one: str, other: str) -> int:
    """The textbook's dynamic program."""
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one, start=1):
        for j, b in enumerate(other, start=1):
            table[i][j] = table[i - 1][j - 1] + 1 if a == b else max(table[i - 1][j], table[i][j - 1])
    return table[-1][-1]


@given(st.text(alphabet="甲乙丙丁", max_size=40), st.text(alphabet="甲乙丙丁", max_size=90))
def test_lcs_against_the_dynamic_program(one: str, other: str) -> None:
    assert lcs_length(one, other) == slow_lcs(one, other) == lcs_length(other, one)


@pytest.mark.parametrize(
    ("gold", "answer", "by_character", "f1"),
    [
        ("請派員與會", "請派人與會", True, 4 / 5),
        ("請派員 與會", "請派員\n與會", True, 1.0),
        ("請派員與會", "", True, 0.0),
        ("police killed the gunman", "police kill the gunman", False, 3 / 4),
        ("police killed the gunman", "the gunman kill police", False, 2 / 4),
        ("The Gunman!", "the gunman", False, 1.0),
        ("?!", "?!", False, 1.0),
        ("?!", "!?", False, 0.0),
        ("", "", True, 0.0),
    ],
)
def test_rouge_l(gold: str, answer: str, by_character: bool, f1: float) -> None:
    assert rouge_l(gold, answer, by_character=by_character) == pytest.approx(f1)


PAIRS = [("請於本月底前提交報告。", "請在本月底前提交報告。"), ("請派員與會。", "請派員與會。"), ("敬悉。", UNPARSED)]


def test_chinese_text() -> None:
    values = score(PAIRS).values
    answers, gold = ["請在本月底前提交報告。", "請派員與會。", ""], [[gold for gold, _answer in PAIRS]]
    assert values["format_rate"] == pytest.approx(2 / 3)
    assert values["exact_match"] == pytest.approx(1 / 3)
    assert values["chrf"] == pytest.approx(CHRF(word_order=0).corpus_score(answers, gold).score)
    assert values["bleu"] == pytest.approx(BLEU(tokenize="zh").corpus_score(answers, gold).score)
    assert values["rouge_l"] == pytest.approx((10 / 11 + 1 + 0) / 3)
    assert values["length_ratio"] == pytest.approx(1.0)


def test_the_tokenizer_is_the_languages() -> None:
    pairs = [("the cat sat on the mat today", "the cat sat on a mat today"), ("猫がいます今日は", "猫がいません今日は")]
    answers, gold = [answer for _gold, answer in pairs], [[gold for gold, _answer in pairs]]
    for language, tokenizer in [("en", "13a"), ("zh-CN", "zh"), ("zh_Hant", "zh"), ("ja", "char"), ("de-AT", "13a")]:
        options = GenerationOptions.model_validate({"language": language})
        expected = BLEU(tokenize=tokenizer).corpus_score(answers, gold).score
        assert score(pairs, options).values["bleu"] == pytest.approx(expected)
    assert score(pairs[:1], ENGLISH).values["rouge_l"] == pytest.approx(6 / 7)


def test_free_text_is_an_answer_with_one_field() -> None:
    metrics = score(PAIRS)
    assert metrics.values["field_accuracy"] == metrics.values["exact_match"]
    assert metrics.values["missing_field_rate"] == pytest.approx(1 - metrics.values["format_rate"])
    assert metrics.per_class == {}


def test_json_fields() -> None:
    metrics = score(
        [
            ({"a": 1, "b": "x"}, {"b": "x", "a": 1.0}),
            ({"a": 1, "b": "x"}, {"a": True, "c": 3}),
            ({"a": None}, UNPARSED),
        ],
        JSON,
    )
    assert metrics.values["exact_match"] == pytest.approx(1 / 3)
    assert metrics.values["field_accuracy"] == pytest.approx(2 / 6)
    assert metrics.values["missing_field_rate"] == pytest.approx(2 / 5)
    assert metrics.per_class == {
        "a": {"field_accuracy": pytest.approx(1 / 3), "support": 3.0},
        "b": {"field_accuracy": pytest.approx(1 / 2), "support": 2.0},
        "c": {"field_accuracy": 0.0, "support": 1.0},
    }


def test_text_metrics_of_json_see_values_only() -> None:
    metrics = score([({"a": "甲乙丙丁", "b": ["戊", 5]}, {"b": ["己", 6], "a": "子丑寅卯"})], JSON)
    assert metrics.values["chrf"] == metrics.values["rouge_l"] == 0.0
    assert score([({"a": "甲乙丙丁", "b": 5}, {"b": 5, "a": "甲乙丙丁"})], JSON).values["chrf"] == pytest.approx(100)


def test_empty_objects() -> None:
    assert score([({}, {})], JSON).values == {
        **dict.fromkeys(PLUGIN.info.metrics, 0.0),
        "format_rate": 1.0,
        "exact_match": 1.0,
    }


def test_an_answer_that_runs_away_scores_low_and_soon() -> None:
    values, longer = (score([("請派員與會。", "請派員與會。" * times)]).values for times in (20_000, 200_000))
    assert values["length_ratio"] == 20_000
    assert values["rouge_l"] < 0.01
    assert values["bleu"] < 1
    assert {**longer, "length_ratio": 20_000} == values
