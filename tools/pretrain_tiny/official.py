"""Everyday speech to official letters: choose a frame by meaning, copy or convert its slots, close, stop."""

from __future__ import annotations

import random
import re

from . import charset, copying, names
from . import words_official as w
from .example import Example, dumps, maybe
from .splitting import words

Pair = tuple[str, str]

_MATTERS = [(body, closing, frames, re.findall(r"\{(\w+)\}", body)) for body, closing, frames in w.matters()]
_UNITS, _REASONS, _ISSUES = w.pairs(w.UNITS), w.pairs(w.REASONS), w.pairs(w.ISSUES)
_PHRASES, _QUANTITIES = w.pairs(w.PHRASES), [(q[0], q[2]) for q in w.QUANTITIES]
_CLOSINGS = ["請查照", "請查照辦理", "請查照轉知", "敬請鑒核", "請惠予同意"]
_NOTES = {"plain": w.PLAIN_NOTES, "body": w.BODY_NOTES, "json": w.JSON_NOTES}
_NOTES |= {"same": w.SAME_NOTES, "points": w.POINT_NOTES}
_KNOWN = set(charset.common_characters())
_HOURS = words("一 兩 三 四 五 六 七 八 九 十 十一 十二")


def _clean(name: str) -> str:
    """A composed name without the few characters that have no token of their own."""
    return "".join(c for c in name.replace("·", "‧") if c.isascii() or c in _KNOWN)


def _same(text: str) -> Pair:
    """A value that is copied as it is."""
    return text, text


def _odd(rng: random.Random, listed: list[str]) -> Pair:
    """A listed word, a third of the time with random characters that can only be copied."""
    word = rng.choice(listed)
    kind = rng.random()
    if kind < 0.35:
        return _same(copying.han(rng, 1, 4) + word)
    if kind < 0.45:
        return _city(rng, word)
    return _same(word if kind < 0.9 else f"{rng.randint(1, 130)}年度{word}")


def _city(rng: random.Random, tail: str) -> Pair:
    """A word after a city's name, which the letter spells with 臺."""
    city = rng.choice(w.CITIES)
    return city + tail, city.replace("台", "臺") + tail


def _person(rng: random.Random) -> Pair:
    """A person; forms of address become 君, titles stay."""
    name = _clean(names.person(rng)) or "王"
    if rng.random() < 0.2:
        name = name[0] + copying.han(rng, 1, 2)
    kind = rng.random()
    if kind < 0.6:
        return name + rng.choice(["先生", "小姐", "先生", "小姐", "女士"]), name + "君"
    return _same(name + (rng.choice(["主任", "老師", "經理", "組長", "課長", "專員", "校長"]) if kind < 0.8 else ""))


def _unit(rng: random.Random, spoken: list[str], official: str) -> Pair:
    """A unit, ours or theirs, by its respectful short form, or by a name that is copied."""
    kind = rng.random()
    if kind < 0.7:
        left, right = rng.choice(_UNITS)
        return rng.choice(spoken) + left, official + right
    if kind < 0.82:
        return _same(copying.han(rng, 2, 4) + rng.choice(_UNITS)[0])
    return _city(rng, rng.choice(_UNITS)[0]) if kind < 0.9 else _same(_clean(names.organisation(rng)) or "本市")


def _place(rng: random.Random) -> Pair:
    """A venue from parts, perhaps under a random or a city's name."""
    venue = rng.choice(w.VENUE_HEADS) + maybe(rng, 0.3, rng.choice(w.VENUE_TAILS))
    kind = rng.random()
    if kind < 0.35:
        return _same(copying.han(rng, 2, 3) + maybe(rng, 0.5, rng.choice("里路國區街")) + venue)
    return _city(rng, venue) if kind < 0.55 else _same(venue)


def _date(rng: random.Random) -> Pair:
    """A day: 號 becomes 日, days without it are copied."""
    month, day = rng.randint(1, 12), rng.randint(1, 31)
    kind = rng.random()
    if kind < 0.6:
        return f"{month}月{day}號", f"{month}月{day}日"
    if kind < 0.75:
        return f"{day}號", f"{day}日"
    if kind < 0.83:
        year = rng.randint(100, 130)
        return f"{year}年{month}月{day}號", f"{year}年{month}月{day}日"
    if kind < 0.93:
        return _same(f"{month}月{day}日")
    return _same(f"下週{rng.choice('一二三四五六')}")


def _time(rng: random.Random) -> Pair:
    """A time of day: 點 becomes 時, 半 becomes 30分."""
    hour, kind = rng.randint(1, 12), rng.random()
    part = rng.choice(["上午", "下午", "下午", "晚上", ""])
    said = _HOURS[hour - 1] if rng.random() < 0.2 else str(hour)
    if kind < 0.6:
        return f"{part}{said}點", f"{part}{hour}時"
    if kind < 0.8:
        return f"{part}{said}點半", f"{part}{hour}時30分"
    minute = rng.randint(1, 11) * 5
    return f"{part}{said}點{minute}分", f"{part}{hour}時{minute}分"


