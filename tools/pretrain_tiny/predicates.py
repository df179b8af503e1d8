# ruff: noqa: E501 (phrases read best as long lines)
"""Predicates with a polarity: what happened to a company, what someone thinks of a thing."""

from __future__ import annotations

import random

from . import words_business as b
from . import words_market as m
from . import words_opinion as o

POSITIVE, NEGATIVE, NEUTRAL = 0, 1, 2
#: Adverbs that sound like a success.
_EAGER = {"成功", "順利", "終於", "一舉", "意外"}
_NOT = ["並未", "沒有", "並沒有", "從未", "未曾"]


def metric(rng: random.Random) -> tuple[str, int]:
    """A figure and where it went: the direction means the opposite for costs than for sales."""
    good = rng.random() < 0.65
    name = rng.choice(b.METRICS_GOOD if good else b.METRICS_BAD)
    degree = rng.choice(b.DEGREE) if rng.random() < 0.5 else ""
    kind = rng.random()
    if kind < 0.2:
        return f"{name}{rng.choice(b.FLAT)}", NEUTRAL
    if kind < 0.34 and good:
        up = rng.random() < 0.5
        return (
            f"{name}{degree if rng.random() < 0.4 else ''}{rng.choice(b.GOOD_ONLY if up else b.BAD_ONLY)}",
            POSITIVE if up else NEGATIVE,
        )
    up = rng.random() < 0.5
    number = f"{rng.randint(2, 60)}%" if rng.random() < 0.2 else ""
    text = f"{name}{degree}{rng.choice(b.UP if up else b.DOWN)}{number}"
    if rng.random() < 0.06:
        text = f"{name}不再{rng.choice(b.UP if up else b.DOWN)}"
        up = not up
    return text, POSITIVE if up == good else NEGATIVE


def business(rng: random.Random, polarity: int | None = None) -> tuple[str, int]:
    """A predicate about a company and its polarity."""
    while True:
        if rng.random() < 0.5:
            text, found = metric(rng)
        else:
            found = rng.randrange(3)
            text = rng.choice((b.POSITIVE, b.NEGATIVE, b.NEUTRAL)[found])
            if found != NEUTRAL and rng.random() < 0.04:
                # 並未裁員 is no praise, yet for a contrast against "rumoured" news it reads as relief or disappointment.
                text, found = f"不但{rng.choice(_NOT)}{text}", 1 - found
                text += "，還" + rng.choice((b.POSITIVE, b.NEGATIVE)[found])
        if polarity is None or found == polarity:
            return text, found


def market(rng: random.Random, polarity: int | None = None) -> tuple[str, int]:
    """A predicate about a company made of a verb and a noun, an idiom, or a part and its state."""
    found = rng.randrange(3) if polarity is None else polarity
    lead = rng.choice(m.ADVERBS) if rng.random() < 0.3 else ""
    kind = rng.random()
    if found == NEUTRAL:
        if kind < 0.3:
            return rng.choice(b.NEUTRAL), found
        text = f"{lead if lead not in _EAGER else ''}{rng.choice(m.PLAIN_VERBS)}{rng.choice(m.PLAIN_NOUNS)}"
    elif kind < 0.34:
        text = lead + rng.choice(m.GAIN if found == POSITIVE else m.LOSE) + rng.choice(m.GOODS)
    elif kind < 0.62:
        text = lead + rng.choice(m.ESCAPE if found == POSITIVE else m.SUFFER) + rng.choice(m.BADS)
    elif kind < 0.82:
        text = lead + rng.choice(m.IDIOMS_GOOD if found == POSITIVE else m.IDIOMS_BAD)
    else:
        text = (
            rng.choice(m.PARTS)
            + rng.choice(["", "", "轉趨", "相當", "十分", "日漸"])
            + rng.choice(m.STRONG if found == POSITIVE else m.WEAK)
        )
    return text, found


def opinion(rng: random.Random, polarity: int | None = None) -> tuple[str, int]:
    """A predicate about goods, food, films, people or places, and its polarity."""
    found = rng.randrange(3) if polarity is None else polarity
    if rng.random() < 0.5:
        return (
            f"{rng.choice(['', '', '的'])}{rng.choice(o.ASPECTS)}{rng.choice((o.PRAISE, o.BLAME, o.PLAIN)[found])}",
            found,
        )
    return rng.choice((o.POSITIVE, o.NEGATIVE, o.NEUTRAL)[found]), found


PREDICATES = {"business": business, "market": market, "opinion": opinion}
COMPANY_FIELDS = ("business", "market")
#: First characters of the figures: they take no adverb before them.
METRIC_HEADS = {m[:2] for m in b.METRICS_GOOD + b.METRICS_BAD}
