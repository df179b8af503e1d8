"""Recommendations by rules that stand in data files: what to set, and because of what.

A file of ``rules/`` holds topics; of each topic the first rule whose conditions all hold counts. A condition on a fact
that is not known does not hold. What a rule sets is a fact for the topics after it, by the last part of its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import Field, TypeAdapter

from tasktune.coach.questions import load_yaml
from tasktune.locale import spoken
from tasktune.types import Value, Words

FILES = ("base_model", "training", "versioning", "advice")


class Condition(Value):
    """What a fact has to be; every part that is given has to hold."""

    below: float | None = None
    at_least: float | None = None
    equals: str | None = Field(None, alias="is")
    one_of: tuple[str, ...] | None = Field(None, alias="in")

    def holds(self, fact: Any) -> bool:
        """Whether it does; never for a fact that is not known."""
        if fact is None:
            return False
        return (
            (self.below is None or fact < self.below)
            and (self.at_least is None or fact >= self.at_least)
            and (self.equals is None or fact == self.equals)
            and (self.one_of is None or fact in self.one_of)
        )


class Overlay(Value):
    """A file of ``configs/`` to lay over task.yaml: its name, and the dotted keys that it sets."""

    name: str
    values: Mapping[str, Any] = Field(alias="set")


class Rule(Value):
    """What to do when the conditions hold: keys of task.yaml to set, an overlay to make, or only words."""

    when: Mapping[str, Condition] = {}
    values: Mapping[str, Any] = Field({}, alias="set")
    overlay: Overlay | None = None
    because: Words

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether every condition does."""
        return all(condition.holds(facts.get(name)) for name, condition in self.when.items())


class Topic(Value):
    """Rules of which the first that holds counts."""

    topic: str
    rules: tuple[Rule, ...]


class Recommendation(Value):
    """One piece of advice: dotted keys of task.yaml with their values (none: only words), and the reason in words."""

    topic: str
    values: Mapping[str, Any]
    overlay: Overlay | None
    because: str


@lru_cache(maxsize=1)
def topics() -> tuple[Topic, ...]:
    """All topics, in the order in which they are decided."""
    adapter = TypeAdapter(tuple[Topic, ...])
    return tuple(topic for name in FILES for topic in adapter.validate_python(load_yaml(f"rules/{name}.yaml")))


def recommend(facts: Mapping[str, Any], decided: Mapping[str, Any] = {}) -> tuple[Recommendation, ...]:
    """What the rules say of the facts.

    ``decided`` are dotted keys of task.yaml that the user has settled: nothing is recommended for them, and what
    follows from them does.
    """
    known = {**facts, **{key.rpartition(".")[2]: value for key, value in decided.items()}}
    found = []
    for topic in topics():
        rule = next((rule for rule in topic.rules if rule.holds(known)), None)
        if rule is None:
            continue
        values = {key: value for key, value in rule.values.items() if key not in decided}
        if rule.values and not values:
            continue
        known |= {key.rpartition(".")[2]: value for key, value in values.items()}
        because = spoken(rule.because).format_map({name: _shown(fact) for name, fact in known.items()})
        found.append(Recommendation(topic=topic.topic, values=values, overlay=rule.overlay, because=because))
    return tuple(found)


def _shown(fact: Any) -> str:
    if isinstance(fact, float):
        return f"{fact:,.1f}".removesuffix(".0")
    return f"{fact:,}" if isinstance(fact, int) else str(fact)
