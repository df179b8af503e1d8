"""Laws of diagnose and baselines, which a task type may leave out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tasktune.plugins import TaskType
from tasktune.testing.laws.answers import survives_json
from tasktune.testing.laws.base import LawBase, blind, broken, gold_row, mixed_rows, scores, unparsed_row
from tasktune.types import Baseline, Finding, Record, RunContext, Scored, TaskOptions


class FindingLaws(LawBase):
    """Findings point at rows that exist; baselines answer every row and are not shown the answers."""

    def test_findings_point_at_rows(self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]) -> None:
        evaluations: list[list[Scored]] = [
            mixed_rows(plugin, labelled, valid),
            [gold_row(plugin, record, valid) for record in labelled],
            [unparsed_row(record) for record in labelled],
            [],
        ]
        for rows in evaluations:
            metrics = plugin.compute_metrics(rows, valid)
            context = RunContext(
                task_name="suite",
                language=valid.language,
                threshold=plugin.info.suggested_threshold,
                train_rows=len(rows),
            )
            known = {row.record.id for row in rows}
            for finding in plugin.diagnose(rows, metrics, context, valid):
                complete = isinstance(finding, Finding) and finding.code and finding.message
                assert complete, broken(
                    "diagnose returns Findings with a code and a message", None, finding, "use tasktune.types.Finding"
                )
                strange = sorted(set(finding.record_ids) - known)
                assert not strange, broken(
                    "a finding's evidence is among the given rows",
                    None,
                    f"{finding.code} names {strange}",
                    "diagnose: copy record_ids from the rows",
                )
                again = Finding.model_validate_json(finding.model_dump_json())
                assert again == finding, broken(
                    "a finding survives a JSON round trip", None, f"{finding} became {again}", "plain data in evidence"
                )

    @pytest.mark.parametrize("train_size", [1, None], ids=["one training row", "all training rows"])
    def test_baselines_answer_every_row(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record], train_size: int | None
    ) -> None:
        train = labelled[:train_size]
        first, second = (list(plugin.baselines(train, labelled, valid)) for _ in range(2))
        assert first == second, broken("baselines are deterministic", None, f"{first} and {second}", "fix the seeds")
        names = [baseline.name for baseline in first]
        assert len(set(names)) == len(names), broken("baselines have names of their own", None, names, "rename one")
        for baseline in first:
            assert isinstance(baseline, Baseline), broken(
                "a baseline is a Baseline", None, baseline, "use types.Baseline"
            )
            assert len(baseline.answers) == len(labelled), broken(
                "a baseline answers every test record, in order",
                None,
                f"{baseline.name}: {len(baseline.answers)} answers to {len(labelled)} records",
                "baselines: give an Answer(error=...) where there is nothing to say",
            )
            for record, answer in zip(labelled, baseline.answers, strict=True):
                survives_json(answer, record, f"baseline {baseline.name}")
            rows = [
                Scored(record=record, output="", answer=answer)
                for record, answer in zip(labelled, baseline.answers, strict=True)
            ]
            assert scores(plugin.compute_metrics(rows, valid)), broken(
                "baselines can be scored", None, baseline.name, "baselines: answer as parse_output does"
            )

    def test_baselines_do_not_see_test_targets(
        self, plugin: TaskType, valid: TaskOptions, labelled: list[Record]
    ) -> None:
        """Core hides the targets; this law shows that a baseline does not even look for them."""
        hook = getattr(plugin.module, "baselines", None)
        if hook is None:
            return
        arguments = hook.__code__.co_varnames[: hook.__code__.co_argcount]

        def answers(test: Sequence[Record]) -> list[Baseline]:
            given: dict[str, Any] = {"train": labelled[:1], "test": test, "options": valid}
            return list(hook(**{name: given[name] for name in arguments}))

        seen, unseen = answers(labelled), answers([blind(record) for record in labelled])
        assert seen == unseen, broken(
            "a baseline does not look at the test records' targets",
            None,
            f"{seen} with targets, {unseen} without",
            "baselines: learn from train only",
        )
