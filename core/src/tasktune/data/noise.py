"""Labels that are probably wrong, found by confident learning.

A simple model (TF-IDF of characters, logistic regression) is taught all rows but a fifth, and says how probable each
label is for the rows that it has not seen; so for each fifth. A row that it finds likely to have another label, by more
than the model is unsure of that class in general, is a suspect. The method is that of Northcutt et al. 2021 (Confident
Learning: Estimating Uncertainty in Dataset Labels), by its authors' library cleanlab. A suspect is a question to a
person, not a finding: rare ways to say a thing look alike. Where words do not tell the classes apart, as with the
sentiment of one entity among several, the model knows nothing of the labels, and nobody is suspected.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasktune.data.check import report_on
from tasktune.data.records import SPLITS, Split
from tasktune.data.rows import read_split, used_records
from tasktune.data.scan import scan
from tasktune.errors import InputError
from tasktune.locale import translate as _
from tasktune.types import Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

FOLDS = 5
FEWEST_TEXTS = FOLDS
"""A class of fewer different texts cannot be in every fold; nothing can be said of its rows."""
MOST_ROWS = 20_000
"""Of more rows evenly spaced ones are looked at, so that it stays a matter of a minute or two."""
MOST_CHARACTERS = 1_000
"""Characters of a text, from its start, that the model sees."""
CLEARLY = 5
"""How many times as probable the other label has to be. A simple model is wrong about many right labels, but mostly not
by that much: with 1 most of the list is right labels, with 10 a sixth of the wrong ones is gone
(benchmarks/label_noise.py)."""
LEAST_AGREEMENT = 0.6
"""The least share of the rows that are not suspects to which the model has to give their label. It gives it to 79 % in
MASSIVE, with wrong labels planted or not, and to 37 % of a data set of ours without wrong labels, of which it would
suspect 14 %: those are its own mistakes."""
SEED = 0
_PENALTY, _PASSES = 1e-4, 20
"""Of the logistic regression; benchmarks/label_noise.py has what comes of them."""


class Suspect(Value):
    """A row whose label is probably wrong: the label that it has, the one that is more probable, and their
    probabilities. The lower ``score``, that of the label that it has, the more suspicious it is."""

    id: str
    split: Split
    text: str
    given: str
    probable: str
    score: float
    probability: float


class LabelNoise(Value):
    """The suspects, the most suspicious first, among the rows that were looked at.

    ``rows`` counts these, ``all_rows`` all that have a label, ``rare`` the rows of classes with too few texts.
    ``agreement`` is the share of the rows that are not suspects to which the model gives their label; None where there
    is nothing to choose from. Where it is too low, nobody is suspected.
    """

    rows: int
    all_rows: int
    rare: int
    suspects: tuple[Suspect, ...]
    agreement: float | None = None

    @property
    def knows(self) -> bool:
        """Whether the model knows the classes well enough to doubt a label."""
        return self.agreement is None or self.agreement >= LEAST_AGREEMENT

    @property
    def share(self) -> float:
        """The share of suspects."""
        return len(self.suspects) / self.rows if self.rows else 0.0


def label_noise(task: Task) -> LabelNoise:
    """Look at the rows of a task, of all splits together.

    :raises InputError: the data have problems, the task's answers are no single labels, or cleanlab is absent.
    """
    if not can_look():
        raise InputError(_("cleanlab is not installed"), hint=_("pip install 'tasktune[data]'"))
    found = scan(task)
    report_on(found, task).raise_for_problems()
    noise = noise_in(task, used_records(task, found))
    if noise is None:
        raise InputError(
            _("the answers of {task_type} are no single labels of a set", task_type=task.spec.task_type),
            hint=_("label noise is looked for only where every row has one label"),
        )
    return noise


def prepared_noise(task: Task, prepared: Path) -> LabelNoise | None:
    """The same of the rows that a version was made with; None where it cannot be looked for."""
    if not can_look():
        return None
    return noise_in(task, ((split, record) for split in SPLITS for record in read_split(prepared, split)))


def can_look() -> bool:
    """Whether the packages for it are there."""
    return find_spec("cleanlab") is not None and find_spec("sklearn") is not None


def noise_in(task: Task, records: Iterable[tuple[Split, Record]]) -> LabelNoise | None:
    """Look at records of any splits; None if any of them has not exactly one label of a closed set."""
    rows: list[_Row] = []
    for split, record in records:
        if record.target is None:
            continue
        row = _row_of(task, split, record)
        if row is None:
            return None
        rows.append(row)
    looked = rows[:: max(1, -(-len(rows) // MOST_ROWS))]
    texts = Counter(label for label, _text in {(row.label, row.text) for row in looked})
    large = [row for row in looked if texts[row.label] >= FEWEST_TEXTS]
    labels = sorted({row.label for row in large})
    found = _judged(large, labels) if len(labels) > 1 else {"suspects": ()}
    return LabelNoise(rows=len(large), all_rows=len(rows), rare=len(looked) - len(large), **found)


class _Row(Value):
    id: str
    split: Split
    text: str
    label: str


def _row_of(task: Task, split: Split, record: Record) -> _Row | None:
    classes = task.plugin.target_classes(record, task.options)
    prompt = task.plugin.build_prompt(record, task.options)
    if len(classes) != 1 or prompt.choices is None:
        return None
    # All rows share the system prompt.
    text = "\n".join(message.content for message in prompt.messages if message.role == "user")
    return _Row(id=record.id, split=split, text=text[:MOST_CHARACTERS], label=classes[0])


def _judged(rows: Sequence[_Row], labels: Sequence[str]) -> dict[str, Any]:
    """The suspects, and how well the model knows the other rows."""
    import numpy
    from cleanlab.filter import find_label_issues

    number = {label: index for index, label in enumerate(labels)}
    given = numpy.array([number[row.label] for row in rows])
    probabilities = out_of_fold([row.text for row in rows], given, folds_of(rows))
    found = find_label_issues(given, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    probable = probabilities.argmax(axis=1)
    clear = [place for place in found if probabilities[place].max() >= CLEARLY * probabilities[place, given[place]]]
    others = numpy.ones(len(rows), dtype=bool)
    others[clear] = False
    agreement = float((probable == given)[others].mean()) if others.any() else 0.0
    suspects = (
        Suspect(
            id=rows[place].id,
            split=rows[place].split,
            text=rows[place].text,
            given=rows[place].label,
            probable=labels[probable[place]],
            score=round(float(probabilities[place, given[place]]), 6),
            probability=round(float(probabilities[place].max()), 6),
        )
        for place in clear
    )
    return {"suspects": tuple(suspects) if agreement >= LEAST_AGREEMENT else (), "agreement": round(agreement, 6)}


def folds_of(rows: Sequence[_Row]) -> list[int]:
    """A fold for each row: every class in all of them alike, and copies of a text in one, lest it vouch for itself."""
    order = list(range(len(rows)))
    random.Random(SEED).shuffle(order)
    of_text: dict[str, int] = {}
    dealt: Counter[str] = Counter()
    for place in order:
        row = rows[place]
        if row.text not in of_text:
            of_text[row.text] = dealt[row.label] % FOLDS
            dealt[row.label] += 1
    return [of_text[row.text] for row in rows]


def out_of_fold(texts: Sequence[str], labels: Any, folds: Sequence[int]) -> Any:
    """The probability of each label for each text, (texts, labels), by a model that has not seen the text's fold."""
    import numpy
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier

    vectors = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2).fit_transform(texts)
    found = numpy.zeros((len(texts), int(labels.max()) + 1))
    fold_of = numpy.array(folds)
    for fold in sorted(set(folds)):
        seen, unseen = fold_of != fold, fold_of == fold
        # Logistic regression, one label against the rest, by stochastic gradient descent: linear in the rows.
        model = SGDClassifier(loss="log_loss", alpha=_PENALTY, max_iter=_PASSES, tol=None, random_state=SEED)
        model.fit(vectors[seen], labels[seen])
        found[numpy.ix_(unseen, model.classes_)] = model.predict_proba(vectors[unseen])
    return found


def counts_by_pair(noise: LabelNoise) -> Mapping[tuple[str, str], int]:
    """How many suspects there are of each pair of given and probable label, the commonest first."""
    counts = Counter((each.given, each.probable) for each in noise.suspects)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
