# ruff: noqa: E501 (phrases read best as long lines)
"""Sentiment: of a whole text, and towards one entity among several with different fates."""

from __future__ import annotations

import random
from dataclasses import dataclass

from . import forms, names
from . import words_business as b
from . import words_opinion as o
from .example import Example, dumps, one
from .predicates import COMPANY_FIELDS, METRIC_HEADS, NEGATIVE, NEUTRAL, POSITIVE, PREDICATES

KEYS = ["sentiment", "sentiment", "sentiment", "label", "情感", "polarity", "answer", "result", "結果"]
_WHEN = [
    "",
    "",
    "",
    "",
    "昨日",
    "今年",
    "第二季",
    "近來",
    "上週",
    "日前",
    "這個月",
    "據了解，",
    "目前",
    "今天",
    "此外，",
    "報導指出，",
    "根據最新財報，",
    "消息人士說，",
]
_JOIN = [
    "；",
    "，而",
    "，但",
    "。",
    "，反觀",
    "，至於",
    "；另一方面，",
    "。同時，",
    "，相較之下，",
    "，",
    "，不過",
    "。然而",
    "；相對地，",
    "，而同一天",
    "。另外，",
]
_TAIL = [
    "",
    "",
    "",
    "。",
    "。",
    "，引發討論。",
    "，市場關注。",
    "！",
    "，後續發展值得觀察。",
    "，網友熱議。",
    "，消息一出引起注意。",
]


@dataclass(frozen=True)
class Clause:
    """A clause about one entity, with its polarity."""

    text: str
    entity: str
    polarity: int


def clause(rng: random.Random, entity: str, polarity: int | None = None, field: str = "business") -> Clause:
    """A clause about `entity`, in one of many constructions."""
    when = rng.choice(_WHEN)
    if field == "english":
        found = rng.randrange(3) if polarity is None else polarity
        text = rng.choice((o.ENGLISH_POSITIVE, o.ENGLISH_NEGATIVE, o.ENGLISH_NEUTRAL)[found])
        return Clause(f"{entity} {text}", entity, found)
    kind = rng.random()
    if field in COMPANY_FIELDS and kind < (0.2 if field == "business" else 0.12):
        found = rng.randrange(3) if polarity is None else polarity
        frame = rng.choice((b.OBJECT_POSITIVE, b.OBJECT_NEGATIVE, b.OBJECT_NEUTRAL)[found])
        return Clause(when + frame.format(e=entity), entity, found)
    predicate, found = PREDICATES[field](rng, polarity)
    mark = rng.choice(
        [
            "",
            "",
            "",
            "",
            "的" if field in COMPANY_FIELDS and predicate[:2] in METRIC_HEADS else "",
            "，",
            "則",
            "也",
            "已",
            "卻",
        ]
    )
    if predicate.startswith("的"):
        mark = ""
    if mark in ("則", "也", "已", "卻") and predicate[:2] in METRIC_HEADS:
        mark = ""
    if kind < 0.26:
        return Clause(f"{rng.choice(['說到', '至於', '關於', '談到', '反觀'])}{entity}，{predicate}", entity, found)
    if kind < 0.31:
        return Clause(f"{entity}{when.rstrip('，')}傳出{predicate}", entity, found)
    if kind < 0.36 and found != NEUTRAL:
        second, _ = PREDICATES[field](rng, found)
        return Clause(f"{when}{entity}{predicate}，{second}", entity, found)
    if kind < 0.41 and found != NEUTRAL:
        other, _ = PREDICATES[field](rng, 1 - found)
        return Clause(f"{when}{entity}雖然{other}，但{predicate}", entity, found)
    if kind < 0.47:
        return Clause(f"{predicate}的{entity}", entity, found)
    if rng.random() < 0.3:
        return Clause(f"{entity}{when.rstrip('，')}{mark}{predicate}", entity, found)
    return Clause(f"{when}{entity}{mark}{predicate}", entity, found)


def _compare(rng: random.Random, first: str, second: str) -> list[Clause] | None:
    """One sentence in which two entities fare differently, told as a comparison."""
    frame, better = rng.choice(
        [
            ("{a}搶走{b}的市場", 0),
            ("{a}打敗{b}", 0),
            ("{a}不敵{b}", 1),
            ("{a}表現優於{b}", 0),
            ("{a}遠不如{b}", 1),
            ("{a}被{b}超越", 1),
            ("比起{a}，{b}好太多了", 1),
            ("{a}的訂單被{b}搶走", 1),
            ("資金從{a}轉向{b}", 1),
            ("{a}輸給{b}", 1),
            ("{a}贏過{b}", 0),
            ("客戶捨{a}而就{b}", 1),
            ("{a}拉開與{b}的差距，遙遙領先", 0),
        ]
    )
    entities = (first, second)
    return [
        Clause(frame.format(a=first, b=second), entities[better], POSITIVE),
        Clause("", entities[1 - better], NEGATIVE),
    ]


