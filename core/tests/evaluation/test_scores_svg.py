from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.scores_svg import LEFT, WIDTH, Score, scores_svg

SVG = "{http://www.w3.org/2000/svg}"
shares = st.floats(0, 1)
scores = st.builds(Score, st.text(max_size=60), shares, shares, shares, st.booleans())


def drawn(found: list[Score], target: float | None = None) -> ElementTree.Element:
    return ElementTree.fromstring(
        scores_svg(found, title="<F1> & more", shown=lambda v: f"{100 * v:.1f}%", target=target)
    )


@given(st.lists(scores), st.none() | st.floats(-3, 40))
def test_any_scores_are_drawn_within_the_picture(found: list[Score], target: float | None) -> None:
    dots = [float(dot.attrib["cx"]) for dot in drawn(found, target).iter(SVG + "circle")]
    assert len(dots) == len(found)
    assert all(LEFT <= place <= WIDTH for place in dots)


def test_dots_and_intervals_lie_where_the_axis_says() -> None:
    svg = drawn([Score("low", 0.25, 0.0, 0.5), Score("high", 1.0, weak=True)], target=0.5)
    first, second = (float(dot.attrib["cx"]) for dot in svg.iter(SVG + "circle"))
    [reach] = [path.attrib["d"] for path in svg.iter(SVG + "path") if path.attrib["class"] == "reach"]
    start, _v, end = reach.removeprefix("M").replace("H", " H ").partition(" H ")
    assert float(start.split()[0]) == LEFT
    assert float(end) == pytest.approx((LEFT + second) / 2, abs=0.1)
    assert first - LEFT == pytest.approx((second - LEFT) / 4, abs=0.1)
    texts = [text.text for text in svg.iter(SVG + "text")]
    assert "100%" in texts
    assert "25.0%" in texts


def test_wide_names_are_cut_and_whole_in_the_tooltip() -> None:
    name = "很長很長的類別名稱" * 3
    svg = drawn([Score(name, 0.5, 0.4, 0.6)])
    [shown] = [text.text or "" for text in svg.iter(SVG + "text") if (text.text or "").endswith("…")]
    assert len(shown) <= 10
    assert f"{name}: 50.0% (40.0% – 60.0%)" in [title.text for title in svg.iter(SVG + "title")]
