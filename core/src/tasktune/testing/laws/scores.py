"""Laws of compute_metrics: gold is perfect, silence is worthless, order is nothing, numbers are numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import pytest

from tasktune.plugins import TaskType
from tasktune.sums import SampledMetrics, Sums
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

    def test_sums_make_the_metrics(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        """Resampling by sums is resampling: every sample scores what compute_metrics gives for its rows."""
        hooks = [hook for hook in ("row_statistics", "metrics_of_sums") if hasattr(plugin.module, hook)]
        assert len(hooks) != 1, broken(
            "row_statistics and metrics_of_sums come together", None, hooks, "implement both of them, or neither"
        )
        if not plugin.adds_up:
            return
        rows = mixed_rows(plugin, labelled, valid)
        chance = random.Random(0)
        samples = [[row] for row in rows] + [rows] + [chance.choices(rows, k=len(rows)) for _sample in range(20)]
        assert_sums_make_metrics(plugin, samples, valid)

    def test_right_answers_have_no_mistakes(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        for record in labelled:
            found = plugin.mistakes(gold_row(plugin, record, valid), valid)
            assert not found, broken(
                "a right answer has no mistakes", record, found, "mistakes: return an empty list for it"
            )

    def test_mistakes_are_described(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        described = set(plugin.info.mistakes)
        for row in mixed_rows(plugin, labelled, valid):
            found = (row.answer.parsed and plugin.mistakes(row, valid)) or ()
            unknown = sorted({mistake.kind for mistake in found} - described)
            assert not unknown, broken(
                "every kind of mistake is one that plugin_info describes",
                row.record,
                unknown,
                "TaskTypeInfo.mistakes: say in every language what it is called",
            )

    def test_parts_are_described(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        found = {part.name for part in plugin.parts(mixed_rows(plugin, labelled, valid), labelled, valid)}
        unknown = sorted(found - set(plugin.info.parts))
        assert not unknown, broken(
            "every part is one that plugin_info describes",
            None,
            unknown,
            "TaskTypeInfo.parts: say in every language what it is called",
        )

    def test_right_answers_name_known_classes(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]
    ) -> None:
        """What the report calls out of the set is wrong at least."""
        if not plugin.knows_its_classes:
            return
        for record in labelled:
            found = plugin.unknown_classes(gold_row(plugin, record, valid), valid)
            assert not found, broken(
                "a right answer names no unknown class", record, found, "unknown_classes: return an empty list for it"
            )
        for row in mixed_rows(plugin, labelled, valid):
            found = plugin.unknown_classes(row, valid) if row.answer.parsed else []
            assert all(isinstance(name, str) for name in found), broken(
                "unknown classes are named", row.record, found, "unknown_classes: return texts"
            )

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


def assert_sums_make_metrics(plugin: TaskType, samples: Sequence[Sequence[Scored]], options: TaskOptions) -> None:
    """The metrics of each sample by the sums of its rows' statistics are those of ``compute_metrics``."""
    statistics = [[plugin.row_statistics(row, options) for row in sample] for sample in samples]
    names = dict.fromkeys(name for sample in statistics for row in sample for name in row)
    sums = {
        name: numpy.array([float(sum(row.get(name, 0) for row in sample)) for sample in statistics]) for name in names
    }
    found = plugin.metrics_of_sums(Sums(sums, len(samples)), options)
    for number, sample in enumerate(samples):
        metrics = plugin.compute_metrics(sample, options)
        assert_same(
            metrics,
            metrics.model_copy(update=_of_sample(found, number)),
            f"metrics_of_sums gives what compute_metrics gives for the rows {[row.record.id for row in sample]}",
            "metrics_of_sums: the same formulas over sums; NaN for a class that compute_metrics does not report",
        )


def _of_sample(found: SampledMetrics, number: int) -> dict[str, dict[str, Any]]:
    """The values and classes of one sample; what is NaN is not there."""

    def there(arrays: Mapping[str, Any]) -> dict[str, float]:
        return {name: float(each[number]) for name, each in arrays.items() if not math.isnan(each[number])}

    classes = {name: there(arrays) for name, arrays in found.per_class.items()}
    return {"values": there(found.values), "per_class": {name: values for name, values in classes.items() if values}}


def assert_same(
    one: Metrics,
    other: Metrics,
    law: str,
    change: str = "compute_metrics: compute from all rows together, keep no state between them",
) -> None:
    """Equal metrics, up to the last digits of a sum."""
    first, second = scores(one), scores(other)
    differing = {
        name: (first.get(name), second.get(name))
        for name in first.keys() | second.keys()
        if name not in first or name not in second or not math.isclose(first[name], second[name], abs_tol=1e-9)
    }
    assert not differing, broken(law, None, differing, change)
    assert one.confusion == other.confusion, broken(law, None, f"{one.confusion} and {other.confusion}", change)
