"""What a step minimises: checked by hand, against PyTorch's weighted loss, and against TRL's preference trainers."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from datasets import Dataset
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen3Config
from trl import DPOConfig, DPOTrainer
from trl.experimental.orpo import ORPOTrainer

from tasktune.training.batches import Batch, Collator
from tasktune.training.objectives import Dpo, Orpo, Sft, objective_of, sums
from tasktune.training.shared_prefix import plain_way

LOSSES = st.lists(st.floats(0.01, 20.0), min_size=2, max_size=6)
SHAPE = Qwen3Config(
    vocab_size=512,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
)


def batch_of(answers: list[int], **columns: list[float]) -> Batch:
    """The labelled tokens of answers of these lengths."""
    numbers = [number for number, length in enumerate(answers) for _token in range(length)]
    weights = columns.pop("weights", [1.0] * len(numbers))
    more = {name: torch.tensor(values) for name, values in columns.items()}
    return {"answers": torch.tensor(numbers), "weights": torch.tensor(weights), **more}


def loss_of(objective: Any, losses: list[float], batch: Batch) -> float:
    total, _told = objective.total(torch.tensor(losses), batch)
    return float(total / objective.size(batch))


def test_weights_count_as_in_pytorchs_weighted_loss() -> None:
    logits, targets = torch.randn(6, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([0, 1, 2, 0, 0, 1])
    of_class = torch.tensor([0.5, 1.0, 4.0])
    expected = torch.nn.functional.cross_entropy(logits, targets, weight=of_class)
    losses = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    batch = {"answers": torch.arange(6), "weights": of_class[targets]}
    total, _told = Sft().total(losses, batch)
    assert (total / Sft().size(batch)).item() == pytest.approx(expected.item(), rel=1e-6)


@given(LOSSES, st.integers(1, 5))
def test_a_step_may_be_cut_anywhere(losses: list[float], cut: int) -> None:
    """Accumulation divides the totals of parts by the size of the whole."""
    cut = min(cut, len(losses) - 1)
    weights = [1.0 + position for position in range(len(losses))]
    whole = batch_of([len(losses)], weights=weights)
    parts = [(losses[:cut], weights[:cut]), (losses[cut:], weights[cut:])]
    batches = [batch_of([len(part)], weights=of_part) for part, of_part in parts]
    total = sum(
        float(Sft().total(torch.tensor(part), batch)[0]) for (part, _w), batch in zip(parts, batches, strict=True)
    )
    size = sum(float(Sft().size(batch)) for batch in batches)
    assert total / size == pytest.approx(loss_of(Sft(), losses, whole), rel=1e-5)


def test_dpo_by_hand() -> None:
    # Chosen: log p = -1.5 (reference -2.0); rejected: -3.0 (reference -2.5). Margin 0.1 · (0.5 - -0.5) = 0.1.
    batch = batch_of([2, 1], reference=[-2.0, -2.5])
    expected = -math.log(1 / (1 + math.exp(-0.1)))
    assert loss_of(Dpo(0.1), [0.5, 1.0, 3.0], batch) == pytest.approx(expected, rel=1e-6)


def test_orpo_by_hand() -> None:
    # Chosen: mean log p = -0.5; rejected: -2.0.
    def log_odds(log_p: float) -> float:
        return log_p - math.log(1 - math.exp(log_p))

    ratio = log_odds(-0.5) - log_odds(-2.0)
    expected = 0.5 + 0.25 * math.log(1 + math.exp(-ratio))
    assert loss_of(Orpo(0.25), [0.25, 0.75, 2.0], batch_of([2, 1])) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("objective", [Dpo(0.1), Orpo(0.1)], ids=["dpo", "orpo"])
@given(chosen=LOSSES, rejected=LOSSES)
def test_a_better_chosen_answer_is_a_lower_loss(objective: Any, chosen: list[float], rejected: list[float]) -> None:
    batch = batch_of([len(chosen), len(rejected)], reference=[0.0, 0.0])
    worse = loss_of(objective, chosen + rejected, batch)
    better = loss_of(objective, [loss / 2 for loss in chosen] + rejected, batch)
    assert math.isfinite(worse)
    assert better < worse


def test_pairs_weigh_what_the_chosen_answers_class_weighs() -> None:
    losses, reference = [1.0, 2.0, 2.0, 1.0], [0.0] * 4
    alone = [loss_of(Orpo(0.1), losses[start : start + 2], batch_of([1, 1])) for start in (0, 2)]
    both = batch_of([1, 1, 1, 1], reference=reference, weights=[3.0, 3.0, 1.0, 1.0])
    assert loss_of(Orpo(0.1), losses, both) == pytest.approx((3 * alone[0] + alone[1]) / 4, rel=1e-6)


def test_a_certain_answer_has_finite_odds() -> None:
    losses = torch.tensor([0.0, 30.0], requires_grad=True)
    total, _told = Orpo(0.1).total(losses, batch_of([1, 1]))
    total.backward()
    assert total.isfinite()
    assert losses.grad is not None
    assert losses.grad.isfinite().all()


def pairs() -> list[dict[str, Any]]:
    generator = torch.Generator().manual_seed(3)

    def tokens(length: int) -> list[int]:
        return torch.randint(3, 500, (length,), generator=generator).tolist()

    return [{"prompt": tokens(4 + n), "answers": [tokens(2 + n), tokens(5 - n)]} for n in range(3)]


def test_dpo_is_trls(tmp_path: Path, byte_tokenizer: PreTrainedTokenizerFast) -> None:
    torch.manual_seed(0)
    model, reference = (AutoModelForCausalLM.from_config(SHAPE).eval() for _model in range(2))
    byte_tokenizer.pad_token = byte_tokenizer.eos_token
    trainer = DPOTrainer(
        model=model,
        ref_model=reference,
        args=DPOConfig(
            output_dir=str(tmp_path), beta=0.3, use_cpu=True, bf16=False, report_to="none", gradient_checkpointing=False
        ),
        train_dataset=Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}]),
        processing_class=byte_tokenizer,
    )
    sequences = [(row["prompt"], row["answers"][each]) for each in (0, 1) for row in pairs()]
    width = max(len(prompt) + len(answer) for prompt, answer in sequences)
    inputs: dict[str, list[list[int]]] = {"input_ids": [], "attention_mask": [], "completion_mask": []}
    for prompt, answer in sequences:
        padding = [0] * (width - len(prompt) - len(answer))
        inputs["input_ids"].append(prompt + answer + padding)
        inputs["attention_mask"].append([1] * len(prompt + answer) + padding)
        inputs["completion_mask"].append([0] * len(prompt) + [1] * len(answer) + padding)
    theirs = trainer.compute_loss(model, {name: torch.tensor(values) for name, values in inputs.items()})

    way = plain_way(0)
    batch = way.collator(pairs())
    with torch.no_grad():
        batch["reference"] = -sums(way(reference, batch), batch).flatten()
        ours, told = Dpo(0.3).total(way(model, batch), batch)
    assert (ours / 3).item() == pytest.approx(theirs.item(), rel=1e-5)
    margins = trainer._metrics["eval"]["rewards/margins"]
    assert (told["margin"] / 3).item() == pytest.approx(margins[-1], rel=1e-4)


def test_orpos_odds_ratio_is_trls() -> None:
    chosen, rejected = torch.tensor([-0.7, -1.9, -0.01]), torch.tensor([-1.2, -0.4, -3.0])
    trainer: Any = SimpleNamespace(beta=0.3, accelerator=SimpleNamespace(device="cpu"))
    theirs, *_told = ORPOTrainer.odds_ratio_loss(trainer, chosen, rejected)
    answers = torch.stack([chosen, rejected], 1).flatten()
    total, _ours = Orpo(0.3).total(-answers, batch_of([1] * 6))
    # Theirs is the term that is taken away from the loss of the chosen answers.
    assert total.item() == pytest.approx((-chosen.sum() - theirs.sum()).item(), rel=1e-5)


def test_methods_have_their_objectives() -> None:
    assert isinstance(objective_of("sft", None), Sft)
    assert objective_of("dpo", None).beta == 0.1  # type: ignore[attr-defined]
    assert objective_of("orpo", 0.4).beta == 0.4  # type: ignore[attr-defined]


def test_nothing_sees_padding_or_the_other_answer() -> None:
    [row, *_rest] = rows = pairs()
    mask = Collator(0, 0)(rows)["attention_mask"][0]
    prompt, chosen = len(row["prompt"]), len(row["answers"][0]) - 1
    length = prompt + chosen + len(row["answers"][1]) - 1
    assert length < mask.shape[0]
    assert mask[:length, :prompt].equal(torch.ones(length, prompt, dtype=torch.bool).tril())
    assert not mask[prompt + chosen : length, prompt : prompt + chosen].any()
    assert not mask[:length, length:].any()
    # A row that sees nothing would be a division by zero.
    assert mask.any(dim=1).all()
