"""Parameters counted from dimensions equal those of the library's models and of PEFT's adapters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from peft import LoraConfig, get_peft_model
from transformers import CONFIG_MAPPING, AutoModelForCausalLM, PreTrainedConfig

from tasktune.errors import InputError
from tasktune.planning import bases
from tasktune.planning.architecture import FAMILIES, adapted, adapter_parameters, from_config, parameters
from tasktune.planning.bases import architecture_of

SIZES: dict[str, Any] = {
    "vocab_size": 96,
    "hidden_size": 32,
    "intermediate_size": 56,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
HEAD_DIM = {"qwen3", "llama", "mistral", "gemma2", "gemma3_text"}
BIASED = {"qwen3", "llama", "gemma2", "gemma3_text"}


def empty(config: PreTrainedConfig) -> torch.nn.Module:
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


def count(model: torch.nn.Module, *, trained: bool = False) -> int:
    return sum(p.numel() for p in model.parameters() if p.requires_grad or not trained)


def configs() -> list[Any]:
    made = []
    for family in FAMILIES:
        for tied in (False, True):
            given_here = {**SIZES, "tie_word_embeddings": tied}
            made.append(pytest.param(family, given_here, id=f"{family}-{'tied' if tied else 'untied'}"))
        if family in HEAD_DIM:
            made.append(pytest.param(family, {**SIZES, "head_dim": 24}, id=f"{family}-wide-heads"))
        if family in BIASED:
            made.append(pytest.param(family, {**SIZES, "attention_bias": True}, id=f"{family}-biases"))
    return made


@pytest.mark.parametrize(("family", "sizes"), configs())
def test_parameters_and_adapters_are_those_of_the_model(family: str, sizes: dict[str, Any], tmp_path: Path) -> None:
    config = CONFIG_MAPPING[family](**sizes)
    config.save_pretrained(tmp_path)
    of = architecture_of(str(tmp_path), None, Path())
    assert parameters(of) == count(empty(config))
    for dora in (False, True):
        lora = LoraConfig(r=5, target_modules="all-linear", task_type="CAUSAL_LM", use_dora=dora)
        model = get_peft_model(AutoModelForCausalLM.from_config(config), lora)
        assert adapter_parameters(adapted(of, "all-linear"), 5, magnitudes=dora) == count(model, trained=True)


def test_biases_of_the_feed_forward_network(tmp_path: Path) -> None:
    config = CONFIG_MAPPING["llama"](**SIZES, mlp_bias=True)
    config.save_pretrained(tmp_path)
    assert parameters(architecture_of(str(tmp_path), None, Path())) == count(empty(config))


@pytest.mark.parametrize(
    "targets",
    [
        ("q_proj",),
        ("q_proj", "v_proj"),
        ("self_attn.o_proj", "mlp.down_proj"),
        ("model.layers.1.mlp.up_proj", "k_proj"),
    ],
)
@pytest.mark.parametrize("family", ["qwen3", "llama"])
def test_named_modules_are_those_that_peft_adapts(family: str, targets: tuple[str, ...], tmp_path: Path) -> None:
    config = CONFIG_MAPPING[family](**SIZES)
    config.save_pretrained(tmp_path)
    of = architecture_of(str(tmp_path), None, Path())
    lora = LoraConfig(r=3, target_modules=list(targets), task_type="CAUSAL_LM")
    model = get_peft_model(AutoModelForCausalLM.from_config(config), lora)
    assert adapter_parameters(adapted(of, targets), 3) == count(model, trained=True)


def test_a_module_that_is_not_there_is_an_error_with_those_that_are() -> None:
    of = from_config({"model_type": "phi3", **SIZES}, "here")
    with pytest.raises(InputError, match=r"target_modules: the base model has no q_proj") as caught:
        adapted(of, ("q_proj",))
    assert "qkv_proj" in str(caught.value.hint)


@settings(max_examples=25)
@given(
    heads=st.sampled_from([2, 4, 8]),
    groups=st.sampled_from([1, 2]),
    layers=st.integers(1, 3),
    hidden=st.sampled_from([16, 32, 64]),
    family=st.sampled_from(["qwen2", "qwen3", "llama"]),
    tied=st.booleans(),
)
def test_any_shape(heads: int, groups: int, layers: int, hidden: int, family: str, tied: bool) -> None:
    sizes = {
        **SIZES,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "num_key_value_heads": heads // groups,
        "tie_word_embeddings": tied,
    }
    config = CONFIG_MAPPING[family](**sizes)
    assert parameters(from_config(config.to_dict(), "here")) == count(empty(config))


def test_the_well_known_models_have_the_parameters_that_they_are_published_with() -> None:
    rows = yaml.safe_load(Path(bases.__file__).with_name("shapes.yaml").read_text("utf-8"))
    assert len(rows) >= 11
    for row in rows:
        assert parameters(from_config(row["config"], row["ids"][0])) == row["parameters"], row["ids"]


def test_a_family_that_is_not_planned_for_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "mamba", **SIZES}), "utf-8")
    with pytest.raises(InputError, match="models of type mamba cannot be planned for") as caught:
        architecture_of(str(tmp_path), None, Path())
    assert "qwen3" in str(caught.value.hint)


def test_missing_dimensions_are_named_together(tmp_path: Path) -> None:
    sizes = {name: value for name, value in SIZES.items() if name not in ("hidden_size", "vocab_size")}
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", **sizes}), "utf-8")
    with pytest.raises(InputError, match="does not say hidden_size, vocab_size"):
        architecture_of(str(tmp_path), None, Path())


@pytest.mark.parametrize("text", ["{", "[1]", '"llama"'])
def test_a_broken_config_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text, "utf-8")
    with pytest.raises(InputError):
        architecture_of(str(tmp_path), None, Path())


def test_the_text_model_of_a_larger_one_counts() -> None:
    config = CONFIG_MAPPING["gemma3_text"](**SIZES)
    nested = {"model_type": "gemma3", "text_config": config.to_dict()}
    assert parameters(from_config(nested, "here")) == count(empty(config))


def test_a_cached_model_is_read_and_a_revision_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--someone--model"
    for commit, layers in (("aaa", 2), ("bbb", 5)):
        (folder / "snapshots" / commit).mkdir(parents=True)
        config = {"model_type": "llama", **SIZES, "num_hidden_layers": layers}
        (folder / "snapshots" / commit / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text("bbb", "utf-8")
    assert architecture_of("someone/model", None, Path()).layers == 5
    assert architecture_of("someone/model", "aaa", Path()).layers == 2
    with pytest.raises(InputError, match="not on this machine"):
        architecture_of("someone/model", "other", Path())


def test_an_unknown_model_is_an_error_with_the_nearest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match="dimensions of Qwen/Qwen3-14 are not known") as caught:
        architecture_of("Qwen/Qwen3-14", None, tmp_path)
    assert "did you mean Qwen/Qwen3-14B?" in str(caught.value.hint)
    assert "hf download Qwen/Qwen3-14 config.json" in str(caught.value.hint)


def test_the_built_in_base_is_planned_for() -> None:
    assert architecture_of("builtin:tiny", None, Path()).family == "qwen3"
