"""``tune data preview`` shows what the trainer receives: the same ids, the same labels, in every task type."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tasktune.data.encode import Encoder
from tasktune.data.rows import write_rows
from tasktune.data.scan import scan
from tasktune.definition import load_task
from tasktune.training.base import load_tokenizer
from tasktune.training.batches import Collator
from tasktune.training.tokens import encode_version, load_tokens

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
ROWS = 8


@pytest.mark.parametrize("example", sorted(path.parent.name for path in EXAMPLES.glob("*/task.yaml")))
def test_the_preview_of_a_row_is_what_the_trainer_receives(example: str, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for split in ("train", "valid", "test"):
        lines = (EXAMPLES / example / "data" / f"{split}.jsonl").read_text("utf-8").splitlines(keepends=True)
        (tmp_path / "data" / f"{split}.jsonl").write_text("".join(lines[:: len(lines) // ROWS][:ROWS]), "utf-8")
    (tmp_path / "task.yaml").write_text((EXAMPLES / example / "task.yaml").read_text("utf-8"), "utf-8")
    task = load_task(tmp_path)
    training = task.spec.training
    _base, tokenizer = load_tokenizer(training.base_model, training.revision, task.folder)
    prepared = tmp_path / "prepared"
    write_rows(task, scan(task), prepared)
    encode_version(prepared, Encoder(tokenizer), training.max_length, "refuse")
    received = load_tokens(prepared, "train")
    batch = Collator(pad=0, prefix=0)(list(received))

    places = [word for line in range(1, ROWS + 1) for word in ("--row", str(line))]
    shown = subprocess.run(
        [sys.executable, "-m", "tasktune", "data", "preview", str(tmp_path), *places, "--json"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    rows = json.loads(shown.stdout)["rows"]
    assert len(rows) == len(received) == ROWS
    width = batch["input_ids"].shape[1]
    for number, row in enumerate(rows):
        previewed = [token for piece in row["pieces"] for token in piece["ids"]]
        trained = [token for piece in row["pieces"] for token in piece["ids"] if piece["trained"]]
        mine = batch["answers"] == number
        # The model reads all tokens but the last, and each trained one is asked for at the token before it.
        assert batch["input_ids"][number, : len(previewed) - 1].tolist() == previewed[:-1]
        assert batch["attention_mask"][number].sum() == len(previewed) - 1
        assert batch["targets"][mine].tolist() == trained
        first = number * width + len(previewed) - len(trained) - 1
        assert batch["sources"][mine].tolist() == list(range(first, first + len(trained)))
        assert "".join(piece["text"] for piece in row["pieces"]) == tokenizer.decode(previewed)
        assert row["trained_tokens"] == len(trained) > 0
