"""Checkpoints that can be trusted after a kill: each is sealed when whole, and only sealed ones are resumed from."""

from __future__ import annotations

import shutil
from pathlib import Path

from tasktune.workspace.files import read_json, sha256_of, write_json_atomically

_SEAL = "sealed.json"


def seal(checkpoint: Path) -> None:
    """Record the hash of every file of a checkpoint that has been written completely."""
    hashes = {path.name: sha256_of(path) for path in sorted(checkpoint.iterdir()) if path.is_file()}
    write_json_atomically(checkpoint / _SEAL, hashes)


def latest_sealed(folder: Path) -> Path | None:
    """The newest whole checkpoint in ``folder``; torn or changed ones are deleted, for nothing can use them."""
    checkpoints = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    while checkpoints:
        checkpoint = checkpoints.pop()
        if is_whole(checkpoint):
            return checkpoint
        shutil.rmtree(checkpoint)
    return None


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint is as it was sealed."""
    if not (checkpoint / _SEAL).exists():
        return False
    hashes = read_json(checkpoint / _SEAL)
    return all(
        (checkpoint / name).is_file() and sha256_of(checkpoint / name) == hash_ for name, hash_ in hashes.items()
    )
