"""Outputs as they come, kept on disk so that a killed evaluation goes on with the batches that are missing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tasktune.inference.probabilities import Measured


class Output(NamedTuple):
    """What a model wrote, and how probable it found it; None where that is not known."""

    text: str
    measured: Measured | None = None


class PartialOutputs:
    """Outputs by row number in a JSON-lines file; each batch is appended in one write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.by_row: dict[int, Output] = {}
        if path.exists():
            for line in path.read_bytes().splitlines():
                try:
                    row, text, measured = json.loads(line)
                except ValueError:
                    # Torn by a kill; the batch is generated again.
                    continue
                self.by_row[row] = Output(text, None if measured is None else Measured.model_validate(measured))

    def add(self, batch: Iterable[tuple[int, Output]]) -> None:
        """Keep a batch's outputs."""
        batch = list(batch)
        self.by_row.update(batch)
        lines = "".join(_line(row, output) + "\n" for row, output in batch)
        with self.path.open("ab") as file:
            # The leading newline ends a line that a kill may have torn.
            file.write(b"\n" + lines.encode())

    def delete(self) -> None:
        """Forget the file; the outputs are elsewhere now."""
        self.path.unlink(missing_ok=True)


def _line(row: int, output: Output) -> str:
    return json.dumps([row, output.text, None if output.measured is None else output.measured.model_dump()])
