"""docs/plan.md: its commands and outputs are real, and its tables are what is computed now."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from tasktune.cli.root import tune
from tasktune.locale import current_language, use_language
from tasktune.planning.bases import well_known
from tasktune.planning.device import known_gpus, with_memory
from tasktune.planning.fits import largest_batch
from tasktune.planning.memory import memory
from tasktune.planning.rows import Rows, alike
from tasktune.planning.setup import Setup, Tuning

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "plan.md").read_text("utf-8")
BLOCK = re.compile(r"<!-- (?P<kind>run|shows) -->\n```\w+\n(?P<text>.*?)```", re.DOTALL)
TABLE = re.compile(r"<!-- table: (?P<name>\w+) -->\n(?P<text>.*?)\n<!-- end of table -->", re.DOTALL)

ANSWER = 16
RECOMMENDED: tuple[tuple[int, str, Tuning, int], ...] = (
    (24, "Qwen/Qwen3-4B", "lora", 4),
    (24, "Qwen/Qwen3-8B", "qlora", 2),
    (48, "Qwen/Qwen3-8B", "lora", 4),
    (80, "Qwen/Qwen3-14B", "lora", 4),
)
"""What the requirements recommend: GB, model, method and batch, without saying how long rows are."""


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = current_language()
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    yield
    use_language(before)


def rows_of(length: int, prefix: int = 0) -> Rows:
    return alike(1000, length, ANSWER, "given").model_copy(update={"prefix": prefix})


def batch_of(gigabytes: int, model: str, tuning: Tuning, rows: Rows) -> int:
    setup = Setup(base_model=model, tuning=tuning)
    return largest_batch(well_known()[model], setup, rows, with_memory(gigabytes))


def longest_rows(gigabytes: int, model: str, tuning: Tuning, batch: int) -> int:
    """The most tokens in every row with which the batch fits."""
    device, setup = with_memory(gigabytes), Setup(base_model=model, tuning=tuning, batch_size=batch)
    fitting, failing = ANSWER, 2**16
    while failing - fitting > 1:
        middle = (fitting + failing) // 2
        if memory(well_known()[model], setup, rows_of(middle), device).total <= device.memory:
            fitting = middle
        else:
            failing = middle
    return fitting


def recommended() -> str:
    lines = [
        "| GPU | model | method | recommended batch | largest batch, rows of 512 tokens | 448 of them shared "
        "| longest rows for the recommended batch |",
        "|---|---|---|---|---|---|---|",
    ]
    for gigabytes, model, tuning, batch in RECOMMENDED:
        whole = batch_of(gigabytes, model, tuning, rows_of(512))
        shared = batch_of(gigabytes, model, tuning, rows_of(512, prefix=448))
        longest = longest_rows(gigabytes, model, tuning, batch)
        name = model.partition("/")[2]
        lines.append(f"| {gigabytes} GB | {name} | {tuning} | {batch} | {whole} | {shared} | {longest:,} tokens |")
    return "\n".join(lines)


def grid() -> str:
    tunings: tuple[Tuning, ...] = ("full", "lora", "qlora")
    lines = ["| GPU | model | full | lora | qlora |", "|---|---|---|---|---|"]
    for gigabytes in (24, 48, 80):
        for model in ("Qwen/Qwen3-4B", "Qwen/Qwen3-8B", "Qwen/Qwen3-14B"):
            pairs = [
                [batch_of(gigabytes, model, tuning, rows_of(512, prefix)) for prefix in (0, 448)] for tuning in tunings
            ]
            cells = [" / ".join(str(batch) if batch else "–" for batch in pair) for pair in pairs]
            lines.append(f"| {gigabytes} GB | {model.partition('/')[2]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def gpus() -> str:
    lines = ["| `--gpu` | memory (GB) | TFLOPS | GB/s | source |", "|---|---|---|---|---|"]
    for gpu in known_gpus().values():
        memory_gb = gpu.memory_mib / 1024
        lines.append(f"| `{gpu.name}` | {memory_gb:.1f} | {gpu.tflops:g} | {gpu.bandwidth:g} | {gpu.source} |")
    return "\n".join(lines)


def test_the_tables_are_what_is_computed() -> None:
    shown = {match["name"]: match["text"] for match in TABLE.finditer(TEXT)}
    assert shown == {"recommended": recommended(), "grid": grid(), "gpus": gpus()}


def test_the_commands_print_what_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    output, seen = "", 0
    for block in BLOCK.finditer(TEXT):
        if block["kind"] == "run":
            done = CliRunner().invoke(tune, [*shlex.split(block["text"])[1:], "--lang", "en"], prog_name="tune")
            assert done.exit_code in (0, 1), done.output
            output = done.output
        else:
            seen += 1
            assert block["text"] in output
    assert seen >= 3
