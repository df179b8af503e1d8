"""One server that speaks OpenAI's protocol, asked over and over. The only module that knows the ``openai`` package."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasktune.data.generating.asking import is_strict
from tasktune.data.generating.endpoint import Endpoint
from tasktune.data.importing.install import installed
from tasktune.errors import InputError, RunError, TuneError
from tasktune.locale import translate as _
from tasktune.types import Message, Value

FORMS = ("json_schema", "json_object", "text")
"""How an answer's form is asked for, the most binding first; a server that refuses one is asked by the next."""
MAX_CHARACTERS = 200_000
"""A longer answer is no list of examples, but a model that cannot stop."""
# Of a server's own words: some send a whole page.
_MOST_TOLD = 300


class Usage(Value):
    """Tokens that the server counted."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
        )


class BrokenOff(Exception):
    """An answer that had begun did not come to its end; the message says why."""


class Reply:
    """An answer on its way. The attributes are known when all pieces have come, ``usage`` if the server tells it."""

    def __init__(self, server: Server, stream: Any) -> None:
        self._server = server
        self._stream = stream
        self.model: str | None = None
        self.finish: str | None = None
        self.usage: Usage | None = None

    def pieces(self) -> Iterator[str]:
        """The text as it comes.

        :raises BrokenOff: the connection broke, the server failed or fell silent, or the model was stopped.
        """
        openai, length = self._server.openai, 0
        try:
            for chunk in self._chunks():
                self.model = chunk.model or self.model
                if chunk.usage is not None:
                    self.usage = _usage(chunk.usage)
                for choice in (chunk.choices or [])[:1]:
                    self.finish = choice.finish_reason or self.finish
                    said = getattr(choice, "delta", None) or getattr(choice, "message", None)
                    piece = said.content or "" if said is not None else ""
                    length += len(piece)
                    yield piece
                if length > MAX_CHARACTERS:
                    raise BrokenOff(_("the answer is endless"))
        except openai.APITimeoutError:
            raise BrokenOff(_("the server fell silent")) from None
        except openai.APIConnectionError:
            raise BrokenOff(_("the connection broke")) from None
        except openai.APIError as error:
            raise BrokenOff(self._server.told(error)) from None
        except ValueError as error:
            raise BrokenOff(_("the server sent what is no answer: {reason}", reason=error)) from None
        finally:
            self._stream.close()
        if self.finish == "length":
            raise BrokenOff(_("the model reached its longest answer"))
        if self.finish == "content_filter":
            raise BrokenOff(_("the server's filter stopped the answer"))

    def _chunks(self) -> Iterator[Any]:
        """The parts of a stream; a server that does not know how to stream sends one, the whole."""
        if self._stream.response.headers.get("content-type", "").startswith("application/json"):
            whole = json.loads(self._stream.response.read())
            choices = whole.get("choices") if isinstance(whole, dict) else None
            if not isinstance(choices, list) or not all(isinstance(each, dict) for each in choices):
                raise ValueError(_("it has no choices"))
            # As the client reads answers itself: servers leave out fields that nobody needs.
            yield self._server.openai.types.chat.ChatCompletion.construct(**whole)
        else:
            yield from self._stream


class Server:
    """Asks one endpoint. Waiting and trying again (429, 5xx, no connection) is the client's, which heeds Retry-After.

    ``form`` is how answers are asked for now; it only ever gets less binding. ``settings`` go with every request.

    :raises InputError: the package ``openai`` is not installed.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        timeout: float,
        retries: int,
        temperature: float | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self.openai = installed("openai", _("requests to a language model"), extra="generate")
        self.endpoint = endpoint
        self.form = FORMS[0]
        self._key = endpoint.key(environment)
        self.settings: dict[str, Any] = {} if temperature is None else {"temperature": temperature}
        self._client = self.openai.OpenAI(
            # The client insists on a key; a server that asks for none gets this word.
            api_key=self._key or "none",
            base_url=endpoint.base_url,
            timeout=timeout,
            max_retries=retries,
        )

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Reply:
        """Put a question; the answer is to meet the schema.

        :raises InputError: the server refuses the key, the model or every form of the question.
        :raises RunError: it cannot be reached, has too much to do or fails.
        """
        chat = [message.model_dump() for message in messages]
        openai = self.openai
        while True:
            try:
                stream = self._client.chat.completions.create(
                    model=self.endpoint.model, messages=chat, stream=True, **self._form(schema), **self.settings
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if self.form == FORMS[-1]:
                    raise self._refused(error) from None
                self.form = FORMS[FORMS.index(self.form) + 1]
            except openai.APIError as error:
                # Without the cause, in which the key may stand, and which --debug would print.
                raise self._refused(error) from None
            else:
                return Reply(self, stream)

    def told(self, error: Any) -> str:
        """What the server said, in a line, and without the key should it repeat it."""
        body = error.body
        said = body.get("message") if isinstance(body, dict) else None
        text = " ".join(str(said or error.message).split())
        text = text.replace(self._key, "…") if self._key else text
        return text if len(text) <= _MOST_TOLD else text[: _MOST_TOLD - 1] + "…"

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _form(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        usage = {"stream_options": {"include_usage": True}}
        if self.form == "json_schema":
            described = {"name": "examples", "schema": schema, "strict": is_strict(schema)}
            return {"response_format": {"type": "json_schema", "json_schema": described}, **usage}
        if self.form == "json_object":
            return {"response_format": {"type": "json_object"}, **usage}
        return {}

    def _refused(self, error: Any) -> TuneError:
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
        if status == 404:
            hint = _("check the model {model} and the address, which mostly ends in /v1", model=self.endpoint.model)
            return InputError(message, hint=hint)
        if status == 429:
            hint = _("it has had enough for now, or the account is empty; the same command goes on later")
            return RunError(message, hint=hint)
        if 400 <= status < 500:
            return InputError(message, hint=_("change the settings; the same command goes on"))
        return RunError(message, hint=_("the same command goes on"))


def _usage(counted: Any) -> Usage:
    return Usage(prompt_tokens=counted.prompt_tokens or 0, completion_tokens=counted.completion_tokens or 0)
