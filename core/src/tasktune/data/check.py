"""``tune check``: everything about the data that can be told without a tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tasktune.data.records import SPLITS, Split
from tasktune.data.scan import Scan, scan
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value

if TYPE_CHECKING:
    from tasktune.definition import Task

# requirements: the largest class may be at most three times the smallest.
MAX_IMBALANCE = 3.0
# requirements: under 100 labelled rows fine-tuning is not worth it yet.
FEW_ROWS = 100


class CheckReport(Value):
    """What a check found.

    ``problems`` stop a run (``problem_count`` counts those beyond the list too); ``notices`` do not. ``rows`` and
    ``classes`` count per split, after cutting missing splits from train.
    """

    problems: tuple[Problem, ...]
    problem_count: int
    rows: Mapping[Split, int]
    classes: Mapping[Split, Mapping[str, int]]
    notices: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.problem_count == 0

    def raise_for_problems(self) -> None:
        """:raises InputError: with every problem, if there is any."""
        if not self.ok:
            more = self.problem_count - len(self.problems)
            raise InputError(
                _("the data have {count} problems", count=self.problem_count),
                hint=_("and {more} more", more=more) if more else None,
                problems=self.problems,
            )


def check(task: Task) -> CheckReport:
    """Read all rows of all splits and report on them; nothing is written."""
    return report_on(scan(task), task)


def report_on(found: Scan, task: Task) -> CheckReport:
    """The report of a scan."""
    problems = sorted(found.problems.kept, key=lambda problem: (problem.file or "", problem.line or 0))
    count = found.problems.count
    if not count:
        for split in SPLITS:
            if not found.rows[split] and split != "valid":
                hint = _("add rows to {path}", path=", ".join(task.spec.data.train))
                if split == "test" and task.spec.data.split.test == 0:
                    hint = _("name a file under data.test, or set data.split.test above 0")
                problems.append(task.problem(("data", split), _("the {split} split has no rows", split=split), hint))
        count = len(problems)
    return CheckReport(
        problems=tuple(problems),
        problem_count=count,
        rows=found.rows,
        classes={split: dict(sorted(counter.items())) for split, counter in found.classes.items()},
        notices=tuple(_notices(found)),
    )


def _notices(found: Scan) -> list[str]:
    notices = []
    train = found.classes["train"]
    if train:
        largest, smallest = max(train, key=lambda c: train[c]), min(train, key=lambda c: train[c])
        if train[largest] > MAX_IMBALANCE * train[smallest]:
            notices.append(
                _(
                    "classes are imbalanced: {largest} has {many} rows, {smallest} {few}; more than 3:1",
                    largest=largest,
                    many=train[largest],
                    smallest=smallest,
                    few=train[smallest],
                )
            )
    unseen = sorted(set(found.classes["test"]) - set(train))
    if unseen and train:
        notices.append(_("test has classes that train lacks: {classes}", classes=", ".join(unseen)))
    if 0 < found.rows["train"] < FEW_ROWS:
        notices.append(
            _(
                "only {rows} training rows: collect at least {few} before trusting any score",
                rows=found.rows["train"],
                few=FEW_ROWS,
            )
        )
    for split, overlap in found.overlap.items():
        fate = _("left out of train") if found.dropped else _("kept")
        shown = ", ".join(overlap.ids) + (" …" if overlap.count > len(overlap.ids) else "")
        notices.append(
            _(
                "{count} training rows have the same input as a row of {split} ({fate}): {ids}",
                count=overlap.count,
                split=split,
                fate=fate,
                ids=shown,
            )
        )
    return notices
