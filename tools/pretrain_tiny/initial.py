"""Starting weights that can already copy: an induction circuit written by hand into the first two layers.

Two cores in under an hour see some ten million tokens, and a transformer of this size spends millions of them
before it discovers how to continue a repeated string. So layer 0 starts with heads that look at the previous position
(through the rotary phases and a constant coordinate), writing that token into the upper half of the stream, and layer 1
with heads that find the place where the current token was the previous one and copy what stood there. Everything stays
trainable; layers 2 and up start as usual, with their output matrices at zero.
"""

from __future__ import annotations

import math
from typing import Any

import torch

#: Sharpness of the two hand-written heads: the weight of their query and key norms.
SHARP = 3.0
#: How strongly their values are written back.
GAIN = 0.075
#: Scale of the embedding's upper half, which the previous token is written over.
UPPER = 0.3
#: Rotary pairs fast enough to tell neighbouring positions apart, and slow enough to ignore position.
FAST, SLOW = range(5), range(16, 32)


def write_circuit(model: Any, theta: float) -> None:
    """Overwrite the weights of a new model in place. Works for head size 64, two heads per key/value head."""
    config = model.config
    width, size, half = config.hidden_size, config.head_dim, config.hidden_size // 2
    groups, pairs = config.num_key_value_heads, config.head_dim // 2
    per_group = config.num_attention_heads // groups
    constant = width - 1
    with torch.no_grad():
        table = model.model.embed_tokens.weight
        table.normal_(std=half**-0.5)
        table[:, half:] *= UPPER
        table[:, constant] = 0.5
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()

        previous, induction = (model.model.layers[i].self_attn for i in (0, 1))
        for attention in (previous, induction):
            attention.q_norm.weight.fill_(SHARP)
            attention.k_norm.weight.fill_(SHARP)
            for weight in (attention.q_proj.weight, attention.k_proj.weight, attention.v_proj.weight):
                weight.mul_(0.25)
        for i in FAST:  # a query at p, turned back by one step, meets the key at p-1
            angle = theta ** (-i / pairs)
            for head in range(config.num_attention_heads):
                previous.q_proj.weight[head * size + i, constant] = math.cos(angle)
                previous.q_proj.weight[head * size + i + pairs, constant] = -math.sin(angle)
            for group in range(groups):
                previous.k_proj.weight[group * size + i, constant] = 1.0
        slow = [*SLOW, *(i + pairs for i in SLOW)]
        for head in range(config.num_attention_heads):
            group = head // per_group
            for order, row in enumerate(slow):
                source = (group * len(slow) + order) % half
                induction.q_proj.weight[head * size + row, source] = 1.0
                induction.k_proj.weight[group * size + row, half + source] = 1.0
            for row in range(size):
                target = group * size + row
                induction.o_proj.weight[target, head * size + row] = GAIN
                if half + target != constant:
                    previous.o_proj.weight[half + target, head * size + row] = GAIN
        for group in range(groups):
            for row in range(size):
                for attention in (previous, induction):
                    attention.v_proj.weight[group * size + row, group * size + row] = 1.0
