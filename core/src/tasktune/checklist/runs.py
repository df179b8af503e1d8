"""Items about training and evaluation, told by the files of the newest trained version."""

from __future__ import annotations

import math

from tasktune.checklist.facts import (
    Facts,
    Verdict,
    after_training,
    done,
    either,
    falls,
    not_needed,
    not_yet,
    unknown,
)
from tasktune.evaluation.predictions import FILE_NAME
from tasktune.locale import translate as _


def trained(facts: Facts) -> Verdict:
    if facts.trained is None:
        return unknown(_("no version is trained yet"))
    return done(_("{version} was trained to its end", version=facts.trained.name))


def loss_falls(facts: Facts) -> Verdict:
    losses = facts.losses.get("loss", [])
    if len(losses) < 2:
        return after_training(facts) or unknown(_("too few losses are on record"))
    return either(falls(losses), f"{losses[0]:.3f} → {losses[-1]:.3f}")


def eval_loss(facts: Facts) -> Verdict:
    losses = facts.losses.get("eval_loss", [])
    if len(losses) < 2:
        return after_training(facts) or unknown(_("too few losses are on record"))
    return either(losses[-1] <= losses[0], f"{losses[0]:.3f} → {losses[-1]:.3f}")


def loss_finite(facts: Facts) -> Verdict:
    losses = facts.losses.get("loss", [])
    if not losses:
        return after_training(facts) or unknown(_("too few losses are on record"))
    return either(all(map(math.isfinite, losses)), _("{count} losses on record", count=len(losses)))


def evaluated(facts: Facts) -> Verdict:
    if facts.trained is None or facts.evaluation is None:
        return not_yet(_("no version is evaluated yet"))
    return done(facts.trained.name)


def decoding(facts: Facts) -> Verdict:
    if facts.trained is None:
        return unknown(_("no version is trained yet"))
    return either(facts.trained.decoding.exists(), f"{facts.trained.name}/{facts.trained.decoding.name}")


def criteria_met(facts: Facts) -> Verdict:
    if facts.evaluation is None:
        return unknown(_("no version is evaluated yet"))
    headline = facts.evaluation.headline
    value = facts.evaluation.metrics.values[headline.metric]
    return either(facts.evaluation.met, f"{headline.metric} {value:.3f} / {headline.threshold:.2f}")


def per_class(facts: Facts) -> Verdict:
    if facts.evaluation is None:
        return unknown(_("no version is evaluated yet"))
    classes = facts.evaluation.metrics.per_class
    return done(_("{count} classes", count=len(classes))) if classes else not_needed(_("the answers show no classes"))


def confusion(facts: Facts) -> Verdict:
    if facts.evaluation is None:
        return unknown(_("no version is evaluated yet"))
    matrix = facts.evaluation.metrics.confusion
    return (
        not_needed(_("this task type has none"))
        if matrix is None
        else done(f"{len(matrix.rows)} × {len(matrix.columns)}")
    )


def mistakes(facts: Facts) -> Verdict:
    if facts.trained is None or facts.evaluation is None:
        return unknown(_("no version is evaluated yet"))
    return either((facts.trained.evaluation / FILE_NAME).exists(), f"{facts.trained.name}/evaluation/{FILE_NAME}")


def report(facts: Facts) -> Verdict:
    return _file(facts, "report.md")


def metrics_file(facts: Facts) -> Verdict:
    return _file(facts, "metrics.json")


def nothing_to_improve(facts: Facts) -> Verdict:
    if facts.evaluation is None:
        return unknown(_("no version is evaluated yet"))
    if facts.evaluation.met:
        return not_needed(_("the criteria are met"))
    return not_yet(_("the criteria are not met"))


def versions_kept(facts: Facts) -> Verdict:
    names = ", ".join(version.name for version in facts.versions)
    if not names:
        return unknown(_("no version is trained yet"))
    if facts.adopted is None:
        return done(_("{names}; none is adopted", names=names))
    return done(_("{names}; {version} is adopted", names=names, version=facts.adopted))


def _file(facts: Facts, name: str) -> Verdict:
    if facts.trained is None:
        return unknown(_("no version is evaluated yet"))
    return either((facts.trained.evaluation / name).exists(), f"{facts.trained.name}/evaluation/{name}")
