"""Rules on the rows: in two splits, left out, cut off, with values that are new."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tasktune.evaluation.predictions import is_correct
from tasktune.improve.diagnosing.actions import by_hand, more_rows
from tasktune.improve.diagnosing.evidence import Evidence
from tasktune.improve.diagnosing.rule import Limit, Rule, found
from tasktune.improve.outliers import FAR_BELOW
from tasktune.locale import translate as _
from tasktune.types import Action, Finding, Severity

LEAKED_WARNING = Limit("share of test rows", 0.01, "more cannot be a slip or two")
LEAKED_ERROR = Limit("share of test rows", 0.05, "memory alone moves the score by up to as many points")
DROPPED_WARNING = Limit("share of training rows", 0.01, "more cannot be a slip or two")
DROPPED_ERROR = Limit("share of training rows", 0.2, "a fifth of the rows was paid for and never seen")
CUT_SHARE = Limit("share of training rows", 0.05, "one length is the longest of all for hardly any row by itself")
CUT_LENGTH = Limit("characters", 24, "short texts, such as names and dates, are often of one length")
CUT_ROWS = Limit("training rows", 10, "fewer can be of one length by chance")
UNSEEN_SHARE = Limit("share of test rows", 0.2, "fewer hardly move the score")
UNSEEN_ROWS = Limit(
    "test rows on either side", 20, "the share of right answers of 20 rows is off by 22 points in one case of twenty"
)
SIGNIFICANT = Limit("standard errors", 2.0, "a difference beyond two standard errors is chance in one case of twenty")


def leaked_rows(evidence: Evidence) -> Iterator[Finding]:
    """Test rows that ask what a training row asks: the score measures memory."""
    if evidence.rows is None or not evidence.rows.leaked:
        return
    leaked, total = evidence.rows.leaked, evidence.rows.rows["test"]
    share = len(leaked) / total
    severity: Severity = "info"
    if share >= LEAKED_WARNING.value:
        severity = "error" if share >= LEAKED_ERROR.value else "warning"
    figures: dict[str, object] = {"rows": len(leaked), "share": share}
    message = _(
        "{count} of {rows} test rows ({share:.1%}) are among the training rows, but for case, width, spaces or "
        "punctuation: the score measures memory",
        count=len(leaked),
        rows=total,
        share=share,
    )
    if evidence.answers is not None and evidence.answers.split == "test":
        inside = set(leaked)
        right = {True: [0, 0], False: [0, 0]}
        for row in evidence.answers.rows:
            side = right[row.record.id in inside]
            side[0] += bool(is_correct(row))
            side[1] += 1
        figures |= {
            "right_among_them": _share(*right[True]),
            "right_among_others": _share(*right[False]),
        }
    action = by_hand(
        "remove-leaked-rows",
        _("leave these rows out of train, or test on others"),
        _("a score that holds for new texts"),
        "tune data split . --force",
        effort="low",
        confidence="high",
    )
    keep = evidence.task.spec.data.overlap == "keep"
    actions = (
        [
            Action(
                code="drop-leaked-rows",
                title=_("leave training rows whose input is in test out of train"),
                expected_effect=_("a score that holds for new texts"),
                confidence="high",
                effort="low",
                patch={"data.overlap": "drop"},
            ),
            action,
        ]
        if keep
        else [action]
    )
    yield found("train-rows-in-test", severity, message, *actions, record_ids=leaked, evidence=figures)


def dropped_rows(evidence: Evidence) -> Iterator[Finding]:
    """Training rows that were too long, and left out."""
    if evidence.audit is None or not evidence.audit.train.dropped:
        return
    dropped, kept = evidence.audit.train.dropped, evidence.audit.train
    share = len(dropped) / (len(dropped) + kept.rows)
    severity: Severity = "info"
    if share >= DROPPED_WARNING.value:
        severity = "error" if share >= DROPPED_ERROR.value and evidence.missed else "warning"
    limit = evidence.audit.max_length
    message = _(
        "{count} training rows ({share:.1%}) are longer than training.max_length, {limit} tokens, and were left out",
        count=len(dropped),
        share=share,
        limit=limit,
    )
    needed = _needed_length(evidence)
    action = Action(
        code="raise-max-length",
        title=_("allow rows of {tokens} tokens", tokens=needed),
        expected_effect=_("all rows are learnt from"),
        gain=(0.0, 0.5 * share),
        confidence="medium",
        effort="low",
        patch={"training.max_length": needed},
    )
    yield found(
        "dropped-rows",
        severity,
        message,
        action,
        record_ids=dropped,
        evidence={"rows": len(dropped), "share": share, "max_length": limit},
    )


def _needed_length(evidence: Evidence) -> int:
    """The tokens that the longest row left out has, about: by its characters, and the tokens of others by theirs.

    Rounded up to a multiple of 256.
    """
    assert evidence.audit is not None
    split, limit = evidence.audit.train, evidence.audit.max_length
    facts = evidence.rows
    if facts is None or not facts.lengths:
        return 2 * limit
    left_out = sum(facts.lengths.values())
    characters = facts.characters + facts.answer_characters - left_out
    rate = (split.prompt_tokens + split.completion_tokens) / characters if characters > 0 else 2.0
    # A tenth more: the longest row may have rarer characters than others.
    tokens = max(limit + 1, round(1.1 * rate * max(facts.lengths.values())))
    return math.ceil(tokens / 256) * 256


def cut_texts(evidence: Evidence) -> Iterator[Finding]:
    """A field whose longest texts are all of one length, as an export or a column of a database cuts them."""
    if evidence.rows is None:
        return
    rows = evidence.rows.rows["train"]
    for name, longest in sorted(evidence.rows.longest.items()):
        share = longest.count / max(1, rows)
        if (
            longest.length < CUT_LENGTH.value
            or longest.count < max(CUT_ROWS.value, CUT_SHARE.value * rows)
            or longest.shorter == 0
        ):
            continue
        message = _(
            "{count} training rows ({share:.1%}) have a {field} of exactly {length} characters, and none has a longer "
            "one: were they cut off?",
            count=longest.count,
            share=share,
            field=name,
            length=longest.length,
        )
        action = by_hand(
            "bring-whole-texts",
            _("look whether these texts end in the middle, and import them whole"),
            _("the model sees what the labels are about"),
            "tune data preview .",
            gain=(0.0, share / 2),
        )
        yield found(
            "cut-texts",
            "warning",
            message,
            action,
            record_ids=longest.ids,
            evidence={"field": name, "length": longest.length, "rows": longest.count},
        )


def unseen_values(evidence: Evidence) -> Iterator[Finding]:
    """Answers with values that no training answer has are wrong more often: names are remembered, not found."""
    if evidence.rows is None or evidence.answers is None or evidence.answers.split != "test":
        return
    unseen, copied = set(evidence.rows.unseen), set(evidence.rows.copied)
    right = {row.record.id: bool(is_correct(row)) for row in evidence.answers.rows if row.record.id in copied}
    new = [right[name] for name in right if name in unseen]
    known = [right[name] for name in right if name not in unseen]
    if min(len(new), len(known)) < UNSEEN_ROWS.value or len(new) < UNSEEN_SHARE.value * len(evidence.answers.rows):
        return
    of_new, of_known, both = _share(sum(new), len(new)), _share(sum(known), len(known)), sum(new) + sum(known)
    pooled = both / (len(new) + len(known))
    error = math.sqrt(pooled * (1 - pooled) * (1 / len(new) + 1 / len(known)))
    if of_known - of_new < max(FAR_BELOW, SIGNIFICANT.value * error):
        return
    message = _(
        "{count} test rows have values in their answers that no training row has, such as names; {new:.1%} of these "
        "rows are right, of the others {known:.1%}",
        count=len(new),
        new=of_new,
        known=of_known,
    )
    action = more_rows(
        _("add training rows with other names and values, each a few times only"), command="tune data generate ."
    )
    yield found(
        "unseen-values",
        "warning" if evidence.missed else "info",
        message,
        action,
        record_ids=[name for name in evidence.rows.unseen if not right.get(name, True)],
        evidence={"rows": len(new), "right": of_new, "right_of_others": of_known},
    )


def _share(some: int, all: int) -> float:
    return some / all if all else 0.0


RULES = (
    Rule("train-rows-in-test", "test rows that are training rows", (LEAKED_WARNING, LEAKED_ERROR), leaked_rows),
    Rule("dropped-rows", "rows that were too long, and left out", (DROPPED_WARNING, DROPPED_ERROR), dropped_rows),
    Rule(
        "cut-texts",
        "texts that were cut off at one length before they came here",
        (CUT_SHARE, CUT_LENGTH, CUT_ROWS),
        cut_texts,
    ),
    Rule(
        "unseen-values",
        "answers with names and values that no training row has are wrong more often",
        (UNSEEN_SHARE, UNSEEN_ROWS, SIGNIFICANT),
        unseen_values,
    ),
)
