"""The order of the generated text: copying and short decisions first, then whose fate is whose, then the tasks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from . import drills, news, official, tone
from .binding import binding, whose
from .copying import copying
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
    #: The learning rate of the hand-written copying circuit, as a share of the other matrices'.
    circuit: float = 0.1


def _second(rng: random.Random) -> Example:
    return entity_sentiment(rng, SECOND_HALF)


def _second_texts(rng: random.Random) -> Example:
    return sentiment(rng, SECOND_HALF)


def _second_ner(rng: random.Random) -> Example:
    return ner(rng, MORE_FRAMES)


#: A task's own prompts, and exercises of it with more decisions per token.
_SENTIMENT = mixture(
    [
        (3.0, tone.tone_binding),
        (2.5, binding),
        (1.2, _second),
        (1.0, tone.tone_drill),
        (0.8, tone.state_drill),
        (0.5, drills.entities),
        (0.4, drills.phrases),
        (0.4, drills.table),
        (0.4, whose),
        (0.8, _second_texts),
        (0.2, group_by_sentiment),
    ]
)
_ENTITIES = mixture(
    [
        (4.5, news.news_ner),
        (1.2, _second_ner),
        (1.6, rare_names),
        (1.4, news.boundary_drill),
        (0.5, drills.kinds),
        (0.3, type_of),
        (0.3, ask_one_kind),
    ]
)
_REWRITING = mixture(
    [
        (3.0, official.letter),
        (0.9, official.fixed_frame),
        (0.5, official.convert_drill),
        (0.7, official.echo_long),
        (0.4, formal),
        (0.2, terms),
        (0.2, script),
        (0.3, tidy),
        (0.4, fields),
    ]
)
_LABELS = mixture([(4.0, choose), (1.0, stance)])

#: Copying in its plainest forms, which the starting weights can do: the rest of the network learns to leave it alone.
_plain_copying = mixture([(3.0, copying), (1.0, official.echo_long), (1.0, official.fixed_frame), (0.5, rare_names)])
#: Short phrases and short decisions, before whole texts.
_phrases = mixture(
    [
        (3.0, tone.tone_drill),
        (2.0, tone.state_drill),
        (2.0, drills.phrases),
        (2.5, news.boundary_drill),
        (1.0, drills.kinds),
        (1.0, official.convert_drill),
        (2.0, _ENTITIES),
        (1.5, copying),
    ]
)
#: A first lesson in whose fate is whose.
_plain_binding = mixture([(7.0, whose), (3.0, _phrases)])
everything = simplified(
    mixture([(3.6, _SENTIMENT), (3.3, _ENTITIES), (2.1, _REWRITING), (0.6, _LABELS), (0.9, copying)]), share=0.05
)
#: The same with more of what is precise: whole names, whole sentences, the right end.
_precise = simplified(
    mixture([(3.2, _SENTIMENT), (3.3, _ENTITIES), (2.5, _REWRITING), (0.6, _LABELS), (2.2, copying)]), share=0.05
)
#: The last minutes: names and sentences that must come out letter by letter, and a little of everything else.
_exact = mixture(
    [
        (3.2, news.news_ner),
        (3.0, rare_names),
        (1.0, _second_ner),
        (0.8, news.boundary_drill),
        (2.0, official.letter),
        (0.8, official.echo_long),
        (0.6, official.fixed_frame),
        (1.8, copying),
        (2.6, tone.tone_binding),
        (1.4, binding),
        (1.0, _SENTIMENT),
        (0.4, _LABELS),
    ]
)

STAGES = (
    Stage("copying", 3, lambda n: _plain_copying, by_turn=False),
    Stage("phrases", 6, lambda n: _phrases),
    Stage("whose", 6, lambda n: _plain_binding),
    Stage("everything", 28, lambda n: everything),
    # The stream has grown by now, and what the circuit writes must grow with it.
    Stage("polish", 28, lambda n: _precise, circuit=0.5),
    Stage("exact", 7, lambda n: _exact, circuit=1.0),
)
