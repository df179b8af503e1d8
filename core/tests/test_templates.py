"""Templates: what they fill in, what they refuse, and that a value can never become template again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.errors import RecordError
from tasktune.templates import Template


@pytest.mark.parametrize(
    ("text", "fields", "rendered"),
    [
        ("文本：{text}", ("text",), "文本：好"),
        ("對「{entity}」\n文本：{text}\n{entity}", ("entity", "text"), "對「台積電」\n文本：好\n台積電"),
        ("{文本}", ("文本",), "中文欄位"),
        ("{review-text 2}", ("review-text 2",), "spaced"),
        ('{{"label": "{text}"}}', ("text",), '{"label": "好"}'),
        ("{{text}}", (), "{text}"),
        ("沒有欄位", (), "沒有欄位"),
        ("", (), ""),
        ("{count}/{flag}/{tags}", ("count", "flag", "tags"), '3/true/["甲", {"b": 1}]'),
        ("{empty}|", ("empty",), "|"),
    ],
)
def test_renders(text: str, fields: tuple[str, ...], rendered: str) -> None:
    template = Template(text)
    inputs = {
        "text": "好",
        "entity": "台積電",
        "文本": "中文欄位",
        "review-text 2": "spaced",
        "count": 3,
        "flag": True,
        "tags": ["甲", {"b": 1}],
        "empty": "",
    }
    assert template.fields == fields
    assert template.render(inputs) == rendered


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{text.__class__}", r"as in \{text\}, without attributes"),
        ("{text[0]}", r"as in \{text\}, without attributes"),
        ("{text!r}", r"as in \{text\}, without attributes"),
        ("{text:>10}", r"as in \{text\}, without attributes"),
        ("{0}", r"\{0\}, which is not a field's name"),
        ("{_private}", None),
        ("{}", "without a field's name"),
        ("{ text }", r"write \{text\} instead of \{ text \}"),
        ('{"label": "正面"}', r"write \{\{ and \}\} for literal braces"),
        ("文本：{text", r"single \{ at character 4; write \{\{"),
        ("text}", r"single \} at character 5; write \}\}"),
        ("{a{b}}", r"single \{"),
        ("{a\n}", "instead of|not a field's name"),
    ],
)
def test_refuses_anything_but_a_name(text: str, says: str | None) -> None:
    if says is None:
        assert Template(text).fields == ("_private",)
        return
    with pytest.raises(ValueError, match=says):
        Template(text)


def test_missing_fields_are_all_named_with_what_there_is() -> None:
    template = Template("對「{entiti}」的看法：{text}（{source}）")
    with pytest.raises(RecordError) as caught:
        template.render({"entity": "台積電", "text": None})
    by_field = {problem.path: problem for problem in caught.value.problems}
    assert set(by_field) == {"entiti", "text", "source"}
    assert by_field["entiti"].hint == "did you mean {entity}?"
    assert "its fields: entity, text" in by_field["entiti"].message
    assert "對「{entiti}」的看法" in by_field["entiti"].message
    assert "is empty" in by_field["text"].message
    assert by_field["source"].hint == "add the field to the data, or change input_template"


def test_half_a_surrogate_pair_is_refused_by_field() -> None:
    with pytest.raises(RecordError) as caught:
        Template("{a}{b}{c}").render({"a": "好", "b": "\ud800", "c": ["\udfff"]})
    assert [problem.path for problem in caught.value.problems] == ["b", "c"]


def test_a_value_is_never_expanded_again() -> None:
    assert Template("{a} {b}").render({"a": "{b}", "b": "{a.__class__}{{"}) == "{b} {a.__class__}{{"


@given(st.text(alphabet="{}ab1.[]!: 文"))
def test_any_text_is_a_template_or_a_value_error(text: str) -> None:
    try:
        template = Template(text)
    except ValueError:
        return
    assert len(template.render(dict.fromkeys(template.fields, ""))) <= len(text)


@given(st.text())
def test_doubled_braces_give_the_text_back(text: str) -> None:
    template = Template(text.replace("{", "{{").replace("}", "}}"))
    assert template.fields == ()
    assert template.render({}) == text


@given(st.lists(st.text(alphabet="ab{}好", max_size=5), min_size=2, max_size=4))
def test_literals_and_values_stand_where_they_were_put(pieces: list[str]) -> None:
    escaped = [piece.replace("{", "{{").replace("}", "}}") for piece in pieces]
    template = Template("{field}".join(escaped))
    assert template.render({"field": "<{field}>"}) == "<{field}>".join(pieces)


def test_equal_texts_are_equal_templates() -> None:
    assert Template("{a}") == Template("{a}") != Template("{b}")
    assert len({Template("{a}"), Template("{a}")}) == 1