def _money(rng: random.Random) -> Pair:
    """An amount: the currency goes in front."""
    number = str(rng.randint(1, 999) * rng.choice([1, 10, 100, 100, 1000]) + rng.choice([0, 0, 0, rng.randint(1, 99)]))
    if rng.random() < 0.25:
        number = f"{rng.randint(1, 99)}萬" + maybe(rng, 0.4, str(rng.randint(1, 9) * 1000))
    return number + rng.choice(["塊", "塊", "塊錢", "元"]), f"新臺幣{number}元"


_MEASURES = {"count": w.pairs("個人>人|個人>人|人>人|位>人"), "qty": _QUANTITIES + 4 * _QUANTITIES[:1]}
_MEASURES |= {"qty2": w.pairs("份>份|張>張|冊>冊|頁>頁"), "hours": w.pairs("個小時>小時|個鐘頭>小時|小時>小時")}
_MEASURES |= {"span": w.pairs("天>日|天>日|個禮拜>週|個小時>小時|個月>個月")}
_MOST = {"count": 300, "qty": 120, "qty2": 60, "span": 30, "hours": 9}
_LISTED = {"event": w.EVENTS, "doc": w.DOCUMENTS, "thing": w.THINGS}
_LISTED |= {"thing2": w.WASTES, "post": w.POSTS, "work": w.WORKS}
_COPIED = {"role": w.ROLES, "prize": w.PRIZES, "item": w.ITEMS, "part": w.PARTS, "fund": w.FUNDS}
_PAIRED = {"reason": _REASONS, "issue": _ISSUES}
_OWNERS = {"you": (["你們", "你們", "你們", "您們", "你"], "貴"), "we": (["我們", "我們", "我們", "咱們", "我"], "本")}
_MADE = {"person": _person, "person2": _person, "place": _place, "date": _date, "time": _time, "money": _money}


def slot(rng: random.Random, name: str) -> Pair:
    """A value for the slot, as spoken and as written."""
    if name in _LISTED:
        return _odd(rng, _LISTED[name])
    if name in _COPIED:
        return _same(rng.choice(_COPIED[name]))
    if name in _PAIRED:
        return rng.choice(_PAIRED[name])
    if name in _OWNERS:
        return _unit(rng, *_OWNERS[name])
    if name in _MEASURES:
        number, (left, right) = rng.randint(1, _MOST[name]), rng.choice(_MEASURES[name])
        return f"{number}{left}", f"{number}{right}"
    if name == "number":
        return _same(f"{copying.han(rng, 1, 3)}字第{rng.randint(1000, 1159999999)}號")
    if name == "phone":
        return _same(f"0{rng.randint(2, 8)}-{rng.randint(20000000, 99999999)}")
    if name == "value":
        return (
            slot(rng, rng.choice(["money", "date", "time"])) if rng.random() < 0.7 else _same(copying.span(rng, 2, 6))
        )
    return _MADE[name](rng)


def matter(rng: random.Random, index: int) -> tuple[str, str, str, dict[str, Pair]]:
    """Fill one matter: (speech, official body, closing, slot values)."""
    body, closing, frames, slots = _MATTERS[index]
    values = {name: slot(rng, name) for name in slots}
    speech = rng.choice(frames).format_map({k: v[0] for k, v in values.items()})
    return speech, body.format_map({k: v[1] for k, v in values.items()}), closing, values


def speak(rng: random.Random, speech: str) -> str:
    """Add what people say around the message."""
    speech = maybe(rng, 0.3, rng.choice(w.OPENINGS)) + speech
    return speech + maybe(rng, 0.3, rng.choice(w.CLOSINGS)) + rng.choice(["", "", "。", "！", "？", "～"])


def letter(rng: random.Random) -> Example:
    """One to three spoken messages, each answered by the letter's subject line in the shape asked for."""
    shape = rng.choices(["plain", "body", "json", "same", "points"], [70, 10, 10, 5, 5])[0]
    note = rng.choice(_NOTES[shape]) if shape != "plain" or rng.random() < 0.25 else ""
    if rng.random() < 0.25:
        note += rng.choice(w.ALLOWED) + rng.choice(["、", "／", " / "]).join(rng.sample(_CLOSINGS, 5)) + "。"
    ask = rng.choice(w.LETTER_ASKS) + note
    in_user = rng.random() < 0.3
    form = rng.choice(w.LETTER_FORMS)
    index = rng.randrange(len(_MATTERS))
    turns: list[Pair] = []
    for _ in range(rng.choice([1, 1, 2, 3])):
        speech, body, closing, values = matter(rng, index)
        line = f"{body}，{closing}。"
        answer = line if shape == "body" else dumps({"主旨": line}) if shape == "json" else f"主旨：{line}"
        if shape in ("same", "points"):
            points = "如主旨" if shape == "same" else "、".join(v[1] for v in values.values())
            answer += f"\n說明：{points}。"
        user = form.replace("{}", speak(rng, speech))
        turns.append((f"{ask}\n{user}" if in_user and (not turns or rng.random() < 0.5) else user, answer))
        if rng.random() < 0.7:
            index = rng.randrange(len(_MATTERS))
    return Example("" if in_user else ask, tuple(turns), "letter")


