"""Which characters get a token of their own, derived from the codecs that Python ships.

Source: level 1 of Big5 (5,401 common Traditional characters, rows A4-C6) and level 1 of GB 2312 (3,755 common
Simplified characters, rows B0-D7), as decoded by the standard library. Nothing is downloaded.
"""

from __future__ import annotations

#: Full-width and CJK punctuation that Chinese text uses daily.
PUNCTUATION = (
    "，。、；：？！「」『』（）《》〈〉【】〔〕［］｛｝…—～·‧％＋－＝／＠＃＄＆＊＿｜“”‘’　℃°×÷→←↑↓★☆●○■□◆※￥€£–"
)
FULL_WIDTH = "０１２３４５６７８９"
#: Common in Taiwan's everyday writing or in names, yet outside both level-1 lists.
EXTRA = (
    "裏喔欸囉嘛啦唷哩噢齁蛤誒囧嗨嘿咦哇咧喲鬧麵牆恆峯堃喆翊彥鋐鈺玗甯昀瑀珮妤婕筠萱宥"
    "睿叡勛濬煒燁犇淼崴嵐岑芷芸茹薇霈璟瑋琮瑄珈玥"
)


def _decode(rows: range, columns: list[int], codec: str) -> list[str]:
    """Decode every two-byte code in rows x columns that the codec knows."""
    found = []
    for row in rows:
        for column in columns:
            try:
                found.append(bytes([row, column]).decode(codec))
            except UnicodeDecodeError:
                continue
    return found


def big5_level1() -> list[str]:
    """The 5,401 frequently used Traditional characters."""
    columns = list(range(0x40, 0x7F)) + list(range(0xA1, 0xFF))
    characters = _decode(range(0xA4, 0xC7), columns, "big5")
    return [c for c in characters if "\u4e00" <= c <= "\u9fff"][:5401]


def gb2312_level1() -> list[str]:
    """The 3,755 frequently used Simplified characters."""
    characters = _decode(range(0xB0, 0xD8), list(range(0xA1, 0xFF)), "gb2312")
    return [c for c in characters if "\u4e00" <= c <= "\u9fff"][:3755]


def common_characters() -> list[str]:
    """Every character with a token of its own, each once, in a fixed order."""
    ordered = big5_level1() + gb2312_level1() + list(PUNCTUATION + FULL_WIDTH + EXTRA)
    return list(dict.fromkeys(ordered))
