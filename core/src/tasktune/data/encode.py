"""Record → prompt → token ids: the one function that training, evaluation, planning and deployment all use.

The prompt is rendered by the tokenizer's own chat template with the assistant's turn opened; the completion follows as
its own tokens, closed by what the template puts behind an answer, up to the end-of-turn token. So the ids that
a model is trained to continue are the ids that it is asked to continue later, by construction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from tasktune.data.offsets import Offset, without_gaps
from tasktune.errors import InputError
from tasktune.locale import translate as _

# Qwen3's template opens a think block unless told not to; templates without the switch ignore it.
TEMPLATE_SWITCHES = {"enable_thinking": False}
_PROBE = "\u2603answer\u2603"


@dataclass(frozen=True)
class Encoded:
    """Token ids of one row: ``prompt`` is given to the model, ``completion`` (which ends the turn) carries the loss.

    ``rejected`` is the answer that the completion is preferred to, if there is one.
    """

    prompt: list[int]
    completion: list[int]
    rejected: list[int] | None = None

    @property
    def answers(self) -> list[list[int]]:
        """The completion, and what it is preferred to."""
        return [self.completion] if self.rejected is None else [self.completion, self.rejected]

    def __len__(self) -> int:
        """The longest text that the model reads: the prompt and the longer of the answers."""
        return len(self.prompt) + max(map(len, self.answers))


class Encoder:
    """Encodes chats with one tokenizer (a Hugging Face fast tokenizer with a chat template)."""

    def __init__(self, tokenizer: Any) -> None:
        if not tokenizer.chat_template:
            raise InputError(
                _("the base model's tokenizer has no chat template"),
                hint=_("use an instruct model, such as Qwen/Qwen3-4B"),
            )
        self.tokenizer = tokenizer
        self.end_of_turn = self._end_of_turn()

    def render(self, messages: Sequence[dict[str, str]]) -> str:
        """The exact text that a prompt becomes, the assistant's turn opened.

        :raises InputError: the template refuses the messages.
        """
        return self._render(messages, add_generation_prompt=True)

    def prompts(self, chats: Sequence[Sequence[dict[str, str]]]) -> list[list[int]]:
        """Token ids of prompts (chats without an answer)."""
        return self._tokenize([self.render(chat) for chat in chats])

    def rows(self, chats: Sequence[Sequence[dict[str, str]]]) -> list[Encoded]:
        """Token ids of whole rows, whose last message is the assistant's answer."""
        prompts = self.prompts([chat[:-1] for chat in chats])
        completions = self.completions([chat[-1]["content"] for chat in chats])
        return [Encoded(*pair) for pair in zip(prompts, completions, strict=True)]

    def completions(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of answers, each with the end of its turn."""
        return self._tokenize([text + self.end_of_turn for text in texts])

    def offsets(self, texts: Sequence[str]) -> list[list[Offset] | None]:
        """Where the tokens of :meth:`completions` stand: the characters of the answer and the end of its turn that each
        is made of, from the first one to the last without a gap.

        Answers are encoded apart from what the chat template puts around them, so these are places in the very text
        that was given. None for an answer whose tokens' places the tokenizer does not tell, or not rightly.
        """
        if not texts or not getattr(self.tokenizer, "is_fast", False):
            return [None for _text in texts]
        whole = [text + self.end_of_turn for text in texts]
        told = self.tokenizer(whole, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        return [without_gaps(text, offsets) for text, offsets in zip(whole, told, strict=True)]

    def ends_early(self, row: Encoded) -> bool:
        """Whether an answer contains the token that ends an answer, so that what follows it can never be given."""
        return any(self.tokenizer.eos_token_id in answer[:-1] for answer in row.answers)

    def _render(self, messages: Sequence[dict[str, str]], *, add_generation_prompt: bool) -> str:
        try:
            text: str = self.tokenizer.apply_chat_template(
                list(messages), tokenize=False, add_generation_prompt=add_generation_prompt, **TEMPLATE_SWITCHES
            )
        except TemplateError as error:
            raise InputError(
                _("the base model's chat template refuses the messages: {reason}", reason=error),
                hint=_("some models take no system message; use another base model"),
            ) from error
        return text

    def _tokenize(self, texts: list[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(texts, add_special_tokens=False)["input_ids"]
        return ids

    def _end_of_turn(self) -> str:
        """The text from the end of an answer up to and including the token that ends generation."""
        chat = [{"role": "user", "content": "x"}, {"role": "assistant", "content": _PROBE}]
        tail = self._render(chat, add_generation_prompt=False).rpartition(_PROBE)[2]
        eos: str | None = self.tokenizer.eos_token
        if eos is None:
            raise InputError(_("the base model's tokenizer has no end-of-sequence token"))
        before, found, _after = tail.partition(eos)
        return before + found if found else tail.rstrip() + eos