def fixed_frame(rng: random.Random) -> Example:
    """Frames invented on the spot, by rule or by example, applied to contents that can only be copied."""
    shown = rng.random() < 0.35
    marks = rng.choice(["甲乙丙丁", "ABCD", "１２３４", "子丑寅卯"])
    rules, frames = [], []
    for _ in range(1 if shown else rng.choice([1, 1, 2, 3])):
        slots = list(marks[: rng.randint(1, 4)])
        order = rng.sample(slots, len(slots)) if rng.random() < 0.6 else slots
        sides = []
        for side in (slots, order):
            pieces = [copying.han(rng, 1, 3) if rng.random() < 0.7 else rng.choice(_PHRASES)[1] for _ in side]
            tail = rng.choice([copying.han(rng, 0, 2), "，" + rng.choice(_CLOSINGS), "，" + copying.han(rng, 2, 4)])
            flat = [part for pair in zip(pieces, side, strict=True) for part in pair] + [tail]
            sides.append(flat)
        frames.append((slots, sides))
        rules.append(" → ".join("".join(side) for side in sides))

    def fill(number: int) -> Pair:
        slots, (left, right) = frames[number]
        table = dict(zip(slots, (_content(rng) for _ in slots), strict=True))
        return "".join(table.get(p, p) for p in left), "".join(table.get(p, p) for p in right) + "。"

    head, system = "", rng.choice(w.RULE_ASKS) + "\n" + "\n".join(rules)
    if shown:
        system = rng.choice(w.SHOWN_ASKS)
        sample = "\n".join("例：{} → {}".format(*fill(0)) for _ in range(rng.choice([1, 2, 2])))
        system, head = (f"{system}\n{sample}", "") if rng.random() < 0.5 else (system, sample + "\n")
    turns: list[Pair] = []
    for _ in range(rng.randint(3, 6)):
        left, right = fill(rng.randrange(len(frames)))
        turns.append((left if turns else head + left, right))
    return Example(system, tuple(turns), "fixed_frame")


def _content(rng: random.Random) -> str:
    """A slot's content: any official slot value, or characters without meaning."""
    if rng.random() < 0.45:
        return copying.span(rng, 1, 6)
    return slot(rng, rng.choice(["event", "doc", "thing", "place", "person", "date", "money"]))[1]


_DRILLS = ["date", "time", "money", "you", "we", "person", "count", "qty", "span", "place", "reason", "issue"]


def convert_drill(rng: random.Random) -> Example:
    """Many short conversions in a row: the same ones that the letters need inside."""
    kinds = _DRILLS if rng.random() < 0.6 else rng.sample(_DRILLS, rng.randint(1, 4))
    several = range(rng.randint(8, 14))
    turns = [rng.choice(_PHRASES) if rng.random() < 0.15 else slot(rng, rng.choice(kinds)) for _ in several]
    return Example(rng.choice(w.DRILL_ASKS), tuple(turns), "convert_drill")


def _tracked(rng: random.Random) -> str:
    """A text of 15-45 characters in which pieces recur, so that the previous character does not tell the next."""
    speech, body, closing, _ = matter(rng, rng.randrange(len(_MATTERS)))
    text = rng.choice([speech, f"{body}，{closing}。", copying.han(rng, 12, 30), copying.han(rng, 5, 9) + speech])
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(max(1, len(text) - 2))
        piece = text[start : start + rng.choice([1, 2, 2, 3])]
        at = rng.randint(0, len(text))
        text = text[:at] + piece + text[at:]
    while len(text) < 15:
        text += copying.han(rng, 2, 6)
    return text[: rng.randint(30, 45)].strip()


def echo_long(rng: random.Random) -> Example:
    """Copy long texts exactly, one to three in a row."""
    ask = rng.choice(w.ECHO_ASKS)
    turns = tuple((text, text) for text in (_tracked(rng) for _ in range(rng.randint(1, 3))))
    if rng.random() < 0.4:
        return Example("", tuple((f"{ask}\n{user}", answer) for user, answer in turns), "echo_long")
    return Example(ask, turns, "echo_long")
