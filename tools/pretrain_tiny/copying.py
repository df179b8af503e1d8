"""Stage 1: copying, looking up and rearranging strings that carry no meaning, so that induction heads form early.

The strings are random: Chinese characters drawn uniformly from the vocabulary, digits, Latin syllables, and mixtures.
"""

from __future__ import annotations

import random

from . import charset
from .ascii_words import WORDS
from .example import Example, dumps, mixture, one, shuffled

_HAN = [c for c in charset.common_characters() if "\u4e00" <= c <= "\u9fff"]
_COMMON = charset.big5_level1()[:2500]  # Big5 orders by strokes: a fixed subset that gets seen often
#: Characters without a token of their own: three bytes each, copied like any others.
_RARE = [c for c in map(chr, range(0x4E00, 0x9FA6)) if c not in set(_HAN)]
_WORDS = sorted(set(WORDS.split()))
_SYLLABLES = [c + v for c in "bcdfghjklmnprstvwz" for v in ("a", "e", "i", "o", "u", "an", "er", "in", "on")]


def han(rng: random.Random, low: int = 1, high: int = 6) -> str:
    """Random Chinese characters."""
    kind = rng.random()
    pool = _COMMON if kind < 0.4 else _HAN if kind < 0.96 else _RARE
    return "".join(rng.choices(pool, k=rng.randint(low, high)))


def digits(rng: random.Random) -> str:
    """A random number-like string."""
    text = "".join(rng.choices("0123456789", k=rng.randint(1, 6)))
    return rng.choice(
        [text, text, f"{text}%", f"{text}.{rng.randint(0, 99)}", f"A{text}", f"{text}-{rng.randint(1, 99)}"]
    )


def latin(rng: random.Random) -> str:
    """A random Latin word, real or made up."""
    word = rng.choice(_WORDS) if rng.random() < 0.5 else "".join(rng.choices(_SYLLABLES, k=rng.randint(1, 3)))
    return rng.choice([word, word.capitalize(), word.upper()])


def span(rng: random.Random, low: int = 1, high: int = 6) -> str:
    """A random short string of any kind."""
    kind = rng.random()
    if kind < 0.62:
        return han(rng, low, high)
    if kind < 0.74:
        return latin(rng)
    if kind < 0.86:
        return digits(rng)
    return rng.choice([latin(rng) + han(rng, 1, 3), han(rng, 1, 3) + digits(rng), han(rng, 1, 2) + latin(rng)])


def spans(rng: random.Random, low: int, high: int, longest: int = 5) -> list[str]:
    """Distinct random strings."""
    found: dict[str, None] = {}
    wanted = rng.randint(low, high)
    while len(found) < wanted:
        found[span(rng, 1, longest)] = None
    return list(found)


def _echo(rng: random.Random) -> Example:
    text = "".join(rng.choice([span(rng), han(rng, 2, 8), "，", "、", " "]) for _ in range(rng.randint(1, 6))).strip()
    text = text or "空白"
    ask = rng.choice(
        [
            "重複以下文字",
            "照抄下列內容",
            "请重复下面的文字",
            "複製這段文字",
            "Repeat the text",
            "Copy the following text",
            "原文照錄",
        ]
    )
    if rng.random() < 0.3:
        return one("echo", f"{ask}。", text, text)
    return one("echo", "", f"{ask}：\n{text}", text)


def _wrap(rng: random.Random, key: str, value: str) -> tuple[str, str]:
    """Return (format note, answer): bare text or one-field JSON."""
    if rng.random() < 0.5:
        return "", value
    note = rng.choice(
        [
            f'以 JSON 回答，例如 {{"{key}": "…"}}。',
            f'输出 JSON：{{"{key}": "…"}}。',
            f'Answer as JSON: {{"{key}": "..."}}.',
            f"只輸出 JSON，欄位為 {key}。",
        ]
    )
    return note, dumps({key: value})


def _lookup(rng: random.Random) -> Example:
    keys = spans(rng, 2, 9, 4)
    values = [span(rng) for _ in keys]
    mark, join = rng.choice("：=:→ "), rng.choice(["\n", "；", "，", "\n- ", " | "])
    table = join.join(f"{k}{mark}{v}" for k, v in zip(keys, values, strict=True))
    picks = rng.sample(range(len(keys)), min(len(keys), rng.randint(1, 3)))
    form = rng.choice(["{k}是什麼？", "查「{k}」", "「{k}」的值", "请问{k}对应什么？", "What is {k}?", "問：{k}"])
    note, _ = _wrap(rng, "value", "")
    system = rng.choice(
        ["依照資料回答問題。", "根據表格查詢。", "查表回答。", "Look up the key.", "根据资料回答。", ""]
    )
    turns = []
    for order, i in enumerate(picks):
        ask = form.format(k=keys[i])
        answer = dumps({"value": values[i]}) if note else values[i]
        turns.append((f"{table}\n{ask}" if order == 0 else ask, answer))
    return Example(system + note, tuple(turns), "lookup")


