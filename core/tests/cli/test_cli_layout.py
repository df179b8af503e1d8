"""Layout: lines fit, nothing is lost, Chinese columns line up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.cli import layout

TEXTS = st.text(st.sampled_from("ab 中文、，。「」()\n…é\u0301-1"), max_size=80)


@given(TEXTS, st.integers(4, 40))
def test_wrapping_loses_no_character(text: str, columns: int) -> None:
    joined = "".join(layout.wrap(text, columns))
    assert "".join(joined.split()) == "".join(text.split())


@given(TEXTS, st.integers(4, 40))
def test_only_what_cannot_be_broken_is_wider_than_the_line(text: str, columns: int) -> None:
    for line in layout.wrap(text, columns):
        if layout.width(line) > columns:
            assert layout.wrap(line, 1) == [line]


@given(TEXTS, st.integers(10, 40))
def test_a_line_does_not_begin_with_closing_punctuation(text: str, columns: int) -> None:
    words = {word[0] for word in text.split()}
    for line in layout.wrap(text, columns)[1:]:
        assert line[0] in words or line[0] not in "，。、」"


@pytest.mark.parametrize(("text", "columns"), [("abc", 3), ("中文", 4), ("e\u0301", 1), ("ﾊ", 1), ("Ａ", 2), ("", 0)])
def test_width(text: str, columns: int) -> None:
    assert layout.width(text) == columns


def test_chinese_breaks_anywhere_and_english_between_words() -> None:
    assert layout.wrap("資料分割之後再訓練", 8) == ["資料分割", "之後再訓", "練"]
    assert layout.wrap("split the data", 9) == ["split the", "data"]
    assert layout.wrap("用 tune run 訓練，再評估", 12) == ["用 tune run", "訓練，再評估"]


def test_table_columns_line_up() -> None:
    table = layout.table(["class", "rows"], [("正面", "12"), ("neutral", "3")], numbers=frozenset({1}))
    assert table.splitlines() == ["class    rows", "───────  ────", "正面       12", "neutral     3"]


def test_the_last_column_is_wrapped_to_fit() -> None:
    table = layout.table(["name", "summary"], [("a", "one two three four five six")], columns=30)
    assert table.splitlines() == ["name  summary", f"────  {'─' * 24}", "a     one two three four five", "      six"]
    assert all(layout.width(line) <= 30 for line in table.splitlines())


def test_long_term_has_its_meaning_on_the_next_line() -> None:
    rows = [("-x", "short"), ("--an-option-with-a-long-name VALUE", "long")]
    assert layout.definitions(rows, 60).splitlines() == [
        "  -x                            short",
        "  --an-option-with-a-long-name VALUE",
        "                                long",
    ]


def test_paragraphs_stay_apart() -> None:
    assert layout.paragraph("one\ntwo\n\nthree", 40, 2) == "  one two\n\n  three"


def test_spaces_within_a_cell_stay_when_nothing_is_to_be_wrapped() -> None:
    assert layout.table(["a", "b"], [("1", " 4  2.7%")]).splitlines()[2] == "1   4  2.7%"


@given(st.floats(0, 1), st.integers(1, 40))
def test_a_bar_is_as_long_as_its_share(share: float, columns: int) -> None:
    drawn = layout.bar(share, columns)
    assert layout.width(drawn) <= columns
    length = 8 * drawn.count("█") + (" ▏▎▍▌▋▊▉".index(drawn[-1]) if drawn and drawn[-1] != "█" else 0)
    assert abs(length - share * columns * 8) <= (0.5 + 1e-9 if length > 1 else 1)
    assert bool(drawn) is (share > 0)
