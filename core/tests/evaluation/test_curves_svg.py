from __future__ import annotations

import itertools
import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.evaluation.axes import ticks
from tasktune.evaluation.curves_svg import HEIGHT, MOST_POINTS, WIDTH, curves_svg, thin

SVG = "{http://www.w3.org/2000/svg}"
curves = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=50).map(
    lambda losses: list(enumerate(losses, start=1))
)


def drawn(*curves: list[tuple[int, float]]) -> ElementTree.Element:
    named = {f"<{number}>": points for number, points in enumerate(curves)}
    return ElementTree.fromstring(curves_svg(named, title="loss <&>", x_label="step", y_label="損失"))


def coordinates(svg: ElementTree.Element) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in line.attrib["points"].split())]
        for line in svg.iter(SVG + "polyline")
    ]


@given(curves, curves)
def test_any_curves_are_drawn_within_the_picture(
    points: list[tuple[int, float]], others: list[tuple[int, float]]
) -> None:
    svg = drawn(points, others)
    lines = coordinates(svg)
    circles = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in svg.iter(SVG + "circle")]
    assert sum(map(len, lines)) + len(circles) == sum(math.isfinite(loss) for _step, loss in [*points, *others])
    for x, y in [*(point for line in lines for point in line), *circles]:
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_a_falling_loss_falls() -> None:
    [line] = coordinates(drawn([(10, 4.0), (20, 2.0), (30, 1.0), (40, 0.5)]))
    xs, ys = zip(*line, strict=True)
    assert list(xs) == sorted(xs)
    # y grows downwards
    assert list(ys) == sorted(ys)
    assert (ys[1] - ys[0]) == pytest.approx(2 * (ys[2] - ys[1]), abs=0.3)


def test_a_loss_that_is_no_number_leaves_a_gap() -> None:
    svg = drawn([(1, 2.0), (2, 1.5), (3, math.nan), (4, 1.0), (5, 0.5), (6, math.inf), (7, 0.4)])
    assert [len(line) for line in coordinates(svg)] == [2, 2]
    assert len(list(svg.iter(SVG + "circle"))) == 1


def test_two_curves_are_told_apart_by_colour_and_name() -> None:
    svg = drawn([(1, 2.0), (2, 1.0)], [(1, 3.0), (2, 4.0)])
    assert [line.attrib["class"] for line in svg.iter(SVG + "polyline")] == ["line curve0", "line curve1"]
    assert {"<0>", "<1>"} <= {text.text for text in svg.iter(SVG + "text")}
    alone = drawn([(1, 2.0), (2, 1.0)])
    assert "<0>" not in {text.text for text in alone.iter(SVG + "text")}


def test_words_are_escaped_and_named_for_screen_readers() -> None:
    svg = drawn([(1, 1.0), (2, 0.5)])
    assert svg.attrib["role"] == "img"
    title = svg.find(SVG + "title")
    assert title is not None
    assert title.text == "loss <&>"
    assert {"step", "損失"} <= {text.text for text in svg.iter(SVG + "text")}


@given(low=st.floats(-1e6, 1e6), span=st.floats(1e-3, 1e6))
def test_ticks_cover_the_range_in_even_round_steps(low: float, span: float) -> None:
    made = ticks(low, low + span)
    steps = [after - before for before, after in itertools.pairwise(made)]
    step = steps[0]
    assert made[0] <= low + 1e-6 * step
    assert made[-1] >= low + span - 1e-6 * step
    assert 2 <= len(made) <= 8
    assert steps == pytest.approx([step] * len(steps), rel=1e-3)
    leading = step / 10 ** math.floor(math.log10(step) + 1e-6)
    assert any(leading == pytest.approx(number, rel=1e-3) for number in (1, 2, 5, 10))


@given(st.integers(1, 10_000_000))
def test_ticks_of_steps_are_whole(high: int) -> None:
    assert all(tick == int(tick) for tick in ticks(0, high, whole=True))


def test_thinning_keeps_the_shape_of_a_long_curve() -> None:
    points = [(step, 10.0 - step / 10_000) for step in range(100_000)]
    made = thin(points)
    assert len(made) <= MOST_POINTS
    assert made[0][1] == pytest.approx(10, abs=0.01)
    assert made[-1][1] == pytest.approx(0, abs=0.01)
    assert sum(loss for _step, loss in made) / len(made) == pytest.approx(5, abs=0.01)
    assert thin(points[:10]) == points[:10]
