"""How metrics are called and numbers are written, for the report and the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasktune.evaluation.criteria import Verdict
from tasktune.locale import translate
from tasktune.types import MetricInfo, Words

if TYPE_CHECKING:
    from tasktune.evaluation.intervals import Interval

NOTHING = "—"


@dataclass(frozen=True)
class Wording:
    """One language, and the task type's metrics, kinds of mistakes and parts of what rows hold.

    Shares are written as percentages, other metrics as numbers.
    """

    language: str
    metrics: Mapping[str, MetricInfo]
    mistakes: Mapping[str, Words] = field(default_factory=dict)
    parts: Mapping[str, Words] = field(default_factory=dict)

    def say(self, message: str, /, **values: object) -> str:
        """A message of core in this language."""
        return translate(message, language=self.language, **values)

    def list(self, items: Iterable[str]) -> str:
        """Items one after another, parted as the language parts them."""
        return ("、" if self.language == "zh-TW" else ", ").join(items)

    def title(self, metric: str) -> str:
        """What a metric is called; its own name when the task type does not say."""
        titles = self.metrics[metric].titles if metric in self.metrics else {}
        return titles.get(self.language) or titles.get("en") or metric

    def baseline(self, name: str) -> str:
        """What a baseline is called; its own name unless it is the base model."""
        known = {"zero_shot": self.say("Base model, zero-shot"), "few_shot": self.say("Base model, few-shot")}
        return known.get(name, name)

    def mistake(self, kind: str) -> str:
        """What a kind of mistake is called; its own name when the task type does not say."""
        if kind in self.mistakes:
            return self.mistakes[kind][self.language]
        return {"unreadable": self.say("answer that cannot be read"), "wrong": self.say("wrong answer")}.get(kind, kind)

    def is_share(self, metric: str) -> bool:
        """Whether a metric is a share from 0 to 1, as one is unless the task type says otherwise."""
        return metric not in self.metrics or self.metrics[metric].unit == "share"

    def value(self, metric: str, value: float, *, digits: int | None = None) -> str:
        """A score: ``83.5%`` for a share, ``27.31`` for a plain number."""
        if self.is_share(metric):
            return f"{100 * value:.{1 if digits is None else digits}f}%"
        return f"{value:.{2 if digits is None else digits}f}"

    def interval(self, metric: str, interval: Interval | None) -> str:
        """What stands behind a score: `` (78.0% to 86.0%)``, and nothing where there is no interval."""
        if interval is None:
            return ""
        return self.say(
            " ({low} to {high})", low=self.value(metric, interval.low), high=self.value(metric, interval.high)
        )

    def target(self, verdict: Verdict) -> str:
        """A threshold without idle zeros: ``80%``."""
        share = self.is_share(verdict.metric)
        text = f"{100 * verdict.threshold if share else verdict.threshold:.4f}".rstrip("0").rstrip(".")
        return text + "%" * share

    def judged(self, verdict: Verdict) -> str:
        """A judged score, with as many digits as show on which side of the threshold it lies.

        0.79996 against 0.8 is 79.996%: a missed target does not look like a met one.
        """
        factor = 100 if self.is_share(verdict.metric) else 1
        target = round(factor * verdict.threshold, 4)
        for digits in range(1 if factor == 100 else 2, 9):
            shown = round(factor * verdict.value, digits)
            if (shown >= target) == verdict.met:
                return self.value(verdict.metric, verdict.value, digits=digits)
        return self.value(verdict.metric, verdict.value)

    def gap(self, verdict: Verdict) -> str:
        """How far a score lies from its threshold, in percentage points or plainly."""
        distance = abs(verdict.value - verdict.threshold)
        if not self.is_share(verdict.metric):
            return f"{distance:.2f}"
        points = 100 * distance
        return self.say("{points} percentage points", points=f"{points:.1f}" if points >= 0.05 else f"{points:.2g}")
