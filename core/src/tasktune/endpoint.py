"""A server that speaks OpenAI's protocol: its address, the connection to it, and what its refusals mean.

The only module that makes a client of the ``openai`` package, for generated rows and for evaluation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from tasktune.data.importing.install import installed
from tasktune.definition.suggest import did_you_mean
from tasktune.errors import InputError, RunError, TuneError
from tasktune.locale import translate as _
from tasktune.types import Value

# Of a server's own words: some send a whole page.
_MOST_TOLD = 300
_MOST_MODELS = 12
_LOOK_SECONDS = 10.0
"""How long a server may think about which models it has, which is only asked to word an error."""

_STRICT = {"$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "items", "properties"}
_STRICT |= {"required", "title", "type"}
"""Keywords that strict structured outputs take in every model that has them (OpenAI's guide, supported schemas)."""


class Endpoint(Value):
    """A model behind an address. ``key_env`` names the variable that holds the key; None where no key is sent."""

    model: str
    base_url: str
    key_env: str | None

    def key(self, environment: Mapping[str, str]) -> str | None:
        """The key itself, for the client and for nothing else."""
        return None if self.key_env is None else environment[self.key_env]


class Usage(Value):
    """Tokens that the server counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class Connection:
    """Reaches one endpoint. Waiting and trying again (429, 5xx, no connection) is the client's: it heeds Retry-After.

    ``openai`` is the package, whose errors requests raise; ``chat`` sends requests. Threads may share it.

    :raises InputError: the package ``openai`` is not installed.
    """

    def __init__(
        self, endpoint: Endpoint, *, timeout: float, retries: int, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.openai = installed("openai", _("requests to a language model"), extra="generate")
        self.endpoint = endpoint
        self._key = endpoint.key(environment)
        self._client = self.openai.OpenAI(
            # The client insists on a key; a server that asks for none gets this word.
            api_key=self._key or "none",
            base_url=endpoint.base_url,
            timeout=timeout,
            max_retries=retries,
        )
        self.chat: Any = self._client.chat.completions

    def models(self) -> list[str]:
        """The models that the server lists.

        :raises InputError, RunError: it cannot be reached, refuses, or keeps no list.
        """
        try:
            return self._listed(self.endpoint.base_url)
        except self.openai.APIError as error:
            raise self.refused(error) from None
        except ValueError:
            raise _lists_nothing(self.endpoint.base_url) from None

    def told(self, error: Any) -> str:
        """What the server said, in a line, and without the key should it repeat it."""
        body = error.body
        said = body.get("message") if isinstance(body, dict) else None
        text = " ".join(str(said or error.message).split())
        text = text.replace(self._key, "…") if self._key else text
        return text if len(text) <= _MOST_TOLD else text[: _MOST_TOLD - 1] + "…"

    def refused(self, error: Any) -> TuneError:
        """An error of the client's in our words. Raise it without the cause, in which the key may stand."""
        openai, told, where = self.openai, self.told(error), self.endpoint.base_url
        if isinstance(error, openai.APITimeoutError):
            hint = _("give it longer with --timeout; the same command goes on")
            return RunError(_("{url} does not answer in time", url=where), hint=hint)
        if isinstance(error, openai.APIConnectionError):
            hint = _("is the server running, and the address right? The same command goes on")
            return RunError(_("{url} cannot be reached", url=where), hint=hint)
        status = error.status_code if isinstance(error, openai.APIStatusError) else 0
        message = _("{url} answers {status}: {told}", url=where, status=status, told=told)
        if status in (401, 403):
            name = self.endpoint.key_env
            hint = _("no key was sent; name the variable that holds it with --api-key-env")
            return InputError(message, hint=_("check the key in {variable}", variable=name) if name else hint)
        if status in (404, 405):
            return InputError(message, hint=self._where_else())
        if status == 429:
            hint = _("it has had enough for now, or the account is empty; the same command goes on later")
            return RunError(message, hint=hint)
        if 400 <= status < 500:
            return InputError(message, hint=_("change the settings; the same command goes on"))
        return RunError(message, hint=_("the same command goes on"))

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _where_else(self) -> str:
        """What may be meant where the server has nothing: a model that it lists, or an address a little further on."""
        url, model = self.endpoint.base_url, self.endpoint.model
        known = self._known(url)
        if known and model not in known:
            shown = ", ".join(known[:_MOST_MODELS]) + ("…" if len(known) > _MOST_MODELS else "")
            has = _("the server has the models {models}", models=shown)
            close = did_you_mean(model, known)
            return f"{has}; {close}" if close else has
        if known is None and not url.endswith("/v1") and self._known(f"{url}/v1") is not None:
            return _("did you mean {name}?", name=f"{url}/v1")
        return _("check the model {model} and the address, which mostly ends in /v1", model=model)

    def _known(self, url: str) -> list[str] | None:
        try:
            return self._listed(url)
        except (self.openai.APIError, ValueError):
            return None

    def _listed(self, url: str) -> list[str]:
        """:raises ValueError: what the server sends is no list."""
        client = self._client.with_options(base_url=url, timeout=_LOOK_SECONDS, max_retries=0)
        page: Any = client.models.with_raw_response.list().http_response.json()
        listed = page.get("data") if isinstance(page, dict) else None
        if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
            raise ValueError("no list")
        return [each["id"] for each in listed if isinstance(each.get("id"), str)]


def json_schema_form(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The ``response_format`` that asks for an answer which meets a JSON Schema."""
    described = {"name": name, "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": described}


def is_strict(schema: Mapping[str, Any]) -> bool:
    """Whether OpenAI's strict mode takes a schema: all properties required, no others allowed, plain keywords."""
    if not _STRICT.issuperset(schema):
        return False
    properties = schema.get("properties", {})
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False or set(schema.get("required", ())) != set(properties)
    ):
        return False
    inner = [*properties.values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())]
    inner += [schema["items"]] if "items" in schema else []
    return all(isinstance(each, Mapping) and is_strict(each) for each in inner)


def _lists_nothing(url: str) -> InputError:
    return InputError(
        _("{url} does not tell which models it has", url=url),
        hint=_("name one with --model, or check the address, which mostly ends in /v1"),
    )
