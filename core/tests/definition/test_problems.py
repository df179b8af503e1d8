"""Where the problems of a plugin's options model are, whatever shapes it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tasktune.definition.problems import problems_of
from tasktune.definition.tree import plain
from tasktune.definition.yaml_positions import parse


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pattern: str
    weight: float = 1.0


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")
    rules: tuple[Rule, ...] = ()
    named: Mapping[str, Rule] = {}
    either: Rule | int = 0
    flag: bool = False
    kind: Annotated[str, Field(alias="type", pattern="^[a-z]+$")] = "a"
    labels: tuple[str, ...] = Field((), validate_default=True)

    @field_validator("labels")
    @classmethod
    def _some(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if not labels:
            raise ValueError("the labels are not known")
        return labels

    @model_validator(mode="after")
    def _agree(self) -> Options:
        if self.flag and self.rules:
            raise ValueError("flag and rules exclude each other")
        return self


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", ["t.yaml: labels: the labels are not known"]),
        (
            "labels: [a]\nrules:\n  - pattern: x\n  - wieght: 1\n",
            [
                "t.yaml:4: rules[1].pattern: missing (add it)",
                "t.yaml:4: rules[1].wieght: unknown key (did you mean weight?)",
            ],
        ),
        ("labels: [a]\nrules: [{pattern: x, weight: y}]\n", ["t.yaml:2: rules[0].weight: must be a number, not 'y'"]),
        ("labels: [a]\nnamed:\n  one:\n    weight: 1\n", ["t.yaml:3: named.one.pattern: missing (add it)"]),
        ("labels: [a]\ntype: A1\n", ["t.yaml:2: type: String should match pattern '^[a-z]+$'"]),
        ("labels: [a]\ntpye: a\n", ["t.yaml:2: tpye: unknown key (did you mean type?)"]),
        (
            "labels: [a]\neither: x\n",
            ["t.yaml:2: either: must be a section with keys of its own, not 'x'; or must be a whole number, not 'x'"],
        ),
        ("labels: [a]\nflag: true\nrules: [{pattern: a}]\n", ["t.yaml: flag and rules exclude each other"]),
        ("labels: [a]\nflag: maybe\n", ["t.yaml:2: flag: must be true or false, not 'maybe'"]),
        ("labels: a\n", ["t.yaml:1: labels: must be a list, not 'a'"]),
    ],
)
def test_places(text: str, said: list[str]) -> None:
    root = parse(text or "{}", "t.yaml")
    values: Any = plain(root)
    with pytest.raises(ValidationError) as caught:
        Options.model_validate(values)
    assert [str(problem) for problem in problems_of(caught.value, root, Options)] == said
