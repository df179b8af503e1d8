"""Rows that are there twice, that contradict each other, or that are in two splits: exactly, and but for their form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

from tasktune.data.checking.findings import DataFinding
from tasktune.data.checking.survey import UNUSED, Survey
from tasktune.data.records import SPLITS
from tasktune.locale import translate as _
from tasktune.types import Severity

TRAIN = SPLITS.index("train")
TEST = SPLITS.index("test")


def copies(survey: Survey, *, closed: bool, refused: bool) -> Iterator[DataFinding]:
    """What equal inputs tell. ``closed``: answers are of a set, so two answers to one input contradict each other.
    ``refused``: a run refuses rows that are in test too."""
    repeated: list[int] = []
    same_answer = 0
    contradicting: list[int] = []
    leaks: dict[tuple[int, int], _Leak] = {}
    for group in groups(survey, survey.contents):
        sides = _by_split(survey, group)
        for rows in sides.values():
            repeated += rows[1:]
            same_answer += len(rows) - len({survey.targets[row] for row in rows})
        if len({survey.targets[row] for row in group}) > 1:
            contradicting += group
        for one, other in combinations(sorted(sides), 2):
            leaks.setdefault((one, other), _Leak()).add(sides[one], sides[other])
    if repeated:
        yield _repetition(survey, repeated, same_answer)
    if contradicting:
        yield _contradiction(survey, contradicting, closed=closed)
    for (one, other), leak in sorted(leaks.items()):
        severity: Severity = "warning" if one == TRAIN else "info"
        yield DataFinding(
            code=f"same_input_in_{SPLITS[one]}_and_{SPLITS[other]}",
            severity="error" if refused and (one, other) == (TRAIN, TEST) else severity,
            message=_(
                "{count} inputs of {other} are in {one} too ({rows} rows of {other}, {rows_one} of {one})",
                count=leak.inputs,
                other=SPLITS[other],
                one=SPLITS[one],
                rows=len(leak.rows),
                rows_one=leak.rows_of_one,
            ),
            fix=_("take them out of one of the two, or set data.overlap: drop (leaves them out of train)"),
            count=leak.inputs,
            ids=survey.ids(leak.rows),
        )
    yield from _but_for_form(survey)
    yield from _shared_texts(survey)


class _Leak:
    """Inputs that two splits share: how many, the rows of the second that have them, and how many of the first."""

    def __init__(self) -> None:
        self.inputs = 0
        self.rows: list[int] = []
        self.rows_of_one = 0

    def add(self, one: Sequence[int], other: Sequence[int]) -> None:
        self.inputs += 1
        self.rows += other
        self.rows_of_one += len(one)


def groups(survey: Survey, keys: Sequence[int]) -> Iterator[list[int]]:
    """The used rows that have a key in common with another one, group by group, in the order of their first rows."""
    first: dict[int, int] = {}
    more: dict[int, list[int]] = {}
    for row in survey.used():
        start = first.setdefault(keys[row], row)
        if start != row:
            more.setdefault(start, [start]).append(row)
    del first
    yield from (more[start] for start in sorted(more))


def _by_split(survey: Survey, rows: Sequence[int]) -> dict[int, list[int]]:
    sides: dict[int, list[int]] = {}
    for row in rows:
        sides.setdefault(survey.splits[row], []).append(row)
    assert UNUSED not in sides
    return sides


def _repetition(survey: Survey, rows: list[int], same_answer: int) -> DataFinding:
    by_split = Counter(survey.splits[row] for row in rows)
    return DataFinding(
        code="duplicate_rows",
        severity="info",
        message=_(
            "{count} rows repeat an input of their split ({splits}), {same} of them with the same answer",
            count=len(rows),
            splits=_(", ").join(f"{SPLITS[split]} {number}" for split, number in sorted(by_split.items())),
            same=same_answer,
        ),
        fix=_("take the copies out, unless they are meant to weigh more (as after tune data balance)"),
        count=len(rows),
        ids=survey.ids(rows),
    )


def _contradiction(survey: Survey, rows: list[int], *, closed: bool) -> DataFinding:
    if closed:
        message = _("{count} rows have the input of another row and another answer", count=len(rows))
        fix = _("decide which answer is right, and correct or take out the other rows")
    else:
        message = _(
            "{count} rows have the input of another row and another answer, one of several right ones?", count=len(rows)
        )
        fix = _("nothing, if several answers are right; else correct or take out the wrong ones")
    return DataFinding(
        code="same_input_two_answers",
        severity="warning" if closed else "info",
        message=message,
        fix=fix,
        count=len(rows),
        ids=survey.ids(rows),
    )


def _but_for_form(survey: Survey) -> Iterator[DataFinding]:
    """Rows that differ in case, width, spaces or punctuation only."""
    rows, leaked = [], []
    for group in groups(survey, survey.folds):
        if len({survey.contents[row] for row in group}) == 1:
            continue
        seen: dict[int, set[int]] = {}
        for row in group:
            here = seen.setdefault(survey.splits[row], set())
            if here and survey.contents[row] not in here:
                rows.append(row)
            here.add(survey.contents[row])
        train = seen.get(TRAIN, set())
        leaked += [row for row in group if survey.splits[row] != TRAIN and train and survey.contents[row] not in train]
    if rows:
        yield DataFinding(
            code="same_but_for_form",
            severity="info",
            message=_(
                "{count} rows differ from another row of the split in case, width, spaces or punctuation only",
                count=len(rows),
            ),
            fix=_("keep one form of each"),
            count=len(rows),
            ids=survey.ids(rows),
        )
    if leaked:
        yield DataFinding(
            code="leak_but_for_form",
            severity="warning",
            message=_(
                "{count} held-out rows differ from a training row in case, width, spaces or punctuation only",
                count=len(leaked),
            ),
            fix=_("take them out of one of the two: the score would measure memory"),
            count=len(leaked),
            ids=survey.ids(leaked),
        )


def _shared_texts(survey: Survey) -> Iterator[DataFinding]:
    """Texts of which some rows are held out and others trained on, asked with other fields."""
    leaked = []
    for group in groups(survey, survey.texts):
        folds = {survey.folds[row] for row in group if survey.splits[row] == TRAIN}
        if folds:
            leaked += [row for row in group if survey.splits[row] != TRAIN and survey.folds[row] not in folds]
    if leaked:
        yield DataFinding(
            code="text_in_two_splits",
            severity="warning",
            message=_(
                "{count} held-out rows have the text of a training row, with other fields beside it", count=len(leaked)
            ),
            fix=_("keep a text on one side: tune data split --group-by the field with the text or its source"),
            count=len(leaked),
            ids=survey.ids(leaked),
        )
