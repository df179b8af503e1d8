"""What simple methods answer: the most frequent label, and a linear model over characters."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence

from tasktune.types import Answer, Baseline, Record
from tasktune_classification.options import ClassificationOptions

MAX_TRAIN_ROWS = 20_000
"""Rows that the linear model learns from: evenly spaced ones beyond that, so that it stays a matter of seconds."""
MAX_CHARACTERS = 2_000
"""Characters of a text, from its start, that the linear model sees."""


def baselines(train: Sequence[Record], test: Sequence[Record], options: ClassificationOptions) -> list[Baseline]:
    """``majority``: the most frequent training label for every row. ``tfidf-svc``: TF-IDF of the prompt's character
    1- to 4-grams (sublinear term frequency) and a linear support vector machine (scikit-learn's LinearSVC).

    No training labels, no baselines; the linear model needs two classes.
    """
    train = [record for record in train if record.target is not None]
    if not train:
        return []
    counts = Counter(record.target for record in train)
    position = {label: index for index, label in enumerate(options.labels)}
    majority = min(counts, key=lambda label: (-counts[label], position[label]))
    found = [Baseline(name="majority", answers=(Answer(value=majority),) * len(test))]
    if len(counts) > 1 and test:
        answers = _linear(train[:: -(-len(train) // MAX_TRAIN_ROWS)], test, options)
        found.append(Baseline(name="tfidf-svc", answers=tuple(Answer(value=label) for label in answers)))
    return found


def _linear(train: Sequence[Record], test: Sequence[Record], options: ClassificationOptions) -> list[str]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    def texts(records: Sequence[Record]) -> list[str]:
        return [options.template.render(record.inputs)[:MAX_CHARACTERS] for record in records]

    labels = [record.target for record in train]
    if len(set(labels)) == 1:  # every other class fell between the evenly spaced rows
        return [labels[0]] * len(test)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True)
    model = LinearSVC(random_state=0)
    with warnings.catch_warnings():
        # A yardstick that stopped a little early is still the yardstick; the user cannot act on it.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(vectorizer.fit_transform(texts(train)), labels)
    return [str(label) for label in model.predict(vectorizer.transform(texts(test)))]
