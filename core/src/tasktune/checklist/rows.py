"""Items about the data, told by a check of every row."""

from __future__ import annotations

from tasktune.checklist.facts import Facts, Verdict, done, either, not_needed, not_yet
from tasktune.data.records import SPLITS, Split
from tasktune.data.scan import SAME_INPUT
from tasktune.errors import Problem
from tasktune.locale import translate as _


def raw_data(facts: Facts) -> Verdict:
    files = [path.name for path in sorted((facts.task.folder / "data" / "raw").glob("*")) if path.is_file()]
    return done(", ".join(files[:5])) if files else not_yet(_("data/raw has no file"))


def jsonl(facts: Facts) -> Verdict:
    files = [path for split in SPLITS for path in facts.task.data_files(split)]
    others = sorted({path.suffix for path in files if path.suffix.lower() != ".jsonl"})
    if others:
        return not_needed(_("{formats} is read as it is", formats=", ".join(others)))
    return done(_(", ").join(path.name for path in files))


def all_classes(facts: Facts) -> Verdict:
    if not _classes(facts):
        return not_needed(_("the answers show no classes"))
    missing = facts.finding("classes_without_rows") or facts.finding("classes_only_in_test")
    return not_yet(missing.message) if missing else done(_("{count} classes", count=len(facts.report.classes["train"])))


def validated(facts: Facts) -> Verdict:
    return done(_("{count} rows read just now", count=f"{sum(facts.report.rows.values()):,}"))


def readable(facts: Facts) -> Verdict:
    return _without([p for p in facts.report.problems if p.path is None and p.line is not None and not _leak(p)])


def fields(facts: Facts) -> Verdict:
    return _without([p for p in _of_rows(facts) if not _of_target(p, facts)])


def label_values(facts: Facts) -> Verdict:
    return _without([p for p in _of_rows(facts) if _of_target(p, facts)])


def distribution(facts: Facts) -> Verdict:
    if not _classes(facts):
        return not_needed(_("the answers show no classes"))
    counts = facts.report.classes["train"]
    least, most = min(counts.values()), max(counts.values())
    return done(_("{count} classes of {least} to {most} training rows", count=len(counts), least=least, most=most))


def class_counts(facts: Facts) -> Verdict:
    if not _classes(facts):
        return not_needed(_("the answers show no classes"))
    rare = facts.finding("classes_without_rows") or facts.finding("rare_classes")
    return not_yet(rare.message) if rare else distribution(facts)


def balance(facts: Facts) -> Verdict:
    if not _classes(facts):
        return not_needed(_("the answers show no classes"))
    found = facts.finding("imbalance")
    return not_yet(found.message) if found else distribution(facts)


def oversampled(facts: Facts) -> Verdict:
    found = facts.finding("imbalance")
    return not_yet(found.fix) if found else not_needed(_("the classes are balanced"))


def chat_files(facts: Facts) -> Verdict:
    return chat_train(facts)


def chats(facts: Facts) -> Verdict:
    if facts.report.problem_count:
        return not_yet(_("{count} problems", count=f"{facts.report.problem_count:,}"))
    return done(_("every row's chat was built, and its answer read back"))


def split(facts: Facts) -> Verdict:
    rows = facts.report.rows
    return either(all(rows.values()), _(", ").join(f"{name} {count:,}" for name, count in rows.items()))


def chat_train(facts: Facts) -> Verdict:
    return _chat_file(facts, "train")


def chat_valid(facts: Facts) -> Verdict:
    return _chat_file(facts, "valid")


def test_file(facts: Facts) -> Verdict:
    files = facts.task.data_files("test")
    if files:
        return either(all(path.is_file() for path in files), _(", ").join(path.name for path in files))
    if facts.report.rows["test"]:
        return not_needed(_("a run takes test from train; tune data split writes it to a file"))
    return not_yet(_("the {split} split has no rows", split="test"))


def no_leak(facts: Facts) -> Verdict:
    if not facts.report.rows["test"]:
        return not_yet(_("the {split} split has no rows", split="test"))
    for code in ("same_input_in_train_and_test", "leak_but_for_form", "text_in_two_splits", "near_leak_to_test"):
        found = facts.finding(code)
        if found:
            return not_yet(found.message)
    unsought = facts.finding("near_duplicates_not_sought")
    return done(_("no row is in both, nor nearly") if unsought is None else _("no row is in both"))


def _classes(facts: Facts) -> bool:
    return bool(facts.report.classes["train"])


def _of_rows(facts: Facts) -> list[Problem]:
    return [problem for problem in facts.report.problems if problem.path is not None and problem.line is not None]


def _of_target(problem: Problem, facts: Facts) -> bool:
    target = facts.task.plugin.info.target_field
    return problem.path is not None and problem.path.split("[")[0].split(".")[0] == target


def _leak(problem: Problem) -> bool:
    return problem.message == _(SAME_INPUT)


def _without(problems: list[Problem]) -> Verdict:
    if problems:
        return not_yet(_("{count} problems, the first: {problem}", count=len(problems), problem=problems[0]))
    return done(_("no problems"))


def _chat_file(facts: Facts, split: Split) -> Verdict:
    path = facts.task.folder / "data" / "chat_format" / f"{split}.jsonl"
    if path.is_file():
        return done(path.name)
    return not_needed(_("a run makes the chats itself; tune data convert writes them to files"))
