"""``tune check``: what is wrong with a task's data, found before anything is trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from tasktune.data.checking.classes import distribution, overlaps, without_rows
from tasktune.data.checking.copies import copies
from tasktune.data.checking.findings import DataFinding, by_severity
from tasktune.data.checking.fix import Fixes, apply, plan
from tasktune.data.checking.near import near_copies
from tasktune.data.checking.needs import needs
from tasktune.data.checking.survey import Survey
from tasktune.data.checking.texts import texts
from tasktune.data.checking.tokens import TokenAudit, audit
from tasktune.data.preferences import check_pairs
from tasktune.data.records import MAX_PROBLEMS, SPLITS, Split
from tasktune.data.scan import Scan, scan
from tasktune.definition.suggest import did_you_mean
from tasktune.definition.unsupported import limits
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _
from tasktune.types import Value

if TYPE_CHECKING:
    from tasktune.definition import Task


class CheckReport(Value):
    """What a check found.

    ``problems`` stop a run (``problem_count`` counts those beyond the list too), and so does a finding that is an
    error; other findings do not. ``rows`` and ``classes`` count per split, after cutting missing splits from train.
    ``tokens`` is None when they were not counted.
    """

    problems: tuple[Problem, ...]
    problem_count: int
    rows: Mapping[Split, int]
    classes: Mapping[Split, Mapping[str, int]]
    findings: tuple[DataFinding, ...]
    tokens: TokenAudit | None = None

    @property
    def ok(self) -> bool:
        return self.problem_count == 0 and not any(finding.severity == "error" for finding in self.findings)

    @property
    def notices(self) -> tuple[str, ...]:
        """The findings that a run had better heed, in words."""
        heeded = (finding for finding in self.findings if finding.severity != "info")
        return tuple(finding.message + _listed(finding) for finding in heeded)

    def raise_for_problems(self) -> None:
        """:raises InputError: with every problem, if there is any."""
        if self.problem_count:
            more = self.problem_count - len(self.problems)
            raise InputError(
                _("the data have {count} problems", count=self.problem_count),
                hint=_("and {more} more", more=more) if more else None,
                problems=self.problems,
            )


def check(task: Task, *, tokens: bool = False) -> CheckReport:
    """Read all rows of all splits and report everything that can be told of them; nothing is written.

    With ``tokens`` the base model's tokenizer counts them too, if the rows have no problems.
    """
    with Survey(task) as survey:
        found = scan(task, survey.add)
        survey.settle(found)
        check_what_training_asks(task, found)
        report = report_on(found, task, _everything(task, found, survey))
    unsupported = limits(task)
    audited = None
    findings = list(report.findings)
    if tokens and not report.problem_count:
        audited, of_tokens = audit(task, found)
        findings += of_tokens
    return report.model_copy(
        update={
            "problems": (*unsupported, *report.problems)[:MAX_PROBLEMS],
            "problem_count": report.problem_count + len(unsupported),
            "findings": by_severity(findings),
            "tokens": audited,
        }
    )


def check_what_training_asks(task: Task, found: Scan) -> None:
    """Add to the problems of a scan what the rows lack for the way in which the task is to be trained."""
    training = task.spec.training
    if training.learns_preference:
        check_pairs(task, found.tested.__contains__, found.problems)
    if not found.rows["valid"]:
        hint = _("name a file under data.valid, set data.split.valid above 0, or remove it")
        for key in training.monitor.needs_validation:
            message = _("there are no validation rows to evaluate on")
            found.problems.add(task.problem(("training", "monitor", key), message, hint))
        if task.spec.evaluation.abstain.asked:
            message = _("there are no validation rows to choose a threshold on")
            found.problems.add(task.problem(("evaluation", "abstain"), message, hint))
    known = set().union(*found.classes.values())
    if training.sampling == "balanced" and not known:
        message = _("{task_type} knows no classes", task_type=task.spec.task_type)
        found.problems.add(task.problem(("training", "sampling"), message, _("use natural")))
    if training.class_weights is None:
        return
    if not known:
        message = _("{task_type} knows no classes", task_type=task.spec.task_type)
        found.problems.add(task.problem(("training", "class_weights"), message, _("remove it")))
    elif training.class_weights != "balanced":
        for name in sorted(set(training.class_weights) - known):
            hint = did_you_mean(name, sorted(known)) or _("the classes are {known}", known=", ".join(sorted(known)))
            found.problems.add(task.problem(("training", "class_weights", name), _("no row shows this class"), hint))


def mend(task: Task) -> Fixes:
    """Mend the rows of the task's files that can be mended without a change of what they say.

    :raises InputError: the files cannot be rewritten; they are as they were.
    """
    with Survey(task) as survey:
        found = scan(task, survey.add)
        return apply(task, known_classes(found, survey))


def report_on(found: Scan, task: Task, findings: Iterable[DataFinding] | None = None) -> CheckReport:
    """The report of a scan, with ``findings``, or those that the scan itself allows."""
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
        findings=by_severity((*distribution(found), *overlaps(found)) if findings is None else findings),
    )


def known_classes(found: Scan, survey: Survey) -> tuple[str, ...]:
    """The classes that sound rows show, and those that answers are chosen from."""
    return tuple(sorted({*survey.choices, *(name for counter in found.classes.values() for name in counter)}))


def _everything(task: Task, found: Scan, survey: Survey) -> Iterator[DataFinding]:
    yield from distribution(found)
    if found.dropped:
        yield from overlaps(found)
    closed = any(found.classes.values())
    yield from without_rows(found, survey.choices)
    yield from copies(survey, closed=closed, refused=task.spec.data.overlap == "refuse")
    yield from near_copies(survey)
    yield from texts(survey, task.spec.language)
    for remark, evidence in survey.remarks.items():
        yield DataFinding(
            code=remark[0],
            severity="warning",
            message=_("{count} rows: {remark}", count=evidence.count, remark=remark[1]),
            fix=remark[2],
            count=evidence.count,
            ids=tuple(evidence.ids),
        )
    if found.problems.count:
        yield from _savable(task, found, survey)
    yield from needs(task)


def _savable(task: Task, found: Scan, survey: Survey) -> Iterator[DataFinding]:
    planned = plan(task, known_classes(found, survey))
    if planned.saved:
        yield DataFinding(
            code="misspelt",
            severity="error",
            message=_(
                "{count} refused rows are sound but for case, width, spaces or invisible characters",
                count=planned.saved,
            ),
            fix=_("tune check --fix writes them as they are meant"),
            count=planned.saved,
            ids=tuple(planned.saved_ids),
            fixable=True,
        )


def _listed(finding: DataFinding) -> str:
    if not finding.ids:
        return ""
    return ": " + ", ".join(finding.ids) + (" …" if finding.count > len(finding.ids) else "")
