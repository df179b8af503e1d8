"""The canonical task.yaml as frozen models: every key, its default and its rule.

The other spellings that are accepted are turned into these keys before (:mod:`tasktune.definition.spellings`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import model_validator

from tasktune.definition.fields import (
    Baselines,
    Count,
    DataFiles,
    Devices,
    Encoding,
    EndpointUrl,
    HubName,
    InvalidValue,
    Language,
    Lines,
    Name,
    Naming,
    NotNegative,
    Seed,
    Share,
    ShareBelowOne,
    ShellWord,
    Text,
    VariableName,
)
from tasktune.definition.section import Section as Section
from tasktune.definition.sweep import SweepSpec
from tasktune.definition.training import TrainingSpec
from tasktune.locale import translate as _
from tasktune.types import OutputFormat


class SplitSpec(Section):
    """Shares of the training rows that become the validation and test sets when these have no file."""

    valid: ShareBelowOne = 0.1
    """Share of the validation rows."""
    test: ShareBelowOne = 0.1
    """Share of the test rows."""
    seed: Seed = 42
    """Seed of the random split."""
    group_by: Text | None = None
    """A field, such as the source of a text: rows in which it is equal stay in one split."""

    @model_validator(mode="after")
    def _leaves_training_rows(self) -> SplitSpec:
        if self.valid + self.test >= 1:
            total = f"{self.valid + self.test:g}"
            raise InvalidValue(
                _("valid + test is {total}: no rows are left to train on", total=total),
                _("make the two shares add up to less than 1"),
            )
        return self


class GenerateSpec(Section):
    """The language model that `tune data generate` asks for rows: any server that speaks OpenAI's protocol."""

    model: Text | None = None
    """The model's name at the server; OPENAI_MODEL in the environment when not given."""
    base_url: EndpointUrl | None = None
    """The server's address; OPENAI_BASE_URL in the environment, else OpenAI's own, when not given."""
    api_key_env: VariableName | None = None
    """The environment variable that holds the key, which is never written anywhere; OPENAI_API_KEY when not given."""
    input_price: NotNegative | None = None
    """What a million prompt tokens cost, in any currency, for the estimate."""
    output_price: NotNegative | None = None
    """What a million answer tokens cost, in the same currency."""

    @model_validator(mode="after")
    def _prices_come_together(self) -> GenerateSpec:
        if (self.input_price is None) != (self.output_price is None):
            raise InvalidValue(_("one price alone makes no cost"), _("give input_price and output_price, or neither"))
        return self


class DataSpec(Section):
    """Where the rows are and how to read them. Paths are relative to the task's folder, or absolute."""

    train: DataFiles = ("data/train.jsonl",)
    """The training rows: a file or a list of files, JSONL or CSV."""
    valid: DataFiles | None = None
    """The validation rows; by default data/valid.jsonl if it is there, else a share of the training rows."""
    test: DataFiles | None = None
    """The test rows; by default data/test.jsonl if it is there, else a share of the training rows."""
    pairs: DataFiles | None = None
    """Rows with a chosen and a rejected answer, which orpo and dpo train on: a JSONL or CSV file or a list of them."""
    fields: Mapping[Text, Text] = {}
    """Our field name to the file's column name, where they differ."""
    encoding: Encoding = "utf-8"
    """The text encoding of the files."""
    split: SplitSpec = SplitSpec()
    """How to split when there is no validation or test file."""
    over_length: Literal["refuse", "drop"] = "refuse"
    """What to do with rows longer than training.max_length: refuse to start, naming them, or drop them."""
    overlap: Literal["refuse", "drop", "keep"] = "refuse"
    """What to do with training rows whose input is in the test split too: refuse to start, naming them, drop them
    from train, or keep them (and say so)."""
    generate: GenerateSpec = GenerateSpec()
    """The language model that is asked for more rows."""


class AbstainSpec(Section):
    """From which probability on an answer is given and not left to a person; chosen on the validation rows."""

    target_precision: Share | None = None
    """The share of right answers among those that are given."""
    coverage: Share | None = None
    """The share of rows that are answered."""

    @property
    def asked(self) -> bool:
        """Whether a threshold is to be chosen."""
        return self.target_precision is not None or self.coverage is not None

    @model_validator(mode="after")
    def _one_target(self) -> AbstainSpec:
        if self.target_precision is not None and self.coverage is not None:
            raise InvalidValue(
                _("one threshold cannot have two targets"), _("give target_precision or coverage, and remove the other")
            )
        return self


class EvaluationSpec(Section):
    """How answers are generated for scoring; always greedily."""

    decoding: Literal["free", "constrained", "both"] = "free"
    """constrained allows only answers of the right form; both judges by free ones and shows constrained ones beside."""
    batch_size: Count = 32
    """Rows that are generated at a time."""
    max_new_tokens: Count | None = None
    """Longest answer in tokens; taken from the longest gold answer when not given."""
    baselines: Baselines = ()
    """What stands beside the model: zero_shot and few_shot, which are the base model, or versions by their names."""
    abstain: AbstainSpec = AbstainSpec()
    """Which answers are left to a person."""

    @property
    def constrains(self) -> bool:
        """Whether any answers are to be constrained."""
        return self.decoding != "free"


