"""Rewriting: copy a text with systematic edits, or pull its fields into JSON."""

from __future__ import annotations

import random

from . import names, ner, sentiment
from . import words_rewrite as w
from .example import Example, Generator, dumps, one

_PAIRS = {
    name: w.pairs(getattr(w, name))
    for name in ("SUBJECTS", "TIMES", "DEEDS", "OBJECTS", "REASONS", "ENDINGS", "FORMAL")
}
_SIMPLIFIED = w.simplified_table()
_FORMAL_ASK = [
    "將口語改寫為公文用語。",
    "把下面的句子改寫成正式公文。",
    "請改寫為官方書面語。",
    "Rewrite in formal official style.",
    "將民眾的口語轉成公文體。",
    "改寫成正式文字，不要增加內容。",
    "你是公文撰寫助理，請把口語內容改成公文用語。",
    "请改写成正式的书面语。",
]


def plain_text(rng: random.Random) -> str:
    """Any sentence of the other generators."""
    kind = rng.random()
    if kind < 0.5:
        return ner.sentence(rng)[0]
    return sentiment.passage(rng, rng.choice([1, 2]), rng.choice(["business", "opinion"]))[0]


def formal(rng: random.Random) -> Example:
    """Everyday to official wording, sentence pieces in parallel."""
    turns = []
    form = rng.choice(["{t}", "{t}", "改寫：{t}", "原文：{t}", "口語：{t}", "句子：{t}", "請改寫以下文字：\n{t}"])
    for _ in range(rng.randint(1, 4)):
        source = target = ""
        if rng.random() < 0.5:
            left, right = rng.choice(_PAIRS["REASONS"])
            source, target = f"{left}，", f"{right}，"
        order = (
            ["SUBJECTS", "TIMES", "DEEDS", "OBJECTS"]
            if rng.random() < 0.6
            else ["TIMES", "SUBJECTS", "DEEDS", "OBJECTS"]
        )
        if rng.random() < 0.3:
            order.remove("TIMES")
        for part in order:
            left, right = rng.choice(_PAIRS[part])
            if part == "SUBJECTS" and rng.random() < 0.3:
                left = right = rng.choice([names.person, names.organisation, names.place])(rng)
            source, target = source + left, target + right
        left, right = rng.choice(_PAIRS["ENDINGS"])
        source, target = source + left, target + right + "。"
        if rng.random() < 0.5:
            source += rng.choice(w.FILLERS)
        if rng.random() < 0.3:
            source = rng.choice(w.STARTERS) + rng.choice(["", "，"]) + source
        turns.append((form.replace("{t}", source + rng.choice(["", "。", "！"])), target))
    return Example(rng.choice(_FORMAL_ASK), tuple(turns), "formal")


def terms(rng: random.Random) -> Example:
    """Replace terms by a table that the prompt gives, copy the rest."""
    table = dict(rng.sample(_PAIRS["FORMAL"], rng.randint(2, 8)))
    picked = rng.sample(sorted(table), min(len(table), rng.randint(1, 3)))
    source = target = ""
    for term in picked:
        piece = rng.choice([names.place(rng), names.person(rng), rng.choice(ner._TOPICS), names.date(rng)])
        source += piece + term
        target += piece + table[term]
    tail = rng.choice(ner._TOPICS)
    rule = rng.choice(["；", "\n", "，"]).join(f"{a}→{b}" for a, b in table.items())
    return one(
        "terms",
        f"{rng.choice(['依對照表替換詞語，其餘照抄。', '依詞彙表改寫。', 'Replace the terms by the table.'])}\n{rule}",
        source + tail,
        target + tail,
    )


def simplified(maker: Generator, share: float) -> Generator:
    """Return a generator in which that share of examples is wholly in Simplified characters."""

    def draw(rng: random.Random) -> Example:
        example = maker(rng)
        if rng.random() >= share or example.skill in ("script", "formal"):
            return example
        turns = tuple((user.translate(_SIMPLIFIED), answer.translate(_SIMPLIFIED)) for user, answer in example.turns)
        return Example(example.system.translate(_SIMPLIFIED), turns, example.skill)

    return draw


def script(rng: random.Random) -> Example:
    """Traditional to Simplified."""
    text = plain_text(rng)
    return one(
        "script",
        rng.choice(["轉成簡體字。", "转换为简体中文。", "繁體轉簡體。", "Convert to Simplified Chinese."]),
        text,
        text.translate(_SIMPLIFIED),
    )


def tidy(rng: random.Random) -> Example:
    """Punctuation, fillers, first clause, or a plain copy."""
    text = plain_text(rng)
    kind = rng.randrange(4)
    if kind == 0:
        return one(
            "tidy",
            rng.choice(["將標點改為全形。", "修正標點符號。", "改用全形標點。"]),
            text.replace("，", ",").replace("。", ".").replace("；", ";"),
            text,
        )
    if kind == 1:
        pieces = text.split("，")
        noisy = "，".join(
            (rng.choice(w.STARTERS) if rng.random() < 0.4 else "")
            + p
            + (rng.choice(w.FILLERS) if rng.random() < 0.5 else "")
            for p in pieces
        )
        return one(
            "tidy", rng.choice(["刪除語助詞與贅字。", "去掉口語贅詞。", "Remove the filler words."]), noisy, text
        )
    if kind == 2:
        return one(
            "tidy",
            rng.choice(["只保留第一個子句。", "摘要：取第一句。"]),
            text,
            text.split("，")[0].split("。")[0].split("；")[0],
        )
    return one("tidy", rng.choice(["照抄原文。", "Repeat the text.", "原樣輸出。"]), text, text)


def fields(rng: random.Random) -> Example:
    """Named fields of a sentence as one JSON object."""
    values = {
        "person": names.person(rng),
        "place": names.place(rng),
        "date": names.date(rng),
        "amount": names.money(rng),
        "company": names.company(rng),
        "time": names.clock(rng),
    }
    zh = {"person": "姓名", "place": "地點", "date": "日期", "amount": "金額", "company": "公司", "time": "時間"}
    frame = rng.choice(
        [
            "{person}於{date}在{place}向{company}購買設備，共{amount}",
            "{company}{date}匯款{amount}給{person}",
            "{date}{time}，{person}到{place}拜訪{company}",
            "{person}在{place}遺失{amount}",
            "{company}邀請{person}{date}{time}前往{place}面試",
            "{place}的{person}欠{company}{amount}",
            "{date}起{company}在{place}招聘，聯絡人{person}",
            "{person}訂了{date}{time}在{place}的座位",
        ]
    )
    present = [k for k in values if "{" + k + "}" in frame]
    wanted = rng.sample(sorted(values), rng.randint(1, 4))
    if rng.random() < 0.6:
        wanted = [k for k in wanted if k in present] or present[:1]
    key = zh if rng.random() < 0.5 else {k: k for k in zh}
    ask = (
        rng.choice(["抽取欄位並輸出 JSON：", "輸出 JSON，欄位為 ", "Extract as JSON: ", "将下列字段输出为 JSON："])
        + rng.choice(["、", ", "]).join(key[k] for k in wanted)
        + "。沒有的填 null。"
    )
    return one(
        "fields",
        ask,
        frame.format(**values) + "。",
        dumps({key[k]: values[k] if k in present else None for k in wanted}),
    )
