"""The section ``sweep``: which settings `tune sweep` tries, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import Discriminator, Field, Tag, model_validator

from tasktune.definition.fields import Count, InvalidValue, Number, Positive, Text, Whole
from tasktune.definition.section import Section
from tasktune.locale import translate as _


class Span(Section):
    """Numbers from low to high."""

    low: Whole | Number
    """The least value."""
    high: Whole | Number
    """The greatest value."""
    log: bool = False
    """Every order of magnitude gets as many trials as any other, as learning rates want it."""
    step: Whole | Positive | None = None
    """The distance from one value to the next; 1 for whole numbers, and any for others, when not given."""

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int) and isinstance(self.step, int | None)

    @model_validator(mode="after")
    def _is_one(self) -> Span:
        if self.low >= self.high:
            raise InvalidValue(_("low must be less than high"))
        if self.log and (self.low <= 0 or self.step is not None):
            raise InvalidValue(_("log wants low above 0, and no step"), _("remove log"))
        steps = 0 if self.step is None else (self.high - self.low) / self.step
        if self.step is not None and (self.step <= 0 or abs(steps - round(steps)) > 1e-9):
            raise InvalidValue(_("high is no whole number of steps above low"), _("change high or step"))
        return self


Choices: TypeAlias = Annotated[tuple[bool | Whole | Number | Text | None, ...], Field(min_length=2)]
Searched: TypeAlias = Annotated[
    Annotated[Span, Tag("span")] | Annotated[Choices, Tag("choices")],
    Discriminator(lambda value: "choices" if isinstance(value, (list, tuple)) else "span"),
]
"""The values of a key that are tried: ``[8, 16, 32]``, or ``{low: 1e-5, high: 1e-3, log: true}``."""


class SweepSpec(Section):
    """What `tune sweep` tries: settings of the training, judged by the primary metric on the validation rows."""

    trials: Count = 20
    """How many settings are tried."""
    minutes: Positive | None = None
    """Begin no trial when those that are done have taken so long; without a limit when not given."""
    seeds: Count = 3
    """How often the best setting, and the task's own beside it, are trained again with other seeds."""
    space: Mapping[Text, Searched] = {}
    """The keys that are tried, such as training.learning_rate, each with a list of values or with low and high."""
