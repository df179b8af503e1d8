"""Which language texts are in, as far as their script tells it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

# Shares of all letters. Kana and hangul appear in no other language's text; Latin in every.
_SOME = 0.05
_MOST = 0.8


def language_of(texts: Iterable[str]) -> str | None:
    """``zh-TW``, ``zh-CN``, ``ja``, ``ko`` or ``en``; None when the script does not tell, as with accented Latin.

    A character that Big5 has and GB 2312 lacks is a traditional one, and the other way round: the standards were made
    for one script each.
    """
    scripts: Counter[str] = Counter()
    for text in texts:
        scripts.update(map(_script, text))
    letters = sum(count for script, count in scripts.items() if script)
    if not letters:
        return None
    if scripts["kana"] > _SOME * letters:
        return "ja"
    if scripts["hangul"] > _SOME * letters:
        return "ko"
    han = scripts["han"] + scripts["traditional"] + scripts["simplified"]
    if han > _SOME * letters and han >= letters - han - scripts["latin"]:
        return "zh-CN" if scripts["simplified"] > scripts["traditional"] else "zh-TW"
    return "en" if scripts["latin"] > _MOST * letters else None


def _script(character: str) -> str:
    if character.isascii():
        return "latin" if character.isalpha() else ""
    name = unicodedata.name(character, "")
    if name.startswith("CJK UNIFIED"):
        big5, gb = _in(character, "big5"), _in(character, "gb2312")
        return "han" if big5 == gb else "traditional" if big5 else "simplified"
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return "kana"
    if name.startswith("HANGUL"):
        return "hangul"
    return "other" if character.isalpha() else ""


def _in(character: str, encoding: str) -> bool:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True
