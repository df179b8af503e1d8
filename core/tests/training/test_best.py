"""Which evaluation is the best, read from a run's log; and the rows that a metric is computed from."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.training.answers import validation_sample
from tasktune.training.best import Standing, Watched, standing
from tasktune.training.monitor import out_of_patience

LOSS, METRIC = Watched("eval_loss"), Watched("eval_f1", higher_is_better=True)
values = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30)


def log(name: str, figures: list[float]) -> list[dict[str, float]]:
    history = []
    for number, figure in enumerate(figures, 1):
        history += [{"step": 10 * number, "loss": 1.0}, {"step": 10 * number, name: figure}]
    return history


@given(values)
def test_the_best_is_the_first_of_the_best(figures: list[float]) -> None:
    lowest, highest = figures.index(min(figures)), figures.index(max(figures))
    rest = len(figures) - 1
    assert standing(log("eval_loss", figures), LOSS) == Standing(10 * lowest + 10, figures[lowest], rest - lowest)
    assert standing(log("eval_f1", figures), METRIC) == Standing(10 * highest + 10, figures[highest], rest - highest)


def test_a_log_without_evaluations_has_no_best() -> None:
    assert standing([{"step": 1, "loss": 1.0}], LOSS) is None
    assert not out_of_patience(None, 1)


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_never_the_best(broken: float) -> None:
    for watched in (LOSS, Watched("eval_loss", higher_is_better=True)):
        assert standing(log("eval_loss", [broken, broken]), watched) is None
        assert standing(log("eval_loss", [broken, 3.0]), watched) == Standing(20, 3.0, 0)
        assert standing(log("eval_loss", [3.0, broken]), watched) == Standing(10, 3.0, 1)


@pytest.mark.parametrize(
    ("patience", "figures", "stops"),
    [
        (2, [3.0, 2.0, 2.0], False),
        (2, [3.0, 2.0, 2.0, 2.5], True),
        (2, [2.0, 2.5, 1.0, 1.5], False),
        (None, [1.0] * 9, False),
    ],
)
def test_patience_counts_evaluations_that_are_no_better(
    patience: int | None, figures: list[float], stops: bool
) -> None:
    assert out_of_patience(standing(log("eval_loss", figures), LOSS), patience) == stops


class TestSample:
    """Validation rows that are answered for the metric."""

    def write(self, folder: Path, classes: list[str]) -> None:
        rows = (
            {"id": f"valid.jsonl:{n}", "inputs": {"text": str(n)}, "target": name, "classes": [name]}
            for n, name in enumerate(classes, 1)
        )
        (folder / "valid.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")

    @given(st.lists(st.sampled_from("aaab"), min_size=1, max_size=60), st.integers(1, 70), st.integers(0, 9))
    def test_every_class_has_its_share(
        self, tmp_path_factory: pytest.TempPathFactory, classes: list[str], count: int, seed: int
    ) -> None:
        folder = tmp_path_factory.mktemp("prepared")
        self.write(folder, classes)
        sample = validation_sample(folder, count, seed)
        assert len({record.id for record in sample}) == len(sample) == min(count, len(classes))
        there, drawn = Counter(classes), Counter(record.target for record in sample)
        for name, rows in there.items():
            assert abs(drawn[name] - rows * len(sample) / len(classes)) < 1
        assert sample == validation_sample(folder, count, seed)

    def test_the_seed_decides_which_and_dropped_rows_are_not_asked(self, tmp_path: Path) -> None:
        self.write(tmp_path, ["a"] * 100)
        first, second = ({r.id for r in validation_sample(tmp_path, 10, seed)} for seed in (1, 2))
        assert first != second
        assert not first & {r.id for r in validation_sample(tmp_path, 90, 1, dropped=first)}
