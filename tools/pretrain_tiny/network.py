"""The architecture, and a forward pass for training that pays only for what carries loss."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from . import initial
from .data import Batch
from .tokenizer import MAX_LENGTH, VOCABULARY_SIZE

HIDDEN, LAYERS, HEADS, KEY_VALUE_HEADS, HEAD_SIZE, FEED_FORWARD = 256, 4, 4, 2, 64, 768
ROPE_THETA = 1000000.0


def new_model(tokenizer: PreTrainedTokenizerFast, seed: int) -> Qwen3ForCausalLM:
    """Return an untrained model of 5.2 million parameters, embeddings tied."""
    torch.manual_seed(seed)
    config = Qwen3Config(
        vocab_size=VOCABULARY_SIZE,
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KEY_VALUE_HEADS,
        head_dim=HEAD_SIZE,
        max_position_embeddings=MAX_LENGTH,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="eager",  # compiled, it beats the CPU flash kernel's backward pass at these lengths
    )
    model = Qwen3ForCausalLM(config)
    initial.write_circuit(model, ROPE_THETA)
    settings = model.generation_config
    assert settings is not None
    settings.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    settings.pad_token_id = tokenizer.pad_token_id
    settings.bos_token_id = None
    settings.do_sample = False
    return model


def compile_layers(model: Any) -> None:
    """Compile each decoder layer once for all shapes; needs a C++ compiler, saves a third of the time."""
    for layer in model.model.layers:
        layer.forward = torch.compile(layer.forward, dynamic=True)


def loss_of(model: Any, batch: Batch) -> torch.Tensor:
    """Weighted cross-entropy over the assistant's tokens; the output layer runs on those positions only."""
    core = model.model
    width = batch.ids.shape[1]
    with torch.autocast("cpu", torch.bfloat16):
        hidden = core.embed_tokens(batch.ids)
        rotation = core.rotary_emb(hidden, batch.positions)
        # Rows are padded on the right, so a causal mask is all that attention needs.
        mask = torch.full((width, width), torch.finfo(torch.bfloat16).min).triu(1)[None, None]
        for layer in core.layers:
            hidden = layer(hidden, attention_mask=mask, position_ids=batch.positions, position_embeddings=rotation)
        hidden = core.norm(hidden)
        chosen = batch.weights > 0
        logits = model.lm_head(hidden[:, :-1][chosen]).float()
        each = torch.nn.functional.cross_entropy(logits, batch.targets[chosen], reduction="none")
    weights = batch.weights[chosen]
    return (each * weights).sum() / weights.sum()
