"""One server that speaks OpenAI's protocol, asked over and over. Answers come as streams, piece by piece."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tasktune.endpoint import Connection, Endpoint, Usage, json_schema_form
from tasktune.locale import translate as _
from tasktune.types import Message

FORMS = ("json_schema", "json_object", "text")
"""How an answer's form is asked for, the most binding first; a server that refuses one is asked by the next."""
MAX_CHARACTERS = 200_000
"""A longer answer is no list of examples, but a model that cannot stop."""


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


class Server(Connection):
    """Asks one endpoint. ``form`` is how answers are asked for now; it only ever gets less binding.

    ``settings`` go with every request.

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
        super().__init__(endpoint, timeout=timeout, retries=retries, environment=environment)
        self.form = FORMS[0]
        self.settings: dict[str, Any] = {} if temperature is None else {"temperature": temperature}

    def ask(self, messages: Sequence[Message], schema: Mapping[str, Any]) -> Reply:
        """Put a question; the answer is to meet the schema.

        :raises InputError: the server refuses the key, the model or every form of the question.
        :raises RunError: it cannot be reached, has too much to do or fails.
        """
        chat = [message.model_dump() for message in messages]
        openai = self.openai
        while True:
            try:
                stream = self.chat.create(
                    model=self.endpoint.model, messages=chat, stream=True, **self._form(schema), **self.settings
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if self.form == FORMS[-1]:
                    raise self.refused(error) from None
                self.form = FORMS[FORMS.index(self.form) + 1]
            except openai.APIError as error:
                # Without the cause, in which the key may stand, and which --debug would print.
                raise self.refused(error) from None
            else:
                return Reply(self, stream)

    def _form(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        usage = {"stream_options": {"include_usage": True}}
        if self.form == "json_schema":
            return {"response_format": json_schema_form("examples", schema), **usage}
        if self.form == "json_object":
            return {"response_format": {"type": "json_object"}, **usage}
        return {}


def _usage(counted: Any) -> Usage:
    return Usage(prompt_tokens=counted.prompt_tokens or 0, completion_tokens=counted.completion_tokens or 0)
