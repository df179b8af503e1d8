"""Many small decisions per token: short phrases in short turns, so that the meaning of words is learnt quickly."""

from __future__ import annotations

import random

from . import forms, names, sentiment
from .example import Example
from .predicates import PREDICATES

_ASK = ["判斷情感：", "情感分類：", "Sentiment: ", "", "標籤：", "判斷好壞：", "選一個："]
_FIELDS = ["business", "market", "market", "opinion"]
_CANONICAL = ("正面", "負面", "中立")
_MAKERS = {
    "人名": names.person,
    "地名": names.place,
    "組織": names.organisation,
    "日期": names.date,
    "產品": names.product,
}
_CODES = {"人名": "PER", "地名": "LOC", "組織": "ORG", "日期": "DATE", "產品": "PRODUCT"}


def polarity_names(rng: random.Random) -> tuple[str, ...]:
    """Names for good, bad and neutral: mostly the usual ones."""
    return _CANONICAL if rng.random() < 0.6 else rng.choice(forms.POLARITIES)


def _system(rng: random.Random, labels: tuple[str, ...]) -> str:
    return rng.choice(_ASK) + rng.choice(["、", ", ", "/"]).join(rng.sample(labels, len(labels)))


def phrases(rng: random.Random) -> Example:
    """One phrase, one label, eight to sixteen times."""
    labels = polarity_names(rng)
    field = rng.choice(_FIELDS)
    turns = []
    for _ in range(rng.randint(8, 16)):
        polarity = rng.randrange(3)
        if rng.random() < 0.7:
            text = PREDICATES[field](rng, polarity)[0]
        else:
            text = sentiment.clause(rng, names.company(rng), polarity, field).text
        turns.append((text, labels[polarity]))
    return Example(_system(rng, labels), tuple(turns), "phrase_drill")


def entities(rng: random.Random) -> Example:
    """One text, then the name of each entity in turn."""
    labels = polarity_names(rng)
    text, clauses = sentiment.passage(rng, rng.choice([1, 2, 2, 3, 4]), rng.choice(_FIELDS))
    turns: list[tuple[str, str]] = []
    for item in rng.sample(clauses, len(clauses)):
        ask = rng.choice(["{e}", "「{e}」", "實體：{e}"]).format(e=item.entity)
        turns.append((ask if turns else rng.choice([f"{text}\n{ask}", f"{ask}\n{text}"]), labels[item.polarity]))
    return Example(_system(rng, labels), tuple(turns), "entity_drill")


def table(rng: random.Random) -> Example:
    """One text; the answer lists each entity with its label."""
    labels = polarity_names(rng)
    turns = []
    mark, join = rng.choice(["：", ":", "="]), rng.choice(["\n", "；", "、"])
    for _ in range(rng.randint(1, 3)):
        text, clauses = sentiment.passage(rng, rng.choice([1, 2, 3, 4]), rng.choice(_FIELDS))
        found = sorted(clauses, key=lambda c: text.find(c.entity))
        turns.append((text, join.join(f"{c.entity}{mark}{labels[c.polarity]}" for c in found)))
    return Example(_system(rng, labels) + f"\n格式 A{mark}標籤", tuple(turns), "table_drill")


def kinds(rng: random.Random) -> Example:
    """One name, one type, eight to fourteen times."""
    coded = rng.random() < 0.5
    types = rng.sample(sorted(_MAKERS), rng.randint(3, 5))
    shown = {kind: _CODES[kind] if coded else kind for kind in types}
    turns = []
    for _ in range(rng.randint(8, 14)):
        kind = rng.choice(types)
        turns.append((_MAKERS[kind](rng), shown[kind]))
    return Example("類型：" + "、".join(shown.values()), tuple(turns), "kind_drill")
