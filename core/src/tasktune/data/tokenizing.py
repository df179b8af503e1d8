"""A process for tokenizing: ``python -m tasktune.data.tokenizing FOLDER``.

The tokenizer and the chat template are those of training, by the same functions; but no model is needed, and so this
process keeps torch out, which takes seconds to import. The process that starts it stays free of both.
``request.json`` in the folder names the tokenizer and the work, ``chats.jsonl`` has one chat a line; ``reply.jsonl``
has one answer a line.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tasktune.errors import InputError, RunError, TuneError
from tasktune.locale import current_language, use_language
from tasktune.locale import translate as _
from tasktune.training.failure import record_failure, take_failure

if TYPE_CHECKING:
    from tasktune.definition import Task

Work = Literal["preview", "lengths", "tally"]
Chat = Sequence[dict[str, str]]
_BATCH = 1000
_LOG_LINES_SHOWN = 15


@contextmanager
def tokenized(task: Task, chats: Iterable[Chat], work: Work) -> Iterator[Iterator[Any]]:
    """Answers to the chats in order, streamed: the fields of a :class:`~tasktune.data.preview.Preview`, or for
    ``lengths`` the pair of the prompt's and the answer's tokens. ``tally`` answers once for all chats, with the fields
    of :class:`~tasktune.planning.rows.Rows`.

    :raises InputError: the base model cannot be had, or its template refuses a chat.
    :raises RunError: the process died.
    """
    if find_spec("transformers") is None:
        raise InputError(
            _("the tokenizer needs transformers, which is not installed"), hint="pip install 'tasktune[train]'"
        )
    training = task.spec.training
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (folder / "chats.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(chat) + "\n" for chat in chats)
        request = {
            "work": work,
            "base_model": training.base_model,
            "revision": training.revision,
            "max_length": training.max_length,
            "task_folder": str(task.folder.resolve()),
            "language": current_language(),
        }
        (folder / "request.json").write_text(json.dumps(request), "utf-8")
        _run(folder)
        with (folder / "reply.jsonl").open(encoding="utf-8") as file:
            yield map(json.loads, file)


def _run(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tasktune.data.tokenizing", str(folder)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    error = take_failure(folder / "failure.json")
    if error is not None:
        raise error
    said = "\n".join(done.stderr.splitlines()[-_LOG_LINES_SHOWN:])
    raise RunError(_("tokenizing failed with exit code {code}", code=done.returncode) + "\n" + said)


def main(folder: Path) -> int:
    """Do the work that lies in a folder."""
    from tasktune.training.quiet import QUIET

    os.environ.update(QUIET, TRANSFORMERS_VERBOSITY="error")
    request = json.loads((folder / "request.json").read_text("utf-8"))
    use_language(request["language"])
    try:
        _work(folder, request)
    except KeyboardInterrupt:
        return 130
    except TuneError as error:
        record_failure(folder / "failure.json", error)
        return error.exit_code
    return 0


def _work(folder: Path, request: dict[str, Any]) -> None:
    # What is None here is not installed, as far as the import system is concerned.
    sys.modules["torch"] = None  # type: ignore[assignment]
    from tasktune.data.encode import Encoder
    from tasktune.data.preview import preview
    from tasktune.planning.rows import tally
    from tasktune.training.base import load_tokenizer

    _base, tokenizer = load_tokenizer(request["base_model"], request["revision"], Path(request["task_folder"]))
    encoder = Encoder(tokenizer)
    with (
        (folder / "chats.jsonl").open(encoding="utf-8") as chats,
        (folder / "reply.jsonl").open("w", encoding="utf-8") as reply,
    ):
        batches = iter(lambda: [json.loads(line) for line in itertools.islice(chats, _BATCH)], [])
        if request["work"] == "tally":
            rows = (row for batch in batches for row in encoder.rows(batch))
            reply.write(tally(rows, request["max_length"]).model_dump_json() + "\n")
            return
        for batch in batches:
            if request["work"] == "preview":
                reply.writelines(preview(encoder, chat).model_dump_json() + "\n" for chat in batch)
            else:
                lengths = ([len(row.prompt), len(row.completion)] for row in encoder.rows(batch))
                reply.writelines(json.dumps(pair) + "\n" for pair in lengths)


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
