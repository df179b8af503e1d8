"""Answers of a model behind an OpenAI-compatible endpoint, by a version's decoding rules, several at a time."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tasktune.data.rows import chat
from tasktune.endpoint import Connection
from tasktune.errors import InputError, RunError
from tasktune.inference.decoding import Decoding
from tasktune.inference.form import Form, form_of
from tasktune.inference.in_parallel import in_parallel
from tasktune.inference.prompts import blind_prompt
from tasktune.locale import translate as _
from tasktune.types import Record, Value

if TYPE_CHECKING:
    from tasktune.definition import Task

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 8.0
"""Seconds before an answer that is none is asked for again; doubled each time."""
_MOST_QUOTED = 200

Asked = tuple[int, Record]


class Reply(Value):
    """One answer. ``finish`` is why it ended, ``model`` who gave it, ``thought`` whether it was thought about before.

    ``switched``: the request had the chat template's switches of the decoding rules.
    """

    text: str
    finish: str | None = None
    model: str | None = None
    thought: bool = False
    switched: bool = True


class ServedModel:
    """Asks one endpoint for answers to records. ``retries`` is how often what is no answer is asked for again."""

    def __init__(self, task: Task, connection: Connection, decoding: Decoding, *, at_once: int, retries: int) -> None:
        self._task = task
        self._connection = connection
        self._decoding = decoding
        self._at_once = at_once
        self._retries = retries
        self._switches: Mapping[str, bool] = decoding.template_switches

    def replies(self, asked: Iterable[Asked]) -> Iterator[tuple[int, Reply]]:
        """Each record's number with the reply, as they come. The first is waited for alone: it shows what is taken.

        :raises InputError: the endpoint refuses the key, the model, the question or the form of the answer.
        :raises RunError: it cannot be reached, has too much to do, fails, or sends what is no answer.
        """
        waiting = iter(asked)
        for number, record in waiting:
            yield number, self._first(record)
            break
        for (number, _record), reply in in_parallel(lambda each: self._ask(each[1]), waiting, self._at_once):
            yield number, reply

    def _first(self, record: Record) -> Reply:
        openai = self._connection.openai
        try:
            return self._sent(record)
        except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
            if not self._switches:
                raise self._connection.refused(error) from None
        except openai.APIError as error:
            raise self._connection.refused(error) from None
        # A server that knows OpenAI's protocol and no more refuses what is not in it.
        self._switches = {}
        return self._ask(record)

    def _ask(self, record: Record) -> Reply:
        try:
            return self._sent(record)
        except self._connection.openai.APIError as error:
            # Without the cause, in which the key may stand, and which --debug would print.
            raise self._connection.refused(error) from None

    def _sent(self, record: Record) -> Reply:
        prompt = blind_prompt(self._task, record)
        form = form_of(self._task, prompt) if self._decoding.mode == "constrained" else None
        extra = dict(form.extra) if form is not None else {}
        if self._switches:
            extra["chat_template_kwargs"] = dict(self._switches)
        request = {
            "model": self._connection.endpoint.model,
            "messages": chat(prompt),
            "temperature": self._decoding.temperature,
            "max_tokens": self._decoding.max_new_tokens,
            "stop": list(self._decoding.stop),
            **(form.fields if form is not None else {}),
        }
        reply = self._read(request, extra)
        if form is not None:
            self._hold_to(form, reply, record)
        return reply

    def _read(self, request: Mapping[str, Any], extra: Mapping[str, Any]) -> Reply:
        wait = _FIRST_WAIT
        for left in range(self._retries, -1, -1):
            answer = self._connection.chat.with_raw_response.create(**request, extra_body=extra)
            try:
                return reply_in(answer.content, switched="chat_template_kwargs" in extra)
            except ValueError as error:
                reason = str(error)
            if left:
                time.sleep(wait)
                wait = min(2 * wait, _LONGEST_WAIT)
        raise RunError(
            _("{url} sends what is no answer: {reason}", url=self._connection.endpoint.base_url, reason=reason),
            hint=_("check the address, which mostly ends in /v1; the same command goes on"),
        )

    def _hold_to(self, form: Form, reply: Reply, record: Record) -> None:
        if reply.finish == "length" or form.kept(reply.text):
            return
        said = reply.text if len(reply.text) <= _MOST_QUOTED else reply.text[: _MOST_QUOTED - 1] + "…"
        raise InputError(
            _(
                "{url} does not hold answers to the form that was asked for; to {record} it says {answer!r}",
                url=self._connection.endpoint.base_url,
                record=record.id,
                answer=said,
            ),
            hint=_("this version decodes constrained; use a server that does, or --engine transformers"),
        )


def reply_in(body: bytes, *, switched: bool = True) -> Reply:
    """The reply in the body of an answer to a chat completion that is not streamed.

    :raises ValueError: it is none; the message says why.
    """
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError):
        raise ValueError(_("it is not JSON: {start!r}", start=body[:80].decode("utf-8", "replace"))) from None
    if isinstance(whole, dict) and whole.get("error"):
        raise ValueError(str(whole["error"])[:_MOST_QUOTED])
    choices = whole.get("choices") if isinstance(whole, dict) else None
    first = choices[0] if isinstance(choices, list) and choices else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(first, dict) or not isinstance(message, dict):
        raise ValueError(_("it has no choices"))
    text = message.get("content") or ""
    if not isinstance(text, str):
        raise ValueError(_("its content is not text"))
    # vLLM's and llama.cpp's name, and Ollama's.
    thought = bool(message.get("reasoning_content") or message.get("reasoning") or "<think>" in text)
    finish, model = first.get("finish_reason"), whole.get("model")
    return Reply(
        text=text,
        finish=finish if isinstance(finish, str) else None,
        model=model if isinstance(model, str) else None,
        thought=thought,
        switched=switched,
    )


def answered_by(replies: Iterable[Reply]) -> tuple[str, ...]:
    """The models that gave the replies, by what the server says, the one with the most first."""
    return tuple(name for name, _count in Counter(each.model for each in replies if each.model).most_common())


def notes(task: Task, decoding: Decoding, replies: Sequence[Reply], sample: Record) -> tuple[str, ...]:
    """Where the decoding rules were not, or may not have been, followed to the letter, in words.

    ``sample`` is one of the records, by which the form of the answers is known.
    """
    found = []
    rows = f"{len(replies):,}"
    switches = ", ".join(f"{name}={str(value).lower()}" for name, value in decoding.template_switches.items())
    if switches and not all(each.switched for each in replies):
        found.append(
            _(
                "the endpoint takes no chat_template_kwargs, so {switches} is left to its own template",
                switches=switches,
            )
        )
    if decoding.mode == "constrained" and task.plugin.answer_grammar(sample, task.options) is not None:
        found.append(_("answers were held to their JSON Schema, and not to the task type's narrower grammar"))
    thought = sum(each.thought for each in replies)
    if thought:
        found.append(
            _(
                "the model thought before {count} of {rows} answers, which the version does not",
                count=f"{thought:,}",
                rows=rows,
            )
        )
    cut = sum(each.finish == "length" for each in replies)
    if cut:
        found.append(
            _(
                "{count} of {rows} answers were cut at {tokens} tokens",
                count=f"{cut:,}",
                rows=rows,
                tokens=decoding.max_new_tokens,
            )
        )
    return tuple(found)
