"""What a sweep's numbers mean, in words."""

from __future__ import annotations

import pytest

from tasktune.evaluation.document import as_html, as_markdown
from tasktune.evaluation.wording import Wording
from tasktune.improve.sweep.report import blocks_of, verdict
from tasktune.improve.sweep.results import Repeat, Sweep, Trial
from tasktune.types import MetricInfo

METRICS = {"accuracy": MetricInfo(titles={"en": "Accuracy", "zh-TW": "準確率"})}
KEY = "training.learning_rate"


def made(own: list[float], best: list[float], *, changes: bool = True) -> Sweep:
    trials = (
        Trial(number=1, state="complete", params={KEY: 1e-4}, value=0.70, seconds=61),
        Trial(number=2, state="complete", params={KEY: 3e-4}, value=0.80, seconds=59),
        Trial(number=3, state="pruned", params={KEY: 0.1}, seconds=10),
        Trial(number=4, state="failed", params={KEY: 1.0}, why="it <b>broke</b>"),
    )
    repeats = tuple(Repeat(seed=n, own=a, best=b) for n, (a, b) in enumerate(zip(own, best, strict=True), start=43))
    return Sweep(
        task_name="toys",
        metric="accuracy",
        trials=trials,
        minutes=2.2,
        best=2,
        changes={KEY: 3e-4} if changes else {},
        repeats=repeats if changes else (),
        importance={KEY: 0.9, "training.epochs": 0.1},
    )


@pytest.mark.parametrize(
    ("own", "best", "said", "words"),
    [
        ([0.70, 0.71, 0.72], [0.78, 0.79, 0.80], "better", "reaches 79.0% with 3 other seeds"),
        ([0.70, 0.71, 0.79], [0.78, 0.79, 0.80], "perhaps", "seeds alone can make such a difference"),
        ([0.70, 0.71], [0.78, 0.79], "perhaps", "seeds alone"),
        ([0.78, 0.79, 0.80], [0.70, 0.71, 0.72], "not better", "The best trial was lucky"),
    ],
)
def test_the_best_is_better_only_beyond_the_luck_of_seeds(
    own: list[float], best: list[float], said: str, words: str
) -> None:
    sweep = made(own, best)
    assert sweep.verdict == said
    told = verdict(sweep, Wording("en", METRICS))
    assert words in told
    assert ("--config sweep-best" in told) is (said in ("better", "perhaps"))


def test_the_own_setting_or_nothing() -> None:
    assert "Nothing that was tried does better" in verdict(made([], [], changes=False), Wording("en", METRICS))
    empty = Sweep(task_name="toys", metric="accuracy", trials=(), minutes=0.0)
    assert empty.verdict == "nothing"
    assert "No trial is complete" in verdict(empty, Wording("en", METRICS))


@pytest.mark.parametrize("language", ["en", "zh-TW"])
def test_the_report_has_trials_importance_and_repetitions(language: str) -> None:
    sweep = made([0.70, 0.71, 0.72], [0.78, 0.79, 0.80])
    blocks = blocks_of(sweep, Wording(language, METRICS))
    text = as_markdown(blocks)
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    # The best first, then what has no score.
    assert [line.split(" | ")[0] for line in lines if " | 0.0" in line or " | 0.1 " in line] == ["| 2", "| 1", "| 3"]
    assert "90%" in text
    assert "| 43 | 70.0% | 78.0% |" in text
    assert "<b>" not in as_html(blocks, language)
    assert Sweep.model_validate_json(sweep.model_dump_json()) == sweep