class SuccessCriteria(Section):
    """When the model is good enough."""

    primary_metric: Text | None = None
    """The metric that decides; the task type's own when not given."""
    threshold: Share | None = None
    """The least value that passes, a share between 0 and 1; the task type's suggestion when not given."""
    baseline: Share | Text | None = None
    """What there is today: a score, or a name that may end in one (rule_based_0.65)."""


class ExecutionSpec(Section):
    """Where training runs, and the GPU server that remote runs use."""

    type: Literal["local", "remote_ssh"] = "local"
    """Where training runs by default."""
    host: ShellWord | None = None
    """user@server, or a name in the SSH configuration."""
    ssh_key: Text | None = None
    """Path of the private key; the key itself is never read into a version."""
    cuda_devices: Devices | None = None
    """Which GPUs to use: 0, or 0,1."""
    processes: Count | None = None
    """How many processes train together, each with its batch_size; one for each of cuda_devices when not given."""
    sharding: Literal["auto", "none", "full"] = "auto"
    """Whether processes split the model among them (full: FSDP) or have all of it; auto: full fine-tuning on GPUs."""
    remote_path: ShellWord | None = None
    """The folder on the server under which tasks are put."""

    @property
    def together(self) -> int:
        """How many processes train where there is a GPU for each."""
        return self.processes or (1 if self.cuda_devices is None else len(self.cuda_devices.split(",")))

    @model_validator(mode="after")
    def _remote_has_host(self) -> ExecutionSpec:
        if self.type == "remote_ssh" and self.host is None:
            raise InvalidValue(_("remote_ssh needs a host"), _("add host: user@server"))
        return self

    @model_validator(mode="after")
    def _a_process_for_each_device(self) -> ExecutionSpec:
        if self.processes and self.cuda_devices and self.processes != len(self.cuda_devices.split(",")):
            raise InvalidValue(
                _("{count} processes for the GPUs {devices}", count=self.processes, devices=self.cuda_devices),
                _("remove processes: there is one for each GPU"),
            )
        return self


class VersioningSpec(Section):
    """How versions are named and how many are kept."""

    strategy: Literal["semantic", "date", "hybrid"] = "semantic"
    """v1, v2, v2.1; 2025-01-07; or v2-20250107. v2.1 has the model of v2, asked in another way."""
    naming: Naming = "{task}-v{n}"
    """The name a version is published under; fields {task}, {n}, {date} and {version}."""
    retention: Count | None = None
    """Of how many versions, the newest ones, `tune prune` keeps the weights."""
    deploy_target: Text | None = None
    """The deployer's name, such as huggingface or ollama."""


class HubSpec(Section):
    """The Hugging Face repositories that a deployment makes: {org}/{prefix}-{task_name}-…"""

    org: HubName | None = None
    """The organisation or user."""
    prefix: HubName | None = None
    """The first part of the repositories' names."""


class TaskSpec(Section):
    """A task: what goes in, what comes out, how the model is trained and when it is good enough."""

    task_name: Name
    """The task's name, which is also its folder's: English letters, digits, '-', '_' and '.'."""
    task_type: Text
    """The name of an installed task type; `tune plugins` lists them."""
    version: Name | None = None
    """The version to make; the next one by versioning.strategy when not given."""
    description: Text | None = None
    """What the task is for, in words."""
    input_description: Text | None = None
    """What the input is, in words."""
    constraints: Lines = ()
    """What limits the project (rows, hardware, time), in words."""
    domain: Text | None = None
    """The field the texts are from, such as finance; the prompt may name it."""
    language: Language = "zh-TW"
    """The language of the prompt and of the report."""
    input_template: Text | None = None
    """The user message, with fields such as {text}; the task type's own when not given."""
    system_prompt: Text | None = None
    """The system message; the task type's own when not given."""
    output_format: OutputFormat | None = None
    """The form of an answer; the task type's own when not given."""
    options: Mapping[str, Any] = {}
    """The task type's own options."""
    data: DataSpec = DataSpec()
    """The data files."""
    training: TrainingSpec = TrainingSpec()
    """The base model and its training."""
    evaluation: EvaluationSpec = EvaluationSpec()
    """How answers are generated for scoring."""
    success_criteria: SuccessCriteria = SuccessCriteria()
    """When the model is good enough."""
    execution: ExecutionSpec = ExecutionSpec()
    """Where training runs."""
    versioning: VersioningSpec = VersioningSpec()
    """How versions are named and kept."""
    sweep: SweepSpec = SweepSpec()
    """What `tune sweep` tries."""
    huggingface: HubSpec = HubSpec()
    """Where a deployment to the Hub goes."""


def sections() -> dict[str, type[Section]]:
    """The sections of task.yaml by their dotted path."""
    found: dict[str, type[Section]] = {}

    def collect(model: type[Section], prefix: str) -> None:
        for name, field in model.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, Section):
                found[prefix + name] = kind
                collect(kind, f"{prefix}{name}.")

    collect(TaskSpec, "")
    return found
