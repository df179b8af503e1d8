"""Items about the definition and the project around it."""

from __future__ import annotations

import os
from pathlib import Path

from tasktune import base_models
from tasktune.checklist.facts import Facts, Verdict, done, either, not_needed, not_yet
from tasktune.data.checking.needs import gpus, hub_token, missing_packages
from tasktune.data.checking.survey import asked_fields
from tasktune.definition.unsupported import limits
from tasktune.locale import current_language
from tasktune.locale import translate as _

FOLDERS = ("configs", "data", "docs", "hf_cards", "scripts")
"""requirements: what a generated project has."""
LEARNING_RATES = (1e-5, 2e-5)
EPOCHS = (5, 10)
"""requirements: the ranges that the checklist names."""


def task_name(facts: Facts) -> Verdict:
    return done(facts.task.name)


def task_type(facts: Facts) -> Verdict:
    return done(facts.task.spec.task_type)


def input_format(facts: Facts) -> Verdict:
    return done(_("fields: {names}", names=", ".join(asked_fields(facts.task))))


def output_format(facts: Facts) -> Verdict:
    given = facts.task.spec.output_format
    return done(_("the task type's own") if given is None else given.type)


def labels(facts: Facts) -> Verdict:
    classes = {name for of_split in facts.report.classes.values() for name in of_split}
    if not classes and not facts.report.problem_count:
        return not_needed(_("the answers show no classes"))
    return either(bool(classes), _("{count} classes", count=len(classes)))


def primary_metric(facts: Facts) -> Verdict:
    return done(facts.task.primary_metric)


def threshold(facts: Facts) -> Verdict:
    suggested = facts.task.plugin.info.suggested_threshold
    asked = facts.task.threshold
    if facts.task.primary_metric != facts.task.plugin.info.primary_metric:
        return done(f"{asked:.2f}")
    return either(asked >= suggested, _("{asked:.2f}; {suggested:.2f} is suggested", asked=asked, suggested=suggested))


def other_metrics(facts: Facts) -> Verdict:
    language = "zh-TW" if current_language() == "zh-TW" else "en"
    names = [
        info.titles.get(language, name)
        for name, info in facts.task.plugin.info.metrics.items()
        if name != facts.task.primary_metric
    ]
    return either(bool(names), _(", ").join(names))


def amount(facts: Facts) -> Verdict:
    rows = sum(facts.report.rows.values())
    return either(rows > 0, _("{count} rows", count=f"{rows:,}"))


def gpu(facts: Facts) -> Verdict:
    found = gpus()
    if found:
        return done("; ".join(found))
    if facts.task.spec.training.base_model.startswith(base_models.BUILTIN):
        return not_needed(_("{name} trains on a CPU", name=facts.task.spec.training.base_model))
    return not_yet(_("nvidia-smi lists none"))


def base_model(facts: Facts) -> Verdict:
    return done(facts.task.spec.training.base_model)


def base_model_here(facts: Facts) -> Verdict:
    name = facts.task.spec.training.base_model
    missing = facts.finding("no_base_model") or facts.finding("base_model_not_here")
    return done(name) if missing is None else not_yet(missing.message)


def project_made(facts: Facts) -> Verdict:
    missing = _missing(facts.task.folder, ("README.md", *FOLDERS))
    return _there(missing)


def folders(facts: Facts) -> Verdict:
    return _there(_missing(facts.task.folder, FOLDERS))


def readme(facts: Facts) -> Verdict:
    return _there(_missing(facts.task.folder, ("README.md",)))


def configs(facts: Facts) -> Verdict:
    found = sorted(path.name for path in (facts.task.folder / "configs").glob("*.y*ml"))
    return done(", ".join(found)) if found else not_yet(_("configs/ has no overlay"))


def parameters(facts: Facts) -> Verdict:
    problems = limits(facts.task)
    return not_yet("; ".join(map(str, problems))) if problems else done(facts.task.file.name)


def scripts(facts: Facts) -> Verdict:
    folder = facts.task.folder / "scripts"
    found = sorted(path for pattern in ("*.py", "*.sh") for path in folder.glob(pattern))
    if not found:
        return not_yet(_("scripts/ has none"))
    stiff = [path.name for path in found if not os.access(path, os.X_OK)]
    if stiff:
        return not_yet(_("not executable: {names}", names=", ".join(stiff)))
    return done(", ".join(path.name for path in found))


def packages(facts: Facts) -> Verdict:
    missing = missing_packages()
    return not_yet(_("missing: {names}", names=", ".join(missing))) if missing else done("tasktune[train]")


def learning_rate(facts: Facts) -> Verdict:
    rate = facts.task.spec.training.learning_rate
    return either(LEARNING_RATES[0] <= rate <= LEARNING_RATES[1], f"{rate:g}")


def epochs(facts: Facts) -> Verdict:
    number = facts.task.spec.training.epochs
    return either(EPOCHS[0] <= number <= EPOCHS[1], f"{number:g}")


def token(facts: Facts) -> Verdict:
    if hub_token():
        return done(_("found; whether the Hub accepts it was not asked"))
    if facts.task.spec.huggingface.org is None:
        return not_needed(_("nothing is to be published: huggingface.org is not set"))
    return not_yet("hf auth login")


def _missing(folder: Path, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if not (folder / name).exists()]


def _there(missing: list[str]) -> Verdict:
    return not_yet(_("missing: {names}", names=", ".join(missing))) if missing else done(_("there"))
