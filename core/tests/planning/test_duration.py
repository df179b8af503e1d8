"""Computation and time: the papers' formulas where they apply, and the laws between plans."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from tasktune.definition import TrainingSpec
from tasktune.planning.architecture import Architecture, block_parameters, from_config
from tasktune.planning.bases import well_known
from tasktune.planning.device import Device, named
from tasktune.planning.duration import duration, total_steps, training_flops
from tasktune.planning.rows import Rows, alike
from tasktune.planning.setup import Setup, setup_of

QWEN: Architecture = well_known()["Qwen/Qwen3-4B"]
FULL = Setup(base_model="Qwen/Qwen3-4B", tuning="full", batch_size=4)
LORA = Setup(base_model="Qwen/Qwen3-4B", batch_size=4)
UNKNOWN = Device(name="GPU", kind="gpu", memory=1)


def test_full_training_without_attention_and_logits_is_six_times_parameters_times_tokens() -> None:
    assert training_flops(QWEN, FULL, 1000, context=0, labelled=0) == 6 * block_parameters(QWEN) * 1000


def test_torch_counts_the_same_forward_and_backward() -> None:
    sizes = {"vocab_size": 64, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    config = CONFIG_MAPPING["llama"](**sizes, num_attention_heads=4, num_key_value_heads=2, pad_token_id=0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager")
    ids = torch.randint(0, 64, (2, 40))
    with FlopCounterMode(display=False) as counter:
        model(input_ids=ids, use_cache=False).logits.sum().backward()
    of = from_config(config.to_dict(), "llama")
    assert training_flops(of, FULL, 80, context=40, labelled=80) == pytest.approx(counter.get_total_flops(), rel=0.03)


def test_frozen_weights_save_a_third() -> None:
    def flops(setup: Setup) -> float:
        return training_flops(QWEN, setup, 1000, context=0, labelled=0)

    assert 4 / 6 < flops(LORA) / flops(FULL) < 4.1 / 6
    assert flops(FULL.model_copy(update={"gradient_checkpointing": True})) / flops(FULL) == pytest.approx(8 / 6)
    assert flops(FULL.model_copy(update={"method": "dpo"})) / flops(FULL) == pytest.approx(8 / 6)


@given(
    count=st.integers(1, 5000),
    batch=st.integers(1, 64),
    accumulation=st.integers(1, 8),
    epochs=st.floats(0.1, 10),
    length=st.integers(70, 2000),
    prefix=st.integers(8, 60),
)
def test_sharing_never_costs_more_computation(
    count: int, batch: int, accumulation: int, epochs: float, length: int, prefix: int
) -> None:
    setup = LORA.model_copy(update={"batch_size": batch, "gradient_accumulation": accumulation, "epochs": epochs})
    rows = alike(count, length, 4, "given")
    shared = rows.model_copy(update={"prefix": prefix})
    whole, less = (duration(QWEN, setup, given_rows, UNKNOWN) for given_rows in (rows, shared))
    assert whole.steps == less.steps == total_steps(setup, rows) >= 1
    # The last batch of an epoch may hold one row, for which there is nothing to share.
    if count >= batch * accumulation and count % (batch * accumulation) == 0:
        assert less.tokens <= whole.tokens
        assert less.flops <= whole.flops * (1 + 1e-9)


def test_the_prefix_is_counted_once_a_batch() -> None:
    rows = Rows(count=8, prompt_tokens=8 * 100, completion_tokens=8 * 10, longest=110, longest_completion=10, prefix=90)
    setup = LORA.model_copy(update={"epochs": 1.0})
    assert duration(QWEN, setup, rows, UNKNOWN).tokens == 2 * 90 + 8 * 20
    pairs = setup.model_copy(update={"method": "orpo"})
    assert duration(QWEN, pairs, rows, UNKNOWN).tokens == 2 * 90 + 16 * 20
    off = setup.model_copy(update={"prefix_sharing": False})
    assert duration(QWEN, off, rows, UNKNOWN).tokens == 8 * 110


def test_max_steps_decides() -> None:
    setup = LORA.model_copy(update={"max_steps": 3, "gradient_accumulation": 2})
    found = duration(QWEN, setup, alike(800, 100, 5, "given"), UNKNOWN)
    assert found.steps == 3
    assert found.tokens == 3 * 2 * 4 * 100


def test_seconds_are_a_range_where_the_speed_is_known() -> None:
    rows = alike(1000, 512, 16, "given")
    slow, fast = (duration(QWEN, LORA, rows, named(name)) for name in ("L4", "H200"))
    assert slow.least_seconds is not None
    assert slow.most_seconds is not None
    assert fast.most_seconds is not None
    assert slow.least_seconds < slow.most_seconds
    assert fast.most_seconds < slow.most_seconds
    assert duration(QWEN, LORA, rows, UNKNOWN).least_seconds is None


def test_tiny_batches_take_as_long_as_reading_the_weights() -> None:
    rows = alike(100, 4, 1, "given")
    one = duration(QWEN, LORA.model_copy(update={"batch_size": 1, "epochs": 1.0}), rows, named("H200"))
    weights = 2 * 4022468096
    assert one.least_seconds is not None
    assert one.least_seconds >= 100 * 2 * weights / 4.8e12


@pytest.mark.parametrize(
    ("training", "shared"), [({}, True), ({"prefix_sharing": "off"}, False), ({"backend": "unsloth"}, False)]
)
def test_a_plan_shares_the_prefix_where_training_does(training: dict[str, str], shared: bool) -> None:
    assert setup_of(TrainingSpec.model_validate(training)).prefix_sharing is shared


def test_fewer_tokens_in_a_batch_compute_the_prefix_more_often() -> None:
    rows = alike(1000, 500, 10, "given").model_copy(update={"prefix": 400})
    setup = Setup(base_model="Qwen/Qwen3-4B", batch_size=32)
    many, few = (
        duration(QWEN, setup.model_copy(update={"batch_tokens": tokens}), rows, UNKNOWN) for tokens in (3200, 400)
    )
    assert few.steps == many.steps == duration(QWEN, setup, rows, UNKNOWN).steps
    assert few.tokens > 1.5 * many.tokens
