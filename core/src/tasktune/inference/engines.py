"""What can generate a version's answers, and the record of what did."""

from __future__ import annotations

from typing import Literal

from tasktune.types import Value

Engine = Literal["transformers", "vllm", "openai"]
ENGINES: tuple[Engine, ...] = ("transformers", "vllm", "openai")


class Agreement(Value):
    """Of the ``rows`` that the version's own evaluation answered, too, so many got the ``same`` answer."""

    rows: int
    same: int


class EngineUse(Value):
    """What generated an evaluation's answers.

    ``endpoint`` and ``model`` are those of a server, ``answered_by`` the models that it says answered. ``notes`` tell
    in words where the version's decoding rules were not, or may not have been, followed to the letter.
    """

    engine: Engine = "transformers"
    endpoint: str | None = None
    model: str | None = None
    answered_by: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    agreement: Agreement | None = None

    @property
    def title(self) -> str:
        """The engine in a few words: its own name, or model and address."""
        return self.engine if self.endpoint is None else f"{self.model} @ {self.endpoint}"
