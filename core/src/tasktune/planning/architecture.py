"""The shape of a decoder-only language model: its matrices, its parameters, and those that an adapter adds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Value


class Matrix(NamedTuple):
    """A linear module: its name inside the model, and its weight's shape (``outputs``, ``inputs``)."""

    name: str
    inputs: int
    outputs: int
    bias: bool = False

    @property
    def parameters(self) -> int:
        """Weight and bias."""
        return self.inputs * self.outputs + (self.outputs if self.bias else 0)


class Family(NamedTuple):
    """What the families of models differ in: biases (None: the config says), norms, and fused matrices."""

    qkv_bias: bool | None = False
    o_bias: bool | None = False
    qk_norm: bool = False
    block_norms: int = 2
    fused: bool = False
    tied_by_default: bool = False


FAMILIES: Mapping[str, Family] = {
    "llama": Family(qkv_bias=None, o_bias=None),
    "mistral": Family(),
    "qwen2": Family(qkv_bias=True),
    "qwen3": Family(qkv_bias=None, o_bias=None, qk_norm=True),
    "phi3": Family(fused=True),
    "gemma2": Family(qkv_bias=None, o_bias=None, block_norms=4, tied_by_default=True),
    "gemma3_text": Family(qkv_bias=None, o_bias=None, qk_norm=True, block_norms=4, tied_by_default=True),
}
"""By ``model_type`` of config.json; each is compared with the library's own model by a test."""


class Architecture(Value):
    """The dimensions that decide what a model takes.

    ``hidden`` is the width of the residual stream, ``intermediate`` that of the gated feed-forward network;
    ``heads`` query heads and ``kv_heads`` key heads of ``head_dim`` each. ``tied``: the output projection is the
    embedding matrix.
    """

    family: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    kv_heads: int
    head_dim: int
    vocabulary: int
    tied: bool
    attention_bias: bool = False
    mlp_bias: bool = False

    @property
    def queries(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all key heads together; the values' too."""
        return self.kv_heads * self.head_dim

    @property
    def qk_norm(self) -> bool:
        """Whether queries and keys are normalised head by head."""
        return FAMILIES[self.family].qk_norm

    @property
    def block_norms(self) -> int:
        """RMS norms of the residual stream in a block."""
        return FAMILIES[self.family].block_norms


def from_config(config: Mapping[str, Any], where: str) -> Architecture:
    """The architecture that a ``config.json`` describes; ``where`` names it in errors.

    :raises InputError: the model is of a family that is not planned for, or a dimension is missing.
    """
    text = config.get("text_config") or config
    family = str(text.get("model_type"))
    if family not in FAMILIES:
        raise InputError(
            _("{where}: models of type {family} cannot be planned for", where=where, family=family),
            hint=_("known types: {known}", known=", ".join(FAMILIES)),
        )
    wanted = ("num_hidden_layers", "hidden_size", "intermediate_size", "num_attention_heads", "vocab_size")
    missing = [name for name in wanted if not isinstance(text.get(name), int)]
    if missing:
        raise InputError(_("{where} does not say {missing}", where=where, missing=", ".join(missing)))
    heads = text["num_attention_heads"]
    tied = config.get("tie_word_embeddings", text.get("tie_word_embeddings"))
    return Architecture(
        family=family,
        layers=text["num_hidden_layers"],
        hidden=text["hidden_size"],
        intermediate=text["intermediate_size"],
        heads=heads,
        kv_heads=text.get("num_key_value_heads") or heads,
        head_dim=text.get("head_dim") or text["hidden_size"] // heads,
        vocabulary=text["vocab_size"],
        tied=FAMILIES[family].tied_by_default if tied is None else bool(tied),
        attention_bias=bool(text.get("attention_bias", False)),
        mlp_bias=bool(text.get("mlp_bias", False)),
    )


def block(of: Architecture) -> tuple[Matrix, ...]:
    """The linear modules of one block."""
    family = FAMILIES[of.family]
    qkv_bias = of.attention_bias if family.qkv_bias is None else family.qkv_bias
    o_bias = of.attention_bias if family.o_bias is None else family.o_bias
    o_proj = Matrix("self_attn.o_proj", of.queries, of.hidden, o_bias)
    down_proj = Matrix("mlp.down_proj", of.intermediate, of.hidden, of.mlp_bias)
    if family.fused:
        return (
            Matrix("self_attn.qkv_proj", of.hidden, of.queries + 2 * of.keys, qkv_bias),
            o_proj,
            Matrix("mlp.gate_up_proj", of.hidden, 2 * of.intermediate, of.mlp_bias),
            down_proj,
        )
    return (
        Matrix("self_attn.q_proj", of.hidden, of.queries, qkv_bias),
        Matrix("self_attn.k_proj", of.hidden, of.keys, qkv_bias),
        Matrix("self_attn.v_proj", of.hidden, of.keys, qkv_bias),
        o_proj,
        Matrix("mlp.gate_proj", of.hidden, of.intermediate, of.mlp_bias),
        Matrix("mlp.up_proj", of.hidden, of.intermediate, of.mlp_bias),
        down_proj,
    )


def block_parameters(of: Architecture) -> int:
    """Parameters in the linear modules of all blocks: what quantisation shrinks and most computation goes through."""
    return of.layers * sum(matrix.parameters for matrix in block(of))


def parameters(of: Architecture) -> int:
    """Every parameter of the model, a tied output projection counted once."""
    norms = of.block_norms * of.hidden + (2 * of.head_dim if of.qk_norm else 0)
    embeddings = of.vocabulary * of.hidden * (1 if of.tied else 2)
    return embeddings + block_parameters(of) + of.layers * norms + of.hidden


@cache
def adapted(of: Architecture, targets: str | tuple[str, ...]) -> tuple[Matrix, ...]:
    """The modules that get an adapter, of all layers, chosen as PEFT does.

    ``all-linear`` means every linear module but the output projection; a list names modules by the end of their path.

    :raises InputError: no module is called so.
    """
    every = tuple(_modules(of))
    if targets == "all-linear":
        return tuple(matrix for matrix in every if matrix.name not in ("lm_head", "model.embed_tokens"))
    names = [targets] if isinstance(targets, str) else list(targets)
    found = tuple(
        matrix for matrix in every if any(matrix.name == name or matrix.name.endswith("." + name) for name in names)
    )
    if not found:
        known = ", ".join(dict.fromkeys(matrix.name.rpartition(".")[2] for matrix in every))
        raise InputError(
            _("training.lora.target_modules: the base model has no {names}", names=", ".join(names)),
            hint=_("its modules: {known}", known=known),
        )
    return found


def adapter_parameters(modules: Sequence[Matrix], rank: int, *, magnitudes: bool = False) -> int:
    """Parameters of LoRA (Hu et al. 2021, arXiv:2106.09685: B is outputs x rank, A is rank x inputs), and with
    ``magnitudes`` those of DoRA (Liu et al. 2024, arXiv:2402.09353: a magnitude for each output as well)."""
    return sum(rank * (matrix.inputs + matrix.outputs) + (matrix.outputs if magnitudes else 0) for matrix in modules)


def _modules(of: Architecture) -> Iterator[Matrix]:
    yield Matrix("model.embed_tokens", of.vocabulary, of.hidden)
    for number in range(of.layers):
        for matrix in block(of):
            yield matrix._replace(name=f"model.layers.{number}.{matrix.name}")
    yield Matrix("lm_head", of.hidden, of.vocabulary)
