"""Events in words, the same for the bar and for plain lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.workspace.events import Event


@dataclass(frozen=True)
class Progress:
    """How far a stage is, each part in words; ``left`` and the figures are empty when nobody knows them."""

    stage: str
    done: int
    total: int
    unit: str
    figures: str
    left: str

    @classmethod
    def of(cls, event: Event) -> Progress:
        """The progress that an event tells of."""
        data = event.data
        figures = []
        if data.get("epoch") is not None:
            figures.append(_("epoch {epoch}", epoch=f"{data['epoch']:.1f}"))
        if data.get("loss") is not None:
            figures.append(_("loss {loss}", loss=f"{data['loss']:.3f}"))
        if data.get("eval_loss") is not None:
            figures.append(_("eval loss {loss}", loss=f"{data['eval_loss']:.3f}"))
        if data.get("metric") is not None:
            figures.append(f"{data['metric_name']} {data['metric']:.3f}")
        if data.get("tokens_per_second") is not None:
            figures.append(_("{speed} tokens/s", speed=f"{data['tokens_per_second']:,.0f}"))
        left = data.get("seconds_left") if data["done"] < data["total"] else None
        return cls(
            stage=stage_name(event.stage),
            done=data["done"],
            total=data["total"],
            unit={"step": _("steps"), "row": _("rows")}.get(data["unit"], data["unit"]),
            figures=_(", ").join(figures),
            left="" if left is None else _("{time} left", time=duration(left)),
        )

    def __str__(self) -> str:
        share = f" ({100 * self.done // self.total}%)" if self.total else ""
        parts = [f"{self.done}/{self.total} {self.unit}{share}", self.figures, self.left]
        return _line(self.stage, _(", ").join(part for part in parts if part))


def stage_name(stage: str) -> str:
    """What a stage is called."""
    names = {
        "check": _("check"),
        "prepare": _("prepare"),
        "train": _("train"),
        "evaluate": _("evaluate"),
        "report": _("report"),
        "generate": _("generate"),
    }
    return names.get(stage, stage)


def stage_line(event: Event) -> str:
    """A stage or message event as one line."""
    name = stage_name(event.stage)
    if event.kind == "message":
        warning = _("warning: ") if event.data.get("level") == "warning" else ""
        return _line(name, f"{warning}{event.data['text']}")
    status = event.data["status"]
    if status == "failed":
        # Why, is told in full when the command ends.
        return _line(name, _("failed"))
    words = {"started": _("started"), "finished": _("finished"), "skipped": _("already done")}.get(status, status)
    facts = [_fact(key, value) for key, value in event.data.items() if key != "status" and _is_shown(value)]
    return _line(name, _("{words} ({facts})", words=words, facts=_(", ").join(facts)) if facts else words)


def duration(seconds: float) -> str:
    """A time span as people say it: ``45 s``, ``2 min 10 s``, ``1 h 05 min``."""
    whole = round(seconds)
    if whole < 60:
        return _("{seconds} s", seconds=whole)
    if whole < 3600:
        return _("{minutes} min {seconds} s", minutes=whole // 60, seconds=f"{whole % 60:02d}")
    return _("{hours} h {minutes} min", hours=whole // 3600, minutes=f"{whole % 3600 // 60:02d}")


def _is_shown(value: object) -> bool:
    return isinstance(value, (str, int, float, Mapping))


def _fact(key: str, value: object) -> str:
    if key == "seconds" and isinstance(value, (int, float)):
        return duration(value)
    # The colon belongs to the key: "rows" alone is the unit in "12/100 rows".
    title = _(key.replace("_", " ") + ": ")
    if isinstance(value, Mapping):
        return title + _(", ").join(f"{name} {count:,}" for name, count in value.items())
    if isinstance(value, bool):
        return title + (_("yes") if value else _("no"))
    if isinstance(value, int):
        return title + f"{value:,}"
    return title + (f"{value:.4g}" if isinstance(value, float) else str(value))


def _line(title: str, text: str) -> str:
    return _("{title}: {text}", title=title, text=text)
