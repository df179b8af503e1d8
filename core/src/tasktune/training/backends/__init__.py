"""The libraries that can train: one Protocol, and a table of who keeps it.

A backend brings the model, with what is to train in it, and says how its losses are computed. Rows, masks, objectives,
the trainer and the saved files are the same for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from tasktune.errors import RunError
from tasktune.locale import translate as _

if TYPE_CHECKING:
    from tasktune.definition import TrainingSpec
    from tasktune.training.shared_prefix import Way
    from tasktune.workspace.versions import Version


class Backend(Protocol):
    """What training needs of the library that trains."""

    def model(
        self, base: str, training: TrainingSpec, start: Version | None, longest: int, *, bf16: bool, device: str
    ) -> Any:
        """The model with what ``training.tuning`` trains, on ``device``: a causal language model or a PeftModel.

        ``base`` is a folder or a Hub id, ``start`` a version whose weights to begin with, and ``longest`` the tokens
        of the longest row.

        :raises InputError: the library cannot take this base for these rows.
        """

    def way(
        self,
        causal_lm: Any,
        rows: Sequence[Mapping[str, Any]],
        prefix: Sequence[int],
        pad: int,
        *,
        bf16: bool,
        alike: Sequence[Mapping[str, Any]],
    ) -> Way | None:
        """How the losses of ``causal_lm`` are computed fastest, checked on ``rows`` against the model's own forward.

        ``prefix`` is what all prompts begin with. ``alike`` are rows that share more, if there are any.
        None: only by that forward.
        """

    def before_saving(self, model: Any) -> None:
        """Take out of ``model`` what only this library knows, so that its files are those of any other backend."""


BACKENDS: Mapping[str, str] = {
    "transformers": "tasktune.training.backends.with_transformers:TransformersBackend",
    "unsloth": "tasktune.training.backends.with_unsloth:UnslothBackend",
}
"""Where each backend is. Importing one imports its library."""


def load_backend(name: str) -> Backend:
    """Import a backend and its library. Of unsloth that must happen before transformers, peft or trl is imported.

    :raises RunError: the library is there and cannot be imported.
    """
    module, _colon, attribute = BACKENDS[name].partition(":")
    try:
        backend: Backend = getattr(import_module(module), attribute)()
    except (ImportError, RuntimeError) as error:
        # NotImplementedError, with which unsloth refuses a device, is a RuntimeError.
        raise RunError(
            _("{name} cannot be imported: {error}", name=name, error=str(error).strip().split("\n")[0]),
            hint=_("mend its installation, or set training.backend: transformers"),
        ) from error
    return backend
