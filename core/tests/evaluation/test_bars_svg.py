from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.bars_svg import LEFT, WIDTH, bars_svg

SVG = "{http://www.w3.org/2000/svg}"
PARTS = ("train", "valid", "test")
bars = st.lists(st.tuples(st.text(max_size=40), st.fixed_dictionaries(dict.fromkeys(PARTS, st.integers(0, 10**7)))))


def drawn(found: list[tuple[str, dict[str, int]]]) -> ElementTree.Element:
    return ElementTree.fromstring(bars_svg(found, title="rows <&>"))


def lengths(svg: ElementTree.Element) -> list[list[tuple[str, float, float]]]:
    """Of every bar, its parts: class, start and length."""
    return [
        [(r.attrib["class"], float(r.attrib["x"]), float(r.attrib["width"])) for r in group.iter(SVG + "rect")]
        for group in svg.iter(SVG + "g")
    ]


@given(bars)
def test_any_counts_are_drawn_within_the_picture(found: list[tuple[str, dict[str, int]]]) -> None:
    made = lengths(drawn(found))
    assert len(made) == len(found)
    for rects, (_name, counts) in zip(made, found, strict=True):
        assert len(rects) == sum(count > 0 for count in counts.values())
        for _part, start, length in rects:
            assert start >= LEFT
            assert start + length <= WIDTH


def test_lengths_are_in_proportion_and_stand_one_after_another() -> None:
    [first, second] = lengths(drawn([("正面", {"train": 80, "test": 20}), ("負面", {"train": 40, "test": 0})]))
    assert [part for part, _start, _length in first] == ["part0", "part1"]
    assert first[0][2] == pytest.approx(2 * second[0][2], abs=0.2)
    assert first[0][2] == pytest.approx(4 * first[1][2], abs=0.4)
    assert first[1][1] == pytest.approx(first[0][1] + first[0][2], abs=0.2)


def test_names_are_escaped_cut_and_whole_in_the_tooltip() -> None:
    name = "<b>" + "很長的名字" * 8
    svg = drawn([(name, {"train": 1234})])
    texts = [text.text or "" for text in svg.iter(SVG + "text")]
    assert any(text.startswith("<b>很長") and text.endswith("…") for text in texts)
    assert "1,234" in texts
    assert f"{name}: train 1,234" in [title.text for title in svg.iter(SVG + "title")]
