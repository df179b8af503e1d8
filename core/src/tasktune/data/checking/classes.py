"""How rows are spread over classes, and names of classes that are too much alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from tasktune.data.checking.findings import IDS_KEPT, DataFinding
from tasktune.data.labels import fold
from tasktune.data.scan import Scan
from tasktune.locale import translate as _

MAX_IMBALANCE = 3.0
"""requirements: the largest class may be at most three times the smallest."""
FEW_ROWS = 100
"""requirements: under 100 labelled rows fine-tuning is not worth it yet."""
FEW_OF_CLASS = 5
"""Fewer rows of a class cannot be split over train, valid and test with more than one in train."""


def distribution(found: Scan) -> Iterator[DataFinding]:
    """The counts of rows and classes that bode ill."""
    train = found.classes["train"]
    if train:
        yield from _imbalance(train)
        rare = sorted(name for name, count in train.items() if count < FEW_OF_CLASS)
        if rare:
            yield DataFinding(
                code="rare_classes",
                severity="warning",
                message=_("classes with under {few} training rows: {classes}", few=FEW_OF_CLASS, classes=_few(rare)),
                fix=_("label more rows of them, or merge them into others"),
                count=len(rare),
            )
        unseen = sorted(set(found.classes["test"]) - set(train))
        if unseen:
            yield DataFinding(
                code="classes_only_in_test",
                severity="warning",
                message=_("test has classes that train lacks: {classes}", classes=_few(unseen)),
                fix=_("move rows of them to train, or split anew with tune data split"),
                count=len(unseen),
            )
        untested = sorted(set(train) - set(found.classes["test"]))
        if untested and found.rows["test"]:
            yield DataFinding(
                code="classes_not_in_test",
                severity="info",
                message=_("test has no row of these classes: {classes}", classes=_few(untested)),
                fix=_("add rows of them to test; without them nobody knows how well they are told"),
                count=len(untested),
            )
        yield from alike({*train, *found.classes["test"], *found.classes["valid"]})
    if 0 < found.rows["train"] < FEW_ROWS:
        yield DataFinding(
            code="few_rows",
            severity="warning",
            message=_(
                "only {rows} training rows: collect at least {few} before trusting any score",
                rows=found.rows["train"],
                few=FEW_ROWS,
            ),
            fix=_("label more rows"),
            count=found.rows["train"],
        )


def without_rows(found: Scan, choices: Collection[str]) -> Iterator[DataFinding]:
    """Classes that an answer may name and that no training row shows."""
    train = found.classes["train"]
    missing = sorted(set(choices) - set(train))
    if missing and set(train) <= set(choices):
        yield DataFinding(
            code="classes_without_rows",
            severity="warning",
            message=_("no training row has these classes: {classes}", classes=_few(missing)),
            fix=_("label rows of them, or take them out of the label set"),
            count=len(missing),
        )


def overlaps(found: Scan) -> Iterator[DataFinding]:
    """Training rows that a held-out split has too, as the scan saw them."""
    for split, overlap in found.overlap.items():
        fate = _("left out of train") if found.dropped else _("kept")
        yield DataFinding(
            code=f"train_rows_in_{split}",
            severity="warning",
            message=_(
                "{count} training rows have the same input as a row of {split} ({fate})",
                count=overlap.count,
                split=split,
                fate=fate,
            ),
            fix=_("take them out of one of the two, or set data.overlap: drop (leaves them out of train)"),
            count=overlap.count,
            ids=tuple(overlap.ids),
        )


def alike(names: Iterable[str]) -> Iterator[DataFinding]:
    """Names of classes that differ in case, width or spaces only."""
    by_fold: dict[str, list[str]] = {}
    for name in sorted(names):
        by_fold.setdefault(fold(name), []).append(name)
    groups = [" = ".join(map(repr, same)) for same in by_fold.values() if len(same) > 1]
    if groups:
        yield DataFinding(
            code="classes_alike",
            severity="warning",
            message=_("classes that differ in case, width or spaces only: {classes}", classes=_few(groups)),
            fix=_("keep one spelling of each in the rows and in the label set"),
            count=len(groups),
        )


def _imbalance(train: Mapping[str, int]) -> Iterator[DataFinding]:
    largest, smallest = max(train, key=lambda name: train[name]), min(train, key=lambda name: train[name])
    if train[largest] > MAX_IMBALANCE * train[smallest]:
        yield DataFinding(
            code="imbalance",
            severity="warning",
            message=_(
                "classes are imbalanced: {largest} has {many} rows, {smallest} {few}; more than 3:1",
                largest=largest,
                many=train[largest],
                smallest=smallest,
                few=train[smallest],
            ),
            fix=_("collect rows of the rare classes, or repeat them with tune data balance"),
            count=sum(train[largest] > MAX_IMBALANCE * count for count in train.values()),
        )


def _few(names: list[str]) -> str:
    more = len(names) - 2 * IDS_KEPT
    shown = ", ".join(names[: 2 * IDS_KEPT])
    return shown if more <= 0 else shown + " " + _("… and {more} more", more=more)
