"""Laws of the module itself: light, complete, cheap, strict about its options."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from tasktune import hookspecs
from tasktune.plugins import TaskType
from tasktune.testing.fresh import Fresh, look
from tasktune.testing.laws.base import LawBase, broken
from tasktune.types import Record, TaskOptions


class ContractLaws(LawBase):
    """A plugin is a light module of functions with the spec's signatures."""

    @pytest.fixture(scope="class")
    @classmethod
    def processes(cls, plugin: TaskType, settings: Mapping[str, Any], labelled: list[Record]) -> tuple[Fresh, Fresh]:
        """The plugin seen by two fresh processes that order sets differently."""
        assert isinstance(plugin.module, ModuleType), broken(
            "a task type is a module", None, plugin.module, "let the entry point name a module, not an object in it"
        )
        name = plugin.module.__name__
        first, second = (look(name, settings, labelled, seed) for seed in (1, 2))
        for seen in (first, second):
            assert seen.failure is None, broken(
                "the plugin works in a fresh process", None, seen.failure, "see the traceback above"
            )
        return first, second

    def test_import_is_light(self, processes: tuple[Fresh, Fresh]) -> None:
        """`tune --help`, `tune plugins` and `tune check` do not pay for torch or scikit-learn."""
        moments = {
            "after_import": "importing the plugin",
            "after_info": "plugin_info()",
            "after_check": "read_record, target_classes and build_prompt",
        }
        for moment, what in moments.items():
            heavy = processes[0].heavy[moment]
            assert not heavy, broken(
                f"{what} imports nothing heavy",
                None,
                f"imported: {', '.join(heavy)}",
                "import these packages inside the functions that score or train, not at the top of a module",
            )

    def test_prompts_do_not_depend_on_the_process(self, processes: tuple[Fresh, Fresh]) -> None:
        """Training, evaluation and deployment run in different processes and must ask the same thing."""
        for first, second in zip(processes[0].prompts, processes[1].prompts, strict=True):
            assert first == second, broken(
                "equal records give equal prompts in every process",
                None,
                f"{first}\n   and {second}",
                "build_prompt: sort what comes from a set, use no hash(), time or random numbers",
            )

    def test_plugin_info_is_complete(self, plugin: TaskType) -> None:
        info = plugin.info
        assert info == plugin.module.plugin_info(), broken(
            "plugin_info returns the same each time", None, info, "compute nothing in plugin_info"
        )
        assert issubclass(info.options, TaskOptions), broken(
            "a task type's options are TaskOptions", None, info.options, "let the options model subclass TaskOptions"
        )
        for field in ("summary", "target_field", "examples", "example_options", "primary_metric"):
            optional = field == "example_options"
            assert optional or getattr(info, field), broken(
                f"plugin_info names its {field}", None, getattr(info, field), f"fill in TaskTypeInfo.{field}"
            )
        assert 0 < info.suggested_threshold <= 1, broken(
            "the suggested threshold is a share", None, info.suggested_threshold, "choose one in (0, 1]"
        )
        for name, metric in info.metrics.items():
            missing = [language for language in ("en", "zh-TW") if not metric.titles.get(language)]
            assert not missing, broken(
                "a metric has a title in both languages", None, f"{name}: {metric.titles}", f"add {', '.join(missing)}"
            )

    def test_example_options_are_valid(self, plugin: TaskType) -> None:
        try:
            plugin.info.options.model_validate(plugin.info.example_options)
        except ValidationError as error:
            pytest.fail(
                broken(
                    "the plugin accepts its own example_options", None, error, "correct plugin_info().example_options"
                )
            )

    def test_unknown_option_is_refused(self, plugin: TaskType, settings: Mapping[str, Any]) -> None:
        """A misspelt option that is ignored costs its author a training run."""
        try:
            plugin.info.options.model_validate({**settings, "no_such_option": 1})
        except ValidationError:
            return
        pytest.fail(
            broken(
                "an unknown option is refused",
                None,
                "the options model accepted no_such_option=1",
                'keep extra="forbid" in the model_config of the options model',
            )
        )

    def test_options_cannot_change(self, plugin: TaskType, valid: TaskOptions) -> None:
        assert plugin.info.options.model_config.get("frozen"), broken(
            "options are frozen",
            None,
            type(valid).__name__,
            "keep frozen=True in the model_config of the options model",
        )

    @pytest.mark.parametrize(
        "hook", [name for name in vars(hookspecs) if hasattr(getattr(hookspecs, name), "tasktune_spec")]
    )
    def test_hook_signature_is_the_specs(self, plugin: TaskType, hook: str) -> None:
        """pluggy silently never passes a parameter that has a default."""
        function = getattr(plugin.module, hook, None)
        if function is None:
            return
        law = "a hook takes parameters of the spec, by name, in its order and without defaults"
        assert hasattr(function, "tasktune_impl"), broken(
            "a function named as a hook is one", None, hook, f"decorate {hook} with @tasktune.hookimpl or rename it"
        )
        expected = list(inspect.signature(getattr(hookspecs, hook)).parameters)
        given = inspect.signature(function).parameters
        ordered = [name for name in expected if name in given]
        assert list(given) == ordered, broken(
            law,
            None,
            f"{hook}({', '.join(given)})",
            f"{hook}: use ({', '.join(expected)}); leave out what you do not need",
        )
        odd = [p.name for p in given.values() if p.kind is not p.POSITIONAL_OR_KEYWORD or p.default is not p.empty]
        assert not odd, broken(
            law, None, f"{hook}: {', '.join(odd)}", "write plain parameters: no default, no *args, no keyword-only ones"
        )

    def test_examples_are_labelled_and_unique(self, plugin: TaskType) -> None:
        records = [*plugin.info.examples, *self.records]
        for record in records:
            assert isinstance(record, Record), broken(
                "an example is a Record", None, record, "use tasktune.types.Record"
            )
            assert record.target is not None, broken(
                "an example is labelled", record, None, "give it a target in canonical form; an empty one is a value"
            )
        ids = [record.id for record in records]
        assert len(ids) == len(set(ids)), broken(
            "examples have ids of their own", None, ids, "rename the repeated ones"
        )

    def test_options_have_a_json_schema(self, plugin: TaskType) -> None:
        """Editors complete task.yaml from the JSON Schema of the options."""
        try:
            plugin.info.options.model_json_schema()
        except PydanticInvalidForJsonSchema as error:
            pytest.fail(
                broken("options have a JSON Schema", None, error, "declare options as fields of types that JSON has")
            )