def _nth(rng: random.Random) -> Example:
    items = spans(rng, 2, 8)
    join = rng.choice(["、", "，", "\n", " / ", ", ", "；"])
    picks = rng.sample(range(len(items)), min(len(items), rng.randint(1, 3)))
    zh = "一二三四五六七八"
    form = rng.choice(["第{n}項是什麼？", "請輸出第{n}個。", "取第{n}項", "Item {d}", "第{d}個是？"])
    turns = []
    for order, i in enumerate(picks):
        ask = form.format(n=zh[i], d=i + 1)
        turns.append((f"{join.join(items)}\n{ask}" if order == 0 else ask, items[i]))
    return Example("", tuple(turns), "nth")


def _neighbour(rng: random.Random) -> Example:
    items = spans(rng, 3, 9, 3)
    join = rng.choice(["、", "，", " ", "→", "\n"])
    turns: list[tuple[str, str]] = []
    for _ in range(rng.randint(1, 3)):
        i = rng.randrange(len(items) - 1)
        if rng.random() < 0.5:
            ask, answer = f"「{items[i]}」的下一個是？", items[i + 1]
        else:
            ask, answer = f"「{items[i + 1]}」的前一個是？", items[i]
        turns.append((f"{join.join(items)}\n{ask}" if not turns else ask, answer))
    return Example("", tuple(turns), "neighbour")


def _quoted(rng: random.Random) -> Example:
    left, right = rng.choice(
        [("「", "」"), ("《", "》"), ("（", "）"), ("【", "】"), ('"', '"'), ("<", ">"), ("**", "**"), ("“", "”")]
    )
    count = rng.choice([0, 1, 1, 1, 2, 2, 3, 4])
    marked = spans(rng, count, count) if count else []
    text = han(rng, 0, 6)
    for item in marked:
        text += f"{left}{item}{right}{han(rng, 1, 7)}{rng.choice(['', '，', '。'])}"
    form = rng.choice(
        [
            f"找出{left}{right}中的文字",
            f"抽取{left}{right}內的片段",
            f"Extract the text inside {left}{right}",
            f"列出所有{left}…{right}裡的內容",
        ]
    )
    if count == 1 and rng.random() < 0.5:
        return one("quoted", f"{form}。", text, marked[0])
    if rng.random() < 0.5:
        return one("quoted", f"{form}，輸出 JSON 陣列，沒有則輸出 []。", text, dumps(marked))
    label = rng.choice(["text", "span", "name"])
    return one(
        "quoted",
        f'{form}，輸出 JSON 陣列，每項為 {{"{label}": "…"}}，沒有則輸出 []。',
        text,
        dumps([{label: m} for m in marked]),
    )


def _to_json(rng: random.Random) -> Example:
    keys = spans(rng, 1, 5, 3)
    values = [span(rng) for _ in keys]
    mark, join = rng.choice("：=:"), rng.choice(["\n", "；", "，"])
    text = join.join(f"{k}{mark}{v}" for k, v in zip(keys, values, strict=True))
    wanted = keys if rng.random() < 0.6 else shuffled(rng, keys)[: rng.randint(1, len(keys))]
    table = dict(zip(keys, values, strict=True))
    ask = rng.choice(
        ["轉成 JSON，欄位：", "抽取下列欄位並輸出 JSON：", "Fields to extract as JSON: ", "输出 JSON，字段："]
    )
    return one("to_json", ask + rng.choice(["、", ", "]).join(wanted), text, dumps({k: table[k] for k in wanted}))


def _typed(rng: random.Random) -> Example:
    """Spans introduced by a type mark, among noise: the skeleton of entity extraction."""
    types = spans(rng, 2, 4, 3)
    marks = dict(zip(types, spans(rng, len(types), len(types), 2), strict=True))
    found, text = [], han(rng, 0, 4)
    for _ in range(rng.choice([0, 1, 2, 2, 3, 4])):
        kind, item = rng.choice(types), span(rng)
        text += f"{marks[kind]}{item}{rng.choice('，。；、')}{han(rng, 1, 5)}"
        found.append((item, kind))
    keys = rng.choice([("text", "label"), ("text", "type"), ("entity", "type"), ("text", "label")])
    rule = "；".join(f"{kind}：緊接在「{mark}」之後" for kind, mark in marks.items())
    shape = dumps([{keys[0]: "…", keys[1]: "…"}])
    system = f"從文字中抽取片段並標註類型。{rule}。以 JSON 陣列回答：{shape}，沒有則回答 []。"
    return one("typed", system, text, dumps([{keys[0]: item, keys[1]: kind} for item, kind in found]))


