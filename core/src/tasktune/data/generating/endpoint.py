"""The server that rows are asked of: its address, the model, and where the key is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from tasktune.definition import GenerateSpec
from tasktune.definition.fields import InvalidValue, endpoint_url
from tasktune.definition.problems import describe
from tasktune.endpoint import Endpoint
from tasktune.errors import InputError, Problem
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import Task

OPENAI = "https://api.openai.com/v1"
KEY, BASE_URL, MODEL = "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"
"""Environment variables: the first two are those of OpenAI's own client."""


def with_settings(task: Task, given: Mapping[str, Any]) -> Task:
    """The task with options of the command line over its ``data.generate``; None is an option that was not given.

    :raises InputError: naming the wrong options without their values, for one of them may be a key.
    """
    data = task.spec.data
    said = {name: value for name, value in given.items() if value is not None}
    try:
        spec = GenerateSpec.model_validate({**data.generate.model_dump(), **said})
    except ValidationError as error:
        found = [
            (item, describe(item["type"], item["input"], item.get("ctx", {}), item["msg"])) for item in error.errors()
        ]
        problems = [
            Problem(message, hint, "--" + str(item["loc"][0]).replace("_", "-") if item["loc"] else None)
            for item, (message, hint) in found
        ]
        raise InputError("", problems=problems) from error
    return replace(task, spec=task.spec.model_copy(update={"data": data.model_copy(update={"generate": spec})}))


def find_endpoint(spec: GenerateSpec, environment: Mapping[str, str]) -> Endpoint:
    """What the definition says, and the environment where it says nothing. An empty variable counts as absent.

    :raises InputError: with all that is missing.
    """
    problems = []
    model = spec.model or environment.get(MODEL)
    if not model:
        problems.append(
            Problem(
                _("no model is named"), _("give --model, data.generate.model, or {variable}", variable=MODEL), "model"
            )
        )
    base_url = spec.base_url or environment.get(BASE_URL) or OPENAI
    try:
        base_url = endpoint_url(base_url)
    except InvalidValue as error:
        problems.append(Problem(error.message, error.hint, BASE_URL))
    key_env: str | None = spec.api_key_env or KEY
    assert key_env is not None
    if not environment.get(key_env):
        # A server of one's own mostly asks for none; OpenAI does, and who names a variable means it.
        if spec.api_key_env is not None or base_url == OPENAI:
            hint = _("export {variable}=…, or name another with --api-key-env", variable=key_env)
            problems.append(Problem(_("the environment has no key"), hint, key_env))
        key_env = None
    if problems:
        raise InputError(_("it is not clear which model to ask"), problems=problems)
    assert model
    return Endpoint(model=model, base_url=base_url, key_env=key_env)
