"""What a text's characters tell: its scripts, Simplified or Traditional, odd widths, and characters that nobody sees.

Every character has a set of marks, found once and remembered; a text has the marks of all its characters.
"""

from __future__ import annotations

import html
import re
import unicodedata
from enum import IntFlag


class Mark(IntFlag):
    """What one character, or a text as a whole, can be."""

    HAN = 1 << 0
    KANA = 1 << 1
    HANGUL = 1 << 2
    LATIN = 1 << 3
    CYRILLIC = 1 << 4
    ARABIC = 1 << 5
    THAI = 1 << 6
    OTHER_SCRIPT = 1 << 7
    SIMPLIFIED = 1 << 8
    """A Chinese character that is written so in Simplified Chinese only."""
    TRADITIONAL = 1 << 9
    """A Chinese character that is written so in Traditional Chinese only."""
    FULL_WIDTH = 1 << 10
    """A letter or digit as wide as a Chinese character: Ａ, １, or a half-width katakana."""
    HALF_WIDTH = 1 << 11
    """A letter or digit of ASCII."""
    COMPATIBILITY = 1 << 12
    """A letter that NFKC replaces by another: ﬁ, a CJK compatibility ideograph."""
    CONTROL = 1 << 13
    INVISIBLE = 1 << 14
    """A zero-width character, a byte order mark, a soft hyphen, a mark of direction."""
    REPLACEMENT = 1 << 15
    """U+FFFD, which stands where a character was lost."""
    PRIVATE = 1 << 16
    """A character of the private use area, which every font shows differently."""
    LATIN_1 = 1 << 17
    """A character of the upper half of Latin-1, of which mojibake consists."""
    DECOMPOSED = 1 << 18
    """The text is not in NFC: a letter and its accent are two characters."""
    OUTER_SPACE = 1 << 19
    MOJIBAKE = 1 << 20
    """UTF-8 that was read as Latin-1 or Windows-1252."""
    MARKUP = 1 << 21
    """HTML entities or tags."""


SCRIPTS = Mark.HAN | Mark.KANA | Mark.HANGUL | Mark.LATIN | Mark.CYRILLIC | Mark.ARABIC | Mark.THAI | Mark.OTHER_SCRIPT
_NAMES = {
    "CJK": Mark.HAN,
    "HIRAGANA": Mark.KANA,
    "KATAKANA": Mark.KANA,
    "HANGUL": Mark.HANGUL,
    "LATIN": Mark.LATIN,
    "FULLWIDTH": Mark.LATIN,
    "CYRILLIC": Mark.CYRILLIC,
    "ARABIC": Mark.ARABIC,
    "THAI": Mark.THAI,
}
# Joiners build emoji and Persian words; the other format characters have no place in a text that people wrote.
_JOINERS = frozenset("\u200c\u200d")
_MARKUP = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,5});|</?(?:br|p|div|span|b|i|a|font)\b[^<>]{0,200}>")
_BIG5_LEVEL_1 = (b"\xa4\x40", b"\xc6\x7e")


def marks_of(text: str) -> int:
    """The marks of a text, as the number of a :class:`Mark`."""
    marks = 0
    for character in set(text):
        marks |= _OF_CHARACTER[character]
    if marks & Mark.LATIN_1 and mojibake(text) is not None:
        marks |= Mark.MOJIBAKE
    if not unicodedata.is_normalized("NFC", text):
        marks |= Mark.DECOMPOSED
    if text[:1].isspace() or text[-1:].isspace():
        marks |= Mark.OUTER_SPACE
    if ("&" in text or "<" in text) and has_markup(text):
        marks |= Mark.MARKUP
    return int(marks)


def folded(text: str) -> str:
    """The letters and digits of a text, without case, width and spaces; the text itself if it has none of them."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text)
    return "".join(filter(str.isalnum, plain.casefold())) or text


def mojibake(text: str) -> str | None:
    """What a text was before its UTF-8 was read as Latin-1 or Windows-1252; None if it was not."""
    for encoding in ("latin-1", "cp1252"):
        try:
            before = text.encode(encoding).decode("utf-8")
        except UnicodeError:
            continue
        if before != text:
            return before
    return None


def has_markup(text: str) -> bool:
    """Whether a text has HTML entities that stand for a character, or tags that shape a text."""
    return any(found[0][0] == "<" or html.unescape(found[0]) != found[0] for found in _MARKUP.finditer(text))


class _Marks(dict[str, int]):
    def __missing__(self, character: str) -> int:
        marks = int(_marks(character))
        self[character] = marks
        return marks


def _marks(character: str) -> Mark:
    category = unicodedata.category(character)
    if category[0] == "L":
        return _of_letter(character)
    code = ord(character)
    if category == "Nd":
        wide = unicodedata.east_asian_width(character) == "F"
        return Mark.HALF_WIDTH if code < 128 else Mark.FULL_WIDTH if wide else Mark(0)
    if category == "Cc":
        return Mark(0) if character in "\t\n" else Mark.CONTROL | (Mark.LATIN_1 if code >= 128 else Mark(0))
    if category == "Cf":
        invisible = character not in _JOINERS and not 0xE0000 <= code <= 0xE007F
        return (Mark.INVISIBLE if invisible else Mark(0)) | (Mark.LATIN_1 if code < 256 else Mark(0))
    if category == "Co":
        return Mark.PRIVATE
    if code == 0xFFFD:
        return Mark.REPLACEMENT
    if 128 <= code < 256 or character in "€‚„…†‡ˆ‰‹‘’“”•–—˜™›":
        return Mark.LATIN_1
    return Mark(0)


def _of_letter(character: str) -> Mark:
    name = unicodedata.name(character, "")
    first = name.partition(" ")[0]
    code = ord(character)
    if first == "HALFWIDTH":
        return Mark.FULL_WIDTH | (Mark.KANA if "KATAKANA" in name else Mark.HANGUL)
    marks = _NAMES.get(first, Mark.OTHER_SCRIPT)
    if first == "FULLWIDTH":
        return marks | Mark.FULL_WIDTH
    if code < 128:
        return marks | Mark.HALF_WIDTH
    if 128 <= code < 256 or character in "ŒœŠšŸŽžƒ":
        marks |= Mark.LATIN_1
    if marks == Mark.HAN:
        marks |= _simplified_or_traditional(character)
    plain = unicodedata.normalize("NFKC", character)
    # Thai and Arabic letters that NFKC takes apart are how these languages are written.
    if plain != character and (marks & Mark.HAN or (plain.isascii() and plain.isalpha())):
        marks |= Mark.COMPATIBILITY
    return marks


def _simplified_or_traditional(character: str) -> Mark:
    """By the national repertoires: GB 2312 has what Simplified Chinese writes, Big5 what Traditional Chinese does.

    Big5 with Hong Kong's supplement decides what is Simplified only, since that has every variant in use there; and
    its first level, the common characters, what is Traditional only: a rare one outside GB 2312 may have no other form.
    """
    simplified, traditional = _encoded(character, "gb2312"), _encoded(character, "big5hkscs")
    if simplified and not traditional:
        return Mark.SIMPLIFIED
    if not simplified and _BIG5_LEVEL_1[0] <= _encoded(character, "big5") <= _BIG5_LEVEL_1[1]:
        return Mark.TRADITIONAL
    return Mark(0)


def _encoded(character: str, encoding: str) -> bytes:
    try:
        return character.encode(encoding)
    except UnicodeEncodeError:
        return b""


_OF_CHARACTER = _Marks()