def _rule_label(rng: random.Random) -> Example:
    """Labels defined in the prompt by the strings that reveal them: in-context classification."""
    labels = spans(rng, 2, 12, 4)
    cues = dict(zip(labels, spans(rng, len(labels), len(labels), 3), strict=True))
    order = shuffled(rng, labels)
    rule = rng.choice(["\n", "；"]).join(f"{cues[name]} → {name}" for name in order)
    note, _ = _wrap(rng, "label", "")
    system = f"依規則分類，從下列標籤選一個：{'、'.join(labels)}。規則：{rule}。{note}"
    turns = []
    for _ in range(rng.randint(1, 4)):
        gold = rng.choice(labels)
        text = f"{han(rng, 0, 7)}{cues[gold]}{han(rng, 0, 7)}"
        turns.append((text, dumps({"label": gold}) if note else gold))
    return Example(system, tuple(turns), "rule_label")


def _shots(rng: random.Random) -> Example:
    """No rule is given: earlier turns show which string means which label."""
    labels, cues = spans(rng, 2, 4, 3), spans(rng, 4, 4, 3)
    turns = []
    for _ in range(rng.randint(5, 9)):
        i = rng.randrange(len(labels))
        turns.append((f"{han(rng, 0, 3)}{cues[i]}{han(rng, 0, 3)}", labels[i]))
    return Example(f"標籤：{'、'.join(labels)}", tuple(turns), "shots")


def _replace(rng: random.Random) -> Example:
    pieces = spans(rng, 3, 7, 3)
    table = {p: span(rng, 1, 3) for p in rng.sample(pieces, rng.randint(1, 2))}
    rule = "，".join(f"「{a}」改成「{b}」" for a, b in table.items())
    join = rng.choice(["，", "、", " "])
    return one(
        "replace",
        f"{rng.choice(['改寫：', '把', '替換 '])}{rule}，其他照抄。",
        join.join(pieces),
        join.join(table.get(p, p) for p in pieces),
    )


def _part(rng: random.Random) -> Example:
    pieces = spans(rng, 2, 5, 6)
    join = rng.choice(["，", "。", "；"])
    edits: list[tuple[str, str]] = [
        ("只輸出第一句", pieces[0]),
        ("只輸出最後一句", pieces[-1]),
        ("刪除第一句後輸出其餘", join.join(pieces[1:])),
        ("刪除標點後輸出", "".join(pieces)),
        ("以、分隔各句後輸出", "、".join(pieces)),
        ("每句輸出一行", "\n".join(pieces)),
        ("反轉句子順序後輸出", join.join(reversed(pieces))),
    ]
    ask, answer = rng.choice(edits)
    return one("part", f"{ask}。", join.join(pieces), answer)


def _list_json(rng: random.Random) -> Example:
    items = spans(rng, 1, 7)
    join = rng.choice(["、", "，", "\n", "；"])
    return one(
        "list_json",
        rng.choice(["轉成 JSON 陣列。", "Return a JSON array.", "输出 JSON 数组。"]),
        join.join(items),
        dumps(items),
    )


def _contains(rng: random.Random) -> Example:
    items = spans(rng, 4, 8, 3)
    yes, no = rng.choice([("有", "沒有"), ("是", "否"), ("yes", "no"), ("true", "false")])
    hidden = items.pop()
    turns: list[tuple[str, str]] = []
    for _ in range(rng.randint(2, 4)):
        inside = rng.random() < 0.5
        ask = f"文中有「{rng.choice(items) if inside else (hidden if rng.random() < 0.5 else span(rng, 1, 3))}」嗎？"
        inside = ask[3 : ask.rindex("」")] in "、".join(items)
        turns.append((f"{'、'.join(items)}\n{ask}" if not turns else ask, yes if inside else no))
    return Example(f"回答{yes}或{no}。", tuple(turns), "contains")


copying = mixture(
    [
        (1.2, _echo),
        (1.6, _lookup),
        (0.7, _nth),
        (0.8, _neighbour),
        (1.2, _quoted),
        (1.0, _to_json),
        (1.4, _typed),
        (1.6, _rule_label),
        (0.8, _shots),
        (1.0, _replace),
        (0.8, _part),
        (0.5, _list_json),
        (0.5, _contains),
    ]
)
