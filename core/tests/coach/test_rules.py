"""Recommendations: the rules' data, and what they come to."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.coach.answers import nested
from tasktune.coach.rules import Condition, recommend, topics
from tasktune.definition.spec import TaskSpec
from tasktune.locale import use_language

USUAL: dict[str, Any] = {
    "rows": 500,
    "gpu_memory": 24,
    "compute": "local",
    "priority": "quality",
    "rounds": "improve",
    "deploy_target": "local",
    "experts": "yes",
    "preferences": "no",
}


def values(**facts: Any) -> dict[str, Any]:
    return {key: value for each in recommend({**USUAL, **facts}) for key, value in each.values.items()}


def words(topic: str, **facts: Any) -> str:
    return next(each.because for each in recommend({**USUAL, **facts}) if each.topic == topic)


@pytest.mark.parametrize(
    ("rows", "rank", "advice"), [(99, 16, "fewer than 100"), (100, 16, "100 to 500"), (499, 16, "100 to 500")]
)
def test_few_rows_take_a_low_rank(rows: int, rank: int, advice: str) -> None:
    assert values(rows=rows)["training.lora.r"] == rank
    assert advice in words("data_size", rows=rows)


def test_the_decision_tree_goes_up_with_the_rows() -> None:
    assert values(rows=500)["training.lora.r"] == 32
    assert values(rows=1999)["training.lora.r"] == 32
    assert values(rows=2000)["training.lora.r"] == 64


def test_the_requirements_worked_example() -> None:
    """500 rows and a Chinese task: Qwen3-4B, SFT, LoRA of rank 32, 8 epochs, semantic versions."""
    found = values(deploy_target="huggingface")
    assert found["training.base_model"] == "Qwen/Qwen3-4B"
    assert found["training.method"] == "sft"
    assert (found["training.lora.r"], found["training.epochs"]) == (32, 8)
    assert found["versioning.strategy"] == "semantic"


@pytest.mark.parametrize(
    ("facts", "model"),
    [
        ({"priority": "reasoning"}, "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"),
        ({"priority": "light"}, "microsoft/Phi-4-mini-instruct"),
        ({"priority": "ecosystem"}, "meta-llama/Llama-3.1-8B-Instruct"),
        ({"gpu_memory": 48}, "Qwen/Qwen3-8B"),
        ({"gpu_memory": 80}, "Qwen/Qwen3-14B"),
        ({"gpu_memory": 12}, "Qwen/Qwen3-1.7B"),
        ({"compute": "none", "gpu_memory": None}, "Qwen/Qwen3-4B"),
    ],
)
def test_the_base_model_follows_what_matters_and_the_gpu(facts: dict[str, Any], model: str) -> None:
    assert values(**facts)["training.base_model"] == model


@pytest.mark.parametrize(
    ("facts", "strategy"),
    [
        ({"rounds": "both", "deploy_target": "api"}, "hybrid"),
        ({"rounds": "regular"}, "date"),
        ({"deploy_target": "api"}, "date"),
        ({"deploy_target": "ollama"}, "semantic"),
    ],
)
def test_versions_are_named_by_rounds_and_target(facts: dict[str, Any], strategy: str) -> None:
    assert values(**facts)["versioning.strategy"] == strategy


def test_an_imbalance_is_spoken_of_only_beyond_three_to_one() -> None:
    assert "4.5 times" in words("balance", imbalance=4.5)
    assert "balance" not in {each.topic for each in recommend({**USUAL, "imbalance": 3.0})}


def test_what_is_settled_is_not_recommended_and_the_rest_follows_from_it() -> None:
    found = recommend({**USUAL, "rows": 5000}, {"training.tuning": "full", "training.lora.r": 8})
    topics_found = {each.topic for each in found}
    assert "tuning" not in topics_found
    rate = next(each for each in found if each.topic == "learning_rate")
    assert rate.values == {"training.learning_rate": 1e-5}


def test_an_unknown_fact_meets_no_condition() -> None:
    assert not Condition(below=3).holds(None)
    assert Condition.model_validate({"is": "a"}).holds("a")
    assert not Condition.model_validate({"in": ["a", "b"]}).holds("c")


def test_reasons_are_said_in_the_language_of_the_messages() -> None:
    english = words("method")
    use_language("zh-TW")
    assert words("method") != english
    assert "穩定" in words("method")


@given(
    st.fixed_dictionaries(
        {
            "rows": st.integers(0, 10**7),
            "gpu_memory": st.none() | st.integers(1, 400),
            "compute": st.sampled_from(["local", "remote", "none"]),
            "priority": st.sampled_from(["quality", "reasoning", "light", "ecosystem"]),
            "rounds": st.sampled_from(["improve", "regular", "both", "once"]),
            "deploy_target": st.sampled_from(["huggingface", "ollama", "api", "local"]),
            "experts": st.sampled_from(["yes", "no"]),
            "preferences": st.sampled_from(["yes", "no"]),
            "imbalance": st.none() | st.floats(1, 1e6),
            "smallest_class": st.none() | st.integers(1, 10**6),
            "longest": st.integers(0, 10**6),
            "longest_tokens": st.integers(0, 10**6),
        }
    )
)
def test_whatever_the_facts_the_recommendations_are_valid_and_said(facts: dict[str, Any]) -> None:
    found = recommend(facts)
    set_ = {key: value for each in found for key, value in each.values.items()}
    TaskSpec.model_validate({"task_name": "t", "task_type": "t", **nested(set_)})
    assert {"training.base_model", "training.method", "training.tuning", "training.epochs"} <= set(set_)
    assert {"training.learning_rate", "versioning.strategy"} <= set(set_)
    assert all("{" not in each.because for each in found)


def test_reasons_name_only_facts_that_their_rule_asks_for() -> None:
    """A reason with a fact that may be unknown would break, or say None."""
    always = {"rows", "base_model"}
    for topic in topics():
        for rule in topic.rules:
            for text in rule.because.values():
                used = {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name}
                if topic.topic == "max_length":
                    used -= {"longest"}
                assert used <= always | set(rule.when), (topic.topic, text)
