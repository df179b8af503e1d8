"""What fits: the table of the requirements as a result, the laws of memory, and changes that do what they promise."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition import TaskSpec
from tasktune.planning.architecture import block_parameters, parameters
from tasktune.planning.bases import architecture_of, well_known
from tasktune.planning.cut import heaviest
from tasktune.planning.device import GIB, Device, with_memory
from tasktune.planning.fits import LARGEST_BATCH, largest_batch, largest_model
from tasktune.planning.memory import NF4_BITS, memory, weights
from tasktune.planning.plan import plan
from tasktune.planning.rows import alike
from tasktune.planning.setup import TUNINGS, Setup, Tuning
from tasktune.planning.sharding import devices_of
from tasktune.training.sizes import padded

ROWS = alike(1000, 512, 16, "given")
GPU = with_memory(24)
NAMES = st.sampled_from(sorted(well_known()))


@pytest.mark.parametrize(
    ("gigabytes", "model", "tuning", "batch"),
    [
        (24, "Qwen/Qwen3-4B", "lora", 4),
        (24, "Qwen/Qwen3-8B", "qlora", 2),
        (48, "Qwen/Qwen3-8B", "lora", 4),
        (80, "Qwen/Qwen3-14B", "lora", 4),
    ],
)
def test_the_recommended_configurations_fit_with_rows_of_512_tokens(
    gigabytes: int, model: str, tuning: str, batch: int
) -> None:
    setup = Setup(base_model=model, tuning=tuning, batch_size=batch)
    found = plan(setup, ROWS, with_memory(gigabytes), Path())
    assert found.fits
    assert found.largest_batch >= batch
    # And they are no understatement: the same batch of rows four times as long does not fit.
    longer = plan(setup, alike(1000, 2048, 16, "given"), with_memory(gigabytes), Path())
    assert not longer.fits
    assert longer.largest_batch < batch


@given(name=NAMES, tuning=st.sampled_from(TUNINGS), batch=st.integers(1, 64), length=st.integers(64, 4096))
def test_memory_grows_with_the_batch_and_the_rows(name: str, tuning: str, batch: int, length: int) -> None:
    of = well_known()[name]
    setup = Setup(base_model=name, tuning=tuning, batch_size=batch)
    rows = alike(10, length, 16, "given")
    here = memory(of, setup, rows, GPU).total
    assert here < memory(of, setup.model_copy(update={"batch_size": batch + 1}), rows, GPU).total
    assert here < memory(of, setup, alike(10, length + 64, 16, "given"), GPU).total
    assert here <= memory(of, setup.model_copy(update={"gradient_accumulation": 2}), rows, GPU).total


@given(name=NAMES, batch=st.integers(5, 64))
def test_a_long_prefix_that_is_shared_takes_less_than_half(name: str, batch: int) -> None:
    of = well_known()[name]
    setup = Setup(base_model=name, batch_size=batch)
    whole = memory(of, setup, ROWS, GPU).parts["activations"]
    shared = memory(of, setup, ROWS.model_copy(update={"prefix": 448}), GPU).parts["activations"]
    assert shared < whole / 2


@given(name=NAMES, batch=st.integers(1, 16))
def test_adapters_take_less_in_their_order(name: str, batch: int) -> None:
    dora, lora = (total_of(name, tuning, batch) for tuning in ("dora", "lora"))
    assert dora > lora


@given(name=NAMES)
def test_a_quantised_base_takes_less_as_long_as_weights_are_what_takes_memory(name: str) -> None:
    # Only layers that are not quantised are fused with their adapters, so the activations of qlora are the larger.
    assert total_of(name, "lora", 1) > total_of(name, "qlora", 1)


def total_of(name: str, tuning: Tuning, batch: int) -> int:
    return memory(well_known()[name], Setup(base_model=name, tuning=tuning, batch_size=batch), ROWS, GPU).total


def test_the_largest_batch_fits_and_the_next_does_not() -> None:
    of = well_known()["Qwen/Qwen3-4B"]
    setup = Setup(base_model="Qwen/Qwen3-4B")
    largest = largest_batch(of, setup, ROWS, GPU)
    assert 0 < largest < LARGEST_BATCH
    for batch, fits in ((largest, True), (largest + 1, False)):
        total = memory(of, setup.model_copy(update={"batch_size": batch}), ROWS, GPU).total
        assert (total <= GPU.memory) is fits
    assert largest_batch(of, setup, ROWS, with_memory(1)) == 0
    assert largest_batch(of, setup, alike(9, 16, 4, "given"), with_memory(1000)) == LARGEST_BATCH


@pytest.mark.parametrize(("model", "tuning"), [("Qwen/Qwen3-8B", "full"), ("Qwen/Qwen3-14B", "lora")])
def test_every_proposed_change_fits(model: str, tuning: str) -> None:
    setup = Setup(base_model=model, tuning=tuning, batch_size=16, gradient_accumulation=2)
    found = plan(setup, ROWS, GPU, Path())
    assert not found.fits
    assert found.changes
    for change in found.changes:
        changed = setup.model_copy(update=change.values)
        of = architecture_of(changed.base_model, None, Path())
        assert memory(of, changed, ROWS, GPU).total == change.total <= GPU.memory
        assert changed.batch_size * changed.gradient_accumulation >= 32


def test_a_budget_of_tokens_is_planned_as_the_batch_of_the_longest_rows() -> None:
    setup = Setup(base_model="Qwen/Qwen3-4B", batch_size=16, gradient_accumulation=2)
    rows = ROWS.model_copy(update={"prefix": 448})
    cut = setup.model_copy(update={"batch_tokens": 4 * padded(511 - 448)})
    of_four = setup.model_copy(update={"batch_size": 4, "gradient_accumulation": 8})
    assert heaviest(cut, rows) == cut.model_copy(update={"batch_size": 4, "gradient_accumulation": 8})
    found, expected = (plan(each, rows, GPU, Path()) for each in (cut, of_four))
    assert (found.memory, found.fits, found.largest) == (expected.memory, expected.fits, expected.largest)
    assert found.duration.steps == expected.duration.steps
    # Pairs have two sequences; a row alone is a batch, and a step no more than its rows.
    assert heaviest(cut.model_copy(update={"method": "dpo"}), rows).batch_size == 2
    assert heaviest(cut.model_copy(update={"batch_tokens": 1}), rows).batch_size == 1
    assert heaviest(cut.model_copy(update={"batch_tokens": 10**9}), rows).batch_size == 32


def test_fewer_tokens_are_proposed_where_tokens_are_what_cuts() -> None:
    setup = Setup(base_model="Qwen/Qwen3-4B", batch_size=64, batch_tokens=64 * 512)
    found = plan(setup, ROWS, GPU, Path())
    assert not found.fits
    [(name, tokens)] = found.changes[0].values.items()
    assert name == "batch_tokens"
    fewer = plan(setup.model_copy(update={"batch_tokens": tokens}), ROWS, GPU, Path())
    assert fewer.fits
    assert fewer.total == found.changes[0].total
    assert fewer.duration.steps == found.duration.steps


def test_a_smaller_batch_is_proposed_first() -> None:
    found = plan(Setup(base_model="Qwen/Qwen3-4B", batch_size=64), ROWS, GPU, Path())
    assert set(found.changes[0].values) == {"batch_size", "gradient_accumulation"}
    assert found.changes[1].settings[0] == "training.gradient_checkpointing: true"
    assert [set(change.values) & {"tuning", "base_model"} for change in found.changes[2:]] == [
        {"tuning"},
        {"base_model"},
    ]


def test_the_smaller_base_is_of_the_same_maker_and_keeps_the_batch() -> None:
    found = plan(Setup(base_model="Qwen/Qwen3-8B", batch_size=8), ROWS, with_memory(24), Path())
    assert found.changes[-1].values == {"base_model": "Qwen/Qwen3-1.7B"}


def test_nothing_is_proposed_when_it_fits_or_when_nothing_can_be_done() -> None:
    assert plan(Setup(base_model="Qwen/Qwen3-0.6B", batch_size=1), ROWS, GPU, Path()).changes == ()
    hopeless = plan(Setup(base_model="Qwen/Qwen3-0.6B", tuning="qlora"), ROWS, with_memory(0.5), Path())
    assert hopeless.changes == ()
    assert hopeless.largest is None


def test_the_table_has_every_model_and_method_and_the_largest_fits() -> None:
    found = plan(Setup(base_model="builtin:tiny", batch_size=2), ROWS, with_memory(48), Path())
    names = {choice.base_model for choice in found.choices}
    assert {"builtin:tiny", "Qwen/Qwen3-32B"} <= names
    assert len(found.choices) == len(names) * len(TUNINGS)
    assert found.largest is not None
    assert found.largest.batch_size >= 2
    assert largest_model(found.choices, LARGEST_BATCH + 1) is None
    larger = [choice for choice in found.choices if choice.parameters > found.largest.parameters]
    assert all(choice.batch_size < 2 for choice in larger)


def test_modules_of_one_family_are_not_asked_of_another() -> None:
    setup = Setup(base_model="Qwen/Qwen3-4B", target_modules=("q_proj", "v_proj"))
    found = plan(setup, ROWS, GPU, Path())
    assert any(choice.base_model.startswith("microsoft/") and choice.batch_size for choice in found.choices)


def test_quantised_weights() -> None:
    assert pytest.approx(4.127, abs=5e-4) == NF4_BITS
    of = well_known()["Qwen/Qwen3-8B"]
    four, eight = (weights(of, Setup(base_model="x", tuning="qlora", bits=bits), GPU) for bits in (4, 8))
    rest = 2 * (parameters(of) - block_parameters(of))
    assert four == rest + round(block_parameters(of) * NF4_BITS / 8)
    assert 0 < eight - rest - block_parameters(of) < block_parameters(of) / 500


@pytest.mark.parametrize("tuning", ["lora", "full"])
def test_preference_training_takes_two_sequences_a_row_and_no_reference_model(tuning: Tuning) -> None:
    of = well_known()["Qwen/Qwen3-0.6B"]
    sft = Setup(base_model="x", tuning=tuning, batch_size=8)
    for method in ("orpo", "dpo"):
        pairs = sft.model_copy(update={"method": method, "batch_size": 4})
        assert memory(of, pairs, ROWS, GPU) == memory(of, sft, ROWS, GPU)


def test_precision_and_device_decide_the_format_of_the_weights() -> None:
    of = well_known()["Qwen/Qwen3-0.6B"]
    count = parameters(of)
    lora = Setup(base_model="x")
    cpu = Device(name="CPU", kind="cpu", memory=8 * GIB, bf16=False)
    assert weights(of, lora, GPU) == 2 * count
    assert weights(of, lora.model_copy(update={"precision": "fp32"}), GPU) == 4 * count
    assert weights(of, lora, cpu) == 4 * count
    assert weights(of, lora.model_copy(update={"tuning": "full"}), GPU) == 4 * count
    assert "allowance" not in memory(of, lora, ROWS, cpu).parts


@given(name=NAMES, devices=st.integers(2, 64), batch=st.integers(1, 16))
def test_devices_that_split_a_model_hold_their_share_of_it(name: str, devices: int, batch: int) -> None:
    of = well_known()[name]
    alone = Setup(base_model=name, tuning="full", batch_size=batch)
    split = alone.model_copy(update={"devices": devices})
    whole, share = memory(of, alone, ROWS, GPU), memory(of, split, ROWS, GPU)
    for part in ("weights", "gradients", "optimizer"):
        assert 0 <= share.parts[part] * devices - whole.parts[part] < devices, part
    assert share.parts["activations"] == whole.parts["activations"]
    assert share.total > memory(of, split.model_copy(update={"devices": devices + 1}), ROWS, GPU).total
    # What is gathered is no second model: the weights of some blocks, and what stands before and behind all of them.
    outside = parameters(of) - block_parameters(of)
    assert 8 * outside <= share.parts["gathered"] < 11 * (block_parameters(of) / of.layers + outside)
    lora = Setup(base_model=name, devices=devices)
    assert memory(of, lora, ROWS, GPU) == memory(of, lora.model_copy(update={"devices": 1}), ROWS, GPU)


@pytest.mark.parametrize(
    ("execution", "gpu", "devices"),
    [
        ({}, True, 1),
        ({"cuda_devices": "0,1,2,3"}, True, 4),
        ({"cuda_devices": "0,1,2,3"}, False, 1),
        ({"cuda_devices": "0,1", "sharding": "none"}, True, 1),
        ({"processes": 2, "sharding": "full"}, False, 2),
    ],
)
def test_the_devices_are_those_of_the_definition(execution: dict[str, object], gpu: bool, devices: int) -> None:
    spec = TaskSpec.model_validate({"task_name": "a", "task_type": "b", "execution": execution})
    assert devices_of(spec, gpu=gpu) == devices
