# ruff: noqa: E501 (phrases read best as long lines)
"""Which fate belongs to whom: the question names an entity, the text tells of several, in frames without end.

A frame is put together from a lead, the name, a glue and a predicate, so that no single wording carries the rule; only
nearness does. The question mostly stands before the text: then each name in the text can be recognised when it is read.
"""

from __future__ import annotations

import random

from . import copying, forms, names, sentiment, words_business, words_market
from .example import Example
from .predicates import PREDICATES
from .splitting import phrases

_LEADS = phrases("""
說到|提起|今早|外電稱|聽聞|名單第一家是|專欄寫道|券商看|據傳|友人透露|一方面|另一方面|最後是|供應商|老字號|上市公司|對手|傳產股|電子業的|新創|大廠|這一季，|回頭看|同樣在場的|鄰近的|報紙寫|主播說|值得一提，|相形之下|倒是
""")
_GLUES = phrases("""
，|：|方面，|也|還|近期|在昨天|呢，|這家公司|這檔股票|則是|果然|竟然|一直|目前|集團|今年以來|上個月|就|反而|同樣|自家|卻是|向來|旗下|終究|最近|（上市）|這間|他們
""")
_JOINS = phrases("""
；|，而|，但|。|，反觀|，至於|。同時，|，|，不過|。然而|／| / |、|，且|。接著，|，同場加映|，換成|，隔壁的|！|。隨後|；同一時間|。再來|，另外|……|。|，
""")
_FIRST = phrases("""
分析以下文本對「{e}」的情感傾向。~文本：{t}|分析以下文本對「{e}」的情感傾向。~文本：{t}|分析以下文本對「{e}」的情感傾向。~文本：{t}|對「{e}」的情感：{t}|實體：{e}~文本：{t}|對象：{e}~{t}
請判斷下文對{e}是好是壞。~{t}|目標：{e}~內容：{t}|Entity: {e}~Text: {t}|公司：{e}~新聞：{t}|文中如何看待「{e}」？~{t}|请分析文本对“{e}”的情感。~{t}
""")


#: Words whose polarity is long known, for the first lesson.
_KNOWN = (
    words_market.IDIOMS_GOOD + words_business.POSITIVE[:60],
    words_market.IDIOMS_BAD + words_business.NEGATIVE[:60],
)


def whose(rng: random.Random) -> Example:
    """The first lesson: two names, two opposite fates, one question, in the plainest form.

    In richer text the model stays for millions of tokens at the answer that ignores the name; here it finds the way
    out within one million.
    """
    turns = []
    for _ in range(5):
        entities = [names.brand(rng), names.brand(rng)]
        fates = rng.sample(range(2), 2)
        text = "，".join(f"{e}{rng.choice(_KNOWN[fate])}" for e, fate in zip(entities, fates, strict=True))
        which = rng.randrange(2)
        turns.append((f"{entities[which]}\n{text}", ("正面", "負面")[fates[which]]))
    return Example("", tuple(turns), "whose")


def _clause(rng: random.Random, entity: str, polarity: int) -> str:
    field = rng.choices(["business", "market", "opinion"], [0.4, 0.5, 0.1])[0]
    if rng.random() < 0.25:
        return sentiment.clause(rng, entity, polarity, field).text
    predicate = PREDICATES[field](rng, polarity)[0].removeprefix("的")
    lead = rng.choice(_LEADS) if rng.random() < 0.4 else ""
    kind = rng.random()
    glue = "" if kind < 0.35 else rng.choice(_GLUES) if kind < 0.9 else copying.han(rng, 1, 2)
    return f"{lead}{entity}{glue}{predicate}"


def binding(rng: random.Random) -> Example:
    """Several texts; of each, one entity is asked about."""
    labels = ("正面", "負面", "中立") if rng.random() < 0.75 else rng.choice(forms.POLARITIES)
    if rng.random() < 0.5:
        note, answer = forms.answer_form(rng, sentiment.KEYS)
        system = forms.system(rng, "target", rng.sample(labels, 3), note)
    else:
        note, answer = "", str
        system = rng.choice(["情感：", "判斷情感。標籤：", "", "對指定實體的情感："]) + "、".join(rng.sample(labels, 3))
    turns = []
    for _ in range(rng.randint(2, 5)):
        count = rng.choices([1, 2, 3], [0.12, 0.66, 0.22])[0]
        entities: list[str] = []
        while len(entities) < count:
            new = names.company(rng) if rng.random() < 0.9 else names.thing(rng)
            if not any(new in e or e in new for e in entities):
                entities.append(new)
        fates = rng.sample(range(3), count) if rng.random() < 0.8 else rng.choices(range(3), k=count)
        text = _clause(rng, entities[0], fates[0])
        for entity, fate in zip(entities[1:], fates[1:], strict=True):
            text += rng.choice(_JOINS) + _clause(rng, entity, fate)
        which = rng.randrange(count)
        form = rng.choice(_FIRST).replace("~", "\n") if rng.random() < 0.85 else rng.choice(forms.ASK_ENTITY)
        user = form.replace("{e}", entities[which]).replace("{t}", text + rng.choice(["", "。", "。"]))
        turns.append((user, answer(labels[fates[which]])))
    return Example(system, tuple(turns), "entity_sentiment")
