# ruff: noqa: E501 (phrases read best as long lines)
"""Choosing one of many labels: topics, intents, stance; two to sixty labels, in any order, in two languages."""

from __future__ import annotations

import random
import re

from . import copying, forms, names, words_labels
from .example import Example
from .splitting import words

TOPICS = words_labels.parse(words_labels.TOPICS)
INTENTS = words_labels.parse(words_labels.INTENTS)
_SLOT = re.compile(r"\{([a-z])\}")
_LEAD = ["", "", "", "請", "麻煩", "可以", "我想要", "嗨，", "那個，", "幫忙一下，", "喂，", "不好意思，", "請問"]
_END = ["", "", "", "。", "？", "謝謝", "，謝謝", "好嗎", "吧", "！", "喔", "，快點"]
_MORE = [
    "",
    "",
    "，引起關注",
    "，專家這樣說",
    "，最新進度曝光",
    "，懶人包一次看",
    "，民眾反應兩極",
    "，詳情待確認",
    "，後續受矚目",
]
KEYS = ["label", "label", "label", "intent", "intent", "category", "class", "類別", "topic", "標籤"]


def _fill(rng: random.Random, phrase: str) -> str:
    table = {
        "n": lambda: str(rng.randint(1, 99)),
        "p": lambda: names.person(rng),
        "l": lambda: names.place(rng, short=True),
        "t": lambda: names.clock(rng),
        "d": lambda: names.date(rng),
        "o": lambda: names.company(rng),
        "r": lambda: names.product(rng),
        "m": lambda: names.money(rng),
    }
    return _SLOT.sub(lambda match: table[match.group(1)](), phrase)


def _name(row: tuple[str, str, list[str]], language: int) -> str:
    """The label in Chinese (0) or English (1)."""
    return row[1] if language else row[0]


def choose(rng: random.Random) -> Example:
    """Topic or intent; the label names are Chinese or English, and half the label lists are long."""
    intents = rng.random() < 0.65
    rows = INTENTS if intents else TOPICS
    most = len(rows)
    count = (
        rng.randint(2, 8)
        if rng.random() < 0.5
        else rng.randint(6, min(24, most))
        if rng.random() < 0.75
        else rng.randint(20, most)
    )
    picked = rng.sample(rows, count)
    language = 0 if rng.random() < (0.5 if intents else 0.7) else 1
    note, answer = forms.answer_form(rng, KEYS)
    listed = [_name(row, language) for row in picked]
    extra = copying.spans(rng, 1, 2, 3) if rng.random() < 0.15 else []
    listed += [item for item in extra if item not in listed]
    rng.shuffle(listed)
    system = forms.system(rng, "label", listed, note)
    form = rng.choice(forms.ASK_TEXT)
    turns = []
    for _ in range(rng.randint(2, 5) if count < 12 else rng.randint(3, 6)):
        row = rng.choice(picked)
        phrase = _fill(rng, rng.choice(row[2]))
        if intents:
            text = rng.choice(_LEAD) + phrase + rng.choice(_END)
        else:
            second = _fill(rng, rng.choice(row[2])) if rng.random() < 0.4 else ""
            text = phrase + ("，" + second if second and second != phrase else "") + rng.choice(_MORE)
        turns.append((form.replace("{t}", text), answer(_name(row, language))))
    return Example(system, tuple(turns), "choose")


_THEMES = words(
    "核電 調漲電價 死刑 同婚 延長暑假 興建焚化爐 開放美豬 課徵碳稅 全民健保改革 遠距上班 週休三日 禁用塑膠 徵收空屋稅 電動車補貼 無人商店 校園禁手機 廢除學測 都更計畫 增設輕軌 發放現金"
)
_SUPPORT = [
    "我完全支持{x}",
    "{x}是正確的方向",
    "早就該{x}了",
    "{x}對大家都有好處",
    "樂見{x}",
    "舉雙手贊成{x}",
    "{x}刻不容緩",
    "我挺{x}",
    "{x}利大於弊",
    "希望盡快推動{x}",
]
_OPPOSE = [
    "我堅決反對{x}",
    "{x}根本是開倒車",
    "不該{x}",
    "{x}只會害慘百姓",
    "拒絕{x}",
    "{x}弊大於利",
    "連署抵制{x}",
    "{x}的後果誰負責",
    "我不能接受{x}",
    "請停止{x}",
]
_UNSURE = [
    "{x}是什麼意思",
    "關於{x}，政府下週開會",
    "想了解{x}的內容",
    "{x}有正反兩面意見",
    "{x}還在討論中",
    "今天新聞談到{x}",
    "{x}的說明會在週五",
    "對{x}我沒有意見",
]
_STANCES = [
    ("支持", "反對", "中立"),
    ("贊成", "反對", "無意見"),
    ("favor", "against", "none"),
    ("support", "oppose", "neutral"),
    ("同意", "不同意", "未表態"),
]


def stance(rng: random.Random) -> Example:
    """For, against or neither."""
    labels = rng.choice(_STANCES)
    listed = rng.sample(labels, 3)
    note, answer = forms.answer_form(rng, ["stance", "label", "立場"])
    system = forms.system(rng, "label", listed, note)
    turns = []
    for _ in range(rng.randint(1, 4)):
        which = rng.randrange(3)
        text = rng.choice((_SUPPORT, _OPPOSE, _UNSURE)[which]).format(x=rng.choice(_THEMES)) + rng.choice(
            ["", "。", "！", "，大家覺得呢"]
        )
        turns.append((text, answer(labels[which])))
    return Example(system, tuple(turns), "stance")
