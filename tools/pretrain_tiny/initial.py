"""Starting weights that can already copy: an induction circuit written by hand into the first two layers.

Two cores in under an hour see some thirty million tokens, and a transformer of this size spends most of them before it
continues a repeated string without mistakes. So layer 0 starts with heads that look one and two positions back (through
the rotary phases and a constant coordinate) and write those tokens into the upper half of the stream, and layer 1 with
heads that find the place where the current token was the previous one, preferring a place where the token before it
agrees too, and copy what stood there. Untrained, the model continues a repeated string of random characters without a
mistake. Everything stays trainable, these matrices slowly (`train.PEAKS`). Layers 2 and up start as usual, with their
output matrices at zero.
"""

from __future__ import annotations

import math
from typing import Any

import torch

#: Sharpness of the hand-written heads: the weight of their query and key norms.
SHARP = 3.0
#: How strongly the tokens before are written into the stream, and the copied one, which must win over the current.
GAIN, COPY_GAIN = 0.15, 0.45
#: Scale of the embedding's upper half, which the tokens before are written over.
UPPER = 0.3
#: Rotary pairs fast enough to tell neighbouring positions apart, and slow enough to ignore position.
FAST, SLOW = range(5), range(14, 32)
#: Of the slow coordinates of a head, how many compare the token before; the rest compare the one two before.
NEAR = 28
#: What the token two before weighs in query and key: enough to decide between two places that agree in the nearer one.
FAR_WEIGHT = 0.6


def circuit(model: Any) -> list[torch.Tensor]:
    """The matrices that hold the circuit."""
    attentions = [layer.self_attn for layer in model.model.layers[:2]]
    return [part.weight for a in attentions for part in (a.q_proj, a.k_proj, a.v_proj, a.o_proj)]


def _positions(size: int) -> list[int]:
    """The coordinates of a head that hardly turn with position."""
    return [*SLOW, *(i + size // 2 for i in SLOW)]


def _look_back(attention: Any, head: int, steps: int, theta: float, size: int, constant: int) -> None:
    """Turn a head's query so that it meets the key that stands `steps` positions before."""
    for i in FAST:
        angle = steps * theta ** (-2 * i / size)
        attention.q_proj.weight[head * size + i, constant] = math.cos(angle)
        attention.q_proj.weight[head * size + i + size // 2, constant] = -math.sin(angle)


def write_circuit(model: Any, theta: float) -> None:
    """Overwrite the weights of a new model in place. Works for two key/value heads of size 64, two heads each."""
    config = model.config
    width, size, half = config.hidden_size, config.head_dim, config.hidden_size // 2
    per_group = config.num_attention_heads // config.num_key_value_heads
    constant = width - 1
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        table.normal_(std=half**-0.5)
        table[:, half:] *= UPPER
        table[:, constant] = 0.5
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()

        back, induction = (model.model.layers[i].self_attn for i in (0, 1))
        for attention in (back, induction):
            attention.q_norm.weight.fill_(SHARP)
            attention.k_norm.weight.fill_(SHARP)
            for weight in (attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight):
                weight.mul_(0.25)
        rows = torch.arange(size)
        for group in range(config.num_key_value_heads):
            # Layer 0: group 0 brings the token one before to half…, group 1 the one two before to half + size….
            for i in FAST:
                back.k_proj.weight[group * size + i, constant] = 1.0
            back.v_proj.weight[group * size + rows, rows] = 1.0
            for head in range(group * per_group, (group + 1) * per_group):
                _look_back(back, head, group + 1, theta, size, constant)
                kept = rows[half + group * size + rows != constant]
                back.o_proj.weight[half + group * size + kept, head * size + kept] = GAIN / per_group
            # Layer 1: what the query's token and the one before it are, the key's two tokens before must be.
            induction.v_proj.weight[group * size + rows, group * size + rows] = 1.0
            for order, row in enumerate(_positions(size)):
                near = order < NEAR
                source = (group * NEAR + order) % size if near else group * (size // 2) + order - NEAR
                asked, found = (source, half + source) if near else (half + source, half + size + source)
                weight = 1.0 if near else FAR_WEIGHT
                induction.k_proj.weight[group * size + row, found] = weight
                for head in range(group * per_group, (group + 1) * per_group):
                    induction.q_proj.weight[head * size + row, asked] = weight
            for head in range(group * per_group, (group + 1) * per_group):
                induction.o_proj.weight[group * size + rows, head * size + rows] = COPY_GAIN / per_group
