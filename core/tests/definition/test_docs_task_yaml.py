"""docs/task-yaml.md: every YAML block loads, and the tables say what the models say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest

from tasktune.definition import TaskSpec, load_task
from tasktune.definition.spec import Section, sections
from tasktune.definition.spellings import SPELLINGS
from tasktune.definition.tree import dotted
from tasktune.errors import InputError

PAGE = Path(__file__).parents[3] / "docs" / "task-yaml.md"
TEXT = PAGE.read_text("utf-8")
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
REFUSED = re.findall(r"^<!-- refused -->\n```yaml\n(.*?)^```\n\n```text\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def table(path: str) -> list[str]:
    """The table of one section's keys, as the page must show it."""
    model = sections()[path] if path else TaskSpec
    rows = ["| key | default | meaning |", "|---|---|---|"]
    for name, field in model.model_fields.items():
        if not isinstance(field.default, Section):
            meaning = " ".join((field.description or "").split())
            if get_origin(field.annotation) is Literal:
                meaning = f"{' or '.join(f'`{choice}`' for choice in get_args(field.annotation))}. {meaning}"
            default = "required" if field.is_required() else _shown(field.default)
            rows.append(f"| `{path}{'.' if path else ''}{name}` | {default} | {meaning} |")
    return rows


def _shown(default: object) -> str:
    if default is None or default in ((), {}):
        return "—"
    return f"`{default[0]}`" if isinstance(default, tuple) else f"`{default}`"


@pytest.fixture(autouse=True)
def _task_type(install_plugin: Any) -> None:
    install_plugin("open", (Path(__file__).parent / "open_plugin.py").read_text("utf-8"))


def write(folder: Path, block: str) -> Path:
    """A block as a task.yaml: fragments get the two keys that every definition has."""
    block = block.replace("type: classification", "type: open")  # core's tests can install no plugin of that name
    head = "" if re.search(r"^(task_name|task_summary):", block, re.MULTILINE) else "task_name: a\ntask_type: open\n"
    path = folder / "task.yaml"
    path.write_text(block + head, "utf-8")
    return path


@pytest.mark.parametrize("block", [block for block in BLOCKS if block not in dict(REFUSED)])
def test_block_loads(tmp_path: Path, block: str) -> None:
    assert load_task(write(tmp_path, block)).spec != TaskSpec(task_name="a", task_type="open")


@pytest.mark.parametrize(("block", "said"), REFUSED)
def test_refused_block_says_what_the_page_shows(tmp_path: Path, block: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        load_task(write(tmp_path, block))
    found = [str(problem).replace(f"{tmp_path}/", "") for problem in caught.value.problems]
    assert found == said.replace("classification", "open").splitlines()


def test_the_page_has_examples() -> None:
    assert len(BLOCKS) > 10
    assert REFUSED


@pytest.mark.parametrize("path", ["", *sections()])
def test_table_of_a_section(path: str) -> None:
    assert "\n".join(table(path)) in TEXT


def test_no_table_row_is_out_of_date() -> None:
    rows = {row for path in ["", *sections()] for row in table(path)}
    keys = [line for line in TEXT.splitlines() if re.match(r"\| `[a-z_.]+` \|", line)]
    spellings = [f"| `{dotted(spelling)}` | `{dotted(canonical)}` |" for spelling, canonical in SPELLINGS]
    assert [line for line in keys if line not in rows] == spellings
