"""The laws, one module for each part of the contract."""

from __future__ import annotations

from tasktune.testing.laws.answers import AnswerLaws
from tasktune.testing.laws.contract import ContractLaws
from tasktune.testing.laws.data import DataLaws
from tasktune.testing.laws.findings import FindingLaws
from tasktune.testing.laws.prompts import PromptLaws
from tasktune.testing.laws.scores import ScoreLaws
from tasktune.testing.laws.setup import SetupLaws


class TaskTypeSuite(ContractLaws, DataLaws, PromptLaws, AnswerLaws, ScoreLaws, FindingLaws, SetupLaws):
    """Every law of a task type. Subclass it, name the class ``Test…`` and set :attr:`name`.

    ``name``: the task type's name in the entry-point group ``tasktune.task_types``.
    ``options``: its options; empty means the ``example_options`` of its ``plugin_info``.
    ``records``: labelled records, in canonical form, beyond the ``examples`` of its ``plugin_info``.
    ``with_examples``: False leaves those examples out, when they do not fit ``options``.
    ``has_empty_target``: True demands that one of the records has an empty target (no entities, an empty text);
    False says that there is no such answer; None (the default) lets the records decide.

    A subclass may add tests. It cannot replace one of these: a law that is bent for one plugin protects no user.
    """
