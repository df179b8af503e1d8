"""Laws of compute_metrics: gold is perfect, silence is worthless, order is nothing, numbers are numbers."""

from __future__ import annotations

import math
import random

import pytest

from tasktune.plugins import TaskType
from tasktune.testing.laws.base import LawBase, broken, gold_row, mixed_rows, scores, unparsed_row
from tasktune.types import Metrics, Record, Scored, TaskOptions


class ScoreLaws(LawBase):
    """Metrics mean what their names promise at both ends, and are plain finite numbers."""

    def test_gold_scores_one(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        rows = [gold_row(plugin, record, valid) for record in labelled]
        found = primary(plugin.compute_metrics(rows, valid))
        assert found == pytest.approx(1.0, abs=1e-12), broken(
            "gold answers score 1.0 on the primary metric", None, found, "compute_metrics: compare answers with targets"
        )

    def test_unparsed_scores_zero(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        found = primary(plugin.compute_metrics([unparsed_row(record) for record in labelled], valid))
        assert found == 0.0, broken(
            "answers that were all unparsed score 0.0 on the primary metric",
            None,
            found,
            "compute_metrics: an unparsed answer is wrong; do not leave it out",
        )

    def test_partly_unparsed_is_not_perfect(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Leaving unparsed rows out of the score would reward a model that answers only what is easy."""
        rows = [gold_row(plugin, record, valid) for record in labelled]
        rows += [unparsed_row(record) for record in labelled]
        found = primary(plugin.compute_metrics(rows, valid))
        assert found < 1.0, broken(
            "unparsed answers cost score", None, found, "compute_metrics: count them as wrong, do not leave them out"
        )

    def test_no_rows_score_zero(self, plugin: TaskType, valid: TaskOptions) -> None:
        metrics = plugin.compute_metrics([], valid)
        assert primary(metrics) == 0.0, broken("no rows score 0.0", None, metrics, "compute_metrics: 0.0 without rows")
        assert_plain(metrics)

    def test_metrics_are_plain_numbers(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        rows = mixed_rows(plugin, labelled, valid)
        metrics = plugin.compute_metrics(rows, valid)
        assert isinstance(metrics, Metrics), broken(
            "compute_metrics returns Metrics", None, metrics, "use types.Metrics"
        )
        assert metrics.primary == plugin.info.primary_metric, broken(
            "the primary metric is the one that plugin_info names",
            None,
            f"{metrics.primary} and {plugin.info.primary_metric}",
            "let Metrics.primary and TaskTypeInfo.primary_metric agree",
        )
        assert_plain(metrics)
        missing = sorted(set(plugin.info.metrics) - set(metrics.values))
        assert not missing, broken(
            "every metric that plugin_info describes is reported", None, missing, "compute_metrics: report them always"
        )
        for name, described in plugin.info.metrics.items():
            outside = described.unit == "share" and not 0.0 <= metrics.values[name] <= 1.0
            assert not outside, broken(
                "a share lies between 0 and 1", None, f"{name} = {metrics.values[name]}", 'scale it, or unit="number"'
            )

    def test_order_of_rows_does_not_matter(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        rows = mixed_rows(plugin, labelled, valid)
        before = plugin.compute_metrics(rows, valid)
        orders = [rows[::-1], *(random.Random(seed).sample(rows, len(rows)) for seed in range(3))]
        for order in orders:
            assert_same(before, plugin.compute_metrics(order, valid), "the order of the rows does not matter")

    def test_rows_survive_json(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Scores computed again from predictions.jsonl are the scores."""
        law = "rows and metrics survive a JSON round trip"
        rows = mixed_rows(plugin, labelled, valid)
        again = [Scored.model_validate_json(row.model_dump_json()) for row in rows]
        for row, read in zip(rows, again, strict=True):
            assert row == read, broken(
                law,
                row.record,
                read,
                "use text, finite numbers, lists and dicts with text keys in inputs, targets, answers",
            )
        metrics = plugin.compute_metrics(rows, valid)
        assert_same(metrics, plugin.compute_metrics(again, valid), "metrics of rows read back from JSON are the same")
        read_back = Metrics.model_validate_json(metrics.model_dump_json())
        assert read_back == metrics, broken(
            law, None, f"{metrics} became {read_back}", "compute_metrics: plain numbers"
        )


def primary(metrics: Metrics) -> float:
    """The headline figure."""
    assert metrics.primary in metrics.values, broken(
        "the primary metric is among the values", None, metrics, "compute_metrics: report values[primary] always"
    )
    return metrics.values[metrics.primary]


def assert_plain(metrics: Metrics) -> None:
    """Every number is finite and the primary one a share."""
    odd = {name: number for name, number in scores(metrics).items() if not math.isfinite(number)}
    assert not odd, broken(
        "every metric is finite", None, odd, "compute_metrics: 0.0 where there is nothing to divide by"
    )
    assert 0.0 <= primary(metrics) <= 1.0, broken(
        "the primary metric lies between 0 and 1", None, primary(metrics), "compute_metrics: scale it to a share"
    )


def assert_same(one: Metrics, other: Metrics, law: str) -> None:
    """Equal metrics, up to the last digits of a sum."""
    change = "compute_metrics: compute from all rows together, keep no state between them"
    first, second = scores(one), scores(other)
    differing = {
        name: (first.get(name), second.get(name))
        for name in first.keys() | second.keys()
        if name not in first or name not in second or not math.isclose(first[name], second[name], abs_tol=1e-9)
    }
    assert not differing, broken(law, None, differing, change)
    assert one.confusion == other.confusion, broken(law, None, f"{one.confusion} and {other.confusion}", change)
