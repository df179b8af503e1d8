from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tasktune.evaluation.markdown import as_text, escape, plain, shorten, table

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
# Everything, with what Markdown minds made frequent.
texts = st.lists(
    st.text(max_size=5)
    | st.sampled_from([*"|`\\*_[]()<>!#~$&\n\r\t ", "<script>", "&lt;", "](javascript:x)", "![", "\\|"]),
    max_size=12,
).map("".join)


def cells(markdown: str) -> list[list[str]]:
    """The text of every cell, as an independent parser reads it; any markup within a cell is an error."""
    tokens = PARSER.parse(markdown)
    assert tokens[0].type == "table_open"
    assert tokens[-1].type == "table_close"
    found: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            found.append([])
        elif token.type == "inline":
            found[-1].append("".join(text_of(child) for child in token.children or ()))
    return found


def text_of(token: Token) -> str:
    assert token.type in ("text", "text_special"), token
    return token.content


@given(texts, texts)
@example("a|b", "a\\|b\\")
@example("`a|b`", "``")
@example("[x](http://a)", "![x](http://a)")
@example("<img src=x onerror=alert(1)>", "</td></tr></table>")
@example("\u2028\x00\x85", "\ud83d")
@example("&#124;", "&amp;")
@example("---", "| --- |")
def test_no_text_leaves_its_cell(first: str, second: str) -> None:
    made = table(["a", "b"], [[escape(first), escape(second)], ["x", "y"]])
    read = cells(made)
    assert [len(row) for row in read] == [2, 2, 2]
    assert [" ".join(cell.split()) for cell in read[1]] == [" ".join(plain(text).split()) for text in (first, second)]
    assert read[2] == ["x", "y"]


@given(texts)
def test_no_text_makes_html_a_link_or_a_second_line(text: str) -> None:
    rendered = PARSER.render("- **x** " + escape(text))
    body = rendered.removeprefix("<ul>\n<li><strong>x</strong>").removesuffix("</li>\n</ul>\n")
    assert "<" not in body
    assert "\n" not in body


@given(texts)
def test_escaped_text_can_be_written_as_utf8_on_one_line(text: str) -> None:
    assert len(escape(text).encode().decode().splitlines()) <= 1


def test_signs_that_turn_the_direction_are_shown_not_obeyed() -> None:
    assert plain("a\u202eb\u2066c\x00") == "a\ufffdb\ufffdc\ufffd"


def test_line_breaks_stay_visible() -> None:
    assert plain("a\nb\r\nc\td") == "a⏎b⏎c d"


def test_ordinary_text_is_not_touched() -> None:
    for text in ("台積電營收創新高，股價上漲 3.5%！", "data/test.jsonl:17", "O'Neil (CEO)", "甲：「乙」"):
        assert escape(text) == text


@given(st.text(), st.integers(1, 20))
def test_shortening_keeps_the_beginning(text: str, longest: int) -> None:
    short = shorten(text, longest)
    assert len(short) <= longest
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize(
    ("value", "text"), [("字", "字"), ([{"text": "台"}], '[{"text": "台"}]'), (None, "null"), (1.5, "1.5"), ("", "")]
)
def test_values_in_words(value: object, text: str) -> None:
    assert as_text(value) == text


def test_columns_of_numbers_are_aligned_right() -> None:
    assert table(["a", "b"], [["x", "1"]], numbers_from=1).splitlines() == ["| a | b |", "| --- | ---: |", "| x | 1 |"]
