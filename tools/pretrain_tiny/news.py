"""News reports for entity extraction, composed clause by clause so that no frame can be learnt by heart.

Titles, verbs and nouns touch the names without punctuation, and a third of the names are random characters: where a
name starts and ends has to be read off its shape and its neighbours. Whatever looks like a name and is none (events,
amounts, objects, titles without a name) occurs at least as often as names do.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from . import charset, names, ner
from . import words_names as w
from . import words_news as v
from .example import Example

_ANY = charset.big5_level1()
_SLOT = re.compile(r"\{([A-Za-z]+)\}")
_ENTITY = re.compile(r"\{[A-Z]{2,}\}")
_NAMED = ("PER", "ORG", "LOC")
_DIGITS = "一二三四五六七八九十"


def _bare(items: Sequence[str]) -> list[str]:
    """The phrases that hold no entity."""
    return [item for item in items if not _ENTITY.search(item)]


def _short(items: Sequence[str]) -> list[str]:
    return [item for item in items if len(item) < 14]


_BARE = {"PER": _bare(v.PER_VERB), "ORG": _bare(v.ORG_VERB), "LOC": _bare(v.LOC_VERB)}
_BARE_LEADS = _bare(v.LEAD)


def _han(rng: random.Random, low: int, high: int) -> str:
    return "".join(rng.choices(_ANY, k=rng.randint(low, high)))


def _head(rng: random.Random) -> str:
    """What stands before a suffix: a known place, a likely pair of characters, or any characters at all."""
    kind = rng.random()
    if kind < 0.28:
        return rng.choice(w.CITY)
    if kind < 0.45:
        return "".join(rng.choices(w.PLACE_CHARS, k=2))
    if kind < 0.6:
        return names.brand(rng)
    if kind < 0.7:
        return "".join(rng.choices(w.SYLLABLES, k=rng.randint(2, 4)))
    return _han(rng, 1, 3) if rng.random() < 0.5 else _han(rng, 2, 2)


def person(rng: random.Random) -> str:
    """A person; more names with a dot and with arbitrary characters than `names.person` makes."""
    kind = rng.random()
    if kind < 0.62:
        return names.person(rng)
    if kind < 0.87:
        return rng.choice(w.SURNAMES) + _han(rng, 1, 2)
    given, family = ("".join(rng.choices(w.SYLLABLES, k=rng.randint(2, 4))) for _ in range(2))
    if kind < 0.95:
        return f"{given}·{family}" if rng.random() < 0.8 else f"{rng.choice(w.FOREIGN)}·{family}"
    return f"{_han(rng, 2, 3)}·{_han(rng, 2, 3)}"


def organisation(rng: random.Random) -> str:
    """An organisation; mostly head and suffix, among them offices of a place and Latin companies."""
    kind = rng.random()
    if kind < 0.25:
        return names.organisation(rng)
    if kind < 0.34:
        return rng.choice(w.LATIN_COMPANY) + rng.choice(["", "", " "]) + rng.choice(["", *w.LATIN_SUFFIX])
    if kind < 0.5:
        return f"{_head(rng)[:2]}{rng.choice('市縣市縣區鄉')}{rng.choice(v.ORG_SUFFIX[:32])}"
    middle = rng.choice(["", "", "", "", "國際", "聯合", "第一", "市立", "國立", "縣"])
    return _head(rng) + middle + rng.choice(v.ORG_SUFFIX)


def place(rng: random.Random) -> str:
    """A place; settlements, landscape and facilities, some within a larger place."""
    kind = rng.random()
    if kind < 0.35:
        return names.place(rng)
    name = _head(rng) + rng.choice(v.LOC_SUFFIX)
    if kind < 0.47:
        return rng.choice(w.CITY)[:2] + rng.choice("市縣") + name
    return name


def date(rng: random.Random) -> str:
    """A date in any shape a newspaper prints."""
    kind = rng.random()
    month, day, year = rng.randint(1, 12), rng.randint(1, 31), rng.randint(1950, 2035)
    if kind < 0.38:
        return rng.choice(v.DATE_WORD)
    if kind < 0.6:
        return f"{day}日" + rng.choice(["", "", "", "", "", "", "晚間", "上午", "下午", "清晨", "凌晨"])
    if kind < 0.75:
        return rng.choice([names.date(rng), f"{month}月{day}日", f"{month}月{day}號"])
    part = rng.choice(["初", "底", "中", "上半年", "下半年", f"{month}月", f"第{rng.choice('一二三四')}季", "春天", ""])
    if kind < 0.86:
        return f"{rng.choice(['', '', '民國'])}{year}年{part}" if kind < 0.8 else f"民國{year - 1911}年{part}"
    if kind < 0.93:
        return f"{month}月{rng.choice(['初', '底', '中', '中旬', '下旬', '上旬', ''])}"
    moment = rng.choice(["", "", "上午", "下午", "晚間", "清晨", "深夜"])
    return (
        rng.choice(["", "", "上", "下", "本", "這"])
        + rng.choice(["週", "周"])
        + rng.choice(_DIGITS[:6] + "日")
        + moment
    )


def clock(rng: random.Random) -> str:
    """A time of day, often with the 時 of police reports."""
    if rng.random() < 0.5:
        return names.clock(rng)
    hour = f"{rng.randint(0, 23)}時" + rng.choice(["", f"{rng.randint(1, 59)}分"])
    return rng.choice(["", "上午", "下午", "晚間", "凌晨"]) + hour


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "PER": person,
    "ORG": organisation,
    "LOC": place,
    "DATE": date,
    "TIME": clock,
    "MONEY": names.money,
    "PROD": names.product,
}
_FILLERS: dict[str, Callable[[random.Random], str]] = {
    "N": lambda rng: rng.choice(v.NOUN),
    "T": lambda rng: rng.choice(v.OCCUPATION),
    "n": lambda rng: str(rng.randint(1, 99)),
    "k": lambda rng: str(rng.randint(100, 9999)),
    "d": lambda rng: f"{rng.randint(1, 40)}.{rng.randint(1, 9)}",
    "z": lambda rng: rng.choice(_DIGITS),
    "M": lambda rng: _SLOT.sub(lambda match: _FILLERS[match.group(1)](rng), rng.choice(v.MEASURE)),
}


def _fill(rng: random.Random, template: str, again: float) -> ner.Report:
    """Fill the slots from left to right; with probability `again` a slot repeats an earlier name of its kind."""
    found: list[tuple[str, str]] = []

    def fill(match: re.Match[str]) -> str:
        slot = match.group(1)
        if slot not in _MAKERS:
            return _FILLERS[slot](rng)
        earlier = [name for name, kind in found if kind == slot] if again and slot in _NAMED else []
        name = rng.choice(earlier) if earlier and rng.random() < again else _MAKERS[slot](rng)
        found.append((name, slot))
        return name

    return _SLOT.sub(fill, template), found


def lawful(text: str, found: list[tuple[str, str]]) -> bool:
    """True when every occurrence of a listed name is listed, in order, and the borders can be seen.

    Borders cannot be seen where two numbers meet, or where a place or a name of the same kind follows a place at once.
    """
    listed = [name for name, _ in found]
    if any(text.count(name) != listed.count(name) for name in set(listed)):
        return False
    end, before, last = 0, "", ""
    for name, kind in found:
        start = text.find(name, end)
        if start < 0 or (start and text[start - 1].isdigit() and name[0].isdigit()):
            return False
        if start == end and before and (kind == before or (before == "LOC" and kind == "ORG")):
            return False
        if name == last and start - end < 4:  # "X、X" is what a looping model writes, not what reporters do
            return False
        end, before, last = start + len(name), kind, name
        if end < len(text) and text[end].isdigit() and name[-1].isdigit():
            return False
    return True


def _clause(rng: random.Random, kind: str, verbs: dict[str, list[str]]) -> str:
    """A template around one name of the given kind."""
    when = "{DATE}" if rng.random() < 0.2 else ""
    if kind == "PER":
        title = rng.choice(["{T}", "{T}", "{T}", "", "", "{LOC}{T}", "{ORG}{T}", "{ORG}{T}", "{n}歲{T}", "{N}{T}"])
        who = (
            "{PER}"
            if rng.random() < 0.85
            else rng.choice(["{PER}、{PER}", "{PER}和{PER}", "{PER}{T}", "{PER}與{T}{PER}"])
        )
        return f"{title}{who}{when}{rng.choice(verbs['PER'])}"
    if kind == "ORG":
        return f"{{ORG}}{when}{rng.choice(verbs['ORG'])}"
    before = rng.choice(v.LOC_BEFORE) if rng.random() < 0.45 else ""
    after = rng.choice(verbs["LOC"]) if not before or rng.random() < 0.4 else rng.choice(["", "{N}", "{DATE}"])
    return f"{before}{{LOC}}{when if not before else ''}{after}"


def _nameless(rng: random.Random) -> str:
    """A template without any entity: a plain sentence, or a verb whose subject is a common noun."""
    kind = rng.random()
    if kind < 0.6:
        return rng.choice(v.PLAIN)
    if kind < 0.75:
        return "{T}" + rng.choice(_BARE["PER"])
    if kind < 0.9:
        return rng.choice(v.NOBODY) + rng.choice(_BARE["ORG"])
    return rng.choice(v.NOWHERE) + rng.choice(_BARE["LOC"])


_VERBS = {"PER": v.PER_VERB, "ORG": v.ORG_VERB, "LOC": v.LOC_VERB}


def _template(rng: random.Random, focus: str) -> str:
    """Lead, clauses and joins; `focus` is the one kind that the clauses are about, for texts whose names recur."""
    empty = not focus and rng.random() < 0.18
    parts: list[str] = []
    for _ in range(rng.choice([2, 2, 3] if focus else [1, 1, 2, 2, 2, 3])):
        kind = rng.random()
        if empty or kind < (0.05 if focus else 0.14):
            parts.append(_nameless(rng))
        elif kind < 0.25 and not focus:
            parts.append(rng.choice(v.EXTRA))
        else:
            parts.append(_clause(rng, focus or rng.choice(_NAMED), _VERBS))
    text = rng.choice(_BARE_LEADS if empty else v.LEAD) if rng.random() < 0.35 else ""
    text += parts[0]
    for part in parts[1:]:
        text += rng.choice(v.JOIN) + part
    return text + rng.choice(["。", "。", ""])


def report(rng: random.Random) -> ner.Report:
    """Return a text and its entities (text, kind) in order of appearance; names that recur are listed again."""
    while True:
        focus = rng.choice(_NAMED) if rng.random() < 0.19 else ""
        text, found = _fill(rng, _template(rng, focus), 0.75 if focus else 0.0)
        if lawful(text, found):
            return text, found


def news_ner(rng: random.Random) -> Example:
    """Extraction as a JSON list from reports, under the same variety of prompts as `ner.ner`."""
    return ner.ner(rng, make=report)


_SHORT = {kind: _short(items) for kind, items in _VERBS.items()}


def _drill_turn(rng: random.Random, kind: str) -> tuple[str, str]:
    """A short clause with at most one name of the kind, and that name or 無."""
    while True:
        chance = rng.random()
        if chance < 0.12:
            template = _nameless(rng)
        elif chance < 0.28 or kind == "DATE":
            template = _clause(rng, rng.choice(_NAMED), _SHORT)
            if kind == "DATE" and chance > 0.28 and "{DATE}" not in template:
                continue
        else:
            template = _clause(rng, kind, _SHORT)
        text, found = _fill(rng, template, 0.0)
        hits = [name for name, k in found if k == kind]
        if len(hits) < 2 and lawful(text, found):
            return text, hits[0] if hits else "無"


def boundary_drill(rng: random.Random) -> Example:
    """Many small decisions where a name starts and ends, at few tokens each."""
    kinds = sorted(v.DRILL_NAMES)
    each = rng.random() < 0.3
    kind = rng.choice(kinds)
    word = rng.choice(v.DRILL_NAMES[kind])
    turns = []
    for _ in range(rng.randint(8, 14)):
        if each:
            kind = rng.choice(kinds)
            word = rng.choice(v.DRILL_NAMES[kind][:2])
        text, answer = _drill_turn(rng, kind)
        turns.append((f"{word}：{text}" if each else text, answer))
    ask = rng.choice(v.DRILL_ASK)
    return Example(ask.format("指定類型" if each else word), tuple(turns), "boundary_drill")
