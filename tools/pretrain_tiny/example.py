"""One training example and the small helpers that every generator uses."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """A conversation: system text (may be empty) and (user, assistant) turns. Only assistant text carries loss."""

    system: str
    turns: tuple[tuple[str, str], ...]
    skill: str = ""

    def messages(self) -> list[dict[str, str]]:
        """Return the conversation as chat messages."""
        found = [{"role": "system", "content": self.system}] if self.system else []
        for user, assistant in self.turns:
            found += [{"role": "user", "content": user}, {"role": "assistant", "content": assistant}]
        return found


Generator = Callable[[random.Random], Example]


def one(skill: str, system: str, user: str, assistant: str) -> Example:
    """Return an example with a single turn."""
    return Example(system, ((user, assistant),), skill)


def dumps(value: object) -> str:
    """JSON as the project's plugins write it: readable characters, ", " and ": " between items."""
    return json.dumps(value, ensure_ascii=False)


def maybe(rng: random.Random, probability: float, text: str) -> str:
    """Return `text` with the given probability, else nothing."""
    return text if rng.random() < probability else ""


def shuffled(rng: random.Random, items: Sequence[str]) -> list[str]:
    """Return a shuffled copy."""
    return rng.sample(list(items), len(items))


def mixture(parts: Sequence[tuple[float, Generator]]) -> Generator:
    """Return a generator that draws from weighted generators."""
    weights = [weight for weight, _ in parts]
    makers = [maker for _, maker in parts]

    def draw(rng: random.Random) -> Example:
        return rng.choices(makers, weights)[0](rng)

    return draw
