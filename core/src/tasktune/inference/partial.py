"""Outputs as they come, kept on disk so that a killed evaluation goes on with the batches that are missing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path


class PartialOutputs:
    """Outputs by row number in a JSON-lines file; each batch is appended in one write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_row: dict[int, str] = {}
        if path.exists():
            for line in path.read_bytes().splitlines():
                try:
                    row, output = json.loads(line)
                except ValueError:
                    # Torn by a kill; the batch is generated again.
                    continue
                self.by_row[row] = output

    def add(self, batch: Iterable[tuple[int, str]]) -> None:
        """Keep a batch's outputs."""
        batch = list(batch)
        self.by_row.update(batch)
        lines = "".join(json.dumps(pair) + "\n" for pair in batch)
        with self.path.open("ab") as file:
            # The leading newline ends a line that a kill may have torn.
            file.write(b"\n" + lines.encode())

    def delete(self) -> None:
        """Forget the file; the outputs are elsewhere now."""
        self.path.unlink(missing_ok=True)
