"""Whether the torch that is installed can split a model's weights over processes; it is not imported."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

SHARDS_SINCE = (2, 13)
"""The torch whose ``fully_shard`` does what is asked of it here, with gloo too; earlier ones have not been tried."""


def can_shard() -> bool:
    """Whether it can."""
    try:
        installed = version("torch")
    except PackageNotFoundError:
        return False
    return tuple(int(part) for part in installed.split(".")[:2]) >= SHARDS_SINCE
