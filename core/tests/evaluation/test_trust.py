"""The threshold is chosen on validation rows alone, and the report tells what it does on test rows."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasktune.definition import Task
from tasktune.evaluation.abstaining import is_given, kept, threshold_for
from tasktune.evaluation.predictions import Confidence, Prediction
from tasktune.evaluation.report import RunFacts, as_markdown, report_sections
from tasktune.evaluation.score import metrics_of, score
from tasktune.evaluation.trust import MOST_SURE, Trust, trust_in
from tasktune.evaluation.trust_section import FIGURE, trust_figures
from tasktune.evaluation.wording import Wording
from tasktune.types import Answer, Record, Scored

MakeTask = Callable[..., Task]
JUDGED = st.lists(st.tuples(st.none() | st.sampled_from([0.1, 0.4, 0.5, 0.9, 1.0]), st.booleans()), max_size=30)


@given(JUDGED, st.floats(0, 1))
def test_a_precision_is_reached_and_no_lower_threshold_reaches_it(
    judged: list[tuple[float | None, bool]], wanted: float
) -> None:
    chosen = threshold_for(judged, target_precision=wanted, coverage=None)
    reaching = [p for p in {p for p, _right in judged if p is not None} if kept(judged, p).precision >= wanted - 1e-9]
    assert chosen == min(reaching, default=None)


@given(JUDGED, st.floats(0, 1))
def test_a_coverage_is_reached_by_the_highest_threshold(judged: list[tuple[float | None, bool]], wanted: float) -> None:
    chosen = threshold_for(judged, target_precision=None, coverage=wanted)
    reaching = [p for p in {p for p, _right in judged if p is not None} if kept(judged, p).coverage >= wanted - 1e-6]
    assert chosen == max(reaching, default=None)


def test_without_a_threshold_or_a_probability_nothing_is_given() -> None:
    assert not is_given(1.0, None)
    assert not is_given(None, 0.0)
    assert kept([(0.9, True)], None).precision == 0.0
    assert kept([], 0.5).coverage == 0.0


def prediction(number: int, target: str, given: str, probability: float | None, gold: float = 0.0) -> Prediction:
    return Prediction(
        id=f"test.jsonl:{number}",
        inputs={"text": f"thing {number}"},
        target=target,
        output=f"[{given}]",
        answer=Answer(value=given),
        correct=target == given,
        confidence=Confidence(
            probability=probability,
            logprob=-1.0,
            tokens=3,
            labels=[{"value": given, "probability": probability or 0.0}],  # type: ignore[arg-type]
            gold=gold,
            rest=0.02,
        ),
    )


TEST = [
    prediction(1, "red", "red", 0.99),
    prediction(2, "red", "blue", 0.95, gold=0.03),
    prediction(3, "green", "green", 0.9),
    prediction(4, "blue", "red", 0.4),
    prediction(5, "blue", "mauve", None),
]
VALID = [prediction(6, "red", "red", 0.97), prediction(7, "red", "red", 0.9), prediction(8, "red", "blue", 0.5)]


def judged(task: Task, test: Sequence[Prediction] = TEST, valid: Sequence[Prediction] = VALID) -> Trust:
    def metrics(rows: Sequence[Scored]) -> dict[str, float]:
        return dict(metrics_of(task, rows).values)

    found = trust_in(test, task.spec.evaluation.abstain, valid, metrics)
    assert found is not None
    return found


def report(task: Task, trust: Trust, language: str) -> str:
    rows = [(Record(id=each.id, inputs=each.inputs, target=each.target), each.output) for each in TEST]
    evaluation = score(task, rows).model_copy(update={"trust": trust})
    assert list(trust_figures(evaluation, Wording(language, {}))) == [FIGURE] * (trust.calibration is not None)
    facts = RunFacts(version="v1", date=datetime.date(2026, 11, 20))
    return as_markdown(report_sections(evaluation, task, facts, language=language))


def test_a_threshold_of_validation_rows_is_applied_to_test_rows(make_task: MakeTask) -> None:
    task = make_task(evaluation={"abstain": {"target_precision": 0.95}})
    found = judged(task).abstaining
    assert found is not None
    assert found.threshold == 0.9
    assert (found.valid.answered, found.valid.right) == (2, 2)
    assert (found.test.rows, found.test.answered, found.test.right) == (5, 3, 2)
    assert found.metrics["accuracy"] == pytest.approx(2 / 3)
    # What the test rows are like has no part in it.
    other = judged(task, test=[prediction(1, "red", "blue", 1.0)]).abstaining
    assert other is not None
    assert other.threshold == 0.9


def test_the_report_tells_of_probabilities_mistakes_and_what_is_left(make_task: MakeTask) -> None:
    task = make_task(evaluation={"abstain": {"target_precision": 0.95}})
    english = report(task, judged(task), "en")
    assert "Answers of a probability of 0.9 and more are given" in english
    assert "| test | 5 | 3 (60.0%) | 2 | 66.7% |" in english
    assert "Accuracy of the answered test rows: 66.7%; of all: 40.0%." in english
    assert f"![Right answers by probability]({FIGURE})" in english
    assert "Answers without a probability, which are left out: 1." in english
    assert "| test.jsonl:2 | thing 2 | red | blue | 95.0% | 3.0% |" in english
    assert "| test.jsonl:4 | thing 4 | blue | red | 40.0% | < 2.0% |" in english
    assert english.index("| 95.0% | 3.0% |") < english.index("| 40.0% | < 2.0% |")
    chinese = report(task, judged(task), "zh-TW")
    assert "## 最有把握的錯誤" in chinese
    assert "目標：給出的回答有 95% 正確。" in chinese


def test_a_target_out_of_reach_is_told(make_task: MakeTask) -> None:
    task = make_task(evaluation={"abstain": {"target_precision": 0.95}})
    found = judged(task, valid=[prediction(1, "red", "blue", 0.9)])
    assert found.abstaining is not None
    assert found.abstaining.threshold is None
    assert found.abstaining.test.answered == 0
    assert "no answer is sure enough" in report(task, found, "en")


def test_without_the_option_nothing_is_left_to_anybody(make_task: MakeTask) -> None:
    found = judged(make_task(), valid=())
    assert found.abstaining is None
    assert "left to a person" not in report(make_task(), found, "en")


def test_without_probabilities_there_is_nothing_to_trust(make_task: MakeTask) -> None:
    task = make_task()
    bare = [each.model_copy(update={"confidence": None}) for each in TEST]
    assert trust_in(bare, task.spec.evaluation.abstain, (), lambda rows: {}) is None


def test_a_threshold_that_cannot_be_chosen_leaves_everything_to_a_person(make_task: MakeTask) -> None:
    task = make_task(evaluation={"abstain": {"coverage": 0.1}})
    found = judged(task, *([each.model_copy(update={"confidence": None}) for each in some] for some in (TEST, VALID)))
    assert found.calibration is None
    assert found.abstaining is not None
    assert (found.abstaining.threshold, found.abstaining.test.answered) == (None, 0)


def test_only_the_surest_mistakes_are_kept(make_task: MakeTask) -> None:
    many = [prediction(number, "red", "blue", number / 100) for number in range(40)]
    mistakes = judged(make_task(), test=many).mistakes
    assert [each.id for each in mistakes] == [f"test.jsonl:{number}" for number in range(39, 39 - MOST_SURE, -1)]
