"""The language of texts, told from their script."""

from __future__ import annotations

import pytest

from tasktune.coach.language import language_of


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("央行宣布利率維持不變，市場反應平淡", "zh-TW"),
        ("央行宣布利率维持不变，市场反应平淡", "zh-CN"),
        ("台積電 TSMC 公布第二季 EPS", "zh-TW"),
        ("金利は変わらず、市場の反応は鈍い", "ja"),
        ("금리는 그대로입니다", "ko"),
        ("Rates stay as they are, 3.5%", "en"),
        ("Процентная ставка", None),
        ("12,345 😀", None),
        ("", None),
    ],
)
def test_language(text: str, language: str | None) -> None:
    assert language_of([text]) == language


def test_a_few_foreign_words_do_not_decide() -> None:
    assert language_of(["The word 漢字 means Chinese characters, as every beginner learns in the first week"]) == "en"
