"""The order of the generated text: copying first, so that induction heads form, then the tasks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import drills
from .binding import binding, whose
from .copying import copying, first_steps
from .example import Example, Generator, mixture
from .labels import choose, stance
from .ner import MORE_FRAMES, ask_one_kind, ner, rare_names, type_of
from .rewriting import fields, formal, script, simplified, terms, tidy
from .sentiment import SECOND_HALF, entity_sentiment, group_by_sentiment, sentiment


@dataclass(frozen=True)
class Stage:
    """A stretch of training. `maker` gives the generator for chunk number n of the stage."""

    name: str
    chunks: int
    maker: Callable[[int], Generator]
    #: How answers are weighted: see `data.encode`.
    by_turn: bool = True


tasks = mixture(
    [
        (5.0, entity_sentiment),
        (1.6, sentiment),
        (0.5, group_by_sentiment),
        (2.8, ner),
        (0.5, type_of),
        (0.5, ask_one_kind),
        (1.4, choose),
        (0.3, stance),
        (0.8, formal),
        (0.3, terms),
        (0.2, script),
        (0.4, tidy),
        (0.4, fields),
        (1.0, copying),
    ]
)


def _second(rng: random.Random) -> Example:
    return entity_sentiment(rng, SECOND_HALF)


def _second_texts(rng: random.Random) -> Example:
    return sentiment(rng, SECOND_HALF)


def _second_ner(rng: random.Random) -> Example:
    return ner(rng, MORE_FRAMES)


_DRILLS = [(4.0, drills.phrases), (3.0, drills.entities), (3.0, drills.table), (1.5, drills.kinds)]
drilling = mixture(
    [
        *_DRILLS,
        (2.0, _second),
        (1.0, _second_texts),
        (2.0, _second_ner),
        (1.5, choose),
        (0.5, copying),
    ]
)

#: The same skills over more words and frames, now and then wholly in Simplified characters.
more_tasks = simplified(
    mixture(
        [
            (2.0, drills.phrases),
            (2.5, drills.entities),
            (3.0, drills.table),
            (1.2, drills.kinds),
            (6.0, _second),
            (1.4, _second_texts),
            (0.5, group_by_sentiment),
            (4.5, _second_ner),
            (0.6, type_of),
            (0.5, ask_one_kind),
            (2.0, choose),
            (0.3, stance),
            (1.2, formal),
            (0.4, terms),
            (0.3, script),
            (0.6, tidy),
            (0.5, fields),
            (1.5, copying),
        ]
    ),
    share=0.07,
)

#: A first lesson in whose fate is whose.
plain_binding = mixture([(9.0, whose), (1.0, more_tasks)])
#: The last stretch: whose fate is whose, names that must be copied, and a little of everything against forgetting.
bound_tasks = mixture([(4.5, binding), (0.7, whose), (3.0, rare_names), (1.8, copying), (1.0, more_tasks)])

STAGES = (
    Stage("first-steps", 4, lambda n: first_steps, by_turn=False),
    Stage("copying", 10, lambda n: copying, by_turn=False),
    Stage("tasks", 10, lambda n: tasks, by_turn=False),
    Stage("drills", 10, lambda n: drilling),
    Stage("more-tasks", 46, lambda n: more_tasks),
    Stage("whose", 6, lambda n: plain_binding),
    Stage("binding", 15, lambda n: bound_tasks),
)
