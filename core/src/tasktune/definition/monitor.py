"""The section ``training.monitor``: how a training is watched, and what is made of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from tasktune.definition.fields import Count, InvalidValue
from tasktune.definition.section import Section
from tasktune.locale import translate as _

Tracker = Literal["tensorboard", "wandb", "mlflow", "trackio", "swanlab"]
"""Where figures can be reported to, by transformers' names."""

NEEDS: dict[Tracker, tuple[str, ...]] = {
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
    "mlflow": ("mlflow",),
    "trackio": ("trackio",),
    "swanlab": ("swanlab",),
}
"""The packages of each, any of which will do."""

DEFAULT_METRIC_ROWS = 200


def _listed(value: Any) -> Any:
    """A name as a list of one; ``none``, as transformers has it, as an empty one."""
    if value is None or value in ("none", ["none"]):
        return ()
    return (value,) if isinstance(value, str) else value


Trackers = Annotated[
    tuple[Tracker, ...],
    BeforeValidator(_listed),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": [*get_args(Tracker), "none"]},
                {"type": "array", "items": {"enum": list(get_args(Tracker))}},
            ]
        }
    ),
]


class MonitorSpec(Section):
    """How training is watched: evaluations on the way, when to stop, which weights to keep."""

    eval_steps: Count | None = None
    """Optimizer steps from one evaluation on the validation rows to the next; an epoch's when not given."""
    watch: Literal["loss", "metric"] = "loss"
    """What makes one evaluation better than another: the loss, or the primary metric of answers to validation rows."""
    metric_rows: Count | None = None
    """How many validation rows are answered for the metric, every class in its proportion; 200 when not given."""
    early_stopping: Count | None = None
    """Stop when so many evaluations in a row are no better than the best before them; off when not given."""
    keep: Literal["last", "best"] | None = None
    """Whose weights the version gets: those of the last step, or of the best evaluation (best with early_stopping and
    last without when not given)."""
    report_to: Trackers = ()
    """Trackers to report to besides: tensorboard, wandb, mlflow, trackio or swanlab, or a list of them."""

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best evaluation are what the version gets."""
        return self.keep == "best" or (self.keep is None and self.early_stopping is not None)

    @property
    def needs_validation(self) -> tuple[str, ...]:
        """The keys that say something which only validation rows can tell."""
        asked = {
            "eval_steps": self.eval_steps is not None,
            "watch": self.watch == "metric",
            "early_stopping": self.early_stopping is not None,
            "keep": self.keep == "best",
        }
        return tuple(key for key, is_asked in asked.items() if is_asked)

    @model_validator(mode="after")
    def _nothing_is_ignored(self) -> MonitorSpec:
        if self.metric_rows is not None and self.watch != "metric":
            raise InvalidValue(_("metric_rows belongs to watch: metric"), _("remove it, or set watch: metric"))
        return self
