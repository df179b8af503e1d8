"""What single texts are told to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.data.checking.characters import Mark, folded, marks_of, mojibake
from tasktune.data.checking.texts import scripts_of


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        ("台積電", Mark.HAN | Mark.TRADITIONAL),
        ("台北", Mark.HAN),
        ("台积电", Mark.HAN | Mark.SIMPLIFIED),
        ("着重", Mark.HAN),
        ("里面的后台只有干面", Mark.HAN),
        ("踪跡", Mark.HAN | Mark.TRADITIONAL),
        ("EPS 5", Mark.LATIN | Mark.HALF_WIDTH),
        ("ＥＰＳ", Mark.LATIN | Mark.FULL_WIDTH),
        ("５", Mark.FULL_WIDTH),
        ("ﾃｽﾄ", Mark.KANA | Mark.FULL_WIDTH),
        ("テスト", Mark.KANA),
        ("한국", Mark.HANGUL),
        ("Прибыль", Mark.CYRILLIC),
        ("ربح", Mark.ARABIC),
        ("กำไร", Mark.THAI),
        ("κέρδος", Mark.OTHER_SCRIPT),
        ("，。！？：「」　（）", Mark(0)),
        ("①㎡%", Mark(0)),
        ("\ufb01", Mark.LATIN | Mark.COMPATIBILITY),
        ("\uf900", Mark.HAN | Mark.COMPATIBILITY | Mark.DECOMPOSED),
        ("é", Mark.LATIN | Mark.LATIN_1),
        ("e\u0301", Mark.LATIN | Mark.HALF_WIDTH | Mark.DECOMPOSED),
        ("\x07", Mark.CONTROL),
        ("\u3042\r\u3042", Mark.KANA | Mark.CONTROL),
        ("\u3042\n\t\u3042", Mark.KANA),
        ("\u3042\u200b\u3042", Mark.KANA | Mark.INVISIBLE),
        ("\ufeff", Mark.INVISIBLE),
        ("👩‍👩‍👧", Mark(0)),
        ("🏴\U000e0067\U000e0062\U000e007f", Mark(0)),
        ("\ufffd", Mark.REPLACEMENT),
        ("\ue000", Mark.PRIVATE),
        (" \u3042", Mark.KANA | Mark.OUTER_SPACE),
        ("\u3042&amp;\u3042", Mark.KANA | Mark.LATIN | Mark.HALF_WIDTH | Mark.MARKUP),
        ("\u3042<br>\u3042", Mark.KANA | Mark.LATIN | Mark.HALF_WIDTH | Mark.MARKUP),
        ("AT&T <3", Mark.LATIN | Mark.HALF_WIDTH),
        ("a < b & c; d > e", Mark.LATIN | Mark.HALF_WIDTH),
    ],
)
def test_marks(text: str, marks: Mark) -> None:
    assert Mark(marks_of(text)) == marks


@pytest.mark.parametrize("text", ["é", "naïve café", "“quoted”", "台積電", "", "abc", "Ã", "Â£"])
def test_honest_text_is_no_mojibake(text: str) -> None:
    assert mojibake(text) is None or text == "Â£"


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
@pytest.mark.parametrize("text", ["é", "naïve", "Ümlaut", "ÄÖ"])
def test_mojibake_is_told_and_undone(text: str, encoding: str) -> None:
    try:
        spoilt = text.encode().decode(encoding)
    except UnicodeDecodeError:
        pytest.fail("choose another text")
    assert mojibake(spoilt) == text
    assert marks_of(spoilt) & Mark.MOJIBAKE


@given(st.text())
def test_folding_is_done_once(text: str) -> None:
    assert folded(folded(text)) == folded(text) or not any(map(str.isalnum, folded(text)))


@given(st.text(alphabet=st.characters(categories=["L", "Nd", "Zs", "Po"]), max_size=20))
def test_marks_of_a_whole_are_those_of_its_characters(text: str) -> None:
    whole = Mark.DECOMPOSED | Mark.OUTER_SPACE | Mark.MOJIBAKE | Mark.MARKUP
    together = 0
    for character in text:
        together |= marks_of(character) & ~whole
    assert marks_of(text) & ~whole == together


@pytest.mark.parametrize(
    ("one", "other"), [("ＥＰＳ　５", "eps 5"), ("好！", "好"), ("A-B", "ab"), ("「台積電」漲", "台積電漲")]
)
def test_folding_leaves_form_out(one: str, other: str) -> None:
    assert folded(one) == folded(other)


def test_what_is_all_form_stays() -> None:
    assert folded("！？") == "！？"
    assert folded("！？") != folded("！！")


@pytest.mark.parametrize(
    ("language", "scripts"),
    [
        ("zh-TW", Mark.HAN),
        ("zh", Mark.HAN),
        ("ja", Mark.HAN | Mark.KANA),
        ("en-GB", Mark.LATIN),
        ("ru", Mark.CYRILLIC),
        ("x-klingon", Mark(0)),
    ],
)
def test_scripts_of_a_language(language: str, scripts: Mark) -> None:
    assert scripts_of(language) == scripts