def passage(rng: random.Random, count: int, field: str) -> tuple[str, list[Clause]]:
    """A text about `count` entities and what it says about each."""
    if field in COMPANY_FIELDS:
        makers = [names.company, names.company, names.brand]
    elif field == "english":
        makers = [names.company, names.person]
    else:
        makers = [names.thing]
    entities: list[str] = []
    while len(entities) < count:
        new = rng.choice(makers)(rng)
        if not any(new in e or e in new for e in entities):
            entities.append(new)
    if count == 2 and field in COMPANY_FIELDS and rng.random() < 0.08:
        compared = _compare(rng, *entities)
        if compared:
            return compared[0].text + rng.choice(_TAIL), compared
    clauses: list[Clause] = []
    for i, entity in enumerate(entities):
        polarity = None
        if i == 1 and rng.random() < 0.7:  # make differences the rule
            polarity = rng.choice([p for p in range(3) if p != clauses[0].polarity])
        elif rng.random() < 0.3:
            polarity = NEUTRAL if rng.random() < 0.45 else rng.randrange(2)
        clauses.append(clause(rng, entity, polarity, field))
    text = clauses[0].text
    for item in clauses[1:]:
        text += (
            rng.choice(["; ", ". ", ", while ", ", but "]) if field == "english" else rng.choice(_JOIN)
        ) + item.text
    if count > 1 and rng.random() < 0.1 and field in COMPANY_FIELDS:
        group = clause(rng, "", clauses[0].polarity, field)
        text += f"，{entities[0]}也" + group.text if group.text and rng.random() < 0.5 else ""
    return text + rng.choice(_TAIL), clauses


#: Which fields texts come from, and how often: in the first half of the task stages, and in the second.
FIRST_HALF = {"business": 0.66, "opinion": 0.28, "english": 0.06}
SECOND_HALF = {"business": 0.36, "market": 0.38, "opinion": 0.21, "english": 0.05}


def _field(rng: random.Random, fields: dict[str, float]) -> str:
    return rng.choices(list(fields), list(fields.values()))[0]


def entity_sentiment(rng: random.Random, fields: dict[str, float] = FIRST_HALF) -> Example:
    """Ask about one entity of a text, then perhaps about the others."""
    polarity_names = rng.choice(forms.POLARITIES)
    listed = list(polarity_names)
    rng.shuffle(listed)
    note, answer = forms.answer_form(rng, KEYS)
    text, clauses = passage(rng, rng.choice([1, 2, 2, 2, 3, 3]), _field(rng, fields))
    asked = rng.sample(clauses, len(clauses) if rng.random() < 0.75 else 1)
    system = forms.system(rng, "target", listed, note)
    turns = []
    for i, item in enumerate(asked):
        form = rng.choice(forms.ASK_ENTITY if i == 0 else forms.FOLLOW_ENTITY)
        turns.append((form.replace("{e}", item.entity).replace("{t}", text), answer(polarity_names[item.polarity])))
    return Example(system, tuple(turns), "entity_sentiment")


def sentiment(rng: random.Random, fields: dict[str, float] = FIRST_HALF) -> Example:
    """The sentiment of short texts, several per conversation."""
    polarity_names = rng.choice(forms.POLARITIES)
    two = rng.random() < 0.25
    listed = list(polarity_names[:2] if two else polarity_names)
    rng.shuffle(listed)
    note, answer = forms.answer_form(rng, KEYS)
    system = forms.system(rng, "sentiment", listed, note)
    turns = []
    form = rng.choice(forms.ASK_TEXT)
    for _ in range(rng.randint(1, 4)):
        polarity = rng.randrange(2 if two else 3)
        field = _field(rng, fields)
        entity = names.thing(rng) if rng.random() < 0.5 or field == "english" else ""
        item = (
            clause(rng, entity, polarity, field)
            if entity
            else Clause(PREDICATES[field](rng, polarity)[0], "", polarity)
        )
        turns.append((form.replace("{t}", item.text + rng.choice(_TAIL)), answer(polarity_names[polarity])))
    return Example(system, tuple(turns), "sentiment")


def group_by_sentiment(rng: random.Random, fields: dict[str, float] = FIRST_HALF) -> Example:
    """List every entity of a text with its sentiment."""
    polarity_names = rng.choice(forms.POLARITIES)
    text, clauses = passage(rng, rng.choice([1, 2, 3]), _field(rng, fields))
    found = sorted(clauses, key=lambda c: text.find(c.entity))
    keys = rng.choice([("entity", "sentiment"), ("text", "label"), ("name", "polarity")])
    shape = dumps([{keys[0]: "…", keys[1]: "…"}])
    system = f"{rng.choice(['列出文中每個實體與其情感。', '找出公司並標註情感。', 'List every entity with its sentiment.'])}{forms.label_list(rng, polarity_names)}格式：{shape}"
    return one("group", system, text, dumps([{keys[0]: c.entity, keys[1]: polarity_names[c.polarity]} for c in found]))
