"""The training loop: stages of generated text, Muon with AdamW, a warm-up / stable / decay schedule, checkpoints.

The work folder holds one checkpoint (weights, averaged weights, optimizer states, position), replaced atomically, so a
killed run goes on where it stopped. Everything is counted in chunks of examples, never in seconds: a re-run sees the
same text in the same order on any machine.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from . import data, initial, network, tokenizer
from .stages import STAGES, Stage

SEED = 20261120
CHUNK_EXAMPLES = 2000
BATCH_TOKENS = 6144
#: Peak learning rates. Muon's steps have one size however small the gradient: the hand-written circuit, which copies
#: without a mistake from the start, would drown in them at the full rate: `Stage.circuit` says how much of it.
PEAKS = {"matrices": 3e-3, "circuit": 3e-3, "embeddings": 1e-3, "norms": 3e-3}
WEIGHT_DECAY = 0.02
#: In chunks: linear warm-up at the start, linear decay at the end. FLOOR is the smallest factor.
WARM_UP, DECAY, FLOOR = 0.5, 26.0, 0.02
#: The peak of the last stage's cycle.
REHEAT = 0.4
AVERAGE = 0.995


@dataclass(frozen=True)
class Place:
    """Chunk number `index` of the whole run."""

    index: int
    stage: Stage
    within: int


def places() -> list[Place]:
    """Return every chunk of the run, in order."""
    flat = [(stage, within) for stage in STAGES for within in range(stage.chunks)]
    return [Place(i, stage, within) for i, (stage, within) in enumerate(flat)]


def rate(chunk: float, total: int) -> float:
    """Learning-rate factor in 0..1 at a point in the run, in chunks; the last stage has a smaller cycle of its own."""
    last = STAGES[-1].chunks
    if chunk >= total - last:
        return max(REHEAT * min((chunk - total + last) / WARM_UP, (total - chunk) / last), FLOOR)
    return max(min(1.0, chunk / WARM_UP, (total - last - chunk) / DECAY), FLOOR)


def _optimizers(model: Any) -> list[torch.optim.Optimizer]:
    """Muon for the matrices, AdamW for the rest; every parameter group names its entry of `PEAKS`."""
    table = model.model.embed_tokens.weight
    circuit = {id(weight) for weight in initial.circuit(model)}
    matrices = [p for p in model.parameters() if p.ndim == 2 and p is not table]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in matrices if id(p) not in circuit], "peak": "matrices"},
        {"params": [p for p in matrices if id(p) in circuit], "peak": "circuit", "weight_decay": 0.0},
    ]
    norms = [p for p in model.parameters() if p.ndim == 1]
    plain = [{"params": [table], "peak": "embeddings"}, {"params": norms, "peak": "norms"}]
    return [
        torch.optim.Muon(groups, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(plain, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


def _save(path: Path, state: dict[str, Any]) -> None:
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def train(work: Path, compiled: bool = True, stop_after: int | None = None) -> Path:
    """Run (or go on with) the whole schedule; return the checkpoint's path. `stop_after` counts chunks."""
    work.mkdir(parents=True, exist_ok=True)
    checkpoint = work / "checkpoint.pt"
    words = tokenizer.build()
    model = network.new_model(words, SEED)
    optimizers = _optimizers(model)
    average = {n: p.detach().clone() for n, p in model.named_parameters()}
    done, seconds, cpu_seconds, tokens = 0, 0.0, 0.0, 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        average = state["average"]
        for optimizer, saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        done, seconds, tokens = state["chunks"], state["seconds"], state["tokens"]
        cpu_seconds = state.get("cpu_seconds", 0.0)
    if compiled:
        network.compile_layers(model)
    model.train()
    plan = places()
    for place in plan[done : stop_after or len(plan)]:
        started, cpu_started, losses = time.monotonic(), time.process_time(), []
        chunk = list(
            data.batches(
                words,
                place.stage.maker(place.within),
                f"{SEED}/{place.stage.name}/{place.within}",
                CHUNK_EXAMPLES,
                BATCH_TOKENS,
                place.stage.by_turn,
            )
        )
        for i, batch in enumerate(chunk):
            factor = rate(place.index + i / len(chunk), len(plan))
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                share = place.stage.circuit if group["peak"] == "circuit" else 1.0
                group["lr"] = PEAKS[group["peak"]] * factor * share
            loss = network.loss_of(model, batch)
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            with torch.no_grad():
                torch._foreach_lerp_(
                    [average[n] for n, _ in model.named_parameters()], list(model.parameters()), 1 - AVERAGE
                )
            losses.append(loss.item())
            tokens += batch.ids.numel()
        seconds += time.monotonic() - started
        cpu_seconds += time.process_time() - cpu_started
        done = place.index + 1
        speed = sum(b.ids.numel() for b in chunk) / (time.monotonic() - started)
        print(
            f"{done}/{len(plan)} {place.stage.name} loss {sum(losses) / len(losses):.3f} "
            f"{speed:.0f} tokens/s {tokens / 1e6:.1f}M tokens {seconds / 60:.1f} min ({cpu_seconds / 60:.1f} cpu min)",
            flush=True,
        )
        _save(
            checkpoint,
            {
                "model": model.state_dict(),
                "average": average,
                "optimizers": [o.state_dict() for o in optimizers],
                "chunks": done,
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "tokens": tokens,
            },
        )
    return checkpoint


def export(work: Path, folder: Path, averaged: bool = True) -> None:
    """Write the checkpoint as a model folder (bf16 safetensors, tokenizer, template)."""
    state = torch.load(work / "checkpoint.pt", weights_only=True)
    words = tokenizer.save(folder)
    model = network.new_model(words, SEED)
    weights = dict(state["model"])
    if averaged:
        weights |= state["average"]
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    model.load_state_dict(weights)
    model.config._attn_implementation = "sdpa"
    model.to(torch.bfloat16).save_pretrained(folder)
    for file in folder.iterdir():
        file.chmod(0o644)  # the safetensors writer makes the file private
